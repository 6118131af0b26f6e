/* Runs and studies, found, read and taken together by experiment. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/report.h"

/* ---- which directories ----------------------------------------------------------------------- */

static bool has_file(const char *directory, const char *name)
{
    char *path = hem__path_join(directory, name);
    bool there = path != NULL && hem__is_file(path);
    free(path);
    return there;
}

static hem_status fail_twice(const char *directory, hem_error *err)
{
    hem__fail(err, HEM_ERR_USAGE, "'%s' is named twice", directory);
    return hem__hint(err, "every run counts once; a study stands for all runs in it");
}

static hem_status add_run(hem__records *records, const char *directory, const char *given,
                          hem_error *err)
{
    hem__record *list = hem__reallocarray(records->list, records->n + 1, sizeof *list);
    if (list == NULL)
        return hem__fail_memory(err, directory, sizeof *list);
    records->list = list;
    for (size_t i = 0; i < records->n; i++) {
        if (strcmp(list[i].directory, directory) == 0)
            return fail_twice(directory, err);
    }
    HEM_TRY(hem__record_read(directory, &list[records->n], err));
    list[records->n].given = hem__strdup(given);
    records->n++;
    return list[records->n - 1].given != NULL ? HEM_OK : hem__fail_memory(err, directory, 0);
}

/* "s12" -> 12, "fold3" -> 3; -1 where the name is not `prefix` and a number. */
static long number_behind(const char *name, const char *prefix)
{
    size_t n = strlen(prefix);
    char *end;
    if (strncmp(name, prefix, n) != 0 || name[n] < '0' || name[n] > '9')
        return -1;
    errno = 0;
    long number = strtol(name + n, &end, 10);
    return errno == 0 && *end == '\0' ? number : -1;
}

typedef struct numbered {
    long number;
    char name[64];
} numbered;

static int by_number(const void *a, const void *b)
{
    const numbered *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* The folders in `directory` called prefix and a number, by number; *out is free()d by the caller.
 */
static hem_status list_folders(const char *directory, const char *prefix, numbered **out, size_t *n,
                               hem_error *err)
{
    const struct dirent *entry;
    numbered *list = NULL;
    size_t count = 0;
    *out = NULL;
    *n = 0;
    DIR *folder = opendir(directory);
    if (folder == NULL)
        return hem__fail_at(err, HEM_ERR_IO, directory, 0, 0, "cannot read: %s", strerror(errno));
    hem_status status = HEM_OK;
    while (status == HEM_OK && (entry = readdir(folder)) != NULL) {
        long number = number_behind(entry->d_name, prefix);
        if (number < 0 || strlen(entry->d_name) >= sizeof list->name)
            continue;
        numbered *more = hem__reallocarray(list, count + 1, sizeof *more);
        if (more == NULL) {
            status = hem__fail_memory(err, directory, 0);
            continue;
        }
        list = more;
        list[count].number = number;
        strcpy(list[count++].name, entry->d_name); /* it fits: see above */
    }
    (void)closedir(folder);
    if (count > 0)
        qsort(list, count, sizeof *list, by_number);
    *out = list;
    *n = count;
    return status;
}

/* The runs of a study's folder: s<seed>/, and where those are no runs, s<seed>/fold<k>/. */
static hem_status add_study(hem__records *records, const char *directory, const char *prefix,
                            const char *given, hem_error *err)
{
    numbered *list;
    size_t n;
    hem_status status = list_folders(directory, prefix, &list, &n, err);
    for (size_t i = 0; i < n && status == HEM_OK; i++) {
        char *path = hem__path_join(directory, list[i].name);
        if (path == NULL)
            status = hem__fail_memory(err, directory, 0);
        else if (has_file(path, "events.jsonl"))
            status = add_run(records, path, given, err);
        else if (strcmp(prefix, "s") == 0)
            status = add_study(records, path, "fold", given, err);
        free(path);
    }
    free(list);
    return status;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static const char *last_part(const char *path)
{
    const char *end = path + strlen(path);
    while (end > path && end[-1] == '/')
        end--;
    const char *at = end;
    while (at > path && at[-1] != '/')
        at--;
    return at;
}

static void cut_slashes(char *name)
{
    size_t n = strlen(name);
    while (n > 1 && name[n - 1] == '/')
        name[--n] = '\0';
}

/* The last part of the directory's name; of a fold the last two: "s0/fold1". */
static hem_status set_label(hem__record *record, hem_error *err)
{
    const char *at = last_part(record->directory);
    if (number_behind(at, "fold") >= 0 && at - record->directory > 1) {
        for (at--; at > record->directory && at[-1] != '/'; at--)
            ;
    }
    record->label = hem__strdup(at);
    if (record->label == NULL)
        return hem__fail_memory(err, record->directory, 0);
    cut_slashes(record->label);
    return HEM_OK;
}

/* Whether two runs are one experiment but for the keys of `vary`, with the same data and from the
 * same weights. */
static bool alike(const hem__record *a, const hem__record *b, const char *const *vary)
{
    static const char *const texts[] = {"data_sha256", "init"};
    char key[128], x[128], y[128];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(hem__record_text(a->started, texts[i]), hem__record_text(b->started, texts[i])))
            return false;
    }
    return !hem_spec_difference(a->spec, b->spec, vary, key, x, y);
}

/* The same run twice, seed and all, would count as two and make intervals too narrow: the second is
 * left out, or the first where that alone is not finished. Whether there was one. */
static bool drop_twin(hem__records *records, size_t i)
{
    static const char *const nothing[] = {NULL};
    for (size_t k = 0; k < i; k++) {
        hem__record *first = &records->list[k], *second = &records->list[i];
        if (hem_spec_seed(first->spec) != hem_spec_seed(second->spec) ||
            !alike(first, second, nothing))
            continue;
        if (second->finished && !first->finished) {
            const hem__record other = *first;
            *first = *second;
            *second = other;
        }
        hem__str_printf(&records->twins, "%s%s is %s again", records->twins.length > 0 ? ", " : "",
                        second->directory, first->directory);
        hem__record_release(second);
        memmove(second, second + 1, (records->n - i - 1) * sizeof *second);
        records->n--;
        return true;
    }
    return false;
}

static hem_status put_in_group(hem__records *records, size_t i, hem_error *err)
{
    static const char *const vary[] = {"train.seed", "validation.fold", "validation.seed", NULL};
    hem__record *record = &records->list[i];
    for (size_t g = 0; g < records->n_groups; g++) {
        if (alike(&records->list[records->groups[g].first], record, vary)) {
            record->group = g;
            records->groups[g].n++;
            return HEM_OK;
        }
    }
    hem__group *groups = hem__reallocarray(records->groups, records->n_groups + 1, sizeof *groups);
    if (groups == NULL)
        return hem__fail_memory(err, record->directory, 0);
    records->groups = groups;
    record->group = records->n_groups;
    groups[records->n_groups] = (hem__group){.first = i, .n = 1};
    snprintf(groups[records->n_groups].key, sizeof groups->key, "run%zu", records->n_groups);
    records->n_groups++;
    return HEM_OK;
}

/* The end of a path, from its n-th part from behind on; all of it where it has no more. */
static const char *last_parts(const char *path, int n)
{
    const char *at = last_part(path);
    for (; n > 1 && at > path; n--) {
        for (at--; at > path && at[-1] != '/'; at--)
            ;
    }
    return at;
}

/* Whether no other group of the same experiment's name was named by a path with such an end. */
static bool is_unlike(const hem__records *records, size_t g, int parts)
{
    const hem__record *first = &records->list[records->groups[g].first];
    for (size_t k = 0; k < records->n_groups; k++) {
        const hem__record *other = &records->list[records->groups[k].first];
        if (k != g && strcmp(hem__record_name(other), hem__record_name(first)) == 0 &&
            strcmp(last_parts(other->given, parts), last_parts(first->given, parts)) == 0)
            return false;
    }
    return true;
}

/* The experiment's name, where no other group has it; else the end of what was named, as short as
 * tells it from theirs. */
static hem_status label_group(hem__records *records, size_t g, hem_error *err)
{
    enum { MOST_PARTS = 8 };
    const hem__record *first = &records->list[records->groups[g].first];
    const char *label = hem__record_name(first);
    bool alone = true;
    for (size_t k = 0; k < records->n_groups; k++) {
        const hem__record *other = &records->list[records->groups[k].first];
        alone = alone && (k == g || strcmp(hem__record_name(other), label) != 0);
    }
    if (!alone) {
        int parts = 1;
        while (parts < MOST_PARTS && !is_unlike(records, g, parts))
            parts++;
        label = is_unlike(records, g, parts) ? last_parts(first->given, parts) : first->directory;
    }
    char *copy = hem__strdup(label);
    if (copy == NULL)
        return hem__fail_memory(err, label, 0);
    cut_slashes(copy);
    records->groups[g].label = copy;
    return HEM_OK;
}

static hem_status make_groups(hem__records *records, hem_error *err)
{
    for (size_t i = 0; i < records->n;)
        i += drop_twin(records, i) ? 0 : 1;
    for (size_t i = 0; i < records->n; i++) {
        HEM_TRY(set_label(&records->list[i], err));
        HEM_TRY(put_in_group(records, i, err));
    }
    for (size_t g = 0; g < records->n_groups; g++)
        HEM_TRY(label_group(records, g, err));
    return records->twins.failed ? hem__fail_memory(err, "names of runs", 0) : HEM_OK;
}

hem_status hem__records_read(const char *const *paths, size_t n, hem__records *out, hem_error *err)
{
    hem_status status = HEM_OK;
    *out = (hem__records){0};
    for (size_t i = 0; i < n && status == HEM_OK; i++) {
        size_t before = out->n;
        if (!has_file(paths[i], "study.json")) {
            status = add_run(out, paths[i], paths[i], err);
            continue;
        }
        status = add_study(out, paths[i], "s", paths[i], err);
        if (status == HEM_OK && out->n == before) {
            hem__fail_at(err, HEM_ERR_DATA, paths[i], 0, 0, "this study has no run yet");
            status = hem__hint(err, "the command that began it goes on with it");
        }
    }
    if (status == HEM_OK)
        status = make_groups(out, err);
    if (status != HEM_OK)
        hem__records_release(out);
    return status;
}

double *hem__group_accuracies(const hem__records *records, size_t group)
{
    double *values = hem__calloc(records->groups[group].n, sizeof *values);
    for (size_t i = 0, n = 0; i < records->n && values != NULL; i++) {
        if (records->list[i].group == group)
            values[n++] = hem__record_test_accuracy(&records->list[i]);
    }
    return values;
}

void hem__records_release(hem__records *records)
{
    for (size_t i = 0; i < records->n; i++)
        hem__record_release(&records->list[i]);
    for (size_t g = 0; g < records->n_groups; g++)
        free(records->groups[g].label);
    free(records->list);
    free(records->groups);
    hem__str_release(&records->twins);
    *records = (hem__records){0};
}

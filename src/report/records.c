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

static hem_status add_run(hem__records *records, const char *directory, hem_error *err)
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
    records->n++;
    return HEM_OK;
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
                            hem_error *err)
{
    numbered *list;
    size_t n;
    hem_status status = list_folders(directory, prefix, &list, &n, err);
    for (size_t i = 0; i < n && status == HEM_OK; i++) {
        char *path = hem__path_join(directory, list[i].name);
        if (path == NULL)
            status = hem__fail_memory(err, directory, 0);
        else if (has_file(path, "events.jsonl"))
            status = add_run(records, path, err);
        else if (strcmp(prefix, "s") == 0)
            status = add_study(records, path, "fold", err);
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
    size_t n = strlen(record->label);
    while (n > 1 && record->label[n - 1] == '/')
        record->label[--n] = '\0';
    return HEM_OK;
}

static hem_status put_in_group(hem__records *records, size_t i, hem_error *err)
{
    static const char *const vary[] = {"train.seed", "validation.fold", "validation.seed", NULL};
    char key[128], a[128], b[128];
    hem__record *record = &records->list[i];
    for (size_t g = 0; g < records->n_groups; g++) {
        const hem__record *first = &records->list[records->groups[g].first];
        const char *data = hem__record_text(record->started, "data_sha256");
        if (!hem_spec_difference(first->spec, record->spec, vary, key, a, b) &&
            strcmp(hem__record_text(first->started, "data_sha256"), data) == 0) {
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

/* The experiment's name, where no other group has it; else that of the first directory. */
static hem_status label_group(hem__records *records, size_t g, hem_error *err)
{
    const hem__record *first = &records->list[records->groups[g].first];
    const char *label = hem__record_name(first);
    for (size_t k = 0; k < records->n_groups; k++) {
        const hem__record *other = &records->list[records->groups[k].first];
        if (k != g && strcmp(hem__record_name(other), hem__record_name(first)) == 0)
            label = first->label;
    }
    records->groups[g].label = hem__strdup(label);
    return records->groups[g].label != NULL ? HEM_OK : hem__fail_memory(err, label, 0);
}

static hem_status make_groups(hem__records *records, hem_error *err)
{
    for (size_t i = 0; i < records->n; i++) {
        HEM_TRY(set_label(&records->list[i], err));
        HEM_TRY(put_in_group(records, i, err));
    }
    for (size_t g = 0; g < records->n_groups; g++)
        HEM_TRY(label_group(records, g, err));
    return HEM_OK;
}

hem_status hem__records_read(const char *const *paths, size_t n, hem__records *out, hem_error *err)
{
    hem_status status = HEM_OK;
    *out = (hem__records){0};
    for (size_t i = 0; i < n && status == HEM_OK; i++) {
        size_t before = out->n;
        if (!has_file(paths[i], "study.json")) {
            status = add_run(out, paths[i], err);
            continue;
        }
        status = add_study(out, paths[i], "s", err);
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
    *records = (hem__records){0};
}

/* hemline data: where data sets are, whether they are whole, what they show, and getting them. */
#include <string.h>

#include "bar.h"
#include "common.h"
#include "data_check.h"
#include "data_show.h"
#include "nearest.h"
#include "table.h"

enum { MOST_PLACES = 8 };

static struct {
    int split, count, epoch;
    uint64_t index;
    const char *url;
    bool for_show, for_get; /* an option was given that is for this action alone */
} arguments = {.split = HEM_TRAIN, .count = 8};

/* ---- where -------------------------------------------------------------------------------------
 */

static int data_where(const char *name)
{
    (void)name;
    hem_data_place places[MOST_PLACES];
    hem_data_options options = data_options();
    size_t n = hem_data_places(&options, places, MOST_PLACES);
    n = n < MOST_PLACES ? n : MOST_PLACES;
    if (common.json) {
        const char *used = NULL;
        json_t *list = need(json_array());
        for (size_t i = 0; i < n; i++) {
            json_t *item = need(json_object());
            json_put(item, "directory", json_text(places[i].directory));
            json_put(item, "why", json_text(places[i].why));
            json_put(item, "found", json_boolean(places[i].found));
            used = places[i].used ? places[i].directory : used;
            json_add(list, item);
        }
        json_t *object = need(json_object());
        json_put(object, "places", list);
        json_put(object, "used", used != NULL ? json_text(used) : json_null());
        return out_json(object);
    }
    table *t = table_new("lll");
    table_cell(t, "place");
    table_cell(t, "directory");
    table_cell(t, "%s", "");
    for (size_t i = 0; i < n; i++) {
        table_cell(t, "%s", places[i].why);
        table_cell(t, "%s", places[i].directory);
        table_cell(t, "%s", place_state(&places[i]));
    }
    table_print(t);
    const char *help = places_help(places, n);
    if (help != NULL)
        talk("%s\n", help);
    return HEM_OK;
}

/* ---- check -------------------------------------------------------------------------------------
 */

static int check_json(const hem_data_file *files)
{
    json_t *list = need(json_array());
    for (int i = 0; i < 4; i++) {
        json_t *item = need(json_object());
        json_put(item, "path", json_text(files[i].path));
        json_put(item, "identity", json_text(files[i].identity));
        json_put(item, "n", json_count(files[i].n));
        json_put(item, "bytes", json_count(files[i].bytes));
        json_put(item, "sha256", json_text(files[i].sha256));
        json_add(list, item);
    }
    json_t *object = need(json_object());
    json_put(object, "files", list);
    return out_json(object);
}

static int data_check(const char *directory)
{
    int code;
    if (directory != NULL && data_check_other(directory, &code))
        return code;
    hem_data_file files[4];
    hem_data_options options = data_options();
    hem_error err;
    if (hem_data_check(directory, &options, files, &err) != HEM_OK)
        return report(&err);
    if (common.json)
        return check_json(files);
    for (int i = 0; i < 4; i++) {
        out("%s%s%s\n", out_style.bold, plain_text(files[i].path), out_style.off);
        out("  %s, %s records, %s\n", files[i].identity, grouped(files[i].n),
            bytes_text(files[i].bytes));
        out("  %ssha256 %s%s\n", out_style.dim, files[i].sha256, out_style.off);
    }
    return HEM_OK;
}

/* ---- show --------------------------------------------------------------------------------------
 */

/* The data of an experiment file, or of a set by name: then any network will do for the experiment
 * that hem_data_open() asks for. */
static hem_status open_shown(session *s, const char *name, hem_error *err)
{
    hem_status status;
    if (name == NULL || strcmp(name, "fashion-mnist") == 0 || strcmp(name, "synthetic") == 0) {
        const char *set = name != NULL ? name : "fashion-mnist";
        const char *experiment = text(
            "data: %s\nmodel:\n  - flatten\n  - dense: {units: 10, activation: softmax}\n", set);
        status = hem_spec_parse(experiment, set, NULL, 0, &s->spec, err);
    } else {
        status = hem_spec_load(name, NULL, 0, &s->spec, err);
    }
    return status == HEM_OK ? session_data(s, err) : status;
}

static int show(const hem_spec *spec, const hem_data *data)
{
    hem_data_info info = hem_data_get_info(data);
    size_t n = info.n[arguments.split];
    if (arguments.index >= n)
        return usage_error(
            n > 0 ? text("--index is from 0 to %zu", n - 1) : "choose another part with --split",
            "the %s part has %s images, none of index %llu", part_names[arguments.split],
            grouped(n), (unsigned long long)arguments.index);
    size_t index = (size_t)arguments.index;
    size_t count = n - index < (size_t)arguments.count ? n - index : (size_t)arguments.count;
    if (arguments.epoch > 0 && arguments.split != HEM_TRAIN)
        return usage_error("leave --epoch or --split out",
                           "--epoch is for the train part: no other is ever changed");
    const char *seen = arguments.epoch > 0 ? text(", as epoch %d sees them", arguments.epoch) : "";
    out("%s%s, %s part, %s images of %s%s\n\n", info.name,
        info.synthetic ? " (drawn by hemline, not photographs)" : "", part_names[arguments.split],
        grouped(n), size_text(info.height, info.width, info.channels), seen);
    show_images(spec, arguments.epoch, data, (hem_part)arguments.split, index, count);
    return HEM_OK;
}

static int data_show(const char *name)
{
    session s = {0};
    hem_error err;
    int code = open_shown(&s, name, &err) == HEM_OK ? show(s.spec, s.data) : report(&err);
    session_close(&s);
    return code;
}

/* ---- get ---------------------------------------------------------------------------------------
 */

typedef struct download {
    char file[128]; /* at hand */
    double began, drawn;
    uint64_t done_before;
} download;

static bool on_download(void *user, const char *file, uint64_t done, uint64_t total)
{
    download *d = user;
    double time = now();
    if (strcmp(d->file, file) != 0) {
        snprintf(d->file, sizeof d->file, "%s", file);
        d->began = time;
        d->drawn = 0.0;
        d->done_before = done; /* a resumed file's earlier bytes say nothing about the rate */
        if (!bar_wanted())
            talk("%s\n", plain_text(file));
    }
    if (time - d->drawn < 0.1 && done != total)
        return true;
    d->drawn = time;
    double seconds = time - d->began;
    double rate = seconds > 0.0 ? (double)(done - d->done_before) / seconds : 0.0;
    char left[16] = "?";
    if (rate > 0.0 && total > done)
        bar_time((double)(total - done) / rate, left);
    char parts[3][48];
    snprintf(parts[0], sizeof parts[0], "%.1f MiB", (double)done / 1048576.0);
    snprintf(parts[1], sizeof parts[1], "%s left", left);
    snprintf(parts[2], sizeof parts[2], "%.1f MiB/s", rate / 1048576.0);
    const char *const list[] = {parts[0], parts[1], parts[2]};
    double fraction = total > 0 ? (double)done / (double)total : 0.0;
    bar_draw(plain_text(file), fraction, list, COUNT(list));
    return true;
}

static int data_get(const char *name)
{
    download d = {.file = ""};
    hem_data_options options = data_options();
    hem_error err;
    hem_status status = hem_data_get(name != NULL ? name : "fashion-mnist", arguments.url, &options,
                                     on_download, &d, &err);
    bar_clear();
    if (status != HEM_OK)
        return report(&err);
    talk("the data set is whole and in the cache:\n");
    return data_where(NULL);
}

/* ---- the command -------------------------------------------------------------------------------
 */

/* To add an action: its function, a row here, a line in `details`. */
static const struct action {
    const char *name;
    int (*run)(const char *argument); /* NULL where none was given */
    bool takes_argument;
} actions[] = {
    {"where", data_where, false},
    {"check", data_check, true},
    {"show", data_show, true},
    {"get", data_get, true},
};

/* An option that an action would not look at is a mistake, not to be passed over. */
static int check_options(const char *action)
{
    static const char hint[] = "'hemline help data' says what each option is for";
    bool show = strcmp(action, "show") == 0;
    if (arguments.for_show && !show)
        return usage_error(hint, "--split, --index, --count and --epoch are for 'data show' alone");
    if (arguments.for_get && strcmp(action, "get") != 0)
        return usage_error(hint, "--url is for 'data get' alone");
    if (common.json && show)
        return usage_error(hint, "'data show' draws images: it has no --json");
    return HEM_OK;
}

static int run_data(char *const *words, int n)
{
    static const char known[] = "the actions are where, check, show and get";
    if (n < 1)
        return usage_error(known, "'data' needs an action");
    nearest search = nearest_to(words[0]);
    for (size_t i = 0; i < COUNT(actions); i++) {
        nearest_try(&search, actions[i].name);
        if (strcmp(words[0], actions[i].name) != 0)
            continue;
        if (n > 1 && !actions[i].takes_argument)
            return usage_error(text("usage: hemline data %s [options]", words[0]),
                               "unexpected argument '%s'", words[1]);
        int code = check_options(words[0]);
        return code != HEM_OK ? code : actions[i].run(n > 1 ? words[1] : NULL);
    }
    const char *hint = search.best != NULL ? text("did you mean '%s'?", search.best) : known;
    return usage_error(hint, "unknown action '%s' of 'data'", words[0]);
}

static const option options[] = {
    {.name = "split",
     .kind = OPTION_CHOICE,
     .value = "PART",
     .target = &arguments.split,
     .given = &arguments.for_show,
     .choices = part_names,
     .help = "show: train, validation or test (default: train)"},
    {.name = "index",
     .kind = OPTION_SEED,
     .value = "N",
     .target = &arguments.index,
     .given = &arguments.for_show,
     .help = "show: first image, from 0 (default: 0)"},
    {.name = "count",
     .kind = OPTION_INT,
     .value = "N",
     .target = &arguments.count,
     .given = &arguments.for_show,
     .low = 1,
     .high = 1000,
     .help = "show: how many images (default: 8)"},
    {.name = "epoch",
     .kind = OPTION_INT,
     .value = "N",
     .target = &arguments.epoch,
     .given = &arguments.for_show,
     .low = 1,
     .high = 1000000,
     .help = "show: as they are augmented in epoch N"},
    {.name = "url",
     .kind = OPTION_TEXT,
     .value = "URL",
     .target = &arguments.url,
     .given = &arguments.for_get,
     .help = "get: folder to download from (default: the publisher's)"},
    OPTION_DATA,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_PROGRESS,
    OPTION_NO_PROGRESS,
};

static const char *const usage[] = {
    "where [options]",
    "check [DIR|FILE.csv|FILE.npz|FILE.yaml] [options]",
    "show [FILE|fashion-mnist|synthetic] [options]",
    "get [fashion-mnist] [options]",
    NULL,
};

static const char *const examples[] = {
    "data check my/folder",
    "are these files whole, and what are they?",
    "data show mine.yaml --epoch 3 --count 4",
    "four training images as the third epoch sees them",
    "data get",
    "download Fashion-MNIST",
    NULL,
};

extern const command command_data;
const command command_data = {
    .name = "data",
    .summary = "find, check, show and download data sets",
    .usage = usage,
    .details = "where  the places that are searched for Fashion-MNIST, in their order\n"
               "check  reads data whole and says what it is, with its SHA-256: the four\n"
               "       IDX files of a folder, a folder of images by class, a .csv, a .npz, or\n"
               "       what an experiment file names\n"
               "show   images with their labels; FILE is an experiment file\n"
               "get    downloads a data set into the cache, resumed and checked",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 2,
    .run = run_data,
};

/* hemline show curves, confusion, folds, activations, network, lrfind: charts. */
#include <glob.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bar.h"
#include "show.h"

enum { MOST = 64 /* charts on one sheet */ };

/* Charts that go on one sheet. */
typedef struct charts {
    hem_picture *items[MOST];
    size_t n;
} charts;

/* Joins, frees and shows them. */
static hem_status show_joined(charts *c, size_t columns, const char *title, json_t *json,
                              hem_status status, hem_error *err)
{
    hem_picture *joined = NULL;
    if (status == HEM_OK)
        status = hem_pictures_join((const hem_picture *const *)c->items, c->n, columns, title,
                                   &joined, err);
    for (size_t i = 0; i < c->n; i++)
        hem_picture_free(c->items[i]);
    if (status == HEM_OK)
        return show_picture(joined, json, err);
    json_decref(json);
    return status;
}

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* ---- confusion ------------------------------------------------------------------------------- */

/* A matrix with the names of its classes. */
typedef struct matrices {
    hem_train_result result;     /* of a run */
    hem_evaluation evaluated[3]; /* of a model file: what was asked for */
    const char **names;
} matrices;

static const hem_evaluation *matrix_of(const matrices *m, int part)
{
    return m->result.json != NULL ? &m->result.parts[part] : &m->evaluated[part];
}

/* A run knows its own matrices. */
static hem_status matrices_of_run(const char *path, matrices *out, hem_error *err)
{
    hem_status status = hem_train_result_read(path, &out->result, err);
    if (status != HEM_OK) {
        default_hint(err, "only a run that is finished has a result.json");
        return status;
    }
    json_t *json = need(json_loads(out->result.json, 0, NULL));
    const json_t *names = json_object_get(json, "class_names");
    out->names = need(calloc(json_array_size(names) + 1, sizeof *out->names));
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        out->names[i] = text("%s", name != NULL ? name : "?");
    }
    int n_classes = out->result.parts[HEM_TRAIN].n_classes;
    bool all = json_array_size(names) == (size_t)n_classes;
    json_decref(json);
    if (all)
        return HEM_OK;
    return fail(err, HEM_ERR_DATA, NULL, "result.json of '%s' does not name its %d classes", path,
                n_classes);
}

/* A model file is run over the data. */
static hem_status matrices_of_model(session *s, const char *path, matrices *out, hem_error *err)
{
    hem_status status = session_network(s, path, NULL, true, err);
    if (status != HEM_OK)
        return status;
    hem_data_info info = hem_data_get_info(s->data);
    out->names = need(calloc((size_t)info.n_classes, sizeof *out->names));
    for (int i = 0; i < info.n_classes; i++)
        out->names[i] = info.class_names[i];
    for (int part = 0; part < 3 && status == HEM_OK; part++)
        if (info.n[part] > 0 && (show.has_split ? part == show.split : part != HEM_VALIDATION))
            status = hem_evaluate(s->net, s->data, (hem_part)part, &out->evaluated[part], err);
    return status;
}

static json_t *matrix_json(const hem_evaluation *e)
{
    json_t *rows = need(json_array());
    for (int t = 0; t < e->n_classes; t++) {
        json_t *row = need(json_array());
        for (int p = 0; p < e->n_classes; p++)
            json_add(row, json_count(e->confusion[t * e->n_classes + p]));
        json_add(rows, row);
    }
    return rows;
}

static hem_status add_matrix(const matrices *m, int part, charts *list, json_t *json,
                             hem_error *err)
{
    const hem_evaluation *e = matrix_of(m, part);
    const char *title = text("%s images: %.2f %%", part_names[part], 100 * e->accuracy);
    json_put(json, part_names[part], matrix_json(e));
    return hem_chart_confusion(e, m->names, false, title, &list->items[list->n++], err);
}

hem_status show_confusion(session *s, char *const *names, int n, hem_error *err)
{
    (void)n;
    matrices m = {0};
    charts list = {0};
    hem_status status = is_directory(names[0]) ? matrices_of_run(names[0], &m, err)
                                               : matrices_of_model(s, names[0], &m, err);
    json_t *json = need(json_object()), *classes = need(json_array());
    static const int order[] = {HEM_TEST, HEM_TRAIN, HEM_VALIDATION};
    for (size_t i = 0; i < 3 && status == HEM_OK; i++) {
        bool wanted = show.has_split ? order[i] == show.split : order[i] != HEM_VALIDATION;
        if (wanted && matrix_of(&m, order[i])->n > 0)
            status = add_matrix(&m, order[i], &list, json, err);
    }
    if (status == HEM_OK && list.n == 0)
        status = fail(err, HEM_ERR_USAGE, "--split chooses another part",
                      "the %s part has no image", part_names[show.split]);
    for (int i = 0; status == HEM_OK && i < matrix_of(&m, HEM_TEST)->n_classes; i++)
        json_add(classes, json_text(m.names[i]));
    json_put(json, "class_names", classes);
    status =
        show_joined(&list, 0, text("Confusions of %s", plain_text(names[0])), json, status, err);
    for (int part = 0; part < 3; part++)
        hem_evaluation_release(&m.evaluated[part]);
    hem_train_result_release(&m.result);
    free(m.names);
    return status;
}

/* ---- runs of studies ------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* The runs that a directory stands for, as the charts take them, sorted by number: itself, or of a
 * study STUDY/sN and STUDY/sN/foldK. globfree() it. */
static glob_t runs_in(const char *directory)
{
    static const char *const below[] = {"", "/s[0-9]*", "/s[0-9]*/fold[0-9]*"};
    const char *plain = "";
    glob_t found = {0};
    for (const char *c = directory; *c != '\0'; c++) /* nothing in its name is a pattern */
        plain = text("%s%s%c", plain, strchr("*?[\\", *c) != NULL ? "\\" : "", *c);
    for (size_t i = 0; i < COUNT(below); i++)
        glob(text("%s%s/events.jsonl", plain, below[i]), i > 0 ? GLOB_APPEND : 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        *strrchr(found.gl_pathv[i], '/') = '\0';
    qsort(found.gl_pathv, found.gl_pathc, sizeof *found.gl_pathv, by_number);
    return found;
}

/* ---- curves ---------------------------------------------------------------------------------- */

static json_t *epoch_json(const hem_epoch *e)
{
    json_t *object = need(json_object());
    json_put(object, "epoch", json_integer(e->epoch));
    json_put(object, "train_loss", json_number(e->train_loss));
    json_put(object, "train_accuracy", json_number(e->train_accuracy));
    json_put(object, "validation_loss", json_number(e->validation_loss));
    json_put(object, "validation_accuracy", json_number(e->validation_accuracy));
    json_put(object, "learning_rate", json_number(e->learning_rate));
    return object;
}

static hem_status run_epochs(const char *run, json_t *out_runs, hem_error *err)
{
    hem_epoch *epochs = NULL;
    size_t n_epochs = 0;
    hem_status status = hem_epochs_read(run, &epochs, &n_epochs, err);
    if (status != HEM_OK)
        return status;
    json_t *object = need(json_object()), *list = need(json_array());
    for (size_t e = 0; e < n_epochs; e++)
        json_add(list, epoch_json(&epochs[e]));
    json_put(object, "run", json_text(run));
    json_put(object, "epochs", list);
    json_add(out_runs, object);
    free(epochs);
    return HEM_OK;
}

/* The epochs of every run. */
static hem_status epochs_json(char *const *names, int n, json_t *out_runs, hem_error *err)
{
    hem_status status = HEM_OK;
    for (int i = 0; i < n; i++) {
        glob_t runs = runs_in(names[i]);
        for (size_t k = 0; k < runs.gl_pathc && status == HEM_OK; k++)
            status = run_epochs(runs.gl_pathv[k], out_runs, err);
        globfree(&runs);
    }
    return status;
}

hem_status show_curves(session *s, char *const *names, int n, hem_error *err)
{
    (void)s;
    static const hem_curve_kind kinds[] = {HEM_CURVE_LOSS, HEM_CURVE_ACCURACY};
    charts list = {0};
    json_t *json = need(json_object()), *runs = need(json_array());
    hem_status status = HEM_OK;
    for (size_t i = 0; i < COUNT(kinds) && status == HEM_OK; i++)
        status = hem_chart_curves((const char *const *)names, (size_t)n, kinds[i],
                                  &list.items[list.n++], err);
    if (status == HEM_OK && common.json)
        status = epochs_json(names, n, runs, err);
    json_put(json, "runs", runs);
    return show_joined(&list, 0, NULL, json, status, err);
}

/* ---- folds ----------------------------------------------------------------------------------- */

static void add_scores(const char *study, json_t *out_list)
{
    glob_t found = runs_in(study);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        hem_train_result result;
        if (hem_train_result_read(found.gl_pathv[i], &result, NULL) != HEM_OK)
            continue;
        json_t *object = need(json_object());
        json_put(object, "run", json_text(found.gl_pathv[i]));
        json_put(object, "test_accuracy", json_number(result.parts[HEM_TEST].accuracy));
        json_put(object, "validation_accuracy",
                 json_number(result.parts[HEM_VALIDATION].n > 0
                                 ? result.parts[HEM_VALIDATION].accuracy
                                 : (double)NAN));
        json_add(out_list, object);
        hem_train_result_release(&result);
    }
    globfree(&found);
}

hem_status show_folds(session *s, char *const *names, int n, hem_error *err)
{
    (void)s;
    charts list = {.n = 1};
    hem_status status = hem_chart_boxes((const char *const *)names, (size_t)n, list.items, err);
    json_t *json = need(json_object()), *runs = need(json_array());
    for (int i = 0; i < n && status == HEM_OK && common.json; i++)
        add_scores(names[i], runs);
    json_put(json, "runs", runs);
    return show_joined(&list, 0, NULL, json, status, err);
}

/* ---- activations ----------------------------------------------------------------------------- */

/* The slope or alpha that an experiment gets where it names none. */
static double parameter_of(const char *name)
{
    return strcmp(name, "leaky_relu") == 0 ? 0.01 : strcmp(name, "prelu") == 0 ? 0.25 : 1.0;
}

hem_status show_activations(session *s, char *const *names, int n, hem_error *err)
{
    (void)s;
    charts list = {0};
    hem_status status = HEM_OK;
    json_t *json = need(json_object()), *shown = need(json_array());
    const char *const *all = hem_chart_activation_names();
    size_t count = (size_t)n;
    for (size_t i = 0; n == 0 && all[i] != NULL; i++)
        count = i + 1;
    if (count > MOST)
        status = fail(err, HEM_ERR_USAGE, "choose fewer", "%zu functions on a sheet; allowed %d",
                      count, (int)MOST);
    for (size_t i = 0; i < count && status == HEM_OK; i++) {
        const char *name = n > 0 ? names[i] : all[i];
        status = hem_chart_activation(name, parameter_of(name), &list.items[list.n++], err);
        json_add(shown, json_text(name));
    }
    json_put(json, "activations", shown);
    return show_joined(&list, count > 3 ? (count + 1) / 2 : 0, NULL, json, status, err);
}

/* ---- network --------------------------------------------------------------------------------- */

/* Forward, for an image: measured while the test images run through the network. */
static hem_status layer_times(session *s, double **out, hem_error *err)
{
    hem_predictions predictions = {.n = 0};
    hem_profile profile = {.n_rows = 0};
    *out = need(calloc(hem_net_get_info(s->net).n_layers + 1, sizeof **out));
    if (hem_data_get_info(s->data).n[HEM_TEST] == 0)
        return fail(err, HEM_ERR_USAGE, "without --times the drawing needs none",
                    "the test part has no image to measure times with");
    hem_status status = hem_net_profile_start(s->net, err);
    if (status == HEM_OK)
        status = hem_predictions_get(s->net, s->data, HEM_TEST, &predictions, err);
    if (status == HEM_OK)
        status = hem_net_profile_stop(s->net, &profile, err);
    for (size_t i = 0; i < profile.n_rows; i++)
        if (profile.rows[i].layer != HEM_NO_LAYER)
            (*out)[profile.rows[i].layer] += profile.rows[i].seconds / (double)profile.images;
    hem_profile_release(&profile);
    hem_predictions_release(&predictions);
    return status;
}

hem_status show_network(session *s, char *const *names, int n, hem_error *err)
{
    (void)n;
    charts list = {.n = 1};
    double *seconds = NULL;
    bool with_data = show.times || !looks_like_model(names[0]);
    hem_status status = session_network(s, names[0], NULL, with_data, err);
    if (status == HEM_OK && show.times)
        status = layer_times(s, &seconds, err);
    if (status == HEM_OK)
        status = hem_chart_network(s->net, seconds, list.items, err);
    hem_net_info info = {0};
    if (status == HEM_OK)
        info = hem_net_get_info(s->net);
    json_t *json = need(json_object()), *layers = need(json_array());
    for (size_t i = 0; i < info.n_layers; i++) {
        hem_layer_info l = hem_net_layer(s->net, i);
        json_t *layer = need(json_object());
        json_put(layer, "name", json_text(l.name));
        json_put(layer, "kind", json_text(l.kind));
        json_put(layer, "channels", json_integer(l.channels));
        json_put(layer, "height", json_integer(l.height));
        json_put(layer, "width", json_integer(l.width));
        json_put(layer, "parameters", json_count(l.parameters));
        json_put(layer, "multiply_adds", json_count(l.macs));
        if (seconds != NULL)
            json_put(layer, "seconds", json_number(seconds[i]));
        json_add(layers, layer);
    }
    json_put(json, "layers", layers);
    free(seconds);
    return show_joined(&list, 0, NULL, json, status, err);
}

/* ---- lrfind ---------------------------------------------------------------------------------- */

static bool on_step(void *user, size_t done, size_t total)
{
    double *drawn = user;
    const char *part = "rising learning rate";
    if (now() - *drawn > 0.1 || done == total) {
        *drawn = now();
        bar_draw("lrfind", (double)done / (double)total, &part, 1);
    }
    return true;
}

hem_status show_lrfind(session *s, char *const *names, int n, hem_error *err)
{
    (void)n;
    hem_lrfind_result r = {0};
    charts list = {.n = 1};
    double drawn = 0;
    hem_data_options data = data_options();
    hem_lrfind_options o = hem_lrfind_options_default();
    o.data = &data;
    o.progress = bar_wanted() ? on_step : NULL;
    o.user = &drawn;
    hem_status status = hem_spec_load(names[0], common.set.items, common.set.n, &s->spec, err);
    if (status == HEM_OK)
        status = session_start(s, err);
    if (status == HEM_OK)
        status = hem_lrfind(s->context, s->spec, &o, &r, err);
    bar_clear();
    if (status == HEM_OK)
        status = hem_chart_lrfind(&r, list.items, err);
    json_t *json = need(json_object()), *points = need(json_array());
    for (size_t i = 0; i < r.n; i++) {
        json_t *point = need(json_object());
        json_put(point, "learning_rate", json_number(r.points[i].rate));
        json_put(point, "loss", json_number(r.points[i].loss));
        json_put(point, "smoothed_loss", json_number(r.points[i].smoothed));
        json_add(points, point);
    }
    json_put(json, "suggestion", r.falls ? json_number(r.suggestion) : json_null());
    json_put(json, "points", points);
    hem_lrfind_release(&r);
    return show_joined(&list, 0, NULL, json, status, err);
}

/* hemline gradcheck: backpropagation against central differences, in double precision. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "bar.h"
#include "common.h"
#include "experiments.h"
#include "gradcheck_reference.h"
#include "help.h"
#include "table.h"

static struct {
    double epsilon;
    int images, entries;
    const char *weights;
    uint64_t seed;
    bool has_epsilon, has_images, has_entries, has_seed;
    bool reference;
    const char *experiments;
} arguments;

static bool on_progress(void *user, size_t done, size_t total)
{
    double *drawn = user;
    double time = now();
    if (total > 0 && (time - *drawn > 0.1 || done == total)) {
        *drawn = time;
        const char *part = "difference quotients";
        bar_draw("gradcheck", (double)done / (double)total, &part, 1);
    }
    return true;
}

static hem_gradcheck_options checked_options(double *drawn)
{
    hem_gradcheck_options o = hem_gradcheck_options_default();
    if (arguments.has_epsilon)
        o.epsilon = arguments.epsilon;
    if (arguments.has_images)
        o.images = arguments.images;
    if (arguments.has_entries)
        o.entries = (size_t)arguments.entries;
    if (arguments.has_seed)
        o.seed = arguments.seed;
    o.weights = arguments.weights;
    o.progress = on_progress;
    o.user = drawn;
    return o;
}

static void print_text(const hem_gradcheck_result *r, const hem_gradcheck_options *o)
{
    table *t = table_new("lrrrrrrl");
    static const char *const heading[] = {"tensor",  "checked",  "skipped", "backprop",
                                          "numeric", "of bound", "float",   ""};
    for (size_t i = 0; i < COUNT(heading); i++)
        table_cell(t, "%s", heading[i]);
    for (size_t i = 0; i < r->n_rows; i++) {
        const hem_gradcheck_row *row = &r->rows[i];
        table_cell(t, "%s", row->name);
        table_cell(t, "%zu", row->checked);
        table_cell(t, "%zu", row->skipped);
        table_cell(t, "%.6g", row->analytic);
        table_cell(t, "%.6g", row->numeric);
        table_cell(t, "%.3f", row->worst_ratio);
        table_cell(t, "%.1e", row->float_error);
        table_cell(t, "%s", row->ok ? "ok" : "FAIL");
    }
    table_print(t);
    out("\n%zu entries of %d images compared at epsilon %g, %zu skipped at a kink; loss %.6f\n",
        r->checked, o->images, o->epsilon, r->skipped, r->loss);
    out("bound |backprop - numeric| <= %g max(|backprop|, |numeric|) + %g\n", o->relative,
        o->absolute);
    out("bound of the float path, largest difference over largest gradient: %g\n", r->float_bound);
}

static int print_json(const char *path, const hem_gradcheck_result *r,
                      const hem_gradcheck_options *o)
{
    json_t *object = need(json_object());
    json_put(object, "network", json_text(path));
    json_put(object, "ok", json_boolean(r->ok));
    json_put(object, "epsilon", json_number(o->epsilon));
    json_put(object, "images", json_integer(o->images));
    json_put(object, "relative", json_number(o->relative));
    json_put(object, "absolute", json_number(o->absolute));
    json_put(object, "float_bound", json_number(r->float_bound));
    json_put(object, "loss", json_number(r->loss));
    json_put(object, "checked", json_count(r->checked));
    json_put(object, "skipped", json_count(r->skipped));
    json_t *rows = need(json_array());
    for (size_t i = 0; i < r->n_rows; i++) {
        const hem_gradcheck_row *row = &r->rows[i];
        json_t *item = need(json_object());
        json_put(item, "name", json_text(row->name));
        json_put(item, "n", json_count(row->n));
        json_put(item, "checked", json_count(row->checked));
        json_put(item, "skipped", json_count(row->skipped));
        json_put(item, "backprop", json_number(row->analytic));
        json_put(item, "numeric", json_number(row->numeric));
        json_put(item, "worst", json_count(row->worst));
        json_put(item, "worst_ratio", json_number(row->worst_ratio));
        json_put(item, "float_error", json_number(row->float_error));
        json_put(item, "ok", json_boolean(row->ok));
        json_add(rows, item);
    }
    json_put(object, "tensors", rows);
    return out_json(object);
}

/* Says which tensor it was; the table alone may be read past. */
static int verdict(const hem_gradcheck_result *r, double epsilon)
{
    if (r->ok)
        return HEM_OK;
    hem_error err;
    for (size_t i = 0; i < r->n_rows; i++) {
        if (!r->rows[i].ok) {
            fail(&err, HEM_ERR_CHECK,
                 epsilon == hem_gradcheck_options_default().epsilon
                     ? "this is a defect of hemline: please report it with the experiment file"
                     : "central differences are exact at a small --epsilon only: try 1e-5",
                 "the gradient check fails, first at %s", r->rows[i].name);
            return report(&err);
        }
    }
    fail(&err, HEM_ERR_CHECK, "a smaller --epsilon crosses fewer kinks",
         "the gradient check fails: %zu of %zu entries lay at a kink, more than 5 %%", r->skipped,
         r->checked + r->skipped);
    return report(&err);
}

/* The default is as many as there are; a number that was asked for must be there. */
static hem_status limit_images(const hem_data *data, hem_gradcheck_options *o, hem_error *err)
{
    size_t n = hem_data_get_info(data).n[HEM_TRAIN];
    if ((size_t)o->images <= n)
        return HEM_OK;
    if (arguments.has_images)
        return fail(err, HEM_ERR_USAGE, text("N is a whole number from 1 to %zu here", n),
                    "--images is '%d', but the training part has %zu", o->images, n);
    o->images = (int)n;
    return HEM_OK;
}

/* What the table fixes cannot be asked for beside it. */
static int run_reference(const char *path)
{
    const char *other = arguments.has_epsilon   ? "epsilon"
                        : arguments.weights     ? "weights"
                        : arguments.has_images  ? "images"
                        : arguments.has_entries ? "entries"
                                                : NULL;
    if (other != NULL)
        return usage_error("leave one of them out", "--%s beside --reference, which has its own",
                           other);
    const uint64_t *seed = arguments.has_seed ? &arguments.seed : NULL;
    return gradcheck_reference(path, arguments.experiments, seed);
}

static int run_gradcheck(char *const *paths, int n)
{
    extern const command command_gradcheck;
    if (arguments.reference)
        return run_reference(n > 0 ? paths[0] : NULL);
    if (n < 1)
        return help_missing(&command_gradcheck, "an experiment file or a model");
    session s = {0};
    hem_error err;
    hem_gradcheck_result result = {0};
    double drawn = 0.0;
    hem_gradcheck_options o = checked_options(&drawn);
    const uint64_t *seed = arguments.has_seed ? &arguments.seed : NULL;
    hem_status status = session_network(&s, paths[0], seed, true, &err);
    if (status == HEM_OK)
        status = limit_images(s.data, &o, &err);
    if (status == HEM_OK)
        status = hem_gradcheck(s.net, s.data, &o, &result, &err);
    bar_clear();
    int code = HEM_OK;
    if (status != HEM_OK) {
        code = report(&err);
    } else {
        if (common.json)
            code = print_json(paths[0], &result, &o);
        else
            print_text(&result, &o);
        if (code == HEM_OK)
            code = verdict(&result, o.epsilon);
    }
    hem_gradcheck_release(&result);
    session_close(&s);
    return code;
}

static const option options[] = {
    {.name = "epsilon",
     .kind = OPTION_NUMBER,
     .value = "E",
     .target = &arguments.epsilon,
     .given = &arguments.has_epsilon,
     .low = 1e-12,
     .high = 1.0,
     .help = "step to either side of a weight (default: 1e-5)"},
    {.name = "weights",
     .kind = OPTION_TEXT,
     .value = "LIST",
     .target = &arguments.weights,
     .help = "check only these entries, e.g. 'dense1.weight[0,3],dense2.bias[1]'"},
    {.name = "images",
     .kind = OPTION_INT,
     .value = "N",
     .target = &arguments.images,
     .given = &arguments.has_images,
     .low = 1,
     .high = 1000,
     .help = "images of the training part to use (default: 10, the first of each class)"},
    {.name = "entries",
     .kind = OPTION_INT,
     .value = "N",
     .target = &arguments.entries,
     .given = &arguments.has_entries,
     .low = 0,
     .high = 1e9,
     .help = "entries to check of each tensor, 0 = all (default: 20)"},
    {.name = "seed",
     .kind = OPTION_SEED,
     .value = "N",
     .target = &arguments.seed,
     .given = &arguments.has_seed,
     .help = "seed of weights, dropout mask and choice of entries"},
    {.name = "reference",
     .kind = OPTION_FLAG,
     .target = &arguments.reference,
     .help = "print a published table of seven weights beside ours: epsilon 0.01, 10 images, "
             "FILE or experiments/dense-tanh.yaml"},
    OPTION_EXPERIMENTS(&arguments.experiments),
    OPTION_SET,
    OPTION_DATA,
    OPTION_THREADS,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_PROGRESS,
    OPTION_NO_PROGRESS,
};

static const char *const usage[] = {"FILE|MODEL [options]", "--reference [FILE] [options]", NULL};

static const char *const examples[] = {
    "gradcheck mine.yaml",
    "some entries of every tensor of the network",
    "gradcheck mine.yaml --weights 'dense1.weight[0,3]'",
    "one weight",
    NULL,
};

extern const command command_gradcheck;
const command command_gradcheck = {
    .name = "gradcheck",
    .summary = "check backpropagation against central differences",
    .usage = usage,
    .details = "Each row shows a tensor's worst entry: its gradient by backpropagation and by\n"
               "central differences, both in double precision, and their difference as a share\n"
               "of the bound; 'float' is how far the fast single-precision path lies from the\n"
               "double one. Entries where a ReLU's sign or a pooling maximum differs between\n"
               "the two sides are skipped. Exit code 8 where a bound does not hold.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 1,
    .run = run_gradcheck,
};

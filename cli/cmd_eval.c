/* hemline eval: how good a trained network is on one part of its data. */
#include <math.h>

#include "common.h"
#include "help.h"
#include "table.h"
#include "verdict.h"

static struct {
    int split;
    double require;
    bool has_require;
} arguments = {.split = HEM_TEST};

/* A value between 0 and 1 in percent; "--" where there is none. */
static void percent_cell(table *t, double x)
{
    if (isnan(x))
        table_cell(t, "--");
    else
        table_cell(t, "%.2f", 100.0 * x);
}

static void print_classes(const hem_evaluation *e, const char *const *class_names)
{
    table *t = table_new("lrrrr");
    static const char *const heading[] = {"class", "images", "precision %", "recall %", "F1 %"};
    for (size_t i = 0; i < COUNT(heading); i++)
        table_cell(t, "%s", heading[i]);
    for (int i = 0; i < e->n_classes; i++) {
        size_t images = 0;
        for (int j = 0; j < e->n_classes; j++)
            images += e->confusion[i * e->n_classes + j];
        table_cell(t, "%s", class_names[i]);
        table_cell(t, "%s", grouped(images));
        percent_cell(t, e->precision[i]);
        percent_cell(t, e->recall[i]);
        percent_cell(t, e->f1[i]);
    }
    table_print(t);
}

static void print_text(const char *path, hem_data_info data, const hem_evaluation *e)
{
    out("%-10s %s\n", "model", plain_text(path));
    out("%-10s %s%s, %s part, %s images\n", "data", data.name,
        data.synthetic ? " (drawn by hemline, not photographs)" : "", part_names[arguments.split],
        grouped(e->n));
    out("%-10s %s\n", "accuracy", accuracy_text(e));
    out("%-10s %.4f\n\n", "loss", e->loss);
    print_classes(e, data.class_names);
    out("\nimages by true class (rows) and predicted class (columns)\n");
    print_confusion(e, data.class_names);
    out("\n");
    print_most_confused(e, data.class_names, 3);
}

static int print_json(const char *path, const hem_net *net, hem_data_info data,
                      const hem_evaluation *e)
{
    char hash[65];
    hem_net_sha256(net, hash);
    json_t *object = need(json_object());
    json_put(object, "model", json_text(path));
    json_put(object, "weights_sha256", json_string(hash));
    json_put(object, "data", json_text(data.name));
    json_put(object, "data_sha256", json_text(data.sha256));
    json_put(object, "synthetic", json_boolean(data.synthetic));
    json_put(object, "split", json_string(part_names[arguments.split]));
    put_evaluation(object, e, data.class_names);
    return out_json(object);
}

static int run_eval(char *const *paths, int n)
{
    extern const command command_eval;
    if (n < 1)
        return help_missing(&command_eval, "a run directory or a model file");
    session s = {0};
    hem_error err;
    hem_evaluation e = {0};
    hem_status status = session_start(&s, &err);
    if (status == HEM_OK)
        status = session_model(&s, paths[0], &err);
    if (status == HEM_OK)
        status = session_data(&s, &err);
    if (status == HEM_OK)
        status = hem_evaluate(s.net, s.data, (hem_part)arguments.split, &e, &err);
    int code;
    if (status != HEM_OK) {
        if (status == HEM_ERR_USAGE)
            default_hint(&err, "--split chooses another part of the data");
        code = report(&err);
    } else {
        hem_data_info data = hem_data_get_info(s.data);
        code = HEM_OK;
        if (common.json)
            code = print_json(paths[0], s.net, data, &e);
        else
            print_text(paths[0], data, &e);
        if (code == HEM_OK && arguments.has_require && e.accuracy < arguments.require) {
            fail(&err, HEM_ERR_CHECK, NULL, "the accuracy of %.6g is below the required %.6g",
                 e.accuracy, arguments.require);
            code = report(&err);
        }
    }
    hem_evaluation_release(&e);
    session_close(&s);
    return code;
}

static const option options[] = {
    {.name = "split",
     .kind = OPTION_CHOICE,
     .value = "PART",
     .target = &arguments.split,
     .choices = part_names,
     .help = "train, validation or test (default: test)"},
    {.name = "require",
     .kind = OPTION_NUMBER,
     .value = "ACCURACY",
     .target = &arguments.require,
     .given = &arguments.has_require,
     .low = 0,
     .high = 1,
     .help = "exit with code 8 where the accuracy (0 to 1) is lower"},
    OPTION_DATA,
    OPTION_THREADS,
    OPTION_PIN,
    OPTION_JSON,
    OPTION_QUIET,
};

static const char *const usage[] = {"RUN|MODEL [options]", NULL};

static const char *const examples[] = {
    "eval runs/mine-s0-1",
    "accuracy on the test images, by class",
    "eval runs/mine-s0-1 --split validation --require 0.9",
    "exit code 8 unless nine of ten are right",
    NULL,
};

extern const command command_eval;
const command command_eval = {
    .name = "eval",
    .summary = "accuracy, loss and confusions of a trained network",
    .usage = usage,
    .details = "RUN is a run directory, MODEL a model file. The data is opened as the model's\n"
               "experiment says; the 95 % interval of the accuracy is Wilson's. The loss is the\n"
               "experiment's own, without label smoothing.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 1,
    .run = run_eval,
};

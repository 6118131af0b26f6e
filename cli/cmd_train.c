/* hemline train: an experiment from its file to a tested network, or an interrupted run onward. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "common.h"
#include "help.h"
#include "interrupt.h"
#include "report_after.h"
#include "table.h"
#include "train_seeds.h"
#include "verdict.h"

static struct {
    uint64_t seed;
    bool has_seed, any_tier, no_report;
    const char *out, *init, *resume, *seeds;
} arguments;

/* ---- what is shown while a run goes on ---------------------------------------------------------
 */

/* What callbacks pass on to each other and to the end, where the run's own network is gone. */
static struct {
    const hem_context *context;
    const char **class_names; /* NULL until the run has started */
    int n_classes;
    bool synthetic;
    int last_epoch;     /* to notice the first step of the whole run; 0 = none yet */
    double began;       /* time of that step */
    double done_before; /* steps that were done before it, in an earlier session */
    int epoch_width;    /* columns of "12/20" in the epochs' lines */
} run;

/* "conv 6@4x4 same > maxpool 2 > dense 10": what stands before the comma of each layer; of a deep
 * network the first layers. */
static const char *network_text(const hem_net *net)
{
    enum { MOST = 16 };
    hem_net_info info = hem_net_get_info(net);
    const char *line = "";
    for (size_t i = 0; i < info.n_layers; i++) {
        if (i == MOST) {
            line = text("%s > %zu more", line, info.n_layers - i);
            break;
        }
        const char *kind = hem_net_layer(net, i).kind;
        line = text("%s%s%.*s", line, i > 0 ? " > " : "", (int)strcspn(kind, ","), kind);
    }
    return text("%s; %s parameters", line, grouped(info.parameters));
}

static const char *data_text(hem_data_info info)
{
    const char *validation = info.n[HEM_VALIDATION] > 0
                                 ? text("%s for validation, ", grouped(info.n[HEM_VALIDATION]))
                                 : "none for validation, ";
    return text("%s%s: %s images to train on, %s%s to test, %s", info.name,
                info.synthetic ? " (drawn by hemline, not photographs)" : "",
                grouped(info.n[HEM_TRAIN]), validation, grouped(info.n[HEM_TEST]),
                size_text(info.height, info.width, info.channels));
}

static void on_started(void *user, const char *directory, const hem_net *net, const hem_data *data)
{
    (void)user;
    hem_data_info info = hem_data_get_info(data);
    run.n_classes = info.n_classes;
    run.synthetic = info.synthetic;
    run.class_names = need(calloc((size_t)info.n_classes, sizeof *run.class_names));
    for (int i = 0; i < info.n_classes; i++)
        run.class_names[i] = text("%s", info.class_names[i]);

    talk_field("network", network_text(net));
    talk_field("data", data_text(info));
    talk_machine(run.context);
    talk_field("run", plain_text(directory));

    char total[32];
    int digits = snprintf(total, sizeof total, "%d", hem_spec_epochs(hem_net_spec(net)));
    run.epoch_width = digits < 2 ? 5 : 2 * digits + 1;
    talk("\n%s%*s    loss  acc %%  val loss  val %%   penalty     rate  seconds  images/s%s\n",
         talk_style.dim, run.epoch_width, "epoch", talk_style.off);
}

static void on_progress(void *user, int epoch, int epochs, size_t step, size_t steps, double loss,
                        double accuracy, double images_per_second)
{
    (void)user;
    if (!bar_wanted() || steps == 0)
        return;
    double total = (double)epochs * (double)steps;
    double done = (double)(epoch - 1) * (double)steps + (double)step;
    if (run.last_epoch == 0) {
        run.began = now();
        run.done_before = done;
    }
    run.last_epoch = epoch;
    double here = done - run.done_before;
    char left[16] = "?";
    if (here > 0.0)
        bar_time((total - done) * (now() - run.began) / here, left);
    char parts[3][48];
    snprintf(parts[0], sizeof parts[0], "%s left", left);
    snprintf(parts[1], sizeof parts[1], "loss %.4f  acc %.2f %%", loss, 100.0 * accuracy);
    snprintf(parts[2], sizeof parts[2], "%.0f images/s", images_per_second);
    const char *const list[] = {parts[0], parts[1], parts[2]};
    char label[32];
    snprintf(label, sizeof label, "epoch %d/%d", epoch, epochs);
    bar_draw(label, (double)step / (double)steps, list, COUNT(list));
}

static void on_epoch(void *user, const hem_epoch *e)
{
    (void)user;
    char label[32];
    snprintf(label, sizeof label, "%d/%d", e->epoch, e->epochs);
    int width = run.epoch_width;
    talk("%*s  %6.4f  %5.2f", width, label, e->train_loss, 100.0 * e->train_accuracy);
    if (isnan(e->validation_loss))
        talk("  %8s  %5s", "--", "--");
    else
        talk("  %8.4f  %5.2f", e->validation_loss, 100.0 * e->validation_accuracy);
    talk("  %8.4g  %7.3g  %7.2f  %8.0f%s\n", e->penalty, e->learning_rate, e->seconds,
         e->images_per_second, e->kept ? " *" : "");
}

/* ---- the end -----------------------------------------------------------------------------------
 */

static void print_accuracies(const hem_evaluation *parts)
{
    table *t = table_new("lrrrr");
    static const char *const heading[] = {"", "images", "accuracy", "95 % interval", "loss"};
    for (size_t i = 0; i < COUNT(heading); i++)
        table_cell(t, "%s", heading[i]);
    for (int part = HEM_TRAIN; part <= HEM_TEST; part++) {
        const hem_evaluation *e = &parts[part];
        if (e->n == 0)
            continue;
        table_cell(t, "%s", part_names[part]);
        table_cell(t, "%s", grouped(e->n));
        table_cell(t, "%.2f %%", 100.0 * e->accuracy);
        table_cell(t, "%.2f to %.2f", 100.0 * e->interval.low, 100.0 * e->interval.high);
        table_cell(t, "%.4f", e->loss);
    }
    table_print(t);
}

static void print_result(const hem_train_result *result)
{
    const char *const *names = run.class_names;
    if (result->stopped_early)
        talk("ended by early stopping after epoch %d: %s\n", result->epochs, result->why);
    talk("\n");
    if (run.synthetic)
        out("synthetic data: drawn by hemline, not photographs\n\n");
    print_accuracies(result->parts);
    const hem_evaluation *test = &result->parts[HEM_TEST];
    if (test->n > 0) {
        out("\ntest images by true class (rows) and predicted class (columns)\n");
        print_confusion(test, names);
        out("\n");
        print_most_confused(test, names, 1);
    }
    out("%-20s  %s\n", "run", plain_text(result->directory));
}

static int interrupted(const char *directory)
{
    const char *places = common.data != NULL ? text(" --data %s", shell_word(common.data)) : "";
    if (common.threads > 0)
        places = text("%s --threads %d", places, common.threads);
    warn("interrupted; a checkpoint is in %s\n", plain_text(directory));
    warn("to go on: hemline train --resume %s%s\n", shell_word(directory), places);
    return interrupted_code();
}

/* ---- the command -------------------------------------------------------------------------------
 */

/* What makes no sense for many runs at once. */
static int check_seeds(void)
{
    const char *extra = arguments.has_seed   ? "--seed"
                        : arguments.init     ? "--init"
                        : arguments.any_tier ? "--any-tier"
                        : common.pin         ? "--pin"
                                             : NULL;
    return extra == NULL ? HEM_OK
                         : usage_error("--seeds makes a run of its own for every seed",
                                       "%s does not go with --seeds", extra);
}

static int check_arguments(int n)
{
    if (arguments.seeds != NULL && arguments.resume == NULL && check_seeds() != HEM_OK)
        return HEM_ERR_USAGE;
    if (arguments.resume == NULL)
        return n == 1 ? HEM_OK
                      : usage_error("'hemline init NAME' writes one to start from",
                                    "'train' needs an experiment file, or --resume RUN");
    const char *hint = "a run is resumed with the experiment, seed and place that it has";
    if (n > 0)
        return usage_error(hint, "--resume takes no experiment file");
    const char *extra = arguments.seeds      ? "--seeds"
                        : arguments.has_seed ? "--seed"
                        : arguments.out      ? "--out"
                        : arguments.init     ? "--init"
                                             : NULL;
    if (extra != NULL)
        return usage_error(hint, "%s does not go with --resume", extra);
    return HEM_OK;
}

static hem_status train(session *s, const char *path, hem_train_result *result, hem_error *err)
{
    hem_data_options data = data_options();
    hem_train_options options = hem_train_options_default();
    options.stop = &stop_signal;
    options.data = &data;
    options.callbacks =
        (hem_train_callbacks){.started = on_started, .progress = on_progress, .epoch = on_epoch};
    options.any_tier = arguments.any_tier;
    hem_status status = HEM_OK;
    if (arguments.resume == NULL)
        status = hem_spec_load(path, common.set.items, common.set.n, &s->spec, err);
    if (status == HEM_OK)
        status = session_start(s, err);
    if (status != HEM_OK)
        return status;
    run.context = s->context;
    catch_signals();
    if (arguments.resume != NULL)
        return hem_resume(s->context, arguments.resume, common.set.items, common.set.n, &options,
                          result, err);
    options.has_seed = arguments.has_seed;
    options.seed = arguments.seed;
    char *init = arguments.init != NULL ? need(hem_model_path(arguments.init)) : NULL;
    options.init_model = init;
    options.directory = arguments.out;
    options.runs = runs_folder();
    status = hem_train(s->context, s->spec, &options, result, err);
    free(init);
    return status;
}

static int run_train(char *const *files, int n)
{
    int code = check_arguments(n);
    if (code != HEM_OK)
        return code;
    if (arguments.seeds != NULL)
        return train_seeds(files[0], arguments.seeds, arguments.out, !arguments.no_report);
    session s = {0};
    hem_error err;
    hem_train_result result = {.directory = ""};
    hem_status status = train(&s, files[0], &result, &err);
    bar_clear();
    if (status == HEM_OK && common.json)
        out("%s", result.json);
    else if (status == HEM_OK)
        print_result(&result);
    else if (status == HEM_INTERRUPTED)
        code = interrupted(result.directory);
    else
        code = report(&err);
    if (!arguments.no_report && (status == HEM_OK || status == HEM_ERR_DIVERGED))
        report_after(s.context, result.directory);
    hem_train_result_release(&result);
    session_close(&s);
    free(run.class_names);
    return code;
}

static const option options[] = {
    OPTION_SET,
    OPTION_TRAINING_SEED(&arguments.seed, &arguments.has_seed),
    {.name = "seeds",
     .kind = OPTION_TEXT,
     .value = "N|A-B",
     .target = &arguments.seeds,
     .help = "train with seeds 0 to N-1, or A to B, side by side, and say what they tell together"},
    {.name = "out",
     .kind = OPTION_TEXT,
     .value = "DIR",
     .target = &arguments.out,
     .help =
         "run directory to make (default: NAME-sSEED-N in the folder HEMLINE_RUNS, else in runs)"},
    {.name = "init",
     .kind = OPTION_TEXT,
     .value = "MODEL",
     .target = &arguments.init,
     .help = "start from the weights of a model file or a run"},
    {.name = "resume",
     .kind = OPTION_TEXT,
     .value = "RUN",
     .target = &arguments.resume,
     .help = "go on with an interrupted run from its last checkpoint"},
    {.name = "any-tier",
     .kind = OPTION_FLAG,
     .target = &arguments.any_tier,
     .help = "resume also with other kernels than the run began with; its bits may then differ"},
    OPTION_NO_REPORT(&arguments.no_report),
    OPTION_DATA,
    OPTION_THREADS,
    OPTION_PIN,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_PROGRESS,
    OPTION_NO_PROGRESS,
};

static const char *const usage[] = {"FILE [options]", "FILE --seeds N [options]",
                                    "--resume RUN [options]", NULL};

static const char *const examples[] = {
    "train mine.yaml",
    "train, test, and keep all of it in runs/mine-s0-1",
    "train mine.yaml --set train.epochs=5 --set train.batch=64",
    "the same with two values changed",
    "train mine.yaml --seeds 5",
    "five trainings side by side: how much is chance?",
    "train --resume runs/mine-s0-1",
    "go on with an interrupted run",
    NULL,
};

extern const command command_train;
const command command_train = {
    .name = "train",
    .summary = "train an experiment and test the network that it keeps",
    .usage = usage,
    .details = "Every epoch gives a line on standard error: running loss and accuracy of the\n"
               "training part, then those of the validation part, the penalty, the learning\n"
               "rate, seconds and images a second; '*' marks the best epoch so far where the\n"
               "experiment keeps the best one. The results follow on standard output.\n"
               "\n"
               "Ctrl-C or SIGTERM finishes the step, writes a checkpoint and says how to go on;\n"
               "a second one stops at once. With --resume, --set may change train.epochs alone.\n"
               "At the end report.html is written into the run (hemline help report).\n"
               "The progress bar shows the epoch; the time left is the whole run's.\n"
               "\n"
               "With --seeds the runs share the threads, one each while there are enough of\n"
               "them, and lie in the folder NAME-seeds (or --out): mean, standard deviation,\n"
               "the 95 % interval of the mean, and the one that a further run falls into. The\n"
               "same command again goes on where it stopped, and with more seeds adds them.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 1,
    .run = run_train,
};

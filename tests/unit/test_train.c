/* Training runs: resumed to the same bits, kept by the rules, refused where they must be. Small
 * networks on drawn data. */
#include "unit/support.h"

#include <dirent.h>
#include <math.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "net/model.h"
#include "train/events.h"
#include "train/run.h"

static hem_context *context;
static char folder[64], home[4096];
static char warning[1024];

static void log_line(void *user, hem_log_level level, const char *line)
{
    (void)user;
    if (level == HEM_LOG_WARNING)
        snprintf(warning, sizeof warning, "%s", line);
}

/* Every test works in a folder of its own, since runs/ is made in the working directory. */
static int enter(void **state)
{
    (void)state;
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = 2;
    settings.log = log_line;
    assert_non_null(getcwd(home, sizeof home));
    support_folder(folder);
    assert_int_equal(chdir(folder), 0);
    return hem_context_new(&settings, &context, NULL) == HEM_OK ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    hem_context_free(context);
    assert_int_equal(chdir(home), 0);
    support_remove(folder);
    return 0;
}

/* ---- helpers ----------------------------------------------------------------------------------
 */

static const char experiment[] =
    "name: small\n"
    "data: {synthetic: {train: 100, test: 30, height: 10, width: 10}}\n"
    "validation: {first: 20}\n"
    "scale: 1/255\n"
    "model:\n"
    "  - conv: {filters: 3, kernel: 3, activation: relu}\n"
    "  - maxpool: 2\n"
    "  - dropout: 0.2\n"
    "  - flatten\n"
    "  - dense: {units: 10, activation: softmax, l2: 1e-3}\n"
    "train:\n"
    "  epochs: 3\n"
    "  batch: 24\n" /* four steps an epoch, the last one of 8 images */
    "  optimizer: {adam: {learning_rate: 1e-2}}\n"
    "  keep: best validation loss\n";

enum { MOST_SETS = 7 };

static hem_spec *spec_with(const char *const *set)
{
    hem_spec *spec;
    hem_error err;
    size_t n = 0;
    while (set != NULL && set[n] != NULL)
        n++;
    if (hem_spec_parse(experiment, "small.yaml", set, n, &spec, &err) != HEM_OK)
        fail_msg("%s", err.text);
    return spec;
}

#define SET(...) ((const char *const[]){__VA_ARGS__, NULL})

static hem_status train(const char *const *set, const char *directory, const volatile int *stop,
                        hem_train_result *out, hem_error *err)
{
    hem_spec *spec = spec_with(set);
    hem_train_options options = hem_train_options_default();
    options.directory = directory;
    options.stop = stop;
    hem_status status = hem_train(context, spec, &options, out, err);
    hem_spec_free(spec);
    return status;
}

static hem_status resume(const char *directory, const volatile int *stop, hem_train_result *out,
                         hem_error *err)
{
    hem_train_options options = hem_train_options_default();
    options.stop = stop;
    return hem_resume(context, directory, NULL, 0, &options, out, err);
}

/* result.json of a run without what may differ between two runs of the same bits. */
static json_t *result_of(const char *directory)
{
    static const char *const may_differ[] = {"run", "epoch_seconds", "images_per_second", "resumed",
                                             "threads"};
    char path[256];
    snprintf(path, sizeof path, "%s/result.json", directory);
    json_t *result = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(result);
    assert_int_equal(json_array_size(json_object_get(result, "epoch_seconds")),
                     json_integer_value(json_object_get(result, "epochs_done")));
    for (size_t i = 0; i < sizeof may_differ / sizeof may_differ[0]; i++)
        assert_int_equal(json_object_del(result, may_differ[i]), 0);
    return result;
}

/* The epochs' events, without their timings. */
static json_t *epochs_of(const char *directory)
{
    char path[256];
    json_t *events;
    snprintf(path, sizeof path, "%s/events.jsonl", directory);
    assert_int_equal(hem__events_read(path, &events, NULL, NULL), HEM_OK);
    for (size_t i = json_array_size(events); i > 0; i--) {
        json_t *e = json_array_get(events, i - 1);
        json_object_del(e, "time");
        json_object_del(e, "seconds");
        json_object_del(e, "images_per_second");
        const char *name = json_string_value(json_object_get(e, "event"));
        assert_non_null(name);
        if (strcmp(name, "epoch") != 0)
            json_array_remove(events, i - 1);
    }
    return events;
}

static void expect_same_run(const char *a, const char *b)
{
    json_t *x = result_of(a), *y = result_of(b);
    assert_string_equal(json_string_value(json_object_get(x, "weights_sha256")),
                        json_string_value(json_object_get(y, "weights_sha256")));
    assert_true(json_equal(x, y));
    json_decref(x);
    json_decref(y);
    x = epochs_of(a);
    y = epochs_of(b);
    assert_true(json_array_size(x) > 0);
    assert_true(json_equal(x, y));
    json_decref(x);
    json_decref(y);
    /* The model file is the same, byte for byte. */
    char path[256];
    unsigned char *bytes[2];
    size_t n[2];
    const char *const names[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/model.safetensors", names[i]);
        assert_int_equal(hem__file_read(path, 1 << 20, HEM_ERR_MODEL, &bytes[i], &n[i], NULL),
                         HEM_OK);
    }
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(bytes[0], bytes[1], n[0]);
    free(bytes[0]);
    free(bytes[1]);
}

static void train_whole(const char *const *set, const char *directory)
{
    hem_train_result result;
    hem_error err;
    if (train(set, directory, NULL, &result, &err) != HEM_OK)
        fail_msg("%s", err.text);
    hem_train_result_release(&result);
}

static void resume_whole(const char *directory)
{
    hem_train_result result;
    hem_error err;
    if (resume(directory, NULL, &result, &err) != HEM_OK)
        fail_msg("%s", err.text);
    hem_train_result_release(&result);
}

static void copy_file(const char *from, const char *to)
{
    unsigned char *bytes;
    size_t n;
    assert_int_equal(hem__file_read(from, 1 << 24, HEM_ERR_IO, &bytes, &n, NULL), HEM_OK);
    FILE *file = fopen(to, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
    free(bytes);
}

/* Changes one byte in the middle. */
static void damage(const char *path)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long middle = ftell(file) / 2;
    assert_int_equal(fseek(file, middle, SEEK_SET), 0);
    int c = fgetc(file);
    assert_int_equal(fseek(file, middle, SEEK_SET), 0);
    assert_true(fputc(c ^ 0x10, file) != EOF);
    assert_int_equal(fclose(file), 0);
}

/* ---- the result -------------------------------------------------------------------------------
 */

static void test_result(void **state)
{
    (void)state;
    hem_train_result result;
    assert_int_equal(train(NULL, "r/whole", NULL, &result, NULL), HEM_OK);
    assert_string_equal(result.directory, "r/whole");
    assert_int_equal(result.parts[HEM_TRAIN].n, 80);
    assert_int_equal(result.parts[HEM_VALIDATION].n, 20);
    assert_int_equal(result.parts[HEM_TEST].n, 30);
    json_t *json = json_loads(result.json, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    static const char *const keys[] = {"run",           "name",
                                       "hemline",       "seed",
                                       "threads",       "tier",
                                       "parameters",    "epochs",
                                       "epoch_seconds", "images_per_second",
                                       "kept_epoch",    "train",
                                       "validation",    "test",
                                       "confusion",     "confusion_train",
                                       "class_names",   "weights_sha256",
                                       "data_sha256",   "data",
                                       "synthetic",     "resumed",
                                       "diverged",      "batch",
                                       "groups"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (json_object_get(json, keys[i]) == NULL)
            fail_msg("result.json has no '%s'", keys[i]);
    }
    assert_int_equal(json_array_size(json_object_get(json, "confusion")), 10);
    json_decref(json);

    /* The model of the folder is the one that was measured. */
    char *path = hem_model_path("r/whole");
    assert_string_equal(path, "r/whole/model.safetensors");
    hem_net *net;
    hem_data *data;
    hem_evaluation e;
    assert_int_equal(hem_net_load(context, path, &net, NULL), HEM_OK);
    assert_int_equal(hem_data_open(hem_net_spec(net), NULL, &data, NULL), HEM_OK);
    assert_int_equal(hem_evaluate(net, data, HEM_TEST, &e, NULL), HEM_OK);
    assert_int_equal(e.correct, result.parts[HEM_TEST].correct);
    assert_true(e.loss == result.parts[HEM_TEST].loss);
    hem_evaluation_release(&e);
    hem_data_free(data);
    hem_net_free(net);
    free(path);
    hem_train_result_release(&result);

    path = hem_model_path("some/file");
    assert_string_equal(path, "some/file");
    free(path);
}

/* ---- interruption -----------------------------------------------------------------------------
 */

/* With the stop flag set, every session makes one step: the run is resumed at every one. */
static void train_in_steps(const char *const *set, const char *directory, int at_least)
{
    static const volatile int stop = 1;
    hem_train_result result;
    hem_error err;
    hem_status status = train(set, directory, &stop, &result, &err);
    int sessions = 1;
    for (; status == HEM_INTERRUPTED && sessions < 1000; sessions++) {
        assert_string_equal(result.directory, directory);
        assert_null(result.json);
        hem_train_result_release(&result);
        status = resume(directory, &stop, &result, &err);
    }
    if (status != HEM_OK)
        fail_msg("%s", err.text);
    assert_true(sessions >= at_least);
    hem_train_result_release(&result);
}

static void test_resume_at_every_step(void **state)
{
    (void)state;
    static const char *const sets[][MOST_SETS] = {
        {NULL},
        {"train.keep=last", "train.optimizer={momentum: {learning_rate: 0.05, momentum: 0.9}}"},
        {"train.keep=best validation accuracy", "train.optimizer={sgd: {learning_rate: 0.1}}",
         "train.last_batch=drop"},
        {"train.checkpoint={steps: 3}", "train.shuffle=false"},
        {"train.batch=all", "train.keep=last", "validation=none"},
        {"scale=standardize", "train.seed=12345678901234567890"},
        {"augment={rotation: 8 deg, shift: 8%, flip: alternate, cutout: 4 px, contrast: 20%}"},
        {"train.optimizer={adamw: {learning_rate: 0.02, weight_decay: 0.1}}",
         "train.schedule={one_cycle: {warm: 0.4}}", "train.ema=0.8", "train.clip_norm=0.5"},
        {"train.optimizer=rmsprop", "train.warmup=0.6", "train.ema=0.8", "train.keep=last"},
        {"train.optimizer=nesterov", "train.schedule=cosine",
         "train.early_stopping={patience: 1, monitor: validation accuracy, min_delta: 0.5}",
         "train.epochs=9", "train.clip_norm=0.1"},
        {"model=[conv: {filters: 3, kernel: 3, bias: false}, batchnorm, relu, residual: [conv: "
         "{filters: 3, kernel: 3, padding: same}, batchnorm], global_avgpool, dense: {units: 10, "
         "activation: softmax}]"},
        {"model=[batchnorm, residual: {layers: [prelu, conv: {filters: 3, kernel: 3, padding: "
         "same, "
         "l1: 1e-3}, batchnorm], shortcut: [conv: {filters: 3, kernel: 1, freeze: true}]}, gelu, "
         "dropout: 0.2, flatten, dense: {units: 10, activation: sigmoid}]",
         "train={loss: binary_cross_entropy, early_stopping: {patience: 1, min_delta: 10}, "
         "keep: last, last_batch: drop, schedule: {cosine: {end: 0.1}}, warmup: 0.5, epochs: 5}",
         "train.optimizer=adamw", "train.clip_norm=0.5", "train.ema=0.8",
         "augment={shift: 10%, flip: alternate}"},
    };
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        char whole[32], steps[32];
        snprintf(whole, sizeof whole, "s/whole%zu", i);
        snprintf(steps, sizeof steps, "s/steps%zu", i);
        train_whole(sets[i], whole);
        train_in_steps(sets[i], steps, 3);
        print_message("case %zu\n", i);
        expect_same_run(whole, steps);
    }
}

/* Two sessions, the second one on other threads. */
static void test_resume_on_other_threads(void **state)
{
    (void)state;
    static const volatile int stop = 1;
    hem_train_result result;
    hem_context_settings settings = hem_context_settings_default();
    hem_context *one, *both = context;
    settings.threads = 1;
    settings.tier = hem_context_tier(context);
    assert_int_equal(hem_context_new(&settings, &one, NULL), HEM_OK);
    train_whole(NULL, "threads/whole");
    assert_int_equal(train(NULL, "threads/parts", &stop, &result, NULL), HEM_INTERRUPTED);
    hem_train_result_release(&result);
    context = one;
    resume_whole("threads/parts");
    context = both;
    hem_context_free(one);
    expect_same_run("threads/whole", "threads/parts");
}

/* The weights of a run with this many threads and this tier (NULL: the default one). */
static void weights_with(int threads, const char *tier, const char *directory, char out[65])
{
    hem_context_settings settings = hem_context_settings_default();
    hem_context *other, *own = context;
    settings.threads = threads;
    settings.tier = tier;
    assert_int_equal(hem_context_new(&settings, &other, NULL), HEM_OK);
    context = other;
    /* a batch of two gradient groups, and a second one of another size */
    train_whole(SET("data.synthetic.train=220", "train.batch=130",
                    "augment={zoom: 20%, shear: 10%, crop: 2 px, brightness: 10%}"),
                directory);
    context = own;
    hem_context_free(other);
    json_t *result = result_of(directory);
    snprintf(out, 65, "%s", json_string_value(json_object_get(result, "weights_sha256")));
    json_decref(result);
}

static void test_any_number_of_threads(void **state)
{
    (void)state;
    char one[65], other[65];
    weights_with(1, NULL, "t/1", one);
    weights_with(2, NULL, "t/2", other);
    assert_string_equal(one, other);
    weights_with(3, NULL, "t/3", other);
    assert_string_equal(one, other);
    weights_with(4, NULL, "t/4", other);
    assert_string_equal(one, other);
}

/* Every tier with fused multiply-add that this machine has. */
static void test_any_exact_tier(void **state)
{
    (void)state;
    char first[65] = "", here[65], directory[64];
    for (size_t i = 0; i < hem_tier_count(); i++) {
        hem_tier_info tier = hem_tier_at(i);
        if (!tier.built || !tier.runnable || !tier.exact)
            continue;
        snprintf(directory, sizeof directory, "tiers/%s", tier.name);
        weights_with(2, tier.name, directory, here);
        print_message("%s: %.16s...\n", tier.name, here);
        if (first[0] != '\0')
            assert_string_equal(first, here);
        memcpy(first, here, sizeof first);
    }
}

static void test_more_epochs(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    train_whole(SET("train.epochs=5"), "more/whole");
    train_whole(NULL, "more/parts");
    assert_int_equal(resume("more/parts", NULL, &result, &err), HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "finished"));
    hem_train_options options = hem_train_options_default();
    assert_int_equal(
        hem_resume(context, "more/parts", SET("train.epochs=2"), 1, &options, &result, &err),
        HEM_ERR_USAGE);
    assert_int_equal(
        hem_resume(context, "more/parts", SET("train.epochs=5"), 1, &options, &result, &err),
        HEM_OK);
    hem_train_result_release(&result);
    expect_same_run("more/whole", "more/parts");
    /* The folder remembers its new length. */
    assert_int_equal(resume("more/parts", NULL, &result, &err), HEM_ERR_USAGE);
}

/* Rates that depend on the number of epochs fix it; a schedule's own epochs leave it free. */
static void test_more_epochs_of_a_schedule(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    hem_train_options options = hem_train_options_default();
    train_whole(SET("train.schedule=linear"), "slope");
    assert_int_equal(
        hem_resume(context, "slope", SET("train.epochs=5"), 1, &options, &result, &err),
        HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "'linear'"));
    assert_non_null(strstr(err.hint, "linear: {epochs: N}"));
    const char *const *own = SET("train.schedule={linear: {epochs: 5}}");
    train_whole(own, "own");
    assert_int_equal(hem_resume(context, "own", SET("train.epochs=6"), 1, &options, &result, &err),
                     HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "ends after 5 of 6"));
    assert_int_equal(hem_resume(context, "own", SET("train.epochs=5"), 1, &options, &result, &err),
                     HEM_OK);
    hem_train_result_release(&result);
    train_whole(SET("train.schedule={linear: {epochs: 5}}", "train.epochs=5"), "own-whole");
    expect_same_run("own", "own-whole");
}

/* ---- early stopping ---------------------------------------------------------------------------
 */

/* A loss that must fall by 1000 never does: the first epoch stays the best. */
static void test_early_stopping(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    const char *const *set = SET("train.epochs=8", "train.keep=last",
                                 "train.early_stopping={patience: 2, min_delta: 1000}");
    assert_int_equal(train(set, "early", NULL, &result, &err), HEM_OK);
    assert_true(result.stopped_early);
    assert_int_equal(result.epochs, 3);
    assert_non_null(strstr(result.why, "validation loss has not fallen by more than 1000 for 2"));
    assert_non_null(strstr(result.why, "in epoch 1"));
    hem_train_result_release(&result);
    json_t *json = result_of("early");
    assert_string_equal(json_string_value(json_object_get(json, "ended")), "early stopping");
    assert_int_equal(json_integer_value(json_object_get(json, "epochs_done")), 3);
    assert_int_equal(json_integer_value(json_object_get(json, "kept_epoch")), 3);
    json_decref(json);
    hem_train_options options = hem_train_options_default();
    assert_int_equal(
        hem_resume(context, "early", SET("train.epochs=20"), 1, &options, &result, &err),
        HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "finished: early stopping ended it after epoch 3"));

    /* It ends where the rule says, from the epochs' own events. */
    train_whole(SET("train.epochs=12", "train.early_stopping={patience: 2}",
                    "train.optimizer={adam: {learning_rate: 0.3}}"),
                "rule");
    json_t *events = epochs_of("rule");
    size_t n = json_array_size(events), best = 0, i = 0;
    for (; i < n && i < best + 2 + (i == 0); i++) {
        double here =
            json_number_value(json_object_get(json_array_get(events, i), "validation_loss"));
        double there =
            json_number_value(json_object_get(json_array_get(events, best), "validation_loss"));
        best = here < there ? i : best;
        if (i == best + 2)
            break;
    }
    assert_true(n == 12 || n == best + 3);
    json_decref(events);
}

/* The averaged weights are the ones that are judged and kept. */
static void test_average_is_kept(void **state)
{
    (void)state;
    const char *const *set = SET("train.ema=0.9", "train.keep=last");
    train_whole(set, "mean");
    train_whole(SET("train.keep=last"), "plain");
    json_t *events[2] = {epochs_of("mean"), epochs_of("plain")};
    const json_t *a = json_array_get(events[0], 2), *b = json_array_get(events[1], 2);
    assert_true(json_number_value(json_object_get(a, "train_loss")) ==
                json_number_value(json_object_get(b, "train_loss")));
    assert_true(json_number_value(json_object_get(a, "validation_loss")) !=
                json_number_value(json_object_get(b, "validation_loss")));
    json_t *result = result_of("mean");
    assert_true(json_number_value(json_object_get(json_object_get(result, "validation"), "loss")) ==
                json_number_value(json_object_get(a, "validation_loss")));
    json_decref(result);
    json_decref(events[0]);
    json_decref(events[1]);
}

/* ---- the rate range test ----------------------------------------------------------------------
 */

static void test_lrfind(void **state)
{
    (void)state;
    hem_lrfind_options options = hem_lrfind_options_default();
    hem_lrfind_result first, second;
    hem_error err;
    hem_spec *spec =
        spec_with(SET("train.optimizer={sgd: {learning_rate: 0.1}}", "train.batch=all"));
    options.from = 1e-3;
    options.to = 1000;
    options.steps = 80;
    assert_int_equal(hem_lrfind(context, spec, &options, &first, &err), HEM_OK);
    assert_int_equal(hem_lrfind(context, spec, &options, &second, &err), HEM_OK);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.points, second.points, first.n * sizeof *first.points);
    assert_true(first.points[0].rate == 1e-3 && first.points[0].loss == first.points[0].smoothed);
    for (size_t i = 1; i < first.n; i++) {
        double ratio = first.points[i].rate / first.points[i - 1].rate;
        assert_true(fabs(ratio / pow(1e6, 1 / 79.0) - 1) < 1e-9);
    }
    assert_true(first.falls && first.steepest > 0 && first.steepest < first.lowest);
    assert_true(first.suggestion <= first.points[first.lowest].rate / 10);
    assert_true(first.end != HEM_LRFIND_ALL && first.n < 80);
    hem_lrfind_release(&first);
    hem_lrfind_release(&second);
    options.to = options.from;
    assert_int_equal(hem_lrfind(context, spec, &options, &first, &err), HEM_ERR_USAGE);
    options.to = 2e-3;
    options.steps = 9;
    assert_int_equal(hem_lrfind(context, spec, &options, &first, &err), HEM_ERR_USAGE);
    assert_null(first.points);
    hem_spec_free(spec);
}

/* ---- what is kept -----------------------------------------------------------------------------
 */

static int kept_epoch(const char *directory)
{
    json_t *result = result_of(directory);
    int epoch = (int)json_integer_value(json_object_get(result, "kept_epoch"));
    json_decref(result);
    return epoch;
}

/* Index, from 1, of the first best of a key in the epochs' events. */
static int best_epoch(const char *directory, const char *key, double sign)
{
    json_t *events = epochs_of(directory);
    size_t best = 0;
    for (size_t i = 1; i < json_array_size(events); i++) {
        double here = json_number_value(json_object_get(json_array_get(events, i), key));
        double there = json_number_value(json_object_get(json_array_get(events, best), key));
        if (sign * here > sign * there)
            best = i;
    }
    json_decref(events);
    return (int)best + 1;
}

static void test_keep(void **state)
{
    (void)state;
    /* A rate this large makes the figures go up and down. */
    const char *rough = "train.optimizer={adam: {learning_rate: 0.2}}",
               *long_run = "train.epochs=8";
    train_whole(SET(rough, long_run), "k/loss");
    train_whole(SET(rough, long_run, "train.keep=best validation accuracy"), "k/accuracy");
    train_whole(SET(rough, long_run, "train.keep=last"), "k/last");
    int best_loss = best_epoch("k/loss", "validation_loss", -1);
    assert_true(best_loss < 8); /* else this test shows nothing */
    assert_int_equal(kept_epoch("k/loss"), best_loss);
    assert_int_equal(kept_epoch("k/accuracy"), best_epoch("k/accuracy", "validation_accuracy", 1));
    assert_int_equal(kept_epoch("k/last"), 8);
    /* The kept model's validation figures are those of its epoch. */
    json_t *result = result_of("k/loss"), *events = epochs_of("k/loss");
    json_t *event = json_array_get(events, (size_t)best_loss - 1);
    assert_true(json_number_value(json_object_get(event, "validation_loss")) ==
                json_number_value(json_object_get(json_object_get(result, "validation"), "loss")));
    json_decref(result);
    json_decref(events);
}

/* With a rate that changes no weight all epochs are equal: the first one is kept. */
static void test_keep_ties(void **state)
{
    (void)state;
    const char *still = "train.optimizer={sgd: {learning_rate: 1e-30}}";
    const char *no_penalty = "model.4.dense.l2=0";
    train_whole(SET(still, no_penalty), "ties/loss");
    train_whole(SET(still, no_penalty, "train.keep=best validation accuracy"), "ties/accuracy");
    assert_int_equal(kept_epoch("ties/loss"), 1);
    assert_int_equal(kept_epoch("ties/accuracy"), 1);
}

/* ---- divergence -------------------------------------------------------------------------------
 */

static void expect_diverged(const char *directory, const char *const *set)
{
    hem_train_result result;
    hem_error err;
    hem_net *net;
    char path[128];
    assert_int_equal(train(set, directory, NULL, &result, &err), HEM_ERR_DIVERGED);
    print_message("%s\n%s\n", err.text, err.hint);
    assert_non_null(strstr(err.text, "epoch "));
    assert_non_null(strstr(err.text, "step "));
    assert_string_equal(result.directory, directory);
    hem_train_result_release(&result);
    snprintf(path, sizeof path, "%s/model.safetensors", directory);
    assert_int_equal(hem_net_load(context, path, &net, NULL), HEM_OK); /* finite weights */
    hem_net_free(net);
    json_t *json = result_of(directory);
    assert_true(json_is_true(json_object_get(json, "diverged")));
    assert_true(json_is_string(json_object_get(json, "why")));
    json_decref(json);
    assert_int_equal(resume(directory, NULL, &result, &err), HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "diverged"));
}

static void test_divergence(void **state)
{
    (void)state;
    /* Every step multiplies the dense weights by 1 - 2 * 1000 * 1. */
    const char *wild = "train.optimizer={sgd: {learning_rate: 1000}}";
    const char *penalty = "model.4.dense.l2=1", *epochs = "train.epochs=30";
    expect_diverged("d/loss", SET(wild, penalty, epochs, "train.batch=16"));
    expect_diverged("d/last", SET(wild, penalty, epochs, "train.keep=last"));
    /* One step an epoch, whose own update breaks the weights: no later step would see it. */
    expect_diverged("d/weights", SET(wild, penalty, epochs, "train.batch=all", "train.keep=last",
                                     "validation=none"));
}

static void test_divergence_after_resume(void **state)
{
    (void)state;
    static const volatile int stop = 1;
    hem_train_result result;
    const char *wild = "train.optimizer={sgd: {learning_rate: 1000}}";
    const char *penalty = "model.4.dense.l2=1";
    hem_status whole = train(SET(wild, penalty, "train.epochs=6"), "dr/whole", NULL, &result, NULL);
    hem_train_result_release(&result);
    hem_status status =
        train(SET(wild, penalty, "train.epochs=6"), "dr/parts", &stop, &result, NULL);
    while (status == HEM_INTERRUPTED) {
        hem_train_result_release(&result);
        status = resume("dr/parts", &stop, &result, NULL);
    }
    hem_train_result_release(&result);
    assert_int_equal(whole, HEM_ERR_DIVERGED);
    assert_int_equal(status, whole);
    json_t *x = result_of("dr/whole"), *y = result_of("dr/parts");
    /* Where they are is part of no text but the hint. */
    assert_true(json_equal(x, y));
    json_decref(x);
    json_decref(y);
}

static void put_aside_first(void *user, const char *directory, const hem_net *net,
                            const hem_data *data)
{
    (void)user, (void)net, (void)data;
    assert_string_equal(directory, "dz/whole");
    copy_file("dz/whole/checkpoint.safetensors", "first");
}

/* A run that was killed before its first step and then diverges in its first epoch keeps what the
 * unbroken one does: the initial weights, not an average of no step. */
static void test_divergence_from_the_first_checkpoint(void **state)
{
    (void)state;
    hem_train_result result;
    hem_train_options options = hem_train_options_default();
    options.directory = "dz/whole";
    options.callbacks.started = put_aside_first;
    hem_spec *spec = spec_with(SET("train.optimizer={sgd: {learning_rate: 1000}}",
                                   "model.4.dense.l2=1", "train.batch=4", "train.ema=0.9"));
    assert_int_equal(hem_train(context, spec, &options, &result, NULL), HEM_ERR_DIVERGED);
    hem_spec_free(spec);
    hem_train_result_release(&result);
    json_t *whole = result_of("dz/whole");
    assert_int_equal(json_integer_value(json_object_get(whole, "kept_epoch")), 0);
    assert_int_equal(unlink("dz/whole/result.json"), 0);
    assert_int_equal(rename("first", "dz/whole/checkpoint.safetensors"), 0);
    assert_int_equal(resume("dz/whole", NULL, &result, NULL), HEM_ERR_DIVERGED);
    hem_train_result_release(&result);
    json_t *resumed = result_of("dz/whole");
    assert_true(json_equal(whole, resumed));
    json_decref(whole);
    json_decref(resumed);
}

/* ---- initial weights --------------------------------------------------------------------------
 */

static void test_init(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    hem_train_options options = hem_train_options_default();
    train_whole(NULL, "i/first");
    train_whole(SET("model.0.conv.filters=4"), "i/other");
    hem_spec *spec = spec_with(SET("train.optimizer={sgd: {learning_rate: 1e-30}}",
                                   "model.4.dense.l2=0", "train.epochs=1"));
    /* Weights that do not move are the initial ones. */
    options.directory = "i/second";
    options.init_model = "i/first/model.safetensors";
    assert_int_equal(hem_train(context, spec, &options, &result, &err), HEM_OK);
    hem_train_result_release(&result);
    json_t *a = result_of("i/first"), *b = result_of("i/second");
    assert_string_equal(json_string_value(json_object_get(a, "weights_sha256")),
                        json_string_value(json_object_get(b, "weights_sha256")));
    json_decref(a);
    json_decref(b);
    options.directory = "i/third";
    options.init_model = "i/other/model.safetensors";
    assert_int_equal(hem_train(context, spec, &options, &result, &err), HEM_ERR_MODEL);
    assert_non_null(strstr(err.text, "'conv1.weight' is 4x1x3x3 in this model, 3x1x3x3"));
    assert_false(hem__is_directory("i/third"));
    options.init_model = "i/none";
    assert_int_equal(hem_train(context, spec, &options, &result, &err), HEM_ERR_MODEL);
    hem_spec_free(spec);
}

/* ---- directories ------------------------------------------------------------------------------
 */

static size_t count_entries(const char *path)
{
    size_t n = 0;
    DIR *entries = opendir(path);
    assert_non_null(entries);
    for (struct dirent *e; (e = readdir(entries)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(entries);
    return n;
}

static void test_directories(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    train_whole(SET("train.epochs=1"), NULL);
    train_whole(SET("train.epochs=1"), NULL);
    train_whole(SET("train.epochs=1", "train.seed=5"), NULL);
    assert_true(hem__is_directory("runs/small-s0-1"));
    assert_true(hem__is_directory("runs/small-s0-2"));
    assert_true(hem__is_directory("runs/small-s5-1"));
    assert_int_equal(count_entries("runs"), 3);

    assert_int_equal(train(NULL, "runs/small-s0-1", NULL, &result, &err), HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "exists already"));
    assert_int_equal(train(NULL, "runs/small-s0-1/", NULL, &result, &err), HEM_ERR_USAGE);
    assert_int_equal(train(NULL, "", NULL, &result, &err), HEM_ERR_USAGE);
    train_whole(SET("train.epochs=1"), "runs/new/folders/");
    assert_true(hem__is_file("runs/new/folders/result.json"));

    char *far = malloc(600);
    assert_non_null(far);
    memset(far, 'x', 599);
    for (size_t i = 9; i < 599; i += 10)
        far[i] = '/';
    far[599] = '\0';
    assert_int_equal(train(NULL, far, NULL, &result, &err), HEM_ERR_USAGE);
    free(far);

    FILE *file = fopen("file", "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(train(NULL, "file/run", NULL, &result, &err), HEM_ERR_IO);
    assert_int_equal(train(NULL, "/proc/run", NULL, &result, &err), HEM_ERR_IO);

    assert_int_equal(resume("nowhere", NULL, &result, &err), HEM_ERR_USAGE);
    assert_int_equal(mkdir("empty", 0777), 0);
    assert_int_equal(resume("empty", NULL, &result, &err), HEM_ERR_USAGE);
    assert_int_equal(count_entries("empty"), 0);
}

static void test_no_room(void **state)
{
    (void)state;
    hem__run run = {.lock = -1};
    hem_error err;
    assert_int_equal(hem__directory_stage(&run, "room/run", 1ULL << 62, &err), HEM_ERR_IO);
    assert_non_null(strstr(err.text, "not enough space"));
    assert_false(run.staged);
    assert_int_equal(count_entries("room"), 0);
}

static void test_the_file_as_given(void **state)
{
    (void)state;
    unsigned char *text;
    size_t n;
    hem_spec *spec = spec_with(SET("train.epochs=1"));
    hem_train_options options = hem_train_options_default();
    hem_train_result result;
    options.directory = "given";
    options.has_seed = true;
    options.seed = 42;
    assert_int_equal(hem_train(context, spec, &options, &result, NULL), HEM_OK);
    hem_train_result_release(&result);
    assert_int_equal(hem__file_read("given/experiment.yaml", 1 << 20, HEM_ERR_IO, &text, &n, NULL),
                     HEM_OK);
    assert_string_equal((char *)text, experiment);
    free(text);
    hem_spec *resolved;
    assert_int_equal(hem_spec_load("given/resolved.yaml", NULL, 0, &resolved, NULL), HEM_OK);
    assert_int_equal(hem_spec_epochs(resolved), 1);
    assert_true(hem_spec_seed(resolved) == 42);
    hem_spec_free(resolved);
    hem_spec_free(spec);
}

/* ---- what a resumed run may not change --------------------------------------------------------
 */

static void interrupted_run(const char *directory, const char *const *set)
{
    static const volatile int stop = 1;
    hem_train_result result;
    assert_int_equal(train(set, directory, &stop, &result, NULL), HEM_INTERRUPTED);
    hem_train_result_release(&result);
}

static void test_changed_keys(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    hem_train_options options = hem_train_options_default();
    interrupted_run("c", NULL);
    static const char *const changes[] = {"train.batch=32", "model.0.conv.filters=4",
                                          "train.optimizer.adam.learning_rate=0.5", "train.seed=1",
                                          "train.keep=last"};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        assert_int_equal(hem_resume(context, "c", &changes[i], 1, &options, &result, &err),
                         HEM_ERR_USAGE);
        assert_non_null(strstr(err.text, "cannot change"));
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)strcspn(changes[i], "="), changes[i]);
        assert_non_null(strstr(err.text, key));
    }
    /* The same by hand, in the file. */
    char *path = hem__path_join("c", "resolved.yaml");
    hem_spec *spec = spec_with(SET("train.batch=16"));
    char *text = hem_spec_resolved(spec);
    assert_int_equal(hem__file_write(path, text, strlen(text), NULL), HEM_OK);
    assert_int_equal(resume("c", NULL, &result, &err), HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "train.batch from 24 to 16"));
    /* Without it the checkpoint knows. */
    assert_int_equal(unlink(path), 0);
    resume_whole("c");
    train_whole(NULL, "c-whole");
    expect_same_run("c", "c-whole");
    free(text);
    free(path);
    hem_spec_free(spec);
}

static void test_another_tier(void **state)
{
    (void)state;
    hem_context_settings settings = hem_context_settings_default();
    hem_context *other, *own = context;
    hem_train_result result;
    hem_error err;
    settings.tier = "portable";
    if (strcmp(hem_context_tier(context), "portable") == 0)
        skip(); /* this machine has one tier only */
    interrupted_run("tier", NULL);
    assert_int_equal(hem_context_new(&settings, &other, NULL), HEM_OK);
    context = other;
    assert_int_equal(resume("tier", NULL, &result, &err), HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "bits may differ"));
    hem_train_options options = hem_train_options_default();
    options.any_tier = true;
    assert_int_equal(hem_resume(context, "tier", NULL, 0, &options, &result, &err), HEM_OK);
    hem_train_result_release(&result);
    context = own;
    hem_context_free(other);
}

/* A checkpoint of a version that computed a convolution otherwise. */
static void test_other_algorithms(void **state)
{
    (void)state;
    static const char path[] = "algorithms/checkpoint.safetensors";
    static const char was[] = "conv1=direct", other[] = "conv1=others";
    unsigned char *bytes, *at = NULL;
    size_t n;
    hem_train_result result;
    hem_error err;
    interrupted_run("algorithms", NULL);
    assert_int_equal(hem__file_read(path, 1 << 24, HEM_ERR_IO, &bytes, &n, NULL), HEM_OK);
    for (size_t i = 0; at == NULL && i + sizeof was <= n; i++)
        at = memcmp(bytes + i, was, sizeof was - 1) == 0 ? bytes + i : NULL;
    assert_non_null(at);
    memcpy(at, other, sizeof other - 1);
    assert_true(hem__st_repair_checksum(bytes, n));
    assert_int_equal(hem__file_write(path, bytes, n, NULL), HEM_OK);
    assert_int_equal(resume("algorithms", NULL, &result, &err), HEM_ERR_MODEL);
    assert_non_null(strstr(err.text, "other algorithms (conv1=others"));
    assert_non_null(strstr(err.hint, "--any-tier"));
    hem_train_options options = hem_train_options_default();
    options.any_tier = true;
    assert_int_equal(hem_resume(context, "algorithms", NULL, 0, &options, &result, &err), HEM_OK);
    hem_train_result_release(&result);
    free(bytes);
}

/* Four IDX files of n images with a first pixel of `pixel`. */
static void write_idx(const char *directory, unsigned n, unsigned char pixel)
{
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    assert_int_equal(hem__make_directories(directory, NULL), HEM_OK);
    for (int i = 0; i < 4; i++) {
        unsigned char head[16] = {
            0, 0, 8, i % 2 == 0 ? 3 : 1, 0, 0, 0, (unsigned char)n, 0, 0, 0, 6, 0, 0, 0, 6};
        char *path = hem__path_join(directory, names[i]);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        fwrite(head, 1, i % 2 == 0 ? 16 : 8, file);
        for (unsigned k = 0; k < n * (i % 2 == 0 ? 36 : 1); k++)
            fputc(i % 2 == 1 ? (int)(k % 10) : k == 0 ? pixel : (int)(k * 37 % 256), file);
        assert_int_equal(fclose(file), 0);
        free(path);
    }
}

static void test_other_data(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    write_idx("idx", 40, 7);
    interrupted_run("o", SET("data={idx: idx}", "train.batch=8"));
    write_idx("idx", 40, 8);
    assert_int_equal(resume("o", NULL, &result, &err), HEM_ERR_DATA);
    assert_non_null(strstr(err.text, "not the data that this run began with"));
    write_idx("idx", 40, 7);
    resume_whole("o");
}

static void test_lock(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    interrupted_run("l", NULL);
    FILE *lock = fopen("l/.lock", "r+");
    assert_non_null(lock);
    assert_int_equal(flock(fileno(lock), LOCK_EX | LOCK_NB), 0); /* the interrupted run let it go */
    assert_int_equal(resume("l", NULL, &result, &err), HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "another process"));
    fclose(lock);
    resume_whole("l");
}

/* ---- damaged checkpoints ----------------------------------------------------------------------
 */

static void test_fallback(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    train_whole(NULL, "f/whole");
    for (int way = 0; way < 3; way++) {
        char run[32], path[64], kept[64];
        snprintf(run, sizeof run, "f/run%d", way);
        snprintf(path, sizeof path, "%s/checkpoint.safetensors", run);
        snprintf(kept, sizeof kept, "%s/checkpoint.damaged.safetensors", run);
        static const volatile int stop = 1;
        interrupted_run(run, NULL);
        for (int i = 0; i < 5; i++) {
            assert_int_equal(resume(run, &stop, &result, &err), HEM_INTERRUPTED);
            hem_train_result_release(&result);
        }
        if (way == 0)
            damage(path);
        else if (way == 1)
            assert_int_equal(truncate(path, 100), 0);
        else
            assert_int_equal(unlink(path), 0);
        warning[0] = '\0';
        resume_whole(run);
        assert_non_null(strstr(warning, "checkpoint before it"));
        assert_int_equal(hem__is_file(kept), way < 2);
        expect_same_run("f/whole", run);
    }
}

static void test_no_good_checkpoint(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    interrupted_run("n", NULL);
    copy_file("n/checkpoint.safetensors", "good");
    damage("n/checkpoint.safetensors");
    damage("n/checkpoint.previous.safetensors");
    assert_int_equal(resume("n", NULL, &result, &err), HEM_ERR_MODEL);
    print_message("%s: %s\n%s\n", err.file, err.text, err.hint);
    assert_non_null(strstr(err.text, "damaged"));
    /* A model is no checkpoint. */
    hem_net *net;
    assert_int_equal(hem_net_load(context, "good", &net, &err), HEM_ERR_MODEL);
    assert_non_null(strstr(err.text, "this is a checkpoint, not a model"));
    copy_file("good", "n/checkpoint.safetensors");
    resume_whole("n");
}

static void test_every_flipped_bit_of_a_checkpoint(void **state)
{
    (void)state;
    unsigned char *bytes;
    size_t n;
    hem__st_file file;
    interrupted_run("b", SET("data.synthetic.height=8", "data.synthetic.width=8"));
    assert_int_equal(
        hem__file_read("b/checkpoint.safetensors", 1 << 24, HEM_ERR_IO, &bytes, &n, NULL), HEM_OK);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        hem_status status = hem__st_parse(bytes, n, "c", &file, NULL);
        if (status == HEM_OK) {
            status = hem__model_check(&file, "c", "checkpoint", NULL, NULL);
            hem__st_release(&file);
        }
        assert_int_equal(status, HEM_ERR_MODEL);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < n; cut++)
        assert_int_equal(hem__st_parse(bytes, cut, "c", &file, NULL), HEM_ERR_MODEL);
    free(bytes);
}

/* ---- events -----------------------------------------------------------------------------------
 */

static void expect_events(const char *text, const char *names, size_t resumed)
{
    hem__str found = {0};
    json_t *events;
    size_t count;
    assert_int_equal(hem__file_write("events", text, strlen(text), NULL), HEM_OK);
    assert_int_equal(hem__events_read("events", &events, &count, NULL), HEM_OK);
    for (size_t i = 0; i < json_array_size(events); i++)
        hem__str_printf(&found, "%s ",
                        json_string_value(json_object_get(json_array_get(events, i), "event")));
    char *list = hem__str_take(&found);
    assert_string_equal(list, names);
    assert_int_equal(count, resumed);
    free(list);
    json_decref(events);
}

/* What a killed process left goes; what it does not know stays. */
static void test_tidy(void **state)
{
    (void)state;
    static const char *const names[] = {"tidy/.checkpoint.safetensors.tmp-12-0000abcd",
                                        "tidy/checkpoint.previous.safetensors.new",
                                        "tidy/notes.txt"};
    interrupted_run("tidy", NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(hem__file_write(names[i], "x", 1, NULL), HEM_OK);
    resume_whole("tidy");
    assert_false(hem__is_file(names[0]));
    assert_false(hem__is_file(names[1]));
    assert_true(hem__is_file(names[2]));
}

static void test_reading_events(void **state)
{
    (void)state;
    json_t *events;
    expect_events("", "", 0);
    expect_events("{\"event\": \"a\", \"step\": 0}\n{\"event\": \"b\", \"step\": 5}\n", "a b ", 0);
    /* torn, closed, or not ours */
    expect_events("{\"event\": \"a\", \"step\": 0}\n{\"event\": \"b\", \"st", "a ", 0);
    expect_events("{\"event\": \"a\", \"step\": 0}\n{\"eve\n{\"event\": \"c\", \"step\": 2}\n",
                  "a c ", 0);
    expect_events("{\"event\": \"a\", \"step\": 0}\n\n17\n[]\n\xff\n{\"event\": \"c\"}\n", "a c ",
                  0);
    /* resumed: events at or past the step go, earlier ones stay */
    expect_events("{\"event\": \"a\", \"step\": 3}\n{\"event\": \"b\", \"step\": 4}\n"
                  "{\"event\": \"resumed\", \"step\": 4, \"from_step\": 4}\n"
                  "{\"event\": \"c\", \"step\": 4}\n",
                  "a resumed c ", 1);
    expect_events("{\"event\": \"a\", \"step\": 3}\n"
                  "{\"event\": \"resumed\", \"step\": 4, \"from_step\": 4}\n"
                  "{\"event\": \"resumed\", \"step\": 2, \"from_step\": 2}\n",
                  "resumed ", 2);
    assert_int_equal(hem__events_read("no-such-file", &events, NULL, NULL), HEM_OK);
    assert_int_equal(json_array_size(events), 0);
    json_decref(events);
}

static void test_torn_line_is_closed(void **state)
{
    (void)state;
    hem__json json;
    assert_int_equal(hem__file_write("torn", "{\"event\": \"a\", \"ste", 19, NULL), HEM_OK);
    hem__event_open(&json, "b", 1);
    hem__json_number(&json, "x", (double)NAN);
    assert_int_equal(hem__event_append(&json, "torn", NULL), HEM_OK);
    json_t *events;
    assert_int_equal(hem__events_read("torn", &events, NULL, NULL), HEM_OK);
    assert_int_equal(json_array_size(events), 1);
    assert_true(json_is_null(json_object_get(json_array_get(events, 0), "x")));
    json_decref(events);
}

/* ---- callbacks --------------------------------------------------------------------------------
 */

typedef struct seen {
    int started, epochs;
    hem_epoch last;
} seen;

static void on_started(void *user, const char *directory, const hem_net *net, const hem_data *data)
{
    assert_string_equal(directory, "cb");
    assert_non_null(net);
    assert_non_null(data);
    ((seen *)user)->started++;
}

static void on_epoch(void *user, const hem_epoch *epoch)
{
    seen *s = user;
    assert_int_equal(epoch->epoch, ++s->epochs);
    s->last = *epoch;
}

static void on_progress(void *user, int epoch, int epochs, size_t step, size_t steps, double loss,
                        double accuracy, double images_per_second)
{
    (void)user;
    (void)images_per_second;
    assert_true(epoch >= 1 && epoch <= epochs && step >= 1 && step <= steps);
    assert_true(loss > 0 && accuracy >= 0 && accuracy <= 1);
}

static void test_callbacks(void **state)
{
    (void)state;
    seen s = {0};
    hem_train_result result;
    hem_train_options options = hem_train_options_default();
    hem_spec *spec = spec_with(NULL);
    options.directory = "cb";
    options.callbacks = (hem_train_callbacks){on_started, on_progress, on_epoch, &s};
    assert_int_equal(hem_train(context, spec, &options, &result, NULL), HEM_OK);
    assert_int_equal(s.started, 1);
    assert_int_equal(s.epochs, 3);
    assert_int_equal(s.last.epochs, 3);
    assert_true(s.last.penalty > 0);
    assert_true(s.last.train_accuracy * 80 == round(s.last.train_accuracy * 80));
    hem_train_result_release(&result);
    hem_spec_free(spec);
}

static void test_no_step(void **state)
{
    (void)state;
    hem_train_result result;
    hem_error err;
    assert_int_equal(
        train(SET("train.batch=81", "train.last_batch=drop"), "ns", NULL, &result, &err),
        HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "leaves no step"));
    assert_false(hem__is_directory("ns"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_result),
        TEST(test_resume_at_every_step),
        TEST(test_resume_on_other_threads),
        TEST(test_any_number_of_threads),
        TEST(test_any_exact_tier),
        TEST(test_more_epochs),
        TEST(test_more_epochs_of_a_schedule),
        TEST(test_early_stopping),
        TEST(test_average_is_kept),
        TEST(test_lrfind),
        TEST(test_keep),
        TEST(test_keep_ties),
        TEST(test_divergence),
        TEST(test_divergence_after_resume),
        TEST(test_divergence_from_the_first_checkpoint),
        TEST(test_init),
        TEST(test_directories),
        TEST(test_no_room),
        TEST(test_the_file_as_given),
        TEST(test_changed_keys),
        TEST(test_another_tier),
        TEST(test_other_algorithms),
        TEST(test_other_data),
        TEST(test_lock),
        TEST(test_fallback),
        TEST(test_no_good_checkpoint),
        TEST(test_every_flipped_bit_of_a_checkpoint),
        TEST(test_tidy),
        TEST(test_reading_events),
        TEST(test_torn_line_is_closed),
        TEST(test_callbacks),
        TEST(test_no_step),
    };
    return cmocka_run_group_tests_name("train", tests, NULL, NULL);
}

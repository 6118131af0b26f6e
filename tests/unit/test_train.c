/* Training runs: what they write, kept by the rules, ended early or by divergence. Small networks
 * on drawn data. */
#include "unit/support_train.h"

#include <dirent.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "net/model.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_result),
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
        TEST(test_callbacks),
        TEST(test_no_step),
    };
    return cmocka_run_group_tests_name("train", tests, NULL, NULL);
}

/* Training runs that are interrupted: resumed to the same bits, also from damaged checkpoints, and
 * refused where anything has changed. */
#include "unit/support_train.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "net/model.h"

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

/* ---- what a resumed run may not change --------------------------------------------------------
 */

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

/* Weights in an order of an earlier version: not even --any-tier goes on. */
static void test_other_storage(void **state)
{
    (void)state;
    static const char path[] = "storage/checkpoint.safetensors", was[] = "hemline.storage";
    unsigned char *bytes, *at = NULL;
    size_t n;
    hem_train_result result;
    hem_error err;
    hem_train_options options = hem_train_options_default();
    options.any_tier = true;
    interrupted_run("storage", NULL);
    assert_int_equal(hem__file_read(path, 1 << 24, HEM_ERR_IO, &bytes, &n, NULL), HEM_OK);
    for (size_t i = 0; at == NULL && i + sizeof was <= n; i++)
        at = memcmp(bytes + i, was, sizeof was - 1) == 0 ? bytes + i : NULL;
    assert_non_null(at);
    at[sizeof was - 2] = 'f'; /* as before there was one */
    assert_true(hem__st_repair_checksum(bytes, n));
    assert_int_equal(hem__file_write(path, bytes, n, NULL), HEM_OK);
    assert_int_equal(hem_resume(context, "storage", NULL, 0, &options, &result, &err),
                     HEM_ERR_MODEL);
    assert_non_null(strstr(err.text, "in another order"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_resume_at_every_step),
        TEST(test_resume_on_other_threads),
        TEST(test_any_number_of_threads),
        TEST(test_any_exact_tier),
        TEST(test_more_epochs),
        TEST(test_more_epochs_of_a_schedule),
        TEST(test_changed_keys),
        TEST(test_another_tier),
        TEST(test_other_algorithms),
        TEST(test_other_storage),
        TEST(test_other_data),
        TEST(test_lock),
        TEST(test_fallback),
        TEST(test_no_good_checkpoint),
        TEST(test_every_flipped_bit_of_a_checkpoint),
    };
    return cmocka_run_group_tests_name("train_resume", tests, NULL, NULL);
}

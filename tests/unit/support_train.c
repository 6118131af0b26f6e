#include "unit/support_train.h"

#include <unistd.h>

#include "base/file.h"
#include "train/events.h"

hem_context *context;
char warning[1024];
static char folder[64], home[4096];

static void log_line(void *user, hem_log_level level, const char *line)
{
    (void)user;
    if (level == HEM_LOG_WARNING)
        snprintf(warning, sizeof warning, "%s", line);
}

int enter(void **state)
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

int leave(void **state)
{
    (void)state;
    hem_context_free(context);
    assert_int_equal(chdir(home), 0);
    support_remove(folder);
    return 0;
}

const char experiment[] = "name: small\n"
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

hem_spec *spec_with(const char *const *set)
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

hem_status train(const char *const *set, const char *directory, const volatile int *stop,
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

hem_status resume(const char *directory, const volatile int *stop, hem_train_result *out,
                  hem_error *err)
{
    hem_train_options options = hem_train_options_default();
    options.stop = stop;
    return hem_resume(context, directory, NULL, 0, &options, out, err);
}

json_t *result_of(const char *directory)
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

json_t *epochs_of(const char *directory)
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

void expect_same_run(const char *a, const char *b)
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

void train_whole(const char *const *set, const char *directory)
{
    hem_train_result result;
    hem_error err;
    if (train(set, directory, NULL, &result, &err) != HEM_OK)
        fail_msg("%s", err.text);
    hem_train_result_release(&result);
}

void resume_whole(const char *directory)
{
    hem_train_result result;
    hem_error err;
    if (resume(directory, NULL, &result, &err) != HEM_OK)
        fail_msg("%s", err.text);
    hem_train_result_release(&result);
}

void interrupted_run(const char *directory, const char *const *set)
{
    static const volatile int stop = 1;
    hem_train_result result;
    assert_int_equal(train(set, directory, &stop, &result, NULL), HEM_INTERRUPTED);
    hem_train_result_release(&result);
}

void copy_file(const char *from, const char *to)
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

void damage(const char *path)
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

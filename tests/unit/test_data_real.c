/* The real Fashion-MNIST, where the system package has it: counts, first labels, and the unpacked
 * copy in the cache, whole and damaged. Without the package the tests are skipped, and say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "data/cache.h"
#include "unit/support_data.h"

static const char system_folder[] = "/usr/share/datasets/fashion-mnist";

static void need_real_data(void)
{
    if (hem__set_is_in(system_folder, HEM__FORM_ANY))
        return;
    print_message("skipped: %s is not there (package dataset-fashion-mnist)\n", system_folder);
    skip();
}

static hem_data *open_cached(const char *cache, data_log *log)
{
    hem_spec spec = data_spec(HEM__DATA_FASHION_MNIST);
    char expect[] = "fashion-mnist";
    spec.data.expect = expect;
    spec.validation.kind = HEM__VALIDATION_FIRST;
    spec.validation.count = 5000;
    hem_data_options options = {.cache = cache, .log = data_log_line, .log_user = log};
    memset(log, 0, sizeof *log);
    hem_data *data;
    hem_error err = {.status = HEM_OK};
    if (hem_data_open(&spec, &options, &data, &err) != HEM_OK)
        fail_msg("%s: %s", err.file, err.text);
    return data;
}

static void is_fashion_mnist(const hem_data *data)
{
    static const int first_train[5] = {9, 0, 0, 3, 0}, first_test[5] = {9, 2, 1, 1, 6};
    hem_data_info info = hem_data_get_info(data);
    assert_string_equal(info.name, "fashion-mnist");
    assert_int_equal(info.n[HEM_TRAIN], 55000);
    assert_int_equal(info.n[HEM_VALIDATION], 5000);
    assert_int_equal(info.n[HEM_TEST], 10000);
    assert_int_equal(info.n_classes, 10);
    assert_string_equal(info.class_names[9], "Ankle boot");
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(hem_data_label(data, HEM_VALIDATION, i), first_train[i]);
        assert_int_equal(hem_data_label(data, HEM_TEST, i), first_test[i]);
    }
    size_t sum = 0; /* the mean pixel of the training file is 72.94 of 255 */
    for (size_t i = 0; i < (size_t)60000 * 784; i++)
        sum += data->files[0].pixels[i];
    assert_int_equal(sum / 470400, 7294);
    assert_string_equal(info.sha256,
                        "697249e9d1e87d6b2c6a738e828c890264cffecccb13840d472e3585751a5582");
}

static void second_start_maps_the_cache(void **state)
{
    (void)state;
    need_real_data();
    char *cache = data_folder();
    data_log log;
    hem_data *data = open_cached(cache, &log);
    is_fashion_mnist(data);
    assert_string_equal(hem_data_get_info(data).source, system_folder);
    assert_null(data->mapping[0]);
    assert_non_null(strstr(log.text, "kept an unpacked copy"));
    hem_data_free(data);

    double start = hem__now();
    data = open_cached(cache, &log);
    print_message("second start: %.1f ms\n", 1000 * (hem__now() - start));
    is_fashion_mnist(data);
    assert_string_equal(hem_data_get_info(data).source, data_path(cache, "fashion-mnist"));
    assert_non_null(data->mapping[0]);
    assert_non_null(data->mapping[1]);
    assert_int_equal(log.n_lines, 0);
    hem_data_free(data);
    data_folder_remove(cache);
}

static void flip(const char *path, long at)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 4, file), byte ^ 4);
    assert_int_equal(fclose(file), 0);
}

/* One flipped bit: noticed, said, made again. */
static void damaged_cache_is_made_again(void **state)
{
    (void)state;
    need_real_data();
    char *cache = data_folder();
    data_log log;
    hem_data_free(open_cached(cache, &log));
    flip(data_path(cache, "fashion-mnist/train-images-idx3-ubyte"), 12345678);
    hem_data *data = open_cached(cache, &log);
    assert_non_null(strstr(log.text, "train-images-idx3-ubyte' is damaged"));
    is_fashion_mnist(data);
    hem_data_free(data);
    data = open_cached(cache, &log);
    assert_int_equal(log.n_lines, 0);
    assert_non_null(data->mapping[0]);
    hem_data_free(data);

    /* Shorter, another kind of file, gone: seen before anything is mapped. */
    char *folder = strdup(data_path(cache, "fashion-mnist"));
    char *path = strdup(data_path(folder, "t10k-labels-idx1-ubyte"));
    const hem__known *known = hem__known_by_name("fashion-mnist");
    hem__set set;
    assert_true(hem__cache_open(folder, known, NULL, &set));
    hem__set_release(&set);
    assert_int_equal(truncate(path, 1000), 0);
    assert_false(hem__cache_open(folder, known, NULL, &set));
    assert_int_equal(unlink(path), 0);
    assert_false(hem__cache_open(folder, known, NULL, &set));
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(hem__cache_open(folder, known, NULL, &set)); /* and does not wait for a writer */
    free(path);
    free(folder);
    data_folder_remove(cache);
}

/* A cache that cannot be written is no reason to stop. */
static void unwritable_cache_is_only_noted(void **state)
{
    (void)state;
    need_real_data();
    data_log log;
    hem_data *data = open_cached("/proc/self/nowhere", &log);
    is_fashion_mnist(data);
    hem_data_free(data);
    assert_non_null(strstr(log.text, "cannot keep an unpacked copy"));
}

/* A damaged download in the cache: noted, and the system package is read. */
static void damaged_download_is_passed_over(void **state)
{
    (void)state;
    need_real_data();
    char *cache = data_folder(), *folder = strdup(data_path(cache, "fashion-mnist"));
    assert_int_equal(mkdir(folder, 0700), 0);
    data_write_set(folder, true); /* whole, but not Fashion-MNIST */
    for (int i = 0; i < 2; i++) {
        data_log log;
        hem_data *data = open_cached(cache, &log);
        assert_non_null(strstr(log.text, "damaged and passed over"));
        is_fashion_mnist(data);
        hem_data_free(data);
        data_write(data_path(folder, "t10k-images-idx3-ubyte.gz"), "\x1f\x8b\x08", 3);
        assert_int_equal(unlink(data_path(folder, "t10k-images-idx3-ubyte")), 0);
    }
    free(folder);
    data_folder_remove(cache);
}

static void two_programs_fill_the_cache(void **state)
{
    (void)state;
    need_real_data();
    char *cache = data_folder();
    data_log log;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        hem_data_free(open_cached(cache, &log));
        _exit(0);
    }
    hem_data *data = open_cached(cache, &log);
    is_fashion_mnist(data);
    hem_data_free(data);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    data = open_cached(cache, &log);
    assert_non_null(data->mapping[0]);
    assert_int_equal(log.n_lines, 0);
    hem_data_free(data);
    data_folder_remove(cache);
}

/* A set with the labels of a shorter test: known images, unknown labels. */
static void mixed_set_is_named(void **state)
{
    (void)state;
    need_real_data();
    char *folder = data_folder();
    static const char *const names[4] = {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
                                         "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte"};
    for (int i = 0; i < 3; i++)
        assert_int_equal(symlink(data_path(system_folder, names[i]), data_path(folder, names[i])),
                         0);
    size_t n;
    unsigned char *labels = data_idx_labels(10000, 10, &n);
    data_write(data_path(folder, names[3]), labels, n);
    hem_spec spec = data_spec(HEM__DATA_FASHION_MNIST);
    data_log log = {.n_lines = 0};
    hem_data_options options = {.directory = folder, .log = data_log_line, .log_user = &log};
    hem_data *data;
    hem_error err;
    assert_int_equal(hem_data_open(&spec, &options, &data, &err), HEM_OK);
    assert_non_null(strstr(log.text, "test images: Fashion-MNIST, test labels: unknown"));
    hem_data_free(data);

    labels[8 + 4711] = 11;
    data_write(data_path(folder, names[3]), labels, n);
    spec.data.kind = HEM__DATA_IDX;
    spec.data.directory = folder;
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "label 11 in row 4711 (rows count from 0); allowed 0..9");
    free(labels);
    data_folder_remove(folder);
}

static void check_names_the_files(void **state)
{
    (void)state;
    need_real_data();
    char *cache = data_folder();
    hem_data_options options = {.cache = cache};
    hem_data_file files[4];
    hem_error err;
    assert_int_equal(hem_data_check(NULL, &options, files, &err), HEM_OK);
    assert_string_equal(files[0].identity, "Fashion-MNIST training images");
    assert_string_equal(files[3].identity, "Fashion-MNIST test labels");
    assert_int_equal(files[0].n, 60000);
    assert_int_equal(files[0].bytes, 47040016);
    data_folder_remove(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(second_start_maps_the_cache),
        cmocka_unit_test(damaged_cache_is_made_again),
        cmocka_unit_test(unwritable_cache_is_only_noted),
        cmocka_unit_test(damaged_download_is_passed_over),
        cmocka_unit_test(two_programs_fill_the_cache),
        cmocka_unit_test(mixed_set_is_named),
        cmocka_unit_test(check_names_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

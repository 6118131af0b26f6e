/* Opening the four files of a directory: names, counts, classes, identity, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/place.h"
#include "unit/support_data.h"

static hem_status open_idx(char *folder, data_log *log, hem_data **data, hem_error *err)
{
    hem_spec spec = data_spec(HEM__DATA_IDX);
    spec.data.directory = folder;
    hem_data_options options = {.log = data_log_line, .log_user = log};
    memset(err, 0, sizeof *err);
    memset(log, 0, sizeof *log);
    return hem_data_open(&spec, &options, data, err);
}

static void opens(char *folder)
{
    data_log log;
    hem_data *data;
    hem_error err;
    assert_int_equal(open_idx(folder, &log, &data, &err), HEM_OK);
    hem_data_info info = hem_data_get_info(data);
    assert_string_equal(info.name, "unknown");
    assert_string_equal(info.source, folder);
    assert_int_equal(info.height, 4);
    assert_int_equal(info.width, 3);
    assert_int_equal(info.channels, 1);
    assert_int_equal(info.n_classes, 3);
    assert_string_equal(info.class_names[2], "2");
    assert_int_equal(info.n[HEM_TRAIN], 12);
    assert_int_equal(info.n[HEM_VALIDATION], 0);
    assert_int_equal(info.n[HEM_TEST], 5);
    assert_false(info.synthetic);
    /* SHA-256 of the four files' hashes, each in hex, joined by line ends: computed with
     * Python's hashlib. */
    assert_string_equal(info.sha256,
                        "73f6978cea8b5a25ceaa78299a9da817b63dd26420e46ea97b1d519d0910cdc1");
    assert_int_equal(hem_data_label(data, HEM_TRAIN, 4), 1);
    assert_int_equal(hem_data_image(data, HEM_TRAIN, 1)[1], 7 * 13);
    assert_int_equal(hem_data_row(data, HEM_TEST, 4), 4);
    assert_null(hem_data_image(data, HEM_TEST, 5));
    assert_null(hem_data_image(data, HEM_VALIDATION, 0));
    assert_int_equal(hem_data_label(data, HEM_TRAIN, 12), -1);
    assert_non_null(strstr(log.text, "3 classes, by the largest training label"));
    hem_data_free(data);
}

static void opens_plain_and_gzip(void **state)
{
    (void)state;
    char *folder = data_folder();
    data_write_set(folder, true);
    opens(folder);
    data_write_set(folder, false); /* plain files come first */
    opens(folder);
    data_folder_remove(folder);
}

static void opens_dotted_names(void **state)
{
    (void)state;
    char *folder = data_folder();
    data_write_set(folder, false);
    assert_int_equal(rename(data_path(folder, "train-images-idx3-ubyte"),
                            data_path(folder, "train-images.idx3-ubyte")),
                     0);
    assert_int_equal(rename(data_path(folder, "t10k-labels-idx1-ubyte"),
                            data_path(folder, "t10k-labels.idx1-ubyte")),
                     0);
    opens(folder);
    data_folder_remove(folder);
}

/* Replaces one file by IDX labels or images, opens, expects an error with this word. */
static void refused(char *folder, const char *word)
{
    data_log log;
    hem_data *data;
    hem_error err;
    assert_int_equal(open_idx(folder, &log, &data, &err), HEM_ERR_DATA);
    assert_null(data);
    data_expect_error(&err, HEM_ERR_DATA, word);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    size_t n;
    char *folder = data_folder();
    data_write_set(folder, false);
    unsigned char *bytes = data_idx_labels(11, 3, &n);
    data_write(data_path(folder, "train-labels-idx1-ubyte"), bytes, n);
    free(bytes);
    refused(folder, "11 labels, but there are 12 images");

    data_write_set(folder, false);
    bytes = data_idx_images(5, 3, 4, 1, &n);
    data_write(data_path(folder, "t10k-images-idx3-ubyte"), bytes, n);
    free(bytes);
    refused(folder, "test images are 3 x 4 x 1");

    data_write_set(folder, false);
    bytes = data_idx_labels(5, 5, &n); /* class 3 was never seen in training */
    data_write(data_path(folder, "t10k-labels-idx1-ubyte"), bytes, n);
    free(bytes);
    refused(folder, "t10k-labels-idx1-ubyte: label 3 in row 3 (rows count from 0); allowed 0..2");

    data_write_set(folder, false);
    data_write(data_path(folder, "t10k-labels-idx1-ubyte"), "no labels", 9);
    refused(folder, "not an IDX file");

    assert_int_equal(unlink(data_path(folder, "t10k-labels-idx1-ubyte")), 0);
    refused(folder, "no file 't10k-labels-idx1-ubyte'");
    data_folder_remove(folder);
    char missing[] = "/nonexistent/folder", file[] = "/etc/passwd";
    refused(missing, "no such directory");
    refused(file, "not a directory");
}

static void expect_forbids_the_unknown(void **state)
{
    (void)state;
    char *folder = data_folder(), expect[] = "mnist";
    data_write_set(folder, false);
    hem_spec spec = data_spec(HEM__DATA_IDX);
    spec.data.directory = folder;
    spec.data.expect = expect;
    hem_data *data;
    hem_error err;
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA,
                      "these files are unknown; the experiment expects 'mnist'");
    data_folder_remove(folder);
}

/* Where Fashion-MNIST is asked for, other files are named and gone on with; labels beyond its ten
 * classes are refused with their row. */
static void names_other_data(void **state)
{
    (void)state;
    char *folder = data_folder();
    data_write_set(folder, false);
    hem_spec spec = data_spec(HEM__DATA_FASHION_MNIST);
    data_log log = {.n_lines = 0};
    hem_data_options options = {.directory = folder, .log = data_log_line, .log_user = &log};
    hem_data *data;
    hem_error err;
    assert_int_equal(hem_data_open(&spec, &options, &data, &err), HEM_OK);
    assert_int_equal(hem_data_get_info(data).n_classes, 10);
    assert_string_equal(hem_data_get_info(data).name, "unknown");
    assert_non_null(strstr(log.text, "these files are unknown, not Fashion-MNIST"));
    hem_data_free(data);

    size_t n;
    unsigned char *bytes = data_idx_labels(12, 12, &n);
    data_write(data_path(folder, "train-labels-idx1-ubyte"), bytes, n);
    free(bytes);
    assert_int_equal(hem_data_open(&spec, &options, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "label 10 in row 10 (rows count from 0); allowed 0..9");
    data_folder_remove(folder);
}

/* --data and HEMLINE_DATA are taken at their word: no other place is tried. */
static void named_places_are_final(void **state)
{
    (void)state;
    hem_spec spec = data_spec(HEM__DATA_FASHION_MNIST);
    hem_data_options options = {.directory = "/nonexistent/data"};
    hem_data *data;
    hem_error err;
    assert_int_equal(hem_data_open(&spec, &options, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "/nonexistent/data: --data names this place");
    assert_int_equal(setenv("HEMLINE_DATA", "/nonexistent/elsewhere", 1), 0);
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "/nonexistent/elsewhere: HEMLINE_DATA names this place");

    hem_data_place places[4];
    assert_int_equal(hem_data_places(&options, places, 4), 3);
    assert_string_equal(places[0].why, "--data");
    assert_false(places[0].found);
    for (int i = 0; i < 3; i++)
        assert_false(places[i].used);
    assert_int_equal(unsetenv("HEMLINE_DATA"), 0);
    assert_int_equal(hem_data_places(NULL, places, 1), 2);
    assert_string_equal(places[0].why, "cache");
}

static void says_how_to_get_missing_data(void **state)
{
    (void)state;
    char *folder = data_folder();
    const char *kept = hem__data_system_directory;
    hem__data_system_directory = "/nonexistent";
    hem_spec spec = data_spec(HEM__DATA_FASHION_MNIST);
    hem_data_options options = {.cache = folder};
    hem_data *data;
    hem_data_file files[4];
    hem_error err;
    assert_int_equal(hem_data_open(&spec, &options, &data, &err), HEM_ERR_DATA);
    assert_non_null(strstr(err.hint, "hemline data get fashion-mnist"));
    assert_non_null(strstr(err.hint, "dataset-fashion-mnist"));
    assert_int_equal(hem_data_check(NULL, &options, files, &err), HEM_ERR_DATA);
    assert_non_null(strstr(err.hint, "hemline data get fashion-mnist"));
    assert_int_equal(hem_data_open(&spec, &options, &data, NULL), HEM_ERR_DATA);
    hem__data_system_directory = kept;
    data_folder_remove(folder);
}

/* --data also takes the place of the folder that an experiment names, and says so. */
static void data_option_replaces_idx_folder(void **state)
{
    (void)state;
    char *folder = data_folder(), elsewhere[] = "/nonexistent";
    data_write_set(folder, true);
    hem_spec spec = data_spec(HEM__DATA_IDX);
    spec.data.directory = elsewhere;
    data_log log = {.n_lines = 0};
    hem_data_options options = {.directory = folder, .log = data_log_line, .log_user = &log};
    hem_data *data;
    assert_int_equal(hem_data_open(&spec, &options, &data, NULL), HEM_OK);
    assert_non_null(strstr(log.text, "is read instead of '/nonexistent'"));
    hem_data_free(data);
    data_folder_remove(folder);
}

static void check_reports_every_file(void **state)
{
    (void)state;
    char *folder = data_folder();
    data_write_set(folder, true);
    hem_data_file files[4];
    hem_error err;
    assert_int_equal(hem_data_check(folder, NULL, files, &err), HEM_OK);
    assert_string_equal(files[0].identity, "unknown");
    assert_int_equal(files[0].n, 12);
    assert_int_equal(files[0].bytes, 16 + 144);
    assert_int_equal(files[3].n, 5);
    assert_non_null(strstr(files[3].path, "t10k-labels-idx1-ubyte.gz"));
    assert_int_equal(strlen(files[3].sha256), 64);
    data_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_plain_and_gzip),
        cmocka_unit_test(opens_dotted_names),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(expect_forbids_the_unknown),
        cmocka_unit_test(names_other_data),
        cmocka_unit_test(named_places_are_final),
        cmocka_unit_test(says_how_to_get_missing_data),
        cmocka_unit_test(data_option_replaces_idx_folder),
        cmocka_unit_test(check_reports_every_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The report from inside: runs of other formats, text that would break a page, odd labels. What a
 * user sees of it is tested in tests/cli and tests/browser. */
#include "support.h"

#include <unistd.h>

#include "base/file.h"
#include "net/safetensors_checksum.h"
#include "report/report.h"

static const char experiment[] =
    "data: {synthetic: {train: 60, test: 30, height: 8, width: 8}}\n"
    "validation: {first: 10}\n"
    "model:\n"
    "  - flatten\n"
    "  - dense: {units: 10, activation: softmax}\n"
    "train: {epochs: 2, batch: 10, optimizer: {sgd: {learning_rate: 0.1}}}\n";

static hem_context *context;

static void make_run_for(const char *directory, uint64_t seed, const char *set)
{
    hem_spec *spec;
    hem_error err;
    hem_train_result result;
    hem_train_options options = hem_train_options_default();
    options.directory = directory;
    options.has_seed = true;
    options.seed = seed;
    assert_int_equal(hem_spec_parse(experiment, "a<b&\"c.yaml", &set, 1, &spec, &err), HEM_OK);
    assert_int_equal(hem_train(context, spec, &options, &result, &err), HEM_OK);
    hem_train_result_release(&result);
    hem_spec_free(spec);
}

static void make_run(const char *directory, uint64_t seed)
{
    make_run_for(directory, seed, "train.epochs=2");
}

static char *in(const char *folder, const char *name)
{
    char *path = hem__path_join(folder, name);
    assert_non_null(path);
    return path;
}

/* Names go into text and attributes: nothing of them may be markup. */
static void test_escaped(void **state)
{
    (void)state;
    char folder[64], out[512];
    unsigned char *page;
    size_t n;
    hem_error err;
    support_folder(folder);
    char *run = in(folder, "r<i>un");
    make_run(run, 0);
    const char *const runs[] = {run};
    assert_int_equal(hem_report_write(context, runs, 1, NULL, out, &err), HEM_OK);
    assert_int_equal(hem__file_read(out, 1 << 24, HEM_ERR_IO, &page, &n, &err), HEM_OK);
    assert_null(strstr((char *)page, "<i>"));
    assert_null(strstr((char *)page, "a<b"));
    assert_non_null(strstr((char *)page, "<h1>a&lt;b&amp;&quot;c</h1>"));
    assert_true(n < 1500000);
    free(page);
    free(run);
    support_remove(folder);
}

/* The model of a format that is not known: as hemline of another version would write it. */
static void test_other_format(void **state)
{
    (void)state;
    static const char key[] = "\"hemline.format\":\"1\"";
    char folder[64], digits[17];
    unsigned char *bytes;
    size_t n;
    hem_error err;
    support_folder(folder);
    char *run = in(folder, "r"), *model = in(run, "model.safetensors");
    make_run(run, 0);
    assert_int_equal(hem__file_read(model, 1 << 24, HEM_ERR_IO, &bytes, &n, &err), HEM_OK);
    unsigned char *at = memmem(bytes, n, key, sizeof key - 1);
    assert_non_null(at);
    at[sizeof key - 3] = '7';
    size_t place = hem__st_find_digits(bytes, n);
    assert_true(hem__st_hash(bytes, n, place, digits));
    memcpy(bytes + place, digits, 16);
    assert_int_equal(hem__file_write(model, bytes, n, &err), HEM_OK);
    free(bytes);
    const char *const runs[] = {run};
    assert_int_equal(hem_report_write(context, runs, 1, NULL, NULL, &err), HEM_ERR_MODEL);
    assert_non_null(strstr(err.text, "format '7' is not known"));
    free(model);
    free(run);
    support_remove(folder);
}

/* Seeds of one experiment are one group; labels tell groups of the same name apart. */
static void test_groups(void **state)
{
    (void)state;
    char folder[64];
    hem_error err;
    hem__records records;
    support_folder(folder);
    char *a = in(folder, "a"), *b = in(folder, "b/");
    make_run(a, 0);
    make_run(b, 1);
    const char *const runs[] = {a, b};
    assert_int_equal(hem__records_read(runs, 2, &records, &err), HEM_OK);
    assert_int_equal(records.n, 2);
    assert_int_equal(records.n_groups, 1);
    assert_int_equal(records.groups[0].n, 2);
    assert_string_equal(records.groups[0].label, "a<b&\"c");
    assert_string_equal(records.list[1].label, "b");
    assert_int_equal(records.list[0].n_epochs, 2);
    assert_int_equal(hem__record_kept(&records.list[0]), 2);
    double *values = hem__group_accuracies(&records, 0);
    assert_true(values[1] == records.list[1].result.parts[HEM_TEST].accuracy);
    free(values);
    hem__records_release(&records);
    free(a);
    free(b);
    support_remove(folder);
}

/* Experiments of one name are told apart by what was named: the study, not its first run; by more
 * of the path where its end is the same. */
static void test_labels_of_one_name(void **state)
{
    static const char *const places[] = {"slow", "fast", "other/fast"};
    (void)state;
    char folder[64];
    char *studies[3];
    hem_error err;
    hem__records records;
    support_folder(folder);
    char *above = in(folder, "other");
    assert_int_equal(hem__make_directories(above, &err), HEM_OK);
    for (int i = 0; i < 3; i++) {
        char set[64];
        studies[i] = in(folder, places[i]);
        assert_int_equal(hem__make_directories(studies[i], &err), HEM_OK);
        char *mark = in(studies[i], "study.json"), *run = in(studies[i], "s0");
        assert_int_equal(hem__file_write(mark, "{}", 2, &err), HEM_OK);
        snprintf(set, sizeof set, "train.optimizer.sgd.learning_rate=0.%d", i + 1);
        make_run_for(run, 0, set);
        free(mark);
        free(run);
    }
    assert_int_equal(hem__records_read((const char *const *)studies, 2, &records, &err), HEM_OK);
    assert_int_equal(records.n_groups, 2);
    assert_string_equal(records.groups[0].label, "slow");
    assert_string_equal(records.groups[1].label, "fast");
    hem__records_release(&records);
    assert_int_equal(hem__records_read((const char *const *)studies, 3, &records, &err), HEM_OK);
    assert_string_equal(records.groups[0].label, "slow");
    assert_string_equal(records.groups[2].label, "other/fast");
    hem__records_release(&records);
    for (int i = 0; i < 3; i++)
        free(studies[i]);
    free(above);
    support_remove(folder);
}

/* The same experiment with the same seed is the same run: it must not count as two. */
static void test_twins(void **state)
{
    (void)state;
    char folder[64];
    hem_error err;
    hem__records records;
    support_folder(folder);
    char *a = in(folder, "a"), *b = in(folder, "b"), *c = in(folder, "c");
    make_run(a, 0);
    make_run(b, 1);
    make_run(c, 0);
    const char *const runs[] = {a, b, c};
    assert_int_equal(hem__records_read(runs, 3, &records, &err), HEM_OK);
    assert_int_equal(records.n, 2);
    assert_int_equal(records.groups[0].n, 2);
    assert_string_equal(records.list[1].directory, b);
    assert_non_null(strstr(records.twins.text, c));
    hem__records_release(&records);
    free(a);
    free(b);
    free(c);
    support_remove(folder);
}

static int start(void **state)
{
    (void)state;
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = 1;
    return hem_context_new(&settings, &context, NULL) == HEM_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    hem_context_free(context);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escaped), cmocka_unit_test(test_other_format),
        cmocka_unit_test(test_groups),  cmocka_unit_test(test_labels_of_one_name),
        cmocka_unit_test(test_twins),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

/* Folds: a partition of the training files, with equal shares of the classes where asked for; views
 * share their pixels. */
#include "unit/support.h"

#include "data/data.h"
#include "data/fold.h"

static const char experiment[] =
    "data: {synthetic: {train: 103, test: 30, height: 10, width: 10}}\n"
    "validation: {first: 20}\n"
    "model: [flatten, dense: {units: 10, activation: softmax}]\n"
    "train: {epochs: 1, keep: best validation loss}\n";

static hem_data *open_with(const char *set)
{
    hem_spec *spec;
    hem_data *data;
    hem_error err;
    if (hem_spec_parse(experiment, "folds.yaml", &set, set != NULL, &spec, &err) != HEM_OK ||
        hem_data_open(spec, NULL, &data, &err) != HEM_OK)
        fail_msg("%s", err.text);
    hem_spec_free(spec);
    return data;
}

/* Cuts into folds; checks that they are a partition of all rows, and views as they should be. */
static void check_partition(const hem_data *data, hem_fold fold, int classes[][10])
{
    int seen[103] = {0};
    for (fold.fold = 1; fold.fold <= fold.folds; fold.fold++) {
        hem_data *view;
        assert_int_equal(hem_data_fold(data, &fold, &view, NULL), HEM_OK);
        hem_data_info info = hem_data_get_info(view);
        size_t n = 103 / (size_t)fold.folds;
        assert_in_range(info.n[HEM_VALIDATION], n, n + 1);
        assert_int_equal(info.n[HEM_TRAIN] + info.n[HEM_VALIDATION], 103);
        assert_int_equal(info.n[HEM_TEST], 30);
        assert_string_equal(info.sha256, hem_data_get_info(data).sha256);
        bool here[103] = {false};
        for (size_t i = 0; i < info.n[HEM_VALIDATION]; i++) {
            size_t row = hem_data_row(view, HEM_VALIDATION, i);
            assert_true(i == 0 || row > hem_data_row(view, HEM_VALIDATION, i - 1));
            seen[row]++;
            here[row] = true;
            classes[fold.fold - 1][hem_data_label(view, HEM_VALIDATION, i)]++;
            assert_ptr_equal(hem_data_image(view, HEM_VALIDATION, i),
                             data->files[0].pixels + row * 100);
        }
        for (size_t i = 0; i < info.n[HEM_TRAIN]; i++)
            assert_false(here[hem_data_row(view, HEM_TRAIN, i)]);
        hem_data_free(view);
    }
    for (size_t row = 0; row < 103; row++)
        assert_int_equal(seen[row], 1);
}

static void test_partition(void **state)
{
    (void)state;
    hem_data *data = open_with(NULL);
    int classes[103][10] = {{0}};
    check_partition(data, (hem_fold){.folds = 5, .seed = 3}, classes);
    memset(classes, 0, sizeof classes);
    check_partition(data, (hem_fold){.folds = 2}, classes);
    memset(classes, 0, sizeof classes);
    check_partition(data, (hem_fold){.folds = 103}, classes);
    hem_data_free(data);
}

static void test_stratified(void **state)
{
    (void)state;
    hem_data *data = open_with(NULL);
    int classes[103][10] = {{0}};
    check_partition(data, (hem_fold){.folds = 4, .stratify = true, .seed = 1}, classes);
    for (int c = 0; c < 10; c++) {
        int least = 1000, most = 0;
        for (int k = 0; k < 4; k++) {
            least = classes[k][c] < least ? classes[k][c] : least;
            most = classes[k][c] > most ? classes[k][c] : most;
        }
        assert_in_range(most - least, 0, 1);
    }
    hem_data_free(data);
}

/* The experiment file's way to the same rows. */
static void test_same_as_the_key(void **state)
{
    (void)state;
    for (int stratify = 0; stratify < 2; stratify++) {
        hem_data *data = open_with(NULL), *view;
        hem_data *opened =
            open_with(stratify ? "validation={fold: 2, of: 5, stratify: true, seed: 7}"
                               : "validation={fold: 2, of: 5, seed: 7}");
        hem_fold fold = {.fold = 2, .folds = 5, .stratify = stratify != 0, .seed = 7};
        assert_int_equal(hem_data_fold(data, &fold, &view, NULL), HEM_OK);
        for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
            size_t n = hem_data_get_info(view).n[part];
            assert_int_equal(hem_data_get_info(opened).n[part], n);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(hem_data_row(opened, part, i), hem_data_row(view, part, i));
        }
        hem_data_free(view);
        hem_data_free(opened);
        hem_data_free(data);
    }
}

/* The cut is pinned: runs of other versions must fit together with these. */
static void test_pinned(void **state)
{
    (void)state;
    hem_data *data = open_with("validation={fold: 1, of: 20, seed: 5}");
    const size_t rows[] = {32, 33, 55, 59, 64, 97};
    assert_int_equal(hem_data_get_info(data).n[HEM_VALIDATION], sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(hem_data_row(data, HEM_VALIDATION, i), rows[i]);
    hem_data_free(data);
}

static void test_refused(void **state)
{
    (void)state;
    hem_data *data = open_with(NULL), *view;
    hem_error err;
    hem_fold fold = {.fold = 1, .folds = 104};
    assert_int_equal(hem_data_fold(data, &fold, &view, &err), HEM_ERR_USAGE);
    assert_string_equal(err.text, "104 folds of 103 images: every fold needs an image");
    assert_null(view);
    fold.folds = 1;
    assert_int_equal(hem_data_fold(data, &fold, &view, &err), HEM_ERR_USAGE);
    assert_string_equal(err.text, "1 fold: a cross-validation needs at least 2");
    fold = (hem_fold){.fold = 3, .folds = 2};
    assert_int_equal(hem_data_fold(data, &fold, &view, &err), HEM_ERR_USAGE);
    assert_string_equal(err.text, "there is no fold 3 of 2");
    hem_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partition),       cmocka_unit_test(test_stratified),
        cmocka_unit_test(test_same_as_the_key), cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("folds", tests, NULL, NULL);
}

/* Splits, and the drawn data set: who gets which rows, and the bytes for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "unit/support_data.h"

static hem_data *open_ok(const hem_spec *spec)
{
    hem_data *data;
    hem_error err = {.status = HEM_OK};
    if (hem_data_open(spec, NULL, &data, &err) != HEM_OK)
        fail_msg("%s", err.text);
    return data;
}

static void expect_rows(const hem_data *data, hem_part part, size_t first, size_t n)
{
    assert_int_equal(hem_data_get_info(data).n[part], n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(hem_data_row(data, part, i), first + i);
}

static void splits_first_and_last(void **state)
{
    (void)state;
    hem_spec spec = data_spec(HEM__DATA_SYNTHETIC);
    hem_data *data = open_ok(&spec);
    expect_rows(data, HEM_TRAIN, 0, 60);
    expect_rows(data, HEM_VALIDATION, 0, 0);
    expect_rows(data, HEM_TEST, 0, 20);
    hem_data_free(data);

    spec.validation.kind = HEM__VALIDATION_FIRST;
    spec.validation.count = 7;
    data = open_ok(&spec);
    expect_rows(data, HEM_VALIDATION, 0, 7);
    expect_rows(data, HEM_TRAIN, 7, 53);
    assert_ptr_equal(hem_data_image(data, HEM_TRAIN, 0),
                     hem_data_image(data, HEM_VALIDATION, 0) + (size_t)7 * 784);
    hem_data_free(data);

    spec.validation.kind = HEM__VALIDATION_LAST;
    data = open_ok(&spec);
    expect_rows(data, HEM_VALIDATION, 53, 7);
    expect_rows(data, HEM_TRAIN, 0, 53);
    hem_data_free(data);
}

/* A random part: both parts ascend, together they are all rows, and the draw is pinned. */
static void splits_a_fraction(void **state)
{
    (void)state;
    hem_spec spec = data_spec(HEM__DATA_SYNTHETIC);
    spec.validation.kind = HEM__VALIDATION_FRACTION;
    spec.validation.fraction = 0.225; /* of 60: 13.5, rounded to 14 */
    spec.validation.seed = 5;
    hem_data *data = open_ok(&spec);
    hem_data_info info = hem_data_get_info(data);
    assert_int_equal(info.n[HEM_VALIDATION], 14);
    assert_int_equal(info.n[HEM_TRAIN], 46);
    int seen[60] = {0};
    for (int part = HEM_TRAIN; part <= HEM_VALIDATION; part++) {
        for (size_t i = 0; i < info.n[part]; i++) {
            size_t row = hem_data_row(data, (hem_part)part, i);
            seen[row]++;
            if (i > 0)
                assert_true(row > hem_data_row(data, (hem_part)part, i - 1));
        }
    }
    for (int i = 0; i < 60; i++)
        assert_int_equal(seen[i], 1);
    static const size_t pinned[14] = {3, 6, 7, 9, 11, 17, 27, 35, 36, 41, 44, 50, 51, 52};
    for (size_t i = 0; i < 14; i++)
        assert_int_equal(hem_data_row(data, HEM_VALIDATION, i), pinned[i]);

    spec.validation.seed = 6;
    hem_data *other = open_ok(&spec);
    assert_memory_not_equal(other->rows[HEM_VALIDATION], data->rows[HEM_VALIDATION],
                            14 * sizeof(uint32_t));
    hem_data_free(other);
    hem_data_free(data);
}

static void refused(const hem_spec *spec, const char *word)
{
    hem_data *data;
    hem_error err;
    assert_int_equal(hem_data_open(spec, NULL, &data, &err), HEM_ERR_USAGE);
    assert_null(data);
    data_expect_error(&err, HEM_ERR_USAGE, word);
}

static void refuses_empty_parts(void **state)
{
    (void)state;
    hem_spec spec = data_spec(HEM__DATA_SYNTHETIC);
    spec.validation.kind = HEM__VALIDATION_FIRST;
    spec.validation.count = 60;
    refused(&spec, "test.yaml:3:13: 60 validation images leave no training image");
    spec.validation.kind = HEM__VALIDATION_LAST;
    spec.validation.count = 1000000;
    refused(&spec, "test.yaml:3:13: 1000000 validation images");
    spec.validation.kind = HEM__VALIDATION_FRACTION;
    spec.validation.fraction = 0.001;
    refused(&spec, "test.yaml:3:13: the split leaves no validation image of 60");
    spec.validation.fraction = 0.999;
    refused(&spec, "60 validation images leave no training image");
}

/* The bytes of the drawn data are part of every result that was ever got from them. */
static void draws_the_same_bytes_for_ever(void **state)
{
    (void)state;
    hem_spec spec = data_spec(HEM__DATA_SYNTHETIC);
    hem_data *data = open_ok(&spec);
    hem_data_info info = hem_data_get_info(data);
    assert_true(info.synthetic);
    assert_string_equal(info.name, "synthetic");
    assert_string_equal(info.source, "synthetic");
    assert_string_equal(info.class_names[9], "checker");
    assert_string_equal(info.sha256,
                        "e1d9c648df0e9b08168334877b24b6ed37d8fe606fa25210e70c9232ea2398d1");

    /* The documented order: training pixels, training labels, test pixels, test labels. */
    char sha256[65];
    hem__sha256 *hash = hem__sha256_new();
    assert_non_null(hash);
    for (int i = 0; i < 2; i++) {
        hem__sha256_add(hash, data->files[i].pixels, data->files[i].n * 784);
        hem__sha256_add(hash, data->files[i].labels, data->files[i].n);
    }
    hem__sha256_finish(hash, sha256);
    assert_string_equal(info.sha256, sha256);
    hem_data_free(data);

    spec.data.synthetic.height = 9;
    spec.data.synthetic.width = 14;
    spec.data.synthetic.channels = 3;
    spec.data.synthetic.classes = 4;
    spec.data.synthetic.seed = UINT64_C(0x123456789abcdef);
    data = open_ok(&spec);
    assert_string_equal(hem_data_get_info(data).sha256,
                        "accf3fe889d67fcc760689db127f26d73c823cf8ae48fb77790000b6bbb718de");
    hem_data_free(data);
}

/* A longer data set begins with the shorter one, and every class comes up. */
static void draws_image_by_image(void **state)
{
    (void)state;
    hem_spec spec = data_spec(HEM__DATA_SYNTHETIC);
    hem_data *few = open_ok(&spec);
    spec.data.synthetic.train = 500;
    hem_data *many = open_ok(&spec);
    assert_memory_equal(few->files[0].pixels, many->files[0].pixels, 60 * few->image_bytes);
    int count[10] = {0};
    for (size_t i = 0; i < 500; i++)
        count[hem_data_label(many, HEM_TRAIN, i)]++;
    for (int i = 0; i < 10; i++)
        assert_in_range(count[i], 25, 80);
    hem_data_free(few);
    hem_data_free(many);
}

static void refuses_what_cannot_be_drawn(void **state)
{
    (void)state;
    hem_spec spec = data_spec(HEM__DATA_SYNTHETIC), wrong = spec;
    wrong.data.synthetic.height = 7;
    refused(&wrong, "test.yaml:1:7: synthetic images of 7 x 28");
    wrong = spec;
    wrong.data.synthetic.channels = 2;
    refused(&wrong, "2 channels; allowed 1 and 3");
    wrong = spec;
    wrong.data.synthetic.classes = 11;
    refused(&wrong, "11 classes");
    wrong = spec;
    wrong.data.synthetic.test = 0;
    refused(&wrong, "at least 1 each");
    wrong = spec;
    wrong.data.synthetic.train = 2000000000;
    refused(&wrong, "2000000020 synthetic images of 784 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_first_and_last), cmocka_unit_test(splits_a_fraction),
        cmocka_unit_test(refuses_empty_parts),   cmocka_unit_test(draws_the_same_bytes_for_ever),
        cmocka_unit_test(draws_image_by_image),  cmocka_unit_test(refuses_what_cannot_be_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

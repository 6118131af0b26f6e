/* Every chart drawn of fixed numbers and compared, to the byte, with tests/unit/charts/NAME.svg.
 * HEMLINE_RECORD=1 writes those files anew: look at them before you believe them. And the figures
 * behind the charts. */
#include "support.h"

#include <math.h>

#include "base/file.h"
#include "report/chart.h"
#include "report/difference.h"

static void check(const char *name, hem__canvas *canvas)
{
    char path[1024];
    unsigned char *bytes;
    size_t n;
    hem_error err;
    hem__str out = {0};
    assert_non_null(canvas);
    canvas->margin = 16;
    hem__canvas_svg(canvas, HEM__SVG_LIGHT, &out);
    hem__canvas_free(canvas);
    assert_false(out.failed);
    snprintf(path, sizeof path, "%s/tests/unit/charts/%s.svg", HEM_SOURCE_DIR, name);
    if (getenv("HEMLINE_RECORD") != NULL)
        assert_int_equal(hem__file_write(path, out.text, out.length, &err), HEM_OK);
    assert_int_equal(hem__file_read(path, 1 << 24, HEM_ERR_DATA, &bytes, &n, &err), HEM_OK);
    if (strcmp((const char *)bytes, out.text) != 0)
        print_message("%s is not what is drawn now\n", path);
    assert_string_equal(out.text, (const char *)bytes);
    free(bytes);
    hem__str_release(&out);
}

/* ---- lines ----------------------------------------------------------------------------------- */

enum { EPOCHS = 12 };

static void test_lines(void **state)
{
    (void)state;
    double x[EPOCHS], train[EPOCHS], validation[EPOCHS], low[EPOCHS], high[EPOCHS];
    for (int i = 0; i < EPOCHS; i++) {
        x[i] = i + 1;
        train[i] = 0.2 + 0.6 / (i + 1);
        validation[i] = 0.3 + 0.4 / (i + 1) + 0.004 * i;
        low[i] = validation[i] - 0.03;
        high[i] = validation[i] + 0.05;
    }
    train[5] = (double)NAN; /* a gap */
    const bool kept[EPOCHS] = {[9] = true};
    const hem__curve curves[2] = {
        {.label = "training", .x = x, .y = train, .n = EPOCHS, .role = HEM__SERIES + 1},
        {.label = "validation",
         .key = "run0",
         .x = x,
         .y = validation,
         .low = low,
         .high = high,
         .n = EPOCHS,
         .role = HEM__SERIES,
         .rings = kept}};
    const hem__lines lines = {.title = "Loss",
                              .description = "by epoch",
                              .x_title = "epoch",
                              .y_title = "mean loss of an image",
                              .x_format = HEM__FORMAT_WHOLE,
                              .y_least = (double)NAN,
                              .y_most = (double)NAN,
                              .curves = curves,
                              .n = 2,
                              .has_mark = true,
                              .mark = 10,
                              .mark_text = "kept: epoch 10"};
    check("lines", hem__chart_lines(&lines));
}

/* Curves of nothing, of one point, of nothing finite: drawn without a word, never a crash. */
static void test_lines_of_little(void **state)
{
    (void)state;
    const double x[2] = {1, 2}, y[2] = {0.5, 0.25}, none[2] = {(double)NAN, (double)INFINITY};
    const hem__curve curves[3] = {{.label = "no point", .x = x, .y = y, .n = 0},
                                  {.label = "one", .x = x, .y = y, .n = 1, .role = HEM__INK},
                                  {.label = "nothing finite", .x = x, .y = none, .n = 2}};
    for (size_t n = 0; n <= 3; n++) {
        hem__lines lines = {.title = "little",
                            .x_title = "x",
                            .y_title = "y",
                            .y_log = n % 2 == 1,
                            .y_least = (double)NAN,
                            .y_most = 1,
                            .curves = curves,
                            .n = n};
        hem__canvas *canvas = hem__chart_lines(&lines);
        assert_non_null(canvas);
        assert_false(canvas->failed);
        hem__canvas_free(canvas);
    }
}

static void test_functions(void **state)
{
    (void)state;
    for (const char *const *name = hem__activation_names; *name != NULL; name++)
        check(*name, hem__chart_activation(*name, 0.1));
    assert_null(hem__chart_activation("softmax", 0));
    hem_lrfind_point points[40];
    for (int i = 0; i < 40; i++) {
        double loss = i < 30 ? 2.3 - 0.06 * i : 0.5 + 0.2 * (i - 30);
        points[i] = (hem_lrfind_point){pow(10, -7 + 0.2 * i), loss + 0.05 * (i % 3), loss};
    }
    const hem_lrfind_result result = {
        .points = points, .n = 40, .lowest = 30, .steepest = 20, .falls = true, .suggestion = 1e-3};
    check("lrfind", hem__chart_lrfind(&result, "Rate range test"));
}

/* ---- classes --------------------------------------------------------------------------------- */

static size_t cells[9] = {90, 9, 1, 5, 45, 0, 0, 0, 0};
static double precision[3] = {90.0 / 95, 45.0 / 54, 0}, recall[3] = {0.9, 0.9, (double)NAN},
              f1[3] = {180.0 / 195, 90.0 / 104, 0};
static const char *const names[3] = {"disc", "a class of a long name", "<none>"};

static hem_evaluation three_classes(void)
{
    return (hem_evaluation){.n = 150,
                            .correct = 135,
                            .accuracy = 0.9,
                            .n_classes = 3,
                            .confusion = cells,
                            .precision = precision,
                            .recall = recall,
                            .f1 = f1};
}

static void test_confusion(void **state)
{
    (void)state;
    hem_evaluation e = three_classes();
    check("confusion", hem__chart_confusion(&e, names, "Test images", HEM__CELLS_COUNTS));
    check("confusion-percent", hem__chart_confusion(&e, names, "Test images", HEM__CELLS_PERCENT));
}

static void test_class_figures(void **state)
{
    (void)state;
    hem__class_figures figures[3];
    hem_evaluation e = three_classes();
    hem__class_figures_of(&e, figures);
    check("classes", hem__chart_classes(figures, names, 3, "Test images"));
    /* Jaccard 90 / (100 + 95 - 90); its Wilson interval by hand, as F1. */
    hem_interval j = hem_wilson(90, 105);
    assert_true(fabs(figures[0].interval[2].low - 2 * j.low / (1 + j.low)) < 1e-12);
    assert_true(figures[0].interval[2].low < f1[0] && f1[0] < figures[0].interval[2].high);
    assert_int_equal(figures[0].images, 100);
    assert_true(isnan(figures[2].value[1]));
}

/* ---- calibration ----------------------------------------------------------------------------- */

static void test_calibration(void **state)
{
    (void)state;
    /* Four at 0.9, three of them right; two at 0.6, none right. By hand: 4/6 |0.75 - 0.9| +
     * 2/6 |0 - 0.6| = 0.3. */
    const float p[12] = {0.9f, 0.1f, 0.9f, 0.1f, 0.1f, 0.9f, 0.9f, 0.1f, 0.6f, 0.4f, 0.4f, 0.6f};
    const int predicted[6] = {0, 0, 1, 0, 0, 1}, labels[6] = {0, 0, 1, 1, 1, 0};
    hem__calibration c;
    hem__calibration_of(p, labels, predicted, 6, 2, &c);
    assert_true(fabs(c.error - 0.3) < 1e-6);
    assert_true(fabs(c.mean_confidence - 0.8) < 1e-6);
    assert_int_equal(c.counts[13], 4); /* 13/15 < 0.9 <= 14/15 */
    assert_int_equal(c.correct[13], 3);
    check("calibration", hem__chart_calibration(&c, "Confidence and truth"));
    const float ends[4] = {0, 1, 1, 0}, bad[2] = {(float)NAN, 0};
    hem__calibration_of(ends, labels, (const int[]){0, 0}, 2, 2, &c);
    assert_int_equal(c.counts[0] + c.counts[HEM__CALIBRATION_BINS - 1], 2);
    hem__calibration_of(bad, labels, predicted, 1, 2, &c);
    assert_int_equal(c.n, 0);
}

/* ---- boxes and differences ------------------------------------------------------------------- */

static void test_boxes(void **state)
{
    (void)state;
    const double a[5] = {0.91, 0.912, 0.908, 0.915, 0.88}, b[1] = {0.9};
    const char *const seeds[5] = {"s0", "s1", "s2", "s3", "s4"};
    const hem__box_row rows[2] = {{"two-conv", a, seeds, 5}, {"one run", b, seeds, 1}};
    check("boxes", hem__chart_boxes(rows, 2, "Test accuracy", "right", HEM__FORMAT_PERCENT));
}

static void test_differences(void **state)
{
    (void)state;
    /* Agresti and Min by hand for 12 against 5 of 100: (12.5 - 5.5) / 102 = 0.068627; half
     * 1.959964 sqrt(18 / 102 - 0.068627^2) / sqrt(102) = 0.080421. */
    hem_interval i = hem__difference_matched(12, 5, 100);
    assert_true(fabs(i.low - (0.0686275 - 0.0804206)) < 1e-5);
    assert_true(fabs(i.high - (0.0686275 + 0.0804206)) < 1e-5);
    /* Newcombe 1998, table II, row (a): 56/70 and 48/80, method 10: 0.0524 to 0.3339. */
    i = hem__difference_independent(56, 70, 48, 80);
    assert_true(fabs(i.low - 0.0524) < 5e-5 && fabs(i.high - 0.3339) < 5e-5);
    i = hem__difference_independent(0, 0, 1, 2);
    assert_true(i.low == -1 && i.high == 1);
}

/* By hand: t = -2.225512 with 24.5246 degrees of freedom, between those of which tables have the
 * 97.5 % points 2.0639 (24) and 2.0595 (25). */
static void test_difference_of_means(void **state)
{
    (void)state;
    const double a[10] = {19.8, 20.4, 19.6, 17.8, 18.5, 18.9, 18.3, 18.9, 19.5, 22.0};
    const double b[20] = {28.2, 26.6, 20.1, 23.3, 25.2, 22.1, 17.7, 27.6, 20.6, 13.7,
                          23.2, 17.5, 20.6, 18.0, 23.9, 21.6, 24.3, 20.4, 23.9, 13.3};
    hem_statistics s = hem_statistics_of(a, 10), u = hem_statistics_of(b, 20);
    hem_interval i = hem__difference_means(s, u);
    double difference = s.mean - u.mean, half = 2.0616 * difference / -2.225512;
    assert_true(fabs(i.low - (difference - half)) < 1e-3);
    assert_true(fabs(i.high - (difference + half)) < 1e-3);
    const double same[2] = {0.5, 0.5};
    i = hem__difference_means(hem_statistics_of(same, 2), hem_statistics_of(same, 2));
    assert_true(i.low == 0 && i.high == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_of_little),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_confusion),
        cmocka_unit_test(test_class_figures),
        cmocka_unit_test(test_calibration),
        cmocka_unit_test(test_boxes),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_difference_of_means),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The canvas: its SVG to the byte, colours that can be read and told apart, PDF and PNG. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "report/canvas.h"

/* ---- colours --------------------------------------------------------------------------------- */

static void linear(uint32_t rgb, double out[3])
{
    for (int k = 0; k < 3; k++) {
        double v = (double)(rgb >> (16 - 8 * k) & 255) / 255.0;
        out[k] = v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
    }
}

/* WCAG 2.1, contrast ratio. */
static double contrast(uint32_t a, uint32_t b)
{
    double la[3], lb[3];
    linear(a, la);
    linear(b, lb);
    double x = 0.2126 * la[0] + 0.7152 * la[1] + 0.0722 * la[2] + 0.05;
    double y = 0.2126 * lb[0] + 0.7152 * lb[1] + 0.0722 * lb[2] + 0.05;
    return x > y ? x / y : y / x;
}

static void test_contrast(void **state)
{
    (void)state;
    for (int dark = 0; dark < 2; dark++) {
        uint32_t paper = hem__role_rgb(HEM__PAPER, dark), panel = hem__role_rgb(HEM__PANEL, dark);
        assert_true(contrast(hem__role_rgb(HEM__INK, dark), paper) >= 7);
        assert_true(contrast(hem__role_rgb(HEM__INK, dark), panel) >= 7);
        assert_true(contrast(hem__role_rgb(HEM__MUTED, dark), paper) >= 4.5);
        assert_true(contrast(hem__role_rgb(HEM__MUTED, dark), panel) >= 4.5);
        for (size_t i = 0; i < HEM__N_SERIES; i++)
            assert_true(contrast(hem__role_rgb(hem__series(i), dark), paper) >= 4.5);
    }
}

/* Distance in CIELAB (1976) of two colours as someone without cones for long (or middle) waves
 * sees them: Vienot, Brettel, Mollon, "Digital video colourmaps for checking the legibility of
 * displays by dichromats", 1999. kind 0: as they are. */
static void lab(uint32_t rgb, int kind, double out[3])
{
    static const double simulate[3][3][3] = {
        {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
        {{0.11238, 0.88762, 0}, {0.11238, 0.88762, 0}, {0.00401, -0.00401, 1}},
        {{0.29275, 0.70725, 0}, {0.29275, 0.70725, 0}, {-0.02234, 0.02234, 1}}};
    static const double xyz[3][3] = {{0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505},
                                     {0.2126, 0.7152, 0.0722},
                                     {0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089}};
    double l[3], f[3];
    linear(rgb, l);
    for (int i = 0; i < 3; i++) {
        double sum = 0;
        for (int k = 0; k < 3; k++) {
            double seen = 0;
            for (int m = 0; m < 3; m++)
                seen += simulate[kind][k][m] * l[m];
            sum += xyz[i][k] * seen;
        }
        f[i] = sum > 0.008856 ? cbrt(sum) : 7.787 * sum + 16.0 / 116.0;
    }
    out[0] = 116 * f[1] - 16;
    out[1] = 500 * (f[0] - f[1]);
    out[2] = 200 * (f[1] - f[2]);
}

/* A difference of 10 is plain to see beside each other; the first four series, which nearly all
 * drawings do with, must be further apart than the rest. */
static void test_told_apart(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        for (int dark = 0; dark < 2; dark++) {
            for (size_t i = 0; i < HEM__N_SERIES; i++) {
                for (size_t j = 0; j < i; j++) {
                    double a[3], b[3], sum = 0;
                    lab(hem__role_rgb(hem__series(i), dark), kind, a);
                    lab(hem__role_rgb(hem__series(j), dark), kind, b);
                    for (int k = 0; k < 3; k++)
                        sum += (a[k] - b[k]) * (a[k] - b[k]);
                    double least = i < 4 ? 18 : 10;
                    if (sqrt(sum) < least)
                        print_message("kind %d dark %d: series %zu and %zu are %.1f apart\n", kind,
                                      dark, i, j, sqrt(sum));
                    assert_true(sqrt(sum) >= least);
                }
            }
        }
    }
}

/* ---- SVG ------------------------------------------------------------------------------------- */

static hem__canvas *drawing(void)
{
    static const uint8_t grey[4] = {0, 255, 128, 64};
    const hem__point points[3] = {{1, 2}, {3.25, 4}, {5, 6.06}};
    hem__canvas *c = hem__canvas_new(100, 50, "a <title>", "what it shows");
    assert_non_null(c);
    hem__group_begin(c, "run1", "a & b");
    hem__draw_rect(c, 1, 2, 3, 4, (hem__paint){.fill = HEM__SERIES, .opacity = 0.25});
    hem__draw_polyline(c, points, 3, (hem__paint){.stroke = HEM__INK, .line = 1.5, .dash = 4});
    hem__group_end(c);
    hem__canvas_move(c, 10, 20);
    hem__draw_polygon(c, points, 3, (hem__paint){.fill = HEM__GRID});
    hem__draw_circle(c, 1, 1, 2.5, (hem__paint){.fill = HEM__PAPER, .stroke = HEM__MUTED});
    hem__draw_text(c, 0, 0, (hem__font){.anchor = HEM__END, .bold = true}, "%d \xff\x01<", 7);
    hem__draw_text(c, 5, 5, (hem__font){.size = 9, .role = HEM__MUTED, .upward = true}, "up");
    hem__draw_image(c, 0, 0, 20, 20, (hem__pixels){grey, 2, 2, 1}, "four pixels");
    return c;
}

static void test_svg_page(void **state)
{
    (void)state;
    static const char expected[] =
        "<svg width=\"100\" height=\"50\" viewBox=\"0 0 100 50\" role=\"img\" aria-label=\"a "
        "&lt;title&gt;: what it shows\">\n"
        "<g data-key=\"run1\"><title>a &amp; b</title>\n"
        "<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" class=\"f-s1\" fill-opacity=\"0.25\"/>\n"
        "<polyline points=\"1,2 3.3,4 5,6.1\" class=\"l-ink\" fill=\"none\" stroke-width=\"1.5\" "
        "stroke-dasharray=\"4\"/>\n"
        "</g>\n"
        "<polygon points=\"11,22 13.3,24 15,26.1\" class=\"f-grid\"/>\n"
        "<circle cx=\"11\" cy=\"21\" r=\"2.5\" class=\"f-paper l-muted\"/>\n"
        "<text x=\"10\" y=\"20\" font-size=\"12\" text-anchor=\"end\" font-weight=\"bold\" "
        "class=\"f-ink\">7 ??&lt;</text>\n"
        "<text x=\"15\" y=\"25\" font-size=\"9\" transform=\"rotate(-90 15 25)\" "
        "class=\"f-muted\">up</text>\n"
        "<image x=\"10\" y=\"20\" width=\"20\" height=\"20\" preserveAspectRatio=\"none\" "
        "style=\"image-rendering:pixelated\" role=\"img\" aria-label=\"four pixels\" "
        "href=\"data:image/png;base64,iVBORw0KGgo";
    hem__canvas *c = drawing();
    hem__str out = {0};
    hem__canvas_svg(c, HEM__SVG_PAGE, &out);
    assert_false(out.failed);
    out.text[sizeof expected - 1] = '\0';
    assert_string_equal(out.text, expected);
    hem__str_release(&out);
    hem__canvas_free(c);
}

/* A file of its own has a name space and fixed colours, and no class that a page would paint. */
static void test_svg_file(void **state)
{
    (void)state;
    hem__canvas *c = drawing();
    hem__str out = {0};
    hem__canvas_svg(c, HEM__SVG_LIGHT, &out);
    assert_false(out.failed);
    assert_non_null(strstr(out.text, "xmlns=\"http://www.w3.org/2000/svg\""));
    assert_non_null(strstr(out.text, "fill=\"#ffffff\"/>\n"));
    assert_null(strstr(out.text, "class="));
    hem__str_release(&out);
    hem__canvas_free(c);
}

static void test_base64(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}}; /* RFC 4648, 10 */
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        hem__str out = {0};
        hem__add_base64(&out, pairs[i][0], strlen(pairs[i][0]));
        char *text = hem__str_take(&out);
        assert_string_equal(text, pairs[i][1]);
        free(text);
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static void test_files(void **state)
{
    (void)state;
    static const char *const starts[] = {"<svg", "%PDF-", "\x89PNG"};
    static const char *const names[] = {"canvas.svg", "canvas.pdf", "canvas.PNG"};
    hem__canvas *c = drawing();
    hem_error err;
    const char *program = getenv("HEMLINE_PROGRAM"); /* modules lie beside it */
    if (program != NULL) {
        char *folder = strdup(program);
        *strrchr(folder, '/') = '\0';
        assert_int_equal(setenv("HEMLINE_MODULES", folder, 1), 0);
        free(folder);
    }
    for (int i = 0; i < (program != NULL ? 3 : 1); i++) {
        unsigned char *bytes;
        size_t n;
        if (hem__canvas_write(c, names[i], 0, &err) != HEM_OK)
            print_message("%s\n", err.text);
        assert_int_equal(hem__canvas_write(c, names[i], 0, &err), HEM_OK);
        assert_int_equal(hem__file_read(names[i], 1 << 20, HEM_ERR_IO, &bytes, &n, &err), HEM_OK);
        assert_memory_equal(bytes, starts[i], strlen(starts[i]));
        free(bytes);
    }
    assert_int_equal(hem__canvas_write(c, "canvas.gif", 0, &err), HEM_ERR_USAGE);
    assert_int_equal(hem__canvas_write(c, "no/such/folder/c.svg", 0, &err), HEM_ERR_IO);
    hem__canvas_free(c);
}

/* No label that a chart measures may turn out wider than it thought: at least as wide as in DejaVu
 * Sans, whose digits take 0.636 of the size and whose words are among the widest. */
static void test_text_width(void **state)
{
    (void)state;
    assert_true(hem__text_width("validation accuracy", 12, false) > 116);
    assert_true(hem__text_width("0123456789", 12, false) > 76);
    assert_true(hem__text_width("", 12, false) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contrast),   cmocka_unit_test(test_told_apart),
        cmocka_unit_test(test_svg_page),   cmocka_unit_test(test_svg_file),
        cmocka_unit_test(test_base64),     cmocka_unit_test(test_files),
        cmocka_unit_test(test_text_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

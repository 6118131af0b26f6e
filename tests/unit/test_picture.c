/* Sheets and joined pictures: what is refused, and what a terminal gets. */
#include "unit/support.h"

#include <unistd.h>

#include "hemline/hemline.h"
#include "report/picture.h"

static const uint8_t pixels[2 * 3 * 3] = {0,  10,  20,  30,  40,  50,  60,  70,  80,
                                          90, 100, 110, 120, 130, 140, 150, 160, 170};

static hem_tile tile(int height, int width, int channels)
{
    return (hem_tile){.pixels = pixels,
                      .height = height,
                      .width = width,
                      .channels = channels,
                      .captions = {"first", NULL}};
}

static void test_refused(void **state)
{
    (void)state;
    hem_tile tiles[2] = {tile(2, 3, 1), tile(2, 2, 1)};
    hem_sheet sheet = {.title = "sheet", .tiles = tiles};
    hem_picture *picture;
    hem_error err;
    assert_int_equal(hem_sheet_draw(&sheet, &picture, &err), HEM_ERR_USAGE);
    assert_string_equal(err.text, "0 images on a sheet; allowed 1..4096");
    sheet.n = 2;
    assert_int_equal(hem_sheet_draw(&sheet, &picture, &err), HEM_ERR_USAGE);
    assert_null(picture);
    tiles[1] = tile(2, 3, 2);
    assert_int_equal(hem_sheet_draw(&sheet, &picture, &err), HEM_ERR_USAGE);
    tiles[1] = tile(2, 3, 3);
    sheet.scale = 65;
    assert_int_equal(hem_sheet_draw(&sheet, &picture, &err), HEM_ERR_USAGE);
    sheet.scale = 0;
    assert_int_equal(hem_sheet_draw(&sheet, &picture, &err), HEM_OK);
    hem_picture_free(picture);
    assert_int_equal(hem_pictures_join(NULL, 0, 0, NULL, &picture, &err), HEM_ERR_USAGE);
}

static void test_too_large(void **state)
{
    (void)state;
    hem_tile *tiles = calloc(HEM_SHEET_MOST, sizeof *tiles);
    uint8_t *large = calloc(300, 300);
    hem_error err;
    for (size_t i = 0; i < HEM_SHEET_MOST; i++)
        tiles[i] = (hem_tile){.pixels = large, .height = 300, .width = 300, .channels = 1};
    hem_sheet sheet = {.title = "large", .tiles = tiles, .n = HEM_SHEET_MOST};
    hem_picture *picture;
    assert_int_equal(hem_sheet_draw(&sheet, &picture, &err), HEM_ERR_USAGE);
    assert_non_null(strstr(err.text, "allowed 16000 either way"));
    free(large);
    free(tiles);
}

static hem_picture *small_sheet(void)
{
    hem_tile tiles[3] = {tile(2, 3, 1), tile(2, 3, 3), {.height = 2, .width = 3, .channels = 1}};
    hem_sheet sheet = {.title = "a sheet", .tiles = tiles, .n = 3, .scale = 10};
    hem_picture *picture;
    assert_int_equal(hem_sheet_draw(&sheet, &picture, NULL), HEM_OK);
    return picture;
}

/* Two pictures side by side, then below each other: every operation is there twice, in its place.
 */
static void test_join(void **state)
{
    (void)state;
    hem_picture *one = small_sheet(), *joined;
    const hem_picture *both[2] = {one, one};
    const hem__canvas *part = one->canvas;
    assert_int_equal(hem_pictures_join(both, 2, 0, NULL, &joined, NULL), HEM_OK);
    const hem__canvas *all = joined->canvas;
    assert_int_equal(all->n, 2 * part->n);
    assert_true(all->width > 2 * part->width && all->height < 2 * part->height);
    double shift = all->ops[part->n].x - all->ops[0].x;
    assert_true(shift >= part->width);
    for (size_t i = 0; i < part->n; i++) {
        assert_int_equal(all->ops[i].kind, part->ops[i].kind);
        if (part->ops[i].points == NULL)
            assert_true(all->ops[part->n + i].x - all->ops[i].x == shift);
    }
    assert_string_equal(hem_picture_title(joined), "a sheet");
    assert_string_equal(hem_picture_description(joined), "a sheet; a sheet");
    hem_picture_free(joined);
    assert_int_equal(hem_pictures_join(both, 2, 1, "with a title", &joined, NULL), HEM_OK);
    assert_true(joined->canvas->height > 2 * part->height);
    assert_int_equal(joined->canvas->n, 2 * part->n + 1);
    hem_picture_free(joined);
    hem_picture_free(one);
}

/* Through the modules cairo and chafa, which lie beside the program. */
static void test_terminal(void **state)
{
    (void)state;
    const char *program = getenv("HEMLINE_PROGRAM");
    char folder[4096];
    if (program == NULL)
        skip();
    snprintf(folder, sizeof folder, "%s", program);
    *strrchr(folder, '/') = '\0';
    setenv("HEMLINE_MODULES", folder, 1);
    hem_picture *picture = small_sheet();
    hem_terminal terminal = {.columns = 40, .rows = 20};
    char *text;
    static const struct {
        const char *term, *begins;
        bool only_graphics;
    } cases[] = {{"xterm-kitty", "\033_G", true},
                 {"mlterm", "\033P", true},
                 {"xterm-256color", NULL, true},
                 {"xterm-256color", "\033[", false}};
    static const char *const others[] = {"COLORTERM", "TERM_PROGRAM", "LC_TERMINAL", "VTE_VERSION",
                                         "KITTY_PID", "TMUX",         "STY"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        unsetenv(others[i]);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hem_error err = {0};
        setenv("TERM", cases[i].term, 1);
        terminal.only_graphics = cases[i].only_graphics;
        if (hem_picture_terminal(picture, &terminal, &text, &err) != HEM_OK)
            fail_msg("%s: %s", cases[i].term, err.text);
        if (cases[i].begins == NULL)
            assert_null(text);
        else
            assert_non_null(text != NULL ? strstr(text, cases[i].begins) : NULL);
        free(text);
    }
    hem_picture_free(picture);
}

static void test_no_module(void **state)
{
    (void)state;
    hem_picture *picture = small_sheet();
    hem_terminal terminal = {.columns = 40, .rows = 20};
    hem_error err;
    char *text, folder[64], file[80];
    support_folder(folder);
    snprintf(file, sizeof file, "%s/p.png", folder);
    setenv("HEMLINE_MODULES", folder, 1);
    assert_int_equal(hem_picture_terminal(picture, &terminal, &text, &err), HEM_ERR_IO);
    assert_null(text);
    assert_non_null(strstr(err.text, "hemline_chafa.so"));
    assert_int_equal(hem_picture_write(picture, file, &err), HEM_ERR_IO);
    assert_int_equal(access(file, F_OK), -1);
    snprintf(file, sizeof file, "%s/p.svg", folder); /* needs no module */
    assert_int_equal(hem_picture_write(picture, file, &err), HEM_OK);
    hem_picture_free(picture);
    support_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_too_large),
                                       cmocka_unit_test(test_join), cmocka_unit_test(test_terminal),
                                       cmocka_unit_test(test_no_module)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

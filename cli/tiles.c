/* Sheets of images: collected, and handed to where they are wanted. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "blocks.h"
#include "show.h"

/* ---- collecting ------------------------------------------------------------------------------ */

static size_t bytes_of(int height, int width, int channels)
{
    return (size_t)height * (size_t)width * (size_t)channels;
}

void tiles_add(tiles *list, const uint8_t *pixels, int height, int width, int channels,
               const char *first, const char *second)
{
    if ((list->n & (list->n - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
        size_t room = list->n > 0 ? 2 * list->n : 1;
        list->items = need(reallocarray(list->items, room, sizeof *list->items));
    }
    uint8_t *copy = NULL;
    if (pixels != NULL) {
        copy = need(malloc(bytes_of(height, width, channels)));
        memcpy(copy, pixels, bytes_of(height, width, channels));
    }
    list->items[list->n++] = (hem_tile){.pixels = copy,
                                        .height = height,
                                        .width = width,
                                        .channels = channels,
                                        .captions = {first, second}};
}

void tiles_release(tiles *list)
{
    for (size_t i = 0; i < list->n; i++) {
        union {
            const uint8_t *borrowed;
            uint8_t *own;
        } pixels = {.borrowed = list->items[i].pixels};
        free(pixels.own);
    }
    free(list->items);
    *list = (tiles){0};
}

const char *data_text(const hem_data_info *info)
{
    return text("%s%s", info->name, info->synthetic ? " (drawn by hemline, not photographs)" : "");
}

/* ---- in characters --------------------------------------------------------------------------- */

enum { BETWEEN = 2 };

static blocks blocks_of(const hem_tile *tile, int step)
{
    return (blocks){tile->pixels, tile->height, tile->width, tile->channels, step};
}

/* Columns that a tile takes: those of its image, more where its captions need them, up to 24. */
static int cell_columns(const hem_tile *list, size_t n, int step)
{
    blocks shape = blocks_of(&list[0], step);
    int columns = blocks_columns(&shape);
    for (size_t i = 0; i < 2 * n; i++) {
        const char *caption = list[i / 2].captions[i % 2];
        int length = caption != NULL ? (int)strlen(caption) : 0;
        length = length < 24 ? length : 24;
        columns = length > columns ? length : columns;
    }
    return columns;
}

/* Blanks up to the next tile; nothing behind the last. */
static void print_gap(int used, int columns, bool last)
{
    out("%*s", last ? 0 : columns - used + BETWEEN, "");
}

/* A caption cut to the tile's columns; at the end of a line there is room for more. */
static void print_caption(const char *caption, int columns, bool last)
{
    const char *plain = caption != NULL ? plain_text(caption) : "";
    int length = (int)strlen(plain), most = last && columns < 40 ? 40 : columns;
    length = length < most ? length : most;
    out("%.*s", length, plain);
    print_gap(length, columns, last);
}

/* Tiles side by side: captions, then pixels. */
static void print_line(const hem_tile *list, size_t n, int step, int columns)
{
    blocks shape = blocks_of(&list[0], step);
    for (int k = 0; k < 2; k++) {
        bool any = false;
        for (size_t i = 0; i < n; i++)
            any = any || list[i].captions[k] != NULL;
        for (size_t i = 0; any && i < n; i++)
            print_caption(list[i].captions[k], columns, i + 1 == n);
        if (any)
            out("\n");
    }
    for (int line = 0; line < blocks_rows(&shape); line++) {
        for (size_t i = 0; i < n; i++) {
            blocks image = blocks_of(&list[i], step);
            blocks_line(&image, line);
            print_gap(blocks_columns(&shape), columns, i + 1 == n);
        }
        out("\n");
    }
    out("\n");
}

static void print_tiles(const hem_tile *list, size_t n)
{
    int width = output_columns() - 1, step = blocks_step(list[0].width, width);
    int columns = cell_columns(list, n, step);
    size_t across = (size_t)((width + BETWEEN) / (columns + BETWEEN));
    across = across > 0 ? across : 1;
    for (size_t i = 0; i < n; i += across)
        print_line(list + i, n - i < across ? n - i : across, step, columns);
}

static void print_sheet(const hem_sheet *sheet)
{
    out("%s%s%s\n", out_style.bold, plain_text(sheet->title), out_style.off);
    if (sheet->subtitle != NULL)
        out("%s%s%s\n", out_style.dim, plain_text(sheet->subtitle), out_style.off);
    out("\n");
    if (sheet->side != NULL)
        print_tiles(sheet->side, 1);
    if (sheet->row_names == NULL) {
        print_tiles(sheet->tiles, sheet->n);
        return;
    }
    for (size_t i = 0; i < sheet->n; i += sheet->columns) {
        const char *name = sheet->row_names[i / sheet->columns];
        if (name != NULL)
            out("%s\n", plain_text(name));
        size_t left = sheet->n - i;
        print_tiles(sheet->tiles + i, left < sheet->columns ? left : sheet->columns);
    }
}

/* ---- where it goes --------------------------------------------------------------------------- */

static hem_terminal terminal(bool only_graphics)
{
    struct winsize size;
    hem_terminal t = {.columns = output_columns(), .rows = 24, .only_graphics = only_graphics};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0)
        return t;
    t.rows = size.ws_row > 2 ? size.ws_row - 2 : size.ws_row;
    if (size.ws_xpixel > 0 && size.ws_col > 0) {
        t.cell_width = size.ws_xpixel / size.ws_col;
        t.cell_height = size.ws_ypixel / size.ws_row;
    }
    return t;
}

/* Whether the terminal could draw it; `err` says why not. */
static bool in_terminal(const hem_picture *picture, bool only_graphics, hem_error *err)
{
    hem_terminal t = terminal(only_graphics);
    char *drawn = NULL;
    err->status = HEM_OK;
    if (!out_is_terminal() || out_style.off[0] == '\0' ||
        hem_picture_terminal(picture, &t, &drawn, err) != HEM_OK || drawn == NULL)
        return false;
    out("%s\n", drawn);
    free(drawn);
    /* Characters are too coarse for the letters of a chart. */
    if (!only_graphics && hem_picture_description(picture) != NULL)
        out("%s%s%s\n", out_style.dim, plain_text(hem_picture_description(picture)), out_style.off);
    return true;
}

static hem_status write_file(const hem_picture *picture, hem_error *err)
{
    hem_status status = hem_picture_write(picture, show.out, err);
    if (status == HEM_OK)
        talk_field("picture", plain_text(show.out));
    return status;
}

/* HEM_OK in *err: out_json() has said what was wrong. */
static hem_status print_json(json_t *json, hem_error *err)
{
    err->status = HEM_OK;
    return (hem_status)out_json(json);
}

hem_status show_sheet(const hem_sheet *sheet, json_t *json, hem_error *err)
{
    hem_picture *picture = NULL;
    hem_error ignored;
    hem_status status = hem_sheet_draw(sheet, &picture, err);
    if (status == HEM_ERR_USAGE)
        default_hint(err, "--count shows fewer images");
    if (status == HEM_OK && show.out != NULL)
        status = write_file(picture, err);
    if (status == HEM_OK && common.json)
        status = print_json(json, err);
    else
        json_decref(json);
    if (status == HEM_OK && !common.json && show.out == NULL &&
        !in_terminal(picture, true, &ignored))
        print_sheet(sheet);
    hem_picture_free(picture);
    return status;
}

hem_status show_picture(hem_picture *picture, json_t *json, hem_error *err)
{
    hem_status status = HEM_OK;
    if (show.out != NULL)
        status = write_file(picture, err);
    if (status == HEM_OK && common.json)
        status = print_json(json, err);
    else
        json_decref(json);
    if (status == HEM_OK && !common.json && show.out == NULL && !in_terminal(picture, false, err) &&
        err->status == HEM_OK)
        status = fail(err, HEM_ERR_USAGE, "name a file: -o FILE.png, .svg or .pdf",
                      "a chart cannot be drawn here: standard output is no terminal with colours");
    else if (status == HEM_OK)
        status = err->status;
    hem_picture_free(picture);
    return status;
}

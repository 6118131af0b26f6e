/* Recording drawing operations. */
#include "report/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- colours --------------------------------------------------------------------------------- */

/* Every colour but grid and panel has a contrast of at least 4.5 on its paper; tests/unit/
 * test_canvas.c checks it, and that the series stay apart under simulated colour blindness. */
static const uint32_t colours[HEM__N_ROLES][2] = {
    [HEM__NONE] = {0xFFFFFF, 0x14171C},       [HEM__PAPER] = {0xFFFFFF, 0x14171C},
    [HEM__INK] = {0x1B1F24, 0xE8EBEF},        [HEM__MUTED] = {0x59626E, 0xA5AFBB},
    [HEM__GRID] = {0xDDE1E6, 0x30373F},       [HEM__PANEL] = {0xF3F5F7, 0x1D2229},
    [HEM__SERIES + 0] = {0x147AB5, 0x5496FB}, [HEM__SERIES + 1] = {0xB54708, 0xFF6C33},
    [HEM__SERIES + 2] = {0x027D65, 0x59E58D}, [HEM__SERIES + 3] = {0xAB128D, 0xE597DB},
    [HEM__SERIES + 4] = {0x867435, 0xE4C441}, [HEM__SERIES + 5] = {0x4B3FA8, 0xB0A6FF},
    [HEM__SERIES + 6] = {0xAC0E4C, 0xF992A8}, [HEM__SERIES + 7] = {0x4A4667, 0xB8C7D0},
};

hem__role hem__series(size_t i)
{
    return (hem__role)(HEM__SERIES + i % HEM__N_SERIES);
}

uint32_t hem__role_rgb(hem__role role, bool dark)
{
    return colours[role][dark ? 1 : 0];
}

/* ---- the list of operations ------------------------------------------------------------------ */

hem__canvas *hem__canvas_new(double width, double height, const char *title,
                             const char *description)
{
    hem__canvas *canvas = hem__calloc(1, sizeof *canvas);
    if (canvas == NULL)
        return NULL;
    canvas->width = width;
    canvas->height = height;
    canvas->title = hem__strdup(title);
    canvas->description = description != NULL ? hem__strdup(description) : NULL;
    if (canvas->title == NULL || (description != NULL && canvas->description == NULL)) {
        hem__canvas_free(canvas);
        return NULL;
    }
    return canvas;
}

static void release_op(hem__op *op)
{
    union {
        const uint8_t *borrowed;
        uint8_t *own;
    } bytes = {.borrowed = op->pixels.bytes};
    free(bytes.own);
    free(op->points);
    free(op->text);
    free(op->key);
}

void hem__canvas_free(hem__canvas *canvas)
{
    if (canvas == NULL)
        return;
    for (size_t i = 0; i < canvas->n; i++)
        release_op(&canvas->ops[i]);
    free(canvas->ops);
    free(canvas->title);
    free(canvas->description);
    free(canvas);
}

void hem__canvas_move(hem__canvas *canvas, double x, double y)
{
    canvas->dx = x;
    canvas->dy = y;
}

/* Room for one more, at (x, y); NULL once the canvas has failed. */
static hem__op *add(hem__canvas *canvas, hem__op_kind kind, double x, double y)
{
    if (!canvas->failed && canvas->n == canvas->capacity) {
        size_t capacity = canvas->capacity > 0 ? 2 * canvas->capacity : 64;
        hem__op *ops = hem__reallocarray(canvas->ops, capacity, sizeof *ops);
        if (ops != NULL) {
            canvas->ops = ops;
            canvas->capacity = capacity;
        }
        canvas->failed = ops == NULL;
    }
    if (canvas->failed)
        return NULL;
    hem__op *op = &canvas->ops[canvas->n++];
    *op = (hem__op){.kind = kind, .x = x + canvas->dx, .y = y + canvas->dy};
    return op;
}

/* A copy that belongs to the canvas; NULL gives NULL. */
static char *keep(hem__canvas *canvas, const char *text)
{
    char *copy = text != NULL ? hem__strdup(text) : NULL;
    canvas->failed = canvas->failed || (text != NULL && copy == NULL);
    return copy;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

void hem__draw_rect(hem__canvas *canvas, double x, double y, double width, double height,
                    hem__paint paint)
{
    hem__op *op = add(canvas, HEM__OP_RECT, x, y);
    if (op == NULL)
        return;
    op->width = width;
    op->height = height;
    op->paint = paint;
}

static void draw_points(hem__canvas *canvas, hem__op_kind kind, const hem__point *points, size_t n,
                        hem__paint paint)
{
    hem__op *op = n > 1 ? add(canvas, kind, 0, 0) : NULL;
    if (op == NULL)
        return;
    op->paint = paint;
    op->points = hem__calloc(n, sizeof *points);
    canvas->failed = op->points == NULL;
    for (size_t i = 0; i < n && op->points != NULL; i++)
        op->points[i] = (hem__point){points[i].x + canvas->dx, points[i].y + canvas->dy};
    op->n = op->points != NULL ? n : 0;
}

void hem__draw_polyline(hem__canvas *canvas, const hem__point *points, size_t n, hem__paint paint)
{
    draw_points(canvas, HEM__OP_LINE, points, n, paint);
}

void hem__draw_line(hem__canvas *canvas, double x1, double y1, double x2, double y2,
                    hem__paint paint)
{
    const hem__point ends[2] = {{x1, y1}, {x2, y2}};
    draw_points(canvas, HEM__OP_LINE, ends, 2, paint);
}

void hem__draw_polygon(hem__canvas *canvas, const hem__point *points, size_t n, hem__paint paint)
{
    draw_points(canvas, HEM__OP_AREA, points, n, paint);
}

void hem__draw_circle(hem__canvas *canvas, double x, double y, double radius, hem__paint paint)
{
    hem__op *op = add(canvas, HEM__OP_CIRCLE, x, y);
    if (op == NULL)
        return;
    op->width = radius;
    op->paint = paint;
}

/* ---- text, images, groups -------------------------------------------------------------------- */

void hem__draw_text(hem__canvas *canvas, double x, double y, hem__font font, const char *format,
                    ...)
{
    hem__op *op = add(canvas, HEM__OP_TEXT, x, y);
    if (op == NULL)
        return;
    va_list values;
    va_start(values, format);
    if (vasprintf(&op->text, format, values) < 0)
        op->text = NULL;
    va_end(values);
    canvas->failed = op->text == NULL;
    if (op->text != NULL)
        hem__clean_text(op->text);
    op->font = font;
    op->font.size = font.size > 0 ? font.size : 12;
    op->font.role = font.role != HEM__NONE ? font.role : HEM__INK;
}

void hem__draw_image(hem__canvas *canvas, double x, double y, double width, double height,
                     hem__pixels pixels, const char *alternative)
{
    size_t n = (size_t)pixels.width * (size_t)pixels.height * (size_t)pixels.channels;
    hem__op *op = add(canvas, HEM__OP_IMAGE, x, y);
    uint8_t *copy = op != NULL ? hem__calloc(n, 1) : NULL;
    if (op == NULL)
        return;
    op->text = keep(canvas, alternative);
    canvas->failed = canvas->failed || copy == NULL;
    if (copy != NULL)
        memcpy(copy, pixels.bytes, n);
    op->width = width;
    op->height = height;
    op->pixels = pixels;
    op->pixels.bytes = copy;
}

void hem__group_begin(hem__canvas *canvas, const char *key, const char *title)
{
    hem__op *op = add(canvas, HEM__OP_GROUP, 0, 0);
    if (op == NULL)
        return;
    op->key = keep(canvas, key);
    op->text = keep(canvas, title);
}

void hem__group_end(hem__canvas *canvas)
{
    (void)add(canvas, HEM__OP_GROUP_END, 0, 0);
}

/* ---- how wide a text is ---------------------------------------------------------------------- */

/* Share of the size that a letter takes, in classes: widths of DejaVu Sans, rounded up, which are
 * among the widest of the fonts that a page may get. */
static double letter_width(unsigned char c)
{
    if (strchr("ijl.,:;'|!I", c) != NULL)
        return 0.33;
    if (strchr("frt()[]{}/\\ -\"*", c) != NULL)
        return 0.42;
    if (strchr("mwMW@%", c) != NULL)
        return 0.97;
    if (c >= 'A' && c <= 'Z')
        return 0.72;
    if (strchr("+<>=~^", c) != NULL)
        return 0.84;
    return 0.64;
}

double hem__text_width(const char *text, double size, bool bold)
{
    double width = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if ((*c & 0xC0) != 0x80) /* the first byte of a character */
            width += *c >= 0x80 ? 0.8 : letter_width(*c);
    }
    return width * size * (bold ? 1.1 : 1.0);
}

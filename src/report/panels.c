/* Several pictures on one. */
#include <math.h>
#include <stdlib.h>

#include "report/picture.h"

enum { MARGIN = 16, GAP = 24, TITLE = 16 };

/* Draws a canvas once more, with its corner at (x, y) of another. */
static void replay(hem__canvas *to, const hem__canvas *from, double x, double y)
{
    hem__canvas_move(to, x, y);
    for (size_t i = 0; i < from->n; i++) {
        const hem__op *op = &from->ops[i];
        switch (op->kind) {
        case HEM__OP_RECT:
            hem__draw_rect(to, op->x, op->y, op->width, op->height, op->paint);
            break;
        case HEM__OP_LINE:
            hem__draw_polyline(to, op->points, op->n, op->paint);
            break;
        case HEM__OP_AREA:
            hem__draw_polygon(to, op->points, op->n, op->paint);
            break;
        case HEM__OP_CIRCLE:
            hem__draw_circle(to, op->x, op->y, op->width, op->paint);
            break;
        case HEM__OP_TEXT:
            hem__draw_text(to, op->x, op->y, op->font, "%s", op->text);
            break;
        case HEM__OP_IMAGE:
            hem__draw_image(to, op->x, op->y, op->width, op->height, op->pixels, op->text);
            break;
        case HEM__OP_GROUP:
            hem__group_begin(to, op->key, op->text);
            break;
        case HEM__OP_GROUP_END:
            hem__group_end(to);
            break;
        }
    }
    hem__canvas_move(to, 0, 0);
}

/* Width of the widest and height of the highest. */
static void measure(const hem_picture *const *pictures, size_t n, double *width, double *height)
{
    *width = *height = 0;
    for (size_t i = 0; i < n; i++) {
        *width = fmax(*width, pictures[i]->canvas->width);
        *height = fmax(*height, pictures[i]->canvas->height);
    }
}

/* Each row is as high as its own highest picture. */
static double place_rows(hem__canvas *to, const hem_picture *const *pictures, size_t n,
                         size_t columns, double cell, double top)
{
    for (size_t first = 0; first < n; first += columns) {
        size_t here = n - first < columns ? n - first : columns;
        double width, height;
        measure(pictures + first, here, &width, &height);
        for (size_t i = 0; to != NULL && i < here; i++)
            replay(to, pictures[first + i]->canvas, MARGIN + (double)i * (cell + GAP), top);
        top += height + GAP;
    }
    return top - GAP;
}

/* What the pictures show, one sentence after another; NULL = no memory. */
static char *describe(const hem_picture *const *pictures, size_t n)
{
    hem__str s = {0};
    hem__str_add(&s, "");
    for (size_t i = 0; i < n; i++) {
        const hem__canvas *c = pictures[i]->canvas;
        hem__str_printf(&s, "%s%s%s%s", i > 0 ? "; " : "", c->title,
                        c->description != NULL ? ": " : "",
                        c->description != NULL ? c->description : "");
    }
    return hem__str_take(&s);
}

hem_status hem_pictures_join(const hem_picture *const *pictures, size_t n, size_t columns,
                             const char *title, hem_picture **out, hem_error *err)
{
    *out = NULL;
    if (n < 1)
        return hem__fail(err, HEM_ERR_USAGE, "there is no picture to put on a sheet");
    columns = columns < 1 || columns > n ? n : columns;
    double cell, height, top = MARGIN + (title != NULL ? TITLE + 16 : 0);
    measure(pictures, n, &cell, &height);
    height = place_rows(NULL, pictures, n, columns, cell, top) + MARGIN;
    double width = 2 * MARGIN + (double)columns * (cell + GAP) - GAP;
    if (title != NULL)
        width = fmax(width, 2 * MARGIN + ceil(hem__text_width(title, TITLE, true)));
    char *description = describe(pictures, n);
    hem__canvas *canvas =
        description != NULL
            ? hem__canvas_new(width, height, title != NULL ? title : pictures[0]->canvas->title,
                              description)
            : NULL;
    free(description);
    if (canvas != NULL && title != NULL)
        hem__draw_text(canvas, MARGIN, MARGIN + TITLE - 3, (hem__font){.size = TITLE, .bold = true},
                       "%s", title);
    if (canvas != NULL)
        place_rows(canvas, pictures, n, columns, cell, top);
    return hem__picture_of(canvas, out, err);
}

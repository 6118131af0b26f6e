/* The loadable module "cairo": a recorded canvas as PDF or PNG. */
#include "report/cairo.h"

#include <cairo/cairo-pdf.h>
#include <cairo/cairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct drawing {
    cairo_t *cairo;
    const uint32_t *colours;
    hem__cairo_sink sink;
    void *user;
} drawing;

static cairo_status_t on_bytes(void *user, const unsigned char *bytes, unsigned int n)
{
    const drawing *d = user;
    return d->sink(d->user, bytes, n) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static void set_colour(const drawing *d, hem__role role, double opacity)
{
    uint32_t rgb = d->colours[role];
    cairo_set_source_rgba(d->cairo, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0,
                          (rgb & 255) / 255.0, opacity > 0 ? opacity : 1);
}

/* Fills and strokes the path at hand. */
static void paint_path(const drawing *d, hem__paint paint)
{
    if (paint.fill != HEM__NONE) {
        set_colour(d, paint.fill, paint.opacity);
        cairo_fill_preserve(d->cairo);
    }
    if (paint.stroke != HEM__NONE) {
        set_colour(d, paint.stroke, 1);
        cairo_set_line_width(d->cairo, paint.line > 0 ? paint.line : 1);
        cairo_set_dash(d->cairo, &paint.dash, paint.dash > 0 ? 1 : 0, 0);
        cairo_stroke_preserve(d->cairo);
    }
    cairo_new_path(d->cairo);
}

static void draw_points(const drawing *d, const hem__op *op)
{
    for (size_t i = 0; i < op->n; i++)
        cairo_line_to(d->cairo, op->points[i].x, op->points[i].y);
    if (op->kind == HEM__OP_AREA)
        cairo_close_path(d->cairo);
    paint_path(d, op->paint);
}

/* cairo puts a context into an error state, for good, where it gets bytes that are not UTF-8. */
static void draw_text(const drawing *d, const hem__op *op)
{
    cairo_text_extents_t size;
    cairo_save(d->cairo);
    cairo_select_font_face(d->cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                           op->font.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(d->cairo, op->font.size);
    set_colour(d, op->font.role, 1);
    cairo_text_extents(d->cairo, op->text, &size);
    double share = op->font.anchor == HEM__MIDDLE ? 0.5 : op->font.anchor == HEM__END ? 1.0 : 0.0;
    cairo_translate(d->cairo, op->x, op->y);
    if (op->font.upward)
        cairo_rotate(d->cairo, -1.5707963267948966);
    cairo_move_to(d->cairo, -share * size.x_advance, 0);
    cairo_show_text(d->cairo, op->text);
    cairo_restore(d->cairo);
    cairo_new_path(d->cairo);
}

/* Pixels as cairo wants them; NULL = no memory. */
static cairo_surface_t *image_surface(const hem__pixels *pixels)
{
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, pixels->width, pixels->height);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS) {
        cairo_surface_destroy(surface);
        return NULL;
    }
    unsigned char *bytes = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    const uint8_t *from = pixels->bytes;
    for (int y = 0; y < pixels->height; y++) {
        for (int x = 0; x < pixels->width; x++, from += pixels->channels) {
            int last = pixels->channels - 1;
            uint32_t rgb = (uint32_t)from[0] << 16 | (uint32_t)from[last / 2] << 8 | from[last];
            memcpy(bytes + y * stride + 4 * x, &rgb, sizeof rgb);
        }
    }
    cairo_surface_mark_dirty(surface);
    return surface;
}

static bool draw_image(const drawing *d, const hem__op *op)
{
    cairo_surface_t *surface = image_surface(&op->pixels);
    if (surface == NULL)
        return false;
    cairo_save(d->cairo);
    cairo_translate(d->cairo, op->x, op->y);
    cairo_scale(d->cairo, op->width / op->pixels.width, op->height / op->pixels.height);
    cairo_set_source_surface(d->cairo, surface, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(d->cairo), CAIRO_FILTER_NEAREST);
    cairo_rectangle(d->cairo, 0, 0, op->pixels.width, op->pixels.height);
    cairo_fill(d->cairo);
    cairo_restore(d->cairo);
    cairo_surface_destroy(surface);
    return true;
}

static bool draw_op(const drawing *d, const hem__op *op)
{
    switch (op->kind) {
    case HEM__OP_RECT:
        cairo_rectangle(d->cairo, op->x, op->y, op->width, op->height);
        paint_path(d, op->paint);
        break;
    case HEM__OP_LINE:
    case HEM__OP_AREA:
        draw_points(d, op);
        break;
    case HEM__OP_CIRCLE:
        cairo_arc(d->cairo, op->x, op->y, op->width, 0, 6.283185307179586);
        paint_path(d, op->paint);
        break;
    case HEM__OP_TEXT:
        draw_text(d, op);
        break;
    case HEM__OP_IMAGE:
        return draw_image(d, op);
    case HEM__OP_GROUP:
    case HEM__OP_GROUP_END:
        break;
    }
    return true;
}

static bool draw_canvas(drawing *d, const hem__canvas *canvas, cairo_surface_t *surface)
{
    bool good = true;
    d->cairo = cairo_create(surface);
    cairo_set_line_join(d->cairo, CAIRO_LINE_JOIN_ROUND);
    set_colour(d, HEM__PAPER, 1);
    cairo_paint(d->cairo);
    cairo_translate(d->cairo, canvas->margin, canvas->margin);
    for (size_t i = 0; i < canvas->n && good; i++)
        good = draw_op(d, &canvas->ops[i]);
    good = good && cairo_status(d->cairo) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(d->cairo);
    return good;
}

static double full_width(const hem__canvas *canvas)
{
    return canvas->width + 2 * canvas->margin;
}

static double full_height(const hem__canvas *canvas)
{
    return canvas->height + 2 * canvas->margin;
}

/* A PDF's unit is 1/72 inch, a CSS pixel 1/96. */
static bool write_pdf(drawing *d, const hem__canvas *canvas, cairo_surface_t **surface)
{
    *surface = cairo_pdf_surface_create_for_stream(on_bytes, d, full_width(canvas) * 0.75,
                                                   full_height(canvas) * 0.75);
    cairo_surface_set_device_scale(*surface, 0.75, 0.75);
    cairo_pdf_surface_set_metadata(*surface, CAIRO_PDF_METADATA_TITLE, canvas->title);
    bool good = draw_canvas(d, canvas, *surface);
    cairo_surface_finish(*surface);
    return good;
}

static bool write_png(drawing *d, const hem__canvas *canvas, double scale,
                      cairo_surface_t **surface)
{
    *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(full_width(canvas) * scale + 0.5),
                                   (int)(full_height(canvas) * scale + 0.5));
    cairo_surface_set_device_scale(*surface, scale, scale);
    return draw_canvas(d, canvas, *surface) &&
           cairo_surface_write_to_png_stream(*surface, on_bytes, d) == CAIRO_STATUS_SUCCESS;
}

static bool write_canvas(const hem__canvas *canvas, const uint32_t *colours, bool pdf, double scale,
                         hem__cairo_sink sink, void *user, char *why, size_t why_size)
{
    drawing d = {.colours = colours, .sink = sink, .user = user};
    cairo_surface_t *surface = NULL;
    bool good = pdf ? write_pdf(&d, canvas, &surface) : write_png(&d, canvas, scale, &surface);
    cairo_status_t status = cairo_surface_status(surface);
    good = good && status == CAIRO_STATUS_SUCCESS;
    if (!good)
        snprintf(why, why_size, "%s",
                 status != CAIRO_STATUS_SUCCESS ? cairo_status_to_string(status)
                                                : "not enough memory");
    cairo_surface_destroy(surface);
    return good;
}

const hem__cairo_module hem_cairo_module = {
    .size = sizeof(hem__cairo_module),
    .version = HEM_VERSION,
    .write = write_canvas,
};

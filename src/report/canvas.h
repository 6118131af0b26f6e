/* A canvas: drawing operations as they were asked for, in order, to be written as SVG, PDF or PNG.
 * It knows colours by what they stand for, so that one drawing serves light and dark pages. It does
 * not know charts: chart.h.
 *
 * Lengths are CSS pixels, y grows downward. No call here fails: where there was no memory `failed`
 * is set, every later call does nothing, and the writers say so. */
#ifndef HEM_REPORT_CANVAS_H
#define HEM_REPORT_CANVAS_H

#include "base/str.h"

typedef enum hem__role {
    HEM__NONE = 0,
    HEM__PAPER,  /* the page */
    HEM__INK,    /* text and axes */
    HEM__MUTED,  /* text that stands back: readable (contrast 4.5 and more) */
    HEM__GRID,   /* rules behind data */
    HEM__PANEL,  /* a field slightly set off from the page */
    HEM__SERIES, /* HEM__SERIES + i, i = 0..HEM__N_SERIES-1: readable as text, and told apart by
                    those who do not see red or green */
} hem__role;

enum { HEM__N_SERIES = 8, HEM__N_ROLES = HEM__SERIES + HEM__N_SERIES };

/* The role of series i, counted round. */
hem__role hem__series(size_t i);
/* 0xRRGGBB of a role on light or dark paper. */
uint32_t hem__role_rgb(hem__role role, bool dark);

typedef struct hem__point {
    double x, y;
} hem__point;

/* How a shape is painted; a field that is left out is off. */
typedef struct hem__paint {
    hem__role fill, stroke;
    double opacity; /* of the fill; 0 stands for 1 */
    double line;    /* width of the stroke; 0 stands for 1 */
    double dash;    /* length of dashes and gaps; 0 = a whole line */
} hem__paint;

typedef enum hem__anchor { HEM__START = 0, HEM__MIDDLE, HEM__END } hem__anchor;

typedef struct hem__font {
    double size;    /* 0 stands for 12 */
    hem__role role; /* HEM__NONE stands for HEM__INK */
    hem__anchor anchor;
    bool bold;
    bool upward; /* turned by a quarter: read from below */
} hem__font;

/* Pixels: 1 channel (grey) or 3 (red, green, blue), row by row. */
typedef struct hem__pixels {
    const uint8_t *bytes;
    int width, height, channels;
} hem__pixels;

typedef enum hem__op_kind {
    HEM__OP_RECT,
    HEM__OP_LINE, /* polyline */
    HEM__OP_AREA, /* polygon */
    HEM__OP_CIRCLE,
    HEM__OP_TEXT,
    HEM__OP_IMAGE,
    HEM__OP_GROUP,
    HEM__OP_GROUP_END
} hem__op_kind;

typedef struct hem__op {
    hem__op_kind kind;
    hem__paint paint;
    hem__font font;
    double x, y, width, height; /* circle: width is the radius */
    hem__point *points;         /* line and area */
    size_t n;
    char *text;         /* text; of an image its alternative; of a group its title, or NULL */
    char *key;          /* of a group, or NULL */
    hem__pixels pixels; /* image; its own copy */
} hem__op;

typedef struct hem__canvas {
    double width, height;
    char *title, *description; /* what is seen, for those who do not see it */
    hem__op *ops;
    size_t n, capacity;
    double margin; /* paper around it where it is a file of its own */
    double dx, dy; /* added to every place that is given: see hem__canvas_move() */
    bool failed;
} hem__canvas;

/* `title` names the picture in a line, `description` (may be NULL) says what it shows. NULL = no
 * memory. */
hem__canvas *hem__canvas_new(double width, double height, const char *title,
                             const char *description);
void hem__canvas_free(hem__canvas *canvas);
/* Later operations count their places from (x, y): draws a chart into a corner of a sheet. */
void hem__canvas_move(hem__canvas *canvas, double x, double y);

void hem__draw_rect(hem__canvas *canvas, double x, double y, double width, double height,
                    hem__paint paint);
void hem__draw_line(hem__canvas *canvas, double x1, double y1, double x2, double y2,
                    hem__paint paint);
/* Points are copied. A line of one point draws nothing. */
void hem__draw_polyline(hem__canvas *canvas, const hem__point *points, size_t n, hem__paint paint);
void hem__draw_polygon(hem__canvas *canvas, const hem__point *points, size_t n, hem__paint paint);
void hem__draw_circle(hem__canvas *canvas, double x, double y, double radius, hem__paint paint);
/* (x, y) is on the base line, at the text's start, middle or end. Bytes that are not UTF-8 and
 * control characters become '?'. */
void hem__draw_text(hem__canvas *canvas, double x, double y, hem__font font, const char *format,
                    ...) HEM_PRINTF(5, 6);
/* Pixels are copied, and shown as sharp squares. `alternative` says what they show. */
void hem__draw_image(hem__canvas *canvas, double x, double y, double width, double height,
                     hem__pixels pixels, const char *alternative);
/* What follows until hem__group_end() belongs together: `title` shows up when the pointer rests on
 * it, `key` names it for the report's script. Either may be NULL. */
void hem__group_begin(hem__canvas *canvas, const char *key, const char *title);
void hem__group_end(hem__canvas *canvas);

/* Width of a text, about: on the wide side of what common sans-serif fonts give. */
double hem__text_width(const char *text, double size, bool bold);

/* ---- writers --------------------------------------------------------------------------------- */

typedef enum hem__svg_mode {
    HEM__SVG_PAGE,  /* inside a page that has the rules of hem__svg_rules() */
    HEM__SVG_LIGHT, /* a file of its own, fixed colours on white */
    HEM__SVG_DARK
} hem__svg_mode;

/* Adds the drawing; `out` fails where the canvas has. */
void hem__canvas_svg(const hem__canvas *canvas, hem__svg_mode mode, hem__str *out);
/* The style sheet's rules for drawings in a page: colours of all roles, light and dark. */
void hem__svg_rules(hem__str *out);

/* Writes a file, of the kind that its name ends in: .svg, .pdf or .png (`scale` pixels a CSS pixel,
 * 0 stands for 2); PDF and PNG through the module "cairo". HEM_ERR_USAGE: another ending;
 * HEM_ERR_IO. */
hem_status hem__canvas_write(const hem__canvas *canvas, const char *path, double scale,
                             hem_error *err);
/* What hem__canvas_write() takes, to check before the work: HEM_ERR_USAGE names the endings. */
hem_status hem__canvas_check_name(const char *path, hem_error *err);

/* Adds a PNG file of the pixels; `out` fails where there is no memory. */
void hem__png_encode(hem__pixels pixels, hem__str *out);
/* Adds text with & < > " escaped, bytes that are not UTF-8 and control characters as '?'. */
void hem__add_escaped(hem__str *out, const char *text);
/* In place: bytes that are not UTF-8 and control characters become '?'. */
void hem__clean_text(char *text);
/* Adds bytes in base 64. */
void hem__add_base64(hem__str *out, const void *bytes, size_t n);

#endif

/* A canvas as SVG text. */
#include "report/canvas.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- pieces of text -------------------------------------------------------------------------- */

/* A length to a tenth of a pixel, without a zero that says nothing. */
static void add_number(hem__str *out, double value)
{
    double tenths = round(value * 10.0);
    if (!isfinite(value) || fabs(tenths) > 1e9)
        tenths = 0;
    long n = (long)tenths;
    long whole = labs(n) / 10, rest = labs(n) % 10;
    if (rest != 0)
        hem__str_printf(out, "%s%ld.%ld", n < 0 ? "-" : "", whole, rest);
    else
        hem__str_printf(out, "%s%ld", n < 0 ? "-" : "", whole);
}

static void add_attribute(hem__str *out, const char *name, double value)
{
    hem__str_printf(out, " %s=\"", name);
    add_number(out, value);
    hem__str_add(out, "\"");
}

/* ---- colours --------------------------------------------------------------------------------- */

static const char *const role_names[] = {"none", "paper", "ink", "muted", "grid", "panel"};

/* "ink", "s1": what rules and variables call a role. */
static void role_name(hem__role role, char out[16])
{
    if (role >= HEM__SERIES)
        snprintf(out, 16, "s%d", (int)role - HEM__SERIES + 1);
    else
        snprintf(out, 16, "%s", role_names[role]);
}

static void add_variables(hem__str *out, bool dark)
{
    char name[16];
    for (int role = HEM__PAPER; role < HEM__N_ROLES; role++) {
        role_name((hem__role)role, name);
        hem__str_printf(out, "--%s:#%06x;", name, hem__role_rgb((hem__role)role, dark));
    }
}

void hem__svg_rules(hem__str *out)
{
    char name[16];
    hem__str_add(out, ":root{color-scheme:light dark;");
    add_variables(out, false);
    hem__str_add(out, "}\n@media screen and (prefers-color-scheme:dark){:root{");
    add_variables(out, true);
    hem__str_add(out, "}}\n");
    for (int role = HEM__PAPER; role < HEM__N_ROLES; role++) {
        role_name((hem__role)role, name);
        hem__str_printf(out, ".f-%s{fill:var(--%s)}.l-%s{stroke:var(--%s)}", name, name, name,
                        name);
    }
    hem__str_add(out, "\n");
}

/* Fill and stroke: as classes in a page, as colours in a file of its own. */
static void add_paint(hem__str *out, hem__svg_mode mode, hem__role fill, hem__role stroke,
                      bool is_text)
{
    char names[2][16];
    bool dark = mode == HEM__SVG_DARK;
    role_name(fill, names[0]);
    role_name(stroke, names[1]);
    if (mode == HEM__SVG_PAGE && (fill != HEM__NONE || stroke != HEM__NONE))
        hem__str_printf(out, " class=\"%s%s%s%s%s\"", fill != HEM__NONE ? "f-" : "",
                        fill != HEM__NONE ? names[0] : "",
                        fill != HEM__NONE && stroke != HEM__NONE ? " " : "",
                        stroke != HEM__NONE ? "l-" : "", stroke != HEM__NONE ? names[1] : "");
    if (mode != HEM__SVG_PAGE && fill != HEM__NONE)
        hem__str_printf(out, " fill=\"#%06x\"", hem__role_rgb(fill, dark));
    if (mode != HEM__SVG_PAGE && stroke != HEM__NONE)
        hem__str_printf(out, " stroke=\"#%06x\"", hem__role_rgb(stroke, dark));
    if (fill == HEM__NONE && !is_text)
        hem__str_add(out, " fill=\"none\"");
}

static void add_shape_paint(hem__str *out, hem__svg_mode mode, hem__paint paint)
{
    add_paint(out, mode, paint.fill, paint.stroke, false);
    if (paint.opacity > 0 && paint.opacity < 1)
        hem__str_printf(out, " fill-opacity=\"%.3g\"", paint.opacity);
    if (paint.stroke != HEM__NONE && paint.line > 0)
        add_attribute(out, "stroke-width", paint.line);
    if (paint.stroke != HEM__NONE && paint.dash > 0)
        add_attribute(out, "stroke-dasharray", paint.dash);
}

/* ---- operations ------------------------------------------------------------------------------ */

static void add_points(hem__str *out, hem__svg_mode mode, const hem__op *op)
{
    hem__str_add(out, op->kind == HEM__OP_AREA ? "<polygon points=\"" : "<polyline points=\"");
    for (size_t i = 0; i < op->n; i++) {
        hem__str_add(out, i > 0 ? " " : "");
        add_number(out, op->points[i].x);
        hem__str_add(out, ",");
        add_number(out, op->points[i].y);
    }
    hem__str_add(out, "\"");
    add_shape_paint(out, mode, op->paint);
    hem__str_add(out, "/>\n");
}

static void add_text(hem__str *out, hem__svg_mode mode, const hem__op *op)
{
    static const char *const anchors[] = {"", " text-anchor=\"middle\"", " text-anchor=\"end\""};
    hem__str_add(out, "<text");
    add_attribute(out, "x", op->x);
    add_attribute(out, "y", op->y);
    add_attribute(out, "font-size", op->font.size);
    hem__str_add(out, anchors[op->font.anchor]);
    hem__str_add(out, op->font.bold ? " font-weight=\"bold\"" : "");
    if (op->font.upward) {
        hem__str_add(out, " transform=\"rotate(-90 ");
        add_number(out, op->x);
        hem__str_add(out, " ");
        add_number(out, op->y);
        hem__str_add(out, ")\"");
    }
    add_paint(out, mode, op->font.role, HEM__NONE, true);
    hem__str_add(out, ">");
    hem__add_escaped(out, op->text);
    hem__str_add(out, "</text>\n");
}

static void add_image(hem__str *out, const hem__op *op)
{
    hem__str png = {0};
    hem__png_encode(op->pixels, &png);
    if (png.failed) {
        out->failed = true;
        return;
    }
    hem__str_add(out, "<image");
    add_attribute(out, "x", op->x);
    add_attribute(out, "y", op->y);
    add_attribute(out, "width", op->width);
    add_attribute(out, "height", op->height);
    hem__str_add(out,
                 " preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" role=\"img\""
                 " aria-label=\"");
    hem__add_escaped(out, op->text != NULL ? op->text : "");
    hem__str_add(out, "\" href=\"data:image/png;base64,");
    hem__add_base64(out, png.text, png.length);
    hem__str_add(out, "\"/>\n");
    hem__str_release(&png);
}

static void add_rect(hem__str *out, hem__svg_mode mode, const hem__op *op)
{
    hem__str_add(out, "<rect");
    add_attribute(out, "x", op->x);
    add_attribute(out, "y", op->y);
    add_attribute(out, "width", op->width);
    add_attribute(out, "height", op->height);
    add_shape_paint(out, mode, op->paint);
    hem__str_add(out, "/>\n");
}

static void add_circle(hem__str *out, hem__svg_mode mode, const hem__op *op)
{
    hem__str_add(out, "<circle");
    add_attribute(out, "cx", op->x);
    add_attribute(out, "cy", op->y);
    add_attribute(out, "r", op->width);
    add_shape_paint(out, mode, op->paint);
    hem__str_add(out, "/>\n");
}

static void add_group(hem__str *out, const hem__op *op)
{
    hem__str_add(out, "<g");
    if (op->key != NULL) {
        hem__str_add(out, " data-key=\"");
        hem__add_escaped(out, op->key);
        hem__str_add(out, "\"");
    }
    hem__str_add(out, ">");
    if (op->text != NULL) {
        hem__str_add(out, "<title>");
        hem__add_escaped(out, op->text);
        hem__str_add(out, "</title>");
    }
    hem__str_add(out, "\n");
}

static void add_op(hem__str *out, hem__svg_mode mode, const hem__op *op)
{
    switch (op->kind) {
    case HEM__OP_RECT:
        add_rect(out, mode, op);
        break;
    case HEM__OP_LINE:
    case HEM__OP_AREA:
        add_points(out, mode, op);
        break;
    case HEM__OP_CIRCLE:
        add_circle(out, mode, op);
        break;
    case HEM__OP_TEXT:
        add_text(out, mode, op);
        break;
    case HEM__OP_IMAGE:
        add_image(out, op);
        break;
    case HEM__OP_GROUP:
        add_group(out, op);
        break;
    case HEM__OP_GROUP_END:
        hem__str_add(out, "</g>\n");
        break;
    }
}

/* A file of its own gets a name space, a font and paper; a page has them. */
static void add_head(hem__str *out, hem__svg_mode mode, const hem__canvas *canvas)
{
    hem__str_add(out, "<svg");
    if (mode != HEM__SVG_PAGE)
        hem__str_add(out, " xmlns=\"http://www.w3.org/2000/svg\" "
                          "font-family=\"Helvetica,Arial,'DejaVu Sans',sans-serif\"");
    double margin = mode != HEM__SVG_PAGE ? canvas->margin : 0;
    const double box[4] = {-margin, -margin, canvas->width + 2 * margin,
                           canvas->height + 2 * margin};
    add_attribute(out, "width", box[2]);
    add_attribute(out, "height", box[3]);
    hem__str_add(out, " viewBox=\"");
    for (int i = 0; i < 4; i++) {
        hem__str_add(out, i > 0 ? " " : "");
        add_number(out, box[i]);
    }
    hem__str_add(out, "\" role=\"img\" aria-label=\"");
    hem__add_escaped(out, canvas->title);
    if (canvas->description != NULL) {
        hem__str_add(out, ": ");
        hem__add_escaped(out, canvas->description);
    }
    hem__str_add(out, "\">\n");
    if (mode != HEM__SVG_PAGE) {
        hem__op paper = {.x = -margin,
                         .y = -margin,
                         .width = box[2],
                         .height = box[3],
                         .paint = {.fill = HEM__PAPER}};
        add_rect(out, mode, &paper);
    }
}

void hem__canvas_svg(const hem__canvas *canvas, hem__svg_mode mode, hem__str *out)
{
    add_head(out, mode, canvas);
    for (size_t i = 0; i < canvas->n && !canvas->failed; i++)
        add_op(out, mode, &canvas->ops[i]);
    hem__str_add(out, "</svg>\n");
    out->failed = out->failed || canvas->failed;
}

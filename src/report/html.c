/* Pieces of the page. */
#include "report/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The text with no line end between a number and its percent sign. */
static void add_unbroken(hem__str *out, char *text)
{
    for (char *at = strstr(text, " %"); at != NULL; at = strstr(text, " %")) {
        *at = '\0';
        hem__add_escaped(out, text);
        hem__str_add(out, "&nbsp;");
        text = at + 1;
    }
    hem__add_escaped(out, text);
}

static void say_list(hem__str *out, const char *format, va_list values) HEM_PRINTF(2, 0);

static void say_list(hem__str *out, const char *format, va_list values)
{
    char *text;
    if (vasprintf(&text, format, values) < 0) {
        out->failed = true;
        return;
    }
    add_unbroken(out, text);
    free(text);
}

void hem__say(hem__str *out, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say_list(out, format, values);
    va_end(values);
}

void hem__tag(hem__str *out, const char *element, const char *format, ...)
{
    va_list values;
    hem__str_printf(out, "<%s>", element);
    va_start(values, format);
    say_list(out, format, values);
    va_end(values);
    hem__str_printf(out, "</%.*s>", (int)strcspn(element, " "), element);
}

void hem__scroll_open(hem__str *out, const char *label)
{
    hem__str_add(out, "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"");
    hem__add_escaped(out, label);
    hem__str_add(out, "\">");
}

void hem__figure(hem__str *out, hem__canvas *canvas)
{
    if (canvas == NULL) {
        out->failed = true;
        return;
    }
    hem__str_add(out, "<figure>");
    hem__canvas_svg(canvas, HEM__SVG_PAGE, out);
    hem__str_add(out, "</figure>\n");
    hem__canvas_free(canvas);
}

/* ---- images ---------------------------------------------------------------------------------- */

enum { MOST_PIXELS = 64 };

/* Means of squares of `by` pixels, cut at the right and lower edge. */
static bool shrink(hem__pixels from, int by, hem__pixels *out, uint8_t **bytes)
{
    int C = from.channels;
    *out = (hem__pixels){
        .width = (from.width + by - 1) / by, .height = (from.height + by - 1) / by, .channels = C};
    *bytes = hem__calloc((size_t)out->width * (size_t)out->height, (size_t)C);
    out->bytes = *bytes;
    if (*bytes == NULL)
        return false;
    for (int i = 0; i < out->width * out->height * C; i++) {
        int x = i / C % out->width * by, y = i / C / out->width * by, sum = 0, n = 0;
        for (int v = y; v < y + by && v < from.height; v++) {
            for (int u = x; u < x + by && u < from.width; u++, n++)
                sum += from.bytes[((size_t)v * (size_t)from.width + (size_t)u) * (size_t)C +
                                  (size_t)(i % C)];
        }
        (*bytes)[i] = (uint8_t)((sum + n / 2) / n);
    }
    return true;
}

void hem__image(hem__str *out, const hem__report *report, hem__pixels pixels, int size,
                const char *alternative)
{
    uint8_t *small = NULL;
    hem__str png = {0};
    int most = hem__thrifty(report, MOST_PIXELS),
        longer = pixels.width > pixels.height ? pixels.width : pixels.height;
    int width = (int)((double)size * pixels.width / pixels.height + 0.5), height = size;
    if (longer > most && !shrink(pixels, (longer + most - 1) / most, &pixels, &small)) {
        out->failed = true;
        return;
    }
    hem__png_encode(pixels, &png);
    out->failed = out->failed || png.failed;
    hem__str_printf(out, "<img width=\"%d\" height=\"%d\" alt=\"", width > 0 ? width : 1, height);
    hem__add_escaped(out, alternative);
    hem__str_add(out, "\" src=\"data:image/png;base64,");
    if (!png.failed)
        hem__add_base64(out, png.text, png.length);
    hem__str_add(out, "\">");
    hem__str_release(&png);
    free(small);
}

void hem__data_image(hem__str *out, const hem__report *report, hem_part part, size_t index,
                     int size, const char *alternative)
{
    hem_data_info info = hem_data_get_info(report->data);
    const uint8_t *bytes = hem_data_image(report->data, part, index);
    if (bytes != NULL)
        hem__image(out, report, (hem__pixels){bytes, info.width, info.height, info.channels}, size,
                   alternative);
}

/* ---- words ----------------------------------------------------------------------------------- */

const char *hem__grouped(size_t n, char out[32])
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%zu", n), at = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

const char *hem__class_name(const hem__report *report, int of_class)
{
    return of_class >= 0 && of_class < report->n_classes && report->class_names != NULL
               ? report->class_names[of_class]
               : "?";
}

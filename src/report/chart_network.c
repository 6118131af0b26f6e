/* A network from image to classes: what each layer gives, and what it costs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/chart.h"

enum { ROW = 52, PICTURE = 74, BAR = 70 };

/* 1234567 -> "1.23 M": three digits that count. */
static void short_count(double n, char out[32])
{
    static const char *const units[] = {"", " k", " M", " G", " T"};
    int unit = 0;
    while (n >= 999.5 && unit < 4) {
        n /= 1000;
        unit++;
    }
    int decimals = unit == 0 ? 0 : n < 9.995 ? 2 : n < 99.95 ? 1 : 0;
    snprintf(out, 32, "%.*f%s", decimals, n, units[unit]);
}

/* A map as sheets one behind the other, as many as up to 6 channels; a vector as a bar whose length
 * grows with the logarithm of its units. */
static void draw_shape(hem__canvas *canvas, double y, int channels, int height, int width,
                       double largest)
{
    const hem__paint paint = {.fill = HEM__SERIES, .opacity = 0.25, .stroke = HEM__SERIES};
    if (height == 1 && width == 1) {
        double length = fmin(PICTURE - 10, 8 + 6.5 * log2((double)channels + 1));
        hem__draw_rect(canvas, PICTURE / 2.0 - length / 2, y - 4, length, 8, paint);
        return;
    }
    int sheets = channels < 6 ? channels : 6;
    double h = fmax(5, 25 * height / largest), w = fmax(5, 25 * width / largest), step = 2.5;
    double left = PICTURE / 2.0 - (w + step * (sheets - 1)) / 2;
    double top = y - (h + step * (sheets - 1)) / 2;
    for (int i = sheets - 1; i >= 0; i--) {
        hem__draw_rect(canvas, left + step * i, top + step * (sheets - 1 - i), w, h,
                       (hem__paint){.fill = HEM__PAPER});
        hem__draw_rect(canvas, left + step * i, top + step * (sheets - 1 - i), w, h, paint);
    }
}

static void shape_text(int channels, int height, int width, char out[64])
{
    if (height == 1 && width == 1)
        snprintf(out, 64, "%d", channels);
    else
        snprintf(out, 64, "%d x %d x %d", channels, height, width);
}

typedef struct totals {
    double parameters, macs, seconds, largest;
} totals;

static void draw_costs(hem__canvas *canvas, const hem_layer_info *layer, const double *seconds,
                       totals all, double y)
{
    const hem__font font = {.size = 10, .role = HEM__MUTED, .anchor = HEM__END};
    double right = HEM__CHART_WIDTH - 4, left = right - BAR;
    char text[32];
    if (layer->parameters > 0) {
        short_count((double)layer->parameters, text);
        hem__draw_text(canvas, right, y - 9, font, "%s parameters", text);
    }
    if (layer->macs > 0) {
        short_count((double)layer->macs, text);
        hem__draw_text(canvas, right, y + 4, font, "%s multiply-adds", text);
        hem__draw_rect(canvas, left, y + 8, BAR, 3, (hem__paint){.fill = HEM__GRID});
        hem__draw_rect(canvas, left, y + 8, BAR * (double)layer->macs / all.macs, 3,
                       (hem__paint){.fill = HEM__SERIES + 1});
    }
    if (seconds != NULL)
        hem__draw_text(canvas, right, y + 22, font, "%.0f %% of the time",
                       100 * *seconds / all.seconds);
}

static void draw_layer(hem__canvas *canvas, const hem_layer_info *layer, const double *seconds,
                       totals all, double y)
{
    char shape[64], kind[96], title[400], parameters[32], macs[32];
    shape_text(layer->channels, layer->height, layer->width, shape);
    short_count((double)layer->parameters, parameters);
    short_count((double)layer->macs, macs);
    snprintf(title, sizeof title, "%s: %s; output %s; %zu parameters; %zu multiply-adds an image",
             layer->name, layer->kind, shape, layer->parameters, layer->macs);
    hem__group_begin(canvas, "hit", title);
    hem__draw_rect(canvas, 0, y - ROW / 2.0, HEM__CHART_WIDTH, ROW,
                   (hem__paint){.fill = HEM__PAPER});
    draw_shape(canvas, y, layer->channels, layer->height, layer->width, all.largest);
    hem__draw_text(canvas, PICTURE + 8, y - 9, (hem__font){.size = 11, .bold = true}, "%s",
                   layer->name);
    hem__shorten(layer->kind, 10, HEM__CHART_WIDTH - PICTURE - BAR - 40, kind, sizeof kind);
    hem__draw_text(canvas, PICTURE + 8, y + 4, (hem__font){.size = 10}, "%s", kind);
    hem__draw_text(canvas, PICTURE + 8, y + 17, (hem__font){.size = 10, .role = HEM__MUTED}, "%s",
                   shape);
    draw_costs(canvas, layer, seconds, all, y);
    hem__group_end(canvas);
}

/* From one row to the next. */
static void draw_arrow(hem__canvas *canvas, double y)
{
    const hem__point head[3] = {
        {PICTURE / 2.0 - 3, y - 4}, {PICTURE / 2.0 + 3, y - 4}, {PICTURE / 2.0, y}};
    hem__draw_line(canvas, PICTURE / 2.0, y - 6, PICTURE / 2.0, y - 3,
                   (hem__paint){.stroke = HEM__MUTED});
    hem__draw_polygon(canvas, head, 3, (hem__paint){.fill = HEM__MUTED});
}

hem__canvas *hem__chart_network(const hem_net *net, const double *seconds, const char *title)
{
    hem_net_info info = hem_net_get_info(net);
    totals all = {.macs = fmax(1, (double)info.macs),
                  .largest = fmax(1, fmax(info.height, info.width))};
    for (size_t i = 0; i < info.n_layers && seconds != NULL; i++)
        all.seconds += seconds[i];
    double top = 34, height = top + (double)(info.n_layers + 1) * ROW + 20;
    char parameters[32], macs[32], description[200], shape[64];
    short_count((double)info.parameters, parameters);
    short_count((double)info.macs, macs);
    snprintf(description, sizeof description,
             "%zu layers, %zu parameters, %zu multiply-adds an image", info.n_layers,
             info.parameters, info.macs);
    hem__canvas *canvas = hem__canvas_new(HEM__CHART_WIDTH, height, title, description);
    if (canvas == NULL)
        return NULL;
    hem__draw_text(canvas, 0, 16, (hem__font){.size = 13, .bold = true}, "%s", title);
    shape_text(info.channels, info.height, info.width, shape);
    draw_shape(canvas, top + ROW / 2.0, info.channels, info.height, info.width, all.largest);
    hem__draw_text(canvas, PICTURE + 8, top + ROW / 2.0 - 2, (hem__font){.size = 11, .bold = true},
                   "image");
    hem__draw_text(canvas, PICTURE + 8, top + ROW / 2.0 + 11,
                   (hem__font){.size = 10, .role = HEM__MUTED}, "%s", shape);
    for (size_t i = 0; i < info.n_layers; i++) {
        hem_layer_info layer = hem_net_layer(net, i);
        draw_layer(canvas, &layer, seconds != NULL ? &seconds[i] : NULL, all,
                   top + (double)(i + 1) * ROW + ROW / 2.0);
        draw_arrow(canvas, top + (double)(i + 1) * ROW);
    }
    hem__draw_text(canvas, 0, height - 6, (hem__font){.size = 11, .role = HEM__MUTED},
                   "in all %s parameters, %s multiply-adds an image", parameters, macs);
    return canvas;
}

/* A network from image to classes: what each layer gives, and what it costs. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/chart.h"
#include "report/flow.h"

enum { ROW = 52, PICTURE = 74, BAR = 70, LANE = 8, TOP = 34 };

/* Where things stand, and what all layers have together. */
typedef struct layout {
    double top;
    double gutter, picture; /* widths of the columns of lanes, and of pictures of layers */
    double macs, seconds, largest;
} layout;

static double row_y(const layout *l, size_t row)
{
    return l->top + (double)row * ROW + ROW / 2.0;
}

static double middle(const layout *l)
{
    return l->gutter + l->picture / 2;
}

static double text_x(const layout *l)
{
    return l->gutter + l->picture + 8;
}

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

/* What a layer gives, drawn: a map as sheets one behind the other, as many as up to 6 channels; a
 * vector as a bar whose length grows with the logarithm of its units. */
typedef struct shape {
    int sheets; /* 0 = a bar */
    double width, height, step;
} shape;

static shape shape_of(const layout *l, int channels, int height, int width)
{
    if (height == 1 && width == 1) {
        double share = fmin(1, (8 + 6.5 * log2((double)channels + 1)) / (PICTURE - 10));
        return (shape){.width = (l->picture - 10) * share, .height = 8};
    }
    return (shape){.sheets = channels < 6 ? channels : 6,
                   .width = fmax(5, 25 * width / l->largest),
                   .height = fmax(5, 25 * height / l->largest),
                   .step = 2.5};
}

static double shape_left(const layout *l, shape s)
{
    return middle(l) - (s.width + s.step * (s.sheets > 0 ? s.sheets - 1 : 0)) / 2;
}

static void draw_shape(hem__canvas *canvas, const layout *l, shape s, double y)
{
    const hem__paint paint = {.fill = HEM__SERIES, .opacity = 0.25, .stroke = HEM__SERIES};
    const double left = shape_left(l, s);
    if (s.sheets == 0)
        hem__draw_rect(canvas, left, y - s.height / 2, s.width, s.height, paint);
    double top = y - (s.height + s.step * (s.sheets - 1)) / 2;
    for (int i = s.sheets - 1; i >= 0; i--) {
        double sheet_y = top + s.step * (s.sheets - 1 - i);
        hem__draw_rect(canvas, left + s.step * i, sheet_y, s.width, s.height,
                       (hem__paint){.fill = HEM__PAPER});
        hem__draw_rect(canvas, left + s.step * i, sheet_y, s.width, s.height, paint);
    }
}

static void shape_text(int channels, int height, int width, char out[64])
{
    if (height == 1 && width == 1)
        snprintf(out, 64, "%d", channels);
    else
        snprintf(out, 64, "%d x %d x %d", channels, height, width);
}

static void draw_costs(hem__canvas *canvas, const hem_layer_info *layer, const double *seconds,
                       const layout *l, double y)
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
        hem__draw_rect(canvas, left, y + 8, BAR * (double)layer->macs / l->macs, 3,
                       (hem__paint){.fill = HEM__SERIES + 1});
    }
    if (seconds == NULL)
        return;
    double percent = 100 * *seconds / l->seconds, time_y = layer->macs > 0 ? y + 22 : y + 4;
    if (percent < 0.05) /* dropout, flatten */
        return;
    if (percent < 0.5)
        hem__draw_text(canvas, right, time_y, font, "under 1 %% of the time");
    else
        hem__draw_text(canvas, right, time_y, font, "%.0f %% of the time", percent);
}

static void draw_layer(hem__canvas *canvas, const hem_layer_info *layer, const double *seconds,
                       const layout *l, double y)
{
    const double x = text_x(l);
    char size[64], kind[96], title[400];
    shape_text(layer->channels, layer->height, layer->width, size);
    snprintf(title, sizeof title, "%s: %s; output %s; %zu parameters; %zu multiply-adds an image",
             layer->name, layer->kind, size, layer->parameters, layer->macs);
    hem__group_begin(canvas, "hit", title);
    hem__draw_rect(canvas, 0, y - ROW / 2.0, HEM__CHART_WIDTH, ROW,
                   (hem__paint){.fill = HEM__PAPER});
    draw_shape(canvas, l, shape_of(l, layer->channels, layer->height, layer->width), y);
    hem__draw_text(canvas, x, y - 9, (hem__font){.size = 11, .bold = true}, "%s", layer->name);
    hem__shorten(layer->kind, 10, HEM__CHART_WIDTH - x - BAR - 32, kind, sizeof kind);
    hem__draw_text(canvas, x, y + 4, (hem__font){.size = 10}, "%s", kind);
    hem__draw_text(canvas, x, y + 17, (hem__font){.size = 10, .role = HEM__MUTED}, "%s", size);
    draw_costs(canvas, layer, seconds, l, y);
    hem__group_end(canvas);
}

/* From one row to the next. */
static void draw_arrow(hem__canvas *canvas, double x, double y)
{
    const hem__point head[3] = {{x - 3, y - 4}, {x + 3, y - 4}, {x, y}};
    hem__draw_line(canvas, x, y - 6, x, y - 3, (hem__paint){.stroke = HEM__MUTED});
    hem__draw_polygon(canvas, head, 3, (hem__paint){.fill = HEM__MUTED});
}

/* Past other rows, beside them. */
static void draw_detour(hem__canvas *canvas, const layout *l, const hem__edge *edge, double from_x,
                        double to_x)
{
    const double x = l->gutter - LANE * edge->lane + LANE / 2.0;
    const double from_y = row_y(l, edge->from) + 3, to_y = row_y(l, edge->to) - 3;
    const hem__point line[4] = {{from_x, from_y}, {x, from_y}, {x, to_y}, {to_x - 4, to_y}};
    const hem__point head[3] = {{to_x - 5, to_y - 3}, {to_x - 5, to_y + 3}, {to_x - 1, to_y}};
    hem__draw_polyline(canvas, line, 4, (hem__paint){.stroke = HEM__MUTED});
    hem__draw_polygon(canvas, head, 3, (hem__paint){.fill = HEM__MUTED});
}

static shape shape_of_row(const hem_net *net, const hem__flow *flow, const layout *l, size_t row)
{
    hem_net_info info = hem_net_get_info(net);
    if (row == 0)
        return shape_of(l, info.channels, info.height, info.width);
    hem_layer_info layer = hem_net_layer(net, flow->layers[row]);
    return shape_of(l, layer.channels, layer.height, layer.width);
}

static void draw_edges(hem__canvas *canvas, const hem_net *net, const hem__flow *flow,
                       const layout *l)
{
    for (size_t i = 0; i < flow->n_edges; i++) {
        const hem__edge *edge = &flow->edges[i];
        if (edge->lane == 0)
            draw_arrow(canvas, middle(l), row_y(l, edge->to) - ROW / 2.0 + 3);
        else
            draw_detour(canvas, l, edge, shape_left(l, shape_of_row(net, flow, l, edge->from)),
                        shape_left(l, shape_of_row(net, flow, l, edge->to)));
    }
}

static void draw_image(hem__canvas *canvas, const hem_net_info *info, const layout *l)
{
    char text[64];
    const double y = row_y(l, 0), x = text_x(l);
    shape_text(info->channels, info->height, info->width, text);
    draw_shape(canvas, l, shape_of(l, info->channels, info->height, info->width), y);
    hem__draw_text(canvas, x, y - 2, (hem__font){.size = 11, .bold = true}, "image");
    hem__draw_text(canvas, x, y + 11, (hem__font){.size = 10, .role = HEM__MUTED}, "%s", text);
}

static void draw(hem__canvas *canvas, const hem_net *net, const hem__flow *flow,
                 const double *seconds)
{
    hem_net_info info = hem_net_get_info(net);
    char parameters[32], macs[32];
    layout l = {.top = TOP,
                .gutter = LANE * flow->lanes,
                .picture = fmax(50, PICTURE - LANE * flow->lanes),
                .macs = fmax(1, (double)info.macs),
                .largest = fmax(1, fmax(info.height, info.width))};
    for (size_t i = 0; i < info.n_layers && seconds != NULL; i++)
        l.seconds += seconds[i];
    draw_image(canvas, &info, &l);
    for (size_t row = 1; row < flow->n_rows; row++) {
        size_t i = flow->layers[row];
        hem_layer_info layer = hem_net_layer(net, i);
        draw_layer(canvas, &layer, l.seconds > 0 ? &seconds[i] : NULL, &l, row_y(&l, row));
    }
    draw_edges(canvas, net, flow, &l);
    short_count((double)info.parameters, parameters);
    short_count((double)info.macs, macs);
    char time[48] = "";
    if (l.seconds > 0)
        snprintf(time, sizeof time, ", %.3g \xC2\xB5s", 1e6 * l.seconds);
    hem__draw_text(canvas, 0, canvas->height - 6, (hem__font){.size = 11, .role = HEM__MUTED},
                   "in all %s parameters, %s multiply-adds%s an image", parameters, macs, time);
}

hem__canvas *hem__chart_network(const hem_net *net, const double *seconds, const char *title)
{
    hem_net_info info = hem_net_get_info(net);
    hem__flow flow;
    char description[200];
    if (hem__flow_init(net, &flow, NULL) != HEM_OK)
        return NULL;
    snprintf(description, sizeof description,
             "%zu layers, %zu parameters, %zu multiply-adds an image", info.n_layers,
             info.parameters, info.macs);
    hem__canvas *canvas =
        hem__canvas_new(HEM__CHART_WIDTH, TOP + (double)flow.n_rows * ROW + 20, title, description);
    if (canvas != NULL) {
        hem__draw_text(canvas, 0, 16, (hem__font){.size = 13, .bold = true}, "%s", title);
        draw(canvas, net, &flow, seconds);
    }
    hem__flow_release(&flow);
    return canvas;
}

/* The network: its drawing, its first filters, what it makes of a few images, and what training
 * saw of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/augment.h"
#include "report/report.h"

enum { FILTERS = 64, MAPS = 32, IMAGES = 3, SAMPLES = 6, EPOCHS = 5 };

/* Microseconds of an image. */
static void add_time(double seconds, hem__str *out)
{
    double time = 1e6 * seconds;
    hem__tag(out, "td", "%.*f", time < 10 ? 2 : time < 100 ? 1 : 0, time);
}

static void say_measured(const hem__report *report, hem__str *out)
{
    char n[32];
    int threads = hem_context_threads(report->context);
    hem__str_add(out, "<p class=\"small\">&#181;s: microseconds an image, forward, in batches; ");
    hem__say(out,
             "measured on the %s test images when this report was made, with %d thread%s and %s "
             "kernels.",
             hem__grouped(report->predictions.n, n), threads, threads == 1 ? "" : "s",
             hem_context_tier(report->context));
    hem__str_add(out, "</p>");
}

void hem__section_network(const hem__report *report, hem__str *out)
{
    if (report->net == NULL)
        return;
    hem_net_info info = hem_net_get_info(report->net);
    char a[32], b[32];
    hem__str_add(out, "<div class=\"pair\">");
    const double *seconds = report->layer_seconds;
    hem__figure(out, hem__chart_network(report->net, seconds, "From image to classes"));
    hem__scroll_open(out, "Layers");
    hem__str_add(out, "<table><thead><tr><th>layer</th><th class=\"word\">what it does</th>"
                      "<th>output</th><th>parameters</th><th>multiply-adds</th>");
    hem__str_add(out, seconds != NULL ? "<th>&#181;s</th>" : "");
    hem__str_add(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < info.n_layers; i++) {
        hem_layer_info layer = hem_net_layer(report->net, i);
        hem__str_add(out, "<tr>");
        hem__tag(out, "th scope=\"row\"", "%s", layer.name);
        hem__tag(out, "td class=\"word\"", "%s", layer.kind);
        if (layer.height == 1 && layer.width == 1)
            hem__tag(out, "td", "%d", layer.channels);
        else
            hem__tag(out, "td", "%dx%dx%d", layer.channels, layer.height, layer.width);
        hem__tag(out, "td", "%s", hem__grouped(layer.parameters, a));
        hem__tag(out, "td", "%s", hem__grouped(layer.macs, b));
        if (seconds != NULL)
            add_time(seconds[i], out);
        hem__str_add(out, "</tr>\n");
    }
    hem__str_add(out, "</tbody><tfoot><tr><th scope=\"row\">total</th><td></td><td></td>");
    hem__tag(out, "td", "%s", hem__grouped(info.parameters, a));
    hem__tag(out, "td", "%s", hem__grouped(info.macs, b));
    double all = 0;
    for (size_t i = 0; i < info.n_layers && seconds != NULL; i++)
        all += seconds[i];
    if (seconds != NULL)
        add_time(all, out);
    hem__str_add(out, "</tr></tfoot></table>");
    if (seconds != NULL)
        say_measured(report, out);
    hem__str_add(out, "</div></div>\n");
}

/* ---- maps ------------------------------------------------------------------------------------ */

/* Map i of numbers 0..1 as grey pixels; with three channels, and `colour`, as colours. */
static void add_map(hem__str *out, const hem__report *report, const hem_maps *maps, size_t i,
                    bool colour, int size, const char *alternative)
{
    size_t area = (size_t)maps->height * (size_t)maps->width;
    int channels = colour ? 3 : 1;
    uint8_t *bytes = hem__calloc(area, (size_t)channels);
    if (bytes == NULL) {
        out->failed = true;
        return;
    }
    for (size_t at = 0; at < area; at++) {
        for (int c = 0; c < channels; c++) {
            float value = maps->values[(i * (size_t)channels + (size_t)c) * area + at];
            bytes[at * (size_t)channels + (size_t)c] = (uint8_t)(value * 255.0f + 0.5f);
        }
    }
    hem__image(out, report, (hem__pixels){bytes, maps->width, maps->height, channels}, size,
               alternative);
    free(bytes);
}

void hem__section_filters(const hem__report *report, hem__str *out)
{
    hem_maps maps;
    const char *name;
    float low, high;
    char alternative[160];
    if (report->net == NULL || hem_filters_get(report->net, NULL, &maps, &name, NULL) != HEM_OK)
        return;
    bool colour = maps.channels == 3;
    size_t all = colour ? maps.n : maps.n * (size_t)maps.channels;
    const size_t most = (size_t)hem__thrifty(report, FILTERS);
    size_t n = all < most ? all : most;
    hem_maps_range(&maps, &low, &high);
    hem_maps_scale(&maps, HEM_MAPS_TOGETHER);
    hem__str_add(out, "<p>");
    if (n < all)
        hem__say(out, "The first %zu of %zu filters of %s", n, all, name);
    else
        hem__say(out, "The %zu filters of %s", n, name);
    hem__say(out,
             ", %d x %d each. Black is the smallest weight of the layer, %.3g, white the "
             "largest, %.3g.",
             maps.height, maps.width, (double)low, (double)high);
    hem__str_add(out, "</p>");
    hem__str_add(out, "<div class=\"images\">");
    for (size_t i = 0; i < n; i++) {
        snprintf(alternative, sizeof alternative, "filter %zu of %.60s", i, name);
        add_map(out, report, &maps, i, colour, 56, alternative);
    }
    hem__str_add(out, "</div>\n");
    hem_maps_release(&maps);
}

/* The first layer that makes maps of its own: a flatten or a dropout shows the image again. NULL =
 * none, as where all layers are dense. */
static const char *layer_with_maps(const hem_net *net)
{
    hem_net_info info = hem_net_get_info(net);
    for (size_t i = 0; i < info.n_layers; i++) {
        hem_layer_info layer = hem_net_layer(net, i);
        if (layer.parameters > 0 && (layer.height > 1 || layer.width > 1))
            return layer.name;
    }
    return NULL;
}

/* One image, and what a layer makes of it. */
static void add_features(const hem__report *report, const char *layer, size_t index, hem__str *out)
{
    hem_maps maps;
    const char *name;
    char alternative[200];
    const uint8_t *image = hem_data_image(report->data, HEM_TEST, index);
    if (image == NULL || hem_features_get(report->net, image, layer, &maps, &name, NULL) != HEM_OK)
        return;
    int label = hem_data_label(report->data, HEM_TEST, index);
    if (maps.height > 1 || maps.width > 1) {
        const int most = hem__thrifty(report, MAPS);
        size_t n = (size_t)(maps.channels < most ? maps.channels : most);
        hem_maps_scale(&maps, HEM_MAPS_TOGETHER);
        hem__str_add(out, "<div class=\"features\"><figure>");
        snprintf(alternative, sizeof alternative, "test image %zu, %.100s", index,
                 hem__class_name(report, label));
        hem__data_image(out, report, HEM_TEST, index, 84, alternative);
        hem__str_add(out, "<figcaption>");
        hem__say(out, "%s", hem__class_name(report, label));
        hem__tag(out, "span", "test %zu", index);
        hem__str_add(out, "</figcaption></figure><div class=\"images\">");
        for (size_t i = 0; i < n; i++) {
            snprintf(alternative, sizeof alternative, "map %zu of %.60s for test image %zu", i,
                     name, index);
            add_map(out, report, &maps, i, false, 56, alternative);
        }
        hem__str_add(out, "</div></div>\n");
    }
    hem_maps_release(&maps);
}

void hem__section_features(const hem__report *report, hem__str *out)
{
    hem__str images = {0};
    size_t chosen[IMAGES];
    const char *layer = report->net != NULL ? layer_with_maps(report->net) : NULL;
    if (layer == NULL || report->data == NULL)
        return;
    size_t n = hem_images_pick(report->data, HEM_TEST, IMAGES, false, chosen, IMAGES);
    for (size_t i = 0; i < n; i++)
        add_features(report, layer, chosen[i], &images);
    if (images.length > 0) {
        hem__tag(out, "p",
                 "What %s makes of the first test images; one scale an image, black is its "
                 "smallest number.",
                 layer);
        hem__str_add(out, images.text);
    }
    out->failed = out->failed || images.failed;
    hem__str_release(&images);
}

/* ---- what training saw ----------------------------------------------------------------------- */

static void add_sample(const hem__report *report, size_t index, uint8_t *bytes, hem__str *out)
{
    hem_data_info info = hem_data_get_info(report->data);
    const hem_spec *spec = report->shown->spec;
    char alternative[160];
    hem__str_add(out, "<tr>");
    hem__tag(out, "th scope=\"row\"", "%s",
             hem__class_name(report, hem_data_label(report->data, HEM_TRAIN, index)));
    hem__str_add(out, "<td>");
    snprintf(alternative, sizeof alternative, "training image %zu", index);
    hem__data_image(out, report, HEM_TRAIN, index, 56, alternative);
    hem__str_add(out, "</td>");
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        hem__str_add(out, "<td>");
        snprintf(alternative, sizeof alternative, "training image %zu in epoch %u", index,
                 (unsigned)epoch + 1);
        if (hem_data_augment(spec, report->data, HEM_TRAIN, index, epoch, hem_spec_seed(spec),
                             bytes, NULL) == HEM_OK)
            hem__image(out, report, (hem__pixels){bytes, info.width, info.height, info.channels},
                       56, alternative);
        hem__str_add(out, "</td>");
    }
    hem__str_add(out, "</tr>\n");
}

void hem__section_samples(const hem__report *report, hem__str *out)
{
    size_t chosen[SAMPLES];
    hem__augmenter augmenter;
    if (report->data == NULL)
        return;
    hem_data_info info = hem_data_get_info(report->data);
    if (hem__augmenter_init(&augmenter, report->shown->spec, info.height, info.width, info.channels,
                            NULL) != HEM_OK ||
        !augmenter.on)
        return;
    uint8_t *bytes = hem__calloc((size_t)info.height * (size_t)info.width, (size_t)info.channels);
    if (bytes == NULL) {
        out->failed = true;
        return;
    }
    size_t n = hem_images_pick(report->data, HEM_TRAIN, SAMPLES, false, chosen, SAMPLES);
    hem__scroll_open(out, "Augmented images");
    hem__str_add(out, "<table class=\"samples\"><thead><tr><td></td><th>as it is</th>");
    for (int epoch = 1; epoch <= EPOCHS; epoch++)
        hem__tag(out, "th", "epoch %d", epoch);
    hem__str_add(out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < n; i++)
        add_sample(report, chosen[i], bytes, out);
    hem__str_add(out, "</tbody></table></div>\n");
    free(bytes);
}

/* hemline show filters, features, saliency: the inside of a network. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "show.h"

enum { MAPS = 64, INPUTS = 32 };

/* ---- numbers as pixels ----------------------------------------------------------------------- */

static uint8_t byte_of(double x) /* 0..1 */
{
    return (uint8_t)(x <= 0 ? 0 : x >= 1 ? 255 : x * 255 + 0.5);
}

/* `n` scaled numbers as grey pixels; free() them. */
static uint8_t *grey_of(const float *values, size_t n)
{
    uint8_t *pixels = need(malloc(n));
    for (size_t i = 0; i < n; i++)
        pixels[i] = byte_of((double)values[i]);
    return pixels;
}

static void add_map(tiles *list, const float *values, const hem_maps *maps, const char *first,
                    const char *second)
{
    uint8_t *pixels = grey_of(values, (size_t)maps->height * (size_t)maps->width);
    tiles_add(list, pixels, maps->height, maps->width, 1, first, second);
    free(pixels);
}

/* [n][channels][height][width] as nested lists. */
static json_t *numbers_json(const float *values, const size_t *dims, int n_dims)
{
    json_t *list = need(json_array());
    size_t each = 1;
    for (int i = 1; i < n_dims; i++)
        each *= dims[i];
    for (size_t i = 0; i < dims[0]; i++)
        json_add(list, n_dims > 1 ? numbers_json(values + i * each, dims + 1, n_dims - 1)
                                  : json_number((double)values[i]));
    return list;
}

static json_t *maps_json(const char *model, const char *layer, const hem_maps *maps)
{
    const size_t dims[4] = {maps->n, (size_t)maps->channels, (size_t)maps->height,
                            (size_t)maps->width};
    float low, high;
    hem_maps_range(maps, &low, &high);
    json_t *object = need(json_object());
    json_put(object, "model", json_text(model));
    if (layer != NULL)
        json_put(object, "layer", json_text(layer));
    json_put(object, "n", json_count(maps->n));
    json_put(object, "channels", json_integer(maps->channels));
    json_put(object, "height", json_integer(maps->height));
    json_put(object, "width", json_integer(maps->width));
    json_put(object, "smallest", json_number((double)low));
    json_put(object, "largest", json_number((double)high));
    json_put(object, "values", numbers_json(maps->values, dims, 4));
    return object;
}

/* What black and white stand for. */
static const char *scale_text(const hem_maps *maps)
{
    float low, high;
    if (show.each)
        return "each scaled by itself";
    hem_maps_range(maps, &low, &high);
    return text("black %.3g, white %.3g", (double)low, (double)high);
}

static const char *untrained(const session *s)
{
    return s->is_model ? "" : ", initial weights";
}

static const char *some_of(size_t shown, size_t all, const char *things)
{
    return shown < all ? text("%zu of %zu %s", shown, all, things) : text("%zu %s", all, things);
}

/* ---- filters --------------------------------------------------------------------------------- */

/* The image's own colours: three input channels where the image has three. */
static bool in_colour(const session *s, const hem_maps *maps, const char *layer)
{
    hem_maps first;
    const char *name = NULL;
    if (maps->channels != 3 || hem_net_get_info(s->net).channels != 3 ||
        hem_filters_get(s->net, NULL, &first, &name, NULL) != HEM_OK)
        return false;
    hem_maps_release(&first);
    return strcmp(name, layer) == 0;
}

static void add_colour(tiles *list, const float *values, const hem_maps *maps, const char *caption)
{
    size_t n = (size_t)maps->height * (size_t)maps->width;
    uint8_t *pixels = need(malloc(3 * n));
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < 3; c++)
            pixels[3 * i + c] = byte_of((double)values[c * n + i]);
    tiles_add(list, pixels, maps->height, maps->width, 3, caption, NULL);
    free(pixels);
}

/* One tile a filter, or, where there are several input channels, a row a filter and a column a
 * channel. */
static hem_status sheet_of_filters(const session *s, const char *path, const char *layer,
                                   hem_maps *maps, hem_error *err)
{
    size_t each = (size_t)maps->height * (size_t)maps->width, most = MAPS, inputs = INPUTS;
    most = show.count > 0 ? (size_t)show.count : most;
    size_t rows = maps->n < most ? maps->n : most, channels = (size_t)maps->channels;
    inputs = show.count > 0 ? (size_t)show.count : inputs;
    size_t columns = channels < inputs ? channels : inputs;
    bool colour = in_colour(s, maps, layer), by_channel = !colour && channels > 1;
    json_t *json = maps_json(path, layer, maps);
    const char *range = scale_text(maps);
    tiles list = {0};
    const char **row_names = need(calloc(rows, sizeof *row_names));
    const char **column_names = need(calloc(columns, sizeof *column_names));
    hem_maps_scale(maps, show.each ? HEM_MAPS_EACH : HEM_MAPS_TOGETHER);
    for (size_t i = 0; i < rows; i++) {
        row_names[i] = text("filter %zu", i);
        const float *filter = maps->values + i * channels * each;
        if (colour)
            add_colour(&list, filter, maps, text("%zu", i));
        for (size_t c = 0; !colour && c < columns; c++) {
            column_names[c] = text("input %zu", c);
            add_map(&list, filter + c * each, maps, by_channel ? NULL : text("%zu", i), NULL);
        }
    }
    hem_sheet sheet = {.title = text("Filters of %s%s", layer, untrained(s)),
                       .subtitle =
                           text("%s%s%s, %dx%d; %s", some_of(rows, maps->n, "filters"),
                                by_channel ? ", " : "",
                                by_channel ? some_of(columns, channels, "input channels") : "",
                                maps->height, maps->width, range),
                       .tiles = list.items,
                       .n = list.n,
                       .columns = by_channel ? columns : 0,
                       .row_names = by_channel ? row_names : NULL,
                       .column_names = by_channel ? column_names : NULL,
                       .scale = show.scale};
    hem_status status = show_sheet(&sheet, json, err);
    tiles_release(&list);
    free(row_names);
    free(column_names);
    return status;
}

hem_status show_filters(session *s, char *const *names, int n, hem_error *err)
{
    const char *path = names[n - 1], *layer = n > 1 ? names[0] : NULL;
    hem_maps maps = {0};
    hem_status status = session_network(s, path, NULL, false, err);
    if (status == HEM_OK)
        status = hem_filters_get(s->net, layer, &maps, &layer, err);
    if (status == HEM_OK)
        status = sheet_of_filters(s, path, layer, &maps, err);
    hem_maps_release(&maps);
    return status;
}

/* ---- an image -------------------------------------------------------------------------------- */

typedef struct chosen {
    hem_images file;       /* --image FILE */
    const uint8_t *pixels; /* the image; borrowed */
    const char *name;      /* "test image 1510" or the file */
    int label;             /* -1 = not known */
    hem_net_info info;
    float *outputs; /* of the network */
    int predicted;
} chosen;

static void chosen_release(chosen *c)
{
    hem_images_release(&c->file);
    free(c->outputs);
}

/* PART:INDEX; false where it is not of that form. */
static bool parse_place(const char *given, hem_part *part, size_t *index)
{
    for (int i = 0; i < 3; i++) {
        size_t length = strlen(part_names[i]);
        if (strncmp(given, part_names[i], length) != 0 || given[length] != ':')
            continue;
        const char *digits = given + length + 1;
        char *end = NULL;
        unsigned long long x = strtoull(digits, &end, 10);
        if (digits[0] < '0' || digits[0] > '9' || *end != '\0')
            return false;
        *part = (hem_part)i;
        *index = (size_t)x;
        return true;
    }
    return false;
}

static hem_status image_of_data(session *s, hem_part part, size_t index, chosen *out,
                                hem_error *err)
{
    hem_status status = s->data == NULL ? session_data(s, err) : HEM_OK;
    if (status == HEM_ERR_DATA)
        default_hint(err, "--image FILE takes an image of yours, without the data set");
    if (status != HEM_OK)
        return status;
    hem_data_info d = hem_data_get_info(s->data);
    if (index >= d.n[part])
        return fail(err, HEM_ERR_USAGE,
                    d.n[part] > 0 ? text("--image %s:0 to %s:%zu", part_names[part],
                                         part_names[part], d.n[part] - 1)
                                  : "choose another part",
                    "the %s part has %s images, none of index %zu", part_names[part],
                    grouped(d.n[part]), index);
    if (d.height != out->info.height || d.width != out->info.width ||
        d.channels != out->info.channels || d.n_classes != out->info.n_classes)
        return fail(err, HEM_ERR_DATA, "name the data that it was trained on",
                    "the data's images are %s in %d classes, the network takes %s in %d",
                    size_text(d.height, d.width, d.channels), d.n_classes,
                    size_text(out->info.height, out->info.width, out->info.channels),
                    out->info.n_classes);
    out->pixels = hem_data_image(s->data, part, index);
    out->label = hem_data_label(s->data, part, index);
    out->name = text("%s image %zu", part_names[part], index);
    return HEM_OK;
}

static hem_status image_of_file(const char *path, chosen *out, hem_error *err)
{
    hem_status status = hem_images_read(path, &out->file, err);
    const hem_images *f = &out->file;
    if (status != HEM_OK)
        return status;
    if (f->n == 0 || f->height != out->info.height || f->width != out->info.width ||
        f->channels != out->info.channels)
        return fail(err, HEM_ERR_DATA, "scale or convert the image first",
                    "'%s' is %s, the network takes %s", plain_text(path),
                    size_text(f->height, f->width, f->channels),
                    size_text(out->info.height, out->info.width, out->info.channels));
    out->pixels = f->pixels;
    out->name = plain_text(path);
    return HEM_OK;
}

/* Opens the network and finds the image that --image names. */
static hem_status choose(session *s, const char *path, chosen *out, hem_error *err)
{
    hem_part part = HEM_TEST;
    size_t index = 0;
    const char *given = show.image != NULL ? show.image : "test:0";
    bool of_data = parse_place(given, &part, &index);
    *out = (chosen){.label = -1};
    if (!of_data && access(given, F_OK) != 0)
        return fail(err, HEM_ERR_USAGE,
                    "it is train:N, validation:N or test:N, or the name of an image file",
                    "there is no image '%s'", plain_text(given));
    hem_status status = session_network(s, path, NULL, false, err);
    if (status != HEM_OK)
        return status;
    out->info = hem_net_get_info(s->net);
    status = of_data ? image_of_data(s, part, index, out, err) : image_of_file(given, out, err);
    if (status != HEM_OK)
        return status;
    out->outputs = need(calloc((size_t)out->info.n_classes, sizeof *out->outputs));
    status = hem_net_predict(s->net, out->pixels, 1, out->outputs, err);
    for (int c = 1; c < out->info.n_classes; c++)
        if (out->outputs[c] > out->outputs[out->predicted])
            out->predicted = c;
    return status;
}

static const char *name_of(const chosen *c, int of_class)
{
    return plain_text(c->info.class_names[of_class]);
}

static const char *prediction_text(const chosen *c)
{
    return text("%s %.1f %%", name_of(c, c->predicted), 100 * (double)c->outputs[c->predicted]);
}

static void put_image(json_t *json, const chosen *c)
{
    json_put(json, "image", json_text(c->name));
    json_put(json, "label", c->label >= 0 ? json_integer(c->label) : json_null());
    json_put(json, "predicted", json_integer(c->predicted));
    json_put(json, "predicted_class", json_text(c->info.class_names[c->predicted]));
    json_put(json, "probability", json_number((double)c->outputs[c->predicted]));
}

static hem_tile image_tile(const chosen *c)
{
    return (hem_tile){
        .pixels = c->pixels,
        .height = c->info.height,
        .width = c->info.width,
        .channels = c->info.channels,
        .captions = {c->label >= 0 ? text("%s: %s", c->name, name_of(c, c->label)) : c->name,
                     text("predicted %s", prediction_text(c))}};
}

/* ---- features -------------------------------------------------------------------------------- */

/* A flat vector: its numbers can be read; those of the outputs are the classes'. */
static void add_numbers(tiles *list, const hem_maps *raw, const float *scaled, size_t n,
                        const chosen *c)
{
    bool outputs = raw->channels == c->info.n_classes &&
                   memcmp(raw->values, c->outputs, (size_t)raw->channels * sizeof(float)) == 0;
    for (size_t i = 0; i < n; i++)
        add_map(list, scaled + i, raw, outputs ? name_of(c, (int)i) : text("%zu", i),
                text("%.3g", (double)raw->values[i]));
}

static hem_status sheet_of_features(const session *s, const char *path, const char *layer,
                                    const chosen *c, const hem_maps *raw, hem_error *err)
{
    size_t each = (size_t)raw->height * (size_t)raw->width, all = (size_t)raw->channels;
    size_t most = show.count > 0 ? (size_t)show.count : MAPS, n = all < most ? all : most;
    tiles list = {0};
    hem_tile side = image_tile(c);
    hem_maps scaled = *raw;
    scaled.values = need(malloc(all * each * sizeof(float)));
    memcpy(scaled.values, raw->values, all * each * sizeof(float));
    bool numbers = each == 1;
    hem_maps_scale(&scaled, show.each && !numbers ? HEM_MAPS_EACH : HEM_MAPS_TOGETHER);
    if (numbers)
        add_numbers(&list, raw, scaled.values, n, c);
    for (size_t i = 0; !numbers && i < n; i++)
        add_map(&list, scaled.values + i * each, raw, text("%zu", i), NULL);
    hem_sheet sheet = {
        .title = text("What %s makes of %s%s", layer, c->name, untrained(s)),
        .subtitle = text("%s%s; %s", some_of(n, all, numbers ? "numbers" : "feature maps"),
                         numbers ? "" : text(", %dx%d", raw->height, raw->width), scale_text(raw)),
        .tiles = list.items,
        .n = list.n,
        .side = &side,
        .scale = show.scale > 0 ? show.scale
                 : numbers      ? 24
                                : 0};
    json_t *json = maps_json(path, layer, raw);
    put_image(json, c);
    hem_status status = show_sheet(&sheet, json, err);
    tiles_release(&list);
    free(scaled.values);
    return status;
}

hem_status show_features(session *s, char *const *names, int n, hem_error *err)
{
    const char *path = names[n - 1], *layer = n > 1 ? names[0] : NULL;
    hem_maps maps = {0};
    chosen c;
    hem_status status = choose(s, path, &c, err);
    if (status == HEM_OK)
        status = hem_features_get(s->net, c.pixels, layer, &maps, &layer, err);
    if (status == HEM_OK)
        status = sheet_of_features(s, path, layer, &c, &maps, err);
    hem_maps_release(&maps);
    chosen_release(&c);
    return status;
}

/* ---- saliency -------------------------------------------------------------------------------- */

/* The class by its name or number; -1 = none. */
static int find_class(const chosen *c)
{
    if (show.of_class == NULL)
        return c->predicted;
    for (int i = 0; i < c->info.n_classes; i++)
        if (strcmp(show.of_class, c->info.class_names[i]) == 0 ||
            strcmp(show.of_class, text("%d", i)) == 0)
            return i;
    return -1;
}

/* Black, red, yellow, white. */
static void heat(double x, uint8_t rgb[3])
{
    for (int i = 0; i < 3; i++)
        rgb[i] = byte_of(3 * x - i);
}

/* Blue below 0, white at 0, red above; x is -1..1. */
static void sign_colour(double x, uint8_t rgb[3])
{
    rgb[0] = byte_of(x < 0 ? 1 + x : 1 - 0.35 * x);
    rgb[1] = byte_of(x < 0 ? 1 + 0.55 * x : 1 - x);
    rgb[2] = byte_of(x < 0 ? 1 + 0.2 * x : 1 - x);
}

/* Of each pixel the channel with the largest gradient, over the largest of all. */
static void add_gradient(tiles *list, const hem_maps *maps)
{
    size_t n = (size_t)maps->height * (size_t)maps->width;
    uint8_t *sizes = need(malloc(3 * n)), *signs = need(malloc(3 * n));
    float low, high;
    hem_maps_range(maps, &low, &high);
    double most = fmax(fabs((double)low), fabs((double)high));
    for (size_t i = 0; i < n; i++) {
        double g = 0;
        for (size_t c = 0; c < (size_t)maps->channels; c++) {
            double here = (double)maps->values[c * n + i];
            g = fabs(here) > fabs(g) ? here : g;
        }
        heat(most > 0 ? fabs(g) / most : 0, sizes + 3 * i);
        sign_colour(most > 0 ? g / most : 0, signs + 3 * i);
    }
    tiles_add(list, sizes, maps->height, maps->width, 3, "size of the gradient",
              text("black 0, white %.3g", most));
    tiles_add(list, signs, maps->height, maps->width, 3, "with its sign",
              "red: brighter raises the score");
    free(sizes);
    free(signs);
}

static hem_status sheet_of_saliency(const session *s, const char *path, const chosen *c,
                                    int of_class, const hem_maps *maps, double score,
                                    hem_error *err)
{
    hem_tile image = image_tile(c);
    tiles list = {0};
    tiles_add(&list, image.pixels, image.height, image.width, image.channels, image.captions[0],
              image.captions[1]);
    add_gradient(&list, maps);
    hem_sheet sheet = {.title = text("Saliency of %s%s", name_of(c, of_class), untrained(s)),
                       .subtitle = text("gradient of the score (%.3g, before softmax or sigmoid) "
                                        "with respect to the image",
                                        score),
                       .tiles = list.items,
                       .n = list.n,
                       .columns = 3,
                       .scale = show.scale > 0      ? show.scale
                                : image.width > 100 ? 0
                                                    : 6};
    json_t *json = maps_json(path, NULL, maps);
    put_image(json, c);
    json_put(json, "class", json_text(c->info.class_names[of_class]));
    json_put(json, "score", json_number(score));
    hem_status status = show_sheet(&sheet, json, err);
    tiles_release(&list);
    return status;
}

hem_status show_saliency(session *s, char *const *names, int n, hem_error *err)
{
    (void)n;
    hem_maps maps = {0};
    chosen c;
    double score = 0;
    hem_status status = choose(s, names[0], &c, err);
    int of_class = status == HEM_OK ? find_class(&c) : 0;
    if (of_class < 0)
        status = fail(err, HEM_ERR_USAGE,
                      text("--class is a number from 0 to %d, or a name", c.info.n_classes - 1),
                      "the network has no class '%s'", plain_text(show.of_class));
    if (status == HEM_OK)
        status = hem_saliency_get(s->net, c.pixels, of_class, &maps, &score, err);
    if (status == HEM_OK)
        status = sheet_of_saliency(s, names[0], &c, of_class, &maps, score, err);
    hem_maps_release(&maps);
    chosen_release(&c);
    return status;
}

/* Images in the terminal, with their labels. */
#include "data_show.h"

#include <stdlib.h>

#include "blocks.h"
#include "common.h"

enum { GAP = 2, LABEL = 40 };

typedef struct view {
    const hem_data *data;
    hem_part part;
    hem_data_info info;
    blocks shape;      /* of every image */
    int columns, rows; /* characters an image */
    const hem_spec *spec;
    int epoch;        /* 0: the images themselves */
    uint8_t *changed; /* room for one */
} view;

static const uint8_t *image_of(const view *v, size_t index)
{
    if (v->epoch > 0 && hem_data_augment(v->spec, v->data, v->part, index, (uint32_t)v->epoch - 1,
                                         hem_spec_seed(v->spec), v->changed, NULL) != HEM_OK)
        need(NULL); /* the image is there, so memory is not */
    return v->epoch > 0 ? v->changed : hem_data_image(v->data, v->part, index);
}

/* Images side by side: a line of labels, then their lines. */
static void show_row(const view *v, size_t index, int n)
{
    for (int i = 0; i < n; i++) {
        size_t at = index + (size_t)i;
        char label[LABEL * 2];
        int width = v->columns > LABEL ? LABEL : v->columns;
        const char *name = v->info.class_names[hem_data_label(v->data, v->part, at)];
        snprintf(label, sizeof label, "%zu %.*s", at, LABEL, plain_text(name));
        if (i + 1 < n)
            out("%-*.*s", v->columns + GAP, width, label);
        else
            out("%.*s\n", width, label);
    }
    for (int line = 0; line < v->rows; line++) {
        for (int i = 0; i < n; i++) {
            blocks image = v->shape;
            image.pixels = image_of(v, index + (size_t)i);
            blocks_line(&image, line);
            out("%*s", i + 1 < n ? GAP : 0, "");
        }
        out("\n");
    }
    out("\n");
}

void show_images(const hem_spec *spec, int epoch, const hem_data *data, hem_part part, size_t index,
                 size_t count)
{
    view v = {.data = data, .part = part, .info = hem_data_get_info(data)};
    v.spec = spec;
    v.epoch = epoch;
    v.changed =
        need(malloc((size_t)v.info.height * (size_t)v.info.width * (size_t)v.info.channels));
    int width = output_columns() - 1;
    v.shape = (blocks){.height = v.info.height,
                       .width = v.info.width,
                       .channels = v.info.channels,
                       .step = blocks_step(v.info.width, width)};
    v.columns = blocks_columns(&v.shape);
    v.rows = blocks_rows(&v.shape);
    int across = (width + GAP) / (v.columns + GAP);
    for (size_t i = 0; i < count; i += (size_t)across) {
        size_t n = count - i < (size_t)across ? count - i : (size_t)across;
        show_row(&v, index + i, (int)n);
    }
    free(v.changed);
}

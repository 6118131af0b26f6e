/* Images in the terminal. A character shows two pixels, one above the other: half blocks in colour
 * where the terminal has it, else letters of growing weight. */
#include "data_show.h"

#include <stdlib.h>

#include "common.h"

enum { GAP = 2, LABEL = 40 };

typedef struct view {
    const hem_data *data;
    hem_part part;
    hem_data_info info;
    int step;          /* pixels that share one, where an image is wider than the terminal */
    int columns, rows; /* characters an image */
    const hem_spec *spec;
    int epoch;        /* 0: the images themselves */
    uint8_t *changed; /* room for one */
} view;

/* Mean of a channel over one square of `step` pixels; the image's edge may cut it. */
static int pixel(const view *v, const uint8_t *image, int row, int column, int channel)
{
    int sum = 0, n = 0;
    for (int y = row * v->step; y < (row + 1) * v->step && y < v->info.height; y++) {
        for (int x = column * v->step; x < (column + 1) * v->step && x < v->info.width; x++) {
            size_t at = (size_t)y * (size_t)v->info.width + (size_t)x;
            sum += image[at * (size_t)v->info.channels + (size_t)channel];
            n++;
        }
    }
    return n > 0 ? sum / n : 0;
}

/* A colour of the 256 that terminals know: 24 greys from 232 on, a cube of 6x6x6 from 16 on. */
static int colour(const view *v, const uint8_t *image, int row, int column)
{
    if (v->info.channels == 1)
        return 232 + pixel(v, image, row, column, 0) * 23 / 255;
    int code = 16;
    static const int weight[] = {36, 6, 1};
    for (int c = 0; c < 3; c++)
        code += weight[c] * (pixel(v, image, row, column, c) * 5 / 255);
    return code;
}

static int grey(const view *v, const uint8_t *image, int row, int column)
{
    int sum = 0;
    for (int c = 0; c < v->info.channels; c++)
        sum += pixel(v, image, row, column, c);
    return sum / v->info.channels;
}

static void show_line(const view *v, const uint8_t *image, int line)
{
    static const char ramp[] = " .:-=+*#%@";
    bool blocks = out_style.off[0] != '\0' && output_utf8();
    for (int column = 0; column < v->columns; column++) {
        if (blocks) {
            out("\033[38;5;%d;48;5;%dm\u2580", colour(v, image, 2 * line, column),
                colour(v, image, 2 * line + 1, column));
        } else {
            int both = grey(v, image, 2 * line, column) + grey(v, image, 2 * line + 1, column);
            out("%c", ramp[both * (int)(sizeof ramp - 2) / (2 * 255)]);
        }
    }
    if (blocks)
        out("\033[0m");
}

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
            show_line(v, image_of(v, index + (size_t)i), line);
            out("%*s", i + 1 < n ? GAP : 0, "");
        }
        out("\n");
    }
    out("\n");
}

void show_images(const hem_spec *spec, int epoch, const hem_data *data, hem_part part, size_t index,
                 size_t count)
{
    view v = {.data = data, .part = part, .info = hem_data_get_info(data), .step = 1};
    v.spec = spec;
    v.epoch = epoch;
    v.changed =
        need(malloc((size_t)v.info.height * (size_t)v.info.width * (size_t)v.info.channels));
    int width = output_columns() - 1;
    while ((v.info.width + v.step - 1) / v.step > width)
        v.step++;
    v.columns = (v.info.width + v.step - 1) / v.step;
    v.rows = ((v.info.height + v.step - 1) / v.step + 1) / 2;
    int across = (width + GAP) / (v.columns + GAP);
    for (size_t i = 0; i < count; i += (size_t)across) {
        size_t n = count - i < (size_t)across ? count - i : (size_t)across;
        show_row(&v, index + i, (int)n);
    }
    free(v.changed);
}

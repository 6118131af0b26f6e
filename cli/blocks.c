/* Images as characters. */
#include "blocks.h"

#include <stdbool.h>
#include <stddef.h>

#include "output.h"

/* Mean of a channel over one square of `step` pixels; the image's edge may cut it. */
static int pixel(const blocks *b, int row, int column, int channel)
{
    int sum = 0, n = 0;
    for (int y = row * b->step; y < (row + 1) * b->step && y < b->height; y++) {
        for (int x = column * b->step; x < (column + 1) * b->step && x < b->width; x++) {
            size_t at = (size_t)y * (size_t)b->width + (size_t)x;
            sum += b->pixels[at * (size_t)b->channels + (size_t)channel];
            n++;
        }
    }
    return n > 0 ? sum / n : 0;
}

/* A colour of the 256 that terminals know: 24 greys from 232 on, a cube of 6x6x6 from 16 on. */
static int colour(const blocks *b, int row, int column)
{
    if (b->channels == 1)
        return 232 + pixel(b, row, column, 0) * 23 / 255;
    int code = 16;
    static const int weight[] = {36, 6, 1};
    for (int c = 0; c < 3; c++)
        code += weight[c] * (pixel(b, row, column, c) * 5 / 255);
    return code;
}

static int grey(const blocks *b, int row, int column)
{
    int sum = 0;
    for (int c = 0; c < b->channels; c++)
        sum += pixel(b, row, column, c);
    return sum / b->channels;
}

int blocks_step(int width, int columns)
{
    int step = 1;
    while ((width + step - 1) / step > columns)
        step++;
    return step;
}

int blocks_columns(const blocks *image)
{
    return (image->width + image->step - 1) / image->step;
}

int blocks_rows(const blocks *image)
{
    return ((image->height + image->step - 1) / image->step + 1) / 2;
}

void blocks_line(const blocks *image, int line)
{
    static const char ramp[] = " .:-=+*#%@";
    int upper = 2 * line, rows = (image->height + image->step - 1) / image->step;
    int lower = upper + 1 < rows ? upper + 1 : upper; /* an odd image's last line has one row */
    bool in_colour = out_style.off[0] != '\0' && output_utf8() && image->pixels != NULL;
    for (int column = 0; column < blocks_columns(image); column++) {
        if (image->pixels == NULL) {
            out(" ");
        } else if (in_colour && lower > upper) {
            out("\033[38;5;%d;48;5;%dm\u2580", colour(image, upper, column),
                colour(image, lower, column));
        } else if (in_colour) {
            out("\033[38;5;%dm\u2580", colour(image, upper, column));
        } else {
            int both = grey(image, upper, column) + grey(image, lower, column);
            out("%c", ramp[both * (int)(sizeof ramp - 2) / (2 * 255)]);
        }
    }
    if (in_colour)
        out("\033[0m");
}

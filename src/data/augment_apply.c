/* One image changed: one affine map of its pixels' places, one bilinear interpolation, then the
 * erased square, then brightness and contrast. The part of the plane that the map looks at is first
 * laid out with the image in it, so that the interpolation has no edges to look after. */
#include <string.h>

#include "data/augment.h"
#include "data/turn.h"

/* Places are fixed-point numbers with 32 bits behind the point: sums of them are exact. */
#define ONE ((int64_t)1 << 32)

static int64_t fixed(double value)
{
    value *= 0x1p32;
    return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

static int64_t floor_of(int64_t place)
{
    return place >= 0 ? place / ONE : -((ONE - 1 - place) / ONE);
}

/* ---- the map ---------------------------------------------------------------------------------
 */

/* The source of the output pixel (row, column): y = y0 + row y_row + column y_column, x likewise.
 */
typedef struct map {
    int64_t y0, y_row, y_column;
    int64_t x0, x_row, x_column;
} map;

/* Zoom, shear and rotation about the middle, then the shift, then the flip, as seen from the output
 * back to the source: the image itself is flipped first. */
static map make_map(const hem__augmenter *a, const hem__change *change)
{
    double sine, cosine;
    hem__turn(change->rotation, &sine, &cosine);
    const double *zoom = change->zoom, sign = change->flip ? -1 : 1;
    map m = {.y_row = fixed(zoom[0] * (change->shear * sine + cosine)),
             .y_column = fixed(zoom[1] * sine),
             .x_row = fixed(sign * zoom[0] * (change->shear * cosine - sine)),
             .x_column = fixed(sign * zoom[1] * cosine)};
    /* Half the image's sides are multiples of a half, so twice the start is what is exact. */
    int64_t h = a->height - 1, w = a->width - 1;
    m.y0 = (h * ONE - h * m.y_row - w * m.y_column) / 2 - fixed(change->shift[0]);
    m.x0 = (w * ONE - h * m.x_row - w * m.x_column) / 2 - fixed(sign * change->shift[1]);
    m.y0 += ONE / 512; /* the interpolation cuts off below a 256th of a pixel */
    m.x0 += ONE / 512;
    return m;
}

/* First and last whole place that a map looks at, from the corners' places. */
static void reach(int64_t start, int64_t rows, int64_t columns, int64_t *first, int64_t *last)
{
    int64_t least = start + (rows < 0 ? rows : 0) + (columns < 0 ? columns : 0);
    int64_t most = start + (rows > 0 ? rows : 0) + (columns > 0 ? columns : 0);
    *first = floor_of(least);
    *last = floor_of(most) + 1;
}

/* ---- the plane -------------------------------------------------------------------------------
 */

/* The row or column of the image, 0..n-1, that stands at this place; -1 = none, the constant. */
static int64_t inside(hem__fill fill, int64_t place, int64_t n)
{
    if (place >= 0 && place < n)
        return place;
    if (fill == HEM__FILL_CONSTANT)
        return -1;
    if (fill == HEM__FILL_NEAREST)
        return place < 0 ? 0 : n - 1;
    int64_t turn = place % (2 * n); /* the edge's pixel stands twice: c b a a b c */
    turn += turn < 0 ? 2 * n : 0;
    return turn < n ? turn : 2 * n - 1 - turn;
}

/* Columns first to last of one row of the image; row NULL = a row of the constant. */
static void lay_row(const hem__augmenter *a, const uint8_t *row, int64_t first, int64_t last,
                    uint8_t *out)
{
    size_t n = (size_t)a->channels;
    if (row == NULL) {
        memset(out, a->spec.fill_value, (size_t)(last - first + 1) * n);
        return;
    }
    for (int64_t x = first; x <= last;) {
        if (x >= 0 && x < a->width) { /* all that is inside at once */
            size_t bytes = (size_t)((last < a->width ? last + 1 : a->width) - x) * n;
            memcpy(out, row + (size_t)x * n, bytes);
            out += bytes;
            x = a->width;
            continue;
        }
        int64_t column = inside(a->spec.fill, x++, a->width);
        for (size_t c = 0; c < n; c++)
            *out++ = column < 0 ? (uint8_t)a->spec.fill_value : row[(size_t)column * n + c];
    }
}

/* ---- the interpolation -----------------------------------------------------------------------
 */

/* Places are now those of the plane, not negative. Weights are 256ths, so that everything is exact
 * and the sum is rounded once, to the nearest byte. */
static inline void interpolate(const map *m, const uint8_t *plane, size_t stride, int height,
                               int width, size_t channels, uint8_t *out)
{
    const uint64_t y_step = (uint64_t)m->y_column, x_step = (uint64_t)m->x_column;
    for (int row = 0; row < height; row++) {
        uint64_t y = (uint64_t)(m->y0 + row * m->y_row), x = (uint64_t)(m->x0 + row * m->x_row);
        for (int column = 0; column < width; column++) {
            const uint8_t *p = plane + (y >> 32) * stride + (x >> 32) * channels;
            uint32_t down = (uint32_t)y >> 24, across = (uint32_t)x >> 24;
            for (size_t c = 0; c < channels; c++, p++) {
                /* Left and right in the two halves of a word: one product does both. */
                uint32_t above = p[0] | (uint32_t)p[channels] << 16;
                uint32_t below = p[stride] | (uint32_t)p[stride + channels] << 16;
                uint32_t both = (above << 8) + (below - above) * down;
                uint32_t left = both & 0xFFFF, right = both >> 16;
                *out++ = (uint8_t)(((left << 8) + (right - left) * across + 32768) >> 16);
            }
            y += y_step;
            x += x_step;
        }
    }
}

static void move(const hem__augmenter *a, const hem__change *change, const uint8_t *in,
                 uint8_t *plane, uint8_t *out)
{
    map m = make_map(a, change);
    int64_t h = a->height - 1, w = a->width - 1, top, bottom, left, right;
    reach(m.y0, h * m.y_row, w * m.y_column, &top, &bottom);
    reach(m.x0, h * m.x_row, w * m.x_column, &left, &right);
    size_t n = (size_t)a->channels, bytes = (size_t)a->width * n;
    size_t stride = (size_t)(right - left + 1) * n;
    for (int64_t y = top; y <= bottom; y++) {
        int64_t row = inside(a->spec.fill, y, a->height);
        lay_row(a, row < 0 ? NULL : in + (size_t)row * bytes, left, right,
                plane + (size_t)(y - top) * stride);
    }
    m.y0 -= top * ONE;
    m.x0 -= left * ONE;
    if (n == 1)
        interpolate(&m, plane, stride, a->height, a->width, 1, out);
    else
        interpolate(&m, plane, stride, a->height, a->width, 3, out);
}

/* ---- values ----------------------------------------------------------------------------------
 */

/* Mean of the bytes first, first + step, ... */
static double mean_of(const uint8_t *image, size_t bytes, size_t first, size_t step)
{
    uint64_t sum = 0, n = 0;
    for (size_t i = first; i < bytes; i += step, n++)
        sum += image[i];
    return (double)sum / (double)n;
}

/* The square's middle is a pixel of the image (of an even side, the one after the middle); what
 * would lie outside is left away (T. DeVries, G. Taylor, "Improved regularization of convolutional
 * neural networks with cutout", 2017). */
static void erase(const hem__augmenter *a, const hem__change *change, const uint8_t *in,
                  uint8_t *out)
{
    int top = change->cut_row - change->cut / 2, left = change->cut_column - change->cut / 2;
    int bottom = top + change->cut, right = left + change->cut;
    size_t n = (size_t)a->channels, width = (size_t)a->width;
    uint8_t value[3];
    for (size_t c = 0; c < n; c++) {
        double mean = a->spec.cutout_fill < 0
                          ? mean_of(in, (size_t)a->height * width * n, c, n) + 0.5
                          : a->spec.cutout_fill;
        value[c] = (uint8_t)mean;
    }
    for (int y = top > 0 ? top : 0; y < bottom && y < a->height; y++)
        for (int x = left > 0 ? left : 0; x < right && x < a->width; x++)
            memcpy(out + ((size_t)y * width + (size_t)x) * n, value, n);
}

/* mean + contrast (v - mean) + brightness, by a table of the 256 bytes. */
static void recolour(const hem__change *change, const uint8_t *in, size_t bytes, uint8_t *out)
{
    double mean = mean_of(in, bytes, 0, 1);
    uint8_t table[256];
    for (int v = 0; v < 256; v++) {
        double value = mean + change->contrast * (v - mean) + change->brightness;
        table[v] = (uint8_t)(value <= 0 ? 0 : value >= 255 ? 255 : value + 0.5);
    }
    for (size_t i = 0; i < bytes; i++)
        out[i] = table[out[i]];
}

void hem__augment_apply(const hem__augmenter *a, const hem__change *change, const uint8_t *in,
                        uint8_t *scratch, uint8_t *out)
{
    size_t bytes = (size_t)a->height * (size_t)a->width * (size_t)a->channels;
    if (a->moves)
        move(a, change, in, scratch, out);
    else
        memcpy(out, in, bytes);
    if (change->cut > 0)
        erase(a, change, in, out);
    if (a->spec.brightness.value > 0 || a->spec.contrast.value > 0)
        recolour(change, in, bytes, out);
}

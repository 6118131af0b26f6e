/* Binary PGM and PPM ("P5", "P6"): three numbers between white space and comments, one white space,
 * then the bytes. Format: the pgm(5) and ppm(5) pages of Netpbm. */
#include <string.h>

#include "base/mem.h"
#include "data/images.h"

typedef struct cursor {
    const uint8_t *bytes;
    size_t n, at;
} cursor;

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_blanks(cursor *c)
{
    while (c->at < c->n) {
        if (c->bytes[c->at] == '#') {
            while (c->at < c->n && c->bytes[c->at] != '\n')
                c->at++;
        } else if (is_space(c->bytes[c->at])) {
            c->at++;
        } else {
            return;
        }
    }
}

/* A decimal number below 10^8; false where there is none, or it is longer. */
static bool read_number(cursor *c, size_t *out)
{
    skip_blanks(c);
    size_t start = c->at;
    *out = 0;
    for (; c->at < c->n && c->bytes[c->at] >= '0' && c->bytes[c->at] <= '9'; c->at++) {
        if (c->at - start >= 8)
            return false;
        *out = *out * 10 + (size_t)(c->bytes[c->at] - '0');
    }
    return c->at > start;
}

/* Brightness `maximum` means full: brings 0..maximum to 0..255. */
static hem_status scale(hem_images *image, size_t bytes, size_t maximum, const char *name,
                        hem_error *err)
{
    for (size_t i = 0; i < bytes; i++) {
        size_t value = image->pixels[i];
        if (value > maximum)
            return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                                "value %zu at byte %zu of the pixels; the header allows 0..%zu",
                                value, i, maximum);
        image->pixels[i] = (uint8_t)((value * 255 + maximum / 2) / maximum);
    }
    return HEM_OK;
}

static hem_status read_pixels(cursor *c, hem_images *out, size_t maximum, const char *name,
                              hem_error *err)
{
    size_t bytes = (size_t)out->height * (size_t)out->width * (size_t)out->channels;
    memcpy(out->pixels, c->bytes + c->at, bytes);
    return maximum == 255 ? HEM_OK : scale(out, bytes, maximum, name, err);
}

/* That exactly the pixels follow, before anything is allocated. */
static hem_status check_length(const cursor *c, size_t height, size_t width, size_t channels,
                               const char *name, hem_error *err)
{
    size_t pixels, bytes; /* sides are below 10^8: the first product cannot overflow 64 bits */
    if (!hem__mul_size(height, width, &pixels) || !hem__mul_size(pixels, channels, &bytes))
        bytes = SIZE_MAX;
    if (c->n - c->at == bytes)
        return HEM_OK;
    return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                        "%zu x %zu pixels of %zu channels need %zu bytes after the header; there "
                        "are %zu",
                        height, width, channels, bytes, c->n - c->at);
}

hem_status hem__pnm_parse(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                          hem_error *err)
{
    *out = (hem_images){0};
    int channels = n >= 2 && bytes[1] == '6' ? 3 : 1;
    cursor c = {bytes, n, 2};
    size_t width, height, maximum;
    if (!read_number(&c, &width) || !read_number(&c, &height) || !read_number(&c, &maximum) ||
        c.at >= n || !is_space(bytes[c.at]))
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                            "damaged header: width, height and the largest value are expected "
                            "after '%c%c'",
                            n > 0 ? bytes[0] : '?', n > 1 ? bytes[1] : '?');
    c.at++;
    if (maximum < 1 || maximum > 255)
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                            "the largest value is %zu; allowed 1..255 (8 bits)", maximum);
    HEM_TRY(check_length(&c, height, width, (size_t)channels, name, err));
    HEM_TRY(hem__images_new(height, width, channels, name, out, err));
    hem_status status = read_pixels(&c, out, maximum, name, err);
    if (status != HEM_OK)
        hem_images_release(out);
    return status;
}

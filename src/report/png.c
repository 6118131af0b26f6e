/* Pixels as a PNG file in memory. */
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>

#include "report/canvas.h"

static void on_bytes(png_structp png, png_bytep bytes, png_size_t n)
{
    hem__str_add_bytes(png_get_io_ptr(png), bytes, n);
}

static void on_flush(png_structp png)
{
    (void)png;
}

/* libpng's own functions print; out of memory is the only thing that can go wrong here. */
static void on_error(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

void hem__png_encode(hem__pixels pixels, hem__str *out)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, on_error, on_warning);
    png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
    if (info == NULL || setjmp(png_jmpbuf(png)) != 0) {
        png_destroy_write_struct(&png, info != NULL ? &info : NULL);
        out->failed = true;
        return;
    }
    size_t row = (size_t)pixels.width * (size_t)pixels.channels;
    png_set_write_fn(png, out, on_bytes, on_flush);
    png_set_compression_level(png, 9);
    png_set_IHDR(png, info, (png_uint_32)pixels.width, (png_uint_32)pixels.height, 8,
                 pixels.channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < pixels.height; y++)
        png_write_row(png, pixels.bytes + (size_t)y * row);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
}

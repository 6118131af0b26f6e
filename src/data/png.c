/* PNG by libpng, from memory. libpng reports errors by a jump: all that lives across it is in one
 * struct of the caller's, and nothing is printed. */
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/idx.h"
#include "data/images.h"

typedef struct job {
    png_structp png;
    png_infop info;
    const uint8_t *next; /* what libpng has not read yet */
    size_t left;
    const char *name;
    hem_images *out;
    hem_error *err;
    png_bytep *rows;
    char reason[160]; /* libpng's own */
} job;

static void on_error(png_structp png, png_const_charp message)
{
    job *j = png_get_error_ptr(png);
    snprintf(j->reason, sizeof j->reason, "%s", message);
    png_longjmp(png, 1);
}

/* libpng's warnings are about side matters (times, colour profiles): the pixels are whole. */
static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep out, size_t n)
{
    job *j = png_get_io_ptr(png);
    if (n > j->left)
        png_error(png, "the file is cut off");
    memcpy(out, j->next, n);
    j->next += n;
    j->left -= n;
}

/* Deflate makes at most 1032 bytes of one: a small file cannot claim a huge image. */
static hem_status check_promise(job *j, size_t file_bytes, size_t height)
{
    size_t packed_row = png_get_rowbytes(j->png, j->info);
    if (packed_row / 1032 * height <= file_bytes)
        return HEM_OK;
    return hem__fail_at(j->err, HEM_ERR_DATA, j->name, 0, 0,
                        "damaged: %zu rows of %zu bytes are more than the file can hold", height,
                        packed_row);
}

static hem_status check_kind(job *j)
{
    int depth = png_get_bit_depth(j->png, j->info), colour = png_get_color_type(j->png, j->info);
    const char *wrong = NULL;
    if (depth > 8)
        wrong = "16 bits a channel; at most 8 are read";
    else if (colour & PNG_COLOR_MASK_ALPHA)
        wrong = "an alpha channel; grey and RGB without one are read";
    else if (png_get_valid(j->png, j->info, PNG_INFO_tRNS))
        wrong = "transparent colours; grey and RGB without them are read";
    if (wrong == NULL)
        return HEM_OK;
    hem__fail_at(j->err, HEM_ERR_DATA, j->name, 0, 0, "the image has %s", wrong);
    return hem__hint(j->err, "convert it to 8-bit grey or RGB first");
}

/* Everything that may jump. */
static hem_status decode(job *j, size_t file_bytes)
{
    png_read_info(j->png, j->info);
    HEM_TRY(check_kind(j));
    size_t height = png_get_image_height(j->png, j->info);
    HEM_TRY(check_promise(j, file_bytes, height));
    int colour = png_get_color_type(j->png, j->info);
    if (colour == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(j->png);
    else if (colour == PNG_COLOR_TYPE_GRAY)
        png_set_expand_gray_1_2_4_to_8(j->png);
    (void)png_set_interlace_handling(j->png);
    png_read_update_info(j->png, j->info);
    int channels = png_get_channels(j->png, j->info);
    size_t width = png_get_image_width(j->png, j->info);
    size_t row_bytes = png_get_rowbytes(j->png, j->info);
    if ((channels != 1 && channels != 3) || row_bytes != width * (size_t)channels)
        return hem__fail(j->err, HEM_ERR_INTERNAL, "libpng gives %d channels, %zu bytes a row",
                         channels, row_bytes);
    HEM_TRY(hem__images_new(height, width, channels, j->name, j->out, j->err));
    j->rows = hem__calloc(height, sizeof *j->rows);
    if (j->rows == NULL)
        return hem__fail_memory(j->err, j->name, height * sizeof *j->rows);
    for (size_t y = 0; y < height; y++)
        j->rows[y] = j->out->pixels + y * row_bytes;
    png_read_image(j->png, j->rows);
    png_read_end(j->png, NULL); /* the checksums of what follows the pixels */
    return HEM_OK;
}

static hem_status run(job *j)
{
    size_t file_bytes = j->left;
    j->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, j, on_error, on_warning);
    j->info = j->png != NULL ? png_create_info_struct(j->png) : NULL;
    if (j->info == NULL)
        return hem__fail_memory(j->err, "the PNG reader", 4096);
    if (setjmp(png_jmpbuf(j->png)) != 0)
        return hem__fail_at(j->err, HEM_ERR_DATA, j->name, 0, 0, "damaged PNG: %s", j->reason);
    png_set_user_limits(j->png, HEM__DATA_MAX_SIDE, HEM__DATA_MAX_SIDE);
    png_set_read_fn(j->png, j, on_read);
    return decode(j, file_bytes);
}

hem_status hem__png_parse(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                          hem_error *err)
{
    *out = (hem_images){0};
    job j = {.next = bytes, .left = n, .name = name, .out = out, .err = err};
    hem_status status = run(&j);
    png_destroy_read_struct(&j.png, &j.info, NULL);
    free(j.rows);
    if (status != HEM_OK)
        hem_images_release(out);
    return status;
}

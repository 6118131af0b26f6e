/* JPEG by libjpeg (libjpeg-turbo), from memory: grey and colour. libjpeg reports errors by a jump:
 * all that lives across it is in one struct of the caller's, and nothing is printed. Its warnings
 * are about missing or damaged pixels, and are errors here. The accurate integer transform is used,
 * whose pixels are the same on every machine. */
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

#include "data/idx.h"
#include "data/images.h"

/* More than this many pixels of a byte are no photograph but a header that lies: Huffman codes take
 * at least a bit for a block of 64, and one bit may stand for a few blocks. */
enum { PIXELS_A_BYTE = 1024 };

typedef struct job {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf jump;
    const char *name;
    hem_images *out;
    hem_error *err;
    char reason[JMSG_LENGTH_MAX]; /* libjpeg's own */
} job;

/* A warning ends the reading as an error does. */
static void on_error(j_common_ptr jpeg)
{
    job *j = jpeg->client_data;
    jpeg->err->format_message(jpeg, j->reason);
    longjmp(j->jump, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0)
        on_error(jpeg);
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static hem_status check_kind(job *j, size_t file_bytes)
{
    J_COLOR_SPACE space = j->jpeg.jpeg_color_space;
    size_t height = j->jpeg.image_height, width = j->jpeg.image_width;
    if (space != JCS_GRAYSCALE && space != JCS_RGB && space != JCS_YCbCr) {
        hem__fail_at(j->err, HEM_ERR_DATA, j->name, 0, 0,
                     "the image is in other colours than grey and RGB (such as CMYK)");
        return hem__hint(j->err, "convert it to grey or RGB first");
    }
    if (height * width / PIXELS_A_BYTE > file_bytes)
        return hem__fail_at(j->err, HEM_ERR_DATA, j->name, 0, 0,
                            "damaged: %zu x %zu pixels are more than the file can hold", height,
                            width);
    return HEM_OK;
}

/* Everything that may jump. */
static hem_status decode(job *j, const uint8_t *bytes, size_t n)
{
    jpeg_create_decompress(&j->jpeg);
    j->jpeg.mem->max_memory_to_use = (long)HEM__DATA_MAX_BYTES;
    jpeg_mem_src(&j->jpeg, bytes, (unsigned long)n);
    (void)jpeg_read_header(&j->jpeg, TRUE);
    HEM_TRY(check_kind(j, n));
    int channels = j->jpeg.jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
    j->jpeg.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    j->jpeg.dct_method = JDCT_ISLOW;
    HEM_TRY(hem__images_new(j->jpeg.image_height, j->jpeg.image_width, channels, j->name, j->out,
                            j->err));
    (void)jpeg_start_decompress(&j->jpeg);
    size_t row = (size_t)j->out->width * (size_t)channels;
    while (j->jpeg.output_scanline < j->jpeg.output_height) {
        JSAMPROW at = j->out->pixels + j->jpeg.output_scanline * row;
        (void)jpeg_read_scanlines(&j->jpeg, &at, 1);
    }
    (void)jpeg_finish_decompress(&j->jpeg); /* what is missing at the end is a warning too */
    return HEM_OK;
}

static hem_status run(job *j, const uint8_t *bytes, size_t n)
{
    j->jpeg.err = jpeg_std_error(&j->errors);
    j->jpeg.client_data = j;
    j->errors.error_exit = on_error;
    j->errors.emit_message = on_message;
    j->errors.output_message = on_output;
    if (setjmp(j->jump) != 0)
        return hem__fail_at(j->err, HEM_ERR_DATA, j->name, 0, 0, "damaged JPEG: %s", j->reason);
    return decode(j, bytes, n);
}

hem_status hem__jpeg_parse(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                           hem_error *err)
{
    *out = (hem_images){0};
    job j = {.name = name, .out = out, .err = err};
    hem_status status = run(&j, bytes, n);
    jpeg_destroy_decompress(&j.jpeg);
    if (status != HEM_OK)
        hem_images_release(out);
    return status;
}

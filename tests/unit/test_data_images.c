/* Single image files: PNG of every kind, PGM, PPM, IDX; damaged ones are refused in silence. */
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/images.h"
#include "unit/support_data.h"

enum { H = 3, W = 5 };

typedef struct buffer {
    unsigned char bytes[4096];
    size_t n;
} buffer;

static void on_write(png_structp png, png_bytep bytes, size_t n)
{
    buffer *out = png_get_io_ptr(png);
    assert_true(out->n + n <= sizeof out->bytes);
    memcpy(out->bytes + out->n, bytes, n);
    out->n += n;
}

/* An H x W image whose rows are the bytes 0, 37, 74, ...; palette entry i is {i, 2i, 255-i}. */
static void make_png(buffer *out, int depth, int colour, bool transparent, bool interlaced)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    assert_non_null(png);
    png_infop info = png_create_info_struct(png);
    assert_non_null(info);
    if (setjmp(png_jmpbuf(png)) != 0)
        fail_msg("libpng cannot write the test image");
    out->n = 0;
    png_set_write_fn(png, out, on_write, NULL);
    png_set_IHDR(png, info, W, H, depth, colour,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_BASE,
                 PNG_FILTER_TYPE_BASE);
    png_color palette[256];
    for (int i = 0; i < 256; i++)
        palette[i] = (png_color){(png_byte)i, (png_byte)(2 * i), (png_byte)(255 - i)};
    if (colour == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 1 << depth);
    png_color_16 grey = {.gray = 1};
    png_byte alpha[2] = {0, 255};
    if (transparent)
        png_set_tRNS(png, info, alpha, colour == PNG_COLOR_TYPE_PALETTE ? 2 : 0, &grey);
    png_write_info(png, info);
    png_byte rows[H][W * 8];
    png_bytep pointers[H];
    for (int y = 0; y < H; y++) {
        for (int i = 0; i < W * 8; i++)
            rows[y][i] = (png_byte)(37 * (y * W * 8 + i));
        pointers[y] = rows[y];
    }
    png_write_image(png, pointers);
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
}

static hem_status parse(const unsigned char *bytes, size_t n, hem_images *out, hem_error *err)
{
    unsigned char *copy = malloc(n > 0 ? n : 1); /* exactly n bytes, for the sanitizer */
    assert_non_null(copy);
    if (n > 0)
        memcpy(copy, bytes, n);
    memset(err, 0, sizeof *err);
    hem_status status = hem__images_parse(copy, n, "f", out, err);
    free(copy);
    return status;
}

static void refused(const void *bytes, size_t n, const char *word)
{
    hem_images images;
    hem_error err;
    assert_int_equal(parse(bytes, n, &images, &err), HEM_ERR_DATA);
    assert_null(images.pixels);
    data_expect_error(&err, HEM_ERR_DATA, word);
}

static void read_png(const buffer *png, int channels, hem_images *out)
{
    hem_error err;
    if (parse(png->bytes, png->n, out, &err) != HEM_OK)
        fail_msg("%s", err.text);
    assert_int_equal(out->n, 1);
    assert_int_equal(out->height, H);
    assert_int_equal(out->width, W);
    assert_int_equal(out->channels, channels);
}

static void reads_png(void **state)
{
    (void)state;
    buffer png;
    hem_images images;
    for (int interlaced = 0; interlaced < 2; interlaced++) {
        make_png(&png, 8, PNG_COLOR_TYPE_GRAY, false, interlaced);
        read_png(&png, 1, &images);
        for (int y = 0; y < H; y++) {
            for (int x = 0; x < W; x++)
                assert_int_equal(images.pixels[y * W + x], (37 * (y * W * 8 + x)) & 255);
        }
        hem_images_release(&images);
        make_png(&png, 8, PNG_COLOR_TYPE_RGB, false, interlaced);
        read_png(&png, 3, &images);
        assert_int_equal(images.pixels[2 * W * 3 + 4], (37 * (2 * W * 8 + 4)) & 255);
        hem_images_release(&images);
    }
    make_png(&png, 8, PNG_COLOR_TYPE_PALETTE, false, false);
    read_png(&png, 3, &images);
    assert_int_equal(images.pixels[3], 37);
    assert_int_equal(images.pixels[4], 74);
    assert_int_equal(images.pixels[5], 255 - 37);
    hem_images_release(&images);
}

/* 1, 2 and 4 bits a pixel become 0..255. */
static void reads_png_of_few_bits(void **state)
{
    (void)state;
    for (int depth = 1; depth <= 4; depth *= 2) {
        buffer png;
        hem_images images;
        make_png(&png, depth, PNG_COLOR_TYPE_GRAY, false, false);
        read_png(&png, 1, &images);
        int per_byte = 8 / depth, full = (1 << depth) - 1;
        for (int x = 0; x < W; x++) {
            int byte = 37 * (x / per_byte), shift = 8 - depth * (x % per_byte + 1);
            assert_int_equal(images.pixels[x], (byte >> shift & full) * 255 / full);
        }
        hem_images_release(&images);
    }
}

static void refuses_png_of_other_kinds(void **state)
{
    (void)state;
    buffer png;
    make_png(&png, 16, PNG_COLOR_TYPE_GRAY, false, false);
    refused(png.bytes, png.n, "16 bits a channel");
    make_png(&png, 8, PNG_COLOR_TYPE_RGB_ALPHA, false, false);
    refused(png.bytes, png.n, "an alpha channel");
    make_png(&png, 8, PNG_COLOR_TYPE_GRAY_ALPHA, false, false);
    refused(png.bytes, png.n, "an alpha channel");
    make_png(&png, 8, PNG_COLOR_TYPE_PALETTE, true, false);
    refused(png.bytes, png.n, "transparent colours");
    make_png(&png, 8, PNG_COLOR_TYPE_GRAY, true, false);
    refused(png.bytes, png.n, "transparent colours");
}

static void refuses_damaged_png(void **state)
{
    (void)state;
    buffer png;
    make_png(&png, 8, PNG_COLOR_TYPE_GRAY, false, false);
    for (size_t i = 0; i < png.n; i++)
        refused(png.bytes, i, "");
    refused(png.bytes, png.n - 1, "damaged PNG: the file is cut off");
    for (size_t bit = 0; bit < 8 * png.n; bit++) {
        png.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        hem_images images;
        hem_error err;
        /* Every byte is under a checksum, and the first 33 are the signature and IHDR. A flip in
         * the type or length of a chunk may make it one that may be skipped, as long as the
         * pixels are whole. */
        hem_status status = parse(png.bytes, png.n, &images, &err);
        assert_true(status == HEM_OK || status == HEM_ERR_DATA);
        assert_true(bit / 8 >= 33 || status == HEM_ERR_DATA);
        hem_images_release(&images);
        png.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

static uint32_t crc_of(const unsigned char *bytes, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

/* A small file with a right checksum that claims a huge image. */
static void refuses_png_bombs(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        const char *word;
    } cases[] = {{30000, 30000, "more than the file can hold"},
                 {60000, 60000, "more than the file can hold"},
                 {65537, 1, "damaged PNG: "},
                 {0x7fffffff, 0x7fffffff, "damaged PNG: "},
                 {0, 5, "damaged PNG: "}};
    buffer png;
    make_png(&png, 8, PNG_COLOR_TYPE_GRAY, false, false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int b = 0; b < 4; b++) {
            png.bytes[16 + b] = (unsigned char)(cases[i].width >> (24 - 8 * b));
            png.bytes[20 + b] = (unsigned char)(cases[i].height >> (24 - 8 * b));
        }
        uint32_t crc = crc_of(png.bytes + 12, 17);
        for (int b = 0; b < 4; b++)
            png.bytes[29 + b] = (unsigned char)(crc >> (24 - 8 * b));
        refused(png.bytes, png.n, cases[i].word);
    }
}

static void reads_pnm(void **state)
{
    (void)state;
    hem_images images;
    hem_error err;
    static const char pgm[] = "P5 # a comment\n# 3 another\n2\t3\n255\nabcdef";
    assert_int_equal(parse((const unsigned char *)pgm, sizeof pgm - 1, &images, &err), HEM_OK);
    assert_int_equal(images.height, 3);
    assert_int_equal(images.width, 2);
    assert_int_equal(images.channels, 1);
    assert_memory_equal(images.pixels, "abcdef", 6);
    hem_images_release(&images);
    static const char ppm[] = "P6 1 2 255 \n#bcde"; /* one white space, then pixels */
    assert_int_equal(parse((const unsigned char *)ppm, sizeof ppm - 1, &images, &err), HEM_OK);
    assert_int_equal(images.channels, 3);
    assert_memory_equal(images.pixels, "\n#bcde", 6);
    hem_images_release(&images);
    static const char few[] = "P5 3 1 4\n\0\2\4";
    assert_int_equal(parse((const unsigned char *)few, sizeof few - 1, &images, &err), HEM_OK);
    assert_memory_equal(images.pixels, "\0\200\377", 3);
    hem_images_release(&images);
}

static void refuses_wrong_pnm(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
    } cases[] = {
        {"P5", "damaged header"},
        {"P5 2 3", "damaged header"},
        {"P5 2 3 255", "damaged header"},
        {"P5 -2 3 255\nabcdef", "damaged header"},
        {"P5 2 3 25x\nabcdef", "damaged header"},
        {"P5 # only a comment", "damaged header"},
        {"P5 999999999 3 255\nabcdef", "damaged header"},
        {"P5 2 3 255\nabcde", "need 6 bytes after the header; there are 5"},
        {"P5 2 3 255\nabcdefg", "there are 7"},
        {"P5 2 3 0\nabcdef", "largest value is 0"},
        {"P5 2 3 65535\nabcdef", "largest value is 65535"},
        {"P5 2 3 100\nabcdez", "value 101 at byte 4"},
        {"P5 0 3 255\n", "0 pixels"},
        {"P6 99999999 99999999 255\nx", "need"},
        {"P2 1 1 255\n7", "unknown image format"},
        {"hello", "unknown image format (the first byte is 0x68)"},
        {"", "empty"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(cases[i].text, strlen(cases[i].text), cases[i].word);
    hem_images images;
    hem_error err;
    assert_int_equal(parse((const unsigned char *)"GIF89a", 6, &images, &err), HEM_ERR_DATA);
    assert_non_null(strstr(err.hint, "IDX (plain or gzip), PNG, JPEG, binary PGM and PPM"));
}

static void reads_files(void **state)
{
    (void)state;
    char *folder = data_folder();
    size_t n, packed;
    unsigned char *idx = data_idx_images(3, 4, 5, 1, &n), *gz = data_gzip(idx, n, &packed);
    hem_images images;
    hem_error err;
    data_write(data_path(folder, "a"), idx, n);
    data_write(data_path(folder, "b"), gz, packed);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hem_images_read(data_path(folder, i ? "b" : "a"), &images, &err), HEM_OK);
        assert_int_equal(images.n, 3);
        assert_memory_equal(images.pixels, idx + 16, n - 16);
        hem_images_release(&images);
        hem_images_release(&images); /* twice is once */
    }
    free(idx);
    idx = data_idx_labels(3, 3, &n);
    data_write(data_path(folder, "labels"), idx, n);
    assert_int_equal(hem_images_read(data_path(folder, "labels"), &images, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "these are labels");
    assert_int_equal(mkfifo(data_path(folder, "pipe"), 0600), 0);
    assert_int_equal(hem_images_read(data_path(folder, "pipe"), &images, &err), HEM_ERR_DATA);
    assert_int_equal(hem_images_read(folder, &images, NULL), HEM_ERR_DATA);
    assert_int_equal(hem_images_read(data_path(folder, "none"), &images, NULL), HEM_ERR_DATA);
    free(idx);
    free(gz);
    data_folder_remove(folder);
}

/* The whole program runs with stderr in a file, which must stay empty of libpng's words. */
static void says_nothing_on_stderr(void **state)
{
    (void)state;
    char *folder = data_folder();
    (void)fflush(stderr);
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0);
    assert_non_null(freopen(data_path(folder, "stderr"), "wb", stderr));
    void *nothing = NULL;
    refuses_damaged_png(&nothing);
    refuses_png_bombs(&nothing);
    (void)fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    (void)close(kept);
    struct stat info;
    assert_int_equal(stat(data_path(folder, "stderr"), &info), 0);
    assert_int_equal(info.st_size, 0);
    data_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_png),
        cmocka_unit_test(reads_png_of_few_bits),
        cmocka_unit_test(refuses_png_of_other_kinds),
        cmocka_unit_test(refuses_damaged_png),
        cmocka_unit_test(refuses_png_bombs),
        cmocka_unit_test(reads_pnm),
        cmocka_unit_test(refuses_wrong_pnm),
        cmocka_unit_test(reads_files),
        cmocka_unit_test(says_nothing_on_stderr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

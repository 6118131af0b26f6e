/* IDX files, plain and gzip: right ones are read, and no wrong one is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cmocka.h>

#include "data/idx.h"
#include "unit/support_data.h"

/* Parses a copy of exactly n bytes, so that the sanitizer sees one byte too many being read. */
static hem_status parse(const unsigned char *bytes, size_t n, hem__idx_kind kind, hem__idx *out,
                        hem_error *err)
{
    unsigned char *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    if (n > 0)
        memcpy(copy, bytes, n);
    memset(err, 0, sizeof *err);
    hem_status status = hem__idx_parse(copy, n, "f", kind, out, err);
    free(copy);
    return status;
}

static void refused(const unsigned char *bytes, size_t n, hem__idx_kind kind, const char *word)
{
    hem__idx idx;
    hem_error err;
    assert_int_equal(parse(bytes, n, kind, &idx, &err), HEM_ERR_DATA);
    assert_null(idx.content);
    data_expect_error(&err, HEM_ERR_DATA, word);
}

static void reads_images_and_labels(void **state)
{
    (void)state;
    hem__idx idx;
    hem_error err;
    size_t n, packed;
    for (uint32_t channels = 1; channels <= 3; channels += 2) {
        unsigned char *bytes = data_idx_images(3, 4, 5, channels, &n);
        unsigned char *gz = data_gzip(bytes, n, &packed);
        for (int form = 0; form < 2; form++) {
            assert_int_equal(
                parse(form ? gz : bytes, form ? packed : n, HEM__IDX_IMAGES, &idx, &err), HEM_OK);
            assert_int_equal(idx.n, 3);
            assert_int_equal(idx.height, 4);
            assert_int_equal(idx.width, 5);
            assert_int_equal(idx.channels, channels);
            assert_int_equal(idx.bytes, 60 * channels);
            assert_memory_equal(idx.header, bytes, idx.header_bytes);
            assert_memory_equal(idx.content, bytes + idx.header_bytes, idx.bytes);
            hem__idx_release(&idx);
        }
        free(gz);
        free(bytes);
    }
    unsigned char *labels = data_idx_labels(7, 3, &n);
    assert_int_equal(parse(labels, n, HEM__IDX_LABELS, &idx, &err), HEM_OK);
    assert_int_equal(idx.n, 7);
    assert_memory_equal(idx.content, labels + 8, 7);
    assert_int_equal(hem__idx_check_labels(&idx, 3, "f", &err), HEM_OK);
    assert_int_equal(hem__idx_check_labels(&idx, 2, "f", &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "label 2 in row 2 (rows count from 0); allowed 0..1");
    hem__idx_release(&idx);
    free(labels);
}

static void refuses_every_cut(void **state)
{
    (void)state;
    size_t n, packed;
    unsigned char *images = data_idx_images(2, 3, 3, 1, &n);
    for (size_t i = 0; i < n; i++)
        refused(images, i, HEM__IDX_IMAGES, "");
    refused(images, 0, HEM__IDX_IMAGES, "empty");
    refused(images, n - 1, HEM__IDX_IMAGES, "cut off");
    unsigned char *gz = data_gzip(images, n, &packed);
    for (size_t i = 0; i < packed; i++)
        refused(gz, i, HEM__IDX_IMAGES, "");
    refused(gz, packed - 1, HEM__IDX_IMAGES, "the gzip data is cut off");
    free(gz);
    free(images);
    unsigned char *labels = data_idx_labels(9, 3, &n);
    for (size_t i = 0; i < n; i++)
        refused(labels, i, HEM__IDX_LABELS, "");
    free(labels);
}

/* Any one flipped bit behind the 10 bytes of gzip's own header (time, system) is found, but for the
 * up to 7 bits that fill the last byte of the packed data and mean nothing. */
static void refuses_every_flipped_bit_of_gzip(void **state)
{
    (void)state;
    size_t n, packed;
    unsigned char *images = data_idx_images(4, 5, 5, 1, &n), *gz = data_gzip(images, n, &packed);
    int accepted = 0;
    for (size_t bit = 80; bit < 8 * packed; bit++) {
        hem__idx idx;
        hem_error err;
        gz[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (parse(gz, packed, HEM__IDX_IMAGES, &idx, &err) == HEM_OK) {
            assert_int_equal(bit / 8, packed - 9);
            assert_memory_equal(idx.content, images + 16, n - 16);
            hem__idx_release(&idx);
            accepted++;
        } else {
            data_expect_error(&err, HEM_ERR_DATA, "");
            assert_null(idx.content);
        }
        gz[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_in_range(accepted, 0, 7);
    gz[packed - 8] ^= 1; /* the checksum */
    refused(gz, packed, HEM__IDX_IMAGES, "incorrect data check");
    free(gz);
    free(images);
}

static void refuses_what_follows(void **state)
{
    (void)state;
    size_t n, packed;
    unsigned char *images = data_idx_images(2, 3, 3, 1, &n);
    unsigned char longer[200] = {0};
    memcpy(longer, images, n);
    refused(longer, n + 1, HEM__IDX_IMAGES, "more bytes follow");
    unsigned char *gz = data_gzip(longer, n + 1, &packed);
    refused(gz, packed, HEM__IDX_IMAGES, "more bytes follow");
    free(gz);
    gz = data_gzip(images, n, &packed);
    memcpy(longer, gz, packed);
    longer[packed] = 'x';
    refused(longer, packed + 1, HEM__IDX_IMAGES, "1 bytes follow the end of the gzip data");
    free(gz);
    free(images);
}

/* Two gzip members after one another are one file, as gzip itself has it. */
static void reads_gzip_in_two_members(void **state)
{
    (void)state;
    size_t n, first, second;
    unsigned char *images = data_idx_images(2, 3, 3, 1, &n), both[512];
    unsigned char *a = data_gzip(images, 20, &first), *b = data_gzip(images + 20, n - 20, &second);
    memcpy(both, a, first);
    memcpy(both + first, b, second);
    hem__idx idx;
    hem_error err;
    assert_int_equal(parse(both, first + second, HEM__IDX_IMAGES, &idx, &err), HEM_OK);
    assert_memory_equal(idx.content, images + 16, n - 16);
    hem__idx_release(&idx);
    free(a);
    free(b);
    free(images);
}

static void refuses_wrong_headers(void **state)
{
    (void)state;
    static const struct {
        unsigned char bytes[24];
        size_t n;
        hem__idx_kind kind;
        const char *word;
    } cases[] = {
        {{0, 0, 0x0d, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7}, 17, HEM__IDX_IMAGES, "0x00000d03"},
        {{0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7}, 13, HEM__IDX_IMAGES, "0x00000802"},
        {{0, 0, 8, 1, 0, 0, 0, 1, 7}, 9, HEM__IDX_IMAGES, "these are labels"},
        {{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7},
         17,
         HEM__IDX_LABELS,
         "these are images"},
        {{3, 8, 0, 0}, 4, HEM__IDX_IMAGES, "magic number 0x03080000"},
        {{0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, 16, HEM__IDX_IMAGES, "no images"},
        {{0, 0, 8, 1, 0, 0, 0, 0}, 8, HEM__IDX_LABELS, "no labels"},
        {{0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, 16, HEM__IDX_IMAGES, "0 x 1"},
        {{0, 0, 8, 3, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 1}, 16, HEM__IDX_IMAGES, "65537 x 1"},
        {{0, 0, 8, 3, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0}, 16, HEM__IDX_IMAGES, "too large"},
        {{0, 0, 8, 3, 0, 0, 0, 1, 0x80, 0, 0, 0, 0x80, 0, 0, 0},
         16,
         HEM__IDX_IMAGES,
         "2147483648 x 2147483648"},
        {{0, 0, 8, 1, 0xff, 0xff, 0xff, 0xff}, 8, HEM__IDX_LABELS, "too large"},
        {{0, 0, 8, 1, 0x3f, 0xff, 0xff, 0xff}, 8, HEM__IDX_LABELS, "cut off"},
        {{0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 7},
         22,
         HEM__IDX_IMAGES,
         "2 channels"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(cases[i].bytes, cases[i].n, cases[i].kind, cases[i].word);
}

/* Little gzip data that unpacks to much, or claims to: refused without unpacking it. */
static void refuses_gzip_bombs(void **state)
{
    (void)state;
    size_t packed, n = (size_t)8 << 20;
    unsigned char *zeros = calloc(n, 1);
    assert_non_null(zeros);
    memcpy(zeros, "\0\0\10\1\0\0\0\5", 8); /* 5 labels, then 8 MiB of zeros */
    unsigned char *gz = data_gzip(zeros, n, &packed);
    refused(gz, packed, HEM__IDX_LABELS, "more bytes follow");
    free(gz);
    memcpy(zeros, "\0\0\10\1\077\377\377\377", 8); /* a gigabyte of labels in 20 bytes */
    gz = data_gzip(zeros, 16, &packed);
    refused(gz, packed, HEM__IDX_LABELS, "more than the gzip data can hold");
    free(gz);
    free(zeros);
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    char *folder = data_folder();
    hem__idx idx;
    hem_error err;
    assert_int_equal(hem__idx_read(folder, HEM__IDX_IMAGES, &idx, &err), HEM_ERR_DATA);
    assert_int_equal(hem__idx_read(data_path(folder, "none"), HEM__IDX_IMAGES, &idx, &err),
                     HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "No such file");
    assert_int_equal(mkfifo(data_path(folder, "pipe"), 0600), 0);
    assert_int_equal(hem__idx_read(data_path(folder, "pipe"), HEM__IDX_IMAGES, &idx, &err),
                     HEM_ERR_DATA); /* and does not wait for a writer */
    data_write(data_path(folder, "empty"), "", 0);
    assert_int_equal(hem__idx_read(data_path(folder, "empty"), HEM__IDX_IMAGES, &idx, &err),
                     HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "empty");
    data_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_images_and_labels),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(refuses_every_flipped_bit_of_gzip),
        cmocka_unit_test(refuses_what_follows),
        cmocka_unit_test(reads_gzip_in_two_members),
        cmocka_unit_test(refuses_wrong_headers),
        cmocka_unit_test(refuses_gzip_bombs),
        cmocka_unit_test(refuses_what_is_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The fuzz targets, driven for a few seconds over changed copies of small files: bytes replaced,
 * inserted, removed and repeated, with a fixed seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/philox.h"
#include "unit/support_data.h"

#define LLVMFuzzerTestOneInput fuzz_idx
#include "fuzz/fuzz_idx.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_image
#include "fuzz/fuzz_image.c"
#undef LLVMFuzzerTestOneInput

enum { ROUNDS = 20000, ROOM = 1024 };

typedef struct dice {
    hem__philox_key key;
    uint32_t at;
} dice;

static uint32_t below(dice *d, size_t n)
{
    uint32_t counter[4] = {d->at++, 0, 0, 0}, word[4];
    hem__philox(d->key, counter, word);
    return (uint32_t)(((uint64_t)word[0] * n) >> 32);
}

/* One change in place; returns the new length. */
static size_t change(dice *d, unsigned char *bytes, size_t n)
{
    static const unsigned char odd[] = {0, 1, 0x7f, 0x80, 0xff, 0x1f, 0x8b, '#', ' ', '9'};
    if (n == 0)
        return 0;
    size_t at = below(d, n), length = 1 + below(d, n - at < 8 ? n - at : 8);
    switch (below(d, 5)) {
    case 0:
        bytes[at] ^= (unsigned char)(1 << below(d, 8));
        return n;
    case 1:
        bytes[at] = odd[below(d, sizeof odd)];
        return n;
    case 2: /* removed */
        memmove(bytes + at, bytes + at + length, n - at - length);
        return n - length;
    case 3: /* repeated */
        if (n + length > ROOM)
            return n;
        memmove(bytes + at + length, bytes + at, n - at);
        return n + length;
    default:
        return below(d, 20) == 0 ? at : n; /* cut off, now and then */
    }
}

static void run(int (*target)(const uint8_t *, size_t), const unsigned char *seed, size_t n,
                uint64_t number)
{
    assert_true(n <= ROOM);
    dice d = {hem__philox_key_of(number, HEM__DRAW_CHECK), 0};
    assert_int_equal(target(seed, n), 0);
    for (int i = 0; i < ROUNDS; i++) {
        unsigned char bytes[ROOM];
        memcpy(bytes, seed, n);
        size_t now = n;
        for (uint32_t k = 0, changes = 1 + below(&d, 4); k < changes; k++)
            now = change(&d, bytes, now);
        unsigned char *exact = malloc(now > 0 ? now : 1); /* for the sanitizer */
        assert_non_null(exact);
        memcpy(exact, bytes, now);
        assert_int_equal(target(exact, now), 0);
        free(exact);
    }
}

static void idx_files(void **state)
{
    (void)state;
    size_t n, packed;
    unsigned char *images = data_idx_images(3, 4, 3, 3, &n), *gz = data_gzip(images, n, &packed);
    run(fuzz_idx, images, n, 1);
    run(fuzz_idx, gz, packed, 2);
    run(fuzz_image, gz, packed, 3);
    free(gz);
    free(images);
    unsigned char *labels = data_idx_labels(20, 10, &n);
    run(fuzz_idx, labels, n, 4);
    free(labels);
}

static void image_files(void **state)
{
    (void)state;
    static const unsigned char ppm[] = "P6\n# two by two\n2 2\n255\nabcdefghijkl";
    run(fuzz_image, ppm, sizeof ppm - 1, 5);
    /* A 3 x 2 PNG of one channel, 8 bits. */
    static const unsigned char png[] = {
        137, 80, 78, 71,  13,  10, 26, 10, 0,  0,   0,   13, 73,  72,  68, 82, 0,  0,  0,
        3,   0,  0,  0,   2,   8,  0,  0,  0,  0,   184, 31, 57,  198, 0,  0,  0,  16, 73,
        68,  65, 84, 120, 156, 99, 72, 76, 74, 102, 76,  73, 77,  3,   0,  9,  74, 2,  87,
        73,  17, 73, 182, 0,   0,  0,  0,  73, 69,  78,  68, 174, 66,  96, 130};
    hem_images images;
    hem_error err;
    assert_int_equal(hem__images_parse(png, sizeof png, "seed", &images, &err), HEM_OK);
    assert_int_equal(images.width, 3);
    hem_images_release(&images);
    run(fuzz_image, png, sizeof png, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idx_files),
        cmocka_unit_test(image_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

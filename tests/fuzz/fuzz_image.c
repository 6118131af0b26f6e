/* libFuzzer: any bytes as an image file of any format. Built as fuzz_idx.c is. */
#include <stdlib.h>

#include "data/images.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    hem_images images;
    hem_error err = {.status = HEM_OK};
    hem_status status = hem__images_parse(bytes, n, "fuzz", &images, &err);
    if (status != HEM_OK) {
        if (images.pixels != NULL || err.text[0] == '\0' || err.status != status)
            abort();
        return 0;
    }
    size_t sum = 0, total = images.n * (size_t)images.height * (size_t)images.width *
                            (size_t)images.channels;
    for (size_t i = 0; i < total; i++)
        sum += images.pixels[i];
    if (sum > 255 * total)
        abort();
    hem_images_release(&images);
    return 0;
}

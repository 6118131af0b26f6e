/* libFuzzer: any bytes as an .npy file of images and of labels, and as an .npz archive. Built as
 * fuzz_idx.c is. */
#include <stdlib.h>

#include "data/pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void read_labels(const uint8_t *bytes, size_t n)
{
    uint8_t *labels;
    size_t n_labels = 0, sum = 0;
    hem_error err = {.status = HEM_OK};
    hem_status status = hem__npy_labels(bytes, n, "fuzz", "npy", 1, &labels, &n_labels, &err);
    if (status != HEM_OK && (labels != NULL || err.text[0] == '\0'))
        abort();
    for (size_t i = 0; status == HEM_OK && i < n_labels; i++)
        sum += labels[i];
    if (sum > 255 * n_labels)
        abort();
    free(labels);
}

static void read_images(const uint8_t *bytes, size_t n)
{
    hem_images images;
    hem_error err = {.status = HEM_OK};
    hem_status status = hem__npy_images(bytes, n, "fuzz", &images, &err);
    if (status != HEM_OK && (images.pixels != NULL || err.text[0] == '\0'))
        abort();
    size_t total =
               images.n * (size_t)images.height * (size_t)images.width * (size_t)images.channels,
           sum = 0;
    for (size_t i = 0; i < total; i++)
        sum += images.pixels[i];
    if (sum > 255 * total)
        abort();
    hem_images_release(&images);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    read_images(bytes, n);
    read_labels(bytes, n);
    uint8_t *entry;
    size_t length;
    hem_error err = {.status = HEM_OK};
    hem_status status = hem__npz_entry(bytes, n, "fuzz", "x", &entry, &length, &err);
    if (status != HEM_OK && (entry != NULL || err.text[0] == '\0'))
        abort();
    if (entry != NULL) {
        read_images(entry, length);
        read_labels(entry, length);
    }
    free(entry);
    return 0;
}

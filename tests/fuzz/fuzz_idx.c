/* libFuzzer: any bytes as an IDX file of images and of labels, plain or gzip.
 *   clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc tests/fuzz/fuzz_idx.c
 *     libhemline.a ... && ./a.out
 * tests/unit/test_data_fuzz.c runs it over changed copies of small files. */
#include <stdlib.h>

#include "data/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    for (int kind = HEM__IDX_IMAGES; kind <= HEM__IDX_LABELS; kind++) {
        hem__idx idx;
        hem_error err = {.status = HEM_OK};
        hem_status status = hem__idx_parse(bytes, n, "fuzz", (hem__idx_kind)kind, &idx, &err);
        if (status != HEM_OK) {
            /* A refusal is complete: a text, and nothing handed out. */
            if (idx.content != NULL || err.text[0] == '\0' || err.status != status)
                abort();
            continue;
        }
        size_t image = (size_t)idx.height * (size_t)idx.width * (size_t)idx.channels, sum = 0;
        if (idx.n * image != idx.bytes)
            abort();
        for (size_t i = 0; i < idx.bytes; i++)
            sum += idx.content[i]; /* the sanitizer sees whether all of it is there */
        if (sum > 255 * idx.bytes)
            abort();
        hem__idx_release(&idx);
    }
    return 0;
}

/* libFuzzer: any bytes as a CSV file, plain or gzip, by several experiments. Built as fuzz_idx.c
 * is.
 */
#include <stdlib.h>

#include "data/pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void read_as(const uint8_t *bytes, size_t n, const hem__data_spec *spec)
{
    hem__pair pair;
    hem_error err = {.status = HEM_OK};
    hem_status status = hem__csv_parse(bytes, n, "fuzz", spec, NULL, &pair, &err);
    if (status != HEM_OK) {
        if (pair.images.content != NULL || err.text[0] == '\0' || err.status != status)
            abort();
        return;
    }
    size_t sum = 0;
    for (size_t i = 0; i < pair.images.bytes; i++)
        sum += pair.images.content[i];
    if (pair.images.n != pair.labels.n || sum > 255 * pair.images.bytes)
        abort();
    hem__pair_release(&pair);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char last[] = "last", name[] = "label";
    hem__data_spec any = {0}, wide = {.label_from = 1, .csv = {.label = last, .width = 2}};
    hem__data_spec named = {.csv = {.label = name, .header = HEM__HEADER_YES, .channels = 3}};
    read_as(bytes, n, &any);
    read_as(bytes, n, &wide);
    read_as(bytes, n, &named);
    return 0;
}

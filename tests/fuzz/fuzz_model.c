/* libFuzzer: any bytes as a model file. A wrong checksum would end most inputs early, so the same
 * bytes are tried a second time with the checksum that they should have.
 *   clang -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc tests/fuzz/fuzz_model.c
 *     libhemline.a ... && ./a.out
 * tests/unit/test_model.c and test_safetensors.c run over every changed bit of small files. */
#include <stdlib.h>
#include <string.h>

#include "net/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void load(hem_context *context, const uint8_t *bytes, size_t n)
{
    hem_net *net;
    hem_error err = {.status = HEM_OK};
    hem_status status = hem__net_load_memory(context, bytes, n, "fuzz", &net, &err);
    /* A refusal is complete: a text, and nothing handed out. */
    if ((status == HEM_OK) != (net != NULL))
        abort();
    if (status != HEM_OK && (err.text[0] == '\0' || err.status != status))
        abort();
    if (status != HEM_OK && status != HEM_ERR_MODEL && status != HEM_ERR_MEMORY)
        abort();
    hem_net_free(net);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static hem_context *context; /* for the whole process, as libFuzzer runs it */
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = 1;
    if (context == NULL && hem_context_new(&settings, &context, NULL) != HEM_OK)
        abort();
    load(context, bytes, n);
    uint8_t *sealed = malloc(n + 1);
    if (sealed == NULL)
        return 0;
    memcpy(sealed, bytes, n);
    if (hem__st_repair_checksum(sealed, n))
        load(context, sealed, n);
    free(sealed);
    return 0;
}

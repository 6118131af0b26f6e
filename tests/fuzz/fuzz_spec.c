/* Fuzz target: any bytes as an experiment file. What is accepted must survive being written out and
 * read again. The bytes behind a first NUL, if any, are an override.
 *
 *   clang -g -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc \
 *       tests/fuzz/fuzz_spec.c src/spec/[a-z]*.c src/base/[a-z]*.c \
 *       -lfyaml -lmd -lxxhash -lm -lpthread -o fuzz_spec
 *   ./fuzz_spec -max_len=4096 CORPUS experiments
 *
 * tests/unit/test_spec_fuzz.c runs the same function over mutated seeds. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hemline/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void require(bool condition, const char *what, const char *text)
{
    if (!condition) {
        fprintf(stderr, "fuzz_spec: %s: '%s'\n", what, text);
        abort();
    }
}

static void check_accepted(const hem_spec *spec)
{
    char key[128], value_a[128], value_b[128];
    hem_error error = {0};
    hem_spec *again = NULL;
    char *resolved = hem_spec_resolved(spec);
    require(resolved != NULL, "no resolved text", "");
    hem_status status = hem_spec_parse(resolved, "resolved.yaml", NULL, 0, &again, &error);
    require(status == HEM_OK, error.text, resolved);
    char *twice = hem_spec_resolved(again);
    require(twice != NULL && strcmp(twice, resolved) == 0, "the resolved text changes", resolved);
    require(!hem_spec_difference(spec, again, NULL, key, value_a, value_b), "a key changes", key);
    free(twice);
    free(resolved);
    hem_spec_free(again);
}

static void check_refused(hem_status status, const hem_spec *spec, const hem_error *error)
{
    require(status == HEM_ERR_USAGE && error->status == status, "not a usage error", error->text);
    require(spec == NULL, "a spec in spite of an error", error->text);
    require(error->text[0] != '\0' && strchr(error->text, '\n') == NULL, "no line of text",
            error->text);
    require(error->hint[0] != '\0' && strchr(error->hint, '\n') == NULL, "no line of help",
            error->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = malloc(n + 1);
    require(text != NULL, "no memory", "");
    if (n > 0)
        memcpy(text, bytes, n);
    text[n] = '\0';
    size_t length = strlen(text);
    const char *override = text + length + 1;

    hem_error error = {0};
    hem_spec *spec = NULL;
    hem_status status =
        hem_spec_parse(text, "fuzz.yaml", &override, length < n ? 1 : 0, &spec, &error);
    if (status == HEM_OK)
        check_accepted(spec);
    else
        check_refused(status, spec, &error);
    hem_spec_free(spec);
    free(text);
    return 0;
}

/* The fuzz target of tests/fuzz over mutated seeds: a short run for every build. Mutations are
 * drawn by Philox, so that a failure is found again. */
#include "fuzz/fuzz_spec.c"
#include "unit/support.h"

#include "base/philox.h"

enum { LONGEST = 4096, ROUNDS = 3000 };

typedef struct dice {
    hem__philox_key key;
    uint32_t draws;
} dice;

/* Uniform enough in [0, n). */
static size_t roll(dice *d, size_t n)
{
    uint32_t out[4];
    hem__philox(d->key, (const uint32_t[4]){d->draws++, 0, 0, 0}, out);
    return (size_t)((uint64_t)out[0] * n >> 32);
}

static const char *const words[] = {
    "data: ",
    "synthetic",
    "model:\n",
    "  - ",
    "conv: {filters: 6, kernel: 4}",
    "train:\n",
    "augment: {rotation: 8 deg, shift: [2px, 8%]}",
    "adam",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    ": ",
    "\n",
    "#",
    "&a ",
    "*a",
    "<<: ",
    "!!int ",
    "---\n",
    "%YAML 1.1\n",
    "|\n ",
    ">0",
    "\\u2028",
    "\t",
    "\r",
    "1e9",
    "-1",
    ".nan",
    "0x10",
    "\xff",
    "\xc3\xa9",
    "\xe2\x80\xa8",
    "? ",
    "first: 5",
    "fraction: .5",
    "validation: ",
    "keep: best validation loss",
    "name: ",
    "description: ",
};

/* One change: a byte, a word, a piece cut out, doubled or put elsewhere; a NUL begins an override.
 */
static size_t mutate(dice *d, uint8_t *bytes, size_t n)
{
    size_t at = roll(d, n + 1), length = roll(d, 24), left = n - at;
    if (length > left)
        length = left;
    switch (roll(d, 5)) {
    case 0:
        if (at < n)
            bytes[at] = (uint8_t)roll(d, 256);
        return n;
    case 1: {
        const char *word = words[roll(d, sizeof words / sizeof *words)];
        size_t added = strlen(word);
        if (n + added > LONGEST)
            return n;
        memmove(bytes + at + added, bytes + at, left);
        memcpy(bytes + at, word, added);
        return n + added;
    }
    case 2:
        memmove(bytes + at, bytes + at + length, left - length);
        return n - length;
    case 3:
        if (n + length > LONGEST)
            return n;
        memmove(bytes + at + length, bytes + at, left);
        return n + length;
    default: {
        const char *override = "train.optimizer.adam.beta1=.5";
        size_t added = strlen(override) + 1;
        if (n + added > LONGEST)
            return n;
        bytes[n] = '\0';
        memcpy(bytes + n + 1, override, added - 1);
        return n + added;
    }
    }
}

static void run_seed(const char *text, uint64_t seed)
{
    dice d = {hem__philox_key_of(seed, HEM__DRAW_CHECK), 0};
    uint8_t *bytes = malloc(LONGEST);
    assert_non_null(bytes);
    size_t length = strlen(text);
    assert_true(length < LONGEST);
    for (int i = 0; i < ROUNDS; i++) {
        memcpy(bytes, text, length);
        size_t n = length;
        for (size_t changes = roll(&d, 4); n > 0 && changes < 4; changes++)
            n = mutate(&d, bytes, n);
        /* Exactly as long as the input, so that the address sanitizer sees a read behind it. */
        uint8_t *input = malloc(n > 0 ? n : 1);
        assert_non_null(input);
        memcpy(input, bytes, n);
        assert_int_equal(LLVMFuzzerTestOneInput(input, n), 0);
        free(input);
    }
    free(bytes);
}

static void test_template(void **state)
{
    (void)state;
    run_seed(hem_spec_template(), 1);
}

static void test_small(void **state)
{
    (void)state;
    run_seed("data: {idx: \"a\\tb\", expect: mnist}\n"
             "description: 'it''s a text'\n"
             "validation: {fraction: .25, seed: 3}\n"
             "model: [flatten, dense: {units: 10}, softmax]\n"
             "train: {optimizer: {momentum: {dampening: .9}}, keep: best validation loss}\n",
             2);
}

static void test_nothing(void **state)
{
    (void)state;
    assert_int_equal(LLVMFuzzerTestOneInput((const uint8_t *)"", 0), 0);
    run_seed("a", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_template),
        cmocka_unit_test(test_small),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

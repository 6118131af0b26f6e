/* Checked sizes, the count of allocations, the arena. */
#include "unit/support.h"

#include "base/mem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

static void test_sizes(void **state)
{
    (void)state;
    size_t out;
    assert_true(hem__mul_size(3, 5, &out) && out == 15);
    assert_true(hem__mul_size(0, SIZE_MAX, &out) && out == 0);
    assert_false(hem__mul_size(SIZE_MAX / 2 + 1, 2, &out));
    assert_true(hem__add_size(SIZE_MAX - 1, 1, &out) && out == SIZE_MAX);
    assert_false(hem__add_size(SIZE_MAX, 1, &out));
}

static void test_blocks(void **state)
{
    (void)state;
    size_t before = hem__allocation_count();
    unsigned char *block = hem__calloc(10, 10);
    assert_non_null(block);
    for (int i = 0; i < 100; i++)
        assert_int_equal(block[i], 0);
    block[99] = 7;
    block = hem__reallocarray(block, 1000, 10);
    assert_non_null(block);
    assert_int_equal(block[99], 7);
    char *text = hem__strdup("abc");
    assert_string_equal(text, "abc");
    assert_int_equal(hem__allocation_count() - before, 3);
    assert_null(hem__reallocarray(block, SIZE_MAX / 2, 3));
    assert_int_equal(block[99], 7);
    assert_null(hem__calloc(SIZE_MAX / 2, 3));
    void *empty = hem__calloc(0, 8); /* not NULL: that would look like "no memory" */
    assert_non_null(empty);
    free(empty);
    free(text);
    block = hem__reallocarray(block, 0, 10); /* realloc would free it and return NULL */
    assert_non_null(block);
    free(block);
}

static void test_aligned(void **state)
{
    (void)state;
    for (size_t n = 0; n < 100; n += 33) {
        float *block = hem__aligned_calloc(n, sizeof *block);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 0);
        for (size_t i = 0; i < n; i++)
            assert_true(block[i] == 0.0f);
        free(block);
    }
    assert_null(hem__aligned_calloc(SIZE_MAX / 2, 3));
    assert_null(hem__aligned_calloc(SIZE_MAX, 1));
}

/* The same code counts and takes. */
static void carve(hem__arena *arena, unsigned char **a, float **b, unsigned char **c)
{
    *a = hem__arena_take(arena, 1, 1);
    *b = hem__arena_take(arena, 1000, sizeof(float));
    *c = hem__arena_take(arena, 0, 8);
}

static void test_arena(void **state)
{
    (void)state;
    hem__arena arena = {0};
    unsigned char *a, *c;
    float *b;
    carve(&arena, &a, &b, &c);
    assert_null(a);
    assert_null(b);
    size_t counted = arena.used, before = hem__allocation_count();
    assert_true(hem__arena_reserve(&arena));
    assert_int_equal(hem__allocation_count() - before, 1);
    assert_int_equal(arena.used, 0);
    assert_true(arena.size >= counted);
    assert_int_equal((uintptr_t)arena.base % (2u << 20), 0);
    carve(&arena, &a, &b, &c);
    assert_int_equal(arena.used, counted);
    assert_int_equal(hem__allocation_count() - before, 1);
    assert_non_null(c);
    assert_int_equal((uintptr_t)a % 64, 0);
    assert_int_equal((uintptr_t)b % 64, 0);
    assert_true((unsigned char *)b >= a + 64);
    assert_int_equal(*a, 0);
    for (int i = 0; i < 1000; i++) {
        assert_true(b[i] == 0.0f);
        b[i] = 1.0f;
    }
    assert_int_equal(*a, 0);
    hem__arena_release(&arena);
    assert_null(arena.base);
    assert_int_equal(arena.size, 0);
    hem__arena_release(&arena);
}

/* Under the address sanitizer, all that no slice covers is out of bounds. */
static void test_red_zones(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    hem__arena arena = {0};
    unsigned char *a, *c;
    float *b;
    carve(&arena, &a, &b, &c);
    assert_true(hem__arena_reserve(&arena));
    carve(&arena, &a, &b, &c);
    assert_false(__asan_address_is_poisoned(a));
    assert_true(__asan_address_is_poisoned(a + 1));
    assert_true(__asan_address_is_poisoned((unsigned char *)b - 1));
    assert_false(__asan_address_is_poisoned(b + 999));
    for (size_t i = 0; i < 64; i++)
        assert_true(__asan_address_is_poisoned((unsigned char *)(b + 1000) + i));
    hem__arena_release(&arena);
#else
    skip();
#endif
}

static void test_large_arena(void **state)
{
    (void)state;
    hem__arena arena = {0};
    (void)hem__arena_take(&arena, 5, 1u << 20);
    assert_true(hem__arena_reserve(&arena));
    unsigned char *block = hem__arena_take(&arena, 5, 1u << 20);
    for (size_t i = 0; i < (5u << 20); i++)
        assert_true(block[i] == 0);
    hem__arena_release(&arena);
}

static void test_arena_overflow(void **state)
{
    (void)state;
    hem__arena arena = {0};
    assert_null(hem__arena_take(&arena, SIZE_MAX / 2, 3));
    assert_true(arena.overflow);
    (void)hem__arena_take(&arena, 1, 1);
    assert_true(arena.overflow); /* sticky */
    assert_false(hem__arena_reserve(&arena));
    assert_null(arena.base);
    hem__arena sum = {0};
    (void)hem__arena_take(&sum, SIZE_MAX / 2, 1);
    (void)hem__arena_take(&sum, SIZE_MAX / 2, 1);
    assert_true(sum.overflow);
}

static void test_arena_too_large(void **state)
{
    (void)state;
    hem__arena arena = {0};
    (void)hem__arena_take(&arena, SIZE_MAX / 4, 1);
    assert_false(arena.overflow);
    assert_false(hem__arena_reserve(&arena));
    assert_null(arena.base);
    hem__arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),          cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_aligned),        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_large_arena),    cmocka_unit_test(test_red_zones),
        cmocka_unit_test(test_arena_overflow), cmocka_unit_test(test_arena_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Philox against the published vectors (Random123, kat_vectors), and what is drawn from it. */
#include "unit/support.h"

#include "base/philox.h"

static void check_block(hem__philox_key key, const uint32_t counter[4], const uint32_t expected[4])
{
    uint32_t out[4];
    hem__philox(key, counter, out);
    for (int i = 0; i < 4; i++)
        assert_int_equal(out[i], expected[i]);
}

static void test_known_answers(void **state)
{
    (void)state;
    check_block((hem__philox_key){{0, 0}}, (uint32_t[4]){0, 0, 0, 0},
                (uint32_t[4]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    check_block((hem__philox_key){{UINT32_MAX, UINT32_MAX}},
                (uint32_t[4]){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
                (uint32_t[4]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    check_block((hem__philox_key){{0xa4093822, 0x299f31d0}},
                (uint32_t[4]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                (uint32_t[4]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

static void test_key(void **state)
{
    (void)state;
    hem__philox_key key = hem__philox_key_of(0x0123456789abcdefu, 3);
    assert_int_equal(key.k[0], 0x89abcdefu);
    assert_int_equal(key.k[1], 0x01234567u ^ 0xdaa66d2bu); /* 3 * 0x9E3779B9 modulo 2^32 */
}

static void test_uniform(void **state)
{
    (void)state;
    assert_true(hem__uniform(0) == 0.0f);
    assert_true(hem__uniform(0x80000000u) == 0.5f);
    assert_true(hem__uniform(UINT32_MAX) < 1.0f);
    assert_true(hem__uniform(0xff) == 0.0f && hem__uniform(0x100) > 0.0f);
}

static void test_shuffle_is_a_permutation(void **state)
{
    (void)state;
    enum { N = 1000 };
    static uint32_t order[N], again[N], other[N];
    static unsigned char seen[N];
    for (uint32_t i = 0; i < N; i++)
        order[i] = again[i] = other[i] = i;
    hem__philox_key key = hem__philox_key_of(7, HEM__DRAW_SHUFFLE);
    hem__shuffle(key, 1, order, N);
    hem__shuffle(key, 1, again, N);
    hem__shuffle(key, 2, other, N);
    assert_memory_equal(order, again, sizeof order);
    assert_memory_not_equal(order, other, sizeof order);
    int in_place = 0;
    for (uint32_t i = 0; i < N; i++) {
        assert_true(order[i] < N);
        assert_int_equal(seen[order[i]]++, 0);
        in_place += order[i] == i;
    }
    assert_true(in_place < 10); /* one is expected */
    hem__shuffle(key, 1, order, 1);
    hem__shuffle(key, 1, order, 0);
}

/* Every order of three comes up equally often: 6000 draws, 1000 each, deviation about 29. */
static void test_shuffle_is_fair(void **state)
{
    (void)state;
    int count[27] = {0}, orders = 0;
    for (uint32_t epoch = 0; epoch < 6000; epoch++) {
        uint32_t order[3] = {0, 1, 2};
        hem__shuffle(hem__philox_key_of(1, HEM__DRAW_SHUFFLE), epoch, order, 3);
        count[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    for (int i = 0; i < 27; i++) {
        orders += count[i] > 0;
        if (count[i] > 0)
            assert_in_range(count[i], 850, 1150);
    }
    assert_int_equal(orders, 6);
}

/* The order is part of every run's bits: a change here breaks every recorded run. */
static void test_shuffle_is_pinned(void **state)
{
    (void)state;
    uint32_t order[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint32_t expected[8] = {7, 4, 5, 1, 6, 3, 0, 2};
    hem__shuffle(hem__philox_key_of(0, HEM__DRAW_SHUFFLE), 0, order, 8);
    for (int i = 0; i < 8; i++)
        assert_int_equal(order[i], expected[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),   cmocka_unit_test(test_key),
        cmocka_unit_test(test_uniform),         cmocka_unit_test(test_shuffle_is_a_permutation),
        cmocka_unit_test(test_shuffle_is_fair), cmocka_unit_test(test_shuffle_is_pinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

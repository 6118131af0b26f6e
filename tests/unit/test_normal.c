/* The normal distribution against known quantiles, its own distribution function and its moments.
 */
#include "unit/support.h"

#include <math.h>

#include "base/normal.h"
#include "base/philox.h"

/* The word whose (word + 1/2) / 2^32 is nearest to p. */
static uint32_t word_at(double p)
{
    return (uint32_t)(p * 0x1p32);
}

static void test_known_quantiles(void **state)
{
    (void)state;
    static const double known[][2] = {{0.6, 0.253347103135800},   {0.75, 0.674489750196082},
                                      {0.9, 1.281551565544601},   {0.95, 1.644853626951473},
                                      {0.975, 1.959963984540054}, {0.99, 2.326347874040841},
                                      {0.999, 3.090232306167813}, {0.9999, 3.719016485455681}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_true(fabs(hem__normal(word_at(known[i][0])) - known[i][1]) < 1e-6);
    assert_true(hem__normal(UINT32_MAX) > 6.33 && hem__normal(UINT32_MAX) < 6.34);
}

/* The error of x is that of its probability over the density. */
static void test_inverts_the_distribution(void **state)
{
    (void)state;
    double worst = 0, before = -7;
    for (uint64_t w = 0; w < UINT64_C(1) << 32; w += 1000003) {
        double x = hem__normal((uint32_t)w), p = ((double)w + 0.5) * 0x1p-32;
        double off = p < 0.5 ? 0.5 * erfc(-x / sqrt(2)) - p : (1 - p) - 0.5 * erfc(x / sqrt(2));
        double density = exp(-x * x / 2) / sqrt(8 * atan(1));
        worst = fmax(worst, fabs(off) / density);
        assert_true(x > before);
        before = x;
    }
    for (uint32_t w = 0; w < 100000; w++) { /* the far tail, word by word */
        double x = hem__normal(w), p = ((double)w + 0.5) * 0x1p-32;
        double density = exp(-x * x / 2) / sqrt(8 * atan(1));
        worst = fmax(worst, fabs(0.5 * erfc(-x / sqrt(2)) - p) / density);
        assert_true(hem__normal(~w) == -x);
    }
    print_message("largest error %.2g\n", worst);
    assert_true(worst < 1e-10);
}

static void test_moments(void **state)
{
    (void)state;
    enum { BLOCKS = 250000 };
    double sum = 0, squares = 0, cubes = 0, fourths = 0;
    hem__philox_key key = hem__philox_key_of(7, HEM__DRAW_WEIGHTS);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        uint32_t words[4], counter[4] = {i, 0, 0, 0};
        hem__philox(key, counter, words);
        for (int j = 0; j < 4; j++) {
            double x = hem__normal(words[j]);
            sum += x;
            squares += x * x;
            cubes += x * x * x;
            fourths += x * x * x * x;
        }
    }
    double n = 4.0 * BLOCKS; /* five standard errors: sqrt of 1, 2, 15, 96 over n */
    assert_true(fabs(sum / n) < 5e-3);
    assert_true(fabs(squares / n - 1) < 5 * 1.42e-3);
    assert_true(fabs(cubes / n) < 5 * 3.88e-3);
    assert_true(fabs(fourths / n - 3) < 5 * 9.8e-3);
}

/* Part of every run's bits. */
static void test_is_pinned(void **state)
{
    (void)state;
    assert_true(hem__normal(0x80000000u) == 0x1.40d931ff618a9p-32);
    assert_true(hem__normal(0xC0000000u) == 0x1.5956b8784de3ap-1);
    assert_true(hem__normal(0xFFFFFFFFu) == 0x1.95a1198fd14a8p+2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_quantiles),
        cmocka_unit_test(test_inverts_the_distribution),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_is_pinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

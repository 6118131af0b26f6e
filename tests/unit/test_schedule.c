/* Learning rates by step, at the schedules' edges and against formulas in libm. */
#include "unit/support.h"

#include <math.h>

#include "optim/optim.h"
#include "optim/schedule.h"

/* Ten epochs of 20 steps at a rate of 0.5. */
static hem__train_spec train_spec(hem__schedule_spec schedule)
{
    return (hem__train_spec){
        .epochs = 10, .optimizer = {.learning_rate = 0.5}, .schedule = schedule};
}

enum { S = 20, ALL = 200 };

static double rate(const hem__train_spec *train, uint64_t step)
{
    return hem__schedule_rate(train, step, S);
}

#define NEAR(a, b) assert_true(fabs((a) - (b)) <= 1e-13 * fmax(fabs(a), fabs((double)(b))))

static void test_cosine_of_pi(void **state)
{
    (void)state;
    for (int i = 0; i <= 1000; i++)
        assert_true(fabs(hem__cos_pi(i / 1000.0) - cos(M_PI * i / 1000.0)) < 1e-15);
    assert_true(hem__cos_pi(0.5) == 0);
    NEAR(hem__cos_pi(0), 1.0);
    NEAR(hem__cos_pi(1), -1.0);
}

static void test_constant_and_warmup(void **state)
{
    (void)state;
    hem__train_spec t = train_spec((hem__schedule_spec){.kind = HEM__SCHEDULE_CONSTANT});
    for (uint64_t step = 0; step < ALL; step++)
        assert_true(rate(&t, step) == 0.5);
    t.warmup = 0.53; /* 10.6 steps: 11 */
    NEAR(rate(&t, 0), 0.5 / 11);
    NEAR(rate(&t, 9), 0.5 * 10 / 11);
    assert_true(rate(&t, 10) == 0.5 && rate(&t, 11) == 0.5);
}

static void test_exponential(void **state)
{
    (void)state;
    hem__train_spec t = train_spec(
        (hem__schedule_spec){.kind = HEM__SCHEDULE_EXPONENTIAL, .hold = 3, .factor = 0.9});
    for (uint64_t step = 0; step < ALL; step++) {
        uint64_t epoch = step / S;
        NEAR(rate(&t, step), epoch < 3 ? 0.5 : 0.5 * pow(0.9, (double)epoch - 2));
    }
    t.warmup = 1; /* in front: all that follows is an epoch later */
    assert_true(rate(&t, 4 * S - 1) == 0.5);
    NEAR(rate(&t, 4 * S), 0.45);
}

static void test_step(void **state)
{
    (void)state;
    hem__train_spec t =
        train_spec((hem__schedule_spec){.kind = HEM__SCHEDULE_STEP, .every = 4, .factor = 0.1});
    assert_true(rate(&t, 4 * S - 1) == 0.5);
    NEAR(rate(&t, 4 * S), 0.05);
    NEAR(rate(&t, 8 * S - 1), 0.05);
    NEAR(rate(&t, 8 * S), 0.005);
}

static void test_slopes(void **state)
{
    (void)state;
    hem__schedule_spec schedule = {.kind = HEM__SCHEDULE_LINEAR, .end = 0.2};
    hem__train_spec t = train_spec(schedule);
    for (uint64_t step = 0; step < ALL; step++)
        NEAR(rate(&t, step), 0.5 * (1 - 0.8 * (double)step / ALL));
    t.schedule.kind = HEM__SCHEDULE_COSINE;
    for (uint64_t step = 0; step < ALL; step++)
        NEAR(rate(&t, step), 0.5 * (0.2 + 0.8 * (1 + cos(M_PI * (double)step / ALL)) / 2));
    NEAR(rate(&t, ALL), 0.1); /* past its end the last rate stays */
    NEAR(rate(&t, 10 * ALL), 0.1);
    t.warmup = 2; /* shortens what is left */
    assert_true(rate(&t, 2 * S) == 0.5);
    NEAR(rate(&t, 6 * S), 0.5 * 0.6);
    t.schedule.epochs = 20; /* twice as far as training goes */
    NEAR(rate(&t, 2 * S + 10 * S), 0.5 * 0.6);
}

/* PyTorch's OneCycleLR(max_lr=0.5, total_steps=200): 60 steps up, the top at step 59. */
static void test_one_cycle(void **state)
{
    (void)state;
    hem__train_spec t = train_spec((hem__schedule_spec){
        .kind = HEM__SCHEDULE_ONE_CYCLE, .warm = 0.3, .start_divisor = 25, .end_divisor = 1e4});
    NEAR(rate(&t, 0), 0.02);
    NEAR(rate(&t, 59), 0.5);
    assert_true(fabs(rate(&t, ALL - 1) - 2e-6) < 1e-15);
    for (uint64_t step = 1; step < ALL; step++)
        assert_true(step <= 59 ? rate(&t, step) > rate(&t, step - 1)
                               : rate(&t, step) < rate(&t, step - 1));
    double x = (100.0 - 59) / (199 - 59);
    assert_true(fabs(rate(&t, 100) - (2e-6 + (0.5 - 2e-6) * (1 + cos(M_PI * x)) / 2)) < 1e-14);
    /* Runs of one and two steps, and of many. */
    for (int epochs = 1; epochs < 100; epochs++) {
        t.epochs = epochs;
        for (uint64_t step = 0; step < (uint64_t)epochs; step++) {
            double r = hem__schedule_rate(&t, step, 1);
            assert_true(r > 0 && r <= 0.5);
        }
    }
}

static void test_who_needs_epochs(void **state)
{
    (void)state;
    hem__train_spec t = train_spec((hem__schedule_spec){.kind = HEM__SCHEDULE_COSINE});
    assert_true(hem__schedule_needs_epochs(&t));
    t.schedule.epochs = 10;
    assert_false(hem__schedule_needs_epochs(&t));
    t.schedule = (hem__schedule_spec){.kind = HEM__SCHEDULE_EXPONENTIAL, .hold = 1, .factor = 1};
    assert_false(hem__schedule_needs_epochs(&t));
}

/* The constants of the second step of each optimizer. */
static void test_constants(void **state)
{
    (void)state;
    hem__optimizer_spec spec = {.kind = HEM__OPT_ADAMW,
                                .momentum = 0.9,
                                .dampening = 0.25,
                                .beta1 = 0.9,
                                .beta2 = 0.99,
                                .rho = 0.75,
                                .epsilon = 0.5,
                                .weight_decay = 4};
    hem__update u;
    hem__optimizer_constants(&spec, 0.125, 2, &u);
    assert_true(u.shrink == 0.5f && u.epsilon == 0.5f && u.beta1 == 0.9f && u.beta2 == 0.99f);
    assert_true(fabs((double)u.rate - 0.125 * sqrt(1 - 0.99 * 0.99) / (1 - 0.81)) < 1e-7);
    spec.kind = HEM__OPT_RMSPROP;
    hem__optimizer_constants(&spec, 0.125, 2, &u);
    assert_true(u.rate == 0.125f && u.beta2 == 0.75f && u.gain2 == 0.25f && u.momentum == 0.9f);
    assert_true(u.shrink == 0);
    spec.kind = HEM__OPT_NESTEROV;
    hem__optimizer_constants(&spec, 0.125, 2, &u);
    assert_true(u.rate == 0.125f && u.gain == 0.75f && u.momentum == 0.9f && u.shrink == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cosine_of_pi),     cmocka_unit_test(test_constant_and_warmup),
        cmocka_unit_test(test_exponential),      cmocka_unit_test(test_step),
        cmocka_unit_test(test_slopes),           cmocka_unit_test(test_one_cycle),
        cmocka_unit_test(test_who_needs_epochs), cmocka_unit_test(test_constants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

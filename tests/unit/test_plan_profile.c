/* Profiles: rows that add up, work that is the network's, the same bits as without, and errors.
 * Runs under the thread sanitizer too. */
#include "unit/support_net.h"

#include <math.h>

static const char experiment[] =
    "data: {synthetic: {train: 300, test: 20, height: 9, width: 8, channels: 3, classes: 4}}\n"
    "augment: {shift: 10%}\n"
    "model:\n"
    "  - conv: {filters: 11, kernel: 3, activation: relu}\n"
    "  - batchnorm\n"
    "  - tanh\n"
    "  - maxpool: 2\n"
    "  - dropout: 0.2\n"
    "  - flatten\n"
    "  - dense: {units: 30, activation: relu, l2: 1e-3}\n"
    "  - dense: {units: 4, activation: softmax}\n"
    "train: {batch: 100, optimizer: {adam: {learning_rate: 0.01}}}\n";

static setting make(int threads)
{
    setting s;
    setting_open(&s, experiment, NULL, threads, NULL);
    setting_stepper(&s, 100);
    return s;
}

static void take_steps(setting *s)
{
    for (size_t step = 0; step < 3; step++)
        setting_step(s, 100 * step, 100);
}

/* Rows sum up to the whole in time and, in work, to `flops`; none is negative. */
static void check_rows(const hem_profile *p, double flops)
{
    double seconds = 0, work = 0;
    for (size_t i = 0; i < p->n_rows; i++) {
        const hem_profile_row *row = &p->rows[i];
        assert_true(row->seconds >= 0 || row->layer == HEM_NO_LAYER);
        assert_true(row->flops >= 0 && row->bytes >= 0);
        seconds += row->seconds;
        work += row->flops;
    }
    assert_true(fabs(seconds - p->seconds) < 1e-9 + 1e-6 * p->seconds);
    assert_true(fabs(work - flops) <= 1e-9 * flops);
}

static void check_threads(int threads)
{
    setting plain = make(threads), timed = make(threads);
    take_steps(&plain);
    hem_profile profile;
    hem_error err;
    assert_int_equal(hem_stepper_profile_start(timed.stepper, &err), HEM_OK);
    take_steps(&timed);
    assert_int_equal(hem_stepper_profile_stop(timed.stepper, &profile, &err), HEM_OK);
    assert_int_equal(profile.runs, 3);
    assert_int_equal(profile.images, 300);
    check_rows(&profile, 300 * hem_net_get_info(timed.net).training_flops);
    hem_profile_release(&profile);
    assert_int_equal(hem_stepper_profile_stop(timed.stepper, &profile, &err), HEM_ERR_USAGE);
    assert_null(profile.rows);
    char a[65], b[65];
    hem_net_sha256(plain.net, a);
    hem_net_sha256(timed.net, b);
    assert_string_equal(a, b);
    setting_close(&plain);
    setting_close(&timed);
}

static void test_training(void **state)
{
    (void)state;
    check_threads(1);
    check_threads(3);
}

static void test_inference(void **state)
{
    (void)state;
    setting m = make(2);
    float probabilities[100 * 4];
    hem_profile profile;
    assert_int_equal(hem_net_profile_start(m.net, NULL), HEM_OK);
    assert_int_equal(
        hem_net_predict(m.net, hem_data_image(m.data, HEM_TRAIN, 0), 100, probabilities, NULL),
        HEM_OK);
    assert_int_equal(hem_net_profile_stop(m.net, &profile, NULL), HEM_OK);
    assert_int_equal(profile.images, 100);
    check_rows(&profile, 2.0 * 100 * (double)hem_net_get_info(m.net).useful_macs);
    hem_profile_release(&profile);
    setting_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_training),
                                       cmocka_unit_test(test_inference)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* B1 and B2 learn Fashion-MNIST: a stated accuracy on the 5,000 validation images after a few
 * epochs over a part of the training images, in seconds.
 *
 * Thresholds: mean less four standard deviations of five seeds (0 to 4), measured with this code.
 *   B1, 20,000 images, 2 epochs: 82.30 82.90 82.08 80.86 83.08; mean 82.24, deviation 0.88 -> 78.7
 *   B2,  4,000 images, 4 epochs: 82.70 81.72 82.22 81.72 81.38; mean 81.95, deviation 0.52 -> 79.9
 * A seed gives the same bits every time, so the test does not waver; the room is for changes of the
 * order of sums or of the random numbers, which are allowed to move a result within its noise. */
#include "accuracy/support.h"

static void check(const char *experiment, size_t images, int epochs, double threshold)
{
    double accuracy = accuracy_of_subset(experiment, images, epochs, 0);
    print_message(
        "  %s, %zu images, %d epochs: %.2f %% on the validation images, at least %.1f %%\n",
        experiment, images, epochs, 100 * accuracy, 100 * threshold);
    assert_true(accuracy >= threshold);
}

static void b1_learns(void **state)
{
    (void)state;
    check("dense-dropout.yaml", 20000, 2, 0.787);
}

static void b2_learns(void **state)
{
    (void)state;
    check("two-conv.yaml", 4000, 4, 0.799);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(b1_learns),
        cmocka_unit_test(b2_learns),
    };
    return accuracy_main("accuracy on a subset", tests, sizeof tests / sizeof *tests);
}

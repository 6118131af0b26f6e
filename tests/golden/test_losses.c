/* The losses and their gradients on every tier against PyTorch's (make_losses.py). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hemline/hemline.h"
#include "kernel/tiers.h"
#include "losses.h"

static void expect(const char *what, const char *tier, double got, double wanted)
{
    if (!(fabs(got - wanted) <= 2e-6 * (1 + fabs(wanted))))
        fail_msg("%s on %s: %.9g, PyTorch %.9g", what, tier, got, wanted);
}

static void check(const hem__kernels_f32 *kernels)
{
    for (size_t g = 0; g < sizeof golden / sizeof *golden; g++) {
        float z[CLASSES * HEM__LANES] = {0}, dz[CLASSES * HEM__LANES], loss[HEM__LANES];
        uint16_t labels[HEM__LANES];
        const double smoothing = golden[g].smoothing;
        hem__loss_run run = {.C = CLASSES,
                             .labels = labels,
                             .n = IMAGES,
                             .on = (float)(1 - smoothing + smoothing / CLASSES),
                             .off = (float)(smoothing / CLASSES),
                             .scale = 1};
        for (int i = 0; i < IMAGES; i++) {
            labels[i] = (uint16_t)(2 * i);
            for (int c = 0; c < CLASSES; c++)
                z[c * HEM__LANES + i] = logits[i][c];
        }
        kernels->loss[golden[g].loss](&run, z, NULL, dz, loss, NULL);
        for (int i = 0; i < IMAGES; i++) {
            expect(golden[g].name, kernels->name, (double)loss[i], golden[g].loss_of[i]);
            for (int c = 0; c < CLASSES; c++)
                expect(golden[g].name, kernels->name, (double)dz[c * HEM__LANES + i],
                       golden[g].gradient[i][c]);
        }
    }
}

static void test_losses(void **state)
{
    (void)state;
    check(&hem__kernels_reference_f32);
    for (size_t i = 0; i < hem_tier_count(); i++)
        if (hem__tier_kernels(i))
            check(hem__tier_kernels(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_losses)};
    return cmocka_run_group_tests_name("losses", tests, NULL, NULL);
}

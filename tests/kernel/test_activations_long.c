/* elu, gelu, silu and their slopes on every float there is: about half an hour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "support.h"
#include "support_functions.h"

static void test_every_float(void **state)
{
    (void)state;
    check_activations(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_float)};
    print_tiers();
    return cmocka_run_group_tests_name("activations_long", tests, NULL, NULL);
}

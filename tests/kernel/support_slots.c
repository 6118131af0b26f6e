/* The list of all slots of the kernel table, and what their random cases share. */
#include "support_slots.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "support_fft.h"
#include "support_single.h"

size_t blocks_of(int n)
{
    return ((size_t)n + HEM__BLOCK - 1) / HEM__BLOCK;
}

int some_channels(test_case *c)
{
    return chance(&c->random, 8) ? between(&c->random, 16, 40) : between(&c->random, 1, 20);
}

size_t padded(size_t n)
{
    return (n + HEM__ALIGN - 1) / HEM__ALIGN * HEM__ALIGN;
}

void some_range(test_case *c, int n, double work, int *first, int *last)
{
    *first = between(&c->random, 0, n - 1);
    *last = between(&c->random, *first, n);
    if (chance(&c->random, 3)) {
        *first = 0;
        *last = n;
    }
    while (*last > *first + 1 && work * (*last - *first) > 60000)
        --*last;
}

/* ---- the list ---------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    one_case one;
} SLOTS[] = {
    {"conv", one_conv},
    {"conv_wgrad", one_conv_wgrad},
    {"conv_wgrad, wide", one_conv_wgrad_wide},
    {"conv_wgrad, narrow", one_conv_wgrad_narrow},
    {"conv_bgrad", one_conv_bgrad},
    {"winograd", one_winograd},
    {"winograd_wgrad", one_winograd_wgrad},
    {"dense", one_dense},
    {"dense_igrad", one_dense_igrad},
    {"transpose", one_transpose},
    {"dense_wgrad", one_dense_wgrad},
    {"lane_sum", one_lane_sum},
    {"update sgd", one_sgd},
    {"update momentum", one_momentum},
    {"update nesterov", one_nesterov},
    {"update adam", one_adam},
    {"update adamw", one_adamw},
    {"update rmsprop", one_rmsprop},
    {"dense_update sgd", one_dense_sgd},
    {"dense_update momentum", one_dense_momentum},
    {"dense_update nesterov", one_dense_nesterov},
    {"dense_update adam", one_dense_adam},
    {"dense_update adamw", one_dense_adamw},
    {"dense_update rmsprop", one_dense_rmsprop},
    {"objective_grad", one_objective_grad},
    {"sum_squares", one_sum_squares},
    {"average", one_average},
    {"relu", one_relu},
    {"relu_grad", one_relu_grad},
    {"tanh", one_tanh},
    {"tanh_grad", one_tanh_grad},
    {"sigmoid", one_sigmoid},
    {"sigmoid_grad", one_sigmoid_grad},
    {"leaky_relu", one_leaky_relu},
    {"leaky_relu_grad", one_leaky_relu_grad},
    {"elu", one_elu},
    {"elu_grad", one_elu_grad},
    {"gelu", one_gelu},
    {"gelu_grad", one_gelu_grad},
    {"silu", one_silu},
    {"silu_grad", one_silu_grad},
    {"prelu", one_prelu},
    {"prelu_grad", one_prelu_grad},
    {"prelu_slope_grad", one_prelu_slope_grad},
    {"softmax", one_softmax},
    {"softmax_grad", one_softmax_grad},
    {"softmax cross-entropy", one_softmax_cross_entropy},
    {"softmax squared error", one_softmax_squared_error},
    {"sigmoid cross-entropy", one_sigmoid_cross_entropy},
    {"sigmoid squared error", one_sigmoid_squared_error},
    {"maxpool", one_maxpool},
    {"avgpool", one_avgpool},
    {"maxpool_grad", one_maxpool_grad},
    {"avgpool_grad", one_avgpool_grad},
    {"bytes", one_bytes},
    {"bytes_by_unit", one_bytes_by_unit},
    {"bytes_by_image", one_bytes_by_image},
    {"dropout_mask", one_dropout_mask},
    {"dropout", one_dropout},
    {"norm_sums", one_norm_sums},
    {"norm", one_norm},
    {"norm_grad", one_norm_grad},
    {"add", one_add},
    {"peak", one_peak},
    {"single_bytes", one_single_bytes},
    {"single_dense", one_single_dense},
    {"single_conv", one_single_conv},
    {"single_maxpool", one_single_maxpool},
    {"single_avgpool", one_single_avgpool},
    {"single_softmax", one_single_softmax},
    {"single_prelu", one_single_prelu},
    {"single_norm", one_single_norm},
    {"fft", one_fft},
    {"fft_back", one_fft_back},
    {"fft_product", one_fft_product},
    {"fft_wgrad", one_fft_wgrad},
};
enum { N_SLOTS = sizeof SLOTS / sizeof SLOTS[0] };

static int cases_each;
static bool print_each_time;

static void test_slot(void **state)
{
    const size_t *index = *state;
    bool once = SLOTS[*index].one == one_peak;
    run_cases(SLOTS[*index].name, SLOTS[*index].one, once ? 1 : cases_each);
    if (print_each_time && !once)
        print_times(SLOTS[*index].name, cases_each);
}

int test_all_slots(int count, bool with_times)
{
    static size_t index[N_SLOTS];
    static struct CMUnitTest tests[N_SLOTS];
    for (size_t i = 0; i < N_SLOTS; i++) {
        index[i] = i;
        tests[i] = (struct CMUnitTest){
            .name = SLOTS[i].name, .test_func = test_slot, .initial_state = &index[i]};
    }
    cases_each = count;
    print_each_time = with_times;
    print_tiers();
    print_message("%d random cases of each slot\n", count);
    int failed = cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
    print_message("results of the reference: digest %016" PRIx64 "\n", reference_digest());
    return failed;
}

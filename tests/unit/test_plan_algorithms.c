/* Networks whose convolutions are computed by Fourier transforms, by Winograd's algorithm or as
 * dense layers: the same bits on any number of threads and on every exact tier, as first layer and
 * behind others, in several chunks and gradient groups; no allocation in a step. Runs under the
 * thread sanitizer too. */
#include "unit/support_net.h"

#include "net/inside.h"

static const char first_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 14, width: 13, channels: 3, classes: 7}}\n"
    "model:\n"
    "  - conv: {filters: 11, kernel: 9, padding: same, activation: relu}\n"
    "  - maxpool: 2\n"
    "  - conv: {filters: 18, kernel: [5, 6], padding: same, activation: relu, l2: 1e-3}\n"
    "  - conv: {filters: 3, kernel: 2}\n"
    "  - flatten\n"
    "  - dense: {units: 7, activation: softmax}\n";

/* Behind others, without relu and bias, its gradient added to another; a frozen one. */
static const char deep_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 12, width: 12, channels: 1, classes: 5}}\n"
    "model:\n"
    "  - conv: {filters: 17, kernel: 3, padding: same, activation: relu}\n"
    "  - residual: [{conv: {filters: 17, kernel: 7, padding: same, bias: false}}]\n"
    "  - relu\n"
    "  - conv: {filters: 12, kernel: 6, activation: tanh, freeze: true}\n"
    "  - batchnorm\n"
    "  - flatten\n"
    "  - dense: {units: 5, activation: softmax}\n";

/* Kernels as large as their maps: behind another, with a stride, of one pixel; as first layer. */
static const char covering_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 9, width: 8, channels: 1, classes: 6}}\n"
    "model:\n"
    "  - conv: {filters: 11, kernel: 4, activation: relu}\n"
    "  - conv: {filters: 21, kernel: [6, 5], stride: 2, activation: relu, l2: 1e-3}\n"
    "  - conv: {filters: 10, kernel: 1, padding: same, bias: false}\n"
    "  - flatten\n"
    "  - dense: {units: 6, activation: softmax}\n";

/* As large as its map, but with two outputs a side: not dense. */
static const char same_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 8, width: 8, channels: 1, classes: 6}}\n"
    "model:\n"
    "  - maxpool: 4\n"
    "  - conv: {filters: 11, kernel: 2, padding: same, activation: relu}\n"
    "  - conv: {filters: 12, kernel: [2, 1], padding: same}\n"
    "  - conv: {filters: 13, kernel: 2}\n"
    "  - dense: {units: 6, activation: softmax}\n";

static const char covered_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 8, width: 9, channels: 3, classes: 6}}\n"
    "model:\n"
    "  - conv: {filters: 6, kernel: [8, 9], activation: tanh}\n"
    "  - batchnorm\n"
    "  - flatten\n"
    "  - dense: {units: 6, activation: softmax}\n";

static const char winograd_net[] =
    "data: {synthetic: {train: 200, test: 20, height: 14, width: 13, channels: 3, classes: 6}}\n"
    "model:\n"
    "  - conv: {filters: 40, kernel: 3, padding: same}\n"
    "  - batchnorm\n"
    "  - relu\n"
    "  - conv: {filters: 41, kernel: 3, padding: same, activation: relu}\n"
    "  - maxpool: 2\n"
    "  - flatten\n"
    "  - dense: {units: 6, activation: softmax}\n";

typedef struct planned {
    const char *net, *algorithms;
    size_t batch;
} planned;

static void train_planned(const void *what, int threads, const char *tier, char hash[65])
{
    const planned *p = what;
    setting s;
    setting_open(&s, p->net, NULL, threads, tier);
    char *chosen = hem__net_algorithms(s.net);
    assert_string_equal(chosen, p->algorithms);
    free(chosen);
    setting_train(&s, p->batch, 3, hash);
    setting_close(&s);
}

static void test_same_bits(void **state)
{
    (void)state;
    static const size_t batches[] = {1, 17, 32, 70, 130};
    static const planned nets[] = {
        {first_net, "conv1=fft conv2=fft conv3=direct dense1=direct", 0},
        {deep_net, "conv1=direct conv2=fft conv3=fft dense1=direct", 0},
        {covering_net, "conv1=direct conv2=dense conv3=dense dense1=direct", 0},
        {same_net, "conv1=direct conv2=direct conv3=dense dense1=direct", 0},
        {covered_net, "conv1=dense dense1=direct", 0},
        {winograd_net, "conv1=direct conv2=winograd-4x4 dense1=direct", 0},
    };
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        for (size_t n = 0; n < sizeof nets / sizeof *nets; n++) {
            planned p = nets[n];
            p.batch = batches[i];
            expect_same_weights(train_planned, &p, 4);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_bits)};
    return cmocka_run_group_tests_name("algorithms of convolution in plans", tests, NULL, NULL);
}

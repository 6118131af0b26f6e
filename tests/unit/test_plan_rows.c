/* Convolutions that inference runs strip by strip together with the pooling behind them
 * (net/plan_rows.c): the same bits as plans that keep every map and as training plans, whatever the
 * window, its stride and padding, the activation and the sizes, on 1 to 4 threads and every tier;
 * which networks run so; and that their maps take no memory. Runs under the thread sanitizer too.
 */
#include "unit/support_net.h"

#include "net/inside.h"

/* The model's beginning, and the node whose rows it should pool at once: -1 = none. */
typedef struct beginning {
    const char *layers;
    int together, end;
    int height, width;
} beginning;

static const beginning beginnings[] = {
    /* windows side by side that cover the map, and that leave rows and columns */
    {"{conv: {filters: 32, kernel: 3, activation: relu}}, {maxpool: 2}", 1, 2, 14, 12},
    {"{conv: {filters: 32, kernel: 3, activation: relu}}, {maxpool: 3}", 1, 2, 13, 16},
    {"{conv: {filters: 17, kernel: 3, padding: same}}, {avgpool: 2}", 1, 2, 13, 11},
    {"{conv: {filters: 11, kernel: [2, 3], bias: false}}, {avgpool: 3}", 1, 2, 15, 13},
    /* clipped windows */
    {"{conv: {filters: 9, kernel: 3}}, {maxpool: {size: 3, padding: same}}", 1, 2, 15, 12},
    {"{conv: {filters: 12, kernel: 5, padding: same}}, {avgpool: {size: 4, padding: same}}", 1, 2,
     13, 14},
    {"{conv: {filters: 16, kernel: 3}}, {avgpool: {size: [3, 2], padding: same}}", 1, 2, 12, 13},
    /* windows apart, over one axis alone, overlapping in columns alone */
    {"{conv: {filters: 24, kernel: 3}}, {maxpool: {size: 2, stride: 3}}", 1, 2, 16, 15},
    {"{conv: {filters: 24, kernel: 3}}, {avgpool: {size: [1, 2], stride: [4, 5], padding: same}}",
     1, 2, 17, 15},
    {"{conv: {filters: 8, kernel: 3}}, {maxpool: {size: [1, 4], stride: [1, 4]}}", 1, 2, 12, 13},
    {"{conv: {filters: 10, kernel: 3}}, {maxpool: {size: 3, stride: [3, 1]}}", 1, 2, 16, 14},
    /* a stride of the convolution; activations between; behind other layers */
    {"{conv: {filters: 20, kernel: 4, stride: [1, 2], activation: tanh}}, {avgpool: 2}", 1, 3, 14,
     17},
    {"{conv: {filters: 40, kernel: 3, stride: 2, activation: gelu}}, {maxpool: 2}", 1, 3, 15, 13},
    {"{conv: {filters: 16, kernel: 3}}, sigmoid, {leaky_relu: 0.2}, {maxpool: 2}", 1, 4, 13, 14},
    {"{conv: {filters: 5, kernel: 3, activation: elu}}, {conv: {filters: 13, kernel: 4, "
     "activation: silu}}, {avgpool: 2}",
     3, 5, 17, 16},
    {"{maxpool: 2}, {conv: {filters: 14, kernel: 2}}, relu, {maxpool: 2}", 2, 4, 19, 17},
    /* not so: rows in two windows, one window, another algorithm, too few rows, other readers,
     * another layer between, nothing pooled */
    {"{conv: {filters: 24, kernel: 3}}, {maxpool: {size: 3, stride: 2}}", -1, 0, 13, 14},
    {"{conv: {filters: 80, kernel: 3}}, global_avgpool", -1, 0, 9, 9},
    {"{conv: {filters: 32, kernel: 9, padding: same}}, {maxpool: 2}", -1, 0, 14, 14},
    {"{conv: {filters: 8, kernel: 3}}, {maxpool: 2}", -1, 0, 9, 12},
    {"{conv: {filters: 16, kernel: 3}}, {residual: [tanh]}, {maxpool: 2}", -1, 0, 14, 13},
    {"{conv: {filters: 16, kernel: 3}}, {dropout: 0.5}, {maxpool: 2}", -1, 0, 14, 13},
    {"{maxpool: 2}, {conv: {filters: 16, kernel: 3}}", -1, 0, 17, 17},
};

enum { N = 70, CLASSES = 6 }; /* two chunks, the second of a part of a tile */

/* What a plan makes of some images. */
typedef struct outcome {
    float loss[N], probabilities[N * CLASSES];
    int32_t predicted[N];
    size_t bytes;
} outcome;

static void run_plan(const setting *s, bool training, bool keep, size_t n, outcome *out)
{
    const hem__graph *graph = s->net->graph;
    hem__plan_options options = {.batch = n, .training = training, .keep = keep};
    hem__plan_f32 *plan;
    assert_int_equal(hem__plan_new_f32(graph, s->context->pool, s->context->kernels, &options,
                                       &plan, &out->bytes, NULL),
                     HEM_OK);
    hem__values values;
    hem__scaling_values(&s->net->origin.scaling, &values);
    const uint8_t *images[N];
    uint16_t labels[N];
    for (size_t i = 0; i < n; i++) {
        images[i] = hem_data_image(s->data, HEM_TRAIN, i);
        labels[i] = (uint16_t)hem_data_label(s->data, HEM_TRAIN, i);
    }
    hem__batch_f32 batch = {.images = images,
                            .labels = labels,
                            .n = n,
                            .values = &values,
                            .loss = out->loss,
                            .predicted = out->predicted,
                            .probabilities = out->probabilities};
    hem__plan_forward_f32(plan, s->net->params, &batch);
    hem__plan_free_f32(plan);
}

static void expect_same(const outcome *a, const outcome *b, size_t n)
{
    assert_memory_equal(a->loss, b->loss, n * sizeof *a->loss);
    assert_memory_equal(a->predicted, b->predicted, n * sizeof *a->predicted);
    assert_memory_equal(a->probabilities, b->probabilities, n * CLASSES * sizeof(float));
}

static void open_net(const beginning *b, int threads, const char *tier, setting *s)
{
    char text[700];
    snprintf(text, sizeof text,
             "data: {synthetic: {train: 70, test: 20, height: %d, width: %d, channels: 3, classes: "
             "6}}\n"
             "model: [%s, flatten, {dense: {units: 6, activation: softmax}}]\n",
             b->height, b->width, b->layers);
    setting_open(s, text, NULL, threads, tier);
}

static void check(const beginning *b, int threads, const char *tier, outcome *first)
{
    static outcome by_rows, kept, training;
    static const size_t sizes[] = {1, 20, N};
    setting s;
    open_net(b, threads, tier, &s);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        run_plan(&s, false, false, sizes[i], &by_rows);
        run_plan(&s, false, true, sizes[i], &kept);
        expect_same(&by_rows, &kept, sizes[i]);
        if (strstr(b->layers, "dropout") == NULL) {
            run_plan(&s, true, false, sizes[i], &training);
            expect_same(&by_rows, &training, sizes[i]);
        }
    }
    if (threads > 1)
        expect_same(&by_rows, first, N);
    *first = by_rows;
    setting_close(&s);
}

static void test_same_bits(void **state)
{
    (void)state;
    for (size_t tier = 0; tier < hem_tier_count(); tier++) {
        hem_tier_info info = hem_tier_at(tier);
        static outcome first;
        for (size_t i = 0;
             info.runnable && info.built && i < sizeof beginnings / sizeof *beginnings; i++)
            for (int threads = 1; threads <= 4; threads++)
                check(&beginnings[i], threads, info.name, &first);
    }
}

static void test_who_runs_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        const beginning *b = &beginnings[i];
        static outcome by_rows, kept;
        setting s;
        open_net(b, 1, NULL, &s);
        const hem__graph *graph = s.net->graph;
        for (int node = 0; node < graph->n_nodes; node++) {
            int end = hem__rows_end_f32(graph, node);
            if (end != (node == b->together ? b->end : node))
                fail_msg("%s: node %d runs together up to %d", b->layers, node, end);
        }
        run_plan(&s, false, false, N, &by_rows);
        run_plan(&s, false, true, N, &kept);
        size_t map = b->together < 0 ? 0 : hem__units(graph->nodes[b->together].shape);
        if (map > 0) /* 4 tiles of it, less a strip */
            assert_true(by_rows.bytes + 3 * map * HEM__LANES * sizeof(float) < kept.bytes);
        setting_close(&s);
    }
}

/* Layers by name and, of the convolution, who pools it. */
static void test_layer_info(void **state)
{
    (void)state;
    static const beginning pooled = {
        "{conv: {filters: 5, kernel: 3}}, {conv: {filters: 13, kernel: 4}}, {avgpool: 2}", 2, 3, 17,
        16};
    setting s;
    open_net(&pooled, 1, NULL, &s);
    assert_null(hem_net_layer(s.net, 0).pooled_by);
    assert_string_equal(hem_net_layer(s.net, 1).pooled_by, "avgpool1");
    assert_null(hem_net_layer(s.net, 2).pooled_by);
    setting_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_who_runs_together),
                                       cmocka_unit_test(test_same_bits),
                                       cmocka_unit_test(test_layer_info)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

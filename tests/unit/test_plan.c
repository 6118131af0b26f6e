/* Plans and training steps: the same bits on any number of threads, in one pass or in two, fused or
 * not; batches of any size; no allocation in a step; shapes and counts of the reference networks.
 * Runs under the thread sanitizer too. */
#include "unit/support_net.h"

#include <malloc.h>
#include <math.h>

#include "base/mem.h"
#include "net/inside.h"
#include "net/plan_inside.h"

static const char conv_net[] =
    "data: {synthetic: {train: 300, test: 20, height: 14, width: 13, channels: 3, classes: 7}}\n"
    "model:\n"
    "  - conv: {filters: 11, kernel: 4, padding: same, activation: relu}\n"
    "  - conv: {filters: 8, kernel: 3, stride: 2, activation: tanh, l2: 1e-3}\n"
    "  - maxpool: 2\n"
    "  - dropout: 0.3\n"
    "  - flatten\n"
    "  - dense: {units: 37, activation: relu, l2: 1e-4}\n"
    "  - dropout: 0.1\n"
    "  - dense: {units: 7, activation: softmax, l2: 1e-4}\n";

/* Convolutions that cover their map; the second is frozen. */
static const char covering_net[] =
    "data: {synthetic: {train: 300, test: 20, height: 9, width: 11, classes: 6}}\nmodel:\n"
    "  - conv: {filters: 11, kernel: 1, activation: relu}\n"
    "  - residual: [{conv: {filters: 11, kernel: 3, padding: same}}]\n"
    "  - conv: {filters: 13, kernel: [9, 11], activation: tanh}\n"
    "  - conv: {filters: 21, kernel: 1, freeze: true}\n"
    "  - dense: {units: 6, activation: softmax}\n";

static const char augmented_net[] =
    "data: {synthetic: {train: 150, test: 20, height: 12, width: 12}}\n"
    "augment: {rotation: 20 deg, shift: 10%, cutout: 4 px}\n"
    "model:\n"
    "  - conv: {filters: 11, kernel: 4, padding: same, activation: relu}\n"
    "  - maxpool: 2\n"
    "  - dropout: 0.3\n"
    "  - flatten\n"
    "  - dense: {units: 10, activation: softmax, l2: 1e-4}\n";

static const char dense_net[] =
    "data: {synthetic: {train: 300, test: 20, height: 9, width: 9, classes: 4}}\n"
    "model:\n"
    "  - dense: {units: 130, activation: relu}\n"
    "  - dense: {units: 4, activation: softmax}\n";

/* Activations with parameters, by channel and by unit; more slopes than threads and fewer. */
static const char act_net[] =
    "data: {synthetic: {train: 300, test: 20, height: 14, width: 13, channels: 3, classes: 7}}\n"
    "model:\n"
    "  - conv: {filters: 11, kernel: 4, padding: same, activation: prelu}\n"
    "  - conv: {filters: 9, kernel: 3, stride: 2, activation: {prelu: {init: 0.1, per: unit}}}\n"
    "  - conv: {filters: 2, kernel: 1, activation: {elu: 0.5}}\n"
    "  - prelu\n"
    "  - gelu\n"
    "  - flatten\n"
    "  - dense: {units: 37, activation: silu, l2: 1e-4}\n"
    "  - prelu: {init: -1}\n"
    "  - dense: {units: 21, activation: leaky_relu}\n"
    "  - dense: {units: 7, activation: softmax, l2: 1e-4}\n";

/* Winograd's algorithm in patches of 4 x 4 and of 2 x 2: the second convolution and the fourth. */
static const char winograd_net[] =
    "data: {synthetic: {train: 300, test: 20, height: 11, width: 10, classes: 4}}\n"
    "model:\n"
    "  - conv: {filters: 34, kernel: 3, activation: relu}\n"
    "  - conv: {filters: 45, kernel: 3, padding: same, activation: relu}\n"
    "  - conv: {filters: 61, kernel: [2, 1], activation: relu}\n"
    "  - conv: {filters: 59, kernel: 3}\n"
    "  - maxpool: 2\n"
    "  - dense: {units: 4, activation: softmax}\n";

static const char sigmoid_net[] =
    "data: {synthetic: {train: 300, test: 20, height: 9, width: 9, classes: 4}}\n"
    "model:\n"
    "  - dense: {units: 33, activation: sigmoid, l1: 1e-3, bias_l2: 1e-2, init: he_normal}\n"
    "  - dense: {units: 4, activation: sigmoid, l1: 1e-4, bias_l1: 1e-3, init: zeros}\n"
    "train: {loss: half_squared_error}\n";

/* The images' reader frozen, the node above it without any gradient. */
static const char frozen_net[] =
    "data: {synthetic: {train: 300, test: 20, height: 9, width: 9, classes: 4}}\n"
    "model:\n"
    "  - dense: {units: 30, activation: relu, freeze: true}\n"
    "  - dense: {units: 20, activation: tanh, freeze: true}\n"
    "  - dense: {units: 9, activation: relu}\n"
    "  - dense: {units: 4, activation: softmax}\n";

/* Light from the convolution on. */
static const char tail_net[] =
    "data: {synthetic: {train: 300, test: 20, height: 9, width: 9, classes: 4}}\n"
    "model:\n"
    "  - conv: {filters: 5, kernel: 3, activation: relu}\n"
    "  - avgpool: 2\n"
    "  - sigmoid\n"
    "  - dense: {units: 20, activation: relu}\n"
    "  - softmax\n"
    "  - dropout: 0.2\n"
    "  - dense: {units: 9, activation: relu}\n"
    "  - dropout: 0.1\n"
    "  - dense: {units: 4, activation: softmax}\n";

static const char *const optimizers[] = {"{sgd: {learning_rate: 0.1}}",
                                         "{momentum: {learning_rate: 0.05, dampening: 0.5}}",
                                         "adam",
                                         "{nesterov: {learning_rate: 0.05}}",
                                         "adamw",
                                         "{rmsprop: {momentum: 0.5}}"};
enum { N_OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

/* On this network with this optimizer. */
static void begin(setting *s, const char *text, int threads, const char *tier,
                  const char *optimizer)
{
    char override[160];
    snprintf(override, sizeof override, "train.optimizer=%s", optimizer);
    setting_open(s, text, override, threads, tier);
}

static void test_winograd_is_chosen(void **state)
{
    (void)state;
    setting s;
    begin(&s, winograd_net, 1, NULL, optimizers[0]);
    char *algorithms = hem__net_algorithms(s.net);
    assert_string_equal(algorithms, "conv1=direct conv2=winograd-4x4 conv3=direct "
                                    "conv4=winograd-2x2 dense1=direct");
    free(algorithms);
    setting_close(&s);
}

static void test_threads_and_tiers_same_bits(void **state)
{
    (void)state;
    static const size_t batches[] = {1, 15, 16, 17, 24, 32, 65, 150, 250, 300};
    static const char *const nets[] = {conv_net,     dense_net,    act_net,  sigmoid_net,
                                       winograd_net, covering_net, tail_net, frozen_net};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        for (size_t n = 0; n < sizeof nets / sizeof *nets; n++) {
            char override[160];
            snprintf(override, sizeof override, "train.optimizer=%s", optimizers[i % N_OPTIMIZERS]);
            expect_same_weights(train_three, &(three_steps){nets[n], override, batches[i]}, 4);
        }
}

/* What threads have of their own: copies of the images for a first dense layer, tiles of the last
 * light layers, where they can be shared evenly, and of convolutions' weight gradients. The nodes
 * of dense_net: images, dense1, dense2, softmax; of conv_net the first is a convolution. */
static void test_what_threads_share(void **state)
{
    (void)state;
    static const struct {
        const char *net;
        size_t batch;
        int threads, input_reader, tail;
        bool copies, by_tile;
    } cases[] = {
        {dense_net, 32, 1, 0, 3, false, false}, {dense_net, 32, 2, 1, 2, true, false},
        {dense_net, 32, 3, 1, 3, true, false},  {dense_net, 64, 4, 1, 2, true, false},
        {dense_net, 17, 2, 1, 2, true, false},  {dense_net, 16, 2, 1, 3, true, false},
        {conv_net, 32, 1, 0, 10, false, false}, {conv_net, 32, 2, 0, 3, false, true},
        {conv_net, 16, 2, 0, 10, false, false}, {conv_net, 48, 2, 0, 10, false, true},
        {conv_net, 48, 3, 0, 3, false, true},   {frozen_net, 32, 2, 1, 2, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setting s;
        hem__plan_f32 *plan;
        begin(&s, cases[i].net, cases[i].threads, NULL, optimizers[0]);
        hem__plan_options options = hem__net_plan_options(s.net, cases[i].batch);
        assert_int_equal(hem__plan_new_f32(s.net->graph, s.context->pool, s.context->kernels,
                                           &options, &plan, NULL, NULL),
                         HEM_OK);
        assert_int_equal(plan->input_reader, cases[i].input_reader);
        assert_int_equal(plan->tail, cases[i].tail);
        assert_int_equal(plan->own_input > 0, cases[i].copies);
        assert_int_equal(plan->cells[1].tile_grads != NULL, cases[i].by_tile);
        hem__plan_free_f32(plan);
        setting_close(&s);
    }
}

/* A step whose layers update in their weight gradient against one that does so at the end. */
static void test_fused_and_separate_same_bits(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < 2 * N_OPTIMIZERS; kind++) {
        setting s;
        begin(&s, kind % 2 ? covering_net : conv_net, 2, NULL, optimizers[kind / 2]);
        hem__plan_options options = hem__net_plan_options(s.net, 32);
        size_t n = s.net->graph->n_params, n_tensors = (size_t)s.net->graph->n_tensors;
        float *params[2];
        hem__values values;
        hem__update *updates = hem__calloc(n_tensors, sizeof *updates);
        for (size_t i = 0; i < n_tensors; i++)
            updates[i] = (hem__update){.rate = 0.01f,
                                       .momentum = 0.9f,
                                       .gain = 1,
                                       .beta1 = 0.9f,
                                       .beta2 = 0.99f,
                                       .gain1 = 0.1f,
                                       .gain2 = 0.01f,
                                       .epsilon = 1e-7f,
                                       .shrink = 1e-3f,
                                       .decay = 1e-3f,
                                       .l1 = i % 2 ? 0 : 1e-3f};
        hem__scaling_values(&s.net->origin.scaling, &values);
        const uint8_t *images[32];
        uint16_t labels[32];
        for (size_t i = 0; i < 32; i++) {
            images[i] = hem_data_image(s.data, HEM_TRAIN, i);
            labels[i] = (uint16_t)hem_data_label(s.data, HEM_TRAIN, i);
        }
        hem__batch_f32 batch = {.images = images, .labels = labels, .n = 32, .values = &values};
        for (int fuse = 0; fuse < 2; fuse++) {
            hem__plan_f32 *plan;
            options.fuse = fuse;
            float *state_of = hem__aligned_calloc(n * (size_t)options.slots, sizeof(float));
            params[fuse] = hem__aligned_calloc(n, sizeof(float));
            memcpy(params[fuse], s.net->params, n * sizeof(float));
            assert_int_equal(hem__plan_new_f32(s.net->graph, s.context->pool, s.context->kernels,
                                               &options, &plan, NULL, NULL),
                             HEM_OK);
            for (int k = 0; k < 3; k++)
                assert_true(hem__plan_step_f32(plan, params[fuse], state_of, updates, &batch));
            hem__plan_free_f32(plan);
            free(state_of);
        }
        assert_memory_equal(params[0], params[1], n * sizeof(float));
        assert_memory_not_equal(params[0], s.net->params, n * sizeof(float));
        free(params[0]);
        free(params[1]);
        free(updates);
        setting_close(&s);
    }
}

/* conv_net with more keys of `train`. */
static const char *net_with(const char *keys, char text[1024])
{
    snprintf(text, 1024, "%strain: {%s}\n", conv_net, keys);
    return text;
}

/* A norm that no gradient reaches changes no bit; one that is reached gives the same bits on any
 * number of threads, and so does the average. */
static void test_clipping(void **state)
{
    (void)state;
    static const size_t batches[] = {17, 64, 150};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        for (size_t kind = 0; kind < N_OPTIMIZERS; kind++) {
            char text[1024], free_hash[65], high[65], low[65], hash[65];
            setting s;
            begin(&s, conv_net, 2, NULL, optimizers[kind]);
            setting_train(&s, batches[i], 3, free_hash);
            setting_close(&s);
            begin(&s, net_with("clip_norm: 1e6, ema: 0.9", text), 2, NULL, optimizers[kind]);
            setting_train(&s, batches[i], 3, high);
            setting_close(&s);
            assert_string_equal(free_hash, high);
            for (int threads = 1; threads <= 4; threads++) {
                begin(&s, net_with("clip_norm: 0.05, ema: 0.9", text), threads, NULL,
                      optimizers[kind]);
                setting_train(&s, batches[i], 3, threads == 1 ? low : hash);
                setting_close(&s);
                if (threads > 1)
                    assert_string_equal(low, hash);
            }
            assert_string_not_equal(low, high);
        }
}

/* Plain gradient descent: the step of a clipped gradient has the length rate * clip_norm, and its
 * norm before is that of all steps / rate. */
static void test_clipped_length(void **state)
{
    (void)state;
    static const double clips[] = {1e6, 0.05};
    double lengths[2], norms[2];
    for (int k = 0; k < 2; k++) {
        char text[1024], keys[64];
        setting s;
        hem_stepper *stepper;
        uint32_t order[100];
        snprintf(keys, sizeof keys, "clip_norm: %g", clips[k]);
        begin(&s, net_with(keys, text), 2, NULL, "{sgd: {learning_rate: 0.5}}");
        for (uint32_t i = 0; i < 100; i++)
            order[i] = i;
        size_t n = s.net->graph->n_params;
        float *before = hem__aligned_calloc(n, sizeof *before);
        memcpy(before, s.net->params, n * sizeof *before);
        assert_int_equal(hem_stepper_new(s.net, 100, 5, &stepper, NULL), HEM_OK);
        assert_int_equal(hem_stepper_step(stepper, s.data, HEM_TRAIN, order, 100, 0, 0, NULL, NULL),
                         HEM_OK);
        norms[k] = hem__stepper_norm(stepper);
        lengths[k] = 0;
        for (size_t i = 0; i < n; i++) {
            double change = (double)s.net->params[i] - (double)before[i];
            lengths[k] += change * change;
        }
        lengths[k] = sqrt(lengths[k]) / 0.5;
        free(before);
        hem_stepper_free(stepper);
        setting_close(&s);
    }
    assert_true(norms[0] == norms[1]); /* the same gradient, however it is cut */
    assert_true(norms[0] > 0.05 && fabs(lengths[0] / norms[0] - 1) < 1e-4);
    assert_true(fabs(lengths[1] / 0.05 - 1) < 1e-4);
}

/* a = d a + (1 - d) w from the initial weights, and the swap there and back. */
static void test_average(void **state)
{
    (void)state;
    char text[1024];
    setting s;
    hem_stepper *stepper;
    uint32_t order[32];
    begin(&s, net_with("ema: 0.75", text), 2, NULL, "{sgd: {learning_rate: 0.5}}");
    for (uint32_t i = 0; i < 32; i++)
        order[i] = i;
    size_t n = s.net->graph->n_params;
    double *mean = hem__calloc(n, sizeof *mean);
    assert_int_equal(hem_stepper_new(s.net, 32, 5, &stepper, NULL), HEM_OK);
    s.net->params[3] += 0.25f; /* as initial weights from elsewhere do */
    for (size_t i = 0; i < n; i++)
        mean[i] = (double)s.net->params[i];
    for (int k = 0; k < 4; k++) {
        assert_int_equal(hem_stepper_step(stepper, s.data, HEM_TRAIN, order, 32, 0, 0, NULL, NULL),
                         HEM_OK);
        for (size_t i = 0; i < n; i++)
            mean[i] = 0.75 * mean[i] + 0.25 * (double)s.net->params[i];
    }
    float *own = s.net->params, *average = hem__stepper_average(stepper);
    assert_memory_not_equal(own, average, n * sizeof *own);
    for (size_t i = 0; i < n; i++)
        assert_true(fabs((double)average[i] - mean[i]) < 1e-6);
    hem__stepper_swap_average(stepper);
    assert_ptr_equal(s.net->params, average);
    hem__stepper_swap_average(stepper);
    assert_ptr_equal(s.net->params, own);
    free(mean);
    hem_stepper_free(stepper);
    setting_close(&s);
}

/* AdamW with a decay is Adam, but for weights, not biases, that shrink first. */
static void test_decoupled_decay(void **state)
{
    (void)state;
    static const char *const kinds[] = {"adam", "{adamw: {weight_decay: 0.0}}",
                                        "{adamw: {weight_decay: 10.0}}"};
    float *after[3], *before = NULL;
    setting s;
    for (int k = 0; k < 3; k++) {
        char hash[65];
        begin(&s, dense_net, 2, NULL, kinds[k]);
        size_t n = s.net->graph->n_params;
        after[k] = hem__calloc(n, sizeof(float));
        if (k == 0) {
            before = hem__calloc(n, sizeof(float));
            memcpy(before, s.net->params, n * sizeof(float));
        }
        setting_train(&s, 32, 1, hash);
        memcpy(after[k], s.net->params, n * sizeof(float));
        if (k < 2)
            setting_close(&s);
    }
    assert_memory_equal(after[0], after[1], s.net->graph->n_params * sizeof(float));
    for (int t = 0; t < s.net->graph->n_tensors; t++) {
        const hem__tensor *tensor = &s.net->graph->tensors[t];
        for (size_t i = tensor->offset; i < tensor->offset + tensor->stored; i++) {
            double shrink = tensor->n_dims > 1 ? 1e-3 * 10.0 * (double)before[i] : 0;
            assert_true(fabs((double)after[0][i] - shrink - (double)after[2][i]) < 1e-6);
        }
    }
    for (int k = 0; k < 3; k++)
        free(after[k]);
    free(before);
    setting_close(&s);
}

static void test_step_allocates_nothing(void **state)
{
    (void)state;
    char clipped[1024];
    const char *const nets[] = {augmented_net, act_net,
                                net_with("clip_norm: 0.1, ema: 0.9", clipped)};
    static const size_t batches[] = {32, 150};
    for (size_t i = 0; i < 2 * sizeof nets / sizeof *nets; i++) {
        size_t n = batches[i % 2];
        setting s;
        hem_stepper *stepper;
        uint32_t order[150];
        hem_step_result result;
        begin(&s, nets[i / 2], 2, NULL, "adam");
        for (uint32_t k = 0; k < 150; k++)
            order[k] = k;
        assert_int_equal(hem_stepper_new(s.net, n, 5, &stepper, NULL), HEM_OK);
        assert_int_equal(
            hem_stepper_step(stepper, s.data, HEM_TRAIN, order, n, 0, 0, &result, NULL), HEM_OK);
        size_t count = hem__allocation_count(), bytes = mallinfo2().uordblks;
        for (int k = 0; k < 5; k++)
            assert_int_equal(
                hem_stepper_step(stepper, s.data, HEM_TRAIN, order, n, 0, 0, &result, NULL),
                HEM_OK);
        assert_int_equal(hem__allocation_count(), count);
        assert_int_equal(mallinfo2().uordblks, bytes);
        hem_stepper_free(stepper);
        setting_close(&s);
    }
}

static void test_groups(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        int wanted, groups;
    } rows[] = {{1, 0, 1},    {64, 0, 1},     {65, 0, 1}, {112, 0, 1}, {128, 0, 2}, {250, 0, 4},
                {1000, 0, 8}, {60000, 0, 16}, {32, 2, 2}, {16, 5, 1},  {150, 3, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(hem__groups_of(rows[i].n, rows[i].wanted), rows[i].groups);
}

/* A batch's gradient is the mean of its images' own: padded lanes and groups add nothing. */
static void test_batch_is_the_mean(void **state)
{
    (void)state;
    static const size_t sizes[] = {2, 17, 24, 70, 150};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        setting s;
        begin(&s, dense_net, 2, NULL, optimizers[0]);
        hem__plan_options options = {.batch = sizes[k], .training = true};
        hem__plan_f32 *plan;
        size_t n = s.net->graph->n_params;
        double *sum = hem__calloc(n, sizeof *sum);
        const uint8_t *images[150];
        uint16_t labels[150];
        hem__values values;
        hem__scaling_values(&s.net->origin.scaling, &values);
        assert_int_equal(hem__plan_new_f32(s.net->graph, s.context->pool, s.context->kernels,
                                           &options, &plan, NULL, NULL),
                         HEM_OK);
        for (size_t i = 0; i < sizes[k]; i++) {
            images[i] = hem_data_image(s.data, HEM_TRAIN, i);
            labels[i] = (uint16_t)hem_data_label(s.data, HEM_TRAIN, i);
            hem__batch_f32 one = {
                .images = images + i, .labels = labels + i, .n = 1, .values = &values};
            assert_true(hem__plan_step_f32(plan, s.net->params, NULL, NULL, &one));
            for (size_t j = 0; j < n; j++)
                sum[j] += (double)hem__plan_grads_f32(plan)[j];
        }
        hem__batch_f32 all = {.images = images, .labels = labels, .n = sizes[k], .values = &values};
        assert_true(hem__plan_step_f32(plan, s.net->params, NULL, NULL, &all));
        for (size_t j = 0; j < n; j++)
            assert_true(fabs(sum[j] / (double)sizes[k] - (double)hem__plan_grads_f32(plan)[j]) <
                        1e-6);
        hem__plan_free_f32(plan);
        free(sum);
        setting_close(&s);
    }
}

/* A step that fails, then one that does not: nothing of the first is left in its gradients, on any
 * number of threads. */
static void diverge_and_go_on(int threads, char after[65])
{
    setting s;
    hem_stepper *stepper;
    hem_error err = {0};
    uint32_t order[32] = {0};
    char before[65];
    begin(&s, conv_net, threads, NULL, "adam");
    assert_int_equal(hem_stepper_new(s.net, 32, 5, &stepper, NULL), HEM_OK);
    size_t tensor = hem_net_find_tensor(s.net, "dense1.weight");
    float *values = malloc(hem_net_tensor(s.net, tensor).n * sizeof *values);
    hem_net_get_tensor(s.net, tensor, values);
    const float kept = values[3];
    values[3] = INFINITY;
    hem_net_set_tensor(s.net, tensor, values);
    hem_net_sha256(s.net, before);
    assert_int_equal(hem_stepper_step(stepper, s.data, HEM_TRAIN, order, 32, 0, 0, NULL, &err),
                     HEM_ERR_DIVERGED);
    hem_net_sha256(s.net, after);
    assert_string_equal(before, after);
    assert_int_equal(hem_stepper_steps(stepper), 0);
    assert_non_null(strstr(err.text, "dense1"));
    values[3] = kept;
    hem_net_set_tensor(s.net, tensor, values);
    assert_int_equal(hem_stepper_step(stepper, s.data, HEM_TRAIN, order, 32, 0, 0, NULL, &err),
                     HEM_OK);
    hem_net_sha256(s.net, after);
    free(values);
    hem_stepper_free(stepper);
    setting_close(&s);
}

static void test_divergence_keeps_weights(void **state)
{
    (void)state;
    char one[65], two[65], fresh[65];
    setting s;
    hem_stepper *stepper;
    uint32_t order[32] = {0};
    diverge_and_go_on(1, one);
    diverge_and_go_on(2, two);
    assert_string_equal(one, two);
    begin(&s, conv_net, 1, NULL, "adam");
    assert_int_equal(hem_stepper_new(s.net, 32, 5, &stepper, NULL), HEM_OK);
    assert_int_equal(hem_stepper_step(stepper, s.data, HEM_TRAIN, order, 32, 0, 0, NULL, NULL),
                     HEM_OK);
    hem_net_sha256(s.net, fresh);
    assert_string_equal(one, fresh);
    hem_stepper_free(stepper);
    setting_close(&s);
}

static void test_b2_counts(void **state)
{
    (void)state;
    setting s;
    begin(
        &s,
        "data: {synthetic: {train: 50, test: 10}}\nmodel:\n"
        "  - conv: {filters: 6, kernel: 4, padding: same, activation: relu}\n"
        "  - conv: {filters: 32, kernel: 3, activation: relu}\n  - maxpool: 2\n  - dropout: 0.3\n  "
        "- flatten\n"
        "  - dense: {units: 128, activation: relu}\n  - dense: {units: 10, activation: softmax}\n",
        1, NULL, "adam");
    static const size_t parameters[] = {102, 1760, 0, 0, 0, 692352, 1290};
    hem_net_info info = hem_net_get_info(s.net);
    assert_int_equal(info.parameters, 695504);
    assert_int_equal(info.macs, 1936896);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(hem_net_layer(s.net, i).parameters, parameters[i]);
    /* useful taps of the 4 x 4 kernel with one row before and two after: 28 * 4 - 1 - 3 a side */
    assert_int_equal(hem_net_layer(s.net, 0).useful_macs, 108 * 108 * 6);
    setting_close(&s);
}

/* Also where the layer has one unit, so that its one row is the whole tensor. */
static void test_canonical_order_of_one_unit(void **state)
{
    (void)state;
    setting s;
    begin(&s,
          "data: {synthetic: {train: 20, test: 20, height: 8, width: 8, channels: 3, classes: 2}}\n"
          "model:\n  - dense: {units: 1, activation: tanh}\n"
          "  - dense: {units: 2, activation: softmax}\n",
          1, NULL, "adam");
    const hem__tensor *t = &s.net->graph->tensors[0];
    assert_int_equal(t->n, 192);
    assert_int_equal(hem__tensor_place(t, 1), 3);  /* next column, 3 channels on */
    assert_int_equal(hem__tensor_place(t, 64), 1); /* next channel */
    setting_close(&s);
}

/* Slopes by unit of a map are named by (channel, row, column), behind a flatten too, begin at their
 * value and are counted; a slope by channel costs one number a channel. */
static void test_slopes(void **state)
{
    (void)state;
    setting s;
    begin(&s,
          "data: {synthetic: {train: 20, test: 20, height: 8, width: 9, classes: 2}}\nmodel:\n"
          "  - conv: {filters: 3, kernel: 1, activation: prelu}\n"
          "  - prelu: {init: -0.5, per: unit}\n  - flatten\n  - prelu: 2\n"
          "  - dense: {units: 2, activation: softmax}\n",
          1, NULL, "adam");
    static const char *const names[] = {"conv1.slope", "prelu1.slope", "prelu2.slope"};
    static const size_t sizes[] = {3, 216, 216};
    static const float start[] = {0.25f, -0.5f, 2};
    for (size_t i = 0; i < 3; i++) {
        size_t index = hem_net_find_tensor(s.net, names[i]);
        hem_tensor_info info = hem_net_tensor(s.net, index);
        const hem__tensor *t = &s.net->graph->tensors[index];
        float values[216];
        assert_int_equal(info.n, sizes[i]);
        assert_int_equal(info.n_dims, i == 1 ? 3 : 1);
        hem_net_get_tensor(s.net, index, values);
        for (size_t j = 0; j < info.n; j++)
            assert_true(values[j] == start[i]);
        assert_int_equal(hem__tensor_place(t, 1), i == 0 ? 1 : 3); /* next column */
        assert_int_equal(hem__tensor_place(t, sizes[i] == 3 ? 2 : 72), i == 0 ? 2 : 1);
    }
    assert_int_equal(hem_net_layer(s.net, 0).parameters, 3 + 3 + 3);
    assert_string_equal(hem_net_layer(s.net, 0).kind, "conv 3@1x1 valid, prelu");
    assert_string_equal(hem_net_layer(s.net, 1).kind, "prelu by unit");
    assert_int_equal(hem_net_layer(s.net, 1).macs, 0);
    assert_int_equal(hem_net_layer(s.net, 3).parameters, 216);
    setting_close(&s);
}

/* A convolution that covers its map keeps its weights in the order of the map, and is the dense
 * layer behind a flatten that has the same weights in files. */
static void test_covering_order(void **state)
{
    (void)state;
    enum { ROW = 11 * 9 * 11, UNITS = 3, CLASSES = 2 };
    static const char *const layers[2] = {"conv: {filters: 3, kernel: [9, 11]}",
                                          "dense: {units: 3}"};
    float values[UNITS * ROW], again[UNITS * ROW], answers[2][CLASSES];
    for (size_t i = 0; i < UNITS * ROW; i++)
        values[i] = (float)(i * 37 % 101) / 1000 - 0.05f;
    for (int kind = 0; kind < 2; kind++) {
        setting s;
        char text[512];
        snprintf(
            text, sizeof text,
            "data: {synthetic: {train: 20, test: 20, height: 9, width: 11, classes: 2}}\nmodel:"
            "\n  - conv: {filters: 11, kernel: 1, activation: relu}\n  - %s\n"
            "  - dense: {units: 2, activation: softmax}\n",
            layers[kind]);
        begin(&s, text, 1, NULL, "adam");
        size_t index = hem_net_find_tensor(s.net, kind ? "dense1.weight" : "conv2.weight");
        const hem__tensor *t = &s.net->graph->tensors[index];
        assert_int_equal(t->n, UNITS * ROW);
        assert_int_equal(hem_net_tensor(s.net, index).n_dims, kind ? 2 : 4);
        assert_int_equal(t->ld, (ROW + 15) / 16 * 16);
        assert_int_equal(hem__tensor_place(t, 1), 8); /* next column, 8 channels on */
        assert_int_equal(hem__tensor_place(t, 8 * 99 + 1), 8 * 99 + 3); /* in a block of 3 */
        assert_int_equal(hem__tensor_place(t, ROW), t->ld);
        hem_net_set_tensor(s.net, index, values);
        hem_net_get_tensor(s.net, index, again);
        assert_memory_equal(values, again, sizeof values);
        assert_int_equal(
            hem_net_predict(s.net, hem_data_image(s.data, HEM_TEST, 3), 1, answers[kind], NULL),
            HEM_OK);
        setting_close(&s);
    }
    assert_memory_equal(answers[0], answers[1], sizeof answers[0]);
}

/* Canonical order of a dense weight behind a flatten is (channel, row, column). */
static void test_canonical_order(void **state)
{
    (void)state;
    setting s;
    begin(&s, conv_net, 1, NULL, "adam");
    size_t index = hem_net_find_tensor(s.net, "dense1.weight");
    const hem__tensor *t = &s.net->graph->tensors[index];
    assert_int_equal(t->columns.C, 8);
    size_t map = (size_t)t->columns.H * (size_t)t->columns.W;
    assert_int_equal(hem__tensor_place(t, 0), 0);
    assert_int_equal(hem__tensor_place(t, 1), 8);   /* next column, 8 channels on */
    assert_int_equal(hem__tensor_place(t, map), 1); /* next channel */
    assert_int_equal(hem__tensor_place(t, t->row), t->ld);
    float *values = malloc(t->n * sizeof *values), *again = malloc(t->n * sizeof *again);
    for (size_t i = 0; i < t->n; i++)
        values[i] = (float)i;
    hem_net_set_tensor(s.net, index, values);
    hem_net_get_tensor(s.net, index, again);
    assert_memory_equal(values, again, t->n * sizeof *values);
    free(values);
    free(again);
    setting_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_winograd_is_chosen),
        cmocka_unit_test(test_threads_and_tiers_same_bits),
        cmocka_unit_test(test_what_threads_share),
        cmocka_unit_test(test_fused_and_separate_same_bits),
        cmocka_unit_test(test_step_allocates_nothing),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_clipped_length),
        cmocka_unit_test(test_average),
        cmocka_unit_test(test_decoupled_decay),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_batch_is_the_mean),
        cmocka_unit_test(test_divergence_keeps_weights),
        cmocka_unit_test(test_b2_counts),
        cmocka_unit_test(test_slopes),
        cmocka_unit_test(test_canonical_order),
        cmocka_unit_test(test_covering_order),
        cmocka_unit_test(test_canonical_order_of_one_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

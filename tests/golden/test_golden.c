/* hemline against PyTorch: probabilities, losses, gradients and trained weights of fifty small
 * networks, on every kernel tier that this CPU runs. make.py says what golden.safetensors holds and
 * how it was made.
 *
 * Tolerances. The golden numbers are computed in double, ours in single precision, where one
 * rounding is 6e-8 of a number. Probabilities and losses: 1e-5. Gradients: 1e-5 of the tensor's
 * largest. Changes after the steps: 1e-4 of the tensor's largest, with Adam 1e-3 (it divides by the
 * root of the mean square, which turns a rounding of a small gradient into a large one), and four
 * roundings of the weight that the change was added to. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "net/net.h"
#include "net/safetensors.h"

#define GOLDEN_FILE HEM_SOURCE_DIR "/tests/golden/golden.safetensors"
#define FOLDER "golden-images" /* as the experiments in the golden file name it */
#define OUTPUT_BOUND 1e-5
#define GRADIENT_BOUND 1e-5
#define CHANGE_BOUND 1e-4
#define ADAM_CHANGE_BOUND 1e-3
#define ROUNDING 6e-8

/* One step of plain descent gives the gradient. A power of two only shifts it, and at this rate the
 * rounding of weight - rate * gradient is less of the gradient than at rate 1. */
#define GRADIENT_RATE 64.0

enum { MOST_IMAGES = 256, MOST_CLASSES = 16 };

static hem__st_file golden;
static hem_context *context;

/* The worst difference of a test so far, as a share of what is allowed, for the line that it
 * prints. */
static double worst;
static char worst_at[64];

static const hem__st_tensor *find(int number, const char *what, const char *name)
{
    char key[96];
    snprintf(key, sizeof key, "%02d.%s%s", number, what, name);
    const hem__st_tensor *t = hem__st_find(&golden, key);
    if (!t)
        fail_msg("%s has no tensor '%s'", GOLDEN_FILE, key);
    return t;
}

static float *floats(const hem__st_tensor *t)
{
    float *out = calloc(t->n, sizeof *out);
    assert_non_null(out);
    assert_int_equal(t->type, HEM__ST_F32);
    memcpy(out, t->bytes, t->n_bytes);
    return out;
}

static int number_in_file(const char *key)
{
    const char *text = hem__st_text(&golden, key);
    if (!text)
        fail_msg("%s does not say '%s'", GOLDEN_FILE, key);
    return atoi(text);
}

/* ---- one network
 * ---------------------------------------------------------------------------------- */

typedef struct subject {
    int number;
    hem_spec *spec;
    hem_data *data;
    hem_net *net;
    size_t n; /* images */
} subject;

static void must(hem_status status, const hem_error *err)
{
    if (status != HEM_OK)
        fail_msg("%s:%d:%d: %s", err->file, err->line, err->column, err->text);
}

/* The network's images as files: training and test files are the same. */
static void write_images(int number)
{
    static const char *const parts[] = {"train", "t10k"};
    hem_error err = {0};
    const hem__st_tensor *images = find(number, "images", ""), *labels = find(number, "labels", "");
    must(hem__make_directories(FOLDER, &err), &err);
    for (int i = 0; i < 2; i++) {
        char path[128];
        snprintf(path, sizeof path, FOLDER "/%s-images-idx3-ubyte", parts[i]);
        must(hem__file_write(path, images->bytes, images->n_bytes, &err), &err);
        snprintf(path, sizeof path, FOLDER "/%s-labels-idx1-ubyte", parts[i]);
        must(hem__file_write(path, labels->bytes, labels->n_bytes, &err), &err);
    }
}

static void set_weights(subject *s)
{
    hem_net_info info = hem_net_get_info(s->net);
    for (size_t i = 0; i < info.n_tensors; i++) {
        hem_tensor_info tensor = hem_net_tensor(s->net, i);
        const hem__st_tensor *t = find(s->number, "weight.", tensor.name);
        assert_int_equal(t->n_dims, tensor.n_dims);
        for (int d = 0; d < t->n_dims; d++)
            assert_int_equal(t->dims[d], tensor.dims[d]);
        float *values = floats(t);
        hem_net_set_tensor(s->net, i, values);
        free(values);
    }
}

static void subject_init(subject *s, int number, const char *const *overrides, size_t n)
{
    char key[32];
    hem_error err = {0};
    snprintf(key, sizeof key, "%02d.experiment", number);
    const char *text = hem__st_text(&golden, key);
    assert_non_null(text);
    *s = (subject){.number = number};
    must(hem_spec_parse(text, key, overrides, n, &s->spec, &err), &err);
    must(hem_data_open(s->spec, NULL, &s->data, &err), &err);
    must(hem_net_new(context, s->spec, s->data, 1, &s->net, &err), &err);
    set_weights(s);
    s->n = hem_data_get_info(s->data).n[HEM_TRAIN];
    assert_in_range(s->n, 1, MOST_IMAGES);
}

static void subject_release(subject *s)
{
    hem_net_free(s->net);
    hem_data_free(s->data);
    hem_spec_free(s->spec);
}

/* ---- comparisons
 * ---------------------------------------------------------------------------------- */

static void compare(const char *what, const char *name, size_t i, double got, double expected,
                    double allowed)
{
    double share = fabs(got - expected) / allowed;
    if (!(share <= 1)) /* NaN fails too */
        fail_msg("%s%s[%zu] is %.9g, PyTorch has %.9g; allowed is a difference of %.2g", what, name,
                 i, got, expected, allowed);
    if (share > worst) {
        worst = share;
        snprintf(worst_at, sizeof worst_at, "%s%s[%zu]", what, name, i);
    }
}

/* How far the weights have come from where they began, over `rate`, is the golden tensor. */
static void compare_changes(const subject *s, const char *what, double rate, double bound)
{
    hem_net_info info = hem_net_get_info(s->net);
    for (size_t i = 0; i < info.n_tensors; i++) {
        hem_tensor_info tensor = hem_net_tensor(s->net, i);
        float *before = floats(find(s->number, "weight.", tensor.name));
        float *expected = floats(find(s->number, what, tensor.name));
        float *after = calloc(tensor.n, sizeof *after);
        assert_non_null(after);
        hem_net_get_tensor(s->net, i, after);
        double largest = 0;
        for (size_t j = 0; j < tensor.n; j++)
            largest = fmax(largest, fabs((double)expected[j]));
        for (size_t j = 0; j < tensor.n; j++) {
            double got = ((double)after[j] - (double)before[j]) / rate;
            double rounding = 4 * ROUNDING * fabs((double)before[j] / rate);
            compare(what, tensor.name, j, got, (double)expected[j], bound * largest + rounding);
        }
        free(before);
        free(expected);
        free(after);
    }
}

static void check_outputs(const subject *s)
{
    float loss[MOST_IMAGES], probabilities[MOST_IMAGES * MOST_CLASSES];
    size_t classes = (size_t)hem_net_get_info(s->net).n_classes;
    hem_error err = {0};
    assert_in_range(classes, 2, MOST_CLASSES);
    must(hem__net_run(s->net, s->data, HEM_TRAIN, NULL, s->n, loss, NULL, probabilities, &err),
         &err);
    float *expected = floats(find(s->number, "probabilities", ""));
    for (size_t i = 0; i < s->n * classes; i++)
        compare("probability", "", i, (double)probabilities[i], (double)expected[i], OUTPUT_BOUND);
    free(expected);
    const hem__st_tensor *losses = find(s->number, "loss", "");
    assert_int_equal(losses->type, HEM__ST_F64);
    assert_int_equal(losses->n, s->n);
    for (size_t i = 0; i < s->n; i++) {
        double wanted;
        memcpy(&wanted, losses->bytes + i * sizeof wanted, sizeof wanted);
        compare("loss", "", i, (double)loss[i], wanted, OUTPUT_BOUND * fmax(1, wanted));
    }
}

/* Steps as make.py takes them: step s has images (5 s + i) mod n, 3 s fewer than all. */
static void take_steps(const subject *s, int steps)
{
    hem_stepper *stepper;
    hem_error err = {0};
    must(hem_stepper_new(s->net, s->n, 1, &stepper, &err), &err);
    for (size_t step = 0; step < (size_t)steps; step++) {
        uint32_t indices[MOST_IMAGES];
        size_t n = s->n - 3 * step;
        for (size_t i = 0; i < n; i++)
            indices[i] = (uint32_t)((5 * step + i) % s->n);
        hem_step_result result;
        must(hem_stepper_step(stepper, s->data, HEM_TRAIN, indices, n, 0, 0, &result, &err), &err);
        assert_int_equal(result.n, n);
    }
    hem_stepper_free(stepper);
}

static void check_network(void **state)
{
    int number = *(const int *)*state;
    char gradient[64];
    subject s;
    worst = 0;
    write_images(number);

    subject_init(&s, number, NULL, 0);
    check_outputs(&s);
    take_steps(&s, number_in_file("steps"));
    /* Steps that are divided by the root of a mean square. */
    bool adam = s.spec->train.optimizer.kind >= HEM__OPT_ADAM;
    compare_changes(&s, "after.", 1, adam ? ADAM_CHANGE_BOUND : CHANGE_BOUND);
    subject_release(&s);

    snprintf(gradient, sizeof gradient, "train.optimizer={sgd: {learning_rate: %g}}",
             GRADIENT_RATE);
    subject_init(&s, number, (const char *const[]){gradient, "train.clip_norm=none"}, 2);
    take_steps(&s, 1);
    compare_changes(&s, "grad.", -GRADIENT_RATE, GRADIENT_BOUND);
    subject_release(&s);
    print_message("  the worst difference, at %s, is %.0f %% of what is allowed\n", worst_at,
                  100 * worst);
}

/* ---- all of them, on every tier
 * ------------------------------------------------------------------- */

static int run_tier(const char *tier, int n)
{
    static int numbers[100];
    static char names[100][32], group[32];
    static struct CMUnitTest tests[100];
    hem_context_settings settings = hem_context_settings_default();
    hem_error err = {0};
    settings.tier = tier;
    settings.threads = 2;
    if (hem_context_new(&settings, &context, &err) != HEM_OK) {
        print_error("%s: %s\n", tier, err.text);
        return 1;
    }
    for (int i = 0; i < n; i++) {
        numbers[i] = i;
        snprintf(names[i], sizeof names[i], "%s: network %02d", tier, i);
        tests[i] = (struct CMUnitTest){names[i], check_network, NULL, NULL, &numbers[i]};
    }
    snprintf(group, sizeof group, "golden %s", tier);
    int failed = _cmocka_run_group_tests(group, tests, (size_t)n, NULL, NULL);
    hem_context_free(context);
    return failed;
}

static void remove_images(void)
{
    static const char *const files[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        snprintf(path, sizeof path, FOLDER "/%s", files[i]);
        unlink(path);
    }
    rmdir(FOLDER);
}

int main(void)
{
    hem_error err = {0};
    if (hem__st_read(GOLDEN_FILE, &golden, &err) != HEM_OK) {
        print_error("%s: %s\n", err.file, err.text);
        return 1;
    }
    int n = number_in_file("networks"), failed = n < 1 || n > 100;
    print_message("golden values of torch %s\n", hem__st_text(&golden, "torch"));
    for (size_t i = 0; n <= 100 && i < hem_tier_count(); i++) {
        hem_tier_info tier = hem_tier_at(i);
        if (tier.bfloat16)
            print_message("tier %s: not run, it rounds more than the bounds allow\n", tier.name);
        else if (tier.built && tier.runnable)
            failed += run_tier(tier.name, n);
        else
            print_message("tier %s: not run, %s\n", tier.name,
                          tier.built ? "this CPU lacks it" : "not built");
    }
    remove_images();
    hem__st_release(&golden);
    return failed != 0;
}

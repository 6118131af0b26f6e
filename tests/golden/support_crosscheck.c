#include "support_crosscheck.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "fashion_mnist.h"
#include "hemline/hemline.h"

#define EARLY_BOUND 1e-4
#define TIMES 3.0
#define PARTED 0.05 /* as a share of the loss */

enum { EARLY = 20, MOST_STEPS = 200, MOST_BATCH = 64, SUMS = 64, MOST_OVERRIDES = 8 };

/* ---- the rules, as in crosscheck.py --------------------------------------------------------- */

static uint32_t hash(uint32_t x)
{
    x = (x ^ (x >> 16)) * 0x7feb352dU;
    x = (x ^ (x >> 15)) * 0x846ca68bU;
    return x ^ (x >> 16);
}

/* Fan in and fan out share the window's size. */
static double limit_of(hem_tensor_info t)
{
    double taps = 1;
    for (int d = 2; d < t.n_dims; d++)
        taps *= (double)t.dims[d];
    return sqrt(6 / ((double)(t.dims[0] + t.dims[1]) * taps));
}

static void set_weights(hem_net *net)
{
    size_t n = hem_net_get_info(net).n_tensors;
    for (size_t k = 0; k < n; k++) {
        hem_tensor_info t = hem_net_tensor(net, k);
        float *w = calloc(t.n, sizeof *w);
        if (w == NULL)
            abort();
        double limit = t.n_dims > 1 ? limit_of(t) : 0;
        uint32_t start = hash((uint32_t)k + 1);
        for (size_t j = 0; t.n_dims > 1 && j < t.n; j++) {
            double u = (double)(hash(start + (uint32_t)j) >> 8) / 16777216;
            w[j] = (float)(limit * (2 * u - 1));
        }
        hem_net_set_tensor(net, k, w);
        free(w);
    }
}

static void take_sums(const hem_net *net, double sums[SUMS])
{
    uint32_t j = 0;
    size_t n = hem_net_get_info(net).n_tensors;
    for (int m = 0; m < SUMS; m++)
        sums[m] = 0;
    for (size_t k = 0; k < n; k++) {
        hem_tensor_info t = hem_net_tensor(net, k);
        float *w = calloc(t.n, sizeof *w);
        if (w == NULL)
            abort();
        hem_net_get_tensor(net, k, w);
        for (size_t i = 0; i < t.n; i++, j++) {
            uint32_t signs[2] = {hash(2 * j), hash(2 * j + 1)};
            for (int m = 0; m < SUMS; m++)
                sums[m] += (signs[m / 32] >> m % 32 & 1) != 0 ? (double)w[i] : -(double)w[i];
        }
        free(w);
    }
}

/* ---- one row -------------------------------------------------------------------------------- */

typedef struct found {
    double loss[MOST_STEPS], sums[SUMS];
} found;

static hem_status open_row(const json_t *row, hem_context *context, hem_spec **spec,
                           hem_data **data, hem_net **net, hem_error *err)
{
    const char *overrides[MOST_OVERRIDES];
    const json_t *list = json_object_get(row, "overrides");
    size_t n = json_array_size(list);
    char path[512];
    if (n > MOST_OVERRIDES)
        abort();
    for (size_t i = 0; i < n; i++)
        overrides[i] = json_string_value(json_array_get(list, i));
    snprintf(path, sizeof path, "%s/experiments/%s", HEM_SOURCE_DIR,
             json_string_value(json_object_get(row, "experiment")));
    hem_status status = hem_spec_load(path, overrides, n, spec, err);
    if (status == HEM_OK)
        status = hem_data_open(*spec, NULL, data, err);
    if (status == HEM_OK)
        status = hem_net_new(context, *spec, *data, 1, net, err);
    return status;
}

static hem_status take_steps(hem_net *net, const hem_data *data, size_t batch, int steps,
                             found *out, hem_error *err)
{
    hem_stepper *stepper;
    hem_status status = hem_stepper_new(net, batch, 1, &stepper, err);
    if (status != HEM_OK)
        return status;
    for (int s = 0; status == HEM_OK && s < steps; s++) {
        uint32_t indices[MOST_BATCH];
        for (size_t j = 0; j < batch; j++)
            indices[j] = (uint32_t)((size_t)s * batch + j);
        hem_step_result result;
        status = hem_stepper_step(stepper, data, HEM_TRAIN, indices, batch, 0, 0, &result, err);
        out->loss[s] = status == HEM_OK ? result.loss / (double)batch : 0;
    }
    hem_stepper_free(stepper);
    return status;
}

static hem_status train(const json_t *row, hem_context *context, int steps, found *out,
                        hem_error *err)
{
    hem_spec *spec = NULL;
    hem_data *data = NULL;
    hem_net *net = NULL;
    size_t batch = (size_t)json_integer_value(json_object_get(row, "batch"));
    hem_status status = open_row(row, context, &spec, &data, &net, err);
    if (status == HEM_OK) {
        set_weights(net);
        status = take_steps(net, data, batch <= MOST_BATCH ? batch : 0, steps, out, err);
        take_sums(net, out->sums);
    }
    hem_net_free(net);
    hem_data_free(data);
    hem_spec_free(spec);
    return status;
}

static void read_numbers(const json_t *list, double *to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = json_number_value(json_array_get(list, i));
}

static found golden(const json_t *row, const char *type)
{
    found out;
    const json_t *of = json_object_get(row, type);
    read_numbers(json_object_get(of, "loss"), out.loss, MOST_STEPS);
    read_numbers(json_object_get(of, "sums"), out.sums, SUMS);
    return out;
}

/* ---- comparison ----------------------------------------------------------------------------- */

typedef struct early {
    int within;          /* steps from the first on whose loss keeps to EARLY_BOUND */
    double worst, share; /* the largest error, and the largest share of what is allowed */
} early;

static early compare_early(const found *ours, const found *single, const found *exact, int steps)
{
    early out = {0};
    double theirs = 0;
    for (int s = 0; s < EARLY && s < steps; s++) {
        double error = fabs(ours->loss[s] - single->loss[s]) / exact->loss[s];
        theirs = fmax(theirs, fabs(single->loss[s] - exact->loss[s]) / exact->loss[s]);
        double share = error / fmax(EARLY_BOUND, TIMES * theirs);
        out.within += out.within == s && error <= EARLY_BOUND;
        out.worst = error <= out.worst ? out.worst : error; /* NaN stays */
        out.share = share <= out.share ? out.share : share;
    }
    return out;
}

static double loss_distance(const found *a, const found *b, const found *scale)
{
    double sum = 0;
    for (int s = MOST_STEPS - EARLY; s < MOST_STEPS; s++)
        sum += pow((a->loss[s] - b->loss[s]) / scale->loss[s], 2);
    return sqrt(sum / EARLY);
}

static double weight_distance(const found *a, const found *b)
{
    double sum = 0;
    for (int m = 0; m < SUMS; m++)
        sum += pow(a->sums[m] - b->sums[m], 2);
    return sqrt(sum / SUMS);
}

/* What PyTorch's own rounding does to its weights. Where its precisions have parted, the distance
 * of two runs is a draw by lot, and the larger of two draws counts. */
static double rounding_of_weights(const json_t *row, const found *single, const found *exact)
{
    found reordered = golden(row, "reordered");
    double to_exact = weight_distance(single, exact);
    double to_reordered = weight_distance(single, &reordered);
    bool parted = loss_distance(single, exact, exact) > PARTED;
    return parted ? fmax(to_exact, to_reordered) : to_exact;
}

static bool compare_late(const found *ours, const found *single, const found *exact,
                         const json_t *row)
{
    double our_loss = loss_distance(ours, single, exact);
    double their_loss = loss_distance(single, exact, exact);
    double our_weights = weight_distance(ours, single);
    double their_weights = weight_distance(single, exact);
    double rounding = rounding_of_weights(row, single, exact);
    printf("\n    200 steps: from PyTorch float32, and that from its float64:"
           " losses %.2e, %.2e (%.2f times); weights %.2e, %.2e (%.2f times)",
           our_loss, their_loss, our_loss / their_loss, our_weights, their_weights,
           our_weights / their_weights);
    if (rounding > their_weights)
        printf(", from its float32 reordered %.2e (%.2f times)", rounding, our_weights / rounding);
    return our_loss <= TIMES * their_loss && our_weights <= TIMES * rounding;
}

static bool compare(const char *name, const found *ours, const json_t *row, int steps)
{
    found single = golden(row, "float32"), exact = golden(row, "float64");
    early first = compare_early(ours, &single, &exact, steps);
    printf("%s: %d steps within 1e-4 of PyTorch float32; worst of 20 %.1e, %.0f %% of the bound",
           name, first.within, first.worst, 100 * first.share);
    bool ok = first.share <= 1;
    if (steps == MOST_STEPS)
        ok = compare_late(ours, &single, &exact, row) && ok;
    printf("%s\n", ok ? "" : "  FAILS");
    fflush(stdout);
    return ok;
}

static int crosscheck_rows(const json_t *rows, hem_context *context, int steps)
{
    int failed = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *name = json_string_value(json_object_get(row, "row"));
        found ours;
        hem_error err = {0};
        if (train(row, context, steps, &ours, &err) != HEM_OK) {
            printf("%s: %s:%d: %s\n", name, err.file, err.line, err.text);
            failed++;
        } else if (!compare(name, &ours, row, steps)) {
            failed++;
        }
    }
    return failed;
}

static int crosscheck_file(const json_t *rows, int steps)
{
    hem_error err = {0};
    hem_context *context = NULL;
    if (hem_context_new(NULL, &context, &err) != HEM_OK) {
        printf("%s\n", err.text);
        return 1;
    }
    if (steps > EARLY && strcmp(hem_context_tier(context), "portable") == 0) {
        printf("the portable tier rounds otherwise, and is held to %d steps\n", EARLY);
        steps = EARLY;
    }
    int failed = crosscheck_rows(rows, context, steps);
    hem_context_free(context);
    return failed != 0;
}

int crosscheck(int steps)
{
    json_error_t at;
    if (!fashion_mnist_is_there()) {
        printf("%s", NO_FASHION_MNIST);
        return SKIPPED;
    }
    json_t *file = json_load_file(HEM_SOURCE_DIR "/tests/golden/crosscheck.json", 0, &at);
    const json_t *rows = json_object_get(file, "rows");
    int status = 1;
    if (json_array_size(rows) == 0)
        printf("tests/golden/crosscheck.json holds no rows: %s\n", at.text);
    else
        status = crosscheck_file(rows, steps);
    json_decref(file);
    return status;
}

/* Activation functions with their derivatives, and the curve of a rate range test. Pictures: libm
 * will do, and the bits are nobody's business. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/chart.h"

/* ---- activation functions -------------------------------------------------------------------- */

typedef struct function {
    const char *name;
    double (*value)(double x, double parameter), (*slope)(double x, double parameter);
} function;

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double relu_value(double x, double p)
{
    return x > 0 ? x : p * x;
}
static double relu_slope(double x, double p)
{
    return x > 0 ? 1 : p;
}
static double sigmoid_value(double x, double p)
{
    (void)p;
    return sigmoid(x);
}
static double sigmoid_slope(double x, double p)
{
    (void)p;
    return sigmoid(x) * (1 - sigmoid(x));
}
static double tanh_value(double x, double p)
{
    (void)p;
    return tanh(x);
}
static double tanh_slope(double x, double p)
{
    (void)p;
    return 1 - tanh(x) * tanh(x);
}
static double elu_value(double x, double p)
{
    return x > 0 ? x : p * expm1(x);
}
static double elu_slope(double x, double p)
{
    return x > 0 ? 1 : p * exp(x);
}
/* x Phi(x), Phi the normal distribution (Hendrycks and Gimpel, 2016). */
static double gelu_value(double x, double p)
{
    (void)p;
    return 0.5 * x * (1 + erf(x / sqrt(2)));
}
static double gelu_slope(double x, double p)
{
    (void)p;
    return 0.5 * (1 + erf(x / sqrt(2))) + x * exp(-0.5 * x * x) / sqrt(2 * 3.14159265358979);
}
static double silu_value(double x, double p)
{
    (void)p;
    return x * sigmoid(x);
}
static double silu_slope(double x, double p)
{
    (void)p;
    return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
}

static const function functions[] = {
    {"relu", relu_value, relu_slope},  {"leaky_relu", relu_value, relu_slope},
    {"prelu", relu_value, relu_slope}, {"sigmoid", sigmoid_value, sigmoid_slope},
    {"tanh", tanh_value, tanh_slope},  {"elu", elu_value, elu_slope},
    {"gelu", gelu_value, gelu_slope},  {"silu", silu_value, silu_slope},
};

const char *const hem__activation_names[] = {"relu", "leaky_relu", "prelu", "sigmoid", "tanh",
                                             "elu",  "gelu",       "silu",  NULL};

hem__canvas *hem__chart_activation(const char *name, double parameter)
{
    enum { POINTS = 241 }; /* -4 to 4 */
    double x[POINTS], y[POINTS], slope[POINTS];
    const function *f = NULL;
    char title[96];
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        f = strcmp(name, functions[i].name) == 0 ? &functions[i] : f;
    if (f == NULL)
        return NULL;
    parameter = strcmp(name, "relu") == 0 ? 0 : parameter;
    for (int i = 0; i < POINTS; i++) {
        x[i] = -4 + 8.0 * i / (POINTS - 1);
        y[i] = f->value(x[i], parameter);
        slope[i] = f->slope(x[i], parameter);
    }
    bool takes = strcmp(name, "leaky_relu") == 0 || strcmp(name, "prelu") == 0;
    if (takes || strcmp(name, "elu") == 0)
        snprintf(title, sizeof title, "%s, %s %g", name, takes ? "slope" : "alpha", parameter);
    else
        snprintf(title, sizeof title, "%s", name);
    const hem__curve curves[2] = {
        {.label = "f(x)", .x = x, .y = y, .n = POINTS, .role = HEM__SERIES},
        {.label = "f'(x)", .x = x, .y = slope, .n = POINTS, .role = HEM__SERIES + 1, .dash = 5}};
    const hem__lines lines = {.title = title,
                              .description = "the function and its derivative from -4 to 4",
                              .x_title = "x",
                              .y_title = "f and its derivative",
                              .y_least = (double)NAN,
                              .y_most = (double)NAN,
                              .curves = curves,
                              .n = 2};
    return hem__chart_lines(&lines);
}

/* ---- learning rates -------------------------------------------------------------------------- */

hem__canvas *hem__chart_lrfind(const hem_lrfind_result *result, const char *title)
{
    size_t n = result->n;
    double *x = hem__calloc(3 * n + 1, sizeof *x), *y = x + n, *smoothed = y + n;
    char mark[64];
    if (x == NULL)
        return NULL;
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = result->points[i].rate;
        smoothed[i] = result->points[i].smoothed;
        most = fmax(most, smoothed[i]);
    }
    for (size_t i = 0; i < n; i++) /* single steps may leap: at the edge, or all else is flat */
        y[i] = fmin(result->points[i].loss, 1.1 * most);
    snprintf(mark, sizeof mark, "suggested: %.3g", result->suggestion);
    const hem__curve curves[2] = {
        {.x = x, .y = y, .n = n, .role = HEM__MUTED, .thin = true},
        {.label = "smoothed", .x = x, .y = smoothed, .n = n, .role = HEM__SERIES}};
    const hem__lines lines = {.title = title,
                              .description = "loss of each step while the rate rises",
                              .x_title = "learning rate",
                              .y_title = "loss; thin: as it was",
                              .x_log = true,
                              .y_least = (double)NAN,
                              .y_most = (double)NAN,
                              .curves = curves,
                              .n = 2,
                              .has_mark = result->falls,
                              .mark = result->suggestion,
                              .mark_text = mark};
    hem__canvas *canvas = hem__chart_lines(&lines);
    free(x);
    return canvas;
}

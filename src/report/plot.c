/* Axes: ends, ticks and their texts. */
#include "report/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- ends and ticks -------------------------------------------------------------------------- */

/* The step of 1, 2 or 5 times a power of ten that gives at most `most` steps over a length. */
static double nice_step(double length, int most)
{
    double raw = length / most, power = pow(10, floor(log10(raw)));
    double digits = raw / power;
    return power * (digits <= 1.0000001   ? 1
                    : digits <= 2.0000001 ? 2
                    : digits <= 5.0000001 ? 5
                                          : 10);
}

/* Values beyond this stand at the edge: their differences would be infinite. */
static const double most_value = 1e100;

/* Something to draw where there is nothing, or one value alone. */
static void mend_ends(double *low, double *high, hem__number_format format)
{
    if (!isfinite(*low) || !isfinite(*high) || *low > *high) {
        *low = 0;
        *high = 1;
    }
    *low = fmin(fmax(*low, -most_value), most_value);
    *high = fmin(fmax(*high, -most_value), most_value);
    double least = format == HEM__FORMAT_WHOLE ? 1 : fmax(fabs(*high) * 1e-6, 1e-12);
    if (*high - *low >= least)
        return;
    double by = format == HEM__FORMAT_WHOLE ? 1 : fabs(*high) > 1e-12 ? fabs(*high) * 0.1 : 1;
    *low -= format == HEM__FORMAT_WHOLE ? 0 : by;
    *high += by;
}

static void set_ticks(hem__axis *axis, double step)
{
    double first = ceil(axis->low / step - 1e-6);
    axis->n_ticks = 0;
    for (int i = 0; i < HEM__MOST_TICKS; i++) {
        double at = (first + i) * step;
        if (at > axis->high + 1e-6 * step)
            break;
        axis->ticks[axis->n_ticks++] = at == 0 ? 0 : at; /* no -0 */
    }
}

void hem__axis_linear(hem__axis *axis, double low, double high, int most, bool widen,
                      hem__number_format format)
{
    mend_ends(&low, &high, format);
    double step = nice_step(high - low, most);
    if (format == HEM__FORMAT_WHOLE && step < 1)
        step = 1;
    *axis = (hem__axis){.low = low, .high = high, .format = format};
    if (widen) {
        axis->low = floor(low / step + 1e-6) * step;
        axis->high = ceil(high / step - 1e-6) * step;
    }
    double unit = format == HEM__FORMAT_PERCENT ? 100 * step : step;
    axis->decimals = (int)fmax(0, ceil(-log10(unit) - 1e-6));
    set_ticks(axis, step);
}

/* Ticks at the given multiples of powers of ten. */
static size_t log_ticks(hem__axis *axis, const double *digits, size_t n_digits, int every)
{
    int first = (int)floor(log10(axis->low) + 1e-9), last = (int)ceil(log10(axis->high) - 1e-9);
    axis->n_ticks = 0;
    for (int power = first; power <= last; power += every) {
        for (size_t d = 0; d < n_digits && axis->n_ticks < HEM__MOST_TICKS; d++) {
            double at = digits[d] * pow(10, power);
            if (at >= axis->low * (1 - 1e-9) && at <= axis->high * (1 + 1e-9))
                axis->ticks[axis->n_ticks++] = at;
        }
    }
    return axis->n_ticks;
}

void hem__axis_log(hem__axis *axis, double low, double high, int most, bool widen)
{
    static const double digits[] = {1, 2, 5};
    if (!isfinite(low) || !isfinite(high) || low <= 0 || low > high) {
        low = 0.1;
        high = 1;
    }
    low = fmin(fmax(low, 1 / most_value), most_value);
    high = fmin(fmax(high, 1 / most_value), most_value);
    if (high < low * 1.01) {
        low /= 2;
        high *= 2;
    }
    *axis = (hem__axis){.low = low, .high = high, .log = true};
    double decades = log10(high / low);
    if (widen && decades >= 2) {
        axis->low = pow(10, floor(log10(low) + 1e-9));
        axis->high = pow(10, ceil(log10(high) - 1e-9));
        decades = log10(axis->high / axis->low);
    }
    int every = (int)fmax(1, ceil(decades / most));
    if (log_ticks(axis, digits, 1, every) < 3 && log_ticks(axis, digits, 3, 1) < 2) {
        hem__axis linear;
        hem__axis_linear(&linear, low, high, most, false, HEM__FORMAT_PLAIN);
        memcpy(axis->ticks, linear.ticks, sizeof axis->ticks);
        axis->n_ticks = linear.n_ticks;
    }
}

double hem__axis_share(const hem__axis *axis, double value)
{
    if (!isfinite(value) || (axis->log && value <= 0))
        return (double)NAN;
    if (axis->log)
        return log(value / axis->low) / log(axis->high / axis->low);
    return (value - axis->low) / (axis->high - axis->low);
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* As "%g", but 1e-4 instead of 0.0001 and of 1e-04. */
static void exponent_text(double value, char out[32])
{
    bool small = fabs(value) < 9.9e-3 && fabs(value) > 1e-300;
    snprintf(out, 32, small ? "%.5e" : "%g", fabs(value) < 1e-300 ? 0 : value);
    char *e = strchr(out, 'e'), *end = e;
    while (small && (end[-1] == '0' || end[-1] == '.')) { /* 1.50000e-04 -> 1.5e-04 */
        end--;
        if (*end == '.')
            break;
    }
    if (small)
        memmove(end, e, strlen(e) + 1);
    char *zero = strchr(out, 'e');
    while (zero != NULL && zero[2] == '0' && zero[3] != '\0')
        memmove(zero + 2, zero + 3, strlen(zero + 3) + 1);
}

void hem__tick_text(const hem__axis *axis, double value, char out[32])
{
    double largest = fmax(fabs(axis->low), fabs(axis->high));
    if (axis->log || largest < 1e-3 || largest >= 1e6)
        exponent_text(value, out);
    else if (axis->format == HEM__FORMAT_PERCENT)
        snprintf(out, 32, "%.*f %%", axis->decimals, 100 * value);
    else
        snprintf(out, 32, "%.*f", axis->decimals, value);
}

void hem__value_text(hem__number_format format, double value, char out[32])
{
    if (!isfinite(value))
        snprintf(out, 32, "not finite");
    else if (format == HEM__FORMAT_PERCENT)
        snprintf(out, 32, "%.2f %%", 100 * value);
    else if (format == HEM__FORMAT_WHOLE)
        snprintf(out, 32, "%.0f", value);
    else
        snprintf(out, 32, "%.4g", value);
}

void hem__shorten(const char *text, double size, double width, char *out, size_t room)
{
    snprintf(out, room, "%s", text);
    size_t n = strlen(out);
    bool cut = strlen(text) > n;
    while (n > 0 && (cut || hem__text_width(out, size, false) > width + 0.01)) {
        do /* whole characters go */
            n--;
        while (n > 0 && ((unsigned char)out[n] & 0xC0) == 0x80);
        snprintf(out + n, room - n, "%s", room - n > 3 ? "..." : "");
        cut = false;
    }
}

/* ---- the field ------------------------------------------------------------------------------- */

double hem__plot_x(const hem__plot *plot, double value)
{
    return plot->left + plot->width * hem__axis_share(&plot->x, value);
}

double hem__plot_y(const hem__plot *plot, double value)
{
    return plot->top + plot->height * (1 - hem__axis_share(&plot->y, value));
}

double hem__plot_margin(const hem__axis *y)
{
    double widest = 0;
    char text[32];
    for (size_t i = 0; i < y->n_ticks; i++) {
        hem__tick_text(y, y->ticks[i], text);
        widest = fmax(widest, hem__text_width(text, 11, false));
    }
    return widest + 8;
}

/* Every how many ticks of the x axis a text fits. */
static size_t text_every(const hem__plot *plot)
{
    double widest = 0;
    char text[32];
    for (size_t i = 0; i < plot->x.n_ticks; i++) {
        hem__tick_text(&plot->x, plot->x.ticks[i], text);
        widest = fmax(widest, hem__text_width(text, 11, false));
    }
    double each = plot->width / (double)(plot->x.n_ticks > 1 ? plot->x.n_ticks - 1 : 1);
    size_t every = (size_t)ceil((widest + 6) / each);
    return every > 0 ? every : 1;
}

void hem__plot_axes(const hem__plot *plot, const char *x_title, const char *y_title)
{
    const hem__paint grid = {.stroke = HEM__GRID}, line = {.stroke = HEM__MUTED};
    const hem__font font = {.size = 11, .role = HEM__MUTED};
    hem__font left = font, middle = font;
    double bottom = plot->top + plot->height, right = plot->left + plot->width;
    size_t every = text_every(plot);
    char text[32];
    left.anchor = HEM__END;
    middle.anchor = HEM__MIDDLE;
    for (size_t i = 0; i < plot->y.n_ticks; i++) {
        double y = hem__plot_y(plot, plot->y.ticks[i]);
        hem__draw_line(plot->canvas, plot->left, y, right, y, grid);
        hem__tick_text(&plot->y, plot->y.ticks[i], text);
        hem__draw_text(plot->canvas, plot->left - 6, y + 4, left, "%s", text);
    }
    for (size_t i = 0; i < plot->x.n_ticks; i++) {
        double x = hem__plot_x(plot, plot->x.ticks[i]);
        hem__draw_line(plot->canvas, x, bottom, x, bottom + 4, line);
        hem__tick_text(&plot->x, plot->x.ticks[i], text);
        if (i % every == 0)
            hem__draw_text(plot->canvas, x, bottom + 16, middle, "%s", text);
    }
    hem__draw_line(plot->canvas, plot->left, bottom, right, bottom, line);
    if (x_title != NULL)
        hem__draw_text(plot->canvas, plot->left + plot->width / 2, bottom + 32, middle, "%s",
                       x_title);
    if (y_title != NULL)
        hem__draw_text(plot->canvas, 0, plot->top - 10, font, "%s", y_title);
}

/* ---- labels that keep apart ------------------------------------------------------------------ */

void hem__spread(double *places, size_t n, double gap, double low, double high, size_t *order)
{
    for (size_t i = 0; i < n; i++) { /* insertion sort: a chart has a handful of labels */
        size_t at = i;
        for (; at > 0 && places[order[at - 1]] > places[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    double least = low;
    for (size_t i = 0; i < n; i++) { /* downward: below the one before */
        places[order[i]] = fmax(places[order[i]], least);
        least = places[order[i]] + gap;
    }
    double most = high;
    for (size_t i = n; i > 0; i--) { /* and up again from the lower end */
        places[order[i - 1]] = fmin(places[order[i - 1]], most);
        most = places[order[i - 1]] - gap;
    }
}

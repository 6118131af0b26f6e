/* The inverse of the normal distribution: in the middle p - 1/2 times a polynomial in its square,
 * in the tails a polynomial in sqrt(-2 log p). Both are Chebyshev interpolations made for hemline
 * in 50 digits, in the middle of 17th degree and in the tails of 16th. */
#include "base/normal.h"

#include <math.h>

/* Highest power first. */
static const double centre[] = {
    0x1.69838289d622ap-21, 0x1.84c70799359ccp-20, 0x1.9a03037384399p-24, 0x1.10a575e02a451p-22,
    0x1.aa156709ea97fp-18, 0x1.d49241c856f7ep-17, 0x1.a66de07cad13ap-16, 0x1.db714ae0e02f2p-15,
    0x1.1588fa2979af0p-13, 0x1.3f5c500c3785ep-12, 0x1.74ef9a4c5c599p-11, 0x1.bda3841ca4003p-10,
    0x1.11fe14f970538p-8,  0x1.5ed6aee036ce5p-7,  0x1.ddf17fafa0209p-6,  0x1.69fd66f18106fp-4,
    0x1.56a7f14c87e4cp-2,  0x1.631cf62639e5fp+1,
};
static const double tail[] = {
    -0x1.8e8829861ac60p-19, 0x1.9ceed23e89651p-18, -0x1.8a3bfc5394799p-23, 0x1.4852cea9886efp-21,
    -0x1.9113360889914p-16, 0x1.aae1d34016508p-15, -0x1.73d9e22bed414p-14, 0x1.963e6762bd602p-13,
    -0x1.cbd084f26a989p-12, 0x1.0042c3d8dfee4p-10, -0x1.20dff35b959e3p-9,  0x1.4af970eb7887ap-8,
    -0x1.81fcf279878e7p-7,  0x1.ccb0afeb6af11p-6,  -0x1.1c8d066a8c4cdp-4,  0x1.3e5a51029b1aap+1,
    0x1.f598baef6ba3ep+1,
};

/* |p - 1/2| up to which `centre` serves, and sqrt(-2 log p) between which `tail` does. */
#define CENTRE_END 0.40625
#define TAIL_START 2.171875
#define TAIL_END 6.78125

static double horner(const double *coefficients, int n, double x)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum = sum * x + coefficients[i];
    return sum;
}

/* x = m 2^e with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh s with s = (m - 1) / (m + 1) as its
 * series: |s| < 0.172, so twelve terms are as good as a double. */
static double logarithm(double x)
{
    int exponent;
    double m = frexp(x, &exponent);
    if (m < 0x1.6a09e667f3bcdp-1) {
        m *= 2;
        exponent--;
    }
    double s = (m - 1) / (m + 1), sum = 0;
    for (int k = 23; k > 0; k -= 2)
        sum = sum * (s * s) + 1.0 / k;
    return 2 * s * sum + exponent * 0x1.62e42fefa39efp-1;
}

double hem__normal(uint32_t word)
{
    enum { N_CENTRE = sizeof centre / sizeof *centre, N_TAIL = sizeof tail / sizeof *tail };
    double q = ((double)word - 0x7FFFFFFF - 0.5) * 0x1p-32, p = 0.5 - fabs(q); /* both exact */
    if (fabs(q) <= CENTRE_END)
        return q * horner(centre, N_CENTRE, q * q * (2 / (CENTRE_END * CENTRE_END)) - 1);
    double t = sqrt(-2 * logarithm(p));
    double x = horner(tail, N_TAIL, (2 * t - (TAIL_START + TAIL_END)) / (TAIL_END - TAIL_START));
    return q < 0 ? -x : x;
}

/* exp, log, tanh and sigmoid in float: the formulas and constants that the reference and every tier
 * compute in the same order, so that they give the same bits (libm's differ by CPU and version).
 * Polynomials are minimax fits (Remez exchange) made for hemline; errors below are measured
 * against double precision over all floats of the range, by tests/kernel/test_functions.c.
 *
 * exp(x), for x <= 0 (the only arguments that softmax, tanh and sigmoid make):
 *   t = fma(x, LOG2_E, ROUND); n = t - ROUND, the integer nearest to x / ln 2;
 *   r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, x)), |r| <= ln 2 / 2;
 *   p = fma(r * r, EXP(r), r) + 1; exp = p * 2^n, the power made from the low bits of t.
 *   Below EXP_LIMIT = -126 ln 2 the result is 0: exp never returns a denormal. Error <= 1.1 ulp.
 *
 * log(x), for normal x > 0: x = m * 2^e with m in [sqrt(1/2), sqrt(2)); f = m - 1;
 *   fma(e, LN2_HIGH, f + fma(-0.5, f * f, fma(f * f * f, LOG(f), e * LN2_LOW))). Error <= 1 ulp.
 *
 * tanh(x), a = |x|: a < 0.625: fma(a * (a * a), TANH(a * a), a); else with e = exp(-2 a):
 *   (1 - e) / (1 + e); then the sign of x. Exactly 1 from about 9 on. Error <= 2 ulp.
 *
 * sigmoid(x), e = exp(-|x|): (x >= 0 ? 1 : e) / (1 + e). 0 below EXP_LIMIT. Error <= 3 ulp.
 *
 * log1p(e) = log(1 + e), for 0 <= e <= 1, with u = 1 + e: u == 1 ? e : log(u) * (e / (u - 1))
 * (Higham, "Accuracy and stability of numerical algorithms", 2002, section 1.14.1). Error <= 3 ulp.
 *
 * All of them give NaN for NaN. Polynomials by Horner's rule, one fma a coefficient. */
#ifndef HEM_KERNEL_FUNCTIONS_H
#define HEM_KERNEL_FUNCTIONS_H

#define HEM__EXP_LIMIT -0x1.5d589ep+6f
#define HEM__LOG2_E 0x1.715476p+0f
#define HEM__ROUND 0x1.8p+23f      /* adding it leaves no bits below 1: the sum is rounded */
#define HEM__LN2_HIGH 0x1.62e4p-1f /* 15 bits: its product with n is exact even without fma */
#define HEM__LN2_LOW 0x1.7f7d1cp-20f
#define HEM__SQRT_HALF_BITS 0x3f3504f3

/* X(coefficient), highest power first. */
/* clang-format off */
#define HEM__EXP_COEFFICIENTS(X)                                                                   \
    X(0x1.6a2434p-10f) X(0x1.1239e2p-7f) X(0x1.5558f2p-5f) X(0x1.555492p-3f) X(0x1.fffffcp-2f)

#define HEM__LOG_COEFFICIENTS(X)                                                                   \
    X(-0x1.38b590p-4f) X(0x1.055b6cp-3f) X(-0x1.0d8540p-3f) X(0x1.22da1cp-3f)                      \
    X(-0x1.547244p-3f) X(0x1.99a008p-3f) X(-0x1.000226p-2f) X(0x1.555554p-2f)

#define HEM__TANH_SMALL 0.625f
#define HEM__TANH_COEFFICIENTS(X)                                                                  \
    X(-0x1.75e1ccp-8f) X(0x1.52269cp-6f) X(-0x1.b83c5ap-5f) X(0x1.110726p-3f) X(-0x1.555532p-2f)
/* clang-format on */

#endif

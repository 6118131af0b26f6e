/* exp, log, tanh, sigmoid, expm1, gelu and silu in float: the formulas and constants that the
 * reference and every tier compute in the same order, so that they give the same bits (libm's
 * differ by CPU and version). Polynomials are minimax fits (Remez exchange) made for hemline;
 * errors below are measured against double precision over all floats of the range, by
 * tests/kernel/test_functions.c.
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
 * tanh(x) = (1 - e) / (1 + e), e = exp(-2 |x|), with the sign of x; both sums from e's own parts,
 * one rounding each, so that nothing cancels where x is small: m = max(-2 |x|, TANH_END); t and n
 * as exp's of m; r = fma(n, -LN2, m): the rest of ln 2 matters only where e is small; q = fma(r *
 * r, EXP(r), r), so e = q * 2^n + 2^n; fma(-q, 2^n, 1 - 2^n) / fma(q, 2^n, 1 + 2^n). Exactly 1 from
 * about 9 on. Error <= 2 ulp.
 *
 * sigmoid(x), e = exp(-|x|): (x >= 0 ? 1 : e) / (1 + e). 0 below EXP_LIMIT. Error <= 3 ulp.
 *
 * expm1(x) = exp(x) - 1, for x <= 0 (elu): with r, n and the polynomial of exp,
 *   q = fma(r * r, EXP(r), r); fma(q, 2^n, 2^n - 1). Below EXP_LIMIT -1. Error <= 2 ulp.
 *
 * gelu(x) = x Phi(x), Phi the normal distribution (Hendrycks and Gimpel, 2016), in the form
 * max(x, 0) - |x| Q(|x|) with Q = 1 - Phi = exp(-a^2 / 2) R(a); R, Mills' ratio over sqrt(2 pi), is
 * t P(t) in t = 1 / (1 + MILLS_SCALE a). No cancellation, so the tail is as exact as the middle:
 *   a = min(|x|, GELU_END); t = 1 / fma(MILLS_SCALE, a, 1); p = MILLS(t);
 *   a^2 = h + l exactly, h = a * a rounded: c = a with its last 12 bits 0, b = a - c,
 *   l = fma(b, b, fma(2 * c, b, fma(c, c, -h)));
 *   e = exp(-0.5 * h); e = fma(e, -0.5 * l, e); tail = ((a * t) * p) * e;
 *   gelu = (x < 0 ? 0 : x) - tail. Error <= 7 ulp. Past GELU_END e is 0.
 *   Its derivative: q = (t * p) * e; (x < 0 ? q : 1 - q) + (c * INV_SQRT_2PI) * e, c = x held in
 *   -GELU_END..GELU_END. Absolute error <= 3e-7.
 *
 * silu(x) = x sigmoid(x) (Hendrycks and Gimpel, 2016): c = max(x, -SILU_END), c * sigmoid(c). Error
 *   <= 4 ulp; 0 below EXP_LIMIT, where the true value is above -1e-36. Its derivative: c = x held
 * in -SILU_END..SILU_END, s = sigmoid(c), q = sigmoid(-c); s * fma(c, q, 1). Absolute error <=
 * 3e-7.
 *
 * Infinities give the limits: expm1 and elu -1 (times alpha), gelu and silu -0 and infinity.
 * log1p(e) = log(1 + e), for 0 <= e <= 1, with u = 1 + e: u == 1 ? e : log(u) * (e / (u - 1))
 * (Higham, "Accuracy and stability of numerical algorithms", 2002, section 1.14.1). Error <= 3 ulp.
 *
 * All of them give NaN for NaN. Polynomials by Horner's rule, one fma a coefficient behind the
 * first. */
#ifndef HEM_KERNEL_FUNCTIONS_H
#define HEM_KERNEL_FUNCTIONS_H

#define HEM__EXP_LIMIT -0x1.5d589ep+6f
#define HEM__LOG2_E 0x1.715476p+0f
#define HEM__ROUND 0x1.8p+23f      /* adding it leaves no bits below 1: the sum is rounded */
#define HEM__LN2_HIGH 0x1.62e4p-1f /* 15 bits: its product with n is exact even without fma */
#define HEM__LN2_LOW 0x1.7f7d1cp-20f
#define HEM__LN2 0x1.62e430p-1f
#define HEM__SQRT_HALF_BITS 0x3f3504f3

/* FIRST(coefficient) of the highest power, then X(coefficient) down to the lowest. */
/* clang-format off */
#define HEM__EXP_COEFFICIENTS(FIRST, X)                                                            \
    FIRST(0x1.6a2434p-10f) X(0x1.1239e2p-7f) X(0x1.5558f2p-5f) X(0x1.555492p-3f) X(0x1.fffffcp-2f)

#define HEM__LOG_COEFFICIENTS(FIRST, X)                                                            \
    FIRST(-0x1.38b590p-4f) X(0x1.055b6cp-3f) X(-0x1.0d8540p-3f) X(0x1.22da1cp-3f)                  \
    X(-0x1.547244p-3f) X(0x1.99a008p-3f) X(-0x1.000226p-2f) X(0x1.555554p-2f)

#define HEM__TANH_END -32.0f /* exp of it is nothing beside 1 */

#define HEM__GELU_END 16.0f /* exp(-GELU_END^2 / 2) is 0 */
#define HEM__SILU_END 128.0f
#define HEM__INV_SQRT_2PI 0x1.988454p-2f
#define HEM__MILLS_SCALE 0x1.3p-2f
#define HEM__MILLS_COEFFICIENTS(FIRST, X)                                                          \
    FIRST(-0x1.50f62ap-6f) X(0x1.d8ebcep-4f) X(-0x1.f379bap-3f) X(0x1.c1ba4ap-3f)                  \
    X(-0x1.9738c4p-4f) X(0x1.b777e4p-4f) X(0x1.32b870p-4f) X(0x1.c25078p-4f)                       \
    X(0x1.e46420p-4f) X(0x1.e52474p-4f)
/* clang-format on */

#endif

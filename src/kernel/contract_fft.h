/* Convolution by Fourier transforms, for kernels so large that it pays (layer/conv_fft.c): what the
 * fft slots of contract.h promise about sizes, layouts and the order of sums.
 *
 * A map is filled up with zeros to ny x nx pixels and transformed, X(v, u) = sum over y, x of
 * x[y][x] exp(-2 pi i (y v / ny + x u / nx)). Cyclic correlations become products: with weights
 * w[r][s] at the map's first rows and columns,
 *   output           y[p] = sum over r of w[r] x[p - pad + r]   Y = conj(W) X, read from -pad on
 *   input gradient  dx[i] = sum over r of w[r] dy[i + pad - r]  dX = W dY,     read from  pad on
 *   weight gradient dw[r] = sum over p of dy[p] x[p - pad + r]  dW = conj(dY) X, from    -pad on
 * in both dimensions, pixels taken modulo ny and nx. Nothing that is read has been wrapped around
 * where ny >= max(H + pad, P + R - 1 - pad, R), and nx likewise.
 *
 * Sizes n = n1 n2, n1 and n2 coprime: the prime factor algorithm (Good, "The interaction algorithm
 * and practical Fourier analysis", J. R. Stat. Soc. B 20, 1958). Pixel i = (n2 i1 + n1 i2) mod n
 * stands at place i1 n2 + i2; frequency k is at slot (k mod n2) n1 + k mod n1. No twiddle factors
 * are left: a transform is n1 transforms of n2 points, then n2 of n1 points, of slot k2 from 0 on.
 * Back it is n2 of n1 points, then n1 of n2, with real and imaginary parts exchanged on both sides.
 *
 * A transform of m points, z -> Z (all operations on real and imaginary parts alike):
 *   odd m: for j = 1..h, h = (m - 1) / 2: a_j = z_j + z_{m-j}, b_j = z_j - z_{m-j};
 *     Z_0 = ((z_0 + a_1) + a_2) + ...; for k = 1..h: P = z_0, then fma(cos_kj, a_j, P) and
 *     Q = 0, then fma(sin_kj, b_j, Q) for j = 1..h; Z_k = P - i Q, Z_{m-k} = P + i Q,
 *     where cos_kj = cos(2 pi (k j mod m) / m), rounded once, and sin_kj likewise;
 *   2: Z_0 = z_0 + z_1, Z_1 = z_0 - z_1;
 *   4: a = z_0 + z_2, b = z_0 - z_2, c = z_1 + z_3, d = z_1 - z_3; Z = (a + c, b - i d, a - c,
 *     b + i d);
 *   6: (Z_0, Z_4, Z_2) and (Z_3, Z_1, Z_5) are the transforms of 3 points of (z_0 + z_3,
 *     z_2 + z_5, z_4 + z_1) and of (z_0 - z_3, z_2 - z_5, z_4 - z_1).
 *
 * Maps are real, so the spectrum has columns u = slot x.half[j] for j in 0..x.n_half - 1 alone: the
 * others are conjugates. The first x.n_own of them are the conjugates of themselves, and keep only
 * the slots y.half[e] of their rows; other columns keep all y.n slots. */
#ifndef HEM_KERNEL_CONTRACT_FFT_H
#define HEM_KERNEL_CONTRACT_FFT_H

#include <stddef.h>
#include <stdint.h>

enum { HEM__FFT_MOST = 45, HEM__FFT_MOST_HALF = HEM__FFT_MOST / 2 + 1 };

/* One dimension of a transform. */
typedef struct hem__fft_axis {
    int n, n1, n2;
    int n_half;                       /* n / 2 + 1: frequencies of which no two are conjugates */
    int n_own;                        /* the first of them are their own: 0, and n / 2 for even n */
    uint8_t place[HEM__FFT_MOST];     /* of pixel i */
    uint8_t partner[HEM__FFT_MOST];   /* of slot i: the slot of the frequency -k */
    uint8_t half[HEM__FFT_MOST_HALF]; /* slots */
} hem__fft_axis;

typedef struct hem__fft {
    hem__fft_axis y, x;
} hem__fft;

/* Where spectra lie: entry e of column j is at before * frequency + entries * channel + e * step,
 * with hem__fft_before(j) and hem__fft_entries(j); its imaginary part `im` numbers on. Activations
 * of C channels are [column][C][entry][re, im][16], weights [frequency][re, im][K * C] with K * C
 * rounded up to M, a multiple of 16. */
typedef struct hem__fft_layout {
    size_t frequency, channel, step, im;
} hem__fft_layout;

/* The part of a transformed map that is read: row (first_y + p) mod ny for p in 0..rows - 1 ... */
typedef struct hem__fft_window {
    int first_y, first_x, rows, cols;
    size_t step; /* numbers between pixels where it goes */
} hem__fft_window;

/* Products at the entries of one column: y[o] = sum over i in 0..n_in - 1 of conj(a[o][i]) x[i], or
 * a[o][i] x[i]. a is a number for all lanes; x and y are [re, im][16]. */
typedef struct hem__fft_product {
    int n_out, n_in, n_entries;
    int conjugate;
    size_t a_out, a_in, a_im, a_entry; /* numbers between outputs, ... entries of a */
    size_t x_in, y_out;                /* entries are 32 numbers apart */
} hem__fft_product;

/* The same for weight gradients, over tiles. */
typedef struct hem__fft_wgrad {
    int K, C, n_tiles, n_entries;
    size_t dy_tile, dy_channel, x_tile, x_channel;
    size_t M;
} hem__fft_wgrad;

static inline int hem__fft_entries(const hem__fft *f, int column)
{
    return column < f->x.n_own ? f->y.n_half : f->y.n;
}

/* Frequencies of the columns before `column`; of all with column = x.n_half. */
static inline int hem__fft_before(const hem__fft *f, int column)
{
    int own = column < f->x.n_own ? column : f->x.n_own;
    return own * f->y.n_half + (column - own) * f->y.n;
}

static inline hem__fft_layout hem__fft_activation(int C, int c)
{
    return (hem__fft_layout){(size_t)C * 32, (size_t)c * 32, 32, 16};
}

static inline hem__fft_layout hem__fft_weights(size_t M)
{
    return (hem__fft_layout){2 * M, 0, 2 * M, M};
}

#endif

/* Which sizes a Fourier transform can have, and where pixels and frequencies stand in it. */
#include "kernel/fft_size.h"

/* Products of two coprime radices out of 2, 3, 4, 5, 6, 7, 9, the smaller ones first. */
static const uint8_t SIZES[][2] = {{2, 3}, {2, 5}, {3, 4}, {2, 7}, {3, 5}, {2, 9}, {4, 5},
                                   {3, 7}, {4, 7}, {5, 6}, {5, 7}, {4, 9}, {6, 7}, {5, 9}};
enum { N_SIZES = sizeof SIZES / sizeof SIZES[0] };

int hem__fft_size(int least)
{
    for (int i = 0; i < N_SIZES; i++)
        if (SIZES[i][0] * SIZES[i][1] >= least)
            return SIZES[i][0] * SIZES[i][1];
    return 0;
}

static int slot_of(const hem__fft_axis *axis, int k)
{
    return k % axis->n2 * axis->n1 + k % axis->n1;
}

void hem__fft_axis_init(int n, hem__fft_axis *axis)
{
    int s = 0;
    while (s + 1 < N_SIZES && SIZES[s][0] * SIZES[s][1] != n)
        s++;
    *axis = (hem__fft_axis){.n = n, .n1 = SIZES[s][0], .n2 = SIZES[s][1], .n_own = 2 - n % 2};
    for (int i1 = 0; i1 < axis->n1; i1++)
        for (int i2 = 0; i2 < axis->n2; i2++)
            axis->place[(axis->n2 * i1 + axis->n1 * i2) % n] = (uint8_t)(i1 * axis->n2 + i2);
    for (int k = 0; k < n; k++)
        axis->partner[slot_of(axis, k)] = (uint8_t)slot_of(axis, (n - k) % n);
    axis->half[axis->n_half++] = (uint8_t)slot_of(axis, 0);
    if (axis->n_own == 2)
        axis->half[axis->n_half++] = (uint8_t)slot_of(axis, n / 2);
    for (int k = 1; 2 * k < n; k++)
        axis->half[axis->n_half++] = (uint8_t)slot_of(axis, k);
}

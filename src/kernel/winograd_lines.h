/* Winograd's transforms of one line of numbers, for the reference and for the vector source alike.
 * The including file names the number, NUM, and says LOAD(p), STORE(p, v), FMA(a, b, c) with a
 * plain number a. Points 0, 1, -1, infinity for m = 2, and 2, -2 for m = 4 (Lavin and Gray,
 * arXiv:1509.09308, section 4). All factors are powers of two, so that an fma rounds only once even
 * where it is a product and a sum.
 *   input   B^T d     T to T
 *   output  A^T z     T to m
 *   spread  A dy      m to T: the gradient of the output
 * `step` and `to_step` are the numbers between neighbours of the line. */

#define IN(i) LOAD(from + (i)*step)
#define OUT(i, v) STORE(to + (i)*to_step, v)

INLINE void input_line_4(const hem__real *from, size_t step, hem__real *to, size_t to_step)
{
    NUM x0 = IN(0), x1 = IN(1), x2 = IN(2), x3 = IN(3);
    OUT(0, x0 - x2);
    OUT(1, x1 + x2);
    OUT(2, x2 - x1);
    OUT(3, x1 - x3);
}

INLINE void output_line_4(const hem__real *from, size_t step, hem__real *to, size_t to_step)
{
    NUM x0 = IN(0), x1 = IN(1), x2 = IN(2), x3 = IN(3);
    OUT(0, (x0 + x1) + x2);
    OUT(1, (x1 - x2) - x3);
}

INLINE void spread_line_4(const hem__real *from, size_t step, hem__real *to, size_t to_step)
{
    NUM x0 = IN(0), x1 = IN(1);
    OUT(0, x0);
    OUT(1, x0 + x1);
    OUT(2, x0 - x1);
    OUT(3, -x1);
}

INLINE void input_line_6(const hem__real *from, size_t step, hem__real *to, size_t to_step)
{
    NUM x0 = IN(0), x1 = IN(1), x2 = IN(2), x3 = IN(3), x4 = IN(4), x5 = IN(5);
    NUM even = x4 - x2, odd = x3 - x1;
    NUM far_even = FMA(-4, x2, x4), far_odd = FMA(-4, x1, x3);
    OUT(0, FMA(4, x0 - x2, even));
    OUT(1, far_even + far_odd);
    OUT(2, far_even - far_odd);
    OUT(3, FMA(2, odd, even));
    OUT(4, FMA(-2, odd, even));
    OUT(5, FMA(-4, odd, x5 - x3));
}

INLINE void output_line_6(const hem__real *from, size_t step, hem__real *to, size_t to_step)
{
    NUM x0 = IN(0), x1 = IN(1), x2 = IN(2), x3 = IN(3), x4 = IN(4), x5 = IN(5);
    NUM sum = x1 + x2, difference = x1 - x2, far_sum = x3 + x4, far_difference = x3 - x4;
    OUT(0, (x0 + sum) + far_sum);
    OUT(1, FMA(2, far_difference, difference));
    OUT(2, FMA(4, far_sum, sum));
    OUT(3, FMA(8, far_difference, difference) + x5);
}

INLINE void spread_line_6(const hem__real *from, size_t step, hem__real *to, size_t to_step)
{
    NUM x0 = IN(0), x1 = IN(1), x2 = IN(2), x3 = IN(3);
    NUM even = x0 + x2, odd = x1 + x3, far_even = FMA(4, x2, x0), far_odd = FMA(4, x3, x1);
    OUT(0, x0);
    OUT(1, even + odd);
    OUT(2, even - odd);
    OUT(3, FMA(2, far_odd, far_even));
    OUT(4, FMA(-2, far_odd, far_even));
    OUT(5, x3);
}

#undef IN
#undef OUT

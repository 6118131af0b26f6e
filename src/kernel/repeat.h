/* Repetition for micro-kernels, whose accumulators must each have a name: gcc 12 keeps an array of
 * vectors in memory and runs at a quarter of the speed.
 * HEM__TIMES(n, M) gives M(0) M(1) ... M(n - 1); HEM__GRID(n, m, M) gives M(i, j) for all i < n and
 * j < m, row by row. n and m are plain numbers: n up to 14 or 16, m up to 8, 12 or 16. */
#ifndef HEM_KERNEL_REPEAT_H
#define HEM_KERNEL_REPEAT_H

#define HEM__GLUE_(a, b) a##b
#define HEM__GLUE(a, b) HEM__GLUE_(a, b)

#define HEM__TIMES(n, M) HEM__GLUE(HEM__TIMES_, n)(M)
#define HEM__TIMES_1(M) M(0)
#define HEM__TIMES_2(M) HEM__TIMES_1(M) M(1)
#define HEM__TIMES_3(M) HEM__TIMES_2(M) M(2)
#define HEM__TIMES_4(M) HEM__TIMES_3(M) M(3)
#define HEM__TIMES_5(M) HEM__TIMES_4(M) M(4)
#define HEM__TIMES_6(M) HEM__TIMES_5(M) M(5)
#define HEM__TIMES_7(M) HEM__TIMES_6(M) M(6)
#define HEM__TIMES_8(M) HEM__TIMES_7(M) M(7)
#define HEM__TIMES_9(M) HEM__TIMES_8(M) M(8)
#define HEM__TIMES_10(M) HEM__TIMES_9(M) M(9)
#define HEM__TIMES_11(M) HEM__TIMES_10(M) M(10)
#define HEM__TIMES_12(M) HEM__TIMES_11(M) M(11)
#define HEM__TIMES_13(M) HEM__TIMES_12(M) M(12)
#define HEM__TIMES_14(M) HEM__TIMES_13(M) M(13)
#define HEM__TIMES_16(M) HEM__TIMES_14(M) M(14) M(15)

/* HEM__ROW(m, M, i): M(i, 0) ... M(i, m - 1). */
#define HEM__ROW(m, M, i) HEM__GLUE(HEM__ROW_, m)(M, i)
#define HEM__ROW_1(M, i) M(i, 0)
#define HEM__ROW_2(M, i) HEM__ROW_1(M, i) M(i, 1)
#define HEM__ROW_3(M, i) HEM__ROW_2(M, i) M(i, 2)
#define HEM__ROW_4(M, i) HEM__ROW_3(M, i) M(i, 3)
#define HEM__ROW_5(M, i) HEM__ROW_4(M, i) M(i, 4)
#define HEM__ROW_6(M, i) HEM__ROW_5(M, i) M(i, 5)
#define HEM__ROW_7(M, i) HEM__ROW_6(M, i) M(i, 6)
#define HEM__ROW_8(M, i) HEM__ROW_7(M, i) M(i, 7)
#define HEM__ROW_12(M, i) HEM__ROW_8(M, i) M(i, 8) M(i, 9) M(i, 10) M(i, 11)
#define HEM__ROW_16(M, i) HEM__ROW_12(M, i) M(i, 12) M(i, 13) M(i, 14) M(i, 15)

#define HEM__GRID(n, m, M) HEM__GLUE(HEM__GRID_, n)(m, M)
#define HEM__GRID_1(m, M) HEM__ROW(m, M, 0)
#define HEM__GRID_2(m, M) HEM__GRID_1(m, M) HEM__ROW(m, M, 1)
#define HEM__GRID_3(m, M) HEM__GRID_2(m, M) HEM__ROW(m, M, 2)
#define HEM__GRID_4(m, M) HEM__GRID_3(m, M) HEM__ROW(m, M, 3)
#define HEM__GRID_5(m, M) HEM__GRID_4(m, M) HEM__ROW(m, M, 4)
#define HEM__GRID_6(m, M) HEM__GRID_5(m, M) HEM__ROW(m, M, 5)
#define HEM__GRID_7(m, M) HEM__GRID_6(m, M) HEM__ROW(m, M, 6)
#define HEM__GRID_8(m, M) HEM__GRID_7(m, M) HEM__ROW(m, M, 7)
#define HEM__GRID_9(m, M) HEM__GRID_8(m, M) HEM__ROW(m, M, 8)
#define HEM__GRID_10(m, M) HEM__GRID_9(m, M) HEM__ROW(m, M, 9)
#define HEM__GRID_11(m, M) HEM__GRID_10(m, M) HEM__ROW(m, M, 10)
#define HEM__GRID_12(m, M) HEM__GRID_11(m, M) HEM__ROW(m, M, 11)
#define HEM__GRID_13(m, M) HEM__GRID_12(m, M) HEM__ROW(m, M, 12)
#define HEM__GRID_14(m, M) HEM__GRID_13(m, M) HEM__ROW(m, M, 13)

#endif

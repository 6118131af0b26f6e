/* Convolution, forward and input gradient: a register block of output channels at one or several
 * neighbouring outputs, summed over all taps inside the image. At one pixel and kernel row the
 * (column, channel) range is contiguous in x and in the packed weights, so kernel size, stride,
 * padding and channel count are only loop bounds; taps on padding are skipped, not multiplied.
 * Speed rests on the accumulators staying in registers: tools/check_spills watches over that. */
#include "kernel/vector.h"

/* What all outputs of one lattice row and register block have in common. */
typedef struct conv_line {
    const float *x, *w, *bias;   /* at the lane group; w and bias at the register block */
    size_t n_groups, last_width; /* channel blocks of x, and the width of the last */
    size_t plane;                /* numbers in a full channel block of x */
    size_t W, S, n_taps;         /* columns of x; kernel columns; kernel rows * columns */
    size_t step_x;               /* pixels of x between outputs */
    size_t y_step;               /* numbers of y between outputs */
    int relu;
} conv_line;

/* Neighbouring outputs with the same taps: n_rows x n_columns from tap number `tap`, which reads
 * x at `pixel` for the first output. n_rows * n_columns may be 0 through n_rows only. */
typedef struct conv_span {
    size_t pixel, tap, n_rows, n_columns, n_blocks;
    float *y;
    const float *mask;
} conv_span;

typedef void (*conv_block)(const conv_line *, const conv_span *);

#if VG == 2
#define KB 1
#define NV 2
#include "kernel/block_conv.h"
#define KB 1
#define NV 8
#include "kernel/block_conv.h"
#define KB 2
#define NV 2
#include "kernel/block_conv.h"
#define KB 2
#define NV 6
#include "kernel/block_conv.h"
#define KB 3
#define NV 2
#include "kernel/block_conv.h"
#define KB 3
#define NV 4
#include "kernel/block_conv.h"
#define KB 4
#define NV 2
#include "kernel/block_conv.h"
#define KB 5
#define NV 2
#include "kernel/block_conv.h"
#define KB 6
#define NV 2
#include "kernel/block_conv.h"
#elif VG == 4
#define KB 1
#define NV 4
#include "kernel/block_conv.h"
#define KB 1
#define NV 16
#include "kernel/block_conv.h"
#define KB 2
#define NV 4
#include "kernel/block_conv.h"
#define KB 2
#define NV 12
#include "kernel/block_conv.h"
#define KB 3
#define NV 4
#include "kernel/block_conv.h"
#define KB 3
#define NV 8
#include "kernel/block_conv.h"
#define KB 4
#define NV 4
#include "kernel/block_conv.h"
#define KB 5
#define NV 4
#include "kernel/block_conv.h"
#define KB 6
#define NV 4
#include "kernel/block_conv.h"
#else
#define KB 1
#define NV 1
#include "kernel/block_conv.h"
#define KB 1
#define NV 8
#include "kernel/block_conv.h"
#define KB 2
#define NV 1
#include "kernel/block_conv.h"
#define KB 2
#define NV 8
#include "kernel/block_conv.h"
#define KB 3
#define NV 1
#include "kernel/block_conv.h"
#define KB 3
#define NV 3
#include "kernel/block_conv.h"
#define KB 3
#define NV 8
#include "kernel/block_conv.h"
#define KB 4
#define NV 1
#include "kernel/block_conv.h"
#define KB 4
#define NV 2
#include "kernel/block_conv.h"
#define KB 4
#define NV 3
#include "kernel/block_conv.h"
#define KB 4
#define NV 4
#include "kernel/block_conv.h"
#define KB 4
#define NV 5
#include "kernel/block_conv.h"
#define KB 4
#define NV 6
#include "kernel/block_conv.h"
#define KB 5
#define NV 1
#include "kernel/block_conv.h"
#define KB 5
#define NV 2
#include "kernel/block_conv.h"
#define KB 5
#define NV 3
#include "kernel/block_conv.h"
#define KB 5
#define NV 4
#include "kernel/block_conv.h"
#define KB 6
#define NV 1
#include "kernel/block_conv.h"
#define KB 6
#define NV 2
#include "kernel/block_conv.h"
#define KB 6
#define NV 3
#include "kernel/block_conv.h"
#define KB 6
#define NV 4
#include "kernel/block_conv.h"
#endif

enum { WIDEST = 6, MOST_CHOICES = 6 };

/* Blocks for each number of channels, widest first; the last of each takes one output. With vectors
 * of a whole tile one output of 4 channels is 4 sums, half of what keeps the multipliers busy: so a
 * short row gets a block of its own. */
static const struct {
    int n_outputs;
    conv_block run;
} BLOCKS[WIDEST + 1][MOST_CHOICES] = {
#if VG == 2
    [1] = {{4, conv_1x8}, {1, conv_1x2}},
    [2] = {{3, conv_2x6}, {1, conv_2x2}},
    [3] = {{2, conv_3x4}, {1, conv_3x2}},
    [4] = {{1, conv_4x2}},
    [5] = {{1, conv_5x2}},
    [6] = {{1, conv_6x2}},
#elif VG == 4
    [1] = {{4, conv_1x16}, {1, conv_1x4}},
    [2] = {{3, conv_2x12}, {1, conv_2x4}},
    [3] = {{2, conv_3x8}, {1, conv_3x4}},
    [4] = {{1, conv_4x4}},
    [5] = {{1, conv_5x4}},
    [6] = {{1, conv_6x4}},
#else
    [1] = {{8, conv_1x8}, {1, conv_1x1}},
    [2] = {{8, conv_2x8}, {1, conv_2x1}},
    [3] = {{8, conv_3x8}, {3, conv_3x3}, {1, conv_3x1}},
    [4] =
        {{6, conv_4x6}, {5, conv_4x5}, {4, conv_4x4}, {3, conv_4x3}, {2, conv_4x2}, {1, conv_4x1}},
    [5] = {{4, conv_5x4}, {3, conv_5x3}, {2, conv_5x2}, {1, conv_5x1}},
    [6] = {{4, conv_6x4}, {3, conv_6x3}, {2, conv_6x2}, {1, conv_6x1}},
#endif
};

/* One lattice row, one register block of kb channels that begins at number `at` of the row's first
 * output. line->bias, w and relu are set. */
static void conv_row(const hem__conv_run *run, conv_line *line, int kb, int row, float *y,
                     const float *mask)
{
    int r0, r1, first, last;
    int iy = row * run->step_y - run->pad_y;
    clip(iy, run->R, run->H, &r0, &r1);
    inside(run->cols, run->step_x, run->pad_x, run->S, run->W, &first, &last);
    for (int column = 0; column < run->cols;) {
        bool whole = column >= first && column < last;
        int s0, s1, ix = column * run->step_x - run->pad_x, n_blocks = 1, choice = 0;
        clip(ix, run->S, run->W, &s0, &s1);
        int room = whole ? last - column : 1;
        while (BLOCKS[kb][choice].n_outputs > room)
            choice++;
        if (whole)
            n_blocks = room / BLOCKS[kb][choice].n_outputs;
        int n_rows = s1 > s0 ? r1 - r0 : 0;
        size_t at = (size_t)column * line->y_step;
        conv_span span = {
            .pixel = n_rows > 0 ? (size_t)(iy + r0) * line->W + (size_t)(ix + s0) : 0,
            .tap = (size_t)r0 * line->S + (size_t)s0,
            .n_rows = (size_t)n_rows,
            .n_columns = (size_t)(s1 - s0),
            .n_blocks = (size_t)n_blocks,
            .y = y + at,
            .mask = mask != NULL ? mask + at : NULL,
        };
        BLOCKS[kb][choice].run(line, &span);
        column += n_blocks * BLOCKS[kb][choice].n_outputs;
    }
}

void TIER(hem__conv)(const hem__conv_run *run, const float *x, const float *w, const float *bias,
                     int relu, const float *mask, float *y, int kb0, int kb1, int row0, int row1)
{
    size_t n_taps = (size_t)run->R * (size_t)run->S;
    conv_line line = {
        .n_groups = (size_t)block_count(run->C),
        .last_width = (size_t)block_width(run->C, block_count(run->C) - 1),
        .plane = (size_t)run->H * (size_t)run->W * HEM__BLOCK * HEM__LANES,
        .W = (size_t)run->W,
        .S = (size_t)run->S,
        .n_taps = n_taps,
        .step_x = (size_t)run->step_x,
        .relu = relu,
    };
    for (int row = row0; row < row1; row++) {
        size_t out_row = (size_t)(run->out_y + row * run->out_step_y);
        size_t out = out_row * (size_t)run->OW + (size_t)run->out_x;
        for (int b = kb0; b < at_most(kb1, block_count(run->K)); b++) {
            int width = block_width(run->K, b), k = 0;
            size_t plane = (size_t)run->OH * (size_t)run->OW * HEM__BLOCK * HEM__LANES;
            line.y_step = (size_t)run->out_step_x * (size_t)width * HEM__LANES;
            while (k < width) {
                int kb = hem__register_block(width - k);
                size_t first = (size_t)(b * HEM__BLOCK + k);
                size_t at = (size_t)b * plane + (out * (size_t)width + (size_t)k) * HEM__LANES;
                line.w = w + first * (size_t)run->C * n_taps;
                line.bias = bias != NULL ? bias + first : NULL;
                for (size_t lane = 0; lane < HEM__LANES; lane += GROUP) {
                    line.x = x + lane;
                    conv_row(run, &line, kb, row, y + at + lane,
                             mask != NULL ? mask + at + lane : NULL);
                }
                k += kb;
            }
        }
    }
}

/* Images as characters, each of which shows two pixels, one above the other: half blocks in colour
 * where the terminal has it, else letters of growing weight. */
#ifndef HEM_CLI_BLOCKS_H
#define HEM_CLI_BLOCKS_H

#include <stdint.h>

typedef struct blocks {
    const uint8_t *pixels; /* height*width*channels, channels innermost: 1 or 3; NULL = blank */
    int height, width, channels;
    int step; /* pixels that share one, where an image is wider than the terminal */
} blocks;

/* The smallest step that makes an image fit. */
int blocks_step(int width, int columns);
int blocks_columns(const blocks *image);
int blocks_rows(const blocks *image);
/* Prints one row of characters, without a line end. */
void blocks_line(const blocks *image, int line);

#endif

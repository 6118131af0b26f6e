/* Augmentation: a training image changed at random. A pure function of the image, the experiment's
 * `augment`, seed, epoch and the image's index in the training part: nothing depends on threads,
 * batches or the order of the images. All arithmetic is whole numbers and plain double operations,
 * so that the bytes are the same on every machine. docs/numerics.md has the formulas. */
#ifndef HEM_DATA_AUGMENT_H
#define HEM_DATA_AUGMENT_H

#include "base/philox.h"
#include "data/data.h"

/* The largest changes, in the units that drawing uses, and what they need. Plain data. */
typedef struct hem__augmenter {
    int height, width, channels;
    hem__augment_spec spec;
    bool on;         /* anything is asked for */
    bool moves;      /* pixels change their places */
    double shift[2]; /* pixels: rows, columns */
    double shear;    /* the tangent, or degrees where spec.shear says so */
    size_t scratch;  /* bytes that hem__augment() needs beside the images; 0 = none */
} hem__augmenter;

/* One image's change: what the draws have become. Tests make their own. */
typedef struct hem__change {
    double rotation;              /* degrees, counter-clockwise */
    double shift[2];              /* pixels down and to the right, that of `crop` among them */
    double shear;                 /* columns to the left for each row below the middle */
    double zoom[2];               /* rows, columns: 1 = as it is, below 1 enlarges */
    bool flip;                    /* left and right */
    int cut, cut_row, cut_column; /* side of the erased square, 0 = none, and its middle */
    double brightness;            /* added to every byte */
    double contrast;              /* factor about the mean; 1 = as it is */
} hem__change;

/* HEM_ERR_USAGE with the key's place where images of this size are too small for what `augment`
 * asks for. */
hem_status hem__augmenter_init(hem__augmenter *augmenter, const hem_spec *spec, int height,
                               int width, int channels, hem_error *err);
/* The key is that of the run's seed and HEM__DRAW_AUGMENT. */
void hem__augment_draw(const hem__augmenter *augmenter, hem__philox_key key, uint32_t epoch,
                       uint32_t index, hem__change *out);
/* `in` and `out` are images of the augmenter's size, not the same; `scratch` as long as it says. No
 * part of the change may be larger than the experiment allows. */
void hem__augment_apply(const hem__augmenter *augmenter, const hem__change *change,
                        const uint8_t *in, uint8_t *scratch, uint8_t *out);
/* Draws and applies. */
void hem__augment(const hem__augmenter *augmenter, hem__philox_key key, uint32_t epoch,
                  uint32_t index, const uint8_t *in, uint8_t *scratch, uint8_t *out);

#endif

/* What is drawn for an image, and its limits. How an image is changed is in augment_apply.c. */
#include "data/augment.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/turn.h"

/* ---- limits ----------------------------------------------------------------------------------
 */

static double pixels_of(const hem__amount *amount, int side)
{
    return amount->unit == HEM__UNIT_PERCENT ? amount->value / 100 * side : amount->value;
}

/* Bytes of the largest part of the plane that a map may look at: the image's half sides, changed as
 * far as they go, on both sides of the middle, and a pixel more for the interpolation. */
static size_t scratch_of(const hem__augmenter *a)
{
    const hem__augment_spec *spec = &a->spec;
    double sine, cosine,
        lean = spec->shear.unit == HEM__UNIT_DEG ? hem__tangent(a->shear) : a->shear;
    hem__turn(spec->rotation.value < 90 ? spec->rotation.value : 90, &sine, &cosine);
    double rows = (1 + spec->zoom.value / 100) * 0.5 * a->height;
    double columns = (1 + spec->zoom.value / 100) * 0.5 * a->width + lean * rows;
    double down = rows + columns * sine + a->shift[0] + spec->crop.value;
    double across = columns + rows * sine + a->shift[1] + spec->crop.value;
    return (size_t)(2 * down + 4) * (size_t)(2 * across + 4) * (size_t)a->channels;
}

static hem_status fail_size(const hem_spec *spec, hem__at at, const char *what, double pixels,
                            const char *limit, double most, const hem__augmenter *a, hem_error *err)
{
    hem__spec_fail(spec, at, err, "%s of %g px, but the images are %d x %d (height, width)", what,
                   pixels, a->height, a->width);
    return hem__hint(err, "it must be %s %g px here", limit, most);
}

/* A shift or crop as large as the image would show none of it. */
static hem_status check_sizes(const hem_spec *spec, const hem__augmenter *a, hem_error *err)
{
    const hem__augment_spec *s = &a->spec;
    const int sides[2] = {a->height, a->width};
    double least = a->height < a->width ? a->height : a->width;
    for (int way = 0; way < 2; way++)
        if (a->shift[way] >= sides[way])
            return fail_size(spec, s->shift_at, "shift", a->shift[way], "below", sides[way], a,
                             err);
    if (s->crop.value >= least)
        return fail_size(spec, s->crop_at, "crop", s->crop.value, "below", least, a, err);
    if (s->cutout[1].value > least)
        return fail_size(spec, s->cutout_at, "cutout", s->cutout[1].value, "at most", least, a,
                         err);
    return HEM_OK;
}

hem_status hem__augmenter_init(hem__augmenter *a, const hem_spec *spec, int height, int width,
                               int channels, hem_error *err)
{
    const hem__augment_spec *s = &spec->augment;
    *a = (hem__augmenter){.height = height, .width = width, .channels = channels, .spec = *s};
    a->shift[0] = pixels_of(&s->shift[0], height);
    a->shift[1] = pixels_of(&s->shift[1], width);
    a->shear = s->shear.unit == HEM__UNIT_PERCENT ? s->shear.value / 100 : s->shear.value;
    a->moves = s->rotation.value > 0 || a->shift[0] > 0 || a->shift[1] > 0 || a->shear > 0 ||
               s->zoom.value > 0 || s->crop.value > 0 || s->flip != HEM__FLIP_NONE;
    a->on = a->moves || s->cutout[1].value > 0 || s->brightness.value > 0 || s->contrast.value > 0;
    a->scratch = a->moves ? scratch_of(a) : 0;
    return check_sizes(spec, a, err);
}

/* ---- draws -----------------------------------------------------------------------------------
 */

/* Blocks of four words by their first counter. Every key has words of its own, so that asking for
 * one change more leaves the others as they were. Pinned: they are part of every run's bits. */
enum {
    BLOCK_TURN = 0,  /* rotation, shift of rows, of columns, shear */
    BLOCK_ZOOM = 1,  /* rows, columns, flip: horizontal */
    BLOCK_CROP = 2,  /* rows, columns, brightness, contrast */
    BLOCK_CUT = 3,   /* chance, side, row, column */
    BLOCK_FIRST = 4, /* flip: alternate, always of epoch 0 */
    N_BLOCKS
};

/* Uniform in (-most, most). */
static double either_way(uint32_t word, double most)
{
    return most * (((double)word + 0.5) * 0x1p-31 - 1);
}

/* Uniform in low..high. */
static int between(uint32_t word, int low, int high)
{
    return low + (int)(((uint64_t)word * (uint32_t)(high - low + 1)) >> 32);
}

/* Whether the image is flipped. alternate: half of the images in even epochs, the others in odd
 * ones (K. Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU", 2024, section 3.6). */
static bool draw_flip(hem__flip flip, uint32_t random, uint32_t first, uint32_t epoch)
{
    switch (flip) {
    case HEM__FLIP_NONE:
        return false;
    case HEM__FLIP_HORIZONTAL:
        return random >> 31;
    case HEM__FLIP_ALTERNATE:
        return (first >> 31) ^ (epoch & 1);
    }
    return false;
}

void hem__augment_draw(const hem__augmenter *a, hem__philox_key key, uint32_t epoch, uint32_t index,
                       hem__change *out)
{
    const hem__augment_spec *s = &a->spec;
    uint32_t word[N_BLOCKS][4];
    for (uint32_t block = 0; block < N_BLOCKS; block++) {
        uint32_t counter[4] = {block, index, block == BLOCK_FIRST ? 0 : epoch, 0};
        hem__philox(key, counter, word[block]);
    }
    *out = (hem__change){.contrast = 1};
    out->rotation = either_way(word[BLOCK_TURN][0], s->rotation.value);
    double shear = either_way(word[BLOCK_TURN][3], a->shear);
    out->shear = s->shear.unit == HEM__UNIT_DEG ? hem__tangent(shear) : shear;
    out->flip = draw_flip(s->flip, word[BLOCK_ZOOM][2], word[BLOCK_FIRST][0], epoch);
    int crop = (int)s->crop.value;
    for (int way = 0; way < 2; way++) {
        out->shift[way] = either_way(word[BLOCK_TURN][1 + way], a->shift[way]) +
                          between(word[BLOCK_CROP][way], -crop, crop);
        out->zoom[way] =
            1 + either_way(word[BLOCK_ZOOM][s->keep_aspect ? 0 : way], s->zoom.value / 100);
    }
    out->brightness = either_way(word[BLOCK_CROP][2], s->brightness.value / 100 * 255);
    out->contrast = 1 + either_way(word[BLOCK_CROP][3], s->contrast.value / 100);
    if (((double)word[BLOCK_CUT][0] + 0.5) * 0x1p-32 * 100 < s->cutout_chance.value)
        out->cut = between(word[BLOCK_CUT][1], (int)s->cutout[0].value, (int)s->cutout[1].value);
    out->cut_row = between(word[BLOCK_CUT][2], 0, a->height - 1);
    out->cut_column = between(word[BLOCK_CUT][3], 0, a->width - 1);
}

void hem__augment(const hem__augmenter *a, hem__philox_key key, uint32_t epoch, uint32_t index,
                  const uint8_t *in, uint8_t *scratch, uint8_t *out)
{
    hem__change change;
    hem__augment_draw(a, key, epoch, index, &change);
    hem__augment_apply(a, &change, in, scratch, out);
}

/* ---- for those who look at images ------------------------------------------------------------
 */

hem_status hem_data_augment(const hem_spec *spec, const hem_data *data, hem_part part, size_t index,
                            uint32_t epoch, uint64_t seed, uint8_t *out, hem_error *err)
{
    const uint8_t *in = hem_data_image(data, part, index);
    if (in == NULL || index > UINT32_MAX)
        return hem__fail(err, HEM_ERR_USAGE, "there is no image %zu in the %s part", index,
                         hem_part_name(part));
    hem__augmenter a;
    const hem_data_info *info = &data->info;
    HEM_TRY(hem__augmenter_init(&a, spec, info->height, info->width, info->channels, err));
    uint8_t *scratch = hem__calloc(a.scratch + 1, 1);
    if (scratch == NULL)
        return hem__fail_memory(err, "an augmented image", a.scratch);
    hem__augment(&a, hem__philox_key_of(seed, HEM__DRAW_AUGMENT), epoch, (uint32_t)index, in,
                 scratch, out);
    free(scratch);
    return HEM_OK;
}

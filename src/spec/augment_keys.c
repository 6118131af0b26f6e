/* The table of `augment`. keys.h says how to read a row. */
#include "spec/keys.h"

#define FIELD(member) .offset = offsetof(hem__augment_spec, member)
#define PLACE(member) .at = offsetof(hem__augment_spec, member)

/* Beyond 60 degrees a shear leaves nothing to recognise; at 90 it would be infinite. */
static const hem__unit_range angle[] = {{"deg", HEM__UNIT_DEG, .max = 180}, {.name = NULL}};
static const hem__unit_range lean[] = {
    {"deg", HEM__UNIT_DEG, .max = 60},
    {"%", HEM__UNIT_PERCENT, .max = 200},
    {.name = NULL},
};
static const hem__unit_range distance[] = {
    {"%", HEM__UNIT_PERCENT, .max = 100, .below_max = true},
    {"px", HEM__UNIT_PX, .max = 4096},
    {.name = NULL},
};
static const hem__unit_range share[] = {{"%", HEM__UNIT_PERCENT, .max = 100}, {.name = NULL}};
static const hem__unit_range part[] = {
    {"%", HEM__UNIT_PERCENT, .max = 100, .below_max = true},
    {.name = NULL},
};
static const hem__unit_range pixels[] = {
    {"px", HEM__UNIT_PX, .max = 4096, .whole = true},
    {.name = NULL},
};

static const hem__word flips[] = {
    {"none", HEM__FLIP_NONE},
    {"horizontal", HEM__FLIP_HORIZONTAL},
    {"alternate", HEM__FLIP_ALTERNATE},
    {NULL, 0},
};
static const hem__word fills[] = {
    {"nearest", HEM__FILL_NEAREST},
    {"constant", HEM__FILL_CONSTANT},
    {"reflect", HEM__FILL_REFLECT},
    {NULL, 0},
};
static const hem__word no_or_yes[] = {{"false", false}, {"true", true}, {NULL, 0}};
static const hem__word image_mean[] = {{"mean", -1}, {NULL, 0}};

#define AMOUNT(key_name, key_units, off, text)                                                     \
    {                                                                                              \
        .name = #key_name, .type = HEM__KEY_AMOUNT, FIELD(key_name), .units = (key_units),         \
        .fallback = (off), .help = (text),                                                         \
    }

const hem__key hem__augment_keys[] = {
    AMOUNT(rotation, angle, "0 deg", "Turned by up to so much, either way."),
    {
        .name = "shift",
        .type = HEM__KEY_AMOUNT,
        FIELD(shift),
        PLACE(shift_at),
        .units = distance,
        .two = "[rows, columns]",
        .fallback = "0 px",
        .help = "Moved by up to so much, of the image's side or in pixels; each way apart.",
    },
    AMOUNT(shear, lean, "0 deg",
           "Rows moved by up to so much of their distance from the middle: an angle, or its "
           "tangent."),
    AMOUNT(zoom, part, "0%",
           "Stretched by a factor from 1 - zoom to 1 + zoom, rows and columns apart."),
    {
        .name = "keep_aspect",
        .type = HEM__KEY_BOOL,
        FIELD(keep_aspect),
        PLACE(keep_aspect_at),
        .words = no_or_yes,
        .fallback = "false",
        .help = "Zoom rows and columns by the same factor.",
    },
    {
        .name = "flip",
        .type = HEM__KEY_INT,
        FIELD(flip),
        .words = flips,
        .fallback = "none",
        .help = "Left and right exchanged; horizontal: in half of the images, at random; "
                "alternate: in each image every other epoch.",
    },
    {
        .name = "crop",
        .type = HEM__KEY_AMOUNT,
        FIELD(crop),
        PLACE(crop_at),
        .units = pixels,
        .fallback = "0 px",
        .help = "Padded by so much on every side, then cut out again at a random place.",
    },
    {
        .name = "cutout",
        .type = HEM__KEY_AMOUNT,
        FIELD(cutout),
        PLACE(cutout_at),
        .units = pixels,
        .two = "[smallest, largest]",
        .fallback = "0 px",
        .help = "Side of a square that is erased; its middle is any pixel.",
    },
    {
        .name = "cutout_chance",
        .type = HEM__KEY_AMOUNT,
        FIELD(cutout_chance),
        PLACE(cutout_chance_at),
        .units = share,
        .fallback = "100%",
        .help = "Which part of the images loses a square.",
    },
    {
        .name = "cutout_fill",
        .type = HEM__KEY_INT,
        FIELD(cutout_fill),
        PLACE(cutout_fill_at),
        .min = 0,
        .max = 255,
        .words = image_mean,
        .fallback = "0",
        .help = "What the square becomes; mean: the image's own, by channel.",
    },
    AMOUNT(brightness, share, "0%", "Up to so much of the whole range of 255 added or taken."),
    AMOUNT(contrast, share, "0%",
           "Differences from the image's mean times a factor from 1 - contrast to 1 + contrast."),
    {
        .name = "fill",
        .type = HEM__KEY_INT,
        FIELD(fill),
        .words = fills,
        .fallback = "nearest",
        .help = "What comes in from outside: the nearest pixel, one value, or the image mirrored.",
    },
    {
        .name = "fill_value",
        .type = HEM__KEY_INT,
        FIELD(fill_value),
        PLACE(fill_value_at),
        .min = 0,
        .max = 255,
        .fallback = "0",
        .help = "The value of fill: constant.",
    },
    {.name = NULL},
};

/* A value that is not the default and yet does nothing: something else was meant. */
static hem_status check_effects(const hem_spec *spec, hem_error *err)
{
    const hem__augment_spec *a = &spec->augment;
    bool cuts = a->cutout[1].value > 0;
    const struct {
        bool idle;
        hem__at at;
        const char *key, *without, *remedy;
    } rows[] = {
        {a->keep_aspect && a->zoom.value <= 0, a->keep_aspect_at, "keep_aspect", "zoom",
         "zoom: 10%"},
        {a->cutout_chance.value < 100 && !cuts, a->cutout_chance_at, "cutout_chance", "cutout",
         "cutout: 4 px"},
        {a->cutout_fill != 0 && !cuts, a->cutout_fill_at, "cutout_fill", "cutout", "cutout: 4 px"},
        {a->fill_value != 0 && a->fill != HEM__FILL_CONSTANT, a->fill_value_at, "fill_value",
         "fill: constant", "fill: constant"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].idle)
            continue;
        hem__spec_fail(spec, rows[i].at, err, "'%s' does nothing without '%s'", rows[i].key,
                       rows[i].without);
        return hem__hint(err, "add for example %s, or remove '%s'", rows[i].remedy, rows[i].key);
    }
    return HEM_OK;
}

hem_status hem__augment_together(const hem_spec *spec, hem_error *err)
{
    const hem__amount *cutout = spec->augment.cutout;
    if (cutout[0].value <= cutout[1].value)
        return check_effects(spec, err);
    hem__spec_fail(spec, spec->augment.cutout_at, err,
                   "cutout's smallest side, %.0f px, is larger than its largest, %.0f px",
                   cutout[0].value, cutout[1].value);
    return hem__hint(err, "write the smaller one first");
}

/* The tables of everything in an experiment file but its layers. keys.h says how to read a row. */
#include "spec/keys.h"

#include <string.h>

static const hem__word automatic[] = {{"auto", 0}, {NULL, 0}};
static const hem__word no_or_yes[] = {{"false", false}, {"true", true}, {NULL, 0}};

/* ---- data ----------------------------------------------------------------------------------- */

#define FIELD(member) .offset = offsetof(hem__data_spec, member)

static const hem__key idx_directory = {
    .name = "idx",
    .type = HEM__KEY_TEXT,
    FIELD(directory),
    .max = 4000,
    .help = "Folder with the four IDX files, plain or .gz; relative to the working directory.",
};

static const hem__word known_data[] = {{"any", 0}, {"fashion-mnist", 1}, {"mnist", 2}, {NULL, 0}};
static const hem__key idx_beside[] = {
    {
        .name = "expect",
        .type = HEM__KEY_TEXT,
        FIELD(expect),
        .words = known_data,
        .fallback = "any",
        .help = "Refuse files that are not this data set.",
    },
    {
        .name = "classes",
        .type = HEM__KEY_INT,
        FIELD(classes),
        .min = 2,
        .max = 256,
        .words = automatic,
        .fallback = "auto",
        .help = "How many there are; auto: as a known set says, or the largest training label + 1.",
    },
    {.name = NULL},
};

static const hem__word grey_or_colour[] = {{"1", 1}, {"3", 3}, {NULL, 0}};
static const hem__key synthetic_keys[] = {
    {
        .name = "train",
        .type = HEM__KEY_INT,
        FIELD(synthetic.train),
        .min = 1,
        .max = 10000000,
        .fallback = "6000",
        .help = "Images in the training files; validation is cut from them.",
    },
    {
        .name = "test",
        .type = HEM__KEY_INT,
        FIELD(synthetic.test),
        .min = 1,
        .max = 10000000,
        .fallback = "1000",
        .help = "Images in the test files.",
    },
    {
        .name = "height",
        .type = HEM__KEY_INT,
        FIELD(synthetic.height),
        .min = 8,
        .max = 4096,
        .fallback = "28",
        .help = "Rows of pixels of every image.",
    },
    {
        .name = "width",
        .type = HEM__KEY_INT,
        FIELD(synthetic.width),
        .min = 8,
        .max = 4096,
        .fallback = "28",
        .help = "Pixels in a row.",
    },
    {
        .name = "channels",
        .type = HEM__KEY_INT,
        FIELD(synthetic.channels),
        .words = grey_or_colour,
        .fallback = "1",
        .help = "1 = grey, 3 = red, green and blue.",
    },
    {
        .name = "classes",
        .type = HEM__KEY_INT,
        FIELD(synthetic.classes),
        .min = 2,
        .max = 10,
        .fallback = "10",
        .help = "How many of the ten shapes are drawn.",
    },
    {
        .name = "seed",
        .type = HEM__KEY_SEED,
        FIELD(synthetic.seed),
        .fallback = "0",
        .help = "Another seed draws other images.",
    },
    {.name = NULL},
};

static const hem__alternative data_alternatives[] = {
    {
        .name = "fashion-mnist",
        .kind = HEM__DATA_FASHION_MNIST,
        .example = "data: fashion-mnist",
        .help =
            "60,000 + 10,000 grey images of clothes, 28x28, 10 classes; found by the search order.",
    },
    {
        .name = "idx",
        .kind = HEM__DATA_IDX,
        .value = &idx_directory,
        .beside = idx_beside,
        .example = "data: {idx: my/folder}",
        .help = "IDX files of your own.",
    },
    {
        .name = "synthetic",
        .kind = HEM__DATA_SYNTHETIC,
        .keys = synthetic_keys,
        .example = "data: {synthetic: {train: 6000}}",
        .help = "Simple shapes that hemline draws, where no file can be had.",
    },
    {.name = NULL},
};

static const hem__choice data_choice = {
    .noun = "data",
    .kind = offsetof(hem__data_spec, kind),
    .at = offsetof(hem__data_spec, at),
    .alternatives = data_alternatives,
};

/* ---- validation ----------------------------------------------------------------------------- */

#undef FIELD
#define FIELD(member) .offset = offsetof(hem__validation_spec, member)

static const hem__key first_count = {
    .name = "first",
    .type = HEM__KEY_INT,
    FIELD(count),
    .min = 1,
    .max = 1000000000,
    .help = "How many images.",
};
static const hem__key last_count = {
    .name = "last",
    .type = HEM__KEY_INT,
    FIELD(count),
    .min = 1,
    .max = 1000000000,
    .help = "How many images.",
};
static const hem__key fraction_part = {
    .name = "fraction",
    .type = HEM__KEY_REAL,
    FIELD(fraction),
    .min = 0,
    .max = 1,
    .above_min = true,
    .below_max = true,
    .help = "Which part of the images.",
};
static const hem__key fraction_beside[] = {
    {
        .name = "seed",
        .type = HEM__KEY_SEED,
        FIELD(seed),
        .fallback = "0",
        .help = "The split's own seed: runs with other training seeds keep the same split.",
    },
    {.name = NULL},
};

static const hem__alternative validation_alternatives[] = {
    {
        .name = "none",
        .kind = HEM__VALIDATION_NONE,
        .example = "validation: none",
        .help = "Train on every training image.",
    },
    {
        .name = "first",
        .kind = HEM__VALIDATION_FIRST,
        .value = &first_count,
        .example = "validation: {first: 5000}",
        .help = "The first images of the training files.",
    },
    {
        .name = "last",
        .kind = HEM__VALIDATION_LAST,
        .value = &last_count,
        .example = "validation: {last: 5000}",
        .help = "The last images of the training files.",
    },
    {
        .name = "fraction",
        .kind = HEM__VALIDATION_FRACTION,
        .value = &fraction_part,
        .beside = fraction_beside,
        .example = "validation: {fraction: 0.2, seed: 0}",
        .help = "Images drawn at random.",
    },
    {.name = NULL},
};

static const hem__choice validation_choice = {
    .noun = "validation",
    .kind = offsetof(hem__validation_spec, kind),
    .at = offsetof(hem__validation_spec, at),
    .alternatives = validation_alternatives,
};

/* ---- optimizer ------------------------------------------------------------------------------ */

#undef FIELD
#define FIELD(member) .offset = offsetof(hem__optimizer_spec, member)

/* A rate of 0 learns nothing; above 1000 nothing trains. */
#define LEARNING_RATE(fallback_text)                                                               \
    {                                                                                              \
        .name = "learning_rate", .type = HEM__KEY_REAL, FIELD(learning_rate), .min = 0,            \
        .max = 1000, .above_min = true, .fallback = (fallback_text),                               \
        .help = "How far one step goes along the gradient.",                                       \
    }
/* A share of the old value that is kept: 1 would never let anything new in. */
#define SHARE(key_name, fallback_text, text)                                                       \
    {                                                                                              \
        .name = #key_name, .type = HEM__KEY_REAL, FIELD(key_name), .min = 0, .max = 1,             \
        .below_max = true, .fallback = (fallback_text), .help = (text),                            \
    }

static const hem__key sgd_keys[] = {
    LEARNING_RATE("0.01"),
    {.name = NULL},
};
static const hem__key momentum_keys[] = {
    LEARNING_RATE("0.01"),
    SHARE(momentum, "0.9", "The share of the velocity that stays at each step."),
    SHARE(dampening, "0.0",
          "v = momentum v + (1 - dampening) g; equal to momentum, v is a moving average."),
    {.name = NULL},
};
static const hem__key adam_keys[] = {
    LEARNING_RATE("0.001"),
    SHARE(beta1, "0.9", "The share of the mean gradient that stays at each step."),
    SHARE(beta2, "0.999", "The share of the mean squared gradient that stays at each step."),
    {
        .name = "epsilon",
        .type = HEM__KEY_REAL,
        FIELD(epsilon),
        .min = 0,
        .max = 1,
        .above_min = true,
        .fallback = "1e-7",
        .help = "Added to the root of the mean squared gradient, as Keras does.",
    },
    {.name = NULL},
};

static const hem__alternative optimizer_alternatives[] = {
    {
        .name = "sgd",
        .kind = HEM__OPT_SGD,
        .keys = sgd_keys,
        .example = "optimizer: {sgd: {learning_rate: 0.01}}",
        .help = "Plain gradient descent.",
    },
    {
        .name = "momentum",
        .kind = HEM__OPT_MOMENTUM,
        .keys = momentum_keys,
        .example = "optimizer: {momentum: {learning_rate: 0.01, momentum: 0.9}}",
        .help = "Gradient descent with a velocity.",
    },
    {
        .name = "adam",
        .kind = HEM__OPT_ADAM,
        .keys = adam_keys,
        .example = "optimizer: {adam: {learning_rate: 0.001}}",
        .help = "A step size for every weight (Kingma and Ba, 2015).",
    },
    {.name = NULL},
};

static const hem__choice optimizer_choice = {
    .noun = "optimizer",
    .kind = offsetof(hem__optimizer_spec, kind),
    .at = offsetof(hem__optimizer_spec, at),
    .alternatives = optimizer_alternatives,
};

/* ---- train ---------------------------------------------------------------------------------- */

#undef FIELD
#define FIELD(member) .offset = offsetof(hem__train_spec, member)

static const hem__word only_after_epochs[] = {{"none", 0}, {NULL, 0}};
static const hem__key checkpoint_keys[] = {
    {
        .name = "steps",
        .type = HEM__KEY_INT,
        FIELD(checkpoint_steps),
        .min = 1,
        .max = 1000000000,
        .words = only_after_epochs,
        .fallback = "none",
        .help = "Write a checkpoint every so many steps too, not only after each epoch.",
    },
    {.name = NULL},
};

static const hem__word whole_set[] = {{"all", 0}, {NULL, 0}};
static const hem__word keep_or_drop[] = {{"keep", false}, {"drop", true}, {NULL, 0}};
static const hem__word which_model[] = {
    {"last", HEM__KEEP_LAST},
    {"best validation loss", HEM__KEEP_BEST_LOSS},
    {"best validation accuracy", HEM__KEEP_BEST_ACCURACY},
    {NULL, 0},
};

static const hem__key train_keys[] = {
    {
        .name = "epochs",
        .type = HEM__KEY_INT,
        FIELD(epochs),
        .min = 1,
        .max = 1000000,
        .fallback = "10",
        .help = "How often every training image is seen.",
    },
    {
        .name = "batch",
        .type = HEM__KEY_INT,
        FIELD(batch),
        .at = offsetof(hem__train_spec, batch_at),
        .min = 1,
        .max = 10000000,
        .words = whole_set,
        .fallback = "32",
        .help = "Images that each step averages the gradient over.",
    },
    {
        .name = "optimizer",
        .type = HEM__KEY_CHOICE,
        FIELD(optimizer),
        .choice = &optimizer_choice,
        .fallback = "adam",
        .help = "How the gradient changes the weights.",
    },
    {
        .name = "keep",
        .type = HEM__KEY_INT,
        FIELD(keep),
        .at = offsetof(hem__train_spec, keep_at),
        .words = which_model,
        .fallback = "last",
        .help = "Which epoch's model is kept and tested; the best needs a validation part.",
    },
    {
        .name = "shuffle",
        .type = HEM__KEY_BOOL,
        FIELD(shuffle),
        .words = no_or_yes,
        .fallback = "true",
        .help = "Put the training images into a new order every epoch.",
    },
    {
        .name = "last_batch",
        .type = HEM__KEY_BOOL,
        FIELD(drop_last),
        .words = keep_or_drop,
        .fallback = "keep",
        .help = "What happens to the images left over when an epoch does not divide into batches.",
    },
    {
        .name = "groups",
        .type = HEM__KEY_INT,
        FIELD(groups),
        .at = offsetof(hem__train_spec, groups_at),
        .min = 1,
        .max = 1000000,
        .words = automatic,
        .fallback = "auto",
        .help = "Parts of a batch whose gradients are summed apart; part of the bits of a run.",
    },
    {
        .name = "checkpoint",
        .type = HEM__KEY_MAP,
        .keys = checkpoint_keys, /* fills the same struct: offset 0 */
        .fallback = "",
        .help = "When checkpoints are written.",
    },
    {
        .name = "seed",
        .type = HEM__KEY_SEED,
        FIELD(seed),
        .fallback = "0",
        .help = "Decides initial weights, order of the images and dropout.",
    },
    {.name = NULL},
};

/* ---- top level ------------------------------------------------------------------------------ */

#undef FIELD
#define FIELD(member) .offset = offsetof(hem_spec, member)

static const hem__word scales[] = {
    {"none", HEM__SCALE_NONE},
    {"1/255", HEM__SCALE_255},
    {"standardize", HEM__SCALE_STANDARDIZE},
    {NULL, 0},
};

const hem__key hem__top_keys[] = {
    {
        .name = "name",
        .type = HEM__KEY_TEXT,
        FIELD(name),
        .max = 128,
        .fallback = "",
        .label = true,
        .help = "Names runs and reports; default: the file's name without its ending.",
    },
    {
        .name = "description",
        .type = HEM__KEY_TEXT,
        FIELD(description),
        .max = 10000,
        .fallback = "",
        .label = true,
        .help = "Free text for people.",
    },
    {
        .name = "data",
        .type = HEM__KEY_CHOICE,
        FIELD(data),
        .choice = &data_choice,
        .help = "What is learned.",
    },
    {
        .name = "scale",
        .type = HEM__KEY_INT,
        FIELD(scale),
        .words = scales,
        .fallback = "1/255",
        .help =
            "What is done to pixels 0..255; standardize: mean 0, variance 1 of the training part.",
    },
    {
        .name = "validation",
        .type = HEM__KEY_CHOICE,
        FIELD(validation),
        .choice = &validation_choice,
        .fallback = "none",
        .help = "Training images that are held back to watch the training.",
    },
    {
        .name = "model",
        .type = HEM__KEY_LAYERS,
        FIELD(model),
        .choice = &hem__layer_choice,
        .help = "The layers, from the image to the classes: 1 to 1000.",
    },
    {
        .name = "train",
        .type = HEM__KEY_MAP,
        FIELD(train),
        .keys = train_keys,
        .fallback = "",
        .help = "How it is learned.",
    },
    {.name = NULL},
};

/* ---- looking up ----------------------------------------------------------------------------- */

const hem__key *hem__key_find(const hem__key *keys, const char *name)
{
    for (; keys != NULL && keys->name != NULL; keys++) {
        if (strcmp(keys->name, name) == 0)
            return keys;
    }
    return NULL;
}

const hem__alternative *hem__alternative_find(const hem__choice *choice, const char *name)
{
    for (const hem__alternative *a = choice->alternatives; a->name != NULL; a++) {
        if (strcmp(a->name, name) == 0)
            return a;
    }
    return NULL;
}

const hem__alternative *hem__alternative_of(const hem__choice *choice, const void *record)
{
    int kind;
    memcpy(&kind, (const char *)record + choice->kind, sizeof kind); /* an enum, of int's size */
    const hem__alternative *a = choice->alternatives;
    while (a->kind != kind)
        a++;
    return a;
}

const char *hem__optimizer_name(hem__optimizer_kind kind)
{
    return optimizer_alternatives[kind].name;
}

const char *hem__keep_name(hem__keep keep)
{
    return which_model[keep].name;
}

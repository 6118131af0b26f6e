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
static const hem__key known_beside[] = {
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
    {
        .name = "labels",
        .type = HEM__KEY_MAP,
        .keys = hem__labels_keys, /* fills the same struct: offset 0 */
        .fallback = "",
        .help = "How labels are counted.",
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
        .beside = known_beside,
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
    {
        .name = "csv",
        .kind = HEM__DATA_CSV,
        .keys = hem__csv_keys,
        .beside = known_beside,
        .example = "data: {csv: {train: fashion-mnist_train.csv, test: fashion-mnist_test.csv}}",
        .help = "Text files with a row of pixels 0..255 and a label for each image, as Kaggle's.",
    },
    {
        .name = "images",
        .kind = HEM__DATA_IMAGES,
        .value = &hem__image_folder,
        .example = "data: {images: my/folder}",
        .help =
            "PNG, JPEG, PGM or PPM files in a folder for each class, in folders train and test.",
    },
    {
        .name = "npz",
        .kind = HEM__DATA_NPZ,
        .value = &hem__npz_file,
        .beside = known_beside,
        .example = "data: {npz: fashion-mnist.npz}",
        .help = "NumPy arrays in one file, as Keras keeps its data sets.",
    },
    {
        .name = "npy",
        .kind = HEM__DATA_NPY,
        .keys = hem__npy_keys,
        .beside = known_beside,
        .example = "data: {npy: {train_images: a.npy, train_labels: b.npy, test_images: c.npy, "
                   "test_labels: d.npy}}",
        .help = "NumPy arrays in a file each.",
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
        .name = "stratify",
        .type = HEM__KEY_BOOL,
        FIELD(stratify),
        .words = no_or_yes,
        .fallback = "false",
        .help = "Take the same part of every class, to within one image.",
    },
    {
        .name = "seed",
        .type = HEM__KEY_SEED,
        FIELD(seed),
        .fallback = "0",
        .help = "The split's own seed: runs with other training seeds keep the same split.",
    },
    {.name = NULL},
};

static const hem__key fold_number = {
    .name = "fold",
    .type = HEM__KEY_INT,
    FIELD(fold),
    .min = 1,
    .max = 1000000000,
    .help = "Which fold, counted from 1.",
};
static const hem__key fold_beside[] = {
    {
        .name = "of",
        .type = HEM__KEY_INT,
        FIELD(folds),
        .min = 2,
        .max = 1000000000,
        .help = "How many folds the images are cut into.",
    },
    {
        .name = "stratify",
        .type = HEM__KEY_BOOL,
        FIELD(stratify),
        .words = no_or_yes,
        .fallback = "false",
        .help = "Every fold gets its share of every class.",
    },
    {
        .name = "seed",
        .type = HEM__KEY_SEED,
        FIELD(seed),
        .fallback = "0",
        .help = "Of the shuffle before the cut: all folds of one seed fit together.",
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
    {
        .name = "fold",
        .kind = HEM__VALIDATION_FOLD,
        .value = &fold_number,
        .beside = fold_beside,
        .example = "validation: {fold: 1, of: 5}",
        .help = "One fold of a cross-validation; 'hemline kfold' runs them all.",
    },
    {
        .name = "files",
        .kind = HEM__VALIDATION_FILES,
        .value = &hem__validation_files_keys[0],
        .keys = hem__validation_files_keys,
        .example = "validation: {files: my/validation.csv}",
        .help = "Files of their own, of the data's kind; all training images train.",
    },
    {.name = NULL},
};

static const hem__choice validation_choice = {
    .noun = "validation",
    .kind = offsetof(hem__validation_spec, kind),
    .at = offsetof(hem__validation_spec, at),
    .alternatives = validation_alternatives,
};

/* ---- loss ----------------------------------------------------------------------------------- */

#undef FIELD
#define FIELD(member) .offset = offsetof(hem__loss_spec, member)

static const hem__key cross_entropy_keys[] = {
    {
        .name = "label_smoothing",
        .type = HEM__KEY_REAL,
        FIELD(label_smoothing),
        .min = 0,
        .max = 1,
        .below_max = true,
        .fallback = "0.0",
        .help = "The share of each target that is spread evenly over all classes, in training "
                "steps only.",
    },
    {.name = NULL},
};

/* In the order of hem__loss_kind. */
static const hem__alternative loss_alternatives[] = {
    {
        .name = "cross_entropy",
        .kind = HEM__LOSS_CROSS_ENTROPY,
        .keys = cross_entropy_keys,
        .example = "loss: {cross_entropy: {label_smoothing: 0.1}}",
        .help = "-ln of the probability of the true class; the model ends in softmax.",
    },
    {
        .name = "binary_cross_entropy",
        .kind = HEM__LOSS_BINARY_CROSS_ENTROPY,
        .example = "loss: binary_cross_entropy",
        .help = "Each output is a yes or no of its own, summed over the classes; the model ends in "
                "sigmoid.",
    },
    {
        .name = "half_squared_error",
        .kind = HEM__LOSS_HALF_SQUARED_ERROR,
        .example = "loss: half_squared_error",
        .help = "Half the sum over the classes of (output - target)^2; the model ends in sigmoid "
                "or softmax.",
    },
    {.name = NULL},
};

static const hem__choice loss_choice = {
    .noun = "loss",
    .kind = offsetof(hem__loss_spec, kind),
    .at = offsetof(hem__loss_spec, at),
    .alternatives = loss_alternatives,
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

static const hem__key adamw_keys[] = {
    LEARNING_RATE("0.001"),
    {
        .name = "weight_decay",
        .type = HEM__KEY_REAL,
        FIELD(weight_decay),
        .min = 0,
        .max = 100,
        .fallback = "0.01",
        .help = "Shrinks weights, not biases, by learning_rate times this at each step.",
    },
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
static const hem__key nesterov_keys[] = {
    LEARNING_RATE("0.01"),
    SHARE(momentum, "0.9", "The share of the velocity that stays at each step."),
    SHARE(dampening, "0.0",
          "v = momentum v + (1 - dampening) g; the step goes along g + momentum v."),
    {.name = NULL},
};
static const hem__key rmsprop_keys[] = {
    LEARNING_RATE("0.001"),
    SHARE(rho, "0.9", "The share of the mean squared gradient that stays at each step."),
    SHARE(momentum, "0.0", "The share of the last step that is made again."),
    {
        .name = "epsilon",
        .type = HEM__KEY_REAL,
        FIELD(epsilon),
        .min = 0,
        .max = 1,
        .above_min = true,
        .fallback = "1e-7",
        .help = "Added to the mean squared gradient, below the root, as Keras does.",
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
        .name = "nesterov",
        .kind = HEM__OPT_NESTEROV,
        .keys = nesterov_keys,
        .example = "optimizer: {nesterov: {learning_rate: 0.01, momentum: 0.9}}",
        .help = "A velocity that looks a step ahead (Sutskever et al., 2013).",
    },
    {
        .name = "adam",
        .kind = HEM__OPT_ADAM,
        .keys = adam_keys,
        .example = "optimizer: {adam: {learning_rate: 0.001}}",
        .help = "A step size for every weight (Kingma and Ba, 2015).",
    },
    {
        .name = "adamw",
        .kind = HEM__OPT_ADAMW,
        .keys = adamw_keys,
        .example = "optimizer: {adamw: {learning_rate: 0.001, weight_decay: 0.01}}",
        .help = "Adam with weights that shrink apart from it (Loshchilov and Hutter, 2019).",
    },
    {
        .name = "rmsprop",
        .kind = HEM__OPT_RMSPROP,
        .keys = rmsprop_keys,
        .example = "optimizer: {rmsprop: {learning_rate: 0.001}}",
        .help = "Steps divided by the root of the mean squared gradient (Hinton, 2012).",
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

static const hem__word no_limit[] = {{"none", 0}, {NULL, 0}};

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
        .name = "loss",
        .type = HEM__KEY_CHOICE,
        FIELD(loss),
        .choice = &loss_choice,
        .fallback = "cross_entropy",
        .help = "What training makes small, as the mean over the images.",
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
        .name = "schedule",
        .type = HEM__KEY_CHOICE,
        FIELD(schedule),
        .choice = &hem__schedule_choice,
        .fallback = "constant",
        .help = "How the learning rate changes while training.",
    },
    {
        .name = "warmup",
        .type = HEM__KEY_REAL,
        FIELD(warmup),
        .at = offsetof(hem__train_spec, warmup_at),
        .min = 0,
        .max = 1000000,
        .fallback = "0.0",
        .help = "Epochs, in front of the schedule, in which the learning rate rises from 0.",
    },
    {
        .name = "clip_norm",
        .type = HEM__KEY_REAL,
        FIELD(clip_norm),
        .min = 0,
        .max = 1e6,
        .above_min = true,
        .words = no_limit,
        .fallback = "none",
        .help = "A gradient, of all weights together, that is longer is cut to this length.",
    },
    {
        .name = "ema",
        .type = HEM__KEY_REAL,
        FIELD(ema),
        .min = 0,
        .max = 1,
        .above_min = true,
        .below_max = true,
        .words = no_limit,
        .fallback = "none",
        .help = "Validate, keep and test a moving average of the weights: the share that stays.",
    },
    {
        .name = "early_stopping",
        .type = HEM__KEY_CHOICE,
        FIELD(early_stopping),
        .choice = &hem__stopping_choice,
        .fallback = "none",
        .help = "Whether training ends when validation gets no better.",
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
        .help = "Decides initial weights, order of the images, dropout and augmentation.",
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
    {"standardize by pixel", HEM__SCALE_BY_PIXEL},
    {"standardize by image", HEM__SCALE_BY_IMAGE},
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
        .help = "What is done to pixels 0..255; standardize: mean 0, variance 1 of the training "
                "part, of "
                "each pixel of it, or of each image.",
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
        .name = "augment",
        .type = HEM__KEY_MAP,
        FIELD(augment),
        .keys = hem__augment_keys,
        .fallback = "none",
        .help = "How training images are changed at random, anew in every epoch.",
    },
    {
        .name = "defaults",
        .type = HEM__KEY_DEFAULTS,
        .choice = &hem__layer_choice,
        .fallback = "",
        .help = "Values by kind of layer, for layers that do not say otherwise themselves.",
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

const char *hem__loss_name(hem__loss_kind kind)
{
    return loss_alternatives[kind].name;
}

const char *hem__keep_name(hem__keep keep)
{
    return which_model[keep].name;
}

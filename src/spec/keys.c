/* The tables of an experiment file's top level, losses, optimizers and training. keys.h says how to
 * read a row. */
#include "spec/keys.h"

#include <string.h>

static const hem__word automatic[] = {{"auto", 0}, {NULL, 0}};
static const hem__word no_or_yes[] = {{"false", false}, {"true", true}, {NULL, 0}};

/* ---- loss ----------------------------------------------------------------------------------- */

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

/* What adam and adamw share. */
#define ADAM_MOMENTS                                                                               \
    SHARE(beta1, "0.9", "The share of the mean gradient that stays at each step."),                \
        SHARE(beta2, "0.999", "The share of the mean squared gradient that stays at each step."),  \
    {                                                                                              \
        .name = "epsilon", .type = HEM__KEY_REAL, FIELD(epsilon), .min = 0, .max = 1,              \
        .above_min = true, .fallback = "1e-7",                                                     \
        .help = "Added to the root of the mean squared gradient, as Keras does.",                  \
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
    ADAM_MOMENTS,
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
    ADAM_MOMENTS,
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
        .choice = &hem__data_choice,
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
        .choice = &hem__validation_choice,
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

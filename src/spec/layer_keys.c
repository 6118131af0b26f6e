/* The tables of the layers. keys.h says how to read a row. */
#include "spec/keys.h"

#include <stddef.h>

_Static_assert(sizeof(hem__layer_kind) == sizeof(int) && sizeof(hem__padding) == sizeof(int),
               "tables write enums as int");

#define FIELD(member) .offset = offsetof(hem__layer_spec, member)
#define PLACE(member) .at = offsetof(hem__layer_spec, member)

static const hem__word paddings[] = {
    {"valid", HEM__PAD_VALID},
    {"same", HEM__PAD_SAME},
    {NULL, 0},
};
static const hem__word activations[] = {
    {"none", HEM__ACT_NONE},       {"relu", HEM__ACT_RELU},       {"tanh", HEM__ACT_TANH},
    {"sigmoid", HEM__ACT_SIGMOID}, {"softmax", HEM__ACT_SOFTMAX}, {NULL, 0},
};
static const hem__word initializers[] = {
    {"glorot", HEM__INIT_GLOROT},
    {"he", HEM__INIT_HE},
    {NULL, 0},
};
static const hem__word no_or_yes[] = {{"false", false}, {"true", true}, {NULL, 0}};

/* What conv and dense share. */
#define ACTIVATION                                                                                 \
    {                                                                                              \
        .name = "activation", .type = HEM__KEY_INT, FIELD(activation), .words = activations,       \
        .fallback = "none", .help = "Applied to the outputs.",                                     \
    }
#define WEIGHTS                                                                                    \
    {                                                                                              \
        .name = "l2",                                                                              \
        .type = HEM__KEY_REAL,                                                                     \
        FIELD(l2),                                                                                 \
        .min = 0,                                                                                  \
        .max = 1e6,                                                                                \
        .fallback = "0.0",                                                                         \
        .help = "Adds l2 times the sum of the squared weights, not the biases, to the loss.",      \
    },                                                                                             \
        {                                                                                          \
            .name = "init",                                                                        \
            .type = HEM__KEY_INT,                                                                  \
            FIELD(initializer),                                                                    \
            .words = initializers,                                                                 \
            .fallback = "glorot",                                                                  \
            .help = "The uniform distribution of the first weights.",                              \
        },                                                                                         \
    {                                                                                              \
        .name = "bias", .type = HEM__KEY_BOOL, FIELD(bias), .words = no_or_yes,                    \
        .fallback = "true", .help = "Add a number to each output, at first 0.",                    \
    }
#define FREEZE                                                                                     \
    {                                                                                              \
        .name = "freeze", .type = HEM__KEY_BOOL, FIELD(freeze), .words = no_or_yes,                \
        .fallback = "false",                                                                       \
        .help = "Keep the weights as they are: training does not change them.",                    \
    }
#define PADDING(member)                                                                            \
    {                                                                                              \
        .name = "padding", .type = HEM__KEY_INT, FIELD(member), .words = paddings,                 \
        .fallback = "valid",                                                                       \
        .help =                                                                                    \
            "valid: only whole windows; same: the output is the input's size over the stride.",    \
    }

static const hem__key conv_keys[] = {
    {
        .name = "filters",
        .type = HEM__KEY_INT,
        FIELD(u.conv.filters),
        PLACE(u.conv.filters_at),
        .min = 1,
        .max = 2000000000, /* what the machine can hold is for the network to say, in bytes */
        .help = "Output channels.",
    },
    {
        .name = "kernel",
        .type = HEM__KEY_PAIR,
        FIELD(u.conv.kernel),
        PLACE(u.conv.kernel_at),
        .min = 1,
        .max = 4096,
        .help = "Size of the window.",
    },
    {
        .name = "stride",
        .type = HEM__KEY_PAIR,
        FIELD(u.conv.stride),
        PLACE(u.conv.stride_at),
        .min = 1,
        .max = 4096,
        .fallback = "1",
        .help = "Pixels from one window to the next.",
    },
    PADDING(u.conv.padding),
    ACTIVATION,
    WEIGHTS,
    FREEZE,
    {.name = NULL},
};

static const hem__key dense_keys[] = {
    {
        .name = "units",
        .type = HEM__KEY_INT,
        FIELD(u.dense.units),
        PLACE(u.dense.units_at),
        .min = 1,
        .max = 2000000000,
        .help = "Outputs.",
    },
    ACTIVATION,
    WEIGHTS,
    FREEZE,
    {.name = NULL},
};

static const hem__key pool_keys[] = {
    {
        .name = "size",
        .type = HEM__KEY_PAIR,
        FIELD(u.pool.size),
        PLACE(u.pool.size_at),
        .min = 1,
        .max = 4096,
        .help = "Size of the window.",
    },
    {
        .name = "stride",
        .type = HEM__KEY_PAIR,
        FIELD(u.pool.stride),
        PLACE(u.pool.stride_at),
        .min = 1,
        .max = 4096,
        .like = "size",
        .help = "Pixels from one window to the next.",
    },
    PADDING(u.pool.padding),
    {.name = NULL},
};

static const hem__key dropout_rate = {
    .name = "dropout",
    .type = HEM__KEY_REAL,
    FIELD(u.dropout.rate),
    .min = 0,
    .max = 1,
    .below_max = true,
    .help = "The share of the values that a training step sets to 0.",
};

static const hem__key norm_keys[] = {
    {
        .name = "momentum",
        .type = HEM__KEY_REAL,
        FIELD(u.norm.momentum),
        .min = 0,
        .max = 1,
        .below_max = true,
        .fallback = "0.99",
        .help = "The share of the running mean and variance that stays at each step.",
    },
    {
        .name = "epsilon",
        .type = HEM__KEY_REAL,
        FIELD(u.norm.epsilon),
        .min = 0,
        .max = 1,
        .above_min = true,
        .fallback = "0.001",
        .help = "Added to the variance before its root is taken.",
    },
    {
        .name = "scale",
        .type = HEM__KEY_BOOL,
        FIELD(u.norm.scale),
        .words = no_or_yes,
        .fallback = "true",
        .help = "Multiply by a learned number, at first 1.",
    },
    {
        .name = "center",
        .type = HEM__KEY_BOOL,
        FIELD(u.norm.center),
        .words = no_or_yes,
        .fallback = "true",
        .help = "Add a learned number, at first 0.",
    },
    FREEZE,
    {.name = NULL},
};

static const hem__key residual_keys[] = {
    {
        .name = "layers",
        .type = HEM__KEY_LAYERS,
        FIELD(u.residual.layers),
        .choice = &hem__layer_choice,
        .help = "What the input goes through before it is added to itself.",
    },
    {
        .name = "shortcut",
        .type = HEM__KEY_LAYERS,
        FIELD(u.residual.shortcut),
        .choice = &hem__layer_choice,
        .fallback = "[]",
        .help = "What the input goes through on the other way; no layers: the input itself.",
    },
    {.name = NULL},
};

#define BARE(id, word, text)                                                                       \
    {                                                                                              \
        .name = (word), .kind = HEM__LAYER_##id, .example = "- " word, .help = (text),             \
    }

static const hem__alternative layers[] = {
    {
        .name = "conv",
        .kind = HEM__LAYER_CONV,
        .keys = conv_keys,
        .example = "- conv: {filters: 32, kernel: 3, activation: relu}",
        .help = "Convolution: the same small filters at every place of the image.",
    },
    {
        .name = "dense",
        .kind = HEM__LAYER_DENSE,
        .keys = dense_keys,
        .example = "- dense: {units: 10, activation: softmax}",
        .help = "Every output from every input.",
    },
    {
        .name = "maxpool",
        .kind = HEM__LAYER_MAXPOOL,
        .value = &pool_keys[0],
        .keys = pool_keys,
        .example = "- maxpool: 2",
        .help = "The largest value of each window.",
    },
    {
        .name = "avgpool",
        .kind = HEM__LAYER_AVGPOOL,
        .value = &pool_keys[0],
        .keys = pool_keys,
        .example = "- avgpool: 2",
        .help = "The mean of each window.",
    },
    BARE(GLOBAL_MAXPOOL, "global_maxpool", "The largest value of each channel."),
    BARE(GLOBAL_AVGPOOL, "global_avgpool", "The mean of each channel."),
    BARE(FLATTEN, "flatten", "Rows, columns and channels become one row of numbers."),
    {
        .name = "dropout",
        .kind = HEM__LAYER_DROPOUT,
        .value = &dropout_rate,
        .example = "- dropout: 0.3",
        .help = "Sets values to 0 at random while training; the others grow to make up for it.",
    },
    {
        .name = "batchnorm",
        .kind = HEM__LAYER_BATCHNORM,
        .keys = norm_keys,
        .example = "- batchnorm",
        .help = "Mean 0 and variance 1 over the batch, for each channel of a map or each unit.",
    },
    {
        .name = "residual",
        .kind = HEM__LAYER_RESIDUAL,
        .value = &residual_keys[0],
        .keys = residual_keys,
        .example = "- residual: [{conv: {filters: 32, kernel: 3, padding: same}}, batchnorm]",
        .help = "The sum of what its layers make of the input and the input itself.",
    },
    BARE(RELU, "relu", "max(x, 0)."),
    BARE(TANH, "tanh", "The hyperbolic tangent."),
    BARE(SIGMOID, "sigmoid", "1 / (1 + exp(-x))."),
    BARE(SOFTMAX, "softmax", "Positive numbers that add up to 1, as the last layer gives them."),
    {.name = NULL},
};

const hem__choice hem__layer_choice = {
    .noun = "layer",
    .kind = offsetof(hem__layer_spec, kind),
    .at = offsetof(hem__layer_spec, at),
    .fixed = true,
    .alternatives = layers,
};

const char *hem__activation_name(hem__activation activation)
{
    return activations[activation].name;
}

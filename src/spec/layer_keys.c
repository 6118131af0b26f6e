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
static const hem__word no_or_yes[] = {{"false", false}, {"true", true}, {NULL, 0}};

/* ---- activations: conv's and dense's, and the layers ------------------------------------------
 */

static const hem__key leaky_relu_keys[] = {
    {
        .name = "slope",
        .type = HEM__KEY_REAL,
        FIELD(act.slope),
        .min = 0,
        .max = 1,
        .fallback = "0.01",
        .help = "The factor of negative numbers.",
    },
    {.name = NULL},
};

static const hem__key elu_keys[] = {
    {
        .name = "alpha",
        .type = HEM__KEY_REAL,
        FIELD(act.alpha),
        .min = 0,
        .max = 100,
        .fallback = "1.0",
        .help = "Large negative numbers become -alpha.",
    },
    {.name = NULL},
};

static const hem__word per_what[] = {
    {"channel", HEM__PER_CHANNEL},
    {"unit", HEM__PER_UNIT},
    {NULL, 0},
};
#define PRELU_KEYS                                                                                 \
    {                                                                                              \
        .name = "init",                                                                            \
        .type = HEM__KEY_REAL,                                                                     \
        FIELD(act.init),                                                                           \
        .min = -100,                                                                               \
        .max = 100,                                                                                \
        .fallback = "0.25",                                                                        \
        .help = "Every slope before training.",                                                    \
    },                                                                                             \
    {                                                                                              \
        .name = "per", .type = HEM__KEY_INT, FIELD(act.per), .words = per_what,                    \
        .fallback = "channel",                                                                     \
        .help = "What has a slope of its own; a unit is one pixel of one channel.",                \
    }
static const hem__key prelu_keys[] = {
    PRELU_KEYS,
    {.name = NULL},
};

#define LEAKY_RELU_HELP "x where x > 0, else slope x."
#define ELU_HELP "x where x > 0, else alpha (exp(x) - 1)."
#define GELU_HELP "x times the share of the standard normal distribution below x, exactly (erf)."
#define SILU_HELP "x / (1 + exp(-x))."
#define PRELU_HELP "x where x > 0, else x times a slope that is learned, without a penalty."

#define WORD(id, word, text)                                                                       \
    {                                                                                              \
        .name = (word), .kind = HEM__ACT_##id, .example = "activation: " word, .help = (text),     \
    }

/* In the order of hem__activation. */
static const hem__alternative activations[] = {
    WORD(NONE, "none", "The outputs as they are."),
    WORD(RELU, "relu", "max(x, 0)."),
    WORD(TANH, "tanh", "The hyperbolic tangent."),
    WORD(SIGMOID, "sigmoid", "1 / (1 + exp(-x))."),
    WORD(SOFTMAX, "softmax", "Positive numbers that add up to 1."),
    {
        .name = "leaky_relu",
        .kind = HEM__ACT_LEAKY_RELU,
        .value = &leaky_relu_keys[0],
        .keys = leaky_relu_keys,
        .example = "activation: {leaky_relu: 0.1}",
        .help = LEAKY_RELU_HELP,
    },
    {
        .name = "elu",
        .kind = HEM__ACT_ELU,
        .value = &elu_keys[0],
        .keys = elu_keys,
        .example = "activation: {elu: 0.5}",
        .help = ELU_HELP,
    },
    WORD(GELU, "gelu", GELU_HELP),
    WORD(SILU, "silu", SILU_HELP),
    {
        .name = "prelu",
        .kind = HEM__ACT_PRELU,
        .value = &prelu_keys[0],
        .keys = prelu_keys,
        .example = "activation: {prelu: {init: 0.25, per: channel}}",
        .help = PRELU_HELP,
    },
    {.name = NULL},
};

/* Fills the layer itself: its offsets are those of a hem__layer_spec. */
static const hem__choice activation_choice = {
    .noun = "activation",
    .kind = offsetof(hem__layer_spec, activation),
    .at = offsetof(hem__layer_spec, act.at),
    .alternatives = activations,
};

/* ---- initial weights and biases ---------------------------------------------------------------
 */

#define VALUE(key_name, least, open, text)                                                         \
    {                                                                                              \
        .name = (key_name), .type = HEM__KEY_REAL, .offset = offsetof(hem__init_spec, value),      \
        .min = (least), .max = 1000, .above_min = (open), .help = (text),                          \
    }
static const hem__key constant = VALUE("constant", -1000, false, "The number.");
static const hem__key half_width = VALUE("uniform", 0, true, "Half the width of the range.");
static const hem__key deviation = VALUE("normal", 0, true, "The standard deviation.");

/* In the order of hem__init_kind. The four that need no fan are those that a bias may have, too. */
#define WITHOUT_FAN(key)                                                                           \
    {                                                                                              \
        .name = "zeros",                                                                           \
        .kind = HEM__INIT_ZEROS,                                                                   \
        .example = key ": zeros",                                                                  \
        .help = "All 0; hidden units that are all alike stay alike.",                              \
    },                                                                                             \
        {                                                                                          \
            .name = "constant",                                                                    \
            .kind = HEM__INIT_CONSTANT,                                                            \
            .value = &constant,                                                                    \
            .example = key ": {constant: 0.1}",                                                    \
            .help = "All the same number.",                                                        \
        },                                                                                         \
        {                                                                                          \
            .name = "uniform",                                                                     \
            .kind = HEM__INIT_UNIFORM,                                                             \
            .value = &half_width,                                                                  \
            .example = key ": {uniform: 0.05}",                                                    \
            .help = "Evenly from minus the number to the number.",                                 \
        },                                                                                         \
    {                                                                                              \
        .name = "normal", .kind = HEM__INIT_NORMAL, .value = &deviation,                           \
        .example = key ": {normal: 0.05}",                                                         \
        .help = "The normal distribution around 0, not truncated.",                                \
    }
#define BY_FAN(word, id, text)                                                                     \
    {                                                                                              \
        .name = (word), .kind = HEM__INIT_##id, .example = "init: " word, .help = (text),          \
    }

static const hem__alternative initializers[] = {
    WITHOUT_FAN("init"),
    BY_FAN("glorot", GLOROT, "Uniform within sqrt(6 / (inputs + outputs)) of 0."),
    BY_FAN("glorot_normal", GLOROT_NORMAL, "Normal of variance 2 / (inputs + outputs)."),
    BY_FAN("he", HE, "Uniform within sqrt(6 / inputs) of 0."),
    BY_FAN("he_normal", HE_NORMAL, "Normal of variance 2 / inputs."),
    BY_FAN("lecun", LECUN, "Uniform within sqrt(3 / inputs) of 0."),
    BY_FAN("lecun_normal", LECUN_NORMAL, "Normal of variance 1 / inputs."),
    {.name = NULL},
};
static const hem__alternative bias_initializers[] = {WITHOUT_FAN("bias_init"), {.name = NULL}};

static const hem__choice init_choice = {
    .noun = "init",
    .kind = offsetof(hem__init_spec, kind),
    .at = offsetof(hem__init_spec, at),
    .alternatives = initializers,
};
static const hem__choice bias_init_choice = {
    .noun = "bias_init",
    .kind = offsetof(hem__init_spec, kind),
    .at = offsetof(hem__init_spec, at),
    .alternatives = bias_initializers,
};

/* ---- what conv and dense share ----------------------------------------------------------------
 */

#define PENALTY(member, text)                                                                      \
    {                                                                                              \
        .name = #member, .type = HEM__KEY_REAL, FIELD(member), .min = 0, .max = 1e6,               \
        .fallback = "0.0", .help = (text),                                                         \
    }
#define ACTIVATION                                                                                 \
    {                                                                                              \
        .name = "activation", .type = HEM__KEY_CHOICE, .choice = &activation_choice,               \
        .fallback = "none", .help = "Applied to the outputs.",                                     \
    }
#define WEIGHTS                                                                                    \
    PENALTY(l2, "Adds l2 times the sum of the squared weights, not the biases, to the loss."),     \
        PENALTY(l1, "Adds l1 times the sum of the weights' sizes, not the biases', to the loss."), \
        PENALTY(bias_l2, "As l2, of the biases."), PENALTY(bias_l1, "As l1, of the biases."),      \
        {                                                                                          \
            .name = "init",                                                                        \
            .type = HEM__KEY_CHOICE,                                                               \
            FIELD(init),                                                                           \
            .choice = &init_choice,                                                                \
            .fallback = "glorot",                                                                  \
            .help = "The first weights.",                                                          \
        },                                                                                         \
        {                                                                                          \
            .name = "bias",                                                                        \
            .type = HEM__KEY_BOOL,                                                                 \
            FIELD(bias),                                                                           \
            .words = no_or_yes,                                                                    \
            .fallback = "true",                                                                    \
            .help = "Add a number to each output.",                                                \
        },                                                                                         \
    {                                                                                              \
        .name = "bias_init", .type = HEM__KEY_CHOICE, FIELD(bias_init),                            \
        .choice = &bias_init_choice, .fallback = "zeros", .help = "The first biases.",             \
    }
#define FREEZE                                                                                     \
    {                                                                                              \
        .name = "freeze", .type = HEM__KEY_BOOL, FIELD(freeze), .words = no_or_yes,                \
        .fallback = "false",                                                                       \
        .help = "Keep the weights as they are: training does not change them.",                    \
    }
static const hem__key prelu_layer_keys[] = {
    PRELU_KEYS,
    FREEZE,
    {.name = NULL},
};
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
    {
        .name = "leaky_relu",
        .kind = HEM__LAYER_LEAKY_RELU,
        .value = &leaky_relu_keys[0],
        .keys = leaky_relu_keys,
        .example = "- leaky_relu: 0.1",
        .help = LEAKY_RELU_HELP,
    },
    {
        .name = "elu",
        .kind = HEM__LAYER_ELU,
        .value = &elu_keys[0],
        .keys = elu_keys,
        .example = "- elu",
        .help = ELU_HELP,
    },
    BARE(GELU, "gelu", GELU_HELP),
    BARE(SILU, "silu", SILU_HELP),
    {
        .name = "prelu",
        .kind = HEM__LAYER_PRELU,
        .value = &prelu_layer_keys[0],
        .keys = prelu_layer_keys,
        .example = "- prelu: {init: 0, per: unit}",
        .help = PRELU_HELP,
    },
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
    return activations[activation].name; /* the list is in the order of the enum */
}

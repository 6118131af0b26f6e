/* The tables of how training goes on: schedules of the learning rate, early stopping. keys.h says
 * how to read a row. */
#include "spec/keys.h"

static const hem__word to_the_end[] = {{"auto", 0}, {NULL, 0}};

/* ---- schedule ------------------------------------------------------------------------------- */

#define FIELD(member) .offset = offsetof(hem__schedule_spec, member)

#define FACTOR(fallback_text, text)                                                                \
    {                                                                                              \
        .name = "factor", .type = HEM__KEY_REAL, FIELD(factor), .min = 0, .max = 1,                \
        .above_min = true, .fallback = (fallback_text), .help = (text),                            \
    }
#define EPOCHS                                                                                     \
    {                                                                                              \
        .name = "epochs", .type = HEM__KEY_INT, FIELD(epochs),                                     \
        .at = offsetof(hem__schedule_spec, epochs_at), .min = 1, .max = 1000000,                   \
        .words = to_the_end, .fallback = "auto",                                                   \
        .help = "Its length after the warm-up; auto: to the end of training.",                     \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = "end", .type = HEM__KEY_REAL, FIELD(end), .min = 0, .max = 1, .fallback = "0.0",   \
        .help = "The share of the learning rate that is left at the end.",                         \
    }
#define DIVISOR(key_name, member, fallback_text, text)                                             \
    {                                                                                              \
        .name = (key_name), .type = HEM__KEY_REAL, FIELD(member), .min = 1, .max = 1e9,            \
        .fallback = (fallback_text), .help = (text),                                               \
    }

static const hem__key exponential_keys[] = {
    {
        .name = "hold",
        .type = HEM__KEY_INT,
        FIELD(hold),
        .min = 1,
        .max = 1000000,
        .fallback = "1",
        .help = "Epochs at the full rate, before it falls for the first time.",
    },
    FACTOR(NULL, "What the rate is multiplied with before each epoch after those."),
    {.name = NULL},
};
static const hem__key step_keys[] = {
    {
        .name = "every",
        .type = HEM__KEY_INT,
        FIELD(every),
        .min = 1,
        .max = 1000000,
        .help = "Epochs from one step down to the next.",
    },
    FACTOR("0.1", "What the rate is multiplied with at each step down."),
    {.name = NULL},
};
static const hem__key slope_keys[] = {
    END,
    EPOCHS,
    {.name = NULL},
};
static const hem__key one_cycle_keys[] = {
    {
        .name = "warm",
        .type = HEM__KEY_REAL,
        FIELD(warm),
        .min = 0,
        .max = 1,
        .above_min = true,
        .below_max = true,
        .fallback = "0.3",
        .help = "The share of the steps in which the rate rises.",
    },
    DIVISOR("start_divisor", start_divisor, "25.0", "The first rate is the rate over this."),
    DIVISOR("end_divisor", end_divisor, "10000.0", "The last rate is the first over this."),
    EPOCHS,
    {.name = NULL},
};

static const hem__alternative schedules[] = {
    {
        .name = "constant",
        .kind = HEM__SCHEDULE_CONSTANT,
        .example = "schedule: constant",
        .help = "The optimizer's learning rate at every step.",
    },
    {
        .name = "exponential",
        .kind = HEM__SCHEDULE_EXPONENTIAL,
        .keys = exponential_keys,
        .example = "schedule: {exponential: {hold: 10, factor: 0.905}}",
        .help = "Held at first, then less by a factor every epoch.",
    },
    {
        .name = "step",
        .kind = HEM__SCHEDULE_STEP,
        .keys = step_keys,
        .example = "schedule: {step: {every: 10, factor: 0.5}}",
        .help = "Less by a factor every few epochs.",
    },
    {
        .name = "linear",
        .kind = HEM__SCHEDULE_LINEAR,
        .keys = slope_keys,
        .example = "schedule: {linear: {end: 0.0}}",
        .help = "Falling by the same amount at every step.",
    },
    {
        .name = "cosine",
        .kind = HEM__SCHEDULE_COSINE,
        .keys = slope_keys,
        .example = "schedule: {cosine: {end: 0.0}}",
        .help = "Falling along half a cosine (Loshchilov and Hutter, 2017).",
    },
    {
        .name = "one_cycle",
        .kind = HEM__SCHEDULE_ONE_CYCLE,
        .keys = one_cycle_keys,
        .example = "schedule: {one_cycle: {warm: 0.3}}",
        .help = "Up to the learning rate and far down again, along cosines (Smith, 2018).",
    },
    {.name = NULL},
};

const hem__choice hem__schedule_choice = {
    .noun = "schedule",
    .kind = offsetof(hem__schedule_spec, kind),
    .at = offsetof(hem__schedule_spec, at),
    .alternatives = schedules,
};

const char *hem__schedule_name(hem__schedule_kind kind)
{
    return schedules[kind].name;
}

/* ---- early stopping ------------------------------------------------------------------------- */

#undef FIELD
#define FIELD(member) .offset = offsetof(hem__stopping_spec, member)

static const hem__word monitors[] = {
    {"validation loss", HEM__MONITOR_LOSS},
    {"validation accuracy", HEM__MONITOR_ACCURACY},
    {NULL, 0},
};

static const hem__key patience = {
    .name = "patience",
    .type = HEM__KEY_INT,
    FIELD(patience),
    .min = 1,
    .max = 1000000,
    .help = "Training ends when so many epochs in a row were not better.",
};
static const hem__key stopping_beside[] = {
    {
        .name = "monitor",
        .type = HEM__KEY_INT,
        FIELD(monitor),
        .words = monitors,
        .fallback = "validation loss",
        .help = "What must get better; it needs a validation part.",
    },
    {
        .name = "min_delta",
        .type = HEM__KEY_REAL,
        FIELD(min_delta),
        .min = 0,
        .max = 1000,
        .fallback = "0.0",
        .help = "By more than this; an accuracy is a share of 1.",
    },
    {.name = NULL},
};

static const hem__alternative stoppings[] = {
    {
        .name = "none",
        .kind = HEM__STOPPING_NONE,
        .example = "early_stopping: none",
        .help = "All epochs are trained.",
    },
    {
        .name = "patience",
        .kind = HEM__STOPPING_PATIENCE,
        .value = &patience,
        .beside = stopping_beside,
        .example = "early_stopping: {patience: 5, monitor: validation loss}",
        .help = "Training ends after a number of epochs that were not better than the best.",
    },
    {.name = NULL},
};

const hem__choice hem__stopping_choice = {
    .noun = "early_stopping",
    .kind = offsetof(hem__stopping_spec, kind),
    .at = offsetof(hem__stopping_spec, at),
    .alternatives = stoppings,
};

const char *hem__monitor_name(hem__monitor monitor)
{
    return monitors[monitor].name;
}

/* The typed tree that an experiment file becomes. Filled by spec/, read by everyone above. */
#ifndef HEM_SPEC_SPEC_H
#define HEM_SPEC_SPEC_H

#include "base/error.h"
#include "hemline/spec.h"

/* Where a value stands in the file, from 1; {0, 0} = a default. A value from overrides[i] has line
 * -(i + 1): so always report places through hem__spec_fail(). */
typedef struct hem__at {
    int line;
    int column;
} hem__at;

typedef enum hem__layer_kind {
#define X(id, name) HEM__LAYER_##id,
#include "spec/layers.def"
#undef X
    HEM__N_LAYER_KINDS
} hem__layer_kind;

typedef enum hem__activation {
    HEM__ACT_NONE,
    HEM__ACT_RELU,
    HEM__ACT_TANH,
    HEM__ACT_SIGMOID,
    HEM__ACT_SOFTMAX,
    HEM__ACT_LEAKY_RELU,
    HEM__ACT_ELU,
    HEM__ACT_GELU,
    HEM__ACT_SILU,
    HEM__ACT_PRELU,
    HEM__N_ACTIVATIONS
} hem__activation;

typedef enum hem__prelu_per { HEM__PER_CHANNEL, HEM__PER_UNIT } hem__prelu_per;

/* What some activations take, as conv's and dense's and as layers of their own. */
typedef struct hem__activation_spec {
    hem__at at;         /* of conv's and dense's; a layer has its own */
    double slope;       /* leaky_relu: [0, 1] */
    double alpha;       /* elu: [0, 100] */
    double init;        /* prelu: every slope at first, [-100, 100] */
    hem__prelu_per per; /* prelu: what has a slope of its own */
} hem__activation_spec;

typedef enum hem__padding { HEM__PAD_VALID, HEM__PAD_SAME } hem__padding;

/* How the first numbers of a tensor are drawn; biases take the first four only. Where the name does
 * not say normal, it is uniform. */
typedef enum hem__init_kind {
    HEM__INIT_ZEROS,
    HEM__INIT_CONSTANT,
    HEM__INIT_UNIFORM,
    HEM__INIT_NORMAL,
    HEM__INIT_GLOROT,
    HEM__INIT_GLOROT_NORMAL,
    HEM__INIT_HE,
    HEM__INIT_HE_NORMAL,
    HEM__INIT_LECUN,
    HEM__INIT_LECUN_NORMAL
} hem__init_kind;

typedef struct hem__init_spec {
    hem__init_kind kind;
    hem__at at;
    double value; /* constant: the number; uniform: the half-width; normal: the deviation */
} hem__init_spec;

/* A list of layers: where its first one stands in hem_spec.layers, and how many entries it takes
 * there, those inside its residuals counted. hem__layer_extent() leads from one to the next. */
typedef struct hem__layer_list {
    size_t first, n;
} hem__layer_list;

/* A pair is {rows, columns}; the file may give one number for both. */
typedef struct hem__layer_spec {
    hem__layer_kind kind;
    hem__at at;    /* of the layer's key */
    char name[24]; /* kind and ordinal from 1: "conv1", "dense3"; unique */
    union {
        struct {
            int filters, kernel[2], stride[2];
            hem__padding padding;
            hem__at filters_at, kernel_at, stride_at;
        } conv;
        struct {
            int units;
            hem__at units_at;
        } dense;
        struct { /* maxpool and avgpool; stride defaults to size */
            int size[2], stride[2];
            hem__padding padding;
            hem__at size_at, stride_at;
        } pool;
        struct {
            double rate; /* [0, 1) */
        } dropout;
        struct {
            double momentum, epsilon; /* momentum: the share of the old running value */
            bool scale, center;
        } norm;
        struct { /* follow their residual in hem_spec.layers; no shortcut = the input itself */
            hem__layer_list layers, shortcut;
        } residual;
    } u;
    hem__activation_spec act; /* of `activation`, or of the layer that is one */
    /* conv and dense only */
    hem__activation activation;
    hem__init_spec init, bias_init;
    bool bias;
    double l1, l2; /* add l1 * sum |w| and l2 * sum(w^2) of the weights to the objective */
    double bias_l1, bias_l2; /* the same of the biases */
    /* every layer with weights */
    bool freeze; /* they stay as they are */
} hem__layer_spec;

/* Entries of hem_spec.layers that a layer takes: its own, and those inside a residual. */
static inline size_t hem__layer_extent(const hem__layer_spec *layer)
{
    bool nested = layer->kind == HEM__LAYER_RESIDUAL;
    return 1 + (nested ? layer->u.residual.layers.n + layer->u.residual.shortcut.n : 0);
}

typedef enum hem__data_kind {
    HEM__DATA_FASHION_MNIST,
    HEM__DATA_IDX,
    HEM__DATA_SYNTHETIC,
    HEM__DATA_CSV,
    HEM__DATA_IMAGES,
    HEM__DATA_NPZ,
    HEM__DATA_NPY
} hem__data_kind;

typedef enum hem__header { HEM__HEADER_AUTO, HEM__HEADER_YES, HEM__HEADER_NO } hem__header;

typedef struct hem__data_spec {
    hem__data_kind kind;
    hem__at at;
    char *directory; /* idx, images, npz (a file): as written; relative to the working directory */
    char *expect;    /* name of a known data set that the files must be, or NULL */
    int classes;     /* idx, csv, npz, npy: 0 = found out */
    int label_from;  /* the label of the first class, likewise */
    struct {
        char *train, *test, *label; /* label: "first", "last" or a name */
        hem__header header;
        int height, width, channels; /* 0 = found out */
    } csv;
    char *npy[4]; /* training images, training labels, test images, test labels */
    struct {
        int train, test, height, width, channels, classes; /* defaults 6000, 1000, 28, 28, 1, 10 */
        uint64_t seed;
    } synthetic;
} hem__data_spec;

typedef enum hem__scale {
    HEM__SCALE_NONE,
    HEM__SCALE_255,
    HEM__SCALE_STANDARDIZE,
    HEM__SCALE_BY_PIXEL, /* each pixel by its own mean and deviation over the training part */
    HEM__SCALE_BY_IMAGE  /* each image by its own */
} hem__scale;

typedef enum hem__validation_kind {
    HEM__VALIDATION_NONE,
    HEM__VALIDATION_FIRST,
    HEM__VALIDATION_LAST,
    HEM__VALIDATION_FRACTION, /* a random part, drawn with its own seed */
    HEM__VALIDATION_FOLD,     /* one fold of a cross-validation (data/fold.h) */
    HEM__VALIDATION_FILES     /* images of their own: all training images train */
} hem__validation_kind;

typedef struct hem__validation_spec {
    hem__validation_kind kind;
    hem__at at;
    int count;
    double fraction;              /* (0, 1) */
    bool stratify;                /* of fraction and fold: every class gives its share */
    uint64_t seed;                /* of fraction and fold */
    int fold, folds;              /* which, from 1, of how many */
    char *path, *images, *labels; /* of files; NULL = not given */
} hem__validation_spec;

/* A number with its unit. */
typedef enum hem__amount_unit { HEM__UNIT_DEG, HEM__UNIT_PERCENT, HEM__UNIT_PX } hem__amount_unit;
typedef struct hem__amount {
    double value;
    hem__amount_unit unit;
} hem__amount;

typedef enum hem__flip { HEM__FLIP_NONE, HEM__FLIP_HORIZONTAL, HEM__FLIP_ALTERNATE } hem__flip;
typedef enum hem__fill { HEM__FILL_NEAREST, HEM__FILL_CONSTANT, HEM__FILL_REFLECT } hem__fill;

/* How training images are changed at random; all zero = not at all. Every amount is the largest
 * change, drawn anew for each image and epoch. */
typedef struct hem__augment_spec {
    hem__amount rotation, shift[2], shear, zoom, crop;
    hem__amount cutout[2]; /* smallest and largest side; largest 0 = none */
    hem__amount cutout_chance, brightness, contrast;
    hem__at shift_at, crop_at, cutout_at;
    hem__at keep_aspect_at, cutout_chance_at, cutout_fill_at, fill_value_at;
    bool keep_aspect; /* zoom rows and columns alike */
    hem__flip flip;
    hem__fill fill;
    int fill_value;  /* constant: 0..255 */
    int cutout_fill; /* 0..255; -1 = the image's mean */
} hem__augment_spec;

typedef enum hem__optimizer_kind {
    HEM__OPT_SGD,
    HEM__OPT_MOMENTUM,
    HEM__OPT_NESTEROV,
    HEM__OPT_ADAM,
    HEM__OPT_ADAMW,
    HEM__OPT_RMSPROP
} hem__optimizer_kind;

typedef struct hem__optimizer_spec {
    hem__optimizer_kind kind;
    hem__at at;
    double learning_rate;
    double momentum, dampening;   /* momentum: v = momentum v + (1 - dampening) g, w -= rate v */
    double beta1, beta2, epsilon; /* adam, as the conventions of docs/numerics.md */
    double weight_decay;          /* adamw: w -= rate weight_decay w, of weights, not biases */
    double rho;                   /* rmsprop */
} hem__optimizer_spec;

typedef enum hem__loss_kind {
    HEM__LOSS_CROSS_ENTROPY,
    HEM__LOSS_BINARY_CROSS_ENTROPY,
    HEM__LOSS_HALF_SQUARED_ERROR
} hem__loss_kind;

typedef struct hem__loss_spec {
    hem__loss_kind kind;
    hem__at at;
    double label_smoothing; /* cross_entropy: [0, 1), in training steps alone */
} hem__loss_spec;

typedef enum hem__schedule_kind {
    HEM__SCHEDULE_CONSTANT,
    HEM__SCHEDULE_EXPONENTIAL,
    HEM__SCHEDULE_STEP,
    HEM__SCHEDULE_LINEAR,
    HEM__SCHEDULE_COSINE,
    HEM__SCHEDULE_ONE_CYCLE
} hem__schedule_kind;

/* How the learning rate changes; formulas in optim/schedule.h. */
typedef struct hem__schedule_spec {
    hem__schedule_kind kind;
    hem__at at;
    int hold;      /* exponential: epochs at the full rate */
    int every;     /* step: epochs between two steps down */
    double factor; /* exponential, step */
    int epochs;    /* linear, cosine, one_cycle: until its end; 0 = to the end of training */
    hem__at epochs_at;
    double end;                        /* linear, cosine: share of the rate at the end */
    double warm;                       /* one_cycle: share of its steps on the way up */
    double start_divisor, end_divisor; /* one_cycle: of the rate, and of the rate at its start */
} hem__schedule_spec;

typedef enum hem__monitor { HEM__MONITOR_LOSS, HEM__MONITOR_ACCURACY } hem__monitor;

typedef enum hem__stopping_kind { HEM__STOPPING_NONE, HEM__STOPPING_PATIENCE } hem__stopping_kind;

typedef struct hem__stopping_spec {
    hem__stopping_kind kind;
    hem__at at;
    int patience; /* epochs without a better one */
    hem__monitor monitor;
    double min_delta; /* what is better by less is not better */
} hem__stopping_spec;

typedef enum hem__keep { HEM__KEEP_LAST, HEM__KEEP_BEST_LOSS, HEM__KEEP_BEST_ACCURACY } hem__keep;

typedef struct hem__train_spec {
    int epochs;
    int batch; /* images a step; 0 = all of them */
    hem__at batch_at, groups_at, keep_at;
    hem__loss_spec loss;
    hem__optimizer_spec optimizer;
    hem__schedule_spec schedule;
    double warmup; /* epochs in front of the schedule in which the rate rises from 0 */
    hem__at warmup_at;
    double clip_norm; /* 0 = none */
    double ema;       /* share of the averaged weights that stays at a step; 0 = no average */
    hem__stopping_spec early_stopping;
    hem__keep keep;
    bool shuffle;         /* every epoch anew */
    bool drop_last;       /* last_batch: drop */
    int groups;           /* gradient groups; 0 = the default for the batch size */
    int checkpoint_steps; /* also a checkpoint every so many steps; 0 = only after epochs */
    uint64_t seed;
} hem__train_spec;

struct hem_spec {
    char *path;        /* as given; the name in messages */
    char *name;        /* the file's base name, or what its key 'name' says */
    char *description; /* NULL = none */
    char *text;
    char **overrides; /* as given: messages quote them */
    size_t n_overrides;
    hem__data_spec data;
    hem__scale scale;
    hem__validation_spec validation;
    hem__augment_spec augment;
    hem__layer_spec *layers; /* in the order of the file, a residual before what is inside it */
    size_t n_layers;
    hem__layer_list model;      /* all of them */
    int nesting;                /* lists of layers inside each other, while the file is read */
    struct hem__yaml *defaults; /* while a file is read: its key 'defaults'; else NULL */
    hem__train_spec train;
};

/* Names as the file writes them; static strings. */
const char *hem__layer_kind_name(hem__layer_kind kind);
const char *hem__activation_name(hem__activation activation);
const char *hem__optimizer_name(hem__optimizer_kind kind);
const char *hem__loss_name(hem__loss_kind kind);
const char *hem__keep_name(hem__keep keep);
const char *hem__schedule_name(hem__schedule_kind kind);
const char *hem__monitor_name(hem__monitor monitor);

/* A copy that shares nothing with the original. */
hem_status hem__spec_copy(const hem_spec *spec, hem_spec **out, hem_error *err);

/* The layer that gives the network its outputs, and how many; NULL and 0 where that depends on the
 * images (outputs.c). */
const hem__layer_spec *hem__spec_outputs(const hem_spec *spec, int *n);

/* A usage error at a place of this experiment: hem__fail_at with the spec's path, or, where an
 * override set the value, `--set key=value: ` and the text. */
hem_status hem__spec_fail(const hem_spec *spec, hem__at at, hem_error *err, const char *format, ...)
    HEM_PRINTF(4, 5);
/* What the keys of data and validation must be together (data_keys.c). */
hem_status hem__data_spec_check(const hem_spec *spec, hem_error *err);

#endif

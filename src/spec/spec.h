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
    HEM__N_ACTIVATIONS
} hem__activation;

typedef enum hem__padding { HEM__PAD_VALID, HEM__PAD_SAME } hem__padding;
typedef enum hem__initializer {
    HEM__INIT_GLOROT,
    HEM__INIT_HE
} hem__initializer; /* both uniform */

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
    /* conv and dense only */
    hem__activation activation;
    hem__initializer initializer;
    bool bias;
    double l2; /* adds l2 * sum(w^2) of the weights, not the biases, to the objective */
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
    HEM__DATA_SYNTHETIC
} hem__data_kind;

typedef struct hem__data_spec {
    hem__data_kind kind;
    hem__at at;
    char *directory; /* idx: as written; relative to the working directory */
    char *expect;    /* name of a known data set that the files must be, or NULL */
    int classes;     /* idx: 0 = found out */
    struct {
        int train, test, height, width, channels, classes; /* defaults 6000, 1000, 28, 28, 1, 10 */
        uint64_t seed;
    } synthetic;
} hem__data_spec;

typedef enum hem__scale { HEM__SCALE_NONE, HEM__SCALE_255, HEM__SCALE_STANDARDIZE } hem__scale;

typedef enum hem__validation_kind {
    HEM__VALIDATION_NONE,
    HEM__VALIDATION_FIRST,
    HEM__VALIDATION_LAST,
    HEM__VALIDATION_FRACTION /* a random part, drawn with its own seed */
} hem__validation_kind;

typedef struct hem__validation_spec {
    hem__validation_kind kind;
    hem__at at;
    int count;
    double fraction; /* (0, 1) */
    uint64_t seed;
} hem__validation_spec;

typedef enum hem__optimizer_kind {
    HEM__OPT_SGD,
    HEM__OPT_MOMENTUM,
    HEM__OPT_ADAM
} hem__optimizer_kind;

typedef struct hem__optimizer_spec {
    hem__optimizer_kind kind;
    hem__at at;
    double learning_rate;
    double momentum, dampening;   /* momentum: v = momentum v + (1 - dampening) g, w -= rate v */
    double beta1, beta2, epsilon; /* adam, as the conventions of docs/numerics.md */
} hem__optimizer_spec;

typedef enum hem__keep { HEM__KEEP_LAST, HEM__KEEP_BEST_LOSS, HEM__KEEP_BEST_ACCURACY } hem__keep;

typedef struct hem__train_spec {
    int epochs;
    int batch; /* images a step; 0 = all of them */
    hem__at batch_at, groups_at, keep_at;
    hem__optimizer_spec optimizer;
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
    hem__layer_spec *layers; /* in the order of the file, a residual before what is inside it */
    size_t n_layers;
    hem__layer_list model; /* all of them */
    int nesting;           /* lists of layers inside each other, while the file is read */
    hem__train_spec train;
};

/* Names as the file writes them; static strings. */
const char *hem__layer_kind_name(hem__layer_kind kind);
const char *hem__activation_name(hem__activation activation);
const char *hem__optimizer_name(hem__optimizer_kind kind);
const char *hem__keep_name(hem__keep keep);

/* A copy that shares nothing with the original. */
hem_status hem__spec_copy(const hem_spec *spec, hem_spec **out, hem_error *err);

/* A usage error at a place of this experiment: hem__fail_at with the spec's path, or, where an
 * override set the value, `--set key=value: ` and the text. */
hem_status hem__spec_fail(const hem_spec *spec, hem__at at, hem_error *err, const char *format, ...)
    HEM_PRINTF(4, 5);

#endif

/* Networks: made from an experiment, or loaded; run, stepped, inspected, saved. */
#ifndef HEMLINE_NET_H
#define HEMLINE_NET_H

#include "hemline/data.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A network with its weights and the scaling of its input. Not for two threads at once. */
typedef struct hem_net hem_net;

/** Makes the network of an experiment for images like the data's, with initial weights drawn from
 *  `seed` (Glorot or He uniform, zero biases; a pure function of seed, layer and element).
 *  `data` gives the image size, the classes and, for `scale: standardize`, mean and standard
 *  deviation of the training part; it need not outlive the call, nor need `spec`; `context` must.
 *  *out is the caller's to hem_net_free(); NULL on failure. HEM_ERR_USAGE with the layer's line
 *  where shapes do not fit or the network would need more memory than there is (said in bytes). */
HEM_API HEM_MUST_USE hem_status hem_net_new(hem_context *context, const hem_spec *spec,
                                            const hem_data *data, uint64_t seed, hem_net **out,
                                            hem_error *err);
/** Reads a model file (safetensors, docs/model-file.md). HEM_ERR_MODEL: damaged, cut off, or not
 *  a model of hemline. A file of another program without a checksum loads with a log note where it
 *  names an experiment. */
HEM_API HEM_MUST_USE hem_status hem_net_load(hem_context *context, const char *path, hem_net **out,
                                             hem_error *err);
/** Writes a model file: beside the target, synced, renamed over it. */
HEM_API HEM_MUST_USE hem_status hem_net_save(hem_net *net, const char *path, hem_error *err);
HEM_API void hem_net_free(hem_net *net);

/** The experiment that made the network; belongs to the network. */
HEM_API const hem_spec *hem_net_spec(const hem_net *net);

/** One line of a summary. Pointers belong to the network. */
typedef struct hem_layer_info {
    const char *name;            /**< "conv1" */
    const char *kind;            /**< "conv 6@4x4 same, relu" */
    int channels, height, width; /**< of the output; a dense layer has height = width = 1 */
    size_t parameters;           /**< all numbers in its tensors */
    size_t fixed;       /**< of them, those that training leaves: frozen, or running statistics */
    size_t macs;        /**< multiply-adds an image, nominal: taps on padding counted */
    size_t useful_macs; /**< multiply-adds an image, taps on padding left out */
    const char *algorithm; /**< of a convolution: the name of how it is computed; else NULL */
    const char *pooled_by; /**< of a convolution whose rows inference pools as soon as they are
                                made, so that its map is never whole: the pooling layer's name; else
                                NULL */
} hem_layer_info;

/** A way to compute a convolution. The one of the least cost is taken: a function of the layer's
 *  shape alone, since bits depend on it. */
typedef struct hem_algorithm_info {
    const char *name; /**< "direct", "winograd-4x4"; static */
    double cost;      /**< of a pass over an image, by the model of docs/numerics.md: multiply-adds
                           that take the direct algorithm as long, with a margin for Winograd's,
                           which round more; infinite: not for this shape */
    bool chosen;
} hem_algorithm_info;

typedef struct hem_net_info {
    int height, width, channels; /**< of the images that it takes */
    int n_classes;
    const char *const *class_names;
    const char *data_name; /**< name of the data set that it was made for */
    size_t n_layers, n_tensors;
    size_t parameters, macs, useful_macs;
    size_t fixed; /**< parameters that no gradient touches: frozen ones and running statistics */
    size_t weight_bytes;
    size_t training_bytes; /**< memory that training needs: weights, optimizer, activations */
    double training_flops; /**< useful floating-point operations to train on one image */
} hem_net_info;

HEM_API hem_net_info hem_net_get_info(const hem_net *net);
HEM_API hem_layer_info hem_net_layer(const hem_net *net, size_t index);
/** How many ways there are to compute a convolution. */
HEM_API size_t hem_algorithm_count(void);
/** One of them, index < hem_algorithm_count(), for a layer whose info has an algorithm. */
HEM_API hem_algorithm_info hem_net_algorithm(const hem_net *net, size_t layer, size_t index);

/** A tensor of weights in canonical order: dense weight [out][in] with inputs after a flatten as
 *  (channel, row, column), conv weight [out][in][row][column], bias [out]. */
typedef struct hem_tensor_info {
    const char *name; /**< "conv1.weight"; belongs to the network */
    int n_dims;
    size_t dims[4];
    size_t n; /**< their product */
} hem_tensor_info;

HEM_API hem_tensor_info hem_net_tensor(const hem_net *net, size_t index);
/** Copies a tensor's n numbers out or in. */
HEM_API void hem_net_get_tensor(const hem_net *net, size_t index, float *values);
HEM_API void hem_net_set_tensor(hem_net *net, size_t index, const float *values);
/** Index of the tensor of this name, or n_tensors. */
HEM_API size_t hem_net_find_tensor(const hem_net *net, const char *name);
/** SHA-256 over all tensors as little-endian float32 in layer order: 64 hex digits and NUL; an
 *  empty text where there is no memory for a copy of the largest tensor. */
HEM_API void hem_net_sha256(const hem_net *net, char out[65]);

/** Class probabilities (the outputs as they are: sigmoid ones do not add up to 1) of n images
 *  (height*width*channels bytes each, one after another) into
 *  probabilities[n][n_classes]. Builds its buffers at the first call, which alone can fail:
 *  HEM_ERR_MEMORY. */
HEM_API HEM_MUST_USE hem_status hem_net_predict(hem_net *net, const uint8_t *images, size_t n,
                                                float *probabilities, hem_error *err);

/** One image at a time, as a service or a device gets them: a plan of its own whose lanes are
 * outputs and channels instead of images, so that one image takes about a sixteenth of what
 * hem_net_predict() takes for it. It holds a copy of the weights, arranged for that, and buffers
 * for one image; it computes on the caller's thread. For one thread at a time: give each thread its
 * own. */
typedef struct hem_predictor hem_predictor;

typedef struct hem_predictor_info {
    int height, width, channels; /**< of the image */
    int n_classes;
    size_t bytes; /**< of memory that the predictor takes */
} hem_predictor_info;

/** Copies the network's weights as they are now: after further training make a new one (some
 *  milliseconds a million weights). Neither network nor context need outlive the call. *out is the
 *  caller's to hem_predictor_free(); NULL on failure: HEM_ERR_MEMORY; HEM_ERR_DIVERGED where a
 * weight is not finite. */
HEM_API HEM_MUST_USE hem_status hem_predictor_new(const hem_net *net, hem_predictor **out,
                                                  hem_error *err);
HEM_API void hem_predictor_free(hem_predictor *predictor);
HEM_API hem_predictor_info hem_predictor_get_info(const hem_predictor *predictor);
/** The outputs for one image of `bytes` bytes, which must be height * width * channels (rows from
 *  the top, channels innermost), into probabilities[n_classes]: those of hem_net_predict() within
 *  1e-5. Allocates nothing. Pixels that the scaling makes 0, and what a relu cut off, are skipped,
 * so the time depends a little on the image. HEM_ERR_USAGE: another number of bytes. */
HEM_API HEM_MUST_USE hem_status hem_predictor_run(hem_predictor *predictor, const uint8_t *image,
                                                  size_t bytes, float *probabilities,
                                                  hem_error *err);

/** Training by hand: the state of an optimizer and the buffers for batches of one size. */
typedef struct hem_stepper hem_stepper;

/** What one step found, before it changed the weights. */
typedef struct hem_step_result {
    double loss;    /**< sum of the loss over the images, with label smoothing, without penalties */
    size_t correct; /**< images whose largest output is their label */
    size_t n;
} hem_step_result;

/** `batch`, 1..2^31 - 1, is the largest number of images that a step will get; the optimizer and
 * the penalties are those of the network's experiment, and so is augmentation; `seed` draws dropout
 * and augmentation. *out is the caller's
 * to hem_stepper_free(), before the network's end; NULL on failure: HEM_ERR_USAGE, HEM_ERR_MEMORY.
 */
HEM_API HEM_MUST_USE hem_status hem_stepper_new(hem_net *net, size_t batch, uint64_t seed,
                                                hem_stepper **out, hem_error *err);
HEM_API void hem_stepper_free(hem_stepper *stepper);
/** One step on images `indices[0..n)` of a part: forward, backward, update. `epoch` (from 0) and
 *  `place` (position of the first image in the epoch's order) only draw dropout; epoch and indices
 *  also draw the augmentation of images of the training part. `result` may be NULL. HEM_ERR_USAGE:
 * n not in 1..batch, no such image, or data that is not like the network's. HEM_ERR_DIVERGED,
 * naming the first layer whose output is not finite, if the loss is not finite: the weights are
 * then as they were before the step. Allocates nothing. */
HEM_API HEM_MUST_USE hem_status hem_stepper_step(hem_stepper *stepper, const hem_data *data,
                                                 hem_part part, const uint32_t *indices, size_t n,
                                                 uint32_t epoch, uint32_t place,
                                                 hem_step_result *result, hem_error *err);
/** Steps taken so far. */
HEM_API uint64_t hem_stepper_steps(const hem_stepper *stepper);
/** Learning rate of the coming steps (not Adam's corrected one). */
HEM_API void hem_stepper_set_learning_rate(hem_stepper *stepper, double rate);
HEM_API double hem_stepper_learning_rate(const hem_stepper *stepper);

/** Sum over the tensors of l2 * sum(w^2) + l1 * sum |w|. */
HEM_API double hem_net_penalty(const hem_net *net);

/** Gradient check: backpropagated against central differences, in double precision. */
typedef struct hem_gradcheck_options {
    double epsilon;      /**< default 1e-5 */
    int images;          /**< 1..1000; default 10: the first of each class in turn */
    size_t entries;      /**< entries checked of each tensor; 0 = all; default 20 */
    const char *weights; /**< "dense1.weight[0,3],dense2.bias[1]": only these; NULL = as above */
    uint64_t seed;       /**< chooses entries, draws the fixed dropout mask */
    double relative;     /**< bound |a - n| <= relative max(|a|, |n|) + absolute; 1e-6 */
    double absolute;     /**< 1e-9 */
    double float_bound;  /**< bound of the float path's float_error; 0 (the default) = by the tier:
                              1e-4, with bfloat16 0.5, where rounding moves units across kinks */
    bool (*progress)(void *user, size_t done, size_t total); /**< may be NULL; false stops */
    void *user;
} hem_gradcheck_options;

HEM_API hem_gradcheck_options hem_gradcheck_options_default(void);

typedef struct hem_gradcheck_row {
    char name[64];  /**< of the tensor, or of the single entry where `weights` named it */
    size_t n;       /**< entries in the tensor */
    size_t checked; /**< compared */
    size_t skipped; /**< a relu's sign or a pooling argmax differed between the two sides, also
                         at a tenth of epsilon */
    double analytic, numeric; /**< of the worst entry (by excess over the bound) */
    size_t worst;             /**< its index in canonical order */
    double worst_ratio;       /**< |a - n| / bound there; the check holds where <= 1 */
    double float_error; /**< max |float - double| of the tensor's gradient / its largest |double|;
                             NaN where one of them is no number */
    bool ok;
} hem_gradcheck_row;

typedef struct hem_gradcheck_result {
    hem_gradcheck_row *rows; /**< hem_gradcheck_release() frees them */
    size_t n_rows;
    size_t checked, skipped;
    double loss;        /**< the objective: mean loss + penalties */
    double float_bound; /**< the one that was applied */
    bool ok;            /**< every row ok, and at most 5 % of the visited entries skipped */
} hem_gradcheck_result;

/** Checks the gradient of every parameter tensor (or of options->weights; `options` NULL = all
 *  defaults) on the first images of the training part. Biases
 *  that are all zero, as a fresh network's, are checked at random values in [-0.1, 0.1): at zero a
 *  black background lies exactly on relu's kink. The network's own weights do not change. Returns
 *  HEM_OK also where the check fails: see ok. HEM_ERR_USAGE: options out of range, no such tensor
 *  or entry, other images; HEM_INTERRUPTED: `progress` said so. *out is empty then. */
HEM_API HEM_MUST_USE hem_status hem_gradcheck(hem_net *net, const hem_data *data,
                                              const hem_gradcheck_options *options,
                                              hem_gradcheck_result *out, hem_error *err);
HEM_API void hem_gradcheck_release(hem_gradcheck_result *result);

#ifdef __cplusplus
}
#endif
#endif

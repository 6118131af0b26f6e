/* Training runs: epochs, validation, the model that is kept, checkpoints, and the run directory
 * that everything else reads (docs/run-directory.md). */
#ifndef HEMLINE_TRAIN_H
#define HEMLINE_TRAIN_H

#include "hemline/eval.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One epoch as the log line shows it. */
typedef struct hem_epoch {
    int epoch, epochs;                           /**< from 1 */
    double train_loss, train_accuracy;           /**< running mean; dropout, augmentation on */
    double validation_loss, validation_accuracy; /**< NaN where there is no validation part */
    double penalty;       /**< of the weights that are validated: with `ema` the averaged ones */
    double learning_rate; /**< of the epoch's last step */
    double seconds;       /**< training alone, without validation */
    double images_per_second;
    bool kept; /**< this epoch's model is the best so far under `keep: best ...` */
} hem_epoch;

typedef struct hem_train_callbacks {
    /** A run has begun or goes on; `directory` belongs to the run. May be NULL. */
    void (*started)(void *user, const char *directory, const hem_net *net, const hem_data *data);
    /** At most ten times a second: steps done in this epoch, and the running loss and accuracy.
     *  May be NULL. */
    void (*progress)(void *user, int epoch, int epochs, size_t step, size_t steps, double loss,
                     double accuracy, double images_per_second);
    /** After every epoch, once its checkpoint is written. May be NULL. */
    void (*epoch)(void *user, const hem_epoch *epoch);
    void *user;
} hem_train_callbacks;

typedef struct hem_train_options {
    const char *directory; /**< run directory to make; an existing one is refused. NULL =
                                <runs>/<name>-s<seed>-<n>, n the first free number from 1 */
    const char *runs;      /**< folder of numbered run directories; NULL = "runs" */
    bool has_seed;         /**< use `seed` instead of the experiment's own */
    uint64_t seed;
    const char *init_model;   /**< model file whose weights replace the initial ones; NULL = none */
    const volatile int *stop; /**< set to nonzero (by a signal handler): finish the step, write a
                                   checkpoint, return HEM_INTERRUPTED. May be NULL */
    bool any_tier;            /**< resume also where the recorded kernel tier is not in use */
    const hem_data_options *data; /**< where data lies; may be NULL */
    const hem_data *dataset; /**< borrowed: used instead of opening the experiment's own, which it
                                  must be, with its split. May be NULL */
    hem_train_callbacks callbacks;
} hem_train_options;

HEM_API hem_train_options hem_train_options_default(void);

/** What a run found; also result.json. */
typedef struct hem_train_result {
    char directory[512];
    char *json;              /**< content of result.json; hem_train_result_release() frees it */
    hem_evaluation parts[3]; /**< the kept model over each part; n = 0 where there is none */
    int epochs;              /**< trained */
    bool stopped_early;      /**< by early stopping; `why` says why */
    char why[128];
} hem_train_result;

/** Trains the experiment from the start. HEM_INTERRUPTED: stopped with a checkpoint, out->directory
 *  is set, the rest is empty. HEM_ERR_DIVERGED: the loss was not finite; the last good model is
 *  kept in the run directory, and the error names the layer. HEM_ERR_IO: before the start where it
 *  can be known (no space, not writable), else with the last good checkpoint as it was. */
HEM_API HEM_MUST_USE hem_status hem_train(hem_context *context, const hem_spec *spec,
                                          const hem_train_options *options, hem_train_result *out,
                                          hem_error *err);
/** Goes on with an interrupted run from its last checkpoint, to the bits of an unbroken run.
 *  `overrides` may change train.epochs alone; any other changed key is refused. A finished run is
 *  HEM_ERR_USAGE unless it gets more epochs; so is one that early stopping ended, and other epochs
 *  where the schedule's rates depend on them. Of `options` the directory, the seed and init_model
 * do not count: they are the run's own. `options` may be NULL here and in hem_train(). */
HEM_API HEM_MUST_USE hem_status hem_resume(hem_context *context, const char *directory,
                                           const char *const *overrides, size_t n_overrides,
                                           const hem_train_options *options, hem_train_result *out,
                                           hem_error *err);
/** Reads the result of a finished run, or of one that diverged, from its directory. HEM_ERR_DATA:
 *  there is none, or it is damaged. */
HEM_API HEM_MUST_USE hem_status hem_train_result_read(const char *directory, hem_train_result *out,
                                                      hem_error *err);
HEM_API void hem_train_result_release(hem_train_result *result);

/** Rate range test: which learning rates an experiment can use (Smith, WACV 2017, section 3.3). */
typedef struct hem_lrfind_options {
    double from, to; /**< first and last learning rate, 0 < from < to <= 1000; default 1e-7, 10 */
    int steps;       /**< 10..100000; default 100: rates rise by the same factor at each */
    double smooth;   /**< share of the mean loss that stays at a step, [0, 1); default 0.9 */
    bool has_seed;   /**< use `seed` instead of the experiment's own */
    uint64_t seed;
    const hem_data_options *data;                            /**< where data lies; may be NULL */
    bool (*progress)(void *user, size_t done, size_t total); /**< may be NULL; false stops */
    void *user;
} hem_lrfind_options;

HEM_API hem_lrfind_options hem_lrfind_options_default(void);

typedef struct hem_lrfind_point {
    double rate;
    double loss;     /**< mean of the batch, before its step */
    double smoothed; /**< moving average of the losses so far, over 1 - smooth^steps */
} hem_lrfind_point;

typedef enum hem_lrfind_end {
    HEM_LRFIND_ALL,       /**< all steps were made */
    HEM_LRFIND_GREW,      /**< the smoothed loss was above four times its lowest */
    HEM_LRFIND_NOT_FINITE /**< the next step's loss or gradient was not finite */
} hem_lrfind_end;

typedef struct hem_lrfind_result {
    hem_lrfind_point *points; /**< one a step; hem_lrfind_release() frees them */
    size_t n;
    hem_lrfind_end end;
    size_t lowest;     /**< point of the lowest smoothed loss */
    size_t steepest;   /**< point around which the smoothed loss falls most, over a tenth of the
                            steps, none of them past the lowest */
    bool falls;        /**< it fell for so long; else `steepest` and `suggestion` mean nothing */
    double suggestion; /**< the smaller of the steepest point's rate and a tenth of the lowest's */
} hem_lrfind_result;

/** Trains the experiment's network from its initial weights on batches of the training part, at a
 *  learning rate that rises exponentially and without its schedule, until all steps are made or the
 *  loss grows. Writes nothing to disk; the same options give the same bits. `options` NULL = all
 *  defaults. HEM_ERR_USAGE: options out of range; HEM_INTERRUPTED: `progress` said so; *out is
 *  empty then. HEM_ERR_DIVERGED: not even two steps could be made. */
HEM_API HEM_MUST_USE hem_status hem_lrfind(hem_context *context, const hem_spec *spec,
                                           const hem_lrfind_options *options,
                                           hem_lrfind_result *out, hem_error *err);
HEM_API void hem_lrfind_release(hem_lrfind_result *result);

/** The model file of a run directory, or `path` itself where it is a file. free() it; NULL = no
 *  memory. */
HEM_API char *hem_model_path(const char *path);

#ifdef __cplusplus
}
#endif
#endif

/* A run while it goes on: what the files of train/ share. */
#ifndef HEM_TRAIN_RUN_H
#define HEM_TRAIN_RUN_H

#include "base/str.h"
#include "hemline/train.h"
#include "net/net.h"

/* How far a run is: all that a checkpoint holds beside weights and optimizer state. */
typedef struct hem__progress {
    int epoch;   /* finished epochs */
    size_t step; /* steps done in the epoch at hand */
    double loss; /* sums over them */
    size_t correct, images;
    double seconds;      /* spent on them */
    double largest_norm; /* of their gradients before clipping */
    double all_seconds;  /* spent on training in all, and images seen */
    uint64_t all_images;
    int kept_epoch;                  /* whose model is kept, from 1; 0 = the initial weights */
    double kept_loss, kept_accuracy; /* of its validation; NaN where there was none */
    int best_epoch;                  /* early stopping: the epoch to beat; 0 = none yet */
    double best;                     /* its loss or accuracy */
} hem__progress;

typedef struct hem__run {
    hem_context *context;
    const hem_train_options *options;
    const hem_data *data; /* options->dataset, or own_data */
    hem_data *own_data;
    hem_net *net; /* its spec is the experiment as it is run: seed and overrides included */
    hem_stepper *stepper;
    char directory[512]; /* where the files are; until publication beside their place */
    int lock;            /* file descriptor; -1 = none */
    bool staged;         /* directory is not yet where it belongs */
    const char *init_model;
    size_t n, batch, steps; /* training images; images a step; steps an epoch */
    uint32_t *order;        /* of the epoch at hand */
    float *kept;            /* the kept weights, storage order */
    size_t n_params;
    char *algorithms;
    double *epoch_seconds; /* of every finished epoch */
    hem__progress at;
    char why[256]; /* what was not finite, where the run diverged */
    bool diverged;
    size_t resumed; /* times */
} hem__run;

/* ---- run.c: making and freeing ---- */

/* Data, network, stepper and buffers for an experiment. On failure call hem__run_release(). */
hem_status hem__run_prepare(hem__run *run, const hem_spec *spec, uint64_t seed, hem_error *err);
void hem__run_release(hem__run *run);
/* "directory/name", free() it; NULL = no memory. */
char *hem__run_path(const hem__run *run, const char *name);

/* ---- directory.c: the folder ---- */

/* Makes the folder under a hidden name beside `wanted` (NULL: in runs/), locked. HEM_ERR_USAGE
 * where `wanted` exists, HEM_ERR_IO where there is no room for `bytes`. */
hem_status hem__directory_stage(hem__run *run, const char *wanted, unsigned long long bytes,
                                hem_error *err);
/* Moves the complete folder to its place: `wanted`, or the first free runs/<name>-s<seed>-<n>. */
hem_status hem__directory_publish(hem__run *run, const char *wanted, hem_error *err);
/* Removes a folder that was never published. */
void hem__directory_discard(hem__run *run);
/* Removes what killed processes left half written. Only with the lock. */
void hem__directory_tidy(const hem__run *run);
/* Takes the lock of run->directory, so that no two processes write one run. */
hem_status hem__directory_lock(hem__run *run, hem_error *err);

/* ---- checkpoint.c ---- */

/* Writes checkpoint.safetensors; the one before becomes checkpoint.previous.safetensors. */
hem_status hem__checkpoint_write(const hem__run *run, hem_error *err);
/* Bytes that one checkpoint takes, about. */
unsigned long long hem__checkpoint_bytes(const hem__run *run);

typedef struct hem__checkpoint hem__checkpoint; /* one read and checked */
/* The newest good one of a folder; a note goes to the log where that is the previous one.
 * HEM_ERR_MODEL where there is none. */
hem_status hem__checkpoint_read(hem_context *context, const char *directory, hem__checkpoint **out,
                                hem_error *err);
void hem__checkpoint_free(hem__checkpoint *checkpoint);
/* A text of its metadata, never NULL. */
const char *hem__checkpoint_text(const hem__checkpoint *checkpoint, const char *key);
uint64_t hem__checkpoint_seed(const hem__checkpoint *checkpoint);
int hem__checkpoint_epoch(const hem__checkpoint *checkpoint); /* finished epochs */
/* Puts weights, state and progress into a prepared run. Refuses another data set, other groups or
 * algorithms, and another tier unless the options allow it. */
hem_status hem__checkpoint_restore(const hem__checkpoint *checkpoint, hem__run *run,
                                   hem_error *err);

/* ---- stopping.c ---- */

/* Notes an epoch's validation, before at.epoch counts it. */
void hem__stopping_note(hem__run *run, double validation_loss, double validation_accuracy);
/* Whether early stopping ends the run after its finished epochs. */
bool hem__stopping_ends(const hem__run *run);
/* Why, in words: "validation loss has not fallen for 5 epochs: 0.31 in epoch 7". */
void hem__stopping_why(const hem__run *run, char out[128]);

/* ---- loop.c ---- */

/* Runs the epochs that are left. HEM_INTERRUPTED after a checkpoint; HEM_ERR_DIVERGED with
 * run->diverged and run->why set and the event written. */
hem_status hem__run_epochs(hem__run *run, hem_error *err);

/* ---- result.c ---- */

/* Puts the kept model in place, saves it, evaluates it, writes result.json. */
hem_status hem__run_finish(hem__run *run, hem_train_result *out, hem_error *err);
/* What a folder's result.json says; all zero where there is none that can be read. */
typedef struct hem__old_result {
    bool finished, diverged, stopped; /* stopped: by early stopping */
    int epochs;
} hem__old_result;
hem_status hem__result_read(const char *directory, hem__old_result *out, hem_error *err);

#endif

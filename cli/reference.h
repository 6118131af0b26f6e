/* experiments/reference.json: published figures and the experiments that answer them. */
#ifndef HEM_CLI_REFERENCE_H
#define HEM_CLI_REFERENCE_H

#include "common.h"

/* A published confusion matrix: rows are true classes. */
typedef struct ref_confusion {
    const char *id;
    size_t n;       /* classes */
    size_t *counts; /* [true][predicted] */
} ref_confusion;

typedef struct ref_row {
    const char *id, *experiment, *title; /* title may be "" */
    text_list overrides;
    int folds; /* 0 = a plain training run, else of a cross-validation */
    bool stratify;
    int seeds;                      /* how many; 0 = not said */
    bool known;                     /* the network is fully known */
    double reported[3];             /* by hem_part, 0 to 1; NaN = not reported */
    const char *note;               /* "" = none */
    const ref_confusion *confusion; /* NULL = none */
} ref_row;

typedef struct ref_claim {
    const char *id, *text, *report; /* report may be "" */
    const ref_row *better, *worse;  /* what the report says */
} ref_claim;

/* All of it; what it points at lives as long as the program, reference_release() frees the rest. */
typedef struct reference {
    const char *directory; /* where the experiment files are */
    ref_row *rows;
    size_t n_rows;
    ref_claim *claims;
    size_t n_claims;
    ref_confusion *confusions;
    size_t n_confusions;
    json_t *json;
} reference;

/* Reads reference.json of `named`, or where that is NULL of ./experiments, else of where hemline is
 * installed. HEM_ERR_USAGE: none is there; HEM_ERR_DATA: damaged, with what is wrong where. */
hem_status reference_load(const char *named, reference *out, hem_error *err);
void reference_release(reference *r);
/* The row of this id; NULL = none. */
const ref_row *reference_find(const reference *r, const char *id);

#endif

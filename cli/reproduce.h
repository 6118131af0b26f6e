/* Rows of the reference that are run, and what came out: shared by `hemline reproduce` and its
 * printing. */
#ifndef HEM_CLI_REPRODUCE_H
#define HEM_CLI_REPRODUCE_H

#include "folds.h"
#include "reference.h"

/* One row with its runs: n_seeds times `folds` jobs (1 for a plain row), seed by seed. */
typedef struct row_run {
    const ref_row *row;
    hem_spec *spec; /* of a plain row */
    fold_set *sets; /* of a cross-validated row, one a seed */
    const hem_data *data;
    char folder[512];
    seed_range seeds;
    size_t per_seed;
    hem_job *jobs; /* in the array of all */
} row_run;

typedef struct reproduction {
    session s;
    reference ref;
    row_run *rows;
    size_t n_rows;
    hem_job *jobs;
    const char **labels;
    size_t n_jobs;
    double seconds; /* that this command took */
} reproduction;

void reproduce_print(const reproduction *r, bool markdown);
int reproduce_print_json(const reproduction *r);

#endif

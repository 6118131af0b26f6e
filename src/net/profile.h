/* Stop-watches of a plan's threads. Each thread's time counts under the slot that it marked last:
 * one of those below or, behind them, one for each entry of the plan's lists. */
#ifndef HEM_NET_PROFILE_H
#define HEM_NET_PROFILE_H

#include "base/error.h"
#include "hemline/profile.h"

enum {
    HEM__TIME_WAIT,    /* at barriers */
    HEM__TIME_LOAD,    /* bytes to numbers */
    HEM__TIME_LOSS,    /* last node, loss, its gradient */
    HEM__TIME_RESULTS, /* handing results out, looking whether losses are finite */
    HEM__TIME_CLEAR,   /* zeroing gradients */
    HEM__TIME_GROUPS,  /* adding the gradients of groups */
    HEM__TIME_UPDATE,  /* optimizer, clipping, averages: what no layer has done itself */
    HEM__N_TIMES
};

typedef struct hem__profile {
    int n_threads;
    size_t n_slots;
    double *seconds; /* [thread][n_slots] */
    /* written by thread 0 alone */
    double in_plan;         /* by its clock, waking the others included */
    double gather, augment; /* of the stepper, outside the plan */
    uint64_t runs, chunks, tiles, images;
} hem__profile;

/* NULL without memory. */
hem__profile *hem__profile_new(int n_threads, size_t n_entries);
void hem__profile_free(hem__profile *profile);
/* Adds what `own`, of one thread alone with the same slots, has found to thread `thread` of `all`.
 */
void hem__profile_join(hem__profile *all, int thread, const hem__profile *own);
/* Around a thread's share of a run; `profile` may be NULL: then marks cost nothing else. */
void hem__profile_enter(hem__profile *profile, int thread);
void hem__profile_leave(void);
/* From now on this thread's time counts under `slot`; the slot before. */
size_t hem__profile_mark(size_t slot);
/* Mean of the threads. */
double hem__profile_mean(const hem__profile *profile, size_t slot);

#endif

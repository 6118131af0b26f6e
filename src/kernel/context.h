/* The inside of a context: threads, kernels, and where notes go. */
#ifndef HEM_KERNEL_CONTEXT_H
#define HEM_KERNEL_CONTEXT_H

#include "base/error.h"
#include "base/pool.h"

struct hem__kernels_f32;

struct hem_context {
    hem__pool *pool;
    const struct hem__kernels_f32 *kernels; /* of the chosen tier */
    hem_tier_info tier;
    hem_log_fn log;
    void *log_user;
};

/* Sends one line to the context's log; does nothing where there is none. */
void hem__log(const hem_context *context, hem_log_level level, const char *format, ...)
    HEM_PRINTF(3, 4);

#endif

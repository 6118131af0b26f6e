/* Where the time of training steps and of inference goes: by layer and pass, and what is left. */
#ifndef HEMLINE_PROFILE_H
#define HEMLINE_PROFILE_H

#include "hemline/net.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEM_NO_LAYER SIZE_MAX

/** One kind of work. Figures are totals of the profiled time. */
typedef struct hem_profile_row {
    size_t layer;     /**< as hem_net_layer() counts; HEM_NO_LAYER: of all of them, or of none */
    const char *pass; /**< "forward", "weight gradient", "waiting for other threads"; "forward by
                           rows" where a convolution's rows are pooled as they are made; static */
    double seconds;   /**< mean of the threads, so that all rows add up to `seconds` below */
    double flops;     /**< useful floating-point operations; 0 where none are multiply-adds */
    double bytes;     /**< at least so many are read and written: every input, weight and result
                           once for each chunk of images, as their shapes say; 0 = not counted */
} hem_profile_row;

typedef struct hem_profile {
    hem_profile_row *rows; /**< hem_profile_release() frees them */
    size_t n_rows;
    double seconds; /**< by the clock of the calling thread */
    uint64_t runs;  /**< training steps, or runs forward of up to 1,024 images, with more than 8
                         threads of up to 128 a thread */
    uint64_t images;
} hem_profile;

/** From now on every step is timed piece by piece; two readings of the clock a piece and thread.
 *  Starts afresh where it is on. HEM_ERR_MEMORY. */
HEM_API HEM_MUST_USE hem_status hem_stepper_profile_start(hem_stepper *stepper, hem_error *err);
/** Ends it. *out is the caller's to hem_profile_release(), empty on failure: HEM_ERR_MEMORY, or
 *  HEM_ERR_USAGE where it was not on. */
HEM_API HEM_MUST_USE hem_status hem_stepper_profile_stop(hem_stepper *stepper, hem_profile *out,
                                                         hem_error *err);
/** The same of hem_net_predict(). */
HEM_API HEM_MUST_USE hem_status hem_net_profile_start(hem_net *net, hem_error *err);
HEM_API HEM_MUST_USE hem_status hem_net_profile_stop(hem_net *net, hem_profile *out,
                                                     hem_error *err);
HEM_API void hem_profile_release(hem_profile *profile);

#ifdef __cplusplus
}
#endif
#endif

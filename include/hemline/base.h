/* Status codes, error text, log lines and the context (threads and kernel tier) that every other
 * part of hemline takes. Nothing here knows about networks or data. */
#ifndef HEMLINE_BASE_H
#define HEMLINE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEM_VERSION "0.1.0"

#if defined(__GNUC__)
#define HEM_API __attribute__((visibility("default")))
#define HEM_MUST_USE __attribute__((warn_unused_result))
#else
#define HEM_API
#define HEM_MUST_USE
#endif

/** What a function that can fail returns. The numbers are pinned: they are the program's exit
 * codes. */
typedef enum hem_status {
    HEM_OK = 0,
    HEM_ERR_INTERNAL = 1, /**< a defect of hemline itself */
    HEM_ERR_USAGE = 2,    /**< wrong arguments or a wrong experiment file */
    HEM_ERR_DIVERGED = 3, /**< the loss or a weight is no longer finite */
    HEM_ERR_DATA = 4,     /**< a data file is missing, damaged or not what was expected */
    HEM_ERR_MODEL = 5,    /**< a model or checkpoint is damaged or does not fit */
    HEM_ERR_IO = 6,       /**< reading or writing failed: disk full, no permission */
    HEM_ERR_MEMORY = 7,   /**< not enough memory */
    HEM_ERR_CHECK = 8,    /**< a check that was asked for did not hold */
    HEM_INTERRUPTED = 9   /**< stopped on request; a checkpoint has been written */
} hem_status;

/** One line of error and one line of help. Lives on the caller's stack; every field is a complete
 *  string. `file` is empty where no file is to blame; `line` and `column` count from 1, 0 = none.
 */
typedef struct hem_error {
    hem_status status;
    int line;
    int column;
    char file[512];
    char text[768]; /**< what is wrong, lower case, with the value seen and what is allowed */
    char hint[384]; /**< what to do; may be empty */
} hem_error;

/** The English name of a status, for example "bad data". A static string. */
HEM_API const char *hem_status_name(hem_status status);

/** Writes `file:line:column: text` (parts that are absent left out) into `out`, always terminated.
 *  Returns the length that the whole text needs, as snprintf does. */
HEM_API int hem_error_format(const hem_error *error, char *out, size_t size);

typedef enum hem_log_level { HEM_LOG_NOTE = 0, HEM_LOG_WARNING = 1 } hem_log_level;

/** Receives what the library wants to say: one line without a line end. The library itself never
 *  prints. Called only from the thread that called into the library. */
typedef void (*hem_log_fn)(void *user, hem_log_level level, const char *line);

/** Threads and kernels. One context serves any number of networks, one call at a time. */
typedef struct hem_context hem_context;

typedef struct hem_context_settings {
    int threads; /**< 1..256; 0 = as many as the affinity mask and cgroup quota allow */
    bool pin;    /**< pin thread i to the i-th allowed CPU; off by default */
    const char
        *tier;      /**< kernel tier by name, e.g. "avx2"; NULL = HEMLINE_CPU, else the best one */
    hem_log_fn log; /**< NULL = say nothing */
    void *log_user;
} hem_context_settings;

/** All defaults: as many threads as allowed, not pinned, best tier, silent. */
HEM_API hem_context_settings hem_context_settings_default(void);

/** Starts the threads and chooses the kernels. *out is the caller's to hem_context_free(); NULL on
 *  failure. HEM_ERR_USAGE: unknown tier, a tier that this CPU lacks, or threads out of range. */
HEM_API HEM_MUST_USE hem_status hem_context_new(const hem_context_settings *settings,
                                                hem_context **out, hem_error *err);
/** Stops the threads. Networks made with the context must have been freed. Accepts NULL. */
HEM_API void hem_context_free(hem_context *context);
HEM_API int hem_context_threads(const hem_context *context);
/** The tier in use, for example "avx2". A static string. */
HEM_API const char *hem_context_tier(const hem_context *context);

/** How many threads the affinity mask and the cgroup's CPU quota allow; at least 1. */
HEM_API int hem_default_threads(void);

/** One row of the tier table, for `hemline doctor`. All strings are static. */
typedef struct hem_tier_info {
    const char *name;  /**< "portable", "avx2", "avx512", "amx", "neon" */
    const char *needs; /**< the CPU features it needs */
    bool built;        /**< compiled into this library */
    bool runnable;     /**< this CPU has the features */
    bool by_default;   /**< may be chosen unasked: its kernel tests have run on such a CPU, and it
                            rounds as float does */
    bool exact;        /**< computes the same bits as the reference (fused multiply-add) */
    bool bfloat16;     /**< rounds the factors of dense layers to bfloat16, 8 significant bits */
} hem_tier_info;

/** Number of rows in the tier table, worst first. */
HEM_API size_t hem_tier_count(void);
HEM_API hem_tier_info hem_tier_at(size_t index);
/** Name of this CPU as the system gives it, or "unknown CPU". Static storage. */
HEM_API const char *hem_cpu_name(void);
/** Multiply-add peak of one core in GFLOP/s with the context's tier, measured now over `seconds`
 *  (two operations a multiply-add, operands in registers), on `threads` threads at once: the sum.
 */
HEM_API double hem_measure_peak(hem_context *context, int threads, double seconds);
/** What the tier's product of two matrices that fit the first-level cache reaches, in GFLOP/s:
 *  the mean over `seconds` of each of `threads` threads that run at once, added up. On an idle core
 *  it is near the peak; where other programs take time, or another program or guest of the host
 *  runs on the second thread of the same core, far below. */
HEM_API double hem_measure_products(hem_context *context, int threads, double seconds);

#ifdef __cplusplus
}
#endif
#endif

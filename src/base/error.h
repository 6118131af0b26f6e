/* Filling a hem_error. Every function accepts err == NULL and returns the status, so that a
 * failure is one line: return hem__fail(err, HEM_ERR_IO, "cannot open '%s': %s", path, why); */
#ifndef HEM_BASE_ERROR_H
#define HEM_BASE_ERROR_H

#include "hemline/base.h"

#define HEM_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

hem_status hem__fail(hem_error *err, hem_status status, const char *format, ...) HEM_PRINTF(3, 4);
/* With a place: line and column count from 1; 0 = not known. */
hem_status hem__fail_at(hem_error *err, hem_status status, const char *file, int line, int column,
                        const char *format, ...) HEM_PRINTF(6, 7);
/* Sets the line of help of an error already filled. Returns err's status. */
hem_status hem__hint(hem_error *err, const char *format, ...) HEM_PRINTF(2, 3);
/* The usual out-of-memory failure; `what` names what was being made, `bytes` how much it needed. */
hem_status hem__fail_memory(hem_error *err, const char *what, size_t bytes);

/* A failure is never HEM_OK. Said where the compiler sees it, this also spares the callers "may be
 * used uninitialized" for what a failed function did not fill. */
static inline hem_status hem__failed(hem_status status)
{
    return status == HEM_OK ? HEM_ERR_INTERNAL : status;
}
#define hem__fail(...) hem__failed(hem__fail(__VA_ARGS__))
#define hem__fail_at(...) hem__failed(hem__fail_at(__VA_ARGS__))
#define hem__hint(...) hem__failed(hem__hint(__VA_ARGS__))
#define hem__fail_memory(...) hem__failed(hem__fail_memory(__VA_ARGS__))

/* The candidate nearest to `word` (edit distance at most a third of its length, at least 1), for
 * "did you mean"; NULL when none is near. `candidates` is NULL-terminated. */
const char *hem__nearest(const char *word, const char *const *candidates);

#define HEM_TRY(call)                                                                              \
    do {                                                                                           \
        hem_status hem_try_status_ = (call);                                                       \
        if (hem_try_status_ != HEM_OK)                                                             \
            return hem_try_status_;                                                                \
    } while (0)

#endif

/* "Did you mean": the nearest of some words to a mistyped one. */
#ifndef HEM_CLI_NEAREST_H
#define HEM_CLI_NEAREST_H

#include <stddef.h>

typedef struct nearest {
    const char *word;
    const char *best; /* NULL while none is near enough */
    size_t distance;  /* a word must be nearer than this */
} nearest;

nearest nearest_to(const char *word);
void nearest_try(nearest *search, const char *candidate);

#endif

/* The unpacked copy of a known data set in the user's cache: four plain IDX files, mapped at every
 * later start. The copy is not described by any file beside it: the sizes and XXH3 sums of the
 * known sets are constants of the program, so a copy is either the right one, to the bit, or it is
 * made again. */
#ifndef HEM_DATA_CACHE_H
#define HEM_DATA_CACHE_H

#include "data/set.h"
#include "hemline/data.h"

/* Maps the copy of `known` in `directory`. false where there is none; where there is a damaged one
 * a note says so. No error stops a program that can read the data elsewhere. */
bool hem__cache_open(const char *directory, const hem__known *known,
                     const hem_data_options *options, hem__set *set);
/* Writes the copy. `set` must have been identified as `known`. Each file is written aside and
 * renamed, so that two programs may do this at once. A failure is only noted. */
void hem__cache_store(const char *directory, const hem__known *known,
                      const hem_data_options *options, const hem__set *set);

#endif

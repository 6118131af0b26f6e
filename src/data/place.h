/* Where data sets are looked for. */
#ifndef HEM_DATA_PLACE_H
#define HEM_DATA_PLACE_H

#include "hemline/data.h"

/* Where the distribution's packages put data sets, each in a folder of its name. Tests point it
 * elsewhere. */
extern const char *hem__data_system_directory;

/* The directory that the user named, by --data or HEMLINE_DATA; NULL = none. *why says which. Not
 * to be freed. */
const char *hem__place_named(const hem_data_options *options, const char **why);
/* HEM_ERR_DATA where a directory that was named is none, with who named it. */
hem_status hem__place_check(const char *named, const char *why, hem_error *err);
/* The folder of a set in the cache, or under /usr/share/datasets; free() it; NULL = none. */
char *hem__place_cache(const hem_data_options *options, const char *set);
char *hem__place_system(const char *set);

#endif

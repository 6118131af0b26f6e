/* hemline gradcheck --reference: a published table of seven weights beside ours. */
#ifndef HEM_CLI_GRADCHECK_REFERENCE_H
#define HEM_CLI_GRADCHECK_REFERENCE_H

#include <stdint.h>

/* `path` is a network with the table's layers, NULL = the experiment that the table is of;
 * `experiments` is the folder of reference.json, NULL = where it is looked for; `seed` draws the
 * weights, NULL = the experiment's own. Returns the exit code. */
int gradcheck_reference(const char *path, const char *experiments, const uint64_t *seed);

#endif

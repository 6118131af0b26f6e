/* `hemline train FILE --seeds`: the same experiment under many seeds. */
#ifndef HEM_CLI_TRAIN_SEEDS_H
#define HEM_CLI_TRAIN_SEEDS_H

#include <stdbool.h>

/* `seeds` as the command line has it; `folder` is --out or NULL; `with_report`: report.html at the
 * end. Returns the exit code. */
int train_seeds(const char *file, const char *seeds, const char *folder, bool with_report);

#endif

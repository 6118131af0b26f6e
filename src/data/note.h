/* What the data part has to say without failing: "these files are MNIST". One line each. */
#ifndef HEM_DATA_NOTE_H
#define HEM_DATA_NOTE_H

#include "base/error.h"
#include "hemline/data.h"

/* `options` may be NULL: then nothing is said. */
void hem__note(const hem_data_options *options, hem_log_level level, const char *format, ...)
    HEM_PRINTF(3, 4);

#endif

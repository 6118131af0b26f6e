/* Loadable modules: libraries that few commands need live in hemline_NAME.so, opened when they are
 * asked for. A module exports one object; it shares no other symbol with the program. */
#ifndef HEM_BASE_MODULE_H
#define HEM_BASE_MODULE_H

#include "base/error.h"

/* What every module's object begins with. */
typedef struct hem__module_header {
    size_t size;         /* of the whole object */
    const char *version; /* HEM_VERSION when the module was compiled: must be the library's */
} hem__module_header;

/* Opens hemline_NAME.so (in HEMLINE_MODULES if set, else beside the program, else where `make
 * install` puts modules) and finds its object of `size` bytes. It stays loaded until the program
 * ends. HEM_ERR_IO: it is not there, cannot be loaded, or is of another version. */
hem_status hem__module_open(const char *name, const char *symbol, size_t size, const void **out,
                            hem_error *err);

#endif

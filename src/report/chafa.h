/* The contract between the library and the loadable module "chafa", which alone is linked with
 * libchafa: pixels as what a terminal understands. */
#ifndef HEM_REPORT_CHAFA_H
#define HEM_REPORT_CHAFA_H

#include "hemline/picture.h"

typedef struct hem__chafa_module {
    size_t size; /* of this struct */
    const char *version;
    /* Draws width x height pixels (red, green, blue) for the terminal that the environment names,
     * no larger than it and not enlarged. Hands the text to `sink`, or nothing where the terminal
     * has no graphics and that was asked for. false: no memory. */
    bool (*draw)(const uint8_t *pixels, int width, int height, const hem_terminal *terminal,
                 void (*sink)(void *user, const char *text, size_t n), void *user);
} hem__chafa_module;

#define HEM__CHAFA_SYMBOL "hem_chafa_module"
extern HEM_API const hem__chafa_module hem_chafa_module;

#endif

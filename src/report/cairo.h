/* The contract between the library and the loadable module "cairo", which alone is linked with
 * cairo: it draws a recorded canvas as PDF (text stays text) or PNG. */
#ifndef HEM_REPORT_CAIRO_H
#define HEM_REPORT_CAIRO_H

#include "report/canvas.h"

/* What the module calls for pieces of the file; false stops it. */
typedef bool (*hem__cairo_sink)(void *user, const void *bytes, size_t n);

typedef struct hem__cairo_module {
    size_t size; /* of this struct */
    const char *version;
    /* Colours by role, [role], light; `scale` is pixels a CSS pixel of a PNG. false: `why` gets a
     * line of what went wrong. */
    bool (*write)(const hem__canvas *canvas, const uint32_t *colours, bool pdf, double scale,
                  hem__cairo_sink sink, void *user, char *why, size_t why_size);
} hem__cairo_module;

#define HEM__CAIRO_SYMBOL "hem_cairo_module"
extern HEM_API const hem__cairo_module hem_cairo_module;

#endif

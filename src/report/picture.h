/* The inside of a picture. */
#ifndef HEM_REPORT_PICTURE_H
#define HEM_REPORT_PICTURE_H

#include "hemline/picture.h"
#include "report/canvas.h"

struct hem_picture {
    hem__canvas *canvas;
};

/* Makes a picture of a canvas, which it owns from here on, also where this fails: there was no
 * canvas, or no memory while it was drawn on. */
hem_status hem__picture_of(hem__canvas *canvas, hem_picture **out, hem_error *err);

#endif

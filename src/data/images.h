/* Image files for prediction, from memory: each reader refuses what it cannot read whole. To add a
 * format, write a reader of this form and a row in the table of images.c. */
#ifndef HEM_DATA_IMAGES_H
#define HEM_DATA_IMAGES_H

#include "base/error.h"
#include "hemline/data.h"

/* Reads images from n bytes; `name` stands for the file in messages. On failure *out is empty. */
typedef hem_status (*hem__image_reader)(const uint8_t *bytes, size_t n, const char *name,
                                        hem_images *out, hem_error *err);

hem_status hem__png_parse(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                          hem_error *err);
hem_status hem__jpeg_parse(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                           hem_error *err);
/* PGM and PPM, binary, at most 8 bits. */
hem_status hem__pnm_parse(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                          hem_error *err);
/* Any of the formats, told apart by the first bytes. */
hem_status hem__images_parse(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                             hem_error *err);

/* Pixels for one image, zeroed; sides and size are checked against the limits first. */
hem_status hem__images_new(size_t height, size_t width, int channels, const char *name,
                           hem_images *out, hem_error *err);

#endif

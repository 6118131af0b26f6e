/* What the tests of the data part share: a scratch folder, small IDX files, gzip, a log that is
 * kept, and an experiment made by hand. */
#ifndef TEST_SUPPORT_DATA_H
#define TEST_SUPPORT_DATA_H

#include "data/data.h"

/* A fresh folder, removed with all in it by data_folder_remove(). */
char *data_folder(void);
void data_folder_remove(char *folder);
/* "folder/name", in static storage that the fourth next call uses again. */
const char *data_path(const char *folder, const char *name);
void data_write(const char *path, const void *bytes, size_t n);
/* free() it. */
unsigned char *data_read(const char *path, size_t *n);
/* n bytes as one gzip member; free() it. */
unsigned char *data_gzip(const void *bytes, size_t n, size_t *packed);

/* An IDX file of n images (height x width, or x 3) with pixels (7 * position) % 256, or of n labels
 * i % classes; free() it. */
unsigned char *data_idx_images(uint32_t n, uint32_t height, uint32_t width, uint32_t channels,
                               size_t *bytes);
unsigned char *data_idx_labels(uint32_t n, uint32_t classes, size_t *bytes);
/* The four files of a small set: 12 training and 5 test images of 4 x 3, labels i % 3. */
void data_write_set(const char *folder, bool gzip);

/* Lines that the library said. */
typedef struct data_log {
    char text[8192];
    size_t n_lines;
} data_log;
void data_log_line(void *user, hem_log_level level, const char *line);

/* An experiment with this data and no split, as the parser would fill it. */
hem_spec data_spec(hem__data_kind kind);
/* Fails the test unless the error has this status and its "file: text" holds the word. */
void data_expect_error(const hem_error *err, hem_status status, const char *word);

#endif

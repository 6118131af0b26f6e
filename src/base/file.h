/* Files: read whole, write so that nothing is lost. */
#ifndef HEM_BASE_FILE_H
#define HEM_BASE_FILE_H

#include <stdio.h>

#include "base/error.h"

/* Reads a regular file of at most `max` bytes whole; *out is one byte longer and NUL-terminated,
 * free() it. `status_if_missing` is what a missing or unreadable file returns (HEM_ERR_DATA for
 * data, HEM_ERR_USAGE for an experiment, HEM_ERR_MODEL for a model). */
hem_status hem__file_read(const char *path, size_t max, hem_status status_if_missing,
                          unsigned char **out, size_t *length, hem_error *err);
/* Writes beside the target, fsyncs, renames over it, fsyncs the directory. On failure the old file
 * is as it was, the temporary one is gone, and the status is HEM_ERR_IO. */
hem_status hem__file_write(const char *path, const void *bytes, size_t length, hem_error *err);
/* The same for a file made of several pieces, written one after another. */
typedef struct hem__piece {
    const void *bytes;
    size_t length;
} hem__piece;
hem_status hem__file_write_pieces(const char *path, const hem__piece *pieces, size_t n,
                                  hem_error *err);
/* Appends one record and fsyncs (events.jsonl). Creates the file where missing. */
hem_status hem__file_append(const char *path, const void *bytes, size_t length, hem_error *err);

bool hem__is_file(const char *path);
bool hem__is_directory(const char *path);
/* Makes the directory and its parents. An existing directory is fine. */
hem_status hem__make_directories(const char *path, hem_error *err);
/* Bytes free for this user in the file system that holds `path` (or its nearest existing parent).
 */
hem_status hem__free_space(const char *path, unsigned long long *out, hem_error *err);
/* "a/b" joined with exactly one slash; free() it; NULL = no memory. */
char *hem__path_join(const char *a, const char *b);
/* $XDG_CACHE_HOME/hemline or ~/.cache/hemline; HEMLINE_CACHE overrides. free(); NULL = none. */
char *hem__cache_directory(void);

#endif

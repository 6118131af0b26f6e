/* The contract between the library and the loadable module "download", which alone is linked with
 * libcurl. The module exports one object named hem_download_module; it shares no other symbol with
 * the program. */
#ifndef HEM_DATA_DOWNLOAD_H
#define HEM_DATA_DOWNLOAD_H

#include "hemline/base.h"

typedef enum hem__fetch_result {
    HEM__FETCH_DONE,
    HEM__FETCH_STOPPED, /* the progress function said so */
    HEM__FETCH_BROKEN,  /* network or server; what came stays in the file */
    HEM__FETCH_WRITE    /* the file cannot be written; errno is in *write_errno */
} hem__fetch_result;

/* Bytes of the whole file so far and in all (0 = not known). false stops. */
typedef bool (*hem__fetch_progress)(void *user, uint64_t done, uint64_t total);

typedef struct hem__download_module {
    size_t size;         /* of this struct */
    const char *version; /* HEM_VERSION when the module was compiled: must be the library's */
    /* Appends to the open file what it lacks of `url`: asks for the bytes from the file's end on; a
     * server that cannot do so, or has no such bytes, gives all, and the file begins anew. More
     * than max_bytes is refused. `why` gets a line of what went wrong. */
    hem__fetch_result (*fetch)(const char *url, int fd, uint64_t max_bytes,
                               hem__fetch_progress progress, void *user, char *why, size_t why_size,
                               int *write_errno);
} hem__download_module;

#define HEM__DOWNLOAD_SYMBOL "hem_download_module"
extern HEM_API const hem__download_module hem_download_module;

#endif

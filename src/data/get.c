/* `hemline data get`: the four packed files of a data set into the cache. What broke off goes on
 * where it stopped; what is not right to the bit does not get its name. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/module.h"
#include "base/str.h"
#include "data/download.h"
#include "data/note.h"
#include "data/place.h"
#include "data/set.h"

/* ---- one file ------------------------------------------------------------------------------- */

typedef struct job {
    const hem__download_module *module;
    const hem__known *known;
    const char *directory, *base_url;
    const hem_data_options *options;
    hem_download_progress progress;
    void *user;
    char name[64]; /* of the file at hand: "train-images-idx3-ubyte.gz" */
} job;

static bool on_progress(void *user, uint64_t done, uint64_t total)
{
    const job *j = user;
    return j->progress == NULL || j->progress(j->user, j->name, done, total);
}

/* Is it, unpacked, the known file to the bit? */
static hem_status verify(const char *path, const hem__known *known, int which, hem_error *err)
{
    hem__idx idx;
    char sha256[65];
    hem__idx_kind kind = which % 2 == 0 ? HEM__IDX_IMAGES : HEM__IDX_LABELS;
    HEM_TRY(hem__idx_read(path, kind, &idx, err));
    hem_status status = hem__idx_sha256(&idx, sha256, err);
    hem__idx_release(&idx);
    HEM_TRY(status);
    if (strcmp(sha256, known->files[which].sha256) == 0)
        return HEM_OK;
    return hem__fail_at(err, HEM_ERR_DATA, path, 0, 0, "its SHA-256 is %s, not %s", sha256,
                        known->files[which].sha256);
}

/* The file as far as it has come; *out is a descriptor to close. */
static hem_status open_part(const char *path, int *out, hem_error *err)
{
    *out = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    if (*out >= 0)
        return HEM_OK;
    return hem__fail_at(err, HEM_ERR_IO, path, 0, 0, "cannot write: %s", strerror(errno));
}

static hem_status fail_fetch(const job *j, const char *path, const char *url,
                             hem__fetch_result result, const char *why, int write_errno,
                             hem_error *err)
{
    if (result == HEM__FETCH_STOPPED) {
        hem__fail(err, HEM_INTERRUPTED, "stopped while '%s' was downloaded", j->name);
    } else if (result == HEM__FETCH_WRITE) {
        hem__fail_at(err, HEM_ERR_IO, path, 0, 0, "cannot write: %s", strerror(write_errno));
    } else {
        hem__fail(err, HEM_ERR_IO, "cannot download %s: %s", url, why);
    }
    return hem__hint(err, "run the command again: it goes on where it stopped; --url names another "
                          "address");
}

/* Brings PATH.part up to the whole file. */
static hem_status fetch(job *j, const char *path, const char *url, uint64_t max_bytes,
                        hem_error *err)
{
    int fd, write_errno = 0;
    char why[256] = "";
    HEM_TRY(open_part(path, &fd, err));
    hem__fetch_result result =
        j->module->fetch(url, fd, max_bytes, on_progress, j, why, sizeof why, &write_errno);
    if (result == HEM__FETCH_DONE && fsync(fd) != 0) {
        result = HEM__FETCH_WRITE;
        write_errno = errno;
    }
    if (close(fd) != 0 && result == HEM__FETCH_DONE) {
        result = HEM__FETCH_WRITE;
        write_errno = errno;
    }
    return result == HEM__FETCH_DONE ? HEM_OK
                                     : fail_fetch(j, path, url, result, why, write_errno, err);
}

/* Wrong content is kept aside as PATH.wrong, for whoever wants to look. */
static hem_status put_aside(const char *part, const char *path, const char *url,
                            const hem_error *reason, hem_error *err)
{
    hem__str aside = {0};
    hem__str_printf(&aside, "%s.wrong", path);
    char *name = hem__str_take(&aside);
    if (name == NULL)
        return hem__fail_memory(err, "a path", strlen(path));
    bool moved = rename(part, name) == 0;
    hem__fail(err, HEM_ERR_DATA, "%s is not the file that was expected: %s", url, reason->text);
    hem__hint(err, "it was kept as '%s'; try again later, or name another address",
              moved ? name : part);
    free(name);
    return HEM_ERR_DATA;
}

/* Fetches into PART, verifies and renames to PATH. */
static hem_status complete(job *j, int which, const char *part, const char *path, const char *url,
                           hem_error *err)
{
    /* Packed files are smaller than unpacked ones, but for a header. */
    uint64_t max_bytes = j->known->files[which].bytes + 65536;
    bool resumed = access(part, F_OK) == 0;
    hem_error reason;
    HEM_TRY(fetch(j, part, url, max_bytes, err));
    hem_status status = verify(part, j->known, which, &reason);
    if (status == HEM_ERR_DATA && resumed) {
        /* The two halves may come from different files: once more, from the start. */
        hem__note(j->options, HEM_LOG_WARNING,
                  "what was left of an earlier download did not fit; "
                  "'%s' is downloaded anew",
                  j->name);
        if (unlink(part) != 0)
            return hem__fail_at(err, HEM_ERR_IO, part, 0, 0, "cannot remove: %s", strerror(errno));
        HEM_TRY(fetch(j, part, url, max_bytes, err));
        status = verify(part, j->known, which, &reason);
    }
    if (status == HEM_ERR_DATA)
        return put_aside(part, path, url, &reason, err);
    if (status != HEM_OK) {
        if (err != NULL)
            *err = reason;
        return status;
    }
    if (rename(part, path) != 0)
        return hem__fail_at(err, HEM_ERR_IO, path, 0, 0, "cannot write: %s", strerror(errno));
    return HEM_OK;
}

static hem_status get_file(job *j, int which, hem_error *err)
{
    snprintf(j->name, sizeof j->name, "%s.gz", hem__known_filename(which));
    char *path = hem__path_join(j->directory, j->name), *url = hem__path_join(j->base_url, j->name);
    hem__str text = {0};
    hem__str_printf(&text, "%s.part", path != NULL ? path : "");
    char *part = hem__str_take(&text);
    hem_status status;
    if (path == NULL || url == NULL || part == NULL)
        status = hem__fail_memory(err, "a path", strlen(j->directory));
    else if (access(path, F_OK) == 0 && verify(path, j->known, which, NULL) == HEM_OK)
        status = HEM_OK; /* an earlier try got this one */
    else
        status = complete(j, which, part, path, url, err);
    free(path);
    free(url);
    free(part);
    return status;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static hem_status get_files(job *j, hem_error *err)
{
    unsigned long long free_bytes;
    size_t needed = 0; /* the packed files take less than the unpacked ones */
    for (int i = 0; i < HEM__N_FILES; i++)
        needed += j->known->files[i].bytes;
    HEM_TRY(hem__free_space(j->directory, &free_bytes, err));
    if (free_bytes < needed)
        return hem__fail_at(err, HEM_ERR_IO, j->directory, 0, 0,
                            "not enough space: %llu bytes are free, up to %zu are needed",
                            free_bytes, needed);
    for (int i = 0; i < HEM__N_FILES; i++)
        HEM_TRY(get_file(j, i, err));
    return HEM_OK;
}

/* One download at a time: two would write into the same partial files. The lock goes with the
 * descriptor, so a killed program leaves none. */
static hem_status lock(const char *directory, int *out, hem_error *err)
{
    char *path = hem__path_join(directory, ".download.lock");
    if (path == NULL)
        return hem__fail_memory(err, "a path", strlen(directory));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
    int why = errno;
    free(path);
    if (fd < 0)
        return hem__fail_at(err, HEM_ERR_IO, directory, 0, 0, "cannot write: %s", strerror(why));
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        why = errno;
        (void)close(fd);
        return hem__fail_at(err, HEM_ERR_IO, directory, 0, 0, "%s",
                            why == EWOULDBLOCK ? "another hemline downloads into this folder now"
                                               : strerror(why));
    }
    *out = fd;
    return HEM_OK;
}

static hem_status fail_unknown(const char *name, hem_error *err)
{
    const char *names[8] = {NULL};
    for (size_t i = 0, n = 0; hem__known_sets[i] != NULL && n < 7; i++) {
        if (hem__known_sets[i]->url != NULL)
            names[n++] = hem__known_sets[i]->name;
    }
    const char *near = hem__nearest(name, names);
    hem__fail(err, HEM_ERR_USAGE, "no data set '%s' can be downloaded", name);
    return near != NULL ? hem__hint(err, "did you mean '%s'?", near)
                        : hem__hint(err, "there is '%s'", names[0]);
}

hem_status hem_data_get(const char *name, const char *base_url, const hem_data_options *options,
                        hem_download_progress progress, void *user, hem_error *err)
{
    job j = {
        .known = hem__known_by_name(name), .options = options, .progress = progress, .user = user};
    if (j.known == NULL || j.known->url == NULL)
        return fail_unknown(name, err);
    const void *module;
    HEM_TRY(hem__module_open("download", HEM__DOWNLOAD_SYMBOL, sizeof *j.module, &module, err));
    j.module = module;
    char *directory = hem__place_cache(options, name);
    if (directory == NULL) {
        hem__fail(err, HEM_ERR_IO,
                  "no cache directory is known: neither HOME, XDG_CACHE_HOME nor "
                  "HEMLINE_CACHE is set");
        return hem__hint(err, "set HEMLINE_CACHE to a folder");
    }
    j.directory = directory;
    j.base_url = base_url != NULL ? base_url : j.known->url;
    int held = -1;
    hem_status status = hem__make_directories(directory, err);
    if (status == HEM_OK)
        status = lock(directory, &held, err);
    if (status == HEM_OK)
        status = get_files(&j, err);
    if (held >= 0)
        (void)close(held); /* gives the lock back; nothing was written to it */
    free(directory);
    return status;
}

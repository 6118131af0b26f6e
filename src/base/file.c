/* Reading a file whole, and writing one so that a crash or a full disk never leaves half of it. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static hem_status fail_io(hem_error *err, const char *path, const char *what, int why)
{
    hem__fail_at(err, HEM_ERR_IO, path, 0, 0, "%s: %s", what, strerror(why));
    if (why == ENOSPC || why == EDQUOT)
        return hem__hint(err, "free some space, or choose a folder on another disk");
    if (why == EACCES || why == EPERM || why == EROFS)
        return hem__hint(err, "choose a folder that you may write to");
    return HEM_ERR_IO;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Reads up to n bytes; fewer only at the end of the file. -1: errno says why. */
static ssize_t read_all(int fd, unsigned char *out, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t got = read(fd, out + done, n - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

static hem_status read_open(int fd, const char *path, size_t max, hem_status status,
                            unsigned char **out, size_t *length, hem_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return hem__fail_at(err, status, path, 0, 0, "cannot read: %s", strerror(errno));
    if (!S_ISREG(info.st_mode))
        return hem__fail_at(err, status, path, 0, 0, "%s, not a file",
                            S_ISDIR(info.st_mode) ? "this is a folder"
                                                  : "this is a device or pipe");
    if ((uintmax_t)info.st_size > max)
        return hem__fail_at(err, status, path, 0, 0, "too large: %ju bytes, at most %zu are read",
                            (uintmax_t)info.st_size, max);
    size_t size = (size_t)info.st_size;
    unsigned char *bytes = size < SIZE_MAX ? hem__calloc(size + 1, 1) : NULL;
    if (bytes == NULL)
        return hem__fail_memory(err, path, size);
    ssize_t got = read_all(fd, bytes, size);
    if (got < 0) {
        int why = errno;
        free(bytes);
        return hem__fail_at(err, HEM_ERR_IO, path, 0, 0, "cannot read: %s", strerror(why));
    }
    *out = bytes;
    *length = (size_t)got; /* less than size where the file shrank meanwhile */
    return HEM_OK;
}

hem_status hem__file_read(const char *path, size_t max, hem_status status_if_missing,
                          unsigned char **out, size_t *length, hem_error *err)
{
    *out = NULL;
    *length = 0;
    /* O_NONBLOCK: opening a named pipe must not hang; regular files ignore it. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return hem__fail_at(err, status_if_missing, path, 0, 0, "cannot open: %s", strerror(errno));
    hem_status status = read_open(fd, path, max, status_if_missing, out, length, err);
    (void)close(fd); /* nothing was written: it cannot lose anything */
    return status;
}

/* ---- writing -------------------------------------------------------------------------------- */

/* false: errno says why. */
static bool write_all(int fd, const unsigned char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

/* fsync, taking "this kind of file has nothing to sync" for success. */
static bool sync_all(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
}

/* The folder's own entry for a new name is data too. */
static bool sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL   ? hem__strdup(".")
                   : slash == path ? hem__strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    if (folder == NULL)
        return false; /* errno is ENOMEM */
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    /* A folder that may be written but not read cannot be synced; the rename stands all the same.
     */
    if (fd < 0)
        return errno == EACCES;
    bool done = sync_all(fd);
    int why = errno;
    (void)close(fd);
    errno = why;
    return done;
}

/* "dir/.name.tmp-PID-random": in the same folder, so that rename() stays within one file system,
 * and hidden, so that a leftover of a killed process is seen by nobody as a result. */
static char *temporary_name(const char *path)
{
    enum { KEPT = 100, ROOM = KEPT + 48 }; /* of the name: names have a limit of 255 bytes */
    const char *slash = strrchr(path, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - path) + 1, size;
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        random = 0; /* the process id and O_EXCL suffice for safety */
    if (!hem__add_size(folder, ROOM, &size))
        return NULL;
    char *name = hem__calloc(size, 1);
    if (name == NULL)
        return NULL;
    memcpy(name, path, folder);
    snprintf(name + folder, ROOM, ".%.*s.tmp-%ld-%08x", (int)KEPT, path + folder, (long)getpid(),
             (unsigned)random);
    return name;
}

/* Writes, syncs and closes; 0 or the errno of the first failure. */
static int fill(int fd, const hem__piece *pieces, size_t n)
{
    int why = 0;
    for (size_t i = 0; i < n && why == 0; i++) {
        if (!write_all(fd, pieces[i].bytes, pieces[i].length))
            why = errno;
    }
    if (why == 0 && !sync_all(fd))
        why = errno;
    if (close(fd) != 0 && why == 0)
        why = errno;
    return why;
}

hem_status hem__file_write_pieces(const char *path, const hem__piece *pieces, size_t n,
                                  hem_error *err)
{
    char *temporary = temporary_name(path);
    if (temporary == NULL)
        return hem__fail_memory(err, path, 0);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        int why = errno;
        free(temporary);
        return fail_io(err, path, "cannot write", why);
    }
    int why = fill(fd, pieces, n);
    if (why == 0 && rename(temporary, path) != 0)
        why = errno;
    if (why != 0)
        (void)unlink(temporary);
    free(temporary);
    if (why != 0)
        return fail_io(err, path, "cannot write", why);
    if (!sync_folder_of(path))
        return fail_io(err, path, "written, but not safe from a power failure", errno);
    return HEM_OK;
}

hem_status hem__file_write(const char *path, const void *bytes, size_t length, hem_error *err)
{
    hem__piece whole = {bytes, length};
    return hem__file_write_pieces(path, &whole, 1, err);
}

hem_status hem__file_append(const char *path, const void *bytes, size_t length, hem_error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return fail_io(err, path, "cannot open for writing", errno);
    struct stat info;
    bool known = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    int why = 0;
    if (!write_all(fd, bytes, length) || !sync_all(fd)) {
        why = errno;
        /* Half a record is worse than none. */
        if (known && ftruncate(fd, info.st_size) != 0)
            why = errno; /* readers skip a torn last line */
    }
    if (close(fd) != 0 && why == 0)
        why = errno;
    return why == 0 ? HEM_OK : fail_io(err, path, "cannot write", why);
}

/* Loaded before the C library (LD_PRELOAD): makes the K-th call of write, fsync, rename, renameat2,
 * link or mkdir that concerns a file fail as a full or broken disk would.
 *   FAILWRITE_AT=K       this call fails; 0 = none
 *   FAILWRITE_STAYS=1    and all after it: the disk stays full
 *   FAILWRITE_ERRNO=N    with this errno; default ENOSPC
 *   FAILWRITE_COUNT=F    at the end the number of calls is written to file F */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int renameat2(int, const char *, int, const char *, unsigned int);

static atomic_long calls;

static long number(const char *name, long missing)
{
    const char *text = getenv(name);
    return text != NULL ? strtol(text, NULL, 10) : missing;
}

static bool fails(void)
{
    long at = number("FAILWRITE_AT", 0), call = atomic_fetch_add(&calls, 1) + 1;
    if (at == 0 || call < at || (call > at && number("FAILWRITE_STAYS", 0) == 0))
        return false;
    errno = (int)number("FAILWRITE_ERRNO", ENOSPC);
    return true;
}

/* The program's own output is no file. */
static bool is_file(int fd)
{
    struct stat info;
    return fd > 2 && fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode));
}

/* The C library's function behind ours. Through a union: ISO C has no cast from void * to a
 * function. */
#define NEXT(name)                                                                                 \
    union {                                                                                        \
        void *object;                                                                              \
        __typeof__(&name) function;                                                                \
    } next = {dlsym(RTLD_NEXT, #name)}

ssize_t write(int fd, const void *bytes, size_t n)
{
    NEXT(write);
    if (!is_file(fd))
        return next.function(fd, bytes, n);
    if (!fails())
        return next.function(fd, bytes, n);
    /* A full disk takes a part first. */
    int why = errno;
    if (n > 1)
        (void)next.function(fd, bytes, n / 2);
    errno = why;
    return -1;
}

int fsync(int fd)
{
    NEXT(fsync);
    return fails() ? -1 : next.function(fd);
}

int rename(const char *from, const char *to)
{
    NEXT(rename);
    return fails() ? -1 : next.function(from, to);
}

int renameat2(int a, const char *from, int b, const char *to, unsigned int flags)
{
    NEXT(renameat2);
    return fails() ? -1 : next.function(a, from, b, to, flags);
}

int link(const char *from, const char *to)
{
    NEXT(link);
    return fails() ? -1 : next.function(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    NEXT(mkdir);
    return fails() ? -1 : next.function(path, mode);
}

static void __attribute__((destructor)) report(void)
{
    const char *path = getenv("FAILWRITE_COUNT");
    FILE *file = path != NULL ? fopen(path, "w") : NULL; /* stdio calls no function of this file */
    if (file != NULL) {
        fprintf(file, "%ld\n", atomic_load(&calls));
        fclose(file);
    }
}

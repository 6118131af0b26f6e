/* The run directory: filled beside its place and then moved there, so that one that can be seen is
 * complete, whenever the process dies. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "train/run.h"

/* ---- names ------------------------------------------------------------------------------------
 */

static hem_status set_directory(hem__run *run, const char *path, hem_error *err)
{
    size_t n = strlen(path);
    if (n >= sizeof run->directory)
        return hem__fail(err, HEM_ERR_USAGE,
                         "the name of the run directory has %zu bytes; at most %zu are possible", n,
                         sizeof run->directory - 1);
    memcpy(run->directory, path, n + 1);
    return HEM_OK;
}

/* The folder of numbered runs. */
static const char *runs_of(const hem__run *run)
{
    return run->options->runs != NULL ? run->options->runs : "runs";
}

/* The folder that will hold the run's: free() it. */
static char *parent_of(const hem__run *run, const char *wanted)
{
    if (wanted == NULL)
        return hem__strdup(runs_of(run));
    size_t n = strlen(wanted);
    while (n > 1 && wanted[n - 1] == '/')
        n--;
    while (n > 0 && wanted[n - 1] != '/')
        n--;
    while (n > 1 && wanted[n - 1] == '/')
        n--;
    return n == 0 ? hem__strdup(".") : strndup(wanted, n);
}

static hem_status refuse_existing(const char *wanted, hem_error *err)
{
    struct stat info;
    if (wanted[0] == '\0')
        return hem__fail(err, HEM_ERR_USAGE, "the name of the run directory is empty");
    if (lstat(wanted, &info) != 0)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_USAGE, wanted, 0, 0, "exists already; a run wants a new folder");
    return hem__hint(err, "choose another name, or go on with it by 'hemline train --resume %s'",
                     wanted);
}

/* ---- making -----------------------------------------------------------------------------------
 */

static hem_status check_room(const char *parent, unsigned long long bytes, hem_error *err)
{
    const double MB = 1e6;
    unsigned long long free_bytes;
    HEM_TRY(hem__free_space(parent, &free_bytes, err));
    if (free_bytes >= bytes)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_IO, parent, 0, 0,
                 "not enough space: the run needs about %.1f MB, %.1f MB are free",
                 (double)bytes / MB, (double)free_bytes / MB);
    return hem__hint(err, "free some space, or choose a folder on another disk");
}

static hem_status make_hidden(hem__run *run, const char *parent, hem_error *err)
{
    char name[64];
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, ".new-%ld-%d", (long)getpid(), i);
        char *path = hem__path_join(parent, name);
        hem_status status =
            path == NULL ? hem__fail_memory(err, parent, 0) : set_directory(run, path, err);
        int failed = status == HEM_OK ? mkdir(path, 0777) : 0;
        int why = errno;
        free(path);
        if (status != HEM_OK)
            return status;
        run->staged = failed == 0;
        if (failed == 0)
            return HEM_OK;
        if (why == EEXIST)
            continue;
        hem__fail_at(err, HEM_ERR_IO, parent, 0, 0, "cannot make a folder here: %s", strerror(why));
        return hem__hint(err, "choose a place that you may write to");
    }
    return hem__fail_at(err, HEM_ERR_IO, parent, 0, 0,
                        "cannot make a folder here: too many '.new'");
}

hem_status hem__directory_lock(hem__run *run, hem_error *err)
{
    char *path = hem__run_path(run, ".lock");
    if (path == NULL)
        return hem__fail_memory(err, run->directory, 0);
    run->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int why = errno;
    free(path);
    if (run->lock < 0)
        return hem__fail_at(err, HEM_ERR_IO, run->directory, 0, 0, "cannot write here: %s",
                            strerror(why));
    /* A file system without locks is no reason to stop. */
    if (flock(run->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_USAGE, run->directory, 0, 0,
                 "another process is writing this run at the moment");
    return hem__hint(err, "wait for its end, or stop it");
}

hem_status hem__directory_stage(hem__run *run, const char *wanted, unsigned long long bytes,
                                hem_error *err)
{
    if (wanted != NULL)
        HEM_TRY(refuse_existing(wanted, err));
    char *parent = parent_of(run, wanted);
    if (parent == NULL)
        return hem__fail_memory(err, "a run directory", 0);
    hem_status status = hem__make_directories(parent, err);
    if (status == HEM_OK)
        status = check_room(parent, bytes, err);
    if (status == HEM_OK)
        status = make_hidden(run, parent, err);
    free(parent);
    return status == HEM_OK ? hem__directory_lock(run, err) : status;
}

/* ---- publishing -------------------------------------------------------------------------------
 */

/* Renames without ever replacing anything; errno is EEXIST where `to` exists. */
static bool move_to(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    /* Not every file system has it. mkdir is as exclusive, and an empty folder may be renamed over.
     */
    return mkdir(to, 0777) == 0 && rename(from, to) == 0;
}

static void sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* at worst a power failure takes the new run away */
        (void)close(fd);
    }
}

static hem_status publish_as(hem__run *run, const char *path, bool *taken, hem_error *err)
{
    *taken = false;
    if (strlen(path) >= sizeof run->directory) /* known before anything is moved */
        return hem__fail(err, HEM_ERR_USAGE, "the name of the run directory is too long: %zu bytes",
                         strlen(path));
    if (move_to(run->directory, path)) {
        run->staged = false;
        return set_directory(run, path, err);
    }
    if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR) {
        *taken = true;
        return HEM_OK;
    }
    return hem__fail_at(err, HEM_ERR_IO, path, 0, 0, "cannot make this folder: %s",
                        strerror(errno));
}

static hem_status publish_numbered(hem__run *run, hem_error *err)
{
    const hem_spec *spec = run->net->spec;
    bool taken = true;
    for (int i = 1; taken && i < 1000000; i++) {
        hem__str path = {0};
        hem__str_printf(&path, "%s/%s-s%llu-%d", runs_of(run), hem_spec_name(spec),
                        (unsigned long long)hem_spec_seed(spec), i);
        hem_status status = path.failed ? hem__fail_memory(err, "a run directory", 0)
                                        : publish_as(run, path.text, &taken, err);
        hem__str_release(&path);
        HEM_TRY(status);
    }
    return taken ? hem__fail(err, HEM_ERR_IO, "%s has no free number left", runs_of(run)) : HEM_OK;
}

hem_status hem__directory_publish(hem__run *run, const char *wanted, hem_error *err)
{
    bool taken = false;
    char *parent = parent_of(run, wanted);
    if (parent == NULL)
        return hem__fail_memory(err, "a run directory", 0);
    hem_status status =
        wanted == NULL ? publish_numbered(run, err) : publish_as(run, wanted, &taken, err);
    if (status == HEM_OK && taken) { /* made by another process meanwhile */
        status = refuse_existing(wanted, err);
        if (status == HEM_OK)
            status = hem__fail_at(err, HEM_ERR_IO, wanted, 0, 0, "cannot make this folder");
    }
    if (status == HEM_OK)
        sync_folder(parent);
    free(parent);
    return status;
}

void hem__directory_tidy(const hem__run *run)
{
    DIR *folder = opendir(run->directory);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        /* the temporary names of base/file.c, and that of a checkpoint on its way to the previous
         */
        bool left = (entry->d_name[0] == '.' && strstr(entry->d_name, ".tmp-") != NULL) ||
                    strcmp(entry->d_name, "checkpoint.previous.safetensors.new") == 0;
        char *path = left ? hem__run_path(run, entry->d_name) : NULL;
        if (path != NULL)
            (void)unlink(path); /* it only takes space */
        free(path);
    }
    if (folder != NULL)
        (void)closedir(folder);
}

void hem__directory_discard(hem__run *run)
{
    DIR *folder = opendir(run->directory);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char *path = hem__run_path(run, entry->d_name);
        if (path != NULL)
            (void)unlink(path); /* "." and ".." refuse */
        free(path);
    }
    if (folder != NULL)
        (void)closedir(folder);
    (void)rmdir(run->directory);
    run->staged = false;
}

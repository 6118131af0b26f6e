/* hemline init: a commented experiment file to start from. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common.h"
#include "help.h"

static hem_status failed(hem_error *err, const char *path, int cause)
{
    const char *hint = cause == EEXIST ? "choose another name; nothing is overwritten" : NULL;
    hem_status status = fail(err, cause == EEXIST ? HEM_ERR_USAGE : HEM_ERR_IO, hint, "%s",
                             cause == EEXIST ? "the file exists" : strerror(cause));
    snprintf(err->file, sizeof err->file, "%s", plain_text(path));
    return status;
}

static bool write_all(int fd, const char *content, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, content, size);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            content += n;
            size -= (size_t)n;
        }
    }
    return true;
}

static hem_status write_new_file(const char *path, const char *content, hem_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return failed(err, path, errno);
    int cause = write_all(fd, content, strlen(content)) ? 0 : errno;
    if (close(fd) != 0 && cause == 0)
        cause = errno;
    if (cause == 0)
        return HEM_OK;
    unlink(path);
    return failed(err, path, cause);
}

static bool ends_in(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}

static int run_init(char *const *names, int n)
{
    if (n == 0) {
        out("%s", hem_spec_template());
        return HEM_OK;
    }
    bool has_suffix = ends_in(names[0], ".yaml") || ends_in(names[0], ".yml");
    const char *path = has_suffix ? names[0] : text("%s.yaml", names[0]);
    hem_error err;
    if (write_new_file(path, hem_spec_template(), &err) != HEM_OK)
        return report(&err);
    talk("wrote %s\n", plain_text(path));
    talk("to train it: hemline train %s\n", shell_word(path));
    return HEM_OK;
}

static const option options[] = {OPTION_QUIET};

static const char *const usage[] = {"[NAME] [options]", NULL};

static const char *const examples[] = {
    "init mine", "write mine.yaml, to be changed and trained", "init | less", "read it first", NULL,
};

extern const command command_init;
const command command_init = {
    .name = "init",
    .summary = "write a commented experiment file to start from",
    .usage = usage,
    .details = "Writes NAME.yaml, or prints the file on standard output where no name is given.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 1,
    .run = run_init,
};

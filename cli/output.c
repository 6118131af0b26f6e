/* Streams, colours and errors of the program. */
#include "output.h"

#include <errno.h>
#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "bar.h"

style out_style = {"", "", ""};
style talk_style = {"", "", ""};
bool quiet = false;

static int write_error = 0; /* errno of the first result that could not be written */

/* Texts that live as long as the program, kept reachable for the leak checker. */
typedef struct kept_text {
    struct kept_text *next;
    char content[];
} kept_text;
static kept_text *kept_texts = NULL;

static bool smart_terminal(int fd)
{
    const char *term = getenv("TERM");
    return isatty(fd) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static style style_of(int fd)
{
    const char *no_color = getenv("NO_COLOR");
    if ((no_color != NULL && no_color[0] != '\0') || !smart_terminal(fd))
        return (style){"", "", ""};
    return (style){"\033[1m", "\033[2m", "\033[0m"};
}

void output_init(void)
{
    out_style = style_of(STDOUT_FILENO);
    talk_style = style_of(STDERR_FILENO);
}

bool talk_is_terminal(void)
{
    return smart_terminal(STDERR_FILENO);
}

bool out_is_terminal(void)
{
    return smart_terminal(STDOUT_FILENO);
}

bool output_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

int output_columns(void)
{
    const char *columns = getenv("COLUMNS");
    if (columns != NULL) {
        int n = atoi(columns);
        if (n >= 20 && n <= 1000)
            return n;
    }
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return 80;
}

static void remember_write_error(void)
{
    if (write_error == 0)
        write_error = errno != 0 ? errno : EIO;
}

void out(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    errno = 0;
    if (vprintf(format, arguments) < 0)
        remember_write_error();
    va_end(arguments);
}

int output_close(int code)
{
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        remember_write_error();
    if (write_error != 0) {
        hem_error err;
        hem_status status = fail(&err, HEM_ERR_IO, "the results above may be cut off",
                                 "cannot write to standard output: %s", strerror(write_error));
        report(&err);
        if (code == HEM_OK)
            code = (int)status;
    }
    while (kept_texts != NULL) {
        kept_text *next = kept_texts->next;
        free(kept_texts);
        kept_texts = next;
    }
    return code;
}

/* Nothing can be said about a standard error that cannot be written. */
PRINTF_LIKE(1, 0)
static void to_stderr(const char *format, va_list arguments)
{
    bar_clear();
    fflush(stdout); /* results and talk in their order on a terminal */
    vfprintf(stderr, format, arguments);
}

void talk(const char *format, ...)
{
    if (quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    to_stderr(format, arguments);
    va_end(arguments);
}

void warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    to_stderr(format, arguments);
    va_end(arguments);
}

void talk_field(const char *label, const char *content)
{
    enum { LABEL = 10 };
    int width = output_columns() - LABEL - 1;
    talk("%s%-*s%s", talk_style.dim, LABEL, label, talk_style.off);
    int used = 0;
    while (*content != '\0') {
        int length = (int)strcspn(content, " ");
        if (used > 0 && used + 1 + length > width) {
            talk("\n%*s", LABEL, "");
            used = 0;
        }
        talk("%s%.*s", used > 0 ? " " : "", length, content);
        used += length + (used > 0);
        content += length + (content[length] == ' ');
    }
    talk("\n");
}

int out_json(json_t *object)
{
    char *dump =
        object != NULL ? json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(object);
    if (dump == NULL) {
        hem_error err;
        fail(&err, HEM_ERR_MEMORY, NULL, "not enough memory for the JSON output");
        return report(&err);
    }
    out("%s\n", dump);
    free(dump);
    return HEM_OK;
}

void default_hint(hem_error *err, const char *hint)
{
    if (err->hint[0] == '\0')
        snprintf(err->hint, sizeof err->hint, "%s", hint);
}

/* Where no better help is known. */
static const char *hint_for(hem_status status)
{
    switch (status) {
    case HEM_ERR_USAGE:
        return "'hemline help' and 'hemline help keys' say what is allowed";
    case HEM_ERR_DATA:
        return "give the path of a file that is there and whole, or make or fetch it anew";
    case HEM_ERR_MODEL:
        return "a model is a run directory or a model.safetensors that 'hemline train' has written";
    case HEM_ERR_MEMORY:
        return "a smaller batch or a smaller network needs less";
    case HEM_ERR_INTERNAL:
        return "this is a defect of hemline: please report it with the command";
    case HEM_ERR_IO:
        return "the place must exist, be writable and have room";
    case HEM_ERR_DIVERGED:
    case HEM_ERR_CHECK:
    case HEM_INTERRUPTED:
    case HEM_OK:
        break;
    }
    return NULL;
}

int report(const hem_error *err)
{
    char line[sizeof err->file + sizeof err->text + 32];
    hem_error_format(err, line, sizeof line);
    warn("%s%s%s%s\n", talk_style.bold, err->file[0] == '\0' ? "hemline: " : "", line,
         talk_style.off);
    const char *hint = err->hint[0] != '\0' ? err->hint : hint_for(err->status);
    if (hint != NULL)
        warn("%s\n", hint);
    return (int)err->status;
}

PRINTF_LIKE(4, 0)
static hem_status fail_va(hem_error *err, hem_status status, const char *hint, const char *format,
                          va_list arguments)
{
    *err = (hem_error){.status = status};
    vsnprintf(err->text, sizeof err->text, format, arguments);
    snprintf(err->hint, sizeof err->hint, "%s", hint != NULL ? hint : "");
    return status;
}

hem_status fail(hem_error *err, hem_status status, const char *hint, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail_va(err, status, hint, format, arguments);
    va_end(arguments);
    return status;
}

int usage_error(const char *hint, const char *format, ...)
{
    hem_error err;
    va_list arguments;
    va_start(arguments, format);
    fail_va(&err, HEM_ERR_USAGE, hint, format, arguments);
    va_end(arguments);
    return report(&err);
}

void *need(void *pointer)
{
    if (pointer == NULL) {
        hem_error err;
        fail(&err, HEM_ERR_MEMORY, NULL, "not enough memory");
        exit(report(&err));
    }
    return pointer;
}

const char *text(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int n = vsnprintf(NULL, 0, format, arguments);
    size_t size = n < 0 ? 1 : (size_t)n + 1;
    kept_text *kept = need(calloc(1, sizeof *kept + size));
    vsnprintf(kept->content, size, format, again);
    va_end(again);
    va_end(arguments);
    kept->next = kept_texts;
    kept_texts = kept;
    return kept->content;
}

double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

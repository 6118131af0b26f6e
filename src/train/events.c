/* Writing and reading events.jsonl. */
#include "train/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

/* ---- writing ----------------------------------------------------------------------------------
 */

void hem__event_open(hem__json *json, const char *event, uint64_t step)
{
    char text[32] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) != NULL)
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    memset(json, 0, sizeof *json);
    hem__json_open(json, NULL, '{');
    hem__json_text(json, "event", event);
    hem__json_count(json, "step", step);
    hem__json_text(json, "time", text);
}

/* A killed process may have left half a line. */
static bool last_line_is_torn(const char *path)
{
    char last = '\n';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    off_t end = lseek(fd, 0, SEEK_END);
    bool torn = end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
    (void)close(fd);
    return torn;
}

hem_status hem__event_append(hem__json *json, const char *path, hem_error *err)
{
    hem__str line = {0};
    hem__json_close(json, '}');
    if (last_line_is_torn(path))
        hem__str_add(&line, "\n");
    char *text = hem__str_take(&json->text);
    if (text != NULL) {
        hem__str_add(&line, text);
        hem__str_add(&line, "\n");
    }
    hem_status status = text == NULL || line.failed
                            ? hem__fail_memory(err, path, 0)
                            : hem__file_append(path, line.text, line.length, err);
    free(text);
    hem__str_release(&line);
    return status;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

/* Removes the events at or past a step. */
static void drop_from(json_t *events, json_int_t step)
{
    for (size_t i = json_array_size(events); i > 0; i--) {
        const json_t *at = json_object_get(json_array_get(events, i - 1), "step");
        if (json_is_integer(at) && json_integer_value(at) >= step)
            (void)json_array_remove(events, i - 1);
    }
}

static bool take_line(const char *line, size_t length, json_t *events, size_t *resumed)
{
    json_t *event = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(event)) { /* torn, or not ours */
        json_decref(event);
        return true;
    }
    const char *name = json_string_value(json_object_get(event, "event"));
    const json_t *from = json_object_get(event, "from_step");
    if (name != NULL && strcmp(name, "resumed") == 0 && json_is_integer(from)) {
        drop_from(events, json_integer_value(from));
        ++*resumed;
    }
    return json_array_append_new(events, event) == 0;
}

hem_status hem__events_read(const char *path, json_t **out, size_t *resumed, hem_error *err)
{
    unsigned char *bytes = NULL;
    size_t length = 0, count = 0;
    bool good = true;
    *out = NULL;
    if (access(path, F_OK) == 0 || errno != ENOENT)
        HEM_TRY(hem__file_read(path, (size_t)1 << 28, HEM_ERR_IO, &bytes, &length, err));
    json_t *events = json_array();
    const char *at = (const char *)bytes, *end = at == NULL ? NULL : at + length;
    while (at != end && events != NULL && good) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop == NULL ? end : stop;
        good = take_line(at, (size_t)(stop - at), events, &count);
        at = stop == end ? end : stop + 1;
    }
    free(bytes);
    if (events == NULL || !good) {
        json_decref(events);
        return hem__fail_memory(err, path, length);
    }
    *out = events;
    if (resumed != NULL)
        *resumed = count;
    return HEM_OK;
}

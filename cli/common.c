/* Opening what a command works with, and small texts. */
#include "common.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

common_options common = {0};

const char *const part_names[] = {"train", "validation", "test", NULL};

void log_line(void *user, hem_log_level level, const char *line)
{
    (void)user;
    if (level == HEM_LOG_WARNING)
        warn("warning: %s\n", line);
    else
        talk("note: %s\n", line);
}

hem_data_options data_options(void)
{
    return (hem_data_options){.directory = common.data, .log = log_line};
}

const char *place_state(const hem_data_place *place)
{
    return place->used ? "found, used" : place->found ? "found" : "not there";
}

const char *places_help(const hem_data_place *places, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (places[i].used)
            return NULL;
        any = any || places[i].found;
    }
    /* Found, but not used: only behind a place that was named. */
    return any ? text("%s names a place without data, and then no other is searched", places[0].why)
               : "'hemline data get' downloads Fashion-MNIST; the Debian package is "
                 "dataset-fashion-mnist";
}

/* HEMLINE_THREADS as a number, 0 where it is not set, -1 where it makes no sense. */
static int threads_from_environment(void)
{
    const char *value = getenv("HEMLINE_THREADS");
    if (value == NULL || value[0] == '\0')
        return 0;
    char *end = NULL;
    long n = strtol(value, &end, 10);
    return *end == '\0' && n >= 1 && n <= 256 ? (int)n : -1;
}

const char *runs_folder(void)
{
    const char *runs = getenv("HEMLINE_RUNS");
    return runs != NULL && runs[0] != '\0' ? runs : "runs";
}

void talk_machine(const hem_context *context)
{
    int threads = hem_context_threads(context);
    talk_field("machine", text("%s kernels, %d thread%s", hem_context_tier(context), threads,
                               threads == 1 ? "" : "s"));
}

hem_status session_start(session *s, hem_error *err)
{
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = common.threads > 0 ? common.threads : threads_from_environment();
    if (settings.threads < 0)
        return fail(err, HEM_ERR_USAGE, "it is a whole number from 1 to 256",
                    "the environment variable HEMLINE_THREADS is '%s'", getenv("HEMLINE_THREADS"));
    settings.pin = common.pin;
    settings.log = log_line;
    return hem_context_new(&settings, &s->context, err);
}

hem_status session_model(session *s, const char *path, hem_error *err)
{
    char *file = need(hem_model_path(path));
    hem_status status = hem_net_load(s->context, file, &s->net, err);
    free(file);
    s->is_model = true;
    return status;
}

hem_status session_data(session *s, hem_error *err)
{
    hem_data_options options = data_options();
    const hem_spec *spec = s->net != NULL ? hem_net_spec(s->net) : s->spec;
    return hem_data_open(spec, &options, &s->data, err);
}

hem_status session_network(session *s, const char *path, const uint64_t *seed, bool with_data,
                           hem_error *err)
{
    hem_status status = session_start(s, err);
    if (status != HEM_OK)
        return status;
    if (looks_like_model(path)) {
        if (common.set.n > 0)
            return fail(err, HEM_ERR_USAGE, "name the experiment file instead of a model",
                        "--set changes an experiment file, and '%s' is a model", path);
        status = session_model(s, path, err);
        if (status == HEM_OK && with_data)
            status = session_data(s, err);
        return status;
    }
    status = hem_spec_load(path, common.set.items, common.set.n, &s->spec, err);
    if (status == HEM_OK)
        status = session_data(s, err);
    if (status == HEM_OK)
        status = hem_net_new(s->context, s->spec, s->data,
                             seed != NULL ? *seed : hem_spec_seed(s->spec), &s->net, err);
    return status;
}

void session_close(session *s)
{
    hem_net_free(s->net);
    hem_data_free(s->data);
    hem_spec_free(s->spec);
    hem_context_free(s->context);
    *s = (session){0};
}

bool looks_like_model(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    size_t length = strlen(path);
    static const char suffix[] = ".safetensors";
    if (length > sizeof suffix && strcmp(path + length - sizeof suffix + 1, suffix) == 0)
        return true;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    /* A safetensors file starts with the header's length in eight bytes, lowest first, and no
     * header is so long that the last two are used; text has no zero bytes, UTF-16 not two in a
     * row. */
    unsigned char head[8];
    size_t n = fread(head, 1, sizeof head, file);
    fclose(file);
    return n == sizeof head && head[6] == 0 && head[7] == 0;
}

const char *grouped(size_t n)
{
    char digits[32], out_text[48];
    int length = snprintf(digits, sizeof digits, "%zu", n);
    char *to = out_text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text("%s", out_text);
}

const char *bytes_text(size_t n)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double x = (double)n;
    size_t unit = 0;
    while (x >= 1024.0 && unit + 1 < COUNT(units)) {
        x /= 1024.0;
        unit++;
    }
    return text(unit == 0 ? "%.0f %s" : "%.1f %s", x, units[unit]);
}

const char *size_text(int height, int width, int channels)
{
    if (channels == 1)
        return text("%dx%d grey", height, width);
    return text("%dx%d in %s", height, width, channels == 3 ? "colour" : "an unknown colour form");
}

const char *shell_word(const char *word)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "_-./,:=@%+";
    if (word[0] != '\0' && strspn(word, safe) == strlen(word))
        return word;
    const char *quoted = "'";
    for (; *word != '\0'; word++)
        quoted = *word == '\'' ? text("%s'\\''", quoted) : text("%s%c", quoted, *word);
    return text("%s'", quoted);
}

const char *plain_text(const char *s)
{
    char *copy = need(strdup(s));
    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
    }
    const char *kept = text("%s", copy);
    free(copy);
    return kept;
}

json_t *json_number(double x)
{
    return isfinite(x) ? json_real(x) : json_null();
}

json_t *json_text(const char *s)
{
    json_t *value = json_string(s);
    if (value != NULL)
        return value;
    char *copy = need(strdup(s));
    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    value = json_string(copy);
    free(copy);
    return value;
}

json_t *json_count(size_t n)
{
    return json_integer((json_int_t)n);
}

void json_put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, need(value)) != 0)
        need(NULL);
}

void json_add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, need(value)) != 0)
        need(NULL);
}

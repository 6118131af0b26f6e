/* What many commands share: their common options, and the chain context - experiment - data -
 * network that they open and close. */
#ifndef HEM_CLI_COMMON_H
#define HEM_CLI_COMMON_H

#include "hemline/hemline.h"

#include "command.h"
#include "output.h"

/* Values of the options below; every command has the ones that its table lists. */
typedef struct common_options {
    int threads; /* 0 = not given */
    bool pin, json, progress, no_progress;
    const char *data;
    text_list set;
} common_options;
extern common_options common;

#define OPTION_SET                                                                                 \
    {                                                                                              \
        .name = "set", .kind = OPTION_LIST, .value = "KEY=VALUE", .target = &common.set,           \
        .help = "override a value of the experiment, e.g. train.epochs=5; may be repeated"         \
    }
#define OPTION_TRAINING_SEED(to, is_given)                                                         \
    {                                                                                              \
        .name = "seed", .kind = OPTION_SEED, .value = "N", .target = (to), .given = (is_given),    \
        .help =                                                                                    \
            "seed of initial weights, order and dropout (default: the file's train.seed, or 0)"    \
    }
#define OPTION_THREADS                                                                             \
    {                                                                                              \
        .name = "threads", .kind = OPTION_INT, .value = "N", .target = &common.threads, .low = 1,  \
        .high = 256,                                                                               \
        .help = "threads to use (default: HEMLINE_THREADS, else as many as this process may use)"  \
    }
#define OPTION_PIN                                                                                 \
    {                                                                                              \
        .name = "pin", .kind = OPTION_FLAG, .target = &common.pin,                                 \
        .help = "keep each thread on one processor"                                                \
    }
#define OPTION_DATA                                                                                \
    {                                                                                              \
        .name = "data", .kind = OPTION_TEXT, .value = "DIR", .target = &common.data,               \
        .help = "where the data files are (default: HEMLINE_DATA, else 'hemline data where')"      \
    }
#define OPTION_JSON                                                                                \
    {                                                                                              \
        .name = "json", .kind = OPTION_FLAG, .target = &common.json,                               \
        .help = "print one JSON object instead of text"                                            \
    }
#define OPTION_QUIET                                                                               \
    {                                                                                              \
        .name = "quiet", .letter = 'q', .kind = OPTION_FLAG, .target = &quiet,                     \
        .help = "print results and errors only"                                                    \
    }
#define OPTION_PROGRESS                                                                            \
    {                                                                                              \
        .name = "progress", .kind = OPTION_FLAG, .target = &common.progress,                       \
        .help = "draw the progress bar even where no terminal is"                                  \
    }
#define OPTION_NO_PROGRESS                                                                         \
    {                                                                                              \
        .name = "no-progress", .kind = OPTION_FLAG, .target = &common.no_progress,                 \
        .help = "draw no progress bar"                                                             \
    }

/* What is said of a place where data is looked for, and of all of them where data would not be
 * found (else NULL). */
const char *place_state(const hem_data_place *place);
const char *places_help(const hem_data_place *places, size_t n);

/* For OPTION_CHOICE, by hem_part. */
extern const char *const part_names[];

/* What a command works with. Start from {0}; session_close() frees what is there. */
typedef struct session {
    hem_context *context;
    hem_spec *spec; /* of an experiment file; hem_net_spec(net) where a model was loaded */
    hem_data *data;
    hem_net *net;
    bool is_model; /* the network came from a model file or a run directory */
} session;

/* What the library says, on standard error: a hem_log_fn. */
void log_line(void *user, hem_log_level level, const char *line);
/* Options for opening data: --data, and notes written as talk. */
hem_data_options data_options(void);
/* Where run directories go: HEMLINE_RUNS, else "runs". */
const char *runs_folder(void);
/* "machine   avx2 kernels, 2 threads" */
void talk_machine(const hem_context *context);
/* Starts the threads that --threads, else HEMLINE_THREADS, else the library's default asks for. */
hem_status session_start(session *s, hem_error *err);
/* Loads the model of a run directory or a model file. */
hem_status session_model(session *s, const char *path, hem_error *err);
/* The data that the network's or the experiment's file names. */
hem_status session_data(session *s, hem_error *err);
/* From an experiment file: reads it, opens its data and makes the network with initial weights from
 * `seed`, or the file's own where it is NULL. From a model file or a run directory: loads it, and
 * opens its data where `with_data`. */
hem_status session_network(session *s, const char *path, const uint64_t *seed, bool with_data,
                           hem_error *err);
void session_close(session *s);

/* Whether a path names a model: a directory, or a file that starts as safetensors files do. */
bool looks_like_model(const char *path);

/* 1234567 -> "1,234,567". Each call's text lives as long as the program. */
const char *grouped(size_t n);
/* 1536 -> "1.5 KiB". */
const char *bytes_text(size_t n);
/* "28x28", or "32x32, 3 channels" */
const char *size_text(int height, int width, int channels);
/* A word that a shell reads back as `word`. */
const char *shell_word(const char *word);
/* The text with control characters, which could steer a terminal, as '?'. */
const char *plain_text(const char *s);

/* JSON: null where a number is not finite; a text that is not UTF-8 gets '?' for its bytes. */
json_t *json_number(double x);
json_t *json_text(const char *s);
json_t *json_count(size_t n);
/* Sets a key, taking the value over; a value that could not be made ends the program (code 7). */
void json_put(json_t *object, const char *key, json_t *value);
void json_add(json_t *array, json_t *value);

#endif

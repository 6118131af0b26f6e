/* Reading result.json back. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "eval/metrics.h"
#include "train/json.h"
#include "train/run.h"

/* n x n counts, or nothing where the part is empty. */
static bool take_confusion(const json_t *result, const char *name, hem_evaluation *out)
{
    const json_t *rows = json_object_get(result, name);
    size_t C = (size_t)out->n_classes, total = 0, correct = 0;
    if (json_array_size(rows) != C)
        return false;
    for (size_t t = 0; t < C; t++) {
        const json_t *row = json_array_get(rows, t);
        if (json_array_size(row) != C)
            return false;
        for (size_t p = 0; p < C; p++) {
            json_int_t count = json_integer_value(json_array_get(row, p));
            if (!json_is_integer(json_array_get(row, p)) || count < 0 || count > UINT32_MAX)
                return false;
            out->confusion[t * C + p] = (size_t)count;
            total += (size_t)count;
            correct += t == p ? (size_t)count : 0;
        }
    }
    return total == out->n && correct == out->correct;
}

/* One part of the result; a part that is null stays empty. */
static bool take_part(const json_t *result, hem_part part, int n_classes, hem_evaluation *out,
                      bool *memory)
{
    static const char *const confusions[3] = {"confusion_train", "confusion_validation",
                                              "confusion"};
    const json_t *object = json_object_get(result, hem_part_name(part));
    const json_t *n = json_object_get(object, "n"), *correct = json_object_get(object, "correct");
    const json_t *loss = json_object_get(object, "loss");
    if (json_is_null(object))
        return true;
    if (!json_is_integer(n) || !json_is_integer(correct) || json_integer_value(n) < 1 ||
        json_integer_value(correct) < 0 || (!json_is_number(loss) && !json_is_null(loss)))
        return false;
    if (hem__evaluation_init(out, n_classes, NULL) != HEM_OK) {
        *memory = false;
        return false;
    }
    out->n = (size_t)json_integer_value(n);
    out->correct = (size_t)json_integer_value(correct);
    if (!take_confusion(result, confusions[part], out))
        return false;
    hem__evaluation_finish(out);
    out->loss = json_is_number(loss) ? json_number_value(loss) : (double)NAN;
    return true;
}

static hem_status take_result(const char *path, const unsigned char *bytes, size_t length,
                              hem_train_result *out, hem_error *err)
{
    json_t *result = json_loadb((const char *)bytes, length, JSON_REJECT_DUPLICATES, NULL);
    size_t n_classes = json_array_size(json_object_get(result, "class_names"));
    bool good = n_classes >= 1 && n_classes <= 65536, memory = true;
    for (hem_part part = HEM_TRAIN; part <= HEM_TEST && good; part++)
        good = take_part(result, part, (int)n_classes, &out->parts[part], &memory);
    json_decref(result);
    if (!memory)
        return hem__fail_memory(err, path, length);
    if (good)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_DATA, path, 0, 0,
                 "damaged: this is not what a run writes at its end");
    return hem__hint(err, "remove the file and give the command again: the run's model is then "
                          "tested anew");
}

hem_status hem_train_result_read(const char *directory, hem_train_result *out, hem_error *err)
{
    unsigned char *bytes = NULL;
    size_t length = 0;
    memset(out, 0, sizeof *out);
    if (strlen(directory) >= sizeof out->directory)
        return hem__fail(err, HEM_ERR_USAGE, "the name of the run directory is too long");
    char *path = hem__path_join(directory, "result.json");
    if (path == NULL)
        return hem__fail_memory(err, "result.json", 0);
    hem_status status = hem__file_read(path, (size_t)1 << 28, HEM_ERR_DATA, &bytes, &length, err);
    if (status == HEM_OK)
        status = take_result(path, bytes, length, out, err);
    if (status == HEM_OK) {
        memcpy(out->directory, directory, strlen(directory) + 1);
        out->json = (char *)bytes; /* hem__file_read() has put a NUL behind it */
    } else {
        hem_train_result_release(out);
        free(bytes);
    }
    free(path);
    return status;
}

/* NumPy's .npy: a magic number, the version, the length of a header, the header (a Python
 * dictionary of descr, fortran_order and shape), then the numbers. Only what a data set of bytes
 * needs is read; all else is refused with what to do in NumPy. Source: numpy.lib.format,
 * versions 1.0 to 3.0. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "data/images.h"
#include "data/pair.h"

enum { MAX_DIMS = 4, SHORTEST = 10 };

typedef struct array {
    const char *name;
    char type[8]; /* "|u1", "<i8" */
    bool fortran;
    int n_dims;
    size_t dims[MAX_DIMS];
    const uint8_t *content;
    size_t bytes; /* of the content */
} array;

/* ---- the header -------------------------------------------------------------------------------
 */

/* What is left of the dictionary's text. */
typedef struct text {
    const char *at, *end;
} text;

static void skip_blanks(text *t)
{
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\n'))
        t->at++;
}

static bool take(text *t, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(t);
    if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0)
        return false;
    t->at += n;
    return true;
}

/* A text in single or double quotes, of fewer than `size` bytes. */
static bool take_text(text *t, char *out, size_t size)
{
    skip_blanks(t);
    if (t->at >= t->end || (*t->at != '\'' && *t->at != '"'))
        return false;
    char quote = *t->at++;
    size_t n = 0;
    for (; t->at < t->end && *t->at != quote; t->at++) {
        if (n + 1 >= size || *t->at < ' ' || *t->at > '~')
            return false;
        out[n++] = *t->at;
    }
    out[n] = '\0';
    return take(t, quote == '"' ? "\"" : "'");
}

/* (60000, 28, 28) or (60000,) or () */
static bool take_shape(text *t, array *a, bool *too_many)
{
    if (!take(t, "("))
        return false;
    while (!take(t, ")")) {
        size_t value = 0;
        int digits = 0;
        skip_blanks(t);
        for (; t->at < t->end && *t->at >= '0' && *t->at <= '9' && digits < 15; t->at++, digits++)
            value = value * 10 + (size_t)(*t->at - '0');
        if (digits == 0)
            return false;
        *too_many = *too_many || a->n_dims == MAX_DIMS;
        if (!*too_many)
            a->dims[a->n_dims++] = value;
        if (!take(t, ",")) {
            if (!take(t, ")"))
                return false;
            break;
        }
    }
    return true;
}

/* One "'key': value"; `seen` gets a bit for each key. */
static bool take_entry(text *t, array *a, unsigned *seen, bool *too_many)
{
    char key[16];
    if (!take_text(t, key, sizeof key) || !take(t, ":"))
        return false;
    unsigned bit = strcmp(key, "descr") == 0           ? 1
                   : strcmp(key, "fortran_order") == 0 ? 2
                   : strcmp(key, "shape") == 0         ? 4
                                                       : 0;
    if (bit == 0 || (*seen & bit))
        return false;
    *seen |= bit;
    if (bit == 1 && !take_text(t, a->type, sizeof a->type)) {
        memcpy(a->type, "[...]", 6); /* a record or an object: not a type of numbers */
        return false;
    }
    if (bit == 2) {
        a->fortran = take(t, "True");
        return a->fortran || take(t, "False");
    }
    return bit == 1 || take_shape(t, a, too_many);
}

static bool read_dictionary(text t, array *a, bool *too_many)
{
    unsigned seen = 0;
    if (!take(&t, "{"))
        return false;
    while (!take(&t, "}")) {
        if (!take_entry(&t, a, &seen, too_many))
            return false;
        if (!take(&t, ",")) {
            if (!take(&t, "}"))
                return false;
            break;
        }
    }
    skip_blanks(&t);
    return seen == 7 && t.at == t.end;
}

static hem_status fail_header(const char *name, hem_error *err, const char *why)
{
    hem__fail_at(err, HEM_ERR_DATA, name, 0, 0, "damaged NumPy header: %s", why);
    return hem__hint(err, "write the array again with numpy.save or numpy.savez");
}

/* Finds the header and what follows it. */
static hem_status read_header(const uint8_t *bytes, size_t n, const char *name, array *a,
                              hem_error *err)
{
    *a = (array){.name = name};
    if (n < SHORTEST || memcmp(bytes, "\x93NUMPY", 6) != 0) {
        hem__fail_at(err, HEM_ERR_DATA, name, 0, 0, "not a NumPy array");
        return hem__hint(err, "a file that numpy.save writes begins with \\x93NUMPY");
    }
    int version = bytes[6];
    if (version < 1 || version > 3)
        return fail_header(name, err, "its version is not 1, 2 or 3");
    size_t start = version == 1 ? 10 : 12;
    size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1 && n >= start)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (n < start || length > n - start)
        return fail_header(name, err, "the file is cut off");
    bool too_many = false;
    text t = {(const char *)bytes + start, (const char *)bytes + start + length};
    if (!read_dictionary(t, a, &too_many))
        return a->type[0] == '['
                   ? fail_header(name, err, "the array holds records or objects")
                   : fail_header(name, err, "descr, fortran_order and shape expected");
    if (too_many)
        return fail_header(name, err, "more than four dimensions");
    a->content = bytes + start + length;
    a->bytes = n - start - length;
    return HEM_OK;
}

/* "(60000, 28, 28)" */
static const char *shape_text(const array *a, char out[96])
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < a->n_dims; i++)
        used += (size_t)snprintf(out + used, 96 - used, i == 0 ? "(%zu" : ", %zu", a->dims[i]);
    snprintf(out + used, 96 - used, a->n_dims == 0 ? "()" : a->n_dims == 1 ? ",)" : ")");
    return out;
}

/* That the content is what type and shape promise. */
static hem_status check_size(const array *a, size_t item, hem_error *err)
{
    size_t bytes = item;
    char shape[96];
    bool fits = true;
    for (int i = 0; i < a->n_dims && fits; i++)
        fits = hem__mul_size(bytes, a->dims[i], &bytes);
    if (!fits || bytes > HEM__DATA_MAX_BYTES * 8)
        return hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0,
                            "too large: an array of shape %s; at most %zu bytes are read",
                            shape_text(a, shape), HEM__DATA_MAX_BYTES);
    if (bytes == a->bytes)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0,
                 "shape %s of %s needs %zu bytes after the header; there are %zu",
                 shape_text(a, shape), a->type, bytes, a->bytes);
    return hem__hint(err, "write the array again with numpy.save or numpy.savez");
}

/* ---- images -----------------------------------------------------------------------------------
 */

static hem_status check_images(const array *a, hem_error *err)
{
    char shape[96];
    if (strcmp(a->type, "|u1") != 0) {
        hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0, "images of type '%s'; '|u1' (uint8) is read",
                     a->type);
        return hem__hint(err, a->type[0] != '\0' && a->type[1] == 'f'
                                  ? "bring them to 0..255 and save x.round().astype('uint8')"
                                  : "save x.astype('uint8'), once its values are 0..255");
    }
    if (a->fortran) {
        hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0, "the array is in Fortran's order");
        return hem__hint(err, "save numpy.ascontiguousarray(x)");
    }
    bool colour = a->n_dims == 4;
    if (a->n_dims < 3 || (colour && a->dims[3] != 1 && a->dims[3] != 3)) {
        hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0,
                     "images of shape %s; (images, height, width) or with 1 or 3 channels behind "
                     "is read",
                     shape_text(a, shape));
        return hem__hint(err, colour ? "save x.transpose(0, 2, 3, 1), if channels come first"
                                     : "save for example x.reshape(-1, 28, 28)");
    }
    for (int i = 1; i < 3; i++)
        if (a->dims[i] < 1 || a->dims[i] > HEM__DATA_MAX_SIDE)
            return hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0,
                                "images of shape %s; allowed 1 to %d pixels a side",
                                shape_text(a, shape), HEM__DATA_MAX_SIDE);
    if (a->dims[0] == 0)
        return hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0, "the file holds no images");
    return HEM_OK;
}

hem_status hem__npy_images(const uint8_t *bytes, size_t n, const char *name, hem_images *out,
                           hem_error *err)
{
    array a;
    *out = (hem_images){0};
    HEM_TRY(read_header(bytes, n, name, &a, err));
    HEM_TRY(check_images(&a, err));
    HEM_TRY(check_size(&a, 1, err));
    if (a.bytes > HEM__DATA_MAX_BYTES)
        return hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                            "too large: %zu bytes of pixels; at most %zu are read", a.bytes,
                            HEM__DATA_MAX_BYTES);
    uint8_t *pixels = hem__calloc(a.bytes, 1);
    if (pixels == NULL)
        return hem__fail_memory(err, name, a.bytes);
    memcpy(pixels, a.content, a.bytes);
    *out = (hem_images){pixels, a.dims[0], (int)a.dims[1], (int)a.dims[2],
                        a.n_dims == 4 ? (int)a.dims[3] : 1};
    return HEM_OK;
}

/* ---- labels -----------------------------------------------------------------------------------
 */

/* Bytes of a type that labels may have; 0 = none of these. */
static size_t label_size(const char *type)
{
    static const char *const types[] = {"|u1", "|i1", "<i4", "<i8"};
    static const size_t sizes[] = {1, 1, 4, 8};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i]) == 0)
            return sizes[i];
    return 0;
}

static long long label_at(const array *a, size_t size, size_t i)
{
    const uint8_t *p = a->content + i * size;
    uint64_t value = 0;
    for (size_t b = 0; b < size; b++)
        value |= (uint64_t)p[b] << (8 * b);
    bool negative = a->type[1] == 'i' && (p[size - 1] & 0x80);
    if (negative && size < 8)
        value |= UINT64_MAX << (8 * size);
    return (long long)value;
}

static hem_status check_labels(const array *a, hem_error *err)
{
    char shape[96];
    bool column = a->n_dims == 2 && a->dims[1] == 1; /* as Keras's CIFAR-10 has them */
    if (a->n_dims != 1 && (!column || a->fortran)) {
        hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0,
                     "labels of shape %s; one number an image is read", shape_text(a, shape));
        return hem__hint(err, a->n_dims == 2 ? "save y.argmax(1), if each row has a 1 at its class"
                                             : "save an array of one dimension");
    }
    if (label_size(a->type) == 0) { /* after the shape: rows of 0.0 and 1.0 want another cure */
        hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0,
                     "labels of type '%s'; uint8, int8, int32 and int64 are read", a->type);
        return hem__hint(err, "save y.astype('uint8')");
    }
    return a->dims[0] > 0
               ? HEM_OK
               : hem__fail_at(err, HEM_ERR_DATA, a->name, 0, 0, "the file holds no labels");
}

hem_status hem__npy_labels(const uint8_t *bytes, size_t n, const char *name, const char *kind,
                           int from, uint8_t **out, size_t *n_labels, hem_error *err)
{
    array a;
    *out = NULL;
    HEM_TRY(read_header(bytes, n, name, &a, err));
    HEM_TRY(check_labels(&a, err));
    size_t size = label_size(a.type), count = a.dims[0];
    HEM_TRY(check_size(&a, size, err));
    uint8_t *labels = hem__calloc(count, 1);
    if (labels == NULL)
        return hem__fail_memory(err, name, count);
    for (size_t i = 0; i < count; i++) {
        long long value = label_at(&a, size, i);
        if (hem__label_of(value, from, &labels[i]))
            continue;
        free(labels);
        hem__fail_at(err, HEM_ERR_DATA, name, 0, 0,
                     "label %lld in row %zu (rows count from 0); allowed %d..%d", value, i, from,
                     from + 255);
        return hem__hint_label(value, from, kind, err);
    }
    *out = labels;
    *n_labels = count;
    return HEM_OK;
}

/* Writing safetensors: header, numbers and checksum, one atomic file. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "net/safetensors_checksum.h"

void hem__st_writer_init(hem__st_writer *writer)
{
    memset(writer, 0, sizeof *writer);
    writer->metadata = json_object();
    writer->failed = writer->metadata == NULL;
}

void hem__st_writer_release(hem__st_writer *writer)
{
    for (size_t i = 0; i < writer->n_tensors; i++)
        free(writer->tensors[i].name);
    free(writer->tensors);
    json_decref(writer->metadata);
    memset(writer, 0, sizeof *writer);
}

/* A file's or a folder's name may hold any bytes; JSON may not. */
static json_t *text_of(const char *text)
{
    json_t *value = json_string(text);
    if (value != NULL)
        return value;
    char *clean = hem__strdup(text);
    if (clean == NULL)
        return NULL;
    for (char *c = clean; *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    }
    value = json_string(clean);
    free(clean);
    return value;
}

void hem__st_put_text(hem__st_writer *writer, const char *key, const char *text)
{
    if (!writer->failed && json_object_set_new(writer->metadata, key, text_of(text)) != 0)
        writer->failed = true;
}

void hem__st_put(hem__st_writer *writer, const char *name, hem__st_type type, int n_dims,
                 const size_t *dims, const void *numbers)
{
    if (writer->failed)
        return;
    if (writer->n_tensors == writer->capacity) {
        size_t capacity = writer->capacity == 0 ? 16 : 2 * writer->capacity;
        hem__st_tensor *more =
            hem__reallocarray(writer->tensors, capacity, sizeof *writer->tensors);
        writer->failed = more == NULL;
        if (writer->failed)
            return;
        writer->tensors = more;
        writer->capacity = capacity;
    }
    hem__st_tensor *t = &writer->tensors[writer->n_tensors];
    *t = (hem__st_tensor){.name = hem__strdup(name), .type = type, .n_dims = n_dims, .n = 1};
    writer->failed = t->name == NULL;
    for (int i = 0; i < n_dims && !writer->failed; i++) {
        t->dims[i] = dims[i];
        writer->failed = !hem__mul_size(t->n, dims[i], &t->n);
    }
    writer->failed = writer->failed || !hem__mul_size(t->n, hem__st_type_bytes(type), &t->n_bytes);
    t->bytes = numbers;
    writer->n_tensors += t->name != NULL;
}

/* {"dtype": "F32", "shape": [10, 84], "data_offsets": [0, 3360]} */
static json_t *describe(const hem__st_tensor *t, size_t begin, size_t end)
{
    json_t *shape = json_array();
    bool failed = shape == NULL;
    for (int i = 0; i < t->n_dims; i++)
        failed = json_array_append_new(shape, json_integer((json_int_t)t->dims[i])) != 0 || failed;
    if (failed) {
        json_decref(shape);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", hem__st_type_name(t->type), "shape", shape,
                     "data_offsets", (json_int_t)begin, (json_int_t)end);
}

static json_t *header_of(const hem__st_writer *writer)
{
    json_t *header = json_object();
    bool failed = header == NULL;
    failed = failed || json_object_set(header, "__metadata__", writer->metadata) != 0;
    size_t begin = 0;
    for (size_t i = 0; i < writer->n_tensors && !failed; i++) {
        const hem__st_tensor *t = &writer->tensors[i];
        size_t end = begin;
        failed = !hem__add_size(begin, t->n_bytes, &end) ||
                 json_object_set_new(header, t->name, describe(t, begin, end)) != 0;
        begin = end;
    }
    if (failed) {
        json_decref(header);
        return NULL;
    }
    return header;
}

/* The first bytes of the file, up to the numbers, which begin at a multiple of 64. free() it. */
static unsigned char *head_of(const hem__st_writer *writer, size_t *length)
{
    enum { ALIGN = 64 };
    json_t *header = writer->failed ? NULL : header_of(writer);
    size_t n = header != NULL ? json_dumpb(header, NULL, 0, JSON_COMPACT) : 0;
    *length = (8 + n + ALIGN - 1) / ALIGN * ALIGN;
    unsigned char *head = n > 0 ? hem__calloc(*length, 1) : NULL;
    if (head != NULL) {
        uint64_t n_header = *length - 8;
        memset(head, ' ', *length);
        memcpy(head, &n_header, sizeof n_header);
        if (json_dumpb(header, (char *)head + 8, n, JSON_COMPACT) != n) {
            free(head);
            head = NULL;
        }
    }
    json_decref(header);
    return head;
}

/* Puts the checksum of head and tensors into the head. */
static bool seal(const hem__st_writer *writer, unsigned char *head, size_t n_head)
{
    char digits[HEM__ST_DIGITS + 1];
    size_t at = hem__st_find_digits(head, n_head);
    hem__xxh3_state *state = at == 0 ? NULL : hem__xxh3_new();
    if (state == NULL)
        return false;
    hem__xxh3_add(state, head, n_head); /* the digits are zero so far */
    for (size_t i = 0; i < writer->n_tensors; i++)
        hem__xxh3_add(state, writer->tensors[i].bytes, writer->tensors[i].n_bytes);
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)hem__xxh3_finish(state));
    memcpy(head + at, digits, HEM__ST_DIGITS);
    return true;
}

static hem_status write_pieces(const hem__st_writer *writer, const unsigned char *head,
                               size_t n_head, const char *path, hem_error *err)
{
    hem__piece *pieces = hem__calloc(writer->n_tensors + 1, sizeof *pieces);
    if (pieces == NULL)
        return hem__fail_memory(err, path, 0);
    pieces[0] = (hem__piece){head, n_head};
    for (size_t i = 0; i < writer->n_tensors; i++)
        pieces[i + 1] = (hem__piece){writer->tensors[i].bytes, writer->tensors[i].n_bytes};
    hem_status status = hem__file_write_pieces(path, pieces, writer->n_tensors + 1, err);
    free(pieces);
    return status;
}

hem_status hem__st_write(const hem__st_writer *writer, const char *path, hem_error *err)
{
    size_t n_head = 0;
    bool keyed = !writer->failed && json_object_set_new(writer->metadata, HEM__ST_CHECKSUM_KEY,
                                                        json_string("0000000000000000")) == 0;
    unsigned char *head = keyed ? head_of(writer, &n_head) : NULL;
    if (head == NULL)
        return hem__fail_memory(err, path, 0);
    hem_status status;
    if (n_head > HEM__ST_MAX_HEADER)
        status = hem__fail_at(err, HEM_ERR_USAGE, path, 0, 0,
                              "the description of this model needs %zu bytes; at most %d are read",
                              n_head, HEM__ST_MAX_HEADER);
    else if (!seal(writer, head, n_head))
        status = hem__fail_memory(err, path, 0);
    else
        status = write_pieces(writer, head, n_head, path, err);
    free(head);
    return status;
}

/* Reading safetensors: every claim of the header is checked against the file before it is used. */
#include "net/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "net/safetensors_checksum.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files hold little-endian numbers");

static const struct {
    const char *name;
    size_t bytes;
} types[] = {[HEM__ST_F32] = {"F32", 4},
             [HEM__ST_F64] = {"F64", 8},
             [HEM__ST_I64] = {"I64", 8},
             [HEM__ST_U8] = {"U8", 1}};
enum { N_TYPES = sizeof types / sizeof types[0] };

const char *hem__st_type_name(hem__st_type type)
{
    return types[type].name;
}

size_t hem__st_type_bytes(hem__st_type type)
{
    return types[type].bytes;
}

/* ---- the checksum -----------------------------------------------------------------------------
 */

size_t hem__st_find_digits(const unsigned char *bytes, size_t length)
{
    /* A quote inside a JSON text is escaped, so these bytes can only be the key itself. */
    static const char key[] = "\"" HEM__ST_CHECKSUM_KEY "\":\"";
    const size_t n_key = sizeof key - 1;
    size_t n_header = hem__st_header_length(bytes, length);
    if (n_header == 0)
        return 0;
    const unsigned char *end = bytes + 8 + n_header;
    for (const unsigned char *at = bytes + 8; (size_t)(end - at) > n_key + HEM__ST_DIGITS; at++) {
        at = memchr(at, '"', (size_t)(end - at));
        if (at == NULL || (size_t)(end - at) <= n_key + HEM__ST_DIGITS)
            return 0;
        if (memcmp(at, key, n_key) == 0)
            return at[n_key + HEM__ST_DIGITS] == '"' ? (size_t)(at - bytes) + n_key : 0;
    }
    return 0;
}

size_t hem__st_header_length(const unsigned char *bytes, size_t length)
{
    if (length < 8)
        return 0;
    uint64_t n;
    memcpy(&n, bytes, sizeof n);
    return n <= HEM__ST_MAX_HEADER && n <= length - 8 ? (size_t)n : 0;
}

bool hem__st_hash(const unsigned char *bytes, size_t length, size_t digits, char out[17])
{
    static const char zeros[HEM__ST_DIGITS] = {'0', '0', '0', '0', '0', '0', '0', '0',
                                               '0', '0', '0', '0', '0', '0', '0', '0'};
    hem__xxh3_state *state = hem__xxh3_new();
    if (state == NULL)
        return false;
    hem__xxh3_add(state, bytes, digits);
    hem__xxh3_add(state, zeros, HEM__ST_DIGITS);
    hem__xxh3_add(state, bytes + digits + HEM__ST_DIGITS, length - digits - HEM__ST_DIGITS);
    snprintf(out, 17, "%016llx", (unsigned long long)hem__xxh3_finish(state));
    return true;
}

bool hem__st_repair_checksum(unsigned char *bytes, size_t length)
{
    char digits[17];
    size_t at = hem__st_find_digits(bytes, length);
    if (at == 0 || !hem__st_hash(bytes, length, at, digits))
        return false;
    memcpy(bytes + at, digits, HEM__ST_DIGITS);
    return true;
}

/* ---- the header -------------------------------------------------------------------------------
 */

typedef struct reader {
    const unsigned char *bytes;
    size_t length, n_header;
    const char *name; /* of the file, for messages */
    hem_error *err;
} reader;

#define BAD(r, ...) hem__fail_at((r)->err, HEM_ERR_MODEL, (r)->name, 0, 0, __VA_ARGS__)

/* Checks the checksum before anything else is believed, so that a damaged file is called that. */
static hem_status check_sum(const reader *r, hem__st_file *file)
{
    char digits[17];
    size_t at = hem__st_find_digits(r->bytes, r->length);
    file->checksum = HEM__ST_NO_CHECKSUM;
    if (at == 0)
        return HEM_OK;
    if (!hem__st_hash(r->bytes, r->length, at, digits))
        return hem__fail_memory(r->err, r->name, 0);
    file->checksum =
        memcmp(r->bytes + at, digits, HEM__ST_DIGITS) == 0 ? HEM__ST_INTACT : HEM__ST_DAMAGED;
    if (file->checksum == HEM__ST_INTACT)
        return HEM_OK;
    BAD(r, "damaged or cut off: the checksum says %.16s, the content has %s",
        (const char *)r->bytes + at, digits);
    return hem__hint(r->err, "take another copy of this file");
}

static hem_status check_metadata(const reader *r, json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!json_is_object(metadata))
        return BAD(r, "damaged header: '__metadata__' is not an object");
    json_object_foreach(metadata, key, value)
    {
        if (!json_is_string(value))
            return BAD(r, "damaged header: '%.60s' in '__metadata__' is not a text", key);
    }
    return HEM_OK;
}

/* A number of the header that counts something, or false. */
static bool read_count(const json_t *value, size_t *out)
{
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (size_t)json_integer_value(value);
    return true;
}

static hem_status read_type(const reader *r, const char *name, const json_t *value,
                            hem__st_tensor *out)
{
    const char *type = json_string_value(value);
    if (type == NULL)
        return BAD(r, "damaged header: tensor '%.60s' has no 'dtype'", name);
    for (int i = 0; i < N_TYPES; i++) {
        if (strcmp(types[i].name, type) == 0) {
            out->type = (hem__st_type)i;
            return HEM_OK;
        }
    }
    return BAD(r, "tensor '%.60s' has type '%.20s'; F32, F64, I64 and U8 can be read", name, type);
}

static hem_status read_shape(const reader *r, const char *name, const json_t *shape,
                             hem__st_tensor *out)
{
    if (!json_is_array(shape))
        return BAD(r, "damaged header: tensor '%.60s' has no 'shape'", name);
    if (json_array_size(shape) > HEM__ST_MAX_DIMS)
        return BAD(r, "tensor '%.60s' has %zu dimensions; at most %d can be read", name,
                   json_array_size(shape), HEM__ST_MAX_DIMS);
    out->n_dims = (int)json_array_size(shape);
    out->n = 1;
    for (int i = 0; i < out->n_dims; i++) {
        if (!read_count(json_array_get(shape, (size_t)i), &out->dims[i]) ||
            !hem__mul_size(out->n, out->dims[i], &out->n))
            return BAD(r, "damaged header: the shape of tensor '%.60s' is not one", name);
    }
    if (!hem__mul_size(out->n, types[out->type].bytes, &out->n_bytes))
        return BAD(r, "damaged header: the shape of tensor '%.60s' is not one", name);
    return HEM_OK;
}

static hem_status read_offsets(const reader *r, const char *name, const json_t *offsets,
                               hem__st_tensor *out)
{
    size_t begin, end, n_data = r->length - 8 - r->n_header;
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !read_count(json_array_get(offsets, 0), &begin) ||
        !read_count(json_array_get(offsets, 1), &end) || begin > end)
        return BAD(r, "damaged header: tensor '%.60s' has no proper 'data_offsets'", name);
    if (end > n_data)
        return BAD(r, "cut off: tensor '%.60s' ends at byte %zu of %zu that there are", name, end,
                   n_data);
    if (end - begin != out->n_bytes)
        return BAD(r, "damaged header: tensor '%.60s' has %zu bytes, its shape wants %zu", name,
                   end - begin, out->n_bytes);
    out->bytes = r->bytes + 8 + r->n_header + begin;
    return HEM_OK;
}

static hem_status read_tensor(const reader *r, const char *name, const json_t *value,
                              hem__st_tensor *out)
{
    if (!json_is_object(value))
        return BAD(r, "damaged header: '%.60s' is not a tensor", name);
    HEM_TRY(read_type(r, name, json_object_get(value, "dtype"), out));
    HEM_TRY(read_shape(r, name, json_object_get(value, "shape"), out));
    HEM_TRY(read_offsets(r, name, json_object_get(value, "data_offsets"), out));
    if (json_object_size(value) != 3)
        return BAD(r, "damaged header: tensor '%.60s' has keys that are not known", name);
    out->name = hem__strdup(name);
    return out->name != NULL ? HEM_OK : hem__fail_memory(r->err, r->name, 0);
}

/* By place; a tensor without bytes before the one that begins there. */
static int by_place(const void *a, const void *b)
{
    const hem__st_tensor *x = a, *y = b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? -1 : 1;
    return (x->n_bytes > y->n_bytes) - (x->n_bytes < y->n_bytes);
}

/* The format wants every byte to belong to exactly one tensor. */
static hem_status check_cover(const reader *r, const hem__st_file *file)
{
    const unsigned char *next = r->bytes + 8 + r->n_header, *end = r->bytes + r->length;
    for (size_t i = 0; i < file->n_tensors; i++) {
        const hem__st_tensor *t = &file->tensors[i];
        if (t->bytes < next)
            return BAD(r, "damaged header: tensor '%.60s' overlaps the one before", t->name);
        if (t->bytes > next)
            return BAD(r, "damaged header: %zu bytes before tensor '%.60s' belong to nothing",
                       (size_t)(t->bytes - next), t->name);
        next = t->bytes + t->n_bytes;
    }
    if (next != end)
        return BAD(r, "damaged: %zu bytes after the last tensor belong to nothing",
                   (size_t)(end - next));
    return HEM_OK;
}

static hem_status read_tensors(const reader *r, json_t *header, hem__st_file *file)
{
    const char *name;
    json_t *value;
    if (json_object_size(header) == 0)
        return HEM_OK;
    file->tensors = hem__calloc(json_object_size(header), sizeof *file->tensors);
    if (file->tensors == NULL)
        return hem__fail_memory(r->err, r->name, 0);
    json_object_foreach(header, name, value)
    {
        if (strcmp(name, "__metadata__") == 0)
            continue;
        HEM_TRY(read_tensor(r, name, value, &file->tensors[file->n_tensors]));
        file->n_tensors++;
    }
    if (file->n_tensors > 1)
        qsort(file->tensors, file->n_tensors, sizeof *file->tensors, by_place);
    return HEM_OK;
}

static hem_status read_header(const reader *r, json_t *header, hem__st_file *file)
{
    json_t *metadata = json_object_get(header, "__metadata__");
    if (!json_is_object(header))
        return BAD(r, "damaged header: not a JSON object");
    if (metadata != NULL) {
        HEM_TRY(check_metadata(r, metadata));
        file->metadata = json_incref(metadata);
    }
    /* A checksum that cannot be found by its bytes was moved by another program or damaged. */
    if (file->checksum == HEM__ST_NO_CHECKSUM && hem__st_text(file, HEM__ST_CHECKSUM_KEY) != NULL)
        return BAD(r, "damaged: the checksum '" HEM__ST_CHECKSUM_KEY "' is not one");
    HEM_TRY(read_tensors(r, header, file));
    return check_cover(r, file);
}

static hem_status parse(const reader *r, hem__st_file *file)
{
    json_error_t why;
    HEM_TRY(check_sum(r, file));
    json_t *header =
        json_loadb((const char *)r->bytes + 8, r->n_header, JSON_REJECT_DUPLICATES, &why);
    if (header == NULL && json_error_code(&why) == json_error_out_of_memory)
        return hem__fail_memory(r->err, r->name, 0);
    if (header == NULL)
        return BAD(r, "damaged header: %s at byte %d", why.text, why.position + 8);
    hem_status status = read_header(r, header, file);
    json_decref(header);
    return status;
}

hem_status hem__st_parse(const unsigned char *bytes, size_t length, const char *name,
                         hem__st_file *out, hem_error *err)
{
    reader r = {bytes, length, hem__st_header_length(bytes, length), name, err};
    memset(out, 0, sizeof *out);
    if (length < 8)
        return BAD(&r, "cut off or not a model file: %zu bytes, at least 8 are needed", length);
    uint64_t claimed;
    memcpy(&claimed, bytes, sizeof claimed);
    if (claimed > HEM__ST_MAX_HEADER || length == 8 || bytes[8] != '{')
        return BAD(&r, "not a model file: it does not begin as safetensors do");
    if (r.n_header == 0)
        return BAD(&r, "cut off: the header needs %llu bytes, %zu are there",
                   (unsigned long long)claimed, length - 8);
    hem_status status = parse(&r, out);
    if (status != HEM_OK)
        hem__st_release(out);
    return status;
}

hem_status hem__st_read(const char *path, hem__st_file *out, hem_error *err)
{
    unsigned char *bytes;
    size_t length;
    memset(out, 0, sizeof *out);
    HEM_TRY(hem__file_read(path, (size_t)1 << 34, HEM_ERR_MODEL, &bytes, &length, err));
    hem_status status = hem__st_parse(bytes, length, path, out, err);
    if (status != HEM_OK)
        free(bytes);
    else
        out->memory = bytes;
    return status;
}

void hem__st_release(hem__st_file *file)
{
    for (size_t i = 0; i < file->n_tensors; i++)
        free(file->tensors[i].name);
    free(file->tensors);
    json_decref(file->metadata);
    free(file->memory);
    memset(file, 0, sizeof *file);
}

const char *hem__st_text(const hem__st_file *file, const char *key)
{
    return json_string_value(json_object_get(file->metadata, key));
}

const hem__st_tensor *hem__st_find(const hem__st_file *file, const char *name)
{
    for (size_t i = 0; i < file->n_tensors; i++) {
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    }
    return NULL;
}

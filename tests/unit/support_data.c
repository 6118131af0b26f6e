/* Shared by the tests of the data part. */
#include "unit/support_data.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

char *data_folder(void)
{
    char *folder = strdup("/tmp/hemline-test-XXXXXX");
    assert_non_null(folder);
    assert_non_null(mkdtemp(folder));
    return folder;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

void data_folder_remove(char *folder)
{
    assert_int_equal(nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(folder);
}

const char *data_path(const char *folder, const char *name)
{
    static char paths[4][512];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void data_write(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    if (n > 0)
        assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

unsigned char *data_read(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *n = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*n + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *n, file), *n);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

unsigned char *data_gzip(const void *bytes, size_t n, size_t *packed)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, n) + 64;
    unsigned char *out = malloc(room), *in = malloc(n + 1);
    assert_non_null(out);
    assert_non_null(in);
    if (n > 0)
        memcpy(in, bytes, n);
    z.next_in = in;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *packed = room - z.avail_out;
    deflateEnd(&z);
    free(in);
    return out;
}

static void put(unsigned char *out, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(value >> (24 - 8 * i));
}

unsigned char *data_idx_images(uint32_t n, uint32_t height, uint32_t width, uint32_t channels,
                               size_t *bytes)
{
    size_t header = channels == 1 ? 16 : 20, content = (size_t)n * height * width * channels;
    unsigned char *out = malloc(header + content);
    assert_non_null(out);
    put(out, channels == 1 ? 0x803 : 0x804);
    put(out + 4, n);
    put(out + 8, height);
    put(out + 12, width);
    if (channels != 1)
        put(out + 16, channels);
    for (size_t i = 0; i < content; i++)
        out[header + i] = (unsigned char)(7 * i);
    *bytes = header + content;
    return out;
}

unsigned char *data_idx_labels(uint32_t n, uint32_t classes, size_t *bytes)
{
    unsigned char *out = malloc(8 + (size_t)n);
    assert_non_null(out);
    put(out, 0x801);
    put(out + 4, n);
    for (uint32_t i = 0; i < n; i++)
        out[8 + i] = (unsigned char)(i % classes);
    *bytes = 8 + (size_t)n;
    return out;
}

/* Writes, packed if asked for, and frees the bytes. */
static void write_file(const char *folder, const char *name, bool gzip, unsigned char *bytes,
                       size_t n)
{
    char full[64];
    snprintf(full, sizeof full, "%s%s", name, gzip ? ".gz" : "");
    size_t packed = n;
    unsigned char *out = gzip ? data_gzip(bytes, n, &packed) : NULL;
    data_write(data_path(folder, full), gzip ? out : bytes, packed);
    free(out);
    free(bytes);
}

void data_write_set(const char *folder, bool gzip)
{
    size_t n;
    unsigned char *bytes = data_idx_images(12, 4, 3, 1, &n);
    write_file(folder, "train-images-idx3-ubyte", gzip, bytes, n);
    bytes = data_idx_labels(12, 3, &n);
    write_file(folder, "train-labels-idx1-ubyte", gzip, bytes, n);
    bytes = data_idx_images(5, 4, 3, 1, &n);
    write_file(folder, "t10k-images-idx3-ubyte", gzip, bytes, n);
    bytes = data_idx_labels(5, 3, &n);
    write_file(folder, "t10k-labels-idx1-ubyte", gzip, bytes, n);
}

void data_log_line(void *user, hem_log_level level, const char *line)
{
    (void)level;
    data_log *log = user;
    size_t used = strlen(log->text);
    snprintf(log->text + used, sizeof log->text - used, "%s\n", line);
    log->n_lines++;
}

hem_spec data_spec(hem__data_kind kind)
{
    static char path[] = "test.yaml";
    hem_spec spec = {.path = path, .name = path, .text = path};
    spec.data.kind = kind;
    spec.data.at = (hem__at){1, 7};
    spec.data.synthetic.train = 60;
    spec.data.synthetic.test = 20;
    spec.data.synthetic.height = 28;
    spec.data.synthetic.width = 28;
    spec.data.synthetic.channels = 1;
    spec.data.synthetic.classes = 10;
    spec.validation.at = (hem__at){3, 13};
    return spec;
}

void data_expect_error(const hem_error *err, hem_status status, const char *word)
{
    char text[1400];
    hem_error_format(err, text, sizeof text);
    if (err->status != status || strstr(text, word) == NULL)
        fail_msg("expected status %d and '%s'; got status %d: %s", status, word, err->status, text);
}

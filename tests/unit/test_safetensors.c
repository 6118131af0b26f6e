/* The safetensors format: what is written is read back, and nothing wrong is believed. */
#include "unit/support.h"

#include "base/file.h"
#include "net/safetensors.h"

static char folder[64], path[96];

static int enter(void **state)
{
    (void)state;
    support_folder(folder);
    snprintf(path, sizeof path, "%s/x.safetensors", folder);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    support_remove(folder);
    return 0;
}

static const float floats[6] = {1, -2, 3.5f, 0, 1e-30f, -1e30f};
static const double doubles[2] = {0.1, -1e300};
static const int64_t integers[1] = {-5};
static const uint8_t bytes[3] = {1, 2, 255};

static void write_example(void)
{
    hem__st_writer writer;
    hem__st_writer_init(&writer);
    hem__st_put_text(&writer, "greeting", "h\xc3\xa9llo \"quoted\" \\ \n");
    hem__st_put_text(&writer, "not utf-8", "caf\xe9");
    hem__st_put(&writer, "bytes", HEM__ST_U8, 1, (size_t[]){3}, bytes);
    hem__st_put(&writer, "floats", HEM__ST_F32, 2, (size_t[]){2, 3}, floats);
    hem__st_put(&writer, "doubles", HEM__ST_F64, 1, (size_t[]){2}, doubles);
    hem__st_put(&writer, "empty", HEM__ST_F64, 2, (size_t[]){0, 7}, doubles);
    hem__st_put(&writer, "scalar", HEM__ST_I64, 0, NULL, integers);
    assert_int_equal(hem__st_write(&writer, path, NULL), HEM_OK);
    hem__st_writer_release(&writer);
}

static unsigned char *read_example(size_t *length)
{
    unsigned char *content;
    write_example();
    assert_int_equal(hem__file_read(path, 1 << 20, HEM_ERR_MODEL, &content, length, NULL), HEM_OK);
    return content;
}

static void test_round_trip(void **state)
{
    (void)state;
    hem__st_file file;
    write_example();
    assert_int_equal(hem__st_read(path, &file, NULL), HEM_OK);
    assert_int_equal(file.checksum, HEM__ST_INTACT);
    assert_int_equal(file.n_tensors, 5);
    assert_string_equal(hem__st_text(&file, "greeting"), "h\xc3\xa9llo \"quoted\" \\ \n");
    assert_string_equal(hem__st_text(&file, "not utf-8"), "caf?");
    assert_null(hem__st_text(&file, "absent"));
    assert_null(hem__st_find(&file, "absent"));
    const hem__st_tensor *t = hem__st_find(&file, "floats");
    assert_non_null(t);
    assert_int_equal(t->type, HEM__ST_F32);
    assert_int_equal(t->n_dims, 2);
    assert_int_equal(t->dims[0], 2);
    assert_int_equal(t->dims[1], 3);
    assert_memory_equal(t->bytes, floats, sizeof floats);
    assert_memory_equal(hem__st_find(&file, "doubles")->bytes, doubles, sizeof doubles);
    assert_memory_equal(hem__st_find(&file, "bytes")->bytes, bytes, sizeof bytes);
    assert_int_equal(hem__st_find(&file, "empty")->n, 0);
    assert_int_equal(hem__st_find(&file, "scalar")->n, 1);
    assert_int_equal(hem__st_find(&file, "scalar")->n_dims, 0);
    hem__st_release(&file);
}

/* A flip may turn the checksum's key into another one: then the file is one without a checksum,
 * which callers refuse where it claims to be hemline's. Everything else is found here. */
static void test_every_flipped_bit(void **state)
{
    (void)state;
    size_t length, without = 0;
    unsigned char *content = read_example(&length);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        hem__st_file file;
        content[bit / 8] ^= (unsigned char)(1 << bit % 8);
        hem_status status = hem__st_parse(content, length, "x", &file, NULL);
        if (status == HEM_OK) {
            assert_int_equal(file.checksum, HEM__ST_NO_CHECKSUM);
            assert_null(hem__st_text(&file, "hemline.xxh3"));
            hem__st_release(&file);
            without++;
        } else {
            assert_int_equal(status, HEM_ERR_MODEL);
        }
        content[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    assert_true(without < 8 * strlen("hemline.xxh3"));
    free(content);
}

static void test_every_truncation(void **state)
{
    (void)state;
    size_t length;
    unsigned char *content = read_example(&length);
    for (size_t n = 0; n < length; n++) {
        hem__st_file file;
        unsigned char *cut = malloc(n + 1); /* of its own, so that a sanitizer sees the end */
        assert_non_null(cut);
        memcpy(cut, content, n);
        assert_int_equal(hem__st_parse(cut, n, "x", &file, NULL), HEM_ERR_MODEL);
        free(cut);
    }
    free(content);
}

static void test_appended_bytes(void **state)
{
    (void)state;
    size_t length;
    hem__st_file file;
    unsigned char *content = read_example(&length); /* has one byte more than `length`: 0 */
    assert_int_equal(hem__st_parse(content, length + 1, "x", &file, NULL), HEM_ERR_MODEL);
    free(content);
}

static void test_repaired_checksum(void **state)
{
    (void)state;
    size_t length;
    hem__st_file file;
    unsigned char *content = read_example(&length);
    content[length - 1] ^= 1;
    assert_int_equal(hem__st_parse(content, length, "x", &file, NULL), HEM_ERR_MODEL);
    assert_true(hem__st_repair_checksum(content, length));
    assert_int_equal(hem__st_parse(content, length, "x", &file, NULL), HEM_OK);
    hem__st_release(&file);
    free(content);
}

/* A file of a header and n bytes of numbers. */
static hem_status parse(const char *header, size_t n, hem_error *err)
{
    hem__st_file file;
    uint64_t n_header = strlen(header);
    size_t length = 8 + (size_t)n_header + n;
    unsigned char *content = calloc(length, 1);
    assert_non_null(content);
    memcpy(content, &n_header, 8);
    memcpy(content + 8, header, (size_t)n_header);
    hem_status status = hem__st_parse(content, length, "foreign", &file, err);
    if (status == HEM_OK)
        hem__st_release(&file);
    free(content);
    return status;
}

#define T(name, type, shape, begin, end)                                                           \
    "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end  \
    "]}"

static void test_foreign_files(void **state)
{
    (void)state;
    assert_int_equal(parse("{}", 0, NULL), HEM_OK);
    assert_int_equal(parse("{" T("a", "F32", "[2]", 0, 8) "}   ", 8, NULL), HEM_OK);
    assert_int_equal(
        parse("{" T("b", "F32", "[1]", 8, 12) "," T("a", "F32", "[2]", 0, 8) "}", 12, NULL),
        HEM_OK);
    assert_int_equal(parse("{\"__metadata__\":{\"x\":\"y\"}}", 0, NULL), HEM_OK);
}

static void test_wrong_headers(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t n;
        const char *says;
    } cases[] = {
        {"[]", 0, "does not begin"},
        {"{", 0, "damaged header"},
        {"{}x", 0, "damaged header"},
        {"{\"a\":1}", 0, "not a tensor"},
        {"{" T("a", "F32", "[2]", 0, 8) "," T("a", "F32", "[2]", 8, 16) "}", 16, "damaged header"},
        {"{" T("a", "BF16", "[2]", 0, 4) "}", 4, "type 'BF16'"},
        {"{" T("a", "F32", "[2]", 0, 4) "}", 4, "its shape wants 8"},
        {"{" T("a", "F32", "[2]", 0, 8) "}", 7, "cut off"},
        {"{" T("a", "F32", "[2]", 0, 8) "}", 9, "belong to nothing"},
        {"{" T("a", "F32", "[2]", 4, 12) "}", 12, "belong to nothing"},
        {"{" T("a", "F32", "[2]", 8, 0) "}", 8, "data_offsets"},
        {"{" T("a", "F32", "[2]", -8, 0) "}", 8, "data_offsets"},
        {"{" T("a", "F32", "[2]", 0.0, 8.0) "}", 8, "data_offsets"},
        {"{" T("a", "F32", "[-2]", 0, 8) "}", 8, "shape"},
        {"{" T("a", "F32", "2", 0, 8) "}", 8, "no 'shape'"},
        {"{" T("a", "F32", "[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, "9 dimensions"},
        {"{" T("a", "F32", "[4294967296,4294967296]", 0, 0) "}", 0, "shape"},
        {"{" T("a", "F32", "[4611686018427387904]", 0, 0) "}", 0, "shape"},
        {"{" T("a", "F32", "[2]", 0, 8) "," T("b", "F32", "[2]", 4, 12) "}", 12, "overlaps"},
        {"{" T("a", "F32", "[2]", 0, 8) "," T("b", "F32", "[1]", 4, 8) "}", 8, "overlaps"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1}}", 0, "keys"},
        {"{\"__metadata__\":[]}", 0, "not an object"},
        {"{\"__metadata__\":{\"a\":1}}", 0, "not a text"},
        {"{\"__metadata__\":{\"hemline.xxh3\": \"0123456789abcdef\"}}", 0, "is not one"},
        {"{\"__metadata__\":{\"hemline.xxh3\":\"0123456789abcde\"}}", 0, "is not one"},
        {"{\"__metadata__\":{\"hemline.xxh3\":\"0123456789abcdef\"}}", 0, "checksum"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hem_error err;
        print_message("case %zu: %s\n", i, cases[i].header);
        assert_int_equal(parse(cases[i].header, cases[i].n, &err), HEM_ERR_MODEL);
        assert_non_null(strstr(err.text, cases[i].says));
        assert_string_equal(err.file, "foreign");
    }
}

static void test_wrong_beginnings(void **state)
{
    (void)state;
    hem__st_file file;
    hem_error err;
    unsigned char content[64] = {0};
    assert_int_equal(hem__st_parse(content, 0, "x", &file, &err), HEM_ERR_MODEL);
    assert_int_equal(hem__st_parse(content, 7, "x", &file, &err), HEM_ERR_MODEL);
    assert_int_equal(hem__st_parse(content, 8, "x", &file, &err), HEM_ERR_MODEL);
    assert_int_equal(hem__st_parse(content, 64, "x", &file, &err), HEM_ERR_MODEL);
    memset(content, 0xFF, 8); /* a header of 2^64 - 1 bytes */
    content[8] = '{';
    assert_int_equal(hem__st_parse(content, 64, "x", &file, &err), HEM_ERR_MODEL);
    memset(content, 0, 8);
    content[0] = 57; /* one more than there are */
    assert_int_equal(hem__st_parse(content, 64, "x", &file, &err), HEM_ERR_MODEL);
    assert_non_null(strstr(err.text, "cut off"));
    assert_int_equal(hem__st_read("no/such/file", &file, &err), HEM_ERR_MODEL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_every_flipped_bit),
        cmocka_unit_test(test_every_truncation),  cmocka_unit_test(test_appended_bytes),
        cmocka_unit_test(test_repaired_checksum), cmocka_unit_test(test_foreign_files),
        cmocka_unit_test(test_wrong_headers),     cmocka_unit_test(test_wrong_beginnings),
    };
    return cmocka_run_group_tests_name("safetensors", tests, enter, leave);
}

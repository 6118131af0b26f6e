/* Data that is not IDX: CSV, NumPy's arrays, folders of images and JPEG, validation files, labels
 * from 1, stratified splits; and that all of them give the same data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#define ZLIB_CONST
#include <zlib.h>

#include <cmocka.h>
#include <jpeglib.h>

#include "base/str.h"
#include "data/images.h"
#include "data/pair.h"
#include "unit/support_data.h"

enum { SIDE = 3, PIXELS = SIDE * SIDE };

/* ---- files that are made ----------------------------------------------------------------------
 */

/* Pixel p of image i. */
static unsigned pixel(size_t i, size_t p)
{
    return (unsigned)(i * 31 + p * 7) % 256;
}

/* n rows "label,pixels" with labels from + i % 3; `end` after each. */
static char *make_csv(size_t n, const char *header, const char *end, unsigned from)
{
    hem__str text = {0};
    if (header != NULL)
        hem__str_printf(&text, "%s%s", header, end);
    for (size_t i = 0; i < n; i++) {
        hem__str_printf(&text, "%u", from + (unsigned)i % 3);
        for (size_t p = 0; p < PIXELS; p++)
            hem__str_printf(&text, ",%u", pixel(i, p));
        hem__str_add(&text, end);
    }
    return hem__str_take(&text);
}

static hem_status parse(const char *text, const hem__data_spec *spec, hem__pair *out,
                        hem_error *err)
{
    const hem__data_spec plain = {0};
    return hem__csv_parse((const uint8_t *)text, strlen(text), "a.csv", spec ? spec : &plain, NULL,
                          out, err);
}

static void expect_pair(const hem__pair *pair, size_t n)
{
    assert_int_equal(pair->images.n, n);
    assert_int_equal(pair->labels.n, n);
    assert_int_equal(pair->images.height, SIDE);
    assert_int_equal(pair->images.width, SIDE);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(pair->labels.content[i], i % 3);
        for (size_t p = 0; p < PIXELS; p++)
            assert_int_equal(pair->images.content[i * PIXELS + p], pixel(i, p));
    }
}

/* An .npy file; free() it. */
static unsigned char *make_npy(const char *header, const void *content, size_t bytes, size_t *n)
{
    size_t length = strlen(header);
    unsigned char *out = malloc(10 + length + bytes);
    assert_non_null(out);
    memcpy(out, "\x93NUMPY\x01", 8);
    out[8] = (unsigned char)(length & 255);
    out[9] = (unsigned char)(length >> 8);
    memcpy(out + 10, header, length);
    memcpy(out + 10 + length, content, bytes);
    *n = 10 + length + bytes;
    return out;
}

/* ---- CSV --------------------------------------------------------------------------------------
 */

static const char names[] = "label,a,b,c,d,e,f,g,h,i";

static void reads_csv(void **state)
{
    (void)state;
    static const char *const ends[] = {"\n", "\r\n"};
    for (int form = 0; form < 16; form++) {
        char *text = make_csv(7, form & 1 ? names : NULL, ends[form >> 1 & 1], 0);
        size_t length = strlen(text);
        char *longer = calloc(length + 3, 1);
        assert_non_null(longer);
        memcpy(longer, text, length);
        if (form & 4) /* the last line end is missing */
            longer[length - (form & 2 ? 2 : 1)] = '\0';
        else if (form & 8) /* an empty line follows */
            strcpy(longer + length, ends[form >> 1 & 1]);
        hem__pair pair;
        hem_error err;
        if (parse(longer, NULL, &pair, &err) != HEM_OK)
            fail_msg("form %d: %s", form, err.text);
        expect_pair(&pair, 7);
        assert_int_equal(pair.place.first_line, form & 1 ? 2 : 1);
        hem__pair_release(&pair);
        free(longer);
        free(text);
    }
}

static void reads_packed_csv_across_buffers(void **state)
{
    (void)state;
    char *text = make_csv(60000, names, "\n", 0); /* some 1.9 MB: more than a buffer */
    size_t packed;
    unsigned char *gz = data_gzip(text, strlen(text), &packed);
    hem__data_spec spec = {0};
    hem__pair pair;
    assert_int_equal(hem__csv_parse(gz, packed, "a.csv.gz", &spec, NULL, &pair, NULL), HEM_OK);
    expect_pair(&pair, 60000);
    hem__pair_release(&pair);
    hem_error err;
    assert_int_equal(hem__csv_parse(gz, packed - 9, "a.csv.gz", &spec, NULL, &pair, &err),
                     HEM_ERR_DATA);
    free(gz);
    free(text);
}

/* Lines that are longer than the first buffer. */
static void reads_long_lines(void **state)
{
    (void)state;
    hem__str text = {0};
    for (int i = 0; i < 3; i++) {
        hem__str_printf(&text, "%d", i);
        for (int p = 0; p < 200 * 200; p++)
            hem__str_printf(&text, ",%d", 100 + (p + i) % 156);
        hem__str_add(&text, i < 2 ? "\n" : "");
    }
    hem__pair pair;
    assert_int_equal(parse(text.text, NULL, &pair, NULL), HEM_OK);
    assert_int_equal(pair.images.n, 3);
    for (int p = 0; p < 200 * 200; p++)
        assert_int_equal(pair.images.content[2 * 40000 + p], 100 + (p + 2) % 156);
    hem__pair_release(&pair);
    hem__str_release(&text);
}

static void finds_the_label(void **state)
{
    (void)state;
    char last[] = "last", named[] = "kind";
    hem__data_spec spec = {.csv = {.label = last}};
    hem__pair pair;
    assert_int_equal(parse("9,8,7,6,2\n1,2,3,4,0\n", &spec, &pair, NULL), HEM_OK);
    assert_int_equal(pair.labels.content[0], 2);
    assert_int_equal(pair.images.content[3], 6);
    hem__pair_release(&pair);
    spec.csv.label = named;
    spec.csv.width = 4;
    assert_int_equal(parse("\"a\",\"b\",\"kind\",\"c\",\"d\"\n9,8,1,7,6\n", &spec, &pair, NULL),
                     HEM_OK);
    assert_int_equal(pair.labels.content[0], 1);
    assert_int_equal(pair.images.content[2], 7);
    assert_int_equal(pair.images.height, 1);
    assert_string_equal(pair.place.column, "column 3 ('kind')");
    hem__pair_release(&pair);
}

static void refuses_csv(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"1,2,3,4,5\n1,2,3,4\n", "a.csv:2: the row has 4 columns; the rows before it have 5"},
        {"1,2,3,4,5\n1,2,3,4,5,6\n", "a.csv:2: the row has 6 columns"},
        {"label,a,b,c,d\n1,2,x,4,5\n", "a.csv:2: column 3 ('b'): 'x' is not a whole number"},
        {"1,2,,4,5\n", "a.csv:1: column 3: the cell is empty"},
        {"1,2,3,4,\n", "a.csv:1: column 5: the cell is empty"},
        {"1,256,3,4,5\n", "a.csv:1: column 2: value 256; allowed 0..255"},
        {"1,2,3,4,1000\n", "a.csv:1: column 5: value 1000; allowed 0..255"},
        {"1,2,-3,4,5\n", "a.csv:1: column 3: value -3; allowed 0..255"},
        {"1,2,3.5,4,5\n", "a.csv:1: column 3: '3.5' is not a whole number"},
        {"1,2, 3,4,5\n", "a.csv:1: column 3: ' 3' is not a whole number"},
        {"1,2,\"3\",4,5\n", "a.csv:1: column 3: '\"3\"' is not a whole number"},
        {"300,2,3,4,5\n", "a.csv:1: column 1: label 300; allowed 0..255"},
        {"1,2,3,4,5\n\n1,2,3,4,5\n", "a.csv:2: the line is empty"},
        {"1,2,3,4,5\n\n\n", "a.csv:2: the line is empty"},
        {"\n1,2,3,4,5\n", "a.csv:1: the first line is empty"},
        {"", "the file is empty"},
        {"label,a,b,c,d\n", "the file holds a header and no rows"},
        {"1;2;3;4;5\n", "a.csv:1: the line has one column"},
        {"1,2,3\n", "a.csv:1: 2 columns of pixels are no square images"},
        {"a,label,b,c,d\n1,1,1,1,1\n", "column 2 is called 'label', but labels are read from the"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hem__pair pair;
        hem_error err = {.status = HEM_OK};
        assert_int_equal(parse(rows[i].text, NULL, &pair, &err), HEM_ERR_DATA);
        data_expect_error(&err, HEM_ERR_DATA, rows[i].message);
        assert_true(err.hint[0] != '\0' || i == 15);
        assert_null(pair.images.content);
    }
    static const char nul[] = "1,2,\0,4,5\n";
    hem__data_spec spec = {0};
    hem__pair pair;
    hem_error err;
    assert_int_equal(
        hem__csv_parse((const uint8_t *)nul, sizeof nul - 1, "a.csv", &spec, NULL, &pair, &err),
        HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "a.csv:1: column 3: '?' is not a whole number");
}

/* ---- whole sets -------------------------------------------------------------------------------
 */

static char *copy(const char *text)
{
    char *out = strdup(text);
    assert_non_null(out);
    return out;
}

static hem_data *open_ok(const hem_spec *spec)
{
    hem_data *data = NULL;
    hem_error err = {.status = HEM_OK};
    if (hem_data_open(spec, NULL, &data, &err) != HEM_OK)
        fail_msg("%s: %s", err.file, err.text);
    return data;
}

static void write_text(const char *path, char *text)
{
    data_write(path, text, strlen(text));
    free(text);
}

/* The CSV of 12 + 5 images in a folder, with labels from `from`. */
static hem_spec csv_set(const char *folder, unsigned from)
{
    write_text(data_path(folder, "a.csv"), make_csv(12, names, "\n", from));
    write_text(data_path(folder, "b.csv"), make_csv(5, NULL, "\n", from));
    write_text(data_path(folder, "c.csv"), make_csv(7, NULL, "\n", from));
    hem_spec spec = data_spec(HEM__DATA_CSV);
    spec.data.csv.train = copy(data_path(folder, "a.csv"));
    spec.data.csv.test = copy(data_path(folder, "b.csv"));
    return spec;
}

static void release_csv(hem_spec *spec)
{
    free(spec->data.csv.train);
    free(spec->data.csv.test);
}

/* The same images as IDX: same hash, same pixels. */
static void csv_is_idx(void **state)
{
    (void)state;
    char *folder = data_folder();
    hem_spec spec = csv_set(folder, 0), idx = data_spec(HEM__DATA_IDX);
    hem_data *a = open_ok(&spec);
    static const char *const files[4] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                         "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
    for (int i = 0; i < 4; i++) {
        size_t n = i < 2 ? 12 : 5, bytes;
        unsigned char *content = i % 2 == 0 ? data_idx_images((uint32_t)n, SIDE, SIDE, 1, &bytes)
                                            : data_idx_labels((uint32_t)n, 3, &bytes);
        for (size_t b = 0; i % 2 == 0 && b < n * PIXELS; b++)
            content[16 + b] = (unsigned char)pixel(b / PIXELS, b % PIXELS);
        data_write(data_path(folder, files[i]), content, bytes);
        free(content);
    }
    idx.data.directory = folder;
    hem_data *b = open_ok(&idx);
    assert_string_equal(hem_data_get_info(a).sha256, hem_data_get_info(b).sha256);
    assert_int_equal(hem_data_get_info(a).n_classes, 3);
    hem_data_free(a);
    hem_data_free(b);
    release_csv(&spec);
    data_folder_remove(folder);
}

static void labels_from_one(void **state)
{
    (void)state;
    char *folder = data_folder();
    hem_spec spec = csv_set(folder, 1);
    hem_data *data = NULL;
    hem_error err;
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "labels are 1 to 3: no image has label 0");
    assert_non_null(strstr(err.hint, "labels: {from: 1}"));
    spec.data.label_from = 1;
    data = open_ok(&spec);
    assert_int_equal(hem_data_get_info(data).n_classes, 3);
    assert_string_equal(hem_data_get_info(data).class_names[0], "1");
    assert_int_equal(hem_data_label(data, HEM_TRAIN, 1), 1);
    hem_data_free(data);
    spec.data.classes = 2; /* the label that is too large is named as the file has it */
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "a.csv:4: column 1 ('label'): label 3; allowed 1..2");
    spec.data.label_from = 2;
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "a.csv:2: column 1 ('label'): label 1; allowed 2..257");
    release_csv(&spec);
    data_folder_remove(folder);
}

static void validation_of_its_own(void **state)
{
    (void)state;
    char *folder = data_folder(), *path = copy(data_path(folder, "c.csv"));
    hem_spec spec = csv_set(folder, 0);
    hem_data *plain = open_ok(&spec);
    spec.validation.kind = HEM__VALIDATION_FILES;
    spec.validation.path = path;
    hem_data *data = open_ok(&spec);
    hem_data_info info = hem_data_get_info(data);
    assert_int_equal(info.n[HEM_TRAIN], 12);
    assert_int_equal(info.n[HEM_VALIDATION], 7);
    assert_int_equal(info.n[HEM_TEST], 5);
    assert_int_equal(hem_data_image(data, HEM_VALIDATION, 6)[2], pixel(6, 2));
    assert_int_equal(hem_data_label(data, HEM_VALIDATION, 4), 1);
    assert_int_equal(hem_data_row(data, HEM_VALIDATION, 4), 4);
    assert_string_not_equal(info.sha256, hem_data_get_info(plain).sha256);
    hem_data_free(plain);
    hem_data_free(data);
    spec.validation.path = spec.data.csv.train;
    hem_error err;
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "the validation images are the training images");
    release_csv(&spec);
    free(path);
    data_folder_remove(folder);
}

/* Of 60 images in 7 classes, drawn: every class gives its share to within one image. */
static void stratifies(void **state)
{
    (void)state;
    hem_spec spec = data_spec(HEM__DATA_SYNTHETIC);
    spec.data.synthetic.train = 601;
    spec.validation.kind = HEM__VALIDATION_FRACTION;
    spec.validation.fraction = 0.23;
    spec.validation.stratify = true;
    hem_data *data = open_ok(&spec);
    size_t held[10] = {0}, all[10] = {0};
    assert_int_equal(hem_data_get_info(data).n[HEM_VALIDATION], 138);
    assert_int_equal(hem_data_get_info(data).n[HEM_TRAIN], 463);
    for (size_t i = 0; i < 138; i++)
        held[hem_data_label(data, HEM_VALIDATION, i)]++;
    for (size_t i = 0; i < 463; i++)
        all[hem_data_label(data, HEM_TRAIN, i)]++;
    for (int c = 0; c < 10; c++) {
        double share = 0.23 * (double)(all[c] + held[c]);
        assert_true((double)held[c] > share - 1 && (double)held[c] < share + 1);
    }
    hem_data_free(data);
}

/* ---- NumPy ------------------------------------------------------------------------------------
 */

static void reads_npy(void **state)
{
    (void)state;
    size_t n;
    unsigned char *file = make_npy(
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 3, 1), }   \n", "abcdef", 6, &n);
    hem_images images;
    assert_int_equal(hem__images_parse(file, n, "a.npy", &images, NULL), HEM_OK);
    assert_int_equal(images.n, 2);
    assert_int_equal(images.width, 3);
    assert_memory_equal(images.pixels, "abcdef", 6);
    hem_images_release(&images);
    free(file);
    static const struct {
        const char *type;
        unsigned char bytes[16];
        size_t size;
    } labels[] = {{"|u1", {3, 1}, 1},
                  {"|i1", {3, 1}, 1},
                  {"<i4", {3, 0, 0, 0, 1}, 4},
                  {"<i8", {3, 0, 0, 0, 0, 0, 0, 0, 1}, 8}};
    for (size_t i = 0; i < 4; i++) {
        char header[100];
        uint8_t *read;
        size_t count;
        snprintf(header, sizeof header, "{\"shape\": (2,), 'fortran_order':False,'descr': '%s'}\n",
                 labels[i].type);
        file = make_npy(header, labels[i].bytes, 2 * labels[i].size, &n);
        assert_int_equal(hem__npy_labels(file, n, "y", "npy", 1, &read, &count, NULL), HEM_OK);
        assert_int_equal(count, 2);
        assert_int_equal(read[0], 2);
        assert_int_equal(read[1], 0);
        free(read);
        hem_error err;
        assert_int_equal(hem__npy_labels(file, n, "y", "npy", 2, &read, &count, &err),
                         HEM_ERR_DATA);
        data_expect_error(&err, HEM_ERR_DATA, "label 1 in row 1");
        free(file);
    }
}

static void refuses_npy(void **state)
{
    (void)state;
    static const struct {
        const char *header, *message;
    } rows[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3)}", "images of type '<f4'"},
        {"{'descr': '|u1', 'fortran_order': True, 'shape': (1, 2, 3)}", "Fortran's order"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (6,)}", "images of shape (6,)"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 3, 1, 2)}", "shape (1, 3, 1, 2)"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (0, 2, 3)}", "no images"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2, 3)}", "needs 12 bytes"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999, 9999, 9999)}", "large"},
        {"{'descr': [('a', '|u1')], 'fortran_order': False, 'shape': (2, 2, 3)}", "records"},
        {"{'descr': '|u1', 'shape': (2, 2, 3)}", "expected"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1, 2, 3)}", "four dimensions"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3)} x", "damaged NumPy header"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n;
        hem_images images;
        hem_error err = {.status = HEM_OK};
        unsigned char *file = make_npy(rows[i].header, "abcdef", 6, &n);
        assert_int_equal(hem__npy_images(file, n, "x.npy", &images, &err), HEM_ERR_DATA);
        data_expect_error(&err, HEM_ERR_DATA, rows[i].message);
        assert_null(images.pixels);
        free(file);
    }
}

static void put(hem__str *out, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        char byte = (char)(value >> (8 * i));
        hem__str_add_bytes(out, &byte, 1);
    }
}

/* A zip archive of one entry "x.npy"; `method` 0 or 8. */
static void make_zip(const void *content, size_t n, int method, hem__str *out)
{
    unsigned char packed[512];
    z_stream z = {.next_in = content, .avail_in = (uInt)n, .next_out = packed, .avail_out = 512};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t length = method == 0 ? n : z.total_out;
    deflateEnd(&z);
    uint32_t crc = (uint32_t)crc32(0, content, (uInt)n);
    for (int central = 0; central < 2; central++) {
        size_t start = out->length;
        put(out, central ? 0x02014b50 : 0x04034b50, 4);
        put(out, 20, central ? 4 : 2);
        put(out, 0, 2);
        put(out, (uint32_t)method, 2);
        put(out, 0, 4);
        put(out, crc, 4);
        put(out, (uint32_t)length, 4);
        put(out, (uint32_t)n, 4);
        put(out, 5, 2);
        put(out, 0, central ? 2 : 2);
        for (int i = 0; central && i < 7; i++)
            put(out, 0, 2);
        hem__str_add_bytes(out, "x.npy", 5);
        if (!central)
            hem__str_add_bytes(out, method == 0 ? content : packed, length);
        if (central) {
            put(out, 0x06054b50, 4);
            put(out, 0, 4);
            put(out, 1, 2);
            put(out, 1, 2);
            put(out, 51, 4);
            put(out, (uint32_t)start, 4);
            put(out, 0, 2);
        }
    }
    assert_false(out->failed);
}

static void reads_npz(void **state)
{
    (void)state;
    char content[300];
    memset(content, 'q', sizeof content);
    for (int method = 0; method <= 8; method += 8) {
        hem__str zip = {0};
        make_zip(content, sizeof content, method, &zip);
        uint8_t *bytes = (uint8_t *)zip.text, *entry;
        size_t n;
        hem_error err;
        assert_int_equal(hem__npz_entry(bytes, zip.length, "a.npz", "x", &entry, &n, &err), HEM_OK);
        assert_int_equal(n, sizeof content);
        assert_memory_equal(entry, content, n);
        free(entry);
        assert_int_equal(hem__npz_entry(bytes, zip.length, "a.npz", "y", &entry, &n, &err), HEM_OK);
        assert_null(entry);
        /* Every cut and every changed bit is refused or changes nothing. */
        for (size_t i = 0; i < zip.length; i++) {
            hem_status status = hem__npz_entry(bytes, i, "a.npz", "x", &entry, &n, &err);
            assert_int_equal(status, HEM_ERR_DATA);
            for (int bit = 0; bit < 8; bit++) {
                bytes[i] ^= (uint8_t)(1 << bit);
                status = hem__npz_entry(bytes, zip.length, "a.npz", "x", &entry, &n, &err);
                bytes[i] ^= (uint8_t)(1 << bit);
                if (status == HEM_OK && entry != NULL)
                    assert_memory_equal(entry, content, sizeof content);
                free(entry);
            }
        }
        hem__str_release(&zip);
    }
}

/* ---- JPEG and folders -------------------------------------------------------------------------
 */

/* A smooth image; free() it. */
static unsigned char *make_jpeg(int height, int width, int channels, size_t *n)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *out = NULL, row[3 * 64];
    unsigned long bytes = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &out, &bytes);
    jpeg.image_width = (JDIMENSION)width;
    jpeg.image_height = (JDIMENSION)height;
    jpeg.input_components = channels;
    jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < height; y++) {
        for (int i = 0; i < width * channels; i++)
            row[i] = (unsigned char)(3 * y + 2 * i);
        JSAMPROW at = row;
        jpeg_write_scanlines(&jpeg, &at, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    *n = bytes;
    return out;
}

static void reads_jpeg(void **state)
{
    (void)state;
    for (int channels = 1; channels <= 3; channels += 2) {
        size_t n;
        unsigned char *file = make_jpeg(9, 11, channels, &n);
        hem_images images;
        hem_error err;
        assert_int_equal(hem__images_parse(file, n, "a.jpg", &images, &err), HEM_OK);
        assert_int_equal(images.height, 9);
        assert_int_equal(images.width, 11);
        assert_int_equal(images.channels, channels);
        if (channels == 1)
            assert_in_range(images.pixels[11 * 4 + 5], 12 + 10 - 2, 12 + 10 + 2);
        hem_images_release(&images);
        for (size_t cut = 0; cut < n; cut++) {
            assert_int_equal(hem__jpeg_parse(file, cut, "a.jpg", &images, &err), HEM_ERR_DATA);
            assert_null(images.pixels);
        }
        free(file);
    }
    size_t n;
    unsigned char *file = make_jpeg(8, 8, 4, &n);
    hem_images images;
    hem_error err;
    assert_int_equal(hem__images_parse(file, n, "a.jpg", &images, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "CMYK");
    free(file);
}

/* DIR/part/class/name */
static void write_image(const char *folder, const char *inner, const char *name, int side)
{
    char path[600];
    for (const char *slash = inner; (slash = strchr(slash, '/')) != NULL; slash++) {
        snprintf(path, sizeof path, "%s/%.*s", folder, (int)(slash - inner), inner);
        (void)mkdir(path, 0777);
    }
    snprintf(path, sizeof path, "%s/%s", folder, inner);
    (void)mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", folder, inner, name);
    size_t n;
    unsigned char *file = make_jpeg(side, side, 1, &n);
    data_write(path, file, n);
    free(file);
}

static void reads_folders(void **state)
{
    (void)state;
    char *folder = data_folder();
    hem_spec spec = data_spec(HEM__DATA_IMAGES);
    hem_data *data;
    hem_error err;
    spec.data.directory = folder;
    write_image(folder, "train/10", "b.jpg", 8);
    write_image(folder, "train/10", "a.JPEG", 8);
    write_image(folder, "train/9", "z.jpg", 8);
    write_image(folder, "train/9", ".hidden", 8);
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "/test: cannot open the folder");
    write_image(folder, "test/10", "t.jpg", 8);
    data = open_ok(&spec);
    hem_data_info info = hem_data_get_info(data);
    assert_int_equal(info.n_classes, 2);
    assert_string_equal(info.class_names[0], "9"); /* as numbers: before 10 */
    assert_int_equal(info.n[HEM_TRAIN], 3);
    assert_int_equal(hem_data_label(data, HEM_TRAIN, 0), 0);
    assert_int_equal(hem_data_label(data, HEM_TEST, 0), 1);
    hem_data_free(data);

    write_image(folder, "test/11", "t.jpg", 8);
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "the class '11' is none of the 2 classes");
    write_image(folder, "train/11", "t.jpg", 9);
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "11/t.jpg: the image is 9 x 9 x 1, but '");
    write_image(folder, "train/9", "notes.txt", 8);
    assert_int_equal(hem_data_open(&spec, NULL, &data, &err), HEM_ERR_DATA);
    data_expect_error(&err, HEM_ERR_DATA, "notes.txt: this is not an image file");
    data_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_csv),        cmocka_unit_test(reads_packed_csv_across_buffers),
        cmocka_unit_test(reads_long_lines), cmocka_unit_test(finds_the_label),
        cmocka_unit_test(refuses_csv),      cmocka_unit_test(csv_is_idx),
        cmocka_unit_test(labels_from_one),  cmocka_unit_test(validation_of_its_own),
        cmocka_unit_test(stratifies),       cmocka_unit_test(reads_npy),
        cmocka_unit_test(refuses_npy),      cmocka_unit_test(reads_npz),
        cmocka_unit_test(reads_jpeg),       cmocka_unit_test(reads_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

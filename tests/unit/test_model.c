/* Model files: saved, loaded, and found out when damaged. */
#include "unit/support.h"

#include "base/file.h"
#include "net/model.h"

static char folder[64], path[96];
static hem_context *context;
static char note[512];

static void log_line(void *user, hem_log_level level, const char *line)
{
    (void)user;
    (void)level;
    snprintf(note, sizeof note, "%s", line);
}

static int enter(void **state)
{
    (void)state;
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = 1;
    settings.log = log_line;
    support_folder(folder);
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
    return hem_context_new(&settings, &context, NULL) == HEM_OK ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    hem_context_free(context);
    support_remove(folder);
    return 0;
}

static const char experiment[] = "data: {synthetic: {train: 60, test: 20, height: 8, width: 8}}\n"
                                 "scale: standardize\n"
                                 "model:\n"
                                 "  - conv: {filters: 3, kernel: 3, activation: relu}\n"
                                 "  - maxpool: 2\n"
                                 "  - flatten\n"
                                 "  - dense: {units: 10, activation: softmax}\n";

static hem_net *make_net(uint64_t seed)
{
    hem_spec *spec;
    hem_data *data;
    hem_net *net;
    assert_int_equal(hem_spec_parse(experiment, "small.yaml", NULL, 0, &spec, NULL), HEM_OK);
    assert_int_equal(hem_data_open(spec, NULL, &data, NULL), HEM_OK);
    assert_int_equal(hem_net_new(context, spec, data, seed, &net, NULL), HEM_OK);
    hem_data_free(data);
    hem_spec_free(spec);
    return net;
}

static unsigned char *saved(size_t *length)
{
    unsigned char *content;
    hem_net *net = make_net(7);
    assert_int_equal(hem_net_save(net, path, NULL), HEM_OK);
    hem_net_free(net);
    assert_int_equal(hem__file_read(path, 1 << 20, HEM_ERR_MODEL, &content, length, NULL), HEM_OK);
    return content;
}

static void test_round_trip(void **state)
{
    (void)state;
    char before[65], after[65];
    hem_net *net = make_net(18446744073709551615u), *loaded;
    assert_int_equal(hem_net_save(net, path, NULL), HEM_OK);
    assert_int_equal(hem_net_load(context, path, &loaded, NULL), HEM_OK);
    hem_net_sha256(net, before);
    hem_net_sha256(loaded, after);
    assert_int_equal(strlen(before), 64);
    assert_string_equal(before, after);
    assert_true(net->origin.seed == loaded->origin.seed);
    assert_int_equal(net->origin.scaling.kind, loaded->origin.scaling.kind);
    assert_true(net->origin.scaling.mean == loaded->origin.scaling.mean);
    assert_true(net->origin.scaling.deviation == loaded->origin.scaling.deviation);
    assert_string_equal(net->origin.data_name, loaded->origin.data_name);
    assert_string_equal(net->origin.data_sha256, loaded->origin.data_sha256);
    assert_true(loaded->origin.synthetic);
    assert_int_equal(loaded->origin.n_classes, net->origin.n_classes);
    for (int i = 0; i < net->origin.n_classes; i++)
        assert_string_equal(net->origin.class_names[i], loaded->origin.class_names[i]);
    assert_string_equal(hem_spec_name(hem_net_spec(loaded)), "small");

    uint8_t image[64];
    float a[10], b[10];
    for (int i = 0; i < 64; i++)
        image[i] = (uint8_t)(i * 4);
    assert_int_equal(hem_net_predict(net, image, 1, a, NULL), HEM_OK);
    assert_int_equal(hem_net_predict(loaded, image, 1, b, NULL), HEM_OK);
    assert_memory_equal(a, b, sizeof a);
    hem_net_free(net);
    hem_net_free(loaded);
}

/* Seed and weights of another network give another hash, and saving is a pure function. */
static void test_same_bytes(void **state)
{
    (void)state;
    size_t n, m;
    unsigned char *a = saved(&n), *b = saved(&m);
    char x[65], y[65];
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
    hem_net *one = make_net(1), *two = make_net(2);
    hem_net_sha256(one, x);
    hem_net_sha256(two, y);
    assert_string_not_equal(x, y);
    hem_net_free(one);
    hem_net_free(two);
}

static hem_status load(const unsigned char *bytes, size_t length, hem_error *err)
{
    hem_net *net;
    hem_status status = hem__net_load_memory(context, bytes, length, "m", &net, err);
    assert_true((status == HEM_OK) == (net != NULL));
    hem_net_free(net);
    return status;
}

static void test_every_flipped_bit(void **state)
{
    (void)state;
    size_t length;
    unsigned char *content = saved(&length);
    assert_int_equal(load(content, length, NULL), HEM_OK);
    for (size_t bit = 0; bit < 8 * length; bit++) {
        content[bit / 8] ^= (unsigned char)(1 << bit % 8);
        if (load(content, length, NULL) != HEM_ERR_MODEL)
            fail_msg("bit %zu of byte %zu was flipped and not found", bit % 8, bit / 8);
        content[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(content);
}

static void test_every_truncation(void **state)
{
    (void)state;
    size_t length;
    unsigned char *content = saved(&length);
    for (size_t n = 0; n < length; n++) {
        unsigned char *cut = malloc(n + 1);
        assert_non_null(cut);
        memcpy(cut, content, n);
        assert_int_equal(load(cut, n, NULL), HEM_ERR_MODEL);
        free(cut);
    }
    free(content);
}

/* ---- files of other programs ------------------------------------------------------------------
 */

/* Writes the model once more, without the metadata in `without` (NULL-terminated), as another
 * program would, and with `key` set to `value`; key may be NULL. */
static unsigned char *rewritten(const char *const *without, const char *key, const char *value,
                                size_t *length)
{
    unsigned char *content = saved(length);
    uint64_t n_header;
    memcpy(&n_header, content, 8);
    json_t *header = json_loadb((char *)content + 8, (size_t)n_header, 0, NULL);
    assert_non_null(header);
    json_t *metadata = json_object_get(header, "__metadata__");
    for (; *without != NULL; without++)
        assert_int_equal(json_object_del(metadata, *without), 0);
    if (key != NULL)
        json_object_set_new(metadata, key, json_string(value));
    char *text = json_dumps(header, JSON_COMPACT);
    json_decref(header);
    size_t n_data = *length - 8 - (size_t)n_header, n_text = strlen(text);
    unsigned char *made = malloc(8 + n_text + n_data);
    assert_non_null(made);
    n_header = n_text;
    memcpy(made, &n_header, 8);
    memcpy(made + 8, text, n_text);
    memcpy(made + 8 + n_text, content + *length - n_data, n_data);
    *length = 8 + n_text + n_data;
    free(text);
    free(content);
    (void)hem__st_repair_checksum(made, *length); /* where it still has one */
    return made;
}

static void expect(const char *const *without, const char *key, const char *value,
                   hem_status status, const char *says)
{
    size_t length;
    hem_error err = {.text = ""};
    unsigned char *content = rewritten(without, key, value, &length);
    note[0] = '\0';
    assert_int_equal(load(content, length, &err), status);
    if (strstr(status == HEM_OK ? note : err.text, says) == NULL)
        fail_msg("'%s' is not in '%s'", says, status == HEM_OK ? note : err.text);
    free(content);
}

#define FOREIGN "hemline.format", "hemline.xxh3"
#define WITHOUT(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_foreign(void **state)
{
    (void)state;
    expect(WITHOUT(FOREIGN), NULL, NULL, HEM_OK, "without a checksum");
    expect(WITHOUT(FOREIGN, "hemline.seed", "hemline.data", "hemline.scale", "hemline.synthetic",
                   "hemline.data_sha256"),
           NULL, NULL, HEM_OK, "without a checksum");
    expect(WITHOUT(FOREIGN, "hemline.experiment"), NULL, NULL, HEM_ERR_MODEL,
           "no 'hemline.experiment'");
    expect(WITHOUT(FOREIGN, "hemline.image"), NULL, NULL, HEM_ERR_MODEL, "no 'hemline.image'");
    expect(WITHOUT(FOREIGN, "hemline.class_names"), NULL, NULL, HEM_ERR_MODEL,
           "no 'hemline.class_names'");
    /* standardize has numbers that nothing else tells */
    expect(WITHOUT(FOREIGN, "hemline.mean"), NULL, NULL, HEM_ERR_MODEL, "no 'hemline.mean'");
    expect(WITHOUT("hemline.xxh3"), NULL, NULL, HEM_ERR_MODEL, "without its checksum");
    expect(WITHOUT("hemline.format"), NULL, NULL, HEM_ERR_MODEL, "no 'hemline.format'");
}

static void test_wrong_metadata(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *says;
    } cases[] = {
        {"hemline.format", "2", "format '2' is not known"},
        {"hemline.kind", "checkpoint", "this is a checkpoint, not a model"},
        {"hemline.image", "28x28", "hemline.image"},
        {"hemline.image", "0x8x1", "hemline.image"},
        {"hemline.image", "8x8x1x", "hemline.image"},
        {"hemline.image", "12x8x1", "wants"},
        {"hemline.image", "99999x99999x9", ""},
        {"hemline.seed", "-1", "hemline.seed"},
        {"hemline.seed", "x", "hemline.seed"},
        {"hemline.class_names", "[]", "class_names"},
        {"hemline.class_names", "[1]", "class_names"},
        {"hemline.class_names", "[\"a\"]", ""},
        {"hemline.class_names", "nonsense", "class_names"},
        {"hemline.scale", "none", "hemline.scale"},
        {"hemline.mean", "nan", "scaling"},
        {"hemline.deviation", "0.0", "scaling"},
        {"hemline.deviation", "1e999", "scaling"},
        {"hemline.experiment", "model: [conv", "experiment cannot be read"},
        {"hemline.experiment", "", "experiment cannot be read"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s = %s\n", cases[i].key, cases[i].value);
        expect(WITHOUT(cases[i].key), cases[i].key, cases[i].value, HEM_ERR_MODEL, cases[i].says);
    }
}

/* Another experiment's tensors: the first that differs is named. */
static void test_wrong_tensors(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"\"conv1.weight\"", "\"conv9.weight\"", "'conv1.weight' is missing"},
        {"[3,1,3,3]", "[1,3,3,3]", "'conv1.weight' is 1x3x3x3"},
        {"\"dense1.bias\":{\"dtype\":\"F32\"", "\"dense1.bias\":{\"dtype\":\"XXX\"", "type 'XXX'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length;
        hem_error err;
        unsigned char *content = saved(&length);
        size_t n = strlen(cases[i].from);
        unsigned char *at = memmem(content, length, cases[i].from, n);
        assert_non_null(at);
        memcpy(at, cases[i].to, n);
        assert_true(hem__st_repair_checksum(content, length));
        assert_int_equal(load(content, length, &err), HEM_ERR_MODEL);
        print_message("%s\n", err.text);
        assert_non_null(strstr(err.text, cases[i].says));
        free(content);
    }
}

static void test_not_finite(void **state)
{
    (void)state;
    size_t length;
    hem_error err;
    unsigned char *content = saved(&length);
    memset(content + length - 4, 0xFF, 4);
    assert_true(hem__st_repair_checksum(content, length));
    assert_int_equal(load(content, length, &err), HEM_ERR_MODEL);
    assert_non_null(strstr(err.text, "not finite, at place 9"));
    free(content);
}

static void test_places(void **state)
{
    (void)state;
    hem_net *net = make_net(1), *loaded;
    hem_error err;
    assert_int_equal(hem_net_save(net, "no/such/folder/m", &err), HEM_ERR_IO);
    assert_int_equal(hem_net_load(context, "no/such/file", &loaded, &err), HEM_ERR_MODEL);
    assert_int_equal(hem_net_load(context, folder, &loaded, &err), HEM_ERR_MODEL);
    assert_null(loaded);
    hem_net_free(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_every_flipped_bit),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_wrong_metadata),
        cmocka_unit_test(test_wrong_tensors),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests_name("model", tests, enter, leave);
}

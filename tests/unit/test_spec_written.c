/* Experiments written out and read back: files at random from the tables of keys, the template. */
#include "unit/support_spec.h"

#include <math.h>

#include "base/philox.h"
#include "base/str.h"

/* ---- written out and read back -------------------------------------------------------------- */

static uint32_t draw(uint32_t *counter, uint32_t n)
{
    uint32_t out[4];
    hem__philox(hem__philox_key_of(7, HEM__DRAW_CHECK), (const uint32_t[4]){(*counter)++, 0, 0, 0},
                out);
    return out[0] % n;
}

static void write_choice(const hem__choice *choice, uint32_t *counter, hem__str *out);

/* A list of one layer; residuals come inside each other once in fourteen times. */
static void write_layers(const hem__key *key, uint32_t *counter, hem__str *out)
{
    hem__str_add(out, "[");
    write_choice(key->choice, counter, out);
    hem__str_add(out, "]");
}

/* A value of this key that its table allows, as a file would write it. */
static void write_random(const hem__key *key, uint32_t *counter, hem__str *out)
{
    size_t n_words = 0;
    if (key->type == HEM__KEY_LAYERS) {
        write_layers(key, counter, out);
        return;
    }
    while (key->words != NULL && key->words[n_words].name != NULL)
        n_words++;
    bool range = key->max > key->min;
    if (n_words > 0 && (!range || draw(counter, 3) == 0)) {
        hem__str_add(out, key->words[draw(counter, (uint32_t)n_words)].name);
        return;
    }
    double share = draw(counter, 1000) / 1000.0;
    if (key->type == HEM__KEY_AMOUNT) {
        const hem__unit_range *unit = key->units;
        unit += unit[1].name != NULL ? draw(counter, 2) : 0;
        double value = unit->max * share;
        hem__str_printf(out, "%.*f %s", unit->whole ? 0 : 3, value, unit->name);
        return;
    }
    if (key->type == HEM__KEY_TEXT)
        hem__str_printf(out, "\"t %u\\n\\\"\"", draw(counter, 100));
    else if (key->type == HEM__KEY_SEED)
        hem__str_printf(out, "%u", draw(counter, UINT32_MAX));
    else if (key->type == HEM__KEY_REAL)
        hem__str_printf(out, "%.*g", (int)draw(counter, 14) + 4,
                        key->min + (key->max - key->min) * (share + 1e-9) * 0.99);
    else if (key->type == HEM__KEY_PAIR && draw(counter, 2) == 0)
        hem__str_printf(out, "[%u, %u]", draw(counter, 4096) + 1, draw(counter, 4096) + 1);
    else
        hem__str_printf(out, "%.0f", key->min + floor((key->max - key->min) * share));
}

static void write_choice(const hem__choice *choice, uint32_t *counter, hem__str *out);

/* "a: 1, b: 2" of a random part of the keys, the required ones always. */
static void write_keys(const hem__key *keys, uint32_t *counter, hem__str *out)
{
    const char *comma = "";
    /* A layer without biases may not say what they should be. */
    bool no_bias = hem__key_find(keys, "bias") != NULL && draw(counter, 3) == 0;
    for (; keys != NULL && keys->name != NULL; keys++) {
        bool required = keys->fallback == NULL && keys->like == NULL;
        if (!required && draw(counter, 2) == 0)
            continue;
        if (no_bias ? strncmp(keys->name, "bias_", 5) == 0 : strcmp(keys->name, "bias") == 0)
            continue;
        hem__str_printf(out, "%s%s: ", comma, keys->name);
        if (strcmp(keys->name, "bias") == 0) {
            hem__str_add(out, "false");
        } else if (keys->type == HEM__KEY_MAP) {
            hem__str_add(out, "{");
            write_keys(keys->keys, counter, out);
            hem__str_add(out, "}");
        } else if (keys->type == HEM__KEY_CHOICE) {
            write_choice(keys->choice, counter, out);
        } else {
            write_random(keys, counter, out);
        }
        comma = ", ";
    }
}

static void write_choice(const hem__choice *choice, uint32_t *counter, hem__str *out)
{
    size_t n = 0;
    while (choice->alternatives[n].name != NULL)
        n++;
    const hem__alternative *a = &choice->alternatives[draw(counter, (uint32_t)n)];
    if (a->keys == NULL && a->value == NULL) {
        hem__str_add(out, a->name);
        return;
    }
    hem__str_printf(out, "{%s: ", a->name);
    if (a->keys != NULL && (a->value == NULL || draw(counter, 2) == 0)) {
        hem__str_add(out, "{");
        write_keys(a->keys, counter, out);
        hem__str_add(out, "}");
    } else {
        write_random(a->value, counter, out);
    }
    if (a->beside != NULL && draw(counter, 2) == 0) {
        hem__str beside = {0};
        write_keys(a->beside, counter, &beside);
        hem__str_printf(out, "%s%s", beside.length > 0 ? ", " : "", beside.text ? beside.text : "");
        hem__str_release(&beside);
    }
    hem__str_add(out, "}");
}

/* Keys that do nothing without others stand beside those. */
static void write_augment(uint32_t *counter, hem__str *out)
{
    static const char *const together[][3] = {{"zoom", "keep_aspect", "10%"},
                                              {"cutout", "cutout_chance", "[4 px, 9 px]"},
                                              {"cutout", "cutout_fill", "8 px"},
                                              {"fill", "fill_value", "constant"}};
    uint32_t which = draw(counter, 8);
    const char *const *pair = which < 4 ? together[which] : NULL;
    const char *comma = "";
    for (const hem__key *key = hem__augment_keys; key->name != NULL; key++) {
        bool needs = false, chosen = pair != NULL && strcmp(key->name, pair[1]) == 0;
        for (size_t i = 0; i < sizeof together / sizeof *together; i++)
            needs = needs || strcmp(key->name, together[i][1]) == 0;
        bool needed = pair != NULL && strcmp(key->name, pair[0]) == 0;
        if (!chosen && !needed && (needs || draw(counter, 2) == 0))
            continue;
        hem__str_printf(out, "%s%s: ", comma, key->name);
        if (needed)
            hem__str_add(out, pair[2]);
        else
            write_random(key, counter, out);
        comma = ", ";
    }
}

static void write_random_file(uint32_t *counter, hem__str *out)
{
    hem__str_add(out, "data: ");
    write_choice(hem__key_find(hem__top_keys, "data")->choice, counter, out);
    hem__str_add(out, "\nscale: ");
    write_random(hem__key_find(hem__top_keys, "scale"), counter, out);
    hem__str_add(out, "\naugment: {");
    write_augment(counter, out);
    hem__str_add(out, "}\nvalidation: {last: 10}\nmodel:\n");
    for (uint32_t layers = draw(counter, 6) + 1; layers > 0; layers--) {
        hem__str_add(out, "  - ");
        write_choice(&hem__layer_choice, counter, out);
        hem__str_add(out, "\n");
    }
    hem__str_add(out, "train:\n");
    for (const hem__key *key = hem__key_find(hem__top_keys, "train")->keys; key->name; key++) {
        hem__str_printf(out, "  %s: ", key->name);
        if (strcmp(key->name, "epochs") == 0) /* any schedule and warm-up fits one epoch */
            hem__str_add(out, "1");
        else if (strcmp(key->name, "warmup") == 0)
            hem__str_printf(out, "%.3f", draw(counter, 1000) / 1000.0);
        else if (key->type == HEM__KEY_CHOICE)
            write_choice(key->choice, counter, out);
        else if (key->type == HEM__KEY_MAP)
            hem__str_add(out, "{}");
        else
            write_random(key, counter, out);
        hem__str_add(out, "\n");
    }
}

static void test_random_files(void **state)
{
    (void)state;
    uint32_t counter = 0;
    for (int i = 0; i < 500; i++) {
        hem__str text = {0};
        write_random_file(&counter, &text);
        assert_false(text.failed);
        hem_spec *spec = parse(text.text);
        expect_round_trip(spec);
        hem_spec_free(spec);
        hem__str_release(&text);
    }
}

static void test_template(void **state)
{
    (void)state;
    hem_spec *spec = parse(hem_spec_template());
    hem_spec *two_conv = load("two-conv.yaml");
    char key[128], a[128], b[128];
    assert_false(hem_spec_difference(spec, two_conv, NULL, key, a, b));
    expect_round_trip(spec);
    hem_spec_free(spec);
    hem_spec_free(two_conv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_files),
        cmocka_unit_test(test_template),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The tables of keys: whole in themselves, and the same as docs/experiment-file.md. */
#include "unit/support_spec.h"

#include "base/file.h"
#include "base/str.h"

/* ---- tables and documentation --------------------------------------------------------------- */

static void check_table(const hem__key *keys);

static void check_choice(const hem__choice *choice)
{
    int kind = 0;
    for (const hem__alternative *a = choice->alternatives; a->name != NULL; a++, kind++) {
        assert_int_equal(a->kind, kind); /* names are looked up by kind */
        assert_non_null(a->example);
        assert_non_null(a->help);
        if (a->keys != NULL)
            check_table(a->keys);
        if (a->beside != NULL)
            check_table(a->beside);
    }
    assert_true(kind >= 2 && kind <= HEM__MAX_KEYS); /* examples take the second */
}

static void check_table(const hem__key *keys)
{
    size_t n = 0;
    for (; keys[n].name != NULL; n++) {
        const hem__key *key = &keys[n];
        assert_non_null(key->help);
        assert_ptr_equal(hem__key_find(keys, key->name), key); /* no name twice */
        if (key->like != NULL)
            assert_true(hem__key_find(keys, key->like) < key && key->type == HEM__KEY_PAIR);
        if (key->keys != NULL)
            check_table(key->keys);
        bool again = key->choice == &hem__layer_choice && strcmp(key->name, "model") != 0;
        if (key->choice != NULL && !again)
            check_choice(key->choice);
        if (key->words != NULL && key->type == HEM__KEY_TEXT)
            assert_int_equal(key->words[0].value, 0); /* written for NULL */
    }
    assert_true(n > 0 && n <= HEM__MAX_KEYS);
}

static void test_tables(void **state)
{
    (void)state;
    check_table(hem__top_keys);
    for (int kind = 0; kind < HEM__N_LAYER_KINDS; kind++)
        assert_string_equal(hem__layer_kind_name((hem__layer_kind)kind),
                            hem__layer_choice.alternatives[kind].name);
    assert_string_equal(hem__activation_name(HEM__ACT_SOFTMAX), "softmax");
    assert_string_equal(hem__activation_name(HEM__ACT_PRELU), "prelu");
    assert_string_equal(hem__optimizer_name(HEM__OPT_ADAM), "adam");
    assert_string_equal(hem__loss_name(HEM__LOSS_HALF_SQUARED_ERROR), "half_squared_error");
    assert_string_equal(hem__keep_name(HEM__KEEP_BEST_ACCURACY), "best validation accuracy");
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

/* "  key: value; default" and its help, as the row of the page's table. */
static void make_row(const char *line, const char *help, hem__str *out)
{
    const char *colon = strstr(line, ": "), *end = strchr(line, '\n'), *semicolon = end;
    assert_non_null(colon);
    while (semicolon > colon && strncmp(semicolon, "; ", 2) != 0)
        semicolon--;
    const char *fallback = semicolon + 2;
    if (strncmp(fallback, "default ", 8) == 0)
        fallback += 8;
    hem__str_printf(out, "\n| `%.*s` | %.*s | %.*s | %.*s |\n", (int)(colon - line - 2), line + 2,
                    (int)(semicolon - colon - 2), colon + 2, (int)(end - fallback), fallback,
                    (int)strcspn(help, "\n"), help);
}

/* The part of the page from this heading to the next one; free() it. */
static char *section_of(const char *page, const char *heading)
{
    const char *start = strstr(page, heading);
    if (start == NULL) {
        fail_msg("docs/experiment-file.md lacks the section '%s'", heading);
        return NULL;
    }
    size_t length = strlen(heading);
    const char *end = strstr(start + length, "\n#");
    return end ? strndup(start, (size_t)(end - start) + 1) : strdup(start);
}

/* The page has a section for each part of the reference, with the same rows, and no other rows. */
static void test_documentation(void **state)
{
    (void)state;
    char *reference = hem_spec_reference();
    assert_non_null(reference);
    unsigned char *bytes;
    size_t length, rows = 0;
    assert_int_equal(hem__file_read(HEM_SOURCE_DIR "/docs/experiment-file.md", 1 << 20, HEM_ERR_IO,
                                    &bytes, &length, NULL),
                     HEM_OK);
    char *page = (char *)bytes, *section = NULL;
    for (const char *line = reference; *line != '\0'; line = strchr(line, '\n') + 1) {
        int n = (int)strcspn(line, "\n");
        if (n == 0)
            continue;
        hem__str wanted = {0};
        if (line[0] != ' ') {
            free(section);
            hem__str_printf(&wanted, "\n### %.*s\n", n, line);
            section = section_of(page, wanted.text);
            hem__str again = {0};
            hem__str_printf(&again, "\n%.*s\n", n, line);
            assert_null(strstr(line + n, again.text)); /* no table stands twice */
            hem__str_release(&again);
        } else if (line[2] != ' ') {
            make_row(line, line + n + 1 + 6, &wanted);
            rows++;
        } else {
            hem__str_printf(&wanted, "%.*s", n - 6, line + 6); /* help or example */
        }
        if (line[0] == ' ' && strstr(section, wanted.text) == NULL)
            fail_msg("docs/experiment-file.md lacks '%s'", wanted.text);
        hem__str_release(&wanted);
    }
    assert_int_equal(count(page, "\n| `"), rows);
    assert_true(rows > 40);
    free(section);
    free(bytes);
    free(reference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_documentation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit/support_spec.h"

hem_spec *parse_with(const char *text, const char *const *overrides, size_t n)
{
    hem_error error = {0};
    hem_spec *spec = NULL;
    if (hem_spec_parse(text, "some/x.yaml", overrides, n, &spec, &error) != HEM_OK)
        fail_msg("%s:%d:%d: %s (%s)\nof: %s", error.file, error.line, error.column, error.text,
                 error.hint, text);
    assert_non_null(spec);
    return spec;
}

hem_spec *parse(const char *text)
{
    return parse_with(text, NULL, 0);
}

hem_spec *load(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/experiments/%s", HEM_SOURCE_DIR, name);
    hem_error error = {0};
    hem_spec *spec = NULL;
    if (hem_spec_load(path, NULL, 0, &spec, &error) != HEM_OK)
        fail_msg("%s:%d:%d: %s", error.file, error.line, error.column, error.text);
    return spec;
}

char *resolved(const hem_spec *spec)
{
    char *text = hem_spec_resolved(spec);
    assert_non_null(text);
    return text;
}

void expect_round_trip(const hem_spec *spec)
{
    char key[128], a[128], b[128];
    char *once = resolved(spec);
    hem_spec *again = parse(once);
    char *twice = resolved(again);
    assert_string_equal(once, twice);
    assert_false(hem_spec_difference(spec, again, NULL, key, a, b));
    assert_string_equal(hem_spec_name(spec), hem_spec_name(again));
    free(once);
    free(twice);
    hem_spec_free(again);
}

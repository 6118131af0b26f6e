/* events.jsonl: read, tidied after a kill, and closed where a line is torn. */
#include "unit/support_train.h"

#include <math.h>

#include "base/file.h"
#include "train/events.h"

/* ---- events -----------------------------------------------------------------------------------
 */

static void expect_events(const char *text, const char *names, size_t resumed)
{
    hem__str found = {0};
    json_t *events;
    size_t count;
    assert_int_equal(hem__file_write("events", text, strlen(text), NULL), HEM_OK);
    assert_int_equal(hem__events_read("events", &events, &count, NULL), HEM_OK);
    for (size_t i = 0; i < json_array_size(events); i++)
        hem__str_printf(&found, "%s ",
                        json_string_value(json_object_get(json_array_get(events, i), "event")));
    char *list = hem__str_take(&found);
    assert_string_equal(list, names);
    assert_int_equal(count, resumed);
    free(list);
    json_decref(events);
}

/* What a killed process left goes; what it does not know stays. */
static void test_tidy(void **state)
{
    (void)state;
    static const char *const names[] = {"tidy/.checkpoint.safetensors.tmp-12-0000abcd",
                                        "tidy/checkpoint.previous.safetensors.new",
                                        "tidy/notes.txt"};
    interrupted_run("tidy", NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(hem__file_write(names[i], "x", 1, NULL), HEM_OK);
    resume_whole("tidy");
    assert_false(hem__is_file(names[0]));
    assert_false(hem__is_file(names[1]));
    assert_true(hem__is_file(names[2]));
}

static void test_reading_events(void **state)
{
    (void)state;
    json_t *events;
    expect_events("", "", 0);
    expect_events("{\"event\": \"a\", \"step\": 0}\n{\"event\": \"b\", \"step\": 5}\n", "a b ", 0);
    /* torn, closed, or not ours */
    expect_events("{\"event\": \"a\", \"step\": 0}\n{\"event\": \"b\", \"st", "a ", 0);
    expect_events("{\"event\": \"a\", \"step\": 0}\n{\"eve\n{\"event\": \"c\", \"step\": 2}\n",
                  "a c ", 0);
    expect_events("{\"event\": \"a\", \"step\": 0}\n\n17\n[]\n\xff\n{\"event\": \"c\"}\n", "a c ",
                  0);
    /* resumed: events at or past the step go, earlier ones stay */
    expect_events("{\"event\": \"a\", \"step\": 3}\n{\"event\": \"b\", \"step\": 4}\n"
                  "{\"event\": \"resumed\", \"step\": 4, \"from_step\": 4}\n"
                  "{\"event\": \"c\", \"step\": 4}\n",
                  "a resumed c ", 1);
    expect_events("{\"event\": \"a\", \"step\": 3}\n"
                  "{\"event\": \"resumed\", \"step\": 4, \"from_step\": 4}\n"
                  "{\"event\": \"resumed\", \"step\": 2, \"from_step\": 2}\n",
                  "resumed ", 2);
    assert_int_equal(hem__events_read("no-such-file", &events, NULL, NULL), HEM_OK);
    assert_int_equal(json_array_size(events), 0);
    json_decref(events);
}

static void test_torn_line_is_closed(void **state)
{
    (void)state;
    hem__json json;
    assert_int_equal(hem__file_write("torn", "{\"event\": \"a\", \"ste", 19, NULL), HEM_OK);
    hem__event_open(&json, "b", 1);
    hem__json_number(&json, "x", (double)NAN);
    assert_int_equal(hem__event_append(&json, "torn", NULL), HEM_OK);
    json_t *events;
    assert_int_equal(hem__events_read("torn", &events, NULL, NULL), HEM_OK);
    assert_int_equal(json_array_size(events), 1);
    assert_true(json_is_null(json_object_get(json_array_get(events, 0), "x")));
    json_decref(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_tidy),
        TEST(test_reading_events),
        TEST(test_torn_line_is_closed),
    };
    return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}

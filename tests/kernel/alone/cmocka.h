/* Stands in for cmocka where there is none: the part of it that the kernel tests use, under the
 * same names. A failed test ends; the others still run. */
#ifndef HEM_TESTS_KERNEL_ALONE_CMOCKA_H
#define HEM_TESTS_KERNEL_ALONE_CMOCKA_H

#include <stddef.h>
#include <stdnoreturn.h>

struct CMUnitTest {
    const char *name;
    void (*test_func)(void **state);
    void *setup, *teardown; /* always NULL here */
    void *initial_state;
};

#define cmocka_unit_test(f)                                                                        \
    {                                                                                              \
        .name = #f, .test_func = f                                                                 \
    }
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                  \
    alone_run_tests(name, tests, sizeof(tests) / sizeof((tests)[0]))
/* How many tests failed, at most 255: what a program may return. */
int alone_run_tests(const char *name, const struct CMUnitTest *tests, size_t n);

void print_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define fail_msg(...) alone_fail(__FILE__, __LINE__, __VA_ARGS__)
#define assert_true(c) ((c) ? (void)0 : fail_msg("not true: %s", #c))
#define assert_int_equal(a, b) assert_true((a) == (b))
noreturn void alone_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

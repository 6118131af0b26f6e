#include "cmocka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static jmp_buf after_failure;

void print_message(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}

noreturn void alone_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n%s:%d: error: failure!\n", file, line);
    longjmp(after_failure, 1);
}

int alone_run_tests(const char *name, const struct CMUnitTest *tests, size_t n)
{
    static size_t i, n_failed; /* static: longjmp leaves them alone */
    n_failed = 0;
    for (i = 0; i < n; i++) {
        void *state = tests[i].initial_state;
        if (setjmp(after_failure) == 0) {
            tests[i].test_func(&state);
            printf("[       OK ] %s\n", tests[i].name);
        } else {
            printf("[  FAILED  ] %s\n", tests[i].name);
            n_failed++;
        }
        fflush(stdout);
    }
    printf("%s: %zu of %zu tests failed\n", name, n_failed, n);
    return n_failed < 255 ? (int)n_failed : 255;
}

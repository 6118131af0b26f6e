/* What every unit test includes first: cmocka wants these headers before its own. */
#ifndef TESTS_UNIT_SUPPORT_H
#define TESTS_UNIT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Makes an empty folder of this test's own under the working directory and puts its name into
 * `out`; support_remove() takes it away with all that is in it. */
void support_folder(char out[64]);
void support_remove(const char *folder);

#endif

/* hemline data check, of data that is not a folder of the four IDX files. */
#ifndef HEM_CLI_DATA_CHECK_H
#define HEM_CLI_DATA_CHECK_H

#include <stdbool.h>

/* An experiment file, a .csv, a .npz or a folder of images by class: reads it whole and says what
 * it is; *code is the exit code. False: `path` is none of these. */
bool data_check_other(const char *path, int *code);

#endif

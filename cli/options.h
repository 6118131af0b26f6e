/* Command lines: a command's option table applied to what the user typed. */
#ifndef HEM_CLI_OPTIONS_H
#define HEM_CLI_OPTIONS_H

#include "command.h"

typedef enum options_outcome {
    OPTIONS_FINE,
    OPTIONS_HELP, /* --help was asked for */
    OPTIONS_WRONG /* two lines have been written on stderr */
} options_outcome;

/* The option that an argument names, "--name" or "-x", in its first `length` bytes; or NULL. */
const option *options_find(const command *of, const char *argument, size_t length);
/* Writes the options' values to their targets and moves the other arguments to the front: *n is
 * their number. Options may stand anywhere; "--" ends them. */
options_outcome options_parse(const command *of, char **arguments, int *n);

#endif

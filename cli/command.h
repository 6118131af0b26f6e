/* What a command of the program is. The tables here are parsed from and turned into the help texts,
 * so neither can say what the other does not do.
 *
 * To add a command:
 *   1. write cli/cmd_NAME.c, which ends in `const command command_NAME = {...}`;
 *   2. add the line COMMAND(NAME) to commands.def, in the place where the help should list it;
 *   3. keep its arguments in static variables of that file that its option table points at;
 *   4. add cases to tests/cli/cases. */
#ifndef HEM_CLI_COMMAND_H
#define HEM_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

typedef enum option_kind {
    OPTION_FLAG,   /* target: bool */
    OPTION_TEXT,   /* target: const char * */
    OPTION_LIST,   /* target: text_list; may be repeated */
    OPTION_INT,    /* target: int, low..high */
    OPTION_SEED,   /* target: uint64_t */
    OPTION_NUMBER, /* target: double, low..high */
    OPTION_CHOICE  /* target: int, the index in choices */
} option_kind;

typedef struct text_list {
    const char **items; /* lives as long as the program */
    size_t n;
} text_list;

typedef struct option {
    const char *name; /* without dashes */
    char letter;      /* of the short form; 0 = none */
    option_kind kind;
    const char *value; /* how the help calls the value; NULL for a flag */
    void *target;
    bool *given; /* set where the option is used; may be NULL */
    double low, high;
    const char *const *choices; /* NULL-terminated */
    const char *help;           /* a phrase without a full stop */
} option;

typedef struct command {
    const char *name;
    const char *summary;      /* a phrase, at most 58 columns */
    const char *const *usage; /* what may follow the name, one form a row, NULL-terminated */
    const char *details;      /* paragraphs for the help, wrapped by hand; may be NULL */
    const option *options;
    size_t n_options;
    /* A command line behind "hemline" and a phrase of what it does, in turn, then NULL; may be
     * NULL. A test has them parsed. */
    const char *const *examples;
    int most;    /* how many arguments it takes at most */
    bool hidden; /* for other programs: not listed in help, manual and completion */
    /* Gets the arguments that are not options; returns the exit code. */
    int (*run)(char *const *arguments, int n);
} command;

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

size_t command_count(void);
const command *command_at(size_t index);
/* The command of this name, or NULL. */
const command *command_find(const char *name);
/* The known command nearest to a mistyped one, or NULL. */
const char *command_nearest(const char *name);

#endif

/* hemline help: the overview, one command, or the keys of experiment files. */
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "help.h"

static int run_help(char *const *topics, int n)
{
    if (n == 0) {
        help_overview();
        return HEM_OK;
    }
    if (strcmp(topics[0], "keys") == 0) {
        char *reference = need(hem_spec_reference());
        out("%s", reference);
        free(reference);
        return HEM_OK;
    }
    const command *found = command_find(topics[0]);
    if (found == NULL) {
        const char *near = command_nearest(topics[0]);
        const char *hint =
            near != NULL ? text("did you mean '%s'?", near) : "'hemline help' lists the commands";
        return usage_error(hint, "no help on '%s'", topics[0]);
    }
    help_command(found);
    return HEM_OK;
}

static const char *const usage[] = {"[COMMAND]", "keys", NULL};

static const char *const examples[] = {
    "help train", "the options of a command", "help keys", "every key of an experiment file", NULL,
};

extern const command command_help;
const command command_help = {
    .name = "help",
    .summary = "this overview, a command's options, or 'keys' of experiments",
    .usage = usage,
    .details = "'hemline help keys' prints every key of an experiment file.",
    .examples = examples,
    .most = 1,
    .run = run_help,
};

/* The program: finds the command, has its options parsed, runs it, and sees to it that results
 * which could not be written do not end in exit code 0. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hemline/hemline.h"

#include "command.h"
#include "help.h"
#include "nearest.h"
#include "options.h"
#include "output.h"

#define COMMAND(name) extern const command command_##name;
#include "commands.def"
#undef COMMAND

static const command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "commands.def"
#undef COMMAND
};

size_t command_count(void)
{
    return COUNT(commands);
}

const command *command_at(size_t index)
{
    return commands[index];
}

const command *command_find(const char *name)
{
    for (size_t i = 0; i < COUNT(commands); i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

const char *command_nearest(const char *name)
{
    nearest search = nearest_to(name);
    for (size_t i = 0; i < COUNT(commands); i++) {
        if (!commands[i]->hidden)
            nearest_try(&search, commands[i]->name);
    }
    return search.best;
}

/* A standard stream that is closed would give its number to the next file that is opened, and the
 * talk would land in it. Opened the wrong way round, reading and writing fail as they should. */
static void keep_standard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
            _exit(HEM_ERR_IO);
    }
}

static int run_command(int argc, char **argv)
{
    if (argc < 2) {
        help_overview();
        return HEM_OK;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        out("hemline %s\n", HEM_VERSION);
        return HEM_OK;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        help_overview();
        return HEM_OK;
    }
    if (name[0] == '-')
        return usage_error("'hemline COMMAND [options]': options follow the command",
                           "unknown option '%s' before a command", name);
    const command *found = command_find(name);
    if (found == NULL) {
        const char *near = command_nearest(name);
        if (near != NULL)
            return usage_error(text("did you mean '%s'?", near), "unknown command '%s'", name);
        return usage_error("'hemline help' lists the commands", "unknown command '%s'", name);
    }
    int n = argc - 2;
    char **arguments = argv + 2;
    switch (options_parse(found, arguments, &n)) {
    case OPTIONS_HELP:
        help_command(found);
        return HEM_OK;
    case OPTIONS_WRONG:
        return HEM_ERR_USAGE;
    case OPTIONS_FINE:
        break;
    }
    return found->run(arguments, n);
}

int main(int argc, char **argv)
{
    keep_standard_streams();
    /* A reader that goes away is an error like any other, told apart from success. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* so is a file that reaches the limit of its size */
    setlocale(LC_CTYPE, "");
    output_init();
    int code = run_command(argc, argv);
    return output_close(code);
}

/* Help texts, made from the tables that parse. */
#ifndef HEM_CLI_HELP_H
#define HEM_CLI_HELP_H

#include "command.h"

void help_overview(void);
void help_command(const command *of);
/* What a command says when it got too few arguments: two lines, exit code 2. */
int help_missing(const command *of, const char *what);

#endif

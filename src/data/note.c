/* Log lines of the data part. */
#include "data/note.h"

#include <stdarg.h>
#include <stdio.h>

void hem__note(const hem_data_options *options, hem_log_level level, const char *format, ...)
{
    if (options == NULL || options->log == NULL)
        return;
    char line[1024]; /* a longer line, by very long paths, is cut */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    options->log(options->log_user, level, line);
}

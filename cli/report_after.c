/* The report that follows a training. */
#include "report_after.h"

void report_after(hem_context *context, const char *directory)
{
    hem_error err;
    char path[512], line[1500];
    hem_data_options data = data_options();
    data.log = NULL; /* what is to be said of the data has been said before the training */
    const hem_report_options options = {.data = &data, .log = log_line};
    if (hem_report_write(context, &directory, 1, &options, path, &err) == HEM_OK) {
        talk("%-20s  %s\n", "report", plain_text(path));
        return;
    }
    hem_error_format(&err, line, sizeof line);
    warn("no report could be written: %s\n", plain_text(line));
}

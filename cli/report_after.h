/* The report that follows a training. */
#ifndef HEM_CLI_REPORT_AFTER_H
#define HEM_CLI_REPORT_AFTER_H

#include "common.h"

#define OPTION_NO_REPORT(to)                                                                       \
    {                                                                                              \
        .name = "no-report", .kind = OPTION_FLAG, .target = (to),                                  \
        .help = "write no report.html at the end"                                                  \
    }

/* Writes the report of a run or a study into its folder and says where it is. The training stands
 * whatever comes of it: a report that cannot be written is a warning. */
void report_after(hem_context *context, const char *directory);

#endif

/* The folder of the experiments that come with hemline, and the facts beside them. */
#ifndef HEM_CLI_EXPERIMENTS_H
#define HEM_CLI_EXPERIMENTS_H

#include "output.h"

#define OPTION_EXPERIMENTS(to)                                                                     \
    {                                                                                              \
        .name = "experiments", .kind = OPTION_TEXT, .value = "DIR", .target = (to),                \
        .help = "where the experiments and their reference.json are (default: ./experiments, "     \
                "else those installed)"                                                            \
    }

/* Reads reference.json of `named`, else of ./experiments, else of the installed folder, and puts
 * the folder into *folder. *out is the caller's to json_decref(); NULL on failure: HEM_ERR_USAGE
 * where there is none, HEM_ERR_DATA where it is damaged, naming the place. */
hem_status experiments_reference(const char *named, const char **folder, json_t **out,
                                 hem_error *err);

#endif

/* The part of 'hemline bench' that says where the time goes. */
#ifndef HEM_CLI_BENCH_PROFILE_H
#define HEM_CLI_BENCH_PROFILE_H

#include "common.h"

/* A table of a profile's rows; `peak` in GFLOP/s, of all threads. `what`: "a training step". */
void bench_print_profile(const hem_net *net, const hem_profile *profile, double peak,
                         const char *what);
/* The same as an object. */
json_t *bench_profile_json(const hem_net *net, const hem_profile *profile, double peak);

#endif

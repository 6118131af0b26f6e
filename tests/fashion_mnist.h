/* For tests of real data: whether there is any. */
#ifndef TESTS_FASHION_MNIST_H
#define TESTS_FASHION_MNIST_H

#include <stdbool.h>

#include "hemline/data.h"

/* The exit status that tells ctest that a test was skipped (CMakeLists.txt), and what to say. */
#define SKIPPED 77
#define NO_FASHION_MNIST                                                                           \
    "SKIPPED, nothing was tested: Fashion-MNIST is not on this machine; install the package "      \
    "dataset-fashion-mnist or run 'hemline data get fashion-mnist'\n"

/* Data that is there but damaged is no reason to skip: then the tests fail. */
static inline bool fashion_mnist_is_there(void)
{
    hem_data_place places[8];
    size_t n = hem_data_places(NULL, places, sizeof places / sizeof *places);
    for (size_t i = 0; i < n && i < sizeof places / sizeof *places; i++) {
        if (places[i].found)
            return true;
    }
    return false;
}

#endif

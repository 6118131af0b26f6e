/* Edit distance over the short words of a command line. */
#include "nearest.h"

#include <stdbool.h>
#include <string.h>

enum { LONGEST = 40 }; /* no command, option or choice is longer */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Letters to insert, delete, replace or swap with their neighbour: the table of the optimal string
 * alignment distance, whole, since it is small. */
static size_t distance(const char *a, const char *b)
{
    size_t n_a = strlen(a), n_b = strlen(b);
    size_t d[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= n_a; i++) {
        for (size_t j = 0; j <= n_b; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            size_t replaced = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = least(replaced, least(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[n_a][n_b];
}

nearest nearest_to(const char *word)
{
    /* One slip in a short word, two or more in a long one. */
    size_t n = strlen(word);
    size_t slips = n >= 3 ? n / 3 : 1;
    return (nearest){.word = word, .distance = n > 0 && n <= LONGEST ? slips + 1 : 0};
}

void nearest_try(nearest *search, const char *candidate)
{
    if (search->distance == 0 || strlen(candidate) > LONGEST)
        return;
    size_t n = strlen(search->word);
    /* The beginning of a word is one slip: it was taken for an abbreviation. */
    bool begins = n >= 3 && strncmp(search->word, candidate, n) == 0;
    size_t d = begins ? 1 : distance(search->word, candidate);
    /* A word that keeps none of its letters is no slip. */
    if (d < search->distance && d < n) {
        search->best = candidate;
        search->distance = d;
    }
}

/* "Did you mean": the nearest of a list of words. */
#include <string.h>

#include "base/error.h"

enum { LONGEST = 63 }; /* no key or name of ours is longer */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Number of letters to insert, delete, replace or swap with their neighbour ("optimal string
 * alignment"). O(n_a n_b) time; three rows of the table suffice. Both words at most LONGEST. */
static size_t distance(const char *a, const char *b)
{
    size_t n_a = strlen(a), n_b = strlen(b);
    size_t rows[3][LONGEST + 1];
    for (size_t j = 0; j <= n_b; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            size_t replace = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = least(replace, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
        }
    }
    return rows[n_a % 3][n_b];
}

const char *hem__nearest(const char *word, const char *const *candidates)
{
    size_t n = strlen(word);
    if (n == 0 || n > LONGEST)
        return NULL;
    const char *best = NULL;
    size_t best_distance = (n >= 3 ? n / 3 : 1) + 1;
    for (; *candidates != NULL; candidates++) {
        if (strlen(*candidates) > LONGEST)
            continue;
        size_t d = distance(word, *candidates);
        /* d < n: a word that keeps none of its letters is no slip of the finger. */
        if (d < best_distance && d < n) {
            best = *candidates;
            best_distance = d;
        }
    }
    return best;
}

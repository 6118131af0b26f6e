/* Which classes are taken for which. */
#include "hemline/eval.h"

/* Larger first; equal ones by class number. */
static bool before(const hem_confused *a, const hem_confused *b)
{
    if (a->count != b->count)
        return a->count > b->count;
    if (a->true_class != b->true_class)
        return a->true_class < b->true_class;
    return a->predicted_class < b->predicted_class;
}

/* Keeps the list sorted and at most `max` long; returns its new length. */
static size_t insert(hem_confused *list, size_t n, size_t max, hem_confused item)
{
    size_t at = n;
    while (at > 0 && before(&item, &list[at - 1]))
        at--;
    if (at >= max)
        return n;
    if (n < max)
        n++;
    for (size_t i = n - 1; i > at; i--)
        list[i] = list[i - 1];
    list[at] = item;
    return n;
}

size_t hem_most_confused(const hem_evaluation *evaluation, bool pairs, hem_confused *out,
                         size_t max)
{
    size_t n = 0, classes = (size_t)evaluation->n_classes;
    for (size_t t = 0; t < classes; t++) {
        for (size_t p = pairs ? t + 1 : 0; p < classes; p++) {
            size_t count = evaluation->confusion[t * classes + p];
            if (pairs)
                count += evaluation->confusion[p * classes + t];
            if (t != p && count > 0)
                n = insert(out, n, max, (hem_confused){(int)t, (int)p, count});
        }
    }
    return n;
}

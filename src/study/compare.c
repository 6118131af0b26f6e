/* What a planner of jobs asks of experiments: how long one takes, and whether two share their data.
 */
#include <string.h>

#include "hemline/study.h"
#include "spec/keys.h"

hem_status hem_training_cost(hem_context *context, const hem_spec *spec, const hem_data *data,
                             double *out, hem_error *err)
{
    hem_net *net;
    *out = 0;
    HEM_TRY(hem_net_new(context, spec, data, 0, &net, err));
    *out = 0.5 * hem_net_get_info(net).training_flops *
           (double)hem_data_get_info(data).n[HEM_TRAIN] * hem_spec_epochs(spec);
    hem_net_free(net);
    return HEM_OK;
}

/* Keys that a data set does not depend on. A key that is not listed counts: at worst a data set is
 * opened twice. */
static bool is_about_data(const hem__leaf *leaf)
{
    static const char *const others[] = {"name",  "description", "scale",   "model",
                                         "train", "augment",     "defaults"};
    size_t length = strcspn(leaf->path, ".");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strlen(others[i]) == length && strncmp(leaf->path, others[i], length) == 0)
            return false;
    }
    return true;
}

static const hem__leaf *next_about_data(const hem__leaves *leaves, size_t *at)
{
    while (*at < leaves->n && !is_about_data(&leaves->items[*at]))
        ++*at;
    return *at < leaves->n ? &leaves->items[(*at)++] : NULL;
}

bool hem_same_data(const hem_spec *a, const hem_spec *b)
{
    hem__leaves x, y;
    hem__leaves_collect(a, &x);
    hem__leaves_collect(b, &y);
    bool same = !x.failed && !y.failed;
    size_t at_x = 0, at_y = 0;
    for (bool more = true; same && more;) {
        const hem__leaf *p = next_about_data(&x, &at_x), *q = next_about_data(&y, &at_y);
        more = p != NULL && q != NULL;
        same = more ? strcmp(p->path, q->path) == 0 && strcmp(p->value, q->value) == 0 : p == q;
    }
    hem__leaves_release(&x);
    hem__leaves_release(&y);
    return same;
}

/* What a network says of every image of a part, and where it is wrong. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "inspect/inspect.h"

void hem_predictions_release(hem_predictions *predictions)
{
    free(predictions->labels);
    free(predictions->predicted);
    free(predictions->losses);
    free(predictions->probabilities);
    *predictions = (hem_predictions){0};
}

hem_status hem_predictions_get(hem_net *net, const hem_data *data, hem_part part,
                               hem_predictions *out, hem_error *err)
{
    const size_t n = hem_data_get_info(data).n[part], classes = (size_t)net->origin.n_classes;
    size_t all;
    *out = (hem_predictions){.n = n, .n_classes = net->origin.n_classes};
    if (n == 0)
        return hem__fail(err, HEM_ERR_USAGE, "the %s part of the data is empty",
                         hem_part_name(part));
    out->labels = hem__calloc(n, sizeof *out->labels);
    out->predicted = hem__calloc(n, sizeof *out->predicted);
    out->losses = hem__calloc(n, sizeof *out->losses);
    if (hem__mul_size(n, classes, &all))
        out->probabilities = hem__calloc(all, sizeof *out->probabilities);
    hem_status status = HEM_OK;
    if (!out->labels || !out->predicted || !out->losses || !out->probabilities)
        status = hem__fail_memory(err, "predictions", n * classes * sizeof *out->probabilities);
    else
        status = hem__net_run(net, data, part, NULL, n, out->losses, out->predicted,
                              out->probabilities, err);
    for (size_t i = 0; status == HEM_OK && i < n; i++)
        out->labels[i] = hem_data_label(data, part, i);
    if (status != HEM_OK)
        hem_predictions_release(out);
    return status;
}

/* Larger is shown earlier. */
static float weight_of(const hem_predictions *p, hem_mistake_order order, size_t image)
{
    if (order == HEM_MISTAKES_WORST)
        return p->losses[image];
    return p->probabilities[image * (size_t)p->n_classes + (size_t)p->predicted[image]];
}

size_t hem_mistakes_find(const hem_predictions *predictions, hem_mistake_order order,
                         int true_class, int predicted_class, size_t *out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < predictions->n; i++) {
        int label = predictions->labels[i], predicted = predictions->predicted[i];
        if (label == predicted || (true_class >= 0 && label != true_class) ||
            (predicted_class >= 0 && predicted != predicted_class))
            continue;
        size_t at = n;
        float weight = weight_of(predictions, order, i);
        while (at > 0 && weight > weight_of(predictions, order, out[at - 1]))
            at--;
        if (at >= max)
            continue;
        n += n < max;
        memmove(out + at + 1, out + at, (n - 1 - at) * sizeof *out);
        out[at] = i;
    }
    return n;
}

size_t hem_images_pick(const hem_data *data, hem_part part, size_t count, bool per_class,
                       size_t *out, size_t max)
{
    hem_data_info info = hem_data_get_info(data);
    size_t n = 0;
    for (int c = 0; c < (per_class ? info.n_classes : 1); c++) {
        size_t got = 0;
        for (size_t i = 0; i < info.n[part] && got < count && n < max; i++) {
            if (per_class && hem_data_label(data, part, i) != c)
                continue;
            out[n++] = i;
            got++;
        }
    }
    return n;
}

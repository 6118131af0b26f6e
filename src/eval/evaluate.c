/* A network over one part of a data set. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "eval/metrics.h"
#include "net/net.h"

static hem_status count_all(const hem_net *net, const hem_data *data, hem_part part,
                            const float *loss, const int32_t *predicted, hem_evaluation *out,
                            hem_error *err)
{
    size_t n = hem_data_get_info(data).n[part];
    HEM_TRY(hem__evaluation_init(out, net->origin.n_classes, err));
    for (size_t i = 0; i < n; i++) {
        int label = hem_data_label(data, part, i);
        if (predicted[i] < 0 || predicted[i] >= out->n_classes || label < 0 ||
            label >= out->n_classes) {
            hem_evaluation_release(out);
            return hem__fail(err, HEM_ERR_INTERNAL, "image %zu: class %d was predicted for %d", i,
                             (int)predicted[i], label);
        }
        hem__evaluation_add(out, label, predicted[i], loss[i]);
    }
    hem__evaluation_finish(out);
    return HEM_OK;
}

hem_status hem_evaluate(hem_net *net, const hem_data *data, hem_part part, hem_evaluation *out,
                        hem_error *err)
{
    memset(out, 0, sizeof *out);
    size_t n = hem_data_get_info(data).n[part];
    if (n == 0)
        return hem__fail(err, HEM_ERR_USAGE, "the %s part of the data is empty",
                         hem_part_name(part));
    float *loss = hem__calloc(n, sizeof *loss);
    int32_t *predicted = hem__calloc(n, sizeof *predicted);
    hem_status status = loss == NULL || predicted == NULL
                            ? hem__fail_memory(err, "an evaluation", n * 8)
                            : hem__net_run(net, data, part, NULL, n, loss, predicted, NULL, err);
    if (status == HEM_OK)
        status = count_all(net, data, part, loss, predicted, out, err);
    free(loss);
    free(predicted);
    return status;
}

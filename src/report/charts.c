/* The charts as pictures, for whoever draws one alone. */
#include <string.h>

#include "report/picture.h"
#include "report/report.h"

/* With paper around it, which a page has already. */
static hem_status picture_of(hem__canvas *canvas, hem_picture **out, hem_error *err)
{
    if (canvas != NULL)
        canvas->margin = 16;
    return hem__picture_of(canvas, out, err);
}

hem_status hem_chart_curves(const char *const *runs, size_t n, hem_curve_kind kind,
                            hem_picture **out, hem_error *err)
{
    hem__records records;
    *out = NULL;
    HEM_TRY(hem__records_read(runs, n, &records, err));
    hem_status status = HEM_OK;
    if (hem__records_have_curves(&records)) {
        status = picture_of(hem__records_curves(&records, kind), out, err);
    } else {
        hem__fail(err, HEM_ERR_DATA, "no epoch is done yet: there is no curve to draw");
        status = hem__hint(err, "'hemline train --resume %s' goes on with it", runs[0]);
    }
    hem__records_release(&records);
    return status;
}

hem_status hem_chart_boxes(const char *const *runs, size_t n, hem_picture **out, hem_error *err)
{
    hem__records records;
    size_t finished = 0;
    *out = NULL;
    HEM_TRY(hem__records_read(runs, n, &records, err));
    for (size_t i = 0; i < records.n; i++)
        finished += records.list[i].finished;
    hem_status status = HEM_OK;
    if (finished > 0) {
        status = picture_of(hem__records_boxes(&records), out, err);
    } else {
        hem__fail(err, HEM_ERR_DATA, "none of these runs is finished");
        status =
            hem__hint(err, "only then their accuracies are known; 'hemline train --resume RUN' "
                           "goes on with one");
    }
    hem__records_release(&records);
    return status;
}

hem_status hem_chart_confusion(const hem_evaluation *evaluation, const char *const *class_names,
                               bool percent, const char *title, hem_picture **out, hem_error *err)
{
    *out = NULL;
    if (evaluation->n_classes > HEM__CONFUSION_MOST)
        return hem__fail(err, HEM_ERR_USAGE,
                         "there are %d classes: a picture holds a confusion matrix of at most %d",
                         evaluation->n_classes, HEM__CONFUSION_MOST);
    return picture_of(hem__chart_confusion(evaluation, class_names,
                                           title != NULL ? title : "confusion matrix",
                                           percent ? HEM__CELLS_PERCENT : HEM__CELLS_COUNTS),
                      out, err);
}

hem_status hem_chart_network(const hem_net *net, const double *seconds, hem_picture **out,
                             hem_error *err)
{
    return picture_of(hem__chart_network(net, seconds, hem_spec_name(hem_net_spec(net))), out, err);
}

hem_status hem_chart_activation(const char *name, double parameter, hem_picture **out,
                                hem_error *err)
{
    *out = NULL;
    for (const char *const *known = hem__activation_names; *known != NULL; known++) {
        if (strcmp(*known, name) == 0)
            return picture_of(hem__chart_activation(name, parameter), out, err);
    }
    hem__fail(err, HEM_ERR_USAGE, "there is no activation function '%s'", name);
    return hem__hint(err, "there are relu, leaky_relu, prelu, sigmoid, tanh, elu, gelu and silu");
}

const char *const *hem_chart_activation_names(void)
{
    return hem__activation_names;
}

hem_status hem_chart_lrfind(const hem_lrfind_result *result, hem_picture **out, hem_error *err)
{
    return picture_of(hem__chart_lrfind(result, "Rate range test"), out, err);
}

/* Early stopping: whether a run has stopped to get better. */
#include <math.h>
#include <stdio.h>

#include "spec/spec.h"
#include "train/run.h"

void hem__stopping_note(hem__run *run, double validation_loss, double validation_accuracy)
{
    const hem__stopping_spec *spec = &run->net->spec->train.early_stopping;
    hem__progress *at = &run->at;
    if (spec->kind == HEM__STOPPING_NONE)
        return;
    bool is_loss = spec->monitor == HEM__MONITOR_LOSS;
    double value = is_loss ? validation_loss : validation_accuracy;
    bool better = is_loss ? value < at->best - spec->min_delta : value > at->best + spec->min_delta;
    if (at->best_epoch > 0 && !better)
        return;
    at->best = value;
    at->best_epoch = at->epoch + 1;
}

bool hem__stopping_ends(const hem__run *run)
{
    const hem__stopping_spec *spec = &run->net->spec->train.early_stopping;
    return spec->kind == HEM__STOPPING_PATIENCE && run->at.step == 0 &&
           run->at.epoch - run->at.best_epoch >= spec->patience;
}

void hem__stopping_why(const hem__run *run, char out[128])
{
    const hem__stopping_spec *spec = &run->net->spec->train.early_stopping;
    bool is_loss = spec->monitor == HEM__MONITOR_LOSS;
    char delta[40] = "";
    if (spec->min_delta > 0)
        snprintf(delta, sizeof delta, " by more than %g", spec->min_delta);
    snprintf(out, 128, "%s has not %s%s for %d epoch%s: %.6g in epoch %d",
             hem__monitor_name(spec->monitor), is_loss ? "fallen" : "risen", delta, spec->patience,
             spec->patience == 1 ? "" : "s", run->at.best, run->at.best_epoch);
}

/* hemline: image classifiers on the CPU. This header includes all others.
 *
 * The way through the library:
 *   hem_context_new()   threads and kernels
 *   hem_spec_load()     an experiment file
 *   hem_train()         a whole training run into a run directory, or step by step:
 *   hem_data_open()     the images, split into training, validation and test part
 *   hem_net_new()       the network with its initial weights
 *   hem_stepper_step()  one batch forward, backward, update
 *   hem_evaluate()      accuracy with its interval, confusion matrix
 *   hem_net_save(), hem_net_load(), hem_net_predict()
 *   hem_filters_get(), hem_features_get(), hem_saliency_get()   what it looks like inside
 *   hem_jobs_run()      many runs side by side, hem_statistics_of() what they say together
 *
 * A function that can fail returns hem_status and fills the hem_error that it is given (which may
 * be NULL). What _new, _open and _load write to *out is yours to _free; what _get or an info
 * struct points at belongs to the object. examples/ holds three whole programs. */
#ifndef HEMLINE_HEMLINE_H
#define HEMLINE_HEMLINE_H

#include "hemline/base.h"
#include "hemline/data.h"
#include "hemline/eval.h"
#include "hemline/inspect.h"
#include "hemline/net.h"
#include "hemline/picture.h"
#include "hemline/profile.h"
#include "hemline/report.h"
#include "hemline/spec.h"
#include "hemline/study.h"
#include "hemline/train.h"

#endif

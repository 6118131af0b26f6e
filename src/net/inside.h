/* What the files of net/ share about a hem_net. */
#ifndef HEM_NET_INSIDE_H
#define HEM_NET_INSIDE_H

#include "net/net.h"
#include "net/plan.h"

/* Bytes that training this network takes: weights, optimizer, plans. SIZE_MAX = more than counts.
 */
size_t hem__net_training_bytes(const hem_net *net);
/* Fills net->kinds. */
void hem__net_describe_layers(hem_net *net);
/* The values of the 256 bytes. */
void hem__scaling_values(const hem__scaling *scaling, hem__values *out);
/* Options of a training plan of the network's experiment. */
hem__plan_options hem__net_plan_options(const hem_net *net, size_t batch);
/* Options of the plan that predicts and evaluates. */
hem__plan_options hem__net_infer_options(void);
/* Makes net->infer where it is missing. */
hem_status hem__net_infer_plan(hem_net *net, hem_error *err);
/* HEM_ERR_USAGE where the data's images or classes are not the network's. */
hem_status hem__net_fits(const hem_net *net, const hem_data *data, hem_error *err);
/* Images in the experiment's batch, for counting memory: at most those to train on. Where nobody
 * knows how many these are, `all` counts as 60,000. */
size_t hem__net_batch(const hem_net *net);

#endif

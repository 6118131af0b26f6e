/* What model files and checkpoints have in common, and loading from memory. */
#ifndef HEM_NET_MODEL_H
#define HEM_NET_MODEL_H

#include "net/net.h"
#include "net/safetensors.h"

#define HEM__MODEL_FORMAT "1"

/* The tensors of a network that is standardized by pixel: [height][width][channels] each. */
#define HEM__MODEL_MEAN "input.mean"
#define HEM__MODEL_FACTOR "input.inverse_deviation"

/* "none", "1/255", "standardize", ..., as files write it. */
const char *hem__model_scale_name(hem__scale scale);
/* As hem_net_load, from memory; `name` stands for the file in messages. */
hem_status hem__net_load_memory(hem_context *context, const unsigned char *bytes, size_t length,
                                const char *name, hem_net **out, hem_error *err);

/* Puts format, kind ("model" or "checkpoint"), experiment, data, classes, scaling and seed into a
 * file's metadata: everything but the numbers. Returns false without memory. */
bool hem__model_describe(const hem_net *net, const char *kind, hem__st_writer *writer);
/* Refuses what is not an intact file of hemline of this kind; a file of another program (without
 * format and checksum) passes where `foreign` is not NULL, and sets it. */
hem_status hem__model_check(const hem__st_file *file, const char *name, const char *kind,
                            bool *foreign, hem_error *err);
/* A text of the metadata that must be there; NULL fills err. */
const char *hem__model_text(const hem__st_file *file, const char *name, const char *key,
                            hem_error *err);

#endif

/* Experiment files: what is trained on what, and how. YAML in, a checked and typed description
 * out; every default can be printed. docs/experiment-file.md is the reference of the keys. */
#ifndef HEMLINE_SPEC_H
#define HEMLINE_SPEC_H

#include "hemline/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A checked experiment. Immutable once made. */
typedef struct hem_spec hem_spec;

/** Reads an experiment file of at most 1 MiB.
 *  `overrides` are n texts "path.to.key=value", applied in order as if the file said so, e.g.
 *  "train.epochs=5" or "model.2.dropout=0.1" (layers count from 0); values are YAML.
 *  *out is the caller's to hem_spec_free(); NULL on failure.
 *  HEM_ERR_USAGE with file, line and column: not YAML, unknown key, wrong type, out of range. */
HEM_API HEM_MUST_USE hem_status hem_spec_load(const char *path, const char *const *overrides,
                                              size_t n, hem_spec **out, hem_error *err);
/** The same from memory; `name` stands for the file in messages. The text need not outlive the
 * call. */
HEM_API HEM_MUST_USE hem_status hem_spec_parse(const char *text, const char *name,
                                               const char *const *overrides, size_t n,
                                               hem_spec **out, hem_error *err);
HEM_API void hem_spec_free(hem_spec *spec);

/** The file's base name without ".yaml" or ".yml"; belongs to the spec. */
HEM_API const char *hem_spec_name(const hem_spec *spec);
/** The experiment's text as it was given, without overrides; belongs to the spec. */
HEM_API const char *hem_spec_text(const hem_spec *spec);
/** The whole experiment with overrides applied and all defaults written out, as YAML that
 *  hem_spec_parse() reads back to the same experiment. free() it; NULL = no memory. */
HEM_API char *hem_spec_resolved(const hem_spec *spec);
/** The first key, as "train.optimizer.adam.learning_rate", in which two experiments differ, and
 *  both values as text; false if they are the same. Key paths listed in `ignored` (NULL-terminated,
 *  may be NULL) do not count. */
HEM_API bool hem_spec_difference(const hem_spec *a, const hem_spec *b, const char *const *ignored,
                                 char key[128], char value_a[128], char value_b[128]);

/** The seed that the file asks for (train.seed; default 0). */
HEM_API uint64_t hem_spec_seed(const hem_spec *spec);
HEM_API int hem_spec_epochs(const hem_spec *spec);
/** Images a training step (train.batch); 0 = all of the training part at once. */
HEM_API int hem_spec_batch(const hem_spec *spec);

/** A commented experiment file to start from. A static string. */
HEM_API const char *hem_spec_template(void);
/** Reference of all keys with type, range, default and a sentence each, as plain text made from the
 *  tables that parse. free() it; NULL = no memory. */
HEM_API char *hem_spec_reference(void);

/** Receives a path that an override may name, as "train.optimizer.adam.learning_rate": once with
 *  `word` NULL and a sentence about it, then once for each word that its value may be, with a
 *  sentence about the word, or "". The texts live during the call. */
typedef void hem_spec_path_fn(void *user, const char *path, const char *word, const char *help);
/** Calls `each` for every such path, in the order of the reference; what lies below another path
 *  follows it. `spec` adds the paths of its layers, "model.0.conv.filters"; it may be NULL. */
HEM_API void hem_spec_paths(const hem_spec *spec, hem_spec_path_fn *each, void *user);

#ifdef __cplusplus
}
#endif
#endif

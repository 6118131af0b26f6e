/* Copies of experiments. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "spec/spec.h"

/* strdup that passes NULL on; *ok turns false without memory. */
static char *copy_text(const char *text, bool *ok)
{
    char *copy = text ? hem__strdup(text) : NULL;
    *ok = *ok && (copy || !text);
    return copy;
}

hem_status hem__spec_copy(const hem_spec *spec, hem_spec **out, hem_error *err)
{
    bool ok = true;
    *out = NULL;
    hem_spec *copy = hem__calloc(1, sizeof *copy);
    if (!copy)
        return hem__fail_memory(err, "an experiment", sizeof *copy);
    *copy = *spec;
    copy->path = copy_text(spec->path, &ok);
    copy->name = copy_text(spec->name, &ok);
    copy->description = copy_text(spec->description, &ok);
    copy->text = copy_text(spec->text, &ok);
    copy->data.directory = copy_text(spec->data.directory, &ok);
    copy->data.expect = copy_text(spec->data.expect, &ok);
    copy->data.csv.train = copy_text(spec->data.csv.train, &ok);
    copy->data.csv.test = copy_text(spec->data.csv.test, &ok);
    copy->data.csv.label = copy_text(spec->data.csv.label, &ok);
    for (int i = 0; i < 4; i++)
        copy->data.npy[i] = copy_text(spec->data.npy[i], &ok);
    copy->validation.path = copy_text(spec->validation.path, &ok);
    copy->validation.images = copy_text(spec->validation.images, &ok);
    copy->validation.labels = copy_text(spec->validation.labels, &ok);
    copy->layers = hem__calloc(spec->n_layers, sizeof *copy->layers);
    copy->overrides = hem__calloc(spec->n_overrides, sizeof *copy->overrides);
    for (size_t i = 0; copy->overrides && i < spec->n_overrides; i++)
        copy->overrides[i] = copy_text(spec->overrides[i], &ok);
    if (!ok || !copy->layers || !copy->overrides) {
        hem_spec_free(copy);
        return hem__fail_memory(err, "an experiment", sizeof *copy);
    }
    memcpy(copy->layers, spec->layers, spec->n_layers * sizeof *copy->layers);
    *out = copy;
    return HEM_OK;
}

/* Writing model files, and the hash of the weights. docs/model-file.md says what is in one. */
#include "net/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

const char *hem__model_scale_name(hem__scale scale)
{
    switch (scale) {
    case HEM__SCALE_NONE:
        return "none";
    case HEM__SCALE_255:
        return "1/255";
    case HEM__SCALE_STANDARDIZE:
        return "standardize";
    case HEM__SCALE_BY_PIXEL:
        return "standardize by pixel";
    case HEM__SCALE_BY_IMAGE:
        return "standardize by image";
    }
    return "none";
}

static char *class_names_of(const hem_net *net)
{
    json_t *names = json_array();
    bool failed = names == NULL;
    for (int i = 0; i < net->origin.n_classes && !failed; i++) {
        json_t *name = json_string(net->origin.class_names[i]);
        failed = json_array_append_new(names, name != NULL ? name : json_string("?")) != 0;
    }
    char *text = failed ? NULL : json_dumps(names, 0);
    json_decref(names);
    return text;
}

static void put_printf(hem__st_writer *writer, const char *key, const char *format, ...)
    HEM_PRINTF(3, 4);

static void put_printf(hem__st_writer *writer, const char *key, const char *format, ...)
{
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    hem__st_put_text(writer, key, text);
}

bool hem__model_describe(const hem_net *net, const char *kind, hem__st_writer *writer)
{
    const hem__net_origin *origin = &net->origin;
    char number[32];
    char *experiment = hem_spec_resolved(net->spec), *names = class_names_of(net);
    bool done = experiment != NULL && names != NULL;
    if (done) {
        hem__st_put_text(writer, "hemline.format", HEM__MODEL_FORMAT);
        hem__st_put_text(writer, "hemline.kind", kind);
        hem__st_put_text(writer, "hemline.version", HEM_VERSION);
        hem__st_put_text(writer, "hemline.name", hem_spec_name(net->spec));
        hem__st_put_text(writer, "hemline.experiment", experiment);
        hem__st_put_text(writer, "hemline.data", origin->data_name);
        hem__st_put_text(writer, "hemline.data_sha256", origin->data_sha256);
        hem__st_put_text(writer, "hemline.synthetic", origin->synthetic ? "true" : "false");
        put_printf(writer, "hemline.seed", "%llu", (unsigned long long)origin->seed);
        put_printf(writer, "hemline.image", "%dx%dx%d", origin->height, origin->width,
                   origin->channels);
        hem__st_put_text(writer, "hemline.class_names", names);
        hem__st_put_text(writer, "hemline.scale", hem__model_scale_name(origin->scaling.kind));
        hem__st_put_text(writer, "hemline.mean", hem__format_double(number, origin->scaling.mean));
        hem__st_put_text(writer, "hemline.deviation",
                         hem__format_double(number, origin->scaling.deviation));
        done = !writer->failed;
    }
    free(experiment);
    free(names);
    return done;
}

/* All tensors in canonical order, one after another; free() it. NULL = no memory. */
static float *canonical(const hem_net *net)
{
    hem_net_info info = hem_net_get_info(net);
    float *values = hem__calloc(info.parameters + 1, sizeof *values);
    size_t at = 0;
    for (size_t i = 0; i < info.n_tensors && values != NULL; i++) {
        hem_net_get_tensor(net, i, values + at);
        at += hem_net_tensor(net, i).n;
    }
    return values;
}

/* What a standardization by pixel is made of. */
static void put_scaling(const hem_net *net, hem__st_writer *writer)
{
    const hem__net_origin *o = &net->origin;
    size_t dims[3] = {(size_t)o->height, (size_t)o->width, (size_t)o->channels};
    const float *pixels = o->scaling.pixels;
    if (pixels == NULL)
        return;
    hem__st_put(writer, HEM__MODEL_MEAN, HEM__ST_F32, 3, dims, pixels);
    hem__st_put(writer, HEM__MODEL_FACTOR, HEM__ST_F32, 3, dims,
                pixels + dims[0] * dims[1] * dims[2]);
}

hem_status hem_net_save(hem_net *net, const char *path, hem_error *err)
{
    hem__st_writer writer;
    float *values = canonical(net);
    size_t at = 0, n = hem_net_get_info(net).n_tensors;
    hem__st_writer_init(&writer);
    bool ready = values != NULL && hem__model_describe(net, "model", &writer);
    for (size_t i = 0; i < n && ready; i++) {
        hem_tensor_info t = hem_net_tensor(net, i);
        hem__st_put(&writer, t.name, HEM__ST_F32, t.n_dims, t.dims, values + at);
        at += t.n;
    }
    if (ready)
        put_scaling(net, &writer);
    hem_status status =
        ready ? hem__st_write(&writer, path, err) : hem__fail_memory(err, "saving the model", 0);
    hem__st_writer_release(&writer);
    free(values);
    return status;
}

/* Tensor by tensor, so that it needs no memory of the size of the network; where even one tensor's
 * size cannot be had, the hash is empty. */
void hem_net_sha256(const hem_net *net, char out[65])
{
    hem__sha256 *hash = hem__sha256_new();
    bool complete = hash != NULL;
    size_t n_tensors = hem_net_get_info(net).n_tensors;
    for (size_t i = 0; i < n_tensors && complete; i++) {
        size_t n = hem_net_tensor(net, i).n;
        float *values = hem__calloc(n + 1, sizeof *values);
        complete = values != NULL;
        if (complete) {
            hem_net_get_tensor(net, i, values);
            hem__sha256_add(hash, values, n * sizeof *values);
        }
        free(values);
    }
    hem__sha256_finish(hash, out);
    if (!complete)
        out[0] = '\0';
}

/* Reading model files. A file is not believed before its checksum holds, and gets no memory for
 * more numbers than it brings. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "layer/graph.h"
#include "net/model.h"

#define BAD(...) hem__fail_at(err, HEM_ERR_MODEL, name, 0, 0, __VA_ARGS__)

const char *hem__model_text(const hem__st_file *file, const char *name, const char *key,
                            hem_error *err)
{
    const char *text = hem__st_text(file, key);
    if (text != NULL)
        return text;
    BAD("not a model of hemline: its metadata has no '%s'", key);
    hem__hint(err, "docs/model-file.md lists what a model file must hold");
    return NULL;
}

hem_status hem__model_check(const hem__st_file *file, const char *name, const char *kind,
                            bool *foreign, hem_error *err)
{
    const char *format = hem__st_text(file, "hemline.format");
    const char *is = hem__st_text(file, "hemline.kind");
    if (foreign != NULL)
        *foreign = false;
    if (format == NULL && file->checksum == HEM__ST_NO_CHECKSUM && foreign != NULL) {
        *foreign = true;
        return HEM_OK;
    }
    if (format == NULL)
        return BAD("not a %s of hemline: its metadata has no 'hemline.format'", kind);
    /* One damaged byte may hide the key of the checksum, but not that of the format as well. */
    if (file->checksum != HEM__ST_INTACT) {
        BAD("damaged: a file of hemline without its checksum 'hemline.xxh3'");
        return hem__hint(err, "if another program changed it: remove 'hemline.format' too, and it "
                              "is read as that program's");
    }
    if (strcmp(format, HEM__MODEL_FORMAT) != 0) {
        BAD("format '%.20s' is not known; this is hemline %s, which reads "
            "format " HEM__MODEL_FORMAT,
            format, HEM_VERSION);
        return hem__hint(err, "use the version of hemline that wrote it, or a later one");
    }
    if (is == NULL || strcmp(is, kind) != 0)
        return BAD("this is a %.20s, not a %s", is != NULL ? is : "file of unknown kind", kind);
    return HEM_OK;
}

/* What a foreign file may leave out gets `missing`; a file of ours may leave out nothing. */
static const char *text_or(const hem__st_file *file, bool foreign, const char *name,
                           const char *key, const char *missing, hem_error *err)
{
    if (foreign && hem__st_text(file, key) == NULL)
        return missing;
    return hem__model_text(file, name, key, err);
}

static hem_status read_class_names(const char *text, const char *name, hem__net_origin *origin,
                                   hem_error *err)
{
    enum { MOST = 65536 };
    json_t *names = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    size_t n = json_array_size(names);
    bool good = n >= 1 && n <= MOST;
    for (size_t i = 0; i < n && good; i++)
        good = json_is_string(json_array_get(names, i));
    if (!good) {
        json_decref(names);
        return BAD("damaged: 'hemline.class_names' is not a list of 1 to %d texts", MOST);
    }
    origin->class_names = hem__calloc(n, sizeof *origin->class_names);
    bool memory = origin->class_names != NULL;
    for (size_t i = 0; i < n && memory; i++) {
        origin->class_names[i] = hem__strdup(json_string_value(json_array_get(names, i)));
        origin->n_classes = (int)i + 1;
        memory = origin->class_names[i] != NULL;
    }
    json_decref(names);
    return memory ? HEM_OK : hem__fail_memory(err, "class names", 0);
}

/* A finite number, and nothing behind it. */
static bool read_double(const char *text, double *out)
{
    json_error_t why;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &why);
    bool good = json_is_number(value);
    if (good)
        *out = json_number_value(value);
    json_decref(value);
    return good && isfinite(*out);
}

static hem_status read_scaling(const hem__st_file *file, const hem_spec *spec, bool foreign,
                               const char *name, hem__scaling *out, hem_error *err)
{
    /* 1/255 is (byte - 0) / 255; only a standardized input has numbers of its own. */
    bool own = spec->scale == HEM__SCALE_STANDARDIZE;
    bool defaults = foreign && !own;
    const char *divisor = spec->scale == HEM__SCALE_255 ? "255.0" : "1.0";
    const char *kind =
        text_or(file, foreign, name, "hemline.scale", hem__model_scale_name(spec->scale), err);
    const char *mean = kind ? text_or(file, defaults, name, "hemline.mean", "0.0", err) : NULL;
    const char *deviation =
        mean ? text_or(file, defaults, name, "hemline.deviation", divisor, err) : NULL;
    if (deviation == NULL)
        return HEM_ERR_MODEL;
    out->kind = spec->scale;
    if (strcmp(kind, hem__model_scale_name(spec->scale)) != 0)
        return BAD("'hemline.scale' is '%.20s', its experiment says '%s'", kind,
                   hem__model_scale_name(spec->scale));
    if (!read_double(mean, &out->mean) || !read_double(deviation, &out->deviation) ||
        out->deviation <= 0)
        return BAD("'hemline.mean' %.30s and 'hemline.deviation' %.30s are no scaling", mean,
                   deviation);
    return HEM_OK;
}

/* One of the two tensors of a standardization by pixel: finite numbers of an image's shape. */
static hem_status read_pixels(const hem__st_file *file, const char *name, const char *tensor,
                              const hem__net_origin *origin, float *out, hem_error *err)
{
    size_t dims[3] = {(size_t)origin->height, (size_t)origin->width, (size_t)origin->channels};
    const hem__st_tensor *t = hem__st_find(file, tensor);
    if (t == NULL)
        return BAD("tensor '%s' is missing", tensor);
    if (t->type != HEM__ST_F32 || t->n_dims != 3 || memcmp(t->dims, dims, sizeof dims) != 0)
        return BAD("tensor '%s' is not of type F32 and the image's shape", tensor);
    memcpy(out, t->bytes, t->n_bytes);
    for (size_t i = 0; i < t->n; i++)
        if (!isfinite(out[i]))
            return BAD("tensor '%s' holds a number that is not finite, at place %zu", tensor, i);
    return HEM_OK;
}

static hem_status read_pixel_scaling(const hem__st_file *file, const char *name,
                                     hem__net_origin *origin, hem_error *err)
{
    const hem__st_tensor *mean = hem__st_find(file, HEM__MODEL_MEAN);
    size_t bytes = (size_t)origin->height * (size_t)origin->width * (size_t)origin->channels;
    if (origin->scaling.kind != HEM__SCALE_BY_PIXEL)
        return HEM_OK;
    if (mean == NULL || mean->n != bytes) /* before memory is taken for what the file lacks */
        return BAD("tensor '" HEM__MODEL_MEAN "' is missing or not of the image's shape");
    origin->scaling.pixels = hem__calloc(bytes, 2 * sizeof *origin->scaling.pixels);
    if (origin->scaling.pixels == NULL)
        return hem__fail_memory(err, name, 2 * bytes * sizeof *origin->scaling.pixels);
    HEM_TRY(read_pixels(file, name, HEM__MODEL_MEAN, origin, origin->scaling.pixels, err));
    return read_pixels(file, name, HEM__MODEL_FACTOR, origin, origin->scaling.pixels + bytes, err);
}

static hem_status read_numbers(const hem__st_file *file, bool foreign, const char *name,
                               hem__net_origin *origin, hem_error *err)
{
    unsigned long long seed;
    int end = 0;
    const char *image = hem__model_text(file, name, "hemline.image", err);
    if (image == NULL)
        return HEM_ERR_MODEL;
    if (sscanf(image, "%5dx%5dx%1d%n", &origin->height, &origin->width, &origin->channels, &end) !=
            3 ||
        image[end] != '\0' || origin->height < 1 || origin->width < 1 || origin->channels < 1)
        return BAD("'hemline.image' is '%.30s'; height x width x channels such as '28x28x1' was "
                   "expected",
                   image);
    const char *text = text_or(file, foreign, name, "hemline.seed", "0", err);
    if (text == NULL)
        return HEM_ERR_MODEL;
    if (sscanf(text, "%20llu%n", &seed, &end) != 1 || text[end] != '\0' || text[0] == '-')
        return BAD("'hemline.seed' is '%.30s', not a number", text);
    origin->seed = seed;
    return HEM_OK;
}

static hem_status read_origin(const hem__st_file *file, const hem_spec *spec, bool foreign,
                              const char *name, hem__net_origin *origin, hem_error *err)
{
    HEM_TRY(read_numbers(file, foreign, name, origin, err));
    const char *data = text_or(file, foreign, name, "hemline.data", "unknown", err);
    const char *sha256 = data ? text_or(file, foreign, name, "hemline.data_sha256", "", err) : NULL;
    const char *synthetic =
        sha256 ? text_or(file, foreign, name, "hemline.synthetic", "false", err) : NULL;
    const char *names = synthetic ? hem__model_text(file, name, "hemline.class_names", err) : NULL;
    if (names == NULL)
        return HEM_ERR_MODEL;
    snprintf(origin->data_name, sizeof origin->data_name, "%s", data);
    snprintf(origin->data_sha256, sizeof origin->data_sha256, "%s", sha256);
    origin->synthetic = strcmp(synthetic, "true") == 0;
    HEM_TRY(read_scaling(file, spec, foreign, name, &origin->scaling, err));
    HEM_TRY(read_pixel_scaling(file, name, origin, err));
    return read_class_names(names, name, origin, err);
}

static void origin_release(hem__net_origin *origin)
{
    for (int i = 0; i < origin->n_classes; i++)
        free(origin->class_names[i]);
    free(origin->class_names);
    free(origin->scaling.pixels);
}

/* "10x300" */
static const char *shape_text(char out[128], int n_dims, const size_t *dims)
{
    size_t at = 0;
    out[0] = '\0';
    for (int i = 0; i < n_dims && at < 100; i++)
        at += (size_t)snprintf(out + at, 128 - at, i == 0 ? "%zu" : "x%zu", dims[i]);
    return out;
}

static hem_status read_tensor(const hem__st_file *file, const char *name, hem_net *net,
                              size_t index, hem_error *err)
{
    hem_tensor_info want = hem_net_tensor(net, index);
    const hem__st_tensor *t = hem__st_find(file, want.name);
    char has[128], wants[128];
    if (t == NULL)
        return BAD("tensor '%s' is missing", want.name);
    bool same = t->n_dims == want.n_dims;
    for (int i = 0; i < want.n_dims && same; i++)
        same = t->dims[i] == want.dims[i];
    if (!same)
        return BAD("tensor '%s' is %s; its experiment wants %s", want.name,
                   shape_text(has, t->n_dims, t->dims), shape_text(wants, want.n_dims, want.dims));
    if (t->type != HEM__ST_F32)
        return BAD("tensor '%s' is not of type F32", want.name);
    float *values = hem__calloc(t->n + 1, sizeof *values);
    if (values == NULL)
        return hem__fail_memory(err, name, t->n_bytes);
    memcpy(values, t->bytes, t->n_bytes);
    size_t bad = 0;
    bool negative = !net->graph->tensors[index].not_negative;
    while (bad < t->n && isfinite(values[bad]) && (negative || values[bad] >= 0))
        bad++;
    if (bad == t->n)
        hem_net_set_tensor(net, index, values);
    free(values);
    if (bad < t->n)
        return BAD("tensor '%s' holds a number that is not finite%s, at place %zu", want.name,
                   negative ? "" : " or is negative", bad);
    return HEM_OK;
}

static hem_status read_tensors(const hem__st_file *file, const char *name, hem_net *net,
                               hem_error *err)
{
    size_t n = hem_net_get_info(net).n_tensors;
    for (size_t i = 0; i < n; i++)
        HEM_TRY(read_tensor(file, name, net, i, err));
    bool own = net->origin.scaling.pixels != NULL; /* two tensors that are no layer's */
    if (file->n_tensors == n + 2 * own)
        return HEM_OK;
    for (size_t i = 0; i < file->n_tensors; i++) {
        const char *tensor = file->tensors[i].name;
        if (own && (strcmp(tensor, HEM__MODEL_MEAN) == 0 || strcmp(tensor, HEM__MODEL_FACTOR) == 0))
            continue;
        if (hem_net_find_tensor(net, file->tensors[i].name) == n)
            return BAD("tensor '%.60s' belongs to no layer of its experiment",
                       file->tensors[i].name);
    }
    return BAD("more tensors than its experiment has");
}

/* Parses the experiment under the name it was trained as, so that hem_spec_name() says that. */
static hem_status read_spec(const hem__st_file *file, const char *name, hem_spec **out,
                            hem_error *err)
{
    const char *text = hem__model_text(file, name, "hemline.experiment", err);
    const char *called = hem__st_text(file, "hemline.name");
    hem_error why;
    if (text == NULL)
        return HEM_ERR_MODEL;
    hem_status status = hem_spec_parse(text, called != NULL ? called : "model", NULL, 0, out, &why);
    if (status == HEM_ERR_MEMORY)
        return hem__fail_memory(err, name, 0);
    if (status != HEM_OK)
        return BAD("its experiment cannot be read: line %d: %s", why.line, why.text);
    return HEM_OK;
}

/* How many numbers the experiment's tensors have. */
static hem_status count_parameters(const hem_spec *spec, const hem__net_origin *origin, size_t *out,
                                   hem_error *err)
{
    hem__shape image = {origin->channels, origin->height, origin->width};
    hem__graph *graph;
    HEM_TRY(hem__graph_new(spec, image, origin->n_classes, &graph, err));
    *out = 0;
    for (int i = 0; i < graph->n_tensors; i++)
        *out += graph->tensors[i].n;
    hem__graph_free(graph);
    return HEM_OK;
}

/* A small file that claims a huge network must not get the memory for one. */
static hem_status make(hem_context *context, const hem__st_file *file, const hem_spec *spec,
                       const hem__net_origin *origin, const char *name, hem_net **out,
                       hem_error *err)
{
    hem_error why;
    size_t parameters = 0, numbers = 0;
    hem_status status = count_parameters(spec, origin, &parameters, &why);
    for (size_t i = 0; i < file->n_tensors; i++)
        numbers += file->tensors[i].n;
    if (status == HEM_OK && numbers < parameters)
        return BAD("it holds %zu numbers; its experiment wants %zu", numbers, parameters);
    if (status == HEM_OK)
        status = hem__net_make(context, spec, origin, 0, out, &why);
    if (status == HEM_ERR_MEMORY)
        return hem__fail_memory(err, name, 0);
    if (status != HEM_OK)
        return BAD("its experiment makes no network: %s", why.text);
    return HEM_OK;
}

static hem_status load(hem_context *context, const hem__st_file *file, const char *name,
                       hem_net **out, hem_error *err)
{
    hem_spec *spec = NULL;
    hem__net_origin origin = {0};
    bool foreign;
    HEM_TRY(hem__model_check(file, name, "model", &foreign, err));
    HEM_TRY(read_spec(file, name, &spec, err));
    hem_status status = read_origin(file, spec, foreign, name, &origin, err);
    if (status == HEM_OK)
        status = make(context, file, spec, &origin, name, out, err);
    if (status == HEM_OK)
        status = read_tensors(file, name, *out, err);
    if (status == HEM_OK && foreign)
        hem__log(context, HEM_LOG_NOTE,
                 "%s: written by another program, without a checksum: damage would not be seen",
                 name);
    if (status != HEM_OK) {
        hem_net_free(*out);
        *out = NULL;
    }
    origin_release(&origin);
    hem_spec_free(spec);
    return status;
}

hem_status hem__net_load_memory(hem_context *context, const unsigned char *bytes, size_t length,
                                const char *name, hem_net **out, hem_error *err)
{
    hem__st_file file;
    *out = NULL;
    HEM_TRY(hem__st_parse(bytes, length, name, &file, err));
    hem_status status = load(context, &file, name, out, err);
    hem__st_release(&file);
    return status;
}

hem_status hem_net_load(hem_context *context, const char *path, hem_net **out, hem_error *err)
{
    hem__st_file file;
    *out = NULL;
    HEM_TRY(hem__st_read(path, &file, err));
    hem_status status = load(context, &file, path, out, err);
    hem__st_release(&file);
    return status;
}

/* hemline predict: the classes of images in files. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "help.h"

enum {
    BATCH = 1000, /* images at a time: bounds the memory for results */
    FEW = 4, /* images up to which one after the other is faster than a batch, on two threads */
    SHOWN = 3
};

static struct {
    bool csv;
} arguments;

/* What is known while files are gone through. */
typedef struct prediction {
    hem_net *net;
    hem_predictor *predictor; /* made at the first file of few images */
    hem_net_info info;
    const char **classes;        /* their names, safe to print */
    int file_width, class_width; /* columns of the text form */
    json_t *images;              /* filled for --json, else NULL */
} prediction;

static void name_classes(prediction *p)
{
    size_t longest = 0;
    p->classes = need(calloc((size_t)p->info.n_classes, sizeof *p->classes));
    for (int i = 0; i < p->info.n_classes; i++) {
        p->classes[i] = plain_text(p->info.class_names[i]);
        size_t length = strlen(p->classes[i]);
        longest = length > longest ? length : longest;
    }
    p->class_width = longest < 24 ? (int)longest : 24;
}

/* The classes of the largest probabilities, ties by class number; returns how many there are. */
static int best_classes(const float *p, int n, int best[SHOWN])
{
    int found = 0;
    for (int i = 0; i < n; i++) {
        int place = found;
        while (place > 0 && p[i] > p[best[place - 1]])
            place--;
        if (place >= SHOWN)
            continue;
        found = found < SHOWN ? found + 1 : SHOWN;
        memmove(best + place + 1, best + place, (size_t)(found - 1 - place) * sizeof *best);
        best[place] = i;
    }
    return found;
}

static void print_text(const prediction *p, const char *file, size_t index, const float *row,
                       const int *best, int n)
{
    out("%-*s  %5zu  ", p->file_width, file, index);
    for (int i = 0; i < n; i++) {
        const char *name = p->classes[best[i]];
        double percent = 100.0 * (double)row[best[i]];
        if (i == 0)
            out("%s%-*s %6.2f %%%s", out_style.bold, p->class_width, name, percent, out_style.off);
        else
            out("%s%s %.2f %%", i == 1 ? "   " : ", ", name, percent);
    }
    out("\n");
}

static void csv_field(const char *s)
{
    if (strpbrk(s, ",\"\r\n") == NULL) {
        out("%s", s);
        return;
    }
    out("\"");
    for (; *s != '\0'; s++)
        out("%s%c", *s == '"' ? "\"" : "", *s);
    out("\"");
}

static void print_csv(const prediction *p, const char *file, size_t index, const float *row,
                      const int *best, int n)
{
    csv_field(file);
    out(",%zu,%d", index, best[0]);
    for (int i = 0; i < SHOWN; i++) {
        out(",");
        if (i < n)
            csv_field(p->info.class_names[best[i]]);
        out(",");
        if (i < n)
            out("%.6f", (double)row[best[i]]);
    }
    out("\n");
}

static json_t *class_json(const prediction *p, const float *row, int class_index)
{
    json_t *object = need(json_object());
    json_put(object, "label", json_integer(class_index));
    json_put(object, "class", json_text(p->info.class_names[class_index]));
    json_put(object, "probability", json_number((double)row[class_index]));
    return object;
}

static void add_json(const prediction *p, const char *file, size_t index, const float *row,
                     const int *best, int n)
{
    json_t *image = class_json(p, row, best[0]);
    json_put(image, "file", json_text(file));
    json_put(image, "index", json_count(index));
    json_t *next = need(json_array());
    for (int i = 1; i < n; i++)
        json_add(next, class_json(p, row, best[i]));
    json_put(image, "next", next);
    json_add(p->images, image);
}

static hem_status check_size(const prediction *p, const hem_images *images, const char *file,
                             hem_error *err)
{
    const hem_net_info *i = &p->info;
    if (images->height == i->height && images->width == i->width && images->channels == i->channels)
        return HEM_OK;
    hem_status status =
        fail(err, HEM_ERR_DATA, "scale or convert the image first; hemline does not guess how",
             "the image is %s, the model takes %s",
             size_text(images->height, images->width, images->channels),
             size_text(i->height, i->width, i->channels));
    snprintf(err->file, sizeof err->file, "%s", plain_text(file));
    return status;
}

/* The outputs of n images: alone where they are few, else as a batch. */
static hem_status run_images(prediction *p, const uint8_t *pixels, size_t n, size_t image_bytes,
                             float *probabilities, hem_error *err)
{
    if (n > FEW)
        return hem_net_predict(p->net, pixels, n, probabilities, err);
    hem_status status = HEM_OK;
    if (p->predictor == NULL)
        status = hem_predictor_new(p->net, &p->predictor, err);
    for (size_t i = 0; i < n && status == HEM_OK; i++)
        status = hem_predictor_run(p->predictor, pixels + i * image_bytes, image_bytes,
                                   probabilities + i * (size_t)p->info.n_classes, err);
    return status;
}

static hem_status predict_images(prediction *p, const char *file, const hem_images *images,
                                 float *probabilities, hem_error *err)
{
    size_t image_bytes = (size_t)images->height * (size_t)images->width * (size_t)images->channels;
    size_t n_classes = (size_t)p->info.n_classes;
    const char *plain = plain_text(file);
    for (size_t start = 0; start < images->n; start += BATCH) {
        size_t n = images->n - start < BATCH ? images->n - start : BATCH;
        hem_status status =
            run_images(p, images->pixels + start * image_bytes, n, image_bytes, probabilities, err);
        if (status != HEM_OK)
            return status;
        for (size_t i = 0; i < n; i++) {
            int best[SHOWN] = {0};
            const float *row = probabilities + i * n_classes;
            int found = best_classes(row, p->info.n_classes, best);
            if (p->images != NULL)
                add_json(p, file, start + i, row, best, found);
            else if (arguments.csv)
                print_csv(p, file, start + i, row, best, found);
            else
                print_text(p, plain, start + i, row, best, found);
        }
    }
    return HEM_OK;
}

static hem_status predict_file(prediction *p, const char *file, float *probabilities,
                               hem_error *err)
{
    hem_images images;
    hem_status status = hem_images_read(file, &images, err);
    if (status != HEM_OK) {
        default_hint(err, "IDX (plain or gzip), PNG, JPEG, PGM, PPM and .npy are read");
        return status;
    }
    status = check_size(p, &images, file, err);
    if (status == HEM_OK)
        status = predict_images(p, file, &images, probabilities, err);
    hem_images_release(&images);
    return status;
}

static hem_status predict(session *s, char *const *paths, int n, hem_error *err)
{
    hem_status status = session_start(s, err);
    if (status == HEM_OK)
        status = session_model(s, paths[0], err);
    if (status != HEM_OK)
        return status;
    prediction p = {.net = s->net, .info = hem_net_get_info(s->net)};
    name_classes(&p);
    for (int i = 1; i < n; i++) {
        size_t length = strlen(paths[i]);
        p.file_width = length < 60 && (int)length > p.file_width ? (int)length : p.file_width;
    }
    p.images = common.json ? need(json_array()) : NULL;
    if (p.info.data_name != NULL && strcmp(p.info.data_name, "synthetic") == 0)
        talk("note: the model was trained on synthetic data, drawn by hemline\n");
    if (arguments.csv)
        out("file,index,label,class,probability,second,second_probability,third,"
            "third_probability\n");
    float *probabilities = need(calloc(BATCH * (size_t)p.info.n_classes, sizeof *probabilities));
    for (int i = 1; i < n && status == HEM_OK; i++)
        status = predict_file(&p, paths[i], probabilities, err);
    hem_predictor_free(p.predictor);
    free(probabilities);
    free(p.classes);
    if (status != HEM_OK || p.images == NULL) {
        json_decref(p.images);
        return status;
    }
    json_t *object = need(json_object());
    json_put(object, "model", json_text(paths[0]));
    json_put(object, "data", json_text(p.info.data_name));
    json_put(object, "images", p.images);
    return (hem_status)out_json(object);
}

static int run_predict(char *const *paths, int n)
{
    extern const command command_predict;
    if (n < 2)
        return help_missing(&command_predict, "a model and at least one image file");
    if (arguments.csv && common.json)
        return usage_error("choose one", "--csv and --json exclude each other");
    session s = {0};
    hem_error err = {.status = HEM_OK};
    hem_status status = predict(&s, paths, n, &err);
    session_close(&s);
    /* out_json() has reported its own failure. */
    return status == HEM_OK || err.status == HEM_OK ? (int)status : report(&err);
}

static const option options[] = {
    OPTION_JSON,
    {.name = "csv",
     .kind = OPTION_FLAG,
     .target = &arguments.csv,
     .help = "print comma-separated values with a heading"},
    OPTION_THREADS,
    OPTION_PIN,
    OPTION_QUIET,
};

static const char *const usage[] = {"MODEL FILE... [options]", NULL};

static const char *const examples[] = {
    "predict runs/mine-s0-1 shoe.png shirt.png",
    "what two pictures show",
    "predict runs/mine-s0-1 t10k-images-idx3-ubyte.gz --csv",
    "all images of a file, as a table",
    NULL,
};

extern const command command_predict;
const command command_predict = {
    .name = "predict",
    .summary = "classify the images of files",
    .usage = usage,
    .details = "MODEL is a model file or a run directory. FILE is IDX (plain or gzip, with any\n"
               "number of images), .npy, PNG, JPEG, PGM or PPM, of the size and colours that\n"
               "the model was trained on. For each image: file, index in the file, class,\n"
               "probability, the next two. Probabilities are the model's outputs as they are:\n"
               "those of a model that ends in sigmoid do not add up to 1.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = INT_MAX,
    .run = run_predict,
};

/* hemline bench: how fast a network trains and answers here, against the multiply-add peak and the
 * products of matrices that the same run measures. Clocks and neighbours wander, so work is
 * measured in short segments with both measured before and after each, and the median is reported
 * beside the best. Then the same work once more under stop-watches, for where the time goes. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bar.h"
#include "bench_profile.h"
#include "common.h"
#include "help.h"

enum {
    SEGMENTS = 7,
    INFERENCE_BATCH = 256, /* what others measure too */
    MOST_RUNS = 100000     /* of single images */
};

/* Of --seconds. PEAK: measuring the machine, half of it the peak and half of it products. */
static const double TRAINING = 0.4, INFERENCE = 0.15, SINGLE = 0.05, PROFILE = 0.1, PEAK = 0.25;

static struct {
    double seconds;
    bool no_layers;
} arguments = {.seconds = 5.0};

typedef struct figures {
    double images_per_second[SEGMENTS]; /* sorted, smallest first, at the end */
    double share[SEGMENTS];             /* useful GFLOP/s over the peak around the segment */
    double of_products[SEGMENTS];       /* the same over products (hem_measure_products) */
    double flops_per_image;
    double images, seconds, cpu_seconds; /* of all segments together */
} figures;

typedef struct bench {
    session s;
    hem_data_info data;
    size_t batch, n_train;
    hem_stepper *stepper;
    uint32_t *order; /* of the training images, shuffled as an epoch would */
    size_t place;    /* in it */
    uint32_t epoch;
    size_t n_images;
    uint8_t *images;      /* a batch for inference */
    float *probabilities; /* of it */
    double peaks[2 * SEGMENTS + 1], products[2 * SEGMENTS + 1];
    size_t n_peaks;
    figures training, inference;
    double *run_seconds; /* of single images, sorted at the end */
    size_t n_runs, predictor_bytes;
    hem_profile training_profile, inference_profile;
} bench;

/* ---- the two kinds of work ---------------------------------------------------------------------
 */

/* The order of an epoch (Fisher-Yates over a 64-bit linear congruential generator): it need only be
 * as scattered, and as much work, as in training, not the same. */
static void shuffle(uint32_t *order, size_t n, uint64_t seed)
{
    uint64_t state = seed;
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        size_t j = (size_t)(state >> 33) % i;
        uint32_t swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

/* Both do one batch and return how many images it had; 0 with *status on failure. */
typedef size_t (*work_fn)(bench *b, hem_status *status, hem_error *err);

static size_t train_batch(bench *b, hem_status *status, hem_error *err)
{
    if (b->place == b->n_train) {
        b->place = 0;
        b->epoch++;
        shuffle(b->order, b->n_train, b->epoch);
    }
    size_t left = b->n_train - b->place;
    size_t n = left < b->batch ? left : b->batch;
    hem_step_result result;
    *status = hem_stepper_step(b->stepper, b->s.data, HEM_TRAIN, b->order + b->place, n, b->epoch,
                               (uint32_t)b->place, &result, err);
    b->place += n;
    return *status == HEM_OK ? n : 0;
}

static size_t infer_batch(bench *b, hem_status *status, hem_error *err)
{
    *status = hem_net_predict(b->s.net, b->images, b->n_images, b->probabilities, err);
    return *status == HEM_OK ? b->n_images : 0;
}

/* What all threads of the process have used; 0 where that cannot be told. */
static double cpu_now(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
        return 0.0;
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What the machine can do at the moment. */
typedef struct measure {
    double peak, products;
} measure;

static measure measure_machine(bench *b)
{
    const int threads = hem_context_threads(b->s.context);
    const double seconds = PEAK / 2 * arguments.seconds / (2.0 * SEGMENTS + 1);
    measure m = {hem_measure_peak(b->s.context, threads, seconds),
                 hem_measure_products(b->s.context, threads, seconds)};
    b->peaks[b->n_peaks] = m.peak;
    b->products[b->n_peaks++] = m.products;
    return m;
}

static hem_status run_segments(bench *b, work_fn work, double share, figures *f, const char *label,
                               hem_error *err)
{
    hem_status status = HEM_OK;
    for (int i = 0; i < 3; i++) { /* caches, buffers and clock warm up */
        if (work(b, &status, err) == 0)
            return status;
    }
    measure before = measure_machine(b);
    for (int segment = 0; segment < SEGMENTS; segment++) {
        bar_draw(label, (double)segment / SEGMENTS, NULL, 0);
        double began = now(), took = 0.0, cpu = cpu_now();
        size_t images = 0;
        while (took < arguments.seconds * share / SEGMENTS) {
            size_t n = work(b, &status, err);
            if (n == 0)
                return status;
            images += n;
            took = now() - began;
        }
        f->cpu_seconds += cpu_now() - cpu;
        measure after = measure_machine(b);
        double rate = (double)images / took;
        f->images += (double)images;
        f->seconds += took;
        f->images_per_second[segment] = rate;
        double gflops = 1e-9 * rate * f->flops_per_image;
        f->share[segment] = gflops / (0.5 * (before.peak + after.peak));
        f->of_products[segment] = gflops / (0.5 * (before.products + after.products));
        before = after;
    }
    return HEM_OK;
}

/* At least ten batches under stop-watches. */
static hem_status run_work(bench *b, work_fn work, hem_error *err)
{
    hem_status status = HEM_OK;
    double end = now() + PROFILE / 2 * arguments.seconds;
    for (int i = 0; i < 10 || now() < end; i++)
        if (work(b, &status, err) == 0)
            return status;
    return HEM_OK;
}

static hem_status run_profiles(bench *b, hem_error *err)
{
    if (arguments.no_layers)
        return HEM_OK;
    hem_status status = hem_stepper_profile_start(b->stepper, err);
    if (status == HEM_OK)
        status = run_work(b, train_batch, err);
    if (status == HEM_OK)
        status = hem_stepper_profile_stop(b->stepper, &b->training_profile, err);
    if (status == HEM_OK)
        status = hem_net_profile_start(b->s.net, err);
    if (status == HEM_OK)
        status = run_work(b, infer_batch, err);
    if (status == HEM_OK)
        status = hem_net_profile_stop(b->s.net, &b->inference_profile, err);
    return status;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* One image after the other, as they come to a service: each is timed by itself. */
static hem_status run_single(bench *b, hem_error *err)
{
    hem_predictor *predictor;
    hem_status status = hem_predictor_new(b->s.net, &predictor, err);
    if (status != HEM_OK)
        return status;
    const hem_predictor_info info = hem_predictor_get_info(predictor);
    const size_t bytes = (size_t)info.height * (size_t)info.width * (size_t)info.channels;
    const double end = now() + SINGLE * arguments.seconds;
    b->predictor_bytes = info.bytes;
    bar_draw("one image", 0, NULL, 0);
    for (size_t i = 0; b->n_runs < MOST_RUNS && (b->n_runs == 0 || now() < end); i++) {
        const uint8_t *image = b->images + i % b->n_images * bytes;
        double began = now();
        status = hem_predictor_run(predictor, image, bytes, b->probabilities, err);
        if (status != HEM_OK)
            break;
        if (i > 0) /* the first brings the weights into the caches */
            b->run_seconds[b->n_runs++] = now() - began;
    }
    hem_predictor_free(predictor);
    return status;
}

static void sort_figures(figures *f)
{
    qsort(f->images_per_second, SEGMENTS, sizeof *f->images_per_second, ascending);
    qsort(f->share, SEGMENTS, sizeof *f->share, ascending);
    qsort(f->of_products, SEGMENTS, sizeof *f->of_products, ascending);
}

/* ---- preparation -------------------------------------------------------------------------------
 */

static hem_status prepare(bench *b, const char *path, hem_error *err)
{
    hem_status status = session_network(&b->s, path, NULL, true, err);
    if (status != HEM_OK)
        return status;
    b->data = hem_data_get_info(b->s.data);
    b->n_train = b->data.n[HEM_TRAIN];
    size_t batch = (size_t)hem_spec_batch(hem_net_spec(b->s.net));
    b->batch = batch == 0 || batch > b->n_train ? b->n_train : batch;
    b->order = need(malloc(b->n_train * sizeof *b->order));
    shuffle(b->order, b->n_train, 0);

    hem_net_info net = hem_net_get_info(b->s.net);
    size_t image_bytes = (size_t)net.height * (size_t)net.width * (size_t)net.channels;
    b->n_images = b->n_train < INFERENCE_BATCH ? b->n_train : INFERENCE_BATCH;
    b->images = need(malloc(b->n_images * image_bytes));
    for (size_t i = 0; i < b->n_images; i++) {
        const uint8_t *image = hem_data_image(b->s.data, HEM_TRAIN, b->order[i]);
        memcpy(b->images + i * image_bytes, image, image_bytes);
    }
    b->probabilities = need(malloc(b->n_images * (size_t)net.n_classes * sizeof *b->probabilities));
    b->run_seconds = need(malloc(MOST_RUNS * sizeof *b->run_seconds));
    b->training.flops_per_image = net.training_flops;
    b->inference.flops_per_image = 2.0 * (double)net.useful_macs;
    return hem_stepper_new(b->s.net, b->batch, 0, &b->stepper, err);
}

static void release(bench *b)
{
    hem_stepper_free(b->stepper);
    free(b->order);
    free(b->images);
    free(b->probabilities);
    free(b->run_seconds);
    hem_profile_release(&b->training_profile);
    hem_profile_release(&b->inference_profile);
    session_close(&b->s);
}

/* ---- results -----------------------------------------------------------------------------------
 */

static void print_figures(const char *name, const figures *f)
{
    double median = f->images_per_second[SEGMENTS / 2];
    double best = f->images_per_second[SEGMENTS - 1];
    out("%-10s %11s images/s %7.1f GFLOP/s %6.1f %% peak %6.1f %% products\n", name,
        grouped((size_t)median), 1e-9 * median * f->flops_per_image, 100.0 * f->share[SEGMENTS / 2],
        100.0 * f->of_products[SEGMENTS / 2]);
    out("%s%-10s %11s          %7.1f         %6.1f        %6.1f%s\n", out_style.dim, "  best",
        grouped((size_t)best), 1e-9 * best * f->flops_per_image, 100.0 * f->share[SEGMENTS - 1],
        100.0 * f->of_products[SEGMENTS - 1], out_style.off);
}

static double single_us(const bench *b, double quantile)
{
    return 1e6 * b->run_seconds[(size_t)(quantile * (double)(b->n_runs - 1))];
}

static json_t *single_json(const bench *b)
{
    json_t *object = need(json_object());
    json_put(object, "median_us", json_number(single_us(b, 0.5)));
    json_put(object, "p99_us", json_number(single_us(b, 0.99)));
    json_put(object, "runs", json_count(b->n_runs));
    json_put(object, "memory_bytes", json_count(b->predictor_bytes));
    return object;
}

static json_t *figures_json(const figures *f)
{
    double median = f->images_per_second[SEGMENTS / 2];
    json_t *object = need(json_object());
    json_put(object, "images_per_second", json_number(median));
    json_put(object, "best_images_per_second", json_number(f->images_per_second[SEGMENTS - 1]));
    json_put(object, "gflops", json_number(1e-9 * median * f->flops_per_image));
    json_put(object, "images", json_number(f->images));
    json_put(object, "seconds", json_number(f->seconds));
    json_put(object, "cpu_seconds", json_number(f->cpu_seconds));
    json_put(object, "flops_per_image", json_number(f->flops_per_image));
    json_put(object, "percent_of_peak", json_number(100.0 * f->share[SEGMENTS / 2]));
    json_put(object, "best_percent_of_peak", json_number(100.0 * f->share[SEGMENTS - 1]));
    json_put(object, "percent_of_products", json_number(100.0 * f->of_products[SEGMENTS / 2]));
    json_put(object, "best_percent_of_products", json_number(100.0 * f->of_products[SEGMENTS - 1]));
    return object;
}

static int print_json(const char *path, bench *b, double peak, double products)
{
    json_t *object = need(json_object());
    json_put(object, "network", json_text(path));
    json_put(object, "cpu", json_text(hem_cpu_name()));
    json_put(object, "tier", json_text(hem_context_tier(b->s.context)));
    json_put(object, "threads", json_integer(hem_context_threads(b->s.context)));
    json_put(object, "batch", json_count(b->batch));
    json_put(object, "data", json_text(b->data.name));
    json_put(object, "synthetic", json_boolean(b->data.synthetic));
    json_put(object, "peak_gflops", json_number(peak));
    json_put(object, "products_gflops", json_number(products));
    json_put(object, "training", figures_json(&b->training));
    json_put(object, "inference_batch", json_count(b->n_images));
    json_put(object, "inference", figures_json(&b->inference));
    json_put(object, "one_image", single_json(b));
    if (!arguments.no_layers) {
        json_put(object, "training_profile",
                 bench_profile_json(b->s.net, &b->training_profile, peak));
        json_put(object, "inference_profile",
                 bench_profile_json(b->s.net, &b->inference_profile, peak));
    }
    return out_json(object);
}

static int print_text(const char *path, bench *b, double peak, double products)
{
    int threads = hem_context_threads(b->s.context);
    out("%-10s %s, batch %s, data %s%s\n", "network", plain_text(path), grouped(b->batch),
        b->data.name, b->data.synthetic ? " (drawn by hemline)" : "");
    out("%-10s %s, %s kernels, %d thread%s\n", "machine", hem_cpu_name(),
        hem_context_tier(b->s.context), threads, threads == 1 ? "" : "s");
    out("%-10s %.1f GFLOP/s of multiply-adds, median of %zu measurements\n", "peak", peak,
        b->n_peaks);
    out("%-10s %.1f GFLOP/s of a product of small matrices: %.0f %% of the peak\n\n", "products",
        products, 100.0 * products / peak);
    print_figures("training", &b->training);
    print_figures("inference", &b->inference);
    out("%-10s %11.1f us median %10.1f us 99th percentile, on one thread\n", "one image",
        single_us(b, 0.5), single_us(b, 0.99));
    if (!arguments.no_layers) {
        bench_print_profile(b->s.net, &b->training_profile, peak, "a training step");
        char what[64];
        snprintf(what, sizeof what, "inference of %s images", grouped(b->n_images));
        bench_print_profile(b->s.net, &b->inference_profile, peak, what);
    }
    out("\n%smedian of %d segments each, inference in batches of %zu; GFLOP/s count useful work, "
        "taps"
        "\non padding left out%s%s\n",
        out_style.dim, SEGMENTS, b->n_images,
        arguments.no_layers ? "" : "; MB: what is read and written at least, by shapes",
        out_style.off);
    return HEM_OK;
}

static int run_bench(char *const *paths, int n)
{
    extern const command command_bench;
    if (n < 1)
        return help_missing(&command_bench, "an experiment file or a model");
    bench b = {.n_peaks = 0};
    hem_error err;
    hem_status status = prepare(&b, paths[0], &err);
    if (status == HEM_OK)
        status = run_segments(&b, train_batch, TRAINING, &b.training, "training", &err);
    if (status == HEM_OK) {
        b.n_peaks--; /* the training's last peak was measured just now */
        status = run_segments(&b, infer_batch, INFERENCE, &b.inference, "inference", &err);
    }
    if (status == HEM_OK)
        status = run_single(&b, &err);
    if (status == HEM_OK)
        status = run_profiles(&b, &err);
    bar_clear();
    int code;
    if (status != HEM_OK) {
        code = report(&err);
    } else {
        sort_figures(&b.training);
        sort_figures(&b.inference);
        qsort(b.run_seconds, b.n_runs, sizeof *b.run_seconds, ascending);
        qsort(b.peaks, b.n_peaks, sizeof *b.peaks, ascending);
        qsort(b.products, b.n_peaks, sizeof *b.products, ascending);
        double peak = b.peaks[b.n_peaks / 2], products = b.products[b.n_peaks / 2];
        code = common.json ? print_json(paths[0], &b, peak, products)
                           : print_text(paths[0], &b, peak, products);
    }
    release(&b);
    return code;
}

static const option options[] = {
    {.name = "seconds",
     .kind = OPTION_NUMBER,
     .value = "S",
     .target = &arguments.seconds,
     .low = 0.1,
     .high = 3600,
     .help = "how long to measure in all, about (default: 5)"},
    {.name = "no-layers",
     .kind = OPTION_FLAG,
     .target = &arguments.no_layers,
     .help = "leave out where the time goes by layer and pass"},
    OPTION_SET,
    OPTION_DATA,
    OPTION_THREADS,
    OPTION_PIN,
    OPTION_JSON,
    OPTION_QUIET,
    OPTION_PROGRESS,
    OPTION_NO_PROGRESS,
};

static const char *const usage[] = {"FILE|MODEL [options]", NULL};

static const char *const examples[] = {
    "bench mine.yaml",
    "images a second, and share of the peak",
    "bench mine.yaml --threads 1 --seconds 20",
    "one thread, measured longer",
    NULL,
};

extern const command command_bench;
const command command_bench = {
    .name = "bench",
    .summary = "speed of training and inference, against this machine's peak",
    .usage = usage,
    .details = "Measures in short segments; prints the median and the best: training with the\n"
               "experiment's batch and data (shuffling, dropout, penalties and optimizer\n"
               "included; the trained weights are thrown away), inference in batches of 256 and\n"
               "of single images, byte to probability, by a plan of their own. Then, from some\n"
               "more steps under stop-watches, where the time goes: by layer and pass, and what\n"
               "is left. Its rows are means of the threads, so they add up to the time of a\n"
               "step.\n\n"
               "Before and after each segment the same threads measure the machine. 'peak' is\n"
               "the best that multiply-adds in registers reach; 'products' is what hemline's\n"
               "product of two matrices that fit the first-level cache reaches on the average:\n"
               "far below the peak where others use the same core at the moment. Algorithms\n"
               "that need fewer products than the definition (Winograd, Fourier) pass both.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 1,
    .run = run_bench,
};

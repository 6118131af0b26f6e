/* Names what image files show: the label and its probability, one line an image.
 *
 *     predict MODEL IMAGES
 *
 * MODEL is a model file or a run directory; IMAGES is a PNG, PGM, PPM or IDX file (IDX may hold
 * many). Build:
 *     cc predict.c $(pkg-config --cflags --libs hemline) -o predict */
#include <hemline/hemline.h>

#include <stdio.h>
#include <stdlib.h>

static hem_error error; /* filled by the call that fails */

/* A failure ends the program: what is wrong, what to do, and the status as the exit code. */
static void check(hem_status status)
{
    char text[2048];
    if (status == HEM_OK)
        return;
    hem_error_format(&error, text, sizeof text);
    fprintf(stderr, "%s\n%s\n", text, error.hint);
    exit((int)status);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s MODEL IMAGES\n", argv[0]);
        return HEM_ERR_USAGE;
    }
    hem_context *context;
    hem_context_settings settings = hem_context_settings_default();
    check(hem_context_new(&settings, &context, &error));
    char *path = hem_model_path(argv[1]); /* a run directory's model; a file stays itself */
    if (path == NULL) {
        fprintf(stderr, "not enough memory\n");
        return HEM_ERR_MEMORY;
    }
    hem_net *net;
    check(hem_net_load(context, path, &net, &error));
    hem_images images;
    check(hem_images_read(argv[2], &images, &error));

    hem_net_info info = hem_net_get_info(net);
    if (images.height != info.height || images.width != info.width ||
        images.channels != info.channels) {
        fprintf(stderr, "%s: images of %d x %d x %d; the model takes %d x %d x %d\n", argv[2],
                images.height, images.width, images.channels, info.height, info.width,
                info.channels);
        return HEM_ERR_DATA;
    }
    size_t bytes = (size_t)info.height * (size_t)info.width * (size_t)info.channels;
    float *probabilities = malloc((size_t)info.n_classes * sizeof *probabilities);
    if (probabilities == NULL) {
        fprintf(stderr, "not enough memory\n");
        return HEM_ERR_MEMORY;
    }
    hem_predictor *predictor; /* for one image at a time; hem_net_predict() is for many */
    check(hem_predictor_new(net, &predictor, &error));
    for (size_t i = 0; i < images.n; i++) {
        check(
            hem_predictor_run(predictor, images.pixels + i * bytes, bytes, probabilities, &error));
        int best = 0;
        for (int c = 1; c < info.n_classes; c++)
            best = probabilities[c] > probabilities[best] ? c : best;
        printf("%s: %s, probability %.3f\n", argv[2], info.class_names[best],
               (double)probabilities[best]);
    }

    hem_predictor_free(predictor);
    free(probabilities);
    hem_images_release(&images);
    hem_net_free(net);
    free(path);
    hem_context_free(context);
    return 0;
}

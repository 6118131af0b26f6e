/* Looking inside: filters, feature maps, saliency, and what a network says of every image. Arrays
 * only; nothing here draws. */
#ifndef HEMLINE_INSPECT_H
#define HEMLINE_INSPECT_H

#include "hemline/net.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Grids of numbers. hem_maps_release() frees the values. */
typedef struct hem_maps {
    size_t n;                    /**< filters, or 1 */
    int channels, height, width; /**< of each */
    float *values;               /**< [n][channels][height][width] */
} hem_maps;

HEM_API void hem_maps_release(hem_maps *maps);

/** What is scaled by the same smallest and largest number. */
typedef enum hem_map_scale {
    HEM_MAPS_TOGETHER, /**< all of them: sizes can be compared */
    HEM_MAPS_EACH      /**< every [height][width] for itself: patterns can be seen */
} hem_map_scale;

/** Scales the values to 0..1, smallest to largest; what is all alike becomes 0.5, and a number that
 *  is not finite counts for neither end and becomes 0. */
HEM_API void hem_maps_scale(hem_maps *maps, hem_map_scale how);
/** Smallest and largest finite value; both 0 where there is none. */
HEM_API void hem_maps_range(const hem_maps *maps, float *low, float *high);

/** The weights of a layer as pictures. Of a convolution `out` is its filters: n filters, channels
 *  those of its input, height and width of its kernel. Of a dense layer whose inputs are a map or
 *  the image, n units, with what each gives to every point of that map. `layer` NULL = the first
 *  layer that has such. *out is the caller's to hem_maps_release(), empty on failure. `name`
 *  receives the layer's name, which belongs to the network; may be NULL. HEM_ERR_USAGE: no such
 *  layer, or one without filters; the hint names those that have some. */
HEM_API HEM_MUST_USE hem_status hem_filters_get(const hem_net *net, const char *layer,
                                                hem_maps *out, const char **name, hem_error *err);

/** What a layer makes of one image (height*width*channels bytes), without dropout and with running
 *  statistics: n = 1, one map for each of its channels; a flat vector has height = width = 1. A
 *  layer's activation is part of it; the last layer gives the network's outputs. `layer` NULL = the
 *  first. *out is the caller's to hem_maps_release(), empty on failure. `name` as above.
 *  HEM_ERR_USAGE: no such layer (the hint names them); HEM_ERR_MEMORY. */
HEM_API HEM_MUST_USE hem_status hem_features_get(hem_net *net, const uint8_t *image,
                                                 const char *layer, hem_maps *out,
                                                 const char **name, hem_error *err);

/** Saliency: the gradient of the score of one class with respect to every number of the image, as
 *  the network sees it (scaled), without dropout and with running statistics (Simonyan, Vedaldi and
 *  Zisserman, "Deep inside convolutional networks", 2013). The score is the class's logit, before
 *  softmax or sigmoid. n = 1, channels and size those of the image; signs are kept. Under `scale:
 *  standardize by image` the image's own mean and deviation count as constants. `score` receives
 *  the logit; may be NULL. *out is the caller's to hem_maps_release(), empty on failure.
 *  HEM_ERR_USAGE: no such class; HEM_ERR_DIVERGED: the outputs are not finite; HEM_ERR_MEMORY. */
HEM_API HEM_MUST_USE hem_status hem_saliency_get(hem_net *net, const uint8_t *image, int of_class,
                                                 hem_maps *out, double *score, hem_error *err);

/** What a network says of every image of a part. hem_predictions_release() frees the lists. */
typedef struct hem_predictions {
    size_t n;
    int n_classes;
    int *labels, *predicted; /**< [n] */
    float *losses;           /**< [n]: the experiment's loss, without label smoothing */
    float *probabilities;    /**< [n][n_classes]: the outputs as they are */
} hem_predictions;

/** Runs the network over a part. *out is empty on failure. HEM_ERR_USAGE: the part is empty, or its
 *  images do not fit the network. */
HEM_API HEM_MUST_USE hem_status hem_predictions_get(hem_net *net, const hem_data *data,
                                                    hem_part part, hem_predictions *out,
                                                    hem_error *err);
HEM_API void hem_predictions_release(hem_predictions *predictions);

typedef enum hem_mistake_order {
    HEM_MISTAKES_WORST,    /**< largest loss first: the true class was least expected */
    HEM_MISTAKES_CONFIDENT /**< largest output of the wrong class first */
} hem_mistake_order;

/** Indices of images whose predicted class is not the true one, ties by index; at most `max`.
 *  `true_class` and `predicted_class` take those of one cell of the confusion matrix alone; -1 =
 *  any. Returns how many were written. */
HEM_API size_t hem_mistakes_find(const hem_predictions *predictions, hem_mistake_order order,
                                 int true_class, int predicted_class, size_t *out, size_t max);

/** Indices of the first `count` images of a part; with `per_class` of the first `count` of each
 *  class, one class after the other. At most `max`; returns how many were written. */
HEM_API size_t hem_images_pick(const hem_data *data, hem_part part, size_t count, bool per_class,
                               size_t *out, size_t max);

#ifdef __cplusplus
}
#endif
#endif

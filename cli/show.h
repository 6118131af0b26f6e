/* `hemline show`: what its parts share. cmd_show.c lists them; show_data.c, show_layers.c and
 * show_charts.c do the work. */
#ifndef HEM_CLI_SHOW_H
#define HEM_CLI_SHOW_H

#include "common.h"

/* Values of the command's own options. */
typedef struct show_options {
    const char *out;   /* file; NULL = the terminal */
    const char *image; /* --image; NULL = not given */
    const char *of_class;
    int split, count, per_class, epochs, scale, by; /* 0 = not given */
    bool has_split, has_by, each, times;
} show_options;
extern show_options show;

/* For --by of `mistakes`. */
enum { BY_LOSS, BY_CONFIDENCE, BY_CELL };

/* Each gets the arguments behind its own name. */
hem_status show_data(session *s, char *const *names, int n, hem_error *err);
hem_status show_augment(session *s, char *const *names, int n, hem_error *err);
hem_status show_mistakes(session *s, char *const *names, int n, hem_error *err);
hem_status show_filters(session *s, char *const *names, int n, hem_error *err);
hem_status show_features(session *s, char *const *names, int n, hem_error *err);
hem_status show_saliency(session *s, char *const *names, int n, hem_error *err);
hem_status show_confusion(session *s, char *const *names, int n, hem_error *err);
hem_status show_curves(session *s, char *const *names, int n, hem_error *err);
hem_status show_folds(session *s, char *const *names, int n, hem_error *err);
hem_status show_activations(session *s, char *const *names, int n, hem_error *err);
hem_status show_network(session *s, char *const *names, int n, hem_error *err);
hem_status show_lrfind(session *s, char *const *names, int n, hem_error *err);

/* ---- sheets: tiles.c ------------------------------------------------------------------------- */

/* The images of a sheet, with pixels of their own. Start from {0}. */
typedef struct tiles {
    hem_tile *items;
    size_t n;
} tiles;

/* Adds a copy of an image, or a gap of its size where pixels is NULL. Captions may be NULL; they
 * must live as long as the sheet. */
void tiles_add(tiles *list, const uint8_t *pixels, int height, int width, int channels,
               const char *first, const char *second);
void tiles_release(tiles *list);

/* What becomes of a finished sheet: a file, a JSON object, or the terminal. Takes `json` over. */
hem_status show_sheet(const hem_sheet *sheet, json_t *json, hem_error *err);
/* The same of a chart, which it frees. */
hem_status show_picture(hem_picture *picture, json_t *json, hem_error *err);
/* "fashion-mnist", or that the data was drawn by hemline. */
const char *data_text(const hem_data_info *info);

#endif

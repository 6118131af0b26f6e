/* hemline show data, augment, mistakes: images and what was said of them. */
#include <stdlib.h>
#include <string.h>

#include "show.h"

enum { FIRST = 9, CHANGED = 4, EPOCHS = 8, MISTAKES = 20, CELLS = 6, EXAMPLES = 8 };

/* ---- data ------------------------------------------------------------------------------------ */

/* The data of an experiment file, of a run, or of a set by name: then any network will do for the
 * experiment that hem_data_open() asks for. */
static hem_status open_data(session *s, const char *name, hem_error *err)
{
    hem_status status;
    bool is_name = strcmp(name, "fashion-mnist") == 0 || strcmp(name, "synthetic") == 0;
    if (is_name) {
        const char *experiment = text(
            "data: %s\nmodel:\n  - flatten\n  - dense: {units: 10, activation: softmax}\n", name);
        status = hem_spec_parse(experiment, name, common.set.items, common.set.n, &s->spec, err);
    } else if (looks_like_model(name)) {
        if (common.set.n > 0)
            return fail(err, HEM_ERR_USAGE, "name the experiment file instead of a model",
                        "--set changes an experiment file, and '%s' is a model", name);
        status = session_start(s, err);
        if (status == HEM_OK)
            status = session_model(s, name, err);
    } else {
        status = hem_spec_load(name, common.set.items, common.set.n, &s->spec, err);
    }
    return status == HEM_OK ? session_data(s, err) : status;
}

static hem_part chosen_part(hem_part otherwise)
{
    return show.has_split ? (hem_part)show.split : otherwise;
}

static const char *class_name(const hem_data_info *info, int label)
{
    return plain_text(info->class_names[label]);
}

static json_t *image_json(const hem_data *data, const hem_data_info *info, hem_part part,
                          size_t index)
{
    int label = hem_data_label(data, part, index);
    json_t *image = need(json_object());
    json_put(image, "index", json_count(index));
    json_put(image, "row", json_count(hem_data_row(data, part, index)));
    json_put(image, "label", json_integer(label));
    json_put(image, "class", json_text(info->class_names[label]));
    return image;
}

static json_t *part_json(const hem_data_info *info, hem_part part)
{
    json_t *object = need(json_object());
    json_put(object, "data", json_text(info->name));
    json_put(object, "synthetic", json_boolean(info->synthetic));
    json_put(object, "split", json_string(part_names[part]));
    return object;
}

/* "image " or "9 images " */
static const char *images_text(size_t n)
{
    return n == 1 ? "image " : text("%zu images ", n);
}

/* Rows of a class each are named; where a class has too few images its row ends in gaps. */
static void add_by_class(const hem_data *data, const hem_data_info *info, hem_part part,
                         const size_t *found, size_t n, tiles *list, const char **names)
{
    size_t at = 0;
    for (int c = 0; c < info->n_classes; c++) {
        names[c] = class_name(info, c);
        for (int i = 0; i < show.per_class; i++) {
            bool here = at < n && hem_data_label(data, part, found[at]) == c;
            tiles_add(list, here ? hem_data_image(data, part, found[at]) : NULL, info->height,
                      info->width, info->channels, NULL, NULL);
            at += here;
        }
    }
}

static hem_status sheet_of_data(const hem_data *data, const hem_data_info *info, hem_part part,
                                hem_error *err)
{
    size_t wanted = show.count > 0 ? (size_t)show.count : FIRST;
    bool by_class = show.per_class > 0;
    if (by_class)
        wanted = (size_t)show.per_class * (size_t)info->n_classes;
    if (wanted > HEM_SHEET_MOST)
        return fail(err, HEM_ERR_USAGE, "choose fewer", "%zu images on a sheet; allowed %d", wanted,
                    (int)HEM_SHEET_MOST);
    tiles list = {0};
    size_t *found = need(calloc(wanted, sizeof *found));
    const char **names = need(calloc((size_t)info->n_classes, sizeof *names));
    size_t n = hem_images_pick(data, part, by_class ? (size_t)show.per_class : wanted, by_class,
                               found, wanted);
    json_t *json = part_json(info, part), *images = need(json_array());
    for (size_t i = 0; i < n; i++)
        json_add(images, image_json(data, info, part, found[i]));
    json_put(json, "images", images);
    if (by_class)
        add_by_class(data, info, part, found, n, &list, names);
    else
        for (size_t i = 0; i < n; i++)
            tiles_add(&list, hem_data_image(data, part, found[i]), info->height, info->width,
                      info->channels, class_name(info, hem_data_label(data, part, found[i])), NULL);
    hem_sheet sheet = {
        .title = text("%s, %s part", data_text(info), part_names[part]),
        .subtitle = by_class ? text("the first %sof each of %d classes",
                                    images_text((size_t)show.per_class), info->n_classes)
                             : text("the first %sof %s, %s", images_text(n), grouped(info->n[part]),
                                    size_text(info->height, info->width, info->channels)),
        .tiles = list.items,
        .n = list.n,
        .columns = by_class ? (size_t)show.per_class : 0,
        .row_names = by_class ? names : NULL,
        .scale = show.scale};
    hem_status status = show_sheet(&sheet, json, err);
    tiles_release(&list);
    free(found);
    free(names);
    return status;
}

static hem_status check_part(const hem_data_info *info, hem_part part, hem_error *err)
{
    if (info->n[part] > 0)
        return HEM_OK;
    return fail(err, HEM_ERR_USAGE, "--split chooses another part", "the %s part has no image",
                part_names[part]);
}

hem_status show_data(session *s, char *const *names, int n, hem_error *err)
{
    hem_part part = chosen_part(HEM_TRAIN);
    if (show.count > 0 && show.per_class > 0)
        return fail(err, HEM_ERR_USAGE, "choose one", "--count and --per-class exclude each other");
    hem_status status = open_data(s, n > 0 ? names[0] : "fashion-mnist", err);
    if (status != HEM_OK)
        return status;
    hem_data_info info = hem_data_get_info(s->data);
    status = check_part(&info, part, err);
    return status == HEM_OK ? sheet_of_data(s->data, &info, part, err) : status;
}

/* ---- augment --------------------------------------------------------------------------------- */

/* A row: the image, then what each epoch makes of it. */
static hem_status add_changed(const session *s, const hem_spec *spec, const hem_data_info *info,
                              hem_part part, size_t index, int epochs, tiles *list, bool *changed,
                              hem_error *err)
{
    const uint8_t *original = hem_data_image(s->data, part, index);
    size_t bytes = (size_t)info->height * (size_t)info->width * (size_t)info->channels;
    uint8_t *room = need(malloc(bytes));
    hem_status status = HEM_OK;
    tiles_add(list, original, info->height, info->width, info->channels, NULL, NULL);
    for (int e = 0; e < epochs && status == HEM_OK; e++) {
        status = hem_data_augment(spec, s->data, part, index, (uint32_t)e, hem_spec_seed(spec),
                                  room, err);
        *changed = *changed || memcmp(room, original, bytes) != 0;
        tiles_add(list, room, info->height, info->width, info->channels, NULL, NULL);
    }
    free(room);
    return status;
}

hem_status show_augment(session *s, char *const *names, int n, hem_error *err)
{
    (void)n;
    hem_part part = chosen_part(HEM_TRAIN);
    hem_status status = open_data(s, names[0], err);
    if (status != HEM_OK)
        return status;
    const hem_spec *spec = s->net != NULL ? hem_net_spec(s->net) : s->spec;
    hem_data_info info = hem_data_get_info(s->data);
    status = check_part(&info, part, err);
    if (status != HEM_OK)
        return status;
    int epochs = show.epochs > 0 ? show.epochs : EPOCHS;
    size_t rows = show.count > 0 ? (size_t)show.count : CHANGED;
    rows = rows < info.n[part] ? rows : info.n[part];
    tiles list = {0};
    bool changed = false;
    const char **row_names = need(calloc(rows, sizeof *row_names));
    const char **columns = need(calloc((size_t)epochs + 1, sizeof *columns));
    json_t *json = part_json(&info, part), *images = need(json_array());
    columns[0] = "original";
    for (int e = 0; e < epochs; e++)
        columns[e + 1] = text("epoch %d", e + 1);
    for (size_t i = 0; i < rows && status == HEM_OK; i++) {
        row_names[i] = class_name(&info, hem_data_label(s->data, part, i));
        json_add(images, image_json(s->data, &info, part, i));
        status = add_changed(s, spec, &info, part, i, epochs, &list, &changed, err);
    }
    json_put(json, "epochs", json_integer(epochs));
    json_put(json, "images", images);
    if (status == HEM_OK && !changed)
        status = fail(err, HEM_ERR_USAGE, "its key 'augment' says how images change in training",
                      "the experiment changes no image");
    hem_sheet sheet = {.title = text("What training sees of %s", data_text(&info)),
                       .subtitle = text("the first %sof the %s part, as each epoch of seed %llu "
                                        "changes them",
                                        images_text(rows), part_names[part],
                                        (unsigned long long)hem_spec_seed(spec)),
                       .tiles = list.items,
                       .n = list.n,
                       .columns = (size_t)epochs + 1,
                       .row_names = row_names,
                       .column_names = columns,
                       .scale = show.scale};
    if (status == HEM_OK)
        status = show_sheet(&sheet, json, err);
    else
        json_decref(json);
    tiles_release(&list);
    free(row_names);
    free(columns);
    return status;
}

/* ---- mistakes -------------------------------------------------------------------------------- */

typedef struct mistakes {
    const session *s;
    hem_data_info info;
    hem_part part;
    hem_predictions p;
    tiles list;
    json_t *images;
} mistakes;

static double output_of(const mistakes *m, size_t image, int of_class)
{
    return (double)m->p.probabilities[image * (size_t)m->p.n_classes + (size_t)of_class];
}

static void add_mistake(mistakes *m, size_t image)
{
    int label = m->p.labels[image], predicted = m->p.predicted[image];
    double sure = output_of(m, image, predicted);
    tiles_add(&m->list, hem_data_image(m->s->data, m->part, image), m->info.height, m->info.width,
              m->info.channels, text("%zu %s", image, class_name(&m->info, label)),
              text("%s %.1f %%", class_name(&m->info, predicted), 100 * sure));
    json_t *json = image_json(m->s->data, &m->info, m->part, image);
    json_put(json, "predicted", json_integer(predicted));
    json_put(json, "predicted_class", json_text(m->info.class_names[predicted]));
    json_put(json, "probability", json_number(sure));
    json_put(json, "probability_of_label", json_number(output_of(m, image, label)));
    json_put(json, "loss", json_number((double)m->p.losses[image]));
    json_add(m->images, json);
}

static hem_status finish_mistakes(mistakes *m, hem_sheet *sheet, hem_error *err)
{
    json_t *json = part_json(&m->info, m->part);
    json_put(json, "images", m->images);
    sheet->tiles = m->list.items;
    sheet->n = m->list.n;
    sheet->scale = show.scale;
    return show_sheet(sheet, json, err);
}

static hem_status one_list(mistakes *m, size_t wrong, hem_error *err)
{
    size_t found[HEM_SHEET_MOST];
    bool worst = show.by == BY_LOSS;
    size_t n = hem_mistakes_find(&m->p, worst ? HEM_MISTAKES_WORST : HEM_MISTAKES_CONFIDENT, -1, -1,
                                 found, show.count > 0 ? (size_t)show.count : MISTAKES);
    for (size_t i = 0; i < n; i++)
        add_mistake(m, found[i]);
    hem_sheet sheet = {
        .title = text("The %s mistakes: %zu of %s", worst ? "worst" : "surest", n, grouped(wrong)),
        .subtitle = text("%s, %s part. Each with its index and class; below, what the network says",
                         data_text(&m->info), part_names[m->part])};
    return finish_mistakes(m, &sheet, err);
}

/* A row for each of the largest cells of the confusion matrix off its diagonal. */
static hem_status by_cell(mistakes *m, size_t wrong, hem_error *err)
{
    hem_evaluation e;
    hem_confused cells[HEM_SHEET_MOST / EXAMPLES];
    hem_status status = hem_evaluate(m->s->net, m->s->data, m->part, &e, err);
    if (status != HEM_OK)
        return status;
    size_t most = show.count > 0 ? (size_t)show.count : CELLS;
    most = most < COUNT(cells) ? most : COUNT(cells);
    size_t n = hem_most_confused(&e, false, cells, most);
    hem_evaluation_release(&e);
    const char **names = need(calloc(n, sizeof *names));
    for (size_t i = 0; i < n; i++) {
        size_t found[EXAMPLES];
        size_t k = hem_mistakes_find(&m->p, HEM_MISTAKES_CONFIDENT, cells[i].true_class,
                                     cells[i].predicted_class, found, EXAMPLES);
        names[i] = text("%s as %s: %zu", class_name(&m->info, cells[i].true_class),
                        class_name(&m->info, cells[i].predicted_class), cells[i].count);
        for (size_t j = 0; j < EXAMPLES; j++) {
            if (j < k)
                add_mistake(m, found[j]);
            else
                tiles_add(&m->list, NULL, m->info.height, m->info.width, m->info.channels, NULL,
                          NULL);
            /* The row says both classes. */
            hem_tile *tile = &m->list.items[m->list.n - 1];
            if (j < k)
                tile->captions[0] = text("%zu: %.1f %%", found[j],
                                         100 * output_of(m, found[j], cells[i].predicted_class));
            tile->captions[1] = NULL;
        }
    }
    hem_sheet sheet = {.title = text("What is taken for what: %s mistakes", grouped(wrong)),
                       .subtitle = text("%s, %s part; the %zu most frequent, surest first: index "
                                        "and output of the wrong class",
                                        data_text(&m->info), part_names[m->part], n),
                       .columns = EXAMPLES,
                       .row_names = names};
    status = finish_mistakes(m, &sheet, err);
    free(names);
    return status;
}

static hem_status sheet_of_mistakes(mistakes *m, hem_error *err)
{
    size_t wrong = 0;
    for (size_t i = 0; i < m->p.n; i++)
        wrong += m->p.labels[i] != m->p.predicted[i];
    if (wrong == 0) {
        return fail(err, HEM_ERR_USAGE, "--split chooses another part",
                    "the network makes no mistake in the %s part", part_names[m->part]);
    }
    m->images = need(json_array());
    return show.by == BY_CELL ? by_cell(m, wrong, err) : one_list(m, wrong, err);
}

hem_status show_mistakes(session *s, char *const *names, int n, hem_error *err)
{
    (void)n;
    hem_status status = session_network(s, names[0], NULL, true, err);
    if (status != HEM_OK)
        return status;
    mistakes m = {.s = s, .info = hem_data_get_info(s->data), .part = chosen_part(HEM_TEST)};
    status = check_part(&m.info, m.part, err);
    if (status == HEM_OK)
        status = hem_predictions_get(s->net, s->data, m.part, &m.p, err);
    if (status == HEM_OK)
        status = sheet_of_mistakes(&m, err);
    tiles_release(&m.list);
    hem_predictions_release(&m.p);
    return status;
}

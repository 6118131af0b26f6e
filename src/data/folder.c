/* Folders of images: DIR/<class>/<file>, an image a file, its folder's name its class. Files and
 * folders whose names begin with a dot are passed over; all else must be what it should be. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "data/images.h"
#include "data/pair.h"

/* ---- names in a folder ------------------------------------------------------------------------
 */

typedef struct names {
    char **items;
    size_t n, capacity;
} names;

static void release(names *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (names){0};
}

static bool add(names *list, const char *name)
{
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        char **items = hem__reallocarray(list->items, capacity, sizeof *items);
        if (items == NULL)
            return false;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n] = hem__strdup(name);
    return list->items[list->n] != NULL && ++list->n > 0;
}

static bool is_number(const char *name)
{
    return name[0] != '\0' && strspn(name, "0123456789") == strlen(name);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* 2 before 10: without leading zeros the longer number is the larger; 007 comes before 7. */
static int by_number(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    const char *p = x + strspn(x, "0"), *q = y + strspn(y, "0");
    size_t n = strlen(p), m = strlen(q);
    int order = n != m ? (n < m ? -1 : 1) : strcmp(p, q);
    return order != 0 ? order : strcmp(x, y);
}

/* All names but those that begin with a dot, sorted: as numbers where all are numbers. */
static hem_status list_folder(const char *path, names *out, hem_error *err)
{
    *out = (names){0};
    DIR *folder = opendir(path);
    if (folder == NULL) {
        hem__fail_at(err, HEM_ERR_DATA, path, 0, 0, "cannot open the folder: %s", strerror(errno));
        return hem__hint(err, "images are looked for in train/CLASS/ and test/CLASS/ of the folder "
                              "that data names");
    }
    bool memory = true, numbers = true;
    const struct dirent *entry;
    errno = 0;
    while (memory && (entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        memory = add(out, entry->d_name);
        numbers = numbers && is_number(entry->d_name);
        errno = 0;
    }
    int why = errno;
    (void)closedir(folder);
    if (!memory || why != 0) {
        release(out);
        return memory ? hem__fail_at(err, HEM_ERR_DATA, path, 0, 0, "cannot read the folder: %s",
                                     strerror(why))
                      : hem__fail_memory(err, path, 64 * sizeof(char *));
    }
    if (out->n > 1)
        qsort(out->items, out->n, sizeof *out->items, numbers ? by_number : by_bytes);
    return HEM_OK;
}

/* ---- classes ----------------------------------------------------------------------------------
 */

void hem__classes_release(hem__classes *classes)
{
    for (int i = 0; i < classes->n; i++)
        free(classes->names[i]);
    free(classes->names);
    *classes = (hem__classes){0};
}

static hem_status check_folders(const char *path, const names *list, hem_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        char *inner = hem__path_join(path, list->items[i]);
        if (inner == NULL)
            return hem__fail_memory(err, path, strlen(path));
        bool folder = hem__is_directory(inner);
        if (!folder) {
            hem__fail_at(err, HEM_ERR_DATA, inner, 0, 0, "this is not a folder of a class");
            hem__hint(err, "only folders may stand here, one for each class: move the file away");
        }
        free(inner);
        if (!folder)
            return HEM_ERR_DATA;
    }
    return HEM_OK;
}

hem_status hem__folder_classes(const char *path, hem__classes *out, hem_error *err)
{
    names list;
    *out = (hem__classes){0};
    HEM_TRY(list_folder(path, &list, err));
    hem_status status = check_folders(path, &list, err);
    if (status == HEM_OK && (list.n < 2 || list.n > 256)) {
        hem__fail_at(err, HEM_ERR_DATA, path, 0, 0, "%zu folder%s of classes; allowed 2 to 256",
                     list.n, list.n == 1 ? "" : "s");
        status = hem__hint(err, "put the images of each class into a folder of its name");
    }
    if (status != HEM_OK) {
        release(&list);
        return status;
    }
    out->names = list.items;
    out->n = (int)list.n;
    return HEM_OK;
}

/* ---- images -----------------------------------------------------------------------------------
 */

typedef struct gathering {
    const char *path;
    hem_images all;
    uint8_t *labels;
    size_t capacity; /* images that there is room for */
    char *first;     /* the file of the first image */
} gathering;

static bool is_image_name(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".pgm", ".ppm"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

/* Room for one more image. */
static hem_status grow(gathering *g, size_t image, hem_error *err)
{
    if (g->all.n < g->capacity)
        return HEM_OK;
    size_t most = HEM__DATA_MAX_BYTES / image;
    size_t capacity = g->capacity ? 2 * g->capacity : 256;
    capacity = capacity < most ? capacity : most;
    if (g->all.n >= most)
        return hem__fail_at(err, HEM_ERR_DATA, g->path, 0, 0,
                            "too large: more than %zu images of %zu bytes; at most %zu bytes are "
                            "read",
                            most, image, HEM__DATA_MAX_BYTES);
    uint8_t *pixels = hem__reallocarray(g->all.pixels, capacity, image);
    if (pixels != NULL)
        g->all.pixels = pixels;
    uint8_t *labels = hem__reallocarray(g->labels, capacity, 1);
    if (labels != NULL)
        g->labels = labels;
    if (pixels == NULL || labels == NULL)
        return hem__fail_memory(err, g->path, capacity * image);
    g->capacity = capacity;
    return HEM_OK;
}

static hem_status put(gathering *g, const hem_images *image, const char *file, int label,
                      hem_error *err)
{
    hem_images *all = &g->all;
    if (all->n == 0) {
        all->height = image->height;
        all->width = image->width;
        all->channels = image->channels;
        g->first = hem__strdup(file);
        if (g->first == NULL)
            return hem__fail_memory(err, file, strlen(file));
    }
    if (image->height != all->height || image->width != all->width ||
        image->channels != all->channels) {
        hem__fail_at(
            err, HEM_ERR_DATA, file, 0, 0,
            "the image is %d x %d x %d, but '%s' is %d x %d x %d (height, width, channels)",
            image->height, image->width, image->channels, g->first, all->height, all->width,
            all->channels);
        return hem__hint(err, "bring all images to one size, and all to grey or all to RGB");
    }
    size_t bytes = (size_t)all->height * (size_t)all->width * (size_t)all->channels;
    HEM_TRY(grow(g, bytes, err));
    memcpy(all->pixels + all->n * bytes, image->pixels, bytes);
    g->labels[all->n++] = (uint8_t)label;
    return HEM_OK;
}

static hem_status read_file(gathering *g, const char *file, int label, hem_error *err)
{
    hem_images image;
    bool is_there = access(file, F_OK) == 0; /* a link to nothing is not: reading says so */
    if (!is_image_name(file) || (is_there && !hem__is_file(file))) {
        hem__fail_at(err, HEM_ERR_DATA, file, 0, 0, "this is not an image file");
        return hem__hint(err, "a class's folder may hold .png, .jpg, .jpeg, .pgm and .ppm files; "
                              "move others away");
    }
    HEM_TRY(hem_images_read(file, &image, err));
    hem_status status = HEM_OK;
    if (image.n != 1)
        status = hem__fail_at(err, HEM_ERR_DATA, file, 0, 0, "the file holds %zu images, not one",
                              image.n);
    if (status == HEM_OK)
        status = put(g, &image, file, label, err);
    hem_images_release(&image);
    return status;
}

static hem_status read_class(gathering *g, const char *folder, int label, hem_error *err)
{
    names files;
    HEM_TRY(list_folder(folder, &files, err));
    hem_status status = HEM_OK;
    if (files.n == 0) {
        hem__fail_at(err, HEM_ERR_DATA, folder, 0, 0, "the class's folder holds no images");
        status = hem__hint(err, "put images into it, or remove the folder");
    }
    if (files.n > 1)
        qsort(files.items, files.n, sizeof *files.items, by_bytes);
    for (size_t i = 0; i < files.n && status == HEM_OK; i++) {
        char *file = hem__path_join(folder, files.items[i]);
        status = file != NULL ? read_file(g, file, label, err)
                              : hem__fail_memory(err, folder, strlen(folder));
        free(file);
    }
    release(&files);
    return status;
}

/* That every folder here is a class that there is. */
static hem_status check_known(const char *path, const hem__classes *classes, hem_error *err)
{
    names list;
    HEM_TRY(list_folder(path, &list, err));
    hem_status status = check_folders(path, &list, err);
    for (size_t i = 0; i < list.n && status == HEM_OK; i++) {
        int c = 0;
        while (c < classes->n && strcmp(classes->names[c], list.items[i]) != 0)
            c++;
        if (c == classes->n) {
            hem__fail_at(err, HEM_ERR_DATA, path, 0, 0,
                         "the class '%s' is none of the %d classes of the training images",
                         list.items[i], classes->n);
            status = hem__hint(err, "a class's folder must have the same name in train and here");
        }
    }
    release(&list);
    return status;
}

static hem_status gather(gathering *g, const hem__classes *classes, bool all, hem_error *err)
{
    HEM_TRY(check_known(g->path, classes, err));
    for (int c = 0; c < classes->n; c++) {
        char *folder = hem__path_join(g->path, classes->names[c]);
        if (folder == NULL)
            return hem__fail_memory(err, g->path, strlen(g->path));
        bool there = all || hem__is_directory(folder);
        hem_status status = there ? read_class(g, folder, c, err) : HEM_OK;
        free(folder);
        HEM_TRY(status);
    }
    if (g->all.n > 0)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_DATA, g->path, 0, 0, "the folder holds no class's folder");
    return hem__hint(err, "put the images of each class into a folder of its name");
}

hem_status hem__folder_read(const char *path, const hem__classes *classes, bool all, hem__pair *out,
                            hem_error *err)
{
    gathering g = {.path = path};
    *out = (hem__pair){0};
    hem_status status = gather(&g, classes, all, err);
    if (status == HEM_OK)
        status = hem__pair_make(&g.all, g.labels, path, path, out, err);
    free(g.all.pixels);
    free(g.labels);
    free(g.first);
    if (status != HEM_OK)
        hem__pair_release(out);
    return status;
}

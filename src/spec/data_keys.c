/* The keys of data that is not IDX: CSV, folders of images, NumPy's arrays; and of validation files
 * of their own. */
#include "spec/keys.h"

/* ---- data ----------------------------------------------------------------------------------- */

#define FIELD(member) .offset = offsetof(hem__data_spec, member)
#define PATH_KEY(key_name, member, text)                                                           \
    {                                                                                              \
        .name = (key_name), .type = HEM__KEY_TEXT, FIELD(member), .max = 4000, .help = (text),     \
    }

static const hem__word automatic[] = {{"auto", 0}, {NULL, 0}};
static const hem__word header_words[] = {
    {"auto", HEM__HEADER_AUTO},
    {"true", HEM__HEADER_YES},
    {"false", HEM__HEADER_NO},
    {NULL, 0},
};
static const hem__word grey_or_colour[] = {{"1", 1}, {"3", 3}, {NULL, 0}};

const hem__key hem__labels_keys[] = {
    {
        .name = "from",
        .type = HEM__KEY_INT,
        FIELD(label_from),
        .min = 0,
        .max = 1000,
        .fallback = "0",
        .help = "The label of the first class; 1 where labels are 1 to 10.",
    },
    {.name = NULL},
};

const hem__key hem__csv_keys[] = {
    PATH_KEY("train", csv.train, "File of the training images, plain or gzip; one image a row."),
    PATH_KEY("test", csv.test, "File of the test images, of the same columns."),
    {
        .name = "label",
        .type = HEM__KEY_TEXT,
        FIELD(csv.label),
        .max = 200,
        .fallback = "first",
        .help = "The column of the label: first, last, or its name in the header.",
    },
    {
        .name = "header",
        .type = HEM__KEY_INT,
        FIELD(csv.header),
        .words = header_words,
        .fallback = "auto",
        .help = "Is the first line one of names? auto: yes, if its first two cells are no numbers.",
    },
    {
        .name = "height",
        .type = HEM__KEY_INT,
        FIELD(csv.height),
        .min = 1,
        .max = 65536,
        .words = automatic,
        .fallback = "auto",
        .help = "Rows of pixels; auto: what the width leaves, or a square.",
    },
    {
        .name = "width",
        .type = HEM__KEY_INT,
        FIELD(csv.width),
        .min = 1,
        .max = 65536,
        .words = automatic,
        .fallback = "auto",
        .help = "Pixels in a row; auto: what the height leaves, or a square.",
    },
    {
        .name = "channels",
        .type = HEM__KEY_INT,
        FIELD(csv.channels),
        .words = grey_or_colour,
        .fallback = "1",
        .help = "1 = grey; 3 = red, green and blue of a pixel side by side.",
    },
    {.name = NULL},
};

const hem__key hem__image_folder =
    PATH_KEY("images", directory,
             "Folder that holds train/CLASS/FILE and test/CLASS/FILE; relative to the working "
             "directory.");

const hem__key hem__npz_file =
    PATH_KEY("npz", directory,
             "File with x_train, y_train, x_test and y_test, or train_images, train_labels, "
             "test_images and test_labels.");

const hem__key hem__npy_keys[] = {
    PATH_KEY("train_images", npy[0], "uint8 of (images, height, width) or with channels behind."),
    PATH_KEY("train_labels", npy[1], "Whole numbers of (images)."),
    PATH_KEY("test_images", npy[2], "As train_images."),
    PATH_KEY("test_labels", npy[3], "As train_labels."),
    {.name = NULL},
};

/* ---- validation ----------------------------------------------------------------------------- */

#undef FIELD
#define FIELD(member) .offset = offsetof(hem__validation_spec, member)
#define OPTIONAL_KEY(key_name, member, text)                                                       \
    {                                                                                              \
        .name = (key_name), .type = HEM__KEY_TEXT, FIELD(member), .max = 4000, .fallback = "",     \
        .help = (text),                                                                            \
    }

const hem__key hem__validation_files_keys[] = {
    OPTIONAL_KEY("path", path,
                 "A CSV file, a folder of folders of images, an .npz file, or a folder with "
                 "train-images-idx3-ubyte and train-labels-idx1-ubyte: what the data is."),
    OPTIONAL_KEY("images", images,
                 "The images' IDX or .npy file; of npz: the array's name, as x_val."),
    OPTIONAL_KEY("labels", labels,
                 "The labels' IDX or .npy file; of npz: the array's name, as y_val."),
    {.name = NULL},
};

/* What `files` must say for each kind of data, NULL where all is well. */
static const char *wrong_files(const hem_spec *spec)
{
    const hem__validation_spec *v = &spec->validation;
    bool path = v->path != NULL, pair = v->images != NULL && v->labels != NULL;
    bool one = !pair && (v->images != NULL || v->labels != NULL), none = !pair && !one;
    switch (spec->data.kind) {
    case HEM__DATA_CSV:
        return path && none ? NULL : "validation: {files: FILE.csv}";
    case HEM__DATA_IMAGES:
        return path && none ? NULL : "validation: {files: FOLDER}";
    case HEM__DATA_NPY:
        return !path && pair ? NULL : "validation: {files: {images: X.npy, labels: Y.npy}}";
    case HEM__DATA_NPZ:
        return !one && (path || pair) ? NULL
                                      : "validation: {files: {images: x_val, labels: y_val}}";
    case HEM__DATA_FASHION_MNIST:
    case HEM__DATA_IDX:
        return path ? (none ? NULL : "validation: {files: FOLDER}")
                    : (pair ? NULL : "validation: {files: {images: FILE, labels: FILE}}");
    case HEM__DATA_SYNTHETIC:
        break;
    }
    return "validation: {fraction: 0.2}: the images are drawn, not read from files";
}

hem_status hem__data_spec_check(const hem_spec *spec, hem_error *err)
{
    if (spec->validation.kind != HEM__VALIDATION_FILES)
        return HEM_OK;
    const char *right = wrong_files(spec);
    if (right == NULL)
        return HEM_OK;
    hem__spec_fail(spec, spec->validation.at, err, "these validation files do not fit the data");
    return hem__hint(err, "write %s", right);
}

/* The tables of data and of validation. keys.h says how to read a row. */
#include "spec/keys.h"

static const hem__word automatic[] = {{"auto", 0}, {NULL, 0}};
static const hem__word no_or_yes[] = {{"false", false}, {"true", true}, {NULL, 0}};

/* ---- data ----------------------------------------------------------------------------------- */

#define FIELD(member) .offset = offsetof(hem__data_spec, member)
#define PATH_KEY(key_name, member, text)                                                           \
    {                                                                                              \
        .name = (key_name), .type = HEM__KEY_TEXT, FIELD(member), .max = 4000, .help = (text),     \
    }

static const hem__word header_words[] = {
    {"auto", HEM__HEADER_AUTO},
    {"true", HEM__HEADER_YES},
    {"false", HEM__HEADER_NO},
    {NULL, 0},
};
static const hem__word grey_or_colour[] = {{"1", 1}, {"3", 3}, {NULL, 0}};

static const hem__key labels_keys[] = {
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

static const hem__key csv_keys[] = {
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

static const hem__key image_folder =
    PATH_KEY("images", directory,
             "Folder that holds train/CLASS/FILE and test/CLASS/FILE; relative to the working "
             "directory.");

static const hem__key npz_file =
    PATH_KEY("npz", directory,
             "File with x_train, y_train, x_test and y_test, or train_images, train_labels, "
             "test_images and test_labels.");

static const hem__key npy_keys[] = {
    PATH_KEY("train_images", npy[0], "uint8 of (images, height, width) or with channels behind."),
    PATH_KEY("train_labels", npy[1], "Whole numbers of (images)."),
    PATH_KEY("test_images", npy[2], "As train_images."),
    PATH_KEY("test_labels", npy[3], "As train_labels."),
    {.name = NULL},
};

static const hem__key idx_directory = {
    .name = "idx",
    .type = HEM__KEY_TEXT,
    FIELD(directory),
    .max = 4000,
    .help = "Folder with the four IDX files, plain or .gz; relative to the working directory.",
};

static const hem__word known_data[] = {{"any", 0}, {"fashion-mnist", 1}, {"mnist", 2}, {NULL, 0}};
static const hem__key known_beside[] = {
    {
        .name = "expect",
        .type = HEM__KEY_TEXT,
        FIELD(expect),
        .words = known_data,
        .fallback = "any",
        .help = "Refuse files that are not this data set.",
    },
    {
        .name = "classes",
        .type = HEM__KEY_INT,
        FIELD(classes),
        .min = 2,
        .max = 256,
        .words = automatic,
        .fallback = "auto",
        .help = "How many there are; auto: as a known set says, or the largest training label + 1.",
    },
    {
        .name = "labels",
        .type = HEM__KEY_MAP,
        .keys = labels_keys, /* fills the same struct: offset 0 */
        .fallback = "",
        .help = "How labels are counted.",
    },
    {.name = NULL},
};

static const hem__key synthetic_keys[] = {
    {
        .name = "train",
        .type = HEM__KEY_INT,
        FIELD(synthetic.train),
        .min = 1,
        .max = 10000000,
        .fallback = "6000",
        .help = "Images in the training files; validation is cut from them.",
    },
    {
        .name = "test",
        .type = HEM__KEY_INT,
        FIELD(synthetic.test),
        .min = 1,
        .max = 10000000,
        .fallback = "1000",
        .help = "Images in the test files.",
    },
    {
        .name = "height",
        .type = HEM__KEY_INT,
        FIELD(synthetic.height),
        .min = 8,
        .max = 4096,
        .fallback = "28",
        .help = "Rows of pixels of every image.",
    },
    {
        .name = "width",
        .type = HEM__KEY_INT,
        FIELD(synthetic.width),
        .min = 8,
        .max = 4096,
        .fallback = "28",
        .help = "Pixels in a row.",
    },
    {
        .name = "channels",
        .type = HEM__KEY_INT,
        FIELD(synthetic.channels),
        .words = grey_or_colour,
        .fallback = "1",
        .help = "1 = grey, 3 = red, green and blue.",
    },
    {
        .name = "classes",
        .type = HEM__KEY_INT,
        FIELD(synthetic.classes),
        .min = 2,
        .max = 10,
        .fallback = "10",
        .help = "How many of the ten shapes are drawn.",
    },
    {
        .name = "seed",
        .type = HEM__KEY_SEED,
        FIELD(synthetic.seed),
        .fallback = "0",
        .help = "Another seed draws other images.",
    },
    {.name = NULL},
};

static const hem__alternative data_alternatives[] = {
    {
        .name = "fashion-mnist",
        .kind = HEM__DATA_FASHION_MNIST,
        .example = "data: fashion-mnist",
        .help =
            "60,000 + 10,000 grey images of clothes, 28x28, 10 classes; found by the search order.",
    },
    {
        .name = "idx",
        .kind = HEM__DATA_IDX,
        .value = &idx_directory,
        .beside = known_beside,
        .example = "data: {idx: my/folder}",
        .help = "IDX files of your own.",
    },
    {
        .name = "synthetic",
        .kind = HEM__DATA_SYNTHETIC,
        .keys = synthetic_keys,
        .example = "data: {synthetic: {train: 6000}}",
        .help = "Simple shapes that hemline draws, where no file can be had.",
    },
    {
        .name = "csv",
        .kind = HEM__DATA_CSV,
        .keys = csv_keys,
        .beside = known_beside,
        .example = "data: {csv: {train: fashion-mnist_train.csv, test: fashion-mnist_test.csv}}",
        .help = "Text files with a row of pixels 0..255 and a label for each image, as Kaggle's.",
    },
    {
        .name = "images",
        .kind = HEM__DATA_IMAGES,
        .value = &image_folder,
        .example = "data: {images: my/folder}",
        .help =
            "PNG, JPEG, PGM or PPM files in a folder for each class, in folders train and test.",
    },
    {
        .name = "npz",
        .kind = HEM__DATA_NPZ,
        .value = &npz_file,
        .beside = known_beside,
        .example = "data: {npz: fashion-mnist.npz}",
        .help = "NumPy arrays in one file, as Keras keeps its data sets.",
    },
    {
        .name = "npy",
        .kind = HEM__DATA_NPY,
        .keys = npy_keys,
        .beside = known_beside,
        .example = "data: {npy: {train_images: a.npy, train_labels: b.npy, test_images: c.npy, "
                   "test_labels: d.npy}}",
        .help = "NumPy arrays in a file each.",
    },
    {.name = NULL},
};

const hem__choice hem__data_choice = {
    .noun = "data",
    .kind = offsetof(hem__data_spec, kind),
    .at = offsetof(hem__data_spec, at),
    .alternatives = data_alternatives,
};

/* ---- validation ----------------------------------------------------------------------------- */

#undef FIELD
#define FIELD(member) .offset = offsetof(hem__validation_spec, member)
#define OPTIONAL_KEY(key_name, member, text)                                                       \
    {                                                                                              \
        .name = (key_name), .type = HEM__KEY_TEXT, FIELD(member), .max = 4000, .fallback = "",     \
        .help = (text),                                                                            \
    }

static const hem__key validation_files_keys[] = {
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

static const hem__key first_count = {
    .name = "first",
    .type = HEM__KEY_INT,
    FIELD(count),
    .min = 1,
    .max = 1000000000,
    .help = "How many images.",
};
static const hem__key last_count = {
    .name = "last",
    .type = HEM__KEY_INT,
    FIELD(count),
    .min = 1,
    .max = 1000000000,
    .help = "How many images.",
};
static const hem__key fraction_part = {
    .name = "fraction",
    .type = HEM__KEY_REAL,
    FIELD(fraction),
    .min = 0,
    .max = 1,
    .above_min = true,
    .below_max = true,
    .help = "Which part of the images.",
};
static const hem__key fraction_beside[] = {
    {
        .name = "stratify",
        .type = HEM__KEY_BOOL,
        FIELD(stratify),
        .words = no_or_yes,
        .fallback = "false",
        .help = "Take the same part of every class, to within one image.",
    },
    {
        .name = "seed",
        .type = HEM__KEY_SEED,
        FIELD(seed),
        .fallback = "0",
        .help = "The split's own seed: runs with other training seeds keep the same split.",
    },
    {.name = NULL},
};

static const hem__key fold_number = {
    .name = "fold",
    .type = HEM__KEY_INT,
    FIELD(fold),
    .min = 1,
    .max = 1000000000,
    .help = "Which fold, counted from 1.",
};
static const hem__key fold_beside[] = {
    {
        .name = "of",
        .type = HEM__KEY_INT,
        FIELD(folds),
        .min = 2,
        .max = 1000000000,
        .help = "How many folds the images are cut into.",
    },
    {
        .name = "stratify",
        .type = HEM__KEY_BOOL,
        FIELD(stratify),
        .words = no_or_yes,
        .fallback = "false",
        .help = "Every fold gets its share of every class.",
    },
    {
        .name = "seed",
        .type = HEM__KEY_SEED,
        FIELD(seed),
        .fallback = "0",
        .help = "Of the shuffle before the cut: all folds of one seed fit together.",
    },
    {.name = NULL},
};

static const hem__alternative validation_alternatives[] = {
    {
        .name = "none",
        .kind = HEM__VALIDATION_NONE,
        .example = "validation: none",
        .help = "Train on every training image.",
    },
    {
        .name = "first",
        .kind = HEM__VALIDATION_FIRST,
        .value = &first_count,
        .example = "validation: {first: 5000}",
        .help = "The first images of the training files.",
    },
    {
        .name = "last",
        .kind = HEM__VALIDATION_LAST,
        .value = &last_count,
        .example = "validation: {last: 5000}",
        .help = "The last images of the training files.",
    },
    {
        .name = "fraction",
        .kind = HEM__VALIDATION_FRACTION,
        .value = &fraction_part,
        .beside = fraction_beside,
        .example = "validation: {fraction: 0.2, seed: 0}",
        .help = "Images drawn at random.",
    },
    {
        .name = "fold",
        .kind = HEM__VALIDATION_FOLD,
        .value = &fold_number,
        .beside = fold_beside,
        .example = "validation: {fold: 1, of: 5}",
        .help = "One fold of a cross-validation; 'hemline kfold' runs them all.",
    },
    {
        .name = "files",
        .kind = HEM__VALIDATION_FILES,
        .value = &validation_files_keys[0],
        .keys = validation_files_keys,
        .example = "validation: {files: my/validation.csv}",
        .help = "Files of their own, of the data's kind; all training images train.",
    },
    {.name = NULL},
};

const hem__choice hem__validation_choice = {
    .noun = "validation",
    .kind = offsetof(hem__validation_spec, kind),
    .at = offsetof(hem__validation_spec, at),
    .alternatives = validation_alternatives,
};

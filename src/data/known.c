/* Known data sets: names, classes, sizes and hashes of the unpacked files. */
#include "data/known.h"

#include <string.h>

static const char *const fashion_classes[] = {"T-shirt/top", "Trouser",   "Pullover", "Dress",
                                              "Coat",        "Sandal",    "Shirt",    "Sneaker",
                                              "Bag",         "Ankle boot"};

static const char *const digits[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

/* Han Xiao, Kashif Rasul, Roland Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking
 * machine learning algorithms", 2017. The publisher's address has no https; what comes from it is
 * checked by its hash. */
static const hem__known fashion_mnist = {
    .name = "fashion-mnist",
    .title = "Fashion-MNIST",
    .url = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    .n_classes = 10,
    .class_names = fashion_classes,
    .files = {{47040016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
               UINT64_C(0xca72265d7c26283b)},
              {60008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
               UINT64_C(0x775518db990ebf87)},
              {7840016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
               UINT64_C(0xa60baf710224b311)},
              {10008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
               UINT64_C(0x20515cb4512a5b03)}},
};

/* Yann LeCun, Corinna Cortes, Christopher Burges, "The MNIST database of handwritten digits". Here
 * so that it is recognized where Fashion-MNIST was meant: the files have the same names. */
static const hem__known mnist = {
    .name = "mnist",
    .title = "MNIST",
    .url = NULL,
    .n_classes = 10,
    .class_names = digits,
    .files = {{47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db", 0},
              {60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5", 0},
              {7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7", 0},
              {10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2", 0}},
};

const hem__known *const hem__known_sets[] = {&fashion_mnist, &mnist, NULL};

const hem__known *hem__known_by_name(const char *name)
{
    for (size_t i = 0; name != NULL && hem__known_sets[i] != NULL; i++) {
        if (strcmp(hem__known_sets[i]->name, name) == 0)
            return hem__known_sets[i];
    }
    return NULL;
}

const hem__known *hem__known_by_hash(int which, const char *sha256)
{
    for (size_t i = 0; hem__known_sets[i] != NULL; i++) {
        if (strcmp(hem__known_sets[i]->files[which].sha256, sha256) == 0)
            return hem__known_sets[i];
    }
    return NULL;
}

const char *hem__known_role(int which)
{
    static const char *const roles[HEM__N_FILES] = {"training images", "training labels",
                                                    "test images", "test labels"};
    return roles[which];
}

const char *hem__known_filename(int which)
{
    static const char *const names[HEM__N_FILES] = {
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte"};
    return names[which];
}

/* hemline show: pictures. */
#include <limits.h>
#include <string.h>

#include "help.h"
#include "nearest.h"
#include "show.h"

show_options show = {.split = HEM_TEST};

typedef struct what {
    const char *name;
    hem_status (*run)(session *s, char *const *names, int n, hem_error *err);
    int least, most; /* arguments behind the name */
    const char *needs;
    const char *options; /* of the picture's own options those that it has */
} what;

static const what whats[] = {
    {"data", show_data, 0, 1, NULL, "count per-class split scale set"},
    {"augment", show_augment, 1, 1, "an experiment file or a run directory",
     "count split epochs scale set"},
    {"filters", show_filters, 1, 2, "a run directory or a model file", "count each scale set"},
    {"features", show_features, 1, 2, "a run directory or a model file",
     "count image each scale set"},
    {"saliency", show_saliency, 1, 1, "a run directory or a model file", "image class scale set"},
    {"mistakes", show_mistakes, 1, 1, "a run directory or a model file",
     "count split by scale set"},
    {"confusion", show_confusion, 1, 1, "a run directory or a model file", "split"},
    {"curves", show_curves, 1, INT_MAX - 1, "a run directory, or several", ""},
    {"folds", show_folds, 1, INT_MAX - 1, "the folder of a study, or several", ""},
    {"network", show_network, 1, 1, "an experiment file or a run directory", "times set"},
    {"lrfind", show_lrfind, 1, 1, "an experiment file", "set"},
    {"activations", show_activations, 0, INT_MAX - 1, NULL, ""},
};

static const what *find(const char *name)
{
    for (size_t i = 0; i < COUNT(whats); i++)
        if (strcmp(whats[i].name, name) == 0)
            return &whats[i];
    return NULL;
}

static int unknown(const char *name)
{
    nearest search = nearest_to(name);
    const char *all = "";
    for (size_t i = 0; i < COUNT(whats); i++) {
        nearest_try(&search, whats[i].name);
        const char *between = i == 0 ? "" : i + 1 == COUNT(whats) ? " and " : ", ";
        all = text("%s%s%s", all, between, whats[i].name);
    }
    return usage_error(search.best != NULL ? text("did you mean '%s'?", search.best)
                                           : text("there are %s", all),
                       "there is no picture '%s'", name);
}

/* Whether a word is in a list of words. */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = strstr(list, word); at != NULL; at = strstr(at + 1, word))
        if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

/* The first option that was given and that the picture does not have; NULL = none. */
static const char *wrong_option(const what *w)
{
    const struct {
        const char *name;
        bool given;
    } all[] = {
        {"count", show.count > 0},     {"per-class", show.per_class > 0}, {"split", show.has_split},
        {"image", show.image != NULL}, {"class", show.of_class != NULL},  {"each", show.each},
        {"times", show.times},         {"epochs", show.epochs > 0},       {"by", show.has_by},
        {"scale", show.scale > 0},     {"set", common.set.n > 0}};
    for (size_t i = 0; i < COUNT(all); i++)
        if (all[i].given && !has_word(w->options, all[i].name))
            return all[i].name;
    return NULL;
}

static int refuse_option(const what *w, const char *name)
{
    const char *those = "";
    for (size_t i = 0; i < COUNT(whats); i++)
        if (has_word(whats[i].options, name))
            those = text("%s%s%s", those, those[0] != '\0' ? ", " : "", whats[i].name);
    return usage_error(text("it is for: %s", those), "'hemline show %s' has no option --%s",
                       w->name, name);
}

static int run_show(char *const *names, int n)
{
    extern const command command_show;
    if (n < 1)
        return help_missing(&command_show, "the name of a picture");
    const what *w = find(names[0]);
    if (w == NULL)
        return unknown(names[0]);
    if (n - 1 < w->least)
        return usage_error("'hemline help show' has the forms", "'hemline show %s' needs %s",
                           w->name, w->needs);
    if (n - 1 > w->most)
        return usage_error("'hemline help show' has the forms",
                           "'hemline show %s' takes no argument '%s'", w->name, names[w->most + 1]);
    const char *wrong = wrong_option(w);
    if (wrong != NULL)
        return refuse_option(w, wrong);
    session s = {0};
    hem_error err = {.status = HEM_OK};
    hem_status status = HEM_OK;
    if (show.out != NULL)
        status = hem_picture_check_name(show.out, &err);
    if (status == HEM_OK)
        status = w->run(&s, names + 1, n - 1, &err);
    session_close(&s);
    /* What out_json() could not write, it has said itself. */
    return status == HEM_OK || err.status == HEM_OK ? (int)status : report(&err);
}

static const char *const orders[] = {"loss", "confidence", "cell", NULL};

static const option options[] = {
    {.name = "out",
     .letter = 'o',
     .kind = OPTION_TEXT,
     .value = "FILE",
     .target = &show.out,
     .help = "write a picture: .png, .svg or .pdf (default: draw in the terminal)"},
    {.name = "count",
     .kind = OPTION_INT,
     .value = "N",
     .target = &show.count,
     .low = 1,
     .high = HEM_SHEET_MOST,
     .help = "how many: images, filters or maps (default: data 9, augment 4, mistakes 20, "
             "filters and features 64)"},
    {.name = "per-class",
     .kind = OPTION_INT,
     .value = "N",
     .target = &show.per_class,
     .low = 1,
     .high = HEM_SHEET_MOST,
     .help = "data: the first N images of each class instead, a row a class"},
    {.name = "split",
     .kind = OPTION_CHOICE,
     .value = "PART",
     .target = &show.split,
     .given = &show.has_split,
     .choices = part_names,
     .help = "train, validation or test (default: data and augment train, else test; confusion "
             "both)"},
    {.name = "image",
     .kind = OPTION_TEXT,
     .value = "IMAGE",
     .target = &show.image,
     .help = "features, saliency: PART:INDEX, e.g. test:1510, or an image file (default: test:0)"},
    {.name = "class",
     .kind = OPTION_TEXT,
     .value = "CLASS",
     .target = &show.of_class,
     .help = "saliency: name or number of the class (default: the predicted one)"},
    {.name = "each",
     .kind = OPTION_FLAG,
     .target = &show.each,
     .help = "filters, features: scale each map by its own smallest and largest number"},
    {.name = "epochs",
     .kind = OPTION_INT,
     .value = "N",
     .target = &show.epochs,
     .low = 1,
     .high = 100,
     .help = "augment: how many epochs' versions of each image (default: 8)"},
    {.name = "by",
     .kind = OPTION_CHOICE,
     .value = "ORDER",
     .target = &show.by,
     .given = &show.has_by,
     .choices = orders,
     .help = "mistakes: loss (worst first, the default), confidence (of the wrong class), or cell "
             "(the most frequent confusions, a row each)"},
    {.name = "times",
     .kind = OPTION_FLAG,
     .target = &show.times,
     .help = "network: the time of each layer too, measured now on the test images"},
    {.name = "scale",
     .kind = OPTION_INT,
     .value = "N",
     .target = &show.scale,
     .low = 1,
     .high = 64,
     .help =
         "size of an image's pixel: N in SVG and PDF, 2 N pixels in PNG (default: by its size)"},
    OPTION_SET,
    OPTION_DATA,
    OPTION_THREADS,
    OPTION_JSON,
    OPTION_QUIET,
};

static const char *const usage[] = {
    "data [FILE|RUN|NAME] [--count N | --per-class N]",
    "augment FILE|RUN",
    "filters [LAYER] FILE|RUN",
    "features [LAYER] FILE|RUN --image PART:INDEX",
    "saliency FILE|RUN --image PART:INDEX [--class CLASS]",
    "mistakes RUN [--by ORDER]",
    "confusion RUN [--split PART]",
    "curves RUN...",
    "folds STUDY...",
    "network FILE|RUN [--times]",
    "lrfind FILE",
    "activations [NAME...]",
    NULL,
};

static const char *const examples[] = {
    "show data --count 25",
    "the first 25 training images of Fashion-MNIST, in the terminal",
    "show features conv1 runs/two-conv-s0-1 --image test:1510 -o maps.png",
    "what the first convolution makes of a test image",
    "show curves runs/slow runs/good runs/fast -o rates.pdf",
    "loss and accuracy of three runs, overlaid",
    NULL,
};

extern const command command_show;
const command command_show = {
    .name = "show",
    .summary = "pictures of data, networks and results",
    .usage = usage,
    .details =
        "FILE is an experiment, whose network has its initial weights; RUN a run directory or\n"
        "a model file. data also takes 'fashion-mnist' (the default) and 'synthetic'.\n"
        "Filters and feature maps are grey, smallest number black, largest white; LAYER is\n"
        "a name that 'hemline summary' lists (default: the first that has filters, or the\n"
        "first). saliency is the gradient of a class's score with respect to the image.\n"
        "confusion shows test and training images; curves and folds take studies too, whose\n"
        "seeds and folds they show together. --json prints the numbers shown.\n"
        "docs/gallery.md shows one of each.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = INT_MAX,
    .run = run_show,
};

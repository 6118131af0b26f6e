/* hemline summary: layers, shapes, parameters and work of a network, before or after training. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "help.h"
#include "table.h"

static struct {
    bool resolved, plan;
} arguments;

static const char *shape_text(hem_layer_info layer)
{
    if (layer.height == 1 && layer.width == 1)
        return text("%d", layer.channels);
    return text("%dx%dx%d", layer.channels, layer.height, layer.width);
}

static void print_text(const hem_net *net)
{
    hem_net_info info = hem_net_get_info(net);
    table *t = table_new("llrrr");
    static const char *const heading[] = {"layer", "what it does", "output", "parameters",
                                          "multiply-adds"};
    for (size_t i = 0; i < COUNT(heading); i++)
        table_cell(t, "%s", heading[i]);
    for (size_t i = 0; i < info.n_layers; i++) {
        hem_layer_info layer = hem_net_layer(net, i);
        table_cell(t, "%s", layer.name);
        table_cell(t, "%s", layer.kind);
        table_cell(t, "%s", shape_text(layer));
        table_cell(t, "%s", layer.parameters > 0 ? grouped(layer.parameters) : "");
        table_cell(t, "%s", layer.macs > 0 ? grouped(layer.macs) : "");
    }
    table_rule(t);
    table_cell(t, "total");
    table_cell(t, "%s", "");
    table_cell(t, "%s", "");
    table_cell(t, "%s", grouped(info.parameters));
    table_cell(t, "%s", grouped(info.macs));
    table_print(t);

    out("\n%-14s %s, %d classes (%s)\n", "images",
        size_text(info.height, info.width, info.channels), info.n_classes,
        plain_text(info.data_name));
    out("%-14s %s an image; %s without those on padding\n", "multiply-adds", grouped(info.macs),
        grouped(info.useful_macs));
    if (info.fixed > 0)
        out("%-14s %s trained; %s fixed: frozen, or running means and variances\n", "parameters",
            grouped(info.parameters - info.fixed), grouped(info.fixed));
    out("%-14s %s of weights; training takes about %s\n", "memory", bytes_text(info.weight_bytes),
        bytes_text(info.training_bytes));
}

/* Rows of a convolution: the algorithms that its shape allows. */
static void add_algorithms(table *t, const hem_net *net, size_t index)
{
    const hem_layer_info layer = hem_net_layer(net, index);
    const double direct = hem_net_algorithm(net, index, 0).cost;
    for (size_t a = 0; a < hem_algorithm_count(); a++) {
        hem_algorithm_info algorithm = hem_net_algorithm(net, index, a);
        if (isinf(algorithm.cost))
            continue;
        table_cell(t, "%s", a == 0 ? layer.name : "");
        table_cell(t, "%s", a == 0 ? layer.kind : "");
        table_cell(t, "%s %s", algorithm.chosen ? "*" : " ", algorithm.name);
        table_cell(t, "%s", grouped((size_t)(algorithm.cost + 0.5)));
        table_cell(t, "%.2f", algorithm.cost / direct);
    }
}

/* Convolutions that inference runs together with the pooling behind them. */
static void print_pooled(const hem_net *net)
{
    const size_t n_layers = hem_net_get_info(net).n_layers;
    size_t n = 0;
    for (size_t i = 0; i < n_layers; i++) {
        hem_layer_info layer = hem_net_layer(net, i);
        if (layer.pooled_by == NULL)
            continue;
        if (n++ == 0)
            out("\nIn inference rows are pooled as soon as they are made, and the map between is\n"
                "never whole:");
        out("%s %s with %s", n > 1 ? "," : "", layer.name, layer.pooled_by);
    }
    if (n > 0)
        out("\n");
}

static void print_plan(const hem_net *net)
{
    static const char *const heading[] = {"layer", "what it does", "  algorithm", "cost",
                                          "to direct"};
    const size_t n_layers = hem_net_get_info(net).n_layers;
    size_t n = 0;
    table *t = table_new("lllrr");
    for (size_t i = 0; i < COUNT(heading); i++)
        table_cell(t, "%s", heading[i]);
    for (size_t i = 0; i < n_layers; i++) {
        if (hem_net_layer(net, i).algorithm == NULL)
            continue;
        add_algorithms(t, net, i);
        n++;
    }
    if (n == 0) {
        table_drop(t);
        out("no convolution, and all other layers have one algorithm\n");
        return;
    }
    table_print(t);
    out("\n* taken: the one of the least cost. Cost: of a pass over an image, by the model of\n"
        "docs/numerics.md, in multiply-adds that take the direct algorithm as long, with a\n"
        "margin for Winograd's, which round more. It depends on the shape alone; 'hemline\n"
        "bench' measures what is taken.\n");
    print_pooled(net);
}

static json_t *algorithms_json(const hem_net *net, size_t layer)
{
    json_t *array = need(json_array());
    for (size_t a = 0; a < hem_algorithm_count(); a++) {
        hem_algorithm_info algorithm = hem_net_algorithm(net, layer, a);
        json_t *item = need(json_object());
        json_put(item, "name", json_text(algorithm.name));
        json_put(item, "cost", isinf(algorithm.cost) ? json_null() : json_number(algorithm.cost));
        json_put(item, "chosen", json_boolean(algorithm.chosen));
        json_add(array, item);
    }
    return array;
}

static int print_json(const char *path, const hem_net *net)
{
    hem_net_info info = hem_net_get_info(net);
    json_t *object = need(json_object());
    json_put(object, "network", json_text(path));
    json_put(object, "data", json_text(info.data_name));
    json_put(object, "height", json_integer(info.height));
    json_put(object, "width", json_integer(info.width));
    json_put(object, "channels", json_integer(info.channels));
    json_put(object, "n_classes", json_integer(info.n_classes));
    json_t *layers = need(json_array());
    for (size_t i = 0; i < info.n_layers; i++) {
        hem_layer_info layer = hem_net_layer(net, i);
        json_t *item = need(json_object());
        json_put(item, "name", json_text(layer.name));
        json_put(item, "kind", json_text(layer.kind));
        json_t *shape = need(json_array());
        json_add(shape, json_integer(layer.channels));
        json_add(shape, json_integer(layer.height));
        json_add(shape, json_integer(layer.width));
        json_put(item, "output", shape);
        json_put(item, "parameters", json_count(layer.parameters));
        json_put(item, "fixed_parameters", json_count(layer.fixed));
        json_put(item, "multiply_adds", json_count(layer.macs));
        json_put(item, "useful_multiply_adds", json_count(layer.useful_macs));
        json_put(item, "algorithm",
                 layer.algorithm != NULL ? json_text(layer.algorithm) : json_null());
        if (arguments.plan && layer.algorithm != NULL) {
            json_put(item, "algorithms", algorithms_json(net, i));
            json_put(item, "pooled_by",
                     layer.pooled_by != NULL ? json_text(layer.pooled_by) : json_null());
        }
        json_add(layers, item);
    }
    json_put(object, "layers", layers);
    json_put(object, "parameters", json_count(info.parameters));
    json_put(object, "fixed_parameters", json_count(info.fixed));
    json_put(object, "multiply_adds", json_count(info.macs));
    json_put(object, "useful_multiply_adds", json_count(info.useful_macs));
    json_put(object, "weight_bytes", json_count(info.weight_bytes));
    json_put(object, "training_bytes", json_count(info.training_bytes));
    return out_json(object);
}

static int print_resolved(const hem_spec *spec)
{
    char *yaml = need(hem_spec_resolved(spec));
    int code = HEM_OK;
    if (common.json) {
        json_t *object = need(json_object());
        json_put(object, "experiment", json_text(yaml));
        code = out_json(object);
    } else {
        out("%s", yaml);
    }
    free(yaml);
    return code;
}

/* Neither data nor network are needed for an experiment file's own content. */
static hem_status open_for_summary(session *s, const char *path, hem_error *err)
{
    if (arguments.resolved && !looks_like_model(path))
        return hem_spec_load(path, common.set.items, common.set.n, &s->spec, err);
    return session_network(s, path, NULL, false, err);
}

static int run_summary(char *const *paths, int n)
{
    extern const command command_summary;
    if (n < 1)
        return help_missing(&command_summary, "an experiment file or a model");
    if (arguments.resolved && arguments.plan)
        return usage_error("choose one", "--resolved and --plan exclude each other");
    session s = {0};
    hem_error err;
    int code = HEM_OK;
    if (open_for_summary(&s, paths[0], &err) != HEM_OK)
        code = report(&err);
    else if (arguments.resolved)
        code = print_resolved(s.net != NULL ? hem_net_spec(s.net) : s.spec);
    else if (common.json)
        code = print_json(paths[0], s.net);
    else if (arguments.plan)
        print_plan(s.net);
    else
        print_text(s.net);
    session_close(&s);
    return code;
}

static const option options[] = {
    {.name = "resolved",
     .kind = OPTION_FLAG,
     .target = &arguments.resolved,
     .help = "print the experiment instead, with all defaults written out"},
    {.name = "plan",
     .kind = OPTION_FLAG,
     .target = &arguments.plan,
     .help = "print the convolutions instead: the algorithms that could compute each, what they "
             "are estimated to cost, and which is taken"},
    OPTION_SET,
    OPTION_DATA,
    OPTION_JSON,
    OPTION_QUIET,
};

static const char *const usage[] = {"FILE|MODEL [options]", NULL};

static const char *const examples[] = {
    "summary mine.yaml",
    "layers, shapes and parameters",
    "summary mine.yaml --resolved",
    "the experiment with every default written out",
    "summary mine.yaml --plan",
    "how each convolution is computed, and why",
    NULL,
};

extern const command command_summary;
const command command_summary = {
    .name = "summary",
    .summary = "layers, output shapes, parameters and work of a network",
    .usage = usage,
    .details = "FILE is an experiment file, MODEL a model file or a run directory. Shapes are\n"
               "channels x height x width. Multiply-adds are for one image forward, padding\n"
               "counted. The size of the images comes from the data that the file names.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 1,
    .run = run_summary,
};

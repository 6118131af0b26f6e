/* Where the time of a network goes: rows of a profile as a table and as JSON. */
#include "bench_profile.h"

#include "table.h"

static const char *layer_name(const hem_net *net, const hem_profile_row *row)
{
    return row->layer == HEM_NO_LAYER ? "all" : hem_net_layer(net, row->layer).name;
}

/* How a convolution is computed; NULL for all else. */
static const char *algorithm_of(const hem_net *net, const hem_profile_row *row)
{
    return row->layer == HEM_NO_LAYER ? NULL : hem_net_layer(net, row->layer).algorithm;
}

/* A cell that is empty where there is nothing to say. */
static void cell_if(table *t, bool there, int decimals, double value, const char *unit)
{
    table_cell(t, "%s", there ? text("%.*f%s", decimals, value, unit) : "");
}

void bench_print_profile(const hem_net *net, const hem_profile *profile, double peak,
                         const char *what)
{
    static const char *const heading[] = {"layer",   "pass",    "us", "%",
                                          "GFLOP/s", "of peak", "MB", "GB/s"};
    const double runs = (double)profile->runs;
    out("\nWhere %s goes, mean of %s on every thread\n", what, grouped((size_t)profile->runs));
    table *t = table_new("llrrrrrr");
    for (size_t i = 0; i < COUNT(heading); i++)
        table_cell(t, "%s", heading[i]);
    for (size_t i = 0; i < profile->n_rows; i++) {
        const hem_profile_row *row = &profile->rows[i];
        const double gflops = 1e-9 * row->flops / row->seconds;
        const bool multiplies = row->flops > 0 && row->seconds > 0;
        const bool moves = row->bytes > 0 && row->seconds > 0;
        table_cell(t, "%s", layer_name(net, row));
        const char *algorithm = algorithm_of(net, row);
        table_cell(t, "%s%s%s", row->pass, algorithm ? ", " : "", algorithm ? algorithm : "");
        table_cell(t, "%.1f", 1e6 * row->seconds / runs);
        table_cell(t, "%.1f", 100 * row->seconds / profile->seconds);
        cell_if(t, multiplies, 1, gflops, "");
        cell_if(t, multiplies, 0, 100 * gflops / peak, " %");
        cell_if(t, moves, 3, 1e-6 * row->bytes / runs, "");
        cell_if(t, moves, 1, 1e-9 * row->bytes / row->seconds, "");
    }
    table_rule(t);
    table_cell(t, "total");
    table_cell(t, "%s", "");
    table_cell(t, "%.1f", 1e6 * profile->seconds / runs);
    for (int i = 0; i < 5; i++)
        table_cell(t, "%s", "");
    table_print(t);
}

json_t *bench_profile_json(const hem_net *net, const hem_profile *profile, double peak)
{
    json_t *rows = need(json_array());
    for (size_t i = 0; i < profile->n_rows; i++) {
        const hem_profile_row *row = &profile->rows[i];
        const double gflops = 1e-9 * row->flops / row->seconds;
        const char *algorithm = algorithm_of(net, row);
        bool all = row->layer == HEM_NO_LAYER;
        json_t *item = need(json_object());
        json_put(item, "layer", all ? json_null() : json_text(layer_name(net, row)));
        json_put(item, "pass", json_text(row->pass));
        json_put(item, "algorithm", algorithm ? json_text(algorithm) : json_null());
        json_put(item, "seconds", json_number(row->seconds));
        json_put(item, "share", json_number(row->seconds / profile->seconds));
        json_put(item, "flops", json_number(row->flops));
        json_put(item, "gflops", json_number(gflops));
        json_put(item, "percent_of_peak", json_number(100 * gflops / peak));
        json_put(item, "bytes", json_number(row->bytes));
        json_add(rows, item);
    }
    json_t *object = need(json_object());
    json_put(object, "runs", json_count((size_t)profile->runs));
    json_put(object, "images", json_count((size_t)profile->images));
    json_put(object, "seconds", json_number(profile->seconds));
    json_put(object, "rows", rows);
    return object;
}

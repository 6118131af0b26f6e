#include "gradcheck_reference.h"

#include <math.h>
#include <string.h>

#include "common.h"
#include "experiments.h"
#include "table.h"

/* As the report has it: eps 1e-2, and what differs by less than its square agrees. */
#define EPSILON 1e-2
#define NETWORK "dense-tanh.yaml"

enum { MOST = 64 };

typedef struct fact {
    const char *weight, *name;
    double analytic, numeric;
} fact;

typedef struct facts {
    fact items[MOST];
    size_t n;
    const char *list; /* "dense3.bias[0],..." for the check */
} facts;

static hem_status read_fact(const json_t *item, fact *out)
{
    const json_t *analytic = json_object_get(item, "analytic");
    const json_t *numeric = json_object_get(item, "numeric");
    *out = (fact){json_string_value(json_object_get(item, "weight")),
                  json_string_value(json_object_get(item, "name")), json_number_value(analytic),
                  json_number_value(numeric)};
    bool whole = out->weight && out->name && json_is_number(analytic) && json_is_number(numeric);
    return whole ? HEM_OK : HEM_ERR_USAGE;
}

static hem_status read_facts(const json_t *reference, const char *folder, facts *out,
                             hem_error *err)
{
    const json_t *list = json_object_get(reference, "gradient_check");
    static const char hint[] = "it comes with hemline: take a fresh copy";
    size_t n = json_array_size(list);
    if (n == 0 || n > MOST)
        return fail(err, HEM_ERR_USAGE, hint,
                    "'gradient_check' of %s/reference.json has %zu entries, allowed are 1 to %d",
                    plain_text(folder), n, MOST);
    out->list = "";
    for (out->n = 0; out->n < n; out->n++) {
        fact *f = &out->items[out->n];
        if (read_fact(json_array_get(list, out->n), f) != HEM_OK)
            return fail(err, HEM_ERR_USAGE, hint,
                        "entry %zu of 'gradient_check' of %s/reference.json needs 'weight', "
                        "'name', 'analytic' and 'numeric'",
                        out->n, plain_text(folder));
        out->list = text("%s%s%s", out->list, out->n > 0 ? "," : "", f->weight);
    }
    return HEM_OK;
}

static bool within(double a, double b)
{
    return fabs(a - b) <= EPSILON * EPSILON;
}

static void print_text(const char *path, const facts *f, const hem_gradcheck_result *r)
{
    out("network %s, %zu weights, epsilon %g, the first image of each class\n\n", plain_text(path),
        f->n, EPSILON);
    table *t = table_new("lrrlrrl");
    static const char *const heading[] = {"weight",  "backprop", "numeric",    "within 1e-4",
                                          "theirs:", "numeric",  "within 1e-4"};
    for (size_t i = 0; i < COUNT(heading); i++)
        table_cell(t, "%s", heading[i]);
    size_t ours_within = 0, theirs_within = 0;
    for (size_t i = 0; i < f->n; i++) {
        const fact *theirs = &f->items[i];
        const hem_gradcheck_row *ours = &r->rows[i];
        ours_within += within(ours->analytic, ours->numeric);
        theirs_within += within(theirs->analytic, theirs->numeric);
        table_cell(t, "%s", plain_text(theirs->name));
        table_cell(t, "%.8f", ours->analytic);
        table_cell(t, "%.8f", ours->numeric);
        table_cell(t, "%s", within(ours->analytic, ours->numeric) ? "yes" : "NO");
        table_cell(t, "%.8f", theirs->analytic);
        table_cell(t, "%.8f", theirs->numeric);
        table_cell(t, "%s", within(theirs->analytic, theirs->numeric) ? "yes" : "NO");
    }
    table_print(t);
    out("\nThe numbers of the two tables differ: they are gradients at other random weights\n"
        "and on other images. What agrees: backpropagation and the central difference\n"
        "give the same gradient, within epsilon squared, at %zu of %zu weights in ours and\n"
        "%zu of %zu in theirs.\n",
        ours_within, f->n, theirs_within, f->n);
}

static int print_json(const char *path, const facts *f, const hem_gradcheck_result *r, bool ok)
{
    json_t *object = need(json_object());
    json_put(object, "network", json_text(path));
    json_put(object, "ok", json_boolean(ok));
    json_put(object, "epsilon", json_number(EPSILON));
    json_put(object, "bound", json_number(EPSILON * EPSILON));
    json_put(object, "loss", json_number(r->loss));
    json_t *rows = need(json_array());
    for (size_t i = 0; i < f->n; i++) {
        const fact *theirs = &f->items[i];
        json_t *item = need(json_object());
        json_put(item, "weight", json_text(theirs->weight));
        json_put(item, "name", json_text(theirs->name));
        json_put(item, "backprop", json_number(r->rows[i].analytic));
        json_put(item, "numeric", json_number(r->rows[i].numeric));
        json_put(item, "within", json_boolean(within(r->rows[i].analytic, r->rows[i].numeric)));
        json_put(item, "reported_backprop", json_number(theirs->analytic));
        json_put(item, "reported_numeric", json_number(theirs->numeric));
        json_put(item, "reported_within", json_boolean(within(theirs->analytic, theirs->numeric)));
        json_add(rows, item);
    }
    json_put(object, "weights", rows);
    return out_json(object);
}

/* Entries beside a kink have nothing to compare; the published network has none. */
static hem_status judge(const facts *f, const hem_gradcheck_result *r, hem_error *err)
{
    for (size_t i = 0; i < f->n; i++) {
        const hem_gradcheck_row *row = &r->rows[i];
        if (row->checked == 0)
            return fail(err, HEM_ERR_CHECK, "use a network without relu and maxpool",
                        "%s lies at a kink, where there is no gradient", row->name);
        if (!within(row->analytic, row->numeric))
            return fail(err, HEM_ERR_CHECK,
                        "'hemline gradcheck FILE' tells with a smaller step whether the gradient "
                        "is wrong, or only curved",
                        "the gradient check fails at %s: %.8f and %.8f", row->name, row->analytic,
                        row->numeric);
    }
    return HEM_OK;
}

static hem_status check(session *s, const char *path, const uint64_t *seed, const facts *f,
                        hem_gradcheck_result *result, hem_error *err)
{
    hem_gradcheck_options o = hem_gradcheck_options_default();
    o.epsilon = EPSILON;
    o.relative = 0;
    o.absolute = EPSILON * EPSILON;
    o.weights = f->list;
    if (seed != NULL)
        o.seed = *seed;
    hem_status status = session_network(s, path, seed, true, err);
    if (status == HEM_OK && (size_t)o.images > hem_data_get_info(s->data).n[HEM_TRAIN])
        o.images = (int)hem_data_get_info(s->data).n[HEM_TRAIN];
    if (status == HEM_OK)
        status = hem_gradcheck(s->net, s->data, &o, result, err);
    return status;
}

int gradcheck_reference(const char *path, const char *experiments, const uint64_t *seed)
{
    session s = {0};
    hem_error err;
    hem_gradcheck_result result = {0};
    facts f = {0};
    const char *folder;
    json_t *reference;
    hem_status status = experiments_reference(experiments, &folder, &reference, &err);
    if (status == HEM_OK)
        status = read_facts(reference, folder, &f, &err);
    if (status == HEM_OK && path == NULL)
        path = text("%s/" NETWORK, folder);
    if (status == HEM_OK)
        status = check(&s, path, seed, &f, &result, &err);
    int code = HEM_OK;
    if (status == HEM_OK) {
        status = judge(&f, &result, &err);
        if (common.json)
            code = print_json(path, &f, &result, status == HEM_OK);
        else
            print_text(path, &f, &result);
    }
    if (status != HEM_OK)
        code = report(&err);
    hem_gradcheck_release(&result);
    session_close(&s);
    json_decref(reference);
    return code;
}

/* hemline doctor: what this machine offers and what hemline makes of it. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "help.h"
#include "table.h"

enum { MOST_PLACES = 8 };

/* ---- libraries ---------------------------------------------------------------------------------
 */

/* Versions are asked from the libraries that are loaded, by name: the program is not linked with
 * those that only the library uses, and a version from a header would be that of the build. */
typedef const char *(*version_text_fn)(void);
typedef const char *(*version_of_png_fn)(const void *png);
typedef unsigned (*version_number_fn)(void);

static const struct library {
    const char *name, *symbol;
    enum { TEXT, OF_PNG, NUMBER } kind; /* NUMBER: 100 * (100 * major + minor) + patch */
} libraries[] = {
    {"libfyaml", "fy_library_version", TEXT},
    {"jansson", "jansson_version_str", TEXT},
    {"zlib", "zlibVersion", TEXT},
    {"libpng", "png_get_libpng_ver", OF_PNG},
    {"xxHash", "XXH_versionNumber", NUMBER},
};

static const char *library_version(const struct library *l)
{
    void *symbol = dlsym(RTLD_DEFAULT, l->symbol);
    if (symbol == NULL)
        return "version not known";
    /* ISO C has no conversion from object to function pointers; POSIX gives them one form. */
    if (l->kind == TEXT) {
        version_text_fn f;
        memcpy(&f, &symbol, sizeof f);
        return f();
    }
    if (l->kind == OF_PNG) {
        version_of_png_fn f;
        memcpy(&f, &symbol, sizeof f);
        return f(NULL);
    }
    version_number_fn f;
    memcpy(&f, &symbol, sizeof f);
    unsigned v = f();
    return text("%u.%u.%u", v / 10000, v / 100 % 100, v % 100);
}

/* ---- tiers -------------------------------------------------------------------------------------
 */

static const char *tier_state(hem_tier_info tier)
{
    if (!tier.built)
        return "not built";
    if (!tier.runnable)
        return "this CPU lacks it";
    if (tier.bfloat16)
        return "runs, only if forced: it rounds";
    return tier.by_default ? "runs" : "runs, only if forced: not yet proven on such a CPU";
}

static const char *tier_reason(void)
{
    const char *forced = getenv("HEMLINE_CPU");
    if (forced != NULL && forced[0] != '\0')
        return "HEMLINE_CPU asks for it";
    return "the best that runs here and is proven";
}

/* ---- both forms --------------------------------------------------------------------------------
 */

static int print_json(const hem_context *context, const hem_data_place *places, size_t n_places)
{
    json_t *object = need(json_object());
    json_put(object, "version", json_string(HEM_VERSION));
    json_put(object, "cpu", json_text(hem_cpu_name()));
    json_put(object, "tier", json_text(hem_context_tier(context)));
    json_put(object, "tier_reason", json_text(tier_reason()));
    json_t *tiers = need(json_array());
    for (size_t i = 0; i < hem_tier_count(); i++) {
        hem_tier_info tier = hem_tier_at(i);
        json_t *item = need(json_object());
        json_put(item, "name", json_text(tier.name));
        json_put(item, "needs", json_text(tier.needs));
        json_put(item, "built", json_boolean(tier.built));
        json_put(item, "runnable", json_boolean(tier.runnable));
        json_put(item, "by_default", json_boolean(tier.by_default));
        json_put(item, "exact", json_boolean(tier.exact));
        json_put(item, "bfloat16", json_boolean(tier.bfloat16));
        json_add(tiers, item);
    }
    json_put(object, "tiers", tiers);
    json_put(object, "threads", json_integer(hem_context_threads(context)));
    json_put(object, "threads_allowed", json_integer(hem_default_threads()));
    json_t *versions = need(json_object());
    for (size_t i = 0; i < COUNT(libraries); i++)
        json_put(versions, libraries[i].name, json_text(library_version(&libraries[i])));
    json_put(object, "libraries", versions);
    json_t *list = need(json_array());
    for (size_t i = 0; i < n_places; i++) {
        json_t *item = need(json_object());
        json_put(item, "directory", json_text(places[i].directory));
        json_put(item, "why", json_text(places[i].why));
        json_put(item, "found", json_boolean(places[i].found));
        json_put(item, "used", json_boolean(places[i].used));
        json_add(list, item);
    }
    json_put(object, "data", list);
    return out_json(object);
}

static void print_text(const hem_context *context, const hem_data_place *places, size_t n_places)
{
    out("%-10s %s\n", "hemline", HEM_VERSION);
    out("%-10s %s\n", "CPU", hem_cpu_name());
    out("%-10s %d in use, %d allowed to this process\n", "threads", hem_context_threads(context),
        hem_default_threads());
    out("%-10s %s%s%s: %s\n\n", "kernels", out_style.bold, hem_context_tier(context), out_style.off,
        tier_reason());

    table *t = table_new("llll");
    static const char *const heading[] = {"tier", "needs", "same bits", "here"};
    for (size_t i = 0; i < COUNT(heading); i++)
        table_cell(t, "%s", heading[i]);
    for (size_t i = 0; i < hem_tier_count(); i++) {
        hem_tier_info tier = hem_tier_at(i);
        table_cell(t, "%s", tier.name);
        table_cell(t, "%s", tier.needs);
        table_cell(t, "%s", tier.exact ? "yes" : "no");
        table_cell(t, "%s", tier_state(tier));
    }
    table_print(t);

    out("\n%-10s", "libraries");
    for (size_t i = 0; i < COUNT(libraries); i++)
        out("%s%s %s", i > 0 ? ", " : " ", libraries[i].name, library_version(&libraries[i]));
    out("\n");
    for (size_t i = 0; i < n_places; i++)
        out("%-10s %s (%s): %s\n", i == 0 ? "data" : "", plain_text(places[i].directory),
            places[i].why, place_state(&places[i]));
    const char *help = places_help(places, n_places);
    if (help != NULL)
        out("%-10s %s\n", "", help);
}

static int run_doctor(char *const *words, int n)
{
    (void)words;
    (void)n;
    session s = {0};
    hem_error err;
    if (session_start(&s, &err) != HEM_OK)
        return report(&err);
    hem_data_place places[MOST_PLACES];
    hem_data_options data = data_options();
    size_t n_places = hem_data_places(&data, places, MOST_PLACES);
    n_places = n_places < MOST_PLACES ? n_places : MOST_PLACES;
    int code = HEM_OK;
    if (common.json)
        code = print_json(s.context, places, n_places);
    else
        print_text(s.context, places, n_places);
    session_close(&s);
    return code;
}

static const option options[] = {OPTION_DATA, OPTION_THREADS, OPTION_JSON};

static const char *const usage[] = {"[options]", NULL};

static const char *const examples[] = {
    "doctor", "what this machine offers", "doctor --json", "the same for a program", NULL,
};

extern const command command_doctor;
const command command_doctor = {
    .name = "doctor",
    .summary = "this machine's CPU, kernels, threads, libraries and data",
    .usage = usage,
    .details = "'same bits' says whether a tier computes exactly what the reference does; amx\n"
               "does not, for it rounds what dense layers multiply to bfloat16.\n"
               "HEMLINE_CPU=NAME forces a tier.",
    .examples = examples,
    .options = options,
    .n_options = COUNT(options),
    .most = 0,
    .run = run_doctor,
};

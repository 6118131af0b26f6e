#include "unit/support_net.h"

#include <math.h>

#include "base/mem.h"
#include "kernel/amx.h"
#include "kernel/context.h"

static const char EMULATED[] = "amx_emulated";

static void fail_with(const hem_error *err)
{
    fail_msg("%s:%d: %s", err->file, err->line, err->text);
}

void setting_take(setting *s, hem_spec *spec)
{
    hem_error err = {0};
    *s = (setting){.spec = spec};
    if (hem_data_open(spec, NULL, &s->data, &err) != HEM_OK)
        fail_with(&err);
}

void setting_data(setting *s, const char *text, const char *override)
{
    hem_error err = {0};
    hem_spec *spec;
    if (hem_spec_parse(text, "test", &override, override != NULL, &spec, &err) != HEM_OK)
        fail_with(&err);
    setting_take(s, spec);
}

void setting_net(setting *s, int threads, const char *tier)
{
    hem_error err = {0};
    hem_context_settings settings = hem_context_settings_default();
    settings.threads = threads;
    bool emulated = tier && strcmp(tier, EMULATED) == 0;
    settings.tier = emulated ? "portable" : tier;
    if (hem_context_new(&settings, &s->context, &err) != HEM_OK)
        fail_with(&err);
    static hem__kernels_f32 kernels; /* amx's, its tile registers in plain C */
    if (emulated) {
        hem__amx_make_emulated(&kernels);
        s->context->kernels = &kernels;
    }
    if (hem_net_new(s->context, s->spec, s->data, 3, &s->net, &err) != HEM_OK)
        fail_with(&err);
}

void setting_open(setting *s, const char *text, const char *override, int threads, const char *tier)
{
    setting_data(s, text, override);
    setting_net(s, threads, tier);
}

void setting_stepper(setting *s, size_t batch)
{
    hem_error err = {0};
    if (hem_stepper_new(s->net, batch, 5, &s->stepper, &err) != HEM_OK)
        fail_with(&err);
}

void setting_close(setting *s)
{
    hem_stepper_free(s->stepper);
    hem_net_free(s->net);
    hem_data_free(s->data);
    hem_spec_free(s->spec);
    hem_context_free(s->context);
    *s = (setting){0};
}

void setting_step(setting *s, size_t first, size_t n)
{
    uint32_t order[MOST_IMAGES];
    hem_step_result result;
    hem_error err = {0};
    size_t images = hem_data_get_info(s->data).n[HEM_TRAIN];
    assert_in_range(n, 1, MOST_IMAGES);
    for (size_t i = 0; i < n; i++)
        order[i] = (uint32_t)((first + i) * 77 % images);
    if (hem_stepper_step(s->stepper, s->data, HEM_TRAIN, order, n, 1, (uint32_t)first, &result,
                         &err) != HEM_OK)
        fail_with(&err);
    assert_int_equal(result.n, n);
    assert_true(isfinite(result.loss));
}

void setting_train(setting *s, size_t batch, int steps, char hash[65])
{
    setting_stepper(s, batch);
    size_t before = hem__allocation_count();
    for (int k = 0; k < steps; k++)
        setting_step(s, (size_t)k * batch, k == steps - 1 ? batch - batch / 3 : batch);
    assert_int_equal(hem__allocation_count(), before);
    assert_int_equal(hem_stepper_steps(s->stepper), steps);
    hem_net_sha256(s->net, hash);
    hem_stepper_free(s->stepper);
    s->stepper = NULL;
}

void train_three(const void *what, int threads, const char *tier, char hash[65])
{
    const three_steps *run = what;
    setting s;
    setting_open(&s, run->text, run->override, threads, tier);
    setting_train(&s, run->batch, 3, hash);
    setting_close(&s);
}

/* Runs on `threads`; the weights are to be `first`, which is the first where it is empty. */
static void expect_same(setting_run *run, const void *what, int threads, const char *tier,
                        char first[65])
{
    char hash[65];
    run(what, threads, tier, hash);
    if (first[0] == '\0')
        memcpy(first, hash, sizeof hash);
    assert_string_equal(hash, first);
}

/* The thread sanitizer sees all that threads share with exact tiers; the others would double its
 * minutes. */
#ifdef __SANITIZE_THREAD__
enum { EXACT_ALONE = true };
#else
enum { EXACT_ALONE = false };
#endif

/* Exact tiers have the same weights on 1 to most_threads threads; each other tier its own, on one
 * and on most. */
void expect_same_weights(setting_run *run, const void *what, int most_threads)
{
    char first[65] = "";
    for (size_t tier = 0; tier <= hem_tier_count(); tier++) {
        hem_tier_info info = hem_tier_at(tier);
        bool emulated = tier == hem_tier_count();
        char own[65] = "";
        for (int n = 1; (emulated || (info.runnable && info.built)) && n <= most_threads; n++)
            if (info.exact)
                expect_same(run, what, n, info.name, first);
            else if (!EXACT_ALONE && (n == 1 || n == most_threads))
                expect_same(run, what, n, emulated ? EMULATED : info.name, own);
    }
    if (first[0] == '\0')
        print_message("this CPU runs no exact tier: nothing compared\n");
}

/* Buffers, cases and comparison of the kernel tests. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <math.h>

#include "kernel/amx.h"
#include "kernel/tiers.h"

enum { GUARD = 256, GUARD_BYTE = 0xFF }; /* bytes; as floats they are NaN */

uint64_t next_random(rng *r)
{
    uint64_t z = (r->state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

int between(rng *r, int low, int high)
{
    return low + (int)(next_random(r) % (uint64_t)(high - low + 1));
}

bool chance(rng *r, int one_in)
{
    return between(r, 1, one_in) == 1;
}

double unit_random(rng *r)
{
    return (double)(next_random(r) >> 11) * 0x1p-52 - 1.0;
}

/* ---- tiers ----------------------------------------------------------------------------------- */

static const char *only_tier;

/* The blocks of avx512 in AVX2's instructions (simd.h): what they compute can be tested on CPUs
 * without AVX-512; that the real instructions do the same, only on one that has them. NULL where
 * the compiler's target has none. */
extern const hem__kernels_f32 hem__kernels_lowered __attribute__((weak));

static bool lowered_runs(void)
{
    for (size_t i = 0; i < hem_tier_count(); i++)
        if (strcmp(hem_tier_at(i).name, "avx2") == 0)
            return hem_tier_at(i).runnable && &hem__kernels_lowered != NULL;
    return false;
}

/* The kernels of amx with its tile registers in plain C (amx_tiles.h), where they are linked. */
extern void hem__amx_make_emulated(hem__kernels_f32 *table) __attribute__((weak));
static hem__kernels_f32 amx_emulated;

/* Whether the tier under test is one of those that round factors to bfloat16, which are tested by
 * name alone: what is expected of them is another result. */
static bool rounds_factors(void)
{
    return only_tier && strncmp(only_tier, "amx", 3) == 0;
}

static bool emulates_amx(void)
{
    return only_tier && strcmp(only_tier, "amx_emulated") == 0 && hem__amx_make_emulated;
}

static bool is_wanted(const char *name)
{
    return only_tier ? strcmp(only_tier, name) == 0 : strcmp(name, "amx") != 0;
}

bool choose_tier(const char *name)
{
    only_tier = name;
    const hem__kernels_f32 *kernels[MOST_TIERS];
    bool exact[MOST_TIERS];
    return tiers_to_test(kernels, exact) > 0;
}

int tiers_to_test(const hem__kernels_f32 *kernels[MOST_TIERS], bool exact[MOST_TIERS])
{
    int n = 0;
    for (size_t i = 0; i < hem_tier_count() && n < MOST_TIERS; i++) {
        hem_tier_info info = hem_tier_at(i);
        if (hem__tier_kernels(i) == NULL || !is_wanted(info.name))
            continue;
        kernels[n] = hem__tier_kernels(i);
        exact[n++] = info.exact;
    }
    if (lowered_runs() && n < MOST_TIERS && (!only_tier || strcmp(only_tier, "lowered") == 0)) {
        kernels[n] = &hem__kernels_lowered;
        exact[n++] = true;
    }
    if (emulates_amx()) {
        hem__amx_make_emulated(&amx_emulated);
        kernels[n] = &amx_emulated;
        exact[n++] = false;
    }
    return n;
}

void print_tiers(void)
{
    print_message("CPU: %s\n", hem_cpu_name());
    for (size_t i = 0; i < hem_tier_count(); i++) {
        hem_tier_info info = hem_tier_at(i);
        bool wanted = is_wanted(info.name);
        const char *why = !info.built      ? "NOT RUN: not built"
                          : !info.runnable ? "NOT RUN: this CPU lacks it"
                          : !wanted        ? "NOT RUN: not asked for"
                                           : "runs";
        print_message("tier %-9s %s (needs %s)\n", info.name, why, info.needs);
    }
    print_message("tier lowered   %s (the blocks of avx512 in AVX2's instructions)\n",
                  lowered_runs() ? "runs" : "NOT RUN: needs AVX2, and to be linked");
    print_message("tier amx_emulated %s (amx, its tile registers in plain C)\n",
                  emulates_amx() ? "runs" : "NOT RUN: not asked for, or not linked");
}

/* ---- buffers --------------------------------------------------------------------------------- */

static void *get(size_t bytes)
{
    void *p = malloc(bytes > 0 ? bytes : 1);
    if (p == NULL)
        fail_msg("no memory for %zu bytes", bytes);
    return p;
}

static float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float number(test_case *c)
{
    static const uint32_t ODD[] = {
        0x00000000, 0x80000000,             /* zeros */
        0x00000001, 0x807fffff, 0x00400000, /* denormals */
        0x00800000, 0x7f7fffff, 0xff000000, /* smallest normal, largest, a large one */
        0x7f800000, 0xff800000, 0x7fc00000, /* infinities and NaN */
    };
    enum { N_ODD = sizeof ODD / sizeof ODD[0] };
    if (c->wild && chance(&c->random, 12))
        return from_bits(ODD[next_random(&c->random) % N_ODD]);
    if (chance(&c->random, 16))
        return from_bits(ODD[next_random(&c->random) % 5]);
    return (float)unit_random(&c->random);
}

static buffer *make(test_case *c, size_t n, int shift)
{
    if (c->n_buffers == MOST_BUFFERS)
        fail_msg("%s: a case has more than %d buffers", c->slot, MOST_BUFFERS);
    buffer *b = &c->buffers[c->n_buffers++];
    *b = (buffer){.n = n};
    size_t lead = GUARD + (size_t)shift * sizeof(float);
    b->bytes = (lead + n * sizeof(float) + GUARD + 63) / 64 * 64;
    b->block = aligned_alloc(64, b->bytes);
    if (b->block == NULL)
        fail_msg("no memory for %zu bytes", b->bytes);
    memset(b->block, GUARD_BYTE, b->bytes);
    b->data = (float *)(void *)(b->block + lead);
    b->initial = get(n * sizeof(float));
    for (size_t i = 0; i < n; i++)
        b->data[i] = b->initial[i] = number(c);
    return b;
}

float *input(test_case *c, size_t n, int shift)
{
    return make(c, n, shift)->data;
}

static float tie(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return from_bits((bits & 0xffff0000) | 0x8000);
}

float *factor(test_case *c, size_t n, int shift)
{
    buffer *b = make(c, n, shift);
    b->is_factor = true;
    for (size_t i = 0; i < n; i++) /* some in the middle between two bfloat16 */
        if (chance(&c->random, 8) && isfinite(b->data[i]) && fabsf(b->data[i]) > 0x1p-100f)
            b->data[i] = b->initial[i] = tie(b->data[i]);
    return b->data;
}

float *output(test_case *c, size_t n, int shift)
{
    buffer *b = make(c, n, shift);
    b->is_output = true;
    b->expected = get(n * sizeof(float));
    b->scale = get(n * sizeof(float));
    return b->data;
}

void set_initial(test_case *c, const float *data, size_t at, float value)
{
    for (int i = 0; i < c->n_buffers; i++) {
        buffer *b = &c->buffers[i];
        if (b->data == data)
            b->data[at] = b->initial[at] = value;
    }
}

void describe(test_case *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->shape, sizeof c->shape, format, arguments);
    va_end(arguments);
}

static void release(test_case *c)
{
    for (int i = 0; i < c->n_buffers; i++) {
        free(c->buffers[i].block);
        free(c->buffers[i].initial);
        free(c->buffers[i].expected);
        free(c->buffers[i].scale);
    }
    c->n_buffers = 0;
}

/* ---- running and comparing --------------------------------------------------------------------
 */

static void check_guards(const test_case *c, const buffer *b, const char *who)
{
    const unsigned char *first = (const unsigned char *)b->data;
    const unsigned char *last = (const unsigned char *)(b->data + b->n);
    for (const unsigned char *p = b->block; p < b->block + b->bytes; p++) {
        if ((p < first || p >= last) && *p != GUARD_BYTE)
            fail_msg("%s, %s, %s: wrote %td bytes outside buffer %td", c->slot, who, c->shape,
                     p < first ? first - p : p - last + 1, b - c->buffers);
    }
}

static bool same(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static bool close_enough(const test_case *c, const buffer *b, size_t i)
{
    double got = (double)b->data[i], expected = (double)b->expected[i];
    double allowed = 0;
    if (same(b->data[i], b->expected[i]))
        return true;
    if (c->closeness == SUM)
        allowed = (2 * c->terms + 4) * (0x1p-24 * (double)b->scale[i] + 0x1p-126) + 0x1p-120;
    else if (c->closeness == RELATIVE)
        allowed = c->relative * fabs(expected) + c->absolute;
    return fabs(got - expected) <= allowed;
}

static void compare(const test_case *c, const char *who, bool exact)
{
    for (int k = 0; k < c->n_buffers; k++) {
        const buffer *b = &c->buffers[k];
        check_guards(c, b, who);
        for (size_t i = 0; i < b->n; i++) {
            float want = b->is_output ? b->expected[i] : b->initial[i];
            bool good = same(b->data[i], want);
            if (!good && b->is_output && !exact && c->closeness != EXACT)
                good = c->wild || close_enough(c, b, i);
            if (!good)
                fail_msg("%s, %s, %s: buffer %d (%s) number %zu of %zu is %a, expected %a", c->slot,
                         who, c->shape, k, b->is_output ? "output" : "input", i, b->n,
                         (double)b->data[i], (double)want);
        }
    }
}

/* FNV-1a of all that the reference gave, every NaN taken for the same one: equal on machines of
 * different architecture where the reference computes the same bits. */
static uint64_t digest = 0xcbf29ce484222325u;

uint64_t reference_digest(void)
{
    return digest;
}

static void add_to_digest(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = 0x7fc00000;
        if (!isnan(x[i]))
            memcpy(&bits, &x[i], sizeof bits);
        digest = (digest ^ bits) * 0x100000001b3u;
    }
}

/* 8 significant bits, to nearest, ties to even. */
static float as_bfloat16(float x)
{
    int exponent;
    if (!isfinite(x))
        return x;
    float fraction = frexpf(x, &exponent);
    return ldexpf(rintf(fraction * 256) / 256, exponent);
}

/* What number i of a buffer is before the step: the reference's or a tier's. */
static float begins_with(const buffer *b, size_t i, bool reference, bool positive)
{
    float x = positive ? fabsf(b->initial[i]) : b->initial[i];
    return reference && b->is_factor && rounds_factors() ? as_bfloat16(x) : x;
}

static bool unchanged(const buffer *b)
{
    bool all = true;
    for (size_t i = 0; i < b->n && all; i++)
        all = same(b->data[i], begins_with(b, i, true, false));
    return all;
}

static void keep(test_case *c, bool as_scale)
{
    for (int k = 0; k < c->n_buffers; k++) {
        buffer *b = &c->buffers[k];
        check_guards(c, b, "reference");
        if (b->is_output && !as_scale)
            add_to_digest(b->data, b->n);
        if (b->is_output)
            memcpy(as_scale ? b->scale : b->expected, b->data, b->n * sizeof(float));
        else if (!as_scale && !unchanged(b))
            fail_msg("%s, reference, %s: changed input %d", c->slot, c->shape, k);
    }
}

static void reset(test_case *c, bool reference, bool positive)
{
    for (int k = 0; k < c->n_buffers; k++) {
        buffer *b = &c->buffers[k];
        for (size_t i = 0; i < b->n; i++)
            b->data[i] = begins_with(b, i, reference, positive);
    }
}

/* Seconds that each tier took for the current slot, the reference first, and when the kernel that
 * runs now was handed out. Measured always, printed by bench_all_slots(). */
static double seconds_of[1 + MOST_TIERS], handed_out;

static double cpu_seconds(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
        return 0;
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void print_times(const char *slot, int cases)
{
    const hem__kernels_f32 *kernels[MOST_TIERS];
    bool exact[MOST_TIERS];
    int n_tiers = tiers_to_test(kernels, exact);
    print_message("%-16s reference %9.2f us", slot, 1e6 * seconds_of[0] / cases);
    for (int t = 0; t < n_tiers; t++)
        print_message("  %s %8.2f us (%.1f x)", kernels[t]->name, 1e6 * seconds_of[1 + t] / cases,
                      seconds_of[0] / (seconds_of[1 + t] > 0 ? seconds_of[1 + t] : 1e-9));
    print_message("\n");
}

/* Steps: 0 gives the reference with positive numbers, 1 the reference, 2 + t tier t. */
const hem__kernels_f32 *next_kernels(test_case *c)
{
    const hem__kernels_f32 *kernels[MOST_TIERS];
    bool exact[MOST_TIERS];
    int n_tiers = tiers_to_test(kernels, exact), t = c->step - 2;
    if (c->step >= 2)
        seconds_of[c->step - 2] += cpu_seconds() - handed_out;
    if (c->step == 1 || c->step == 2)
        keep(c, c->step == 1);
    else if (c->step > 2)
        compare(c, kernels[t - 1]->name, exact[t - 1]);
    reset(c, c->step < 2, c->step == 0);
    c->step++;
    handed_out = cpu_seconds();
    if (t < 0)
        return &hem__kernels_reference_f32;
    return t < n_tiers ? kernels[t] : NULL;
}

void run_cases(const char *slot, one_case one, int count)
{
    memset(seconds_of, 0, sizeof seconds_of);
    for (int i = 0; i < count; i++) {
        test_case c = {.random = {(uint64_t)i * 0x2545F4914F6CDD1Du + (uint64_t)slot[0]},
                       .slot = slot,
                       .wild = i % 16 == 7};
        one(&c);
        release(&c);
    }
}

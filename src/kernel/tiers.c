/* The tier table, what this CPU can run of it, and the choice at start. */
#include "kernel/tiers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/amx.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#define HEM_X86 1
#else
#define HEM_X86 0
#endif
#if defined(__aarch64__)
#define HEM_ARM 1
#else
#define HEM_ARM 0
#endif

extern const hem__kernels_f32 hem__kernels_portable;
#if HEM_X86
extern const hem__kernels_f32 hem__kernels_avx2, hem__kernels_avx512;
#define X86_KERNELS(tier) &hem__kernels_##tier
#else
#define X86_KERNELS(tier) NULL
#endif
#if HEM_ARM
extern const hem__kernels_f32 hem__kernels_neon;
#define ARM_KERNELS(tier) &hem__kernels_##tier
#else
#define ARM_KERNELS(tier) NULL
#endif

static bool has_nothing_special(void)
{
    return true;
}

/* The compiler's own detection also asks whether the operating system saves the wide registers. */
static bool has_avx2(void)
{
#if HEM_X86
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

static bool has_avx512(void)
{
#if HEM_X86
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
#else
    return false;
#endif
}

/* Numbers of arch_prctl(2), which Linux has for AMX since 5.16: which states a process may ask room
 * for, and asking for one, here that of the tile registers. */
enum { GET_SUPPORTED = 0x1021, REQUEST = 0x1023, TILE_DATA = 18 };

static bool has_amx(void)
{
#if HEM_X86
    const unsigned of_bf16 = 1u << 22, tiles = 1u << 24;
    unsigned a, b, c, d;
    uint64_t states = 0;
    return has_avx512() && __builtin_cpu_supports("avx512bf16") &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & of_bf16) && (d & tiles) &&
           syscall(SYS_arch_prctl, GET_SUPPORTED, &states) == 0 && (states >> TILE_DATA & 1);
#else
    return false;
#endif
}

#if HEM_X86
static hem__kernels_f32 amx_table;

/* The table stays empty where the process gets no tile registers: an alternative stack for signals
 * that is too small for them is one reason. */
static void make_amx(void)
{
    if (syscall(SYS_arch_prctl, REQUEST, TILE_DATA) == 0)
        hem__amx_make(&amx_table);
}
#endif

/* Asks for the registers when the tier is first wanted, not before: from then on every signal that
 * this process takes has 8 KiB more to save. */
static const hem__kernels_f32 *amx_kernels(void)
{
#if HEM_X86
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make_amx);
    return amx_table.name ? &amx_table : NULL;
#else
    return NULL;
#endif
}

/* Vectors and fused multiply-add are part of AArch64 itself. */
static bool has_neon(void)
{
    return HEM_ARM;
}

typedef struct tier {
    const char *name, *needs;
    const hem__kernels_f32 *kernels;
    bool (*runs_here)(void);
    const hem__kernels_f32 *(*make)(void); /* the kernels, NULL where the system refuses; or NULL */
    bool by_default, exact, bfloat16;
} tier;

/* Worst first. */
static const tier TIERS[] = {
    {"portable", HEM_X86 ? "SSE2, which every x86-64 CPU has" : "nothing special",
     &hem__kernels_portable, has_nothing_special, .by_default = true, .exact = false},
    {"avx2", "AVX2 and FMA", X86_KERNELS(avx2), has_avx2, .by_default = true, .exact = true},
    {"avx512", "AVX-512 F, BW, DQ and VL", X86_KERNELS(avx512), has_avx512, .by_default = true,
     .exact = true},
    {"amx", "AVX-512 F, BW, DQ, VL, BF16; AMX-BF16", X86_KERNELS(avx512), has_amx, amx_kernels,
     .by_default = false, .exact = false, .bfloat16 = true},
    {"neon", "AArch64", ARM_KERNELS(neon), has_neon, .by_default = true, .exact = true},
};
enum { N_TIERS = sizeof TIERS / sizeof TIERS[0] };

size_t hem_tier_count(void)
{
    return N_TIERS;
}

hem_tier_info hem_tier_at(size_t index)
{
    if (index >= N_TIERS)
        return (hem_tier_info){.name = "", .needs = ""};
    const tier *row = &TIERS[index];
    return (hem_tier_info){.name = row->name,
                           .needs = row->needs,
                           .built = row->kernels != NULL,
                           .runnable = row->runs_here(),
                           .by_default = row->by_default,
                           .exact = row->exact,
                           .bfloat16 = row->bfloat16};
}

const hem__kernels_f32 *hem__tier_kernels(size_t index)
{
    if (index >= N_TIERS || !TIERS[index].runs_here())
        return NULL;
    return TIERS[index].make ? TIERS[index].make() : TIERS[index].kernels;
}

/* "portable, avx2": the tiers that are built, or those of them that this CPU runs. */
static void list_tiers(char *out, size_t size, bool only_runnable)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < N_TIERS && used < size; i++) {
        hem_tier_info info = hem_tier_at(i);
        if (!info.built || (only_runnable && !info.runnable))
            continue;
        int n = snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", info.name);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* `where` says who asked for the tier. */
static hem_status refuse(const char *name, const char *where, const char *why, hem_error *err)
{
    char built[128], runnable[128];
    list_tiers(built, sizeof built, false);
    list_tiers(runnable, sizeof runnable, true);
    hem__fail(err, HEM_ERR_USAGE, "%s: kernel tier '%.64s' %s", where, name, why);
    return hem__hint(err, "built: %s; this CPU runs: %s", built, runnable);
}

static hem_status find_tier(const char *name, const char *where, size_t *index, hem_error *err)
{
    for (size_t i = 0; i < N_TIERS; i++) {
        if (strcmp(TIERS[i].name, name) != 0)
            continue;
        if (TIERS[i].kernels == NULL)
            return refuse(name, where, "is not built into this library", err);
        if (!TIERS[i].runs_here()) {
            char why[128];
            snprintf(why, sizeof why, "needs %s, which this CPU lacks", TIERS[i].needs);
            return refuse(name, where, why, err);
        }
        if (hem__tier_kernels(i) == NULL)
            return refuse(name, where, "gets no tile registers from the system (arch_prctl)", err);
        *index = i;
        return HEM_OK;
    }
    return refuse(name, where, "is not known", err);
}

hem_status hem__tier_choose(const char *name, size_t *index, hem_error *err)
{
    *index = 0;
    if (name != NULL)
        return find_tier(name, "tier", index, err);
    const char *from_environment = getenv("HEMLINE_CPU");
    if (from_environment != NULL && from_environment[0] != '\0')
        return find_tier(from_environment, "HEMLINE_CPU", index, err);
    for (size_t i = 0; i < N_TIERS; i++) {
        if (TIERS[i].by_default && hem__tier_kernels(i) != NULL)
            *index = i;
    }
    return HEM_OK;
}

/* ---- the CPU's name ------------------------------------------------------------------------- */

static char cpu_name[256] = "unknown CPU";
static pthread_once_t cpu_name_once = PTHREAD_ONCE_INIT;

/* The value of the line "name : value", where it is that. */
static bool take_value(const char *line, const char *name, char *value, size_t size)
{
    const char *colon = strchr(line, ':');
    if (strncmp(line, name, strlen(name)) != 0 || colon == NULL)
        return false;
    colon += strspn(colon, ": \t");
    int length = (int)strcspn(colon, "\n");
    if (length > 0)
        snprintf(value, size, "%.*s", length, colon);
    return length > 0;
}

static void read_cpu_name(void)
{
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (file == NULL)
        return;
    char line[sizeof cpu_name], maker[16] = "", part[16] = "";
    while (fgets(line, sizeof line, file) != NULL) {
        if (take_value(line, "model name", cpu_name, sizeof cpu_name))
            break;
        (void)take_value(line, "CPU implementer", maker, sizeof maker);
        /* 64-bit Arm has no name, only numbers. */
        if (take_value(line, "CPU part", part, sizeof part)) {
            snprintf(cpu_name, sizeof cpu_name, "Arm CPU, implementer %s, part %s", maker, part);
            break;
        }
    }
    /* Only read: whatever went wrong, the name stays unknown. */
    (void)fclose(file);
}

const char *hem_cpu_name(void)
{
    (void)pthread_once(&cpu_name_once, read_cpu_name);
    return cpu_name;
}

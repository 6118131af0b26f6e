/* The affinity mask and the cgroup quota. Both are only limits on speed: whatever cannot be read
 * counts as "no limit". */
#include "base/cpus.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hemline/base.h"

/* ---- affinity ------------------------------------------------------------------------------- */

enum { MOST_CPUS = 1 << 16 };

/* The mask, in as many bits as the kernel asks for; free it with CPU_FREE. */
static cpu_set_t *own_mask(size_t *size)
{
    for (size_t n = CPU_SETSIZE; n <= MOST_CPUS; n *= 2) {
        cpu_set_t *mask = CPU_ALLOC(n);
        if (mask == NULL)
            return NULL;
        *size = CPU_ALLOC_SIZE(n);
        if (sched_getaffinity(0, *size, mask) == 0)
            return mask;
        CPU_FREE(mask);
        if (errno != EINVAL)
            return NULL;
    }
    return NULL;
}

int hem__allowed_cpus(void)
{
    size_t size;
    cpu_set_t *mask = own_mask(&size);
    if (mask == NULL)
        return 1;
    int n = CPU_COUNT_S(size, mask);
    CPU_FREE(mask);
    return n > 0 ? n : 1;
}

bool hem__pin_to(int i)
{
    size_t size;
    cpu_set_t *mask = own_mask(&size);
    if (mask == NULL)
        return false;
    int n = CPU_COUNT_S(size, mask), left = n > 0 ? i % n : 0;
    for (size_t cpu = 0; cpu < size * 8; cpu++) {
        if (!CPU_ISSET_S(cpu, size, mask) || left-- > 0)
            continue;
        CPU_ZERO_S(size, mask);
        CPU_SET_S(cpu, size, mask);
        break;
    }
    bool done = sched_setaffinity(0, size, mask) == 0;
    CPU_FREE(mask);
    return done;
}

hem__affinity hem__affinity_save(void)
{
    hem__affinity saved = {NULL, 0};
    saved.mask = own_mask(&saved.size);
    return saved;
}

void hem__affinity_restore(hem__affinity *saved)
{
    if (saved->mask == NULL)
        return;
    /* Cannot fail: the thread ran under this mask before. */
    (void)sched_setaffinity(0, saved->size, saved->mask);
    CPU_FREE((cpu_set_t *)saved->mask);
    saved->mask = NULL;
}

/* ---- cgroup quota --------------------------------------------------------------------------- */

enum { PATH_SIZE = 4096, LINE_SIZE = 8192 };

/* The group of this process in one hierarchy, and where that hierarchy is mounted. */
typedef struct group {
    char path[PATH_SIZE];  /* in /proc/self/cgroup: "/user.slice/a" */
    char mount[PATH_SIZE]; /* "/sys/fs/cgroup"; empty = not mounted */
    char base[PATH_SIZE];  /* which group the mount shows as its root: "/" or "/docker/a" */
} group;

static FILE *open_under(const char *root, const char *path)
{
    char whole[2 * PATH_SIZE];
    int n = snprintf(whole, sizeof whole, "%s%s", root, path);
    return n < 0 || n >= (int)sizeof whole ? NULL : fopen(whole, "re");
}

/* Whether `word` is one of the comma-separated words of `list`. */
static bool lists(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, n) == 0 && (at[n] == ',' || at[n] == '\0'))
            return true;
    }
    return false;
}

/* Lines "0::/path" (version 2) or "4:cpu,cpuacct:/path" (version 1). */
static bool find_path(const char *root, bool v2, char path[PATH_SIZE])
{
    char line[LINE_SIZE];
    bool found = false;
    FILE *file = open_under(root, "/proc/self/cgroup");
    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *controllers = strchr(line, ':');
        char *place = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (place == NULL)
            continue;
        *place++ = '\0';
        controllers++;
        found = v2 ? *controllers == '\0' : lists(controllers, "cpu");
        if (found)
            found = snprintf(path, PATH_SIZE, "%s", place) < PATH_SIZE;
    }
    (void)fclose(file); /* only read */
    return found;
}

/* Lines of proc(5): "36 35 98:0 /base /mount options [optional]... - type source superoptions". */
static bool find_mount(const char *root, bool v2, group *g)
{
    char line[LINE_SIZE];
    bool found = false;
    FILE *file = open_under(root, "/proc/self/mountinfo");
    if (file == NULL)
        return false;
    while (!found && fgets(line, sizeof line, file) != NULL) {
        char type[32], options[1024];
        const char *tail = strstr(line, " - ");
        if (tail == NULL || sscanf(tail, " - %31s %*s %1023s", type, options) != 2 ||
            sscanf(line, "%*s %*s %*s %4095s %4095s", g->base, g->mount) != 2)
            continue;
        found = v2 ? strcmp(type, "cgroup2") == 0
                   : strcmp(type, "cgroup") == 0 && lists(options, "cpu");
    }
    (void)fclose(file); /* only read */
    return found;
}

/* One number of a file, or the two of "max 100000" (where the first may be a word: -1). */
static int read_numbers(const char *root, const char *folder, const char *name, double out[2])
{
    char path[2 * PATH_SIZE], words[2][32];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = n < 0 || n >= (int)sizeof path ? NULL : open_under(root, path);
    if (file == NULL)
        return 0;
    n = fscanf(file, "%31s %31s", words[0], words[1]);
    (void)fclose(file); /* only read */
    for (int i = 0; i < n; i++) {
        char *end;
        out[i] = strtod(words[i], &end);
        if (*end != '\0')
            out[i] = -1;
    }
    return n < 0 ? 0 : n;
}

/* CPUs that the quota of one group allows; infinite where it has none. */
static double quota_of(const char *root, const char *folder, bool v2)
{
    double quota[2] = {-1, -1}, period[2] = {-1, -1};
    if (v2) {
        if (read_numbers(root, folder, "cpu.max", quota) != 2)
            return (double)INFINITY;
        period[0] = quota[1];
    } else if (read_numbers(root, folder, "cpu.cfs_quota_us", quota) < 1 ||
               read_numbers(root, folder, "cpu.cfs_period_us", period) < 1) {
        return (double)INFINITY;
    }
    return quota[0] > 0 && period[0] > 0 ? quota[0] / period[0] : (double)INFINITY;
}

/* A group is held by its own quota and by those of all groups above it. */
static double least_quota(const char *root, bool v2)
{
    group g;
    double least = (double)INFINITY;
    if (!find_path(root, v2, g.path) || !find_mount(root, v2, &g))
        return least;
    /* Below a mount that shows only part of the hierarchy, paths start at that part. A path outside
     * of it (another namespace) leaves only the mount's own root to look at. */
    const char *below = g.path;
    size_t n = strcmp(g.base, "/") == 0 ? 0 : strlen(g.base);
    if (strncmp(below, g.base, n) != 0 || (below[n] != '/' && below[n] != '\0') ||
        strstr(below, "/..") != NULL)
        below = "";
    else
        below += n;
    char folder[2 * PATH_SIZE];
    snprintf(folder, sizeof folder, "%s%s", g.mount, below);
    for (;;) {
        double quota = quota_of(root, folder, v2);
        if (quota < least)
            least = quota;
        char *slash = strrchr(folder, '/');
        if (slash == NULL || (size_t)(slash - folder) < strlen(g.mount))
            return least;
        *slash = '\0';
    }
}

int hem__quota_cpus(const char *root)
{
    double v2 = least_quota(root, true), v1 = least_quota(root, false);
    double cpus = ceil(v1 < v2 ? v1 : v2);
    return cpus < (double)MOST_CPUS ? (int)cpus : 0;
}

int hem_default_threads(void)
{
    int cpus = hem__allowed_cpus(), quota = hem__quota_cpus("");
    if (quota > 0 && quota < cpus)
        cpus = quota;
    return cpus < 256 ? cpus : 256; /* as many as a pool takes */
}

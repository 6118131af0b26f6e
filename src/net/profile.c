/* Stop-watches of threads, and the public face of profiles. */
#include "net/profile.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

/* What this thread is in; outside a profiled run `seconds` is NULL. */
static _Thread_local struct {
    double *seconds;
    double since;
    size_t slot;
} watch;

hem__profile *hem__profile_new(int n_threads, size_t n_entries)
{
    hem__profile *profile = hem__calloc(1, sizeof *profile);
    if (!profile)
        return NULL;
    profile->n_threads = n_threads;
    profile->n_slots = (HEM__N_TIMES + n_entries + 7) / 8 * 8; /* threads share no cache line */
    profile->seconds =
        hem__aligned_calloc((size_t)n_threads * profile->n_slots, sizeof *profile->seconds);
    if (profile->seconds)
        return profile;
    free(profile);
    return NULL;
}

void hem__profile_free(hem__profile *profile)
{
    if (!profile)
        return;
    free(profile->seconds);
    free(profile);
}

void hem__profile_join(hem__profile *all, int thread, const hem__profile *own)
{
    for (size_t i = 0; i < all->n_slots; i++)
        all->seconds[(size_t)thread * all->n_slots + i] += own->seconds[i];
    all->chunks += own->chunks;
    all->tiles += own->tiles;
    all->images += own->images;
}

void hem__profile_enter(hem__profile *profile, int thread)
{
    watch.seconds = profile ? profile->seconds + (size_t)thread * profile->n_slots : NULL;
    watch.slot = HEM__TIME_RESULTS;
    watch.since = profile ? hem__now() : 0;
}

size_t hem__profile_mark(size_t slot)
{
    size_t before = watch.slot;
    if (watch.seconds) {
        double now = hem__now();
        watch.seconds[before] += now - watch.since;
        watch.since = now;
        watch.slot = slot;
    }
    return before;
}

void hem__profile_leave(void)
{
    hem__profile_mark(HEM__TIME_RESULTS);
    watch.seconds = NULL;
}

double hem__profile_mean(const hem__profile *profile, size_t slot)
{
    double sum = 0;
    for (int t = 0; t < profile->n_threads; t++)
        sum += profile->seconds[(size_t)t * profile->n_slots + slot];
    return sum / profile->n_threads;
}

void hem_profile_release(hem_profile *profile)
{
    free(profile->rows);
    *profile = (hem_profile){0};
}

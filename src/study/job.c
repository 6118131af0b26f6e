/* One job of a study. */
#include "study/job.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

hem_status hem__untouched(hem_error *err)
{
    return hem__hint(err, "nothing was changed there: choose another folder with --out "
                          "(of reproduce: --runs)");
}

hem_status hem__same_experiment(const char *folder, const hem_spec *spec,
                                const char *const *ignored, const char *what, uint64_t *seed,
                                hem_error *err)
{
    char key[128], theirs[128], ours[128];
    hem_spec *there;
    char *path = hem__path_join(folder, "resolved.yaml");
    if (path == NULL)
        return hem__fail_memory(err, "a path", 0);
    hem_status status = hem_spec_load(path, NULL, 0, &there, err);
    free(path);
    HEM_TRY(status);
    *seed = hem_spec_seed(there);
    bool differ = hem_spec_difference(there, spec, ignored, key, theirs, ours);
    hem_spec_free(there);
    if (!differ)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_USAGE, folder, 0, 0, "holds %s: %s is %s there, %s here", what, key,
                 theirs, ours);
    return hem__untouched(err);
}

/* What was run there must be what is asked for: the experiment, and its seed. */
static hem_status check_experiment(const hem_job *job, hem_error *err)
{
    static const char *const ignored[] = {"train.seed", NULL};
    uint64_t seed;
    char *path = hem__path_join(job->directory, "resolved.yaml");
    if (path == NULL)
        return hem__fail_memory(err, "a path", 0);
    bool is_run = hem__is_file(path);
    free(path);
    if (!is_run) {
        hem__fail_at(err, HEM_ERR_USAGE, job->directory, 0, 0,
                     "is there already, and holds no run");
        return hem__untouched(err);
    }
    HEM_TRY(hem__same_experiment(job->directory, job->spec, ignored, "a run of another experiment",
                                 &seed, err));
    if (seed == job->seed)
        return HEM_OK;
    hem__fail_at(err, HEM_ERR_USAGE, job->directory, 0, 0,
                 "holds a run of seed %llu, not of seed %llu", (unsigned long long)seed,
                 (unsigned long long)job->seed);
    return hem__untouched(err);
}

double hem__job_seconds(const char *json)
{
    json_t *result = json != NULL ? json_loads(json, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const json_t *epochs = json_object_get(result, "epoch_seconds");
    double sum = 0;
    for (size_t i = 0; i < json_array_size(epochs); i++)
        sum += json_number_value(json_array_get(epochs, i));
    json_decref(result);
    return sum;
}

static bool is_bfloat16(const char *tier)
{
    for (size_t i = 0; tier != NULL && i < hem_tier_count(); i++)
        if (strcmp(hem_tier_at(i).name, tier) == 0)
            return hem_tier_at(i).bfloat16;
    return false;
}

/* The data set's hash, the kernels, and whether and why the run diverged. */
static hem_status check_result(hem_job *job, const char *tier, hem_error *err)
{
    json_t *result = json_loads(job->result.json, JSON_REJECT_DUPLICATES, NULL);
    const char *theirs = json_string_value(json_object_get(result, "tier"));
    const char *hash = json_string_value(json_object_get(result, "data_sha256"));
    const char *why = json_string_value(json_object_get(result, "why"));
    const char *wanted = hem_data_get_info(job->data).sha256;
    hem_status status = HEM_OK;
    if (hash == NULL || strcmp(hash, wanted) != 0) {
        hem__fail_at(err, HEM_ERR_USAGE, job->directory, 0, 0,
                     "holds a run on other data: SHA-256 %.12s... there, %.12s... here",
                     hash != NULL ? hash : "unknown", wanted);
        status = hem__untouched(err);
    } else if (is_bfloat16(theirs) != is_bfloat16(tier)) {
        hem__fail_at(err, HEM_ERR_USAGE, job->directory, 0, 0,
                     "holds a run by the kernel tier %s, which rounds otherwise than %s",
                     theirs != NULL ? theirs : "unknown", tier);
        status = hem__untouched(err);
    } else if (json_is_true(json_object_get(result, "diverged"))) {
        job->state = HEM_JOB_FAILED;
        hem__fail(&job->error, HEM_ERR_DIVERGED, "%s", why != NULL ? why : "it diverged");
        hem__hint(&job->error, "it would do so again at the same step; its folder is %s",
                  job->directory);
    } else {
        job->state = HEM_JOB_FOUND;
    }
    json_decref(result);
    return status;
}

hem_status hem__job_look(hem_job *job, const char *tier, hem__job_found *found, hem_error *err)
{
    struct stat info;
    *found = HEM__JOB_NOTHING;
    if (lstat(job->directory, &info) != 0)
        return HEM_OK; /* where it is there but cannot be seen, making it will fail */
    HEM_TRY(check_experiment(job, err));
    char *path = hem__path_join(job->directory, "result.json");
    if (path == NULL)
        return hem__fail_memory(err, "a path", 0);
    bool finished = hem__is_file(path);
    free(path);
    *found = finished ? HEM__JOB_FINISHED : HEM__JOB_UNFINISHED;
    if (!finished)
        return HEM_OK;
    HEM_TRY(hem_train_result_read(job->directory, &job->result, err));
    hem_status status = check_result(job, tier, err);
    job->seconds = hem__job_seconds(job->result.json);
    job->done = job->before = 1;
    if (status != HEM_OK || job->state == HEM_JOB_FAILED)
        hem_train_result_release(&job->result);
    return status;
}

hem_status hem__job_run(hem_context *context, const hem_job *job, hem_train_options options,
                        hem_train_result *out, hem_error *err)
{
    options.dataset = job->data;
    if (job->resumed)
        return hem_resume(context, job->directory, NULL, 0, &options, out, err);
    options.directory = job->directory;
    options.has_seed = true;
    options.seed = job->seed;
    return hem_train(context, job->spec, &options, out, err);
}

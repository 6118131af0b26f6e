/* Jobs side by side: the bits of single runs, resumed after an interruption, one failure alone; and
 * the folder of a study. */
#include "unit/support_train.h"

#include <sys/stat.h>
#include <unistd.h>

#include "hemline/study.h"

static hem_data *data_of(const hem_spec *spec)
{
    hem_data *data;
    assert_int_equal(hem_data_open(spec, NULL, &data, NULL), HEM_OK);
    return data;
}

enum { N = 5 };
static const char *const places[N] = {"s0", "s1", "s2", "s3", "s4"};

static void fill(hem_job jobs[N], const hem_spec *spec, const hem_data *data)
{
    for (size_t i = 0; i < N; i++)
        jobs[i] = (hem_job){.directory = places[i], .spec = spec, .data = data, .seed = i};
}

static void weights_of(const char *directory, char out[65])
{
    char path[128];
    snprintf(path, sizeof path, "%s/result.json", directory);
    json_t *json = json_load_file(path, 0, NULL);
    const char *hash = json_string_value(json_object_get(json, "weights_sha256"));
    assert_non_null(hash);
    snprintf(out, 65, "%s", hash);
    json_decref(json);
}

/* The weights of a single run of this seed, in "alone<seed>". */
static void check_alone(const hem_spec *spec, const char *place, uint64_t seed)
{
    char name[32], alone[65], beside[65];
    hem_train_options options = hem_train_options_default();
    hem_train_result result;
    snprintf(name, sizeof name, "alone%d", (int)seed);
    options.directory = name;
    options.has_seed = true;
    options.seed = seed;
    assert_int_equal(hem_train(context, spec, &options, &result, NULL), HEM_OK);
    hem_train_result_release(&result);
    weights_of(name, alone);
    weights_of(place, beside);
    assert_string_equal(alone, beside);
}

static void test_bits_of_single_runs(void **state)
{
    (void)state;
    hem_spec *spec = spec_with(NULL);
    hem_data *data = data_of(spec);
    hem_job jobs[N];
    fill(jobs, spec, data);
    assert_int_equal(hem_jobs_run(jobs, N, &(hem_jobs_options){.threads = 3}, NULL), HEM_OK);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(jobs[i].state, HEM_JOB_DONE);
        assert_int_equal(jobs[i].result.parts[HEM_TEST].n, 30);
        assert_true(jobs[i].seconds > 0);
        check_alone(spec, places[i], i);
    }
    /* Again: all are found, with the same figures. */
    hem_job again[N];
    fill(again, spec, data);
    assert_int_equal(hem_jobs_run(again, N, &(hem_jobs_options){.threads = 2}, NULL), HEM_OK);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(again[i].state, HEM_JOB_FOUND);
        for (hem_part part = HEM_TRAIN; part <= HEM_TEST; part++) {
            const hem_evaluation *a = &jobs[i].result.parts[part];
            const hem_evaluation *b = &again[i].result.parts[part];
            assert_int_equal(a->correct, b->correct);
            assert_memory_equal(&a->loss, &b->loss, sizeof a->loss);
            assert_memory_equal(a->confusion, b->confusion, 100 * sizeof *a->confusion);
            assert_memory_equal(a->recall, b->recall, 10 * sizeof *a->recall);
        }
        assert_true(jobs[i].seconds == again[i].seconds);
    }
    hem_jobs_release(jobs, N);
    hem_jobs_release(again, N);
    hem_data_free(data);
    hem_spec_free(spec);
}

static volatile int stop;

/* Stops everything as soon as two jobs have ended. */
static void stop_soon(void *user, const hem_job *jobs, size_t n)
{
    size_t ended = 0;
    (void)user;
    for (size_t i = 0; i < n; i++)
        ended += jobs[i].state == HEM_JOB_DONE;
    if (ended >= 2)
        __atomic_store_n(&stop, 15, __ATOMIC_RELAXED);
}

static void test_resumed(void **state)
{
    (void)state;
    hem_spec *spec = spec_with(SET("train.epochs=6"));
    hem_data *data = data_of(spec);
    hem_job jobs[N];
    hem_error err;
    stop = 0;
    fill(jobs, spec, data);
    hem_jobs_options options = {.threads = 2, .stop = &stop, .changed = stop_soon};
    assert_int_equal(hem_jobs_run(jobs, N, &options, &err), HEM_INTERRUPTED);
    size_t left = 0;
    for (size_t i = 0; i < N; i++) {
        assert_true(jobs[i].state == HEM_JOB_DONE || jobs[i].state == HEM_JOB_STOPPED ||
                    jobs[i].state == HEM_JOB_WAITING);
        left += jobs[i].state != HEM_JOB_DONE;
    }
    assert_true(left > 0);
    hem_jobs_release(jobs, N);

    stop = 0;
    options.changed = NULL;
    fill(jobs, spec, data);
    assert_int_equal(hem_jobs_run(jobs, N, &options, &err), HEM_OK);
    for (size_t i = 0; i < N; i++) {
        assert_true(jobs[i].state == HEM_JOB_DONE || jobs[i].state == HEM_JOB_FOUND);
        check_alone(spec, places[i], i);
    }
    hem_jobs_release(jobs, N);
    hem_data_free(data);
    hem_spec_free(spec);
}

/* The third job's folder holds another seed's run, the second diverges; the others are done. */
static void test_failures_alone(void **state)
{
    (void)state;
    hem_spec *spec = spec_with(NULL);
    hem_spec *wild = spec_with(SET("train.optimizer={sgd: {learning_rate: 1000}}",
                                   "model.4.dense.l2=1", "train.epochs=30"));
    hem_data *data = data_of(spec);
    hem_job jobs[N];
    fill(jobs, spec, data);
    jobs[2].seed = 9;
    assert_int_equal(hem_jobs_run(jobs + 2, 1, NULL, NULL), HEM_OK);
    hem_jobs_release(jobs + 2, 1);
    for (int again = 0; again < 2; again++) {
        fill(jobs, spec, data);
        jobs[1].spec = wild;
        assert_int_equal(hem_jobs_run(jobs, N, &(hem_jobs_options){.threads = 2}, NULL), HEM_OK);
        assert_int_equal(jobs[0].state, again ? HEM_JOB_FOUND : HEM_JOB_DONE);
        assert_int_equal(jobs[1].state, HEM_JOB_FAILED);
        assert_int_equal(jobs[1].error.status, HEM_ERR_DIVERGED);
        assert_int_equal(jobs[2].state, HEM_JOB_FAILED);
        assert_string_equal(jobs[2].error.text, "holds a run of seed 9, not of seed 2");
        assert_int_equal(jobs[4].state, again ? HEM_JOB_FOUND : HEM_JOB_DONE);
        hem_jobs_release(jobs, N);
    }
    /* Another experiment in the same place is refused too. */
    hem_spec *longer = spec_with(SET("train.epochs=4"));
    fill(jobs, longer, data);
    assert_int_equal(hem_jobs_run(jobs, 1, NULL, NULL), HEM_OK);
    assert_string_equal(jobs[0].error.text,
                        "holds a run of another experiment: train.epochs is 3 there, 4 here");
    hem_jobs_release(jobs, 1);
    hem_data_free(data);
    hem_spec_free(longer);
    hem_spec_free(wild);
    hem_spec_free(spec);
}

/* Stops as soon as any job has begun. */
static void stop_at_once(void *user, const hem_job *jobs, size_t n)
{
    (void)user;
    for (size_t i = 0; i < n; i++) {
        if (jobs[i].state != HEM_JOB_WAITING)
            __atomic_store_n(&stop, 15, __ATOMIC_RELAXED);
    }
}

static void test_dearest_first(void **state)
{
    (void)state;
    hem_spec *spec = spec_with(SET("train.epochs=1000"));
    hem_data *data = data_of(spec);
    hem_job jobs[N];
    fill(jobs, spec, data);
    jobs[3].cost = 10;
    jobs[4].cost = 5;
    stop = 0;
    hem_jobs_options options = {.threads = 1, .stop = &stop, .changed = stop_at_once};
    assert_int_equal(hem_jobs_run(jobs, N, &options, NULL), HEM_INTERRUPTED);
    for (int i = 0; i < N; i++)
        assert_int_equal(jobs[i].state, i == 3 ? HEM_JOB_STOPPED : HEM_JOB_WAITING);
    double cost;
    assert_int_equal(hem_training_cost(context, spec, data, &cost, NULL), HEM_OK);
    assert_true(cost > 0);
    hem_jobs_release(jobs, N);
    hem_data_free(data);
    hem_spec_free(spec);
}

static void test_folder(void **state)
{
    (void)state;
    char out[512];
    hem_error err;
    hem_spec *spec = spec_with(NULL), *longer = spec_with(SET("train.epochs=4"));
    hem_spec *seeded = spec_with(SET("train.seed=8")),
             *other = spec_with(SET("data.synthetic.seed=3"));
    hem_data *data = data_of(spec), *others = data_of(other);
    assert_int_equal(hem_study_folder("a/b/", true, HEM_STUDY_SEEDS, spec, data, out, &err), 0);
    assert_string_equal(out, "a/b");
    assert_int_equal(hem_study_folder("a/b", true, HEM_STUDY_SEEDS, seeded, data, out, &err), 0);
    assert_string_equal(out, "a/b");
    assert_int_equal(hem_study_folder("a/b", true, HEM_STUDY_SEEDS, longer, data, out, &err), 0);
    assert_string_equal(out, "a/b-2");
    assert_int_equal(hem_study_folder("a/b", true, HEM_STUDY_SEEDS, other, others, out, &err), 0);
    assert_string_equal(out, "a/b-3");
    assert_int_equal(hem_study_folder("a/b", true, HEM_STUDY_FOLDS, spec, data, out, &err), 0);
    assert_string_equal(out, "a/b-4");
    assert_int_equal(hem_study_folder("a/b", false, HEM_STUDY_SEEDS, longer, data, out, &err),
                     HEM_ERR_USAGE);
    assert_string_equal(err.text, "holds another experiment: train.epochs is 3 there, 4 here");
    assert_int_equal(mkdir("empty", 0777), 0);
    assert_int_equal(hem_study_folder("empty", false, HEM_STUDY_SEEDS, spec, data, out, &err),
                     HEM_ERR_USAGE);
    assert_true(hem_same_data(spec, longer));
    assert_false(hem_same_data(spec, other));
    hem_data_free(data);
    hem_data_free(others);
    hem_spec_free(spec);
    hem_spec_free(longer);
    hem_spec_free(seeded);
    hem_spec_free(other);
}

/* A damaged result is an error of that job, never a crash. */
static void test_damaged_result(void **state)
{
    (void)state;
    hem_spec *spec = spec_with(NULL);
    hem_data *data = data_of(spec);
    hem_job jobs[N];
    fill(jobs, spec, data);
    assert_int_equal(hem_jobs_run(jobs, 1, NULL, NULL), HEM_OK);
    assert_int_equal(jobs[0].state, HEM_JOB_DONE);
    hem_jobs_release(jobs, 1);
    assert_int_equal(truncate("s0/result.json", 300), 0);
    fill(jobs, spec, data);
    assert_int_equal(hem_jobs_run(jobs, 1, NULL, NULL), HEM_OK);
    assert_int_equal(jobs[0].state, HEM_JOB_FAILED);
    assert_int_equal(jobs[0].error.status, HEM_ERR_DATA);
    hem_jobs_release(jobs, 1);
    hem_data_free(data);
    hem_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bits_of_single_runs), TEST(test_resumed), TEST(test_failures_alone),
        TEST(test_dearest_first),       TEST(test_folder),  TEST(test_damaged_result),
    };
    return cmocka_run_group_tests_name("study_threads", tests, NULL, NULL);
}

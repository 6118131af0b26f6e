/* The cgroup quota, read from made-up /proc and /sys trees of both versions; the affinity mask. */
#include "unit/support.h"

#include <sched.h>

#include "base/cpus.h"
#include "base/file.h"
#include "hemline/base.h"

static char root[64];

static int enter(void **state)
{
    (void)state;
    support_folder(root);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    support_remove(root);
    return 0;
}

static void put(const char *path, const char *text)
{
    char whole[512];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    char *slash = strrchr(whole, '/');
    *slash = '\0';
    assert_int_equal(hem__make_directories(whole, NULL), HEM_OK);
    *slash = '/';
    assert_int_equal(hem__file_write(whole, text, strlen(text), NULL), HEM_OK);
}

static void test_nothing_known(void **state)
{
    (void)state;
    assert_int_equal(hem__quota_cpus(root), 0);
    put("/proc/self/cgroup", "nonsense\n0::/a\n");
    put("/proc/self/mountinfo", "nonsense\n\n");
    assert_int_equal(hem__quota_cpus(root), 0);
}

static void test_version_2(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/user.slice/job\n");
    put("/proc/self/mountinfo",
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
    assert_int_equal(hem__quota_cpus(root), 0);
    put("/sys/fs/cgroup/user.slice/job/cpu.max", "max 100000\n");
    assert_int_equal(hem__quota_cpus(root), 0);
    put("/sys/fs/cgroup/user.slice/job/cpu.max", "400000 100000\n");
    assert_int_equal(hem__quota_cpus(root), 4);
    put("/sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n"); /* above, and tighter: 1.5 */
    assert_int_equal(hem__quota_cpus(root), 2);
    put("/sys/fs/cgroup/cpu.max", "10000 100000\n");
    assert_int_equal(hem__quota_cpus(root), 1);
    put("/sys/fs/cgroup/cpu.max", "garbage here\n");
    put("/sys/fs/cgroup/user.slice/cpu.max", "150000\n");
    put("/sys/fs/cgroup/user.slice/job/cpu.max", "");
    assert_int_equal(hem__quota_cpus(root), 0);
}

/* A container sees its own group as the root of the mount. */
static void test_version_2_in_a_container(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "0::/../../elsewhere\n");
    put("/proc/self/mountinfo", "30 22 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
    put("/sys/fs/cgroup/cpu.max", "250000 100000\n");
    assert_int_equal(hem__quota_cpus(root), 3);
}

static void test_version_1(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "5:cpuset:/docker/abc\n4:cpu,cpuacct:/docker/abc/in\n0::/\n");
    put("/proc/self/mountinfo",
        "33 30 0:29 /docker/abc /sys/fs/cgroup/cpuset ro - cgroup cgroup rw,cpuset\n"
        "34 30 0:30 /docker/abc /sys/fs/cgroup/cpu,cpuacct ro master:9 - cgroup cgroup "
        "rw,cpu,cpuacct\n");
    put("/sys/fs/cgroup/cpu,cpuacct/in/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/in/cpu.cfs_period_us", "100000\n");
    assert_int_equal(hem__quota_cpus(root), 0);
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "20000\n");
    assert_int_equal(hem__quota_cpus(root), 3);
}

static void test_affinity(void **state)
{
    (void)state;
    int all = hem__allowed_cpus();
    assert_true(all >= 1);
    assert_in_range(hem_default_threads(), 1, all);
    hem__affinity saved = hem__affinity_save();
    assert_non_null(saved.mask);
    assert_true(hem__pin_to(all + 1)); /* counted round */
    assert_int_equal(hem__allowed_cpus(), 1);
    assert_int_equal(hem_default_threads(), 1);
    hem__affinity_restore(&saved);
    assert_int_equal(hem__allowed_cpus(), all);
    hem__affinity_restore(&saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_known, enter, leave),
        cmocka_unit_test_setup_teardown(test_version_2, enter, leave),
        cmocka_unit_test_setup_teardown(test_version_2_in_a_container, enter, leave),
        cmocka_unit_test_setup_teardown(test_version_1, enter, leave),
        cmocka_unit_test(test_affinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

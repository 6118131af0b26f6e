/* Files: whole reads, writes that lose nothing, folders, paths. */
#include "unit/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[2][512];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static int enter(void **state)
{
    (void)state;
    support_folder(folder);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    support_remove(folder);
    return 0;
}

static int count_entries(void)
{
    int n = 0;
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    while (readdir(entries) != NULL)
        n++;
    closedir(entries);
    return n - 2; /* "." and ".." */
}

static void expect_content(const char *path, const char *expected)
{
    hem_error err;
    unsigned char *bytes;
    size_t n;
    assert_int_equal(hem__file_read(path, 1000000, HEM_ERR_DATA, &bytes, &n, &err), HEM_OK);
    assert_int_equal(n, strlen(expected));
    assert_string_equal((char *)bytes, expected); /* the terminator behind the bytes, too */
    free(bytes);
}

static void test_write_and_read(void **state)
{
    (void)state;
    hem_error err;
    const char *path = in_folder("a");
    assert_int_equal(hem__file_write(path, "first", 5, &err), HEM_OK);
    expect_content(path, "first");
    const hem__piece pieces[] = {{"sec", 3}, {NULL, 0}, {"ond!", 4}};
    assert_int_equal(hem__file_write_pieces(path, pieces, 3, &err), HEM_OK);
    expect_content(path, "second!");
    assert_int_equal(hem__file_write(path, NULL, 0, &err), HEM_OK);
    expect_content(path, "");
    assert_int_equal(count_entries(), 1);
}

static void test_read_refusals(void **state)
{
    (void)state;
    hem_error err;
    unsigned char *bytes = (unsigned char *)1;
    size_t n = 1;
    assert_int_equal(hem__file_read(in_folder("no"), 10, HEM_ERR_MODEL, &bytes, &n, &err),
                     HEM_ERR_MODEL);
    assert_null(bytes);
    assert_int_equal(n, 0);
    assert_string_equal(err.file, in_folder("no"));
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(hem__file_read(folder, 10, HEM_ERR_DATA, &bytes, &n, &err), HEM_ERR_DATA);
    assert_non_null(strstr(err.text, "folder"));
    assert_int_equal(hem__file_read("/dev/zero", 10, HEM_ERR_DATA, &bytes, &n, &err), HEM_ERR_DATA);
    /* A named pipe that nobody writes to must not hang. */
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_int_equal(hem__file_read(in_folder("pipe"), 10, HEM_ERR_DATA, &bytes, &n, &err),
                     HEM_ERR_DATA);
    assert_int_equal(hem__file_write(in_folder("a"), "12345678901", 11, &err), HEM_OK);
    assert_int_equal(hem__file_read(in_folder("a"), 10, HEM_ERR_USAGE, &bytes, &n, &err),
                     HEM_ERR_USAGE);
    assert_string_equal(err.text, "too large: 11 bytes, at most 10 are read");
    assert_int_equal(hem__file_read(in_folder("a"), 11, HEM_ERR_USAGE, &bytes, &n, NULL), HEM_OK);
    free(bytes);
}

static void test_write_failures(void **state)
{
    (void)state;
    hem_error err;
    assert_int_equal(hem__file_write(in_folder("no/a"), "x", 1, &err), HEM_ERR_IO);
    assert_non_null(strstr(err.text, "No such file"));
    /* The name is a folder: the temporary file was written, and must be gone. */
    assert_int_equal(mkdir(in_folder("d"), 0700), 0);
    assert_int_equal(hem__file_write(in_folder("d"), "x", 1, &err), HEM_ERR_IO);
    assert_int_equal(count_entries(), 1);
    assert_int_equal(hem__file_append("/dev/full", "x", 1, &err), HEM_ERR_IO);
    assert_string_equal(err.file, "/dev/full");
    assert_non_null(strstr(err.text, "No space left"));
    assert_true(strlen(err.hint) > 0);
}

/* A limit on file sizes stands for the full disk: writing breaks off half way. */
static void test_full_disk(void **state)
{
    (void)state;
    hem_error err;
    static char big[100000];
    struct rlimit before, small;
    memset(big, 'x', sizeof big);
    assert_int_equal(hem__file_write(in_folder("a"), "old", 3, &err), HEM_OK);
    assert_int_equal(hem__file_write(in_folder("log"), "one\n", 4, &err), HEM_OK);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 50000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    hem_status written = hem__file_write(in_folder("a"), big, sizeof big, &err);
    hem_status appended = hem__file_append(in_folder("log"), big, sizeof big, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(written, HEM_ERR_IO);
    assert_int_equal(appended, HEM_ERR_IO);
    assert_non_null(strstr(err.text, "File too large"));
    expect_content(in_folder("a"), "old");
    expect_content(in_folder("log"), "one\n"); /* the half record was taken back */
    assert_int_equal(count_entries(), 2);
}

static void test_append(void **state)
{
    (void)state;
    hem_error err;
    assert_int_equal(hem__file_append(in_folder("e"), "one\n", 4, &err), HEM_OK);
    assert_int_equal(hem__file_append(in_folder("e"), "two\n", 4, &err), HEM_OK);
    expect_content(in_folder("e"), "one\ntwo\n");
    assert_int_equal(hem__file_append(in_folder("no/e"), "x", 1, &err), HEM_ERR_IO);
}

static void test_long_name(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    assert_int_equal(hem__file_write(in_folder(name), "x", 1, NULL), HEM_OK);
    expect_content(in_folder(name), "x");
}

static void test_directories(void **state)
{
    (void)state;
    hem_error err;
    assert_int_equal(hem__make_directories(in_folder("x/y//z/"), &err), HEM_OK);
    assert_true(hem__is_directory(in_folder("x/y/z")));
    assert_int_equal(hem__make_directories(in_folder("x/y/z"), &err), HEM_OK);
    assert_int_equal(hem__make_directories("/", &err), HEM_OK);
    assert_int_equal(hem__make_directories("", &err), HEM_ERR_IO);
    assert_int_equal(hem__file_write(in_folder("f"), "x", 1, &err), HEM_OK);
    assert_int_equal(hem__make_directories(in_folder("f"), &err), HEM_ERR_IO);
    assert_non_null(strstr(err.text, "a file of that name exists"));
    assert_int_equal(hem__make_directories(in_folder("f/g"), &err), HEM_ERR_IO);
    assert_true(hem__is_file(in_folder("f")));
    assert_false(hem__is_file(in_folder("x")));
    assert_false(hem__is_directory(in_folder("f")));
    assert_false(hem__is_file(in_folder("none")));
}

static void test_free_space(void **state)
{
    (void)state;
    hem_error err;
    unsigned long long here, below, root, bare;
    assert_int_equal(hem__free_space(folder, &here, &err), HEM_OK);
    assert_true(here > 0);
    assert_int_equal(hem__free_space(in_folder("not/there/yet"), &below, &err), HEM_OK);
    assert_true(below > 0);
    assert_int_equal(hem__free_space("/none-such", &root, &err), HEM_OK);
    assert_int_equal(hem__free_space("none-such", &bare, &err), HEM_OK);
    assert_true(bare > 0);
    assert_int_equal(hem__file_write(in_folder("f"), "x", 1, &err), HEM_OK);
    assert_int_equal(hem__free_space(in_folder("f/g"), &below, &err), HEM_ERR_IO);
}

static void check_join(const char *a, const char *b, const char *expected)
{
    char *joined = hem__path_join(a, b);
    assert_string_equal(joined, expected);
    free(joined);
}

static void test_join(void **state)
{
    (void)state;
    check_join("a", "b", "a/b");
    check_join("a/", "b", "a/b");
    check_join("a//", "//b/c", "a/b/c");
    check_join("/", "b", "/b");
    check_join("", "b", "b");
    check_join("a", "", "a/");
}

static void check_cache(const char *own, const char *xdg, const char *home, const char *expected)
{
    own ? setenv("HEMLINE_CACHE", own, 1) : unsetenv("HEMLINE_CACHE");
    xdg ? setenv("XDG_CACHE_HOME", xdg, 1) : unsetenv("XDG_CACHE_HOME");
    home ? setenv("HOME", home, 1) : unsetenv("HOME");
    char *cache = hem__cache_directory();
    if (expected == NULL)
        assert_null(cache);
    else
        assert_string_equal(cache, expected);
    free(cache);
}

static void test_cache_directory(void **state)
{
    (void)state;
    check_cache("mine", "/x", "/h", "mine");
    check_cache(NULL, "/x", "/h", "/x/hemline");
    check_cache("", "relative", "/h", "/h/.cache/hemline");
    check_cache(NULL, NULL, "/h/", "/h/.cache/hemline");
    check_cache(NULL, NULL, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_write_and_read, enter, leave),
        cmocka_unit_test_setup_teardown(test_read_refusals, enter, leave),
        cmocka_unit_test_setup_teardown(test_write_failures, enter, leave),
        cmocka_unit_test_setup_teardown(test_full_disk, enter, leave),
        cmocka_unit_test_setup_teardown(test_append, enter, leave),
        cmocka_unit_test_setup_teardown(test_long_name, enter, leave),
        cmocka_unit_test_setup_teardown(test_directories, enter, leave),
        cmocka_unit_test_setup_teardown(test_free_space, enter, leave),
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_cache_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* `hemline data get` against a server on this machine: whole, broken off and resumed, wrong. The
 * tests that end well need the real files (package dataset-fashion-mnist) and are skipped, with a
 * word, where they are not there. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/set.h"
#include "unit/support_data.h"

static const char system_folder[] = "/usr/share/datasets/fashion-mnist";

/* ---- the server ----------------------------------------------------------------------------- */

static pid_t server;
static int server_port;
static int server_stdin = -1; /* closing it stops the server */
static char *served;          /* its folder, where the real files are not there */

/* Also lets the program under test find its module, which is built one folder above. */
static int start_server(void **state)
{
    (void)state;
    int in[2], out[2];
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return -1;
    path[n] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(path, '/') = '\0';
    if (setenv("HEMLINE_MODULES", path, 1) != 0 || setenv("no_proxy", "127.0.0.1", 1) != 0)
        return -1;
    bool real = hem__set_is_in(system_folder, HEM__FORM_PACKED);
    if (!real) {
        served = data_folder();
        data_write_set(served, true);
    }
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        return -1;
    server = fork();
    if (server < 0)
        return -1;
    if (server == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execlp("python3", "python3", HEM_SOURCE_DIR "/tests/cli/download_server.py",
               real ? system_folder : served, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    server_stdin = in[1];
    FILE *words = fdopen(out[0], "r");
    bool done = words != NULL && fscanf(words, "%d", &server_port) == 1;
    if (words != NULL)
        fclose(words);
    return done ? 0 : -1;
}

static int stop_server(void **state)
{
    (void)state;
    close(server_stdin);
    if (served != NULL)
        data_folder_remove(served);
    int how;
    return waitpid(server, &how, 0) == server ? 0 : -1;
}

/* ---- getting -------------------------------------------------------------------------------- */

typedef struct watch {
    int calls;
    uint64_t first;      /* bytes there when the first file's transfer was first heard of */
    uint64_t stop_after; /* 0 = never */
} watch;

static bool on_progress(void *user, const char *file, uint64_t done, uint64_t total)
{
    watch *w = user;
    assert_non_null(strstr(file, "-ubyte.gz"));
    assert_true(total == 0 || done <= total);
    if (w->calls++ == 0)
        w->first = done;
    return w->stop_after == 0 || done < w->stop_after;
}

static hem_status get(const char *cache, const char *behaviour, watch *w, hem_error *err)
{
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/%s", server_port, behaviour);
    hem_data_options options = {.cache = cache};
    memset(err, 0, sizeof *err);
    return hem_data_get("fashion-mnist", url, &options, w != NULL ? on_progress : NULL, w, err);
}

static void expect(const char *cache, const char *behaviour, hem_status status, const char *word)
{
    hem_error err;
    assert_int_equal(get(cache, behaviour, NULL, &err), status);
    data_expect_error(&err, status, word);
}

static long size_of(const char *folder, const char *name)
{
    struct stat info;
    return stat(data_path(folder, name), &info) == 0 ? (long)info.st_size : -1;
}

static const char first_part[] = "fashion-mnist/train-images-idx3-ubyte.gz.part";
static const char first_file[] = "fashion-mnist/train-images-idx3-ubyte.gz";

static bool real_data(void)
{
    if (served == NULL)
        return true;
    print_message("skipped: %s is not there (package dataset-fashion-mnist)\n", system_folder);
    return false;
}

/* Broken off twice, gone on with twice, then opened from the cache. */
static void resumes_and_opens(void **state)
{
    (void)state;
    if (!real_data())
        skip();
    char *cache = data_folder();
    hem_error err;
    watch w = {0, 0, 0};
    expect(cache, "break-1000000", HEM_ERR_IO, "train-images-idx3-ubyte.gz");
    assert_int_equal(size_of(cache, first_part), 1000000);
    expect(cache, "break-500000", HEM_ERR_IO, "train-images-idx3-ubyte.gz");
    assert_int_equal(size_of(cache, first_part), 1500000);
    assert_int_equal(get(cache, "plain", &w, &err), HEM_OK);
    assert_true(w.calls > 0);
    assert_int_equal(w.first, 1500000); /* it did go on there */
    assert_int_equal(size_of(cache, first_part), -1);
    w = (watch){0, 0, 0};
    assert_int_equal(get(cache, "status-500", &w, &err), HEM_OK); /* all there: nobody is asked */
    assert_int_equal(w.calls, 0);

    hem_spec spec = data_spec(HEM__DATA_FASHION_MNIST);
    hem_data_options options = {.cache = cache};
    hem_data *data;
    assert_int_equal(hem_data_open(&spec, &options, &data, &err), HEM_OK);
    assert_string_equal(hem_data_get_info(data).name, "fashion-mnist");
    assert_string_equal(hem_data_get_info(data).source, data_path(cache, "fashion-mnist"));
    hem_data_free(data);
    data_folder_remove(cache);
}

/* Servers without ranges, a partial file that is longer than the whole, a leftover of something
 * else: all end with the right file. */
static void begins_anew_where_it_must(void **state)
{
    (void)state;
    if (!real_data())
        skip();
    char *cache = data_folder();
    expect(cache, "norange-1000000", HEM_ERR_IO, "");
    expect(cache, "norange-500000", HEM_ERR_IO, "");
    assert_int_equal(size_of(cache, first_part), 500000); /* not 1500000 */
    unsigned char *junk = calloc(27000000, 1);
    assert_non_null(junk);
    data_write(data_path(cache, first_part), junk, 27000000); /* longer: the server says 416 */
    hem_error err;
    watch w = {0, 0, 1};
    assert_int_equal(get(cache, "norange", &w, &err), HEM_INTERRUPTED);
    data_write(data_path(cache, first_part), junk, 27000000);
    assert_int_equal(get(cache, "moved", NULL, &err), HEM_OK);
    /* Half a file of other content: found at the end by its hash, and downloaded anew. */
    assert_int_equal(unlink(data_path(cache, first_file)), 0);
    data_write(data_path(cache, first_part), junk, 5000000);
    assert_int_equal(get(cache, "plain", NULL, &err), HEM_OK);
    assert_int_equal(size_of(cache, first_file), 26421856);
    free(junk);
    data_folder_remove(cache);
}

static void keeps_wrong_content_aside(void **state)
{
    (void)state;
    char *cache = data_folder();
    hem_error err;
    for (int i = 0; i < 2; i++) {
        const char *behaviour = i ? "page" : "wrong";
        assert_int_equal(get(cache, behaviour, NULL, &err), HEM_ERR_DATA);
        data_expect_error(&err, HEM_ERR_DATA, "is not the file that was expected");
        assert_non_null(strstr(err.hint, "train-images-idx3-ubyte.gz.wrong"));
        assert_true(size_of(cache, "fashion-mnist/train-images-idx3-ubyte.gz.wrong") > 0);
        assert_int_equal(size_of(cache, first_part), -1);
        assert_int_equal(size_of(cache, first_file), -1);
    }
    data_folder_remove(cache);
}

static void names_what_the_server_did(void **state)
{
    (void)state;
    char *cache = data_folder();
    expect(cache, "status-404", HEM_ERR_IO, "the server answers 404");
    expect(cache, "status-500", HEM_ERR_IO, "the server answers 500");
    expect(cache, "status-304", HEM_ERR_IO, "the server answers 304");
    expect(cache, "endless", HEM_ERR_IO, "the server sends more than 47105552 bytes");
    assert_int_equal(unlink(data_path(cache, first_part)), 0);
    expect(cache, "away", HEM_ERR_IO, "cannot download");
    assert_true(size_of(cache, first_part) <= 0); /* nothing of this machine was copied */
    data_write(data_path(cache, first_part), "0123456789", 10);
    expect(cache, "shifted", HEM_ERR_IO, "other bytes than were asked for");
    assert_int_equal(size_of(cache, first_part), 10);

    hem_data_options options = {.cache = cache};
    hem_error err;
    assert_int_equal(
        hem_data_get("fashion-mnist", "http://127.0.0.1:1/", &options, NULL, NULL, &err),
        HEM_ERR_IO);
    data_expect_error(&err, HEM_ERR_IO, "cannot download http://127.0.0.1:1/train-images");
    assert_int_equal(hem_data_get("fashion-mnist", "file:///etc", &options, NULL, NULL, &err),
                     HEM_ERR_IO);
    assert_int_equal(hem_data_get("fashion-mnits", NULL, &options, NULL, NULL, &err),
                     HEM_ERR_USAGE);
    assert_string_equal(err.hint, "did you mean 'fashion-mnist'?");
    data_folder_remove(cache);
}

static void stops_when_told(void **state)
{
    (void)state;
    char *cache = data_folder();
    hem_error err;
    watch w = {0, 0, 1};
    assert_int_equal(get(cache, "endless", &w, &err), HEM_INTERRUPTED);
    assert_non_null(strstr(err.hint, "goes on where it stopped"));
    data_folder_remove(cache);
}

static void needs_a_place_to_write(void **state)
{
    (void)state;
    expect("/proc/self/nowhere", "plain", HEM_ERR_IO, "/proc/self/nowhere");
    /* Two at once would write into the same file. */
    char *cache = data_folder();
    assert_int_equal(mkdir(data_path(cache, "fashion-mnist"), 0700), 0);
    int fd = open(data_path(cache, "fashion-mnist/.download.lock"), O_RDWR | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    expect(cache, "plain", HEM_ERR_IO, "another hemline downloads");
    close(fd);
    /* A pipe, or a link to elsewhere, where the partial file should be. */
    assert_int_equal(mkfifo(data_path(cache, first_part), 0600), 0);
    expect(cache, "status-404", HEM_ERR_IO, "");
    assert_int_equal(unlink(data_path(cache, first_part)), 0);
    assert_int_equal(symlink("/etc/hostname", data_path(cache, first_part)), 0);
    expect(cache, "plain", HEM_ERR_IO, "cannot write");
    data_folder_remove(cache);
}

static void names_a_missing_module(void **state)
{
    (void)state;
    char *kept = strdup(getenv("HEMLINE_MODULES")), *folder = data_folder();
    assert_int_equal(setenv("HEMLINE_MODULES", folder, 1), 0);
    expect(folder, "plain", HEM_ERR_IO, "there is no such file");
    data_write(data_path(folder, "hemline_download.so"), "not a module", 12);
    expect(folder, "plain", HEM_ERR_IO, "cannot load the module");
    assert_int_equal(setenv("HEMLINE_MODULES", kept, 1), 0);
    free(kept);
    data_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resumes_and_opens),         cmocka_unit_test(begins_anew_where_it_must),
        cmocka_unit_test(keeps_wrong_content_aside), cmocka_unit_test(names_what_the_server_did),
        cmocka_unit_test(stops_when_told),           cmocka_unit_test(needs_a_place_to_write),
        cmocka_unit_test(names_a_missing_module),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}

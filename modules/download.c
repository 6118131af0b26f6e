/* The loadable module "download": one HTTP transfer into an open file, by libcurl. Linked into the
 * program it would cost every start some 15 ms. */
#include "data/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

typedef struct transfer {
    CURL *curl;
    int fd;
    uint64_t start;     /* bytes in the file before this request */
    uint64_t written;   /* by this request */
    uint64_t max_bytes; /* the whole file may not be longer */
    bool body;          /* the first byte of the answer's body has been seen */
    bool stopped, too_long, other_range;
    uint64_t range_start; /* by the answer's Content-Range; UINT64_MAX = none */
    int write_errno;
    hem__fetch_progress progress;
    void *user;
} transfer;

static size_t on_header(char *line, size_t size, size_t n, void *user)
{
    static const char name[] = "content-range: bytes ";
    transfer *t = user;
    size_t length = size * n;
    char copy[128];
    if (length >= 5 && strncasecmp(line, "HTTP/", 5) == 0)
        t->range_start = UINT64_MAX; /* a new answer, after a redirect */
    if (length >= sizeof copy)
        return length;
    memcpy(copy, line, length);
    copy[length] = '\0';
    unsigned long long first;
    if (strncasecmp(copy, name, sizeof name - 1) == 0 &&
        sscanf(copy + sizeof name - 1, "%llu-", &first) == 1)
        t->range_start = first;
    return length;
}

/* At the first byte of the body: does it go on where the file ends, or is it the whole again? */
static bool begin_body(transfer *t)
{
    long code = 0;
    t->body = true;
    if (curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK)
        code = 0;
    if (code == 206 && t->range_start == t->start)
        return true;
    if (code == 206) {
        t->other_range = true;
        return false;
    }
    t->start = 0;
    if (ftruncate(t->fd, 0) == 0 && lseek(t->fd, 0, SEEK_SET) == 0)
        return true;
    t->write_errno = errno;
    return false;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *user)
{
    transfer *t = user;
    size_t length = size * n, done = 0;
    if (!t->body && !begin_body(t))
        return 0; /* anything but the length ends the transfer */
    if (t->start + t->written + length > t->max_bytes) {
        t->too_long = true;
        return 0;
    }
    while (done < length) {
        ssize_t wrote = write(t->fd, bytes + done, length - done);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0) {
            t->write_errno = errno;
            return 0;
        }
        done += (size_t)wrote;
        t->written += (uint64_t)wrote;
    }
    return length;
}

static int on_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    transfer *t = user;
    (void)now;
    (void)up_total;
    (void)up_now;
    uint64_t all = total > 0 && t->body ? t->start + (uint64_t)total : 0;
    t->stopped = t->progress != NULL && !t->progress(t->user, t->start + t->written, all);
    return t->stopped ? 1 : 0;
}

/* false where this libcurl lacks an option that the transfer relies on. */
static bool set_up(transfer *t, const char *url, char *reason)
{
    bool done = true;
    char range[32];
#define SET(option, value) done = done && curl_easy_setopt(t->curl, option, value) == CURLE_OK
    SET(CURLOPT_URL, url);
    SET(CURLOPT_ERRORBUFFER, reason);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, 5L);
    SET(CURLOPT_FAILONERROR, 1L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_USERAGENT, "hemline/" HEM_VERSION);
    SET(CURLOPT_CONNECTTIMEOUT, 30L);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L); /* no byte for half a minute: the connection is dead */
    SET(CURLOPT_LOW_SPEED_TIME, 30L);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, t);
    SET(CURLOPT_NOPROGRESS, 0L);
    if (t->start > 0) {
        snprintf(range, sizeof range, "%llu-", (unsigned long long)t->start);
        SET(CURLOPT_RANGE, range); /* libcurl keeps a copy */
    }
#undef SET
    return done;
}

/* One request. *code is the server's answer, 0 where there was none. */
static hem__fetch_result request(transfer *t, const char *url, char *why, size_t why_size,
                                 long *code)
{
    char reason[CURL_ERROR_SIZE] = "";
    *code = 0;
    t->curl = curl_easy_init();
    if (t->curl == NULL || !set_up(t, url, reason)) {
        curl_easy_cleanup(t->curl);
        snprintf(why, why_size, "libcurl does not start");
        return HEM__FETCH_BROKEN;
    }
    CURLcode result = curl_easy_perform(t->curl);
    if (curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, code) != CURLE_OK)
        *code = 0;
    curl_easy_cleanup(t->curl);
    if (t->write_errno != 0) {
        snprintf(why, why_size, "%s", strerror(t->write_errno));
        return HEM__FETCH_WRITE;
    }
    if (t->stopped)
        return HEM__FETCH_STOPPED;
    if (t->too_long)
        snprintf(why, why_size, "the server sends more than %llu bytes",
                 (unsigned long long)t->max_bytes);
    else if (t->other_range)
        snprintf(why, why_size, "the server answers with other bytes than were asked for");
    else if (result == CURLE_HTTP_RETURNED_ERROR || (result == CURLE_OK && *code / 100 != 2))
        snprintf(why, why_size, "the server answers %ld", *code);
    else if (result != CURLE_OK)
        snprintf(why, why_size, "%s", reason[0] != '\0' ? reason : curl_easy_strerror(result));
    else
        return HEM__FETCH_DONE;
    return HEM__FETCH_BROKEN;
}

static hem__fetch_result fetch(const char *url, int fd, uint64_t max_bytes,
                               hem__fetch_progress progress, void *user, char *why, size_t why_size,
                               int *write_errno)
{
    *write_errno = 0;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        snprintf(why, why_size, "libcurl does not start");
        return HEM__FETCH_BROKEN;
    }
    hem__fetch_result result;
    long code = 0;
    bool again;
    do {
        transfer t = {.fd = fd,
                      .max_bytes = max_bytes,
                      .range_start = UINT64_MAX,
                      .progress = progress,
                      .user = user};
        off_t end = lseek(fd, 0, SEEK_END);
        if (end < 0) {
            *write_errno = errno;
            snprintf(why, why_size, "%s", strerror(errno));
            return HEM__FETCH_WRITE;
        }
        t.start = (uint64_t)end;
        result = request(&t, url, why, why_size, &code);
        *write_errno = t.write_errno;
        /* 416: the server has no bytes behind those that are here. Once more, from the start. */
        again = result == HEM__FETCH_BROKEN && code == 416 && end > 0 && ftruncate(fd, 0) == 0;
    } while (again);
    curl_global_cleanup();
    return result;
}

const hem__download_module hem_download_module = {
    .size = sizeof(hem__download_module),
    .version = HEM_VERSION,
    .fetch = fetch,
};

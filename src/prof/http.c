// SPDX-License-Identifier: BSD-2-Clause
// HTTP by libcurl, over TCP or a unix socket.
#include "source.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECT_SECONDS = 5 };

typedef struct answer {
    bytes *body;
    const char *name;
    bool too_large;
} answer;

static size_t receive(char *data, size_t size, size_t count, void *context)
{
    answer *a = context;
    size_t more = size * count;
    if (a->body->size + more > MOST_READ) {
        a->too_large = true;
        return 0;
    }
    bytes_reserve(a->body, more);
    memcpy(a->body->data + a->body->size, data, more);
    a->body->size += more;
    progress(a->name, a->body->size);
    return more;
}

// Why there is no answer. libcurl's own words are a sentence, without its end.
static bool explain(const answer *a, CURLcode code, const char *words, trouble *t)
{
    if (a->too_large)
        return fail(t, "the answer is larger than %d MiB.", MOST_READ >> 20);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return fail(t, "there is no answer in time (%s).",
                    words[0] != '\0' ? words : curl_easy_strerror(code));
    if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE)
        return fail(t, "the answer is cut off (%s).", words[0] != '\0' ? words : curl_easy_strerror(code));
    return fail(t, "%s.", words[0] != '\0' ? words : curl_easy_strerror(code));
}

static bool check_status(CURL *curl, trouble *t)
{
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200)
        return true;
    const char *hint = status == 404                    ? ": there is no profile at this path"
                       : status == 401 || status == 403 ? ": it is not allowed to"
                       : status >= 300 && status < 400  ? ": the profile is somewhere else"
                                                        : "";
    return fail(t, "the server answers with status %ld%s.", status, hint);
}

// What is on this machine is not asked for by a proxy, whatever the environment says.
static bool is_here(const char *url)
{
    static const char *const hosts[] = {"http://localhost", "http://127.", "http://[::1]"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (strncmp(url, hosts[i], strlen(hosts[i])) == 0)
            return true;
    }
    return false;
}

static void set_up(CURL *curl, const char *url, const char *socket, long seconds, answer *a, char *words)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    if (socket != NULL)
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    if (socket != NULL || is_here(url))
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "pond-prof");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, words);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
}

bool http_read(bytes *b, const char *url, const char *socket, long seconds, trouble *t)
{
    char words[CURL_ERROR_SIZE] = "";
    answer a = {.body = b, .name = url};
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        return fail(t, "libcurl does not start.");
    set_up(curl, url, socket, seconds, &a, words);
    CURLcode code = curl_easy_perform(curl);
    bool done = code == CURLE_OK ? check_status(curl, t) : explain(&a, code, words, t);
    if (done && b->size == 0)
        done = fail(t, "the answer is empty.");
    curl_easy_cleanup(curl);
    return done;
}

// The URL with PROFILE_PATH where it names no path of its own; NULL: it is none. To be freed by curl_free.
static char *with_path(const char *url)
{
    CURLU *parts = curl_url();
    char *path = NULL, *whole = NULL;
    if (parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_PATH, &path, 0) == CURLUE_OK) {
        if (strcmp(path, "/") == 0)
            curl_url_set(parts, CURLUPART_PATH, PROFILE_PATH, 0);
        curl_url_get(parts, CURLUPART_URL, &whole, 0);
    }
    curl_free(path);
    curl_url_cleanup(parts);
    return whole;
}

bool url_read(bytes *b, const char *url, trouble *t)
{
    char *whole = with_path(url);
    if (whole == NULL)
        return fail(t, "it is not a URL.");
    bool done = http_read(b, whole, NULL, ANSWER_SECONDS, t);
    curl_free(whole);
    return done;
}

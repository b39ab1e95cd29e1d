/*
 * target_name.c - what the words for targets mean.
 */
#include "target.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* Where @TEXT looks if it is not told: Chromium's usual port. */
#define BROWSER ":9222"
#define REPLAY "replay:"

static const char *const schemes[] = { "ws://", "wss://", "http://", "https://", "unix:" };

static bool has_scheme(const char *word)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncmp(word, schemes[i], strlen(schemes[i])) == 0)
            return true;
    return false;
}

static bool has_recording(const char *word)
{
    return strncmp(word, REPLAY, strlen(REPLAY)) == 0;
}

static size_t count_digits(const char *word)
{
    return strspn(word, "0123456789");
}

/* The last colon of "HOST:PORT...", "[::1]:PORT..."; NULL: the word does not begin so. */
static const char *find_port(const char *word)
{
    const char *colon = word;

    if (*word == '[')
        colon = strchr(word, ']') ? strchr(word, ']') + 1 : "";
    else
        while (isalnum((unsigned char)*colon) || *colon == '.' || *colon == '-' || *colon == '_')
            colon++;
    return *colon == ':' && isdigit((unsigned char)colon[1]) ? colon : NULL;
}

bool target_reads_like(const char *word)
{
    return (*word && !word[count_digits(word)]) || *word == '@' || has_scheme(word) ||
           has_recording(word) || find_port(word);
}

/* "HOST:PORT" as a URL; what follows is left for the caller. */
static const char *parse_endpoint(target_name *out, const char *word, const char **rest)
{
    const char *colon = find_port(word), *port = colon ? colon + 1 : NULL;

    if (!port)
        return "it is no number of a process, no [HOST]:PORT, and no URL";
    *rest = port + count_digits(port);
    unsigned long number = strtoul(port, NULL, 10);
    if (*rest - port > 5 || number == 0 || number > 65535)
        return "a port is 1 to 65535";
    int len = snprintf(out->url, sizeof out->url, "http://%.*s:%lu",
                       colon == word ? (int)strlen("127.0.0.1") : (int)(colon - word),
                       colon == word ? "127.0.0.1" : word, number);
    return len < (int)sizeof out->url ? NULL : "it is too long";
}

static const char *parse_pid(target_name *out, const char *word)
{
    if (strlen(word) > 10)
        return "no process has such a number";
    out->pid = strtoll(word, NULL, 10);
    return out->pid > 0 ? NULL : "no process has such a number";
}

static const char *parse_url(target_name *out, const char *word)
{
    if (strlen(word) >= sizeof out->url)
        return "it is too long";
    strcpy(out->url, word);
    /* Without a path it is an endpoint; of unix:FILE the path comes after a second colon. */
    const char *host = strstr(word, "://");
    if (strncmp(word, "http", 4) == 0 && host)
        out->any = host[3 + strcspn(host + 3, "/")] == 0 ||
                   strcmp(host + 3 + strcspn(host + 3, "/"), "/") == 0;
    else if (strncmp(word, "unix:", 5) == 0)
        out->any = !strstr(word + 5, ":/");
    return NULL;
}

/* [HOST]:PORT, and what may follow it. */
static const char *parse_short(target_name *out, const char *word)
{
    const char *rest, *why = parse_endpoint(out, word, &rest);

    if (why)
        return why;
    if (*rest == '@') {
        out->text = rest + 1;
        return *out->text ? NULL : "no text follows the @";
    }
    out->any = !*rest || strcmp(rest, "/") == 0;
    if (out->any || strcmp(rest, "/browser") == 0)
        return NULL;
    if (*rest != '/')
        return "a port is followed by nothing, /ID or @TEXT";
    if (strlen(out->url) + strlen(rest) >= sizeof out->url)
        return "it is too long";
    strcat(out->url, rest);
    return NULL;
}

const char *target_parse(target_name *out, const char *word)
{
    *out = (target_name){ .pid = 0 };
    if (!*word)
        return "it is empty";
    if (!word[count_digits(word)])
        return parse_pid(out, word);
    if (has_scheme(word))
        return parse_url(out, word);
    if (has_recording(word)) {
        out->file = word + strlen(REPLAY);
        return *out->file ? NULL : "no file follows the colon";
    }
    if (*word != '@')
        return parse_short(out, word);
    const char *why = parse_short(out, BROWSER);
    out->any = false;
    out->text = word + 1;
    return why ? why : *out->text ? NULL : "no text follows the @";
}

/*
 * flags.c - Node's inspector flags, as words and as a line of text.
 *
 * The rules are Node's, also where they surprise: a host alone means port 9229, whatever port came
 * before, and the last colon parts host and port.  What Node takes for port 0 or for true without
 * looking at it (a port that is no number, a value of a flag that has none) is refused.
 */
#include <cdp/inspector.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_PORT = 9229, MIN_PORT = 1024, MAX_PORT = 65535 };

static const char digits[] = "0123456789";

__attribute__((format(printf, 2, 3))) static int fail(cdp_inspector_flags *f, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(f->error, sizeof f->error, fmt, args);
    va_end(args);
    return CDP_EINVAL;
}

/* ---- values ------------------------------------------------------------ */

static int take_port(cdp_inspector_flags *f, const char *text)
{
    unsigned port = 0;

    for (; *text && port <= MAX_PORT; text++)
        port = port * 10 + (unsigned)(*text - '0');
    if (port > MAX_PORT || (port && port < MIN_PORT))
        return fail(f, "must be 0 or in range %d to %d.", MIN_PORT, MAX_PORT);
    f->port = (uint16_t)port;
    return 0;
}

/* Without the brackets of an IPv6 address.  An empty host changes nothing. */
static int take_host(cdp_inspector_flags *f, const char *host, size_t len)
{
    if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
        host++;
        len -= 2;
    }
    if (len >= sizeof f->host)
        return fail(f, "the inspector's host is longer than %zu bytes", sizeof f->host - 1);
    if (len > 0) {
        memcpy(f->host, host, len);
        f->host[len] = 0;
    }
    return 0;
}

/* [host:]port, or a host. */
static int take_address(cdp_inspector_flags *f, const char *value)
{
    size_t len = strlen(value);
    const char *colon = strrchr(value, ':');

    if (value[strspn(value, digits)] == 0)
        return take_port(f, value);
    if (!colon || (value[0] == '[' && value[len - 1] == ']')) {
        f->port = DEFAULT_PORT;
        return take_host(f, value, len);
    }
    if (colon[1] == 0 || colon[1 + strspn(colon + 1, digits)] != 0)
        return fail(f, "the port in %s must be a number", value);
    int rc = take_port(f, colon + 1);
    return rc < 0 ? rc : take_host(f, value, (size_t)(colon - value));
}

/* Names with commas between them. */
static int take_destinations(cdp_inspector_flags *f, const char *value)
{
    unsigned publish = 0;

    for (const char *p = value; *p; p += *p == ',') {
        size_t len = strcspn(p, ",");
        if (cdp_str_eq(cdp_sn(p, len), cdp_s("stderr")))
            publish |= CDP_PUBLISH_STDERR;
        else if (cdp_str_eq(cdp_sn(p, len), cdp_s("http")))
            publish |= CDP_PUBLISH_HTTP;
        else if (len > 0)
            return fail(f, "--inspect-publish-uid destination can be stderr or http");
        p += len;
    }
    f->publish = publish ? publish : CDP_PUBLISH_NOWHERE;
    return 0;
}

/* ---- flags ------------------------------------------------------------- */

static void set_open(cdp_inspector_flags *f, bool on)
{
    f->open = on;
    if (!on)
        f->wait = f->break_on_start = false;
}

static void set_wait(cdp_inspector_flags *f, bool on)
{
    f->wait = on;
    f->open |= on;
}

static void set_break(cdp_inspector_flags *f, bool on)
{
    f->break_on_start = on;
    set_wait(f, on);
}

static void set_no_signal(cdp_inspector_flags *f, bool on)
{
    f->no_signal = on;
}

static void set_network(cdp_inspector_flags *f, bool on)
{
    f->network = on;
}

static void set_workers(cdp_inspector_flags *f, bool on)
{
    f->workers = on;
}

static const struct flag {
    const char *name;
    void (*set)(cdp_inspector_flags *f, bool on);           /* NULL: it is all in the value */
    int (*take)(cdp_inspector_flags *f, const char *value); /* NULL: it has no value */
} flags[] = {
    { "inspect", set_open, take_address },
    { "inspect-brk", set_break, take_address },
    { "inspect-wait", set_wait, take_address },
    { "inspect-port", NULL, take_address },
    { "debug-port", NULL, take_address },
    { "inspect-publish-uid", NULL, take_destinations },
    { "disable-sigusr1", set_no_signal, NULL },
    { "experimental-network-inspection", set_network, NULL },
    { "experimental-worker-inspection", set_workers, NULL },
};

/* Node takes _ for -. */
static bool is_named(const char *word, size_t len, const char *name)
{
    for (size_t i = 0; i < len; i++)
        if (name[i] == 0 || (word[i] == '_' ? '-' : word[i]) != name[i])
            return false;
    return name[len] == 0;
}

static const struct flag *find_flag(const char *word, size_t len)
{
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (is_named(word, len, flags[i].name))
            return &flags[i];
    return NULL;
}

/* Those that Node gave up. */
static int refuse_old(cdp_inspector_flags *f, const char *word, size_t len)
{
    bool brk = is_named(word, len, "debug-brk");

    if (!brk && !is_named(word, len, "debug"))
        return 0;
    return fail(f, "[DEP0062]: --debug%s is no longer a flag; it is --inspect%s now",
                brk ? "-brk" : "", brk ? "-brk" : "");
}

/* Of flags that are still zeroed: a host is never empty later. */
static void set_defaults(cdp_inspector_flags *f)
{
    if (f->host[0])
        return;
    memcpy(f->host, "127.0.0.1", sizeof "127.0.0.1");
    f->port = DEFAULT_PORT;
    f->publish = CDP_PUBLISH_STDERR | CDP_PUBLISH_HTTP;
}

int cdp_inspector_parse_flag(cdp_inspector_flags *f, int argc, char *const *argv)
{
    const char *value = NULL;

    set_defaults(f);
    if (argc < 1 || strncmp(argv[0], "--", 2) != 0)
        return 0;
    bool on = strncmp(argv[0], "--no-", 5) != 0;
    const char *name = argv[0] + (on ? 2 : 5);
    size_t len = strcspn(name, "=");
    const struct flag *flag = find_flag(name, len);
    int took = 1;

    if (!flag)
        return on ? refuse_old(f, name, len) : 0;
    if (name[len] == '=')
        value = name + len + 1;
    if (!on && (value || !flag->set))
        return fail(f, "%s is an invalid negation because it is not a boolean option", argv[0]);
    if (value && !flag->take)
        return fail(f, "%s: the flag takes no value", argv[0]);
    if (!value && !flag->set && argc > 1 && argv[1][0] != '-') {
        value = argv[1];
        took = 2;
    }
    if (value ? value[0] == 0 : !flag->set)
        return fail(f, "%s requires an argument", argv[0]);
    int rc = value ? flag->take(f, value) : 0;
    if (rc < 0)
        return rc;
    if (flag->set)
        flag->set(f, on);
    return took;
}

int cdp_inspector_parse_flags(cdp_inspector_flags *f, int *argc, char **argv)
{
    int n = *argc;
    int left = n > 0, i = left;

    set_defaults(f);
    while (i < n && argv[i][0] == '-' && argv[i][1] != 0 && strcmp(argv[i], "--") != 0) {
        int took = cdp_inspector_parse_flag(f, n - i, argv + i);
        if (took < 0)
            return took;
        if (took == 0)
            argv[left++] = argv[i++];
        else
            i += took;
    }
    while (i < n)
        argv[left++] = argv[i++];
    if (left < n)
        argv[left] = NULL;
    *argc = left;
    return 0;
}

/* ---- text -------------------------------------------------------------- */

/* Cuts text into words, which are copied to out: blanks part them, except within quotes, where what
 * follows a backslash is taken as it is. */
static int cut_words(cdp_inspector_flags *f, const char *text, char **words, char *out, int *n)
{
    bool quoted = false, inside = false; /* quotes; a word */

    *n = 0;
    for (; *text; text++) {
        if (*text == '"') {
            quoted = !quoted;
            continue;
        }
        if (*text == ' ' && !quoted) {
            if (inside)
                *out++ = 0;
            inside = false;
            continue;
        }
        if (*text == '\\' && quoted && *++text == 0)
            return fail(f, "invalid escape at the end of the flags");
        if (!inside)
            words[(*n)++] = out;
        inside = true;
        *out++ = *text;
    }
    *out = 0;
    return quoted ? fail(f, "unterminated string in the flags") : 0;
}

int cdp_inspector_parse_flag_text(cdp_inspector_flags *f, const char *text)
{
    size_t len = strlen(text);
    size_t most = len / 2 + 1; /* words */
    int n, rc;

    set_defaults(f);
    if (len >= INT_MAX / sizeof(char *))
        return fail(f, "the flags are too long");
    char **words = malloc(most * sizeof *words + len + 1);
    if (!words)
        return CDP_ENOMEM;
    rc = cut_words(f, text, words, (char *)(words + most), &n);
    /* Other words are other flags, or values of those. */
    for (int i = 0; rc >= 0 && i<n; i += rc> 0 ? rc : 1)
        rc = cdp_inspector_parse_flag(f, n - i, words + i);
    free(words);
    return rc < 0 ? rc : 0;
}

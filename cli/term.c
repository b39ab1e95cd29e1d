/*
 * term.c - see term.h.
 */
#include "term.h"

#include "cli.h"
#include "progress.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
    bool raw, quiet;
    bool terminal[2], colored[2]; /* stdout, stderr */
    int error;                    /* of stdout, the first */
} term;

static int index_of(const FILE *to)
{
    return to == stderr;
}

void term_start(const char *when, bool raw, bool quiet)
{
    const char *no_color = getenv("NO_COLOR"), *name = getenv("TERM");
    bool wanted = !(no_color && *no_color) && !(name && strcmp(name, "dumb") == 0);

    term.raw = raw;
    term.quiet = quiet;
    for (int i = 0; i < 2; i++) {
        term.terminal[i] = isatty(i ? STDERR_FILENO : STDOUT_FILENO);
        term.colored[i] = strcmp(when, "always") == 0 ||
                          (strcmp(when, "auto") == 0 && term.terminal[i] && wanted);
    }
}

bool term_is_terminal(FILE *to)
{
    return term.terminal[index_of(to)];
}

bool term_is_quiet(void)
{
    return term.quiet;
}

/* Remembers why stdout failed: later, errno has something else to say. */
static void put_bytes(FILE *to, const void *p, size_t n)
{
    errno = 0;
    if (fwrite(p, 1, n, to) < n && to == stdout && !term.error)
        term.error = errno;
}

/* ---- escapes ----------------------------------------------------------- */

/* The length of the UTF-8 sequence at p; *c is its character.  Lone surrogates count as one
 * (WTF-8).  1 and -1: no UTF-8. */
static size_t read_char(const unsigned char *p, size_t left, long *c)
{
    static const long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n = *p < 0x80 ? 1 : *p >= 0xc2 && *p < 0xe0 ? 2 : (*p & 0xf0) == 0xe0 ? 3 : 4;

    *c = n == 1 ? *p : *p & (0x7f >> n);
    if (n == 1)
        return 1;
    if (*p < 0xc2 || *p > 0xf4 || left < n)
        goto bad;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            goto bad;
        *c = *c << 6 | (p[i] & 0x3f);
    }
    if (*c >= least[n] && *c <= 0x10ffff)
        return n;
bad:
    *c = -1;
    return 1;
}

static bool is_harmful(long c, bool line)
{
    if (c == '\n' || c == '\t')
        return line;
    return c < 0x20 || (c >= 0x7f && c < 0xa0) /* C0, DEL, C1, no UTF-8 */
           || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
           c == 0x200f || c == 0x061c       /* bidirectional */
           || (c >= 0xd800 && c <= 0xdfff); /* lone surrogates */
}

static void put_escape(FILE *to, long c, unsigned char byte)
{
    if (c == '\n' || c == '\t')
        fputs(c == '\n' ? "\\n" : "\\t", to);
    else if (c < 0x20)
        fprintf(to, "\\x%02X", byte);
    else /* as JSON has it, so that JSON stays such */
        fprintf(to, "\\u%04lX", (unsigned long)c);
}

static void put_escaped(FILE *to, cdp_str text, bool line)
{
    const unsigned char *p = (const unsigned char *)text.ptr, *end = p + text.len, *plain = p;
    long c;

    while (p < end) {
        size_t n = read_char(p, (size_t)(end - p), &c);
        if (is_harmful(c, line)) {
            put_bytes(to, plain, (size_t)(p - plain));
            put_escape(to, c, *p);
            plain = p + n;
        }
        p += n;
    }
    put_bytes(to, plain, (size_t)(end - plain));
}

/* ---- printing ---------------------------------------------------------- */

static void put_either(FILE *to, cdp_str text, bool line)
{
    progress_hide();
    if (!text.len)
        return;
    if (term_is_terminal(to) && !term.raw)
        put_escaped(to, text, line);
    else
        put_bytes(to, text.ptr, text.len);
}

void put(FILE *to, cdp_str text)
{
    put_either(to, text, false);
}

void put_line(FILE *to, cdp_str text)
{
    put_either(to, text, true);
}

void print_args(FILE *to, const char *fmt, va_list args)
{
    char room[512], *text = room;
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(room, sizeof room, fmt, args);
    if (n >= (int)sizeof room) {
        text = malloc((size_t)n + 1);
        if (text)
            vsnprintf(text, (size_t)n + 1, fmt, again);
        else
            text = room, n = sizeof room - 1;
    }
    va_end(again);
    if (n > 0)
        put(to, cdp_sn(text, (size_t)n));
    if (text != room)
        free(text);
}

void print(FILE *to, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    print_args(to, fmt, args);
    va_end(args);
}

void note(const char *fmt, ...)
{
    va_list args;

    if (term.quiet)
        return;
    va_start(args, fmt);
    print_args(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}

int complain(int status, const char *fmt, ...)
{
    va_list args;

    print(stderr, "cdp: ");
    va_start(args, fmt);
    print_args(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    return status;
}

int complain_memory(void)
{
    return complain(STATUS_FAILED, "out of memory");
}

void paint(FILE *to, color c)
{
    static const char *const codes[] = {
        [PLAIN] = "0",   [BOLD] = "1",  [DIM] = "2",      [RED] = "31",  [GREEN] = "32",
        [YELLOW] = "33", [BLUE] = "34", [MAGENTA] = "35", [CYAN] = "36",
    };

    if (term.colored[index_of(to)])
        fprintf(to, "\033[%sm", codes[c]);
}

bool term_flush(void)
{
    errno = 0;
    if (!term.error && (fflush(stdout) != 0 || ferror(stdout)))
        term.error = errno ? errno : EIO;
    return !term.error;
}

int term_end(int status)
{
    if (term_flush())
        return status;
    /* Who reads no further knows it. */
    if (term.error != EPIPE)
        complain(STATUS_FAILED, "can't write to stdout: %s", strerror(term.error));
    return status ? status : STATUS_FAILED;
}

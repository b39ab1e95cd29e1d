/*
 * words.c - see words.h.
 *
 * Options may stand anywhere before "--"; a word such as "-1" or "-" is none.  What stands after
 * "--" is a program to start.
 */
#include "words.h"

#include "cli.h"
#include "help.h"
#include "nearest.h"
#include "target.h"
#include "term.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A week, in seconds: whatever is longer is a slip. */
#define MOST_SECONDS (7.0 * 24 * 60 * 60)

static const option of_targets[] = {
    { 0, "timeout", WORD_SECONDS, "SECONDS", "30", "wait so long for a connection or an answer" },
    { 0, "token", WORD_TEXT, "TEXT", NULL, "sent to the target as \"Authorization: Bearer\"" },
    { 0, "ca", WORD_FILE, "FILE", NULL, "trust the authorities of this PEM file" },
    { 0, "insecure", WORD_FLAG, NULL, NULL, "trust any certificate" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const option of_all[] = {
    { 0, "json", WORD_FLAG, NULL, NULL, "print JSON" },
    { 0, "color", WORD_CHOICE, "auto|always|never", "auto",
      "when to use colors; auto is on a terminal, unless NO_COLOR is set" },
    { 0, "raw", WORD_FLAG, NULL, NULL, "do not escape control characters on a terminal" },
    { 'q', "quiet", WORD_FLAG, NULL, NULL, "print results and errors only" },
    { 'h', "help", WORD_FLAG, NULL, NULL, "tell about the command" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};

/* ---- tables ------------------------------------------------------------ */

static size_t count_options(const option *o)
{
    size_t n = 0;

    while (o && o[n].name)
        n++;
    return n;
}

const option *words_option(const job *c, size_t i)
{
    const option *tables[] = { c->options, c->takes == TAKES_NONE ? NULL : of_targets,
                               c->verbatim ? NULL : of_all };

    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        size_t n = count_options(tables[t]);
        if (i < n)
            return &tables[t][i];
        i -= n;
    }
    return NULL;
}

bool words_is_common(const job *c, size_t i)
{
    return i >= count_options(c->options);
}

const option *words_find_option(const job *c, const char *name)
{
    const option *o;

    for (size_t i = 0; (o = words_option(c, i)); i++)
        if (strcmp(o->name, name) == 0)
            return o;
    return NULL;
}

const job *words_find_job(const char *name)
{
    for (const job *const *c = jobs; *c; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}

int words_refuse(const job *c, const char *fmt, ...)
{
    va_list args;

    print(stderr, "cdp: ");
    va_start(args, fmt);
    print_args(stderr, fmt, args);
    va_end(args);
    print(stderr, "; see 'cdp help %s'\n", c->name);
    return STATUS_USAGE;
}

/* ---- values ------------------------------------------------------------ */

const char *words_each(const words *w, const char *name, size_t i)
{
    const option *o = words_find_option(w->job, name);

    assert(o);
    for (size_t k = 0; k < w->n_given; k++)
        if (w->given[k].of == o && i-- == 0)
            return w->given[k].value;
    return NULL;
}

bool words_flag(const words *w, const char *name)
{
    return words_each(w, name, 0) != NULL;
}

/* The last one counts. */
const char *words_text(const words *w, const char *name)
{
    const char *value, *last = words_find_option(w->job, name)->preset;

    for (size_t i = 0; (value = words_each(w, name, i)); i++)
        last = value;
    return last;
}

static bool read_count(const char *text, uint64_t *n)
{
    char *end;

    errno = 0;
    *n = strtoull(text, &end, 10);
    return isdigit((unsigned char)*text) && !*end && errno == 0 && *n <= INT64_MAX;
}

static bool read_seconds(const char *text, double *seconds)
{
    char *end;

    *seconds = strtod(text, &end);
    return (isdigit((unsigned char)*text) || *text == '.') && !*end && end != text &&
           isfinite(*seconds) && *seconds <= MOST_SECONDS;
}

uint64_t words_count(const words *w, const char *name)
{
    const char *text = words_text(w, name);
    uint64_t n = 0;

    if (text)
        read_count(text, &n);
    return n;
}

double words_seconds(const words *w, const char *name)
{
    const char *text = words_text(w, name);
    double seconds = -1;

    if (text)
        read_seconds(text, &seconds);
    return seconds;
}

const char *words_operand(const words *w, int i)
{
    return i < w->n ? w->operands[i] : NULL;
}

/* Is it one of "a|b|c"? */
static bool is_choice(const char *choices, const char *text)
{
    size_t n = strcspn(text, "|");

    if (text[n])
        return false;
    for (const char *p = choices; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (n && strncmp(p, text, n) == 0 && (p[n] == '|' || !p[n]))
            return true;
    return false;
}

/* ---- options ----------------------------------------------------------- */

/* What to exit with, or -1. */
static int take_value(words *w, const option *o, const char *value)
{
    uint64_t n;
    double seconds;

    if (o->kind == WORD_COUNT && !read_count(value, &n))
        return words_refuse(w->job, "--%s takes a whole number, not '%s'", o->name, value);
    if (o->kind == WORD_SECONDS && !read_seconds(value, &seconds))
        return words_refuse(w->job, "--%s takes seconds, at most a week, not '%s'", o->name, value);
    if (o->kind == WORD_CHOICE && !is_choice(o->value, value))
        return words_refuse(w->job, "--%s is one of %s, not '%s'", o->name, o->value, value);
    if (w->n_given == WORDS_GIVEN)
        return words_refuse(w->job, "more than %d options", WORDS_GIVEN);
    w->given[w->n_given].of = o;
    w->given[w->n_given++].value = value;
    return -1;
}

static int refuse_option(const words *w, const char *word, size_t len)
{
    nearest near = nearest_to(cdp_sn(word + 2, len - 2));
    const option *o;

    for (size_t i = 0; word[1] == '-' && (o = words_option(w->job, i)); i++)
        nearest_offer(&near, cdp_s(o->name));
    if (near.word.ptr)
        return words_refuse(w->job, "no option '%.*s'; --%s is one", (int)len, word, near.word.ptr);
    return words_refuse(w->job, "no option '%.*s'", (int)len, word);
}

/* --name, --name=value, --name value; *argv moves on. */
static int take_long(words *w, char ***argv)
{
    const char *word = **argv, *name = word + 2;
    size_t len = strcspn(name, "="), i = 0;
    const option *o;

    while ((o = words_option(w->job, i)) && (strncmp(o->name, name, len) != 0 || o->name[len]))
        i++;
    if (!o)
        return refuse_option(w, word, len + 2);
    if (o->kind == WORD_FLAG && name[len])
        return words_refuse(w->job, "--%s takes no value", o->name);
    if (o->kind == WORD_FLAG)
        return take_value(w, o, "");
    if (name[len])
        return take_value(w, o, name + len + 1);
    if (!(*argv)[1])
        return words_refuse(w->job, "--%s takes a value, %s", o->name, o->value);
    return take_value(w, o, *++*argv);
}

/* -x, -xvalue, -x value, and flags together. */
static int take_short(words *w, char ***argv)
{
    const char *word = **argv;
    int status = -1;

    for (const char *p = word + 1; *p && status < 0; p++) {
        const option *o;
        size_t i = 0;
        while ((o = words_option(w->job, i)) && o->letter != *p)
            i++;
        if (!o)
            return refuse_option(w, word, strlen(word));
        if (o->kind == WORD_FLAG) {
            status = take_value(w, o, "");
            continue;
        }
        if (p[1])
            return take_value(w, o, p + 1);
        if (!(*argv)[1])
            return words_refuse(w->job, "-%c takes a value, %s", *p, o->value);
        return take_value(w, o, *++*argv);
    }
    return status;
}

/* ---- operands ---------------------------------------------------------- */

static int count_required(const job *c)
{
    int n = 0;

    for (const operand *o = c->operands; o && o->name && !o->optional; o++)
        n++;
    return n;
}

static int count_most(const job *c)
{
    int n = 0;

    for (const operand *o = c->operands; o && o->name; o++, n++)
        if (o->many)
            return INT32_MAX;
    return n;
}

/* The first operand is the TARGET if it reads like one and the command can do without it. */
static void take_target(words *w)
{
    if (w->n > count_required(w->job) && !w->launch && target_reads_like(w->operands[0])) {
        w->target = w->operands[0];
        w->operands++;
        w->n--;
    } else if (!w->launch) {
        const char *preset = getenv("CDP_TARGET");
        w->target = preset && *preset ? preset : NULL;
    }
}

static bool needs_target(const words *w)
{
    const job *c = w->job;

    return c->takes == TAKES_TARGET && !w->target && !w->launch &&
           !(c->without && words_flag(w, c->without));
}

static int check_operands(const words *w)
{
    const job *c = w->job;

    if (w->launch && c->takes != TAKES_TARGET)
        return words_refuse(c, "cdp %s starts no program", c->name);
    if (w->launch && !w->launch[0])
        return words_refuse(c, "no program after --");
    if (needs_target(w) && w->n)
        return words_refuse(c, "'%s' is no TARGET, and CDP_TARGET is not set", w->operands[0]);
    if (needs_target(w))
        return words_refuse(c, "TARGET is missing");
    if (w->n < count_required(c))
        return words_refuse(c, "%s is missing", c->operands[w->n].name);
    if (w->n > count_most(c) && w->launch && target_reads_like(w->operands[0]))
        return words_refuse(c, "'%s' is a TARGET, and so is the program after --", w->operands[0]);
    if (w->n > count_most(c))
        return words_refuse(c, "'%s' is one word too many", w->operands[count_most(c)]);
    return -1;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && (isalpha((unsigned char)word[1]) || word[1] == '-');
}

/* Leaves the operands in front of argv, their number in w->n. */
static int split_words(words *w, char **argv)
{
    char **first = argv, **to = argv;
    int status = -1;

    w->operands = (const char *const *)first;
    for (; *argv && status < 0; argv++) {
        if (strcmp(*argv, "--") == 0) {
            w->launch = (const char *const *)argv + 1;
            break;
        }
        if (!is_option(*argv))
            *to++ = *argv;
        else
            status = (*argv)[1] == '-' ? take_long(w, &argv) : take_short(w, &argv);
    }
    w->n = (int)(to - first);
    return status;
}

int words_parse(words *w, const job *c, int argc, char **argv)
{
    *w = (words){ .job = c, .argc = argc, .argv = argv };
    if (c->verbatim)
        return -1;
    int status = split_words(w, argv + 1);
    if (status >= 0)
        return status;
    term_start(words_text(w, "color"), words_flag(w, "raw"), words_flag(w, "quiet"));
    if (words_flag(w, "help"))
        return help_print(c);
    if (c->takes != TAKES_NONE)
        take_target(w);
    return check_operands(w);
}

/*
 * help.c - `cdp help`: what the tables say, as text.
 */
#include "help.h"

#include "cli.h"
#include "nearest.h"
#include "term.h"

#include <stdlib.h>

enum { WIDTH = 79, OPTION_COLUMN = 28 };

const help_target help_targets[] = {
    { "PID", "a process: Node's inspector is opened by SIGUSR1 if need be" },
    { "[HOST]:PORT", "an endpoint: its first page, or first target (HOST: 127.0.0.1)" },
    { "[HOST]:PORT/ID", "its target of that id, as 'cdp list' tells" },
    { "[HOST]:PORT/browser", "the browser itself" },
    { "[[HOST]:PORT]@TEXT", "its target whose title or URL has TEXT in it (port: 9222)" },
    { "ws://HOST:PORT/PATH", "that WebSocket; wss: alike" },
    { "http://HOST:PORT[/ID]", "an endpoint, or one target of it; https: alike" },
    { "unix:FILE[:/ID]", "the same by a socket in the file system" },
    { "replay:FILE", "what 'cdp record' wrote: nothing is connected to" },
    { "-- PROGRAM [arguments]", "a program to start: Node, Deno, Chromium or 'cdp run'" },
    { NULL, NULL },
};
const char help_targets_more[] =
    "A number alone is always a process; a port has a colon before it. Where no TARGET is given, "
    "the environment variable CDP_TARGET names it.\n\nA browser that is started shows the page "
    "that its arguments name, or an empty one; what it writes itself is dropped.";

/* ---- pieces ------------------------------------------------------------ */

bool help_usage(char text[HELP_USAGE], const job *c, bool launch)
{
    int n = snprintf(text, HELP_USAGE, "cdp %s [options]", c->name);

    if (c->takes != TAKES_NONE && !launch)
        n += snprintf(text + n, (size_t)(HELP_USAGE - n), " [TARGET]");
    for (const operand *o = c->operands; o && o->name; o++)
        n += snprintf(text + n, (size_t)(HELP_USAGE - n), o->optional ? " [%s%s]" : " %s%s",
                      o->name, o->many ? "..." : "");
    if (launch)
        snprintf(text + n, (size_t)(HELP_USAGE - n), " -- PROGRAM [arguments]");
    return c->takes == TAKES_TARGET;
}

const char *help_option(char text[HELP_OPTION], const option *o)
{
    const char *gap = o->value && *o->value != '[' ? " " : "";
    const char *value = o->value ? o->value : "";

    if (o->letter)
        snprintf(text, HELP_OPTION, "-%c, --%s%s%s", o->letter, o->name, gap, value);
    else
        snprintf(text, HELP_OPTION, "    --%s%s%s", o->name, gap, value);
    return text;
}

/* text, broken into lines that begin at indent; the first is there already, up to column. */
static void print_wrapped(const char *text, int column, int indent)
{
    while (*text) {
        int len = (int)strcspn(text, " \n");
        if (column > indent && column + 1 + len > WIDTH) {
            printf("\n");
            column = 0;
        } else if (column > indent) {
            printf(" ");
            column++;
        }
        if (column < indent)
            printf("%*s", indent - column, "");
        column = (column < indent ? indent : column) + len;
        printf("%.*s", len, text);
        text += len;
        if (strncmp(text, "\n\n", 2) == 0) {
            printf("\n\n");
            column = 0;
        }
        text += strspn(text, " \n");
    }
    printf("\n");
}

/* A name and its meaning, in two columns. */
static void print_row(const char *name, int indent, const char *meaning)
{
    int column = printf("  %s", name);

    if (column + 2 > indent) {
        printf("\n");
        column = 0;
    }
    print_wrapped(meaning, column, indent);
}

/* ---- a command --------------------------------------------------------- */

static void print_operands(const job *c)
{
    if (c->takes != TAKES_NONE || (c->operands && c->operands->name))
        printf("\n");
    if (c->takes != TAKES_NONE)
        print_row("TARGET", 14,
                  "what to speak to: PID, [HOST]:PORT, @TITLE, a URL; "
                  "see 'cdp help targets'");
    for (const operand *o = c->operands; o && o->name; o++)
        print_row(o->name, 14, o->meaning);
}

static void print_options(const job *c)
{
    char name[HELP_OPTION], meaning[512];
    const option *o;

    for (size_t i = 0; (o = words_option(c, i)); i++) {
        if (i == 0 || (words_is_common(c, i) && !words_is_common(c, i - 1)))
            printf("\n");
        snprintf(meaning, sizeof meaning, o->preset ? "%s (%s)" : "%s", o->meaning, o->preset);
        print_row(help_option(name, o), OPTION_COLUMN, meaning);
    }
}

int help_print(const job *c)
{
    char usage[HELP_USAGE];

    if (help_usage(usage, c, false)) {
        printf("usage: %s\n", usage);
        help_usage(usage, c, true);
        printf("       %s\n", usage);
    } else {
        printf("usage: %s\n", usage);
    }
    printf("\n");
    print_wrapped(c->about ? c->about : c->summary, 0, 0);
    print_operands(c);
    print_options(c);
    for (const example *e = c->examples; e && e->words; e++)
        printf("%s  %s\n      %s\n", e == c->examples ? "\nexamples\n" : "", e->words, e->meaning);
    return 0;
}

/* ---- cdp help ---------------------------------------------------------- */

static int print_commands(void)
{
    printf("usage: cdp COMMAND [options] [arguments]\n\n");
    for (const job *const *c = jobs; *c; c++)
        print_row((*c)->name, 14, (*c)->summary);
    printf("\n'cdp help COMMAND' tells more; 'cdp help targets' how programs are named.\n");
    return 0;
}

static int print_targets(void)
{
    printf("TARGET is one of\n\n");
    for (const help_target *t = help_targets; t->form; t++)
        print_row(t->form, 27, t->meaning);
    printf("\n");
    print_wrapped(help_targets_more, 0, 0);
    return 0;
}

static int run_help(const words *w)
{
    const char *name = words_operand(w, 0);

    if (words_flag(w, "man"))
        return help_print_man();
    if (!name || strcmp(name, "help") == 0)
        return print_commands();
    if (strcmp(name, "targets") == 0)
        return print_targets();
    const job *c = words_find_job(name);
    if (c)
        return help_print(c);
    return complain_command(name);
}

static const option options[] = {
    { 0, "man", WORD_FLAG, NULL, NULL, "print the manual page, as troff" },
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const operand operands[] = {
    { "COMMAND", WORD_COMMAND, true, false, "or 'targets'" },
    { NULL, WORD_TEXT, false, false, NULL },
};
const job help_job = {
    .name = "help",
    .summary = "tell what a command does",
    .options = options,
    .operands = operands,
    .run = run_help,
};

/*
 * man.c - `cdp help --man`: what the tables say, as a manual page.
 */
#include "cli.h"
#include "help.h"

#include <cdp/cdp.h>
#include <stdio.h>

/* Text, such that troff takes nothing in it for its own. */
static void put_troff(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++)
        switch (*text) {
        case '\\':
            fputs("\\e", stdout);
            break;
        case '-':
            fputs("\\-", stdout);
            break;
        case '\n':
            if (text[1] == '\n') {
                fputs("\n.PP\n", stdout);
                text++;
            } else {
                fputc('\n', stdout);
            }
            break;
        default:
            fputc(*text, stdout);
        }
}

/* A line with its own macro. */
static void put_macro(const char *macro, const char *text)
{
    printf("%s", macro);
    put_troff(text);
    printf("\n");
}

static void put_item(const char *name, const char *meaning, const char *preset)
{
    printf(".TP\n.B ");
    put_troff(name + strspn(name, " "));
    printf("\n");
    put_troff(meaning);
    if (preset) {
        printf(" (");
        put_troff(preset);
        printf(")");
    }
    printf("\n");
}

static void put_command(const job *c)
{
    char text[HELP_USAGE];
    const option *o;

    printf(".SS ");
    put_troff(c->name);
    printf("\n.nf\n");
    bool more = help_usage(text, c, false);
    put_macro(".B ", text);
    if (more) {
        help_usage(text, c, true);
        put_macro(".B ", text);
    }
    printf(".fi\n.PP\n");
    put_troff(c->about ? c->about : c->summary);
    printf("\n");
    for (const operand *p = c->operands; p && p->name; p++)
        put_item(p->name, p->meaning, NULL);
    for (size_t i = 0; (o = words_option(c, i)) && !words_is_common(c, i); i++) {
        char name[HELP_OPTION];
        put_item(help_option(name, o), o->meaning, o->preset);
    }
    for (const example *e = c->examples; e && e->words; e++) {
        printf(".PP\n");
        put_troff(e->meaning);
        printf(":\n.PP\n.RS\n.nf\n");
        put_troff(e->words);
        printf("\n.fi\n.RE\n");
    }
}

/* Those that are told once: of the first command that has them all. */
static void put_common(void)
{
    const job *const *c = jobs;
    const option *o;

    while ((*c)->takes == TAKES_NONE && c[1])
        c++;
    for (size_t i = 0; (o = words_option(*c, i)); i++) {
        char name[HELP_OPTION];
        if (words_is_common(*c, i))
            put_item(help_option(name, o), o->meaning, o->preset);
    }
}

int help_print_man(void)
{
    printf(".TH CDP 1 \"\" \"cdpkit %d.%d.%d\"\n.SH NAME\n", CDP_VERSION_MAJOR, CDP_VERSION_MINOR,
           CDP_VERSION_PATCH);
    printf("cdp \\- the Chrome DevTools Protocol from the command line\n"
           ".SH SYNOPSIS\n.B cdp\n.I COMMAND\n[\\fIoptions\\fR] [\\fIarguments\\fR]\n"
           ".SH COMMANDS\n");
    for (const job *const *c = jobs; *c; c++)
        put_command(*c);
    printf(".SH TARGETS\nTARGET is one of\n");
    for (const help_target *t = help_targets; t->form; t++)
        put_item(t->form, t->meaning, NULL);
    printf(".PP\n");
    put_troff(help_targets_more);
    printf("\n.SH OPTIONS\nBesides their own, commands have these; those about connections belong "
           "to commands with a TARGET.\n");
    put_common();
    printf(".SH EXIT STATUS\n");
    put_item("0", "All went well.", NULL);
    put_item("1", "It failed; a line on stderr says why.", NULL);
    put_item("2", "The words on the command line are wrong.", NULL);
    put_item("128 + N", "Signal N ended it before it was done.", NULL);
    printf(".PP\n");
    put_troff("'cdp run' ends as Node does: with the script's code, or 9 for wrong flags.");
    printf("\n.SH FILES\n");
    put_troff("Files are written under another name in the same folder, and get theirs when they "
              "are whole; only their owner may read them. An existing one is left alone, unless "
              "--force is given.");
    printf("\n.SH ENVIRONMENT\n");
    put_item("CDP_TARGET", "the TARGET of commands that are given none", NULL);
    put_item("NO_COLOR", "if it is set, colors are for --color=always only", NULL);
    return 0;
}

/*
 * complete.c - `cdp completion`: scripts for shells, from the tables of commands and the protocol.
 */
#include "cli.h"
#include "help.h"
#include "lookup.h"

#include <stdio.h>

/* ---- the protocol's names ---------------------------------------------- */

/* "Network." and the like go where more may follow. */
static void put_names(unsigned kinds, const char *after_domain, const char *before)
{
    char text[ITEM_NAME];

    for (item it = lookup_first(); it.d; it = lookup_next(it))
        if (kinds & 1u << it.kind) {
            cdp_str name = item_name(it, text);
            printf("%s%.*s%s", before, (int)name.len, name.ptr,
                   it.kind == ITEM_DOMAIN ? after_domain : "");
        }
}

static void put_commands(const char *before)
{
    for (const job *const *c = jobs; *c; c++)
        printf("%s%s", before, (*c)->name);
}

/* The words that a kind may be, as the shells' scripts name them; NULL: files, or nothing known. */
static const char *list_of(word_kind kind)
{
    switch (kind) {
    case WORD_METHOD:
        return "methods";
    case WORD_EVENT:
        return "events";
    case WORD_NAME:
        return "names";
    case WORD_COMMAND:
        return "commands";
    case WORD_FLAG:
    case WORD_TEXT:
    case WORD_FILE:
    case WORD_COUNT:
    case WORD_SECONDS:
    case WORD_CHOICE:
        break;
    }
    return NULL;
}

/* "a|b|c", apart. */
static void put_choices(const char *choices)
{
    for (; *choices; choices++)
        putchar(*choices == '|' ? ' ' : *choices);
}

/* Text inside '...', for shells alike. */
static void put_quoted(const char *text)
{
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
}

/* "--name", and what its value is attached with where that can be left out. */
static bool takes_word(const option *o)
{
    return o->kind != WORD_FLAG && *o->value != '[';
}

static void put_lists(const char *assign, const char *separator, const char *end)
{
    printf("%smethods%s", assign, separator);
    put_names(1 << ITEM_COMMAND, "", " ");
    printf("%s%sevents%s", end, assign, separator);
    put_names(1 << ITEM_DOMAIN | 1 << ITEM_EVENT, ".", " ");
    printf("%s%snames%s search", end, assign, separator);
    put_names(ANY_ITEM, "", " ");
    printf("%s%scommands%s", end, assign, separator);
    put_commands(" ");
    printf("%s", end);
}

/* ---- bash -------------------------------------------------------------- */

/* What follows an option that takes a value. */
static void put_bash_value(const option *o)
{
    if (o->letter)
        printf("    -%c|--%s) ", o->letter, o->name);
    else
        printf("    --%s) ", o->name);
    if (o->kind == WORD_CHOICE) {
        printf("_cdp_words '");
        put_choices(o->value);
        printf("'");
    } else if (o->kind == WORD_FILE) {
        printf("_cdp_files");
    } else {
        printf("COMPREPLY=()");
    }
    printf("; return;;\n");
}

static void put_bash_command(const job *c)
{
    const option *o;

    printf("  %s)\n    case $before in\n", c->name);
    for (size_t i = 0; (o = words_option(c, i)); i++)
        if (takes_word(o))
            put_bash_value(o);
    printf("    esac\n    options='");
    for (size_t i = 0; (o = words_option(c, i)); i++)
        printf("%s--%s", i ? " " : "", o->name);
    printf("'\n");
    for (const operand *p = c->operands; p && p->name; p++)
        if (list_of(p->kind))
            printf("    words=$_cdp_%s\n", list_of(p->kind));
    printf("    ;;\n");
}

static void put_bash(void)
{
    printf("# cdp completion bash: completion of cdp, for bash.\n");
    put_lists("_cdp_", "='", "'\n");
    printf("_cdp_words() { COMPREPLY=($(compgen -W \"$1\" -- \"$word\")); }\n"
           "_cdp_files() { compopt -o filenames; COMPREPLY=($(compgen -f -- \"$word\")); }\n"
           "_cdp() {\n"
           "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
           "  local options='' words='' w\n"
           "  if [ \"$word\" = = ]; then word=''; # --color=au are three words\n"
           "  elif [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
           "  if [ \"$COMP_CWORD\" = 1 ]; then _cdp_words \"$_cdp_commands\"; return; fi\n"
           "  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
           "    if [ \"$w\" = -- ]; then _cdp_files; return; fi\n"
           "  done\n"
           "  case ${COMP_WORDS[1]} in\n");
    for (const job *const *c = jobs; *c; c++)
        put_bash_command(*c);
    printf("  esac\n"
           "  if [[ $word == -* ]]; then _cdp_words \"$options\"\n"
           "  elif [ -n \"$words\" ]; then _cdp_words \"$words\"\n"
           "  else _cdp_files; fi\n"
           "  if [[ ${#COMPREPLY[@]} = 1 && $COMPREPLY == *. ]]; then compopt -o nospace; fi\n"
           "}\n"
           "complete -F _cdp cdp\n");
}

/* ---- zsh --------------------------------------------------------------- */

static void put_zsh_escaped(const char *text)
{
    char c[2] = "";

    for (; *text; text++) {
        if (strchr(":[]\\", *text))
            putchar('\\');
        c[0] = *text;
        put_quoted(c);
    }
}

static void put_zsh_option(const option *o)
{
    printf(" \\\n      ");
    if (o->letter)
        printf("'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter,
               takes_word(o) ? "+" : "", o->name, takes_word(o) ? "=" : "");
    else
        printf("'--%s%s[", o->name, takes_word(o) ? "=" : o->kind == WORD_FLAG ? "" : "=-");
    put_zsh_escaped(o->meaning);
    printf("]");
    if (o->kind != WORD_FLAG)
        printf(takes_word(o) ? ":%s:" : "::%s:", "value");
    if (o->kind == WORD_FILE)
        printf("_files");
    if (o->kind == WORD_CHOICE) {
        printf("(");
        put_choices(o->value);
        printf(")");
    }
    printf("'");
}

static void put_zsh_command(const job *c)
{
    const option *o;
    const char *list = NULL;

    for (const operand *p = c->operands; p && p->name; p++)
        if (list_of(p->kind))
            list = list_of(p->kind);
    printf("    %s) _arguments -s", c->name);
    for (size_t i = 0; (o = words_option(c, i)); i++)
        put_zsh_option(o);
    if (list)
        printf(" \\\n      '*:word:->%s'", list);
    else
        printf(" \\\n      '*:file:_files'");
    printf(" ;;\n");
}

static void put_zsh(void)
{
    printf("#compdef cdp\n# cdp completion zsh: completion of cdp, for zsh.\n");
    put_lists("_cdp_", "=(", ")\n");
    printf("_cdp() {\n"
           "  local curcontext=$curcontext state line\n"
           "  if (( CURRENT == 2 )); then\n"
           "    local -a summaries=(");
    for (const job *const *c = jobs; *c; c++) {
        printf("\n      '%s:", (*c)->name);
        put_zsh_escaped((*c)->summary);
        printf("'");
    }
    printf(")\n"
           "    _describe command summaries\n"
           "    return\n"
           "  fi\n"
           "  shift words; (( CURRENT-- ))\n"
           "  case $words[1] in\n");
    for (const job *const *c = jobs; *c; c++)
        put_zsh_command(*c);
    printf("  esac\n"
           "  case $state in\n"
           "    methods) compadd -a _cdp_methods ;;\n"
           "    events) compadd -a _cdp_events ;;\n"
           "    names) compadd -a _cdp_names ;;\n"
           "    commands) compadd -a _cdp_commands ;;\n"
           "  esac\n"
           "}\n"
           "if [ \"$funcstack[1]\" = _cdp ]; then _cdp \"$@\"; else compdef _cdp cdp; fi\n");
}

/* ---- fish -------------------------------------------------------------- */

/* Inside fish's '...' a backslash escapes. */
static void put_fish_quoted(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
}

static void put_fish_option(const job *c, const option *o)
{
    printf("complete -c cdp -n '__fish_seen_subcommand_from %s' -l %s", c->name, o->name);
    if (o->letter)
        printf(" -s %c", o->letter);
    if (takes_word(o))
        printf(o->kind == WORD_FILE ? " -r -F" : " -x");
    if (o->kind == WORD_CHOICE) {
        printf(" -a '");
        put_choices(o->value);
        printf("'");
    }
    printf(" -d '");
    put_fish_quoted(o->meaning);
    printf("'\n");
}

static void put_fish(void)
{
    printf("# cdp completion fish: completion of cdp, for fish.\n");
    put_lists("set -g _cdp_", "", "\n");
    for (const job *const *c = jobs; *c; c++) {
        const option *o;
        printf("complete -c cdp -f -n __fish_use_subcommand -a %s -d '", (*c)->name);
        put_fish_quoted((*c)->summary);
        printf("'\n");
        for (const operand *p = (*c)->operands; p && p->name; p++)
            if (list_of(p->kind))
                printf("complete -c cdp -f -n '__fish_seen_subcommand_from %s' -a \"$_cdp_%s\"\n",
                       (*c)->name, list_of(p->kind));
        for (size_t i = 0; (o = words_option(*c, i)); i++)
            put_fish_option(*c, o);
    }
}

/* ---- cdp completion ---------------------------------------------------- */

static int run_completion(const words *w)
{
    const char *shell = words_operand(w, 0);

    if (strcmp(shell, "bash") == 0)
        put_bash();
    else if (strcmp(shell, "zsh") == 0)
        put_zsh();
    else if (strcmp(shell, "fish") == 0)
        put_fish();
    else
        return words_refuse(w->job, "SHELL is bash, zsh or fish, not '%s'", shell);
    return 0;
}

static const operand operands[] = {
    { "SHELL", WORD_TEXT, false, false, "bash, zsh or fish" },
    { NULL, WORD_TEXT, false, false, NULL },
};
static const example examples[] = {
    { "source <(cdp completion bash)", "in ~/.bashrc; of zsh alike" },
    { "cdp completion fish | source", "in ~/.config/fish/config.fish" },
    { NULL, NULL },
};
const job completion_job = {
    .name = "completion",
    .summary = "print a script that completes words in a shell",
    .about = "Prints a script by which bash, zsh or fish completes commands, options and the "
             "protocol's names.",
    .operands = operands,
    .examples = examples,
    .run = run_completion,
};

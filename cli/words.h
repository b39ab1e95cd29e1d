/*
 * words.h - what a command is told on its command line.
 *
 * A table says what options and operands a command has.  From it come parsing, `cdp help`, the man
 * page and the shells' completions: nothing about an option is said twice.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a value is: how it is checked, and what a shell offers. */
typedef enum word_kind {
    WORD_FLAG, /* an option without a value */
    WORD_TEXT,
    WORD_FILE,
    WORD_COUNT,   /* a whole number */
    WORD_SECONDS, /* "10", "0.5" */
    WORD_CHOICE,  /* one of those that its value's name lists: "auto|always|never" */
    WORD_METHOD,  /* "Runtime.evaluate" */
    WORD_EVENT,   /* "Network.", "Network.dataReceived" */
    WORD_NAME,    /* anything of the protocol */
    WORD_COMMAND  /* of cdp */
} word_kind;

typedef struct option {
    char letter;      /* 0: none */
    const char *name; /* without "--"; NULL at the end of a table */
    word_kind kind;
    const char *value;  /* what its value is called; "[=ADDR]": it can be left out */
    const char *preset; /* where the option is not given; NULL: nothing */
    const char *meaning;
} option;

typedef struct operand {
    const char *name; /* NULL at the end of a table */
    word_kind kind;
    bool optional; /* those that follow are, too */
    bool many;     /* the last: any number */
    const char *meaning;
} operand;

typedef struct example {
    const char *words, *meaning; /* NULL at the end of a table */
} example;

/* Whether a command takes a TARGET, its first operand (target.h). */
typedef enum takes_target {
    TAKES_NONE,
    TAKES_ENDPOINT, /* one that can be asked what it has; it may be left out */
    TAKES_TARGET    /* any, or a program to start after "--" */
} takes_target;

typedef struct words words;

/* A command of cdp. */
typedef struct job {
    const char *name;
    const char *summary; /* a few words */
    const char *about;   /* sentences, "\n\n" between paragraphs; may be NULL */
    takes_target takes;
    const char *without;        /* the option with which none is needed; NULL: there is no such */
    bool verbatim;              /* parses its words itself: the table tells, no more */
    bool records;               /* Ctrl-C ends what it does, not the program that it started */
    bool from_start;            /* sees its target from the start: it calls target_go() */
    const option *options;      /* besides those that every command has; may be NULL */
    const operand *operands;    /* after TARGET; may be NULL */
    const example *examples;    /* may be NULL */
    int (*run)(const words *w); /* returns what to exit with */
} job;

/* Those of commands that write a file. */
#define WORDS_OUTPUT(meaning)                                            \
    { 'o', "output", WORD_FILE, "FILE", NULL, meaning },                 \
    {                                                                    \
        'f', "force", WORD_FLAG, NULL, NULL, "replace FILE if it exists" \
    }

enum { WORDS_GIVEN = 64 };

struct words {
    const job *job;
    struct {
        const option *of;
        const char *value;
    } given[WORDS_GIVEN]; /* options, in their order */
    size_t n_given;
    const char *target;        /* NULL: none was named */
    const char *const *launch; /* the program to start, NULL at its end; or NULL */
    int n;                     /* operands besides TARGET */
    const char *const *operands;
    int argc; /* all of them, as main() has them; argv[0] is the command's name */
    char **argv;
};

/* Parses argv, which gets reordered.  What to exit with (it has been said), or -1: go on. */
int words_parse(words *w, const job *c, int argc, char **argv);

/* Of an option that the command has; as given, else the preset. */
bool words_flag(const words *w, const char *name);
const char *words_text(const words *w, const char *name); /* NULL: neither */
uint64_t words_count(const words *w, const char *name);   /* 0: neither */
double words_seconds(const words *w, const char *name);   /* -1: neither */

/* The i-th value of an option that may be given again and again; NULL: no more. */
const char *words_each(const words *w, const char *name, size_t i);

/* Operand i, or NULL. */
const char *words_operand(const words *w, int i);

/* The i-th option of a command, common ones last, and that of a name; NULL: no more, none. */
const option *words_option(const job *c, size_t i);
const option *words_find_option(const job *c, const char *name);

/* Is it an option of every command, or of every one with a TARGET? */
bool words_is_common(const job *c, size_t i);

const job *words_find_job(const char *name);

/* "cdp: ..." to stderr, and where help is.  Returns STATUS_USAGE. */
__attribute__((format(printf, 2, 3))) int words_refuse(const job *c, const char *fmt, ...);

#endif /* WORDS_H */

/*
 * protocol.c - `cdp protocol`: the protocol that this command was built for, offline.
 */
#include "cli.h"
#include "describe.h"
#include "jobs.h"
#include "term.h"

#include <ctype.h>

enum { COLUMN = 34 };

/* ---- everything -------------------------------------------------------- */

static int list_domains(const words *w)
{
    json_out j = { .to = stdout };

    if (words_flag(w, "json")) {
        json_open(&j, '{');
        json_text_member(&j, "revision", cdp_s(cdp__protocol_revision));
        json_key(&j, "domains");
        json_open(&j, '[');
        for (item it = lookup_first(); it.d; it = lookup_next(it))
            if (it.kind == ITEM_DOMAIN)
                describe_json(&j, it);
        json_close(&j, ']');
        json_close(&j, '}');
        print(stdout, "\n");
        return 0;
    }
    for (item it = lookup_first(); it.d; it = lookup_next(it))
        if (it.kind == ITEM_DOMAIN)
            describe_line(it, COLUMN);
    return 0;
}

/* ---- one thing --------------------------------------------------------- */

static int tell_item(const words *w, const char *name)
{
    json_out j = { .to = stdout };
    size_t len = strlen(name);

    if (len && name[len - 1] == '.')
        len--;
    item it = lookup_find(cdp_sn(name, len), ANY_ITEM);
    if (!it.d)
        return lookup_refuse(cdp_sn(name, len), ANY_ITEM, "domain, command, event or type");
    if (!words_flag(w, "json")) {
        describe_text(it);
        return 0;
    }
    describe_json(&j, it);
    print(stdout, "\n");
    return 0;
}

/* ---- search ------------------------------------------------------------ */

/* Members of something that hold a word, or an enum's words. */
typedef struct found {
    cdp_str word;
    cdp_str names[2 * 64]; /* a type has at most 64 members; params and result */
    size_t n;
} found;

static bool holds(cdp_str text, cdp_str word)
{
    for (size_t i = 0; i + word.len <= text.len; i++) {
        size_t n = 0;
        while (n < word.len &&
               tolower((unsigned char)text.ptr[i + n]) == tolower((unsigned char)word.ptr[n]))
            n++;
        if (n == word.len)
            return true;
    }
    return false;
}

static void find_name(found *f, cdp_str name)
{
    if (f->n < sizeof f->names / sizeof *f->names && holds(name, f->word))
        f->names[f->n++] = name;
}

static void find_fields(found *f, const cdp__domain *d, unsigned type)
{
    if (type == CDP__NONE)
        return;
    const cdp__field *field = d->fields + d->types[type].first;
    for (unsigned i = 0; i < d->types[type].n; i++, field++)
        find_name(f, lookup_str(d, field->name, field->name_len));
}

static void find_words(found *f, const cdp__domain *d, const cdp__enum *e)
{
    for (unsigned i = 0; i < e->n; i++)
        find_name(f, lookup_str(d, d->words[e->first + i].text, d->words[e->first + i].len));
}

static void find_members(found *f, item it)
{
    const cdp__domain *d = it.d;

    f->n = 0;
    if (it.kind == ITEM_COMMAND) {
        find_fields(f, d, d->commands[it.i].params);
        find_fields(f, d, d->commands[it.i].result);
    } else if (it.kind == ITEM_EVENT) {
        find_fields(f, d, d->events[it.i].params);
    } else if (it.kind == ITEM_TYPE) {
        find_fields(f, d, it.i);
    } else if (it.kind == ITEM_ENUM) {
        find_words(f, d, &d->enums[it.i]);
    }
}

static void print_found(item it, const found *f)
{
    char text[ITEM_NAME];
    cdp_str name = item_name(it, text);

    print(stdout, "%-*.*s  ", COLUMN, (int)name.len, name.ptr);
    paint(stdout, DIM);
    print(stdout, f->n ? "%-8s" : "%s", item_word(it));
    paint(stdout, PLAIN);
    for (size_t i = 0; i < f->n; i++)
        print(stdout, "%s%.*s", i ? ", " : " ", (int)f->names[i].len, f->names[i].ptr);
    print(stdout, "\n");
}

static void write_found(json_out *j, item it, const found *f)
{
    char text[ITEM_NAME];

    json_open(j, '{');
    json_text_member(j, "name", item_name(it, text));
    json_text_member(j, "kind", cdp_s(item_word(it)));
    json_key(j, "members");
    json_open(j, '[');
    for (size_t i = 0; i < f->n; i++)
        json_text(j, f->names[i]);
    json_close(j, ']');
    json_close(j, '}');
}

static int search(const words *w, const char *word)
{
    char text[ITEM_NAME];
    found f = { .word = cdp_s(word) };
    json_out j = { .to = stdout };
    bool any = false, as_json = words_flag(w, "json");

    if (as_json)
        json_open(&j, '[');
    for (item it = lookup_first(); it.d; it = lookup_next(it)) {
        find_members(&f, it);
        if (!f.n && !holds(item_name(it, text), f.word))
            continue;
        any = true;
        if (as_json)
            write_found(&j, it, &f);
        else
            print_found(it, &f);
    }
    if (as_json) {
        json_close(&j, ']');
        print(stdout, "\n");
    }
    return any ? 0 : complain(STATUS_FAILED, "nothing in the protocol has '%s' in its name", word);
}

/* ---- words ------------------------------------------------------------- */

static int run_protocol(const words *w)
{
    const char *name = words_operand(w, 0), *word = words_operand(w, 1);

    if (!name)
        return list_domains(w);
    if (strcmp(name, "search") != 0)
        return word ? words_refuse(w->job, "'%s' is one word too many", word) : tell_item(w, name);
    return word ? search(w, word) : words_refuse(w->job, "WORD is missing");
}

static const operand operands[] = {
    { "NAME", WORD_NAME, true, false, "a domain, Domain.command, Domain.event or Domain.Type" },
    { "WORD", WORD_TEXT, true, false,
      "after 'search': part of a name, of a member, or of a word for one; letters' case is "
      "ignored" },
    { NULL, WORD_TEXT, false, false, NULL },
};
static const example examples[] = {
    { "cdp protocol Network", "what a domain has" },
    { "cdp protocol Runtime.evaluate", "what a command takes, and what it returns" },
    { "cdp protocol search cookie", "where cookies occur" },
    { NULL, NULL },
};
const job protocol_job = {
    .name = "protocol",
    .summary = "browse and search the protocol, offline",
    .about = "Tells what the protocol has, as this command knows it: all domains, one of them, or "
             "one command, event or type with its members. 'cdp protocol search WORD' finds names.",
    .operands = operands,
    .examples = examples,
    .run = run_protocol,
};

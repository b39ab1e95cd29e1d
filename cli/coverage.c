/*
 * coverage.c - see coverage.h.
 *
 * The table is read from lcov's trace file, so that both say the same:
 *
 *     SF:/a.js   LF:10   LH:8   FNF: FNH: BRF: BRH:   end_of_record
 */
#include "coverage.h"

#include "json.h"
#include "term.h"

#include <ctype.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- scripts ------------------------------------------------------------- */

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* "%20" becomes a space. */
static void decode(char *to, size_t size, const char *p)
{
    for (; *p && size > 1; size--) {
        bool coded = *p == '%' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2]);
        *to++ = coded ? (char)(hex(p[1]) * 16 + hex(p[2])) : *p;
        p += coded ? 3 : 1;
    }
    *to = 0;
}

/* path from the folder that we are in, if it is below it. */
static const char *from_here(const char *path)
{
    char here[PATH_MAX];
    size_t len = getcwd(here, sizeof here) ? strlen(here) : 0;

    return len && strncmp(path, here, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

void coverage_name(char *name, size_t size, cdp_str url)
{
    if (strncmp(url.ptr, "file:///", 8) != 0) {
        snprintf(name, size, "%s", url.ptr);
        return;
    }
    decode(name, size, url.ptr + 7);
    const char *shorter = from_here(name);
    memmove(name, shorter, strlen(shorter) + 1);
}

static bool matches(const words *w, const char *of, const char *name)
{
    const char *pattern;
    size_t i = 0;

    while ((pattern = words_each(w, of, i)) && fnmatch(pattern, name, 0) != 0)
        i++;
    return pattern != NULL;
}

/* Neither Node's nor of a package; what has no scheme is no file (evalmachine.<anonymous>). */
static bool is_own(cdp_str url)
{
    return strchr(url.ptr, ':') && strncmp(url.ptr, "node:", 5) != 0 &&
           !strstr(url.ptr, "/node_modules/");
}

bool coverage_counts(const words *w, cdp_str url)
{
    char name[PATH_MAX];

    if (!url.len)
        return false;
    coverage_name(name, sizeof name, url);
    const bool in = words_each(w, "include", 0) ? matches(w, "include", name) : is_own(url);
    return in && !matches(w, "exclude", name);
}

/* ---- the table ------------------------------------------------------------- */

typedef struct counts {
    unsigned long lines, lines_hit, functions, functions_hit, branches, branches_hit;
} counts;

struct coverage_table {
    bool json;
    json_out j;
    size_t used;
    counts now, sum;
    char name[PATH_MAX];
    char line[PATH_MAX + 8]; /* so far */
};

static const struct {
    const char *tag, *key;
    size_t at; /* in counts */
} tags[] = {
    { "LF:", "lines", offsetof(counts, lines) },
    { "LH:", "linesHit", offsetof(counts, lines_hit) },
    { "FNF:", "functions", offsetof(counts, functions) },
    { "FNH:", "functionsHit", offsetof(counts, functions_hit) },
    { "BRF:", "branches", offsetof(counts, branches) },
    { "BRH:", "branchesHit", offsetof(counts, branches_hit) },
};
enum { TAGS = sizeof tags / sizeof *tags };

static unsigned long *count_at(counts *c, size_t i)
{
    return (unsigned long *)(void *)((char *)c + tags[i].at);
}

coverage_table *coverage_table_new(const words *w)
{
    coverage_table *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->json = words_flag(w, "json");
    t->j.to = stdout;
    if (t->json) {
        json_open(&t->j, '{');
        json_key(&t->j, "scripts");
        json_open(&t->j, '[');
        return t;
    }
    paint(stdout, BOLD);
    print(stdout, "%22s %22s %22s\n", "lines", "functions", "branches");
    paint(stdout, PLAIN);
    return t;
}

static void print_json(coverage_table *t, const char *name, counts *c)
{
    json_open(&t->j, '{');
    if (name)
        json_text_member(&t->j, "name", cdp_s(name));
    for (size_t i = 0; i < TAGS; i++)
        json_number_member(&t->j, tags[i].key, (double)*count_at(c, i));
    json_close(&t->j, '}');
}

static void print_share(unsigned long hit, unsigned long all)
{
    const double share = all ? (double)hit * 100 / (double)all : 100;

    paint(stdout, share < 50 ? RED : share < 80 ? YELLOW : GREEN);
    print(stdout, "%6.1f %%", share);
    paint(stdout, PLAIN);
    print(stdout, " %6lu/%-6lu ", hit, all);
}

static void print_row(const char *name, const counts *c)
{
    print_share(c->lines_hit, c->lines);
    print_share(c->functions_hit, c->functions);
    print_share(c->branches_hit, c->branches);
    print(stdout, " ");
    put_line(stdout, cdp_s(name));
    print(stdout, "\n");
}

static void end_script(coverage_table *t)
{
    for (size_t i = 0; i < TAGS; i++)
        *count_at(&t->sum, i) += *count_at(&t->now, i);
    if (t->json)
        print_json(t, from_here(t->name), &t->now);
    else
        print_row(from_here(t->name), &t->now);
    t->now = (counts){ 0 };
}

static void read_line(coverage_table *t)
{
    if (strncmp(t->line, "SF:", 3) == 0)
        snprintf(t->name, sizeof t->name, "%s", t->line + 3);
    else if (strcmp(t->line, "end_of_record") == 0)
        end_script(t);
    for (size_t i = 0; i < TAGS; i++)
        if (strncmp(t->line, tags[i].tag, strlen(tags[i].tag)) == 0)
            *count_at(&t->now, i) = strtoul(t->line + strlen(tags[i].tag), NULL, 10);
}

int coverage_table_write(void *table, const char *bytes, size_t len)
{
    coverage_table *t = table;

    for (; len; bytes++, len--) {
        if (*bytes != '\n') {
            if (t->used < sizeof t->line - 1) /* what is longer is a name: cut */
                t->line[t->used++] = *bytes;
            continue;
        }
        t->line[t->used] = 0;
        read_line(t);
        t->used = 0;
    }
    return 0;
}

void coverage_table_end(coverage_table *t)
{
    if (!t->json) {
        print_row("all", &t->sum);
    } else {
        json_close(&t->j, ']');
        json_key(&t->j, "all");
        print_json(t, NULL, &t->sum);
        json_close(&t->j, '}');
        print(stdout, "\n");
    }
    free(t);
}

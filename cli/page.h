/*
 * page.h - pages of a browser: what they are to show, and when they show it.
 */
#ifndef PAGE_H
#define PAGE_H

#include "target.h"

/* The operand and the option of jobs that page_show() is for. */
#define PAGE_URL                                                           \
    {                                                                      \
        "URL", WORD_TEXT, true, false, "a page to load first, or its file" \
    }
#define PAGE_WAIT                                                                        \
    {                                                                                    \
        0, "wait", WORD_SECONDS, "SECONDS", NULL, "wait so long after the page is there" \
    }

/* The URL that a word names: one, or a file that is there, or else what a browser would make of it.
 * For free(); NULL: no memory. */
char *page_url(const char *word);

/* The arguments of a browser without the first page that they name, whose *url is for free() (NULL:
 * they name none).  What it returns is for free(), too; NULL: no memory. */
const char **page_arguments(const char *const *argv, char **url);

/* Has the target's page load url, and waits until it answers, or (whole) is there with all that
 * belongs to it, or for so many seconds (< 0: no limit).  0, CDP_ETIMEDOUT or what else is wrong.
 */
int page_load(target *t, const char *url, bool whole, double seconds);

/* The same for jobs with an operand URL, or else with the page that a started browser was given:
 * in the time of --timeout; then for --wait more seconds, if the job has that and they are given.
 */
int page_show(target *t, const words *w);

#endif /* PAGE_H */

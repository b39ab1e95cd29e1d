/* flame_page.h - the page of a flame graph, up to its data and behind it: lines, NULL at the end.
 */
#ifndef CDP_REPORT_FLAME_PAGE_H
#define CDP_REPORT_FLAME_PAGE_H

extern const char *const cdp__flame_head[];
extern const char *const cdp__flame_tail[];

#endif /* CDP_REPORT_FLAME_PAGE_H */

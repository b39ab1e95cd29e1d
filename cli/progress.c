/*
 * progress.c - see progress.h.
 */
#include "progress.h"

#include "term.h"

#include <time.h>

enum { BAR = 24, REDRAW_MS = 100 };

static struct {
    const char *label; /* NULL: none */
    uint64_t start, drawn;
    bool shown;
} line;

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

const char *progress_size(char text[16], double bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    size_t i = 0;

    for (; bytes >= 999.5 && i < sizeof units / sizeof *units - 1; i++)
        bytes /= 1000;
    snprintf(text, 16, i && bytes < 99.95 ? "%.1f %s" : "%.0f %s", bytes, units[i]);
    return text;
}

void progress_start(const char *label)
{
    if (term_is_quiet() || !term_is_terminal(stderr))
        return;
    line.label = label;
    line.start = now_ms();
    progress_update(0, 0, 0);
}

static void draw_bar(uint64_t done, uint64_t total)
{
    if (done > total)
        done = total;
    double part = (double)done / (double)total;
    fputs(" [", stderr);
    for (int i = 0; i < BAR; i++)
        fputc(i < (int)(part * BAR) ? '#' : '-', stderr);
    fprintf(stderr, "] %3d %%", (int)(part * 100));
}

void progress_update(uint64_t done, uint64_t total, uint64_t bytes)
{
    uint64_t now = now_ms(), ms = now - line.start;
    char size[16], rate[16];

    if (!line.label || (line.drawn && now - line.drawn < REDRAW_MS))
        return;
    line.drawn = now;
    line.shown = true;
    fprintf(stderr, "\r\033[K%s", line.label);
    if (total)
        draw_bar(done, total);
    if (bytes)
        fprintf(stderr, "  %s  %s/s", progress_size(size, (double)bytes),
                progress_size(rate, ms ? (double)bytes * 1000 / (double)ms : 0));
    fprintf(stderr, "  %u:%02u", (unsigned)(ms / 60000), (unsigned)(ms / 1000 % 60));
    fflush(stderr);
}

void progress_hide(void)
{
    if (!line.shown)
        return;
    line.shown = false;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}

void progress_end(void)
{
    progress_hide();
    line.label = NULL;
    line.drawn = 0;
}

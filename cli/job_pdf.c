/*
 * job_pdf.c - `cdp pdf`: a page as it would be printed.
 */
#include "cli.h"
#include "file.h"
#include "jobs.h"
#include "page.h"
#include "progress.h"

#include <cdp/io.h>
#include <cdp/page.h>
#include <ctype.h>
#include <stdlib.h>

enum { PIECE = 1 << 20 };

/* Inches, upright. */
static const struct {
    const char *name;
    double width, height;
} papers[] = {
    { "a3", 11.69, 16.54 }, { "a4", 8.27, 11.69 }, { "a5", 5.83, 8.27 },
    { "letter", 8.5, 11 },  { "legal", 8.5, 14 },  { "tabloid", 11, 17 },
};

/* ---- words --------------------------------------------------------------- */

/* "1cm", in inches; < 0: it is no length. */
static double read_length(const char *text)
{
    static const struct {
        const char *name;
        double inches;
    } units[] = { { "in", 1 }, { "cm", 1 / 2.54 }, { "mm", 1 / 25.4 }, { "pt", 1 / 72.0 } };
    char *end;
    double n = strtod(text, &end);

    if (!isdigit((unsigned char)*text) && *text != '.')
        return -1;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].name) == 0)
            return n * units[i].inches;
    return n == 0 && !*end ? 0 : -1;
}

static int read_margins(cdp_page_print_to_pdf_params *p, const words *w)
{
    const char *margin = words_text(w, "margin");
    double inches = margin ? read_length(margin) : 0;

    if (!margin)
        return 0;
    if (!(inches >= 0 && inches < 100))
        return words_refuse(w->job, "--margin is a length as 1cm, 10mm or 0.4in, not '%s'", margin);
    p->margin_top = p->margin_bottom = p->margin_left = p->margin_right = (cdp_opt_num)CDP_SOME(
        inches);
    return 0;
}

/* 0, or what to exit with (it has been said). */
static int read_params(cdp_page_print_to_pdf_params *p, const words *w)
{
    const char *paper = words_text(w, "paper"), *scale = words_text(w, "scale");
    char *end = NULL;

    *p = (cdp_page_print_to_pdf_params){
        .landscape = CDP_SOME(words_flag(w, "landscape")),
        .print_background = CDP_SOME(words_flag(w, "background")),
        .prefer_css_page_size = CDP_SOME(paper == NULL),
        .page_ranges = cdp_s(words_text(w, "pages")),
        .transfer_mode = CDP_PAGE_PRINT_TO_PDF_TRANSFER_MODE_RETURN_AS_STREAM,
    };
    for (size_t i = 0; i < sizeof papers / sizeof *papers; i++)
        if (strcmp(paper ? paper : "a4", papers[i].name) == 0) {
            p->paper_width = (cdp_opt_num)CDP_SOME(papers[i].width);
            p->paper_height = (cdp_opt_num)CDP_SOME(papers[i].height);
        }
    if (scale)
        p->scale = (cdp_opt_num)CDP_SOME(strtod(scale, &end));
    if (scale && (*end || !isdigit((unsigned char)*scale) ||
                  !(p->scale.value >= 0.1 && p->scale.value <= 2)))
        return words_refuse(w->job, "--scale is 0.1 to 2, not '%s'", scale);
    return read_margins(p, w);
}

/* ---- fetching -------------------------------------------------------------- */

static int base64_digit(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* 0; CDP_EPROTO: it is none; CDP_EIO: it can't be written. */
static int write_base64(output *to, cdp_str text)
{
    unsigned char room[3 * 1024];
    size_t n = 0;
    uint32_t bits = 0;
    int have = 0;

    while (text.len && text.ptr[text.len - 1] == '=')
        text.len--;
    for (size_t i = 0; i < text.len; i++) {
        const int digit = base64_digit(text.ptr[i]);
        if (digit < 0)
            return CDP_EPROTO;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        room[n++] = (unsigned char)(bits >> have);
        if (n == sizeof room && output_write(to, room, n) < 0)
            return CDP_EIO;
        n %= sizeof room;
    }
    return output_write(to, room, n) < 0 ? CDP_EIO : 0;
}

static int write_piece(output *to, const cdp_io_read_result *piece)
{
    if (piece->base64_encoded.value)
        return write_base64(to, piece->data);
    return output_write(to, piece->data.ptr, piece->data.len) < 0 ? CDP_EIO : 0;
}

static int fetch(cdp_session *s, output *to, cdp_str stream)
{
    const cdp_io_read_params p = { .handle = stream, .size = CDP_SOME(PIECE) };
    const cdp_io_close_params last = { .handle = stream };
    bool more = true;
    int rc = 0;

    progress_start("fetching");
    while (rc == 0 && more) {
        CDP_AUTO cdp_io_read_result *piece = NULL;
        rc = cdp_io_read(s, &p, &piece);
        if (rc == 0)
            rc = write_piece(to, piece);
        more = rc == 0 && !piece->eof;
        progress_update(0, 0, output_size(to));
    }
    progress_end();
    return rc < 0 ? rc : cdp_io_close(s, &last);
}

static int run_pdf(const words *w)
{
    CDP_AUTO cdp_page_print_to_pdf_result *printed = NULL;
    cdp_page_print_to_pdf_params p;
    output *to = NULL;
    target t = { .root = NULL };
    int status = read_params(&p, w);

    if (status == 0)
        status = output_open_binary(&to, w);
    if (status)
        return status;
    if ((status = target_open(&t, w)) == 0) {
        int rc = page_show(&t, w);
        if (rc == 0)
            rc = cdp_page_print_to_pdf(t.session, &p, &printed);
        if (rc == 0)
            rc = fetch(t.session, to, printed->stream);
        status = rc < 0 ? target_fail(&t, rc) : 0;
    }
    status = status ? output_drop(to, status) : output_finish(to);
    target_close(&t);
    return status;
}

static const option options[] = {
    WORDS_OUTPUT("write to FILE; else stdout"),
    { 0, "paper", WORD_CHOICE, "a3|a4|a5|letter|legal|tabloid", NULL,
      "its size; else what the page says of itself, or a4" },
    { 0, "landscape", WORD_FLAG, NULL, NULL, "wider than high" },
    { 0, "margin", WORD_TEXT, "LENGTH", NULL, "on all sides: 1cm, 10mm, 0.4in" },
    { 0, "background", WORD_FLAG, NULL, NULL, "print backgrounds, too" },
    { 0, "scale", WORD_TEXT, "N", NULL, "0.1 to 2" },
    { 0, "pages", WORD_TEXT, "RANGES", NULL, "only these: 1-3,7" },
    PAGE_WAIT,
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const operand operands[] = { PAGE_URL, { NULL, WORD_TEXT, false, false, NULL } };
static const example examples[] = {
    { "cdp pdf -o a.pdf -- chromium https://example.org/", "start a browser for it" },
    { "cdp pdf @invoice --paper letter --margin 0 -o b.pdf", "a page that is open" },
    { NULL, NULL },
};
const job pdf_job = {
    .name = "pdf",
    .summary = "print a page to a PDF file",
    .about = "Loads URL, if there is one, waits until it is there, and prints the page.",
    .takes = TAKES_TARGET,
    .from_start = true,
    .options = options,
    .operands = operands,
    .examples = examples,
    .run = run_pdf,
};

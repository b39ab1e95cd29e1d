/*
 * job_screenshot.c - `cdp screenshot`: a picture of a page.
 */
#include "cli.h"
#include "file.h"
#include "jobs.h"
#include "page.h"
#include "term.h"

#include <cdp/dom.h>
#include <cdp/emulation.h>
#include <cdp/page.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { PIXELS = 100000, QUALITY = 100 };

static const struct {
    const char *extension;
    cdp_page_capture_screenshot_format format;
} formats[] = {
    { "png", CDP_PAGE_CAPTURE_SCREENSHOT_FORMAT_PNG },
    { "jpeg", CDP_PAGE_CAPTURE_SCREENSHOT_FORMAT_JPEG },
    { "jpg", CDP_PAGE_CAPTURE_SCREENSHOT_FORMAT_JPEG },
    { "webp", CDP_PAGE_CAPTURE_SCREENSHOT_FORMAT_WEBP },
};

/* What the words ask for. */
typedef struct wish {
    cdp_page_capture_screenshot_format format;
    int32_t width, height; /* 0: as it is */
    double scale;          /* likewise */
    cdp_opt_int quality;
} wish;

/* ---- words --------------------------------------------------------------- */

static cdp_page_capture_screenshot_format find_format(const char *name)
{
    for (size_t i = 0; name && i < sizeof formats / sizeof *formats; i++)
        if (strcasecmp(name, formats[i].extension) == 0)
            return formats[i].format;
    return 0;
}

static const char *extension(const char *file)
{
    const char *dot = file ? strrchr(file, '.') : NULL;

    return dot && !strchr(dot, '/') ? dot + 1 : NULL;
}

/* 0, or what to exit with (it has been said). */
static int read_wish(wish *out, const words *w)
{
    const char *format = words_text(w, "format"), *file = words_text(w, "output");
    const char *scale = words_text(w, "scale");
    uint64_t width = words_count(w, "width"), height = words_count(w, "height");
    char *end = NULL;

    *out = (wish){ .format = find_format(format ? format : extension(file)),
                   .width = (int32_t)width,
                   .height = (int32_t)height,
                   .scale = scale ? strtod(scale, &end) : 0 };
    if (!out->format && extension(file))
        return words_refuse(w->job, "'%s' is none of .png, .jpeg and .webp; --format tells", file);
    if (!out->format)
        out->format = CDP_PAGE_CAPTURE_SCREENSHOT_FORMAT_PNG;
    if (width > PIXELS || height > PIXELS)
        return words_refuse(w->job, "a page has at most %d pixels a side", PIXELS);
    if (scale &&
        (*end || !isdigit((unsigned char)*scale) || !(out->scale >= 0.1 && out->scale <= 10)))
        return words_refuse(w->job, "--scale is 0.1 to 10, not '%s'", scale);
    if (words_text(w, "quality")) {
        if (words_count(w, "quality") > QUALITY)
            return words_refuse(w->job, "--quality is 0 to %d", QUALITY);
        out->quality = (cdp_opt_int)CDP_SOME((int32_t)words_count(w, "quality"));
    }
    if (words_flag(w, "full-page") && words_text(w, "selector"))
        return words_refuse(w->job, "either --full-page or --selector");
    return 0;
}

/* ---- the page ------------------------------------------------------------ */

/* Before it is loaded, so that it is laid out once.  A session's end undoes it. */
static int set_size(cdp_session *s, const wish *is)
{
    const cdp_emulation_set_scrollbars_hidden_params bars = { .hidden = true };
    cdp_emulation_set_device_metrics_override_params p = {
        .width = is->width, /* 0: not overridden */
        .height = is->height,
        .device_scale_factor = is->scale,
    };

    int rc = cdp_emulation_set_scrollbars_hidden(s, &bars);
    if (rc < 0 || (!is->width && !is->height && is->scale == 0))
        return rc;
    return cdp_emulation_set_device_metrics_override(s, &p);
}

static int find_page_clip(cdp_session *s, cdp_page_viewport *clip)
{
    CDP_AUTO cdp_page_get_layout_metrics_result *m = NULL;
    int rc = cdp_page_get_layout_metrics(s, &m);

    if (rc == 0)
        *clip = (cdp_page_viewport){ .width = m->css_content_size->width,
                                     .height = m->css_content_size->height,
                                     .scale = 1 };
    return rc;
}

/* The box around a quad in the viewport, as one of the page. */
static void surround(cdp_page_viewport *clip, const cdp_dom_quad *quad,
                     const cdp_page_visual_viewport *view)
{
    double left = quad->items[0], top = quad->items[1], right = left, bottom = top;

    for (size_t i = 2; i + 1 < quad->n; i += 2) {
        const double x = quad->items[i], y = quad->items[i + 1];
        left = x < left ? x : left;
        right = x > right ? x : right;
        top = y < top ? y : top;
        bottom = y > bottom ? y : bottom;
    }
    *clip = (cdp_page_viewport){ .x = left + view->page_x,
                                 .y = top + view->page_y,
                                 .width = right - left,
                                 .height = bottom - top,
                                 .scale = 1 };
}

/* By the DOM domain: the page's own scripts have no say in it. */
static int find_element(target *t, const char *selector, int32_t *node)
{
    const cdp_dom_get_document_params shallow = { .depth = CDP_SOME(0) };
    CDP_AUTO cdp_dom_get_document_result *document = NULL;
    CDP_AUTO cdp_dom_query_selector_result *found = NULL;
    int rc = cdp_dom_get_document(t->session, &shallow, &document);

    if (rc < 0)
        return rc;
    const cdp_dom_query_selector_params p = { .node_id = document->root->node_id,
                                              .selector = cdp_s(selector) };
    if ((rc = cdp_dom_query_selector(t->session, &p, &found)) < 0)
        return rc;
    *node = found->node_id;
    if (!*node)
        snprintf(t->why, sizeof t->why, "the page has no element '%.200s'", selector);
    return *node ? 0 : CDP_EREMOTE;
}

static int find_element_clip(target *t, const char *selector, cdp_page_viewport *clip)
{
    cdp_dom_get_box_model_params p = { .node_id = CDP_SOME(0) };
    CDP_AUTO cdp_dom_get_box_model_result *box = NULL;
    CDP_AUTO cdp_page_get_layout_metrics_result *m = NULL;
    int rc = find_element(t, selector, &p.node_id.value);

    if (rc == 0)
        rc = cdp_dom_get_box_model(t->session, &p, &box);
    if (rc == 0)
        rc = cdp_page_get_layout_metrics(t->session, &m);
    if (rc < 0)
        return rc;
    if (box->model->border.n >= 8)
        surround(clip, &box->model->border, m->css_visual_viewport);
    if (clip->width > 0 && clip->height > 0)
        return 0;
    snprintf(t->why, sizeof t->why, "'%.200s' has no size", selector);
    return CDP_EREMOTE;
}

static int capture(target *t, const words *w, const wish *is,
                   cdp_page_capture_screenshot_result **shot)
{
    const char *selector = words_text(w, "selector");
    cdp_page_viewport clip = { .scale = 1 };
    cdp_page_capture_screenshot_params p = { .format = is->format, .quality = is->quality };
    int rc = 0;

    if (selector)
        rc = find_element_clip(t, selector, &clip);
    else if (words_flag(w, "full-page"))
        rc = find_page_clip(t->session, &clip);
    if (clip.width > 0) {
        p.clip = &clip;
        p.capture_beyond_viewport = (cdp_opt_bool)CDP_SOME(true);
    }
    return rc < 0 ? rc : cdp_page_capture_screenshot(t->session, &p, shot);
}

static int run_screenshot(const words *w)
{
    CDP_AUTO cdp_page_capture_screenshot_result *shot = NULL;
    output *to = NULL;
    target t = { .root = NULL };
    wish is;
    int status = read_wish(&is, w);

    if (status == 0)
        status = output_open_binary(&to, w);
    if (status)
        return status;
    if ((status = target_open(&t, w)) == 0) {
        int rc = set_size(t.session, &is);
        if (rc == 0)
            rc = page_show(&t, w);
        if (rc == 0)
            rc = capture(&t, w, &is, &shot);
        status = rc < 0 ? target_fail(&t, rc) : 0;
    }
    if (status == 0)
        output_write(to, shot->data.ptr, shot->data.len);
    status = status ? output_drop(to, status) : output_finish(to);
    target_close(&t);
    return status;
}

static const option options[] = {
    WORDS_OUTPUT("write to FILE; its extension tells the format; else stdout"),
    { 0, "format", WORD_CHOICE, "png|jpeg|webp", NULL, "the format, whatever FILE is called" },
    { 0, "quality", WORD_COUNT, "N", NULL, "of jpeg and webp: 0 to 100" },
    { 0, "full-page", WORD_FLAG, NULL, NULL, "all of the page, not what a window shows of it" },
    { 0, "selector", WORD_TEXT, "CSS", NULL, "only the first element that matches" },
    { 0, "width", WORD_COUNT, "N", NULL, "of the window, in CSS pixels" },
    { 0, "height", WORD_COUNT, "N", NULL, "likewise" },
    { 0, "scale", WORD_TEXT, "N", NULL, "pixels of the picture for each CSS pixel" },
    PAGE_WAIT,
    { 0, NULL, WORD_FLAG, NULL, NULL, NULL },
};
static const operand operands[] = { PAGE_URL, { NULL, WORD_TEXT, false, false, NULL } };
static const example examples[] = {
    { "cdp screenshot -o a.png -- chromium https://example.org/", "start a browser for it" },
    { "cdp screenshot @inbox --full-page -o inbox.webp", "a page that is open" },
    { NULL, NULL },
};
const job screenshot_job = {
    .name = "screenshot",
    .summary = "take a picture of a page",
    .about =
        "Loads URL, if there is one, waits until it is there, and takes a picture of the page. "
        "The size of the page is what it was again afterwards.",
    .takes = TAKES_TARGET,
    .from_start = true,
    .options = options,
    .operands = operands,
    .examples = examples,
    .run = run_screenshot,
};

/* screenshot.c - starts Chromium, opens a page, waits until it has loaded, and takes a picture of
 * it. */
#include <cdp/page.h>
#include <cdp/remote.h>
#include <cdp/target.h>
#include <stdio.h>

static int save(const char *path, cdp_bytes bytes)
{
    FILE *f = fopen(path, "wb");
    bool whole = f && fwrite(bytes.ptr, 1, bytes.len, f) == bytes.len;

    if ((f && fclose(f) != 0) || !whole) {
        perror(path);
        return CDP_EIO;
    }
    printf("%s: %zu bytes\n", path, bytes.len);
    return 0;
}

/* A tab of the browser, as a session of its own over the same pipe. */
static int open_tab(cdp_session **page, cdp_session *browser)
{
    cdp_target_create_target_params create = { .url = cdp_s("about:blank") };
    CDP_AUTO cdp_target_create_target_result *tab = NULL;
    CDP_AUTO cdp_target_attach_to_target_result *at = NULL;
    int rc = cdp_target_create_target(browser, &create, &tab);

    if (rc < 0)
        return rc;
    cdp_target_attach_to_target_params attach = { .target_id = tab->target_id,
                                                  .flatten = CDP_SOME(true) };
    rc = cdp_target_attach_to_target(browser, &attach, &at);
    return rc < 0 ? rc : cdp_attach(page, browser, at->session_id);
}

static int load(cdp_session *page, const char *url)
{
    cdp_page_navigate_params to = { .url = cdp_s(url) };
    CDP_AUTO cdp_page_navigate_result *went = NULL;
    int rc = cdp_page_enable(page, NULL);

    if (rc < 0)
        return rc;
    uint32_t loaded = cdp_page_expect_load_event_fired(page); /* before it can happen */
    if ((rc = cdp_page_navigate(page, &to, &went)) < 0)
        return rc;
    if (went->error_text.len) {
        fprintf(stderr, "%s: %s\n", url, went->error_text.ptr);
        cdp_off(page, loaded);
        return CDP_EIO;
    }
    return cdp_page_take_load_event_fired(page, loaded, NULL);
}

static int picture(cdp_session *page, const char *path)
{
    cdp_page_capture_screenshot_params p = { .capture_beyond_viewport = CDP_SOME(true) };
    CDP_AUTO cdp_page_capture_screenshot_result *shot = NULL;
    int rc = cdp_page_capture_screenshot(page, &p, &shot);

    return rc < 0 ? rc : save(path, shot->data);
}

static int print(cdp_session *page, const char *path)
{
    cdp_page_print_to_pdf_params p = { .print_background = CDP_SOME(true) };
    CDP_AUTO cdp_page_print_to_pdf_result *pdf = NULL;
    int rc = cdp_page_print_to_pdf(page, &p, &pdf);

    return rc < 0 ? rc : save(path, pdf->data);
}

int main(int argc, char **argv)
{
    const char *chromium[] = { "chromium", NULL };
    cdp_launch_options opt = { .argv = chromium, .quiet = true };
    cdp_session *browser, *page = NULL;

    if (argc != 3 && argc != 4)
        return fprintf(stderr, "usage: screenshot URL picture.png [print.pdf]\n"), 2;
    int rc = cdp_launch(&browser, &opt);
    if (rc == 0)
        rc = open_tab(&page, browser);
    if (rc == 0)
        rc = load(page, argv[1]);
    if (rc == 0)
        rc = picture(page, argv[2]);
    if (rc == 0 && argc == 4)
        rc = print(page, argv[3]);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(page ? page : browser)->message.ptr);
    cdp_close(browser); /* ends it, and its sessions with it */
    return rc < 0;
}

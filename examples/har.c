/* har.c - loads a page and writes all that it asked the network for, as HAR 1.2 with the bodies. */
#include <cdp/network.h>
#include <cdp/page.h>
#include <cdp/remote.h>
#include <cdp/report.h>
#include <cdp/targets.h>
#include <stdio.h>

static int write_out(void *data, const char *bytes, size_t len)
{
    return fwrite(bytes, 1, len, data) == len ? 0 : CDP_EIO;
}

static int load(cdp_session *page, const char *url)
{
    cdp_page_navigate_params to = { .url = cdp_s(url) };
    int rc;

    if ((rc = cdp_network_enable(page, NULL)) < 0 || (rc = cdp_page_enable(page, NULL)) < 0)
        return rc;
    uint32_t loaded = cdp_page_expect_load_event_fired(page);
    if ((rc = cdp_page_navigate(page, &to, NULL)) < 0)
        return rc;
    return cdp_page_take_load_event_fired(page, loaded, NULL);
}

int main(int argc, char **argv)
{
    const char *chromium[] = { "chromium", NULL };
    cdp_launch_options opt = { .argv = chromium, .quiet = true };
    cdp_har_options bodies = { .max_body = 1 << 20 };
    cdp_session *browser, *page = NULL;
    cdp_har *har = NULL;

    if (argc != 2)
        return fprintf(stderr, "usage: har URL >file.har\n"), 2;
    int rc = cdp_launch(&browser, &opt);
    if (rc == 0)
        rc = cdp_open_page(&page, browser, NULL);
    if (rc == 0)
        rc = cdp_har_new(&har, &bodies);
    if (rc == 0)
        rc = cdp_har_watch(har, page);
    if (rc == 0)
        rc = load(page, argv[1]);
    while (rc == 0 && cdp_har_pending(har)) /* bodies are asked for when they have come */
        rc = cdp_poll(page, -1);
    if (rc < 0)
        fprintf(stderr, "%s\n", cdp_last_error(page ? page : browser)->message.ptr);
    else
        rc = cdp_har_save(har, write_out, stdout);
    cdp_har_free(har);
    cdp_close(browser);
    return rc < 0;
}

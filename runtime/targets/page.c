/* page.c - sessions with targets that a browser names, and with new pages: what most programs begin
 * with. */
#include <cdp/target.h>
#include <cdp/targets.h>

int cdp_attach_target(cdp_session **out, cdp_session *browser, cdp_str target_id)
{
    const cdp_target_attach_to_target_params p = { .target_id = target_id,
                                                   .flatten = CDP_SOME(true) };
    CDP_AUTO cdp_target_attach_to_target_result *at = NULL;
    int rc = cdp_target_attach_to_target(browser, &p, &at);

    *out = NULL;
    return rc < 0 ? rc : cdp_attach(out, browser, at->session_id);
}

int cdp_open_page(cdp_session **out, cdp_session *browser, const char *url)
{
    const cdp_target_create_target_params p = { .url = cdp_s(url ? url : "about:blank") };
    CDP_AUTO cdp_target_create_target_result *page = NULL;
    int rc = cdp_target_create_target(browser, &p, &page);

    *out = NULL;
    return rc < 0 ? rc : cdp_attach_target(out, browser, page->target_id);
}

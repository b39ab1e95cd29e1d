/* follow_test.c - see follow_test.h. */
#include "follow_test.h"

static void tell(told *t, const char *fmt, const char *a, const char *b)
{
    size_t n = strlen(t->text);

    snprintf(t->text + n, sizeof t->text - n, fmt, a, b);
}

static cdp_session *take(cdp_session **s)
{
    cdp_session *taken = *s;

    *s = NULL;
    return taken;
}

static bool attached(cdp_session *child, const cdp_follow_info *info, void *data)
{
    told *t = data;

    assert_string_equal(info->title.ptr, "t");
    assert_string_equal(info->url.ptr, "u");
    assert_non_null(info->parent);
    tell(t, "+%s %s", cdp_session_id(child).ptr, info->type.ptr);
    tell(t, "%s ", info->waiting ? "?" : "", "");
    t->last = child;
    if (t->call)
        cdp_call_async(child, "A.first", (cdp_value){ 0 }, NULL, NULL);
    if (t->unfollow)
        cdp_unfollow(take(&t->unfollow));
    cdp_close(take(&t->close));
    return t->hold;
}

static void detached(cdp_session *child, void *data)
{
    told *t = data;

    tell(t, "-%s ", cdp_session_id(child).ptr, "");
    assert_int_equal(cdp_call_async(child, "A.b", (cdp_value){ 0 }, NULL, NULL), 0);
    cdp_close(take(&t->close_detached));
}

static void followed(cdp_session *s, const cdp_error *err, void *data)
{
    told *t = data;

    assert_non_null(s);
    t->followed++;
    t->status = err ? err->status : 0;
    t->code = err ? err->remote_code : 0;
}

const char *told_text(told *t)
{
    static char last[sizeof t->text];

    memcpy(last, t->text, sizeof last);
    t->text[0] = 0;
    return last;
}

cdp_follow_options told_options(told *t)
{
    return (cdp_follow_options){
        .wait = true, .attached = attached, .detached = detached, .followed = followed, .data = t
    };
}

void told_follow(target_peer *p, told *t)
{
    cdp_follow_options opt = told_options(t);

    assert_int_equal(cdp_follow(p->r.a, &opt), 0);
    rig_settle(&p->r);
}

/*
 * fuzz_url.c - bytes as what cdp_connect() is told, and as a URL that a peer names.
 *
 * What is taken is put together again, which must be taken as the same; and no byte of it may be
 * one that means something in a request's head.
 */
#include "../../runtime/net/url.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool ok)
{
    if (!ok)
        abort();
}

static void check_visible(const char *s, bool blanks)
{
    for (; *s; s++)
        expect(((unsigned char)*s > ' ' && (unsigned char)*s < 0x7f) ||
               (blanks && (unsigned char)*s >= ' ' && *s != 0x7f));
}

static void check_url(const cdp__url *u)
{
    check_visible(u->host, u->local);
    check_visible(u->authority, false);
    check_visible(u->path, false);
    expect(u->host[0] && !strchr(u->path, '#'));
    expect(u->web_socket ? u->path[0] == '/' : !strpbrk(u->path, "/?"));
    expect(u->local == (u->port == 0));
    if (u->local) {
        expect(!u->tls && strlen(u->host) < 108);
        return;
    }
    expect(!strpbrk(u->host, "@/?#[]%"));
    expect(strlen(u->host) <= 253);
}

static void check_again(const cdp__url *u)
{
    char text[5000];
    const char *why;
    cdp__url v;

    if (u->local)
        snprintf(text, sizeof text, "unix:%s%s%s", u->host, u->web_socket ? ":" : "", u->path);
    else
        snprintf(text, sizeof text, "%s%s://%s%s%s", u->web_socket ? "ws" : "http",
                 u->tls ? "s" : "", u->authority, u->web_socket ? "" : "/", u->path);
    if (strlen(text) > 4096)
        return;
    expect(cdp__url_parse(&v, text, NULL, &why) == 0);
    expect(u->web_socket == v.web_socket && u->tls == v.tls && u->local == v.local &&
           u->port == v.port && strcmp(u->host, v.host) == 0 && strcmp(u->path, v.path) == 0 &&
           strcmp(u->authority, v.authority) == 0);
    cdp__url_free(&v, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    const char *why = "unset";
    cdp__url u;

    memcpy(text, data, size);
    const cdp_str path = cdp__url_path(cdp_sn(text, size));
    for (size_t i = 0; i < path.len; i++)
        expect(path.ptr[i] > ' ' && path.ptr[i] < 0x7f);
    expect(!path.len || path.ptr[0] == '/');

    text[size] = 0;
    if (cdp__url_parse(&u, text, NULL, &why) == 0) {
        expect(!why);
        check_url(&u);
        check_again(&u);
        cdp__url_free(&u, NULL);
    } else {
        expect(why && why[0] && !u.memory);
    }
    free(text);
    return 0;
}

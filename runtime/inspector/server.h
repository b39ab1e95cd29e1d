/*
 * server.h - the inspector's thread: it listens, and owns all connections.
 *
 * Opening and closing are the only calls from another thread that wait for it.  Whoever else has
 * something for it sets it down where it looks (a link's queue, the list of targets) and rings.
 */
#ifndef CDP_INSPECTOR_SERVER_H
#define CDP_INSPECTOR_SERVER_H

#include "target.h"

#include "../core/buf.h"
#include "../core/error.h"
#include "../v8/host_bell.h"

#include <stdatomic.h>
#include <uv.h>

typedef struct cdp__connection cdp__connection;

typedef struct cdp__server {
    const cdp_inspector_options *opt; /* limits are set */
    cdp__targets *targets;
    cdp_str protocol;      /* the document /json/protocol */
    const char *browser;   /* for /json/version */
    const char *url;       /* of the program, once it is open */
    atomic_uint *sessions; /* WebSockets; counted here, read anywhere */

    uv_loop_t loop;
    uv_thread_t thread;
    cdp__bell bell;
    atomic_bool stop;
    struct cdp__listener *listeners;
    uint16_t port;
    cdp__connection *connections;
    unsigned n_connections;
    char *input; /* what was just read */
    size_t input_size;
    cdp__buf scratch;
} cdp__server;

/* Binds.  opt, targets, protocol, browser, url and sessions are set, the rest is zero.  CDP_EINVAL,
 * CDP_EIO, CDP_ENOMEM, with *e: nothing is left of it then. */
int cdp__server_open(cdp__server *s, cdp__error *e);

/* Starts the thread, which accepts connections from now on.  The same; and it is closed. */
int cdp__server_run(cdp__server *s, cdp__error *e);

/* Ends all connections and the thread. */
void cdp__server_close(cdp__server *s);

/* From any thread. */
void cdp__server_ring(cdp__server *s);

/* A line for people, in the format's words. */
void cdp__log(const cdp_inspector_options *opt, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "Debugger listening on URL", "Debugger ending on URL", with a line for those who wonder. */
void cdp__server_announce(const cdp__server *s, const char *what);

/* "host:port" of an address, IPv6 in brackets. */
void cdp__address_text(char *out, size_t size, const char *host, unsigned port);

#endif /* CDP_INSPECTOR_SERVER_H */

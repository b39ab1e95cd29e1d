/* server.c - see server.h. */
#include "connection.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct cdp__listener {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } h; /* first */
    struct cdp__listener *next;
} listener;

void cdp__log(const cdp_inspector_options *opt, const char *fmt, ...)
{
    char line[1024];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (opt->log)
        opt->log(line, opt->data);
    else
        fputs(line, stderr);
}

void cdp__server_announce(const cdp__server *s, const char *what)
{
    if (s->opt->publish && !(s->opt->publish & CDP_PUBLISH_STDERR))
        return;
    cdp__log(s->opt, "Debugger %s on %s\nFor help, see: https://nodejs.org/en/docs/inspector\n",
             what, s->url);
}

void cdp__address_text(char *out, size_t size, const char *host, unsigned port)
{
    bool bare = strchr(host, ':') && host[0] != '[';

    snprintf(out, size, bare ? "[%s]:%u" : "%s:%u", host, port);
}

/* ---- listening ------------------------------------------------------------- */

static void on_connection(uv_stream_t *stream, int status)
{
    cdp__server *s = stream->data;

    if (status == 0)
        cdp__connection_accept(s, stream);
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static listener *listener_new(cdp__server *s)
{
    listener *l = calloc(1, sizeof *l);

    if (!l)
        return NULL;
    l->next = s->listeners;
    s->listeners = l;
    return l;
}

static int io_error(cdp__error *e, int uv, const char *fmt, ...)
{
    char why[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    cdp__error_set(e, CDP_EIO, cdp_s(""), why);
    e->pub.sys = uv;
    return CDP_EIO;
}

/* Listens at addr; *port is that of the first, which others take as well. */
static int listen_at(cdp__server *s, const struct sockaddr *addr)
{
    enum { BACKLOG = 511 };
    listener *l = listener_new(s);
    struct sockaddr_in6 bound = { .sin6_family = 0 };
    int n = sizeof bound, rc;

    if (!l)
        return UV_ENOMEM;
    uv_tcp_init(&s->loop, &l->h.tcp);
    l->h.handle.data = s;
    rc = uv_tcp_bind(&l->h.tcp, addr, addr->sa_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
    if (rc == 0)
        rc = uv_listen(&l->h.stream, BACKLOG, on_connection);
    if (rc == 0)
        rc = uv_tcp_getsockname(&l->h.tcp, (struct sockaddr *)&bound, &n);
    if (rc < 0) {
        s->listeners = l->next;
        uv_close(&l->h.handle, free_handle);
        return rc;
    }
    s->port = ntohs(bound.sin6_port); /* in the same place in IPv4 */
    return 0;
}

static bool is_loopback(const struct sockaddr *addr)
{
    static const struct in6_addr one = IN6ADDR_LOOPBACK_INIT;

    if (addr->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)addr)->sin_addr.s_addr) >> 24 ==
               127;
    return memcmp(&((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr, &one,
                  sizeof one) == 0;
}

/* Every address is tried; one that works is enough. */
static int listen_all(cdp__server *s, const struct addrinfo *list, const char *host, cdp__error *e)
{
    int rc = UV_EADDRNOTAVAIL;
    uint16_t port = s->opt->port;

    for (const struct addrinfo *a = list; a; a = a->ai_next) {
        struct sockaddr_storage addr;
        if (!s->opt->allow_public && !is_loopback(a->ai_addr))
            return cdp__error_set(e, CDP_EINVAL, cdp_s(""),
                                  "not a loopback address: whoever can reach it controls this "
                                  "program (allow_public insists)");
        memcpy(&addr, a->ai_addr, a->ai_addrlen);
        ((struct sockaddr_in *)&addr)->sin_port = htons(port); /* in the same place in IPv6 */
        int one = listen_at(s, (const struct sockaddr *)&addr);
        rc = rc == 0 ? 0 : one;
        if (one == 0)
            port = s->port;
    }
    if (rc < 0)
        return io_error(e, rc, "Starting inspector on %s:%u failed: %s", host, s->opt->port,
                        uv_strerror(rc));
    return 0;
}

static int listen_tcp(cdp__server *s, cdp__error *e)
{
    const char *host = s->opt->host && *s->opt->host ? s->opt->host : "127.0.0.1";
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC };
    uv_getaddrinfo_t req;
    char bare[256];
    size_t n = strlen(host);

    if (host[0] == '[' && host[n - 1] == ']' && n < sizeof bare) {
        memcpy(bare, host + 1, n - 2);
        bare[n - 2] = 0;
        host = bare;
    }
    int rc = uv_getaddrinfo(&s->loop, &req, NULL, host, NULL, &hints);
    if (rc < 0)
        return io_error(e, rc, "Unable to resolve \"%s\": %s", host, uv_strerror(rc));
    rc = listen_all(s, req.addrinfo, host, e);
    uv_freeaddrinfo(req.addrinfo);
    return rc;
}

/* A socket's file outlives a program that was killed: is nobody there? */
static bool is_stale(const char *path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    struct stat st;

    if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    memcpy(to.sun_path, path, strlen(path));
    bool refused = connect(fd, (const struct sockaddr *)&to, sizeof to) < 0 &&
                   errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static int bind_unix(uv_pipe_t *pipe, const char *path)
{
    if (strlen(path) >= sizeof((struct sockaddr_un *)NULL)->sun_path)
        return UV_ENAMETOOLONG; /* libuv would cut it */
    int rc = uv_pipe_bind(pipe, path);
    if (rc == UV_EADDRINUSE && is_stale(path) && unlink(path) == 0)
        rc = uv_pipe_bind(pipe, path);
    return rc;
}

/* Nobody but the user may connect; and nobody can before uv_listen(). */
static int listen_unix(cdp__server *s, cdp__error *e)
{
    enum { BACKLOG = 511 };
    const char *path = s->opt->unix_path;
    listener *l = listener_new(s);

    if (!l)
        return cdp__error_set(e, CDP_ENOMEM, cdp_s(""), NULL);
    uv_pipe_init(&s->loop, &l->h.pipe, 0);
    l->h.handle.data = s;
    int rc = bind_unix(&l->h.pipe, path);
    if (rc == 0 && chmod(path, 0600) != 0)
        rc = uv_translate_sys_error(errno);
    if (rc == 0)
        rc = uv_listen(&l->h.stream, BACKLOG, on_connection);
    return rc == 0 ? 0
                   : io_error(e, rc, "Starting inspector on %s failed: %s", path, uv_strerror(rc));
}

/* ---- the thread ------------------------------------------------------------ */

static void close_listeners(cdp__server *s)
{
    while (s->listeners) {
        listener *l = s->listeners;
        s->listeners = l->next;
        uv_close(&l->h.handle, free_handle);
    }
}

static void on_ring(cdp__bell *bell)
{
    cdp__server *s = bell->poll.data;

    if (!atomic_load(&s->stop)) {
        cdp__connections_progress(s);
        return;
    }
    close_listeners(s);
    while (s->connections)
        cdp__connection_dismiss(s->connections);
    uv_close((uv_handle_t *)&s->bell.poll, NULL);
}

static void run(void *arg)
{
    cdp__server *s = arg;
    sigset_t all;

    sigfillset(&all); /* signals are not this thread's */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    uv_run(&s->loop, UV_RUN_DEFAULT);
}

void cdp__server_ring(cdp__server *s)
{
    cdp__bell_ring(&s->bell);
}

static void release(cdp__server *s)
{
    while (uv_loop_close(&s->loop) == UV_EBUSY)
        uv_run(&s->loop, UV_RUN_DEFAULT);
    free(s->input);
    cdp__buf_free(&s->scratch);
}

/* Before there is a thread. */
static void abandon(cdp__server *s)
{
    close_listeners(s);
    uv_close((uv_handle_t *)&s->bell.poll, NULL);
    release(s);
    cdp__bell_free(&s->bell);
}

static void ring(void *s)
{
    cdp__server_ring(s);
}

int cdp__server_open(cdp__server *s, cdp__error *e)
{
    enum { INPUT = 64 << 10 };
    int rc = uv_loop_init(&s->loop);

    if (rc < 0)
        return io_error(e, rc, "no event loop: %s", uv_strerror(rc));
    s->input = malloc(INPUT);
    s->input_size = INPUT;
    rc = s->input ? cdp__bell_init(&s->bell, &s->loop, on_ring) : UV_ENOMEM;
    if (rc < 0) {
        release(s);
        return io_error(e, rc, "no event loop: %s", uv_strerror(rc));
    }
    s->bell.poll.data = s;
    rc = s->opt->unix_path ? listen_unix(s, e) : listen_tcp(s, e);
    if (rc < 0)
        abandon(s);
    return rc;
}

int cdp__server_run(cdp__server *s, cdp__error *e)
{
    int rc = uv_thread_create(&s->thread, run, s);

    if (rc == 0) {
        cdp__targets_set_ring(s->targets, ring, s);
        return 0;
    }
    abandon(s);
    return io_error(e, rc, "no thread: %s", uv_strerror(rc));
}

void cdp__server_close(cdp__server *s)
{
    cdp__targets_set_ring(s->targets, NULL, NULL);
    atomic_store(&s->stop, true);
    cdp__server_ring(s);
    uv_thread_join(&s->thread);
    release(s);
    cdp__bell_free(&s->bell);
}

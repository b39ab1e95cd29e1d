/* host_bell.c - see host_bell.h. */
#include "host_bell.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void on_readable(uv_poll_t *poll, int status, int events)
{
    cdp__bell *bell = (cdp__bell *)poll; /* its first member */
    eventfd_t count;

    (void)status;
    (void)events;
    eventfd_read(bell->fd, &count);
    atomic_store(&bell->rung, false); /* what was set down before a ring is seen from here on */
    bell->heard(bell);
}

int cdp__bell_init(cdp__bell *bell, uv_loop_t *loop, void (*heard)(cdp__bell *bell))
{
    bell->heard = heard;
    atomic_init(&bell->rung, false);
    bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (bell->fd < 0)
        return uv_translate_sys_error(errno);
    int rc = uv_poll_init(loop, &bell->poll, bell->fd);
    if (rc == 0)
        rc = uv_poll_start(&bell->poll, UV_READABLE, on_readable);
    if (rc < 0)
        close(bell->fd);
    return rc;
}

void cdp__bell_ring(cdp__bell *bell)
{
    if (!atomic_exchange(&bell->rung, true))
        eventfd_write(bell->fd, 1);
}

void cdp__bell_free(cdp__bell *bell)
{
    close(bell->fd);
}

/* document.c - prints what /json/protocol says where the whole protocol is served. */
#include "inspector/protocol.h"

#include <stdio.h>

int main(void)
{
    cdp__buf out = { .len = 0 };
    cdp__served served[256] = { { .domain = NULL } };
    size_t n = 0;

    for (; cdp__protocol[n] && n < 256; n++)
        served[n] = (cdp__served){ .domain = cdp__protocol[n] };
    if (cdp__protocol_write(&out, served, n) < 0)
        return 1;
    fwrite(out.ptr, 1, out.len, stdout);
    cdp__buf_free(&out);
    return 0;
}

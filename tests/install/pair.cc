/* A C++ program: both ends of a session, and what <cdp/all.h> has. */
#include <cdp/all.h>
#include <cdp/report.h>
#include <cstdio>

static int enable(cdp_request *req, const cdp_network_enable_params *, void *calls)
{
    ++*static_cast<int *>(calls);
    return cdp_respond(req);
}

int main()
{
    cdp_session *client, *server;
    cdp_network_domain_impl network = {};
    int calls = 0;

    network.enable = enable;
    if (cdp_pair(&client, &server, nullptr) < 0 ||
        cdp_network_serve(server, &network, &calls) < 0 || cdp_network_enable(client, nullptr) < 0)
        return 1;
    cdp_close(client);
    cdp_close(server);
    std::printf("%d call\n", calls);
    return 0;
}

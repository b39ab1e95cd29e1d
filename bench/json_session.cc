// json_session.cc - see json_session.h.
#include "json_session.h"

#include "v8/shim.hh"
#include "v8/v8_internal.h"

namespace
{

struct Deaf final : v8_inspector::V8Inspector::Channel {
    void sendResponse(int, std::unique_ptr<v8_inspector::StringBuffer>) override
    {
    }
    void sendNotification(std::unique_ptr<v8_inspector::StringBuffer>) override
    {
    }
    void flushProtocolNotifications() override
    {
    }
};

Deaf channel;
std::shared_ptr<v8_inspector::V8InspectorSession> session;

} // namespace

int json_connect(cdp_host *h)
{
    session = cdp::connect(cdp_host_v8(h)->shim->inspector.get(), &channel, {});
    return session ? 0 : -1;
}

void json_disconnect(void)
{
    session.reset();
}

void json_dispatch(const void *bytes, size_t len)
{
    session->dispatchProtocolMessage(cdp::view(bytes, len));
}

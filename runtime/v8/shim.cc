// shim.cc - V8's inspector, as C: see shim.h.
//
// Built without exceptions and RTTI, as V8 is.
#include "shim.hh"

#include <libplatform/libplatform.h>

#include <chrono>
#include <new>
#include <vector>

using cdp::kGroup;
using cdp::local;
using cdp::Text;
using cdp::utf8;
using cdp::view;
using v8::HandleScope;
using v8::Isolate;
using v8::Local;
using v8_inspector::StringBuffer;
using v8_inspector::StringView;
using v8_inspector::V8Inspector;
using v8_inspector::V8InspectorSession;

// depth counts the frames of V8 that use this session.  Deleting V8's session below one of its
// own frames crashes, so that is left to cdp__shim_reap().
struct cdp__shim_session final : V8Inspector::Channel {
    void sendResponse(int id, std::unique_ptr<StringBuffer> message) override
    {
        StringView v = message->string();
        depth++;
        if (ch.response)
            ch.response(self, id, v.is8Bit() ? v.characters8() : nullptr,
                        v.is8Bit() ? v.length() : 0);
        depth--;
    }
    void sendNotification(std::unique_ptr<StringBuffer> message) override
    {
        StringView v = message->string();
        depth++;
        if (ch.event && v.is8Bit() && v.length())
            ch.event(self, v.characters8(), v.length());
        depth--;
    }
    void flushProtocolNotifications() override
    {
    }

    cdp__shim *shim = nullptr;
    std::shared_ptr<V8InspectorSession> session;
    cdp__shim_channel ch = {};
    void *self = nullptr;
    unsigned depth = 0;
    bool dead = false, silent = false;
    cdp__shim_session *next = nullptr;
};

namespace
{

void tell(cdp__shim_session *s, const char *method)
{
    size_t len = std::strlen(method);
    std::string m("\xd8\x5a\x00\x00\x00\x00\xbf\x62id\x00\x66method", 18);
    m += static_cast<char>(0x60 + len); // below 24
    m += method;
    m += '\xff';
    m[5] = static_cast<char>(m.size() - 6);
    s->depth++; // it must not end within
    s->session->dispatchProtocolMessage(view(m.data(), m.size()));
    s->depth--;
}

// Sessions that have ended but cannot be deleted yet do nothing any more: above all they must not
// keep JavaScript paused.  V8 must not be amid them, but for a pause.
void silence(cdp__shim *shim)
{
    for (cdp__shim_session *s = shim->sessions; s; s = s->next) {
        if (!s->dead || s->silent || (s->depth && !shim->paused))
            continue;
        s->silent = true;
        for (const char *method :
             { "Debugger.disable", "Profiler.disable", "Runtime.disable", "Console.disable" })
            tell(s, method);
    }
}

void delete_dead(cdp__shim *shim)
{
    for (cdp__shim_session **p = &shim->sessions; *p;) {
        cdp__shim_session *s = *p;
        if (!s->dead) {
            p = &s->next;
            continue;
        }
        *p = s->next;
        s->session.reset();
        delete s;
        p = &shim->sessions; // ending it may have called back
    }
}

} // namespace

std::string cdp::utf8(Isolate *isolate, Local<v8::Value> v)
{
    v8::String::Utf8Value s(isolate, v);
    return *s ? std::string(*s, static_cast<size_t>(s.length())) : std::string();
}

void cdp__shim::runMessageLoopOnPause(int)
{
    if (paused)
        return;
    paused = true;
    silence(this);
    // A callback of Debugger.paused may have resumed already.
    if (!resumed)
        ops.pause(self);
    paused = resumed = false;
}

double cdp__shim::currentTimeMS()
{
    using namespace std::chrono;
    return duration<double, std::milli>(system_clock::now().time_since_epoch()).count();
}

// Absolute paths are file URLs to front-ends, as with Node.
std::unique_ptr<StringBuffer> cdp__shim::resourceNameToUrl(const StringView &name)
{
    HandleScope handles(isolate);
    Local<v8::String> s;
    v8::MaybeLocal<v8::String> text = name.is8Bit() ? v8::String::NewFromOneByte(
                                                          isolate, name.characters8(),
                                                          v8::NewStringType::kNormal,
                                                          static_cast<int>(name.length()))
                                                    : v8::String::NewFromTwoByte(
                                                          isolate, name.characters16(),
                                                          v8::NewStringType::kNormal,
                                                          static_cast<int>(name.length()));
    std::string path = text.ToLocal(&s) ? utf8(isolate, s) : std::string();
    if (path.empty() || path[0] != '/')
        return nullptr;
    std::string url = "file://";
    for (char c : path) {
        static const char hex[] = "0123456789ABCDEF";
        unsigned char u = static_cast<unsigned char>(c);
        if (u > 0x20 && u < 0x7f && !std::strchr("\"#%<>?[\\]^`{|}", c)) {
            url += c;
        } else {
            url += '%';
            url += hex[u >> 4];
            url += hex[u & 15];
        }
    }
    return StringBuffer::create(view(url.data(), url.size()));
}

extern "C" {

cdp__shim *cdp__shim_new(void *isolate, void *platform, const cdp__shim_ops *ops, void *self)
{
    if (ops->size != sizeof *ops)
        return nullptr;
    return new (std::nothrow) cdp__shim(static_cast<Isolate *>(isolate),
                                        static_cast<v8::Platform *>(platform), ops, self);
}

void cdp__shim_free(cdp__shim *shim)
{
    Isolate::Scope entered(shim->isolate);
    HandleScope handles(shim->isolate);
    delete_dead(shim);
    cdp__shim_remove_contexts(shim);
    delete shim;
}

void cdp__shim_remove_contexts(cdp__shim *shim)
{
    Isolate::Scope entered(shim->isolate);
    while (!shim->contexts.empty()) {
        HandleScope inner(shim->isolate);
        Local<v8::Context> context = shim->contexts.front().Get(shim->isolate);
        cdp__shim_remove_context(shim, &context);
    }
}

void cdp__shim_add_context(cdp__shim *shim, const void *context, const char *name, const char *aux)
{
    Isolate *isolate = shim->isolate;
    Isolate::Scope entered(isolate);
    HandleScope handles(isolate);
    Local<v8::Context> c = local<v8::Context>(context);
    Text name_text(isolate, name);
    if (!aux)
        aux = shim->contexts.empty() ? "{\"isDefault\":true}" : "{\"isDefault\":false}";
    Text aux_text(isolate, aux);
    shim->contexts.emplace_back(isolate, c);
    v8_inspector::V8ContextInfo info(c, kGroup, name_text.get());
    info.auxData = aux_text.get();
    info.hasMemoryOnConsole = true;
    shim->inspector->contextCreated(info);
}

bool cdp__shim_remove_context(cdp__shim *shim, const void *context)
{
    Local<v8::Context> c = local<v8::Context>(context);
    for (auto i = shim->contexts.begin(); i != shim->contexts.end(); ++i) {
        if (!(*i == c))
            continue;
        shim->contexts.erase(i);
        shim->inspector->contextDestroyed(c);
        return true;
    }
    return false;
}

cdp__shim_session *cdp__shim_connect(cdp__shim *shim, const cdp__shim_channel *ch, void *self)
{
    // With this as its state a session speaks CBOR from its first byte.
    static const char binary[] = "\xd8\x5a\x00\x00\x00\x17\xbf\x73use_binary_protocol\xf5\xff";
    static_assert(sizeof binary - 1 == 6 + 0x17, "the envelope's length");
    cdp__shim_session *s = new (std::nothrow) cdp__shim_session;
    if (!s)
        return nullptr;
    Isolate::Scope entered(shim->isolate);
    HandleScope handles(shim->isolate);
    s->shim = shim;
    s->self = self;
    s->ch = *ch;
    s->session = cdp::connect(shim->inspector.get(), s, view(binary, sizeof binary - 1));
    if (!s->session) {
        delete s;
        return nullptr;
    }
    s->next = shim->sessions;
    shim->sessions = s;
    return s;
}

void cdp__shim_disconnect(cdp__shim_session *s)
{
    cdp__shim *shim = s->shim;
    s->ch = {};
    s->dead = true;
    cdp__shim_reap(shim);
}

void cdp__shim_reap(cdp__shim *shim)
{
    bool dead = false;
    for (cdp__shim_session *s = shim->sessions; s; s = s->next)
        dead = dead || s->dead;
    if (!dead)
        return;
    Isolate::Scope entered(shim->isolate);
    HandleScope handles(shim->isolate);
    // V8 may be amid a session without having called it: where it describes a value to it, runs
    // JavaScript for that, and takes an interrupt there.
    if (cdp__shim_busy(shim) || cdp__shim_in_script(shim))
        silence(shim);
    else
        delete_dead(shim);
}

bool cdp__shim_busy(const cdp__shim *shim)
{
    cdp__shim_session *s = shim->sessions;
    while (s && s->depth == 0)
        s = s->next;
    return s != nullptr;
}

void cdp__shim_enter(cdp__shim *shim)
{
    shim->isolate->Enter();
}

void cdp__shim_exit(cdp__shim *shim)
{
    shim->isolate->Exit();
}

void cdp__shim_dispatch(cdp__shim_session *s, const void *bytes, size_t len)
{
    cdp__shim *shim = s->shim;
    Isolate::Scope entered(shim->isolate);
    HandleScope handles(shim->isolate);
    s->depth++;
    s->session->dispatchProtocolMessage(view(bytes, len));
    if (--s->depth == 0 && s->dead)
        cdp__shim_reap(shim);
}

void cdp__shim_break(cdp__shim_session *s, const char *reason)
{
    s->session->schedulePauseOnNextStatement(view(reason, std::strlen(reason)), StringView());
}

bool cdp__shim_can_dispatch(const char *method, size_t len)
{
    return V8InspectorSession::canDispatchMethod(view(method, len));
}

void cdp__shim_interrupt(void *isolate, void *token)
{
    static_cast<Isolate *>(isolate)->RequestInterrupt(
        [](Isolate *, void *data) { cdp__v8_interrupted(data); }, token);
}

bool cdp__shim_pump(cdp__shim *shim)
{
    if (!shim->platform)
        return false;
    Isolate::Scope entered(shim->isolate);
    HandleScope handles(shim->isolate);
    return v8::platform::PumpMessageLoop(shim->platform, shim->isolate);
}

bool cdp__shim_in_script(const cdp__shim *shim)
{
    Isolate::Scope entered(shim->isolate);
    if (!shim->isolate->InContext()) // far cheaper
        return false;
    HandleScope handles(shim->isolate);
    return v8::StackTrace::CurrentStackTrace(shim->isolate, 1)->GetFrameCount() > 0;
}

void cdp__shim_idle(cdp__shim *shim, bool idle)
{
    if (idle)
        shim->inspector->idleStarted();
    else
        shim->inspector->idleFinished();
}

// The console that V8 brings tells sessions, and prints nothing.
cdp__shim_console_outcome cdp__shim_console(cdp__shim *shim, const char *method, const char *args,
                                            size_t len)
{
    Isolate *isolate = shim->isolate;
    Isolate::Scope entered(isolate);
    HandleScope handles(isolate);
    Local<v8::Context> context = shim->ensureDefaultContextInGroup(kGroup);
    if (context.IsEmpty())
        return CDP__CONSOLE_NO_CONTEXT;
    v8::Context::Scope scope(context);
    v8::TryCatch caught(isolate);
    Local<v8::Value> console, function, array;
    Local<v8::String> text;
    if (!context->GetExtrasBindingObject()
             ->Get(context, cdp::name(isolate, "console"))
             .ToLocal(&console) ||
        !console->IsObject() ||
        !console.As<v8::Object>()
             ->HasOwnProperty(context, cdp::name(isolate, method))
             .FromMaybe(false) || // "toString" is none of its methods
        !console.As<v8::Object>()->Get(context, cdp::name(isolate, method)).ToLocal(&function) ||
        !function->IsFunction())
        return CDP__CONSOLE_NO_METHOD;
    if (!v8::String::NewFromUtf8(isolate, args, v8::NewStringType::kNormal, static_cast<int>(len))
             .ToLocal(&text) ||
        !v8::JSON::Parse(context, text).ToLocal(&array) || !array->IsArray())
        return CDP__CONSOLE_NO_JSON;
    std::vector<Local<v8::Value>> list;
    for (uint32_t i = 0; i < array.As<v8::Array>()->Length(); i++) {
        Local<v8::Value> item;
        if (array.As<v8::Array>()->Get(context, i).ToLocal(&item))
            list.push_back(item);
    }
    cdp::ignore(function.As<v8::Function>()->Call(context, console, static_cast<int>(list.size()),
                                                  list.data()));
    return CDP__CONSOLE_DONE;
}

void cdp__shim_async(cdp__shim *shim, cdp__shim_async_step step, const char *name, void *task)
{
    V8Inspector *inspector = shim->inspector.get();
    if (step == CDP__ASYNC_SCHEDULED || step == CDP__ASYNC_RECURRING)
        inspector->asyncTaskScheduled(view(name, std::strlen(name)), task,
                                      step == CDP__ASYNC_RECURRING);
    else if (step == CDP__ASYNC_STARTED)
        inspector->asyncTaskStarted(task);
    else if (step == CDP__ASYNC_FINISHED)
        inspector->asyncTaskFinished(task);
    else if (step == CDP__ASYNC_CANCELED)
        inspector->asyncTaskCanceled(task);
    else
        inspector->allAsyncTasksCanceled();
}

} // extern "C"

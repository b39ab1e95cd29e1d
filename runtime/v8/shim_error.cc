// shim_error.cc - exceptions that nobody catches, and promises rejected without a handler.
#include "shim.hh"

using cdp::kGroup;
using cdp::local;
using cdp::Rejection;
using cdp::Text;
using cdp::utf8;
using cdp::view;
using v8::HandleScope;
using v8::Isolate;
using v8::Local;
using v8_inspector::StringBuffer;
using v8_inspector::StringView;

namespace
{

const char kHandled[] = "Handler added to rejected promise";

Local<v8::Context> context_of(cdp__shim *shim)
{
    if (shim->isolate->InContext())
        return shim->isolate->GetCurrentContext();
    return shim->ensureDefaultContextInGroup(kGroup);
}

unsigned report(cdp__shim *shim, Local<v8::Context> context, const char *text,
                Local<v8::Message> message, Local<v8::Value> exception)
{
    Isolate *isolate = shim->isolate;
    Local<v8::StackTrace> stack = message->GetStackTrace();
    int script = message->GetScriptOrigin().ScriptId();
    // V8 takes the position from the stack where the script is 0.
    if (!stack.IsEmpty() && stack->GetFrameCount() > 0 &&
        stack->GetFrame(isolate, 0)->GetScriptId() == script)
        script = 0;
    Local<v8::Value> name = message->GetScriptResourceName();
    if (name.IsEmpty() || !name->IsString())
        name = v8::String::Empty(isolate);
    Text path(isolate, name);
    std::unique_ptr<StringBuffer> url = shim->resourceNameToUrl(path.get());
    int line = message->GetLineNumber(context).FromMaybe(0);
    int column = message->GetStartColumn(context).FromMaybe(-1) + 1;
    return shim->inspector->exceptionThrown(
        context, view(text, std::strlen(text)), exception, Text(isolate, message->Get()).get(),
        url ? url->string() : path.get(), static_cast<unsigned>(line),
        static_cast<unsigned>(column), shim->inspector->createStackTrace(stack), script);
}

std::string stack_of(Isolate *isolate, Local<v8::Context> context, Local<v8::Value> value)
{
    Local<v8::Value> stack;
    if (!value->IsNativeError())
        return std::string();
    v8::TryCatch ignore(isolate);
    Local<v8::String> key = v8::String::NewFromUtf8Literal(isolate, "stack");
    if (!value.As<v8::Object>()->Get(context, key).ToLocal(&stack) || !stack->IsString())
        return std::string();
    return utf8(isolate, stack);
}

// Tells sessions and the embedder.  The first word is V8's, "Uncaught", or ours for promises.
unsigned unhandled(cdp__shim *shim, Local<v8::Message> message, Local<v8::Value> value,
                   bool promise)
{
    static const char word[] = "Uncaught ", in_promise[] = "Uncaught (in promise) ";
    Isolate *isolate = shim->isolate;
    Local<v8::Context> context = context_of(shim);
    if (context.IsEmpty())
        return 0;
    v8::Context::Scope scope(context);
    std::string text = utf8(isolate, message->Get()), stack = stack_of(isolate, context, value);
    std::string script = utf8(isolate, message->GetScriptResourceName()), source;
    if (promise && text.compare(0, sizeof word - 1, word) == 0)
        text.replace(0, sizeof word - 1, in_promise);
    Local<v8::String> line;
    if (message->GetSourceLine(context).ToLocal(&line))
        source = utf8(isolate, line);
    cdp__shim_error e = { text.c_str(),
                          stack.c_str(),
                          script.c_str(),
                          message->GetLineNumber(context).FromMaybe(0),
                          message->GetStartColumn(context).FromMaybe(-1) + 1,
                          source.c_str() };
    unsigned id = report(shim, context, promise ? "Uncaught (in promise)" : "Uncaught", message,
                         value);
    shim->ops.unhandled(shim->self, &e, promise);
    return id;
}

// Takes the rejection of promise out of a list; 0, or the id that it was reported with.
bool take_rejection(std::list<Rejection> *list, Local<v8::Promise> promise, unsigned *id)
{
    for (auto i = list->end(); i != list->begin();) {
        if (!(*--i).promise.IsEmpty() && i->promise == promise) {
            *id = i->id;
            list->erase(i);
            return true;
        }
    }
    return false;
}

void handler_added(cdp__shim *shim, Local<v8::Promise> promise)
{
    unsigned id = 0;
    if (!take_rejection(&shim->rejected, promise, &id) &&
        take_rejection(&shim->reported, promise, &id))
        cdp__shim_revoked(shim, id, kHandled);
}

void on_message(Local<v8::Message> message, Local<v8::Value> exception)
{
    cdp__shim *shim = cdp__v8_shim_of(Isolate::GetCurrent());
    if (shim)
        cdp__shim_thrown(shim, &message, &exception);
}

void on_promise(v8::PromiseRejectMessage message)
{
    cdp__shim *shim = cdp__v8_shim_of(Isolate::GetCurrent());
    if (shim)
        cdp__shim_promise(shim, &message);
}

} // namespace

extern "C" {

void cdp__shim_settle(cdp__shim *shim)
{
    Isolate::Scope entered(shim->isolate);
    HandleScope handles(shim->isolate);
    shim->isolate->PerformMicrotaskCheckpoint();
    while (!shim->rejected.empty()) {
        Rejection r = std::move(shim->rejected.front());
        shim->rejected.pop_front();
        HandleScope inner(shim->isolate);
        Local<v8::Promise> promise = r.promise.Get(shim->isolate);
        r.id = unhandled(shim, r.message.Get(shim->isolate), r.value.Get(shim->isolate), true);
        r.message.Reset();
        r.value.Reset();
        r.promise.SetWeak();
        if (promise->HasHandler()) // whoever was told added one
            cdp__shim_revoked(shim, r.id, kHandled);
        else
            shim->reported.push_back(std::move(r));
    }
    while (!shim->reported.empty() && shim->reported.front().promise.IsEmpty())
        shim->reported.pop_front();
}

unsigned cdp__shim_thrown(cdp__shim *shim, const void *message, const void *exception)
{
    HandleScope handles(shim->isolate);
    return unhandled(shim, local<v8::Message>(message), local<v8::Value>(exception), false);
}

void cdp__shim_revoked(cdp__shim *shim, unsigned id, const char *reason)
{
    HandleScope handles(shim->isolate);
    Local<v8::Context> context = context_of(shim);
    if (!context.IsEmpty())
        shim->inspector->exceptionRevoked(context, id, view(reason, std::strlen(reason)));
}

void cdp__shim_promise(cdp__shim *shim, const void *message)
{
    const v8::PromiseRejectMessage *m = static_cast<const v8::PromiseRejectMessage *>(message);
    Isolate *isolate = shim->isolate;
    HandleScope handles(isolate);
    if (m->GetEvent() == v8::kPromiseHandlerAddedAfterReject) {
        handler_added(shim, m->GetPromise());
        return;
    }
    if (m->GetEvent() != v8::kPromiseRejectWithNoHandler)
        return;
    Local<v8::Value> value = m->GetValue();
    if (value.IsEmpty())
        value = v8::Undefined(isolate);
    shim->rejected.emplace_back();
    Rejection &r = shim->rejected.back();
    r.promise.Reset(isolate, m->GetPromise());
    r.value.Reset(isolate, value);
    // Now, while the stack is that of the rejection.
    r.message.Reset(isolate, v8::Exception::CreateMessage(isolate, value));
}

void cdp__shim_listen(cdp__shim *shim)
{
    // Without data: a listener with data is not told the exception.
    shim->isolate->AddMessageListener(on_message);
    shim->isolate->SetPromiseRejectCallback(on_promise);
}

void cdp__shim_unlisten(cdp__shim *shim)
{
    shim->isolate->RemoveMessageListeners(on_message);
    shim->isolate->SetPromiseRejectCallback(nullptr);
}

} // extern "C"

// host_v8.cc - an isolate with a context and timers: see host_v8.h.
#include "host_js.hh"

#include <libplatform/libplatform.h>

#include <new>
#include <type_traits>
#include <vector>

using v8::Context;
using v8::Function;
using v8::FunctionCallbackInfo;
using v8::HandleScope;
using v8::Isolate;
using v8::Local;
using v8::Value;

namespace
{

v8::Platform *platform;

// V8 11.3 drops the isolate from it.
template <class O>
auto origin(Isolate *, Local<Value> name, int)
    -> std::enable_if_t<std::is_constructible<O, Local<Value>>::value, O>
{
    return O(name);
}

template <class O>
auto origin(Isolate *isolate, Local<Value> name, long)
    -> std::enable_if_t<!std::is_constructible<O, Local<Value>>::value, O>
{
    return O(isolate, name);
}

// Everything that runs JavaScript for the host does it inside one of these.
struct Frame {
    explicit Frame(cdp__js *js)
        : isolate(js->isolate), entered(isolate), handles(isolate),
          context(js->context.Get(isolate)), scope(context), caught(isolate)
    {
        caught.SetVerbose(true); // so that message listeners hear of it
    }
    cdp__js_outcome outcome()
    {
        if (!caught.HasCaught())
            return CDP__JS_DONE;
        // A termination has no exception, and is not always marked as one.
        if (!caught.HasTerminated() && !caught.Exception().IsEmpty() && !caught.Message().IsEmpty())
            return CDP__JS_THREW;
        isolate->CancelTerminateExecution();
        return CDP__JS_TERMINATED;
    }
    Isolate *isolate;
    Isolate::Scope entered;
    HandleScope handles;
    Local<Context> context;
    Context::Scope scope;
    v8::TryCatch caught;
};

const char *name_of(const cdp__js_task *task)
{
    return task->immediate ? "setImmediate" : task->repeat ? "setInterval" : "setTimeout";
}

// Takes the task out of the table and out of the loop.
std::unique_ptr<cdp__js_task> remove(cdp__js *js, uint32_t id)
{
    auto i = js->tasks.find(id);
    if (i == js->tasks.end())
        return nullptr;
    std::unique_ptr<cdp__js_task> task = std::move(i->second);
    js->tasks.erase(i);
    if (task->timer)
        js->ops.timer_stop(js->self, task->timer);
    task->timer = nullptr;
    return task;
}

double milliseconds(const FunctionCallbackInfo<Value> &info)
{
    double ms = 1;
    if (info.Length() > 1)
        ms = info[1]->NumberValue(info.GetIsolate()->GetCurrentContext()).FromMaybe(1);
    return ms >= 1 && ms <= 2147483647 ? ms : 1;
}

void schedule(const FunctionCallbackInfo<Value> &info, bool repeat, bool immediate)
{
    Isolate *isolate = info.GetIsolate();
    cdp__js *js = cdp::js_of(isolate);
    if (!info[0]->IsFunction()) {
        isolate->ThrowException(v8::Exception::TypeError(
            cdp::str(isolate, "The \"callback\" argument must be of type function.")));
        return;
    }
    double ms = immediate ? 0 : milliseconds(info);
    std::unique_ptr<cdp__js_task> owned(new cdp__js_task);
    cdp__js_task *task = owned.get();
    task->id = ++js->last_id;
    task->repeat = repeat;
    task->immediate = immediate;
    task->callback.Reset(isolate, info[0].As<Function>());
    std::vector<Local<Value>> args;
    for (int i = immediate ? 1 : 2; i < info.Length(); i++)
        args.push_back(info[i]);
    if (!args.empty())
        task->args.Reset(isolate, v8::Array::New(isolate, args.data(), args.size()));
    js->tasks[task->id] = std::move(owned);
    if (immediate) {
        js->immediates.push_back(task->id);
        js->ops.immediate(js->self);
    } else if (!(task->timer = js->ops.timer_start(js->self, task, ms, repeat))) {
        js->tasks.erase(task->id);
        isolate->ThrowException(v8::Exception::Error(cdp::str(isolate, "out of memory")));
        return;
    }
    js->ops.scheduled(js->self, name_of(task), task, repeat);
    info.GetReturnValue().Set(task->id);
}

void set_timeout(const FunctionCallbackInfo<Value> &info)
{
    schedule(info, false, false);
}

void set_interval(const FunctionCallbackInfo<Value> &info)
{
    schedule(info, true, false);
}

void set_immediate(const FunctionCallbackInfo<Value> &info)
{
    schedule(info, false, true);
}

void clear(const FunctionCallbackInfo<Value> &info)
{
    cdp__js *js = cdp::js_of(info.GetIsolate());
    if (!info[0]->IsNumber())
        return;
    uint32_t id = info[0]->Uint32Value(info.GetIsolate()->GetCurrentContext()).FromMaybe(0);
    std::unique_ptr<cdp__js_task> task = remove(js, id);
    if (task)
        js->ops.canceled(js->self, task.get());
}

void queue_microtask(const FunctionCallbackInfo<Value> &info)
{
    Isolate *isolate = info.GetIsolate();
    if (info[0]->IsFunction())
        isolate->EnqueueMicrotask(info[0].As<Function>());
    else
        isolate->ThrowException(v8::Exception::TypeError(
            cdp::str(isolate, "The \"callback\" argument must be of type function.")));
}

void install(Local<Context> context)
{
    static const struct {
        const char *name;
        v8::FunctionCallback fn;
    } functions[] = { { "setTimeout", set_timeout },        { "setInterval", set_interval },
                      { "setImmediate", set_immediate },    { "clearTimeout", clear },
                      { "clearInterval", clear },           { "clearImmediate", clear },
                      { "queueMicrotask", queue_microtask } };
    Isolate *isolate = cdp::isolate_of(context);
    for (const auto &f : functions) {
        Local<Function> fn;
        Local<v8::String> name = cdp::str(isolate, f.name);
        if (!Function::New(context, f.fn, Local<Value>(), 0, v8::ConstructorBehavior::kThrow)
                 .ToLocal(&fn))
            continue;
        fn->SetName(name);
        cdp::ignore(context->Global()->DefineOwnProperty(context, name, fn, v8::DontEnum));
    }
    cdp::install_console(context);
}

cdp__js_outcome call(cdp__js *js, cdp__js_task *task)
{
    Frame frame(js);
    std::vector<Local<Value>> args;
    Local<v8::Array> list = task->args.Get(frame.isolate);
    for (uint32_t i = 0; !list.IsEmpty() && i < list->Length(); i++) {
        Local<Value> arg;
        if (list->Get(frame.context, i).ToLocal(&arg))
            args.push_back(arg);
    }
    js->ops.started(js->self, task);
    cdp::ignore(task->callback.Get(frame.isolate)
                    ->Call(frame.context, frame.context->Global(), static_cast<int>(args.size()),
                           args.data()));
    return frame.outcome();
}

} // namespace

Local<v8::String> cdp::str(Isolate *isolate, const char *s)
{
    Local<v8::String> v;
    return v8::String::NewFromUtf8(isolate, s).ToLocal(&v) ? v : v8::String::Empty(isolate);
}

extern "C" {

void *cdp__js_start(void)
{
    platform = v8::platform::NewDefaultPlatform().release();
    v8::V8::InitializePlatform(platform);
    v8::V8::Initialize();
    return platform;
}

void cdp__js_shutdown(void)
{
    v8::V8::Dispose();
    v8::V8::DisposePlatform();
    delete platform;
    platform = nullptr;
}

cdp__js *cdp__js_new(const cdp__js_ops *ops, void *self, uint32_t max_old_space_mb)
{
    cdp__js *js = ops->size == sizeof *ops ? new (std::nothrow) cdp__js : nullptr;
    if (!js)
        return nullptr;
    js->ops = *ops;
    js->self = self;
    js->allocator.reset(v8::ArrayBuffer::Allocator::NewDefaultAllocator());
    Isolate::CreateParams params;
    params.array_buffer_allocator = js->allocator.get();
    if (max_old_space_mb)
        params.constraints.set_max_old_generation_size_in_bytes(
            static_cast<size_t>(max_old_space_mb) << 20);
    js->isolate = Isolate::New(params);
    js->isolate->SetData(0, js);
    Isolate::Scope entered(js->isolate);
    HandleScope handles(js->isolate);
    js->isolate->SetCaptureStackTraceForUncaughtExceptions(true, 10);
    Local<Context> context = Context::New(js->isolate);
    Context::Scope scope(context);
    js->context.Reset(js->isolate, context);
    install(context);
    return js;
}

void cdp__js_drop(cdp__js *js)
{
    while (!js->tasks.empty())
        remove(js, js->tasks.begin()->first);
    js->context.Reset();
}

void cdp__js_free(cdp__js *js)
{
    js->context.Reset();
    v8::platform::NotifyIsolateShutdown(platform, js->isolate);
    js->isolate->Dispose();
    delete js;
}

void *cdp__js_isolate(cdp__js *js)
{
    return js->isolate;
}

void cdp__js_enter(cdp__js *js)
{
    js->isolate->Enter();
}

void cdp__js_exit(cdp__js *js)
{
    js->isolate->Exit();
}

void cdp__js_with_context(cdp__js *js, void (*fn)(void *self, const void *context), void *self)
{
    Isolate::Scope entered(js->isolate);
    HandleScope handles(js->isolate);
    Local<Context> context = js->context.Get(js->isolate);
    fn(self, &context);
}

cdp__js_outcome cdp__js_run(cdp__js *js, const char *name, const char *text, size_t len,
                            void (*json)(void *self, const char *text, size_t len), void *self)
{
    Frame frame(js);
    Local<v8::String> source;
    if (len > static_cast<size_t>(v8::String::kMaxLength) ||
        !v8::String::NewFromUtf8(frame.isolate, text, v8::NewStringType::kNormal,
                                 static_cast<int>(len))
             .ToLocal(&source))
        return CDP__JS_TOO_BIG;
    v8::ScriptOrigin where = origin<v8::ScriptOrigin>(frame.isolate, cdp::str(frame.isolate, name),
                                                      0);
    Local<v8::Script> script;
    Local<Value> value;
    if (!v8::Script::Compile(frame.context, source, &where).ToLocal(&script) ||
        !script->Run(frame.context).ToLocal(&value))
        return frame.outcome();
    Local<v8::String> printed;
    // Not every value has JSON (functions, cycles), which is no failure of the script.
    v8::TryCatch ignore(frame.isolate);
    if (json && !value->IsUndefined() &&
        v8::JSON::Stringify(frame.context, value).ToLocal(&printed)) {
        std::string s = cdp::utf8(frame.isolate, printed);
        if (s != "undefined")
            json(self, s.data(), s.size());
    }
    return CDP__JS_DONE;
}

cdp__js_outcome cdp__js_run_task(cdp__js *js, cdp__js_task *task)
{
    uint32_t id = task->id;
    // One that runs once is gone before it runs, as far as clearTimeout() can see.
    std::unique_ptr<cdp__js_task> once = task->repeat ? nullptr : remove(js, id);
    cdp__js_outcome outcome = call(js, task);
    if (once || js->tasks.count(id))
        js->ops.finished(js->self, task);
    return outcome;
}

cdp__js_outcome cdp__js_run_immediate(cdp__js *js)
{
    while (!js->immediates.empty()) {
        uint32_t id = js->immediates.front();
        js->immediates.pop_front();
        auto i = js->tasks.find(id);
        if (i != js->tasks.end())
            return cdp__js_run_task(js, i->second.get());
    }
    return CDP__JS_DONE;
}

size_t cdp__js_immediates(const cdp__js *js)
{
    return js->immediates.size();
}

bool cdp__js_background(cdp__js *js)
{
    return js->isolate->HasPendingBackgroundTasks();
}

void cdp__js_terminate(cdp__js *js)
{
    js->isolate->TerminateExecution();
}

} // extern "C"

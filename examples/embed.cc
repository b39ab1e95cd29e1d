// embed.cc - an application with a V8 of its own that looks into it: what it throws, what it logs,
// where its time goes.  With --inspect it waits for a debugger to attach first.
#include <cdp/inspector.h>
#include <cdp/profiler.h>
#include <cdp/runtime.h>
#include <cdp/v8.h>
#include <cdp/value.h>

#include <libplatform/libplatform.h>
#include <v8.h>

#include <cstdio>
#include <cstring>
#include <memory>

static void on_console(cdp_session *, const cdp_runtime_console_api_called_event *ev, void *)
{
    for (size_t i = 0; i < ev->args.n; i++) {
        cdp_str text = ev->args.items[i].description;
        if (!text.ptr)
            text = cdp_value_str(ev, ev->args.items[i].value);
        std::printf("%s%.*s", i ? " " : "log: ", (int)text.len, text.ptr);
    }
    std::printf("\n");
}

static void on_thrown(cdp_session *, const cdp_runtime_exception_thrown_event *ev, void *)
{
    const cdp_runtime_exception_details *e = ev->exception_details;

    std::printf("%s in line %d: %s\n", e->text.ptr, e->line_number + 1,
                e->exception ? e->exception->description.ptr : "");
}

static void run(v8::Local<v8::Context> context, const char *source)
{
    v8::Isolate *isolate = v8::Isolate::GetCurrent();
    v8::HandleScope handles(isolate);
    v8::TryCatch caught(isolate);
    caught.SetVerbose(true); // so that cdp_v8_listen() hears of it
    v8::Local<v8::String> text = v8::String::NewFromUtf8(isolate, source).ToLocalChecked();
    v8::Local<v8::Script> script;
    v8::Local<v8::Value> value;
    if (v8::Script::Compile(context, text).ToLocal(&script) && script->Run(context).ToLocal(&value))
        std::printf("= %s\n", *v8::String::Utf8Value(isolate, value));
}

static void profile(cdp_session *s, v8::Local<v8::Context> context)
{
    CDP_AUTO cdp_profiler_stop_result *res = nullptr;

    if (cdp_profiler_enable(s) < 0 || cdp_profiler_start(s) < 0)
        return;
    run(context, "function busy() { let n = 0; while (n < 3e7) n++; return n }\nbusy()");
    if (cdp_profiler_stop(s, &res) < 0)
        return;
    const cdp_profiler_profile_node *top = &res->profile->nodes.items[0];
    for (size_t i = 0; i < res->profile->nodes.n; i++)
        if (res->profile->nodes.items[i].hit_count.value > top->hit_count.value)
            top = &res->profile->nodes.items[i];
    std::printf("hottest: %s\n", top->call_frame->function_name.ptr);
}

// Opens the inspector, and returns once a front-end (chrome://inspect, `node inspect
// 127.0.0.1:9229`) says to run; it then stops at the first statement.
static cdp_inspector *wait_for_debugger(cdp_v8 *v)
{
    cdp_inspector_options opt = {};
    cdp_inspector *insp = nullptr;

    opt.port = 9229;
    opt.title = "embed";
    opt.wait = true;
    if (cdp_inspector_new(&insp, v, &opt) < 0)
        return nullptr;
    if (cdp_inspector_open(insp, nullptr) < 0)
        std::fprintf(stderr, "%s\n", cdp_inspector_error(insp)->message.ptr);
    else
        cdp_v8_pause_on_start(v);
    return insp;
}

static void inspect(v8::Isolate *isolate, v8::Platform *platform, bool debug)
{
    v8::Isolate::Scope isolate_scope(isolate);
    v8::HandleScope handles(isolate);
    v8::Local<v8::Context> context = v8::Context::New(isolate);
    v8::Context::Scope context_scope(context);
    cdp_v8_options opt = {};
    cdp_v8 *v = nullptr;
    cdp_session *s = nullptr;
    cdp_inspector *insp = nullptr;

    opt.platform = platform;
    if (cdp_v8_new(&v, isolate, &opt) < 0)
        return;
    if (cdp_v8_add_context(v, &context, "main") == 0 && cdp_v8_connect(&s, v, nullptr) == 0) {
        cdp_v8_listen(v);
        if (debug)
            insp = wait_for_debugger(v);
        cdp_runtime_on_console_api_called(s, on_console, nullptr);
        cdp_runtime_on_exception_thrown(s, on_thrown, nullptr);
        cdp_runtime_enable(s);
        run(context, "console.log('hello', {a: 1}); 6 * 7");
        run(context, "\nthrow new Error('nobody catches this')");
        run(context, "Promise.reject(new Error('nor this')); 'rejected'");
        cdp_v8_pump(v); // reports rejections that still have no handler
        profile(s, context);
    }
    cdp_close(s);
    cdp_inspector_free(insp);
    cdp_v8_remove_context(v, &context);
    cdp_v8_free(v);
}

int main(int argc, char **argv)
{
    std::unique_ptr<v8::Platform> platform = v8::platform::NewDefaultPlatform();
    v8::V8::InitializePlatform(platform.get());
    v8::V8::Initialize();
    std::unique_ptr<v8::ArrayBuffer::Allocator> allocator(
        v8::ArrayBuffer::Allocator::NewDefaultAllocator());
    v8::Isolate::CreateParams params;
    params.array_buffer_allocator = allocator.get();
    v8::Isolate *isolate = v8::Isolate::New(params);
    inspect(isolate, platform.get(), argc > 1 && !std::strcmp(argv[1], "--inspect"));
    v8::platform::NotifyIsolateShutdown(platform.get(), isolate);
    isolate->Dispose();
    v8::V8::Dispose();
    v8::V8::DisposePlatform();
    return 0;
}

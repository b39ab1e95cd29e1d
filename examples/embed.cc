// embed.cc - a program that embeds V8 itself, and profiles what it runs.
#include <cdp/profiler.h>
#include <cdp/runtime.h>
#include <cdp/v8.h>

#include <libplatform/libplatform.h>
#include <v8.h>

#include <cstdio>

static const char source[] =
    "function spin(n) { let s = 0; for (let i = 0; i < n; i++) s += Math.sqrt(i);"
    " return s } spin(3e7)";

static void on_exception(cdp_session *, const cdp_runtime_exception_thrown_event *ev, void *)
{
    std::printf("uncaught: %s\n", ev->exception_details->text.ptr);
}

// Runs the program's own script between the profiler's start and stop.
static int profile(cdp_session *s, v8::Isolate *isolate, v8::Local<v8::Context> context)
{
    cdp_profiler_stop_result *res = nullptr;

    if (cdp_profiler_enable(s) < 0 || cdp_profiler_start(s) < 0)
        return -1;
    v8::Local<v8::String> text = v8::String::NewFromUtf8(isolate, source).ToLocalChecked();
    v8::Local<v8::Script> script = v8::Script::Compile(context, text).ToLocalChecked();
    v8::Local<v8::Value> value;
    if (script->Run(context).ToLocal(&value))
        std::printf("the script says %.0f\n", value->NumberValue(context).FromMaybe(0));
    if (cdp_profiler_stop(s, &res) < 0)
        return -1;
    const cdp_profiler_profile_node *hottest = nullptr;
    for (size_t i = 0; i < res->profile->nodes.n; i++) {
        const cdp_profiler_profile_node *node = &res->profile->nodes.items[i];
        if (!hottest || node->hit_count.value > hottest->hit_count.value)
            hottest = node;
    }
    std::printf("%zu nodes; the hottest is %s\n", res->profile->nodes.n,
                hottest ? hottest->call_frame->function_name.ptr : "none");
    cdp_free(res);
    return 0;
}

static int inspect(v8::Isolate *isolate, v8::Platform *platform)
{
    v8::HandleScope handles(isolate);
    v8::Local<v8::Context> context = v8::Context::New(isolate);
    v8::Context::Scope entered(context);
    cdp_v8 *v = nullptr;
    cdp_session *s = nullptr;
    cdp_v8_options opt = {};
    int rc = -1;

    opt.platform = platform; // so that calls that V8 answers from tasks are answered
    if (cdp_v8_new(&v, isolate, &opt) == 0 && cdp_v8_add_context(v, &context, "main") == 0 &&
        cdp_v8_listen(v) == 0 && cdp_v8_connect(&s, v, nullptr) == 0) {
        cdp_runtime_on_exception_thrown(s, on_exception, nullptr);
        if (cdp_runtime_enable(s) == 0)
            rc = profile(s, isolate, context);
        if (rc < 0)
            std::fprintf(stderr, "%s\n", cdp_last_error(s)->message.ptr);
        cdp_close(s);
        cdp_v8_remove_context(v, &context);
    }
    cdp_v8_free(v);
    return rc;
}

int main()
{
    std::unique_ptr<v8::Platform> platform = v8::platform::NewDefaultPlatform();
    v8::V8::InitializePlatform(platform.get());
    v8::V8::Initialize();
    v8::Isolate::CreateParams params;
    params.array_buffer_allocator = v8::ArrayBuffer::Allocator::NewDefaultAllocator();
    v8::Isolate *isolate = v8::Isolate::New(params);
    int rc;
    {
        v8::Isolate::Scope entered(isolate);
        rc = inspect(isolate, platform.get());
    }
    isolate->Dispose();
    v8::V8::Dispose();
    v8::V8::DisposePlatform();
    delete params.array_buffer_allocator;
    return rc < 0;
}

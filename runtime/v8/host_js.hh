// host_js.hh - what the host's C++ files share.
#ifndef CDP_HOST_JS_HH
#define CDP_HOST_JS_HH

#include "host_v8.h"

#include <v8.h>

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

// One callback of setTimeout, setInterval or setImmediate.
struct cdp__js_task {
    uint32_t id = 0;
    bool repeat = false, immediate = false;
    void *timer = nullptr;
    v8::Global<v8::Function> callback;
    v8::Global<v8::Array> args; // empty: none
};

struct cdp__js {
    cdp__js_ops ops;
    void *self;
    std::unique_ptr<v8::ArrayBuffer::Allocator> allocator;
    v8::Isolate *isolate = nullptr;
    v8::Global<v8::Context> context;
    uint32_t last_id = 0;
    std::map<uint32_t, std::unique_ptr<cdp__js_task>> tasks;
    std::deque<uint32_t> immediates; // ids, some of them cleared since

    cdp__js_call *call = nullptr; // the innermost one that runs

    unsigned indent = 0; // of console.group
    std::map<std::string, unsigned> counts;
    std::map<std::string, std::chrono::steady_clock::time_point> times;
};

namespace cdp
{

inline cdp__js *js_of(v8::Isolate *isolate)
{
    return static_cast<cdp__js *>(isolate->GetData(0));
}

// A context's isolate; all of ours are the current one where they are used.
inline v8::Isolate *isolate_of(v8::Local<v8::Context>)
{
    return v8::Isolate::GetCurrent();
}

// For results that V8 wants looked at where there is nothing to be done about them.
template <class T> inline void ignore(const T &)
{
}

v8::Local<v8::String> str(v8::Isolate *isolate, const char *s);
// shim.cc
std::string utf8(v8::Isolate *isolate, v8::Local<v8::Value> v);

// A value as a person would want to read it.  Never runs getters or proxy handlers.
std::string inspect(v8::Local<v8::Context> context, v8::Local<v8::Value> v);
// The arguments of console.log: "%s" and friends, strings plain, anything else inspected.
std::string format(const v8::FunctionCallbackInfo<v8::Value> &args, int first);

// Makes V8's console print, too.
void install_console(v8::Local<v8::Context> context);

} // namespace cdp

#endif // CDP_HOST_JS_HH

// shim.hh - what shim.cc and shim_error.cc share.
//
// Compiles against V8 10.2 to 14: where the API changed, overloads are ranked by what exists, so
// that no version numbers are needed.
#ifndef CDP_SHIM_HH
#define CDP_SHIM_HH

#include "shim.h"

#include <v8-inspector.h>
#include <v8.h>

#include <cstring>
#include <list>
#include <memory>
#include <string>

namespace cdp
{

constexpr int kGroup = 1; // one inspector has one group of contexts

inline v8_inspector::StringView view(const void *bytes, size_t len)
{
    return v8_inspector::StringView(static_cast<const uint8_t *>(bytes), len);
}

// UTF-8, or a V8 string, as the inspector wants it: an 8-bit StringView would be Latin-1.
class Text
{
  public:
    Text(v8::Isolate *isolate, v8::Local<v8::Value> s) : value_(isolate, s)
    {
    }
    Text(v8::Isolate *isolate, const char *s) : Text(isolate, string(isolate, s))
    {
    }
    v8_inspector::StringView get() const
    {
        if (!*value_)
            return v8_inspector::StringView();
        return v8_inspector::StringView(*value_, static_cast<size_t>(value_.length()));
    }

  private:
    static v8::Local<v8::Value> string(v8::Isolate *isolate, const char *s)
    {
        v8::Local<v8::String> str;
        if (!v8::String::NewFromUtf8(isolate, s ? s : "").ToLocal(&str))
            str = v8::String::Empty(isolate);
        return str;
    }
    v8::String::Value value_;
};

template <class T> v8::Local<T> local(const void *p)
{
    return *static_cast<const v8::Local<T> *>(p);
}

inline v8::Local<v8::String> name(v8::Isolate *isolate, const char *s)
{
    v8::Local<v8::String> str;
    return v8::String::NewFromUtf8(isolate, s, v8::NewStringType::kInternalized).ToLocal(&str)
               ? str
               : v8::String::Empty(isolate);
}

// For results that nothing can be done about.
template <class T> inline void ignore(const T &)
{
}

template <int N> struct Rank : Rank<N - 1> {
};
template <> struct Rank<0> {
};
// V8 >= 13.7 wants connectShared(), 10.8 and later a trust level, 10.2 neither.
template <class I>
auto connect(I *i, typename I::Channel *ch, v8_inspector::StringView state, Rank<2>)
    -> decltype(i->connectShared(kGroup, ch, state, I::kFullyTrusted, I::kNotWaitingForDebugger))
{
    return i->connectShared(kGroup, ch, state, I::kFullyTrusted, I::kNotWaitingForDebugger);
}

template <class I>
auto connect(I *i, typename I::Channel *ch, v8_inspector::StringView state, Rank<1>)
    -> decltype(i->connect(kGroup, ch, state, I::kFullyTrusted))
{
    return i->connect(kGroup, ch, state, I::kFullyTrusted);
}

template <class I>
auto connect(I *i, typename I::Channel *ch, v8_inspector::StringView state, Rank<0>)
    -> decltype(i->connect(kGroup, ch, state))
{
    return i->connect(kGroup, ch, state);
}

// A session in the state that an earlier one had, or a new one that speaks JSON.
inline auto connect(v8_inspector::V8Inspector *i, v8_inspector::V8Inspector::Channel *ch,
                    v8_inspector::StringView state)
{
    return connect(i, ch, state, Rank<2>());
}

std::string utf8(v8::Isolate *isolate, v8::Local<v8::Value> v);

// A promise that was rejected without a handler.  Once it is reported it has an id, and the promise
// is held weakly, in case a handler is still added.
struct Rejection {
    v8::Global<v8::Promise> promise;
    v8::Global<v8::Value> value;
    v8::Global<v8::Message> message;
    unsigned id = 0;
};

} // namespace cdp

struct cdp__shim final : v8_inspector::V8InspectorClient {
    cdp__shim(v8::Isolate *i, v8::Platform *p, const cdp__shim_ops *o, void *s)
        : isolate(i), platform(p), ops(*o), self(s)
    {
        inspector = v8_inspector::V8Inspector::create(isolate, this);
    }

    void runMessageLoopOnPause(int) override;
    void quitMessageLoopOnPause() override
    {
        resumed = true;
        ops.resume(self);
    }
    void runIfWaitingForDebugger(int) override
    {
        ops.run_if_waiting(self);
    }
    v8::Local<v8::Context> ensureDefaultContextInGroup(int) override
    {
        return contexts.empty() ? v8::Local<v8::Context>() : contexts.front().Get(isolate);
    }
    double currentTimeMS() override;
    std::unique_ptr<v8_inspector::StringBuffer>
    resourceNameToUrl(const v8_inspector::StringView &name) override;

    v8::Isolate *isolate;
    v8::Platform *platform;
    cdp__shim_ops ops;
    void *self;
    std::unique_ptr<v8_inspector::V8Inspector> inspector;
    cdp__shim_session *sessions = nullptr;
    std::list<v8::Global<v8::Context>> contexts; // the default one first
    std::list<cdp::Rejection> rejected, reported;
    bool paused = false, resumed = false;
};

#endif // CDP_SHIM_HH

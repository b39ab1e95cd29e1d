// host_define.cc - functions and values of the program's on the global object: see host_v8.h.
#include "host_js.hh"

#include <cdp/cdp.h>

using v8::Context;
using v8::FunctionCallbackInfo;
using v8::HandleScope;
using v8::Isolate;
using v8::Local;
using v8::Value;

struct cdp__js_call {
    const FunctionCallbackInfo<Value> &info;
    cdp__js_call *outer;
    v8::Global<Value> error; // the one to throw, if any
};

namespace
{

bool text(Isolate *isolate, const char *s, size_t len, Local<v8::String> *out)
{
    return len <= static_cast<size_t>(v8::String::kMaxLength) &&
           v8::String::NewFromUtf8(isolate, s, v8::NewStringType::kNormal, static_cast<int>(len))
               .ToLocal(out);
}

bool parse(Local<Context> context, const char *json, size_t len, Local<Value> *out)
{
    Isolate *isolate = cdp::isolate_of(context);
    v8::TryCatch ignore(isolate);
    Local<v8::String> s;
    return text(isolate, json, len, &s) && v8::JSON::Parse(context, s).ToLocal(out);
}

// Each by itself, so that scripts can't make the array something else by Array.prototype.toJSON.
// False: an exception is on its way (of a BigInt, a cycle, a toJSON()).
bool stringify(const FunctionCallbackInfo<Value> &info, std::string *out)
{
    Isolate *isolate = info.GetIsolate();
    *out = "[";
    for (int i = 0; i < info.Length(); i++) {
        Local<v8::String> s;
        if (!v8::JSON::Stringify(isolate->GetCurrentContext(), info[i]).ToLocal(&s))
            return false;
        std::string json = cdp::utf8(isolate, s);
        *out += i ? "," : "";
        *out += json == "undefined" ? "null" : json;
    }
    *out += "]";
    return true;
}

void called(const FunctionCallbackInfo<Value> &info)
{
    Isolate *isolate = info.GetIsolate();
    cdp__js *js = cdp::js_of(isolate);
    std::string args;
    if (!stringify(info, &args))
        return;
    cdp__js_call call = { info, js->call, {} };
    js->call = &call;
    int rc = js->ops.call(js->self, info.Data().As<v8::External>()->Value(), &call, args.data(),
                          args.size());
    js->call = call.outer;
    if (rc >= 0 || isolate->IsExecutionTerminating())
        return;
    isolate->ThrowException(call.error.IsEmpty()
                                ? v8::Exception::Error(cdp::str(isolate, cdp_strerror(rc)))
                                : call.error.Get(isolate));
}

// Puts v where path says.  A function takes the name it has there.
bool put(Local<Context> context, const char *path, Local<Value> v)
{
    Isolate *isolate = cdp::isolate_of(context);
    v8::TryCatch ignore(isolate);
    Local<v8::Object> at = context->Global();
    for (;; path++) {
        size_t n = std::char_traits<char>::length(path);
        const char *dot = std::char_traits<char>::find(path, n, '.');
        Local<v8::String> name;
        Local<Value> next;
        n = dot ? static_cast<size_t>(dot - path) : n;
        if (n == 0 || !text(isolate, path, n, &name))
            return false;
        if (!dot) {
            if (v->IsFunction())
                v.As<v8::Function>()->SetName(name);
            return at->CreateDataProperty(context, name, v).FromMaybe(false);
        }
        if (!at->Get(context, name).ToLocal(&next))
            return false;
        if (next->IsUndefined()) {
            next = v8::Object::New(isolate);
            if (!at->CreateDataProperty(context, name, next).FromMaybe(false))
                return false;
        }
        if (!next->IsObject())
            return false;
        at = next.As<v8::Object>();
        path = dot;
    }
}

} // namespace

extern "C" {

bool cdp__js_return(cdp__js_call *call, const char *json, size_t len)
{
    Isolate *isolate = call->info.GetIsolate();
    HandleScope handles(isolate);
    Local<Value> v;
    if (!parse(isolate->GetCurrentContext(), json, len, &v))
        return false;
    call->info.GetReturnValue().Set(v);
    return true;
}

bool cdp__js_throw(cdp__js *js, const char *type, const char *code, const char *message)
{
    if (!js->call)
        return false;
    Isolate *isolate = js->isolate;
    HandleScope handles(isolate);
    Local<v8::String> s = cdp::str(isolate, message);
    std::string name = type ? type : "";
    Local<Value> error = name == "TypeError"    ? v8::Exception::TypeError(s)
                         : name == "RangeError" ? v8::Exception::RangeError(s)
                                                : v8::Exception::Error(s);
    if (code)
        cdp::ignore(error.As<v8::Object>()->CreateDataProperty(
            isolate->GetCurrentContext(), cdp::str(isolate, "code"), cdp::str(isolate, code)));
    js->call->error.Reset(isolate, error);
    return true;
}

bool cdp__js_define(cdp__js *js, const char *path, void *function)
{
    Isolate::Scope entered(js->isolate);
    HandleScope handles(js->isolate);
    Local<Context> context = js->context.Get(js->isolate);
    Context::Scope scope(context);
    Local<v8::Function> f;
    Local<v8::External> data = v8::External::New(js->isolate, function);
    return v8::Function::New(context, called, data, 0, v8::ConstructorBehavior::kThrow)
               .ToLocal(&f) &&
           put(context, path, f);
}

bool cdp__js_define_value(cdp__js *js, const char *path, const char *json, size_t len)
{
    Isolate::Scope entered(js->isolate);
    HandleScope handles(js->isolate);
    Local<Context> context = js->context.Get(js->isolate);
    Context::Scope scope(context);
    Local<Value> v;
    return parse(context, json, len, &v) && put(context, path, v);
}

} // extern "C"

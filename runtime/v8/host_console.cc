// host_console.cc - a console that prints, around the one V8 brings, which only tells sessions.
#include "host_js.hh"

#include <cstdio>

using v8::Function;
using v8::FunctionCallbackInfo;
using v8::Isolate;
using v8::Local;
using v8::Value;

namespace
{

// Each method knows how to print; V8's own, its data, is called first so that sessions hear of it
// with the caller's arguments and stack.
void pass_on(const FunctionCallbackInfo<Value> &info)
{
    Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
    std::vector<Local<Value>> args;
    for (int i = 0; i < info.Length(); i++)
        args.push_back(info[i]);
    if (info.Data()->IsFunction())
        cdp::ignore(
            info.Data().As<Function>()->Call(context, info.This(), info.Length(), args.data()));
}

void print(const FunctionCallbackInfo<Value> &info, int fd, const std::string &text)
{
    cdp__js *js = cdp::js_of(info.GetIsolate());
    std::string indent(js->indent, ' ');
    std::string out = indent;
    for (char c : text) {
        out += c;
        if (c == '\n')
            out += indent;
    }
    out += '\n';
    js->ops.write(js->self, fd, out.data(), out.size());
}

void log(const FunctionCallbackInfo<Value> &info)
{
    pass_on(info);
    print(info, 1, cdp::format(info, 0));
}

void error(const FunctionCallbackInfo<Value> &info)
{
    pass_on(info);
    print(info, 2, cdp::format(info, 0));
}

void dir(const FunctionCallbackInfo<Value> &info)
{
    pass_on(info);
    print(info, 1, cdp::inspect(info.GetIsolate()->GetCurrentContext(), info[0]));
}

void group(const FunctionCallbackInfo<Value> &info)
{
    pass_on(info);
    if (info.Length() > 0)
        print(info, 1, cdp::format(info, 0));
    cdp::js_of(info.GetIsolate())->indent += 2;
}

void group_end(const FunctionCallbackInfo<Value> &info)
{
    unsigned &indent = cdp::js_of(info.GetIsolate())->indent;
    pass_on(info);
    indent -= indent ? 2 : 0;
}

void trace(const FunctionCallbackInfo<Value> &info)
{
    Isolate *isolate = info.GetIsolate();
    pass_on(info);
    std::string out = "Trace";
    if (info.Length() > 0)
        out += ": " + cdp::format(info, 0);
    Local<v8::StackTrace> stack = v8::StackTrace::CurrentStackTrace(isolate, 10);
    for (int i = 0; i < stack->GetFrameCount(); i++) {
        Local<v8::StackFrame> f = stack->GetFrame(isolate, static_cast<uint32_t>(i));
        std::string fn = cdp::utf8(isolate, f->GetFunctionName());
        std::string at = cdp::utf8(isolate, f->GetScriptNameOrSourceURL()) + ":" +
                         std::to_string(f->GetLineNumber()) + ":" + std::to_string(f->GetColumn());
        out += "\n    at " + (fn.empty() ? at : fn + " (" + at + ")");
    }
    print(info, 2, out);
}

void assertion(const FunctionCallbackInfo<Value> &info)
{
    pass_on(info);
    if (info.Length() > 0 && info[0]->BooleanValue(info.GetIsolate()))
        return;
    std::string rest = cdp::format(info, 1);
    print(info, 2, rest.empty() ? "Assertion failed" : "Assertion failed: " + rest);
}

std::string label(const FunctionCallbackInfo<Value> &info)
{
    if (info.Length() == 0 || info[0]->IsUndefined())
        return "default";
    return cdp::utf8(info.GetIsolate(), info[0]);
}

void count(const FunctionCallbackInfo<Value> &info)
{
    pass_on(info);
    std::string name = label(info);
    unsigned n = ++cdp::js_of(info.GetIsolate())->counts[name];
    print(info, 1, name + ": " + std::to_string(n));
}

void count_reset(const FunctionCallbackInfo<Value> &info)
{
    pass_on(info);
    cdp::js_of(info.GetIsolate())->counts.erase(label(info));
}

void time(const FunctionCallbackInfo<Value> &info)
{
    pass_on(info);
    cdp::js_of(info.GetIsolate())->times.emplace(label(info), std::chrono::steady_clock::now());
}

void print_time(const FunctionCallbackInfo<Value> &info, bool end)
{
    pass_on(info);
    auto &times = cdp::js_of(info.GetIsolate())->times;
    auto i = times.find(label(info));
    if (i == times.end())
        return;
    std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - i->second;
    char text[64];
    std::snprintf(text, sizeof text, ms.count() < 1000 ? "%.3gms" : "%.3fs",
                  ms.count() < 1000 ? ms.count() : ms.count() / 1000);
    std::string rest = end || info.Length() < 2 ? "" : " " + cdp::format(info, 1);
    print(info, 1, i->first + ": " + text + rest);
    if (end)
        times.erase(i);
}

void time_end(const FunctionCallbackInfo<Value> &info)
{
    print_time(info, true);
}

void time_log(const FunctionCallbackInfo<Value> &info)
{
    print_time(info, false);
}

} // namespace

void cdp::install_console(Local<v8::Context> context)
{
    static const struct {
        const char *name;
        v8::FunctionCallback fn;
    } methods[] = {
        { "log", log },          { "info", log },
        { "debug", log },        { "dirxml", log },
        { "table", dir },        { "dir", dir },
        { "group", group },      { "groupCollapsed", group },
        { "warn", error },       { "error", error },
        { "trace", trace },      { "assert", assertion },
        { "count", count },      { "countReset", count_reset },
        { "time", time },        { "timeEnd", time_end },
        { "timeLog", time_log }, { "groupEnd", group_end },
    };
    Isolate *isolate = isolate_of(context);
    Local<Value> v8s;
    if (!context->Global()->Get(context, str(isolate, "console")).ToLocal(&v8s) || !v8s->IsObject())
        return;
    // V8's own stays as it is: what programs tell front-ends alone is not printed.
    Local<v8::Object> console = v8s.As<v8::Object>()->Clone();
    for (const auto &m : methods) {
        Local<v8::String> name = str(isolate, m.name);
        Local<Value> original;
        Local<Function> fn;
        if (!console->Get(context, name).ToLocal(&original) ||
            !Function::New(context, m.fn, original, 0, v8::ConstructorBehavior::kThrow)
                 .ToLocal(&fn))
            continue;
        fn->SetName(name);
        ignore(console->Set(context, name, fn));
    }
    ignore(context->Global()->DefineOwnProperty(context, str(isolate, "console"), console,
                                                v8::DontEnum));
}

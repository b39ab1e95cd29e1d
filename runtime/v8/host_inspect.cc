// host_inspect.cc - values as text, for the console: what Node's util.inspect() gives, nearly.
//
// Reading a value must not change it: no getters, no proxy handlers, no toString or toJSON.
#include "host_js.hh"

#include <cmath>
#include <cstdio>
#include <ctime>

using v8::Context;
using v8::Isolate;
using v8::Local;
using v8::Object;
using v8::Value;

namespace
{

enum { MAX_DEPTH = 2, MAX_ITEMS = 100, LINE = 72 };

class Inspector
{
  public:
    explicit Inspector(Local<Context> context)
        : context_(context), isolate_(cdp::isolate_of(context)), ignore_(isolate_)
    {
    }
    std::string any(Local<Value> v, int depth);

  private:
    std::string primitive(Local<Value> v);
    std::string object(Local<Object> o, int depth);
    std::string special(Local<Object> o, int depth, bool *whole);
    std::string property(Local<Object> o, Local<v8::Name> key, int depth);
    void properties(Local<Object> o, bool indexes, int depth, std::vector<std::string> *out);
    void items(Local<Object> o, size_t n, int depth, std::vector<std::string> *out);
    void entries(Local<v8::Array> list, bool pairs, int depth, std::vector<std::string> *out);
    std::string braces(const std::string &prefix, const std::vector<std::string> &parts,
                       bool brackets, int depth);
    std::string text(Local<Value> v)
    {
        return cdp::utf8(isolate_, v);
    }

    Local<Context> context_;
    Isolate *isolate_;
    v8::TryCatch ignore_;
    std::vector<Local<Object>> above_; // what we are inside of
};

std::string quote(const std::string &s)
{
    char q = s.find('\'') == std::string::npos  ? '\''
             : s.find('"') == std::string::npos ? '"'
                                                : '\'';
    std::string out(1, q);
    for (char c : s) {
        if (c == q || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\x%02X", static_cast<unsigned char>(c));
            out += hex;
        } else {
            out += c;
        }
    }
    return out + q;
}

std::string date(double ms)
{
    if (std::isnan(ms))
        return "Invalid Date";
    double seconds = std::floor(ms / 1000);
    std::time_t t = static_cast<std::time_t>(seconds);
    struct tm tm;
    char day[64], out[80];
    if (!gmtime_r(&t, &tm) || std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
        return "Date";
    std::snprintf(out, sizeof out, "%s.%03dZ", day, static_cast<int>(ms - seconds * 1000));
    return out;
}

std::string Inspector::primitive(Local<Value> v)
{
    if (v->IsString())
        return quote(text(v));
    if (v->IsSymbol()) {
        Local<Value> d = v.As<v8::Symbol>()->Description(isolate_);
        return "Symbol(" + (d->IsString() ? text(d) : "") + ")";
    }
    if (v->IsBigInt())
        return text(v) + "n";
    if (v->IsNumber() && v.As<v8::Number>()->Value() == 0 &&
        std::signbit(v.As<v8::Number>()->Value()))
        return "-0";
    return text(v);
}

std::string Inspector::braces(const std::string &prefix, const std::vector<std::string> &parts,
                              bool brackets, int depth)
{
    const char *open = brackets ? "[" : "{", *close = brackets ? "]" : "}";
    std::string head = prefix.empty() ? open : prefix + " " + open;
    size_t total = head.size();
    bool lines = false;
    for (const std::string &p : parts) {
        total += p.size() + 2;
        lines = lines || p.find('\n') != std::string::npos;
    }
    if (parts.empty())
        return head + close;
    lines = lines || total > LINE;
    std::string pad(static_cast<size_t>(depth) * 2 + 2, ' '), out = head;
    for (size_t i = 0; i < parts.size(); i++)
        out += std::string(i ? "," : "") + (lines ? "\n" + pad : " ") + parts[i];
    return out + (lines ? "\n" + pad.substr(2) : " ") + close;
}

// A descriptor is an ordinary object, but its absent members must not be looked up in prototypes.
std::string Inspector::property(Local<Object> o, Local<v8::Name> key, int depth)
{
    Local<Value> d, member;
    if (!o->GetOwnPropertyDescriptor(context_, key).ToLocal(&d) || !d->IsObject())
        return "<gone>";
    auto own = [&](const char *name) {
        Local<v8::String> k = cdp::str(isolate_, name);
        return d.As<Object>()->HasOwnProperty(context_, k).FromMaybe(false) &&
               d.As<Object>()->Get(context_, k).ToLocal(&member) && !member->IsUndefined();
    };
    bool get = own("get"), set = own("set");
    if (get || set)
        return get && set ? "[Getter/Setter]" : get ? "[Getter]" : "[Setter]";
    return own("value") ? any(member, depth + 1) : "undefined";
}

bool is_identifier(const std::string &s)
{
    bool ok = !s.empty() && !(s[0] >= '0' && s[0] <= '9');
    for (char c : s)
        ok = ok && (c == '_' || c == '$' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                    (c >= 'A' && c <= 'Z'));
    return ok;
}

void Inspector::properties(Local<Object> o, bool indexes, int depth, std::vector<std::string> *out)
{
    Local<v8::Array> keys;
    if (!o->GetPropertyNames(context_, v8::KeyCollectionMode::kOwnOnly, v8::ONLY_ENUMERABLE,
                             indexes ? v8::IndexFilter::kIncludeIndices
                                     : v8::IndexFilter::kSkipIndices,
                             v8::KeyConversionMode::kConvertToString)
             .ToLocal(&keys))
        return;
    for (uint32_t i = 0; i < keys->Length(); i++) {
        Local<Value> key;
        if (!keys->Get(context_, i).ToLocal(&key) || !key->IsName())
            continue;
        std::string name = key->IsSymbol() ? "[" + primitive(key) + "]" : text(key);
        if (key->IsString() && !is_identifier(name))
            name = quote(name);
        out->push_back(name + ": " + property(o, key.As<v8::Name>(), depth));
    }
}

void Inspector::items(Local<Object> o, size_t n, int depth, std::vector<std::string> *out)
{
    size_t holes = 0;
    auto flush = [&] {
        if (holes)
            out->push_back("<" + std::to_string(holes) + " empty item" + (holes > 1 ? "s>" : ">"));
        holes = 0;
    };
    for (size_t i = 0; i < n && i < MAX_ITEMS; i++) {
        Local<v8::String> key = cdp::str(isolate_, std::to_string(i).c_str());
        if (!o->HasOwnProperty(context_, key).FromMaybe(false)) {
            holes++;
            continue;
        }
        flush();
        out->push_back(property(o, key, depth));
    }
    flush();
    if (n > MAX_ITEMS)
        out->push_back("... " + std::to_string(n - MAX_ITEMS) + " more item" +
                       (n - MAX_ITEMS > 1 ? "s" : ""));
}

void Inspector::entries(Local<v8::Array> list, bool pairs, int depth, std::vector<std::string> *out)
{
    uint32_t step = pairs ? 2 : 1, n = list->Length();
    for (uint32_t i = 0; i < n && i / step < MAX_ITEMS; i += step) {
        Local<Value> k, v;
        if (!list->Get(context_, i).ToLocal(&k) || !list->Get(context_, i + step - 1).ToLocal(&v))
            return;
        out->push_back(pairs ? any(k, depth + 1) + " => " + any(v, depth + 1) : any(k, depth + 1));
    }
    if (n / step > MAX_ITEMS)
        out->push_back("... " + std::to_string(n / step - MAX_ITEMS) + " more items");
}

// What has a form of its own.  *whole: it stands for the object; otherwise it is what comes before
// the braces, if anything.
std::string Inspector::special(Local<Object> o, int depth, bool *whole)
{
    *whole = true;
    if (o->IsFunction()) {
        std::string name = text(o.As<v8::Function>()->GetName()), source;
        Local<v8::String> s;
        if (o.As<v8::Function>()->FunctionProtoToString(context_).ToLocal(&s))
            source = text(s);
        if (source.compare(0, 5, "class") == 0)
            return "[class " + (name.empty() ? "(anonymous)" : name) + "]";
        return "[Function" + (name.empty() ? " (anonymous)]" : ": " + name + "]");
    }
    if (o->IsNativeError()) {
        Local<Value> stack;
        if (o->Get(context_, cdp::str(isolate_, "stack")).ToLocal(&stack) && stack->IsString())
            return text(stack);
        return "[Error]";
    }
    if (o->IsDate())
        return date(o.As<v8::Date>()->ValueOf());
    if (o->IsRegExp()) {
        std::string flags;
        int bits = o.As<v8::RegExp>()->GetFlags();
        static const struct {
            int bit;
            char c;
        } names[] = { { v8::RegExp::kHasIndices, 'd' }, { v8::RegExp::kGlobal, 'g' },
                      { v8::RegExp::kIgnoreCase, 'i' }, { v8::RegExp::kMultiline, 'm' },
                      { v8::RegExp::kDotAll, 's' },     { v8::RegExp::kUnicode, 'u' },
                      { v8::RegExp::kSticky, 'y' } };
        for (const auto &n : names)
            if (bits & n.bit)
                flags += n.c;
        return "/" + text(o.As<v8::RegExp>()->GetSource()) + "/" + flags;
    }
    if (o->IsNumberObject())
        return "[Number: " +
               primitive(v8::Number::New(isolate_, o.As<v8::NumberObject>()->ValueOf())) + "]";
    if (o->IsBooleanObject())
        return o.As<v8::BooleanObject>()->ValueOf() ? "[Boolean: true]" : "[Boolean: false]";
    if (o->IsStringObject())
        return "[String: " + quote(text(o.As<v8::StringObject>()->ValueOf())) + "]";
    if (depth > MAX_DEPTH)
        return o->IsArray() ? "[Array]" : "[" + text(o->GetConstructorName()) + "]";
    *whole = false;
    return std::string();
}

std::string Inspector::object(Local<Object> o, int depth)
{
    bool whole, brackets = o->IsArray() || o->IsTypedArray();
    std::string prefix = special(o, depth, &whole), name = text(o->GetConstructorName());
    std::vector<std::string> parts;
    if (whole)
        return prefix;
    if (o->IsArray()) {
        uint32_t n = o.As<v8::Array>()->Length();
        if (name != "Array")
            prefix = name + "(" + std::to_string(n) + ")";
        items(o, n, depth, &parts);
    } else if (o->IsTypedArray()) {
        size_t n = o.As<v8::TypedArray>()->Length();
        prefix = name + "(" + std::to_string(n) + ")";
        items(o, n, depth, &parts);
    } else if (o->IsMap()) {
        prefix = name + "(" + std::to_string(o.As<v8::Map>()->Size()) + ")";
        entries(o.As<v8::Map>()->AsArray(), true, depth, &parts);
    } else if (o->IsSet()) {
        prefix = name + "(" + std::to_string(o.As<v8::Set>()->Size()) + ")";
        entries(o.As<v8::Set>()->AsArray(), false, depth, &parts);
    } else if (o->IsPromise()) {
        v8::Promise::PromiseState state = o.As<v8::Promise>()->State();
        prefix = name;
        if (state == v8::Promise::kPending)
            parts.push_back("<pending>");
        else
            parts.push_back((state == v8::Promise::kRejected ? "<rejected> " : "") +
                            any(o.As<v8::Promise>()->Result(), depth + 1));
    } else if (o->IsArrayBuffer()) {
        prefix = name;
        parts.push_back("byteLength: " + std::to_string(o.As<v8::ArrayBuffer>()->ByteLength()));
    } else if (name != "Object") {
        prefix = name;
    }
    properties(o, !brackets, depth, &parts);
    return braces(prefix, parts, brackets, depth);
}

std::string Inspector::any(Local<Value> v, int depth)
{
    if (v->IsProxy()) { // what it stands for, without asking its handlers
        Local<Value> target = v.As<v8::Proxy>()->GetTarget();
        return target->IsNull() ? "<Revoked Proxy>" : any(target, depth);
    }
    if (!v->IsObject())
        return primitive(v);
    Local<Object> o = v.As<Object>();
    for (const Local<Object> &a : above_)
        if (a == o)
            return "[Circular *1]";
    above_.push_back(o);
    std::string out = object(o, depth);
    above_.pop_back();
    return out;
}

std::string number(Local<Context> context, Local<Value> v, char kind)
{
    if (v->IsSymbol() || v->IsObject())
        return "NaN";
    if (v->IsBigInt())
        return cdp::inspect(context, v);
    double d = v->NumberValue(context).FromMaybe(NAN);
    if (kind == 'i')
        d = std::trunc(d);
    return cdp::inspect(context, v8::Number::New(cdp::isolate_of(context), d));
}

std::string convert(Local<Context> context, char kind, Local<Value> v)
{
    Isolate *isolate = cdp::isolate_of(context);
    Local<v8::String> json;
    switch (kind) {
    case 's':
        return v->IsString() ? cdp::utf8(isolate, v) : cdp::inspect(context, v);
    case 'd':
    case 'i':
    case 'f':
        return number(context, v, kind);
    case 'j':
        return v8::JSON::Stringify(context, v).ToLocal(&json) ? cdp::utf8(isolate, json)
                                                              : "[Circular]";
    case 'c':
        return std::string();
    default:
        return cdp::inspect(context, v);
    }
}

} // namespace

std::string cdp::inspect(Local<Context> context, Local<Value> v)
{
    v8::HandleScope handles(isolate_of(context));
    return Inspector(context).any(v, 0);
}

std::string cdp::format(const v8::FunctionCallbackInfo<Value> &info, int first)
{
    Isolate *isolate = info.GetIsolate();
    Local<Context> context = isolate->GetCurrentContext();
    std::string out;
    int next = first;
    if (info.Length() - first > 1 && info[first]->IsString()) {
        std::string f = utf8(isolate, info[next++]);
        for (size_t i = 0; i < f.size(); i++) {
            bool spec = f[i] == '%' && i + 1 < f.size();
            if (spec && f[i + 1] == '%') {
                out += f[i++];
            } else if (spec && std::string("sdifjoOc").find(f[i + 1]) != std::string::npos &&
                       next < info.Length()) {
                out += convert(context, f[++i], info[next++]);
            } else {
                out += f[i];
            }
        }
    }
    for (; next < info.Length(); next++) {
        if (next > first)
            out += ' ';
        out += info[next]->IsString() ? utf8(isolate, info[next]) : inspect(context, info[next]);
    }
    return out;
}

"""How the model reads in C: types, declarations, and the comments beside them."""

# Facts that the protocol only tells in prose.  Times and identifiers first.
_ABOUT_TYPES = {
    "Runtime.Timestamp": "milliseconds since 1970",
    "Runtime.TimeDelta": "milliseconds",
    "Network.TimeSinceEpoch": "seconds since 1970, UTC",
    "Input.TimeSinceEpoch": "seconds since 1970, UTC",
    "Network.MonotonicTime": "seconds from an arbitrary start",
    "HeapProfiler.HeapSnapshotObjectId": "digits",
    "Runtime.ScriptId": "digits",
    "Runtime.UnserializableValue": "-0, NaN, Infinity, -Infinity, or a bigint such as 123n",
    "DOM.Quad": "x1, y1 to x4, y4, clockwise",
    "DOMSnapshot.StringIndex": "index into the snapshot's strings",
    "DOMSnapshot.ArrayOfStrings": "indexes into the snapshot's strings",
    "DOMStorage.Item": "key and value",
    "Target.TargetFilter": "the first entry that matches decides",
}
_ABOUT_MEMBERS = {
    "Profiler.Profile.startTime": "microseconds, monotonic",
    "Profiler.Profile.endTime": "microseconds, monotonic",
    "Profiler.Profile.timeDeltas": "microseconds",
    "Profiler.setSamplingInterval.interval": "microseconds",
    "Network.WebSocketFrame.payloadData": "base64 unless opcode is 1",
}

_VALUES = {
    "ANY": "cdp_value",
    "BOOL": "bool",
    "BYTES": "cdp_bytes",
    "INT": "int32_t",
    "NUM": "double",
    "OBJECT": "cdp_value",
    "STR": "cdp_str",
}
OPTIONAL = {"BOOL": "cdp_opt_bool", "INT": "cdp_opt_int", "NUM": "cdp_opt_num"}


def value_type(shape):
    """The C type of a value, as a typedef or as an item of a list."""
    return shape.alias.symbol if shape.alias else plain_type(shape)


def plain_type(shape):
    """The same, without the typedef the protocol names it by."""
    if shape.kind in ("STRUCT", "ENUM"):
        return shape.target.symbol
    if shape.kind == "LIST":
        return "CDP_LIST(%s)" % value_type(shape.item)
    return _VALUES[shape.kind]


def declaration(field):
    """A member of a struct, without its semicolon."""
    shape = field.shape
    if shape.kind == "STRUCT":
        text = "const %s *%s" % (value_type(shape), field.symbol)
    elif not field.required and shape.kind in OPTIONAL:
        text = "%s %s" % (OPTIONAL[shape.kind], field.symbol)
    else:
        text = "%s %s" % (value_type(shape), field.symbol)
    return text + " CDP_DEPRECATED" if field.deprecated else text


def member_note(field):
    """What a member's declaration does not show."""
    shape = field.shape
    notes = ["required"] if field.required else []
    if shape.alias and not field.required and shape.kind in OPTIONAL:
        notes.append(shape.alias.symbol)
    about = _ABOUT_MEMBERS.get(field.name)
    if about is None and shape.alias:
        about = _ABOUT_TYPES.get(shape.alias.name)
    inner = shape.item if shape.kind == "LIST" else shape
    if about is None and not inner.alias:
        about = {"ANY": "any value", "OBJECT": "an object"}.get(inner.kind)
    if about:
        notes.append(about)
    if field.experimental:
        notes.append("experimental")
    return "; ".join(notes)


def alias_note(alias):
    """What a typedef stands for."""
    notes = [alias.name]
    about = _ABOUT_TYPES.get(alias.name)
    if about is None:
        about = {"ANY": "any value", "OBJECT": "an object"}.get(alias.shape.kind)
    return _noted(alias, notes + [about] if about else notes)


def item_note(item):
    """The first line above anything that has a name in the protocol."""
    notes = [item.name]
    redirect = getattr(item, "redirect", None)
    if redirect:
        notes.append("served by %s" % redirect)
    if not getattr(item, "whole", True):
        notes.append("not all of it")
    return _noted(item, notes)


def _noted(item, notes):
    if item.experimental:
        notes.append("experimental")
    if item.deprecated:
        notes.append("deprecated")
    return notes[0] + (": " + "; ".join(notes[1:]) if notes[1:] else "")

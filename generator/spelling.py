"""How the model reads in C: types and declarations."""

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


def is_optional_scalar(field):
    """Whether a member is declared as a cdp_opt_, which says nothing of a typedef."""
    return not field.required and field.shape.kind in OPTIONAL


def declaration(field):
    """A member of a struct, without its semicolon."""
    shape = field.shape
    if shape.kind == "STRUCT":
        text = "const %s *%s" % (value_type(shape), field.symbol)
    elif is_optional_scalar(field):
        text = "%s %s" % (OPTIONAL[shape.kind], field.symbol)
    else:
        text = "%s %s" % (value_type(shape), field.symbol)
    return text + " CDP_DEPRECATED" if field.deprecated else text

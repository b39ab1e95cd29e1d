"""What the inspector says of the protocol at /json/protocol, against protocol_json/."""

import json
import subprocess

import pytest

from conftest import HERE, ROOT, compile_c
from test_protocol import domains

# Of the files' keys, what the tables keep.  Of a struct's flags they keep none.
FLAGS = ("experimental", "deprecated")


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    program = tmp_path_factory.mktemp("document") / "document"
    runtime = ROOT / "runtime"
    options = ["-std=c11", "-O0", "-pthread", "-D_POSIX_C_SOURCE=200809L", "-o", program]
    options += ["-iquote", runtime, "-iquote", runtime / "core"]
    options += ["-I%s" % (ROOT / "generated" / "include"), "-I%s" % (runtime / "include")]
    sources = [HERE / "document.c", runtime / "inspector" / "protocol.c"]
    sources += sorted((runtime / "core").glob("*.c"))
    sources += sorted((ROOT / "generated" / "src").glob("*.c"))
    compile_c("gcc", options, *sources, "-lm")
    done = subprocess.run([program], capture_output=True, check=True)
    return json.loads(done.stdout)


class Expected:
    """The files' domains without notes, aliases, and types that no message needs."""

    def __init__(self):
        self.types = {(d["domain"], t["id"]): t for d in domains() for t in d.get("types", [])}
        self.needed = set()

    def shape(self, domain, value):
        if "$ref" not in value:
            out = {key: value[key] for key in ("type", "enum") if key in value}
            if "items" in value:
                out["items"] = self.shape(domain, value["items"])
            return out
        there, name = value["$ref"].split(".") if "." in value["$ref"] else (domain, value["$ref"])
        target = self.types[there, name]
        if not target.get("properties") and "enum" not in target:
            return self.qualified(domain, there, self.shape(there, target))
        if (there, name) not in self.needed:
            self.needed.add((there, name))
            self.fields(there, target.get("properties", []))
        return {"$ref": name if there == domain else "%s.%s" % (there, name)}

    def qualified(self, domain, there, shape):
        """An alias's references, seen from another domain."""
        if "items" in shape:
            return dict(shape, items=self.qualified(domain, there, shape["items"]))
        if "$ref" in shape and there != domain:
            ref = shape["$ref"] if "." in shape["$ref"] else "%s.%s" % (there, shape["$ref"])
            return {"$ref": ref[len(domain) + 1 :] if ref.startswith(domain + ".") else ref}
        return shape

    def fields(self, domain, values):
        return [
            {"name": f["name"], **flags(f, "optional"), **self.shape(domain, f)} for f in values
        ]

    def message(self, domain, value):
        out = {"name": value["name"], **flags(value)}
        for key in ("parameters", "returns"):
            if value.get(key):
                out[key] = self.fields(domain, value[key])
        return out

    def type(self, domain, value):
        out = {"id": value["id"], "type": value["type"]}
        if "enum" in value:
            return {**out, **flags(value), "enum": value["enum"]}
        return {**out, "properties": self.fields(domain, value["properties"])}

    def document(self):
        whole = [
            {
                "domain": d["domain"],
                **flags(d),
                "commands": [self.message(d["domain"], c) for c in d.get("commands", [])],
                "events": [self.message(d["domain"], e) for e in d.get("events", [])],
            }
            for d in sorted(domains(), key=lambda d: d["domain"].encode())
        ]
        for d in whole:
            ids = sorted(name for domain, name in self.needed if domain == d["domain"])
            d["types"] = [self.type(d["domain"], self.types[d["domain"], name]) for name in ids]
        return {"version": {"major": "1", "minor": "3"}, "domains": whole}


def flags(value, *more):
    return {key: True for key in FLAGS + more if value.get(key)}


def test_document_says_what_the_protocol_says(document):
    for d in document["domains"]:
        d["types"].sort(key=lambda t: t["id"])
    want = Expected().document()
    assert [d["domain"] for d in document["domains"]] == [d["domain"] for d in want["domains"]]
    for got, wanted in zip(document["domains"], want["domains"]):
        assert got == wanted
    assert document == want


def test_document_can_be_generated_from(document, cdpgen):
    """The generator takes it, and comes to the same commands and members."""
    done = cdpgen(document)
    assert (done.returncode, done.stderr) == (0, "")
    assert "int cdp_runtime_evaluate(" in cdpgen.header("runtime")

"""camelCase to C, and what is refused."""

import re

import pytest

import names
import reserved
from conftest import ROOT
from errors import At, ProtocolError


@pytest.mark.parametrize(
    "name, expected",
    [
        ("consoleAPICalled", "console_api_called"),
        ("HeapProfiler", "heap_profiler"),
        ("DOMDebugger", "dom_debugger"),
        ("DOM", "dom"),
        ("CSSContainerQuery", "css_container_query"),
        ("CacheStorage", "cache_storage"),
        ("getIsolateId", "get_isolate_id"),
        ("IndexedDB", "indexed_db"),
        ("trackIndexedDBForOrigin", "track_indexed_db_for_origin"),
        ("WebMCP", "web_mcp"),
        ("FedCm", "fed_cm"),
        ("PWA", "pwa"),
        ("IO", "io"),
        ("printToPDF", "print_to_pdf"),
        ("modernSSL", "modern_ssl"),
        ("isSVG", "is_svg"),
        ("AXPropertyName", "ax_property_name"),
        ("includeObjectsCollectedByMajorGC", "include_objects_collected_by_major_gc"),
        ("allowUnsafeEvalBlockedByCSP", "allow_unsafe_eval_blocked_by_csp"),
        ("sourceMapURL", "source_map_url"),
        ("setBlockedURLs", "set_blocked_urls"),
        ("searchForUAShadowDOM", "search_for_ua_shadow_dom"),
        ("JSProfile", "js_profile"),
        ("showCSS", "show_css"),
        ("HTTPMethodNotGET", "http_method_not_get"),
        ("base64Encoded", "base64_encoded"),
        ("certSha256", "cert_sha256"),
        ("PrefetchFailedNon2XX", "prefetch_failed_non2xx"),
        ("SandboxedIFrameCannot", "sandboxed_iframe_cannot"),
        ("V8OptimizerDisabled", "v8_optimizer_disabled"),
        ("XMLHttpRequest", "xml_http_request"),
        ("view-transition-image-pair", "view_transition_image_pair"),
        ("ctap2_0", "ctap2_0"),
        ("_X", "x"),
        ("a__b", "a_b"),
        ("NaN", "nan"),
    ],
)
def test_snake(name, expected):
    assert names.snake(name) == expected


@pytest.mark.parametrize(
    "word, expected",
    [
        ("console-api", "CONSOLE_API"),
        ("-0", "NEGATIVE_0"),
        ("-Infinity", "NEGATIVE_INFINITY"),
        ("Infinity", "INFINITY"),
        ("NaN", "NAN"),
        ("2g", "2G"),
        ("default", "DEFAULT"),
        ("weakmap", "WEAKMAP"),
    ],
)
def test_enumerator(word, expected):
    assert names.enumerator(word) == expected


@pytest.mark.parametrize(
    "name, expected",
    [
        ("this", "this_"),
        ("override", "override"),
        ("default", "default_"),
        ("int", "int_"),
        ("unix", "unix_"),
        ("assert", "assert_"),
        ("extra_", "extra"),
        ("_2d", "_2d"),
        ("objectId", "object_id"),
    ],
)
def test_member(name, expected):
    assert names.member(name) == expected


def test_headers_of_the_library_are_not_a_domains():
    assert names.domain_file("inspector") == "inspector_domain"
    assert names.domain_file("runtime") == "runtime"


def test_second_claim_names_both():
    registry = names.symbols()
    registry.claim("cdp_a_b", "A.b", At("f.json")["x"])
    with pytest.raises(ProtocolError) as e:
        registry.claim("cdp_a_b", "A.B", At("f.json")["y"])
    assert str(e.value) == (
        "f.json: $.y: C name of A.B: cdp_a_b is that of A.b already (f.json: $.x)"
    )


def test_every_name_of_the_headers_is_reserved():
    """But for the domains' own names, that typed headers use."""
    domains = {"cdp_" + p.stem + "_" for p in (ROOT / "generated" / "include" / "cdp").glob("*.h")}
    found = set()
    for path in (ROOT / "runtime" / "include" / "cdp").glob("*.h"):
        assert path.stem in reserved.HEADERS
        text = re.sub(r"/\*.*?\*/|^#\s*include.*?$", "", path.read_text(), flags=re.S | re.M)
        names = set(re.findall(r"\b(?:cdp|CDP)_[A-Za-z0-9]\w*", text))
        if path.stem in ("inspector_network", "report"):  # these take structs of domains
            names = {n for n in names if not n.startswith(tuple(domains))}
        found |= names
    assert not found - reserved.C_NAMES

"""What a request's head may be, beyond what the parser asks: nothing that could mean two things.

A proxy in front of the gateway and the gateway itself must agree where each request ends. Where
RFC 9112 lets a recipient choose between mending and refusing, this file refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Others are a mistake, or another protocol (RTSP and the like) that httptools knows too.
METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"))
# A browser sends some twenty fields, a chain of proxies adds as many. Each is an object of 150
# bytes for as few as five on the wire.
FIELDS_MAX = 200
# An address with its query: what nginx takes. Longer ones are taken apart for nobody, whoever asks.
TARGET_BYTES_MAX = 8192
# Headers that say to whom a request goes or where it ends: what each has to look like, and the
# complaint when it does not.
# A host is RFC 3986, section 3.2.2, and a port: no space, slash, @ or comma that names another one.
# 18 digits fit into 64 bits with a sign, and into everything else that counts.
_FRAMING = {
    b"host": (
        re.compile(rb"[A-Za-z0-9._~!$&'()*+;=%:\[\]-]*"),
        "The Host header is malformed.",
    ),
    b"content-length": (re.compile(rb"[0-9]{1,18}"), "The Content-Length is malformed."),
    b"transfer-encoding": (
        re.compile(rb"chunked[ \t]*", re.IGNORECASE),
        "The Transfer-Encoding is not supported; send `chunked`, or a length.",
    ),
}


def find_flaw(
    version: str, method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]]
) -> str | None:
    """Why a parsed head is refused, as a sentence; None when nothing is wrong.

    `version` is "1.1"; header names are lower case.
    """
    if version not in {"1.1", "1.0"}:
        return "This server speaks HTTP/1.1."
    if method not in METHODS:
        return "The request's method is unknown."
    if not _is_target(method, target):
        return "The request's target is not an address on this server, or longer than any."
    return _find_header_flaw(version, headers)


def _find_header_flaw(version: str, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    seen: list[bytes] = []
    for name, value in headers:
        rule = _FRAMING.get(name)
        if rule is not None:
            pattern, complaint = rule
            if not pattern.fullmatch(value):
                return complaint
            seen.append(name)
    host_count = seen.count(b"host")
    if host_count > 1 or (not host_count and version == "1.1"):
        return "The request needs one Host header."
    if len(seen) - host_count > 1 or (version == "1.0" and b"transfer-encoding" in seen):
        return "The request states its length in more than one way."
    return None


def _is_target(method: bytes, target: bytes) -> bool:
    """Origin form, absolute form (which every server has to take), or `OPTIONS *`."""
    # Not `in`, which takes what it is given for a number first, and ten times as long.
    if target.find(b"#") >= 0 or len(target) > TARGET_BYTES_MAX:
        return False
    if target.startswith(b"/"):
        return True
    if target == b"*":
        return method == b"OPTIONS"
    return target[:8].lower().startswith((b"http://", b"https://"))

"""Request bodies of ten megabytes, each made to be dear in another way.

A body is well formed and within the limit of bytes unless its name says otherwise. What each hopes
to make the gateway do in one go: decode millions of values, copy strings, undo base64, walk through
segments, split words, go deep, inflate.
"""

from __future__ import annotations

import base64
import gzip
import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# The default limit, less what stands around the filling.
FILL_BYTES = 10 * 1024 * 1024 - 1024
HI = b'{"role":"user","content":"hi"}'
HEAD = b'{"model":"gpt-4o-mini","messages":['
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 10, 10)
# Metadata up to the last segment that is looked at, and no frame behind it.
JPEG = b"\xff\xd8" + (b"\xff\xe1" + struct.pack(">H", 2)) * 255


@dataclass(frozen=True, slots=True)
class Shape:
    """A body, whether it travels as gzip, and where it goes."""

    make: Callable[[], bytes]
    is_gzip: bool = False
    path: bytes = b"/v1/chat/completions"

    def request(self, headers: bytes) -> bytes:
        """As it goes over the wire; `headers` are those of them all."""
        body = self.make()
        head = b"POST %b HTTP/1.1\r\n%b" % (self.path, headers)
        if self.is_gzip:
            body = gzip.compress(body, 1)
            head += b"Content-Encoding: gzip\r\n"
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def fill(item: bytes, count_max: int = FILL_BYTES) -> bytes:
    """As many of it as fit, with commas between."""
    return b",".join([item] * min(count_max, FILL_BYTES // (len(item) + 1)))


def unknown(value: bytes) -> bytes:
    """A short chat with a field that nobody reads."""
    return HEAD + HI + b'],"x":' + value + b"}"


def messages(inner: bytes) -> bytes:
    """A chat of these messages."""
    return HEAD + inner + b"]}"


def content(value: bytes) -> bytes:
    """A chat of one message."""
    return messages(b'{"role":"user","content":' + value + b"}")


def calls(inner: bytes) -> bytes:
    """A chat in which the assistant has called tools."""
    return messages(b'{"role":"assistant","tool_calls":[' + inner + b"]}")


def image(data: bytes, kind: bytes = b"png") -> bytes:
    """A part with an inline image."""
    url = b"data:image/%b;base64,%b" % (kind, base64.b64encode(data))
    return b'{"type":"image_url","image_url":{"url":"%b"}}' % url


def noise(size_bytes: int) -> bytes:
    """Bytes that hardly compress; the same ones every time."""
    return random.Random(4).randbytes(size_bytes)


def text(size: int) -> bytes:
    """A text part of so many characters."""
    return b'{"type":"text","text":"%b"}' % (b"a" * size)


def repeat(unit: bytes) -> bytes:
    """As many as fit, with nothing between."""
    return unit * (FILL_BYTES // len(unit))


def quoted(unit: bytes) -> bytes:
    """A string of them."""
    return b'"' + repeat(unit) + b'"'


SAID = b'{"role":"user","content":"%b"}' % (b"a" * 1000)
CALL = b'{"id":"a","function":{"name":"f","arguments":"%b"}}' % (b"a" * 450)
TOOL = b'{"type":"function","function":{"name":"a","parameters":{"type":"object"}}}'
EMOJI = "\U0001f600".encode()
TOWER = b"[" * 120 + b"]" * 120

PLAIN: Mapping[str, Callable[[], bytes]] = {
    "objects in an unknown field": lambda: unknown(b"[" + fill(b"{}") + b"]"),
    "strings in an unknown field": lambda: unknown(b"[" + fill(b'""') + b"]"),
    "numbers in an unknown field": lambda: unknown(b"[" + fill(b"1") + b"]"),
    "long numbers in an unknown field": lambda: unknown(
        b"[" + fill(b"1.797693134862315e308") + b"]"
    ),
    "keys of an unknown object": lambda: unknown(b"{" + fill(b'"":1') + b"}"),
    "one number of ten million digits": lambda: unknown(repeat(b"1")),
    "escapes in an unknown string": lambda: unknown(quoted(b"\\u4e2d")),
    "backslashes in an unknown string": lambda: unknown(quoted(b"\\\\")),
    "ninety thousand levels": lambda: unknown(b"[" * 90_000 + b"]" * 90_000),
    "five million levels": lambda: unknown(repeat(b"[")),
    "towers of 120 levels": lambda: unknown(b"[" + fill(TOWER, 800) + b"]"),
    "line ends": lambda: unknown(repeat(b"\n") + b"1"),
    "line ends in front of a mistake": lambda: unknown(repeat(b"\n")),
    "nothing but blanks": lambda: repeat(b" "),
    "keys of the request": lambda: HEAD + HI + b"]," + fill(b'"":1') + b"}",
    "the model a million times": lambda: HEAD + HI + b"]," + fill(b'"model":"gpt-4o-mini"') + b"}",
    "the messages a million times": lambda: HEAD + HI + b"]," + fill(b'"messages":[]') + b"}",
    "a million empty messages": lambda: messages(fill(b'{"role":"user"}')),
    "ten thousand messages": lambda: messages(fill(SAID, 10_000)),
    "ten thousand messages of two parts": lambda: messages(
        fill(b'{"role":"user","content":[%b,%b]}' % (text(400), text(400)), 10_000)
    ),
    "a million parts": lambda: content(b"[" + fill(b'{"type":"text"}') + b"]"),
    "twenty thousand parts": lambda: content(b"[" + fill(text(490), 20_000) + b"]"),
    "three million calls": lambda: calls(fill(b"{}")),
    "twenty thousand calls": lambda: calls(fill(CALL, 20_000)),
    "two hundred thousand tools": lambda: HEAD + HI + b'],"tools":[' + fill(TOOL) + b"]}",
    "ten thousand results": lambda: messages(
        fill(b'{"role":"tool","tool_call_id":"a","content":"%b"}' % (b"a" * 900), 10_000)
    ),
    "arguments of empty objects": lambda: calls(
        b'{"function":{"name":"f","arguments":[' + fill(b"{}") + b"]}}"
    ),
    "arguments full of escapes": lambda: calls(
        b'{"function":{"name":"f","arguments":' + quoted(b"\\u4e2d") + b"}}"
    ),
    "arguments with one emoji": lambda: calls(
        b'{"function":{"name":"f","arguments":"' + EMOJI + repeat(b"a") + b'"}}'
    ),
    "a system's text with one emoji": lambda: messages(
        b'{"role":"system","content":[{"type":"text","text":"' + EMOJI + repeat(b"a") + b'"}]}'
    ),
    "reasoning with one emoji": lambda: messages(
        b'{"role":"assistant","reasoning_content":"' + EMOJI + repeat(b"a") + b'"}'
    ),
    "a text in ASCII": lambda: content(quoted(b"a")),
    "a text in Chinese": lambda: content(quoted("\u4e2d".encode())),
    "a text with one emoji": lambda: content(b'"' + EMOJI + repeat(b"a") + b'"'),
    "a text, half of it emoji": lambda: content(quoted("aaaa\U0001f600".encode())),
    "a text of escapes": lambda: content(quoted(b"\\u4e2d")),
    "a text of escaped emoji": lambda: content(quoted(b"\\ud83d\\ude00")),
    "a text of line ends": lambda: content(quoted(b"\\n")),
    "no UTF-8 at the end": lambda: content(quoted("\u4e2d".encode())[:-1] + b'\xff"'),
    "a role of ten megabytes": lambda: messages(b'{"role":' + quoted(b"u") + b"}"),
    "an image of 5 MB": lambda: content(b"[" + image(PNG + noise(5_200_000)) + b"]"),
    "two images of 3.9 MB": lambda: content(b"[" + fill(image(PNG + noise(3_900_000)), 2) + b"]"),
    "nineteen thousand images": lambda: content(
        b"[" + fill(image(PNG + noise(300)), 19_000) + b"]"
    ),
    "images full of segments": lambda: content(b"[" + fill(image(JPEG, b"jpeg"), 20_000) + b"]"),
    "an image in percent signs": lambda: content(
        b'[{"type":"image_url","image_url":"data:image/png;base64,' + repeat(b"%41") + b'"}]'
    ),
    "an image with parameters": lambda: content(
        b'[{"type":"image_url","image_url":"data:image/png' + repeat(b";a") + b';base64,aGk="}]'
    ),
}
SHAPES: Mapping[str, Shape] = {
    **{name: Shape(make) for name, make in PLAIN.items()},
    "gzip of an image of 5 MB": Shape(PLAIN["an image of 5 MB"], is_gzip=True),
    "gzip of ten thousand messages": Shape(PLAIN["ten thousand messages"], is_gzip=True),
    "gzip of 256 MiB of nothing": Shape(lambda: bytes(1 << 28), is_gzip=True),
}

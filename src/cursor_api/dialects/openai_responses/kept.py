"""Answers that are kept: their addresses, and the list of what was asked for one."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from cursor_api.dialects.openai_responses.request import read_items
from cursor_api.domain.content import Message
from cursor_api.domain.kept import KeptPage, Reference, not_kept
from cursor_api.wire.json_lenient import ITEMS
from cursor_api.wire.limits import RequestLimits

# Addresses that clients of OpenAI's know and that mean nothing here, and what is said there.
UNSERVED: Final = {
    "cancel": "Answers in the background are not possible here, so that there is none to cancel.",
    "compact": "This gateway does not compact conversations: send the whole one, or let the client"
    " have the model summarize it.",
}

_BRACE: Final = ord("{")
_encode = msgspec.json.Encoder().encode


class ResponseOut(Struct):
    """An answer, as it was given when it was whole."""

    id: str
    object: str
    status: str
    output: list[dict[str, Any]]


class DeletedOut(Struct):
    """What remains of an answer."""

    id: str
    object: str
    deleted: bool


class ItemsOut(Struct):
    """The input of the request that an answer was given to."""

    object: str
    data: list[dict[str, Any]]
    has_more: bool


class _OutputIn(Struct):
    output: Raw


class _NamedIn(Struct):
    id: str


class _GivenIn(Struct):
    id: Any = None


_OUTPUT: Final = msgspec.json.Decoder(_OutputIn)
_NAMED: Final = msgspec.json.Decoder(_NamedIn)
_GIVEN_ID: Final = msgspec.json.Decoder(_GivenIn)


def recall(
    turns: Sequence[bytes], limits: RequestLimits
) -> Generator[None, None, Sequence[Message]]:
    """The messages of a conversation: lists of items, and answers of ours, in turns."""
    found: list[Message] = []
    for turn in turns:
        items = turn if turn.startswith(b"[") else bytes(_OUTPUT.decode(turn).output)
        found += yield from read_items(items, limits)
        yield
    return found


def fill(
    items: bytes, references: Sequence[Reference], answers: Mapping[str, bytes]
) -> Generator[None, None, bytes]:
    """A list of items, with those of the answers in the places where they are named.

    Raises Fault(NOT_FOUND) where an answer has no such item.
    """
    said: dict[str, Raw] = {}
    for body in answers.values():
        said |= {_NAMED.decode(raw).id: raw for raw in ITEMS.decode(_OUTPUT.decode(body).output)}
        yield
    wanted = {one.param: one.item_id for one in references}
    filled = []
    for index, raw in enumerate(ITEMS.decode(items)):
        param = f"input[{index}]"
        id_ = wanted.get(param)
        if id_ is not None and id_ not in said:
            raise not_kept(param)
        filled.append(raw if id_ is None else said[id_])
    yield
    return _encode(filled)


def render_deleted(id_: str) -> bytes:
    """The body of DELETE /v1/responses/{id}."""
    return _encode({"id": id_, "object": "response", "deleted": True})


def render_items(items: bytes, page: KeptPage) -> bytes:
    """The body of GET /v1/responses/{id}/input_items; of megabytes only what is shown is read."""
    listed = [
        (number, raw)
        for number, raw in enumerate(ITEMS.decode(items))
        if memoryview(raw)[0] == _BRACE
    ]
    if not page.is_oldest_first:
        listed.reverse()
    if page.after is not None:
        ids = [_GIVEN_ID.decode(raw).id or _made_id(number) for number, raw in listed]
        if page.after in ids:
            listed = listed[ids.index(page.after) + 1 :]
    shown = [
        _complete(msgspec.json.decode(raw), number) for number, raw in listed[: page.count_max]
    ]
    return _encode(
        {
            "object": "list",
            "data": shown,
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": len(shown) < len(listed),
        }
    )


def _made_id(number: int) -> str:
    return f"item_{number}"


def _complete(item: dict[str, Any], number: int) -> dict[str, Any]:
    """With the id, the type and the parts that a client may have left out."""
    kind = item.get("type") or "message"
    found = {**item, "type": kind, "id": item.get("id") or _made_id(number)}
    found.setdefault("status", "completed")
    if kind == "message" and isinstance(found.get("content"), str):
        is_said = found.get("role") == "assistant"
        part: dict[str, Any] = {"type": "output_text" if is_said else "input_text"}
        part |= {"annotations": []} if is_said else {}
        found["content"] = [{**part, "text": found["content"]}]
    return found

"""The simulator against three Connect clients that are not ours, one of them the editor's own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cursor_api.simulator.cursor.kind import CursorSimulator
from cursor_api.simulator.cursor.messages import ReceivedImage, Speaker
from cursor_api.simulator.cursor.options import Gate
from cursor_api.simulator.ledger import PlayOutcome
from cursor_api.simulator.scenario import CHINESE, CODE, EMOJI, MARKDOWN
from cursor_api.wire.checksum import Variant, new_checksum
from tests.contract.connect_clients import (
    NODE_FOLDER,
    Client,
    ConnectNode,
    Question,
    Told,
    ask_buf,
    ask_connectrpc,
    build_schema,
)

BUBBLE = "11111111-1111-4111-8111-111111111111"
REQUEST = "22222222-2222-4222-8222-222222222222"
CONVERSATION = "33333333-3333-4333-8333-333333333333"
GOOD = "opaque"
PIXELS = b"\x89PNG not really"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled schema."""
    return build_schema(tmp_path_factory.mktemp("schema"))


@pytest.fixture
async def simulator() -> AsyncIterator[CursorSimulator]:
    """A healthy one."""
    async with CursorSimulator() as running:
        yield running


@pytest.fixture(scope="module")
def node() -> Iterator[ConnectNode]:
    """The editor's library, running; skips where it is not installed (`make test` does it)."""
    if not (NODE_FOLDER / "node_modules" / "@connectrpc").is_dir():
        pytest.skip("the Node clients are not installed: make test does it")
    with ConnectNode() as running:
        yield running


@pytest.fixture(params=["connect-node", "buf", "connectrpc"])
def client(request: pytest.FixtureRequest) -> Client:
    """Each of the three."""
    if request.param == "connect-node":
        node: ConnectNode = request.getfixturevalue("node")
        return Client(request.param, node.ask)
    return Client(request.param, {"buf": ask_buf, "connectrpc": ask_connectrpc}[request.param])


def message(text: str = "hello", **fields: object) -> Json:
    """A good request in protobuf's JSON form."""
    human = {"text": text, "type": "MESSAGE_TYPE_HUMAN", "bubbleId": BUBBLE}
    return {
        "conversation": [human],
        "modelDetails": {"modelName": "gpt-4o"},
        "requestId": REQUEST,
        "conversationId": CONVERSATION,
        **fields,
    }


def headers(token: str = GOOD, **changes: str | None) -> dict[str, str]:
    """The headers that are the application's own; a change of None leaves one out."""
    good: dict[str, str | None] = {
        "authorization": f"Bearer {token}",
        "x-cursor-client-version": "0.42.5",
        "x-cursor-checksum": new_checksum(os.urandom, time.time()),
        "x-cursor-timezone": "Asia/Shanghai",
        "x-ghost-mode": "true",
    }
    good |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in good.items() if value is not None}


async def ask(client: Client, simulator: CursorSimulator, schema: Path, question: Question) -> Told:
    """Ask with that client."""
    return await client.ask(simulator.url, schema, question)


def title(told: Told) -> str:
    """The title in an error's details."""
    assert told.error
    found: str = told.error["details"][0]["details"]["title"]
    return found


@pytest.mark.parametrize("is_gzip", [False, True])
async def test_every_client_reads_a_whole_answer(
    client: Client, simulator: CursorSimulator, schema: Path, *, is_gzip: bool
) -> None:
    """The echo (compressed), an empty frame, text in pieces, a clean end; requests may be gzip."""
    told = await ask(client, simulator, schema, Question(message(), headers(), is_gzip=is_gzip))
    assert told.error is None
    assert told.text.startswith("Hello! I am the simulator, answering in place of gpt-4o")
    assert "“hello”" in told.text
    echo, empty, *pieces = told.messages
    assert echo["documentCitation"] == {}
    assert echo["filledPrompt"].startswith("<|BEGIN_SYSTEM|>\n")
    assert echo["filledPrompt"].endswith("<|BEGIN_USER|>\nhello<|END_USER|>\n")
    assert empty == {}
    assert len(pieces) > 20
    assert all(set(piece) == {"text"} for piece in pieces)
    sent = simulator.requests[-1].headers.get("connect-content-encoding", "identity")
    assert sent == ("gzip" if is_gzip and client.name != "buf" else "identity")


@pytest.mark.parametrize(
    ("word", "text"), [("code", CODE), ("markdown", MARKDOWN), ("中文", CHINESE), ("emoji", EMOJI)]
)
async def test_texts_arrive_to_the_letter(
    client: Client, simulator: CursorSimulator, schema: Path, word: str, text: str
) -> None:
    """Indentation, Chinese and joined emoji survive being cut into pieces."""
    told = await ask(
        client, simulator, schema, Question(message(f"some {word}, please"), headers())
    )
    assert (told.text, told.error) == (text, None)


async def test_everything_sent_is_decoded_and_echoed(
    client: Client, simulator: CursorSimulator, schema: Path
) -> None:
    """What a client that is not ours encoded is what the simulator says it saw."""
    image = {"data": base64.b64encode(PIXELS).decode(), "dimension": {"width": 64, "height": 48}}
    turns = [
        {"text": "look", "type": "MESSAGE_TYPE_HUMAN", "bubbleId": BUBBLE, "images": [image]},
        {"text": "nice", "type": "MESSAGE_TYPE_AI", "bubbleId": BUBBLE},
        {"text": "and now?", "type": "MESSAGE_TYPE_HUMAN", "bubbleId": BUBBLE},
    ]
    asked = message(
        conversation=turns,
        explicitContext={"context": "Be brief."},
        workspaceRootPath="/path/to/project",
        longContextMode=True,
        externalLinks=[{"url": "https://example.com/x", "uuid": BUBBLE}],
    )
    told = await ask(client, simulator, schema, Question(asked, headers("the-token")))
    seen = simulator.requests[-1]
    assert (seen.credential, seen.refusal) == ("the-token", "")
    picture = ReceivedImage(len(PIXELS), 64, 48, hashlib.sha256(PIXELS).hexdigest())
    assert [(turn.speaker, turn.text, turn.images) for turn in seen.ask.turns] == [
        (Speaker.HUMAN, "look", (picture,)),
        (Speaker.AI, "nice", ()),
        (Speaker.HUMAN, "and now?", ()),
    ]
    assert seen.ask.instructions == "Be brief."
    assert seen.ask.project_path == "/path/to/project"
    assert (seen.ask.request_id, seen.ask.conversation_id) == (REQUEST, CONVERSATION)
    assert seen.ask.is_long_context
    status, page, cleared, echo, *_ = told.messages
    assert status == {"statusUpdates": {"updates": [{"message": "Reading links"}]}}
    assert page["webCitation"]["references"][0]["url"] == "https://example.com/x"
    assert cleared == {"statusUpdates": {}}
    for expected in ("Be brief.", REQUEST, CONVERSATION, "<|BEGIN_ASSISTANT|>\nnice<|END_ASSIST"):
        assert expected in echo["filledPrompt"]


async def test_the_editors_library_sends_what_was_measured(
    node: ConnectNode, simulator: CursorSimulator, schema: Path
) -> None:
    """The headers of a genuine connect-es 1.4.0, and a chunked body."""
    question = Question(message(), headers(), timeout_ms=5000)
    told = await node.ask(simulator.url, schema, question)
    assert told.error is None
    seen = simulator.requests[-1].headers
    assert seen["connect-accept-encoding"] == "gzip,br"
    assert seen["connect-protocol-version"] == "1"
    assert seen["connect-timeout-ms"] == "5000"
    assert seen["content-type"] == "application/connect+proto"
    assert seen["user-agent"] == "connect-es/1.4.0"
    assert seen["transfer-encoding"] == "chunked"


async def test_a_numbered_error_arrives_with_its_details(
    client: Client, simulator: CursorSimulator, schema: Path
) -> None:
    """Code, the literal message "Error", and ErrorDetails that decode by the schema."""
    told = await ask(client, simulator, schema, Question(message(), headers("sim-error-50")))
    assert told.messages == []
    number = "ERROR_RATE_LIMITED" if client.name == "buf" else 50
    words = {"title": "Rate limited", "detail": "Slow down."}
    assert told.error == {
        "code": "resource_exhausted",
        "message": "Error",
        "details": [{"error": number, "details": words, "isExpected": True}],
    }


async def test_an_error_can_come_after_text(
    client: Client, simulator: CursorSimulator, schema: Path
) -> None:
    """The text before it is delivered, and the stream is no success."""
    token = "sim-error-38-mid+after-5"
    told = await ask(client, simulator, schema, Question(message(), headers(token)))
    assert len([piece for piece in told.messages if "text" in piece]) == 5
    assert told.error is not None
    assert (told.error["code"], title(told)) == ("unauthenticated", "Unauthorized request.")


# What connect-es 1.4.0 says of each broken stream; the others only have to refuse it.
BROKEN = {
    "no-end": "protocol error: missing EndStreamResponse",
    "double-end": "protocol error: received extra EndStreamResponse",
    "trailing": "protocol error: received extra message after EndStreamResponse",
    "oversized": "protocol error: promised 4294967280 bytes in enveloped message",
    "malformed": "parse binary",
    "bad-gzip": "decompression failed",
    "short": "protocol error",
    "cut": "aborted",
    "reset": "read ECONNRESET",
    "reset-mid": "read ECONNRESET",
    "wrong-type": "protocol error",
    "464-empty": "HTTP 464",
    "429-retry-after-1": "",
    "502-html": "HTTP 502",
}


@pytest.mark.parametrize("directive", BROKEN)
async def test_no_client_takes_a_broken_stream_for_a_whole_one(
    client: Client, simulator: CursorSimulator, schema: Path, directive: str
) -> None:
    """Each framing and transport fault is one: every client raises."""
    told = await ask(client, simulator, schema, Question(message(), headers(f"sim-{directive}")))
    assert told.error is not None, told.text
    if client.name == "connect-node":
        assert BROKEN[directive] in told.error["message"]


async def test_a_reserved_flag_is_refused_by_the_strict(
    client: Client, simulator: CursorSimulator, schema: Path
) -> None:
    """The editor's library takes such a frame for data; the two others refuse it."""
    told = await ask(client, simulator, schema, Question(message(), headers("sim-reserved")))
    assert (told.error is None) == (client.name == "connect-node")


@pytest.mark.parametrize("directive", ["flag-3", "one-byte", "batch-9", "split-7", "no-text"])
async def test_what_is_legal_is_accepted(
    client: Client, simulator: CursorSimulator, schema: Path, directive: str
) -> None:
    """A compressed end frame, any splitting and an answer without text are no faults."""
    told = await ask(client, simulator, schema, Question(message(), headers(f"sim-{directive}")))
    assert told.error is None
    assert (told.text == "") == (directive == "no-text")


async def test_thinking_models_think_in_whole_frames(
    client: Client, simulator: CursorSimulator, schema: Path
) -> None:
    """`<think>` is the first text frame, its end a later one, and no empty frame comes before."""
    asked = message(modelDetails={"modelName": "claude-3.7-sonnet-thinking"})
    told = await ask(client, simulator, schema, Question(asked, headers()))
    assert told.error is None
    texts = [piece.get("text", "") for piece in told.messages[1:]]
    assert texts[0] == "<think>\n"
    assert "\n</think>\n\n" in texts
    assert "" not in texts


REFUSED: dict[str, tuple[Question, str, str]] = {
    "no authorization": (Question(message(), headers(authorization=None)), "unauthenticated", ""),
    "another scheme": (
        Question(message(), headers(authorization="Basic abc")),
        "unauthenticated",
        "Bearer",
    ),
    "the whole cookie": (
        Question(message(), headers("user_1::abc")),
        "unauthenticated",
        "after ::",
    ),
    "no checksum": (
        Question(message(), headers(x_cursor_checksum=None)),
        "unauthenticated",
        "x-cursor-checksum",
    ),
    "an old checksum": (
        Question(message(), headers(x_cursor_checksum=new_checksum(os.urandom, 1.7e9))),
        "unauthenticated",
        "steps old",
    ),
    "an old client": (
        Question(message(), headers(x_cursor_client_version="0.9.0")),
        "resource_exhausted",
        "0.9.0",
    ),
    "no conversation": (
        Question(message(conversation=[]), headers()),
        "invalid_argument",
        "field 2",
    ),
    "a bad id": (Question(message(requestId="7"), headers()), "invalid_argument", "request_id"),
    "an unknown model": (
        Question(message(modelDetails={"modelName": "gpt-99"}), headers()),
        "invalid_argument",
        "gpt-99",
    ),
    "an unknown directive": (
        Question(message(), headers("sim-nonsense")),
        "unauthenticated",
        "nonsense",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_wrong_request_is_refused_by_name(
    client: Client, simulator: CursorSimulator, schema: Path, case: str
) -> None:
    """The code fits, and the detail names what was wrong."""
    question, code, named = REFUSED[case]
    told = await ask(client, simulator, schema, question)
    assert told.error is not None
    assert told.error["code"] == code
    assert named in told.error["details"][0]["details"]["detail"]
    assert simulator.requests[-1].refusal


async def test_an_unknown_call_is_unimplemented(
    client: Client, simulator: CursorSimulator, schema: Path
) -> None:
    """404, which every Connect client reads so."""
    told = await ask(client, simulator, schema, Question(message(), headers(), "NoSuchCall"))
    assert told.error is not None
    assert told.error["code"] == "unimplemented"


@pytest.mark.parametrize("variant", Variant)
async def test_both_variants_of_the_checksum_are_accepted(
    client: Client, simulator: CursorSimulator, schema: Path, variant: Variant
) -> None:
    """The editor's arithmetic and the reference's."""
    checksum = new_checksum(os.urandom, time.time(), variant=variant)
    question = Question(message(), headers(x_cursor_checksum=checksum))
    told = await ask(client, simulator, schema, question)
    assert told.error is None


async def test_the_outdated_client_has_two_numbers(client: Client, schema: Path) -> None:
    """30 by name, 28 as seen; both say "Update Required"."""
    gate = Gate(client_version_min="1.0", outdated_number=30)
    async with CursorSimulator(gate=gate) as simulator:
        told = await ask(client, simulator, schema, Question(message(), headers()))
    assert told.error is not None
    assert (told.error["code"], title(told)) == ("failed_precondition", "Update Required")


async def test_a_client_that_leaves_ends_its_answer(
    node: ConnectNode, simulator: CursorSimulator, schema: Path
) -> None:
    """A slow answer stops as soon as nobody reads it."""
    question = Question(message("a long one"), headers("sim-rate-50"))
    started_at = time.monotonic()
    told = await node.ask(simulator.url, schema, replace(question, leave_after=5))
    assert len(told.messages) == 5
    async with asyncio.timeout(5):
        await simulator.wait_idle()
    assert time.monotonic() - started_at < 20
    assert [exchange.outcome for exchange in simulator.played] == [PlayOutcome.CLIENT_LEFT]

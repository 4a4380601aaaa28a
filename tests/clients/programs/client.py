"""What every client is asked to do, and how it tells what came of it.

A client's program is given targets as JSON, does every feature at each, and prints one JSON object
a line: `{"route", "feature", "outcome", "said"}`. The questions are those that the simulated model
understands. Nothing here is of the gateway: the programs run where it is not installed.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, Final, NamedTuple

Json = dict[str, Any]

SAY_TEA: Final = "Say tea"
SAY_MILK: Final = "Say milk"
# Long enough to come in pieces.
LONG_QUESTION: Final = "Show me some Python code."
WEATHER_QUESTION: Final = "What is the weather in Paris?"
TWO_WEATHERS: Final = "What is the weather in Paris and Rome?"
CALL_QUESTION: Final = "Hello!"
IMAGE_QUESTION: Final = "What is in this image?"
FORM_QUESTION: Final = "Weather report for Paris: 18 degrees, as JSON."
STOP_QUESTION: Final = "Say one two three four"
STOP_TEXT: Final = "three"
OUTPUT_MAX: Final = 4
# What the tool gives for each place.
RESULT: Final = "18 degrees in {city}"
CITY_SCHEMA: Final[Json] = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "The city's name."}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOL: Final = "get_weather"
TOOL_ABOUT: Final = "The weather in a city."
REPORT_SCHEMA: Final[Json] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
PNG: Final = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
DOCUMENT_QUESTION: Final = "What is in this document?"
# Nobody reads it; it only has to look like one.
PDF: Final = base64.b64encode(b"%PDF-1.4\n%%EOF\n").decode()
# In the order of the pages.
FEATURES: Final = (
    "chat",
    "turns",
    "stream",
    "usage",
    "tools",
    "parallel",
    "required",
    "image",
    "document",
    "structured",
    "reasoning",
    "sampling",
    "seed",
    "logprobs",
    "many",
    "stop",
    "output_max",
    "error_400",
    "error_429",
)


class Target(NamedTuple):
    """Where to ask, and what the route's models are called.

    `too_long` and `limited` are first lines of a message that make the upstream refuse it.
    """

    route: str
    url: str
    key: str
    model: str
    thinker: str
    too_long: str
    limited: str


class LackingError(Exception):
    """There was an answer, but without what was asked for; the text says how one was told."""


class Client:
    """A client before one target. A feature that it has is a method of that name."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def close(self) -> None:
        """Let go of its connections, where it keeps any."""

    def ask(self, question: str) -> str:
        """The text of an answer."""
        raise NotImplementedError

    def chat(self) -> None:
        """One question, one answer."""
        expect(self.ask(SAY_TEA) == "tea", "another answer")

    def error_400(self) -> None:
        """The upstream's words are shown where the request is at fault."""
        self._refusal(f"{self.target.too_long}\nHello", 400, "context|too long")

    def error_429(self) -> None:
        """And where the caller has to wait."""
        self._refusal(f"{self.target.limited}\nHello", 429, "limit|429|too many")

    def _refusal(self, question: str, status: int, words: str) -> None:
        try:
            self.ask(question)
        except Exception as error:  # noqa: BLE001 - each client has exceptions of its own
            seen, said = read_refusal(error)
            expect(seen == status, f"{type(error).__name__} {seen}: {said}")
            expect(any(one in said.lower() for one in words.split("|")), said)
        else:
            raise AssertionError("no error")


def expect(is_so: object, what: str) -> None:
    """Raise AssertionError where it is not so."""
    if not is_so:
        raise AssertionError(what)


def expect_pieces(pieces: Iterable[str | None]) -> None:
    """A stream's texts: more than one, and Python code in the end."""
    texts = [piece for piece in pieces if piece]
    expect(len(texts) > 1, f"{len(texts)} pieces")
    expect("def " in "".join(texts), "another text")


def expect_counts(*counts: int | None) -> None:
    """Tokens of the question and the answer."""
    expect(all(isinstance(one, int) and one > 0 for one in counts), f"counts {counts}")


def expect_report(found: object) -> None:
    """The structured answer."""
    expect(found == {"city": "Paris", "degrees": 18}, f"{found!r}")


def expect_cities(calls: Sequence[Any], *cities: str) -> None:
    """The arguments of the calls, each an object or its JSON."""
    found = [json.loads(one) if isinstance(one, str) else dict(one) for one in calls]
    expect(found == [{"city": city} for city in cities], f"calls with {found}")


def expect_results(text: str, *cities: str) -> None:
    """An answer from what the tool gave."""
    expect(all(RESULT.format(city=city) in text for city in cities), text)


def read_refusal(error: BaseException) -> tuple[int | None, str]:
    """The status and the words of an error, which a client may have wrapped in its own."""
    said = str(error)
    found: BaseException | None = error
    while found is not None:
        status = getattr(found, "status_code", None)
        if isinstance(status, int):
            return status, said
        found = found.__cause__ or found.__context__
    return None, said


def tell(client: Client, feature: str) -> Json | None:
    """What came of a feature; None where the client has no such thing."""
    do: Callable[[], None] | None = getattr(client, feature, None)
    if do is None:
        return None
    try:
        do()
    except LackingError as error:
        return {"outcome": "lacking", "said": str(error)}
    except Exception as error:  # noqa: BLE001 - each client has exceptions of its own
        status, said = read_refusal(error)
        outcome = "refused" if status == 400 and not isinstance(error, AssertionError) else "failed"
        return {"outcome": outcome, "said": said or repr(error)}
    return {"outcome": "works", "said": ""}


def tell_all(kind: type[Client], targets: Iterable[Target]) -> Iterator[Json]:
    """All features at all targets."""
    for target in targets:
        with closing(kind(target)) as client:
            for feature in FEATURES:
                told = tell(client, feature)
                if told is not None:
                    yield {"route": target.route, "feature": feature, **told}


def main(kinds: dict[str, type[Client]]) -> None:
    """The program: which kind of its clients is its argument, the targets are its input."""
    targets = [Target(**one) for one in json.load(sys.stdin)]
    for told in tell_all(kinds[sys.argv[1]], targets):
        print(json.dumps(told), flush=True)  # noqa: T201 - its output is what it is for

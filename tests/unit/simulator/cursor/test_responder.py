from __future__ import annotations

from cursor_api.simulator.cursor.directives import LANGUAGE
from cursor_api.simulator.cursor.messages import ChatAsk
from cursor_api.simulator.cursor.responder import CursorResponder
from cursor_api.simulator.faults import Faults, Mishap
from cursor_api.simulator.options import SimulatorOptions
from cursor_api.simulator.scenario import CODE, Scenario
from cursor_api.simulator.steps import Data, Head, Step
from cursor_api.wire.connect import EnvelopeDecoder, parse_end_stream
from cursor_api.wire.protobuf import as_string, iter_fields
from tests.unit.simulator.asking import NOW_S, ask_request, raw_request
from tests.unit.simulator.cursor_recording import sample_ask


def responder(**options: object) -> CursorResponder:
    """One whose clock stands still."""
    return CursorResponder(SimulatorOptions(now_s=lambda: NOW_S, **options))  # type: ignore[arg-type]  # passed on


def status(steps: list[Step]) -> int:
    """The HTTP status, 0 when there was none."""
    return next((step.status for step in steps if isinstance(step, Head)), 0)


def text(steps: list[Step]) -> str:
    """The text of a whole answer."""
    decoder = EnvelopeDecoder(1 << 20, 1 << 20)
    frames = decoder.feed(b"".join(step.data for step in steps if isinstance(step, Data)))
    decoder.close()
    return "".join(
        as_string(value)
        for frame in frames[1:-1]
        for number, _, value in iter_fields(frame.payload)
        if number == 1
    )


def asked(to: CursorResponder, question: str = "hi", token: str = "opaque") -> list[Step]:  # noqa: S107 - no secret
    """The steps of an answer."""
    return list(to.respond(ask_request(sample_ask(question), token)).steps)


def test_requests_are_kept_as_decoded() -> None:
    """In order, with the credential and the headers."""
    subject = responder()
    asked(subject, "one", "first")
    asked(subject, "two", "second")
    kept = list(subject.requests)
    assert [(each.ordinal, each.credential, each.ask.question) for each in kept] == [
        (0, "first", "one"),
        (1, "second", "two"),
    ]
    assert kept[0].ask == sample_ask("one")
    assert kept[0].headers["x-cursor-client-version"] == "0.42.5"
    assert kept[0].refusal == ""


def test_only_the_last_requests_are_kept() -> None:
    """The bound of the options."""
    subject = responder(requests_kept_max=2)
    for question in "abc":
        asked(subject, question)
    assert [each.ask.question for each in subject.requests] == ["b", "c"]


def test_headers_come_before_the_body() -> None:
    """A request without a token is not told what is wrong with its message."""
    subject = responder()
    answer = subject.respond(raw_request(b"nonsense", changes={"authorization": None}))
    assert status(list(answer.steps)) == 200
    assert "authorization is missing" in subject.requests[-1].refusal


def test_a_body_that_cannot_be_read_is_kept_as_refused() -> None:
    """With an empty ask."""
    subject = responder()
    subject.respond(raw_request(b"\0\0\0\0\x01\xff"))
    assert subject.requests[-1].ask == ChatAsk()
    assert "malformed" in subject.requests[-1].refusal


def test_an_unknown_model_is_refused() -> None:
    """After everything else was found good."""
    subject = responder()
    ask = sample_ask("hi", model="gpt-99")
    assert status(list(subject.respond(ask_request(ask)).steps)) == 200
    assert subject.requests[-1].refusal == "The model 'gpt-99' is not known."


def test_a_wrong_route_is_kept_too() -> None:
    """As no call at all, which no fault concerns."""
    subject = responder(faults=Faults(silence=1))
    assert status(list(subject.respond(raw_request(target="/")).steps)) == 404
    assert subject.requests[-1].refusal.startswith("POST / ")


def test_a_credential_has_faults_of_its_own() -> None:
    """A bad one and a good one at the same time; a row is used up to its last."""
    limited = Faults(http_error=1, http_status=429)
    scripts = {"bad": limited, "once": (Faults(http_error=1, http_status=500), Faults())}
    subject = responder(scripts=scripts)
    assert [status(asked(subject, token="bad")) for _ in range(3)] == [429] * 3
    assert [status(asked(subject, token="once")) for _ in range(3)] == [500, 200, 200]
    assert status(asked(subject, token="good")) == 200
    subject.scripts.script("good", limited, Faults())
    assert [status(asked(subject, token="good")) for _ in range(3)] == [429, 200, 200]


def test_a_credentials_text_is_a_script() -> None:
    """Without any preparation by a test."""
    subject = responder()
    head = asked(subject, token="sim-429-retry-after-2")[1]
    assert isinstance(head, Head)
    assert (head.status, dict(head.headers)["retry-after"]) == (429, "2")
    assert status(asked(subject, token="sim-ok@second")) == 200


def test_a_misspelt_script_is_refused() -> None:
    """It must not pass for a good credential."""
    subject = responder()
    (end,) = [step.data for step in asked(subject, token="sim-oops") if isinstance(step, Data)]
    error = parse_end_stream(end[5:]).error
    assert error is not None
    assert error.code == "unauthenticated"
    assert "'oops'" in subject.requests[-1].refusal


def test_a_message_may_command() -> None:
    """The rest of it is the question; what is not understood is explained."""
    subject = responder()
    assert status(asked(subject, "/sim 503")) == 503
    assert text(asked(subject, "/sim batch 9\nsome code")) == CODE
    assert text(asked(subject, "/sim")) == f"```text\n{LANGUAGE.manual}\n```\n"
    assert LANGUAGE.manual in text(asked(subject, "/sim help"))
    assert text(asked(subject, "/sim dance")).startswith("Sorry: the simulator knows no 'dance'")


def test_orders_add_up() -> None:
    """The message changes what the credential asks for, which changes the simulator's own."""
    subject = responder(faults=Faults(missing_end=1))
    request = ask_request(sample_ask("/sim stall 1"), "sim-trailing")
    assert subject.respond(request).mishaps == {
        Mishap.MISSING_END,
        Mishap.TRAILING_BYTES,
        Mishap.STALL_MID_STREAM,
    }


def test_faults_can_change_while_it_serves() -> None:
    """For requests to come."""
    subject = responder()
    assert status(asked(subject)) == 200
    subject.scripts.faults = Faults(http_error=1, http_status=503)
    assert status(asked(subject)) == 503
    assert repr(subject) == "<CursorResponder saw 2 requests, scripts 0 credentials>"


def test_the_same_seed_and_order_are_the_same_answers() -> None:
    """Whatever the credentials are called."""

    def run(token: str) -> list[list[Step]]:
        faults = Faults(seed=5, http_error=0.2, reset_mid_stream=0.2, malformed_message=0.2)
        subject = responder(faults=faults)
        return [asked(subject, f"question {number}", token) for number in range(40)]

    assert run("one") == run("another")


def test_a_chooser_decides_each_answer() -> None:
    """Its faults and its text, from the credential and the question; scripts count no more."""

    def choose(token: str, question: str) -> tuple[Faults, Scenario]:
        faults = Faults(http_error=1.0, http_status=429) if token == "limited" else Faults()
        return faults, Scenario(text=f"{token} on {question}")

    subject = responder(choose=choose, scripts={"free": Faults(silence=1.0)})
    assert status(asked(subject, "tea", "limited")) == 429
    assert text(asked(subject, "tea", "free")) == "free on tea"

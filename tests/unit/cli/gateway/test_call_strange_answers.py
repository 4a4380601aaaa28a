"""Whatever answers where a gateway should be, a command says so in a sentence."""

from __future__ import annotations

import json

import pytest

from cursor_api.cli import main
from tests.unit.cli.gateway_stage import ListingGateway

pytestmark = pytest.mark.usefixtures("demo_folder")

COMMANDS = (
    ("ui", "--print"),
    ("status",),
    ("models",),
    ("models", "--json"),
    ("logs",),
    ("logs", "some-id"),
    ("logs", "some-id", "--json"),
    ("reload",),
    ("chat", "hello"),
    ("chat", "--model", "any", "hello"),
    ("connect", "codex"),
)
ODD: tuple[object, ...] = ("\0\x1b[31m\n", "\ud800", 3, None, [[]])
# JSON that is none, or not what a gateway sends.
BODIES = (
    b"",
    b"\0" * 9,
    b'"\xff"',
    b"[" * 100_000,
    b"1" * 5_000,
    b"1e999",
    b"null",
    b"data: \0\n\n",
    b"data: " + b"[" * 100_000 + b"\n\n",
    b'data: {"choices": 3}\n\n',
    b'data: {"choices": [{"delta": 3}], "usage": 3}\n\n',
    b'data: {"choices": [{"delta": {"content": "\\ud800"}}]}\n\ndata: [DONE]\n\n',
    *(json.dumps({"code": one, "requests": [one], "data": one}).encode() for one in ODD),
    *(json.dumps({"data": [{"id": one, "cursor_api": one}]}).encode() for one in ODD),
)
ERRORS = (
    b"\0",
    b"[" * 100_000,
    *(json.dumps({"error": {"message": one, "code": one}}).encode() for one in ODD),
)
REDIRECT = {"Location": "http://[/"}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_says_that_it_is_no_gateway(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    """Never with a traceback, and never with what a terminal would act upon."""
    answers: list[tuple[int, bytes, dict[str, str]]] = [(200, body, {}) for body in BODIES]
    answers += [(500, body, {}) for body in ERRORS] + [(302, b"", REDIRECT)]
    for scripted.status, scripted.body, scripted.headers in answers:
        code = main([*command, "--url", scripted.url])
        said = capsys.readouterr().err
        assert said.startswith("error: ") is (code == 1), scripted.body[:60]
        assert all(sign.isprintable() or sign == "\n" for sign in said), scripted.body[:60]

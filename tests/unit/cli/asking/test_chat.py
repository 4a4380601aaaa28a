"""A question to a model of the running gateway."""

from __future__ import annotations

import io
import json

import pytest

from cursor_api.cli import main
from tests.unit.cli.gateway_stage import ListingGateway

pytestmark = pytest.mark.usefixtures("demo_folder")


def test_the_answer_alone_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """A fitting model is chosen; the words need no quotes."""
    assert main(["chat", "Say", "tea"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("tea\n", "")


def test_standard_input_is_part_of_the_question(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the dash stands."""
    monkeypatch.setattr("sys.stdin", io.StringIO("coffee\n"))
    assert main(["chat", "--model", "gpt-demo", "Say", "-"]) == 0
    assert capsys.readouterr().out == "coffee\n"


def test_what_was_said_is_told_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside the answer: who answered, how quickly, for how many tokens."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["chat", "--model", "gpt-demo", "--system", "Be short.", "Say tea"]) == 0
    said = capsys.readouterr()
    assert said.out == "tea\n"
    assert "gpt-demo via demo-openai/gpt-demo: first words after 0." in said.err
    assert " tokens" in said.err


def test_a_terminal_gets_no_signs_that_it_would_act_upon(
    scripted: ListingGateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file gets the text as it is."""
    delta = {"choices": [{"delta": {"content": "a\x1b[2Jb\n\tc\n"}, "finish_reason": "length"}]}
    scripted.body = f"data: {json.dumps(delta)}\n\ndata: [DONE]\n\n".encode()
    arguments = ["chat", "--url", scripted.url, "--model", "m", "hi"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "a\x1b[2Jb\n\tc\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out == "a?[2Jb\n\tc\n"
    assert "cut off" in said.err


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'data: {"choices": [{"delta": {"content": "half"}}]}\n\n', "cut off"),
        (b'data: {"error": {"message": "It failed."}}\n\ndata: [DONE]\n\n', "It failed."),
        (b"data: <html>\n\n", "is not this gateway"),
    ],
)
def test_an_answer_without_its_end_is_an_error(
    scripted: ListingGateway, capsys: pytest.CaptureFixture[str], body: bytes, words: str
) -> None:
    """Whatever there was of it, on lines of its own."""
    scripted.body = body
    assert main(["chat", "--url", scripted.url, "--model", "m", "hi"]) == 1
    said = capsys.readouterr()
    assert said.out in {"", "half\n"}
    assert said.err.startswith("error: ")
    assert words in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "no-such-model", "hi"], "no-such-model"),
        (["--url", "http://127.0.0.1:1", "hi"], "cursor-api serve"),
        (["--key-env", "NOWHERE", "hi"], "NOWHERE is not set"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """With what to do."""
    assert main(["chat", *arguments]) == 1
    assert words in capsys.readouterr().err


def test_a_reader_of_chinese_gets_the_gateways_words_as_a_quotation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the code means comes first; the names of other models stand in the gateway's words."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert main(["chat", "--model", "gpt-dem", "hello"]) == 1
    meaning, words = capsys.readouterr().err.splitlines()
    assert meaning == "错误：没有提供此名称的模型。"
    assert words.startswith("网关的原话：“The model 'gpt-dem' does not exist.")
    assert "Did you mean gpt-demo" in words
    assert words.endswith("GET /v1/models lists all of them”。")

"""What is told of settings, files, databases and gateways, in the user's language.

Rule of this file: the Chinese of a line of a token file is the console's, by the same code; it is
written once.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cursor_api.cli.terminal.language import is_chinese, say
from cursor_api.domain.errors import LineProblem, StoreError
from cursor_api.domain.problems import Notice
from cursor_api.options.rules import Finding
from cursor_api.options.said import Said, told_by, translate
from cursor_api.ports.configuration import ShownFinding, WrongUpstreamError
from cursor_api.settings.findings import in_chinese, load_chinese

CONSOLE: Final = Path(__file__).parents[2] / "web" / "console" / "static" / "lang" / "zh.json"

Told = Finding | LineProblem | Notice | ShownFinding | Exception


def told(what: Told) -> str:
    """All that is known of it, in one sentence or, with its lines, in several."""
    if not is_chinese():
        return _in_english(what)
    words = told_by(what) if isinstance(what, Exception) else ""
    match what:
        case Finding():
            words = str(in_chinese(what))
        case LineProblem():
            words = f"{what.file}:{what.line}: {told_of_line(what)}"
        case Notice():
            words = _load_console()[f"notice.{what.code.value}"].format(**what.values)
        case ShownFinding():
            words = str(Finding(what.name, what.where, what.words.zh))
        case StoreError():
            words = "\n".join([told_shortly(what), *map(told, what.problems)])
        case WrongUpstreamError() if what.findings:
            words = "\n".join(map(told, what.findings))
        case _:
            words = translate(words, load_chinese()) if isinstance(words, Said) else str(what)
    return words


def _in_english(what: Told) -> str:
    if isinstance(what, ShownFinding):
        return str(Finding(what.name, what.where, what.text))
    return str(what)


def told_shortly(error: StoreError) -> str:
    """Without its lines."""
    if not is_chinese():
        return error.message
    said = error.said
    return told(said) if isinstance(said, Notice) else translate(said, load_chinese())


def told_of_line(problem: LineProblem) -> str:
    """Without its place."""
    if not is_chinese() or not problem.code:
        return problem.problem
    return _load_console()[f"problem.{problem.code}"].format(value=problem.value)


def in_words(fact: object) -> str:
    """A sentence that somebody has told, or a notice; what is none stays as it is."""
    if isinstance(fact, Notice):
        return told(fact)
    return str(translate(fact, load_chinese()) if is_chinese() and isinstance(fact, str) else fact)


def told_advice(kind: str, english: str, model: str = "") -> str:
    """What helps against a fault; in Chinese the console's words, which know no upstream."""
    words = told_by_code("fault", kind)
    return english if words == kind else words.replace("{model}", model or say("this model"))


def told_by_gateway(code: object, english: str) -> str:
    """What a gateway has refused with, without a full stop at its end.

    In Chinese what the code means; the gateway's own words, which have the facts, are quoted on a
    line of their own.
    """
    known = told_by_code("code", str(code))
    if known == str(code):
        return english
    return f"{known}\n{say('In the words of the gateway: “{words}”', words=english)}"


def told_by_code(prefix: str, code: str) -> str:
    """What the console calls the code; itself in English, and where that has no word for it."""
    return _load_console().get(f"{prefix}.{code}", code) if is_chinese() else code


@functools.cache
def _load_console() -> Mapping[str, str]:
    found: dict[str, str] = json.loads(CONSOLE.read_text(encoding="utf-8"))
    return found

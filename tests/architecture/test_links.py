"""No link in the documents leads nowhere, and commands in them are commands that there are."""

from __future__ import annotations

import argparse
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cursor_api.cli.command import make_parser

CODE_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
ANCHOR = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")
# Our command where somebody types it: at the beginning, behind `VAR=…`, a path or `&&`.
COMMAND = re.compile(r"^(?:sudo )?(?:[A-Z_]+=\S+ +)*(?:\S*/)?cursor-api(?: |$)")


def documents(root: Path) -> list[Path]:
    """All that people read."""
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def anchors(text: str) -> set[str]:
    """What can stand behind `#`, as the sites that show these files make it of headings."""
    seen: Counter[str] = Counter()
    found = set(ANCHOR.findall(text))
    for heading in HEADING.findall(CODE_BLOCK.sub("", text)):
        bare = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", bare).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def dead_links(root: Path) -> Iterator[str]:
    """Each with the file that has it."""
    texts = {path: path.read_text(encoding="utf-8") for path in documents(root)}
    known = {path: anchors(text) for path, text in texts.items()}
    for path, text in texts.items():
        prose = CODE.sub("", CODE_BLOCK.sub("", text))
        for link in LINK.findall(prose):
            if re.match(r"[a-z]+:", link):
                continue
            file, _, anchor = link.partition("#")
            target = (path.parent / file).resolve() if file else path
            if not target.exists():
                yield f"{path.relative_to(root)}: {link}: there is no such file"
            elif anchor and target in known and anchor not in known[target]:
                yield f"{path.relative_to(root)}: {link}: there is no such heading"


def test_no_link_leads_nowhere(root: Path) -> None:
    """Files and headings, within the repository."""
    assert list(dead_links(root)) == []


def commands(root: Path) -> Iterator[tuple[str, list[str]]]:
    """Our commands in shell blocks and in code within sentences, with the file's name."""
    for path in documents(root):
        text = path.read_text(encoding="utf-8")
        lines = [code for language, code in CODE_BLOCK.findall(text) if language in {"sh", "bash"}]
        shown = [one for block in lines for one in block.replace("\\\n", " ").splitlines()]
        shown += [one.strip("`") for one in CODE.findall(CODE_BLOCK.sub("", text))]
        for line in shown:
            if not COMMAND.match(line):
                continue
            bare = re.split(r"\s(?:#|\||&&|<|>|2>)", line.split("…")[0])[0]
            words = shlex.split(bare)
            at = next(i for i, word in enumerate(words) if word.rpartition("/")[2] == "cursor-api")
            yield str(path.relative_to(root)), words[at + 1 :]


def is_known(parser: argparse.ArgumentParser, words: list[str]) -> bool:
    """Whether the command and each of its options is there; values are not looked at."""
    for number, word in enumerate(words):
        if word.isupper():
            return True  # a placeholder
        if word.startswith("-"):
            name = word.partition("=")[0]
            if name not in parser._option_string_actions:
                return name in {"-", "--"}
        for action in parser._subparsers._group_actions if parser._subparsers else ():
            choices = action.choices or {}
            if word in choices:
                return is_known(choices[word], words[number + 1 :])  # type: ignore[index]  # a dict
            if not word.startswith("-"):
                return False
    return True


def test_commands_in_the_documents_exist(root: Path) -> None:
    """With their options, so that what is pasted is understood."""
    parser = make_parser()
    found = list(commands(root))
    assert len(found) > 50
    assert [one for one in found if not is_known(parser, one[1])] == []


@pytest.mark.parametrize(
    ("words", "is_there"),
    [("serve --port 1", True), ("serv", False), ("token add --nothing x", False), ("-h", True)],
)
def test_a_command_that_is_none_is_found_out(words: str, *, is_there: bool) -> None:
    """The judge is not blind."""
    assert is_known(make_parser(), words.split()) is is_there

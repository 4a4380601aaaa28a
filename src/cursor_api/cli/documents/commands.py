"""docs/commands.md and its Chinese twin, written from the parser and its translation."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cursor_api.cli.command import make_parser
from cursor_api.cli.terminal.command_tree import Node, walk
from cursor_api.cli.terminal.language import load_chinese, translate

PROGRAM: Final = "cursor-api"
FILES: Final = {"en": "commands.md", "zh": "commands.zh-CN.md"}
MARK: Final = {
    "en": "<!-- Written by `python -m cursor_api.cli.document docs` from the parser. -->",
    "zh": "<!-- 由 `python -m cursor_api.cli.document docs` 根据解析器生成。 -->",
}
INTRODUCTION: Final = {
    "en": """\
# Commands

[简体中文](commands.zh-CN.md)

What `cursor-api COMMAND --help` says, on one page; in a checkout it is `.venv/bin/cursor-api`.
Help and results are in Chinese where `LC_ALL`, `LC_MESSAGES` or `LANG` begins with `zh`.
What `--json` prints is for programs: its codes and its sentences are English in every language.
""",
    "zh": """\
# 命令

[English](commands.md)

`cursor-api COMMAND --help` 的内容，汇成一页。在代码仓库中，程序是 `.venv/bin/cursor-api`。
`LC_ALL`、`LC_MESSAGES` 或 `LANG` 以 `zh` 开头时，帮助与结果为中文。
`--json` 的输出供程序读取：无论什么语言，其中的代码和句子都是英文。
""",
}
COLUMNS: Final = {"en": ("command", "what"), "zh": ("命令", "用途")}
OPTIONS: Final = {"en": ("option", "what"), "zh": ("选项", "用途")}


def render_commands(language: str) -> str:
    """The whole page, in one of the languages of `FILES`."""
    parser = make_parser()
    if language == "zh":
        translate(parser, load_chinese())
    root, *nodes = walk(parser)
    lines = [MARK[language], "", INTRODUCTION[language]]
    lines += _table(COLUMNS[language], ((_name(node), _about(node)) for node in nodes))
    for node in (root, *nodes):
        lines += _section(node, language)
    return "\n".join(lines)


def write_commands(folder: Path) -> None:
    """Both pages."""
    for language, name in FILES.items():
        (folder / name).write_text(render_commands(language), encoding="utf-8", newline="\n")


def _section(node: Node, language: str) -> Iterator[str]:
    yield f"{'##' if len(node.path) < 2 else '###'} {_name(node)}"  # noqa: PLR2004 - below another
    yield ""
    yield "```text"
    yield (node.parser.description or "").rstrip()
    yield "```"
    yield ""
    rows = list(_options(node.parser))
    if rows:
        yield from _table(OPTIONS[language], rows)


def _options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    formatter = parser._get_formatter()  # noqa: SLF001 - as its help writes them
    for action in parser._actions:  # noqa: SLF001 - as above
        is_told = action.help != argparse.SUPPRESS and "--help" not in action.option_strings
        if isinstance(action, argparse._SubParsersAction) or not is_told:  # noqa: SLF001 - as above
            continue
        shown = formatter._format_action_invocation(action)  # noqa: SLF001 - as above
        about = formatter._expand_help(action) if action.help else ""  # noqa: SLF001 - as above
        yield f"`{shown}`", about


def _table(
    columns: tuple[str, str], rows: Iterator[tuple[str, str]] | list[tuple[str, str]]
) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield "|---|---|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |"
    yield ""


def _name(node: Node) -> str:
    return f"`{' '.join((PROGRAM, *node.path))}`"


def _about(node: Node) -> str:
    return (node.parser.description or "").split("\n", 1)[0]

"""docs/limits.md and its Chinese twin: `python -m tests.limits.page docs` writes both."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from cursor_api.installed import SCHEMA
from cursor_api.options.said import Words
from cursor_api.settings import chinese, chinese_notes
from tests.limits.limit import Limit
from tests.limits.table import SECTIONS

FILES = {"en": "limits.md", "zh": "limits.zh-CN.md"}
COMMAND = "python -m tests.limits.page docs"

_MARK = Words(
    f"<!-- Written by `{COMMAND}` from tests/limits; change the rows there. -->",
    f"<!-- 由 `{COMMAND}` 根据 tests/limits 生成；请修改那里的各行。 -->",
)
_INTRODUCTION = Words(
    """\
# Limits

[简体中文](limits.zh-CN.md)

Every size, duration or number that a caller or the upstream controls has a limit. This page lists
them all, with the reason for each value and the test that exceeds it. Settings are described in
[configuration.md](configuration.md). An error's `code` is in its body (`error.code`). A refusal has
`Retry-After` if a later attempt can succeed.

Large bodies are processed in steps, so that other requests do not wait for them: decompressing,
checking, translating and sending a body of 10 MiB never blocks the event loop for 50 ms at a time
(`make soak`, stage `lag`). One step is not divided, whatever the size: finding the messages in the
JSON, which takes 25 ms for the most expensive 10 MiB. If you raise `GATEWAY_BODY_BYTES_MAX`
tenfold, it takes ten times as long.
""",
    """\
# 限制

[English](limits.md)

调用方或上游能够决定的每一种大小、时长和数量都有上限。本页列出全部上限，并给出取值的理由和超出上限的测试。
各项设置的说明见 [configuration.zh-CN.md](configuration.zh-CN.md)。
错误的 `code` 在响应体中（`error.code`）。如果稍后重试可能成功，拒绝的响应带有 `Retry-After`。

大的请求体分步处理，其他请求不必等待：解压、检查、转换和发送一个 10 MiB 的请求体时，
每次占用事件循环都不到 50 毫秒（`make soak` 的 `lag` 阶段）。只有一步无论多大都不拆分：
在 JSON 中找出各条消息，最费时的 10 MiB 需要 25 毫秒。
如果把 `GATEWAY_BODY_BYTES_MAX` 提高到十倍，这一步的时间也会变为十倍。
""",
)
_COLUMNS = Words(
    "Limit | Default | Setting | When exceeded | Why | Tested by",
    "限制 | 默认值 | 设置 | 超出时 | 理由 | 测试",
)
_NO_SETTING = Words("fixed", "固定")


def render_page(language: str) -> str:
    """The whole page in one of the languages of `FILES`."""
    return "\n".join(_lines(language))


def _lines(language: str) -> Iterator[str]:
    yield _MARK.of(language)
    yield ""
    yield _INTRODUCTION.of(language)
    for section in SECTIONS:
        yield f"## {section.title.of(language)}\n"
        yield f"| {_COLUMNS.of(language)} |"
        yield "|---|---|---|---|---|---|"
        for row in section.rows:
            yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in _cells(row, language))} |"
        yield ""


def _cells(row: Limit, language: str) -> tuple[str, ...]:
    path, _, name = row.shown_by.partition("::")
    shown_by = f"[`{name.removeprefix('test_')}`](../{path})"
    return (
        row.what.of(language),
        default_of(row, language),
        f"`{row.setting}`" if row.setting else _NO_SETTING.of(language),
        _beyond(row, language),
        _reason(row, language),
        shown_by,
    )


def default_of(row: Limit, language: str) -> str:
    """The default as a user would write it."""
    if row.default is not None:
        return row.default.of(language)
    setting = SCHEMA.by_variable[row.setting]
    if setting.default is None:
        return chinese_notes.NOTES[row.setting] if language == "zh" else setting.default_note
    default = setting.default
    is_bare = setting.kind.label == "duration in seconds" and default[-1:].isdigit()
    return f"{default} s" if is_bare else default


def _reason(row: Limit, language: str) -> str:
    if row.reason is not None:
        return row.reason.of(language)
    setting = SCHEMA.by_variable[row.setting]
    return chinese.REASONS[setting.variable] if language == "zh" else setting.reason


def _beyond(row: Limit, language: str) -> str:
    words = [f"{row.status} `{row.code}`"] if row.status else []
    if row.note is not None:
        words.append(row.note.of(language))
    return ("；" if language == "zh" else "; ").join(words)


def write_pages(folder: Path) -> None:
    """Write the page in every language."""
    for language, name in FILES.items():
        (folder / name).write_text(render_page(language), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))

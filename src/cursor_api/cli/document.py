"""docs/configuration.md and its Chinese twin, written from the rows of settings.

`python -m cursor_api.cli.document docs` writes both; a test compares them with the rows.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cursor_api.installed import SCHEMA
from cursor_api.options.setting import Setting
from cursor_api.settings import chinese


class Phrase(NamedTuple):
    """The page's own words in both languages."""

    en: str
    zh: str


FILES = {"en": "configuration.md", "zh": "configuration.zh-CN.md"}
COMMAND = "python -m cursor_api.cli.document docs"

# An example that a test loads.
EXAMPLE = """\
[listener]
host = "0.0.0.0"
port = 8080

[cursor]
idle_timeout_s = "3m"
privacy_mode = true

[limits]
body_bytes_max = "20MiB"
"""

_MARK = Phrase(
    f"<!-- Written by `{COMMAND}`; each row is a field of an options class in src/cursor_api. -->",
    f"<!-- 由 `{COMMAND}` 生成；各行出自 src/cursor_api 中的选项类与 settings/chinese.py。 -->",
)

_INTRODUCTION = Phrase(
    """\
# Configuration

中文：[configuration.zh-CN.md](configuration.zh-CN.md)

Every value is looked for in four places; the first that has it wins:

1. the environment of the process;
2. a `.env` file in the working directory (UTF-8, `NAME=value`; `${NAME}` is not replaced);
3. `cursor-api.toml` in the working directory, or the file that `GATEWAY_CONFIG` names;
4. the default below.

An empty value means the default. Relative paths begin at the working directory.

`cursor-api check-config` shows every value and where it came from, with secrets masked, and
everything that is wrong at once. A name that begins with `CURSOR_` or `GATEWAY_` and is not below
is a warning with the nearest name; the variables of Cursor's own programs (`CURSOR_API_KEY`,
`CURSOR_AGENT…`, `CURSOR_CLI…`, `CURSOR_SDK_…` and the like) are left alone.

How values are written:

- yes or no: `true`, `1`, `yes`, `on`; `false`, `0`, `no`, `off`;
- durations: seconds (`30`), or with `ms`, `s`, `m`, `h` (`2m`);
- sizes: bytes, or with `KiB`, `MiB`, `GiB` (1024) or `KB`, `MB`, `GB` (1000).

In TOML the same texts in quotes, or TOML's own numbers, booleans and (for lists) arrays:
""",
    """\
# 配置

English: [configuration.md](configuration.md)

每个值依次在四处查找，先找到者为准：

1. 进程的环境变量；
2. 工作目录下的 `.env` 文件（UTF-8，`NAME=value`；不替换 `${NAME}`）；
3. 工作目录下的 `cursor-api.toml`，或 `GATEWAY_CONFIG` 指定的文件；
4. 下表中的默认值。

空值表示使用默认值。相对路径以工作目录为起点。

`cursor-api check-config` 显示每个值及其来源（密钥已打码），并一次列出所有错误。
以 `CURSOR_` 或 `GATEWAY_` 开头而下表中没有的名称会得到警告，并提示最接近的名称；
Cursor 自家程序的变量（`CURSOR_API_KEY`、`CURSOR_AGENT…`、`CURSOR_CLI…`、`CURSOR_SDK_…` 等）
不受影响。

值的写法：

- 是或否：`true`、`1`、`yes`、`on`；`false`、`0`、`no`、`off`；
- 时长：秒（`30`），或带 `ms`、`s`、`m`、`h`（`2m`）；
- 大小：字节，或带 `KiB`、`MiB`、`GiB`（1024 进制）或 `KB`、`MB`、`GB`（1000 进制）。

在 TOML 中可用引号写同样的文本，也可用 TOML 自身的数字、布尔值，列表可用数组：
""",
)

_COLUMNS = Phrase(
    "Variable | In TOML | Kind | Default | What for", "变量 | TOML | 类型 | 默认值 | 用途"
)
_EMPTY = Phrase("empty", "空")
_ALSO = Phrase("also", "也可写作")


def render_document(language: str) -> str:
    """The whole page in one of the languages of `FILES`; KeyError for another."""
    if language not in FILES:
        raise KeyError(language)
    return "\n".join(_lines(language))


def _lines(language: str) -> Iterator[str]:
    yield _say(_MARK, language)
    yield ""
    yield _say(_INTRODUCTION, language)
    yield f"```toml\n{EXAMPLE}```"
    for table, settings in itertools.groupby(SCHEMA.rows, key=lambda setting: setting.table):
        title = _say(Phrase(SCHEMA.titles[table], chinese.TITLES[table]), language)
        yield f"\n## {title}{f' `[{table}]`' if table else ''}\n"
        yield f"| {_say(_COLUMNS, language)} |"
        yield "|---|---|---|---|---|"
        for setting in settings:
            yield _row(setting, language)
    yield ""


def _row(setting: Setting, language: str) -> str:
    also = "".join(f" ({_say(_ALSO, language)} `{alias}`)" for alias in setting.aliases)
    label = setting.kind.label
    cells = (
        f"`{setting.variable}`{also}",
        f"`{setting.name}`" if setting.key else "",
        _say(Phrase(label, chinese.translate_label(label)), language),
        _default(setting, language),
        _say(Phrase(setting.reason, chinese.REASONS[setting.variable]), language),
    )
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(setting: Setting, language: str) -> str:
    if setting.default_note:
        note = Phrase(setting.default_note, chinese.NOTES[setting.variable])
        return _say(note, language)
    return f"`{setting.default}`" if setting.default else _say(_EMPTY, language)


def _say(text: Phrase, language: str) -> str:
    return text.zh if language == "zh" else text.en


def write_documents(folder: Path) -> None:
    """Write the page in every language."""
    for language, name in FILES.items():
        (folder / name).write_text(render_document(language), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write_documents(Path(sys.argv[1]))

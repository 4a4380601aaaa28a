"""docs/configuration.md and its Chinese twin, written from the rows of settings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from cursor_api.installed import SCHEMA
from cursor_api.options.said import Words
from cursor_api.options.setting import Setting, find_rows
from cursor_api.settings import chinese, chinese_labels, chinese_notes
from cursor_api.settings.blocks import MODEL_ROWS, upstream_rows

FILES = {"en": "configuration.md", "zh": "configuration.zh-CN.md"}
BLOCK_ROWS = {"upstream": upstream_rows(SCHEMA.kinds), "model": MODEL_ROWS}
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

# Another, loaded with a token in WORK_TOKEN.
BLOCKS_EXAMPLE = """\
[[upstream]]
name = "work"
kind = "cursor"
api_key_env = "WORK_TOKEN"
first_token_timeout_s = "90s"

[[upstream]]
name = "relay"
kind = "cursor"
base_url = "https://relay.example"
api_keys = ["the-first-token", "the-second-token"]
models = ["gpt-4o", "gpt-4o-mini"]

[[model]]
name = "fast"
routes = ["work/gpt-4o-mini", "relay/gpt-4o-mini", "cursor/gpt-4o-mini"]
aliases = ["gpt-fast"]
"""

_MARK = Words(
    f"<!-- Written by `{COMMAND}`; each row is a field of an options class in src/cursor_api. -->",
    f"<!-- 由 `{COMMAND}` 生成；各行出自 src/cursor_api 中的选项类与 settings/chinese.py。 -->",
)

_INTRODUCTION = Words(
    """\
# Configuration

[简体中文](configuration.zh-CN.md)

Every value is looked for in four places; the first that has it wins (options of a command, as in
`serve --port 8080`, come before all of them):

1. the environment of the process;
2. a `.env` file in the home folder (UTF-8, `NAME=value`; `${NAME}` is not replaced);
3. `cursor-api.toml` in the home folder, or the file that `GATEWAY_CONFIG` names;
4. the default below.

The home folder is the working directory where that has a `.token`, a `cursor-api.toml`, or a
`.env` with settings of the gateway. Elsewhere it is the folder that the environment names as
`CURSOR_API_HOME`, and without that the working directory. `serve` and `check-config` print it, and
every command works in it.

An empty value means the default. Relative paths begin at the home folder.

`cursor-api check-config` shows every value and where it came from, with secrets masked, and
everything that is wrong at once. A name that begins with `CURSOR_` or `GATEWAY_` and is not below
is a warning with the nearest name; the variables of Cursor's own programs (`CURSOR_API_KEY`,
`CURSOR_AGENT…`, `CURSOR_CLI…`, `CURSOR_SDK_LOG` and the like) are left alone.

How values are written:

- yes or no: `true`, `1`, `yes`, `on`; `false`, `0`, `no`, `off`;
- durations: seconds (`30`), or with `ms`, `s`, `m`, `h` (`2m`);
- sizes: bytes, or with `KiB`, `MiB`, `GiB` (1024) or `KB`, `MB`, `GB` (1000).

In TOML the same texts in quotes, or TOML's own numbers, booleans and (for lists) arrays:
""",
    """\
# 配置

[English](configuration.md)

每个值依次在四处查找，先找到者为准（命令的选项，如 `serve --port 8080`，优先于全部四处）：

1. 进程的环境变量；
2. 主目录下的 `.env` 文件（UTF-8，`NAME=value`；不替换 `${NAME}`）；
3. 主目录下的 `cursor-api.toml`，或 `GATEWAY_CONFIG` 指定的文件；
4. 下表中的默认值。

工作目录中若有 `.token`、`cursor-api.toml` 或写有网关设置的 `.env`，主目录就是工作目录；
否则是环境变量 `CURSOR_API_HOME` 指定的目录；若未设置该变量，则仍是工作目录。
`serve` 与 `check-config` 会显示主目录，所有命令都在其中工作。

空值表示使用默认值。相对路径以主目录为起点。

`cursor-api check-config` 显示每个值及其来源（密钥已遮盖），并一次列出所有错误。
以 `CURSOR_` 或 `GATEWAY_` 开头而下表中没有的名称会得到警告，并提示最接近的名称；
Cursor 自家程序的变量（`CURSOR_API_KEY`、`CURSOR_AGENT…`、`CURSOR_CLI…`、`CURSOR_SDK_LOG` 等）
不受影响。

值的写法：

- 是或否：`true`、`1`、`yes`、`on`；`false`、`0`、`no`、`off`；
- 时长：秒（`30`），或带 `ms`、`s`、`m`、`h`（`2m`）；
- 大小：字节，或带 `KiB`、`MiB`、`GiB`（1024 进制）或 `KB`、`MB`、`GB`（1000 进制）。

在 TOML 中可用引号写同样的文本，也可用 TOML 自身的数字、布尔值，列表可用数组：
""",
)

_BLOCKS = Words(
    """\
## More upstreams and models `[[upstream]]` `[[model]]`

These stand in `cursor-api.toml` only, in as many blocks as there are upstreams and models. Each
`[[upstream]]` is asked with its own keys, over its own connections; what goes wrong with one is
kept apart from the others. The upstream `cursor`, whose settings are above, is there without a
block. `cursor-api upstream add` writes such a block, for a well-known one from its name alone.

Each `[[model]]` is a name that callers may ask for. Its routes are asked in their order: the next
one when all keys of the one before it are resting or its upstream fails. What an upstream serves
needs no block: it is found by its own name, and by `upstream/model` at this upstream alone. One `*`
in a name stands for any text, and in its routes for the same text: with `name = "claude-*"` and
`routes = ["anthropic/claude-*", "openrouter/anthropic/claude-*"]` every such model fails over.

A route that cannot do what a request needs (tools, images, structured output) is passed by where
another can; `GET /v1/models` shows in `cursor_api` what each model can do, and by which routes.
""",
    """\
## 更多上游与模型 `[[upstream]]` `[[model]]`

只能写在 `cursor-api.toml` 中，有多少上游和模型就写多少块。每个 `[[upstream]]` 使用自己的密钥和
连接；一个上游出问题不影响其他上游。上游 `cursor` 的设置见上文，无需写块。
`cursor-api upstream add` 会写好这样的块；常见上游只需名称。

每个 `[[model]]` 是调用方可以请求的一个名称。按顺序尝试其路由：前一个的密钥都在冷却或其上游故障时，
换下一个。上游本来提供的模型无需写块：可用其原名请求，也可用 `upstream/model` 只请求该上游。名称中的
一个 `*` 代表任意文本，路由中的 `*` 代表同样的文本：`name = "claude-*"` 加上
`routes = ["anthropic/claude-*", "openrouter/anthropic/claude-*"]`，所有这类模型都会切换。

做不到请求所需（工具、图片、结构化输出）的路由会被跳过，只要另有路由能做到；`GET /v1/models` 的
`cursor_api` 写明每个模型能做什么、经由哪些路由。
""",
)
_KEYS_OF = Words("Keys of `[[{table}]]`:", "`[[{table}]]` 的键：")
_KEYS_OF_KIND = Words(
    "An upstream of the kind `{kind}` has these as well:", "`{kind}` 类上游另有："
)
_KEYS_ABOVE = Words(
    "Beside these, an upstream of the kind `{kind}` has the keys {keys}: they mean what they mean"
    " above and have the same defaults. The variables there are for the upstream `{kind}` alone.",
    "此外，`{kind}` 类上游还有这些键：{keys}。含义与默认值同上文；上文的变量只用于上游 `{kind}`。",
)
# The Chinese of what the tables say, by its English.
_ABOVE = {row.reason: chinese.REASONS[row.variable] for row in SCHEMA.rows} | {
    row.default_note: chinese_notes.NOTES[row.variable] for row in SCHEMA.rows if row.default_note
}
_BLOCK_COLUMNS = Words("In TOML | Kind | Default | What for", "TOML | 类型 | 默认值 | 用途")

_COLUMNS = Words(
    "Variable | In TOML | Kind | Default | What for", "变量 | TOML | 类型 | 默认值 | 用途"
)
_EMPTY = Words("empty", "空")
_ALSO = Words("also", "也可写作")


def render_configuration(language: str) -> str:
    """The whole page in one of the languages of `FILES`; KeyError for another."""
    if language not in FILES:
        raise KeyError(language)
    return "\n".join(_lines(language))


def _lines(language: str) -> Iterator[str]:
    yield _MARK.of(language)
    yield ""
    yield _INTRODUCTION.of(language)
    yield f"```toml\n{EXAMPLE}```"
    for table, settings in itertools.groupby(SCHEMA.rows, key=lambda setting: setting.table):
        title = Words(SCHEMA.titles[table], chinese_labels.TITLES[table]).of(language)
        yield f"\n## {title}{f' `[{table}]`' if table else ''}\n"
        yield f"| {_COLUMNS.of(language)} |"
        yield "|---|---|---|---|---|"
        for setting in settings:
            yield _row(setting, language)
    yield ""
    yield from _block_lines(language)


def _block_lines(language: str) -> Iterator[str]:
    yield _BLOCKS.of(language)
    yield f"```toml\n{BLOCKS_EXAMPLE}```\n"
    for table, rows in BLOCK_ROWS.items():
        yield f"{_KEYS_OF.of(language).format(table=table)}\n"
        yield from _block_table(table, rows, language)
        if table == "upstream":
            yield from _kind_lines(language)


def _kind_lines(language: str) -> Iterator[str]:
    for kind, options in SCHEMA.kinds.items():
        rows = {row.name: row for row in find_rows(options).values()}
        if kind in SCHEMA.own_kinds:
            names = ", ".join(f"`{name}`" for name in rows)
            yield f"{_KEYS_ABOVE.of(language).format(kind=kind, keys=names)}\n"
        else:
            yield f"{_KEYS_OF_KIND.of(language).format(kind=kind)}\n"
            yield from _block_table(kind, rows, language)


def _block_table(table: str, rows: Mapping[str, Setting], language: str) -> Iterator[str]:
    yield f"| {_BLOCK_COLUMNS.of(language)} |"
    yield "|---|---|---|---|"
    for row in rows.values():
        label, note, key = row.kind.label, row.default_note, f"{table}.{row.name}"
        if note:
            # What a table has said already is not translated again.
            default = Words(note, _ABOVE.get(note) or chinese.BLOCK_NOTES[note]).of(language)
        else:
            default = f"`{row.default}`" if row.default else _EMPTY.of(language)
        reason = Words(row.reason, _ABOVE.get(row.reason) or chinese.BLOCK_REASONS[key])
        yield _cells(
            f"`{row.name}`",
            Words(label, chinese_labels.translate_label(label)).of(language),
            default,
            reason.of(language),
        )
    yield ""


def _row(setting: Setting, language: str) -> str:
    also = "".join(f" ({_ALSO.of(language)} `{alias}`)" for alias in setting.aliases)
    label = setting.kind.label
    return _cells(
        f"`{setting.variable}`{also}",
        f"`{setting.name}`" if setting.key else "",
        Words(label, chinese_labels.translate_label(label)).of(language),
        _default(setting, language),
        Words(setting.reason, chinese.REASONS[setting.variable]).of(language),
    )


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(setting: Setting, language: str) -> str:
    if setting.default_note:
        note = Words(setting.default_note, chinese_notes.NOTES[setting.variable])
        return note.of(language)
    return f"`{setting.default}`" if setting.default else _EMPTY.of(language)


def write_configuration(folder: Path) -> None:
    """Write the page in every language."""
    for language, name in FILES.items():
        (folder / name).write_text(render_configuration(language), encoding="utf-8", newline="\n")

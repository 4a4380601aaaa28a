"""What the page weighs, how it is fetched, and how its style is laid out."""

from __future__ import annotations

import gzip
import re
from posixpath import dirname, join, normpath

from cursor_api.web.console.pages import FILE_HEADERS, SECURITY_HEADERS, read_static_files

FILES = read_static_files()
PAGE = FILES["index.html"].body.decode()
IMPORT = re.compile(r'\b(?:from|import) ?"([^"]+\.js)"')
# Everything that a first visit fetches. Peers send 0.9 to 2.5 MB.
WIRE_BYTES_MAX = 150_000
# Of all style sheets together: who needs more should first look at what there is.
STYLE_BYTES_MAX = 48_000
# A status line, date, type, length and tag, beside the headers that guard a file.
HEAD_BYTES = 300 + sum(len(name) + len(value) + 4 for name, value in FILE_HEADERS.items())
NOT_FETCHED = ("vendor/vendor.json", "vendor/lit-html/LICENSE.txt")


def imported(name: str) -> set[str]:
    """The modules that a module imports, by their names below `static/`."""
    folder = dirname(name)
    return {normpath(join(folder, one)) for one in IMPORT.findall(FILES[name].body.decode())}


def reachable(name: str) -> set[str]:
    """The modules that are needed for a module, and those that these need."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for one in imported(waiting.pop()) - seen:
            seen.add(one)
            waiting.append(one)
    return seen


def test_every_module_is_announced_and_none_is_idle() -> None:
    """The browser fetches all at once; a file that nothing imports would be dead weight."""
    announced = re.findall(r'rel="modulepreload" href="console/static/([^"]+)"', PAGE)
    assert announced == sorted(reachable("main.js"))
    scripts = {name for name in FILES if name.endswith(".js")}
    assert scripts == {*announced, "main.js"}


def test_a_first_visit_is_light() -> None:
    """All files as they are sent, with their heads, in one language."""
    fetched = [
        file
        for name, file in FILES.items()
        if name not in NOT_FETCHED and name != "lang/en.json"  # the Chinese table is the larger one
    ]
    total = sum(len(gzip.compress(file.body, mtime=0)) + HEAD_BYTES for file in fetched)
    total += sum(len(name) + len(value) + 4 for name, value in SECURITY_HEADERS.items())
    assert total <= WIRE_BYTES_MAX


def test_style_sheets_stay_small_and_in_their_layers() -> None:
    """All rules stand in a named layer, so that none has to be shouted over another."""
    sheets = {name: file.body.decode() for name, file in FILES.items() if name.endswith(".css")}
    linked = re.findall(r'rel="stylesheet" href="console/static/([^"]+)"', PAGE)
    assert sorted(linked) == sorted(sheets)
    (order,) = re.findall(r"^@layer ([a-z, ]+);$", sheets[linked[0]], re.MULTILINE)
    assert sum(len(text) for text in sheets.values()) <= STYLE_BYTES_MAX
    for name, text in sheets.items():
        rules = re.sub(r"/\*.*?\*/|^@layer [a-z, ]+;$", "", text, flags=re.DOTALL | re.MULTILINE)
        layer = re.match(r"\s*@layer ([a-z]+) \{\n", rules)
        assert layer is not None, name
        assert layer[1] in order.split(", "), name
        # Up to its own closing brace nothing stands at the margin.
        assert re.fullmatch(r"\s*@layer [a-z]+ \{\n(?:(?:[ ].*)?\n)*\}\n", rules), name
        assert "!important" not in rules, name

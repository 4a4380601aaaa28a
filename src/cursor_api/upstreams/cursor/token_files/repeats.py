"""What a user is told of lines that say again what another line says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cursor_api.domain.problems import Notice, NoticeCode
from cursor_api.upstreams.cursor.token_files.lines import NAMED_MAX, name_lines
from cursor_api.upstreams.cursor.token_files.text import Repeat


def warn_of_repeats(repeats: Sequence[Repeat]) -> Iterator[Notice]:
    """At most two for a file: of tokens that are there twice, and of aliases."""
    lines: dict[tuple[str, bool], list[int]] = {}
    for one in repeats:
        lines.setdefault((one.file, one.is_used), []).append(one.entry.line)
    for (path, is_used), numbers in lines.items():
        values = {"path": path, "lines": ", ".join(map(str, sorted(numbers)[:NAMED_MAX]))}
        found = f"{path}: {name_lines(sorted(numbers))}"
        if is_used:
            text = f"{found}: the alias of an earlier line; the token serves under another name."
            yield Notice(NoticeCode.ALIAS_REPEATED, text, values)
        else:
            text = f"{found}: the token of another line, which counts; delete this one."
            yield Notice(NoticeCode.LINE_REPEATED, text, values)

"""What was said in a request as a row of the table `contents`, the same in every database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from cursor_api.domain.record_content import RecordContent, Said
from cursor_api.stores.records.rows import RowError

# In the order of `content_row_of`.
COLUMNS: Final = ("id", "prompt", "answer", "is_cut", "size_bytes")
# Besides the texts: the row itself, and its place in the indexes.
OVERHEAD_BYTES: Final = 200
# Of requests with texts, those whose texts take about so much go in one step: writing it takes a
# database some 15 ms, and others wait for the step.
STEP_BYTES: Final = 500_000
_encode = msgspec.json.Encoder().encode
_said: Final = msgspec.json.Decoder(tuple[Said, ...])


def content_row_of(content: RecordContent) -> tuple[Any, ...]:
    """As it is kept, in the order of the columns."""
    prompt, answer = _json(content.prompt), _json(content.answer)
    size_bytes = len(prompt) + len(answer) + OVERHEAD_BYTES
    return content.id, prompt.decode(), answer.decode(), int(content.is_cut), size_bytes


def content_of(row: Sequence[Any]) -> RecordContent:
    """Of `id, prompt, answer, is_cut`; raises RowError for what `content_row_of` has not made."""
    try:
        return RecordContent(
            row[0], _said.decode(row[1]), _said.decode(row[2]), is_cut=bool(row[3])
        )
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        raise RowError(f"the texts of {str(row[0])[:40]!r} are not as written") from error


def _json(parts: Sequence[Said]) -> bytes:
    """Without halves of surrogate pairs, which JSON of a caller may bring in; NULs are escaped."""
    clean = [one._replace(text=one.text.encode("utf-8", "replace").decode()) for one in parts]
    return _encode(clean)

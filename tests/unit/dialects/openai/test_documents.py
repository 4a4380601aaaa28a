"""Documents as OpenAI's clients give them."""

from __future__ import annotations

import base64
import json

import pytest
from msgspec import Raw

from cursor_api.dialects.openai.documents import read_document, read_file
from cursor_api.domain.content import Document, Text

TEXT = base64.b64encode("Grüße".encode()).decode()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("data:application/pdf;base64,AA==", [Document("application/pdf", "AA==", name="a")]),
        ("AA==", [Document("application/pdf", "AA==", name="a")]),
        ("data:;base64,AA==", [Document("application/pdf", "AA==", name="a")]),
        ("data:image/png;x=1;base64,AA==", [Document("image/png", "AA==", name="a")]),
        (
            f"data:text/plain;charset=utf-8;base64,{TEXT}",
            [Text("\na\n"), Text("Grüße"), Text("\n")],
        ),
        ("data:text/csv;base64,/w==", []),
        ("data:text/plain;base64,%", []),
        ("data:text/plain,hello", []),
        ("data:application/pdf;base64,", []),
        ("data:application/pdf;base64", []),
        ("", []),
    ],
)
def test_a_document_or_its_text(data: str, expected: list[Document | Text]) -> None:
    """Text can be read by every model; what is no document is left to the caller."""
    assert list(read_document(data, "a")) == expected


def test_a_file_that_was_uploaded_is_none() -> None:
    """Only who has it can read it; so is whatever is no file."""
    given = {"filename": "a.pdf", "file_data": "AA=="}
    assert read_file(Raw(json.dumps(given).encode())) == (
        Document("application/pdf", "AA==", name="a.pdf"),
    )
    others: tuple[object, ...] = ({"file_id": "file-1"}, {"file_data": 7}, None, [], "x")
    for other in others:
        assert read_file(Raw(json.dumps(other).encode())) == ()


def test_a_document_without_a_name_has_no_heading() -> None:
    """A name stands on a line of its own in front of a text."""
    assert read_document(f"data:text/plain;base64,{TEXT}", "") == [
        *(Text("\n"), Text("Grüße"), Text("\n"))
    ]

"""Chat programs and libraries."""

from __future__ import annotations

import ast

from cursor_api.clients.chats import CHATS, LLM
from cursor_api.clients.client import Place, fill

PLACE = Place("http://127.0.0.1:3000", "the-key", "big", "little")


def test_python_snippets_are_python() -> None:
    """They can be pasted."""
    snippets = [one for client in CHATS for one in client.snippets if one.language == "python"]
    assert len(snippets) == 2
    for snippet in snippets:
        ast.parse(fill(snippet.template, snippet.language, PLACE))


def test_a_file_for_run_is_found_by_its_folder() -> None:
    """The program is told where to look by a variable."""
    assert LLM.file is not None
    assert (LLM.file.name, LLM.file.folder_variable) == (
        "extra-openai-models.yaml",
        "LLM_USER_PATH",
    )

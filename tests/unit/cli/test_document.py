"""The documents that are generated, all at once."""

from __future__ import annotations

import shutil
from pathlib import Path

from cursor_api.cli.document import write_documents

DOCS = Path(__file__).parents[3] / "docs"


def test_written_again_they_are_what_they_are(tmp_path: Path) -> None:
    """Nobody has changed one by hand, or forgot to write it."""
    for page in DOCS.glob("clients*.md"):
        shutil.copy(page, tmp_path)
    write_documents(tmp_path)
    written = {page.name: page.read_text(encoding="utf-8") for page in tmp_path.iterdir()}
    assert len(written) == 6
    assert written == {name: (DOCS / name).read_text(encoding="utf-8") for name in written}

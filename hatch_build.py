"""What building adds to the metadata: the README as a registry shows it.

A registry shows the README away from the repository, where a link to `docs/…` leads nowhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from hatchling.metadata.plugin.interface import MetadataHookInterface

# A link to a file of the repository: neither an address nor a place on the same page.
_LOCAL_LINK: Final = re.compile(r"\]\((?!#|[a-z]+:)([^)\s]+)\)")


def make_links_absolute(text: str, repository: str) -> str:
    """Markdown with its links to files of the repository as links to the pages that show them."""
    return _LOCAL_LINK.sub(rf"]({repository}/blob/main/\1)", text)


class ReadmeHook(MetadataHookInterface):
    """Named in pyproject.toml; hatchling finds it by its base class."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Put the README in; `urls.Repository` says where its links lead."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        repository = metadata["urls"]["Repository"]
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": make_links_absolute(text, repository),
        }

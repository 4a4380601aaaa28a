"""The section of a page that a program writes, between two marks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageSection:
    """Whose marks have this name."""

    name: str

    @property
    def _marks(self) -> tuple[str, str]:
        return f"<!-- {self.name}: begin -->\n", f"<!-- {self.name}: end -->"

    def find(self, page: str) -> str:
        """What stands between the marks; raises ValueError where there are none."""
        begin, end = self._marks
        _, has_begun, rest = page.partition(begin)
        section, has_ended, _ = rest.partition(end)
        if not has_begun or not has_ended:
            raise ValueError(f"the page has no {begin.strip()} and {end}")
        return section

    def put_into(self, page: str, section: str) -> str:
        """The page with another section between its marks."""
        begin, end = self._marks
        return page.replace(f"{begin}{self.find(page)}{end}", f"{begin}{section}{end}")

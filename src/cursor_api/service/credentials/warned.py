"""What a watch that looks every second warns of: each matter once, until it is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cursor_api.domain.problems import Notice
from cursor_api.ports.process import Observer


class Warned:
    """Warns through an observer, and knows what of."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        # By matter, the detail that was told last.
        self._details: dict[str, str | Notice] = {}

    def warn(self, matter: str | Notice, detail: str | Notice = "") -> None:
        """Tell it, where it was not told with this detail before."""
        if self._is_news(matter, detail):
            if detail:
                self._observer.warn(matter, detail=detail)
            else:
                self._observer.warn(matter)

    def end(self, matter: str | Notice) -> None:
        """It is over, and news when it comes again."""
        self._details.pop(str(matter), None)

    async def go_on_after(self, task: str, step: Callable[[], Awaitable[None]]) -> None:
        """Take a step of the watch; a bug in it ends neither the other steps nor the watch."""
        matter = f"the watch failed to {task}, and will try again"
        try:
            await step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the watch has other things to do
            if self._is_news(matter, type(error).__name__):
                self._observer.warn(matter, exc_info=error)
        else:
            self.end(matter)

    def _is_news(self, matter: str | Notice, detail: str | Notice) -> bool:
        if self._details.get(str(matter)) == detail:
            return False
        self._details[str(matter)] = detail
        return True

"""What happens outside of requests, told through the log."""

from __future__ import annotations

import logging

from cursor_api.domain.problems import Notice

_log = logging.getLogger("cursor_api")


class LogObserver:
    """Implements `ports.Observer`."""

    def notice(self, event: str, /, **facts: object) -> None:
        """Something went as it should."""
        _log.info(event, extra={"facts": facts})

    def warn(
        self, event: str | Notice, /, *, exc_info: BaseException | None = None, **facts: object
    ) -> None:
        """Something a person should look at."""
        _log.warning(str(event), extra={"facts": facts}, exc_info=exc_info)

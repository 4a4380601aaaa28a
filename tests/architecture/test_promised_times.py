"""Times that the pages promise in words are those by which the program goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.domain.errors import FaultKind
from cursor_api.pool.cooldown import BACKOFFS, COOLDOWN_S_MAX
from cursor_api.service.access.keys import TRUSTED_S
from cursor_api.service.access.store_watch import WATCH_EVERY_S
from cursor_api.service.credentials import roster, shared_health, shared_use
from cursor_api.service.inference.endpoints import ANSWERING_S
from cursor_api.service.inference.failover import RETRY_WAIT_S_MAX
from cursor_api.stores.memory_limits import LEASE_S
from cursor_api.stores.records import log, questions, spooled, sums
from cursor_api.stores.redis import link

DAY_S = 24 * 3600
# Page and words, with the seconds that they mean, and what the program does.
PROMISES: list[tuple[str, str, float, float]] = [
    ("nodes.md", "within a quarter of a second the first time", 0.25, link.ANSWER_S),
    ("nodes.md", "tries to reconnect every second", 1, link.RETRY_S),
    ("nodes.md", "everything else within two seconds", 2, WATCH_EVERY_S),
    ("nodes.md", "known keys without limits keep working for a minute", 60, TRUSTED_S),
    ("nodes.md", "limits of keys and credentials become free after 30 seconds", 30, LEASE_S),
    ("nodes.md", "of keys and credentials become free after 30 seconds", 30, shared_use.LEASE_S),
    ("nodes.md", "another node tests it after ten seconds", 10, shared_health.PROBE_S),
    (
        "records.md",
        "a quarter of a second after the requests end",
        0.25,
        log.LogTimes().write_after_s,
    ),
    ("records.md", "| 400 days |", 400 * DAY_S, sums.SUMS_KEPT_S),
    ("reliability.md", "as the upstream says, but at most for six hours", 6 * 3600, COOLDOWN_S_MAX),
    ("reliability.md", "answered anybody within the last 30 seconds", 30, ANSWERING_S),
    ("reliability.md", "The gateway waits for up to 2 seconds", 2, RETRY_WAIT_S_MAX),
    (
        "reliability.md",
        "otherwise for 30 seconds, doubled each time. Another one is tried at once",
        30,
        BACKOFFS[FaultKind.RATE_LIMITED].first_s,
    ),
    (
        "reliability.md",
        "the failed one rests for 30 seconds, doubled each time",
        30,
        BACKOFFS[FaultKind.CREDENTIAL_FAILING].first_s,
    ),
]


@pytest.mark.parametrize(("page", "words", "promised_s", "found_s"), PROMISES)
def test_what_a_page_says_is_what_is_done(
    root: Path, page: str, words: str, promised_s: float, found_s: float
) -> None:
    """Whoever changes one has to change the other."""
    assert words in (root / "docs" / page).read_text(encoding="utf-8")
    assert found_s == promised_s


def test_what_is_looked_at_again_and_again_is_seen_in_time() -> None:
    """Changes of credentials, pages of records, and a database that is back."""
    # A file has to stand still for two looks, and the first of them may just have been.
    assert 2 * roster.LOOK_EVERY_S < 2
    assert questions.PAGE_BUDGET_S < 0.25
    assert max(spooled.RETRY_S, log.LogTimes().retry_s) <= 5

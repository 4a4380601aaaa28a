"""The machine's time zone, however the machine says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.options.zone import find_machine_zone


def machine(root: Path, *, link: str = "", text: str | None = None) -> Path:
    """A file system with /etc/localtime as a link or a copy, and perhaps /etc/timezone."""
    (root / "etc").mkdir()
    if link:
        (root / "etc/localtime").symlink_to(link)
    else:
        (root / "etc/localtime").write_bytes(b"TZif2")
    if text is not None:
        (root / "etc/timezone").write_bytes(text.encode("utf-8"))
    return root


@pytest.mark.parametrize(
    "link",
    [
        "/usr/share/zoneinfo/Asia/Shanghai",
        "../usr/share/zoneinfo/Asia/Shanghai",
        "/usr/share/zoneinfo/posix/Asia/Shanghai",
        "/var/db/timezone/zoneinfo/Asia/Shanghai",
    ],
)
def test_the_link_tells_the_name(tmp_path: Path, link: str) -> None:
    """Linux and macOS link /etc/localtime into the database."""
    assert find_machine_zone({}, machine(tmp_path, link=link)) == "Asia/Shanghai"


def test_debian_writes_the_name_down(tmp_path: Path) -> None:
    """Where /etc/localtime is a copy, /etc/timezone has the name."""
    assert find_machine_zone({}, machine(tmp_path, text="Europe/Berlin\n")) == "Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("America/New_York", "America/New_York"),
        (":America/New_York", "America/New_York"),
        ("/usr/share/zoneinfo/America/New_York", "America/New_York"),
        ("CST-8", None),
        ("Nowhere/AtAll", None),
    ],
)
def test_tz_comes_first(tmp_path: Path, text: str, zone: str | None) -> None:
    """The variable rules the C library, so it rules here; a rule without a name has none."""
    root = machine(tmp_path, link="/usr/share/zoneinfo/Asia/Shanghai")
    assert find_machine_zone({"TZ": text}, root) == zone


@pytest.mark.parametrize(
    "text", ["", "\n", "Nowhere/AtAll", "中文", "../../etc/passwd", "x" * 5000]
)
def test_a_machine_that_does_not_know(tmp_path: Path, text: str) -> None:
    """Nonsense is not taken for a zone."""
    assert find_machine_zone({}, machine(tmp_path, text=text)) is None


def test_a_machine_without_files(tmp_path: Path) -> None:
    """Windows has neither file."""
    assert find_machine_zone({}, tmp_path) is None

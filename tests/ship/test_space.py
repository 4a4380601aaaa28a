"""The folder for Hugging Face is a Space: its front matter, its port, what it is built from."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.space import PARTS, ROOT

FOLDER = ROOT / "deploy" / "huggingface"
COLORS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}


def test_the_front_matter_is_a_docker_spaces() -> None:
    """The keys that Hugging Face asks for, within its bounds; the port is the Dockerfile's."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    found = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    assert found is not None
    matter = dict(re.findall(r"^(\w+): (.+)$", found[1], re.MULTILINE))
    assert matter["sdk"] == "docker"
    assert {matter["colorFrom"], matter["colorTo"]} <= COLORS
    assert len(matter["short_description"]) <= 60
    dockerfile = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    assert f"PORT={matter['app_port']} \\\n" in dockerfile
    assert f"EXPOSE {matter['app_port']}\n" in dockerfile


def test_everything_that_its_dockerfile_copies_is_put_beside_it() -> None:
    """Its own folder is all that a Space has."""
    dockerfile = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    copied = [
        name
        for line in re.findall(r"^COPY (?!--from)(.*) \S+$", dockerfile, re.MULTILINE)
        for name in line.split()
    ]
    assert set(copied) - {Path(part).name for part in PARTS} == {"*.whl"}
    assert all((ROOT / part).is_file() for part in PARTS)


def test_what_its_page_calls_secrets_are_settings() -> None:
    """A name that is none would be passed over in silence."""
    for page in (FOLDER / "README.md", ROOT / "docs" / "huggingface.md"):
        names = re.findall(r"^\| `([A-Z_]+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE)
        settings = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
        assert names
        assert [name for name in names if f"| `{name}` |" not in settings] == []

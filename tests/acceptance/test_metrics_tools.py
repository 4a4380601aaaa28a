"""What Prometheus and Grafana make of the metrics: its own tool reads them, no name is made up."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.house import BEARER, House
from tests.serving import ask, serve

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
DASHBOARD = json.loads((ROOT / "deploy/grafana/cursor-api.json").read_text())
CHAT = b'{"model":"%b","messages":[{"role":"user","content":"hi"}]}'
NAME = re.compile(r"\bcursor_api_[a-z_]+")
SUFFIXES = ("_bucket", "_sum", "_count", "_total", "_created", "_info")


@pytest.fixture
def promtool() -> str:
    """Prometheus's own tool."""
    found = shutil.which("promtool")
    if found is None:
        if os.environ.get("REQUIRE_SERVERS"):
            pytest.fail("promtool is not here; Debian has it in the package prometheus")
        pytest.skip("no promtool here (Debian: apt-get install prometheus)")
    return found


async def scrape() -> str:
    """The page of a gateway that has answered, failed and refused."""
    house = House()
    async with serve(house.app) as port:
        for model in (b"gpt-4o", b"nobody's"):
            body = CHAT % model
            await ask(port, "POST", "/v1/chat/completions", headers=BEARER, body=body)
        await ask(port, "GET", "/metrics")
        return (await ask(port, "GET", "/metrics", headers=BEARER)).body.decode()


def run(*command: str, cwd: Path = PROMETHEUS, given: str = "") -> str:
    """What a program says; it has to be content."""
    done = subprocess.run(
        command, cwd=cwd, input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


async def test_prometheus_reads_the_page_and_has_nothing_to_say(promtool: str) -> None:
    """Names, suffixes, help texts: as it wants them."""
    assert run(promtool, "check", "metrics", given=await scrape()) == ""


def test_the_alerts_are_right_and_fire_when_they_should(promtool: str) -> None:
    """By its own tests of rules."""
    assert "SUCCESS" in run(promtool, "check", "config", "prometheus.yml")
    assert "SUCCESS" in run(promtool, "test", "rules", "cursor-api.rules.test.yml")


def test_every_panel_asks_what_prometheus_understands(promtool: str, tmp_path: Path) -> None:
    """Its questions, as rules that would record the answers."""
    rules = [
        {"record": f"panel:number_{panel['id']}:{target['refId']}", "expr": expression}
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
        for expression in [target["expr"].replace("$__rate_interval", "5m")]
    ]
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": rules}]}))
    assert f"SUCCESS: {len(rules)} rules found" in run(promtool, "check", "rules", str(path))


def base_names(text: str) -> set[str]:
    """Of the metrics that a text speaks of."""
    return {re.sub(f"(?:{'|'.join(SUFFIXES)})$", "", name) for name in NAME.findall(text)}


async def test_no_rule_panel_or_page_speaks_of_a_metric_that_is_not_there() -> None:
    """And neither the page that explains them nor the dashboard leaves one out."""
    there = {
        re.sub("_info$", "", family.name)
        for family in text_string_to_metric_families(await scrape())
    }
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for path in (
        *PROMETHEUS.glob("*.yml"),
        ROOT / "deploy/grafana/cursor-api.json",
        ROOT / "docs/metrics.md",
        ROOT / "docs/metrics.zh-CN.md",
    ):
        found = base_names(path.read_text())
        assert found <= there, (path.name, found - there)
        # The page explains all, and the dashboard shows all.
        if path.suffix in {".md", ".json"}:
            assert found == there, (path.name, there - found)

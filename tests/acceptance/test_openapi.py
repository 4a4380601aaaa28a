"""A served gateway keeps to its own OpenAPI document, whatever it is asked.

schemathesis reads the document from the gateway and sends what it allows, what it forbids, wrong
and missing keys, and chains such as adding, changing and removing a credential. It is not ours;
what it finds can be repeated with its seed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.background import upstream
from tests.acceptance.programs import environment, running
from tests.examples import ALL

KEY = "a-key-for-acceptance-tests"
TOKENS = "work::an-opaque-token\nother::another-opaque-token\n"
PREFIX = "/hf"
EXAMPLE_COUNT_MAX = 8
# Chains of requests are few and find each other late; single ones are tried by the thousand anyway.
CONFIGURATION = f"""
[phases.fuzzing.generation]
max-examples = {EXAMPLE_COUNT_MAX if ALL else 2}
"""
# Ten seconds on an idle machine, more where others work.
RUN_S_MAX = 240.0

# What a line of a token file is, no JSON Schema says: valid JSON may well be refused. Methods that
# an address does not have are refused by the parser (QUERY), the hot path and the router, each in
# its own way; tests/unit/web holds each to it.
EXCLUDED = "positive_data_acceptance,unsupported_method"


@pytest.mark.timeout(RUN_S_MAX + 30)
def test_the_gateway_keeps_to_its_document(tmp_path: Path) -> None:
    """No status, type, header or shape that is not described; no 5xx; no key that is not asked."""
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / ".token").write_text(TOKENS, encoding="utf-8")
    # It sends wrong keys by the dozen, and wants a 401 for each.
    unlocked = {"GATEWAY_WRONG_KEYS_MAX": "0"}
    variables = {"AUTH_TOKEN": KEY, "PORT": "0", "ROUTE_PREFIX": PREFIX, **unlocked}
    with (
        upstream() as cursor,
        running(
            [sys.executable, "-m", "cursor_api", "serve"],
            tmp_path,
            {**variables, "CURSOR_BASE_URL": cursor.url},
        ) as gateway,
    ):
        result = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "run"),
                f"{gateway.url}{PREFIX}/api/openapi.json",
                *("--header", f"Authorization: Bearer {KEY}"),
                *("--exclude-checks", EXCLUDED),
                *("--max-examples", str(EXAMPLE_COUNT_MAX), "--seed", "1"),
                *("--generation-database", "none", "--no-color"),
            ],
            cwd=tmp_path,
            env=environment({"HYPOTHESIS_STORAGE_DIRECTORY": str(tmp_path / "hypothesis")}),
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=RUN_S_MAX,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "49 selected / 49 total" in result.stdout
        assert cursor.requests(), "no request got as far as the upstream"
        assert "Traceback" not in gateway.said()

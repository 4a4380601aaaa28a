"""A further kind of upstream and a further client API: a folder and a line each, and they serve.

Both are added to a copy of the package, which then runs as a program and keeps every contract.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.acceptance.background import LoopThread
from tests.acceptance.programs import Program, running
from tests.scripted_server import ScriptedServer, Turn

KEY = "extension-key-0123456789"
# Each endpoint's own.
KEYS = {"first": "canary-of-the-first-0123456789", "second": "canary-of-the-second-0123456789"}
OLD = "OLD-TOKEN-OF-CURSOR-0123456789"
LINES = (
    (
        "from cursor_api.dialects.openai_chat.dialect import OpenAiChat\n",
        "from cursor_api.dialects.toy.dialect import ToyDialect\n",
    ),
    (
        "from cursor_api.upstreams.cursor.token_files.text import TextLimits\n",
        "from cursor_api.upstreams.toy.kind import ToyKind\n",
    ),
)
CONFIGURATION = """
[[upstream]]
name = "first"
kind = "toy"
base_url = "{first}"
api_key = "{first_key}"
headers = {{ x-team = "red" }}

[[upstream]]
name = "second"
kind = "toy"
base_url = "{second}"
api_key_env = "SECOND_KEY"
models = ["toy-2"]

[[model]]
name = "best"
routes = ["first/toy-1", "second/toy-2"]
aliases = ["better"]
"""


@dataclass(frozen=True, slots=True)
class Toy:
    """A server of the toy's, and what it has been asked. `refusals` are its next statuses."""

    server: ScriptedServer
    asked: list[Turn]
    refusals: list[int]

    def keys(self) -> set[str]:
        """Those that it was shown."""
        return {turn.headers["toy-key"] for turn in self.asked}


@contextmanager
def toys() -> Iterator[Mapping[str, Toy]]:
    """Two of them, one for each endpoint."""
    with LoopThread() as loop:
        yield {name: _toy(loop) for name in KEYS}


def _toy(loop: LoopThread) -> Toy:
    asked: list[Turn] = []
    refusals: list[int] = []

    async def say(turn: Turn) -> None:
        asked.append(turn)
        if refusals:
            await turn.answer(b"no", status=refusals.pop(0))
            return
        await turn.head(content_type="text/plain")
        for word in (*turn.body.decode().split(), "."):
            await turn.chunk(f"{word}\n".encode())
        await turn.end()

    server = ScriptedServer(say)
    loop.open(server)
    return Toy(server, asked, refusals)


@pytest.fixture(scope="module")
def extended(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with both of them."""
    root, folder = pytestconfig.rootpath, tmp_path_factory.mktemp("extended")
    shutil.copy(root / "pyproject.toml", folder)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(root / "src", folder / "src", ignore=ignored)
    package = folder / "src" / "cursor_api"
    for place, module in (("upstreams", "kind"), ("dialects", "dialect")):
        there = package / place / "toy"
        there.mkdir()
        (there / "__init__.py").write_text('"""The toy."""\n')
        source = root / "tests" / "extension" / f"toy_{place.removesuffix('s')}.py"
        shutil.copy(source, there / f"{module}.py")
    installed = package / "installed.py"
    text = installed.read_text()
    for known, added in LINES:
        assert known in text
        text = text.replace(known, known + added)
    for known, added in (
        ("    OpenAiChat(_RESPONSES.parse),", " ToyDialect(),"),
        ("    CursorKind(),", " ToyKind(),"),
    ):
        assert known in text
        text = text.replace(known, known + added)
    installed.write_text(text)
    return folder


@contextmanager
def gateway(
    extended: Path, folder: Path, both: Mapping[str, Toy], more: str = ""
) -> Iterator[Program]:
    """The copy as a program, with both endpoints and a token of Cursor's."""
    urls = {name: toy.server.url for name, toy in both.items()}
    text = CONFIGURATION.format(**urls, first_key=KEYS["first"]) + more
    (folder / "cursor-api.toml").write_text(text)
    (folder / ".token").write_text(f"{OLD}\n")
    (folder / ".token").chmod(0o600)
    command = [sys.executable, "-m", "cursor_api", "serve"]
    variables = {
        "PYTHONPATH": str(extended / "src"),
        "AUTH_TOKEN": KEY,
        "PORT": "0",
        "SECOND_KEY": KEYS["second"],
        "GATEWAY_LOG_LEVEL": "debug",
        "CURSOR_BASE_URL": "http://127.0.0.1:1",
    }
    with running(command, folder, variables) as program:
        yield program


def ask(program: Program, path: str, body: Mapping[str, Any]) -> httpx.Response:
    """A question with the operator's key."""
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.post(program.url + path, headers=headers, json=body, timeout=10)


def chat(program: Program, model: str) -> str:
    """What OpenAI's chat is answered."""
    body = {"model": model, "messages": [{"role": "user", "content": "say these words"}]}
    answer = ask(program, "/v1/chat/completions", body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["choices"][0]["message"]["content"])


def test_every_contract_is_kept(extended: Path) -> None:
    """Nothing had to be changed for them."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"],
        cwd=extended,
        env={**os.environ, "PYTHONPATH": str(extended / "src"), "COLUMNS": "200"},
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stdout


def test_the_new_upstream_answers_through_both_client_apis(extended: Path, tmp_path: Path) -> None:
    """Streamed and whole; errors and models as each of them spells them."""
    with toys() as both, gateway(extended, tmp_path, both) as program:
        assert chat(program, "toy-1") == "saythesewords"
        whole = ask(program, "/toy/ask", {"model": "toy-1", "ask": "one two"})
        assert whole.json() == {"said": "onetwo"}
        body = {"model": "second/toy-2", "ask": "one two", "stream": True}
        streamed = ask(program, "/toy/ask", body)
        assert streamed.text.endswith("event: end\ndata: \n\n")
        said = [line[6:] for line in streamed.text.splitlines() if line.startswith("data: ")]
        assert "".join(said) == "onetwo"
        wrong = ask(program, "/toy/ask", {"model": "toy-9", "ask": "?"})
        assert (wrong.status_code, wrong.json()) == (420, {"wrong": "model_not_found"})
        headers = {"Authorization": f"Bearer {KEY}"}
        listed = httpx.get(f"{program.url}/v1/models", headers=headers).json()["data"]
        names = [one["id"] for one in listed]
        assert names[0] == "best"
        assert {"toy-1", "toy-2"} <= set(names)
        document = httpx.get(f"{program.url}/api/openapi.json", headers=headers).json()
        assert "/toy/ask" in document["paths"]
        assert both["first"].asked[0].headers["x-team"] == "red"
        assert "x-team" not in both["second"].asked[0].headers


def test_a_secret_goes_to_its_own_endpoint_and_nowhere_else(extended: Path, tmp_path: Path) -> None:
    """Not when another endpoint takes over, and not into a log, a page or an error."""
    with toys() as both, gateway(extended, tmp_path, both) as program:
        assert chat(program, "better") == "saythesewords"
        both["first"].refusals.extend([401])
        # Its only key is refused: the next route's endpoint takes over, with a key of its own.
        assert chat(program, "best") == "saythesewords"
        assert chat(program, "best") == "saythesewords"
        assert len(both["first"].asked) == 2
        assert len(both["second"].asked) == 2
        headers = {"Authorization": f"Bearer {KEY}"}
        shown = [
            httpx.get(program.url + path, headers=headers).text
            for path in ("/logs", "/api/credentials", "/v1/models", "/api/openapi.json")
        ]
        for name, toy in both.items():
            assert toy.keys() == {KEYS[name]}
        states = {one["alias"]: one["state"] for one in json.loads(shown[1])["credentials"]}
        assert states["first"] == "quarantined"
        assert states["second"] == "healthy"
        said = program.said() + "".join(shown)
        assert not [secret for secret in (*KEYS.values(), OLD) if secret in said]

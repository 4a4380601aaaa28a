"""The agents that are run: how each is asked without a screen, beyond what `cursor-api run` knows.

What an agent is told of the gateway is the table of clients, of which docs/clients.md is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cursor_api.clients.agents import CLAUDE_CODE, CODEX, CONTINUE, COPILOT, OPENCODE, PI, QWEN_CODE
from cursor_api.clients.client import Client, Place, fill, fill_argument, variables_of

MODULES: Final = Path(__file__).parent / "node_modules"
OPENAI_MODEL: Final = "gpt-simulated"
CLAUDE_MODEL: Final = "claude-simulated"

# Documented switches: no updates, no telemetry, no lists from elsewhere. Whatever asks for another
# host all the same meets a proxy that is not there.
QUIET: Final[Mapping[str, str]] = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "QWEN_CODE_SUPPRESS_YOLO_WARNING": "1",
    "COPILOT_OFFLINE": "true",
    "PI_OFFLINE": "1",
}


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent. `ask` is what stands before the question, `go_on` the same for a second turn.

    `config` is where its file is below HOME, "" for none; `read` a question that has it read a
    file, `{path}` being which.
    """

    client: Client
    package: str
    model: str
    ask: Sequence[str]
    go_on: Sequence[str]
    after: Sequence[str] = ()
    config: str = ""
    read: str = "Read the file {path} and say what it holds."

    @property
    def name(self) -> str:
        """Its name in the table."""
        return self.client.title

    def settings(self, place: Place, home: Path) -> dict[str, str]:
        """Set up as its part of docs/clients.md says: files below HOME, and its variables."""
        if self.client.file is not None and self.config:
            path = home / self.config
            path.parent.mkdir(parents=True, exist_ok=True)
            text = fill(self.client.file.template, self.client.file.language, place)
            path.write_text(text, encoding="utf-8")
        return variables_of(self.client, place)

    def command(self, place: Place, question: str) -> list[str]:
        """How it is started without `cursor-api run`."""
        # With a file of its own it needs none of the arguments that stand in for one.
        own = () if self.config else self.client.arguments
        given = [fill_argument(text, place) for text in own]
        return [self.client.program, *given, *self.ask, question, *self.after]


AGENTS: Final = (
    Agent(
        CLAUDE_CODE,
        "@anthropic-ai/claude-code",
        CLAUDE_MODEL,
        ask=("-p",),
        go_on=("--continue", "-p"),
        after=("--allowedTools", "Read,Bash"),
    ),
    Agent(
        CODEX,
        "@openai/codex",
        OPENAI_MODEL,
        # The folder is this group's own, and thrown away; inside a container Codex's own sandbox
        # cannot be set up.
        ask=("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"),
        go_on=(
            *("exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"),
            *("resume", "--last"),
        ),
        config=".codex/config.toml",
        # It reads files with its shell.
        read="Run `cat {path}` and say what it holds.",
    ),
    Agent(
        OPENCODE,
        "opencode-ai",
        OPENAI_MODEL,
        ask=("run",),
        go_on=("run", "--continue"),
        config=".config/opencode/opencode.json",
    ),
    Agent(
        QWEN_CODE,
        "@qwen-code/qwen-code",
        OPENAI_MODEL,
        ask=("-p",),
        go_on=("--continue", "-p"),
        after=("--approval-mode", "yolo"),
    ),
    Agent(
        CONTINUE,
        "@continuedev/cli",
        OPENAI_MODEL,
        ask=("-p",),
        go_on=("--resume", "-p"),
        after=("--auto",),
        config=".continue/config.yaml",
    ),
    Agent(
        COPILOT,
        "@github/copilot",
        OPENAI_MODEL,
        ask=("-p",),
        go_on=("--continue", "-p"),
        after=("--allow-all-tools",),
    ),
    Agent(
        PI,
        "@earendil-works/pi-coding-agent",
        OPENAI_MODEL,
        ask=("-p",),
        go_on=("--continue", "-p"),
        config=".pi/agent/models.json",
    ),
)

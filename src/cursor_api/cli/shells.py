"""`cursor-api completion`: how it explains itself. What it does is loaded when it is run."""

from __future__ import annotations

from typing import Final

from cursor_api.cli.terminal.subcommand import Subcommands, run_later

SHELLS: Final = ("bash", "zsh", "fish")

COMPLETION = """\
Print a shell completion script for this program.

  source <(cursor-api completion bash)                        in ~/.bashrc
  source <(cursor-api completion zsh)                         in ~/.zshrc, after compinit
  cursor-api completion fish > ~/.config/fish/completions/cursor-api.fish"""


def add_commands(commands: Subcommands) -> None:
    """Put `completion` among the commands."""
    completion = commands.add("completion", run_later("completion", "completion"), COMPLETION)
    completion.add_argument("shell", choices=SHELLS, help="the shell to complete in")

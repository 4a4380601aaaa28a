"""What is said of a client program, and how a gateway's address, key and models come into it.

Rules of this file:
- Texts are templates: `@root@`, `@v1@` (the address without and with /v1), `@key@`, `@model@`,
  `@small@` (for small tasks), `@models@` (a JSON object with all) and `@file@` (where `run` has
  written the client's file) stand for values.
- A value is escaped for the language that it comes into, whatever is in it.
"""

from __future__ import annotations

import enum
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from msgspec import Struct

from cursor_api.options.said import Words


class Api(enum.Enum):
    """Which of the gateway's APIs a client speaks."""

    CHAT = "/v1/chat/completions"
    RESPONSES = "/v1/responses"
    MESSAGES = "/v1/messages"


class ClientFile(Struct, frozen=True):
    """A file that a client reads. `where` says which; `name` is what `run` calls its own one.

    `folder_variable` is the variable that names the folder it is looked for in, "" where an
    argument names the file.
    """

    where: Words
    language: str
    template: str
    name: str = ""
    folder_variable: str = ""


class Snippet(Struct, frozen=True):
    """Something to paste into a terminal or a program."""

    language: str
    template: str


class Client(NamedTuple):
    """One client program.

    `variables` are what it reads from its environment, `unset` what may not be set beside them.
    `program` is what `run` starts, with `arguments` before the user's own; "" where it is no
    program that can be started so. `run_variables` are for `run` alone. One that `uses_tools` is of
    little use with a model that cannot call them.
    """

    name: str
    title: str
    api: Api
    steps: tuple[Words, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    unset: tuple[str, ...] = ()
    file: ClientFile | None = None
    snippets: tuple[Snippet, ...] = ()
    program: str = ""
    arguments: tuple[str, ...] = ()
    run_variables: tuple[tuple[str, str], ...] = ()
    install: str = ""
    uses_tools: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def can_run(self) -> bool:
        """Whether `run` can start it: by its own name, or whatever program reads its variables."""
        return bool(self.program or self.variables)


class Place(NamedTuple):
    """A gateway as clients are pointed at it. `root_url` has no /v1 and no slash at its end."""

    root_url: str
    key: str
    model: str
    small_model: str
    models: tuple[str, ...] = ()

    @property
    def v1_url(self) -> str:
        """What most clients call the base URL."""
        return f"{self.root_url}/v1"


_MARK: Final = re.compile(r"@(root|v1|key|model|small|models|file)@")
# Those whose strings are JSON's.
_LIKE_JSON: Final = frozenset({"json", "toml", "yaml", "python", "js"})

# What is no chat model.
_OTHERS: Final = (
    *("*embed*", "*whisper*", "*tts*", "*dall-e*", "*moderation*", "*rerank*", "*image*"),
    *("*transcribe*", "*realtime*", "*audio*"),
)
_WANTED: Final[Mapping[Api, tuple[str, ...]]] = {
    Api.MESSAGES: ("*claude*sonnet*", "*claude*opus*", "*claude*"),
    Api.RESPONSES: ("*gpt-5*codex*", "*gpt-5*", "*codex*", "*gpt*"),
    Api.CHAT: (),
}
_GOOD: Final = ("composer*", "*claude*sonnet*", "*gpt-5*", "*claude*")
_SMALL: Final = ("*haiku*", "*mini*", "*flash*", "*nano*", "*small*", "*lite*")


def choose_models(api: Api, served: Sequence[str]) -> tuple[str, str] | None:
    """Of what is served a model for the work and one for small tasks; None where nothing fits."""
    chat = [name for name in served if not _fits(name, _OTHERS)]
    if not chat:
        return None
    large = [name for name in chat if not _fits(name, _SMALL)] or chat
    wanted = (*_WANTED[api], *_GOOD)
    model = _first(large, wanted) or large[0]
    own = _first([name for name in chat if _fits(name, _SMALL)], _relatives(model))
    return model, own or _first(chat, _SMALL) or model


def choose_for(
    client: Client, served: Sequence[str], with_tools: Sequence[str]
) -> tuple[str, str] | None:
    """The same for one client; an agent without tools would be a chat."""
    fitting = with_tools if client.uses_tools else ()
    return choose_models(client.api, fitting) or choose_models(client.api, served)


def _relatives(model: str) -> tuple[str, ...]:
    """Of one vendor with it, as far as names tell."""
    return (f"*{re.split('[^a-z]', model.lower().rpartition('/')[2])[0]}*",)


def _first(names: Sequence[str], patterns: Sequence[str]) -> str | None:
    return next((name for pattern in patterns for name in names if _fits(name, (pattern,))), None)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name.lower(), pattern) for pattern in patterns)


def fill(template: str, language: str, place: Place, file: str = "") -> str:
    """The template with the values, each as a string of this language (sh: in quotes if need be).

    In "" they are as they are.
    """
    values = {
        "root": place.root_url,
        "v1": place.v1_url,
        "key": place.key,
        "model": place.model,
        "small": place.small_model,
        "file": file,
    }

    def put(match: re.Match[str]) -> str:
        if match[1] == "models":
            names = place.models or dict.fromkeys((place.model, place.small_model))
            return ", ".join(f"{json.dumps(name)}: {{}}" for name in names)
        return _escape(values[match[1]], language)

    return _MARK.sub(put, template)


def _escape(value: str, language: str) -> str:
    if language in _LIKE_JSON:
        return json.dumps(value, ensure_ascii=False)[1:-1]
    if language == "sh":
        # In a template of this language they stand in double quotes.
        return re.sub(r'([\\"$`])', r"\\\1", value)
    return value


def fill_argument(template: str, place: Place, file: str = "") -> str:
    """An argument, or a variable's value: as it is, but for what is JSON or TOML itself."""
    return fill(template, "json" if '"' in template else "", place, file)


def variables_of(client: Client, place: Place) -> dict[str, str]:
    """What to set."""
    return {name: fill_argument(template, place) for name, template in client.variables}


def exports_of(client: Client, place: Place) -> list[str]:
    """The same as lines for a shell."""
    lines = [f"unset {name}" for name in client.unset]
    lines += [
        f"export {n}={shlex.quote(value)}" for n, value in variables_of(client, place).items()
    ]
    return lines

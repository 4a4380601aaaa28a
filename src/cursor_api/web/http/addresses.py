"""The spellings in which an address is meant, and what is said where there is nothing.

Rules of this file:
- Only what clients put a base URL in front of has more than one spelling: the inference addresses.
  Every other one has exactly one, by which a proxy in front can tell it and hold it back; but for
  some that are open to everybody (`earlier.py`).
- A spelling is set right before anything else looks at the address, and always to one that there
  is. What asks for a key asks for it all the same.
- A path is taken as it was decoded once. Dots are never resolved, and no letter is made another.
- The prefix may be there so that nobody guesses it: it is never added, and never told.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final

from cursor_api.options.masking import escape_controls
from cursor_api.web.http.earlier import SAME, find_successor

BASE: Final = "/v1"
# A base URL that ends in /v1, in front of a client that adds it as well.
BASES_MAX: Final = 2
# Longer than every address with a model's name in it; what is longer is not looked at.
PATH_LENGTH_MAX: Final = 1000
# A name is compared with some twenty others.
COMPARED_LENGTH_MAX: Final = 100
SHOWN_LENGTH_MAX: Final = 80
# What is shown of a segment: words, and what is too short for a key. Whoever puts a key into an
# address shall not find it in an answer, which is pasted into reports.
_SHOWN_SEGMENT: Final = re.compile(r"[A-Za-z._~-]{0,20}|[^/]{1,8}")

# What clients of these APIs ask for, by the first segments behind /v1. One that is served is found
# before anybody looks here.
UNSERVED: Final = {
    **dict.fromkeys(
        (
            *("assistants", "audio", "batches", "chat/completions", "completions", "containers"),
            *("conversations", "edits", "engines", "evals", "files"),
            *("fine_tuning", "fine-tunes", "images", "moderations", "organization", "realtime"),
            *("responses", "skills", "threads", "uploads", "vector_stores", "videos"),
        ),
        "OpenAI's",
    ),
    **dict.fromkeys(("complete", "messages", "organizations"), "Anthropic's"),
}


class Addresses:
    """The addresses of one gateway.

    `inference` are paths behind the prefix; one that ends in a slash stands for all below it.
    `others` are whole paths. `prefix` is "" or "/something".
    """

    def __init__(self, prefix: str, inference: Iterable[str], others: Iterable[str] = ()) -> None:
        self._prefix = prefix
        inference = tuple(inference)
        self._folders = {_without_base(path): path for path in inference if path.endswith("/")}
        self._paths: dict[str, str] = {}
        for path in inference:
            if not path.endswith("/"):
                self._paths.setdefault(_without_base(path), path)
        served = {prefix + path for path in inference if not path.endswith("/")}
        self._exact = frozenset(served | set(others))
        # What may be named to somebody who knows the prefix, and to everybody else.
        self._told = sorted(self._exact)
        self._told_without = [one for one in self._told if not self._is_behind_prefix(one)]

    def correct(self, path: str) -> str:
        """The address that is meant; the path itself where it is one, or no other is certain."""
        if path in self._exact or len(path) > PATH_LENGTH_MAX:
            return path
        if (earlier := SAME.get(path)) in self._exact:
            return earlier
        rest = self._behind_base(path)
        if rest is None:
            return path
        name = "/".join(filter(None, rest.split("/")))
        if name in self._paths:
            return self._prefix + self._paths[name]
        for folder, whole in self._folders.items():
            # What follows is a model's name, which may have slashes of its own inside.
            if name.startswith(folder):
                below = rest.lstrip("/").removeprefix(folder.rstrip("/")).strip("/")
                return f"{self._prefix}{whole}{below}"
        return path

    def explain(self, path: str) -> str:
        """Why there is nothing at a path, and what may be meant, in sentences."""
        nothing = f"There is nothing at {(shown := show_path(path))}."
        if (now := find_successor(path)) is not None:
            return f"{nothing} The earlier program had it; what it did is done by {now}."
        rest = self._behind_base(path) if len(path) <= PATH_LENGTH_MAX else None
        if rest is None:
            if _drop(path, BASE[1:]) is not None and len(path) <= PATH_LENGTH_MAX:
                nothing += " The ROUTE_PREFIX of this gateway belongs in front of it."
            return f"{nothing} {self._suggest(path)}"
        name = "/".join(filter(None, rest.split("/")))
        if not name and path.strip("/"):
            return (
                f"{shown} is a base URL, to which a client adds the rest, such as"
                f" {next(iter(self._paths))}. GET / lists all addresses."
            )
        owner = next((UNSERVED[api] for api in _beginnings(name) if api in UNSERVED), None)
        if owner is not None and not self._has_own(name):
            return (
                f"{shown} is an address of {owner} API that this gateway does not serve. GET /"
                " lists those that it does."
            )
        return f"{nothing} {self._suggest(path)}"

    def _has_own(self, name: str) -> bool:
        """Whether an address of ours was put behind another, as with a base URL that is whole."""
        has_one = any(name.startswith(f"{own}/") for own in self._paths)
        return has_one and any(name.endswith(f"/{own}") for own in self._paths)

    def _is_behind_prefix(self, path: str) -> bool:
        return not self._prefix or path == self._prefix or path.startswith(f"{self._prefix}/")

    def _suggest(self, path: str) -> str:
        """The nearest address, and what a base URL is where that seems to be the matter."""
        near = self._find_nearest(path)
        if near is None:
            return "GET / lists all addresses."
        advice = ""
        if path.endswith(f"/{_without_base(near)}"):
            advice = " A client's base URL is the gateway's address with /v1 behind it, no more."
        return f"Did you mean {near}?{advice} GET / lists all addresses."

    def _find_nearest(self, path: str) -> str | None:
        known = self._told if self._is_behind_prefix(path) else self._told_without
        for name, whole in self._paths.items():
            if path.endswith(f"/{name}") and self._prefix + whole in known:
                return self._prefix + whole
        if len(path) > COMPARED_LENGTH_MAX:
            return None
        near = difflib.get_close_matches(path.lower(), known, 1, cutoff=0.6)
        return near[0] if near else None

    def _behind_base(self, path: str) -> str | None:
        """What follows the prefix and /v1, which may be missing; None without the prefix."""
        rest: str | None = path
        for segment in filter(None, self._prefix.split("/")):
            rest = _drop(rest or "", segment)
            if rest is None:
                return None
        for _ in range(BASES_MAX):
            behind = _drop(rest or "", BASE[1:])
            rest = rest if behind is None else behind
        return rest


def show_path(path: str) -> str:
    """A path for people, cut, with `…` for segments that may be secrets."""
    segments = path[: 2 * SHOWN_LENGTH_MAX].split("/")
    shown = (one if _SHOWN_SEGMENT.fullmatch(one) else "…" for one in segments)
    text = escape_controls("/".join(shown))
    return text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}…"


def _without_base(path: str) -> str:
    """`chat/completions`; a folder keeps its slash."""
    return path.removeprefix(f"{BASE}/").removeprefix("/")


def _drop(path: str, segment: str) -> str | None:
    """What follows the path's first segment, slashes in front of it included, if it is this one."""
    bare = path.lstrip("/")
    if bare == segment or bare.startswith(f"{segment}/"):
        return bare[len(segment) :]
    return None


def _beginnings(name: str) -> tuple[str, ...]:
    """Its first two segments, and its first."""
    segments = name.split("/")
    return "/".join(segments[:2]), segments[0]

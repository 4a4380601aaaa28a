"""docs/routes.md and its Chinese twin: what the clients found, as tables between two marks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from cursor_api.options.said import Words
from tests.clients.programs.client import FEATURES
from tests.clients.routes import ROUTES
from tests.clients.run import CLIENTS, Client, Told
from tests.clients.table import EXPECTED, NAMES, Expected, words_of
from tests.page_section import PageSection

ROOT: Final = Path(__file__).parents[2]
COMMAND: Final = "make clients"
SECTION: Final = PageSection("clients")

Language = Literal["en", "zh"]
FILES: Final[dict[Language, Path]] = {
    "en": ROOT / "docs" / "routes.md",
    "zh": ROOT / "docs" / "routes.zh-CN.md",
}
APIS: Final = {
    "chat": "`/v1/chat/completions`",
    "responses": "`/v1/responses`",
    "messages": "`/v1/messages`",
}
WORKS, NOTHING = "✓", "–"
_WRITTEN: Final = Words(
    f"<!-- The tables are written by `{COMMAND}`, from what it saw. -->",
    f"<!-- 以下表格由 `{COMMAND}` 根据实际所见写出。 -->",
)
_ROUTES: Final = Words("## Feature by route", "## 功能与路由")
_CLIENTS: Final = Words("## Which clients were tried", "## 试过的客户端")
_WITHOUT: Final = Words("without", "忽略")
_REFUSED: Final = Words("400", "400")
_ONLY: Final = Words("{apis} only, else {other}", "仅 {apis}，其余 {other}")
_FAILED: Final = Words("**FAILED** ({routes})", "**失败**（{routes}）")
_CLIENT: Final = Words("client", "客户端")
_ADDRESS: Final = Words("address", "地址")


@dataclass(slots=True)
class Findings:
    """What came of each feature over each route, client by client."""

    told: dict[tuple[Client, str, str], Told] = field(default_factory=dict)

    def complaints(self) -> Iterator[str]:
        """Everything that is not as expected."""
        for (client, feature, route), told in self.told.items():
            wanted = EXPECTED[feature, route]
            if told.outcome != wanted.over(client.api):
                yield f"{client.name} {client.api} {route} {feature}: {told.outcome} {told.said}"
            elif client == CLIENTS[0] and words_of(told.said) != self._words(wanted, client):
                yield f"{route} {feature}: other words: {told.said}"

    def failed_routes(self, client: Client, feature: str) -> list[str] | None:
        """Where it did not go as expected; None where the client has no such thing."""
        found = [route for one, about, route in self.told if (one, about) == (client, feature)]
        if not found:
            return None
        return [
            route
            for route in found
            if self.told[client, feature, route].outcome
            != EXPECTED[feature, route].over(client.api)
        ]

    @staticmethod
    def _words(wanted: Expected, client: Client) -> str:
        return "" if wanted.over(client.api) == "works" else wanted.said


def versions() -> Mapping[str, str]:
    """The version of every package of the clients' two locks."""
    text = (ROOT / "requirements" / "clients.txt").read_text(encoding="utf-8")
    found = dict(re.findall(r"^([\w.-]+)==([^ \\;]+)", text, re.MULTILINE))
    lock = ROOT / "tests" / "clients" / "node" / "package-lock.json"
    for name, one in json.loads(lock.read_text(encoding="utf-8"))["packages"].items():
        if name:
            found[name.removeprefix("node_modules/")] = one["version"]
    return found


def render_routes(language: Language) -> list[str]:
    """Feature by route, and in which words the gateway says no."""
    notes: list[str] = []
    head = " | ".join(getattr(route.name, language) for route in ROUTES)
    lines = [f"|  | {head} |", "|---" * (len(ROUTES) + 1) + "|"]
    for feature in FEATURES:
        cells = [_cell(EXPECTED[feature, route.kind], notes, language) for route in ROUTES]
        lines.append(f"| {getattr(NAMES[feature], language)} | {' | '.join(cells)} |")
    return [*lines, "", *(f"{number}. `{note}`" for number, note in enumerate(notes, 1))]


def _cell(wanted: Expected, notes: list[str], language: Language) -> str:
    if wanted.outcome == "works":
        return WORKS
    mark = ""
    if wanted.said:
        if wanted.said not in notes:
            notes.append(wanted.said)
        mark = f" ({notes.index(wanted.said) + 1})"
    word: Words = _REFUSED if wanted.outcome == "refused" else _WITHOUT
    other = getattr(word, language)
    if wanted.apis:
        apis = ", ".join(APIS[api] for api in wanted.apis)
        return str(getattr(_ONLY, language)).format(apis=apis, other=other) + mark
    return f"{other}{mark}"


def client_label(client: Client, known: Mapping[str, str]) -> str:
    """Its name, with the packages that were installed."""
    packages = ", ".join(f"{name} {known[name]}" for name in client.packages)
    return f"{client.name} ({packages})"


def render_clients(findings: Findings, language: Language) -> list[str]:
    """Client by feature."""
    names = " | ".join(getattr(NAMES[feature], language) for feature in FEATURES)
    known = versions()
    lines = [
        f"| {getattr(_CLIENT, language)} | {getattr(_ADDRESS, language)} | {names} |",
        "|---" * (len(FEATURES) + 2) + "|",
    ]
    for client in CLIENTS:
        cells = [_told(findings.failed_routes(client, one), language) for one in FEATURES]
        label = client_label(client, known)
        lines.append(f"| {label} | {APIS[client.api]} | {' | '.join(cells)} |")
    return lines


def _told(failed: Sequence[str] | None, language: Language) -> str:
    if failed is None:
        return NOTHING
    if failed:
        return str(getattr(_FAILED, language)).format(routes=", ".join(failed))
    return WORKS


def render_section(findings: Findings, language: Language) -> str:
    """All that stands between the marks."""
    lines = [
        getattr(_WRITTEN, language),
        "",
        getattr(_ROUTES, language),
        "",
        *render_routes(language),
        "",
        getattr(_CLIENTS, language),
        "",
        *render_clients(findings, language),
        "",
    ]
    return "\n".join(lines)

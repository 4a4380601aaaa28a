"""What a question speaks of: files, commands, places, numbers; found by patterns only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Blocks that agents put around a question: reminders, the environment, instructions.
_BLOCK: Final = re.compile(r"<([a-zA-Z][\w-]*)>.*?</\1>", re.DOTALL)
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_URL: Final = re.compile(r"https?://[^\s\"'`<>，。）)]+")
_EMAIL: Final = re.compile(r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_WEB_NAME: Final = re.compile(r"\.(?:com|org|net|io|dev|cn)$")
# ASCII only: a Chinese sentence has no blanks around a file's name.
_PATH: Final = re.compile(
    r"(?<![A-Za-z0-9_@./~\\-])"
    r"((?:[A-Za-z]:[\\/]|~/|\.{1,2}/|/)?(?:[A-Za-z0-9_.@-]+[\\/])*"
    r"(?:[A-Za-z0-9_-]*[A-Za-z0-9_]\.(?:[A-Za-z0-9_-]+\.)*[A-Za-z][A-Za-z0-9]{0,9}"
    r"|Makefile|Dockerfile|LICENSE|\.[a-z][A-Za-z0-9_.-]+))"
    r"(?![A-Za-z0-9_/\\])"
)
_ABSOLUTE: Final = re.compile(r"(?<![A-Za-z0-9_./:~])(/(?:[A-Za-z0-9_.@-]+/)*[A-Za-z0-9_@-]+)")
_ABBREVIATIONS: Final = frozenset({"e.g", "i.e", "etc.", "vs."})
_QUOTED: Final = re.compile(r"`([^`\n]+)`|\"([^\"\n]+)\"|“([^”]+)”|「([^」]+)」|(?<!\w)'([^'\n]+)'")
_NUMBER: Final = re.compile(r"(?<![A-Za-z0-9_.])-?\d+(?:\.\d+)?(?![A-Za-z0-9_]|\.\d)")
_RUN: Final = re.compile(r"(?:\b(?:run|execute)\b|运行|执行)(?:一下|命令)*\s*(.*)", re.IGNORECASE)
_RUN_FILLING: Final = re.compile(
    r"^(?:the\s+)?(?:following\s+)?(?:(?:shell|bash|terminal)\s+)?(?:command\s*)?[:：]?\s*",
    re.IGNORECASE,
)
_CLAUSE_END: Final = re.compile(r"[,;，。；!?！？]|\.(?=\s|$)|\s(?:and|then|in order)\s|然后|并")
# Without quotation marks only what begins with one of these is taken for a command.
_PROGRAM: Final = re.compile(
    r"(?:bash|cargo|cat|curl|date|df|du|echo|env|find|git|go|grep|head|hostname|id|ls|make|node|npm"
    r"|npx|pip|ps|pwd|pytest|python3?|ruff|sed|sh|sleep|sort|tail|tree|uname|uv|wc|which|whoami)"
)
_CAPITALISED: Final = r"[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+)*"
_PLACES: Final = re.compile(
    rf"\b(?:in|for|at|of|near)\s+({_CAPITALISED}(?:(?:,\s*|\s+and\s+|\s+or\s+|,\s*and\s+){_CAPITALISED})*)"
)
_AND: Final = re.compile(r",\s*and\s+|,\s*|\s+and\s+|\s+or\s+")
_CITIES: Final = re.compile(
    "Amsterdam|Athens|Bangkok|Barcelona|Beijing|Berlin|Boston|Cairo|Chicago|Delhi|Dubai|Dublin"
    "|Geneva|Hangzhou|Hong Kong|Istanbul|Lisbon|London|Los Angeles|Madrid|Melbourne|Moscow|Mumbai"
    "|Munich|Nairobi|New York|Oslo|Paris|Prague|Rome|San Francisco|Seattle|Seoul|Shanghai|Shenzhen"
    "|Singapore|Stockholm|Sydney|Taipei|Tokyo|Toronto|Vienna|Warsaw|Zurich|Zürich"
    "|北京|上海|广州|深圳|杭州|成都|南京|武汉|西安|重庆|天津|苏州|香港|台北|东京|巴黎|伦敦|纽约|柏林|罗马|首尔|新加坡",
    re.IGNORECASE,
)
_NAME: Final = re.compile(rf"\b({_CAPITALISED})")
# Words that begin with a capital because they begin a sentence.
_NO_NAME: Final = re.compile(
    r"(?:An?|And|Answer|Are|Ask|At|Call|Can|Could|Create|Do|Does|Execute|Extract|Find|For|From"
    r"|Generate|Get|Give|Hello|Hi|How|I|If|In|Is|It|JSON|List|Make|Me|My|Name|No|Of|On|Open|Or"
    r"|Output|Please|Provide|Read|Reply|Respond|Return|Run|Say|Search|Show|Tell|Th(?:at|e|en|ese|is)"
    r"|To|Use|User|Using|What|When|Where|Which|Who|Why|Will|With|Write|Yes|Your?)"
)

# The patterns above take quadratic time: of a megabyte of one letter, minutes.
READ_CHARS_MAX: Final = 4_000
WRAPPED_CHARS_MAX: Final = 12_000


@dataclass(frozen=True, slots=True)
class Subjects:
    """What was found in a question, each kind in the order of the words."""

    question: str
    paths: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    numbers: tuple[float, ...] = ()

    @property
    def is_chinese(self) -> bool:
        """Whether the question is asked in Chinese."""
        return _HAN.search(self.question) is not None


def strip_blocks(text: str) -> str:
    """The question without what an agent has put around it in tags, if anything is left."""
    text = _ends(text, WRAPPED_CHARS_MAX)
    return _BLOCK.sub("", text).strip() or text.strip()


def find_subjects(text: str) -> Subjects:
    """Everything that a question speaks of, at its beginning and at its end if it is long."""
    question = _ends(strip_blocks(text), READ_CHARS_MAX)
    urls = tuple(_URL.findall(question))
    bare = _EMAIL.sub(" ", _URL.sub(" ", question))
    return Subjects(
        question,
        paths=_unique(_paths(bare)),
        commands=_commands(question),
        places=_unique(_places(bare)),
        quoted=tuple(next(filter(None, found)) for found in _QUOTED.findall(question)),
        urls=urls,
        emails=tuple(_EMAIL.findall(question)),
        names=_unique(_names(bare)),
        numbers=tuple(float(found) for found in _NUMBER.findall(bare)),
    )


def _ends(text: str, chars_max: int) -> str:
    """A text, its middle left out where it is longer."""
    half = chars_max // 2
    return text if len(text) <= chars_max else f"{text[:half]}\n{text[-half:]}"


def _unique(found: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))


def _paths(text: str) -> list[str]:
    found = [(match.start(1), match[1]) for match in _PATH.finditer(text)]
    taken = {at for start, path in found for at in range(start, start + len(path))}
    found += [(m.start(1), m[1]) for m in _ABSOLUTE.finditer(text) if m.start(1) not in taken]
    return [
        path
        for _, path in sorted(found)
        if path.lower() not in _ABBREVIATIONS and not (_WEB_NAME.search(path) and "/" not in path)
    ]


def _commands(question: str) -> tuple[str, ...]:
    asked = _RUN.search(question)
    if asked is None:
        return ()
    quoted = tuple(next(filter(None, found)) for found in _QUOTED.findall(asked[1]))
    if quoted:
        return quoted
    rest = _RUN_FILLING.sub("", asked[1])
    command = _CLAUSE_END.split(rest, maxsplit=1)[0].strip()
    program = command.partition(" ")[0]
    is_command = _PROGRAM.fullmatch(program) or program.startswith(("./", "/"))
    return (command,) if is_command else ()


def _places(text: str) -> list[str]:
    found = [(match.start(), match[0]) for match in _CITIES.finditer(text)]
    for match in _PLACES.finditer(text):
        found += [(match.start(1), each) for each in _AND.split(match[1])]
    return [
        place
        for _, place in sorted(found, key=_start)
        if not _NO_NAME.fullmatch(place.split(" ")[0])
    ]


def _start(found: tuple[int, str]) -> int:
    return found[0]


def _names(text: str) -> list[str]:
    found = []
    for match in _NAME.finditer(text):
        words = match[1].split(" ")
        while words and _NO_NAME.fullmatch(words[0]):
            words.pop(0)
        if words:
            found.append(" ".join(words))
    return found

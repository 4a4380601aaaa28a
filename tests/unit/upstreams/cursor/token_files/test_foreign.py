"""What becomes of each line of other programs' token files."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.installed import FORMS
from cursor_api.upstreams.cursor.token_files.book import Names, Reader, Texts
from cursor_api.upstreams.cursor.token_files.files import TokenFiles
from cursor_api.upstreams.cursor.token_files.foreign import Plan, Verdict, plan_import
from cursor_api.upstreams.cursor.token_files.pair import FileOptions
from cursor_api.upstreams.cursor.token_files.text import TextLimits

READER = Reader(Names(".token", ".token-list"), TextLimits(), FORMS)
ADDED, DEVICE, KNOWN = Verdict.ADDED, Verdict.DEVICE, Verdict.KNOWN
COMMENT, REFUSED = Verdict.COMMENT, Verdict.REFUSED


def checksum(number: int) -> str:
    """A device."""
    return f"paaotdDV{number:064x}/{number + 1:064x}"


def plan(*sources: str | bytes, tokens: str = "", listed: str = "") -> Plan:
    """With these files in front of one that has these texts."""
    book = READER.read(Texts(tokens.encode(), listed.encode()))
    files = [one.encode() if isinstance(one, str) else one for one in sources]
    return plan_import(book, [(f"s{n}", data) for n, data in enumerate(files)], TextLimits())


def verdicts(made: Plan) -> list[tuple[int, Verdict]]:
    """Line and verdict."""
    return [(one.line, one.verdict) for one in made.outcomes]


def test_the_first_versions_two_files() -> None:
    """The name comes from one, the device from the other; the list alone is enough, too."""
    made = plan(
        "me::eyJ1.a.b\r\n\r\nuser_01AB%3A%3AeyJ2.a.b\r\n",
        f"eyJ1.a.b,{checksum(1)}\neyJ3.a.b,{checksum(3)}\n",
    )
    assert verdicts(made) == [(1, ADDED), (3, ADDED), (1, DEVICE), (2, ADDED)]
    assert made.tokens == ("me::eyJ1.a.b", "user_01AB::eyJ2.a.b", "eyJ3.a.b")
    assert made.listed == (f"eyJ1.a.b,{checksum(1)}", f"eyJ3.a.b,{checksum(3)}")
    assert [one.alias for one in made.outcomes][:3] == ["me", "user_01AB", "me"]


def test_later_versions_files() -> None:
    """Comments and a third column are told; what the column says decides nothing."""
    made = plan(
        f"# eyJ0.a.b,{checksum(9)}\neyJ1.a.b,{checksum(1)}\neyJ2.a.b,{checksum(2)},enabled\n"
        f"eyJ3.a.b,{checksum(3)},Disabled\neyJ4.a.b,{checksum(4)},1735689600\n"
        f"eyJ5.a.b,{checksum(5)},a,b\n"
    )
    expected = [COMMENT, ADDED, ADDED, ADDED, ADDED, REFUSED]
    assert verdicts(made) == list(enumerate(expected, 1))
    details = [one.detail for one in made.outcomes]
    assert details[1:3] == ["with its device"] * 2
    assert "says 'disabled'" in details[3]
    assert "means nothing here" in details[4]


def test_what_is_here_stays() -> None:
    """A device that is stored is never replaced, a name that is taken never given again."""
    made = plan(
        f"eyJ1.a.b,{checksum(2)}\nme::eyJ2.a.b\nme::eyJ2.a.b\neyJ3.a.b,{checksum(3)}\neyJ1.a.b\n",
        tokens="me::eyJ1.a.b\nwaits::eyJ3.a.b\n",
        listed=f"eyJ1.a.b,{checksum(1)}\n",
    )
    expected = [KNOWN, ADDED, KNOWN, DEVICE, KNOWN]
    assert verdicts(made) == list(enumerate(expected, 1))
    assert "the one that is stored here stays" in made.outcomes[0].detail
    assert made.outcomes[1].alias.startswith("me-")
    assert f"as {made.outcomes[1].alias}" in made.outcomes[1].detail
    assert made.outcomes[3].alias == "waits"
    assert made.listed == (f"eyJ3.a.b,{checksum(3)}",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("two words", "a space inside"),
        ("eyJ.a.b,short", "not of the known form"),
        ("a::", "no token"),
        ("a-word", "a JWT: it begins with eyJ"),
        (f"me::a-word,{checksum(1)}", "the browser's cookie WorkosCursorSessionToken"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a\0b", "POST /tokens/get"),
        ("x" * 20_000, "longer than any token"),
        ("\n" * 300_000, "divide the file"),
        ('[{"alias": "a"}]', "an item without a token"),
        ("a" * 200 + "::eyJ.a.b", "an alias of 200 characters"),
    ],
)
def test_what_cannot_be_used_keeps_nobody_out_and_is_told(text: str | bytes, words: str) -> None:
    """Its words never show the line."""
    made = plan(text, "eyJ9.a.b")
    assert [one.verdict for one in made.outcomes] == [REFUSED, ADDED]
    assert words in made.outcomes[0].detail
    assert not any(secret in repr(made) for secret in ("eyJ9", "eyJ.a", "a-word"))


def test_an_export_is_read_item_by_item() -> None:
    """A key of Cursor's dashboard has no device, and is given none."""
    made = plan(f'["me::eyJ1.a.b,{checksum(1)}", "crsr_{"a" * 20},{checksum(2)}"]')
    assert verdicts(made) == [(1, ADDED), (2, ADDED)]
    assert made.listed == (f"eyJ1.a.b,{checksum(1)}",)


def test_a_plan_is_written_as_it_says(tmp_path: Path) -> None:
    """The appended files are right, and a second import adds nothing."""
    names = Names(str(tmp_path / ".token"), str(tmp_path / ".token-list"))
    files = TokenFiles(names, lambda: checksum(77), FileOptions(forms=FORMS))
    source = [("s", f"user_1::eyJ1.a.b\nuser_1::eyJ2.a.b\neyJ3.a.b,{checksum(3)}".encode())]
    for expected in (ADDED, KNOWN):
        made: list[Plan] = []

        def decide(book: object, made: list[Plan] = made) -> tuple[tuple[str, ...], ...]:
            made.append(plan_import(book, source, TextLimits()))  # type: ignore[arg-type]  # a Book
            return made[-1].tokens, made[-1].listed

        files.append(decide)  # type: ignore[arg-type]  # two of them
        assert [one.verdict for one in made[-1].outcomes] == [expected] * 3
        found = {one.secret.reveal(): (one.alias, one.binding) for one in files.load()}
        assert found["eyJ3.a.b"][1] == checksum(3)
        assert [found[f"eyJ{n}.a.b"][0] for n in (1, 2, 3)] == [
            one.alias for one in made[-1].outcomes
        ]

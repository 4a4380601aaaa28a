from __future__ import annotations

import pytest

from cursor_api.simulator.model.subjects import find_subjects, strip_blocks


@pytest.mark.parametrize(
    ("question", "kind", "found"),
    [
        ("Read README.md and src/a_b.py.", "paths", ("README.md", "src/a_b.py")),
        (
            "Open /etc/hostname, ./x.txt or ~/notes.md",
            "paths",
            ("/etc/hostname", "./x.txt", "~/notes.md"),
        ),
        ("读取README.md文件", "paths", ("README.md",)),
        (r"Show C:\temp\a.txt and the Makefile", "paths", (r"C:\temp\a.txt", "Makefile")),
        ("See https://example.com/a.html, i.e. example.org, version 1.2.3", "paths", ()),
        ("Run `ls -la` now", "commands", ("ls -la",)),
        ("Please run git status and tell me", "commands", ("git status",)),
        ("运行命令 ls -l，然后告诉我", "commands", ("ls -l",)),
        ("I run every morning", "commands", ()),
        ("The weather in Paris and New York?", "places", ("Paris", "New York")),
        ("How warm is it in Gütersloh, Oslo, and Bern?", "places", ("Gütersloh", "Oslo", "Bern")),
        ("北京和上海的天气", "places", ("北京", "上海")),
        ("Say “tea” or 'milk', don't say `rum`", "quoted", ("tea", "milk", "rum")),
        ("Jason is 25 years old; write to me@example.com", "names", ("Jason",)),
        ("Jason is 25.5, not -3 (v2, 1.2.3)", "numbers", (25.5, -3)),
        ("Write to me@example.com", "emails", ("me@example.com",)),
        ("See https://example.com/a?b=c.", "urls", ("https://example.com/a?b=c.",)),
    ],
)
def test_what_a_question_speaks_of(question: str, kind: str, found: tuple[object, ...]) -> None:
    """Each kind in the order of the words."""
    assert getattr(find_subjects(question), kind) == found


def test_what_an_agent_puts_around_a_question_is_none() -> None:
    """Unless nothing else is left."""
    reminder = "<system-reminder>\nSee CLAUDE.md\n</system-reminder>"
    assert find_subjects(f"{reminder}\nRead a.txt").paths == ("a.txt",)
    assert strip_blocks(reminder) == reminder


def test_the_language_of_a_question() -> None:
    """One Han character is enough."""
    assert find_subjects("tell me 你好").is_chinese
    assert not find_subjects("hello").is_chinese


@pytest.mark.parametrize(
    "filling", ["a", "a/", "a.", "a@", "1", "Paris ", "<a>", '"', "`", "http://"]
)
def test_a_long_question_is_read_at_its_ends(filling: str) -> None:
    """A megabyte of anything takes no longer than a page: what is in between is not looked at."""
    long = filling * (1_000_000 // len(filling))
    found = find_subjects(f"Read notes.txt please. {long} And look at todo.md now.")
    assert len(found.question) <= 4_001

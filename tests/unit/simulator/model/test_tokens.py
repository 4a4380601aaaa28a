from __future__ import annotations

from cursor_api.simulator.model.tokens import PromptCache, count_tokens


def test_tokens_are_four_bytes() -> None:
    """Rounded up; nothing is none."""
    assert [count_tokens(text) for text in ("", "a", "abcd", "abcde", "你好", b"abcdefghi")] == [
        *(0, 1, 1, 2, 2),
        3,
    ]


def test_the_beginnings_of_prompts_are_known_again() -> None:
    """To the account that sent them, part by part."""
    cache = PromptCache()
    assert cache.find("me", [b"a", b"b"]) == 0
    cache.remember("me", [b"a", b"b"])
    assert cache.find("me", [b"a", b"b", b"c"]) == 2
    assert cache.find("me", [b"a", b"c"]) == 1
    assert cache.find("me", [b"ab"]) == 0
    assert cache.find("you", [b"a", b"b"]) == 0


def test_the_oldest_are_forgotten() -> None:
    """Those that were asked for stay."""
    cache = PromptCache(prefixes_max=2)
    cache.remember("me", [b"a"])
    cache.remember("me", [b"b"])
    assert cache.find("me", [b"a"]) == 1
    cache.remember("me", [b"c"])
    assert len(cache) == 2
    assert [cache.find("me", [part]) for part in (b"a", b"b", b"c")] == [1, 0, 1]

"""Which address is meant, and what is said where there is none."""

from __future__ import annotations

import pytest

from cursor_api.web.http.addresses import PATH_LENGTH_MAX, Addresses, show_path

INFERENCE = ("/v1/chat/completions", "/v1/models", "/v1/models/")
OTHERS = ("/", "/logs", "/tokeninfo", "/api/credentials", "/console", "/console/")
BARE = Addresses("", INFERENCE, OTHERS)
BEHIND = Addresses("/a/b", INFERENCE, (*OTHERS, *(f"/a/b{path}" for path in OTHERS)))

CHAT, MODELS = "/v1/chat/completions", "/v1/models"


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        (CHAT, CHAT),
        ("//v1/chat/completions", CHAT),
        ("/v1//chat/completions", CHAT),
        ("/v1/chat//completions", CHAT),
        ("/v1/chat/completions/", CHAT),
        ("/v1/v1/chat/completions", CHAT),
        ("//v1//v1//chat/completions//", CHAT),
        ("/chat/completions", CHAT),
        ("/models", MODELS),
        ("/v1/models/", MODELS),
        ("/models/org/name", "/v1/models/org/name"),
        ("//v1/models/gpt-4o", "/v1/models/gpt-4o"),
        ("/v1/v1/models//gpt-4o/", "/v1/models/gpt-4o"),
        ("/v1/models/org//name", "/v1/models/org//name"),
    ],
)
def test_an_inference_address_has_every_spelling_that_is_certain(path: str, meant: str) -> None:
    """Doubled slashes, one at the end, /v1 missing or twice; behind a prefix alike."""
    assert BARE.correct(path) == meant
    assert BEHIND.correct(f"/a/b{path}") == f"/a/b{meant}"
    assert BEHIND.correct(f"//a//b{path}") == f"/a/b{meant}"


@pytest.mark.parametrize(
    "path",
    [
        *OTHERS,
        *("//logs", "/logs/", "/v1/logs", "//api//credentials", "/tokeninfo/", "//", "*", ""),
        *("/v1/v1/v1/models", "/v2/models", "/api/v1/models", "/V1/models", "/v1/Models"),
        *("/v1/./models", "/v1/../v1/models", "/v1/chat", "/v1/chat/completions/x", "/v1"),
        *("/v1/models;x", "/v1/models\n", "/v1/models%2f", "/xv1/models", "/v1models"),
        "/" * PATH_LENGTH_MAX + "v1/models",
    ],
)
def test_whatever_else_came_stays_as_it_is(path: str) -> None:
    """No dot is resolved, no letter changed, and no address of a person or an operator is found."""
    assert BARE.correct(path) == path


@pytest.mark.parametrize("path", [CHAT, "/models", "//v1/models", "/a/v1/models", "/b/a/v1/models"])
def test_the_prefix_is_never_added(path: str) -> None:
    """It may be there so that nobody guesses it."""
    assert BEHIND.correct(path) == path
    assert "/a/b" not in BEHIND.explain(path)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1", "/v1 is a base URL, to which a client adds the rest, such as chat/completions."),
        ("//v1/", "//v1/ is a base URL,"),
        ("/v1/audio/speech", "is an address of OpenAI's API that this gateway does not serve."),
        ("//v1/files/", "//v1/files/ is an address of OpenAI's API that"),
        ("/audio", "/audio is an address of OpenAI's API that"),
        ("/v1/chat/completions/id", "/v1/chat/completions/id is an address of OpenAI's API that"),
        ("/v1/messages/batches", "is an address of Anthropic's API that"),
        ("/v1/chat/complete", "There is nothing at /v1/chat/complete. Did you mean"),
        ("/token", "Did you mean /tokeninfo? GET / lists"),
        ("/V1/MODELS", "Did you mean /v1/models? GET / lists"),
        ("/api/v1/chat/completions", f"Did you mean {CHAT}? A client's base URL is the gateway's"),
        (f"{CHAT}/chat/completions", f"Did you mean {CHAT}? A client's base URL is the gateway's"),
        (f"{CHAT}/models", "Did you mean /v1/models? A client's base URL is the gateway's"),
        ("/nowhere", "There is nothing at /nowhere. GET / lists all addresses."),
    ],
)
def test_an_address_that_is_none_is_explained(path: str, words: str) -> None:
    """The path that came, the nearest one, and what the mistake seems to be."""
    assert words in BARE.explain(path)
    assert "GET / lists" in BARE.explain(path)


def test_a_base_url_that_is_right_is_not_called_wrong() -> None:
    """Where the path begins with /v1, nobody is told that it should."""
    for path in ("/v1/audio/speech", "/v1/nothing", "/v1/chat/complete"):
        assert "base URL" not in BARE.explain(path)


def test_behind_a_prefix_the_nearest_is_told_to_those_who_know_it() -> None:
    """The others learn that there is one."""
    assert "Did you mean /a/b/v1/models?" in BEHIND.explain("/a/b/v1/modles")
    assert "The ROUTE_PREFIX of this gateway belongs in front" in BEHIND.explain("/v1/models")
    assert "Did you mean /tokeninfo?" in BEHIND.explain("/tokeninfos")


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/v1/audio/speech", "/v1/audio/speech"),
        ("/get-tokeninfo/x2", "/get-tokeninfo/x2"),
        ("/0123456789abcdef/logs", "/…/logs"),
        ("/abcdefghijklmnopqrstuvwxyz", "/…"),
        ("/v1/user_01ABCDEF::eyJhbGciOi", "/v1/…"),
        ("/a\nb", "/a\\nb"),
        ("/", "/"),
        ("/" + "x" * 60_000, "/…"),
        ("/abc" * 20_000, "/abc" * 20 + "…"),
    ],
)
def test_what_came_is_shown_cut_and_without_what_may_be_a_key(path: str, shown: str) -> None:
    """It is the caller's own, but answers are pasted into public reports."""
    assert show_path(path) == shown
    assert f"{shown} " in BARE.explain(path).replace(". ", " ")


def test_a_served_address_is_never_called_unserved() -> None:
    """The list of what others serve counts only where nothing of ours was found."""
    served = Addresses("", ["/v1/embeddings"])
    assert served.correct("/embeddings/") == "/v1/embeddings"
    assert "Did you mean /v1/embeddings?" in served.explain("/v1/embedding")

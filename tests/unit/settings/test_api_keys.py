"""Keys of an upstream: one way to give them, and no secret in a finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.domain.credential import Secret
from cursor_api.settings import render_check
from tests.unit.settings.toy_schema import CANARY, WITHOUT_KEY, load, told


def test_a_key_comes_from_a_variable_or_a_file(tmp_path: Path) -> None:
    """From the process's environment or `.env`; a file may hold several, one a line."""
    by_env = WITHOUT_KEY + 'api_key_env = "WORK_KEY"'
    assert load(tmp_path, by_env, {"WORK_KEY": " k-1 "}).settings.upstreams[1].api_keys == (
        Secret("k-1"),
    )
    assert load(tmp_path, by_env, env="WORK_KEY=k-2\n").settings.upstreams[1].api_keys == (
        Secret("k-2"),
    )
    (tmp_path / "keys").write_text("\n k-3\nk-4\n\n")
    by_file = load(tmp_path, WITHOUT_KEY + 'api_key_file = "keys"')
    assert by_file.settings.upstreams[1].api_keys == (Secret("k-3"), Secret("k-4"))


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "",
            "upstream.work (cursor-api.toml:1): has no key: give one of api_key, api_keys,"
            ' api_key_env, api_key_file; for a server that asks for none, write api_key = "-"',
        ),
        (
            'api_key = "a"\napi_key_env = "B"',
            "upstream.work.api_key_env (cursor-api.toml:5): is a second way to give keys, beside"
            " api_key; leave one",
        ),
        (
            'api_key = ""',
            "upstream.work.api_key (cursor-api.toml:4): is empty; put the key there, or give it"
            " another way",
        ),
        (
            "api_keys = []",
            "upstream.work.api_keys (cursor-api.toml:4): is empty; put the key there, or give it"
            " another way",
        ),
        (
            'api_key_env = "GONE"',
            "upstream.work.api_key_env (cursor-api.toml:4): GONE is not set, or empty; set it in"
            " the environment or in .env",
        ),
        (
            'api_key_env = "BAD"',
            "upstream.work.api_key_env (cursor-api.toml:4): BAD cannot travel in an HTTP header:"
            " character 18 of 18 is not printable ASCII",
        ),
        (
            f'api_key_env = "{CANARY}"',
            "upstream.work.api_key_env (cursor-api.toml:4): the value given is not the name of a"
            " variable: capitals, digits and '_'; for example api_key_env = \"OPENAI_API_KEY\"",
        ),
        (
            'api_key_file = "gone"',
            "upstream.work.api_key_file (cursor-api.toml:4): there is no such file; put the key"
            " into one, alone on a line",
        ),
        (
            'api_key_file = "."',
            "upstream.work.api_key_file (cursor-api.toml:4): is not a file (a folder, perhaps);"
            " remove it or name another",
        ),
        (
            'api_key_file = "empty"',
            "upstream.work.api_key_file (cursor-api.toml:4): is an empty file; put the key into"
            " it, alone on a line",
        ),
        (
            'api_key_file = "bad"',
            "upstream.work.api_key_file (cursor-api.toml:4): line 2 cannot travel in an HTTP"
            " header: character 18 of 18 is not printable ASCII",
        ),
        (
            'api_key_file = "twice"',
            "upstream.work.api_key_file (cursor-api.toml:4): line 4 is the same key as line 2;"
            " leave one",
        ),
        (
            f'api_key = "{CANARY}ü"',
            "upstream.work.api_key (cursor-api.toml:4): the value given cannot travel in an HTTP"
            " header: character 18 of 18 is not printable ASCII; for example api_key ="
            ' "a-long-random-text"',
        ),
        (
            "api_key = 1",
            "upstream.work.api_key (cursor-api.toml:4): has the wrong type: it is a secret text",
        ),
    ],
)
def test_what_is_wrong_with_a_key_is_told_without_it(
    tmp_path: Path, keys: str, problem: str
) -> None:
    """One way, and one that gives a key; each mistake once, and never a secret."""
    (tmp_path / "empty").write_text("\n \n")
    (tmp_path / "bad").write_text(f"k\n{CANARY}ü\n")
    (tmp_path / "twice").write_text(f"k\n{CANARY}\n\n{CANARY} \n")
    loaded = load(tmp_path, f"{WITHOUT_KEY}{keys}", {"BAD": f"{CANARY}ü"})
    assert told(loaded) == [problem]
    assert CANARY not in f"{told(loaded)}{render_check(loaded)}{loaded!r}"

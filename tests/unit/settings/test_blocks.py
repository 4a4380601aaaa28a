"""`[[upstream]]` and `[[model]]`: the same checks, places and nearest names as for tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from cursor_api.domain.catalog import NamedModel, Route
from cursor_api.domain.credential import Secret
from cursor_api.settings import load_settings, render_check
from cursor_api.transport.options import HttpOptions
from tests.unit.settings.toy_schema import (
    BLOCK,
    CANARY,
    SCHEMA,
    WITHOUT_KEY,
    ToyOptions,
    doubted,
    load,
    told,
)


def test_an_upstream_of_its_own_exists_without_a_block(tmp_path: Path) -> None:
    """And comes first, with the options of its table and variables."""
    loaded = load(tmp_path, f"[own]\nodd = true\n{BLOCK}", {"OWN_BASE_URL": "https://own.example"})
    first, second = loaded.settings.upstreams
    assert (first.name, first.kind, first.api_keys, first.models) == ("own", "own", (), None)
    assert (first.options.base_url, first.options.is_odd) == ("https://own.example", True)
    assert (second.name, second.options.base_url) == ("work", "https://toy.example")


def test_a_block_is_an_upstream_with_the_options_of_its_kind(tmp_path: Path) -> None:
    """Every key by its TOML name, the rest by the class's defaults, in the file's order."""
    loaded = load(
        tmp_path,
        """
[[upstream]]
name = "work"
kind = "toy"
base_url = "https://work.example/v1/"
api_keys = ["k-1", "k-2"]
models = ["gpt-4o", "org/model:tag"]
connect_timeout_s = 3
first_token_timeout_s = "90, o1*=300"
ca_file = "ca.pem"
headers = { "x-team" = "red" }

[[upstream]]
name = "home.2"
kind = "toy"
api_key = "none"
odd = false
""",
    )
    (tmp_path / "ca.pem").write_text("x")
    loaded = load_settings(SCHEMA, {}, tmp_path)
    assert (told(loaded), doubted(loaded)) == ([], [])
    _, work, home = loaded.settings.upstreams
    assert (work.name, work.kind, home.name) == ("work", "toy", "home.2")
    assert work.api_keys == (Secret("k-1"), Secret("k-2"))
    assert (work.models, home.models) == (("gpt-4o", "org/model:tag"), None)
    assert (work.headers, home.headers) == ((("x-team", Secret("red")),), ())
    assert isinstance(work.options, ToyOptions)
    assert work.options.base_url == "https://work.example/v1"
    assert work.options.http == HttpOptions(
        connect_timeout_s=3, ca_file=tmp_path / "ca.pem", ca_setting="upstream.work.ca_file"
    )
    assert dict(work.options.timeouts.first_token_s) == {"o1*": 300, "*": 90}
    assert home.options == ToyOptions(http=HttpOptions(ca_setting="upstream.home.2.ca_file"))


def test_a_kind_may_be_written_in_any_case(tmp_path: Path) -> None:
    """As every word that is one of a few."""
    text = BLOCK.replace('"toy"', '"Toy"') + "odd = true\n"
    _, work = load(tmp_path, text).settings.upstreams
    assert (work.kind, work.options.is_odd) == ("toy", True)


def test_a_default_that_follows_from_something_does_so_here(tmp_path: Path) -> None:
    """Unless the block says otherwise."""
    text = f'{BLOCK}{BLOCK.replace("work", "play")}zone = "Asia/Shanghai"\n'
    _, work, play = load(tmp_path, text, {"TZ": "Europe/Paris"}).settings.upstreams
    assert (work.options.zone, play.options.zone) == ("Europe/Paris", "Asia/Shanghai")


def test_a_model_has_routes_and_aliases(tmp_path: Path) -> None:
    """What follows the first slash is the upstream's name of the model, slashes and all."""
    text = BLOCK + (
        '[[model]]\nname = "fast"\nroutes = ["work/org/m:1", "own/gpt-4o"]\naliases = ["f", "g"]\n'
        '[[model]]\nname = "slow"\nroutes = ["own/o1"]\n'
    )
    assert load(tmp_path, text).settings.models == (
        NamedModel("fast", (Route("work", "org/m:1"), Route("own", "gpt-4o")), ("f", "g")),
        NamedModel("slow", (Route("own", "o1"),)),
    )


@pytest.mark.parametrize(
    ("names", "routes", "problem"),
    [
        ('name = "a*b*"', "own/a", "model.a*b*.name"),
        ('name = "a"', "own/a*", "model.a.routes"),
        ('name = "a*"', "own/a*b*", "model.a*.routes"),
        ('name = "a*"\naliases = ["b"]', "own/*", "model.a*.routes"),
    ],
)
def test_a_pattern_that_cannot_be_filled_is_refused(
    tmp_path: Path, names: str, routes: str, problem: str
) -> None:
    """Each name has the text that each route asks for."""
    report = load(tmp_path, f'[[model]]\n{names}\nroutes = ["{routes}"]\n')
    assert [finding.variable for finding in report.problems] == [problem]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[[upstream]]\nkind = "toy"\napi_key = "k"',
            "upstream.1 (cursor-api.toml:1): has no name; models and logs need one",
        ),
        (
            '[[upstream]]\nname = ""\nkind = "toy"\napi_key = "k"',
            "upstream.1.name (cursor-api.toml:2): has no name; models and logs need one",
        ),
        (
            '[[upstream]]\nname = "a b"\nkind = "toy"\napi_key = "k"',
            'upstream.a b.name (cursor-api.toml:2): "a b" is not a plain name: letters, digits,'
            " '-', '_' and '.', at most 64 characters; for example name = \"work\"",
        ),
        (
            '[[upstream]]\nname = "own"\nkind = "toy"\napi_key = "k"',
            'upstream.own.name (cursor-api.toml:2): "own" is the upstream of [own]; choose another'
            " name",
        ),
        (
            f"{BLOCK}{BLOCK}",
            'upstream.work.2.name (cursor-api.toml:6): "work" is the name of another upstream, too',
        ),
        (
            '[[upstream]]\nname = "work"\napi_key = "k"',
            "upstream.work (cursor-api.toml:1): has no kind: one of own, toy",
        ),
        (
            '[[upstream]]\nname = "work"\nkind = "openai"\napi_key = "k"\nanything = 1',
            'upstream.work.kind (cursor-api.toml:3): "openai" is none of own, toy; for example'
            ' kind = "own"',
        ),
        *(
            (
                f"{BLOCK}models = {none}",
                "upstream.work.models (cursor-api.toml:5): is empty; name some, or leave it out to"
                " ask the upstream",
            )
            for none in ("[]", '""', '[" "]')
        ),
        (
            f"{BLOCK}models = ['a', 'b,c']",
            "upstream.work.models (cursor-api.toml:5): has a comma in its entry 2; write an entry"
            " for each part",
        ),
        (
            BLOCK.replace("api_key", "api_keys").replace('"k-1"', '["k,1"]'),
            "upstream.work.api_keys (cursor-api.toml:4): has a comma in its entry 1; write an entry"
            " for each part",
        ),
        (
            f"{BLOCK}odd = 1",
            "upstream.work.odd (cursor-api.toml:5): has the wrong type: it is a yes or no",
        ),
        (
            f'{BLOCK}connect_timeout_s = "2d"',
            'upstream.work.connect_timeout_s (cursor-api.toml:5): "2d" is not a duration from'
            " 0.1 s to 300 s (plain seconds, or a number with ms, s, m or h); for example"
            ' connect_timeout_s = "10s"',
        ),
        (
            f'{BLOCK}ca_file = "gone.pem"',
            "upstream.work.ca_file (cursor-api.toml:5): there is no such file; mend the path or"
            " leave it out",
        ),
        (
            f'{BLOCK}base_url = "http://work.example"',
            "upstream.work.base_url (cursor-api.toml:5): has no TLS: whoever is on the way can read"
            " keys and prompts. Use https://, or add allow_http = true within your own network",
        ),
        (
            f"{BLOCK}headers = {{ host = 'x' }}",
            "upstream.work.headers (cursor-api.toml:5): the table given has the header host, which"
            " the gateway writes itself",
        ),
        (
            f"{BLOCK}[upstream.headers]\nhost = 'x'",
            "upstream.work.headers (cursor-api.toml:5): the table given has the header host, which"
            " the gateway writes itself",
        ),
        (
            "upstream = 1",
            "cursor-api.toml:1: upstream is a list of tables; write [[upstream]] above each",
        ),
        (
            "[upstream]\nname = 'x'",
            "cursor-api.toml:1: upstream is a list of tables; write [[upstream]] above each",
        ),
    ],
)
def test_what_is_wrong_with_an_upstream_is_told(tmp_path: Path, text: str, problem: str) -> None:
    """With its name, its place and what to do; each mistake once."""
    assert told(load(tmp_path, text)) == [problem]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost", "http://[::1]:8"])
def test_plain_http_is_for_ones_own_machine(tmp_path: Path, url: str) -> None:
    """Or for a network of one's own, where somebody says so."""
    assert told(load(tmp_path, f'{BLOCK}base_url = "{url}"')) == []
    allowed = f'{BLOCK}base_url = "http://work.example"\nallow_http = true'
    assert told(load(tmp_path, allowed)) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            '[[model]]\nroutes = ["work/a"]',
            "model.1 (cursor-api.toml:5): has no name; callers need one to ask for it",
        ),
        (
            '[[model]]\nname = "m"',
            "model.m (cursor-api.toml:5): has no routes; give some, as in routes ="
            ' ["upstream/model"]',
        ),
        (
            '[[model]]\nname = "m"\nroutes = ["a"]',
            'model.m.routes (cursor-api.toml:7): "a" has an entry that is not upstream/model, the'
            ' names of both; for example routes = "work/gpt-4o, cursor/gpt-4o"',
        ),
        (
            '[[model]]\nname = "m"\nroutes = ["wrk/a"]',
            'model.m.routes (cursor-api.toml:7): there is no upstream "wrk"; did you mean work?',
        ),
        (
            '[[model]]\nname = "m"\nroutes = ["work/a"]\n[[model]]\nname = "m"\nroutes = ["own/a"]',
            'model.m.2.name (cursor-api.toml:9): "m" is the name of another model, too',
        ),
        (
            '[[model]]\nname = "m"\nroutes = ["work/a"]\naliases = ["m"]',
            'model.m.aliases (cursor-api.toml:8): "m" is the name of the model "m" already; leave'
            " one",
        ),
        (
            '[[model]]\nname = "m"\nroutes = ["work/a"]\naliases = ["x"]\n'
            '[[model]]\nname = "n"\nroutes = ["own/a"]\naliases = ["y", "x"]',
            'model.n.aliases (cursor-api.toml:12): "x" is an alias of "m" already; leave one',
        ),
    ],
)
def test_what_is_wrong_with_a_model_is_told(tmp_path: Path, text: str, problem: str) -> None:
    """Routes lead somewhere, and a name means one thing."""
    assert told(load(tmp_path, BLOCK + text)) == [problem]


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            f"{BLOCK}conect_timeout_s = 1",
            "cursor-api.toml:5: no such key in [[upstream]]: conect_timeout_s; did you mean"
            " connect_timeout_s?",
        ),
        (
            f'{BLOCK}[[model]]\nname = "m"\nroutes = ["own/a"]\nalias = []',
            "cursor-api.toml:8: no such key in [[model]]: alias; did you mean aliases?",
        ),
        ("[[upstreams]]\n", "cursor-api.toml:1: no such table: upstreams; did you mean upstream?"),
        (f"{BLOCK}odd = true", "upstream.work.odd (cursor-api.toml:5): is odd"),
    ],
)
def test_what_looks_wrong_is_told(tmp_path: Path, text: str, warning: str) -> None:
    """With the nearest name; a kind's own doubts as well."""
    loaded = load(tmp_path, text)
    assert (told(loaded), doubted(loaded)) == ([], [warning])


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """One look mends the file."""
    text = f'{BLOCK}odd = 1\n{WITHOUT_KEY.replace("work", "play")}ca_file = "x"\n'
    text += '[[model]]\nname = "m"\nroutes = ["gone/a"]\n'
    assert [problem.partition(":")[0] for problem in told(load(tmp_path, text))] == [
        *("upstream.work.odd (cursor-api.toml", "upstream.play (cursor-api.toml"),
        *("model.m.routes (cursor-api.toml", "upstream.play.ca_file (cursor-api.toml"),
    ]


def test_the_report_shows_each_block(tmp_path: Path) -> None:
    """Under a heading of its own, keys masked, with what its kind can be set to."""
    loaded = load(tmp_path, f'{BLOCK.replace("k-1", CANARY)}headers = {{ "x-t" = "{CANARY}" }}\n')
    report = render_check(loaded)
    assert CANARY not in report
    lines = report[report.index("[[upstream]] work") :].splitlines()
    shown = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:] if line[:2] == "  "}
    assert list(shown) == [
        *("name", "kind", "api_key", "headers", "base_url", "odd", "zone", "proxy", "ca_file"),
        *("connect_timeout_s", "connections_max", "first_token_timeout_s", "idle_timeout_s"),
    ]
    assert shown["api_key"].startswith("set (17 characters, hidden)")
    assert shown["headers"].startswith("x-t (values hidden)")
    assert shown["api_key"].endswith("cursor-api.toml [[upstream]]")
    assert shown["odd"].split() == ["false", "default"]
    assert shown["zone"].split() == ["UTC", "default"]
    assert lines[-1].startswith("OK: ")


def test_facts_of_each_upstream_are_known_by_the_names_of_its_keys(tmp_path: Path) -> None:
    """For checks that ask the machine; a finding names the variable or the block's key."""
    loaded = load(tmp_path, f"{BLOCK}connections_max = 7\n", {"OWN_CONNECTIONS_MAX": "9"})
    assert [one.find("connections_max") for one in loaded.upstreams] == [9, 7]
    assert [str(one.finding("connections_max", "is odd")) for one in loaded.upstreams] == [
        "OWN_CONNECTIONS_MAX (environment): is odd",
        "upstream.work.connections_max (cursor-api.toml:5): is odd",
    ]


def test_blocks_can_be_passed_over(tmp_path: Path) -> None:
    """By commands that need none of them: a mistake there is not even mentioned."""
    load(tmp_path, f"{BLOCK}odd = 1\n[[model]]\n")
    loaded = load_settings(SCHEMA.without_blocks(), {}, tmp_path)
    assert (told(loaded), doubted(loaded)) == ([], [])
    assert [one.name for one in loaded.settings.upstreams] == ["own"]

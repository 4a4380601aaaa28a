"""`cursor-api key …`, `price …` and `audit`: what they are called and how they explain themselves.

What they do is loaded when one is run, so that serving starts without it.
"""

from __future__ import annotations

import argparse

from cursor_api.cli.keys import amounts as key_amounts
from cursor_api.cli.terminal.subcommand import Subcommands, add_config, run_later
from cursor_api.domain.act import ActKind
from cursor_api.domain.periods import Period
from cursor_api.domain.permission import Permission

OVERVIEW = """\
Make, list, limit, rotate and revoke the API keys that others use the gateway with.

  cursor-api key create alice --rpm 60 --budget 20usd --per month
  cursor-api key list

A key may have limits of requests and tokens, a budget, a list of models, and an end. Its secret is
shown once. The commands work on the file REQUEST_LOG_FILE or the database DATABASE_URL, and need no
AUTH_TOKEN. A running gateway notices a change within two seconds. AUTH_TOKEN and CLIENT_TOKENS stay
where they are."""

CREATE = """\
Make an API key and show its secret, this once.

  cursor-api key create alice
  cursor-api key create alice --owner alice@example.org --expires 90d
  cursor-api key create ci --model 'gpt-4o*' --rpm 60 --tpm 200k --concurrent 4
  cursor-api key create team --budget 20usd --per month --zone Europe/Berlin
  cursor-api key create alice --json | jq -r .secret

A budget in dollars is for models with a price: see `cursor-api price`."""

LIST = """\
List the API keys: state, owner, models and limits; never a secret.

  cursor-api key list
  cursor-api key list --json | jq '.keys[] | select(.state != "active") | .id'"""

SHOW = """\
Show one API key, with what is left of its limits by what is recorded.

  cursor-api key show alice
  cursor-api key show alice --json"""

CHANGE = """\
Change an API key: its name, owner, note, models or end. What is not named stays.

  cursor-api key change alice --owner team-b --expires never
  cursor-api key change alice --model 'gpt-4o*' --model 'claude-*'
  cursor-api key change alice --all-models"""

LIMITS = """\
Change what an API key may use. What is not named stays; `none` takes a limit away.

  cursor-api key limits alice --rpm 60 --tpd 5M
  cursor-api key limits alice --budget 50usd --per month
  cursor-api key limits alice --rpm none --budget none

Minutes are buckets: as much at once as the limit, and they fill again evenly. Days, weeks and
months are those of the calendar in the key's time zone."""

ROTATE = """\
Give an API key another secret, and show it, this once. Everything else stays.

  cursor-api key rotate alice
  cursor-api key rotate alice --keep 24h     the old secret is good for a day more"""

REVOKE = """\
Let no request of an API key in any more, for ever.

  cursor-api key revoke alice"""

DELETE = """\
Forget an API key that is revoked or has expired. What was recorded of it stays.

  cursor-api key delete alice"""

COPY = """\
Copy the API keys and prices of the file REQUEST_LOG_FILE into the database DATABASE_URL.

  cursor-api key copy

For a gateway that moves to a database. Secrets, limits and ends stay as they are. What the database
has already is left alone, and nothing is taken out of the file."""

PRICES = """\
Say what models cost, so that requests have a cost and budgets can be in dollars.

Prices are data of yours, with a day and a source: nothing is downloaded, and a model without a
price has an unknown cost, which is never 0.

  cursor-api price set 'gpt-4o-mini*' --input 0.15 --output 0.60 --source openai.com/pricing
  cursor-api price list"""

PRICE_LIST = """\
List the prices, in dollars for a million tokens.

  cursor-api price list
  cursor-api price list --json"""

PRICE_SET = """\
Enter what a million tokens of a model cost, in dollars, from a day on.

  cursor-api price set gpt-4o --input 2.50 --output 10 --cache-read 1.25 --source openai.com/pricing
  cursor-api price set 'work/claude-*' --input 3 --output 15 --from 2026-01-01 --source contract

MODEL may have `*` for any text, and the name of an upstream before a slash. The nearest one counts:
a name before a pattern, a longer pattern before a shorter one, the later day before the earlier."""

PRICE_REMOVE = """\
Take a price away.

  cursor-api price remove gpt-4o --from 2026-01-01"""


AUDIT = """\
Show what operators did: API keys, prices, settings, credentials, deleted records. The last first.

  cursor-api audit
  cursor-api audit --kind key_revoked --count 10
  cursor-api audit --json | jq -r '.acts[] | [.at, .actor, .kind, .subject] | @tsv'

Who worked at the command line, on keys and prices, is called `command-line`. Reads the file
REQUEST_LOG_FILE or the database DATABASE_URL, and needs no AUTH_TOKEN."""


def add_commands(commands: Subcommands) -> None:
    """Put `key`, `price` and `audit` among the commands, with what stands below them."""
    own = Subcommands(commands.add("key", None, OVERVIEW))
    create = _add(own, "create", CREATE)
    create.add_argument("name", metavar="NAME", help="whose key it is, or what for")
    create.add_argument("--id", help="what records call it (default: like the name)")
    _add_terms(create)
    _add_limits(create)
    listing = _add(own, "list", LIST)
    show = _add(own, "show", SHOW)
    change = _add(own, "change", CHANGE)
    change.add_argument("--name", help="whose key it is, or what for")
    change.add_argument("--all-models", action="store_true", help="take the list of models away")
    _add_terms(change)
    limits = _add(own, "limits", LIMITS)
    _add_limits(limits)
    rotate = _add(own, "rotate", ROTATE)
    rotate.add_argument(
        "--keep",
        type=key_amounts.span,
        default=0.0,
        metavar="TIME",
        help="how long the old secret goes on, such as 24h (default: not at all)",
    )
    revoke, delete = _add(own, "revoke", REVOKE), _add(own, "delete", DELETE)
    copy = _add(own, "copy", COPY)
    for sub in (show, change, limits, rotate, revoke, delete):
        sub.add_argument("id", metavar="ID", help="as `key list` shows it")
    for sub in (create, listing, show, change, limits, rotate):
        sub.add_argument("--json", action="store_true", help="for scripts")
    for sub in (create, listing, show, change, limits, rotate, revoke, delete, copy):
        add_config(sub)
    _add_prices(commands)
    audit = commands.add("audit", run_later("keys.audit", "show_all"), AUDIT)
    audit.add_argument(
        "-n", "--count", type=int, default=50, metavar="N", help="how many (default: %(default)s)"
    )
    audit.add_argument("--kind", choices=[one.value for one in ActKind], help="only these acts")
    audit.add_argument("--json", action="store_true", help="for scripts")
    add_config(audit)


def _add(own: Subcommands, name: str, text: str) -> argparse.ArgumentParser:
    return own.add(name, run_later("keys.actions", name if name != "list" else "show_all"), text)


def _add_terms(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--owner", help="who is responsible for it")
    sub.add_argument("--note", help="whatever is good to know")
    sub.add_argument(
        "--role",
        choices=[one.value for one in Permission],
        help="admin may do everything that AUTH_TOKEN may (default: chat)",
    )
    sub.add_argument(
        "--model",
        action="append",
        metavar="NAME",
        help="a model that it may use, `*` for any text; may be given again (default: all)",
    )
    sub.add_argument(
        "--zone", metavar="ZONE", help="time zone of its days, such as Europe/Berlin (default: UTC)"
    )
    sub.add_argument(
        "--expires",
        type=key_amounts.expiry,
        metavar="WHEN",
        help="its end: 90d, 2027-01-31 or never (default: never)",
    )


def _add_limits(sub: argparse.ArgumentParser) -> None:
    for option, what in (
        ("--rpm", "requests a minute"),
        ("--tpm", "tokens a minute"),
        ("--rpd", "requests a day"),
        ("--tpd", "tokens a day"),
        ("--concurrent", "requests at once"),
        ("--reserve", "tokens reserved for an answer that its request does not bound"),
    ):
        sub.add_argument(option, type=key_amounts.count, metavar="N", help=what)
    sub.add_argument(
        "--budget", type=key_amounts.budget, metavar="AMOUNT", help="20usd or 5Mtokens, see --per"
    )
    sub.add_argument(
        "--per", choices=[one.value for one in Period], help="the budget's period (default: month)"
    )


def _add_prices(commands: Subcommands) -> None:
    own = Subcommands(commands.add("price", None, PRICES))
    listing = own.add("list", run_later("keys.prices", "show_all"), PRICE_LIST)
    listing.add_argument("--json", action="store_true", help="for scripts")
    setting = own.add("set", run_later("keys.prices", "set_one"), PRICE_SET)
    remove = own.add("remove", run_later("keys.prices", "remove"), PRICE_REMOVE)
    for sub in (setting, remove):
        sub.add_argument("model", metavar="MODEL")
    for option, is_required in (
        ("--input", True),
        ("--output", True),
        ("--cache-read", False),
        ("--cache-written", False),
    ):
        setting.add_argument(
            option,
            type=key_amounts.price,
            required=is_required,
            metavar="DOLLARS",
            help="for a million tokens" + ("" if is_required else " (default: as --input)"),
        )
    setting.add_argument("--source", required=True, help="where the figures are from")
    setting.add_argument(
        "--from",
        dest="valid_from",
        type=key_amounts.day,
        metavar="DATE",
        help="the first day, in UTC (default: today)",
    )
    remove.add_argument(
        "--from", dest="valid_from", type=key_amounts.day, metavar="DATE", required=True
    )
    for sub in (listing, setting, remove):
        add_config(sub)

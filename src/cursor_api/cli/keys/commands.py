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
Manage the API keys with which others use the gateway.

  cursor-api key create alice --rpm 60 --budget 20usd --per month
  cursor-api key list

A key can have limits on requests and tokens, a budget, a list of models, and an expiry. Its secret
is shown only once. The commands use the file REQUEST_LOG_FILE or the database DATABASE_URL, and do
not need AUTH_TOKEN. A running gateway picks up a change within two seconds. These keys come in
addition to AUTH_TOKEN and CLIENT_TOKENS, which this command does not touch."""

CREATE = """\
Create an API key and show its secret, this one time.

  cursor-api key create alice
  cursor-api key create alice --owner alice@example.org --expires 90d
  cursor-api key create ci --model 'gpt-4o*' --rpm 60 --tpm 200k --concurrent 4
  cursor-api key create team --budget 20usd --per month --zone Europe/Berlin
  cursor-api key create alice --json | jq -r .secret

A budget in dollars needs prices for the models: see `cursor-api price`."""

LIST = """\
List the API keys with state, owner, models and limits. Secrets are never shown.

  cursor-api key list
  cursor-api key list --json | jq '.keys[] | select(.state != "active") | .id'"""

SHOW = """\
Show one API key and what is left of its limits.

  cursor-api key show alice
  cursor-api key show alice --json

What is left is worked out from the recorded requests."""

CHANGE = """\
Change an API key's name, owner, note, models or expiry. Options you leave out change nothing.

  cursor-api key change alice --owner team-b --expires never
  cursor-api key change alice --model 'gpt-4o*' --model 'claude-*'
  cursor-api key change alice --all-models"""

LIMITS = """\
Change an API key's limits. Options you leave out change nothing; `none` removes a limit.

  cursor-api key limits alice --rpm 60 --tpd 5M
  cursor-api key limits alice --budget 50usd --per month
  cursor-api key limits alice --rpm none --budget none

A limit per minute is a token bucket: it can be used up at once and refills evenly over a minute.
Days, weeks and months are calendar periods in the key's time zone."""

ROTATE = """\
Give an API key a new secret and show it, this one time. Everything else stays the same.

  cursor-api key rotate alice
  cursor-api key rotate alice --keep 24h     the old secret works for one more day"""

REVOKE = """\
Revoke an API key for good: its requests are refused from now on.

  cursor-api key revoke alice"""

DELETE = """\
Delete a revoked or expired API key. The records of its requests stay.

  cursor-api key delete alice"""

COPY = """\
Copy API keys and prices from the file REQUEST_LOG_FILE to the database DATABASE_URL.

  cursor-api key copy

Use it when a gateway moves to a database. Secrets, limits and expiry stay the same. What the
database already has is not changed, and nothing is removed from the file."""

PRICES = """\
Manage the prices of models, for the cost of requests and for budgets in dollars.

You enter the prices yourself, each with a start date and a source; nothing is downloaded. Without a
price, the cost of a request is unknown; it is never counted as 0.

  cursor-api price set 'gpt-4o-mini*' --input 0.15 --output 0.60 --source openai.com/pricing
  cursor-api price list"""

PRICE_LIST = """\
List the prices, in dollars per million tokens.

  cursor-api price list
  cursor-api price list --json"""

PRICE_SET = """\
Set the price of a model from a given day on, in dollars per million tokens.

  cursor-api price set gpt-4o --input 2.50 --output 10 --cache-read 1.25 --source openai.com/pricing
  cursor-api price set 'work/claude-*' --input 3 --output 15 --from 2026-01-01 --source contract

MODEL may contain `*` for any text, and may begin with the name of an upstream and a slash. If
several prices match, an exact name goes before a pattern, a longer pattern before a shorter one,
and a later day before an earlier one."""

PRICE_REMOVE = """\
Remove a price.

  cursor-api price remove gpt-4o --from 2026-01-01"""


AUDIT = """\
Show what operators changed, newest first: keys, prices, settings, credentials, deleted records.

  cursor-api audit
  cursor-api audit --kind key_revoked --count 10
  cursor-api audit --json | jq -r '.acts[] | [.at, .actor, .kind, .subject] | @tsv'

Changes made by the commands `key` and `price` have the actor `command-line`. Reads the file
REQUEST_LOG_FILE or the database DATABASE_URL, and does not need AUTH_TOKEN."""


def add_commands(commands: Subcommands) -> None:
    """Put `key`, `price` and `audit` among the commands, with what stands below them."""
    own = Subcommands(commands.add("key", None, OVERVIEW))
    create = _add(own, "create", CREATE)
    create.add_argument("name", metavar="NAME", help="whose key it is, or what it is for")
    create.add_argument("--id", help="name of the key in records (default: made from NAME)")
    _add_terms(create)
    _add_limits(create)
    listing = _add(own, "list", LIST)
    show = _add(own, "show", SHOW)
    change = _add(own, "change", CHANGE)
    change.add_argument("--name", help="whose key it is, or what it is for")
    change.add_argument("--all-models", action="store_true", help="allow all models")
    _add_terms(change)
    limits = _add(own, "limits", LIMITS)
    _add_limits(limits)
    rotate = _add(own, "rotate", ROTATE)
    rotate.add_argument(
        "--keep",
        type=key_amounts.span,
        default=0.0,
        metavar="TIME",
        help="how long the old secret keeps working, such as 24h (default: not at all)",
    )
    revoke, delete = _add(own, "revoke", REVOKE), _add(own, "delete", DELETE)
    copy = _add(own, "copy", COPY)
    for sub in (show, change, limits, rotate, revoke, delete):
        sub.add_argument("id", metavar="ID", help="the ID that `key list` shows")
    for sub in (create, listing, show, change, limits, rotate):
        sub.add_argument("--json", action="store_true", help="print JSON, for scripts")
    for sub in (create, listing, show, change, limits, rotate, revoke, delete, copy):
        add_config(sub)
    _add_prices(commands)
    audit = commands.add("audit", run_later("keys.audit", "show_all"), AUDIT)
    audit.add_argument(
        "-n", "--count", type=int, default=50, metavar="N", help="how many (default: %(default)s)"
    )
    audit.add_argument(
        "--kind", choices=[one.value for one in ActKind], help="only changes of this kind"
    )
    audit.add_argument("--json", action="store_true", help="print JSON, for scripts")
    add_config(audit)


def _add(own: Subcommands, name: str, text: str) -> argparse.ArgumentParser:
    return own.add(name, run_later("keys.actions", name if name != "list" else "show_all"), text)


def _add_terms(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--owner", help="who is responsible for it")
    sub.add_argument("--note", help="a note for yourself")
    sub.add_argument(
        "--role",
        choices=[one.value for one in Permission],
        help="admin may do everything that AUTH_TOKEN may do (default: chat)",
    )
    sub.add_argument(
        "--model",
        action="append",
        metavar="NAME",
        help="a model that the key may use; `*` matches any text; may be repeated (default: all)",
    )
    sub.add_argument(
        "--zone",
        metavar="ZONE",
        help="time zone of its calendar, such as Europe/Berlin (default: UTC)",
    )
    sub.add_argument(
        "--expires",
        type=key_amounts.expiry,
        metavar="WHEN",
        help="when it expires: 90d, 2027-01-31 or never (default: never)",
    )


def _add_limits(sub: argparse.ArgumentParser) -> None:
    for option, what in (
        ("--rpm", "requests per minute"),
        ("--tpm", "tokens per minute"),
        ("--rpd", "requests per day"),
        ("--tpd", "tokens per day"),
        ("--concurrent", "requests at once"),
        ("--reserve", "tokens to reserve for an answer if the request sets no maximum"),
    ):
        sub.add_argument(option, type=key_amounts.count, metavar="N", help=what)
    sub.add_argument(
        "--budget",
        type=key_amounts.budget,
        metavar="AMOUNT",
        help="20usd or 5Mtokens, for each period (see --per)",
    )
    sub.add_argument(
        "--per", choices=[one.value for one in Period], help="period of the budget (default: month)"
    )


def _add_prices(commands: Subcommands) -> None:
    own = Subcommands(commands.add("price", None, PRICES))
    listing = own.add("list", run_later("keys.prices", "show_all"), PRICE_LIST)
    listing.add_argument("--json", action="store_true", help="print JSON, for scripts")
    setting = own.add("set", run_later("keys.prices", "set_one"), PRICE_SET)
    remove = own.add("remove", run_later("keys.prices", "remove"), PRICE_REMOVE)
    for sub in (setting, remove):
        sub.add_argument("model", metavar="MODEL", help="a model, or a pattern with `*`")
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
            help="per million tokens" + ("" if is_required else " (default: same as --input)"),
        )
    setting.add_argument("--source", required=True, help="where the price comes from")
    setting.add_argument(
        "--from",
        dest="valid_from",
        type=key_amounts.day,
        metavar="DATE",
        help="the first day, in UTC (default: today)",
    )
    remove.add_argument(
        "--from",
        dest="valid_from",
        type=key_amounts.day,
        metavar="DATE",
        required=True,
        help="the first day of that price",
    )
    for sub in (listing, setting, remove):
        add_config(sub)

"""The sorts of values that are addresses: hosts, URLs, origins and the path in front of routes.

Stricter than the standards: what is refused here would be read differently by two programs, or
carries a secret into logs.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct

from cursor_api.domain.credential import Secret
from cursor_api.options.kinds import Kind, show_plain
from cursor_api.options.said import tell

# More proxies in a row are a mistake in the setting.
_HOPS_MAX = 9

# Letters, digits and four signs: nothing that is escaped, and no empty, `.` or `..` segment.
_SEGMENT = r"/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+"
_PREFIX_LENGTH_MAX = 200

# Among origins: every page there is.
ANY_ORIGIN = "*"

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# The last label has a letter, or it would be a broken IPv4 address.
_HOST_NAME = rf"(?:{_LABEL}\.)*(?=[0-9-]*[A-Za-z]){_LABEL}\.?"
LOOPBACK = "127.0.0.1"
PORT_MAX = 65_535
# Names inside container networks have underscores.
_URL_HOST = r"[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]"


class TrustedProxies(Struct, frozen=True):
    """Whose word about a caller's address is taken: of these networks, or of so many in a row."""

    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    hop_count: int = 0

    @property
    def is_any(self) -> bool:
        """Whether anybody's is."""
        return bool(self.hop_count or self.networks)

    def __str__(self) -> str:
        return str(self.hop_count) if self.hop_count else ", ".join(map(str, self.networks))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a listener on this host."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def is_in_the_clear(url: str) -> bool:
    """Whether what is sent to this base URL crosses a network without TLS."""
    return url.startswith("http://") and not is_loopback(urlsplit(url).hostname or "")


def mask_user(url: str) -> str:
    """A URL, or what was meant as one, without name and password and without its query."""
    scheme, separator, rest = url.rpartition("://") if "://" in url else ("", "", url)
    _user, at, host = rest.rpartition("@")
    bare = re.split(r"[?#]", host, maxsplit=1)[0]
    return show_plain(f"{scheme}{separator}{'…@' if at else ''}{bare}")


def quote_url(text: str) -> str:
    """What somebody gave as a URL, in quotes, without what may be secret in it."""
    return f'"{mask_user(text)}"'


def listen_host() -> Kind:
    """An address to listen on; gives str, IPv6 without brackets."""

    def parse(text: str) -> str:
        bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        try:
            return str(ipaddress.ip_address(bare))
        except ValueError:
            if re.fullmatch(_HOST_NAME, text):
                return text.lower()
        raise ValueError(
            tell(
                "is not an address to listen on; the port is set by PORT (some shells"
                " and build tools set HOST for themselves)"
            )
        )

    return Kind("IP address or host name", ("127.0.0.1", "0.0.0.0"), parse)  # noqa: S104 - an example for people, not a default


class ListenAddress(NamedTuple):
    """Where to listen. IPv6 addresses are without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def listen_address() -> Kind:
    """A port on the loopback address, or `address:port`; gives a ListenAddress."""
    read_host = listen_host()

    def parse(text: str) -> ListenAddress:
        host, _, port = text.rpartition(":")
        if not re.fullmatch("[0-9]{1,5}", port) or int(port) > PORT_MAX:
            raise ValueError(tell("is not a port, or an address and a port such as 127.0.0.1:9464"))
        if not host:
            return ListenAddress(LOOPBACK, int(port))
        try:
            return ListenAddress(read_host.parse(host), int(port))
        except ValueError:
            raise ValueError(tell("has no address to listen on before its port")) from None

    return Kind("port, or address:port", ("9464", "127.0.0.1:9464"), parse, toml_types=(int,))


def route_prefix() -> Kind:
    """The path in front of the routes; gives "" or `/a/b` without a slash at its end."""

    def parse(text: str) -> str:
        stripped = text.strip("/")
        if not stripped and len(text) <= 1:
            return ""
        # One slash at either end is a habit; more of them is another path.
        prefix = f"/{text.removeprefix('/').removesuffix('/')}"
        if len(prefix) <= _PREFIX_LENGTH_MAX and re.fullmatch(rf"(?:{_SEGMENT})+", prefix):
            return prefix
        raise ValueError(
            tell(
                "is not a plain path: segments of letters, digits, '.', '_', '~' and"
                " '-' between single slashes, no '.' or '..', at most {count} characters",
                count=_PREFIX_LENGTH_MAX,
            )
        )

    return Kind("path", ("/cursor",), parse)


def base_url(example: str) -> Kind:
    """Where an upstream is; gives `scheme://host[:port][/path]` without a slash at its end."""

    def parse(text: str) -> str:
        parts = split_url(text, ("https", "http"))
        if "@" in parts.netloc:
            raise ValueError(tell("has a user name or password in it, which does not belong there"))
        url_path = parts.path.removesuffix("/")
        if not re.fullmatch(rf"(?:{_SEGMENT})*", url_path):
            raise ValueError(
                tell(
                    "has a path with empty, '.', '..' or escaped segments, which no two"
                    " servers read alike"
                )
            )
        return f"{parts.scheme}://{parts.netloc.lower()}{url_path}"

    return Kind(
        "http or https URL",
        (example,),
        parse,
        quote=quote_url,
    )


def _check_signs(text: str) -> None:
    """Raises ValueError where somebody's password is not written as an address has it."""
    if any(character.isspace() or not character.isprintable() for character in text):
        raise ValueError(tell("contains a space or a control character; a password has it as %20"))


def database_url() -> Kind:
    """A PostgreSQL database with how to get in, as libpq reads it; gives Secret."""

    def parse(text: str) -> Secret:
        if not text.startswith(("postgresql://", "postgres://")):
            raise ValueError(tell("does not begin with postgresql://"))
        _check_signs(text)
        try:
            urlsplit(text).port  # noqa: B018 - raises for what is no number
        except ValueError:
            # Several hosts, each with a port, are an address of libpq's own.
            if "," not in text:
                raise ValueError(tell("has a port that is no number")) from None
        return Secret(text)

    return Kind(
        "address of a database",
        ("postgresql://gateway:PASSWORD@db.example/gateway",),
        parse,
        show=lambda url: mask_user(url.reveal()),
        quote=quote_url,
        is_secret=True,
    )


def redis_url() -> Kind:
    """A Redis or Valkey with how to get in, as redis-py reads it; gives Secret."""

    def parse(text: str) -> Secret:
        if not text.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError(tell("begins with none of redis://, rediss:// (with TLS) and unix://"))
        _check_signs(text)
        parts = urlsplit(text)
        try:
            parts.port  # noqa: B018 - raises for what is no number
        except ValueError:
            raise ValueError(tell("has a port that is no number")) from None
        if parts.scheme == "unix" and not parts.path:
            raise ValueError(tell("names no socket: unix:///path/to/socket"))
        if parts.scheme != "unix" and not parts.hostname:
            raise ValueError(tell("names no host: redis://host:6379/0"))
        if parts.scheme != "unix" and not re.fullmatch(r"/?|/\d{1,5}", parts.path):
            raise ValueError(tell("has a path that is no number of a database, such as /0"))
        return Secret(text)

    return Kind(
        "address of a Redis",
        ("redis://:PASSWORD@redis.example:6379/0",),
        parse,
        show=lambda url: mask_user(url.reveal()),
        quote=quote_url,
        is_secret=True,
    )


def origins() -> Kind:
    """Web origins with commas between them; gives a tuple of `scheme://host[:port]`, or `*`."""

    def parse(text: str) -> tuple[str, ...]:
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        for position, origin in enumerate(entries, start=1):
            if origin == ANY_ORIGIN:
                continue
            if not re.fullmatch(rf"[a-z][a-z0-9+.-]*://(?:{_URL_HOST})(?::[0-9]{{1,5}})?", origin):
                raise ValueError(
                    tell(
                        "has an entry ({position}) that is no origin: a scheme, a host and"
                        " perhaps a port, without a path",
                        position=position,
                    )
                )
        return tuple(dict.fromkeys(map(_as_browsers_send, entries)))

    return Kind(
        "origins, comma between",
        ("https://chat.example.com", "https://a.example,http://localhost:8080"),
        parse,
        show=lambda named: show_plain(", ".join(named)),
        quote=quote_url,
        toml_types=(list,),
    )


def host_names() -> Kind:
    """Host names and addresses with commas between them, or `*`; gives a tuple of str."""

    def parse(text: str) -> tuple[str, ...]:
        entries = [entry.strip().lower() for entry in text.split(",") if entry.strip()]
        for position, entry in enumerate(entries, start=1):
            if entry != "*" and not re.fullmatch(_HOST_NAME, entry) and not _is_address(entry):
                raise ValueError(
                    tell(
                        "has an entry ({position}) that is no host name or address: neither a"
                        " scheme nor a port belongs there; '*' alone is any name",
                        position=position,
                    )
                )
        return tuple(dict.fromkeys(entry.removesuffix(".") for entry in entries))

    return Kind(
        "host names, comma between",
        ("gateway.example.com", "a.example,192.0.2.7"),
        parse,
        show=lambda named: show_plain(", ".join(named)),
        quote=quote_url,
        toml_types=(list,),
    )


def trusted_proxies() -> Kind:
    """Addresses and networks with commas between them, or a number; gives TrustedProxies."""

    def parse(text: str) -> TrustedProxies:
        if re.fullmatch("[0-9]+", text):
            if not re.fullmatch(f"[0-{_HOPS_MAX}]", text):
                raise ValueError(tell("is more proxies in a row than {count}", count=_HOPS_MAX))
            return TrustedProxies(hop_count=int(text))
        entries = [entry.strip() for entry in text.split(",") if entry.strip()]
        networks = []
        for position, entry in enumerate(entries, start=1):
            try:
                network = ipaddress.ip_network(entry, strict=False)
            except ValueError:
                raise ValueError(
                    tell(
                        "has an entry ({position}) that is no address or network such as"
                        " 10.0.0.0/8; where the proxies' addresses are not known, give their"
                        " number",
                        position=position,
                    )
                ) from None
            if not network.prefixlen:
                raise ValueError(
                    tell(
                        "has an entry ({position}) that is everybody, whose word is worth"
                        " nothing; give the number of proxies in front instead",
                        position=position,
                    )
                )
            networks.append(network)
        return TrustedProxies(tuple(dict.fromkeys(networks)))

    return Kind(
        "networks, comma between, or a number of proxies",
        ("127.0.0.1,10.0.0.0/8", "1"),
        parse,
        toml_types=(list, int),
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _as_browsers_send(origin: str) -> str:
    """Host names in lower case, and no port that goes without saying."""
    origin = origin.lower()
    port = {"http": ":80", "https": ":443"}.get(origin.partition("://")[0], "")
    return origin.removesuffix(port)


def _either(one: str, other: str) -> str:
    return tell("{one} or {other}", one=one, other=other)


def split_url(text: str, schemes: tuple[str, ...]) -> SplitResult:
    """The parts of a URL that is only a scheme, an authority and a path; ValueError otherwise."""
    # Before urlsplit, which drops tabs and line ends without a word.
    if not re.fullmatch(r"[!-~]+", text) or "\\" in text:
        raise ValueError(tell("has spaces, a backslash or characters that are not ASCII"))
    if "?" in text or "#" in text:
        raise ValueError(tell("has a query or a fragment, which does not belong there"))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(tell("is not a URL")) from None
    if parts.scheme not in schemes or not text.lower().startswith(f"{parts.scheme}://"):
        known = functools.reduce(_either, (f"{name}://" for name in schemes))
        raise ValueError(tell("does not begin with {schemes}", schemes=known))
    host = parts.netloc.rpartition("@")[2]
    if not re.fullmatch(rf"(?:{_URL_HOST})(?::[0-9]{{1,5}})?", host) or port == 0:
        raise ValueError(tell("has no host, or one that is not a name or an address"))
    return parts

"""TLS for the listener: which files, whether they can be used, and how they are replaced.

The loop is given one context for good; each handshake takes the one that serves now from it. So a
renewed certificate counts from the next connection on, and open ones stay as they are.
"""

from __future__ import annotations

import os
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NoReturn

from msgspec import Struct

from cursor_api.options.kinds import path
from cursor_api.options.rules import find_mode
from cursor_api.options.said import tell
from cursor_api.options.setting import setting
from cursor_api.web.server.certificate import Validity, read_validity

CERT: Final = "TLS_CERT_FILE"
KEY: Final = "TLS_KEY_FILE"
_CERT_MARK: Final = "-----BEGIN CERTIFICATE-----"
_CERT_END: Final = "-----END CERTIFICATE-----"
_KEY_MARK: Final = "PRIVATE KEY-----"
# OpenSSL's words for a key of another certificate; the last for one of another algorithm.
_MISMATCHES: Final = {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}
# A chain with its key has some KB; what is larger is another file.
_FILE_BYTES_MAX: Final = 1024 * 1024
# Renewal by ACME comes thirty days before the end: two weeks later it has failed.
_SOON: Final = timedelta(days=14)


class TlsOptions(Struct, frozen=True):
    """The files; without a certificate the listener speaks plain HTTP."""

    cert_file: Path | None = setting(
        CERT,
        path(),
        None,
        "Certificate of the listener in PEM form, followed by those of its issuers. With it,"
        " the address begins with `https://`. A reload takes up a renewed file; switching TLS on"
        " or off needs a restart.",
        key="tls_cert_file",
        default_note="unset: plain HTTP",
    )
    key_file: Path | None = setting(
        KEY,
        path(),
        None,
        "Private key of the certificate in PEM form, without a passphrase. Only the gateway's"
        " user should be able to read it.",
        key="tls_key_file",
        default_note="in `TLS_CERT_FILE`",
    )


class TlsFileError(Exception):
    """A file that cannot be used: which setting names it, and what to do, in a sentence."""

    def __init__(self, variable: str, message: str) -> None:
        super().__init__(tell("{variable}: {message}", variable=variable, message=message))
        self.variable = variable
        self.message = message


class Certificate(Struct, frozen=True):
    """One that can be served, with its key."""

    cert_file: Path
    key_file: Path
    context: ssl.SSLContext
    validity: Validity

    def find_flaws(self, now: datetime) -> list[tuple[str, str]]:
        """What is worth a word though it can be served: the setting and a sentence each."""
        found = []
        begins_at, ends_at = self.validity
        if now > ends_at:
            found.append(
                tell(
                    "the certificate in {file} expired on {day}, so that clients refuse it; renew"
                    " it, and reload",
                    file=self.cert_file,
                    day=ends_at.date(),
                )
            )
        elif now < begins_at:
            found.append(
                tell(
                    "the certificate in {file} holds from {day} only, so that clients refuse it;"
                    " set this machine's clock, or use another certificate",
                    file=self.cert_file,
                    day=begins_at.date(),
                )
            )
        elif now > ends_at - _SOON:
            found.append(
                tell(
                    "the certificate in {file} expires on {day}; renew it, and reload",
                    file=self.cert_file,
                    day=ends_at.date(),
                )
            )
        flaws = [(CERT, message) for message in found]
        if os.name == "posix" and find_mode(self.key_file) & stat.S_IROTH:
            message = tell(
                "others can read {file}; make it private: chmod o= {file}", file=self.key_file
            )
            flaws.append((KEY, message))
        return flaws


def load_certificate(options: TlsOptions) -> Certificate | None:
    """What the listener is to show, None for plain HTTP; raises TlsFileError."""
    cert_file = options.cert_file
    if cert_file is None:
        return None
    key_file = options.key_file or cert_file
    cert = _read_cert(cert_file)
    _check_key(key_file, KEY if options.key_file else CERT)
    context = _new_context()
    try:
        # An encrypted key is known before; OpenSSL would ask a terminal.
        context.load_cert_chain(cert_file, key_file, password=_no_password)
        validity = read_validity(ssl.PEM_cert_to_DER_cert(cert))
    except (ssl.SSLError, ValueError) as error:
        raise _explain(error, cert_file, key_file) from error
    except OSError as error:
        raise TlsFileError(
            CERT,
            tell(
                "{cert_file} cannot be read ({reason})", cert_file=cert_file, reason=error.strerror
            ),
        ) from error
    return Certificate(cert_file, key_file, context, validity)


class ListenerTls:
    """The certificate of a running listener."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        # For the loop. Made for this alone: it hands every handshake on.
        self.context = _new_context()
        self.context.sni_callback = self._hand_on

    def _hand_on(
        self, handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext
    ) -> None:
        """Also called where a client names no host."""
        handshake.context = self.certificate.context


def _new_context() -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _read_cert(cert_file: Path) -> str:
    """The first certificate of the file, the listener's own."""
    text = _read(cert_file, CERT)
    begin, end = text.find(_CERT_MARK), text.find(_CERT_END)
    if 0 <= begin < end:
        return text[begin : end + len(_CERT_END)]
    if _KEY_MARK in text:
        raise TlsFileError(
            CERT,
            tell(
                "{cert_file} holds a private key and no certificate; name the"
                " certificate here, and this file in {variable}",
                cert_file=cert_file,
                variable=KEY,
            ),
        )
    raise TlsFileError(
        CERT,
        tell(
            "{cert_file} holds no certificate in PEM form ({mark}); make one of a"
            " DER file with: openssl x509 -inform der -in FILE -out FILE.pem",
            cert_file=cert_file,
            mark=_CERT_MARK,
        ),
    )


def _check_key(key_file: Path, variable: str) -> None:
    text = _read(key_file, variable)
    if "ENCRYPTED" in text and _KEY_MARK in text:
        raise TlsFileError(
            variable,
            tell(
                "the private key in {key_file} has a passphrase, which nobody could"
                " type at a start; take it off with: openssl pkey -in {key_file} -out"
                " NEW",
                key_file=key_file,
            ),
        )
    if _KEY_MARK in text:
        return
    if variable == CERT:
        raise TlsFileError(
            KEY,
            tell(
                "is not set, and {key_file} holds no private key; name its file", key_file=key_file
            ),
        )
    raise TlsFileError(
        KEY,
        tell(
            "{key_file} holds no private key in PEM form (-----BEGIN PRIVATE"
            " KEY-----); make one of a DER file with: openssl pkey -inform der -in"
            " FILE -out FILE.pem",
            key_file=key_file,
        ),
    )


def _read(file: Path, variable: str) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_FILE_BYTES_MAX).decode("latin-1")
    except FileNotFoundError:
        message = tell(
            "there is no file {file}; mend the path, or leave both settings out", file=file
        )
        raise TlsFileError(variable, message) from None
    except OSError as error:
        remedy = tell("name a file")
        if not stat.S_ISDIR(find_mode(file)):
            has_id = hasattr(os, "geteuid")
            who = (
                tell("the user with the id {id}", id=os.geteuid()) if has_id else tell("this user")
            )
            remedy = tell("give {who} the right to read it", who=who)
        message = tell(
            "{file} cannot be read ({reason}); {remedy}",
            file=file,
            reason=error.strerror,
            remedy=remedy,
        )
        raise TlsFileError(variable, message) from error


def _no_password() -> NoReturn:
    raise ValueError("the private key has a passphrase")


def _explain(error: Exception, cert_file: Path, key_file: Path) -> TlsFileError:
    reason = str(getattr(error, "reason", None) or "damaged")
    if reason in _MISMATCHES:
        return TlsFileError(
            KEY,
            tell(
                "the private key in {key_file} does not belong to the first"
                " certificate in {cert_file}; name the key that it was made with, and"
                " put the listener's own certificate before those of its issuers",
                key_file=key_file,
                cert_file=cert_file,
            ),
        )
    said = reason.replace("_", " ").lower()
    return TlsFileError(
        CERT,
        tell(
            "{cert_file} and {key_file} cannot be used ({said}); make them anew,"
            " as in docs/operations.md",
            cert_file=cert_file,
            key_file=key_file,
            said=said,
        ),
    )


def utc_now() -> datetime:
    """This moment, to compare with a certificate's."""
    return datetime.now(UTC)

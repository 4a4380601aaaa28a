"""Files for TLS: what is wrong with them is one sentence, with the file and what to do."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cursor_api.web.server.tls import (
    Certificate,
    ListenerTls,
    TlsFileError,
    TlsOptions,
    load_certificate,
)

TLS = Path(__file__).parents[3] / "vectors" / "tls"
GOOD = TLS / "good.pem"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def parts(name: str, folder: Path) -> tuple[Path, Path]:
    """A test certificate and its key in files of their own."""
    text = (TLS / name).read_text()
    at = text.index("-----BEGIN CERT")
    cert, key = folder / f"cert-of-{name}", folder / f"key-of-{name}"
    cert.write_text(text[at:])
    key.write_text(text[:at])
    key.chmod(0o600)
    return cert, key


def load(options: TlsOptions) -> Certificate:
    """One that is there."""
    found = load_certificate(options)
    assert found is not None
    return found


def test_without_a_file_there_is_none() -> None:
    """The listener speaks plain HTTP."""
    assert load_certificate(TlsOptions()) is None


def test_a_certificate_and_its_key(tmp_path: Path) -> None:
    """In two files, or in one."""
    cert, key = parts("good.pem", tmp_path)
    assert load(TlsOptions(cert, key)).find_flaws(NOW) == []
    assert load(TlsOptions(GOOD)).key_file == GOOD


def der(folder: Path) -> TlsOptions:
    """Not in PEM form."""
    file = folder / "cert.der"
    text = GOOD.read_text()
    file.write_bytes(ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERT") :]))
    return TlsOptions(file, parts("good.pem", folder)[1])


def der_key(folder: Path) -> TlsOptions:
    """The key is not."""
    cert, key = parts("good.pem", folder)
    key.write_bytes(b"\x30\x81\x87")
    return TlsOptions(cert, key)


def swapped(folder: Path) -> TlsOptions:
    """Each named for the other."""
    cert, key = parts("good.pem", folder)
    return TlsOptions(key, cert)


def of_another(folder: Path) -> TlsOptions:
    """The key of another certificate."""
    return TlsOptions(parts("good.pem", folder)[0], parts("other_host.pem", folder)[1])


def of_another_kind(folder: Path) -> TlsOptions:
    """An RSA key for a certificate of elliptic curves."""
    key = folder / "rsa.pem"
    command = ["openssl", "genpkey", "-quiet", "-algorithm", "RSA", "-out", str(key)]
    subprocess.run(command, check=True)
    return TlsOptions(parts("good.pem", folder)[0], key)


def without_key(folder: Path) -> TlsOptions:
    """No key is named, and none is in the file."""
    return TlsOptions(parts("good.pem", folder)[0])


def encrypted(folder: Path) -> TlsOptions:
    """A key that wants a passphrase."""
    cert, key = parts("good.pem", folder)
    new = folder / "locked.pem"
    command = ["openssl", "pkey", "-in", str(key), "-aes128", "-passout", "pass:x", "-out"]
    subprocess.run([*command, str(new)], check=True)
    return TlsOptions(cert, new)


def damaged(folder: Path) -> TlsOptions:
    """Its lines are there and make no sense."""
    file = folder / "damaged.pem"
    file.write_text(GOOD.read_text().replace("MII", "MIJ"))
    return TlsOptions(file, parts("good.pem", folder)[1])


def gone(folder: Path) -> TlsOptions:
    """There is no such file."""
    return TlsOptions(folder / "nowhere.pem")


def a_folder(folder: Path) -> TlsOptions:
    """It is no file."""
    return TlsOptions(folder)


@pytest.mark.parametrize(
    ("make", "variable", "words"),
    [
        (der, "TLS_CERT_FILE", "cert.der holds no certificate in PEM form"),
        (der_key, "TLS_KEY_FILE", "key-of-good.pem holds no private key in PEM form"),
        (swapped, "TLS_CERT_FILE", "holds a private key and no certificate; name the certificate"),
        (of_another, "TLS_KEY_FILE", "does not belong to the first certificate in"),
        (of_another_kind, "TLS_KEY_FILE", "does not belong to the first certificate in"),
        (without_key, "TLS_KEY_FILE", "is not set, and"),
        (encrypted, "TLS_KEY_FILE", "openssl pkey -in"),
        (damaged, "TLS_CERT_FILE", "damaged.pem and"),
        (gone, "TLS_CERT_FILE", "there is no file"),
        (a_folder, "TLS_CERT_FILE", "name a file"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_remedy(
    tmp_path: Path, make: Callable[[Path], TlsOptions], variable: str, words: str
) -> None:
    """One sentence, which names the setting, the file and what to do."""
    with pytest.raises(TlsFileError) as caught:
        load_certificate(make(tmp_path))
    assert caught.value.variable == variable
    assert words in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not shutil.which("setpriv") or os.geteuid() != 0, reason="needs to be root")
def test_a_key_that_may_not_be_read_says_whom_to_give_the_right(tmp_path: Path) -> None:
    """Root may read everything, so somebody else tries."""
    cert, key = parts("good.pem", tmp_path)
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(0o755)
    os.seteuid(4711)
    try:
        with pytest.raises(TlsFileError, match="the user with the id 4711 the right to read it"):
            load_certificate(TlsOptions(cert, key))
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("name", "now", "words"),
    [
        ("expired.pem", NOW, "expired on 2021-01-01"),
        ("future.pem", NOW, "holds from 2119-01-01 only"),
        ("expired.pem", datetime(2020, 12, 20, tzinfo=UTC), "expires on 2021-01-01; renew it"),
    ],
)
def test_what_clients_refuse_is_served_with_a_word(
    tmp_path: Path, name: str, now: datetime, words: str
) -> None:
    """A gateway that did not start would help nobody; the sentence says what to do."""
    ((variable, message),) = load(TlsOptions(*parts(name, tmp_path))).find_flaws(now)
    assert variable == "TLS_CERT_FILE"
    assert words in message


def test_a_key_that_others_can_read_is_told(tmp_path: Path) -> None:
    """A group may, as the ones that systems have for this."""
    cert, key = parts("good.pem", tmp_path)
    key.chmod(0o640)
    assert load(TlsOptions(cert, key)).find_flaws(NOW) == []
    key.chmod(0o644)
    ((variable, message),) = load(TlsOptions(cert, key)).find_flaws(NOW)
    assert (variable, "chmod o=" in message) == ("TLS_KEY_FILE", True)


def shown(listener: ListenerTls, name: str | None) -> bytes | None:
    """The certificate that a handshake in memory gives."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = listener.context.wrap_bio(to_server, to_client, server_side=True)
    context = ssl.create_default_context(cafile=TLS / "authority.pem")
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = context.wrap_bio(to_client, to_server, server_hostname=name)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return client.getpeercert(binary_form=True)


@pytest.mark.parametrize("name", ["localhost", None])
def test_the_next_handshake_shows_the_renewed_certificate(name: str | None) -> None:
    """Through the context that the loop has for good, whether a client names a host or not."""
    listener = ListenerTls(load(TlsOptions(GOOD)))
    first = shown(listener, name)
    listener.certificate = load(TlsOptions(TLS / "other_host.pem"))
    assert first
    assert shown(listener, name) not in {None, first}

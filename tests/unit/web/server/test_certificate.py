"""The times of a certificate, compared with what OpenSSL reads from the same bytes."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cursor_api.web.server.certificate import Validity, read_validity

TLS = Path(__file__).parents[3] / "vectors" / "tls"


def der_of(name: str) -> bytes:
    """One of the test certificates."""
    text = (TLS / name).read_text()
    return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERT") :])


def test_the_times_are_those_that_openssl_reads() -> None:
    """Of every authority that this machine knows, and of one that lasts beyond 2049."""
    context = ssl.create_default_context(cafile=TLS / "authority.pem")
    context.load_default_certs()
    told, raw = context.get_ca_certs(), context.get_ca_certs(binary_form=True)
    assert told
    for facts, der in zip(told, raw, strict=True):
        times = [ssl.cert_time_to_seconds(str(facts[name])) for name in ("notBefore", "notAfter")]
        validity = read_validity(der)
        assert [one.timestamp() for one in validity] == times


def test_both_forms_of_time() -> None:
    """Two digits of the year up to 2049, four from then on."""
    assert read_validity(der_of("good.pem")) == Validity(
        datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)
    )
    der = der_of("expired.pem")
    assert read_validity(der.replace(b"\x17\x0d200101", b"\x17\x0d500101")).begins_at.year == 1950


def test_what_is_cut_short_or_no_certificate_is_refused() -> None:
    """At every byte, and by one error."""
    der = der_of("good.pem")
    for end in range(len(der)):
        with pytest.raises(ValueError, match=r"."):
            read_validity(der[:end])
    nonsense = (
        b"\x30\x00",
        b"\x30\x02\x30\x00",
        b"\x02\x01\x00",
        der.replace(b"\x17\x0d", b"\x13\x0d"),
    )
    for bad in nonsense:
        with pytest.raises(ValueError, match=r"."):
            read_validity(bad)

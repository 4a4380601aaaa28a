"""Whether the gateway of this container answers: exits with 0, or with 1 and a word why not.

Asks `GET /`, which answers under every ROUTE_PREFIX, where HOST and PORT say; 0.0.0.0 and :: are
asked on the loopback. Whether the listener has TLS may stand in `.env` or in the TOML file as well
as in the environment, so both schemes are tried, the likelier one first. The certificate is not
judged: this asks the same container, and sends nothing.
"""

import http.client
import os
import ssl
import sys

TIMEOUT_S = 4
EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked, not bound


def main() -> int:
    """The exit status."""
    host = os.environ.get("HOST", "").strip("[]")
    host = EVERYWHERE.get(host, host)
    port = int(os.environ.get("PORT") or 3000)
    problems = []
    for is_secure in sorted((False, True), reverse=bool(os.environ.get("TLS_CERT_FILE"))):
        try:
            status = ask(host, port, is_secure=is_secure)
        except (OSError, http.client.HTTPException) as error:
            problems.append(f"{'https' if is_secure else 'http'}: {error}")
        else:
            if status == http.HTTPStatus.OK:
                return 0
            problems.append(f"status {status}")
    sys.stderr.write(f"{host} port {port}: {'; '.join(problems)}\n")
    return 1


def ask(host: str, port: int, *, is_secure: bool) -> int:
    """The status of `GET /`. Raises OSError or HTTPException where nothing like HTTP answers."""
    if is_secure:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=TIMEOUT_S, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/", headers={"User-Agent": "healthcheck"})
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())

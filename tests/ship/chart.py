"""The Helm chart: linted, rendered in every way that its values have, and held to schemas.

`make chart-check` runs it with the tools of publishing, on which it depends: Helm's own code as a
library, and the schemas of Kubernetes. No cluster is asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import helm_python as helm
import kubernetes_validate
import yaml

from cursor_api import __version__
from cursor_api.installed import SCHEMA
from tests.ship.tools import ROOT, ToolError, say

CHART: Final = ROOT / "deploy" / "helm"
# The oldest that the chart allows and for which there is a schema, and one of today.
VERSIONS: Final = ("1.25.0", "1.33.0")
KEY: Final = "a-key-for-the-chart-0123"
CONFIG: Final = '[[upstream]]\nname = "local"\nkind = "openai"\nbase_url = "http://ollama:11434"\n'
WITH_KEY: Final[Mapping[str, Any]] = {"auth": {"token": KEY}}
SHARED: Final[Mapping[str, Any]] = {
    "databaseUrl": "postgresql://gateway:secret@db/gateway",
    "redisUrl": "redis://:secret@valkey:6379/0",
}
SEVERAL: Final[Mapping[str, Any]] = {
    **WITH_KEY,
    "replicas": 2,
    "tokens": "me::token",
    "shared": SHARED,
}
CASES: Final[Mapping[str, Mapping[str, Any]]] = {
    "by default": WITH_KEY,
    "with a Secret of one's own": {"auth": {"existingSecret": "mine"}},
    "without a volume": {**WITH_KEY, "persistence": {"enabled": False}, "tokens": "me::token\n"},
    "with a claim that is there": {**WITH_KEY, "persistence": {"existingClaim": "mine"}},
    "several": SEVERAL,
    "several, with credentials in the database": {
        **WITH_KEY,
        "replicas": 2,
        "shared": {**SHARED, "credentialsKey": "a" * 64},
    },
    "several, with Secrets of one's own": {
        "auth": {"existingSecret": "mine"},
        "replicas": 3,
        "shared": {"existingSecret": "theirs"},
        "persistence": {"enabled": False},
    },
    "with all there is": {
        **WITH_KEY,
        "config": CONFIG,
        "env": {"GATEWAY_TRUSTED_PROXIES": "10.0.0.0/8", "CURSOR_PRIVACY_MODE": "true"},
        "tls": {"existingSecret": "cert"},
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "host": "ai.example.org",
            "tlsSecret": "front",
            "annotations": {"nginx.ingress.kubernetes.io/proxy-read-timeout": "3600"},
        },
        "persistence": {"storageClass": "fast", "size": "5Gi"},
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "ai", "operator": "Exists"}],
        "podAnnotations": {"example.org/team": "ai"},
    },
}
REFUSED: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "several replicas that share nothing": (
        {**WITH_KEY, "replicas": 2, "tokens": "me::token"},
        "shared.databaseUrl",
    ),
    "several replicas with half of it": (
        {**WITH_KEY, "replicas": 2, "tokens": "me::token", "shared": {"redisUrl": "redis://r"}},
        "shared.databaseUrl",
    ),
    "several replicas without credentials": (
        {**WITH_KEY, "replicas": 2, "shared": SHARED},
        "the same credentials",
    ),
    "several replicas at one volume": (
        {**SEVERAL, "persistence": {"existingClaim": "mine"}},
        "persistence.existingClaim",
    ),
    "addresses that nobody would read": (
        {**WITH_KEY, "shared": {**SHARED, "existingSecret": "theirs"}},
        "as DATABASE_URL",
    ),
    "no key": ({}, "openssl rand -hex 24"),
    "a short key": ({"auth": {"token": "short"}}, "token"),
    "tokens that nobody would read": (
        {"auth": {"existingSecret": "mine"}, "tokens": "t"},
        "as TOKENS",
    ),
    "an ingress for every host": ({**WITH_KEY, "ingress": {"enabled": True}}, "ingress.host"),
    "a value that there is not": ({**WITH_KEY, "replica": 1}, "replica"),
}


def main() -> int:
    """`make chart-check`."""
    try:
        _lint()
        with helm.Chart.load(CHART) as chart:
            assert chart.metadata["appVersion"] == __version__, "appVersion is not the program's"
            for name, values in CASES.items():
                objects = list(_render(chart, values))
                for one in objects:
                    _validate(one)
                _check_pod(objects)
                kinds = ", ".join(one["kind"] for one in objects)
                say(f"{name}: {kinds}")
            for name, (values, words) in REFUSED.items():
                _refuses(chart, values, words)
                say(f"refused, with what to do: {name}")
    except (AssertionError, ToolError, helm.HelmError) as error:
        say(f"FAILED: {error}")
        return 1
    return 0


def _lint() -> None:
    told = helm.lint(CHART, values=dict(WITH_KEY))
    # Helm likes a chart to have an icon, from an address that everybody's cluster would ask.
    serious = [one for one in told["messages"] if "icon" not in one["error"]]
    if serious or told["errors"]:
        raise ToolError(f"helm lint: {serious or told['errors']}")


def _render(chart: helm.Chart, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    chart.validate_schema(dict(values))
    for path, text in sorted(chart.render(dict(values), name="mine").items()):
        if path.endswith(".yaml"):
            yield from filter(None, yaml.safe_load_all(text))


def _validate(one: Mapping[str, Any]) -> None:
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(dict(one), version, strict=True)
        except kubernetes_validate.ValidationError as error:
            raise ToolError(f"{one['kind']} for Kubernetes {version}: {error}") from None


def _check_pod(objects: list[dict[str, Any]]) -> None:
    """What no schema knows: every variable is a setting, and every probe asks the right scheme."""
    (workload,) = (one for one in objects if one["kind"] == "StatefulSet")
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    variables = {one["name"]: one["value"] for one in container["env"]}
    assert variables.keys() <= SCHEMA.by_variable.keys(), variables
    scheme = "HTTPS" if "TLS_CERT_FILE" in variables else "HTTP"
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["scheme"] == scheme, probe
    secrets = {
        one["metadata"]["name"]: one["stringData"] for one in objects if one["kind"] == "Secret"
    }
    for name in (one["secretRef"]["name"] for one in container["envFrom"]):
        assert secrets.get(name, {}).keys() <= SCHEMA.by_variable.keys(), name
        assert name in {*secrets, "mine", "theirs"}, name
    mounted = {one["name"] for one in container["volumeMounts"]}
    claimed = workload["spec"].get("volumeClaimTemplates", ())
    named = {one["name"] for one in pod["volumes"]}
    named |= {one["metadata"]["name"] for one in claimed}
    assert mounted == named, (mounted, named)
    grace_s = int(variables["GATEWAY_SHUTDOWN_GRACE_S"])
    assert pod["terminationGracePeriodSeconds"] > grace_s + 5, "it is killed before its grace ends"


def _refuses(chart: helm.Chart, values: Mapping[str, Any], words: str) -> None:
    try:
        list(_render(chart, values))
    except helm.HelmError as error:
        told = str(error)
    else:
        told = "it is not refused"
    if words not in told:
        raise ToolError(f"{dict(values)}: {told}")


if __name__ == "__main__":
    sys.exit(main())

"""Secrets that anybody can read who reads the state, the cluster's configuration or a preview.

Owns how a secret is told from other text: by the name that it has, or by a form that nothing else has. No reason
contains one. Leaves files of the repository to the secret scan of CI.
"""

import re
from collections.abc import Iterator, Mapping

from infra.gate.change import Value
from infra.gate.rules.properties import items, listed, objects, shortened, text
from infra.gate.rules.rule import Found, rule
from infra.gate.rules.view import View
from infra.gate.rules.workloads import containers, pods, workloads

_NAMED = re.compile(
    r"(?:^|[^a-z])(?:password|passwd|passphrase|secret|token|credentials?|dsn|(?:api|private|access|encryption|signing)_?key)$"
    r"|[a-z0-9]_key$|secret_",
    re.IGNORECASE,
)
"""Names of what nobody may read, much as settings refuse them (`infra.settings.services`), in snake case."""

_INNOCENT = re.compile(
    r"(?:public|primary|foreign|sort|partition|cache|routing|idempotency)_?key$|^pgbouncer", re.IGNORECASE
)
"""Names that end so and are no secrets."""

_REFERENCE = re.compile(r"^(?:/|\./|arn:|https?://[^@\s]*$|\$\(|\$\{|[a-z]+://[^:@\s]*$)")
"""Values that say where a secret is: a path, an ARN, a URL without a login, another variable."""

_FORMS: Mapping[str, re.Pattern[str]] = {
    "a URL with a password": re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@\"']*:[^/\s@\"'$]{3,}@", re.IGNORECASE),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "an access key of AWS": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    "a token of Slack": re.compile(r"\bxox[abeprs]-[A-Za-z0-9-]{10,}\b"),
    "a key of Stripe": re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16,}\b"),
    "a JSON web token": re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
}
"""What it is -> its form; nothing else looks so."""

_IN_ARGUMENT = re.compile(r"^--?[\w-]*(?:password|passwd|secret|token|api-?key)=(?!\$|/).{4,}", re.IGNORECASE)
_LEAST = 4
"""Characters of a secret at least: shorter ones are switches and numbers."""

_SECRETS: Mapping[str, tuple[str, ...]] = {
    "aws:rds/instance:Instance": ("password",),
    "aws:rds/cluster:Cluster": ("masterPassword",),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("authToken",),
    "aws:secretsmanager/secretVersion:SecretVersion": ("secretString", "secretBinary"),
    "postgresql:index/role:Role": ("password",),
    "pulumi:providers:postgresql": ("password",),
}
"""Type token -> inputs that hold a secret whatever they are like."""


@rule("forbidden")
def secret_in_plain_text(view: View) -> Iterator[Found]:
    """A secret is in plain text in a variable or an argument of a container, or in a ConfigMap.

    Source: REQUIREMENTS, Secrets; CIS Kubernetes 5.4.1; AWS Security Hub ECS.8
    """
    for resource in workloads(view):
        for container in containers(pods(resource.type, resource.inputs)):
            name = shortened(text(container.get("name")))
            for what, place in _of_container(container):
                yield Found(resource.urn, f"{name}: {what}", place)
    for config_map in view.resources("kubernetes:core/v1:ConfigMap"):
        for key, value in sorted(_object(config_map.inputs.get("data")).items()):
            what = _found(key, value)
            if what:
                yield Found(config_map.urn, f"{shortened(key)} is {what}", f"data.{key}")


@rule("forbidden")
def secret_unmarked(view: View) -> Iterator[Found]:
    """A password or a secret's value is not marked as secret, so that the state and every preview show it.

    Source: Pulumi, Secrets; REQUIREMENTS, Secrets
    """
    for token, keys in _SECRETS.items():
        for resource in view.resources(token):
            for key in keys:
                if text(resource.inputs.get(key)):
                    yield Found(resource.urn, f"{key} is shown by the state and by previews", key)
    for secret in view.resources("kubernetes:core/v1:Secret"):
        for field in ("data", "stringData"):
            shown = [key for key, value in sorted(_object(secret.inputs.get(field)).items()) if text(value)]
            if shown:
                yield Found(secret.urn, f"{listed(shown)} is shown by the state and by previews", field)


def _of_container(container: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Return what of a container is a secret, and where."""
    for variable in objects(container.get("env")):
        name = text(variable.get("name"))
        what = _found(name, variable.get("value"))
        if what:
            yield f"variable {shortened(name)} is {what}", "env"
    for place in ("command", "args"):
        for argument in items(container.get(place)):
            words = text(argument)
            kind = form(words)
            if kind or _IN_ARGUMENT.match(words):
                yield f"an argument has {kind or 'a secret'}", place


def _found(name: str, value: Value) -> str:
    """Return what a value is, when it is a secret; empty otherwise."""
    words = text(value)
    kind = form(words)
    if kind:
        return kind
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").replace(".", "_")
    if not _NAMED.search(plain) or _INNOCENT.search(plain):
        return ""
    literal = (
        len(words) >= _LEAST
        and not _REFERENCE.match(words)
        and not re.fullmatch(r"[\d.]+|true|false|none", words.lower())
    )
    return "a secret by its name" if literal else ""


def form(words: str) -> str:
    """Return what kind of a secret a text has in it, by its form alone; empty without one.

    Args:
        words: the text.
    """
    return next((what for what, pattern in _FORMS.items() if pattern.search(words)), "")


def _object(value: Value) -> Mapping[str, Value]:
    return value if isinstance(value, Mapping) else {}


RULES = (secret_in_plain_text, secret_unmarked)

"""Kubeconfigs: from the text, file or environment to a connection.

Owns which cluster, user and namespace count, TLS material and credentials: client certificates, tokens, token files,
passwords and exec plugins such as `aws eks get-token`. The server is always verified: `insecure-skip-tls-verify` is
refused. Leaves the calls to `client`.
"""

import base64
import binascii
import datetime
import json
import os
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from infra.sandbox.plugins.provider import ProviderError

_EXEC_SECONDS = 60.0  # a credential plugin that takes longer has hung
_EARLY = datetime.timedelta(seconds=60)  # a token is renewed that long before it ends


@dataclass(frozen=True)
class Target:
    """What a kubeconfig selects.

    Args:
        server: the API server's address.
        cluster: the cluster's entry, for telling whether a changed kubeconfig means another cluster.
        user: the user's entry.
        namespace: the context's namespace, `default` without one.
        folder: what relative paths in it are relative to.
    """

    server: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any] = field(repr=False)
    namespace: str
    folder: Path


def select(kubeconfig: Any, context: str | None, cluster: str | None) -> Target:
    """Return what `kubeconfig` selects.

    Args:
        kubeconfig: a path, the content (YAML or JSON), a mapping, or None for `$KUBECONFIG` and `~/.kube/config`.
        context: the context to use instead of the current one.
        cluster: the cluster to use instead of the context's.

    Raises:
        ProviderError: it cannot be read, or does not hold what is asked for; no content is echoed.
    """
    document, folder = _document(kubeconfig)
    name = context or document.get("current-context")
    if not name:
        raise ProviderError("the kubeconfig has no current-context; set kubernetes:context")
    chosen = _entry(document, "contexts", "context", name)
    entry = _entry(document, "clusters", "cluster", cluster or chosen.get("cluster"))
    user = _entry(document, "users", "user", chosen["user"]) if chosen.get("user") else {}
    if not entry.get("server"):
        raise ProviderError(f"the kubeconfig's cluster of context {name} has no server")
    return Target(entry["server"], entry, user, chosen.get("namespace") or "default", folder)


def tls_context(target: Target) -> ssl.SSLContext:
    """Return what verifies the server and carries the client's certificate.

    Raises:
        ProviderError: verification is switched off, or a certificate cannot be read.
    """
    if target.cluster.get("insecure-skip-tls-verify"):
        raise ProviderError("the kubeconfig sets insecure-skip-tls-verify; give certificate-authority instead")
    if target.cluster.get("proxy-url"):
        raise ProviderError("the offline kubernetes plugin does not support the kubeconfig's proxy-url")
    try:
        authority = _material(target, target.cluster, "certificate-authority")
        context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
        _add_identity(context, target)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; its text names no content
        raise ProviderError(f"the kubeconfig's certificates cannot be used: {error}") from error
    return context


def authorization(target: Target) -> Callable[[bool], str | None]:
    """Return a function that gives the Authorization header, or None when a certificate speaks for the user.

    The function takes whether the last header was refused; an exec plugin is then asked again.
    """
    user = target.user
    if user.get("token"):
        return lambda _: f"Bearer {user['token']}"
    if user.get("tokenFile"):
        path = target.folder / user["tokenFile"]
        return lambda _: f"Bearer {_read(path).decode().strip()}"
    if user.get("exec"):
        return _ExecCredential(user["exec"], target.folder).header
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}".encode()
        return lambda _: f"Basic {base64.b64encode(pair).decode()}"
    if user.get("auth-provider"):
        raise ProviderError("the kubeconfig's auth-provider is no longer a part of Kubernetes; use exec")
    return lambda _: None


class _ExecCredential:
    """A credential plugin: `client.authentication.k8s.io` ExecCredential with a token."""

    def __init__(self, spec: Mapping[str, Any], folder: Path) -> None:
        self._spec = spec
        self._folder = folder
        self._lock = threading.Lock()
        self._token: str | None = None
        self._expires: datetime.datetime | None = None

    def header(self, refused: bool) -> str:
        with self._lock:
            now = datetime.datetime.now(datetime.UTC)
            late = self._expires is not None and now > self._expires - _EARLY
            if self._token is None or late or refused:
                self._renew()
            return f"Bearer {self._token}"

    def _renew(self) -> None:
        version = self._spec.get("apiVersion", "client.authentication.k8s.io/v1")
        info = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
        extra = {entry["name"]: entry["value"] for entry in self._spec.get("env") or []}
        command = str(self._spec.get("command"))
        if "/" in command:
            command = str(self._folder / command)
        try:
            result = subprocess.run(
                [command, *(self._spec.get("args") or [])],
                env={**os.environ, **extra, "KUBERNETES_EXEC_INFO": json.dumps(info)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_EXEC_SECONDS,
                check=True,
            )
            status = json.loads(result.stdout)["status"]
            self._token = status["token"]
            expires = status.get("expirationTimestamp")
            self._expires = datetime.datetime.fromisoformat(expires) if expires else None
        except FileNotFoundError as error:
            raise ProviderError(f"the kubeconfig's credential plugin {command} is not installed") from error
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise ProviderError(f"the kubeconfig's credential plugin {command} failed: {' '.join(said)}") from error
        except (OSError, ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as error:
            raise ProviderError(f"the kubeconfig's credential plugin {command} gave no token") from error


def _document(kubeconfig: Any) -> tuple[dict[str, Any], Path]:
    if isinstance(kubeconfig, Mapping):
        return dict(kubeconfig), Path.cwd()
    if not kubeconfig:
        return _ambient()
    text = str(kubeconfig)
    if "\n" not in text and not text.lstrip().startswith("{"):
        path = Path(text).expanduser()
        return _parse(_read(path)), path.parent
    return _parse(text.encode()), Path.cwd()


def _ambient() -> tuple[dict[str, Any], Path]:
    """Merge the files of `$KUBECONFIG` as kubectl does: the first one that names a thing wins."""
    named = [Path(part).expanduser() for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    paths = [path for path in named or [Path("~/.kube/config").expanduser()] if path.exists()]
    if not paths:
        raise ProviderError("no kubeconfig: set kubernetes:kubeconfig or KUBECONFIG")
    merged: dict[str, Any] = {}
    for path in paths:
        document = _parse(_read(path))
        for name, value in document.items():
            merged[name] = (
                [*merged.get(name, []), *(value or [])] if isinstance(value, list) else merged.get(name, value)
            )
    return merged, paths[0].parent


def _parse(content: bytes) -> dict[str, Any]:
    try:
        document = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe loaders
    except yaml.YAMLError as error:
        raise ProviderError("the kubeconfig is not YAML") from error
    if not isinstance(document, dict):
        raise ProviderError("the kubeconfig is neither an existing file nor a kubeconfig's content")
    return document


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ProviderError(f"cannot read {path}, named by the kubeconfig: {error.strerror}") from error


def _entry(document: Mapping[str, Any], section: str, key: str, name: Any) -> dict[str, Any]:
    for entry in document.get(section) or []:
        if isinstance(entry, Mapping) and entry.get("name") == name:
            return dict(entry.get(key) or {})
    raise ProviderError(f"the kubeconfig has no {key} named {name!r}")


def _material(target: Target, entry: Mapping[str, Any], name: str) -> bytes | None:
    if entry.get(f"{name}-data"):
        try:
            return base64.b64decode(entry[f"{name}-data"], validate=True)
        except binascii.Error as error:
            raise ProviderError(f"the kubeconfig's {name}-data is not base64") from error
    return _read(target.folder / entry[name]) if entry.get(name) else None


def _add_identity(context: ssl.SSLContext, target: Target) -> None:
    certificate = _material(target, target.user, "client-certificate")
    key = _material(target, target.user, "client-key")
    if certificate is None or key is None:
        return
    with tempfile.TemporaryDirectory(prefix="tenantry-") as folder:  # mode 0700; OpenSSL reads files only
        path = Path(folder) / "identity.pem"
        path.write_bytes(certificate + b"\n" + key)
        context.load_cert_chain(path)

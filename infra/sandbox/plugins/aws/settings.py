"""The provider's own settings: which account, region and tags."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.sandbox.plugins.aws.clients import Connection
from infra.sandbox.plugins.provider import Failure, Properties, ProviderError
from infra.sandbox.plugins.values import Value, has_unknown, reveal

_CREDENTIALS = {"accessKey": "aws_access_key_id", "secretKey": "aws_secret_access_key", "token": "aws_session_token"}
_STRUCTURED = frozenset({"defaultTags", "ignoreTags", "endpoints", "allowedAccountIds", "forbiddenAccountIds"})
_INDIFFERENT = frozenset(
    {
        "version",
        "pluginDownloadURL",
        "maxRetries",
        "retryMode",
        "s3UsePathStyle",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
    }
)
"""What changes nothing in the sandbox's cloud, which is asked as these would have it anyway."""
_KNOWN = frozenset({"region", *_CREDENTIALS, *_STRUCTURED, *_INDIFFERENT})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a provider was told.

    Args:
        connection: how to reach AWS.
        default_tags: the tags of every resource that takes tags.
        ignored_keys: tags that others set, which are neither read nor removed.
        ignored_prefixes: the same, by the beginning of their keys.
        allowed_accounts: the only accounts to work in; empty for any.
        forbidden_accounts: accounts never to work in.
    """

    connection: Connection
    default_tags: Mapping[str, str] = field(default_factory=dict)
    ignored_keys: frozenset[str] = frozenset()
    ignored_prefixes: tuple[str, ...] = ()
    allowed_accounts: tuple[str, ...] = ()
    forbidden_accounts: tuple[str, ...] = ()


def check(inputs: Properties) -> list[Failure]:
    """Judge the settings; nothing is contacted."""
    failures = [
        Failure(name, f"is not a setting that the offline aws plugin takes; it takes {', '.join(sorted(_KNOWN))}")
        for name, value in inputs.items()
        if name not in _KNOWN and value is not None and not name.startswith("__")
    ]
    for name in sorted(_STRUCTURED & inputs.keys()):
        value = reveal(inputs[name])
        if isinstance(value, str) and not _is_json(value):
            failures.append(Failure(name, "must be a JSON document"))
    return failures


def read(config: Properties) -> Settings:
    """Return the settings.

    Raises:
        ProviderError: no region is named anywhere.
    """
    plain = {name: _structured(name, value) for name, value in reveal(config).items() if not has_unknown(value)}
    region = plain.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise ProviderError("no region is set: give the provider one, or run `pulumi config set aws:region REGION`")
    ignored = plain.get("ignoreTags") or {}
    return Settings(
        connection=Connection(
            region=str(region),
            credentials={name: str(plain[key]) for key, name in _CREDENTIALS.items() if plain.get(key)},
            endpoints=_endpoints(plain.get("endpoints")),
        ),
        default_tags=(plain.get("defaultTags") or {}).get("tags") or {},
        ignored_keys=frozenset(ignored.get("keys") or ()),
        ignored_prefixes=tuple(ignored.get("keyPrefixes") or ()),
        allowed_accounts=tuple(map(str, plain.get("allowedAccountIds") or ())),
        forbidden_accounts=tuple(map(str, plain.get("forbiddenAccountIds") or ())),
    )


def _structured(name: str, value: Value) -> Value:
    return json.loads(value) if name in _STRUCTURED and isinstance(value, str) else value


def _endpoints(value: Value) -> dict[str, str]:
    listed = value if isinstance(value, list) else [value or {}]
    return {service: str(url) for endpoints in listed for service, url in endpoints.items() if url}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True

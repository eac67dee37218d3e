"""botocore clients, one per service and region, as the provider's settings say.

Owns settings of the connection and what every call carries: which resource it is made for. The sandbox's cloud keeps
the answer to a creation under that name until its resource is deleted, so that an engine which was killed before it
could write the answer down is given the same one again, and nothing is made twice.
"""

import contextlib
import contextvars
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import botocore.session
from botocore.config import Config

from infra.sandbox import service_models

CREATOR_HEADER = "X-Tenantry-Creator"
"""Names the resource that a creation is for; AWS itself would ignore it."""
KNOWN_HEADER = "X-Tenantry-Known"
"""The id of the one that is known already: a creation that made it is no answer. `*` for any."""
DELETER_HEADER = "X-Tenantry-Deleter"
"""Names the resource that a deletion is for: its creation is forgotten."""
REPEATED_HEADER = "x-tenantry-repeated"
"""In an answer: it is that of an earlier creation."""

_ATTEMPTS = 8  # how often a throttled call is tried; botocore's standard mode waits up to 20 s between two
_CONNECTIONS = 64  # at once, as many as requests the engine makes in parallel
_AGENT = "tenantry-aws-plugin"  # botocore would put its own together anew for each call, from twenty parts

_headers: contextvars.ContextVar[Mapping[str, str]] = contextvars.ContextVar("headers", default=MappingProxyType({}))
_creation: contextvars.ContextVar["Creation | None"] = contextvars.ContextVar("creation", default=None)


@dataclass
class Creation:
    """A creation under way.

    Args:
        repeated: set when the answer was that of an earlier creation.
    """

    repeated: bool = False


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How to reach AWS.

    Args:
        region: the region of what names none.
        credentials: `aws_access_key_id` and so on, as botocore's clients take them; empty for the environment's.
        endpoints: service -> URL; a service that is not in it is asked where AWS_ENDPOINT_URL says.
    """

    region: str
    credentials: Mapping[str, str] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)


class Cloud:
    """AWS, as the settings of one provider see it; may be used by many threads at once."""

    def __init__(self, connection: Connection) -> None:
        """Contact nothing yet.

        Args:
            connection: how to reach AWS.
        """
        service_models.keep_small()
        self.region = connection.region
        self._connection = connection
        self._session = botocore.session.get_session()  # boto3's own would import what transfers files
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str, region: str = "") -> Any:
        """Return the client of a service.

        Args:
            service: its name in boto3, as `ec2`.
            region: another region than the provider's.
        """
        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._new_client(*key)
            return self._clients[key]

    @contextlib.contextmanager
    def creating(self, urn: str, *, known: str) -> Iterator[Creation]:
        """Make the changes in the block the creation of a resource.

        Args:
            urn: the resource.
            known: the id of the one that exists by this URN and is about to be replaced; empty for none; `*` when
                whatever an earlier creation made is of no use.
        """
        creation = Creation()
        headers = _headers.set({CREATOR_HEADER: urn, **({KNOWN_HEADER: known} if known else {})})
        token = _creation.set(creation)
        try:
            yield creation
        finally:
            _creation.reset(token)
            _headers.reset(headers)

    @contextlib.contextmanager
    def deleting(self, urn: str) -> Iterator[None]:
        """Make the changes in the block the deletion of a resource.

        Args:
            urn: the resource.
        """
        headers = _headers.set({DELETER_HEADER: urn})
        try:
            yield
        finally:
            _headers.reset(headers)

    def _new_client(self, service: str, region: str) -> Any:
        config = Config(
            retries={"mode": "standard", "total_max_attempts": int(os.environ.get("AWS_MAX_ATTEMPTS") or _ATTEMPTS)},
            max_pool_connections=_CONNECTIONS,
            user_agent=_AGENT,
            s3={"addressing_style": "path"},  # a bucket's own host name resolves nowhere but at AWS
        )
        endpoint = self._connection.endpoints.get(service)
        client: Any = self._session.create_client(
            service, region_name=region, config=config, endpoint_url=endpoint, **self._connection.credentials
        )
        client.meta.events.register("before-call", _name_resource)
        client.meta.events.register("after-call", _note_repetition)
        return client


def is_repeated() -> bool:
    """Whether the creation under way has been answered as an earlier one was, so that what it made is no other's."""
    creation = _creation.get()
    return creation is not None and creation.repeated


def _name_resource(params: dict[str, Any], **_: Any) -> None:
    params["headers"].update(_headers.get())


def _note_repetition(parsed: dict[str, Any], **_: Any) -> None:
    creation = _creation.get()
    headers = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    if creation is not None and REPEATED_HEADER in headers:
        creation.repeated = True

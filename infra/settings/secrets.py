"""Settings of the secrets that workloads are given: which there are, whose, and when they were rotated; never a value.

Values that the program draws are only in its encrypted state and in Secrets Manager; those that come from elsewhere are
only in Secrets Manager (`tenantry secrets rotate`).
"""

import datetime
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated

from pydantic import Field

from infra.settings.kinds import AwsName, SecretName, Slug, UtcMoment
from infra.settings.section import Contradiction, Section, repeated

MOMENT_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
"""How a declared rotation is written: UTC, to the second."""

_MOST_PER_SERVICE = 10
"""Each right to a secret is a policy, of which AWS attaches so many to a role (IAM user guide, "IAM and AWS STS
quotas")."""

RotationDays = Annotated[int, Field(ge=1, le=365)]
"""Days between two rotations."""


class RotatedSecretSettings(Section):
    """What every secret has, wherever its value comes from."""

    rotated_at: UtcMoment
    """When it was last rotated; a later moment rotates: values that are drawn are drawn anew, and pods roll."""

    rotation_days: RotationDays = 90
    """An alarm tells when it is older. REQUIREMENTS, Secrets: 90 for service roles, webhooks; payment, mail 180."""

    services: tuple[Slug, ...] = ()
    """Who may read it, and finds it as a file; nobody else does."""

    @property
    def rotation(self) -> str:
        """The declared rotation, as RFC 3339 has it."""
        return self.rotated_at.strftime(MOMENT_FORMAT)

    @property
    def due(self) -> datetime.datetime:
        """When it must have been rotated again, in UTC."""
        return self.rotated_at + datetime.timedelta(days=self.rotation_days)

    def contradictions(self) -> Iterator[Contradiction]:
        """Return services that are named twice."""
        yield from repeated("services", self.services)


class GeneratedSecretSettings(RotatedSecretSettings):
    """A secret that the program draws, such as an encryption key or what JWTs are signed with."""

    bytes: Annotated[int, Field(ge=16, le=512)] = 32
    """How long it is (REQUIREMENTS, Secrets); base64 in its file."""


class ExternalSecretSettings(RotatedSecretSettings):
    """A secret that somebody else makes, such as a payment provider; its value never passes through the program."""

    owner: Slug
    """The team that gets a new one."""

    keys: Annotated[tuple[SecretName, ...], Field(min_length=1)]
    """What it consists of, as `id`, `secret`, `webhook`; each is a file."""

    def contradictions(self) -> Iterator[Contradiction]:
        """Return keys and services that are named twice."""
        yield from repeated("keys", self.keys)
        yield from super().contradictions()


class SecretsSettings(Section):
    """The secrets of the environment, in AWS Secrets Manager."""

    generated: dict[SecretName, GeneratedSecretSettings] = Field(default_factory=dict)
    """Name -> one that the program draws."""

    external: dict[SecretName, ExternalSecretSettings] = Field(default_factory=dict)
    """Name -> one whose value is put in with `tenantry secrets rotate`."""

    copies_of: AwsName | None = None
    """The environment, by its `aws.name`, whose copies in this region are used; then none is made or rotated here."""

    protect: bool = True
    """The engine refuses to delete any, and Secrets Manager keeps what it is told to delete for 30 days."""

    @property
    def declared(self) -> Mapping[str, GeneratedSecretSettings | ExternalSecretSettings]:
        """Every secret by name."""
        return {**self.generated, **self.external}

    def contradictions(self) -> Iterator[Contradiction]:
        """Return names that both kinds have."""
        for name in self.external:
            if name in self.generated:
                yield ("external", name), "generated has this name too; rename one of them"

    def unserved(self, services: Collection[str], *, in_cluster: bool, own: str | None) -> Iterator[Contradiction]:
        """Return, below the settings' root, secrets that cannot be delivered.

        Args:
            services: the environment's.
            in_cluster: whether its cluster is declared.
            own: the environment's name in AWS.
        """
        if self.copies_of is not None and self.copies_of == own:
            yield ("secrets", "copies_of"), "this environment itself; name the one that declares them, or remove it"
        if self.declared and not in_cluster:
            yield (
                ("secrets",),
                "asks for a declared cluster: pods of a brought one have no AWS identity to read it with; declare "
                "cluster, or remove secrets",
            )
        read: Counter[str] = Counter()
        for kind, secrets in (("generated", self.generated), ("external", self.external)):
            for name, secret in secrets.items():
                for position, service in enumerate(secret.services):
                    place = ("secrets", kind, name, "services", position)
                    read[service] += 1
                    if service not in services:
                        yield place, "no such service; add it to services, or remove it here"
                    elif read[service] > _MOST_PER_SERVICE:
                        yield place, f"reads {_MOST_PER_SERVICE} already, AWS's limit; join secrets by their keys"

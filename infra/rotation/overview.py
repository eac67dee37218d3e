"""What secrets a stack declares, and which of them should have been rotated.

Pure: the clock is an argument. Leaves rotating to `stack_edit` and `vault`.
"""

import datetime
from dataclasses import dataclass

from infra.settings.models import StackSettings
from infra.settings.secrets import MOMENT_FORMAT, ExternalSecretSettings


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """One secret.

    Args:
        name: in the settings.
        kind: `generated` or `external`.
        owner: the team that gets a new value.
        services: who reads it.
        rotated_at: its declared rotation, in RFC 3339.
        rotation_days: days between two.
        due: when it must have been rotated again, in RFC 3339.
        overdue: whether that has passed.
    """

    name: str
    kind: str
    owner: str
    services: tuple[str, ...]
    rotated_at: str
    rotation_days: int
    due: str
    overdue: bool


def rotations(settings: StackSettings, now: datetime.datetime) -> list[Rotation]:
    """Return every secret of a stack, the one that is due first before the others.

    Args:
        settings: the stack's.
        now: the time, with a zone.
    """
    keeper = settings.aws.tags.owner if settings.aws else ""
    ordered = sorted(settings.secrets.declared.items(), key=lambda item: (item[1].due, item[0]))
    return [
        Rotation(
            name=name,
            kind="external" if isinstance(secret, ExternalSecretSettings) else "generated",
            owner=secret.owner if isinstance(secret, ExternalSecretSettings) else keeper,
            services=secret.services,
            rotated_at=secret.rotation,
            rotation_days=secret.rotation_days,
            due=secret.due.strftime(MOMENT_FORMAT),
            overdue=secret.due <= now,
        )
        for name, secret in ordered
    ]

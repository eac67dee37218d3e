"""All attacks, each by name and category."""

from typing import Final

from tests.isolation.catalogue import catalog, guard, reading, roles, server, structure, writing
from tests.isolation.catalogue.logins import LOGINS as LOGINS
from tests.isolation.model import Attack

ATTACKS: Final[tuple[Attack, ...]] = (
    *reading.ATTACKS,
    *writing.ATTACKS,
    *guard.ATTACKS,
    *roles.ATTACKS,
    *structure.ATTACKS,
    *catalog.ATTACKS,
    *server.ATTACKS,
)

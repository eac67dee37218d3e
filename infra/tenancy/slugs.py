"""Slugs: what is one, and which one a name suggests.

Pure. A slug is a tenant's name in hosts, schemas, roles and namespaces, whole and unhashed (`infra.naming`), so one
that would not fit is refused.
"""

import re
import unicodedata

from infra.errors import TenantryError
from infra.naming import SLUG_LENGTH

_ALLOWED = f"lower-case letters a-z, digits and dashes, {SLUG_LENGTH} at most, a letter first, no dash last"
_SHOWN = 60
"""Characters of a wrong slug that are told again."""


def checked(slug: str) -> str:
    """Return a slug that is one.

    Args:
        slug: as a user gives it.

    Raises:
        TenantryError: it is none; with one that it suggests.
    """
    if len(slug) <= SLUG_LENGTH and re.fullmatch("[a-z](?:[a-z0-9-]*[a-z0-9])?", slug):
        return slug
    near = suggested(slug)
    shown = "".join(character if character.isprintable() else "?" for character in slug[:_SHOWN])
    remedy = f"allowed: {_ALLOWED}" + (f"; did you mean {near}? --name keeps the name as it is" if near else "")
    raise TenantryError("not a slug", shown or "an empty one", remedy)


def suggested(name: str) -> str | None:
    """Return the slug that a name suggests, always the same; None when it has no letter of a-z.

    Two names may suggest one slug, and then the user tells them apart: it only is a suggestion.

    Args:
        name: in any script.
    """
    folded = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = re.sub("[^a-z0-9]+", "-", folded.replace("'", "")).lstrip("-0123456789")
    return words[:SLUG_LENGTH].rstrip("-") or None

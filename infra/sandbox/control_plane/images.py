"""Which pods run for real: those of Tenantry's own tools image.

Owns the image's repository and the question whether a pod belongs to the host runner. Everything else is KWOK's.
"""

import re
from collections.abc import Mapping
from typing import Any

TOOLS_REPOSITORY = "registry.tenantry.invalid/tenantry/tools"
"""The repository of the tools image; `.invalid` never resolves (RFC 2606), so nothing is pulled by accident."""

TOOLS_IMAGE = f"^{re.escape(TOOLS_REPOSITORY)}([:@]|$)"
"""A regular expression, valid in Python and in jq, of the tools image with any tag or digest, or none."""


def is_tools_image(image: str) -> bool:
    """Whether `image` is the tools image, under any tag or digest."""
    return re.match(TOOLS_IMAGE, image) is not None


def runs_on_host(pod: Mapping[str, Any]) -> bool:
    """Whether the host runner owns `pod`: a container of it, not only an init container, is of the tools image."""
    return any(is_tools_image(container.get("image", "")) for container in pod["spec"].get("containers", []))

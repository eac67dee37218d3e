"""Property tests of the gate: the same examples in every run, and nothing kept in the project's folder."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, configuration, settings

configuration.set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "tenantry-hypothesis")
settings.register_profile(
    "tenantry", database=None, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tenantry")

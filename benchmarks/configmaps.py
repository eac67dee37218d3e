"""500 ConfigMaps through the real engine and the offline kubernetes plugin: `python -m benchmarks.configmaps`.

The promise is 45 s at `--parallel 64` on 2 cores. It runs in a control plane of its own, which it deletes at the end.
Owns the measurement only; the sandbox's modules start what is measured.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.rows import Row
from infra.paths import BIN, VIRTUALENV
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.instance import create
from infra.sandbox.plugins import installation
from infra.sandbox.plugins.language.install import install as install_language_host

PROMISED = 45.0  # seconds for `up`
COUNT = 500
_COMMAND = "python -m benchmarks.configmaps"
_PROGRAM = f"""
import pulumi_kubernetes as k8s

space = k8s.core.v1.Namespace("space", metadata={{"name": "bench"}})
for number in range({COUNT}):
    k8s.core.v1.ConfigMap(
        f"map-{{number}}",
        metadata={{"name": f"map-{{number}}", "namespace": space.metadata.name}},
        data={{"number": str(number), "text": "x" * 100}},
    )
"""


def measure() -> list[Row]:
    """Return a row for each command, from an empty cluster to an empty cluster."""
    what, measured = f"{COUNT} ConfigMaps in a brought cluster at --parallel 64", _measured()
    limits = {"up": f"{PROMISED:.0f} s"}
    return [
        Row(
            f"{what}: {command}",
            f"{seconds:.1f} s",
            limits.get(command, ""),
            _COMMAND,
            kept=command not in limits or seconds <= PROMISED,
        )
        for command, seconds in measured.items()
    ]


def _measured() -> dict[str, float]:
    instance = create(f"bench-configmaps-{os.getpid()}")
    plane = ControlPlane(instance)
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-") as folder:
        try:
            instance.authority.ensure()
            plane.start(lambda _line: None)
            return _timed(Path(folder), instance.kubeconfig)
        finally:
            plane.stop()
            shutil.rmtree(instance.directory, ignore_errors=True)


def _timed(folder: Path, kubeconfig: Path) -> dict[str, float]:
    (folder / "Pulumi.yaml").write_text("name: bench\nruntime: {name: python, options: {virtualenv: .venv}}\n")
    (folder / "__main__.py").write_text(_PROGRAM)
    (folder / ".venv").symlink_to(VIRTUALENV)
    (folder / "state").mkdir()
    install_language_host(BIN)
    installation.install(folder / "home")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")},
        "KUBECONFIG": str(kubeconfig),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "bench",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }

    def run(*arguments: str) -> float:
        start = time.monotonic()
        command = [str(BIN / "pulumi"), *arguments, "--non-interactive", "--stack", "bench"]
        result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            raise SystemExit(f"pulumi {' '.join(arguments)} failed:\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}")
        return round(time.monotonic() - start, 1)

    run("stack", "init")
    parallel = ("--parallel", "64")
    return {
        "preview": run("preview", *parallel),
        "up": run("up", "--yes", "--skip-preview", *parallel),
        "preview, unchanged": run("preview", *parallel, "--expect-no-changes"),
        "refresh": run("refresh", "--yes", "--skip-preview", *parallel, "--expect-no-changes"),
        "destroy": run("destroy", "--yes", "--skip-preview", *parallel),
    }


if __name__ == "__main__":
    for row in measure():
        print(*row.cells(), sep="\t")  # noqa: T201

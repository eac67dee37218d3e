"""The host runner as a process of the instance: how it is started, and how to tell that it is well."""

import sys
import time
from pathlib import Path

from infra.paths import BIN, VIRTUALENV
from infra.sandbox.control_plane.component import Component
from infra.sandbox.control_plane.credentials import Credentials
from infra.sandbox.control_plane.host_processes import pods_folder
from infra.sandbox.instance import Instance

USER = "tenantry:host-runner"

_FRESH = 10.0  # seconds; the runner reports about once a second


def pod_log(instance: Instance, namespace: str, name: str) -> Path:
    """Return the file that the output of a pod on the host goes to; it outlives the pod."""
    return _logs(instance) / f"{namespace}_{name}.log"


def host_runner(instance: Instance) -> Component:
    """Return the instance's host runner; it listens nowhere and calls the API server with rights of its own."""
    credentials = Credentials(instance)
    pair, authority = credentials.client("host-runner", USER), instance.authority.certificate
    alive = instance.folder("run") / "host-runner.alive"
    interpreter = VIRTUALENV / "bin" / "python"
    command = [
        str(interpreter) if interpreter.exists() else sys.executable,
        "-m",
        "infra.sandbox.control_plane.host_runner",
        f"--server={credentials.server}",
        f"--authority={authority}",
        f"--certificate={pair.certificate}",
        f"--key={pair.key}",
        f"--trusted={instance.trusted}",
        f"--pods={pods_folder(instance)}",
        f"--logs={_logs(instance)}",
        f"--alive={alive}",
        f"--path={VIRTUALENV / 'bin'}:{BIN}",
    ]

    def healthy() -> bool:
        process = instance.daemon("host-runner").process()
        try:
            reported = alive.stat().st_mtime
        except FileNotFoundError:
            return False
        return process is not None and reported > max(process.create_time(), time.time() - _FRESH)

    return Component(
        name="host-runner",
        command=command,
        healthy=healthy,
        files=[pair.certificate, pair.key, authority, *sorted(Path(__file__).parent.glob("*.py"))],
        settings={"PYTHONDONTWRITEBYTECODE": "1"},
    )


def _logs(instance: Instance) -> Path:
    return instance.folder("logs") / "pods"

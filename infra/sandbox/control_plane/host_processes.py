"""The processes of pods that run on the host, and how to find every one of them.

A process belongs to a pod if its environment says so. That survives the runner's death, needs no file, and covers
children in process groups of their own.
"""

from pathlib import Path

import psutil

from infra.sandbox.instance import Instance

PODS_FOLDER_VARIABLE = "TENANTRY_SANDBOX_PODS"
"""Names the folder of the runner's pods, which tells instances apart."""

POD_UID_VARIABLE = "TENANTRY_SANDBOX_POD_UID"
"""Names the pod."""


def pods_folder(instance: Instance) -> Path:
    """Return the folder that holds one sub-folder per running pod."""
    return instance.folder("pods")


def kill_host_processes(instance: Instance) -> None:
    """Kill the processes of all pods of `instance`."""
    if instance.directory.exists():
        kill_pod_processes(pods_folder(instance))


def kill_pod_processes(folder: Path, uid: str | None = None) -> None:
    """Kill the processes of the pod `uid`, or of every pod, of the runner whose pods are in `folder`."""
    found = [process for process in psutil.process_iter() if _belongs(process, folder, uid)]
    for process in found:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(found, timeout=5)


def _belongs(process: psutil.Process, folder: Path, uid: str | None) -> bool:
    try:
        environment = process.environ()
    except (psutil.Error, OSError):
        return False
    if environment.get(PODS_FOLDER_VARIABLE) != str(folder):
        return False
    return uid is None or environment.get(POD_UID_VARIABLE) == uid

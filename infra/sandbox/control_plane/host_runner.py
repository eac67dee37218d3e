"""The host runner: executes pods of Tenantry's tools image as processes of this machine.

KWOK's nodes run no container, so migrations, backups and checks would only pretend to work. This daemon watches the
pods that the scheduler has bound, takes those of the tools image, and lets each live in a `HostPod`. It keeps nothing:
after its own death, a pod that had begun is marked Failed, with reason HostRunnerLost, and its processes are killed;
the job controller then tries again.
"""

import argparse
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import httpx

from infra.sandbox.certificates import KeyPair
from infra.sandbox.control_plane.api import ApiClient, ApiError
from infra.sandbox.control_plane.host_pod import Host, HostPod
from infra.sandbox.control_plane.host_processes import kill_pod_processes
from infra.sandbox.control_plane.images import runs_on_host
from infra.sandbox.control_plane.pod_reports import remove, report_lost

_BOUND = "spec.nodeName!="
_PODS = "/api/v1/pods"
_OVER = ("Succeeded", "Failed")
_KEPT_LOGS = 500  # the newest; each job's pod has its own
_STOP_GRACE = 2.0  # seconds that running pods have when the runner is stopped


class HostRunner:
    """Takes pods of the tools image and sees them through."""

    def __init__(self, host: Host, alive: Path) -> None:
        """Prepare to run pods on `host`; the file `alive` is touched while the API server can be watched."""
        self._host, self._alive = host, alive
        self._taken: dict[str, HostPod] = {}  # until the object is gone: its last events come after its end
        self._watching = False

    def serve(self, stopped: threading.Event) -> None:
        """Watch pods until `stopped`, then end those that run."""
        threading.Thread(target=self._beat, args=(stopped,), daemon=True).start()
        threading.Thread(target=self._watch_forever, args=(stopped,), daemon=True).start()
        stopped.wait()
        pods = list(self._taken.values())
        for pod in pods:
            pod.end(_STOP_GRACE)
        deadline = time.monotonic() + _STOP_GRACE + 1.0
        for pod in pods:
            pod.thread.join(timeout=max(0.0, deadline - time.monotonic()))
        kill_pod_processes(self._host.pods)

    def _beat(self, stopped: threading.Event) -> None:
        while not stopped.wait(0.5):
            if self._watching:
                self._alive.touch()

    def _watch_forever(self, stopped: threading.Event) -> None:
        while not stopped.is_set():
            try:
                self._watch()
            except (httpx.HTTPError, ApiError, ValueError) as error:
                self._watching = False
                say(f"the watch ended ({type(error).__name__}: {error}), lists again")
                stopped.wait(0.5)

    def _watch(self) -> None:
        """List, then follow the events for as long as the server remembers where we were."""
        listed = self._host.api.get(_PODS, fieldSelector=_BOUND)
        for pod in listed["items"]:
            self._consider(pod)
        self._forget_missing({pod["metadata"]["uid"] for pod in listed["items"]})
        version = listed["metadata"]["resourceVersion"]
        self._watching = True
        self._alive.touch()
        while True:
            for event in self._host.api.watch(_PODS, version, fieldSelector=_BOUND, timeoutSeconds="240"):
                if event["type"] == "ERROR":
                    raise ApiError(event["object"].get("code", 0), event["object"].get("message", ""))
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] == "DELETED":
                    self._forget(event["object"]["metadata"]["uid"])
                elif event["type"] != "BOOKMARK":
                    self._consider(event["object"])

    def _consider(self, pod: dict[str, Any]) -> None:
        if not runs_on_host(pod):
            return
        metadata, status = pod["metadata"], pod.get("status", {})
        known = self._taken.get(metadata["uid"])
        if "deletionTimestamp" in metadata:
            self._delete(pod, known)
        elif status.get("phase") in _OVER or known is not None:
            return
        elif "startTime" in status:
            self._declare_lost(pod)
        else:
            say(f"runs {metadata['namespace']}/{metadata['name']}")
            self._taken[metadata["uid"]] = runner = HostPod(self._host, pod)
            runner.thread.start()

    def _delete(self, pod: dict[str, Any], known: HostPod | None) -> None:
        if known is not None and known.thread.is_alive():
            known.end(float(pod["metadata"].get("deletionGracePeriodSeconds", 30)), deleted=True)
            return
        if pod["metadata"].get("deletionGracePeriodSeconds") == 0:
            return  # only finalizers keep it, and those are their owners' to remove
        kill_pod_processes(self._host.pods, pod["metadata"]["uid"])
        if pod.get("status", {}).get("phase") not in _OVER:
            self._declare_lost(pod)
        remove(self._host.api, pod)

    def _declare_lost(self, pod: dict[str, Any]) -> None:
        metadata = pod["metadata"]
        say(f"lost {metadata['namespace']}/{metadata['name']}")
        kill_pod_processes(self._host.pods, metadata["uid"])
        report_lost(self._host.api, pod)

    def _forget(self, uid: str) -> None:
        known = self._taken.pop(uid, None)
        if known is not None:
            known.end(0.0, deleted=True)

    def _forget_missing(self, present: set[str]) -> None:
        for uid in set(self._taken) - present:
            self._forget(uid)


def say(text: str) -> None:
    """Write a line to the log."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    options = _options()
    os.umask(0o077)
    stopped = threading.Event()
    threading.excepthook = lambda failure: _give_up(failure, stopped)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    kill_pod_processes(options.pods)  # left over from a runner that was killed
    _drop_old_logs(options.logs)
    api = ApiClient(options.server, options.authority, KeyPair(options.certificate, options.key))
    host = Host(api, options.server, options.authority, options.trusted, options.pods, options.logs, options.path)
    HostRunner(host, options.alive).serve(stopped)


def _give_up(failure: threading.ExceptHookArgs, stopped: threading.Event) -> None:
    """Stop on a failure that nobody foresaw, instead of living on half dead; the next start finds what was lost."""
    traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback)
    stopped.set()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Execute pods of the tools image on this host.")
    for name in ("authority", "trusted", "certificate", "key", "pods", "logs", "alive"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("server", "path"):
        parser.add_argument(f"--{name}", required=True)
    return parser.parse_args()


def _drop_old_logs(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    logs = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True)
    for log in logs[_KEPT_LOGS:]:
        log.unlink(missing_ok=True)


if __name__ == "__main__":
    main()

"""KWOK: plays the kubelets. It makes nodes and pods Ready and runs no container.

Pods of the tools image are left to the host runner. An annotation on any other pod makes it misbehave for real:

| `tenantry.dev/sandbox-behaviour` | the pod |
|---|---|
| `never-ready` | runs and never becomes Ready |
| `slow` | is Ready, and as a job's pod done, after `tenantry.dev/sandbox-delay`: a Go duration, 10 s by default |
| `fail` | exits with 1, or `tenantry.dev/sandbox-exit-code`: Failed if its restart policy is Never, else restarted |
| `crash-loop` | the same as `fail`; the name to use for pods that are restarted |

The stage files of KWOK itself make nodes and well-behaved pods Ready; those under `stages/` are ours.
"""

import ipaddress
from pathlib import Path
from typing import Any

import yaml

from infra.errors import TenantryError
from infra.paths import BIN, SHARE
from infra.sandbox.control_plane.api import answers
from infra.sandbox.control_plane.component import Component
from infra.sandbox.control_plane.credentials import Credentials, write_private
from infra.sandbox.control_plane.images import TOOLS_IMAGE
from infra.sandbox.instance import Instance

BEHAVIOUR = "tenantry.dev/sandbox-behaviour"
DELAY = "tenantry.dev/sandbox-delay"
EXIT_CODE = "tenantry.dev/sandbox-exit-code"

USER = "tenantry:kwok"

_SHIPPED = ("node-initialize", "node-heartbeat-with-lease", "pod-ready", "pod-complete", "pod-delete")
_OWN = Path(__file__).with_name("stages")
_POD_RANGES, _POD_RANGE = ipaddress.ip_network("10.128.0.0/9"), 4096  # addresses in all, and for one process of KWOK
_MISBEHAVING = ["never-ready", "slow", "fail", "crash-loop"]


def kwok(instance: Instance) -> Component:
    """Return the instance's KWOK, which manages every node."""
    credentials = Credentials(instance)
    pair, authority = credentials.controllers(), instance.authority.certificate
    kubeconfig = credentials.component_kubeconfig("kwok", USER)
    configuration = instance.folder("control-plane") / "kwok.yaml"
    address = instance.addresses.controllers
    command = [
        str(BIN / "kwok"),
        f"--config={configuration}",
        f"--kubeconfig={kubeconfig}",
        "--manage-all-nodes=true",
        "--v=WARN",
        "--node-lease-duration-seconds=40",  # a kubelet's
        f"--node-ip={address}",
        f"--server-address={address}:10247",
        f"--tls-cert-file={pair.certificate}",
        f"--tls-private-key-file={pair.key}",
    ]
    return Component(
        name="kwok",
        command=command,
        healthy=lambda: answers(f"https://{address}:10247/healthz", authority),
        endpoints=[(address, 10247)],
        newly=lambda: [f"--cidr={_next_pod_range(instance)}"],
        prepare=lambda: write_private(configuration, _configuration()),
        files=[pair.certificate, pair.key, kubeconfig, configuration],
    )


def _next_pod_range(instance: Instance) -> str:
    """Return a range of pod addresses that earlier processes of KWOK have not used: a new one does not know theirs."""
    counter = instance.folder("control-plane") / "pod-range"
    number = int(counter.read_text()) + 1 if counter.exists() else 0
    write_private(counter, str(number))
    first = _POD_RANGES[number * _POD_RANGE % _POD_RANGES.num_addresses + 1]
    return f"{first}/{_POD_RANGES.max_prefixlen - _POD_RANGE.bit_length() + 1}"


def _configuration() -> str:
    settings = {
        "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
        "kind": "KwokConfiguration",
        "options": {"enableDebuggingHandlers": False, "enableProfilingHandler": False},
    }
    paths = [SHARE / "kwok" / f"{name}.yaml" for name in _SHIPPED]
    stages = [stage for path in [*paths, *sorted(_OWN.glob("*.yaml"))] for stage in _read(path)]
    return yaml.safe_dump_all([settings, *map(_adapt, stages)], sort_keys=False)


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        return list(yaml.safe_load_all(path.read_text()))
    except FileNotFoundError as error:
        raise TenantryError("a stage file of KWOK is missing", str(path), "run `make up`") from error


def _adapt(stage: dict[str, Any]) -> dict[str, Any]:
    """Narrow a stage to the pods that are KWOK's, and to the behaviour that they ask for."""
    spec = stage["spec"]
    if spec["resourceRef"]["kind"] != "Pod":
        return stage
    rules = spec["selector"]["matchExpressions"]
    rules.append(_none(f".spec.containers[].image | select(test({_quoted(TOOLS_IMAGE)}))"))
    match stage["metadata"]["name"]:
        case "pod-ready":
            rules.append({"key": f'.metadata.annotations["{BEHAVIOUR}"]', "operator": "NotIn", "values": _MISBEHAVING})
        case "pod-complete":
            rules.append(_none('.status.conditions[] | select(.type == "Ready" and .status != "True") | .type'))
        case "pod-delete":
            spec["next"].pop("finalizers", None)  # a kubelet leaves them to their owners, such as the job controller
    return stage


def _none(query: str) -> dict[str, Any]:
    return {"key": query, "operator": "DoesNotExist"}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\") + '"'

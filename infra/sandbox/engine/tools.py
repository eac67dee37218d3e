"""What is built: the programs, the files that come with them, and the Go modules that they are taken from.

Leaves every version to the module files under `modules/`; none is repeated here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Copy:
    """Files that are taken from a module as they are.

    Args:
        module: the Go module; it must be in the tool's go.mod.
        pattern: a glob below the module's folder; it must match at least one file.
        folder: where they go, below `.sandbox`.
        mode: the files' mode.
    """

    module: str
    pattern: str
    folder: str
    mode: int = 0o644


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One engine: programs that are built together, and files that come with them.

    Args:
        name: its folder under `modules/`, and what to call it.
        module: the Go module whose pinned version is the tool's version.
        programs: the package of each program, by the program's file name.
        variables: Go variables that the linker sets; `{version}`, `{major}` and `{minor}` stand for the tool's version.
        copies: files taken from modules as they are.
        seconds: how long it takes from nothing on 2 cores (measured); used for the share shown while it builds.
    """

    name: str
    module: str
    programs: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    copies: tuple[Copy, ...] = ()
    seconds: int = 1


def _kubernetes_variables() -> dict[str, str]:
    values = {"gitVersion": "{version}", "gitMajor": "{major}", "gitMinor": "{minor}", "gitTreeState": "archive"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{name}": value for package in packages for name, value in values.items()}


TOOLS = (
    Tool(
        name="gateway-api",
        module="sigs.k8s.io/gateway-api",
        copies=(
            Copy(module="sigs.k8s.io/gateway-api", pattern="config/crd/standard/*.yaml", folder="share/gateway-api"),
        ),
    ),
    Tool(
        name="cert-manager",
        module="github.com/cert-manager/cert-manager",
        copies=(
            Copy(
                module="github.com/cert-manager/cert-manager", pattern="deploy/crds/*.yaml", folder="share/cert-manager"
            ),
        ),
    ),
    Tool(
        name="secrets-store",
        module="sigs.k8s.io/secrets-store-csi-driver",
        copies=(
            Copy(
                module="sigs.k8s.io/secrets-store-csi-driver",
                pattern="config/crd/bases/*.yaml",
                folder="share/secrets-store",
            ),
        ),
    ),
    Tool(
        name="etcd",
        module="go.etcd.io/etcd/server/v3",
        programs={"etcd": "go.etcd.io/etcd/server/v3"},
        seconds=22,
    ),
    Tool(
        name="pulumi",
        module="github.com/pulumi/pulumi/pkg/v3",
        programs={"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
        variables={"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": "{version}"},
        copies=(
            Copy(
                module="github.com/pulumi/pulumi/sdk/v3",
                pattern="python/cmd/pulumi-language-python-exec",
                folder="bin",
                mode=0o755,
            ),
        ),
        seconds=180,
    ),
    Tool(
        name="kwok",
        module="sigs.k8s.io/kwok",
        programs={"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        copies=tuple(
            Copy(module="sigs.k8s.io/kwok", pattern=f"kustomize/stage/{stage}.yaml", folder="share/kwok")
            for stage in (
                "node/fast/node-initialize",
                "node/heartbeat-with-lease/node-heartbeat-with-lease",
                "pod/fast/pod-ready",
                "pod/fast/pod-complete",
                "pod/fast/pod-delete",
            )
        ),
        seconds=70,
    ),
    Tool(
        name="kubernetes",
        module="k8s.io/kubernetes",
        programs={
            program: f"k8s.io/kubernetes/cmd/{program}"
            for program in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        },
        variables=_kubernetes_variables(),
        seconds=240,
    ),
)

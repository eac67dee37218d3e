"""EKS clusters that run: a real control plane behind each, and simulated nodes behind node groups.

Watches calls from outside the journal and brings what runs to what moto holds: one thread a cluster, changes in order.
Meanwhile a cluster or group is CREATING, UPDATING or DELETING, and FAILED or CREATE_FAILED when it cannot run. Refuses
what cannot be backed before the journal sees it, for the replay would make it. Everything is of one account.
"""

import base64
import json
import re
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.eks.models import DEFAULT_KUBERNETES_VERSION, eks_backends
from moto.sts.models import sts_backends

from infra.errors import TenantryError
from infra.sandbox.cloud.backing import addons, answers, control_planes, grants, homes, nodegroups, tokens
from infra.sandbox.cloud.calls import Call
from infra.sandbox.cloud.journal import Application
from infra.sandbox.cloud.refusals import Answer
from infra.sandbox.control_plane.api import ApiClient, ApiError
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.control_plane.definitions import ADDONS
from infra.sandbox.control_plane.nodes import Node
from infra.sandbox.engine.recipe import PROJECT, pinned_version, release_number
from infra.sandbox.engine.tools import TOOLS

REPAIR = "/tenantry-eks/repair"
"""Where a POST starts again what has died, and returns once it runs; no path of AWS's."""

_VERSIONS = "/cluster-versions"
_ENTRIES = "/access-entries"
_LOOK_SECONDS = 1.0  # how soon it is noticed that a namespace exists
_PATH = re.compile(r"/clusters/(?P<cluster>[^/]+)(?:/node-groups/(?P<group>[^/]+))?")
_REVIEW = re.compile(r"/tenantry-eks/(?P<region>[^/]+)/(?P<cluster>[^/]+)/token-review")
_GROUP_CHANGES = {
    "CreateNodegroup": "CREATING",
    "UpdateNodegroupConfig": "UPDATING",
    "UpdateNodegroupVersion": "UPDATING",
}
_FAILURES = (TenantryError, ApiError, httpx.HTTPError, OSError)


@dataclass
class _Keeper:
    """One cluster's worker."""

    region: str
    name: str
    work: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    plane: ControlPlane | None = None
    latest: "Future[None] | None" = None
    scopes: frozenset[grants.Scope] = frozenset()
    granting: "Future[None] | None" = None
    addons: frozenset[str] = frozenset()
    failure: str = ""


class Clusters:
    """An application whose EKS clusters run; called by one thread at a time.

    Args:
        application: what answers; the journal lies inside it.
        folder: the cloud's.
        address: where the cloud listens, an IP address of its own block.
        port: the same.
    """

    def __init__(self, application: Application, folder: Path, address: str, port: int) -> None:
        self._application = application
        self._folder = folder
        self._own = address.rpartition(".")[0]
        self._url = f"http://{address}:{port}/tenantry-eks"
        self._account = DEFAULT_ACCOUNT_ID
        self._keepers: dict[tuple[str, str], _Keeper] = {}
        self._leaving: dict[tuple[str, str], Answer] = {}
        self._version = built_version()
        self._dark: frozenset[str] = frozenset()
        threading.Thread(target=self._watch, name="namespaces", daemon=True).start()

    def __call__(self, call: Call) -> Answer:
        """Answer `call`, and let what it changed happen."""
        if call.path == REPAIR and call.method == "POST":
            return self._repaired()
        review = _REVIEW.fullmatch(call.path)
        if review:
            return self._review(call, **review.groupdict())
        if call.service != "eks":
            answer = self._application(call)
            if call.path.startswith("/moto-api/") and not call.is_read:
                self.reconcile()
            return answer
        if call.path == _VERSIONS and call.is_read:
            built = {"clusterVersion": self._version, "clusterType": "eks", "defaultVersion": True}
            return answers.of({"clusterVersions": [built]})
        refused = self._left(call) or self._refused(call)
        if refused:
            return refused
        answer = self._application(call)
        if call.is_read or not answer.status.startswith("2"):
            return answer
        return self._followed(call, answer)

    def reconcile(self) -> None:
        """Start what moto holds, and delete what it does not; returns at once, see `settle`."""
        held = {
            (region, cluster.name): cluster
            for region, backend in eks_backends[self._account].items()
            for cluster in backend.clusters.values()
        }
        for place in homes.homes(self._folder):
            if (place.parent.name, place.name) not in held:
                self._submit(place.parent.name, place.name, self._remove)
        for (region, name), cluster in held.items():
            self._bring(region, name, cluster, list(cluster.nodegroups.values()))

    def lose(self, regions: frozenset[str]) -> None:
        """Stop what runs in these regions and start all others; returns at once, see `settle`."""
        self._dark = regions
        self.reconcile()

    def settle(self) -> None:
        """Return once everything that was begun has ended, well or not."""
        wait([keeper.latest for keeper in self._keepers.values() if keeper.latest])

    def _repaired(self) -> Answer:
        for keeper in self._keepers.values():
            if keeper.plane is not None and not all(row.healthy for row in keeper.plane.status()):
                keeper.plane = None
        self.reconcile()
        self.settle()
        return answers.of({})

    def _refused(self, call: Call) -> Answer | None:
        if call.is_read or call.action not in {"CreateCluster", "UpdateClusterVersion", "CreateNodegroup"}:
            return None
        said = json.loads(call.body or b"{}")
        if call.action != "CreateNodegroup":
            version = said.get("version") or self._version
            what = f"unsupported Kubernetes version {version}: this sandbox has built {self._version}"
            return None if version == self._version else answers.refusal(call, "InvalidParameterException", what)
        unknown = nodegroups.unknown_types(said.get("instanceTypes") or [])
        if unknown:
            what = f"The following supplied instance types do not exist: [{', '.join(unknown)}]"
            return answers.refusal(call, "InvalidParameterException", what)
        name = _names(call)[0]
        cluster = self._cluster(call.region, name)
        if cluster is not None and not cluster.is_active:
            what = f"Cluster '{name}' is not in ACTIVE status"
            return answers.refusal(call, "InvalidRequestException", what)
        return None

    def _left(self, call: Call) -> Answer | None:
        """Answer for what is being deleted: its last state, and no second one of its name before it is gone."""
        name, group = _names(call)
        path = f"/clusters/{name}/node-groups/{group}" if group else f"/clusters/{name}"
        leaving = self._leaving.get((call.region, path))
        if leaving is None or call.method == "GET":
            return leaving if call.path == path else None
        return answers.refusal(call, "ResourceInUseException", f"{path.rpartition('/')[2]} is being deleted")

    def _followed(self, call: Call, answer: Answer) -> Answer:
        """Begin what a successful call asked for, and tell the state that things have now."""
        name, group_name = _names(call)
        cluster, document = self._cluster(call.region, name), json.loads(answer.body or b"{}")
        repeated = ("x-tenantry-repeated", "true") in answer.headers
        if call.action == "DeleteCluster" and cluster is None:
            return self._leave(call, document, "cluster", self._submit(call.region, name, self._remove))
        if cluster is None or repeated:
            return answer
        if _ENTRIES in call.path:
            self._note_scopes(call.region, name, cluster)
        if call.action in ("CreateAddon", "DeleteAddon"):
            return self._followed_addon(call, name, cluster, answer, document)
        if call.action == "CreateCluster":
            self._note_creator(call, name)
            self._bring(call.region, name, cluster, [])
            document["cluster"].update(
                version=cluster.version, status=cluster.status, endpoint=None, certificateAuthority=None
            )
            return answers.again(answer, document)
        if call.action == "DeleteNodegroup":
            return self._leave(call, document, "nodegroup", self._bring(call.region, name, cluster, []))
        if call.action in _GROUP_CHANGES:
            group = cluster.nodegroups[group_name]
            group.status = _GROUP_CHANGES[call.action]
            self._bring(call.region, name, cluster, [group])
            if "nodegroup" in document:
                document["nodegroup"].update(version=group.version, status=group.status)
                return answers.again(answer, document)
        return answer

    def _followed_addon(self, call: Call, name: str, cluster: Any, answer: Answer, document: dict[str, Any]) -> Answer:
        addon = document["addon"]["addonName"]
        if addon not in ADDONS:
            return answer
        if call.action == "CreateAddon":
            document["addon"]["status"] = addons.of(cluster)[addon]["status"] = "CREATING"
            self._bring(call.region, name, cluster, [])
        elif "true" not in call.query.get("preserve", []):
            self._submit(call.region, name, lambda keeper: self._take_away(keeper, addon))
        return answers.again(answer, document)

    def _leave(self, call: Call, document: dict[str, Any], noun: str, gone: "Future[None]") -> Answer:
        document[noun]["status"] = "DELETING"
        key = (call.region, call.path)
        self._leaving[key] = answer = answers.of(document)
        gone.add_done_callback(lambda _done: self._leaving.pop(key, None))
        return answer

    def _bring(self, region: str, name: str, cluster: Any, groups: list[Any]) -> "Future[None]":
        """Begin to bring a cluster to what it should be; `groups` are those that this changes."""
        if region in self._dark:
            return self._submit(region, name, self._halt)
        self._note_scopes(region, name, cluster)
        for versioned in (cluster, *cluster.nodegroups.values()):
            if versioned.version == DEFAULT_KUBERNETES_VERSION:
                versioned.version = self._version  # nobody stated one, and moto's is of 2021
        if self._keeper(region, name).plane is None:
            cluster.status, cluster.endpoint, cluster.certificate_authority = "CREATING", None, None
        wanted = [node for group in cluster.nodegroups.values() for node in nodegroups.nodes_of(group, self._account)]
        extra = addons.of(cluster)
        return self._submit(region, name, lambda keeper: self._run(keeper, cluster, groups, wanted, extra))

    def _run(
        self, keeper: _Keeper, cluster: Any, groups: list[Any], wanted: list[Node], extra: dict[str, addons.Record]
    ) -> None:
        try:
            if keeper.plane is None:
                keeper.plane = self._started(keeper, cluster)
        except _FAILURES as error:
            cluster.status = "FAILED"
            addons.mark(extra.values(), "CREATE_FAILED")
            _log(f"{keeper.region} {keeper.name}: {error}")
            return
        state = self._attempt(keeper, lambda api: nodegroups.bring(api, wanted))
        for group in groups:
            group.status = state
        new = frozenset(extra) - keeper.addons
        if new:
            state = self._attempt(keeper, lambda api: addons.bring(api, new))
            keeper.addons |= new if state == "ACTIVE" else frozenset()
            addons.mark((extra[name] for name in new), state)

    def _take_away(self, keeper: _Keeper, addon: str) -> None:
        """Remove what a deleted add-on brought."""
        keeper.addons -= {addon}
        if keeper.plane is not None:
            self._attempt(keeper, lambda api: addons.remove(api, addon))

    def _attempt(self, keeper: _Keeper, act: Callable[[ApiClient], None]) -> str:
        """Do something in a cluster that runs, and return the state that follows."""
        assert keeper.plane is not None
        api = keeper.plane.api()
        try:
            act(api)
        except _FAILURES as error:
            _log(f"{keeper.region} {keeper.name}: {error}")
            return "CREATE_FAILED"
        finally:
            api.close()
        return "ACTIVE"

    def _started(self, keeper: _Keeper, cluster: Any) -> ControlPlane:
        home = self._home(keeper.region, keeper.name)
        plane = control_planes.start(home, self._own, f"{self._url}/{keeper.region}/{keeper.name}/token-review")
        api = plane.api()
        try:
            grants.bind_everywhere(api)
        finally:
            api.close()
        authority = plane.instance.authority.certificate.read_bytes()
        cluster.certificate_authority = {"data": base64.b64encode(authority).decode()}
        cluster.endpoint = f"https://{plane.instance.addresses.api_server}:6443"
        cluster.status = "ACTIVE"
        return plane

    def _halt(self, keeper: _Keeper) -> None:
        keeper.plane = None
        control_planes.stop(self._home(keeper.region, keeper.name))

    def _note_scopes(self, region: str, name: str, cluster: Any) -> None:
        keeper = self._keeper(region, name)
        before, keeper.scopes = keeper.scopes, grants.scopes(_entries(cluster).values())
        if before != keeper.scopes:
            self._grant_soon(keeper)

    def _watch(self) -> None:
        """Look for new namespaces as long as the process lives, where somebody may do something in them."""
        never = threading.Event()
        while not never.wait(_LOOK_SECONDS):
            for keeper in list(self._keepers.values()):
                if keeper.scopes and (keeper.granting is None or keeper.granting.done()):
                    self._grant_soon(keeper)

    def _grant_soon(self, keeper: _Keeper) -> None:
        keeper.granting = keeper.work.submit(self._grant, keeper)
        keeper.granting.add_done_callback(_log_failure)

    def _grant(self, keeper: _Keeper) -> None:
        if keeper.plane is None:
            return
        api, before = keeper.plane.api(), keeper.failure
        try:
            grants.bind(api, keeper.scopes)
            keeper.failure = ""
        except _FAILURES as error:
            keeper.failure = f"{keeper.region} {keeper.name}: access policies are not bound: {error}"
        finally:
            api.close()
        if keeper.failure not in ("", before):
            _log(keeper.failure)

    def _remove(self, keeper: _Keeper) -> None:
        keeper.plane, keeper.addons = None, frozenset()
        control_planes.delete(self._home(keeper.region, keeper.name))

    def _keeper(self, region: str, name: str) -> _Keeper:
        return self._keepers.setdefault((region, name), _Keeper(region, name))

    def _submit(self, region: str, name: str, act: Callable[[_Keeper], None]) -> "Future[None]":
        keeper = self._keeper(region, name)
        keeper.latest = keeper.work.submit(act, keeper)
        keeper.latest.add_done_callback(_log_failure)
        return keeper.latest

    def _cluster(self, region: str, name: str) -> Any:
        return eks_backends[self._account][region].clusters.get(name)

    def _home(self, region: str, name: str) -> Path:
        return homes.home(self._folder, region, name)

    def _note_creator(self, call: Call, name: str) -> None:
        home = self._home(call.region, name)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = re.search(r"Credential=([^/]+)/", str(call.environ.get("HTTP_AUTHORIZATION", "")))
        _, arn, _ = sts_backends[self._account]["aws"].get_caller_identity(key[1] if key else "", call.region)
        (home / "creator").write_text(arn)

    def _review(self, call: Call, region: str, cluster: str) -> Answer:
        """Answer an API server's question whose token this is (authentication.k8s.io/v1, TokenReview)."""
        home, found = self._home(region, cluster), self._cluster(region, cluster)
        arn = tokens.caller(home, json.loads(call.body)["spec"]["token"]) if found is not None else None
        user = arn and tokens.user(
            arn,
            creator=(home / "creator").read_text() if (home / "creator").exists() else "",
            access=getattr(found, "access_config", None) or {},
            entries=_entries(found),
        )
        status = {"authenticated": True, "user": user} if user else {"authenticated": False}
        document = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}
        return answers.of(document)


def built_version() -> str:
    """Return the Kubernetes version that the sandbox builds, as `1.34`."""
    tool = next(tool for tool in TOOLS if tool.name == "kubernetes")
    major, minor, *_ = release_number(pinned_version(tool, PROJECT))
    return f"{major}.{minor}"


def _entries(cluster: Any) -> dict[str, Any]:
    """Return a cluster's access entries by principal."""
    found: dict[str, Any] = vars(cluster).get("tenantry_records", {}).get("accessEntry", {})
    return found


def _names(call: Call) -> tuple[str, str]:
    """Return the cluster and the node group that a call is about; empty where it is about none."""
    found = _PATH.match(call.path)
    said = json.loads(call.body or b"{}") if call.method == "POST" and not (found and found["group"]) else {}
    if found is None:
        return str(said.get("name", "")), ""
    return found["cluster"], found["group"] or str(said.get("nodegroupName", ""))


def _log_failure(done: "Future[None]") -> None:
    error = done.exception()
    if error is not None:
        _log(f"a cluster's worker has failed: {type(error).__name__}: {error}")


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - the cloud's log

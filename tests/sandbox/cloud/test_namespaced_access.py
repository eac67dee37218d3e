"""Access policies that are scoped to namespaces: they count there, also in such that come later, and nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from infra.sandbox.cloud.backing import control_planes, homes, tokens
from infra.sandbox.cloud.service import Cloud
from infra.sandbox.control_plane.api import ApiClient, tls_context
from infra.sandbox.control_plane.control_plane import ControlPlane
from infra.sandbox.waiting import wait_until
from tests.sandbox.cloud.harness import REGION, client, kill
from tests.sandbox.cloud.test_lost_regions import create_cluster
from tests.sandbox.servers.harness import quiet

MakeCloud = Callable[[str], Cloud]
_EDIT = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"
_VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
_LABEL = "tenantry.dev/access-policy"


@dataclass(frozen=True)
class Platform:
    """A cloud with one cluster, as its administrator sees it."""

    cloud: Cloud
    endpoint: str

    def api(self) -> ApiClient:
        """Return the administrator's client."""
        instance = control_planes._existing(homes.home(self.cloud.folder, REGION, "main"))
        assert instance is not None
        return ControlPlane(instance).api()

    def create_namespace(self, name: str) -> None:
        self.api().create("/api/v1/namespaces", {"metadata": {"name": name}})

    def bindings(self) -> set[str]:
        """Return the namespaces with a binding of the sandbox's."""
        found = self.api().get("/apis/rbac.authorization.k8s.io/v1/rolebindings", labelSelector=_LABEL)["items"]
        return {item["metadata"]["namespace"] for item in found}

    def may(self, arn: str, verb: str, resource: str, namespace: str) -> bool:
        """Ask the API server itself, with a new token of a role."""
        home = homes.home(self.cloud.folder, REGION, "main")
        token, _ = tokens.issue(home, arn)
        asked = {"spec": {"resourceAttributes": {"namespace": namespace, "verb": verb, "resource": resource}}}
        answer = httpx.post(
            f"{self.endpoint}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            json={"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", **asked},
            headers={"Authorization": f"Bearer {token}"},
            verify=tls_context(home / "certificates" / "ca.crt"),
            trust_env=False,
            timeout=20,
        )
        answer.raise_for_status()
        return bool(answer.json()["status"]["allowed"])


@pytest.fixture(scope="module")
def platform(make_cloud: MakeCloud) -> Platform:
    """The cloud and the cluster of all tests of this file."""
    cloud = Cloud(make_cloud("test-namespaced").instance, backed=True)
    cloud.start(quiet)
    return Platform(cloud, create_cluster(cloud)["endpoint"])


def entry(platform: Platform, role: str, policy: str, **scope: Any) -> str:
    """Let a new role into the cluster; return its ARN."""
    arn: str = client(platform.cloud, "iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    eks = client(platform.cloud, "eks")
    eks.create_access_entry(clusterName="main", principalArn=arn)
    eks.associate_access_policy(clusterName="main", principalArn=arn, policyArn=policy, accessScope=scope)
    return arn


def until(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, seconds=20, what=what, where="the cluster", remedy="see the cloud's log")


def test_a_policy_counts_in_its_namespaces_and_in_no_other(platform: Platform) -> None:
    for name in ("shop", "other"):
        platform.create_namespace(name)
    arn = entry(platform, "shop", _EDIT, type="namespace", namespaces=["shop"])
    until(lambda: platform.may(arn, "create", "configmaps", "shop"), "no right in the namespace")
    assert not platform.may(arn, "create", "configmaps", "other")
    assert not platform.may(arn, "list", "pods", "")
    assert not platform.may(arn, "create", "rolebindings", "shop")
    assert platform.bindings() == {"shop"}


def test_a_namespace_that_comes_later_is_seen_and_a_star_stands_for_many(platform: Platform) -> None:
    arn = entry(platform, "tenants", _VIEW, type="namespace", namespaces=["tenant-*"])
    platform.create_namespace("tenant-one")
    platform.create_namespace("tenants")
    until(lambda: platform.may(arn, "list", "pods", "tenant-one"), "no right in the new namespace")
    assert not platform.may(arn, "delete", "pods", "tenant-one")
    assert not platform.may(arn, "list", "pods", "tenants")
    kill(platform.cloud)
    platform.cloud.start(quiet)
    platform.create_namespace("tenant-two")
    until(lambda: platform.may(arn, "list", "pods", "tenant-two"), "no right after a restart")


def test_a_policy_that_is_taken_away_counts_no_longer_and_leaves_nothing(platform: Platform) -> None:
    platform.create_namespace("brief")
    arn = entry(platform, "brief", _EDIT, type="namespace", namespaces=["brief"])
    until(lambda: platform.may(arn, "create", "configmaps", "brief"), "no right in the namespace")
    eks = client(platform.cloud, "eks")
    eks.associate_access_policy(
        clusterName="main", principalArn=arn, policyArn=_EDIT, accessScope={"type": "namespace", "namespaces": ["shop"]}
    )
    assert not platform.may(arn, "create", "configmaps", "brief")
    until(lambda: "brief" not in platform.bindings(), "the binding stays")
    eks.disassociate_access_policy(clusterName="main", principalArn=arn, policyArn=_EDIT)
    assert not platform.may(arn, "create", "configmaps", "shop")

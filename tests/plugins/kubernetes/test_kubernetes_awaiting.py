"""Waiting: what counts as ready, what a time-out tells, and how a wait ends early."""

import json
import threading

import pytest
from google.protobuf import json_format
from pulumi.runtime.proto import provider_pb2

from infra.sandbox.control_plane.images import TOOLS_REPOSITORY
from infra.sandbox.plugins.values import decode_properties, encode_properties
from tests.plugins.client import Object, Refused, cancel, running
from tests.plugins.kubernetes.cluster import CONFIG_MAP, DEPLOYMENT, MODULE, SERVICE, Cluster, deployment, unschedulable

_JOB = "kubernetes:batch/v1:Job"
_NAMESPACE = "kubernetes:core/v1:Namespace"
_POD = "kubernetes:core/v1:Pod"
_CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def _late(cluster: Cluster, name: str, seconds: int = 1, **annotations: str) -> dict[str, object]:
    return cluster.meta(name, annotations={"pulumi.com/timeoutSeconds": str(seconds), **annotations})


def test_a_deployment_is_created_once_its_replicas_are_available(cluster: Cluster) -> None:
    thing = cluster.object(DEPLOYMENT, "d").create(metadata=cluster.meta("d"), spec=deployment("a", replicas=3))
    assert thing.outputs["status"]["availableReplicas"] == 3
    thing.update(metadata=cluster.meta("d"), spec=deployment("a", replicas=2, image="example.invalid/main:2"))
    assert thing.outputs["status"]["updatedReplicas"] == 2
    assert thing.outputs["status"]["replicas"] == 2


def test_a_stateful_set_and_a_pod_are_awaited(cluster: Cluster) -> None:
    spec = {**deployment("s", replicas=2), "serviceName": "s"}
    thing = cluster.object("kubernetes:apps/v1:StatefulSet", "s").create(metadata=cluster.meta("s"), spec=spec)
    assert thing.outputs["status"]["readyReplicas"] == 2
    pod = cluster.object(_POD, "p").create(
        metadata=cluster.meta("p"), spec={"containers": [{"name": "c", "image": "i"}]}
    )
    assert pod.outputs["status"]["phase"] == "Running"


def test_a_deployment_that_is_late_is_kept_with_all_that_is_known(cluster: Cluster) -> None:
    thing = cluster.object(DEPLOYMENT, "d")
    with pytest.raises(Refused, match=r"is applied, but it was not ready within 1 s") as refused:
        thing.create(metadata=_late(cluster, "d"), spec=unschedulable("a"))
    partial = refused.value.partial
    assert partial is not None
    assert partial.id == f"{cluster.namespace}/d"
    reasons = " | ".join(partial.reasons)
    assert "0 of 1 replicas are available" in reasons
    assert "Available=False" in reasons
    assert "Unschedulable" in reasons or "FailedScheduling" in reasons
    assert cluster.live("deployments", "d") is not None
    thing.id, thing.outputs = partial.id, decode_properties(partial.properties)
    assert thing.outputs["__inputs"] == thing.inputs
    thing.update(metadata=_late(cluster, "d", 30), spec=deployment("a"))
    assert thing.outputs["status"]["availableReplicas"] == 1


def test_refresh_tells_that_an_object_is_not_ready(cluster: Cluster) -> None:
    thing = cluster.object(DEPLOYMENT, "d")
    with pytest.raises(Refused):
        thing.create(metadata=_late(cluster, "d"), spec=unschedulable("a"))
    thing.id, thing.outputs = f"{cluster.namespace}/d", {}
    with pytest.raises(Refused, match="is not ready") as refused:
        thing.read()
    assert refused.value.partial is not None
    assert json_format.MessageToDict(refused.value.partial.inputs) == json_format.MessageToDict(
        encode_properties(thing.inputs)
    )


def test_a_service_waits_for_the_pods_that_its_selector_matches_now(cluster: Cluster) -> None:
    for app in ("blue", "green"):
        cluster.object(DEPLOYMENT, app).create(metadata=cluster.meta(app), spec=deployment(app, replicas=2))
    spec = {"selector": {"app": "blue"}, "ports": [{"port": 80}]}
    thing = cluster.object(SERVICE, "s").create(metadata=cluster.meta("s"), spec=spec)
    assert _targets(cluster) == {"blue"}
    thing.update(metadata=cluster.meta("s"), spec={**spec, "selector": {"app": "green"}})
    assert _targets(cluster) == {"green"}


def _targets(cluster: Cluster) -> set[str]:
    path = f"/apis/discovery.k8s.io/v1/namespaces/{cluster.namespace}/endpointslices"
    endpoints = [endpoint for item in cluster.api.get(path)["items"] for endpoint in item["endpoints"] or []]
    return {endpoint["targetRef"]["name"].split("-")[0] for endpoint in endpoints if endpoint["conditions"]["ready"]}


def test_services_without_selector_headless_and_external_are_ready_at_once(cluster: Cluster) -> None:
    for name, spec in (
        ("bare", {"ports": [{"port": 80}]}),
        ("headless", {"clusterIP": "None", "selector": {"app": "nothing"}, "ports": [{"port": 80}]}),
        ("external", {"type": "ExternalName", "externalName": "example.com"}),
    ):
        cluster.object(SERVICE, name).create(metadata=_late(cluster, name), spec=spec)
    balanced = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    with pytest.raises(Refused, match="not allocated an address"):
        cluster.object(SERVICE, "lb").create(metadata=_late(cluster, "lb"), spec=balanced)
    aimless = {"selector": {"app": "nothing"}, "ports": [{"port": 80}]}
    with pytest.raises(Refused, match="does not target any pods"):
        cluster.object(SERVICE, "none").create(metadata=_late(cluster, "none"), spec=aimless)


def test_a_failed_job_fails_at_once(cluster: Cluster) -> None:
    pod = {"restartPolicy": "Never", "nodeSelector": {"no": "node"}, "containers": [{"name": "c", "image": "i"}]}
    spec = {"backoffLimit": 0, "activeDeadlineSeconds": 1, "template": {"spec": pod}}
    with pytest.raises(Refused, match="DeadlineExceeded") as refused:
        cluster.object(_JOB, "j").create(metadata=cluster.meta("j"), spec=spec)
    assert refused.value.partial is not None


def test_a_failed_job_tells_the_end_of_its_pods_log_and_its_exit_code(cluster: Cluster) -> None:
    container = {
        "name": "c",
        "image": f"{TOOLS_REPOSITORY}:1",
        "command": ["sh", "-c", "echo no such table; exit 3"],
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    spec = {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    with pytest.raises(Refused, match=r"BackoffLimitExceeded.*container c: Error \(exit code 3\): no such table"):
        cluster.object(_JOB, "j").create(metadata=cluster.meta("j"), spec=spec)


def test_a_job_past_its_deadline_tells_what_its_pod_was_waiting_for(cluster: Cluster) -> None:
    pod = {"restartPolicy": "Never", "nodeSelector": {"no": "node"}, "containers": [{"name": "c", "image": "i"}]}
    spec = {"backoffLimit": 0, "activeDeadlineSeconds": 2, "template": {"spec": pod}}
    with pytest.raises(Refused, match=r"DeadlineExceeded.*PodScheduled=False \(Unschedulable\)"):
        cluster.object(_JOB, "j").create(metadata=cluster.meta("j"), spec=spec)
    assert cluster.names("pods") == []


def test_a_claim_that_binds_with_its_first_consumer_is_not_waited_for(cluster: Cluster) -> None:
    storage = cluster.object("kubernetes:storage.k8s.io/v1:StorageClass", "sc")
    name = cluster.namespace
    storage.create(metadata={"name": name}, provisioner="none", volumeBindingMode="WaitForFirstConsumer")
    spec = {
        "storageClassName": name,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    }
    claim = cluster.object(_CLAIM, "c").create(metadata=cluster.meta("c"), spec=spec)
    assert claim.outputs["status"]["phase"] == "Pending"
    absent = {**spec, "storageClassName": "absent"}
    with pytest.raises(Refused, match="the claim is Pending"):
        cluster.object(_CLAIM, "d").create(metadata=_late(cluster, "d"), spec=absent)
    storage.delete()


def test_a_program_can_skip_the_wait_or_say_what_to_wait_for(cluster: Cluster) -> None:
    skip = cluster.meta("skip", annotations={"pulumi.com/skipAwait": "true"})
    cluster.object(DEPLOYMENT, "skip").create(metadata=skip, spec=unschedulable("skip"))
    progressing = 'jsonpath={.status.conditions[?(@.type=="Progressing")].status}=True'
    conditions = json.dumps([progressing, "condition=Available=False"])
    own = _late(cluster, "own", 30, **{"pulumi.com/waitFor": conditions})
    cluster.object(DEPLOYMENT, "own").create(metadata=own, spec=unschedulable("own"))
    never = _late(cluster, "never", **{"pulumi.com/waitFor": "jsonpath={.data.phase}=Done"})
    with pytest.raises(Refused, match=r"data\.phase is Begun, not Done"):
        cluster.object(CONFIG_MAP, "never").create(metadata=never, data={"phase": "Begun"})
    broken = _late(cluster, "broken", **{"pulumi.com/waitFor": "phase=Done"})
    with pytest.raises(Refused, match="neither condition"):
        cluster.object(CONFIG_MAP, "broken").create(metadata=broken, data={})


def test_custom_timeouts_count_before_the_annotation(cluster: Cluster) -> None:
    thing = cluster.object(DEPLOYMENT, "d")
    inputs = thing.inputs_for(metadata=_late(cluster, "d", 600), spec=unschedulable("a"))
    request = provider_pb2.CreateRequest(**thing.who, properties=encode_properties(inputs), timeout=1)
    with pytest.raises(Refused, match="within 1 s"):
        thing.plugin.call("Create", request)


def test_a_namespace_is_gone_when_its_deletion_returns(cluster: Cluster) -> None:
    name = f"{cluster.namespace}-own"
    thing = cluster.object(_NAMESPACE, "n").create(metadata={"name": name})
    thing.delete()
    assert name not in {item["metadata"]["name"] for item in cluster.api.get("/api/v1/namespaces")["items"]}


def test_a_deletion_that_a_finalizer_holds_names_it(cluster: Cluster) -> None:
    metadata = {**_late(cluster, "held"), "finalizers": ["example.com/hold"]}
    thing = cluster.object(CONFIG_MAP, "held").create(metadata=metadata)
    with pytest.raises(Refused, match=r"not gone within 1 s; finalizers hold it:.*example\.com/hold"):
        thing.delete()
    cluster.kubectl("patch", "configmap", "held", "--type=merge", '-p={"metadata":{"finalizers":null}}')
    cluster.eventually(lambda: cluster.live("configmaps", "held") is None, "the deletion")
    thing.delete()


def test_cancelling_ends_a_wait_and_keeps_the_object(cluster: Cluster) -> None:
    outcome: list[Refused] = []
    with running(MODULE) as own:
        own.configure(kubeconfig=str(cluster.kubeconfig))
        thing = cluster.object(DEPLOYMENT, "d", own)

        def create(resource: Object) -> None:
            try:
                resource.create(metadata=cluster.meta("d"), spec=unschedulable("a"))
            except Refused as refused:
                outcome.append(refused)

        thread = threading.Thread(target=create, args=(thing,))
        thread.start()
        cluster.eventually(lambda: cluster.live("deployments", "d"), "the deployment")
        cancel(own)
        thread.join(30)
        assert not thread.is_alive()
    assert "cancelled" in str(outcome[0])
    assert outcome[0].partial is not None

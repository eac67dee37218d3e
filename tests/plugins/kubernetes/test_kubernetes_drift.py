"""Refresh, drift, import and fields that others manage."""

import pytest
from google.protobuf import json_format
from pulumi.runtime.proto import provider_pb2

from infra.sandbox.plugins.values import Secret, encode_properties
from tests.plugins.client import Object, Refused
from tests.plugins.kubernetes.cluster import CONFIG_MAP, DEPLOYMENT, SECRET, SERVICE, Cluster, deployment

_LIMITS = {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": "0.5", "memory": "0.5Gi"}}


def test_defaults_and_normalised_quantities_are_no_drift(cluster: Cluster) -> None:
    spec = deployment("a", resources=_LIMITS, ports=[{"containerPort": 80}])
    thing = cluster.object(DEPLOYMENT, "d").create(metadata=cluster.meta("d"), spec=spec)
    before = thing.inputs
    thing.refresh()
    assert thing.inputs == before
    assert thing.changes(metadata=cluster.meta("d"), spec=spec) == {}


def test_drift_shows_the_field_that_changed_and_no_other(cluster: Cluster) -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    spec = deployment("a", resources=_LIMITS, env=env)
    thing = cluster.object(DEPLOYMENT, "d").create(metadata=cluster.meta("d"), spec=spec)
    cluster.kubectl("set", "env", "deployment/d", "B=3")
    thing.refresh()
    changes = thing.changes(metadata=cluster.meta("d"), spec=spec)
    assert changes == {"spec.template.spec.containers[0].env[1].value": "UPDATE"}
    thing.update(metadata=cluster.meta("d"), spec=spec)
    live = cluster.live("deployments", "d")
    assert live["spec"]["template"]["spec"]["containers"][0]["env"] == env


def test_a_removed_field_and_a_removed_object_are_drift(cluster: Cluster) -> None:
    thing = cluster.object(CONFIG_MAP, "cm").create(metadata=cluster.meta("cm"), data={"a": "1", "b": "2"})
    cluster.kubectl("patch", "configmap", "cm", "--type=json", '-p=[{"op":"remove","path":"/data/b"}]')
    assert thing.refresh() >= {"data"}
    assert thing.inputs["data"] == {"a": "1"}
    cluster.kubectl("delete", "configmap", "cm")
    assert thing.refresh() == {"gone"}


def test_fields_that_others_add_are_no_drift(cluster: Cluster) -> None:
    thing = cluster.object(CONFIG_MAP, "cm").create(metadata=cluster.meta("cm"), data={"a": "1"})
    cluster.kubectl("annotate", "configmap", "cm", "someone=else")
    before = thing.inputs
    thing.refresh()
    assert thing.inputs == before


def test_drift_of_a_secret_is_found_and_stays_marked(cluster: Cluster) -> None:
    thing = cluster.object(SECRET, "s").create(metadata=cluster.meta("s"), stringData={"a": "old-value-1", "b": "kept"})
    cluster.kubectl("patch", "secret", "s", '-p={"stringData":{"a":"new-value-2"}}')
    thing.refresh()
    assert thing.inputs["stringData"] == Secret({"a": "new-value-2", "b": "kept"})
    assert "new-value-2" not in repr(thing.outputs)


def test_an_import_gives_inputs_that_a_program_can_repeat(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "theirs", "--from-literal=a=1")
    thing = cluster.object(CONFIG_MAP, "mine").take(f"{cluster.namespace}/theirs")
    assert thing.inputs == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "theirs", "namespace": cluster.namespace},
        "data": {"a": "1"},
    }
    assert thing.changes(metadata=cluster.meta("theirs"), data={"a": "1"}) == {}
    thing.update(metadata=cluster.meta("theirs", labels={"b": "c"}), data={"a": "1"})
    assert thing.refresh() == set()


def test_importing_what_is_not_there_finds_nothing(cluster: Cluster) -> None:
    thing = cluster.object(CONFIG_MAP, "x")
    thing.id = f"{cluster.namespace}/absent"
    assert thing.read()[0] == ""


def _update_ignoring(thing: Object, paths: list[str], **news: object) -> None:
    inputs = thing.inputs_for(**news)
    request = provider_pb2.UpdateRequest(
        **thing.who,
        id=thing.id,
        olds=encode_properties(thing.outputs),
        old_inputs=encode_properties(thing.inputs),
        news=encode_properties(inputs),
        ignoreChanges=paths,
    )
    assert json_format.MessageToDict(thing.plugin.call("Update", request).properties)


def test_an_ignored_field_that_an_autoscaler_manages_is_not_fought_for(cluster: Cluster) -> None:
    thing = cluster.object(DEPLOYMENT, "d").create(metadata=cluster.meta("d"), spec=deployment("a", replicas=1))
    path = f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments/d"
    scaled = {"spec": {"replicas": 3}}
    cluster.api.patch(path, scaled)  # as an autoscaler would: a manager that is neither kubectl nor Pulumi
    changed = {**deployment("a", replicas=1), "minReadySeconds": 1}
    with pytest.raises(Refused, match=r"conflict.*patchForce"):
        thing.update(metadata=cluster.meta("d"), spec=changed)
    _update_ignoring(thing, ["spec.replicas"], metadata=cluster.meta("d"), spec=changed)
    assert cluster.live("deployments", "d")["spec"]["replicas"] == 3
    assert cluster.live("deployments", "d")["spec"]["minReadySeconds"] == 1


def test_the_force_annotation_takes_a_field_over(cluster: Cluster) -> None:
    thing = cluster.object(CONFIG_MAP, "cm").create(metadata=cluster.meta("cm"), data={"a": "1"})
    cluster.api.patch(f"/api/v1/namespaces/{cluster.namespace}/configmaps/cm", {"data": {"a": "theirs"}})
    forced = cluster.meta("cm", annotations={"pulumi.com/patchForce": "true"})
    thing.update(metadata=forced, data={"a": "2"})
    assert cluster.live("configmaps", "cm")["data"] == {"a": "2"}


def test_a_changed_field_manager_leaves_nothing_with_the_old_one(cluster: Cluster) -> None:
    thing = cluster.object(CONFIG_MAP, "cm").create(metadata=cluster.meta("cm"), data={"a": "1", "b": "2"})
    named = cluster.meta("cm", annotations={"pulumi.com/patchFieldManager": "someone"})
    thing.update(metadata=named, data={"a": "1"})
    live = cluster.live("configmaps", "cm")
    assert live["data"] == {"a": "1"}
    assert [entry["manager"] for entry in live["metadata"]["managedFields"]] == ["someone"]
    assert thing.outputs["__fieldManager"] == "someone"


def test_a_service_imported_from_elsewhere_is_updated_in_place(cluster: Cluster) -> None:
    cluster.kubectl("create", "service", "clusterip", "svc", "--tcp=80:80")
    thing = cluster.object(SERVICE, "svc").take(f"{cluster.namespace}/svc")
    quick = {**thing.inputs["metadata"], "annotations": {"pulumi.com/skipAwait": "true"}}  # it has no pods
    thing.update(metadata=quick, spec={**thing.inputs["spec"], "sessionAffinity": "ClientIP"})
    assert cluster.live("services", "svc")["spec"]["sessionAffinity"] == "ClientIP"

"""Creating, changing, replacing and deleting objects of a real cluster, over gRPC."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from infra.sandbox.plugins.kubernetes.kinds import Kind
from infra.sandbox.plugins.values import UNKNOWN, Secret
from tests.plugins.client import Refused, running
from tests.plugins.kubernetes.cluster import CONFIG_MAP, DEPLOYMENT, MODULE, SECRET, SERVICE, Cluster, deployment


def test_an_object_is_created_read_changed_and_deleted(cluster: Cluster) -> None:
    thing = cluster.object(
        CONFIG_MAP,
        "cm",
    ).create(metadata=cluster.meta("cm"), data={"a": "1"})
    assert thing.id == f"{cluster.namespace}/cm"
    assert thing.outputs["data"] == {"a": "1"}
    assert thing.refresh() == set()
    thing.update(metadata=cluster.meta("cm", labels={"x": "y"}), data={"a": "1"})
    assert cluster.live("configmaps", "cm")["metadata"]["labels"] == {"x": "y"}
    thing.delete()
    assert cluster.live("configmaps", "cm") is None
    thing.delete()


def test_automatic_names_are_marked_stable_and_new_for_a_replacement(cluster: Cluster) -> None:
    thing = cluster.object(CONFIG_MAP, "auto")
    first = thing.inputs_for(metadata=cluster.meta())
    name = first["metadata"]["name"]
    assert name.startswith("auto-")
    assert len(name) == len("auto-") + 8
    assert first["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    thing.create(metadata=cluster.meta())
    assert thing.inputs["metadata"]["name"] == name
    assert thing.inputs_for(metadata=cluster.meta())["metadata"]["name"] == name
    replaced, _ = thing.check(fresh=True, metadata=cluster.meta())
    assert replaced["metadata"]["name"].startswith("auto-")
    assert replaced["metadata"]["name"] != name


def test_the_namespace_is_the_kubeconfigs_and_none_for_cluster_scoped_kinds(cluster: Cluster) -> None:
    inputs = cluster.object(CONFIG_MAP, "x").inputs_for()
    assert inputs["metadata"]["namespace"] == "default"
    role = cluster.object("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "x").inputs_for()
    assert "namespace" not in role["metadata"]
    assert role["apiVersion"] == "rbac.authorization.k8s.io/v1"


def test_an_object_of_somebody_else_is_refused_and_left_alone(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "theirs", "--from-literal=a=1")
    with pytest.raises(Refused, match=r'was not successfully created.*configmaps "theirs" already exists'):
        cluster.object(CONFIG_MAP, "mine").create(metadata=cluster.meta("theirs"), data={"a": "2"})
    assert cluster.live("configmaps", "theirs")["data"] == {"a": "1"}


def test_an_object_of_another_resource_of_pulumi_is_refused_too(cluster: Cluster) -> None:
    cluster.object(CONFIG_MAP, "one").create(metadata=cluster.meta("shared"))
    with pytest.raises(Refused, match="already exists"):
        cluster.object(CONFIG_MAP, "two").create(metadata=cluster.meta("shared"))


def test_a_create_that_was_interrupted_is_taken_up_again(cluster: Cluster) -> None:
    cluster.object(CONFIG_MAP, "again").create(metadata=cluster.meta(), data={"a": "1"})
    cluster.object(CONFIG_MAP, "again").create(metadata=cluster.meta(), data={"a": "2"})
    (name,) = cluster.names("configmaps")
    assert cluster.live("configmaps", name)["data"] == {"a": "2"}


def test_a_replacement_that_was_interrupted_is_taken_up_again(cluster: Cluster) -> None:
    old = cluster.object(CONFIG_MAP, "again").create(metadata=cluster.meta(), data={"a": "1"})
    first = old.inputs["metadata"]["name"]
    names = []
    for state_knows_the_old_one in (True, True, False):
        with running(MODULE) as fresh:  # each engine run starts a plugin of its own
            fresh.configure(kubeconfig=str(cluster.kubeconfig))
            new = cluster.object(CONFIG_MAP, "again", fresh)
            if state_knows_the_old_one:
                new.inputs, new.outputs = old.inputs, old.outputs
                new.inputs_for(metadata=cluster.meta(), data={"a": "2"})
            new.inputs, new.outputs = {}, {}
            names.append(new.create(metadata=cluster.meta(), data={"a": "2"}).inputs["metadata"]["name"])
    assert len({*names}) == 1
    assert first not in names
    old.delete()
    assert cluster.names("configmaps") == [names[0]]


def test_differences_name_exact_paths_and_what_cannot_change_in_place(cluster: Cluster) -> None:
    ports = [{"name": "http", "port": 80}, {"name": "tls", "port": 443}]
    thing = cluster.object(SERVICE, "svc").create(metadata=cluster.meta("svc"), spec={"ports": ports})
    assert thing.changes(metadata=cluster.meta("svc"), spec={"ports": ports}) == {}
    moved = [{"name": "http", "port": 8080}, {"name": "tls", "port": 443}]
    assert thing.changes(metadata=cluster.meta("svc"), spec={"ports": moved}) == {"spec.ports[0].port": "UPDATE"}
    renamed = thing.diff(metadata=cluster.meta("other"), spec={"ports": ports})
    assert list(renamed.replaces) == ["metadata.name"]
    assert not renamed.deleteBeforeReplace
    thing.delete()


def test_what_the_api_server_calls_immutable_replaces(cluster: Cluster) -> None:
    kind = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
    name = cluster.namespace
    thing = cluster.object(kind, "class").create(metadata={"name": name}, value=10)
    answer = thing.diff(metadata={"name": name}, value=11)
    assert list(answer.replaces) == ["value"]
    assert answer.deleteBeforeReplace
    assert thing.changes(metadata={"name": name}, value=10, description="d") == {"description": "ADD"}
    thing.delete()


def test_data_of_config_maps_and_secrets_replaces_unless_it_is_mutable(cluster: Cluster) -> None:
    for kind, field in ((CONFIG_MAP, "data"), (SECRET, "stringData")):
        named = cluster.object(kind, "named").create(
            metadata=cluster.meta(f"fixed-{field.lower()}"), **{field: {"a": "1"}}
        )
        answer = named.diff(metadata=named.inputs["metadata"], **{field: {"a": "2"}})
        assert (list(answer.replaces), answer.deleteBeforeReplace) == ([f"{field}.a"], True)
        auto = cluster.object(kind, "auto").create(metadata=cluster.meta(), **{field: {"a": "1"}})
        assert not auto.diff(metadata=cluster.meta(), **{field: {"a": "2"}}).deleteBeforeReplace
    with running(MODULE) as mutable:
        config = {"enableConfigMapMutable": "true", "enableSecretMutable": True}
        mutable.configure(kubeconfig=str(cluster.kubeconfig), **config)
        for kind, field in ((CONFIG_MAP, "data"), (SECRET, "stringData")):
            thing = cluster.object(kind, "m", mutable).create(
                metadata=cluster.meta(f"m-{field.lower()}"), **{field: {"a": "1"}}
            )
            assert thing.changes(metadata=thing.inputs["metadata"], **{field: {"a": "2"}}) == {f"{field}.a": "UPDATE"}


def test_a_selector_replaces_a_deployment(cluster: Cluster) -> None:
    thing = cluster.object(DEPLOYMENT, "d").create(metadata=cluster.meta("d"), spec=deployment("a"))
    answer = thing.diff(metadata=cluster.meta("d"), spec=deployment("b"))
    assert list(answer.replaces) == ["spec.selector.matchLabels.app"]


def test_a_custom_resource_follows_its_definition_at_once(cluster: Cluster) -> None:
    group = f"{cluster.namespace}.example.com"
    schema = {"type": "object", "x_kubernetes_preserve_unknown_fields": True}
    definition = cluster.object("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "crd")
    custom = cluster.object(f"kubernetes:{group}/v1:Widget", "w")
    preview = custom.preview(apiVersion=f"{group}/v1", kind="Widget", metadata=cluster.meta("w"), spec={"size": 1})
    assert preview["spec"] == {"size": 1}
    definition.create(
        metadata={"name": f"widgets.{group}"},
        spec={
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    )
    custom.create(apiVersion=f"{group}/v1", kind="Widget", metadata=cluster.meta("w"), spec={"size": 1})
    assert custom.refresh() == set()
    assert definition.refresh() == set()
    definition.delete()
    assert custom.refresh() == {"gone"}
    custom.delete()


def test_a_patch_resource_owns_its_fields_and_gives_them_up(cluster: Cluster) -> None:
    cluster.kubectl("create", "configmap", "theirs", "--from-literal=a=1")
    patch = cluster.object(f"{CONFIG_MAP}Patch", "patch")
    patch.create(apiVersion="v1", kind="ConfigMap", metadata=cluster.meta("theirs"), data={"b": "2"})
    assert cluster.live("configmaps", "theirs")["data"] == {"a": "1", "b": "2"}
    assert patch.refresh() == set()
    patch.delete()
    assert cluster.live("configmaps", "theirs")["data"] == {"a": "1"}


def test_unknown_inputs_preview_as_they_are(cluster: Cluster) -> None:
    thing = cluster.object(CONFIG_MAP, "cm")
    assert thing.preview(metadata=cluster.meta("cm"), data={"a": UNKNOWN})["data"] == {"a": UNKNOWN}
    unnamed = thing.inputs_for(metadata={"namespace": cluster.namespace, "name": UNKNOWN})
    assert "annotations" not in unnamed["metadata"]


def test_a_preview_writes_nothing_and_shows_the_servers_defaults(cluster: Cluster) -> None:
    outputs = cluster.object(SERVICE, "s").preview(metadata=cluster.meta("s"), spec={"ports": [{"port": 80}]})
    assert outputs["spec"]["type"] == "ClusterIP"
    assert "status" not in outputs
    assert cluster.live("services", "s") is None


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"replicas": 1, "selectr": {}}, 'unknown field "spec.selectr"'),
        ({"replicas": "many"}, "cannot unmarshal"),
        ({**deployment("a"), "replicas": -1}, "spec.replicas: Invalid value: -1"),
        ({**deployment("a"), "selector": {"matchLabels": {"app": "b"}}}, "selector` does not match"),
    ],
)
def test_an_invalid_object_fails_in_preview_with_the_servers_words(cluster: Cluster, spec: object, words: str) -> None:
    with pytest.raises(Refused) as refused:
        cluster.object(DEPLOYMENT, "broken").preview(metadata=cluster.meta("broken"), spec=spec)
    assert words in str(refused.value)
    assert "::broken" in str(refused.value)


def test_an_invalid_change_fails_in_preview_too(cluster: Cluster) -> None:
    thing = cluster.object(DEPLOYMENT, "d").create(metadata=cluster.meta("d"), spec=deployment("a"))
    with pytest.raises(Refused, match=r"\.spec\.template\.spec\.containers.*imagee.*not declared"):
        thing.update(preview=True, metadata=cluster.meta("d"), spec=deployment("a", imagee="x"))


def test_what_the_same_update_may_still_create_does_not_fail_a_preview(cluster: Cluster) -> None:
    absent = {"namespace": "not-there-yet", "name": "x"}
    assert cluster.object(CONFIG_MAP, "a").preview(metadata=absent, data={"a": "1"})["data"] == {"a": "1"}
    pod = {"serviceAccountName": "not-yet", "containers": [{"name": "c", "image": "i"}]}
    cluster.object("kubernetes:core/v1:Pod", "p").preview(metadata=cluster.meta("p"), spec=pod)
    cluster.object(CONFIG_MAP, "taken").create(metadata=cluster.meta("taken"))
    cluster.object(CONFIG_MAP, "other").preview(metadata=cluster.meta("taken"))


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("kubernetes:helm.sh/v3:Release", "does not support"),
        ("kubernetes:core/v1:ConfigMapList", "list resources"),
        ("kubernetes:nonsense:Thing", "not a type of Kubernetes object"),
    ],
)
def test_what_is_left_out_is_refused_by_name(cluster: Cluster, token: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        cluster.object(token, "x").check(metadata={"name": "x"})


def test_generated_names_unnamed_patches_and_names_with_a_slash_are_refused(cluster: Cluster) -> None:
    _, failures = cluster.object(CONFIG_MAP, "s").check(metadata={"name": "a/b"})
    assert failures.keys() == {"metadata.name"}
    _, failures = cluster.object(CONFIG_MAP, "g").check(metadata={"generateName": "g-"})
    assert failures.keys() == {"metadata.generateName"}
    _, failures = cluster.object(f"{CONFIG_MAP}Patch", "p").check(kind="ConfigMap", metadata={})
    assert failures.keys() == {"metadata.name"}


def test_secrets_are_secret_everywhere(cluster: Cluster) -> None:
    canary = "canary-5f2d81c0"
    thing = cluster.object(SECRET, "s").create(metadata=cluster.meta("s"), stringData={"password": canary})
    assert thing.inputs["stringData"] == Secret({"password": canary})
    assert isinstance(thing.outputs["data"], Secret)
    assert isinstance(thing.outputs["__inputs"]["stringData"], Secret)
    assert thing.refresh() == set()
    cluster.kubectl("annotate", "secret", "s", f"kubectl.kubernetes.io/last-applied-configuration={canary}")
    imported = cluster.object(SECRET, "s").take(thing.id)
    assert all(isinstance(value, Secret) for value in imported.outputs["metadata"]["annotations"].values())
    for properties in (imported.inputs, imported.outputs):
        assert canary not in repr(properties)


def test_a_secret_in_another_kind_stays_marked_and_out_of_messages(cluster: Cluster) -> None:
    canary = Secret("canary-with-ünusual text")
    env = [{"name": "PLAIN", "value": "p"}, {"name": "PASSWORD", "value": canary}]
    thing = cluster.object(DEPLOYMENT, "d").create(metadata=cluster.meta("d"), spec=deployment("a", env=env))
    container = thing.outputs["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == env
    with pytest.raises(Refused) as refused:
        cluster.object(DEPLOYMENT, "e").preview(
            metadata=cluster.meta("e"), spec={**deployment("a"), "replicas": canary}
        )
    assert "canary" not in str(refused.value)


def test_sixty_four_requests_at_once_are_answered(cluster: Cluster) -> None:
    def create(number: int) -> str:
        return cluster.object(CONFIG_MAP, f"n{number}").create(metadata=cluster.meta(f"n{number}")).id

    with ThreadPoolExecutor(64) as pool:
        assert len(set(pool.map(create, range(128)))) == 128
    assert len(cluster.names("configmaps")) == 128


def test_what_is_known_of_the_built_in_kinds_agrees_with_the_server(cluster: Cluster) -> None:
    groups = [group["preferredVersion"]["groupVersion"] for group in cluster.api.get("/apis")["groups"]]
    known = 0
    for version in ("v1", *groups):
        for resource in cluster.api.get(f"/apis/{version}" if "/" in version else "/api/v1")["resources"]:
            scope = Kind(version, resource["kind"]).namespaced()
            if "/" not in resource["name"] and scope is not None:
                assert scope == resource["namespaced"], resource["name"]
                known += 1
    assert known > 40

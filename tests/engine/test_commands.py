"""Every command of the CLI that users rely on, on the real program: nothing is stubbed, nothing is left behind."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from infra.paths import BIN
from infra.sandbox.stack_file import source_of
from tests.engine.command import tenantry
from tests.engine.events import operations
from tests.engine.scratch import Scratch, scratch_project
from tests.engine.stack import Settings, Stack

Planned = tuple[str, str]


def three_replicas(settings: Settings) -> None:
    settings["services"]["storefront"]["slots"]["blue"]["replicas"] = 3


def fewer_connections(settings: Settings) -> None:
    settings["plans"] = {
        "free": {"connection_limit": 5},
        "pro": {"connection_limit": 19},
        "enterprise": {"connection_limit": 50},
    }


@pytest.fixture(autouse=True)
def state_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine write its state once an update: these tests kill none."""
    monkeypatch.setenv("PULUMI_SKIP_CHECKPOINTS", "true")


@pytest.fixture
def edited(stack: Stack) -> Iterator[Stack]:
    """The shared stack, whose settings are at the end of the test what they were before."""
    texts = {file: file.read_text() for file in (stack.workspace.stack_file, stack.tenant_file)}
    yield stack
    for file, text in texts.items():
        file.write_text(text)


@pytest.fixture(scope="module")
def scratch(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    """A program of the test's own beside the shared stack."""
    with scratch_project(stack, tmp_path_factory.mktemp("a scratch project")) as project:
        yield project


def planned(output: str) -> set[Planned]:
    """Return (name, operation) of what a preview would do."""
    steps = json.loads(output)["steps"]
    return {(step["urn"].rpartition("::")[2], step["op"]) for step in steps if step["op"] != "same"}


def delete(stack: Stack, kind: str, name: str, namespace: str) -> None:
    """Delete an object behind the program's back."""
    kubectl = [BIN / "kubectl", "--kubeconfig", stack.workspace.instance.kubeconfig]
    subprocess.run([*kubectl, "delete", kind, name, "-n", namespace], check=True, capture_output=True)


def test_about_tells_plugins_python_and_stack(stack: Stack) -> None:
    about = json.loads(stack.pulumi("about", "--json").output)
    assert {plugin["name"] for plugin in about["plugins"]} == {"aws", "kubernetes", "postgresql", "python", "random"}
    assert about["runtime"]["language"] == "python"
    assert about["currentStack"]["name"] == "local"


def test_a_preview_shows_the_exact_change_for_programs_and_for_people_even_behind_an_http_proxy(edited: Stack) -> None:
    edited.configure(three_replicas)
    result = edited.pulumi("preview", "--json").output
    # A pod more opens connections more, which the services' role must be allowed.
    assert planned(result) == {("storefront-blue", "update"), ("tenants-pool-app", "update")}
    steps = [step for step in json.loads(result)["steps"] if step["op"] == "update"]
    changed = {step["urn"].rpartition("::")[2]: step["detailedDiff"] for step in steps}
    assert changed == {
        "storefront-blue": {"spec.replicas": {"kind": "update", "inputDiff": True}},
        "tenants-pool-app": {"connectionLimit": {"kind": "update", "inputDiff": True}},
    }
    nowhere = "http://127.0.0.1:9"  # the program still reaches its own engine, and the plugins their servers
    preview = ("pulumi", "preview", "--diff", "--non-interactive")
    shown = tenantry(
        *("sandbox", "run", "local", "--instance", edited.workspace.instance.name, "--", *preview),
        http_proxy=nowhere,
        https_proxy=nowhere,
        no_proxy="example.invalid",
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert re.search(r"~ replicas: 2 => 3", shown.stdout)


def drift(stack: Stack) -> None:
    """Change things behind the program's back, as people in a hurry do."""
    image = '{"spec":{"template":{"spec":{"containers":[{"name":"service","image":"elsewhere.invalid/x:1"}]}}}}'
    stack.kubectl("patch", "deployment", "storefront-blue", "-n", "tenantry", f"--patch={image}")
    stack.kubectl("patch", "configmap", "tenants", "-n", "tenantry", '--patch={"data":{"book-store":"{}"}}')
    delete(stack, "networkpolicy", "default-deny", "tenantry")
    with stack.administrator("tenantry") as administrator:
        administrator.execute("ALTER ROLE tenant_book_store_app CONNECTION LIMIT 999")
        administrator.execute("REVOKE USAGE ON SCHEMA tenant_book_store FROM tenant_book_store_reader")
        administrator.execute("DROP FUNCTION pool.isolate_tenants")
        administrator.execute("ALTER SCHEMA pool OWNER TO postgres")


DRIFTED = {
    ("storefront-blue", "update"),
    ("registry-tenants", "update"),
    ("tenant-book-store-data-app", "update"),
    ("tenant-book-store-data-usage", "update"),
    ("tenants-guard", "create"),
    ("platform-deny", "create"),
    ("tenants-pool-schema", "update"),
}


def test_a_target_is_updated_alone_and_drift_is_found_by_a_refresh_and_mended_by_an_update(
    edited: Stack, tmp_path: Path
) -> None:
    before = edited.workspace.stack_file.read_text()
    edited.configure(three_replicas)
    edited.configure(fewer_connections)
    edited.up("--target", "**storefront-blue")
    assert edited.kubectl("get", "deployment", "storefront-blue", "-n", "tenantry")["spec"]["replicas"] == 3
    (role,) = [item for item in edited.resources() if item["urn"].endswith("::tenant-book-store-data-app")]
    assert role["inputs"]["connectionLimit"] == 20
    edited.workspace.stack_file.write_text(before)

    drift(edited)
    shown = edited.pulumi("refresh", "--yes", "--skip-preview", "--diff").output
    assert re.search(r'~ image: ".*" => "elsewhere.invalid/x:1"', shown)
    assert "~ connectionLimit: 20 => 999" in shown
    edited.up("--event-log", str(tmp_path / "events"))
    done = {(item.name, item.operation) for item in operations(tmp_path / "events") if item.finished}
    assert done == DRIFTED
    edited.pulumi("preview", "--refresh", "--expect-no-changes")


IMPORTED = """
import pulumi_kubernetes as kubernetes
import pulumi_postgresql as postgresql

kubernetes.core.v1.ConfigMap("made", metadata={"name": "made", "namespace": "default"}, data={"key": "value"})
postgresql.Role("made", name="made", login=True, connection_limit=3)
"""


def test_what_was_made_outside_is_imported_printed_and_then_clean(scratch: Scratch, tmp_path: Path) -> None:
    scratch.kubectl("create", "configmap", "made", "-n", "default", "--from-literal=key=value")
    with scratch.administrator() as administrator:
        administrator.execute("CREATE ROLE made LOGIN CONNECTION LIMIT 3")
    wanted = [
        {"type": "kubernetes:core/v1:ConfigMap", "name": "made", "id": "default/made"},
        {"type": "postgresql:index/role:Role", "name": "made", "id": "made"},
    ]
    (tmp_path / "wanted.json").write_text(json.dumps({"resources": wanted}))
    result = scratch.pulumi("import", "--yes", "--protect=false", "--file", str(tmp_path / "wanted.json"))
    assert 'resource made "kubernetes:core/v1:ConfigMap"' in result.output
    assert '"key" = "value"' in result.output
    assert "connectionLimit = 3" in result.output
    scratch.program(IMPORTED)
    scratch.pulumi("preview", "--refresh", "--expect-no-changes")
    scratch.pulumi("destroy", "--yes", "--skip-preview")
    assert scratch.resources() == []
    assert "made" not in str(scratch.kubectl("get", "configmaps", "-n", "default"))


def test_configuration_is_set_and_read_and_the_work_tree_stays_as_it_is(stack: Stack) -> None:
    before = source_of("local").read_bytes()
    stack.pulumi("config", "set", "tenantry:note", "plain")
    stack.pulumi("config", "set", "--secret", "tenantry:key", "canary-of-config")
    assert stack.pulumi("config", "get", "tenantry:note").output == "plain\n"
    assert stack.pulumi("config", "get", "tenantry:key").output == "canary-of-config\n"
    assert "canary-of-config" not in stack.pulumi("config").text
    assert set(yaml.safe_load(stack.workspace.stack_file.read_text())["config"]["tenantry:key"]) == {"secure"}
    stack.pulumi("config", "rm", "tenantry:note")
    stack.pulumi("config", "rm", "tenantry:key")
    assert source_of("local").read_bytes() == before


def test_outputs_hide_secrets_until_asked(stack: Stack) -> None:
    hidden = json.loads(stack.pulumi("stack", "output", "--json").output)
    assert hidden["connections"] == "[secret]"
    assert hidden["services"] == {"storefront": {"active": "blue", "service": "storefront"}}
    assert stack.pulumi("stack", "output", "namespace").output == "tenantry\n"
    isolated = {slug for slug, place in stack.outputs()["tenants"].items() if place["isolation"] != "pool"}
    assert set(stack.outputs()["connections"]) == isolated
    assert len(isolated) == 2
    assert hidden["pool_connection"] == "[secret]"


def test_a_state_exported_and_imported_again_is_the_same(stack: Stack, tmp_path: Path) -> None:
    before = stack.pulumi("stack", "export", "--show-secrets").output  # the cipher texts differ each time
    stack.pulumi("stack", "export", "--file", str(tmp_path / "state.json"))
    stack.pulumi("stack", "import", "--file", str(tmp_path / "state.json"))
    after = stack.pulumi("stack", "export", "--show-secrets").output
    assert json.loads(after)["deployment"]["resources"] == json.loads(before)["deployment"]["resources"]


def test_a_cancel_with_nothing_under_way_does_no_harm(stack: Stack) -> None:
    before = stack.state()
    stack.pulumi("cancel", "--yes")
    assert stack.state() == before


INVALID = """
import pulumi_kubernetes as kubernetes

kubernetes.apps.v1.Deployment(
    "crooked",
    metadata={"name": "crooked", "namespace": "default"},
    spec={
        "selector": {"match_labels": {"app": "one"}},
        "template": {
            "metadata": {"labels": {"app": "two"}},
            "spec": {"containers": [{"name": "main", "image": "example.invalid/main:1"}]},
        },
    },
)
kubernetes.apps.v1.Deployment(
    "misspelt",
    metadata={"name": "misspelt", "namespace": "default"},
    spec={
        "selector": {"match_labels": {"app": "one"}},
        "template": {
            "metadata": {"labels": {"app": "one"}},
            "spec": {"containers": [{"name": "main", "image": "example.invalid/main:1", "imagePolicy": "Always"}]},
        },
    },
)
"""


def test_an_invalid_manifest_fails_in_preview_with_the_servers_message_and_the_resources_name(scratch: Scratch) -> None:
    scratch.program(INVALID)
    result = scratch.pulumi("preview", expect=None)
    assert result.code != 0
    assert re.search(r"crooked.*`selector` does not match template `labels`", result.text)
    assert re.search(r"misspelt.*imagePolicy", result.text)
    assert "Traceback" not in result.text


ADOPTING = """
import pulumi_kubernetes as kubernetes

kubernetes.core.v1.ConfigMap("theirs", metadata={"name": "theirs", "namespace": "default"}, data={"key": "ours"})
"""


def test_an_existing_object_is_not_adopted(scratch: Scratch) -> None:
    scratch.kubectl("create", "configmap", "theirs", "-n", "default", "--from-literal=key=theirs")
    scratch.program(ADOPTING)
    result = scratch.up(expect=None)
    assert result.code != 0
    assert 'configmaps "theirs" already exists' in result.text
    assert scratch.kubectl("get", "configmap", "theirs", "-n", "default")["data"] == {"key": "theirs"}
    assert "theirs" not in str(scratch.resources())
    delete(scratch, "configmap", "theirs", "default")


def mistake(settings: Settings) -> None:
    """Misspell a key, and set a bad value."""
    settings["services"]["storefront"]["prot"] = 3000
    settings["tenants"][1]["plan"] = "gold-4711"


def test_wrong_settings_fail_in_preview_with_their_paths_and_no_traceback(edited: Stack) -> None:
    edited.configure(mistake)
    result = edited.pulumi("preview", expect=None)
    assert result.code != 0
    assert "tenantry:settings.services.storefront.prot: unknown key; did you mean port?" in result.text
    assert ": [1].plan: not allowed; take one of: free, pro, enterprise" in result.text
    assert "gold-4711" not in result.text
    assert "Traceback" not in result.text


def suspended(settings: Settings) -> None:
    for tenant in settings["tenants"]:
        if tenant["slug"] == "book-store":
            tenant["lifecycle"] = {"state": "suspended"}


def test_a_suspended_tenant_cannot_log_in_keeps_its_data_and_is_resumed(edited: Stack) -> None:
    url = edited.outputs()["connections"]["book-store"]
    with edited.administrator("tenantry") as administrator:
        administrator.execute("CREATE TABLE tenant_book_store.kept AS SELECT 'here' AS note")
    resumed = edited.settings()["tenants"]
    edited.configure(suspended)
    edited.up()
    with pytest.raises(psycopg.OperationalError, match='role "tenant_book_store_app" is not permitted to log in'):
        edited.connect(url)
    with edited.administrator("tenantry") as administrator:
        assert administrator.execute("SELECT note FROM tenant_book_store.kept").fetchall() == [("here",)]
    edited.configure(lambda settings: settings.update(tenants=resumed))
    edited.up()
    with edited.connect(url) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("tenant_book_store_app",)
    with edited.administrator("tenantry") as administrator:
        administrator.execute("DROP TABLE tenant_book_store.kept")


def one_tenant(settings: Settings) -> None:
    settings["tenants"] = [tenant for tenant in settings["tenants"] if tenant["plan"] == "enterprise"]


def test_a_tenant_whose_line_goes_stays_as_it_is_and_the_line_to_write_is_told(edited: Stack) -> None:
    before = edited.urns()
    edited.configure(one_tenant)
    result = edited.up(expect=None)
    assert result.code != 0
    for slug, plan in (("book-store", "pro"), ("corner-shop", "free")):
        line = f"write it back: - {{ slug: {slug}, plan: {plan}, lifecycle: {{ state: offboarding }} }}"
        assert f"{slug}: in the stack, but not in the file; {line}" in result.text
    assert "Traceback" not in result.text
    assert edited.urns() == before
    assert set(edited.outputs()["tenants"]) == {"book-store", "corner-shop", "department-store"}

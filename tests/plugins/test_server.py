"""The gRPC server that plugins share: failures, concurrency and clean ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import psutil
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from infra.paths import PROJECT_ROOT
from infra.sandbox.plugins.values import Secret, decode_properties, encode_properties
from tests.plugins.client import Object, Plugin, Refused, running

ECHO = "tests.plugins.echo_plugin"
KIND = provider_pb2.PropertyDiff.Kind


@pytest.fixture(scope="module")
def plugin() -> Iterator[Plugin]:
    with running(ECHO) as plugin:
        yield plugin


def thing(plugin: Plugin, name: str) -> Object:
    return Object(plugin, "echo:index:Thing", name)


def test_64_requests_are_answered_at_the_same_time(plugin: Plugin) -> None:
    with ThreadPoolExecutor(64) as pool:
        made = list(pool.map(lambda number: thing(plugin, "meet").create(number=number), range(64)))
    assert [one.outputs["number"] for one in made] == list(range(64))


def test_reads_are_answered_while_64_creations_wait(plugin: Plugin) -> None:
    with ThreadPoolExecutor(64) as pool:
        waiting = [pool.submit(thing(plugin, "slow").create) for _ in range(64)]
        started = time.monotonic()
        assert thing(plugin, "other").take("known").id == "known"
        assert time.monotonic() - started < 0.9
        for one in waiting:
            one.result()


def test_secrets_come_back_as_secrets(plugin: Plugin) -> None:
    made = thing(plugin, "a").create(password=Secret("canary"), nested={"list": [Secret(1)]})
    assert made.outputs["password"] == Secret("canary")
    assert made.outputs["nested"] == {"list": [Secret(1)]}


def test_a_failed_check_names_each_property(plugin: Plugin) -> None:
    assert thing(plugin, "a").check(bad1=1, bad2=2, good=3)[1] == {"bad1": "is bad", "bad2": "is bad"}


def test_a_failed_check_of_a_secret_names_it_where_the_engine_does_not_print_its_value(plugin: Plugin) -> None:
    news = {"bad1": Secret("hush"), "bad2": {"within": [Secret("hush")]}, "bad3": "open"}
    request = provider_pb2.CheckRequest(**thing(plugin, "a").who, news=encode_properties(news))
    told = {(failure.property, failure.reason) for failure in plugin.call("Check", request).failures}
    assert told == {("", "property bad1 is bad"), ("", "property bad2 is bad"), ("bad3", "is bad")}


def test_a_failed_check_within_an_input_names_the_path_where_the_engine_does_not_print_that_it_is_nil(
    plugin: Plugin,
) -> None:
    request = provider_pb2.CheckRequest(**thing(plugin, "a").who, news=encode_properties({"inside": ["x"]}))
    told = [(failure.property, failure.reason) for failure in plugin.call("Check", request).failures]
    assert told == [("", "property inside[0] is bad")]


def test_the_engines_entropy_reaches_the_check(plugin: Plugin) -> None:
    assert thing(plugin, "a").check(entropy=b"\x00\xff")[0]["seed"] == "00ff"


def test_a_difference_carries_paths_kinds_and_replacements(plugin: Plugin) -> None:
    made = thing(plugin, "a").create(fixed={"a.b": 1}, list=[1, 2], gone=1)
    answer = made.diff(fixed={"a.b": 2}, list=[1, 3], come=1)
    assert {path: change.kind for path, change in answer.detailedDiff.items()} == {
        'fixed["a.b"]': KIND.UPDATE_REPLACE,
        "list[1]": KIND.UPDATE,
        "gone": KIND.DELETE,
        "come": KIND.ADD,
    }
    assert list(answer.replaces) == ['fixed["a.b"]']
    assert sorted(answer.diffs) == ["come", "fixed", "gone", "list"]
    assert made.changes(fixed={"a.b": 1}, list=[1, 2], gone=1) == {}


def test_a_resource_that_is_gone_is_an_empty_answer(plugin: Plugin) -> None:
    gone = thing(plugin, "a")
    gone.id = "gone"
    assert gone.refresh() == {"gone"}


def test_an_error_reaches_the_engine_word_for_word(plugin: Plugin) -> None:
    with pytest.raises(Refused) as refusal:
        thing(plugin, "refused").create()
    assert str(refusal.value) == "no: é\n%s {} second line"
    assert refusal.value.code is grpc.StatusCode.UNKNOWN
    assert refusal.value.partial is None


def test_a_partial_failure_carries_what_was_left(plugin: Plugin) -> None:
    with pytest.raises(Refused) as refusal:
        thing(plugin, "partial").create(size=1)
    left = refusal.value.partial
    assert left is not None
    assert (left.id, list(left.reasons)) == ("left", ["one", "two"])
    assert decode_properties(left.properties) == {"secret": Secret("s")}
    assert decode_properties(left.inputs)["size"] == 1
    assert str(refusal.value) == "half done"


def test_a_method_that_a_plugin_lacks_is_refused_clearly(plugin: Plugin) -> None:
    request = provider_pb2.InvokeRequest(tok="echo:index:getThing", args=encode_properties({}))
    with pytest.raises(Refused, match="offline echo plugin has no function echo:index:getThing"):
        plugin.call("Invoke", request)


def test_settings_can_be_refused(plugin: Plugin) -> None:
    with pytest.raises(Refused, match="refused settings"):
        plugin.configure(password=Secret("wrong"))


def test_it_tells_name_and_version(plugin: Plugin) -> None:
    assert plugin.call("GetPluginInfo", empty_pb2.Empty()).version == "1.2.3"
    assert '"echo"' in plugin.call("GetSchema", provider_pb2.GetSchemaRequest()).schema


def test_a_large_value_passes(plugin: Plugin) -> None:
    text = "x" * (20 * 1024 * 1024)
    assert thing(plugin, "a").create(text=text).outputs["text"] == text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_quietly(number: int) -> None:
    with running(ECHO) as plugin:
        thing(plugin, "a").create()
        assert plugin.stop(number) == (0, "", "")


@pytest.mark.parametrize("name", ["slow", "stuck"])
def test_a_signal_ends_it_quietly_while_requests_are_under_way(name: str) -> None:
    with running(ECHO) as plugin, ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(thing(plugin, name).create) for _ in range(8)]
        time.sleep(0.3)
        started = time.monotonic()
        assert plugin.stop() == (0, "", "")
        assert time.monotonic() - started < 5
        for one in waiting:
            one.exception(timeout=10)


@pytest.mark.parametrize("patience", ["child.stdout.readline()", "time.sleep(0.05)", "pass"])
def test_it_ends_when_the_engine_is_killed(patience: str) -> None:
    script = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-m', {ECHO!r}, '127.0.0.1:1'], stdout=subprocess.PIPE)\n"
        f"{patience}\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    engine = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT)
    assert engine.stdout is not None
    plugin = psutil.Process(int(engine.stdout.readline()))
    os.kill(engine.pid, signal.SIGKILL)
    engine.wait()
    plugin.wait(timeout=10)

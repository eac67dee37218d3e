"""The language host's protocol, asked directly."""

import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import grpc
import psutil
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2

from infra.errors import TenantryError
from infra.sandbox.plugins.language.dependencies import dependency, plugin_version
from infra.sandbox.plugins.language.interpreter import Interpreter, Package
from tests.plugins.language.harness import wait
from tests.plugins.language.service import Service, info


def test_the_plugins_are_those_that_the_installed_sdks_ask_for(service: Service) -> None:
    response = service.stub.GetRequiredPackages(language_pb2.GetRequiredPackagesRequest(info=info()))
    required = {package.name: (package.kind, package.version) for package in response.packages}
    expected = {
        name: ("resource", f"v{version(f'pulumi-{name}')}") for name in ("aws", "kubernetes", "postgresql", "random")
    }
    assert required | expected == required
    assert "pulumi" not in required


def test_direct_dependencies_are_fewer_than_all(service: Service) -> None:
    request = language_pb2.GetProgramDependenciesRequest(info=info(), transitiveDependencies=True)
    everything = {item.name: item.version for item in service.stub.GetProgramDependencies(request).dependencies}
    request.transitiveDependencies = False
    direct = {item.name: item.version for item in service.stub.GetProgramDependencies(request).dependencies}
    assert everything["pulumi"] == version("pulumi")
    assert everything["typing-extensions"] == version("typing_extensions")
    assert direct.items() < everything.items()
    assert "pulumi" not in direct  # tenantry needs it
    assert "tenantry" in direct


def test_installing_checks_what_is_there(service: Service) -> None:
    [response] = service.stub.InstallDependencies(language_pb2.InstallDependenciesRequest(info=info()))
    assert b"packages are installed in" in response.stdout


@pytest.mark.parametrize("option", [{"toolchain": "poetry"}, {"typechecker": "mypy"}, {"virtualenv": "nowhere"}])
def test_what_cannot_run_is_refused_in_one_line(service: Service, option: dict[str, str]) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        service.stub.About(language_pb2.AboutRequest(info=info(**option)))
    assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "\n" not in caught.value.details()
    assert next(iter(option.values())) in caught.value.details() or next(iter(option)) in caught.value.details()


@pytest.mark.parametrize(
    ("method", "request_message"),
    [
        ("GenerateProject", language_pb2.GenerateProjectRequest()),
        ("GeneratePackage", language_pb2.GeneratePackageRequest()),
        ("Pack", language_pb2.PackRequest()),
        ("Link", language_pb2.LinkRequest()),
        ("GetRequiredPlugins", language_pb2.GetRequiredPluginsRequest()),
    ],
)
def test_what_the_host_does_not_do_it_says(service: Service, method: str, request_message: object) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        getattr(service.stub, method)(request_message)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details().startswith("the sandbox's language host does not ")


def test_imported_resources_are_shown_as_comments(service: Service) -> None:
    source = {"import.pp": 'resource word "random:index/randomId:RandomId" {\n    byteLength = 4\n}\n'}
    response = service.stub.GenerateProgram(language_pb2.GenerateProgramRequest(source=source))
    text = response.source["__main__.py"].decode()
    assert all(line.startswith("#") for line in text.splitlines())
    assert "#     byteLength = 4" in text


def test_a_plugin_written_in_python_runs_with_its_arguments(service: Service, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(
        "import os, sys\n"
        "print(os.getcwd(), sys.argv[1:], os.environ['GIVEN'])\n"
        "print('e', file=sys.stderr)\n"
        "sys.exit(7)\n"
    )
    program = info(tmp_path, virtualenv=sys.prefix)
    program.program_directory = str(tmp_path)
    request = language_pb2.RunPluginRequest(
        pwd=str(tmp_path), args=["a b"], env=["GIVEN=x=y"], info=program, kind="resource"
    )
    responses = list(service.stub.RunPlugin(request))
    assert b"".join(response.stdout for response in responses).decode() == f"{tmp_path} ['a b'] x=y\n"
    assert b"".join(response.stderr for response in responses) == b"e\n"
    assert responses[-1].WhichOneof("output") == "exitcode"
    assert responses[-1].exitcode == 7


def test_a_plugin_that_the_engine_gives_up_ends(service: Service, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(86399)")
    program = info(tmp_path, virtualenv=sys.prefix)
    program.program_directory = str(tmp_path)
    call = service.stub.RunPlugin(language_pb2.RunPluginRequest(pwd=str(tmp_path), info=program, kind="resource"))
    plugin = psutil.Process(int(next(call).stdout))
    call.cancel()
    wait(lambda: not plugin.is_running(), "the plugin's end", seconds=5)  # a zombie would count as running
    assert service.process.poll() is None


def test_policy_packs_are_refused(service: Service) -> None:
    request = language_pb2.RunPluginRequest(info=info(), kind="analyzer")
    with pytest.raises(grpc.RpcError, match="does not run policy packs"):
        list(service.stub.RunPlugin(request))


def test_the_host_reports_the_protocols_version(service: Service) -> None:
    assert service.stub.GetPluginInfo(empty_pb2.Empty()).version == version("pulumi")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_host_quietly(service: Service, number: signal.Signals) -> None:
    service.process.send_signal(number)
    assert service.process.wait(5) == 0  # before its standard input is closed, which would end it too
    assert service.process.communicate() == ("", "")


def test_the_end_of_the_engines_pipe_ends_the_host(service: Service) -> None:
    service.let_go()
    assert service.process.wait(5) == -signal.SIGKILL  # it takes its whole process group along


def test_the_host_starts_without_the_rest_of_the_sdk() -> None:
    code = (
        "import sys, infra.sandbox.plugins.language.host as host\n"
        "assert 'pulumi' not in sys.modules\n"
        "import pulumi.runtime.proto.language_pb2 as official\n"
        "assert official.RunRequest is host.language_pb2.RunRequest\n"
    )
    subprocess.run([sys.executable, "-I", "-c", code], check=True)


@pytest.mark.parametrize(
    ("package", "plugin"),
    [
        ("4.21.4", "4.21.4"),
        ("1", "1.0.0"),
        ("1.2.3.4", "1.2.3.4"),
        ("2.14.0a1605583329", "2.14.0-alpha.1605583329"),
        ("2.14.0b2", "2.14.0-beta.2"),
        ("2.14rc3", "2.14.0-rc.3"),
        ("1.2.3.post4.dev5", "1.2.3+post4dev5"),
        ("1.2.3.dev5", "1.2.3+dev5"),
        ("1!2.0", None),
        ("1.2.3+local", None),
        ("", None),
    ],
)
def test_a_package_version_tells_the_plugin_version(package: str, plugin: str | None) -> None:
    assert plugin_version(package) == plugin


@pytest.mark.parametrize(
    ("name", "version", "plugin", "needed"),
    [
        ("pulumi-random", "4.21.4", {"resource": True, "name": "random", "version": "4.21.5"}, ("random", "v4.21.5")),
        ("pulumi-random", "4.21.4", {"resource": True}, ("random", "v4.21.4")),
        ("acme-things", "1.0", {"resource": True, "name": "things", "server": "https://acme"}, ("things", "v1.0.0")),
        ("pulumi-tls", "5.0.0", None, ("tls", "v5.0.0")),
        ("pulumi-local-helpers", "1.0.0", {"resource": False}, None),
        ("pulumi-policy", "1.0.0", None, None),
        ("pulumi-odd", "1!2.0", None, None),
        ("pulumi", "3.272.0", None, None),
        ("requests", "2.0", None, None),
    ],
)
def test_a_package_tells_the_plugin_it_needs(
    name: str, version: str, plugin: dict[str, object] | None, needed: tuple[str, str] | None
) -> None:
    message = dependency(Package(name=name, version=version, required=False, plugin=plugin))
    assert (message and (message.name, message.version)) == needed


def test_the_virtual_environment_starts_from_the_project_root(tmp_path: Path) -> None:
    assert Interpreter.from_options(tmp_path, {"virtualenv": ".venv"}).virtualenv == tmp_path / ".venv"
    assert Interpreter.from_options(tmp_path, {"virtualenv": "/opt/v"}).virtualenv == Path("/opt/v")
    assert Interpreter.from_options(tmp_path, {"toolchain": "uv"}).virtualenv == tmp_path / ".venv"
    assert Interpreter.from_options(tmp_path, {}).virtualenv is None


def test_an_option_of_the_wrong_type_is_named(tmp_path: Path) -> None:
    with pytest.raises(TenantryError, match="the option `virtualenv` is not a string"):
        Interpreter.from_options(tmp_path, {"virtualenv": 3.0})


def test_without_a_virtual_environment_the_python_on_the_path_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)
    assert Interpreter(None, "Pip").executable == Path(sys.executable)
    monkeypatch.setenv("PULUMI_PYTHON_CMD", "no-such-python")
    with pytest.raises(TenantryError, match="there is no Python"):
        _ = Interpreter(None, "Pip").executable

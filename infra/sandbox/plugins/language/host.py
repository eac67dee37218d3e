"""The LanguageRuntime service: each request of the engine, answered for one project's Python.

Leaves the process's own life (port, signals, the engine's death) to `__main__`.
"""

import errno
import functools
import importlib.metadata
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2, json_format

from infra.errors import TenantryError
from infra.sandbox.plugins import protocol
from infra.sandbox.plugins.language import quiet
from infra.sandbox.plugins.language.dependencies import dependency
from infra.sandbox.plugins.language.interpreter import Interpreter, Package
from infra.sandbox.plugins.language.program import Child, Children, failure

language_pb2 = protocol.load("language_pb2")
plugin_pb2 = protocol.load("plugin_pb2")
language_pb2_grpc = protocol.load("language_pb2_grpc")

_UNBUFFERED = {"PYTHONUNBUFFERED": "1"}  # unlike the official host: lines appear when printed, and survive the end
_EXPLAINED = 32  # the exec script's exit code after it has shown the error itself

Message = Any  # the generated modules have no types at run time
Context = Any
Reply = TypeVar("Reply")


def _reporting(method: Callable[[Any, Message, Context], Reply]) -> Callable[[Any, Message, Context], Reply]:
    """Hand the user's errors to the engine as one line each; anything else is a bug and says so."""

    @functools.wraps(method)
    def wrapper(self: Any, request: Message, context: Context) -> Reply:
        try:
            return method(self, request, context)
        except TenantryError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        raise AssertionError("abort always raises")

    return wrapper


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):  # type: ignore[misc, name-defined]  # loaded at run time
    """Runs Python programs for one engine."""

    def __init__(
        self, executor: Path, engine: str, children: Children, tracing: str = "", *, debug: bool = True
    ) -> None:
        """Keep what every program is started with.

        Args:
            executor: the official `pulumi-language-python-exec`.
            engine: the engine's address, as `127.0.0.1:41234`; empty until `Handshake` brings it.
            children: where the processes are kept.
            tracing: the address for traces, if the engine gave one.
            debug: whether the SDK's debug messages go to the engine.
        """
        self._executor = [str(executor)] if debug else ["-P", quiet.__file__, str(executor)]
        self._engine = engine
        self._children = children
        self._tracing = tracing

    def Handshake(self, request: Message, context: Context) -> Message:
        """Take the engine's address, when the engine did not start this process itself."""
        self._engine = request.engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Message, context: Context) -> Message:
        """Return the version of the protocol spoken, which is the SDK's."""
        return plugin_pb2.PluginInfo(version=importlib.metadata.version("pulumi"))

    @_reporting
    def About(self, request: Message, context: Context) -> Message:
        """Say which Python runs the program."""
        interpreter = _interpreter(request.info)
        identity = interpreter.identity()
        metadata = {"toolchain": interpreter.toolchain, "toolchainVersion": identity.pip, "typechecker": "None"}
        return language_pb2.AboutResponse(executable=identity.executable, version=identity.version, metadata=metadata)

    @_reporting
    def GetRequiredPackages(self, request: Message, context: Context) -> Message:
        """List the resource plugins that the installed packages need."""
        packages = _with_sdk(_interpreter(request.info))
        required = [plugin for package in packages if (plugin := dependency(package))]
        return language_pb2.GetRequiredPackagesResponse(packages=required)

    @_reporting
    def GetProgramDependencies(self, request: Message, context: Context) -> Message:
        """List what is installed; without `transitiveDependencies`, only what nothing else installed needs."""
        dependencies = [
            language_pb2.DependencyInfo(name=package.name, version=package.version)
            for package in _interpreter(request.info).packages()
            if request.transitiveDependencies or not package.required
        ]
        return language_pb2.GetProgramDependenciesResponse(dependencies=dependencies)

    @_reporting
    def Run(self, request: Message, context: Context) -> Message:
        """Run the program to its end; its output goes to the engine as it is written."""
        if request.attach_debugger:
            return language_pb2.RunResponse(error="the sandbox's language host cannot attach a debugger")
        interpreter = _interpreter(request.info)
        command = [str(interpreter.executable), *self._executor, *self._arguments(request)]
        try:
            child = self._children.start(command, _UNBUFFERED | interpreter.environment() | _configuration(request))
        except OSError as error:
            return language_pb2.RunResponse(error=_not_started(error))
        _end_with_request(child, context)
        code = child.wait()
        if code == _EXPLAINED:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=failure(code) if code else "")

    @_reporting
    def InstallDependencies(self, request: Message, context: Context) -> Iterator[Message]:
        """Check that the dependencies are there; installing is the business of `make up`."""
        interpreter = _interpreter(request.info, plugin=request.is_plugin)
        packages = _with_sdk(interpreter)
        line = f"{len(packages)} packages are installed in {interpreter.virtualenv or interpreter.executable}\n"
        return iter([language_pb2.InstallDependenciesResponse(stdout=line.encode())])

    @_reporting
    def RunPlugin(self, request: Message, context: Context) -> Iterator[Message]:
        """Run a plugin whose folder holds a Python program."""
        if request.kind == "analyzer":
            raise TenantryError(
                "the sandbox's language host does not run policy packs", request.info.program_directory, "use the gate"
            )
        interpreter = _interpreter(request.info, plugin=True)
        environment = interpreter.environment() | dict(entry.partition("=")[::2] for entry in request.env)
        command = [str(interpreter.executable), request.info.program_directory, *request.args]
        try:
            child = self._children.start(command, environment, cwd=Path(request.pwd), piped=True)
        except OSError as error:
            raise TenantryError(_not_started(error), request.info.program_directory, "run `make up`") from error
        _end_with_request(child, context)
        return _streamed(child)

    def Cancel(self, request: Message, context: Context) -> Message:
        """End the program, and start no other."""
        self._children.stop()
        return empty_pb2.Empty()

    def RuntimeOptionsPrompts(self, request: Message, context: Context) -> Message:
        """Ask nothing: `pulumi new` has no place in the sandbox."""
        return language_pb2.RuntimeOptionsResponse()

    def Template(self, request: Message, context: Context) -> Message:
        """Leave a new project as it is, as the official host does with pip."""
        return language_pb2.TemplateResponse()

    def GenerateProgram(self, request: Message, context: Context) -> Message:
        """Show imported resources in Pulumi's own notation, as comments: writing Python takes types that no schema has.

        `pulumi import` prints the answer after the import itself has succeeded; an error here would hide that.
        """
        lines = ["The sandbox writes no Python. The definitions, without secrets, in Pulumi's own notation:", ""]
        for source in request.source.values():
            lines += source.splitlines()
        text = "".join(f"# {line}".rstrip() + "\n" for line in lines)
        return language_pb2.GenerateProgramResponse(source={"__main__.py": text.encode()})

    def GenerateProject(self, request: Message, context: Context) -> Message:
        """Refuse: `pulumi convert` is not a rehearsal."""
        _refuse(context, "convert projects")

    def GeneratePackage(self, request: Message, context: Context) -> Message:
        """Refuse: `pulumi package` is not a rehearsal."""
        _refuse(context, "generate SDKs")

    def Pack(self, request: Message, context: Context) -> Message:
        """Refuse: `pulumi package` is not a rehearsal."""
        _refuse(context, "pack SDKs")

    def Link(self, request: Message, context: Context) -> Message:
        """Refuse: `pulumi package add` is not a rehearsal."""
        _refuse(context, "link SDKs")

    def GetRequiredPlugins(self, request: Message, context: Context) -> Message:
        """Refuse, as the official host does: the engine asks `GetRequiredPackages`."""
        _refuse(context, "list plugins without packages")

    def _arguments(self, request: Message) -> list[str]:
        """Return the exec script's arguments; an empty value is left out."""
        values = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": str(request.dryRun).lower(),
            "parallel": str(request.parallel),
            "tracing": self._tracing,
            "organization": request.organization,
        }
        options = [argument for name, value in values.items() if value for argument in (f"--{name}", value)]
        return [*options, request.info.entry_point, *request.args]


def _end_with_request(child: Child, context: Context) -> None:
    if not context.add_callback(child.end):  # the request was cancelled before the child ran
        child.end()


def _refuse(context: Context, what: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNIMPLEMENTED, f"the sandbox's language host does not {what}")
    raise AssertionError("abort always raises")


def _interpreter(info: Message, *, plugin: bool = False) -> Interpreter:
    """Return the project's Python; a plugin has its virtual environment in `venv` unless it says otherwise."""
    options = json_format.MessageToDict(info.options)
    return Interpreter.from_options(Path(info.root_directory), {"virtualenv": "venv"} | options if plugin else options)


def _with_sdk(interpreter: Interpreter) -> Sequence[Package]:
    """Return the installed packages, of which the Pulumi SDK must be one."""
    packages = interpreter.packages()
    if not any(package.name == "pulumi" for package in packages):
        where = interpreter.virtualenv or interpreter.executable
        raise TenantryError("the Pulumi SDK is not installed", str(where), "run `make up`")
    return packages


def _configuration(request: Message) -> dict[str, str]:
    """Return the environment variables that carry the stack's configuration."""
    secret = {"PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys))}
    return {"PULUMI_CONFIG": json.dumps(dict(request.config), sort_keys=True), **secret} if request.config else secret


def _not_started(error: OSError) -> str:
    if error.errno == errno.E2BIG:
        return "the stack's configuration does not fit into the program's environment (128 KiB), move data into files"
    return f"problem executing program (could not run language executor): {error}"


def _streamed(child: Child) -> Iterator[Message]:
    """Yield a plugin's output as it comes, then its exit code."""
    try:
        for stream, chunk in child.output():
            yield language_pb2.RunPluginResponse(**{stream: chunk})
    finally:
        code = child.wait()  # also when the engine gave up the request, which ends the child
    yield language_pb2.RunPluginResponse(exitcode=code)

"""Programs run by the real CLI through the language host: commands, output, errors."""

import json
import venv

import pytest

from infra.paths import VIRTUALENV
from tests.plugins.language.harness import BOX, Project


def test_the_program_runs_in_its_folder_with_the_projects_python_and_secrets_stay_secret(project: Project) -> None:
    project.program(
        """
        import json, os, sys, pulumi
        pulumi.export("folder", os.getcwd())
        pulumi.export("python", sys.executable)
        pulumi.export("virtualenv", os.environ["VIRTUAL_ENV"])
        pulumi.export("first on path", os.environ["PATH"].split(os.pathsep)[0])
        pulumi.export("arguments", sys.argv)
        pulumi.export("root", pulumi.runtime.get_root_directory())
        pulumi.export("names", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
        pulumi.export("dry run", pulumi.runtime.is_dry_run())
        config = pulumi.Config()
        pulumi.export("plain", config.require("plain"))
        pulumi.export("nested", config.require_object("nested"))
        pulumi.export("secret keys", json.loads(os.environ["PULUMI_CONFIG_SECRET_KEYS"]))
        pulumi.export("secret", config.require_secret("hidden"))
        """
    )
    project.pulumi("config", "set", "plain", "grüße = $HOME 'x'")
    project.pulumi("config", "set", "--path", "nested.list[0]", "7")
    project.pulumi("config", "set", "--secret", "hidden", "s3cr3t")
    assert project.pulumi("config", "get", "hidden").stdout.strip() == "s3cr3t"
    up = project.pulumi("up", "--yes", "--skip-preview")
    assert "s3cr3t" not in up.stdout
    virtualenv = project.root / ".venv"
    assert project.outputs() == {
        "folder": str(project.root / "infra"),
        "python": str(virtualenv / "bin" / "python"),
        "virtualenv": str(virtualenv),
        "first on path": str(virtualenv / "bin"),
        "arguments": ["."],
        "root": str(project.root),
        "names": ["organization", "scratch", "dev"],
        "dry run": False,
        "plain": "grüße = $HOME 'x'",
        "nested": {"list": [7]},
        "secret keys": ["scratch:hidden"],
        "secret": "[secret]",
    }
    assert project.outputs("--show-secrets")["secret"] == "s3cr3t"


def test_a_stack_lives_from_up_to_destroy_and_targets_differences_and_json_work(project: Project) -> None:
    project.program(BOX + "Box('one')\nBox('two')\n")
    first = project.pulumi("up", "--yes")
    assert "3 created" in first.stdout
    assert first.stderr == ""
    project.pulumi("preview", "--expect-no-changes")
    project.pulumi("refresh", "--yes", "--expect-no-changes")
    project.program(BOX + "Box('one', 2)\nBox('two', 2)\n")
    difference = project.pulumi("preview", "--diff").stdout
    assert difference.count("~ size: 1 => 2") == 2
    two = "urn:pulumi:dev::scratch::scratch:index:Box::two"
    targeted = json.loads(project.pulumi("preview", "--json", "--target", two).stdout)
    operations = {step["urn"]: step["op"] for step in targeted["steps"]}
    assert operations[two] == "update"
    assert targeted["changeSummary"] == {"same": 2, "update": 1}
    assert "3 deleted" in project.pulumi("destroy", "--yes").stdout


def test_about_names_the_python_and_its_packages(project: Project) -> None:
    project.program("import pulumi")
    about = json.loads(project.pulumi("about", "--json").stdout)
    assert about["runtime"]["language"] == "python"
    assert about["runtime"]["executable"] == str(project.root / ".venv" / "bin" / "python")
    assert "tenantry" in {dependency["name"] for dependency in about["dependencies"]}
    assert "python" in {plugin["name"] for plugin in about["plugins"]}


def test_an_exception_shows_the_users_own_lines_once(project: Project) -> None:
    project.program(
        """
        def helper():
            raise ValueError("it went wrong")
        helper()
        """
    )
    preview = project.pulumi("preview", code=1)
    report = preview.stdout.partition("Diagnostics:")[2]
    assert report.count("Traceback") == 1
    assert report.count("ValueError: it went wrong") == 1
    assert f'File "{project.root}/infra/__main__.py", line 3, in helper' in report
    assert "runpy" not in report
    assert "exit code" not in report
    assert preview.stderr == ""


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("import sys; sys.exit(3)", "program exited with non-zero exit code: 3"),
        (
            "import os; os.kill(os.getpid(), 9)",
            "program exited with non-zero exit code: -1 (killed by SIGKILL)",
        ),
        ("import pulumi; raise pulumi.RunError('please choose a size')", "please choose a size"),
        ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
    ],
)
def test_an_end_other_than_success_fails_the_preview(project: Project, program: str, error: str) -> None:
    project.program(program)
    report = project.pulumi("preview", code=1).stdout.partition("Diagnostics:")[2]
    assert report.count(error) == 1


def test_a_missing_program_is_named(project: Project) -> None:
    preview = project.pulumi("preview", code=1)
    assert f"unable to find main python program `__main__.py` in `{project.root}/infra`" in preview.stdout


def test_every_line_of_a_talkative_program_arrives_and_no_warning(project: Project) -> None:
    project.program("import pulumi, sys\nfor i in range(5000):\n    print('line', i)\nprint('no newline', end='')")
    preview = project.pulumi("preview")
    assert "warning" not in (preview.stdout + preview.stderr).lower()
    report = preview.stdout.partition("Diagnostics:")[2]
    lines = [line.strip() for line in report.splitlines()]
    assert [line for line in lines if line.startswith("line ")] == [f"line {i}" for i in range(5000)]
    assert "no newline" in lines


def test_a_line_arrives_while_the_program_still_runs(project: Project) -> None:
    project.program(
        """
        import pathlib, time
        print("waiting for the file")
        while not pathlib.Path("go").exists():
            time.sleep(0.05)
        """
    )
    with project.running("preview") as running:
        running.wait_for_text("waiting for the file")
        assert running.process.poll() is None
        (project.root / "infra" / "go").touch()
        assert running.process.wait(60) == 0


def test_a_module_named_like_one_of_the_standard_library_does_not_break_the_host(project: Project) -> None:
    for name in ("types", "signal", "logging", "json"):
        (project.root / "infra" / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    project.program("print('still here')")
    assert "still here" in project.pulumi("preview").stdout


def test_a_virtual_environment_of_the_users_that_is_broken_is_one_clear_line(project: Project) -> None:
    project.program("import pulumi")
    for name in ("empty", "dangling/bin", "failing/bin"):
        (project.root / name).mkdir(parents=True)
    (project.root / "dangling" / "bin" / "python").symlink_to("/nowhere/python")
    failing = project.root / "failing" / "bin" / "python"
    failing.write_text("#!/bin/sh\necho no such library >&2\nexit 127\n")
    failing.chmod(0o755)
    venv.create(project.root / "bare", symlinks=True)
    broken = {
        "missing": f"the virtual environment does not exist, {project.root}/missing, ",
        "empty": f"not a virtual environment, {project.root}/empty, ",
        "dangling": f"the virtual environment's Python is gone, {project.root}/dangling, ",
        "failing": f"the project's Python does not work (no such library), {failing}, ",
        "bare": f"the Pulumi SDK is not installed, {project.root}/bare, ",
    }
    for name, message in broken.items():
        project.configure(f"{{virtualenv: {name}}}")
        error = project.pulumi("preview", code=1).stderr
        assert message in error
        assert len(error.strip().splitlines()) == 1


def test_a_configuration_too_large_for_the_environment_is_one_clear_line(project: Project) -> None:
    project.program("import pulumi")
    (project.root / "Pulumi.dev.yaml").open("a").write(f"config:\n  scratch:large: {'x' * 140_000}\n")
    report = project.pulumi("preview", code=1).stdout.partition("Diagnostics:")[2]
    assert "the stack's configuration does not fit into the program's environment (128 KiB)" in report


def test_an_absolute_virtual_environment_is_honoured(project: Project) -> None:
    project.configure(f"{{virtualenv: '{VIRTUALENV}'}}")
    project.program("import sys; print('python is', sys.executable)")
    assert f"python is {VIRTUALENV}/bin/python" in project.pulumi("preview").stdout

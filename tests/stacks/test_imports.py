"""A stack pays for the SDKs that it uses, and for no other."""

import subprocess
import sys

from infra.paths import PROJECT_ROOT


def test_the_sdk_of_prometheus_is_for_certificates_in_the_cluster_alone() -> None:
    program = "import sys, stacks.platform_parts; print('pulumi_aws.amp.scraper' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"


def test_the_program_imports_the_sdk_of_aws_only_where_something_is_declared_there() -> None:
    program = "import sys, stacks.environment; print([name for name in sys.modules if name.startswith('pulumi_aws')])"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout == "[]\n"

"""Where things are: every path is resolved from the project root, never from the working directory."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
SANDBOX_ROOT = PROJECT_ROOT / ".sandbox"
BIN = SANDBOX_ROOT / "bin"
SHARE = SANDBOX_ROOT / "share"
INSTANCES = SANDBOX_ROOT / "instances"
VIRTUALENV = PROJECT_ROOT / ".venv"

"""Where the files of the control planes behind EKS clusters are.

Imports nothing heavy: each `aws eks get-token` waits for this.
"""

from pathlib import Path


def home(folder: Path, region: str, name: str) -> Path:
    """Return the folder of a cluster, whether it exists or not.

    Args:
        folder: the cloud's.
        region: the cluster's.
        name: the cluster's; EKS allows letters, digits, dashes and underscores only.
    """
    return folder / "clusters" / region / name


def root(home: Path) -> Path:
    """Return the folder of the instance whose cloud has a cluster.

    Args:
        home: the cluster's folder.
    """
    return home.parents[3]


def homes(folder: Path) -> list[Path]:
    """Return the folders of all clusters that have left something in the cloud's folder, sorted."""
    return sorted((folder / "clusters").glob("*/*"))


def token_secret(home: Path) -> Path:
    """Return the file with what signs a cluster's tokens."""
    return home / "token-secret"

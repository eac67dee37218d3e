"""Clients of the sandbox's cloud, as the environment's credentials say who calls."""

import argparse
import os
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from infra.errors import TenantryError
from infra.sandbox.cloud import account


def client(url: str, folder: Path, service: str, region: str) -> Any:
    """Return a boto3 client; without credentials in the environment it is that of the account's own caller.

    Args:
        url: the cloud's.
        folder: its data's.
        service: AWS's name of it.
        region: the calls' region.
    """
    settings = Config(proxies={}, retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=20)
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        key = secret = account.recorded(folder).caller.key
    session = boto3.Session(key, secret, os.environ.get("AWS_SESSION_TOKEN"), region_name=region)
    return session.client(service, endpoint_url=url, config=settings)


def region(options: argparse.Namespace) -> str | None:
    """Return the region that the command line or the environment says."""
    said = vars(options).get("region")
    return said or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or None


def required_region(options: argparse.Namespace, cluster: str) -> str:
    """Return the region of a cluster.

    Raises:
        TenantryError: nothing says one.
    """
    found = region(options)
    if not found:
        raise TenantryError("no region is known", cluster, "say --region or set AWS_REGION")
    return found

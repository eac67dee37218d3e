"""The regions of AWS, of 2026-11-21: those in which botocore 1.44 knows EC2, of every partition.

A test holds them against botocore, which the program itself does not import.
"""

import difflib

REGIONS = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
]


_PARTITIONS = ("cn", "eu-isoe", "eusc", "us-gov", "us-iso", "us-isob", "us-isof")
"""What begins the regions of each partition but the commercial one; accounts, and so copies, are of one partition."""


def partition(region: str) -> str:
    """Return what begins the regions of a region's partition; nothing for the commercial one.

    Args:
        region: as `cn-north-1`.
    """
    return next((prefix for prefix in _PARTITIONS if region.startswith(f"{prefix}-")), "")


def checked(region: str) -> str:
    """Return a region's name as it was given.

    Raises:
        ValueError: there is no such region.
    """
    if region not in REGIONS:
        near = difflib.get_close_matches(region, REGIONS, n=1)
        raise ValueError("not an AWS region that is known here" + (f"; did you mean {near[0]}?" if near else ""))
    return region

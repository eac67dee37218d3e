"""The regions of AWS's commercial partition (`aws`), of 2026-11-21: those in which botocore 1.44 knows EC2.

No other partition: alarms of health checks and what belongs to the CDN are declared in us-east-1, which no account of
another one has, and China has no Amazon Managed Service for Prometheus (botocore again), which watches certificates.
A test holds the regions against botocore, which the program itself does not import.
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
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
]

_ELSEWHERE = ("cn-", "eu-iso", "eusc-", "us-gov-", "us-iso")
"""What begins the regions of every other partition."""


def checked(region: str) -> str:
    """Return a region's name as it was given.

    Raises:
        ValueError: there is no such region, or it is of another partition.
    """
    if region.startswith(_ELSEWHERE):
        raise ValueError("not of AWS's commercial partition, whose us-east-1 the platform needs; take a region of that")
    if region not in REGIONS:
        near = difflib.get_close_matches(region, REGIONS, n=1)
        raise ValueError("not an AWS region that is known here" + (f"; did you mean {near[0]}?" if near else ""))
    return region

"""One managed add-on of an EKS cluster.

Owns how every add-on is declared. Leaves which there are, and their order, to `Cluster` and `ClusterControllers`.
"""

import json
from collections.abc import Mapping

import pulumi
from pulumi_aws import eks

from infra.tags import tags


def managed_addon(
    name: str,
    addon: str,
    cluster_name: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
    configuration: Mapping[str, str] | None = None,
) -> eks.Addon:
    """Declare an add-on; its version is the one that is EKS's default for the cluster's when it is made.

    It stays when the cluster is upgraded: `aws eks update-addon` brings it along, and nothing here takes that back.

    Args:
        name: its logical name.
        addon: EKS's name of it, as `vpc-cni`.
        cluster_name: the EKS cluster.
        opts: its parent, and what comes before it.
        configuration: values that differ from the add-on's own.
    """
    return eks.Addon(
        name,
        cluster_name=cluster_name,
        addon_name=addon,
        configuration_values=json.dumps(configuration, sort_keys=True) if configuration else None,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="PRESERVE",
        tags=tags(name, "cluster"),
        opts=opts,
    )

"""Where a component is applied: the AWS account, region and partition of its provider."""

from collections.abc import Callable
from weakref import WeakKeyDictionary

import pulumi
import pulumi_aws

_answers: WeakKeyDictionary[pulumi.Resource, dict[str, pulumi.Output[str]]] = WeakKeyDictionary()
"""What AWS said, by the provider that was asked: it is the same for all its components, and each asking takes time."""


class Account:
    """The account and region that the children of a component are created in; asked for when first used."""

    def __init__(self, component: pulumi.Resource) -> None:
        """Stand for the account of one component.

        Args:
            component: its provider is asked.
        """
        self._opts = pulumi.InvokeOutputOptions(parent=component)
        self._known = _answers.setdefault(component.get_provider("aws:index:Account") or component, {})

    def _once(self, what: str, ask: Callable[[], pulumi.Output[str]]) -> pulumi.Output[str]:
        if what not in self._known:
            self._known[what] = ask()
        return self._known[what]

    @property
    def id(self) -> pulumi.Output[str]:
        """Twelve digits."""
        return self._once("id", lambda: pulumi_aws.get_caller_identity_output(opts=self._opts).account_id)

    @property
    def region(self) -> pulumi.Output[str]:
        """The provider's region, as `eu-central-1`."""
        return self._once("region", lambda: pulumi_aws.get_region_output(opts=self._opts).region)

    @property
    def partition(self) -> pulumi.Output[str]:
        """`aws`, `aws-cn` or `aws-us-gov`: the second part of every ARN."""
        return self._once("partition", lambda: pulumi_aws.get_partition_output(opts=self._opts).partition)

    def arn(self, service: str, region: pulumi.Input[str], resource: pulumi.Input[str]) -> pulumi.Output[str]:
        """Return the ARN of something of this account.

        Args:
            service: as `kms`.
            region: empty for services that have none, `*` for any.
            resource: as `key/*`.
        """
        return pulumi.Output.format("arn:{0}:{1}:{2}:{3}:{4}", self.partition, service, region, self.id, resource)

    def managed_policy(self, name: str) -> pulumi.Output[str]:
        """Return the ARN of a policy that AWS maintains, as `AmazonEKSClusterPolicy`."""
        return pulumi.Output.format("arn:{0}:iam::aws:policy/{1}", self.partition, name)

"""Where a component is applied: the AWS account, region and partition of its provider."""

from functools import cached_property

import pulumi
import pulumi_aws


class Account:
    """The account and region that the children of a component are created in; asked for when first used."""

    def __init__(self, component: pulumi.Resource) -> None:
        """Stand for the account of one component.

        Args:
            component: its provider is asked.
        """
        self._opts = pulumi.InvokeOutputOptions(parent=component)

    @cached_property
    def id(self) -> pulumi.Output[str]:
        """Twelve digits."""
        return pulumi_aws.get_caller_identity_output(opts=self._opts).account_id

    @cached_property
    def region(self) -> pulumi.Output[str]:
        """The provider's region, as `eu-central-1`."""
        return pulumi_aws.get_region_output(opts=self._opts).region

    @cached_property
    def partition(self) -> pulumi.Output[str]:
        """`aws`, `aws-cn` or `aws-us-gov`: the second part of every ARN."""
        return pulumi_aws.get_partition_output(opts=self._opts).partition

    def managed_policy(self, name: str) -> pulumi.Output[str]:
        """Return the ARN of a policy that AWS maintains, as `AmazonEKSClusterPolicy`."""
        return pulumi.Output.format("arn:{0}:iam::aws:policy/{1}", self.partition, name)

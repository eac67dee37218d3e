"""The web firewall before what answers to the internet: who is let in, how often, and with what.

Owns the web ACL, its list of networks and its record of requests. Leaves its place before the gateway to the gateway,
and the limit of 10 MB on bodies (REQUIREMENTS, Workloads) too: WAF looks at their first kilobytes only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
from pulumi_aws import cloudwatch, wafv2

from components.encryption_key import EncryptionKey, EncryptionKeyArgs
from infra.tags import tags

CDN_REGION = "us-east-1"
"""Where everything is that stands before CloudFront."""

_LOG_PREFIX = "aws-waf-logs-"  # WAF writes to no other group ("Logging destinations" of its guide)
_SECRET_HEADERS = ("authorization", "cookie", "x-api-key")
_GROUPS = ("AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet")
_TOO_STRICT = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}
"""Rules that only count: this one refuses bodies of more than 8 KB, where uploads have up to 10 MB."""


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """Arguments of `Firewall`.

    Args:
        scope: `REGIONAL` before a load balancer, `CLOUDFRONT` before a distribution.
        requests: what one address may ask for in the time; 10 at least.
        seconds: the time: 60, 120, 300 or 600.
        allow: IPv4 networks in CIDR notation that are let in; none: everybody is.
        log_retention_days: one of CloudWatch's own periods.
    """

    scope: Literal["REGIONAL", "CLOUDFRONT"]
    requests: int = 100
    seconds: int = 60
    allow: Sequence[str] = ()
    log_retention_days: int = 90


class Firewall(pulumi.ComponentResource):
    """A client that asks too often, or with what is known to be an attack, is refused; so is everybody who is not
    among the networks, where there are any. Each request is on record, without what proves who asks.
    """

    arn: pulumi.Output[str]
    """The web ACL, known once it keeps its record."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tenantry:edge:Firewall", name, None, opts)
        self._name = name
        self._args = args
        self._region = CDN_REGION if args.scope == "CLOUDFRONT" else None
        self.arn = self._log(self._acl()).resource_arn
        self.register_outputs({"arn": self.arn})

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _acl(self) -> wafv2.WebAcl:
        rules = [self._rate(), *(self._group(at, group) for at, group in enumerate(_GROUPS, start=1))]
        if self._args.allow:
            rules.append(self._networks(len(rules)))
        return wafv2.WebAcl(
            f"{self._name}-acl",
            scope=self._args.scope,
            default_action={"block": {}} if self._args.allow else {"allow": {}},
            rules=rules,
            visibility_config=self._shown("all"),
            region=self._region,
            tags=tags(f"{self._name}-acl", "edge"),
            opts=self._child(),
        )

    def _shown(self, rule: str) -> wafv2.WebAclVisibilityConfigArgsDict:
        metric = f"{self._name}-{rule}"
        return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": metric}

    def _rate(self) -> wafv2.WebAclRuleArgsDict:
        limit: wafv2.WebAclRuleStatementRateBasedStatementArgsDict = {
            "aggregate_key_type": "IP",
            "limit": self._args.requests,
            "evaluation_window_sec": self._args.seconds,
        }
        return {
            "name": "rate",
            "priority": 0,
            # 429 tells a client to slow down, where WAF's own 403 would not.
            "action": {"block": {"custom_response": {"response_code": 429}}},
            "statement": {"rate_based_statement": limit},
            "visibility_config": self._shown("rate"),
        }

    def _group(self, priority: int, group: str) -> wafv2.WebAclRuleArgsDict:
        overrides: list[wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgsDict] = [
            {"name": rule, "action_to_use": {"count": {}}} for rule in _TOO_STRICT.get(group, ())
        ]
        return {
            "name": group,
            "priority": priority,
            "override_action": {"none": {}},
            "statement": {
                "managed_rule_group_statement": {
                    "vendor_name": "AWS",
                    "name": group,
                    "rule_action_overrides": overrides,
                }
            },
            "visibility_config": self._shown(group),
        }

    def _networks(self, priority: int) -> wafv2.WebAclRuleArgsDict:
        networks = wafv2.IpSet(
            f"{self._name}-networks",
            scope=self._args.scope,
            ip_address_version="IPV4",
            addresses=list(self._args.allow),
            region=self._region,
            tags=tags(f"{self._name}-networks", "edge"),
            opts=self._child(),
        )
        return {
            "name": "networks",
            "priority": priority,
            "action": {"allow": {}},
            "statement": {"ip_set_reference_statement": {"arn": networks.arn}},
            "visibility_config": self._shown("networks"),
        }

    def _log(self, acl: wafv2.WebAcl) -> wafv2.WebAclLoggingConfiguration:
        group_name = f"{_LOG_PREFIX}{self._name}"
        key_args = EncryptionKeyArgs(
            description=f"requests to {self._name}", log_groups=[f"{group_name}-*"], region=self._region, protect=False
        )
        key = EncryptionKey(f"{self._name}-encryption", key_args, self._child())
        group = cloudwatch.LogGroup(
            f"{self._name}-log",
            name_prefix=f"{group_name}-",
            retention_in_days=self._args.log_retention_days,
            kms_key_id=key.arn,
            region=self._region,
            tags=tags(f"{self._name}-log", "edge"),
            opts=self._child(),
        )
        redacted: list[wafv2.WebAclLoggingConfigurationRedactedFieldArgsDict] = [
            {"single_header": {"name": header}} for header in _SECRET_HEADERS
        ]
        return wafv2.WebAclLoggingConfiguration(
            f"{self._name}-record",
            resource_arn=acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=redacted,
            region=self._region,
            opts=self._child(),
        )

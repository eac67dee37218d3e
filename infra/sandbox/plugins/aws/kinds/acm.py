"""Certificates of ACM that it issues itself, and their validation. Certificates from elsewhere are not simulated."""

from collections.abc import Mapping
from typing import Any

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.tagging import Tagging, Tags, changes
from infra.sandbox.plugins.provider import Properties, ProviderError
from infra.sandbox.plugins.values import Value

_ISSUED = "ISSUED"
_FROM_ELSEWHERE = ("certificateBody", "certificateChain", "privateKey", "privateKeyWo", "privateKeyWoVersion")
_KEYS = ("RSA_2048", "EC_prime256v1", "EC_secp384r1")  # RequestCertificate's reference
_NAMES = {"validationOptions": "DomainValidationOptions"}


class AcmTagging(Tagging):
    """Tags are removed as they are added: as pairs, of which the value may be left out."""

    def update(self, client: Any, subject: str, old: Tags, new: Tags) -> None:
        """Make the tags `new` where they were `old`."""
        gone, changed = changes(old, new)
        if gone:
            client.remove_tags_from_certificate(CertificateArn=subject, Tags=[{"Key": key} for key in gone])
        if changed:
            client.add_tags_to_certificate(CertificateArn=subject, Tags=self._written(changed))


class Certificate(Kind):
    """A certificate that ACM issues; its id is its ARN.

    The simulated ACM issues it as soon as the records of its validation are in a hosted zone of the account.
    """

    def read(self, cloud: Cloud, region: str, id: str, known: Properties) -> dict[str, Value] | None:
        """Return its properties, its own name among the others only where the program says so."""
        found = super().read(cloud, region, id, known)
        if found is not None and found["domainName"] in (known.get("subjectAlternativeNames") or ()):
            found["subjectAlternativeNames"] = [*found["subjectAlternativeNames"], found["domainName"]]
        return found

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties."""
        told = super().told(cloud, region, id, answer)
        options = answer.get("DomainValidationOptions") or []
        others = sorted(name for name in answer.get("SubjectAlternativeNames", ()) if name != answer["DomainName"])
        return {
            **{name: value for name, value in told.items() if name != "validationOptions"},
            "subjectAlternativeNames": list(others),
            "validationMethod": options[0]["ValidationMethod"] if options else "NONE",
            "domainValidationOptions": [_validation(option) for option in options if "ResourceRecord" in option],
            "pendingRenewal": False,
            "renewalSummaries": [],
            "validationEmails": [],
        }

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return what this ACM does not issue."""
        for name in _FROM_ELSEWHERE:
            if inputs.get(name) is not None:
                return [(name, "is not simulated: certificates from elsewhere are not taken")]
        if not inputs.get("domainName"):
            return [("domainName", "is required")]
        if inputs.get("validationMethod") is None and not inputs.get("certificateAuthorityArn"):
            return [("validationMethod", "is required unless certificateAuthorityArn is given")]
        if inputs.get("validationMethod") == "EMAIL":
            return [("validationMethod", "is not simulated; take DNS")]
        return []


def _validation(option: Mapping[str, Any]) -> Value:
    record = option["ResourceRecord"]
    return {
        "domainName": option["DomainName"],
        "resourceRecordName": record["Name"],
        "resourceRecordType": record["Type"],
        "resourceRecordValue": record["Value"],
    }


class Validation(Kind):
    """That a certificate is issued, which nobody makes or deletes; its id is when that was.

    ACM takes minutes to find the records, and the official plugin waits up to 75. The simulated one finds them at once
    or not at all, so what is missing is told without waiting.
    """

    def create(self, cloud: Cloud, region: str, inputs: Properties, tags: Mapping[str, str]) -> str:
        """Insist on it.

        Raises:
            ProviderError: the certificate is not issued, or the records named are not those that it needs.
        """
        del tags
        acm = cloud.client(self.service, region)
        found = acm.describe_certificate(CertificateArn=inputs["certificateArn"])["Certificate"]
        options = found.get("DomainValidationOptions") or []
        needed = {str(option["ResourceRecord"]["Name"]).removesuffix(".") for option in options}
        named = {str(name).removesuffix(".") for name in inputs.get("validationRecordFqdns") or needed}
        if needed - named:
            raise ProviderError(f"missing {', '.join(sorted(needed - named))} DNS validation record in the inputs")
        if found["Status"] != _ISSUED:
            raise ProviderError(
                f"the certificate is {found['Status']}: no public hosted zone of the account has the records "
                f"{', '.join(sorted(needed))}"
            )
        return _moment(found)

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return the certificate."""
        del cloud, region, id
        return {"certificateArn": answer["CertificateArn"], "issued": _moment(answer)}

    def is_gone(self, answer: Answer) -> bool:
        """Whether the certificate is no longer issued."""
        return bool(answer["Status"] != _ISSUED)

    def delete(self, cloud: Cloud, region: str, id: str, known: Properties) -> None:
        """Do nothing: the certificate stays issued."""
        del cloud, region, id, known

    def imported(self, id: str) -> dict[str, Value]:
        """Return the certificate whose ARN is given; the official plugin takes no import."""
        return {"certificateArn": id}

    def lasting_id(self, id: str, properties: Properties) -> str:
        """Return when the certificate was issued."""
        del id
        return str(properties["issued"])


def _moment(certificate: Mapping[str, Any]) -> str:
    return str(certificate["IssuedAt"].isoformat())


KINDS: tuple[Kind, ...] = (
    Certificate(
        token="aws:acm/certificate:Certificate",
        noun="ACM Certificate",
        service="acm",
        schema="AWS::CertificateManager::Certificate",
        identifier="CertificateArn",
        creating=Call(method="request_certificate"),
        reading=Call(method="describe_certificate", subject="CertificateArn", result="Certificate"),
        changing=(Call(method="update_certificate_options", subject="CertificateArn", sends=frozenset({"options"})),),
        deleting=Call(method="delete_certificate", subject="CertificateArn"),
        tagging=AcmTagging(listing="list_tags_for_certificate", subject="CertificateArn"),
        names={**_NAMES, "arn": "CertificateArn"},
        schema_names={
            **_NAMES,
            "options.certificateTransparencyLoggingPreference": "CertificateTransparencyLoggingPreference",
            "options.export": "CertificateExport",
        },
        unchecked={
            **dict.fromkeys(_FROM_ELSEWHERE, "the schema does not take certificates from elsewhere"),
            "earlyRenewalDuration": "the official plugin's own",
        },
        computed=frozenset({"keyAlgorithm", "options", "subjectAlternativeNames", "validationMethod"}),
        replace=frozenset({"validationMethod", "validationOptions", "options.export"}),
        sets=frozenset({"subjectAlternativeNames", "validationOptions"}),
        secret=frozenset({"privateKey"}),
        write_only=frozenset({"earlyRenewalDuration", "validationOptions"}),
        filled={"options": frozenset({"export"})},
        limits={
            "domainName": {"maximum": 64},  # the API reference of RequestCertificate
            "keyAlgorithm": {"choices": _KEYS},
            "validationMethod": {"choices": ("DNS", "EMAIL", "NONE")},
        },
    ),
    Validation(
        token="aws:acm/certificateValidation:CertificateValidation",
        noun="ACM Certificate Validation",
        service="acm",
        identifier="=certificateArn",
        creating=Call(method="describe_certificate"),
        reading=Call(
            method="describe_certificate", subject="CertificateArn", by="certificateArn", result="Certificate"
        ),
        deleting=Call(method="describe_certificate"),
        unchecked={
            "certificateArn": "no resource of its own in AWS",
            "validationRecordFqdns": "no resource of its own in AWS",
        },
        replace=frozenset({"certificateArn", "validationRecordFqdns"}),
        sets=frozenset({"validationRecordFqdns"}),
    ),
)

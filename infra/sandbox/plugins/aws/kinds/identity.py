"""OpenID Connect providers, which let the pods of a cluster be roles."""

from infra.sandbox.plugins.aws.clients import Cloud
from infra.sandbox.plugins.aws.kind import Answer, Call, Kind
from infra.sandbox.plugins.aws.tagging import Tagging
from infra.sandbox.plugins.provider import Properties
from infra.sandbox.plugins.values import Value


class OpenIdConnectProvider(Kind):
    """One provider; its id is its ARN.

    Other clients replace it, which AWS does in place: the simulated IAM has no call to add or remove one.
    """

    def told(self, cloud: Cloud, region: str, id: str, answer: Answer) -> dict[str, Value]:
        """Return its properties; AWS tells the URL without its scheme, and the official plugin puts it before."""
        told = super().told(cloud, region, id, answer)
        return {**told, "arn": id, "url": f"https://{str(answer['Url']).removeprefix('https://')}"}

    def contradictions(self, inputs: Properties) -> list[tuple[str, str]]:
        """Return a URL that IAM does not take."""
        return [] if str(inputs["url"]).startswith("https://") else [("url", "must begin with https://")]


KINDS: tuple[Kind, ...] = (
    OpenIdConnectProvider(
        token="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        noun="IAM OpenID Connect Provider",
        service="iam",
        schema="AWS::IAM::OIDCProvider",
        identifier="OpenIDConnectProviderArn",
        creating=Call(method="create_open_id_connect_provider"),
        reading=Call(method="get_open_id_connect_provider", subject="OpenIDConnectProviderArn"),
        changing=(
            Call(
                method="update_open_id_connect_provider_thumbprint",
                subject="OpenIDConnectProviderArn",
                sends=frozenset({"thumbprintLists"}),
            ),
        ),
        deleting=Call(method="delete_open_id_connect_provider", subject="OpenIDConnectProviderArn"),
        tagging=Tagging(
            tag="tag_open_id_connect_provider",
            untag="untag_open_id_connect_provider",
            subject="OpenIDConnectProviderArn",
            by="id",
        ),
        names={"clientIdLists": "ClientIDList", "thumbprintLists": "ThumbprintList"},
        schema_names={"clientIdLists": "ClientIdList", "thumbprintLists": "ThumbprintList"},
        computed=frozenset({"thumbprintLists"}),
        replace=frozenset({"clientIdLists"}),
        same_place=frozenset({"url"}),
    ),
)
"""The entries, for `iam`."""

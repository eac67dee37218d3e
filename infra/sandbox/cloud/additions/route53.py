"""Route 53 beyond moto: a record that is there already is not created again, and one that is not there not deleted."""

from moto.core.responses import ActionResult
from moto.route53 import urls
from moto.route53.exceptions import Route53ClientError
from moto.route53.responses import Route53

_PAST = {"CREATE": "it already exists", "DELETE": "it was not found"}


class Additions(Route53):
    """moto's Route 53 with the rest."""

    def change_resource_record_sets(self) -> ActionResult:
        """As moto, unless what is created is there, or what is deleted is not."""
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        known = {(_plain(found.name), found.type, found.set_identifier) for found in zone.rrsets}
        for change in self._get_param("ChangeBatch.Changes"):
            record, action = change["ResourceRecordSet"], change["Action"]
            key = (_plain(record["Name"]), record["Type"], record.get("SetIdentifier"))
            if action in _PAST and (key in known) is (action == "CREATE"):
                what = f"resource record set [name='{record['Name']}', type='{record['Type']}']"
                text = f"[Tried to {action.lower()} {what} but {_PAST[action]}]"
                raise Route53ClientError("InvalidChangeBatch", text)
        return super().change_resource_record_sets()


def _plain(name: str) -> str:
    return name.strip(".").lower()


def install() -> None:
    """Let moto's Route 53 answer with the additions."""
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))

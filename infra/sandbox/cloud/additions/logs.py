"""CloudWatch Logs beyond moto: a metric filter is put in place of the one of its name, in a group that is there, and
goes with its group."""

from moto.logs import urls
from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.responses import LogsResponse


class Additions(LogsResponse):
    """moto's Logs with the rest."""

    def put_metric_filter(self) -> str:
        """As moto, unless its group does not exist; in place of the one that is there."""
        group, name = self._get_param("logGroupName"), self._get_param("filterName")
        if group not in self.logs_backend.groups:
            raise ResourceNotFoundException("The specified log group does not exist.")
        self.logs_backend.filters.delete_filter(name, group)
        return super().put_metric_filter()

    def delete_log_group(self) -> str:
        """As moto, with its filters."""
        group = self._get_param("logGroupName")
        answer = super().delete_log_group()
        found = self.logs_backend.filters
        found.metric_filters = [one for one in found.metric_filters if one["logGroupName"] != group]
        return answer


def install() -> None:
    """Let moto's Logs answer with the additions; doing it again changes nothing."""
    urls.url_paths.update(dict.fromkeys(urls.url_paths, Additions.dispatch))

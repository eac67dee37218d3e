"""Stopping all servers of a site, without the cloud and without loading moto."""

from infra.sandbox.cloud.backing import cache, database
from infra.sandbox.cloud.backing.site import Site


def stop_all(site: Site) -> None:
    """Stop all servers of a site; what they hold stays."""
    for key in site.keys(database.KIND):
        database.Server(site, key).stop()
    for key in site.keys(cache.KIND):
        cache.Server(site, key).stop()

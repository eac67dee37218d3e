"""Valkey as its clients see it: TLS and a password always, and data that stay."""

import contextlib
from pathlib import Path

import psutil
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra.sandbox.certificates import CertificateAuthority
from infra.sandbox.servers.valkey import Valkey
from tests.sandbox.servers.harness import TestInstance, client, family, quiet

NEVER = Retry(NoBackoff(), 0)


def test_the_url_and_the_authority_are_all_that_a_client_needs(shared: TestInstance) -> None:
    valkey = Valkey(shared)
    assert valkey.url().startswith(f"rediss://default:{valkey.password()}@{shared.addresses.valkey}:6379")
    assert valkey.environment()["REDIS_URL"] == valkey.url()
    with client(valkey) as connection:
        assert connection.set("key", "value")
        assert connection.get("key") == b"value"
        assert connection.info("server")["server_name"] == "valkey"


def test_no_or_a_wrong_password_is_refused(shared: TestInstance) -> None:
    authority = str(shared.authority.certificate)
    for password in (None, "wrong"):
        connection = redis.Redis(
            shared.addresses.valkey, ssl=True, ssl_ca_certs=authority, password=password, retry=NEVER
        )
        with connection, pytest.raises(redis.AuthenticationError):
            connection.ping()


def test_a_certificate_of_another_authority_is_refused(shared: TestInstance, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path)
    other.ensure()
    connection = redis.Redis.from_url(Valkey(shared).url(), ssl_ca_certs=str(other.certificate), retry=NEVER)
    with connection, pytest.raises(redis.ConnectionError, match="certificate verify failed"):
        connection.ping()


def test_a_connection_without_tls_gets_nothing(shared: TestInstance) -> None:
    connection = redis.Redis(shared.addresses.valkey, password=Valkey(shared).password(), retry=NEVER)
    with connection, pytest.raises((redis.ConnectionError, redis.TimeoutError)):
        connection.ping()


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_data_survive_a_restart(own: TestInstance, way: str) -> None:
    valkey = Valkey(own)
    valkey.start(quiet)
    url = valkey.url()
    with client(valkey) as connection:
        connection.set("kept", "42")
        connection.execute_command("WAITAOF", 1, 0, 5000)
    if way == "stop":
        valkey.stop()
        assert not (own.directory / "valkey" / "socket").exists()
        valkey.stop()
    else:
        processes = family(own)
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):  # PostgreSQL's own go with their server
                process.kill()
        psutil.wait_procs(processes, timeout=10)
    assert not valkey.status()[0].running
    valkey.start(quiet)
    assert valkey.url() == url
    with client(valkey) as connection:
        assert connection.get("kept") == b"42"


def test_memory_is_bounded_and_the_oldest_go_first(shared: TestInstance) -> None:
    with client(Valkey(shared)) as connection:
        assert connection.config_get("maxmemory*")["maxmemory"] == str(512 * 2**20)
        assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}


def test_the_password_stands_in_no_settings_log_or_process_list(shared: TestInstance) -> None:
    password = Valkey(shared).password()
    with client(Valkey(shared)) as connection:
        connection.ping()
    holders = [
        path.name for path in shared.directory.rglob("*") if path.is_file() and password.encode() in path.read_bytes()
    ]
    assert holders == ["password"]
    assert not [process for process in family(shared) if password in " ".join(process.cmdline())]


@pytest.mark.usefixtures("impatient")
def test_a_frozen_server_is_replaced(own: TestInstance) -> None:
    valkey = Valkey(own)
    valkey.start(quiet)
    frozen = own.daemon("valkey").process()
    assert isinstance(frozen, psutil.Process)
    frozen.suspend()
    assert valkey.status()[0].detail == "no answer"
    valkey.start(quiet)
    assert valkey.status()[0].healthy
    assert not frozen.is_running() or frozen.status() == psutil.STATUS_ZOMBIE


def test_much_data_goes_through_for_a_client_that_reads_late(shared: TestInstance) -> None:
    proxy = shared.daemon("tls-proxy").process()
    assert proxy is not None
    with client(Valkey(shared)) as connection:
        connection.set("big", b"x" * 1_000_000)
        pipeline = connection.pipeline(transaction=False)
        for _ in range(100):
            pipeline.get("big")
        answers = pipeline.execute()
        connection.delete("big")
    assert [len(answer) for answer in answers] == [1_000_000] * 100
    assert proxy.memory_info().rss < 80 * 2**20

"""The certificate authority of an instance: issued once, again for other hosts, readable by the owner only."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from infra.sandbox.certificates import CertificateAuthority


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    made = CertificateAuthority(tmp_path / "certificates")
    made.ensure()
    return made


def test_keys_are_readable_by_their_owner_only(authority: CertificateAuthority) -> None:
    pair = authority.issue("server", common_name="server", hosts=["127.0.0.1"])
    assert oct(pair.key.stat().st_mode & 0o777) == oct(authority.key.stat().st_mode & 0o777) == "0o600"
    assert oct(authority.directory.stat().st_mode & 0o777) == "0o700"


def test_the_same_request_gives_the_same_certificate(authority: CertificateAuthority) -> None:
    first = authority.issue("server", common_name="server", hosts=["127.0.0.1"]).certificate.read_bytes()
    assert authority.issue("server", common_name="server", hosts=["127.0.0.1"]).certificate.read_bytes() == first


def test_other_hosts_give_another_certificate(authority: CertificateAuthority) -> None:
    first = authority.issue("server", common_name="server", hosts=["127.0.0.1"]).certificate.read_bytes()
    assert authority.issue("server", common_name="server", hosts=["127.0.0.2"]).certificate.read_bytes() != first


def test_the_authority_survives_a_second_ensure(authority: CertificateAuthority) -> None:
    before = authority.certificate.read_bytes()
    authority.ensure()
    assert authority.certificate.read_bytes() == before


def test_a_certificate_is_verified_by_its_own_authority_only(authority: CertificateAuthority, tmp_path: Path) -> None:
    pair = authority.issue("server", common_name="server", hosts=["127.0.0.1", "db.example.invalid"])
    other = CertificateAuthority(tmp_path / "other")
    other.ensure()
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    issuer, stranger = (x509.load_pem_x509_certificate(ca.certificate.read_bytes()) for ca in (authority, other))
    certificate.verify_directly_issued_by(issuer)
    with pytest.raises(InvalidSignature):
        certificate.verify_directly_issued_by(stranger)


def test_a_certificate_of_an_earlier_authority_is_issued_again(authority: CertificateAuthority) -> None:
    first = authority.issue("server", common_name="server", hosts=["127.0.0.1"]).certificate.read_bytes()
    authority.key.unlink()
    assert authority.issue("server", common_name="server", hosts=["127.0.0.1"]).certificate.read_bytes() != first


def test_a_pair_that_was_half_written_is_issued_again(authority: CertificateAuthority) -> None:
    pair = authority.issue("server", common_name="server")
    other = authority.issue("other", common_name="other")
    pair.key.write_bytes(other.key.read_bytes())
    before = pair.certificate.read_bytes()
    assert authority.issue("server", common_name="server").certificate.read_bytes() != before


@pytest.mark.parametrize("suffix", ["crt", "key"])
def test_files_that_a_crash_of_the_machine_emptied_are_made_again(authority: CertificateAuthority, suffix: str) -> None:
    before = authority.issue("server", common_name="server").certificate.read_bytes()
    (authority.directory / f"ca.{suffix}").write_bytes(b"")
    authority.ensure()
    (authority.directory / f"server.{suffix}").write_bytes(b"")
    pair = authority.issue("server", common_name="server")
    assert pair.certificate.read_bytes() != before
    issuer = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    x509.load_pem_x509_certificate(pair.certificate.read_bytes()).verify_directly_issued_by(issuer)

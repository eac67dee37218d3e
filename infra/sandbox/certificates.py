"""The sandbox's own certificate authority: one per instance, made at first use, kept with the instance.

Leaves trust to the clients: nothing is added to the machine's store; kubeconfig and PGSSLROOTCERT name the file.
"""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALIDITY = datetime.timedelta(days=3650)  # an instance is thrown away long before


@dataclass(frozen=True)
class KeyPair:
    """A certificate and its private key, both PEM files; the key is readable by its owner only."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class CertificateAuthority:
    """Issues the certificates of one sandbox instance.

    Args:
        directory: the folder for all keys and certificates; created with mode 0700.
    """

    directory: Path

    @property
    def certificate(self) -> Path:
        """The CA certificate that clients verify against (PEM)."""
        return self._pair("ca").certificate

    @property
    def key(self) -> Path:
        """The CA's private key (PEM)."""
        return self._pair("ca").key

    def ensure(self) -> None:
        """Create the authority unless it exists."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._is_whole():
            return
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tenantry-sandbox-ca")])
        builder = _builder(name, name, key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        usage = _key_usage(signing_certificates=True)
        certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
        _write(self._pair("ca"), certificate, key)

    def issue(
        self, name: str, *, common_name: str, hosts: Sequence[str] = (), organizations: Sequence[str] = ()
    ) -> KeyPair:
        """Return the certificate `name`, issuing it when it is missing or was issued for other hosts.

        Args:
            name: the file name, without suffix.
            common_name: the subject's CN; a Kubernetes user name for client certificates.
            hosts: DNS names and IP addresses that it is valid for.
            organizations: the subject's O values; Kubernetes groups for client certificates.

        Returns:
            The key pair; valid as server and as client certificate.
        """
        self.ensure()
        pair = self._pair(name)
        subject = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
            + [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organizations]
        )
        if self._serves(pair, subject, hosts):
            return pair
        authority = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        signer = serialization.load_pem_private_key(self.key.read_bytes(), password=None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, authority.subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(signing_certificates=False), critical=True)
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(identifier, critical=False)
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        _write(pair, builder.sign(signer, hashes.SHA256()), key)
        return pair

    def _is_whole(self) -> bool:
        certificate = _read(self.certificate)
        return certificate is not None and _belong_together(certificate, self.key)

    def _pair(self, name: str) -> KeyPair:
        return KeyPair(self.directory / f"{name}.crt", self.directory / f"{name}.key")

    def _serves(self, pair: KeyPair, subject: x509.Name, hosts: Sequence[str]) -> bool:
        """Whether the pair is whole, of this authority, and for this subject and these hosts."""
        certificate = _read(pair.certificate)
        if certificate is None:
            return False
        try:
            certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(self.certificate.read_bytes()))
            names = set(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        except InvalidSignature:
            return False
        except x509.ExtensionNotFound:
            names = set()
        wanted = {_general_name(host) for host in hosts}
        return certificate.subject == subject and names == wanted and _belong_together(certificate, pair.key)


def _builder(subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signing_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signing_certificates,
        crl_sign=signing_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(pair: KeyPair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """Write both files, each as a whole, the key first: a crash in between leaves a pair that `_serves` refuses."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for path, content in (
        (pair.key, private),
        (pair.certificate, certificate.public_bytes(serialization.Encoding.PEM)),
    ):
        temporary = path.with_suffix(f"{path.suffix}.tmp")
        temporary.unlink(missing_ok=True)
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)
        temporary.replace(path)


def _read(path: Path) -> x509.Certificate | None:
    """Return the certificate in a file, or None when there is none or a crash of the machine emptied it."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _belong_together(certificate: x509.Certificate, key: Path) -> bool:
    try:
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return False
    return private.public_key() == certificate.public_key()

"""Both sides show certificates, and new files are used without a restart."""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
import os
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lgtm.errors import Unavailable
from lgtm.peer.config import PeerConfig
from lgtm.peer.faults import PeerUnreachable
from lgtm.peer.tls import Certificates
from peer.servers import calling, serving

PEM, PLAIN = serialization.Encoding.PEM, serialization.NoEncryption()


def make(directory: Path, authority: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None) -> PeerConfig:
    """Certificates in a directory, signed by an authority of their own unless one is given."""
    directory.mkdir(exist_ok=True)
    signer, signer_key = authority or an_authority()
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = signed("node", key.public_key(), signer.subject, signer_key, is_authority=False)
    (directory / "ca.pem").write_bytes(signer.public_bytes(PEM))
    (directory / "cert.pem").write_bytes(certificate.public_bytes(PEM))
    (directory / "key.pem").write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, PLAIN))
    names = {f"tls_{name}_file": str(directory / f"{name}.pem") for name in ("cert", "key", "ca")}
    return PeerConfig(**names)  # type: ignore[arg-type]


def an_authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
    return signed("authority", key.public_key(), name, key, is_authority=True), key


def signed(
    name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, issuer_key: ec.EllipticCurvePrivateKey, *, is_authority: bool
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(
        issuer,
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
        key,
        x509.random_serial_number(),
        now - dt.timedelta(1),
        now + dt.timedelta(1),
    )
    builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


async def test_nodes_with_certificates_of_one_authority_talk(tmp_path: Path) -> None:
    authority = an_authority()
    mine, theirs = make(tmp_path / "a", authority), make(tmp_path / "b", authority)
    async with serving(mine) as (_, address), calling(address, theirs) as client:
        assert await client.call("echo", b"x", 10) == b"x"


async def test_a_stranger_and_a_caller_without_tls_are_not_answered(tmp_path: Path) -> None:
    mine, stranger = make(tmp_path / "a"), make(tmp_path / "b")
    async with serving(mine) as (_, address):
        for config in (stranger, PeerConfig()):
            async with calling(address, config) as client:
                with pytest.raises(Unavailable):
                    await client.call("echo", b"x", 2)


async def test_new_files_are_used_without_a_restart(tmp_path: Path) -> None:
    authority = an_authority()
    mine = make(tmp_path / "a", authority)
    before = Certificates(mine).stamp()
    async with serving(mine) as (_, address):
        make(tmp_path / "a", other := an_authority())
        for name in ("a/cert.pem", "a/key.pem", "a/ca.pem"):
            os.utime(tmp_path / name, ns=(1, 1))
        assert Certificates(mine).stamp() != before
        async with calling(address, make(tmp_path / "b", other)) as client:
            assert await client.call("echo", b"x", 10) == b"x"


async def test_a_certificate_must_carry_the_name_that_is_asked_for(tmp_path: Path) -> None:
    authority = an_authority()
    mine, theirs = make(tmp_path / "a", authority), make(tmp_path / "b", authority)
    async with serving(mine) as (_, address), calling(address, dataclasses.replace(theirs, tls_server_name="elsewhere")) as client:
        with pytest.raises(PeerUnreachable):
            await client.call("echo", b"x", 10)


async def test_a_caller_shows_its_new_certificate_without_a_restart(tmp_path: Path) -> None:
    authority = an_authority()
    mine, theirs = make(tmp_path / "a", authority), make(tmp_path / "b")
    async with serving(mine) as (_, address), calling(address, theirs) as client:
        with pytest.raises(Unavailable):
            await client.call("echo", b"x", 10)
        make(tmp_path / "b", authority)
        for name in ("cert", "key", "ca"):
            os.utime(tmp_path / "b" / f"{name}.pem", ns=(1, 1))
        client.breaker.succeeded()
        assert await client.call("echo", b"x", 10) == b"x"

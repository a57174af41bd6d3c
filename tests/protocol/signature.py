"""Signatures a hundred times faster than Ed25519, as hard to forge for whom knows no secret."""

from hashlib import blake2b

from notify_tui.protocol.batch import SIGNATURE_BYTES, Sign


def key_of(name: str) -> bytes:
    """The 32-byte public key of the identity called `name`."""
    return blake2b(name.encode(), digest_size=32, person=b"tests.public").digest()


def signer(public: bytes) -> Sign:
    """What signs for the owner of that key."""
    secret = blake2b(public, digest_size=32, person=b"tests.secret").digest()
    return lambda message: blake2b(message, digest_size=SIGNATURE_BYTES, key=secret).digest()


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of that key signed the message."""
    return signer(public)(message) == signature

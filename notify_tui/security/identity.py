"""Identity: a node's Ed25519 key pair. Who somebody is follows from the key and nothing else."""

import os
from pathlib import Path

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from notify_tui.errors import UsageError
from notify_tui.protocol.event import peer_id
from notify_tui.security.private import create_private, make_private_directory, read_private

SEED_BYTES = 32
PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64


class Identity:
    """A key pair, from a seed of 32 bytes.

    `public` is the 32-byte key that others verify with, `id` the peer id that follows from it.
    """

    __slots__ = ("_secret", "id", "public")

    def __init__(self, seed: bytes) -> None:
        self.public: bytes
        self.public, self._secret = crypto_sign_seed_keypair(seed)
        self.id = peer_id(self.public)

    def __repr__(self) -> str:
        return f"Identity({self.id})"

    @classmethod
    def load(cls, path: Path) -> "Identity":
        """The identity kept in a file; made at the first start, also by several at once.

        Raises:
            RefusedError: others may read the file, or it may not be read or written.
            StoreError: it cannot be read or written.
            UsageError: it holds no identity.
        """
        try:
            seed = read_private(path)
        except FileNotFoundError:
            make_private_directory(path.parent)
            create_private(path, os.urandom(SEED_BYTES))
            seed = read_private(path)
        if len(seed) != SEED_BYTES:
            raise UsageError(
                f"{path} has {len(seed)} bytes, an identity has {SEED_BYTES}; restore it from a "
                "copy, or remove it to become a new peer"
            )
        return cls(seed)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of a message."""
        signed: bytes = crypto_sign(message, self._secret)
        return signed[:SIGNATURE_BYTES]


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the owner of the public key signed the message. Never raises, whatever peers send."""
    # The binding hands the key to C unmeasured: a shorter one would be read past its end.
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, public)
    except BadSignatureError:
        return False
    return True

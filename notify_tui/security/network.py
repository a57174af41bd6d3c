"""Network: the closed group of nodes that hold the same network key."""

import os
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Struct

from notify_tui.errors import UnknownError, UsageError
from notify_tui.security.private import make_private_directory, read_private, write_private

VERSION = 1
KEY_FILE = "network.key"
KEY_BYTES = 32
ID_BYTES = 16
MAX_NAME = 32
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")

_Key = Annotated[bytes, Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
_Id = Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]


class Network(Struct, frozen=True):
    """A network as its members know it.

    `key` (32 bytes) lets in, `id` (16 bytes) stays through rotation. Everybody can derive an
    `open` network's key from its name. `creator` is the public key that may rotate a private
    one, `connect` a HOST[:PORT] where a member can be reached.
    """

    name: str
    key: _Key
    id: _Id
    open: bool
    creator: _Key | None = None
    connect: str | None = None

    def __repr__(self) -> str:
        return f"Network({self.name}, {'open' if self.open else 'private'}, {self.id.hex()})"


class CurveKeys(NamedTuple):
    """The two CURVE key pairs of a network key, as the Z85 text that ZeroMQ takes.

    Bound sockets bear the `server` pair, connecting ones the `client` pair.
    """

    server_public: bytes
    server_secret: bytes
    client_public: bytes
    client_secret: bytes


class _Kept(Struct, frozen=True):
    version: int
    network: Network


def check_network_name(name: str) -> str:
    """The name, if it can be one: it is typed by several people and names a directory.

    Raises:
        UsageError: it cannot.
    """
    if not 1 <= len(name) <= MAX_NAME or not _LETTERS.issuperset(name) or name[0] in "-_.":
        raise UsageError(
            f"network name {name!r}: a name has 1 to {MAX_NAME} of a-z, 0-9, '-', '_' and '.', "
            "and begins with a letter or digit"
        )
    return name


def open_network(name: str) -> Network:
    """The open network of that name: the same on every machine, and nobody is kept out.

    Raises:
        UsageError: it cannot be a name.
    """
    encoded = check_network_name(name).encode()
    key = blake2b(encoded, digest_size=KEY_BYTES, person=b"ntui.open.key").digest()
    network_id = blake2b(encoded, digest_size=ID_BYTES, person=b"ntui.open.id").digest()
    return Network(name, key, network_id, open=True)


def create_network(name: str, creator_public: bytes) -> Network:
    """A new private network with a random key; the creator (32 bytes) alone may rotate it.

    Raises:
        UsageError: it cannot be a name.
    """
    check_network_name(name)
    return Network(
        name, os.urandom(KEY_BYTES), os.urandom(ID_BYTES), open=False, creator=creator_public
    )


def save_network(directory: Path, network: Network) -> None:
    """Keep the network's key in its directory, which is made private.

    Raises:
        RefusedError: no permission, or others may write in the directory.
        StoreError: it cannot be written.
    """
    make_private_directory(directory)
    write_private(directory / KEY_FILE, msgspec.json.encode(_Kept(VERSION, network)))


def load_network(directory: Path) -> Network:
    """The network kept in a directory.

    Raises:
        UnknownError: there is none.
        RefusedError: others may read its key, or it may not be read.
        StoreError: it cannot be read.
        UsageError: the file is damaged, or of a newer version.
    """
    path = directory / KEY_FILE
    try:
        kept = msgspec.json.decode(read_private(path), type=_Kept)
    except FileNotFoundError:
        raise UnknownError(
            f"no network {directory.name!r} here; `notify-tui network join` enters one with an "
            f"invite, `notify-tui network create {directory.name}` makes one"
        ) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is damaged ({error}); join again with an invite") from None
    if kept.version > VERSION:
        raise UsageError(f"{path} was written by a newer notify-tui; update this one")
    return kept.network


def curve_keys(key: bytes) -> CurveKeys:
    """The CURVE keys that follow from a network key of 32 bytes."""
    # Late: whoever only wants a network's name need not load ZeroMQ.
    from zmq import curve_public  # noqa: PLC0415
    from zmq.utils.z85 import encode  # noqa: PLC0415

    server_secret = encode(_secret(key, b"ntui.server"))
    client_secret = encode(_secret(key, b"ntui.client"))
    return CurveKeys(
        curve_public(server_secret), server_secret, curve_public(client_secret), client_secret
    )


def _secret(key: bytes, role: bytes) -> bytes:
    return blake2b(key=key, digest_size=32, person=role).digest()

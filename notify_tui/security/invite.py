r"""Invite: one line that lets its holder into a private network.

    ntui1: base32 of  key (32) | id (16) | creator (32) | name | connect | checksum (4)

Name and connect each follow a byte with their length. Base32 is written in lower case without
padding; it may be read in capitals (a QR code's cheapest alphabet) and broken into lines.
"""

from base64 import b32decode, b32encode
from hashlib import blake2b

from notify_tui.errors import InviteError, UsageError
from notify_tui.security.address import read_address
from notify_tui.security.network import ID_BYTES, KEY_BYTES, Network, check_network_name

PREFIX = "ntui1"
CHECKSUM_BYTES = 4
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz234567")
_NAME_AT = KEY_BYTES + ID_BYTES + KEY_BYTES
_SHORTEST = _NAME_AT + len("\1x\0") + CHECKSUM_BYTES


def make_invite(network: Network, connect: str | None = None) -> str:
    """The invite of a private network; `connect`, unless the network has one, is HOST[:PORT].

    Raises:
        InviteError: the network is open.
        UsageError: `connect` is no address.
    """
    if network.open or network.creator is None:
        raise InviteError(
            f"network {network.name!r} is open: nobody needs an invite, "
            f"`notify-tui network open {network.name}` enters it"
        )
    hint = connect or network.connect or ""
    if hint:
        read_address(hint)
    payload = b"".join(
        (network.key, network.id, network.creator, _sized(network.name), _sized(hint))
    )
    return f"{PREFIX}:{_encoded(payload + _checksum(payload))}"


def read_invite(text: str) -> Network:
    """The network that an invite leads to.

    Raises:
        InviteError: with a sentence that says which part is wrong. It quotes no part of the key.
    """
    letters = _letters(text)
    sealed = _decoded(letters)
    payload, checksum = sealed[:-CHECKSUM_BYTES], sealed[-CHECKSUM_BYTES:]
    if checksum != _checksum(payload) or _encoded(sealed) != letters:
        raise _misfit(sealed, len(letters))
    name, connect = _texts(payload[_NAME_AT:])
    try:
        check_network_name(name)
        if connect:
            read_address(connect)
    except UsageError as error:
        raise InviteError(f"the invite names something impossible: {error}") from None
    return Network(
        name,
        payload[:KEY_BYTES],
        payload[KEY_BYTES : KEY_BYTES + ID_BYTES],
        open=False,
        creator=payload[KEY_BYTES + ID_BYTES : _NAME_AT],
        connect=connect or None,
    )


def _letters(text: str) -> str:
    """What follows the prefix, in lower case, each letter checked."""
    line = "".join(text.split())
    line = line.lower() if line.isascii() else line
    prefix, colon, letters = line.partition(":")
    if not (colon and prefix == PREFIX):
        raise _foreign(prefix if colon else "")
    for place, letter in enumerate(letters, len(PREFIX) + 2):
        if letter not in _LETTERS:
            raise InviteError(
                f"sign {place} of the invite is {letter!r}; after '{PREFIX}:' "
                "it has only the letters a-z and the digits 2-7"
            )
    return letters


def _foreign(prefix: str) -> InviteError:
    if prefix.startswith("ntui") and prefix[4:].isdecimal():
        return InviteError(
            f"the invite begins with '{prefix[:12]}:', this notify-tui knows '{PREFIX}:'; "
            "one of the two is another version"
        )
    return InviteError(f"an invite begins with '{PREFIX}:'; this text does not")


def _decoded(letters: str) -> bytes:
    """The bytes that the letters fill; what is left of the last letter is dropped."""
    if len(letters) < _letters_of(_SHORTEST):
        raise InviteError(
            f"the invite is truncated: after '{PREFIX}:' it has {len(letters)} letters, "
            f"the shortest has {_letters_of(_SHORTEST)}"
        )
    filled = letters.upper() + "A" * (-len(letters) % 8)
    return b32decode(filled)[: len(letters) * 5 // 8]


def _misfit(sealed: bytes, given: int) -> InviteError:
    """Why the checksum fails: the lengths inside tell a lost end from a wrong letter."""
    name_end = _NAME_AT + 1 + sealed[_NAME_AT]
    connect_size = sealed[name_end] if name_end < len(sealed) else 0
    wanted = _letters_of(name_end + 1 + connect_size + CHECKSUM_BYTES)
    if given < wanted:
        return InviteError(
            f"the invite is truncated: after '{PREFIX}:' it has {given} of {wanted} letters"
        )
    return InviteError(
        "the invite's checksum does not fit: a letter is mistyped, missing or too many; "
        "copy it again"
    )


def _texts(fields: bytes) -> tuple[str, str]:
    """The two sized texts that fill the fields."""
    name, rest = fields[1 : 1 + fields[0]], fields[1 + fields[0] :]
    if not rest or len(rest) != 1 + rest[0] or not fields.isascii():
        raise InviteError("the invite's name and address are malformed: something else made it")
    return name.decode(), rest[1:].decode()


def _sized(text: str) -> bytes:
    encoded = text.encode("ascii")
    return bytes((len(encoded),)) + encoded


def _encoded(data: bytes) -> str:
    return b32encode(data).decode().lower().rstrip("=")


def _letters_of(size: int) -> int:
    return -(-size * 8 // 5)


def _checksum(payload: bytes) -> bytes:
    return blake2b(payload, digest_size=CHECKSUM_BYTES, person=b"ntui.invite").digest()

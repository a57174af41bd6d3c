from base64 import b32decode, b32encode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notify_tui.errors import InviteError, UsageError
from notify_tui.security.invite import make_invite, read_invite
from notify_tui.security.network import Network, create_network, open_network

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,31}", fullmatch=True)
ADDRESSES = st.sampled_from(["desk", "desk.local:7792", "10.0.0.7:1", "[fe80::1%eth0]:7792"])
NETWORKS = st.builds(
    Network,
    name=NAMES,
    key=st.binary(min_size=32, max_size=32),
    id=st.binary(min_size=16, max_size=16),
    open=st.just(False),
    creator=st.binary(min_size=32, max_size=32),
    connect=st.none() | ADDRESSES,
)
OFFICE = Network("office", b"k" * 32, b"i" * 16, open=False, creator=b"c" * 32, connect="desk:7792")
INVITE = make_invite(OFFICE)


@given(network=NETWORKS)
def test_an_invite_leads_to_the_network_it_was_made_of(network: Network) -> None:
    assert read_invite(make_invite(network)) == network


@given(network=NETWORKS, connect=ADDRESSES)
def test_an_invite_may_name_another_address(network: Network, connect: str) -> None:
    assert read_invite(make_invite(network, connect)).connect == connect


@given(network=NETWORKS, data=st.data())
def test_capitals_white_space_and_line_breaks_do_not_matter(
    network: Network, data: st.DataObject
) -> None:
    invite = make_invite(network)
    at = data.draw(st.integers(0, len(invite)))
    assert read_invite(f"  {invite[:at].upper()}\r\n\t{invite[at:]}\n") == network


def test_an_invite_is_one_line_that_a_qr_code_holds_cheaply() -> None:
    assert INVITE.startswith("ntui1:")
    assert INVITE.isascii()
    assert set(INVITE.upper()) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


def test_invites_never_change_their_form() -> None:
    assert INVITE == (
        "ntui1:nnvww23lnnvww23lnnvww23lnnvww23lnnvww23lnnvww23lnnvws2ljnfuws2ljnfuws2ljnf"
        "uwsy3dmnrwgy3dmnrwgy3dmnrwgy3dmnrwgy3dmnrwgy3dmnrwgy3dazxwmztjmnsqszdfonvtunzxhezd2qxi5y"
    )


def test_every_truncation_is_an_invite_error() -> None:
    for size in range(len(INVITE)):
        with pytest.raises(InviteError):
            read_invite(INVITE[:size])


def test_every_change_of_one_letter_is_an_invite_error() -> None:
    for place, letter in enumerate(INVITE):
        for other in LETTERS + "01890:-= é\0İ":
            if other.lower() != letter:
                with pytest.raises(InviteError):
                    read_invite(INVITE[:place] + other + INVITE[place + 1 :])


def test_the_kelvin_sign_is_no_k() -> None:
    invite = make_invite(Network("k", bytes(range(32)), b"i" * 16, open=False, creator=b"c" * 32))
    assert "k" in invite
    with pytest.raises(InviteError):
        read_invite(invite.replace("k", "\N{KELVIN SIGN}", 1))


@given(network=NETWORKS, data=st.data())
def test_any_mutilated_invite_is_an_invite_error(network: Network, data: st.DataObject) -> None:
    invite = make_invite(network)
    start = data.draw(st.integers(0, len(invite)))
    end = data.draw(st.integers(start, len(invite)))
    mutilated = invite[:start] + data.draw(st.text(max_size=5)) + invite[end:]
    if "".join(mutilated.split()).lower() != invite:
        with pytest.raises(InviteError):
            read_invite(mutilated)


@given(network=NETWORKS, data=st.data())
def test_two_letters_that_changed_places_are_an_invite_error(
    network: Network, data: st.DataObject
) -> None:
    invite = make_invite(network)
    at = data.draw(st.integers(0, len(invite) - 2))
    swapped = invite[:at] + invite[at + 1] + invite[at] + invite[at + 2 :]
    if swapped != invite:
        with pytest.raises(InviteError):
            read_invite(swapped)


@given(text=st.text() | st.text(LETTERS, min_size=130).map("ntui1:".__add__))
@example("ntui1:" + "a" * 140)
@example("ntui1:" + "7" * 5000)
@example("ntui" + "9" * 5000 + ":")
def test_any_other_text_is_an_invite_error(text: str) -> None:
    with pytest.raises(InviteError):
        read_invite(text)


def sealed(payload: bytes) -> str:
    """An invite with a checksum that fits whatever the payload is."""
    from notify_tui.security.invite import _checksum

    data = payload + _checksum(payload)
    return "ntui1:" + b32encode(data).decode().rstrip("=").lower()


@pytest.mark.parametrize(
    "rest",
    [
        b"\x06office\x05", b"\x06office\x00x", b"\x00\x00xx", b"\x06Office\x00", b"\x03..x\x00",
        b"\xff\xff\xff", b"\x06office\x03a b", b"\x06office", b"\x06off\xff\xfee\x00",
    ],
)  # fmt: skip
def test_a_payload_that_somebody_else_sealed_is_an_invite_error(rest: bytes) -> None:
    with pytest.raises(InviteError):
        read_invite(sealed(bytes(80) + rest))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "begins with 'ntui1:'"),
        ("office", "begins with 'ntui1:'"),
        ("ntui2:" + INVITE[6:], "begins with 'ntui2:', this notify-tui knows 'ntui1:'"),
        (INVITE[:20] + "0" + INVITE[21:], "sign 21 of the invite is '0'"),
        (INVITE[:100], "truncated: after 'ntui1:' it has 94 letters"),
        (INVITE[:-3], f"truncated: after 'ntui1:' it has {len(INVITE) - 9} of {len(INVITE) - 6}"),
        (INVITE[:50] + "a" + INVITE[51:], "checksum does not fit"),
        (INVITE + "aaaaa", "checksum does not fit"),
    ],
)
def test_the_error_says_which_part_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(InviteError, match=sentence):
        read_invite(text)


def test_an_error_quotes_no_part_of_the_key() -> None:
    for text in (INVITE[6:], INVITE[:30], INVITE[:50] + "a" + INVITE[51:], INVITE[:40] + "!"):
        with pytest.raises(InviteError) as caught:
            read_invite(text)
        assert INVITE[6:14] not in str(caught.value)


def test_an_open_network_needs_no_invite() -> None:
    with pytest.raises(InviteError, match="`notify-tui network open lan` enters it"):
        make_invite(open_network("lan"))


@pytest.mark.parametrize("connect", ["a b", "desk:0", "x" * 256])
def test_an_invite_does_not_carry_a_wrong_address(connect: str) -> None:
    with pytest.raises(UsageError, match="address"):
        make_invite(create_network("office", b"c" * 32), connect)


def test_an_invite_holds_the_key_the_id_and_the_creator() -> None:
    data = b32decode(INVITE[6:].upper() + "=" * (-len(INVITE[6:]) % 8))
    assert data[:80] == OFFICE.key + OFFICE.id + b"c" * 32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_tui.errors import UsageError
from notify_tui.security.address import read_address


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("desk", "desk", None),
        ("desk.local:7792", "desk.local", 7792),
        ("10.0.0.7", "10.0.0.7", None),
        ("10.0.0.7:1", "10.0.0.7", 1),
        ("fe80::1%eth0", "fe80::1%eth0", None),
        ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65535),
        ("[::1]", "::1", None),
    ],
)
def test_an_address_is_a_host_and_perhaps_a_port(text: str, host: str, port: int | None) -> None:
    assert read_address(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "", ":", ":7792", "a b", "desk:", "[desk]:1", "[::1", "[::1]7792", "tcp://desk", "dësk",
        "a" * 256, "[]:1", "desk/x", "[::1]]", "a\n",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"address .*(looks like desk|a port is a number)"):
        read_address(text)


@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "1e3", "٣", "000001", "9" * 5000])
def test_a_port_out_of_range_is_named(port: str) -> None:
    with pytest.raises(UsageError, match="address"):
        read_address(f"desk:{port}")


@given(text=st.text())
def test_any_text_is_an_address_or_a_usage_error(text: str) -> None:
    try:
        read_address(text)
    except UsageError:
        return
    assert text.isascii()

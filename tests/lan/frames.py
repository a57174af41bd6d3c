"""What a switch port lets through, as classic BPF for tc's direct-action filters.

The filter sits on the port's egress, so it sees each frame that would arrive at the host.
"""

from dataclasses import dataclass, field

Instruction = tuple[int, int, int, int]
"""Operation, jump if true, jump if false, operand."""

LOAD_WORD, LOAD_HALF, LOAD_BYTE = 0x20, 0x28, 0x30
AND = 0x54
IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT = 0x15, 0x35, 0x45
RETURN = 0x06

RANDOM_WORD = 0xFFFFF000 + 56  # SKF_AD_OFF + SKF_AD_RANDOM
PASS, DROP = 0, 2  # TC_ACT_OK, TC_ACT_SHOT

DESTINATION, SOURCE_NUMBER, ETHERTYPE = 0, 11, 12  # offsets in a frame
GROUP_BIT = 0x01
IPV4, IPV6, TCP = 0x0800, 0x86DD, 6
SYN, ACK = 0x02, 0x10


@dataclass
class Port:
    """How the switch treats frames towards one host; losses are percentages."""

    blocked: set[int] = field(default_factory=set)
    loss: float = 0
    multicast_loss: float = 0
    firewall: bool = False

    def program(self) -> str:
        """The filter as tc reads it, or '' when everything passes."""
        code = [step for source in sorted(self.blocked) for step in _from_host(source)]
        if self.loss:
            code += _sometimes(self.loss)
        if self.multicast_loss:
            code += [(LOAD_BYTE, 0, 0, DESTINATION), (IF_ANY_BIT, 0, 3, GROUP_BIT)]
            code += _sometimes(self.multicast_loss)
        if self.firewall:
            code += _handshake(IPV4, protocol_at=23, flags_at=47)
            code += _handshake(IPV6, protocol_at=20, flags_at=67)
        if not code:
            return ""
        code.append((RETURN, 0, 0, PASS))
        return ",".join([str(len(code)), *("{} {} {} {}".format(*step) for step in code)])


def _from_host(number: int) -> list[Instruction]:
    """Drop what this host sent: the last byte of its address is its number."""
    return [(LOAD_BYTE, 0, 0, SOURCE_NUMBER), (IF_EQUAL, 0, 1, number), (RETURN, 0, 0, DROP)]


def _sometimes(percent: float) -> list[Instruction]:
    edge = min(round(percent / 100 * 2**32), 2**32 - 1)
    return [(LOAD_WORD, 0, 0, RANDOM_WORD), (IF_AT_LEAST, 1, 0, edge), (RETURN, 0, 0, DROP)]


def _handshake(ethertype: int, protocol_at: int, flags_at: int) -> list[Instruction]:
    """Drop the first segment of an inbound TCP connection, as a desktop's firewall does."""
    return [
        (LOAD_HALF, 0, 0, ETHERTYPE),
        (IF_EQUAL, 0, 6, ethertype),
        (LOAD_BYTE, 0, 0, protocol_at),
        (IF_EQUAL, 0, 4, TCP),
        (LOAD_BYTE, 0, 0, flags_at),
        (AND, 0, 0, SYN | ACK),
        (IF_EQUAL, 0, 1, SYN),
        (RETURN, 0, 0, DROP),
    ]

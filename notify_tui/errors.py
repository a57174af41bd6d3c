"""What can go wrong, as one tree.

Every sentence says what is wrong and what is right. *Ours* are raised to the caller; what a
peer does wrong (`WireError`) never leaves the node: it is counted and shown in `peers`.

    NotifyError            exit code 1
    ├── UsageError         2   a word, a value or a file that the user can mend
    │   ├── TopicError         not a topic or pattern
    │   ├── EventError         not an event: a field's type, size or value
    │   ├── ConfigError        config.toml, environment or option
    │   └── InviteError        an invite that is truncated, mistyped or foreign
    ├── StoreError         1   the log could not keep it (full, read-only, damaged)
    ├── NodeError          1   the node cannot start or does not answer
    │   ├── MovedError         the node went to another network of its home
    │   └── ForkedError    6   the same identity runs elsewhere with another boot counter
    ├── UnconfirmedError   3   stored, but not confirmed in time
    ├── SilenceError       4   nothing came in time
    ├── UnknownError       5   no such network, peer or event
    ├── RefusedError       6   a key, a permission or the deny-list says no
    └── WireError          1   theirs: bytes from a peer that break the protocol
"""

from typing import ClassVar


class NotifyError(Exception):
    """The root; `exit_code` is what the command line ends with."""

    exit_code: ClassVar[int] = 1


class UsageError(NotifyError):
    """A word, a value or a file that the user can mend."""

    exit_code = 2


class TopicError(UsageError):
    """Not a topic, or not a pattern."""


class EventError(UsageError):
    """A field of an event has a wrong type, size or value."""


class ConfigError(UsageError):
    """A wrong key or value in config.toml, the environment or an option."""


class InviteError(UsageError):
    """An invite that is truncated, mistyped or foreign."""


class StoreError(NotifyError):
    """The log could not keep what it was given."""


class NodeError(NotifyError):
    """The node cannot start, or does not answer."""


class MovedError(NodeError):
    """The node went to another network of its home, of that name."""

    def __init__(self, network: str) -> None:
        super().__init__(f"the node has moved to the network {network!r}; say it again there")
        self.network = network


class ForkedError(NodeError):
    """The same identity runs elsewhere with another boot counter."""

    exit_code = 6


class UnconfirmedError(NotifyError):
    """Stored here, but not confirmed by the peers in time."""

    exit_code = 3


class SilenceError(NotifyError):
    """Nothing came in time."""

    exit_code = 4


class UnknownError(NotifyError):
    """No such network, peer or event."""

    exit_code = 5


class RefusedError(NotifyError):
    """A key, a permission or the deny-list says no."""

    exit_code = 6


class WireError(NotifyError):
    """Bytes from a peer that break the protocol. Counted, never shown raw, never raised out."""

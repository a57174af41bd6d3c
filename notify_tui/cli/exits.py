"""What a command ends with."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The codes that scripts rely on; the classes in `errors` carry the same numbers."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNCONFIRMED = 3
    SILENCE = 4
    UNKNOWN = 5
    REFUSED = 6
    INTERRUPTED = 130

"""Which events a command shows: patterns are the log's business, this is the rest."""

from collections.abc import Callable

from notify_tui.protocol.event import Event, Priority

Choice = Callable[[Event], bool]


def chosen(priority: Priority | None, origin: str | None) -> Choice:
    """Whether an event is at least that urgent, and of who has that name or id."""

    def choice(event: Event) -> bool:
        return (priority is None or event.priority >= priority) and (
            origin is None or event.origin.name == origin or event.origin.id.startswith(origin)
        )

    return choice

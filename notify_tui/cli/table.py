"""Tables for people, made with rich, which is loaded for them alone."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from notify_tui.cli.ink import ink_for
from notify_tui.cli.paper import columns
from notify_tui.cli.visible import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_UNBOUNDED = 10_000


def print_table(header: str, rows: Sequence[Sequence[object]]) -> None:
    """Print rows, if any, under a header of names; a leading `>` aligns a column right."""
    if not rows:
        return
    console = table_console()
    with console.capture() as lines:
        console.print(make_table(header, rows))
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in lines.get().splitlines())


def table_console() -> "Console":
    """Rich's stdout: nothing that is shown is markup, and a pipe is as wide as it takes."""
    from rich.console import Console

    wet = ink_for(sys.stdout).wet
    return Console(
        file=sys.stdout,
        width=columns(sys.stdout) or _UNBOUNDED,
        color_system="standard" if wet else None,
        no_color=not wet,
        highlight=False,
        markup=False,
        emoji=False,
    )


def make_table(header: str, rows: Sequence[Sequence[object]]) -> "Table":
    """The table itself; cells are text, never markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in header.split():
        table.add_column(
            name.lstrip(">").replace("_", " "),
            justify="right" if name.startswith(">") else "left",
            overflow="ellipsis",
            no_wrap=True,
        )
    for row in rows:
        table.add_row(*(Text(visible("" if cell is None else str(cell))) for cell in row))
    return table

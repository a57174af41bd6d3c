"""`notify-tui config`: the effective values and where each came from."""

from typing import Any

from notify_tui.cli.call import Call
from notify_tui.cli.line import json_text
from notify_tui.cli.table import print_table
from notify_tui.cli.verb import verb


@verb("config", node=True)
def command(call: Call) -> None:
    """Show the effective configuration, and where each value comes from.

    A value in config.toml gives way to one of the environment (NOTIFY_TUI_NAME=…), and that
    to an option (--name …).
    """
    effective = call.effective()
    values: dict[str, Any] = {"home": str(effective.paths.home)}
    values |= {key: getattr(effective.config, key) for key in effective.config.__struct_fields__}
    values["retention"] = tuple(map(str, effective.config.retention))
    sources = effective.sources
    if call.json:
        call.paper().objects(
            [{"key": key, "value": value, "source": sources[key]} for key, value in values.items()]
        )
    else:
        rows = [(key, _shown(value), sources[key]) for key, value in values.items()]
        print_table("key value from", rows)
        call.say(f"(the file is {effective.paths.config_file})")


def _shown(value: object) -> str:
    match value:
        case None | () | {} | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(map(str, value))
        case dict():
            return json_text(value)
    return str(value)

"""Config and paths: what this machine's user wants, from where it was said, and where things are.

`config.toml` < environment `NOTIFY_TUI_*` < options; option, key and variable bear one name.
"""

from notify_tui.config.load import EVENT_VARIABLES, Effective, active_network, load_config
from notify_tui.config.nearest import nearest
from notify_tui.config.paths import Paths, default_home, runtime_dir
from notify_tui.config.retention import Limit, read_retention
from notify_tui.config.schema import DEFAULT_NETWORK, Config
from notify_tui.config.toml import set_config_value

__all__ = [
    "DEFAULT_NETWORK",
    "EVENT_VARIABLES",
    "Config",
    "Effective",
    "Limit",
    "Paths",
    "active_network",
    "default_home",
    "load_config",
    "nearest",
    "read_retention",
    "runtime_dir",
    "set_config_value",
]

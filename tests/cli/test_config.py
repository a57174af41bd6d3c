"""`config`: the effective values and where each came from."""

import re

from tests.cli.home import Home


def test_config_tells_each_value_and_its_source(fresh: Home) -> None:
    (fresh.path / "config.toml").write_text('name = "ana"\nport = 9000\n')
    fresh.environ["NOTIFY_TUI_PORT"] = "9100"
    rows = {row["key"]: row for row in fresh.ok("config", "--no-multicast", "--json").objects}
    assert rows["name"] == {"key": "name", "value": "ana", "source": "config.toml"}
    assert rows["port"] == {"key": "port", "value": 9100, "source": "NOTIFY_TUI_PORT"}
    assert rows["multicast"] == {"key": "multicast", "value": False, "source": "--no-multicast"}
    assert rows["network"] == {"key": "network", "value": "lan", "source": "default"}
    assert rows["interface"]["value"] == ["127.0.0.1"]
    assert re.search(r"^port +9100 +NOTIFY_TUI_PORT$", fresh.ok("config").out, re.MULTILINE)

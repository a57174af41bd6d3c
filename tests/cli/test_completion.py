"""`completion`: the scripts, and what they offer."""

import pytest

from tests.cli.home import Home


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(home: Home, shell: str) -> None:
    assert "_NOTIFY_TUI_COMPLETE" in home.ok("completion", shell).out


def completed(home: Home, *words: str) -> list[str]:
    line = " ".join(("notify-tui", *words))
    home.environ |= {
        "_NOTIFY_TUI_COMPLETE": "bash_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words)),
    }  # fmt: skip
    offered = [word.split(",")[1] for word in home.run().lines if word]
    del home.environ["_NOTIFY_TUI_COMPLETE"]
    return offered


def test_verbs_topics_networks_and_priorities_complete(home: Home) -> None:
    home.ok("publish", "builds.web", "x")
    home.ok("network", "open", "lab")
    assert completed(home, "pe") == ["peer", "peers"]
    assert completed(home, "publish", "bu") == ["builds.web"]
    assert completed(home, "network", "use", "la") == ["lab", "lan"]
    assert completed(home, "publish", "t", "x", "--priority", "u") == ["urgent"]


def test_a_completion_that_fails_offers_nothing(home: Home) -> None:
    assert completed(home, "publish", "--network", "none", "b") == []
    assert completed(home, "subscribe", "--home", "/dev/null", "b") == []

"""Makes the pictures of this folder from the installed command, with real nodes behind it.

    python screenshots/make.py

Three homes on loopback, a node in each; what is typed and what comes back is drawn as it is.
"""

import io
import os
import pty
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI, TerminalTheme
from rich.text import Text

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).with_name("notify-tui"))
COLUMNS, PATIENCE = 88, 20.0
THEMES: dict[str, TerminalTheme] = {"dark": DIMMED_MONOKAI}

EVENTS = [
    ("ci", ["builds.web", "build 812 started on runner-3"]),
    ("ci", ["builds.web", "FAILED test_feed.py::test_follow", "--priority", "urgent",
            "--title", "build 812", "--tag", "ci"]),
    ("nas", ["backup.nightly", "done: 41 GB in 12 min"]),
    ("desk", ["chat", "@ci have a look at 812, please", "--kind", "message"]),
    ("nas", ["disk.var", "97 % used on db-1", "--priority", "high",
             "--data", '{"path": "/var", "used": 97}']),
]  # fmt: skip


class Host:
    """A home of its own, as if it were a machine of its own."""

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        runtime = directory / "run" / name
        runtime.mkdir(parents=True, mode=0o700)
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("NOTIFY_")},
            "NOTIFY_TUI_HOME": str(directory / name),
            "NOTIFY_TUI_INTERFACE": "127.0.0.1",
            "NOTIFY_TUI_NAME": name,
            "XDG_RUNTIME_DIR": str(runtime),
            "COLUMNS": str(COLUMNS),
            "TERM": "xterm-256color",
        }

    @contextmanager
    def peer(self) -> Iterator[None]:
        """A node that runs."""
        node = subprocess.Popen(
            [COMMAND, "peer"], env=self.environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert node.stderr is not None
        try:
            for line in node.stderr:
                if line.startswith("ready"):
                    break
            yield
        finally:
            node.terminate()
            node.communicate(timeout=PATIENCE)

    def run(self, *words: str) -> str:
        """What a person sees who types it at a terminal."""
        parent, child = pty.openpty()
        process = subprocess.Popen(
            [COMMAND, *words], env=self.environment, stdin=child, stdout=child, stderr=child
        )
        os.close(child)
        seen = io.BytesIO()
        while select.select([parent], [], [], PATIENCE)[0]:
            try:
                seen.write(os.read(parent, 65_536))
            except OSError:
                break
        process.wait(PATIENCE)
        os.close(parent)
        return seen.getvalue().decode().replace("\r\n", "\n")


def typed(words: list[str]) -> Text:
    """A command as it stands behind its prompt."""
    line = " ".join(f"'{word}'" if " " in word or ">" in word else word for word in words)
    return Text.assemble(("$ ", "bold green"), f"notify-tui {line}\n")


def draw(name: str, title: str, screen: Text) -> None:
    """The screen as an SVG, one a theme."""
    for theme, colours in THEMES.items():
        console = Console(
            width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True,
            color_system="truecolor",
        )  # fmt: skip
        console.print(screen, end="")
        console.save_svg(str(HERE / f"{name}-{theme}.svg"), title=title, theme=colours)


def session(hosts: dict[str, Host]) -> Text:
    """Publish from three machines, look at it on the one that waited."""
    for name, words in EVENTS:
        hosts[name].run("publish", *words, "--wait-for", "2", "--timeout", "10s")
    screen = Text()
    confirmed = ["publish", "deploys.web", "1.4 is through", "--wait-for", "2"]
    for words in (["peers"], ["history"], confirmed):
        screen.append_text(typed(words))
        screen.append_text(Text.from_ansi(hosts["desk"].run(*words)))
        screen.append("\n")
    screen.rstrip()
    return screen


def main() -> None:
    """Make every picture."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as running:
        hosts = {name: Host(name, Path(directory)) for name in ("desk", "ci", "nas")}
        for host in hosts.values():
            running.enter_context(host.peer())
        hosts["desk"].run("publish", "chat", "hello", "--wait-for", "2", "--timeout", "10s")
        draw("shell", "three machines, no server", session(hosts))


if __name__ == "__main__":
    main()

"""One run of a command: its common options, what they make of the configuration, its client."""

import os
from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notify_tui.cli.interrupt import INTERRUPT
from notify_tui.cli.speech import say
from notify_tui.errors import UnknownError

if TYPE_CHECKING:
    from notify_tui.cli.paper import Paper
    from notify_tui.client import Client
    from notify_tui.config import Effective
    from notify_tui.log.reader import LogReader

OWN = ("home", "json", "quiet", "verbose")
SETTINGS = (
    "network", "name", "interface", "port", "connect", "multicast", "status", "tag",
)  # fmt: skip


class Call:
    """`given` are the common options that were given, by name; the last place named wins."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.home: Path | None = Path(given["home"]) if given.get("home") else None
        self.json: bool = given.get("json", False)
        self.quiet: bool = given.get("quiet", False)
        self.verbose: int = given.get("verbose", 0)
        self.settings = {key: given[key] for key in SETTINGS if key in given}
        self._effective: Effective | None = None

    def effective(self) -> "Effective":
        """The configuration under which this command runs.

        Raises:
            ConfigError: config.toml, the environment or an option is wrong.
        """
        if self._effective is None:
            from notify_tui.config import load_config

            self._effective = load_config(self.home, self.settings, os.environ)
        return self._effective

    def network(self) -> str:
        """The name of the network in use.

        Raises:
            UnknownError: this home is no member of it.
        """
        from notify_tui.cli.networks import network_here

        effective = self.effective()
        return network_here(effective.paths, effective.config.network).name

    def client(self, label: str, *, transient: bool = True) -> "Client":
        """Attach to the running node, or become one that goes when this command goes.

        Raises:
            NotifyError: there is no such network, or no node answers or can be started.
        """
        from notify_tui.client import Become, Client
        from notify_tui.node import lock

        effective = self.effective()
        become = Become(transient=transient)
        attach = partial(Client.attach, effective, label=label, become=become)
        if lock.read(effective.paths.lock(effective.config.network)):
            return attach()
        self._prepare_for_node()
        return INTERRUPT.whole(attach, lambda client: client.close(at_once=True))

    def _prepare_for_node(self) -> None:
        from notify_tui.cli.journal import keep_journal

        self.network()
        keep_journal(self.verbose, quiet=self.quiet)

    def reader(self) -> "LogReader | None":
        """The log, for reading; it needs no node. None if no node has run on the network yet.

        Raises:
            UnknownError: this home is no member of the network.
            StoreError: the log cannot be read.
        """
        from notify_tui.log.reader import LogReader

        path = self.effective().paths.log(self.network())
        return LogReader(path) if path.exists() else None

    def event_id(self, text: str) -> str:
        """The whole id of an event that the log holds, of an id that may be shortened.

        Raises:
            EventError: it is no id.
            UnknownError: the log holds no such event, or several.
        """
        from notify_tui.protocol.event import EventId

        wanted = EventId.parse(text)
        with self.reader() or nullcontext() as reader:
            if reader is None:
                raise UnknownError(f"no event {text!r} here: no node has run on this network yet")
            return str(reader.find(wanted).id)

    def paper(self) -> "Paper":
        """stdout, as `--json` and `-v` want it."""
        from notify_tui.cli.paper import Paper

        return Paper(as_json=self.json, ids=self.verbose > 0)

    def say(self, sentence: str) -> None:
        """A sentence for people, on stderr, unless `-q`."""
        if not self.quiet:
            say(sentence)

"""Disk: what SQLite wrote and synced, and what a power cut may leave of it. Needs apsw.

A write is safe once its file was synced. Until then it may be there, be lost, be torn at any
byte, or have overtaken another. A removal is safe once the directory was synced: SQLite does
that with the first sync of a journal that it made.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from notify_tui.protocol.command import Outcome, Placed, Stored

Files = dict[str, bytes]
HOME = ".db"
"""How the database's own name ends; the others are its journals."""


class Write(NamedTuple):
    file: str
    offset: int
    data: bytes


class Cut(NamedTuple):
    file: str
    size: int


class Sync(NamedTuple):
    file: str


class Remove(NamedTuple):
    file: str


class Told(NamedTuple):
    """The log told what became of the jobs of one turn."""


Deed = Write | Cut | Sync | Remove | Told


class Image(NamedTuple):
    """What a power cut left, and how often the log had told something before it."""

    files: Files
    told: int


class Recorder(apsw.VFS):  # type: ignore[misc]
    """The disk of connections made with `connect`; `deeds` is all that happened to it."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        super().__init__("recorder", "")

    def connect(self, path: Path, *_args: object, **_options: object) -> "Connection":
        """Stands in for `sqlite3.connect`."""
        return Connection(str(path), vfs="recorder")

    def told(self, outcomes: Sequence[Outcome]) -> None:
        """What a log is to deliver to."""
        assert all(isinstance(outcome, Stored | Placed) for outcome in outcomes)
        self.deeds.append(Told())

    def xOpen(self, name: Any, flags: list[int]) -> "File":  # noqa: N802
        return File(name, flags, self.deeds)

    def xDelete(self, name: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(name, syncdir)
        self.deeds.append(Remove(Path(name).name))


class File(apsw.VFSFile):  # type: ignore[misc]
    def __init__(self, name: Any, flags: list[int], deeds: list[Deed]) -> None:
        super().__init__("", name, flags)
        self._name = Path(name if isinstance(name, str) else name.filename()).name
        self._deeds = deeds

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        super().xWrite(data, offset)
        self._deeds.append(Write(self._name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        super().xTruncate(size)
        self._deeds.append(Cut(self._name, size))

    def xSync(self, flags: int) -> None:  # noqa: N802
        super().xSync(flags)
        self._deeds.append(Sync(self._name))


class Connection(apsw.Connection):  # type: ignore[misc]
    """As much of a `sqlite3.Connection` as the log's writer uses."""

    def executescript(self, script: str) -> None:
        self.execute(script)


class Disk:
    """The safe state of the files after some deeds, and what is still under way."""

    def __init__(self) -> None:
        self.told = 0
        self._safe: Files = {}
        self._pending: dict[str, list[Write | Cut]] = {}
        self._removed: dict[str, list[Write | Cut]] = {}
        self._synced: set[str] = set()

    def do(self, deed: Deed) -> None:
        match deed:
            case Write() | Cut():
                self._pending.setdefault(deed.file, []).append(deed)
            case Sync(file):
                self._sync(file)
            case Remove(file):
                self._removed[file] = self._pending.pop(file, [])
                self._synced.discard(file)
            case Told():
                self.told += 1

    def _sync(self, file: str) -> None:
        if file not in self._synced and not file.endswith(HOME):
            for removed in self._removed:
                self._safe.pop(removed, None)
            self._removed.clear()
        self._synced.add(file)
        self._safe[file] = applied(self._safe.get(file, b""), self._pending.pop(file, []))

    def quiet(self) -> Files:
        """The files, if the power stays on."""
        files = {file: data for file, data in self._safe.items() if file not in self._removed}
        for file, deeds in self._pending.items():
            files[file] = applied(files.get(file, b""), deeds)
        return files

    def cut(self, dice: random.Random) -> Image:
        """The power is cut: of what was not safe, chance decides."""
        files = dict(self._safe)
        for file, deeds in self._removed.items():
            if dice.random() < 0.5:
                files.pop(file, None)
            else:
                files[file] = applied(files.get(file, b""), survivors(deeds, dice))
        for file, deeds in self._pending.items():
            files[file] = applied(files.get(file, b""), survivors(deeds, dice))
        return Image(files, self.told)


def applied(data: bytes, deeds: Sequence[Write | Cut]) -> bytes:
    """A file after these."""
    file = bytearray(data)
    for deed in deeds:
        if isinstance(deed, Cut):
            del file[deed.size :]
            continue
        file.extend(bytes(max(0, deed.offset - len(file))))
        file[deed.offset : deed.offset + len(deed.data)] = deed.data
    return bytes(file)


def survivors(deeds: Sequence[Write | Cut], dice: random.Random) -> list[Write | Cut]:
    """Some of them, some torn, in an order that a disk may choose."""
    lost = dice.choice((0.0, 0.1, 0.5, 1.0))
    kept = [deed for deed in deeds if dice.random() >= lost]
    if dice.random() < 0.5 and not any(isinstance(deed, Cut) for deed in kept):
        dice.shuffle(kept)
    torn = dice.choice((0.0, 0.1, 0.5))
    return [tear(deed, dice) if dice.random() < torn else deed for deed in kept]


def tear(deed: Write | Cut, dice: random.Random) -> Write | Cut:
    """Either end of a write."""
    if isinstance(deed, Cut):
        return deed
    edge = dice.choice((len(deed.data) // 2, dice.randrange(len(deed.data) + 1)))
    if dice.random() < 0.5:
        return Write(deed.file, deed.offset, deed.data[:edge])
    return Write(deed.file, deed.offset + edge, deed.data[edge:])


def images(deeds: Sequence[Deed], count: int, seed: int) -> Iterator[Image]:
    """Power cuts at moments that chance chooses."""
    dice = random.Random(seed)
    moments = sorted(dice.choices(range(len(deeds)), k=count))
    disk, done = Disk(), 0
    for moment in moments:
        for deed in deeds[done : moment + 1]:
            disk.do(deed)
        done = moment + 1
        yield disk.cut(dice)

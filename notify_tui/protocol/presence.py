"""Presence: hellos, heartbeats and silences, put through the table of `membership`."""

from notify_tui.errors import WireError
from notify_tui.protocol.command import Halt, Listen, Remember, Unlisten
from notify_tui.protocol.dialling import Dialling
from notify_tui.protocol.event import peer_id
from notify_tui.protocol.gossip import Gossip
from notify_tui.protocol.greeting import Greeting, Introduction
from notify_tui.protocol.membership import Follow, Life, Sign, step
from notify_tui.protocol.news import News
from notify_tui.protocol.peer import Link, Peer
from notify_tui.protocol.repair import Repair
from notify_tui.protocol.state import State
from notify_tui.protocol.wire import (
    AskFeed,
    Fed,
    Goodbye,
    Heartbeat,
    Hello,
    Signed,
    encode_beat,
    open_word,
)

LINKS_PER_PEER = 4
TOUCH = 10
"""Heartbeats after which a hello is renewed: who else is there, and who forgot the link."""


class Presence:
    """Who is there. Tells the other parts when somebody comes or goes."""

    def __init__(
        self,
        state: State,
        greeting: Greeting,
        dialling: Dialling,
        gossip: Gossip,
        repair: Repair,
        news: News,
    ) -> None:
        self._state = state
        self._greeting = greeting
        self._dialling = dialling
        self._gossip = gossip
        self._repair = repair
        self._news = news
        self._next_beat = state.now.mono
        self._ticked = state.now.mono
        self._beats = 0

    @property
    def deadline(self) -> float:
        """When the next heartbeat is due; silences are judged at the same time."""
        return self._next_beat

    def introduced(self, introduction: Introduction) -> Peer | None:
        """A hello was proved. The peer, or None if the link is not to be used."""
        state, hello, author = self._state, introduction.hello, introduction.author
        if author == state.me.public:
            self._met_itself(introduction)
            return None
        peer = state.peers.get(author) or self._welcome(author)
        if hello.boot < peer.boot:
            raise WireError("a hello of an earlier start of the same node")
        if hello.boot > peer.boot:
            self._begin(peer, hello.boot)
        host = None
        if isinstance(introduction.link, int):
            host = self._dialling.answered(introduction.link, author)
            if host is None:
                return None
        self._take(peer, hello, introduction, host)
        self._turn(peer, Sign.HELLO)
        return peer

    def _welcome(self, author: bytes) -> Peer:
        """Room for one more; who is not alive makes it, the longest unseen first."""
        peers = self._state.peers
        if len(peers) >= self._state.settings.peers:
            gone = [peer for peer in peers.values() if not (peer.alive or peer.links)]
            if not gone:
                raise WireError("more identities than a node keeps apart")
            del peers[min(gone, key=lambda peer: peer.seen).public]
        peers[author] = Peer(author)
        return peers[author]

    def _begin(self, peer: Peer, boot: int) -> None:
        """It started anew, and does not know our connections any more."""
        peer.begin(boot)
        for link in peer.links:
            if isinstance(link, bytes):
                self._greeting.hang_up(link)
            elif self._greeting.author(link):
                self._greeting.dial(link)
        peer.links.clear()

    def _take(self, peer: Peer, hello: Hello, said: Introduction, host: str | None) -> None:
        state = self._state
        peer.name, peer.release, peer.interest = hello.name, hello.release, hello.interest
        peer.hosts, peer.feed, peer.exchange = hello.hosts, hello.feed, hello.exchange
        peer.transient, peer.status, peer.tags = hello.transient, hello.status, hello.tags
        peer.heard, peer.seen = state.now.mono, state.now.wall
        if said.rtt is not None:
            peer.rtt = said.rtt
            # The least that it can be, so that what was published live is never taken for history.
            peer.offset = hello.wall - state.now.wall
        self._add_link(peer, said.link)
        hosts = hello.hosts
        if host is not None:
            self._listen(peer, host)
            hosts = tuple(dict.fromkeys((host, *hosts)))
        else:
            self._dialling.moved(peer.public, hosts, hello.exchange)
        state.emit(Remember(peer.public, peer.name, hosts, peer.exchange, state.now.wall))
        for known in hello.known:
            if known.public != state.me.public:
                self._dialling.found(peer_id(known.public), known.hosts, known.exchange)

    def _add_link(self, peer: Peer, link: Link) -> None:
        if link in peer.links:
            return
        dialled = sum(1 for known in peer.links if isinstance(known, int))
        peer.links.insert(0 if isinstance(link, int) else dialled, link)
        for old in peer.links[LINKS_PER_PEER:]:
            self._greeting.hang_up(old)
        del peer.links[LINKS_PER_PEER:]

    def _listen(self, peer: Peer, host: str) -> None:
        place = (host, peer.feed)
        if peer.listening == place:
            return
        if peer.listening:
            self._state.emit(Unlisten(*peer.listening))
        peer.listening = place
        self._state.emit(Listen(*place))

    def _met_itself(self, introduction: Introduction) -> None:
        state, hello = self._state, introduction.hello
        own = self._greeting.is_own(hello)
        if isinstance(introduction.link, int):
            self._dialling.reject(introduction.link)
        if own:
            return
        if (hello.boot, -hello.turn) < (state.boot, -state.turn):
            state.emit(Halt(
                "another node with this identity runs on the network: a home was copied. "
                "This one is the younger and stops; give it a home of its own (--home)"
            ))  # fmt: skip
        else:
            text = "another node runs with this node's identity; the younger one stops"
            self._news.report("conflict", text)

    def beat(self, signed: Signed) -> None:
        """A heartbeat or goodbye came over the feed.

        Raises:
            WireError: it breaks the protocol.
        """
        peer = self._state.peers.get(signed.author)
        if peer is None or peer.boot < 0:
            return
        word = open_word(signed, self._state.me.network, self._state.me.verify)
        if not isinstance(word, Heartbeat | Goodbye):
            raise WireError("a word on the feed that is no heartbeat")
        if word.boot != peer.boot or word.turn <= peer.turn:
            if word.boot > peer.boot:
                self._dialling.redial(peer.public)
            return
        peer.turn = word.turn
        if isinstance(word, Goodbye):
            self._turn(peer, Sign.GOODBYE)
            return
        peer.name, peer.status, peer.tags = word.name, word.status, word.tags
        peer.interval = word.interval
        self.heard(peer)
        self._gossip.beaten(peer, word)

    def heard(self, peer: Peer) -> None:
        """A peer said something signed."""
        peer.heard, peer.seen = self._state.now.mono, self._state.now.wall
        if peer.life is not Life.ALIVE:
            self._turn(peer, Sign.HEARD)

    def tick(self) -> None:
        """Beat, and judge silences, when due."""
        state, mono = self._state, self._state.now.mono
        passed, self._ticked = mono - self._ticked, mono
        if mono < self._next_beat:
            return
        interval = state.interval()
        if (slept := passed - 2 * interval) > 0:
            for peer in state.peers.values():
                peer.heard += slept
        self._next_beat = mono + interval
        state.send(encode_beat(state.signed(self._gossip.heartbeat())))
        self._gossip.tick()
        self._keep_touch()
        for peer in list(state.peers.values()):
            self._judge(peer)

    def _keep_touch(self) -> None:
        """Have the feeds that cannot be dialled sent over; renew the hellos, now and then."""
        self._beats += 1
        for peer in self._state.peers.values():
            link = peer.links[0] if peer.links else None
            if isinstance(link, bytes):
                self._state.transmit(link, AskFeed(0))
            elif link is not None and self._beats % TOUCH == 0:
                self._greeting.renew(link)

    def _judge(self, peer: Peer) -> None:
        settings = self._state.settings
        missed = (self._state.now.mono - peer.heard) / max(peer.interval, settings.beat)
        if missed > settings.lost_after:
            self._turn(peer, Sign.SILENT)
        elif missed > settings.suspect_after:
            self._turn(peer, Sign.QUIET)

    def leave(self) -> None:
        """Say goodbye, on the feed and over every connection: some do not hear the feed yet."""
        state = self._state
        frame = encode_beat(state.signed(Goodbye(state.boot, state.next_turn())))
        state.send(frame)
        for peer in state.alive():
            if peer.links:
                state.transmit(peer.links[0], Fed(0, frame))

    def _turn(self, peer: Peer, sign: Sign) -> None:
        peer.life, follow = step(peer.life, sign)
        match follow:
            case Follow.JOIN:
                peer.joined = self._state.now.mono
                self._news.tell("join", peer, f"{peer.name} is here")
                self._ask(peer)
            case Follow.ASK:
                self._ask(peer)
            case Follow.REBUILD:
                self._drop(peer)
                self._dialling.redial(peer.public)
            case Follow.LOSE:
                self._news.tell("lost", peer, f"{peer.name} is lost: nothing heard for a while")
                self._drop(peer)
                self._dialling.redial(peer.public)
            case Follow.LEAVE:
                self._news.tell("leave", peer, f"{peer.name} left")
                self._drop(peer)
                self._dialling.forget(peer.public)

    def _ask(self, peer: Peer) -> None:
        self._gossip.ask(peer)
        self._repair.meet(peer)

    def _drop(self, peer: Peer) -> None:
        if peer.listening:
            self._state.emit(Unlisten(*peer.listening))
            peer.listening = None
        for link in list(peer.links):
            if isinstance(link, int):
                self._dialling.hang_up(link)
            else:
                self._greeting.hang_up(link)
        peer.links.clear()
        peer.asking = None
        self._repair.forget(peer)

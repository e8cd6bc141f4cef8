"""What those who follow the front door's state cost: `./dev bench subscribers`.

One server under one storm after another, by turns with nobody who follows its state and with fifty who do, ten of whom
never read what they are sent. The figure is the server's CPU time for a connection with them by that without, of two
storms that follow each other: so it bears a machine that others use, since that changes slowly. The followers are this
process's, so that what they spend is not the server's.
"""

from __future__ import annotations

import argparse
import selectors
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median, quantiles

from generator import generate, metric
from servers import METRICSTREAM, OURS_ALWAYS, OURS_OS, RunningServer, ServerFailure, running, scratch_directory

READERS = 40
IDLERS = 10
SOCKET_S_MAX = 10.0
GONE_S_MAX = 30.0
LOOK_S = 0.1
RATIO_MAX = 1.05


@dataclass(frozen=True)
class Pair:
    """Two storms, one after the other."""

    alone_us: float
    followed_us: float
    sent: float
    skipped: float

    @property
    def ratio(self) -> float:
        return self.followed_us / self.alone_us


def main() -> int:
    arguments = parse_arguments()
    server = OURS_OS if arguments.wal_sync == "os" else OURS_ALWAYS
    try:
        with scratch_directory() as directory, running(server, directory) as one:
            storm(one, arguments.duration)  # what a server does once, as for new series, is in no figure
            ratios = [measure(one, rate, arguments) for rate in arguments.rates]
    except ServerFailure as failure:
        sys.exit(f"the server {failure}")
    if ratios[0] <= RATIO_MAX:
        return 0
    print(f"at {arguments.rates[0]:g} states a second that is more than {RATIO_MAX}")
    return 1


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev bench subscribers",
        description=f"The server's CPU time for a connection of a storm beside {READERS + IDLERS} clients that follow "
        f"the front door's state, {IDLERS} of which never read it, by that without them. Exit status 1: that is more "
        f"than {RATIO_MAX} at the first rate.",
    )
    parser.add_argument("--rates", type=float, nargs="+", default=[4.0, 20.0], help="states a second (4 20)")
    parser.add_argument("--rounds", type=int, default=30, help="pairs of storms for each rate (30)")
    parser.add_argument("--duration", default="1s", help="of each storm (1s): short ones see the same machine")
    parser.add_argument("--wal-sync", choices=["os", "always"], default="os", help="the server's (os)")
    arguments = parser.parse_args()
    if arguments.rounds < 1 or not all(0.1 <= rate <= 20 for rate in arguments.rates):
        parser.error("at least one round is needed, and rates are from 0.1 to 20")
    return arguments


def measure(one: RunningServer, rate: float, arguments: argparse.Namespace) -> float:
    pairs = []
    for number in range(arguments.rounds):
        pairs.append(measure_pair(one, rate, arguments.duration, is_followed_first=number % 2 == 1))
        print(f"round {number + 1} at {rate:g}/s: {describe([pairs[-1]])}", file=sys.stderr)
    print(f"{READERS + IDLERS} followers at {rate:g} states a second: {describe(pairs)}", flush=True)
    return median(pair.ratio for pair in pairs)


def measure_pair(one: RunningServer, rate: float, duration: str, is_followed_first: bool) -> Pair:
    alone_us = None if is_followed_first else storm(one, duration)
    before = one.get("/metrics")
    with followers(one, rate):
        followed_us = storm(one, duration)
        expect_all(one)
    after = one.get("/metrics")
    sent, skipped = (
        metric(after, name) - metric(before, name)
        for name in ("front_door_stream_states_sent_total", "front_door_stream_states_skipped_total")
    )
    return Pair(alone_us or storm(one, duration), followed_us, sent, skipped)


def storm(one: RunningServer, duration: str) -> float:
    """The server's CPU time for a connection, in microseconds."""
    flags = ("--duration", duration, "--json", "--server-pid", str(one.pid))
    return float(generate([METRICSTREAM, "bench", "storm", one.url, *flags])["server_cpu_us_per_unit"])


def describe(pairs: list[Pair]) -> str:
    ratios = [pair.ratio for pair in pairs]
    spread = ""
    if len(ratios) > 1:
        lower, _, upper = quantiles(ratios, method="inclusive")
        spread = f", median of {len(ratios)}, half of them {lower:.3f} to {upper:.3f}"
    return (
        f"CPU {median(pair.followed_us for pair in pairs):.1f} us a connection, without them "
        f"{median(pair.alone_us for pair in pairs):.1f}; ratio {median(ratios):.3f}{spread}; "
        f"states sent {median(pair.sent for pair in pairs):.0f}, skipped {median(pair.skipped for pair in pairs):.0f}"
    )


@contextmanager
def followers(one: RunningServer, rate: float) -> Iterator[None]:
    with ExitStack() as stack:
        streams = [stack.enter_context(follow(one, rate)) for _ in range(READERS + IDLERS)]
        is_ending = threading.Event()
        reader = threading.Thread(target=read_all, args=(streams[:READERS], is_ending), name="reader")
        reader.start()
        try:
            yield
        finally:
            is_ending.set()
            reader.join()
    await_nobody(one)


def expect_all(one: RunningServer) -> None:
    """Also those who never read: the server skips states of theirs, and ends nobody for that."""
    count = metric(one.get("/metrics"), "front_door_stream_subscribers")
    if count != READERS + IDLERS:
        raise ServerFailure(f"has {count:.0f} of {READERS + IDLERS} followers left after a storm")


def await_nobody(one: RunningServer) -> None:
    """Who has gone is noticed when the next state is due."""
    end = time.monotonic() + GONE_S_MAX
    while metric(one.get("/metrics"), "front_door_stream_subscribers") > 0:
        if time.monotonic() > end:
            raise ServerFailure("does not notice that nobody follows its state any more")
        time.sleep(LOOK_S)


def follow(one: RunningServer, rate: float) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", one.port), timeout=SOCKET_S_MAX)
    stream.sendall(f"GET /api/v1/front-door/stream?rate={rate:g} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    if not stream.recv(16).startswith(b"HTTP/1.1 200"):
        raise ServerFailure("refuses who would follow its state")
    return stream


def read_all(streams: list[socket.socket], is_ending: threading.Event) -> None:
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream.fileno(), selectors.EVENT_READ, stream)
        while not is_ending.is_set():
            for key, _ in selector.select(LOOK_S):
                key.data.recv(1 << 20)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted")

"""Ends the program in good order at a signal: by KeyboardInterrupt, so that the blocks that own servers and directories
are left."""

from __future__ import annotations

import signal
from types import FrameType

# Ctrl-C, kill, and a terminal that is closed.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt_at_signals() -> None:
    for number in SIGNALS:
        # nohup has SIGHUP ignored, and a shell SIGINT of what it starts in the background.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Once: another signal would end the cleaning up."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt

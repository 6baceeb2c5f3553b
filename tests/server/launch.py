"""Starts one of the servers with an application of `app`, in a process of its own.

`python -m tests.server.launch KIND PORT NAME DEADLINES`, the deadlines as JSON.
"""

from __future__ import annotations

import json
import sys


def say(word: str) -> None:
    print(word, flush=True)  # noqa: T201 - the tests read it


def daphne(port: int, name: str, deadlines: dict[str, float]) -> None:
    from omniroute.daphne_channel import Deadlines
    from omniroute.server import Server, serve
    from tests.server import app

    application = getattr(app, name)
    if deadlines.keys() == {"drain"}:
        serve(
            application,
            host="127.0.0.1",
            port=port,
            drain_seconds=deadlines["drain"],
            ready=lambda: say("ready"),
            draining=lambda: say("draining"),
        )
    else:
        Server(
            application,
            ("127.0.0.1", port),
            deadlines=Deadlines(**deadlines),
            ready=lambda: say("ready"),
            draining=lambda: say("draining"),
        ).run()


def granian(port: int, name: str, deadlines: dict[str, float]) -> None:
    from granian.http import HTTP1Settings

    from omniroute.granian import HTTP1, Supervisor, serve

    target = f"tests.server.app:{name}"
    drain = deadlines.get("drain", 30)
    if "header" not in deadlines:
        serve(
            target,
            host="127.0.0.1",
            port=port,
            drain_seconds=drain,
            ready=lambda: say("ready"),
        )
    else:
        settings = HTTP1Settings(
            header_read_timeout=int(deadlines["header"] * 1000),
            max_buffer_size=HTTP1.max_buffer_size,
        )
        Supervisor(
            target,
            lambda: say("ready"),
            host="127.0.0.1",
            port=port,
            drain_seconds=drain,
            http1_settings=settings,
        ).run()


if __name__ == "__main__":
    kind, port, name, deadlines = sys.argv[1:]
    {"daphne": daphne, "granian": granian}[kind](int(port), name, json.loads(deadlines))

"""A small raw ASGI application that does what the probes need, behind the edge.

What it saw is told at `/seen`; its lifespan speaks on standard output.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

from omniroute.edge import Edge, Pace
from omniroute.gateway.asgi import Message, Receive, Scope, Send

MIB = 2**20
LIMIT = 32 * MIB
CHUNK = b"x" * (64 * 1024)

seen: Counter[str] = Counter()


def render(scope: Scope, status: int, code: str, message: str) -> tuple[bytes, bytes]:
    return b"application/json", json.dumps({"code": code, "message": message}).encode()


async def answer(send: Send, body: Any, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    data = json.dumps(body).encode()
    fields = [(b"content-length", b"%d" % len(data)), *(headers or [])]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": data})


async def tell(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]]
    told = {"path": scope["path"], "root_path": scope["root_path"], "headers": headers}
    await answer(send, told)


async def report(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, seen)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Tells how much came, and in how large pieces."""
    size = largest = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            seen["disconnect"] += 1
            return
        size += len(message["body"])
        largest = max(largest, len(message["body"]))
        if not message["more_body"]:
            break
    seen["bodies"] += 1
    await answer(send, {"size": size, "largest": largest})


async def deaf(scope: Scope, receive: Receive, send: Send) -> None:
    """Neither reads nor answers for a while."""
    await asyncio.sleep(2)
    await answer(send, {})


async def unread(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, {})


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """`n` tokens `gap` seconds apart, then [DONE]; or, when it is cancelled, [CUT]."""
    wishes = dict(parse_qsl(scope["query_string"].decode()))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    try:
        for index in range(int(wishes["n"])):
            await send(_part(b"token %d\n" % index))
            await asyncio.sleep(float(wishes["gap"]))
    except asyncio.CancelledError:
        await send(_part(b"[CUT]\n"))
        raise
    await send({"type": "http.response.body", "body": b"[DONE]\n"})


async def flood(scope: Scope, receive: Receive, send: Send) -> None:
    """400 MB as fast as they are taken; stops when the client has gone."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    gone = asyncio.create_task(wait(scope, receive, send))
    for _ in range(400 * MIB // len(CHUNK)):
        if gone.done():
            break
        await send(_part(CHUNK))
        seen["flood"] += len(CHUNK)
        await asyncio.sleep(0)
    gone.cancel()


async def big(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": CHUNK * 512})
    seen["big"] += 1


async def wait(scope: Scope, receive: Receive, send: Send) -> None:
    seen["waiting"] += 1
    while (await receive())["type"] != "http.disconnect":
        pass
    seen["disconnect"] += 1


async def boom(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("boom")


async def abort(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send(_part(b"started\n"))
    raise RuntimeError("in mid-stream")


async def quit_early(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send(_part(b"started\n"))


async def split(scope: Scope, receive: Receive, send: Send) -> None:
    await answer(send, {}, [(b"x-mine", b"a\r\nx-injected: b")])


async def short(scope: Scope, receive: Receive, send: Send) -> None:
    """Promises more than it sends."""
    headers = [(b"content-length", b"100")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"only this"})


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


ROUTES = {
    "/": tell,
    "/seen": report,
    "/echo": echo,
    "/deaf": deaf,
    "/unread": unread,
    "/stream": stream,
    "/flood": flood,
    "/big": big,
    "/wait": wait,
    "/boom": boom,
    "/abort": abort,
    "/quit": quit_early,
    "/split": split,
    "/short": short,
}


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Echoes one message after it has told what it was connected with; then ends."""
    await receive()
    seen["websocket"] += 1
    await send({"type": "websocket.accept"})
    if scope["path"] == "/crash":
        raise RuntimeError("in a websocket")
    message = await receive()
    if message["type"] == "websocket.receive":
        headers = sorted(name.decode() for name, _ in scope["headers"])
        told = {"said": message["text"], "headers": headers, "root_path": scope["root_path"]}
        await send({"type": "websocket.send", "text": json.dumps(told)})
        message = await receive()
    seen[f"websocket closed {message.get('code')}"] += 1


async def lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        print(event, flush=True)  # noqa: T201 - the tests read it
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    match scope["type"]:
        case "lifespan":
            await lifespan(receive, send)
        case "websocket":
            await websocket(scope, receive, send)
        case _:
            await ROUTES.get(scope["path"], tell)(scope, receive, send)


async def failing(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "The database is newer."})


async def crashing(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("The database is newer.")


async def sleeping(scope: Scope, receive: Receive, send: Send) -> None:
    print((await receive())["type"], flush=True)  # noqa: T201 - the tests read it
    await asyncio.sleep(60)


application = Edge(
    plain, limit=lambda path: LIMIT, render=render, pace=Pace(seconds=2, rate=1024, grace=0.5)
)

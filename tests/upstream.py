"""A fake provider on a real socket that does what a test tells it to, and remembers what it got.

It answers requests in the order of its script; without one it plays a friendly model in the dialect
of the path. It runs in a thread of its own, so that both plain and async tests can use it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Ending = Literal["clean", "cut", "hang"]


@dataclass
class Received:
    """One request as it arrived. `gone_at` is when the caller closed the connection early."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)
    gone_at: float | None = None

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """`pieces` are written one by one, `pause` seconds apart, then the connection ends as told."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Iterable[bytes] = ()
    pause: float = 0.0
    ending: Ending = "clean"
    chunked: bool = True
    before: float = 0.0  # seconds until the head of the answer


def reply(body: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer. Header names are written with underscores."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(
        status=status,
        headers={"content-type": "application/json", **names},
        pieces=[json.dumps(body).encode()],
    )


def sse(
    events: Iterable[Any], *, named: bool = False, pause: float = 0.0, ending: Ending = "clean"
) -> Answer:
    """A stream of JSON events; `named` writes Anthropic's and Responses' `event:` lines."""
    pieces = []
    for event in events:
        text = event if isinstance(event, str) else json.dumps(event)
        head = f"event: {event['type']}\n" if named else ""
        pieces.append(f"{head}data: {text}\n\n".encode())
    return Answer(
        headers={"content-type": "text/event-stream"}, pieces=pieces, pause=pause, ending=ending
    )


def chat_reply(text: str = "Hello from upstream", model: str = "fake-model") -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 12,
            "completion_tokens": 5,
            "total_tokens": 17,
            "prompt_tokens_details": {"cached_tokens": 4},
        },
    }


def chat_events(words: Iterable[str] = ("Hello", " from", " upstream")) -> list[Any]:
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake"}

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    return [
        chunk({"role": "assistant", "content": ""}),
        *(chunk({"content": word}) for word in words),
        chunk({}, "stop"),
        {
            **base,
            "choices": [],
            "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17},
        },
        "[DONE]",
    ]


def messages_reply(text: str = "Hello from upstream", model: str = "fake-model") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 8,
            "cache_read_input_tokens": 4,
            "cache_creation_input_tokens": 0,
            "output_tokens": 5,
        },
    }


def messages_events(words: Iterable[str] = ("Hello", " from", " upstream")) -> list[Any]:
    return [
        {
            "type": "message_start",
            "message": {
                **messages_reply(),
                "content": [],
                "stop_reason": None,
                "usage": {"input_tokens": 8, "cache_read_input_tokens": 4, "output_tokens": 1},
            },
        },
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": word},
            }
            for word in words
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 5},
        },
        {"type": "message_stop"},
    ]


def responses_reply(text: str = "Hello from upstream", model: str = "fake-model") -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": content}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": model,
        "output": [{**message, "status": "completed"}],
        "usage": {
            "input_tokens": 12,
            "input_tokens_details": {"cached_tokens": 4},
            "output_tokens": 5,
            "total_tokens": 17,
        },
    }


def responses_events(words: Iterable[str] = ("Hello", " from", " upstream")) -> list[Any]:
    words = list(words)
    whole = responses_reply("".join(words))
    item = whole["output"][0]
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    empty = {**item, "status": "in_progress", "content": []}
    part = {"type": "output_text", "text": "", "annotations": []}
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    events = [
        ("created", {"response": begun}),
        ("in_progress", {"response": begun}),
        ("output_item.added", {"output_index": 0, "item": empty}),
        ("content_part.added", {**place, "part": part}),
        *(("output_text.delta", {**place, "delta": word}) for word in words),
        ("output_text.done", {**place, "text": "".join(words)}),
        ("content_part.done", {**place, "part": item["content"][0]}),
        ("output_item.done", {"output_index": 0, "item": item}),
        ("completed", {"response": whole}),
    ]
    return [
        {"type": f"response.{name}", "sequence_number": number, **fields}
        for number, (name, fields) in enumerate(events)
    ]


def gemini_reply(
    text: str = "Hello from upstream", finish: str | None = "STOP", model: str = "fake-model"
) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    counts = {"promptTokenCount": 12, "cachedContentTokenCount": 4, "candidatesTokenCount": 5}
    return {
        "candidates": [{**candidate, "finishReason": finish} if finish else candidate],
        "usageMetadata": {**counts, "totalTokenCount": 17},
        "modelVersion": model,
        "responseId": "g1",
    }


def gemini_events(words: Iterable[str] = ("Hello", " from", " upstream")) -> list[Any]:
    *first, last = words
    return [*(gemini_reply(word, None) for word in first), gemini_reply(last)]


def friendly(request: Received) -> Answer:
    """What a well-behaved provider answers."""
    if request.method == "GET":
        return reply({"object": "list", "data": [{"id": "fake-model", "object": "model"}]})
    path, streamed = request.path.split("?")[0], request.json.get("stream")
    if path.endswith("Content"):
        return sse(gemini_events()) if ":stream" in path else reply(gemini_reply())
    model = request.json["model"]
    if path.endswith("/messages"):
        return (
            sse(messages_events(), named=True) if streamed else reply(messages_reply(model=model))
        )
    if path.endswith("/responses"):
        events = responses_events()
        return sse(events, named=True) if streamed else reply(responses_reply(model=model))
    return sse(chat_events()) if streamed else reply(chat_reply(model=model))


class FakeUpstream:
    """`with FakeUpstream() as upstream:` serves on `upstream.url` until the block ends.

    `otherwise` answers when the script has nothing (more) to say.
    """

    def __init__(self, otherwise: Callable[[Received], Answer] = friendly) -> None:
        self.otherwise = otherwise
        self.received: list[Received] = []
        self.script: deque[Answer | Callable[[Received], Answer]] = deque()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def play(self, *answers: Answer | Callable[[Received], Answer]) -> None:
        self.script.extend(answers)

    def reset(self) -> None:
        self.received.clear()
        self.script.clear()

    def wait_for(self, count: int, timeout: float = 5.0) -> list[Received]:
        wait_until(lambda: len(self.received) >= count, timeout)
        return self.received

    def __enter__(self) -> FakeUpstream:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        for task, writer in list(self._open.items()):
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*list(self._open), return_exceptions=True)
        await asyncio.sleep(0)  # lets the transports close their sockets

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._open[task] = writer
        task.add_done_callback(lambda done: self._open.pop(done, None))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        request = await _read(reader)
        if request is None:
            return False
        self.received.append(request)
        answer = self.script.popleft() if self.script else self.otherwise
        if not isinstance(answer, Answer):
            answer = answer(request)
        watch = asyncio.ensure_future(_notice_leaving(reader, request))
        try:
            return await _write(writer, answer, request)
        finally:
            watch.cancel()


async def _read(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, path, _ = first.split(" ")
    pairs = (line.split(":", 1) for line in lines)
    headers = {name.lower(): value.strip() for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(method, path, headers, body)


async def _notice_leaving(reader: asyncio.StreamReader, request: Received) -> None:
    """A caller of ours never pipelines: bytes or their end mean that it has gone."""
    while not reader.at_eof():
        await asyncio.sleep(0.005)
    request.gone_at = time.monotonic()


async def _write(writer: asyncio.StreamWriter, answer: Answer, request: Received) -> bool:
    await asyncio.sleep(answer.before)
    headers = dict(answer.headers)
    if answer.chunked:
        headers["transfer-encoding"] = "chunked"
    else:
        headers["connection"] = "close"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {answer.status} Status\r\n{lines}\r\n".encode("latin-1"))
    for piece in answer.pieces:
        if request.gone_at:
            return False
        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.chunked else piece)
        await writer.drain()
        await asyncio.sleep(answer.pause)
    if answer.ending == "hang":
        while not request.gone_at:
            await asyncio.sleep(0.005)
        return False
    if answer.ending == "cut":
        transport = writer.transport
        transport.abort()
        return False
    if answer.chunked:
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    return answer.chunked


def wait_until(condition: Callable[[], Any], timeout: float = 5.0) -> Any:
    """Polls until `condition` is truthy and returns its value; fails the test when time is up."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not true within {timeout} s: {condition}")

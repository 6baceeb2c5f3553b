"""A fake provider that plays recorded answers in odd pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from random import Random

from tests.recorded import Recording
from tests.upstream import Answer, Received, reply

_PATHS = {
    "openai_chat": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "openai_responses": "/v1/responses",
}
_GEMINI = re.compile(r"/v1beta/models/(\w+):(generateContent|streamGenerateContent\?alt=sse)")
_SIZES = (1, 2, 7, 97, 1021, 4093)  # bytes


class Provider:
    """Knows its recordings by the name of the model that is asked."""

    def __init__(self, api: str, recordings: Mapping[str, Recording]) -> None:
        self._api = api
        self._recordings = recordings

    def __call__(self, request: Received) -> Answer:
        name, streamed = self._asked(request)
        recording = self._recordings.get(name)
        if recording is None or recording.streamed != streamed:
            return reply({"error": {"message": "This was not recorded."}}, status=400)
        kind = "text/event-stream" if streamed else "application/json"
        pieces = _pieces(recording.raw, Random(name))
        return Answer(headers={"content-type": kind}, pieces=pieces)

    def _asked(self, request: Received) -> tuple[str, bool]:
        """The model, and whether a stream is wanted; no model in a request of another API."""
        if self._api == "gemini":
            called = _GEMINI.fullmatch(request.path)
            return (called[1], "stream" in called[2]) if called else ("", False)
        if request.path != _PATHS[self._api]:
            return "", False
        body = request.json
        return body["model"], body.get("stream") is True


def _pieces(raw: bytes, random: Random) -> Iterator[bytes]:
    at = 0
    while at < len(raw):
        size = random.choice(_SIZES)
        yield raw[at : at + size]
        at += size

"""A stream that passes through unchanged, watched."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.errors import UpstreamFailure
from omniroute.gateway.formats import Tap
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.usage import Usage

from .golden import ARRAY, CHUNKS, STREAM
from .wire import HEAD, chunk, function_call, sse

UPSTREAM = "gemini-3-flash-preview"
ERROR = {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}


def tapped(*pieces: bytes, model: str = UPSTREAM) -> tuple[Tap, bytes]:
    tap = FORMAT.tap(HEAD, model)
    out = b"".join(tap.feed(piece) for piece in pieces)
    return tap, out + tap.close()


def renamed(raw: bytes) -> bytes:
    return raw.replace(b'"upstream-model"', b'"my-alias"').replace(
        orjson.dumps(UPSTREAM), b'"my-alias"'
    )


def state(tap: Tap) -> Any:
    return tap.ready, tap.done, tap.error, tap.usage


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_it_passes_everything_on_however_the_bytes_are_split(cuts: list[int]):
    edges = [0, *sorted(cuts), len(STREAM)]
    tap, out = tapped(*(STREAM[start:end] for start, end in pairwise(edges)))
    assert out == renamed(STREAM)
    assert state(tap) == (True, True, None, tapped(STREAM)[0].usage)
    assert tap.usage == Usage(input=67, cache_read=40, output=50, reasoning=30)


def test_it_takes_no_truncated_stream_for_a_whole_one():
    ends = len(STREAM.rstrip(b"\r\n"))
    for length in range(len(STREAM) + 1):
        tap, out = tapped(STREAM[:length])
        assert tap.done is (length >= ends), length
        assert tap.error is None
        assert (b"finishReason" in out) is tap.done


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_it_takes_every_kind_of_line_end(end: bytes):
    raw = STREAM.replace(b"\r\n", end)
    for size in (1, 50, len(raw)):
        tap, out = tapped(*(raw[at : at + size] for at in range(0, len(raw), size)))
        assert out == renamed(raw)
        assert tap.done
    comments = b": hello\n\n" + STREAM + b": bye\n\n"
    tap, out = tapped(comments + b"data: [DONE]\n\n")
    assert out == renamed(comments)
    assert tap.done


def test_it_is_ready_with_the_first_content():
    for silent in (
        chunk(),
        chunk({"text": ""}),
        chunk({"text": "", "thoughtSignature": "c2ln"}),
        chunk("odd"),
        {"usageMetadata": {}},
        {"candidates": [{"content": "odd"}]},
    ):
        tap = FORMAT.tap(HEAD, UPSTREAM)
        tap.feed(sse(silent))
        assert not tap.ready
    for content in (
        {"text": "x"},
        {"text": "x", "thought": True},
        function_call("f"),
        {"inlineData": {"mimeType": "image/png", "data": ""}},
    ):
        tap = FORMAT.tap(HEAD, UPSTREAM)
        assert tap.feed(sse(chunk(content)))
        assert tap.ready


def test_it_holds_the_end_back_until_the_body_has_ended():
    """So that the usage is on record before the client has the whole answer."""
    tap = FORMAT.tap(HEAD, UPSTREAM)
    first, last = sse(chunk({"text": "x"})), sse(chunk({"text": "y"}, finish="STOP"))
    assert tap.feed(first) == renamed(first)
    assert tap.feed(last) == b""
    assert not tap.done
    assert tap.feed(first) == b""
    assert tap.close() == renamed(last + first)
    assert tap.done


def test_it_ends_only_after_a_reason():
    tap, out = tapped(sse(chunk({"text": "x"})))
    assert out
    assert (tap.ready, tap.done) == (True, False)
    blocked = sse({"promptFeedback": {"blockReason": "SAFETY"}})
    tap, out = tapped(blocked)
    assert out == blocked
    assert state(tap) == (False, True, None, None)
    null = sse(chunk({"text": "x"})).replace(b'"index":0', b'"finishReason":null,"index":0')
    assert not tapped(null)[0].done


def test_it_completes_a_last_event_without_its_blank_line():
    raw = STREAM.rstrip(b"\r\n")
    tap, out = tapped(raw)
    assert out == renamed(raw) + b"\n\n"
    assert tap.done


@pytest.mark.parametrize("before", [(), (chunk({"text": "x"}),)])
def test_it_stops_at_an_error_and_sends_nothing_of_it(before: Any):
    raw = sse(*before)
    tap, out = tapped(raw + sse(ERROR, chunk({"text": "y"}, finish="STOP")))
    assert out == renamed(raw)
    assert tap.error is not None
    assert (tap.error.status, tap.error.kind) == (503, "overloaded")
    assert not tap.done
    cut = FORMAT.tap(HEAD, UPSTREAM)
    assert cut.feed(raw + sse(ERROR).rstrip()) + cut.close() == renamed(raw)
    assert cut.error is not None


def test_it_takes_an_error_after_the_end_for_nothing():
    raw = sse(chunk({"text": "x"}, finish="STOP"), ERROR)
    tap, out = tapped(raw)
    assert out == renamed(raw)
    assert (tap.done, tap.error) == (True, None)


def test_it_finds_no_error_in_the_words_of_the_model():
    said = chunk({"text": '"error": {"code": 500}'}, function_call("f", {"error": "x"}))
    tap, out = tapped(sse(chunk({"text": "a"}), said, chunk(finish="STOP")))
    assert tap.error is None
    assert tap.done
    assert b'"error":"x"' in out


def test_it_fails_over_from_a_broken_call_before_any_content():
    broken = chunk(finish="MALFORMED_FUNCTION_CALL")
    broken["candidates"][0]["finishMessage"] = "print("
    tap, out = tapped(sse(broken))
    assert out == b""
    assert tap.error is not None
    assert "MALFORMED_FUNCTION_CALL: print(" in tap.error.message
    assert not tap.done
    told = sse(chunk({"text": "x"}), broken)
    tap, out = tapped(told)
    assert out == renamed(told)
    assert (tap.done, tap.error) == (True, None)


def test_it_puts_the_clients_name_for_the_model_into_every_event():
    for spelling in ("upstream-model", "gemini-3-flash-preview-09-2026", 'odd"name\\'):
        raw = sse(*({**item, "modelVersion": spelling} for item in CHUNKS))
        pretty = raw.replace(b'"modelVersion":', b'"modelVersion" :  ')
        for given_ in (raw, pretty):
            _, out = tapped(*(given_[at : at + 64] for at in range(0, len(given_), 64)))
            assert out.count(b'"my-alias"') == len(CHUNKS)
            assert orjson.dumps(spelling) not in out
    inner = chunk(function_call("f", {"modelVersion": "mine"}), modelVersion="upstream-2")
    assert b'"upstream-2"' not in tapped(sse(inner))[1]
    assert b'"mine"' in tapped(sse(inner))[1]
    escaped = sse(chunk({"text": "x"})).replace(b'"modelVersion"', b'"model\\u0056ersion"')
    assert tapped(escaped)[1] == escaped
    nameless = sse({"candidates": chunk({"text": "x"}, finish="STOP")["candidates"]})
    assert tapped(nameless)[1] == nameless


def test_it_reads_the_last_usage_only_when_somebody_asks():
    def usage(output: int) -> dict[str, Any]:
        return {"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": output}}

    tap = FORMAT.tap(HEAD, UPSTREAM)
    assert tap.usage is None
    tap.feed(sse({**chunk({"text": "a"}), **usage(1)}))
    assert tap.usage == Usage(input=10, output=1)
    tap.feed(sse({**chunk({"text": "b"}), **usage(2)}, {**chunk({"text": "c"}), **usage(3)}))
    tap.feed(sse(chunk({"text": "d"})))
    assert tap.usage == Usage(input=10, output=3)
    assert tap.usage == Usage(input=10, output=3)
    tap.feed(sse({**chunk({"text": "e"}), "usageMetadata": {"trafficType": "x"}}))
    assert tap.usage == Usage(input=10, output=3)
    for odd in (b'data: {"usageMetadata"\n\n', b'data: ["usageMetadata"]\n\n'):
        tap.feed(odd)
        assert tap.usage == Usage(input=10, output=3)
    tap.usage = None
    assert tap.usage is None


def test_it_counts_the_content_that_has_passed():
    tap = FORMAT.tap(HEAD, UPSTREAM)
    tap.feed(sse(chunk({"text": "12345"})))
    tap.feed(sse(chunk({"text": "123"}), chunk({"text": "45", "thought": True})))
    assert tap.output_bytes == 10
    tap.feed(sse(chunk(function_call("f", {"a": 1}), "odd", {"inlineData": {}})))
    assert tap.output_bytes > 20


def test_it_turns_an_array_into_events_when_the_provider_sends_one():
    for size in (1, 100, len(ARRAY)):
        tap, out = tapped(*(ARRAY[at : at + size] for at in range(0, len(ARRAY), size)))
        found = [orjson.loads(event[6:]) for event in out.split(b"\n\n")[:-1]]
        assert found == [{**item, "modelVersion": "my-alias"} for item in CHUNKS]
        assert state(tap) == (True, True, None, tapped(STREAM)[0].usage)
    for alone in (orjson.dumps([ERROR]), b"\n" + orjson.dumps(ERROR)):
        tap, out = tapped(alone)
        assert out == b""
        assert tap.error is not None


def test_it_forgives_an_empty_body():
    tap, out = tapped(b"", b"\n", b"")
    assert out.strip() == b""
    assert state(tap) == (False, False, None, None)


@pytest.mark.parametrize("raw", [b"data: nonsense\n\n", b'data: {"candidates":5}\n\n', b"[1"])
def test_it_calls_what_is_no_stream_a_fault_of_the_protocol(raw: bytes):
    if raw == b"[1":
        assert tapped(raw)[1] == b""
        return
    with pytest.raises(UpstreamFailure) as failed:
        tapped(raw)
    assert failed.value.kind == "protocol"


def test_it_refuses_an_endless_event():
    tap = FORMAT.tap(HEAD, UPSTREAM)
    tap.feed(b"data: ")
    with pytest.raises(UpstreamFailure) as failed:
        tap.feed(b"x" * (21 << 20))
    assert failed.value.kind == "too_large"

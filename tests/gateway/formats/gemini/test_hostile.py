"""Whatever a client or a provider sends: an error that says so, and never a crash."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, UpstreamError, UpstreamFailure
from omniroute.gateway.formats import FORMATS
from omniroute.gateway.formats.gemini import FORMAT

from .golden import ANSWER, CHUNKS, REQUEST
from .wire import GOOGLE, HEAD, SECOND, THIRD, events, sse

SCALARS = (None, True, 0, -1, 1.5, 1e30, 2**63, "", "x", "omniroute:", "b21uaXJvdXRl", "\ud7ff")
SHAPES = ([], [1], [[]], {}, {"a": 1}, {"type": "object"}, {"parts": []}, {"text": 1})
ODD = st.sampled_from([*SCALARS, *SHAPES, {"functionCall": {}}])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a JSON value something else may stand."""
    found = [path] if path else []
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in inner:
            found += places(item, (*path, key))
    return found


def broken(whole: Any) -> st.SearchStrategy[Any]:
    """`whole` with up to three things in it replaced or removed."""
    change = st.tuples(st.sampled_from(places(whole)), ODD | st.just(...))
    return st.lists(change, min_size=1, max_size=3).map(lambda changes: changed(whole, changes))


def changed(whole: Any, changes: list[Any]) -> Any:
    found = copy.deepcopy(whole)
    for path, value in changes:
        holder = found
        try:
            for key in path[:-1]:
                holder = holder[key]
            if value is ...:
                del holder[path[-1]]
            else:
                holder[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took this place away
    return found


@given(broken({**REQUEST, "model": "m", "stream": True}))
def test_it_survives_any_request(body: Any):
    for model in (THIRD, SECOND):
        orjson.dumps(FORMAT.passthrough(body, GOOGLE, model))
        try:
            wire = FORMAT.write_request(FORMAT.read_request(body), GOOGLE, model)
        except InvalidRequest:
            continue
        orjson.dumps(wire.body)


@given(broken(ANSWER))
def test_it_survives_any_answer(body: Any):
    FORMAT.response_usage(body)
    FORMAT.rename(copy.deepcopy(body), "alias")
    try:
        response = FORMAT.read_response(body)
    except (UpstreamError, UpstreamFailure):
        return
    for target in FORMATS.values():
        orjson.dumps(target.write_response(response, HEAD))


@given(broken(CHUNKS))
def test_it_survives_any_stream(chunks: Any):
    raw = sse(*chunks)
    try:
        found = events(raw)
    except UpstreamFailure:
        found = []
    for target in FORMATS.values():
        writer = target.writer(HEAD)
        for event in found:
            if not isinstance(event, ir.Failure):
                writer.write(event)
    tap = FORMAT.tap(HEAD, "m")
    with suppress(UpstreamFailure):
        tap.feed(raw)
        tap.close()
    assert tap.usage is None or tap.usage.output >= 0


@given(st.binary(max_size=200))
def test_it_survives_any_bytes(raw: bytes):
    tap = FORMAT.tap(HEAD, "m")
    for read in (lambda: events(raw), lambda: (tap.feed(raw), tap.close())):
        with suppress(UpstreamFailure):
            read()
    assert FORMAT.read_error(500, raw).status == 500

"""The writer's grammar under events in any order that a reader may produce."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import UpstreamError

from .grammar import checked
from .wire import head, streamed, written

START = ir.Start(id="x", model="y")
WORDS = st.text(min_size=1, max_size=4)
CUSTOM = {"type": "custom", "name": "raw"}
parts = st.one_of(
    st.builds(ir.Text, text=st.just("") | WORDS),
    st.builds(ir.Refusal, text=WORDS),
    st.builds(
        ir.Thinking,
        text=st.just("") | WORDS,
        signature=st.none() | WORDS,
        origin=st.sampled_from(["anthropic", "openai_responses", None]),
    ),
    st.builds(ir.Thinking, redacted=WORDS, origin=st.just("anthropic")),
    st.builds(
        ir.ToolCall,
        id=st.sampled_from(["", "a", "b"]),
        name=st.sampled_from(["look", "raw"]),
        arguments=st.just("") | WORDS,
        extra=st.sampled_from([{}, {"gemini": {"thoughtSignature": "s"}}]),
    ),
    st.builds(ir.ToolCall, id=st.just("c"), name=st.just("x"), freeform=st.just(True)),
    st.just(ir.Image(source=ir.Source(data="QQ==", media_type="image/png"))),
    st.just(ir.Opaque(format="anthropic", value={"type": "server_tool_use"})),
)
REASONS = ["stop", "stop_sequence", "length", "tool_calls", "content_filter", "refusal", "pause"]


@st.composite
def interleaved(draw: Any) -> list[ir.Event]:
    """The events of several parts, each part's own in order, otherwise mixed at will."""
    queues = [streamed([part]) for part in draw(st.lists(parts, max_size=5))]
    queues = [[_numbered(one, index) for one in queue] for index, queue in enumerate(queues)]
    mixed: list[ir.Event] = []
    begun = 0
    while any(queues):
        ready = [n for n, queue in enumerate(queues) if queue and n <= begun]
        chosen = draw(st.sampled_from(ready))
        mixed.append(queues[chosen].pop(0))
        begun = max(begun, chosen + 1)
    return mixed


def _numbered(event: Any, index: int) -> ir.Event:
    fields = {name: getattr(event, name) for name in event.__slots__}
    return type(event)(**{**fields, "index": index})


@given(events=interleaved(), reason=st.sampled_from(REASONS))
def test_it_writes_one_grammatical_stream(events, reason):
    of = head(tools=[CUSTOM])
    found = checked(written([START, *events, ir.Finish(reason=reason)], of))
    assert found["status"] in ("completed", "incomplete")
    said = [part.text for item in [found] for part in _texts(events)]
    shown = str(found["output"])
    assert all(repr(text)[1:-1] in shown for text in said)


def _texts(events: list[ir.Event]) -> list[Any]:
    """The deltas of texts and refusals; other parts may end in sealed form."""
    kinds = {e.index: e.part for e in events if isinstance(e, ir.PartStart)}
    return [
        e
        for e in events
        if isinstance(e, ir.PartDelta) and isinstance(kinds[e.index], ir.Text | ir.Refusal)
    ]


@given(events=interleaved(), cut=st.integers(0, 30), failed=st.booleans())
def test_it_writes_one_grammatical_stream_also_when_it_breaks(events, cut, failed):
    error = UpstreamError("It broke.", status=502, kind="server")
    last = ir.Failure(error=error) if failed else ir.Finish(reason="error")
    found = checked(written([START, *events[:cut], last, *events[cut:]]))
    assert found["status"] == "failed"


@given(events=interleaved(), cut=st.integers(0, 30))
def test_it_ends_what_nobody_has_stopped(events, cut):
    found = checked(written([START, *events[:cut], ir.Finish(reason="stop")]))
    assert all(item.get("status", "completed") == "completed" for item in found["output"])

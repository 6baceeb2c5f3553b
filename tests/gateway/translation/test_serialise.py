"""Interleaved parts become sequential ones, and nothing gets lost on the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.translation.serialise import Serialiser
from omniroute.gateway.usage import Usage


def start(index: int) -> ir.Event:
    return ir.PartStart(index=index, part=ir.ToolCall(id=str(index), name="look"))


def delta(index: int, text: str) -> ir.Event:
    return ir.PartDelta(index=index, text=text)


def stop(index: int) -> ir.Event:
    return ir.PartStop(index=index)


FINISH = ir.Finish(reason="tool_calls")


def pushed(*events: ir.Event) -> list[list[ir.Event]]:
    serialiser = Serialiser()
    return [serialiser.push(event) for event in events]


def test_it_lets_the_open_part_through_at_once_and_the_others_wait_for_it() -> None:
    first = (start(0), delta(0, "a"), start(1), delta(1, "b"), delta(0, "c"))
    assert pushed(*first, stop(0), delta(1, "d"), stop(1)) == [
        [start(0)],
        [delta(0, "a")],
        [],
        [],
        [delta(0, "c")],
        [stop(0), start(1), delta(1, "b")],
        [delta(1, "d")],
        [stop(1)],
    ]


def test_it_lets_finished_waiting_parts_out_in_the_order_of_their_starts() -> None:
    *_, last = pushed(
        start(0), start(2), start(1), delta(1, "b"), stop(1), delta(2, "c"), stop(2), stop(0)
    )
    assert last == [
        *(stop(0), start(2), delta(2, "c"), stop(2)),
        *(start(1), delta(1, "b"), stop(1)),
    ]


def test_it_stops_everything_at_the_finish() -> None:
    *_, last = pushed(start(0), start(1), delta(1, "b"), start(2), stop(2), FINISH)
    assert last == [stop(0), start(1), delta(1, "b"), stop(1), start(2), stop(2), FINISH]


def test_it_says_nothing_after_a_stop_before_a_start_or_twice() -> None:
    assert pushed(start(0), start(1), start(1), stop(1), delta(1, "x"), stop(1), start(0), stop(0))[
        -1
    ] == [stop(0), start(1), stop(1)]
    assert pushed(delta(3, "x"), stop(3)) == [[], []]


def test_it_lets_everything_else_pass_at_once() -> None:
    others: list[ir.Event] = [
        ir.Start(id="", model=""),
        ir.UsageReport(usage=Usage()),
        FINISH,
    ]
    assert pushed(*others) == [[event] for event in others]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["start", "delta", "stop"]))))
def test_it_makes_any_order_sequential_and_keeps_every_parts_text(
    steps: list[tuple[int, str]],
) -> None:
    begun: set[int] = set()
    closed: set[int] = set()
    expected: dict[int, str] = {}
    events: list[ir.Event] = []
    for number, (index, step) in enumerate(steps):
        if step == "start" and index not in begun:
            begun.add(index)
            expected[index] = ""
            events.append(start(index))
        elif step == "delta" and index in begun - closed:
            expected[index] += str(number)
            events.append(delta(index, str(number)))
        elif step == "stop" and index in begun - closed:
            closed.add(index)
            events.append(stop(index))
    order, told, current = [], {}, None
    for event in [one for group in pushed(*events, FINISH) for one in group][:-1]:
        match event:
            case ir.PartStart(index=index):
                assert current is None
                current = index
                order.append(index)
                told[index] = ""
            case ir.PartDelta(index=index, text=text):
                assert index == current
                told[index] += text
            case ir.PartStop(index=index):
                assert index == current
                current = None
    assert current is None
    assert told == expected
    assert order == list(expected)

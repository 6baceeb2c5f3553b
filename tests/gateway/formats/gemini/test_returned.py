"""What clients return of a conversation: answers cut into chunks, calls and results without ids."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir

from .wire import function_call, function_response, read, turn


def pairs(*contents: Any) -> list[tuple[str, str]]:
    """(id of call or result, name), in order."""
    found = []
    for message in read(*contents).messages:
        for part in message.parts:
            if isinstance(part, ir.ToolCall):
                found.append((part.id, part.name))
            elif isinstance(part, ir.ToolResult):
                found.append((part.call_id, part.name or ""))
    return found


def test_it_puts_an_answer_together_that_comes_back_cut_as_it_was_streamed():
    """Google's SDKs keep every chunk, as a part or as a content of its own."""
    signed = {"text": "", "thoughtSignature": "c2ln"}
    whole = ir.Message(
        role="assistant",
        parts=(
            ir.Thinking(text="Hmm.", origin="gemini"),
            ir.Text(text="Let me look."),
            ir.Text(text="", extra={"gemini": {"thoughtSignature": "c2ln"}}),
            ir.Text(text="Done."),
        ),
    )
    pieces: list[Any] = [
        {"text": "Hm", "thought": True},
        {"text": "m.", "thought": True},
        {"text": "Let me "},
        {"text": "look."},
        signed,
        {"text": ""},
        {"text": "Do"},
        {"text": "ne."},
    ]
    asked = turn("user", {"text": "a"}, {"text": "b"})
    for contents in ([turn("model", *pieces)], [turn("model", piece) for piece in pieces]):
        request = read(asked, *contents, asked, asked)
        assert request.messages[1] == whole
        assert [len(message.parts) for message in request.messages] == [2, 4, 2, 2]
    silent = read(asked, turn("model", {"text": ""}), turn("model"), asked)
    assert [message.role for message in silent.messages] == ["user", "user"]


def test_it_pairs_calls_without_ids_by_their_name_and_order():
    calls = turn("model", function_call("f"), function_call("g"), function_call("f"))
    answers = turn("user", *(function_response(name, {}) for name in ("f", "f", "g")))
    found = pairs(calls, answers)
    assert len({call_id for call_id, _ in found[:3]}) == 3
    assert found[3:] == [found[0], found[2], found[1]]
    assert pairs(calls, answers, calls)[:6] == found, "not the same in a longer conversation"


def test_it_pairs_by_id_where_there_is_one():
    calls = turn("model", function_call("f", id="a"), function_call("f", id="b"))
    swapped = turn("user", function_response("f", {}, id="b"), function_response("f", {}, id="a"))
    assert [call_id for call_id, _ in pairs(calls, swapped)] == ["a", "b", "b", "a"]
    only_results = turn("user", function_response("f", {}, id="x"))
    [(call_id, _), (answered, _)] = pairs(turn("model", function_call("f")), only_results)
    assert answered == call_id
    only_calls = turn("user", function_response("f", {}))
    assert pairs(turn("model", function_call("f", id="a")), only_calls) == [("a", "f"), ("a", "f")]


def test_it_gives_a_result_without_a_call_an_id_that_no_call_has():
    orphans = turn("user", function_response("f", {}), function_response("f", {}, id="z"))
    known = turn("model", function_call("f", id="a"), function_call("g"))
    ids = [call_id for call_id, _ in pairs(orphans, known)]
    assert len(set(ids)) == 4
    assert "z" in ids
    other = turn("user", function_response("f", {}, id="z"))
    assert [call_id for call_id, _ in pairs(known, other)][2] == "z"

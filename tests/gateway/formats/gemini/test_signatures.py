"""Thought signatures: back on the part that had them, a stand-in where Gemini 3 demands one, and
the luggage of other families in them."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import orjson
import pytest

from omniroute.gateway import ir
from omniroute.gateway.formats import FORMATS
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.formats.gemini.luggage import Luggage, is_ours, unpacked
from omniroute.gateway.snapshot import Model

from .wire import (
    GOOGLE,
    HEAD,
    SECOND,
    THIRD,
    assistant,
    body,
    call,
    contents,
    events,
    function_call,
    function_response,
    parts,
    read,
    result,
    said,
    stream_of,
    turn,
    user,
    wrote,
)

DUMMY = "skip_thought_signature_validator"
CLAUDE = ir.Thinking(text="Let me think 🐎.", signature="sig+/==", origin="anthropic")
SEALED = ir.Thinking(redacted="data", origin="anthropic")
UNSIGNED = ir.Thinking(text="Hmm.", origin="openai_chat")


def marks(turns: list[Any]) -> list[list[str | None]]:
    """The signature of every call, turn by turn."""
    return [
        [part.get("thoughtSignature") for part in each["parts"] if "functionCall" in part]
        for each in turns
        if each["role"] == "model"
    ]


def steps(*calls: tuple[ir.ToolCall, ...]) -> list[ir.Message]:
    """One turn of the model in several steps, each answered."""
    found = []
    for each in calls:
        found += [assistant("So.", *each), user(*(result(one.id) for one in each))]
    return found


# --- back on the part that had them ---


def test_it_gives_every_signature_back_on_its_own_part():
    signed = call("a", thoughtSignature="Zmlyc3Q=")
    history = [user("Hi"), *steps((signed, call("b")), (call("c", thoughtSignature="c2Vj"),))]
    assert marks(contents(*history)) == [["Zmlyc3Q=", None], ["c2Vj"]]
    assert marks(contents(*history, model=SECOND)) == [["Zmlyc3Q=", None], ["c2Vj"]]


def test_it_takes_a_signature_through_an_anthropic_client_and_back():
    anthropic = FORMATS["anthropic"]
    raw = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"}
    answer = FORMAT.read_response({"candidates": [{"content": {"parts": [raw]}}]})
    message = anthropic.write_response(answer, HEAD)
    assert [block["type"] for block in message["content"]] == ["thinking", "tool_use"]
    asked = {
        "model": "m",
        "max_tokens": 9,
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": message["content"]},
        ],
    }
    wire = FORMAT.write_request(anthropic.read_request(asked), GOOGLE, THIRD)
    assert marks(wire.body["contents"]) == [["c2ln"]]


def test_it_takes_a_signature_through_a_chat_client_and_back():
    chat = FORMATS["openai_chat"]
    raw = {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"}
    answer = FORMAT.read_response({"candidates": [{"content": {"parts": [raw]}}]})
    message = chat.write_response(answer, HEAD)["choices"][0]["message"]
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}, message]}
    wire = FORMAT.write_request(chat.read_request(asked), GOOGLE, THIRD)
    assert marks(wire.body["contents"]) == [["c2ln"]]


# --- the stand-in ---


def test_it_signs_the_first_call_of_every_step_of_the_current_turn_and_no_other():
    history = [
        user("Hi"),
        *steps((call("a"), call("b"))),
        assistant("Done."),
        user("Again."),
        *steps((call("c"), call("d")), (call("e"),)),
    ]
    turns = contents(*history)
    assert marks(turns) == [[None, None], [], [DUMMY, None], [DUMMY]]
    texts = [part for each in turns for part in each["parts"] if "text" in part]
    assert not any("thoughtSignature" in part for part in texts)


def test_it_signs_nothing_for_a_turn_that_is_over():
    history = [user("Hi"), *steps((call("a"),)), assistant("Done."), user("Thanks.")]
    assert DUMMY not in repr(contents(*history))


def test_it_leaves_a_real_signature_alone_and_signs_only_what_lacks_one():
    signed = call("b", thoughtSignature="c2ln")
    history = [user("Hi"), *steps((call("a"),), (signed, call("c")))]
    assert marks(contents(*history)) == [[DUMMY], ["c2ln", None]]


def test_it_knows_the_models_that_demand_a_signature():
    history = [user("Hi"), *steps((call("a"),))]
    for model in (THIRD, Model(id="gemini-3-flash"), Model(id="gemini-4-argon")):
        assert marks(contents(*history, model=model)) == [[DUMMY]]
    for model in (SECOND, Model(id="gemini-2.5-pro"), Model(id="claude-sonnet-4"), Model(id="m")):
        assert marks(contents(*history, model=model)) == [[None]]


def test_it_counts_text_beside_results_to_the_turn_that_goes_on():
    history = [user("Hi"), assistant(call("a")), user(result("a"), "Hurry!")]
    assert marks(contents(*history)) == [[DUMMY]]


# --- luggage ---


def back(*turns: Any) -> list[ir.Part]:
    """What the hub reads from a client that returns these turns."""
    return [part for message in read(*turns).messages for part in message.parts]


@pytest.mark.parametrize("streamed", [True, False])
def test_it_carries_the_thinking_of_another_family_on_the_call_behind_it(streamed: bool):
    """Clients of this format return the signatures of calls and text, but no thoughts."""
    answer = (CLAUDE, SEALED, UNSIGNED, call("a", "f", '{"x":1}'))
    told = spoken(answer, streamed=streamed)
    assert [part for part in told if part.get("thought")] == [
        {"text": CLAUDE.text, "thought": True},
        {"text": UNSIGNED.text, "thought": True},
    ]
    returned = [part for part in told if not part.get("thought") and part.get("text") != ""]
    assert back(*(turn("model", part) for part in told if part.get("text") != "")) == list(answer)
    assert back(turn("model", *returned)) == list(answer)
    assert back(turn("model", *(part for part in told if part.get("text") != ""))) == list(answer)


def spoken(answer: tuple[ir.Part, ...], *, streamed: bool) -> list[Any]:
    if streamed:
        return said(wrote(stream_of(*answer)))
    response = ir.Response(id="x", model="m", parts=answer, finish="stop")
    found: list[Any] = FORMAT.write_response(response, HEAD)["candidates"][0]["content"]["parts"]
    return found


@pytest.mark.parametrize("streamed", [True, False])
def test_it_carries_only_sealed_thinking_on_text(streamed: bool):
    told = spoken((UNSIGNED, CLAUDE, ir.Text(text="Hello")), streamed=streamed)
    carried = [part for part in told if "thoughtSignature" in part]
    assert len(carried) == 1
    assert carried[0]["text"] == "Hello"
    assert back(turn("model", *carried)) == [CLAUDE, ir.Text(text="Hello")]


@pytest.mark.parametrize("streamed", [True, False])
def test_it_carries_thinking_with_nothing_behind_it_on_an_empty_text(streamed: bool):
    told = spoken((ir.Text(text="Hello"), CLAUDE), streamed=streamed)
    assert told[-1].keys() == {"text", "thoughtSignature"}
    assert told[-1]["text"] == ""
    assert back(turn("model", *told)) == [ir.Text(text="Hello"), CLAUDE]


def test_it_never_puts_luggage_on_a_signature_of_geminis_own():
    signed = call("a", thoughtSignature="c2ln")
    told = spoken((CLAUDE, signed, call("b")), streamed=False)
    assert told[1]["thoughtSignature"] == "c2ln"
    assert is_ours(told[2]["thoughtSignature"])
    own = ir.Thinking(text="Hm", signature="c2ln", origin="gemini")
    told = spoken((own, call("b")), streamed=False)
    assert told[0] == {"text": "Hm", "thought": True, "thoughtSignature": "c2ln"}
    assert "thoughtSignature" not in told[1]


def test_it_speaks_base64_as_sdks_demand_and_reads_both_alphabets():
    """Google's SDK holds signatures as bytes, and sends them back in the alphabet for URLs."""
    [_, part] = spoken((CLAUDE, call("a")), streamed=False)
    signature = part["thoughtSignature"]
    returned = urlsafe_b64encode(urlsafe_b64decode(signature.replace("+", "-").replace("/", "_")))
    for spelling in (signature, returned.decode(), signature.rstrip("=")):
        assert is_ours(spelling)
        assert unpacked(spelling) == [CLAUDE]


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"[1]", b'[["x"]]', b'[["x","y"]]', b'[[1,"omniroute:e30"]]', b"nonsense"],
)
def test_it_reads_nothing_from_luggage_that_was_tampered_with(payload: bytes):
    signature = b64encode(b"omniroute" + payload).decode()
    assert is_ours(signature)
    assert unpacked(signature) == []
    assert unpacked(signature + "é") == []
    [part] = back(turn("model", {"text": "x", "thoughtSignature": signature}))
    assert part == ir.Text(text="x")


def test_it_takes_no_signature_of_geminis_for_luggage():
    for signature in ("EqADCp0DAQw51sct", "", None, 5):
        assert not is_ours(signature)
    luggage = Luggage()
    luggage.add(ir.Thinking(origin="anthropic"))
    assert luggage.onto({"functionCall": {}}) == {"functionCall": {}}
    luggage.add(CLAUDE)
    image = {"inlineData": {}}
    assert luggage.onto(image) is image


# --- the same format: nothing of the gateway's reaches Google ---


def passed(*turns: Any, model: Model = THIRD) -> list[Any]:
    found: list[Any] = FORMAT.passthrough(body(*turns), GOOGLE, model)["contents"]
    return found


def test_it_cleans_luggage_off_a_request_for_google():
    [thought, sealed] = spoken((CLAUDE, call("a", "f")), streamed=False)
    [*_, empty] = spoken((ir.Text(text="x"), CLAUDE), streamed=False)
    signature = sealed["thoughtSignature"]
    snake = {"function_call": sealed["functionCall"], "thought_signature": signature}
    history = [
        turn("user", {"text": "Hi"}),
        turn("model", {"text": "x"}, empty),
        turn("model", empty),
        turn("user", {"text": "Go on"}),
        turn("model", thought, sealed),
        turn("user", function_response("f", {}, id="a")),
        turn("model", snake),
    ]
    for model in (THIRD, SECOND):
        found = passed(*history, model=model)
        assert not any(is_ours(value) for value in strings(found))
        assert [len(each["parts"]) for each in found] == [1, 1, 1, 2, 1, 1]
        assert found[0] is history[0]
    found = passed(*history)
    assert [part.get("thoughtSignature") for part in found[3]["parts"]] == [None, DUMMY]
    assert found[5]["parts"][0]["thoughtSignature"] == DUMMY


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


def test_it_signs_the_calls_of_other_families_in_a_request_for_gemini_3():
    asked = turn("user", {"text": "Hi"})
    called = turn("model", function_call("f", id="a"), function_call("g", id="b"))
    answered = turn("user", function_response("f", {}), function_response("g", {}))
    found = passed(asked, called, answered)
    assert marks(found) == [[DUMMY, None]]
    assert "thoughtSignature" not in repr(called), "the caller's body was changed"
    assert passed(asked, called, answered, model=SECOND) == [asked, called, answered]


def test_it_leaves_a_request_that_needs_nothing_as_it_is():
    signed = function_call("f", id="a", thoughtSignature="c2ln")
    given = body(turn("user", {"text": "Hi"}), turn("model", signed), turn("user", {"x": 1}))
    found = FORMAT.passthrough(given, GOOGLE, THIRD)
    assert found["contents"] is given["contents"]


@pytest.mark.parametrize(
    "odd",
    [
        "x",
        5,
        {},
        {"role": "model", "parts": "x"},
        {"role": "model", "parts": ["x", {"functionCall": None}]},
        {"role": "user", "parts": [5]},
    ],
)
def test_it_passes_on_what_it_does_not_understand(odd: Any):
    given = body(odd, odd)
    assert FORMAT.passthrough(given, GOOGLE, THIRD)["contents"] is given["contents"]
    assert FORMAT.passthrough({**body(), "contents": odd}, GOOGLE, THIRD)["contents"] == odd


def test_it_keeps_luggage_whole_through_a_stream_in_small_pieces():
    told = wrote(stream_of(CLAUDE, call("a", "f", '{"x":1}')))
    raw = b"".join(b"data: " + orjson.dumps(item) + b"\n\n" for item in told)
    [thought, called, *_] = parts(events(*(raw[at : at + 3] for at in range(0, len(raw), 3))))
    assert isinstance(thought, ir.Thinking)
    assert isinstance(called, ir.ToolCall)
    assert is_ours(called.extra["gemini"]["thoughtSignature"])

"""A conversation of the hub as `contents`: who speaks when, results behind their calls, media."""

from __future__ import annotations

from typing import Any

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, Unsupported
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.snapshot import Model

from .wire import (
    GOOGLE,
    OTHER,
    PIXEL,
    SECOND,
    THIRD,
    assistant,
    call,
    contents,
    result,
    system,
    user,
    write,
)

IMAGE = ir.Image(source=ir.Source(media_type="image/png", data=PIXEL))
INLINE = {"inlineData": {"mimeType": "image/png", "data": PIXEL}}


def texts(turns: list[Any]) -> list[tuple[str, list[str]]]:
    return [(turn["role"], [part["text"] for part in turn["parts"]]) for turn in turns]


def test_it_puts_leading_system_text_apart_and_later_text_in_its_place():
    wire = write(
        system("One.", "", "Two."), system("Three."), user("Hi"), assistant("Yes?"), system("Stop.")
    )
    assert wire.body["systemInstruction"] == {
        "parts": [{"text": "One."}, {"text": "Two."}, {"text": "Three."}]
    }
    assert texts(wire.body["contents"]) == [
        ("user", ["Hi"]),
        ("model", ["Yes?"]),
        ("user", ["<system>\nStop.\n</system>"]),
    ]
    assert wire.losses == ("messages.role",)


def test_it_lets_a_lone_system_prompt_ask():
    wire = write(system("Write a poem."))
    assert texts(wire.body["contents"]) == [("user", ["Write a poem."])]
    assert "systemInstruction" not in wire.body
    assert wire.losses == ("messages.role",)


def test_it_refuses_a_conversation_without_content():
    for messages in ((), (user(""),), (assistant(ir.Thinking(text="x")),)):
        with pytest.raises(InvalidRequest):
            write(*messages, messages=messages)


def test_it_refuses_pictures_of_the_system_and_names_foreign_parts_of_it():
    with pytest.raises(Unsupported):
        write(system(IMAGE), user("Hi"))
    wire = write(system(ir.Opaque(format="anthropic", value={}), "S"), user("Hi"))
    assert wire.body["systemInstruction"] == {"parts": [{"text": "S"}]}
    assert wire.losses == ("messages.content",)


def test_it_makes_one_content_of_what_one_side_says_but_never_one_part():
    signed = ir.Text(text="b", extra={"gemini": {"thoughtSignature": "c2ln"}})
    turns = contents(user("a"), user("b"), assistant("c"), assistant(signed, "d"), user("", "e"))
    assert [turn["role"] for turn in turns] == ["user", "model", "user"]
    assert turns[1]["parts"] == [
        {"text": "c"},
        {"text": "b", "thoughtSignature": "c2ln"},
        {"text": "d"},
    ]
    assert turns[2]["parts"] == [{"text": "e"}]


def test_it_keeps_a_signature_on_an_empty_text():
    """Gemini ends an answer with one, and wants it back."""
    signed = ir.Text(text="", extra={"gemini": {"thoughtSignature": "c2ln"}})
    turns = contents(user("a"), assistant("b", signed, ir.Text(text="")), user("c"))
    assert turns[1]["parts"] == [{"text": "b"}, {"text": "", "thoughtSignature": "c2ln"}]


def test_it_lets_the_user_begin():
    turns = contents(assistant("Hello!"), user("Hi"))
    assert [turn["role"] for turn in turns] == ["user", "model", "user"]
    assert turns[0]["parts"][0]["text"]


def test_it_puts_parallel_results_from_separate_messages_into_one_content():
    turns = contents(
        user("Hi"),
        assistant("Let me see.", call("c1", "f"), call("c2", "g")),
        user(result("c1", "1")),
        user(result("c2", "2")),
        user("And?"),
    )
    assert [turn["role"] for turn in turns] == ["user", "model", "user"]
    assert turns[2]["parts"] == [
        {"functionResponse": {"id": "c1", "name": "f", "response": {"result": "1"}}},
        {"functionResponse": {"id": "c2", "name": "g", "response": {"result": "2"}}},
        {"text": "And?"},
    ]


def test_it_answers_calls_in_the_order_of_the_calls_with_the_names_of_the_calls():
    turns = contents(
        user("Hi"),
        assistant(call("a", "f"), call("b", "g")),
        user("Wait:", result("b", "2"), result("a", "1")),
    )
    answered = [part.get("functionResponse") for part in turns[2]["parts"]]
    assert [(each["id"], each["name"]) for each in answered[:2]] == [("a", "f"), ("b", "g")]
    assert turns[2]["parts"][2] == {"text": "Wait:"}


def test_it_repairs_missing_and_orphaned_results():
    wire = write(
        user("Hi", result("gone")),
        assistant(call("a"), call("b")),
        user(result("b")),
        assistant(call("c")),
    )
    turns = wire.body["contents"]
    assert [turn["role"] for turn in turns] == ["user", "model", "user", "model", "user"]
    calls = [sum("functionCall" in part for part in turn["parts"]) for turn in turns]
    results = [sum("functionResponse" in part for part in turn["parts"]) for turn in turns]
    assert (calls, results) == ([0, 2, 0, 1, 0], [0, 0, 2, 0, 1])
    assert "error" in turns[2]["parts"][0]["functionResponse"]["response"]
    assert wire.losses == ("messages.tool_result", "messages.tool_result.missing")


def test_it_tells_repeated_ids_apart():
    wire = write(
        user("Hi"),
        assistant(call("0", "f")),
        user(result("0", "one")),
        assistant(call("0", "g")),
        user(result("0", "two")),
    )
    ids = [
        inner["id"]
        for turn in wire.body["contents"]
        for part in turn["parts"]
        for inner in part.values()
        if isinstance(inner, dict)
    ]
    assert ids[0] == ids[1] == "0"
    assert ids[2] == ids[3] != "0"
    assert wire.ids == {ids[2]: "0"}


@pytest.mark.parametrize(
    ("arguments", "args"),
    [
        ('{"a":1}', {"a": 1}),
        ("", {}),
        ("{}", {}),
        ("[1]", {"arguments": "[1]"}),
        ("null", {"arguments": "null"}),
        ('{"a":', {"arguments": '{"a":'}),
        ("[" * 300 + "]" * 300, {"arguments": "[" * 300 + "]" * 300}),
    ],
)
def test_it_makes_an_object_of_any_arguments(arguments: str, args: Any):
    turns = contents(user("Hi"), assistant(call("a", arguments=arguments)))
    assert turns[1]["parts"][0]["functionCall"]["args"] == args


@pytest.mark.parametrize(
    ("given", "response"),
    [
        (result("a", "22"), {"result": "22"}),
        (result("a", "1", "2"), {"result": "1\n2"}),
        (result("a", "no", is_error=True), {"error": "no"}),
        (ir.ToolResult(call_id="a"), {"result": ""}),
        (result("a", "x", extra={"gemini": {"response": {"t": 22}}}), {"t": 22}),
        (result("a", "x", extra={"gemini": {"response": "odd"}}), {"result": "x"}),
        (result("a", '{"t": 22}'), {"result": '{"t": 22}'}),
    ],
)
def test_it_makes_an_object_of_any_result(given: ir.ToolResult, response: Any):
    turns = contents(user("Hi"), assistant(call("a")), user(given))
    [answered] = turns[2]["parts"]
    assert answered["functionResponse"]["response"] == response


def test_it_puts_media_into_a_result_for_gemini_3_and_beside_it_for_others():
    messages = (
        user("Hi"),
        assistant(call("a"), call("b")),
        user(result("a", "see", IMAGE), result("b", IMAGE)),
        user("So?"),
    )
    [first, second, text] = contents(*messages)[2]["parts"]
    assert first["functionResponse"]["parts"] == [INLINE]
    assert first["functionResponse"]["response"] == {"result": "see"}
    assert second["functionResponse"]["parts"] == [INLINE]
    assert text == {"text": "So?"}
    [one, two, image, other, text] = contents(*messages, model=SECOND)[2]["parts"]
    assert "parts" not in one["functionResponse"]
    assert one["functionResponse"]["response"]["result"].startswith("see\n[")
    assert two["functionResponse"]["response"]["result"].startswith("[")
    assert (image, other, text) == (INLINE, INLINE, {"text": "So?"})


def test_it_refuses_what_a_result_cannot_hold():
    odd = ir.Opaque(format="anthropic", value={"type": "tool_reference"})
    with pytest.raises(Unsupported):
        write(user("Hi"), assistant(call("a")), user(result("a", odd)))
    nested = ir.ToolResult(call_id="x")
    with pytest.raises(Unsupported):
        write(user("Hi"), assistant(call("a")), user(result("a", nested)))


def test_it_drops_the_thinking_of_other_families_and_keeps_its_own():
    foreign = ir.Thinking(text="hm", signature="sig", origin="anthropic")
    unsigned = ir.Thinking(text="hm", origin="openai_chat")
    sealed = ir.Thinking(redacted="data", origin="gemini")
    own = ir.Thinking(text="hm", signature="c2ln", origin="gemini")
    bare = ir.Thinking(text="", signature="c2ln", origin="gemini")
    wire = write(user("a"), assistant(foreign, unsigned, sealed, own, bare, "b"), user("c"))
    assert wire.body["contents"][1]["parts"] == [
        {"text": "hm", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "", "thought": True, "thoughtSignature": "c2ln"},
        {"text": "b"},
    ]
    assert wire.losses == ("messages.thinking",)
    only = write(user("a"), assistant(foreign), user("c"))
    assert texts(only.body["contents"]) == [("user", ["a", "c"])]


def test_it_takes_a_refusal_for_text():
    assert contents(user("a"), assistant(ir.Refusal(text="No."), ir.Refusal(text="")))[1] == {
        "role": "model",
        "parts": [{"text": "No."}],
    }


def test_it_never_drops_what_a_user_sends_in_silence():
    odd = ir.Opaque(format="anthropic", value={"type": "container_upload"})
    with pytest.raises(Unsupported):
        write(user(odd))
    wire = write(user("a"), assistant(odd, "b"), user("c"))
    assert wire.losses == ("messages.content",)
    own = ir.Opaque(format="gemini", value={"executableCode": {"code": "1"}})
    assert contents(user("a"), assistant(own))[1]["parts"] == [own.value]


def test_it_names_the_marks_on_messages_that_stay_behind():
    marked = ir.Text(text="a", extra={"anthropic": {"cache_control": {}}, "odd": 1})
    message = ir.Message(role="user", parts=(marked,), extra={"openai_chat": {"name": "bob"}})
    wire = write(message)
    assert wire.body["contents"] == [{"role": "user", "parts": [{"text": "a"}]}]
    assert wire.losses == ("messages.cache_control", "messages.name")
    own = FORMAT.read_request(
        {"model": "m", "contents": [{"role": "user", "parts": [{"text": "a"}], "extraKey": 1}]}
    )
    assert FORMAT.write_request(own, GOOGLE, THIRD).losses == ("messages.extraKey",)


# --- media ---


@pytest.mark.parametrize(
    ("part", "want"),
    [
        (IMAGE, INLINE),
        (
            ir.Image(source=ir.Source(data=PIXEL)),
            {"inlineData": {"mimeType": "image/jpeg", "data": PIXEL}},
        ),
        (
            ir.Document(source=ir.Source(media_type="text/plain", data="aGk=")),
            {"inlineData": {"mimeType": "text/plain", "data": "aGk="}},
        ),
        (
            ir.Document(source=ir.Source(data="aGk=")),
            {"inlineData": {"mimeType": "application/pdf", "data": "aGk="}},
        ),
        (
            ir.Audio(source=ir.Source(media_type="audio/wav", data="aGk=")),
            {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}},
        ),
        (
            ir.Image(source=ir.Source(url="https://example.com/a.png?x=1")),
            {"fileData": {"mimeType": "image/png", "fileUri": "https://example.com/a.png?x=1"}},
        ),
        (
            ir.Image(source=ir.Source(url="https://example.com/a")),
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.com/a"}},
        ),
        (
            ir.Document(source=ir.Source(url="https://example.com/a", media_type="text/html")),
            {"fileData": {"mimeType": "text/html", "fileUri": "https://example.com/a"}},
        ),
    ],
)
def test_it_writes_media_inline_or_as_a_link_that_google_fetches(part: ir.Part, want: Any):
    wire = write(user(part))
    assert wire.body["contents"][0]["parts"] == [want]
    assert wire.losses == ()


@pytest.mark.parametrize(
    "part",
    [
        ir.Image(source=ir.Source(url="https://example.com/a.png")),
        ir.Document(source=ir.Source(url="https://example.com/a.pdf")),
    ],
)
def test_it_refuses_a_link_where_nobody_would_fetch_it(part: ir.Part):
    with pytest.raises(Unsupported) as refused:
        write(user(part), provider=OTHER)
    assert "as data" in refused.value.message


def test_it_refuses_a_file_of_another_provider():
    part = ir.Document(source=ir.Source(file_id="file_1"))
    with pytest.raises(Unsupported) as refused:
        write(user(part))
    assert "file id" in refused.value.message
    own = ir.Image(source=ir.Source(file_id="gs://bucket/a.png"))
    turns = write(user(own), format="gemini").body["contents"]
    assert turns[0]["parts"] == [
        {"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/a.png"}}
    ]


def test_it_refuses_pictures_for_a_model_that_takes_none():
    with pytest.raises(Unsupported):
        write(user(IMAGE), model=Model(id="m", images=False))


def test_it_names_what_a_picture_and_a_document_lose():
    image = ir.Image(source=IMAGE.source, detail="high")
    document = ir.Document(source=ir.Source(data="aGk="), name="a.pdf")
    wire = write(user(image, document, ir.Image(source=IMAGE.source, detail="auto")))
    assert wire.losses == ("messages.document.name", "messages.image.detail")
    own = write(user(document), format="gemini")
    assert own.losses == ()
    assert own.body["contents"][0]["parts"][0]["inlineData"]["displayName"] == "a.pdf"

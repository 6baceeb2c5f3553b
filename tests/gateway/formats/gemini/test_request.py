"""A client's request into the hub's, in either spelling and in every shape that clients send."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.formats.gemini.spelling import alike

from .golden import REQUEST
from .wire import PIXEL, body, function_call, function_response, read, turn

DATA = {"args", "response", "labels", "parametersJsonSchema", "responseJsonSchema"}


def snake(value: Any) -> Any:
    """Everything of Google's in snake_case."""
    if isinstance(value, list):
        return [snake(item) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name, item in value.items():
        spelled = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
        found[spelled] = item if name in DATA else snake(item)
    return found


def test_it_reads_both_spellings_alike():
    asked = {**REQUEST, "model": "m", "stream": True}
    assert snake(asked)["contents"][1]["parts"][1]["function_call"]["args"] == {"city": "Brno"}
    assert "generation_config" in snake(asked)
    tools = snake(asked)
    assert tools["tools"][1] == {"google_search": {}}
    found, want = FORMAT.read_request(tools), FORMAT.read_request(asked)
    assert found == want
    assert want.extra["gemini"]["labels"] == {"team_name": "a"}


@given(
    st.recursive(
        st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a_b", "args"]), inner),
    )
)
def test_it_spells_alike_what_is_spelled_alike_already(value: Any):
    assert alike(alike(value)) == alike(value)


def test_it_does_not_touch_the_names_that_the_client_chose():
    args = {"my_arg": {"some_key": 1}}
    request = read(turn("model", {"function_call": {"name": "do_it", "args": args}}))
    [call] = request.messages[0].parts
    assert isinstance(call, ir.ToolCall)
    assert call.arguments == '{"my_arg":{"some_key":1}}'
    deep: Any = {"a_b": 1}
    for _ in range(600):
        deep = {"x": deep}
    assert FORMAT.read_request(body(own=deep)).extra["gemini"]["own"]


@pytest.mark.parametrize(
    "given_",
    [
        "Be brief.",
        {"parts": [{"text": "Be brief."}]},
        {"role": "system", "parts": [{"text": "Be brief."}]},
        {"parts": {"text": "Be brief."}},
        {"text": "Be brief."},
        [{"text": "Be brief."}],
    ],
)
def test_it_reads_the_system_instruction_in_every_shape(given_: Any):
    for name in ("systemInstruction", "system_instruction"):
        request = read(**{name: given_})
        assert request.messages[0] == ir.Message(role="system", parts=(ir.Text(text="Be brief."),))


def test_it_reads_one_content_where_a_list_is_due():
    request = FORMAT.read_request({"model": "m", "contents": {"parts": {"text": "Hi"}}})
    assert request.messages == (ir.Message(role="user", parts=(ir.Text(text="Hi"),)),)


def test_it_reads_the_roles():
    roles = [turn(role, {"text": "x"}) for role in ("user", "model", "function", "")]
    request = read(*roles, {"parts": [{"text": "x"}]})
    assert [message.role for message in request.messages] == [
        "user",
        "assistant",
        "user",
        "user",
        "user",
    ]


@pytest.mark.parametrize(
    ("part", "want"),
    [
        ({"text": "a"}, ir.Text(text="a")),
        ({"text": "a", "thought": False}, ir.Text(text="a")),
        ({"text": "a", "thoughtSignature": ""}, ir.Text(text="a")),
        (
            {"text": "", "thoughtSignature": "c2ln"},
            ir.Text(text="", extra={"gemini": {"thoughtSignature": "c2ln"}}),
        ),
        (
            {"thoughtSignature": "c2ln"},
            ir.Text(text="", extra={"gemini": {"thoughtSignature": "c2ln"}}),
        ),
        (
            {"text": "a", "partMetadata": {"k_v": 1}},
            ir.Text(text="a", extra={"gemini": {"partMetadata": {"k_v": 1}}}),
        ),
        (
            {"text": "a", "thought": True, "thoughtSignature": "c2ln"},
            ir.Thinking(text="a", signature="c2ln", origin="gemini"),
        ),
        ({"text": "a", "thought": True}, ir.Thinking(text="a", origin="gemini")),
        (
            {"inlineData": {"mimeType": "image/png", "data": PIXEL}},
            ir.Image(source=ir.Source(media_type="image/png", data=PIXEL)),
        ),
        (
            {"inline_data": {"mime_type": "image/png", "data": "-_8="}},
            ir.Image(source=ir.Source(media_type="image/png", data="+/8=")),
        ),
        (
            {"inlineData": {"mimeType": "audio/mpeg", "data": "aGk="}},
            ir.Audio(source=ir.Source(media_type="audio/mpeg", data="aGk=")),
        ),
        (
            {
                "inlineData": {
                    "mimeType": "application/pdf",
                    "data": "aGk=",
                    "displayName": "a.pdf",
                }
            },
            ir.Document(source=ir.Source(media_type="application/pdf", data="aGk="), name="a.pdf"),
        ),
        (
            {"inlineData": {"mimeType": "text/csv", "data": ""}, "mediaResolution": {"level": "x"}},
            ir.Document(
                source=ir.Source(media_type="text/csv", data=""),
                extra={"gemini": {"mediaResolution": {"level": "x"}}},
            ),
        ),
        (
            {"fileData": {"mimeType": "image/png", "fileUri": "https://example.com/x"}},
            ir.Image(source=ir.Source(media_type="image/png", url="https://example.com/x")),
        ),
        (
            {"fileData": {"fileUri": "https://example.com/x.pdf"}},
            ir.Document(
                source=ir.Source(media_type="application/pdf", url="https://example.com/x.pdf")
            ),
        ),
        (
            {"fileData": {"mimeType": "audio/wav", "fileUri": "gs://bucket/x"}},
            ir.Audio(source=ir.Source(media_type="audio/wav", file_id="gs://bucket/x")),
        ),
        (
            {
                "fileData": {
                    "mimeType": "image/png",
                    "fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a",
                }
            },
            ir.Image(
                source=ir.Source(
                    media_type="image/png",
                    file_id="https://generativelanguage.googleapis.com/v1beta/files/a",
                )
            ),
        ),
    ],
)
def test_it_reads_every_kind_of_part(part: Any, want: ir.Part):
    [found] = read(turn("user", part)).messages[0].parts
    assert found == want


@pytest.mark.parametrize(
    "part",
    [
        {"fileData": {"fileUri": "https://youtu.be/x", "mimeType": "video/mp4"}},
        {"fileData": {"fileUri": "https://example.com/unknown"}},
        {"inlineData": {"mimeType": "video/mp4", "data": "aGk="}, "videoMetadata": {"fps": 1}},
        {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "c2ln"},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK"}},
        {"toolCall": {"toolType": "x"}},
        {"somethingNew": 1},
    ],
)
def test_it_keeps_whole_what_the_hub_has_no_word_for(part: Any):
    [found] = read(turn("user", part)).messages[0].parts
    assert found == ir.Opaque(format="gemini", value=part)


@pytest.mark.parametrize(
    ("response", "text", "failed"),
    [
        ({"result": "22"}, "22", False),
        ({"output": "22"}, "22", False),
        ({"error": "no"}, "no", True),
        ({"error": {"code": 1}}, '{"code":1}', True),
        ({"output": [1]}, "[1]", False),
        ({"temperature": 22}, '{"temperature":22}', False),
        ({"result": "a", "error": "b"}, '{"result":"a","error":"b"}', False),
        ({"result": ""}, "", False),
        ({}, "", False),
        (None, "", False),
    ],
)
def test_it_reads_what_a_function_gave_back(response: Any, text: str, failed: bool):
    answered = function_response("f", response, id="c1")
    given_ = turn("user", answered)
    [found] = read(turn("model", function_call("f", id="c1")), given_).messages[1].parts
    assert isinstance(found, ir.ToolResult)
    assert "".join(part.text for part in found.parts if isinstance(part, ir.Text)) == text
    assert (found.call_id, found.name, found.is_error) == ("c1", "f", failed)


def test_it_reads_media_inside_of_a_result():
    image = {"inlineData": {"mimeType": "image/png", "data": PIXEL}}
    given_ = turn("user", function_response("f", {"result": "see"}, parts=[image], scheduling="X"))
    [found] = read(given_).messages[0].parts
    assert isinstance(found, ir.ToolResult)
    assert found.parts == (
        ir.Text(text="see"),
        ir.Image(source=ir.Source(media_type="image/png", data=PIXEL)),
    )
    assert found.extra == {"gemini": {"scheduling": "X"}}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"contents": []}, "contents"),
        ({"contents": None}, "contents"),
        ({"contents": "Hi"}, "contents"),
        ({"contents": [1]}, "contents[0]"),
        ({"contents": [{"role": "system", "parts": []}]}, "contents[0].role"),
        ({"contents": [{"role": 1}]}, "contents[0].role"),
        ({"contents": [{"parts": 1}]}, "contents[0].parts"),
        ({"contents": [turn("user", {"text": 1})]}, "contents[0].parts[0].text"),
        ({"contents": [turn("user", {"inlineData": 1})]}, "contents[0].parts[0].inlineData"),
        (
            {"contents": [turn("user", {"inlineData": {"mimeType": "image/png"}})]},
            "contents[0].parts[0].inlineData.data",
        ),
        (
            {"contents": [turn("user", {"fileData": {}})]},
            "contents[0].parts[0].fileData.fileUri",
        ),
        (
            {"contents": [turn("model", {"functionCall": {"args": {}}})]},
            "contents[0].parts[0].functionCall.name",
        ),
        (
            {"contents": [turn("model", {"functionCall": {"name": "f", "args": "{}"}})]},
            "contents[0].parts[0].functionCall.args",
        ),
        (
            {"contents": [turn("user", {"functionResponse": {"response": {}}})]},
            "contents[0].parts[0].functionResponse.name",
        ),
        (
            {"contents": [turn("user", function_response("f", "x"))]},
            "contents[0].parts[0].functionResponse.response",
        ),
        ({"contents": [turn("user", function_call("f"))]}, "contents[0].role"),
        ({"model": ""}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"systemInstruction": 5}, "systemInstruction"),
        (
            {"systemInstruction": {"inlineData": {"mimeType": "image/png", "data": ""}}},
            "systemInstruction",
        ),
        ({"generationConfig": 5}, "generationConfig"),
        ({"generationConfig": {"temperature": "hot"}}, "generationConfig.temperature"),
        ({"generationConfig": {"topK": 1.5}}, "generationConfig.topK"),
        ({"generationConfig": {"stopSequences": "x"}}, "generationConfig.stopSequences"),
        ({"generationConfig": {"maxOutputTokens": -1}}, "generationConfig.maxOutputTokens"),
        (
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}}},
            "generationConfig.thinkingConfig.thinkingBudget",
        ),
        ({"tools": [{"functionDeclarations": [{}]}]}, "tools[0].functionDeclarations[0].name"),
        ({"tools": 5}, "tools"),
        (
            {"toolConfig": {"functionCallingConfig": {"mode": "SOME"}}},
            "toolConfig.functionCallingConfig.mode",
        ),
    ],
)
def test_it_names_the_field_that_is_wrong(fields: dict[str, Any], param: str):
    with pytest.raises(InvalidRequest) as refused:
        FORMAT.read_request({**body(), **fields})
    assert refused.value.param == param
    assert param in refused.value.message


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_it_refuses_what_is_no_object(value: Any):
    with pytest.raises(InvalidRequest):
        FORMAT.read_request(value)


def test_it_refuses_what_is_nested_too_deeply_to_be_sent_on():
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    for part in (function_call("f", {"a": deep}), {"executableCode": {"code": deep}}):
        with pytest.raises(InvalidRequest) as refused:
            read(turn("model", part))
        assert "nested too deeply" in refused.value.message


def test_it_strips_the_collection_from_the_model():
    assert FORMAT.read_request({**body(), "model": "models/gemini-3"}).model == "gemini-3"


def test_it_reads_a_request_whose_tokens_are_to_be_counted():
    inner = {"contents": [turn("user", {"text": "Hi"})], "model": "models/other"}
    for name in ("generateContentRequest", "generate_content_request"):
        request = FORMAT.read_request({"model": "m", name: inner})
        assert request.model == "m"
        assert request.messages == (ir.Message(role="user", parts=(ir.Text(text="Hi"),)),)
    assert FORMAT.write_count(5) == {"totalTokens": 5}

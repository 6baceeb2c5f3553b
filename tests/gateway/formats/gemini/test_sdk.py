"""Google's own SDK as the client: what it sends is understood, what it gets is accepted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from google import genai
from google.genai import errors, types

from omniroute.gateway import ir
from omniroute.gateway.errors import RateLimited, UpstreamError
from omniroute.gateway.formats import FORMATS
from omniroute.gateway.formats.gemini import FORMAT
from omniroute.gateway.usage import Usage

from .golden import PARTS, SIGNATURE
from .wire import GOOGLE, HEAD, THIRD, call, stream_of

ANSWER = ir.Response(
    id="x",
    model="upstream",
    parts=PARTS,
    finish="tool_calls",
    usage=Usage(input=5, cache_read=2, output=9, reasoning=4),
)


@dataclass
class Gateway:
    """Answers every request with what a test has put in; keeps what it was asked."""

    status: int = 200
    body: bytes = b""
    kind: str = "application/json"
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def whole(self, response: ir.Response) -> None:
        self.body = orjson.dumps(FORMAT.write_response(response, HEAD))

    def stream(self, *pieces: bytes) -> None:
        self.kind = FORMAT.stream_content_type
        self.body = b"".join(pieces)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    found = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            found.asked.append((self.path, orjson.loads(self.rfile.read(length))))
            self.send_response(found.status)
            self.send_header("content-type", found.kind)
            self.send_header("content-length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *args: object) -> None:
            """Nothing to say."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.address = f"http://127.0.0.1:{server.server_address[1]}"  # type: ignore[attr-defined]
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(gateway: Gateway) -> Iterator[genai.Client]:
    options = types.HttpOptions(base_url=gateway.address)  # type: ignore[attr-defined]
    found = genai.Client(api_key="sk-omni-test", vertexai=False, http_options=options)
    yield found
    found.close()


def written(*events: ir.Event) -> bytes:
    writer = FORMAT.writer(HEAD)
    return b"".join(map(writer.write, events)) + writer.close()


def weather(city: str) -> str:
    """The weather.

    Args:
        city: where.
    """
    return city


def test_it_accepts_a_whole_answer(gateway: Gateway, client: genai.Client):
    gateway.whole(ANSWER)
    got = client.models.generate_content(model="gc/gemini-3", contents="Hi")
    assert (got.model_version, got.response_id) == ("my-alias", "0193-aa-bb")
    assert got.function_calls is not None
    assert [(c.id, c.name, c.args) for c in got.function_calls] == [
        ("f1", "look", {"where": "šuplík"}),
        ("f2", "now", {}),
    ]
    assert got.candidates is not None
    content = got.candidates[0].content
    assert content is not None
    assert content.parts is not None
    assert [part.thought for part in content.parts[:2]] == [True, None]
    assert got.candidates[0].finish_reason == types.FinishReason.STOP
    assert got.usage_metadata is not None
    assert got.usage_metadata.total_token_count == 16
    assert got.usage_metadata.thoughts_token_count == 4
    assert got.usage_metadata.cached_content_token_count == 2


def test_it_returns_signatures_and_ids_as_they_were(gateway: Gateway, client: genai.Client):
    """The SDK spells signatures in another alphabet; they are the same bytes."""
    gateway.whole(ANSWER)
    got = client.models.generate_content(model="gemini-3", contents="Hi")
    assert got.candidates is not None
    result = types.Part.from_function_response(name="look", response={"output": "here"})
    history: Any = ["Hi", got.candidates[0].content, types.Content(role="user", parts=[result])]
    client.models.generate_content(model="gemini-3", contents=history)
    path, body = gateway.asked[-1]
    assert path.endswith("/models/gemini-3:generateContent")
    request = FORMAT.read_request({**body, "model": "gemini-3", "stream": False})
    wire = FORMAT.write_request(request, GOOGLE, THIRD)
    called = wire.body["contents"][1]["parts"][2]
    assert called["functionCall"]["id"] == "f1"
    same = called["thoughtSignature"].translate(str.maketrans("-_", "+/"))
    assert same.rstrip("=") == SIGNATURE.rstrip("=")
    answered = wire.body["contents"][2]["parts"]
    assert [part["functionResponse"]["id"] for part in answered] == ["f1", "f2"]
    assert answered[0]["functionResponse"]["response"] == {"output": "here"}


def test_it_returns_the_luggage_of_other_families(gateway: Gateway, client: genai.Client):
    thought = ir.Thinking(text="Hm?>", signature="sig", origin="anthropic")
    gateway.stream(written(*stream_of(thought, call("a", "f", '{"x":1}'))))
    chunks = list(client.models.generate_content_stream(model="m", contents="Hi"))
    parts = [part for chunk in chunks for part in (chunk.parts or ()) if not part.thought]
    gateway.kind = "application/json"
    gateway.whole(ANSWER)
    history: Any = ["Hi", types.Content(role="model", parts=parts)]
    client.models.generate_content(model="m", contents=history)
    request = FORMAT.read_request({**gateway.asked[-1][1], "model": "m"})
    spoken = request.messages[1].parts
    assert spoken[0] == thought
    assert isinstance(spoken[1], ir.ToolCall)


@pytest.mark.parametrize("blank", [b"", FORMAT.keepalive])
def test_it_accepts_a_stream_and_what_keeps_it_open(
    gateway: Gateway, client: genai.Client, blank: bytes
):
    parts = (*PARTS[:2], ir.Text(text="Žluť"), *PARTS[2:])
    pieces = written(*stream_of(*parts, reason="tool_calls")).split(b"\n\n")[:-1]
    gateway.stream(blank, *(piece + b"\n\n" + blank for piece in pieces))
    chunks = list(client.models.generate_content_stream(model="gc/gemini-3", contents="Hi"))
    assert "".join(chunk.text or "" for chunk in chunks) == "Let me look 🐎.Žluť"
    calls = [c.name for chunk in chunks for c in chunk.function_calls or ()]
    assert calls == ["look", "now"]
    reasons = [c.finish_reason for chunk in chunks for c in chunk.candidates or ()]
    assert reasons == [None] * (len(chunks) - 1) + [types.FinishReason.STOP]
    assert chunks[-1].usage_metadata is not None
    assert gateway.asked[0][0].endswith("/models/gc/gemini-3:streamGenerateContent?alt=sse")


# The SDK makes a class of its own of aiohttp's.
@pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")
async def test_it_accepts_a_stream_without_blocking(gateway: Gateway, client: genai.Client):
    gateway.stream(FORMAT.keepalive, written(*stream_of(ir.Text(text="Hello"))))
    found = await client.aio.models.generate_content_stream(model="m", contents="Hi")
    assert [chunk.text async for chunk in found] == ["Hello", ""]
    await client.aio.aclose()


def test_it_accepts_the_answers_of_other_formats(gateway: Gateway, client: genai.Client):
    answer = {
        "id": "c",
        "choices": [
            {"message": {"role": "assistant", "content": "Hi!"}, "finish_reason": "length"}
        ],
    }
    gateway.whole(FORMATS["openai_chat"].read_response(answer))
    got = client.models.generate_content(model="m", contents="Hi")
    assert got.text == "Hi!"
    assert got.candidates is not None
    assert got.candidates[0].finish_reason == types.FinishReason.MAX_TOKENS


def test_it_raises_errors_as_googles_own(gateway: Gateway, client: genai.Client):
    error = RateLimited("Slow down.", retry_after=3)
    gateway.status, gateway.body = 429, orjson.dumps(FORMAT.write_error(error, "id-1"))
    with pytest.raises(errors.ClientError) as refused:
        client.models.generate_content(model="m", contents="Hi")
    assert (refused.value.code, refused.value.status) == (429, "RESOURCE_EXHAUSTED")
    assert refused.value.message == "Slow down."


def test_it_raises_an_error_inside_of_a_stream(gateway: Gateway, client: genai.Client):
    error = UpstreamError("Broke off.", status=502, kind="server")
    ending = FORMAT.stream_error(error, "id-1")
    assert ending is not None
    gateway.stream(written(*stream_of(ir.Text(text="Hel"))[:-1]), ending)
    got: list[str | None] = []
    with pytest.raises(errors.APIError) as failed:
        got.extend(
            chunk.text for chunk in client.models.generate_content_stream(model="m", contents="Hi")
        )
    assert failed.value.code == 502


def test_it_understands_everything_that_the_sdk_can_ask_for(gateway: Gateway, client: genai.Client):
    gateway.whole(ANSWER)
    declared = types.FunctionDeclaration(
        name="find",
        parameters=types.Schema(
            type=types.Type.OBJECT,
            properties={"q": types.Schema(type=types.Type.STRING, nullable=True, min_length=1)},
            required=["q"],
        ),
    )
    config = types.GenerateContentConfig(
        system_instruction="Be brief.",
        temperature=0.5,
        top_k=3,
        max_output_tokens=100,
        stop_sequences=["END"],
        tools=[weather, types.Tool(function_declarations=[declared])],
        tool_config=types.ToolConfig(
            function_calling_config=types.FunctionCallingConfig(
                mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=["find"]
            )
        ),
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        thinking_config=types.ThinkingConfig(
            include_thoughts=True, thinking_level=types.ThinkingLevel.LOW
        ),
        safety_settings=[
            types.SafetySetting(
                category=types.HarmCategory.HARM_CATEGORY_HARASSMENT,
                threshold=types.HarmBlockThreshold.BLOCK_NONE,
            )
        ],
    )
    image = types.Part.from_bytes(data=b"\xfb\xef\xff", mime_type="image/png")
    client.models.generate_content(model="m", contents=["What is this?", image], config=config)
    request = FORMAT.read_request({**gateway.asked[-1][1], "model": "m"})
    system, asked = request.messages
    assert system.parts == (ir.Text(text="Be brief."),)
    assert asked.parts[1] == ir.Image(source=ir.Source(media_type="image/png", data="++//"))
    assert [tool.name for tool in request.tools] == ["weather", "find"]
    assert request.tools[0].schema["properties"]["city"]["type"] == "string"
    assert request.tools[1].schema == {
        "type": "object",
        "properties": {"q": {"type": ["string", "null"], "minLength": 1}},
        "required": ["q"],
    }
    assert request.tool_choice == ir.ToolChoice(mode="named", names=("find",))
    assert request.reasoning == ir.Reasoning(effort="low", visible=True)
    assert request.sampling == ir.Sampling(temperature=0.5, top_k=3, stop=("END",))
    assert request.max_tokens == 100
    assert request.extra["gemini"]["safetySettings"][0]["threshold"] == "BLOCK_NONE"


def test_it_understands_a_structured_answer_and_a_count(gateway: Gateway, client: genai.Client):
    gateway.whole(ir.Response(id="x", model="m", parts=(ir.Text(text='["a"]'),), finish="stop"))
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_schema=list[str]
    )
    got = client.models.generate_content(model="m", contents="Hi", config=config)
    assert got.parsed == ["a"]
    request = FORMAT.read_request({**gateway.asked[-1][1], "model": "m"})
    assert request.output is not None
    want = {"type": "array", "items": {"type": "string"}}
    assert request.output.schema.items() >= want.items()
    gateway.body = orjson.dumps(FORMAT.write_count(7))
    assert client.models.count_tokens(model="m", contents="Hi").total_tokens == 7
    path, body = gateway.asked[-1]
    assert path.endswith("/models/m:countTokens")
    assert FORMAT.read_request({**body, "model": "m"}).messages

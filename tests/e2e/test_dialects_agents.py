"""Two turns of a coding agent, as its real requests are, at a provider of every format: this one
gets a valid request, and the agent its calls in its own shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.e2e import agents, folding, valid
from tests.e2e.speech import Call, Speech, answering
from tests.e2e.wire import events
from tests.product import Product
from tests.upstream import Answer, FakeUpstream, Received, sse

FORMS = ("oai", "ant", "rsp", "gem")
SEALS = {"ant": "c2ln+/8=", "rsp": "ZW5j+/8=", "gem": "Z2Vt+/8="}
PATCH = '*** Begin Patch\n*** Update File: a.py\n+print("«hi»")\n*** End Patch\n'
CALLS: dict[str, list[tuple[str, Any]]] = {
    "claude": [("Does Bash.", {"command": "ls"}), (f"Does {agents.LONG}.", {"tags": ["a"]})],
    "codex": [
        ("Does exec_command.", {"command": "ls"}),
        ("Edits files.", {"input": PATCH}),
        ("Does spawn_agent.", {"command": "help"}),
    ],
    "gemini": [("Does Bash.", {"command": "ls"}), ("Does Read.", {"file_path": "/a"})],
    "opencode": [("Does Bash.", {"command": "ls"}), ("Does Read.", {"file_path": "/a"})],
}


def offered(form: str, body: Any) -> dict[str, str]:
    """The tools that the provider was offered: what they do -> their name on the wire."""
    if form == "oai":
        tools = [tool["function"] for tool in body["tools"]]
    elif form == "gem":
        tools = body["tools"][0]["functionDeclarations"]
    else:
        tools = body["tools"]
    return {tool["description"]: tool["name"] for tool in tools}


def calling(form: str, agent: str) -> Callable[[Received], Answer]:
    """A provider that thinks, says a word and calls the tools by their names on the wire."""

    def answer(request: Received) -> Answer:
        names = offered(form, request.json)
        calls = tuple(
            Call(f"call_{number}", _named(names, what), arguments)
            for number, (what, arguments) in enumerate(CALLS[agent])
        )
        speech = Speech(thinking="Hm.", seal=SEALS.get(form, ""), text="I look.", calls=calls)
        return answering(form, speech)(request)

    return answer


def _named(names: dict[str, str], what: str) -> str:
    return next(name for told, name in names.items() if what in told)


def strings(value: Any) -> Iterator[str]:
    """All texts of a request, those within a call's arguments as well."""
    match value:
        case dict():
            for inner in value.values():
                yield from strings(inner)
        case list():
            for inner in value:
                yield from strings(inner)
        case str() if value.startswith("{"):
            yield from strings(json.loads(value))
        case str():
            yield value


class Agent:
    def __init__(self, product: Product, key: str, upstream: FakeUpstream, form: str) -> None:
        self.product, self.key, self.upstream, self.form = product, key, upstream, form
        self.model = f"{form}/a-model"

    def ask(self, path: str, body: Any, headers: dict[str, str] | None = None) -> list[Any]:
        sent = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        url = self.product.url + path
        answer = httpx.post(url, json=body, headers=sent, timeout=20)
        assert answer.status_code == 200, answer.text
        return events(answer.text)

    def plays(self, agent: str) -> None:
        self.upstream.play(calling(self.form, agent), answering(self.form, Speech(text="Done.")))

    def sent(self, *, native: bool) -> tuple[Any, Any]:
        """What the provider got in both turns."""
        first, second = (request.json for request in self.upstream.received)
        if not native:
            valid.check(self.form, first)
            valid.check(self.form, second)
        return first, second


@pytest.fixture
def agent(product: Product, key: str, upstreams: dict[str, FakeUpstream], form: str) -> Agent:
    return Agent(product, key, upstreams[form], form)


@pytest.mark.parametrize("form", FORMS)
def test_claude_code_works_with_every_provider(agent: Agent, form: str) -> None:
    agent.plays("claude")
    path, asked = "/v1/messages?beta=true", agents.claude_code(agent.model)
    heard = agent.ask(path, asked, agents.CLAUDE_HEADERS)
    assert heard[0]["message"]["model"] == agent.model  # else it drops its thinking
    assert heard[0]["message"]["usage"]["input_tokens"] > 0
    blocks = folding.blocks(heard)
    thoughts = [block for block in blocks if block["type"] == "thinking"]
    assert blocks[0] is thoughts[0]
    assert "".join(block["thinking"] for block in thoughts) == "Hm."
    assert all(block["signature"] for block in thoughts)
    uses = [block for block in blocks if block["type"] == "tool_use"]
    assert [(block["name"], block["input"]) for block in uses] == [
        ("Bash", {"command": "ls"}),
        (agents.LONG, {"tags": ["a"]}),
    ]
    ends = [event for event in heard if event["type"] == "message_delta"]
    assert [end["delta"]["stop_reason"] for end in ends] == ["tool_use"]
    again = agents.claude_goes_on(asked, blocks)
    assert folding.blocks(agent.ask(path, again, agents.CLAUDE_HEADERS))[0]["text"] == "Done."
    first, second = agent.sent(native=form == "ant")
    if form == "ant":
        system = asked["system"][1:]  # what only Anthropic itself bills by
        assert first == {**asked, "model": "a-model", "system": system}
        assert second == {**again, "model": "a-model", "system": system}
        headers = agent.upstream.received[0].headers
        assert headers["anthropic-beta"] == agents.CLAUDE_HEADERS["anthropic-beta"]
        assert headers["x-api-key"] == "up-secret"
        return
    assert len(offered(form, first)) == 10
    text = json.dumps(second, ensure_ascii=False)
    for kept in ("You are a coding agent.", "The working directory is /src.", "exit code 1"):
        assert kept in text
    assert "Two files have changed." in text
    assert agents.PIXEL in text
    assert agents.SESSION not in text
    _thinks(form, first)


def _thinks(form: str, body: Any) -> None:
    """High effort in the words of the format."""
    match form:
        case "oai":
            assert body["reasoning_effort"] == "high"
        case "rsp":
            assert body["reasoning"]["effort"] == "high"
        case "ant":
            assert body["thinking"]["type"] in {"adaptive", "enabled"}
        case "gem":
            assert body["generationConfig"]["thinkingConfig"]["includeThoughts"] is True


@pytest.mark.parametrize("form", ["oai", "ant", "gem"])
def test_codex_works_with_every_provider(agent: Agent, form: str) -> None:
    agent.plays("codex")
    asked = agents.codex(agent.model)
    items = folding.items(agent.ask("/v1/responses", asked, agents.CODEX_HEADERS))
    calls = [item for item in items if "call_id" in item]
    kinds = ["function_call", "custom_tool_call", "function_call"]
    assert [item["type"] for item in calls] == kinds
    assert items[0]["summary"] == [{"type": "summary_text", "text": "Hm."}]
    command, patch, spawn = calls
    assert (command["name"], json.loads(command["arguments"])) == (
        "exec_command",
        {"command": "ls"},
    )
    assert (patch["name"], patch["input"]) == ("apply_patch", PATCH)
    assert (spawn["name"], spawn["namespace"]) == ("spawn_agent", "multi_agent_v1")
    again = agents.codex_goes_on(asked, items)
    last = folding.items(agent.ask("/responses", again, agents.CODEX_HEADERS))
    assert last[-1]["content"][0]["text"] == "Done."
    first, second = agent.sent(native=False)
    names = list(offered(form, first).values())
    assert len(names) == 5  # what others host is left out, and nothing without a name comes in
    text = json.dumps(second, ensure_ascii=False)
    for kept in ("You are a coding agent.", "of exec_command", "of apply_patch", "of spawn_agent"):
        assert kept in text
    assert any(PATCH in said for said in strings(second)), "the patch is not in the history"
    _thinks(form, first)


def test_codex_gets_a_responses_provider_as_it_is(
    product: Product, key: str, responses_upstream: FakeUpstream
) -> None:
    agent = Agent(product, key, responses_upstream, "rsp")
    patch = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "apply_patch"}
    item = {**patch, "input": PATCH, "status": "completed"}
    whole = {"id": "resp_1", "status": "completed", "model": "x", "output": [item], "usage": {}}
    told = [
        {"type": "response.created", "sequence_number": 0, "response": {**whole, "output": []}},
        {"type": "response.output_item.added", "sequence_number": 1, "output_index": 0}
        | {"item": {**item, "input": ""}},
        {"type": "response.custom_tool_call_input.delta", "sequence_number": 2, "delta": PATCH}
        | {"item_id": "ctc_1", "output_index": 0},
        {"type": "response.output_item.done", "sequence_number": 3, "output_index": 0}
        | {"item": item},
        {"type": "response.completed", "sequence_number": 4, "response": whole},
    ]
    responses_upstream.play(sse(told, named=True))
    asked = agents.codex("rsp/a-model")
    heard = agent.ask("/v1/responses", asked, agents.CODEX_HEADERS)
    assert folding.items(heard) == [item]
    assert heard[-1]["response"] == {**whole, "model": "rsp/a-model"}
    (request,) = responses_upstream.received
    kept = {name: value for name, value in asked.items() if name != "client_metadata"}
    assert request.json["tools"] == asked["tools"]
    assert {**request.json, "input": 0} == {**kept, "model": "a-model", "input": 0}
    assert [item["content"] for item in request.json["input"]] == [
        item["content"] for item in asked["input"]
    ]
    assert "internal_chat_message" not in request.body.decode()
    assert request.headers["session-id"] == agents.SESSION  # finds the prompt cache


@pytest.mark.parametrize("form", FORMS)
def test_gemini_cli_works_with_every_provider(agent: Agent, form: str) -> None:
    agent.plays("gemini")
    path = f"/v1beta/models/{agent.model}:streamGenerateContent?alt=sse"
    asked = agents.gemini_cli()
    parts = folding.parts(agent.ask(path, asked))
    assert parts[0] == {"text": "Hm.", "thought": True}
    calls = [part["functionCall"] for part in parts if "functionCall" in part]
    assert [(call["name"], call["args"]) for call in calls] == [
        ("Bash", {"command": "ls"}),
        ("Read", {"file_path": "/a"}),
    ]
    again = agents.gemini_goes_on(asked, parts)
    assert folding.parts(agent.ask(path, again))[-1]["text"] == "Done."
    first, second = agent.sent(native=form == "gem")
    if form == "gem":
        assert (first, second) == (asked, again)
        return
    assert len(offered(form, first)) == 9
    text = json.dumps(second)
    for kept in ("You are a coding agent.", "This is the context.", "of Bash", "of Read"):
        assert kept in text
    if form == "oai":
        assert first["reasoning_effort"] == "medium"


@pytest.mark.parametrize("form", FORMS)
def test_opencode_works_with_every_provider(agent: Agent, form: str) -> None:
    agent.plays("opencode")
    path, asked = "/v1/chat/completions", agents.opencode(agent.model)
    heard = agent.ask(path, asked)
    assert {event["model"] for event in heard[:-1]} == {agent.model}
    assert [event["usage"] for event in heard[:-1] if event.get("usage")], "usage was asked for"
    said = folding.message(heard)
    assert (said["content"], said["reasoning_content"]) == ("I look.", "Hm.")
    assert [
        (call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in said["tool_calls"]
    ] == [("Bash", {"command": "ls"}), ("Read", {"file_path": "/a"})]
    again = agents.opencode_goes_on(asked, said)
    assert folding.message(agent.ask(path, again))["content"] == "Done."
    first, second = agent.sent(native=form == "oai")
    assert len(offered(form, first)) == 9
    text = json.dumps(second)
    for kept in ("You are a coding agent.", "Work carefully.", "of Bash", "of Read"):
        assert kept in text
    _thinks(form, first)
    if form == "oai":
        roles = [message["role"] for message in second["messages"]]
        assert roles == ["system", "system", "user", "assistant", "tool", "tool"]
        assert {**first, "messages": 0} == {**asked, "model": "a-model", "messages": 0}

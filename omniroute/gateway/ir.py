"""The hub of all translation: one request, one answer and one stream of events for every format.

What a format does not model survives in `extra`, keyed by the format that owns it. Nothing is
dropped in silence: a writer that cannot carry a part raises `Unsupported`; a field that a target
lacks and that changes nothing essential is named in `Wire.losses`.

Part    = Text | Image | Document | Audio | Thinking | ToolCall | ToolResult | Refusal | Opaque
Event   = Start | PartStart | PartDelta | PartStop | UsageReport | Finish | Failure
Stream  = Start (PartStart PartDelta* PartStop)* UsageReport* Finish   (parts may interleave)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

from omniroute.gateway.errors import GatewayError
from omniroute.gateway.usage import Usage

Json: TypeAlias = Any
Extra: TypeAlias = Mapping[str, Json]
NO_EXTRA: Extra = MappingProxyType({})


def _none() -> Extra:
    return NO_EXTRA


Role = Literal["system", "user", "assistant"]
FinishReason = Literal[
    "stop", "stop_sequence", "length", "tool_calls", "content_filter", "refusal", "pause", "error"
]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    text: str
    extra: Extra = field(
        default_factory=_none
    )  # cache_control, citations, annotations, thoughtSignature


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where media comes from: exactly one of `data` (base64), `url` and `file_id`."""

    media_type: str = ""
    data: str | None = None
    url: str | None = None
    file_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    source: Source
    detail: str | None = None
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    source: Source
    name: str | None = None
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    source: Source  # media_type audio/wav, audio/mpeg …
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinking:
    """Reasoning. `signature` (or `redacted`, without text) is opaque and belongs to `origin`:
    the format family that made it and the only one that may get it back."""

    text: str = ""
    signature: str | None = None
    redacted: str | None = None
    origin: str | None = None
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """`arguments` is JSON text as the model wrote it; for a freeform tool it is the raw input."""

    id: str
    name: str
    arguments: str = ""
    freeform: bool = False
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    call_id: str
    parts: tuple[Part, ...] = ()
    is_error: bool = False
    name: str | None = None
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    text: str
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opaque:
    """A part of `format` that the hub has no word for; only that format can write it back."""

    format: str
    value: Json


Part: TypeAlias = (
    Text | Image | Document | Audio | Thinking | ToolCall | ToolResult | Refusal | Opaque
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: Role
    parts: tuple[Part, ...]
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """`schema` is JSON Schema (None for a freeform tool). `hosted` is a provider's own tool, kept
    verbatim: only the same format can use it."""

    name: str
    description: str = ""
    schema: Json = None
    strict: bool | None = None
    freeform: Json = None  # the grammar/format object of a freeform tool; {} when it has none
    namespace: str | None = None
    hosted: Json = None
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChoice:
    mode: Literal["auto", "none", "required", "named", "allowed"]
    names: tuple[str, ...] = ()
    required: bool = False  # for "allowed": must one of them be called?


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """What the client asked for: at most one of `effort` and `budget`; `mode` when it said so."""

    mode: Literal["off", "on", "adaptive"] | None = None
    effort: Effort | None = None
    budget: int | None = None
    visible: bool | None = None  # wants thought text or summaries


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFormat:
    kind: Literal["text", "json_object", "json_schema"]
    schema: Json = None
    name: str | None = None
    strict: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    n: int | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`extra` holds the top-level fields that only the source format knows."""

    format: str
    model: str
    messages: tuple[Message, ...]
    max_tokens: int | None = None
    stream: bool = False
    include_usage: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    output: OutputFormat | None = None
    reasoning: Reasoning | None = None
    sampling: Sampling = field(default_factory=Sampling)
    user: str | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    verbosity: str | None = None
    metadata: Json = None
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A whole answer. `model` is what the provider called itself; writers use the client's name."""

    id: str
    model: str
    parts: tuple[Part, ...]
    finish: FinishReason
    stop_sequence: str | None = None
    usage: Usage | None = None
    created: int | None = None
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    id: str
    model: str
    usage: Usage | None = None  # what is known at the start (Anthropic tells input tokens here)
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStart:
    """`part` is the part's beginning: an empty Text or Thinking, a ToolCall without arguments, or a
    part that comes whole (redacted Thinking, Image, Opaque). Indexes are unique and rise."""

    index: int
    part: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDelta:
    """More of part `index`: `text` for text, thinking, refusal and tool arguments; a `signature`
    completes a Thinking; `extra` is merged into the part's extra."""

    index: int
    text: str = ""
    signature: str | None = None
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStop:
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReport:
    """Cumulative: the last one counts."""

    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The protocol's terminal event was seen. A stream without it is incomplete."""

    reason: FinishReason
    stop_sequence: str | None = None
    extra: Extra = field(default_factory=_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """The provider reported an error inside a stream that had begun with status 200."""

    error: GatewayError


Event: TypeAlias = Start | PartStart | PartDelta | PartStop | UsageReport | Finish | Failure

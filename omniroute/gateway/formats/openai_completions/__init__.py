"""Legacy OpenAI Completions, for clients only: every request is served through a chat model.

https://platform.openai.com/docs/api-reference/completions
"""

from __future__ import annotations

from omniroute.gateway import ir
from omniroute.gateway.formats import Format, Head, Writer
from omniroute.gateway.formats.openai_chat import OpenAIChat

from . import text


class OpenAICompletions(OpenAIChat):
    name = "openai_completions"
    label = "OpenAI completions"

    def read_request(self, body: ir.Json) -> ir.Request:
        return super().read_request(text.to_chat(body))

    def write_response(self, answer: ir.Response, head: Head) -> ir.Json:
        return text.whole(answer, head)

    def writer(self, head: Head) -> Writer:
        return text.Writer(head)


FORMAT: Format = OpenAICompletions()

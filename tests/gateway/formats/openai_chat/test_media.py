"""Images, files and sound on their way to a provider."""

from __future__ import annotations

import pytest

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.snapshot import Model

from .test_history import IMAGE, IMAGE_URL, call, result, sent, text
from .wire import assistant, request, system, user, write


def test_it_gives_images_in_tool_results_a_message_of_their_own():
    pdf = ir.Document(source=ir.Source(media_type="application/pdf", data="QQ=="))
    messages = sent(
        user(text("Hi")),
        assistant(call("a"), call("b")),
        user(result("a", text("seen"), IMAGE), result("b", pdf), text("So?")),
    )
    assert messages[2:] == [
        {
            "role": "tool",
            "tool_call_id": "a",
            "content": "seen\n\n[See the attachment in the next message.]",
        },
        {
            "role": "tool",
            "tool_call_id": "b",
            "content": "[See the attachment in the next message.]",
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Attachment to the result of call a:"},
                {"type": "image_url", "image_url": IMAGE_URL},
                {"type": "text", "text": "Attachment to the result of call b:"},
                {
                    "type": "file",
                    "file": {
                        "file_data": "data:application/pdf;base64,QQ==",
                        "filename": "document.pdf",
                    },
                },
                {"type": "text", "text": "So?"},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("part", "written"),
    [
        (
            ir.Image(source=ir.Source(url="https://x.example/a.png")),
            {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
        ),
        (
            ir.Document(
                source=ir.Source(media_type="text/plain", data="aGVsbG8="), name="notes.txt"
            ),
            "notes.txt\n\nhello",
        ),
        (ir.Document(source=ir.Source(media_type="text/csv", data="YSxi")), "a,b"),
        (
            ir.Audio(source=ir.Source(media_type="audio/mpeg", data="QQ==")),
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "mp3"}},
        ),
        (
            ir.Audio(source=ir.Source(media_type="audio/ogg; codecs=opus", data="QQ==")),
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "ogg"}},
        ),
        (
            ir.Audio(source=ir.Source(data="QQ==")),
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "wav"}},
        ),
        (
            ir.Opaque(format="openai_chat", value={"type": "video_url", "video_url": {}}),
            {"type": "video_url", "video_url": {}},
        ),
    ],
)
def test_it_writes_the_media_of_a_user_message(part, written):
    content = sent(user(part))[0]["content"]
    assert content == (written if isinstance(written, str) else [written])


@pytest.mark.parametrize(
    "source",
    [ir.Source(file_id="file-1"), ir.Source(url="https://x.example/a.pdf")],
)
def test_it_lets_a_client_of_this_format_name_a_file_or_a_link(source):
    part = ir.Document(source=source)
    wire = write(request(user(part), format="openai_chat"))
    told = wire.body["messages"][0]["content"][0]["file"]
    assert told in ({"file_id": "file-1"}, {"file_data": "https://x.example/a.pdf"})


@pytest.mark.parametrize(
    "part",
    [
        ir.Image(source=ir.Source(file_id="file-1")),
        ir.Document(source=ir.Source(file_id="file-1")),
        ir.Document(source=ir.Source(url="https://x.example/a.pdf")),
        ir.Document(source=ir.Source(media_type="text/plain", data="not base64!")),
        ir.Audio(source=ir.Source(url="https://x.example/a.mp3")),
        ir.Opaque(format="anthropic", value={"type": "server_tool_use"}),
        ir.Thinking(text="hm"),
    ],
)
def test_it_refuses_what_it_cannot_carry_and_never_drops_it_in_silence(part):
    with pytest.raises(Unsupported):
        sent(user(part))


def test_it_refuses_images_for_a_model_that_is_blind():
    with pytest.raises(Unsupported, match="images"):
        write(request(user(IMAGE)), Model(id="m", images=False))
    with pytest.raises(Unsupported, match="images"):
        write(
            request(user(text("Hi")), assistant(call("a")), user(result("a", IMAGE))),
            Model(id="m", images=False),
        )


def test_it_says_what_it_cannot_carry():
    for value in ({"type": "server_tool_use"}, ["odd"]):
        with pytest.raises(Unsupported, match="which only anthropic knows"):
            sent(user(ir.Opaque(format="anthropic", value=value)))
    with pytest.raises(Unsupported, match="`fileData`, which only gemini knows"):
        sent(user(ir.Opaque(format="gemini", value={"fileData": {}, "videoMetadata": {}})))


def test_it_leaves_out_of_system_text_what_only_another_api_understands():
    odd = ir.Opaque(format="anthropic", value={"type": "tool_addition"})
    wire = write(
        request(system("Be brief."), user(text("Hi")), ir.Message(role="system", parts=(odd,)))
    )
    assert wire.body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]
    assert wire.losses == ("messages.content",)


def test_it_leaves_out_the_logs_of_another_vendors_tools_so_that_the_conversation_goes_on():
    log = ir.Opaque(format="anthropic", value={"type": "web_search_tool_result"})
    wire = write(
        request(user(text("Hi")), assistant(log, text("Found.")), assistant(log), user(text("So?")))
    )
    assert wire.body["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Found."},
        {"role": "user", "content": "So?"},
    ]
    assert wire.losses == ("messages.content",)

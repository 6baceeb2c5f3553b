"""What the operator's list means, and which URLs and addresses pass."""

from __future__ import annotations

import re

import pytest

from omniroute.gateway.upstream import AddressPolicy

NOBODY = AddressPolicy()
DESK = AddressPolicy.parse("127.0.0.1:11434,[::1]:9000")
LAB = AddressPolicy.parse("127.0.0.1:11434, 10.0.0.0/8 [::1]:9000,fd00::/8,192.168.1.7:3000")

DENIED = re.findall(
    r"\S+",
    """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
    127.1.2.3 168.63.129.16 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192
    192.168.0.1 198.18.0.1 198.19.255.255 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
    :: ::1 ::7f00:1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:a9fe:a9fe ::ffff:10.0.0.1 ::ffff:0:127.0.0.1
    64:ff9b::7f00:1 64:ff9b:1::a00:1 100::1 2001::1 2001:0:7f00:1:: 2002:7f00:1:: 2002:a9fe:a9fe::
    fc00::1 fd00:ec2::254 fe80::1 fe80::1%1 fec0::1 ff02::1 4000::1
    """,
)
PUBLIC = re.findall(
    r"\S+",
    """
    1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 128.0.0.0 168.63.129.15 168.63.129.17
    169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0
    198.17.255.255 198.20.0.0 223.255.255.255 2606:4700::1111 2a00:1450::1 2001:4860:4860::8888
    2003::1 ::ffff:1.1.1.1
    """,
)


@pytest.mark.parametrize("ip", DENIED)
def test_it_denies_every_address_that_is_not_public(ip: str) -> None:
    assert not NOBODY.allows(ip, 443)


@pytest.mark.parametrize("ip", PUBLIC)
def test_it_allows_public_addresses_on_the_usual_ports(ip: str) -> None:
    assert all(NOBODY.allows(ip, port) for port in (80, 443, 8000, 9999, 11434))
    assert not any(NOBODY.allows(ip, port) for port in (0, 22, 25, 3306, 6379, 7999, 10000, 65535))
    assert not NOBODY.allows_plain(ip, 443)


@pytest.mark.parametrize(
    ("ip", "port", "allowed"),
    [
        ("127.0.0.1", 11434, True),
        ("127.0.0.1", 443, False),
        ("127.0.0.2", 11434, False),
        ("::ffff:127.0.0.1", 11434, True),
        ("10.200.0.1", 22, True),
        ("11.0.0.1", 22, False),
        ("::1", 9000, True),
        ("::1", 9001, False),
        ("fd12::5", 1, True),
        ("fc00::1", 443, False),
        ("192.168.1.7", 3000, True),
        ("192.168.1.8", 3000, False),
    ],
)
def test_it_allows_what_is_listed(ip: str, port: int, allowed: bool) -> None:
    assert LAB.allows(ip, port) is allowed
    assert LAB.allows_plain(ip, port) is allowed


@pytest.mark.parametrize("text", ["", "  ", ",", " , ,"])
def test_it_lists_nothing_by_default(text: str) -> None:
    assert AddressPolicy.parse(text) == NOBODY


@pytest.mark.parametrize(
    "text",
    [
        "localhost",
        "ollama:11434",
        "*",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:x",
        "127.0.0.1:",
        "127.0.0.1:80:80",
        "127.0.0.256",
        "127.1",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "[::1",
        "::1]:9000",
        "[::1]9000",
        "[127.0.0.1:80]",
        "http://127.0.0.1",
        "127.0.0.1;10.0.0.0/8",
        "0.0.0.0/0",
        "::/0",
    ],
)
def test_it_says_what_is_wrong_with_an_entry(text: str) -> None:
    with pytest.raises(ValueError, match="ALLOW_PRIVATE_UPSTREAMS") as caught:
        AddressPolicy.parse(f"10.1.0.0/16,{text}")
    assert repr(text.split()[0]) in str(caught.value)


GOOD_URLS = re.findall(
    r"\S+",
    """
    https://api.openai.com/v1
    https://API.OpenAI.com:443/v1
    https://api.example.com.:8443/v1?api-version=2024-06-01
    https://1.1.1.1/v1
    https://[2606:4700::1111]/v1
    https://xn--bcher-kva.example/v1
    https://under_score.example
    https://10.1.2.3:22/
    http://10.1.2.3:8080/v1
    http://127.0.0.1:11434/v1
    https://127.0.0.1:11434/v1
    http://[::1]:9000/
    http://[fd00::5]:1234/v1
    http://ollama:11434/v1
    """,
)


@pytest.mark.parametrize("url", GOOD_URLS)
def test_it_passes_a_url_that_may_be_called(url: str) -> None:
    LAB.check_url(url)


BAD_URLS = {
    "": "https://",
    "api.openai.com/v1": "https://",
    "//api.openai.com/v1": "https://",
    "ftp://api.openai.com/": "https://",
    "file:///etc/passwd": "https://",
    "gopher://127.0.0.1:6379/_": "https://",
    "https:///v1": "host",
    "https://": "host",
    "https://.": "host",
    "https://user@api.openai.com/": "user name",
    "https://user:pass@api.openai.com/": "user name",
    "https://api.openai.com@127.0.0.1/": "user name",
    "https://api.openai.com\\@127.0.0.1/": "user name",
    "https://api.openai.com/v1#x": "fragment",
    "https://api.openai.com/v1#": "fragment",
    "https://api.openai.com#@127.0.0.1/": "fragment",
    "https://api.openai.com:99999/": "malformed",
    "https://api.openai.com:0/": "port",
    "https://api.openai.com:x/": "malformed",
    "https://[::1/": "malformed",
    "https://[::1%25lo]/": "host",
    "https://127.0.0.1%2f@x/": "user name",
    "https://%31%32%37.0.0.1/": "host",
    "https://api openai.com/": "ASCII",
    "https://api.openai.com/\r\nX: y": "ASCII",
    "https://api.openai.com/\t": "ASCII",
    "https://b\u00fccher.example/": "ASCII",
    "https://\u2460\u2461\u2466.0.0.1/": "ASCII",
    "https://api.openai.com:22/": "Port 22",
    "http://api.openai.com/v1": "Plain http",
    "http://api.openai.com:8000/v1": "Plain http",
    "http://1.1.1.1/v1": "Plain http",
    "http://127.0.0.1:8080/v1": "Plain http",
    "https://169.254.169.254/": "not a public address",
    "https://localhost/": "not a public address",
    "https://LOCALHOST:8443/": "not a public address",
    "https://a.localhost/": "not a public address",
    "https://localhost./": "not a public address",
    "https://127.0.0.1/": "127.0.0.1:443",
    "https://127.1/": "not a public address",
    "https://127.0.1/": "not a public address",
    "https://2130706433/": "not a public address",
    "https://0x7f000001/": "not a public address",
    "https://0x7f.0.0.1/": "not a public address",
    "https://0177.0.0.1/": "not a public address",
    "https://017700000001/": "not a public address",
    "https://0/": "not a public address",
    "https://0.0.0.0/": "not a public address",
    "https://[::]/": "not a public address",
    "https://[::1]/": r"\[::1\]:443",
    "https://[::ffff:127.0.0.1]/": "not a public address",
    "https://[::ffff:7f00:1]/": "not a public address",
    "https://[0:0:0:0:0:ffff:a9fe:a9fe]/": "not a public address",
    "https://[64:ff9b::a9fe:a9fe]/": "not a public address",
    "https://[fe80::1]/": "not a public address",
    "https://1.1.1.1:22/": "not a public address",
    "https://10.1.2.3/": "ALLOW_PRIVATE_UPSTREAMS=10.1.2.3:443",
}


@pytest.mark.parametrize(("url", "reason"), BAD_URLS.items())
def test_it_says_why_a_url_may_not_be_called(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DESK.check_url(url)

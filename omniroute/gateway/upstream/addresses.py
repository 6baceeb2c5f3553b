"""Which addresses may be called: the public internet, and what the operator lists by hand.

The deny list is our own: `ipaddress.is_private` and `is_global` are wrong in both directions.
One parser, `locate`, reads a URL for the check at save time and for the connect, so they agree.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SETTING = "ALLOW_PRIVATE_UPSTREAMS"
PORTS = frozenset({80, 443, 11434, *range(8000, 10_000)})
_DENIED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier NAT, and some clouds' metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host, a public address inside every virtual machine
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
# Everything outside global unicast is denied: ::1, ::/96, NAT64, unique and link local, multicast.
_UNICAST_V6 = IPv6Network("2000::/3")
_DENIED_V6 = (IPv6Network("2001::/32"), IPv6Network("2002::/16"))  # Teredo, 6to4: hold an IPv4

_ENTRY = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<v4>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?")
_URL = re.compile(r"[!-~]*")
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads. `host` is lower case without brackets, `target` the request line's."""

    tls: bool
    host: str
    port: int
    authority: str
    target: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of the operator's list. Without a port it covers every port."""

    network: Network
    port: int | None = None

    def covers(self, port: int) -> bool:
        return self.port in (None, port)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What may be called. Without entries: public addresses, by https, on the usual ports."""

    listed: tuple[Listed, ...] = ()

    @classmethod
    def parse(cls, text: str) -> AddressPolicy:
        """Read `127.0.0.1:11434,10.0.0.0/8,[::1]:9000`. Without a port, all of them are meant."""
        return cls(tuple(_entry(item) for item in re.split(r"[,\s]+", text.strip()) if item))

    def allows(self, ip: str, port: int) -> bool:
        """Whether a connection over TLS may go there."""
        address = _address(ip)
        return self._lists(address, port) or (port in PORTS and _public(address))

    def allows_plain(self, ip: str, port: int) -> bool:
        """Whether plain http may go there: listed addresses only, or keys would travel in clear."""
        return self._lists(_address(ip), port)

    def check_url(self, url: str) -> None:
        """Judge a URL when it is saved. A name is judged again, by its address, at each connect."""
        place = locate(url)
        literals = _literals(place.host)
        if not literals:
            self._check_name(place)
        for ip in literals:
            if not place.tls and not self.allows_plain(ip, place.port):
                raise ValueError(_plain_refused(f"{ip}:{place.port}"))
            if not self.allows(ip, place.port):
                raise ValueError(
                    f"{place.authority} is not a public address on a usual port. If it is yours, "
                    f"the operator can allow it with {SETTING}={_written(ip, place.port)}"
                )

    def _check_name(self, place: Place) -> None:
        listed_port = any(entry.covers(place.port) for entry in self.listed)
        if not place.tls and not listed_port:
            raise ValueError(_plain_refused("its address"))
        if place.port not in PORTS and not listed_port:
            raise ValueError(
                f"Port {place.port} is not allowed. Use 80, 443, 8000 to 9999 or 11434, or let the "
                f"operator list the address with this port in {SETTING}"
            )

    def _lists(self, address: Address, port: int) -> bool:
        return any(entry.covers(port) and address in entry.network for entry in self.listed)


@lru_cache(maxsize=1024)
def locate(url: str) -> Place:
    """Take a URL apart, or say in a ValueError what is wrong with it."""
    if not _URL.fullmatch(url):
        raise ValueError("The URL must be plain ASCII without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise ValueError("The URL's host or port is malformed") from exc
    if parts.scheme not in ("http", "https"):
        raise ValueError("The URL must begin with https:// (or http:// for a listed address)")
    if "@" in parts.netloc:
        raise ValueError("The URL must not hold a user name or password: use the key field")
    if "#" in url:
        raise ValueError("The URL must not have a fragment (#…)")
    host = parts.netloc.lower().removesuffix(f":{port}").removesuffix(":").removesuffix(".")
    if not _HOST.fullmatch(host) or port == 0:
        raise ValueError("The URL needs a host name or address, and a port above 0 if any")
    tls = parts.scheme == "https"
    default = 443 if tls else 80
    return Place(
        tls=tls,
        host=host.strip("[]"),
        port=port or default,
        authority=host if port in (None, default) else f"{host}:{port}",
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
    )


def _literals(host: str) -> tuple[str, ...]:
    """The addresses that a host stands for without asking DNS; none for a name."""
    if host == "localhost" or host.endswith(".localhost"):
        return ("127.0.0.1", "::1")
    try:
        return (str(ip_address(host)),)
    except ValueError:
        pass
    try:
        return (socket.inet_ntoa(socket.inet_aton(host)),)  # 127.1, 0x7f.1, 2130706433, 0177.1
    except OSError:
        return ()


def _address(ip: str) -> Address:
    address = ip_address(ip)
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _DENIED_V4)
    return address in _UNICAST_V6 and not any(address in network for network in _DENIED_V6)


def _entry(text: str) -> Listed:
    match = _ENTRY.fullmatch(text)
    bare = match is None and text.count(":") > 1  # an IPv6 address or network without brackets
    if match is None and not bare:
        raise ValueError(_entry_refused(text))
    host = text if match is None else match["v6"] or match["v4"]
    port = None if match is None else match["port"]
    try:
        network = ip_network(host)
    except ValueError as exc:
        raise ValueError(_entry_refused(text)) from exc
    if network.prefixlen == 0:
        raise ValueError(f"{SETTING}: {text!r} would allow everything: list your own networks")
    if port is None:
        return Listed(network)
    if not 0 < int(port) < 65536:
        raise ValueError(_entry_refused(text))
    return Listed(network, int(port))


def _entry_refused(text: str) -> str:
    return (
        f"{SETTING}: {text!r} is neither an address nor a network. Write them like "
        "127.0.0.1:11434, 10.0.0.0/8 or [::1]:9000; names cannot be listed"
    )


def _plain_refused(what: str) -> str:
    return (
        "Plain http would send the key in clear. Use https://, or, for a server of your own, let "
        f"the operator list {what} in {SETTING}"
    )


def _written(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"

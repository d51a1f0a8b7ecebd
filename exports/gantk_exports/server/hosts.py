"""The requests that a server answers: those that name it, from pages of its own or from no page at all."""

import re
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from gantk.errors import UsageError

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?", re.IGNORECASE | re.ASCII)
_LOOPBACK = "localhost"
_ANY = "*"
_PORTS = {"http": "80", "https": "443"}

Address = IPv4Address | IPv6Address


class Hosts:
    """The names that a server answers to, on any port.

    A page elsewhere can have its own name resolve to this machine and so reach a server that only this machine should
    reach; but its requests bear that name. An address is no name that anybody could point elsewhere.
    """

    def __init__(self, host: str = "127.0.0.1", more: Iterable[str] = ()) -> None:
        """Answer to the names of loopback, to the name or address `host` to listen on, and to `more` names.

        `*.example.org` stands for all names below `example.org`, `*` for all there are. Listening on all addresses
        (0.0.0.0, ::) answers to each address and to the machine's name. Raises UsageError where one is no name.
        """
        address = _address(host.lower())
        self._everywhere = address is not None and address.is_unspecified
        own = [socket.gethostname().lower()] if self._everywhere else []
        self._names = {_LOOPBACK, _plain(host.lower()), *own, *map(_name, more)}

    @property
    def said(self) -> Sequence[str]:
        """The names, as a user reads them."""
        return [*sorted(self._names | {"127.0.0.1"}), *(["every address"] if self._everywhere else [])]

    def know(self, header: str) -> bool:
        """Return whether a header Host names this server."""
        found = _HOST.fullmatch(header)
        if found is None:
            return False
        name = _plain(found[1].lower())
        if (address := _address(name)) and (self._everywhere or _is_loopback(address)):
            return True
        wider = (f"*.{name.split('.', number)[-1]}" for number in range(1, name.count(".") + 1))
        return not self._names.isdisjoint({name, _ANY, *wider})


def is_own(origin: str, host: str) -> bool:
    """Return whether the page of a header Origin came from the host of a header Host; which scheme, a proxy decides."""
    try:
        parts = urlsplit(origin)
        port = f":{_PORTS[parts.scheme]}"
    except (ValueError, KeyError):
        return False
    return parts.netloc.lower().removesuffix(port) == host.lower().removesuffix(port)


def _name(said: str) -> str:
    """Return a name that a user allows as requests bear it."""
    star, name = ("*.", said[2:]) if said.startswith("*.") else ("", said)
    try:
        name = _plain(name.encode("idna").decode() if not name.isascii() else name).lower()
    except UnicodeError:
        name = ""
    if said != _ANY and not (_address(name) or (_HOST.fullmatch(name) and ":" not in name)):
        raise UsageError(f"--allow-host {said}: say a name such as gantk.example.org, without https:// and port")
    return f"{star}{name}"


def _plain(name: str) -> str:
    """Return a name without what may stand around it: an address's brackets, or the root's dot."""
    return name.removeprefix("[").removesuffix("]").removesuffix(".")


def _address(name: str) -> Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _is_loopback(address: Address) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback

"""Operators on internet addresses."""

from __future__ import annotations

import ipaddress
from typing import Any

from chronomux.event.operator import Operator

__all__ = ["cidr"]


class cidr(Operator):
    """Text that is an address in this network, of IPv4 or IPv6.

    network: '10.0.0.0/8'; bits of the host are left out of account. ValueError if it
    is none.
    """

    __slots__ = ("_network",)

    def __init__(self, network: str) -> None:
        if not isinstance(network, str):
            raise TypeError(f"cidr() takes a str like '10.0.0.0/8', not {network!r}")
        self._network = ipaddress.ip_network(network, strict=False)
        self._arguments = (network,)

    def __call__(self, value: Any) -> bool:
        if not isinstance(value, str) or "%" in value:  # an address with a zone
            return False
        try:
            return ipaddress.ip_address(value) in self._network
        except ValueError:
            return False

    def hint(self) -> tuple[str, Any, bool] | None:
        net = self._network
        host_bits = net.max_prefixlen - net.prefixlen
        key = (net.version, net.prefixlen, int(net.network_address) >> host_bits)
        return "cidr", key, True

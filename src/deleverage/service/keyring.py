"""The keys that the service knows: who holds each, what it is for, from where and until when it may be used."""

from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import NamedTuple

from deleverage.service.principals import Principal
from deleverage.service.signing import Verifier

Network = IPv4Network | IPv6Network


class Key(NamedTuple):
    """A key: whom it lets in, what checks its signatures, and its bounds."""

    principal: Principal
    algorithm: str
    verifier: Verifier
    expires_ns: int | None = None
    networks: tuple[Network, ...] = ()

    def comes_from(self, address: str) -> bool:
        """Return whether it may be used from there; without networks it may be from everywhere."""
        if not self.networks:
            return True
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self.networks)


Keyring = dict[str, Key]
"""Keys by their id."""

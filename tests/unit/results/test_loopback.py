"""What counts as this machine."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.loopback import is_this_machine


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1", "::1"])
def test_the_usual_names_of_this_machine_are_known(host: str) -> None:
    """What people type for their own machine is taken for it."""
    assert is_this_machine(host)


@given(st.ip_addresses())
def test_an_address_counts_exactly_when_it_is_a_loopback_one(address: ipaddress.IPv4Address) -> None:
    """Of all literal addresses only those that never leave the machine are this machine."""
    assert is_this_machine(str(address)) == address.is_loopback


@given(st.ip_addresses(network="127.0.0.0/8"))
def test_the_whole_loopback_network_is_this_machine(address: ipaddress.IPv4Address) -> None:
    """Every address of 127.0.0.0/8 counts."""
    assert is_this_machine(str(address))


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.evil.example.com",
        "127.0.0.1.example.com",
        "localhost.example.com",
        "localhost.",
        "127.1",
        "2130706433",
        "0.0.0.0",
        "::",
        "192.0.2.1",
        "[::1]",
        "example.org",
    ],
)
def test_whatever_could_lead_elsewhere_is_another_machine(host: str) -> None:
    """A name that merely looks local, a shortened number and the address of every interface need permission."""
    assert not is_this_machine(host)

"""Which TCP ports a machine serves on, read from its kernel's own table."""

from __future__ import annotations

_LISTEN = "0A"
_LOOPBACK_V4 = "0100007F"
_LOOPBACK_V6 = "00000000000000000000000001000000"


def listening_ports(proc_net_tcp: str) -> tuple[int, ...]:
    """The ports open to the network in the text of ``/proc/net/tcp`` and ``tcp6``, ascending."""
    ports = set()
    for line in proc_net_tcp.splitlines():
        fields = line.split()
        if len(fields) < 4 or fields[3] != _LISTEN:
            continue
        address, _, port = fields[1].partition(":")
        is_dns_stub = address.endswith("0B00007F")
        if address not in {_LOOPBACK_V4, _LOOPBACK_V6} and not is_dns_stub:
            ports.add(int(port, 16))
    return tuple(sorted(ports))


def await_ports_script(ports: tuple[int, ...], timeout_s: int) -> str:
    """A shell script that ends with 0 once all the ports are listened on, with 1 at the time-out.

    One command that waits inside costs one call of the engine; asking again and again, one each.
    """
    patterns = " ".join(f"{port:04X}" for port in ports)
    return (
        f"end=$(( $(date +%s) + {timeout_s:d} )); "
        "while :; do missing=; "
        f"for port in {patterns}; do "
        'grep -qsE ":$port [0-9A-F]+:0000 0A" /proc/net/tcp /proc/net/tcp6 || missing=1; '
        "done; "
        '[ -z "$missing" ] && exit 0; '
        '[ "$(date +%s)" -ge "$end" ] && exit 1; '
        "sleep 0.02; done"
    )

"""nginx's configuration, rendered of numbers and choices alone.

What a template is given is a ``Structure``, whose every field is held to its exact type: a text
that a user wrote cannot be in one, so it cannot be in the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from minicloud.domain.balancer import BalancerType, ForwardedForMode
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.ids import IdKind, is_id
from minicloud.domain.listener import ListenerProtocol, TlsPolicy

if TYPE_CHECKING:
    from jinja2 import Template

    from minicloud.domain.listener import Listener
    from minicloud.ports.balancer_plane import BalancerDocument

_PORT_MAX: Final = 65535
_IDLE_TIMEOUT_MAX_S: Final = 4000
_WORKER_SHUTDOWN_TIMEOUT_S: Final = 3600
_LOG_FOLDER: Final = "/var/lib/minicloud-balancer"
_LUA_FOLDER: Final = "/opt/minicloud/lua"
_JS_FOLDER: Final = "/opt/minicloud/js"

_TEMPLATES: Final = {
    BalancerType.APPLICATION: "application.conf.j2",
    BalancerType.NETWORK: "network.conf.j2",
}
_TLS_PROTOCOLS: Final = {
    TlsPolicy.TLS12_13: "TLSv1.2 TLSv1.3",
    TlsPolicy.TLS13: "TLSv1.3",
}
_FORWARDED_FOR_VARIABLES: Final = {
    ForwardedForMode.APPEND: "$proxy_add_x_forwarded_for",
    ForwardedForMode.PRESERVE: "$http_x_forwarded_for",
    ForwardedForMode.REMOVE: '""',
}


@dataclass(frozen=True)
class ListenerStructure:
    """A listener as the configuration knows it."""

    port: int
    is_tls: bool
    certificate_id: str | None
    tls_policy: TlsPolicy

    def __post_init__(self) -> None:
        """Refuse what is not exactly of its kind."""
        _require_whole_number("a listener's port", self.port, _PORT_MAX)
        _require_type("whether a listener speaks TLS", self.is_tls, bool)
        _require_type("a listener's TLS policy", self.tls_policy, TlsPolicy)
        if self.certificate_id is not None:
            _require_type("a listener's certificate", self.certificate_id, str)
            if not is_id(IdKind.CERTIFICATE, self.certificate_id):
                raise _refused("a listener's certificate is no certificate's identifier")
        if self.is_tls != (self.certificate_id is not None):
            raise _refused("a listener with TLS has a certificate, and no other")

    @property
    def tls_protocols(self) -> str:
        """The policy in nginx's words."""
        return _TLS_PROTOCOLS[self.tls_policy]


@dataclass(frozen=True)
class Structure:
    """All that a template is given, but for constants of this file."""

    type: BalancerType
    listeners: tuple[ListenerStructure, ...]
    idle_timeout_s: int
    http2: bool
    forwarded_for: ForwardedForMode

    def __post_init__(self) -> None:
        """Refuse what is not exactly of its kind."""
        _require_type("the balancer's type", self.type, BalancerType)
        _require_whole_number("the idle timeout", self.idle_timeout_s, _IDLE_TIMEOUT_MAX_S)
        _require_type("whether HTTP/2 is on", self.http2, bool)
        _require_type("what becomes of X-Forwarded-For", self.forwarded_for, ForwardedForMode)
        for listener in self.listeners:
            _require_type("a listener", listener, ListenerStructure)


def render(document: BalancerDocument) -> str:
    """The whole text of ``nginx.conf``; the same for the same structure.

    ``InvalidRequest`` code ``InvalidConfigurationRequest`` where a value is not of its kind.
    """
    structure = structure_of(document)
    return _template(_TEMPLATES[structure.type]).render(
        listeners=structure.listeners,
        idle_timeout_s=structure.idle_timeout_s,
        http2=structure.http2,
        forwarded_for_variable=_FORWARDED_FOR_VARIABLES[structure.forwarded_for],
        worker_shutdown_timeout_s=_WORKER_SHUTDOWN_TIMEOUT_S,
        log_folder=_LOG_FOLDER,
        lua_folder=_LUA_FOLDER,
        js_folder=_JS_FOLDER,
    )


def structure_of(document: BalancerDocument) -> Structure:
    """What of a document is structure; everything else of it stays here."""
    balancer = document.balancer
    listeners = [_listener(entry.listener, balancer.type) for entry in document.listeners]
    return Structure(
        type=balancer.type,
        listeners=tuple(sorted(listeners, key=lambda listener: listener.port)),
        idle_timeout_s=balancer.idle_timeout_s,
        http2=balancer.http2,
        forwarded_for=balancer.forwarded_for,
    )


def _listener(listener: Listener, balancer_type: BalancerType) -> ListenerStructure:
    _require_type("a listener's protocol", listener.protocol, ListenerProtocol)
    if listener.protocol.balancer_type is not balancer_type:
        raise _refused("a listener's protocol is not one of its balancer's")
    return ListenerStructure(
        port=listener.port,
        is_tls=listener.protocol is ListenerProtocol.HTTPS,
        certificate_id=listener.certificate_id,
        tls_policy=listener.tls_policy,
    )


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader(__package__),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def _require_type(what: str, value: object, kind: type) -> None:
    # The exact type: one derived from it could say of itself, as text, what it likes.
    if type(value) is not kind:
        raise _refused(f"{what} is not of the type {kind.__name__}")


def _require_whole_number(what: str, value: int, most: int) -> None:
    _require_type(what, value, int)
    if not 1 <= value <= most:
        raise _refused(f"{what} is not between 1 and {most}")


def _refused(message: str) -> InvalidRequest:
    return InvalidRequest(
        "InvalidConfigurationRequest", message, "correct the balancer's settings and its listeners"
    )

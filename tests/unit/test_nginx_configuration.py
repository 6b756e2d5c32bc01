"""nginx's configuration: the structure, the whole structure, and not a word of a user's."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import crossplane
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minicloud.adapters.nginx.configuration import render
from minicloud.domain.balancer import BalancerType, ForwardedForMode
from minicloud.domain.errors import InvalidRequest
from minicloud.domain.listener import ListenerProtocol
from minicloud.ports.balancer_plane import BalancerDocument
from tests.unit.balancer_documents import (
    CERTIFICATE_ID,
    application_document,
    network_document,
    with_texts,
)

MakeDocument = Callable[..., BalancerDocument]
BOTH = pytest.mark.parametrize("make", [application_document, network_document])

FRAGMENTS = (
    ";",
    "}",
    "{",
    "}}",
    "{{",
    "%}",
    "{%",
    "#}",
    "\n",
    "\r\n",
    "\0",
    "\t",
    " ",
    "#",
    "'",
    '"',
    "\\",
    "\\\\'",
    "$",
    "${host}",
    "$http_cookie",
    "]]",
    "--",
    "\u2028",
    "\x85",
    "\ud800",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "../../etc/passwd",
    "return 200 owned;",
    "include /etc/passwd;",
    "load_module /tmp/x.so;",
    "content_by_lua_block { os.execute('id') }",
    "} } server { listen 666;",
    "{{ 7 * 7 }}",
    "{{ listeners.__class__.__mro__ }}",
    "{% for x in listeners %}{{ x }}{% endfor %}",
    "{% include '/etc/passwd' %}",
)
CORPUS = (
    *FRAGMENTS,
    '"; return 200 "owned"; #',
    "'; access_log /tmp/x; '",
    "x\n    return 200 owned;\n",
    "x;}}server{listen 0.0.0.0:22;location/{return 200;}}http{server{",
    '") os.execute("id") --',
    "80 ssl; ssl_certificate /etc/passwd",
    "Host: evil\r\nX-Injected: 1\r\n\r\nGET / HTTP/1.1",
    "a=b; Path=/; HttpOnly\r\nSet-Cookie: x=y",
    "-----BEGIN CERTIFICATE-----\n;}\n-----END CERTIFICATE-----",
    "A" * 100_000,
    "",
)
hostile_texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=6).map("".join)


def tree(text: str) -> Any:
    """The directives of a configuration, as nginx's own grammar reads them, comments and all."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nginx.conf"
        path.write_text(text)
        # Which directive may stand where is nginx's own to say: the parser is older than some.
        parsed = crossplane.parse(str(path), single=True, comments=True, check_ctx=False)
    (config,) = parsed["config"]
    assert (config["status"], config["errors"]) == ("ok", [])
    return config["parsed"]


def found(directives: Any, *names: str) -> list[list[str]]:
    """The arguments of all directives that are called so, inside blocks that are called so."""
    for name in names[:-1]:
        directives = [
            inner for one in directives if one["directive"] == name for inner in one["block"]
        ]
    return [one["args"] for one in directives if one["directive"] == names[-1]]


def poisoned(document: BalancerDocument, texts: list[str]) -> BalancerDocument:
    endless = itertools.cycle(texts)
    spoilt: BalancerDocument = with_texts(document, lambda _: next(endless))
    return spoilt


class TestStructure:
    def test_each_listener_has_its_server(self) -> None:
        http = tree(render(application_document()))
        assert found(http, "http", "server", "listen") == [
            ["0.0.0.0:80", "default_server"],
            ["0.0.0.0:443", "ssl", "default_server"],
            ["0.0.0.0:8443", "ssl", "default_server"],
            ["unix:control.sock"],
        ]
        assert found(http, "http", "server", "ssl_certificate") == [[f"{CERTIFICATE_ID}.pem"]] * 2
        assert (
            found(http, "http", "server", "ssl_certificate_key") == [[f"{CERTIFICATE_ID}.key"]] * 2
        )
        assert found(http, "http", "server", "ssl_protocols") == [
            ["TLSv1.2", "TLSv1.3"],
            ["TLSv1.3"],
        ]
        stream = tree(render(network_document()))
        assert found(stream, "stream", "server", "listen") == [
            ["0.0.0.0:5432"],
            ["unix:control.sock"],
        ]

    @pytest.mark.parametrize("http2", [True, False])
    def test_http2_is_on_or_off(self, http2: bool) -> None:
        text = render(application_document(http2=http2))
        assert found(tree(text), "http", "server", "http2") == [["on" if http2 else "off"]] * 2

    @BOTH
    def test_the_idle_timeout_is_the_balancers(self, make: MakeDocument) -> None:
        assert "1234s" in render(make(idle_timeout_s=1234))
        assert "1234s" not in render(make())

    @BOTH
    def test_the_order_of_records_means_nothing(self, make: MakeDocument) -> None:
        document = make()
        turned = BalancerDocument(
            document.balancer,
            document.listeners[::-1],
            document.groups[::-1],
            document.certificates[::-1],
        )
        assert render(turned) == render(document)

    def test_a_balancer_without_listeners_has_its_side_door_alone(self) -> None:
        for document in (application_document(), network_document()):
            bare = BalancerDocument(document.balancer, (), (), ())
            block = "http" if document.balancer.type is BalancerType.APPLICATION else "stream"
            assert found(tree(render(bare)), block, "server", "listen") == [["unix:control.sock"]]


class TestHostileText:
    @BOTH
    @pytest.mark.parametrize("text", CORPUS)
    def test_one_text_everywhere(self, make: MakeDocument, text: str) -> None:
        assert tree(render(poisoned(make(), [text]))) == tree(render(make()))

    @BOTH
    @settings(max_examples=400)
    @given(texts=st.lists(hostile_texts, min_size=1, max_size=60))
    def test_any_texts_anywhere(self, make: MakeDocument, texts: list[str]) -> None:
        assert tree(render(poisoned(make(), texts))) == tree(render(make()))

    def test_the_parser_would_see_what_slips_in(self) -> None:
        text = render(application_document())
        harmless = tree(text)
        for intruder in ("return 200 owned;", "# owned", "location /x { }", "include /etc/passwd;"):
            assert tree(text.replace('default "";', f'default "";{intruder}')) != harmless

    def test_every_text_is_reached(self) -> None:
        spoilt = poisoned(application_document(), ["owned"])
        assert spoilt.listeners[0].listener.tags == {"owned": "owned"}
        assert spoilt.groups[0].targets[0].id == spoilt.balancer.name == "owned"
        assert spoilt.listeners[0].rules[2].action == with_texts(
            application_document().listeners[0].rules[2].action, lambda _: "owned"
        )


class _Liar(int):
    """A number that says of itself what it likes."""

    def __str__(self) -> str:
        return "80; return 200 owned"

    __repr__ = __str__

    def __format__(self, _: str) -> str:
        return str(self)


class _Chameleon(str):
    """A good identifier that turns into something else when it is written."""

    def __str__(self) -> str:
        return "x; return 200 owned"


HOSTILE_PORTS = ("80; return 200 owned", "80", 80.0, True, 0, -1, 65536, 2**70, None, _Liar(80))
HOSTILE_CERTIFICATES = (
    "",
    "../../../etc/passwd",
    "cert-1",
    CERTIFICATE_ID.upper(),
    CERTIFICATE_ID + "\n",
    CERTIFICATE_ID + "; include /etc/passwd; #",
    "\n" + CERTIFICATE_ID,
    CERTIFICATE_ID[:-1] + "٣",
    CERTIFICATE_ID.encode(),
    _Chameleon(CERTIFICATE_ID),
    None,
    7,
)


class TestRefusals:
    @BOTH
    @pytest.mark.parametrize("port", HOSTILE_PORTS)
    def test_ports(self, make: MakeDocument, port: object) -> None:
        self._refuse_listener(make(), "port", port)

    @pytest.mark.parametrize("certificate_id", HOSTILE_CERTIFICATES)
    def test_certificates(self, certificate_id: object) -> None:
        document = application_document()
        object.__setattr__(document.listeners[1].listener, "certificate_id", certificate_id)
        self._refuse(document)

    @BOTH
    @pytest.mark.parametrize("field", ["protocol", "tls_policy"])
    @pytest.mark.parametrize(
        "value", [*CORPUS[-11:], "HTTP", "HTTPS", "TCP", None, 1, BalancerType]
    )
    def test_a_listeners_choices(self, make: MakeDocument, field: str, value: object) -> None:
        self._refuse_listener(make(), field, value)

    @BOTH
    @pytest.mark.parametrize("field", ["idle_timeout_s", "http2", "forwarded_for", "type"])
    @pytest.mark.parametrize(
        "value", [*CORPUS[-11:], "on", "append", None, 0, 4001, _Liar(60), 1.5]
    )
    def test_the_balancers_settings(self, make: MakeDocument, field: str, value: object) -> None:
        document = make()
        object.__setattr__(document.balancer, field, value)
        self._refuse(document)

    def test_a_listener_of_the_other_kind_of_balancer(self) -> None:
        for make, protocol in (
            (application_document, ListenerProtocol.TCP),
            (network_document, ListenerProtocol.HTTP),
        ):
            self._refuse_listener(make(), "protocol", protocol)

    def _refuse_listener(self, document: BalancerDocument, field: str, value: object) -> None:
        object.__setattr__(document.listeners[0].listener, field, value)
        self._refuse(document)

    def _refuse(self, document: BalancerDocument) -> None:
        with pytest.raises(InvalidRequest) as refused:
            render(document)
        assert refused.value.code == "InvalidConfigurationRequest"
        assert "owned" not in refused.value.message


@pytest.mark.parametrize("mode", list(ForwardedForMode))
def test_the_mode_of_forwarding_adds_or_removes_no_directive(mode: ForwardedForMode) -> None:
    def names(directives: Any) -> Any:
        return [(one["directive"], names(one.get("block", []))) for one in directives]

    assert names(tree(render(application_document(forwarded_for=mode)))) == names(
        tree(render(application_document()))
    )

"""What can be asked of certificates."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from minicloud.domain.action import FixedResponseAction
from minicloud.domain.errors import MiniCloudError
from minicloud.domain.listener import ListenerProtocol
from minicloud.services.listeners import CreateListener
from tests.unit import invariants
from tests.unit.cloud import Cloud

GIVEN = json.dumps(
    {
        "domains": ["given.example"],
        "from": "2030-01-01T00:00:00+00:00",
        "until": "2031-01-01T00:00:00+00:00",
    }
)


def test_certificates_are_issued_by_one_authority_of_the_cloud(cloud: Cloud) -> None:
    made = cloud.certificates.create("shop", ["Shop.Example", "*.shop.example"], 30)
    assert made.domains == ("shop.example", "*.shop.example")
    assert (made.not_after - made.not_before).days == 30
    assert made.issued_here
    other = cloud.certificates.create("other", ["other.example"])
    assert (other.not_after - other.not_before).days == 397
    cloud.restart()
    assert "authority 1" in cloud.certificates.authority()
    cloud.certificates.create("third", ["third.example"])
    assert cloud.authority.created == 0
    assert [c.name for c in cloud.certificates.list_all()] == ["shop", "other", "third"]
    assert cloud.certificates.show("shop") == cloud.certificates.show(made.id) == made


def test_no_authority_is_made_before_it_is_needed(cloud: Cloud) -> None:
    cloud.certificates.import_("given", GIVEN, "key")
    assert cloud.authority.created == 0
    assert not cloud.certificates.show("given").issued_here
    cloud.certificates.authority()
    assert cloud.authority.created == 1


def test_those_who_need_the_authority_first_get_the_same(cloud: Cloud) -> None:
    ready = threading.Barrier(2)
    create = cloud.authority.create

    def create_together(*arguments: object) -> object:
        ready.wait(5)
        return create(*arguments)  # type: ignore[arg-type]

    cloud.authority.create = create_together  # type: ignore[method-assign,assignment]
    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append(cloud.certificates.authority()))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cloud.authority.created == 2
    assert seen[0] == seen[1] == cloud.certificates.authority()


def test_a_key_is_not_shown_where_a_record_is_printed(cloud: Cloud) -> None:
    made = cloud.certificates.import_("given", GIVEN, "the secret")
    assert made.key_pem == "the secret"
    assert "the secret" not in repr(made)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda c: c.create("shop", ["a.example"]), "DuplicateCertificateName"),
        (lambda c: c.import_("shop", GIVEN, "key"), "DuplicateCertificateName"),
        (lambda c: c.create("a b", ["a.example"]), "InvalidParameterValue"),
        (lambda c: c.create("cert-1", ["a.example"]), "InvalidParameterValue"),
        (lambda c: c.create("new", []), "InvalidParameterValue"),
        (lambda c: c.create("new", ["a;b"]), "ValidationError"),
        (lambda c: c.create("new", ["a.example"], 0), "InvalidParameterValue"),
        (lambda c: c.create("new", ["a.example"], 826), "InvalidParameterValue"),
        (lambda c: c.create("new", ["a.example"], tags={"aws:a": ""}), "InvalidParameterValue"),
        (lambda c: c.import_("new", "nonsense", "key"), "ValidationError"),
        (lambda c: c.show("none"), "CertificateNotFound"),
        (lambda c: c.delete("none"), "CertificateNotFound"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    cloud: Cloud, ask: Callable[[object], object], code: str
) -> None:
    cloud.certificates.create("shop", ["shop.example"])
    before = cloud.certificates.list_all()
    with pytest.raises(MiniCloudError) as caught:
        ask(cloud.certificates)
    assert caught.value.code == code
    assert cloud.certificates.list_all() == before


def test_a_certificate_in_use_is_not_deleted(cloud: Cloud) -> None:
    cloud.certificates.create("shop", ["shop.example"])
    cloud.balance("front")
    listening = CreateListener(
        "front", 443, FixedResponseAction(), ListenerProtocol.HTTPS, certificate="shop"
    )
    cloud.succeed(cloud.listeners.create(listening)[1])
    with pytest.raises(MiniCloudError, match="ResourceInUse"):
        cloud.certificates.delete("shop")
    cloud.succeed(cloud.listeners.delete("front:443"))
    cloud.certificates.delete("shop")
    assert cloud.certificates.list_all() == []
    invariants.check(cloud)

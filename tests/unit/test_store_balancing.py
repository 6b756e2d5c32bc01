"""The store's records of load balancing, and the migration that brought them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

from minicloud.adapters.database.store import DatabaseStore
from minicloud.domain.action import (
    Action,
    FixedResponseAction,
    ForwardAction,
    RedirectAction,
    WeightedGroup,
)
from minicloud.domain.balancer import Balancer, BalancerState, BalancerType, ForwardedForMode
from minicloud.domain.certificate import Certificate, KeyPair
from minicloud.domain.health_check import CheckProtocol, HealthCheck
from minicloud.domain.listener import Listener, ListenerProtocol, TlsPolicy
from minicloud.domain.rule import (
    HeaderCondition,
    HostCondition,
    MethodCondition,
    PathCondition,
    QueryCondition,
    QueryValue,
    Rule,
    SourceIpCondition,
)
from minicloud.domain.settings import Settings
from minicloud.domain.target import Registration, Target
from minicloud.domain.target_group import Algorithm, GroupProtocol, TargetGroup
from minicloud.ports.store import CloudRecord

AT = datetime(2030, 1, 1, 12, 30, 0, 123456, tzinfo=UTC)
CLOUD = CloudRecord("cloud-1", "test")
BALANCER = Balancer(
    id="lb-1",
    name="web",
    type=BalancerType.NETWORK,
    state=BalancerState.DELETING,
    private_ip="172.31.0.11",
    private_slot=1,
    public_ip="127.31.0.11",
    public_slot=1,
    container_name="c",
    created_at=AT,
    idle_timeout_s=7,
    http2=False,
    forwarded_for=ForwardedForMode.REMOVE,
    deletion_protection=True,
    tags={"키": "값"},
)
GROUP = TargetGroup(
    id="tg-1",
    name="web",
    protocol=GroupProtocol.HTTP,
    port=8080,
    created_at=AT,
    health_check=HealthCheck(CheckProtocol.HTTP, "/up?x", 81, "200,300-302", 11, 3, 4, 3),
    algorithm=Algorithm.LEAST_OUTSTANDING_REQUESTS,
    deregistration_delay_s=3,
    stickiness_s=9,
    tags={"a": "b"},
)
TARGETS = [
    Target("t-1", "tg-1", "i-1", 80, AT),
    Target("t-2", "tg-1", "i-2", 80, AT, Registration.DRAINING, AT, "op-1"),
    Target("t-3", "tg-2", "i-1", 80, AT),
]
FORWARD = ForwardAction((WeightedGroup("tg-1", 3), WeightedGroup("tg-2", 0)), 60)
# Each kind of action and of condition: some differ in nothing but their kind.
ACTIONS: list[Action] = [
    FORWARD,
    RedirectAction(302, port="8443"),
    FixedResponseAction(503, body="ü"),
]
CONDITIONS = (
    HostCondition(("a",)),
    PathCondition(("a",)),
    MethodCondition(("A",)),
    HeaderCondition("x-a", ("b",)),
)
RULES = [
    Rule("rule-1", "lsn-1", 10, CONDITIONS, FORWARD, AT, {"a": "b"}),
    Rule(
        "rule-2",
        "lsn-1",
        20,
        (
            QueryCondition((QueryValue("v", "k"), QueryValue("*"))),
            SourceIpCondition(("10.0.0.0/8",)),
        ),
        ACTIONS[1],
        AT,
    ),
]
LISTENERS = [
    Listener(f"lsn-{number}", "lb-1", 80 + number, ListenerProtocol.HTTP, action, AT)
    for number, action in enumerate(ACTIONS)
]
LISTENERS += [
    replace(
        LISTENERS[0],
        id="lsn-9",
        protocol=ListenerProtocol.HTTPS,
        certificate_id="cert-1",
        tls_policy=TlsPolicy.TLS13,
    )
]
CERTIFICATE = Certificate("cert-1", "c", ("a", "*.a"), "chain", "key", AT, AT, True, AT, {"a": "b"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def store(path: Path) -> Iterator[DatabaseStore]:
    store = DatabaseStore(path, CLOUD)
    yield store
    store.close()


def test_what_was_written_is_read_back_by_the_next_server(path: Path) -> None:
    authority = KeyPair("chain", "key")
    first = DatabaseStore(path, CLOUD)
    with first.write() as transaction:
        assert transaction.certificate_authority() is None
        transaction.save_certificate_authority(authority)
        transaction.balancers.add(BALANCER)
        transaction.target_groups.add(GROUP)
        transaction.certificates.add(CERTIFICATE)
        for target in TARGETS:
            transaction.targets.add(target)
        for listener in LISTENERS:
            transaction.listeners.add(listener)
        for rule in RULES:
            transaction.rules.add(rule)
    first.close()

    second = DatabaseStore(path, CLOUD)
    with second.read() as transaction:
        assert transaction.certificate_authority() == authority
        assert transaction.balancers.all() == [BALANCER]
        assert transaction.target_groups.all() == [GROUP]
        assert transaction.certificates.all() == [CERTIFICATE]
        assert transaction.targets.all() == TARGETS
        assert transaction.targets.of_instance("i-1") == [TARGETS[0], TARGETS[2]]
        assert transaction.targets.of_group("tg-1") == TARGETS[:2]
        assert transaction.listeners.all() == LISTENERS
        assert transaction.rules.all() == RULES
    second.close()


def test_a_record_is_removed_and_put_back_as_a_snapshot_says(store: DatabaseStore) -> None:
    with store.write() as transaction:
        rules = transaction.rules
        assert rules.snapshot("rule-1") is None
        rules.add(RULES[0])
        snapshot = json.loads(json.dumps(rules.snapshot("rule-1")))
        rules.save(replace(RULES[0], priority=7))
        rules.restore("rule-1", snapshot)
        assert rules.all() == [RULES[0]]
        rules.remove("rule-1")
        rules.remove("rule-1")
        assert rules.get("rule-1") is None
        for _ in range(2):
            rules.restore("rule-1", snapshot)
            assert rules.all() == [RULES[0]]
        for _ in range(2):
            rules.restore("rule-1", None)
            assert rules.all() == []


def test_the_file_and_what_lies_beside_it_are_their_owners_alone(path: Path) -> None:
    path.touch(mode=0o644)
    path.chmod(0o644)
    store = DatabaseStore(path, CLOUD)
    with store.write() as transaction:
        transaction.certificates.add(CERTIFICATE)
        beside = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert len(beside) == 3
    assert set(beside.values()) == {0o600}
    store.close()


def test_a_file_of_the_first_release_is_brought_up_to_date(path: Path) -> None:
    _make_first_release(path)
    store = DatabaseStore(path, CloudRecord("another", "name"))
    with store.write() as transaction:
        assert transaction.cloud() == CLOUD
        assert [instance.zone for instance in transaction.instances.all()] == ["us-east-1a"]
        assert transaction.settings() == Settings(address_limit=7)
        assert transaction.aws_endpoint() is None
        transaction.balancers.add(BALANCER)
    store.close()


_FIRST_RELEASE = (
    f"INSERT INTO cloud (id, name) VALUES ('{CLOUD.id}', '{CLOUD.name}')",
    "INSERT INTO settings VALUES (1, 4.0, 1.0, 7)",
    "INSERT INTO instances (id, image_id, type_name, state, private_ip, private_slot,"
    " container_name, zone, launched_at, termination_protection, tags) VALUES"
    " ('i-1', 'ami-1', 't3.micro', 'terminated', '172.31.0.10', 0, 'c', 'local-1a',"
    " '2026-01-01T00:00:00Z', 0, '{}')",
)


def _make_first_release(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", "minicloud.adapters.database:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        assert not inspect(connection).has_table("balancers")
        # Not by today's tables: they have what came later.
        for statement in _FIRST_RELEASE:
            connection.execute(text(statement))
    engine.dispose()

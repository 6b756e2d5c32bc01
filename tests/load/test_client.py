"""The load client counts each way in which a server can fail it, exactly."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.load import __main__ as program
from tests.load.client import Load, Plan
from tests.load.guard import NotHere, ensure_local
from tests.load.process import LoadProcess
from tests.load.report import Histogram, Report
from tests.load.servers import Asked, Behaviour, Reply, answer, server, well

COUNT = 400
EVERY = 50
BAD = COUNT // EVERY


def run(behaviour: Behaviour, **changes: float | str | bool) -> Report:
    """A short run against a server that behaves so."""
    with server(behaviour) as port:
        return Load(plan(port, **changes)).run()


def plan(port: int, **changes: float | str | bool) -> Plan:
    fields: dict[str, object] = {"connections": 4, "rate_per_s": 2000, "requests": COUNT}
    return Plan("127.0.0.1", port, "t", **{**fields, **changes})  # type: ignore[arg-type]


def every(bad: Callable[[Asked], Reply]) -> Behaviour:
    """Well, but for one in fifty."""
    return lambda asked: bad(asked) if asked.number % EVERY == EVERY - 1 else well(asked)


def test_a_good_server_fails_nothing() -> None:
    report = run(well)
    assert report.sent == {"GET": COUNT // 2, "POST": COUNT // 2}
    assert report.answered == report.sent
    assert report.failed == {"GET": 0, "POST": 0}
    assert report.failures == []
    assert report.connections_opened == 4
    assert sum(h.counts.total() for h in report.durations.values()) == COUNT


def test_the_rate_is_kept() -> None:
    report = run(well, rate_per_s=500, requests=200)
    assert 0.38 < report.ended - report.began < 1.0


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        (lambda _: Reply(b"", then="close"), "closed"),
        (lambda _: Reply(b"", then="reset"), "reset"),
        (lambda a: Reply(answer(a.id)[:-1], then="close"), "truncated"),
        (lambda a: Reply(answer(a.id, 503)), "status-503"),
        (lambda a: Reply(answer(a.id, 302)), "status-302"),
        (lambda a: Reply(answer("t-x")), "wrong-body"),
        (lambda _: Reply(b"SSH-2.0-OpenSSH\r\n"), "garbage"),
        (lambda a: Reply(answer(a.id) + b"more"), "garbage"),
        (lambda _: Reply(b"HTTP/1.1 200 OK\r\n\r\n"), "garbage"),
    ],
)
def test_each_bad_answer_is_one_failure(bad: Callable[[Asked], Reply], kind: str) -> None:
    report = run(every(bad))
    assert dict(report.kinds) == {kind: BAD}
    assert sum(report.failed.values()) == BAD == len(report.failures)
    assert sum(report.answered.values()) == COUNT - BAD
    assert len({failure.id for failure in report.failures}) == BAD
    assert all(f.began <= f.ended <= time.time() for f in report.failures)


def test_a_connection_closed_while_idle_fails_the_request_that_meets_it() -> None:
    report = run(every(lambda a: Reply(answer(a.id), then="close")))
    assert set(report.kinds) <= {"closed-idle", "closed", "reset"}
    # The last ones closed may not have met a request before the end.
    assert BAD - 4 <= sum(report.kinds.values()) <= BAD
    assert sum(report.answered.values()) + sum(report.failed.values()) == COUNT


def test_a_close_that_was_announced_is_no_failure() -> None:
    report = run(every(lambda a: Reply(answer(a.id, 200, "Connection: close"), then="close")))
    assert sum(report.failed.values()) == 0
    assert report.closes_announced == BAD
    assert report.connections_opened >= 4 + BAD - 1


def test_a_late_answer_is_listed_and_a_later_one_times_out() -> None:
    report = run(every(lambda a: Reply(answer(a.id), before_s=0.15)), rate_per_s=400)
    assert len(report.slow) >= BAD
    assert sum(report.failed.values()) == 0
    report = run(every(lambda a: Reply(answer(a.id), before_s=1.5)), rate_per_s=400, timeout_s=0.5)
    assert dict(report.kinds) == {"timeout": BAD}


def test_chunks_and_empty_answers_are_understood() -> None:
    def chunked(asked: Asked) -> Reply:
        body, rest = asked.id[:2], asked.id[2:]
        text = f"{len(body):x};x=y\r\n{body}\r\n{len(rest):X}\r\n{rest}\r\n0\r\n\r\n"
        return Reply(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + text.encode())

    assert sum(run(chunked).failed.values()) == 0
    assert run(lambda _: Reply(b"HTTP/1.1 204 N\r\n\r\n"), echo=False).failed["GET"] == 0


def test_a_port_that_refuses_fails_everything() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    report = Load(plan(port, requests=100)).run()
    assert dict(report.kinds) == {"refused": 100}


def test_a_silent_server_is_given_up_and_the_rest_waits_no_longer() -> None:
    report = run(lambda _: Reply(b"", before_s=30), requests=8, timeout_s=0.3)
    assert dict(report.kinds) == {"timeout": 8}


def test_a_report_survives_being_told() -> None:
    report = run(every(lambda a: Reply(answer(a.id, 503))))
    told = json.loads(json.dumps(report.to_json()))
    assert json.loads(json.dumps(Report.from_json(told).to_json())) == told
    assert "status-503" in report.summary()


def test_percentiles() -> None:
    histogram = Histogram()
    for hundredth in range(1, 101):
        histogram.add(hundredth / 100 + 1e-6)
    assert histogram.percentile_ms(0.5) == pytest.approx(500, abs=0.2)
    assert histogram.percentile_ms(1) == pytest.approx(1000, abs=0.2)
    assert Histogram().percentile_ms(0.5) == 0


def test_a_process_tells_when_it_is_ended_and_costs_little() -> None:
    with server(well) as port:
        url = f"http://127.0.0.1:{port}/echo"
        with LoadProcess(url, "p", "--rate", "500") as load:
            time.sleep(1)
        report = load.report
    assert sum(report.failed.values()) == 0
    assert 300 < sum(report.answered.values()) < 700
    assert report.processor_s < 0.5


def test_a_process_ends_by_itself_after_so_many() -> None:
    with (
        server(well) as port,
        LoadProcess(f"http://127.0.0.1:{port}/echo", "p", "--requests", "100") as load,
    ):
        assert sum(load.wait().answered.values()) == 100


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "192.168.1.1", "0.0.0.0", "::1", "localhost", "172.15.0.1"]
)
def test_other_machines_are_refused(address: str) -> None:
    with pytest.raises(NotHere):
        ensure_local(address)
    host = f"[{address}]" if ":" in address else address
    assert program.main(["--url", f"http://{host}/", "--name", "x"]) == 2


def test_a_private_address_is_taken_behind_a_bridge_alone(tmp_path: Path) -> None:
    routes = tmp_path / "route"
    lines = [
        "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT",
        "eth0 00000000 0100000A 0003 0 0 0 00000000 0 0 0",
        "eth0 0000000A 00000000 0001 0 0 0 000000FF 0 0 0",
        "br0 00001FAC 00000000 0001 0 0 0 00F0FFFF 0 0 0",
        "br1 00101FAC 0100000A 0003 0 0 0 00F0FFFF 0 0 0",
    ]
    routes.write_text("\n".join(lines) + "\n")
    for name in ("br0", "br1"):
        (tmp_path / name / "bridge").mkdir(parents=True)
    ensure_local("127.31.0.10", routes, tmp_path)
    ensure_local("172.31.0.12", routes, tmp_path)
    for refused in ("172.31.16.12", "172.31.32.1", "10.0.0.9", "10.9.0.1"):
        with pytest.raises(NotHere):
            ensure_local(refused, routes, tmp_path)

"""Where requests go: every condition and action of rules, every way to choose, by a real nginx."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

pytest.register_assert_rewrite("tests.load.cloud")

from minicloud.client.rules import RuleRequest  # noqa: E402
from minicloud.client.target_groups import (  # noqa: E402
    HealthCheckRequest,
    TargetGroupRequest,
    TargetGroupSettings,
)
from tests.load.cloud import BalancedCloud, balanced_cloud  # noqa: E402
from tests.load.targets import run_inside  # noqa: E402

_FIXED = {"type": "fixed-response", "status": 418, "content_type": "text/plain", "body": "short"}
_QUICK = HealthCheckRequest(path="/", interval_s=5, timeout_s=2)
_REQUESTS = 100


@dataclass
class Site:
    """A balancer ``site``: the group ``blue`` of two machines by default, ``green`` of one."""

    cloud: BalancedCloud
    url: str
    hostnames: dict[str, str]

    def who(self, session: requests.Session | None = None, **options: Any) -> str:
        """Which machine answers."""
        page = (session or requests).get(self.url + "/", timeout=5, **options)
        page.raise_for_status()
        return next(name for name, host in self.hostnames.items() if host in page.text)

    def shares(self, count: int = _REQUESTS) -> Counter[str]:
        """Who answers so many requests on one connection."""
        with requests.Session() as session:
            return Counter(self.who(session) for _ in range(count))

    def set_blue(self, **settings: Any) -> None:
        """Change the settings of the group that gets what no rule takes."""
        groups = self.cloud.client.target_groups
        self.cloud.do(groups.modify("blue", TargetGroupSettings(**settings)))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with balanced_cloud("routing") as cloud:
        machines = cloud.targets.launch("blue", count=2)
        machines += cloud.targets.launch("green")
        url = cloud.create("site", machines[:2], group_name="blue", health=_QUICK)
        group = TargetGroupRequest("green", health=_QUICK)
        cloud.do(cloud.client.target_groups.create(group))
        show = cloud.client.instances.show
        yield Site(cloud, url, {name: show(name)["hostname"] for name in machines})


@pytest.fixture
def rule(site: Site) -> Iterator[Any]:
    """Makes rules of the test's own: conditions, action, priority."""
    made: list[str] = []

    def make(conditions: list[Any], action: Any, priority: int = 10) -> None:
        request = RuleRequest(
            listener="site:80", priority=priority, conditions=conditions, action=action
        )
        answer = site.cloud.client.rules.create(request)
        site.cloud.do(answer)
        made.extend(each["id"] for each in answer["rules"])

    yield make
    for rule_id in made:
        site.cloud.do(site.cloud.client.rules.delete(rule_id))


@pytest.mark.parametrize(
    ("condition", "fitting", "other"),
    [
        ({"field": "path", "values": ["/img/*.gif"]}, "/img/a/b.gif?q=1", "/IMG/a.gif"),
        ({"field": "path", "values": ["/a?c", "/x"]}, "/abc", "/abbc"),
        ({"field": "query", "values": [{"key": "v*", "value": "2"}]}, "/?Ver=2", "/?ver=3"),
        ({"field": "query", "values": [{"key": None, "value": "y?s"}]}, "/?a=1&b=yes", "/?yes=1"),
        ({"field": "source-ip", "values": ["172.31.0.0/16"]}, "/", None),
        ({"field": "source-ip", "values": ["10.0.0.0/8"]}, None, "/"),
    ],
)
def test_conditions_on_the_url_and_the_client(
    site: Site, rule: Any, condition: dict[str, Any], fitting: str | None, other: str | None
) -> None:
    rule([condition], _FIXED)
    if fitting is not None:
        assert requests.get(site.url + fitting, timeout=5).status_code == 418
    if other is not None:
        assert requests.get(site.url + other, timeout=5).status_code != 418


def test_conditions_on_host_header_and_method_must_all_hold(site: Site, rule: Any) -> None:
    rule(
        [
            {"field": "host", "values": ["*.shop.test"]},
            {"field": "header", "name": "User-Agent", "values": ["*Robot*"]},
            {"field": "method", "values": ["POST"]},
        ],
        _FIXED,
    )
    fitting = {"Host": "WWW.shop.test", "User-Agent": "a robot indeed"}
    answer = requests.post(site.url, headers=fitting, timeout=5)
    assert (answer.status_code, answer.text) == (418, "short")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert requests.get(site.url, headers=fitting, timeout=5).status_code == 200
    for name in fitting:
        lacking = {key: value for key, value in fitting.items() if key != name}
        assert requests.post(site.url, headers=lacking, timeout=5).status_code != 418


def test_the_lowest_priority_wins_and_a_deleted_rule_is_gone(site: Site, rule: Any) -> None:
    everything = [{"field": "path", "values": ["/*"]}]
    rule(everything, {**_FIXED, "body": "late"}, priority=20)
    rule(everything, {**_FIXED, "body": "early"}, priority=5)
    assert requests.get(site.url, timeout=5).text == "early"


def test_a_redirect_keeps_what_it_does_not_name(site: Site, rule: Any) -> None:
    action = {
        "type": "redirect",
        "protocol": "HTTPS",
        "host": "#{host}",
        "port": "8443",
        "path": "/new/#{path}",
        "query": "#{query}",
        "status": 302,
    }
    rule([{"field": "path", "values": ["/old*"]}], action)
    answer = requests.get(f"{site.url}/old/a%20b?x=1", timeout=5, allow_redirects=False)
    host = site.url.removeprefix("http://").partition(":")[0]
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"https://{host}:8443/new/old/a%20b?x=1"


def test_weights_are_kept_to_the_request(site: Site, rule: Any) -> None:
    site.cloud.register("green", "green")
    groups = [{"id": "blue", "weight": 3}, {"id": "green", "weight": 1}]
    rule([{"field": "path", "values": ["/*"]}], {"type": "forward", "groups": groups})
    site.cloud.eventually(
        lambda: site.cloud.states("green") == {"green": "healthy"}, "green to be healthy"
    )
    shares = site.shares()
    assert shares["green"] == _REQUESTS / 4
    assert abs(shares["blue-1"] - shares["blue-2"]) <= 1


def test_clients_stay_with_their_group_where_groups_are_sticky(site: Site, rule: Any) -> None:
    site.cloud.register("green", "green")
    groups = [{"id": "blue", "weight": 1}, {"id": "green", "weight": 1}]
    forward = {"type": "forward", "groups": groups, "stickiness_s": 60}
    rule([{"field": "path", "values": ["/*"]}], forward)
    site.cloud.eventually(
        lambda: site.cloud.states("green") == {"green": "healthy"}, "green to be healthy"
    )
    seen = set()
    for _client in range(8):
        with requests.Session() as session:
            colours = {site.who(session).partition("-")[0] for _ in range(10)}
        assert len(colours) == 1
        seen |= colours
    assert seen == {"blue", "green"}


def test_the_least_busy_gets_the_next(site: Site) -> None:
    site.set_blue(algorithm="least_outstanding_requests")
    with requests.get(f"{site.url}/long", stream=True, timeout=30):
        busy = site.cloud.eventually(
            lambda: [n for n, t in site.cloud.health("blue").items() if t["in_flight"]], "a load"
        )
        assert site.shares(20) == {next(n for n in ("blue-1", "blue-2") if n not in busy): 20}
    site.set_blue(algorithm="round_robin")


def test_a_newcomer_begins_slowly(site: Site) -> None:
    site.set_blue(slow_start_s=30)

    def is_settled() -> bool:
        since = datetime.fromisoformat(str(site.cloud.health("blue")["blue-1"]["since"]))
        return datetime.now(UTC) - since > timedelta(seconds=5)

    # Where both have just begun, both begin as slowly.
    site.cloud.eventually(is_settled, "blue-1 to be well for a while")
    site.cloud.deregister("blue", "blue-2")
    site.cloud.register("blue", "blue-2")
    site.cloud.eventually(lambda: site.cloud.states("blue")["blue-2"] == "healthy", "its check")
    shares = site.shares()
    assert 0 < shares["blue-2"] < shares["blue-1"] / 2
    site.set_blue(slow_start_s=0)


def test_initial_gets_nothing_and_all_unhealthy_get_all(site: Site) -> None:
    (lone,) = site.cloud.targets.launch("lone")
    # Not before it has booted: it would be started after it was stopped.
    stop = "until service nginx status; do sleep 0.2; done; service nginx stop"
    run_inside(site.cloud.client, lone, stop)
    url = site.cloud.url("site")
    site.cloud.do(site.cloud.client.target_groups.create(TargetGroupRequest("lone", health=_QUICK)))
    request = RuleRequest(
        listener="site:80",
        priority=1,
        conditions=[{"field": "path", "values": ["/lone"]}],
        action={"type": "forward", "groups": [{"id": "lone", "weight": 1}]},
    )
    site.cloud.do(site.cloud.client.rules.create(request))
    site.cloud.register("lone", lone)
    assert site.cloud.states("lone") == {lone: "initial"}
    assert requests.get(f"{url}/lone", timeout=5).status_code == 503
    site.cloud.eventually(lambda: site.cloud.states("lone") == {lone: "unhealthy"}, "its failure")
    assert site.cloud.health("lone")[lone]["reason"] == "Target.FailedHealthChecks"
    # Nobody is healthy, so it is tried, and found as it is.
    assert requests.get(f"{url}/lone", timeout=5).status_code == 502

"""When an old nginx may quit, which must where there are too many, and how one is spoken with."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from balancer_agent import control
from balancer_agent.children import Children
from balancer_agent.control import Counted, HttpControl, LineControl, NoAnswer
from balancer_agent.generations import GENERATIONS_MAX, Generations, may_quit
from balancer_agent.metrics import Meters
from balancer_agent.nginx import Generation, Phase, Structure, discard_folder

from tests.unit.agent_documents import parsed

IDLE_TIMEOUT_S = 60
BUSY = {"tg/i:80": 1}


@pytest.mark.parametrize(
    ("took_s", "in_flight", "active", "waiting", "shares", "may"),
    [
        (0.5, {}, 0, 0, False, False),  # whoever was connecting may not have arrived
        (1.5, {}, 0, 0, False, True),
        (1.5, {}, 1, 1, False, False),  # an idle client, whose next request must find it
        (1.5, {}, 1, 0, False, False),
        (60.9, {}, 1, 1, False, False),
        (61.1, {}, 1, 1, False, True),  # HTTP/2, idle
        (61.1, {}, 2, 1, False, False),  # somebody sends a request just now
        (61.1, BUSY, 1, 0, False, False),
        (61.1, BUSY, 2, 2, False, False),
        (3000, BUSY, 1, 0, False, False),  # a WebSocket
        (3601, BUSY, 1, 0, False, True),
        (1.5, BUSY, 1, 0, True, False),
        (61.1, BUSY, 1, 0, True, True),
    ],
)
def test_when_an_old_nginx_may_quit(
    took_s: float, in_flight: dict[str, int], active: int, waiting: int, shares: bool, may: bool
) -> None:
    counted = Counted(in_flight, active, waiting, {})
    assert may_quit(counted, took_s, IDLE_TIMEOUT_S, shares) is may


def a_generation(number: int, waiting: int, phase: Phase) -> Generation:
    made = Generation(number, Structure.of("", parsed()), Path("/nowhere"), {})
    made.counted, made.phase = Counted(BUSY, 1, waiting, {}), phase
    return made


@pytest.mark.parametrize(
    ("waiting", "told"),
    [
        ([1] * (GENERATIONS_MAX - 1), []),
        ([1] * GENERATIONS_MAX, [1]),
        ([1, 1, 0, *[1] * (GENERATIONS_MAX - 3)], [3]),
        ([*[1] * (GENERATIONS_MAX - 1), 0], [1]),
        ([1, *[0] * GENERATIONS_MAX], [2, 3]),
    ],
)
def test_where_too_many_retire_the_oldest_without_an_idle_client_has_to_go(
    waiting: list[int], told: list[int]
) -> None:
    generations = Generations(Path("/nowhere"), Children(), Meters(0), 0)
    generations.current = a_generation(99, 0, Phase.SERVING)
    generations._leaving = [
        a_generation(number, idle, Phase.RETIRING) for number, idle in enumerate(waiting, 1)
    ]
    for _ in range(2):  # what is ending already does not count again
        generations._keep_few()
        ending = [known for known in generations.living if known.phase is Phase.ENDING]
        assert [known.number for known in ending] == told


def test_a_folder_is_removed_with_all_that_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "1"
    (folder / "body" / "0").mkdir(parents=True)
    (folder / "body" / "0" / "file").write_text("x")
    (folder / "link").symlink_to(tmp_path)
    discard_folder(folder)
    discard_folder(folder)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def path() -> Iterator[Path]:
    # A socket's path must be short, and pytest's folders are not.
    with tempfile.TemporaryDirectory(prefix="mc-") as folder:
        yield Path(folder) / "control.sock"


def spoken(path: Path, reply: bytes, talk: Any, pause_s: float = 0.0) -> tuple[Any, list[bytes]]:
    """What ``talk`` returns where the other side says this, and what was said to it."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1 << 20))
        time.sleep(pause_s if len(heard) == 1 else 0)
        writer.write(reply)
        writer.close()

    async def run() -> Any:
        server = await asyncio.start_unix_server(serve, path)
        try:
            return await talk()
        finally:
            server.close()

    return asyncio.run(run()), heard


def test_an_http_nginx_is_told_its_state(path: Path) -> None:
    reply = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    _, heard = spoken(path, reply, lambda: HttpControl(path).tell(b'{"a":1}'))
    assert heard == [b'POST /state HTTP/1.0\r\nHost: control\r\nContent-Length: 7\r\n\r\n{"a":1}']


def test_an_http_nginx_says_what_it_counts_and_the_one_who_asks_is_not_counted(path: Path) -> None:
    raw = {
        "in_flight": {"a": 2},
        "connections": {"active": 3, "waiting": 1},
        "counters": {"requests": 9.0},
    }
    reply = b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(raw).encode()
    counted, _ = spoken(path, reply, HttpControl(path).counted)
    assert counted == Counted({"a": 2}, 2, 1, {"requests": 9})


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"garbage",
        b"HTTP/1.1 500 Oops\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n[]",
        b'HTTP/1.1 200 OK\r\n\r\n{"in_flight":1,"connections":{"active":1,"waiting":1},'
        b'"counters":{}}',
    ],
)
def test_an_answer_that_is_none_is_no_answer(path: Path, reply: bytes) -> None:
    for talk in (HttpControl(path).counted, lambda: HttpControl(path).tell(b"{}")):
        with pytest.raises(NoAnswer):
            spoken(path, reply, talk)
        path.unlink()


def test_an_nginx_that_is_not_there_does_not_answer(path: Path) -> None:
    with pytest.raises(NoAnswer):
        asyncio.run(HttpControl(path).retire())


def test_a_network_nginx_speaks_in_lines(path: Path) -> None:
    _, heard = spoken(path, b"ok\n", lambda: LineControl(path).tell(b"{}"))
    assert heard == [b"{}\n"]
    path.unlink()
    reply = b'{"counters":{"requests":3}}\n'
    counted, heard = spoken(path, reply, LineControl(path).counted)
    assert counted.counters == {"requests": 3}
    assert heard == [b'{"op":"counters"}\n']
    path.unlink()
    with pytest.raises(NoAnswer, match="refused"):
        spoken(path, b"refused: no\n", lambda: LineControl(path).tell(b"{}"))


def test_an_nginx_is_not_blamed_for_an_agent_that_was_held_up(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "TIMEOUT_S", 0.1)
    reply = b"HTTP/1.1 204 No Content\r\n\r\n"
    _, heard = spoken(path, reply, HttpControl(path).retire, pause_s=0.8)
    assert len(heard) == 2

"""The balancer's commands: ``serve``, ``pipe`` and ``logs``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import pwd
import resource
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import agent_pipe

from balancer_agent import logs
from balancer_agent.caretaker import Caretaker
from balancer_agent.children import Children
from balancer_agent.generations import Generations
from balancer_agent.keeper import Keeper
from balancer_agent.refusal import Refused
from balancer_agent.remembered import Remembered
from balancer_agent.server import open_door

STATE_FOLDER: Final = Path("/var/lib/minicloud-balancer")
RUN_FOLDER: Final = Path("/run/balancer")
SOCKET_PATH: Final = Path("/run/minicloud-balancer.sock")
_WORKERS_USER: Final = "www-data"
_PATIENCE_S: Final = 10.0
_OPEN_FILES_MAX: Final = 1 << 20

_log = logging.getLogger("balancer")


def main(arguments: list[str]) -> None:
    """Do what the arguments name."""
    parser = argparse.ArgumentParser(prog="balancer_agent")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve")
    commands.add_parser("pipe")
    printing = commands.add_parser("logs")
    printing.add_argument("--tail", type=int, default=10)
    printing.add_argument("--follow", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.command == "serve":
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
        _raise_open_files_limit()
        asyncio.run(serve())
    elif chosen.command == "pipe":
        agent_pipe.join(SOCKET_PATH)
    else:
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        logs.print_log(STATE_FOLDER, max(0, chosen.tail), chosen.follow)


async def serve() -> None:
    """Be the first process until SIGTERM comes."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    workers_user = pwd.getpwnam(_WORKERS_USER).pw_uid
    logs.make(STATE_FOLDER, workers_user)
    children = Children()
    children.watch()
    remembered = Remembered(STATE_FOLDER)
    meters = remembered.meters(time.time())
    generations = Generations(RUN_FOLDER, children, meters, remembered.last_number)
    keeper = Keeper(remembered, generations, meters, workers_user)
    caretaker = Caretaker(keeper, generations, STATE_FOLDER, workers_user)
    keeper.resume()
    # Whoever hears from this agent may connect to its listeners; the caretaker tries again.
    with suppress(Refused):
        await keeper.ensure_serving()
    door = await open_door(SOCKET_PATH, keeper.operations)
    caring = asyncio.get_running_loop().create_task(caretaker.run())
    waiting = asyncio.get_running_loop().create_task(ended.wait())
    await asyncio.wait({caring, waiting}, return_when=asyncio.FIRST_COMPLETED)
    _log.info("ending")
    door.close()
    caring.cancel()
    keeper.stop_checking()
    await keeper.count()
    await keeper.save_health()
    await keeper.save_figures()  # now, as an engine may not be patient
    await generations.shut_down(_PATIENCE_S)
    if caring.done() and not caring.cancelled():
        caring.result()


def _raise_open_files_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, _OPEN_FILES_MAX), most))


if __name__ == "__main__":
    main(sys.argv[1:])

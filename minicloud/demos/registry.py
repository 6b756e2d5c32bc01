"""Every demo there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from minicloud.demos.balanced_web import run as run_balanced_web
from minicloud.demos.bill import run as run_bill
from minicloud.demos.scale_up import run as run_scale_up
from minicloud.demos.stage import Stage

_DEMOS: Mapping[str, tuple[str, Callable[[Stage], None]]] = {
    "main": ("launch, image, Elastic IP, and a scale-up under live traffic", run_scale_up),
    "bill": ("a month on a simulated clock, and its bill explained line by line", run_bill),
    "balanced-web": ("a site behind a balancer: machines die, leave and join", run_balanced_web),
}


def names() -> dict[str, str]:
    """Each demo's name and what it shows."""
    return {name: shows for name, (shows, _run) in _DEMOS.items()}


def run(name: str, *, keep: bool) -> int:
    """Run a demo on a cloud of its own; 0 where every check passed.

    ``KeyError`` where there is no such demo. With ``keep`` the cloud is left as the demo made it.
    """
    _shows, play = _DEMOS[name]
    stage = Stage(cloud=f"demo-{name}")
    return stage.perform(play, keep=keep)

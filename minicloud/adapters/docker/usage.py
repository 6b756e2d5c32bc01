"""What running containers have used, asked of the engine one by one, several at once.

An engine gives these figures for one container a call. Docker 20.10 takes its time over it, up to a
second and hardly any of it at work, so that for 50 machines only asking many at once helps: 13 s
with 4 threads, 3 s with 16; newer engines answer in milliseconds. The figures of a control group
lie in files of the host's, which the Docker API does not show.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, cast

from docker.errors import NotFound as Missing

from minicloud.adapters.docker.errors import translated
from minicloud.adapters.docker.translation import usage_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import docker

    from minicloud.ports.engine import ContainerUsage

_PARALLEL_CALLS: Final = 16
# Without the second, the engine looks twice, a second apart, to be able to say a percentage.
_ONCE: Final = {"stream": "false", "one-shot": "true"}


def usage(api: docker.APIClient, names: Sequence[str]) -> Mapping[str, ContainerUsage]:
    """What those of the containers that run have used; see the port."""
    if not names:
        return {}
    with ThreadPoolExecutor(min(_PARALLEL_CALLS, len(names))) as threads:
        answers = threads.map(lambda name: _usage_of(api, name), names)
        found = zip(names, answers, strict=True)
        return {name: used for name, used in found if used is not None}


def _usage_of(api: docker.APIClient, name: str) -> ContainerUsage | None:
    with translated():
        sdk = cast("Any", api)
        response = sdk._get(sdk._url("/containers/{0}/stats", name), params=_ONCE)
        try:
            return usage_from(sdk._result(response, json=True))
        except Missing:
            return None

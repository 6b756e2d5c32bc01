"""Machines that say which requests they have carried out, even after they were killed.

A target answers a request to ``/echo`` with its id, and writes the id to its journal before the
answer goes out: nginx writes a subrequest's log line when the subrequest ends, and the answer waits
for that. So what a client or the balancer was told has been journalled, whenever the machine dies,
and the journal can be read from the disk of a dead container.
"""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from typing import Any

from minicloud.client import Client
from minicloud.client.images import ImageRequest
from minicloud.client.instances import LaunchRequest

TYPE = "t3.nano"
_JOURNAL = "/var/log/nginx/journal.log"
_SITE = r"""
log_format journal '$request_method $http_x_request_id';
access_log off;
error_log /var/log/nginx/error.log crit;
server {
    listen 80 default_server backlog=4096;
    root /var/www/html;
    default_type text/plain;
    location / {
        ssi on;
        try_files $uri $uri/ =404;
    }
    location = /echo {
        auth_request /journal;
        try_files /there-is-none @echo;
    }
    location @echo {
        return 200 $http_x_request_id;
    }
    # As a machine that works for a while: fifty milliseconds between the journal and the answer.
    location = /slow-echo {
        auth_request /journal;
        proxy_pass http://127.0.0.1:81;
        proxy_pass_request_body off;
        proxy_set_header Content-Length 1;
        proxy_read_timeout 50ms;
        error_page 504 = @echo;
    }
    location = /journal {
        internal;
        log_subrequest on;
        access_log /var/log/nginx/journal.log journal;
        return 204;
    }
    # Twenty seconds long: the answer begins at once and comes at a kilobyte a second.
    location = /long {
        limit_rate 1k;
    }
}
# Waits for a byte that never comes.
server {
    listen 127.0.0.1:81 backlog=4096;
    location / {
        proxy_pass http://127.0.0.1:9;
    }
}
"""
_PREPARE = """set -e
cat >/etc/nginx/sites-available/default
head -c 20480 /dev/zero | tr '\\0' x >/var/www/html/long
nginx -t
"""
# Machines that boot from the image find it; the template itself need not.
LONG_BYTES = 20480


def run_inside(client: Client, ref: str, script: str, stdin: str = "") -> str:
    """Run a shell script as root in a machine, which must succeed; its output."""
    output, status = b"", None
    for piece in client.instances.exec(ref, ["sh", "-c", script], stdin.encode()):
        output += piece.data
        status = status if piece.exit_code is None else piece.exit_code
    if status != 0:
        raise RuntimeError(f"{ref}: {script[:60]!r} ended with {status}: {output!r}")
    return output.decode()


class Targets:
    """Machines of one image, and what they have carried out. ``docker`` is the engine's SDK."""

    def __init__(self, client: Client, docker: Any, image: str = "echo") -> None:
        self._client = client
        self._docker = docker
        self._image = image
        self.executed: Counter[str] = Counter()
        """How often each POST was carried out, by id, as far as journals have been collected."""

    def make_image(self) -> None:
        """Have the image that they are launched from."""
        self.launch("template", image="web")
        run_inside(self._client, "template", _PREPARE, _SITE)
        self._do(self._client.images.create(ImageRequest("template", self._image))["operations"])
        self._do(self._client.instances.terminate("template"))

    def launch(self, name: str, *, count: int = 1, image: str | None = None) -> list[str]:
        """Launch machines and wait until they run; their names."""
        request = LaunchRequest(image or self._image, TYPE, name=name, count=count)
        launched = self._client.instances.launch(request)
        self._do(launched["operations"])
        return [instance["name"] for instance in launched["instances"]]

    def container(self, ref: str) -> Any:
        """A machine's container."""
        return self._docker.containers.get(self._client.instances.show(ref)["container_name"])

    def collect(self, ref: str) -> int:
        """Add up what a machine has carried out; once a machine, when it gets no more.

        The machine may be dead, but not terminated. How many POSTs it was.
        """
        stream, _ = self.container(ref).get_archive(_JOURNAL)
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
            member = archive.extractfile(archive.getmembers()[0])
            assert member is not None
            lines = member.read().decode("ascii").splitlines()
        ids = [line.partition(" ")[2] for line in lines if line.startswith("POST ")]
        self.executed.update(ids)
        return len(ids)

    def executed_of(self, load: str) -> Counter[str]:
        """How often each POST of this load was carried out."""
        return Counter({i: n for i, n in self.executed.items() if i.startswith(f"{load}-")})

    def _do(self, operations: Any) -> None:
        for operation in self._client.operations.wait(operations):
            if operation["status"] != "succeeded":
                raise RuntimeError(f"{operation['kind']}: {operation['error']}")

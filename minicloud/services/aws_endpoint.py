"""The cloud's AWS endpoint: its keys, made once and kept, and the port it is found at."""

from __future__ import annotations

import secrets
from dataclasses import replace

from minicloud.domain.aws_endpoint import KEY_BYTES, AwsEndpoint, AwsKeys, keys_from
from minicloud.ports.store import Store


class AwsEndpointService:
    """What the records know of the endpoint."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keys(self) -> AwsKeys:
        """The cloud's keys."""
        return self._endpoint().keys

    def port(self) -> int | None:
        """The port that was listened on last, or None."""
        return self._endpoint().port

    def keep_port(self, port: int) -> None:
        """Remember the port, so that clients find the cloud there after a restart."""
        endpoint = self._endpoint()
        if endpoint.port != port:
            with self._store.write() as transaction:
                transaction.save_aws_endpoint(replace(endpoint, port=port))

    def _endpoint(self) -> AwsEndpoint:
        with self._store.read() as transaction:
            endpoint = transaction.aws_endpoint()
        if endpoint is not None:
            return endpoint
        with self._store.write() as transaction:
            endpoint = transaction.aws_endpoint()
            if endpoint is None:
                endpoint = AwsEndpoint(keys_from(secrets.token_bytes(KEY_BYTES)))
                transaction.save_aws_endpoint(endpoint)
        return endpoint

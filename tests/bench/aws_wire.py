"""EC2 asked on a connection that stays open, by the same few lines whoever answers.

botocore's client would take longer to read a thousand instances than any server to tell them.
"""

from __future__ import annotations

import http.client
import re
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_ANSWERS_WITHIN_S = 60.0
_RETRY_S = 0.005
_VERSION, _REGION = "2016-11-15", "us-east-1"


class Wire:
    """A client of an EC2 endpoint."""

    def __init__(self, url: str, access_key_id: str, secret_access_key: str) -> None:
        self._url = url
        self._credentials = Credentials(access_key_id, secret_access_key)
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)

    def ask(self, action: str, **fields: Any) -> str:
        """The body of the answer, which must be a success."""
        body = urlencode({"Action": action, "Version": _VERSION, **fields}).encode()
        content_type = "application/x-www-form-urlencoded; charset=utf-8"
        signed = AWSRequest("POST", f"{self._url}/", {"Content-Type": content_type}, body)
        SigV4Auth(self._credentials, "ec2", _REGION).add_auth(signed)
        self._connection.request("POST", "/", body, dict(signed.headers.items()))
        response = self._connection.getresponse()
        told = response.read().decode()
        if response.status != http.client.OK:
            raise RuntimeError(f"{action}: {response.status} {told}")
        return told

    def instance_count(self) -> int:
        """How many instances DescribeInstances tells of."""
        return self.ask("DescribeInstances").count("<instanceId>")

    def await_answer(self) -> None:
        """Ask until it answers at all."""
        deadline_s = time.monotonic() + _ANSWERS_WITHIN_S
        while True:
            try:
                self.ask("DescribeInstances")
            except (OSError, http.client.HTTPException):
                self._connection.close()
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(_RETRY_S)
            else:
                return

    def run(self, image_id: str, type_name: str) -> str:
        """Run an instance; its identifier."""
        fields = {"ImageId": image_id, "InstanceType": type_name, "MinCount": 1, "MaxCount": 1}
        found = re.search("<instanceId>([^<]+)<", self.ask("RunInstances", **fields))
        if found is None:
            raise RuntimeError("RunInstances has told of no instance")
        return found[1]

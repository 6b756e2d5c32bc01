"""The account that the tests of this folder share; each leaves it empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.integration.live", "tests.aws.account")

from tests.aws.account import Account, live_account  # noqa: E402


@pytest.fixture(scope="package")
def shared_account() -> Iterator[Account]:
    """A cloud for the tests of this folder."""
    with live_account() as account:
        yield account


@pytest.fixture
def account(shared_account: Account) -> Iterator[Account]:
    """The account, with nothing in it; whatever a test leaves is taken away."""
    yield shared_account
    shared_account.empty()

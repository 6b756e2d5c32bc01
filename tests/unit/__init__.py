import pytest

pytest.register_assert_rewrite("tests.unit.invariants", "tests.unit.cloud")

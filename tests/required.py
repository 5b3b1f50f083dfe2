"""What a test needs and a machine lacks: skipped with the reason, or a failure where all must run.

WHICHHALF_REQUIRE=all, which .ci/run sets, says that nothing may be lacking.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def lacking(reason: str) -> NoReturn:
    """Skip the test, or fail it where WHICHHALF_REQUIRE=all."""
    if os.environ.get("WHICHHALF_REQUIRE") == "all":
        pytest.fail(f"{reason}, and WHICHHALF_REQUIRE=all")
    pytest.skip(reason)

from collections.abc import Iterator

import pytest

from tests.fetch.sites import Site, serve_site


@pytest.fixture
def web() -> Iterator[Site]:
    with serve_site() as site:
        yield site

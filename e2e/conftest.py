"""Fixtures for the cluster, image and namespaces, and the report of a failed test."""

import contextlib
import shutil
from collections.abc import Generator, Iterator

import pytest

from e2e.cluster import (
    BASE,
    HELM,
    IMAGE,
    NAME,
    Cluster,
    CommandError,
    Namespace,
    exclusive_lock,
    kind_cluster,
    open_namespace,
    open_namespaces,
    run,
)
from e2e.toolbox import Toolbox, open_toolbox
from tests.helpers import ROOT


def pytest_sessionstart(session: pytest.Session) -> None:
    """Exit if a tool is missing, instead of failing in every test."""
    if session.config.option.collectonly:
        return
    if missing := [name for name in ("docker", "kind", HELM, "kubectl") if not shutil.which(name)]:
        pytest.exit(
            f"The cluster tests require {', '.join(missing)}: not found on PATH", returncode=1
        )
    try:
        run("docker", "version")
    except CommandError as error:
        reason = str(error).strip().splitlines()[-1]
        pytest.exit(
            f"The cluster tests require Docker, which does not respond: {reason}", returncode=1
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add events, descriptions and logs of the open namespaces to a failed test's report."""
    report = yield
    if report.failed:
        for namespace in open_namespaces:
            report.sections.append((f"namespace {namespace.name}", namespace.describe()))
    return report


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster, with this project's image loaded."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(exclusive_lock())
        except BlockingIOError:
            pytest.exit(
                f"Another run is using the cluster {NAME}: set E2E_CLUSTER to another name", 1
            )
        run("docker", "build", "--build-arg", f"BASE={BASE}", "--tag", IMAGE, ROOT)
        cluster = stack.enter_context(kind_cluster(tmp_path_factory.mktemp("kind")))
        cluster.load(IMAGE)
        yield cluster


@pytest.fixture(scope="session")
def toolbox(cluster: Cluster) -> Iterator[Toolbox]:
    """A pod that sends requests to other pods and serves files to them."""
    with open_namespace(cluster, "toolbox") as namespace, open_toolbox(namespace) as toolbox:
        yield toolbox


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Namespace]:
    """A namespace for one test."""
    with open_namespace(cluster, _dns_label(request.node.originalname)) as namespace:
        yield namespace


@pytest.fixture(scope="module")
def shared_namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Namespace]:
    """A namespace for all tests of a file."""
    with open_namespace(cluster, _dns_label(request.path.stem)) as namespace:
        yield namespace


def _dns_label(name: str) -> str:
    return name.removeprefix("test_").replace("_", "-")

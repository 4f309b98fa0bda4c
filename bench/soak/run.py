"""Send mixed traffic to two replicas on a kind cluster: `make soak`, see docs/soak.md."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from app.cli.http_client import get_sample
from bench.machine import commit, machine
from bench.servers import BENCH
from bench.soak.report import Run, render
from bench.soak.samples import Sampler
from bench.soak.traffic import Traffic
from e2e.cluster import (
    BASE,
    IMAGE,
    Namespace,
    exclusive_lock,
    kind_cluster,
    open_namespace,
    run,
)
from e2e.releases import TWO_PODS
from tests.helpers import ROOT, eventually

_MAX_MINUTES = 24 * 60
_INTERVAL = 15.0  # seconds between samples
_SAMPLES = 30  # at least, in a short run
_REST_SECONDS = 20  # after the traffic; longer than any deadline of the service
_RELEASE = "demo"


def main() -> None:
    """Run the soak, write the report, and fail if something failed or grew."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak.run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="of traffic")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "soak.md")
    options = parser.parse_args()
    if not 0 < options.minutes <= _MAX_MINUTES:
        parser.error(
            f"--minutes is {options.minutes:g}: expected up to {_MAX_MINUTES}, and above 0"
        )
    # Of the image's files: they may change while the soak runs.
    about = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit(), "machine": machine()}
    with _release() as namespace:
        done = asyncio.run(_soak(namespace, 60 * options.minutes, about))
        if problems := done.problems():
            print(namespace.describe())
    options.output.write_text(render(done))
    if problems:
        sys.exit("The soak failed:\n" + "\n".join(problems))
    print(f"The soak passed: see {options.output}")


@contextlib.contextmanager
def _release() -> Iterator[Namespace]:
    """Install two replicas of the soak's model in a cluster."""
    with (
        TemporaryDirectory() as folder,
        exclusive_lock(),
        kind_cluster(Path(folder)) as cluster,
    ):
        run("docker", "build", "--build-arg", f"BASE={BASE}", "--tag", IMAGE, ROOT)
        cluster.load(IMAGE)
        with open_namespace(cluster, "soak") as namespace:
            module = ("--set-file", f"model.module={BENCH / 'models' / 'soak.py'}")
            name = ("--set", "settings.MODEL_NAME=soak")
            namespace.install(_RELEASE, *TWO_PODS, *module, *name)
            yield namespace


async def _soak(namespace: Namespace, seconds: float, about: dict[str, str]) -> Run:
    """Send the traffic for so many seconds, while the pods are sampled."""
    address = namespace.cluster.node_port_address
    traffic = Traffic(address)
    await asyncio.to_thread(eventually, lambda: get_sample(f"http://{address}"))
    sampler = Sampler(namespace, _RELEASE)
    sampler.ignore_failed_probes()
    await asyncio.to_thread(sampler.sample)
    before = {pod: samples.pop() for pod, samples in sampler.samples.items()}
    sending = asyncio.create_task(traffic.run(seconds))
    interval = min(_INTERVAL, seconds / _SAMPLES)
    while sampler.seconds < seconds and not sending.done():  # done() so early is an error
        await asyncio.to_thread(sampler.sample)
        await asyncio.wait({sending}, timeout=min(interval, max(0, seconds - sampler.seconds)))
    await sending
    await asyncio.sleep(_REST_SECONDS)
    await asyncio.to_thread(sampler.sample)
    after = {pod: samples.pop() for pod, samples in sampler.samples.items()}
    return Run(
        about, seconds, traffic.counts, traffic.failures,
        before, sampler.samples, after, sampler.restarts(), sampler.failed_probes(),
    )  # fmt: skip


if __name__ == "__main__":
    main()

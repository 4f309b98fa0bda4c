"""What a change of a release does to its pods, and to those who call it meanwhile."""

from pathlib import Path

from e2e.cluster import Namespace
from e2e.releases import ROW, TWO_PODS, module_with_answer, uids, wait_until_pods_are
from e2e.traffic import traffic
from tests.helpers import eventually


def test_upgrade_and_rollback_change_the_answer_and_lose_no_request(
    namespace: Namespace, tmp_path: Path
) -> None:
    old, new = (module_with_answer(tmp_path, answer) for answer in ("old", "new"))
    namespace.install("demo", *TWO_PODS, *old)
    with traffic(namespace.cluster.node_port_address, ROW) as background:
        with background.window("before") as before:
            eventually(lambda: len(before.requests) > 200)
        with background.window("upgrade") as upgrade:
            namespace.upgrade("demo", *TWO_PODS, *new)
            wait_until_pods_are(namespace, 2)
        with background.window("upgraded") as upgraded:
            eventually(lambda: len(upgraded.requests) > 200)
        with background.window("rollback") as rollback:
            namespace.helm("rollback", "demo", "--wait", "--timeout=180s")
            wait_until_pods_are(namespace, 2)
        with background.window("rolled back") as rolled_back:
            eventually(lambda: len(rolled_back.requests) > 200)
        with background.window("new settings") as new_settings:
            namespace.upgrade("demo", *TWO_PODS, *old, "--set", "settings.LOG_LEVEL=WARNING")
            wait_until_pods_are(namespace, 2)
    for window in (before, upgrade, upgraded, rollback, rolled_back, new_settings):
        assert not window.failures, window
    assert set(before.answers) == {"old"}
    assert set(upgrade.answers) == {"old", "new"}
    assert set(upgraded.answers) == {"new"}
    assert set(rollback.answers) == {"new", "old"}
    assert set(rolled_back.answers) == set(new_settings.answers) == {"old"}


def test_an_upgrade_that_changes_nothing_restarts_nothing(
    namespace: Namespace, tmp_path: Path
) -> None:
    options = module_with_answer(tmp_path, "same")
    namespace.install("demo", *options)
    before = uids(namespace)
    namespace.upgrade("demo", *options)
    (pod,) = namespace.pods("demo")
    assert {pod["metadata"]["uid"]} == before
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
    (deployment,) = namespace.get("deployments")["items"]
    assert deployment["metadata"]["generation"] == 1

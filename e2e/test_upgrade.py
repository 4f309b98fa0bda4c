"""The effects of upgrades and rollbacks on pods and on concurrent requests."""

from pathlib import Path

import pytest

from e2e.cluster import CommandError, Namespace
from e2e.releases import ROW, TWO_PODS, constant_module_options, pod_uids, wait_for_ready_pods
from e2e.toolbox import Toolbox
from e2e.traffic import traffic
from tests.helpers import eventually


def test_upgrade_and_rollback_change_the_prediction_and_fail_no_request(
    namespace: Namespace, tmp_path: Path
) -> None:
    old, new = (constant_module_options(tmp_path, prediction) for prediction in ("old", "new"))
    namespace.install("demo", *TWO_PODS, *old)
    with traffic(namespace.cluster.node_port_address, ROW) as background:
        with background.window("before") as before:
            eventually(lambda: len(before.requests) > 200)
        with background.window("upgrade") as upgrade:
            namespace.upgrade("demo", *TWO_PODS, *new)
            wait_for_ready_pods(namespace, 2)
        with background.window("upgraded") as upgraded:
            eventually(lambda: len(upgraded.requests) > 200)
        with background.window("rollback") as rollback:
            namespace.helm("rollback", "demo", "--wait", "--timeout=180s")
            wait_for_ready_pods(namespace, 2)
        with background.window("rolled back") as rolled_back:
            eventually(lambda: len(rolled_back.requests) > 200)
        with background.window("new settings") as new_settings:
            namespace.upgrade("demo", *TWO_PODS, *old, "--set", "settings.LOG_LEVEL=WARNING")
            wait_for_ready_pods(namespace, 2)
    for window in (before, upgrade, upgraded, rollback, rolled_back, new_settings):
        assert not window.failures, window
    assert set(before.predictions) == {"old"}
    assert set(upgrade.predictions) == {"old", "new"}
    assert set(upgraded.predictions) == {"new"}
    assert set(rollback.predictions) == {"new", "old"}
    assert set(rolled_back.predictions) == set(new_settings.predictions) == {"old"}


def test_upgrade_without_changes_restarts_nothing(namespace: Namespace, tmp_path: Path) -> None:
    options = constant_module_options(tmp_path, "same")
    namespace.install("demo", *options)
    before = pod_uids(namespace)
    namespace.upgrade("demo", *options)
    (pod,) = namespace.pods("demo")
    assert {pod["metadata"]["uid"]} == before
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
    (deployment,) = namespace.get("deployments")["items"]
    assert deployment["metadata"]["generation"] == 1


def test_rollout_undo_starts_every_kept_revision(
    namespace: Namespace, toolbox: Toolbox, tmp_path: Path
) -> None:
    def predicts(expected: str) -> bool:
        return bool(toolbox.predict(namespace.url("demo"), ROW).json == expected)

    revisions = ["one", "two", "three"]
    deploy = namespace.install
    for prediction in revisions:
        deploy("demo", *constant_module_options(tmp_path, prediction))
        deploy = namespace.upgrade
    for number, prediction in enumerate(revisions[:2], 1):
        undo = ("rollout", "undo", "deployment/demo-ml-rest-api")
        namespace.kubectl(*undo, f"--to-revision={number}")
        eventually(lambda prediction=prediction: predicts(prediction), within=60)  # type: ignore[misc]
    # The module belongs to kubectl now: Helm 4 reports a conflict, as the chart's README says.
    new: tuple[str, ...] = constant_module_options(tmp_path, "four")
    if namespace.helm("version", "--short").startswith("v4"):
        with pytest.raises(CommandError, match="conflict"):
            namespace.upgrade("demo", *new)
        new = (*new, "--force-conflicts")
    namespace.upgrade("demo", *new)
    eventually(lambda: predicts("four"), within=60)

"""The Job that checks the model before an install or upgrade, and the Pod of `helm test`."""

import pytest

from tests.chart.rendering import Object, container, env, of_kind, one, pod, template

CHECK: Object = {"check": {"enabled": True}}
HOOKS = {
    "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded,hook-failed",
}


INIT_ENV = {"env": [{"name": "A", "value": "c"}, {"name": "B", "value": "d"}]}


@pytest.mark.parametrize(
    ("model", "fetch"),
    [
        ({}, ""),
        ({"existingConfigMap": "fraud"}, ""),
        ({"module": "def run(row): ..."}, "python -m app.fetch.files "),
        ({"uri": "/a", "sha256": "ab" * 32, "initContainer": INIT_ENV}, "python -m app.fetch && "),
        ({"initContainer": {"image": "fraud:1", **INIT_ENV}}, ""),
    ],
    ids=["image", "configMap", "module", "uri", "initContainer"],
)
def test_check_loads_the_model_as_the_service_does(model: Object, fetch: str) -> None:
    values = {**CHECK, "model": model, "extraEnv": [{"name": "A", "value": "b"}]}
    job = one("Job", values)["spec"]["template"]
    (checked,) = job["spec"]["containers"]
    served = container(values)
    *_, command = checked["command"]
    assert command.startswith(fetch)
    assert command.endswith("exec python -m app check")
    for key in ("image", "resources", "securityContext"):
        assert checked[key] == served[key]
    init_containers = pod(values).get("initContainers", [])
    if fetch:  # in the same container, because Helm does not print the log of another
        (init,) = init_containers
        assert env(checked) == env(served) | env(init)
        assert checked["volumeMounts"] == init["volumeMounts"]
    else:
        assert env(checked) == env(served)
        assert job["spec"].get("initContainers", []) == init_containers
    for key in ("volumes", "securityContext"):
        assert job["spec"].get(key) == pod(values).get(key)
    annotations = template(values)["metadata"]["annotations"]
    assert job["metadata"]["annotations"] == annotations


def test_check_runs_before_anything_is_changed_and_stops_at_the_first_failure() -> None:
    job = one("Job", CHECK)
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["backoffLimit"] == 0
    deadline = one("Deployment", CHECK)["spec"]["progressDeadlineSeconds"]
    assert job["spec"]["activeDeadlineSeconds"] == deadline


def test_check_uses_no_service_account_that_does_not_exist_yet() -> None:
    def account(values: Object) -> str | None:
        found: str | None = one("Job", CHECK | values)["spec"]["template"]["spec"].get(
            "serviceAccountName"
        )
        return found

    assert account({}) is None
    assert account({"serviceAccount": {"create": False, "name": "mine"}}) == "mine"
    bucket = {"serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "a"}}}
    assert of_kind("Job", CHECK | bucket) == []


def test_hooks_are_deleted_and_print_their_log() -> None:
    job, test = one("Job", CHECK), one("Pod")
    for hook in (job, test):
        assert hook["metadata"]["annotations"].items() >= HOOKS.items()
    policy = "helm.sh/hook-output-log-policy"
    assert job["metadata"]["annotations"][policy] == "hook-failed"
    assert test["metadata"]["annotations"][policy] == "hook-succeeded,hook-failed"


def test_service_selects_no_pod_of_a_hook() -> None:
    values = {**CHECK, "commonLabels": {"app.kubernetes.io/name": "ml-rest-api"}}
    selector = one("Service", values)["spec"]["selector"]
    for labels in (
        one("Pod", values)["metadata"]["labels"],
        one("Job", values)["spec"]["template"]["metadata"]["labels"],
    ):
        assert not selector.items() <= labels.items()


@pytest.mark.parametrize("release", ["a" * 50, "b" * 53, "ml-rest-api-" + "c" * 41])
def test_host_name_of_the_test_pod_differs_from_the_service(release: str) -> None:
    host_name = one("Pod", name=release)["metadata"]["name"][:63]
    assert host_name != one("Service", name=release)["metadata"]["name"]
    assert host_name.endswith("-test")

"""The rules in Prometheus' own evaluator: when each alert fires, and when it does not."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.rendering import Object, one
from tests.prometheus import promtool, skip_without_prometheus

skip_without_prometheus()

STEP = 30  # seconds between two scrapes
HOUR = 60 * 60 // STEP
Series = dict[str, str]


def labels(pod: str = "a", job: str = "demo-ml-rest-api", **more: str) -> str:
    """Return the labels that the operator sets, and more."""
    target = {"namespace": "models", "job": job, "service": job, "pod": pod, "instance": f"{pod}:1"}
    return ", ".join(f'{name}="{value}"' for name, value in (target | more).items())


def pod(name: str = "a", *, up: str = "1x400", ready: str = "1x400", **options: str) -> Series:
    target = labels(name, **options)
    return {
        f"up{{{target}}}": up,
        f'ml_rest_api_model_state{{{target}, state="ready"}}': ready,
        f'ml_rest_api_model_state{{{target}, state="failed"}}': "0x400",
    }


def requests(per_step: int = 100, **more: str) -> Series:
    details = {"path": "/api/model/predict", "method": "POST", "code": "200", **more}
    return {f"ml_rest_api_requests_total{{{labels(**details)}}}": f"0+{per_step}x400"}


def refused(reason: str, per_step: int) -> Series:
    return {
        f'ml_rest_api_refused_total{{{labels()}, reason="{reason}"}}': f"0+{per_step}x400",
    }


def answered_within(**counts: int) -> Series:
    """Return a histogram with `counts` more answers in each step, by the bucket's bound."""
    return {
        f'ml_rest_api_prediction_seconds_bucket{{{labels()}, le="{bound}"}}': f"0+{count}x400"
        for bound, count in counts.items()
    }


def gauge(name: str, values: str) -> Series:
    return {f"ml_rest_api_{name}{{{labels()}}}": values}


def profile(per_step: Mapping[str, float], expected: Mapping[str, float], **options: str) -> Series:
    found = {}
    for bin_, count in per_step.items():
        target = labels(source="input", name="docks", bin=bin_, **options)
        found[f"ml_rest_api_profile_values_total{{{target}}}"] = f"0+{count}x400"
        found[f"ml_rest_api_profile_expected_ratio{{{target}}}"] = f"{expected[bin_]}x400"
    return found


HALVES = {"1": 0.5, "2": 0.5}
SHIFTED = {"1": 9, "2": 1}
PSI = 0.4 * math.log(0.9 / 0.5) - 0.4 * math.log(0.1 / 0.5)


def run_rules(
    folder: Path, series: Series, checks: list[Object], *rules: Object, **fields: Any
) -> None:
    """Run the rules of releases over series, and check what they result in."""
    for number, rule in enumerate(rules):
        (folder / f"rules-{number}.yaml").write_text(yaml.safe_dump(rule["spec"]))
    test = {
        "interval": f"{STEP}s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": checks,
        **fields,
    }
    document = {"rule_files": ["rules-*.yaml"], "evaluation_interval": "30s", "tests": [test]}
    (folder / "tests.yaml").write_text(yaml.safe_dump(document))
    assert "SUCCESS" in promtool("test", "rules", folder / "tests.yaml")


def release(values: Object | None = None, **options: Any) -> Object:
    return one("PrometheusRule", {"prometheusRule": {"enabled": True}, **(values or {})}, **options)


def firing(minutes: float, *alerts: str, job: str = "demo-ml-rest-api") -> Object:
    """Return the check that these alerts fire at a time, and no other one."""
    return {
        "expr": f'sum by (alertname) (ALERTS{{alertstate="firing", job="{job}"}})',
        "eval_time": f"{int(minutes * 60)}s",
        "exp_samples": [
            {"labels": f'{{alertname="MlRestApi{name}"}}', "value": 1} for name in alerts
        ],
    }


STALE_AT_3 = "0x5 stale"  # deleted after three minutes, before its model was loaded
OTHER = pod("z", job="other")  # another release, which must not stand in for this one


@pytest.mark.parametrize(
    ("series", "checks"),
    [
        pytest.param(
            pod() | requests(), [firing(minutes) for minutes in (1, 5, 30, 150)], id="healthy"
        ),
        pytest.param(
            pod() | pod("b", ready="0x6 1x300"),
            [firing(minutes) for minutes in (2, 3.5, 4.5, 6, 20)],
            id="a rollout, whose pod loads for three minutes",
        ),
        pytest.param(
            pod() | pod("b", up="0x6 1x300", ready="_x6 1x300"),
            [firing(minutes) for minutes in (2, 3.5, 4.5, 6, 20)],
            id="likewise, with a model that is loaded before the process listens",
        ),
        pytest.param(
            pod() | pod("b", up="1x5 stale", ready=STALE_AT_3),
            [firing(minutes) for minutes in (2, 5, 6, 10, 20)],
            id="a pod is deleted while it loads",
        ),
        pytest.param(OTHER, [firing(1.5), firing(5, "NoReadyPod")], id="no pod exists"),
        pytest.param(
            pod(ready="0x400"),
            [firing(1.5), firing(2.5, "NoReadyPod"), firing(10, "NoReadyPod", "NotReady")],
            id="the only pod is not ready",
        ),
        pytest.param(
            pod(up="1 0x4 1 0x9 1 0x300", ready="0 _x4 0 _x9 0 _x300"),
            [firing(3, "NoReadyPod"), firing(10, "NoReadyPod", "NotReady")],
            id="the only pod restarts again and again",
        ),
        pytest.param(
            pod() | pod("b", up="0x400", ready="_x400"),
            [firing(3), firing(10, "NotReady")],
            id="a pod of two never answers",
        ),
        pytest.param(
            pod(ready="1x40 0x400"),
            [firing(20), firing(23, "NoReadyPod")],
            id="a pod that was ready drains for ever",
        ),
        pytest.param(
            pod() | gauge("self_test_ok", "1 0 1x400"),
            [firing(1, "SelfTestFailed"), firing(5, "SelfTestFailed"), firing(10)],
            id="self-test failed in a container that restarted",
        ),
        pytest.param(
            pod() | requests() | requests(10, code="500"),
            [firing(9), firing(15, "Errors")],
            id="errors",
        ),
        pytest.param(
            pod() | requests() | requests(100, code="503") | requests(100, code="400"),
            [firing(15)],
            id="refusals and bad requests are no errors",
        ),
        pytest.param(
            pod() | requests(1000, code="500", method="GET") | requests(),
            [firing(15)],
            id="only predictions count",
        ),
        pytest.param(
            pod() | requests() | refused("busy", 5),
            [firing(9), firing(15, "Refused")],
            id="busy",
        ),
        pytest.param(pod() | requests() | refused("invalid", 90), [firing(15)], id="invalid"),
        pytest.param(
            pod() | answered_within(**{"1": 98, "2.5": 100, "+Inf": 100}),
            [firing(9), firing(15, "Slow")],
            id="slow",
        ),
        pytest.param(
            pod() | answered_within(**{"1": 100, "2.5": 100, "+Inf": 100}), [firing(15)], id="fast"
        ),
        pytest.param(
            pod() | gauge("saturation", "0.9x400"),
            [firing(9), firing(15, "Saturated")],
            id="saturated",
        ),
        pytest.param(pod() | gauge("saturation", "0.7x400"), [firing(15)], id="busy but not full"),
        pytest.param(
            pod() | profile(SHIFTED, HALVES), [firing(20), firing(75, "Drift")], id="drift"
        ),
        pytest.param(
            pod() | profile({"1": 0.9, "2": 0.1}, HALVES), [firing(75)], id="too few to tell drift"
        ),
    ],
)
def test_alert_fires_when_it_must(tmp_path: Path, series: Series, checks: list[Object]) -> None:
    run_rules(tmp_path, series, checks, release())


def test_release_may_have_no_pod_if_it_is_scaled_to_zero(tmp_path: Path) -> None:
    run_rules(tmp_path, OTHER, [firing(10)], release({"replicaCount": 0}))


def test_rules_of_two_releases_do_not_mix(tmp_path: Path) -> None:
    series = pod() | pod("b", job="blue-ml-rest-api", ready="0x400")
    series |= profile(SHIFTED, HALVES)
    series |= profile({"1": 5, "2": 5}, HALVES, pod="b", job="blue-ml-rest-api")
    checks = [
        firing(15, job="demo-ml-rest-api"),
        firing(15, "NoReadyPod", "NotReady", job="blue-ml-rest-api"),
        drifted({"demo-ml-rest-api": PSI, "blue-ml-rest-api": 0}),
    ]
    run_rules(tmp_path, series, checks, release(), release(name="blue"))


def drifted(values: Mapping[str, float]) -> Object:
    """Return the check that these are the population stability indices, and all of them."""
    found = [
        f'(abs(ml_rest_api:drift_psi{{job="{job}"}} - {value}) < bool 1e-9)'
        for job, value in values.items()
    ]
    expr = f"count(ml_rest_api:drift_psi) + sum({' or '.join(found)})"
    samples = [{"labels": "{}", "value": 2 * len(values)}]
    return {"expr": expr, "eval_time": "150m", "exp_samples": samples}


def test_alert_says_what_is_wrong(tmp_path: Path) -> None:
    series = pod() | requests(90) | requests(10, code="504")
    url = "docs/runbooks.md#mlrestapierrors"
    expected = {
        "exp_labels": {"severity": "critical", "namespace": "models", "job": "demo-ml-rest-api"},
        "exp_annotations": {
            "summary": "demo-ml-rest-api answers with errors",
            "description": "10% of the requests to demo-ml-rest-api in models get a 500 or 504.",
            "runbook_url": url,
        },
    }
    alert = {"eval_time": "20m", "alertname": "MlRestApiErrors", "exp_alerts": [expected]}
    run_rules(tmp_path, series, [], release(), alert_rule_test=[alert])

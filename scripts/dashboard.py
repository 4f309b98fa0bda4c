"""Build the Grafana dashboard, with Grafana's own SDK.

`python -m scripts.render_chart` writes it into the chart. Its queries work with the labels that the
Prometheus operator sets (namespace, job, pod), and without them: then the variables are empty, and
an instance stands for its pod.
"""

import itertools
import json
from collections.abc import Iterator, Sequence

from grafana_foundation_sdk.builders import barchart, common, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DatasourceVariable,
    QueryVariable,
    Row,
    ThresholdsConfig,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    DataSourceRef,
    GraphThresholdsStyleMode,
    StackingMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from scripts.dashboard_panels import (
    POD,
    POD_LEGEND,
    PODS,
    WINDOW,
    by_pod,
    distribution,
    figure,
    graph,
    instant,
    quantiles,
    rate,
    transform,
)

_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_POST = f'ml_rest_api_requests_total{{{PODS}, method="POST"'  # predictions, whatever the protocol

Panel = timeseries.Panel | stat.Panel | table.Panel | barchart.Panel


def dashboard() -> str:
    """Return the dashboard as JSON."""
    built = (
        Dashboard("ml-rest-api")
        .uid("ml-rest-api")
        .description("Models that ml-rest-api serves: traffic, latency, errors, load, drift")
        .tags(["ml-rest-api", "machine-learning"])
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .time("now-6h", "now")
        .refresh("1m")
        .readonly()
        .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(_variable("namespace", "ml_rest_api_model_state"))
        .with_variable(_variable("job", 'ml_rest_api_model_state{namespace=~"$namespace"}'))
        .with_variable(_variable("parameter", _expected("input"), all_of_them=False))
        .with_variable(_variable("answer", _expected("answer")))
    )
    numbers = itertools.count(1)
    for title, panels in _rows():
        built.with_row(Row(title).id(next(numbers)))
        for panel in panels:
            built.with_panel(panel.id(next(numbers)).datasource(_SOURCE).height(8))
    return json.dumps(built.build(), cls=JSONEncoder, indent=1, ensure_ascii=False) + "\n"


def _rows() -> Iterator[tuple[str, Sequence[Panel]]]:
    yield "Model", _model()
    yield "Traffic", _traffic()
    yield (
        "Latency",
        [
            graph("Answer", "s", quantiles("prediction")).description(
                "From the head of a request to its answer; requests that were predicted"
            ),
            graph("Wait for the model", "s", quantiles("queue")),
            graph("One call of the model", "s", quantiles("model")),
        ],
    )
    yield "Errors and refusals", _errors()
    yield "Load", _load()
    yield "Resources", _resources()
    yield "Drift", _drift()


def _model() -> Sequence[Panel]:
    info = f"count by (job, name, version, sha256) (ml_rest_api_model_info{{{PODS}}})"
    identity = table.Panel().title("Pods by model").span(9).with_target(instant(info))
    identity.with_transformation(
        transform("organize", excludeByName={"Time": True}, renameByName={"Value": "pods"})
    )
    states = f"ml_rest_api_model_state{{{PODS}}}"
    return [
        figure("Ready pods", f'sum(ml_rest_api_model_state{{{PODS}, state="ready"}})'),
        figure("Failed self-tests", f"sum(1 - ml_rest_api_self_test_ok{{{PODS}}})"),
        graph(
            "Pods by state",
            "none",
            [(f"sum by (state) ({states})", "{{state}}")],
            width=5,
        ).stacking(common.StackingConfig().mode(StackingMode.NORMAL)),
        identity,
        graph("Time to load", "s", [by_pod("max", "ml_rest_api_model_load_seconds")], width=4),
    ]


def _traffic() -> Sequence[Panel]:
    return [
        graph(
            "Requests by status code",
            "reqps",
            [(f"sum by (code) (rate({_POST}}}{WINDOW}))", "{{code}}")],
        ),
        graph(
            "Requests by path",
            "reqps",
            [(f"sum by (path) (rate({_POST}}}{WINDOW}))", "{{path}}")],
        ),
        graph("Rows predicted", "rowsps", [(f"sum({rate('ml_rest_api_rows_total')})", "rows")]),
    ]


def _errors() -> Sequence[Panel]:
    errors = f'(sum(rate({_POST}, code=~"5..", code!="503"}}{WINDOW})) or vector(0))'
    requests = f'sum(rate({_POST}, path!="unknown"}}{WINDOW}))'
    refused = f"sum by (reason) ({rate('ml_rest_api_refused_total')})"
    starts = f"sum {POD} (changes(process_start_time_seconds{{{PODS}}}[1h]))"
    return [
        graph(
            "Share of requests with 500 or 504",
            "percentunit",
            [(f"{errors} / {requests}", "errors")],
        ),
        graph("Refused", "reqps", [(refused, "{{reason}}")]),
        graph("Restarts in an hour", "none", [(starts, POD_LEGEND)]),
    ]


def _load() -> Sequence[Panel]:
    rows, calls = (rate(f"ml_rest_api_batch_size_{part}") for part in ("sum", "count"))
    return [
        graph("Saturation", "percentunit", [by_pod("max", "ml_rest_api_saturation")], width=6)
        .description("Pending predictions, of MAX_PENDING of all workers")
        .max(1),
        graph("Pending", "none", [by_pod("sum", "ml_rest_api_predictions_pending")], width=6),
        graph("Batch size", "none", [(f"sum({rows}) / sum({calls})", "mean")], width=6),
        graph(
            "Model threads in use",
            "none",
            [(f"sum {POD} ({rate('ml_rest_api_model_seconds_sum')})", POD_LEGEND)],
            width=6,
        ).description("1: one thread of the model is always busy"),
    ]


def _resources() -> Sequence[Panel]:
    cpu = f"sum {POD} ({rate('process_cpu_seconds_total')})"
    collections = f"sum {POD} ({rate('python_gc_collections_total')})"
    return [
        graph("CPU", "none", [(cpu, POD_LEGEND)], width=6).description("Cores"),
        graph("Memory", "bytes", [by_pod("sum", "process_resident_memory_bytes")], width=6),
        graph("Open files", "none", [by_pod("sum", "process_open_fds")], width=6),
        graph("Garbage collections", "ops", [(collections, POD_LEGEND)], width=6),
    ]


def _drift() -> Sequence[Panel]:
    index = f"max by (source, name) (ml_rest_api:drift_psi{{{PODS}}})"
    drifted = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE)
    drifted.steps([Threshold(None, "green"), Threshold(0.1, "yellow"), Threshold(0.2, "red")])
    return [
        graph("Population stability index", "none", [(index, "{{source}} {{name}}")])
        .description("0: as in the training data; above 0.2: look at the distribution")
        .thresholds(drifted)
        .thresholds_style(
            common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        ),
        distribution("Distribution of $parameter", 'source="input", name=~"$parameter"'),
        distribution("Distribution of the answer", 'source="answer", name=~"$answer"'),
    ]


def _expected(source: str) -> str:
    return f'ml_rest_api_profile_expected_ratio{{{PODS}, source="{source}"}}'


def _variable(name: str, series: str, *, all_of_them: bool = True) -> QueryVariable:
    """Return a variable with the values of a label, which is `name` but for those of a profile."""
    label = name if name in ("namespace", "job") else "name"
    query = f"label_values({series}, {label})"
    variable = QueryVariable(name).label(name.capitalize()).datasource(_SOURCE).query(query)
    variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    if all_of_them:  # also series without the label
        everything = VariableOption(selected=True, text="All", value="$__all")
        variable.include_all(include_all=True).all_value(".*").current(everything)
    return variable

"""The panels of the Grafana dashboard, and the queries that several of them share."""

from grafana_foundation_sdk.builders import barchart, common, stat, timeseries
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import BigValueGraphMode, TooltipDisplayMode
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PODS = 'namespace=~"$namespace", job=~"$job"'
POD = "by (pod, instance)"
POD_LEGEND = "{{pod}} {{instance}}"
WINDOW = "[$__rate_interval]"
_QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))

Query = tuple[str, str]  # the expression, and the legend


def rate(counter: str) -> str:
    """Return the rate of a counter, of each pod."""
    return f"rate({counter}{{{PODS}}}{WINDOW})"


def by_pod(aggregation: str, gauge: str) -> Query:
    """Return the query of a gauge, a line for each pod."""
    return f"{aggregation} {POD} ({gauge}{{{PODS}}})", POD_LEGEND


def quantiles(name: str) -> list[Query]:
    """Return the queries of a duration's histogram, over all pods."""
    buckets = f"sum by (le) ({rate(f'ml_rest_api_{name}_seconds_bucket')})"
    return [(f"histogram_quantile({q}, {buckets})", legend) for legend, q in _QUANTILES]


def graph(title: str, unit: str, queries: list[Query], width: int = 8) -> timeseries.Panel:
    """Return a panel of lines over time; its width is of 24."""
    panel = timeseries.Panel().title(title).unit(unit).span(width).min(0).fill_opacity(10)
    panel.tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    panel.legend(common.VizLegendOptions().show_legend(show_legend=True))
    for letter, (expr, legend) in zip("ABC", queries, strict=False):
        panel.with_target(Dataquery().ref_id(letter).range().expr(expr).legend_format(legend))
    return panel


def figure(title: str, expr: str) -> stat.Panel:
    """Return a panel with the last value of a query."""
    query = Dataquery().ref_id("A").instant().expr(expr)
    panel = stat.Panel().title(title).span(3).graph_mode(BigValueGraphMode.NONE).with_target(query)
    return panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))


def instant(expr: str) -> Dataquery:
    """Return a query of the last values, as a table."""
    return Dataquery().ref_id("A").instant().format(PromQueryFormat.TABLE).expr(expr)


def transform(name: str, **options: object) -> DataTransformerConfig:
    """Return a transformation of a table."""
    return DataTransformerConfig(name, options=options)


def distribution(title: str, series: str) -> barchart.Panel:
    """Return the shares of the bins in the last hour, beside those in the training data."""
    counts = f"increase(ml_rest_api_profile_values_total{{{PODS}, {series}}}[1h])"
    now = f"sum by (bin) ({counts}) / ignoring (bin) group_left () sum({counts})"
    then = f"avg by (bin) (ml_rest_api_profile_expected_ratio{{{PODS}, {series}}})"
    names = {"Value #A": "last hour", "Value #B": "training data"}
    return (
        barchart.Panel()
        .title(title)
        .unit("percentunit")
        .span(8)
        .x_field("bin")
        .with_target(instant(_sortable(now)).ref_id("A"))
        .with_target(instant(_sortable(then)).ref_id("B"))
        .with_transformation(transform("joinByField", byField="bin", mode="outer"))
        .with_transformation(transform("sortBy", sort=[{"field": "bin"}]))
        .with_transformation(
            transform(
                "organize", excludeByName={"Time 1": True, "Time 2": True}, renameByName=names
            )
        )
    )


def _sortable(expr: str) -> str:
    """Return the expression with bins 01 to 10, which are in their order as texts too."""
    return f'label_replace({expr}, "bin", "0$1", "bin", "([1-9])")'

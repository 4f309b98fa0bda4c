"""All servers, and the groups that are measured together."""

from dataclasses import replace

from bench.peer_servers import PEERS
from bench.servers import COMPILED_TOLERANCE, TOLERANCE, Body, Server

_OURS = {"": "", "single": ", a model without run_batch()", "compiled": ", the model as ONNX"}


def _ours(workers: int, variant: str = "") -> Server:
    return Server(
        key="-".join(filter(None, ("ours", variant, str(workers)))),
        label=f"this service{_OURS[variant]}",
        kind="ours",
        processes=workers,
        venv="compiled" if variant == "compiled" else "ours",
        folder="..",
        command="gunicorn --config app/gunicorn.conf.py app.wsgi:app",
        env={
            "FLASK_HOST": "127.0.0.1",
            "FLASK_PORT": "{port}",
            "FLASK_DEBUG": "False",
            "LOG_FORMAT": "json",
            "MODEL_DIR": "{models}",
            "TRAINED_MODEL_MODULE_NAME": "_".join(filter(None, ("{model}", variant))),
            "WORKERS": str(workers),
        },
        path="/api/model/predict",
        settings="every other setting at its default",
        tolerance=COMPILED_TOLERANCE if variant == "compiled" else TOLERANCE,
    )


def _limit(application: str, label: str, workers: int) -> Server:
    return Server(
        key=f"{application}-{workers}",
        label=label,
        kind="limit",
        processes=workers,
        venv="flask",
        folder="peers/flask",
        command="gunicorn --bind 127.0.0.1:{port} --worker-class gthread --threads 8 "
        f"--keep-alive 75 --workers {workers} empty:{application}",
        settings="gthread, 8 threads, keep-alive",
    )


def _original(command: str, label: str, key: str, settings: str, workers: int = 1) -> Server:
    return Server(
        key=key,
        label=f"a stand-in for ml_rest_api, {label}",
        kind="original",
        processes=workers,
        venv="original",
        folder="peers/original",
        command=command,
        env={"BENCH_MODEL": "{models}/original-{model}", "BENCH_PORT": "{port}"},
        path="/api/model/predict",
        settings=settings,
    )


_GUNICORN = "gunicorn --bind 127.0.0.1:{port} --workers %d app:app"

SERVERS = {
    server.key: server
    for server in [
        *(_ours(n, variant) for variant in _OURS for n in (1, 2)),
        *PEERS,
        _original("python app.py", "as its image runs it", "original", "Flask's server, debug on"),
        *(
            _original(_GUNICORN % n, "on gunicorn", f"original-gunicorn-{n}", "sync workers", n)
            for n in (1, 2)
        ),
        *(_limit("flask", "an empty Flask route on gthread", n) for n in (1, 2)),
        *(_limit("wsgi", "an empty WSGI application on gthread", n) for n in (1, 2)),
    ]
}
QUICK = ("ours-1", "ours-2", "fastapi-2", "flask-2", "wsgi-2")


def _variant(
    base: str, settings: str, options: str = "", *, body: Body | None = None, **env: str
) -> Server:
    """Return the server `base` with alternative settings, to compare with it."""
    server = SERVERS[base]
    return replace(
        server,
        key=f"{base}+{settings.replace(' ', '-')}",
        settings=settings,
        command=f"{server.command} {options}".strip(),
        env={**server.env, **env},
        body=body or server.body,
    )


VARIANTS = [
    _variant("ours-1", "MAX_BATCH_WAIT_MS 1", MAX_BATCH_WAIT_MS="1"),
    _variant("ours-1", "MAX_BATCH_WAIT_MS 3", MAX_BATCH_WAIT_MS="3"),
    _variant("ours-2", "MAX_BATCH_WAIT_MS 1", MAX_BATCH_WAIT_MS="1"),
    _variant("ours-2", "MAX_BATCH_WAIT_MS 3", MAX_BATCH_WAIT_MS="3"),
    _variant("ours-2", "MAX_BATCH_SIZE 1", MAX_BATCH_SIZE="1"),
    _variant("ours-2", "MAX_BATCH_SIZE 16", MAX_BATCH_SIZE="16"),
    _variant("ours-2", "MAX_PENDING 32", MAX_PENDING="32"),
    _variant("ours-2", "MAX_PENDING 256", MAX_PENDING="256"),
    *(
        _variant(f"ours-single-{workers}", f"THREADS {threads}", THREADS=threads)
        for workers in (1, 2)
        for threads in ("2", "4", "16")
    ),
    _variant("mlserver-0", "batches within 0.1 ms", MLSERVER_MODEL_MAX_BATCH_TIME="0.0001"),
    _variant("mlserver-0", "batches within 10 ms", MLSERVER_MODEL_MAX_BATCH_TIME="0.01"),
    _variant("mlserver-0", "no batches", MLSERVER_MODEL_MAX_BATCH_SIZE="0"),
    _variant("bentoml-2", "max_latency_ms 10", BENCH_LATENCY_MS="10"),
    _variant("bentoml-2", "max_latency_ms 100", BENCH_LATENCY_MS="100"),
    _variant("bentoml-2", "max_latency_ms 1000", BENCH_LATENCY_MS="1000"),
    _variant("litserve-batch-2", "batch_timeout 0", BENCH_BATCH_SECONDS="0"),
    _variant("litserve-batch-2", "batch_timeout 10 ms", BENCH_BATCH_SECONDS="0.01"),
    _variant("litserve-batch-2", "fast_queue", BENCH_FAST_QUEUE="1"),
    _variant("litserve-batch-2", "two API servers", BENCH_API_SERVERS="2"),
    _variant("mosec-2", "no batching", BENCH_BATCH="1"),
    _variant("mosec-2", "max_wait_time 10 ms", BENCH_BATCH_MS="10"),
    _variant("kserve-2", "asyncio's event loop", "--event-loop asyncio"),
    _variant(
        "mlflow-2", "rows as DataFrames", body=lambda row: {"dataframe_split": {"data": [row]}}
    ),
    _variant("flask-2", "64 threads", "--threads 64"),
    _variant("fastapi-2", "asyncio's event loop", "--loop asyncio"),
]
MEASURED = tuple(SERVERS)
SERVERS |= {server.key: server for server in VARIANTS}
# Each baseline next to its variants.
TUNING = tuple(sorted({key for v in VARIANTS for key in (v.key.partition("+")[0], v.key)}))

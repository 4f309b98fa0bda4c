"""The peers: each is started as its documentation describes, with batching if it supports it.

None of them logs each request, since this service does not either.
"""

from bench.servers import Server


def _fastapi(workers: int, *, in_loop: bool = False) -> Server:
    return Server(
        key=f"fastapi{'-async' if in_loop else ''}-{workers}",
        label="FastAPI" + (", async def" if in_loop else ""),
        kind="peer",
        processes=workers,
        venv="fastapi",
        folder="peers/fastapi",
        command="uvicorn --host 127.0.0.1 --port {port} --no-access-log --log-level warning "
        f"--workers {workers} app:app",
        env={"BENCH_MODEL": "{models}/{model}.joblib", "BENCH_ASYNC": "1" if in_loop else ""},
        settings="uvicorn[standard], no access log, "
        + ("predicts in the event loop" if in_loop else "predicts in its thread pool"),
    )


def _mlserver(workers: int) -> Server:
    return Server(
        key=f"mlserver-{workers}",
        label=f"MLServer, parallel_workers={workers}",
        kind="peer",
        processes=max(1, workers),
        venv="mlserver",
        folder="peers/mlserver",
        command="mlserver start .",
        env={
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": "{port2}",
            "MLSERVER_METRICS_PORT": "{port3}",
            "MLSERVER_METRICS_DIR": "{tmp}/metrics",
            "MLSERVER_ENVIRONMENTS_DIR": "{tmp}/environments",
            "MLSERVER_PARALLEL_WORKERS": str(workers),
            "MLSERVER_DEBUG": "false",
            "MLSERVER_MODEL_URI": "{models}/{model}.joblib",
            "MLSERVER_MODEL_MAX_BATCH_SIZE": "64",
            "MLSERVER_MODEL_MAX_BATCH_TIME": "0.001",
        },
        path="/v2/models/bench/infer",
        body=lambda row: {
            "inputs": [{"name": "x", "shape": [1, 4], "datatype": "FP64", "data": row}],
            "outputs": [{"name": "predict_proba"}],
        },
        parse_response=lambda response: float(response["outputs"][0]["data"][1]),
        settings="adaptive batching of up to 64 within 1 ms, debug off",
    )


def _bentoml(workers: int) -> Server:
    return Server(
        key=f"bentoml-{workers}",
        label="BentoML, batching",
        kind="peer",
        processes=workers,
        venv="bentoml",
        folder="peers/bentoml",
        command="bentoml serve service:Classifier --host 127.0.0.1 --port {port}",
        env={
            "BENCH_MODEL": "{models}/{model}.joblib",
            "BENCH_WORKERS": str(workers),
            "BENCH_BATCH": "64",
            "BENCH_LATENCY_MS": "60000",
            "BENTOML_HOME": "{tmp}/bentoml",
            "BENTOML_DO_NOT_TRACK": "True",
        },
        body=lambda row: {"rows": [row]},
        parse_response=lambda response: float(response[0]),
        settings="batchable API of up to 64, max_latency_ms at its default",
    )


def _litserve(workers: int, *, batching: bool) -> Server:
    batch = {"BENCH_BATCH": "64", "BENCH_BATCH_SECONDS": "0.001"} if batching else {}
    return Server(
        key=f"litserve{'-batch' if batching else ''}-{workers}",
        label="LitServe" + (", batching" if batching else ""),
        kind="peer",
        processes=workers,
        venv="litserve",
        folder="peers/litserve",
        command="python server.py {port}",
        env={
            "BENCH_MODEL": "{models}/{model}.joblib",
            "BENCH_WORKERS": str(workers),
            "BENCH_API_SERVERS": "1",
            **batch,
        },
        settings="max_batch_size 64, batch_timeout 1 ms" if batching else "no batching",
    )


def _kserve(workers: int) -> Server:
    return Server(
        key=f"kserve-{workers}",
        label="KServe's Python server",
        kind="peer",
        processes=workers,
        venv="kserve",
        folder="peers/kserve",
        command="python server.py --http_port {port} --enable_grpc false "
        f"--enable_latency_logging false --log_config_file log.json --workers {workers}",
        env={"BENCH_MODEL": "{models}/{model}.joblib", "PYTHONWARNINGS": "ignore"},
        path="/v1/models/bench:predict",
        body=lambda row: {"instances": [row]},
        parse_response=lambda response: float(response["predictions"][0]),
        settings="V1 protocol, no gRPC, no latency log",
    )


def _mlflow(workers: int) -> Server:
    return Server(
        key=f"mlflow-{workers}",
        label="MLflow",
        kind="peer",
        processes=workers,
        venv="mlflow",
        folder="peers/mlflow",
        command="mlflow models serve --model-uri ../../models/mlflow-{model} --env-manager local "
        f"--host 127.0.0.1 --port {{port}} --workers {workers}",
        env={"UVICORN_ACCESS_LOG": "false"},
        path="/invocations",
        body=lambda row: {"inputs": [row]},
        parse_response=lambda response: float(response["predictions"][0][1]),
        settings="rows as arrays, not DataFrames",
    )


def _mosec(workers: int) -> Server:
    return Server(
        key=f"mosec-{workers}",
        label="mosec, batching",
        kind="peer",
        processes=workers,
        venv="mosec",
        folder="peers/mosec",
        command="python server.py --address 127.0.0.1 --port {port} --log-level warning",
        env={
            "BENCH_MODEL": "{models}/{model}.joblib",
            "BENCH_WORKERS": str(workers),
            "BENCH_BATCH": "64",
            "BENCH_BATCH_MS": "1",
        },
        settings="max_batch_size 64, max_wait_time 1 ms",
    )


def _azureml(workers: int) -> Server:
    return Server(
        key=f"azureml-{workers}",
        label="Azure ML's inference server",
        kind="peer",
        processes=workers,
        venv="azureml",
        folder="peers/azureml",
        command=f"azmlinfsrv --entry_script score.py --port {{port}} --worker_count {workers}",
        env={"BENCH_MODEL": "{models}/{model}.joblib"},
        path="/score",
        body=lambda row: {"data": [row]},
        parse_response=lambda response: float(response[0]),
        settings="sync workers, no request log",
    )


PEERS = [
    *(_fastapi(n) for n in (1, 2)),
    _fastapi(2, in_loop=True),
    *(_mlserver(n) for n in (0, 1, 2)),
    *(_bentoml(n) for n in (1, 2)),
    *(_litserve(n, batching=False) for n in (1, 2)),
    *(_litserve(n, batching=True) for n in (1, 2)),
    *(_kserve(n) for n in (1, 2)),
    *(_mlflow(n) for n in (1, 2)),
    *(_mosec(n) for n in (1, 2)),
    _azureml(2),
]

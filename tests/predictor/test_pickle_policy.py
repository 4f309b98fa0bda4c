import os
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from app.predictor.predictor import Predictor
from app.predictor.state import State
from tests.predictor.pickles import AT_LOAD, EVIL, MARK, STATIC, pickled
from tests.predictor.test_predictor import Prediction, loaded

IMPORTS = """
    import io, os, pickle, threading, zipfile
    from pathlib import Path
    import joblib, numpy, pandas

    FOLDER = Path(__file__).parent

    def content(name): return io.BytesIO((FOLDER / name).read_bytes())
    def decoded(name): return bytes.fromhex((FOLDER / name).read_text())

"""
LOADS = f"""{IMPORTS}
    def init():
        global model
        model = joblib.load(FOLDER / "model.joblib")

    def run(input_data):
        return model.predict([[1.0, 2.0]])
"""


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where the mark would be


def load(folder: Path, source: str, **settings: float | bool | str) -> Predictor:
    return loaded(folder, source, **{"PICKLE_POLICY": "audit", **settings})


def reason(
    folder: Path, source: str = "def run(row): return 1", **settings: float | bool | str
) -> str:
    predictor = load(folder, source, FLASK_DEBUG=True, **settings)
    assert predictor.status.state is State.FAILED
    assert not (folder / MARK).exists()
    return str(predictor.status.reason)


@pytest.mark.parametrize("policy", ["audit", "forbid"])
@pytest.mark.parametrize("name", STATIC)
def test_a_pickle_that_runs_code_is_rejected_before_anything_runs(
    tmp_path: Path, name: str, policy: str
) -> None:
    content, said = STATIC[name]
    (tmp_path / "model.joblib").write_bytes(content)
    started = "from pathlib import Path\nPath('started').touch()\ndef run(row): return 1\n"
    said = "which PICKLE_POLICY forbids" if policy == "forbid" else said
    assert said in reason(tmp_path, started, PICKLE_POLICY=policy)
    assert not (tmp_path / "started").exists()


def test_names_from_a_pickle_are_shown_in_one_line(tmp_path: Path) -> None:
    name = "a\nERROR \ud800\x1b[31m" + "b" * 2000
    encoded = name.encode("utf-8", "surrogatepass")
    text = b"X" + len(encoded).to_bytes(4, "little") + encoded
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04" + text + text + b"\x93.")
    shown = reason(tmp_path)
    assert shown.startswith("model.pkl would import a\\nERROR \\ud800\\x1b[31mbbb")
    assert shown.isprintable()
    assert len(shown) < 1200


@pytest.mark.parametrize("name", ["weights.bin", "labels.txt", "sub/folder/README"])
@pytest.mark.parametrize(
    "way",
    [
        "a call by `__reduce__`",
        "protocol 0, as text",
        "the instruction `INST`",
        "… with gzip",
        "a pickle that breaks off after its call",
    ],
)
def test_it_is_recognised_under_any_name(tmp_path: Path, name: str, way: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(STATIC[way][0])
    assert reason(tmp_path).startswith(f"{name} would import ")


@pytest.mark.parametrize("way", AT_LOAD)
@pytest.mark.parametrize("function", ["init", "run"])
def test_a_pickle_within_another_format_is_rejected_when_it_is_loaded(
    tmp_path: Path, way: str, function: str
) -> None:
    write, expression = AT_LOAD[way]
    write(tmp_path)
    source = f"{IMPORTS}\n    def sample(): return {{'x': 1}}\n    def run(row): return 1\n"
    source += f"    def {function}(*_): {expression}\n"
    assert "PICKLE_ALLOWED does not list" in reason(tmp_path, source)


def test_so_is_one_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "elsewhere.pkl").write_bytes(pickled(EVIL))
    source = f"{IMPORTS}    joblib.load('elsewhere.pkl')\n    def run(row): return 1\n"
    assert "What is loaded would import posix.system" in reason(tmp_path / "model", source)
    assert not Path(MARK).exists()
    forbidden = reason(tmp_path / "model", source, PICKLE_POLICY="forbid")
    assert "PICKLE_POLICY forbids" in forbidden


LOADS_IN_RUN = f"""{IMPORTS}
    barrier = threading.Barrier(2)

    def run(row):
        barrier.wait(10)
        return joblib.load('../elsewhere.pkl')
"""


def test_so_is_one_that_a_call_loads_in_each_thread(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "elsewhere.pkl").write_bytes(pickled(EVIL))
    os.chdir(tmp_path / "model")
    predictor = load(tmp_path / "model", LOADS_IN_RUN, THREADS=2)
    predictions = [Prediction(predictor, {}) for _ in range(2)]
    for prediction in predictions:
        assert "would import posix.system" in str(prediction.error())
    assert not (tmp_path / "model" / MARK).exists()


@pytest.mark.parametrize("compress", [0, 3])
def test_a_model_of_scikit_learn_passes(tmp_path: Path, compress: int) -> None:
    x = np.random.default_rng(0).random((50, 2))
    model = make_pipeline(StandardScaler(), RandomForestClassifier(5)).fit(x, x[:, 0] > 0.5)
    joblib.dump(model, tmp_path / "model.joblib", compress=compress)
    assert load(tmp_path, LOADS).status.state is State.READY
    assert "PICKLE_POLICY forbids" in reason(tmp_path, LOADS, PICKLE_POLICY="forbid")


def test_what_the_operator_lists_passes_beside_it(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(np.log1p), RandomForestClassifier(2))
    model.fit([[1.0, 2.0], [2.0, 1.0]], [0, 1])
    joblib.dump(model, tmp_path / "model.joblib")
    assert "would import numpy.log1p if" in reason(tmp_path, LOADS)
    allowed = "scikit-learn,numpy.log1p"
    assert load(tmp_path, LOADS, PICKLE_ALLOWED=allowed).status.state is State.READY


def test_an_empty_list_allows_plain_data_alone(tmp_path: Path) -> None:
    (tmp_path / "data.pkl").write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    source = (
        f"{IMPORTS}    DATA = joblib.load(FOLDER / 'data.pkl')\n    def run(row): return DATA\n"
    )
    assert load(tmp_path, source, PICKLE_ALLOWED="").status.state is State.READY
    (tmp_path / "array.pkl").write_bytes(pickle.dumps(np.zeros(3)))
    assert reason(tmp_path, PICKLE_ALLOWED="").startswith("array.pkl would import numpy")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "count\n12\n",
        "cat\ndog\n",
        "cat dog\na b\n",
        "c\n\n",
        "# c\n",
        "x\n",
        "\x80 and more",
        "{}",
        "0.1,0.2\n",
    ],
)
def test_other_files_pass(tmp_path: Path, text: str) -> None:
    (tmp_path / "data.csv").write_text(text)
    np.save(tmp_path / "data.npy", np.zeros(5))
    (tmp_path / "gone.txt").symlink_to("/nowhere/at-all")
    (tmp_path / "circle").symlink_to(tmp_path)
    assert load(tmp_path, "def run(row): return 1").status.state is State.READY


def test_the_policy_holds_in_no_other_thread_and_process(tmp_path: Path) -> None:
    source = f"""{IMPORTS}
    import multiprocessing

    def init():
        with multiprocessing.get_context("fork").Pool(1) as pool:
            assert pool.map(abs, [-1]) == [1]

    def run(row): return 1
    """
    assert load(tmp_path, source).status.state is State.READY
    assert type(pickle.loads(pickle.dumps(Path()))) is type(Path())


def test_the_default_policy_allows_all(tmp_path: Path) -> None:
    source = f"{IMPORTS}    joblib.load(FOLDER / 'model.joblib')\n    def run(row): return 1\n"
    (tmp_path / "model.joblib").write_bytes(STATIC["a call by `__reduce__`"][0])
    assert load(tmp_path, source, PICKLE_POLICY="allow").status.state is State.READY
    assert Path(MARK).exists()

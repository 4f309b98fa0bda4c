# The service with its example model. The base can be any with Python 3.11 or newer.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /app
# requirements-compiled.txt adds the packages for a compiled model, requirements-boosting.txt
# XGBoost, LightGBM and CatBoost, see model/README.md; requirements-otel.txt those for traces, see
# docs/traces.md.
ARG REQUIREMENTS=requirements.txt
COPY ${REQUIREMENTS} requirements.txt
# Smaller without files that are never imported: the libraries' tests and sources.
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --no-compile --disable-pip-version-check \
      --require-hashes --only-binary :all: -r requirements.txt \
 && /venv/bin/pip freeze > /venv/constraints.txt \
 && rm -rf /venv/lib/python*/site-packages/pip /venv/lib/python*/site-packages/pip-* /venv/bin/pip* \
 && find /venv -type d \( -name tests -o -name test \) -prune -exec rm -rf {} + \
 && find /venv -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' -o -name '*.c' \
      -o -name '*.cpp' -o -name '*.h' -o -name '*.map' \) -delete \
 && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /venv
# /packages is where an image built from this one installs its own; those in /venv come first.
RUN mkdir /packages \
 && site=$(echo /venv/lib/python*/site-packages) \
 && printf "/packages/%s/${site#/venv/lib/}\n" lib lib64 > "$site/packages.pth" \
 && ln -s "$site"/scikit_learn.libs/libgomp-*.so.1* /venv/lib/libgomp.so.1
COPY model/train.py model/ml_trained_model.py model/README.md model/
RUN PYTHONDONTWRITEBYTECODE=1 /venv/bin/python model/train.py
COPY app/ app/
RUN python -m compileall -q --invalidation-mode checked-hash app

FROM ${BASE} AS runtime
# The base's pip installs into /packages, and keeps the versions of what is in /venv. The library
# path is for LightGBM: it needs OpenMP's library, which slim images do not have.
ENV PATH=/venv/bin:/packages/bin:$PATH \
    LD_LIBRARY_PATH=/venv/lib \
    PIP_PYTHON=/venv/bin/python \
    PIP_PREFIX=/packages \
    PIP_CONSTRAINT=/venv/constraints.txt \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FLASK_DEBUG=False \
    LOG_FORMAT=json
WORKDIR /app
COPY --from=build /venv /venv
COPY --from=build --chown=65532:65532 /packages /packages
COPY --from=build /app/model model
COPY --from=build /app/app app
COPY LICENSE .
USER 65532:65532
EXPOSE 8888
CMD ["gunicorn", "--config", "app/gunicorn.conf.py", "app.wsgi:app"]

# For the dev loop, which copies changed files into the running container.
FROM runtime AS dev
USER 0:0
RUN chown -R 65532:65532 /app
USER 65532:65532

FROM runtime
ARG VERSION=1.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ml-rest-api" \
      org.opencontainers.image.description="A trained model as a typed, documented REST API" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

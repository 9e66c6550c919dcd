# The whole of Ricochet; the command says which part runs: `serve web`, `serve tracker`, `ingest`, `work`, `send`, `migrate`.
#
#     docker build -t ricochet .
#     docker run -p 8000:8000 -p 8001:8001 -v ricochet:/data ricochet
#
# A tracker, whose ingest runs beside it with the same volume (docs/operations.md):
#
#     docker run -p 8001:8001 -v ricochet:/data -e RICOCHET_INTERNAL_HOST=0.0.0.0 -e HEALTH_URL=http://127.0.0.1:9101/readyz \
#         ricochet serve tracker --host 0.0.0.0 --internal 9101

FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/ricochet
# The dependencies first: they change seldom, and this layer is kept.
COPY requirements-dev.lock ./
RUN python -m venv /tmp/build && /tmp/build/bin/pip install --no-cache-dir --require-hashes -r requirements-dev.lock
COPY requirements.lock ./
RUN /opt/ricochet/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY . .
RUN /tmp/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
    && /opt/ricochet/bin/pip install --no-cache-dir --no-deps /tmp/wheel/*.whl

FROM python:3.13-slim
RUN useradd --system --create-home ricochet && install -d -o ricochet /data
COPY --from=build /opt/ricochet /opt/ricochet
# HEALTH_URL is where the process says that it is well; this one is for `up` and `serve web`.
ENV PATH=/opt/ricochet/bin:$PATH RICOCHET_DATA_DIR=/data PYTHONUNBUFFERED=1 HEALTH_URL=http://127.0.0.1:8000/healthz
USER ricochet
VOLUME /data
# Pages and API; short links; the internal listeners of a tracker and of ingest, which are not for the world.
EXPOSE 8000 8001 9101 9191
HEALTHCHECK --start-period=30s --timeout=5s \
    CMD ["python", "-c", "import os, httpx2; httpx2.get(os.environ['HEALTH_URL'], trust_env=False).raise_for_status()"]
ENTRYPOINT ["ricochet"]
CMD ["up", "--host", "0.0.0.0", "--port", "8000", "--tracker-port", "8001"]

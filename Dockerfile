# The whole of Ricochet; the command says which part runs: `serve web`, `serve tracker`, `work`, `send`, `migrate`.
#
#     docker build -t ricochet .
#     docker run -p 8000:8000 -p 8001:8001 -v ricochet:/data ricochet

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
ENV PATH=/opt/ricochet/bin:$PATH RICOCHET_DATA_DIR=/data PYTHONUNBUFFERED=1
USER ricochet
VOLUME /data
EXPOSE 8000 8001
ENTRYPOINT ["ricochet"]
CMD ["up", "--host", "0.0.0.0", "--port", "8000", "--tracker-port", "8001"]

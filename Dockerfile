# The gateway in a container:
#
#   docker build -t cursor-api .
#   docker run --rm -p 127.0.0.1:3000:3000 -e AUTH_TOKEN=... -v cursor-api:/data cursor-api
#
# Inside a container the loopback address reaches nobody, so HERE THE LISTENER IS 0.0.0.0: who may
# reach it is decided by `-p`. The line above publishes it on this computer only.
#
# The token files are in /data. Put the volume somewhere, or they are lost with the container.
# Works with a read-only root as well: --read-only --tmpfs /tmp

FROM python:3.13-slim AS build
WORKDIR /build
# Cursor's official route needs Cursor's own package, which may not be passed on: an image with it is
# for its builder alone. `--build-arg CURSOR_SDK=yes` puts it in.
ARG CURSOR_SDK=
COPY requirements/run.txt requirements/build.txt requirements/sdk.txt requirements/
RUN python -m venv /opt/cursor-api \
 && /opt/cursor-api/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt \
 && if [ -n "$CURSOR_SDK" ]; then \
      /opt/cursor-api/bin/pip install --no-cache-dir --require-hashes -r requirements/sdk.txt; \
    fi \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src src
RUN /opt/build/bin/python -m hatchling build -t wheel -d dist \
 && /opt/cursor-api/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM python:3.13-slim
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin gateway \
 && install -d -o gateway -g gateway -m 0700 /data
COPY --from=build /opt/cursor-api /opt/cursor-api
ENV PATH=/opt/cursor-api/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=3000
USER gateway
# .token and .token-list, and .env if there is one, are looked for here.
WORKDIR /data
VOLUME /data
EXPOSE 3000
# Where the gateway listens, by the settings above; 0.0.0.0 and :: are asked on the loopback, and no
# proxy of the environment is.
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["python", "-c", "import os, urllib.request as r; h = (os.environ.get('HOST') or '127.0.0.1').strip('[]'); h = {'0.0.0.0': '127.0.0.1', '::': '::1'}.get(h, h); h = f'[{h}]' if ':' in h else h; r.build_opener(r.ProxyHandler({})).open(f\"http://{h}:{os.environ.get('PORT') or 3000}/\", timeout=4)"]
# No shell in between: the gateway is process 1, and SIGTERM reaches it.
CMD ["cursor-api", "serve"]

# The gateway in a container:
#
#   docker build -t cursor-api .
#   docker run --rm -p 127.0.0.1:3000:3000 -e AUTH_TOKEN=... -v cursor-api:/data cursor-api
#
# Inside a container the loopback address reaches nobody, so HERE THE LISTENER IS 0.0.0.0: who may
# reach it is decided by `-p`. The line above publishes it on this computer only.
#
# The token files are in /data. Put the volume somewhere, or they are lost with the container.
# Works with a read-only root as well (--read-only --tmpfs /tmp), and as any user whose group is 0
# (--user 12345:0), as OpenShift and Hugging Face start it.

FROM python:3.13-slim AS build
WORKDIR /build
# Cursor's official way needs Cursor's own package, which may not be passed on: an image with it is
# for its builder alone. `--build-arg CURSOR_SDK=yes` puts it in.
ARG CURSOR_SDK=
COPY requirements/run.txt requirements/build.txt requirements/nodes.txt requirements/sdk.txt requirements/
# The environment of the gateway has no pip: another one's installs into it.
RUN python -m venv --without-pip /opt/cursor-api \
 && python -m venv /opt/build \
 && into="/opt/build/bin/pip --python /opt/cursor-api/bin/python install --no-cache-dir" \
 && $into --require-hashes -r requirements/run.txt -r requirements/nodes.txt \
 && if [ -n "$CURSOR_SDK" ]; then $into --require-hashes -r requirements/sdk.txt; fi \
 && /opt/build/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src src
RUN /opt/build/bin/python -m hatchling build -t wheel -d dist \
 && /opt/build/bin/pip --python /opt/cursor-api/bin/python install --no-cache-dir --no-deps dist/*.whl
COPY deploy/image/healthcheck.py /opt/cursor-api/

FROM python:3.13-slim
LABEL org.opencontainers.image.title="cursor-api" \
      org.opencontainers.image.licenses="MIT"
# Whoever gets into the container finds no pip, nor the means to get one. /data is for any user whose
# group is 0; what is saved there is the saving user's alone.
RUN python -c "import ensurepip, sysconfig; print(ensurepip.__path__[0], sysconfig.get_path('purelib') + '/pip*', sysconfig.get_path('scripts') + '/pip*')" > /tmp/gone \
 && rm -rf $(cat /tmp/gone) /tmp/gone \
 && install -d -o 1000 -g 0 -m 0770 /data
COPY --from=build /opt/cursor-api /opt/cursor-api
# Docker ends a container ten seconds after SIGTERM; answers that are under way get eight of them.
# For more of both: `docker run --stop-timeout 35 -e GATEWAY_SHUTDOWN_GRACE_S=30`.
ENV PATH=/opt/cursor-api/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    HOST=0.0.0.0 \
    PORT=3000 \
    GATEWAY_SHUTDOWN_GRACE_S=8
# By numbers, so that a platform that wants no root can see that this is none.
USER 1000:0
# .token and .token-list, and .env if there is one, are looked for here.
WORKDIR /data
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["python", "/opt/cursor-api/healthcheck.py"]
# No shell in between: the gateway is process 1, and SIGTERM reaches it.
CMD ["cursor-api", "serve"]

# The three programs in one image, which runs any of them: `docker run ga-intelligence data-service db setup`.
# Nothing in it is secret: all settings come from the environment (.env.example).

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# rust-toolchain.toml is not copied: it names a channel, and rustup would download that beside the image's own toolchain.
# The binaries are copied out because a cache mount is not part of the image.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bins \
    && mkdir /out \
    && cp target/release/analytics-service target/release/data-service target/release/auth-service /out/

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin app \
    && mkdir -p /app/data /app/logs \
    && chown -R app:app /app
COPY --from=build /out/ /usr/local/bin/
WORKDIR /app
USER 10001:10001
ENV SERVICE_HOST=0.0.0.0 DATA_ROOT=/app/data LOG_DIR=/app/logs
VOLUME ["/app/data", "/app/logs"]
EXPOSE 8001 8002 8003
STOPSIGNAL SIGTERM
# Which service it is, the deployment says; health checks belong there too (GET /health/ready).
CMD ["data-service", "--help"]

# All programs of Dapr that run in a cluster. Each deployment of Dapr's chart says which one it starts.
FROM debian:bookworm-slim
COPY daprd injector operator placement sentry /
USER 65532

# All programs of Dapr that run in a cluster. Each Deployment of Dapr's chart selects one by its command.
FROM debian:bookworm-slim
COPY daprd injector operator placement sentry /
USER 65532

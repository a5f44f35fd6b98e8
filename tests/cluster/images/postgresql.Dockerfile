# A stand-in for postgres: the same program and user, and the variables that the chart uses.
FROM debian:bookworm-slim
# Without these settings the package creates a user with another number, and a database.
RUN groupadd --system --gid 999 postgres && useradd --system --uid 999 --gid postgres --no-create-home postgres \
 && mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
 && apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin
COPY start-postgresql /start-postgresql
USER 999
# On SIGTERM PostgreSQL would wait until its clients disconnect.
STOPSIGNAL SIGINT
ENTRYPOINT ["/start-postgresql"]

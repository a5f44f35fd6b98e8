# A stand-in for postgres: the same program, user and variables, as far as the chart uses them.
FROM debian:bookworm-slim
# The package makes a user with another number, and a database, unless both are there or unwanted.
RUN groupadd --system --gid 999 postgres && useradd --system --uid 999 --gid postgres --no-create-home postgres \
 && mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
 && apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql-15 && rm -rf /var/lib/apt/lists/*
ENV PATH=/usr/lib/postgresql/15/bin:/usr/bin:/bin
COPY start-postgresql /start-postgresql
USER 999
# On SIGTERM it would wait for its clients to leave.
STOPSIGNAL SIGINT
ENTRYPOINT ["/start-postgresql"]

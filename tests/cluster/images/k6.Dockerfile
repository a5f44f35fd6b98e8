FROM scratch
COPY k6 /usr/bin/k6
USER 12345
ENTRYPOINT ["/usr/bin/k6"]

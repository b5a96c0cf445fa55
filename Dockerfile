# Concordat in an image of its own: one static program, no shell, no root.
#
#   docker build -t concordat --build-arg VERSION=1.2.3 --build-arg COMMIT=$(git rev-parse HEAD) .
#   docker run -p 8081:8081 -v concordat:/data concordat
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION= COMMIT=
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X main.version=${VERSION} -X main.commit=${COMMIT}" -o /out/concordat ./cmd/concordat
# A volume takes its owner from the folder it covers.
RUN mkdir -p /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/concordat /concordat
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
WORKDIR /data
VOLUME /data
# Inside a container everything must listen wider than loopback; who may connect is
# decided by the ports that are published, and by CONCORDAT_AUTH_FILE.
ENV CONCORDAT_LISTEN=0.0.0.0:8081 CONCORDAT_DATA=/data/concordat.db
EXPOSE 8081
STOPSIGNAL SIGTERM
ENTRYPOINT ["/concordat"]
CMD ["serve"]

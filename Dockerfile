# PostgreSQL with the extension:
#
#     docker build --build-arg PG_MAJOR=17 -t retention .
#     docker run --rm -d --name shop -e POSTGRES_PASSWORD=secret retention
#     docker exec -it shop psql -U postgres -c 'CREATE EXTENSION retention'

ARG PG_MAJOR=17

FROM postgres:${PG_MAJOR} AS build
ARG PG_MAJOR
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev make postgresql-server-dev-${PG_MAJOR}
COPY . /retention
RUN make -C /retention with_llvm=no install DESTDIR=/installed

FROM postgres:${PG_MAJOR}
COPY --from=build /installed/ /

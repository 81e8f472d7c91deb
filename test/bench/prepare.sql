-- The floor and the prototypes; :module is the path of retention_bench

CREATE FUNCTION noop_transfn(bigint, integer) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, bigint) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, bigint, bigint) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, bigint, timestamptz) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, uuid, timestamptz) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, text, timestamptz) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, customer_key, timestamptz) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, bigint, timestamptz, double precision) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, bigint, timestamptz, text) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, bigint, date, date, double precision) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, bigint, timestamptz, numeric) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;
CREATE FUNCTION noop_transfn(bigint, bigint, date, date, numeric) RETURNS bigint
    AS :'module' LANGUAGE C IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION noop_rows(n bigint, OUT customer bigint, OUT frequency bigint, OUT recency double precision,
        OUT t double precision, OUT monetary_value double precision, OUT purchases bigint,
        OUT revenue double precision, OUT first_day date, OUT last_day date) RETURNS SETOF record
    AS :'module' LANGUAGE C VOLATILE;

CREATE AGGREGATE noop(integer) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(bigint) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(bigint, bigint) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(bigint, timestamptz) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(uuid, timestamptz) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(text, timestamptz) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(customer_key, timestamptz) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(bigint, timestamptz, double precision) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(bigint, timestamptz, text) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(bigint, date, date, double precision) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(bigint, timestamptz, numeric) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);
CREATE AGGREGATE noop(bigint, date, date, numeric) (
    SFUNC = noop_transfn, STYPE = bigint, INITCOND = '0',
    COMBINEFUNC = int8pl, PARALLEL = SAFE);

CREATE FUNCTION proto_plain_transfn(internal, bigint, timestamptz, timestamptz, timestamptz, timestamptz)
    RETURNS internal AS :'module' LANGUAGE C IMMUTABLE;
CREATE FUNCTION proto_batch_transfn(internal, bigint, timestamptz, timestamptz, timestamptz, timestamptz)
    RETURNS internal AS :'module' LANGUAGE C IMMUTABLE;
CREATE FUNCTION proto_finalfn(internal) RETURNS double precision
    AS :'module' LANGUAGE C IMMUTABLE;

CREATE AGGREGATE proto_plain(bigint, timestamptz, timestamptz, timestamptz, timestamptz) (
    SFUNC = proto_plain_transfn, STYPE = internal, FINALFUNC = proto_finalfn);
CREATE AGGREGATE proto_batch(bigint, timestamptz, timestamptz, timestamptz, timestamptz) (
    SFUNC = proto_batch_transfn, STYPE = internal, FINALFUNC = proto_finalfn);

/* sql/retention--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION retention" to load this file. \quit

--
-- src/base/module.c
--

CREATE FUNCTION retention_version() RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_version() IS 'version of the loaded retention library, e.g. retention_version() = ''1.0''';

--
-- src/store/customer_key.c and src/store/customer_state.c
--

CREATE TYPE customer_key;

CREATE FUNCTION customer_key_in(cstring) RETURNS customer_key
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_in(cstring) IS 'I/O';
CREATE FUNCTION customer_key_out(customer_key) RETURNS cstring
    AS 'int8out' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_out(customer_key) IS 'I/O';
CREATE FUNCTION customer_key_recv(internal) RETURNS customer_key
    AS 'int8recv' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_recv(internal) IS 'I/O';
CREATE FUNCTION customer_key_send(customer_key) RETURNS bytea
    AS 'int8send' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_send(customer_key) IS 'I/O';

CREATE TYPE customer_key (
    INPUT = customer_key_in,
    OUTPUT = customer_key_out,
    RECEIVE = customer_key_recv,
    SEND = customer_key_send,
    LIKE = bigint
);
COMMENT ON TYPE customer_key IS 'a customer, for the aggregates of this extension: whole numbers of integer and floating-point types as they are, other types as 64 bits of their own hash; columns are cast to it implicitly, of less usual types by the function customer_key; e.g. retention_rate(customer_id, ...)';

CREATE FUNCTION customer_key(smallint) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_smallint' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(smallint) IS 'customer of a smallint: the integer itself; NULL for NULL; e.g. customer_key(7::smallint)';
CREATE FUNCTION customer_key(integer) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_integer' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(integer) IS 'customer of an integer: the integer itself; NULL for NULL; e.g. customer_key(7)';
CREATE FUNCTION customer_key(oid) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_oid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(oid) IS 'customer of an oid: the integer itself; NULL for NULL; e.g. customer_key(''pg_class''::regclass::oid)';
CREATE FUNCTION customer_key(real) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_real' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(real) IS 'customer of a real: the integer itself if it is whole, else 64 bits of the type''s own hash; NULL for NULL; e.g. customer_key(7::real), the same customer as customer_key(7)';
CREATE FUNCTION customer_key(double precision) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_double' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(double precision) IS 'customer of a double precision: the integer itself if it is whole and within 2^53, else 64 bits of the type''s own hash; NULL for NULL; e.g. customer_key(7::double precision), the same customer as customer_key(7)';
CREATE FUNCTION customer_key(numeric) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_numeric' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(numeric) IS 'customer of a numeric: 64 bits of the type''s own hash, inverted if it is negative; NULL for NULL; e.g. customer_key(1.00), the same customer as customer_key(1.0)';
CREATE FUNCTION customer_key(text) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_text' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(text) IS 'customer of a text: 64 bits of the type''s own hash; NULL for NULL; e.g. customer_key(''ann''::text)';
CREATE FUNCTION customer_key(character) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_bpchar' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(character) IS 'customer of a character: 64 bits of the type''s own hash; NULL for NULL; e.g. customer_key(''ann''::char(8))';
CREATE FUNCTION customer_key(name) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_name' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(name) IS 'customer of a name: 64 bits of the type''s own hash; NULL for NULL; e.g. customer_key(current_user), the same customer as customer_key(current_user::text)';
CREATE FUNCTION customer_key(bytea) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_bytea' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(bytea) IS 'customer of a bytea: 64 bits of the type''s own hash; NULL for NULL; e.g. customer_key(decode(''c0ffee'', ''hex''))';
CREATE FUNCTION customer_key(inet) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_inet' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(inet) IS 'customer of an inet: 64 bits of the type''s own hash; NULL for NULL; e.g. customer_key(inet ''192.0.2.1'')';
CREATE FUNCTION customer_key(uuid) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_uuid' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(uuid) IS 'customer of a uuid: 64 bits of the type''s own hash; NULL for NULL; e.g. customer_key(gen_random_uuid())';

-- A row of a table fits both of these, which makes o.customer_key an error
CREATE FUNCTION customer_key_record_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_record_support(internal) IS 'planner support function';
CREATE FUNCTION customer_key(record) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_record' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
    SUPPORT customer_key_record_support;
COMMENT ON FUNCTION customer_key(record) IS 'customer of several columns: 64 bits of their own hashes; NULL if one of the fields is NULL; e.g. customer_key(row(shop, customer_no))';
CREATE FUNCTION customer_key(anyelement) RETURNS customer_key
    AS 'MODULE_PATHNAME', 'customer_key_anyelement' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key(anyelement) IS 'customer of any other type that can be hashed (enum, boolean, date, jsonb, array, ...): 64 bits of the type''s own hash; NULL for NULL and for an array with a NULL in it; e.g. customer_key(ordered_at::date)';

CREATE CAST (bigint AS customer_key) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (bigint AS customer_key) IS 'the integer itself, at no cost';
CREATE CAST (customer_key AS bigint) WITHOUT FUNCTION;
COMMENT ON CAST (customer_key AS bigint) IS 'the 64 bits as an integer, e.g. customer_key(row(1, 2))::bigint';
CREATE CAST (smallint AS customer_key) WITH FUNCTION customer_key(smallint) AS IMPLICIT;
COMMENT ON CAST (smallint AS customer_key) IS 'lets columns of type smallint be passed as customers';
CREATE CAST (integer AS customer_key) WITH FUNCTION customer_key(integer) AS IMPLICIT;
COMMENT ON CAST (integer AS customer_key) IS 'lets columns of type integer be passed as customers';
CREATE CAST (oid AS customer_key) WITH FUNCTION customer_key(oid) AS IMPLICIT;
COMMENT ON CAST (oid AS customer_key) IS 'lets columns of type oid be passed as customers';
CREATE CAST (real AS customer_key) WITH FUNCTION customer_key(real) AS IMPLICIT;
COMMENT ON CAST (real AS customer_key) IS 'lets columns of type real be passed as customers';
CREATE CAST (double precision AS customer_key) WITH FUNCTION customer_key(double precision) AS IMPLICIT;
COMMENT ON CAST (double precision AS customer_key) IS 'lets columns of type double precision be passed as customers';
CREATE CAST (numeric AS customer_key) WITH FUNCTION customer_key(numeric) AS IMPLICIT;
COMMENT ON CAST (numeric AS customer_key) IS 'lets columns of type numeric be passed as customers';
CREATE CAST (text AS customer_key) WITH FUNCTION customer_key(text) AS IMPLICIT;
COMMENT ON CAST (text AS customer_key) IS 'lets columns of type text be passed as customers';
CREATE CAST (character varying AS customer_key) WITH FUNCTION customer_key(text) AS IMPLICIT;
COMMENT ON CAST (character varying AS customer_key) IS 'lets columns of type character varying be passed as customers';
CREATE CAST (character AS customer_key) WITH FUNCTION customer_key(character) AS IMPLICIT;
COMMENT ON CAST (character AS customer_key) IS 'lets columns of type character be passed as customers';
CREATE CAST (name AS customer_key) WITH FUNCTION customer_key(name) AS IMPLICIT;
COMMENT ON CAST (name AS customer_key) IS 'lets columns of type name be passed as customers';
CREATE CAST (bytea AS customer_key) WITH FUNCTION customer_key(bytea) AS IMPLICIT;
COMMENT ON CAST (bytea AS customer_key) IS 'lets columns of type bytea be passed as customers';
CREATE CAST (inet AS customer_key) WITH FUNCTION customer_key(inet) AS IMPLICIT;
COMMENT ON CAST (inet AS customer_key) IS 'lets columns of type inet be passed as customers';
CREATE CAST (uuid AS customer_key) WITH FUNCTION customer_key(uuid) AS IMPLICIT;
COMMENT ON CAST (uuid AS customer_key) IS 'lets columns of type uuid be passed as customers';

-- For ORDER BY, GROUP BY, DISTINCT and indexes.  No other type has operators of
-- these names: with = and < the implicit casts would make uuid = bigint legal.
CREATE FUNCTION customer_key_eq(customer_key, customer_key) RETURNS boolean
    AS 'int8eq' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_eq(customer_key, customer_key) IS 'operator #=#';
CREATE FUNCTION customer_key_ne(customer_key, customer_key) RETURNS boolean
    AS 'int8ne' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_ne(customer_key, customer_key) IS 'operator #<>#';
CREATE FUNCTION customer_key_lt(customer_key, customer_key) RETURNS boolean
    AS 'int8lt' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_lt(customer_key, customer_key) IS 'operator #<#';
CREATE FUNCTION customer_key_le(customer_key, customer_key) RETURNS boolean
    AS 'int8le' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_le(customer_key, customer_key) IS 'operator #<=#';
CREATE FUNCTION customer_key_gt(customer_key, customer_key) RETURNS boolean
    AS 'int8gt' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_gt(customer_key, customer_key) IS 'operator #>#';
CREATE FUNCTION customer_key_ge(customer_key, customer_key) RETURNS boolean
    AS 'int8ge' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_ge(customer_key, customer_key) IS 'operator #>=#';
CREATE FUNCTION customer_key_cmp(customer_key, customer_key) RETURNS integer
    AS 'btint8cmp' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_cmp(customer_key, customer_key) IS 'support function of btree indexes';
CREATE FUNCTION customer_key_sortsupport(internal) RETURNS void
    AS 'btint8sortsupport' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_sortsupport(internal) IS 'support function of sorts';
CREATE FUNCTION customer_key_hash(customer_key) RETURNS integer
    AS 'hashint8' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_hash(customer_key) IS 'support function of hash indexes and joins';
CREATE FUNCTION customer_key_hash_extended(customer_key, bigint) RETURNS bigint
    AS 'hashint8extended' LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_key_hash_extended(customer_key, bigint) IS 'support function of hash partitions';
CREATE OPERATOR #=# (
    LEFTARG = customer_key,
    RIGHTARG = customer_key,
    FUNCTION = customer_key_eq,
    COMMUTATOR = #=#,
    NEGATOR = #<>#,
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES,
    MERGES
);
COMMENT ON OPERATOR #=# (customer_key, customer_key) IS 'is the same customer as';
CREATE OPERATOR #<># (
    LEFTARG = customer_key,
    RIGHTARG = customer_key,
    FUNCTION = customer_key_ne,
    COMMUTATOR = #<>#,
    NEGATOR = #=#,
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR #<># (customer_key, customer_key) IS 'is another customer than';
CREATE OPERATOR #<# (
    LEFTARG = customer_key,
    RIGHTARG = customer_key,
    FUNCTION = customer_key_lt,
    COMMUTATOR = #>#,
    NEGATOR = #>=#,
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR #<# (customer_key, customer_key) IS 'comes before, in the order of the integers';
CREATE OPERATOR #<=# (
    LEFTARG = customer_key,
    RIGHTARG = customer_key,
    FUNCTION = customer_key_le,
    COMMUTATOR = #>=#,
    NEGATOR = #>#,
    RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR #<=# (customer_key, customer_key) IS 'does not come after, in the order of the integers';
CREATE OPERATOR #># (
    LEFTARG = customer_key,
    RIGHTARG = customer_key,
    FUNCTION = customer_key_gt,
    COMMUTATOR = #<#,
    NEGATOR = #<=#,
    RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR #># (customer_key, customer_key) IS 'comes after, in the order of the integers';
CREATE OPERATOR #>=# (
    LEFTARG = customer_key,
    RIGHTARG = customer_key,
    FUNCTION = customer_key_ge,
    COMMUTATOR = #<=#,
    NEGATOR = #<#,
    RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR #>=# (customer_key, customer_key) IS 'does not come before, in the order of the integers';
CREATE OPERATOR CLASS customer_key_ops DEFAULT FOR TYPE customer_key USING btree AS
    OPERATOR 1 #<#,
    OPERATOR 2 #<=#,
    OPERATOR 3 #=#,
    OPERATOR 4 #>=#,
    OPERATOR 5 #>#,
    FUNCTION 1 customer_key_cmp(customer_key, customer_key),
    FUNCTION 2 customer_key_sortsupport(internal);
COMMENT ON OPERATOR CLASS customer_key_ops USING btree IS 'customers in the order of their integers';
COMMENT ON OPERATOR FAMILY customer_key_ops USING btree IS 'customers in the order of their integers';
CREATE OPERATOR CLASS customer_key_ops DEFAULT FOR TYPE customer_key USING hash AS
    OPERATOR 1 #=#,
    FUNCTION 1 customer_key_hash(customer_key),
    FUNCTION 2 customer_key_hash_extended(customer_key, bigint);
COMMENT ON OPERATOR CLASS customer_key_ops USING hash IS 'customers as hash joins, GROUP BY and hash partitions need them';
COMMENT ON OPERATOR FAMILY customer_key_ops USING hash IS 'customers as hash joins, GROUP BY and hash partitions need them';

CREATE TYPE customer_map;

CREATE FUNCTION customer_map_in(cstring) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_map_in(cstring) IS 'I/O';
CREATE FUNCTION customer_map_out(customer_map) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_map_out(customer_map) IS 'I/O';
CREATE FUNCTION customer_map_recv(internal) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_map_recv(internal) IS 'I/O';
CREATE FUNCTION customer_map_send(customer_map) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_map_send(customer_map) IS 'I/O';

CREATE TYPE customer_map (
    INPUT = customer_map_in,
    OUTPUT = customer_map_out,
    RECEIVE = customer_map_recv,
    SEND = customer_map_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE customer_map IS 'transition value of the aggregates over customers, an SQL type so that partial aggregates can travel between machines; not meant to be stored';

--
-- src/store/counters.c
--

CREATE FUNCTION counters_combine(bigint[], bigint[]) RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION counters_combine(bigint[], bigint[]) IS 'aggregate combine function of states that are counters';

--
-- src/store/tally_io.c
--

CREATE TYPE tally;

CREATE FUNCTION tally_in(cstring) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tally_in(cstring) IS 'I/O';
CREATE FUNCTION tally_out(tally) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tally_out(tally) IS 'I/O';
CREATE FUNCTION tally_recv(internal) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tally_recv(internal) IS 'I/O';
CREATE FUNCTION tally_send(tally) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tally_send(tally) IS 'I/O';

CREATE TYPE tally (
    INPUT = tally_in,
    OUTPUT = tally_out,
    RECEIVE = tally_recv,
    SEND = tally_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE tally IS 'transition value of the aggregates that count distinct combinations of numbers, an SQL type so that partial aggregates can travel between machines; not meant to be stored';

--
-- src/family/stats.c
--

CREATE FUNCTION as_percent(rate double precision, digits integer DEFAULT 1) RETURNS numeric
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION as_percent(double precision, integer) IS 'a rate (fraction) in percent, rounded to digits decimals; NULL for a NULL rate, e.g. as_percent(0.8235) = 82.4';

CREATE FUNCTION wilson_interval(successes bigint, trials bigint, confidence double precision DEFAULT 0.95,
    OUT lower double precision, OUT upper double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION wilson_interval(bigint, bigint, double precision) IS 'Wilson confidence interval of successes / trials, as fractions; NULL for a NULL count or no trials, e.g. SELECT * FROM wilson_interval(3, 5)';

CREATE FUNCTION proportion_test(x1 bigint, n1 bigint, x2 bigint, n2 bigint, confidence double precision DEFAULT 0.95,
    OUT difference double precision, OUT z double precision, OUT p_value double precision,
    OUT lower double precision, OUT upper double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION proportion_test(bigint, bigint, bigint, bigint, double precision) IS 'difference of two rates (fraction, x2/n2 minus x1/n1) with its two-sided z test and Newcombe interval; NULL for a NULL count or no trials, e.g. SELECT * FROM proportion_test(56, 70, 48, 80)';

CREATE TYPE retention_lift AS (treated bigint, treated_retained bigint, control bigint, control_retained bigint,
    treated_rate double precision, control_rate double precision, lift double precision,
    lower double precision, upper double precision, p_value double precision);
COMMENT ON TYPE retention_lift IS 'retention of treated customers compared with that of others, rates as fractions; NULL if there are no rows, e.g. (retention_lift(is_member, is_customer)).lift';
COMMENT ON COLUMN retention_lift.treated IS 'number of treated customers, never NULL, e.g. members of a loyalty programme';
COMMENT ON COLUMN retention_lift.treated_retained IS 'number of these who were retained, never NULL';
COMMENT ON COLUMN retention_lift.control IS 'number of other customers, never NULL';
COMMENT ON COLUMN retention_lift.control_retained IS 'number of these who were retained, never NULL';
COMMENT ON COLUMN retention_lift.treated_rate IS 'share (0..1) of the treated customers who were retained; NULL if there are none';
COMMENT ON COLUMN retention_lift.control_rate IS 'share (0..1) of the other customers who were retained; NULL if there are none';
COMMENT ON COLUMN retention_lift.lift IS 'treated_rate minus control_rate (-1..1); NULL if either is NULL';
COMMENT ON COLUMN retention_lift.lower IS 'lower bound of the lift, 95 percent confidence (Newcombe); NULL if the lift is NULL';
COMMENT ON COLUMN retention_lift.upper IS 'upper bound of the lift, 95 percent confidence (Newcombe); NULL if the lift is NULL';
COMMENT ON COLUMN retention_lift.p_value IS 'two-sided p value (0..1) of the z test with the pooled rate; NULL if the lift is NULL, or if everybody or nobody was retained';

CREATE FUNCTION retention_lift_transfn(bigint[], boolean, boolean) RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_lift_transfn(bigint[], boolean, boolean) IS 'aggregate transition function';
CREATE FUNCTION retention_lift_invfn(bigint[], boolean, boolean) RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_lift_invfn(bigint[], boolean, boolean) IS 'aggregate inverse transition function';
CREATE FUNCTION retention_lift_finalfn(bigint[]) RETURNS retention_lift
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_lift_finalfn(bigint[]) IS 'aggregate final function';

CREATE AGGREGATE retention_lift(treated boolean, retained boolean) (
    SFUNC = retention_lift_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = retention_lift_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0,0}',
    MSFUNC = retention_lift_transfn,
    MINVFUNC = retention_lift_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = retention_lift_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_lift(boolean, boolean) IS 'retention rate (fraction) of treated customers minus that of others, with counts, 95 percent interval and p value; rows with a null treated are ignored, a null retained is false; NULL if no rows remain; e.g. SELECT (retention_lift(is_member, is_customer)).* FROM customers';

--
-- src/family/survey.c
--

CREATE TYPE nps_summary AS (promoters bigint, passives bigint, detractors bigint);
COMMENT ON TYPE nps_summary IS 'counts (responses) behind a net promoter score; a summary with all fields NULL is treated as NULL, e.g. SELECT nps(ROW(3, 2, 2)::nps_summary)';
COMMENT ON COLUMN nps_summary.promoters IS 'number of scores 9..10, never NULL in a result, e.g. (nps_summary(score)).promoters';
COMMENT ON COLUMN nps_summary.passives IS 'number of scores 7..8, never NULL in a result, e.g. (nps_summary(score)).passives';
COMMENT ON COLUMN nps_summary.detractors IS 'number of scores below 7, never NULL in a result, e.g. (nps_summary(score)).detractors';

CREATE FUNCTION nps_transfn(bigint[], integer) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'nps_transfn_integer' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_transfn(bigint[], integer) IS 'aggregate transition function';
CREATE FUNCTION nps_transfn(bigint[], double precision) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'nps_transfn_double' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_transfn(bigint[], double precision) IS 'aggregate transition function';
CREATE FUNCTION nps_invfn(bigint[], integer) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'nps_invfn_integer' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_invfn(bigint[], integer) IS 'aggregate inverse transition function';
CREATE FUNCTION nps_invfn(bigint[], double precision) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'nps_invfn_double' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_invfn(bigint[], double precision) IS 'aggregate inverse transition function';
CREATE FUNCTION nps_finalfn(bigint[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'nps_finalfn' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_finalfn(bigint[]) IS 'aggregate final function';
CREATE FUNCTION nps_summary_finalfn(bigint[]) RETURNS nps_summary
    AS 'MODULE_PATHNAME', 'nps_summary_finalfn' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_summary_finalfn(bigint[]) IS 'aggregate final function';
CREATE FUNCTION nps_rollup_transfn(bigint[], nps_summary) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'counters_rollup_transfn' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_rollup_transfn(bigint[], nps_summary) IS 'aggregate transition function';
CREATE FUNCTION nps_rollup_finalfn(bigint[]) RETURNS nps_summary
    AS 'MODULE_PATHNAME', 'nps_rollup_finalfn' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_rollup_finalfn(bigint[]) IS 'aggregate final function';
CREATE FUNCTION csat_transfn(bigint[], integer) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'csat_transfn_integer' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION csat_transfn(bigint[], integer) IS 'aggregate transition function';
CREATE FUNCTION csat_transfn(bigint[], double precision) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'csat_transfn_double' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION csat_transfn(bigint[], double precision) IS 'aggregate transition function';
CREATE FUNCTION csat_invfn(bigint[], integer) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'csat_invfn_integer' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION csat_invfn(bigint[], integer) IS 'aggregate inverse transition function';
CREATE FUNCTION csat_invfn(bigint[], double precision) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'csat_invfn_double' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION csat_invfn(bigint[], double precision) IS 'aggregate inverse transition function';
CREATE FUNCTION csat_finalfn(bigint[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'csat_finalfn' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION csat_finalfn(bigint[]) IS 'aggregate final function';

CREATE AGGREGATE nps(integer) (
    SFUNC = nps_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = nps_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0}',
    MSFUNC = nps_transfn,
    MINVFUNC = nps_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = nps_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(integer) IS 'net promoter score of the scores 0..10, in points -100..100; NULL scores are ignored, NULL without scores, e.g. SELECT nps(score) FROM answers';

CREATE AGGREGATE nps_summary(integer) (
    SFUNC = nps_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = nps_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0}',
    MSFUNC = nps_transfn,
    MINVFUNC = nps_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = nps_summary_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_summary(integer) IS 'numbers of promoters, passives and detractors among the scores 0..10; NULL scores are ignored, NULL without scores, e.g. SELECT nps_summary(score) FROM answers';

CREATE AGGREGATE csat(integer) (
    SFUNC = csat_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = csat_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0}',
    MSFUNC = csat_transfn,
    MINVFUNC = csat_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = csat_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE csat(integer) IS 'customer satisfaction: share (fraction) of the scores 4 and 5 on the scale 1..5; NULL scores are ignored, NULL without scores, e.g. SELECT csat(score) FROM answers';

CREATE AGGREGATE nps(double precision) (
    SFUNC = nps_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = nps_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0}',
    MSFUNC = nps_transfn,
    MINVFUNC = nps_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = nps_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(double precision) IS 'net promoter score of the scores 0..10, in points -100..100; NULL scores are ignored, NULL without scores, e.g. SELECT nps(score) FROM answers';

CREATE AGGREGATE nps_summary(double precision) (
    SFUNC = nps_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = nps_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0}',
    MSFUNC = nps_transfn,
    MINVFUNC = nps_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = nps_summary_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_summary(double precision) IS 'numbers of promoters, passives and detractors among the scores 0..10; NULL scores are ignored, NULL without scores, e.g. SELECT nps_summary(score) FROM answers';

CREATE AGGREGATE csat(double precision) (
    SFUNC = csat_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = csat_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0}',
    MSFUNC = csat_transfn,
    MINVFUNC = csat_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = csat_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE csat(double precision) IS 'customer satisfaction: share (fraction) of the scores 4 and 5 on the scale 1..5; NULL scores are ignored, NULL without scores, e.g. SELECT csat(score) FROM answers';

CREATE AGGREGATE rollup(nps_summary) (
    SFUNC = nps_rollup_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = nps_rollup_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(nps_summary) IS 'sum of NPS summaries (responses); NULL summaries are ignored, NULL without summaries, e.g. SELECT nps(rollup(summary)) FROM daily';

CREATE FUNCTION nps(nps_summary) RETURNS double precision
    AS 'MODULE_PATHNAME', 'nps_from_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps(nps_summary) IS 'net promoter score of a summary, in points -100..100; NULL for NULL or no responses, e.g. SELECT nps(nps_summary(score)) FROM answers';

CREATE FUNCTION nps(promoters bigint, passives bigint, detractors bigint) RETURNS double precision
    AS 'MODULE_PATHNAME', 'nps_from_counts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps(bigint, bigint, bigint) IS 'net promoter score of known counts, in points -100..100; NULL for a NULL count or no responses, e.g. nps(70, 10, 20) = 50';

CREATE FUNCTION nps_interval(nps_summary, confidence double precision DEFAULT 0.95,
    OUT lower double precision, OUT upper double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_interval(nps_summary, double precision) IS 'adjusted Wald confidence interval of a net promoter score, in points -100..100; NULL for NULL or no responses, e.g. SELECT * FROM nps_interval(ROW(3, 2, 2))';

CREATE FUNCTION nps_test(nps_summary, nps_summary,
    OUT difference double precision, OUT z double precision, OUT p_value double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_test(nps_summary, nps_summary) IS 'difference of two net promoter scores (points, second minus first) with its two-sided z test; NULL for NULL or no responses, e.g. SELECT * FROM nps_test(ROW(120, 120, 60), ROW(150, 105, 45))';

CREATE FUNCTION nps_category(score integer) RETURNS text
    AS 'MODULE_PATHNAME', 'nps_category_integer' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_category(integer) IS 'promoter, passive or detractor (text) for a score 0..10; NULL for NULL, e.g. nps_category(9) = ''promoter''';

CREATE FUNCTION nps_category(score double precision) RETURNS text
    AS 'MODULE_PATHNAME', 'nps_category_double' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION nps_category(double precision) IS 'promoter, passive or detractor (text) for a score 0..10; NULL for NULL, e.g. nps_category(8.5) = ''passive''';

CREATE TYPE ces_summary AS (responses bigint, agreeing bigint, total double precision);
COMMENT ON TYPE ces_summary IS 'counts (responses) and sum of scores behind a customer effort score; a summary with all fields NULL is treated as NULL, e.g. SELECT ces(ROW(3, 2, 15)::ces_summary)';
COMMENT ON COLUMN ces_summary.responses IS 'number of scores, never NULL in a result, e.g. (ces_summary(score)).responses';
COMMENT ON COLUMN ces_summary.agreeing IS 'number of scores 5..7, never NULL in a result, e.g. (ces_summary(score)).agreeing';
COMMENT ON COLUMN ces_summary.total IS 'sum of the scores, never NULL in a result, e.g. (ces_summary(score)).total';

CREATE FUNCTION ces_transfn(bigint[], integer) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'ces_transfn_integer' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_transfn(bigint[], integer) IS 'aggregate transition function';
CREATE FUNCTION ces_transfn(bigint[], double precision) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'ces_transfn_double' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_transfn(bigint[], double precision) IS 'aggregate transition function';
CREATE FUNCTION ces_invfn(bigint[], integer) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'ces_invfn_integer' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_invfn(bigint[], integer) IS 'aggregate inverse transition function';
CREATE FUNCTION ces_invfn(bigint[], double precision) RETURNS bigint[]
    AS 'MODULE_PATHNAME', 'ces_invfn_double' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_invfn(bigint[], double precision) IS 'aggregate inverse transition function';
CREATE FUNCTION ces_finalfn(bigint[]) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_finalfn(bigint[]) IS 'aggregate final function';
CREATE FUNCTION ces_agreement_finalfn(bigint[]) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_agreement_finalfn(bigint[]) IS 'aggregate final function';
CREATE FUNCTION ces_summary_finalfn(bigint[]) RETURNS ces_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_summary_finalfn(bigint[]) IS 'aggregate final function';
CREATE FUNCTION ces_rollup_transfn(bigint[], ces_summary) RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_rollup_transfn(bigint[], ces_summary) IS 'aggregate transition function';
CREATE FUNCTION ces_rollup_finalfn(bigint[]) RETURNS ces_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_rollup_finalfn(bigint[]) IS 'aggregate final function';

CREATE AGGREGATE ces(score integer) (
    SFUNC = ces_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = ces_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0,0,0}',
    MSFUNC = ces_transfn,
    MINVFUNC = ces_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = ces_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ces(integer) IS 'customer effort score: mean of the scores 1..7; NULL scores are ignored, NULL without scores, e.g. SELECT ces(score) FROM answers';

CREATE AGGREGATE ces_agreement(score integer) (
    SFUNC = ces_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = ces_agreement_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0,0,0}',
    MSFUNC = ces_transfn,
    MINVFUNC = ces_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = ces_agreement_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ces_agreement(integer) IS 'share (fraction) of the scores 5..7 on the customer effort scale 1..7; NULL scores are ignored, NULL without scores, e.g. SELECT ces_agreement(score) FROM answers';

CREATE AGGREGATE ces_summary(score integer) (
    SFUNC = ces_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = ces_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0,0,0}',
    MSFUNC = ces_transfn,
    MINVFUNC = ces_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = ces_summary_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ces_summary(integer) IS 'numbers of scores and of scores 5..7, and the sum of the scores 1..7; NULL scores are ignored, NULL without scores, e.g. SELECT ces_summary(score) FROM answers';

CREATE AGGREGATE ces(score double precision) (
    SFUNC = ces_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = ces_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0,0,0}',
    MSFUNC = ces_transfn,
    MINVFUNC = ces_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = ces_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ces(double precision) IS 'customer effort score: mean of the scores 1..7; NULL scores are ignored, NULL without scores, e.g. SELECT ces(score) FROM answers';

CREATE AGGREGATE ces_agreement(score double precision) (
    SFUNC = ces_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = ces_agreement_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0,0,0}',
    MSFUNC = ces_transfn,
    MINVFUNC = ces_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = ces_agreement_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ces_agreement(double precision) IS 'share (fraction) of the scores 5..7 on the customer effort scale 1..7; NULL scores are ignored, NULL without scores, e.g. SELECT ces_agreement(score) FROM answers';

CREATE AGGREGATE ces_summary(score double precision) (
    SFUNC = ces_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    FINALFUNC = ces_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0,0,0}',
    MSFUNC = ces_transfn,
    MINVFUNC = ces_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MFINALFUNC = ces_summary_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    MINITCOND = '{0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ces_summary(double precision) IS 'numbers of scores and of scores 5..7, and the sum of the scores 1..7; NULL scores are ignored, NULL without scores, e.g. SELECT ces_summary(score) FROM answers';

CREATE AGGREGATE rollup(ces_summary) (
    SFUNC = ces_rollup_transfn,
    STYPE = bigint[],
    SSPACE = 72,
    FINALFUNC = ces_rollup_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    INITCOND = '{0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(ces_summary) IS 'sum of CES summaries (responses); NULL summaries are ignored, NULL without summaries, e.g. SELECT ces(rollup(summary)) FROM daily';

CREATE FUNCTION ces(ces_summary) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ces_from_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces(ces_summary) IS 'customer effort score of a summary: mean of the scores 1..7; NULL for NULL or no responses, e.g. SELECT ces(ces_summary(score)) FROM answers';

CREATE FUNCTION ces_agreement(ces_summary) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ces_agreement_from_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ces_agreement(ces_summary) IS 'share (fraction) of the scores 5..7 of a summary; NULL for NULL or no responses, e.g. SELECT ces_agreement(ces_summary(score)) FROM answers';

--
-- src/family/rate.c
--

CREATE TYPE retention_summary AS (
    base bigint,
    retained bigint,
    lost bigint,
    acquired bigint
);
COMMENT ON TYPE retention_summary IS 'numbers of customers: base = retained + lost, and acquired, who were not in the base';
COMMENT ON COLUMN retention_summary.base IS 'customers in the base, or at the opening of the period';
COMMENT ON COLUMN retention_summary.retained IS 'customers of the base who came back, or were there at the close';
COMMENT ON COLUMN retention_summary.lost IS 'customers of the base who did not come back, or were not there at the close: base - retained';
COMMENT ON COLUMN retention_summary.acquired IS 'customers who came, or were there at the close, but were not in the base';

-- one row per customer

CREATE FUNCTION retention_boolean_transfn(bigint[], boolean, boolean) RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_boolean_transfn(bigint[], boolean, boolean) IS 'aggregate transition function';
CREATE FUNCTION retention_boolean_invfn(bigint[], boolean, boolean) RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_boolean_invfn(bigint[], boolean, boolean) IS 'aggregate inverse transition function';
CREATE FUNCTION retention_rate_boolean_finalfn(bigint[]) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_rate_boolean_finalfn(bigint[]) IS 'aggregate final function';
CREATE FUNCTION churn_rate_boolean_finalfn(bigint[]) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION churn_rate_boolean_finalfn(bigint[]) IS 'aggregate final function';
CREATE FUNCTION retention_summary_boolean_finalfn(bigint[]) RETURNS retention_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_summary_boolean_finalfn(bigint[]) IS 'aggregate final function';

CREATE AGGREGATE retention_rate(was_customer boolean, is_customer boolean) (
    SFUNC = retention_boolean_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    INITCOND = '{0,0,0,0}',
    FINALFUNC = retention_rate_boolean_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    MSFUNC = retention_boolean_transfn,
    MINVFUNC = retention_boolean_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MINITCOND = '{0,0,0,0}',
    MFINALFUNC = retention_rate_boolean_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(boolean, boolean) IS 'share (0..1) of the customers in the base who stayed, one row per customer; a null boolean is false; NULL if the base is empty; e.g. retention_rate(was_active, is_active)';

CREATE AGGREGATE churn_rate(was_customer boolean, is_customer boolean) (
    SFUNC = retention_boolean_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    INITCOND = '{0,0,0,0}',
    FINALFUNC = churn_rate_boolean_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    MSFUNC = retention_boolean_transfn,
    MINVFUNC = retention_boolean_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MINITCOND = '{0,0,0,0}',
    MFINALFUNC = churn_rate_boolean_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(boolean, boolean) IS 'share (0..1) of the customers in the base who left, lost / base, one row per customer; a null boolean is false; NULL if the base is empty; e.g. churn_rate(was_active, is_active)';

CREATE AGGREGATE retention_summary(was_customer boolean, is_customer boolean) (
    SFUNC = retention_boolean_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    INITCOND = '{0,0,0,0}',
    FINALFUNC = retention_summary_boolean_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    MSFUNC = retention_boolean_transfn,
    MINVFUNC = retention_boolean_invfn,
    MSTYPE = bigint[],
    MSSPACE = 64,
    MINITCOND = '{0,0,0,0}',
    MFINALFUNC = retention_summary_boolean_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_summary(boolean, boolean) IS 'numbers of customers from which retention_rate is computed: base, retained, lost, acquired, one row per customer; a null boolean is false; NULL if there are no rows; e.g. retention_summary(was_active, is_active)';

-- many rows per customer

CREATE FUNCTION retention_events_transfn(customer_map, customer_key, date, daterange, daterange) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'retention_events_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_events_transfn(customer_map, customer_key, date, daterange, daterange) IS 'aggregate transition function';
CREATE FUNCTION retention_events_transfn(customer_map, customer_key, timestamp, tsrange, tsrange) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'retention_events_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_events_transfn(customer_map, customer_key, timestamp, tsrange, tsrange) IS 'aggregate transition function';
CREATE FUNCTION retention_events_transfn(customer_map, customer_key, timestamptz, tstzrange,
    tstzrange) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'retention_events_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_events_transfn(customer_map, customer_key, timestamptz, tstzrange, tstzrange) IS 'aggregate transition function';
CREATE FUNCTION retention_subscriptions_transfn(customer_map, customer_key, daterange, daterange) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_subscriptions_transfn(customer_map, customer_key, daterange, daterange) IS 'aggregate transition function';
CREATE FUNCTION retention_subscriptions_transfn(customer_map, customer_key, tsrange, tsrange) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_subscriptions_transfn(customer_map, customer_key, tsrange, tsrange) IS 'aggregate transition function';
CREATE FUNCTION retention_subscriptions_transfn(customer_map, customer_key, tstzrange, tstzrange) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_subscriptions_transfn(customer_map, customer_key, tstzrange, tstzrange) IS 'aggregate transition function';
CREATE FUNCTION retention_customers_combine(customer_map, customer_map) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_customers_combine(customer_map, customer_map) IS 'aggregate combine function';
CREATE FUNCTION retention_rate_customers_finalfn(customer_map) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_rate_customers_finalfn(customer_map) IS 'aggregate final function';
CREATE FUNCTION churn_rate_customers_finalfn(customer_map) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION churn_rate_customers_finalfn(customer_map) IS 'aggregate final function';
CREATE FUNCTION retention_summary_customers_finalfn(customer_map) RETURNS retention_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_summary_customers_finalfn(customer_map) IS 'aggregate final function';

CREATE AGGREGATE retention_rate(customer customer_key, at date, base daterange, comeback daterange) (
    SFUNC = retention_events_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(customer_key, date, daterange, daterange) IS 'share (0..1) of the customers with an event in the range "base" who also have one in the range "comeback"; rows with a null customer or time are ignored, a null range is an error; NULL if the base is empty; e.g. retention_rate(customer_id, ordered_at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_rate(customer customer_key, at timestamp, base tsrange, comeback tsrange) (
    SFUNC = retention_events_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(customer_key, timestamp, tsrange, tsrange) IS 'share (0..1) of the customers with an event in the range "base" who also have one in the range "comeback"; rows with a null customer or time are ignored, a null range is an error; NULL if the base is empty; e.g. retention_rate(customer_id, ordered_at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_rate(customer customer_key, at timestamptz, base tstzrange, comeback tstzrange) (
    SFUNC = retention_events_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(customer_key, timestamptz, tstzrange, tstzrange) IS 'share (0..1) of the customers with an event in the range "base" who also have one in the range "comeback"; rows with a null customer or time are ignored, a null range is an error; NULL if the base is empty; e.g. retention_rate(customer_id, ordered_at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE churn_rate(customer customer_key, at date, base daterange, comeback daterange) (
    SFUNC = retention_events_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = churn_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(customer_key, date, daterange, daterange) IS 'share (0..1) of the customers with an event in the range "base" who have none in the range "comeback"; rows with a null customer or time are ignored, a null range is an error; NULL if the base is empty; e.g. churn_rate(customer_id, ordered_at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE churn_rate(customer customer_key, at timestamp, base tsrange, comeback tsrange) (
    SFUNC = retention_events_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = churn_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(customer_key, timestamp, tsrange, tsrange) IS 'share (0..1) of the customers with an event in the range "base" who have none in the range "comeback"; rows with a null customer or time are ignored, a null range is an error; NULL if the base is empty; e.g. churn_rate(customer_id, ordered_at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE churn_rate(customer customer_key, at timestamptz, base tstzrange, comeback tstzrange) (
    SFUNC = retention_events_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = churn_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(customer_key, timestamptz, tstzrange, tstzrange) IS 'share (0..1) of the customers with an event in the range "base" who have none in the range "comeback"; rows with a null customer or time are ignored, a null range is an error; NULL if the base is empty; e.g. churn_rate(customer_id, ordered_at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_summary(customer customer_key, at date, base daterange, comeback daterange) (
    SFUNC = retention_events_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_summary_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_summary(customer_key, date, daterange, daterange) IS 'numbers of customers from which retention_rate is computed: base (with an event in the range "base"), retained (also with one in the range "comeback"), lost, acquired (only in "comeback"); rows with a null customer or time are ignored, a null range is an error; NULL if no rows remain; e.g. retention_summary(customer_id, ordered_at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_summary(customer customer_key, at timestamp, base tsrange, comeback tsrange) (
    SFUNC = retention_events_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_summary_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_summary(customer_key, timestamp, tsrange, tsrange) IS 'numbers of customers from which retention_rate is computed: base (with an event in the range "base"), retained (also with one in the range "comeback"), lost, acquired (only in "comeback"); rows with a null customer or time are ignored, a null range is an error; NULL if no rows remain; e.g. retention_summary(customer_id, ordered_at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_summary(customer customer_key, at timestamptz, base tstzrange, comeback tstzrange) (
    SFUNC = retention_events_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_summary_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_summary(customer_key, timestamptz, tstzrange, tstzrange) IS 'numbers of customers from which retention_rate is computed: base (with an event in the range "base"), retained (also with one in the range "comeback"), lost, acquired (only in "comeback"); rows with a null customer or time are ignored, a null range is an error; NULL if no rows remain; e.g. retention_summary(customer_id, ordered_at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_rate(customer customer_key, active daterange, period daterange) (
    SFUNC = retention_subscriptions_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(customer_key, daterange, daterange) IS 'share (0..1) of the customers subscribed at the opening of the period who are also subscribed at its close; rows with a null customer or active range are ignored, a null period is an error; NULL if the base is empty; e.g. retention_rate(customer_id, daterange(started, ended), ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_rate(customer customer_key, active tsrange, period tsrange) (
    SFUNC = retention_subscriptions_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(customer_key, tsrange, tsrange) IS 'share (0..1) of the customers subscribed at the opening of the period who are also subscribed at its close; rows with a null customer or active range are ignored, a null period is an error; NULL if the base is empty; e.g. retention_rate(customer_id, tsrange(started_at, ended_at), ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_rate(customer customer_key, active tstzrange, period tstzrange) (
    SFUNC = retention_subscriptions_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(customer_key, tstzrange, tstzrange) IS 'share (0..1) of the customers subscribed at the opening of the period who are also subscribed at its close; rows with a null customer or active range are ignored, a null period is an error; NULL if the base is empty; e.g. retention_rate(customer_id, tstzrange(started_at, ended_at), ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE churn_rate(customer customer_key, active daterange, period daterange) (
    SFUNC = retention_subscriptions_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = churn_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(customer_key, daterange, daterange) IS 'share (0..1) of the customers subscribed at the opening of the period who are not subscribed at its close; rows with a null customer or active range are ignored, a null period is an error; NULL if the base is empty; e.g. churn_rate(customer_id, daterange(started, ended), ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE churn_rate(customer customer_key, active tsrange, period tsrange) (
    SFUNC = retention_subscriptions_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = churn_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(customer_key, tsrange, tsrange) IS 'share (0..1) of the customers subscribed at the opening of the period who are not subscribed at its close; rows with a null customer or active range are ignored, a null period is an error; NULL if the base is empty; e.g. churn_rate(customer_id, tsrange(started_at, ended_at), ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE churn_rate(customer customer_key, active tstzrange, period tstzrange) (
    SFUNC = retention_subscriptions_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = churn_rate_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(customer_key, tstzrange, tstzrange) IS 'share (0..1) of the customers subscribed at the opening of the period who are not subscribed at its close; rows with a null customer or active range are ignored, a null period is an error; NULL if the base is empty; e.g. churn_rate(customer_id, tstzrange(started_at, ended_at), ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_summary(customer customer_key, active daterange, period daterange) (
    SFUNC = retention_subscriptions_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_summary_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_summary(customer_key, daterange, daterange) IS 'numbers of customers from which retention_rate is computed: base (subscribed at the opening of the period), retained (also at its close), lost, acquired (only at its close); rows with a null customer or active range are ignored, a null period is an error; NULL if no rows remain; e.g. retention_summary(customer_id, daterange(started, ended), ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_summary(customer customer_key, active tsrange, period tsrange) (
    SFUNC = retention_subscriptions_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_summary_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_summary(customer_key, tsrange, tsrange) IS 'numbers of customers from which retention_rate is computed: base (subscribed at the opening of the period), retained (also at its close), lost, acquired (only at its close); rows with a null customer or active range are ignored, a null period is an error; NULL if no rows remain; e.g. retention_summary(customer_id, tsrange(started_at, ended_at), ''[2024-02-01,2024-03-01)'')';

CREATE AGGREGATE retention_summary(customer customer_key, active tstzrange, period tstzrange) (
    SFUNC = retention_subscriptions_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = retention_summary_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = retention_customers_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_summary(customer_key, tstzrange, tstzrange) IS 'numbers of customers from which retention_rate is computed: base (subscribed at the opening of the period), retained (also at its close), lost, acquired (only at its close); rows with a null customer or active range are ignored, a null period is an error; NULL if no rows remain; e.g. retention_summary(customer_id, tstzrange(started_at, ended_at), ''[2024-02-01,2024-03-01)'')';

-- from counts

CREATE FUNCTION counters_rollup_transfn(bigint[], retention_summary) RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION counters_rollup_transfn(bigint[], retention_summary) IS 'aggregate transition function';
CREATE FUNCTION retention_summary_rollup_finalfn(bigint[]) RETURNS retention_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_summary_rollup_finalfn(bigint[]) IS 'aggregate final function';

CREATE AGGREGATE rollup(retention_summary) (
    SFUNC = counters_rollup_transfn,
    STYPE = bigint[],
    SSPACE = 64,
    INITCOND = '{0,0,0,0,0}',
    FINALFUNC = retention_summary_rollup_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = counters_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(retention_summary) IS 'sum of summaries of different customers, field by field; null summaries are ignored; NULL if none remain; e.g. retention_rate(rollup(s)) over stored summaries s';

CREATE FUNCTION retention_rate(retention_summary) RETURNS double precision
    AS 'MODULE_PATHNAME', 'retention_rate_from_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_rate(retention_summary) IS 'share (0..1) of the customers in the base who stayed, retained / base; NULL for NULL and for an empty base; e.g. retention_rate(rollup(s))';
CREATE FUNCTION churn_rate(retention_summary) RETURNS double precision
    AS 'MODULE_PATHNAME', 'churn_rate_from_summary' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION churn_rate(retention_summary) IS 'share (0..1) of the customers in the base who left, lost / base; NULL for NULL and for an empty base; e.g. churn_rate(rollup(s))';
CREATE FUNCTION retention_interval(summary retention_summary, confidence double precision DEFAULT 0.95,
    OUT lower double precision, OUT upper double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_interval(retention_summary, double precision) IS 'Wilson interval (0..1) of the retention rate; NULL for a null summary and for an empty base; e.g. retention_interval(retention_summary(was, is), 0.99)';
CREATE FUNCTION retention_rate(customers_at_start bigint, customers_at_end bigint,
    customers_acquired bigint DEFAULT 0) RETURNS double precision
    AS 'MODULE_PATHNAME', 'retention_rate_from_counts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_rate(bigint, bigint, bigint) IS 'the textbook formula (E - N) / S, a share (0..1), from known counts; NULL for NULL and for customers_at_start = 0; e.g. retention_rate(1000, 900, 100) = 0.8';
CREATE FUNCTION churn_rate(customers_at_start bigint, customers_lost bigint) RETURNS double precision
    AS 'MODULE_PATHNAME', 'churn_rate_from_counts' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION churn_rate(bigint, bigint) IS 'lost / start, a share (0..1), from known counts; NULL for NULL and for customers_at_start = 0; e.g. churn_rate(1000, 50) = 0.05';

--
-- src/family/repeat.c, src/family/clv.c and src/family/ratio.c
--

CREATE FUNCTION repeat_rows_transfn(customer_map, customer_key) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION repeat_rows_transfn(customer_map, customer_key) IS 'aggregate transition function';
CREATE FUNCTION repeat_rows_combine(customer_map, customer_map) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION repeat_rows_combine(customer_map, customer_map) IS 'aggregate combine function';
CREATE FUNCTION repeat_rows_finalfn(customer_map) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_rows_finalfn(customer_map) IS 'aggregate final function';

CREATE AGGREGATE repeat_purchase_rate(customer customer_key) (
    SFUNC = repeat_rows_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = repeat_rows_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = repeat_rows_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE repeat_purchase_rate(customer_key) IS 'share (0..1) of the customers with two rows or more, one row per order; it sees no amounts, so leave refunds out with a FILTER; rows with a null customer are ignored; NULL if no rows remain; e.g. repeat_purchase_rate(customer_id) FILTER (WHERE amount >= 0)';

CREATE FUNCTION repeat_orders_transfn(customer_map, customer_key, customer_key) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION repeat_orders_transfn(customer_map, customer_key, customer_key) IS 'aggregate transition function';
CREATE FUNCTION repeat_orders_combine(customer_map, customer_map) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION repeat_orders_combine(customer_map, customer_map) IS 'aggregate combine function';
CREATE FUNCTION repeat_orders_finalfn(customer_map) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_orders_finalfn(customer_map) IS 'aggregate final function';

CREATE AGGREGATE repeat_purchase_rate(customer customer_key, order_id customer_key) (
    SFUNC = repeat_orders_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = repeat_orders_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = repeat_orders_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE repeat_purchase_rate(customer_key, customer_key) IS 'share (0..1) of the customers with two different order ids or more; the id is taken as it is, even if it is a time in a text or bigint column; rows with a null customer or order id are ignored; NULL if no rows remain; e.g. repeat_purchase_rate(customer_id, order_id)';

CREATE FUNCTION repeat_within_transfn(customer_map, customer_key, date, interval) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'repeat_within_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION repeat_within_transfn(customer_map, customer_key, date, interval) IS 'aggregate transition function';
CREATE FUNCTION repeat_within_transfn(customer_map, customer_key, timestamp, interval) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'repeat_within_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION repeat_within_transfn(customer_map, customer_key, timestamp, interval) IS 'aggregate transition function';
CREATE FUNCTION repeat_within_transfn(customer_map, customer_key, timestamptz, interval) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'repeat_within_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION repeat_within_transfn(customer_map, customer_key, timestamptz, interval) IS 'aggregate transition function';
CREATE FUNCTION repeat_within_combine(customer_map, customer_map) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION repeat_within_combine(customer_map, customer_map) IS 'aggregate combine function';
CREATE FUNCTION repeat_within_finalfn(customer_map) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_within_finalfn(customer_map) IS 'aggregate final function';
CREATE FUNCTION repeat_within_finalfn_timestamptz(customer_map) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION repeat_within_finalfn_timestamptz(customer_map) IS 'aggregate final function';

CREATE AGGREGATE repeat_purchase_rate(customer customer_key, at date, within interval) (
    SFUNC = repeat_within_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = repeat_within_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = repeat_within_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE repeat_purchase_rate(customer_key, date, interval) IS 'share (0..1) of customers who bought again less than the interval "within" after their first purchase, among those whose first purchase is at least "within" before the last time in the data; each row is a purchase, so leave refunds out with a FILTER; rows with a null customer or time are ignored, a null "within" is an error; NULL if no first purchase is early enough; e.g. repeat_purchase_rate(customer_id, ordered_at, ''56 days'')';

CREATE AGGREGATE repeat_purchase_rate(customer customer_key, at timestamp, within interval) (
    SFUNC = repeat_within_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = repeat_within_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = repeat_within_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE repeat_purchase_rate(customer_key, timestamp, interval) IS 'share (0..1) of customers who bought again less than the interval "within" after their first purchase, among those whose first purchase is at least "within" before the last time in the data; each row is a purchase, so leave refunds out with a FILTER; rows with a null customer or time are ignored, a null "within" is an error; NULL if no first purchase is early enough; e.g. repeat_purchase_rate(customer_id, ordered_at, ''56 days'')';

CREATE AGGREGATE repeat_purchase_rate(customer customer_key, at timestamptz, within interval) (
    SFUNC = repeat_within_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = repeat_within_finalfn_timestamptz,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = repeat_within_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE repeat_purchase_rate(customer_key, timestamptz, interval) IS 'share (0..1) of customers who bought again less than the interval "within" after their first purchase, among those whose first purchase is at least "within" before the last time in the data; each row is a purchase, so leave refunds out with a FILTER; rows with a null customer or time are ignored, a null "within" is an error; NULL if no first purchase is early enough; e.g. repeat_purchase_rate(customer_id, ordered_at, ''56 days'')';

CREATE TYPE clv_summary AS (
    customers bigint,
    purchases bigint,
    revenue double precision,
    average_purchase_value double precision,
    purchases_per_year double precision,
    relationship_years double precision,
    clv double precision
);
COMMENT ON TYPE clv_summary IS 'simple historic customer lifetime value and its parts: clv = average_purchase_value x purchases_per_year x relationship_years = revenue / customers';
COMMENT ON COLUMN clv_summary.customers IS 'number of customers with a purchase';
COMMENT ON COLUMN clv_summary.purchases IS 'number of purchases; those without an amount are included, refunds are not';
COMMENT ON COLUMN clv_summary.revenue IS 'sum of the amounts of these customers, refunds subtracted';
COMMENT ON COLUMN clv_summary.average_purchase_value IS 'revenue / purchases';
COMMENT ON COLUMN clv_summary.purchases_per_year IS 'purchases / sum of the years between first and last purchase; NULL if nobody bought at two different times';
COMMENT ON COLUMN clv_summary.relationship_years IS 'mean time between first and last purchase, in years of 365.25 days; NULL if nobody bought at two different times';
COMMENT ON COLUMN clv_summary.clv IS 'revenue / customers';

CREATE FUNCTION clv_transfn(customer_map, customer_key, date, double precision) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'clv_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_transfn(customer_map, customer_key, date, double precision) IS 'aggregate transition function';
CREATE FUNCTION clv_transfn(customer_map, customer_key, date, numeric) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'clv_transfn_date_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_transfn(customer_map, customer_key, date, numeric) IS 'aggregate transition function';
CREATE FUNCTION clv_transfn(customer_map, customer_key, timestamp, double precision) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'clv_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_transfn(customer_map, customer_key, timestamp, double precision) IS 'aggregate transition function';
CREATE FUNCTION clv_transfn(customer_map, customer_key, timestamp, numeric) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'clv_transfn_timestamp_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_transfn(customer_map, customer_key, timestamp, numeric) IS 'aggregate transition function';
CREATE FUNCTION clv_transfn(customer_map, customer_key, timestamptz, double precision) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'clv_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_transfn(customer_map, customer_key, timestamptz, double precision) IS 'aggregate transition function';
CREATE FUNCTION clv_transfn(customer_map, customer_key, timestamptz, numeric) RETURNS customer_map
    AS 'MODULE_PATHNAME', 'clv_transfn_timestamp_numeric' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_transfn(customer_map, customer_key, timestamptz, numeric) IS 'aggregate transition function';
CREATE FUNCTION clv_combine(customer_map, customer_map) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_combine(customer_map, customer_map) IS 'aggregate combine function';
CREATE FUNCTION clv_finalfn(customer_map) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clv_finalfn(customer_map) IS 'aggregate final function';
CREATE FUNCTION clv_summary_finalfn(customer_map) RETURNS clv_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clv_summary_finalfn(customer_map) IS 'aggregate final function';

CREATE AGGREGATE clv(customer customer_key, at date, amount double precision) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv(customer_key, date, double precision) IS 'simple historic customer lifetime value, in the unit of the amounts: average purchase value x purchases per year x years of relationship, which is revenue / customers; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv(customer customer_key, at date, amount numeric) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv(customer_key, date, numeric) IS 'simple historic customer lifetime value, in the unit of the amounts: average purchase value x purchases per year x years of relationship, which is revenue / customers; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv(customer customer_key, at timestamp, amount double precision) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv(customer_key, timestamp, double precision) IS 'simple historic customer lifetime value, in the unit of the amounts: average purchase value x purchases per year x years of relationship, which is revenue / customers; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv(customer customer_key, at timestamp, amount numeric) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv(customer_key, timestamp, numeric) IS 'simple historic customer lifetime value, in the unit of the amounts: average purchase value x purchases per year x years of relationship, which is revenue / customers; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv(customer customer_key, at timestamptz, amount double precision) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv(customer_key, timestamptz, double precision) IS 'simple historic customer lifetime value, in the unit of the amounts: average purchase value x purchases per year x years of relationship, which is revenue / customers; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv(customer customer_key, at timestamptz, amount numeric) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv(customer_key, timestamptz, numeric) IS 'simple historic customer lifetime value, in the unit of the amounts: average purchase value x purchases per year x years of relationship, which is revenue / customers; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv_summary(customer customer_key, at date, amount double precision) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_summary(customer_key, date, double precision) IS 'simple historic customer lifetime value with its parts; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv_summary(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv_summary(customer customer_key, at date, amount numeric) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_summary(customer_key, date, numeric) IS 'simple historic customer lifetime value with its parts; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv_summary(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv_summary(customer customer_key, at timestamp, amount double precision) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_summary(customer_key, timestamp, double precision) IS 'simple historic customer lifetime value with its parts; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv_summary(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv_summary(customer customer_key, at timestamp, amount numeric) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_summary(customer_key, timestamp, numeric) IS 'simple historic customer lifetime value with its parts; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv_summary(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv_summary(customer customer_key, at timestamptz, amount double precision) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_summary(customer_key, timestamptz, double precision) IS 'simple historic customer lifetime value with its parts; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv_summary(customer_id, ordered_at, amount)';

CREATE AGGREGATE clv_summary(customer customer_key, at timestamptz, amount numeric) (
    SFUNC = clv_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = clv_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = clv_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE clv_summary(customer_key, timestamptz, numeric) IS 'simple historic customer lifetime value with its parts; an amount below 0 is a refund, which lowers the revenue and is not a purchase; rows with a null customer or time are ignored, a null amount adds no revenue; NULL if nobody bought; e.g. clv_summary(customer_id, ordered_at, amount)';

CREATE FUNCTION simple_clv(average_purchase_value double precision, purchases_per_year double precision,
    relationship_years double precision) RETURNS double precision
    AS 'MODULE_PATHNAME', 'simple_clv' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION simple_clv(double precision, double precision, double precision) IS 'simple customer lifetime value from known parts: their product, in the unit of the purchase value; NULL for NULL; e.g. simple_clv(50, 4, 3) = 600';
CREATE FUNCTION clv_contractual(margin double precision, retention_rate double precision,
    annual_discount double precision,
    payment text DEFAULT 'first_included', periods_per_year double precision DEFAULT 1) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION clv_contractual(double precision, double precision, double precision, text, double precision) IS 'value of a contract that pays margin per period and is renewed with a constant retention rate, discounted, in the unit of the margin; payment is ''first_included'', ''first_excluded'' or ''end_of_period''; annual_discount is a fraction above -1; NULL for a null margin or rate, and if nobody ever leaves and nothing is discounted; another NULL is an error; e.g. clv_contractual(100, 0.8, 0.1) = 366.67';
CREATE FUNCTION retention_cost(total_cost double precision, retained_customers bigint) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_cost(double precision, bigint) IS 'cost per retained customer, in the unit of the cost; NULL for NULL and for 0 customers; e.g. retention_cost(100000, 1000) = 100';
CREATE FUNCTION acquisition_cost(total_cost double precision, acquired_customers bigint) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION acquisition_cost(double precision, bigint) IS 'cost per acquired customer, in the unit of the cost; NULL for NULL and for 0 customers; e.g. acquisition_cost(50000, 400) = 125';
CREATE FUNCTION clv_to_cac(clv double precision, cac double precision) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION clv_to_cac(double precision, double precision) IS 'lifetime value per unit of acquisition cost; NULL for NULL and for a cost of 0; e.g. clv_to_cac(375, 125) = 3';
CREATE FUNCTION roi(gain double precision, cost double precision) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION roi(double precision, double precision) IS 'return on investment as a fraction, (gain - cost) / cost, where gain is all the money that came back; NULL for NULL and for a cost of 0; e.g. roi(1500, 1000) = 0.5';
CREATE FUNCTION engagement_rate(interactions bigint, audience bigint) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION engagement_rate(bigint, bigint) IS 'interactions per member of the audience; NULL for NULL and for an audience of 0; e.g. engagement_rate(250, 1000) = 0.25';
CREATE FUNCTION customer_type(purchases bigint, score integer DEFAULT NULL) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_type(bigint, integer) IS '''loyal'' (two purchases or more and a score of 9 or 10), ''repeat'' (two or more) or ''one-time''; a null score counts as below 9; NULL for 0 or NULL purchases; e.g. customer_type(3, 9) = ''loyal''';

--
-- src/family/activity.c
--

CREATE TYPE customer_activity;

CREATE FUNCTION customer_activity_in(cstring) RETURNS customer_activity
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_in(cstring) IS 'I/O';
CREATE FUNCTION customer_activity_out(customer_activity) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_out(customer_activity) IS 'I/O';
CREATE FUNCTION customer_activity_recv(internal) RETURNS customer_activity
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_recv(internal) IS 'I/O';
CREATE FUNCTION customer_activity_send(customer_activity) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_send(customer_activity) IS 'I/O';

CREATE TYPE customer_activity (
    INPUT = customer_activity_in,
    OUTPUT = customer_activity_out,
    RECEIVE = customer_activity_recv,
    SEND = customer_activity_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended,
    CATEGORY = 'r',
    PREFERRED = true
);
COMMENT ON TYPE customer_activity IS 'for each customer the set of days with an event; made by customer_activity(customer, at), merged by rollup, read by cohort_table, lifecycle_table, retention_curve, stickiness_table and others';

CREATE FUNCTION customer_activity_eq(customer_activity, customer_activity) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_eq(customer_activity, customer_activity) IS 'implementation of an operator';
CREATE FUNCTION customer_activity_ne(customer_activity, customer_activity) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_ne(customer_activity, customer_activity) IS 'implementation of an operator';
CREATE FUNCTION customer_activity_lt(customer_activity, customer_activity) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_lt(customer_activity, customer_activity) IS 'implementation of an operator';
CREATE FUNCTION customer_activity_le(customer_activity, customer_activity) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_le(customer_activity, customer_activity) IS 'implementation of an operator';
CREATE FUNCTION customer_activity_gt(customer_activity, customer_activity) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_gt(customer_activity, customer_activity) IS 'implementation of an operator';
CREATE FUNCTION customer_activity_ge(customer_activity, customer_activity) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_ge(customer_activity, customer_activity) IS 'implementation of an operator';
CREATE FUNCTION customer_activity_cmp(customer_activity, customer_activity) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_cmp(customer_activity, customer_activity) IS 'less-equal-greater';
CREATE FUNCTION customer_activity_hash(customer_activity) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_hash(customer_activity) IS 'hash';
CREATE FUNCTION customer_activity_hash_extended(customer_activity, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_hash_extended(customer_activity, bigint) IS 'hash';

CREATE OPERATOR = (
    LEFTARG = customer_activity,
    RIGHTARG = customer_activity,
    FUNCTION = customer_activity_eq,
    COMMUTATOR = =,
    NEGATOR = <>,
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES,
    MERGES
);
COMMENT ON OPERATOR = (customer_activity, customer_activity) IS 'equal';
CREATE OPERATOR <> (
    LEFTARG = customer_activity,
    RIGHTARG = customer_activity,
    FUNCTION = customer_activity_ne,
    COMMUTATOR = <>,
    NEGATOR = =,
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (customer_activity, customer_activity) IS 'not equal';
CREATE OPERATOR < (
    LEFTARG = customer_activity,
    RIGHTARG = customer_activity,
    FUNCTION = customer_activity_lt,
    COMMUTATOR = >,
    NEGATOR = >=,
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (customer_activity, customer_activity) IS 'less than, in an order of the bytes';
CREATE OPERATOR <= (
    LEFTARG = customer_activity,
    RIGHTARG = customer_activity,
    FUNCTION = customer_activity_le,
    COMMUTATOR = >=,
    NEGATOR = >,
    RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (customer_activity, customer_activity) IS 'less than or equal, in an order of the bytes';
CREATE OPERATOR > (
    LEFTARG = customer_activity,
    RIGHTARG = customer_activity,
    FUNCTION = customer_activity_gt,
    COMMUTATOR = <,
    NEGATOR = <=,
    RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (customer_activity, customer_activity) IS 'greater than, in an order of the bytes';
CREATE OPERATOR >= (
    LEFTARG = customer_activity,
    RIGHTARG = customer_activity,
    FUNCTION = customer_activity_ge,
    COMMUTATOR = <=,
    NEGATOR = <,
    RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (customer_activity, customer_activity) IS 'greater than or equal, in an order of the bytes';

CREATE OPERATOR FAMILY customer_activity_ops USING btree;
COMMENT ON OPERATOR FAMILY customer_activity_ops USING btree IS 'order of the bytes';
CREATE OPERATOR CLASS customer_activity_ops DEFAULT FOR TYPE customer_activity USING btree
    FAMILY customer_activity_ops AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 customer_activity_cmp(customer_activity, customer_activity);
COMMENT ON OPERATOR CLASS customer_activity_ops USING btree IS 'order of the bytes';
CREATE OPERATOR FAMILY customer_activity_ops USING hash;
COMMENT ON OPERATOR FAMILY customer_activity_ops USING hash IS 'equal content';
CREATE OPERATOR CLASS customer_activity_ops DEFAULT FOR TYPE customer_activity USING hash
    FAMILY customer_activity_ops AS
    OPERATOR 1 =,
    FUNCTION 1 customer_activity_hash(customer_activity),
    FUNCTION 2 customer_activity_hash_extended(customer_activity, bigint);
COMMENT ON OPERATOR CLASS customer_activity_ops USING hash IS 'equal content';

CREATE FUNCTION customer_activity_transfn(customer_activity, customer_key, date) RETURNS customer_activity
    AS 'MODULE_PATHNAME', 'customer_activity_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_transfn(customer_activity, customer_key, date) IS 'aggregate transition function';
CREATE FUNCTION customer_activity_transfn(customer_activity, customer_key, timestamp) RETURNS customer_activity
    AS 'MODULE_PATHNAME', 'customer_activity_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_transfn(customer_activity, customer_key, timestamp) IS 'aggregate transition function';
CREATE FUNCTION customer_activity_transfn(customer_activity, customer_key, timestamptz) RETURNS customer_activity
    AS 'MODULE_PATHNAME', 'customer_activity_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_transfn(customer_activity, customer_key, timestamptz) IS 'aggregate transition function';
CREATE FUNCTION customer_activity_combine(customer_activity, customer_activity) RETURNS customer_activity
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_combine(customer_activity, customer_activity) IS 'aggregate combine function';
CREATE FUNCTION customer_activity_finalfn(customer_activity) RETURNS customer_activity
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_activity_finalfn(customer_activity) IS 'aggregate final function';

CREATE AGGREGATE customer_activity(customer customer_key, at date) (
    SFUNC = customer_activity_transfn,
    STYPE = customer_activity,
    SSPACE = -1,
    FINALFUNC = customer_activity_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_activity_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_activity(customer_key, date) IS 'for each customer the set of days with an event; null customers and times are ignored, NULL if there are no others; e.g. cohort_table(a) FROM (SELECT customer_activity(customer_id, ordered_at) AS a FROM orders) s';

CREATE AGGREGATE customer_activity(customer customer_key, at timestamp) (
    SFUNC = customer_activity_transfn,
    STYPE = customer_activity,
    SSPACE = -1,
    FINALFUNC = customer_activity_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_activity_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_activity(customer_key, timestamp) IS 'for each customer the set of days with an event; null customers and times are ignored, NULL if there are no others; e.g. cohort_table(a) FROM (SELECT customer_activity(customer_id, ordered_at) AS a FROM orders) s';

CREATE AGGREGATE customer_activity(customer customer_key, at timestamptz) (
    SFUNC = customer_activity_transfn,
    STYPE = customer_activity,
    SSPACE = -1,
    FINALFUNC = customer_activity_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_activity_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_activity(customer_key, timestamptz) IS 'for each customer the set of days with an event, in the time zone of the session; null customers and times are ignored, NULL if there are no others; e.g. cohort_table(a) FROM (SELECT customer_activity(customer_id, ordered_at) AS a FROM orders) s';

CREATE AGGREGATE rollup(customer_activity) (
    SFUNC = customer_activity_combine,
    STYPE = customer_activity,
    SSPACE = -1,
    FINALFUNC = customer_activity_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_activity_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(customer_activity) IS 'union of values: each customer with the days of all of them; nulls are ignored, NULL if there are no others; e.g. rollup(activity) over one stored value per day';

CREATE FUNCTION activity_during(activity customer_activity, during daterange) RETURNS customer_activity
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION activity_during(customer_activity, daterange) IS 'the part of a value on these days, so that the rest can be replaced: parts of disjoint ranges roll up to the whole; NULL for NULL and if there is none; e.g. activity_during(a, ''(,2024-02-01)'')';

CREATE FUNCTION customers(activity customer_activity) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customers(customer_activity) IS 'number of customers; NULL for NULL; e.g. customers(customer_activity(customer_id, ordered_at))';
CREATE FUNCTION active_days(activity customer_activity) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION active_days(customer_activity) IS 'number of active days, summed over the customers; NULL for NULL; e.g. active_days(a)';
CREATE FUNCTION activity_span(activity customer_activity) RETURNS daterange
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION activity_span(customer_activity) IS 'from the first active day of any customer to the last, as a range that does not contain its upper bound; NULL for NULL; e.g. activity_span(a)';

--
-- src/family/cohort.c
--

CREATE FUNCTION cohort_table(activity customer_activity, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL,
    mode text DEFAULT 'on', clock text DEFAULT 'calendar', horizon integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (cohort date, age integer, period_start date, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 300;
COMMENT ON FUNCTION cohort_table(customer_activity, interval, timestamptz, text, text, integer, timestamptz, double precision, date) IS 'cohorts by the period of the first active day, and the share (0..1) of each that was active at each age, with its Wilson interval; one row for each cell that has begun, with NULL rates until it is complete; as_of is the first day whose data are not complete, by default the day after the last in the value; no rows for NULL; e.g. cohort_table(a, ''7 days'', as_of => now(), mode => ''on_or_after'', horizon => 12)';
CREATE FUNCTION retention_curve(activity customer_activity, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL,
    mode text DEFAULT 'on', clock text DEFAULT 'calendar', horizon integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (age integer, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 25;
COMMENT ON FUNCTION retention_curve(customer_activity, interval, timestamptz, text, text, integer, timestamptz, double precision, date) IS 'the complete cells of cohort_table pooled by age: customers, those retained, their share (0..1) and its Wilson interval; no rows for NULL; e.g. retention_curve(a, ''7 days'', as_of => now())';

--
-- src/family/activity_rate.c
--

CREATE FUNCTION retention_rate(activity customer_activity, base daterange, comeback daterange) RETURNS double precision
    AS 'MODULE_PATHNAME', 'retention_rate_activity' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION retention_rate(customer_activity, daterange, daterange) IS 'share (0..1) of the customers active in base who were active in comeback; NULL for NULL and if nobody was active in base; e.g. retention_rate(a, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE FUNCTION churn_rate(activity customer_activity, base daterange, comeback daterange) RETURNS double precision
    AS 'MODULE_PATHNAME', 'churn_rate_activity' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION churn_rate(customer_activity, daterange, daterange) IS 'share (0..1) of the customers active in base who were not active in comeback; NULL for NULL and if nobody was active in base; e.g. churn_rate(a, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE FUNCTION retention_summary(activity customer_activity, base daterange,
    comeback daterange) RETURNS retention_summary
    AS 'MODULE_PATHNAME', 'retention_summary_activity' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION retention_summary(customer_activity, daterange, daterange) IS 'numbers of customers by activity in two ranges of days: base, retained, lost, acquired; NULL for NULL; e.g. retention_summary(a, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,2024-03-01)'')';

CREATE FUNCTION repeat_purchase_rate(activity customer_activity) RETURNS double precision
    AS 'MODULE_PATHNAME', 'repeat_purchase_rate_activity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION repeat_purchase_rate(customer_activity) IS 'share (0..1) of the customers with two active days or more; NULL for NULL; e.g. repeat_purchase_rate(a)';

--
-- src/family/lifecycle.c
--

CREATE FUNCTION lifecycle_table(activity customer_activity, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL,
    since timestamptz DEFAULT NULL, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (period_start date, active bigint, new_customers bigint, retained bigint, resurrected bigint,
    churned bigint, dormant bigint, retention_rate double precision, churn_rate double precision,
    quick_ratio double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 25;
COMMENT ON FUNCTION lifecycle_table(customer_activity, interval, timestamptz, timestamptz, date) IS 'for each period the numbers of new, retained, resurrected, churned and dormant customers, and rates (0..1) over those active in the period before; rates of a period that is not over before the day as_of are NULL; no rows for NULL; e.g. lifecycle_table(a, ''7 days'', as_of => now())';
CREATE FUNCTION stickiness_table(activity customer_activity, inner_period interval DEFAULT '1 day',
    period interval DEFAULT '1 month', as_of timestamptz DEFAULT NULL, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (period_start date, active bigint, average_inner_active double precision,
    stickiness double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 25;
COMMENT ON FUNCTION stickiness_table(customer_activity, interval, interval, timestamptz, date) IS 'for each period the customers active in it, the mean number active in its inner periods, and the ratio of the two (0..1), DAU/MAU by default; NULL for a period that is not over before the day as_of; no rows for NULL; e.g. stickiness_table(a, ''1 day'', ''7 days'', as_of => now())';
CREATE FUNCTION active_table(activity customer_activity, within interval DEFAULT '28 days',
    as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (day date, active bigint, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 730;
COMMENT ON FUNCTION active_table(customer_activity, interval, timestamptz) IS 'for each day before as_of the number of customers active in the length of time "within" that ends with that day, MAU by default; complete if the value goes back that far; no rows for NULL; e.g. active_table(a, ''7 days'', as_of => now())';

--
-- src/family/spell.c
--

CREATE FUNCTION spell_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spell_support(internal) IS 'planner support of window functions that do not look at the frame';

CREATE FUNCTION lifecycle_state(at date, inactive_after interval) RETURNS text
    AS 'MODULE_PATHNAME', 'lifecycle_state_date' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION lifecycle_state(date, interval) IS '''new'' for the first event of the customer, ''retained'' within inactive_after of the event before, ''resurrected'' after a longer silence; NULL where at is NULL; e.g. lifecycle_state(ordered_at, ''30 days'') OVER (PARTITION BY customer_id ORDER BY ordered_at)';
CREATE FUNCTION lifecycle_state(at timestamp, inactive_after interval) RETURNS text
    AS 'MODULE_PATHNAME', 'lifecycle_state_timestamp' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION lifecycle_state(timestamp, interval) IS '''new'' for the first event of the customer, ''retained'' within inactive_after of the event before, ''resurrected'' after a longer silence; NULL where at is NULL; e.g. lifecycle_state(ordered_at, ''30 days'') OVER (PARTITION BY customer_id ORDER BY ordered_at)';
CREATE FUNCTION lifecycle_state(at timestamptz, inactive_after interval) RETURNS text
    AS 'MODULE_PATHNAME', 'lifecycle_state_timestamptz' LANGUAGE C WINDOW STABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION lifecycle_state(timestamptz, interval) IS '''new'' for the first event of the customer, ''retained'' within inactive_after of the event before, ''resurrected'' after a longer silence; NULL where at is NULL; e.g. lifecycle_state(ordered_at, ''30 days'') OVER (PARTITION BY customer_id ORDER BY ordered_at)';

CREATE FUNCTION relationship_number(at date, inactive_after interval) RETURNS bigint
    AS 'MODULE_PATHNAME', 'relationship_number_date' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION relationship_number(date, interval) IS 'number 1, 2, ... of the customer''s relationship; a new one begins after a silence longer than inactive_after; NULL where at is NULL; e.g. relationship_number(ordered_at, ''30 days'') OVER (PARTITION BY customer_id ORDER BY ordered_at)';
CREATE FUNCTION relationship_number(at timestamp, inactive_after interval) RETURNS bigint
    AS 'MODULE_PATHNAME',
    'relationship_number_timestamp' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION relationship_number(timestamp, interval) IS 'number 1, 2, ... of the customer''s relationship; a new one begins after a silence longer than inactive_after; NULL where at is NULL; e.g. relationship_number(ordered_at, ''30 days'') OVER (PARTITION BY customer_id ORDER BY ordered_at)';
CREATE FUNCTION relationship_number(at timestamptz, inactive_after interval) RETURNS bigint
    AS 'MODULE_PATHNAME',
    'relationship_number_timestamptz' LANGUAGE C WINDOW STABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION relationship_number(timestamptz, interval) IS 'number 1, 2, ... of the customer''s relationship; a new one begins after a silence longer than inactive_after; NULL where at is NULL; e.g. relationship_number(ordered_at, ''30 days'') OVER (PARTITION BY customer_id ORDER BY ordered_at)';

CREATE FUNCTION churned(at date, inactive_after interval, as_of date) RETURNS boolean
    AS 'MODULE_PATHNAME', 'churned_date' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION churned(date, interval, date) IS 'true if no event of the customer follows within inactive_after, false if one does; NULL where at is NULL, and where it cannot be known from the data before the day as_of; an error for a NULL as_of; e.g. churned(ordered_at, ''30 days'', ''2024-07-01''::date) OVER (PARTITION BY customer_id ORDER BY ordered_at)';
CREATE FUNCTION churned(at date, inactive_after interval, as_of timestamptz) RETURNS boolean
    AS 'MODULE_PATHNAME', 'churned_date_now' LANGUAGE C WINDOW STABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION churned(date, interval, timestamptz) IS 'true if no event of the customer follows within inactive_after, false if one does; NULL where at is NULL, and where it cannot be known from the data before the day as_of (in the session''s time zone); an error for a NULL as_of; e.g. churned(ordered_at, ''30 days'', now()) OVER (PARTITION BY customer_id ORDER BY ordered_at)';
CREATE FUNCTION churned(at timestamp, inactive_after interval, as_of timestamptz) RETURNS boolean
    AS 'MODULE_PATHNAME', 'churned_timestamp' LANGUAGE C WINDOW STABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION churned(timestamp, interval, timestamptz) IS 'true if no event of the customer follows within inactive_after, false if one does; NULL where at is NULL, and where it cannot be known from the data before the day as_of (in the session''s time zone); an error for a NULL as_of; e.g. churned(ordered_at, ''30 days'', now()) OVER (PARTITION BY customer_id ORDER BY ordered_at)';
CREATE FUNCTION churned(at timestamptz, inactive_after interval, as_of timestamptz) RETURNS boolean
    AS 'MODULE_PATHNAME', 'churned_timestamptz' LANGUAGE C WINDOW STABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION churned(timestamptz, interval, timestamptz) IS 'true if no event of the customer follows within inactive_after, false if one does; NULL where at is NULL, and where it cannot be known from the data before the day as_of (in the session''s time zone); an error for a NULL as_of; e.g. churned(ordered_at, ''30 days'', now()) OVER (PARTITION BY customer_id ORDER BY ordered_at)';

--
-- src/family/active_customers.c
--

CREATE FUNCTION active_customers_transfn(customer_map, customer_key) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION active_customers_transfn(customer_map, customer_key) IS 'aggregate transition function';
CREATE FUNCTION active_customers_combine(customer_map, customer_map) RETURNS customer_map
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION active_customers_combine(customer_map, customer_map) IS 'aggregate combine function';
CREATE FUNCTION active_customers_finalfn(customer_map) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION active_customers_finalfn(customer_map) IS 'aggregate final function';
CREATE FUNCTION active_customers_moving_transfn(internal, customer_key) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION active_customers_moving_transfn(internal, customer_key) IS 'aggregate transition function of moving frames';
CREATE FUNCTION active_customers_moving_invfn(internal, customer_key) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION active_customers_moving_invfn(internal, customer_key) IS 'aggregate inverse transition function';
CREATE FUNCTION active_customers_moving_finalfn(internal) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION active_customers_moving_finalfn(internal) IS 'aggregate final function of moving frames';

-- the state of a moving frame never leaves the node of the plan that builds it
CREATE AGGREGATE active_customers(customer customer_key) (
    SFUNC = active_customers_transfn,
    STYPE = customer_map,
    SSPACE = -1,
    FINALFUNC = active_customers_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = active_customers_combine,
    MSFUNC = active_customers_moving_transfn,
    MINVFUNC = active_customers_moving_invfn,
    MSTYPE = internal,
    MSSPACE = -1,
    MFINALFUNC = active_customers_moving_finalfn,
    MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE active_customers(customer_key) IS 'number of distinct customers, like count(DISTINCT customer) but also over moving frames; NULL customers are ignored; 0 if there are no others; e.g. active_customers(customer_id) OVER (ORDER BY day RANGE ''27 days'' PRECEDING)';


--
-- src/family/purchase_days.c and src/family/rfm.c
--

CREATE TYPE purchase_days;

CREATE FUNCTION purchase_days_in(cstring) RETURNS purchase_days
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_days_in(cstring) IS 'I/O';
CREATE FUNCTION purchase_days_out(purchase_days) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_days_out(purchase_days) IS 'I/O';
CREATE FUNCTION purchase_days_recv(internal) RETURNS purchase_days
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_days_recv(internal) IS 'I/O';
CREATE FUNCTION purchase_days_send(purchase_days) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_days_send(purchase_days) IS 'I/O';

CREATE TYPE purchase_days (
    INPUT = purchase_days_in,
    OUTPUT = purchase_days_out,
    RECEIVE = purchase_days_recv,
    SEND = purchase_days_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE purchase_days IS 'transition value of rfm_summary, an SQL type so that partial aggregates can travel between machines; not meant to be stored';

CREATE TYPE rfm_summary AS (
    frequency bigint,
    recency double precision,
    age double precision,
    monetary_value double precision,
    purchases bigint,
    revenue double precision,
    first_day date,
    last_day date
);
COMMENT ON TYPE rfm_summary IS 'recency, frequency and monetary value of a customer before a day, in days and in the unit of the amounts';
COMMENT ON COLUMN rfm_summary.frequency IS 'number of repeat purchase days: days with a purchase - 1';
COMMENT ON COLUMN rfm_summary.recency IS 'days from the first purchase to the last; the larger, the more recent';
COMMENT ON COLUMN rfm_summary.age IS 'days from the first purchase to the last complete day, as_of - 1';
COMMENT ON COLUMN rfm_summary.monetary_value IS 'mean revenue of the repeat purchase days, refunds subtracted: their total is frequency x monetary_value; may be 0 or negative; NULL without repeat purchase days';
COMMENT ON COLUMN rfm_summary.purchases IS 'number of purchases, those of amount 0 or NULL included, refunds not';
COMMENT ON COLUMN rfm_summary.revenue IS 'sum of the amounts, refunds subtracted';
COMMENT ON COLUMN rfm_summary.first_day IS 'day of the first purchase';
COMMENT ON COLUMN rfm_summary.last_day IS 'day of the last purchase';

CREATE FUNCTION rfm_summary_transfn(purchase_days, date, double precision, date) RETURNS purchase_days
    AS 'MODULE_PATHNAME', 'rfm_summary_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_summary_transfn(purchase_days, date, double precision, date) IS 'aggregate transition function';
CREATE FUNCTION rfm_summary_transfn(purchase_days, timestamp, double precision, timestamp) RETURNS purchase_days
    AS 'MODULE_PATHNAME', 'rfm_summary_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_summary_transfn(purchase_days, timestamp, double precision, timestamp) IS 'aggregate transition function';
CREATE FUNCTION rfm_summary_transfn(purchase_days, timestamptz, double precision, timestamptz) RETURNS purchase_days
    AS 'MODULE_PATHNAME', 'rfm_summary_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_summary_transfn(purchase_days, timestamptz, double precision, timestamptz) IS 'aggregate transition function';
CREATE FUNCTION rfm_summary_transfn(purchase_days, date, numeric, date) RETURNS purchase_days
    AS 'MODULE_PATHNAME', 'rfm_summary_numeric_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_summary_transfn(purchase_days, date, numeric, date) IS 'aggregate transition function';
CREATE FUNCTION rfm_summary_transfn(purchase_days, timestamp, numeric, timestamp) RETURNS purchase_days
    AS 'MODULE_PATHNAME', 'rfm_summary_numeric_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_summary_transfn(purchase_days, timestamp, numeric, timestamp) IS 'aggregate transition function';
CREATE FUNCTION rfm_summary_transfn(purchase_days, timestamptz, numeric, timestamptz) RETURNS purchase_days
    AS 'MODULE_PATHNAME', 'rfm_summary_numeric_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_summary_transfn(purchase_days, timestamptz, numeric, timestamptz) IS 'aggregate transition function';
CREATE FUNCTION rfm_summary_combine(purchase_days, purchase_days) RETURNS purchase_days
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rfm_summary_combine(purchase_days, purchase_days) IS 'aggregate combine function';
CREATE FUNCTION rfm_summary_finalfn(purchase_days) RETURNS rfm_summary
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_summary_finalfn(purchase_days) IS 'aggregate final function';

CREATE AGGREGATE rfm_summary(at date, amount double precision, as_of date) (
    SFUNC = rfm_summary_transfn,
    STYPE = purchase_days,
    SSPACE = 128,
    FINALFUNC = rfm_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rfm_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_summary(date, double precision, date) IS 'recency, frequency and monetary value, in days and in the unit of the amounts, of the purchases before the day of as_of, the first whose data are not complete; for GROUP BY customer; a row with amount < 0 is a refund, subtracted from the latest purchase day that is not after it; rows with a null time are ignored, a null amount is a purchase of unknown value, a null as_of is an error; NULL if there are no purchases; e.g. rfm_summary(ordered_at, amount, ''2024-07-01'')';

CREATE AGGREGATE rfm_summary(at timestamp, amount double precision, as_of timestamp) (
    SFUNC = rfm_summary_transfn,
    STYPE = purchase_days,
    SSPACE = 128,
    FINALFUNC = rfm_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rfm_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_summary(timestamp, double precision, timestamp) IS 'recency, frequency and monetary value, in days and in the unit of the amounts, of the purchases before the day of as_of, the first whose data are not complete; for GROUP BY customer; a row with amount < 0 is a refund, subtracted from the latest purchase day that is not after it; rows with a null time are ignored, a null amount is a purchase of unknown value, a null as_of is an error; NULL if there are no purchases; e.g. rfm_summary(ordered_at, amount, ''2024-07-01'')';

CREATE AGGREGATE rfm_summary(at timestamptz, amount double precision, as_of timestamptz) (
    SFUNC = rfm_summary_transfn,
    STYPE = purchase_days,
    SSPACE = 128,
    FINALFUNC = rfm_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rfm_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_summary(timestamptz, double precision, timestamptz) IS 'recency, frequency and monetary value, in days and in the unit of the amounts, of the purchases before the day of as_of, the first whose data are not complete; days are those of the session''s time zone; for GROUP BY customer; a row with amount < 0 is a refund, subtracted from the latest purchase day that is not after it; rows with a null time are ignored, a null amount is a purchase of unknown value, a null as_of is an error; NULL if there are no purchases; e.g. rfm_summary(ordered_at, amount, ''2024-07-01'')';

CREATE AGGREGATE rfm_summary(at date, amount numeric, as_of date) (
    SFUNC = rfm_summary_transfn,
    STYPE = purchase_days,
    SSPACE = 128,
    FINALFUNC = rfm_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rfm_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_summary(date, numeric, date) IS 'recency, frequency and monetary value, in days and in the unit of the amounts, of the purchases before the day of as_of, the first whose data are not complete; for GROUP BY customer; a row with amount < 0 is a refund, subtracted from the latest purchase day that is not after it; rows with a null time are ignored, a null amount is a purchase of unknown value, a null as_of is an error; NULL if there are no purchases; e.g. rfm_summary(ordered_at, amount, ''2024-07-01'')';

CREATE AGGREGATE rfm_summary(at timestamp, amount numeric, as_of timestamp) (
    SFUNC = rfm_summary_transfn,
    STYPE = purchase_days,
    SSPACE = 128,
    FINALFUNC = rfm_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rfm_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_summary(timestamp, numeric, timestamp) IS 'recency, frequency and monetary value, in days and in the unit of the amounts, of the purchases before the day of as_of, the first whose data are not complete; for GROUP BY customer; a row with amount < 0 is a refund, subtracted from the latest purchase day that is not after it; rows with a null time are ignored, a null amount is a purchase of unknown value, a null as_of is an error; NULL if there are no purchases; e.g. rfm_summary(ordered_at, amount, ''2024-07-01'')';

CREATE AGGREGATE rfm_summary(at timestamptz, amount numeric, as_of timestamptz) (
    SFUNC = rfm_summary_transfn,
    STYPE = purchase_days,
    SSPACE = 128,
    FINALFUNC = rfm_summary_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = rfm_summary_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rfm_summary(timestamptz, numeric, timestamptz) IS 'recency, frequency and monetary value, in days and in the unit of the amounts, of the purchases before the day of as_of, the first whose data are not complete; days are those of the session''s time zone; for GROUP BY customer; a row with amount < 0 is a refund, subtracted from the latest purchase day that is not after it; rows with a null time are ignored, a null amount is a purchase of unknown value, a null as_of is an error; NULL if there are no purchases; e.g. rfm_summary(ordered_at, amount, ''2024-07-01'')';

--
-- src/family/rfm_score.c
--

CREATE FUNCTION rfm_score_support(internal) RETURNS internal
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_score_support(internal) IS 'planner support of rfm_score';
CREATE FUNCTION rfm_score(bins integer) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT rfm_score_support;
COMMENT ON FUNCTION rfm_score(integer) IS 'score 1..bins of the row in the window''s order, ceil(bins x cume_dist): equal values get equal scores, unlike with ntile; the window''s ORDER BY places NULL values; a null number of bins is an error; e.g. rfm_score(5) OVER (ORDER BY (s).recency)';

CREATE FUNCTION rfm_segment(r integer, f integer, m integer) RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_segment(integer, integer, integer) IS 'name of the segment of a customer with these scores of recency, frequency and monetary value, each 1..5; NULL if a score is NULL; e.g. rfm_segment(5, 5, 4) = ''champions''';

--
-- src/family/purchase_fit.c
--

CREATE TYPE purchase_model AS (
    model text,
    r double precision,
    alpha double precision,
    a double precision,
    b double precision,
    s double precision,
    beta double precision,
    r_se double precision,
    alpha_se double precision,
    a_se double precision,
    b_se double precision,
    s_se double precision,
    beta_se double precision,
    log_likelihood double precision,
    no_churn_log_likelihood double precision,
    likelihood_ratio double precision,
    customers bigint,
    groups bigint,
    iterations integer,
    converged boolean
);
COMMENT ON TYPE purchase_model IS 'how often customers buy and when they leave: a fitted BG/NBD, MBG/NBD or Pareto/NBD model';
COMMENT ON COLUMN purchase_model.model IS '''BG/NBD'', ''MBG/NBD'' or ''Pareto/NBD''';
COMMENT ON COLUMN purchase_model.r IS 'shape of the purchase rates, which are gamma(r, alpha) among the customers';
COMMENT ON COLUMN purchase_model.alpha IS 'inverse scale of the purchase rates, in the unit of recency and age: the mean rate is r / alpha';
COMMENT ON COLUMN purchase_model.a IS 'first parameter of the probabilities to leave after a purchase, which are beta(a, b) among the customers; NULL for Pareto/NBD';
COMMENT ON COLUMN purchase_model.b IS 'second parameter of these probabilities: their mean is a / (a + b); NULL for Pareto/NBD';
COMMENT ON COLUMN purchase_model.s IS 'shape of the rates of leaving, which are gamma(s, beta) among the customers; NULL unless Pareto/NBD';
COMMENT ON COLUMN purchase_model.beta IS 'inverse scale of the rates of leaving, in the unit of recency and age: the mean rate is s / beta; NULL unless Pareto/NBD';
COMMENT ON COLUMN purchase_model.r_se IS 'standard error of r; NULL unless converged';
COMMENT ON COLUMN purchase_model.alpha_se IS 'standard error of alpha; NULL unless converged';
COMMENT ON COLUMN purchase_model.a_se IS 'standard error of a; NULL unless converged, and for Pareto/NBD';
COMMENT ON COLUMN purchase_model.b_se IS 'standard error of b; NULL unless converged, and for Pareto/NBD';
COMMENT ON COLUMN purchase_model.s_se IS 'standard error of s; NULL unless converged, and unless Pareto/NBD';
COMMENT ON COLUMN purchase_model.beta_se IS 'standard error of beta; NULL unless converged, and unless Pareto/NBD';
COMMENT ON COLUMN purchase_model.log_likelihood IS 'logarithm of the likelihood of the customers';
COMMENT ON COLUMN purchase_model.no_churn_log_likelihood IS 'logarithm of the likelihood of the best model in which nobody ever leaves, the NBD';
COMMENT ON COLUMN purchase_model.likelihood_ratio IS '2 x (log_likelihood - no_churn_log_likelihood): evidence that customers leave at all';
COMMENT ON COLUMN purchase_model.customers IS 'number of customers';
COMMENT ON COLUMN purchase_model.groups IS 'number of distinct combinations of frequency, recency and age';
COMMENT ON COLUMN purchase_model.iterations IS 'steps of the search for the maximum';
COMMENT ON COLUMN purchase_model.converged IS 'whether a maximum was found; if not, the parameters are those reached';

CREATE TYPE spend_model AS (
    p double precision,
    q double precision,
    v double precision,
    p_se double precision,
    q_se double precision,
    v_se double precision,
    log_likelihood double precision,
    customers bigint,
    iterations integer,
    converged boolean
);
COMMENT ON TYPE spend_model IS 'what customers spend per purchase: a fitted Gamma-Gamma model';
COMMENT ON COLUMN spend_model.p IS 'shape of the values of a customer''s purchases, which are gamma distributed';
COMMENT ON COLUMN spend_model.q IS 'shape of the inverse scales of the customers, which are gamma(q, v)';
COMMENT ON COLUMN spend_model.v IS 'inverse scale of gamma(q, v), in the unit of the amounts';
COMMENT ON COLUMN spend_model.p_se IS 'standard error of p; NULL unless converged';
COMMENT ON COLUMN spend_model.q_se IS 'standard error of q; NULL unless converged';
COMMENT ON COLUMN spend_model.v_se IS 'standard error of v; NULL unless converged';
COMMENT ON COLUMN spend_model.log_likelihood IS 'logarithm of the likelihood of the customers';
COMMENT ON COLUMN spend_model.customers IS 'number of customers fitted: those with repeat purchases whose mean value is above 0';
COMMENT ON COLUMN spend_model.iterations IS 'steps of the search for the maximum';
COMMENT ON COLUMN spend_model.converged IS 'whether a maximum was found; if not, the parameters are those reached';

CREATE FUNCTION fit_bgnbd_transfn(tally, bigint, double precision, double precision) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_bgnbd_transfn(tally, bigint, double precision, double precision) IS 'aggregate transition function';
CREATE FUNCTION fit_bgnbd_combine(tally, tally) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_bgnbd_combine(tally, tally) IS 'aggregate combine function';
CREATE FUNCTION fit_bgnbd_finalfn(tally) RETURNS purchase_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_bgnbd_finalfn(tally) IS 'aggregate final function';
CREATE FUNCTION fit_mbgnbd_finalfn(tally) RETURNS purchase_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_mbgnbd_finalfn(tally) IS 'aggregate final function';
CREATE FUNCTION fit_pareto_nbd_finalfn(tally) RETURNS purchase_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_pareto_nbd_finalfn(tally) IS 'aggregate final function';
CREATE FUNCTION fit_gamma_gamma_transfn(tally, bigint, double precision) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_gamma_gamma_transfn(tally, bigint, double precision) IS 'aggregate transition function';
CREATE FUNCTION fit_gamma_gamma_combine(tally, tally) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_gamma_gamma_combine(tally, tally) IS 'aggregate combine function';
CREATE FUNCTION fit_gamma_gamma_finalfn(tally) RETURNS spend_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_gamma_gamma_finalfn(tally) IS 'aggregate final function';

CREATE AGGREGATE fit_bgnbd(frequency bigint, recency double precision, age double precision) (
    SFUNC = fit_bgnbd_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_bgnbd_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_bgnbd_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_bgnbd(bigint, double precision, double precision) IS 'maximum-likelihood fit of the BG/NBD model, one row per customer: repeat purchases, days from the first to the last, days from the first until now; customers may leave after each repeat purchase; rows with a NULL are ignored, impossible ones are an error; NULL if no rows remain; a WARNING and converged = false if there is no maximum; e.g. fit_bgnbd((s).frequency, (s).recency, (s).age)';

CREATE AGGREGATE fit_mbgnbd(frequency bigint, recency double precision, age double precision) (
    SFUNC = fit_bgnbd_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_mbgnbd_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_bgnbd_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_mbgnbd(bigint, double precision, double precision) IS 'maximum-likelihood fit of the MBG/NBD model, one row per customer: repeat purchases, days from the first to the last, days from the first until now; customers may leave after each purchase, the first included; rows with a NULL are ignored, impossible ones are an error; NULL if no rows remain; a WARNING and converged = false if there is no maximum; e.g. fit_mbgnbd((s).frequency, (s).recency, (s).age)';

CREATE AGGREGATE fit_pareto_nbd(frequency bigint, recency double precision, age double precision) (
    SFUNC = fit_bgnbd_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_pareto_nbd_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_bgnbd_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_pareto_nbd(bigint, double precision, double precision) IS 'maximum-likelihood fit of the Pareto/NBD model, one row per customer: repeat purchases, days from the first to the last, days from the first until now; customers may leave at any time; rows with a NULL are ignored, impossible ones are an error; NULL if no rows remain; a WARNING and converged = false if there is no maximum; e.g. fit_pareto_nbd((s).frequency, (s).recency, (s).age)';

CREATE AGGREGATE fit_gamma_gamma(frequency bigint, monetary_value double precision) (
    SFUNC = fit_gamma_gamma_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_gamma_gamma_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_gamma_gamma_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_gamma_gamma(bigint, double precision) IS 'maximum-likelihood fit of the Gamma-Gamma model, one row per customer: repeat purchases and their mean value; customers without repeat purchases, those whose mean is 0 or below and rows with a NULL are left out; NULL if no rows remain; a WARNING and converged = false if there is no maximum; e.g. fit_gamma_gamma((s).frequency, (s).monetary_value)';

--
-- src/family/purchase_model.c
--

CREATE FUNCTION p_alive(model purchase_model, frequency bigint, recency double precision,
    age double precision) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5;
COMMENT ON FUNCTION p_alive(purchase_model, bigint, double precision, double precision) IS 'probability (0..1) that the customer has not left; NULL if an argument is NULL; e.g. p_alive(m, 2, 213, 272)';
CREATE FUNCTION p_alive(model purchase_model, customer rfm_summary) RETURNS double precision
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE COST 5
    RETURN p_alive(model, (customer).frequency, (customer).recency, (customer).age);
COMMENT ON FUNCTION p_alive(purchase_model, rfm_summary) IS 'probability (0..1) that the customer has not left; NULL if an argument is NULL; e.g. p_alive(m, s)';
CREATE FUNCTION churn_risk(model purchase_model, frequency bigint, recency double precision, age double precision,
    within interval) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 8;
COMMENT ON FUNCTION churn_risk(purchase_model, bigint, double precision, double precision, interval) IS 'probability (0..1) that the customer, having left or not, buys nothing within the interval "within"; NULL if an argument is NULL; e.g. churn_risk(m, 2, 213, 272, ''90 days'')';
CREATE FUNCTION churn_risk(model purchase_model, customer rfm_summary, within interval) RETURNS double precision
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE COST 8
    RETURN churn_risk(model, (customer).frequency, (customer).recency, (customer).age, within);
COMMENT ON FUNCTION churn_risk(purchase_model, rfm_summary, interval) IS 'probability (0..1) that the customer, having left or not, buys nothing within the interval "within"; NULL if an argument is NULL; e.g. churn_risk(m, s, ''90 days'')';
CREATE FUNCTION expected_purchases(model purchase_model, frequency bigint, recency double precision,
    age double precision, within interval) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION expected_purchases(purchase_model, bigint, double precision, double precision, interval) IS 'expected number of purchases of the customer within the interval "within"; NULL if an argument is NULL; e.g. expected_purchases(m, 2, 213, 272, ''90 days'')';
CREATE FUNCTION expected_purchases(model purchase_model, customer rfm_summary, within interval) RETURNS double precision
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE COST 20
    RETURN expected_purchases(model, (customer).frequency, (customer).recency, (customer).age, within);
COMMENT ON FUNCTION expected_purchases(purchase_model, rfm_summary, interval) IS 'expected number of purchases of the customer within the interval "within"; NULL if an argument is NULL; e.g. expected_purchases(m, s, ''90 days'')';

CREATE FUNCTION expected_spend(model spend_model, frequency bigint,
    monetary_value double precision) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 5;
COMMENT ON FUNCTION expected_spend(spend_model, bigint, double precision) IS 'expected mean value of the customer''s purchases, in the unit of the amounts; a monetary_value below 0 counts as 0; NULL if the model has no mean, and if an argument is NULL, except that without repeat purchases monetary_value does not matter; e.g. expected_spend(g, 2, 22.35)';
CREATE FUNCTION expected_spend(model spend_model, customer rfm_summary) RETURNS double precision
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE COST 5
    RETURN expected_spend(model, (customer).frequency, (customer).monetary_value);
COMMENT ON FUNCTION expected_spend(spend_model, rfm_summary) IS 'expected mean value of the customer''s purchases, in the unit of the amounts; a monetary_value below 0 counts as 0; NULL if the model has no mean, and if an argument is NULL, except that without repeat purchases monetary_value does not matter; e.g. expected_spend(g, s)';
CREATE FUNCTION clv(model purchase_model, spend_model spend_model, frequency bigint, recency double precision,
    age double precision, monetary_value double precision, horizon interval,
    annual_discount double precision DEFAULT 0) RETURNS double precision
    AS 'MODULE_PATHNAME', 'clv_predicted' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION clv(purchase_model, spend_model, bigint, double precision, double precision, double precision, interval, double precision) IS 'predicted value of the customer: what they are expected to spend within the horizon, in the unit of the amounts, discounted to now by a fraction above -1 per year; a null annual_discount is an error; NULL where expected_spend is, and if another argument is NULL; e.g. clv(m, g, 2, 213, 272, 22.35, ''1 year'', 0.1)';
CREATE FUNCTION clv(model purchase_model, spend_model spend_model, customer rfm_summary, horizon interval,
    annual_discount double precision DEFAULT 0) RETURNS double precision
    LANGUAGE SQL IMMUTABLE PARALLEL SAFE COST 100
    RETURN clv(model, spend_model, (customer).frequency, (customer).recency, (customer).age,
    (customer).monetary_value, horizon, annual_discount);
COMMENT ON FUNCTION clv(purchase_model, spend_model, rfm_summary, interval, double precision) IS 'predicted value of the customer: what they are expected to spend within the horizon, in the unit of the amounts, discounted to now by a fraction above -1 per year; a null annual_discount is an error; NULL where expected_spend is, and if another argument is NULL; e.g. clv(m, g, s, ''1 year'', 0.1)';

--
-- src/family/survival.c
--

CREATE TYPE survival_curve;

CREATE FUNCTION survival_curve_in(cstring) RETURNS survival_curve
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_in(cstring) IS 'I/O';
CREATE FUNCTION survival_curve_out(survival_curve) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_out(survival_curve) IS 'I/O';
CREATE FUNCTION survival_curve_recv(internal) RETURNS survival_curve
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_recv(internal) IS 'I/O';
CREATE FUNCTION survival_curve_send(survival_curve) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_send(survival_curve) IS 'I/O';

CREATE TYPE survival_curve (
    INPUT = survival_curve_in,
    OUTPUT = survival_curve_out,
    RECEIVE = survival_curve_recv,
    SEND = survival_curve_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
COMMENT ON TYPE survival_curve IS 'for each distinct duration the numbers of customers who left then and of those not observed after it, and the numbers of those who came under observation late; equal content is equal bytes; e.g. survival_table(survival_curve(months, churned))';

CREATE FUNCTION survival_curve_eq(survival_curve, survival_curve) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_eq(survival_curve, survival_curve) IS 'implementation of an operator';
CREATE FUNCTION survival_curve_ne(survival_curve, survival_curve) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_ne(survival_curve, survival_curve) IS 'implementation of an operator';
CREATE FUNCTION survival_curve_lt(survival_curve, survival_curve) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_lt(survival_curve, survival_curve) IS 'implementation of an operator';
CREATE FUNCTION survival_curve_le(survival_curve, survival_curve) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_le(survival_curve, survival_curve) IS 'implementation of an operator';
CREATE FUNCTION survival_curve_gt(survival_curve, survival_curve) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_gt(survival_curve, survival_curve) IS 'implementation of an operator';
CREATE FUNCTION survival_curve_ge(survival_curve, survival_curve) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_ge(survival_curve, survival_curve) IS 'implementation of an operator';
CREATE FUNCTION survival_curve_cmp(survival_curve, survival_curve) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_cmp(survival_curve, survival_curve) IS 'less-equal-greater';
CREATE FUNCTION survival_curve_hash(survival_curve) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_hash(survival_curve) IS 'hash';
CREATE FUNCTION survival_curve_hash_extended(survival_curve, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_hash_extended(survival_curve, bigint) IS 'hash';

CREATE OPERATOR = (
    LEFTARG = survival_curve,
    RIGHTARG = survival_curve,
    FUNCTION = survival_curve_eq,
    COMMUTATOR = =,
    NEGATOR = <>,
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES,
    MERGES
);
COMMENT ON OPERATOR = (survival_curve, survival_curve) IS 'equal';
CREATE OPERATOR <> (
    LEFTARG = survival_curve,
    RIGHTARG = survival_curve,
    FUNCTION = survival_curve_ne,
    COMMUTATOR = <>,
    NEGATOR = =,
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (survival_curve, survival_curve) IS 'not equal';
CREATE OPERATOR < (
    LEFTARG = survival_curve,
    RIGHTARG = survival_curve,
    FUNCTION = survival_curve_lt,
    COMMUTATOR = >,
    NEGATOR = >=,
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (survival_curve, survival_curve) IS 'less than, in an order of the bytes';
CREATE OPERATOR <= (
    LEFTARG = survival_curve,
    RIGHTARG = survival_curve,
    FUNCTION = survival_curve_le,
    COMMUTATOR = >=,
    NEGATOR = >,
    RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (survival_curve, survival_curve) IS 'less than or equal, in an order of the bytes';
CREATE OPERATOR > (
    LEFTARG = survival_curve,
    RIGHTARG = survival_curve,
    FUNCTION = survival_curve_gt,
    COMMUTATOR = <,
    NEGATOR = <=,
    RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (survival_curve, survival_curve) IS 'greater than, in an order of the bytes';
CREATE OPERATOR >= (
    LEFTARG = survival_curve,
    RIGHTARG = survival_curve,
    FUNCTION = survival_curve_ge,
    COMMUTATOR = <=,
    NEGATOR = <,
    RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (survival_curve, survival_curve) IS 'greater than or equal, in an order of the bytes';

CREATE OPERATOR FAMILY survival_curve_ops USING btree;
COMMENT ON OPERATOR FAMILY survival_curve_ops USING btree IS 'order of the bytes';
CREATE OPERATOR CLASS survival_curve_ops DEFAULT FOR TYPE survival_curve USING btree FAMILY survival_curve_ops AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 survival_curve_cmp(survival_curve, survival_curve);
COMMENT ON OPERATOR CLASS survival_curve_ops USING btree IS 'order of the bytes';
CREATE OPERATOR FAMILY survival_curve_ops USING hash;
COMMENT ON OPERATOR FAMILY survival_curve_ops USING hash IS 'equal content';
CREATE OPERATOR CLASS survival_curve_ops DEFAULT FOR TYPE survival_curve USING hash FAMILY survival_curve_ops AS
    OPERATOR 1 =,
    FUNCTION 1 survival_curve_hash(survival_curve),
    FUNCTION 2 survival_curve_hash_extended(survival_curve, bigint);
COMMENT ON OPERATOR CLASS survival_curve_ops USING hash IS 'equal content';

CREATE FUNCTION survival_curve_transfn(tally, double precision, boolean) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transfn(tally, double precision, boolean) IS 'aggregate transition function';
CREATE FUNCTION survival_curve_transfn(tally, date, date, date) RETURNS tally
    AS 'MODULE_PATHNAME', 'survival_curve_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transfn(tally, date, date, date) IS 'aggregate transition function';
CREATE FUNCTION survival_curve_transfn(tally, date, date, timestamptz) RETURNS tally
    AS 'MODULE_PATHNAME', 'survival_curve_transfn_date_now' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transfn(tally, date, date, timestamptz) IS 'aggregate transition function';
CREATE FUNCTION survival_curve_transfn(tally, timestamp, timestamp, timestamptz) RETURNS tally
    AS 'MODULE_PATHNAME', 'survival_curve_transfn_timestamp' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transfn(tally, timestamp, timestamp, timestamptz) IS 'aggregate transition function';
CREATE FUNCTION survival_curve_transfn(tally, timestamptz, timestamptz, timestamptz) RETURNS tally
    AS 'MODULE_PATHNAME', 'survival_curve_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transfn(tally, timestamptz, timestamptz, timestamptz) IS 'aggregate transition function';
CREATE FUNCTION survival_curve_rollup_transfn(tally, survival_curve) RETURNS tally
    AS 'MODULE_PATHNAME', 'survival_curve_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_rollup_transfn(tally, survival_curve) IS 'aggregate transition function';
CREATE FUNCTION survival_curve_combine(tally, tally) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_combine(tally, tally) IS 'aggregate combine function';
CREATE FUNCTION survival_curve_finalfn(tally) RETURNS survival_curve
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_finalfn(tally) IS 'aggregate final function';

CREATE AGGREGATE survival_curve(duration double precision, churned boolean) (
    SFUNC = survival_curve_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = survival_curve_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = survival_curve_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(double precision, boolean) IS 'how long customers stay, one row each (a row per contract counts contracts): for each duration, in the unit of the argument, how many left then and how many were not observed after it; rows with a null duration are ignored, a null churned is false; NULL if no rows remain; e.g. survival_curve(tenure_months, churned)';

CREATE AGGREGATE survival_curve(started date, ended date, as_of date) (
    SFUNC = survival_curve_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = survival_curve_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = survival_curve_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(date, date, date) IS 'how long contracts last, one row each, in days from the start to the end: contracts with a null ended, or one not before the day as_of, are observed until as_of; contracts with a null started, or one not before as_of, and those that ended on the day on which they started are ignored; a null as_of is an error; NULL if no rows remain; e.g. survival_curve(started, ended, current_date)';

CREATE AGGREGATE survival_curve(started date, ended date, as_of timestamptz) (
    SFUNC = survival_curve_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = survival_curve_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = survival_curve_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(date, date, timestamptz) IS 'how long contracts last, one row each, in days from the start to the end: contracts with a null ended, or one not before the day as_of, are observed until as_of; contracts with a null started, or one not before as_of, and those that ended on the day on which they started are ignored; a null as_of is an error; NULL if no rows remain; e.g. survival_curve(started, ended, now())';

CREATE AGGREGATE survival_curve(started timestamp, ended timestamp, as_of timestamptz) (
    SFUNC = survival_curve_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = survival_curve_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = survival_curve_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(timestamp, timestamp, timestamptz) IS 'how long contracts last, one row each, in days from the start to the end: contracts with a null ended, or one not before the day as_of, are observed until as_of; contracts with a null started, or one not before as_of, and those that ended on the day on which they started are ignored; a null as_of is an error; NULL if no rows remain; e.g. survival_curve(started, ended, now())';

CREATE AGGREGATE survival_curve(started timestamptz, ended timestamptz, as_of timestamptz) (
    SFUNC = survival_curve_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = survival_curve_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = survival_curve_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(timestamptz, timestamptz, timestamptz) IS 'how long contracts last, one row each, in days from the start to the end, by days of the session''s time zone: contracts with a null ended, or one not before the day as_of, are observed until as_of; contracts with a null started, or one not before as_of, and those that ended on the day on which they started are ignored; a null as_of is an error; NULL if no rows remain; e.g. survival_curve(started, ended, now())';

CREATE AGGREGATE rollup(survival_curve) (
    SFUNC = survival_curve_rollup_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = survival_curve_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = survival_curve_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(survival_curve) IS 'the curve of the customers of several curves together; NULL curves are ignored; NULL if there are no others; e.g. rollup(curve) over one stored value per segment';

CREATE FUNCTION survival_table(curve survival_curve, confidence double precision DEFAULT 0.95,
    interval_type text DEFAULT 'log-log')
    RETURNS TABLE ("time" double precision, at_risk bigint, churned bigint, censored bigint, survival double precision,
    std_error double precision, lower double precision, upper double precision, cumulative_hazard double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000 ROWS 100;
COMMENT ON FUNCTION survival_table(survival_curve, double precision, text) IS 'for each distinct time, in the unit of the curve, the customers at risk before it (who were under observation by then and had not left), those who left and those not observed after it, and the Kaplan-Meier survival after it (0..1) with Greenwood''s error and limits (''log-log'', ''log'' or ''plain''), which are NULL where undefined; no rows for NULL; e.g. survival_table(curve, 0.9)';
CREATE FUNCTION survival_at(curve survival_curve, "time" double precision) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION survival_at(survival_curve, double precision) IS 'share (0..1) of the customers who stay longer than a time, in the unit of the curve; NULL for NULL, and after the last observed time unless nobody was left then; e.g. survival_at(curve, 12)';
CREATE FUNCTION lifetime_quantile(curve survival_curve, p double precision) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION lifetime_quantile(survival_curve, double precision) IS 'time, in the unit of the curve, by which a share p (0..1) of the customers has left; the middle of the stretch of time over which exactly that share has left, if there is one; NULL for NULL, or if it has not been observed; e.g. lifetime_quantile(curve, 0.25)';
CREATE FUNCTION lifetime_quantile_interval(curve survival_curve, p double precision,
    confidence double precision DEFAULT 0.95,
    interval_type text DEFAULT 'log-log', OUT lower double precision,
    OUT upper double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION lifetime_quantile_interval(survival_curve, double precision, double precision, text) IS 'limits of lifetime_quantile(curve, p), in the unit of the curve: where the limits of the survival fall to 1 - p; NULL for NULL; a limit is NULL if its curve does not reach 1 - p; e.g. SELECT * FROM lifetime_quantile_interval(curve, 0.5)';
CREATE FUNCTION median_lifetime(curve survival_curve) RETURNS double precision
    LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE COST 1000
    RETURN lifetime_quantile(curve, 0.5);
COMMENT ON FUNCTION median_lifetime(survival_curve) IS 'time, in the unit of the curve, by which half of the customers have left; NULL for NULL, or if it has not been observed; e.g. median_lifetime(survival_curve(tenure_months, churned))';
CREATE FUNCTION mean_lifetime(curve survival_curve, horizon double precision) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION mean_lifetime(survival_curve, double precision) IS 'mean time, in the unit of the curve, that customers stay, each counted up to the horizon at most; an error if the horizon is after the last observed time and customers were left then; NULL for NULL; e.g. mean_lifetime(curve, 24)';
CREATE FUNCTION mean_lifetime_error(curve survival_curve, horizon double precision) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION mean_lifetime_error(survival_curve, double precision) IS 'standard error of mean_lifetime(curve, horizon), in the unit of the curve; NULL for NULL; e.g. mean_lifetime_error(curve, 24)';

--
-- src/family/logrank.c
--

CREATE TYPE logrank_test AS (chi_square double precision, degrees_of_freedom integer, p_value double precision);
COMMENT ON TYPE logrank_test IS 'result of a log-rank test; NULL for fewer than two groups, e.g. (logrank_test(months, churned, plan)).p_value';
COMMENT ON COLUMN logrank_test.chi_square IS 'test statistic; NULL without degrees of freedom';
COMMENT ON COLUMN logrank_test.degrees_of_freedom IS 'number of groups that can be compared, minus 1; never NULL';
COMMENT ON COLUMN logrank_test.p_value IS 'probability (0..1) of such a difference between groups that stay equally long; NULL without degrees of freedom';

CREATE FUNCTION logrank_test_transfn(tally, double precision, boolean, customer_key) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_key' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, double precision, boolean, customer_key) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, double precision, boolean, boolean) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_boolean' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, double precision, boolean, boolean) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, date, date, date, customer_key) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_date_key' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, date, date, date, customer_key) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, date, date, date, boolean) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_date_boolean' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, date, date, date, boolean) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, date, date, timestamptz, customer_key) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_date_now_key' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, date, date, timestamptz, customer_key) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, date, date, timestamptz, boolean) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_date_now_boolean' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, date, date, timestamptz, boolean) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, timestamp, timestamp, timestamptz, customer_key) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_timestamp_key' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, timestamp, timestamp, timestamptz, customer_key) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, timestamp, timestamp, timestamptz, boolean) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_timestamp_boolean' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, timestamp, timestamp, timestamptz, boolean) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, timestamptz, timestamptz, timestamptz, customer_key) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_timestamptz_key' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, timestamptz, timestamptz, timestamptz, customer_key) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, timestamptz, timestamptz, timestamptz, boolean) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_timestamptz_boolean' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, timestamptz, timestamptz, timestamptz, boolean) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, survival_curve, customer_key) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_curve_key' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, survival_curve, customer_key) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, survival_curve, boolean) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_curve_boolean' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, survival_curve, boolean) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_combine(tally, tally) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_combine(tally, tally) IS 'aggregate combine function';
CREATE FUNCTION logrank_test_finalfn(tally) RETURNS logrank_test
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_finalfn(tally) IS 'aggregate final function';

CREATE AGGREGATE logrank_test(duration double precision, churned boolean, grp customer_key) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(double precision, boolean, customer_key) IS 'log-rank test of whether groups stay equally long, over durations in any unit, one row each (a row per contract compares contracts); rows with a null duration or group are ignored, a null churned is false; NULL for fewer than two groups; e.g. SELECT (logrank_test(months, churned, plan)).* FROM subscriptions';

CREATE AGGREGATE logrank_test(duration double precision, churned boolean, grp boolean) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(double precision, boolean, boolean) IS 'log-rank test of whether groups stay equally long, over durations in any unit, one row each (a row per contract compares contracts); rows with a null duration or group are ignored, a null churned is false; NULL for fewer than two groups; e.g. SELECT (logrank_test(months, churned, is_member)).* FROM subscriptions';

CREATE AGGREGATE logrank_test(started date, ended date, as_of date, grp customer_key) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(date, date, date, customer_key) IS 'log-rank test of whether the contracts of groups last equally long, over the days from started to ended, or to the day as_of, of the contracts that survival_curve counts, one row each; rows with a null group are ignored; NULL for fewer than two groups; e.g. SELECT (logrank_test(started, ended, current_date, plan)).* FROM subscriptions';

CREATE AGGREGATE logrank_test(started date, ended date, as_of date, grp boolean) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(date, date, date, boolean) IS 'log-rank test of whether the contracts of groups last equally long, over the days from started to ended, or to the day as_of, of the contracts that survival_curve counts, one row each; rows with a null group are ignored; NULL for fewer than two groups; e.g. SELECT (logrank_test(started, ended, current_date, is_member)).* FROM subscriptions';

CREATE AGGREGATE logrank_test(started date, ended date, as_of timestamptz, grp customer_key) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(date, date, timestamptz, customer_key) IS 'log-rank test of whether the contracts of groups last equally long, over the days from started to ended, or to the day as_of, of the contracts that survival_curve counts, one row each; rows with a null group are ignored; NULL for fewer than two groups; e.g. SELECT (logrank_test(started, ended, now(), plan)).* FROM subscriptions';

CREATE AGGREGATE logrank_test(started date, ended date, as_of timestamptz, grp boolean) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(date, date, timestamptz, boolean) IS 'log-rank test of whether the contracts of groups last equally long, over the days from started to ended, or to the day as_of, of the contracts that survival_curve counts, one row each; rows with a null group are ignored; NULL for fewer than two groups; e.g. SELECT (logrank_test(started, ended, now(), is_member)).* FROM subscriptions';

CREATE AGGREGATE logrank_test(started timestamp, ended timestamp, as_of timestamptz, grp customer_key) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(timestamp, timestamp, timestamptz, customer_key) IS 'log-rank test of whether the contracts of groups last equally long, over the days from started to ended, or to the day as_of, of the contracts that survival_curve counts, one row each; rows with a null group are ignored; NULL for fewer than two groups; e.g. SELECT (logrank_test(started, ended, now(), plan)).* FROM subscriptions';

CREATE AGGREGATE logrank_test(started timestamp, ended timestamp, as_of timestamptz, grp boolean) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(timestamp, timestamp, timestamptz, boolean) IS 'log-rank test of whether the contracts of groups last equally long, over the days from started to ended, or to the day as_of, of the contracts that survival_curve counts, one row each; rows with a null group are ignored; NULL for fewer than two groups; e.g. SELECT (logrank_test(started, ended, now(), is_member)).* FROM subscriptions';

CREATE AGGREGATE logrank_test(started timestamptz, ended timestamptz, as_of timestamptz, grp customer_key) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(timestamptz, timestamptz, timestamptz, customer_key) IS 'log-rank test of whether the contracts of groups last equally long, over the days from started to ended, or to the day as_of, of the contracts that survival_curve counts, one row each; rows with a null group are ignored; NULL for fewer than two groups; e.g. SELECT (logrank_test(started, ended, now(), plan)).* FROM subscriptions';

CREATE AGGREGATE logrank_test(started timestamptz, ended timestamptz, as_of timestamptz, grp boolean) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(timestamptz, timestamptz, timestamptz, boolean) IS 'log-rank test of whether the contracts of groups last equally long, over the days from started to ended, or to the day as_of, of the contracts that survival_curve counts, one row each; rows with a null group are ignored; NULL for fewer than two groups; e.g. SELECT (logrank_test(started, ended, now(), is_member)).* FROM subscriptions';

CREATE AGGREGATE logrank_test(curve survival_curve, grp customer_key) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(survival_curve, customer_key) IS 'log-rank test of whether groups stay equally long, over all who are in the curves of each group, which have one unit; rows with a null curve or group are ignored; NULL for fewer than two groups; e.g. SELECT (logrank_test(curve, plan)).* FROM (SELECT plan, survival_curve(customer_subscriptions(customer, started, ended)) AS curve FROM contracts GROUP BY plan) s';

CREATE AGGREGATE logrank_test(curve survival_curve, grp boolean) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(survival_curve, boolean) IS 'log-rank test of whether groups stay equally long, over all who are in the curves of each group, which have one unit; rows with a null curve or group are ignored; NULL for fewer than two groups; e.g. SELECT (logrank_test(curve, is_member)).* FROM curves';

--
-- src/family/contract.c
--

CREATE TYPE sbg_model AS (alpha double precision, beta double precision, alpha_se double precision,
    beta_se double precision,
    log_likelihood double precision, customers bigint, iterations integer, converged boolean, note text);
COMMENT ON TYPE sbg_model IS 'shifted beta-geometric model of contracts that are renewed or not, period after period; without parameters, functions of the model return NULL; e.g. SELECT sbg_survival(m, 12) FROM (SELECT fit_sbg(years, churned) AS m FROM contracts) s';
COMMENT ON COLUMN sbg_model.alpha IS 'first parameter of the probabilities to leave, which are beta(alpha, beta) among the customers; NULL if no value is the most likely';
COMMENT ON COLUMN sbg_model.beta IS 'second parameter of these probabilities; NULL if alpha is';
COMMENT ON COLUMN sbg_model.alpha_se IS 'standard error of alpha; NULL unless converged';
COMMENT ON COLUMN sbg_model.beta_se IS 'standard error of beta; NULL unless converged';
COMMENT ON COLUMN sbg_model.log_likelihood IS 'logarithm of the likelihood of the customers; NULL without parameters';
COMMENT ON COLUMN sbg_model.customers IS 'number of customers; never NULL';
COMMENT ON COLUMN sbg_model.iterations IS 'steps of the search for the parameters; never NULL';
COMMENT ON COLUMN sbg_model.converged IS 'whether the most likely parameters were found; never NULL';
COMMENT ON COLUMN sbg_model.note IS 'reason why converged is false; NULL if converged';

CREATE FUNCTION fit_sbg_transfn(tally, integer, boolean) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_sbg_transfn(tally, integer, boolean) IS 'aggregate transition function';
CREATE FUNCTION fit_sbg_transfn(tally, double precision, boolean) RETURNS tally
    AS 'MODULE_PATHNAME', 'fit_sbg_transfn_double' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_sbg_transfn(tally, double precision, boolean) IS 'aggregate transition function';
CREATE FUNCTION fit_sbg_combine(tally, tally) RETURNS tally
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_sbg_combine(tally, tally) IS 'aggregate combine function';
CREATE FUNCTION fit_sbg_finalfn(tally) RETURNS sbg_model
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION fit_sbg_finalfn(tally) IS 'aggregate final function';

CREATE AGGREGATE fit_sbg(tenure integer, churned boolean) (
    SFUNC = fit_sbg_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_sbg_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_sbg_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_sbg(integer, boolean) IS 'fit of a model of contracts that are renewed or not, one row each; tenure is the period (1, 2, ...) in which a customer left, or the number of periods (0, 1, ...) for which a customer who is still there has been kept; null tenures are ignored, a null churned is false; NULL if no rows remain; a WARNING if the data have no such model; e.g. SELECT (fit_sbg(years, churned)).* FROM contracts';

CREATE AGGREGATE fit_sbg(tenure double precision, churned boolean) (
    SFUNC = fit_sbg_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_sbg_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_sbg_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_sbg(double precision, boolean) IS 'fit_sbg for a tenure of type double precision or numeric, such as ceil(...) returns; null tenures are ignored, a tenure that is not a whole number is an error, a null churned is false; NULL if no rows remain; e.g. SELECT (fit_sbg(ceil((ended - started) / 30.4375), churned)).* FROM contracts';

CREATE FUNCTION sbg_retention(model sbg_model, period integer) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sbg_retention(sbg_model, integer) IS 'share (0..1) of the customers of a period (1, 2, ...) who are kept; NULL for NULL, or without parameters; e.g. sbg_retention(m, 3)';
CREATE FUNCTION sbg_survival(model sbg_model, periods integer) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION sbg_survival(sbg_model, integer) IS 'share (0..1) of the customers who are still there after a number of periods (0, 1, ...); NULL for NULL, or without parameters; e.g. sbg_survival(m, 12)';
CREATE FUNCTION residual_lifetime(model sbg_model, tenure integer, annual_discount double precision,
    periods_per_year double precision DEFAULT 1)
    RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION residual_lifetime(sbg_model, integer, double precision, double precision) IS 'discounted number of payments still to come from a customer in contract period tenure (1, 2, ...), just before it is renewed or not; annual_discount is a fraction above -1; a null annual_discount or periods_per_year is an error; NULL for another NULL, without parameters, or if it is infinite; e.g. residual_lifetime(m, 2, 0.1)';
CREATE FUNCTION clv(curve survival_curve, margin double precision, annual_discount double precision,
    horizon double precision, periods_per_year double precision DEFAULT 1)
    RETURNS double precision
    AS 'MODULE_PATHNAME', 'clv_survival_curve' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION clv(survival_curve, double precision, double precision, double precision, double precision) IS 'value, in the unit of the margin, of a new customer up to the horizon: a margin at the beginning of each period of the curve (first included), discounted by a fraction above -1 per year; a horizon beyond the last observed time is an error if customers remain then, and so is a null annual_discount or periods_per_year; NULL for another NULL; e.g. clv(curve, 20, 0.1, 24, 12)';
CREATE FUNCTION clv(model sbg_model, margin double precision, annual_discount double precision,
    horizon double precision DEFAULT NULL, periods_per_year double precision DEFAULT 1)
    RETURNS double precision
    AS 'MODULE_PATHNAME', 'clv_sbg_model' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10;
COMMENT ON FUNCTION clv(sbg_model, double precision, double precision, double precision, double precision) IS 'value, in the unit of the margin, of a new customer of the model, up to the horizon, or for ever if that is NULL: a margin at the beginning of each period (first included), discounted by a fraction above -1 per year; a null annual_discount or periods_per_year is an error; NULL for a null model or margin, without parameters, or if it is infinite; e.g. clv(m, 240, 0.1)';

--
-- src/family/purchases.c
--

CREATE TYPE customer_purchases;

CREATE FUNCTION customer_purchases_in(cstring) RETURNS customer_purchases
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_in(cstring) IS 'I/O';
CREATE FUNCTION customer_purchases_out(customer_purchases) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_out(customer_purchases) IS 'I/O';
CREATE FUNCTION customer_purchases_recv(internal) RETURNS customer_purchases
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_recv(internal) IS 'I/O';
CREATE FUNCTION customer_purchases_send(customer_purchases) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_send(customer_purchases) IS 'I/O';

CREATE TYPE customer_purchases (
    INPUT = customer_purchases_in,
    OUTPUT = customer_purchases_out,
    RECEIVE = customer_purchases_recv,
    SEND = customer_purchases_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended,
    CATEGORY = 'r'
);
COMMENT ON TYPE customer_purchases IS 'for each customer and day the purchases and the refunds, how many and for how much; made by customer_purchases(customer, at, amount), added up by rollup, read by revenue_cohort_table, rfm_table, top_share and others, and as customer_activity by cohort_table and its relatives';

CREATE FUNCTION customer_purchases_eq(customer_purchases, customer_purchases) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_eq(customer_purchases, customer_purchases) IS 'implementation of an operator';
CREATE FUNCTION customer_purchases_ne(customer_purchases, customer_purchases) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_ne(customer_purchases, customer_purchases) IS 'implementation of an operator';
CREATE FUNCTION customer_purchases_lt(customer_purchases, customer_purchases) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_lt(customer_purchases, customer_purchases) IS 'implementation of an operator';
CREATE FUNCTION customer_purchases_le(customer_purchases, customer_purchases) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_le(customer_purchases, customer_purchases) IS 'implementation of an operator';
CREATE FUNCTION customer_purchases_gt(customer_purchases, customer_purchases) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_gt(customer_purchases, customer_purchases) IS 'implementation of an operator';
CREATE FUNCTION customer_purchases_ge(customer_purchases, customer_purchases) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_ge(customer_purchases, customer_purchases) IS 'implementation of an operator';
CREATE FUNCTION customer_purchases_cmp(customer_purchases, customer_purchases) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_cmp(customer_purchases, customer_purchases) IS 'less-equal-greater';
CREATE FUNCTION customer_purchases_hash(customer_purchases) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_hash(customer_purchases) IS 'hash';
CREATE FUNCTION customer_purchases_hash_extended(customer_purchases, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_hash_extended(customer_purchases, bigint) IS 'hash';

CREATE OPERATOR = (
    LEFTARG = customer_purchases,
    RIGHTARG = customer_purchases,
    FUNCTION = customer_purchases_eq,
    COMMUTATOR = =,
    NEGATOR = <>,
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES,
    MERGES
);
COMMENT ON OPERATOR = (customer_purchases, customer_purchases) IS 'equal';
CREATE OPERATOR <> (
    LEFTARG = customer_purchases,
    RIGHTARG = customer_purchases,
    FUNCTION = customer_purchases_ne,
    COMMUTATOR = <>,
    NEGATOR = =,
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (customer_purchases, customer_purchases) IS 'not equal';
CREATE OPERATOR < (
    LEFTARG = customer_purchases,
    RIGHTARG = customer_purchases,
    FUNCTION = customer_purchases_lt,
    COMMUTATOR = >,
    NEGATOR = >=,
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (customer_purchases, customer_purchases) IS 'less than, in an order of the bytes';
CREATE OPERATOR <= (
    LEFTARG = customer_purchases,
    RIGHTARG = customer_purchases,
    FUNCTION = customer_purchases_le,
    COMMUTATOR = >=,
    NEGATOR = >,
    RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (customer_purchases, customer_purchases) IS 'less than or equal, in an order of the bytes';
CREATE OPERATOR > (
    LEFTARG = customer_purchases,
    RIGHTARG = customer_purchases,
    FUNCTION = customer_purchases_gt,
    COMMUTATOR = <,
    NEGATOR = <=,
    RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (customer_purchases, customer_purchases) IS 'greater than, in an order of the bytes';
CREATE OPERATOR >= (
    LEFTARG = customer_purchases,
    RIGHTARG = customer_purchases,
    FUNCTION = customer_purchases_ge,
    COMMUTATOR = <=,
    NEGATOR = <,
    RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (customer_purchases, customer_purchases) IS 'greater than or equal, in an order of the bytes';

CREATE OPERATOR FAMILY customer_purchases_ops USING btree;
COMMENT ON OPERATOR FAMILY customer_purchases_ops USING btree IS 'order of the bytes';
CREATE OPERATOR CLASS customer_purchases_ops DEFAULT FOR TYPE customer_purchases USING btree
    FAMILY customer_purchases_ops AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 customer_purchases_cmp(customer_purchases, customer_purchases);
COMMENT ON OPERATOR CLASS customer_purchases_ops USING btree IS 'order of the bytes';
CREATE OPERATOR FAMILY customer_purchases_ops USING hash;
COMMENT ON OPERATOR FAMILY customer_purchases_ops USING hash IS 'equal content';
CREATE OPERATOR CLASS customer_purchases_ops DEFAULT FOR TYPE customer_purchases USING hash
    FAMILY customer_purchases_ops AS
    OPERATOR 1 =,
    FUNCTION 1 customer_purchases_hash(customer_purchases),
    FUNCTION 2 customer_purchases_hash_extended(customer_purchases, bigint);
COMMENT ON OPERATOR CLASS customer_purchases_ops USING hash IS 'equal content';

CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, date,
    double precision) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, date, double precision) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamp,
    double precision) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamp, double precision) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamptz,
    double precision) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamptz, double precision) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, date, numeric) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_numeric_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, date, numeric) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamp,
    numeric) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_numeric_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamp, numeric) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamptz,
    numeric) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_numeric_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamptz, numeric) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, date, double precision,
    integer) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, date, double precision, integer) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamp, double precision,
    integer) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamp, double precision, integer) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamptz, double precision,
    integer) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamptz, double precision, integer) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, date, numeric,
    integer) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_numeric_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, date, numeric, integer) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamp, numeric,
    integer) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_numeric_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamp, numeric, integer) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamptz, numeric,
    integer) RETURNS customer_purchases
    AS 'MODULE_PATHNAME', 'customer_purchases_numeric_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_transfn(customer_purchases, customer_key, timestamptz, numeric, integer) IS 'aggregate transition function';
CREATE FUNCTION customer_purchases_combine(customer_purchases, customer_purchases) RETURNS customer_purchases
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_combine(customer_purchases, customer_purchases) IS 'aggregate combine function';
CREATE FUNCTION customer_purchases_finalfn(customer_purchases) RETURNS customer_purchases
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_purchases_finalfn(customer_purchases) IS 'aggregate final function';

CREATE AGGREGATE customer_purchases(customer customer_key, at date, amount double precision) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, date, double precision) IS 'for each customer and day the purchases and the refunds (amount < 0), how many and for how much, exactly; a null amount is a purchase that adds no revenue, null customers and times are ignored, NULL if there are no others; e.g. revenue(customer_purchases(customer_id, ordered_at, amount))';

CREATE AGGREGATE customer_purchases(customer customer_key, at timestamp, amount double precision) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, timestamp, double precision) IS 'for each customer and day the purchases and the refunds (amount < 0), how many and for how much, exactly; a null amount is a purchase that adds no revenue, null customers and times are ignored, NULL if there are no others; e.g. revenue(customer_purchases(customer_id, ordered_at, amount))';

CREATE AGGREGATE customer_purchases(customer customer_key, at timestamptz, amount double precision) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, timestamptz, double precision) IS 'for each customer and day, in the time zone of the session the purchases and the refunds (amount < 0), how many and for how much, exactly; a null amount is a purchase that adds no revenue, null customers and times are ignored, NULL if there are no others; e.g. revenue(customer_purchases(customer_id, ordered_at, amount))';

CREATE AGGREGATE customer_purchases(customer customer_key, at date, amount numeric) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, date, numeric) IS 'for each customer and day the purchases and the refunds (amount < 0), how many and for how much, exactly; a null amount is a purchase that adds no revenue, null customers and times are ignored, NULL if there are no others; e.g. revenue(customer_purchases(customer_id, ordered_at, amount))';

CREATE AGGREGATE customer_purchases(customer customer_key, at timestamp, amount numeric) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, timestamp, numeric) IS 'for each customer and day the purchases and the refunds (amount < 0), how many and for how much, exactly; a null amount is a purchase that adds no revenue, null customers and times are ignored, NULL if there are no others; e.g. revenue(customer_purchases(customer_id, ordered_at, amount))';

CREATE AGGREGATE customer_purchases(customer customer_key, at timestamptz, amount numeric) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, timestamptz, numeric) IS 'for each customer and day, in the time zone of the session the purchases and the refunds (amount < 0), how many and for how much, exactly; a null amount is a purchase that adds no revenue, null customers and times are ignored, NULL if there are no others; e.g. revenue(customer_purchases(customer_id, ordered_at, amount))';

CREATE AGGREGATE customer_purchases(customer customer_key, at date, amount double precision, purchases integer) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, date, double precision, integer) IS 'the same of rows that stand for this number of purchases: 1 (or NULL) for the first line item of an order and 0 for the others, or the number in a daily summary; e.g. customer_purchases(customer_id, ordered_at, price, (line = 1)::integer)';

CREATE AGGREGATE customer_purchases(customer customer_key, at timestamp, amount double precision, purchases integer) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, timestamp, double precision, integer) IS 'the same of rows that stand for this number of purchases: 1 (or NULL) for the first line item of an order and 0 for the others, or the number in a daily summary; e.g. customer_purchases(customer_id, ordered_at, price, (line = 1)::integer)';

CREATE AGGREGATE customer_purchases(customer customer_key, at timestamptz, amount double precision, purchases integer) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, timestamptz, double precision, integer) IS 'the same of rows that stand for this number of purchases, on days in the time zone of the session: 1 (or NULL) for the first line item of an order and 0 for the others, or the number in a daily summary; e.g. customer_purchases(customer_id, ordered_at, price, (line = 1)::integer)';

CREATE AGGREGATE customer_purchases(customer customer_key, at date, amount numeric, purchases integer) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, date, numeric, integer) IS 'the same of rows that stand for this number of purchases: 1 (or NULL) for the first line item of an order and 0 for the others, or the number in a daily summary; e.g. customer_purchases(customer_id, ordered_at, price, (line = 1)::integer)';

CREATE AGGREGATE customer_purchases(customer customer_key, at timestamp, amount numeric, purchases integer) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, timestamp, numeric, integer) IS 'the same of rows that stand for this number of purchases: 1 (or NULL) for the first line item of an order and 0 for the others, or the number in a daily summary; e.g. customer_purchases(customer_id, ordered_at, price, (line = 1)::integer)';

CREATE AGGREGATE customer_purchases(customer customer_key, at timestamptz, amount numeric, purchases integer) (
    SFUNC = customer_purchases_transfn,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_purchases(customer_key, timestamptz, numeric, integer) IS 'the same of rows that stand for this number of purchases, on days in the time zone of the session: 1 (or NULL) for the first line item of an order and 0 for the others, or the number in a daily summary; e.g. customer_purchases(customer_id, ordered_at, price, (line = 1)::integer)';

CREATE AGGREGATE rollup(customer_purchases) (
    SFUNC = customer_purchases_combine,
    STYPE = customer_purchases,
    SSPACE = -1,
    FINALFUNC = customer_purchases_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_purchases_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(customer_purchases) IS 'sum of values: the purchases of all of them, so a value that is merged twice counts twice; nulls are ignored, NULL if there are no others; e.g. rollup(purchases) over one stored value per day';

CREATE FUNCTION customer_activity(purchases customer_purchases) RETURNS customer_activity
    AS 'MODULE_PATHNAME', 'customer_purchases_activity' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION customer_activity(customer_purchases) IS 'the days with a purchase, for cohort_table and its relatives; NULL for NULL and if there is none; e.g. customer_activity(p)';
CREATE CAST (customer_purchases AS customer_activity) WITH FUNCTION customer_activity(customer_purchases) AS IMPLICIT;
COMMENT ON CAST (customer_purchases AS customer_activity) IS 'the days with a purchase';

CREATE FUNCTION purchases_during(purchases customer_purchases, during daterange) RETURNS customer_purchases
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION purchases_during(customer_purchases, daterange) IS 'the rows of these days, for storage: parts of disjoint ranges roll up to the whole; refunds are those of their own day, so a part that is read alone may count one on another purchase day; NULL for NULL and if there is none; e.g. purchases_during(p, ''(,2024-02-01)'')';

CREATE FUNCTION customers(purchases customer_purchases) RETURNS bigint
    AS 'MODULE_PATHNAME', 'customer_purchases_customers' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customers(customer_purchases) IS 'number of customers with a purchase; NULL for NULL; e.g. customers(p)';
CREATE FUNCTION purchases(purchases customer_purchases, during daterange DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME', 'customer_purchases_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchases(customer_purchases, daterange) IS 'number of purchases, on these days or on all; to be compared with count(*) FILTER (WHERE amount >= 0 OR amount IS NULL); NULL for NULL; e.g. purchases(p, ''[2024-01-01,2024-02-01)'')';
CREATE FUNCTION revenue(purchases customer_purchases, during daterange DEFAULT NULL) RETURNS numeric
    AS 'MODULE_PATHNAME', 'customer_purchases_revenue' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION revenue(customer_purchases, daterange) IS 'amounts of purchases less those of refunds, exactly sum(amount); with a range, those of the purchase days in it with their refunds, so that disjoint ranges add up; in the units of the amounts; NULL for NULL; e.g. revenue(p, ''[2024-01-01,2024-02-01)'')';
CREATE FUNCTION refunded(purchases customer_purchases, during daterange DEFAULT NULL) RETURNS numeric
    AS 'MODULE_PATHNAME', 'customer_purchases_refunded' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION refunded(customer_purchases, daterange) IS 'amounts of refunds, as a number that is not negative; with a range, those of the purchase days in it; in the units of the amounts; NULL for NULL; e.g. refunded(p)';
CREATE FUNCTION purchase_span(purchases customer_purchases) RETURNS daterange
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_span(customer_purchases) IS 'from the first day with a purchase or a refund to the last, as a range that does not contain its upper bound; NULL for NULL; e.g. purchase_span(p)';

--
-- src/family/revenue.c
--

CREATE FUNCTION revenue_cohort_table(purchases customer_purchases, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL,
    clock text DEFAULT 'calendar', since timestamptz DEFAULT NULL, confidence double precision DEFAULT 0.95,
    origin date DEFAULT '2001-01-01')
    RETURNS TABLE (cohort date, age integer, period_start date, customers bigint, active bigint, purchases bigint,
    revenue numeric, refunded numeric, cumulative_revenue numeric, base_revenue numeric,
    average_purchase_value double precision,
    revenue_per_customer double precision, cumulative_per_customer double precision, lower double precision,
    upper double precision,
    revenue_retention double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 300;
COMMENT ON FUNCTION revenue_cohort_table(customer_purchases, interval, timestamptz, text, timestamptz, double precision, date) IS 'cohorts by the period of the first purchase, and the net revenue (in the units of the amounts) of each at each age, with the average per customer of all revenue up to it and an interval of that; a cell for all that has begun, ratios of unfinished ones are NULL; as_of is the first day whose data are not complete, by default the day after the last in the value; no rows for NULL; e.g. revenue_cohort_table(p, as_of => now())';

CREATE FUNCTION revenue_curve(purchases customer_purchases, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL,
    clock text DEFAULT 'calendar', since timestamptz DEFAULT NULL, confidence double precision DEFAULT 0.95,
    origin date DEFAULT '2001-01-01')
    RETURNS TABLE (age integer, customers bigint, active bigint, purchases bigint,
    revenue numeric, refunded numeric, cumulative_revenue numeric, base_revenue numeric,
    average_purchase_value double precision,
    revenue_per_customer double precision, cumulative_per_customer double precision, lower double precision,
    upper double precision,
    revenue_retention double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 25;
COMMENT ON FUNCTION revenue_curve(customer_purchases, interval, timestamptz, text, timestamptz, double precision, date) IS 'the complete cells of revenue_cohort_table pooled by age: revenue per customer at each age and cumulated up to it, in the units of the amounts, over the same customers at all ages up to it; no rows for NULL; e.g. revenue_curve(p, ''7 days'', as_of => now())';

CREATE FUNCTION revenue_table(purchases customer_purchases, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL,
    since timestamptz DEFAULT NULL, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (period_start date, active bigint, purchases bigint, revenue numeric, refunded numeric,
    average_purchase_value double precision, revenue_per_customer double precision, new_revenue numeric,
    retained_revenue numeric,
    resurrected_revenue numeric, expansion numeric, contraction numeric, churned_revenue numeric,
    net_revenue_retention double precision, gross_revenue_retention double precision, quick_ratio double precision,
    complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 25;
COMMENT ON FUNCTION revenue_table(customer_purchases, interval, timestamptz, timestamptz, date) IS 'net revenue of each period, in the units of the amounts: of new, retained and resurrected customers, what the retained bring more or less than in the period before, and what the churned brought there; ratios of unfinished periods are NULL; as_of is the first day whose data are not complete, by default the day after the last in the value; no rows for NULL; e.g. revenue_table(p, as_of => now())';

--
-- src/family/concentration.c
--

CREATE FUNCTION top_share(purchases customer_purchases, fraction double precision DEFAULT 0.1,
    during daterange DEFAULT NULL)
    RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION top_share(customer_purchases, double precision, daterange) IS 'share (0..1) of the net revenue that the best fraction (0..1) of the customers with a purchase on these days brought, linear within a customer; customers below zero count as 0; NULL for NULL and without revenue; e.g. top_share(p, 0.2)';

CREATE FUNCTION gini(purchases customer_purchases, during daterange DEFAULT NULL) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION gini(customer_purchases, daterange) IS 'Gini coefficient of the net revenue of the customers with a purchase on these days: 0 if all bring the same, towards 1 if one brings everything; customers below zero count as 0; NULL for NULL and without revenue; e.g. gini(p, ''[2024-01-01,2025-01-01)'')';

CREATE FUNCTION concentration_table(purchases customer_purchases, bins integer DEFAULT 10,
    during daterange DEFAULT NULL)
    RETURNS TABLE (bin integer, customers bigint, revenue numeric, share double precision,
    cumulative_share double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 ROWS 10;
COMMENT ON FUNCTION concentration_table(customer_purchases, integer, daterange) IS 'customers with a purchase on these days in bins of equal size, the best first: net revenue in the units of the amounts, share (0..1) of it and cumulated share; customers below zero count as 0; no rows for NULL and without revenue; e.g. concentration_table(p, 20)';

--
-- src/family/states.c
--

CREATE FUNCTION customer_states(activity customer_activity, at timestamptz DEFAULT NULL, state text DEFAULT NULL,
    period interval DEFAULT '1 month', origin date DEFAULT '2001-01-01')
    RETURNS TABLE (customer bigint, state text, first_day date, last_day date)
    AS 'MODULE_PATHNAME', 'customer_states_activity' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 10000;
COMMENT ON FUNCTION customer_states(customer_activity, timestamptz, text, interval, date) IS 'who is new, retained, resurrected, churned or dormant in the period that contains at, by default the last complete one; all but the dormant, or only those in a state; last_day is the last active day up to the end of the period; no rows for NULL; e.g. customer_states(a, ''2024-06-15'', ''churned'')';
CREATE FUNCTION customer_states(purchases customer_purchases, at timestamptz DEFAULT NULL, state text DEFAULT NULL,
    period interval DEFAULT '1 month', origin date DEFAULT '2001-01-01')
    RETURNS TABLE (customer bigint, state text, first_day date, last_day date, revenue numeric,
    previous_revenue numeric)
    AS 'MODULE_PATHNAME', 'customer_states_purchases' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 10000;
COMMENT ON FUNCTION customer_states(customer_purchases, timestamptz, text, interval, date) IS 'who is new, retained, resurrected, churned or dormant in the period that contains at, by default the last complete one, with the net revenue of that period and of the one before, in the units of the amounts; all but the dormant, or only those in a state; no rows for NULL; e.g. customer_states(p, now(), ''churned'')';

CREATE FUNCTION rfm_table(purchases customer_purchases, as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (customer bigint, frequency bigint, recency double precision, age double precision,
    monetary_value double precision, purchases bigint, revenue double precision, first_day date, last_day date)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 10000;
COMMENT ON FUNCTION rfm_table(customer_purchases, timestamptz) IS 'rfm_summary of every customer with a purchase before as_of, the first day whose data are not complete, by default the day after the last in the value; recency and age in days, money in the units of the amounts; no rows for NULL; e.g. rfm_table(p, as_of => now())';

--
-- src/family/gaps.c
--

CREATE FUNCTION purchase_gaps(activity customer_activity, as_of timestamptz DEFAULT NULL) RETURNS survival_curve
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION purchase_gaps(customer_activity, timestamptz) IS 'curve of the days from each active day of a customer to the next; after the last one the customer is censored on the last complete day; as_of is the first day whose data are not complete, by default the day after the last active one; NULL for NULL and if nobody was active before as_of; e.g. lifetime_quantile(purchase_gaps(p, now()), 0.5)';

CREATE FUNCTION gap_quantile(activity customer_activity, fraction double precision DEFAULT 0.5,
    as_of timestamptz DEFAULT NULL) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION gap_quantile(customer_activity, double precision, timestamptz) IS 'days within which a fraction (0..1) of the customers who came again before as_of had come again, interpolated as percentile_cont does; shorter than what purchase_gaps says, since those who have not come again are left out; NULL for NULL and if nobody came again; e.g. gap_quantile(p, 0.9)';

CREATE FUNCTION gap_table(activity customer_activity, as_of timestamptz DEFAULT NULL, upto integer DEFAULT 10,
    confidence double precision DEFAULT 0.95)
    RETURNS TABLE (number bigint, customers bigint, returned bigint, return_rate double precision,
    lower double precision, upper double precision, lower_quartile_days double precision, median_days double precision,
    upper_quartile_days double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 10;
COMMENT ON FUNCTION gap_table(customer_activity, timestamptz, integer, double precision) IS 'customers with a first, second ... active day before as_of, up to a number: how many had another, the share (0..1) of these with its Wilson interval, and quartiles of the days until then, which are NULL if nobody had; as_of is the first day whose data are not complete, by default the day after the last active one; no rows for NULL; e.g. gap_table(p, as_of => now(), upto => 5)';

--
-- src/family/purchase_fit.c, of a value
--

CREATE FUNCTION fit_bgnbd(activity customer_activity, as_of timestamptz DEFAULT NULL) RETURNS purchase_model
    AS 'MODULE_PATHNAME', 'fit_bgnbd_activity' LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_bgnbd(customer_activity, timestamptz) IS 'maximum-likelihood fit of the BG/NBD model to the active days of all customers before as_of, in days: the same as fit_bgnbd(frequency, recency, age) over rfm_table; as_of is the first day whose data are not complete, by default the day after the last active one; NULL for NULL and if nobody was active before as_of; a WARNING and converged = false if there is no maximum; e.g. fit_bgnbd(p, as_of => now())';
CREATE FUNCTION fit_mbgnbd(activity customer_activity, as_of timestamptz DEFAULT NULL) RETURNS purchase_model
    AS 'MODULE_PATHNAME', 'fit_mbgnbd_activity' LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_mbgnbd(customer_activity, timestamptz) IS 'maximum-likelihood fit of the MBG/NBD model to the active days of all customers before as_of, in days: the same as fit_mbgnbd(frequency, recency, age) over rfm_table; as_of is the first day whose data are not complete, by default the day after the last active one; NULL for NULL and if nobody was active before as_of; a WARNING and converged = false if there is no maximum; e.g. fit_mbgnbd(p, as_of => now())';
CREATE FUNCTION fit_pareto_nbd(activity customer_activity, as_of timestamptz DEFAULT NULL) RETURNS purchase_model
    AS 'MODULE_PATHNAME', 'fit_pareto_nbd_activity' LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_pareto_nbd(customer_activity, timestamptz) IS 'maximum-likelihood fit of the Pareto/NBD model to the active days of all customers before as_of, in days: the same as fit_pareto_nbd(frequency, recency, age) over rfm_table; as_of is the first day whose data are not complete, by default the day after the last active one; NULL for NULL and if nobody was active before as_of; a WARNING and converged = false if there is no maximum; e.g. fit_pareto_nbd(p, as_of => now())';
CREATE FUNCTION fit_gamma_gamma(purchases customer_purchases, as_of timestamptz DEFAULT NULL) RETURNS spend_model
    AS 'MODULE_PATHNAME', 'fit_gamma_gamma_purchases' LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_gamma_gamma(customer_purchases, timestamptz) IS 'maximum-likelihood fit of the Gamma-Gamma model to the net value of the repeat purchase days of all customers before as_of, in the units of the amounts: the same as fit_gamma_gamma(frequency, monetary_value) over rfm_table; NULL for NULL and if nobody has repeat purchases whose mean is above 0; a WARNING and converged = false if there is no maximum; e.g. fit_gamma_gamma(p, as_of => now())';

--
-- src/family/worth.c
--

CREATE FUNCTION clv(purchases customer_purchases, during daterange DEFAULT NULL) RETURNS double precision
    AS 'MODULE_PATHNAME', 'clv_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION clv(customer_purchases, daterange) IS 'simple historic customer lifetime value: net revenue per customer with a purchase on these days, or on any, in the units of the amounts; NULL for NULL and if nobody bought; e.g. clv(p, ''[2024-01-01,2025-01-01)'')';
CREATE FUNCTION clv_summary(purchases customer_purchases, during daterange DEFAULT NULL) RETURNS clv_summary
    AS 'MODULE_PATHNAME', 'clv_summary_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION clv_summary(customer_purchases, daterange) IS 'simple historic customer lifetime value with its parts, over the customers with a purchase on these days, or on any: their purchases and net revenue in them, in the units of the amounts, and the years from the first of these purchase days to the last; NULL for NULL and if nobody bought; e.g. clv_summary(p, ''[2024-01-01,2025-01-01)'')';
CREATE FUNCTION revenue_retention(purchases customer_purchases, base daterange, comeback daterange)
    RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION revenue_retention(customer_purchases, daterange, daterange) IS 'net revenue in comeback of the customers who bought in base, as a fraction of all net revenue in base, which may be above 1; NULL for NULL, and unless the revenue in base is above 0; e.g. revenue_retention(p, ''[2023-01-01,2023-02-01)'', ''[2024-01-01,2024-02-01)'')';

--
-- src/store/cells.c, src/family/revenue_cells.c
--

CREATE TYPE revenue_cells;

CREATE FUNCTION revenue_cells_in(cstring) RETURNS revenue_cells
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_in(cstring) IS 'I/O';
CREATE FUNCTION revenue_cells_out(revenue_cells) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_out(revenue_cells) IS 'I/O';
CREATE FUNCTION revenue_cells_recv(internal) RETURNS revenue_cells
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_recv(internal) IS 'I/O';
CREATE FUNCTION revenue_cells_send(revenue_cells) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_send(revenue_cells) IS 'I/O';

CREATE TYPE revenue_cells (
    INPUT = revenue_cells_in,
    OUTPUT = revenue_cells_out,
    RECEIVE = revenue_cells_recv,
    SEND = revenue_cells_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended,
    CATEGORY = 'r'
);
COMMENT ON TYPE revenue_cells IS 'counts and sums by cohort and age, and by period, that add up over values of different customers; made by revenue_cells(value, period, as_of), added up by rollup, read by cohort_table, lifecycle_table, revenue_cohort_table, revenue_table and others';

CREATE FUNCTION revenue_cells_eq(revenue_cells, revenue_cells) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_eq(revenue_cells, revenue_cells) IS 'implementation of an operator';
CREATE FUNCTION revenue_cells_ne(revenue_cells, revenue_cells) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_ne(revenue_cells, revenue_cells) IS 'implementation of an operator';
CREATE FUNCTION revenue_cells_lt(revenue_cells, revenue_cells) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_lt(revenue_cells, revenue_cells) IS 'implementation of an operator';
CREATE FUNCTION revenue_cells_le(revenue_cells, revenue_cells) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_le(revenue_cells, revenue_cells) IS 'implementation of an operator';
CREATE FUNCTION revenue_cells_gt(revenue_cells, revenue_cells) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_gt(revenue_cells, revenue_cells) IS 'implementation of an operator';
CREATE FUNCTION revenue_cells_ge(revenue_cells, revenue_cells) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_ge(revenue_cells, revenue_cells) IS 'implementation of an operator';
CREATE FUNCTION revenue_cells_cmp(revenue_cells, revenue_cells) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_cmp(revenue_cells, revenue_cells) IS 'less-equal-greater';
CREATE FUNCTION revenue_cells_hash(revenue_cells) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_hash(revenue_cells) IS 'hash';
CREATE FUNCTION revenue_cells_hash_extended(revenue_cells, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_hash_extended(revenue_cells, bigint) IS 'hash';

CREATE OPERATOR = (
    LEFTARG = revenue_cells,
    RIGHTARG = revenue_cells,
    FUNCTION = revenue_cells_eq,
    COMMUTATOR = =,
    NEGATOR = <>,
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES,
    MERGES
);
COMMENT ON OPERATOR = (revenue_cells, revenue_cells) IS 'equal';
CREATE OPERATOR <> (
    LEFTARG = revenue_cells,
    RIGHTARG = revenue_cells,
    FUNCTION = revenue_cells_ne,
    COMMUTATOR = <>,
    NEGATOR = =,
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (revenue_cells, revenue_cells) IS 'not equal';
CREATE OPERATOR < (
    LEFTARG = revenue_cells,
    RIGHTARG = revenue_cells,
    FUNCTION = revenue_cells_lt,
    COMMUTATOR = >,
    NEGATOR = >=,
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (revenue_cells, revenue_cells) IS 'less than, in an order of the bytes';
CREATE OPERATOR <= (
    LEFTARG = revenue_cells,
    RIGHTARG = revenue_cells,
    FUNCTION = revenue_cells_le,
    COMMUTATOR = >=,
    NEGATOR = >,
    RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (revenue_cells, revenue_cells) IS 'less than or equal, in an order of the bytes';
CREATE OPERATOR > (
    LEFTARG = revenue_cells,
    RIGHTARG = revenue_cells,
    FUNCTION = revenue_cells_gt,
    COMMUTATOR = <,
    NEGATOR = <=,
    RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (revenue_cells, revenue_cells) IS 'greater than, in an order of the bytes';
CREATE OPERATOR >= (
    LEFTARG = revenue_cells,
    RIGHTARG = revenue_cells,
    FUNCTION = revenue_cells_ge,
    COMMUTATOR = <=,
    NEGATOR = <,
    RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (revenue_cells, revenue_cells) IS 'greater than or equal, in an order of the bytes';

CREATE OPERATOR FAMILY revenue_cells_ops USING btree;
COMMENT ON OPERATOR FAMILY revenue_cells_ops USING btree IS 'order of the bytes';
CREATE OPERATOR CLASS revenue_cells_ops DEFAULT FOR TYPE revenue_cells USING btree
    FAMILY revenue_cells_ops AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 revenue_cells_cmp(revenue_cells, revenue_cells);
COMMENT ON OPERATOR CLASS revenue_cells_ops USING btree IS 'order of the bytes';
CREATE OPERATOR FAMILY revenue_cells_ops USING hash;
COMMENT ON OPERATOR FAMILY revenue_cells_ops USING hash IS 'equal content';
CREATE OPERATOR CLASS revenue_cells_ops DEFAULT FOR TYPE revenue_cells USING hash
    FAMILY revenue_cells_ops AS
    OPERATOR 1 =,
    FUNCTION 1 revenue_cells_hash(revenue_cells),
    FUNCTION 2 revenue_cells_hash_extended(revenue_cells, bigint);
COMMENT ON OPERATOR CLASS revenue_cells_ops USING hash IS 'equal content';

CREATE FUNCTION revenue_cells_transfn(revenue_cells, customer_activity, interval, date) RETURNS revenue_cells
    AS 'MODULE_PATHNAME', 'revenue_cells_transfn_activity' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION revenue_cells_transfn(revenue_cells, customer_activity, interval, date) IS 'aggregate transition function';
CREATE FUNCTION revenue_cells_transfn(revenue_cells, customer_purchases, interval, date) RETURNS revenue_cells
    AS 'MODULE_PATHNAME', 'revenue_cells_transfn_purchases' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION revenue_cells_transfn(revenue_cells, customer_purchases, interval, date) IS 'aggregate transition function';
CREATE FUNCTION revenue_cells_combine(revenue_cells, revenue_cells) RETURNS revenue_cells
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_combine(revenue_cells, revenue_cells) IS 'aggregate combine function';
CREATE FUNCTION revenue_cells_finalfn(revenue_cells) RETURNS revenue_cells
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION revenue_cells_finalfn(revenue_cells) IS 'aggregate final function';

CREATE AGGREGATE revenue_cells(activity customer_activity, period interval, as_of date) (
    SFUNC = revenue_cells_transfn,
    STYPE = revenue_cells,
    SSPACE = -1,
    FINALFUNC = revenue_cells_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = revenue_cells_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE revenue_cells(customer_activity, interval, date) IS 'customers by the period of their first active day and by age, of values of different customers, for cohort_table, retention_curve and lifecycle_table; as_of is the first day whose data are not complete, and must not be null; null values are ignored, NULL if there are no others; e.g. revenue_cells(a, ''1 month'', ''2024-04-15'')';
CREATE AGGREGATE revenue_cells(purchases customer_purchases, period interval, as_of date) (
    SFUNC = revenue_cells_transfn,
    STYPE = revenue_cells,
    SSPACE = -1,
    FINALFUNC = revenue_cells_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = revenue_cells_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE revenue_cells(customer_purchases, interval, date) IS 'customers and net revenue by the period of the first purchase and by age, of values of different customers, for revenue_cohort_table, revenue_table and others; as_of is the first day whose data are not complete, and must not be null; null values are ignored, NULL if there are no others; e.g. revenue_cells(p, ''1 month'', ''2024-04-15'')';
CREATE AGGREGATE rollup(revenue_cells) (
    SFUNC = revenue_cells_combine,
    STYPE = revenue_cells,
    SSPACE = -1,
    FINALFUNC = revenue_cells_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = revenue_cells_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(revenue_cells) IS 'sum of cells with the same period and as_of, of different customers; nulls are ignored, NULL if there are no others; e.g. rollup(cells)';

CREATE FUNCTION cohort_table(cells revenue_cells, since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95)
    RETURNS TABLE (cohort date, age integer, period_start date, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision, complete boolean)
    AS 'MODULE_PATHNAME', 'cohort_table_cells' LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 300;
COMMENT ON FUNCTION cohort_table(revenue_cells, timestamptz, double precision) IS 'the rows of cohort_table (mode on, clock calendar) from cells, with shares (0..1) and Wilson intervals; no rows for NULL; e.g. cohort_table(cells)';

CREATE FUNCTION retention_curve(cells revenue_cells, since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95)
    RETURNS TABLE (age integer, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision)
    AS 'MODULE_PATHNAME', 'retention_curve_cells' LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 25;
COMMENT ON FUNCTION retention_curve(revenue_cells, timestamptz, double precision) IS 'the rows of retention_curve (mode on, clock calendar) from cells, with shares (0..1) and Wilson intervals; no rows for NULL; e.g. retention_curve(cells)';

CREATE FUNCTION lifecycle_table(cells revenue_cells, since timestamptz DEFAULT NULL)
    RETURNS TABLE (period_start date, active bigint, new_customers bigint, retained bigint, resurrected bigint,
    churned bigint, dormant bigint, retention_rate double precision, churn_rate double precision,
    quick_ratio double precision, complete boolean)
    AS 'MODULE_PATHNAME', 'lifecycle_table_cells' LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 25;
COMMENT ON FUNCTION lifecycle_table(revenue_cells, timestamptz) IS 'the rows of lifecycle_table from cells: numbers of customers by state, and rates (0..1), for each period; no rows for NULL; e.g. lifecycle_table(cells)';

CREATE FUNCTION revenue_cohort_table(cells revenue_cells, since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95)
    RETURNS TABLE (cohort date, age integer, period_start date, customers bigint, active bigint, purchases bigint,
    revenue numeric, refunded numeric, cumulative_revenue numeric, base_revenue numeric,
    average_purchase_value double precision,
    revenue_per_customer double precision, cumulative_per_customer double precision, lower double precision,
    upper double precision,
    revenue_retention double precision, complete boolean)
    AS 'MODULE_PATHNAME', 'revenue_cohort_table_cells' LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 300;
COMMENT ON FUNCTION revenue_cohort_table(revenue_cells, timestamptz, double precision) IS 'the rows of revenue_cohort_table (clock calendar) from cells of purchases, in the units of the amounts; no rows for NULL; e.g. revenue_cohort_table(cells)';

CREATE FUNCTION revenue_curve(cells revenue_cells, since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95)
    RETURNS TABLE (age integer, customers bigint, active bigint, purchases bigint,
    revenue numeric, refunded numeric, cumulative_revenue numeric, base_revenue numeric,
    average_purchase_value double precision,
    revenue_per_customer double precision, cumulative_per_customer double precision, lower double precision,
    upper double precision,
    revenue_retention double precision)
    AS 'MODULE_PATHNAME', 'revenue_curve_cells' LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 25;
COMMENT ON FUNCTION revenue_curve(revenue_cells, timestamptz, double precision) IS 'the rows of revenue_curve (clock calendar) from cells of purchases, in the units of the amounts; no rows for NULL; e.g. revenue_curve(cells)';

CREATE FUNCTION revenue_table(cells revenue_cells, since timestamptz DEFAULT NULL)
    RETURNS TABLE (period_start date, active bigint, purchases bigint, revenue numeric, refunded numeric,
    average_purchase_value double precision, revenue_per_customer double precision, new_revenue numeric,
    retained_revenue numeric,
    resurrected_revenue numeric, expansion numeric, contraction numeric, churned_revenue numeric,
    net_revenue_retention double precision, gross_revenue_retention double precision, quick_ratio double precision,
    complete boolean)
    AS 'MODULE_PATHNAME', 'revenue_table_cells' LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 25;
COMMENT ON FUNCTION revenue_table(revenue_cells, timestamptz) IS 'the rows of revenue_table from cells of purchases, in the units of the amounts; no rows for NULL; e.g. revenue_table(cells)';

--
-- src/family/subscriptions.c
--

CREATE TYPE customer_subscriptions;

CREATE FUNCTION customer_subscriptions_in(cstring) RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_in(cstring) IS 'I/O';
CREATE FUNCTION customer_subscriptions_out(customer_subscriptions) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_out(customer_subscriptions) IS 'I/O';
CREATE FUNCTION customer_subscriptions_recv(internal) RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_recv(internal) IS 'I/O';
CREATE FUNCTION customer_subscriptions_send(customer_subscriptions) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_send(customer_subscriptions) IS 'I/O';

CREATE TYPE customer_subscriptions (
    INPUT = customer_subscriptions_in,
    OUTPUT = customer_subscriptions_out,
    RECEIVE = customer_subscriptions_recv,
    SEND = customer_subscriptions_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended,
    CATEGORY = 'r'
);
COMMENT ON TYPE customer_subscriptions IS 'for each customer the days on which contracts and the amount per month have changed; made by customer_subscriptions(customer, started, ended, amount), added up by rollup, read by mrr_table, mrr_cohort_table, survival_curve and others';

CREATE FUNCTION customer_subscriptions_eq(customer_subscriptions, customer_subscriptions) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_eq(customer_subscriptions, customer_subscriptions) IS 'implementation of an operator';
CREATE FUNCTION customer_subscriptions_ne(customer_subscriptions, customer_subscriptions) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_ne(customer_subscriptions, customer_subscriptions) IS 'implementation of an operator';
CREATE FUNCTION customer_subscriptions_lt(customer_subscriptions, customer_subscriptions) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_lt(customer_subscriptions, customer_subscriptions) IS 'implementation of an operator';
CREATE FUNCTION customer_subscriptions_le(customer_subscriptions, customer_subscriptions) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_le(customer_subscriptions, customer_subscriptions) IS 'implementation of an operator';
CREATE FUNCTION customer_subscriptions_gt(customer_subscriptions, customer_subscriptions) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_gt(customer_subscriptions, customer_subscriptions) IS 'implementation of an operator';
CREATE FUNCTION customer_subscriptions_ge(customer_subscriptions, customer_subscriptions) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_ge(customer_subscriptions, customer_subscriptions) IS 'implementation of an operator';
CREATE FUNCTION customer_subscriptions_cmp(customer_subscriptions, customer_subscriptions) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_cmp(customer_subscriptions, customer_subscriptions) IS 'less-equal-greater';
CREATE FUNCTION customer_subscriptions_hash(customer_subscriptions) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_hash(customer_subscriptions) IS 'hash';
CREATE FUNCTION customer_subscriptions_hash_extended(customer_subscriptions, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_hash_extended(customer_subscriptions, bigint) IS 'hash';

CREATE OPERATOR = (
    LEFTARG = customer_subscriptions,
    RIGHTARG = customer_subscriptions,
    FUNCTION = customer_subscriptions_eq,
    COMMUTATOR = =,
    NEGATOR = <>,
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES,
    MERGES
);
COMMENT ON OPERATOR = (customer_subscriptions, customer_subscriptions) IS 'equal';
CREATE OPERATOR <> (
    LEFTARG = customer_subscriptions,
    RIGHTARG = customer_subscriptions,
    FUNCTION = customer_subscriptions_ne,
    COMMUTATOR = <>,
    NEGATOR = =,
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (customer_subscriptions, customer_subscriptions) IS 'not equal';
CREATE OPERATOR < (
    LEFTARG = customer_subscriptions,
    RIGHTARG = customer_subscriptions,
    FUNCTION = customer_subscriptions_lt,
    COMMUTATOR = >,
    NEGATOR = >=,
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (customer_subscriptions, customer_subscriptions) IS 'less than, in an order of the bytes';
CREATE OPERATOR <= (
    LEFTARG = customer_subscriptions,
    RIGHTARG = customer_subscriptions,
    FUNCTION = customer_subscriptions_le,
    COMMUTATOR = >=,
    NEGATOR = >,
    RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (customer_subscriptions, customer_subscriptions) IS 'less than or equal, in an order of the bytes';
CREATE OPERATOR > (
    LEFTARG = customer_subscriptions,
    RIGHTARG = customer_subscriptions,
    FUNCTION = customer_subscriptions_gt,
    COMMUTATOR = <,
    NEGATOR = <=,
    RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (customer_subscriptions, customer_subscriptions) IS 'greater than, in an order of the bytes';
CREATE OPERATOR >= (
    LEFTARG = customer_subscriptions,
    RIGHTARG = customer_subscriptions,
    FUNCTION = customer_subscriptions_ge,
    COMMUTATOR = <=,
    NEGATOR = <,
    RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (customer_subscriptions, customer_subscriptions) IS 'greater than or equal, in an order of the bytes';

CREATE OPERATOR FAMILY customer_subscriptions_ops USING btree;
COMMENT ON OPERATOR FAMILY customer_subscriptions_ops USING btree IS 'order of the bytes';
CREATE OPERATOR CLASS customer_subscriptions_ops DEFAULT FOR TYPE customer_subscriptions USING btree
    FAMILY customer_subscriptions_ops AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 customer_subscriptions_cmp(customer_subscriptions, customer_subscriptions);
COMMENT ON OPERATOR CLASS customer_subscriptions_ops USING btree IS 'order of the bytes';
CREATE OPERATOR FAMILY customer_subscriptions_ops USING hash;
COMMENT ON OPERATOR FAMILY customer_subscriptions_ops USING hash IS 'equal content';
CREATE OPERATOR CLASS customer_subscriptions_ops DEFAULT FOR TYPE customer_subscriptions USING hash
    FAMILY customer_subscriptions_ops AS
    OPERATOR 1 =,
    FUNCTION 1 customer_subscriptions_hash(customer_subscriptions),
    FUNCTION 2 customer_subscriptions_hash_extended(customer_subscriptions, bigint);
COMMENT ON OPERATOR CLASS customer_subscriptions_ops USING hash IS 'equal content';

CREATE FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, date, date, double precision)
    RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME', 'customer_subscriptions_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, date, date, double precision) IS 'aggregate transition function';
CREATE FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamp, timestamp,
    double precision)
    RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME', 'customer_subscriptions_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamp, timestamp, double precision) IS 'aggregate transition function';
CREATE FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamptz,
    timestamptz, double precision)
    RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME', 'customer_subscriptions_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamptz, timestamptz, double precision) IS 'aggregate transition function';
CREATE FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, date, date, numeric)
    RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME', 'customer_subscriptions_numeric_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, date, date, numeric) IS 'aggregate transition function';
CREATE FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamp, timestamp, numeric)
    RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME', 'customer_subscriptions_numeric_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamp, timestamp, numeric) IS 'aggregate transition function';
CREATE FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamptz, timestamptz, numeric)
    RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME', 'customer_subscriptions_numeric_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamptz, timestamptz, numeric) IS 'aggregate transition function';
CREATE FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, date, date)
    RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME', 'customer_subscriptions_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, date, date) IS 'aggregate transition function';
CREATE FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamp, timestamp)
    RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME', 'customer_subscriptions_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamp, timestamp) IS 'aggregate transition function';
CREATE FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamptz, timestamptz)
    RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME', 'customer_subscriptions_transfn_timestamptz' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_transfn(customer_subscriptions, customer_key, timestamptz, timestamptz) IS 'aggregate transition function';
CREATE FUNCTION customer_subscriptions_combine(customer_subscriptions, customer_subscriptions)
    RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_combine(customer_subscriptions, customer_subscriptions) IS 'aggregate combine function';
CREATE FUNCTION customer_subscriptions_finalfn(customer_subscriptions) RETURNS customer_subscriptions
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_subscriptions_finalfn(customer_subscriptions) IS 'aggregate final function';

CREATE AGGREGATE customer_subscriptions(customer customer_key, started date, ended date, amount double precision) (
    SFUNC = customer_subscriptions_transfn,
    STYPE = customer_subscriptions,
    SSPACE = -1,
    FINALFUNC = customer_subscriptions_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_subscriptions_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_subscriptions(customer_key, date, date, double precision) IS 'for each customer the days on which what is paid per month has changed: a row is a contract over [started, ended), which runs on if ended is NULL or infinite, and amount is per month; contracts of the same days add up, discounts may be negative; rows with a NULL customer, start or amount are ignored, NULL if there are no others; e.g. customer_subscriptions(customer_id, started, ended, monthly_price)';

CREATE AGGREGATE customer_subscriptions(customer customer_key, started timestamp, ended timestamp,
    amount double precision) (
    SFUNC = customer_subscriptions_transfn,
    STYPE = customer_subscriptions,
    SSPACE = -1,
    FINALFUNC = customer_subscriptions_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_subscriptions_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_subscriptions(customer_key, timestamp, timestamp, double precision) IS 'for each customer the days on which what is paid per month has changed: a row is a contract over [started, ended), which runs on if ended is NULL or infinite, and amount is per month; contracts of the same days add up, discounts may be negative; rows with a NULL customer, start or amount are ignored, NULL if there are no others; e.g. customer_subscriptions(customer_id, started, ended, monthly_price)';

CREATE AGGREGATE customer_subscriptions(customer customer_key, started timestamptz, ended timestamptz,
    amount double precision) (
    SFUNC = customer_subscriptions_transfn,
    STYPE = customer_subscriptions,
    SSPACE = -1,
    FINALFUNC = customer_subscriptions_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_subscriptions_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_subscriptions(customer_key, timestamptz, timestamptz, double precision) IS 'for each customer the days (days in the time zone of the session) on which what is paid per month has changed: a row is a contract over [started, ended), which runs on if ended is NULL or infinite, and amount is per month; contracts of the same days add up, discounts may be negative; rows with a NULL customer, start or amount are ignored, NULL if there are no others; e.g. customer_subscriptions(customer_id, started, ended, monthly_price)';

CREATE AGGREGATE customer_subscriptions(customer customer_key, started date, ended date, amount numeric) (
    SFUNC = customer_subscriptions_transfn,
    STYPE = customer_subscriptions,
    SSPACE = -1,
    FINALFUNC = customer_subscriptions_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_subscriptions_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_subscriptions(customer_key, date, date, numeric) IS 'for each customer the days on which what is paid per month has changed: a row is a contract over [started, ended), which runs on if ended is NULL or infinite, and amount is per month; contracts of the same days add up, discounts may be negative; rows with a NULL customer, start or amount are ignored, NULL if there are no others; e.g. customer_subscriptions(customer_id, started, ended, monthly_price)';

CREATE AGGREGATE customer_subscriptions(customer customer_key, started timestamp, ended timestamp, amount numeric) (
    SFUNC = customer_subscriptions_transfn,
    STYPE = customer_subscriptions,
    SSPACE = -1,
    FINALFUNC = customer_subscriptions_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_subscriptions_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_subscriptions(customer_key, timestamp, timestamp, numeric) IS 'for each customer the days on which what is paid per month has changed: a row is a contract over [started, ended), which runs on if ended is NULL or infinite, and amount is per month; contracts of the same days add up, discounts may be negative; rows with a NULL customer, start or amount are ignored, NULL if there are no others; e.g. customer_subscriptions(customer_id, started, ended, monthly_price)';

CREATE AGGREGATE customer_subscriptions(customer customer_key, started timestamptz, ended timestamptz, amount numeric) (
    SFUNC = customer_subscriptions_transfn,
    STYPE = customer_subscriptions,
    SSPACE = -1,
    FINALFUNC = customer_subscriptions_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_subscriptions_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_subscriptions(customer_key, timestamptz, timestamptz, numeric) IS 'for each customer the days (days in the time zone of the session) on which what is paid per month has changed: a row is a contract over [started, ended), which runs on if ended is NULL or infinite, and amount is per month; contracts of the same days add up, discounts may be negative; rows with a NULL customer, start or amount are ignored, NULL if there are no others; e.g. customer_subscriptions(customer_id, started, ended, monthly_price)';

CREATE AGGREGATE customer_subscriptions(customer customer_key, started date, ended date) (
    SFUNC = customer_subscriptions_transfn,
    STYPE = customer_subscriptions,
    SSPACE = -1,
    FINALFUNC = customer_subscriptions_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_subscriptions_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_subscriptions(customer_key, date, date) IS 'for each customer the days on which the number of contracts has changed: a row is a contract over [started, ended), which runs on if ended is NULL or infinite, and counts 1 per month; rows with a NULL customer or start are ignored, NULL if there are no others; e.g. customer_subscriptions(customer_id, started, ended)';

CREATE AGGREGATE customer_subscriptions(customer customer_key, started timestamp, ended timestamp) (
    SFUNC = customer_subscriptions_transfn,
    STYPE = customer_subscriptions,
    SSPACE = -1,
    FINALFUNC = customer_subscriptions_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_subscriptions_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_subscriptions(customer_key, timestamp, timestamp) IS 'for each customer the days on which the number of contracts has changed: a row is a contract over [started, ended), which runs on if ended is NULL or infinite, and counts 1 per month; rows with a NULL customer or start are ignored, NULL if there are no others; e.g. customer_subscriptions(customer_id, started, ended)';

CREATE AGGREGATE customer_subscriptions(customer customer_key, started timestamptz, ended timestamptz) (
    SFUNC = customer_subscriptions_transfn,
    STYPE = customer_subscriptions,
    SSPACE = -1,
    FINALFUNC = customer_subscriptions_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_subscriptions_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_subscriptions(customer_key, timestamptz, timestamptz) IS 'for each customer the days (days in the time zone of the session) on which the number of contracts has changed: a row is a contract over [started, ended), which runs on if ended is NULL or infinite, and counts 1 per month; rows with a NULL customer or start are ignored, NULL if there are no others; e.g. customer_subscriptions(customer_id, started, ended)';

CREATE AGGREGATE rollup(customer_subscriptions) (
    SFUNC = customer_subscriptions_combine,
    STYPE = customer_subscriptions,
    SSPACE = -1,
    FINALFUNC = customer_subscriptions_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_subscriptions_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(customer_subscriptions) IS 'sum of values: the contracts of all of them, so a value that is merged twice counts twice; nulls are ignored, NULL if there are no others; e.g. rollup(subscriptions) over one stored value per group of customers';

--
-- src/family/mrr.c
--

CREATE FUNCTION mrr_table(subscriptions customer_subscriptions, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL, movements text DEFAULT 'net', grace integer DEFAULT 0,
    since timestamptz DEFAULT NULL, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (period_start date, opening_mrr numeric, new_mrr numeric, reactivation_mrr numeric,
    expansion_mrr numeric, contraction_mrr numeric, churned_mrr numeric, closing_mrr numeric,
    opening_customers bigint, new_customers bigint, reactivated_customers bigint, expanded_customers bigint,
    contracted_customers bigint, churned_customers bigint, closing_customers bigint,
    gross_revenue_retention double precision, net_revenue_retention double precision,
    customer_retention double precision, quick_ratio double precision, revenue_per_customer double precision,
    complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 25;
COMMENT ON FUNCTION mrr_table(customer_subscriptions, interval, timestamptz, text, integer, timestamptz, date) IS 'monthly recurring revenue at the beginning and at the end of each period, in the units of the amounts, and how it moved: new, reactivation, expansion, contraction, churn, with the numbers of customers; movements are net of a period, or daily: summed over its days; grace is the number of days without MRR that are no churn; ratios of periods that are not decided are NULL; as_of is the first day whose data are not complete, by default the day after the last start; no rows for NULL; e.g. mrr_table(s, as_of => now())';

CREATE FUNCTION mrr_movements(subscriptions customer_subscriptions, during daterange, movement text DEFAULT NULL,
    grace integer DEFAULT 0)
    RETURNS TABLE (customer bigint, movement text, opening_mrr numeric, closing_mrr numeric, change numeric)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100000 ROWS 10000;
COMMENT ON FUNCTION mrr_movements(customer_subscriptions, daterange, text, integer) IS 'customers whose MRR at the end of the last day of a range is another than at the end of the day before it, in the units of the amounts, with the movement: new, reactivation, expansion, contraction or churn; all, or only those of one movement; no rows for NULL; e.g. mrr_movements(s, ''[2024-02-01,2024-03-01)'', ''churn'')';

CREATE FUNCTION mrr(subscriptions customer_subscriptions, at date DEFAULT NULL) RETURNS numeric
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION mrr(customer_subscriptions, date) IS 'monthly recurring revenue at the end of a day, by default that of the last start, in the units of the amounts; NULL for a NULL value; e.g. mrr(s, ''2024-03-31'')';
CREATE FUNCTION subscribers(subscriptions customer_subscriptions, at date DEFAULT NULL) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION subscribers(customer_subscriptions, date) IS 'number of customers with an MRR above 0 at the end of a day, by default that of the last start; NULL for a NULL value; e.g. subscribers(s, ''2024-03-31'')';

CREATE FUNCTION monthly_amount(amount numeric, term interval) RETURNS numeric
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION monthly_amount(numeric, interval) IS 'amount per month of what is paid for a term of whole months or of whole days, of which a month has 365.25 / 12, rounded to 4 decimals; NULL for NULL; e.g. monthly_amount(1200, ''1 year'') = 100';

--
-- src/family/mrr_retention.c
--

CREATE FUNCTION mrr_retention_table(subscriptions customer_subscriptions, within interval DEFAULT '12 months',
    period interval DEFAULT '1 month', as_of timestamptz DEFAULT NULL, grace integer DEFAULT 0,
    since timestamptz DEFAULT NULL, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (period_start date, base_date date, base_customers bigint, retained_customers bigint,
    base_mrr numeric, kept_mrr numeric, mrr numeric, customer_retention double precision,
    gross_revenue_retention double precision, net_revenue_retention double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 25;
COMMENT ON FUNCTION mrr_retention_table(customer_subscriptions, interval, interval, timestamptz, integer, timestamptz, date) IS 'customers with an MRR at the end of base_date, which is the interval "within" before the end of each period, and what the same customers pay at the end of the period, in the units of the amounts; retention as shares of the base (0 and more), NULL for periods that are not decided; as_of is the first day whose data are not complete, by default the day after the last start; no rows for NULL; e.g. mrr_retention_table(s, ''12 months'', as_of => now())';

CREATE FUNCTION mrr_cohort_table(subscriptions customer_subscriptions, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL, grace integer DEFAULT 0, since timestamptz DEFAULT NULL,
    origin date DEFAULT '2001-01-01')
    RETURNS TABLE (cohort date, age integer, period_start date, customers bigint, retained bigint,
    initial_mrr numeric, kept_mrr numeric, mrr numeric, customer_retention double precision,
    gross_revenue_retention double precision, net_revenue_retention double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 300;
COMMENT ON FUNCTION mrr_cohort_table(customer_subscriptions, interval, timestamptz, integer, timestamptz, date) IS 'cohorts by the period of the first day with an MRR, the MRR at the end of that day, and what they pay at the end of the period of each age, in the units of the amounts; retention as shares of the initial MRR and customers (0 and more), NULL for cells that are not decided; as_of is the first day whose data are not complete, by default the day after the last start; no rows for NULL; e.g. mrr_cohort_table(s, as_of => now())';

CREATE FUNCTION gross_revenue_retention(subscriptions customer_subscriptions, base date, at date,
    grace integer DEFAULT 0) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION gross_revenue_retention(customer_subscriptions, date, date, integer) IS 'share (0..1) of the MRR at the end of the day base that the same customers still pay at the end of the day at, where nobody counts with more than at base; NULL for NULL and if nobody pays at base; e.g. gross_revenue_retention(s, ''2023-12-31'', ''2024-12-31'')';
CREATE FUNCTION net_revenue_retention(subscriptions customer_subscriptions, base date, at date,
    grace integer DEFAULT 0) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION net_revenue_retention(customer_subscriptions, date, date, integer) IS 'MRR at the end of the day at of the customers who pay at the end of the day base, as a share (0 and more) of their MRR there; NULL for NULL and if nobody pays at base; e.g. net_revenue_retention(s, ''2023-12-31'', ''2024-12-31'')';
CREATE FUNCTION customer_retention(subscriptions customer_subscriptions, base date, at date,
    grace integer DEFAULT 0) RETURNS double precision
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION customer_retention(customer_subscriptions, date, date, integer) IS 'share (0..1) of the customers with an MRR at the end of the day base who have one at the end of the day at; NULL for NULL and if nobody pays at base; e.g. customer_retention(s, ''2023-12-31'', ''2024-12-31'')';

--
-- src/family/cohort.c, src/family/lifecycle.c, src/family/activity_rate.c: of subscriptions
--

CREATE FUNCTION cohort_table(subscriptions customer_subscriptions, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL, grace integer DEFAULT 0, since timestamptz DEFAULT NULL,
    origin date DEFAULT '2001-01-01', confidence double precision DEFAULT 0.95)
    RETURNS TABLE (cohort date, age integer, period_start date, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision, complete boolean)
    AS 'MODULE_PATHNAME', 'cohort_table_subscriptions' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 300;
COMMENT ON FUNCTION cohort_table(customer_subscriptions, interval, timestamptz, integer, timestamptz, date, double precision) IS 'cohorts by the period of the first paid day, and the share (0..1) of each that pays at the end of each later period, with its Wilson interval; grace is the longest pause in days after which a customer has not left; rates are NULL until a cell is complete; no rows for NULL; e.g. cohort_table(s, as_of => now())';

CREATE FUNCTION retention_curve(subscriptions customer_subscriptions, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL, grace integer DEFAULT 0, since timestamptz DEFAULT NULL,
    origin date DEFAULT '2001-01-01', confidence double precision DEFAULT 0.95)
    RETURNS TABLE (age integer, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision)
    AS 'MODULE_PATHNAME', 'retention_curve_subscriptions' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 25;
COMMENT ON FUNCTION retention_curve(customer_subscriptions, interval, timestamptz, integer, timestamptz, date, double precision) IS 'the complete cells of cohort_table of subscriptions pooled by age: the share (0..1) that still pays at the end of the period age periods later, and its Wilson interval; no rows for NULL; e.g. retention_curve(s, as_of => now())';

CREATE FUNCTION lifecycle_table(subscriptions customer_subscriptions, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL, grace integer DEFAULT 0, since timestamptz DEFAULT NULL,
    origin date DEFAULT '2001-01-01')
    RETURNS TABLE (period_start date, active bigint, new_customers bigint, retained bigint, resurrected bigint,
    churned bigint, dormant bigint, retention_rate double precision, churn_rate double precision,
    quick_ratio double precision, complete boolean)
    AS 'MODULE_PATHNAME', 'lifecycle_table_subscriptions' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 25;
COMMENT ON FUNCTION lifecycle_table(customer_subscriptions, interval, timestamptz, integer, timestamptz, date) IS 'for each period the customers who pay at its end: new, retained, resurrected, and churned and dormant ones, and rates (0..1) over those who paid at the end of the period before; the customers of mrr_table; no rows for NULL; e.g. lifecycle_table(s, as_of => now())';

CREATE FUNCTION retention_summary(subscriptions customer_subscriptions, period daterange, grace integer DEFAULT 0)
    RETURNS retention_summary
    AS 'MODULE_PATHNAME', 'retention_summary_subscriptions' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION retention_summary(customer_subscriptions, daterange, integer) IS 'numbers of customers who paid at the end of the day before the period (base), still pay at the end of its last day (retained), or do not (lost), and who pay then and did not before (acquired); NULL for NULL; e.g. retention_summary(s, ''[2024-02-01,2024-03-01)'')';

--
-- src/family/stays.c
--

CREATE FUNCTION survival_curve(subscriptions customer_subscriptions, as_of timestamptz DEFAULT NULL,
    grace integer DEFAULT 0, returns text DEFAULT 'end', since timestamptz DEFAULT NULL) RETURNS survival_curve
    AS 'MODULE_PATHNAME', 'survival_curve_subscriptions' LANGUAGE C STABLE PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION survival_curve(customer_subscriptions, timestamptz, integer, text, timestamptz) IS 'how long customers stay, in days from the first day with an MRR to the end of that stay: contracts that adjoin or overlap are one stay, gaps of at most grace days are part of it; a stay that is not over by the day as_of (by default the day after the last start) is observed until then, one that ended in the last grace days before only to its end; returns: ''end'', a later stay does not count, or ''new'', it counts by itself; stays that began before the day since, if that is given, are known from then on, and those over by then are left out; NULL for NULL, or if nobody is left; e.g. survival_curve(customer_subscriptions(customer, started, ended), current_date, 3)';

CREATE FUNCTION fit_sbg(subscriptions customer_subscriptions, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL, grace integer DEFAULT 0, since timestamptz DEFAULT NULL) RETURNS sbg_model
    AS 'MODULE_PATHNAME', 'fit_sbg_subscriptions' LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION fit_sbg(customer_subscriptions, interval, timestamptz, integer, timestamptz) IS 'fit of a model of contracts that are renewed or not to customers, each with the stay that survival_curve(subscriptions) counts; the tenure is in periods (whole months or days) from the first day of the stay; stays that began before the day since, if that is given, count from then on; a WARNING if the data have no such model; NULL for NULL, or if nobody is left; e.g. SELECT (fit_sbg(customer_subscriptions(customer, started, ended), ''1 year'', current_date)).* FROM contracts';

--
-- src/family/cohort.c: of two activities
--

CREATE FUNCTION return_table(starts customer_activity, returns customer_activity,
    period interval DEFAULT '1 month', as_of timestamptz DEFAULT NULL,
    mode text DEFAULT 'on', clock text DEFAULT 'calendar', horizon integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (cohort date, age integer, period_start date, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 300;
COMMENT ON FUNCTION return_table(customer_activity, customer_activity, interval, timestamptz, text, text, integer, timestamptz, double precision, date) IS 'cohorts by the period of the first day in starts, and the share (0..1) of each that was active in returns at each age, on the day of the start or later, with its Wilson interval; as cohort_table otherwise; starts NULL: no rows, returns NULL: nobody came back; e.g. return_table(signups, orders, ''7 days'', as_of => now())';
CREATE FUNCTION return_curve(starts customer_activity, returns customer_activity,
    period interval DEFAULT '1 month', as_of timestamptz DEFAULT NULL,
    mode text DEFAULT 'on', clock text DEFAULT 'calendar', horizon integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (age integer, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 25;
COMMENT ON FUNCTION return_curve(customer_activity, customer_activity, interval, timestamptz, text, text, integer, timestamptz, double precision, date) IS 'the complete cells of return_table pooled by age: customers, those who came back, their share (0..1) and its Wilson interval; starts NULL: no rows, returns NULL: nobody came back; e.g. return_curve(signups, orders, ''7 days'', as_of => now())';

--
-- src/family/event_bytes.c, src/family/events.c
--

CREATE TYPE customer_events;

CREATE FUNCTION customer_events_in(cstring) RETURNS customer_events
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_in(cstring) IS 'I/O';
CREATE FUNCTION customer_events_out(customer_events) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_out(customer_events) IS 'I/O';
CREATE FUNCTION customer_events_recv(internal) RETURNS customer_events
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_recv(internal) IS 'I/O';
CREATE FUNCTION customer_events_send(customer_events) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_send(customer_events) IS 'I/O';

CREATE TYPE customer_events (
    INPUT = customer_events_in,
    OUTPUT = customer_events_out,
    RECEIVE = customer_events_recv,
    SEND = customer_events_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended,
    CATEGORY = 'r'
);
COMMENT ON TYPE customer_events IS 'for each customer the set of instants at which something happened, with its name; made by customer_events(customer, at, event), merged by rollup, read by funnel_table, funnel_attempts, event_table, activity and customers';

CREATE FUNCTION customer_events_eq(customer_events, customer_events) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_eq(customer_events, customer_events) IS 'implementation of an operator';
CREATE FUNCTION customer_events_ne(customer_events, customer_events) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_ne(customer_events, customer_events) IS 'implementation of an operator';
CREATE FUNCTION customer_events_lt(customer_events, customer_events) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_lt(customer_events, customer_events) IS 'implementation of an operator';
CREATE FUNCTION customer_events_le(customer_events, customer_events) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_le(customer_events, customer_events) IS 'implementation of an operator';
CREATE FUNCTION customer_events_gt(customer_events, customer_events) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_gt(customer_events, customer_events) IS 'implementation of an operator';
CREATE FUNCTION customer_events_ge(customer_events, customer_events) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_ge(customer_events, customer_events) IS 'implementation of an operator';
CREATE FUNCTION customer_events_cmp(customer_events, customer_events) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_cmp(customer_events, customer_events) IS 'less-equal-greater';
CREATE FUNCTION customer_events_hash(customer_events) RETURNS integer
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_hash(customer_events) IS 'hash';
CREATE FUNCTION customer_events_hash_extended(customer_events, bigint) RETURNS bigint
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_hash_extended(customer_events, bigint) IS 'hash';

CREATE OPERATOR = (
    LEFTARG = customer_events,
    RIGHTARG = customer_events,
    FUNCTION = customer_events_eq,
    COMMUTATOR = =,
    NEGATOR = <>,
    RESTRICT = eqsel,
    JOIN = eqjoinsel,
    HASHES,
    MERGES
);
COMMENT ON OPERATOR = (customer_events, customer_events) IS 'equal';
CREATE OPERATOR <> (
    LEFTARG = customer_events,
    RIGHTARG = customer_events,
    FUNCTION = customer_events_ne,
    COMMUTATOR = <>,
    NEGATOR = =,
    RESTRICT = neqsel,
    JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (customer_events, customer_events) IS 'not equal';
CREATE OPERATOR < (
    LEFTARG = customer_events,
    RIGHTARG = customer_events,
    FUNCTION = customer_events_lt,
    COMMUTATOR = >,
    NEGATOR = >=,
    RESTRICT = scalarltsel,
    JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (customer_events, customer_events) IS 'less than, in an order of the bytes';
CREATE OPERATOR <= (
    LEFTARG = customer_events,
    RIGHTARG = customer_events,
    FUNCTION = customer_events_le,
    COMMUTATOR = >=,
    NEGATOR = >,
    RESTRICT = scalarlesel,
    JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (customer_events, customer_events) IS 'less than or equal, in an order of the bytes';
CREATE OPERATOR > (
    LEFTARG = customer_events,
    RIGHTARG = customer_events,
    FUNCTION = customer_events_gt,
    COMMUTATOR = <,
    NEGATOR = <=,
    RESTRICT = scalargtsel,
    JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (customer_events, customer_events) IS 'greater than, in an order of the bytes';
CREATE OPERATOR >= (
    LEFTARG = customer_events,
    RIGHTARG = customer_events,
    FUNCTION = customer_events_ge,
    COMMUTATOR = <=,
    NEGATOR = <,
    RESTRICT = scalargesel,
    JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (customer_events, customer_events) IS 'greater than or equal, in an order of the bytes';

CREATE OPERATOR FAMILY customer_events_ops USING btree;
COMMENT ON OPERATOR FAMILY customer_events_ops USING btree IS 'order of the bytes';
CREATE OPERATOR CLASS customer_events_ops DEFAULT FOR TYPE customer_events USING btree
    FAMILY customer_events_ops AS
    OPERATOR 1 <,
    OPERATOR 2 <=,
    OPERATOR 3 =,
    OPERATOR 4 >=,
    OPERATOR 5 >,
    FUNCTION 1 customer_events_cmp(customer_events, customer_events);
COMMENT ON OPERATOR CLASS customer_events_ops USING btree IS 'order of the bytes';
CREATE OPERATOR FAMILY customer_events_ops USING hash;
COMMENT ON OPERATOR FAMILY customer_events_ops USING hash IS 'equal content';
CREATE OPERATOR CLASS customer_events_ops DEFAULT FOR TYPE customer_events USING hash
    FAMILY customer_events_ops AS
    OPERATOR 1 =,
    FUNCTION 1 customer_events_hash(customer_events),
    FUNCTION 2 customer_events_hash_extended(customer_events, bigint);
COMMENT ON OPERATOR CLASS customer_events_ops USING hash IS 'equal content';

CREATE FUNCTION customer_events_transfn(customer_events, customer_key, date, text) RETURNS customer_events
    AS 'MODULE_PATHNAME', 'customer_events_transfn_date' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_transfn(customer_events, customer_key, date, text) IS 'aggregate transition function';
CREATE FUNCTION customer_events_transfn(customer_events, customer_key, timestamp, text) RETURNS customer_events
    AS 'MODULE_PATHNAME', 'customer_events_transfn_timestamp' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_transfn(customer_events, customer_key, timestamp, text) IS 'aggregate transition function';
CREATE FUNCTION customer_events_transfn(customer_events, customer_key, timestamptz, text) RETURNS customer_events
    AS 'MODULE_PATHNAME', 'customer_events_transfn_timestamptz' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_transfn(customer_events, customer_key, timestamptz, text) IS 'aggregate transition function';
CREATE FUNCTION customer_events_combine(customer_events, customer_events) RETURNS customer_events
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_combine(customer_events, customer_events) IS 'aggregate combine function';
CREATE FUNCTION customer_events_finalfn(customer_events) RETURNS customer_events
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customer_events_finalfn(customer_events) IS 'aggregate final function';

CREATE AGGREGATE customer_events(customer customer_key, at date, event text) (
    SFUNC = customer_events_transfn,
    STYPE = customer_events,
    SSPACE = -1,
    FINALFUNC = customer_events_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_events_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_events(customer_key, date, text) IS 'for each customer the set of times and names of events; the order of the rows and duplicates change nothing; rows with a null argument are ignored, NULL if there are no others; at most 1,024 names of at most 255 bytes; days as written; e.g. customer_events(customer_id, visited_on, page)';
CREATE AGGREGATE customer_events(customer customer_key, at timestamp, event text) (
    SFUNC = customer_events_transfn,
    STYPE = customer_events,
    SSPACE = -1,
    FINALFUNC = customer_events_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_events_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_events(customer_key, timestamp, text) IS 'for each customer the set of times and names of events; the order of the rows and duplicates change nothing; rows with a null argument are ignored, NULL if there are no others; at most 1,024 names of at most 255 bytes; times as written; e.g. customer_events(user_id, happened_at, event)';
CREATE AGGREGATE customer_events(customer customer_key, at timestamptz, event text) (
    SFUNC = customer_events_transfn,
    STYPE = customer_events,
    SSPACE = -1,
    FINALFUNC = customer_events_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_events_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_events(customer_key, timestamptz, text) IS 'for each customer the set of times and names of events; the order of the rows and duplicates change nothing; rows with a null argument are ignored, NULL if there are no others; at most 1,024 names of at most 255 bytes; instants, whatever the time zone; e.g. customer_events(user_id, happened_at, event)';
CREATE AGGREGATE rollup(customer_events) (
    SFUNC = customer_events_combine,
    STYPE = customer_events,
    SSPACE = -1,
    FINALFUNC = customer_events_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = customer_events_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(customer_events) IS 'union of the events of several values of one kind of time; parts that overlap count once; nulls are ignored, NULL if there are no others; e.g. rollup(events)';

CREATE FUNCTION customers(customer_events) RETURNS bigint
    AS 'MODULE_PATHNAME', 'customers_events' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION customers(customer_events) IS 'number of customers with an event; NULL for NULL; e.g. customers(events)';
CREATE FUNCTION event_table(events customer_events)
    RETURNS TABLE (event text, customers bigint, events bigint)
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 20;
COMMENT ON FUNCTION event_table(customer_events) IS 'the names of a value in the order of their bytes, and of each how many customers have it and how many events there are; no rows for NULL; e.g. event_table(e)';
CREATE FUNCTION activity(events customer_events, event text DEFAULT NULL) RETURNS customer_activity
    AS 'MODULE_PATHNAME', 'activity_events' LANGUAGE C STABLE PARALLEL SAFE COST 100000;
COMMENT ON FUNCTION activity(customer_events, text) IS 'each customer''s days with an event, or with any for NULL, in the session''s time zone if they are instants, for return_table and all that reads a customer_activity; NULL for NULL events and if nobody has the event; e.g. activity(e, ''signup'')';

--
-- src/family/funnel.c
--

CREATE FUNCTION funnel_table(events customer_events, steps text[], within interval, attempt text DEFAULT 'best',
    period interval DEFAULT NULL, as_of timestamptz DEFAULT NULL, since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (period_start date, step integer, event text, customers bigint, conversion_rate double precision,
    lower double precision, upper double precision, step_rate double precision, median_seconds double precision,
    median_total_seconds double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 10;
COMMENT ON FUNCTION funnel_table(customer_events, text[], interval, text, interval, timestamptz, timestamptz, double precision, date) IS 'how many customers reach each step, in this order and in less than within after the first, with shares (0..1) of those who began and of the step before, a Wilson interval, and median seconds; of each customer the best attempt or the first counts, and only if its window is over by as_of, the start of a day, by default the last event; with a period a row for each bin in which attempts began; no rows for NULL events; e.g. funnel_table(e, ''{view,cart,buy}'', ''7 days'', as_of => now())';
CREATE FUNCTION funnel_attempts(events customer_events, steps text[], within interval, attempt text DEFAULT 'best',
    as_of timestamptz DEFAULT NULL, since timestamptz DEFAULT NULL)
    RETURNS TABLE (customer bigint, attempt bigint, step integer, event text, at timestamp)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 10000;
COMMENT ON FUNCTION funnel_attempts(customer_events, text[], interval, text, timestamptz, timestamptz) IS 'the attempts that funnel_table counts, or all that are known: a row for each step that was reached, with the number of the attempt among all of the customer, and its time as written, or on the clocks of the session''s time zone; no rows for NULL events; e.g. funnel_attempts(e, ''{view,cart,buy}'', ''7 days'', ''all'')';

--
-- src/family/bracket.c, src/family/recurring.c, src/family/active_days.c, src/family/cell_customers.c
--

CREATE FUNCTION cohort_brackets(activity customer_activity, brackets int4range[], period interval DEFAULT '1 day',
    as_of timestamptz DEFAULT NULL, clock text DEFAULT 'elapsed', since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (cohort date, bracket int4range, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 300;
COMMENT ON FUNCTION cohort_brackets(customer_activity, int4range[], interval, timestamptz, text, timestamptz, double precision, date) IS 'cohorts by the period of the first active day, and the share (0..1) of each that was active at any age of a bracket, with its Wilson interval; by default of the customers for whom the bracket''s ages, counted from their own first day, are over; one row for each bracket that has begun, its rates NULL until somebody counts; no rows for NULL activity, NULL brackets are an error; e.g. cohort_brackets(a, ARRAY[''[1,3]'',''[4,7]'']::int4range[], as_of => now())';
CREATE FUNCTION return_brackets(starts customer_activity, returns customer_activity, brackets int4range[],
    period interval DEFAULT '1 day', as_of timestamptz DEFAULT NULL, clock text DEFAULT 'elapsed',
    since timestamptz DEFAULT NULL, confidence double precision DEFAULT 0.95, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (cohort date, bracket int4range, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 300;
COMMENT ON FUNCTION return_brackets(customer_activity, customer_activity, int4range[], interval, timestamptz, text, timestamptz, double precision, date) IS 'cohorts by the period of the first day in starts, and the share (0..1) of each that was active in returns at any age of a bracket, on the day of the start or later; as cohort_brackets otherwise; starts NULL: no rows, returns NULL: nobody came back; e.g. return_brackets(signups, orders, ARRAY[''[0,0]'',''[1,7]'']::int4range[], as_of => now())';

CREATE FUNCTION recurring_table(activity customer_activity, period interval DEFAULT '1 month',
    as_of timestamptz DEFAULT NULL, horizon integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    confidence double precision DEFAULT 0.95, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (period_start date, age integer, customers bigint, retained bigint,
    retention_rate double precision, lower double precision, upper double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 300;
COMMENT ON FUNCTION recurring_table(customer_activity, interval, timestamptz, integer, timestamptz, double precision, date) IS 'all customers active in a period, new or not, and the share (0..1) of them that was active again age periods later, with its Wilson interval; one row for each period and age that has begun, its rates NULL until the later period is over, or if nobody was active; no rows for NULL; e.g. recurring_table(a, ''7 days'', as_of => now(), horizon => 8)';

CREATE FUNCTION active_days_table(activity customer_activity, periods integer DEFAULT 28,
    period interval DEFAULT '1 day', as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (active integer, customers bigint, at_least bigint, share double precision,
    share_at_least double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 28;
COMMENT ON FUNCTION active_days_table(customer_activity, integer, interval, timestamptz) IS 'for each number from 1 to periods, how many customers were active in exactly, and in at least, that many of the last periods before as_of, by default of 28 days (L28), and their shares (0..1) of those active in them at all, NULL if nobody was; no rows for NULL; e.g. active_days_table(a, 7, as_of => now())';

CREATE FUNCTION cohort_customers(activity customer_activity, cohort date, age integer,
    period interval DEFAULT '1 month', as_of timestamptz DEFAULT NULL, mode text DEFAULT 'on',
    clock text DEFAULT 'calendar', horizon integer DEFAULT NULL, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (customer bigint, first_day date, last_day date, retained boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 10000;
COMMENT ON FUNCTION cohort_customers(customer_activity, date, integer, interval, timestamptz, text, text, integer, date) IS 'the customers whom cohort_table, with the same options, counts in the cell of a cohort (any day of its period) and an age, with their first and last active day in the value, and whether they are retained; no rows for NULL activity and for a cell that there is not; e.g. cohort_customers(a, ''2024-01-01'', 2, as_of => now())';
CREATE FUNCTION return_customers(starts customer_activity, returns customer_activity, cohort date, age integer,
    period interval DEFAULT '1 month', as_of timestamptz DEFAULT NULL, mode text DEFAULT 'on',
    clock text DEFAULT 'calendar', horizon integer DEFAULT NULL, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (customer bigint, first_day date, last_day date, retained boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 10000;
COMMENT ON FUNCTION return_customers(customer_activity, customer_activity, date, integer, interval, timestamptz, text, text, integer, date) IS 'the customers whom return_table, with the same options, counts in the cell of a cohort (any day of its period) and an age, with the day of the start, the last day in returns since then, NULL if there is none, and whether they are retained; starts NULL: no rows, returns NULL: nobody came back; e.g. return_customers(signups, orders, ''2024-01-01'', 2, as_of => now())';

--
-- src/family/tracking.c
--

CREATE FUNCTION tracking_table(model purchase_model, activity customer_activity, period interval DEFAULT '7 days',
    as_of timestamptz DEFAULT NULL, origin date DEFAULT '2001-01-01')
    RETURNS TABLE (period_start date, actual bigint, expected double precision,
    cumulative_actual bigint, cumulative_expected double precision, complete boolean)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 100;
COMMENT ON FUNCTION tracking_table(purchase_model, customer_activity, interval, timestamptz, date) IS 'for each period the repeat purchases (active days after the first of the customer) and how many the model expects of the customers who have begun by then, each with its sum so far; a period that is not over before the day as_of is compared up to that day and not complete; as_of is the first day whose data are not complete, by default the day after the last active one; no rows for NULL; e.g. tracking_table(m, a, ''7 days'', as_of => now())';
CREATE FUNCTION frequency_table(model purchase_model, activity customer_activity,
    as_of timestamptz DEFAULT NULL, max_frequency integer DEFAULT 7)
    RETURNS TABLE (frequency integer, actual bigint, expected double precision)
    AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL SAFE COST 100000 ROWS 8;
COMMENT ON FUNCTION frequency_table(purchase_model, customer_activity, timestamptz, integer) IS 'for each number 0, 1, ... of repeat purchases (active days after the first) before the day as_of the customers who have made that many, and how many the model expects; the last row is max_frequency (0 to 1000) or more; both columns add up to the customers who have begun before as_of, by default the day after the last active one; no rows for NULL and if nobody has; e.g. frequency_table(m, a, as_of => ''1997-10-01'')';

--
-- src/family/purchase_fit.c, src/family/survival.c, src/family/logrank.c, src/family/contract.c: rows that stand for
-- several customers
--

CREATE FUNCTION fit_bgnbd_transfn(tally, bigint, double precision, double precision, bigint) RETURNS tally
    AS 'MODULE_PATHNAME', 'fit_bgnbd_transfn_counted' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_bgnbd_transfn(tally, bigint, double precision, double precision, bigint) IS 'aggregate transition function';
CREATE FUNCTION fit_gamma_gamma_transfn(tally, bigint, double precision, bigint) RETURNS tally
    AS 'MODULE_PATHNAME', 'fit_gamma_gamma_transfn_counted' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_gamma_gamma_transfn(tally, bigint, double precision, bigint) IS 'aggregate transition function';
CREATE FUNCTION survival_curve_transfn(tally, double precision, boolean, bigint) RETURNS tally
    AS 'MODULE_PATHNAME', 'survival_curve_transfn_counted' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transfn(tally, double precision, boolean, bigint) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, double precision, boolean, customer_key, bigint) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_counted_key' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, double precision, boolean, customer_key, bigint) IS 'aggregate transition function';
CREATE FUNCTION logrank_test_transfn(tally, double precision, boolean, boolean, bigint) RETURNS tally
    AS 'MODULE_PATHNAME', 'logrank_test_transfn_counted_boolean' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION logrank_test_transfn(tally, double precision, boolean, boolean, bigint) IS 'aggregate transition function';
CREATE FUNCTION fit_sbg_transfn(tally, double precision, boolean, bigint) RETURNS tally
    AS 'MODULE_PATHNAME', 'fit_sbg_transfn_counted' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION fit_sbg_transfn(tally, double precision, boolean, bigint) IS 'aggregate transition function';

CREATE AGGREGATE fit_bgnbd(frequency bigint, recency double precision, age double precision, customers bigint) (
    SFUNC = fit_bgnbd_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_bgnbd_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_bgnbd_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_bgnbd(bigint, double precision, double precision, bigint) IS 'maximum-likelihood fit of the BG/NBD model, one row for a number of customers: the same as fit_bgnbd(frequency, recency, age) over that many equal rows each, to the last digit; rows with a null number, or 0, count nothing, and a negative number is an error; NULL if no rows remain; e.g. SELECT fit_bgnbd(frequency, recency, age, n) FROM histories';
CREATE AGGREGATE fit_mbgnbd(frequency bigint, recency double precision, age double precision, customers bigint) (
    SFUNC = fit_bgnbd_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_mbgnbd_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_bgnbd_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_mbgnbd(bigint, double precision, double precision, bigint) IS 'maximum-likelihood fit of the MBG/NBD model, one row for a number of customers: the same as fit_mbgnbd(frequency, recency, age) over that many equal rows each, to the last digit; rows with a null number, or 0, count nothing, and a negative number is an error; NULL if no rows remain; e.g. SELECT fit_mbgnbd(frequency, recency, age, n) FROM histories';
CREATE AGGREGATE fit_pareto_nbd(frequency bigint, recency double precision, age double precision, customers bigint) (
    SFUNC = fit_bgnbd_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_pareto_nbd_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_bgnbd_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_pareto_nbd(bigint, double precision, double precision, bigint) IS 'maximum-likelihood fit of the Pareto/NBD model, one row for a number of customers: the same as fit_pareto_nbd(frequency, recency, age) over that many equal rows each, to the last digit; rows with a null number, or 0, count nothing, and a negative number is an error; NULL if no rows remain; e.g. SELECT fit_pareto_nbd(frequency, recency, age, n) FROM histories';
CREATE AGGREGATE fit_gamma_gamma(frequency bigint, monetary_value double precision, customers bigint) (
    SFUNC = fit_gamma_gamma_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_gamma_gamma_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_gamma_gamma_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_gamma_gamma(bigint, double precision, bigint) IS 'maximum-likelihood fit of the Gamma-Gamma model, one row for a number of customers: the same as fit_gamma_gamma(frequency, monetary_value) over that many equal rows each, to the last digit; rows with a null number, or 0, count nothing, and a negative number is an error; NULL if no rows remain; e.g. SELECT fit_gamma_gamma(frequency, monetary_value, n) FROM histories';
CREATE AGGREGATE survival_curve(duration double precision, churned boolean, customers bigint) (
    SFUNC = survival_curve_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = survival_curve_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = survival_curve_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(double precision, boolean, bigint) IS 'how long customers stay, one row for a number of customers: the same as survival_curve(duration, churned) over that many equal rows each, to the last digit; rows with a null number, or 0, count nothing, and a negative number is an error; NULL if no rows remain; e.g. survival_curve(tenure_months, churned, n)';
CREATE AGGREGATE logrank_test(duration double precision, churned boolean, grp customer_key, customers bigint) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(double precision, boolean, customer_key, bigint) IS 'log-rank test of whether groups stay equally long, one row for a number of customers: the same as logrank_test(duration, churned, grp) over that many equal rows each, to the last digit; rows with a null number, or 0, count nothing, and a negative number is an error; NULL for fewer than two groups; e.g. SELECT (logrank_test(months, churned, plan, n)).* FROM counts';
CREATE AGGREGATE logrank_test(duration double precision, churned boolean, grp boolean, customers bigint) (
    SFUNC = logrank_test_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = logrank_test_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = logrank_test_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE logrank_test(double precision, boolean, boolean, bigint) IS 'log-rank test of whether groups stay equally long, one row for a number of customers: the same as logrank_test(duration, churned, grp) over that many equal rows each, to the last digit; rows with a null number, or 0, count nothing, and a negative number is an error; NULL for fewer than two groups; e.g. SELECT (logrank_test(months, churned, is_member, n)).* FROM counts';
CREATE AGGREGATE fit_sbg(tenure double precision, churned boolean, customers bigint) (
    SFUNC = fit_sbg_transfn,
    STYPE = tally,
    SSPACE = -1,
    FINALFUNC = fit_sbg_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = fit_sbg_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE fit_sbg(double precision, boolean, bigint) IS 'fit of a model of contracts that are renewed or not, one row for a number of customers: the same as fit_sbg(tenure, churned) over that many equal rows each, to the last digit; rows with a null number, or 0, count nothing, and a negative number is an error; NULL if no rows remain; e.g. SELECT (fit_sbg(years, churned, n)).* FROM counts';

--
-- src/family/loyalty.c
--
CREATE FUNCTION points_balance(at date, points double precision, expires date) RETURNS double precision
    AS 'MODULE_PATHNAME', 'points_balance_date' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION points_balance(date, double precision, date) IS 'points the member has after all rows of this instant: what was earned and has neither expired nor been spent, taken from what expires first; negative if more was spent than there was; points > 0 earn and expire at the instant expires (NULL: never), points < 0 spend, NULL points are 0; NULL where at is NULL; e.g. points_balance(at, points, expires) OVER (PARTITION BY member ORDER BY at)';
CREATE FUNCTION points_balance(at timestamp, points double precision, expires timestamp) RETURNS double precision
    AS 'MODULE_PATHNAME', 'points_balance_timestamp' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION points_balance(timestamp, double precision, timestamp) IS 'points the member has after all rows of this instant: what was earned and has neither expired nor been spent, taken from what expires first; negative if more was spent than there was; points > 0 earn and expire at the instant expires (NULL: never), points < 0 spend, NULL points are 0; NULL where at is NULL; e.g. points_balance(at, points, expires) OVER (PARTITION BY member ORDER BY at)';
CREATE FUNCTION points_balance(at timestamptz, points double precision, expires timestamptz) RETURNS double precision
    AS 'MODULE_PATHNAME', 'points_balance_timestamptz' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION points_balance(timestamptz, double precision, timestamptz) IS 'points the member has after all rows of this instant: what was earned and has neither expired nor been spent, taken from what expires first; negative if more was spent than there was; points > 0 earn and expire at the instant expires (NULL: never), points < 0 spend, NULL points are 0; NULL where at is NULL; e.g. points_balance(at, points, expires) OVER (PARTITION BY member ORDER BY at)';

CREATE FUNCTION points_used(at date, points double precision, expires date, as_of date) RETURNS double precision
    AS 'MODULE_PATHNAME', 'points_used_date' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION points_used(date, double precision, date, date) IS 'how many points of this row''s earning were spent before as_of, taken from what expires first; NULL for rows that do not earn, that are not before as_of, or whose at is NULL; points > 0 earn and expire at the instant expires (NULL: never), points < 0 spend, NULL points are 0; an error for a NULL as_of; e.g. points_used(at, points, expires, current_date) OVER (PARTITION BY member ORDER BY at)';
CREATE FUNCTION points_used(at timestamp, points double precision, expires timestamp, as_of timestamp)
    RETURNS double precision
    AS 'MODULE_PATHNAME', 'points_used_timestamp' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION points_used(timestamp, double precision, timestamp, timestamp) IS 'how many points of this row''s earning were spent before as_of, taken from what expires first; NULL for rows that do not earn, that are not before as_of, or whose at is NULL; points > 0 earn and expire at the instant expires (NULL: never), points < 0 spend, NULL points are 0; an error for a NULL as_of; e.g. points_used(at, points, expires, now()) OVER (PARTITION BY member ORDER BY at)';
CREATE FUNCTION points_used(at timestamptz, points double precision, expires timestamptz, as_of timestamptz)
    RETURNS double precision
    AS 'MODULE_PATHNAME', 'points_used_timestamptz' LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE SUPPORT spell_support;
COMMENT ON FUNCTION points_used(timestamptz, double precision, timestamptz, timestamptz) IS 'how many points of this row''s earning were spent before as_of, taken from what expires first; NULL for rows that do not earn, that are not before as_of, or whose at is NULL; points > 0 earn and expire at the instant expires (NULL: never), points < 0 spend, NULL points are 0; an error for a NULL as_of; e.g. points_used(at, points, expires, now()) OVER (PARTITION BY member ORDER BY at)';

--
-- src/family/spend.c
--

CREATE TYPE spend_lift AS (treated bigint, control bigint, treated_mean double precision,
    control_mean double precision, lift double precision, lower double precision, upper double precision,
    p_value double precision);
COMMENT ON TYPE spend_lift IS 'spend of treated customers compared with that of others, in the unit of the amounts; NULL if there are no rows, e.g. (spend_lift(is_member, spend)).lift';
COMMENT ON COLUMN spend_lift.treated IS 'number of treated customers, never NULL, e.g. members of a loyalty programme';
COMMENT ON COLUMN spend_lift.control IS 'number of other customers, never NULL';
COMMENT ON COLUMN spend_lift.treated_mean IS 'mean spend of the treated customers, in the unit of the amounts; NULL if there are none';
COMMENT ON COLUMN spend_lift.control_mean IS 'mean spend of the other customers, in the unit of the amounts; NULL if there are none';
COMMENT ON COLUMN spend_lift.lift IS 'treated_mean minus control_mean, in the unit of the amounts; NULL if either is NULL';
COMMENT ON COLUMN spend_lift.lower IS 'lower bound of the lift, 95 percent confidence (Welch); NULL if a group has fewer than two customers, or if neither has any variance';
COMMENT ON COLUMN spend_lift.upper IS 'upper bound of the lift, 95 percent confidence (Welch); NULL where lower is';
COMMENT ON COLUMN spend_lift.p_value IS 'two-sided p value (0..1) of Welch''s t test; NULL where lower is';

CREATE FUNCTION spend_lift_transfn(double precision[], boolean, double precision) RETURNS double precision[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION spend_lift_transfn(double precision[], boolean, double precision) IS 'aggregate transition function';
CREATE FUNCTION spend_lift_combine(double precision[], double precision[]) RETURNS double precision[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_lift_combine(double precision[], double precision[]) IS 'aggregate combine function';
CREATE FUNCTION spend_lift_finalfn(double precision[]) RETURNS spend_lift
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_lift_finalfn(double precision[]) IS 'aggregate final function';

CREATE AGGREGATE spend_lift(treated boolean, spend double precision) (
    SFUNC = spend_lift_transfn,
    STYPE = double precision[],
    SSPACE = 192,
    FINALFUNC = spend_lift_finalfn,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = spend_lift_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE spend_lift(boolean, double precision) IS 'mean spend of treated customers minus that of others, one row each, in the unit of the amounts, with counts, 95 percent interval and p value of Welch''s t test; rows with a null treated are ignored, a null spend is 0; NULL if no rows remain; e.g. SELECT (spend_lift(is_member, spend)).* FROM customers';

--
-- in_sample, of src/store/customer_key.c
--

CREATE FUNCTION in_sample(customer customer_key, share double precision) RETURNS boolean
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION in_sample(customer_key, double precision) IS 'whether a customer is in the sample of this share (a fraction above 0, at most 1) of all customers: the same customers in every table, and a smaller share is a part of a larger one; NULL for NULL; e.g. SELECT repeat_purchase_rate(customer_id, at) FROM orders WHERE in_sample(customer_id, 0.01)';

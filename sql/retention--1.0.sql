/* sql/retention--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION retention" to load this file. \quit

--
-- src/module.c
--

CREATE FUNCTION retention_version() RETURNS text
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_version() IS 'version of the loaded retention library, e.g. retention_version() = ''1.0''';

--
-- src/customer.c
--

--
-- src/aggregate.c
--

CREATE FUNCTION counters_combine(bigint[], bigint[]) RETURNS bigint[]
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION counters_combine(bigint[], bigint[]) IS 'aggregate combine function of states that are counters';

--
-- src/stats.c
--

--
-- src/survey.c
--

--
-- src/rate.c
--

--
-- src/purchase.c
--

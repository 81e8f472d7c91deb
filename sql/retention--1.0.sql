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

--
-- src/survey.c
--

CREATE TYPE nps_summary AS (promoters bigint, passives bigint, detractors bigint);
COMMENT ON TYPE nps_summary IS 'counts (responses) behind a net promoter score; all fields NULL is as good as NULL, e.g. SELECT nps(ROW(3, 2, 2)::nps_summary)';
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

--
-- src/rate.c
--

--
-- src/purchase.c
--

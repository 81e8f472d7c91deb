--
-- counted: rows that stand for several customers, beside as many equal rows
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = error;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA counted_test;
SELECT set_config('search_path', 'counted_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- Histories of customers, each with a number of them; and the same, one by one
CREATE TABLE counted AS
	SELECT i, i % 5 AS part, x, CASE WHEN x > 0 THEN recency ELSE 0 END::double precision AS recency,
	       (recency + dice(i, 3, 200))::double precision AS age,
	       round((5 + dice(i, 4, 5000) / 100.0)::numeric, 2)::double precision AS spend,
	       1 + dice(i, 5, 12) AS tenure, dice(i, 6, 3) = 0 AS churned, dice(i, 7, 3) AS grp,
	       CASE WHEN dice(i, 8, 9) = 0 THEN 1 ELSE dice(i, 8, 9) END::bigint AS n
	FROM (SELECT i, dice(i, 1, 6) AS x, 1 + dice(i, 2, 300) AS recency FROM generate_series(1, 3000) i) s;
CREATE TABLE expanded AS SELECT c.* FROM counted c, generate_series(1, n);
CREATE VIEW by_count AS
	SELECT part, fit_bgnbd(x, recency, age, n) AS bg, fit_mbgnbd(x, recency, age, n) AS mbg,
	       fit_pareto_nbd(x, recency, age, n) AS pareto,
	       fit_gamma_gamma(x, spend, n) AS gg, survival_curve(age, churned, n) AS curve,
	       logrank_test(age, churned, grp, n) AS logrank, logrank_test(age, churned, grp = 1, n) AS logrank_boolean,
	       fit_sbg(tenure, churned, n) AS sbg
	FROM counted GROUP BY ROLLUP (part);
CREATE VIEW by_row AS
	SELECT part, fit_bgnbd(x, recency, age) AS bg, fit_mbgnbd(x, recency, age) AS mbg,
	       fit_pareto_nbd(x, recency, age) AS pareto,
	       fit_gamma_gamma(x, spend) AS gg, survival_curve(age, churned) AS curve,
	       logrank_test(age, churned, grp) AS logrank, logrank_test(age, churned, grp = 1) AS logrank_boolean,
	       fit_sbg(tenure, churned) AS sbg
	FROM expanded GROUP BY ROLLUP (part);
SELECT count(*), (SELECT count(*) FROM expanded) AS expanded FROM counted;
-- records are compared field by field, to the last bit; curves by their bytes
SELECT count(*), bool_and(a.bg *= b.bg) AS bgnbd, bool_and(a.mbg *= b.mbg) AS mbgnbd, bool_and(a.gg *= b.gg)
       AS gamma_gamma,
       bool_and(a.pareto *= b.pareto) AS pareto,
       bool_and(a.curve = b.curve) AS curve, bool_and(a.logrank *= b.logrank) AS logrank,
       bool_and(a.logrank_boolean *= b.logrank_boolean) AS logrank_boolean, bool_and(a.sbg *= b.sbg) AS sbg,
       bool_and((a.bg).customers > 1000 AND a.logrank IS NOT NULL) AS filled
FROM by_count a JOIN by_row b ON a.part IS NOT DISTINCT FROM b.part;

--
-- Small groups, which stay flat, a mixture of both forms, curves and what is merged from them
--
SELECT count(*), bool_and(a.curve = b.curve) AS curve, bool_and(a.bg *= b.bg) AS bgnbd, bool_and(a.sbg *= b.sbg) AS sbg
FROM (SELECT i / 3 AS g, survival_curve(age, churned, n) AS curve, fit_bgnbd(x, recency, age, n) AS bg,
             fit_sbg(tenure, churned, n) AS sbg FROM counted WHERE i < 60 GROUP BY g) a
JOIN (SELECT i / 3 AS g, survival_curve(age, churned) AS curve, fit_bgnbd(x, recency, age) AS bg,
             fit_sbg(tenure, churned) AS sbg FROM expanded WHERE i < 60 GROUP BY g) b USING (g);
SELECT (SELECT rollup(c) FROM (SELECT survival_curve(age, churned, n) AS c FROM counted WHERE i % 2 = 0
                               UNION ALL SELECT survival_curve(age, churned) FROM expanded WHERE i % 2 = 1) s)
       = (SELECT survival_curve(age, churned) FROM expanded) AS mixed;
-- more distinct durations than a table in the cache has, so that rows wait
SELECT (SELECT survival_curve(i * 0.1, i % 3 = 0, 2) FROM generate_series(1, 40000) i)
       = (SELECT survival_curve(i % 40000 * 0.1 + 0.1, (i % 40000 + 1) % 3 = 0) FROM generate_series(0,
           79999) i) AS large;

--
-- Moving frames, parallel plans
--
SELECT bool_and(by_count = by_row) AS frames
FROM (SELECT i, survival_curve(age, churned, n) OVER (ORDER BY i ROWS BETWEEN 5 PRECEDING AND 3 FOLLOWING) AS by_count
      FROM counted WHERE i < 200) a
JOIN (SELECT c.i, (SELECT survival_curve(age, churned) FROM expanded e WHERE e.i BETWEEN c.i - 5 AND c.i + 3
       AND e.i < 200)
             AS by_row FROM counted c WHERE i < 200) b USING (i);
SELECT parallel_check('SELECT survival_curve_send(survival_curve(age, churned, n)) AS c FROM counted');
SELECT parallel_check('SELECT fit_mbgnbd(x, recency, age, n)::text AS m FROM counted');
SELECT parallel_check('SELECT fit_gamma_gamma(x, spend, n)::text AS m FROM counted');
SELECT parallel_check('SELECT part, fit_sbg(tenure, churned, n)::text AS m FROM counted GROUP BY part');
SELECT parallel_check('SELECT logrank_test(age, churned, grp, n)::text AS m FROM counted');

--
-- NULL, 0, and no rows
--
-- what counts nothing is not looked at, whatever it is; nor are rows with a NULL elsewhere, whatever their number
SELECT fit_bgnbd(-1, -1, 'NaN', n) IS NULL AS bg, fit_mbgnbd(-1, -1, 'NaN', n) IS NULL AS mbg,
       fit_pareto_nbd(-1, -1, 'NaN', n) IS NULL AS pareto,
       fit_gamma_gamma(-1, 'NaN', n) IS NULL AS gg, survival_curve(-1, true, n) IS NULL AS curve,
       logrank_test('NaN', true, 1, n) IS NULL AS logrank, fit_sbg(0.5, true, n) IS NULL AS sbg
FROM (VALUES (0), (NULL)) v(n);
SELECT fit_bgnbd(NULL, 1, 1, n) IS NULL AS bg, fit_gamma_gamma(1, NULL, n) IS NULL AS gg, fit_gamma_gamma(0, 5,
       n) IS NULL,
       survival_curve(NULL, true, n) IS NULL AS curve, logrank_test(1, true, NULL::boolean, n) IS NULL AS logrank,
       fit_sbg(NULL, true, n) IS NULL AS sbg
FROM (VALUES (-1), (1)) v(n);
SELECT survival_curve(1, true, 1) IS NULL AS none WHERE false;
-- a null churned is false, a mean of 0 is left out
SELECT survival_curve(2, NULL, 3) = (SELECT survival_curve(2, false) FROM generate_series(1, 3)) AS null_churned;
SELECT fit_gamma_gamma(1, 0, 3) IS NULL AS free;
-- FILTER sees rows
SELECT survival_curve(1, true, n) FILTER (WHERE n > 1) = survival_curve(1, true, 5) FILTER (WHERE n = 2) AS filter
FROM (VALUES (1), (2), (3)) v(n);

--
-- Numbers of customers of each type; literals and NULLs
--
SELECT survival_curve(1, true, 2::smallint) = survival_curve(1, true, 2::bigint) AS smallint,
       survival_curve(1::numeric, true, 2) = survival_curve(1::real, true, '2') AS literal,
       survival_curve(1, NULL, NULL) IS NULL AS nulls, survival_curve('1', true, 2) IS NOT NULL AS duration,
       survival_curve(date '2024-01-01', NULL, '2024-02-01') = survival_curve('2024-01-01', NULL,
           date '2024-02-01') AS dates,
       survival_curve(NULL, NULL, now()) IS NULL AS as_of,
       logrank_test(1, NULL, 'x'::text, 2) IS NULL AS text_group, logrank_test(1, true, true, '2') IS NULL
           AS boolean_group,
       logrank_test(date '2024-01-01', NULL, '2024-02-01', 'x'::text) IS NULL AS contract,
       (fit_sbg('1', true, 2)).customers = 2 AS sbg, fit_gamma_gamma(NULL, NULL, NULL) IS NULL AS gg,
       fit_bgnbd(NULL, NULL, NULL, NULL) IS NULL AS bg;
SELECT fit_sbg(NULL, '1 year', current_date) IS NULL AS subscriptions, fit_bgnbd(NULL, '2024-01-01') IS NULL
       AS activity;
-- a type must be said where no argument has one
SELECT survival_curve('2024-01-01', NULL, '2024-02-01');
SELECT survival_curve(NULL, NULL, NULL);
-- sums of a bigint are numeric
SELECT survival_curve(1, true, sum(n)) FROM counted GROUP BY part;

--
-- Errors
--
SELECT fit_bgnbd(1, 1, 2, -1);
SELECT fit_mbgnbd(1, 1, 2, -1);
SELECT fit_pareto_nbd(1, 1, 2, -1);
SELECT fit_gamma_gamma(1, 1, -1);
SELECT survival_curve(1, true, -1);
SELECT logrank_test(1, true, 'x'::text, -1);
SELECT logrank_test(1, true, true, -1);
SELECT fit_sbg(1, true, -1);
-- rows that cannot be
SELECT fit_bgnbd(1, 3, 2, 1);
SELECT fit_gamma_gamma(1, 'NaN', 1);
SELECT survival_curve(-1, true, 1);
SELECT survival_curve('infinity'::double precision, true, 1);
SELECT logrank_test('NaN', true, 'x'::text, 1);
-- a group that is an untyped literal may be a boolean, with a number or without
SELECT logrank_test(1, true, 'x');
SELECT logrank_test(1, true, 'x', 1);
SELECT fit_sbg(0.5, true, 1);
SELECT fit_sbg(0, true, 1);
-- the largest number, and more: of one duration, of two, in small and large groups
SELECT at_risk, churned, censored FROM survival_table((SELECT survival_curve(1, true, 9223372036854775807)));
SELECT survival_curve(1, true, 9223372036854775807) FROM generate_series(1, 2);
SELECT survival_curve(i, true, 9223372036854775807) FROM generate_series(1, 2) i;
SELECT survival_curve(i, true, 9000000000000000) FROM generate_series(1, 2000) i;
SELECT fit_bgnbd(1, 1, 2 + i, 9223372036854775807) FROM generate_series(1, 2) i;
SELECT fit_gamma_gamma(1, i, 9223372036854775807) FROM generate_series(1, 2) i;
SELECT fit_sbg(i, true, 9223372036854775807) FROM generate_series(1, 2) i;
SELECT logrank_test(i, true, i = 1, 9223372036854775807) FROM generate_series(1, 2) i;
-- the support functions outside an aggregate, and with the state of another
SELECT fit_bgnbd_transfn(NULL, 1, 1, 2, 1);
SELECT survival_curve_transfn(NULL::tally, 1, true, 1);
CREATE AGGREGATE wrong(double precision, boolean, bigint)
	(SFUNC = survival_curve_transfn, STYPE = tally, FINALFUNC = fit_sbg_finalfn);
SELECT wrong(1, true, 1);
DROP SCHEMA counted_test CASCADE;

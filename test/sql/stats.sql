-- as_percent, wilson_interval, proportion_test, retention_lift
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET extra_float_digits = 0;
CREATE SCHEMA stats_test;
SELECT set_config('search_path', 'stats_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- as_percent
--
SELECT as_percent(0.8235) AS one, as_percent(0.8235, 0) AS zero, as_percent(0.8235, 3) AS three,
	   as_percent(0) AS nothing, as_percent(1) AS all_of_them, as_percent(2.0 / 3, 2) AS thirds;
-- half away from zero, on the decimal form
SELECT as_percent(0.00045, 2), as_percent(-0.00045, 2), as_percent(0.125, 0), as_percent(0.135, 0);
-- beyond 0..1
SELECT as_percent(-0.5), as_percent(12.5), as_percent(1e-300), as_percent(5e-17, 15);
SELECT length(as_percent(1e300, 0)::text);
SELECT as_percent(NULL) IS NULL AS null_rate, as_percent(NULL, 3) IS NULL AS null_rate_with_digits;
SELECT as_percent(rate => 0.25, digits => 0);
SELECT count(*) AS differ FROM generate_series(0, 2000) i
WHERE as_percent(i / 2000.0) IS DISTINCT FROM round(i / 20.0, 1);

--
-- wilson_interval
--
SELECT near(lower, 0.231, 5e-4) AS lower, near(upper, 0.882, 5e-4) AS upper FROM wilson_interval(3, 5);

-- the definition: the p with |x/n - p| = z sqrt(p (1 - p) / n)
CREATE TABLE quantiles (confidence double precision, z double precision);
INSERT INTO quantiles VALUES
	(0.5, 0.674489750196081743), (0.8, 1.28155156554460047), (0.9, 1.64485362695147271),
	(0.95, 1.95996398454005424), (0.99, 2.57582930354890076), (0.999, 3.29052673149189487);
SELECT count(*) AS intervals,
	   count(*) FILTER (WHERE near(p - w.lower, z * sqrt(w.lower * (1 - w.lower) / n))) AS lower_ok,
	   count(*) FILTER (WHERE near(w.upper - p, z * sqrt(w.upper * (1 - w.upper) / n))) AS upper_ok,
	   count(*) FILTER (WHERE 0 <= w.lower AND w.lower <= p AND p <= w.upper AND w.upper <= 1) AS inside,
	   count(*) FILTER (WHERE near(w.lower, 1 - mirror.upper)) AS mirrored
FROM (SELECT n, x, x / n::float8 AS p FROM generate_series(1, 40) n, generate_series(0, n) x) s, quantiles,
	 wilson_interval(x, n, confidence) w, wilson_interval(n - x, n, confidence) mirror;

-- exact ends
SELECT bool_and(lower = 0) AS none, bool_and(upper > 0 AND upper < 1) AS none_upper
FROM generate_series(1, 500) n, wilson_interval(0, n);
SELECT bool_and(upper = 1) AS every, bool_and(lower > 0 AND lower < 1) AS every_lower
FROM generate_series(1, 500) n, wilson_interval(n, n);

SELECT bool_and(none.lower = 0) AS none, bool_and(every.upper = 1) AS every
FROM generate_series(1, 999) i, wilson_interval(0, 7, i / 1000.0) none, wilson_interval(7, 7, i / 1000.0) every;

-- the quantile behind it, read from the upper end of 0 of 1: z^2 / (1 + z^2)
SELECT confidence, near(sqrt(upper / (1 - upper)), z, 1e-13) AS quantile
FROM quantiles, wilson_interval(0, 1, confidence) ORDER BY confidence;
SELECT near(sqrt(upper / (1 - upper)), 1.25331413731583e-6, 1e-15) AS tiny_confidence FROM wilson_interval(0, 1, 1e-6);
SELECT near(sqrt(upper / (1 - upper)), 7.03448691004784, 1e-8) AS huge_confidence FROM wilson_interval(0, 1, 1 - 2e-12);
SELECT near(sqrt(upper / (1 - upper)), 8.29236107581360, 1e-9) AS next_to_one
FROM wilson_interval(0, 1, 1 - 1.1102230246251565e-16);
SELECT lower = upper AS next_to_zero FROM wilson_interval(1, 4, 1e-300);
SELECT count(*) AS steps, bool_and(upper > previous) AS monotone
FROM (SELECT upper, lag(upper, 1, 0) OVER (ORDER BY i) AS previous
	  FROM generate_series(1, 999) i, wilson_interval(0, 1, i / 1000.0)) w;

-- few in very many: nothing cancels
SELECT near(lower * 1e15, 0.176524554935153, 1e-9) AS lower, near(upper * 1e15, 5.66493426575896, 1e-9) AS upper
FROM wilson_interval(1, 1000000000000000);
SELECT near(lower * 1e15 / 0.0141344518725329354, 1, 2e-14) AS lower
FROM wilson_interval(1, 1000000000000000, 1 - 1.1102230246251565e-16);
SELECT lower > 1 - 1e-11 AND lower < 1 AS lower, upper FROM wilson_interval(1000000000000, 1000000000000);
SELECT lower, upper FROM wilson_interval(9223372036854775807, 9223372036854775807);
SELECT lower, upper < 1e-17 AND upper > 0 AS upper FROM wilson_interval(0, 9223372036854775807);

-- wider with more confidence, narrower with more trials
SELECT bool_and(w99.lower < w95.lower AND w99.upper > w95.upper) AS wider,
	   bool_and(more.upper - more.lower < w95.upper - w95.lower) AS narrower
FROM generate_series(1, 9) x, wilson_interval(x, 10) AS w95, wilson_interval(x, 10, 0.99) AS w99,
	 wilson_interval(10 * x, 100) AS more;

-- NULL and nothing
SELECT wilson_interval(0, 0) IS NULL AS no_trials, wilson_interval(NULL, 5) IS NULL AS null_successes,
	   wilson_interval(1, NULL) IS NULL AS null_trials, wilson_interval(NULL, NULL) IS NULL AS null_both;
SELECT * FROM wilson_interval(0, 0);
SELECT (wilson_interval(successes => 5, trials => 5, confidence => 0.9)).upper;

--
-- proportion_test
--
-- 56 of 70 against 48 of 80, Newcombe's first example: 0.0524 .. 0.3339
SELECT near(difference, -0.2) AS difference, near(z, -2.6501719513, 1e-9) AS z,
       near(p_value, 0.0080450814, 1e-9) AS p_value,
	   near(lower, -0.3339, 5e-5) AS lower, near(upper, -0.0524, 5e-5) AS upper
FROM proportion_test(56, 70, 48, 80);

CREATE TABLE tables AS
SELECT x1, n1, x2, n2 FROM (VALUES (1), (2), (5), (9)) a(n1), (VALUES (1), (3), (8), (20)) b(n2),
	 generate_series(0, n1) x1, generate_series(0, n2) x2;

-- chi-square of the two-by-two table is z squared
SELECT count(*) AS tables, count(z) AS with_variance,
	   count(*) FILTER (WHERE near(difference, x2 / n2::float8 - x1 / n1::float8)) AS difference_ok,
	   count(*) FILTER (WHERE near(z * z, n * (x1 * (n2 - x2) - x2 * (n1 - x1))::float8 ^ 2 /
								nullif(n1 * n2 * x * (n - x), 0))) AS z_ok,
	   count(*) FILTER (WHERE z IS NULL OR sign(z) = sign(round(difference::numeric, 9))) AS sign_ok,
	   count(*) FILTER (WHERE (z IS NULL) = (p_value IS NULL)) AS nulls_ok,
	   count(*) FILTER (WHERE -1 <= lower AND lower <= difference AND difference <= upper AND upper <= 1) AS inside
FROM (SELECT *, n1 + n2 AS n, x1 + x2 AS x FROM tables) t, proportion_test(x1, n1, x2, n2);

-- Newcombe's interval is the square and add of two Wilson intervals
SELECT confidence,
	   count(*) FILTER (WHERE near(t.lower, difference - sqrt((p2 - w2.lower) ^ 2 + (w1.upper - p1) ^ 2))) AS lower_ok,
	   count(*) FILTER (WHERE near(t.upper, difference + sqrt((w2.upper - p2) ^ 2 + (p1 - w1.lower) ^ 2))) AS upper_ok
FROM (SELECT *, x1 / n1::float8 AS p1, x2 / n2::float8 AS p2 FROM tables) s, (VALUES (0.8), (0.95)) c(confidence),
	 proportion_test(x1, n1, x2, n2, confidence) t,
	 wilson_interval(x1, n1, confidence) w1, wilson_interval(x2, n2, confidence) w2
GROUP BY confidence ORDER BY confidence;

-- exchanging the sides changes the sign
SELECT count(*) AS tables,
	   count(*) FILTER (WHERE near(a.difference, -b.difference) AND near(a.z, -b.z) AND near(a.p_value, b.p_value)
						AND near(a.lower, -b.upper) AND near(a.upper, -b.lower)) AS antisymmetric
FROM tables, proportion_test(x1, n1, x2, n2) a, proportion_test(x2, n2, x1, n1) b;

-- p values of known z
SELECT near(z * z, 4.0 / 3) AS z, near(p_value, 0.248213078989924, 1e-12) AS p_value FROM proportion_test(0, 2, 1, 2);
SELECT near(z, 2, 1e-12) AS z, near(p_value, 0.0455002638963584, 1e-12) AS p_value FROM proportion_test(0, 2, 2, 2);
SELECT p_value > 0 AND p_value < 1e-150 AS far_out FROM proportion_test(0, 400, 400, 400);

-- nobody or everybody: no variance, but an interval
SELECT difference, z, p_value, near(lower, -upper) AS symmetric, upper > 0 AND upper < 1 AS wide
FROM proportion_test(0, 7, 0, 7);
SELECT difference, z, p_value, lower < 0 AND lower > -1 AS lower, upper > 0 AND upper < 1 AS upper
FROM proportion_test(3, 3, 9, 9);
SELECT difference, lower > 0 AND lower < 1 AS lower, upper FROM proportion_test(0, 50, 50, 50);
SELECT proportion_test(0, 0, 1, 2) IS NULL AS no_first, proportion_test(1, 2, 0, 0) IS NULL AS no_second,
	   proportion_test(NULL, 1, 1, 1) IS NULL AS null1, proportion_test(1, NULL, 1, 1) IS NULL AS null2,
	   proportion_test(1, 1, NULL, 1) IS NULL AS null3, proportion_test(1, 1, 1, NULL) IS NULL AS null4;
SELECT near(difference, 0.5) AS difference, z IS NOT NULL AS z
FROM proportion_test(2305843009213693952, 9223372036854775807, 6917529027641081856, 9223372036854775807);

--
-- retention_lift
--
-- Newcombe's first example again: 56 of 70 members stay and 48 of 80 others
CREATE TABLE programme AS
	SELECT i <= 70 AS treated, CASE WHEN i <= 70 THEN i <= 56 ELSE i <= 118 END AS retained
	FROM generate_series(1, 150) i;
SELECT (l).treated, (l).treated_retained, (l).control, (l).control_retained,
       near((l).treated_rate, 0.8) AS treated_rate, near((l).control_rate, 0.6) AS control_rate,
	   near((l).lift, 0.2) AS lift, near((l).lower, 0.0524, 5e-5) AS lower, near((l).upper, 0.3339, 5e-5) AS upper,
	   near((l).p_value, 0.0080450814, 1e-9) AS p_value
FROM (SELECT retention_lift(treated, retained) AS l FROM programme) x;
SELECT pg_typeof((l).treated) AS count, pg_typeof((l).lift) AS share
FROM (SELECT retention_lift(treated, retained) AS l FROM programme) x;

-- groups of all sizes, with NULL for what is not known: who belongs to neither
-- side is ignored, who is not known to have stayed has not
CREATE TABLE member AS
	SELECT i, i % 300 AS g,
	       CASE hashint8extended(i, 1) & 7 WHEN 0 THEN NULL WHEN 1 THEN true WHEN 2 THEN true
	            ELSE hashint8extended(i, 2) & 3 = 0 END AS treated,
		   CASE hashint8extended(i, 3) & 3 WHEN 0 THEN NULL WHEN 1 THEN false ELSE true END AS retained
	FROM generate_series(1::bigint, 6000) i WHERE hashint8extended(i % 300, 4) & 31 > i / 300;
CREATE INDEX ON member (i);
ANALYZE member;
CREATE TABLE member_oracle AS
	SELECT g, count(*) FILTER (WHERE treated) AS nt, count(*) FILTER (WHERE treated AND retained) AS xt,
		   count(*) FILTER (WHERE NOT treated) AS nc, count(*) FILTER (WHERE NOT treated AND retained) AS xc FROM member
    GROUP BY g;
SELECT count(*) AS groups, count(l) AS lifts, count(*) FILTER (WHERE (l).lift IS NULL) > 5 AS partly_null,
	   count(*) FILTER (WHERE (l IS NULL) <> (nt + nc = 0)
	                      OR nt + nc > 0
	                      AND ((l).treated, (l).treated_retained, (l).control, (l).control_retained)
	                          IS DISTINCT FROM (nt, xt, nc, xc)) AS counts_wrong,
	   count(*) FILTER (WHERE NOT (near((l).treated_rate, xt / nullif(nt, 0)::float8)
	                               AND near((l).control_rate, xc / nullif(nc, 0)::float8)
	                               AND near((l).lift,
	                                        xt / nullif(nt, 0)::float8 - xc / nullif(nc, 0)::float8))) AS rates_wrong,
	   count(*) FILTER (WHERE NOT (near((l).lower,
	                                    (l).lift - sqrt(((l).treated_rate - (wt).lower) ^ 2
	                                                        + ((wc).upper - (l).control_rate) ^ 2))
								   AND near((l).upper,
								            (l).lift + sqrt(((wt).upper - (l).treated_rate) ^ 2
								                            + ((l).control_rate - (wc).lower) ^ 2)))) AS interval_wrong,
	   count(*) FILTER (WHERE NOT near((l).p_value, (p).p_value) OR NOT near((l).lift, (p).difference)
	                      OR NOT near((l).lower, (p).lower) OR NOT near((l).upper, (p).upper)) AS test_wrong
FROM (SELECT *, proportion_test(xc, nc, xt, nt) AS p, wilson_interval(xt, nt) AS wt, wilson_interval(xc, nc) AS wc
      FROM member_oracle) o
JOIN (SELECT g, retention_lift(treated, retained) AS l FROM member GROUP BY g) m USING (g);
SELECT retention_lift(treated, retained) FROM member WHERE false;
SELECT retention_lift(NULL, retained), retention_lift(NULL, NULL) FROM member;
-- a null is a null whatever the expression leaves beside it, here and elsewhere: NOT leaves true
CREATE TABLE flag AS SELECT i AS t, i % 4 AS g, nullif(i % 3, 0) = 1 AS f, nullif(i % 5, 0) < 3 AS e
FROM generate_series(1, 60) i;
SET client_min_messages = error;
SELECT retention_lift(NOT f, NOT e) = retention_lift(NOT f, coalesce(NOT e, false)) FILTER (WHERE f IS NOT NULL) AS l,
       spend_lift(NOT f, t) = spend_lift(NOT f, t) FILTER (WHERE f IS NOT NULL) AS spend,
       survival_curve(t, NOT e) = survival_curve(t, coalesce(NOT e, false)) AS curve,
       survival_curve(t, NOT e, g) = survival_curve(t, coalesce(NOT e, false), g) AS counted_curve,
       logrank_test(t, NOT e, g) = logrank_test(t, coalesce(NOT e, false), g) AS logrank,
       logrank_test(t, true, NOT f) = logrank_test(t, true, NOT f) FILTER (WHERE f IS NOT NULL) AS logrank_groups,
       fit_sbg(t, NOT e) = fit_sbg(t, coalesce(NOT e, false)) AS sbg
FROM flag;
RESET client_min_messages;
-- one side alone: its count, and no comparison
SELECT retention_lift(true, retained) FROM generate_series(1, 4) i, (VALUES (true)) v(retained);
SELECT retention_lift(false, NULL) FROM generate_series(1, 3) i;
-- everybody stayed: no variance to test with, but an interval
SELECT (l).lift, (l).p_value, (l).lower < 0 AND (l).lower > -1 AS lower, (l).upper > 0 AND (l).upper < 1 AS upper
FROM (SELECT retention_lift(i % 2 = 0, true) AS l FROM generate_series(1, 20) i) x;
-- members against others is others against members with the sign changed
SELECT count(*) AS groups,
       count(*) FILTER (WHERE near((a).lift, -(b).lift) AND near((a).lower, -(b).upper) AND near((a).upper, -(b).lower)
                          AND near((a).p_value, (b).p_value)
                        AND (a).treated = (b).control AND (a).control_retained = (b).treated_retained) AS mirrored
FROM (SELECT retention_lift(treated, retained) AS a, retention_lift(NOT treated, retained) AS b
      FROM member GROUP BY g HAVING bool_or(treated IS NOT NULL)) x;

-- frames that move against a query over their rows
CREATE FUNCTION check_lift(frame text, condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
	wrong bigint;
	different bigint;
BEGIN
	EXECUTE format($q$
		SELECT count(*), count(*) FILTER (WHERE l IS DISTINCT FROM b), count(DISTINCT l::text)
		FROM (SELECT *, retention_lift(treated, retained) OVER (PARTITION BY g %% 3 ORDER BY i %1$s) AS l
		      FROM member WHERE i <= 1200) o,
			 LATERAL (SELECT retention_lift(treated, retained) AS b
			          FROM member m WHERE m.i <= 1200 AND m.g %% 3 = o.g %% 3 AND %2$s) b$q$,
			 frame, condition)
	INTO n, wrong, different;
	RETURN format('%s rows, %s wrong, %s', n > 800, wrong, different > 100);
END $$;
SELECT n, check_lift(frame, condition)
FROM (VALUES (1, '', 'm.i <= o.i'), (2, 'RANGE BETWEEN 90 PRECEDING AND CURRENT ROW', 'm.i BETWEEN o.i - 90 AND o.i'),
			 (3, 'RANGE BETWEEN 150 PRECEDING AND 60 PRECEDING', 'm.i BETWEEN o.i - 150 AND o.i - 60'),
			 (4, 'RANGE BETWEEN 40 FOLLOWING AND 120 FOLLOWING', 'm.i BETWEEN o.i + 40 AND o.i + 120'),
			 (5, 'RANGE BETWEEN 60 PRECEDING AND 60 FOLLOWING EXCLUDE CURRENT ROW',
			  'm.i BETWEEN o.i - 60 AND o.i + 60 AND m.i <> o.i'),
			 (6, 'RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING', 'm.i >= o.i')) v(n, frame, condition) ORDER BY n;
-- in and out, down to an empty frame
SELECT count(*) AS rows, count(l) AS with_rows, count(*) FILTER (WHERE (l).treated + (l).control > 1) AS wrong
FROM (SELECT i, retention_lift(true, i % 2 = 0) OVER (ORDER BY i RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING) AS l
      FROM generate_series(1, 100) i WHERE i % 3 > 0) x;
SELECT aggminvtransfn <> 0 AS inverse, aggcombinefn <> 0 AS combine
FROM pg_aggregate WHERE aggfnoid = 'retention_lift(boolean, boolean)'::regprocedure;

-- filters, sets of groups, many groups, parallel workers
SELECT retention_lift(treated, retained) FILTER (WHERE g % 2 = 0)
           = (SELECT retention_lift(treated, retained) FROM member WHERE g % 2 = 0) AS filtered
FROM member;
SELECT count(*) AS sets,
       count(*) FILTER (WHERE l IS DISTINCT FROM (SELECT retention_lift(treated, retained)
                                                  FROM member WHERE k IS NULL OR g % 4 = k)) AS wrong
FROM (SELECT g % 4 AS k, retention_lift(treated, retained) AS l FROM member GROUP BY ROLLUP (g % 4)) x;
SELECT count(*) AS groups, sum((l).treated) AS treated, sum((l).control) AS control,
       sum((l).treated_retained) AS treated_retained, sum((l).control_retained) AS control_retained
FROM (SELECT i % 100000 AS g, retention_lift(i % 3 = 0, i % 2 = 0) AS l FROM generate_series(1, 300000) i GROUP BY 1) x;
CREATE TABLE member_rows AS SELECT m.* FROM member m, generate_series(1, 40);
ANALYZE member_rows;
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_leader_participation = off;
SELECT plan_nodes('SELECT retention_lift(treated, retained) FROM member_rows') @>
           '{Gather,"Partial Aggregate"}' AS partial;
CREATE TEMP TABLE parallel_lift AS
	SELECT g, retention_lift(treated, retained) AS l
	FROM member_rows GROUP BY ROLLUP (g);
CREATE TEMP TABLE parallel_all AS
	SELECT retention_lift(treated, retained) AS l, retention_lift(treated, retained) FILTER (WHERE i < 0) AS none
	FROM member_rows;
SET LOCAL max_parallel_workers_per_gather = 0;
SELECT count(*) AS groups, count(*) FILTER (WHERE p.l IS DISTINCT FROM s.l) AS differ
FROM parallel_lift p
JOIN (SELECT g, retention_lift(treated, retained) AS l FROM member_rows GROUP BY ROLLUP (g)) s
    ON p.g IS NOT DISTINCT FROM s.g;
SELECT (l).treated = 40 * (SELECT count(*) FROM member WHERE treated) AS treated,
       (l).control_retained = 40 * (SELECT count(*) FROM member WHERE NOT treated AND retained) AS control_retained,
       none
FROM parallel_all;
COMMIT;

--
-- Errors
--
\set VERBOSITY sqlstate
SELECT as_percent('NaN');
SELECT as_percent('Infinity');
SELECT as_percent('-Infinity', 2);
SELECT as_percent(0.5, -1);
SELECT as_percent(0.5, 16);
SELECT as_percent(0.5, NULL);
SELECT as_percent(NULL, 16);
SELECT wilson_interval(6, 5);
SELECT wilson_interval(1, 0);
SELECT wilson_interval(-1, 5);
SELECT wilson_interval(-2, -1);
SELECT wilson_interval(0, -1);
SELECT wilson_interval(3, 5, NULL);
SELECT wilson_interval(NULL, 5, NULL);
SELECT wilson_interval(3, 5, 0);
SELECT wilson_interval(3, 5, 1);
SELECT wilson_interval(3, 5, -0.95);
SELECT wilson_interval(3, 5, 95);
SELECT wilson_interval(3, 5, 'NaN');
SELECT wilson_interval(3, 5, 'Infinity');
SELECT wilson_interval(NULL, 5, 95);
SELECT proportion_test(6, 5, 1, 2);
SELECT proportion_test(1, 5, 3, 2);
SELECT proportion_test(-1, 5, 1, 2);
SELECT proportion_test(1, 5, 1, -2);
SELECT proportion_test(1, 5, -1, 2);
SELECT proportion_test(0, -5, 1, 2);
SELECT proportion_test(1, 5, 1, 2, NULL);
SELECT proportion_test(1, 5, 1, 2, 1.5);
\set VERBOSITY default
SELECT wilson_interval(3, 5, 95);
SELECT wilson_interval(6, 5);
SELECT wilson_interval(-6, 5);
SELECT as_percent('NaN');
SELECT as_percent(0.5, 16);

SET client_min_messages = warning;
DROP SCHEMA stats_test CASCADE;

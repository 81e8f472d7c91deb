--
-- purchase_model: who will come back, and what they are worth
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = error;
SET statement_timeout = '120s';
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA purchase_model_test;
SELECT set_config('search_path', 'purchase_model_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- 4,000 customers of a BG/NBD and as many of an MBG/NBD, with their models, of
-- all and of four cohorts each; and two models of spending
CREATE TABLE fact AS
	SELECT row_number() OVER () AS i, CASE k WHEN 0 THEN 'bg' ELSE 'mbg' END AS kind, i % 4 AS cohort,
	       x AS frequency, t_x AS recency, t AS age
	FROM generate_series(0, 1) k, generate_series(1, 4000) i,
	     LATERAL (SELECT (200 + rnd(i, 5, 12) * 14)::double precision AS t) l, draw(i + 100000 * k, k, t) d;
ANALYZE fact;
CREATE TABLE model AS
	SELECT kind || coalesce(cohort::text, '') AS grp, fit_bgnbd(frequency, recency, age) AS m
	FROM fact WHERE kind = 'bg' GROUP BY kind, ROLLUP (cohort)
	UNION ALL SELECT kind || coalesce(cohort::text, ''), fit_mbgnbd(frequency, recency, age)
	FROM fact WHERE kind = 'mbg' GROUP BY kind, ROLLUP (cohort);
CREATE TABLE spend AS
	SELECT grp, fit_gamma_gamma(1 + rnd(i, 6, 5), 5 + rnd(i, length(grp), 40)) AS s
	FROM unnest(ARRAY['small', 'drawn out']) grp, generate_series(1, 300) i GROUP BY grp;

--
-- Expected purchases, against an integral
--
-- Given lambda and p a living customer makes (1 - exp(-lambda p t)) / p
-- purchases in t.  lambda is gamma(r + x, alpha + T), p is beta(a, b + x + k):
-- over lambda in closed form, over p by the trapezoidal rule in v, where
-- p = 1 / (1 + exp(-s)) and s = ln(a / (b + x + k)) + width sinh(v).
CREATE FUNCTION nodes(a double precision, b double precision, OUT p double precision, OUT w double precision) RETURNS
    SETOF record
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	s double precision;
	l double precision;
	-- near the largest
	peak double precision := a * ln(a / (a + b)) + b * ln(b / (a + b));
BEGIN
	FOR v IN -448 .. 448 LOOP
		s := ln(a / b) + sqrt(1 / a + 1 / b) * sinh(v / 64.0::double precision);
		CONTINUE WHEN abs(s) > 690;
		l := a * least(0, s) - b * greatest(0, s) - (a + b) * log1p(exp(-abs(s))) + ln(cosh(v / 64.0::double precision))
		    - peak;
		CONTINUE WHEN l < -38;
		p := CASE WHEN s > 0 THEN 1 / (1 + exp(-s)) ELSE exp(s) / (1 + exp(s)) END;
		w := exp(l);
		RETURN NEXT;
	END LOOP;
END $$;
CREATE
    FUNCTION oracle_alive(k int, r double precision, alpha double precision, a double precision, b double precision,
                          x bigint, t_x double precision, t double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE BEGIN ATOMIC
	-- with p integrated out: alive (1 - p)^(x + k), gone p (1 - p)^(x + k - 1)
	SELECT CASE WHEN x + k = 0 THEN 1
	            ELSE 1 / (1 + sum(w * p) / sum(w * (1 - p)) * exp((r + x) * log1p((t - t_x) / (alpha + t_x)))) END
	FROM nodes(a, CASE WHEN x + k = 0 THEN 1 ELSE b + x + k - 1 END);
END;
-- of a customer who is alive
CREATE
    FUNCTION oracle_purchases(k int, r double precision, alpha double precision, a double precision, b double precision,
                              x bigint, t double precision, horizon double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE BEGIN ATOMIC
	SELECT sum(w * -expm1(-(r + x) * log1p(p * horizon / (alpha + t))) / p) / sum(w) FROM nodes(a, b + x + k);
END;
-- the papers' own form where it is tame: x = 0 of a BG/NBD, r + x = 1, a = 2
SELECT close(oracle_purchases(0, 1, 10, 2, 3, 0, 0, 5),
             (2 + 3 - 1) / (2 - 1.0) * (1 - 10 / 15.0 * (
                 SELECT sum(power(1 / 3.0, n) * term)
                 FROM (SELECT n, (SELECT coalesce(exp(sum(ln((1.0 + j) * (3 + j) / ((4 + j) * (1 + j))))), 1)
                                  FROM generate_series(0, n - 1) j) AS term
                       FROM generate_series(0, 60) n) q)),
             1e-13) AS agree;
CREATE
    FUNCTION with_parameters(m purchase_model, k int, r double precision, alpha double precision, a double precision,
                             b double precision) RETURNS purchase_model
LANGUAGE sql IMMUTABLE
RETURN jsonb_populate_record(m,
                             jsonb_build_object('model', CASE k WHEN 0 THEN 'BG/NBD' ELSE 'MBG/NBD' END, 'r', r,
                                                'alpha', alpha, 'a', a, 'b', b));
CREATE TABLE grid AS
	SELECT row_number() OVER () AS i, with_parameters(m, k, r, alpha, a, b) AS m, k, r, alpha, a, b, x, t_x, t, horizon
	FROM (SELECT m FROM model WHERE grp = 'bg') z, generate_series(0, 1) k,
	     unnest(ARRAY[0.05, 0.25, 3]::double precision[]) r, unnest(ARRAY[0.5, 31]::double precision[]) alpha,
	     unnest(ARRAY[0.05, 0.4, 0.999999, 1, 1.0000001, 3, 20]::double precision[]) a,
	     unnest(ARRAY[0.06, 0.6, 1, 2.5, 40]::double precision[]) b,
	     (VALUES (0::bigint, 0::double precision, 0::double precision), (0, 0, 0.5), (0, 0, 300), (1, 1, 1),
	             (1, 40, 250), (3, 100.5, 200.25), (26, 216, 217), (500, 3000, 3100),
	             (10000, 20000, 20000)) c(x, t_x, t),
	     unnest(ARRAY[0.125, 30, 273, 3650]::double precision[]) horizon;
DELETE FROM grid WHERE rnd(i, 22, 30) > 0;
SELECT count(*) > 400 AS cases, count(*) FILTER (WHERE a = 1) > 40 AS singular,
       count(*) FILTER (WHERE x = 10000) > 40 AS heavy, count(*) FILTER (WHERE t = 0) > 40 AS new
FROM grid;
CREATE TABLE answer AS
	SELECT *, oracle_alive(k, r, alpha, a, b, x, t_x, t) AS alive,
	       oracle_purchases(k, r, alpha, a, b, x, t, horizon) AS purchases
	FROM grid;
SELECT i, k, r, alpha, a, b, x, t_x, t, p, alive
FROM answer, LATERAL (SELECT p_alive(m, x, t_x, t) AS p) l WHERE NOT coalesce(close(p, alive, 1e-11), false) LIMIT 5;
SELECT i, k, r, alpha, a, b, x, t_x, t, horizon, e, alive * purchases
FROM answer, LATERAL (SELECT expected_purchases(m, x, t_x, t, horizon * interval '1 day') AS e) l
WHERE NOT coalesce(close(e, alive * purchases, 1e-11), false) LIMIT 5;
-- the chance of not one purchase: the expectation of exp(-lambda t)
SELECT i, k, r, alpha, a, b, x, t_x, t, horizon, c, o
FROM answer,
     LATERAL (SELECT churn_risk(m, x, t_x, t, horizon * interval '1 day') AS c,
                     1 - alive * -expm1(-(r + x) * log1p(horizon / (alpha + t))) AS o) l
WHERE NOT coalesce(abs(c - o) <= 1e-12, false) LIMIT 5;
-- far beyond: very many purchases, very long times, hardly any
SELECT x, t, horizon, k,
       close(expected_purchases(l.m, x, t, t, horizon),
             oracle_alive(k, 0.25, 31, 0.8, 2.5, x, t, t)
                 * oracle_purchases(k, 0.25, 31, 0.8, 2.5, x, t, extract(epoch FROM horizon) / 86400),
             1e-9) AS expected
FROM (SELECT m FROM model WHERE grp = 'bg') z, generate_series(0, 1) k,
     LATERAL (SELECT with_parameters(z.m, k, 0.25, 31, 0.8, 2.5)) l(m),
     (VALUES (1000000::bigint, 1000000::double precision), (1000, 1000000), (100000, 3)) c(x, t),
     (VALUES (interval '1 day'), ('1000 days'), ('100000 days')) h(horizon)
WHERE t >= 3 ORDER BY x, horizon, k;

-- and along the ridges of fits: next to a Poisson process, next to one chance
-- for all, next to nobody leaving
SELECT r, alpha, a, b, k, bool_and(close(p_alive(l.m, x, t_x, t), alive, 1e-8)) AS p_alive,
       bool_and(close(expected_purchases(l.m, x, t_x, t, horizon * interval '1 day'), alive * purchases,
                      1e-8)) AS expected
FROM (SELECT m FROM model WHERE grp = 'bg') z, generate_series(0, 1) k,
     (VALUES (1e6, 1e7, 0.8, 2.5), (0.25, 31, 1e5, 2e5), (0.25, 31, 0.5, 1e6), (1e6, 1e7, 1e5, 2e5),
             (1e-6, 31, 0.8, 2.5)) v(r, alpha, a, b),
     (VALUES (0::bigint, 0, 0), (0, 0, 300), (3, 100, 130), (40, 299, 300)) c(x, t_x, t),
     (VALUES (30.0::double precision), (365)) h(horizon), LATERAL (SELECT with_parameters(z.m, k, r, alpha, a, b)) l(m),
     LATERAL (SELECT oracle_alive(k, r, alpha, a, b, x, t_x, t) AS alive,
                     oracle_purchases(k, r, alpha, a, b, x, t, horizon) AS purchases) o
GROUP BY r, alpha, a, b, k ORDER BY r, alpha, a, b, k;

-- limits, by hand: BG/NBD r = 2, alpha = 60, a = 1, b = 3
CREATE TABLE round_model AS
	SELECT k, with_parameters(m, k, 2, 60, 1, 3) AS m
	FROM (SELECT m FROM model WHERE grp = 'bg') z, generate_series(0, 1) k;
-- never bought again: alive for the one, and one coin of four for the other
SELECT k, p_alive(m, 0, 0, 0) AS new, p_alive(m, 0, 0, 1000) AS long_ago, p_alive(m, 1, 60, 60) AS on_the_last_day
FROM round_model ORDER BY k;
SELECT k, p_alive(m, 0, 0, 60) AS quiet, p_alive(m, 1, 60, 180) AS a_second_time FROM round_model ORDER BY k;
-- a = 1, no history: E = c ln(...) ...; nothing happens in no time
SELECT k, expected_purchases(m, 3, 50, 60, '0') AS expected, churn_risk(m, 3, 50, 60, '0') AS risk,
       expected_purchases(m, 0, 0, 0, '0') AS new
FROM round_model ORDER BY k;
-- how an interval becomes days
SELECT days,
       close(expected_purchases(m, 3, 50, 60, within), expected_purchases(m, 3, 50, 60, days * interval '1 day'),
             1e-13) AS same,
       close(churn_risk(m, 3, 50, 60, within), churn_risk(m, 3, 50, 60, days * interval '1 day'), 1e-13) AS risk
FROM (SELECT m FROM round_model WHERE k = 1) z,
     (VALUES (interval '1 year', 365.25), ('1 month', 30.4375), ('12 hours', 0.5), ('1 week', 7),
             ('3 months -1 day', 90.3125), ('1 day -12 hours', 0.5), ('1.5 hours', 0.0625),
             ('90 minutes', 0.0625)) v(within, days);
-- what grows and what falls
SELECT k, bool_and(e >= e0) AS longer, bool_and(r <= r0) AS risk_of_longer FROM (
	SELECT k, days, e, lag(e, 1, 0) OVER w AS e0, r, lag(r, 1, 1) OVER w AS r0
	FROM round_model, generate_series(0, 2000, 40) days,
	     LATERAL (SELECT expected_purchases(m, 4, 100, 130, days * interval '1 day') AS e,
	                     churn_risk(m, 4, 100, 130, days * interval '1 day') AS r) l
	WINDOW w AS (PARTITION BY k ORDER BY days)) x GROUP BY k ORDER BY k;
SELECT k, bool_and(p < p0) AS longer_silence, bool_and(p BETWEEN 0 AND 1) AS share FROM (
	SELECT k, p, lag(p, 1, 2) OVER (PARTITION BY k ORDER BY age) AS p0
	FROM round_model, generate_series(100, 2000, 50) age, LATERAL (SELECT p_alive(m, 4, 100, age) AS p) l) x GROUP BY k
	ORDER BY k;
SELECT k, bool_and(p > p0) AS seen_later FROM (
	SELECT k, p, lag(p, 1, -1) OVER (PARTITION BY k ORDER BY recency) AS p0
	FROM round_model, generate_series(10, 500, 10) recency, LATERAL (SELECT p_alive(m, 4, recency, 500) AS p) l) x
	GROUP BY k ORDER BY k;

--
-- Expected spend and lifetime value
--
CREATE TABLE round_spend AS
	SELECT jsonb_populate_record(s, '{"p": 6, "q": 4, "v": 15}') AS s
	FROM spend WHERE grp = 'small';
-- p (v + x m) / (p x + q - 1): 6 x 15 / 3, 6 (15 + 20) / 9, 6 (15 + 60) / 21; the mean of many purchases is believed
SELECT expected_spend(s, 0, NULL) AS nobody_knows,
       close(expected_spend(s, 1, 20), 70 / 3.0::double precision, 1e-14) AS one,
       close(expected_spend(s, 3, 20), 150 / 7.0::double precision, 1e-14) AS three,
       abs(expected_spend(s, 1000000, 20) - 20) < 1e-4 AS many
FROM round_spend;
-- given nu, the mean is p / nu; nu is gamma(p x + q, v + x m): against an integral
SELECT x, m, close(expected_spend(s, x, m), 6 * sum(w / nu) / sum(w), 1e-10) AS agree
FROM round_spend, (VALUES (1::bigint, 20::double precision), (3, 7.5), (40, 300)) c(x, m), LATERAL (
	SELECT nu, exp(greatest(-200, (6 * x + 4) * (ln(nu) - ln(peak)) - (15 + x * m) * (nu - peak))) AS w
	FROM (SELECT (6 * x + 4) / (15 + x * m) AS peak) k,
	     LATERAL (SELECT peak * exp(u / 100.0::double precision) AS nu FROM generate_series(-600, 300) u) n) l
	GROUP BY x, m, s ORDER BY x;
-- nothing, or less than nothing: what 0 lets expect, and never NULL
SELECT x, m, close(expected_spend(s, x, m), 90.0::double precision / (6 * x + 3), 1e-14) AS spend,
       expected_spend(s, x, m) = expected_spend(s, x, 0) AS as_0
FROM round_spend,
     (VALUES (1, 0), (1, '-0'), (1, -1), (4, -1e300), (1000000, -5), (3, '-1e-300'::double precision)) c(x, m);
-- no mean, or none yet
SELECT q, p, x,
       expected_spend(jsonb_populate_record(s, jsonb_build_object('q', q, 'p', p)), x, CASE WHEN x > 0 THEN 10 END) IS
           NULL AS none
FROM round_spend,
     (VALUES (1, 6, 0), (0.5, 6, 0), (0.5, 6, 1), (0.3, 0.5, 1), (0.5, 0.5, 1), (0.5, 0.25, 3),
             (1.000001, 6, 0)) v(q, p, x);
SELECT expected_spend(s, 3, NULL) IS NULL AS unknown, expected_spend(NULL, 3, 20) IS NULL AS model,
       expected_spend(s, NULL, 20) IS NULL AS frequency
FROM round_spend;
SELECT x, v, outcome(format('SELECT expected_spend(s, %s, %s) FROM round_spend', x, v))
FROM (VALUES ('-1', '5'), ('2', '0'), ('2', '-1'), ('2', '''NaN'''), ('2', '''Infinity''')) c(x, v);

-- Discounted day by day: the density of purchases of a living customer at t is
-- that of (r + x) (alpha + T)^(r + x) / (alpha + T + p t)^(r + x + 1), over p;
-- over t by Simpson's rule, t = (alpha + T) (e^u - 1)
CREATE FUNCTION oracle_clv(k int, r double precision, alpha double precision, a double precision, b double precision,
                           x bigint, t_x double precision, t double precision, horizon double precision,
                           discount double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE BEGIN ATOMIC
	WITH n AS MATERIALIZED (SELECT p, w / sum(w) OVER () AS w
	                        FROM (SELECT p, w, row_number() OVER () AS i FROM nodes(a, b + x + k)) o WHERE i % 2 = 0)
	SELECT oracle_alive(k, r, alpha, a, b, x, t_x, t)
	       * sum(simpson * exp(u) * (alpha + t) * power(1 + discount, -at / 365.25) * w * (r + x) / (alpha + t)
	             * exp(greatest(-300, -(r + x + 1) * log1p(p * at / (alpha + t)))))
	FROM n,
	     (SELECT i * range / 400 AS u, (alpha + t) * expm1(i * range / 400) AS at,
	             CASE WHEN i IN (0, 400) THEN 1 WHEN i % 2 = 1 THEN 4 ELSE 2 END * range / 1200 AS simpson
	      FROM generate_series(0, 400) i, log1p(horizon / (alpha + t)) range) s;
END;
SELECT close(oracle_clv(1, 2, 60, 1, 3, 4, 100, 130, 400, 0),
             oracle_alive(1, 2, 60, 1, 3, 4, 100, 130) * oracle_purchases(1, 2, 60, 1, 3, 4, 130, 400),
             1e-9) AS undiscounted;
CREATE TABLE discounted AS
	SELECT *, (ARRAY[0.02, 0.1, 1])[1 + i % 3] AS discount
	FROM grid WHERE rnd(i, 23, 16) = 0 AND a < 20 AND x < 1000;
-- and the steepest: somebody new, who may buy soon or hardly ever
INSERT INTO discounted
	SELECT i, m, k, r, alpha, a, b, 0, 0, 0, 3650, 1
	FROM (SELECT *, row_number() OVER (PARTITION BY k, alpha ORDER BY i) AS n FROM grid WHERE t = 0 AND a < 20) g
	WHERE n = 1;
SELECT count(*) >= 15 AS cases, count(*) FILTER (WHERE horizon > 100 * (alpha + t)) > 3 AS steep FROM discounted;
SELECT i, k, x, t_x, t, horizon, discount, c, o
FROM discounted, round_spend,
     LATERAL (SELECT clv(m, s, x, t_x, t, CASE WHEN x > 0 THEN 20.0 END, horizon * interval '1 day', discount) AS c,
                     CASE WHEN x > 0 THEN 6 * (15 + x * 20) / (6.0 * x + 3) ELSE 30 END
                         * oracle_clv(k, r, alpha, a, b, x, t_x, t, horizon, discount) AS o) l
WHERE NOT coalesce(close(c, o, 1e-8), false) LIMIT 5;
-- undiscounted it is purchases times spend, and so by default
SELECT count(*) AS cases, count(*) FILTER (WHERE NOT close(d, e, 1e-12) OR NOT close(z, e, 1e-12)) AS wrong
FROM grid, round_spend,
     LATERAL (SELECT clv(m, s, x, t_x, t, CASE WHEN x > 0 THEN 33.0 END, horizon * interval '1 day') AS d,
                     clv(m, s, x, t_x, t, CASE WHEN x > 0 THEN 33.0 END, horizon * interval '1 day',
                         annual_discount => 0) AS z,
                     expected_purchases(m, x, t_x, t, horizon * interval '1 day')
                         * expected_spend(s, x, CASE WHEN x > 0 THEN 33.0 END) AS e) l
              HAVING count(*) > 100;
-- the year of discounting has 365.25 days
SELECT k, bool_and(v < v0) AS more_discount, bool_and(v > 0) AS worth FROM (
	SELECT k, v, lag(v, 1, 1e9) OVER (PARTITION BY k ORDER BY d) AS v0
	FROM round_model, round_spend, generate_series(0, 3, 0.25) d,
	     LATERAL (SELECT clv(m, s, 4, 100, 130, 25, '3 years', d::double precision) AS v) l) x
	GROUP BY k ORDER BY k;
SELECT k, bool_and(v > v0) AS longer FROM (
	SELECT k, v, lag(v, 1, 0) OVER (PARTITION BY k ORDER BY days) AS v0
	FROM round_model, round_spend, generate_series(30, 3000, 30) days,
	     LATERAL (SELECT clv(m, s, 4, 100, 130, 25, days * interval '1 day', 0.1) AS v) l) x
	GROUP BY k ORDER BY k;
SELECT clv(m, s, 4, 100, 130, 25, '0', 0.1) AS no_time, clv(m, s, 4, 100, 130, NULL, '1 year', 0.1) IS NULL AS no_value,
       clv(m, s, 0, 0, 130, NULL, '1 year', 0.1) > 0 AS never_again,
       clv(m, jsonb_populate_record(s, '{"q": 0.5}'), 0, 0, 130, NULL, '1 year', 0.1) IS NULL AS no_mean
FROM round_model, round_spend WHERE k = 1;

--
-- nobody has a NULL value: whoever bought, and whatever was sent back
SELECT count(*) AS customers, bool_and(coalesce(expected_spend(g, s) BETWEEN 1e-9 AND 1e9, false)) AS spend,
       bool_and(coalesce(clv(m, g, s, '1 year') BETWEEN 1e-9 AND 1e9, false)) AS clv,
       bool_and(coalesce(clv(m, g, s, '1 year', 0.1) BETWEEN 1e-9 AND 1e9, false)) AS discounted,
       bool_and(clv(m, g, s, '1 year')
                    = clv(m, g, (s).frequency, (s).recency, (s).age, (s).monetary_value, '1 year')) AS by_columns,
       count(*) FILTER (WHERE (s).monetary_value <= 0) > 60 AS worthless
FROM (SELECT c, rfm_summary(date '2024-01-01' + d, amount, '2024-07-01') AS s
      FROM (SELECT i % 200 AS c, rnd(i, 61, 150)::int AS d,
                   (CASE WHEN i % 200 < 100 THEN 0 ELSE 10 + rnd(i, 62, 50) END)::numeric AS amount
            FROM generate_series(1, 900) i
            UNION ALL SELECT c, 160, -500 FROM generate_series(50, 150) c) o
            GROUP BY c) x, round_model, (SELECT s AS g FROM round_spend) y WHERE k = 1;

-- NULL in, NULL out; and what cannot be
--
SELECT p_alive(NULL, 1, 1, 2) IS NULL AS a, p_alive(m, NULL, 1, 2) IS NULL AS b, p_alive(m, 1, NULL, 2) IS NULL AS c,
       p_alive(m, 1, 1, NULL) IS NULL AS d,
       churn_risk(NULL, 1, 1, 2, '1 day') IS NULL AS e, churn_risk(m, 1, 1, 2, NULL) IS NULL AS f,
       expected_purchases(NULL, 1, 1, 2, '1 day') IS NULL AS g, expected_purchases(m, 1, 1, 2, NULL) IS NULL AS h,
       expected_purchases(m, NULL, 1, 2, '1 day') IS NULL AS i, clv(NULL, s, 1, 1, 2, 5, '1 day') IS NULL AS j,
       clv(m, NULL, 1, 1, 2, 5, '1 day') IS NULL AS k, clv(m, s, NULL, 1, 2, 5, '1 day') IS NULL AS l,
       clv(m, s, 1, NULL, 2, 5, '1 day') IS NULL AS m, clv(m, s, 1, 1, NULL, 5, '1 day') IS NULL AS n,
       clv(m, s, 1, 1, 2, 5, NULL) IS NULL AS o
FROM round_model, round_spend WHERE round_model.k = 0;
SELECT x, t_x, t, outcome(format('SELECT p_alive(m, %s, %s, %s) FROM round_model WHERE k = 1', x, t_x, t)) AS p_alive,
       outcome(format('SELECT churn_risk(m, %s, %s, %s, ''1 day'') FROM round_model WHERE k = 0', x, t_x,
                      t)) AS churn_risk,
       outcome(format('SELECT expected_purchases(m, %s, %s, %s, ''1 day'') FROM round_model WHERE k = 0', x, t_x,
                      t)) AS expected,
       outcome(format('SELECT clv(m, s, %s, %s, %s, 5, ''1 day'') FROM round_model, round_spend WHERE k = 0', x, t_x,
                      t)) AS clv
FROM (VALUES ('-1', '0', '10'), ('1', '-1', '10'), ('0', '0', '-1'), ('1', '11', '10'), ('1', '0', '10'),
             ('0', '5', '10'), ('1', '''NaN''', '10'), ('1', '5', '''NaN'''), ('1', '5', '''Infinity'''),
             ('1', '''-Infinity''', '5')) v(x, t_x, t);
SELECT within, outcome(format('SELECT churn_risk(m, 1, 1, 2, %L) FROM round_model WHERE k = 1', within)) AS churn_risk,
       outcome(format('SELECT expected_purchases(m, 1, 1, 2, %L) FROM round_model WHERE k = 1', within)) AS expected,
       outcome(format('SELECT clv(m, s, 1, 1, 2, 5, %L) FROM round_model, round_spend WHERE k = 1', within)) AS clv
FROM unnest(ARRAY['-1 day', '-1 microsecond', '1 month -31 days', '-1 month']) within;
SELECT discount,
       outcome(format('SELECT clv(m, s, 1, 1, 2, 5, ''1 year'', %s) FROM round_model, round_spend WHERE k = 1',
                      discount)) AS clv
FROM unnest(ARRAY['NULL', '-1', '-2', '''NaN''', '''Infinity''', '''-Infinity''']) discount;
SELECT v,
       outcome(format('SELECT clv(m, s, 1, 1, 2, %s, ''1 year'') FROM round_model, round_spend WHERE k = 1', v)) AS clv
FROM unnest(ARRAY['0', '-1', '''NaN''', '''Infinity''']) v;
-- the longest interval there is
SELECT k, expected_purchases(m, 4, 100, 130, '178000000 years') BETWEEN 0 AND 1e12 AS expected,
       churn_risk(m, 4, 100, 130, '178000000 years') BETWEEN 0 AND 1 AS risk,
       clv(m, s, 4, 100, 130, 25, '178000000 years', 0.1) BETWEEN 0 AND 1e12 AS clv
FROM round_model, round_spend ORDER BY k;

-- Models that somebody else has written: an error that says so, never a number
CREATE TABLE hostile AS
	SELECT field, value
	FROM unnest(ARRAY['r', 'alpha', 'a', 'b']) field,
	     unnest(ARRAY[NULL, '0', '-1', 'NaN', 'Infinity', '-Infinity']) value
	UNION ALL SELECT 'model', value
	FROM unnest(ARRAY[NULL, '', 'bg/nbd', 'Pareto/NBD', 'BG/NBD ', repeat('x', 100000)]) value;
CREATE VIEW hostile_outcome AS
	SELECT field, left(value, 20) AS value,
	       outcome(format('SELECT %s FROM (SELECT jsonb_populate_record(m, jsonb_build_object(%L, %L::text)) AS m '
	                      'FROM round_model WHERE k = 1) x, round_spend',
	                      call, field, value)) AS outcome
	FROM hostile,
	     unnest(ARRAY['p_alive(m, 3, 20, 50)', 'churn_risk(m, 3, 20, 50, ''30 days'')',
	                  'expected_purchases(m, 3, 20, 50, ''30 days'')',
	                  'clv(m, s, 3, 20, 50, 10, ''30 days'', 0.1)']) call;
SELECT field, value, string_agg(DISTINCT outcome, ' ') AS outcomes, count(*)
FROM hostile_outcome GROUP BY field, value ORDER BY field, value;
SELECT field, value, string_agg(DISTINCT outcome, ' ') AS outcomes, count(*)
FROM (SELECT field, value,
             outcome(format('SELECT %s FROM (SELECT jsonb_populate_record(s, jsonb_build_object(%L, '
                            '%L::text)) AS s FROM round_spend) x, round_model WHERE k = 0',
                            call, field, value)) AS outcome
      FROM unnest(ARRAY['p', 'q', 'v']) field, unnest(ARRAY[NULL, '0', '-1', 'NaN', 'Infinity', '-Infinity']) value,
           unnest(ARRAY['expected_spend(s, 3, 10)', 'clv(m, s, 3, 20, 50, 10, ''30 days'', 0.1)']) call) x
      GROUP BY field, value ORDER BY field, value;
-- only the parameters are read
SELECT p_alive(jsonb_populate_record(NULL::purchase_model, '{"model": "MBG/NBD", "r": 2, "alpha": 60, "a": 1, "b": 3}'),
               3, 20, 50) = p_alive(m, 3, 20, 50) AS bare
FROM round_model WHERE k = 1;
SELECT p_alive(jsonb_populate_record(NULL::purchase_model, '{}'), 3, 20, 50);
SELECT p_alive(ROW(1, 2)::purchase_model, 3, 20, 50);
SELECT p_alive('(1,2)', 3, 20, 50);
-- as ridges have them: numbers all the same
SELECT r, alpha, a, b, k, bool_and(p BETWEEN 0 AND 1) AS p_alive, bool_and(c BETWEEN 0 AND 1) AS churn_risk,
       bool_and(e >= 0 AND e < 'Infinity') AS expected, bool_and(v >= 0 AND v < 'Infinity') AS clv
FROM (SELECT m FROM model WHERE grp = 'bg') z, round_spend, generate_series(0, 1) k,
     (VALUES (1e-30, 1e-30, 1e-30, 1e-30), (1e30, 1e30, 1e30, 1e30), (1e-30, 1e30, 1e-30, 1e30), (1, 1, 1e30, 1e-30),
             (1e-10, 1e-10, 1e10, 1e10), (1e8, 1e9, 1e8, 1e8), (1e8, 1e9, 1, 1), (0.5, 20, 1e-12, 1),
             (0.5, 20, 1, 1e-12), (0.5, 20, 1e6, 1e6), (0.5, 20, 5000, 0.01), (1e-9, 20, 1, 1),
             (1, 1e12, 1e-6, 1e6)) v(r, alpha, a, b),
     (VALUES (0, 0, 0), (0, 0, 1000), (1, 1e-3, 1e-3), (1, 500, 1000), (50, 999, 1000), (10000, 20000, 20000),
             (10000, 10000, 20000)) c(x, t_x, t),
     (VALUES (interval '1 microsecond'), ('1 year'), ('1000 years')) h(within),
     LATERAL (SELECT with_parameters(z.m, k, r, alpha, a, b) AS m) w,
     LATERAL (SELECT p_alive(w.m, x, t_x, t) AS p, churn_risk(w.m, x, t_x, t, within) AS c,
                     expected_purchases(w.m, x, t_x, t, within) AS e,
                     clv(w.m, s, x, t_x, t, CASE WHEN x > 0 THEN 10 END, within, 0.1) AS v OFFSET 0) l
GROUP BY r, alpha, a, b, k ORDER BY r, alpha, a, b, k;
-- as nothing has them: a number, or an error of the documented kind
SELECT call, k, count(*) AS cases,
       count(*) FILTER (WHERE o NOT IN ('22003', '22023') AND o !~ '^is [0-9.]+(e[+-][0-9]+)?$') AS wrong
FROM (VALUES ('1e-300', '1e-300', '1e-300', '1e-300'), ('1e300', '1e300', '1e300', '1e300'),
             ('1e-300', '1e300', '1e-300', '1e300'), ('1e300', '1e-300', '1', '1'), ('1', '1', '1e300', '1e-300'),
             ('1e-300', '1e300', '1e300', '1e-300')) v(r, alpha, a, b),
     generate_series(0, 1) k,
     (VALUES ('0, 0, 0'), ('0, 0, 1000'), ('1, 1e-9, 1e-9'), ('50, 999, 1000'), ('10000, 10000, 20000')) c(customer),
     (VALUES ('1 microsecond'), ('1 year'), ('1000 years')) h(within),
     unnest(ARRAY['p_alive(m, %1$s)', 'churn_risk(m, %1$s, %2$L)', 'expected_purchases(m, %1$s, %2$L)',
                  'clv(m, s, %1$s, CASE WHEN %1$L < ''1'' THEN NULL ELSE 20 END, %2$L, 0.1)']) call,
     LATERAL (SELECT outcome(format('SELECT ''is '' || ' || call || ' FROM (SELECT with_parameters(m, %3$s, %4$s, '
                                                                    '%5$s, %6$s, %7$s) AS m FROM model '
                                                                    'WHERE grp = ''bg'') z, round_spend',
                                    customer, within, k, r, alpha, a, b)) AS o) l
GROUP BY call, k ORDER BY call, k;

--
-- Stored, written, read, used
--
SELECT count(*) AS models, bool_and(m::text::purchase_model = m) AS text,
       bool_and(record_send(m::text::purchase_model) = record_send(m)) AS bytes,
       bool_and(jsonb_populate_record(NULL::purchase_model, to_jsonb(m)) = m) AS json
FROM model;
SELECT bool_and(s::text::spend_model = s) AS text FROM spend;
-- a model per cohort, from a table, in WHERE and ORDER BY
SELECT count(*) AS customers,
       count(*) FILTER (WHERE NOT close(alive, oracle_alive((kind = 'mbg')::int, (m).r, (m).alpha, (m).a, (m).b,
                                                            frequency, recency, age), 1e-9)) AS wrong
FROM (SELECT *, p_alive(m, frequency, recency, age) AS alive
      FROM fact JOIN model ON grp = kind || cohort WHERE i % 20 = 0) x;
SELECT kind, count(*) BETWEEN 50 AND 3000 AS at_risk
FROM fact JOIN model ON grp = kind WHERE churn_risk(m, frequency, recency, age, '90 days') > 0.8 GROUP BY kind
ORDER BY kind;
SELECT bool_and(e <= e0) AS ordered FROM (SELECT e, lag(e, 1, 'Infinity') OVER () AS e0
	FROM (SELECT expected_purchases(m, frequency, recency, age, '1 month') AS e
	      FROM fact JOIN model ON grp = kind
	      ORDER BY expected_purchases(m, frequency, recency, age, '1 month') DESC LIMIT 200) y) x;
-- two models and one, in turns: what is remembered is the right one
SELECT count(*) AS rows, count(*) FILTER (WHERE p <> q OR e <> f OR v <> u) AS wrong
FROM (SELECT k, s, p_alive(m, x, x, 50) AS p, expected_purchases(m, x, x, 50, '1 year') AS e,
             clv(m, s, x, x, 50, 9, '1 year', 0.1) AS v, row_number() OVER () AS i, x
      FROM round_model, (SELECT s FROM round_spend UNION ALL SELECT s FROM spend) y, generate_series(1, 20) x
      ORDER BY x) a,
     LATERAL (SELECT p_alive(m, x, x, 50) AS q, expected_purchases(m, x, x, 50, '1 year') AS f,
                     clv(m, a.s, x, x, 50, 9, '1 year', 0.1) AS u
              FROM round_model b WHERE b.k = a.k) l;
CREATE FUNCTION one_call(m purchase_model, x bigint) RETURNS double precision
LANGUAGE plpgsql AS $$ BEGIN RETURN p_alive(m, x, 20, 50); END $$;
SELECT count(*) FILTER (WHERE one_call(m, x) <> p_alive(m, x, 20, 50)) AS wrong
FROM generate_series(1, 5) x, round_model;
-- with the summary as it comes, in place of its columns
SELECT count(*) AS customers,
       count(*) FILTER (WHERE (p_alive(m, s), churn_risk(m, s, '90 days'), expected_purchases(m, s, '90 days'),
                               expected_spend(v, s), clv(m, v, s, '1 year', 0.1), clv(m, v, s, '1 year')) IS DISTINCT
                                  FROM
	(p_alive(m, (s).frequency, (s).recency, (s).age), churn_risk(m, (s).frequency, (s).recency, (s).age, '90 days'),
	 expected_purchases(m, (s).frequency, (s).recency, (s).age, '90 days'),
	 expected_spend(v, (s).frequency, (s).monetary_value),
	 clv(m, v, (s).frequency, (s).recency, (s).age, (s).monetary_value, '1 year', 0.1),
	 clv(m, v, (s).frequency, (s).recency, (s).age, (s).monetary_value, '1 year'))) AS wrong,
	count(clv(m, v, s, '1 year', 0.1)) AS values
FROM (SELECT c, rfm_summary(date '2024-01-01' + rnd(i, 25, 300)::int, 1 + rnd(i, 26, 99), '2024-12-31') AS s
      FROM (SELECT i, rnd(i, 27, 100) AS c FROM generate_series(1, 300) i) x GROUP BY c) y,
     round_model, (SELECT s AS v FROM round_spend) z
WHERE k = 1;
-- immutable, so that they may stand in an index
SELECT proname, provolatile, proparallel
FROM pg_proc
WHERE proname IN ('p_alive', 'churn_risk', 'expected_purchases', 'expected_spend')
  OR proname = 'clv' AND 'purchase_model'::regtype = ANY (proargtypes)
ORDER BY 1, pronargs;

DROP SCHEMA purchase_model_test CASCADE;

--
-- contract: how long contracts are renewed, by the shifted beta-geometric model
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA contract_test;
SELECT set_config('search_path', 'contract_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- 150,000 customers with one contract each
CREATE TABLE buyer AS
	SELECT i, i % 100000 AS g, rnd(i, 32, 90)::float8 AS t, rnd(i, 33, 3) = 0 AS e, i % 3 AS h, i % 300 AS d
	FROM generate_series(1, 150000) i;
ANALYZE buyer;

--
-- Contracts: the shifted beta-geometric model
--
-- Survivors of 1,000 customers in two segments, as published
CREATE TABLE published (year int, highend int, regular int);
INSERT INTO published VALUES
	(0, 1000, 1000), (1, 869, 631), (2, 743, 468), (3, 653, 382), (4, 593, 326), (5, 551, 289), (6, 517, 262),
	(7, 491, 241),
	(8, 468, 223), (9, 445, 207), (10, 427, 194), (11, 409, 183), (12, 394, 173);
CREATE TABLE contract (k int, tenure int, churned boolean);
INSERT INTO contract SELECT CASE segment WHEN 'highend' THEN 0 ELSE 1 END + years, year, true
FROM (SELECT segment, years, year, lag(n) OVER (PARTITION BY segment, years ORDER BY year) - n AS lost
      FROM (SELECT 'highend' AS segment, year, highend AS n
            FROM published
            UNION ALL SELECT 'regular', year, regular FROM published) x,
           unnest(ARRAY[40, 70, 120]) years
      WHERE year <= years / 10) y, generate_series(1, lost);
INSERT INTO contract
	SELECT 0 + years, year, false
	FROM published, unnest(ARRAY[40, 70, 120]) years, generate_series(1, highend) WHERE year = years / 10;
INSERT INTO contract
	SELECT 1 + years, year, NULL
	FROM published, unnest(ARRAY[40, 70, 120]) years, generate_series(1, regular) WHERE year = years / 10;
-- contracts that began at different times, few and many, short and long
INSERT INTO contract SELECT 1000 + k, least(life, seen), life <= seen
FROM (SELECT k,
             1 + floor(ln((1 + rnd(i, 60 + k, 1000000)) / 1000001.0)
                           / ln(1 - 0.02 - 0.9 * (rnd(i, 61 + k, 1000) / 1000.0) ^ 2))::int AS life,
             (1 + rnd(i, 62 + k, 5 + k))::int AS seen
      FROM generate_series(1, 20) k, generate_series(1, 100 * k) i) x;
ANALYZE contract;
-- lost and kept in each period, all that the likelihood needs
CREATE TABLE period AS
	SELECT k, t, count(*) FILTER (WHERE churned AND tenure = t)::float8 AS lost,
	       count(*) FILTER (WHERE NOT (coalesce(churned, false) AND tenure = t))::float8 AS kept
	FROM contract, generate_series(1, tenure) t GROUP BY k, t;
CREATE FUNCTION loglikelihood(of int, alpha double precision, beta double precision) RETURNS double precision
LANGUAGE sql STABLE AS $$
	SELECT sum(lost * ln(alpha) + kept * ln(beta + t - 1) - (lost + kept) * ln(alpha + beta + t - 1))
	FROM period WHERE k = of $$;
CREATE TABLE fit AS SELECT k, fit_sbg(tenure, churned) AS m FROM contract GROUP BY k;
SELECT k, round((m).alpha::numeric, 3) AS alpha, round((m).beta::numeric, 3) AS beta,
       round((m).log_likelihood::numeric, 1) AS log_likelihood, (m).customers, (m).converged
FROM fit WHERE k IN (40, 41, 70, 71) ORDER BY k;
-- no slope at the parameters, lower on all sides, errors from the curvature
SELECT count(*) AS fits, count(*) FILTER (WHERE (m).converged) AS converged,
       count(*) FILTER (WHERE (m).iterations BETWEEN 1 AND 30) AS iterations,
       count(*) FILTER (WHERE (m).customers = (SELECT count(*) FROM contract c WHERE c.k = fit.k)) AS customers,
       count(*) FILTER (WHERE close((m).log_likelihood, loglikelihood(k, (m).alpha, (m).beta))) AS likelihood,
       count(*) FILTER (WHERE abs(ga * (m).alpha) < 1e-6 AND abs(gb * (m).beta) < 1e-6) AS no_slope,
       count(*) FILTER (WHERE close((m).alpha_se, sqrt(-hbb / (haa * hbb - hab ^ 2)), 1e-6)
                          AND close((m).beta_se, sqrt(-haa / (haa * hbb - hab ^ 2)), 1e-6)) AS errors,
       count(*) FILTER (WHERE (SELECT bool_and(loglikelihood(k, (m).alpha * fa, (m).beta * fb) < (m).log_likelihood)
                               FROM unnest(ARRAY[0.99, 1, 1.02]) fa, unnest(ARRAY[0.98, 1, 1.01]) fb
                               WHERE fa <> 1 OR fb <> 1)) AS highest
FROM fit, LATERAL (
	SELECT sum(lost / a - (lost + kept) / (a + b + t - 1)) AS ga,
	       sum(kept / (b + t - 1) - (lost + kept) / (a + b + t - 1)) AS gb,
	       sum(-lost / a ^ 2 + (lost + kept) / (a + b + t - 1) ^ 2) AS haa,
	       sum((lost + kept) / (a + b + t - 1) ^ 2) AS hab,
	       sum(-kept / (b + t - 1) ^ 2 + (lost + kept) / (a + b + t - 1) ^ 2) AS hbb
	FROM period, (SELECT (m).alpha AS a, (m).beta AS b) p WHERE period.k = fit.k) d;
-- customers without a period yet, and rows without tenure
SELECT (x).alpha = (m).alpha AS alpha, (x).beta = (m).beta AS beta
FROM fit,
     (SELECT fit_sbg(tenure, churned) AS x
      FROM (SELECT tenure, churned
            FROM contract WHERE k = 70
            UNION ALL SELECT 0, false FROM generate_series(1, 50)
            UNION ALL SELECT 0, NULL
            UNION ALL SELECT NULL, true) y) z
WHERE k = 70;
SELECT fit_sbg(tenure, churned) FROM contract WHERE false;
SELECT fit_sbg(NULL, churned) FROM contract;
-- any order, any plan, any grouping
SELECT count(*) AS fits, count(*) FILTER (WHERE m IS DISTINCT FROM shuffled) AS wrong
FROM fit
JOIN (SELECT k, fit_sbg(tenure, churned ORDER BY tenure DESC, churned) AS shuffled FROM contract GROUP BY k) x
    USING (k);
SELECT count(*) AS fits, count(*) FILTER (WHERE x.m IS DISTINCT FROM fit.m) AS wrong
FROM (SELECT k, fit_sbg(tenure, churned) AS m FROM contract GROUP BY GROUPING SETS ((k), ())) x JOIN fit USING (k);
SELECT (fit_sbg(tenure, churned) FILTER (WHERE k = 70)) = (SELECT m FROM fit WHERE k = 70) AS filtered FROM contract;
SELECT parallel_check('SELECT (fit_sbg(tenure, churned)).* FROM contract');
SELECT parallel_check('SELECT k, (fit_sbg(tenure, churned)).* FROM contract GROUP BY k');
SELECT parallel_check('SELECT (fit_sbg(tenure, churned)).* FROM contract WHERE k + 0 < 0');
SELECT parallel_check('SELECT (fit_sbg(least(50000, 150000 / i)::int, i % 7 > 0)).* FROM buyer');
-- customers in millions of one contract are as good as one in thousands
SELECT close((b).alpha, (m).alpha, 1e-7) AS alpha, close((b).beta, (m).beta, 1e-7) AS beta,
       close((b).log_likelihood, 100 * (m).log_likelihood, 1e-9) AS likelihood,
       close((b).alpha_se, (m).alpha_se / 10, 1e-6) AS error
FROM fit, (SELECT fit_sbg(tenure, churned) AS b FROM contract, generate_series(1, 100) WHERE k = 70) x WHERE k = 70;
-- a model that is stored, as text and in parts
SELECT count(*) AS models,
       count(*) FILTER (WHERE m::text::sbg_model IS DISTINCT FROM m
                          OR jsonb_populate_record(NULL::sbg_model, to_jsonb(m)) IS DISTINCT FROM m) AS wrong
FROM fit;

-- Nobody left; everybody left in the first period; a constant share leaves;
-- one period alone; one customer.  It is said, and no number is made up.
CREATE TABLE degenerate (what text, tenure int, churned boolean);
INSERT INTO degenerate SELECT 'nobody left', i % 7, false FROM generate_series(1, 100) i;
INSERT INTO degenerate SELECT 'all left at once', 1, true FROM generate_series(1, 100) i;
INSERT INTO degenerate
	SELECT 'constant hazard', t, true
	FROM generate_series(1, 8) t, generate_series(1, (2 ^ (8 - t))::int)
	UNION ALL SELECT 'constant hazard', 8, false;
INSERT INTO degenerate SELECT 'growing hazard', t, true FROM generate_series(1, 10) t, generate_series(1, t * t);
INSERT INTO degenerate SELECT 'one period', 1, i % 4 = 0 FROM generate_series(1, 100) i;
INSERT INTO degenerate VALUES
	('one customer who left', 3, true), ('one customer who stays', 3, false), ('no period yet', 0, false);
SELECT (fit_sbg(tenure, churned)).* FROM degenerate WHERE what = 'nobody left';
SELECT (fit_sbg(tenure, churned)).* FROM degenerate WHERE what = 'all left at once';
SET client_min_messages = error;
CREATE TABLE degenerate_fit AS SELECT what, fit_sbg(tenure, churned) AS m FROM degenerate GROUP BY what;
SET client_min_messages = warning;
SELECT count(*) AS fits, count(*) FILTER (WHERE (m).converged) AS converged,
       count(*) FILTER (WHERE v = ANY ('{NaN,Infinity,-Infinity}')) AS not_numbers
FROM degenerate_fit, LATERAL (SELECT value AS v FROM jsonb_each_text(to_jsonb(m))) f;
SELECT count(*) AS models, count(*) FILTER (WHERE (m).note IS NOT NULL OR NOT (m).converged) AS wrong
FROM fit WHERE k < 1000;
SELECT what, (m).alpha, (m).beta, (m).customers, (m).converged, (m).note FROM degenerate_fit ORDER BY what;
-- what is read from such a model is a share, or nothing
SELECT count(*) AS reads,
       count(*) FILTER (WHERE s < 0 OR s > 1 OR r < 0 OR r > 1 OR s = 'NaN' OR r = 'NaN' OR l = 'NaN' OR l = 'infinity'
                          OR l < 0 OR v = 'NaN' OR v = 'infinity') AS wrong
FROM (SELECT sbg_survival(m, t) AS s, sbg_retention(m, t) AS r, residual_lifetime(m, t, 0.1) AS l, clv(m, 1, 0.1) AS v
      FROM degenerate_fit, generate_series(1, 30) t WHERE m IS DISTINCT FROM NULL) x;
-- few contracts: nothing on a wide grid of parameters is more likely than what
-- has been fitted, or than a constant where that is the answer
CREATE TABLE few AS
	SELECT k, (1 + rnd(k * 100 + i, 71, 6) * rnd(k * 100 + i, 73, 6) / 6)::int AS tenure,
	       rnd(k * 100 + i, 72, 3) > 0 AS churned
	FROM generate_series(1, 300) k, generate_series(1, 3 + k % 8) i;
-- these have two maxima
INSERT INTO few
	SELECT 401, unnest(ARRAY[1, 16, 26]), unnest(ARRAY[true, false, true])
	UNION ALL SELECT 402, unnest(ARRAY[1, 16, 21]), unnest(ARRAY[true, false, true])
	UNION ALL SELECT 403, unnest(ARRAY[1, 1, 11, 21, 26]), unnest(ARRAY[true, true, false, true, true]);
SET client_min_messages = error;
CREATE TABLE few_fit AS SELECT k, fit_sbg(tenure, churned) AS m FROM few GROUP BY k;
SET client_min_messages = warning;
CREATE TABLE few_period AS
	SELECT k, t, count(*) FILTER (WHERE churned AND tenure = t)::float8 AS lost,
	       count(*) FILTER (WHERE NOT (churned AND tenure = t))::float8 AS kept
	FROM few, generate_series(1, tenure) t GROUP BY k, t;
CREATE TABLE few_best AS
	SELECT k, max(l) AS best
	FROM (SELECT k, x, y, sum(lost * ln(x / (x + y + t - 1)) + kept * ln((y + t - 1) / (x + y + t - 1))) AS l
	      FROM few_period, (SELECT 2.0::float8 ^ i AS x FROM generate_series(-9, 12) i) a,
	           (SELECT 2.0::float8 ^ i AS y FROM generate_series(-9, 12) i) b
	      GROUP BY k, x, y) g GROUP BY k;
SELECT count(*) > 250 AS fits, count(*) FILTER (WHERE (m).converged) > 30 AS converged,
       count(*) FILTER (WHERE (m).note LIKE 'retention does not rise%') > 30 AS constants,
       count(*) FILTER (WHERE (m).converged AND k > 400) AS two_maxima,
       count(*) FILTER (WHERE (m).converged AND (m).log_likelihood < best - 1e-9) AS beaten_wrong,
       count(*) FILTER (WHERE (m).note LIKE 'retention does not rise%' AND constant < best - 1e-9) AS constant_wrong
FROM few_fit JOIN few_best USING (k) JOIN (
	SELECT k,
	       CASE WHEN sum(lost) > 0 AND sum(kept) > 0
	              THEN sum(lost) * ln(sum(lost) / sum(lost + kept))
	                       + sum(kept) * ln(sum(kept) / sum(lost + kept)) END AS constant
	FROM few_period GROUP BY k) c USING (k);
-- 10,000 fits of one or two contracts
SET client_min_messages = error;
SELECT count(*) AS groups,
       count(*) FILTER (WHERE (m).alpha = 'NaN' OR (m).beta = 'NaN' OR (m).alpha = 'infinity' OR (m).beta = 'infinity'
                          OR (m).log_likelihood = 'NaN') AS not_numbers
FROM (SELECT g, fit_sbg(1 + t::int % 4, e) AS m FROM buyer WHERE g < 10000 GROUP BY g) x;
SET client_min_messages = warning;

-- What the model says, for the fits and for models as one writes them down
CREATE TABLE model AS
	SELECT 'fit ' || k AS what, m FROM fit WHERE k < 1003
	UNION ALL SELECT format('%s, %s', a, b),
	jsonb_populate_record(NULL::sbg_model, jsonb_build_object('alpha', a, 'beta', b, 'converged', true))
	FROM unnest(ARRAY[0.05, 1, 1.5, 30]) a, unnest(ARRAY[0.01, 4, 500]) b;
CREATE TABLE model_oracle AS
	SELECT what, t, (b + t - 1) / (a + b + t - 1) AS retention,
	       product((b + t - 1) / (a + b + t - 1)) OVER (PARTITION BY what ORDER BY t) AS survival
	FROM (SELECT what, (m).alpha AS a, (m).beta AS b FROM model) x, generate_series(1, 1500) t;
ALTER TABLE model_oracle ADD log_survival double precision;
UPDATE model_oracle SET log_survival = ln(survival);
CREATE INDEX ON model_oracle (what, t);
ANALYZE model_oracle;
SELECT count(*) AS rows, count(*) FILTER (WHERE NOT close(sbg_retention(m, t), retention)) AS retention_wrong,
       count(*) FILTER (WHERE NOT close(sbg_survival(m, t), survival, 1e-9)) AS survival_wrong
FROM model_oracle JOIN model USING (what) WHERE t <= 100 OR t IN (1000, 1001, 1500);
SELECT count(*) AS models, count(*) FILTER (WHERE sbg_survival(m, 0) = 1) AS all_at_first FROM model;
SELECT sbg_survival(NULL, 1), sbg_retention(NULL, 1), sbg_survival(m, NULL), sbg_retention(m, NULL),
       residual_lifetime(NULL, 1, 0.1), residual_lifetime(m, NULL, 0.1), clv(NULL::sbg_model, 1, 0.1), clv(m, NULL, 0.1)
FROM fit WHERE k = 70;
-- survival far away, without walking there: t^-alpha up to a factor
SELECT close(sbg_survival(m, 2000000000) / sbg_survival(m, 1000000000), 0.5 ^ (m).alpha, 1e-6) AS far
FROM fit WHERE k IN (70, 71);

-- residual_lifetime: the renewals still to come of a customer in period n,
-- with n - 1 behind; the next one is not discounted
CREATE TABLE discount (d double precision, periods double precision);
INSERT INTO discount VALUES (0.1, 1), (0.05, 1), (0.25, 1), (0.9, 12), (0.44, 2), (0.1, 0.5);
SELECT count(*) AS rows, count(*) FILTER (WHERE NOT close(residual_lifetime(m, n, d, periods), expected, 1e-9)) AS wrong
FROM (SELECT what, n, d, periods,
             (SELECT sum(exp(log_survival - (t - n) * ln(1 + d) / periods))
              FROM model_oracle o WHERE o.what = model.what AND t >= n)
             / coalesce((SELECT survival FROM model_oracle o WHERE o.what = model.what AND t = n - 1), 1) AS expected
      FROM model, unnest(ARRAY[1, 2, 3, 6, 30]) n, discount WHERE (m).alpha < 30) x JOIN model USING (what);
SELECT close(residual_lifetime(m, 3, 0.1), residual_lifetime(m, 3, 0.1, 1)) AS yearly,
       close(residual_lifetime(m, 3, annual_discount => 0.21, periods_per_year => 2),
             residual_lifetime(m, 3, 0.1)) AS half_years
FROM fit WHERE k = 70;
-- not discounted it is finite for alpha > 1 alone: (beta + n - 1) / (alpha - 1)
SELECT count(*) AS rows,
       count(*) FILTER (WHERE NOT close(r, CASE WHEN a > 1 THEN (b + n - 1) / (a - 1) END, 1e-9)) AS wrong
FROM (SELECT (m).alpha AS a, (m).beta AS b, n, residual_lifetime(m, n, 0) AS r FROM model, unnest(ARRAY[1, 2, 8]) n) x;
-- hardly discounted it takes many terms
SELECT close(residual_lifetime(m, 5, 1e-7), ((m).beta + 4) / ((m).alpha - 1), 1e-4) AS slow
FROM model WHERE what = '30, 4';
SELECT k, close(clv(m, 1, 1e-3), 1 + total, 1e-8) AS summed FROM fit, LATERAL (
	SELECT sum(exp(s - t * ln(1.001::float8))) AS total
	FROM (SELECT t, sum(ln(((m).beta + t - 1) / ((m).alpha + (m).beta + t - 1))) OVER (ORDER BY t) AS s
	      FROM generate_series(1, 50000) t) x) y
	WHERE k IN (70, 71) ORDER BY k;
SELECT clv(m, 1, 1e-18) > 1000 OR clv(m, 1, 1e-18) IS NULL AS ends FROM fit WHERE k = 70;

--
-- Value of contracts
--
-- over the model: for some periods, or for ever
SELECT count(*) AS rows, count(*) FILTER (WHERE NOT close(clv(m, 12, d, h, periods), expected, 1e-9)) AS wrong
FROM (SELECT what, h, d, periods,
             12 * (1 + coalesce((SELECT sum(exp(log_survival - t * ln(1 + d) / periods))
                                 FROM model_oracle o WHERE o.what = model.what AND t < h),
                                0)) AS expected
      FROM model, unnest(ARRAY[0.5, 1, 2, 2.5, 12, 60, 1400]) h,
           (SELECT * FROM discount WHERE d >= 0.1 UNION ALL VALUES (0, 1)) d) x
      JOIN model USING (what);
SELECT count(*) AS rows,
       count(*) FILTER (WHERE NOT close(clv(m, 12, d, periods_per_year => periods), expected, 1e-9)
                          OR NOT close(clv(m, 12, d, NULL, periods), expected, 1e-9)) AS wrong
FROM (SELECT what, d, periods,
             12 * (1 + (SELECT sum(exp(log_survival - t * ln(1 + d) / periods))
                        FROM model_oracle o WHERE o.what = model.what)) AS expected
      FROM model, discount WHERE what !~ '^30') x JOIN model USING (what);
-- all that is paid is the payment now and the renewals to come
SELECT count(*) AS models,
       count(*) FILTER (WHERE NOT close(clv(m, 1, 0.1), 1 + residual_lifetime(m, 1, 0.1) / 1.1, 1e-9)) AS wrong
FROM model;
-- not discounted: (alpha + beta - 1) / (alpha - 1), or without end
SELECT count(*) AS models,
       count(*) FILTER (WHERE NOT close(clv(m, 1, 0),
                                        CASE WHEN (m).alpha > 1 THEN ((m).alpha + (m).beta - 1) / ((m).alpha - 1) END,
                                        1e-9)) AS wrong
FROM model;
-- very far and not at all discounted, where the sum has a closed form
SELECT count(*) AS models,
       count(*) FILTER (WHERE NOT close(clv(m, 1, 0, 1000000),
                                        ((m).alpha + (m).beta - 1
                                         - sbg_survival(m, 1000000) * ((m).alpha + (m).beta + 999999))
                                        / ((m).alpha - 1), 1e-7)) AS wrong
FROM model WHERE (m).alpha <> 1;
-- what the user sees
\set VERBOSITY default
SELECT fit_sbg(0, true);
-- tenures that are not integers
SELECT bytes_of.k, bytes_of.m IS NOT DISTINCT FROM (SELECT fit_sbg(tenure, churned) FROM contract WHERE k = 70) AS same
FROM (SELECT 'ceil of numeric' AS k, fit_sbg(ceil(tenure - 0.5::numeric), churned) AS m
      FROM contract WHERE k = 70
      UNION ALL SELECT 'ceil of double', fit_sbg(ceil(tenure - 0.5::float8), churned) FROM contract WHERE k = 70
      UNION ALL SELECT 'bigint', fit_sbg(tenure::bigint, churned) FROM contract WHERE k = 70
      UNION ALL SELECT 'smallint', fit_sbg(tenure::smallint, churned) FROM contract WHERE k = 70
      UNION ALL SELECT 'real', fit_sbg(tenure::real, churned) FROM contract WHERE k = 70) bytes_of ORDER BY k;
PREPARE fit_by(integer, boolean) AS SELECT (fit_sbg($1, $2)).customers;
EXECUTE fit_by(NULL, true);
DEALLOCATE ALL;
SELECT fit_sbg(1.5, true);
SELECT fit_sbg(0.5, false);
SELECT fit_sbg(-1.0, false);
SELECT fit_sbg(0.0, true);
SELECT fit_sbg('NaN', true);
SELECT fit_sbg('Infinity'::numeric, true);
SELECT fit_sbg(1e300, false);
\set VERBOSITY sqlstate

--
-- Errors
--
SELECT fit_sbg(-1, false);
SELECT fit_sbg(0, true);
SELECT fit_sbg(-2147483648, true);
SELECT fit_sbg(2147483647, true);
SELECT sbg_retention(m, 0) FROM fit WHERE k = 70;
SELECT sbg_retention(m, -1) FROM fit WHERE k = 70;
SELECT sbg_survival(m, -1) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 0, 0.1) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, -1, 0.1) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, -0.1) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, 'NaN') FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, 'Infinity') FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, NULL) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, 0.1, 0) FROM fit WHERE k = 70;
SELECT residual_lifetime(m, 1, 0.1, NULL) FROM fit WHERE k = 70;
SELECT clv(m, 1, 0.1, -1) FROM fit WHERE k = 70;
SELECT clv(m, 1, 0.1, 'NaN') FROM fit WHERE k = 70;
SELECT clv(m, 1, 0.1, 1000001) FROM fit WHERE k = 70;
SELECT clv(m, 1, -0.1) FROM fit WHERE k = 70;
SELECT clv(m, 1, NULL) FROM fit WHERE k = 70;
SELECT clv(m, 'NaN', 0.1) FROM fit WHERE k = 70;
SELECT clv(m, 1, 0.1, 10, -12) FROM fit WHERE k = 70;
SELECT clv(m, 1.7e308, 0.1) FROM fit WHERE k = 70;
-- models that nothing has fitted
CREATE FUNCTION read_model(alpha text, beta text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	m sbg_model := jsonb_populate_record(NULL::sbg_model, jsonb_build_object('alpha', alpha, 'beta', beta));
	result text := '';
	query text;
	v double precision;
BEGIN
	FOREACH query IN ARRAY ARRAY['sbg_survival($1, 3)', 'sbg_survival($1, 2000)', 'sbg_retention($1, 3)',
	                             'residual_lifetime($1, 3, 0.1)', 'clv($1, 1, 0.1)', 'clv($1, 1, 0.1, 10)'] LOOP
		BEGIN
			EXECUTE 'SELECT ' || query INTO v USING m;
			result := result || CASE WHEN v IS NULL THEN ' null' WHEN v = 'NaN' OR abs(v) = 'infinity' THEN ' BAD'
			                         ELSE ' number' END;
		EXCEPTION WHEN OTHERS THEN
			result := result || ' ' || SQLSTATE;
		END;
	END LOOP;
	RETURN result;
END $$;
SELECT a, b, read_model(a, b)
FROM (VALUES (1, '1', NULL), (2, NULL, '1'), (3, NULL, NULL), (4, '-1', '1'), (5, '1', '-1'), (6, 'NaN', '1'),
             (7, '1', 'NaN'), (8, 'Infinity', '1'), (9, '1', 'Infinity'),
	(10, '0', '1'), (11, '1', '0'), (12, '0', '0'), (13, '1e308', '1e308'), (14, '1e-308', '1e-308'),
	(15, '1e308', '1e-308'), (16, '1e-308', '1e308')) v(n, a, b)
	ORDER BY n;

DROP SCHEMA contract_test CASCADE;

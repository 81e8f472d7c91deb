--
-- pareto: the Pareto/NBD model, fitted, and what it says of customers
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = error;
SET statement_timeout = '120s';
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA pareto_test;
SELECT set_config('search_path', 'pareto_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- 160 customers, with a fit that another program made in 30 digits from
-- hypergeometric functions and differences
--
CREATE TABLE small (x bigint, t_x double precision, t double precision, w bigint);
INSERT INTO small VALUES
	(0, 0, 120, 16), (0, 0, 180, 11), (0, 0, 240, 10), (0, 0, 300, 20), (0, 0, 360, 13), (1, 15, 120, 2),
	(1, 15, 180, 3), (1, 15, 240, 3), (1, 15, 300, 2), (1, 15, 360, 3), (1, 30, 120, 4), (1, 30, 180, 2),
	(1, 30, 240, 1), (1, 30, 360, 2), (1, 45, 120, 1), (1, 45, 240, 1), (1, 45, 360, 1), (1, 60, 120, 3),
	(1, 75, 120, 1), (1, 75, 240, 1), (1, 75, 300, 1), (1, 75, 360, 1), (1, 90, 120, 1), (1, 90, 300, 2),
	(1, 90, 360, 2), (1, 105, 120, 1), (1, 105, 300, 1), (1, 105, 360, 1), (1, 135, 180, 1), (1, 150, 240, 1),
	(1, 210, 360, 1), (2, 30, 120, 1), (2, 30, 180, 1), (2, 45, 180, 1), (2, 60, 120, 1), (2, 60, 180, 1),
	(2, 60, 240, 1), (2, 75, 120, 1), (2, 90, 120, 1), (2, 105, 180, 1), (2, 180, 180, 1), (2, 270, 300, 1),
	(2, 285, 360, 1), (3, 45, 180, 1), (3, 60, 180, 1), (3, 90, 180, 1), (3, 105, 120, 3), (3, 105, 300, 1),
	(3, 135, 360, 1), (3, 210, 360, 1), (3, 255, 360, 1), (4, 60, 120, 2), (4, 60, 300, 1), (4, 60, 360, 1),
	(4, 90, 120, 1), (4, 120, 360, 1), (4, 150, 180, 1), (4, 225, 240, 1), (5, 75, 240, 1), (5, 105, 300, 1),
	(5, 210, 300, 1), (5, 270, 360, 1), (6, 270, 300, 1), (6, 300, 360, 1), (7, 120, 120, 1), (7, 210, 240, 1),
	(8, 135, 180, 1), (8, 240, 240, 1), (8, 360, 360, 1), (9, 285, 360, 1), (10, 300, 360, 1),
	(10, 330, 360, 1), (11, 240, 240, 1), (12, 285, 300, 1), (14, 360, 360, 1);
CREATE VIEW customer AS SELECT x AS frequency, t_x AS recency, t AS age, i FROM small, generate_series(1, w) i;
CREATE TABLE model AS SELECT fit_pareto_nbd(frequency, recency, age) AS m FROM customer;
SELECT (m).model, (m).customers, (m).groups, (m).converged, (m).iterations BETWEEN 3 AND 20 AS steps,
       close((m).r, 1.6413509371031315, 1e-9) AS r, close((m).alpha, 121.35754403283761, 1e-9) AS alpha,
       close((m).s, 1.5049589073429989, 1e-9) AS s, close((m).beta, 177.13799976755014, 1e-9) AS beta,
       close((m).r_se, 0.639391535456, 1e-8) AS r_se, close((m).alpha_se, 42.4822301136, 1e-8) AS alpha_se,
       close((m).s_se, 1.11912373979, 1e-8) AS s_se, close((m).beta_se, 184.440072825, 1e-8) AS beta_se,
       close((m).log_likelihood, -1458.7581058627815, 1e-13) AS ll,
       num_nulls((m).a, (m).b, (m).a_se, (m).b_se) AS others
FROM model;
-- the limit without churn is that of the relatives, whose columns are NULL in turn
SELECT (f).no_churn_log_likelihood = (m).no_churn_log_likelihood AS no_churn,
       close((m).likelihood_ratio, 2 * ((m).log_likelihood - (m).no_churn_log_likelihood), 1e-9) AS ratio,
       num_nulls((f).s, (f).beta, (f).s_se, (f).beta_se) AS others
FROM model, (SELECT fit_mbgnbd(frequency, recency, age) AS f FROM customer) f;

--
-- What does not change a fit, and what changes it in a known way
--
SELECT fit_pareto_nbd(frequency, recency, age ORDER BY frequency, recency, age) = m AS ordered,
       fit_pareto_nbd(frequency, recency, age ORDER BY age DESC, recency, frequency) = m AS backwards,
       fit_pareto_nbd(frequency, recency, age ORDER BY rnd(frequency * 100000 + recency::bigint, 12, 1000)) = m
           AS shuffled
FROM customer, model GROUP BY m;
SELECT fit_pareto_nbd(frequency, recency, age) = m AS nulls FROM (
	SELECT frequency, recency, age
	FROM customer
	UNION ALL VALUES (NULL::bigint, 1::double precision, 2::double precision), (1, NULL, 2), (1, 1, NULL),
	(NULL, 'NaN', -1), (-5, NULL, 2)) c(frequency, recency, age), model GROUP BY m;
SELECT unit, close((f).r, (m).r, 1e-7) AS r, close((f).alpha, unit * (m).alpha, 1e-7) AS alpha,
       close((f).s, (m).s, 1e-7) AS s, close((f).beta, unit * (m).beta, 1e-7) AS beta,
       close((f).beta_se, unit * (m).beta_se, 1e-6) AS beta_se,
       close((f).log_likelihood, (m).log_likelihood - ln(unit) * purchases, 1e-10) AS ll
FROM (SELECT unit, fit_pareto_nbd(frequency, recency * unit, age * unit) AS f, sum(frequency) AS purchases
      FROM customer, unnest(ARRAY[1 / 7.0, 1e-6, 1e6]::double precision[]) unit GROUP BY unit) x, model
ORDER BY unit;
-- a hundred times the customers: the same parameters, a tenth of the errors
SELECT close((f).r, (m).r, 1e-9) AS r, close((f).beta, (m).beta, 1e-9) AS beta,
       close((f).s_se, (m).s_se / 10, 1e-7) AS s_se, close((f).log_likelihood, 100 * (m).log_likelihood, 1e-12) AS ll
FROM (SELECT fit_pareto_nbd(frequency, recency, age) AS f FROM customer, generate_series(1, 100)) x, model;
SELECT fit_pareto_nbd(frequency, recency, age) IS NULL AS nobody FROM customer WHERE false;
-- times of which hardly any two are the same: moved by less than a second, the fit hardly moves
SELECT close((f).r, (m).r, 1e-4) AS r, close((f).beta, (m).beta, 1e-4) AS beta,
       close((f).log_likelihood, 100 * (m).log_likelihood, 1e-6) AS ll, (f).groups > 10000 AS distinct_times
FROM (SELECT fit_pareto_nbd(frequency, CASE WHEN frequency > 0 THEN recency + 1e-5 * uniform(n, 2) ELSE 0 END,
                            age + 2e-5 + 1e-5 * uniform(n, 3)) AS f
      FROM (SELECT frequency, recency, age, row_number() OVER () AS n FROM customer, generate_series(1, 100)) c) x,
     model;

--
-- Drawn from known parameters, r = 2, alpha = 60, s = 1, beta = 300, they come back
--
CREATE TABLE fact AS
	SELECT i, (i % 4)::int AS cohort, count(at) AS frequency, coalesce(max(at), 0) AS recency, t AS age
	FROM (SELECT i, (200 + rnd(i, 5, 30) * 14)::double precision AS t, -ln(uniform(i, 6) * uniform(i, 7)) / 60 AS rate,
	             ln(uniform(i, 9)) / ln(uniform(i, 8)) * 300 AS life
	      FROM generate_series(1, 4000) i) c
	     LEFT JOIN LATERAL (SELECT DISTINCT ceil(at) AS at
	                        FROM (SELECT sum(-ln(uniform(i, 100 + j)) / rate) OVER (ORDER BY j) AS at
	                              FROM generate_series(1, 60) j) p
	                        WHERE at < least(t, life) AND ceil(at) <= t) p ON true
	GROUP BY i, t;
ANALYZE fact;
SELECT (f).converged, abs((f).r - 2) < 4 * (f).r_se AS r, abs((f).alpha - 60) < 4 * (f).alpha_se AS alpha,
       abs((f).s - 1) < 4 * (f).s_se AS s, abs((f).beta - 300) < 4 * (f).beta_se AS beta,
       (f).r_se < 0.3 AND (f).alpha_se < 10 AND (f).s_se < 0.4 AND (f).beta_se < 150 AS narrow,
       (f).log_likelihood > (g).log_likelihood AS better
FROM (SELECT fit_pareto_nbd(frequency, recency, age) AS f, fit_bgnbd(frequency, recency, age) AS g FROM fact) x;
-- splits and workers
SELECT parallel_check('SELECT (fit_pareto_nbd(frequency, recency, age)).* FROM fact');
SELECT parallel_check('SELECT cohort, fit_pareto_nbd(frequency, recency, age) AS f, '
                      'fit_mbgnbd(frequency, recency, age) AS m FROM fact GROUP BY 1');
-- frames, of which each is fitted anew
SELECT count(*) AS rows, count(*) FILTER (WHERE f IS DISTINCT FROM o) AS wrong
FROM (SELECT i, fit_pareto_nbd(frequency, recency, age) OVER (ORDER BY i ROWS 20 PRECEDING) AS f
      FROM fact WHERE i <= 100) w,
     LATERAL (SELECT fit_pareto_nbd(frequency, recency, age) AS o FROM fact c WHERE c.i BETWEEN w.i - 20 AND w.i) l;
-- of a stored value, as of its summaries
SELECT fit_pareto_nbd(p, '2024-06-01') = fit_pareto_nbd(frequency, recency, age) AS same,
       fit_pareto_nbd(p::customer_activity, '2024-06-01') = fit_pareto_nbd(frequency, recency, age) AS of_activity,
       fit_pareto_nbd(NULL) IS NULL AS nothing
FROM (SELECT customer_purchases(rnd(i, 21, 300), date '2024-01-01' + rnd(i, 22, 180)::int, 1.0) AS p
      FROM generate_series(1, 2000) i) v, rfm_table(p, '2024-06-01') GROUP BY p;
SELECT outcome('SELECT fit_pareto_nbd(customer_activity(1, date ''2024-01-01''), ''infinity'')');

--
-- What is said of customers: another program's 40 digits
--
CREATE FUNCTION pareto(r double precision, alpha double precision, s double precision, beta double precision)
    RETURNS purchase_model LANGUAGE sql IMMUTABLE
RETURN jsonb_populate_record(NULL::purchase_model,
                             jsonb_build_object('model', 'Pareto/NBD', 'r', r, 'alpha', alpha, 's', s, 'beta', beta));
CREATE TABLE spend AS
	SELECT jsonb_populate_record(NULL::spend_model, '{"p": 1, "q": 2, "v": 1}') AS g;
SELECT r, alpha, s, beta, x, t_x, t, days, close(p_alive(m, x, t_x, t), alive, 1e-12) AS p_alive,
       close(expected_purchases(m, x, t_x, t, w), e, 1e-12) AS expected,
       close(churn_risk(m, x, t_x, t, w), risk, 1e-12) AS churn_risk,
       close(clv(m, g, x, t_x, t, 1, w) / expected_spend(g, x, 1), e, 1e-12) AS clv,
       close(clv(m, g, x, t_x, t, 1, w, 0.1) / expected_spend(g, x, 1), discounted, 1e-11) AS discounted
FROM spend, (VALUES
	(0.5, 70.0, 0.6, 80.0, 0::bigint, 0::double precision, 300::double precision, 90, 0.2816722880537757,
	 0.03209032731467269, 0.9726900634723301, 0.03172434894531914),
	(0.5, 70, 0.6, 80, 26, 216, 217, 365, 0.9978821651154758, 25.85831002079901, 0.02350833776688053,
	 24.75822659706658),
	(2, 50, 1, 50, 3, 100, 500, 30, 0.002463939396329215, 0.0006542969546160006, 0.9994397073495333,
	 0.0006517651712321988),
	(1.5, 40, 1, 1000, 2, 200, 273, 365, 0.9097393955159955, 3.264685740956455, 0.2035637072728907, 3.120262420581725),
	(0.8, 1800, 2.5, 1, 1, 40, 300, 30, 0.005530386815907419, 0.000126344757706756, 0.9998760398310846,
	 0.0001258710019690382),
	(0.8, 1, 2.5, 1800, 500, 700, 760, 30, 9.253985005165832e-16, 1.800561797264782e-14, 0.9999999999999991,
	 1.79356651557647e-14),
	(0.5, 70, 0.6, 80, 500, 3000, 3640, 365, 5.189205025668121e-39, 2.483681931602883e-37, 1, 2.370126176724022e-37),
	(1.5, 40, 0.9999999, 1000, 2, 200, 273, 3650, 0.9097394040093159, 17.51539095455681, 0.1619724043673626,
	 12.50396513570766),
	(3, 1e-6, 0.5, 1e6, 2, 200, 273, 365, 0.9999156807468821, 6.683808312394552, 0.01445876579206846,
	 6.375387428819647)) v(r, alpha, s, beta, x, t_x, t, days, alive, e, risk, discounted),
     LATERAL (SELECT pareto(r, alpha, s, beta) AS m, days * interval '1 day' AS w) l;

-- By hand, alpha = beta, where the integral is a power: for x = 0 and T = alpha the odds of having left are
-- s / (r + s) (2^(r + s) - 1)
SELECT close(p_alive(pareto(2, 50, 1, 50), 0, 0, 50), 1 / (1 + 7 / 3.0::double precision), 1e-14) AS alive,
       close(expected_purchases(pareto(2, 50, 1, 50), 0, 0, 0, '50 days'), 2 * ln(2::double precision), 1e-14) AS s_1,
       close(expected_purchases(pareto(2, 50, 3, 50), 0, 0, 0, '50 days'), 2 / 2.0 * (1 - 0.25), 1e-14) AS s_3,
       close(churn_risk(pareto(2, 50, 1, 50), 0, 0, 0, '50 days'), 1 / 8.0 + 1 / 3.0 * (1 - 1 / 8.0), 1e-14) AS risk;
-- who bought today is there, who never bought again perhaps
SELECT p_alive(m, 3, 70, 70) AS today, p_alive(m, 0, 0, 0) AS new, p_alive(m, 0, 0, 1) < 1 AS once,
       expected_purchases(m, 3, 50, 60, '0') AS none,
       churn_risk(m, 3, 50, 60, '0') AS risk_of_no_time
FROM model;
-- the two closed forms, and the integral where they would be long, meet
SELECT bool_and(close(p_alive(pareto(0.7, 100, 0.9, 100 * (1 - d)), 3, 40, 300),
                      p_alive(pareto(0.7, 100, 0.9, 100 * (1 + d)), 3, 40, 300), 3 * d)) AS equal,
       bool_and(close(p_alive(pareto(0.7, 100, 0.9, 100), 3, 40, 300),
                      p_alive(pareto(0.7, 100, 0.9, 100 * (1 + d)), 3, 40, 300), 3 * d)) AS smooth
FROM unnest(ARRAY[1e-3, 1e-6, 1e-9, 1e-12]) d;
SELECT bool_and(abs(p - q) < 1e-5) AS across
FROM (VALUES (999.9, 1000.1)) v(below, above),
     LATERAL (SELECT churn_risk(pareto(0.7, 1, 0.9, below), 3, 0.5, 0.6, '90 days') AS p,
                     churn_risk(pareto(0.7, 1, 0.9, above), 3, 0.5, 0.6, '90 days') AS q
              UNION ALL
              SELECT churn_risk(pareto(0.7, below, 0.9, 1), 3, 0.5, 0.6, '90 days'),
                     churn_risk(pareto(0.7, above, 0.9, 1), 3, 0.5, 0.6, '90 days')) l;
-- what grows and what falls
SELECT bool_and(e >= e0) AS longer, bool_and(r <= r0) AS risk_of_longer, bool_and(p < p0) AS silence FROM (
	SELECT e, lag(e, 1, 0) OVER w AS e0, r, lag(r, 1, 1) OVER w AS r0, p, lag(p, 1, 2) OVER w AS p0
	FROM model, generate_series(1, 2000, 40) days,
	     LATERAL (SELECT expected_purchases(m, 4, 100, 130, days * interval '1 day') AS e,
	                     churn_risk(m, 4, 100, 130, days * interval '1 day') AS r,
	                     p_alive(m, 4, 100, 130 + days) AS p) l
	WINDOW w AS (ORDER BY days)) x;
-- hardly anything left of a frequent customer
SELECT p_alive(pareto(0.55, 74, 0.6, 82), 500, 700, 3640) < 1e-300 AS gone,
       churn_risk(pareto(0.55, 74, 0.6, 82), 500, 700, 3640, '1 year') AS risk,
       expected_purchases(pareto(0.55, 74, 0.6, 82), 1000000, 1, 1e12, '1 year') AS none;
-- the ends of all parameters: numbers, and no other
SELECT count(*) AS cases,
       count(*) FILTER (WHERE NOT coalesce(p BETWEEN 0 AND 1 AND c BETWEEN 0 AND 1 AND e >= 0 AND e < 'Infinity'
                                           AND d >= 0 AND d < 'Infinity', false)) AS wrong
FROM unnest(ARRAY[1e-30, 1, 1e30]) r, unnest(ARRAY[1e-30, 1, 1e30]) alpha, unnest(ARRAY[1e-30, 1, 1e30]) s,
     unnest(ARRAY[1e-30, 1, 1e30]) beta,
     (VALUES (0::bigint, 0::double precision, 0::double precision), (0, 0, 1e12), (1, 1e-9, 1e12), (1000000, 1, 2),
             (1000000, 1e12, 1e12), (7, 30, 90)) h(x, t_x, t), spend,
     LATERAL (SELECT pareto(r, alpha, s, beta) AS m) l,
     LATERAL (SELECT p_alive(m, x, t_x, t) AS p, churn_risk(m, x, t_x, t, '100 years') AS c,
                     expected_purchases(m, x, t_x, t, '1 year') AS e, clv(m, g, x, t_x, t, 1, '1 year', 0.1) AS d) k;

-- What is no model
SELECT m, outcome(format('SELECT p_alive(jsonb_populate_record(NULL::purchase_model, %L), 3, 20, 50)', m))
FROM unnest(ARRAY['{"model": "Pareto/NBD", "r": 1, "alpha": 2, "s": 3}',
                  '{"model": "Pareto/NBD", "r": 1, "alpha": 2, "a": 3, "b": 4}',
                  '{"model": "Pareto/NBD", "r": 1, "alpha": 2, "s": 0, "beta": 4}',
                  '{"model": "Pareto", "r": 1, "alpha": 2, "s": 3, "beta": 4}',
                  '{"model": "BG/NBD", "r": 1, "alpha": 2, "s": 3, "beta": 4}']) m;
-- the value through text and bytes
SELECT m::text::purchase_model = m AS text, record_send(m::text::purchase_model) = record_send(m) AS bytes FROM model;

DROP SCHEMA pareto_test CASCADE;

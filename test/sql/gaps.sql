--
-- gaps: how long until customers come again, and what is read from a whole value
-- in the place of rows: fits, clv, revenue_retention
--
\set VERBOSITY terse
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA gaps_test;
SELECT set_config('search_path', 'gaps_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- The error of a statement, with its hint
CREATE FUNCTION failure(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
	EXECUTE statement;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN format('%s %s (%s)', SQLSTATE, SQLERRM, hint);
END $$;

--
-- Worked examples
--
CREATE TABLE ev (customer int, day date, amount numeric);
INSERT INTO ev VALUES
	(1, '2024-01-05', 100.00), (1, '2024-01-05', 20.50), (1, '2024-02-10', 80.00), (1, '2024-02-12', -30.00),
	(1, '2024-04-02', 50.00),
	(2, '2024-01-20', 60.00), (2, '2024-01-25', -60.00), (2, '2024-02-03', -5.00),
	(3, '2024-02-14', 0.00), (3, '2024-03-12', 45.25),
	(4, '2024-03-01', NULL), (4, '2024-03-31', 10.005),
	(5, '2024-02-02', -12.00),
	(6, '2023-12-30', -7.00), (6, '2024-01-31', 40.00),
	(NULL, '2024-01-15', 999), (7, NULL, 999);
CREATE TABLE value AS SELECT customer_purchases(customer, day, amount) AS p FROM ev;

SELECT duration, at_risk, churned, censored, round(survival::numeric, 6) AS survival
FROM value, LATERAL (SELECT time AS duration, at_risk, churned, censored, survival
                     FROM survival_table(purchase_gaps(p, '2024-04-15'))) t;
-- half of the customers come again within 52 days, or 33 if those who have not are left out
SELECT lifetime_quantile(purchase_gaps(p, '2024-04-15'), 0.5) AS with_open,
       gap_quantile(p, as_of => '2024-04-15') AS closed
FROM value;
SELECT fraction, gap_quantile(p, fraction, '2024-04-15')
FROM value, unnest(ARRAY[0, 0.25, 0.5, 0.75, 0.9, 1]) fraction;
SELECT number, customers, returned, round(return_rate::numeric, 4) AS return_rate, round(lower::numeric, 4) AS lower,
       round(upper::numeric, 4) AS upper, lower_quartile_days, median_days, upper_quartile_days
FROM value, gap_table(p, '2024-04-15');
-- the first number alone
SELECT number, customers, returned FROM value, gap_table(p, '2024-04-15', upto => 1);

SELECT customers, purchases, revenue, average_purchase_value, round(purchases_per_year::numeric, 5) AS per_year,
       round(relationship_years::numeric, 7) AS years, clv
FROM value, clv_summary(p);
SELECT customers, purchases, revenue, round(average_purchase_value::numeric, 6) AS average,
       round(purchases_per_year::numeric, 3) AS per_year, round(relationship_years::numeric, 7) AS years, clv
FROM value, clv_summary(p, '[2024-01-01,2024-03-01)');
SELECT clv(p) AS always, clv(p, '[2024-01-01,2024-03-01)') AS two_months, clv(p, '[2024-05-01,)') AS nobody
FROM value;
-- one purchase day each: no rate, no length
SELECT (clv_summary(p, '[2024-01-20,2024-02-01)')).* FROM value;
SELECT clv_summary(p, 'empty') IS NULL AS empty, clv_summary(p, '[2025-01-01,2025-02-01)') IS NULL AS nobody
FROM value;

SELECT round(revenue_retention(p, '[2024-01-01,2024-02-01)', '[2024-02-01,2024-03-01)')::numeric, 6) AS january,
       revenue_retention(p, '[2024-01-01,2024-02-01)', '[2024-01-01,2024-02-01)') AS itself,
       revenue_retention(p, '[2024-01-20,2024-01-21)', '[2024-02-01,)') AS below_zero,
       revenue_retention(p, '[2024-02-14,2024-02-15)', '[2024-03-01,)') AS nothing,
       revenue_retention(p, '[2025-01-01,2025-02-01)', '(,)') AS nobody,
       revenue_retention(p, '[2024-01-01,2024-02-01)', 'empty') AS never
FROM value;
-- it is the net_revenue_retention of revenue_table, where that is a month's
SELECT period_start, net_revenue_retention IS NOT DISTINCT FROM
       revenue_retention(p, daterange((period_start - interval '1 month')::date, period_start),
                         daterange(period_start, (period_start + interval '1 month')::date)) AS same
FROM value, revenue_table(p, as_of => '2024-05-01');

--
-- Oracles on scattered data
--
-- 400 customers with up to 40 rows of three years: many days twice, refunds in any position, zeros, NULLs
CREATE TABLE scattered AS
	SELECT c AS customer, date '2021-01-01' + dice(c, 5, 300) + dice(c * 1000 + i, 1, 40 + dice(c, 4, 760)) AS day,
	       CASE dice(c * 1000 + i, 2, 20)
	       WHEN 0 THEN NULL WHEN 1 THEN 0
	       WHEN 2 THEN -dice(c * 1000 + i, 3, 4000) / 100.0
	       ELSE dice(c * 1000 + i, 3, 9000) / 100.0 END AS amount
	FROM generate_series(1, 400) c, generate_series(1, 1 + dice(c, 6, 5) * dice(c, 7, 10)) i;
CREATE TABLE scattered_value AS
	SELECT customer_purchases(customer, day, amount) AS p,
	       customer_activity(customer, day) FILTER (WHERE amount IS NULL OR amount >= 0) AS a FROM scattered;
CREATE INDEX ON scattered (customer, day);
CREATE VIEW bought AS SELECT * FROM scattered WHERE amount IS NULL OR amount >= 0;
CREATE TABLE ends AS
	SELECT unnest(ARRAY['2021-01-02', '2021-06-15', '2022-01-01', '2023-12-31', '2300-01-01']::date[]) AS as_of;

-- all gaps as rows
CREATE TABLE gap AS
	SELECT as_of, customer, number, coalesce(next, as_of - 1) - day AS days, next IS NOT NULL AS closed
	FROM (SELECT as_of, customer, day, lead(day) OVER w AS next, row_number() OVER w AS number
	      FROM ends, LATERAL (SELECT DISTINCT customer, day FROM scattered
	                          WHERE day < as_of AND (amount >= 0 OR amount IS NULL)) d
	      WINDOW w AS (PARTITION BY as_of, customer ORDER BY day)) g;

-- the curve is survival_curve() over them, byte for byte, from either value
SELECT as_of, purchase_gaps(p, as_of)::text = curve::text AS purchases,
       purchase_gaps(a, as_of)::text = curve::text AS activity, n > 10 AS some
FROM scattered_value, (SELECT as_of, survival_curve(days, closed) AS curve, count(*) AS n
                       FROM gap GROUP BY as_of) o ORDER BY 1;
-- and of a value that is being built, in a group of few rows and of many
SELECT bool_and(purchase_gaps(built, '2022-01-01')::text = (SELECT survival_curve(days, closed)::text FROM gap
                WHERE as_of = '2022-01-01' AND customer % 7 = part)) AS same, count(*) AS groups
FROM (SELECT customer % 7 AS part, customer_activity(customer, day) AS built FROM scattered
      WHERE amount >= 0 OR amount IS NULL GROUP BY 1) g;

-- quantiles are those of percentile_cont, to the last digit
SELECT as_of, count(*) AS fractions,
       bool_and(gap_quantile(p, fraction, as_of) IS NOT DISTINCT FROM
                (SELECT percentile_cont(fraction) WITHIN GROUP (ORDER BY days) FROM gap
                 WHERE closed AND gap.as_of = ends.as_of)) AS same
FROM scattered_value, ends, unnest(ARRAY[0, 0.1, 0.25, 1/3::float8, 0.5, 0.77, 0.999, 1]) fraction
GROUP BY as_of ORDER BY as_of;

-- so is the table, row by row
SELECT as_of, count(*) AS numbers, count(o.number) AS expected,
       bool_and((t.customers, t.returned, t.return_rate, t.lower, t.upper) =
                (o.customers, o.returned, o.returned / o.customers::float8, (o.w).lower, (o.w).upper)) AS counts,
       bool_and(ARRAY[lower_quartile_days, median_days, upper_quartile_days] IS NOT DISTINCT FROM
                coalesce(quartiles, ARRAY[NULL, NULL, NULL]::float8[])) AS quartiles
FROM scattered_value, ends, LATERAL gap_table(p, as_of, 25, 0.9) t
FULL JOIN LATERAL (SELECT *, wilson_interval(returned, customers, 0.9) AS w
                   FROM (SELECT number, count(*) AS customers, count(*) FILTER (WHERE closed) AS returned,
                                percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY days)
                                FILTER (WHERE closed) AS quartiles
                         FROM gap WHERE gap.as_of = ends.as_of AND number <= 25 GROUP BY number) g) o
	ON o.number = t.number
GROUP BY as_of ORDER BY as_of;

-- without as_of, the day after the last active day
SELECT purchase_gaps(a) = purchase_gaps(a, last + 1) AS curve,
       gap_quantile(a) = gap_quantile(a, 0.5, last + 1) AS quantile,
       (SELECT array_agg(t) FROM gap_table(a) t) =
       (SELECT array_agg(t) FROM gap_table(a, last + 1, 10, 0.95) t) AS table
FROM scattered_value, (SELECT max(day) AS last FROM scattered WHERE amount >= 0 OR amount IS NULL) d;

-- gaps of thousands of years are counted one by one
CREATE TABLE far AS SELECT c, day FROM (VALUES (1, date '4713-01-01 BC'), (1, '2024-01-01'), (1, '5874897-12-31'),
	(2, '2024-01-01'), (2, '2203-06-07'), (2, '2203-06-08'), (3, '1850-01-01'), (3, '2029-06-08'), (4, '2024-01-01'),
	(5, '2024-01-01'), (5, '2203-06-06')) v (c, day);
CREATE VIEW far_gap AS
	SELECT coalesce(next, date '5874897-12-31') - day AS days, next IS NOT NULL AS closed FROM (
		SELECT day, lead(day) OVER (PARTITION BY c ORDER BY day) AS next FROM far) f;
SELECT purchase_gaps(a) = (SELECT survival_curve(days, closed) FROM far_gap) AS curve,
       (SELECT bool_and(gap_quantile(a, f / 12.0::float8) =
                        (SELECT percentile_cont(f / 12.0::float8) WITHIN GROUP (ORDER BY days)
                         FROM far_gap WHERE closed))
        FROM generate_series(0, 12) f) AS quantiles,
       (SELECT string_agg(format('%s %s %s', number, customers, upper_quartile_days), ', ') FROM gap_table(a)) AS table
FROM (SELECT customer_activity(c, day) AS a FROM far) v;

--
-- Fits of a value are those of the aggregates over rfm_table
--
-- who buy at random, each at their own rate, and may leave after each purchase
CREATE TABLE buyer AS
	SELECT customer, first + sum(-ln(uniform(customer * 100 + i, 21)) / rate) OVER (
		PARTITION BY customer ORDER BY i)::int AS day, i, spend, leaves
	FROM (SELECT c AS customer, date '2022-01-01' + dice(c, 22, 90) AS first,
	             -ln(uniform(c, 23) * uniform(c, 24)) / 60 AS rate, uniform(c, 25) ^ 3 AS leaves,
	             5 - 10 * ln(uniform(c, 26) * uniform(c, 27) * uniform(c, 28)) AS spend
	      FROM generate_series(1, 900) c) b, generate_series(0, 39) i;
CREATE TABLE buyer_value AS
	SELECT customer_purchases(customer, day, amount) AS p FROM (
		SELECT customer, day, round((spend * (0.3 + uniform(customer * 100 + i, 29)))::numeric, 2) AS amount
		FROM (SELECT *, bool_or(i > 0 AND uniform(customer * 100 + i, 30) < leaves) OVER (
			PARTITION BY customer ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS gone FROM buyer) b
		WHERE gone IS NOT TRUE AND day < '2024-01-01'
		UNION ALL SELECT customer, day + 1, -round(spend::numeric * dice(customer, 31, 3), 2)
		FROM buyer WHERE i = 1 AND customer % 9 = 0 AND day < '2024-01-01') r;
CREATE TABLE fitted AS
	SELECT as_of, fit_bgnbd(frequency, recency, age) AS b, fit_mbgnbd(frequency, recency, age) AS m,
	       fit_gamma_gamma(frequency, monetary_value) AS g
	FROM buyer_value, unnest(ARRAY['2022-07-01', '2024-06-30']::timestamptz[]) as_of, rfm_table(p, as_of)
	GROUP BY as_of;
SELECT as_of::date, fit_bgnbd(p, as_of)::text = b::text AS bgnbd, fit_mbgnbd(p, as_of)::text = m::text AS mbgnbd,
       fit_gamma_gamma(p, as_of)::text = g::text AS gamma_gamma,
       (b).converged AND (m).converged AND (g).converged AS converged, (b).customers
FROM buyer_value, fitted ORDER BY as_of;
-- by default of all rows
SELECT fit_gamma_gamma(p)::text = (SELECT fit_gamma_gamma(frequency, monetary_value)::text FROM rfm_table(p)) AS spend,
       fit_bgnbd(a)::text = fit_bgnbd(a, last + 1)::text AS bgnbd,
       fit_mbgnbd(a)::text = fit_mbgnbd(a, last + 1)::text AS mbgnbd
FROM buyer_value, LATERAL (SELECT customer_activity(p) AS a) v,
	LATERAL (SELECT max(last_day) AS last FROM rfm_table(p)) l;
-- with few distinct histories as well as with tables full of them
SELECT bool_and(fit_bgnbd(p, '2023-01-01')::text = (
	SELECT fit_bgnbd(frequency, recency, age)::text FROM rfm_table(p, '2023-01-01'))) AS same
FROM (SELECT customer_purchases(customer, day, 1) AS p FROM buyer WHERE i < dice(customer, 35, 9) AND customer < 200
      GROUP BY customer % 2) v;
SELECT fit_bgnbd(p, '2400-01-01')::text = fit_bgnbd(frequency, recency, age)::text AS same,
       count(DISTINCT (frequency, recency, age)) > 6144 AS many
FROM (SELECT customer_purchases(c, date '2000-01-01' + dice(c, 31, 9000) + dice(c, 32, 7000) * (i > 0)::int + i, 1) AS p
      FROM generate_series(1, 8000) c, generate_series(0, dice(c, 33, 4)) i) v,
     rfm_table(p, '2400-01-01') GROUP BY p;
-- means of 0 and below are left out
SELECT fit_gamma_gamma(p) IS NULL AS refunded, (fit_bgnbd(p)).customers AS bought
FROM (SELECT customer_purchases(c, day, amount) AS p FROM (VALUES (1, date '2024-01-01', 5), (1, '2024-01-05', 0),
	(2, '2024-01-02', 1), (2, '2024-01-20', 3), (2, '2024-01-21', -4), (3, '2024-01-03', 7), (3, '2024-01-09', 2),
	(3, '2024-01-09', -9)) v (c, day, amount)) v;
-- warnings are the same, too
CREATE TABLE loyal AS SELECT customer_purchases(c, date '2024-01-01' + 7 * i, 10) AS p
FROM generate_series(1, 30) c, generate_series(0, 9) i;
SELECT (fit_bgnbd(frequency, recency, age)).converged FROM loyal, rfm_table(p, '2024-03-05');
SELECT (fit_bgnbd(p, '2024-03-05')).converged FROM loyal;
SELECT (fit_mbgnbd(p, '2024-03-05')).converged FROM loyal;
SELECT (fit_gamma_gamma(frequency, monetary_value)).converged FROM loyal, rfm_table(p, '2024-03-05');
SELECT (fit_gamma_gamma(p, '2024-03-05')).converged FROM loyal;

--
-- clv of a value is that of rows
--
-- without refunds the aggregate sees the same, for the whole and for a range
SELECT during, clv_summary(p, during)::text = rows::text AS summary, clv(p, during) = (rows).clv AS clv,
       (rows).customers > 5 AS some
FROM (SELECT customer_purchases(customer, day, amount) AS p FROM scattered WHERE amount IS NULL OR amount >= 0) v,
	unnest(ARRAY['(,)', '[2021-03-01,2021-06-01)', '[2022-01-01,)', '(,2021-02-01)']::daterange[]) during,
	LATERAL (SELECT clv_summary(customer, day, amount) AS rows FROM scattered
	         WHERE day <@ during AND (amount IS NULL OR amount >= 0)) o;
-- with them, for the whole
SELECT clv_summary(p)::text = clv_summary(customer, day, amount)::text AS summary,
       clv(p) = clv(customer, day, amount) AS clv
FROM scattered_value, scattered GROUP BY p;
-- and in a range, by plain SQL: each refund belongs to the purchase day before it
SELECT during, customers = n AND s.purchases = o.purchases AND revenue = brought AND
       near(average_purchase_value, brought / o.purchases) AND near(purchases_per_year, o.purchases / years) AND
       near(relationship_years, years / n) AND near(clv, brought / n) AS same
FROM scattered_value, unnest(ARRAY['[2021-03-01,2021-06-01)', '[2022-01-01,)', '(,2021-02-01)']::daterange[]) during,
	LATERAL clv_summary(p, during) s, LATERAL (
	SELECT count(*) AS n, sum(purchases) AS purchases, sum(brought) AS brought, sum(last - first) / 365.25 AS years
	FROM (
		SELECT customer, min(on_day) AS first, max(on_day) AS last, sum(amount) AS brought,
		       count(*) FILTER (WHERE amount >= 0 OR amount IS NULL) AS purchases
		FROM (SELECT customer, amount, coalesce(
			(SELECT max(day) FROM bought b WHERE b.customer = r.customer AND b.day <= r.day),
			(SELECT min(day) FROM bought b WHERE b.customer = r.customer)) AS on_day FROM scattered r) placed
		WHERE on_day <@ during GROUP BY customer) c) o;

--
-- NULL, nobody, and errors
--
SELECT purchase_gaps(NULL) IS NULL AS gaps, gap_quantile(NULL) IS NULL AS quantile,
       (SELECT count(*) FROM gap_table(NULL)) AS table,
       fit_bgnbd(NULL) IS NULL AS bgnbd, fit_mbgnbd(NULL) IS NULL AS mbgnbd,
       fit_gamma_gamma(NULL) IS NULL AS gamma_gamma, clv(NULL) IS NULL AS clv, clv_summary(NULL) IS NULL AS summary,
       revenue_retention(NULL, '(,)', '(,)') IS NULL AS retention;
SELECT revenue_retention(p, NULL, '(,)') IS NULL AS base, revenue_retention(p, '(,)', NULL) IS NULL AS comeback
FROM value;
-- before anybody came
SELECT purchase_gaps(p, '2024-01-05') IS NULL AS gaps, gap_quantile(p, 0.5, '2024-01-05') IS NULL AS quantile,
       (SELECT count(*) FROM gap_table(p, '2024-01-05')) AS table, fit_bgnbd(p, '2024-01-05') IS NULL AS bgnbd,
       fit_mbgnbd(p, '2024-01-05') IS NULL AS mbgnbd, fit_gamma_gamma(p, '2024-01-05') IS NULL AS gamma_gamma
FROM value;
-- only refunds
SELECT purchase_gaps(p) IS NULL AS gaps, gap_quantile(p) IS NULL AS quantile,
       (SELECT count(*) FROM gap_table(p)) AS table,
       fit_bgnbd(p) IS NULL AS bgnbd, fit_gamma_gamma(p) IS NULL AS gamma_gamma, clv(p) IS NULL AS clv,
       clv_summary(p) IS NULL AS summary, revenue_retention(p, '(,)', '(,)') AS retention
FROM (SELECT customer_purchases(1, '2024-01-01'::date, -5) AS p) v;
-- one day: nobody has come again, and it is not known whether they will
SELECT survival_at(purchase_gaps(p), 0) AS survival, gap_quantile(p) AS quantile, t.*
FROM (SELECT customer_purchases(1, '2024-01-01'::date, 5) AS p) v, gap_table(p) t;
-- days are those of the session's zone
SET timezone = 'Pacific/Auckland';
SELECT gap_quantile(a, 1, '2024-03-01 12:00+00') AS closed, gap_quantile(a, 1, '2024-03-01 10:00+00') AS not_yet
FROM (SELECT customer_activity(1, day) AS a FROM (VALUES (date '2024-02-01'), ('2024-03-01')) d (day)) v;
SET timezone = 'UTC';

SELECT statement, failure('SELECT ' || statement || ' FROM gaps_test.value') AS failure FROM unnest(ARRAY[
	'purchase_gaps(p, ''infinity'')',
	'purchase_gaps(NULL, ''-infinity'')',
	'gap_quantile(p, 1.5)',
	'gap_quantile(p, -0.1)',
	'gap_quantile(p, ''NaN'')',
	'gap_quantile(p, NULL)',
	'gap_quantile(NULL, 2)',
	'gap_quantile(p, 0.5, ''infinity'')',
	'gap_quantile(NULL, 0.5, ''infinity'')',
	'gap_table(p, ''infinity'')',
	'gap_table(p, upto => 0)',
	'gap_table(p, upto => NULL)',
	'gap_table(NULL, upto => -1)',
	'gap_table(p, confidence => 1)',
	'gap_table(p, confidence => NULL)',
	'fit_bgnbd(p, ''infinity'')',
	'fit_bgnbd(NULL, ''infinity'')',
	'fit_mbgnbd(p, ''-infinity'')',
	'fit_gamma_gamma(p, ''infinity'')',
	'fit_gamma_gamma(NULL::customer_purchases, ''infinity'')']) statement;

--
-- The functions leave the aggregates of their names as they were
--
SELECT (fit_bgnbd(1, 2, 3)).customers AS integers, (fit_bgnbd('1', '2', '3')).customers AS literals,
       fit_bgnbd(NULL, NULL, NULL) IS NULL AS nulls, fit_mbgnbd(NULL, 1, 2) IS NULL AS one_null,
       fit_gamma_gamma(NULL, 1) IS NULL AS no_frequency, fit_gamma_gamma(1, NULL) IS NULL AS no_value,
       fit_gamma_gamma(0, '5') IS NULL AS literal;
PREPARE fits AS SELECT (fit_bgnbd($1, $2, $3)).customers AS bgnbd, (fit_gamma_gamma(2, $4)).customers AS gamma_gamma;
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'fits';
PREPARE clvs AS SELECT clv($1, '2024-01-01'::date, $2), clv(1, $3::date, 5);
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'clvs';
SELECT clv('7', date '2024-01-01', 5) AS text, clv(1, '2024-01-01'::date, '5') AS literal,
       (clv_summary(1, date '2024-01-01', 5)).revenue AS summary, clv(1, date '2024-01-01', NULL) AS null;
-- and those that were functions before
SELECT round(clv(survival_curve(d, true), 10, 0.1, 5)::numeric, 4) AS curve FROM generate_series(1, 3) d;
SELECT clv(NULL::survival_curve, 10, 0.1, 5) IS NULL AS curve, clv(NULL::customer_purchases, NULL) IS NULL AS purchases;
DROP SCHEMA gaps_test CASCADE;

--
-- revenue: what is read from a customer_purchases: cohorts, curve and periods
-- of revenue, concentration, states, rfm_table
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 0;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA revenue_test;
SELECT set_config('search_path', 'revenue_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- The example of the documentation
--
CREATE TABLE ev (customer int, d date, a numeric);
INSERT INTO ev VALUES
	(1, '2024-01-05', 100.00), (1, '2024-01-05', 20.50), (1, '2024-02-10', 80.00), (1, '2024-02-12', -30.00),
	(1, '2024-04-02', 50.00), (2, '2024-01-20', 60.00), (2, '2024-01-25', -60.00), (2, '2024-02-03', -5.00),
	(3, '2024-02-14', 0.00), (3, '2024-03-12', 45.25), (4, '2024-03-01', NULL), (4, '2024-03-31', 10.005),
	(5, '2024-02-02', -12.00), (6, '2023-12-30', -7.00), (6, '2024-01-31', 40.00),
	(NULL, '2024-01-15', 999), (7, NULL, 999);
CREATE TABLE value AS SELECT customer_purchases(customer, d, a) AS p FROM ev;
SELECT cohort, age, customers, active, purchases, revenue, refunded, cumulative_revenue AS cumulative,
       base_revenue AS base
FROM value, revenue_cohort_table(p, as_of => '2024-04-15');
SELECT cohort, age, period_start, average_purchase_value AS average, revenue_per_customer AS per_customer,
       cumulative_per_customer AS cumulative, round(lower::numeric, 3) AS lower, round(upper::numeric, 3) AS upper,
       revenue_retention AS retention, complete
FROM value, revenue_cohort_table(p, as_of => '2024-04-15');
SELECT cohort, age, customers, active, purchases, revenue, refunded, cumulative_revenue AS cumulative,
       base_revenue AS base
FROM value, revenue_cohort_table(p, as_of => '2024-04-15', clock => 'elapsed');
SELECT cohort, age, average_purchase_value AS average, revenue_per_customer AS per_customer,
       cumulative_per_customer AS cumulative, round(lower::numeric, 3) AS lower, round(upper::numeric, 3) AS upper,
       revenue_retention AS retention, complete
FROM value, revenue_cohort_table(p, as_of => '2024-04-15', clock => 'elapsed');
SELECT age, customers, active, purchases, revenue, refunded, cumulative_revenue, base_revenue,
       average_purchase_value AS average
FROM value, revenue_curve(p, as_of => '2024-04-15');
SELECT age, revenue_per_customer, cumulative_per_customer,
       round(((upper - lower) / 2 / 1.959963984540054)::numeric, 4) AS standard_error, revenue_retention
FROM value, revenue_curve(p, as_of => '2024-04-15');
SELECT period_start, active, purchases, revenue, refunded, new_revenue AS new, retained_revenue AS retained,
       resurrected_revenue AS resurrected
FROM value, revenue_table(p, as_of => '2024-04-15');
SELECT period_start, expansion, contraction, churned_revenue AS churned, net_revenue_retention AS nrr,
       gross_revenue_retention AS grr, quick_ratio AS quick, average_purchase_value AS average,
       revenue_per_customer AS per_customer, complete
FROM value, revenue_table(p, as_of => '2024-04-15');
SELECT sum(revenue) AS by_period, (SELECT sum(revenue) FROM revenue_cohort_table(p)) AS by_cohort,
       revenue(p) + 12 AS all
FROM value, revenue_table(p) GROUP BY p;
-- customers one by one
SELECT t.* FROM value, rfm_table(p, '2024-04-15') t;
SELECT t.* FROM value, rfm_table(p, '2024-02-01') t;
SELECT t.* FROM value, rfm_table(p, '2024-01-05') t;
SELECT at, t.* FROM value, unnest(ARRAY['2024-01-20', '2024-02-29', '2024-03-01']::date[]) at, customer_states(p, at) t;
SELECT t.* FROM value, customer_states(p, '2024-03-31', 'dormant') t;
SELECT t.* FROM value, customer_states(p, '2024-03-31', 'churned') t;
-- the last complete month is March: the last row is of 2 April
SELECT count(*), bool_and(t = s) AS same
FROM value, customer_states(p) t, customer_states(p, '2024-03-01') s WHERE t.customer = s.customer;
SELECT t.* FROM value, customer_states(p::customer_activity, '2024-02-29') t;
-- concentration
SELECT f, round(top_share(p, f)::numeric, 6) FROM value, unnest(ARRAY[0, 0.1, 0.2, 0.5, 0.8, 1]) f;
SELECT round(gini(p)::numeric, 6) AS gini, gini(p, '[2024-02-01,2024-03-01)') AS february,
       top_share(p, 0.5, '[2024-02-01,2024-03-01)') AS top_february, gini(p, 'empty') AS nobody,
       top_share(p, during => '[2030-01-01,)') AS later, gini(p, '[2024-03-31,2024-04-01)') AS one
FROM value;
SELECT t.* FROM value, concentration_table(p, 2) t;
SELECT t.* FROM value, concentration_table(p, 7) t;
SELECT count(*) FROM value, concentration_table(p, 3, '[2030-01-01,)');
SELECT top_share(p), gini(p), top_share(p, 0.35) FROM (
	SELECT customer_purchases(i, date '2024-01-01', 10) AS p FROM generate_series(1, 5) i) x;
SELECT gini(p) IS NULL AS gini, top_share(p) IS NULL AS top, (SELECT count(*) FROM concentration_table(p)) AS rows
FROM (VALUES ((SELECT customer_purchases(1, date '2024-01-01', 0))), (NULL),
      ((SELECT customer_purchases(1, date '2024-01-01', -1)))) v(p);
-- everything of nothing, and of refunds alone
SELECT (SELECT count(*) FROM revenue_cohort_table(p)) AS cohorts, (SELECT count(*) FROM revenue_curve(p)) AS curve,
       (SELECT count(*) FROM revenue_table(p)) AS periods, (SELECT count(*) FROM rfm_table(p)) AS rfm,
       (SELECT count(*) FROM customer_states(p, '2024-01-01')) AS states
FROM (VALUES (NULL), ((SELECT customer_purchases(1, date '2024-01-01', -1)))) v(p);

--
-- Oracles in plain SQL. A refund counts on the latest purchase day that is not
-- after it, one before any purchase on the first.
--
CREATE TABLE sale (i int, c bigint, d date, a numeric);
INSERT INTO sale
	SELECT i, dice(i, 1, 250) - 20, date '2023-01-01' + dice(i, 2, 100 + dice(i, 3, 400)),
	       CASE dice(i, 4, 12) WHEN 0 THEN 0 WHEN 1 THEN NULL WHEN 2 THEN -dice(i, 5, 900) / 10.0
	            WHEN 3 THEN -dice(i, 5, 5000) / 100.0 WHEN 4 THEN dice(i, 5, 90000) / 1000.0
	            ELSE dice(i, 5, 9000) / 100.0 END
	FROM generate_series(1, 2000) i;
-- several orders of a day, ends of months, a customer of refunds only, refunds before and after everything
INSERT INTO sale SELECT 3000 + i, c, d + k % 2, a + k FROM sale, generate_series(1, 2) k WHERE dice(i, 6, 9) = 0;
INSERT INTO sale
	SELECT 6000 + i, 300 + i % 30, (date_trunc('month', date '2023-01-01' + dice(i, 7, 500)) + interval '1 month')::date
	                              - 1 - dice(i, 8, 2), dice(i, 9, 3000) / 100.0 - 5
	FROM generate_series(1, 200) i;
INSERT INTO sale VALUES (9001, 1000, '2022-11-30', -5), (9002, 1000, '2024-03-01', -0.001), (9003, 5, '2022-12-31', -3),
	(9004, 6, '2024-06-30', -7.25), (9005, NULL, '2023-01-01', 5), (9006, 8, NULL, 5);
CREATE TABLE sales AS SELECT customer_purchases(c, d, a) AS p FROM sale;
CREATE FUNCTION net(before date, OUT c bigint, OUT d date, OUT purchases bigint, OUT revenue numeric,
                    OUT refunded numeric) RETURNS SETOF record LANGUAGE sql STABLE
BEGIN ATOMIC
	SELECT c, coalesce((SELECT max(b.d) FROM sale b WHERE b.c = s.c AND b.d <= s.d AND b.d < before
	                                                  AND coalesce(b.a, 0) >= 0),
	                   (SELECT min(b.d) FROM sale b WHERE b.c = s.c AND b.d < before AND coalesce(b.a, 0) >= 0)) AS day,
	       count(*) FILTER (WHERE coalesce(a, 0) >= 0), coalesce(sum(a), 0), coalesce(-sum(a) FILTER (WHERE a < 0), 0)
	FROM sale s
	WHERE s.d < before AND s.c IN (SELECT b.c FROM sale b WHERE coalesce(b.a, 0) >= 0 AND b.d < before)
	GROUP BY 1, 2;
END;
CREATE TABLE net_day AS
	SELECT before, net.* FROM unnest(ARRAY['2023-08-15', '2024-03-01', '2024-03-31', '2024-07-01', 'infinity']::date[])
	before, net(before);
CREATE INDEX ON net_day (before, c, d);
ANALYZE net_day;
SELECT count(*) > 1000 AS many, bool_or(revenue < 0) AS below_zero, bool_or(purchases > 2) AS several FROM net_day;
CREATE FUNCTION bin(d date, period interval, origin date) RETURNS int LANGUAGE sql IMMUTABLE
RETURN CASE WHEN period >= '1 month' AND extract(day FROM period) = 0
	THEN floor((extract(year FROM d) * 12 + extract(month FROM d) - extract(year FROM origin) * 12
	            - extract(month FROM origin)) / (extract(year FROM period) * 12 + extract(month FROM period)))
	ELSE floor((d - origin)::numeric / extract(day FROM period)::int) END;
CREATE FUNCTION bin_start(b int, period interval, origin date) RETURNS date LANGUAGE sql IMMUTABLE
RETURN (CASE WHEN extract(day FROM period) = 0 THEN date_trunc('month', origin) ELSE origin::timestamp END
        + b * period)::date;

-- Each customer at each age that counts: what it brought, and so far
CREATE FUNCTION ages(period interval, as_of date, clock text, origin date, OUT c bigint, OUT cohort int, OUT age int,
                     OUT active boolean, OUT purchases bigint, OUT revenue numeric, OUT refunded numeric,
                     OUT cumulative numeric, OUT base numeric)
RETURNS SETOF record LANGUAGE sql STABLE AS $$
WITH day AS (
	SELECT *, min(d) OVER (PARTITION BY c) AS first
	FROM net_day WHERE before = 'infinity'),
aged AS (
	SELECT *, CASE clock WHEN 'calendar' THEN bin(d, period, origin) - bin(first, period, origin)
	               ELSE (SELECT max(k) FROM generate_series(0, 80) k WHERE first + k * period <= d) END AS age
	FROM day),
grid AS (
	SELECT c, bin(first, period, origin) AS cohort, k AS age
	FROM (SELECT DISTINCT c, first FROM day) x, generate_series(0, 80) k
	WHERE CASE clock WHEN 'calendar' THEN bin_start(bin(first, period, origin) + k, period, origin) < as_of
	           ELSE (first + (k + 1) * period)::date <= as_of END),
sums AS (
	SELECT c, cohort, age, count(d) > 0 AS active, coalesce(sum(purchases), 0)::bigint AS purchases,
	       coalesce(sum(revenue), 0) AS revenue, coalesce(sum(refunded), 0) AS refunded
	FROM grid LEFT JOIN aged USING (c, age) GROUP BY 1, 2, 3)
SELECT *, sum(revenue) OVER (PARTITION BY c ORDER BY age),
       first_value(revenue) OVER (PARTITION BY c ORDER BY age)
FROM sums $$;
-- Rows that differ, of any of these ways to call it
CREATE VIEW ways AS
	SELECT period, as_of, clock, origin
	FROM unnest(ARRAY['1 month', '3 months', '7 days', '28 days', '1 year']::interval[]) period,
	     unnest(ARRAY['2023-08-15', '2024-03-31', '2024-07-01']::date[]) as_of,
	     unnest(ARRAY['calendar', 'elapsed']) clock, unnest(ARRAY['2001-01-01', '2023-02-01']::date[]) origin
	WHERE origin = '2001-01-01' OR period IN ('3 months', '7 days');
CREATE TABLE every_age AS
	SELECT w.period, w.as_of, w.clock, w.origin, a.c, a.age, a.active, a.purchases, a.revenue, a.refunded, a.cumulative,
	       a.base, bin_start(a.cohort, w.period, w.origin) AS cohort,
	       bin_start(a.cohort + a.age, w.period, w.origin) AS period_start,
	       CASE clock WHEN 'calendar' THEN bin_start(a.cohort + a.age + 1, w.period, w.origin)
	            ELSE bin_start(a.cohort + 1, w.period, w.origin) END <= as_of AS over
	FROM ways w, LATERAL ages(period, as_of, clock, origin) a;
ANALYZE every_age;
CREATE TABLE first_day AS
	SELECT w.*, bin_start(bin(first, period, origin), period, origin) AS cohort, count(*) AS size
	FROM ways w JOIN (SELECT before, c, min(d) AS first FROM net_day GROUP BY 1, 2) f
	     ON before = 'infinity'
	GROUP BY 1, 2, 3, 4, 5;
CREATE TABLE cell AS
	SELECT period, as_of, clock, origin, cohort, age, period_start, count(*) AS customers,
	       count(*) FILTER (WHERE active) AS active, sum(purchases) AS purchases, sum(revenue) AS revenue,
	       sum(refunded) AS refunded, sum(cumulative) AS cumulative_revenue, sum(base) AS base_revenue,
	       (1.9599639845400542 * stddev_samp(cumulative) / sqrt(count(*)))::double precision AS half,
	       over AND count(*) = size AS complete
	FROM every_age JOIN first_day USING (period, as_of, clock, origin, cohort)
	GROUP BY period, as_of, clock, origin, cohort, age, period_start, over, size;
ANALYZE cell;
SELECT clock, count(*) > 1000 AS many, count(*) FILTER (WHERE NOT coalesce(
	c.customers = t.customers AND c.active = t.active AND c.purchases = t.purchases AND c.revenue = t.revenue
	AND c.refunded = t.refunded AND c.cumulative_revenue = t.cumulative_revenue AND c.base_revenue = t.base_revenue
	AND c.period_start = t.period_start AND c.complete = t.complete AND scale(t.revenue) = 3, false)) AS counts_differ,
	count(*) FILTER (WHERE NOT CASE WHEN NOT t.complete AND clock = 'calendar'
		THEN num_nulls(average_purchase_value, revenue_per_customer, cumulative_per_customer, lower, upper,
		               revenue_retention) = 6
		ELSE near(average_purchase_value, (c.revenue / nullif(c.purchases, 0))::double precision)
		     AND near(revenue_per_customer, (c.revenue / c.customers)::double precision)
		     AND near(cumulative_per_customer, (c.cumulative_revenue / c.customers)::double precision)
		     AND near(lower, (c.cumulative_revenue / c.customers)::double precision - half, 1e-11)
		     AND near(upper, (c.cumulative_revenue / c.customers)::double precision + half, 1e-11)
		     AND near(revenue_retention,
		              CASE WHEN c.base_revenue > 0 THEN (c.revenue / c.base_revenue)::double precision END) END)
		AS ratios_differ
FROM cell c
FULL JOIN (SELECT w.*, t.* FROM sales, ways w,
                  revenue_cohort_table(p, period, as_of, clock => clock, origin => origin) t) t
     USING (period, as_of, clock, origin, cohort, age)
GROUP BY clock ORDER BY clock;
-- the curve: the complete cells of an age; the deviation over the customers in them
CREATE TABLE pooled AS
	SELECT period, as_of, clock, origin, age, count(*) AS customers, count(*) FILTER (WHERE a.active) AS active,
	       sum(a.purchases) AS purchases, sum(a.revenue) AS revenue, sum(a.refunded) AS refunded,
	       sum(cumulative) AS cumulative_revenue, sum(base) AS base_revenue,
	       (1.2815515655446004 * stddev_samp(cumulative) / sqrt(count(*)))::double precision AS half
	FROM every_age a JOIN cell c USING (period, as_of, clock, origin, cohort, age)
	WHERE complete GROUP BY period, as_of, clock, origin, age;
SELECT clock, count(*) > 200 AS many, count(*) FILTER (WHERE NOT coalesce(
	c.customers = t.customers AND c.active = t.active AND c.purchases = t.purchases AND c.revenue = t.revenue
	AND c.refunded = t.refunded AND c.cumulative_revenue = t.cumulative_revenue AND c.base_revenue = t.base_revenue,
	false)) AS counts_differ,
	count(*) FILTER (WHERE NOT (
		near(average_purchase_value, (c.revenue / nullif(c.purchases, 0))::double precision)
		AND near(revenue_per_customer, (c.revenue / c.customers)::double precision)
		AND near(cumulative_per_customer, (c.cumulative_revenue / c.customers)::double precision)
		AND near(lower, (c.cumulative_revenue / c.customers)::double precision - half, 1e-11)
		AND near(upper, (c.cumulative_revenue / c.customers)::double precision + half, 1e-11)
		AND near(revenue_retention,
		         CASE WHEN c.base_revenue > 0 THEN (c.revenue / c.base_revenue)::double precision END)))
		AS ratios_differ
FROM pooled c
FULL JOIN (SELECT w.*, t.* FROM sales, ways w,
                  revenue_curve(p, period, as_of, clock => clock, confidence => 0.8, origin => origin) t) t
     USING (period, as_of, clock, origin, age)
GROUP BY clock ORDER BY clock;

-- periods: each customer with the period before
CREATE TABLE period_sum AS
	SELECT period, as_of, origin, c, b, sum(purchases)::bigint AS purchases, sum(revenue) AS revenue,
	       sum(refunded) AS refunded, min(b) OVER (PARTITION BY period, as_of, origin, c) AS first
	FROM (SELECT DISTINCT period, as_of, origin FROM ways) w,
	     LATERAL (SELECT *, bin(d, period, origin) AS b FROM net_day WHERE before = 'infinity') n
	GROUP BY period, as_of, origin, c, b;
CREATE TABLE period_cell AS
	SELECT period, as_of, origin, b, count(n.c) AS active, coalesce(sum(n.purchases), 0) AS purchases,
	       coalesce(sum(n.revenue), 0) AS revenue, coalesce(sum(n.refunded), 0) AS refunded,
	       coalesce(sum(n.revenue) FILTER (WHERE n.first = n.b), 0) AS new_revenue,
	       coalesce(sum(n.revenue) FILTER (WHERE l.c IS NOT NULL), 0) AS retained_revenue,
	       coalesce(sum(n.revenue) FILTER (WHERE l.c IS NULL AND n.first < n.b), 0) AS resurrected_revenue,
	       coalesce(sum(greatest(n.revenue - l.revenue, 0)) FILTER (WHERE n.c IS NOT NULL AND l.c IS NOT NULL), 0)
	           AS expansion,
	       coalesce(sum(greatest(l.revenue - n.revenue, 0)) FILTER (WHERE n.c IS NOT NULL AND l.c IS NOT NULL), 0)
	           AS contraction,
	       coalesce(sum(l.revenue) FILTER (WHERE n.c IS NULL), 0) AS churned_revenue,
	       coalesce(sum(least(l.revenue, n.revenue)) FILTER (WHERE n.c IS NOT NULL AND l.c IS NOT NULL), 0) AS kept
	FROM period_sum n FULL JOIN (SELECT period, as_of, origin, c, b + 1 AS b, revenue FROM period_sum) l
	     USING (period, as_of, origin, c, b)
	WHERE bin_start(b, period, origin) < as_of GROUP BY period, as_of, origin, b;
SELECT count(*) > 200 AS many, count(*) FILTER (WHERE c.active > 0) > 200 AS busy, count(*) FILTER (WHERE NOT coalesce(
	coalesce(c.active, 0) = t.active AND coalesce(c.purchases, 0) = t.purchases AND coalesce(c.revenue, 0) = t.revenue
	AND coalesce(c.refunded, 0) = t.refunded AND coalesce(c.new_revenue, 0) = t.new_revenue
	AND coalesce(c.retained_revenue, 0) = t.retained_revenue
	AND coalesce(c.resurrected_revenue, 0) = t.resurrected_revenue AND coalesce(c.expansion, 0) = t.expansion
	AND coalesce(c.contraction, 0) = t.contraction AND coalesce(c.churned_revenue, 0) = t.churned_revenue
	AND t.complete = (bin_start(t.b + 1, t.period, t.origin) <= t.as_of), false))
	AS sums_differ,
	count(*) FILTER (WHERE NOT CASE WHEN NOT t.complete
		THEN num_nulls(average_purchase_value, revenue_per_customer, net_revenue_retention, gross_revenue_retention,
		               quick_ratio) = 5
		ELSE near(average_purchase_value, (c.revenue / nullif(c.purchases, 0))::double precision)
		     AND near(revenue_per_customer, (c.revenue / nullif(c.active, 0))::double precision)
		     AND near(net_revenue_retention, CASE WHEN l.revenue > 0 THEN c.retained_revenue / l.revenue END)
		     AND near(gross_revenue_retention, CASE WHEN l.revenue > 0 THEN c.kept / l.revenue END)
		     AND near(quick_ratio, CASE WHEN c.contraction + c.churned_revenue > 0
		         THEN (c.new_revenue + c.resurrected_revenue + c.expansion) / (c.contraction + c.churned_revenue) END)
		END) AS ratios_differ
FROM (SELECT w.*, t.*, bin(t.period_start, period, origin) AS b
      FROM sales, (SELECT DISTINCT period, as_of, origin FROM ways) w,
           revenue_table(p, period, as_of, origin => origin) t) t
FULL JOIN period_cell c USING (period, as_of, origin, b)
LEFT JOIN period_cell l ON (l.period, l.as_of, l.origin, l.b) = (t.period, t.as_of, t.origin, t.b - 1);
-- since leaves out what begins before it, and changes nothing else
SELECT count(*), bool_and(x = y) AS same
FROM sales, (VALUES (date '2023-05-01'), ('2023-05-02'), ('2030-01-01')) v(since), revenue_table(p, since => since) x
JOIN revenue_table((SELECT p FROM sales)) y USING (period_start);
SELECT since, (SELECT min(period_start) FROM revenue_table(p, since => since)) AS period,
       (SELECT min(cohort) FROM revenue_cohort_table(p, since => since)) AS cohort,
       (SELECT max(customers) FROM revenue_curve(p, '3 months', since => since)) AS customers,
       (SELECT count(*) FROM revenue_cohort_table(p, since => since) x
        JOIN revenue_cohort_table(p) y USING (cohort, age) WHERE x <> y) AS differ
FROM sales, (VALUES (NULL), (date '2023-05-01'), ('2023-05-02'), ('2030-01-01')) v(since);

--
-- Identities
--
SELECT period, bool_and(revenue = new_revenue + retained_revenue + resurrected_revenue) AS movements,
       bool_and(revenue = coalesce(before, 0) + new_revenue + resurrected_revenue + expansion - contraction
                          - churned_revenue) AS bridge,
       sum(revenue) = (SELECT sum(revenue) FROM revenue_cohort_table(p, period)) AS cohorts,
       sum(revenue) = (SELECT sum(revenue) FROM net_day WHERE before = 'infinity') AS net,
       sum(revenue) = revenue(p) + 5.001 AS ledger,
       sum(refunded) = refunded(p) - 5.001 AS refunded, sum(purchases) = purchases(p) AS purchases,
       sum(revenue) = (SELECT round(sum(revenue)::numeric, 3) FROM rfm_table(p)) AS rfm,
       bool_and(active = (SELECT active FROM lifecycle_table(p, period) l WHERE l.period_start = t.period_start))
           AS lifecycle
FROM (SELECT p, period, r.*, lag(revenue) OVER (PARTITION BY period ORDER BY period_start) AS before
      FROM sales, unnest(ARRAY['1 month', '7 days', '1 year']::interval[]) period, revenue_table(p, period) r) t
GROUP BY p, period ORDER BY period;
SELECT clock, count(*) > 100 AS many, bool_and(customers = c.c AND active = c.r AND complete = c.done) AS same
FROM sales, unnest(ARRAY['calendar', 'elapsed']) clock, revenue_cohort_table(p, '1 month', '2024-07-01', clock)
JOIN (SELECT clock AS k, cohort, age, customers AS c, retained AS r, complete AS done
      FROM sales, unnest(ARRAY['calendar', 'elapsed']) clock,
           cohort_table(p, '1 month', '2024-07-01', clock => clock)) c
     USING (cohort, age)
WHERE k = clock GROUP BY clock ORDER BY clock;
-- the LTV of the curve's last age is what those customers brought
SELECT count(*) = (SELECT count(*) FROM revenue_curve(p)) AS ages, bool_and(cumulative_revenue = s) AS sums
FROM sales, revenue_curve(p) JOIN (
	SELECT age, sum(cumulative_revenue) AS s FROM sales, revenue_cohort_table(p) WHERE complete GROUP BY age) c
	USING (age)
GROUP BY p;

--
-- Customers
--
SELECT as_of, count(*) > 200 AS many, count(*) FILTER (WHERE NOT coalesce(
	t.frequency = s.days - 1 AND t.recency = s.last - s.first AND t.age = as_of - 1 - s.first
	AND near(t.monetary_value, ((s.revenue - s.at_first) / nullif(s.days - 1, 0))::double precision)
	AND t.purchases = s.purchases AND near(t.revenue, s.revenue::double precision, 1e-15)
	AND t.first_day = s.first AND t.last_day = s.last, false)) AS differ,
	count(*) FILTER (WHERE NOT coalesce(
		(t.frequency, t.recency, t.age, t.purchases, t.first_day, t.last_day)
		= ((r.s).frequency, (r.s).recency, (r.s).age, (r.s).purchases, (r.s).first_day, (r.s).last_day)
		AND near(t.monetary_value, (r.s).monetary_value) AND near(t.revenue, (r.s).revenue), false))
		AS rfm_summary_differs
FROM (SELECT before AS as_of, c AS customer, count(*) AS days, min(d) AS first, max(d) AS last,
             sum(purchases) AS purchases, sum(revenue) AS revenue, (array_agg(revenue ORDER BY d))[1] AS at_first
      FROM net_day WHERE before < 'infinity' GROUP BY 1, 2) s
FULL JOIN (SELECT as_of, t.*
           FROM sales, unnest(ARRAY['2023-08-15', '2024-03-01', '2024-03-31', '2024-07-01']::date[]) as_of,
                rfm_table(p, as_of) t) t USING (as_of, customer)
FULL JOIN (SELECT as_of, c AS customer, rfm_summary(d, a, as_of) AS s
           FROM sale, unnest(ARRAY['2023-08-15', '2024-03-01', '2024-03-31', '2024-07-01']::date[]) as_of
           WHERE c IS NOT NULL GROUP BY 1, 2
           HAVING (rfm_summary(d, a, as_of)).frequency IS NOT NULL) r USING (as_of, customer)
GROUP BY as_of ORDER BY as_of;
-- in the order of customers
SELECT bool_and(customer > before) AS ascending
FROM (SELECT customer, lag(customer) OVER () AS before FROM sales, rfm_table(p)) x;
SELECT bool_and(customer > before) AS ascending
FROM (SELECT customer, lag(customer) OVER () AS before FROM sales, customer_states(p, '2023-06-01')) x;
-- states
CREATE FUNCTION states(period interval, at date, OUT customer bigint, OUT state text, OUT first_day date,
                       OUT last_day date, OUT revenue numeric, OUT previous_revenue numeric)
RETURNS SETOF record LANGUAGE sql STABLE AS $$
SELECT c, CASE WHEN bin(min(d), period, '2001-01-01') = b THEN 'new' WHEN count(d) FILTER (WHERE k = b) > 0
               THEN CASE WHEN count(d) FILTER (WHERE k = b - 1) > 0 THEN 'retained' ELSE 'resurrected' END
               WHEN count(d) FILTER (WHERE k = b - 1) > 0 THEN 'churned' ELSE 'dormant' END,
       min(d), max(d), coalesce(sum(revenue) FILTER (WHERE k = b), 0),
       coalesce(sum(revenue) FILTER (WHERE k = b - 1), 0)
FROM (SELECT *, bin(d, period, '2001-01-01') AS k FROM net_day WHERE before = 'infinity') n,
     bin(at, period, '2001-01-01') b
WHERE k <= b GROUP BY c, b $$;
CREATE TABLE asked AS
	SELECT period, at, wanted
	FROM unnest(ARRAY['1 month', '28 days']::interval[]) period,
	     unnest(ARRAY['2023-01-31', '2023-06-15', '2024-02-01']::date[]) at,
	     unnest(ARRAY['new', 'retained', 'resurrected', 'churned', 'dormant', NULL]) wanted;
SELECT s.wanted, count(*) > 20 AS many, count(*) FILTER (WHERE NOT coalesce(
	(s.first_day, s.last_day, s.revenue, s.previous_revenue) = (t.first_day, t.last_day, t.revenue, t.previous_revenue),
	false)) AS differ,
	count(*) FILTER (WHERE NOT coalesce((s.first_day, s.last_day) = (a.first_day, a.last_day), false))
		AS activity_differs
FROM (SELECT period, at, wanted, s.*
      FROM asked,
           states(period, at) s WHERE state = wanted OR wanted IS NULL AND state <> 'dormant') s
FULL JOIN (SELECT period, at, wanted, t.*
      FROM sales, asked,
           customer_states(p, at, wanted, period) t) t
      ON (s.period, s.at, coalesce(s.wanted, ''), s.customer, s.state)
         = (t.period, t.at, coalesce(t.wanted, ''), t.customer, t.state)
FULL JOIN (SELECT period, at, wanted, t.*
      FROM sales, asked,
           customer_states(p::customer_activity, at, wanted, period) t) a
      ON (s.period, s.at, coalesce(s.wanted, ''), s.customer, s.state)
         = (a.period, a.at, coalesce(a.wanted, ''), a.customer, a.state)
GROUP BY 1 ORDER BY 1;

--
-- Concentration: the Gini coefficient as the mean difference of all pairs, the shares by hand
--
CREATE TABLE range AS
	SELECT r FROM unnest(ARRAY[NULL, '(,)', '[2023-03-01,2023-06-01)', '[2023-02-10,2023-02-11)', '(,2023-01-15)',
	                           '[2024-01-01,)']::daterange[]) r;
CREATE TABLE worth AS
	SELECT coalesce(r, '(,)') AS during, c, greatest(sum(revenue), 0) AS x, row_number() OVER (
	       PARTITION BY coalesce(r, '(,)') ORDER BY greatest(sum(revenue), 0) DESC) AS place
	FROM range, net_day WHERE before = 'infinity' AND d <@ coalesce(r, '(,)') GROUP BY r, c;
DELETE FROM range WHERE r = '(,)';
DELETE FROM worth a USING worth b WHERE a.ctid > b.ctid AND (a.during, a.c) = (b.during, b.c);
UPDATE worth w SET place = k
FROM (SELECT during, c, row_number() OVER (PARTITION BY during ORDER BY x DESC) AS k FROM worth) o
WHERE (o.during, o.c) = (w.during, w.c);
SELECT during, count(*) > 1 AS many, close(gini(p, r), (SELECT avg(abs(a.x - b.x)) / 2 / nullif(avg(a.x), 0)
	FROM worth a JOIN worth b USING (during) WHERE a.during = w.during)::double precision, 1e-12) AS gini,
	(SELECT bool_and(near(top_share(p, f, r), ((SELECT sum(x * greatest(least(f::numeric * n - place + 1, 1), 0))
	                                            FROM worth o, (SELECT count(*) AS n FROM worth o
	                                                           WHERE o.during = w.during) c
	                                            WHERE o.during = w.during) / nullif(sum(x), 0))::double precision))
	 FROM unnest(ARRAY[0, 0.01, 0.1, 0.25, 0.333, 0.5, 0.999, 1]) f) AS shares
FROM sales, range JOIN worth w ON during = coalesce(r, '(,)') GROUP BY during, r, p ORDER BY during;
SELECT during, bins, count(*) AS rows,
       sum(customers) = (SELECT count(*) FROM worth w WHERE w.during = x.during) AS customers,
       bool_and(revenue = right_revenue AND near(share, (right_revenue / total)::double precision)
                AND near(cumulative_share, (cumulative / total)::double precision)) AS right
FROM (SELECT coalesce(r, '(,)') AS during, bins, t.*, sum(revenue) OVER w AS cumulative, sum(revenue) OVER (
             PARTITION BY r, bins) AS total, (
             SELECT coalesce(sum(x), 0)
             FROM worth o, (SELECT count(*) AS n FROM worth o WHERE o.during = coalesce(r, '(,)')) c
             WHERE o.during = coalesce(r, '(,)') AND place > (bin - 1) * n / bins AND place <= bin * n / bins
             ) AS right_revenue
      FROM sales, range, unnest(ARRAY[1, 2, 3, 10, 97, 1000]) bins, concentration_table(p, bins, r) t
      WINDOW w AS (PARTITION BY r, bins ORDER BY bin)) x
GROUP BY during, bins ORDER BY during, bins;

--
-- Large numbers: sums of 128 bits
--
SELECT revenue, cumulative_per_customer, lower IS NULL AS no_interval, revenue_retention
FROM (SELECT customer_purchases(i, date '2024-01-01', 9223372036854775807.0) AS p FROM generate_series(1, 1000) i) x,
     revenue_cohort_table(p);
SELECT revenue(p), gini(p), top_share(p), (SELECT sum(revenue) FROM concentration_table(p)) = revenue(p) AS bins,
       (SELECT new_revenue FROM revenue_table(p)) = revenue(p) AS periods
FROM (SELECT customer_purchases(i, date '2024-01-01', 9223372036.854775807) AS p FROM generate_series(1, 1000) i) x;
-- the revenue of a day beyond 64 bits, of which each cell fits
SELECT q, outcome(format('SELECT %s FROM (SELECT customer_purchases(1, d, -9223372036854775807) AS p FROM (VALUES
	(date ''2024-01-02''), (''2024-01-03'')) v(d)) r, LATERAL (SELECT rollup(x) AS o FROM (VALUES (p),
	((SELECT customer_purchases(1, date ''2024-01-01'', 5)))) v(x)) s', q))
FROM unnest(ARRAY['revenue(o)', 'refunded(o)', '(SELECT sum(revenue) FROM revenue_table(o))', 'gini(o)',
                  '(SELECT sum(revenue) FROM rfm_table(o))', 'revenue(o, ''(,2024-01-02)'')']) q;

--
-- Arguments
--
SELECT f, outcome('SELECT count(*) FROM sales, ' || f) FROM unnest(ARRAY[
	'revenue_cohort_table(p, NULL)', 'revenue_cohort_table(p, ''0 days'')',
	'revenue_cohort_table(p, ''1 month 1 day'')',
	'revenue_cohort_table(p, ''1 hour'')', 'revenue_cohort_table(p, as_of => ''infinity'')',
	'revenue_cohort_table(p, clock => NULL)', 'revenue_cohort_table(p, clock => ''week'')',
	'revenue_cohort_table(p, since => ''-infinity'')', 'revenue_cohort_table(p, confidence => 1)',
	'revenue_cohort_table(p, confidence => NULL)', 'revenue_cohort_table(p, origin => NULL)',
	'revenue_cohort_table(NULL::customer_purchases, ''0 days'')',
	'revenue_cohort_table(NULL::customer_purchases, clock => ''x'')',
	'revenue_curve(p, ''-1 days'')', 'revenue_curve(p, clock => ''Elapsed'')', 'revenue_curve(p, confidence => 0)',
	'revenue_curve(NULL::customer_purchases, confidence => 2)', 'revenue_table(p, NULL)',
	'revenue_table(p, origin => ''infinity'')',
	'revenue_table(NULL::customer_purchases, ''1 month 2 days'')', 'revenue_table(p, since => ''infinity'')',
	'top_share(p, -0.1)', 'top_share(p, 1.1)', 'top_share(p, ''NaN'')', 'top_share(p, NULL)', 'top_share(NULL, 2)',
	'concentration_table(p, 0)', 'concentration_table(p, NULL)', 'concentration_table(p, 1000001)',
	'concentration_table(NULL, -1)', 'customer_states(p, ''infinity'')', 'customer_states(p, state => ''lost'')',
	'customer_states(p, state => ''New'')', 'customer_states(p, period => NULL)', 'customer_states(p, origin => NULL)',
	'customer_states(NULL::customer_purchases, state => ''x'')',
	'customer_states(p::customer_activity, state => ''x'')',
	'customer_states(NULL::customer_activity, period => ''0 days'')', 'rfm_table(p, ''infinity'')',
	'rfm_table(NULL, ''-infinity'')', 'rfm_table(NULL, ''2024-01-01'')', 'rfm_table(p, ''2000-01-01'')']) f;
\set VERBOSITY default
SELECT * FROM sales, customer_states(p, state => 'lost');
SELECT * FROM sales, revenue_curve(p, clock => 'week');
SELECT top_share(p, 10) FROM sales;
SELECT * FROM sales, concentration_table(p, 0);
DROP SCHEMA revenue_test CASCADE;

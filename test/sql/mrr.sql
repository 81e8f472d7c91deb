--
-- mrr: what is read from a customer_subscriptions as money: MRR by period and
-- how it moved, what is kept of it, who moved; monthly_amount
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 0;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA mrr_test;
SELECT set_config('search_path', 'mrr_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- The example of the documentation
--
CREATE TABLE contract AS SELECT customer AS c, started, ended, amount FROM contracts;
CREATE TABLE value AS SELECT customer_subscriptions(c, started, ended, amount) AS s FROM contract;
CREATE VIEW example AS
	SELECT way, t.* FROM value, (VALUES ('net', '1 month'::interval, 'net', 0), ('daily', '1 month', 'daily', 0),
		('grace', '1 month', 'net', 3), ('one', '1 month', 'net', 1),
		('quarters', '3 months', 'net', 0)) w(way, p, m, g),
		mrr_table(s, p, '2024-05-10', m, g) t;
SELECT way, period_start, opening_mrr AS opening, new_mrr AS new, reactivation_mrr AS back, expansion_mrr AS up,
       contraction_mrr AS down, churned_mrr AS churned, closing_mrr AS closing
FROM example WHERE way <> 'one' ORDER BY way <> 'net', way, period_start;
SELECT way, period_start, opening_customers AS opening, new_customers AS new, reactivated_customers AS back,
       expanded_customers AS up, contracted_customers AS down, churned_customers AS churned,
       closing_customers AS closing
FROM example WHERE way <> 'one' ORDER BY way <> 'net', way, period_start;
SELECT way, period_start, gross_revenue_retention AS gross, net_revenue_retention AS net, customer_retention AS kept,
       quick_ratio AS quick, revenue_per_customer AS per_customer, complete
FROM example WHERE way <> 'one' ORDER BY way <> 'net', way, period_start;
-- one day of grace is enough for the gap of one day
SELECT count(*), bool_and(to_jsonb(x) - 'way' = to_jsonb(y) - 'way') AS same
FROM example x JOIN example y USING (period_start) WHERE x.way = 'one' AND y.way = 'grace';
SELECT t.* FROM value, mrr_retention_table(s, '3 months', as_of => '2024-05-10') t;
SELECT t.* FROM value, mrr_cohort_table(s, as_of => '2024-05-10') t;
SELECT t.* FROM value, mrr_movements(s, '[2024-02-01,2024-03-01)') t;
SELECT t.* FROM value, mrr_movements(s, '[2024-02-01,2024-02-29]', 'churn') t;
SELECT t.* FROM value, mrr_movements(s, '[2024-03-01,2024-04-01)') t;
SELECT t.* FROM value, mrr_movements(s, '[2024-02-01,2024-03-01)', 'churn', 1) t;
-- three questions, three answers: point to point, the product of the months, the bridge of movements
SELECT gross_revenue_retention(s, '2024-01-31', '2024-04-30') AS gross,
       net_revenue_retention(s, '2024-01-31', '2024-04-30') AS net,
       customer_retention(s, '2024-01-31', '2024-04-30') AS customers,
       round(exp(sum(ln(gross_revenue_retention)))::numeric, 6) AS product_gross,
       round(exp(sum(ln(net_revenue_retention)))::numeric, 6) AS product_net,
       round(((210 + sum(expansion_mrr) - sum(contraction_mrr) - sum(churned_mrr)) / 210)::numeric, 6) AS bridge
FROM value, mrr_table(s, as_of => '2024-05-01') WHERE period_start >= '2024-02-01' GROUP BY s;
SELECT gross_revenue_retention(s, '2024-01-31', '2024-02-29') AS gross,
       gross_revenue_retention(s, '2024-01-31', '2024-02-29', 1) AS with_grace,
       net_revenue_retention(s, '2024-01-31', '2024-02-29', grace => 3) AS net,
       customer_retention(s, '2024-01-31', '2024-02-29', 3) AS customers,
       customer_retention(s, '2024-02-29', '2024-02-29') AS same_day,
       customer_retention(s, '2023-12-31', '2024-02-29') AS nobody,
       net_revenue_retention(s, '2024-04-30', '2025-03-20') AS known_ends
FROM value;
SELECT mrr(s) AS at_the_last_start, subscribers(s), mrr(s, '2024-05-09') AS may, subscribers(s, '2024-05-09'),
       mrr(s, '2024-03-15') AS in_march, mrr(s, '2023-12-31') AS before, subscribers(s, '2023-12-31') AS nobody,
       mrr(s, at => '2025-03-20') AS later
FROM value;
-- the default of as_of is the day after the last start, on which o comes
SELECT period_start, t.new_mrr, t.new_customers, t.closing_mrr, t.complete, t = x AS same
FROM value, mrr_table(s) t JOIN mrr_table((SELECT s FROM value), as_of => '2024-05-21') x USING (period_start)
WHERE period_start >= '2024-04-01';

--
-- monthly_amount
--
SELECT monthly_amount(1200, '1 year') AS year, monthly_amount(1000, '1 year') AS rounded,
       monthly_amount(90, '3 months') AS quarter, monthly_amount(10, '7 days') AS week,
       monthly_amount(10, '1 day') AS day, monthly_amount(1400, '1 year 2 months') AS months_14,
       monthly_amount(10, '14 days') AS days_14, monthly_amount(10, '2 weeks') AS weeks_2;
SELECT monthly_amount(NULL, '1 year') AS amount, monthly_amount(1, NULL) AS term, monthly_amount(0, '1 year') AS zero,
       monthly_amount(-1000, '1 year') AS discount, monthly_amount(0.0006, '1 year') AS half,
       monthly_amount(-0.0006, '1 year') AS minus_half, monthly_amount(0.000599999999999999999, '1 year') AS less;
-- exact, however large or long
SELECT monthly_amount(12e30 + 1, '1 year') AS large, monthly_amount(1e16, '7 months') AS sevenths,
       monthly_amount(repeat('9', 60)::numeric, '1 month') AS nines,
       monthly_amount(1, '178956970 years 7 months') AS longest, monthly_amount(1e9, '2147483647 days') AS days;
SELECT count(*) AS n,
       count(*) FILTER (WHERE monthly_amount(a, make_interval(months => m)) <> round(a / m, 4)) AS months,
       count(*) FILTER (WHERE monthly_amount(a, make_interval(days => m)) <> round(a * 30.4375 / m, 4)) AS days
FROM (SELECT (dice(i, 1, 2000000) - 1000000) / 10.0 ^ dice(i, 2, 7), 1 + dice(i, 3, 40) FROM generate_series(1, 5000) i)
     x(a, m);
SELECT monthly_amount(10, '1 month 3 days');
SELECT monthly_amount(10, '0 days');
SELECT monthly_amount(10, '-1 month');
SELECT monthly_amount(10, '-7 days');
SELECT monthly_amount(10, '2 months -3 days');
SELECT monthly_amount(10, '36 hours');
SELECT monthly_amount(10, '24:00');
SELECT monthly_amount(10, '1 month 00:00:01');
SELECT monthly_amount('NaN', '1 month');
SELECT monthly_amount('infinity', '1 month');
SELECT monthly_amount('-infinity', '1 month');

--
-- Contracts of every kind
--
CREATE TABLE book (i int, c bigint, started date, ended date, amount numeric);
INSERT INTO book
	SELECT i, dice(i, 1, 90) - 20, d, CASE WHEN dice(i, 3, 6) > 0 THEN d + dice(i, 4, 1 + dice(i, 5, 400)) END,
	       CASE dice(i, 6, 10) WHEN 0 THEN 0 WHEN 1 THEN -dice(i, 7, 3000) / 100.0
	            WHEN 2 THEN monthly_amount(dice(i, 7, 900), '1 year') WHEN 3 THEN 10 ELSE dice(i, 7, 9000) / 100.0 END
	FROM generate_series(1, 300) i, LATERAL (SELECT date '2023-01-01' + dice(i, 2, 100 + dice(i, 8, 450))) x(d);
-- switches on the day, gaps of a day and of some, overlaps of a day; of more, of less, of the same
INSERT INTO book
	SELECT 1000 + k * 1000 + i, c, ended + (ARRAY[0, 0, 1, 1, 2, 3, 5, 6, -1, 40])[1 + dice(i, 10 + k, 10)],
	       ended + 45 + dice(i, 20 + k, 100),
	       CASE dice(i, 30 + k, 4) WHEN 0 THEN amount + 5 WHEN 1 THEN greatest(amount - 5, 0) ELSE amount END
	FROM book, generate_series(1, 2) k WHERE ended > started AND i <= 300 AND dice(i, 40, 3) > 0;
-- from and to ends of months and leap days, of customers of their own
INSERT INTO book
	SELECT 5000 + i, 100 + i % 20, d - dice(i, 50, 2), (d + make_interval(months => 1 + dice(i, 51, 9)))::date
	       - dice(i, 52, 2) + dice(i, 53, 2), 10 * (1 + dice(i, 54, 3))
	FROM (SELECT i, date_trunc('month', date '2023-02-01' + dice(i, 55, 500))::date AS d
	      FROM generate_series(1, 60) i) x;
INSERT INTO book VALUES (6001, 200, '2024-02-29', '2025-02-28', 20), (6002, 201, '2024-02-28', '2024-02-29', 20),
	(6003, 202, '2023-02-28', '2024-02-29', 20), (6004, 203, '2023-01-01', NULL, -20),
	(6005, 204, '2023-05-01', NULL, 0),
	(6006, NULL, '2023-01-01', NULL, 5), (6007, 5, NULL, '2024-01-01', 5), (6008, 205, '2023-05-01', '2023-05-01', 5),
	-- gaps around the days of as_of
	(6009, 206, '2024-01-01', '2024-07-29', 5), (6010, 206, '2024-08-01', NULL, 6),
	(6011, 207, '2024-01-01', '2024-02-27', 5), (6012, 207, '2024-02-29', NULL, 4),
	(6013, 208, '2023-06-01', '2023-08-15', 5), (6014, 208, '2023-08-16', NULL, 5);
-- pauses of one to six days
INSERT INTO book
	SELECT 7000 + i, 300 + i % 25, d + 20 * (i / 25), d + 20 * (i / 25) + 14 + dice(i, 61, 6), 10 + dice(i, 62, 2)
	FROM generate_series(1, 150) i, LATERAL (SELECT date '2023-01-20' + 20 * dice(i % 25, 60, 20)) x(d);
CREATE TABLE subscription AS SELECT customer_subscriptions(c, started, ended, amount) AS s FROM book;

-- What each customer pays at the end of a day, gaps of at most grace days filled; known from a day on, as a gap is
-- one only when the customer is back
CREATE TABLE day AS
	SELECT c, d::date, sum(amount) AS mrr
	FROM book, generate_series(started, coalesce(ended - 1, '2025-12-31'), interval '1 day') d
	WHERE c IS NOT NULL GROUP BY 1, 2 HAVING sum(amount) > 0;
CREATE TABLE paid AS
	SELECT grace, c, f::date AS d, mrr, CASE WHEN f::date = d THEN d + 1 ELSE next + 1 END AS known
	FROM unnest(ARRAY[0, 1, 5]) grace,
	     (SELECT *, lead(d) OVER (PARTITION BY c ORDER BY d) AS next FROM day) x,
	     generate_series(d, CASE WHEN next - d - 1 <= grace THEN next - 1 ELSE d END, interval '1 day') f;
CREATE INDEX ON paid (grace, c, d);
ANALYZE paid;
SELECT (SELECT count(DISTINCT c) FROM day) > 90 AS customers,
       (SELECT count(*) FROM paid WHERE known > d + 1) > 100 AS filled,
       (SELECT count(*) FROM book WHERE amount < 0) > 20 AS discounts,
       (SELECT count(*) FROM book a JOIN book b ON a.c = b.c AND a.ended = b.started) > 20 AS switches;
CREATE FUNCTION bin(d date, period interval, origin date) RETURNS int LANGUAGE sql IMMUTABLE
RETURN CASE WHEN extract(day FROM period) = 0
	THEN floor((extract(year FROM d) * 12 + extract(month FROM d) - extract(year FROM origin) * 12
	            - extract(month FROM origin)) / (extract(year FROM period) * 12 + extract(month FROM period)))
	ELSE floor((d - origin)::numeric / extract(day FROM period)::int) END;
CREATE FUNCTION bin_start(b int, period interval, origin date) RETURNS date LANGUAGE sql IMMUTABLE
RETURN (CASE WHEN extract(day FROM period) = 0 THEN date_trunc('month', origin) ELSE origin::timestamp END
        + b * period)::date;
CREATE VIEW ways AS
	SELECT row_number() OVER () AS way, *
	FROM unnest(ARRAY['1 month', '3 months', '7 days', '30 days', '1 year']::interval[]) period,
	     unnest(ARRAY['2023-08-15', '2024-03-01', '2024-07-31']::date[]) as_of, unnest(ARRAY[0, 1, 5]) grace,
	     unnest(ARRAY['2001-01-01', '2023-02-01']::date[]) origin
	WHERE origin = '2001-01-01' OR period IN ('3 months', '7 days');
-- Customers of a way, by the first day on which they are known to pay
CREATE TABLE first AS
	SELECT way, c, min(d) AS first, bin(min(d), period, origin) AS cohort
	FROM ways w JOIN paid p ON p.grace = w.grace AND known <= as_of GROUP BY way, c, period, origin;
-- Periods of a way, with the last day that counts
CREATE TABLE period AS
	SELECT w.*, b, bin_start(b, period, origin) AS start, least(bin_start(b + 1, period, origin), as_of) AS over,
	       bin_start(b + 1, period, origin) + grace <= as_of AS complete
	FROM ways w JOIN (SELECT way, min(cohort) AS begin FROM first GROUP BY way) f USING (way),
	     generate_series(begin, bin(as_of - 1, period, origin)) b;
CREATE TABLE closing AS
	SELECT way, b, c, mrr FROM period w JOIN paid p ON p.grace = w.grace AND d = over - 1 AND known <= as_of;
CREATE INDEX ON closing (way, b);
ANALYZE first, period, closing;

--
-- Movements
--
CREATE FUNCTION movement(before numeric, now numeric, is_first boolean) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN before IS NULL AND is_first THEN 'new' WHEN before IS NULL THEN 'reactivation'
	WHEN now IS NULL THEN 'churn' WHEN now > before THEN 'expansion' WHEN now < before THEN 'contraction' END;
CREATE TABLE moved AS
	SELECT way, b, c, movement(l.mrr, n.mrr, cohort = b) AS movement, coalesce(l.mrr, 0) AS m0, coalesce(n.mrr, 0) AS m1
	FROM closing n FULL JOIN (SELECT way, b + 1 AS b, c, mrr FROM closing) l USING (way, b, c) JOIN first USING (way, c)
	WHERE (way, b) IN (SELECT way, b FROM period);
CREATE TABLE expected AS
	SELECT way, b, coalesce(sum(m0), 0) AS opening_mrr, coalesce(sum(m1), 0) AS closing_mrr,
	       count(*) FILTER (WHERE m0 > 0) AS opening_customers, count(*) FILTER (WHERE m1 > 0) AS closing_customers,
	       coalesce(sum(least(m0, m1)), 0) AS kept, coalesce(sum(m1) FILTER (WHERE m0 > 0), 0) AS later,
	       count(*) FILTER (WHERE m0 > 0 AND m1 > 0) AS retained
	FROM period LEFT JOIN moved USING (way, b) GROUP BY way, b;
CREATE TABLE days AS
	SELECT as_of, grace, c, d, mrr, lag(d) OVER w AS last, lag(mrr) OVER w AS before, lead(d) OVER w AS next
	FROM paid JOIN (SELECT DISTINCT as_of FROM ways) x ON known <= as_of
	WINDOW w AS (PARTITION BY as_of, grace, c ORDER BY d);
CREATE TABLE steps AS
	SELECT 'net' AS movements, way, b, movement, sum(abs(m1 - m0)) AS mrr, count(*) AS customers
	FROM moved WHERE movement IS NOT NULL GROUP BY 2, 3, 4
	UNION ALL
	SELECT 'daily', way, bin(d, period, origin), movement, sum(step), count(*)
	FROM ways JOIN (
		SELECT as_of, grace, d, step,
		       CASE WHEN last IS NULL THEN 'new' WHEN last < d - 1 THEN 'reactivation'
		            WHEN mrr > before THEN 'expansion'
		            ELSE 'contraction' END AS movement
		FROM (SELECT *, abs(mrr - CASE WHEN last = d - 1 THEN before ELSE 0 END) AS step FROM days) x WHERE step > 0
		UNION ALL
		SELECT as_of, grace, d + 1, mrr, 'churn' FROM days WHERE next IS DISTINCT FROM d + 1 AND d + 1 < as_of) x
		USING (as_of, grace)
	GROUP BY 2, 3, 4;
CREATE TABLE bridge AS
	SELECT movements, way, b, w.grace AS g, t.*
	FROM subscription, ways w, unnest(ARRAY['net', 'daily']) movements,
	     mrr_table(s, period, as_of, movements, grace, origin => origin) t, LATERAL bin(period_start, period, origin) b;
CREATE VIEW shown AS
	SELECT movements, way, b, v.* FROM bridge, LATERAL (VALUES ('new', new_mrr, new_customers),
		('reactivation', reactivation_mrr, reactivated_customers), ('expansion', expansion_mrr, expanded_customers),
		('contraction', contraction_mrr, contracted_customers), ('churn', churned_mrr, churned_customers))
		v(movement, mrr, customers);
-- the rows are those of the periods, opening and closing what they should be
SELECT movements, count(*) > 1000 AS many, count(*) FILTER (WHERE NOT coalesce(
	(t.period_start, t.opening_mrr, t.closing_mrr, t.opening_customers, t.closing_customers, t.complete)
	= (p.start, e.opening_mrr, e.closing_mrr, e.opening_customers, e.closing_customers, p.complete), false)) AS differ,
	count(*) FILTER (WHERE NOT CASE WHEN NOT p.complete
		THEN num_nulls(gross_revenue_retention, net_revenue_retention, customer_retention, quick_ratio,
		               revenue_per_customer) = 5
		ELSE near(gross_revenue_retention, (kept / nullif(e.opening_mrr, 0))::double precision)
		     AND near(net_revenue_retention, (later / nullif(e.opening_mrr, 0))::double precision)
		     AND near(customer_retention, retained / nullif(e.opening_customers, 0)::double precision)
		     AND near(quick_ratio, ((new_mrr + reactivation_mrr + expansion_mrr)
		                            / nullif(contraction_mrr + churned_mrr, 0))::double precision)
		     AND near(revenue_per_customer, (e.closing_mrr / nullif(e.closing_customers, 0))::double precision)
		END) AS ratios_differ
FROM (SELECT * FROM period, unnest(ARRAY['net', 'daily']) movements) p JOIN expected e USING (way, b)
FULL JOIN bridge t USING (movements, way, b) GROUP BY 1 ORDER BY 1;
SELECT movements, movement, count(*) FILTER (WHERE e.mrr > 0) > 100 AS many,
       count(*) FILTER (WHERE t.mrr IS DISTINCT FROM coalesce(e.mrr, 0)
                           OR t.customers IS DISTINCT FROM coalesce(e.customers, 0)) AS differ
FROM shown t FULL JOIN steps e USING (movements, way, b, movement) GROUP BY 1, 2 ORDER BY 1, 2;
-- identities
SELECT movements, bool_and(closing_mrr = opening_mrr + new_mrr + reactivation_mrr + expansion_mrr - contraction_mrr
                           - churned_mrr) AS money,
       bool_and(closing_customers = opening_customers + new_customers + reactivated_customers - churned_customers)
           AS customers,
       bool_and(opening_mrr = coalesce(mrr_before, 0) AND opening_customers = coalesce(customers_before, 0)) AS follows,
       bool_and(least(new_mrr, reactivation_mrr, expansion_mrr, contraction_mrr, churned_mrr) >= 0) AS positive,
       bool_and(movements = 'daily' OR near(gross_revenue_retention, 1 - ((contraction_mrr + churned_mrr)
                                                                          / nullif(opening_mrr, 0))::float8))
           AS gross,
       bool_and(movements = 'daily' OR near(net_revenue_retention, gross_revenue_retention
                                                                   + (expansion_mrr / nullif(opening_mrr, 0))::float8))
           AS net
FROM (SELECT *, lag(closing_mrr) OVER w AS mrr_before, lag(closing_customers) OVER w AS customers_before
      FROM bridge WINDOW w AS (PARTITION BY movements, way ORDER BY b)) x
WHERE complete GROUP BY 1 ORDER BY 1;
-- movements of a month by the day are the net ones of its days
SELECT count(*) AS months, bool_and((m.new_mrr, m.reactivation_mrr, m.expansion_mrr, m.contraction_mrr, m.churned_mrr,
	m.new_customers, m.reactivated_customers, m.expanded_customers, m.contracted_customers, m.churned_customers)
	= (d.new_mrr, d.back, d.up, d.down, d.churned, d.new_customers, d.n_back, d.n_up, d.n_down, d.n_churned)) AS same
FROM subscription, mrr_table(s, movements => 'daily', as_of => '2024-07-31', grace => 1) m JOIN (
	SELECT date_trunc('month', period_start)::date AS period_start, sum(new_mrr) AS new_mrr,
	       sum(reactivation_mrr) AS back, sum(expansion_mrr) AS up, sum(contraction_mrr) AS down,
	       sum(churned_mrr) AS churned, sum(new_customers) AS new_customers, sum(reactivated_customers) AS n_back,
	       sum(expanded_customers) AS n_up, sum(contracted_customers) AS n_down, sum(churned_customers) AS n_churned
	FROM subscription, mrr_table(s, '1 day', as_of => '2024-07-31', grace => 1) GROUP BY 1) d USING (period_start);

--
-- What is kept
--
CREATE TABLE cohort AS
	SELECT w.way, cohort, w.b - cohort AS age, start, complete, count(*) AS customers, count(p.mrr) AS retained,
	       sum(i.mrr) AS initial_mrr, coalesce(sum(least(i.mrr, p.mrr)) FILTER (WHERE p.mrr > 0), 0) AS kept_mrr,
	       coalesce(sum(p.mrr), 0) AS mrr
	FROM period w JOIN first f USING (way) JOIN paid i ON i.grace = w.grace AND i.c = f.c AND i.d = f.first
	     LEFT JOIN closing p ON (p.way, p.b, p.c) = (w.way, w.b, f.c)
	WHERE w.b >= cohort GROUP BY 1, 2, 3, 4, 5;
SELECT count(*) > 5000 AS many, count(*) FILTER (WHERE t.retained < t.customers AND t.age = 0) > 100 AS left_at_once,
       count(*) FILTER (WHERE NOT coalesce((t.period_start, t.customers, t.retained, t.initial_mrr, t.kept_mrr, t.mrr,
           t.complete) = (c.start, c.customers, c.retained, c.initial_mrr, c.kept_mrr, c.mrr, c.complete), false))
           AS differ,
       count(*) FILTER (WHERE NOT CASE WHEN NOT c.complete
           THEN num_nulls(customer_retention, gross_revenue_retention, net_revenue_retention) = 3
           ELSE near(customer_retention, c.retained / c.customers::double precision)
                AND near(gross_revenue_retention, (c.kept_mrr / c.initial_mrr)::double precision)
                AND near(net_revenue_retention, (c.mrr / c.initial_mrr)::double precision) END) AS ratios_differ
FROM cohort c FULL JOIN (
	SELECT w.way, bin(t.cohort, period, origin) AS cohort, age, t.period_start, customers, retained, initial_mrr,
	       kept_mrr,
	       mrr, customer_retention, gross_revenue_retention, net_revenue_retention, complete
	FROM subscription, ways w, mrr_cohort_table(s, period, as_of, grace, origin => origin) t) t
	USING (way, cohort, age);
CREATE TABLE retention AS
	SELECT way, within, b, start, complete, (over - within)::date - 1 AS base_date, count(i.c) AS customers,
	       count(p.mrr) AS retained, coalesce(sum(i.mrr), 0) AS base_mrr,
	       coalesce(sum(least(i.mrr, p.mrr)) FILTER (WHERE p.mrr > 0), 0) AS kept_mrr, coalesce(sum(p.mrr), 0) AS mrr
	FROM period w CROSS JOIN unnest(ARRAY['1 month', '12 months', '90 days', '1 day', '2 years']::interval[]) within
	     LEFT JOIN paid i ON i.grace = w.grace AND i.d = (over - within)::date - 1 AND i.known <= as_of
	     LEFT JOIN closing p USING (way, b, c)
	GROUP BY 1, 2, 3, 4, 5, 6;
SELECT count(*) > 5000 AS many, count(*) FILTER (WHERE t.mrr > t.base_mrr) > 100 AS grown,
       count(*) FILTER (WHERE NOT coalesce((t.period_start, t.base_date, t.base_customers, t.retained_customers,
           t.base_mrr, t.kept_mrr, t.mrr, t.complete)
           = (c.start, c.base_date, c.customers, c.retained, c.base_mrr, c.kept_mrr, c.mrr, c.complete), false))
           AS differ,
       count(*) FILTER (WHERE NOT CASE WHEN NOT c.complete
           THEN num_nulls(customer_retention, gross_revenue_retention, net_revenue_retention) = 3
           ELSE near(customer_retention, c.retained / nullif(c.customers, 0)::double precision)
                AND near(gross_revenue_retention, (c.kept_mrr / nullif(c.base_mrr, 0))::double precision)
                AND near(net_revenue_retention, (c.mrr / nullif(c.base_mrr, 0))::double precision) END) AS ratios_differ
FROM retention c FULL JOIN (
	SELECT w.way, within, bin(t.period_start, period, origin) AS b, t.*
	FROM subscription, ways w, unnest(ARRAY['1 month', '12 months', '90 days', '1 day', '2 years']::interval[]) within,
	     mrr_retention_table(s, within, period, as_of, grace, origin => origin) t) t USING (way, within, b);
-- over thousands of years
SELECT count(*) AS years, bool_and((base_customers, retained_customers, base_mrr, kept_mrr) = (
	(base_date >= '2024-05-05')::int + (base_date >= '2024-05-05' AND base_date < '15000-01-01')::int,
	(base_date >= '2024-05-05')::int
	+ (base_date >= '2024-05-05' AND (period_start + interval '1 year')::date <= '15000-01-01')::int,
	5 * (base_date >= '2024-05-05')::int + 7 * (base_date >= '2024-05-05' AND base_date < '15000-01-01')::int,
	5 * (base_date >= '2024-05-05')::int
	+ 7 * (base_date >= '2024-05-05' AND (period_start + interval '1 year')::date <= '15000-01-01')::int)) AS same
FROM (SELECT customer_subscriptions(a, date '2024-05-05', e, a)
      FROM (VALUES (5, NULL), (7, date '15000-01-01')) x(a, e)) v(s),
     mrr_retention_table(s, '30 days', '1 year', as_of => '20000-01-01');
-- between a period and the one before it is what mrr_table says
SELECT count(*) AS months, bool_and((gross_revenue_retention, net_revenue_retention, customer_retention)
	IS NOT DISTINCT FROM (g, n, c)) AS same
FROM subscription, mrr_table(s, as_of => '2024-07-31') JOIN (
	SELECT period_start, gross_revenue_retention AS g, net_revenue_retention AS n, customer_retention AS c
	FROM subscription, mrr_retention_table(s, '1 month', as_of => '2024-07-31')) r USING (period_start)
WHERE complete;

--
-- Two days: without as_of, every change counts
--
CREATE VIEW ranges AS
	SELECT * FROM unnest(ARRAY[0, 1, 5]) grace,
	(VALUES (date '2023-03-01', date '2023-04-01'), ('2023-06-15', '2024-06-15'), ('2024-02-29', '2024-03-01'),
	        ('2022-01-01', '2023-02-01'), ('2024-12-01', '2025-11-01'), ('2023-09-01', '2023-09-02')) v(lower, upper);
CREATE VIEW two_days AS
	SELECT grace, lower, upper, c, coalesce(i.mrr, 0) AS m0, coalesce(p.mrr, 0) AS m1,
	       movement(i.mrr, p.mrr, first >= lower) AS movement
	FROM ranges r, LATERAL (SELECT c, mrr FROM paid WHERE grace = r.grace AND d = lower - 1) i
	FULL JOIN LATERAL (SELECT c, mrr FROM paid WHERE grace = r.grace AND d = upper - 1) p USING (c)
	JOIN (SELECT c, min(d) AS first FROM day GROUP BY c) f USING (c);
SELECT count(*) > 300 AS many, count(DISTINCT t.movement) AS kinds, count(*) FILTER (WHERE NOT coalesce(
	(t.movement, t.opening_mrr, t.closing_mrr, t.change) = (e.movement, m0, m1, m1 - m0), false)) AS differ
FROM (SELECT * FROM two_days WHERE movement IS NOT NULL) e
FULL JOIN (SELECT grace, lower, upper, t.customer AS c, t.movement, opening_mrr, closing_mrr, change
           FROM subscription, ranges, mrr_movements(s, daterange(lower, upper), grace => grace) t) t
     USING (grace, lower, upper, c);
-- in ascending order, by movement all of them
SELECT count(*) AS n, bool_and(customer > before) AS ascending
FROM (SELECT customer, coalesce(lag(customer) OVER (), -100) AS before
      FROM subscription, mrr_movements(s, '[2023-06-15,2024-06-15)')) x;
-- in whatever form the value is: a small group, and a large one, straight from the rows
SELECT n, count(*) = n AS complete, bool_and(customer > before) AS ascending
FROM (SELECT n, customer, lag(customer, 1, -1000000::bigint) OVER (PARTITION BY n) AS before
      FROM unnest(ARRAY[3, 500, 70000]) n,
           LATERAL (SELECT customer_subscriptions(i * 104729::bigint % 70001 - 35000, date '2024-01-01', NULL, 1) AS s
                    FROM generate_series(1, n) i) v, mrr_movements(s, '(,)')) x
GROUP BY n ORDER BY n;
SELECT movement, count(*) = count(*) FILTER (WHERE movement = wanted AND m.change = t.change) AND count(*) > 0 AS same
FROM (SELECT wanted, m.*
      FROM subscription, unnest(ARRAY['new', 'reactivation', 'expansion', 'contraction', 'churn']) wanted,
           mrr_movements(s, '[2023-06-15,2024-06-15)', wanted) m) m
FULL JOIN (SELECT t.* FROM subscription, mrr_movements(s, '[2023-06-15,2024-06-15)') t) t USING (customer, movement)
GROUP BY 1 ORDER BY 1;
SELECT count(*) AS n, count(*) FILTER (WHERE NOT (
	near(gross_revenue_retention(s, lower - 1, upper - 1, grace), (kept / nullif(base, 0))::double precision)
	AND near(net_revenue_retention(s, lower - 1, upper - 1, grace), (later / nullif(base, 0))::double precision)
	AND near(customer_retention(s, lower - 1, upper - 1, grace), retained / nullif(customers, 0)::double precision)))
	AS differ
FROM subscription, (
	SELECT grace, lower, upper, sum(m0) AS base, sum(least(m0, m1)) AS kept, sum(m1) FILTER (WHERE m0 > 0) AS later,
	       count(*) FILTER (WHERE m0 > 0 AND m1 > 0) AS retained, count(*) FILTER (WHERE m0 > 0) AS customers
	FROM two_days GROUP BY 1, 2, 3) e;
SELECT count(*) AS days,
       count(*) FILTER (WHERE NOT coalesce(mrr(s, at) = sum AND subscribers(s, at) = n, false)) AS differ
FROM subscription, (
	SELECT at::date, coalesce(sum(mrr), 0) AS sum, count(c) AS n
	FROM generate_series(date '2022-12-25', '2025-11-01', interval '13 days') at LEFT JOIN day ON d = at GROUP BY 1) e;
SELECT mrr(s) = mrr(s, last) AS mrr, subscribers(s) = subscribers(s, last) AS subscribers,
       (SELECT count(*) FROM mrr_table(s) WHERE NOT complete AND closing_mrr = mrr(s)) AS rows
FROM subscription, (SELECT max(started) AS last FROM book WHERE ended IS NULL OR ended > started) x;

--
-- Options
--
-- ranges without a beginning or an end, infinite bounds, days included; an empty or no range
SELECT during, count(t.customer) > 0 AS some, count(*) FILTER (WHERE t.movement = 'new') AS new,
       count(*) FILTER (WHERE opening_mrr > 0) AS opening, sum(closing_mrr) AS closing
FROM subscription, unnest(ARRAY['(,2024-01-01)', '[-infinity,2024-01-01)', '[2024-01-01,)', '[2024-01-01,infinity)',
	'(,)', '[2023-12-31,2024-03-31]', '(2023-12-30,2024-04-01)', '[2024-12-31,2024-12-31]']::daterange[]) during
LEFT JOIN LATERAL mrr_movements(s, during) t ON true GROUP BY 1 ORDER BY 1;
SELECT sum(closing_mrr) = mrr(s) AS last_start, sum(change) = mrr(s) AS all_new, count(*) = subscribers(s) AS customers
FROM subscription, mrr_movements(s, '(,)') GROUP BY s;
SELECT sum(change) = mrr(s) - mrr(s, '2023-12-31') AS last_start FROM subscription, mrr_movements(s, '[2024-01-01,)')
GROUP BY s;
SELECT count(*)
FROM subscription, unnest(ARRAY['empty', NULL, '[2030-01-01,)', '(,-infinity)', '[infinity,)',
	'[2024-01-01,2024-01-01)']::daterange[]) during, mrr_movements(s, during);
-- since leaves out what begins before it, and changes nothing else
SELECT since, (SELECT min(period_start) FROM mrr_table(s, since => since)) AS period,
       (SELECT count(*) FROM mrr_table(s, since => since) x JOIN mrr_table(s) y USING (period_start) WHERE x <> y)
           AS differ,
       (SELECT min(period_start) FROM mrr_retention_table(s, since => since)) AS retention,
       (SELECT count(*) FROM mrr_retention_table(s, since => since) x JOIN mrr_retention_table(s) y
                             USING (period_start) WHERE x <> y) AS differ,
       (SELECT min(cohort) FROM mrr_cohort_table(s, since => since)) AS cohort,
       (SELECT count(*) FROM mrr_cohort_table(s, since => since) x JOIN mrr_cohort_table(s) y USING (cohort, age)
        WHERE x <> y) AS differ
FROM subscription, (VALUES (NULL), (date '2023-05-01'), ('2023-05-02'), ('2030-01-01')) v(since);
-- the defaults are those of the page
SELECT (SELECT array_agg(t) FROM mrr_table(s) t) = (SELECT array_agg(t) FROM mrr_table(s, '1 month', last + 1, 'net', 0,
           NULL, '2001-01-01') t) AS mrr,
       (SELECT array_agg(t) FROM mrr_retention_table(s) t) = (SELECT array_agg(t) FROM mrr_retention_table(s, '1 year',
           '1 month', last + 1, 0, NULL, '2001-01-01') t) AS retention,
       (SELECT array_agg(t) FROM mrr_cohort_table(s) t) = (SELECT array_agg(t) FROM mrr_cohort_table(s, '1 month',
           last + 1, 0, NULL, '2001-01-01') t) AS cohorts
FROM subscription, (SELECT max(started) AS last FROM book WHERE ended IS NULL OR ended > started) x;
-- any grace: the last days are never decided, and who came back had not left
SELECT grace, sum(reactivated_customers) AS back, sum(churned_customers) > 0 AS churned, bool_or(complete) AS decided
FROM subscription, unnest(ARRAY[0, 30, 2147483647]) grace, mrr_table(s, as_of => '2024-07-31', grace => grace)
GROUP BY 1 ORDER BY 1;
-- an as_of before everything, long before, and on the first day
SELECT as_of, (SELECT count(*) FROM mrr_table(s, as_of => as_of)) AS periods,
       (SELECT count(*) FROM mrr_cohort_table(s, as_of => as_of)) AS cells,
       (SELECT count(*) FROM mrr_retention_table(s, as_of => as_of)) AS retention
FROM value, unnest(ARRAY['0001-01-01', '2023-12-31', '2024-01-01', '2024-01-02']::date[]) as_of;
-- one that is a timestamp, or an instant in a time zone
SELECT count(*) AS n, bool_and(x = y) AS same
FROM value, mrr_table(s, as_of => timestamp '2024-05-10 23:00') x JOIN
     (SELECT t.* FROM value, mrr_table(s, as_of => '2024-05-10') t) y USING (period_start);

--
-- Days of a time zone
--
SET timezone = 'UTC';
SELECT period_start, new_mrr FROM mrr_table((
	SELECT customer_subscriptions(1, timestamptz '2024-01-31 23:30Z', NULL::timestamptz, 10)), as_of => '2024-03-01');
SET timezone = 'Europe/Berlin';
SELECT period_start, new_mrr FROM mrr_table((
	SELECT customer_subscriptions(1, timestamptz '2024-01-31 23:30Z', NULL::timestamptz, 10)), as_of => '2024-03-01');
SET timezone = 'UTC';

--
-- Customers are those of retention_summary, where all amounts are above 0
--
CREATE TABLE positive AS SELECT * FROM book WHERE amount > 0 AND c IS NOT NULL AND started IS NOT NULL;
SELECT period, count(*) AS periods, sum(churned_customers) > 20 AS churned, bool_and(
	(opening_customers, opening_customers - churned_customers, churned_customers, new_customers + reactivated_customers)
	= ((r).base, (r).retained, (r).lost, (r).acquired)) AS same
FROM (SELECT customer_subscriptions(c, started, ended, amount) AS s FROM positive) v,
     unnest(ARRAY['1 month', '3 months', '7 days']::interval[]) period, mrr_table(s, period, '2024-07-31') t,
     LATERAL (SELECT retention_summary(c, daterange(started, ended), daterange(t.period_start,
                                       (t.period_start + period)::date)) FROM positive) x(r)
WHERE complete GROUP BY 1 ORDER BY 1;
-- without amounts, contracts are counted
SELECT mrr(n, '2024-03-31') AS contracts, count(*) FILTER (WHERE started <= '2024-03-31' AND (ended > '2024-03-31'
	OR ended IS NULL)) AS count, subscribers(n, '2024-03-31') AS customers,
	count(DISTINCT c) FILTER (WHERE started <= '2024-03-31' AND (ended > '2024-03-31' OR ended IS NULL)) AS count
FROM (SELECT customer_subscriptions(c, started, ended) AS n FROM book) x, book WHERE c IS NOT NULL GROUP BY n;

--
-- Nothing, and nobody who pays
--
SELECT (SELECT count(*) FROM mrr_table(s)) AS periods,
       (SELECT count(*) FROM mrr_table(s, movements => 'daily')) AS days,
       (SELECT count(*) FROM mrr_retention_table(s)) AS retention, (SELECT count(*) FROM mrr_cohort_table(s)) AS cells,
       (SELECT count(*) FROM mrr_movements(s, '(,)')) AS moved, mrr(s), subscribers(s), mrr(s, '2024-01-01') AS at,
       gross_revenue_retention(s, '2024-01-01', '2024-01-02') AS gross,
       net_revenue_retention(s, '2024-01-01', '2024-01-02') AS net,
       customer_retention(s, '2024-01-01', '2024-01-02') AS customers
FROM (VALUES (NULL), ((SELECT customer_subscriptions(1, date '2024-01-01', NULL, 0))),
      ((SELECT customer_subscriptions(1, date '2024-01-01', '2024-02-01', -5)))) v(s);
SELECT gross_revenue_retention(s, NULL, '2024-01-02') AS base, net_revenue_retention(s, '2024-01-02', NULL) AS at,
       customer_retention(NULL, '2024-01-02', '2024-01-02') AS value FROM value;
-- one day of one customer
SELECT period_start, new_mrr, churned_mrr, closing_mrr, complete
FROM (SELECT customer_subscriptions(1, date '2024-02-29', '2024-03-01', 0.5)) v(s), mrr_table(s, as_of => '2024-04-02',
	movements => 'daily');
SELECT t.* FROM (SELECT customer_subscriptions(1, date '2024-02-29', '2024-03-01', 0.5)) v(s),
	mrr_cohort_table(s, as_of => '2024-04-02') t;

--
-- Large, and exact
--
CREATE TABLE large AS
	SELECT customer_subscriptions(i, date '2024-01-01', CASE WHEN i % 3 = 0 THEN date '2024-02-10' END,
	                              90000000000000000 + i + 0.01) AS s FROM generate_series(1, 2500) i;
SELECT period_start, opening_mrr, churned_mrr, closing_mrr, gross_revenue_retention = r AS rounded_once
FROM large, mrr_table(s, as_of => '2024-03-01'),
     LATERAL (SELECT (closing_mrr::numeric / nullif(opening_mrr, 0))::double precision) x(r);
SELECT mrr(s), revenue_per_customer = (closing_mrr / 2500)::double precision AS rounded_once
FROM large, mrr_table(s, as_of => '2024-02-01');
-- the very first and last days
SELECT period_start, new_mrr, closing_mrr, complete
FROM (SELECT customer_subscriptions(1, date '5874897-12-31', NULL, 1)) v(s), mrr_table(s, '1 month');
SELECT period_start, base_date, base_mrr
FROM (SELECT customer_subscriptions(1, date '5874897-12-31', NULL, 1)) v(s), mrr_retention_table(s);
SELECT t.*
FROM (SELECT customer_subscriptions(1, date '4713-11-30 BC', '4713-12-05 BC', 1)) v(s), mrr_movements(s, '(,)') t;
SELECT mrr(s, date '4714-11-24 BC') AS first, mrr(s, date '5874897-12-31') AS last
FROM (SELECT customer_subscriptions(1, date '4714-11-24 BC', NULL, 7)) v(s);
-- an end in the year 9999 adds no periods
SELECT count(*) AS periods FROM (SELECT customer_subscriptions(1, date '2024-01-01', '9999-12-31', 1)) v(s),
	mrr_table(s, as_of => '2024-12-31');

--
-- Errors
--
SELECT count(*) FROM value, mrr_table(s, '1 month 1 day');
SELECT count(*) FROM value, mrr_table(s, '12 hours');
SELECT count(*) FROM value, mrr_table(s, NULL);
SELECT count(*) FROM value, mrr_table(s, as_of => 'infinity');
SELECT count(*) FROM value, mrr_table(s, movements => 'weekly');
SELECT count(*) FROM value, mrr_table(s, movements => NULL);
SELECT count(*) FROM value, mrr_table(s, grace => -1);
SELECT count(*) FROM value, mrr_table(s, grace => NULL);
SELECT count(*) FROM value, mrr_table(s, since => '-infinity');
SELECT count(*) FROM value, mrr_table(s, origin => NULL);
SELECT count(*) FROM value, mrr_table(s, origin => 'infinity');
SELECT count(*) FROM value, mrr_retention_table(s, '0 days');
SELECT count(*) FROM value, mrr_retention_table(s, NULL);
SELECT count(*) FROM value, mrr_retention_table(s, grace => -1);
SELECT count(*) FROM value, mrr_retention_table(s, grace => NULL);
SELECT count(*) FROM value, mrr_retention_table(s, period => '-1 day');
SELECT count(*) FROM value, mrr_retention_table(s, '10000 years');
SELECT count(*) FROM value, mrr_cohort_table(s, '1 month -1 day');
SELECT count(*) FROM value, mrr_cohort_table(s, grace => -1);
SELECT count(*) FROM value, mrr_cohort_table(s, grace => NULL);
SELECT count(*) FROM value, mrr_movements(s, '(,)', 'expanded');
SELECT count(*) FROM value, mrr_movements(s, '(,)', grace => -1);
SELECT count(*) FROM value, mrr_movements(s, '(,)', grace => NULL);
SELECT gross_revenue_retention(s, '2024-02-01', '2024-01-31') FROM value;
SELECT net_revenue_retention(s, '-infinity', '2024-01-31') FROM value;
SELECT customer_retention(s, '2024-01-31', 'infinity') FROM value;
SELECT customer_retention(s, '2024-01-31', '2024-01-31', -1) FROM value;
SELECT customer_retention(s, '2024-01-31', '2024-01-31', NULL) FROM value;
SELECT mrr(s, 'infinity') FROM value;
SELECT subscribers(s, '-infinity') FROM value;
-- wrong options are errors without a value, too
SELECT count(*) FROM mrr_table(NULL, movements => 'weekly');
SELECT count(*) FROM mrr_cohort_table(NULL, grace => -1);
SELECT count(*) FROM mrr_movements(NULL, NULL, 'expanded');
SELECT customer_retention(NULL, NULL, NULL, -1);
SELECT mrr(NULL, 'infinity');
-- too many periods, and cells
SELECT count(*) FROM (SELECT customer_subscriptions(1, date '0001-01-01', NULL, 1)) v(s),
	mrr_table(s, '1 day', as_of => '294276-01-01');
SELECT count(*)
FROM (SELECT customer_subscriptions(i, date '0001-01-01' + i * 300, NULL, 1) FROM generate_series(1, 30) i) v(s),
     mrr_cohort_table(s, '1 day', as_of => '2024-01-01');

DROP SCHEMA mrr_test CASCADE;

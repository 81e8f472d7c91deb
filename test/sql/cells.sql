--
-- cells: revenue_cells, the additive cells of an activity and of purchases, and
-- the tables that are made of them
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 0;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA cells_test;
SELECT set_config('search_path', 'cells_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- The example of the documentation, customer by customer
--
CREATE TABLE ev (customer int, d date, a numeric);
INSERT INTO ev VALUES
	(1, '2024-01-05', 100.00), (1, '2024-01-05', 20.50), (1, '2024-02-10', 80.00), (1, '2024-02-12', -30.00),
	(1, '2024-04-02', 50.00), (2, '2024-01-20', 60.00), (2, '2024-01-25', -60.00), (2, '2024-02-03', -5.00),
	(3, '2024-02-14', 0.00), (3, '2024-03-12', 45.25), (4, '2024-03-01', NULL), (4, '2024-03-31', 10.005),
	(5, '2024-02-02', -12.00), (6, '2023-12-30', -7.00), (6, '2024-01-31', 40.00),
	(NULL, '2024-01-15', 999), (7, NULL, 999);
CREATE TABLE value AS SELECT revenue_cells(p, '1 month', '2024-04-15') AS c
	FROM (SELECT customer_purchases(customer, d, a) AS p FROM ev GROUP BY customer) x;
SELECT cohort, age, customers, active, purchases, revenue, refunded, cumulative_revenue AS cumulative,
       base_revenue AS base, cumulative_per_customer AS per_customer, round(lower::numeric, 3) AS lower, complete
FROM value, revenue_cohort_table(c);
SELECT period_start, active, revenue, new_revenue AS new, retained_revenue AS retained,
       resurrected_revenue AS resurrected, expansion, contraction, churned_revenue AS churned, complete
FROM value, revenue_table(c);
SELECT period_start, active, new_customers AS new, retained, resurrected, churned, dormant
FROM value, lifecycle_table(c);

--
-- Random shops: refunds, free orders, unknown amounts, decimals, people with
-- refunds only; the tables of cells are those of the value, column by column
--
CREATE TABLE shop AS
	SELECT 1 + dice(i, 1, 400) AS customer, date '2022-11-20' + dice(i, 2, 500) + dice(i, 3, 2) * dice(i, 4, 120) AS d,
	       CASE dice(i, 5, 12) WHEN 0 THEN NULL WHEN 1 THEN 0 WHEN 2 THEN -dice(i, 6, 5000) / 100.0
	            ELSE dice(i, 7, 20000) / (CASE WHEN dice(i, 8, 50) = 0 THEN 1000.0 ELSE 100.0 END) END AS a
	FROM generate_series(1, 3000) i;
CREATE TABLE one AS SELECT customer, customer_purchases(customer, d, a) AS p FROM shop GROUP BY customer;
CREATE TABLE whole AS SELECT rollup(p) AS p FROM one;
CREATE FUNCTION same(period interval, as_of date, since date DEFAULT NULL, confidence float8 DEFAULT 0.95)
RETURNS TABLE (what text, rows bigint, same boolean) LANGUAGE plpgsql AS $$
DECLARE
	c revenue_cells;
	a revenue_cells;
	w customer_purchases;
BEGIN
	SELECT revenue_cells(p, period, as_of), revenue_cells(p::customer_activity, period, as_of) INTO c, a FROM one;
	SELECT p INTO w FROM whole;
	RETURN QUERY
	SELECT 'revenue_cohort_table', count(*), bool_and(t IS NOT DISTINCT FROM v)
	FROM (SELECT row_number() OVER () AS n, t FROM revenue_cohort_table(c, since, confidence) t) x
	FULL JOIN (SELECT row_number() OVER () AS n, v
	           FROM revenue_cohort_table(w, period, as_of, since => since, confidence => confidence) v) y USING (n)
	UNION ALL
	SELECT 'revenue_curve', count(*), bool_and(t IS NOT DISTINCT FROM v)
	FROM (SELECT row_number() OVER () AS n, t FROM revenue_curve(c, since, confidence) t) x
	FULL JOIN (SELECT row_number() OVER () AS n, v
	           FROM revenue_curve(w, period, as_of, since => since, confidence => confidence) v) y USING (n)
	UNION ALL
	SELECT 'revenue_table', count(*), bool_and(t IS NOT DISTINCT FROM v)
	FROM (SELECT row_number() OVER () AS n, t FROM revenue_table(c, since) t) x
	FULL JOIN (SELECT row_number() OVER () AS n, v FROM revenue_table(w, period, as_of, since => since) v) y USING (n);
	-- of purchases and of an activity alike
	FOREACH c IN ARRAY ARRAY[c, a] LOOP
		RETURN QUERY
		SELECT 'cohort_table', count(*), bool_and(t IS NOT DISTINCT FROM v)
		FROM (SELECT row_number() OVER () AS n, t FROM cohort_table(c, since, confidence) t) x
		FULL JOIN (SELECT row_number() OVER () AS n, v
		           FROM cohort_table(w, period, as_of, since => since, confidence => confidence) v) y USING (n)
		UNION ALL
		SELECT 'retention_curve', count(*), bool_and(t IS NOT DISTINCT FROM v)
		FROM (SELECT row_number() OVER () AS n, t FROM retention_curve(c, since, confidence) t) x
		FULL JOIN (SELECT row_number() OVER () AS n, v
		           FROM retention_curve(w, period, as_of, since => since, confidence => confidence) v) y USING (n)
		UNION ALL
		SELECT 'lifecycle_table', count(*), bool_and(t IS NOT DISTINCT FROM v)
		FROM (SELECT row_number() OVER () AS n, t FROM lifecycle_table(c, since) t) x
		FULL JOIN (SELECT row_number() OVER () AS n, v FROM lifecycle_table(w, period, as_of, since => since) v) y
		      USING (n);
	END LOOP;
END $$;
SELECT * FROM same('1 month', '2024-07-15');
SELECT * FROM same('7 days', '2024-08-01');
SELECT * FROM same('3 months', '2024-02-01', '2023-04-01', 0.8);
-- as_of in the middle of the data, before most of it, before all of it
SELECT * FROM same('1 month', '2023-06-10');
SELECT bool_and(same) FROM same('1 day', '2023-01-05');
SELECT sum(rows) FROM same('1 month', '2020-01-01');
SELECT bool_and(same), sum(rows) > 20 AS rows FROM same('1 year', '2025-01-01');

--
-- Bytes do not depend on the order, the grouping, the number of workers, or on
-- how often values were merged
--
CREATE TABLE parts AS
	SELECT g, k, revenue_cells(p, '7 days', '2024-07-15') AS c
	FROM one, LATERAL (VALUES (1, customer % 1), (2, customer % 7), (3, customer % 150), (4, customer)) v(g, k)
	GROUP BY g, k;
SELECT count(*), count(DISTINCT c) AS values, max(length(revenue_cells_send(c))) > 1000 AS large
FROM (SELECT rollup(c ORDER BY hashint4(k + g)) AS c FROM parts GROUP BY g
      UNION ALL SELECT revenue_cells(p, '7 days', '2024-07-15') FROM whole
      UNION ALL SELECT revenue_cells(p, '7 days', '2024-07-15' ORDER BY hashint4(customer)) FROM one
      UNION ALL SELECT rollup(c) FROM (SELECT rollup(c) FROM parts WHERE g = 4 GROUP BY k % 20) x(c)) y;
-- text and binary forms bring back the value; it can be sorted, grouped and hashed
SELECT bool_and(c::text::revenue_cells = c) AS text, count(*) AS values,
       count(DISTINCT c) = count(DISTINCT c::text) AS distinct
FROM parts;
SELECT bool_and(c >= before) AS ordered FROM (SELECT c, lag(c) OVER (ORDER BY c) AS before FROM parts) a;
SET enable_sort = off;
SELECT count(*) FROM (SELECT c FROM parts GROUP BY c) x WHERE c IN (SELECT c FROM parts WHERE g = 2);
RESET enable_sort;
-- the numbers of decimals meet, in any order
CREATE TABLE scales AS SELECT i, customer_purchases(i, date '2024-01-05' + i, a) AS p
	FROM (VALUES (1, 1.5), (2, 0.001), (3, 10), (4, -2), (5, 123456789.123456789)) v(i, a) GROUP BY i;
SELECT count(DISTINCT c), max((SELECT t.revenue FROM revenue_table(c) t LIMIT 1)) AS revenue
FROM (SELECT revenue_cells(p, '1 month', '2024-07-01' ORDER BY i) AS c FROM scales
      UNION ALL SELECT revenue_cells(p, '1 month', '2024-07-01' ORDER BY -i) FROM scales
      UNION ALL SELECT rollup(c ORDER BY m) FROM (SELECT i % 2, revenue_cells(p, '1 month', '2024-07-01')
                                                  FROM scales GROUP BY 1) x(m, c)) y;
-- intervals of squares beyond 128 bits are NULL, whatever the order
CREATE TABLE huge AS SELECT i, customer_purchases(i, date '2024-01-05', a) AS p
	FROM (VALUES (1, 0.000000001), (2, 9e9), (3, 9e9), (4, 9e9), (5, -9e9), (6, 9e9)) v(i, a) GROUP BY i;
SELECT count(DISTINCT c), bool_and(t.lower IS NULL AND t.upper IS NULL) AS unknown, max(t.revenue) AS revenue,
       max(t.cumulative_per_customer) AS mean
FROM (SELECT revenue_cells(p, '1 month', '2024-02-01' ORDER BY i) FROM huge
      UNION ALL SELECT revenue_cells(p, '1 month', '2024-02-01' ORDER BY -i) FROM huge
      UNION ALL
      SELECT rollup(c) FROM (SELECT revenue_cells(p, '1 month', '2024-02-01') FROM huge GROUP BY i) x(c)) y(c),
     revenue_cohort_table(c) t;

--
-- Groups, NULL, frames, and parallel plans
--
SELECT count(*) AS groups, sum(t.customers) = (SELECT count(*) FROM one) AS everybody
FROM (SELECT customer % 50 AS g, revenue_cells(p::customer_activity, '100 years', '2024-12-31') AS c
      FROM one GROUP BY 1) x, cohort_table(c) t;
SELECT g, (SELECT sum(revenue) FROM revenue_table(c))
          = (SELECT sum(revenue) FROM whole, revenue_table(p, as_of => '2024-12-31')) AS same
FROM (SELECT customer < 0 AS g, revenue_cells(p, '1 month', '2024-12-31') AS c FROM one
      GROUP BY GROUPING SETS ((), (customer < 0))) x;
SELECT revenue_cells(p, '1 month', '2024-12-31') IS NULL AS nobody FROM one WHERE false;
SELECT revenue_cells(p, '1 month', '2024-12-31') IS NULL AS null, rollup(NULL::revenue_cells) IS NULL AS rolled
FROM (VALUES (NULL::customer_purchases)) v(p);
SELECT (SELECT count(*) FROM cohort_table(NULL::revenue_cells))
     + (SELECT count(*) FROM retention_curve(NULL::revenue_cells))
     + (SELECT count(*) FROM lifecycle_table(NULL::revenue_cells))
     + (SELECT count(*) FROM revenue_cohort_table(NULL::revenue_cells))
     + (SELECT count(*) FROM revenue_curve(NULL::revenue_cells))
     + (SELECT count(*) FROM revenue_table(NULL::revenue_cells))
       AS rows;
-- a growing frame: the state is read before it grows further
SELECT bool_and(c = (SELECT revenue_cells(p, '1 month', '2024-07-15')
                     FROM one o WHERE o.customer <= x.customer)) AS same
FROM (SELECT customer, revenue_cells(p, '1 month', '2024-07-15') OVER (ORDER BY customer) AS c
      FROM one WHERE customer < 60) x;
ANALYZE one;
SELECT parallel_check($$ SELECT revenue_cells(p, '1 month', '2024-07-15') AS c FROM one $$);
SELECT parallel_check($$ SELECT customer % 3 AS g, revenue_cells(p::customer_activity, '7 days', '2024-07-15') AS c
                         FROM one GROUP BY 1 $$);
SELECT parallel_check($$ SELECT g, rollup(c) AS c FROM parts GROUP BY g $$);

--
-- A cluster in small: each node counts its customers, what travels is cells
--
CREATE TABLE nodes (customer int, d date, a numeric) PARTITION BY HASH (customer);
CREATE TABLE node_1 PARTITION OF nodes FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE node_2 PARTITION OF nodes FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO nodes SELECT customer, d, a FROM shop;
SET enable_partitionwise_aggregate = on;
SELECT revenue_cells(p, '1 month', '2024-07-15') = (SELECT revenue_cells(p, '1 month', '2024-07-15') FROM whole) AS same
FROM (SELECT customer_purchases(customer, d, a) AS p FROM nodes GROUP BY customer) x;
RESET enable_partitionwise_aggregate;

--
-- Errors
--
SELECT outcome($$SELECT revenue_cells(p, NULL, '2024-01-01') FROM whole$$) AS period,
       outcome($$SELECT revenue_cells(p, '1 month', NULL) FROM whole$$) AS as_of,
       outcome($$SELECT revenue_cells(p, '1 month 1 day', '2024-01-01') FROM whole$$) AS mixed,
       outcome($$SELECT revenue_cells(p, '1 month', 'infinity') FROM whole$$) AS never,
       outcome($$SELECT revenue_cells(p, '1 month', date '2024-01-01' + customer) FROM one$$) AS changing,
       outcome($$SELECT revenue_cells(p, customer * interval '1 day', '2024-01-01') FROM one$$) AS lengths;
SELECT outcome($$SELECT rollup(c) FROM (SELECT revenue_cells(p, '1 month', '2024-01-01') FROM whole
	UNION ALL SELECT revenue_cells(p, '1 month', '2024-01-02') FROM whole) x(c)$$) AS as_of,
       outcome($$SELECT rollup(c) FROM (SELECT revenue_cells(p, '1 month', '2024-01-01') FROM whole
	UNION ALL SELECT revenue_cells(p::customer_activity, '1 month', '2024-01-01') FROM whole) x(c)$$) AS kind,
       outcome($$SELECT revenue_table(revenue_cells(p::customer_activity, '1 month', '2024-01-01'))
	FROM whole$$) AS money,
       outcome($$SELECT revenue_cohort_table(revenue_cells(p::customer_activity, '1 month', '2024-01-01'))
	FROM whole$$) AS cohorts,
       outcome($$SELECT cohort_table(revenue_cells(p, '1 month', '2024-01-01'), confidence => 1)
	FROM whole$$) AS confidence,
       outcome($$SELECT cohort_table(revenue_cells(p, '1 month', '2024-01-01'), since => 'infinity')
	FROM whole$$) AS since;
SELECT outcome($$SELECT revenue_cells_combine(NULL, NULL)$$) AS outside,
       outcome($$SELECT revenue_cells_transfn(NULL::revenue_cells, p, '1 month', date '2024-01-01')
	FROM whole$$) AS too;
-- values that no aggregate has made, and why
SELECT what, outcome(format('SELECT %L::revenue_cells', '\x' || v)) AS outcome
FROM (VALUES ('sound', '010100000000000100000000000022990000010101020001000001'),
	('no header', '0101000000000001000000000000'), ('no cells', '01010000000000010000000000002299'),
	('other version', '020100000000000100000000000022990000010101020001000001'),
	('other kind', '010900000000000100000000000022990000010101020001000001'),
	('decimals of an activity', '010102000000000100000000000022990000010101020001000001'),
	('months and days', '010100000000000100000001000022990000010101020001000001'),
	('no period', '010100000000000000000000000022990000010101020001000001'),
	('never', '0101000000000001000000007fffffff0000010101020001000001'),
	('cut off', '0101000000000001000000000000229900000101010200010000'),
	('more than was counted', '01010000000000010000000000002299000001010102000100000100'),
	('longer number', '01010000000000010000000000002299000081000101020001000001'),
	('nobody', '010100000000000100000000000022990000000101020001000001'),
	('more retained than came back', '010100000000000100000000000022990000010102020001000001'),
	('retained without a period before', '010100000000000100000000000022990000010101'),
	('not there at first', '01010000000000010000000000002299000001020101'),
	('more than at first', '010100000000000100000000000022990000010101020001000002'),
	('an age after as_of', '010100000000000100000000000022990000010001010101020001000001'),
	('twice the same', '01010000000000010000000000002299000001010101010102000100000 1'),
	('too many', '0101000000000001000000000000229900' || '00' || 'ffffffffffffffffff01')) v(what, v);
-- a table of too many periods
SELECT outcome($$SELECT count(*) FROM cohort_table((SELECT revenue_cells(p, '1 day', '500000-01-01')
	FROM whole))$$) AS long;
DROP SCHEMA cells_test CASCADE;

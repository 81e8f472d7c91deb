--
-- activity_parts: large values of customer_activity while they are built: many
-- customers, busy customers, days far apart, and states of other processes
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64MB';
CREATE SCHEMA activity_parts_test;
SELECT set_config('search_path', 'activity_parts_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- Compares the value of a table's rows (c, d) with what plain SQL counts:
-- customers, days, span, active customers of each year, customers by their
-- first year and those who were active in a later one, repeaters.
CREATE FUNCTION sql_check(source text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	a customer_activity;
	wrong bigint;
	repeaters double precision;
BEGIN
	EXECUTE format('SELECT customer_activity(c, d) FROM %s', source) INTO a;
	EXECUTE format('CREATE TEMP TABLE fact AS SELECT DISTINCT c, d FROM %s', source);
	IF customers(a) <> (SELECT count(DISTINCT c) FROM fact) THEN RETURN 'customers'; END IF;
	IF active_days(a) <> (SELECT count(*) FROM fact) THEN RETURN 'active_days'; END IF;
	IF activity_span(a) <> (SELECT daterange(min(d), max(d) + 1) FROM fact) THEN RETURN 'activity_span'; END IF;
	SELECT count(*) INTO wrong FROM (
		(SELECT period_start, active, new_customers FROM lifecycle_table(a, '1 year') WHERE active > 0
		 EXCEPT ALL
		 SELECT y, count(*), count(*) FILTER (WHERE y = first)
		 FROM (SELECT c, date_trunc('year', d)::date AS y,
		              min(date_trunc('year', min(d))::date) OVER (PARTITION BY c) AS first
		       FROM fact GROUP BY 1, 2) s
		 GROUP BY y)) x;
	IF wrong > 0 THEN RETURN wrong || ' years differ'; END IF;
	SELECT avg((n > 1)::integer) INTO repeaters FROM (SELECT count(*) AS n FROM fact GROUP BY c) s;
	IF abs(repeat_purchase_rate(a) - repeaters) > 1e-12 THEN RETURN 'repeat_purchase_rate'; END IF;
	-- each day of each customer: the value of one customer is read alone
	SELECT count(*) INTO wrong
	FROM (SELECT c % 50 AS g, array_agg(DISTINCT d) AS days, count(DISTINCT (c, d)) AS n, customer_activity(c, d) AS one
	      FROM fact WHERE c BETWEEN 0 AND 499 GROUP BY 1) s
	WHERE active_days(one) <> n
	  OR EXISTS (SELECT
	             FROM unnest(days) d
	             WHERE retention_rate(one, daterange(d, d + 1), daterange(d, d + 1)) IS DISTINCT FROM 1);
	IF wrong > 0 THEN RETURN wrong || ' customers differ'; END IF;
	DROP TABLE fact;
	RETURN 'right';
END $$;

--
-- 60,000 customers, who are divided among parts; some are busy, some have days
-- that are centuries away, one has every day of two centuries
--
CREATE TABLE crowd (i bigint, c bigint, d date);
INSERT INTO crowd SELECT i, dice(i, 60, 60000), date '2022-01-01' + dice(i, 61, 1000) FROM generate_series(1, 150000) i;
-- from a few days to all of three years: sorted arrays, and bitmaps of which some grow in both directions
INSERT INTO crowd
	SELECT 200000 + i, dice(i, 62, 300),
	       date '2022-01-01' + dice(i, 63, 1 + dice(i, 62, 300) * 4) - 2 * dice(i, 62, 300)
	FROM generate_series(1, 60000) i;
-- days that a bitmap would have to stretch to
INSERT INTO crowd
	SELECT 300000 + i, i % 300, date '1950-01-01' + (i * 400)::integer
	FROM generate_series(1, 900) i WHERE i % 300 > 200;
-- too far from the others
INSERT INTO crowd
	SELECT 400000 + i, i % 40, d
	FROM generate_series(1, 80) i, unnest(ARRAY[date '0001-01-01 BC', '1500-02-28', '9999-12-31']) d;
INSERT INTO crowd SELECT 500000 + i, 100000 + i, date '4000-01-01' + i::integer FROM generate_series(1, 20) i;
INSERT INTO crowd SELECT 600000 + i, 70000, date '1900-01-01' + i::integer FROM generate_series(1, 75000) i;
INSERT INTO crowd
	SELECT 700000 + k, c, date '2023-05-05'
	FROM unnest(ARRAY[0, -1, 9223372036854775807, -9223372036854775808]) WITH ORDINALITY AS x(c, k);
ANALYZE crowd;
ALTER TABLE crowd SET (parallel_workers = 2);
SELECT sql_check('crowd');
-- in the order of time, backwards, by customer, at random: the same bytes
CREATE TABLE crowd_value AS SELECT customer_activity(c, d) AS a FROM crowd;
SELECT way, (SELECT a = customer_activity_in(customer_activity_out(a)) FROM crowd_value) AS read,
	   CASE way WHEN 'days' THEN (SELECT customer_activity(c, d ORDER BY d) FROM crowd)
				WHEN 'backwards' THEN (SELECT customer_activity(c, d ORDER BY d DESC) FROM crowd)
				WHEN 'customers' THEN (SELECT customer_activity(c, d ORDER BY c + 0) FROM crowd)
				WHEN 'random' THEN (SELECT customer_activity(c, d ORDER BY dice(i, 64, 1000000)) FROM crowd)
				WHEN 'twice' THEN (SELECT customer_activity(c, d) FROM (TABLE crowd UNION ALL TABLE crowd) x)
				WHEN 'pieces'
				  THEN (SELECT rollup(a) FROM (SELECT customer_activity(c, d) AS a FROM crowd GROUP BY i % 7) x)
				WHEN 'small pieces'
				  THEN (SELECT rollup(a) FROM (SELECT customer_activity(c, d) AS a FROM crowd GROUP BY i % 3000) x)
				WHEN 'far pieces first'
				  THEN (SELECT rollup(a ORDER BY far DESC)
				        FROM (SELECT far, customer_activity(c, d) AS a
				              FROM (SELECT c, d, d > '3000-01-01' AS far FROM crowd) x GROUP BY far) x) END
	   = (SELECT a FROM crowd_value) AS same
FROM unnest(ARRAY['days', 'backwards', 'customers', 'random', 'twice', 'pieces', 'small pieces',
                  'far pieces first']) way;
-- the last rows make it many parts, of customers who have far days, or only such
CREATE TABLE verge AS
	SELECT i AS c, date '2024-01-01' + i::integer % 300 AS d FROM generate_series(1, 33000) i UNION ALL
	SELECT i, date '9999-12-31' FROM generate_series(1, 35000, 10) i;
SELECT sql_check('verge'), sql_check('(SELECT * FROM verge ORDER BY d DESC) x');
SELECT active_days(rollup(a)) = (SELECT count(*) FROM verge) AS right
FROM (SELECT customer_activity(c, d) AS a FROM verge GROUP BY c % 2) x;
SELECT active_days(customer_activity_in(customer_activity_out(customer_activity(c, d)))) = count(*) AS right FROM verge;
-- states of workers: many parts, bitmaps on both sides, strays
SELECT parallel_check('SELECT customer_activity_send(customer_activity(c, d)) FROM crowd');
SELECT parallel_check('SELECT c < 200, customer_activity_send(customer_activity(c, d)) FROM crowd GROUP BY 1');
SELECT parallel_check('SELECT customer_activity_send(customer_activity(c, d)) FROM crowd WHERE c < 300');
SELECT parallel_check('SELECT * FROM cohort_table((SELECT customer_activity(c, d) FROM crowd '
                      'WHERE d BETWEEN ''2020-01-01'' AND ''2026-01-01''), ''1 month'')');

--
-- Partial states that differ in everything: number of customers and parts, and
-- the days from which their days are counted
--
CREATE TABLE era (c bigint, d date, e integer) PARTITION BY LIST (e);
CREATE TABLE era_0 PARTITION OF era FOR VALUES IN (0);
CREATE TABLE era_1 PARTITION OF era FOR VALUES IN (1);
CREATE TABLE era_2 PARTITION OF era FOR VALUES IN (2);
CREATE TABLE era_3 PARTITION OF era FOR VALUES IN (3);
CREATE TABLE era_4 PARTITION OF era FOR VALUES IN (4);
INSERT INTO era SELECT dice(i, 65, 5000), date '2024-01-01' + dice(i, 66, 400), 0 FROM generate_series(1, 20000) i;
INSERT INTO era SELECT dice(i, 67, 45000), date '2024-03-01' + dice(i, 68, 400), 1 FROM generate_series(1, 120000) i;
INSERT INTO era SELECT dice(i, 69, 6000), date '3000-03-01' + dice(i, 70, 400), 2 FROM generate_series(1, 20000) i;
INSERT INTO era SELECT dice(i, 71, 40000), date '1400-03-01' + dice(i, 72, 400), 3 FROM generate_series(1, 90000) i;
INSERT INTO era SELECT i, date '2024-06-01', 4 FROM generate_series(1, 10) i;
ANALYZE era;
SELECT sql_check('era');
SET enable_partitionwise_aggregate = on;
SELECT plan_nodes('SELECT customer_activity(c, d) FROM era') @> '{"Partial Aggregate"}' AS partial;
SELECT sql_check('era');
SELECT set_config('enable_partitionwise_aggregate', 'off', true) AS whole,
       customer_activity(c, d) = (SELECT customer_activity(c, d)
                                  FROM (TABLE era_3
                                        UNION ALL TABLE era_2
                                        UNION ALL TABLE era_4
                                        UNION ALL TABLE era_1
                                        UNION ALL TABLE era_0) x) AS same
FROM era;
ALTER TABLE era_0 SET (parallel_workers = 2);
ALTER TABLE era_1 SET (parallel_workers = 2);
ALTER TABLE era_2 SET (parallel_workers = 2);
ALTER TABLE era_3 SET (parallel_workers = 2);
SELECT parallel_check('SELECT customer_activity_send(customer_activity(c, d)) FROM era');
RESET enable_partitionwise_aggregate;

--
-- States that somebody's own aggregate, which has no final function, returns
-- and stores: they hold what they should, and become canonical where they go
--
CREATE AGGREGATE bare(customer_key, date) (SFUNC = customer_activity_transfn, STYPE = customer_activity);
CREATE TABLE bare_value AS
	SELECT 'crowd' AS source, bare(c, d) AS a FROM crowd UNION ALL
	SELECT 'one part', bare(c, d) FROM crowd WHERE c < 300 UNION ALL
	SELECT 'events', bare(c, d) FROM crowd WHERE c < 2;
SELECT b.source, b.a = r.a AS equal, customer_activity_send(b.a) = customer_activity_send(r.a) AS sent,
       customers(b.a) = customers(r.a) AS customers,
	   active_days(b.a) = active_days(r.a) AS active_days, activity_span(b.a) = activity_span(r.a) AS activity_span,
	   rolled = r.a AS rolled,
	   hash_record_extended(row(b.a), 1) = hash_record_extended(row(r.a), 1) AS hash
FROM bare_value b,
     LATERAL (SELECT customer_activity(c, d) AS a
              FROM crowd
              WHERE c < CASE b.source WHEN 'one part' THEN 300 WHEN 'events' THEN 2 ELSE 9223372036854775807 END
			OR b.source = 'crowd') r, LATERAL (SELECT rollup(x) AS rolled FROM (VALUES (b.a), (b.a)) v(x)) l;

--
-- Rows of a few customers in no order, more than wait at once
--
SELECT k, active_days(a),
       active_days(a) = (SELECT count(DISTINCT (i % k, dice(i, 73, 12000))) FROM generate_series(1, 60000) i) AS right,
       a = (SELECT customer_activity(c, d)
            FROM (SELECT DISTINCT i % k AS c, date '1990-01-01' + dice(i, 73, 12000) AS d
                  FROM generate_series(1, 60000) i ORDER BY 1, 2) x) AS same
FROM unnest(ARRAY[1, 2, 10, 1000]) k,
     LATERAL (SELECT customer_activity(i % k, date '1990-01-01' + dice(i, 73, 12000)) AS a
              FROM generate_series(1, 60000) i) y;
-- every day that 16 bits can tell, in one go and day by day
SELECT active_days(a) AS days, activity_span(a), a = b AS same
FROM (SELECT customer_activity(1, d) AS a
      FROM generate_series(date '1950-01-01', date '2140-01-01', interval '1 day') d) x,
	 (SELECT customer_activity(1, d) AS b
	  FROM (SELECT d
	        FROM generate_series(date '1950-01-01', date '2140-01-01', interval '1 day') d
	        ORDER BY dice(d::date - date '2000-01-01', 74, 1000000000)) s) y;
-- days at both ends of what 16 bits can tell from the base, and beyond, in any order
WITH days AS (
	SELECT c, date '2000-01-01' - 32768 + d AS d FROM generate_series(1, 3) c, generate_series(-2, 65537) d
	WHERE c = 1 OR (c = 2 AND d % 3 = 0) OR (c = 3 AND d > 65533))
SELECT count(DISTINCT x::text), bool_and(active_days(x) = (SELECT count(*) FROM days)) AS all_days,
       min(lower(activity_span(x))) AS first, max(upper(activity_span(x))) AS last
FROM (SELECT customer_activity(c, d ORDER BY d) FROM days
      UNION ALL SELECT customer_activity(c, d ORDER BY d DESC) FROM days
      UNION ALL SELECT customer_activity(c, d ORDER BY abs(d - date '2000-01-01'), d) FROM days
      UNION ALL SELECT rollup(x) FROM (SELECT customer_activity(c, d) AS x FROM days GROUP BY c) y) z(x);

DROP SCHEMA activity_parts_test CASCADE;

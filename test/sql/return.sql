--
-- return: return_table and return_curve, who comes back with another event
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 0;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA return_test;
SELECT set_config('search_path', 'return_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- The example of the documentation
--
CREATE TABLE ev (kind text, c text, d date);
INSERT INTO ev VALUES ('start', 'a', '2024-01-31'), ('start', 'b', '2024-01-10'), ('start', 'b', '2024-03-05'),
	('start', 'c', '2024-02-05'), ('start', 'd', '2024-03-02'),
	('return', 'a', '2024-01-30'), ('return', 'a', '2024-01-31'), ('return', 'a', '2024-03-01'),
	('return', 'b', '2024-02-01'), ('return', 'b', '2024-02-20'), ('return', 'c', '2024-02-04'),
	('return', 'c', '2024-04-02'), ('return', 'e', '2024-02-01');
CREATE TABLE value AS SELECT customer_activity(c, d) FILTER (WHERE kind = 'start') AS s,
	customer_activity(c, d) FILTER (WHERE kind = 'return') AS r FROM ev;
SELECT t.* FROM value, return_table(s, r, '1 month', '2024-04-15') t;
SELECT t.cohort, t.age, t.customers, t.retained, t.complete
FROM value, return_table(s, r, as_of => '2024-04-15', clock => 'elapsed') t;
SELECT t.* FROM value, return_curve(s, r, '1 month', '2024-04-15') t;
-- by default as_of is the day after the last day of both
SELECT (array_agg(t))[1:2] = (SELECT (array_agg(x))[1:2] FROM return_table(s, r, as_of => '2024-04-03') x) AS first,
       count(*) = (SELECT count(*) FROM return_table(s, r, as_of => '2024-04-03')) AS same
FROM value, return_table(s, r) t GROUP BY s, r;
-- nobody comes back; nobody starts
SELECT t.cohort, t.age, t.customers, t.retained, t.retention_rate
FROM value, return_table(s, NULL, as_of => '2024-04-15') t WHERE age < 2;
SELECT count(*) FROM value, return_table(NULL, r, as_of => '2024-04-15');
SELECT count(*) FROM value, return_curve(NULL, r);

--
-- Random events: an activity against itself is cohort_table, in each mode, on each
-- clock; two against plain SQL
--
CREATE TABLE facts AS
	SELECT dice(i, 1, 3) AS kind, 1 + dice(i, 2, 300) AS c, date '2023-01-01' + dice(i, 3, 400) AS d
	FROM generate_series(1, 4000) i;
CREATE TABLE two AS SELECT customer_activity(c, d) FILTER (WHERE kind = 0) AS s,
	customer_activity(c, d) FILTER (WHERE kind > 0) AS r, customer_activity(c, d) AS whole FROM facts;
CREATE TABLE options AS
	SELECT period::interval, as_of::timestamptz, mode, clock, horizon
	FROM unnest(ARRAY['1 month', '7 days', '1 year']) period, unnest(ARRAY['2024-01-15', '2023-08-01', NULL]) as_of,
	     unnest(ARRAY['on', 'on_or_after', 'every']) mode, unnest(ARRAY['calendar', 'elapsed']) clock,
	     unnest(ARRAY[NULL, 3, 0]) horizon;
SELECT count(*) > 10000 AS cells, count(DISTINCT o) AS ways, bool_and(a IS NOT DISTINCT FROM b) AS same
FROM (SELECT o, row_number() OVER (PARTITION BY o) AS n, a FROM two, options o, LATERAL return_table(s, s, o.period,
      o.as_of, o.mode, o.clock, o.horizon) a) x
FULL JOIN (SELECT o, row_number() OVER (PARTITION BY o) AS n, b FROM two, options o, LATERAL cohort_table(s, o.period,
      o.as_of, o.mode, o.clock, o.horizon) b) y USING (o, n);
SELECT count(*) > 500 AS ages, bool_and(a IS NOT DISTINCT FROM b) AS same
FROM (SELECT o, row_number() OVER (PARTITION BY o) AS n, a FROM two, options o, LATERAL return_curve(s, s, o.period,
      o.as_of, o.mode, o.clock, o.horizon) a) x
FULL JOIN (SELECT o, row_number() OVER (PARTITION BY o) AS n, b FROM two, options o, LATERAL
      retention_curve(s, o.period,
      o.as_of, o.mode, o.clock, o.horizon) b) y USING (o, n);
-- returns that hold all days from the start on are those of everybody's own
SELECT bool_and(a IS NOT DISTINCT FROM b) AS same FROM two,
       LATERAL (SELECT array_agg(t) AS a FROM return_table(whole, whole, '7 days', '2024-01-15') t) x,
       LATERAL (SELECT array_agg(t) AS b FROM cohort_table(whole, '7 days', '2024-01-15') t) y;
-- plain SQL: the mode on, by months
WITH first AS (SELECT c, min(d) AS d FROM facts WHERE kind = 0 GROUP BY c),
cell AS (
	SELECT date_trunc('month', f.d)::date AS cohort, m AS age, count(*) AS customers,
	       count(*) FILTER (WHERE EXISTS (SELECT FROM facts x WHERE x.c = f.c AND x.kind > 0 AND x.d >= f.d
	               AND date_trunc('month', x.d) = date_trunc('month', f.d) + m * interval '1 month')) AS retained
	FROM first f, generate_series(0, 20) m
	WHERE date_trunc('month', f.d) + m * interval '1 month' <= '2024-01-14' AND f.d < '2024-02-01'
	GROUP BY 1, 2)
SELECT count(*), bool_and((a.customers, a.retained) = (b.customers, b.retained)) AS same
FROM (SELECT t.* FROM two, return_table(s, r, '1 month', '2024-01-15') t) a FULL JOIN cell b USING (cohort, age);
-- the clock elapsed: windows from the day of the start
WITH first AS (SELECT c, min(d) AS d FROM facts WHERE kind = 0 GROUP BY c),
cell AS (
	SELECT date_trunc('month', f.d)::date AS cohort, k AS age, count(*) AS customers,
	       count(*) FILTER (WHERE EXISTS (SELECT FROM facts x WHERE x.c = f.c AND x.kind > 0
	               AND x.d >= f.d + 30 * k AND x.d < f.d + 30 * (k + 1))) AS retained
	FROM first f, generate_series(0, 12) k
	WHERE f.d + 30 * (k + 1) <= '2024-01-15' GROUP BY 1, 2)
SELECT count(*), bool_and((a.customers, a.retained) = (b.customers, b.retained)) AS same
FROM (SELECT age, sum(customers) AS customers, sum(retained) AS retained
      FROM two, return_table(s, r, '30 days', '2024-01-15', clock => 'elapsed') t GROUP BY age) a
FULL JOIN (SELECT age, sum(customers) AS customers, sum(retained) AS retained FROM cell GROUP BY age) b USING (age)
WHERE coalesce(a.customers, 0) > 0 OR coalesce(b.customers, 0) > 0;

--
-- Small and large values, just built or stored, in any combination
--
CREATE TABLE crowd AS SELECT hashint8(i % 50000) % 60000 AS c, date '2024-01-01' + dice(i, 5, 90) AS d, i % 2 AS kind
	FROM generate_series(1, 120000) i;
CREATE TABLE kept AS SELECT customer_activity(c, d) FILTER (WHERE kind = 0) AS s,
	customer_activity(c, d) FILTER (WHERE kind = 1) AS r,
	customer_activity(c, d) FILTER (WHERE kind = 1 AND c BETWEEN 0 AND 100) AS few FROM crowd;
CREATE FUNCTION digest(s customer_activity, r customer_activity) RETURNS text LANGUAGE sql STABLE
RETURN (SELECT md5(string_agg(t::text, ',' ORDER BY cohort, age)) FROM return_table(s, r, '7 days', '2024-04-15') t);
SELECT count(DISTINCT d) AS results, count(*) AS ways FROM (
	SELECT digest(s, r) FROM kept UNION ALL
	SELECT digest(customer_activity(c, d) FILTER (WHERE kind = 0), customer_activity(c, d) FILTER (WHERE kind = 1))
	FROM crowd UNION ALL
	SELECT digest((SELECT s FROM kept), customer_activity(c, d)) FROM crowd WHERE kind = 1 UNION ALL
	SELECT digest(customer_activity(c, d), (SELECT r FROM kept)) FROM crowd WHERE kind = 0) x(d);
SELECT count(DISTINCT d) AS results, count(*) AS ways FROM (
	SELECT digest(s, few) FROM kept UNION ALL
	SELECT digest(customer_activity(c, d) FILTER (WHERE kind = 0),
	              customer_activity(c, d) FILTER (WHERE kind = 1 AND c BETWEEN 0 AND 100)) FROM crowd) x(d);
SELECT sum(retained) AS retained, (SELECT sum(retained) FROM return_table(s, few)) <= sum(retained) AS fewer
FROM kept, return_table(s, r) WHERE age = 0 GROUP BY s, few;

--
-- Errors
--
SELECT q, outcome('SELECT count(*) FROM value, ' || q) FROM unnest(ARRAY[
	'return_table(s, r, NULL)', 'return_table(s, r, ''1 hour'')', 'return_table(s, r, mode => ''off'')',
	'return_table(s, r, clock => NULL)', 'return_table(s, r, horizon => -1)', 'return_table(s, r, confidence => 1)',
	'return_table(NULL, r, ''0 days'')', 'return_curve(s, r, as_of => ''infinity'')',
	'return_curve(s, r, origin => NULL)', 'return_curve(s, r, since => ''-infinity'')']) q;
DROP SCHEMA return_test CASCADE;

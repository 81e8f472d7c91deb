--
-- activity: the type customer_activity: built, merged, compared, stored
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA activity_test;
SELECT set_config('search_path', 'activity_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- Building
--
CREATE TABLE example (customer text, at timestamp);
INSERT INTO example VALUES
	('a', '2024-01-05 10:00'), ('a', '2024-02-03 23:59:59.999999'), ('a', '2024-02-03 00:00'),
	('a', '2024-01-05 10:00'),
	('b', '2023-12-31 23:59:59'), ('c', '2024-02-29'), (NULL, '2024-01-01'), ('d', NULL), (NULL, NULL),
	(NULL, 'infinity');
SELECT customers(a), active_days(a), activity_span(a), pg_typeof(a)
FROM (SELECT customer_activity(customer, at) AS a FROM example) x;
SELECT customers(a), active_days(a), activity_span(a)
FROM (SELECT customer_activity(customer, at::date) AS a FROM example WHERE customer IS NOT NULL) x;
SELECT customers(a), active_days(a), activity_span(a)
FROM (SELECT customer_activity(customer, at AT TIME ZONE 'UTC') AS a FROM example) x;
-- the three types give one value
SELECT count(DISTINCT a) FROM (
	SELECT customer_activity(customer, at) FROM example UNION ALL
	SELECT customer_activity(customer, at::date) FROM example UNION ALL
	SELECT customer_activity(customer, at AT TIME ZONE 'UTC') FROM example) x(a);
-- nothing, and nothing but ignored rows
SELECT customer_activity(customer, at) IS NULL AS none FROM example WHERE false;
SELECT customer_activity(customer, at) IS NULL AS timestamp, customer_activity(customer, at::date) IS NULL AS date,
	   customer_activity(customer, at AT TIME ZONE 'UTC') IS NULL AS timestamptz
FROM example WHERE customer IS NULL OR at IS NULL;
SELECT customers(a), active_days(a), activity_span(a) FROM (SELECT customer_activity(1, date '2024-02-29') AS a) x;
SELECT customers(NULL::customer_activity) IS NULL AS customers, active_days(NULL) IS NULL AS active_days,
       activity_span(NULL) IS NULL AS activity_span;
-- what was ignored leaves no trace
SELECT customer_activity_send(a) = customer_activity_send(b) AS same
FROM (SELECT customer_activity(customer, at) AS a FROM example) x,
	 (SELECT customer_activity(customer, at) AS b FROM example WHERE customer IS NOT NULL AND at IS NOT NULL) y;

-- never: infinity
SELECT customer_activity(1, date 'infinity');
SELECT customer_activity(1, date '-infinity');
SELECT customer_activity(1, timestamp 'infinity');
SELECT customer_activity(1, timestamp '-infinity');
SELECT customer_activity(1, timestamptz 'infinity');
SELECT customer_activity(1, timestamptz '-infinity');
SELECT customer_activity(c, d) FROM (VALUES (1, date '2024-01-01'), (2, '2024-01-02'), (3, 'infinity')) v(c, d);
SELECT customer_activity(c, d) IS NULL AS ignored FROM (VALUES (NULL::int, date 'infinity')) v(c, d);
-- no other argument
SELECT customer_activity(1, 2);
SELECT customer_activity(1, time '12:00');
SELECT customer_activity(date '2024-01-01', date '2024-01-01');
SELECT customer_activity(1);

-- any kind of customer
CREATE TYPE colour AS ENUM ('red', 'green', 'blue');
SELECT count(*) AS kinds, count(*) FILTER (WHERE customers(a) = 300 AND active_days(a) = 300) AS whole,
       count(DISTINCT a) AS different
FROM (SELECT unnest(ARRAY[customer_activity(i::smallint, d), customer_activity(i, d), customer_activity(i::bigint, d),
                          customer_activity(i::customer_key, d),
						  customer_activity(i::text, d), customer_activity(i::varchar, d),
						  customer_activity(i::char(9), d),
						  customer_activity(md5(i::text)::uuid, d), customer_activity(i::numeric, d),
						  customer_activity(i + 0.00, d),
						  customer_activity(customer_key(ARRAY[i, 0]), d)])
	  FROM (SELECT i, date '2024-01-01' + i % 50 AS d FROM generate_series(1, 300) i) x) y(a);
SELECT customer_activity(i::text, d) = customer_activity(hashtextextended(i::text, 0), d) AS text,
	   customer_activity(md5(i::text)::uuid, d)
	       = customer_activity(uuid_hash_extended(md5(i::text)::uuid, 0), d) AS uuid,
	   customer_activity(i::numeric, d) = customer_activity(hash_numeric_extended(i, 0), d) AS numeric,
	   customer_activity(i, d) = customer_activity(i::bigint, d) AS integer
FROM (SELECT i, date '2024-01-01' + i % 50 AS d FROM generate_series(1, 300) i) x;
SELECT customers(customer_activity(customer_key(c), date '2024-01-01')) AS enum FROM unnest(enum_range(NULL::colour)) c;
SELECT customers(a), active_days(a), a::text::customer_activity = a AS again
FROM (SELECT customer_activity(k, date '2024-01-01' + n) AS a
	  FROM unnest(ARRAY[-9223372036854775808, -9223372036854775807, -1, 0, 1, 9223372036854775806,
	                    9223372036854775807]::bigint[]) k,
	       generate_series(0, 2) n) x;

--
-- Days: the calendar's, whatever the zone, in any order.  The server's own
-- conversion to date is the oracle.
--
CREATE TABLE moment (i bigint, c integer, at timestamptz);
-- every 37 minutes of three years, every 5 minutes around a day that was skipped
INSERT INTO moment SELECT row_number() OVER (), dice(row_number() OVER (), 1, 50), at
FROM (SELECT generate_series(timestamptz '2017-01-01Z', '2020-01-01Z', '37 minutes')
	  UNION ALL SELECT generate_series(timestamptz '2011-12-28Z', '2012-01-02Z', '5 minutes')) g(at);
CREATE FUNCTION zone_check(zone text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	PERFORM set_config('timezone', zone, true);
	SELECT CASE WHEN bool_and(v = oracle) THEN 'right' ELSE 'wrong' END INTO result
	FROM (SELECT customer_activity(c, (at AT TIME ZONE zone)::date) AS oracle FROM moment) o,
		 LATERAL (SELECT customer_activity(c, at) FROM moment UNION ALL
				  SELECT customer_activity(c, at ORDER BY at) FROM moment UNION ALL
				  SELECT customer_activity(c, at ORDER BY at DESC) FROM moment UNION ALL
				  SELECT customer_activity(c, at ORDER BY dice(i, 2, 1000000)) FROM moment UNION ALL
				  SELECT customer_activity(c, at AT TIME ZONE zone ORDER BY dice(i, 3, 1000000)) FROM moment) x(v);
	RETURN result;
END $$;
SELECT zone, zone_check(zone)
FROM unnest(ARRAY['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia',
				  'Pacific/Kiritimati', 'America/St_Johns', 'Asia/Tehran', 'Africa/Casablanca', '<+14:59>-14:59']) zone;
SELECT current_setting('timezone');
-- the value of a zone differs from that of another
SET timezone = 'Asia/Kolkata';
SELECT customer_activity(c, at) = customer_activity(c, at AT TIME ZONE 'UTC') AS same,
       customer_activity(c, at) = customer_activity(c, at AT TIME ZONE 'Asia/Kolkata') AS kolkata
FROM moment;
SET timezone = 'UTC';
-- days of 23, 24 and 25 hours, and one that begins at 01:00
SET timezone = 'Europe/Berlin';
SELECT activity_span(customer_activity(1, at))
FROM (VALUES (timestamptz '2024-03-30 23:00Z'), ('2024-03-31 21:59:59.999999Z')) v(at);
SELECT activity_span(customer_activity(1, at))
FROM (VALUES (timestamptz '2024-03-30 22:59:59.999999Z'), ('2024-03-31 22:00Z')) v(at);
SELECT activity_span(customer_activity(1, at))
FROM (VALUES (timestamptz '2024-10-26 22:00Z'), ('2024-10-27 22:59:59.999999Z')) v(at);
SET timezone = 'America/Sao_Paulo';
SELECT activity_span(customer_activity(1, at)) FROM (VALUES (timestamptz '2018-11-04 02:59:59.999999Z')) v(at);
SELECT activity_span(customer_activity(1, at))
FROM (VALUES (timestamptz '2018-11-04 03:00Z'), ('2018-11-05 01:59:59.999999Z')) v(at);
SET timezone = 'UTC';

-- before Christ, the far future, and years between two rows
SELECT at, customer_activity(1, at) = customer_activity(1, at::date) AS timestamp,
	   customer_activity(1, at AT TIME ZONE 'UTC') = customer_activity(1, at::date) AS timestamptz,
	   lower(activity_span(customer_activity(1, at))) = at::date AS first
FROM unnest(ARRAY['4714-11-24 00:00 BC', '4714-11-24 23:59:59.999999 BC', '0001-12-31 23:59:59.999999 BC',
                  '0001-01-01 00:00', '1582-10-15',
				  '1969-12-31 23:59:59.999999', '1999-12-31 23:59:59.999999', '2000-01-01 00:00', '2000-02-29',
				  '1900-03-01', '2100-02-28 23:59:59.999999',
				  '294276-12-31 00:00', '294276-12-31 23:59:59.999999']::timestamp[]) at GROUP BY at ORDER BY at;
SELECT d, active_days(a), lower(activity_span(a)) = d AS first, a::text::customer_activity = a AS again
FROM (SELECT d, customer_activity(1, d) AS a
      FROM unnest(ARRAY['4714-11-24 BC', '0001-01-01 BC', '0001-01-01', '294276-12-31', '294277-01-01',
                        '5874897-12-30']::date[]) d
      GROUP BY d) x
ORDER BY d;
SELECT active_days(a), a::text::customer_activity = a AS again
FROM (SELECT customer_activity(1, date '5874897-12-31') AS a) x;
CREATE TABLE far AS
	SELECT i, i % 7 AS c, timestamp '4714-11-24 BC' + dice(i, 4, 100000000) * interval '25 hours' AS at
	FROM generate_series(1, 500) i
	UNION ALL VALUES (501, 7, timestamp '4714-11-24 BC'), (502, 8, timestamp '294276-12-31 12:00');
SELECT customers(a), active_days(a), activity_span(a), a = shuffled AS shuffled, a = dates AS dates, a = zoned AS zoned
FROM (SELECT customer_activity(c, at) AS a, customer_activity(c, at ORDER BY at) AS shuffled,
             customer_activity(c, at::date) AS dates,
			 customer_activity(c, at AT TIME ZONE 'UTC') AS zoned FROM far) x;

--
-- Canonical: the same content is the same bytes, however it came together.
-- 500 customers, most with few days, some with hundreds.
--
CREATE TABLE event (i bigint, c bigint, d date, g integer);
INSERT INTO event
	SELECT i, c, date '2023-07-01' + dice(i, 6, 3 + c * c / 300), dice(i, 7, 5)
	FROM (SELECT i, dice(i, 5, 500) AS c FROM generate_series(1, 12000) i) x;
INSERT INTO event SELECT 12000 + i, NULL, date '2023-07-01', 1 FROM generate_series(1, 10) i;
CREATE INDEX ON event (i);
ANALYZE event;
CREATE TABLE whole AS SELECT customer_activity(c, d) AS a FROM event;
SELECT customers(a) = (SELECT count(DISTINCT c) FROM event) AS customers,
	   active_days(a) = (SELECT count(*) FROM (SELECT DISTINCT c, d FROM event WHERE c IS NOT NULL) x) AS active_days,
	   activity_span(a) = (SELECT daterange(min(d), max(d) + 1) FROM event) AS activity_span
FROM whole;
-- any content, in any order: bytes by bytes
CREATE TABLE way (name text, a customer_activity);
INSERT INTO way SELECT 'as it is', customer_activity(c, d) FROM event;
INSERT INTO way SELECT 'by customer', customer_activity(c, d ORDER BY c + 0, d) FROM event;
INSERT INTO way SELECT 'by customer, backwards', customer_activity(c, d ORDER BY c + 0 DESC, d DESC) FROM event;
INSERT INTO way SELECT 'by day', customer_activity(c, d ORDER BY d, c + 0) FROM event;
INSERT INTO way SELECT 'by day, backwards', customer_activity(c, d ORDER BY d DESC, c + 0) FROM event;
INSERT INTO way
	SELECT 'shuffled ' || k, (SELECT customer_activity(c, d ORDER BY dice(i, k, 1000000000)) FROM event)
	FROM generate_series(100, 104) k;
INSERT INTO way SELECT 'distinct', customer_activity(c, d) FROM (SELECT DISTINCT c, d FROM event) x;
INSERT INTO way
	SELECT 'twice', customer_activity(c, d)
	FROM (SELECT c, d FROM event UNION ALL SELECT c, d FROM event) x;
INSERT INTO way
	SELECT 'with NULLs between', customer_activity(c, d)
	FROM (SELECT c, CASE k WHEN 1 THEN d END FROM event, generate_series(0, 1) k) x(c, d);
INSERT INTO way SELECT 'timestamps', customer_activity(c, d + dice(i, 8, 86400) * interval '1 second') FROM event;
-- the order of the rows means nothing
SELECT customer_activity(c, d ORDER BY c) = customer_activity(c, d) AS same FROM event;
-- any split
INSERT INTO way
	SELECT 'parts: ' || n, rollup(a)
	FROM (SELECT n, customer_activity(c, d) AS a
	      FROM event, unnest(ARRAY[1, 2, 3, 10, 100, 3000, 20000]) n GROUP BY n, i % n) x
	GROUP BY n;
INSERT INTO way SELECT 'parts by day', rollup(a) FROM (SELECT customer_activity(c, d) AS a FROM event GROUP BY d) x;
INSERT INTO way
	SELECT 'parts by customer', rollup(a)
	FROM (SELECT customer_activity(c, d) AS a FROM event GROUP BY c) x;
INSERT INTO way
	SELECT 'parts by customer, shuffled', rollup(a ORDER BY dice(c, 9, 1000))
	FROM (SELECT c, customer_activity(c, d) AS a FROM event GROUP BY c) x;
INSERT INTO way
	SELECT 'parts by customer and day', rollup(a)
	FROM (SELECT customer_activity(c, d) AS a FROM event GROUP BY c, d) x;
INSERT INTO way
	SELECT 'large, then small', rollup(a ORDER BY small)
	FROM (SELECT i < 30 AS small, customer_activity(c, d) AS a FROM event GROUP BY i < 30) x;
INSERT INTO way
	SELECT 'small, then large', rollup(a ORDER BY small DESC)
	FROM (SELECT i < 30 AS small, customer_activity(c, d) AS a FROM event GROUP BY i < 30) x;
INSERT INTO way
	SELECT 'overlapping parts', rollup(a)
	FROM (SELECT customer_activity(c, d) AS a
	      FROM event, generate_series(0, 4) k WHERE g IN (k, (k + 1) % 5, (k + 3) % 5) GROUP BY k) x;
INSERT INTO way
	SELECT 'a part of the whole', rollup(a)
	FROM (SELECT a FROM whole UNION ALL SELECT customer_activity(c, d) FROM event WHERE g = 3) x;
INSERT INTO way SELECT 'with itself', rollup(a) FROM (SELECT a FROM whole, generate_series(1, 5)) x;
INSERT INTO way SELECT 'alone', rollup(a) FROM whole;
INSERT INTO way
	SELECT 'with NULLs', rollup(a)
	FROM (SELECT NULL::customer_activity UNION ALL SELECT a FROM whole UNION ALL SELECT NULL) x(a);
INSERT INTO way
	SELECT 'rollups', rollup(a)
	FROM (SELECT rollup(a) AS a
	      FROM (SELECT i % 70 AS k, customer_activity(c, d) AS a FROM event GROUP BY i % 70) x GROUP BY k % 7) y;
INSERT INTO way SELECT 'as text', a::text::customer_activity FROM whole;
SELECT name, customer_activity_send(way.a) = customer_activity_send(whole.a) AS same_bytes, way.a = whole.a AS equal
FROM way, whole ORDER BY name COLLATE "C";
-- one more day, or one less, is another value
SELECT count(*) AS values, count(DISTINCT a) AS different, count(*) FILTER (WHERE a = (SELECT a FROM whole)) AS same
FROM (SELECT rollup(a) AS a FROM (SELECT k, a FROM whole, generate_series(1, 20) k
								  UNION ALL SELECT k, customer_activity(dice(k, 10, 500), date '2026-01-01' + k::int)
								  FROM generate_series(1, 20) k GROUP BY k) x GROUP BY k) y;

-- rollup of nothing
SELECT rollup(a) IS NULL AS none FROM whole WHERE false;
SELECT rollup(NULL::customer_activity) IS NULL AS nulls FROM generate_series(1, 3);
-- what a rollup reads, it leaves as it was
CREATE TABLE kept AS
	SELECT g, customer_activity(c, d) AS a, customer_activity_send(customer_activity(c, d)) AS bytes
	FROM event GROUP BY g;
SELECT customer_activity_send(rollup(a)) = (SELECT customer_activity_send(a) FROM whole) AS whole FROM kept;
SELECT count(*) AS rows, count(*) FILTER (WHERE customer_activity_send(a) = bytes) AS kept FROM kept;
-- variables of PL/pgSQL hold it expanded
DO $$
DECLARE
	a customer_activity;
	b customer_activity;
	c customer_activity;
	before bytea;
BEGIN
	SELECT customer_activity(e.c, d) INTO a FROM event e WHERE g < 3;
	before := customer_activity_send(a);
	SELECT customer_activity(e.c, d) INTO b FROM event e WHERE g >= 3;
	SELECT rollup(x) INTO c FROM (VALUES (a), (b), (a)) v(x);
	ASSERT c = (SELECT w.a FROM whole w), 'union';
	ASSERT customer_activity_send(a) = before, 'first operand kept';
	b := a;
	SELECT rollup(x) INTO b FROM (SELECT b UNION ALL SELECT c) v(x);
	ASSERT b = c AND a <> c AND customer_activity_send(a) = before, 'assignment copies';
	FOR i IN 1 .. 20 LOOP
		SELECT rollup(x) INTO a FROM (VALUES (a), (c)) v(x);
	END LOOP;
	ASSERT a = c AND customers(a) = customers(c), 'again and again';
END $$;

--
-- Comparison: a total order whose equality is that of the bytes
--
CREATE TABLE several AS
	SELECT row_number() OVER () AS i, a FROM (
		SELECT customer_activity(c, d) AS a FROM event WHERE c < 20 GROUP BY c
		UNION ALL SELECT customer_activity(c, d) FROM event WHERE i <= 600 GROUP BY i / 20
		UNION ALL SELECT customer_activity(c, d) FROM event GROUP BY g
		UNION ALL SELECT customer_activity(c, d) FROM event WHERE c < 10 GROUP BY c) x;
SELECT count(*) AS pairs,
       count(*) FILTER (WHERE (x.a = y.a) = (customer_activity_send(x.a) = customer_activity_send(y.a))) AS equality,
	   count(*) FILTER (WHERE (x.a <> y.a) = NOT (x.a = y.a)) AS inequality,
	   count(*) FILTER (WHERE (x.a < y.a)::int + (x.a = y.a)::int + (x.a > y.a)::int = 1) AS trichotomy,
	   count(*) FILTER (WHERE (x.a < y.a) = (y.a > x.a)) AS converse,
	   count(*) FILTER (WHERE (x.a <= y.a) = (x.a < y.a OR x.a = y.a)
	                      AND (x.a >= y.a) = (x.a > y.a OR x.a = y.a)) AS with_equality
FROM several x, several y;
SELECT count(*) FILTER (WHERE x.a < y.a AND y.a < z.a AND NOT x.a < z.a) AS intransitive
FROM several x, several y, several z WHERE x.i < 30 AND y.i < 30 AND z.i < 30;
SELECT bool_and(previous < a OR previous = a) AS sorted
FROM (SELECT a, lag(a) OVER (ORDER BY a) AS previous FROM several) x WHERE previous IS NOT NULL;
SELECT bool_and(previous > a OR previous = a) AS sorted
FROM (SELECT a, lag(a) OVER (ORDER BY a DESC) AS previous FROM several) x WHERE previous IS NOT NULL;
SELECT count(DISTINCT a) = count(DISTINCT customer_activity_send(a)) AS distinct_values FROM several;
-- hashing
SET enable_sort = off;
SELECT plan_has('SELECT a FROM several GROUP BY a', 'HashAggregate') AS hashed;
SELECT count(*) = (SELECT count(DISTINCT customer_activity_send(a)) FROM several) AS grouped
FROM (SELECT a FROM several GROUP BY a) x;
SELECT count(*) = (SELECT count(DISTINCT customer_activity_send(a)) FROM several) AS united
FROM (SELECT a FROM several UNION SELECT a FROM several) x;
SELECT count(*) AS excepted FROM (SELECT a FROM several EXCEPT SELECT a FROM several) x;
SELECT plan_has('SELECT FROM several x JOIN several y USING (a)', 'Hash Join') AS hash_join;
SELECT count(*) = (SELECT count(*)
                   FROM several x JOIN several y ON customer_activity_send(x.a) = customer_activity_send(y.a)) AS joined
FROM several x JOIN several y USING (a);
RESET enable_sort;
-- sorting
SET enable_hashagg = off;
SET enable_hashjoin = off;
SET enable_nestloop = off;
SELECT count(*) = (SELECT count(DISTINCT customer_activity_send(a)) FROM several) AS grouped
FROM (SELECT a FROM several GROUP BY a) x;
SELECT plan_has('SELECT FROM several x JOIN several y USING (a)', 'Merge Join') AS merge_join;
SELECT count(*) = (SELECT count(*)
                   FROM several x JOIN several y ON customer_activity_send(x.a) = customer_activity_send(y.a)) AS joined
FROM several x JOIN several y USING (a);
RESET enable_hashagg;
RESET enable_hashjoin;
RESET enable_nestloop;
-- indexes
CREATE TABLE small AS SELECT i, a FROM several WHERE length(customer_activity_send(a)) < 1000;
CREATE INDEX small_btree ON small (a);
CREATE INDEX small_hash ON small USING hash (a);
SET enable_seqscan = off;
SET enable_bitmapscan = off;
SELECT plan_has(format('SELECT FROM small WHERE a = %L', a), 'small_') AS by_index FROM small WHERE i = 1;
SELECT count(*) > 50 AS rows, count(*) FILTER (WHERE n = m) = count(*) AS found
FROM small s, LATERAL (SELECT count(*) AS n FROM small x WHERE x.a = s.a) x,
     LATERAL (SELECT count(*) AS m FROM small x WHERE customer_activity_send(x.a) = customer_activity_send(s.a)) y;
SELECT bool_and(n = m) AS ranges
FROM small s, LATERAL (SELECT count(*) AS n FROM small x WHERE x.a < s.a) x,
     LATERAL (SELECT count(*) FILTER (WHERE x.a < s.a) AS m FROM (SELECT a FROM small OFFSET 0) x) y;
DROP INDEX small_btree;
SELECT plan_has(format('SELECT FROM small WHERE a = %L', a), 'small_hash') AS by_hash FROM small WHERE i = 1;
SELECT bool_and(n = m) AS found
FROM small s, LATERAL (SELECT count(*) AS n FROM small x WHERE x.a = s.a) x,
     LATERAL (SELECT count(*) AS m FROM small x WHERE customer_activity_send(x.a) = customer_activity_send(s.a)) y;
RESET enable_seqscan;
RESET enable_bitmapscan;
CREATE UNIQUE INDEX small_unique ON small (a, i);
INSERT INTO small SELECT * FROM small WHERE i = 1;
-- the same bytes, whether stored short, long, compressed or out of line
CREATE TABLE stored (way text, a customer_activity);
ALTER TABLE stored ALTER a SET STORAGE external;
INSERT INTO stored SELECT 'out of line', a FROM several;
ALTER TABLE stored ALTER a SET STORAGE main;
INSERT INTO stored SELECT 'compressed', a FROM several;
ALTER TABLE stored ALTER a SET STORAGE plain;
INSERT INTO stored SELECT 'plain', a FROM several WHERE length(customer_activity_send(a)) < 1000;
SELECT way, count(*) = count(*) FILTER (WHERE n > 0) AS found
FROM stored s,
     LATERAL (SELECT count(*) AS n
              FROM several x
              WHERE x.a = s.a AND customers(x.a) = customers(s.a) AND active_days(x.a) = active_days(s.a)
                AND activity_span(x.a) = activity_span(s.a)) x
GROUP BY way ORDER BY way;
SELECT customer_activity_send(rollup(a)) = (SELECT customer_activity_send(rollup(a)) FROM several) AS rolled_up
FROM stored;
SELECT NULL::customer_activity = a AS eq, a < NULL::customer_activity AS lt FROM whole;

--
-- Groups, sets of groups, filters, windows
--
SELECT count(*) AS groups,
       count(*) FILTER (WHERE customers(a) = c AND active_days(a) = n AND activity_span(a) = s) AS right
FROM (SELECT g, customer_activity(c, d) AS a, count(DISTINCT c) AS c,
             count(DISTINCT (c, d)) FILTER (WHERE c IS NOT NULL) AS n, daterange(min(d), max(d) + 1) AS s
	  FROM event GROUP BY GROUPING SETS ((g, c % 3), (g), (c % 3), ())) x WHERE c > 0;
SELECT count(*) AS sets, count(*) FILTER (WHERE x.a = y.a) AS same
FROM (SELECT g, c % 3 AS m, customer_activity(c, d) AS a FROM event WHERE c IS NOT NULL GROUP BY CUBE (g, c % 3)) x,
	 LATERAL (SELECT customer_activity(e.c, e.d) AS a
	          FROM event e WHERE (x.g IS NULL OR e.g = x.g) AND (x.m IS NULL OR e.c % 3 = x.m)) y;
SELECT customer_activity(c, d) FILTER (WHERE g = 2)
           = (SELECT customer_activity(c, d) FROM event WHERE g = 2) AS filtered,
	   customer_activity(c, d) FILTER (WHERE g > 99) IS NULL AS nobody,
	   customers(customer_activity(c, d)) = count(DISTINCT c) AS beside_another FROM event;
-- one state, read by several functions
SELECT customers(customer_activity(c, d)) = count(DISTINCT c) AS customers,
       active_days(customer_activity(c, d)) = count(DISTINCT (c, d)) AS active_days,
	   customer_activity(c, d) = customer_activity(c, d) AS equal,
	   (SELECT sum(active) FROM lifecycle_table(customer_activity(c, d), '1 year')) AS active_years
FROM event WHERE c < 30 AND d < '2024-01-01' AND i < 4000;
SELECT bool_and(x.a = x.b AND x.b = y.a) AS same
FROM (SELECT g, customer_activity(c, d) AS a, rollup(one) AS b
      FROM (SELECT i, g, c, d, customer_activity(c, d) OVER (PARTITION BY i) AS one FROM event) e GROUP BY g) x
JOIN kept y USING (g);
-- a growing frame: each row keeps its own value
SELECT count(*) AS rows, count(*) FILTER (WHERE a IS NOT DISTINCT FROM oracle) AS right,
       count(DISTINCT a) > 200 AS different
FROM (SELECT i, customer_activity(c, d) OVER (ORDER BY i) AS a FROM event WHERE i <= 300) w,
	 LATERAL (SELECT customer_activity(c, d) AS oracle FROM event e WHERE e.i <= w.i) o;
SELECT count(*) AS rows, count(*) FILTER (WHERE customers(a) = customers AND active_days(a) = days) AS right
FROM (SELECT i, customer_activity(c, d) OVER (PARTITION BY g ORDER BY i) AS a, g FROM event WHERE i <= 1000) w,
	 LATERAL (SELECT count(DISTINCT c) AS customers, count(DISTINCT (c, d)) AS days
	          FROM event e WHERE e.g = w.g AND e.i <= w.i) o;
-- moving frames
CREATE FUNCTION frame_check(frame text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format($q$
		SELECT CASE WHEN bool_and(a IS NOT DISTINCT FROM (SELECT customer_activity(e.c, e.d)
		                                                  FROM event e WHERE e.i = ANY (members)))
		            THEN 'right' ELSE 'wrong' END
		FROM (SELECT customer_activity(c, d) OVER w AS a, array_agg(i) OVER w AS members
		      FROM event WHERE i <= 150 WINDOW w AS (%s)) x$q$, frame) INTO result;
	RETURN result;
END $$;
SELECT frame, frame_check(frame) FROM unnest(ARRAY[
	'ORDER BY i ROWS BETWEEN 20 PRECEDING AND CURRENT ROW', 'ORDER BY i ROWS BETWEEN 3 FOLLOWING AND 30 FOLLOWING',
	'ORDER BY i DESC ROWS UNBOUNDED PRECEDING',
	'ORDER BY d RANGE BETWEEN ''10 days'' PRECEDING AND CURRENT ROW',
	'PARTITION BY g ORDER BY d GROUPS BETWEEN 2 PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW',
	'ORDER BY i ROWS BETWEEN 5 PRECEDING AND 5 FOLLOWING EXCLUDE GROUP', 'PARTITION BY c']) frame;
SELECT count(*) AS rows,
       count(*) FILTER (WHERE a = (SELECT customer_activity(c, d) FROM event e WHERE e.d <= w.d AND i <= 2000)) AS right
FROM (SELECT d, rollup(a) OVER (ORDER BY d) AS a
      FROM (SELECT d, customer_activity(c, d) AS a FROM event WHERE i <= 2000 GROUP BY d) x) w;

--
-- Parallel plans, partitions, small memory: the bytes of the serial plan
--
CREATE TABLE part (LIKE event) PARTITION BY LIST (g);
CREATE TABLE part_0 PARTITION OF part FOR VALUES IN (0);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1, 2);
CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (3, 4);
CREATE TABLE part_3 PARTITION OF part FOR VALUES IN (5);
INSERT INTO part SELECT * FROM event;
CREATE TABLE daily AS SELECT d, customer_activity(c, d) AS a FROM event GROUP BY d;
ALTER TABLE event SET (parallel_workers = 2);
ALTER TABLE daily SET (parallel_workers = 2);
ANALYZE part, daily;
SELECT parallel_check('SELECT customer_activity_send(customer_activity(c, d)) FROM event');
SELECT parallel_check('SELECT customer_activity(c, d) FROM event');
SELECT parallel_check('SELECT g, customer_activity_send(customer_activity(c, d)) FROM event GROUP BY g');
SELECT parallel_check('SELECT c % 100, customer_activity_send(customer_activity(c, d)) FROM event GROUP BY 1');
SELECT parallel_check('SELECT customer_activity(c, d) FROM event WHERE coalesce(c, 0) = 7');
SELECT parallel_check('SELECT customer_activity(c, d) FROM event WHERE coalesce(c, -1) < 0');
SELECT parallel_check('SELECT customer_activity(c, d) FROM event WHERE i + 0 < 0');
SELECT parallel_check('SELECT customer_activity_send(rollup(a)) FROM daily');
SELECT parallel_check('SELECT d > ''2024-01-01'', customer_activity_send(rollup(a)) FROM daily GROUP BY 1');
SELECT parallel_check('SELECT customer_activity_send(customer_activity(c, d)) FROM part');
SELECT parallel_check('SELECT * FROM cohort_table((SELECT customer_activity(c, d) FROM event))');
SELECT customer_activity_send(rollup(a)) = (SELECT customer_activity_send(a) FROM whole) AS daily FROM daily;
-- workers read the stored value
SELECT parallel_check('SELECT count(*) AS n, sum(customers(a)) AS customers, sum(active_days(a)) AS days FROM daily');
-- each partition by itself, then together
SET enable_partitionwise_aggregate = on;
SELECT plan_has('SELECT customer_activity(c, d) FROM part', 'Partial Aggregate') AS partitionwise;
SELECT customer_activity_send(customer_activity(c, d)) = (SELECT customer_activity_send(a) FROM whole) AS same
FROM part;
SELECT count(*) AS groups, count(*) FILTER (WHERE x.a = y.a) AS same
FROM (SELECT c % 10 AS m, customer_activity(c, d) AS a FROM part GROUP BY c % 10) x
JOIN (SELECT c % 10 AS m, customer_activity(c, d) AS a FROM event GROUP BY c % 10) y USING (m);
RESET enable_partitionwise_aggregate;
SET work_mem = '64kB';
SELECT bool_and(x.a = y.a) AS sorted
FROM (SELECT g, customer_activity(c, d) AS a FROM event GROUP BY g) x JOIN kept y USING (g);
SELECT count(*) FILTER (WHERE x.a = y.a) = count(*) AS spilled
FROM (SELECT c, customer_activity(c, d) AS a FROM event GROUP BY c) x
JOIN (SELECT c, customer_activity(c, d ORDER BY d) AS a FROM event GROUP BY c) y USING (c);
SET enable_hashagg = off;
SELECT bool_and(x.a = y.a) AS sorted
FROM (SELECT g, customer_activity(c, d) AS a FROM event GROUP BY g) x JOIN kept y USING (g);
RESET enable_hashagg;
RESET work_mem;
-- everything in a worker; the setting's name depends on the version
SELECT set_config(name, 'on', false) AS forced
FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SET max_parallel_workers_per_gather = 2;
SELECT customer_activity_send(customer_activity(c, d)) = (SELECT customer_activity_send(a) FROM whole) AS same
FROM event;
SELECT customers(a), active_days(a) = (SELECT count(DISTINCT (c, d)) FROM event WHERE c IS NOT NULL) AS days FROM whole;
SELECT count(*) > 100 AS cells FROM whole, cohort_table(a);
SELECT set_config(name, 'off', false) AS forced
FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SET max_parallel_workers_per_gather = 0;

--
-- Many groups, many customers, many days
--
CREATE TABLE many AS
	SELECT i, i % 100000 AS g, dice(i, 11, 9) AS c, date '2024-01-01' + dice(i, 12, 40) AS d
	FROM generate_series(1, 400000) i;
ANALYZE many;
SELECT plan_has('SELECT customer_activity(c, d) FROM many GROUP BY g', 'HashAggregate') AS hashed;
CREATE TABLE group_value AS SELECT g, customer_activity(c, d) AS a FROM many GROUP BY g;
SELECT count(*), sum(customers(a)) = (SELECT count(*) FROM (SELECT DISTINCT g, c FROM many) x) AS customers,
	   sum(active_days(a)) = (SELECT count(*) FROM (SELECT DISTINCT g, c, d FROM many) x) AS active_days
FROM group_value;
SET enable_hashagg = off;
SELECT count(*), sum(customers(a)) = (SELECT sum(customers(a)) FROM group_value) AS customers,
       sum(active_days(a)) = (SELECT sum(active_days(a)) FROM group_value) AS active_days
FROM (SELECT customer_activity(c, d) AS a FROM many GROUP BY g) x;
RESET enable_hashagg;
SELECT rollup(a) = (SELECT customer_activity(c, d) FROM many) AS rolled_up FROM group_value;
-- growing past every size at which the state changes its form
SELECT count(*) AS sizes, count(*) FILTER (WHERE customers(a) = n AND active_days(a) = n AND b = a) AS right
FROM (SELECT n, customer_activity(i * 7919 % 100003, date '2024-01-01' + i % 3) AS a,
             customer_activity(i * 7919 % 100003, date '2024-01-01' + i % 3 ORDER BY i DESC) AS b
	  FROM generate_series(1, 200) n, generate_series(1, n) i GROUP BY n) x;
SELECT count(*) AS sizes, count(*) FILTER (WHERE customers(a) = 1 AND active_days(a) = n AND b = a) AS right
FROM (SELECT n, customer_activity(1, date '2024-01-01' + i * i % 7919) AS a,
             customer_activity(1, date '2024-01-01' + i * i % 7919 ORDER BY i DESC) AS b
	  FROM generate_series(1, 200) n, generate_series(1, n) i GROUP BY n) x;
SELECT count(*) AS sizes, count(*) FILTER (WHERE customers(a) = n AND active_days(a) = n) AS right,
       count(*) FILTER (WHERE a::text::customer_activity = a) AS again
FROM (SELECT n, customer_activity(i, date '2024-01-01' + i % 3) AS a
      FROM unnest(ARRAY[3000, 4096, 5000]) n, generate_series(1, n) i GROUP BY n
	  UNION ALL SELECT n, customer_activity(i, date '2024-01-01' + i % 3)
	  FROM generate_series(49900, 51200, 101) n, generate_series(1, n) i GROUP BY n) x;
SELECT count(*) AS sizes, count(*) FILTER (WHERE customers(a) = n) AS right
FROM (SELECT n, rollup(part) AS a
      FROM (SELECT n, customer_activity(i, date '2024-01-01' + i % 3) AS part
            FROM generate_series(49900, 51200, 101) n, generate_series(1, n) i GROUP BY n, i <= 49800) p
      GROUP BY n) x;
-- one customer, 40,000 days: every day, every other, in any order
SELECT n, customers(a), active_days(a) = n AS days,
       upper(activity_span(a)) - lower(activity_span(a)) = (n - 1) * step + 1 AS span, a = shuffled AS shuffled,
       a = backwards AS backwards, a = halves AS halves, a::text::customer_activity = a AS again
FROM (VALUES (40000, 1), (40000, 2), (40000, 17), (20, 14000), (3, 800000)) v(n, step),
	 LATERAL (SELECT customer_activity(1, date '1000-01-01' + i * step) AS a,
	                 customer_activity(1, date '1000-01-01' + i * step ORDER BY dice(i, 13, 1000000)) AS shuffled,
					 customer_activity(1, date '1000-01-01' + i * step ORDER BY i DESC) AS backwards
              FROM generate_series(0, n - 1) i) x,
	 LATERAL (SELECT rollup(h) AS halves
	          FROM (SELECT customer_activity(1, date '1000-01-01' + i * step) AS h
	                FROM generate_series(0, n - 1) i GROUP BY i % 2) y) z;
-- 100,000 customers, a few of them busy
CREATE TABLE large AS
	SELECT c, date '2022-01-01' + dice(i, 15, 700) AS d
	FROM (SELECT i,
	             CASE WHEN i % 4 = 0 THEN dice(i, 14, 100000) ELSE dice(i, 14, 60) * 4999 END
	                 * CASE WHEN i % 2 = 0 THEN -9223372036854 ELSE 1 END AS c
	      FROM generate_series(1, 200000) i) x
	UNION ALL SELECT i, date '2024-01-01' FROM generate_series(1, 100000) i;
CREATE TABLE large_value AS SELECT customer_activity(c, d) AS a FROM large;
SELECT customers(a) = (SELECT count(DISTINCT c) FROM large) AS customers, customers(a) > 100000 AS many,
	   active_days(a) = (SELECT count(*) FROM (SELECT DISTINCT c, d FROM large) x) AS days,
	   a = (SELECT customer_activity(c, d ORDER BY c + 0, d) FROM large) AS sorted,
	   a = (SELECT customer_activity(c, d ORDER BY d, c + 0 DESC) FROM large) AS by_day,
	   a = (SELECT rollup(b) FROM (SELECT customer_activity(c, d) AS b FROM large GROUP BY d) x) AS daily,
	   a = (SELECT rollup(b) FROM (SELECT customer_activity(c, d) AS b FROM large GROUP BY c % 5) x) AS disjoint,
	   a::text::customer_activity = a AS again
FROM large_value;
-- each day's customers
SELECT count(*) AS days, count(*) FILTER (WHERE n IS DISTINCT FROM active) AS differ
FROM (SELECT d, count(DISTINCT c) AS n FROM large GROUP BY d) x
	FULL JOIN (SELECT t.* FROM large_value, lifecycle_table(a, '1 day') t WHERE active > 0) y ON d = period_start;
SELECT count(*) FILTER (WHERE n IS DISTINCT FROM active) AS differ
FROM (SELECT d, count(DISTINCT c) AS n FROM event WHERE c IS NOT NULL GROUP BY d) x
	FULL JOIN (SELECT t.* FROM whole, lifecycle_table(a, '1 day') t WHERE active > 0) y ON d = period_start;
-- sparse days over two centuries, days far from all others on both sides, beside many customers
CREATE TABLE sparse AS
	SELECT i, c, date '1900-01-01' + dice(i, 16, span) AS d
	FROM (VALUES (1, 60000, 6000), (2, 60000, 300), (3, 30000, 3000), (4, 4000, 3000), (5, 64, 200)) v(c, span, n),
	     generate_series(1, n) i
	UNION ALL SELECT i, 5 + i % 4000, date '1990-01-01' + dice(i, 17, 3000) FROM generate_series(1, 12000) i
	UNION ALL SELECT i, i % 3000, date '0001-01-01' + dice(i, 18, 4000) * 730 FROM generate_series(1, 4000) i
	UNION ALL SELECT i, i % 50 * 7, CASE WHEN i % 2 = 0 THEN date '9999-12-31' ELSE '4713-01-01 BC' END
	FROM generate_series(1, 300) i;
SELECT customers(a) = n AS customers, active_days(a) = days AS days, activity_span(a) = span AS span,
       a = backwards AS backwards, a = shuffled AS shuffled, a::text::customer_activity = a AS again,
	   a = (SELECT rollup(b) FROM (SELECT customer_activity(c, d) AS b FROM sparse GROUP BY i % 30) x) AS parts,
	   a = (SELECT rollup(b) FROM (SELECT customer_activity(c, d) AS b FROM sparse GROUP BY c) x) AS customers
FROM (SELECT customer_activity(c, d) AS a, customer_activity(c, d ORDER BY d DESC) AS backwards,
             customer_activity(c, d ORDER BY dice(i, c, 1000000)) AS shuffled,
			 count(DISTINCT c) AS n, count(DISTINCT (c, d)) AS days, daterange(min(d), max(d) + 1) AS span
      FROM sparse) x;
SELECT count(*) AS years, count(*) FILTER (WHERE n IS DISTINCT FROM active) AS differ
FROM (SELECT make_date(extract(year FROM d)::int, 1, 1) AS y, count(DISTINCT c) AS n FROM sparse GROUP BY 1) x
	FULL JOIN (SELECT t.*
	           FROM (SELECT customer_activity(c, d) AS a FROM sparse) s, lifecycle_table(a, '1 year') t
	           WHERE active > 0) y ON y = period_start;
SELECT count(*) FILTER (WHERE n IS DISTINCT FROM active) AS differ
FROM (SELECT d, count(DISTINCT c) AS n FROM sparse WHERE d BETWEEN '1900-01-01' AND '2100-01-01' GROUP BY 1) x
	FULL JOIN (SELECT t.*
	           FROM (SELECT customer_activity(c, d) AS a FROM sparse WHERE d BETWEEN '1900-01-01' AND '2100-01-01') s,
	                lifecycle_table(a, '1 day') t
	           WHERE active > 0) y ON d = period_start;
-- compact: each customer one day, then many days each
SELECT length(customer_activity_send(customer_activity(i, date '2024-01-01'))) < 100000 * 12 AS one_day
FROM generate_series(1, 100000) i;
SELECT length(customer_activity_send(customer_activity(1, date '2024-01-01' + i))) < 10000 AS dense
FROM generate_series(1, 40000) i;

--
-- Text form: hexadecimal of the binary form, which is the only one of its content
--
SELECT count(*) AS values, count(*) FILTER (WHERE a::text = customer_activity_send(a)::text) AS hexadecimal,
       count(*) FILTER (WHERE a::text::customer_activity = a) AS again,
	   count(*) FILTER (WHERE ('\x' || upper(substr(a::text, 3)))::customer_activity::text = a::text) AS upper_case
FROM several;
-- small values, for every one of which all damage is tried
CREATE TABLE victim AS
	SELECT customer_activity(1, date '2024-01-01') AS a
	UNION ALL SELECT customer_activity(c, d)
	FROM (VALUES (-5, date '2024-01-31'), (-5, '2024-02-01'), (70000, '1999-12-31'), (70000, '2024-05-01')) v(c, d)
	UNION ALL SELECT customer_activity(c, d) FROM event WHERE c IN (400, 401) AND i < 3000
	UNION ALL SELECT customer_activity(i, date '2024-01-01') FROM generate_series(1, 12) i
	UNION ALL SELECT customer_activity(3, date '2024-01-01' + i) FROM generate_series(1, 400) i
	UNION ALL SELECT customer_activity(c, d)
	FROM (VALUES (9223372036854775807, date '4714-11-24 BC'), (-9223372036854775808, '5874897-12-30')) v(c, d);
CREATE FUNCTION judged(text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	a customer_activity;
	twice customer_activity;
BEGIN
	BEGIN
		a := $1::customer_activity;
	EXCEPTION WHEN OTHERS THEN
		RETURN SQLSTATE;
	END;
	IF a::text <> $1 THEN
		RETURN 'written otherwise';
	END IF;
	-- once through the aggregate's own form
	SELECT rollup(x) INTO twice FROM (VALUES (a), (a)) v(x);
	IF customer_activity_send(twice)::text <> $1 OR twice <> a THEN
		RETURN 'another form of ' || twice::text;
	END IF;
	IF active_days(a) < customers(a) OR isempty(activity_span(a)) THEN
		RETURN 'inconsistent';
	END IF;
	RETURN 'accepted';
END $$;
-- every beginning of a value, and every value with something behind it
SELECT judged(left(a::text, 2 + 2 * n)), count(*) > 50 AS many
FROM victim, generate_series(0, length(customer_activity_send(a)) - 1) n GROUP BY 1;
SELECT judged(a::text || more), count(*)
FROM victim, unnest(ARRAY['00', '01', 'ff', '0000000000000000']) more GROUP BY 1;
-- every bit
SELECT judged(set_bit(bytes, n, 1 - get_bit(bytes, n))::text) AS outcome, count(*) > 20 AS many
FROM victim, LATERAL (SELECT customer_activity_send(a) AS bytes) v, generate_series(0, 8 * length(bytes) - 1) n
GROUP BY 1 ORDER BY 1;
-- every byte with other values, gone, doubled, and one put before it
SELECT judged(changed::text) AS outcome, count(*) > 20 AS many
FROM victim, LATERAL (SELECT customer_activity_send(a) AS bytes) v, generate_series(0, length(bytes) - 1) n,
	 LATERAL (SELECT set_byte(bytes, n, value)
	          FROM unnest(ARRAY[0, 1, 127, 128, 254, 255]) value WHERE get_byte(bytes, n) <> value
			  UNION ALL SELECT substr(bytes, 1, n) || substr(bytes, n + 2)
			  UNION ALL SELECT substr(bytes, 1, n + 1) || substr(bytes, n + 1)
			  UNION ALL SELECT substr(bytes, 1, n) || one || substr(bytes, n + 1)
			  FROM unnest(ARRAY['\x00', '\x80', '\xff', '\xffffffffffffffffff01', '\x80808080808080808001']::bytea[])
			           one) w(changed)
WHERE changed <> bytes GROUP BY 1 ORDER BY 1;
SELECT ''::customer_activity;
SELECT ' '::customer_activity;
SELECT 'abc'::customer_activity;
SELECT '\x'::customer_activity;
SELECT '\x0'::customer_activity;
SELECT '\xzz'::customer_activity;
SELECT '\x00'::customer_activity;
SELECT '\xffffffffffffffffffffffffffffffffffffffff'::customer_activity;
SELECT '{}'::customer_activity;
SELECT (a::text || ' ')::customer_activity FROM whole;
SELECT substr(a::text, 3)::customer_activity FROM victim LIMIT 1;
-- the state of another aggregate is none
SELECT NULL::customer_activity IS NULL AS null_value, ('\x' || repeat('01', 24))::customer_activity;
SELECT 1::customer_activity;
SELECT '\x00'::bytea::customer_activity;
-- support functions outside an aggregate
SELECT customer_activity_transfn(NULL, 1, date '2024-01-01');
SELECT customer_activity_transfn(a, 1, timestamp '2024-01-01') FROM whole;
SELECT customer_activity_transfn(a, 1, timestamptz '2024-01-01') FROM whole;
SELECT customer_activity_combine(a, a) FROM whole;
SELECT customer_activity_finalfn(a) FROM whole;
-- aggregates of one's own: without a final function, with a first value
CREATE AGGREGATE raw(customer_key, date) (SFUNC = customer_activity_transfn, STYPE = customer_activity,
                                          COMBINEFUNC = customer_activity_combine);
CREATE TABLE raw_value AS
	SELECT c, raw(c, d) AS a
	FROM event WHERE c < 60 AND i < 4000 GROUP BY c
	UNION ALL SELECT -1, raw(c, d) FROM event;
SELECT count(*) AS values, count(*) FILTER (WHERE r.a = o.a AND o.a = r.a) AS equal,
       count(*) FILTER (WHERE customer_activity_send(r.a) = customer_activity_send(o.a)) AS same_bytes,
       count(*) FILTER (WHERE r.a::text = o.a::text) AS same_text,
	   count(*) FILTER (WHERE customers(r.a) = customers(o.a) AND active_days(r.a) = active_days(o.a)
	                      AND activity_span(r.a) = activity_span(o.a)) AS same_numbers
FROM raw_value r
JOIN (SELECT c, customer_activity(c, d) AS a
      FROM event WHERE c < 60 AND i < 4000 GROUP BY c
      UNION ALL SELECT -1, customer_activity(c, d) FROM event) o USING (c);
SELECT rollup(a) = (SELECT a FROM whole) AS rolled_up, count(DISTINCT a) = count(*) AS distinct_values FROM raw_value;
CREATE AGGREGATE merged(customer_activity) (SFUNC = customer_activity_combine, STYPE = customer_activity);
SELECT merged(a) = (SELECT a FROM whole) AS merged,
       customer_activity_send(merged(a)) = (SELECT customer_activity_send(a) FROM whole) AS same_bytes
FROM kept;
SELECT format('CREATE AGGREGATE begun(customer_key, date) (SFUNC = customer_activity_transfn, '
              'STYPE = customer_activity, FINALFUNC = customer_activity_finalfn, INITCOND = %L)', a)
FROM victim ORDER BY length(a::text) LIMIT 1 \gexec
SELECT g, customers(begun(-g, d)) AS customers, active_days(begun(-g, d)) = 1 + count(DISTINCT d) AS days
FROM event GROUP BY g HAVING g > 0 ORDER BY g;
SELECT customers(begun(c, d)) AS with_none FROM event WHERE false;
CREATE AGGREGATE odd(customer_activity, date) (SFUNC = customer_activity_transfn, STYPE = customer_activity);
CREATE AGGREGATE odd(bytea) (SFUNC = customer_activity_combine, STYPE = customer_activity);
-- soft errors, where the server has them
CREATE FUNCTION soft(form text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	valid boolean;
BEGIN
	IF current_setting('server_version_num')::int < 160000 THEN
		RETURN form LIKE '\\x____%';
	END IF;
	EXECUTE format('SELECT pg_input_is_valid(%L, ''customer_activity'')', form) INTO valid;
	RETURN valid;
END $$;
SELECT soft('abc'), soft(''), soft('\x'), soft(a::text) FROM whole;

-- a day that stands for "never" in the first value merged changes nothing for the others
SELECT customers(merged), active_days(merged), merged = whole AS same
FROM (SELECT customer_activity(c, d) AS whole
      FROM (SELECT c, date '2024-01-01' + (c * v % 50)::integer AS d
            FROM generate_series(1, 5000) c, generate_series(1, 5) v
	  UNION ALL SELECT 1, date '9999-12-31') x) w,
	 (SELECT rollup(a ORDER BY v) AS merged
	  FROM (SELECT v, customer_activity(c, d) AS a
	        FROM (SELECT v, c, date '2024-01-01' + (c * v % 50)::integer AS d
	              FROM generate_series(1, 5000) c, generate_series(1, 5) v
	  UNION ALL SELECT 1, 1, date '9999-12-31') x GROUP BY v) y) m;
-- customer 0 looks like an unused slot
SELECT customers(a), active_days(a), customers(m), active_days(m), m = a AS same
FROM (SELECT customer_activity(c, date '2024-01-01' + 7 * v) AS a
      FROM generate_series(-60000, 60000) c, generate_series(1, 2) v) w,
	 (SELECT rollup(a) AS m
	  FROM (SELECT v, customer_activity(c, date '2024-01-01' + 7 * v) AS a
	        FROM generate_series(-60000, 60000) c, generate_series(1, 2) v GROUP BY v) x) y;
-- values of fewer customers than a part, and of many days each, are divided as they are merged
CREATE TABLE shares AS
	SELECT s, customer_activity(s * 20000 + c, date '2024-01-01' + d * (1 + c % 5)) AS a
	FROM generate_series(0, 4) s, generate_series(1, 25000) c, generate_series(0, 4) d GROUP BY s;
SELECT customers(r), active_days(r), r = w AS same
FROM (SELECT rollup(a) AS r FROM shares) x,
     (SELECT customer_activity(s * 20000 + c, date '2024-01-01' + d * (1 + c % 5)) AS w
      FROM generate_series(0, 4) s, generate_series(1, 25000) c, generate_series(0, 4) d) y;
-- the zone of a cursor that has begun may be set, but not within a group
BEGIN;
DECLARE zoned CURSOR FOR
SELECT active_days(customer_activity(1, t) OVER w) AS days, active_days(customer_activity(1, t::date) OVER w) AS dates
FROM (VALUES (timestamptz '2024-01-01 20:00+00'), ('2024-01-01 22:00+00'), ('2024-01-01 23:00+00')) v(t)
WINDOW w AS (ORDER BY t ROWS UNBOUNDED PRECEDING);
FETCH 1 FROM zoned;
SET LOCAL timezone = 'Asia/Tokyo';
FETCH ALL FROM zoned;
ROLLBACK;
BEGIN;
DECLARE zoned CURSOR FOR SELECT activity_span(customer_activity(1, t) OVER w) AS days, t::date AS day
FROM (VALUES (timestamptz '2024-01-01 20:00+00'), ('2024-01-01 22:00+00'), ('2024-01-01 23:00+00')) v(t)
WINDOW w AS (PARTITION BY t);
FETCH 1 FROM zoned;
SET LOCAL timezone = 'Asia/Tokyo';
FETCH ALL FROM zoned;
ROLLBACK;

DROP SCHEMA activity_test CASCADE;

--
-- rate: retention and churn from flags, events and subscriptions
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA rate_test;
SELECT set_config('search_path', 'rate_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- Worked example: events
--
CREATE TABLE example (customer text, at timestamp);
INSERT INTO example VALUES
	('a', '2024-01-05'), ('a', '2024-02-10'),
	('b', '2024-01-20'),
	('c', '2023-12-31'), ('c', '2024-01-31 23:59:59'), ('c', '2024-02-01 00:00'),
	('d', '2024-02-15'),
	('e', '2024-01-01 00:00'), ('e', '2024-02-29'),
	('f', '2024-01-10'), ('f', '2024-01-10'), ('f', '2024-03-01 00:00'),
	(NULL, '2024-01-15'),
	('g', NULL);

SELECT retention_rate(customer, at, base, comeback),
       churn_rate(customer, at, base, comeback),
       retention_summary(customer, at, base, comeback)
FROM example, (VALUES (tsrange '[2024-01-01, 2024-02-01)', tsrange '[2024-02-01, 2024-03-01)')) p(base, comeback);
-- the ranges written as plain literals, one query for each time type
SELECT retention_summary(customer, at::date, '[2024-01-01, 2024-02-01)', '[2024-02-01, 2024-03-01)') FROM example;
SELECT retention_summary(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01, 2024-03-01)') FROM example;
SELECT retention_summary(customer, at AT TIME ZONE 'UTC', '[2024-01-01, 2024-02-01)', '[2024-02-01, 2024-03-01)')
FROM example;
SELECT retention_rate(customer, at::date, '[2024-01-01, 2024-02-01)', '[2024-02-01, 2024-03-01)'),
       churn_rate(customer, at::date, '[2024-01-01, 2024-02-01)', '[2024-02-01, 2024-03-01)') FROM example;
SELECT retention_rate(customer, at AT TIME ZONE 'UTC', '[2024-01-01, 2024-02-01)', '[2024-02-01, 2024-03-01)'),
       churn_rate(customer, at AT TIME ZONE 'UTC', '[2024-01-01, 2024-02-01)', '[2024-02-01, 2024-03-01)') FROM example;
-- the interval
SELECT round(lower::numeric, 3) AS lower, round(upper::numeric, 3) AS upper
FROM retention_interval((SELECT retention_summary(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01, 2024-03-01)')
                         FROM example));
-- on or after
SELECT retention_rate(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)'),
       retention_summary(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') FROM example;
-- no rows; only ignored rows; nobody in base; nobody came back
SELECT retention_rate(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS rate,
       churn_rate(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS churn,
       retention_summary(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS summary FROM example WHERE false;
SELECT retention_rate(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS rate,
       churn_rate(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS churn,
       retention_summary(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS summary FROM example
WHERE customer IS NULL OR at IS NULL;
SELECT retention_rate(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS rate,
       churn_rate(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS churn,
       retention_summary(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS summary FROM example
WHERE customer = 'd';
SELECT retention_rate(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS rate,
       churn_rate(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS churn,
       retention_summary(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01,)') AS summary FROM example
WHERE customer = 'b';
SELECT retention_summary(customer, at, '[2020-01-01, 2020-02-01)', '[2020-02-01, 2020-03-01)') AS in_no_range
FROM example;
-- the filter trap: a WHERE on the date leaves nothing to come back
SELECT retention_rate(customer, at, '[2024-01-01, 2024-02-01)', '[2024-02-01, 2024-03-01)') AS no_february
FROM example WHERE at < '2024-02-01';

-- bounds are honoured as written: each on its own bound
SELECT base, comeback, retention_summary(customer, at, base, comeback) AS summary
FROM (VALUES (1, timestamp '2024-01-01'), (1, '2024-02-01'), (2, '2024-01-02'), (2, '2024-03-01')) e(customer, at),
     (VALUES (tsrange '[2024-01-01, 2024-02-01)', tsrange '[2024-02-01, 2024-03-01)'),
             ('(2024-01-01, 2024-02-01)', '[2024-02-01, 2024-03-01]'),
             ('[2024-01-01, 2024-02-01]', '(2024-02-01, 2024-03-01)'),
             ('(2024-01-01, 2024-02-01]', '(2024-02-01, 2024-03-01]'),
             ('(,)', '(,)'), ('empty', '(,)'), ('(,)', 'empty'), ('empty', 'empty'),
             ('(,2024-01-02)', '(2024-01-02,)'), ('(,2024-01-02]', '[2024-01-02,)'),
             ('[-infinity,infinity)', '[2024-01-02,infinity]'),
             ('(infinity,)', '(,-infinity]'), ('(,)', '(infinity,)'), ('[infinity,)', '(,-infinity)')) p(base, comeback)
GROUP BY base, comeback ORDER BY base, comeback;
SELECT base, comeback, retention_summary(1, date '2024-01-01', base, comeback) AS summary
FROM (VALUES (daterange '(infinity,)', daterange '(,-infinity]'), ('(-infinity,)', '(,infinity)'),
             ('[2024-01-01,2024-01-01]', '(2023-12-31,infinity]')) p(base, comeback)
GROUP BY base, comeback ORDER BY base, comeback;
-- later before earlier, and one event in both
SELECT retention_summary(customer, at, '[2024-02-01, 2024-03-01)', '[2024-01-01, 2024-02-01)') AS backwards,
       retention_summary(customer, at, '[2024-01-01, 2024-03-01)', '[2024-01-01, 2024-03-01)') AS itself FROM example;

-- ranges from columns: returned within 30 days of signing up
CREATE TABLE visit (customer bigint, signup timestamptz, at timestamptz);
INSERT INTO visit VALUES
	(1, '2024-01-01', '2024-01-01'), (1, '2024-01-01', '2024-01-30 23:59'),
	(2, '2024-01-01', '2024-01-01'), (2, '2024-01-01', '2024-01-31'),
	(3, '2024-06-01', '2024-06-01'), (3, '2024-06-01', '2024-06-02'),
	(4, '2024-07-01', '2024-07-01');
SELECT retention_summary(customer, at, tstzrange(signup, signup, '[]'), tstzrange(signup, signup + '30 days', '()'))
FROM visit;
-- the ranges change within one customer: in base when any row says so
SELECT retention_summary(customer, at, base, comeback)
FROM (VALUES (1, date '2024-01-01', daterange '[2024-02-01,2024-03-01)', daterange '[2024-05-01,)'),
             (1, '2024-01-01', '[2024-01-01,2024-02-01)', '[2024-05-01,)'),
             (1, '2024-04-01', '[2024-01-01,2024-02-01)', '[2024-04-01,)'),
             (2, '2024-01-01', '[2024-02-01,2024-03-01)', 'empty')) v(customer, at, base, comeback);

-- a local day of 23 hours: literals are read in the session's zone
SET timezone = 'Europe/Berlin';
SELECT retention_summary(customer, at, '[2024-03-31, 2024-04-01)', '[2024-04-01, 2024-04-02)')
FROM (VALUES (1, timestamptz '2024-03-30 22:59:59Z'), (1, '2024-03-31 22:00:00Z'),
             (2, '2024-03-30 23:00:00Z'), (2, '2024-03-31 22:00:00Z'),
             (3, '2024-03-31 21:59:59Z'), (3, '2024-04-01 22:00:00Z')) v(customer, at);
SET timezone = 'America/New_York';
SELECT retention_summary(customer, at, '[2024-11-03, 2024-11-04)', '[2024-11-04, 2024-11-05)')
FROM (VALUES (1, timestamptz '2024-11-03 04:00Z'), (1, '2024-11-04 05:00Z'),
             (2, '2024-11-04 04:59:59Z'), (2, '2024-11-05 05:00Z')) v(customer, at);
SET timezone = 'UTC';

--
-- Worked example: subscriptions
--
CREATE TABLE subscription (customer text, active daterange);
INSERT INTO subscription VALUES
	('a', '[2023-12-01,)'),
	('b', '[2023-12-01,2024-02-15)'),
	('c', '[2024-02-10,)'),
	('d', '[2024-02-05,2024-02-20)'),
	('e', '[2023-11-01,2024-02-10)'), ('e', '[2024-02-20,)'),
	('f', '[2024-01-10,2024-02-01)'),
	('g', '[2024-02-01,)'),
	('h', '[2024-01-01,2024-03-01)'),
	('i', '[2024-01-01,2024-02-10)'), ('i', '[2024-02-05,)'),
	('j', NULL),
	('b', 'empty'), (NULL, '(,)');

SELECT round(retention_rate(customer, active, '[2024-02-01, 2024-03-01)')::numeric, 4) AS rate,
       round(churn_rate(customer, active, '[2024-02-01, 2024-03-01)')::numeric, 4) AS churn,
       retention_summary(customer, active, '[2024-02-01, 2024-03-01)') AS summary FROM subscription;
SELECT round(retention_rate(customer, active, '[2024-02-01, 2024-03-01)')::numeric, 4) AS rate,
       round(churn_rate(customer, active, '[2024-02-01, 2024-03-01)')::numeric, 4) AS churn,
       retention_summary(customer, active, '[2024-02-01, 2024-03-01)') AS summary
FROM (SELECT customer, tsrange(lower(active), upper(active)) AS active FROM subscription WHERE NOT isempty(active)) s;
SELECT round(retention_rate(customer, active, '[2024-02-01, 2024-03-01)')::numeric, 4) AS rate,
       round(churn_rate(customer, active, '[2024-02-01, 2024-03-01)')::numeric, 4) AS churn,
       retention_summary(customer, active, '[2024-02-01, 2024-03-01)') AS summary
FROM (SELECT customer, tstzrange(lower(active), upper(active)) AS active FROM subscription WHERE NOT isempty(active)) s;
-- one customer at a time
SELECT customer, retention_summary(customer, active, '[2024-02-01, 2024-03-01)') AS summary
FROM subscription WHERE NOT isempty(active) GROUP BY customer ORDER BY customer;
-- open to the left, open at both ends, and an end at infinity
SELECT active, retention_summary(1, active, '[2024-02-01, 2024-03-01)') AS summary
FROM (VALUES (daterange '(,)'), ('(,2024-02-01)'), ('(,2024-02-02)'), ('(,2024-03-01)'),
             ('[2024-01-31,infinity)'), ('[2024-02-29,)'), ('[2024-03-01,)')) v(active) GROUP BY active ORDER BY active;
-- the period's bounds as written: (p,q] begins behind p and ends behind q
SELECT period, c, retention_summary(c, active, period) AS summary
FROM (VALUES (1, tsrange '[2024-01-01,2024-02-01)'), (2, '[2024-02-01,2024-03-01)'), (3, '[2024-03-01,)')) v(c, active),
     (VALUES (tsrange '[2024-02-01,2024-03-01)'), ('(2024-02-01,2024-03-01]'), ('[2024-02-01,2024-03-01]')) p(period)
GROUP BY period, c ORDER BY period, c;
SELECT retention_rate(customer, active, '[2024-02-01, 2024-03-01)') AS rate,
       churn_rate(customer, active, '[2024-02-01, 2024-03-01)') AS churn,
       retention_summary(customer, active, '[2024-02-01, 2024-03-01)') AS summary FROM subscription
WHERE customer IN ('j', 'none');
SELECT retention_rate(customer, active, '[2024-02-01, 2024-03-01)') AS rate,
       churn_rate(customer, active, '[2024-02-01, 2024-03-01)') AS churn FROM subscription WHERE customer = 'c';

--
-- Worked example: the textbook formula, and counts
--
SELECT retention_rate(1000, 900, 100) AS three, retention_rate(1000, 900) AS two,
       retention_rate(customers_at_start => 1000, customers_at_end => 900, customers_acquired => 100) AS named;
SELECT churn_rate(1000, 50) AS churn, churn_rate(customers_at_start => 4, customers_lost => 1) AS named;
SELECT retention_rate(0, 0), retention_rate(0, 5, 5), churn_rate(0, 0);
SELECT retention_rate(NULL, 1, 1), retention_rate(1, NULL::bigint, 1), retention_rate(1, 1, NULL::bigint),
       churn_rate(NULL::bigint, 1), churn_rate(1, NULL::bigint);
SELECT retention_rate(9223372036854775807, 9223372036854775807, 0) AS one,
       churn_rate(9223372036854775807, 9223372036854775807) AS one;
SELECT retention_rate(-1, 0, 0);
SELECT retention_rate(1, -1, 0);
SELECT retention_rate(1, 1, -1);
SELECT retention_rate(10, 5, 6);
SELECT retention_rate(10, 12, 1);
SELECT retention_rate(0, 1, 0);
SELECT retention_rate(-9223372036854775808, 9223372036854775807, -9223372036854775808);
SELECT churn_rate(-1, 0);
SELECT churn_rate(1, -1);
SELECT churn_rate(1, 2);
-- the message names the cause
\set VERBOSITY terse
SELECT retention_rate(10, 12, 1);
SELECT retention_rate(10, 5, 6);
\set VERBOSITY sqlstate

--
-- Flags: one row per customer
--
CREATE TABLE flags (i int, was boolean, now boolean);
INSERT INTO flags VALUES (1, true, true), (2, true, false), (3, true, NULL), (4, false, true),
	(5, NULL, true), (6, NULL, NULL), (7, false, false), (8, true, true);
SELECT retention_rate(was, now) AS rate, churn_rate(was, now) AS churn, retention_summary(was, now) AS summary
FROM flags;
SELECT retention_rate(was, now) AS rate, churn_rate(was, now) AS churn, retention_summary(was, now) AS summary
FROM flags WHERE false;
SELECT retention_rate(was, now) AS rate, churn_rate(was, now) AS churn, retention_summary(was, now) AS summary
FROM flags WHERE i = 6;
SELECT retention_rate(was, now) AS rate, churn_rate(was, now) AS churn, retention_summary(was, now) AS summary
FROM flags WHERE i = 2;
-- a null is a null whatever the expression leaves beside it: NOT leaves true
SELECT retention_rate(NOT was, NOT now) AS rate, churn_rate(NOT was, NOT now) AS churn,
       retention_summary(NOT was, NOT now) AS summary FROM flags;

--
-- Reading a summary
--
SELECT retention_rate(s), churn_rate(s)
FROM (VALUES ('(5,3,2,1)'::retention_summary), ('(0,0,0,4)'), (NULL), ('(,,,)')) v(s);
SELECT s, round(lower::numeric, 6) AS lower, round(upper::numeric, 6) AS upper
FROM (VALUES (1, '(5,3,2,1)'::retention_summary), (2, '(5,0,5,0)'), (3, '(5,5,0,0)'), (4, '(1000000,500000,500000,0)'),
             (5, '(0,0,0,4)'), (6, NULL), (7, '(,,,)')) v(i, s),
     LATERAL retention_interval(s) ORDER BY i;
SELECT round(lower::numeric, 6) AS lower, round(upper::numeric, 6) AS upper
FROM retention_interval(ROW(5, 3, 2, 1)::retention_summary, 0.5);
SELECT round(lower::numeric, 6) AS lower, round(upper::numeric, 6) AS upper
FROM retention_interval(ROW(5, 3, 2, 1)::retention_summary, confidence => 0.99);
SELECT * FROM retention_interval(ROW(5, 3, 2, 1)::retention_summary, NULL);
SELECT * FROM retention_interval(ROW(5, 3, 2, 1)::retention_summary, 0);
SELECT * FROM retention_interval(ROW(5, 3, 2, 1)::retention_summary, 1);
SELECT * FROM retention_interval(ROW(5, 3, 2, 1)::retention_summary, 95);
SELECT * FROM retention_interval(ROW(5, 3, 2, 1)::retention_summary, 'NaN');
SELECT retention_rate(ROW(5, 3, NULL, 1)::retention_summary);
SELECT churn_rate(ROW(5, 3, NULL, 1)::retention_summary);
SELECT * FROM retention_interval(ROW(5, 3, NULL, 1)::retention_summary);
SELECT retention_rate(ROW(5, -3, 2, 1)::retention_summary);
SELECT churn_rate(ROW(5, 3, -2, 1)::retention_summary);
SELECT * FROM retention_interval(ROW(5, -3, 2, 1)::retention_summary);
-- counts that cannot be: more retained than there were
SELECT retention_rate(ROW(5, 6, 0, 0)::retention_summary);
SELECT churn_rate(ROW(5, 0, 6, 0)::retention_summary);
SELECT * FROM retention_interval(ROW(5, 6, 0, 0)::retention_summary);
-- rollup
SELECT rollup(s) FROM (VALUES ('(5,3,2,1)'::retention_summary), (NULL), ('(1,0,1,7)'), ('(,,,)')) v(s);
SELECT rollup(s) FROM (VALUES (NULL::retention_summary), ('(,,,)')) v(s);
SELECT rollup(s) FROM (VALUES (NULL::retention_summary)) v(s) WHERE false;
SELECT rollup(s) FROM (VALUES (ROW(0, 0, 0, 0)::retention_summary)) v(s);
SELECT rollup(s) FROM (VALUES ('(1,1,0,0)'::retention_summary), ('(1,,0,0)')) v(s);
SELECT rollup(s) FROM (VALUES (ROW(1, 1, 0, -1)::retention_summary)) v(s);
SELECT rollup(s) FROM (VALUES ('(9223372036854775807,0,0,0)'::retention_summary), ('(1,0,0,0)')) v(s);

--
-- Random data against plain SQL
--

CREATE TYPE colour AS ENUM ('red', 'orange', 'yellow', 'green', 'blue', 'violet', 'black', 'white');

-- 24,000 events of 3,000 customers in 5 groups over half a year, shuffled;
-- some twice, some without customer or time, half of them exactly at midnight
CREATE TABLE event AS
	SELECT g, c, at
	FROM (SELECT i, rnd(i, 1, 5) AS g,
	             CASE WHEN rnd(i, 2, 50) > 0 THEN rnd(i, 3, 3000) - 1500 END AS c,
	             CASE WHEN rnd(i, 4, 50) > 0 THEN timestamp '2024-01-01' + rnd(i, 5, 182) * interval '1 day'
	                  + rnd(i, 6, 2) * rnd(i, 7, 86400) * interval '1 second' END AS at
	      FROM generate_series(1, 20000) i) e, generate_series(0, (rnd(i, 8, 5) = 0)::int)
	ORDER BY rnd(i, 9, 1000000), i;
ALTER TABLE event ADD base daterange, ADD comeback daterange;
UPDATE event SET base = daterange(date '2024-01-01' + 15 * g::int, date '2024-02-15' + 15 * g::int),
	comeback = CASE WHEN g = 4 THEN daterange('2024-05-01', NULL)
	                ELSE daterange(date '2024-02-10' + 15 * g::int, date '2024-03-10' + 15 * g::int) END;
ANALYZE event;

CREATE VIEW event_oracle AS
	SELECT g, count(*) FILTER (WHERE b) AS base, count(*) FILTER (WHERE b AND r) AS retained,
	       count(*) FILTER (WHERE b AND NOT r) AS lost, count(*) FILTER (WHERE r AND NOT b) AS acquired
	FROM (SELECT g, c, bool_or(base @> at::date) AS b, bool_or(comeback @> at::date) AS r
	      FROM event WHERE c IS NOT NULL AND at IS NOT NULL GROUP BY g, c) x
	GROUP BY g;
SELECT count(*) AS groups,
       min(base) > 400 AND min(retained) > 100 AND min(lost) > 100 AND min(acquired) > 100 AS interesting
FROM event_oracle;

-- The number of (aggregate, group) pairs checked and wrong, for one way to
-- write the key and one time type
CREATE FUNCTION check_events(key text, timetype text, rangetype text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	wrong bigint;
	n bigint;
BEGIN
	EXECUTE format($q$
		SELECT count(*), count(*) FILTER (WHERE (s).base IS DISTINCT FROM o.base
			OR (s).retained IS DISTINCT FROM o.retained OR (s).lost IS DISTINCT FROM o.lost
			OR (s).acquired IS DISTINCT FROM o.acquired
			OR rate IS DISTINCT FROM o.retained::float8 / o.base
			OR churn IS DISTINCT FROM o.lost::float8 / o.base)
		FROM event_oracle o FULL JOIN (
			SELECT g, retention_summary(key, at, base, comeback) AS s,
			       retention_rate(key, at, base, comeback) AS rate,
			       churn_rate(key, at, base, comeback) AS churn
			FROM (SELECT g, %1$s AS key, at::%2$s AS at,
			             %3$s(lower(base)::%2$s, upper(base)::%2$s) AS base,
			             %3$s(lower(comeback)::%2$s, upper(comeback)::%2$s) AS comeback FROM event) e
			GROUP BY g) a USING (g)$q$, key, timetype, rangetype) INTO n, wrong;
	RETURN format('%s groups, %s wrong', n, wrong);
END $$;

SELECT timetype, key, check_events(key, timetype, rangetype)
FROM (VALUES ('date', 'daterange'), ('timestamp', 'tsrange'), ('timestamptz', 'tstzrange')) t(timetype, rangetype),
     (VALUES ('c'), ('c::int'), ('c::smallint'), ('c::text'), ('c::varchar'), ('c::char(8)'), ('(c + 1500)::numeric'),
             ('md5(c::text)::uuid'), ('CASE WHEN c IS NOT NULL THEN customer_key(row(c / 10, c % 10)) END')) k(key)
ORDER BY timetype, key COLLATE "C";
SET work_mem = '64kB';
SELECT check_events('c', 'date', 'daterange'), check_events('c::text', 'timestamptz', 'tstzrange');
RESET work_mem;
SET enable_hashagg = off;
SELECT check_events('c', 'date', 'daterange');
RESET enable_hashagg;
SET enable_hashagg = on; SET enable_sort = off;
SELECT check_events('c', 'date', 'daterange');
RESET enable_sort; RESET enable_hashagg;
-- every query handed to a worker
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT check_events('c', 'date', 'daterange'), check_events('c::text', 'timestamp', 'tsrange');
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- an enum key, few customers
SELECT (SELECT retention_summary(customer_key((enum_range(NULL::colour))[1 + abs(c) % 8]), at::date, base, comeback)
        FROM event WHERE g = 0 AND at < '2024-01-20')
     = (SELECT ROW(count(*) FILTER (WHERE b), count(*) FILTER (WHERE b AND r), count(*) FILTER (WHERE b AND NOT r),
                   count(*) FILTER (WHERE r AND NOT b))::retention_summary
        FROM (SELECT bool_or(base @> at::date) AS b, bool_or(comeback @> at::date) AS r
              FROM event WHERE g = 0 AND at < '2024-01-20' AND c IS NOT NULL GROUP BY abs(c) % 8) x) AS same;

-- many groups: 10,000 with a few rows each, by hashing and by sorting
CREATE TABLE many AS
	SELECT i % 10000 AS g, rnd(i, 11, 4) AS c, date '2024-01-01' + rnd(i, 12, 60)::int AS at
	FROM generate_series(1, 60000) i;
ANALYZE many;
CREATE VIEW many_oracle AS
	SELECT g, count(*) FILTER (WHERE b) AS base, count(*) FILTER (WHERE b AND r) AS retained,
	       count(*) FILTER (WHERE b AND NOT r) AS lost, count(*) FILTER (WHERE r AND NOT b) AS acquired
	FROM (SELECT g, c, bool_or(at < '2024-02-01') AS b, bool_or(at >= '2024-02-01') AS r FROM many GROUP BY g, c) x
	GROUP BY g;
CREATE VIEW many_measured AS
	SELECT g, (s).base, (s).retained, (s).lost, (s).acquired
	FROM (SELECT g, retention_summary(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS s FROM many GROUP BY g) x;
SELECT (SELECT count(*) FROM many_measured) AS groups, count(*) AS wrong FROM (
	(TABLE many_measured EXCEPT TABLE many_oracle) UNION ALL (TABLE many_oracle EXCEPT TABLE many_measured)) d;
SET enable_hashagg = off;
SELECT (SELECT count(*) FROM many_measured) AS groups, count(*) AS wrong
FROM (TABLE many_measured EXCEPT TABLE many_oracle) d;
RESET enable_hashagg;
SET work_mem = '64kB';
SELECT (SELECT count(*) FROM many_measured) AS groups, count(*) AS wrong
FROM (TABLE many_measured EXCEPT TABLE many_oracle) d;
RESET work_mem;

--
-- GROUPING SETS, FILTER, DISTINCT, HAVING, ORDER BY inside
--
CREATE TABLE cube_measured AS
	SELECT g, half, grouping(g, half) AS level,
	       retention_summary(c, at::date, '[2024-01-01,2024-03-01)', '[2024-04-01,2024-06-01)') AS s
	FROM (SELECT *, c % 2 AS half FROM event WHERE c IS NOT NULL) e GROUP BY CUBE (g, half);
CREATE TABLE cube_oracle AS
	SELECT g, half, level, ROW(count(*) FILTER (WHERE b), count(*) FILTER (WHERE b AND r),
		count(*) FILTER (WHERE b AND NOT r), count(*) FILTER (WHERE r AND NOT b))::retention_summary AS s
	FROM (SELECT g, half, grouping(g, half) AS level, c,
	             coalesce(bool_or(at >= '2024-01-01' AND at < '2024-03-01'), false) AS b,
	             coalesce(bool_or(at >= '2024-04-01' AND at < '2024-06-01'), false) AS r
	      FROM (SELECT *, c % 2 AS half FROM event WHERE c IS NOT NULL) e
	      GROUP BY GROUPING SETS ((c, g, half), (c, g), (c, half), c)) x
	GROUP BY g, half, level;
SELECT (SELECT count(*) FROM cube_measured) AS rows, count(*) AS wrong FROM (
	(TABLE cube_measured EXCEPT ALL TABLE cube_oracle) UNION ALL (TABLE cube_oracle EXCEPT ALL TABLE cube_measured)) d;
SELECT g, (a = b) AS filter, (a = o) AS ordered
FROM (SELECT g, retention_summary(c, at::date, base, comeback) FILTER (WHERE c > 0) AS a,
             retention_summary(CASE WHEN c > 0 THEN c END, at::date, base, comeback) AS b,
             retention_summary(c, at::date, base, comeback ORDER BY at DESC) FILTER (WHERE c > 0) AS o
      FROM event GROUP BY g) x ORDER BY g;
-- duplicates change nothing
SELECT retention_rate(DISTINCT c, at::date, base, comeback) FROM event;
SELECT retention_summary(DISTINCT was, now) FROM flags;
SELECT count(*) FROM (SELECT g FROM event GROUP BY g HAVING retention_rate(c, at::date, base, comeback) >= 0) x;
-- two aggregates over one state, and both again over the parts
SELECT g, retention_rate(s) = rate AND churn_rate(s) = churn AS same, near(rate + churn, 1) AS complements
FROM (SELECT g, retention_rate(c, at::date, base, comeback) AS rate, churn_rate(c, at::date, base, comeback) AS churn,
             retention_summary(c, at::date, base, comeback) AS s FROM event GROUP BY g) x ORDER BY g;

--
-- Subscriptions against plain SQL
--
CREATE TABLE term AS
	SELECT rnd(i, 21, 4) AS g, CASE WHEN rnd(i, 22, 40) > 0 THEN rnd(i, 23, 2500) END AS c,
	       CASE rnd(i, 24, 20) WHEN 0 THEN NULL WHEN 1 THEN 'empty'
	            WHEN 2 THEN daterange(NULL, date '2024-01-01' + rnd(i, 25, 120)::int)
	            WHEN 3 THEN daterange(date '2024-01-01' + rnd(i, 25, 120)::int, NULL)
	            WHEN 4 THEN daterange(date '2024-01-01' + rnd(i, 25, 120)::int, NULL)
	            ELSE daterange(date '2024-01-01' + rnd(i, 25, 120)::int,
	                           date '2024-01-02' + rnd(i, 25, 120)::int + rnd(i, 26, 90)::int) END AS active
	FROM generate_series(1, 8000) i;
CREATE TABLE period AS
	SELECT daterange(p, p + n) AS period
	FROM unnest(ARRAY[date '2023-12-01', '2024-01-01', '2024-02-01', '2024-03-05', '2024-05-01']) p,
	     unnest(ARRAY[1, 7, 30, 90]) n;
CREATE TABLE term_oracle AS
	SELECT period, g, count(*) FILTER (WHERE o) AS base, count(*) FILTER (WHERE o AND e) AS retained,
	       count(*) FILTER (WHERE o AND NOT e) AS lost, count(*) FILTER (WHERE e AND NOT o) AS acquired
	FROM (SELECT period, g, c,
	             bool_or(NOT isempty(active) AND coalesce(lower(active) < lower(period), true)
	                     AND coalesce(upper(active) >= lower(period), true)) AS o,
	             bool_or(NOT isempty(active) AND coalesce(lower(active) < upper(period), true)
	                     AND coalesce(upper(active) >= upper(period), true)) AS e
	      FROM term, period WHERE c IS NOT NULL AND active IS NOT NULL GROUP BY period, g, c) x
	GROUP BY period, g;
CREATE TABLE term_measured AS
	SELECT period, g, (s).base, (s).retained, (s).lost, (s).acquired
	FROM (SELECT period, g, retention_summary(c, active, period) AS s FROM term, period GROUP BY period, g) x;
SELECT (SELECT count(*) FROM term_measured) AS rows, count(*) AS wrong FROM (
	(TABLE term_measured EXCEPT TABLE term_oracle) UNION ALL (TABLE term_oracle EXCEPT TABLE term_measured)) d;
SELECT count(*) AS rows, count(*) FILTER (WHERE rate IS DISTINCT FROM retained / nullif(base, 0)::float8
       OR churn IS DISTINCT FROM lost / nullif(base, 0)::float8) AS wrong
FROM term_oracle
JOIN (SELECT period, g, retention_rate(c, active, period) AS rate, churn_rate(c, active, period) AS churn
      FROM term, period GROUP BY period, g) m USING (period, g);
-- the other two time types and other keys say the same
SELECT count(*) AS rows, count(*) FILTER (WHERE s IS DISTINCT FROM t OR s IS DISTINCT FROM z) AS wrong
FROM (SELECT period, retention_summary(c, active, period) AS s,
             retention_summary(c::text, tsrange(lower(active), upper(active)),
                               tsrange(lower(period), upper(period))) AS t,
             retention_summary(c::numeric, tstzrange(lower(active), upper(active)),
                               tstzrange(lower(period), upper(period))) AS z
      FROM term, period WHERE NOT isempty(active) GROUP BY period) x;
-- opening + acquired - lost = closing
SELECT count(*) FILTER (WHERE (s).base + (s).acquired - (s).lost <> (t).base) AS wrong, count(*) AS rows
FROM (SELECT period, retention_summary(c, active, period) AS s,
             retention_summary(c, active, daterange(upper(period), upper(period) + 1)) AS t
      FROM term, period GROUP BY period) x;

--
-- Windows
--
CREATE TABLE w AS
	SELECT i, rnd(i, 31, 3) AS p, row_number() OVER (PARTITION BY rnd(i, 31, 3) ORDER BY i) AS place,
	       CASE rnd(i, 32, 7) WHEN 0 THEN NULL WHEN 1 THEN false ELSE true END AS was,
	       CASE rnd(i, 33, 5) WHEN 0 THEN NULL WHEN 1 THEN false ELSE true END AS now,
	       CASE WHEN rnd(i, 34, 20) > 0 THEN rnd(i, 35, 40) END AS c,
	       date '2024-01-01' + rnd(i, 36, 60)::int AS at
	FROM generate_series(1, 400) i;

-- Each frame against a query over its rows; false rows count as wrong
CREATE FUNCTION check_frame(arguments text, frame text, condition text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	wrong bigint;
	n bigint;
BEGIN
	EXECUTE format($q$
		SELECT count(*),
		       count(*) FILTER (WHERE s IS DISTINCT FROM b.bs OR rate IS DISTINCT FROM b.brate
		                          OR churn IS DISTINCT FROM b.bchurn)
		FROM (SELECT *, retention_summary(%1$s) OVER f AS s, retention_rate(%1$s) OVER f AS rate,
		             churn_rate(%1$s) OVER f AS churn
		      FROM w WINDOW f AS (PARTITION BY p ORDER BY i %2$s)) o,
		     LATERAL (SELECT retention_summary(%1$s) AS bs, retention_rate(%1$s) AS brate, churn_rate(%1$s) AS bchurn
		              FROM w WHERE w.p = o.p AND %3$s) b$q$, arguments, frame, condition) INTO n, wrong;
	RETURN format('%s rows, %s wrong', n, wrong);
END $$;

SELECT arguments, frame, check_frame(arguments, frame, condition)
FROM (VALUES (1, 'was, now'), (2, 'c, at, ''[2024-01-01,2024-01-20)'', ''[2024-01-15,2024-02-10)'''),
             (3, 'c, daterange(at, at + 20), ''[2024-01-10,2024-02-01)''')) a(n, arguments),
     (VALUES (1, '', 'w.i <= o.i'),
             (2, 'ROWS BETWEEN 20 PRECEDING AND CURRENT ROW', 'w.place BETWEEN o.place - 20 AND o.place'),
             (3, 'RANGE BETWEEN 50 PRECEDING AND 10 FOLLOWING', 'w.i BETWEEN o.i - 50 AND o.i + 10'),
             (4, 'RANGE BETWEEN 50 PRECEDING AND 10 PRECEDING', 'w.i BETWEEN o.i - 50 AND o.i - 10'),
             (5, 'RANGE BETWEEN 30 PRECEDING AND 30 FOLLOWING EXCLUDE CURRENT ROW',
              'w.i BETWEEN o.i - 30 AND o.i + 30 AND w.i <> o.i'),
             (6, 'ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES', 'true'))
     f(m, frame, condition)
ORDER BY n, m;
-- the flags have an exact inverse, the customers none
SELECT aggfnoid::regprocedure, aggminvtransfn <> 0 AS inverse FROM pg_aggregate
WHERE aggfnoid IN ('retention_rate(boolean, boolean)'::regprocedure, 'churn_rate(boolean, boolean)'::regprocedure,
                   'retention_summary(boolean, boolean)'::regprocedure) ORDER BY 1;
-- a summary per month, rolled up over a moving quarter
SELECT count(*) AS rows, count(*) FILTER (WHERE r IS DISTINCT FROM b) AS wrong
FROM (SELECT m, rollup(s) OVER (ORDER BY m ROWS 2 PRECEDING) AS r,
             (SELECT retention_summary(was, now) FROM w WHERE i % 12 BETWEEN m - 2 AND m) AS b
      FROM (SELECT i % 12 AS m, retention_summary(was, now) AS s FROM w GROUP BY 1) x) y;

--
-- Parallel plans
--
SELECT parallel_check('SELECT retention_rate(c, at::date, base, comeback) r, churn_rate(c, at::date, base, '
                      'comeback) c, retention_summary(c, at::date, base, comeback) s FROM event');
SELECT parallel_check('SELECT g, retention_summary(c, at, tsrange(''2024-01-01'', ''2024-03-01''), '
                      'tsrange(''2024-03-01'', NULL)) s FROM event GROUP BY g');
SELECT parallel_check('SELECT retention_summary(c, at::timestamptz, tstzrange(''2024-01-01'', ''2024-03-01''), '
                      'tstzrange(''2024-03-01'', NULL)) s FROM event');
SELECT parallel_check('SELECT retention_summary(c, active, ''[2024-02-01,2024-03-01)'') s, retention_rate(c, active, '
                      '''[2024-02-01,2024-03-01)'') r, churn_rate(c, active, ''[2024-02-01,2024-03-01)'') c FROM term');
SELECT parallel_check('SELECT g, retention_summary(c, tsrange(lower(active), upper(active)), '
                      '''[2024-02-01,2024-03-01)'') s FROM term WHERE NOT isempty(active) GROUP BY g');
SELECT parallel_check('SELECT retention_summary(c, tstzrange(lower(active), upper(active)), '
                      '''[2024-02-01,2024-03-01)'') s FROM term WHERE NOT isempty(active)');
CREATE TABLE flag_rows AS SELECT w.* FROM w, generate_series(1, 100);
ANALYZE flag_rows;
SELECT parallel_check('SELECT p, retention_rate(was, now) r, churn_rate(was, now) c, retention_summary(was, '
                      'now) s FROM flag_rows GROUP BY p');
CREATE TABLE part_summary AS
	SELECT g, retention_summary(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS s
	FROM many GROUP BY g;
SELECT parallel_check('SELECT rollup(s) s FROM part_summary');
-- workers that see no rows, or only rows to ignore
SELECT parallel_check('SELECT retention_summary(c, at::date, base, comeback) s, retention_rate(c, at::date, base, '
                      'comeback) r FROM event WHERE c + 0 = -1234567');
SELECT parallel_check('SELECT retention_summary(c, at::date, base, comeback) s, churn_rate(c, at::date, base, '
                      'comeback) r FROM event WHERE c IS NULL');
SELECT parallel_check('SELECT retention_summary(c, at::date, base, comeback) s FROM event WHERE c + 0 = 17');
SELECT parallel_check('SELECT retention_summary(c, active, ''[2024-02-01,2024-03-01)'') s FROM term '
                      'WHERE active IS NULL');
SELECT parallel_check('SELECT retention_summary(was, now) s FROM flag_rows WHERE was IS NULL AND now IS NULL');
SELECT parallel_check('SELECT retention_summary(was, now) s FROM flag_rows WHERE i + 0 < 0');

--
-- Large groups: the state in its expanded form, whole and in pieces
--
CREATE TABLE large (c bigint, at date) PARTITION BY HASH (c);
CREATE TABLE large_0 PARTITION OF large FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE large_1 PARTITION OF large FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE large_2 PARTITION OF large FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO large
	SELECT (i % 200000) * 4294967296 + i % 7, date '2024-01-01' + rnd(i, 41, 60)::int
	FROM generate_series(1, 300000) i;
ANALYZE large;
CREATE TABLE large_oracle AS
	SELECT ROW(count(*) FILTER (WHERE b), count(*) FILTER (WHERE b AND r), count(*) FILTER (WHERE b AND NOT r),
	           count(*) FILTER (WHERE r AND NOT b))::retention_summary AS s
	FROM (SELECT bool_or(at < '2024-02-01') AS b, bool_or(at >= '2024-02-01') AS r FROM large GROUP BY c) x;
SELECT retention_summary(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') = (TABLE large_oracle) AS same FROM large;
SELECT parallel_check('SELECT retention_summary(c, at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,)'') s FROM large');
SELECT s = (TABLE large_oracle) AS same FROM pg_temp.parallel_rows;
SET enable_partitionwise_aggregate = on;
SELECT parallel_check('SELECT retention_summary(c, at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,)'') s FROM large');
SELECT s = (TABLE large_oracle) AS same FROM pg_temp.parallel_rows;
-- one customer's rows in several partitions
CREATE TABLE months (c bigint, at date) PARTITION BY RANGE (at);
CREATE TABLE months_1 PARTITION OF months FOR VALUES FROM (MINVALUE) TO ('2024-01-20');
CREATE TABLE months_2 PARTITION OF months FOR VALUES FROM ('2024-01-20') TO ('2024-02-10');
CREATE TABLE months_3 PARTITION OF months FOR VALUES FROM ('2024-02-10') TO (MAXVALUE);
INSERT INTO months TABLE large;
ANALYZE months;
SET max_parallel_workers_per_gather = 0;
SELECT plan_nodes('SELECT retention_summary(c, at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,)'') FROM months')
	@> '{"Finalize Aggregate",Append,"Partial Aggregate"}' AS partitionwise;
SELECT retention_summary(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') = (TABLE large_oracle) AS same FROM months;
RESET max_parallel_workers_per_gather;
SELECT parallel_check('SELECT retention_summary(c, at, ''[2024-01-01,2024-02-01)'', ''[2024-02-01,)'') s FROM months');
SELECT s = (TABLE large_oracle) AS same FROM pg_temp.parallel_rows;
RESET enable_partitionwise_aggregate;
SELECT retention_summary(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') = (TABLE large_oracle) AS same
FROM (SELECT * FROM months_3 UNION ALL SELECT * FROM months_1 UNION ALL SELECT * FROM months_2) u;
-- several aggregates over the one large state
SELECT s = (TABLE large_oracle) AS summary, rate = retention_rate(s) AS rate, churn = churn_rate(s) AS churn
FROM (SELECT retention_rate(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS rate,
             churn_rate(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS churn,
             retention_summary(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS s FROM large) x;
-- many large groups at a time, in memory and not
SELECT count(*) AS groups, sum((s).base) = (SELECT (s).base FROM large_oracle) AS base,
       sum((s).retained) = (SELECT (s).retained FROM large_oracle) AS retained
FROM (SELECT retention_summary(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS s FROM large GROUP BY c % 7) x;
SET work_mem = '64kB';
SELECT count(*) AS groups, sum((s).base) = (SELECT (s).base FROM large_oracle) AS base,
       sum((s).retained) = (SELECT (s).retained FROM large_oracle) AS retained
FROM (SELECT retention_summary(c, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)') AS s FROM large GROUP BY c % 7) x;
RESET work_mem;
-- a growing frame: the result is read after each row, and the state goes on
SELECT count(*) AS rows,
       count(*) FILTER (WHERE s IS DISTINCT FROM ROW(least(i, 9000), greatest(0, i - 9000),
                                                     least(i, 9000) - greatest(0, i - 9000), 0)::retention_summary)
           AS wrong
FROM (SELECT i,
             retention_summary(i % 9000, date '2024-01-31' + (i > 9000)::int, '[2024-01-01,2024-02-01)',
                               '[2024-02-01,)') OVER (ORDER BY i) AS s
      FROM generate_series(1, 18000) i) x;
-- keys that lie close to each other, far apart, and at the ends
SELECT step, retention_summary(i * step, at, '[2024-01-01,2024-02-01)', '[2024-02-01,)')
FROM (SELECT i, date '2024-01-01' + ((i + r) % 2 * 31)::int AS at
      FROM generate_series(-500, 499) i, generate_series(0, 1) r) e,
     unnest(ARRAY[1, 64, 4096, 4294967296, 9007199254740992, 18446744073709551]::bigint[]) step
GROUP BY step ORDER BY step;

--
-- Errors
--
SELECT retention_rate(1, date 'infinity', '[2024-01-01,2024-02-01)', '[2024-02-01,)');
SELECT retention_rate(1, date '-infinity', '[2024-01-01,2024-02-01)', '[2024-02-01,)');
SELECT churn_rate(1, timestamp 'infinity', '[2024-01-01,2024-02-01)', '[2024-02-01,)');
SELECT retention_summary(1, timestamptz '-infinity', '[2024-01-01,2024-02-01)', '[2024-02-01,)');
SELECT retention_rate(1, date '2024-01-01', NULL, '[2024-02-01,)');
SELECT retention_rate(1, date '2024-01-01', '[2024-02-01,)', NULL);
SELECT churn_rate(1, timestamp '2024-01-01', NULL, '[2024-02-01,)');
SELECT retention_summary(1, timestamptz '2024-01-01', '[2024-02-01,)', NULL);
SELECT retention_rate(1, daterange '[2024-01-01,)', NULL);
SELECT churn_rate(1, tsrange '[2024-01-01,)', NULL);
SELECT retention_summary(1, tstzrange '[2024-01-01,)', NULL);
SELECT retention_rate(1, daterange '[2024-01-01,)', '[2024-01-01,)');
SELECT retention_rate(1, daterange '[2024-01-01,)', '(,2024-01-01)');
SELECT retention_rate(1, daterange '[2024-01-01,)', '(,)');
SELECT retention_rate(1, daterange '[2024-01-01,)', 'empty');
SELECT churn_rate(1, tsrange '[2024-01-01,)', '[2024-01-01,)');
SELECT churn_rate(1, tsrange '[2024-01-01,)', '[2024-01-01,infinity)');
SELECT churn_rate(1, tsrange '[2024-01-01,)', '[-infinity,2024-01-01)');
SELECT retention_summary(1, tstzrange '[2024-01-01,)', 'empty');
-- a row without customer or time is ignored before anything else
SELECT retention_rate(NULL::int, date 'infinity', NULL, NULL), retention_rate(1, NULL::date, NULL, NULL),
       retention_rate(NULL::int, daterange '(,)', NULL), retention_rate(1, NULL::daterange, 'empty');
-- an error on a late row, and the session lives on
SELECT retention_rate(i, CASE i WHEN 5000 THEN timestamp 'infinity' ELSE '2024-01-01' END, '[2024-01-01,2024-02-01)',
                      '[2024-02-01,)')
FROM generate_series(1, 5000) i;
SELECT retention_rate(i, date '2024-01-01', CASE WHEN i < 5000 THEN daterange '[2024-01-01,2024-02-01)' END,
                      '[2024-02-01,)')
FROM generate_series(1, 5000) i;
SELECT retention_rate(1, date '2024-01-01', '[2024-01-01,2024-02-01)', '[2024-02-01,)');

-- counters that contradict themselves, of somebody's own aggregates
CREATE AGGREGATE own(boolean, boolean) (SFUNC = retention_boolean_transfn, STYPE = bigint[], INITCOND = '{0,-2,5,1}',
                                        FINALFUNC = retention_summary_boolean_finalfn);
SELECT own(true, false);
DROP AGGREGATE own(boolean, boolean);
CREATE AGGREGATE own(boolean, boolean) (SFUNC = retention_boolean_transfn, STYPE = bigint[], INITCOND = '{0,1,5,1}',
                                        FINALFUNC = retention_rate_boolean_finalfn);
SELECT own(true, false);
DROP AGGREGATE own(boolean, boolean);

DROP SCHEMA rate_test CASCADE;

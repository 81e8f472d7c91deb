--
-- subscriptions: the type customer_subscriptions: built, added up, compared, stored
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64MB';
CREATE SCHEMA subscriptions_test;
SELECT set_config('search_path', 'subscriptions_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- An oracle in plain SQL: the canonical bytes of contracts (c, s, e, a), from the
-- sums of their changes
--
CREATE FUNCTION varint(value numeric) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
	bytes text := '';
BEGIN
	WHILE value >= 128 LOOP
		bytes := bytes || lpad(to_hex(mod(value, 128)::int + 128), 2, '0');
		value := div(value, 128);
	END LOOP;
	RETURN decode(bytes || lpad(to_hex(value::int), 2, '0'), 'hex');
END $$;
CREATE FUNCTION signed(value numeric) RETURNS bytea LANGUAGE sql IMMUTABLE
RETURN varint(CASE WHEN value < 0 THEN -2 * value - 1 ELSE 2 * value END);
CREATE FUNCTION written(source text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	result bytea;
BEGIN
	EXECUTE format($query$
WITH contract AS (
	SELECT * FROM %s WHERE c IS NOT NULL AND s IS NOT NULL AND a IS NOT NULL AND coalesce(e, 'infinity') > s),
change AS (
	SELECT c, d, sum(n) AS n, sum(a) AS a
	FROM (SELECT c, s AS d, 1 AS n, a FROM contract
	      UNION ALL SELECT c, e, -1, -a FROM contract WHERE e < 'infinity') x
	GROUP BY c, d HAVING sum(n) <> 0 OR sum(a) <> 0),
whole AS (
	SELECT coalesce(max(min_scale(a)), 0) AS scale, min(d) AS first, max(d) AS last, count(DISTINCT c) AS customers,
	       count(*) AS changes
	FROM change),
distances AS (
	SELECT change.*, d - lag(d, 1, first) OVER (PARTITION BY c ORDER BY d) AS distance,
	       CASE n WHEN 0 THEN 0 WHEN 1 THEN 1 WHEN -1 THEN 2 ELSE 3 END AS code, 10::numeric ^ scale AS unit
	FROM change, whole),
customer AS (
	SELECT c, varint(count(*) - 1) ||
	          string_agg(varint(distance::bigint * 4 + code) || CASE code WHEN 3 THEN signed(n) ELSE '' END ||
	                     signed(trunc(a * unit)), '' ORDER BY d) AS bytes
	FROM distances GROUP BY c),
keyed AS (
	SELECT c, bytes, lag(c) OVER (ORDER BY c) AS before FROM customer)
SELECT '\x0100' || decode(lpad(to_hex(scale), 2, '0'), 'hex') || '\x00' || int8send(customers) || int8send(changes) ||
       int4send(first - date '2000-01-01') || int4send(last - date '2000-01-01') ||
       int4send((SELECT max(s) FROM contract) - date '2000-01-01') ||
       (SELECT string_agg(CASE WHEN before IS NULL THEN int8send(c) ELSE varint(c::numeric - before - 1) END || bytes,
	                      '' ORDER BY c) FROM keyed)
FROM whole WHERE customers > 0$query$, source) INTO result;
	RETURN result;
END $$;
-- A value is what the oracle says; where it is not, its beginning
CREATE FUNCTION same(value customer_subscriptions, expected bytea) RETURNS text LANGUAGE sql
RETURN CASE WHEN customer_subscriptions_send(value) IS NOT DISTINCT FROM expected THEN 'same'
       ELSE left(encode(customer_subscriptions_send(value), 'hex'), 220) || ' <> ' ||
            left(encode(expected, 'hex'), 220) END;

--
-- The contracts of the documentation
--
CREATE TABLE doc AS SELECT customer AS c, started AS s, ended AS e, amount AS a FROM contracts;
INSERT INTO doc VALUES (17, '2024-01-01', NULL, NULL);
SELECT same(customer_subscriptions(c, s, e, a), written('doc')) FROM doc;
SELECT pg_typeof(x), length(customer_subscriptions_send(x))
FROM (SELECT customer_subscriptions(c, s, e, a) FROM doc) v(x);
-- three types of time, two of money; an end that never comes; without amounts each contract is 1
SELECT count(*), count(DISTINCT x) FROM (
	SELECT customer_subscriptions(c, s, e, a) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s, e, a::double precision) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s::timestamp, e::timestamp, a) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s + time '08:00', e + time '09:30', a::double precision) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s::timestamptz, e::timestamptz, a) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s::timestamptz, e::timestamptz, a::double precision) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s, coalesce(e, 'infinity'), a) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s::timestamptz, coalesce(e::timestamptz, 'infinity'), a) FROM doc) v(x);
SELECT count(DISTINCT x) AS without_amounts FROM (
	SELECT customer_subscriptions(c, s, e) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s::timestamp, e::timestamp) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s::timestamptz, e::timestamptz) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s, e, 1) FROM doc UNION ALL
	SELECT customer_subscriptions(c, s, e, 1.00) FROM doc) v(x);
SELECT same(customer_subscriptions(c, s, e, a::int), written('doc')) AS integer FROM doc;
-- a renewal on the day, a contract in parts, and two equal contracts; the last start is remembered
SELECT a.x = b.x AS same, encode(substr(customer_subscriptions_send(a.x), 29, 4), 'hex') AS last_start_of_parts,
       encode(substr(customer_subscriptions_send(b.x), 29, 4), 'hex') AS last_start,
       substr(customer_subscriptions_send(a.x), 33) = substr(customer_subscriptions_send(b.x), 33) AS same_changes
FROM (SELECT customer_subscriptions(1, s, e, 10) FROM (VALUES (date '2024-01-01', date '2024-02-01'),
      ('2024-02-01', '2024-05-01')) v(s, e)) a(x),
     (SELECT customer_subscriptions(1, date '2024-01-01', date '2024-05-01', 10.0)) b(x);
SELECT x = customer_subscriptions(1, date '2024-01-01', NULL::date, 20) AS one_of_twenty FROM (
	SELECT customer_subscriptions(1, date '2024-01-01', NULL::date, 10) FROM generate_series(1, 2)) v(x) GROUP BY x;
-- nothing, and nothing but ignored rows
SELECT customer_subscriptions(c, s, e, a) IS NULL AS none, customer_subscriptions(c, s, e) IS NULL AS without
FROM doc WHERE false;
SELECT customer_subscriptions(c, s, e, a) IS NULL AS ignored
FROM doc WHERE c IS NULL OR s IS NULL OR a IS NULL OR s = e;
SELECT rollup(NULL::customer_subscriptions) IS NULL AS none, rollup(x) = x AS one,
       rollup(x) FILTER (WHERE false) IS NULL AS filtered
FROM (SELECT customer_subscriptions(c, s, e, a) FROM doc) v(x) GROUP BY x;

--
-- Days and zones
--
CREATE TABLE moment (c int, s timestamptz, e timestamptz);
INSERT INTO moment VALUES (1, '2024-01-31 23:30Z', '2024-03-31 21:59Z'), (2, '2024-03-31 21:30Z', '2024-03-31 22:30Z');
SELECT z, x::text, x = (SELECT customer_subscriptions(c, (s AT TIME ZONE z)::date, (e AT TIME ZONE z)::date, 1)
                        FROM moment) AS same
FROM (VALUES ('UTC'), ('Europe/Berlin')) v(z), LATERAL (SELECT set_config('timezone', z, false) AS set) c,
     LATERAL (SELECT customer_subscriptions(c, s, e, 1) AS x FROM moment WHERE c.set IS NOT NULL) m;
SET timezone = 'UTC';

--
-- Contracts of every kind in any order, any split: the same bytes, those of the
-- oracle
--
CREATE TABLE book (i bigint, c bigint, s date, e date, a numeric, g int);
-- 2,000 customers: trials, discounts, decimals, renewals on the day, contracts without an end or of no day
INSERT INTO book
	SELECT i, dice(i, 1, 2000), s, CASE dice(i, 3, 5) WHEN 0 THEN NULL WHEN 1 THEN s + 30 * (1 + dice(i, 4, 12))
	                                    WHEN 2 THEN s + dice(i, 4, 3) ELSE s + dice(i, 4, 500) END,
	       CASE dice(i, 5, 12) WHEN 0 THEN 0 WHEN 1 THEN NULL WHEN 2 THEN -round(dice(i, 6, 3000) / 100.0, 2)
	            WHEN 3 THEN dice(i, 6, 1000) / 1000.0 WHEN 4 THEN 10 ELSE round(dice(i, 6, 20000) / 100.0, 2) END,
	       dice(i, 7, 16)
	FROM (SELECT i, date '2022-01-01' + 30 * dice(i, 2, 30) + dice(i, 8, 2) * dice(i, 9, 30) AS s
	      FROM generate_series(1, 20000) i) x;
-- Builds the value of a query's rows (i, c, s, e, a, g) in many ways, and compares each with the oracle
CREATE FUNCTION all_ways(source text, OUT way text, OUT result text) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	expected bytea := written(source);
	query text;
BEGIN
	FOR way, query IN SELECT * FROM (VALUES
		('rows', 'SELECT customer_subscriptions(c, s, e, a) FROM %s'),
		('by time', 'SELECT customer_subscriptions(c, s, e, a ORDER BY s, i) FROM %s'),
		('late first', 'SELECT customer_subscriptions(c, s, e, a ORDER BY s DESC, i) FROM %s'),
		('by customer', 'SELECT customer_subscriptions(c, s, e, a ORDER BY c, s, i) FROM %s'),
		('most decimals first', 'SELECT customer_subscriptions(c, s, e, a ORDER BY min_scale(a) DESC, hashint8(i))
		              FROM %s'),
		('most decimals last', 'SELECT customer_subscriptions(c, s, e, a ORDER BY min_scale(a), hashint8(i)) FROM %s'),
		('16 parts', 'SELECT rollup(p) FROM (SELECT customer_subscriptions(c, s, e, a) AS p FROM %s GROUP BY g) x'),
		('days', 'SELECT rollup(p ORDER BY s DESC) FROM (SELECT s, customer_subscriptions(c, s, e, a) AS p
		          FROM %s GROUP BY s) x'),
		('by scale', 'SELECT rollup(p) FROM (SELECT customer_subscriptions(c, s, e, a) AS p
		              FROM %s GROUP BY min_scale(a) ORDER BY min_scale(a)) x'),
		('each customer', 'SELECT rollup(p) FROM (SELECT customer_subscriptions(c, s, e, a) AS p
		              FROM %s GROUP BY c) x'),
		('each contract', 'SELECT rollup(p) FROM (SELECT customer_subscriptions(c, s, e, a) AS p
		              FROM %s GROUP BY i) x'),
		('rollup of rollups', 'SELECT rollup(p) FROM (SELECT rollup(p) AS p
		              FROM (SELECT g, customer_subscriptions(c, s, e, a) AS p FROM %s GROUP BY g, s) x GROUP BY g) y'))
		v(name, query)
	LOOP
		EXECUTE format('SELECT same(p, $1) FROM (' || query || ') q(p)', source) INTO result USING expected;
		RETURN NEXT;
	END LOOP;
	way := 'the oracle, read and written';
	result := same(('\x' || encode(expected, 'hex'))::customer_subscriptions, expected);
	RETURN NEXT;
END $$;
-- The ways that give another result, and how many do not
CREATE FUNCTION check_all(source text) RETURNS text LANGUAGE sql
RETURN (SELECT count(*) FILTER (WHERE result = 'same') || ' same' ||
               coalesce(', ' || string_agg(way || ': ' || result, '; ') FILTER (WHERE result <> 'same'), '')
        FROM all_ways(source));
SELECT check_all('book');
-- a few rows, a few customers
SELECT check_all(format('(SELECT * FROM book WHERE i <= %s) x', k)) FROM unnest(ARRAY[1, 2, 3, 5, 10, 40, 300, 1500]) k;
SELECT check_all(format('(SELECT i, c %% %s AS c, s, e, a, g FROM book WHERE i <= 6000) x', k))
FROM unnest(ARRAY[1, 2, 3, 50]) k;
-- changes that fit no unit of the columns, or no longer do: amounts of 40 bits, more than 127 contracts, days far apart
SELECT check_all($$(SELECT i, dice(i, 11, 300) AS c, date '2023-01-01' + dice(i, 12, 9) AS s,
	CASE dice(i, 13, 4) WHEN 0 THEN date '2023-01-01' + 65530 + dice(i, 14, 10) WHEN 1 THEN date '5874897-12-31'
	     WHEN 2 THEN date '2023-01-10' + dice(i, 14, 90) END AS e,
	CASE dice(i, 15, 6) WHEN 0 THEN 5497558138.87 WHEN 1 THEN -5497558138.88 WHEN 2 THEN 5497558138.88 WHEN 3 THEN 1e12
	     ELSE dice(i, 16, 100) END AS a, dice(i, 17, 8) AS g FROM generate_series(1, 12000) i) x$$);
SELECT check_all($$(SELECT i, i % 40000 AS c, date '4714-11-24 BC' + (i % 3)::int AS s, NULL::date AS e,
	CASE WHEN i % 9999 = 0 THEN 0.00001 ELSE 1 END AS a, (i % 4)::int AS g FROM generate_series(1, 60000) i) x$$);
SELECT check_all($$(SELECT i, 7 AS c, date '2024-01-01' AS s, date '2024-02-01' AS e, 1.5 AS a, (i % 3)::int AS g
	FROM generate_series(1, 40000) i) x$$);

-- Parallel workers
ALTER TABLE book SET (parallel_workers = 3);
SELECT parallel_check('SELECT customer_subscriptions(c, s, e, a) AS p FROM book');
SELECT parallel_check('SELECT c % 50 AS g, customer_subscriptions(c, s, e) AS p FROM book GROUP BY 1');
SELECT parallel_check('SELECT customer_subscriptions(c, s::timestamptz, e::timestamptz, a::float8) AS p FROM book');

-- the last start is known to the leader, though all that started on that day was renewed, and changed nothing
CREATE TABLE renewed AS SELECT i, i % 20000 AS c, date '2024-01-01' + 31 * (i / 20000) AS s,
	CASE WHEN i < 20000 THEN date '2024-02-01' END AS e, 10 AS a, i % 5 AS g FROM generate_series(0, 39999) i;
ALTER TABLE renewed SET (parallel_workers = 3);
SELECT check_all('renewed');
SELECT parallel_check('SELECT customer_subscriptions(c, s, e, a) AS p FROM renewed');

--
-- A value while it grows, and other aggregates of the same functions
--
SELECT count(*), bool_and(p = (SELECT customer_subscriptions(c, s, e, a) FROM book b WHERE b.i <= x.i)) AS same
FROM (SELECT i, customer_subscriptions(c, s, e, a) OVER (ORDER BY i) AS p FROM book WHERE i <= 150) x;
CREATE AGGREGATE raw(customer_key, date, date, numeric) (SFUNC = customer_subscriptions_transfn,
	STYPE = customer_subscriptions, COMBINEFUNC = customer_subscriptions_combine, PARALLEL = SAFE);
SELECT raw(c, s, e, a) = customer_subscriptions(c, s, e, a) AS same, count(*) FROM book WHERE i <= 9000 GROUP BY g % 2;
-- text and binary forms bring back the value; it can be sorted, grouped and hashed
CREATE TABLE stored AS SELECT g, customer_subscriptions(c, s, e, a) AS p FROM book GROUP BY g;
SELECT count(*), count(DISTINCT p) AS different, bool_and(p::text::customer_subscriptions = p) AS text,
       (SELECT count(*) FROM (SELECT p FROM stored GROUP BY p) x) AS grouped
FROM stored;
SELECT bool_and(p >= before) AS ordered FROM (SELECT p, lag(p) OVER (ORDER BY p) AS before FROM stored) x;

--
-- Errors
--
SELECT q, outcome('SELECT customer_subscriptions(' || q || ')') FROM unnest(ARRAY[
	$$1, date '2024-02-01', date '2024-01-01', 1$$,
	$$1, timestamp '2024-02-01 10:00', timestamp '2024-02-01 09:00', 1$$,
	$$1, date 'infinity', NULL, 1$$, $$1, date '-infinity', NULL, 1$$, $$1, date '2024-01-01', date '-infinity'$$,
	$$1, date '2024-01-01', NULL, 0.0000000001$$, $$1, date '2024-01-01', NULL, 'NaN'::numeric$$,
	$$1, date '2024-01-01', NULL, 'infinity'::double precision$$, $$1, date '2024-01-01', NULL, 1e19$$,
	$$1, date '2024-01-01', '2024-01-01', 1$$]) q;
SELECT outcome($$SELECT rollup(x) FROM (SELECT customer_subscriptions(1, date '2024-01-01', NULL, 5e18)
	FROM generate_series(1, 2) i GROUP BY i) v(x)$$) AS amounts,
       outcome($$SELECT customer_subscriptions_combine(NULL, NULL)$$) AS outside;
\set VERBOSITY default
SELECT customer_subscriptions(1, date '2024-02-01', date '2024-01-01', 1);
-- a contract is no purchase
SELECT customer_subscriptions(1, date '2024-01-01', NULL, 'NaN'::numeric);
\set VERBOSITY sqlstate
-- bytes that no aggregate has written
SELECT what, outcome(format('SELECT %L::customer_subscriptions', '\x0100' || v)) AS outcome
FROM (VALUES
	('sound',
	 '0100000000000000000100000000000000020000223e0000225d0000223e00000000000000010101d2017ed101'),
	('nothing', ''),
	('no customer',
	 '0100000000000000000000000000000000020000223e0000225d0000223e'),
	('no contract at first',
	 '0100000000000000000100000000000000020000223e0000225d0000223e00000000000000010102d2017ed101'),
	('more decimals than needed',
	 '0200000000000000000100000000000000020000223e0000225d0000223e00000000000000010101d00f7ecf0f'),
	('no change',
	 '0000000000000000000100000000000000020000223e0000225d0000223e000000000000000101010a7c00'),
	('other number of changes',
	 '0100000000000000000100000000000000030000223e0000225d0000223e00000000000000010101d2017ed101'),
	('last start before the first',
	 '0100000000000000000100000000000000020000223e0000225d0000223d00000000000000010101d2017ed101'),
	('last start before a start',
	 '0000000000000000000100000000000000020000223e0000225d0000223e00000000000000010101027d02'),
	('later last start',
	 '0000000000000000000100000000000000020000223e0000225d0000ffff00000000000000010101027d02'),
	('last day too late',
	 '0100000000000000000100000000000000020000223e0000225e0000223e00000000000000010101d2017ed101'),
	('days that descend',
	 '0100000000000000000100000000000000020000223e0000225d0000223e00000000000000010101d20102d101'),
	('one more byte',
	 '0100000000000000000100000000000000020000223e0000225d0000223e00000000000000010101d2017ed10100'))
	v(what, v);
DROP SCHEMA subscriptions_test CASCADE;

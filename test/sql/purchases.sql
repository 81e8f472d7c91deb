--
-- purchases: the type customer_purchases: built, added up, compared, stored
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
SET work_mem = '64MB';
CREATE SCHEMA purchases_test;
SELECT set_config('search_path', 'purchases_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- An oracle in plain SQL: the canonical bytes of a table's rows (c, d, a, n),
-- from count and sum
--
CREATE FUNCTION varint(value numeric) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT AS $$
DECLARE
	bytes text := '';
	rest bigint;
BEGIN
	WHILE value >= 4611686018427387904 LOOP
		bytes := bytes || lpad(to_hex(mod(value, 128)::int + 128), 2, '0');
		value := div(value, 128);
	END LOOP;
	rest := value;
	WHILE rest >= 128 LOOP
		bytes := bytes || to_hex(rest & 127 | 128);
		rest := rest >> 7;
	END LOOP;
	RETURN decode(bytes || lpad(to_hex(rest), 2, '0'), 'hex');
END $$;
CREATE FUNCTION int16(value numeric) RETURNS bytea LANGUAGE sql IMMUTABLE
RETURN int8send(div(value, 18446744073709551616)::bigint) ||
       int8send((mod(value, 18446744073709551616) -
	             CASE WHEN mod(value, 18446744073709551616) >= 9223372036854775808 THEN 18446744073709551616
	                  ELSE 0 END)::bigint);
CREATE FUNCTION written(source text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	result bytea;
BEGIN
	EXECUTE format($query$
WITH cell AS (
	SELECT c, d, coalesce(a < 0, false) AS refund, sum(abs(coalesce(a, 0))) AS amount,
	       sum(CASE WHEN a < 0 THEN 1 ELSE coalesce(n, 1) END) AS rows
	FROM %s WHERE c IS NOT NULL AND d IS NOT NULL GROUP BY 1, 2, 3),
whole AS (
	SELECT coalesce(max(min_scale(amount)), 0) AS scale, min(d) AS first, max(d) AS last,
	       count(DISTINCT c) AS customers,
	       count(*) AS cells, count(DISTINCT c) FILTER (WHERE NOT refund AND rows > 0) AS purchasers,
	       coalesce(sum(rows) FILTER (WHERE NOT refund), 0)::bigint AS purchases,
	       coalesce(sum(rows) FILTER (WHERE refund), 0)::bigint AS refunds,
	       coalesce(sum(amount) FILTER (WHERE NOT refund), 0) AS purchased,
	       coalesce(sum(amount) FILTER (WHERE refund), 0) AS refunded
	FROM cell),
distances AS (
	SELECT cell.*, d - lag(d, 1, first) OVER (PARTITION BY c ORDER BY d, refund) AS distance,
	       10::numeric ^ scale AS unit
	FROM cell, whole),
customer AS (
	SELECT c, varint(count(*) - 1) ||
	          string_agg(varint(distance::bigint * 4 + refund::int * 2 + (rows <> 1)::int) ||
	                     CASE rows WHEN 1 THEN '' WHEN 0 THEN varint(0) ELSE varint(rows - 1) END ||
	                     varint(trunc(amount * unit)), '' ORDER BY d, refund) AS bytes
	FROM distances GROUP BY c),
keyed AS (
	SELECT c, bytes, lag(c) OVER (ORDER BY c) AS before FROM customer)
SELECT '\x0100' || decode(lpad(to_hex(scale), 2, '0'), 'hex') || '\x00' ||
       int8send(customers) || int8send(cells) || int8send(purchasers) ||
       int4send(first - date '2000-01-01') || int4send(last - date '2000-01-01') ||
       int8send(purchases) || int8send(refunds) ||
       int16(purchased * 10::numeric ^ scale) || int16(refunded * 10::numeric ^ scale) ||
       (SELECT string_agg(CASE WHEN before IS NULL THEN int8send(c) ELSE varint(c::numeric - before - 1) END || bytes,
	                      '' ORDER BY c) FROM keyed)
FROM whole$query$, source) INTO result;
	RETURN result;
END $$;
-- A value is what the oracle says; where it is not, its beginning
CREATE FUNCTION same(value customer_purchases, expected bytea) RETURNS text LANGUAGE sql
RETURN CASE WHEN customer_purchases_send(value) IS NOT DISTINCT FROM expected THEN 'same'
       ELSE left(encode(customer_purchases_send(value), 'hex'), 220) || ' <> ' ||
            left(encode(expected, 'hex'), 220) END;

--
-- The example of the documentation
--
CREATE TABLE ev (customer int, d date, a numeric);
INSERT INTO ev VALUES
	(1, '2024-01-05', 100.00), (1, '2024-01-05', 20.50), (1, '2024-02-10', 80.00), (1, '2024-02-12', -30.00),
	(1, '2024-04-02', 50.00), (2, '2024-01-20', 60.00), (2, '2024-01-25', -60.00), (2, '2024-02-03', -5.00),
	(3, '2024-02-14', 0.00), (3, '2024-03-12', 45.25), (4, '2024-03-01', NULL), (4, '2024-03-31', 10.005),
	(5, '2024-02-02', -12.00), (6, '2023-12-30', -7.00), (6, '2024-01-31', 40.00),
	(NULL, '2024-01-15', 999), (7, NULL, 999), (NULL, NULL, NULL);
CREATE VIEW ev_rows AS SELECT customer::bigint AS c, d, a, NULL::int AS n FROM ev;
CREATE TABLE value AS SELECT customer_purchases(customer, d, a) AS p FROM ev;
SELECT customers(p), purchases(p), revenue(p), refunded(p), purchase_span(p), pg_typeof(p),
       same(p, written('ev_rows'))
FROM value;
SELECT m::date, purchases(p, r), revenue(p, r), refunded(p, r)
FROM value, generate_series(timestamp '2023-12-01', '2024-05-01', '1 month') m,
     daterange(m::date, (m + interval '1 month')::date) r;
SELECT sum(revenue(p, r)) = revenue(p) AS revenue, sum(refunded(p, r)) = refunded(p) AS refunded,
       sum(purchases(p, r)) = purchases(p) AS purchases
FROM value, unnest(ARRAY['(,2024-01-25)', '[2024-01-25,2024-02-11)', '[2024-02-11,)', 'empty']::daterange[]) r
GROUP BY p;
-- the cast, written out and implied
SELECT p::customer_activity = customer_activity(p) AS cast,
       p::customer_activity = (SELECT customer_activity(customer, d) FROM ev WHERE a >= 0 OR a IS NULL) AS activity,
       active_days(p), repeat_purchase_rate(p)
FROM value;
SELECT cohort, age, customers, retained FROM value, cohort_table(p, as_of => '2024-04-15') WHERE age < 2;
-- three types of time, two of money, columns of integers
SELECT count(*), count(DISTINCT p), count(DISTINCT customer_purchases_send(p)) FROM (
	SELECT customer_purchases(customer, d, a) FROM ev UNION ALL
	SELECT customer_purchases(customer, d, a::double precision) FROM ev UNION ALL
	SELECT customer_purchases(customer, d + time '23:59:59.999999', a) FROM ev UNION ALL
	SELECT customer_purchases(customer, d::timestamp, a::double precision) FROM ev UNION ALL
	SELECT customer_purchases(customer, d::timestamptz, a) FROM ev UNION ALL
	SELECT customer_purchases(customer, d::timestamptz, a::double precision) FROM ev UNION ALL
	SELECT customer_purchases(customer, d, a, 1) FROM ev UNION ALL
	SELECT customer_purchases(customer, d, a::double precision, NULL) FROM ev UNION ALL
	SELECT customer_purchases(customer, d + time '12:00', a, NULL) FROM ev UNION ALL
	SELECT customer_purchases(customer, d::timestamp, a::double precision, 1) FROM ev UNION ALL
	SELECT customer_purchases(customer, d::timestamptz, a, 1) FROM ev UNION ALL
	SELECT customer_purchases(customer, d::timestamptz, a::double precision, 1) FROM ev) x(p);
SELECT revenue(customer_purchases(1, date '2024-01-01', a::int)) AS integer,
       revenue(customer_purchases(1, date '2024-01-01', a::bigint)) AS bigint,
       revenue(customer_purchases(1, date '2024-01-01', a::smallint)) AS smallint,
       revenue(customer_purchases(a::text, date '2024-01-01', a)) AS text_customer
FROM unnest(ARRAY[1, 20, 300]) a;
-- nothing, and nothing but ignored rows
SELECT customer_purchases(customer, d, a) IS NULL AS none FROM ev WHERE false;
SELECT customer_purchases(customer, d, a) IS NULL AS date,
       customer_purchases(customer, d::timestamptz, a) IS NULL AS tz,
       customer_purchases(customer, d, a, 1) IS NULL AS items
FROM ev WHERE customer IS NULL OR d IS NULL;
-- NULL for NULL
SELECT customers(NULL::customer_purchases) IS NULL AS customers, purchases(NULL) IS NULL AS purchases,
       revenue(NULL) IS NULL AS revenue, refunded(NULL) IS NULL AS refunded, purchase_span(NULL) IS NULL AS span,
       purchases_during(NULL, '(,)') IS NULL AS during, NULL::customer_purchases::customer_activity IS NULL AS activity;
-- somebody who never bought
SELECT customers(p), purchases(p), revenue(p), refunded(p), purchase_span(p),
       p::customer_activity IS NULL AS no_activity,
       revenue(p, '(,2024-01-02)')
FROM (SELECT customer_purchases(1, d, -1.5) AS p FROM (VALUES (date '2024-01-01'), ('2024-01-03')) v(d)) x;

--
-- Money that floats do not survive
--
CREATE FUNCTION of_numbers(VARIADIC a numeric[]) RETURNS customer_purchases
RETURN (SELECT customer_purchases(1, date '2024-01-01' + i::int, x) FROM unnest(a) WITH ORDINALITY u(x, i));
CREATE FUNCTION of_doubles(VARIADIC a double precision[]) RETURNS customer_purchases
RETURN (SELECT customer_purchases(1, date '2024-01-01' + i::int, x) FROM unnest(a) WITH ORDINALITY u(x, i));
SELECT purchases(p), revenue(p), refunded(p)
FROM (VALUES (of_numbers(0.1, 0.2, -0.3)), (of_doubles(0.1, 0.2, -0.3))) v(p);
SELECT x, revenue(of_doubles(x))
FROM unnest(ARRAY[0.1::double precision + 0.2, 11.77, 11.77::real, 1.0::double precision / 3, 999999999999999, 1e-9,
                  5e-10, 4e-10, 1e-300, '-0.0', 123456789012345.6, 0.1, 1e14, 2.5e-9, -1e-9, 4.35, 1.005, 8.675]) x;
SELECT revenue(of_numbers(1e15, 0.01)), revenue(of_numbers(92233720368547758.07)),
       revenue(of_numbers(9223372036.854775807, 0.000000001)), revenue(of_numbers(123456789, 0.123456789)),
       refunded(of_numbers(-9223372036854775807, -9223372036854775807));
SELECT get_byte(customer_purchases_send(p), 2) AS scale, count(*)
FROM (VALUES (of_numbers(1.5, 2.50, 3.000)), (of_numbers(1.50, 2.5, 3)), (of_doubles(1.5, 2.5, 3))) v(p) GROUP BY p, 1;
-- amounts of every shape as they lie in a table, after one of each number of decimals
CREATE TABLE shapes AS
SELECT round(10::numeric ^ -s, s) AS before, round(sign * digits / 10::numeric ^ decimals, decimals) AS amount
FROM generate_series(0, 9) s, generate_series(0, 9) decimals, (VALUES (1), (-1)) v(sign),
	(VALUES (0::numeric), (1), (50), (99), (100), (1999), (9900), (10000), (10001), (120000), (99999999),
	 (100000000), (123456789), (999999999999), (1000000000000), (9999999999999999), (123456789012345678)) w(digits)
WHERE digits / 10::numeric ^ (decimals - greatest(s, decimals)) < 9e18;
SELECT count(*) AS shapes, count(*) FILTER (WHERE total IS DISTINCT FROM before + amount) AS wrong
FROM (SELECT before, amount,
		(SELECT revenue(customer_purchases(1, date '2024-01-01' + i, x ORDER BY i))
		 FROM (VALUES (0, before), (1, amount)) v(i, x)) AS total
	FROM shapes) t;

-- what a day adds up to has the scale, not its rows
SELECT get_byte(customer_purchases_send(p), 2) AS scale, revenue(p), purchases(p), count(*)
FROM (SELECT customer_purchases(1, date '2024-01-01', a) AS p
      FROM (VALUES (1, 1.5), (1, 2.5), (2, 1), (2, 3), (3, 4.000), (4, 1.999999999), (4, 2.000000001)) v(i, a)
      GROUP BY i) x
GROUP BY p ORDER BY purchases;
-- errors: decimals, size, and numbers that are none
SELECT q, outcome('SELECT revenue(' || q || ')') FROM unnest(ARRAY[
	'of_numbers(0.0000000001)', 'of_numbers(1::numeric / 3)', 'of_numbers(0.0000000010)', 'of_numbers(''NaN'')',
	'of_numbers(''Infinity'')', 'of_numbers(''-Infinity'')', 'of_doubles(''NaN'')', 'of_doubles(''Infinity'')',
	'of_doubles(''-Infinity'')', 'of_doubles(1e15)', 'of_doubles(-1e15)', 'of_doubles(1e300)',
	'of_numbers(1e12, 0.0000001)', 'of_numbers(0.0000001, 1e12)', 'of_numbers(-1e12, 0.0000001)',
	'of_numbers(9223372036854775808)', 'of_numbers(-9223372036854775808)', 'of_numbers(-9223372036854775807)',
	'of_numbers(9223372036854775807, 0.1)', 'of_numbers(0.1, 9223372036854775807)', 'of_numbers(1e30)',
	'of_numbers(1e100)']) q;
\set VERBOSITY default
SELECT of_numbers(0.0000000001);
SELECT of_numbers(1e18, 0.01);
SELECT of_doubles('NaN');
SELECT of_doubles(1e15);
SELECT customer_purchases(1, date '2024-01-01', 5, -1);
SELECT customer_purchases(1, date 'infinity', 5);
SELECT customer_purchases(1, timestamp '-infinity', 5.5);
\set VERBOSITY sqlstate
-- a day of a customer beyond 64 bits, in any order, in one group or in two
SELECT outcome($$SELECT customer_purchases(1, date '2024-01-01', a) FROM unnest(ARRAY[5e18, 5e18]) a$$),
       outcome($$SELECT customer_purchases(1, date '2024-01-01', a) FROM unnest(ARRAY[-5e18, -5e18]) a$$),
       outcome($$SELECT revenue(customer_purchases(1, date '2024-01-01', a)) FROM unnest(ARRAY[5e18, -5e18, 4e18]) a$$),
       outcome($$SELECT rollup(p) FROM (SELECT customer_purchases(1, date '2024-01-01', a) AS p
	                                     FROM unnest(ARRAY[5e18, 5e18]) WITH ORDINALITY u(a, i) GROUP BY i) x$$);
SELECT k, a, b, outcome(format($$SELECT revenue(customer_purchases(c, d, a ORDER BY i %s))
	FROM (SELECT i, i %% 30000 AS c, date '2024-01-01' AS d, 1.5 AS a FROM generate_series(1, 60000) i
	      UNION ALL SELECT 30000, 7, '2024-01-01', %s UNION ALL SELECT %s, 7, '2024-01-01', %s) x$$, k, a, i, b))
FROM unnest(ARRAY['ASC', 'DESC']) k, (VALUES ('5e18', 30001, '5e18'), ('922337203685477580.7', 59999, '0'),
	('922337203685477577.7', 59999, '0'), ('1e12', 1, '0.0000001'), ('-5e17', 2, '-5e17')) v(a, i, b) ORDER BY a, k;

--
-- Adding, and adding twice
--
CREATE TABLE part AS SELECT d, customer_purchases(customer, d, a) AS p FROM ev GROUP BY d;
SELECT purchases(rollup(p)), revenue(rollup(p)), rollup(p) = (SELECT p FROM value) AS whole FROM part;
SELECT purchases(p), revenue(p), customers(p)
FROM (SELECT rollup(p) AS p FROM part WHERE d IN ('2024-01-05', '2024-02-10')
      UNION ALL
      SELECT rollup(p) FROM (SELECT p FROM part WHERE d IN ('2024-01-05', '2024-02-10')
	                         UNION ALL SELECT p FROM part WHERE d = '2024-01-05') x) y;
-- a value and itself: everything is doubled but customers and days
SELECT customers(two) - customers(p) AS customers, purchases(two) / purchases(p) AS purchases,
       revenue(two) / revenue(p) AS revenue, refunded(two) / refunded(p) AS refunded,
       two::customer_activity = p::customer_activity AS activity
FROM value, LATERAL (SELECT rollup(x) AS two FROM (VALUES (p), (p), (NULL)) v(x)) r;
SELECT rollup(NULL::customer_purchases) IS NULL AS none, rollup(p) = p AS one FROM value GROUP BY p;
-- replacing a day
SELECT revenue(rollup(p)) FROM (
	SELECT p FROM part WHERE d = '2024-01-05' UNION ALL
	SELECT customer_purchases(customer, d, a)
	FROM (SELECT * FROM ev WHERE d = '2024-02-10' UNION ALL SELECT 1, '2024-02-10', 9.50) late) x;
-- replacing the end
SELECT bool_and(p = rebuilt) AS same, count(*)
FROM value, (SELECT DISTINCT d FROM ev WHERE d IS NOT NULL) cut, LATERAL (
	SELECT rollup(x) AS rebuilt
	FROM (SELECT purchases_during(p, daterange(NULL, cut.d)) UNION ALL
	      SELECT customer_purchases(customer, d, a) FROM ev WHERE d >= cut.d) v(x)) r;
SELECT purchases_during(p, 'empty') IS NULL AS empty, purchases_during(p, '[2030-01-01,)') IS NULL AS later,
       purchases_during(p, '(,)') = p AS whole, revenue(purchases_during(p, '[2024-02-10,2024-02-13)')) AS february,
       same(purchases_during(p, '[2024-02-01,2024-02-12]'),
	        written($$(SELECT * FROM ev_rows WHERE d BETWEEN '2024-02-01' AND '2024-02-12') x$$)) AS part
FROM value;

--
-- Line items: a row stands for 0, 1 or n purchases
--
CREATE TABLE item (c bigint, d date, a numeric, n int);
INSERT INTO item VALUES (1, '2024-01-05', 10, 1), (1, '2024-01-05', 2.5, 0), (1, '2024-01-05', 1, 0),
	(1, '2024-01-08', 4, 0), (1, '2024-02-01', 30, 3), (2, '2024-01-07', 5, 0), (2, '2024-01-09', NULL, 0),
	(3, '2024-01-01', 7, NULL), (3, '2024-01-02', -2, 0), (3, '2024-01-03', -2, 5), (4, '2024-03-01', 1000, 2147483647);
SELECT customers(p), purchases(p), revenue(p), refunded(p), active_days(p), customers(p::customer_activity) AS active,
       same(p, written('item'))
FROM (SELECT customer_purchases(c, d, a, n) AS p FROM item) x;
SELECT customers(p), purchases(p), revenue(p), p::customer_activity IS NULL AS no_activity, same(p, written(
	'(SELECT * FROM item WHERE c = 2) x'))
FROM (SELECT customer_purchases(c, d, a, n) AS p FROM item WHERE c = 2) x;
SELECT outcome('SELECT customer_purchases(c, d, a, n) FROM (TABLE item
	            UNION ALL SELECT 4, ''2024-03-01'', 1, 1) x') AS above,
       outcome('SELECT purchases(customer_purchases(c, d, a, n)) FROM (TABLE item
	            UNION ALL SELECT 4, ''2024-03-02'', 1, 2147483647) x') AS days,
       outcome('SELECT rollup(p) FROM (SELECT customer_purchases(c, d, a, n) AS p FROM item UNION ALL
	            SELECT customer_purchases(c, d, a, n) FROM item) x') AS rollup;

--
-- Days and zones
--
CREATE TABLE moment (c int, at timestamptz, a numeric);
INSERT INTO moment VALUES (1, '2024-03-31 21:30Z', 10), (1, '2024-03-31 22:30Z', 20), (2, '2024-01-31 23:30Z', 5),
	(2, '2024-02-10 12:00Z', 7);
SET timezone = 'UTC';
SELECT revenue(p, '[2024-03-01,2024-04-01)') AS march, revenue(p, '[2024-04-01,2024-05-01)') AS april, active_days(p)
FROM (SELECT customer_purchases(c, at, a) AS p FROM moment) x;
SELECT cohort, age, revenue FROM (SELECT customer_purchases(c, at, a) AS p FROM moment) x, revenue_cohort_table(p)
WHERE cohort < '2024-03-01' AND age < 2;
SET timezone = 'Europe/Berlin';
SELECT revenue(p, '[2024-03-01,2024-04-01)') AS march, revenue(p, '[2024-04-01,2024-05-01)') AS april, active_days(p)
FROM (SELECT customer_purchases(c, at, a) AS p FROM moment) x;
SELECT cohort, age, revenue FROM (SELECT customer_purchases(c, at, a) AS p FROM moment) x, revenue_cohort_table(p)
WHERE cohort < '2024-03-01' AND age < 2;
SELECT customer_purchases(c, at, a) = (SELECT customer_purchases(c, (at AT TIME ZONE 'Europe/Berlin')::date, a)
                                       FROM moment) AS day_of_zone FROM moment;
SET timezone = 'UTC';

--
-- Rows of every kind in any order, any split: the same bytes, those of the oracle
--
CREATE TABLE ord (i bigint, c bigint, d date, a numeric, n int, g int);
-- 2,000 customers: zeros, NULLs, refunds, up to four decimals, a day now and then with several rows
INSERT INTO ord
	SELECT i, dice(i, 1, 2000), date '2023-01-01' + dice(i, 2, 400),
	       CASE dice(i, 3, 20) WHEN 0 THEN NULL WHEN 1 THEN 0 WHEN 2 THEN -round(dice(i, 4, 5000) / 100.0, 2)
	            WHEN 3 THEN round(dice(i, 4, 100000) / 1000.0, 3) WHEN 4 THEN dice(i, 4, 100) * 0.0001
	            ELSE round(dice(i, 4, 10000) / 100.0, 2) END,
	       CASE dice(i, 5, 9) WHEN 0 THEN 0 WHEN 1 THEN 2 WHEN 2 THEN NULL ELSE 1 END, dice(i, 6, 16)
	FROM generate_series(1, 30000) i;
-- Builds the value of a query's rows (i, c, d, a, n, g) in many ways, and compares each with the oracle
CREATE FUNCTION all_ways(source text, OUT way text, OUT result text) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	expected bytea := written(source);
	query text;
BEGIN
	FOR way, query IN SELECT * FROM (VALUES
		('rows', 'SELECT customer_purchases(c, d, a, n) FROM %s'),
		('by time', 'SELECT customer_purchases(c, d, a, n ORDER BY d, i) FROM %s'),
		('late first', 'SELECT customer_purchases(c, d, a, n ORDER BY d DESC, i) FROM %s'),
		('by customer', 'SELECT customer_purchases(c, d, a, n ORDER BY c, d, i) FROM %s'),
		('large first', 'SELECT customer_purchases(c, d, a, n ORDER BY abs(a) DESC, i) FROM %s'),
		('most decimals first', 'SELECT customer_purchases(c, d, a, n ORDER BY min_scale(a) DESC, hashint8(i))
		              FROM %s'),
		('most decimals last', 'SELECT customer_purchases(c, d, a, n ORDER BY min_scale(a), hashint8(i)) FROM %s'),
		('refunds first', 'SELECT customer_purchases(c, d, a, n ORDER BY a < 0 DESC, hashint8(i)) FROM %s'),
		('16 parts', 'SELECT rollup(p) FROM (SELECT customer_purchases(c, d, a, n) AS p FROM %s GROUP BY g) x'),
		('days', 'SELECT rollup(p ORDER BY d DESC) FROM (SELECT d, customer_purchases(c, d, a, n) AS p
		          FROM %s GROUP BY d) x'),
		('by scale', 'SELECT rollup(p) FROM (SELECT customer_purchases(c, d, a, n) AS p
		              FROM %s GROUP BY min_scale(a) ORDER BY min_scale(a)) x'),
		('by scale, most decimals first', 'SELECT rollup(p) FROM (SELECT customer_purchases(c, d, a, n) AS p
		              FROM %s GROUP BY min_scale(a) ORDER BY min_scale(a) DESC) x'),
		('each customer', 'SELECT rollup(p) FROM (SELECT customer_purchases(c, d, a, n) AS p FROM %s GROUP BY c) x'),
		('parallel', 'SELECT customer_purchases(c, d, a, n) FROM %s WHERE c IS NOT NULL'),
		('rollup of rollups', 'SELECT rollup(p) FROM (SELECT rollup(p) AS p
		              FROM (SELECT g, customer_purchases(c, d, a, n) AS p FROM %s GROUP BY g, d) x GROUP BY g) y'),
		('cut and joined', 'SELECT rollup(x) FROM (SELECT customer_purchases(c, d, a, n) AS p FROM %s) v, LATERAL (
		              SELECT purchases_during(p, r) AS x FROM unnest(ARRAY[''(,2023-05-01)'',
		              ''[2023-05-01,2023-06-01)'', ''[2023-06-01,)'']::daterange[]) r) y'))
		v(name, query)
	LOOP
		EXECUTE format('SELECT same(p, $1) FROM (' || query || ') q(p)', source) INTO result USING expected;
		RETURN NEXT;
	END LOOP;
	way := 'the oracle, read and written';
	result := same(('\x' || encode(expected, 'hex'))::customer_purchases, expected);
	RETURN NEXT;
END $$;
-- The ways that give another result, and how many do not
CREATE FUNCTION check_all(source text) RETURNS text LANGUAGE sql
RETURN (SELECT count(*) FILTER (WHERE result = 'same') || ' same' ||
               coalesce(', ' || string_agg(way || ': ' || result, '; ') FILTER (WHERE result <> 'same'), '')
        FROM all_ways(source));
SELECT check_all('ord');
-- a few rows, a few customers
SELECT check_all(format('(SELECT * FROM ord WHERE i <= %s) x', k)) FROM unnest(ARRAY[1, 2, 3, 5, 10, 40, 300, 1500]) k;
SELECT check_all(format('(SELECT i, c %% %s AS c, d, a, n, g FROM ord WHERE i <= 10000) x', k))
FROM unnest(ARRAY[1, 2, 3, 50]) k;
-- without refunds, with nothing else, without purchases of line items
SELECT check_all('(SELECT * FROM ord WHERE ' || f || ') x')
FROM unnest(ARRAY['a >= 0', 'a < 0', 'n = 0', 'a IS NULL', 'a = 0', 'false OR c = 17']) f;

-- What fits no unit of the columns: amounts above 32 bits, more than 32,767 rows of a customer and day, days more than
-- 65,536 apart; and what reaches it by adding, and when a later row has more decimals
CREATE TABLE wide (i bigint, c bigint, d date, a numeric, n int, g int);
INSERT INTO wide
	SELECT i, dice(i, 11, 500), date '2023-01-01' + dice(i, 12, 300),
	       CASE dice(i, 13, 12) WHEN 0 THEN 42949672.95 WHEN 1 THEN 42949672.96 WHEN 2 THEN -42949672.95
	            WHEN 3 THEN -42949672.97 WHEN 4 THEN round(rnd(i, 14, 100000000000000) / 100.0, 2)
	            WHEN 5 THEN -round(rnd(i, 14, 100000000000000) / 100.0, 2) WHEN 6 THEN 0.07 WHEN 7 THEN 21474836.48
	            ELSE round(rnd(i, 14, 10000) / 100.0, 2) END,
	       CASE dice(i, 15, 10) WHEN 0 THEN 32767 WHEN 1 THEN 32768 WHEN 2 THEN 16384 WHEN 3 THEN 1000000 WHEN 4 THEN 0
	            ELSE 1 END, dice(i, 16, 8)
	FROM generate_series(1, 20000) i;
SELECT check_all('wide');
SELECT check_all('(SELECT * FROM wide WHERE i < 5000 UNION ALL SELECT 0, 3, ''2023-02-02'', 0.001, 1, 0) x');
SELECT check_all('(SELECT * FROM wide WHERE i < 5000 UNION ALL SELECT 0, 3, ''2023-02-02'', 0.0001, 1, 0 UNION ALL
	SELECT -i, i % 500, ''2023-06-01'', 42949.6729, 1, 1 FROM generate_series(1, 1500) i) x');
-- one row at a time, until the day of a customer overflows its unit
SELECT check_all('(SELECT i, i % 7 AS c, date ''2024-01-01'' + (i % 2)::int AS d, 19999.99 AS a, 9 AS n, i % 5 AS g
	FROM generate_series(1, 60000) i) x');
CREATE TABLE far (i bigint, c bigint, d date, a numeric, n int, g int);
INSERT INTO far
	SELECT i, CASE dice(i, 20, 9) WHEN 0 THEN 9223372036854775807 WHEN 1 THEN -9223372036854775808
	               ELSE dice(i, 21, 300) - 150 END,
	       CASE dice(i, 22, 12) WHEN 0 THEN date '4714-11-24 BC' WHEN 1 THEN date '5874897-12-31'
	            WHEN 2 THEN date '2024-01-01' + 65535 + dice(i, 23, 4)
	            WHEN 3 THEN date '2024-01-01' - 65535 - dice(i, 23, 4)
	            WHEN 4 THEN date '2024-01-01' + 32766 + dice(i, 23, 4)
	            WHEN 5 THEN date '2024-01-01' - 32767 - dice(i, 23, 4)
	            ELSE date '2024-01-01' + dice(i, 24, 40) END,
	       round(dice(i, 25, 10000) / 100.0 - 20, 2), dice(i, 26, 3), dice(i, 27, 8)
	FROM generate_series(1, 6000) i;
SELECT check_all('far');
SELECT check_all('(SELECT * FROM far WHERE d BETWEEN date ''2024-01-01'' + ' || k || ' AND date ''2024-01-01'' + '
                 || k + 65535 + more || ') x')
FROM unnest(ARRAY[0, -32768, -65535]) k, unnest(ARRAY[-1, 0, 1, 2]) more;
-- more customers than one part has; hashes for keys
CREATE TABLE crowd AS
	SELECT i, CASE WHEN i % 2 = 0 THEN hashint8extended(i % 30000, 7) ELSE i % 40000 END AS c,
	       date '2023-01-01' + dice(i, 30, 60) AS d,
	       CASE WHEN i % 13 = 0 THEN -1.5 WHEN i % 5000 = 0 THEN 1e10 WHEN i % 29999 = 0 THEN 0.00001
	            ELSE round(dice(i, 31, 10000) / 100.0, 2) END AS a,
	       CASE WHEN i % 17 = 0 THEN 0 WHEN i % 3001 = 0 THEN 40000 END AS n, (i % 4)::int AS g
	FROM generate_series(1, 80000) i;
SELECT check_all('crowd');

-- Parallel workers, whose states have scales and kinds of their own
CREATE TABLE many AS
	SELECT i, c, d, a, n FROM crowd UNION ALL SELECT i, c, d, a, n FROM wide UNION ALL SELECT i, c, d, a, n FROM far;
ALTER TABLE many SET (parallel_workers = 3);
SET max_parallel_workers_per_gather = 3;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
SELECT plan_nodes('SELECT customer_purchases(c, d, a, n) FROM many') @> '{Partial Aggregate}' AS partial;
SELECT same(customer_purchases(c, d, a, n), written('many')) FROM many;
SELECT same(customer_purchases(c, d, a, n), written('(SELECT * FROM many WHERE c < 5) x')) FROM many WHERE c < 5;
SELECT count(*), bool_and(p = one) AS same FROM (
	SELECT c % 8 AS g, customer_purchases(c, d, a, n) AS p, rollup(x) AS one
	FROM (SELECT c, d, a, n, customer_purchases(c, d, a, n) OVER (PARTITION BY i, c, d, a, n) AS x
	      FROM many WHERE i < 2000) y GROUP BY 1) z;
SELECT outcome($$SELECT customer_purchases(c, d, a) FROM (
	TABLE many UNION ALL SELECT 1, 1, '2024-01-01', 1e18, 1) x$$);
RESET max_parallel_workers_per_gather;
SET max_parallel_workers_per_gather = 0;

--
-- A value while it grows, and other aggregates of the same functions
--
-- a running value is not changed by being read
SELECT count(*), bool_and(revenue(p) = coalesce(s, 0) AND purchases(p) = k) AS right
FROM (SELECT customer_purchases(c, d, a) OVER w AS p, sum(a) OVER w AS s,
             count(*) FILTER (WHERE a >= 0 OR a IS NULL) OVER w AS k
      FROM ord WHERE i <= 2000 WINDOW w AS (ORDER BY i)) x;
SELECT count(*), bool_and(revenue(p) = s AND refunded(p) = r) AS right
FROM (SELECT rollup(p) OVER w AS p, sum(revenue(p)) OVER w AS s, sum(refunded(p)) OVER w AS r
      FROM (SELECT d, customer_purchases(c, d, a) AS p FROM ord GROUP BY d) x WINDOW w AS (ORDER BY d)) y;
CREATE AGGREGATE raw(customer_key, date, numeric) (SFUNC = customer_purchases_transfn, STYPE = customer_purchases,
                                                   COMBINEFUNC = customer_purchases_combine, PARALLEL = SAFE);
CREATE AGGREGATE merged(customer_purchases) (SFUNC = customer_purchases_combine, STYPE = customer_purchases);
SELECT k, raw = p AS equal, revenue(raw) = revenue(p) AS revenue, purchases(raw) = purchases(p) AS purchases,
       customer_purchases_send(raw) = customer_purchases_send(p) AS bytes, rollup = p AS rolled, twice = r.two AS twice,
       revenue(raw, '[2023-02-01,2023-05-01)') = revenue(p, '[2023-02-01,2023-05-01)') AS during,
       (SELECT md5(string_agg(x::text, ';')) FROM revenue_cohort_table(raw) x)
           = (SELECT md5(string_agg(x::text, ';')) FROM revenue_cohort_table(p) x) AS cohorts,
       gini(raw) = gini(p) AS gini, raw::customer_activity = p::customer_activity AS activity
FROM (SELECT k, raw(c, d, a) AS raw, customer_purchases(c, d, a) AS p
      FROM ord, unnest(ARRAY[1, 10, 200, 2000, 30000]) k WHERE i <= k GROUP BY k) x,
     LATERAL (SELECT rollup(v) FROM (VALUES (raw), (NULL)) u(v)) o,
     LATERAL (SELECT merged(v) AS twice FROM (VALUES (raw), (raw)) u(v)) m,
     LATERAL (SELECT rollup(v) AS two FROM (VALUES (p), (p)) u(v)) r ORDER BY k;
-- called outside an aggregate
SELECT outcome('SELECT customer_purchases_transfn(NULL, 1, date ''2024-01-01'', 1.5)'),
       outcome('SELECT customer_purchases_combine(p, p) FROM value');

--
-- Stored: compressed, apart, in columns, keys of an index
--
SET default_toast_compression = 'pglz';
CREATE TABLE stored (id int PRIMARY KEY, p customer_purchases);
INSERT INTO stored SELECT k, customer_purchases(c, d, a, n) FROM ord, unnest(ARRAY[1, 40, 500, 30000]) k WHERE i <= k
GROUP BY k;
INSERT INTO stored SELECT 99999, customer_purchases(1, date '2024-01-01' + i, 5) FROM generate_series(1, 20000) i;
SELECT id, pg_column_size(p) < length(customer_purchases_send(p)) AS compressed, customers(p), purchases(p), revenue(p),
       refunded(p), purchase_span(p)
FROM stored ORDER BY id;
SELECT id, p::text::customer_purchases = p AS text, same(p, customer_purchases_send(p)) FROM stored ORDER BY id;
ALTER TABLE stored ALTER p SET STORAGE EXTERNAL;
UPDATE stored SET p = p::text::customer_purchases;
SELECT id, revenue(p), (SELECT sum(revenue) FROM revenue_table(p))
                           = (SELECT sum(revenue) FROM rfm_table(p))::numeric AS sums
FROM stored WHERE id <> 1 ORDER BY id;
CREATE INDEX ON stored USING hash (p);
SELECT count(DISTINCT s.p), count(*), count(*) FILTER (WHERE s.p < t.p), count(*) FILTER (WHERE s.p = t.p),
       count(*) FILTER (WHERE s.p > t.p), count(*) FILTER (WHERE (s.p <= t.p) <> (s.p < t.p OR s.p = t.p)),
       count(*) FILTER (WHERE (s.p <> t.p) = (s.p = t.p)), count(*) FILTER (WHERE (s.p >= t.p) = (s.p < t.p))
FROM stored s, stored t;
SELECT customer_purchases_hash(p) = customer_purchases_hash(p::text::customer_purchases) AS hash,
       customer_purchases_hash_extended(p, 5) = customer_purchases_hash_extended(p::text::customer_purchases, 5) AS ext
FROM value;
-- neither type is taken for the other; what is no value
SELECT outcome($$SELECT customer_activity(1, date '2024-01-01')::text::customer_purchases$$) AS activity,
       outcome($$SELECT customer_purchases(1, date '2024-01-01', 1)::text::customer_activity$$) AS purchases,
       outcome($$SELECT ''::customer_purchases$$) AS empty, outcome($$SELECT '\x'::customer_purchases$$) AS no_byte,
       outcome($$SELECT '\x01'::customer_purchases$$) AS short, outcome($$SELECT 'xyz'::customer_purchases$$) AS text;
DROP SCHEMA purchases_test CASCADE;

--
-- Merging stored values: rollup reads them as the sorted lists that they are.  What it returns has the
-- bytes of the value that the rows give, however they are divided.
--
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET client_min_messages = warning;
CREATE SCHEMA merge;
SET search_path = merge, public;

-- Customers close together, far apart, at both ends, and with days without number; days in no order,
-- some of them twice; amounts with up to two decimals, refunds
CREATE FUNCTION noise(i bigint, salt int) RETURNS bigint LANGUAGE sql IMMUTABLE
	AS $$ SELECT abs(hashint8extended(i, salt) / 2) $$;
CREATE TABLE orders AS
	SELECT i, CASE noise(i, 1) % 10
			WHEN 0 THEN (ARRAY['-9223372036854775808', '-9223372036854775807', '-1', '0', '1',
				'9223372036854775806', '9223372036854775807']::bigint[])[noise(i, 2) % 7 + 1]
			WHEN 1 THEN hashint8extended(noise(i, 3) % 500, 4)
			WHEN 2 THEN 1000000 + noise(i, 3) % 30
			ELSE noise(i, 3) % 2000 END AS customer,
		date '2024-01-01' + (noise(i, 5) % 400)::int AS day,
		(noise(i, 6) % 2000 - 500) * (ARRAY[1, 0.1, 0.01])[noise(i, 7) % 3 + 1] AS amount,
		noise(i, 8) % 50 AS part
	FROM generate_series(1::bigint, 20000) i;
ANALYZE orders;

-- How the rows are divided into stored values
CREATE TABLE divisions (name text, part text);
INSERT INTO divisions VALUES
	('halves', 'part % 2'),
	('thirds', 'part % 3'),
	('one and fifty', 'CASE WHEN i % 50 = 0 THEN part ELSE 100 END'),
	('one and one', 'CASE WHEN i % 100 = 0 AND day > ''2024-02-01'' THEN 1 ELSE 0 END'),
	('one and one, the earliest day apart', 'CASE WHEN i % 100 = 0 OR day = ''2024-01-01'' THEN 1 ELSE 0 END'),
	('days', 'day - date ''2024-01-01'''),
	('days, twice', 'i % 2 * 1000 + (day - date ''2024-01-01'')'),
	('customers', 'customer_key(customer)::text::numeric % 7'),
	('more values than may wait', 'i % 1100');
CREATE TABLE pieces (name text, a customer_activity, p customer_purchases, s customer_subscriptions);
DO $$
DECLARE
	d divisions;
BEGIN
	FOR d IN SELECT * FROM divisions LOOP
		EXECUTE format('INSERT INTO pieces SELECT %L, customer_activity(customer, day),
			customer_purchases(customer, day, amount),
			customer_subscriptions(customer, day, day + (i %% 90)::int, abs(amount)) FROM orders
				GROUP BY %s', d.name, d.part);
	END LOOP;
END $$;
SELECT name, count(*), rollup(a) = (SELECT customer_activity(customer, day) FROM orders) AS activity,
	rollup(p) = (SELECT customer_purchases(customer, day, amount) FROM orders) AS purchases,
	rollup(s) = (SELECT customer_subscriptions(customer, day, day + (i % 90)::int, abs(amount))
		FROM orders) AS subscriptions
FROM pieces GROUP BY name ORDER BY name COLLATE "C";

-- The numbers of the header are those of the rows
SELECT customers(p) = (SELECT count(DISTINCT customer) FROM orders WHERE amount >= 0) AS customers,
	purchases(p) = (SELECT count(*) FROM orders WHERE amount >= 0) AS purchases,
	revenue(p) = (SELECT sum(amount) FROM orders) AS revenue, refunded(p) = (SELECT -sum(amount) FROM orders
		WHERE amount < 0) AS refunded
FROM (SELECT rollup(p) AS p FROM pieces WHERE name = 'one and one') x;
SELECT active_days(a) = (SELECT count(DISTINCT (customer, day)) FROM orders) AS days, activity_span(a)
FROM (SELECT rollup(a) AS a FROM pieces WHERE name = 'one and one') x;

-- Any tree of merges, with results that were not stored, and with workers
SELECT rollup(a) = (SELECT customer_activity(customer, day) FROM orders) AS activity,
	rollup(p) = (SELECT customer_purchases(customer, day, amount) FROM orders) AS purchases
FROM (SELECT rollup(a) AS a, rollup(p) AS p FROM (SELECT a, p, row_number() OVER () % 9 AS tree FROM pieces
	WHERE name = 'days') x GROUP BY tree) y;
SELECT rollup(p) = (SELECT customer_purchases(customer, day, amount) FROM orders) AS purchases
FROM (SELECT customer_purchases(customer, day, amount) AS p FROM orders WHERE i % 3 = 0
	UNION ALL SELECT customer_purchases(customer, day, amount) AS p FROM orders WHERE i % 3 > 0 GROUP BY i % 3) x;
SELECT rollup(p) = (SELECT customer_purchases(customer, day, amount) FROM orders) AS purchases
FROM (SELECT * FROM (SELECT p FROM pieces WHERE name = 'thirds' LIMIT 2 OFFSET 0) x
	UNION ALL SELECT (SELECT p FROM pieces WHERE name = 'thirds' LIMIT 1 OFFSET 2)
	UNION ALL SELECT customer_purchases(1, date '2024-01-01', 0.001) FROM generate_series(1, 0)) y;
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
ALTER TABLE pieces SET (parallel_workers = 2);
SELECT rollup(a) = (SELECT customer_activity(customer, day) FROM orders) AS activity,
	rollup(p) = (SELECT customer_purchases(customer, day, amount) FROM orders) AS purchases
FROM pieces WHERE name = 'days';
COMMIT;

-- A frame that grows, in which the result is read at each value and others are merged with it afterwards
SELECT count(*), bool_and(customers(running) = x.customers) AS customers,
	bool_and(active_days(running) = x.days) AS days
FROM (SELECT a, day, rollup(a) OVER (ORDER BY day) AS running
	FROM (SELECT day / 20 AS day, customer_activity(customer, date '2024-01-01' + day) AS a
		FROM (SELECT customer, day - date '2024-01-01' AS day FROM orders) o GROUP BY 1) d) r,
	LATERAL (SELECT count(DISTINCT customer) AS customers, count(DISTINCT (customer, o.day)) AS days
		FROM orders o WHERE (o.day - date '2024-01-01') / 20 <= r.day) x;

-- Rows that are added to a value, which waits until then
SELECT customer_activity(customer, day)::text AS stored FROM orders WHERE i <= 500 \gset
CREATE AGGREGATE onto(customer_key, timestamptz) (SFUNC = customer_activity_transfn, STYPE = customer_activity,
	INITCOND = :'stored', FINALFUNC = customer_activity_finalfn);
SELECT onto(customer, day::timestamptz) = (SELECT customer_activity(customer, day) FROM orders) AS activity
	FROM orders;
SELECT customer_purchases(customer, day, trunc(amount))::text AS stored FROM orders WHERE i <= 500 \gset
CREATE AGGREGATE onto(customer_key, date, numeric) (SFUNC = customer_purchases_transfn,
	STYPE = customer_purchases, INITCOND = :'stored', FINALFUNC = customer_purchases_finalfn);
SELECT onto(customer, day, amount) = (SELECT customer_purchases(customer, day,
	CASE WHEN i <= 500 THEN trunc(amount) ELSE amount END) FROM orders) AS purchases FROM orders WHERE i > 500;

-- A few amounts with decimals among many without, and the other way round
SELECT few, rollup(p) = (SELECT customer_purchases(customer, day, amount) FROM orders
	WHERE (amount = trunc(amount)) = (x.few = 'decimals') OR i % 20 = 0) AS purchases
FROM (VALUES ('decimals'), ('none')) x (few), LATERAL (SELECT customer_purchases(customer, day, amount) AS p
	FROM orders
	WHERE (amount = trunc(amount)) = (x.few = 'decimals') OR i % 20 = 0 GROUP BY amount = trunc(amount)) y
		GROUP BY few ORDER BY few;

-- Sums that need fewer decimals than what was added
SELECT rollup(p) = (SELECT customer_purchases(c, date '2024-01-01', 0.5) FROM generate_series(1, 30) c,
	generate_series(1, 2)) AS purchases
FROM (SELECT customer_purchases(c, date '2024-01-01', 0.5) AS p FROM generate_series(1, 30) c,
	generate_series(1, 2) part GROUP BY part) x;
SELECT rollup(p) = (SELECT customer_purchases(c, date '2024-01-01', x) FROM generate_series(1, 300) c,
	unnest(CASE WHEN c = 40 THEN ARRAY[0.25, 0.75] ELSE ARRAY[3] END) x) AS purchases
FROM (SELECT customer_purchases(c, date '2024-01-01', CASE WHEN c = 40 THEN 0.25 ELSE 3 END) AS p
	FROM generate_series(1, 300) c
	UNION ALL SELECT customer_purchases(40, date '2024-01-01', 0.75)) x;

-- More entries than a window holds: of customers close together among others far apart, and of one customer
CREATE TABLE many AS
	SELECT part, CASE WHEN i % 200 = 0 THEN noise(i,
		9) * (i % 3 - 1) WHEN i % 4 = 0 THEN 77 ELSE 1000000000000 + i % 977 END AS customer,
		date '2000-01-01' + (noise(i, part) % 60000)::int AS day
	FROM generate_series(1, 45000) i, generate_series(1, 4) part;
SELECT rollup(a) = (SELECT customer_activity(customer, day) FROM many) AS activity, rollup(p) =
	(SELECT customer_purchases(customer, day, 1) FROM many) AS purchases
FROM (SELECT customer_activity(customer, day) AS a, customer_purchases(customer, day, 1) AS p FROM many
	GROUP BY part) x;

-- A stored value, and rows of fewer customers that are gathered in the same query, in either order
CREATE TABLE others AS SELECT customer_activity(customer, day) AS a, customer_purchases(customer, day, 1) AS p
	FROM many WHERE customer <> 77;
SELECT rollup(v) = (SELECT customer_activity(customer, day) FROM many) AS activity
FROM (SELECT a AS v FROM others UNION ALL SELECT customer_activity(customer, day) FROM many WHERE customer = 77) x;
SELECT rollup(v) = (SELECT customer_activity(customer, day) FROM many) AS activity
FROM (SELECT customer_activity(customer, day) AS v FROM many WHERE customer = 77 UNION ALL SELECT a FROM others) x;
SELECT rollup(v) = (SELECT customer_purchases(customer, day, 1) FROM many) AS purchases
FROM (SELECT p AS v FROM others UNION ALL SELECT customer_purchases(customer, day, 1) FROM many
	WHERE customer = 77) x;
SELECT rollup(v) = (SELECT customer_purchases(customer, day, 1) FROM many) AS purchases
FROM (SELECT customer_purchases(customer, day, 1) AS v FROM many WHERE customer = 77 UNION ALL SELECT p
	FROM others) x;

-- Parts of a value, which are written as they are read
SELECT bool_and(activity_during(a, r) IS NOT DISTINCT FROM (SELECT customer_activity(customer, day) FROM many
	WHERE customer <> 77 AND day <@ r)) AS activity,
	bool_and(purchases_during(p, r) IS NOT DISTINCT FROM (SELECT customer_purchases(customer, day, 1) FROM many
		WHERE customer <> 77 AND day <@ r)) AS purchases
FROM others, unnest(ARRAY[daterange(NULL, '2050-01-01'), daterange('2050-01-01', NULL), daterange('2100-05-01',
	'2100-05-02'), daterange('2010-01-01', '2010-01-01')]) r;
SELECT purchases_during(p, '[2024-01-01,2024-02-01)') = (SELECT customer_purchases(1, date '2024-01-01',
	1)) AS fewer_decimals
FROM (SELECT customer_purchases(1, day, amount) AS p FROM (VALUES (date '2024-01-01', 1), ('2024-02-01',
	0.25)) v(day, amount)) x;

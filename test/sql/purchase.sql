--
-- purchase: repeat purchases, lifetime value and plain ratios
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA purchase_test;
SELECT set_config('search_path', 'purchase_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- Worked example: repeat purchases
--
CREATE TABLE example (customer text, order_id text, at timestamp);
INSERT INTO example VALUES
	('a', 'o1', '2024-01-02'), ('a', 'o2', '2024-01-09'),
	('b', 'o3', '2024-01-03'),
	('c', 'o4', '2023-12-20'), ('c', 'o5', '2024-01-04'),
	('d', 'o6', '2024-01-05'), ('d', 'o6', '2024-01-05'),
	(NULL, 'o7', '2024-01-06');
SELECT repeat_purchase_rate(customer, order_id) AS by_order, repeat_purchase_rate(customer) AS by_row
FROM example WHERE at >= '2024-01-01' AND at < '2024-02-01';
SELECT repeat_purchase_rate(customer, order_id) AS by_order, repeat_purchase_rate(customer) AS by_row FROM example;
-- no rows, ignored rows, one row, nobody repeats
SELECT repeat_purchase_rate(customer, order_id) AS by_order, repeat_purchase_rate(customer) AS by_row,
       repeat_purchase_rate(customer, at, '1 day') AS within FROM example WHERE false;
SELECT repeat_purchase_rate(customer, order_id) AS by_order, repeat_purchase_rate(customer) AS by_row,
       repeat_purchase_rate(customer, at, '1 day') AS within FROM example WHERE customer IS NULL;
SELECT repeat_purchase_rate(customer, order_id) AS by_order, repeat_purchase_rate(customer) AS by_row,
       repeat_purchase_rate(customer, at, '1 day') AS within FROM example WHERE order_id = 'o3';
-- two orders at the same instant are two; an order without a number is none
SELECT repeat_purchase_rate(c) AS by_row, repeat_purchase_rate(c, o) AS by_order
FROM (VALUES (1, 10), (1, 11), (2, 20), (2, NULL), (3, NULL), (3, NULL)) v(c, o);
-- three order numbers, the third seen like the first
SELECT repeat_purchase_rate(c, o) FROM (VALUES (1, 5), (1, 5), (1, 5), (2, 5), (2, 6), (2, 5)) v(c, o);
-- an order number shared by customers is an order of each
SELECT repeat_purchase_rate(c, o) FROM (VALUES (1, 'x'), (2, 'x')) v(c, o);

--
-- within: second < first + within, of those with first <= last - within
--
-- last is 2024-03-31; 8 weeks before it is 2024-02-04
CREATE TABLE weeks (c int, at date, note text);
INSERT INTO weeks VALUES
	(1, '2024-01-01', 'yes'), (1, '2024-02-25', '55 days later'),
	(2, '2024-01-01', 'no'), (2, '2024-02-26', '56 days later'),
	(3, '2024-01-10', 'yes'), (3, '2024-01-10', 'the same day'),
	(4, '2024-02-04', 'no'), (4, '2024-03-31', '56 days later, the last day'),
	(5, '2024-02-05', 'too late to tell'), (5, '2024-02-06', ''),
	(6, '2024-01-15', 'no'),
	(7, '2024-01-01', 'yes'), (7, '2024-03-30', ''), (7, '2024-01-03', 'the second, not in order'),
	(NULL, '2025-01-01', 'ignored, even as last day'), (8, NULL, 'ignored');
SELECT repeat_purchase_rate(c, at, '8 weeks') FROM weeks;
SELECT repeat_purchase_rate(c, at::timestamp, '8 weeks'), repeat_purchase_rate(c, at::timestamptz, '56 days')
FROM weeks;
SELECT repeat_purchase_rate(c, at, '8 weeks' ORDER BY at DESC), repeat_purchase_rate(c, at, '8 weeks' ORDER BY note)
FROM weeks;
-- nobody is early enough
SELECT repeat_purchase_rate(c, at, '1 year') FROM weeks;
-- months of unequal length: Jan 31 + '1 month' is Feb 29
SELECT second, repeat_purchase_rate(c, at, '1 month')
FROM (VALUES (date '2024-02-28'), ('2024-02-29'), ('2024-03-01')) s(second),
     LATERAL (VALUES (1, date '2024-01-31'), (1, second), (2, '2024-06-15')) v(c, at)
GROUP BY second ORDER BY second;
SELECT second, repeat_purchase_rate(c, at, '1 month')
FROM (VALUES (timestamp '2024-02-29 11:59:59.999999'), ('2024-02-29 12:00')) s(second),
     LATERAL (VALUES (1, timestamp '2024-01-31 12:00'), (1, second), (2, '2024-06-15')) v(c, at)
GROUP BY second ORDER BY second;
-- Mar 31 - '1 month' is Feb 29: who began on it is in, who began on Mar 1 is not
SELECT first, repeat_purchase_rate(c, at, '1 month')
FROM (VALUES (date '2024-02-28'), ('2024-02-29'), ('2024-03-01')) s(first),
     LATERAL (VALUES (1, first), (1, first), (2, date '2024-03-31')) v(c, at)
GROUP BY first ORDER BY first;
-- a local day of 23 hours, one of 25 hours, and UTC
SET timezone = 'Europe/Berlin';
SELECT repeat_purchase_rate(c, at, '1 day') AS day_of_23_hours, repeat_purchase_rate(c, at, '24 hours') AS hours_24
FROM (VALUES (1, timestamptz '2024-03-30 12:00'), (1, '2024-03-31 12:30'), (2, '2024-06-01')) v(c, at);
SELECT repeat_purchase_rate(c, at, '1 day') AS day_of_25_hours, repeat_purchase_rate(c, at, '24 hours') AS hours_24
FROM (VALUES (1, timestamptz '2024-10-26 12:00'), (1, '2024-10-27 11:30'), (2, '2024-12-01')) v(c, at);
SET timezone = 'UTC';
SELECT repeat_purchase_rate(c, at, '1 day') AS utc
FROM (VALUES (1, timestamptz '2024-03-30 12:00+01'), (1, '2024-03-31 12:30+02'), (2, '2024-06-01')) v(c, at);
-- hours within a date
SELECT repeat_purchase_rate(c, at, '24 hours') AS hours_24, repeat_purchase_rate(c, at, '25 hours') AS hours_25
FROM (VALUES (1, date '2024-01-01'), (1, '2024-01-02'), (2, '2024-02-01')) v(c, at);

--
-- Random data against plain SQL
--
-- 30,000 rows of 4,000 customers, some line items of one order, some twice,
-- amounts whole so that their sums are exact in any order
CREATE TABLE orders AS
	SELECT i % 3 AS g, CASE WHEN rnd(i, 1, 50) > 0 THEN rnd(i, 2, 4000) - 2000 END AS c,
	       CASE WHEN rnd(i, 3, 30) > 0 THEN rnd(i, 4, 6000) END AS o,
	       CASE WHEN rnd(i, 5, 50) > 0 THEN timestamp '2023-01-01' + rnd(i, 6, 500) * interval '1 day'
	            + rnd(i, 7, 2) * rnd(i, 8, 86400) * interval '1 second' END AS at,
	       CASE WHEN rnd(i, 9, 40) > 0 THEN (rnd(i, 10, 500) - 30)::double precision END AS amount
	FROM generate_series(1, 30000) i ORDER BY rnd(i, 11, 1000000), i;
ANALYZE orders;

CREATE VIEW repeat_oracle AS
	SELECT g, avg((rows >= 2)::int) AS by_row,
	       avg((orders >= 2)::int) FILTER (WHERE orders > 0) AS by_order
	FROM (SELECT g, c, count(*) AS rows, count(DISTINCT o) AS orders FROM orders WHERE c IS NOT NULL GROUP BY g, c) x
	GROUP BY g;
SELECT g, by_row BETWEEN 0.5 AND 0.95 AND by_order BETWEEN 0.5 AND 0.95 AND by_row <> by_order AS interesting
FROM repeat_oracle ORDER BY g;

CREATE FUNCTION check_repeat(key text, order_key text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	wrong bigint;
	n bigint;
BEGIN
	EXECUTE format($q$
		SELECT count(*),
		       count(*) FILTER (WHERE NOT coalesce(near(m.by_row, o.by_row) AND near(m.by_order, o.by_order), false))
		FROM repeat_oracle o
		FULL JOIN (SELECT g, repeat_purchase_rate(%1$s) AS by_row, repeat_purchase_rate(%1$s, %2$s) AS by_order
		           FROM orders GROUP BY g) m USING (g)$q$, key, order_key) INTO n, wrong;
	RETURN format('%s groups, %s wrong', n, wrong);
END $$;
SELECT key, order_key, check_repeat(key, order_key)
FROM (VALUES ('c', 'o'), ('c::int', 'o::text'), ('c::text', 'o::smallint'), ('c::varchar', 'o::numeric'),
             ('(c + 2000)::numeric', 'o::char(5)'),
             ('md5(c::text)::uuid', 'md5(o::text)::uuid'),
             ('CASE WHEN c IS NOT NULL THEN customer_key(row(c, 1)) END', 'customer_key(o::float8)')) k(key, order_key);

CREATE VIEW within_oracle AS
	SELECT within, g, avg(coalesce(second < first + within, false)::int) AS rate
	FROM (VALUES (interval '1 day'), ('8 weeks'), ('1 month'), ('3 months 5 days'), ('36 hours'), ('1 year'),
	             ('1 microsecond'), ('500 days')) w(within),
	     (SELECT g, (array_agg(at ORDER BY at))[1] AS first, (array_agg(at ORDER BY at))[2] AS second
	      FROM orders WHERE c IS NOT NULL AND at IS NOT NULL GROUP BY g, c) f
	JOIN (SELECT g, max(at) AS last FROM orders WHERE c IS NOT NULL GROUP BY g) l USING (g)
	WHERE first <= last - within
	GROUP BY within, g;
SELECT count(*) AS rows, count(*) FILTER (WHERE rate > 0 AND rate < 1) > 12 AS interesting FROM within_oracle;
CREATE FUNCTION check_within(key text, timetype text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	wrong bigint;
	n bigint;
BEGIN
	EXECUTE format($q$
		SELECT count(*), count(*) FILTER (WHERE NOT near(m.rate, o.rate))
		FROM within_oracle o FULL JOIN (
			SELECT within, g, repeat_purchase_rate(%1$s, at::%2$s, within) AS rate
			FROM orders,
			     (VALUES (interval '1 day'), ('8 weeks'), ('1 month'), ('3 months 5 days'), ('36 hours'), ('1 year'),
			             ('1 microsecond'), ('500 days')) w(within)
			GROUP BY within, g) m USING (within, g)$q$, key, timetype) INTO n, wrong;
	RETURN format('%s groups, %s wrong', n, wrong);
END $$;
SELECT check_within('c', 'timestamp'), check_within('c::text', 'timestamptz');
-- dates: the same with the time of day cut off
UPDATE orders SET at = date_trunc('day', at);
SELECT check_within('c', 'date'), check_within('(c + 2000)::numeric', 'timestamp');

--
-- Historic lifetime value
--
CREATE VIEW clv_oracle AS
	SELECT g, count(*) AS customers, sum(purchases)::bigint AS purchases, sum(revenue) AS revenue,
	       sum(revenue) / sum(purchases) AS average_purchase_value,
	       sum(purchases) / nullif(sum(years), 0) AS purchases_per_year,
	       nullif(avg(years), 0) AS relationship_years,
	       sum(revenue) / count(*) AS clv
	FROM (SELECT g, c, count(*) FILTER (WHERE bought) AS purchases, coalesce(sum(amount), 0) AS revenue,
	             extract(epoch FROM max(at) FILTER (WHERE bought) - min(at) FILTER (WHERE bought))::double precision
	                 / (365.25 * 86400) AS years
	      FROM (SELECT *, amount >= 0 OR amount IS NULL AS bought FROM orders) o
	      WHERE c IS NOT NULL AND at IS NOT NULL GROUP BY g, c HAVING bool_or(bought)) x
	GROUP BY g;
SELECT count(*) > 0 AS customers_without_purchase
FROM (SELECT FROM orders WHERE c IS NOT NULL AND at IS NOT NULL GROUP BY g, c HAVING bool_and(amount < 0)) x;
CREATE FUNCTION check_clv(key text, timetype text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	wrong bigint;
	n bigint;
BEGIN
	EXECUTE format($q$
		SELECT count(*), count(*) FILTER (WHERE NOT coalesce((s).customers = o.customers AND (s).purchases = o.purchases
			AND (s).revenue = o.revenue AND near((s).average_purchase_value, o.average_purchase_value)
			AND near((s).purchases_per_year, o.purchases_per_year)
			AND near((s).relationship_years, o.relationship_years)
			AND near((s).clv, o.clv) AND m.clv = (s).clv
			AND near(simple_clv((s).average_purchase_value, (s).purchases_per_year, (s).relationship_years), (s).clv),
			false))
		FROM clv_oracle o
		FULL JOIN (SELECT g, clv_summary(%1$s, at::%2$s, amount) AS s, clv(%1$s, at::%2$s, amount) AS clv
		           FROM orders GROUP BY g
		           UNION ALL SELECT g, clv_summary(%1$s, at::%2$s, amount::numeric),
		           clv(%1$s, at::%2$s, amount::numeric)
		           FROM orders GROUP BY g) m USING (g)$q$, key, timetype) INTO n, wrong;
	RETURN format('%s groups, %s wrong', n, wrong);
END $$;
SELECT timetype, key, check_clv(key, timetype)
FROM (VALUES ('date'), ('timestamp'), ('timestamptz')) t(timetype),
     (VALUES ('c'), ('c::int'), ('c::text'), ('c::varchar'), ('c::char(6)'), ('(c + 2000)::numeric'),
             ('md5(c::text)::uuid')) k(key)
ORDER BY timetype, key COLLATE "C";
UPDATE orders SET at = at + rnd(o, 12, 86400000) * interval '1 millisecond' WHERE o IS NOT NULL;
SELECT check_clv('c', 'timestamp'), check_clv('c::text', 'timestamptz'), check_within('c', 'timestamptz');
SET work_mem = '64kB';
SELECT check_clv('c', 'timestamp'), check_within('c', 'timestamp'), check_repeat('c', 'o');
RESET work_mem;
SET enable_hashagg = off;
SELECT check_clv('c', 'timestamp'), check_within('c', 'timestamp'), check_repeat('c', 'o');
RESET enable_hashagg;
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT check_clv('c', 'timestamp'), check_within('c', 'timestamp'), check_repeat('c', 'o');
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

--
-- A refund is not a purchase
--
CREATE TABLE refunds (c text, at date, amount numeric);
INSERT INTO refunds VALUES
	('a', '2024-01-05', 50), ('a', '2024-01-12', -50), ('one', '2024-01-05', 50), ('two', '2024-01-05', 50),
	('two', '2024-01-20', 30),
	('x', '2024-01-05', 50), ('x', '2024-01-08', 30), ('x', '2024-03-09', -30);
SELECT (n).customers, (n).purchases, (n).revenue, (n).average_purchase_value, (n).clv, n = f AS float8,
       n = t AS timestamps, near((n).relationship_years * 365.25 * 4, 18) AS days
FROM (SELECT clv_summary(c, at, amount) AS n, clv_summary(c, at, amount::float8) AS f,
             clv_summary(c, at::timestamp, amount) AS t
      FROM refunds) x;
-- rows of every kind: free, of unknown value, of nobody, refunds before any purchase, alone and below zero
CREATE TABLE ledger (c int, at date, amount numeric);
INSERT INTO ledger VALUES
	(1, '2024-01-05', 100), (1, '2024-01-05', 20.50), (1, '2024-02-10', 80), (1, '2024-02-12', -30),
	(1, '2024-04-02', 50),
	(2, '2024-01-20', 60), (2, '2024-01-25', -60), (2, '2024-02-03', -5), (3, '2024-02-14', 0),
	(3, '2024-03-12', 45.25), (4, '2024-03-01', NULL), (4, '2024-03-31', 10.005),
	(5, '2024-02-02', -12), (6, '2023-12-30', -7), (6, '2024-01-31', 40), (NULL, '2024-01-15', 999), (7, NULL, 999);
SELECT o, (s).customers, (s).purchases, (s).revenue, (s).average_purchase_value,
       round((s).purchases_per_year::numeric, 5) AS per_year, round((s).relationship_years::numeric, 7) AS years,
       (s).clv, s = f AS float8
FROM (SELECT o,
             clv_summary(c, at, amount
                         ORDER BY CASE o WHEN 'day' THEN at - date '2000-01-01' WHEN 'amount' THEN amount
                                       ELSE -amount END) AS s,
             clv_summary(c, at, amount::float8
                         ORDER BY CASE o WHEN 'day' THEN at - date '2000-01-01' WHEN 'amount' THEN amount
                                       ELSE -amount END) AS f
      FROM ledger, unnest(ARRAY['day', 'amount', 'descending']) o GROUP BY o) x ORDER BY o;
-- who only has refunds is no customer, and alone there is nobody; nor does a refund lengthen the relationship
SELECT clv_summary(c, at, amount), clv(c, at, amount), clv(c, at, amount::float8) FROM ledger WHERE amount < 0;
SELECT clv_summary(c, at, amount)
FROM (VALUES (1, date '2024-01-01', 10), (1, '2030-01-01', -4), (1, '2001-01-01', -4),
             (2, '2024-05-05', -100)) v(c, at, amount);
-- refunds of many, of whom each second one buys at last; in one state and in parts
CREATE AGGREGATE clv_state(customer_key, date, numeric) (SFUNC = clv_transfn, STYPE = customer_map);
CREATE AGGREGATE clv_of_states(customer_map) (SFUNC = clv_combine, STYPE = customer_map,
                                              FINALFUNC = clv_summary_finalfn);
CREATE TABLE late AS
	SELECT i, i % 7000 AS c, date '2024-01-01' + (i / 7000)::int AS at,
	       CASE WHEN i < 14000 THEN -0.25 ELSE 10 END AS amount
	FROM generate_series(0, 20999) i WHERE i < 14000 OR i % 2 = 0;
SELECT s, s = p AS parts, s = f AS refunds_last
FROM (SELECT clv_summary(c, at, amount ORDER BY i) AS s, clv_summary(c, at, amount ORDER BY i DESC) AS f FROM late) w,
     (SELECT clv_of_states(s) AS p FROM (SELECT clv_state(c, at, amount) AS s FROM late GROUP BY i / 5000) y) p;
-- money is not a type of number: cast it
SELECT clv(1, date '2024-01-01', '3'::money);
SELECT clv(1, date '2024-01-01', '3'::money::numeric);

--
-- Types of amounts, literals, NULLs and parameters
--
CREATE FUNCTION resolves(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE 'SELECT ' || call || ' FROM (VALUES (1, date ''2024-01-01'', timestamp ''2024-01-01'', '
	                             'timestamptz ''2024-01-01'')) v(c, d, t, z)' INTO result;
	RETURN coalesce(result, 'NULL');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT amount, resolves(format('clv(c, d, %s)', amount)) AS date,
       resolves(format('clv(c, t, %s)', amount)) AS timestamp, resolves(format('clv(c, z, %s)', amount)) AS timestamptz,
       resolves(format('clv_summary(c, d, %s)', amount)) AS summary,
       resolves(format('clv(''7'', now(), %s)', amount)) AS literal_customer
FROM unnest(ARRAY['''2.50''', 'NULL', '2', '2.50', '2::smallint', '2::bigint', '2.5::real', '2.5::float8',
                  '2.5::numeric(12,2)', 'NULL::int', '2.5::numeric::text', '''x''']) amount;
SELECT call, resolves(call)
FROM unnest(ARRAY['clv(c, current_date, 1.5)', 'clv(NULL, now(), 1.5)', 'clv(c, NULL::date, NULL)',
                  'clv(''7'', timestamp ''2024-01-01'', ''1.5'')', 'clv(c, localtimestamp, ''1.5'')']) call;
PREPARE untyped AS
SELECT clv(1, date '2024-01-01', $1), clv_summary(1, timestamptz '2024-01-01', $2),
       clv(1, timestamp '2024-01-01', $3 + 0.5);
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'untyped';
EXECUTE untyped(1.5, NULL, 2);
PREPARE typed(numeric, bigint, real) AS
SELECT clv(1, date '2024-01-01', $1), clv_summary(1, date '2024-01-01', $2), clv(1, date '2024-01-01', $3);
EXECUTE typed(1.5, 2, 2.5);
DEALLOCATE ALL;
-- seconds, and ids, are no times: there is no product of three numbers under this name
SELECT clv(1, 1704067200, 10), 1;
SELECT clv(1::bigint, 1704067200::bigint, 10.5);
SELECT clv(1::float8, 2::float8, 3::float8);
SELECT clv(20, 5, 3);
-- a time is no order id; as text it passes for one, which cannot be seen
SELECT repeat_purchase_rate(1, date '2024-01-01');
SELECT repeat_purchase_rate(1, timestamp '2024-01-01');
SELECT repeat_purchase_rate(1, timestamptz '2024-01-01');
SELECT repeat_purchase_rate(c, at) AS not_within_any_time
FROM (VALUES (1, '2024-01-01'), (1, '2024-01-02'), (1, '2024-01-03')) v(c, at);
-- the rate of rows leaves refunds out where its page says so
SELECT repeat_purchase_rate(c) FILTER (WHERE amount >= 0) AS purchases, repeat_purchase_rate(c) AS rows,
       repeat_purchase_rate(c) FILTER (WHERE amount >= 0 OR amount IS NULL) AS unknown_amounts
FROM refunds;

-- small cases by hand: two customers, half a year (182.625 days) and none
SELECT (s).customers, (s).purchases, (s).revenue, (s).average_purchase_value, (s).purchases_per_year,
       (s).relationship_years, (s).clv, clv
FROM (SELECT clv_summary(c, at, amount) AS s, clv(c, at, amount) AS clv
      FROM (VALUES ('a', timestamp '2024-01-01 00:00', 100), ('a', '2024-07-01 15:00', 40),
                   ('b', '2024-03-01', 60)) v(c, at, amount)) x;
-- one-time buyers only
SELECT clv_summary(c, at, amount), clv(c, at, amount)
FROM (VALUES (1, date '2024-01-01', 10), (2, '2024-05-01', 30)) v(c, at, amount);
-- nothing; ignored rows; no amounts; revenue zero and below
SELECT clv_summary(c, at, amount), clv(c, at, amount)
FROM (VALUES (1, date '2024-01-01', 1)) v(c, at, amount) WHERE false;
SELECT clv_summary(c, at, amount), clv(c, at, amount)
FROM (VALUES (NULL::int, date '2024-01-01', 1), (1, NULL, 1)) v(c, at, amount);
SELECT clv_summary(c, at, amount), clv(c, at, amount)
FROM (VALUES (1, date '2024-01-01', NULL::float8), (1, '2025-01-01', NULL)) v(c, at, amount);
SELECT clv(c, at, amount) FROM (VALUES (1, date '2024-01-01', 10), (1, '2025-01-01', -30)) v(c, at, amount);
-- a leap year is 366 days of 365.25, whatever the time type and the zone
SET timezone = 'Europe/Berlin';
SELECT (clv_summary(c, at::date, 1)).relationship_years * 365.25 AS date,
       (clv_summary(c, at, 1)).relationship_years * 365.25 AS timestamp,
       (clv_summary(c, at::timestamptz, 1)).relationship_years * 365.25 AS timestamptz
FROM (VALUES (1, timestamp '2024-01-01'), (1, '2025-01-01')) v(c, at);
SELECT round(((clv_summary(c, at::timestamptz, 1)).relationship_years * 365.25 * 24)::numeric, 6) AS hours_23
FROM (VALUES (1, timestamp '2024-03-31'), (1, '2024-04-01')) v(c, at);
SET timezone = 'UTC';

-- GROUPING SETS, FILTER, two aggregates over one state
SELECT count(*) AS rows,
       count(*) FILTER (WHERE NOT near((s).clv, clv) OR NOT near((s).clv, (s).revenue / (s).customers)
                          OR s IS NULL) AS wrong,
       count(*) FILTER (WHERE NOT near(f,
                                       (SELECT sum(amount) FILTER (WHERE buyer) / count(DISTINCT c) FILTER (WHERE buyer)
                                        FROM (SELECT *,
                                                     bool_or(amount >= 0 OR amount IS NULL) OVER (
                                                         PARTITION BY c, CASE WHEN x.g IS NOT NULL THEN g END) AS buyer
                                              FROM orders WHERE at IS NOT NULL) o
                                        WHERE c > 0 AND (x.g IS NULL OR o.g = x.g)))) AS wrong_filter
FROM (SELECT g, clv_summary(c, at, amount) AS s, clv(c, at, amount) AS clv, clv(c, at, amount) FILTER (WHERE c > 0) AS f
      FROM orders GROUP BY ROLLUP (g)) x;
-- many groups
SELECT count(*) AS groups, count(*) FILTER (WHERE NOT (near(r, br) AND near(o, bo) AND near(v, bv))) AS wrong
FROM (SELECT g, repeat_purchase_rate(c) AS r, repeat_purchase_rate(c, o) AS o, clv(c, at, a) AS v
      FROM (SELECT i % 10000 AS g, rnd(i, 13, 3) AS c, rnd(i, 14, 2) AS o,
                   date '2024-01-01' + rnd(i, 15, 99)::int AS at, rnd(i, 16, 9) AS a
            FROM generate_series(1, 50000) i) e GROUP BY g) m
JOIN (SELECT g, avg((n >= 2)::int) AS br, avg((d >= 2)::int) AS bo, sum(a) / count(*) AS bv
      FROM (SELECT i % 10000 AS g, rnd(i, 13, 3) AS c, count(*) AS n, count(DISTINCT rnd(i, 14, 2)) AS d,
                   sum(rnd(i, 16, 9)) AS a
            FROM generate_series(1, 50000) i GROUP BY 1, 2) e GROUP BY g) b USING (g);

--
-- Windows: growing and moving frames against queries over their rows
--
CREATE TABLE w AS
	SELECT i, rnd(i, 31, 3) AS p, CASE WHEN rnd(i, 32, 20) > 0 THEN rnd(i, 33, 40) END AS c, rnd(i, 34, 60) AS o,
	       timestamp '2024-01-01' + rnd(i, 35, 90) * interval '1 day' AS at, rnd(i, 36, 100) - 20 AS amount
	FROM generate_series(1, 300) i;
CREATE FUNCTION check_frame(frame text, condition text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	wrong bigint;
	n bigint;
BEGIN
	EXECUTE format($q$
		SELECT count(*),
		       count(*) FILTER (WHERE NOT (near(o.r, b.r) AND near(o.ro, b.ro) AND near(o.rw, b.rw) AND near(o.v, b.v)
		                                   AND near((o.s).purchases_per_year, (b.s).purchases_per_year)))
		FROM (SELECT *, repeat_purchase_rate(c) OVER f AS r, repeat_purchase_rate(c, o) OVER f AS ro,
		             repeat_purchase_rate(c, at, '30 days') OVER f AS rw,
		             clv(c, at, amount) OVER f AS v, clv_summary(c, at, amount::numeric / 3) OVER f AS s
		      FROM w WINDOW f AS (PARTITION BY p ORDER BY i %1$s)) o,
		     LATERAL (SELECT repeat_purchase_rate(c) AS r, repeat_purchase_rate(c, w.o) AS ro,
		                     repeat_purchase_rate(c, at, '30 days') AS rw,
		                     clv(c, at, amount) AS v, clv_summary(c, at, amount::numeric / 3) AS s
		              FROM w WHERE w.p = o.p AND %2$s) b$q$, frame, condition) INTO n, wrong;
	RETURN format('%s rows, %s wrong', n, wrong);
END $$;
SELECT frame, check_frame(frame, condition)
FROM (VALUES (1, '', 'w.i <= o.i'),
             (2, 'RANGE BETWEEN 60 PRECEDING AND CURRENT ROW', 'w.i BETWEEN o.i - 60 AND o.i'),
             (3, 'RANGE BETWEEN 60 PRECEDING AND 20 FOLLOWING EXCLUDE CURRENT ROW',
              'w.i BETWEEN o.i - 60 AND o.i + 20 AND w.i <> o.i'),
             (4, 'RANGE BETWEEN 60 PRECEDING AND 30 PRECEDING', 'w.i BETWEEN o.i - 60 AND o.i - 30'))
     f(n, frame, condition)
        ORDER BY n;
-- a large state that is read after each row and goes on
SELECT count(*) AS rows,
       count(*) FILTER (WHERE NOT near(v, i::float8 / least(i, 9000))
                          OR NOT near(r, greatest(0, i - 9000) / least(i, 9000)::float8)) AS wrong
FROM (SELECT i, clv(i % 9000, date '2024-01-01', 1) OVER f AS v, repeat_purchase_rate(i % 9000) OVER f AS r
      FROM generate_series(1, 18000) i WINDOW f AS (ORDER BY i)) x;

--
-- Parallel plans
--
SELECT parallel_check('SELECT repeat_purchase_rate(c) a, repeat_purchase_rate(c, o) b, repeat_purchase_rate(c, at, '
                      '''8 weeks'') d, repeat_purchase_rate(c, at::date, ''8 weeks'') e, repeat_purchase_rate(c, '
                      'at::timestamptz, ''8 weeks'') f FROM orders');
SELECT parallel_check('SELECT g, repeat_purchase_rate(c) a, repeat_purchase_rate(c, o) b, repeat_purchase_rate(c, at, '
                      '''8 weeks'') d FROM orders GROUP BY g');
SELECT parallel_check('SELECT clv(c, at, amount) a, (clv_summary(c, at, amount)).* FROM orders');
SELECT parallel_check('SELECT clv(c, at, amount::numeric) a, (clv_summary(c, at::date, amount::numeric / 7)).* '
                      'FROM orders');
SELECT parallel_check('SELECT g, clv(c, at::timestamptz, (amount / 100)::numeric) a FROM orders GROUP BY g');
SELECT parallel_check('SELECT clv(c, at, amount) a, clv(c, at, amount::numeric) b FROM orders WHERE amount < 0');
SELECT parallel_check('SELECT g, clv(c, at::date, amount) a, clv_summary(c, at::timestamptz, amount) s '
                      'FROM orders GROUP BY g');
SELECT parallel_check('SELECT clv(c, at, amount) a, repeat_purchase_rate(c) b, repeat_purchase_rate(c, o) d, '
                      'repeat_purchase_rate(c, at, ''8 weeks'') e FROM orders WHERE c + 0 = -99999');
SELECT parallel_check('SELECT clv(c, at, amount) a, repeat_purchase_rate(c) b, repeat_purchase_rate(c, o) d, '
                      'repeat_purchase_rate(c, at, ''8 weeks'') e FROM orders WHERE c IS NULL');
SELECT parallel_check('SELECT clv(c, at, amount) a, repeat_purchase_rate(c) b, repeat_purchase_rate(c, o) d, '
                      'repeat_purchase_rate(c, at, ''8 weeks'') e FROM orders WHERE c + 0 = 7');
-- one customer's rows in several partitions
CREATE TABLE years (c bigint, o bigint, at timestamp, amount double precision) PARTITION BY RANGE (at);
CREATE TABLE years_1 PARTITION OF years FOR VALUES FROM ('2023-01-01') TO ('2023-06-01');
CREATE TABLE years_2 PARTITION OF years FOR VALUES FROM ('2023-06-01') TO ('2024-01-01');
CREATE TABLE years_3 PARTITION OF years FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
INSERT INTO years SELECT c, o, at, amount FROM orders WHERE at IS NOT NULL;
INSERT INTO years
	SELECT i % 100000, i, timestamp '2023-01-01' + rnd(i, 17, 500) * interval '1 day', 1
	FROM generate_series(1, 150000) i;
ANALYZE years;
SET enable_partitionwise_aggregate = on;
SELECT parallel_check('SELECT repeat_purchase_rate(c) a, repeat_purchase_rate(c, o) b, repeat_purchase_rate(c, at, '
                      '''8 weeks'') d FROM years');
SELECT parallel_check('SELECT clv(c, at, amount) a, (clv_summary(c, at, amount)).* FROM years');
RESET enable_partitionwise_aggregate;
SELECT near(repeat_purchase_rate(c),
            (SELECT avg((n > 1)::int)
             FROM (SELECT count(*) AS n FROM years WHERE c IS NOT NULL GROUP BY c) x)) AS by_row,
       near(repeat_purchase_rate(c, o),
            (SELECT avg((n > 1)::int) FILTER (WHERE n > 0)
             FROM (SELECT count(DISTINCT o) AS n FROM years WHERE c IS NOT NULL GROUP BY c) x)) AS by_order,
       near(clv(c, at, amount),
            (SELECT sum(amount) FILTER (WHERE buyer) / count(DISTINCT c) FILTER (WHERE buyer)
             FROM (SELECT *, bool_or(amount >= 0 OR amount IS NULL) OVER (PARTITION BY c) AS buyer FROM years) y
             WHERE c IS NOT NULL)) AS clv
FROM years;

--
-- Plain functions
--
SELECT simple_clv(20, 5, 3), simple_clv(NULL, 5, 3), simple_clv(20, NULL, 3), simple_clv(20, 5, NULL),
       simple_clv(0, 5, 3);
SELECT simple_clv(1e200, 1e200, 1);
SELECT simple_clv('NaN', 1, 1);
SELECT simple_clv(1, 'Infinity', 1);
SELECT simple_clv(1, 1, '-Infinity');

-- contractual value against the sums, to where the payments vanish
SELECT payment, count(*) AS cases,
       count(*) FILTER (WHERE NOT near(clv_contractual(m, r, d, payment, p), oracle, 1e-9)) AS wrong
FROM unnest(ARRAY[1, 12.5, -3]) m, unnest(ARRAY[0, 0.5, 0.8, 0.95]) r, unnest(ARRAY[0.05, 0.1, 1]) d,
     unnest(ARRAY[1, 4, 12]) p,
     unnest(ARRAY['first_included', 'first_excluded', 'end_of_period']) payment,
     LATERAL (SELECT power(1 + d, 1.0::float8 / p) - 1 AS dp) x,
     LATERAL (SELECT sum(CASE payment WHEN 'first_included' THEN m * power(r::float8, k) / power(1 + dp, k)
                                      WHEN 'first_excluded'
                                        THEN CASE WHEN k > 0 THEN m * power(r::float8, k) / power(1 + dp, k) ELSE 0 END
                                      ELSE m * power(r::float8, k) / power(1 + dp, k + 1) END) AS oracle
              FROM generate_series(0, least(600, 200 / -log(greatest(r, 0.01) / (1 + dp)))::int) k) s
GROUP BY payment ORDER BY payment;
SELECT near(clv_contractual(100, 0.8, 0.1), 100 * 1.1 / 0.3) AS included,
       near(clv_contractual(100, 0.8, 0.1, 'first_excluded'), 100 * 0.8 / 0.3) AS excluded,
       near(clv_contractual(100, 0.8, 0.1, payment => 'end_of_period'), 100 / 0.3) AS at_end,
       near(clv_contractual(margin => 100, retention_rate => 0.8, annual_discount => 0.21, periods_per_year => 2),
            100 * 1.1 / 0.3) AS half_years;
-- everybody stays and money costs nothing: no finite value
SELECT clv_contractual(100, 1, 0), clv_contractual(100, 1, 0, 'end_of_period'), clv_contractual(100, 0, 0),
       clv_contractual(100, 0, 0, 'first_excluded');
-- a discount below 0 that just makes up for the losses, however 1 + d - r is rounded
SELECT count(*) FILTER (WHERE clv_contractual(100, (1000 - i) / 1000.0, -i / 1000.0) IS NOT NULL) AS wrong
FROM generate_series(1, 999) i;
SELECT clv_contractual(100, 1, 1e-18) > 0.9e20 AS discount_kept;
SELECT clv_contractual(NULL, 0.8, 0.1), clv_contractual(100, NULL, 0.1);
SELECT clv_contractual(100, 0.8, NULL);
SELECT clv_contractual(100, 1.01, 0.1);
SELECT clv_contractual(100, -0.01, 0.1);
SELECT clv_contractual(100, 0.8, -1);
SELECT clv_contractual(100, 0.8, 0.1, 'monthly');
SELECT clv_contractual(100, 0.8, 0.1, NULL);
SELECT clv_contractual(100, 0.8, 0.1, 'first_included', 0);
SELECT clv_contractual(100, 0.8, 0.1, 'first_included', -12);
SELECT clv_contractual(100, 0.8, 0.1, 'first_included', NULL);
-- one rule for annual_discount and periods_per_year in every function that has them
CREATE FUNCTION says(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result double precision;
	detail text;
	hint text;
BEGIN
	EXECUTE statement INTO result;
	RETURN CASE WHEN result IS NULL THEN 'NULL' WHEN result > 0 THEN 'positive' ELSE result::text END;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' / ', SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, ''));
END $$;
CREATE TABLE valuation (name text, call text);
INSERT INTO valuation VALUES
	('clv_contractual', 'SELECT clv_contractual(10, 0.5, %s, periods_per_year => %s)'),
	('clv of a curve', 'SELECT clv(survival_curve(t, true), 10, %s, 3, %s) FROM generate_series(1, 4) t'),
	('clv of a contract model',
	 'SELECT clv(jsonb_populate_record(NULL::sbg_model, ''{"alpha": 1.5, "beta": 2}''), 10, %s, 12, %s)'),
	('the same, for ever',
	 'SELECT clv(jsonb_populate_record(NULL::sbg_model, ''{"alpha": 1.5, "beta": 2}''), 10, %s, '
	 'periods_per_year => %s)'),
	('residual_lifetime',
	 'SELECT residual_lifetime(jsonb_populate_record(NULL::sbg_model, ''{"alpha": 1.5, "beta": 2}''), 3, %s, %s)'),
	('clv of a purchase model',
	 'SELECT clv(m, g, 3, 20, 50, 10, ''1 year'', %s) '
	 'FROM jsonb_populate_record(NULL::purchase_model, ''{"model": "BG/NBD", "r": 0.5, "alpha": 20, "a": 0.8, '
	 '"b": 2.5}'') m, jsonb_populate_record(NULL::spend_model, ''{"p": 6, "q": 4, "v": 15}'') g');
SELECT says, array_agg(DISTINCT discount) AS annual_discount, array_agg(DISTINCT name) AS functions
FROM (SELECT name, discount,
             says(CASE WHEN name = 'clv of a purchase model' THEN format(call, discount)
                       ELSE format(call, discount, 1) END)
      FROM valuation,
           unnest(ARRAY['0.1', '0', '-0.1', '-0.999', '-1', '-2', 'NULL', '''NaN''', '''Infinity''']) discount) x
GROUP BY says ORDER BY says COLLATE "C";
SELECT says, array_agg(DISTINCT periods) AS periods_per_year, array_agg(DISTINCT name) AS functions
FROM (SELECT name, periods, says(format(call, 0.1, periods))
      FROM valuation, unnest(ARRAY['12', '0.25', '0', '-12', 'NULL', '''NaN''', '''-Infinity''']) periods
      WHERE name <> 'clv of a purchase model') x
GROUP BY says ORDER BY says COLLATE "C";
-- a discount below 0 against the sums
SELECT near(clv_contractual(10, 0.5, -0.1), 10 * 0.9 / 0.4) AS contractual,
       (SELECT near(clv(survival_curve(t, true), 10, -0.1, 3), 10 * (1 + 0.75 / 0.9 + 0.5 / 0.81))
        FROM generate_series(1, 4) t) AS curve,
       (SELECT near(clv(m, 10, -0.1, 12), 10 * sum(sbg_survival(m, t) / 0.9 ^ t))
        FROM jsonb_populate_record(NULL::sbg_model, '{"alpha": 1.5, "beta": 2}') m, generate_series(0, 11) t
        GROUP BY m) AS model;
SELECT clv_contractual('NaN', 0.8, 0.1);
SELECT clv_contractual('Infinity', 0.8, 0.1);
SELECT clv_contractual(100, 'NaN', 0.1);
SELECT clv_contractual(100, 0.8, 'NaN');
SELECT clv_contractual(100, 0.8, 'Infinity');
SELECT clv_contractual(100, 0.8, 0.1, 'first_included', 'NaN');
SELECT clv_contractual(1e308, 0.99, 0);

-- ratios
SELECT retention_cost(100000, 1000), acquisition_cost(5000, 40), clv_to_cac(300, 100), roi(150, 100), roi(50, 100),
       engagement_rate(30, 120), engagement_rate(3, 2);
SELECT retention_cost(100000, 0), acquisition_cost(5000, 0), clv_to_cac(300, 0), roi(150, 0), engagement_rate(30, 0),
       engagement_rate(0, 0);
SELECT retention_cost(NULL, 1), retention_cost(1, NULL), acquisition_cost(NULL, 1), acquisition_cost(1, NULL),
       clv_to_cac(NULL, 1), clv_to_cac(1, NULL),
       roi(NULL, 1), roi(1, NULL), engagement_rate(NULL, 1), engagement_rate(1, NULL);
SELECT retention_cost(total_cost => 10, retained_customers => 4),
       acquisition_cost(total_cost => 10, acquired_customers => 4), clv_to_cac(clv => 3, cac => 2),
       roi(gain => 3, cost => 2), engagement_rate(interactions => 1, audience => 2);
SELECT retention_cost(100, -1);
SELECT acquisition_cost(100, -1);
SELECT engagement_rate(-1, 10);
SELECT engagement_rate(1, -10);
SELECT retention_cost('NaN', 1);
SELECT acquisition_cost('Infinity', 1);
SELECT clv_to_cac('NaN', 1);
SELECT clv_to_cac(1, 'Infinity');
SELECT clv_to_cac(1e300, 1e-300);
SELECT roi('NaN', 1);
SELECT roi(1, '-Infinity');
SELECT roi(1e300, 1e-300);

SELECT purchases, score, customer_type(purchases, score)
FROM (VALUES (0, NULL), (1, NULL), (2, NULL), (1, 10), (2, 10), (2, 9), (2, 8), (100, 0), (0, 10),
             (NULL, 10)) v(purchases, score);
SELECT customer_type(1), customer_type(3), customer_type(0), customer_type(NULL),
       customer_type(purchases => 3, score => 9);
SELECT customer_type(-1);
SELECT customer_type(2, 11);
SELECT customer_type(2, -1);

--
-- Errors of the aggregates
--
SELECT repeat_purchase_rate(1, date 'infinity', '1 day');
SELECT repeat_purchase_rate(1, timestamp '-infinity', '1 day');
SELECT repeat_purchase_rate(1, timestamptz 'infinity', '1 day');
SELECT repeat_purchase_rate(1, date '2024-01-01', NULL);
SELECT repeat_purchase_rate(1, timestamp '2024-01-01', NULL);
SELECT repeat_purchase_rate(1, timestamptz '2024-01-01', NULL);
SELECT repeat_purchase_rate(1, date '2024-01-01', '0');
SELECT repeat_purchase_rate(1, date '2024-01-01', '-1 day');
SELECT repeat_purchase_rate(1, timestamp '2024-01-01', '1 month -40 days');
SELECT repeat_purchase_rate(1, at, within)
FROM (VALUES (date '2024-01-01', interval '1 day'), ('2024-01-02', '2 days')) v(at, within);
-- beyond the end of time
SELECT repeat_purchase_rate(1, timestamp '294276-12-31', '1 day');
SELECT repeat_purchase_rate(i, d, '5000000 years') FROM (VALUES (1, date '2024-01-01'), (2, '5874897-12-31')) v(i, d);
SELECT repeat_purchase_rate(1, timestamp '2024-01-01', '178000000 years');
SELECT clv(1, date 'infinity', 1);
SELECT clv(1, timestamp '-infinity', 1);
SELECT clv_summary(1, timestamptz 'infinity', 1);
SELECT clv(1, date '2024-01-01', 'NaN');
SELECT clv(1, date '2024-01-01', 'NaN'::numeric);
SELECT clv_summary(1, timestamp '2024-01-01', 'Infinity'::numeric);
SELECT clv(1, timestamptz '2024-01-01', '-Infinity'::numeric);
SELECT clv(1, date 'infinity', 1.5), clv(1, date '2024-01-01', 1.5);
SELECT clv(NULL::int, date 'infinity', 'NaN'::numeric), clv(1, NULL::date, 'NaN'::numeric);
SELECT clv(1, timestamp '2024-01-01', 'Infinity');
SELECT clv_summary(1, timestamptz '2024-01-01', '-Infinity');
SELECT clv(1, date '2024-01-01', a) FROM (VALUES (1e308), (1e308)) v(a);
-- a row without customer or time is ignored before anything else
SELECT repeat_purchase_rate(NULL::int, date 'infinity', NULL), repeat_purchase_rate(1, NULL::date, '-1 day'),
       clv(NULL::int, date 'infinity', 'NaN'), clv(1, NULL::date, 'NaN');
-- the ends of time are times
SELECT clv(c, at, 1) IS NOT NULL AS date, (clv_summary(c, at, 1)).relationship_years > 11000 AS years
FROM (VALUES (1, date '4713-01-01 BC'), (1, '12000-12-31')) v(c, at);
SELECT near((clv_summary(c, at, 1)).relationship_years, 298988, 1e-3) AS timestamp
FROM (VALUES (1, timestamp '4713-01-01 BC'), (1, '294276-12-31 23:59:59')) v(c, at);

DROP SCHEMA purchase_test CASCADE;

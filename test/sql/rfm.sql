--
-- rfm: recency, frequency and monetary value, their scores and segments
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
SET statement_timeout = '120s';
CREATE SCHEMA rfm_test;
SELECT set_config('search_path', 'rfm_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- Worked example
--
CREATE TABLE example (customer text, at timestamp, amount double precision);
INSERT INTO example VALUES
	-- three days, the second with two purchases, the third with a refund
	('ann', '2024-01-01 09:00', 10), ('ann', '2024-01-11 10:00', 20), ('ann', '2024-01-11 23:59:59.999999', 30),
	('ann', '2024-01-31', 90), ('ann', '2024-01-31 00:00:01', -60),
	-- one day, twice
	('bob', '2024-02-29 08:00', 5), ('bob', '2024-02-29 20:00', 7),
	-- a repeat day, one that came to nothing, and a refund of a day without a purchase
	('cem', '2024-01-01', 100), ('cem', '2024-01-02', 40), ('cem', '2024-01-03', 8), ('cem', '2024-01-03', -8),
	('cem', '2024-01-04', -15),
	-- the first purchase was sent back, the value of the second is not known
	('dee', '2024-01-01', 100), ('dee', '2024-01-05', -100), ('dee', '2024-01-06', NULL),
	-- amounts that nobody wrote down
	('eve', '2024-01-01', NULL), ('eve', '2024-01-08', NULL), ('eve', '2024-01-15', 12), ('eve', '2024-01-15', NULL),
	-- before the first instant of as_of, at it, later, and never
	('fay', '2024-02-29 23:59:59.999999', 1), ('fay', '2024-03-01 00:00', 1000), ('fay', '2024-03-01 12:00', -7),
	('fay', '2024-02-01', 2), ('fay', NULL, 500), ('fay', '2024-05-01', 70),
	-- a refund before the first purchase, and one of a day with a purchase that comes later in the table
	('ida', '2023-12-30', -7), ('ida', '2024-01-31', 40), ('ida', '2024-02-03', -5), ('ida', '2024-02-03', 25),
	-- refunds alone, or before as_of alone: nobody has bought
	('jim', '2024-02-02', -12), ('kim', '2024-02-02', -12), ('kim', '2024-03-01', 20),
	-- nothing to see
	('gus', '2024-03-02', 1), ('hal', NULL, 1);
SELECT customer, (rfm_summary(at, amount, '2024-03-01')).* FROM example GROUP BY customer ORDER BY customer;
SELECT customer, (rfm_summary(at AT TIME ZONE 'UTC', amount, '2024-03-01')).*
FROM example GROUP BY customer ORDER BY customer;
SELECT customer, (rfm_summary(at::date, amount, '2024-03-01')).* FROM example GROUP BY customer ORDER BY customer;
-- of as_of only the day counts, which may be that of any type
SELECT count(*) AS customers,
       count(*) FILTER (WHERE a IS DISTINCT FROM b OR a IS DISTINCT FROM c OR a IS DISTINCT FROM d
                          OR a IS DISTINCT FROM e OR a IS DISTINCT FROM f OR a IS DISTINCT FROM g) AS differ
FROM (SELECT rfm_summary(at, amount, '2024-03-01') AS a, rfm_summary(at, amount, '2024-03-01 23:59:59.999999') AS b,
             rfm_summary(at::date, amount, '2024-03-01') AS c,
             rfm_summary(at::timestamptz, amount, '2024-03-01 17:00') AS d,
             rfm_summary(at::date, amount, timestamptz '2024-03-01 12:00') AS e,
             rfm_summary(at, amount, timestamptz '2024-03-01 12:00') AS f,
             rfm_summary(at::timestamptz, amount, date '2024-03-01') AS g FROM example GROUP BY customer) x;
-- also if it changes within a group
SELECT rfm_summary(at, 5, as_of)
FROM (VALUES (timestamp '2024-01-01', timestamp '2024-02-01'), ('2024-01-02', '2024-02-01 10:00'),
             ('2024-01-03', '2024-02-01 00:00')) v(at, as_of);
SELECT (s).purchases, (s).age = current_date - 1 - date '2024-01-01' AS age
FROM (SELECT rfm_summary(at, 5, now()) AS s
      FROM (VALUES (date '2024-01-01'), (current_date - 1), (current_date), (current_date + 1)) v(at)) x;
-- all of them: the days of the store
SELECT (rfm_summary(at, amount, '2024-03-01 00:00')).* FROM example;
SELECT rfm_summary(at, amount, '2024-03-01 00:00') FROM example WHERE false;
SELECT rfm_summary(at, amount, '2024-03-01 00:00') FROM example WHERE at IS NULL;
SELECT rfm_summary(at, amount, '2023-12-31 23:59:59') FROM example;
-- bought on the last day that counts, and on the one after it
SELECT rfm_summary(date '2024-02-29', 5, '2024-03-01'), rfm_summary(date '2024-03-01', 5, '2024-03-01');
-- the names of the fields, their order and types
SELECT attname, atttypid::regtype
FROM pg_attribute WHERE attrelid = 'rfm_summary'::regclass AND attnum > 0 ORDER BY attnum;

--
-- Random data against plain SQL
--
-- 24,000 rows of 1,500 customers over four years around 2000-01-01, where
-- PostgreSQL's days change sign; half of them on one of 40 days, so that days
-- meet; some returns.  Amounts are whole eighths, so that their sums are exact.
CREATE TABLE purchase AS
	SELECT i, CASE WHEN rnd(i, 1, 60) > 0 THEN rnd(i, 2, 1500) END AS c, i % 4 AS g,
	       CASE WHEN rnd(i, 3, 50) > 0 THEN timestamp '1998-01-01'
	            + CASE rnd(i, 4, 2) WHEN 0 THEN rnd(i, 5, 40) * 36 ELSE rnd(i, 6, 1461) END * interval '1 day'
	            + rnd(i, 7, 3) * rnd(i, 8, 28800000) * interval '1 millisecond' END AS at,
	       CASE WHEN rnd(i, 9, 30) > 0 THEN (rnd(i, 10, 4000) - 900) / 8.0::double precision END AS amount
	FROM generate_series(1, 24000) i ORDER BY rnd(i, 11, 1000000), i;
INSERT INTO purchase
	SELECT 100000 + i, c, g, at, CASE i % 3 WHEN 0 THEN -amount ELSE amount END
	FROM purchase WHERE i % 5 = 0;
ANALYZE purchase;

-- What the summary should say, from the columns key, day, amount and as_of of a
-- query; rows of the day as_of and later are already gone.
CREATE FUNCTION oracle(query text) RETURNS TABLE (key bigint, s rfm_summary)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format($q$
		WITH rows AS (SELECT key, day, amount, as_of, coalesce(amount >= 0, true) AS purchase FROM (%s) q),
		placed AS (SELECT key, amount, as_of, purchase,
		                  coalesce(max(day) FILTER (WHERE purchase) OVER (PARTITION BY key ORDER BY day),
		                           min(day) FILTER (WHERE purchase) OVER (PARTITION BY key)) AS day FROM rows),
		days AS (SELECT key, day, count(*) FILTER (WHERE purchase) AS n, coalesce(sum(amount), 0) AS total,
		                max(as_of) AS as_of,
		                row_number() OVER (PARTITION BY key ORDER BY day) AS k
		         FROM placed WHERE day IS NOT NULL GROUP BY key, day)
		SELECT key, jsonb_populate_record(NULL::rfm_summary, jsonb_build_object(
			'frequency', count(*) - 1, 'recency', max(day) - min(day), 'age', max(as_of) - 1 - min(day),
			'monetary_value', sum(total) FILTER (WHERE k > 1) / nullif(count(*) - 1, 0),
			'purchases', sum(n), 'revenue', sum(total), 'first_day', min(day), 'last_day', max(day)))
		FROM days GROUP BY key$q$, query);
END $$;

-- Compares for one time type and one as_of, with the rows in some order
CREATE FUNCTION check_summary(timetype text, cut text, rows text DEFAULT 'purchase', amount text DEFAULT 'amount')
    RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	wrong bigint;
	n bigint;
	instant text := CASE timetype WHEN 'date' THEN 'at::date' ELSE 'at::' || timetype END;
	as_of text := CASE timetype WHEN 'date' THEN format('(%s)::timestamp::date', cut)
	                   ELSE format('(%s)::%s', cut, timetype) END;
BEGIN
	EXECUTE format($q$
		SELECT count(*), count(*) FILTER (WHERE m.s IS DISTINCT FROM o.s)
		FROM (SELECT key, s FROM oracle($o$
				SELECT c AS key, (%1$s)::date AS day, amount, (%2$s)::date AS as_of
				FROM purchase WHERE (%1$s)::date < (%2$s)::date$o$)) o
		FULL JOIN (SELECT c AS key, rfm_summary(%1$s, %4$s, %2$s) AS s FROM %3$s GROUP BY c) m USING (key)
		WHERE NOT (m.s IS NULL AND o.s IS NULL)$q$, instant, as_of, rows, amount) INTO n, wrong;
	RETURN format('%s customers, %s wrong', n, wrong);
END $$;
-- the full join above needs keys: those without a customer are a customer
UPDATE purchase SET c = -1 WHERE c IS NULL;
-- the data is not dull
SELECT count(*) > 1400 AS customers, count(*) FILTER (WHERE (s).frequency = 0) > 3 AS once,
       count(*) FILTER (WHERE (s).monetary_value <= 0) > 10 AS worthless,
       max((s).frequency) > 20 AS often, count(*) FILTER (WHERE (s).revenue < 0) > 10 AS returned,
       count(*) FILTER (WHERE (s).purchases > (s).frequency + 1) > 300 AS merged,
       count(*) FILTER (WHERE (s).first_day < '2000-01-01' AND (s).last_day > '2000-01-01') > 500 AS across
FROM oracle($$
            SELECT c AS key, at::date AS day, amount, date '1999-02-01' AS as_of
            FROM purchase WHERE at < '1999-02-01'
            UNION ALL
              SELECT 10000 + c, at::date, amount, date '2001-11-01' FROM purchase WHERE at < '2001-11-01'$$);
SELECT timetype, cut, check_summary(timetype, cut), check_summary(timetype, cut, amount => 'amount::numeric') AS numeric
FROM (VALUES ('date'), ('timestamp'), ('timestamptz')) t(timetype),
     (VALUES ($$'2002-12-31'$$), ($$'2000-06-15 12:00'$$), ($$'1999-12-31 23:59:59.999999'$$), ($$'2000-01-01'$$),
             ($$'1998-02-06'$$), ($$'1998-01-01'$$), ($$'1997-12-31'$$)) u(cut)
ORDER BY timetype, cut;
-- as_of may differ from customer to customer
SELECT timetype, check_summary(timetype, $$timestamp '1999-01-01' + c * interval '20 hours'$$)
FROM (VALUES ('date'), ('timestamp'), ('timestamptz')) t(timetype);
-- rows in order, backwards, shuffled
SELECT rows,
       check_summary('timestamp', $$'2001-03-01'$$,
                     format('(SELECT * FROM purchase ORDER BY %s) p', rows)) AS timestamp,
       check_summary('date', $$'2001-03-01'$$, format('(SELECT * FROM purchase ORDER BY %s) p', rows)) AS date
FROM unnest(ARRAY['at, i', 'at DESC, i', 'c, at, i', 'rnd(i, 12, 99999), i', 'at IS NULL, i']) rows;
-- hashing, sorting, little memory, and in a worker
SET enable_hashagg = off;
SELECT check_summary('timestamp', $$'2001-03-01'$$);
RESET enable_hashagg;
SET enable_sort = off; SET work_mem = '64kB';
SELECT check_summary('timestamptz', $$'2001-03-01'$$), check_summary('date', $$'2001-03-01'$$);
RESET enable_sort; RESET work_mem;
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT check_summary('timestamptz', $$'2001-03-01'$$), check_summary('date', $$'2001-03-01'$$);
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');

-- The days of a timestamptz are those of the session, also where they have 23
-- hours, 25, or begin at one o'clock
CREATE FUNCTION check_zone(zone text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	wrong bigint;
	n bigint;
BEGIN
	PERFORM set_config('timezone', zone, true);
	SELECT count(*), count(*) FILTER (WHERE m.s IS DISTINCT FROM m.o OR m.s IS DISTINCT FROM q.s) INTO n, wrong
	FROM (SELECT i % 300 AS key, rfm_summary(at, amount, as_of) AS s,
	             rfm_summary(at, amount, as_of ORDER BY at) AS o FROM moment GROUP BY 1) m
	FULL JOIN oracle(format('SELECT i %% 300 AS key, (at AT TIME ZONE %1$L)::date AS day, amount, '
	                        '(as_of AT TIME ZONE %1$L)::date AS as_of FROM moment '
	                        'WHERE (at AT TIME ZONE %1$L)::date < (as_of AT TIME ZONE %1$L)::date',
	                        zone)) q USING (key);
	RETURN format('%s customers, %s wrong', n, wrong);
END $$;
CREATE TABLE moment AS
	SELECT i, at, rnd(i, 13, 300) - 40.0::double precision AS amount, timestamptz '2019-10-27 23:30Z' AS as_of
	FROM (SELECT row_number() OVER () AS i, at
	      FROM (SELECT generate_series(timestamptz '2017-03-01Z', '2019-11-10Z', '97 minutes')
	            UNION ALL SELECT generate_series(timestamptz '2011-12-28Z', '2012-01-02Z', '5 minutes')) g(at)) x
	ORDER BY rnd(i, 14, 1000000), i;
SELECT zone, check_zone(zone)
FROM unnest(ARRAY['UTC', 'Europe/Berlin', 'America/Sao_Paulo', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia',
                  'America/St_Johns', '<+14:59>-14:59']) zone;
-- one statement, two zones
PREPARE in_zone AS
SELECT rfm_summary(at, 1, '2024-06-01Z')
FROM (VALUES (timestamptz '2024-01-01 22:30Z'), ('2024-01-02 01:00Z'), ('2024-01-03 06:00Z')) v(at);
EXECUTE in_zone;
SET timezone = 'Europe/Berlin';
EXECUTE in_zone;
SET timezone = 'America/Los_Angeles';
EXECUTE in_zone;
SET timezone = 'UTC';

--
-- Sums do not depend on the order of the rows
--
-- amounts in cents, of which no double knows the sum
CREATE TABLE cents AS
	SELECT i, i % 50 AS c, date '2024-01-01' + rnd(i, 15, 60)::int AS at,
	       ((rnd(i, 16, 2000000) - 500000) / 100.0)::double precision AS amount
	FROM generate_series(1, 20000) i;
SELECT count(*) AS customers,
       count(*) FILTER (WHERE a IS DISTINCT FROM b OR a IS DISTINCT FROM x OR a IS DISTINCT FROM y) AS differ
FROM (SELECT c, rfm_summary(at, amount, '2024-12-31') AS a, rfm_summary(at, amount, '2024-12-31' ORDER BY at, i) AS b,
             rfm_summary(at, amount, '2024-12-31' ORDER BY i DESC) AS x,
             rfm_summary(at, amount, '2024-12-31' ORDER BY amount) AS y
      FROM cents GROUP BY c) m;
-- a double is the decimal that it was made from, and sums of those are exact
SELECT count(*) AS customers,
       count(*) FILTER (WHERE (a).revenue <> (n).revenue OR (a).revenue <> total OR a IS DISTINCT FROM n
                          OR NOT near((a).monetary_value, (o.s).monetary_value, 1e-15)) AS wrong
FROM (SELECT c AS key, rfm_summary(at, amount, '2024-12-31') AS a, rfm_summary(at, amount::numeric, '2024-12-31') AS n,
             sum(amount::numeric)::double precision AS total
      FROM cents GROUP BY c) m
FULL JOIN oracle($$SELECT c::bigint AS key, at AS day, amount::numeric, date '2024-12-31' AS as_of FROM cents$$) o
    USING (key);
-- what cancels leaves what there was: a day of 1, and days of nothing
SELECT n, (rfm_summary(at, amount, '2024-12-31' ORDER BY ord)).*
FROM (VALUES (1, date '2024-01-01', 5::double precision), (2, '2024-02-01', 1e12), (3, '2024-02-01', 1),
             (4, '2024-02-01', -1e12),
             (5, '2024-03-01', 0.7), (6, '2024-03-01', 0.2), (7, '2024-03-01', -0.2), (8, '2024-03-01', -0.7),
             (9, '2024-04-01', 0.1), (10, '2024-04-01', 0.2), (11, '2024-04-01', -0.3), (12, '2024-05-01', 19.99),
             (13, '2024-05-01', 5.01), (14, '2024-05-01', -25)) v(i, at, amount),
     LATERAL (VALUES (1, i), (2, -i), (3, i * 5 % 17), (4, i * 7 % 19)) o(n, ord)
GROUP BY n ORDER BY n;
-- nor is what a thousand small amounts leave of a large one
SELECT (rfm_summary(at, amount, '2024-12-31')).monetary_value
FROM (SELECT date '2024-01-01' AS at, 5::double precision AS amount
      UNION ALL SELECT '2024-02-01', 0.1 FROM generate_series(1, 1000)
      UNION ALL SELECT '2024-02-01', -1 FROM generate_series(1, 100)) v;
-- a cent is a cent, beside whatever was bought and sent back
SELECT amount, (d).monetary_value AS double, (n).monetary_value AS numeric
FROM unnest(ARRAY[1, 1000, 1e6, 1e9, 1e12]) amount,
     LATERAL (SELECT rfm_summary(at, a::double precision, '2024-12-31') AS d, rfm_summary(at, a, '2024-12-31') AS n
              FROM (VALUES (date '2024-01-01', 5::numeric), ('2024-02-01', amount), ('2024-02-01', 0.01),
                           ('2024-02-01', -amount)) v(at, a)) l
ORDER BY amount;
-- one amount: doubles, and numeric whose decimals differ from row to row
SELECT a, (rfm_summary(date '2024-01-01', a, '2024-12-31')).revenue,
       (rfm_summary(date '2024-01-01', a, '2024-12-31')).revenue = a AS same
FROM unnest(ARRAY[0, '-0', 0.1, 0.1::double precision + 0.2, 11.77, 11.77::real, 1.0 / 3, 2.0 / 3e5, 123456789.01,
                  999999999999.99, 999999999999999, 1e15, 1234567890123456, 9007199254740993, 1e18, 123e20, 1e-9,
                  1.5e-12, 1e-22, 1e-30]::double precision[]) a
GROUP BY a ORDER BY a;
SELECT count(*) AS amounts,
       count(*) FILTER (WHERE (s).revenue <> a::double precision OR (d).revenue <> a::double precision) AS wrong
FROM (SELECT a, rfm_summary(date '2024-01-01', a, '2024-12-31') AS s,
             rfm_summary(date '2024-01-01', a::double precision, '2024-12-31') AS d
      FROM (SELECT DISTINCT rnd(i, 40, round(10::numeric ^ (1 + i % 15))::bigint) / 10::numeric ^ rnd(i, 41, 12) AS a
            FROM generate_series(1, 20000) i) y
      GROUP BY a) z;
SELECT n, rfm_summary(at, a, '2024-12-31' ORDER BY ord)
FROM (VALUES (1, date '2024-01-01', 1.50), (2, '2024-01-02', 2.5), (3, '2024-01-02', 3), (4, '2024-01-03', 0.001),
             (5, '2024-01-03', 1000000), (6, '2024-01-04', -0.00000000000000000001),
             (7, '2024-01-05', 1 / 3.0)) v(i, at, a),
     LATERAL (VALUES (1, i), (2, -i), (3, i * 5 % 9), (4, i * 3 % 11)) o(n, ord) GROUP BY n ORDER BY n;
-- any type of number: the column's own overload or the one it is cast to, none is ambiguous
SELECT pg_typeof(min(a))::text AS type, rfm_summary(date '2024-01-01', a, '2024-02-01')
FROM (SELECT 12::smallint) x(a)
UNION ALL
SELECT pg_typeof(min(a))::text, rfm_summary(date '2024-01-01', a, '2024-02-01') FROM (SELECT 12::integer) x(a) UNION ALL
SELECT pg_typeof(min(a))::text, rfm_summary(timestamp '2024-01-01', a, '2024-02-01')
FROM (SELECT 12::bigint) x(a)
UNION ALL
SELECT pg_typeof(min(a))::text, rfm_summary(timestamptz '2024-01-01', a, '2024-02-01')
FROM (SELECT 12.5::real) x(a)
UNION ALL
SELECT pg_typeof(min(a))::text, rfm_summary(timestamp '2024-01-01', a, timestamptz '2024-02-01')
FROM (SELECT 12.1::double precision) x(a)
UNION ALL
SELECT pg_typeof(min(a))::text, rfm_summary(timestamptz '2024-01-01', a, date '2024-02-01')
FROM (SELECT 12.1::numeric(12, 2)) x(a)
UNION ALL
SELECT pg_typeof(min(a))::text, rfm_summary(date '2024-01-01', a, timestamptz '2024-02-01')
FROM (SELECT 12.1::numeric) x(a)
UNION ALL
SELECT pg_typeof(min(a))::text, rfm_summary(date '2024-01-01', a, '2024-02-01') FROM (SELECT NULL::integer) x(a);
SELECT rfm_summary(date '2024-01-01', NULL, '2024-02-01'), rfm_summary('2024-01-01', 5, '2024-02-01'),
       rfm_summary('2024-01-01', '5', '2024-02-01'), rfm_summary(timestamp '2024-01-01', 5.5, '2024-02-01'),
       rfm_summary(date '2024-01-01', 5::bigint, date '2024-02-01');
PREPARE loose AS SELECT rfm_summary(at, $1, $2) FROM (VALUES (date '2024-01-01')) v(at);
EXECUTE loose (5.25, '2024-02-01');
PREPARE typed (numeric, timestamptz) AS SELECT rfm_summary(at, $1, $2) FROM (VALUES (date '2024-01-01')) v(at);
EXECUTE typed (5.25, '2024-02-01 12:00');
PREPARE looser AS SELECT rfm_summary($1, $2, $3);
EXECUTE looser ('2024-01-01', 5.25, '2024-02-01');
-- numeric in forms of every kind: stored short, long, compressed, out of line
CREATE TABLE shapes (a numeric);
INSERT INTO shapes
	SELECT (CASE WHEN i % 3 = 0 THEN -1 ELSE 1 END)
	           * round(rnd(i, 42, 1000000000000000) / 10::numeric ^ rnd(i, 43, 25), rnd(i, 44, 20)::int)
	           * 10::numeric ^ rnd(i, 45, 5)
	FROM generate_series(1, 3000) i;
INSERT INTO shapes VALUES
	(0), (0.0000), (-0.5), (10000), (99999999), (100000000), (0.0001), (0.00000001), (12345678901234567890.123456789);
SELECT count(*) AS days, count(*) FILTER (WHERE (s).revenue IS DISTINCT FROM a::double precision) AS wrong
FROM (SELECT a, rfm_summary(date '2024-01-01', abs(a), '2024-12-31') AS s
      FROM (SELECT DISTINCT abs(a) AS a FROM shapes) x GROUP BY a) y;
SELECT (s).revenue = (SELECT sum(a) FROM shapes)::double precision AS revenue,
       (s).purchases = (SELECT count(*) FROM shapes WHERE a >= 0) AS purchases
FROM (SELECT rfm_summary(date '2024-01-01', a, '2024-12-31') AS s FROM shapes) x;
SELECT rfm_summary(date '2024-01-01', a, '2024-12-31') FROM (VALUES (numeric 'NaN')) v(a);
SELECT rfm_summary(date '2024-01-01', a, '2024-12-31') FROM (VALUES (numeric 'Infinity')) v(a);
SELECT rfm_summary(date '2024-01-01', a, '2024-12-31') FROM (VALUES (numeric '-Infinity')) v(a);
SELECT rfm_summary(date '2024-01-01', a, '2024-12-31') FROM (VALUES (1e40), (1)) v(a);
SELECT rfm_summary(date '2024-01-01', a, '2024-12-31') FROM (VALUES (1e-40)) v(a);

--
-- The state is a value, so that servers can send it to each other
--
CREATE AGGREGATE days_of(date, double precision, date) (SFUNC = rfm_summary_transfn, STYPE = purchase_days);
CREATE AGGREGATE days_of(timestamp, double precision, timestamp) (SFUNC = rfm_summary_transfn, STYPE = purchase_days);
CREATE AGGREGATE days_of(date, numeric, date) (SFUNC = rfm_summary_transfn, STYPE = purchase_days);
CREATE AGGREGATE summary_of(purchase_days) (SFUNC = rfm_summary_combine, STYPE = purchase_days,
                                            FINALFUNC = rfm_summary_finalfn);
CREATE AGGREGATE merged(purchase_days) (SFUNC = rfm_summary_combine, STYPE = purchase_days);
-- any split, sent or written in between, gives the whole
CREATE TABLE part AS
	SELECT n, k, c, days_of(at, amount, '2024-12-31') AS state
	FROM (SELECT n, rnd(i, 25 + n, n) AS k, c, at, amount FROM cents, unnest(ARRAY[1, 2, 7, 50]) n) x GROUP BY n, k, c;
SELECT n, count(*) AS customers,
       count(*) FILTER (WHERE s IS DISTINCT FROM whole OR t IS DISTINCT FROM whole
                          OR b IS DISTINCT FROM whole) AS differ
FROM (SELECT n, c, summary_of(state) AS s, summary_of(state::text::purchase_days ORDER BY k) AS t,
             summary_of(state ORDER BY k DESC) AS b
      FROM part GROUP BY n, c) x
JOIN (SELECT c, rfm_summary(at, amount, '2024-12-31') AS whole FROM cents GROUP BY c) w USING (c) GROUP BY n ORDER BY n;
-- equal content, equal bytes: whatever the order and the split
SELECT count(DISTINCT n) AS splits, count(*) FILTER (WHERE bytes <> whole OR again <> whole OR typed <> whole) AS differ
FROM (SELECT n, c, merged(state ORDER BY k DESC)::text AS bytes, merged(state::text::purchase_days)::text AS again
      FROM part GROUP BY n, c) x
JOIN (SELECT c, days_of(at, amount, '2024-12-31')::text AS whole,
             days_of(at, amount::numeric, '2024-12-31' ORDER BY i DESC)::text AS typed
      FROM cents GROUP BY c) w USING (c);
SELECT count(*) AS states, bool_and(state::text::purchase_days::text = state::text) AS text,
       bool_and(encode(purchase_days_send(state), 'hex') = substr(state::text, 3)) AS binary
FROM part;
-- what was bought and returned in different parts cancels, too
SELECT (summary_of(state)).* FROM (
	SELECT days_of(date '2024-01-01', 5, '2024-12-31')
	UNION ALL SELECT days_of(date '2024-04-01', 0.1, '2024-12-31')
	UNION ALL SELECT days_of(date '2024-04-01', 0.2, '2024-12-31')
	UNION ALL SELECT days_of(date '2024-04-01', -0.3, '2024-12-31')
	UNION ALL SELECT NULL UNION ALL SELECT days_of(date '2025-01-01', 7, '2024-12-31')) p(state);
SELECT (summary_of(state)).monetary_value AS nothing_left FROM (
	SELECT days_of(date '2024-01-01', 5, '2024-12-31')
	UNION ALL SELECT days_of(date '2024-04-01', 0.01, '2024-12-31')
	UNION ALL SELECT days_of(date '2024-04-01', 9.99, '2024-12-31')
	UNION ALL SELECT days_of(date '2024-04-01', -10, '2024-12-31')) p(state);
SELECT summary_of(state) FROM (SELECT NULL::purchase_days) p(state);
-- from another query, another type of time
SELECT summary_of(state)
FROM (SELECT days_of(date '2024-01-01', 5, '2024-12-31')
      UNION ALL SELECT days_of(date '2024-01-01', 5, '2024-12-30')) p(state);
SELECT summary_of(state)
FROM (SELECT days_of(date '2024-01-01', 5, '2024-12-31')
      UNION ALL SELECT days_of(timestamp '2024-01-01', 5, '2024-12-31')) p(state);
-- as_of is day 0 and microsecond 0
SELECT summary_of(state)
FROM (SELECT days_of(date '1999-01-01', 5, '2000-01-01')
      UNION ALL SELECT days_of(timestamp '1999-01-01', 5, '2000-01-01')) p(state);
SELECT rfm_summary_finalfn(state) FROM part;
SELECT rfm_summary_combine(state, state) FROM part;
-- damaged: an error of the input, or a state like any other
CREATE TABLE sound AS
	SELECT decode(substr(state::text, 3), 'hex') AS bytes
	FROM part WHERE n = 50 AND c < 10 AND k < 10;
CREATE FUNCTION damage(i bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	bytes bytea := (SELECT s.bytes FROM sound s ORDER BY s.bytes OFFSET i % (SELECT count(*) FROM sound) LIMIT 1);
	at int;
BEGIN
	FOR n IN 0 .. rnd(i, 30, 3) LOOP
		at := CASE WHEN rnd(i, 31 + n, 2) = 0 THEN rnd(i, 32 + n, 30) ELSE rnd(i, 33 + n, length(bytes)) END;
		CASE rnd(i, 34 + n, 5)
			WHEN 0 THEN bytes := substr(bytes, 1, at + 1);
			WHEN 1 THEN bytes := bytes || substr(bytes, at + 1);
			WHEN 2
			  THEN bytes := overlay(bytes PLACING (ARRAY['\xff', '\x00', '\x7f', '\x80', '\x7fffffff', '\x80000000',
			                                             '\xffffffff', '\x7ff0000000000000', '\x7fefffffffffffff',
			                                             '\xfff8000000000000']::bytea[])[1 + rnd(i, 35 + n, 10)]
			                        FROM at + 1);
			ELSE IF length(bytes) > at THEN bytes := set_byte(bytes, at, rnd(i, 36 + n, 256)::int); END IF;
		END CASE;
	END LOOP;
	RETURN '\x' || encode(bytes, 'hex');
END $$;
CREATE FUNCTION try_damaged(t text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state purchase_days;
	s rfm_summary;
	detail text;
BEGIN
	BEGIN
		state := t::purchase_days;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
		RETURN concat('refused ', SQLSTATE, ': ' || substr(detail, 27));
	END;
	IF state::text <> t THEN
		RETURN 'not what was read';
	END IF;
	BEGIN
		s := (SELECT summary_of(x) FROM (VALUES (state), (state)) v(x));
		PERFORM merged(x)::text::purchase_days FROM (VALUES (state), (state)) v(x);
	EXCEPTION WHEN OTHERS THEN
		RETURN 'used ' || SQLSTATE;
	END;
	RETURN CASE WHEN (s).frequency >= 0 AND (s).recency >= 0 AND (s).age >= (s).recency
	       AND (s).purchases > (s).frequency AND abs((s).revenue) < 'Infinity'
	       AND coalesce(abs((s).monetary_value) < 'Infinity', true)
	            THEN 'used' WHEN s IS NULL THEN 'empty' ELSE 'nonsense ' || s::text END;
END $$;
SELECT DISTINCT try_damaged(damage(i)) AS outcome FROM generate_series(1, 4000) i ORDER BY outcome;
-- field by field: version, type of time, scale, number of days, day of as_of,
-- purchases; then for each day its number, whether there was a purchase, and
-- the sum in 128 bits
CREATE TABLE two AS
	SELECT decode(substr(days_of(at, 8, '2000-01-31')::text, 3), 'hex') AS bytes
	FROM (VALUES (date '2000-01-11'), ('2000-01-21')) v(at);
SELECT field, at, value, try_damaged('\x' || encode(overlay(bytes PLACING value FROM at + 1), 'hex')) AS outcome
FROM two,
     (VALUES ('as it is', 0, ''::bytea), ('version', 0, '\x00'), ('version', 0, '\x01'), ('version', 0, '\x03'),
             ('type', 1, '\x00'), ('type', 1, '\x04'), ('type', 1, '\x02'),
	('scale', 2, '\x02'), ('scale', 2, '\x26'), ('scale', 2, '\x27'), ('scale', 2, '\xff'),
	('days', 3, '\x00000001'), ('days', 3, '\x00000003'), ('days', 3, '\x80000002'),
	('day of as_of', 7, '\x7fffffff'), ('day of as_of', 7, '\x80000000'), ('day of as_of', 7, '\x00000014'),
	('day of as_of', 7, '\x00000015'),
	('purchases', 11, '\x0000000000000001'), ('purchases', 11, '\xffffffffffffffff'),
	('purchases', 11, '\x0000000000000005'), ('purchases', 11, '\x7fffffffffffffff'),
	('day', 19, '\x00000014'), ('day', 19, '\x00000015'), ('day', 19, '\x80000000'), ('day', 40, '\x0000000a'),
	('day', 40, '\x0000001d'), ('day', 40, '\x0000001e'), ('day', 40, '\x7fffffff'),
	('purchased', 23, '\x00'), ('purchased', 44, '\x00'), ('purchased', 44, '\x02'),
	('no purchases', 11, '\x00000000000000000000000a00'),
	('sum', 24, '\x7fffffffffffffffffffffffffffffff'), ('sum', 24, '\x80000000000000000000000000000000'),
	('sum', 45, '\xfffffffffffffffffffffffffffffff8'),
	('sum', 45, '\x0fffffffffffffffffffffffffffffff')) v(field, at, value);
SELECT ''::purchase_days;
SELECT '\x'::purchase_days;
SELECT '\x0'::purchase_days;
SELECT 'purchases'::purchase_days;

--
-- Many groups, and many days in one
--
CREATE TABLE many AS
	SELECT rnd(i, 17, 200000) AS c, date '2023-01-01' + rnd(i, 18, 400)::int AS at,
	       (rnd(i, 19, 800) / 8.0)::double precision AS amount
	FROM generate_series(1, 450000) i;
ANALYZE many;
SET work_mem = '256MB';
SELECT plan_has('SELECT c, rfm_summary(at, amount, ''2024-01-15'') FROM many GROUP BY c', 'HashAggregate') AS hashed;
CREATE TABLE many_days AS
	SELECT c, at, sum(amount) AS total, count(*) AS n, row_number() OVER (PARTITION BY c ORDER BY at) AS k
	FROM many WHERE at < '2024-01-15' GROUP BY c, at;
CREATE TABLE many_oracle AS
	SELECT c, count(*) - 1 AS frequency, max(at) - min(at) AS recency, date '2024-01-15' - 1 - min(at) AS age,
	       sum(total) FILTER (WHERE k > 1) / nullif(count(*) - 1, 0) AS monetary_value,
	       sum(n) AS purchases, sum(total) AS revenue, min(at) AS first_day, max(at) AS last_day FROM many_days
	GROUP BY c;
CREATE TABLE many_measured AS SELECT c, rfm_summary(at, amount, '2024-01-15') AS s FROM many GROUP BY c;
SELECT count(*) = (SELECT count(DISTINCT c) FROM many) AS customers,
       count(*) FILTER (WHERE m.s IS NULL) = count(*) FILTER (WHERE o.c IS NULL) AS without, count(*) FILTER (WHERE
	((s).frequency, (s).recency, (s).age, (s).monetary_value, (s).purchases, (s).revenue, (s).first_day, (s).last_day)
	IS DISTINCT FROM (frequency, recency::double precision, age::double precision, monetary_value, purchases::bigint,
	                  revenue, first_day, last_day)) AS wrong
FROM many_measured m FULL JOIN many_oracle o USING (c);
-- spilled, and sorted
SET work_mem = '2MB';
SELECT sum(hash_record_extended(s, c)) = (SELECT sum(hash_record_extended(s, c)) FROM many_measured) AS spilled
FROM (SELECT c, rfm_summary(at, amount, '2024-01-15') AS s FROM many GROUP BY c) x;
SET enable_hashagg = off;
SELECT sum(hash_record_extended(s, c)) = (SELECT sum(hash_record_extended(s, c)) FROM many_measured) AS sorted
FROM (SELECT c, rfm_summary(at, amount, '2024-01-15') AS s FROM many GROUP BY c) x;
RESET enable_hashagg; RESET work_mem;
-- a customer on each of 20,000 days, whatever the order: backwards, at random,
-- two runs and seven that alternate, and each day twice, far apart
CREATE TABLE daily AS
	SELECT d, date '1970-01-01' + d AS at, (1 + d % 7)::double precision AS amount
	FROM generate_series(0, 19999) d;
INSERT INTO daily SELECT d, at, -amount FROM daily WHERE d % 100 = 50;
INSERT INTO daily SELECT d, at - 1, -0.25 FROM daily WHERE d % 1000 = 0;
SELECT s, s = (SELECT rfm_summary(at, amount, '2030-01-01' ORDER BY d DESC) FROM daily) AS backwards,
       s = (SELECT rfm_summary(at, amount, '2030-01-01' ORDER BY rnd(d, 20, 1000000)) FROM daily) AS shuffled,
       s = (SELECT rfm_summary(at, amount, '2030-01-01' ORDER BY d % 10000, d) FROM daily) AS two_runs,
       s = (SELECT rfm_summary(at, amount, '2030-01-01' ORDER BY d % 2857, d DESC) FROM daily) AS seven_runs,
       ((s).frequency, (s).monetary_value, (s).revenue, 40000)
           = (SELECT (h).frequency, (h).monetary_value, (h).revenue, (h).purchases
              FROM (SELECT rfm_summary(at, amount::numeric / 2, '2030-01-01' ORDER BY d % 313, half, d) AS h
                    FROM daily, generate_series(1, 2) half) y) AS halves,
       (s).monetary_value = (SELECT sum(amount) / 19999 FROM daily WHERE d > 0) AS value
FROM (SELECT rfm_summary(at, amount, '2030-01-01' ORDER BY d) AS s FROM daily) x;
-- the value may be read between any two rows, and reading changes nothing
SELECT count(*) AS rows,
       count(*) FILTER (WHERE (s).frequency + 1 <> k OR (s).revenue <> sum OR (s).first_day <> first
                          OR (s).last_day <> last) AS wrong
FROM (SELECT rfm_summary(at, amount, '2030-01-01') OVER w AS s, count(*) OVER w AS k, sum(amount) OVER w AS sum,
             min(at) OVER w AS first, max(at) OVER w AS last
      FROM daily WHERE amount > 0 AND d < 1500
      WINDOW w AS (ORDER BY rnd(d, 50, 1000000), d ROWS UNBOUNDED PRECEDING)) x;
-- a state of 20,000 days that wait, sent and merged in pieces of any order
SELECT merged(state)::text = (SELECT days_of(at, amount, '2030-01-01')::text FROM daily) AS bytes
FROM (SELECT days_of(at, amount, '2030-01-01' ORDER BY rnd(d, 51, 1000000)) AS state FROM daily GROUP BY d % 5) x;

--
-- Parallel
--
SELECT parallel_check('SELECT (rfm_summary(at, amount, ''2001-06-01'')).* FROM purchase');
SELECT parallel_check('SELECT (rfm_summary(at::date, amount, ''2001-06-01'')).* FROM purchase');
SELECT parallel_check('SELECT (rfm_summary(at::timestamptz, amount, ''2001-06-01'')).* FROM purchase');
SELECT parallel_check('SELECT c, rfm_summary(at, amount, ''2001-06-01'') AS s FROM cents GROUP BY c');
SELECT parallel_check('SELECT g, rfm_summary(at, amount, ''2001-06-01''::timestamp + g * interval ''1 day'') AS s '
                      'FROM purchase GROUP BY g');
SELECT parallel_check('SELECT c % 100 AS c, rfm_summary(at, amount, ''2001-06-01'') AS s FROM purchase '
                      'GROUP BY c % 100');
-- workers without rows, with rows that are ignored, with rows behind as_of
SELECT parallel_check('SELECT rfm_summary(at, amount, ''2001-06-01'') AS s FROM purchase WHERE i + 0 = 77');
SELECT parallel_check('SELECT rfm_summary(at, amount, ''2001-06-01'') AS s FROM purchase WHERE i + 0 = -77');
SELECT parallel_check('SELECT rfm_summary(at, amount, ''2001-06-01'') AS s FROM purchase WHERE at IS NULL');
SELECT parallel_check('SELECT rfm_summary(at, amount, ''1998-01-01 00:00:01'') AS s FROM purchase');
SELECT parallel_check('SELECT rfm_summary(at, amount, ''1997-01-01'') AS s FROM purchase');
-- as_of that differs between workers is found out
CREATE FUNCTION parallel_state(query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM use_workers();
	IF NOT plan_nodes(query) @> '{"Partial Aggregate"}' THEN
		RETURN 'plan is not partial';
	END IF;
	EXECUTE query;
	RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
SELECT parallel_state('SELECT rfm_summary(at, amount, CASE WHEN i % 2 = 0 THEN timestamp ''2001-06-01'' ELSE '
                      '''2001-06-02'' END) FROM purchase');
CREATE TABLE half_1 AS SELECT i, date '2024-01-01' AS at FROM generate_series(1, 5000) i;
CREATE TABLE half_2 AS SELECT i, date '2024-01-01' AS at FROM generate_series(1, 5000) i;
ANALYZE half_1; ANALYZE half_2;
SELECT parallel_state('SELECT rfm_summary(at, 1, as_of) FROM (SELECT at, date ''2024-02-01'' AS as_of '
                      'FROM half_1 UNION ALL SELECT at, date ''2024-02-02'' FROM half_2) x');
SELECT parallel_state('SELECT rfm_summary(at, 1, as_of) FROM (SELECT at, date ''2024-02-01'' AS as_of '
                      'FROM half_1 UNION ALL SELECT at, date ''2024-02-01'' FROM half_2) x');

-- partitions
CREATE TABLE years (c bigint, at timestamp, amount double precision) PARTITION BY RANGE (at);
CREATE TABLE years_1 PARTITION OF years FOR VALUES FROM (MINVALUE) TO ('1999-06-01');
CREATE TABLE years_2 PARTITION OF years FOR VALUES FROM ('1999-06-01') TO ('2000-06-01');
CREATE TABLE years_3 PARTITION OF years FOR VALUES FROM ('2000-06-01') TO (MAXVALUE);
INSERT INTO years SELECT c, at, amount FROM purchase WHERE at IS NOT NULL;
ANALYZE years;
SET enable_partitionwise_aggregate = on;
SELECT check_summary('timestamp', $$'2001-03-01'$$, 'years');
SELECT parallel_check('SELECT c, rfm_summary(at, amount, ''2001-06-01'') AS s FROM years GROUP BY c');
RESET enable_partitionwise_aggregate;

--
-- GROUPING SETS, FILTER, DISTINCT, OVER
--
SELECT count(*) AS rows, count(*) FILTER (WHERE s IS DISTINCT FROM o OR f IS DISTINCT FROM p) AS wrong
FROM (SELECT g, c % 7 AS h, grouping(g, c % 7) AS level, rfm_summary(at, amount, '2001-01-01') AS s,
             rfm_summary(at, amount, '2001-01-01') FILTER (WHERE amount > 50) AS f
      FROM purchase GROUP BY CUBE (g, c % 7)) m,
     LATERAL (SELECT rfm_summary(at, amount, '2001-01-01') AS o,
                     rfm_summary(CASE WHEN amount > 50 THEN at END, amount, '2001-01-01') AS p
              FROM purchase q WHERE (m.g IS NULL OR m.g = q.g) AND (m.h IS NULL OR m.h = q.c % 7)) x;
SELECT (rfm_summary(DISTINCT at, amount, date '2024-02-01')).*
FROM (VALUES (date '2024-01-01', 2), ('2024-01-05', 3), ('2024-01-05', 3), ('2024-01-05', 4)) v(at, amount);
-- growing and moving frames: reading a state does not change it
SELECT count(*) AS rows, count(*) FILTER (WHERE growing IS DISTINCT FROM g OR moving IS DISTINCT FROM m) AS wrong
FROM (SELECT c, at, i,
             rfm_summary(at, amount, '2002-01-01') OVER (PARTITION BY c ORDER BY at, i
                                                         ROWS UNBOUNDED PRECEDING) AS growing,
             rfm_summary(at, amount, '2002-01-01') OVER (PARTITION BY c ORDER BY at, i ROWS 3 PRECEDING) AS moving,
             row_number() OVER (PARTITION BY c ORDER BY at, i) AS k FROM purchase WHERE c BETWEEN 1 AND 12) w,
     LATERAL (SELECT rfm_summary(at, amount, '2002-01-01') AS g,
                     rfm_summary(at, amount, '2002-01-01') FILTER (WHERE q.k >= w.k - 3) AS m
              FROM (SELECT at, amount, row_number() OVER (ORDER BY at, i) AS k FROM purchase p WHERE p.c = w.c) q
              WHERE q.k <= w.k) o;

--
-- Errors
--
SELECT rfm_summary(date '2024-01-01', 1, NULL);
SELECT rfm_summary(timestamp '2024-01-01', 1, NULL);
SELECT rfm_summary(timestamptz '2024-01-01', 1, NULL);
SELECT rfm_summary(date '2024-01-01', 1, 'infinity');
SELECT rfm_summary(timestamp '2024-01-01', 1, '-infinity');
SELECT rfm_summary(timestamptz '2024-01-01', 1, 'infinity');
SELECT rfm_summary(date '-infinity', 1, '2024-01-01');
SELECT rfm_summary(timestamp 'infinity', 1, '2024-01-01');
SELECT rfm_summary(timestamptz '-infinity', 1, '2024-01-01');
SELECT rfm_summary(date '2024-01-01', 'NaN', '2024-02-01');
SELECT rfm_summary(timestamp '2024-01-01', 'Infinity', '2024-02-01');
SELECT rfm_summary(timestamptz '2024-01-01', '-Infinity', '2024-02-01');
SELECT rfm_summary(at, 1, as_of)
FROM (VALUES (date '2024-01-01', date '2024-02-01'), ('2024-01-01', '2024-02-02')) v(at, as_of);
SELECT rfm_summary(at, 1, as_of)
FROM (VALUES (timestamp '2024-01-01', timestamp '2024-02-01'), ('2024-01-01', '2024-02-02')) v(at, as_of);
SELECT rfm_summary(at, 1, as_of)
FROM (VALUES (timestamptz '2024-01-01', timestamptz '2024-02-01'), ('2024-01-01', '2024-01-31 23:59')) v(at, as_of);
SELECT rfm_summary(at, 1, as_of)
FROM (VALUES (date '2024-01-01', date '2024-02-01'), ('2024-01-01', NULL)) v(at, as_of);
-- amounts, and sums of them, beyond 38 digits
SELECT rfm_summary(date '2024-01-01', a, '2024-02-01') FROM (VALUES (1e308::double precision)) v(a);
SELECT rfm_summary(date '2024-01-01', a, '2024-02-01') FROM (VALUES (9e37), (9e37)) v(a);
SELECT rfm_summary(date '2024-01-01' + i, a, '2024-02-01') FROM (VALUES (1, 9e37), (2, 9e37)) v(i, a);
SELECT rfm_summary(date '2024-01-01' + i, a, '2024-02-01')
FROM (VALUES (1, 1e30::double precision), (2, 1e-15)) v(i, a);
-- a row without a time is ignored before anything else
SELECT rfm_summary(NULL::date, 'NaN', 'infinity'), rfm_summary(NULL::timestamp, 1, NULL),
       rfm_summary(NULL::timestamptz, 'Infinity', NULL);
SELECT rfm_summary(at, amount, as_of)
FROM (VALUES (date '2024-01-01', 1::double precision, date '2024-02-01'), (NULL, 'NaN', '2024-05-01'),
             (NULL, 5, NULL)) v(at, amount, as_of);
-- what to do about it
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT rfm_summary(date '2024-01-01', 1, NULL);
SELECT rfm_summary(at, 1, as_of)
FROM (VALUES (date '2024-01-01', date '2024-02-01'), ('2024-01-01', '2024-02-02')) v(at, as_of);
SELECT rfm_summary(date '2024-01-01', 'NaN', '2024-02-01');
SELECT rfm_summary(date 'infinity', 1, '2024-02-01');
\set VERBOSITY sqlstate
-- the ends of time
SELECT rfm_summary(at, 1, '5874897-12-31') FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-31')) v(at);
SELECT rfm_summary(at, 1, '294276-12-31 23:59:59.999999')
FROM (VALUES (timestamp '4714-11-24 BC'), ('294276-12-31 23:59:59')) v(at);
SELECT rfm_summary(at, 1, '294276-12-31 23:59:59.999999Z')
FROM (VALUES (timestamptz '4714-11-24 00:00Z BC'), ('294276-12-31 23:59:59Z')) v(at);

--
-- rfm_score: ceil(bins x cume_dist), counted exactly
--
CREATE TABLE value AS
	SELECT i, i % 4 AS g, CASE WHEN rnd(i, 21, 20) > 0 THEN rnd(i, 22, 300) - 100 END AS v, rnd(i, 23, 9) AS w
	FROM generate_series(1, 3000) i ORDER BY rnd(i, 24, 100000);
SELECT bins, count(*) AS rows,
       count(*) FILTER (WHERE a IS DISTINCT FROM (bins * ra + n - 1) / n OR b IS DISTINCT FROM (bins * rb + n - 1) / n
                          OR p IS DISTINCT FROM (bins * rp + np - 1) / np OR q IS DISTINCT FROM (bins * rq + n - 1) / n
                          OR e <> bins) AS wrong,
       min(a) >= 1 AND max(a) = bins AND min(b) >= 1 AND max(b) = bins AND max(p) = bins AS scale,
       pg_typeof(min(a)) AS type
FROM (SELECT bins, rfm_score(bins) OVER (PARTITION BY bins ORDER BY v) AS a,
             rfm_score(bins) OVER (PARTITION BY bins ORDER BY v DESC NULLS LAST, w) AS b,
             rfm_score(bins) OVER (PARTITION BY bins, g ORDER BY v) AS p,
             rfm_score(bins) OVER (PARTITION BY bins ORDER BY i) AS q, rfm_score(bins) OVER (PARTITION BY bins) AS e,
             count(*) OVER (PARTITION BY bins ORDER BY v) AS ra,
             count(*) OVER (PARTITION BY bins ORDER BY v DESC NULLS LAST, w) AS rb,
             count(*) OVER (PARTITION BY bins, g ORDER BY v) AS rp, count(*) OVER (PARTITION BY bins ORDER BY i) AS rq,
             count(*) OVER (PARTITION BY bins) AS n, count(*) OVER (PARTITION BY bins, g) AS np
      FROM value, unnest(ARRAY[1, 2, 3, 4, 5, 7, 10, 100, 2999, 3000, 3001, 1000000, 2147483647]) bins) x
GROUP BY bins ORDER BY bins;
-- what cume_dist says where its rounding does no harm
SELECT count(*) FILTER (WHERE score <> ceil(5 * d - 1e-9)) AS wrong
FROM (SELECT rfm_score(5) OVER (ORDER BY v) AS score, cume_dist() OVER (ORDER BY v) AS d FROM value) x;
-- and where it does: 7 of 100 are 7 %, of which a double makes more
SELECT count(*) AS rows, count(*) FILTER (WHERE score <> (100 * i + n - 1) / n) AS wrong,
       count(*) FILTER (WHERE score <> ceil(100 * d)) > 0 AS rounding_does_harm
FROM (SELECT n, i, rfm_score(100) OVER (PARTITION BY n ORDER BY i) AS score,
             cume_dist() OVER (PARTITION BY n ORDER BY i) AS d
      FROM generate_series(1, 200) n, LATERAL generate_series(1, n) i) x;
-- equal values, equal scores, in whatever order they come
SELECT v, rfm_score(5) OVER (ORDER BY v) AS score, ntile(5) OVER (ORDER BY v) AS ntile
FROM unnest(ARRAY[1, 1, 1, 1, 1, 1, 2, 2, 3, 9]) v ORDER BY v, 3;
SELECT count(*) AS values, count(*) FILTER (WHERE scores > 1) AS torn
FROM (SELECT v, count(DISTINCT score) AS scores
      FROM (SELECT v, rfm_score(10) OVER (ORDER BY v) AS score
            FROM value
            UNION ALL SELECT v, rfm_score(10) OVER (ORDER BY v) FROM (SELECT * FROM value ORDER BY i DESC) x) s
      GROUP BY v) y;
-- one row, none, all equal, NULLs
SELECT rfm_score(5) OVER (ORDER BY v) AS one FROM (VALUES (7)) x(v);
SELECT rfm_score(5) OVER (ORDER BY v) AS none FROM (VALUES (7)) x(v) WHERE false;
SELECT DISTINCT rfm_score(5) OVER (ORDER BY v) AS equal FROM (VALUES (7), (7), (7)) x(v);
SELECT v, rfm_score(3) OVER (ORDER BY v), rfm_score(3) OVER (ORDER BY v NULLS FIRST) AS nulls_first
FROM (VALUES (1), (2), (NULL), (NULL), (3), (4)) x(v) ORDER BY v;
-- the frame does not matter
SELECT count(*) FILTER (WHERE a <> b OR a <> c OR a <> d) AS differ
FROM (SELECT rfm_score(5) OVER (ORDER BY w) AS a,
             rfm_score(5) OVER (ORDER BY w ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS b,
             rfm_score(5) OVER (ORDER BY w
                                GROUPS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES) AS c,
             rfm_score(5) OVER (ORDER BY w RANGE 2 PRECEDING) AS d
      FROM value) x;
-- several in one query, next to the server's own
SELECT count(*) FILTER (WHERE (a, b, c) IS DISTINCT FROM (x, y, z)) AS wrong
FROM (SELECT rfm_score(5) OVER v AS a, rfm_score(3) OVER v AS b, rfm_score(5) OVER w AS c,
             (5 * rank + 2999) / 3000 AS x, (3 * rank + 2999) / 3000 AS y, (5 * count(*) OVER w + 2999) / 3000 AS z
      FROM (SELECT *, count(*) OVER (ORDER BY v) AS rank FROM value) q WINDOW v AS (ORDER BY v), w AS (ORDER BY w)) x;
-- a condition on the score may end the scan, if it never falls
SELECT k,
       (SELECT count(*)
        FROM (SELECT g, rfm_score(5) OVER (PARTITION BY g ORDER BY v) AS score FROM value) x WHERE score <= k)
           = count(*) FILTER (WHERE score <= k) AS at_most,
       (SELECT count(*)
        FROM (SELECT g, rfm_score(5) OVER (PARTITION BY g ORDER BY v) AS score FROM value) x WHERE score > k)
           = count(*) FILTER (WHERE score > k) AS above,
       (SELECT count(*) FROM (SELECT rfm_score(5) OVER (ORDER BY v) AS score FROM value) x WHERE score = k)
           = count(*) FILTER (WHERE all_score = k) AS exactly
FROM generate_series(1, 5) k,
     (SELECT rfm_score(5) OVER (PARTITION BY g ORDER BY v) AS score, rfm_score(5) OVER (ORDER BY v) AS all_score
      FROM value OFFSET 0) y
GROUP BY k ORDER BY k;
SELECT (SELECT count(*) FROM (SELECT rfm_score(1 + i % 5) OVER (ORDER BY v, i) AS score FROM value) x WHERE score <= 2)
           = (SELECT count(*) FILTER (WHERE score <= 2)
              FROM (SELECT rfm_score(1 + i % 5) OVER (ORDER BY v, i) AS score FROM value OFFSET 0) x) AS bins_differ;
SELECT rfm_score(0) OVER ();
SELECT rfm_score(-1) OVER (ORDER BY v) FROM value;
SELECT rfm_score(NULL) OVER (ORDER BY v) FROM value;
SELECT rfm_score(-2147483648) OVER (ORDER BY v) FROM value;
SELECT rfm_score(0) OVER (ORDER BY v) FROM value WHERE false;
SELECT rfm_score(5);
SELECT rfm_score(5.0) OVER (ORDER BY v) FROM value;
-- over the summaries themselves
SELECT customer, rfm_score(5) OVER (ORDER BY (s).last_day) AS r, rfm_score(5) OVER (ORDER BY (s).purchases) AS f,
       rfm_score(5) OVER (ORDER BY (s).revenue) AS m
FROM (SELECT customer, rfm_summary(at, amount, '2024-03-01') AS s FROM example GROUP BY customer) x
WHERE (s).purchases > 0 ORDER BY customer;

--
-- rfm_segment: each of the 125 triples has one, and only those
--
SELECT r, f, string_agg(format('%s', rfm_segment(r, f, m)), ' | ' ORDER BY m) AS "m = 1 .. 5"
FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m GROUP BY r, f ORDER BY r, f;
SELECT count(*) AS triples, count(rfm_segment(r, f, m)) AS named, count(DISTINCT rfm_segment(r, f, m)) >= 8 AS several,
       bool_and(rfm_segment(r, f, m) ~ '^[a-z][a-z'' -]+$') AS words
FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m;
SELECT rfm_segment(5, 5, 5) AS best, rfm_segment(r => 1, f => 1, m => 1) AS worst, pg_typeof(rfm_segment(5, 1, 1));
-- the best are recent and frequent; those at risk bought often, long ago; the new bought once, just now
SELECT rfm_segment(r, f, m) AS segment, count(*) AS triples, min(r) || '..' || max(r) AS r,
       min(f) || '..' || max(f) AS f, min(m) || '..' || max(m) AS m
FROM generate_series(1, 5) r, generate_series(1, 5) f, generate_series(1, 5) m GROUP BY 1 ORDER BY 1;
SELECT rfm_segment(NULL, 1, 1), rfm_segment(1, NULL, 1), rfm_segment(1, 1, NULL), rfm_segment(NULL, 9, 9);
SELECT rfm_segment(0, 1, 1);
SELECT rfm_segment(6, 1, 1);
SELECT rfm_segment(1, 0, 1);
SELECT rfm_segment(1, 6, 1);
SELECT rfm_segment(1, 1, 0);
SELECT rfm_segment(1, 1, 6);
SELECT rfm_segment(-2147483648, 2147483647, 1);

-- somebody's operator has no window; ties that do not fit work_mem take no longer
CREATE OPERATOR ### (FUNCTION = rfm_score, RIGHTARG = integer);
SELECT ### 5;
DROP OPERATOR ### (NONE, integer);
SET work_mem = '64kB';
SELECT s, count(*), min(v), max(v)
FROM (SELECT v, rfm_score(5) OVER (ORDER BY v) AS s FROM (SELECT i % 3 AS v FROM generate_series(1, 150000) i) x) y
GROUP BY s ORDER BY s;
RESET work_mem;

DROP SCHEMA rfm_test CASCADE;

--
-- customer_sorted: many customers, which the aggregates over customers keep
-- sorted instead of in a table
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
SET work_mem = '64MB';
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA customer_sorted_test;
SELECT set_config('search_path', 'customer_sorted_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

CREATE AGGREGATE clv_map(customer_key, date, numeric) (SFUNC = clv_transfn, STYPE = customer_map,
	COMBINEFUNC = clv_combine, PARALLEL = SAFE);
CREATE AGGREGATE active_map(customer_key) (SFUNC = active_customers_transfn, STYPE = customer_map,
	COMBINEFUNC = active_customers_combine, PARALLEL = SAFE);
CREATE AGGREGATE merge_rate(customer_map) (SFUNC = retention_customers_combine, STYPE = customer_map);
CREATE AGGREGATE merge_rows(customer_map) (SFUNC = repeat_rows_combine, STYPE = customer_map);
CREATE AGGREGATE merge_orders(customer_map) (SFUNC = repeat_orders_combine, STYPE = customer_map);
CREATE AGGREGATE merge_within(customer_map) (SFUNC = repeat_within_combine, STYPE = customer_map);
CREATE AGGREGATE merge_clv(customer_map) (SFUNC = clv_combine, STYPE = customer_map);
CREATE AGGREGATE merge_active(customer_map) (SFUNC = active_customers_combine, STYPE = customer_map);
CREATE AGGREGATE orders_rate(customer_map) (SFUNC = repeat_orders_combine, STYPE = customer_map,
	FINALFUNC = repeat_orders_finalfn);

-- The key whose hash is h: the functions of customer_key.h, undone
CREATE FUNCTION times(a bigint, b numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT (CASE WHEN p >= 9223372036854775808 THEN p - 18446744073709551616 ELSE p END)::bigint
	FROM (SELECT mod((CASE WHEN a < 0 THEN a + 18446744073709551616 ELSE a::numeric END) * b,
	                 18446744073709551616) AS p) x $$;
CREATE FUNCTION key_of_hash(h bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT z # (z >> 32 & 4294967295)
	FROM (SELECT times(y # (y >> 29 & 34359738367) # (y >> 58 & 63), 17428512612931826493) AS z
	      FROM (SELECT times(h, 10871156337175269513) AS y OFFSET 0) a OFFSET 0) b $$;

-- 150,000 customers, some with many rows; of every fifth customer the first row
-- is a refund, and every 50th has nothing else
CREATE TABLE event AS
	SELECT i, c, CASE WHEN c % 3 = 0 THEN c WHEN c % 3 = 1 THEN -c * 7919 ELSE c << 32 END AS k,
	       date '2024-01-01' + dice(i, 2, 60) AS at, dice(i, 3, 2) AS o,
	       CASE WHEN c % 50 = 0 OR c % 5 = 0 AND i <= 150000 THEN -1 ELSE 1 END
	       * (1 + dice(i, 4, 9999))::numeric / 100 AS a
	FROM (SELECT i, CASE WHEN i <= 150000 THEN i WHEN i % 4 = 0 THEN 1 + rnd(i, 5, 100)
	                ELSE 1 + rnd(i, 1, 150000) END AS c
	      FROM generate_series(1, 300000::bigint) i) x
	ORDER BY hashint8(i);
ANALYZE event;

-- what each aggregate says, and what plain SQL says, of all rows and of those of
-- the first n customers, around the sizes at which they are sorted
CREATE FUNCTION differences(condition text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	ours text;
	plain text;
BEGIN
	EXECUTE format($q$SELECT concat_ws(' ',
			retention_summary(k, at, '[2024-01-01,2024-01-20)', '[2024-01-20,2024-02-10)'), active_customers(k),
			round(1e9 * repeat_purchase_rate(k)), round(1e9 * repeat_purchase_rate(k, o)),
			round(1e9 * repeat_purchase_rate(k, at, '10 days')))
		FROM event WHERE %s$q$, condition) INTO ours;
	EXECUTE format($q$SELECT concat_ws(' ', ROW(count(*) FILTER (WHERE b), count(*) FILTER (WHERE b AND r),
			count(*) FILTER (WHERE b AND NOT r), count(*) FILTER (WHERE r AND NOT b)), count(*),
			round(1e9 * avg((n > 1)::int)::float8), round(1e9 * avg((os > 1)::int)::float8),
			round(1e9 * avg((second < first + 10)::int) FILTER (WHERE first <= last_day - 10)::float8))
		FROM (SELECT bool_or(at < '2024-01-20') AS b, bool_or(at >= '2024-01-20' AND at < '2024-02-10') AS r,
		             count(*) AS n, count(DISTINCT o) AS os, min(at) AS first,
		             coalesce((array_agg(at ORDER BY at))[2], '9999-01-01') AS second, max(max(at)) OVER () AS last_day
		      FROM event WHERE %s GROUP BY k) c$q$, condition) INTO plain;
	IF ours <> plain THEN
		RETURN ours || ' but ' || plain;
	END IF;
	EXECUTE format($q$SELECT concat_ws(' ', (s).customers, (s).purchases, round((s).revenue::numeric, 2),
			coalesce(round(((s).relationship_years
			* (s).customers)::numeric, 6), 0.000000)) FROM (SELECT clv_summary(k, at, a) AS s
			FROM event WHERE %s OFFSET 0) x$q$, condition) INTO ours;
	EXECUTE format($q$SELECT concat_ws(' ', count(*), sum(n), round(sum(a), 2), round(sum(l - f) / 365.25, 6))
		FROM (SELECT count(*) FILTER (WHERE a >= 0) AS n, sum(a) AS a, min(at) FILTER (WHERE a >= 0) AS f,
		             max(at) FILTER (WHERE a >= 0) AS l
		      FROM event WHERE %s GROUP BY k HAVING bool_or(a >= 0)) c$q$, condition) INTO plain;
	RETURN CASE WHEN ours = plain THEN 'none' ELSE ours || ' but ' || plain END;
END $$;
SELECT n, differences('c <= ' || n) FROM unnest(ARRAY[26000, 26100, 108000, 150000]) n;
SELECT differences('c <= 120000 AND i <= 150000') AS one_row_each, differences('c % 5 <> 0') AS no_refunds;

-- in groups, of which some are sorted
CREATE VIEW grouped AS
	SELECT k, CASE WHEN c <= 60000 THEN 1 WHEN c <= 90000 THEN 2 ELSE c % 7 + 3 END AS g FROM event;
SELECT count(*) AS groups, bool_and(n = m AND r IS NOT DISTINCT FROM s) AS same
FROM (SELECT g, active_customers(k) AS n, count(DISTINCT k) AS m, repeat_purchase_rate(k) AS r
      FROM grouped GROUP BY g) x
JOIN (SELECT g, avg((n > 1)::int)::float8 AS s
      FROM (SELECT g, k, count(*) AS n FROM grouped GROUP BY g, k) e GROUP BY g) y USING (g);

-- sorted or not, the state is the same bytes; over a frame nothing is sorted
CREATE TABLE state AS
	SELECT rate_map(k, at, '[2024-01-01,2024-01-20)', '[2024-01-20,2024-02-10)') AS rate, rows_map(k) AS rows,
	       orders_map(k, o) AS orders, within_map(k, at, '10 days') AS within, clv_map(k, at, a) AS clv,
	       clv_map(k, at, a::double precision) AS clv_double, active_map(k) AS active
	FROM event;
CREATE TABLE frame AS
	SELECT rate_map(k, at, '[2024-01-01,2024-01-20)', '[2024-01-20,2024-02-10)') OVER w AS rate,
	       rows_map(k) OVER w AS rows, orders_map(k, o) OVER w AS orders, within_map(k, at, '10 days') OVER w AS within,
	       clv_map(k, at, a) OVER w AS clv, clv_map(k, at, a::double precision) OVER w AS clv_double,
	       active_map(k) OVER w AS active
	FROM event WINDOW w AS (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) LIMIT 1;
CREATE VIEW as_text AS SELECT md5(rate::text) AS rate, md5(rows::text) AS rows, md5(orders::text) AS orders,
	md5(within::text) AS within, md5(clv::text) AS clv, md5(clv_double::text) AS clv_double, md5(active::text) AS active
	FROM state;
CREATE VIEW frame_text AS SELECT md5(rate::text) AS rate, md5(rows::text) AS rows, md5(orders::text) AS orders,
	md5(within::text) AS within, md5(clv::text) AS clv, md5(clv_double::text) AS clv_double, md5(active::text) AS active
	FROM frame;
SELECT s.rate = f.rate AS rate, s.rows = f.rows AS rows, s.orders = f.orders AS orders, s.within = f.within AS within,
       s.clv = f.clv AS clv, s.clv_double = f.clv_double AS clv_double, s.active = f.active AS active
FROM as_text s, frame_text f;

-- pieces, large and small, stored and merged in any order, also as they come
-- from their text, and over a frame
CREATE TABLE piece AS
	SELECT p, rate_map(k, at, '[2024-01-01,2024-01-20)', '[2024-01-20,2024-02-10)') AS rate, rows_map(k) AS rows,
	       orders_map(k, o) AS orders, within_map(k, at, '10 days') AS within, clv_map(k, at, a) AS clv,
	       clv_map(k, at, a::double precision) AS clv_double, active_map(k) AS active
	FROM (SELECT *, CASE WHEN i % 100 = 0 THEN 1 WHEN i % 10 < 5 THEN 2 ELSE 3 END AS p FROM event) e GROUP BY p;
UPDATE piece SET rate = rate::text::customer_map, rows = rows::text::customer_map, orders = orders::text::customer_map,
	within = within::text::customer_map, clv = clv::text::customer_map, clv_double = clv_double::text::customer_map,
	active = active::text::customer_map WHERE p = 3;
SELECT d.name, md5(d.rate::text) = f.rate AS rate, md5(d.rows::text) = f.rows AS rows,
       d.orders_rate = (SELECT orders_rate(orders) FROM state) AS orders,
       md5(d.within::text) = f.within AS within, md5(d.clv::text) = f.clv AS clv,
       md5(d.clv_double::text) = f.clv_double AS clv_double, md5(d.active::text) = f.active AS active
FROM (SELECT 'up' AS name, merge_rate(rate) AS rate, merge_rows(rows) AS rows, orders_rate(orders),
             merge_within(within) AS within, merge_clv(clv) AS clv,
             merge_clv(clv_double) AS clv_double, merge_active(active) AS active
      FROM (SELECT * FROM piece ORDER BY p) p
      UNION ALL
      SELECT 'down', merge_rate(rate), merge_rows(rows), orders_rate(orders), merge_within(within),
             merge_clv(clv), merge_clv(clv_double), merge_active(active)
      FROM (SELECT * FROM piece ORDER BY p DESC) p
      UNION ALL
      (SELECT 'frame', merge_rate(rate) OVER w, merge_rows(rows) OVER w, orders_rate(orders) OVER w,
              merge_within(within) OVER w, merge_clv(clv) OVER w,
              merge_clv(clv_double) OVER w, merge_active(active) OVER w
       FROM piece WINDOW w AS (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) LIMIT 1)) d, frame_text f;
-- a map of another aggregate is still none of this one's
SELECT merge_rows(rate) FROM piece;
-- two final functions of one state
SELECT retention_rate(k, at, '[2024-01-01,2024-01-20)', '[2024-01-20,2024-02-10)')
       = retention_rate(retention_summary(k, at, '[2024-01-01,2024-01-20)', '[2024-01-20,2024-02-10)')) AS same
FROM event;
-- over a frame that grows
SELECT count(*) AS rows, max(n) AS customers, bool_and(n >= before) AS grows
FROM (SELECT n, lag(n, 1, 0::bigint) OVER (ORDER BY i) AS before
      FROM (SELECT i, (retention_summary(k, at, '[2024-01-01,2025-01-01)', '[2025-01-01,2026-01-01)')
                       OVER (ORDER BY i)).base AS n
            FROM event WHERE i <= 60000) x) y;

-- in a parallel plan
SELECT parallel_check($$SELECT retention_summary(k, at, '[2024-01-01,2024-01-20)', '[2024-01-20,2024-02-10)')
                         FROM event$$);
SELECT parallel_check('SELECT repeat_purchase_rate(k) FROM event');
SELECT parallel_check('SELECT repeat_purchase_rate(k, o) FROM event');
SELECT parallel_check('SELECT repeat_purchase_rate(k, at, ''10 days'') FROM event');
SELECT parallel_check('SELECT clv_summary(k, at, a) FROM event');
SELECT parallel_check('SELECT active_customers(k) FROM event');
SELECT parallel_check('SELECT md5(clv_map(k, at, a)::text) FROM event');

-- customers chosen so that all are in one part, and nearly all bits of the hash
-- that the sort goes by are the same
CREATE TABLE chosen AS
	SELECT i, key_of_hash(i * 3) AS k FROM generate_series(1, 60000::bigint) i;
SELECT count(DISTINCT k) AS keys, active_customers(k) AS active, repeat_purchase_rate(k) AS repeat FROM chosen;
SELECT active_customers(k), repeat_purchase_rate(k), repeat_purchase_rate(k, i) AS by_id
FROM (SELECT * FROM chosen UNION ALL SELECT i + 1, k FROM chosen WHERE i % 4 = 0 ORDER BY i DESC) c;
SELECT (s).customers, (s).purchases, (s).revenue
FROM (SELECT clv_summary(k, date '2024-01-01', a) AS s
      FROM (SELECT k, 1 AS a FROM chosen UNION ALL SELECT k + 1, 1 FROM chosen
            UNION ALL SELECT k, -1 FROM chosen WHERE i % 2 = 0) c
      OFFSET 0) x;
DROP SCHEMA customer_sorted_test CASCADE;

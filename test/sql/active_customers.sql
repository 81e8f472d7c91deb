--
-- active_customers: customers of a group, a frame, the last days
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 1;
SET client_min_messages = warning;
CREATE SCHEMA active_customers_test;
SELECT set_config('search_path', 'active_customers_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

CREATE TABLE example (id int, customer text, at date);
INSERT INTO example VALUES
	(1, 'a', '2024-01-01'), (2, 'a', '2024-01-31'), (3, 'a', '2024-03-02'), (4, 'a', '2024-03-02'),
	(5, 'a', '2024-03-10'), (6, 'a', '2024-05-20'), (7, 'b', '2024-05-02'), (8, 'c', '2024-05-01'), (9, 'd', NULL),
	(10, 'd', '2024-05-25'), (11, 'd', '2024-06-01'), (12, 'e', '2024-04-01'), (13, 'e', '2024-06-02'),
	(14, NULL, '2024-02-01'), (15, NULL, '2024-02-02'), (16, 'f', NULL);
-- Events of 200 customers and of nobody; many at the same instant, near the
-- ends of months, or a microsecond off; some without a time
CREATE TABLE event AS
	SELECT 2 * i + twin AS id, k, ts::date AS d, ts, ts AT TIME ZONE 'UTC' AS tz
	FROM (SELECT i, CASE WHEN rnd(i, 5, 60) = 0 THEN -1 ELSE rnd(i, 6, 200) END AS k,
	             CASE WHEN rnd(i, 7, 12) > 0 THEN
	                  CASE WHEN rnd(i, 8, 2) = 0 THEN timestamp '2024-01-01' + rnd(i, 9, 300) * interval '1 day'
	                       ELSE timestamp '2024-01-29' + (rnd(i, 10, 9) || ' months')::interval
	                                + rnd(i, 11, 4) * interval '1 day' END
	                  + (ARRAY[interval '0', '0', '12 hours', '1 microsecond', '86399.999999 s'])[1 + rnd(i, 12, 5)]
	                      END AS ts
	      FROM generate_series(1, 2000) i) e, generate_series(0, (rnd(i, 13, 4) = 0)::int) twin;

--
-- active_customers as an ordinary aggregate
--
SELECT active_customers(customer), active_customers(customer) FILTER (WHERE at > '2024-05-01') AS late,
       active_customers(customer) FILTER (WHERE customer IS NULL) AS nobody
FROM example;
-- a count: 0 for no rows
SELECT active_customers(customer) FROM example WHERE false;
SELECT active_customers(NULL::int);
SELECT customer, active_customers(customer) FROM example GROUP BY customer ORDER BY customer;
SELECT id, active_customers(customer) OVER (ORDER BY id ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS moving,
       active_customers(customer) OVER (ORDER BY id ROWS BETWEEN 2 PRECEDING AND 3 PRECEDING) AS empty
FROM example ORDER BY id;

CREATE TYPE colour AS ENUM ('red', 'orange', 'yellow', 'green', 'blue', 'violet', 'black', 'white');
CREATE TABLE sale AS
	SELECT i, rnd(i, 31, 6) AS g, rnd(i, 32, 3) AS h,
	       CASE WHEN rnd(i, 33, 20) > 0 THEN (rnd(i, 34, 4000) - 2000) * 4611686018427387 END AS c,
	       rnd(i, 35, 4) > 0 AS paid
	FROM generate_series(1, 12000) i;
INSERT INTO sale SELECT 20000 + i, 7, 0, NULL, true FROM generate_series(1, 20) i;
ANALYZE sale;
CREATE TABLE key_form (key text, is_distinct text);
INSERT INTO key_form
	SELECT unnest(ARRAY['c', '(c >> 40)::int', '(c >> 52)::smallint', 'c::text', 'c::varchar', 'c::char(20)',
	                    'c::numeric', 'md5(c::text)::uuid',
	'CASE WHEN i % 2 = 0 THEN c + 0.0 ELSE c + 0.000 END']);
INSERT INTO key_form VALUES ('CASE WHEN c IS NOT NULL THEN customer_key(row(c / 10, c % 10)) END', 'c'),
	('customer_key((enum_range(NULL::colour))[1 + (i + c) % 7])', '(enum_range(NULL::colour))[1 + (i + c) % 7]');
-- The rows that differ from count(DISTINCT), and those compared
CREATE
    FUNCTION check_distinct(key text, is_distinct text, grouping_ text, filter_ text DEFAULT 'true', OUT n bigint,
                            OUT wrong bigint)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($q$
		SELECT count(*), count(*) FILTER (WHERE a IS DISTINCT FROM d OR f IS DISTINCT FROM fd OR o <> a)
		FROM (SELECT active_customers(%1$s) AS a, count(DISTINCT %2$s) AS d,
		             active_customers(%1$s ORDER BY i DESC) AS o,
		             active_customers(%1$s) FILTER (WHERE %4$s) AS f, count(DISTINCT %2$s) FILTER (WHERE %4$s) AS fd
		      FROM sale %3$s) x$q$, key, coalesce(is_distinct, key), grouping_, filter_) INTO n, wrong;
END $$;
SELECT key, r.*
FROM key_form, LATERAL check_distinct(key, is_distinct, 'GROUP BY g', 'paid') r ORDER BY key COLLATE "C";
SELECT grouping_, r.*
FROM unnest(ARRAY['', 'WHERE false', 'GROUP BY g, h', 'GROUP BY GROUPING SETS ((g), (h), ())',
                  'GROUP BY CUBE (g, h, paid)', 'GROUP BY ROLLUP (h, g)', 'GROUP BY i', 'GROUP BY i % 1000',
                  'WHERE c IS NULL GROUP BY g', 'GROUP BY g HAVING active_customers(c) > 0']) grouping_,
	LATERAL check_distinct('c', NULL, grouping_, 'h > 0') r;
-- without the sorted rivals beside it: hashed, sorted, in little memory
CREATE FUNCTION groups_differ(groups text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format($q$
		WITH a AS (SELECT g, h, active_customers(c) AS n, active_customers(c::text) AS t FROM sale %1$s),
		     d AS (SELECT g, h, count(DISTINCT c) AS n, count(DISTINCT c) AS t FROM sale %1$s)
		SELECT format('%%s rows, %%s differ', (SELECT count(*) FROM a),
		              (SELECT count(*)
		               FROM ((TABLE a EXCEPT ALL TABLE d) UNION ALL (TABLE d EXCEPT ALL TABLE a)) x))$q$,
		       groups) INTO result;
	RETURN result;
END $$;
SELECT groups_differ('GROUP BY g, h'), groups_differ('GROUP BY CUBE (g, h)');
SET enable_hashagg = off;
SELECT groups_differ('GROUP BY g, h'), groups_differ('GROUP BY CUBE (g, h)');
RESET enable_hashagg;
SET enable_sort = off; SET work_mem = '64kB';
SELECT groups_differ('GROUP BY g, h'), groups_differ('GROUP BY CUBE (g, h)');
RESET enable_sort; RESET work_mem;
SELECT set_config(name, 'on', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT groups_differ('GROUP BY g, h'), groups_differ('GROUP BY CUBE (g, h)');
SELECT set_config(name, 'off', false) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
-- duplicates change nothing
SELECT active_customers(DISTINCT c) FROM sale;
-- 100,000 groups, of one row and of several
SET statement_timeout = '300s';
CREATE TABLE many AS SELECT i % 100000 AS g, rnd(i, 41, 3) AS c FROM generate_series(1, 300000) i;
ANALYZE many;
SELECT count(*) AS groups, count(*) FILTER (WHERE n <> d) AS wrong, min(n), max(n)
FROM (SELECT g, active_customers(c) AS n FROM many GROUP BY g) a
FULL JOIN (SELECT g, count(*) AS d FROM (SELECT DISTINCT g, c FROM many) x GROUP BY g) d USING (g);
SELECT count(*) AS groups, sum(n) AS customers
FROM (SELECT c, active_customers(g::text) AS n FROM many GROUP BY g, c) x;
SELECT c, active_customers(g) = count(DISTINCT g) AS same FROM many GROUP BY c ORDER BY c;
RESET statement_timeout;
-- parallel workers, also some that see no rows or nobody
SELECT parallel_check('SELECT active_customers(c) n, active_customers(c::text) t, active_customers(c::numeric) m, '
                      'active_customers(md5(c::text)::uuid) u FROM sale');
SELECT parallel_check('SELECT g, active_customers(c) n FROM sale GROUP BY g');
SELECT parallel_check('SELECT c, active_customers(g) n FROM many GROUP BY c');
SELECT parallel_check('SELECT active_customers(g) n, active_customers(c) FILTER (WHERE g = 5) f FROM many');
TABLE pg_temp.parallel_rows;
SELECT parallel_check('SELECT active_customers(c) n FROM sale WHERE i + 0 < 0');
SELECT parallel_check('SELECT active_customers(c) n FROM sale WHERE c IS NULL');
SELECT parallel_check('SELECT active_customers(c) n FROM sale WHERE i + 0 = 17');
CREATE TABLE by_month (c bigint, m int) PARTITION BY LIST (m);
CREATE TABLE by_month_1 PARTITION OF by_month FOR VALUES IN (1);
CREATE TABLE by_month_2 PARTITION OF by_month FOR VALUES IN (2);
CREATE TABLE by_month_0 PARTITION OF by_month FOR VALUES IN (0);
INSERT INTO by_month SELECT g, c FROM many;
ANALYZE by_month;
SET enable_partitionwise_aggregate = on; SET max_parallel_workers_per_gather = 0;
SELECT plan_nodes('SELECT active_customers(c) FROM by_month') @> '{"Finalize Aggregate",Append,"Partial '
                                                                 'Aggregate"}' AS partitionwise;
SELECT active_customers(c) FROM by_month;
RESET enable_partitionwise_aggregate; RESET max_parallel_workers_per_gather;
-- declared for what it is: moving, combined, not NULL for nobody
SELECT aggmtransfn <> 0 AS moving, aggminvtransfn <> 0 AS inverse, aggcombinefn <> 0 AS combined, aggfinalmodify,
       aggmfinalmodify, p.proparallel, p.prorettype::regtype
FROM pg_aggregate a JOIN pg_proc p ON p.oid = aggfnoid WHERE aggfnoid = 'active_customers(customer_key)'::regprocedure;
DROP TABLE by_month, many;

--
-- Random frames against the definition of a frame
--
-- 100 rows in three partitions: few customers, many equal v, gaps in v that
-- let a frame run empty and fill again, and rows without v
CREATE TABLE frame_row AS
	SELECT i, CASE WHEN rnd(i, 51, 10) < 6 THEN 0 WHEN rnd(i, 51, 10) < 9 THEN 1 ELSE 2 END AS p,
	       CASE WHEN rnd(i, 52, 12) > 0 THEN (rnd(i, 53, 4) * 12 + rnd(i, 54, 5))::int END AS v,
	       CASE WHEN rnd(i, 55, 6) > 0 THEN (rnd(i, 56, 6) - 3) * (4611686018427387904 / 2) END AS c,
	       CASE WHEN rnd(i, 57, 6) > 0 THEN 'customer ' || rnd(i, 58, 5) END AS t,
	       CASE rnd(i, 59, 6) WHEN 0 THEN NULL WHEN 1 THEN false ELSE true END AS was,
	       CASE rnd(i, 60, 5) WHEN 0 THEN NULL WHEN 1 THEN false ELSE true END AS now,
	       CASE WHEN rnd(i, 61, 6) > 0 THEN rnd(i, 62, 11)::int END AS score,
	       CASE WHEN rnd(i, 63, 6) > 0 THEN rnd(i, 64, 101) / 10.0::float8 END AS exact,
	       CASE WHEN rnd(i, 65, 6) > 0 THEN (1 + rnd(i, 66, 5))::int END AS stars,
	       CASE WHEN rnd(i, 67, 6) > 0 THEN 1 + rnd(i, 68, 41) / 10.0::float8 END AS fine
	FROM generate_series(1, 100) i;

-- Every frame that can be written, with its two bounds as distances from the
-- current row (NULL: none).  All offsets are small, so that they hit the ties.
CREATE TABLE bound (kind text, is_start boolean, is_end boolean, place int);
INSERT INTO bound VALUES
	('UNBOUNDED PRECEDING', true, false, 0), ('PRECEDING', true, true, 1), ('CURRENT ROW', true, true, 2),
	('FOLLOWING', true, true, 3), ('UNBOUNDED FOLLOWING', false, true, 4);
CREATE TABLE frame AS
	SELECT row_number() OVER () AS f, mode, exclude, ordering, first.kind AS starts, last.kind AS ends,
	       CASE first.kind WHEN 'PRECEDING' THEN -a WHEN 'FOLLOWING' THEN a WHEN 'CURRENT ROW' THEN 0 END AS lower,
	       CASE last.kind WHEN 'PRECEDING' THEN -b WHEN 'FOLLOWING' THEN b WHEN 'CURRENT ROW' THEN 0 END AS upper,
	       format('%s BETWEEN %s AND %s EXCLUDE %s', mode,
	              CASE WHEN first.kind IN ('PRECEDING', 'FOLLOWING') THEN a || ' ' || first.kind ELSE first.kind END,
	              CASE WHEN last.kind IN ('PRECEDING', 'FOLLOWING') THEN b || ' ' || last.kind ELSE last.kind END,
	              exclude) AS text
	FROM unnest(ARRAY['ROWS', 'RANGE', 'GROUPS']) mode,
	     unnest(ARRAY['NO OTHERS', 'CURRENT ROW', 'GROUP', 'TIES']) exclude, bound first, bound last,
	     generate_series(1, 2) again,
	     LATERAL (SELECT rnd(hashtext(concat(mode, exclude, first.kind, last.kind, again)), 71, 8) AS a,
	                     rnd(hashtext(concat(mode, exclude, first.kind, last.kind, again)), 72, 8) AS b,
	                     (ARRAY['v', 'v DESC', 'v NULLS FIRST', 'v DESC NULLS LAST'])[1 + rnd(
	                         hashtext(concat(mode, exclude, first.kind, last.kind, again)), 73, 4)] AS ordering) r
	WHERE first.is_start AND last.is_end AND first.place <= last.place;
-- The condition that puts row r into the frame of row o.  rn numbers the rows
-- of a partition and g its groups of equal v; a row without v is a group of
-- its own at one end, which no distance leads to or away from.
ALTER TABLE frame ADD condition text;
UPDATE frame SET condition = format('r.p = o.p AND %s AND %s AND %s',
	CASE WHEN lower IS NULL THEN 'true'
	     WHEN mode = 'RANGE' THEN format('CASE WHEN o.v IS NULL THEN r.g >= o.g ELSE r.k >= o.k + (%s) END', lower)
	     ELSE format('r.%1$s >= o.%1$s + (%2$s)', CASE mode WHEN 'ROWS' THEN 'rn' ELSE 'g' END, lower) END,
	CASE WHEN upper IS NULL THEN 'true'
	     WHEN mode = 'RANGE' THEN format('CASE WHEN o.v IS NULL THEN r.g <= o.g ELSE r.k <= o.k + (%s) END', upper)
	     ELSE format('r.%1$s <= o.%1$s + (%2$s)', CASE mode WHEN 'ROWS' THEN 'rn' ELSE 'g' END, upper) END,
	CASE exclude WHEN 'NO OTHERS' THEN 'true' WHEN 'CURRENT ROW' THEN 'r.rn <> o.rn' WHEN 'GROUP' THEN 'r.g <> o.g'
	     ELSE '(r.g <> o.g OR r.rn = o.rn)' END);

-- Every aggregate with an inverse over a frame, against plain SQL over the
-- rows that belong to it.  Without a condition array_agg tells which these are.
CREATE
    FUNCTION check_frame(source text, partitioning text, ordering text, frame text, condition text, OUT n bigint,
                         OUT wrong bigint, OUT empty bigint, OUT refilled bigint, OUT repeated bigint)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($q$
		WITH o AS MATERIALIZED (
			SELECT *,
			       (CASE WHEN '%3$s' ~ 'DESC' THEN -1 ELSE 1 END) * CASE WHEN v IS NULL
			                                                               THEN CASE WHEN '%3$s' IN ('v', 'v DESC')
			                                                                           THEN 1000000
			                                                                         ELSE -1000000 END
			                                                             ELSE v END AS k,
			       row_number() OVER w AS rn, dense_rank() OVER w AS g, %6$s AS members,
			       active_customers(c) OVER f AS customers, active_customers(t) OVER f AS texts,
			       active_customers(c) FILTER (WHERE was) OVER f AS filtered,
			       retention_rate(was, now) OVER f AS rate, churn_rate(was, now) OVER f AS churn,
			       retention_summary(was, now) OVER f AS summary,
			       nps(score) OVER f AS nps_score, nps(exact) OVER f AS nps_exact,
			       nps_summary(score) OVER f AS nps_parts, nps_summary(exact) OVER f AS nps_exact_parts,
			       csat(stars) OVER f AS csat_stars, csat(fine) OVER f AS csat_fine
			FROM %1$s WINDOW w AS (%2$s ORDER BY %3$s), f AS (%2$s ORDER BY %3$s %4$s))
		SELECT count(*),
		       count(*) FILTER (WHERE customers IS DISTINCT FROM b.c OR texts IS DISTINCT FROM b.t
		                          OR filtered IS DISTINCT FROM b.f
			OR NOT near(rate, retained / nullif(base, 0)::float8) OR NOT near(churn, lost / nullif(base, 0)::float8)
			OR summary
			    IS DISTINCT FROM CASE WHEN b.n > 0 THEN ROW(base, retained, lost, acquired)::retention_summary END
			OR NOT near(nps_score, 100.0 * (pro - det) / nullif(pro + pas + det, 0))
			OR NOT near(nps_exact, 100.0 * (xpro - xdet) / nullif(xpro + xpas + xdet, 0))
			OR nps_parts IS DISTINCT FROM CASE WHEN pro + pas + det > 0 THEN ROW(pro, pas, det)::nps_summary END
			OR nps_exact_parts
			    IS DISTINCT FROM CASE WHEN xpro + xpas + xdet > 0 THEN ROW(xpro, xpas, xdet)::nps_summary END
			OR NOT near(csat_stars, happy / nullif(starred, 0)::float8)
			OR NOT near(csat_fine, finely / nullif(fined, 0)::float8)),
			count(*) FILTER (WHERE b.n = 0),
			count(*) FILTER (WHERE b.n = 0 AND EXISTS (SELECT FROM o x WHERE x.p = o.p AND x.rn < o.rn AND x.texts > 0)
			                   AND EXISTS (SELECT FROM o x WHERE x.p = o.p AND x.rn > o.rn AND x.texts > 0)),
			count(*) FILTER (WHERE b.cs > b.c)
		FROM o,
		     LATERAL (SELECT count(*) AS n, count(c) AS cs, count(DISTINCT c) AS c, count(DISTINCT t) AS t,
		                     count(DISTINCT c) FILTER (WHERE was) AS f,
		                     count(*) FILTER (WHERE was) AS base, count(*) FILTER (WHERE was AND now) AS retained,
		                     count(*) FILTER (WHERE was AND now IS NOT TRUE) AS lost,
		                     count(*) FILTER (WHERE now AND was IS NOT TRUE) AS acquired,
		                     count(*) FILTER (WHERE score >= 9) AS pro, count(*) FILTER (WHERE score IN (7, 8)) AS pas,
		                     count(*) FILTER (WHERE score <= 6) AS det,
		                     count(*) FILTER (WHERE exact >= 9) AS xpro,
		                     count(*) FILTER (WHERE exact >= 7 AND exact < 9) AS xpas,
		                     count(*) FILTER (WHERE exact < 7) AS xdet,
		                     count(*) FILTER (WHERE stars >= 4) AS happy, count(stars) AS starred,
		                     count(*) FILTER (WHERE fine >= 4) AS finely, count(fine) AS fined
		              FROM o r WHERE %5$s) b$q$,
		source, partitioning, ordering, frame, coalesce(condition, 'r.i = ANY (o.members)'),
		CASE WHEN condition IS NULL THEN 'array_agg(i) OVER f' ELSE 'NULL' END)
	INTO n, wrong, empty, refilled, repeated;
END $$;
CREATE TABLE checked AS
	SELECT frame.*, r.*
	FROM frame, LATERAL check_frame('frame_row', 'PARTITION BY p', ordering, text, condition) r;
SELECT mode, exclude, count(*) AS frames, sum(n) AS rows, sum(wrong) AS wrong, sum(empty) > 100 AS empty,
       sum(repeated) > 1000 AS repeated
FROM checked GROUP BY mode, exclude ORDER BY mode, exclude;
SELECT sum(refilled) > 50 AS ran_empty_and_filled_again FROM checked WHERE mode = 'RANGE';
-- ... and in one partition
SELECT mode, exclude, count(*) AS frames, sum(n) AS rows, sum(wrong) AS wrong
FROM frame, LATERAL check_frame('frame_row', '', ordering, text, NULL) WHERE rnd(f, 75, 2) = 0 GROUP BY mode, exclude
ORDER BY mode, exclude;
-- without an order: all rows are equal
-- (how often a customer is there twice depends on how the sort leaves the rows)
SELECT frame, n, wrong, empty, refilled, repeated > 20 AS repeated
FROM unnest(ARRAY['', 'ROWS BETWEEN 7 PRECEDING AND 2 PRECEDING',
                  'ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE GROUP']) frame,
     LATERAL check_frame('frame_row', 'PARTITION BY p', 'NULL::int', frame, NULL) r;
-- once more for each partition
SELECT count(*) AS rows, count(*) FILTER (WHERE a.n <> b.n) AS wrong
FROM (SELECT DISTINCT p FROM frame_row) o,
     LATERAL (SELECT i, active_customers(c) OVER (ORDER BY i ROWS BETWEEN 9 PRECEDING AND 2 PRECEDING) AS n
              FROM frame_row r WHERE r.p = o.p OFFSET 0) a
     JOIN (SELECT i, active_customers(c) OVER (PARTITION BY p ORDER BY i ROWS BETWEEN 9 PRECEDING AND 2 PRECEDING) AS n
           FROM frame_row) b USING (i);
-- an argument that is volatile: the frame is counted anew for each row
SELECT count(*) AS rows, count(*) FILTER (WHERE a <> b) AS wrong
FROM (SELECT active_customers(c + (random() * 0)::bigint) OVER w AS a, active_customers(c) OVER w AS b
      FROM frame_row WINDOW w AS (PARTITION BY p ORDER BY v ROWS BETWEEN 9 PRECEDING AND 2 FOLLOWING)) x;
SELECT count(*) AS rows, count(*) FILTER (WHERE a <> least(i, 5000)) AS wrong
FROM (SELECT i, active_customers(i % 5000 + (random() * 0)::bigint) OVER (ORDER BY i) AS a
      FROM generate_series(1, 12000) i) x;
-- frames counted back in days and months
CREATE VIEW visit AS SELECT id AS i, nullif(k % 40, 7) AS c, d, ts, tz FROM event WHERE d < '2024-04-01';
CREATE FUNCTION check_days(col text, before text, after text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format($q$
		SELECT format('%%s rows, %%s wrong', count(*),
		              count(*) FILTER (WHERE m.n <> (SELECT count(DISTINCT c)
		                                             FROM visit v WHERE v.%1$s BETWEEN lower AND upper)))
		FROM (SELECT *, %1$s - %2$L::interval AS lower, %1$s + %3$L::interval AS upper,
		             active_customers(c) OVER (ORDER BY %1$s RANGE BETWEEN %2$L PRECEDING AND %3$L FOLLOWING) AS n
		      FROM visit OFFSET 0) m$q$,
		     col, before, after) INTO result;
	RETURN result;
END $$;
SELECT col, before, after, check_days(col, before, after)
FROM unnest(ARRAY['d', 'ts', 'tz']) col,
     (VALUES ('27 days', '0'), ('0', '3 days'), ('1 month', '1 day'), ('2 hours', '00:00:00.000001')) s(before, after)
ORDER BY col, before, after;
-- daily, weekly and monthly users of each day
SELECT count(*) AS days, count(*) FILTER (WHERE dau <> b1 OR wau <> b7 OR mau <> b28) AS wrong
FROM (SELECT DISTINCT d, active_customers(c) OVER (ORDER BY d RANGE BETWEEN CURRENT ROW AND CURRENT ROW) AS dau,
             active_customers(c) OVER (ORDER BY d RANGE '6 days' PRECEDING) AS wau,
             active_customers(c) OVER (ORDER BY d RANGE '27 days' PRECEDING) AS mau FROM visit) m,
     LATERAL (SELECT count(DISTINCT c) FILTER (WHERE v.d = m.d) AS b1,
                     count(DISTINCT c) FILTER (WHERE v.d > m.d - 7) AS b7, count(DISTINCT c) AS b28
              FROM visit v WHERE v.d > m.d - 28 AND v.d <= m.d) b;

-- the moving and the ordinary form say the same, whatever the key
CREATE FUNCTION forms_differ(key text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE format($q$
	               SELECT format('%%s rows, %%s differ', count(*),
	                             count(*) FILTER (WHERE moving <> volatile_ OR whole <> o.n
	                                                OR (i = 400 AND growing <> o.n)))
		FROM (SELECT active_customers(k) OVER w AS moving,
		             active_customers(CASE WHEN random() >= 0 THEN k END) OVER w AS volatile_,
		             active_customers(k) OVER () AS whole, active_customers(k) OVER (ORDER BY i) AS growing, i
		      FROM (SELECT i, %1$s AS k FROM sale WHERE i <= 400) s
		      WINDOW w AS (ORDER BY i ROWS BETWEEN 60 PRECEDING AND 20 PRECEDING)) x,
		     (SELECT active_customers(%1$s) AS n FROM sale WHERE i <= 400) o$q$, key) INTO result;
	RETURN result;
END $$;
SELECT key, forms_differ(key) FROM key_form ORDER BY key COLLATE "C";

-- PostgreSQL wants the rows of a long frame in memory
SET work_mem = '256MB';
SET statement_timeout = '300s';
-- a customer may be in the frame many times, and leaves it with the last of them
SELECT n, min(i), max(i), count(*)
FROM (SELECT i,
             active_customers(CASE WHEN i <= 70000 THEN 1 WHEN i % 2 = 0 THEN 2 END)
                 OVER (ORDER BY i ROWS 69999 PRECEDING) AS n
      FROM generate_series(1, 210000) i) x
GROUP BY n ORDER BY n;
-- customers whose numbers lie close together, far apart, and at the ends: with
-- m of them in turn, a frame of r rows has least(rows so far, r, m)
SELECT step, m, count(*) AS rows, count(*) FILTER (WHERE n <> least(i, r, m)) AS wrong
FROM unnest(ARRAY[1, -1, 64, 4096, 4294967296, 281474976710656, 922337203685477]::bigint[]) step,
     (VALUES (1000, 300), (300, 1000), (9999, 5000), (2, 1)) v(m, r),
     LATERAL (SELECT i,
                     active_customers((i % m - m / 2) * step)
                         OVER (ORDER BY i ROWS BETWEEN 4999 PRECEDING AND CURRENT ROW) AS n5000,
                     active_customers((i % m - m / 2) * step) OVER (ORDER BY i ROWS 299 PRECEDING) AS n300,
                     active_customers((i % m - m / 2) * step) OVER (ORDER BY i ROWS 999 PRECEDING) AS n1000,
                     active_customers((i % m - m / 2) * step) OVER (ORDER BY i ROWS CURRENT ROW) AS n1
              FROM generate_series(1, 12000) i) x,
                   LATERAL (SELECT CASE r WHEN 5000 THEN n5000 WHEN 300 THEN n300 WHEN 1000 THEN n1000 ELSE n1 END AS
                                       n) y
GROUP BY step, m ORDER BY step, m;
SELECT i, active_customers(c) OVER (ORDER BY i ROWS 2 PRECEDING)
FROM unnest(ARRAY[-9223372036854775808, 9223372036854775807, 0, -1, -9223372036854775808, -9223372036854775808, NULL,
                  NULL, NULL, 0, 0]::bigint[]) WITH ORDINALITY x(c, i);
-- frames that run empty and fill again, many times over
SELECT count(*) AS rows, count(*) FILTER (WHERE n = 0) AS empty,
       count(*) FILTER (WHERE n <> CASE WHEN i % 100 < 20 THEN i % 100 + 1 WHEN i % 100 < 29 THEN 29 - i % 100
                                        ELSE 0 END) AS wrong
FROM (SELECT i, active_customers(CASE WHEN i % 100 < 20 THEN i END) OVER (ORDER BY i ROWS 19 PRECEDING) AS n20,
             active_customers(CASE WHEN i % 100 < 20 THEN i % 100 END) OVER (ORDER BY i ROWS 9 PRECEDING) AS n10
      FROM generate_series(1000, 20999) i) x, LATERAL (SELECT CASE WHEN i % 100 < 20 THEN n20 ELSE n10 END AS n) y
      WHERE i >= 1100;
SELECT count(*) AS rows, count(*) FILTER (WHERE n = 0) AS empty,
       count(*) FILTER (WHERE n <> CASE WHEN at % 1000 < 50 THEN 0 ELSE 50 END) AS wrong
FROM (SELECT at, active_customers(c) OVER (ORDER BY at RANGE BETWEEN 100 PRECEDING AND 50 PRECEDING) AS n
      FROM (SELECT (i / 101) * 1000 + i % 101 AS at, CASE WHEN i % 101 < 50 THEN i END AS c
            FROM generate_series(0, 101 * 50 - 1) i) t) x
WHERE at % 1000 IN (49, 99);

-- a condition on the result may end a window, not change it
CREATE FUNCTION condition_differs(frame text, operator_ text, k int) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	result boolean;
BEGIN
	EXECUTE format($q$
	               SELECT (SELECT array_agg(i ORDER BY i)
	                       FROM (SELECT i, active_customers(c) OVER (%1$s) AS n FROM frame_row WHERE p = 0) x
	                       WHERE n %2$s %3$s)
		IS DISTINCT FROM (SELECT array_agg(i ORDER BY i)
		                  FROM (SELECT i, active_customers(c) OVER (%1$s) AS n FROM frame_row WHERE p = 0 OFFSET 0) x
		                  WHERE n %2$s %3$s)$q$,
		frame, operator_, k) INTO result;
	RETURN result;
END $$;
SELECT frame, count(*) FILTER (WHERE condition_differs(frame, operator_, k)) AS differ
FROM unnest(ARRAY['', 'ORDER BY v', 'ORDER BY v, i', 'ORDER BY v DESC',
                  'ORDER BY v ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
                  'ORDER BY v ROWS BETWEEN 3 PRECEDING AND CURRENT ROW',
                  'ORDER BY v ROWS BETWEEN UNBOUNDED PRECEDING AND 9 PRECEDING',
	'ORDER BY v, i ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW',
	'ORDER BY v RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE GROUP',
	'ORDER BY v, i ROWS BETWEEN UNBOUNDED PRECEDING AND 20 FOLLOWING EXCLUDE CURRENT ROW',
	'ORDER BY v RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE GROUP',
	'ORDER BY v GROUPS BETWEEN 2 PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES',
	'ORDER BY v, i ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW']) frame,
	unnest(ARRAY['<', '<=', '=', '>=', '>']) operator_, generate_series(0, 6) k
GROUP BY frame ORDER BY frame COLLATE "C";

-- a row costs the same however long the frame is
SET statement_timeout = '300s';
CREATE TABLE steady AS
	SELECT i, rnd(i, 81, 20000) AS c, rnd(i, 82, 2) = 0 AS was, rnd(i, 83, 2) = 0 AS now, rnd(i, 84, 11)::int AS score
	FROM generate_series(1, 200000) i;
CREATE VIEW steady_frame AS
	SELECT i, active_customers(c) OVER w AS a, active_customers(c::text) OVER w AS t,
	       retention_rate(was, now) OVER w AS r, churn_rate(was, now) OVER w AS l,
	       (retention_summary(was, now) OVER w).acquired AS s,
	       nps(score) OVER w AS n, (nps_summary(score) OVER w).passives AS p, csat(1 + score % 5) OVER w AS q
	FROM steady WINDOW w AS (ORDER BY i ROWS BETWEEN 100000 PRECEDING AND 10 PRECEDING);
CREATE TABLE steady_result AS TABLE steady_frame;
SELECT count(*) AS rows,
       count(*) FILTER (WHERE x.a IS DISTINCT FROM b.a OR x.t <> b.a OR NOT near(x.r, b.r) OR NOT near(x.l, 1 - b.r)
                          OR x.s <> b.s OR NOT near(x.n, b.n) OR x.p <> b.p OR NOT near(x.q, b.q)) AS wrong
FROM (SELECT * FROM steady_result WHERE i % 9973 = 100) x,
     LATERAL (SELECT count(DISTINCT c) AS a, avg(now::int) FILTER (WHERE was) AS r,
                     count(*) FILTER (WHERE now AND NOT was) AS s,
	avg(CASE WHEN score >= 9 THEN 100 WHEN score >= 7 THEN 0 ELSE -100 END) AS n,
	count(*) FILTER (WHERE score IN (7, 8)) AS p, avg((score % 5 >= 3)::int) AS q
	FROM steady s WHERE s.i BETWEEN x.i - 100000 AND x.i - 10) b;
-- nor does it matter how many customers are in it, and how their numbers are spread
SET statement_timeout = '300s';
SELECT step, max(n), count(*) FILTER (WHERE n <> least(i, 200000)) AS wrong
FROM unnest(ARRAY[1, 4294967296]) step,
     LATERAL (SELECT i, active_customers(i * step) OVER (ROWS 199999 PRECEDING) AS n
              FROM generate_series(1, 400000) i) x
GROUP BY step ORDER BY step;
RESET statement_timeout;
RESET work_mem;

-- errors
SELECT active_customers(c) OVER (ORDER BY v RANGE BETWEEN -1 PRECEDING AND CURRENT ROW) FROM frame_row;
SELECT active_customers() FROM frame_row;
SELECT active_customers(d) FROM visit;
SELECT active_customers_finalfn(NULL);

DROP SCHEMA active_customers_test CASCADE;

--
-- small: small groups of customer_activity, customer_purchases and
-- customer_subscriptions while they are built: rows, rows that fit no unit, growth,
-- decimals, states of other processes, zones
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA small_test;
SELECT set_config('search_path', 'small_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- Groups of 1 to 7,000 rows, of kinds: near days; some that no unit holds, at the
-- front, at the end, scattered; amounts of few units, of many, of more and more
-- decimals, so large that two fit no unit together; refunds; few customers and
-- days, so that most rows are one entry
CREATE TABLE fact AS
SELECT size * 10 + kind AS g, kind, i, size,
       CASE kind WHEN 7 THEN i % 3 ELSE dice(i, 1, 1 + size / 3) END - 5 AS c,
       CASE WHEN kind = 1 AND i = 1 OR kind = 2 AND i = size OR kind = 3 AND dice(i, 2, 7) = 0
            THEN date '9999-12-31' - dice(i, 3, 5)
            ELSE date '2024-01-01' + dice(i, 4, CASE kind WHEN 7 THEN 4 ELSE 700 END) END AS d,
       CASE kind WHEN 4 THEN round(7 + dice(i, 5, 1000) / 1000.0, i * 3 / size)
                 WHEN 5 THEN CASE WHEN i = size THEN 0.00000001 ELSE 123456 END
                 WHEN 6 THEN 2500000000
                 ELSE dice(i, 6, 100) - 10 END AS a
FROM unnest(ARRAY[1, 2, 9, 10, 11, 14, 15, 25, 26, 100, 408, 409, 1000, 7000]) size,
     generate_series(0, 7) kind, generate_series(1, size) i
WHERE size < 7000 OR kind IN (0, 3, 6);
ANALYZE fact;
-- With more rows of an earlier day a group is large; without that day it is as small
CREATE VIEW enlarged AS
	SELECT g, c, d, a FROM fact WHERE size IN (1, 10, 26, 409, 7000)
	UNION ALL
	SELECT g, i, date '1950-01-01', 1
	FROM (SELECT DISTINCT g FROM fact WHERE size IN (1, 10, 26, 409)) x, generate_series(1, 7000) i;
CREATE TABLE large AS
	SELECT g, activity_during(customer_activity(c, d), daterange('1951-01-01', NULL)) AS activity,
	       purchases_during(customer_purchases(c, d, a), daterange('1951-01-01', NULL)) AS purchases
	FROM enlarged GROUP BY g;
CREATE FUNCTION in_order(random boolean)
RETURNS TABLE (g int, activity customer_activity, purchases customer_purchases, subscriptions customer_subscriptions)
LANGUAGE sql AS $$
	SELECT g, customer_activity(c, d), customer_purchases(c, d, a), customer_subscriptions(c, d, NULL, abs(a) * 500)
	FROM (SELECT * FROM fact ORDER BY CASE WHEN random THEN dice(fact.i, 7, 1000000) ELSE fact.i END) f GROUP BY g $$;
SELECT count(*), bool_and(s.activity = l.activity) AS activity, bool_and(s.purchases = l.purchases) AS purchases
FROM in_order(false) s JOIN large l USING (g);
SELECT count(*), bool_and(s.activity = l.activity) AS activity, bool_and(s.purchases = l.purchases) AS purchases
FROM in_order(true) s JOIN large l USING (g);
-- ... what plain SQL counts
SELECT bool_and(customers(activity) = cs) AS customers, bool_and(active_days(activity) = days) AS days,
       bool_and(activity_span(activity) = span) AS span, bool_and(purchases(purchases) = n) AS purchases,
       bool_and(near(revenue(purchases)::float8, net::float8)) AS revenue
FROM in_order(true) JOIN (SELECT g, count(DISTINCT c) AS cs, count(DISTINCT (c, d)) AS days,
                                 daterange(min(d), max(d) + 1) AS span, count(*) FILTER (WHERE a >= 0) AS n,
                                 sum(a) AS net
                          FROM fact GROUP BY g) f USING (g);
-- ... rows one by one, and those of two processes, in whichever order they come
CREATE AGGREGATE merged(customer_activity) (SFUNC = customer_activity_combine, STYPE = customer_activity,
                                            FINALFUNC = customer_activity_finalfn);
CREATE AGGREGATE merged(customer_purchases) (SFUNC = customer_purchases_combine, STYPE = customer_purchases,
                                             FINALFUNC = customer_purchases_finalfn);
CREATE AGGREGATE merged(customer_subscriptions) (SFUNC = customer_subscriptions_combine, STYPE = customer_subscriptions,
                                                 FINALFUNC = customer_subscriptions_finalfn);
CREATE AGGREGATE part(customer_key, date) (SFUNC = customer_activity_transfn, STYPE = customer_activity);
CREATE AGGREGATE part(customer_key, timestamptz) (SFUNC = customer_activity_transfn, STYPE = customer_activity);
CREATE AGGREGATE part(customer_key, date, numeric) (SFUNC = customer_purchases_transfn, STYPE = customer_purchases);
CREATE AGGREGATE part(customer_key, timestamptz, numeric) (SFUNC = customer_purchases_transfn,
                                                           STYPE = customer_purchases);
CREATE AGGREGATE part(customer_key, date, date, numeric) (SFUNC = customer_subscriptions_transfn,
                                                          STYPE = customer_subscriptions);
CREATE FUNCTION in_parts(nparts int)
RETURNS TABLE (g int, activity customer_activity, purchases customer_purchases, subscriptions customer_subscriptions,
               a2 customer_activity, p2 customer_purchases, s2 customer_subscriptions)
LANGUAGE sql AS $$
	SELECT g, merged(x.a ORDER BY n), merged(p ORDER BY n DESC), merged(s ORDER BY n),
	       rollup(x.a ORDER BY n DESC), rollup(p ORDER BY n), rollup(s ORDER BY n DESC)
	FROM (SELECT g, i % nparts AS n, part(c, d) AS a, part(c, d, f.a) AS p, part(c, d, NULL, abs(f.a) * 500) AS s
	      FROM fact f GROUP BY 1, 2) x
	GROUP BY g $$;
SELECT nparts, bool_and(p.activity = s.activity AND a2 = s.activity) AS activity,
       bool_and(p.purchases = s.purchases AND p2 = s.purchases) AS purchases,
       bool_and(p.subscriptions = s.subscriptions AND s2 = s.subscriptions) AS subscriptions
FROM unnest(ARRAY[2, 40]) nparts, in_parts(nparts) p JOIN in_order(false) s USING (g)
GROUP BY nparts ORDER BY nparts;
-- ... in parallel plans
SELECT parallel_check('SELECT g, customer_activity_send(customer_activity(c, d)),
                              customer_purchases_send(customer_purchases(c, d, a)),
                              customer_subscriptions_send(customer_subscriptions(c, d, NULL, a)) FROM fact GROUP BY g');
-- ... subscriptions whose order does not matter, but their amounts do
SELECT bool_and(x.subscriptions = y.subscriptions) AS subscriptions
FROM in_order(false) x JOIN in_order(true) y USING (g);
SELECT bool_and(subscriptions = other) AS cents, bool_or(subscriptions = less) AS less
FROM in_order(true) JOIN (SELECT g, customer_subscriptions(c, d, NULL, abs(a) * 500) AS other,
                                 customer_subscriptions(c, d, NULL, abs(a) * 500 - (i = size)::int / 1e8) AS less
                          FROM fact WHERE kind <> 6 GROUP BY g) o USING (g);
-- A final function changes nothing: frames that grow, over rows that fit no unit
SELECT bool_and(a = (SELECT customer_activity(c, d) FROM fact f WHERE f.g = w.g AND f.i <= w.i)) AS activity,
       bool_and(p = (SELECT customer_purchases(c, d, f.a) FROM fact f WHERE f.g = w.g AND f.i <= w.i)) AS purchases
FROM (SELECT g, i, customer_activity(c, d) OVER o AS a, customer_purchases(c, d, fact.a) OVER o AS p
      FROM fact WHERE size IN (26, 100) WINDOW o AS (PARTITION BY g ORDER BY i)) w;
-- Sums that are too large are errors in a small group, too
SELECT what, left(outcome(format('SELECT revenue(customer_purchases(c, ''2024-01-01''::date, a)) '
                                'FROM (VALUES %s) v(c, a)', rows)), 16)
FROM (VALUES ('sum', '(1, 9e18), (1, 9e18)'), ('fits', '(1, 9e15), (2, 0.125)'),
             ('scale', '(1, 9e17), (2, 0.125)')) v(what, rows);

--
-- Zones
--
SET timezone = 'America/New_York';
CREATE TABLE event AS
	SELECT g, i, i % (1 + g / 2) AS c, timestamptz '2024-01-01 00:00+00' + i * interval '67 minutes' AS at
	FROM unnest(ARRAY[1, 5, 12, 600, 9000]) g, generate_series(1, g) i;
ANALYZE event;
CREATE FUNCTION travels(g int) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', 'Asia/Tokyo', true);
	RETURN true;
END $$;
CREATE FUNCTION on_the_way(query text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', 'America/New_York', true);
	RETURN outcome(query);
END $$;
-- A state of another zone is neither finished, taken over nor combined with another; it is sent by its name, which a
-- small group has no longer
SELECT g, on_the_way(format('SELECT customer_activity(c, at) '
                            'FROM (SELECT * FROM event WHERE g = %s ORDER BY i OFFSET 0) e '
                            'WHERE i < g / 2 OR travels(i)', g)) AS finished,
	   on_the_way(format('SELECT merged(a) FROM (SELECT part(c, at) AS a FROM event WHERE g = %s OFFSET 0) x '
	                     'WHERE travels(1)', g)) AS taken_over,
	   on_the_way(format('SELECT merged(p) FROM (SELECT part(c, at, 1) AS p FROM event WHERE g = %s GROUP BY i %% 2 '
	                     'OFFSET 0) x WHERE travels(1)', g)) AS combined,
	   on_the_way(format('SELECT customer_activity_send(a) IS NULL '
	                     'FROM (SELECT part(c, at) AS a FROM event WHERE g = %s '
	                     'OFFSET 0) x WHERE travels(1)', g)) AS sent
FROM unnest(ARRAY[5, 12, 600, 9000]) g;
-- ... but with days without a zone, before and after it
SELECT g, merged(a ORDER BY n) = whole AS before, merged(a ORDER BY n DESC) = whole AS after
FROM (SELECT g, i % 2 AS n, CASE i % 2 WHEN 0 THEN part(c, at)
                                       ELSE part(c, (at AT TIME ZONE 'America/New_York')::date) END AS a
      FROM event GROUP BY g, i % 2) x
JOIN (SELECT g, customer_activity(c, at) AS whole FROM event GROUP BY g) w USING (g)
GROUP BY g, whole ORDER BY g;

-- The latest start belongs to the value as a whole: where a contract begins on the day another ends, no change is left
-- that tells it, so it must outlive the growth of the group, wherever its row comes
SELECT n, count(DISTINCT v) AS values
FROM (SELECT n, customer_subscriptions(c, started, ended, 10 ORDER BY started DESC) AS down,
             customer_subscriptions(c, started, ended, 10 ORDER BY started) AS up
      FROM unnest(ARRAY[1, 20, 600]) n, LATERAL (
          VALUES (0, date '2024-01-01', date '2024-06-01'), (0, '2024-06-01', NULL)
          UNION ALL SELECT i, date '2023-01-01' + i % 300, NULL FROM generate_series(1, n) i) o (c, started, ended)
      GROUP BY n) x, unnest(ARRAY[down, up]) v
GROUP BY n ORDER BY n;

DROP SCHEMA small_test CASCADE;

--
-- funnel: funnel_table and funnel_attempts, who gets how far along steps
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 0;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA funnel_test;
SELECT set_config('search_path', 'funnel_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- Hard cases
--
CREATE TABLE ev (c int, at timestamp, event text);
INSERT INTO ev
	SELECT ascii(c) - 96, ('2024-01-' || t)::timestamp, event
	FROM (VALUES ('a', '01 10:00', 'view'), ('a', '01 10:05', 'cart'), ('a', '02 09:00', 'buy'),
	             ('b', '01 08:00', 'cart'), ('b', '02 08:00', 'view'), ('b', '03 08:00', 'buy'),
	             ('c', '01', 'view'), ('c', '05', 'cart'), ('c', '08', 'buy'),
	             ('d', '01 12:00', 'view'), ('d', '10 12:00', 'view'), ('d', '12 12:00', 'cart'),
	                 ('d', '13 12:00', 'buy'),
	             ('e', '05 12:00', 'buy'), ('e', '05 12:00', 'cart'), ('e', '05 12:00', 'view'),
	             ('f', '10', 'view'), ('f', '10', 'view'), ('f', '10 12:00', 'search'), ('f', '11', 'cart'),
	             ('g', '28', 'view'), ('g', '29', 'cart'), ('g', '30', 'buy'),
	             ('h', '05', 'cart'), ('h', '06', 'buy'),
	             ('i', '01', 'view'), ('i', '06', 'cart'), ('i', '07', 'view'), ('i', '09', 'buy'),
	             ('j', '01', 'view'), ('j', '02', 'cart'), ('j', '03', 'view'), ('j', '04', 'cart'),
	                 ('j', '09 12:00', 'buy'))
	     v(c, t, event);
CREATE TABLE value AS SELECT customer_events(c, at, event) AS e FROM ev;
SELECT chr(96 + customer::int) AS c, attempt, max(step) AS reached, min(at) AS began, max(at) AS got_there
FROM value, funnel_attempts(e, '{view,cart,buy}', '7 days', 'all', '2024-02-01') GROUP BY customer, attempt
ORDER BY customer, attempt;
SELECT chr(96 + customer::int) AS c, max(step) FILTER (WHERE kind = 'best') AS best,
       min(attempt) FILTER (WHERE kind = 'best') AS which, max(step) FILTER (WHERE kind = 'first') AS first,
       min(attempt) FILTER (WHERE kind = 'first') AS which_first
FROM value, unnest(ARRAY['best', 'first']) kind, funnel_attempts(e, '{view,cart,buy}', '7 days', kind, '2024-02-01')
GROUP BY customer ORDER BY customer;
SELECT f.* FROM value, funnel_table(e, '{view,cart,buy}', '7 days', as_of => '2024-02-01') f;
SELECT f.* FROM value, funnel_table(e, '{view,cart,buy}', '7 days', 'first', as_of => '2024-02-01') f;
SELECT f.period_start, f.step, f.customers, f.conversion_rate, f.step_rate, f.median_seconds AS median, f.complete
FROM value, funnel_table(e, '{view,cart,buy}', '7 days', period => '7 days', as_of => '2024-02-01') f;
SELECT f.period_start, f.step, f.customers, f.conversion_rate, f.step_rate, f.median_seconds AS median, f.complete
FROM value, funnel_table(e, '{view,cart,buy}', '7 days', 'first', '7 days', '2024-02-01') f;
-- all attempts of one customer
SELECT attempt, step, event, at
FROM value, funnel_attempts(e, '{view,cart,buy}', '7 days', 'all', '2024-02-01') WHERE customer = 10;

--
-- Repeated steps
--
CREATE FUNCTION reached(steps text[], VARIADIC pairs text[]) RETURNS bigint LANGUAGE sql
RETURN (SELECT max(step) FROM (SELECT customer_events(1, timestamp '2024-01-01' + split_part(p, ':', 2)::interval,
                                                      split_part(p, ':', 1)) AS e FROM unnest(pairs) p) x,
        funnel_attempts(e, steps, '1 day', as_of => '2024-02-01'));
SELECT reached('{buy,buy}', 'buy:0 s', 'buy:0 s') AS x, reached('{buy,buy}', 'buy:0 s', 'buy:10 s') AS y,
       reached('{A,B,A}', 'A:0 s', 'B:0 s') AS p, reached('{A,B,A}', 'A:0 s', 'B:0 s', 'A:3 s') AS q,
       reached('{A,B,A}', 'A:0 s', 'A:5 s', 'B:5 s') AS free, reached('{A,A,A}', 'A:0 s', 'A:5 s') AS two,
       reached('{A,B,C}', 'C:0 s', 'B:0 s', 'A:0 s') AS at_once;

--
-- since: attempts that begin earlier are not shown, and the first is still the first of all
--
SELECT kind, period, array_agg((f.period_start, f.step, f.customers, f.complete)::text) AS rows
FROM value, (VALUES ('best', NULL::interval), ('first', NULL), ('best', '7 days'), ('first', '7 days')) o(kind, period),
     funnel_table(e, '{view,cart}', '7 days', kind, o.period, '2024-02-01', '2024-01-03') f GROUP BY kind, period
ORDER BY 2, 1;
SELECT customer, attempt, min(at)
FROM value, funnel_attempts(e, '{view,cart}', '7 days', 'all', '2024-02-01', '2024-01-03') GROUP BY 1, 2 ORDER BY 1, 2;
-- as_of: by default the last event
SELECT (SELECT array_agg(f) FROM funnel_table(e, '{view,cart,buy}', '2 days') f)
     = (SELECT array_agg(f) FROM funnel_table(e, '{view,cart,buy}', '2 days', as_of => '2024-01-30') f) AS same,
       (SELECT sum(customers) FROM funnel_table(e, '{view}', '2 days')) AS known,
       (SELECT sum(customers) FROM funnel_table(e, '{view}', '2 days 1 second')) AS less
FROM value;
-- as_of and since are days, whatever the time
SELECT (SELECT array_agg(f) FROM funnel_table(e, '{view,cart}', '7 days', as_of => '2024-01-15 23:59:59',
                                              since => '2024-01-02 01:00') f)
     = (SELECT array_agg(f) FROM funnel_table(e, '{view,cart}', '7 days', as_of => '2024-01-15',
            since => '2024-01-02') f)
       AS same FROM value;

--
-- What is not there
--
SELECT f.* FROM value, funnel_table(e, '{view,nothing,buy}', '7 days', as_of => '2024-02-01') f;
SELECT f.* FROM value, funnel_table(e, '{nothing,buy}', '7 days') f;
SELECT f.* FROM value, funnel_table(e, '{nothing,buy}', '7 days', period => '1 day') f;
SELECT count(*) FROM value, funnel_attempts(e, '{nothing,buy}', '7 days');
SELECT count(*) FROM funnel_table(NULL, '{view,cart}', '7 days');
SELECT count(*) FROM funnel_attempts(NULL, '{view,cart}', '7 days');
-- before anything is known
SELECT f.* FROM value, funnel_table(e, '{view,cart}', '7 days', as_of => '2023-01-01') f;
-- one step, and the most
SELECT f.* FROM value, funnel_table(e, '{view}', '7 days', as_of => '2024-02-01') f;
SELECT max(step), sum(customers)
FROM value, funnel_table(e, array_fill('view'::text, ARRAY[32]), '7 days', as_of => '2024-02-01');

--
-- Errors
--
SELECT what, outcome(format('SELECT count(*) FROM value, funnel_table(e, %s)', args)) AS result
FROM (VALUES ('months', $$'{view}', '1 month'$$), ('years and days', $$'{view}', '1 year 3 days'$$),
             ('no time', $$'{view}', '0 days'$$), ('negative', $$'{view}', '-1 day'$$),
             ('days less hours', $$'{view}', '1 day -25 hours'$$), ('null within', $$'{view}', NULL$$),
             ('no steps', $$'{}', '7 days'$$), ('null step', $$'{view,NULL}', '7 days'$$),
                    ('null steps', $$NULL, '7 days'$$),
             ('two dimensions', $$'{{view},{cart}}', '7 days'$$),
             ('too many', $$array_fill('a'::text, ARRAY[33]), '7 days'$$), ('attempt', $$'{view}', '7 days', 'last'$$),
             ('all', $$'{view}', '7 days', 'all'$$), ('null attempt', $$'{view}', '7 days', NULL$$),
             ('period', $$'{view}', '7 days', period => '1 month 1 day'$$),
             ('as_of', $$'{view}', '7 days', as_of => 'infinity'$$), ('since', $$'{view}', '7 days',
                    since => '-infinity'$$),
             ('confidence', $$'{view}', '7 days', confidence => 1$$),
             ('null confidence', $$'{view}', '7 days', confidence => NULL$$),
             ('null origin', $$'{view}', '7 days', origin => NULL$$)) v(what, args);
-- also without a value
SELECT outcome($$SELECT count(*) FROM funnel_table(NULL, '{}', '7 days')$$) AS steps,
       outcome($$SELECT count(*) FROM funnel_attempts(NULL, '{view}', '1 month')$$) AS within,
       outcome($$SELECT count(*) FROM funnel_attempts(NULL, '{view}', '1 day', 'last')$$) AS attempt;

--
-- Kinds of time.  Over the change of clocks in Berlin an instant is right, what was written there is not.
--
SET timezone = 'Europe/Berlin';
CREATE TABLE berlin (at timestamptz, event text);
INSERT INTO berlin VALUES ('2024-10-27 00:30Z', 'view'), ('2024-10-27 01:10Z', 'cart');
SELECT 'timestamptz' AS kind, step, customers, median_seconds
FROM (SELECT customer_events(1, at, event) AS e FROM berlin) x, funnel_table(e, '{view,cart}', '1 hour',
       as_of => '2024-11-01')
UNION ALL
SELECT 'timestamp', step, customers, median_seconds
FROM (SELECT customer_events(1, at::timestamp, event) AS e FROM berlin) x,
     funnel_table(e, '{view,cart}', '1 hour', as_of => '2024-11-01') ORDER BY 1 DESC, 2;
SELECT attempt, step, at
FROM (SELECT customer_events(1, at, event) AS e FROM berlin) x,
     funnel_attempts(e, '{view,cart}', '1 hour', as_of => '2024-11-01');
-- bins and as_of are days of the session's time zone; 24 hours are not a day of 25
CREATE TABLE night AS
	SELECT customer_events(1, at, event) AS e
	FROM (VALUES (timestamptz '2024-10-26 22:30Z', 'view'), ('2024-10-27 22:35Z', 'cart')) v(at, event);
SELECT f.period_start, f.step, f.customers, f.complete
FROM night, funnel_table(e, '{view,cart}', '1 day', period => '1 day', as_of => '2024-11-01') f;
SET timezone = 'UTC';
SELECT f.period_start, f.step, f.customers, f.complete
FROM night, funnel_table(e, '{view,cart}', '25 hours', period => '1 day', as_of => '2024-11-01') f;
-- where clocks are put back over midnight, a later instant may have an earlier day
SET timezone = 'America/St_Johns';
SELECT f.period_start, f.step, f.customers
FROM (SELECT customer_events(c, at, 'a') AS e
      FROM (VALUES (1, timestamptz '2010-11-07 02:30:30Z'), (2, '2010-11-07 02:40Z')) v(c, at)) x,
     funnel_table(e, '{a}', '1 hour', period => '1 day', as_of => '2010-12-01') f;
SELECT customer, at
FROM (SELECT customer_events(c, at, 'a') AS e
      FROM (VALUES (1, timestamptz '2010-11-07 02:30:30Z'), (2, '2010-11-07 02:40Z')) v(c, at)) x,
     funnel_attempts(e, '{a}', '1 hour', as_of => '2010-12-01');
SET timezone = 'UTC';
-- dates: the end is excluded, and part of a day is as good as the whole
CREATE TABLE days AS SELECT customer_events(1, d, event) AS e
	FROM (VALUES (date '2024-01-01', 'view'), ('2024-01-08', 'cart')) v(d, event);
SELECT w, array_agg(customers ORDER BY step) AS customers, max(median_seconds) AS median
FROM days, unnest(ARRAY['7 days', '7 days 1 second', '8 days', '24 hours', '1 microsecond']::interval[]) w,
     funnel_table(e, '{view,cart}', w, as_of => '2024-02-01') GROUP BY w ORDER BY w;
SELECT as_of, sum(customers) AS known
FROM days, unnest(ARRAY['2024-01-08', '2024-01-09', '2024-01-10']::date[]) as_of,
     funnel_table(e, '{view}', '7 days 1 second', as_of => as_of) GROUP BY as_of ORDER BY as_of;
-- far apart
SELECT kind, array_agg(f.customers) AS customers, max(f.median_seconds) AS median
FROM (SELECT 'date' AS kind, customer_events(1, d, n) AS e
      FROM (VALUES (date '4714-11-24 BC', 'a'), ('5874897-12-31', 'b')) v(d, n)
      UNION ALL
      SELECT 'timestamp', customer_events(1, t, n)
      FROM (VALUES (timestamp '4714-11-24 00:00 BC', 'a'), ('294276-12-31 23:59:59.999999', 'b')) v(t, n)) x,
     funnel_table(e, '{a,b}', '2147483647 days') f GROUP BY kind ORDER BY kind;
SELECT kind, array_agg(f.customers) AS customers, max(f.median_seconds) AS median
FROM (SELECT 'date' AS kind, customer_events(1, d, n) AS e
      FROM (VALUES (date '4714-11-24 BC', 'a'), ('5874890-12-31', 'b'), ('5874897-12-31', 'c')) v(d, n)
      UNION ALL
      SELECT 'timestamp', customer_events(1, t, n)
      FROM (VALUES (timestamp '4714-11-24 00:00 BC', 'a'), ('294270-12-31 23:59:59.999999', 'b'),
                   ('294276-12-31 23:59:59.999999', 'c')) v(t, n)) x,
     funnel_table(e, '{a,b}', CASE kind WHEN 'date' THEN interval '2147483000 days' ELSE '109200000 days' END) f
GROUP BY kind ORDER BY kind;
SELECT outcome($$SELECT count(*) FROM (SELECT customer_events(1, d, 'a') AS e
	FROM (VALUES (date '4714-11-24 BC'), ('5874897-12-31')) v(d)) x, funnel_table(e, '{a}', '1 day',
	    period => '1 day')$$)
	AS bins,
	outcome($$SELECT count(*) FROM (SELECT customer_events(1, d, 'a') AS e
	FROM (VALUES (date '5874890-12-31'), ('5874897-12-31')) v(d)) x, funnel_attempts(e, '{a}', '1 day')$$) AS written,
	outcome($$SELECT string_agg(f::text, ' ') FROM (SELECT customer_events(1, t, 'a') AS e
	FROM (VALUES (timestamp '294270-12-31'), ('294276-12-30')) v(t)) x,
	funnel_table(e, '{a}', '1 day', period => '100 years') f$$) AS far_bin;

--
-- Random events with many ties: against a search over all chains of events.  A chain takes different events,
-- none before the one before it, all within the window.
--
CREATE TABLE facts AS
	SELECT 1 + dice(i, 1, 150) AS c, timestamp '2024-01-01' + dice(i, 2, 60) * interval '4 hours' AS at,
	       ('{a,a,b,b,c,d}'::text[])[1 + dice(i, 3, 6)] AS event
	FROM generate_series(1, 1500) i;
CREATE TABLE seen AS SELECT DISTINCT c, at, event FROM facts;
CREATE INDEX ON seen (c, event, at);
ANALYZE seen;
CREATE TABLE random AS SELECT customer_events(c, at, event) AS e FROM facts;
CREATE TABLE funnels (n int, steps text[], w interval);
INSERT INTO funnels VALUES (1, '{a,b,c}', '1 day'), (2, '{a,b,c,d}', '3 days'), (3, '{a,a}', '16 hours'),
	(4, '{a,b,a}', '36 hours'), (5, '{b,b,b,a}', '5 days'), (6, '{d,a,b,a,b}', '4 days'), (7, '{c,x,a}', '2 days'),
	(8, '{a}', '1 day'), (9, '{b,c}', '4 hours'), (10, '{a,a,b,b}', '2 days');
CREATE TABLE chains AS
	WITH RECURSIVE chain AS (
		SELECT n, c, at AS start, 1 AS reached, at AS last, ARRAY[(at, event)::text] AS used, f.steps, f.w
		FROM funnels f JOIN seen s ON s.event = f.steps[1]
		UNION ALL
		SELECT n, s.c, start, reached + 1, s.at, used || (s.at, s.event)::text, steps, w
		FROM chain h JOIN seen s ON s.c = h.c AND s.event = h.steps[h.reached + 1] AND s.at >= h.last
		     AND s.at < h.start + h.w AND (s.at, s.event)::text <> ALL (h.used))
	SELECT n, c, start, max(reached) AS reached FROM chain GROUP BY n, c, start;
SELECT n, count(*) AS attempts, max(f.reached) AS furthest, count(*) FILTER (WHERE f.reached IS DISTINCT
       FROM g.reached) AS wrong
FROM (SELECT n, c, start, h.reached FROM chains h JOIN funnels USING (n) WHERE start + w <= '2024-01-10') f
FULL JOIN (SELECT n, customer AS c, min(at) AS start, max(step) AS reached
           FROM random, funnels, funnel_attempts(e, steps, w, 'all', '2024-01-10') GROUP BY n, customer, attempt) g
USING (n, c, start) GROUP BY n ORDER BY n;

--
-- A second formulation: each step by a lateral join, then the medians of percentile_cont
--
CREATE FUNCTION in_sql(steps text[], within interval, as_of timestamp) RETURNS TABLE (c int, number bigint,
       times timestamp[])
LANGUAGE sql AS $$
	WITH RECURSIVE attempt AS (
		SELECT s.c, row_number() OVER (PARTITION BY s.c ORDER BY s.at) AS number, ARRAY[s.at] AS times
		FROM seen s WHERE s.event = steps[1]
		UNION ALL
		SELECT a.c, a.number, a.times || s.at
		FROM attempt a, LATERAL (
			SELECT x.at FROM seen x
			WHERE x.c = a.c AND x.event = steps[cardinality(a.times) + 1] AND x.at >= a.times[cardinality(a.times)]
			AND NOT EXISTS (SELECT FROM unnest(a.times, steps) u(t, s) WHERE u.t = x.at AND u.s = x.event)
			AND x.at < a.times[1] + within ORDER BY x.at LIMIT 1) s)
	SELECT DISTINCT ON (c, number) c, number, times FROM attempt WHERE times[1] + within <= as_of
	ORDER BY c, number, cardinality(times) DESC
$$;
CREATE FUNCTION table_in_sql(steps text[], within interval, attempt text, period interval, as_of timestamp,
       since timestamp)
RETURNS TABLE (period_start date, step int, customers bigint, median double precision, total double precision)
LANGUAGE sql AS $$
	WITH shown AS (
		SELECT *, CASE WHEN period IS NOT NULL THEN date_bin(period, times[1], '2001-01-01')::date END AS bin
		FROM in_sql(steps, within, as_of) WHERE times[1] >= coalesce(since, '-infinity')),
	counted AS (
		SELECT DISTINCT ON (c, bin) * FROM shown WHERE attempt = 'best' OR number = 1
		ORDER BY c, bin, cardinality(times) DESC, number),
	bins AS (
		SELECT DISTINCT CASE WHEN period IS NOT NULL THEN date_bin(period, at, '2001-01-01')::date END AS bin
		FROM seen WHERE event = steps[1] AND at >= coalesce(since, '-infinity'))
	SELECT b.bin, k::int, count(times[k]),
	       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM times[k] - times[k - 1])::float8),
	       percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN k > 1 THEN extract(epoch
	           FROM times[k] - times[1])::float8 END)
	FROM bins b CROSS JOIN generate_subscripts(steps, 1) k LEFT JOIN counted c ON c.bin IS NOT DISTINCT FROM b.bin
	GROUP BY b.bin, k ORDER BY b.bin, k
$$;
SELECT coalesce(f.attempt, s.attempt) AS attempt, coalesce(f.per, s.per) AS per, coalesce(f.since, s.since) AS since,
       count(*) AS rows,
       count(*) FILTER (WHERE f.n IS NULL OR s.n IS NULL OR (f.f).customers <> s.customers
                        OR NOT near((f.f).median_seconds, s.median) OR NOT near((f.f).median_total_seconds, s.total)
                        OR NOT near((f.f).step_rate, s.customers / nullif(s.before, 0)::float8)) AS wrong
FROM (SELECT n, attempt, per, since, f.step AS number, coalesce(f.period_start, '-infinity') AS bin, f
      FROM random, funnels, unnest(ARRAY['best', 'first']) attempt,
             unnest(ARRAY[NULL, '1 day', '3 days']::interval[]) per,
           unnest(ARRAY[NULL, '2024-01-04']::timestamp[]) since,
           funnel_table(e, steps, w, attempt, per, '2024-01-09', since) f) f
FULL JOIN (SELECT n, attempt, per, since, s.step AS number, coalesce(s.period_start, '-infinity') AS bin, s.*
           FROM funnels, unnest(ARRAY['best', 'first']) attempt, unnest(ARRAY[NULL, '1 day', '3 days']::interval[]) per,
                unnest(ARRAY[NULL, '2024-01-04']::timestamp[]) since,
                LATERAL (SELECT *, lag(customers) OVER (PARTITION BY period_start ORDER BY step) AS before
                         FROM table_in_sql(steps, w, attempt, per, '2024-01-09', since)) s) s
ON (f.n, f.attempt, f.number, f.bin) = (s.n, s.attempt, s.number, s.bin) AND f.per IS NOT DISTINCT FROM s.per
   AND f.since IS NOT DISTINCT FROM s.since
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- rates and intervals
SELECT bool_and(near(conversion_rate, customers / began::float8) AND (step = 1) = (f.lower IS NULL)
                AND (step = 1 OR near(f.lower, i.lower) AND near(f.upper, i.upper))) AS same, count(*)
FROM random, funnels, LATERAL (SELECT *, first_value(customers) OVER (ORDER BY step) AS began
                               FROM funnel_table(e, steps, w, as_of => '2024-01-09', confidence => 0.9)) f,
     wilson_interval(customers, began, 0.9) i;
-- a bin is complete if no attempt that begins in it can be unknown
SELECT n, count(*) FILTER (WHERE complete) AS complete,
       bool_and(complete = (period_start + 1 + w <= '2024-01-09')) AS same
FROM random, funnels, funnel_table(e, steps, w, period => '1 day', as_of => '2024-01-09') GROUP BY n ORDER BY n;

--
-- Two orders: the first attempt is repeat_purchase_rate with a window
--
SELECT w, near((SELECT conversion_rate FROM funnel_table(e, '{order,order}', w, 'first') WHERE step = 2),
       rate) AS same, rate > 0
FROM unnest(ARRAY['2 days', '5 days', '36 hours']::interval[]) w,
     LATERAL (SELECT customer_events(c, at, 'order') AS e, repeat_purchase_rate(c, at, w) AS rate
            FROM (SELECT DISTINCT c, at FROM facts) y) x;

--
-- A customer with many events; a median of many
--
CREATE TABLE much AS
	SELECT customer_events(1, timestamp '2024-01-01' + i * interval '1 second', (ARRAY['a', 'b', 'c'])[1 + i % 3]) AS e
	FROM generate_series(0, 299999) i;
SELECT f.step, f.customers, f.median_seconds
FROM much, funnel_table(e, '{a,b,c,a,a,a}', '1 minute', as_of => '2024-02-01') f;
SELECT count(*), count(DISTINCT attempt), sum(step) FROM much,
       funnel_attempts(e, '{a,b,c,a,a,a}', '1 minute', 'all', '2024-02-01');
SELECT f.step, f.customers, f.median_seconds
FROM (SELECT customer_events(i, timestamp '2024-01-01' + (i * 7919 % 100003) * (k - 1) * interval '1 second',
                             (ARRAY['a', 'b'])[k]) AS e
      FROM generate_series(1, 100002) i, generate_series(1, 2) k) x,
     funnel_table(e, '{a,b}', '30 days', as_of => '2024-03-01') f;

--
-- A customer with a million events of a and b by turns, one with as many of a alone, and one who has b to z
-- after all of them, at one instant: time that grew with the square would be hours
--
SET statement_timeout = '2min';
CREATE TABLE million AS
	SELECT what, customer_events(1, timestamp '2024-01-01' + i * interval '1 second',
	                             CASE WHEN what = 'by turns' AND i % 2 = 1 THEN 'b' ELSE 'a' END) AS e
	FROM unnest(ARRAY['by turns', 'one name', 'at the end']) what, generate_series(0, 999999) i GROUP BY what;
UPDATE million SET e = (SELECT rollup(x) FROM (SELECT e UNION ALL
	SELECT customer_events(1, timestamp '2024-02-01', chr(i)) FROM generate_series(ascii('b'), ascii('z')) i) y(x))
WHERE what = 'at the end';
-- the best of them has its steps in 31 seconds, or waits for February
SELECT what, count(*) AS steps, sum(customers) AS reached, max(median_seconds) AS between,
       max(median_total_seconds) AS total
FROM million, (VALUES ('by turns', (SELECT array_agg(chr(97 + i % 2) ORDER BY i) FROM generate_series(0, 31) i)),
                      ('by turns', (SELECT array_agg(CASE WHEN i < 31 THEN chr(97 + i % 2) ELSE '-' END ORDER BY i)
                                    FROM generate_series(0, 31) i)),
                      ('one name', array_fill('a'::text, ARRAY[32])), ('one name', '{a,b}'),
                      ('at the end', (SELECT array_agg(chr(i) ORDER BY i) || '{a}'
                                      FROM generate_series(ascii('a'), ascii('z')) i))) s(whose, steps),
     funnel_table(e, steps, '1000 days', as_of => '2030-01-01')
WHERE what = whose GROUP BY what, steps ORDER BY what, count(*), sum(customers);
-- all attempts
SELECT count(*), sum(step) FROM million, funnel_attempts(e, '{a,b}', '1000 days', 'all', '2030-01-01')
WHERE what = 'one name';
SELECT count(*), sum(step) FROM million, funnel_attempts(e, '{b,a,b}', '1000 days', 'all', '2030-01-01', '2024-01-12')
WHERE what = 'by turns';
-- by day: the million seconds are 11 days and a half
SELECT what, count(*) AS rows, sum(customers) AS reached, bool_and(complete) AS complete
FROM million, funnel_table(e, '{a,b,a}', '1000 days', period => '1 day', as_of => '2030-01-01')
GROUP BY what ORDER BY what;
RESET statement_timeout;
DROP SCHEMA funnel_test CASCADE;

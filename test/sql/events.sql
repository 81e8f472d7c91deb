--
-- events: customer_events, for each customer the set of times and names of events
--
\set VERBOSITY sqlstate
SET datestyle = 'ISO, MDY';
SET timezone = 'UTC';
SET extra_float_digits = 0;
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 0;
CREATE SCHEMA events_test;
SELECT set_config('search_path', 'events_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

--
-- A few events
--
CREATE TABLE ev (c int, at timestamp, event text);
INSERT INTO ev VALUES (2, '2024-01-02 10:00', 'cart'), (1, '2024-01-01 09:00', 'view'), (1, '2024-01-01 09:00', 'view'),
	(1, '2024-01-03 09:00', 'buy'), (1, '2024-01-03 09:00', 'view'), (-5, '1999-12-31 23:59', ''),
	(NULL, '2024-01-01', 'view'), (3, NULL, 'view'), (3, '2024-01-01', NULL);
CREATE TABLE value AS SELECT customer_events(c, at, event) AS e FROM ev;
SELECT e FROM value;
SELECT customers(e), t.* FROM value, event_table(e) t;
SELECT activity(e) = (SELECT customer_activity(c, at) FROM ev WHERE event IS NOT NULL) AS whole,
       activity(e, 'view') = (SELECT customer_activity(c, at) FROM ev WHERE event = 'view') AS one,
       activity(e, '') = (SELECT customer_activity(c, at) FROM ev WHERE event = '') AS unnamed,
       activity(e, 'views') IS NULL AS misspelt, activity(NULL::customer_events) IS NULL AS nothing
FROM value;
-- nothing at all
SELECT customer_events(c, at, event) IS NULL AS none FROM ev WHERE false;
SELECT customer_events(c, at, event) IS NULL AS ignored FROM ev WHERE c IS NULL OR at IS NULL OR event IS NULL;
SELECT customers(NULL::customer_events) IS NULL AS customers, rollup(NULL::customer_events) IS NULL AS rollup,
       (SELECT count(*) FROM event_table(NULL)) AS event_table;
-- what is loaded again is the same
SELECT e::text::customer_events = e AS text, e::text = customer_events_send(e)::text AS bytes FROM value;
-- an event in three kinds of time
SELECT customer_events(1, date '2024-01-01', 'a') AS date, customer_events(1, timestamp '2024-01-01', 'a') AS timestamp,
       customer_events(1, timestamptz '2024-01-01', 'a') AS timestamptz;

--
-- Random events: equal content is equal bytes, however it is made
--
CREATE TABLE facts AS
	SELECT 1 + dice(i, 1, 700) AS c, timestamp '2024-01-01' + dice(i, 2, 90 * 24 * 60) * interval '1 minute' AS at,
	       (ARRAY['view', 'search', 'cart', 'buy', 'return', 'Zoë', 'a b', ''])[1 + dice(i, 3, 8)] AS event
	FROM generate_series(1, 20000) i;
INSERT INTO facts SELECT * FROM facts WHERE c % 5 = 0;
ALTER TABLE facts ADD tz timestamptz, ADD d date;
UPDATE facts SET tz = at, d = at;
VACUUM ANALYZE facts;
CREATE TABLE whole AS SELECT customer_events(c, at, event) AS t, customer_events(c, tz, event) AS z,
	customer_events(c, d, event) AS d FROM facts;
SELECT kind, count(*), count(DISTINCT e) AS values, bool_and(same) AS right
FROM (SELECT 'order' AS kind, e, e = t AS same
      FROM whole, (SELECT customer_events(c, at, event ORDER BY c, at) AS e FROM facts UNION ALL
                   SELECT customer_events(c, at, event ORDER BY at DESC) FROM facts UNION ALL
                   SELECT customer_events(c, at, event ORDER BY event, hashint4(c)) FROM facts UNION ALL
                   SELECT customer_events(c, at, event) FROM (SELECT DISTINCT c, at, event FROM facts) x) y
      UNION ALL
      SELECT 'split', e, e = t
      FROM whole, (SELECT rollup(e) AS e FROM (SELECT customer_events(c, at, event) AS e
             FROM facts GROUP BY c) x UNION ALL
                   SELECT rollup(e) FROM (SELECT customer_events(c, at, event) AS e
                          FROM facts GROUP BY event) x UNION ALL
                   SELECT rollup(e) FROM (SELECT customer_events(c, at, event) AS e
                          FROM facts GROUP BY at::date) x UNION ALL
                   SELECT rollup(e ORDER BY e)
                   FROM (SELECT customer_events(c, at, event) AS e FROM facts GROUP BY c % 3, at) x) y
      UNION ALL
      SELECT 'overlap', e, e = t
      FROM whole, (SELECT rollup(e) AS e FROM (SELECT t AS e FROM whole, generate_series(1, 5)) x UNION ALL
                   SELECT rollup(e)
                   FROM (SELECT t AS e FROM whole UNION ALL SELECT customer_events(c, at, event)
                          FROM facts GROUP BY c % 7
                         UNION ALL SELECT customer_events(c, at, event) FROM facts WHERE event = 'buy') x) y) z
GROUP BY kind ORDER BY kind;
-- a few instants that are far from all others: in the years 1, 1700, 9999 and 200000, first, last and in between
CREATE TABLE distant AS SELECT c, at, event FROM facts UNION ALL
	SELECT c, at + make_interval(years => (ARRAY[-2023, -324, 7975, 197976])[1 + c % 4]), event
	FROM facts WHERE c < 30;
CREATE TABLE distant_value AS
	SELECT 'time' AS kind, customer_events(c, at, event ORDER BY at) AS e FROM distant UNION ALL
	SELECT 'time, descending', customer_events(c, at, event ORDER BY at DESC) FROM distant UNION ALL
	SELECT 'none', customer_events(c, at, event ORDER BY hashtext(event || at)) FROM distant UNION ALL
	SELECT 'by customer', rollup(e)
	FROM (SELECT customer_events(c, at, event) AS e FROM distant GROUP BY c) x UNION ALL
	SELECT 'by year', rollup(e)
	FROM (SELECT customer_events(c, at, event) AS e FROM distant GROUP BY extract(year FROM at)) x UNION ALL
	SELECT 'small', rollup(e ORDER BY e DESC)
	FROM (SELECT customer_events(c, at, event) AS e FROM distant GROUP BY c, at) x;
SELECT count(*), count(DISTINCT e) AS values FROM distant_value;
SELECT bool_and((t.customers, t.events) = (n.customers, n.events)) AS right, count(*)
FROM (SELECT t.* FROM distant_value, event_table(e) t WHERE kind = 'time') t
FULL JOIN (SELECT event, count(DISTINCT c) AS customers, count(DISTINCT (c, at)) AS events
           FROM distant GROUP BY event) n
USING (event);
SELECT count(*) AS attempts, count(d.at) AS at_their_time
FROM (SELECT f.*
      FROM distant_value, funnel_attempts(e, '{buy}', '1 second', 'all', as_of => '200100-01-01') f
      WHERE kind = 'time') f
FULL JOIN (SELECT DISTINCT c, at FROM distant WHERE event = 'buy') d ON (c, d.at) = (customer, f.at);
-- at the limit of what can be counted from the first instant, and beyond it: the same from the other end
WITH pairs AS (
	SELECT a, a + d / 1000000 * interval '1 s' + d % 1000000 * interval '1 us' AS b
	FROM (VALUES (timestamp '2024-01-01')) x(a), unnest(ARRAY[1, 2, 4, 16]) factor, unnest(ARRAY[-1, 0, 1]) near,
	     unnest(ARRAY[-1, 1]) direction, LATERAL (SELECT direction * (factor * 9007199254740992 + near) AS d) y),
made AS (
	SELECT a, b, customer_events(1, t, 'e' ORDER BY t <> a) AS e, customer_events(1, t, 'e' ORDER BY t = a) AS f
	FROM pairs, unnest(ARRAY[a, b]) t GROUP BY a, b)
SELECT count(*), count(DISTINCT e) AS values, bool_and(e = f) AS same,
       bool_and((SELECT array_agg(n.at ORDER BY n.at) = ARRAY[least(a, b), greatest(a, b)]
                 FROM funnel_attempts(e, '{e}', '1 second', 'all', as_of => '250000-01-01') n)) AS instants
FROM made;
-- what it holds
SELECT bool_and((t.customers, t.events) = (n.customers, n.events)) AS right, count(*)
FROM whole w, event_table(w.t) t
FULL JOIN (SELECT event, count(DISTINCT c) AS customers, count(DISTINCT (c, at)) AS events FROM facts GROUP BY event) n
USING (event);
SELECT (SELECT array_agg(event) FROM event_table(t)) = (SELECT array_agg(event ORDER BY event COLLATE "C")
                                                        FROM (SELECT DISTINCT event FROM facts) x) AS in_order,
       customers(t) = (SELECT count(DISTINCT c) FROM facts) AS customers,
       activity(t) = (SELECT customer_activity(c, at) FROM facts) AS whole,
       (SELECT bool_and(activity(t, f.event) = a)
        FROM (SELECT event, customer_activity(c, at) AS a FROM facts GROUP BY event) f) AS each,
       activity(d) = activity(t) AS days
FROM whole;
-- instants have their days in the session's time zone, and the value does not change with it
SET timezone = 'America/Los_Angeles';
SELECT activity(z) = (SELECT customer_activity(c, tz) FROM facts) AS same,
       activity(z) = (SELECT customer_activity(c, at) FROM facts) AS as_written,
       z = (SELECT customer_events(c, tz, event) FROM facts) AS one_value, z::text::customer_events = z AS read
FROM whole;
SET timezone = 'UTC';
-- about three bytes an event with dates, five with whole seconds
SELECT length(customer_events_send(d)) / (SELECT count(DISTINCT (c, d, event)) FROM facts) < 4 AS dates,
       length(customer_events_send(t)) / (SELECT count(DISTINCT (c, at, event)) FROM facts) < 6 AS minutes FROM whole;

--
-- Plans
--
SELECT parallel_check('SELECT customer_events(c, at, event) AS v FROM facts');
SELECT parallel_check('SELECT c % 10 AS g, customer_events(c, at, event) AS v FROM facts GROUP BY 1');
SELECT parallel_check('SELECT c, customer_events(c, tz, event) AS v FROM facts GROUP BY 1');
SELECT parallel_check('SELECT customer_events(c, d, event) AS v FROM facts WHERE c = -1');
SET enable_hashagg = off;
SELECT parallel_check('SELECT c % 10 AS g, customer_events(c, at, event) AS v FROM facts GROUP BY 1');
SET enable_hashagg = on;
SET work_mem = '64kB';
SELECT count(*), bool_and(e = x) AS same
FROM (SELECT c, customer_events(c, at, event) AS e FROM facts GROUP BY c) a
JOIN (SELECT c, customer_events(c, at, event ORDER BY at) AS x FROM facts GROUP BY c) b USING (c);
RESET work_mem;
-- grouping sets, and two aggregates of one state
SELECT count(*), bool_and(e = CASE WHEN g IS NULL THEN (SELECT t FROM whole)
                              ELSE (SELECT customer_events(c, at, event) FROM facts WHERE c % 3 = g) END) AS same
FROM (SELECT c % 3 AS g, customer_events(c, at, event) AS e, customers(customer_events(c, at, event))
      FROM facts GROUP BY ROLLUP (c % 3)) x;
-- frames that grow: small groups, and those that become large
SELECT count(*), bool_and(n = m) AS same
FROM (SELECT customers(customer_events(c, at, event) OVER (ORDER BY i)) AS n,
       count(*) FILTER (WHERE new) OVER (ORDER BY i) AS m
      FROM (SELECT *, row_number() OVER (PARTITION BY c ORDER BY i) = 1 AS new
            FROM (SELECT *, row_number() OVER (ORDER BY at, c, event) AS i FROM facts WHERE c < 60) y) x) z;
SELECT count(*), bool_and(e = (SELECT customer_events(c, at, event) FROM facts g WHERE c < 8 AND g.at <= x.at)) AS same
FROM (SELECT at, customer_events(c, at, event) OVER (ORDER BY at) AS e FROM facts WHERE c < 8) x WHERE e IS NOT NULL;
-- of more rows than a small group holds, and from the first instant that is far from the others: each value has
-- its own rows
CREATE TABLE growing AS
	SELECT i, i % 97 AS c, timestamp '2024-01-01' + i * interval '7 minutes' AS at, 'e' || i % 5 AS event
	FROM generate_series(1, 1200) i;
SELECT count(*), bool_and(e = (SELECT customer_events(c, at, event) FROM growing g WHERE g.i <= x.i)) AS same
FROM (SELECT i, customer_events(c, at, event) OVER (ORDER BY i) AS e FROM growing) x WHERE i % 100 = 0;
CREATE TABLE growing_far AS
	SELECT i, i % 3 AS c,
	       CASE WHEN i = 4 THEN timestamp '9999-12-31' ELSE timestamp '2024-01-01' + i * interval '1 s' END AS at,
	       'e' AS event
	FROM generate_series(1, 12) i;
SELECT count(*), bool_and(e = (SELECT customer_events(c, at, event) FROM growing_far g WHERE g.i <= x.i)) AS same
FROM (SELECT i, customer_events(c, at, event) OVER (ORDER BY i) AS e FROM growing_far) x;
-- a reader that is cancelled leaves the value as it was
CREATE FUNCTION read_again(v customer_events) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	first_time text := 'not cancelled';
	done boolean;
BEGIN
	BEGIN
		done := pg_cancel_backend(pg_backend_pid()) AND customer_events_send(v) IS NOT NULL;
	EXCEPTION WHEN query_canceled THEN
		first_time := 'cancelled';
	END;
	RETURN first_time || ', ' || md5(customer_events_send(v));
END $$;
SELECT split_part(again, ', ', 1) AS first_time, split_part(again, ', ', 2) = md5(customer_events_send(v)) AS same
FROM (SELECT v, read_again(v) AS again
      FROM (SELECT customer_events(i % 9, timestamp '2024-01-01' + i * interval '1 s', 'e') AS v
            FROM generate_series(1, 70000) i OFFSET 0) x OFFSET 0) y;
-- many customers, who are divided: in any order, with far instants, with duplicates, and read in between
CREATE TABLE crowd AS
	SELECT i, CASE WHEN i % 3 = 0 THEN hashint8extended(i % 5000, 7) ELSE i % 20011 END AS c,
	       timestamp '2024-01-01' + make_interval(years => CASE WHEN i % 30000 = 29999 THEN 7000 ELSE 0 END)
	         + dice(i, 4, 100000) * CASE WHEN i % 2 = 0 THEN interval '1 s' ELSE interval '987654 us' END AS at,
	       'e' || dice(i, 5, 30) AS event
	FROM generate_series(1, 90000) i;
INSERT INTO crowd SELECT i + 90000, c, at, event FROM crowd, generate_series(1, 2) WHERE i % 4 < 3;
CREATE VIEW crowds AS
	SELECT far, crowd.* FROM crowd, (VALUES (true), (false)) f(far) WHERE far OR at < '2100-01-01';
CREATE TABLE crowd_value AS
	SELECT far, 'none' AS kind, customer_events(c, at, event) AS e FROM crowds GROUP BY far UNION ALL
	SELECT far, 'back', customer_events(c, at, event ORDER BY i DESC) FROM crowds GROUP BY far UNION ALL
	SELECT far, 'customer', customer_events(c, at, event ORDER BY c) FROM crowds GROUP BY far UNION ALL
	SELECT far, 'rollup', rollup(e)
	FROM (SELECT far, customer_events(c, at, event) AS e FROM crowds GROUP BY far, i % 3) x GROUP BY far;
SELECT far, count(DISTINCT e) AS values, bool_and(e::text::customer_events = e) AS read,
       bool_and(customers(e) = (SELECT count(DISTINCT c) FROM crowd)) AS customers
FROM crowd_value GROUP BY far ORDER BY far;
-- read once and again, in the order of the customers, and then written
SELECT customers(e) = (SELECT count(DISTINCT c) FROM crowd) AS customers,
       e = (SELECT e FROM crowd_value WHERE far AND kind = 'none') AS same,
       (SELECT array_agg(a.customer) = array_agg(a.customer ORDER BY a.customer)
               AND count(*) = (SELECT count(DISTINCT (c, at)) FROM crowd WHERE event = 'e7')
        FROM funnel_attempts(e, '{e7}', '1 second', 'all', as_of => '20000-01-01') a) AS attempts,
       (SELECT sum(events) FROM event_table(e)) = (SELECT count(DISTINCT (c, at, event)) FROM crowd) AS events,
       (SELECT sum(events) FROM event_table(e)) = (SELECT count(DISTINCT (c, at, event)) FROM crowd) AS again,
       activity(e, 'e7') = (SELECT customer_activity(c, at) FROM crowd WHERE event = 'e7') AS days
FROM (SELECT customer_events(c, at, event) AS e FROM crowd OFFSET 0) x;
-- more rows after it was read: frames that grow
SELECT count(DISTINCT g),
       bool_and(e = (SELECT customer_events(c, at, event) FROM crowd y WHERE y.i / 45000 <= g)) AS same
FROM (SELECT DISTINCT ON (g) g, e
      FROM (SELECT i / 45000 AS g, customer_events(c, at, event) OVER (ORDER BY i / 45000) AS e FROM crowd) w) x;
-- a value is not changed by what is done with it
SELECT rollup(e) = (SELECT t FROM whole) AS same, bool_and(e = e::text::customer_events) AS kept
FROM (SELECT customer_events(c, at, event) AS e FROM facts GROUP BY c % 2) x;
-- sets of values
SELECT count(*), count(DISTINCT e) = (SELECT count(DISTINCT (at, event)) FROM facts WHERE c < 30) AS different,
       bool_and(e >= before) AS ordered
FROM (SELECT e, lag(e) OVER (ORDER BY e) AS before
      FROM (SELECT customer_events(1, at, event) AS e FROM facts WHERE c < 30 GROUP BY c, at, event) y) x;

--
-- Names: in any language, and many
--
SELECT event, length(event), t.customers
FROM (SELECT customer_events(i, date '2024-01-01', n) AS e
      FROM unnest(ARRAY['kaufen', 'größe', 'купить', '購入', '🛒', 'a''b"c\', ' ', 'A', 'a', 'ab'])
           WITH ORDINALITY u(n, i)) x,
     event_table(e) t;
SELECT (SELECT bool_and(customers = 1 AND events = 1) AND count(*) = 1024 FROM event_table(e)) AS many,
       e = (SELECT customer_events(i, date '2024-01-01', md5(i::text)) FROM generate_series(1024, 1, -1) i) AS same,
       e = (SELECT rollup(x) FROM (SELECT customer_events(i, date '2024-01-01', md5(i::text)) AS x
                                   FROM generate_series(1, 1024) i GROUP BY i % 100) y) AS split,
       e::text::customer_events = e AS read
FROM (SELECT customer_events(i, date '2024-01-01', md5(i::text)) AS e FROM generate_series(1, 1024) i) x;
SELECT outcome($$SELECT customer_events(i, date '2024-01-01', md5(i::text)) FROM generate_series(1,
       1025) i$$) AS too_many,
       outcome($$SELECT rollup(e) FROM (SELECT customer_events(i, date '2024-01-01', md5(i::text)) AS e
	FROM generate_series(1, 1025) i GROUP BY i % 2) x$$) AS together,
       outcome($$SELECT length(max(event)) FROM (SELECT customer_events(1, date '2024-01-01', repeat('x', 255)) AS e) x,
	event_table(e)$$) AS long,
       outcome($$SELECT customer_events(1, date '2024-01-01', repeat('x', 256))$$) AS too_long,
       outcome($$SELECT customer_events(i, date '2024-01-01', repeat('ü', CASE i WHEN 5000 THEN 128 ELSE 127 END))
	FROM generate_series(1, 5000) i$$) AS bytes;

--
-- Large and far: one customer with many events, customers and times at the ends of their range
--
SELECT customers(e), t.events, e = f AS same, length(customer_events_send(e)) < 2 * 200000 + 100 AS small
FROM (SELECT customer_events(7, timestamp '2024-01-01' + i * interval '1 second', 'tick') AS e,
             customer_events(7, timestamp '2024-01-01' + (i * 99991::bigint % 200000) * interval '1 s', 'tick') AS f
      FROM generate_series(0, 199999) i) x, event_table(e) t;
SELECT customers(e) = 1 AS one, t.events
FROM (SELECT customer_events(7, date '2024-01-01', 'same') AS e FROM generate_series(1, 100000)) x, event_table(e) t;
-- a customer with a million events of 1,024 names, whose rows come in another order, or at one instant:
-- time that grew with the square would be hours
CREATE FUNCTION at(i bigint) RETURNS timestamp LANGUAGE sql RETURN timestamp '2024-01-01' + i * interval '1 second';
SET statement_timeout = '2min';
CREATE TABLE million AS
	SELECT customer_events(7, at(i), 'n' || i % 1024) AS e, customer_events(7, at(j), 'n' || j % 1024) AS shuffled,
	       customer_events(7, at(0), 'n' || i % 1024) AS at_once
	FROM (SELECT i, i * 99991::bigint % 1000000 AS j FROM generate_series(0, 999999) i) r;
SELECT e = shuffled AS same, e::text::customer_events = e AS read,
       (SELECT rollup(x) FROM (VALUES (e), (shuffled)) v(x)) = e AS merged,
       (SELECT (count(*), sum(events), max(customers)) FROM event_table(e)) AS names,
       (SELECT (count(*), sum(events), max(customers)) FROM event_table(at_once)) AS at_once,
       active_days(activity(e)) AS days, active_days(activity(e, 'n7')) AS days_of_n7,
       active_days(activity(at_once)) AS one_day
FROM million;
DROP TABLE million;
RESET statement_timeout;
CREATE TABLE far AS
	SELECT customer_events(c, at, 'e') AS e
	FROM (VALUES (9223372036854775807, timestamp '4714-11-24 00:00 BC'),
	    (-9223372036854775808, '294276-12-31 23:59:59.999999'),
	             (0, '2000-01-01')) v(c, at);
INSERT INTO far
	SELECT customer_events(c, at, 'e')
	FROM (VALUES (9223372036854775807, date '4714-11-24 BC'), (-9223372036854775808, '5874897-12-31'),
	    (0, '2000-01-01')) v(c, at);
INSERT INTO far
	SELECT customer_events(hashint8extended(i, 1), timestamp '4714-11-24 00:00 BC' + dice(i, 2,
	    100000000) * interval '1 day', 'e')
	FROM generate_series(1, 5000) i;
SELECT e::text::customer_events = e AS read, customers(e), customers(activity(e)) FROM far;
-- customers of any type
SELECT customers(e), e = f AS same
FROM (SELECT customer_events(i::text, date '2024-01-01', 'a') AS e,
             customer_events(customer_key(i::text), date '2024-01-01', 'a') AS f FROM generate_series(1, 100) i) x;

--
-- Errors
--
SELECT outcome($$SELECT customer_events(1, date 'infinity', 'a')$$) AS date,
       outcome($$SELECT customer_events(1, timestamp '-infinity', 'a')$$) AS timestamp,
       outcome($$SELECT customer_events(1, timestamptz 'infinity', 'a')$$) AS timestamptz;
SELECT a, b, outcome(format($$SELECT rollup(e) FROM (SELECT customer_events(1, %s '2024-01-01', 'a') AS e UNION ALL
	SELECT customer_events(i, %s '2024-01-01', 'a') FROM generate_series(1, %s) i) x$$, a, b, n)) AS mixed
FROM (VALUES ('date', 'timestamp', 1), ('timestamp', 'timestamptz', 1), ('timestamptz', 'date', 5000)) v(a, b, n);
SELECT outcome($$SELECT rollup(e) FROM (SELECT customer_events(i, date '2024-01-01', 'a') AS e
       FROM generate_series(1, 5000) i
	UNION ALL SELECT customer_events(1, timestamp '2024-01-01', 'a')) x$$) AS large;
-- support functions outside an aggregate
SELECT outcome($$SELECT customer_events_transfn(NULL, 1, date '2024-01-01', 'a')$$) AS transfn,
       outcome($$SELECT customer_events_combine(e, e) FROM value$$) AS combine,
       outcome($$SELECT customer_events_finalfn(e) FROM value$$) AS finalfn;
-- a user-defined aggregate that begins with a value, returns a transition value, or mixes kinds of time
CREATE AGGREGATE raw(customer_key, timestamp, text) (SFUNC = customer_events_transfn, STYPE = customer_events);
CREATE TABLE raws AS SELECT raw(c, at, event) AS e FROM facts WHERE c < 5 UNION ALL SELECT raw(c, at, event) FROM facts;
SELECT e = (SELECT customer_events(c, at, event) FROM facts WHERE c < 5) AS small, e = t AS large, customers(e),
       e::text::customer_events = e AS read, (SELECT count(*) FROM event_table(e)) AS names,
       e = (SELECT rollup(r.e) FROM (VALUES (raws.e), (NULL)) r(e)) AS merged
FROM raws, whole ORDER BY 3;
SELECT format('CREATE AGGREGATE start(customer_key, timestamp, text) (SFUNC = customer_events_transfn,
	STYPE = customer_events, FINALFUNC = customer_events_finalfn, INITCOND = %L)', e) FROM value \gexec
SELECT format('CREATE AGGREGATE wrong(customer_key, date, text) (SFUNC = customer_events_transfn,
	STYPE = customer_events, FINALFUNC = customer_events_finalfn, INITCOND = %L)', e) FROM value \gexec
SELECT start(c, at, event) = (SELECT rollup(x) FROM (SELECT t FROM whole UNION ALL SELECT e FROM value) y(x)) AS begun,
       outcome($$SELECT wrong(1, date '2024-01-01', 'a')$$) AS other_kind FROM facts;

--
-- Bytes that are none, or not as they are written
--
CREATE FUNCTION bytes(kind int, n int, events int, first bigint, last bigint, unit bigint,
       rest text) RETURNS text LANGUAGE sql
RETURN '\x01' || lpad(to_hex(kind), 2, '0') || lpad(to_hex(pg_char_to_encoding(getdatabaseencoding())), 2, '0') || '00'
	|| lpad(to_hex(n), 16, '0') || lpad(to_hex(events), 16, '0') || encode(int8send(first), 'hex')
	|| encode(int8send(last), 'hex') || encode(int8send(unit), 'hex') || rest;
SELECT bytes(1, 1, 1, 8766, 8766, 1, '010161' || '0000000000000001' || '00' || '0000')
	= customer_events(1, date '2024-01-01', 'a')::text AS as_written;
SELECT what, outcome(format('SELECT customers(%L::customer_events)', b)) AS result
FROM (VALUES ('sound', bytes(1, 2, 3, 0, 14, 7, '0201610162' || '0000000000000001' || '01' || '0000' || '0101'
       || '00000200')),
	('no bytes', '\x'), ('no digits', 'x'), ('header', '\x0101'), ('kind 0', bytes(0, 1, 1, 0, 0,
	    1, '0101610000000000000001000000')),
	('kind 4', bytes(4, 1, 1, 0, 0, 1, '0101610000000000000001000000')),
	('building', '\xff' || substr(bytes(1, 1, 1, 0, 0, 1, '0101610000000000000001000000'), 5)),
	('nobody', bytes(1, 0, 0, 0, 0, 1, '010161')), ('no names', bytes(1, 1, 1, 0, 0, 1, '000000000000000001000000')),
	('infinite', bytes(1, 1, 1, 2147483647, 2147483647, 1, '0101610000000000000001000000')),
	('infinite timestamp', bytes(2, 1, 1, 9223372036854775807, 9223372036854775807, 1, '0101610000000000000001000000')),
	('other unit', bytes(1, 1, 1, 0, 0, 2, '0101610000000000000001000000')),
	('unit 0', bytes(1, 1, 1, 0, 0, 0, '0101610000000000000001000000')),
	('sound, too', bytes(1, 1, 2, 0, 14, 14, '0101610000000000000001' || '01' || '0000' || '0100')),
	('half the unit', bytes(1, 1, 2, 0, 14, 7, '0101610000000000000001' || '01' || '0000' || '0200')),
	('other first', bytes(1, 1, 1, -1, 0, 1, '0101610000000000000001000100')),
	('other last', bytes(1, 1, 1, 0, 1, 1, '0101610000000000000001000000')),
	('after the last', bytes(1, 1, 1, 0, 0, 1, '0101610000000000000001000100')),
	('other number of customers', bytes(1, 2, 2, 0, 0, 1, '0101610000000000000001000000')),
	('other number of events', bytes(1, 1, 2, 0, 0, 1, '0101610000000000000001000000')),
	('unused name', bytes(1, 1, 1, 0, 0, 1, '02016101620000000000000001000000')),
	('unknown name', bytes(1, 1, 1, 0, 0, 1, '0101610000000000000001000001')),
	('names in disorder', bytes(1, 1, 2, 0, 0, 1, '0201620161' || '0000000000000001' || '0100000001')),
	('one name twice', bytes(1, 1, 2, 0, 0, 1, '0201610161' || '0000000000000001' || '0100000001')),
	('one event twice', bytes(1, 1, 2, 0, 0, 1, '010161' || '0000000000000001' || '0100000000')),
	('events in disorder', bytes(1, 1, 2, 0, 0, 1, '0201610162' || '0000000000000001' || '0100010000')),
	('longer number', bytes(1, 1, 1, 0, 0, 1, '0181006100000000000000010000')),
	('longer name than there is', bytes(1, 1, 1, 0, 0, 1, '01ff01610000000000000001000000')),
	('more events than there are', bytes(1, 1, 1, 0, 0, 1, '0101610000000000000001ffffffffff7f0000')),
	('customer beyond the last', bytes(1, 2, 2, 0, 0, 1, '0101617fffffffffffffff000000' || '00000000')),
	('cut off', bytes(1, 1, 1, 0, 0, 1, '01016100000000000000010000')),
	('too long', bytes(1, 1, 1, 0, 0, 1, '010161000000000000000100000000')),
	('no text', bytes(1, 1, 1, 0, 0, 1, '0101ff0000000000000001000000')),
	('a zero', bytes(1, 1, 1, 0, 0, 1, '0101000000000000000001000000')),
	('other encoding', overlay(bytes(1, 1, 1, 0, 0, 1, '0101610000000000000001000000') placing '07' from 7 for 2)))
	v(what, b);
DROP SCHEMA events_test CASCADE;

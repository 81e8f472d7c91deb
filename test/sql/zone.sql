--
-- zone: states of timestamptz aggregates carry their time zone
--
SET datestyle = 'ISO, MDY';
SET timezone = 'America/New_York';
SET client_min_messages = warning;
CREATE SCHEMA zone_test;
SELECT set_config('search_path', 'zone_test, ' || current_setting('search_path'), false) IS NOT NULL AS ok;

-- What a server does that aggregates in part and sends the state; and the other,
-- that combines and finishes it
CREATE AGGREGATE part(customer_key, timestamptz) (SFUNC = customer_activity_transfn, STYPE = customer_activity,
                                                  COMBINEFUNC = customer_activity_combine, PARALLEL = SAFE);
CREATE AGGREGATE part(customer_key, timestamp) (SFUNC = customer_activity_transfn, STYPE = customer_activity,
                                                COMBINEFUNC = customer_activity_combine, PARALLEL = SAFE);
CREATE AGGREGATE whole(customer_activity) (SFUNC = customer_activity_combine, STYPE = customer_activity,
                                           FINALFUNC = customer_activity_finalfn);
CREATE AGGREGATE merged(customer_activity) (SFUNC = customer_activity_combine, STYPE = customer_activity,
                                            COMBINEFUNC = customer_activity_combine, PARALLEL = SAFE);

-- Groups of each size: a few events, a form of events that has grown, an object
CREATE TABLE event (g text, c int, at timestamptz);
INSERT INTO event
SELECT g, i % (1 + n / 3), timestamptz '2024-01-01 00:00+00' + i * interval '67 minutes'
FROM (VALUES ('few', 5), ('fifteen', 15), ('some', 600), ('many', 20000), ('divided', 120000)) v(g, n),
     generate_series(1, n) i;
ANALYZE event;

-- Sent as text and in the binary format, in New York
CREATE TABLE sent (g text, state text, bytes bytea);
INSERT INTO sent SELECT g, part(c, at)::text, customer_activity_send(part(c, at)) FROM event GROUP BY g;
SELECT g, encode(substr(bytes, 1, 19), 'escape') AS front, state = '\x' || encode(bytes, 'hex') AS alike
FROM sent ORDER BY length(bytes);
-- what the aggregate returns, and a state of times without a zone, have none
SELECT g, get_byte(customer_activity_send(customer_activity(c, at)), 1) AS canonical,
       get_byte(customer_activity_send(part(c, at::timestamp)), 1) AS zoneless
FROM event GROUP BY g ORDER BY g;

-- In its own zone it is combined, finished, sent again
CREATE TABLE local AS SELECT g, customer_activity(c, at) AS a FROM event GROUP BY g;
SELECT g, whole(s.state::customer_activity) = l.a AS whole, rollup(s.state::customer_activity) = l.a AS rolled_up,
	   customer_activity_send(whole(s.state::customer_activity)) = customer_activity_send(l.a) AS canonical
FROM sent s JOIN local l USING (g) GROUP BY g, l.a, s.bytes ORDER BY length(s.bytes);
SELECT g, customer_activity_send(merged(state::customer_activity)) = bytes AS sent_on
FROM sent GROUP BY g, bytes ORDER BY length(bytes);
SELECT whole(state::customer_activity) = (SELECT rollup(a) FROM local) AS all_groups FROM sent;
-- with a value that has none, before and after it
SELECT get_byte(customer_activity_send(merged(a ORDER BY n)), 1) AS zoned,
       get_byte(customer_activity_send(merged(a ORDER BY n DESC)), 1) AS zoned_too
FROM (SELECT 1, a
      FROM local WHERE g = 'fifteen'
      UNION ALL SELECT 2, state::customer_activity FROM sent WHERE g = 'few') v(n, a);
SELECT g, get_byte(customer_activity_send(merged(a ORDER BY n)), 1) AS zoned,
       get_byte(customer_activity_send(merged(a ORDER BY n DESC)), 1) AS zoned_too
FROM (SELECT 1, g, a FROM local UNION ALL SELECT 2, g, state::customer_activity FROM sent) v(n, g, a)
WHERE g IN ('some', 'many') GROUP BY g ORDER BY g;
-- read like any other, in any zone
CREATE VIEW picture AS
	SELECT g, customers(state::customer_activity), active_days(state::customer_activity),
	       activity_span(state::customer_activity),
	       state::customer_activity = (SELECT a FROM local l WHERE l.g = s.g) AS equal
	FROM sent s;
SELECT * FROM picture ORDER BY customers;
SET timezone = 'Asia/Tokyo';
SELECT * FROM picture ORDER BY customers;

-- Elsewhere it is an error, whatever the size of the group, and at whichever end
CREATE FUNCTION says(query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	EXECUTE query INTO result;
	RETURN coalesce(result, 'null');
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ' ' || sqlerrm;
END $$;
SELECT whole(state::customer_activity) FROM sent WHERE g = 'few';
SELECT g, how, says(format('SELECT true FROM (SELECT %s AS a FROM sent WHERE g = %L) x WHERE a IS NOT NULL', how, g))
FROM sent,
unnest(ARRAY['whole(state::customer_activity)', 'rollup(state::customer_activity)',
             'merged(state::customer_activity)']) how
WHERE g <> 'divided' ORDER BY length(bytes), how;
-- ... as the first value, and after others
SELECT says('SELECT rollup(a ORDER BY n) FROM (SELECT 1, a '
            'FROM local UNION ALL SELECT 2, state::customer_activity FROM sent) v(n, a)'),
	   says('SELECT rollup(a ORDER BY n) FROM (SELECT 2, a '
	        'FROM local UNION ALL SELECT 1, state::customer_activity FROM sent) v(n, a)');
-- ... begun with
SELECT format('CREATE AGGREGATE begun(customer_key, timestamptz) (SFUNC = customer_activity_transfn, '
              'STYPE = customer_activity, FINALFUNC = customer_activity_finalfn, INITCOND = %L)',
              state)
FROM sent WHERE g = 'few' \gexec
SELECT says('SELECT begun(c, at) FROM event');
-- ... or not changed at all before it is finished
SELECT says('SELECT begun(c, at) FROM event WHERE false');
SET timezone = 'America/New_York';
SELECT begun(c, at) = (SELECT a FROM local WHERE g = 'few') AS same FROM event WHERE g = 'few';
SELECT begun(c, at) = (SELECT a FROM local WHERE g = 'few') AS same FROM event WHERE false;
-- Values without a zone, and stored ones, are combined everywhere
SET timezone = 'Asia/Tokyo';
SELECT rollup(a) IS NOT NULL AS stored FROM local;
SELECT part(c, at AT TIME ZONE 'America/New_York') = (SELECT a FROM local WHERE g = 'some') AS remedy
FROM event WHERE g = 'some';

-- Zones of one offset are one zone, whatever they are called
SET timezone = 'UTC';
CREATE TEMP TABLE utc AS SELECT part(c, at)::text AS state FROM event WHERE g = 'some';
SET timezone = 'GMT';
SELECT whole(state::customer_activity) = (SELECT customer_activity(c, at) FROM event WHERE g = 'some') AS gmt FROM utc;
SET timezone = 'Etc/Universal';
SELECT whole(state::customer_activity) IS NOT NULL AS universal FROM utc;
SET timezone = 'Europe/London';
SELECT says('SELECT whole(state::customer_activity) FROM utc');
SET timezone = '+01';
SELECT says('SELECT whole(state::customer_activity) FROM utc');

-- A small state that is kept without being sent has a number in place of the name: zones of one offset have
-- the same, and these two, whose numbers were equal when they had 16 bits, have not
SET timezone = 'UTC';
CREATE TEMP TABLE small AS SELECT part(c, at) AS a FROM event WHERE g = 'few';
SET timezone = 'GMT';
SELECT whole(a) = (SELECT customer_activity(c, at) FROM event WHERE g = 'few') AS gmt FROM small;
SET timezone = 'America/Juneau';
CREATE TEMP TABLE juneau AS SELECT part(c, at) AS a FROM event WHERE g = 'few';
SET timezone = 'Europe/Kirov';
SELECT says('SELECT whole(a) FROM juneau');

-- Names too long for the state
SET timezone = '<AVERYLONGNAMEOFAZONE-01>+01<ANEVENLONGERNAMEOFASUMMER+00>+00,M3.5.0/0,M10.5.0/1';
SELECT length(current_setting('timezone')) > 48 AS long;
CREATE TEMP TABLE long AS SELECT part(c, at)::text AS state FROM event WHERE g = 'few';
SELECT whole(state::customer_activity) IS NOT NULL AS same FROM long;
SET timezone = '<AVERYLONGNAMEOFAZONE-01>+01<ANEVENLONGERNAMEOFASUMMER+00>+00,M3.5.0/0,M10.5.0/2';
SELECT says('SELECT whole(state::customer_activity) FROM long')
           ~ '^22023 days were counted in time zone "<AVERYLONGNAMEOFAZONE-01>\+01[^~]*~[0-9a-f]{8}", but the' AS other;

-- Parallel plans, whose processes have one zone
SET timezone = 'America/New_York';
SELECT parallel_check('SELECT customer_activity_send(customer_activity(c, at)) FROM event');
SELECT parallel_check('SELECT g, customer_activity_send(customer_activity(c, at)) FROM event GROUP BY g');
SELECT parallel_check('SELECT g, customer_activity_send(part(c, at)) FROM event GROUP BY g');
SELECT parallel_check('SELECT md5(customer_activity_send(merged(customer_activity_in(state::cstring)))::text) '
                      'FROM sent');

-- Damage: a zone without a name, longer than the value, not of printable
-- characters, twice; a name that no zone has
\set VERBOSITY sqlstate
SELECT customer_activity_in('\x010300'::cstring);
SELECT format('\x0103%s', substr(state, 7))::customer_activity IS NOT NULL AS sound FROM sent WHERE g = 'few';
SELECT format('\x010300%s', substr(state, 9 + 32))::customer_activity FROM sent WHERE g = 'few';
SELECT format('\x0103ff%s', substr(state, 9))::customer_activity FROM sent WHERE g = 'few';
SELECT format('\x01030100%s', substr(state, 9 + 32))::customer_activity FROM sent WHERE g = 'few';
SELECT format('\x01030120%s', substr(state, 9 + 32))::customer_activity FROM sent WHERE g = 'few';
SELECT format('\x01030141%s', substr(state, 3))::customer_activity FROM sent WHERE g = 'few';
SELECT format('\x010330%s%s', repeat('41', 48), substr(state, 9 + 32))::customer_activity FROM sent WHERE g = 'few';
SELECT customers(format('\x01032f%s%s', repeat('41', 47), substr(state, 9 + 32))::customer_activity)
FROM sent WHERE g = 'few';
SELECT whole(format('\x01032f%s%s', repeat('41', 47), substr(state, 9 + 32))::customer_activity)
FROM sent WHERE g = 'few';
SELECT whole(format('\x01030b%s%s', encode('../../x/../', 'hex'), substr(state, 9 + 32))::customer_activity)
FROM sent WHERE g = 'few';


-- Instants whose day is before the first of the calendar, and the last that there are
CREATE FUNCTION day_of(zone text, at text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', zone, true);
	RETURN concat_ws(' ', (SELECT lower(activity_span(customer_activity(1, at::timestamptz)))),
					 (SELECT lower(activity_span(customer_activity(1, t)))
					  FROM (VALUES (at::timestamptz), ('2024-01-01 12:00+00')) v(t)));
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END $$;
SELECT at, day_of('America/New_York', at) AS west, day_of('UTC', at) AS utc, day_of('Asia/Tokyo', at) AS east
FROM (VALUES (1, '4714-11-24 00:00+00 BC'), (2, '4714-11-24 04:56:01+00 BC'), (3, '4714-11-24 04:56:02+00 BC'),
             (4, '4714-11-25 00:00+00 BC'), (5, '294276-12-31 23:59:59+00')) v(n, at)
ORDER BY n;
SET timezone = 'America/New_York';
SELECT customer_activity(1, t ORDER BY n) IS NOT NULL AS later_first
FROM (VALUES (1, timestamptz '4714-11-25 00:00+00 BC'), (2, '4714-11-24 00:00+00 BC')) v(n, t);
SELECT customer_activity(c, t)
FROM generate_series(1, 100000) c,
     LATERAL (SELECT timestamptz '4714-11-24 12:00+00 BC' - (c / 100000) * interval '12 hours') v(t);
SELECT rfm_summary(timestamptz '4714-11-24 00:00+00 BC', 1, '2024-01-01');
SELECT (rfm_summary(timestamptz '4714-11-24 12:00+00 BC', 1, '2024-01-01')).first_day;
SELECT (rfm_summary(timestamptz '2024-01-01', 1, '294276-12-31 23:59:59+00')).last_day;
-- ... where nothing but the distance of two instants counts, they are no error
SELECT churned(t, '1 month', '2024-01-01') OVER (ORDER BY t) AS churned,
       lifecycle_state(t, '1 month') OVER (ORDER BY t) AS state
FROM (VALUES (timestamptz '4714-11-24 00:00+00 BC'), ('4714-12-24 00:00+00 BC'), ('294276-12-31 23:59:59+00')) v(t)
ORDER BY t;
SELECT repeat_purchase_rate(c, t, '1 day')
FROM (VALUES (1, timestamptz '4714-11-24 00:00+00 BC'), (1, '4714-11-25 00:00+00 BC'),
             (1, '294276-12-31 23:59:59+00')) v(c, t);
\set VERBOSITY default
SELECT customer_activity(1, '4714-11-24 00:00+00 BC'::timestamptz);

--
-- rfm_summary, survival_curve and logrank_test: a state that arrives in another
-- zone is an error where it is read, and one whose zone was set in between later
--
SET timezone = 'America/New_York';
CREATE AGGREGATE days_part(timestamptz, numeric, timestamptz) (SFUNC = rfm_summary_transfn, STYPE = purchase_days);
CREATE AGGREGATE days_part(timestamp, numeric, timestamp) (SFUNC = rfm_summary_transfn, STYPE = purchase_days);
CREATE AGGREGATE days_whole(purchase_days) (SFUNC = rfm_summary_combine, STYPE = purchase_days,
                                            FINALFUNC = rfm_summary_finalfn);
CREATE AGGREGATE days_merged(purchase_days) (SFUNC = rfm_summary_combine, STYPE = purchase_days);
CREATE AGGREGATE curve_part(date, date, date) (SFUNC = survival_curve_transfn, STYPE = tally);
CREATE AGGREGATE curve_part(date, date, timestamptz) (SFUNC = survival_curve_transfn, STYPE = tally);
CREATE AGGREGATE curve_part(timestamp, timestamp, timestamptz) (SFUNC = survival_curve_transfn, STYPE = tally);
CREATE AGGREGATE curve_part(timestamptz, timestamptz, timestamptz) (SFUNC = survival_curve_transfn, STYPE = tally);
CREATE AGGREGATE curve_whole(tally) (SFUNC = survival_curve_combine, STYPE = tally, FINALFUNC = survival_curve_finalfn);
CREATE AGGREGATE curve_merged(tally) (SFUNC = survival_curve_combine, STYPE = tally);
CREATE AGGREGATE test_part(timestamptz, timestamptz, timestamptz, boolean) (SFUNC = logrank_test_transfn,
                                                                            STYPE = tally);
CREATE AGGREGATE test_whole(tally) (SFUNC = logrank_test_combine, STYPE = tally, FINALFUNC = logrank_test_finalfn);

CREATE TABLE purchase (k int, c int, at timestamptz, amount numeric);
INSERT INTO purchase
	SELECT i % 3, i % 5, timestamptz '2024-01-01 00:00+00' + i * interval '7 hours', i
	FROM generate_series(1, 400) i;
-- few durations and many, so that the state is flat, or a table
CREATE TABLE contract (g text, k int, started timestamptz, ended timestamptz);
INSERT INTO contract
	SELECT 'few', i % 3, timestamptz '2024-01-01 00:00+00' + i * interval '7 hours',
	       CASE WHEN i % 4 > 0 THEN timestamptz '2024-01-01 12:00+00' + i * interval '31 hours' END
	FROM generate_series(1, 100) i
UNION ALL SELECT 'many', i % 3, timestamptz '2000-01-01 00:00+00' + i * interval '7 hours',
CASE WHEN i % 4 > 0 THEN timestamptz '2000-01-01 12:00+00' + i * interval '31 hours' END
FROM generate_series(1, 3000) i;
ANALYZE purchase, contract;

CREATE TABLE days_sent AS SELECT c, k, days_part(at, amount, '2024-06-01')::text AS state FROM purchase GROUP BY c, k;
CREATE TABLE curves_sent AS
	SELECT g, k, curve_part(started, ended, '2024-06-01')::text AS state,
	       test_part(started, ended, '2024-06-01', k = 1)::text AS test
	FROM contract GROUP BY g, k;
CREATE FUNCTION tail(state text) RETURNS text LANGUAGE sql RETURN encode(decode(right(state, 32), 'hex'), 'escape');
SELECT count(*) AS states, bool_and(tail(state) = 'America/New_York') AS zoned,
       bool_and(state::purchase_days::text = state) AS again
FROM days_sent;
SELECT count(*) AS states, bool_and(tail(state) = 'America/New_York' AND tail(test) = 'America/New_York') AS zoned,
       bool_and(state::tally::text = state) AS again
FROM curves_sent;
SELECT tail(curve_part(started::date, ended::date, timestamptz '2024-06-01')::text) AS of_dates,
       tail(curve_part(started::timestamp, ended::timestamp, timestamptz '2024-06-01')::text) AS of_timestamps,
	   curve_part(started::date, ended::date, date '2024-06-01')::text
	       = survival_curve(started::date, ended::date, date '2024-06-01')::text AS zoneless
FROM contract WHERE ended IS NULL OR ended >= started + interval '2 days';
-- in its own zone it is combined, finished, and the same
SELECT bool_and(w = r) AS summaries
FROM (SELECT c, days_whole(state::purchase_days) AS w FROM days_sent GROUP BY c) s
JOIN (SELECT c, rfm_summary(at, amount, '2024-06-01') AS r FROM purchase GROUP BY c) p USING (c);
SELECT bool_and(m = w) AS merged
FROM (SELECT c, days_merged(state::purchase_days)::text AS m FROM days_sent GROUP BY c) s
JOIN (SELECT c, days_part(at, amount, '2024-06-01')::text AS w FROM purchase GROUP BY c) p USING (c);
SELECT g,
       curve_whole(state::tally)
           = (SELECT survival_curve(started, ended, '2024-06-01') FROM contract c WHERE c.g = s.g) AS curve,
	   test_whole(test::tally)
	       = (SELECT logrank_test(started, ended, '2024-06-01', k = 1) FROM contract c WHERE c.g = s.g) AS test,
	   tail(curve_merged(state::tally)::text) AS sent_on,
	   curve_whole(state::tally)::text::survival_curve IS NOT NULL AS stored
FROM curves_sent s GROUP BY g ORDER BY g;
-- elsewhere
CREATE TABLE query (n int, what text, query text);
INSERT INTO query VALUES
	(1, 'summary', 'SELECT days_whole(state::purchase_days) FROM days_sent'),
	(2, 'merged', 'SELECT days_merged(state::purchase_days)::text FROM days_sent'),
	(3, 'curve', 'SELECT curve_whole(state::tally) FROM curves_sent WHERE g = ''few'''),
	(4, 'many', 'SELECT curve_whole(state::tally) FROM curves_sent WHERE g = ''many'''),
	(5, 'test', 'SELECT test_whole(test::tally) FROM curves_sent');
SET timezone = 'Asia/Tokyo';
SELECT what, says(query) FROM query ORDER BY n;
SELECT days_whole(state::purchase_days) FROM days_sent;
-- ... what has no zone is at home everywhere
SELECT curve_whole(a::text::tally) IS NOT NULL AS dates
FROM (SELECT curve_part(started::date, ended::date, date '2024-06-01') AS a
      FROM contract WHERE ended IS NULL OR ended >= started + interval '2 days') s;
-- ... set while the aggregate runs, so that it is finished in another one than its first rows had
CREATE FUNCTION travels(at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', 'Asia/Tokyo', true);
	RETURN at;
END $$;
CREATE FUNCTION on_the_way(query text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', 'America/New_York', true);
	RETURN says(query);
END $$;
SELECT on_the_way('SELECT rfm_summary(CASE WHEN c = 4 THEN travels(at) ELSE at END, amount, ''2024-06-01'') '
                  'FROM (SELECT * FROM purchase ORDER BY c OFFSET 0) s');
SELECT g,
       on_the_way(format('SELECT survival_curve(CASE WHEN n > 1 THEN travels(started) ELSE started END, ended, '
                         '''2024-06-01'') FROM (SELECT *, row_number() OVER (ORDER BY started) AS n '
                         'FROM contract WHERE g = %L AND (ended IS NULL OR ended >= started + interval ''2 days'')) s',
                         g)) AS curve,
	   on_the_way(format('SELECT logrank_test(CASE WHEN n > 1 THEN travels(started) ELSE started END, ended, '
	                     '''2024-06-01'', k = 1) FROM (SELECT *, row_number() OVER (ORDER BY started) AS n '
	                     'FROM contract WHERE g = %L AND (ended IS NULL OR ended >= started + interval ''2 days'')) s',
	                     g)) AS test
FROM (VALUES ('few'), ('many')) v(g);
-- UTC and GMT
SET timezone = 'UTC';
CREATE TEMP TABLE utc_sent AS
	SELECT (SELECT days_part(at, amount, '2024-06-01')::text FROM purchase) AS d,
	       (SELECT curve_part(started, ended, '2024-06-01')::text FROM contract) AS c;
SET timezone = 'GMT';
SELECT days_whole(d::purchase_days) = (SELECT rfm_summary(at, amount, '2024-06-01') FROM purchase) AS gmt,
       curve_whole(c::tally) IS NOT NULL AS gmt_too
FROM utc_sent;
-- Parallel plans, whose processes have one zone
SET timezone = 'America/New_York';
SELECT parallel_check('SELECT c, rfm_summary(at, amount, ''2024-06-01'') FROM purchase GROUP BY c');
SELECT parallel_check('SELECT survival_curve_send(survival_curve(started, ended, ''2024-06-01'')) FROM contract');
SELECT parallel_check('SELECT logrank_test(started, ended, ''2024-06-01'', k = 1) FROM contract');
-- Damage: no zone where there must be one, one where there is none, no name
\set VERBOSITY sqlstate
SELECT left(state, -32)::purchase_days FROM days_sent LIMIT 1;
SELECT (left(state, -2) || '00')::purchase_days FROM days_sent LIMIT 1;
SELECT (state || repeat('41', 40))::purchase_days FROM days_sent LIMIT 1;
SELECT (days_part(at::timestamp, amount, '2024-06-01')::text || '555443')::purchase_days FROM purchase;
SELECT (state || '20')::tally FROM curves_sent LIMIT 1;
SELECT state::survival_curve FROM curves_sent LIMIT 1;
SELECT left(state, -32)::survival_curve IS NOT NULL AS without FROM curves_sent LIMIT 1;
SELECT ('\x0103' || substr(state, 7))::tally FROM curves_sent LIMIT 1;
\set VERBOSITY default

-- An as_of whose day is before the calendar is named, in each function that has one
SELECT what, says(query) FROM (VALUES
	(1, 'rfm_summary', 'SELECT rfm_summary(timestamptz ''2024-01-01'', 1, timestamptz ''4714-11-24 00:00+00 BC'')'),
	(2, 'survival_curve', 'SELECT survival_curve(date ''2024-01-01'', NULL, timestamptz ''4714-11-24 00:00+00 BC'')'),
	(3, 'logrank_test',
	 'SELECT logrank_test(timestamp ''2024-01-01'', NULL, timestamptz ''4714-11-24 00:00+00 BC'', true)'),
	(4, 'churned', 'SELECT churned(date ''2024-01-01'', ''1 month'', timestamptz ''4714-11-24 00:00+00 BC'') OVER ()'),
	(5, 'lifecycle_table',
	 'SELECT lifecycle_table(customer_activity(1, date ''2024-01-01''), ''1 month'', '
	 'timestamptz ''4714-11-24 00:00+00 BC'')'),
	(6, 'an event', 'SELECT rfm_summary(timestamptz ''4714-11-24 00:00+00 BC'', 1, ''2024-01-01'')'),
	(7, 'infinity', 'SELECT rfm_summary(timestamptz ''2024-01-01'', 1, ''infinity'')'),
	(8, 'null', 'SELECT rfm_summary(timestamp ''2024-01-01'', 1, NULL)')) v(n, what, query) ORDER BY n;

DROP SCHEMA zone_test CASCADE;

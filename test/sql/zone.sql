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
CREATE AGGREGATE part(customer_key, timestamptz) (SFUNC = customer_activity_transfn, STYPE = customer_activity, COMBINEFUNC = customer_activity_combine, PARALLEL = SAFE);
CREATE AGGREGATE part(customer_key, timestamp) (SFUNC = customer_activity_transfn, STYPE = customer_activity, COMBINEFUNC = customer_activity_combine, PARALLEL = SAFE);
CREATE AGGREGATE whole(customer_activity) (SFUNC = customer_activity_combine, STYPE = customer_activity, FINALFUNC = customer_activity_finalfn);
CREATE AGGREGATE merged(customer_activity) (SFUNC = customer_activity_combine, STYPE = customer_activity, COMBINEFUNC = customer_activity_combine, PARALLEL = SAFE);

-- Groups of each size: a few events, a form of events that has grown, an object
CREATE TABLE event (g text, c int, at timestamptz);
INSERT INTO event
SELECT g, i % (1 + n / 3), timestamptz '2024-01-01 00:00+00' + i * interval '67 minutes'
FROM (VALUES ('few', 5), ('fifteen', 15), ('some', 600), ('many', 20000), ('divided', 120000)) v(g, n), generate_series(1, n) i;
ANALYZE event;

-- Sent as text and in the binary format, in New York
CREATE TABLE sent (g text, state text, bytes bytea);
INSERT INTO sent SELECT g, part(c, at)::text, customer_activity_send(part(c, at)) FROM event GROUP BY g;
SELECT g, encode(substr(bytes, 1, 19), 'escape') AS front, state = '\x' || encode(bytes, 'hex') AS alike FROM sent ORDER BY length(bytes);
-- what the aggregate returns, and a state of times without a zone, have none
SELECT g, get_byte(customer_activity_send(customer_activity(c, at)), 1) AS canonical, get_byte(customer_activity_send(part(c, at::timestamp)), 1) AS zoneless FROM event GROUP BY g ORDER BY g;

-- In its own zone it is combined, finished, sent again
CREATE TABLE local AS SELECT g, customer_activity(c, at) AS a FROM event GROUP BY g;
SELECT g, whole(s.state::customer_activity) = l.a AS whole, rollup(s.state::customer_activity) = l.a AS rolled_up,
	   customer_activity_send(whole(s.state::customer_activity)) = customer_activity_send(l.a) AS canonical
FROM sent s JOIN local l USING (g) GROUP BY g, l.a, s.bytes ORDER BY length(s.bytes);
SELECT g, customer_activity_send(merged(state::customer_activity)) = bytes AS sent_on FROM sent GROUP BY g, bytes ORDER BY length(bytes);
SELECT whole(state::customer_activity) = (SELECT rollup(a) FROM local) AS all_groups FROM sent;
-- with a value that has none, before and after it
SELECT get_byte(customer_activity_send(merged(a ORDER BY n)), 1) AS zoned, get_byte(customer_activity_send(merged(a ORDER BY n DESC)), 1) AS zoned_too
FROM (SELECT 1, a FROM local WHERE g = 'fifteen' UNION ALL SELECT 2, state::customer_activity FROM sent WHERE g = 'few') v(n, a);
SELECT g, get_byte(customer_activity_send(merged(a ORDER BY n)), 1) AS zoned, get_byte(customer_activity_send(merged(a ORDER BY n DESC)), 1) AS zoned_too
FROM (SELECT 1, g, a FROM local UNION ALL SELECT 2, g, state::customer_activity FROM sent) v(n, g, a) WHERE g IN ('some', 'many') GROUP BY g ORDER BY g;
-- read like any other, in any zone
CREATE VIEW picture AS SELECT g, customers(state::customer_activity), active_days(state::customer_activity), activity_span(state::customer_activity), state::customer_activity = (SELECT a FROM local l WHERE l.g = s.g) AS equal FROM sent s;
SELECT * FROM picture ORDER BY customers;
SET timezone = 'Asia/Tokyo';
SELECT * FROM picture ORDER BY customers;

-- Elsewhere it is an error, whatever the size of the group, and at whichever end
CREATE FUNCTION outcome(query text) RETURNS text
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
SELECT g, how, outcome(format('SELECT true FROM (SELECT %s AS a FROM sent WHERE g = %L) x WHERE a IS NOT NULL', how, g)) FROM sent,
unnest(ARRAY['whole(state::customer_activity)', 'rollup(state::customer_activity)', 'merged(state::customer_activity)']) how WHERE g <> 'divided' ORDER BY length(bytes), how;
-- ... as the first value, and after others
SELECT outcome('SELECT rollup(a ORDER BY n) FROM (SELECT 1, a FROM local UNION ALL SELECT 2, state::customer_activity FROM sent) v(n, a)'),
	   outcome('SELECT rollup(a ORDER BY n) FROM (SELECT 2, a FROM local UNION ALL SELECT 1, state::customer_activity FROM sent) v(n, a)');
-- ... begun with
SELECT format('CREATE AGGREGATE begun(customer_key, timestamptz) (SFUNC = customer_activity_transfn, STYPE = customer_activity, FINALFUNC = customer_activity_finalfn, INITCOND = %L)', state) FROM sent WHERE g = 'few' \gexec
SELECT outcome('SELECT begun(c, at) FROM event');
-- ... or not changed at all before it is finished
SELECT outcome('SELECT begun(c, at) FROM event WHERE false');
SET timezone = 'America/New_York';
SELECT begun(c, at) = (SELECT a FROM local WHERE g = 'few') AS same FROM event WHERE g = 'few';
SELECT begun(c, at) = (SELECT a FROM local WHERE g = 'few') AS same FROM event WHERE false;
-- Values without a zone, and stored ones, are combined everywhere
SET timezone = 'Asia/Tokyo';
SELECT rollup(a) IS NOT NULL AS stored FROM local;
SELECT part(c, at AT TIME ZONE 'America/New_York') = (SELECT a FROM local WHERE g = 'some') AS remedy FROM event WHERE g = 'some';

-- Zones of one offset are one zone, whatever they are called
SET timezone = 'UTC';
CREATE TEMP TABLE utc AS SELECT part(c, at)::text AS state FROM event WHERE g = 'some';
SET timezone = 'GMT';
SELECT whole(state::customer_activity) = (SELECT customer_activity(c, at) FROM event WHERE g = 'some') AS gmt FROM utc;
SET timezone = 'Etc/Universal';
SELECT whole(state::customer_activity) IS NOT NULL AS universal FROM utc;
SET timezone = 'Europe/London';
SELECT outcome('SELECT whole(state::customer_activity) FROM utc');
SET timezone = '+01';
SELECT outcome('SELECT whole(state::customer_activity) FROM utc');

-- Names too long for the state
SET timezone = '<AVERYLONGNAMEOFAZONE-01>+01<ANEVENLONGERNAMEOFASUMMER+00>+00,M3.5.0/0,M10.5.0/1';
SELECT length(current_setting('timezone')) > 48 AS long;
CREATE TEMP TABLE long AS SELECT part(c, at)::text AS state FROM event WHERE g = 'few';
SELECT whole(state::customer_activity) IS NOT NULL AS same FROM long;
SET timezone = '<AVERYLONGNAMEOFAZONE-01>+01<ANEVENLONGERNAMEOFASUMMER+00>+00,M3.5.0/0,M10.5.0/2';
SELECT outcome('SELECT whole(state::customer_activity) FROM long') ~ '^22023 days were counted in time zone "<AVERYLONGNAMEOFAZONE-01>\+01[^~]*~[0-9a-f]{8}", but the' AS other;

-- Parallel plans, whose processes have one zone
SET timezone = 'America/New_York';
SELECT parallel_check('SELECT customer_activity_send(customer_activity(c, at)) FROM event');
SELECT parallel_check('SELECT g, customer_activity_send(customer_activity(c, at)) FROM event GROUP BY g');
SELECT parallel_check('SELECT g, customer_activity_send(part(c, at)) FROM event GROUP BY g');
SELECT parallel_check('SELECT md5(customer_activity_send(merged(customer_activity_in(state::cstring)))::text) FROM sent');

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
SELECT customers(format('\x01032f%s%s', repeat('41', 47), substr(state, 9 + 32))::customer_activity) FROM sent WHERE g = 'few';
SELECT whole(format('\x01032f%s%s', repeat('41', 47), substr(state, 9 + 32))::customer_activity) FROM sent WHERE g = 'few';
SELECT whole(format('\x01030b%s%s', encode('../../x/../', 'hex'), substr(state, 9 + 32))::customer_activity) FROM sent WHERE g = 'few';


-- Instants whose day is before the first of the calendar, and the last that there are
CREATE FUNCTION day_of(zone text, at text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('timezone', zone, true);
	RETURN concat_ws(' ', (SELECT lower(activity_span(customer_activity(1, at::timestamptz)))),
					 (SELECT lower(activity_span(customer_activity(1, t))) FROM (VALUES (at::timestamptz), ('2024-01-01 12:00+00')) v(t)));
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate;
END $$;
SELECT at, day_of('America/New_York', at) AS west, day_of('UTC', at) AS utc, day_of('Asia/Tokyo', at) AS east
FROM (VALUES (1, '4714-11-24 00:00+00 BC'), (2, '4714-11-24 04:56:01+00 BC'), (3, '4714-11-24 04:56:02+00 BC'), (4, '4714-11-25 00:00+00 BC'), (5, '294276-12-31 23:59:59+00')) v(n, at) ORDER BY n;
SET timezone = 'America/New_York';
SELECT customer_activity(1, t ORDER BY n) IS NOT NULL AS later_first FROM (VALUES (1, timestamptz '4714-11-25 00:00+00 BC'), (2, '4714-11-24 00:00+00 BC')) v(n, t);
SELECT customer_activity(c, t) FROM generate_series(1, 100000) c, LATERAL (SELECT timestamptz '4714-11-24 12:00+00 BC' - (c / 100000) * interval '12 hours') v(t);
SELECT rfm_summary(timestamptz '4714-11-24 00:00+00 BC', 1, '2024-01-01');
SELECT (rfm_summary(timestamptz '4714-11-24 12:00+00 BC', 1, '2024-01-01')).first_day;
SELECT (rfm_summary(timestamptz '2024-01-01', 1, '294276-12-31 23:59:59+00')).last_day;
-- ... where nothing but the distance of two instants counts, they are no error
SELECT churned(t, '1 month', '2024-01-01') OVER (ORDER BY t) AS churned, lifecycle_state(t, '1 month') OVER (ORDER BY t) AS state
FROM (VALUES (timestamptz '4714-11-24 00:00+00 BC'), ('4714-12-24 00:00+00 BC'), ('294276-12-31 23:59:59+00')) v(t) ORDER BY t;
SELECT repeat_purchase_rate(c, t, '1 day') FROM (VALUES (1, timestamptz '4714-11-24 00:00+00 BC'), (1, '4714-11-25 00:00+00 BC'), (1, '294276-12-31 23:59:59+00')) v(c, t);
\set VERBOSITY default
SELECT customer_activity(1, '4714-11-24 00:00+00 BC'::timestamptz);

DROP SCHEMA zone_test CASCADE;

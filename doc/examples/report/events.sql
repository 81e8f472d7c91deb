-- What the sections about events are made of, as temporary tables

SELECT :'events' <> '' AS has_event_rows, :'steps' <> '' AS has_steps \gset

-- The events, whatever they are called
\if :has_event_rows
CREATE TEMP VIEW report_all_events AS
SELECT e.person, e.at, e.event
FROM (SELECT :person AS person, :happened AS at, (:event)::text AS event FROM :events) AS e
WHERE e.person IS NOT NULL AND isfinite(e.at) AND e.event IS NOT NULL;
\else
CREATE TEMP VIEW report_all_events AS
SELECT NULL::bigint AS person, NULL::timestamp AS at, NULL::text AS event WHERE false;
\endif

-- Without orders and contracts the last day of which something is known is that of the
-- last event which is not in the future
SELECT CASE WHEN :'as_of' <> '' THEN :'as_of'
            ELSE coalesce((max(at) FILTER (WHERE at < current_date + 1)::date + 1)::text,
                          CASE WHEN count(*) > 0 THEN current_date::text ELSE '' END) END AS as_of
FROM report_all_events \gset

-- All of them in one value, the days of who begins and who returns, and what happened
CREATE TEMP TABLE report_events ON COMMIT DROP AS
SELECT customer_events(person, at, event) AS e, coalesce(max(pg_typeof(at)::text) = 'date', false) AS are_days
FROM report_all_events WHERE :'as_of' <> '' AND at < nullif(:'as_of', '')::date;
SELECT coalesce(nullif(:'starts', ''), (nullif(:'steps', '')::text[])[1], '') AS starts,
       coalesce(nullif(:'returns', ''), (nullif(:'steps', '')::text[])[cardinality(nullif(:'steps', '')::text[])], '') AS returns \gset
CREATE TEMP TABLE report_starts ON COMMIT DROP AS
SELECT activity(e, :'starts') AS began, activity(e, :'returns') AS returned FROM report_events
WHERE :'starts' <> '' AND :'returns' <> '';
CREATE TEMP TABLE report_happened ON COMMIT DROP AS
SELECT h.* FROM report_events, event_table(e) AS h;

-- How far customers get: of all, and of those who began in a period.  Where nobody began
-- there is a period without rows.
CREATE TEMP TABLE report_funnel (period_start date, step int, event text, customers bigint, conversion_rate float8, lower float8,
    upper float8, step_rate float8, median_seconds float8, median_total_seconds float8, complete boolean) ON COMMIT DROP;
CREATE TEMP TABLE report_attempts (LIKE report_funnel) ON COMMIT DROP;
\if :has_steps
INSERT INTO report_funnel
SELECT f.* FROM report_events, funnel_table(e, :'steps', :'within', :'attempt', NULL, nullif(:'as_of', '')::date) AS f;
INSERT INTO report_attempts
SELECT f.* FROM report_events, funnel_table(e, :'steps', :'within', :'attempt', :'period', nullif(:'as_of', '')::date) AS f;
\endif
CREATE TEMP TABLE report_bins ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY period_start) AS bar, period_start
FROM (SELECT min(period_start) AS first, max(period_start) AS last FROM report_attempts) AS span,
     LATERAL (SELECT (last - i * interval :'period')::date AS period_start FROM generate_series(0, :bins - 1) AS i) AS p
WHERE period_start >= first;

-- Who returns
CREATE TEMP TABLE report_returns ON COMMIT DROP AS
SELECT c.* FROM report_starts, return_table(began, returned, :'period', nullif(:'as_of', '')::date, horizon => :ages) AS c;
CREATE TEMP TABLE report_return_curve ON COMMIT DROP AS
SELECT c.* FROM report_starts, return_curve(began, returned, :'period', nullif(:'as_of', '')::date, horizon => :ages) AS c
WHERE c.customers > 0;

-- What of it there is enough of
SELECT EXISTS (SELECT FROM report_happened) AS has_events,
       EXISTS (SELECT FROM report_funnel WHERE customers > 0) AS has_funnel,
       EXISTS (SELECT FROM report_attempts JOIN report_bins USING (period_start) WHERE customers > 0 AND step > 1) AS has_attempts,
       EXISTS (SELECT FROM report_return_curve) AS has_returns,
       pg_temp.html(:'within') AS within_html, pg_temp.brief_name(:'starts', 26) AS starts_html, pg_temp.brief_name(:'returns', 26) AS returns_html \gset
-- Why there is nothing to be said; '' if there is
SELECT CASE WHEN NOT :'has_event_rows' OR :'has_events' THEN ''
            ELSE format('there is no row with a customer, a time and the name of an event in %s%s', :'events_html',
                        CASE WHEN :'as_of' <> '' THEN ' before ' || :'as_of' ELSE '' END) END AS why_no_events \gset
SELECT EXISTS (SELECT FROM report_happened WHERE event = (nullif(:'steps', '')::text[])[1]) AS has_first_step,
       EXISTS (SELECT FROM report_funnel WHERE step > 1) AS has_second_step,
       EXISTS (SELECT FROM report_happened WHERE event = :'starts') AS has_starts \gset

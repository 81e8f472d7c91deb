-- What the sections about points are made of, as temporary tables

SELECT :'ledger' <> '' AS has_ledger, :'tiers' <> '' AS has_levels,
       CASE WHEN :'expires' = '' THEN format('CASE WHEN false THEN %s END', :'booked') ELSE :'expires' END AS expires,
       pg_temp.html(:'ledger') AS ledger_html \gset

-- The ledger, whatever it is called.  Who has a row in it is a member.
\if :has_ledger
CREATE TEMP VIEW report_whole_ledger AS
SELECT l.holder, l.at, coalesce(l.points, 0) AS points, l.expires
FROM (SELECT :holder AS holder, :booked AS at, (:points)::float8 AS points, :expires AS expires FROM :ledger) AS l
WHERE l.holder IS NOT NULL AND isfinite(l.at);
\else
CREATE TEMP VIEW report_whole_ledger AS
SELECT NULL::bigint AS holder, NULL::timestamp AS at, NULL::float8 AS points, NULL::timestamp AS expires WHERE false;
\endif
-- As of events: without others the day after the last row which is not in the future
SELECT CASE WHEN :'as_of' <> '' THEN :'as_of'
            ELSE coalesce((max(at) FILTER (WHERE at < current_date + 1)::date + 1)::text,
                          CASE WHEN count(*) > 0 THEN current_date::text ELSE '' END) END AS as_of
FROM report_whole_ledger \gset
CREATE TEMP TABLE report_ledger ON COMMIT DROP AS
SELECT holder, at, at::date AS day, points, expires FROM report_whole_ledger WHERE at < nullif(:'as_of', '')::date;

-- Each earning with how much of it has been spent; the day on which the rest expires, NULL: never
CREATE TEMP TABLE report_lots ON COMMIT DROP AS
SELECT holder, day, points, used, CASE WHEN isfinite(expires) THEN greatest(expires, at)::date END AS expiry,
       coalesce(CASE WHEN isfinite(expires) THEN greatest(expires, at)::date END < nullif(:'as_of', '')::date, expires = '-infinity', false) AS has_expired
FROM (SELECT *, points_used(at, points, expires, nullif(:'as_of', '')::date) OVER (PARTITION BY holder ORDER BY at) AS used FROM report_ledger) AS l
WHERE used IS NOT NULL;
UPDATE report_lots SET expiry = day WHERE has_expired AND expiry IS NULL;

-- The periods of the ledger, and what was earned, spent, and expired in each
CREATE TEMP TABLE report_ledger_bins ON COMMIT DROP AS
SELECT period_start, complete
FROM (SELECT customer_activity(1, day) AS days FROM report_ledger) AS a, lifecycle_table(days, :'period', nullif(:'as_of', '')::date);
CREATE TEMP TABLE report_moves ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY period_start) AS bar, m.*
FROM (SELECT period_start, complete, earned, redeemed, expired, closing - earned + redeemed + expired AS opening, closing
      FROM (SELECT period_start, complete, coalesce(earned, 0) AS earned, coalesce(redeemed, 0) AS redeemed, coalesce(expired, 0) AS expired,
                   coalesce(sum(earned - redeemed - expired) OVER (ORDER BY period_start), 0) AS closing
            FROM (SELECT *, row_number() OVER (ORDER BY period_start) AS place FROM report_ledger_bins) AS b
                 LEFT JOIN (SELECT width_bucket(day, starts) AS place, sum(earned) AS earned, sum(redeemed) AS redeemed, sum(expired) AS expired
                            FROM (SELECT array_agg(period_start ORDER BY period_start) AS starts FROM report_ledger_bins) AS s,
                                 (SELECT day, greatest(points, 0) AS earned, greatest(-points, 0) AS redeemed, 0 AS expired FROM report_ledger
                                  UNION ALL SELECT expiry, 0, 0, points - used FROM report_lots WHERE has_expired) AS moves
                            GROUP BY 1) AS p USING (place)) AS c
      ORDER BY period_start DESC LIMIT :bins) AS m;

-- What has become of the points of each period; known when all of them have expired
CREATE TEMP TABLE report_fate ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY period_start) AS bar, f.*
FROM (SELECT period_start, sum(points) AS earned, sum(used) AS used, coalesce(sum(points - used) FILTER (WHERE has_expired), 0) AS expired,
             coalesce(sum(points - used) FILTER (WHERE NOT has_expired), 0) AS outstanding, bool_and(has_expired) AND bool_and(complete) AS is_known
      FROM (SELECT *, row_number() OVER (ORDER BY period_start) AS place FROM report_ledger_bins) AS b
           JOIN (SELECT l.*, width_bucket(day, starts) AS place
                 FROM (SELECT array_agg(period_start ORDER BY period_start) AS starts FROM report_ledger_bins) AS s, report_lots AS l) AS p USING (place)
      GROUP BY period_start ORDER BY period_start DESC LIMIT :bins) AS f;

-- What is outstanding, by the period in which it expires; those after the last in one, and
-- what never does
CREATE TEMP TABLE report_expiries ON COMMIT DROP AS
WITH bins AS (
    SELECT i + 1 AS bar, (start + i * interval :'period')::date AS period_start
    FROM (SELECT CASE WHEN last + interval :'period' <= nullif(:'as_of', '')::date THEN (last + interval :'period')::date ELSE last END AS start
          FROM (SELECT max(period_start) AS last FROM report_ledger_bins) AS l) AS s, generate_series(0, :bins) AS i
    WHERE start IS NOT NULL),
lots AS (
    SELECT coalesce(width_bucket(expiry, (SELECT array_agg(period_start ORDER BY bar) FROM bins)), :bins + 2) AS bar, sum(points - used) AS points
    FROM report_lots WHERE NOT has_expired AND points > used GROUP BY 1)
SELECT bar, CASE WHEN bar <= :bins THEN period_start END AS period_start, coalesce(points, 0) AS points
FROM bins FULL JOIN lots USING (bar)
WHERE bar <= (SELECT max(bar) FROM lots WHERE bar <= :bins) OR bar > :bins AND points > 0;

-- Members with what they have, what they owe, and their tier now and a year ago: the
-- level of what they had earned within twelve months, for twelve months after it was last
-- reached
CREATE TEMP TABLE report_holders ON COMMIT DROP AS
SELECT holder, first, last, outstanding, greatest(round((outstanding - (total - expired))::numeric, 6), 0)::float8 AS debt
FROM (SELECT holder, min(day) AS first, max(day) AS last, sum(points) AS total FROM report_ledger GROUP BY holder) AS l
     LEFT JOIN (SELECT holder, sum(points - used) FILTER (WHERE NOT has_expired) AS current, sum(points - used) FILTER (WHERE has_expired) AS gone
                FROM report_lots GROUP BY holder) AS p USING (holder),
     LATERAL (SELECT coalesce(current, 0) AS outstanding, coalesce(gone, 0) AS expired) AS v;
CREATE TEMP TABLE report_tiers (holder text, is_now boolean, tier int) ON COMMIT DROP;
\if :has_levels
INSERT INTO report_tiers
WITH asked AS (
    SELECT holder, day, points, NULL::boolean AS is_now FROM report_ledger WHERE points > 0
    UNION ALL
    SELECT holder, on_day, 0, is_now
    FROM report_holders, (VALUES (true, nullif(:'as_of', '')::date - 1), (false, (nullif(:'as_of', '')::date - interval '1 year')::date - 1)) AS v(is_now, on_day)
    WHERE first <= on_day),
levels AS (
    SELECT *, width_bucket(sum(points) OVER a_year, :'tiers'::float8[]) AS level FROM asked
    WINDOW a_year AS (PARTITION BY holder ORDER BY day RANGE BETWEEN '1 year -1 day' PRECEDING AND CURRENT ROW)),
kept AS (
    SELECT *, max(level) FILTER (WHERE is_now IS NULL) OVER a_year AS tier FROM levels
    WINDOW a_year AS (PARTITION BY holder ORDER BY day RANGE BETWEEN '1 year -1 day' PRECEDING AND CURRENT ROW))
SELECT holder::text, is_now, coalesce(tier, 0) FROM kept WHERE is_now IS NOT NULL;
\endif

-- What customers spent since some time ago who had bought in the year before, by whether
-- they were members then
CREATE TEMP TABLE report_spend (lift spend_lift) ON COMMIT DROP;
SELECT :'has_ledger' AND :'has_amounts' AS has_ledger_and_amounts \gset
\if :has_ledger_and_amounts
INSERT INTO report_spend
SELECT spend_lift(h.holder IS NOT NULL, spent::float8)
FROM (SELECT customer, sum(amount) FILTER (WHERE day >= start) AS spent
      FROM report_orders, (SELECT date :'as_of' - :coming_days AS start) AS s
      WHERE day >= start - interval '1 year' GROUP BY customer HAVING bool_or(is_purchase AND day < start)) AS c
     LEFT JOIN (SELECT holder FROM report_holders WHERE first < date :'as_of' - :coming_days) AS h ON h.holder = c.customer;
\endif

-- What of it there is enough of
SELECT EXISTS (SELECT FROM report_moves WHERE earned > 0 OR redeemed > 0) AS has_points,
       EXISTS (SELECT FROM report_expiries) AS has_expiries, EXISTS (SELECT FROM report_fate WHERE earned > 0) AS has_fate,
       EXISTS (SELECT FROM report_tiers WHERE is_now) AS has_tiers,
       EXISTS (SELECT FROM report_spend WHERE (lift).treated > 0 AND (lift).control > 0) AS has_spend_lift,
       CASE WHEN :'as_of' <> '' THEN (nullif(:'as_of', '')::date - 1)::text ELSE '' END AS ledger_day \gset
-- Why there is nothing to be said; '' if there is
SELECT CASE WHEN NOT :'has_ledger' OR :'has_points' THEN ''
            WHEN EXISTS (SELECT FROM report_ledger) THEN 'no row has points in ' || :'ledger_html'
            ELSE format('there is no row with a customer and a time in %s%s', :'ledger_html', CASE WHEN :'as_of' <> '' THEN ' before ' || :'as_of' ELSE '' END) END AS why_no_points \gset
-- 12.5, 12,345, 12.9M points
CREATE FUNCTION pg_temp.points(v double precision) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN abs(v) < 100 THEN trim_scale(round(v::numeric, 2))::text WHEN abs(v) < 1e7 THEN pg_temp.n(v) ELSE pg_temp.money('', v) END $$;
-- Below a bar, 12.9k, 129k
CREATE FUNCTION pg_temp.brief_points(v double precision, unit double precision, decimals int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN unit = 1 THEN pg_temp.points(v) ELSE pg_temp.brief('', v, unit, decimals) END $$;

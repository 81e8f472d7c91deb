-- The report on the points of the club of shop.sql

-- # Points of the club
-- A row of the ledger is what a member earned, above 0, or spent or had to give back,
-- below 0; an earning expires after a year, what is given in November sooner.

SELECT reason, count(*) AS rows, count(DISTINCT customer_id) AS members, sum(points) AS points
FROM ledger
GROUP BY reason
ORDER BY sum(points) DESC;

-- used: how much of an earning had been spent before 1 January 2026. Whatever else is
-- asked of points is a sum over this table.

CREATE TEMP TABLE lots AS
SELECT * FROM (
    SELECT *, points_used(at, points, expires, '2026-01-01')
                  OVER (PARTITION BY customer_id ORDER BY at) AS used
    FROM ledger) AS l
WHERE used IS NOT NULL;

-- # What is outstanding, and when it expires

SELECT to_char(expires, 'YYYY "Q"Q') AS expires_in, count(DISTINCT customer_id) AS members,
       sum(points - used) AS points
FROM lots
WHERE points > used AND expires > '2026-01-01'
GROUP BY expires_in
ORDER BY expires_in;

-- # Roll-forward
-- opening + earned - redeemed - expired = closing: what is outstanding, less what members
-- owe, because points were taken back that they had spent.

WITH moves AS (
    SELECT date_trunc('quarter', at) AS quarter, greatest(points, 0) AS earned,
           greatest(-points, 0) AS redeemed, 0 AS expired
    FROM ledger
    UNION ALL
    SELECT date_trunc('quarter', expires), 0, 0, points - used
    FROM lots WHERE expires <= '2026-01-01')
SELECT to_char(quarter, 'YYYY "Q"Q') AS quarter,
       sum(sum(earned - redeemed - expired)) OVER w
           - sum(earned - redeemed - expired) AS opening,
       sum(earned) AS earned, sum(redeemed) AS redeemed, sum(expired) AS expired,
       sum(sum(earned - redeemed - expired)) OVER w AS closing
FROM moves
GROUP BY moves.quarter
WINDOW w AS (ORDER BY moves.quarter)
ORDER BY moves.quarter;

-- # Breakage
-- Of the points that were earned in a quarter, the share that expired unspent. It is
-- known when all of them have expired.

SELECT to_char(at, 'YYYY "Q"Q') AS earned_in, sum(points) AS earned, sum(used) AS used,
       sum(points - used) FILTER (WHERE expires <= '2026-01-01') AS expired,
       sum(points - used) FILTER (WHERE expires > '2026-01-01') AS outstanding,
       CASE WHEN bool_and(expires <= '2026-01-01')
            THEN as_percent(sum(points - used) / sum(points)) END AS "breakage %"
FROM lots
GROUP BY earned_in
ORDER BY earned_in;

-- # What members spend
-- What customers of the year before 1 October 2025 have spent since then, by whether they
-- collected points by that day. This is not what the club brings: who joins it buys more
-- often anyhow, and in this shop it changes nothing.

WITH spending AS (
    SELECT customer_id, sum(amount) FILTER (WHERE ordered_at >= '2025-10-01') AS spent
    FROM orders
    WHERE ordered_at >= '2024-10-01'
    GROUP BY customer_id
    HAVING bool_or(ordered_at < '2025-10-01' AND coalesce(amount >= 0, true))),
members AS (
    SELECT DISTINCT customer_id FROM ledger WHERE at < '2025-10-01')
SELECT treated AS members, control AS others, round(treated_mean::numeric, 2) AS "members each",
       round(control_mean::numeric, 2) AS "others each", round(lift::numeric, 2) AS lift,
       round(lower::numeric, 2) AS lower, round(upper::numeric, 2) AS upper, p_value::real
FROM (SELECT (spend_lift(m.customer_id IS NOT NULL, spent)).*
      FROM spending AS s LEFT JOIN members AS m USING (customer_id)) AS l;

-- The voucher was given by lot, so this is what it brought. That more customers came back
-- is beyond doubt, see above; of money it takes many more of them to tell, since what they
-- spend differs far more than whether they come:

SELECT treated AS voucher, control AS none, round(treated_mean::numeric, 2) AS "voucher each",
       round(control_mean::numeric, 2) AS "none each", round(lift::numeric, 2) AS lift,
       round(lower::numeric, 2) AS lower, round(upper::numeric, 2) AS upper, p_value::real
FROM (SELECT (spend_lift(has_voucher, spent)).*
      FROM voucher_test AS v
           LEFT JOIN (SELECT customer_id, sum(amount) AS spent FROM orders
                      WHERE ordered_at >= '2025-10-01' GROUP BY customer_id) AS o
           USING (customer_id)) AS l;

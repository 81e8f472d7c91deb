-- What the sections about contracts are made of, as temporary tables

SELECT :'subscriptions' <> '' AS has_subscriptions,
       CASE WHEN :'monthly' = '' THEN 'NULL' ELSE :'monthly' END AS monthly,
       CASE WHEN :'plan' = '' THEN 'NULL' ELSE :'plan' END AS plan \gset

-- The contracts, whatever they are called.  A column "monthly" that is not there is NULL.
\if :has_subscriptions
CREATE TEMP VIEW report_contracts AS
SELECT c.member, c.started, c.ended, c.monthly, c.plan
FROM (SELECT NULL::numeric AS monthly) AS absent,
     LATERAL (SELECT :member AS member, (:started)::date AS started, (:ended)::date AS ended,
                     (:monthly)::numeric AS monthly, (:plan)::text AS plan FROM :subscriptions) AS c
WHERE c.member IS NOT NULL AND c.started IS NOT NULL;
\else
CREATE TEMP VIEW report_contracts AS
SELECT NULL::bigint AS member, NULL::date AS started, NULL::date AS ended, NULL::numeric AS monthly, NULL::text AS plan WHERE false;
\endif

-- Without orders the last day of which something is known is that of the last start which
-- is not in the future
SELECT CASE WHEN :'as_of' <> '' THEN :'as_of' WHEN count(*) = 0 THEN ''
            ELSE coalesce(max(started) FILTER (WHERE started <= current_date) + 1, current_date)::text END AS as_of
FROM report_contracts \gset

-- As of orders: 18 digits of what all pay per month are kept.  Contracts without any amount
-- count 1 each, and then only customers are shown.
CREATE TEMP TABLE report_contract_rows ON COMMIT DROP AS
SELECT count(*) FILTER (WHERE started < nullif(:'as_of', '')::date) AS contracts,
       count(*) FILTER (WHERE started < nullif(:'as_of', '')::date AND monthly IS NULL) AS unknown, count(monthly) AS amounts,
       count(DISTINCT plan) AS plans, coalesce(max(min_scale(monthly)), 0) AS decimals, coalesce(sum(abs(monthly)), 0) AS total
FROM report_contracts;
SELECT trim_scale(power(10::numeric, greatest(-digits, 0))) AS mrr_unit, amounts > 0 AS has_monthly, amounts = 0 AS has_no_monthly,
       CASE WHEN amounts = 0 THEN '1' WHEN decimals <= digits THEN 'monthly'
            ELSE format('round(monthly / %s, %s)', power(10::numeric, greatest(-digits, 0)), greatest(digits, 0)) END AS mrr_amount
FROM report_contract_rows, LATERAL (SELECT least(9, CASE WHEN total BETWEEN 1e-9 AND 1e300 THEN 17 - floor(log(total)) ELSE 9 END)::int AS digits) AS d \gset

-- All contracts in one value, and those of each plan
CREATE TEMP TABLE report_subscriptions ON COMMIT DROP AS
SELECT customer_subscriptions(member, started, ended, (:mrr_amount)::numeric) AS s FROM report_contracts;
CREATE TEMP TABLE report_plans ON COMMIT DROP AS
SELECT plan, customer_subscriptions(member, started, ended, (:mrr_amount)::numeric) AS s FROM report_contracts
WHERE :'has_monthly' AND plan IS NOT NULL GROUP BY plan;

-- What customers pay per month, and how it moved; without amounts, how many they are
CREATE TEMP TABLE report_mrr ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY period_start) AS bar, m.*, v.*
FROM (SELECT m.* FROM report_subscriptions, mrr_table(s, :'period', nullif(:'as_of', '')::date, grace => :grace) AS m
      ORDER BY period_start DESC LIMIT :bins) AS m,
     LATERAL (SELECT closing_mrr * :mrr_unit AS closing, new_mrr * :mrr_unit AS fresh, reactivation_mrr * :mrr_unit AS back,
                     expansion_mrr * :mrr_unit AS grown, contraction_mrr * :mrr_unit AS shrunk, churned_mrr * :mrr_unit AS lost
              WHERE :'has_monthly'
              UNION ALL SELECT closing_customers, new_customers, reactivated_customers, 0, 0, churned_customers
              WHERE NOT :'has_monthly') AS v;

-- How much of it is kept: within a year, or within a period while there is no year yet
CREATE TEMP TABLE report_kept_year ON COMMIT DROP AS
SELECT r.* FROM report_subscriptions, mrr_retention_table(s, '12 months', :'period', nullif(:'as_of', '')::date, :grace) AS r
WHERE complete AND base_mrr > 0 AND :'has_monthly';
SELECT EXISTS (SELECT FROM report_kept_year) AS kept_is_year \gset
CREATE TEMP TABLE report_kept ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY period_start) AS bar, k.*
FROM (SELECT * FROM report_kept_year
      UNION ALL SELECT r.* FROM report_subscriptions,
           mrr_retention_table(s, :'period', :'period', nullif(:'as_of', '')::date, :grace) AS r
      WHERE NOT :'kept_is_year' AND complete AND base_mrr > 0 AND :'has_monthly'
      ORDER BY period_start DESC LIMIT :bins) AS k;

-- How long customers stay
CREATE TEMP TABLE report_stays ON COMMIT DROP AS
SELECT survival_curve(s, nullif(:'as_of', '')::date, :grace) AS stays FROM report_subscriptions WHERE :'as_of' <> '';

-- Whether who has one comes back: customers of the period before the last complete
-- one, by whether they had one when that began
CREATE TEMP TABLE report_lift (lift retention_lift) ON COMMIT DROP;
SELECT coalesce(max(period_start) FILTER (WHERE complete)::text, '') AS lift_start FROM report_lifecycle \gset
SELECT :'has_subscriptions' AND :'has_activity' AS has_both \gset
\if :has_both
INSERT INTO report_lift
WITH customers AS (
    SELECT customer, bool_or(at >= this) AS came_back
    FROM report_orders, (SELECT nullif(:'lift_start', '')::date::timestamp AS this) AS p
    WHERE is_purchase AND at >= this - interval :'period' AND at < this + interval :'period'
    GROUP BY customer
    HAVING bool_or(at < this)),
members AS (
    SELECT DISTINCT s.member AS customer
    FROM report_contracts AS s
    WHERE s.started < nullif(:'lift_start', '')::date
      AND (s.ended IS NULL OR s.ended >= nullif(:'lift_start', '')::date))
SELECT retention_lift(m.customer IS NOT NULL, came_back)
FROM customers AS c LEFT JOIN members AS m ON m.customer = c.customer;
\endif

-- What of it there is enough of
SELECT EXISTS (SELECT FROM report_mrr) AS has_mrr,
       EXISTS (SELECT FROM report_kept) AS has_kept,
       EXISTS (SELECT FROM report_mrr WHERE opening_customers > 0) AS has_churn,
       EXISTS (SELECT FROM report_stays, survival_table(stays) WHERE "time" > 0) AS has_stays,
       EXISTS (SELECT FROM report_lift WHERE (lift).lift IS NOT NULL) AS has_lift,
       EXISTS (SELECT FROM report_mrr HAVING (array_agg(closing ORDER BY bar DESC))[1] > 0)
       AND (SELECT plans > 0 AND amounts > 0 FROM report_contract_rows) AS has_plans \gset
SELECT coalesce((SELECT to_char(period_start, :'label') FROM report_mrr WHERE complete ORDER BY bar DESC LIMIT 1), '') AS mrr_last,
       CASE WHEN :'as_of' <> '' THEN (nullif(:'as_of', '')::date - 1)::text ELSE '' END AS mrr_day \gset
-- Why a period is pale
CREATE FUNCTION pg_temp.not_yet(period_start date, complete boolean, as_of text, period interval) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN complete THEN '' WHEN period_start + period <= as_of::date THEN ', not decided yet' ELSE ', not over yet' END $$;
-- Why there is nothing to be said about contracts; '' if there is
SELECT CASE WHEN NOT :'has_subscriptions' OR :'has_mrr' THEN ''
            WHEN NOT EXISTS (SELECT FROM report_contracts) THEN 'there is no row with a customer and a start in ' || :'subscriptions_html'
            WHEN contracts = 0 THEN format('no contract of %s had begun before %s', :'subscriptions_html', :'as_of')
            WHEN :'has_monthly' THEN format('nobody had paid for a contract of %s before %s', :'subscriptions_html', :'as_of')
            ELSE format('no contract of %s had lasted to the end of a day before %s', :'subscriptions_html', :'as_of') END AS why_no_mrr
FROM report_contract_rows \gset

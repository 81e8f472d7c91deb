-- The report on the contracts of contracts.sql

-- (not shown)
SET client_min_messages = warning;

-- # Subscriptions: contracts of another firm
-- Each row is a contract: who changes the plan has two, and a discount is a row with
-- an amount below 0. As of 20 December 2025; pauses of up to 3 days are no end.

SELECT count(*) AS contracts, count(DISTINCT customer_id) AS customers, min(started) AS first,
       max(started) AS last, count(*) FILTER (WHERE amount < 0) AS discounts,
       count(*) FILTER (WHERE term = '1 year') AS by_the_year
FROM contracts;

-- All of them in one value: what each customer pays per month, and since when.

CREATE TEMP TABLE firm AS
SELECT customer_subscriptions(customer_id, started, ended, monthly_amount(amount, term)) AS s
FROM contracts;

-- # How MRR moved
-- mrr: monthly recurring revenue at the end of the month. Who changes the plan expands
-- or contracts, and does not churn.

SELECT to_char(period_start, 'YYYY-MM') AS month, round(new_mrr) AS new,
       round(reactivation_mrr) AS back, round(expansion_mrr) AS expansion,
       round(contraction_mrr) AS contraction, round(churned_mrr) AS churned,
       round(closing_mrr) AS mrr, closing_customers AS customers, complete
FROM firm, mrr_table(s, '1 month', '2025-12-20', grace => 3, since => '2024-12-01');

-- # Net and gross retention
-- What the customers of twelve months before pay now, as a share of what they paid
-- then: net, and gross, which counts nobody with more than then.

SELECT to_char(period_start, 'YYYY-MM') AS month, base_customers AS customers,
       retained_customers AS retained, round(base_mrr) AS base_mrr, round(mrr) AS mrr,
       as_percent(customer_retention) AS "customers %",
       as_percent(gross_revenue_retention) AS "gross %",
       as_percent(net_revenue_retention) AS "net %"
FROM firm, mrr_retention_table(s, '12 months', '1 month', '2025-12-20', 3,
                               since => '2024-12-01')
WHERE complete;

-- # Customers who leave, and the revenue that is lost

SELECT to_char(period_start, 'YYYY-MM') AS month, churned_customers AS left,
       as_percent(1 - customer_retention) AS "customers %",
       round(churned_mrr + contraction_mrr) AS lost,
       as_percent(1 - gross_revenue_retention) AS "revenue %"
FROM firm, mrr_table(s, '1 month', '2025-12-20', grace => 3, since => '2024-12-01')
WHERE complete;

-- Who left in November, those who paid the most first:

SELECT customer, round(opening_mrr, 2) AS paid
FROM firm, mrr_movements(s, '[2025-11-01,2025-12-01)', 'churn', grace => 3)
ORDER BY opening_mrr DESC, customer
LIMIT 5;

-- # How long customers stay
-- of_customers: the median of their stays. of_contracts: that of the rows with an
-- amount, where whoever changed the plan has left. That is another question.

SELECT round((median_lifetime(survival_curve(s, '2025-12-20', 3)) / 30.4375)::numeric, 1)
           AS of_customers,
       (SELECT round((median_lifetime(survival_curve(started, ended, '2025-12-20'))
                      / 30.4375)::numeric, 1)
        FROM contracts WHERE amount > 0) AS of_contracts
FROM firm;

-- Rows that charts meet seldom, each into a file of the current directory that is named
-- after the chart and the case
\set ON_ERROR_STOP 1
\pset tuples_only
\pset format unaligned

CREATE FUNCTION pg_temp.activity(days text[]) RETURNS customer_activity LANGUAGE sql STABLE
    RETURN (SELECT customer_activity(split_part(d, ' ', 1), split_part(d, ' ', 2)::date) FROM unnest(days) d);

CREATE FUNCTION pg_temp.contracts(contracts text[]) RETURNS customer_subscriptions LANGUAGE sql STABLE
    RETURN (SELECT customer_subscriptions(split_part(d, ' ', 1), split_part(d, ' ', 2)::date,
                                          nullif(split_part(d, ' ', 3), '-')::date, split_part(d, ' ', 4)::numeric)
            FROM unnest(contracts) d);

\o cohorts.one_cohort.json
SELECT json_agg(c)
FROM cohort_table(pg_temp.activity('{a 2024-01-05,a 2024-03-02,b 2024-01-09}'), as_of => '2024-04-01') c;
\o cohorts.one_unfinished_cell.json
SELECT json_agg(c) FROM cohort_table(pg_temp.activity('{a 2024-01-05,b 2024-01-09}'), as_of => '2024-01-20') c;
\o cohorts.nobody_comes_back.json
SELECT json_agg(c) FROM cohort_table(pg_temp.activity('{a 2024-01-05,b 2024-02-09}'), as_of => '2024-06-15') c;
\o cohorts.elapsed.json
SELECT json_agg(c) FROM cohort_table(pg_temp.activity('{a 2024-01-05,a 2024-02-27,b 2024-01-30,c 2024-03-31}'),
                                     as_of => '2024-04-15', clock => 'elapsed') c;
\o cohorts.many_customers.json
SELECT json_agg(c) FROM (SELECT customer_activity(n, date '2024-01-01' + 31 * (n % 2)) AS a
                         FROM generate_series(1, 21000) n) s, cohort_table(a, as_of => '2024-02-29') c;
\o cohorts.no_rows.json
SELECT coalesce(json_agg(c), '[]') FROM cohort_table(NULL) c;

\o curve.one_point.json
SELECT json_agg(c)
FROM retention_curve(pg_temp.activity('{a 2024-01-05,a 2024-02-27,b 2024-01-09}'), as_of => '2024-03-05') c;
\o curve.no_point.json
SELECT json_agg(c) FROM retention_curve(pg_temp.activity('{a 2024-01-05}'), as_of => '2024-02-05') c;
\o curve.nobody_comes_back.json
SELECT json_agg(c) FROM retention_curve(pg_temp.activity('{a 2024-01-05}'), as_of => '2024-05-05') c;
\o curve.no_rows.json
SELECT coalesce(json_agg(c), '[]') FROM retention_curve(NULL) c;

-- As a survival curve: limits that are NULL before the first has left, and after the last
\o survival.all_leave.json
SELECT json_agg(c)
FROM (SELECT survival_curve(d, left_then) AS s
      FROM (VALUES (1, false), (5, true), (9, false), (12, true)) v(d, left_then)) x, survival_table(s) c;

\set stay 'a 2024-01-05 2024-03-01 90,b 2024-01-05 - 20,c 2024-02-01 - 7.25'
\set shrinks '{' :stay ',d 2024-01-09 2024-02-10 30,d 2024-02-10 - 9}'
\o bridge.negative_net.json
SELECT json_agg(c) FROM mrr_table(pg_temp.contracts(:'shrinks'), as_of => '2024-04-01') c;
\o bridge.all_leave.json
SELECT json_agg(c) FROM mrr_table(pg_temp.contracts('{a 2024-01-05 2024-02-10 90}'), as_of => '2024-03-01') c;
\o bridge.unfinished.json
SELECT json_agg(c) FROM mrr_table(pg_temp.contracts('{a 2024-01-05 - 1234567}'), as_of => '2024-01-15') c;
\o bridge.no_rows.json
SELECT coalesce(json_agg(c), '[]') FROM mrr_table(NULL) c;

\o mrr.negative_net.json
SELECT json_agg(c) FROM mrr_table(pg_temp.contracts(:'shrinks'), as_of => '2024-04-15') c;
\o mrr.one_unfinished_month.json
SELECT json_agg(c) FROM mrr_table(pg_temp.contracts('{a 2024-01-05 - 10}'), as_of => '2024-01-15') c;
\o mrr.nothing_moves.json
SELECT json_agg(c)
FROM mrr_table(pg_temp.contracts('{a 2024-01-05 - 10}'), as_of => '2024-04-01', since => '2024-02-01') c;
\o mrr.no_rows.json
SELECT coalesce(json_agg(c), '[]') FROM mrr_table(NULL) c;
\o

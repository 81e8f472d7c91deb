-- The words of the sections about who is active again
\set curve_id curve
\set curve_table report_curve
\set curve_from 1
\set curve_row active
\set curve_who 'are active again'
\set curve_headline 'How many come back'
\set cohort_table report_cohorts
\set cohort_headline 'Cohort by cohort'
\set cohort_first 'First active'
\set cohort_customers :customers
SELECT format('Share of the customers who are active again, by %ss since their first.', :'unit') AS curve_hint,
       format('Each row: the customers whose first %s it was. Each number: the percentage of them who were active in the %1$s that '
              'many %1$ss later.', :'unit') AS cohort_hint,
       format('%% active, by %ss since the first', :'unit') AS cohort_what \gset

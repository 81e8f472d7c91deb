-- The words of the sections about who returns with one event after the first of another
\set curve_id returns
\set curve_table report_return_curve
\set curve_from 0
\set curve_row return
\set curve_who 'return'
\set curve_headline 'How many return'
\set cohort_table report_returns
\set cohort_headline 'Returns, cohort by cohort'
SELECT format('Share of the customers who return with &#8220;%s&#8221;, by %ss since their first &#8220;%s&#8221;; 0 is the %2$s of that one. '
              'Those who never return are counted, too.', :'returns_html', :'unit', :'starts_html') AS curve_hint,
       format('Each row: the customers whose first &#8220;%s&#8221; was in that %s. Each number: the percentage of them with &#8220;%s&#8221; in the %2$s '
              'that many %2$ss later, in column 0 since that first one.', :'starts_html', :'unit', :'returns_html') AS cohort_hint,
       format('%% who return, by %ss since the first', :'unit') AS cohort_what,
       'First' AS cohort_first, customers(began) AS cohort_customers
FROM report_starts \gset

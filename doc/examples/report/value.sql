-- Lifetime value
SELECT $html$<section><h2>What they are worth</h2>
<p class="hint">Lifetime value so far: what a purchase brings, times how often customers buy, times how long they
stay. Each factor is a ratio of sums, so the product is revenue, less refunds, divided by customers.</p>
<div class="equation">$html$;
SELECT pg_temp.tile(name, value, note, CASE WHEN purchases_per_year IS NOT NULL THEN sign END)
FROM (SELECT (clv).* FROM report_data) AS c,
     LATERAL (VALUES
         (1, NULL, 'Average purchase', pg_temp.money(:'currency_html', average_purchase_value * :money_unit), pg_temp.many(purchases, 'purchase')),
         (2, '&#215;', 'Purchases per year', to_char(purchases_per_year, 'FM999,999,990.00'),
             'of the time between first and last'),
         (3, '&#215;', 'Years', to_char(relationship_years, 'FM990.00'), 'between first and last purchase, on average'),
         (4, '=', 'Lifetime value', pg_temp.money(:'currency_html', clv * :money_unit),
             format('%s of revenue / %s%s', pg_temp.money(:'currency_html', revenue * :money_unit),
                    pg_temp.many(customers, 'customer'), :'value_ci'))) AS t(position, sign, name, value, note)
WHERE position = 4 OR purchases_per_year IS NOT NULL
ORDER BY position;
\qecho '</div></section>'

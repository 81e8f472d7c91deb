-- How much the best customers bring
\qecho '<section><h2>How much the best of them bring</h2><p class="hint">Customers in ten groups of one size, those who have brought the most first.'
\qecho 'A shop that lives off a few has to know them. Refunds are subtracted, and whoever was paid back more than they paid counts as 0.</p>'
\qecho '<div class="tiles">'
SELECT pg_temp.tile(name, value, note)
FROM report_data,
     LATERAL (SELECT min(bin)::float8 / max(bin) AS half
              FROM (SELECT bin, cumulative_share, max(bin) OVER () AS bins FROM concentration_table(p, least(1000, :customers))) AS c
              WHERE cumulative_share >= 0.5 OR bin = bins) AS h,
     LATERAL (VALUES
         (1, 'The best tenth', pg_temp.percent(top_share(p, 0.1)), 'of the revenue'),
         (2, 'The best hundredth', CASE WHEN :customers >= 1000 THEN pg_temp.percent(top_share(p, 0.01)) END,
             format('of the revenue, from %s', pg_temp.many(:customers / 100, 'customer'))),
         (3, 'Half of the revenue', pg_temp.percent(half), 'of the customers bring it'),
         (4, 'Gini coefficient', round(gini(p)::numeric, 2)::text, '0: all bring the same; 1: one brings everything')) AS v(position, name, value, note)
WHERE value IS NOT NULL
ORDER BY position;
\qecho '</div><div class="legend gap"><span><i class="retained"></i>share of the revenue</span></div>'
\qecho '<div class="scroll" tabindex="0" role="region" aria-label="Customers by what they bring"><table class="segments"><thead><tr><th class="left" scope="col">customers</th>'
\qecho '<th class="left share" scope="col">share of the revenue</th><th scope="col">number</th><th scope="col">revenue</th><th scope="col">per customer</th>'
\qecho '<th scope="col">with all above</th></tr></thead><tbody>'
SELECT format('<tr><th scope="row">%s</th><td class="share"><div class="bar"><i class="retained" style="width: %s%%"></i>%s</div></td>'
              '<td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>',
              CASE bin WHEN 1 THEN 'best tenth' ELSE bin || CASE bin WHEN 2 THEN 'nd' WHEN 3 THEN 'rd' ELSE 'th' END END,
              round((85 * share / max(share) OVER ())::numeric, 1), pg_temp.percent(share), pg_temp.n(customers),
              pg_temp.money(:'currency_html', revenue * :money_unit), pg_temp.money(:'currency_html', revenue * :money_unit / customers),
              pg_temp.percent(cumulative_share))
FROM report_data, concentration_table(p, 10) ORDER BY bin;
\qecho '</tbody></table></div></section>'

-- Who is about to leave, by name: customers who have waited longer than they usually do,
-- first those of whom the most is at stake
\if :has_calls
SELECT format('<section><h2>Who is about to leave</h2><p class="hint">Customers who came on three days or more and now '
              'have waited longer than they usually do, those first of whom the most is at stake: %s in the next year, times the probability that they have left. '
              'Far down are those who have surely left, and those who will come anyway.</p>',
              CASE WHEN :'coming_has_spend' THEN 'what they are expected to bring' ELSE 'how often they are expected to come' END);
SELECT format('<div class="scroll" tabindex="0" role="region" aria-label="Customers about to leave"><table class="segments calls"><thead><tr>'
              '<th class="left" scope="col">customer</th><th scope="col">last purchase</th><th scope="col">days since</th>'
              '<th scope="col">days, usually</th><th scope="col">purchases</th>%s<th scope="col">still a customer</th>'
              '<th scope="col">at stake</th></tr></thead><tbody>', CASE WHEN :'has_amounts' THEN '<th scope="col">brought so far</th>' END);
SELECT format('<tr><th scope="row">%s</th><td>%s</td><td>%s</td><td>%s</td><td>%s</td>%s<td>%s</td><td>%s</td></tr>',
              coalesce(pg_temp.html(nullif(btrim(n.name), '')), 'no name'), to_char(last_day, 'YYYY-MM-DD'), pg_temp.n(waited), pg_temp.n(usual), pg_temp.n(purchases),
              CASE WHEN :'has_amounts' THEN '<td>' || pg_temp.money(:'currency_html', revenue * :money_unit) || '</td>' END,
              pg_temp.percent(alive, 0),
              CASE WHEN :'coming_has_spend' THEN pg_temp.money(:'currency_html', at_stake * :money_unit)
                   ELSE to_char(at_stake::numeric, 'FM999,990.0') END)
FROM report_calls LEFT JOIN report_names AS n USING (customer)
ORDER BY place;
\qecho '</tbody></table></div></section>'
\endif

-- What each plan brings per month.  In the value of a plan a customer has only the
-- contracts of that plan.
SELECT format('<section><h2>Plan by plan</h2><p class="hint">What customers pay per month for each plan on %s, and how many have it. '
              'Who has two plans is in both rows.%s</p>', :'mrr_day',
              CASE WHEN plans > :bins THEN format(' The largest %s of %s.', :bins, plans) END)
FROM report_contract_rows;
\qecho '<div class="legend"><span><i class="retained"></i>share of the MRR</span></div>'
\qecho '<div class="scroll" tabindex="0" role="region" aria-label="Plans"><table class="segments plans"><thead><tr><th class="left" scope="col">plan</th>'
\qecho '<th class="left share" scope="col">share of the MRR</th><th scope="col">MRR</th><th scope="col">customers</th><th scope="col">per customer</th>'
\qecho '<th scope="col">MRR a year before</th></tr></thead><tbody>'
SELECT format('<tr><th scope="row">%s</th><td class="share"><div class="bar"><i class="retained" style="width: %s%%"></i>%s</div></td>'
              '<td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>',
              coalesce(pg_temp.html(nullif(btrim(plan), '')), 'no name'), round((85 * share / max(share) OVER ())::numeric, 1), pg_temp.percent(share),
              pg_temp.money(:'currency_html', paid * :mrr_unit), pg_temp.n(customers), coalesce(pg_temp.money(:'currency_html', paid * :mrr_unit / nullif(customers, 0)), ''),
              pg_temp.money(:'currency_html', before * :mrr_unit))
FROM (SELECT plan, paid, customers, before, (paid / sum(paid) OVER ())::float8 AS share
      FROM (SELECT plan, coalesce(mrr(s, date :'mrr_day'), 0) AS paid, coalesce(subscribers(s, date :'mrr_day'), 0) AS customers,
                   coalesce(mrr(s, (date :'mrr_day' - interval '1 year')::date), 0) AS before
            FROM report_plans OFFSET 0) AS p
      WHERE paid > 0 OR before > 0
      ORDER BY paid DESC, plan LIMIT :bins) AS shown
ORDER BY paid DESC, plan;
\qecho '</tbody></table></div></section>'

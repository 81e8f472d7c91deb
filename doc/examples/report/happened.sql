-- The names of events, and whether they are steps: a misspelt step is one that nobody reaches
SELECT '<section><h2>What happened</h2><p class="hint">The events by name, those of most customers first'
       || CASE WHEN count(*) > :bins THEN format('; %s of %s', :bins, count(*)) ELSE '' END || '. Rows that are there twice count once.</p>'
FROM report_happened;
\qecho '<div class="legend"><span><i class="retained"></i>share of the customers</span></div>'
\qecho '<div class="scroll" tabindex="0" role="region" aria-label="Events"><table class="segments plans"><thead><tr><th class="left" scope="col">event</th>'
\qecho '<th class="left share" scope="col">share of the customers</th><th scope="col">customers</th><th scope="col">events</th><th scope="col">per customer</th></tr></thead><tbody>'
SELECT format('<tr><th scope="row">%s</th><td class="share"><div class="bar"><i class="retained" style="width: %s%%"></i>%s</div></td>'
              '<td>%s</td><td>%s</td><td>%s</td></tr>',
              coalesce(pg_temp.html(nullif(btrim(event), '')), 'no name'), round((85 * share)::numeric, 1), pg_temp.percent(share),
              pg_temp.n(h.customers), pg_temp.n(events), round(events::numeric / h.customers, 1))
FROM report_happened AS h, LATERAL (SELECT h.customers / customers(e)::float8 AS share FROM report_events) AS s
ORDER BY h.customers DESC, events DESC, event LIMIT :bins;
\qecho '</tbody></table></div></section>'

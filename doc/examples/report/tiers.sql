-- Members by tier, now and a year ago, and what they have and pay
CREATE TEMP TABLE report_tier_rows ON COMMIT DROP AS
SELECT tier, count(*) FILTER (WHERE is_now) AS members, count(*) FILTER (WHERE NOT is_now) AS before,
       count(*) FILTER (WHERE is_now AND was < tier) AS up, count(*) FILTER (WHERE is_now AND was > tier) AS down
FROM (SELECT holder, is_now, tier, CASE WHEN is_now THEN min(tier) FILTER (WHERE NOT is_now) OVER (PARTITION BY holder) END AS was FROM report_tiers) AS t
GROUP BY tier;
INSERT INTO report_tier_rows
SELECT tier, 0, 0, 0, 0 FROM generate_series(0, cardinality(:'tiers'::float8[])) AS tier WHERE tier NOT IN (SELECT tier FROM report_tier_rows);
CREATE TEMP TABLE report_tier_points ON COMMIT DROP AS
SELECT tier, sum(outstanding) AS outstanding, sum(paid) AS paid
FROM report_tiers AS t JOIN report_holders AS h ON t.holder = h.holder::text
     LEFT JOIN (SELECT customer::text AS customer, sum(amount) AS paid FROM report_orders
                WHERE day >= nullif(:'as_of', '')::date - interval '1 year' GROUP BY customer::text) AS o ON o.customer = t.holder
WHERE is_now GROUP BY tier;

SELECT format('<section><h2>Members by tier</h2><p class="hint">A tier is reached with what a member earns within twelve months, %s points, and lasts for '
              'twelve months after the day on which it was last reached. As of %s, and a year before%s.</p>',
              (SELECT string_agg(pg_temp.points(level), ' or ' ORDER BY level) FROM unnest(:'tiers'::float8[]) AS level), :'ledger_day',
              CASE WHEN :'has_amounts' THEN '; paid: in the year between' END);
\qecho '<div class="legend"><span><i class="retained"></i>share of the members</span></div>'
SELECT format('<div class="scroll" tabindex="0" role="region" aria-label="Tiers"><table class="segments plans"><thead><tr><th class="left" scope="col">tier</th>'
              '<th class="left share" scope="col">share of the members</th><th scope="col">members</th><th scope="col">a year ago</th><th scope="col">moved up since</th>'
              '<th scope="col">moved down since</th><th scope="col">points outstanding</th>%s</tr></thead><tbody>',
              CASE WHEN :'has_amounts' THEN '<th scope="col">paid, each</th>' END);
SELECT format('<tr><th scope="row">%s</th><td class="share"><div class="bar"><i class="retained" style="width: %s%%"></i>%s</div></td>'
              '<td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td>%s</tr>',
              coalesce(pg_temp.html(nullif(btrim((nullif(:'tier_names', '')::text[])[tier + 1]), '')),
                       CASE WHEN tier = 0 THEN 'below ' || pg_temp.points(levels[1]) ELSE 'from ' || pg_temp.points(levels[tier]) END),
              round(85.0 * members / nullif(max(members) OVER (), 0), 1), pg_temp.percent(members / nullif(sum(members) OVER (), 0)::float8),
              pg_temp.n(members), pg_temp.n(before), pg_temp.n(up), pg_temp.n(down), pg_temp.points(coalesce(outstanding, 0)),
              CASE WHEN :'has_amounts' THEN '<td>' || coalesce(pg_temp.money(:'currency_html', coalesce(paid, 0) / nullif(members, 0)), '') || '</td>' END)
FROM report_tier_rows LEFT JOIN report_tier_points USING (tier), (SELECT :'tiers'::float8[] AS levels) AS l
ORDER BY tier DESC;
\qecho '</tbody></table></div></section>'

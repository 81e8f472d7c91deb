-- Lifecycle: a bar for each period, of which those who churned hang below the line
SELECT greatest(count(*), 12) AS slots, tick, greatest(ceil(max(active) / tick), 1)::int AS above, ceil(max(churned) / tick)::int AS below
FROM report_lifecycle,
     (SELECT pg_temp.tick(greatest((max(active) + max(churned)) / 6.0, 1)) AS tick FROM report_lifecycle) AS t
GROUP BY tick \gset life_
SELECT 100.0 / :life_slots AS step, 290.0 / ((:life_above + :life_below) * :life_tick) AS scale,
       14 + 290.0 * :life_above / (:life_above + :life_below) AS zero \gset life_

SELECT format('<section><h2>Who comes, stays, goes and returns</h2><p class="hint">Active customers of each %s above the line: '
              'active in the %1$s before, too; back after a pause; new. Below it: those of the %1$s before who did not '
              'come.</p>', :'unit');
SELECT $html$<div class="legend"><span><i class="new"></i>new</span>
<span><i class="resurrected"></i>back after a pause</span><span><i class="retained"></i>retained</span>
<span><i class="churned"></i>churned, below the line</span><span><i class="retained unfinished"></i>pale: not over yet</span>
</div>$html$;
SELECT pg_temp.chart('life', 366, 'Customers by ' || :'unit', format('From %s to %s: at most %s, at most %s churned.',
       to_char(min(period_start), :'label'), to_char(max(period_start), :'label'),
       pg_temp.many(max(active), 'active customer'), pg_temp.n(max(churned))))
FROM report_lifecycle;
SELECT pg_temp.gridline((:life_zero - i * :life_tick * :life_scale)::numeric, pg_temp.n(abs(i * :life_tick)), i = 0)
FROM generate_series(-:life_below, :life_above) AS i;
SELECT format('<g%s><title>%s: %s active, %s new, %s retained, %s back after a pause, %s churned%s</title>',
              CASE WHEN NOT complete THEN ' class="unfinished"' END, to_char(period_start, :'label'), pg_temp.n(active),
              pg_temp.n(new_customers), pg_temp.n(retained), pg_temp.n(resurrected), pg_temp.n(churned),
              CASE WHEN NOT complete THEN ', not over yet' END)
       || string_agg(format('<rect class="%s" x="%s%%" y="%s" width="%s%%" height="%s"/>', class,
                            round((bar - 0.9) * :life_step, 2), round(:life_zero - upto * :life_scale, 1),
                            round(0.8 * :life_step, 2), round(count * :life_scale, 1)), '' ORDER BY position) || '</g>'
FROM report_lifecycle,
     LATERAL (VALUES (1, 'retained', retained, retained), (2, 'resurrected', resurrected, retained + resurrected),
                     (3, 'new', new_customers, active), (4, 'churned', churned, 0)) AS v(position, class, count, upto)
GROUP BY bar, period_start, complete, active, new_customers, retained, resurrected, churned
ORDER BY bar;
SELECT pg_temp.label(x, 326, to_char(period_start, :'label_1'), thin)
       || pg_temp.label(x, 362, pg_temp.percent(retention_rate, 0), ' strong' || thin)
       || CASE WHEN year IS DISTINCT FROM lag(year) OVER (ORDER BY bar) AND (bar > 1 OR 9 * count(*) OVER (PARTITION BY year) >= :life_slots)
               THEN pg_temp.label(x, 341, nullif(to_char(period_start, :'label_2'), ''), ' soft' || CASE WHEN years > 6 THEN ' m' ELSE '' END)
               ELSE '' END
FROM (SELECT *, to_char(period_start, 'YYYY') AS year, (bar - 0.5) * :life_step AS x FROM report_lifecycle) AS b,
     (SELECT count(DISTINCT to_char(period_start, 'YYYY')) AS years FROM report_lifecycle) AS y,
     pg_temp.thin(bar - 1, :life_slots, CASE :'label_1' WHEN 'MM-DD' THEN 44 ELSE 38 END) AS thin
ORDER BY bar;
SELECT pg_temp.row_name(362, 'retention', 'strong') || '</svg>';
SELECT $html$<details><summary>The numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="The numbers">
<table class="numbers"><thead><tr><th scope="col">from</th>
<th scope="col">active</th><th scope="col">new</th><th scope="col">retained</th>
<th scope="col">back after a pause</th><th scope="col">churned</th><th scope="col">dormant</th>
<th scope="col">retention</th><th scope="col">churn</th><th scope="col">quick ratio</th></tr></thead><tbody>$html$;
SELECT format('<tr><th scope="row">%s</th>', to_char(period_start, 'YYYY-MM-DD'))
       || (SELECT string_agg('<td>' || coalesce(pg_temp.n(v), '') || '</td>', '' ORDER BY i)
           FROM unnest(ARRAY[active, new_customers, retained, resurrected, churned, dormant]) WITH ORDINALITY AS u(v, i))
       || format('<td>%s</td><td>%s</td><td>%s</td></tr>',
                 CASE WHEN complete THEN pg_temp.percent(retention_rate) ELSE 'not over' END,
                 pg_temp.percent(churn_rate), round(quick_ratio::numeric, 2))
FROM report_lifecycle ORDER BY bar;
\qecho '</tbody></table></div></details></section>'

-- What has become of the points of each period: spent, outstanding, expired
SELECT greatest(max(bar), 12) AS slots, 100.0 / greatest(max(bar), 12) AS step FROM report_fate \gset fate_
SELECT format('<section><h2>What becomes of the points</h2><p class="hint">The points that were earned in each %s: how many of them have been spent, how many can still be, '
              'and how many expired unspent, which is the breakage. It is known when none can be spent any more; before that the bars are pale.</p>', :'unit');
\qecho '<div class="legend"><span><i class="retained"></i>spent</span><span><i class="passives"></i>outstanding</span><span><i class="churned"></i>expired</span>'
\qecho '<span><i class="retained unfinished"></i>pale: not known yet</span></div>'
SELECT pg_temp.chart('fate', 308, 'What becomes of the points by ' || :'unit' || ' of earning', format('From %s to %s: %s points, %s spent, %s expired, %s outstanding.',
       to_char(min(period_start), :'label'), to_char(max(period_start), :'label'), pg_temp.points(sum(earned)), pg_temp.points(sum(used)), pg_temp.points(sum(expired)),
       pg_temp.points(sum(outstanding))))
FROM report_fate;
SELECT pg_temp.gridline(214 - 2 * i, i || '%', i = 0) FROM generate_series(0, 100, 25) AS i;
SELECT format('<g%s><title>%s: %s earned, %s spent, %s outstanding, %s expired%s</title>', CASE WHEN NOT is_known THEN ' class="unfinished"' END, to_char(period_start, :'label'),
              pg_temp.points(earned), pg_temp.points(used), pg_temp.points(outstanding), pg_temp.points(expired),
              CASE WHEN is_known THEN ', breakage ' || pg_temp.percent(expired / nullif(earned, 0)) ELSE ', not known yet' END)
       || coalesce(string_agg(format('<rect class="%s" x="%s%%" y="%s" width="%s%%" height="%s"/>', class, round((bar - 0.9) * :fate_step, 2),
                                     round((214 - 200 * upto / earned)::numeric, 1), round(0.8 * :fate_step, 2), round((200 * n / earned)::numeric, 1)), '' ORDER BY position)
                   FILTER (WHERE n > 0), '') || '</g>'
FROM report_fate, LATERAL (VALUES (1, 'retained', used, used), (2, 'passives', outstanding, used + outstanding), (3, 'churned', expired, earned)) AS v(position, class, n, upto)
WHERE earned > 0
GROUP BY bar, period_start, earned, used, outstanding, expired, is_known
ORDER BY bar;
SELECT pg_temp.label(x, 232, to_char(period_start, :'label_1'), thin)
       || pg_temp.label(x, 268, CASE WHEN is_known THEN pg_temp.percent(expired / nullif(earned, 0), 0) ELSE '?' END, ' strong' || thin)
       || pg_temp.label(x, 285, pg_temp.percent(used / nullif(earned, 0), 0), thin)
       || pg_temp.label(x, 302, shown, ' soft small' || thin)
       || CASE WHEN year IS DISTINCT FROM lag(year) OVER (ORDER BY bar) AND (bar > 1 OR 9 * count(*) OVER (PARTITION BY year) >= :fate_slots)
               THEN pg_temp.label(x, 247, nullif(to_char(period_start, :'label_2'), ''), ' soft' || CASE WHEN years > 6 THEN ' m' ELSE '' END)
               ELSE '' END
FROM (SELECT *, to_char(period_start, 'YYYY') AS year, (bar - 0.5) * :fate_step AS x, max(length(shown)) OVER () AS longest
      FROM report_fate, (SELECT pg_temp.unit(max(earned), 1000) AS unit, pg_temp.decimals(max(earned), pg_temp.unit(max(earned), 1000)) AS digits FROM report_fate) AS u,
           pg_temp.brief_points(earned, unit, digits) AS shown) AS b,
     (SELECT count(DISTINCT to_char(period_start, 'YYYY')) AS years FROM report_fate) AS y,
     pg_temp.thin(bar - 1, :fate_slots, greatest(6 + 6.5 * longest, CASE :'label_1' WHEN 'MM-DD' THEN 44 ELSE 38 END)) AS thin
ORDER BY bar;
SELECT pg_temp.row_name(268, 'breakage', 'strong') || pg_temp.row_name(285, 'spent', '') || pg_temp.row_name(302, 'earned') || '</svg></section>';

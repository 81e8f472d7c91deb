-- Net promoter score by month
SELECT greatest(count(*), 12) AS slots, 100.0 / greatest(count(*), 12) AS step FROM report_nps \gset nps_
SELECT $html$<section><h2>What they say</h2>
<p class="hint">Answers to &#8220;would you recommend us?&#8221;, 0 to 10, by month. Net promoter score = promoters
minus detractors, in percent of the answers, from -100 to 100; below it, from where to where it may be with 95% confidence.</p>$html$;
SELECT $html$<div class="legend"><span><i class="promoters"></i>promoters, 9 and 10</span>
<span><i class="passives"></i>passives, 7 and 8</span>
<span><i class="detractors"></i>detractors, 0 to 6</span></div>$html$;
SELECT pg_temp.chart('nps', 322, 'Net promoter score by month', format('From %s to %s, %s: %s.', to_char(min(month), 'YYYY-MM'),
       to_char(max(month), 'YYYY-MM'), pg_temp.many(sum(answers), 'answer'), pg_temp.signed(nps(rollup(s)))))
FROM report_nps;
SELECT pg_temp.gridline(214 - 2 * i, i || '%', i = 0) FROM generate_series(0, 100, 25) AS i;
SELECT format('<g><title>%s: %s (95%%: %s to %s), %s promoters, %s passives, %s detractors</title>', to_char(month, 'YYYY-MM'),
              pg_temp.signed(nps(s)), pg_temp.signed(ci.lower), pg_temp.signed(ci.upper),
              pg_temp.n((s).promoters), pg_temp.n((s).passives), pg_temp.n((s).detractors))
       || string_agg(format('<rect class="%s" x="%s%%" y="%s" width="%s%%" height="%s"/>', class,
                            round((bar - 0.9) * :nps_step, 2), round(214 - 200.0 * upto / answers, 1),
                            round(0.8 * :nps_step, 2), round(200.0 * count / answers, 1)),
                     '' ORDER BY position) || '</g>'
FROM report_nps, nps_interval(s) AS ci,
     LATERAL (VALUES (1, 'detractors', (s).detractors, (s).detractors),
                     (2, 'passives', (s).passives, (s).detractors + (s).passives),
                     (3, 'promoters', (s).promoters, answers)) AS v(position, class, count, upto)
WHERE answers > 0
GROUP BY bar, month, s, ci.lower, ci.upper
ORDER BY bar;
SELECT pg_temp.label(x, 232, to_char(month, 'Mon'), thin)
       || pg_temp.label(x, 268, pg_temp.signed(nps(s), 0), ' strong' || thin)
       || pg_temp.label(x, 284, pg_temp.signed(ci.lower, 0), ' soft small' || thin)
       || pg_temp.label(x, 298, pg_temp.signed(ci.upper, 0), ' soft small' || thin)
       || pg_temp.label(x, 316, pg_temp.n(coalesce(answers, 0)), ' small' || thin)
       || CASE WHEN bar = 1 OR extract(month FROM month) = 1 THEN pg_temp.label(x, 247, to_char(month, 'YYYY'), ' soft') ELSE '' END
FROM report_nps LEFT JOIN nps_interval(s) AS ci ON true,
     LATERAL (SELECT (bar - 0.5) * :nps_step AS x) AS at,
     pg_temp.thin(bar - 1, :nps_slots, 38) AS thin
ORDER BY bar;
SELECT pg_temp.row_name(268, 'score', 'strong') || pg_temp.row_name(284, '95% from') || pg_temp.row_name(298, 'to')
       || pg_temp.row_name(316, 'answers', '') || '</svg></section>';

-- How the points of the members moved: a bar for each period, above 0 what was earned,
-- below it what was spent and what expired
CREATE TEMP TABLE report_move_parts ON COMMIT DROP AS
SELECT bar, position, class, points, is_gain, sum(points) OVER (PARTITION BY bar, is_gain ORDER BY position) AS upto
FROM report_moves, LATERAL (VALUES (1, 'new', earned, true), (2, 'retained', redeemed, false), (3, 'churned', expired, false)) AS v(position, class, points, is_gain);
SELECT greatest(max(bar), 12) AS slots, max(upto) FILTER (WHERE is_gain) AS top, max(upto) FILTER (WHERE NOT is_gain) AS depth,
       pg_temp.tick(greatest(max(upto) FILTER (WHERE is_gain) + max(upto) FILTER (WHERE NOT is_gain), 0.05) / 5) AS tick FROM report_move_parts \gset moved_
SELECT greatest(1, ceil(:moved_top / :moved_tick))::int AS above, ceil(:moved_depth / :moved_tick)::int AS below,
       pg_temp.unit(greatest(:moved_top, :moved_depth), 1e4) AS unit, 100.0 / :moved_slots AS step,
       pg_temp.unit(max(abs(closing)), 1000) AS label_unit, pg_temp.decimals(max(abs(closing)), pg_temp.unit(max(abs(closing)), 1000)) AS label_digits
FROM report_moves \gset moved_
SELECT 260.0 / ((:moved_above + :moved_below) * :moved_tick) AS scale, 14 + 260.0 * :moved_above / (:moved_above + :moved_below) AS zero,
       greatest(0, -floor(log(:moved_tick / :moved_unit)))::int AS digits \gset moved_

SELECT format('<section><h2>Points</h2><p class="hint">What members earned in each %s, above the line of 0, and below it what they spent or had to give '
              'back, and what expired. Spending takes those points first that expire first. The balance is what is outstanding at its end%s.</p>', :'unit',
              CASE WHEN EXISTS (SELECT FROM report_holders WHERE debt > 0) THEN ', less what members owe' END);
\qecho '<div class="tiles">'
SELECT pg_temp.tile(name, value, note)
FROM (SELECT sum(points) FILTER (WHERE points > 0) AS earned, -sum(points) FILTER (WHERE points < 0) AS redeemed, count(DISTINCT holder) AS members FROM report_ledger) AS t,
     (SELECT sum(outstanding) AS outstanding, count(*) FILTER (WHERE outstanding > 0) AS holding, sum(debt) AS debt,
             count(*) FILTER (WHERE debt > 0) AS owing, count(*) FILTER (WHERE last >= nullif(:'as_of', '')::date - interval '1 year') AS active FROM report_holders) AS h,
     (SELECT sum(points - used) FILTER (WHERE NOT has_expired AND expiry < nullif(:'as_of', '')::date + 30) AS soon FROM report_lots) AS l,
     (SELECT sum(expired) AS expired, sum(earned) AS earned FROM report_fate WHERE is_known) AS f,
     LATERAL (VALUES
         (1, 'Outstanding', pg_temp.points(outstanding), format('on %s, of %s', :'ledger_day', pg_temp.many(holding, 'member'))),
         (2, 'Owed by members', CASE WHEN debt > 0 THEN pg_temp.points(debt) END, format('by %s who spent more than they had left', pg_temp.many(owing, 'member'))),
         (3, 'Expire in 30 days', pg_temp.points(coalesce(soon, 0)), 'unless they are spent before'),
         (4, 'Redeemed', pg_temp.percent(redeemed / nullif(t.earned, 0)), format('or taken back: %s of %s earned so far', pg_temp.points(redeemed), pg_temp.points(t.earned))),
         (5, 'Breakage', pg_temp.percent(f.expired / nullif(f.earned, 0)), format('expired unspent, of the %s whose time is over', pg_temp.points(f.earned))),
         (6, 'Members', pg_temp.n(members), format('%s of them earned or spent in the last year', pg_temp.n(active)))) AS v(position, name, value, note)
WHERE value IS NOT NULL
ORDER BY position;
\qecho '</div>'
\qecho '<div class="legend gap"><span><i class="new"></i>earned</span><span><i class="retained"></i>spent or taken back</span><span><i class="churned"></i>expired</span>'
\qecho '<span><i class="new unfinished"></i>pale: not over yet</span></div>'
SELECT pg_temp.chart('points', 366, 'Points by ' || :'unit', format('From %s to %s: %s points earned, %s spent or taken back, %s expired.',
       to_char(min(period_start), :'label'), to_char(max(period_start), :'label'), pg_temp.points(sum(earned)), pg_temp.points(sum(redeemed)), pg_temp.points(sum(expired))))
FROM report_moves;
SELECT pg_temp.gridline(:moved_zero - i * :moved_tick * :moved_scale, pg_temp.brief('', abs(i * :moved_tick), :moved_unit, :moved_digits), i = 0)
FROM generate_series(-:moved_below, :moved_above) AS i;
SELECT format('<g%s><title>%s: %s earned, %s spent or taken back, %s expired; balance %s%s</title>', CASE WHEN NOT complete THEN ' class="unfinished"' END,
              to_char(period_start, :'label'), pg_temp.points(earned), pg_temp.points(redeemed), pg_temp.points(expired), pg_temp.points(closing),
              CASE WHEN NOT complete THEN ', not over yet' END) || rects || '</g>'
FROM report_moves JOIN
     (SELECT bar, coalesce(string_agg(format('<rect class="%s" x="%s%%" y="%s" width="%s%%" height="%s"/>', class, round((bar - 0.9) * :moved_step, 2),
                                             round((:moved_zero - CASE WHEN is_gain THEN upto ELSE points - upto END * :moved_scale)::numeric, 1),
                                             round(0.8 * :moved_step, 2), round((points * :moved_scale)::numeric, 1)), '' ORDER BY position)
                           FILTER (WHERE points > 0), '') AS rects
      FROM report_move_parts GROUP BY bar) AS b USING (bar)
ORDER BY bar;
SELECT pg_temp.label(x, 326, to_char(period_start, :'label_1'), thin) || pg_temp.label(x, 362, shown, ' strong' || thin)
       || CASE WHEN year IS DISTINCT FROM lag(year) OVER (ORDER BY bar) AND (bar > 1 OR 9 * count(*) OVER (PARTITION BY year) >= :moved_slots)
               THEN pg_temp.label(x, 341, nullif(to_char(period_start, :'label_2'), ''), ' soft' || CASE WHEN years > 6 THEN ' m' ELSE '' END)
               ELSE '' END
FROM (SELECT *, to_char(period_start, 'YYYY') AS year, (bar - 0.5) * :moved_step AS x, max(length(shown)) OVER () AS longest
      FROM report_moves, pg_temp.brief_points(closing, :moved_label_unit, :moved_label_digits) AS shown) AS b,
     (SELECT count(DISTINCT to_char(period_start, 'YYYY')) AS years FROM report_moves) AS y,
     pg_temp.thin(bar - 1, :moved_slots, greatest(6 + 7.3 * longest, CASE :'label_1' WHEN 'MM-DD' THEN 44 ELSE 38 END)) AS thin
ORDER BY bar;
SELECT pg_temp.row_name(362, 'balance', 'strong') || '</svg>';
\qecho '<details><summary>The numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="The numbers">'
\qecho '<table class="numbers"><thead><tr><th scope="col">from</th><th scope="col">balance at first</th><th scope="col">earned</th><th scope="col">spent or taken back</th>'
\qecho '<th scope="col">expired</th><th scope="col">balance at last</th></tr></thead><tbody>'
SELECT format('<tr><th scope="row">%s</th>', to_char(period_start, 'YYYY-MM-DD'))
       || (SELECT string_agg('<td>' || pg_temp.points(v) || '</td>', '' ORDER BY i) FROM unnest(ARRAY[opening, earned, redeemed, expired, closing]) WITH ORDINALITY AS u(v, i)) || '</tr>'
FROM report_moves ORDER BY bar;
\qecho '</tbody></table></div></details></section>'

-- When what is outstanding expires, if nobody spends it before
SELECT greatest(count(*), 12) AS slots, 100.0 / greatest(count(*), 12) AS step, max(points) AS top, pg_temp.unit(max(points), 1e4) AS unit,
       pg_temp.tick(greatest(max(points) / 4, 0.01)) AS tick, pg_temp.unit(max(points), 1000) AS label_unit, pg_temp.decimals(max(points), pg_temp.unit(max(points), 1000)) AS label_digits
FROM report_expiries \gset expiry_
SELECT greatest(1, ceil(:expiry_top / :expiry_tick))::int AS above, greatest(0, -floor(log(:expiry_tick / :expiry_unit)))::int AS digits \gset expiry_
CREATE TEMP TABLE report_expiry_bars ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY bar) AS place, period_start, points,
       CASE WHEN period_start IS NOT NULL THEN to_char(period_start, :'label') WHEN bar = :bins + 1 THEN 'later' ELSE 'never' END AS name
FROM report_expiries;

SELECT format('<section><h2>When points expire</h2><p class="hint">What is outstanding on %s, by the %s in which it expires unless it is spent before.</p>', :'ledger_day', :'unit');
\qecho '<div class="legend"><span><i class="churned"></i>expire</span><span><i class="new"></i>later, or never</span></div>'
SELECT pg_temp.chart('expiry', 288, 'Outstanding points by ' || :'unit' || ' of expiry', format('%s points are outstanding, at most %s of them expire in one %s.',
       pg_temp.points(sum(points)), pg_temp.points(coalesce(max(points) FILTER (WHERE period_start IS NOT NULL), 0)), :'unit'))
FROM report_expiry_bars;
SELECT pg_temp.gridline(214 - 200.0 * i / :expiry_above, pg_temp.brief('', i * :expiry_tick, :expiry_unit, :expiry_digits), i = 0) FROM generate_series(0, :expiry_above) AS i;
SELECT format('<g><title>%s: %s, %s of what is outstanding</title>', name, CASE points WHEN 1 THEN '1 point' ELSE pg_temp.points(points) || ' points' END,
              pg_temp.percent(points / sum(points) OVER ()))
       || CASE WHEN height > 0 THEN format('<rect class="%s" x="%s%%" y="%s" width="%s%%" height="%s"/>', CASE WHEN period_start IS NULL THEN 'new' ELSE 'churned' END,
                                           round((place - 0.9) * :expiry_step, 2), 214 - height, round(0.8 * :expiry_step, 2), height) ELSE '' END || '</g>'
FROM report_expiry_bars, LATERAL (SELECT round((200 * points / (:expiry_above * :expiry_tick))::numeric, 1) AS height) AS h
ORDER BY place;
SELECT pg_temp.label(x, 232, coalesce(to_char(period_start, :'label_1'), name), CASE WHEN period_start IS NULL THEN '' ELSE thin END)
       || pg_temp.label(x, 268, shown, ' strong' || CASE WHEN period_start IS NULL THEN '' ELSE thin END)
       || CASE WHEN period_start IS NOT NULL AND year IS DISTINCT FROM lag(year) OVER (ORDER BY place) AND (place > 1 OR 9 * count(*) OVER (PARTITION BY year) >= :expiry_slots)
               THEN pg_temp.label(x, 247, nullif(to_char(period_start, :'label_2'), ''), ' soft' || CASE WHEN years > 6 THEN ' m' ELSE '' END)
               ELSE '' END
FROM (SELECT *, to_char(period_start, 'YYYY') AS year, (place - 0.5) * :expiry_step AS x, max(length(shown)) OVER () AS longest
      FROM report_expiry_bars, pg_temp.brief_points(points, :expiry_label_unit, :expiry_label_digits) AS shown) AS b,
     (SELECT count(DISTINCT to_char(period_start, 'YYYY')) AS years FROM report_expiry_bars) AS y,
     pg_temp.thin(place - 1, :expiry_slots, greatest(6 + 7.3 * longest, CASE :'label_1' WHEN 'MM-DD' THEN 44 ELSE 38 END)) AS thin
ORDER BY place;
SELECT pg_temp.row_name(268, 'points', 'strong') || '</svg></section>';

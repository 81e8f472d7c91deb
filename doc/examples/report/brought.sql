-- What a customer has brought by each age: the lifetime value curve.  The band ends where
-- the chart does, which is as high again as the line: of few customers it has no bounds.
SELECT max(age) AS last, max(customers) AS most, max(abs(value)) AS top FROM report_brought \gset brought_
SELECT tick, ceil(top / tick)::int AS above, greatest(ceil(-bottom / tick), 0)::int AS below, pg_temp.unit(greatest(top, -bottom), 1e4) AS unit,
       is_cut, pg_temp.unit(:brought_top, 1000) AS label_unit
FROM (SELECT least(greatest(max(upper), high), high + high - low) AS top, greatest(least(min(lower), low), low - (high - low)) AS bottom,
             coalesce(max(upper) > high + high - low OR min(lower) < low - (high - low), false) AS is_cut
      FROM report_brought, (SELECT greatest(max(value), 0) AS high, least(min(value), 0) AS low FROM report_brought) AS line
      GROUP BY high, low) AS r,
     LATERAL (SELECT pg_temp.tick(coalesce(nullif((top - bottom) / 5, 0), 1)) AS tick) AS t \gset brought_
SELECT greatest(:brought_above, 1) AS above, greatest(0, -floor(log(:brought_tick / :brought_unit)))::int AS digits,
       pg_temp.decimals(:brought_top, :brought_label_unit) AS label_digits \gset brought_
SELECT 260.0 / ((:brought_above + :brought_below) * :brought_tick) AS scale,
       14 + 260.0 * :brought_above / (:brought_above + :brought_below) AS zero \gset brought_
CREATE TEMP TABLE report_brought_points ON COMMIT DROP AS
SELECT b.*, round(100.0 * age / :brought_last, 2) AS x, least(greatest(round(:brought_zero - value::numeric * :brought_scale, 1), 14), 274) AS y,
       least(greatest(round(:brought_zero - coalesce(lower, value)::numeric * :brought_scale, 1), 14), 274) AS y_lower,
       least(greatest(round(:brought_zero - coalesce(upper, value)::numeric * :brought_scale, 1), 14), 274) AS y_upper
FROM report_brought AS b;

SELECT format('<section><h2>What they have brought by then</h2><p class="hint">Revenue per customer, refunds subtracted, by the end of '
              'each %s since the first: of the customers who have been here that long. So the last points are those of the oldest '
              'customers, and the line may fall where they bring less than others. The band is the 95%% confidence interval%s.</p>',
              :'unit', CASE WHEN :'brought_is_cut' THEN ', cut off where it leaves the chart' END);
SELECT $html$<div class="legend"><span><i class="retained"></i>revenue per customer so far</span>
<span><i class="band"></i>95% interval</span></div>$html$;
SELECT pg_temp.chart('brought', 336, 'Lifetime value curve', string_agg(format('By the end of %s %s, %s have brought %s each.',
       :'unit', age, pg_temp.many(customers, 'customer'), pg_temp.money(:'currency_html', value)), ' ' ORDER BY age))
FROM report_brought WHERE age IN (0, :brought_last);
SELECT pg_temp.gridline((:brought_zero - i * :brought_tick * :brought_scale)::numeric,
                        pg_temp.brief(:'currency_html', i * :brought_tick, :brought_unit, :brought_digits), i = 0)
FROM generate_series(-:brought_below, :brought_above) AS i;
SELECT format('<svg viewBox="0 0 1000 336" preserveAspectRatio="none" width="100%%" height="336">'
              '<polygon class="band" points="%s %s"/>', string_agg(10 * x || ',' || y_upper, ' ' ORDER BY age),
              string_agg(10 * x || ',' || y_lower, ' ' ORDER BY age DESC))
       || format(E'\n<polyline class="line" points="%s"/></svg>', string_agg(10 * x || ',' || y, ' ' ORDER BY age))
FROM report_brought_points;
SELECT format('<g><title>%s: %s of %s%s</title><circle class="retained" cx="%s%%" cy="%s" r="3.4"/></g>', age,
              pg_temp.money(:'currency_html', value), pg_temp.many(customers, 'customer'), pg_temp.money_ci(:'currency_html', lower, upper), x, y)
FROM report_brought_points ORDER BY age;
SELECT pg_temp.label(x, 292, age::text, thin) || pg_temp.label(x, 311, brought, ' strong' || thin)
       || pg_temp.label(x, 328, pg_temp.n(customers), ' soft small' || thin)
FROM (SELECT *, 8 + greatest(6.5 * length(pg_temp.n(:brought_most)), 7.3 * max(length(brought)) OVER ()) AS widest
      FROM report_brought_points, LATERAL (SELECT pg_temp.brief('', value, :brought_label_unit, :brought_label_digits) AS brought) AS t) AS b,
     pg_temp.thin(age, :brought_last, greatest(widest, 40)) AS thin
WHERE thin IS NOT NULL ORDER BY age;
SELECT pg_temp.row_name(292, :'unit' || 's', '') || pg_temp.row_name(311, 'brought', 'strong')
       || pg_temp.row_name(328, 'customers') || '</svg></section>';

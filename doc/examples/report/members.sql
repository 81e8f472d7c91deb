-- What members spend, and others
SELECT format('<section><h2>What members spend, and others</h2><p class="hint">What the customers who had bought in the year before %s have spent since then, in %s, '
              'by whether they were members on that day. <b>This is not what the programme brought.</b> Who becomes a member by choice buys more often anyway, so the same difference would be '
              'there without it. What it brings is seen where members are drawn by lot.</p><div class="equation">', date :'as_of' - :coming_days, pg_temp.many(:coming_days, 'day'));
SELECT pg_temp.tile(name, value, note, sign)
FROM (SELECT (lift).* FROM report_spend) AS l,
     LATERAL (VALUES
         (1, NULL, 'Members', pg_temp.money(:'currency_html', treated_mean), format('each, of %s', pg_temp.many(treated, 'customer'))),
         (2, '&#8722;', 'Others', pg_temp.money(:'currency_html', control_mean), format('each, of %s', pg_temp.many(control, 'customer'))),
         (3, '=', 'Difference', CASE WHEN lift > 0 THEN '+' ELSE '' END || pg_temp.money(:'currency_html', lift),
             CASE WHEN lower IS NULL THEN 'of too few customers to tell how far it is chance'
                  ELSE format('95%%: %s to %s%s; of all members together %s', pg_temp.money(:'currency_html', lower), pg_temp.money(:'currency_html', upper),
                    CASE WHEN p_value IS NULL THEN '' WHEN p_value < 0.0001 THEN ', p below 0.0001' ELSE ', p = ' || round(p_value::numeric, 4) END,
                    pg_temp.money(:'currency_html', lift * treated)) END)) AS t(position, sign, name, value, note)
ORDER BY position;
\qecho '</div></section>'

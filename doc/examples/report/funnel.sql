-- How far customers get: a bar for each step, as long as the share of those who began;
-- pale what was lost since the step before
CREATE TEMP TABLE report_steps_shown ON COMMIT DROP AS
SELECT f.*, lag(customers) OVER w AS before, lag(conversion_rate) OVER w AS rate_before, max(step) OVER () AS steps,
       pg_temp.html(coalesce(nullif(btrim(event), ''), 'no name')) AS name, pg_temp.brief_name(coalesce(nullif(btrim(event), ''), 'no name'), 26) AS short,
       pg_temp.duration(median_seconds, are_days) AS took, pg_temp.duration(median_total_seconds, are_days) AS took_all
FROM report_funnel AS f, report_events
WINDOW w AS (ORDER BY step);

SELECT format('<section><h2>How far they get</h2><p class="hint">Customers who begin with &#8220;%s&#8221;, and how many of them do the other steps within %s, '
              'in this order; what they do in between does not matter. %s counts, once its %2$s are over. Times are '
              'medians, of those who reached the step.</p>', name, :'within_html',
              CASE :'attempt' WHEN 'first' THEN 'The first attempt of each' ELSE 'Of several attempts of a customer the one that gets furthest' END)
FROM report_steps_shown WHERE step = 1;
\qecho '<div class="tiles">'
SELECT pg_temp.tile(v.name, value, note)
FROM (SELECT * FROM report_steps_shown WHERE step = 1) AS first, (SELECT * FROM report_steps_shown WHERE step = steps) AS last
     LEFT JOIN (SELECT s.*, p.short AS short_before FROM report_steps_shown AS s JOIN report_steps_shown AS p ON p.step = s.step - 1
                WHERE s.step_rate IS NOT NULL ORDER BY s.step_rate, s.step LIMIT 1) AS worst ON true,
     LATERAL (VALUES
         (1, 'Began', pg_temp.n(first.customers), format('with %s, and their %s are over', first.short, :'within_html')),
         (2, 'Finished', CASE WHEN last.step > 1 THEN pg_temp.n(last.customers) END, 'with ' || last.short),
         (3, 'Conversion', CASE WHEN last.step > 1 THEN pg_temp.percent(last.conversion_rate) END,
             format('of all who began (%s)', pg_temp.ci(last.lower, last.upper))),
         (4, 'Time to finish', CASE WHEN last.step > 1 THEN last.took_all END, 'half of those who finish are as fast'),
         (5, 'Narrowest step', pg_temp.percent(worst.step_rate), format('of %s go on to %s', worst.short_before, worst.short))) AS v(position, name, value, note)
WHERE value IS NOT NULL
ORDER BY position;
\qecho '</div>'
\qecho '<div class="legend gap"><span><i class="retained"></i>reached the step</span><span><i class="band"></i>lost since the step before</span></div>'
SELECT pg_temp.chart('funnel', 62 * max(step), 'Funnel', string_agg(format('%s: %s, %s.', name, pg_temp.many(customers, 'customer'),
                                                                           pg_temp.percent(conversion_rate)), ' ' ORDER BY step))
FROM report_steps_shown;
SELECT format('<g><title>%s. %s: %s, %s of all%s</title>', step, name, pg_temp.many(customers, 'customer'), pg_temp.percent(conversion_rate),
              CASE WHEN step > 1 THEN format(' (%s)', pg_temp.ci(lower, upper))
                   || coalesce(', ' || pg_temp.percent(step_rate) || ' of step ' || step - 1, '')
                   || coalesce('; median ' || took || ' after it, ' || took_all || ' after the start', '') END)
       || CASE WHEN rate_before > conversion_rate THEN format('<rect class="band" x="0" y="%s" width="%s%%" height="18"/>',
                                                              top + 20, round(100 * rate_before::numeric, 2)) ELSE '' END
       || CASE WHEN customers > 0 THEN format('<rect class="retained" x="0" y="%s" width="%s%%" height="18"/>',
                                              top + 20, round(100 * conversion_rate::numeric, 2)) ELSE '' END || '</g>'
       || format('<text class="strong" x="0" y="%1$s">%2$s</text><text class="end" x="100%%" y="%1$s">%3$s</text>'
                 '<text class="strong end" x="-12" y="%4$s">%5$s</text>', top + 14, short, pg_temp.n(customers), top + 33, pg_temp.percent(conversion_rate))
       || CASE WHEN step = 1 THEN '' ELSE
          format('<text class="soft" x="0" y="%s">', top + 52)
          || coalesce(pg_temp.percent(step_rate) || ' of step ' || step - 1, 'nobody reached the step before')
          || coalesce(', after ' || took, '') || CASE WHEN step > 2 THEN coalesce('<tspan class="m">; ' || took_all || ' after the start</tspan>', '') ELSE '' END
          || '</text>' END
FROM report_steps_shown, LATERAL (SELECT 62 * (step - 1) AS top) AS t
ORDER BY step;
\qecho '</svg>'
\qecho '<details><summary>The numbers</summary><div class="scroll" tabindex="0" role="region" aria-label="The numbers">'
\qecho '<table class="numbers"><thead><tr><th scope="col">step</th><th class="left" scope="col">event</th><th scope="col">customers</th><th scope="col">of all</th>'
\qecho '<th scope="col">95% from</th><th scope="col">to</th><th scope="col">of the step before</th><th scope="col">lost since then</th>'
\qecho '<th scope="col">median since then</th><th scope="col">since the start</th></tr></thead><tbody>'
SELECT format('<tr><th scope="row">%s</th><td class="left">%s</td>', step, name)
       || (SELECT string_agg('<td>' || v || '</td>', '' ORDER BY i)
           FROM unnest(ARRAY[pg_temp.n(customers), pg_temp.percent(conversion_rate), coalesce(pg_temp.percent(lower), ''), coalesce(pg_temp.percent(upper), ''),
                             coalesce(pg_temp.percent(step_rate), ''), coalesce(pg_temp.n(before - customers), ''), coalesce(took, ''),
                             coalesce(took_all, '')]) WITH ORDINALITY AS u(v, i)) || '</tr>'
FROM report_steps_shown ORDER BY step;
\qecho '</tbody></table></div></details></section>'

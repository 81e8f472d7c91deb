-- Who will come back, of enough customers to tell
CREATE TEMP TABLE report_segments ON COMMIT DROP AS
SELECT segment, count(*) AS customers, count(*) / sum(count(*)) OVER () AS share,
       CASE WHEN :'has_amounts' THEN greatest(sum(revenue) / nullif(sum(sum(revenue)) OVER (), 0), 0)::numeric END AS revenue_share,
       avg(age - recency) AS days_ago, sum(expected) AS expected,
       row_number() OVER (ORDER BY sum(revenue) DESC NULLS LAST, sum(frequency) DESC, segment) AS row
FROM (SELECT age, recency, frequency, revenue,
             CASE WHEN :'coming_has_model' THEN expected_purchases(m, frequency, recency, age, '1 day'::interval * :coming_days) END AS expected,
             rfm_segment(rfm_score(5) OVER (ORDER BY age - recency DESC), rfm_score(5) OVER (ORDER BY frequency),
                         rfm_score(5) OVER (ORDER BY CASE WHEN :'has_amounts' THEN revenue ELSE frequency END)) AS segment
      FROM report_customers, report_models) AS scored
GROUP BY segment;

SELECT format('<section><h2>Who will come back</h2><p class="hint">Customers by how long ago, how often%s they bought, each '
              'scored among all others%s</p>', CASE WHEN :'has_amounts' THEN ' and for how much' END,
              CASE WHEN :'coming_has_model' THEN format('; and what a purchase model (MBG/NBD) expects of them in the next %s. '
              'Those who are new then come on top.', pg_temp.many(:coming_days, 'day')) ELSE '.' END);
SELECT '<p class="hint">' || note || '</p>'
FROM (VALUES (1, NOT :'coming_has_model', 'What comes next is left out: the purchase model (MBG/NBD) found no parameters that fit '
                 'best, as too few of these customers have bought again, or they differ too little.'),
             (2, :'coming_has_model' AND NOT :'coming_has_earlier', format('The back-test is left out: no model could be fitted to '
                 'the customers of %s earlier.', pg_temp.many(:coming_days, 'day'))),
             (3, :'coming_has_model' AND :'has_amounts' AND NOT :'coming_has_spend', 'Expected revenue is left out: the model of '
                 'what customers spend (Gamma-Gamma) found no parameters that fit best.')) AS v(position, is_left_out, note)
WHERE is_left_out ORDER BY position;
\if :coming_has_model
\qecho '<div class="tiles">'
SELECT pg_temp.tile(name, value, note)
FROM (SELECT count(*) AS customers, sum(p_alive(m, frequency, recency, age)) AS alive,
             sum(expected_purchases(m, frequency, recency, age, '1 day'::interval * :coming_days)) AS expected,
             CASE WHEN :'coming_has_spend' THEN :money_unit * sum(clv(m, g, frequency, recency, age, monetary_value,
                                                                      '1 day'::interval * :coming_days)) END AS revenue,
             CASE WHEN :'coming_has_earlier' THEN sum(expected_purchases(m_earlier, earlier_frequency, earlier_recency,
                                                                         earlier_age, '1 day'::interval * :coming_days)) END AS foretold,
             sum(later) AS came
      FROM report_customers, report_models) AS t,
     LATERAL (VALUES
         (1, 'Still customers', pg_temp.n(alive), format('expected, of %s; the others have left', pg_temp.n(customers))),
         (2, 'Expected purchases', pg_temp.n(expected), 'in the next ' || pg_temp.many(:coming_days, 'day')),
         (3, 'Expected revenue', pg_temp.money(:'currency_html', revenue), 'from them'),
         (4, 'Back-test', pg_temp.signed(100 * (foretold / nullif(came, 0) - 1)) || '%',
             format('%s expected of the last %s, %s came', pg_temp.n(foretold), pg_temp.many(:coming_days, 'day'),
                    pg_temp.n(came)))) AS v(position, name, value, note)
WHERE value IS NOT NULL
ORDER BY position;
\qecho '</div>'
\endif
SELECT $html$<div class="legend gap"><span><i class="new"></i>share of customers</span>$html$
       || CASE WHEN :'has_amounts' THEN '<span><i class="retained"></i>share of revenue so far</span>' ELSE '' END || '</div>';
SELECT format('<div class="scroll" tabindex="0" role="region" aria-label="Segments"><table class="segments"><thead><tr>'
              '<th class="left" scope="col">segment</th><th class="left share" scope="col">share</th>'
              '<th scope="col">customers</th><th scope="col">days since the last purchase</th>%s</tr></thead><tbody>',
              CASE WHEN :'coming_has_model' THEN '<th scope="col">expected purchases</th>' END);
SELECT format('<tr title="%s: %s of %s customers%s"><th scope="row">%1$s</th><td class="share">%5$s</td><td>%2$s</td><td>%6$s</td>%7$s</tr>',
              segment, pg_temp.n(customers), pg_temp.n(sum(customers) OVER ()),
              CASE WHEN :'has_amounts' THEN format(', %s of the revenue', pg_temp.percent(revenue_share)) END, bars,
              pg_temp.n(days_ago), CASE WHEN :'coming_has_model' THEN format('<td>%s</td>', pg_temp.n(expected)) END)
FROM report_segments,
     (SELECT greatest(max(share), max(revenue_share)) AS top FROM report_segments) AS t,
     LATERAL (SELECT string_agg(format('<div class="bar"><i class="%s" style="width: %s%%"></i>%s</div>', class,
                                       round(85 * part / top, 1), pg_temp.percent(part, 0)), '' ORDER BY position) AS bars
              FROM (VALUES (1, 'new', share), (2, 'retained', revenue_share)) AS v(position, class, part)
              WHERE part IS NOT NULL) AS b
ORDER BY row;
\qecho '</tbody></table></div></section>'

-- What the page was made of, and what it leaves out
SELECT '<footer><p>' || concat_ws(' ',
           CASE WHEN :'as_of' <> '' THEN format('As of %s, the first day whose data are not complete.', :'as_of') END,
           CASE WHEN :'has_orders' THEN format('%s of %s on %s%s%s, from %s; period %s.', pg_temp.many(events, 'event'), pg_temp.many(:customers, 'customer'),
                  pg_temp.many(coalesce(active_days(activity), 0), 'customer-day'),
                  CASE WHEN refunds > 0 THEN ' and ' || pg_temp.many(refunds, 'refund') END,
                  to_char(lower(span), ', YYYY-MM-DD') || to_char(upper(span) - 1, ' "to" YYYY-MM-DD'), :'orders_html', :'period_html') END,
           CASE WHEN :'has_surveys' THEN format('%s from %s.',
                pg_temp.many((SELECT coalesce(sum(answers), 0) FROM report_nps), 'survey answer'), :'surveys_html') END,
           CASE WHEN :'has_subscriptions' THEN format('%s from %s%s.%s', pg_temp.many(contracts, 'contract'), :'subscriptions_html',
                CASE WHEN :'has_orders' THEN '' ELSE '; period ' || :'period_html' END,
                CASE WHEN unknown > 0 AND :'has_monthly' THEN ' Of ' || pg_temp.many(unknown, 'contract') || ' the amount is not known, and they are left out.'
                     WHEN contracts > 0 AND NOT :'has_monthly' THEN ' What they cost per month is not known, so customers are counted.' END) END,
           CASE WHEN :'has_event_rows' THEN format('%s of %s from %s%s.', pg_temp.many((SELECT coalesce(sum(events), 0) FROM report_happened), 'event'),
                pg_temp.many((SELECT coalesce(customers(e), 0) FROM report_events), 'customer'), :'events_html',
                CASE WHEN :'has_orders' OR :'has_subscriptions' THEN '' ELSE '; period ' || :'period_html' END) END,
           CASE WHEN :'has_ledger' THEN format('%s of %s from %s%s.', pg_temp.many((SELECT count(*) FROM report_ledger), 'booking'),
                pg_temp.many((SELECT count(*) FROM report_holders), 'member'), :'ledger_html',
                CASE WHEN :'has_orders' OR :'has_subscriptions' OR :'has_event_rows' THEN '' ELSE '; period ' || :'period_html' END) END) || '</p>'
FROM report_rows, report_contract_rows, report_data LEFT JOIN activity_span(activity) AS span ON true;
SELECT '<p>Left out: ' || string_agg(name, '; ' ORDER BY position) || '.</p>'
FROM report_contract_rows,
     LATERAL (VALUES (1, :'has_activity' AND NOT :'has_curve', format('how many come back, as no %s after a first one is over', :'unit')),
             (2, :'has_amounts' AND NOT :'has_revenue', 'revenue by age, cohort and period, as there is none'),
             (3, :'has_revenue' AND NOT :'has_brought', format('what they have brought by then, as no %s after a first one is over', :'unit')),
             (4, :'has_revenue' AND :customers < 10, 'how much the best of them bring, which takes 10 customers'),
             (5, :'has_revenue' AND :customers >= 10 AND NOT :'has_concentration', 'how much the best of them bring, as nobody has brought anything'),
             (6, :'has_activity' AND NOT :'has_segments', 'who will come back, which takes 100 customers'),
             (7, :'has_segments' AND :calls > 0 AND NOT :'coming_has_model', 'who is about to leave, which takes a model of who will come back'),
             (8, :'has_segments' AND :'coming_has_model' AND :calls > 0 AND NOT :'has_calls', 'who is about to leave, as nobody is overdue'),
             (11, :'has_activity' AND :'why_no_mrr' <> '', 'contracts, as ' || :'why_no_mrr'),
             (12, :'has_mrr' AND :'has_monthly' AND NOT :'has_kept', format('how much of it is kept, as no %s that began with paying customers is over', :'unit')),
             (13, :'has_mrr' AND NOT :'has_churn', format('who leaves, as no %s has begun with customers', :'unit')),
             (14, :'has_mrr' AND NOT :'has_stays', 'how long customers stay, as nobody has been seen for a day'),
             (15, :'has_mrr' AND :'plan' <> '' AND NOT :'has_plans', 'plan by plan, as ' || CASE WHEN NOT :'has_monthly' THEN 'no amount is known' WHEN plans = 0 THEN 'no contract has one' ELSE 'nobody pays for one now' END),
             (16, (:'has_activity' OR :'has_mrr') AND :'why_no_events' <> '', 'events, as ' || :'why_no_events'),
             (17, :'has_events' AND NOT :'has_funnel', 'how far customers get, as ' || CASE WHEN NOT :'has_steps' THEN 'no steps are named'
                  WHEN NOT :'has_first_step' THEN 'nobody has done the first step' ELSE format('no attempt has had its %s yet', :'within_html') END),
             (18, :'has_funnel' AND NOT :'has_attempts', format('how many finish by %s, as ', :'unit') || CASE WHEN NOT :'has_second_step' THEN 'there is one step alone'
                  ELSE format('nobody went beyond the first step in the latest %s', pg_temp.many(:bins, :'unit')) END),
             (19, :'has_events' AND NOT :'has_returns', 'who returns, as ' || CASE WHEN :'starts' = '' OR :'returns' = '' THEN 'it is not named what with'
                  WHEN NOT :'has_starts' THEN 'nobody has begun' ELSE format('no %s after a first one is over', :'unit') END),
             (20, (:'has_activity' OR :'has_mrr' OR :'has_events') AND :'why_no_points' <> '', 'points, as ' || :'why_no_points'),
             (21, :'has_points' AND NOT :'has_expiries', 'when points expire, as none are outstanding'),
             (22, :'has_points' AND NOT :'has_fate', 'what becomes of the points, as none have been earned'),
             (23, :'has_points' AND NOT :'has_tiers', 'members by tier, as no levels are named'),
             (24, :'has_points' AND :'has_amounts' AND NOT :'has_spend_lift', format('what members spend, as of those who bought in the year before the last %s %s',
                  pg_temp.many(:coming_days, 'day'), CASE WHEN NOT EXISTS (SELECT FROM report_spend WHERE (lift).treated IS NOT NULL) THEN 'there are none'
                                                          WHEN EXISTS (SELECT FROM report_spend WHERE (lift).treated > 0) THEN 'all were members'
                                                          ELSE 'nobody was a member' END))) AS v(position, is_left_out, name)
WHERE is_left_out
HAVING count(*) > 0;
SELECT format('<p>Made by the PostgreSQL extension retention %s.</p></footer>', :'version');
\qecho '</main>'
\qecho '</body>'
\qecho '</html>'

-- Writes a report as one HTML page.  Of orders: retention curve, cohorts, lifecycle,
-- lifetime value, revenue by age, cohort and period, how much the best customers bring,
-- who will come back, whether that model fits, who is about to leave.  Of contracts: monthly recurring revenue and
-- how it moves, net and gross retention, churn, how long customers stay, plans.  Of events:
-- how far customers get, how fast, and who returns.  Of the points of a loyalty programme:
-- what is outstanding and when it expires, breakage, tiers, what members spend.  Of a survey:
-- net promoter score.  No JavaScript, no other files; for screens wide and narrow, light and
-- dark, and A4.
--
--   psql -X -d shop -o report.html.new -f report.sql && mv report.html.new report.html
--   psql -X -d shop -v orders=sales.invoices -v customer=client -v at=paid_at -v amount=total \
--        -v surveys=survey_answers -v title='Shop' -o report.html.new -f report.sql \
--        && mv report.html.new report.html
--   psql -X -d firm -v orders= -v subscriptions=contracts -v monthly="monthly_amount(price, '1 year')" \
--        -v plan=plan -o report.html.new -f report.sql && mv report.html.new report.html
--   psql -X -d app -v orders= -v events=events -v customer=user_id -v steps='{visit,sign-up,order}' \
--        -v starts=sign-up -v period='7 days' -o report.html.new -f report.sql \
--        && mv report.html.new report.html
--
-- psql empties the file after -o before it connects, and its exit status tells whether
-- all went well: so the page is written beside yesterday's, and takes its place only
-- when it is whole.
--
--   orders    a table, a view or (SELECT ...) AS name;          orders
--             '' if there are only contracts, events or points
--   customer  its columns, or expressions of them               customer_id
--   at        date, timestamp or timestamptz                    ordered_at
--   amount    any number, below 0: a refund; '' if none         amount, if there
--   surveys   as orders; '' leaves the section out              ''
--   score     its columns: 0 to 10                              score
--   answered  and the day                                       answered_on
--   period    '7 days', '3 months' ...                          1 month
--   as_of     the first day whose data are not complete; what   the day after the
--             is later is left out                              last, not in the future
--   subscriptions  contracts, as orders; '' leaves them out     ''
--   member         its columns: customer, as in orders          as customer
--   started, ended first day, and the first day without, or     started, ended
--                  NULL
--   monthly        amount per month, below 0: a discount; ''    monthly, if there
--                  if none, and then customers are counted
--   plan           what a table has a row for; '' for none      ''
--   grace          so many days without a contract are no end   0
--   members        what they are called                         Members
--   events    a row per event, as orders; '' leaves them out     ''
--   person         its columns: customer, as in orders,         as customer
--   happened       date, timestamp or timestamptz,              happened_at
--   event          and the name of what happened                event
--   steps          names of the funnel's steps, an array; ''    ''
--                  leaves it out
--   within         how long an attempt may take, no months      7 days
--   attempt        of several of a customer: best or first      best
--   starts         who begins with this event                   the first step
--   returns        is retained by this one                      the last step
--   ledger    points of a loyalty programme, a row per booking,  ''
--             as orders; '' leaves them out
--   holder    its columns: customer, as in orders,              as customer
--   booked    date, timestamp or timestamptz,                   at
--   points    above 0: earned, below 0: spent or taken back,    points
--   expires   and the first day without those that were         expires
--             earned; NULL, or '' of all: never
--   tiers     points within twelve months that make a tier, an  ''
--             array, the lowest first; '' leaves tiers out
--   tier_names  what they are called, an array that begins      ''
--             with the one below the first
--   names     as orders, a row per customer; '' shows the       ''
--             ids of orders
--   id, name  its columns: customer, as in orders, and name     as customer, name
--   calls     customers in the list of whom to call; 0 leaves   12
--             it out, and nobody is named
--   title, currency (before amounts), ages (columns of the cohort table),
--   bins (rows of it, bars of a chart: the latest ones)
--
-- Names that need quotes have them inside: -v customer='"Customer ID"'.  Days
-- of a timestamptz are those of the session's time zone: PGTZ=Europe/Berlin psql
-- ...  The extension may be in any schema.  Nothing is left in the database: what
-- is made here is temporary, and all of it is one transaction.
--
-- The sections are the files of the directory "report" beside this one, one each.
-- To leave one out, delete its line at the end; to copy the report, copy both.

\set ON_ERROR_STOP 1
\set QUIET 1
\set ECHO none
\timing off
\encoding UTF8
\pset format unaligned
\pset tuples_only on
\pset expanded off
\pset pager off
\pset null ''
\pset recordsep '\n'

\if :{?orders} \else \set orders orders \endif
\if :{?customer} \else \set customer customer_id \endif
\if :{?at} \else \set at ordered_at \endif
\if :{?amount} \else \set amount amount \endif
\if :{?surveys} \else \set surveys '' \endif
\if :{?score} \else \set score score \endif
\if :{?answered} \else \set answered answered_on \endif
\if :{?subscriptions} \else \set subscriptions '' \endif
\if :{?member} \else \set member :customer \endif
\if :{?started} \else \set started started \endif
\if :{?ended} \else \set ended ended \endif
\if :{?monthly} \else \set monthly monthly \endif
\if :{?plan} \else \set plan '' \endif
\if :{?grace} \else \set grace 0 \endif
\if :{?events} \else \set events '' \endif
\if :{?person} \else \set person :customer \endif
\if :{?happened} \else \set happened happened_at \endif
\if :{?event} \else \set event event \endif
\if :{?steps} \else \set steps '' \endif
\if :{?within} \else \set within '7 days' \endif
\if :{?attempt} \else \set attempt best \endif
\if :{?starts} \else \set starts '' \endif
\if :{?returns} \else \set returns '' \endif
\if :{?members} \else \set members Members \endif
\if :{?ledger} \else \set ledger '' \endif
\if :{?holder} \else \set holder :customer \endif
\if :{?booked} \else \set booked at \endif
\if :{?points} \else \set points points \endif
\if :{?expires} \else \set expires expires \endif
\if :{?tiers} \else \set tiers '' \endif
\if :{?tier_names} \else \set tier_names '' \endif
\if :{?names} \else \set names '' \endif
\if :{?id} \else \set id :customer \endif
\if :{?name} \else \set name name \endif
\if :{?calls} \else \set calls 12 \endif
\if :{?period} \else \set period '1 month' \endif
\if :{?as_of} \else \set as_of '' \endif
\if :{?title} \else \set title 'Customer retention' \endif
\if :{?currency} \else \set currency '' \endif
\if :{?ages} \else \set ages 24 \endif
\if :{?bins} \else \set bins 36 \endif

BEGIN ISOLATION LEVEL REPEATABLE READ;
SET LOCAL jit = off;

-- The extension's functions, wherever they are
SELECT count(*) = 0 AS is_missing,
       concat_ws(', ', nullif(current_setting('search_path'), ''), min(quote_ident(nspname))) AS path
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE extname = 'retention' \gset
\if :is_missing
\warn 'hint: this database lacks the extension: CREATE EXTENSION retention'
\endif
SELECT set_config('search_path', :'path', true) AS path \gset
SELECT retention_version() AS version \gset

\ir report/helpers.sql
\ir report/data.sql
\ir report/subscriptions.sql
\ir report/events.sql
\ir report/loyalty.sql
\ir report/page.sql
\if :has_activity
    \ir report/headline.sql
    \ir report/active.sql
    \if :has_curve
        \ir report/curve.sql
    \endif
    \ir report/cohorts.sql
    \ir report/lifecycle.sql
\endif
\if :has_mrr
    \ir report/mrr.sql
    \if :has_kept
        \ir report/kept.sql
    \endif
    \if :has_churn
        \ir report/churn.sql
    \endif
    \if :has_stays
        \ir report/stays.sql
    \endif
    \if :has_plans
        \ir report/plans.sql
    \endif
\endif
\if :has_funnel
    \ir report/funnel.sql
    \if :has_attempts
        \ir report/attempts.sql
    \endif
\endif
\if :has_returns
    \ir report/returns.sql
    \ir report/curve.sql
    \ir report/cohorts.sql
\endif
\if :has_events
    \ir report/happened.sql
\endif
\if :has_lift
    \ir report/lift.sql
\endif
\if :has_points
    \ir report/points.sql
    \if :has_expiries
        \ir report/expiry.sql
    \endif
    \if :has_fate
        \ir report/breakage.sql
    \endif
    \if :has_tiers
        \ir report/tiers.sql
    \endif
    \if :has_spend_lift
        \ir report/members.sql
    \endif
\endif
\if :has_nps
    \ir report/survey.sql
\endif
\if :has_activity
    \if :has_amounts
        \ir report/value.sql
    \endif
    \if :has_revenue
        \if :has_brought
            \ir report/brought.sql
        \endif
        \ir report/revenue_cohorts.sql
        \ir report/revenue.sql
    \endif
    \if :has_concentration
        \ir report/concentration.sql
    \endif
    \if :has_segments
        \ir report/segments.sql
        \if :has_fit
            \ir report/fit.sql
        \endif
        \ir report/leaving.sql
    \endif
\endif
\ir report/footer.sql
ROLLBACK;

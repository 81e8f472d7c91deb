# Real data against numbers that an independent program computed: retention
# from month to month and lifetime value of the CDNOW orders, NPS of a survey.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my @files = reference_files(qw(data/cdnow_master_transactions.csv data/nps_bank_survey.csv
  truth/cdnow_master_monthly_retention.csv truth/nps_bank.csv));

my $node = start_server('cdnow');
sql(qq{
CREATE TABLE orders (customer_id int, date date, cds int, amount double precision);
CREATE TABLE truth (prev_month text, month text, start_active bigint, end_active bigint, new bigint, retained bigint,
	reactivated bigint, churned bigint, retention_rate float8, churn_rate float8, textbook float8);
CREATE TABLE survey (id int, market text, survey_date date, month int, quarter int, score int);
CREATE TABLE nps_truth (slice text, n bigint, promoters bigint, passives bigint, detractors bigint, nps float8,
                        se float8);
\\copy orders FROM '$files[0]' CSV HEADER
\\copy survey FROM '$files[1]' CSV HEADER
\\copy truth FROM '$files[2]' CSV HEADER
\\copy nps_truth FROM '$files[3]' CSV HEADER
});

# One query per pair of months, in each of the three time types
my %types = (date => 'daterange', timestamp => 'tsrange', timestamptz => 'tstzrange');
for my $type (sort keys %types)
{
	my $range = $types{$type};
	is(sql(qq{
SET timezone = 'America/New_York';
SELECT count(*), count(*) FILTER (WHERE (s).base = start_active AND (s).retained = retained AND (s).lost = churned
	AND (s).acquired = end_active - retained AND abs(rate - retention_rate) < 1e-11 AND abs(churn - churn_rate) < 1e-11)
FROM (SELECT *, to_date(prev_month, 'YYYY-MM')::timestamp AS p, to_date(month, 'YYYY-MM')::timestamp AS m
      FROM truth WHERE prev_month IS NOT NULL) t,
	LATERAL (SELECT retention_summary(customer_id, date::$type, $range(p::$type, m::$type),
	                                  $range(m::$type, (m + interval '1 month')::$type)) AS s,
	                retention_rate(customer_id, date::$type, $range(p::$type, m::$type),
	                               $range(m::$type, (m + interval '1 month')::$type)) AS rate,
	                churn_rate(customer_id, date::$type, $range(p::$type, m::$type),
	                           $range(m::$type, (m + interval '1 month')::$type)) AS churn
	         FROM orders) x}),
		'17|17', "retention and churn of 17 months, $type");
}

# The textbook formula from the counts, an error where customers came back
is(sql(q{
SELECT count(*), count(*) FILTER (WHERE abs(retention_rate(start_active, end_active, new) - textbook) < 1e-11)
FROM truth WHERE textbook <= 1}), '10|10', 'textbook formula where it is a share');
is(sql(q{SELECT count(*) FROM truth WHERE textbook > 1}), '7', 'it exceeds 1 in 7 months');
my ($rc, $out, $err) = $node->psql('postgres', q{
\set VERBOSITY verbose
SELECT retention_rate(start_active, end_active, new) FROM truth WHERE textbook > 1});
like($err, qr/22023.*former customers have come back.*retention_rate\(customer, at, base, comeback\)/s, 'and says why');

# Lifetime value and repeat purchases
is(sql(q{
SELECT (s).customers, (s).purchases, round((s).revenue::numeric, 2),
	abs((s).average_purchase_value - 35.89364805696321) < 1e-12,
	abs((s).relationship_years - 0.3692592905574639) < 1e-14,
	abs((s).clv - 2500315.63 / 23570) < 1e-9,
	abs(simple_clv((s).average_purchase_value, (s).purchases_per_year, (s).relationship_years) - (s).clv) < 1e-9
FROM (SELECT clv_summary(customer_id, date, amount) AS s FROM orders) x}),
	'23570|69659|2500315.63|t|t|t|t', 'lifetime value and its parts');
is(sql(q{
SELECT abs(repeat_purchase_rate(customer_id) - 0.4947815019092066) < 1e-15,
	abs(repeat_purchase_rate(customer_id, customer_key(date)) - 0.48858718710224863) < 1e-15,
	abs(clv(customer_id, date, amount) - 2500315.63 / 23570) < 1e-9
FROM orders}), 't|t|t', 'repeat purchase rate by orders and by days');
is(sql(q{
SELECT round(repeat_purchase_rate(customer_id, date, '8 weeks')::numeric, 12) = round((
	SELECT avg((second < first + 56)::int) FROM (
		SELECT min(date) AS first, coalesce((array_agg(date ORDER BY date))[2], 'infinity') AS second
		FROM orders GROUP BY customer_id) c
	WHERE first <= date '1998-06-30' - 56), 12) FROM orders}), 't', 'eight-week return');

# Net promoter score of every slice, from one scan and from a roll-up
is(sql(q{
CREATE TABLE slice AS
	SELECT CASE grouping(market, quarter, month) WHEN 3 THEN 'market=' || market WHEN 5 THEN 'quarter=' || quarter
		WHEN 6 THEN 'month=' || month ELSE 'all' END AS slice, nps(score) AS nps, nps_summary(score) AS s, count(*) AS n
	FROM survey GROUP BY GROUPING SETS ((), (market), (quarter), (month));
SELECT count(*), count(*) FILTER (WHERE t.n = m.n AND (s).promoters = t.promoters AND (s).passives = t.passives
	AND (s).detractors = t.detractors AND abs(m.nps - t.nps) < 1e-10 AND nps(s) = m.nps)
FROM nps_truth t FULL JOIN slice m USING (slice)}), '20|20', 'NPS of every slice');
is(sql(q{
SELECT abs(nps(rollup(s)) - 11.8) < 1e-12
FROM slice WHERE slice LIKE 'month=%'}), 't', 'NPS of the year from its months');

$node->stop;
done_testing();

# The ledgers of 400 generated members, row by row, against numbers that
# independent programs computed: a heap of amounts, single points sorted anew at
# each instant, plain SQL.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my %file;
my ($cdnow) = reference_files('data/cdnow_sample_transactions.csv');
my @names = map { "truth/points_$_.csv" } qw(ledger lots totals rollforward);
@file{qw(ledger lots totals rollforward)} = reference_files(@names);
my $node = start_server('loyalty_truth', conf => "extra_float_digits = 1\ntimezone = 'UTC'");

sql(qq{
CREATE TABLE ledger (member int, row int, at date, points double precision, expires date);
\\copy ledger FROM '$file{ledger}' CSV HEADER
CREATE TABLE lots (as_of date, member int, row int, points_used double precision, points_balance double precision);
\\copy lots FROM '$file{lots}' CSV HEADER
CREATE TABLE totals (as_of date, members int, earned numeric, redeemed numeric, expired numeric, outstanding numeric,
	debt numeric, members_with_points int, members_in_debt int);
\\copy totals FROM '$file{totals}' CSV HEADER
CREATE TABLE rollforward (month date, opening numeric, earned numeric, redeemed numeric, expired numeric,
	closing numeric, outstanding numeric, debt numeric);
\\copy rollforward FROM '$file{rollforward}' CSV HEADER
CREATE TABLE shuffled AS SELECT * FROM ledger ORDER BY md5(member || ':' || row);
});
is(sql('SELECT count(*), count(DISTINCT member) FROM ledger'), '5803|400', 'the ledger is complete');

# Row by row.  Earnings alike in all columns may change places, so their sum counts.
for my $type (qw(date timestamp timestamptz))
{
	for my $table (qw(ledger shuffled))
	{
		my $computed = qq{(
			SELECT d.as_of, member, row, at, points, expires,
			       points_used(at::$type, points, expires::$type, as_of::$type) OVER w AS used,
			       points_balance(at::$type, points, expires::$type) OVER w AS balance
			FROM $table, (SELECT DISTINCT as_of FROM lots) d
			WINDOW w AS (PARTITION BY as_of, member ORDER BY at::$type))};

		is(sql(qq{
			SELECT count(*), count(*) FILTER (WHERE a.used IS NOT DISTINCT FROM b.used
				AND a.balance = b.balance) = count(*)
			FROM (SELECT as_of, member, at, points, expires, sum(used) AS used, min(balance) AS balance
			      FROM $computed c GROUP BY 1, 2, 3, 4, 5) a
			FULL JOIN (SELECT as_of, member, at, points, expires, sum(points_used) AS used,
				max(points_balance) AS balance
			           FROM lots JOIN ledger USING (member, row) WHERE at < as_of GROUP BY 1, 2, 3, 4, 5) b
			ON (a.as_of, a.member, a.at) = (b.as_of, b.member, b.at) AND a.points = b.points
			   AND a.expires IS NOT DISTINCT FROM b.expires
			WHERE a.at IS NULL OR a.at < a.as_of}),
			sql(q{SELECT count(DISTINCT (as_of, member, at, points, expires)), 't'
				FROM lots JOIN ledger USING (member, row)
				WHERE at < as_of}), "$type, $table: row by row");
		is(sql(qq{SELECT count(*) FROM $computed c WHERE at >= as_of AND used IS NOT NULL}), '0',
			"$type, $table: nothing is known of rows from as_of on");
	}
}

# Sums of a day, and of each month's end.  What expires on the day itself is gone.
sql(q{
CREATE VIEW sums AS
	SELECT as_of, count(*) FILTER (WHERE outstanding > 0) AS members_with_points,
	       count(*) FILTER (WHERE debt > 0) AS members_in_debt,
	       sum(earned) AS earned, sum(redeemed) AS redeemed, sum(expired) AS expired, sum(outstanding) AS outstanding,
	       sum(debt) AS debt
	FROM (SELECT as_of, member, coalesce(sum(points) FILTER (WHERE points > 0), 0) AS earned,
	             coalesce(-sum(points) FILTER (WHERE points < 0), 0) AS redeemed,
	             coalesce(sum(points - used) FILTER (WHERE expires <= as_of), 0) AS expired,
	             coalesce(sum(points - used) FILTER (WHERE coalesce(expires > as_of, true)), 0) AS outstanding,
	             coalesce(-sum(points) FILTER (WHERE points < 0), 0) - coalesce(sum(used), 0) AS debt
	      FROM (SELECT as_of, member, points, expires, points_used(at, points, expires, as_of) OVER w AS used
	            FROM ledger, (SELECT as_of FROM totals
	                          UNION SELECT (month + interval '1 month')::date FROM rollforward) d
	            WHERE at < as_of WINDOW w AS (PARTITION BY as_of, member ORDER BY at)) l
	      GROUP BY 1, 2) m GROUP BY 1;
});
is(sql(q{SELECT as_of, s.earned, s.redeemed, s.expired, s.outstanding, s.debt, s.members_with_points, s.members_in_debt
	FROM totals JOIN sums s USING (as_of) ORDER BY 1}),
	sql('SELECT as_of, earned, redeemed, expired, outstanding, debt, members_with_points, members_in_debt
		FROM totals ORDER BY 1'),
	'the sums of each day');
is(sql(q{SELECT month, s.outstanding, s.debt, s.earned - s.redeemed - s.expired
	FROM rollforward JOIN sums s ON as_of = (month + interval '1 month')::date ORDER BY 1}),
	sql('SELECT month, outstanding, debt, closing FROM rollforward ORDER BY 1'),
		'what there is at the end of each month');

# What a first purchase of several CDs goes with: the numbers of an independent program
sql(qq{
CREATE TABLE cdnow (master_id int, sample_id int, at date, cds int, amount double precision);
\\copy cdnow FROM '$cdnow' CSV HEADER
});
is(sql(q{
WITH firsts AS (SELECT sample_id, min(at) AS first FROM cdnow GROUP BY sample_id),
customers AS (
	SELECT sum(cds) FILTER (WHERE at = first) >= 2 AS treated,
	       sum(amount) FILTER (WHERE at BETWEEN first + 1 AND first + 364) AS spend
	FROM cdnow JOIN firsts USING (sample_id) GROUP BY sample_id)
SELECT treated, control, abs(treated_mean - 79.5423220338983) < 1e-10, abs(control_mean - 35.154630416312656) < 1e-10,
       abs(lift - 44.387691617585645) < 1e-10, abs(lower - 29.507840538716287) < 1e-10,
       abs(upper - 59.267542696455) < 1e-10, abs(p_value / 5.9322297172e-09 - 1) < 1e-10
FROM (SELECT (spend_lift(treated, spend)).* FROM customers) x}),
	'1180|1177|t|t|t|t|t|t', 'the customers of CDNOW, with a NULL for those who bought nothing');

$node->stop;
done_testing();

# How long customers of a book of contracts stay, against what plain SQL and an
# independent program computed: upgrades, downgrades, pauses, overlaps and
# reactivations, with and without days of grace.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my %file;
@file{qw(contracts 0 3)} =
  reference_files(map { "truth/subscriptions_$_.csv" } qw(contracts survival_grace0 survival_grace3));

my $node = start_server('stay_truth', conf => 'extra_float_digits = 1');
sql(qq{
CREATE TABLE contracts (customer bigint, started date, ended date, amount numeric);
\\copy contracts FROM '$file{contracts}' CSV HEADER
CREATE TABLE value AS SELECT customer_subscriptions(customer, started, ended, amount) AS s FROM contracts;
CREATE TABLE curve (days double precision, at_risk bigint, churned bigint, censored bigint, survival double precision);
});
for my $grace (0, 3)
{
	sql(qq{
TRUNCATE curve;
\\copy curve FROM '$file{$grace}' CSV HEADER
});
	is(sql(qq{
SELECT count(*) > 700, count(c.days) = count(*) AND count(t.time) = count(*),
       bool_and((c.at_risk, c.churned, c.censored) = (t.at_risk, t.churned, t.censored)),
       bool_and(abs(c.survival - t.survival) <= 1e-12)
FROM curve c FULL JOIN (SELECT t.* FROM value, survival_table(survival_curve(s, '2024-03-16', $grace)) t) t
	ON t.time = c.days}),
		't|t|t|t', "grace $grace");
	is(sql(qq{
SELECT w.c::text = (SELECT rollup(c)::text FROM (SELECT survival_curve(customer_subscriptions(customer, started, ended, amount),
                                                                      '2024-03-16', $grace) AS c
                                                 FROM contracts GROUP BY customer % 7) p)
FROM (SELECT survival_curve(s, '2024-03-16', $grace) AS c FROM value) w}),
		't', "grace $grace: by groups of customers");
}
$node->stop;
done_testing();

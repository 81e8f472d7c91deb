# A shop where a third of the customers pay only each fifth order: what the
# models expect of them, and of the others, against what came.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;

my $node = start_server('holdout', conf => "extra_float_digits = 1");

# Customers of an MBG/NBD (r 2, alpha 40, a 1, b 10) who spend by a Gamma-Gamma
# (p 2, q 4, v 60), so that the only thing wrong is that a third pays nothing for
# most orders
sql(q{
CREATE FUNCTION noise(n bigint, stream bigint) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT
    RETURN ((hashint8extended(n, stream) & 4294967295) + 0.5) / 4294967296;
CREATE TABLE orders AS
SELECT customer, customer % 3 = 0 AS free, date '2022-01-01' + floor(640 * noise(customer, 1) + days)::integer AS at,
       CASE WHEN customer % 3 = 0 AND (k + customer / 3) % 5 <> 0 THEN 0
            ELSE round((-ln(noise(n, 5) * noise(n, 6)) / scale)::numeric, 2) END AS amount
FROM (SELECT c AS customer, k, c * 1000 + k AS n, scale,
             sum(CASE WHEN k > 0 THEN -ln(noise(c * 1000 + k, 2)) / rate ELSE 0 END) OVER (
                 PARTITION BY c ORDER BY k) AS days
      FROM generate_series(1, 5000) AS c,
           LATERAL (SELECT -ln(noise(c, 3) * noise(c, 12)) / 40 AS rate, 1 - noise(c, 4) ^ 0.1 AS leaves,
                           -ln(noise(c, 7) * noise(c, 8) * noise(c, 9) * noise(c, 11)) / 60 AS scale) AS own,
           generate_series(0, least(999, floor(ln(noise(c, 10)) / ln(1 - leaves)))::integer) AS k) AS purchases
WHERE 640 * noise(customer, 1) + days < 912;
CREATE TABLE known AS
SELECT customer, bool_and(free) AS free, rfm_summary(at, amount, '2024-01-01') AS s,
       count(DISTINCT at) FILTER (WHERE at >= '2024-01-01') AS purchases,
       coalesce(sum(amount) FILTER (WHERE at >= '2024-01-01'), 0)::double precision AS revenue
FROM orders GROUP BY customer HAVING min(at) < '2024-01-01';
CREATE TABLE fits AS
SELECT fit_mbgnbd((s).frequency, (s).recency, (s).age) AS m, fit_gamma_gamma((s).frequency, (s).monetary_value) AS g,
       fit_gamma_gamma((s).frequency, (s).monetary_value) FILTER (WHERE free) AS own,
       fit_gamma_gamma((s).frequency, (s).monetary_value) FILTER (WHERE NOT free) AS paying
FROM known;
});

is(sql(q{SELECT (m).converged, (g).converged, (g).q > 1, (m).customers = (SELECT count(*) FROM known),
                (g).customers = (SELECT count(*) FROM known WHERE (s).monetary_value > 0),
                (SELECT count(*) > 100 FROM known WHERE (s).monetary_value = 0)
         FROM fits}),
	't|t|t|t|t|t', 'both models fitted, the second without those who never paid again');
is(sql(q{SELECT count(*) FROM known, fits WHERE expected_spend(g, s) IS NULL OR clv(m, g, s, '182 days') IS NULL}), '0',
   'everybody has a value');
my %ratio;
for my $row (split /\n/, sql(q{
SELECT free, round(sum(expected_purchases(m, s, '182 days'))), sum(purchases), sum(clv(m, g, s, '182 days')),
       sum(revenue), sum(clv(m, CASE WHEN free THEN own ELSE paying END, s, '182 days'))
FROM known, fits GROUP BY free}))
{
	my ($free, $expected, $came, $revenue, $brought, $apart) = split /\|/, $row;
	my $who = $free eq 't' ? 'the third that pays each fifth order' : 'the others';
	note(sprintf '%s: %d purchases expected, %d came; revenue %.0f expected, %.0f came (%.2f); fitted apart %.2f', $who,
	     $expected, $came, $revenue, $brought, $revenue / $brought, $apart / $brought);
	cmp_ok(abs($expected / $came - 1), '<', 0.1, "$who: purchases");
	$ratio{$free} = $revenue / $brought;
	$ratio{"$free apart"} = $apart / $brought;
}
# One model of what all spend draws those of whom little is known towards the
# mean of all: who has not come back yet is taken for one of all, and so is, in
# part, who came once or twice.  Averaging only the days on which something was
# paid made it 4.7 times what came.
cmp_ok($ratio{t}, '<', 2, 'revenue of the third is at most twice what came');
cmp_ok($ratio{t}, '>', 0.8, 'and not below it');
cmp_ok(abs($ratio{f} - 1), '<', 0.1, 'revenue of the others is right');
# whose own model knows better
cmp_ok($ratio{'t apart'}, '<', $ratio{t}, 'a model of the third alone is nearer');

$node->stop;
done_testing();

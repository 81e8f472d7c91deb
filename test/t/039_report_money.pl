# Money on the page of the report: each of its numbers against plain SQL over the
# rows, bars below the line, and odd shops, of which every section has its
# numbers or a sentence says why it is left out.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::Bin;
use ReportTest;
use RetentionTest;
use Test::More;

my $node = start_report_server();
my ($rc, $html, $messages);

# All that a pattern finds in a text, by line
sub lines_of
{
	return join "\n", @_;
}

# 600 customers who come at a pace of their own, leave after some purchases, and send
# a part back, also later; some orders are free, some of an unknown amount
sql(<<'END');
CREATE FUNCTION noise(n bigint, stream bigint) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT
	RETURN ((hashint8extended(n, stream) & 4294967295) + 0.5) / 4294967296;
CREATE TABLE orders AS
SELECT c AS customer_id,
       timestamp '2023-01-01 12:00' + floor(500 * noise(c, 1) + days) * interval '1 day' AS ordered_at,
       CASE WHEN noise(n, 7) < 0.02 THEN NULL WHEN noise(n, 7) < 0.04 THEN 0
            ELSE round(((10 + 40 * noise(n, 5)) * (0.5 + 3 * noise(c, 11) ^ 2))::numeric, 2) END AS amount
FROM (SELECT c, c * 100 + k AS n,
             sum(CASE WHEN k > 0 THEN -25 * ln(noise(c * 100 + k, 2)) / -ln(noise(c, 3)) ELSE 0 END)
                 OVER (PARTITION BY c ORDER BY k) AS days
      FROM generate_series(1, 600) AS c,
           generate_series(0, least(50, floor(ln(noise(c, 4)) / ln(noise(c, 6)) * 2))::int) AS k) AS p
WHERE 500 * noise(c, 1) + days < 600;
INSERT INTO orders
SELECT customer_id, ordered_at + noise(n, 9) * interval '60 days', -round(amount * noise(n, 10)::numeric, 2)
FROM (SELECT *, customer_id * 1000 + extract(epoch FROM ordered_at)::bigint AS n FROM orders) AS o
WHERE noise(n, 8) < 0.1 AND amount > 0;
INSERT INTO orders VALUES (1001, '2023-03-01', -7.77), (1002, NULL, 5), (NULL, '2023-03-01', 5);
CREATE TABLE people AS SELECT c AS number, '<' || md5(c::text) || '>' AS called FROM generate_series(1, 599) AS c;

-- A refund lowers the purchase day before it, or the first.  Months are numbers.
CREATE FUNCTION month_of(day date) RETURNS int LANGUAGE sql IMMUTABLE STRICT
	RETURN extract(year FROM day)::int * 12 + extract(month FROM day)::int;
CREATE TABLE paid AS
WITH known AS (
	SELECT * FROM orders WHERE ordered_at < '2024-08-10' AND customer_id IS NOT NULL),
bought AS (
	SELECT DISTINCT customer_id, ordered_at::date AS day FROM known WHERE coalesce(amount >= 0, true)),
moved AS (
	SELECT k.*, (SELECT coalesce(max(day) FILTER (WHERE day <= k.ordered_at::date), min(day))
	             FROM bought AS b WHERE b.customer_id = k.customer_id) AS day
	FROM known AS k)
SELECT customer_id, month_of(day) AS month, coalesce(sum(amount), 0) AS revenue,
       count(*) FILTER (WHERE coalesce(amount >= 0, true)) AS purchases,
       min(month_of(day)) OVER (PARTITION BY customer_id) AS cohort
FROM moved WHERE day IS NOT NULL GROUP BY customer_id, month_of(day);

-- What each customer has brought by the end of their age-th month
CREATE TABLE brought AS
SELECT customer_id, cohort, age, cohort + age < month_of('2024-08-01') AS complete,
       coalesce(sum(revenue) FILTER (WHERE month <= cohort + age), 0) AS brought
FROM paid, generate_series(0, 24) AS age
WHERE cohort + age <= month_of('2024-08-01') GROUP BY customer_id, cohort, age;

CREATE FUNCTION shown(v numeric) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN v < 0 THEN '-' ELSE '' END
	       || to_char(abs(v), CASE WHEN abs(v) < 10000 THEN 'FM99,990.00' ELSE 'FM99,999,990' END);
CREATE FUNCTION named(month int) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN ((month - 1) / 12) || '-' || lpad(((month - 1) % 12 + 1)::text, 2, '0');
END

my @shop = ('-v', 'as_of=2024-08-10', '-v', 'names=people', '-v', 'id=number', '-v', 'name=called');
($rc, $html, $messages) = report('postgres', @shop);
is("$rc $messages", '0 ', 'a report of 600 customers');
check_page($html, '600 customers');
unlike($html, qr/Left out/, 'leaves nothing out');

# The lifetime value curve
my $by_age = sql(<<'END');
SELECT string_agg(format('%s: %s of %s customers (95%%: %s to %s)', age, shown(mean), n, shown(mean - error),
                         shown(mean + error)), E'\n' ORDER BY age)
FROM (SELECT age, count(*) AS n, avg(brought) AS mean,
             1.959963984540054 * stddev_samp(brought) / sqrt(count(*)::numeric) AS error
      FROM brought WHERE complete GROUP BY age) AS a
END
my $curve = section($html, 'What they have brought by then');
is(lines_of($curve =~ m{<title>(\d+: [^<]*)</title><circle}g), $by_age, 'the lifetime value curve');
my ($first) = $curve =~ m{<circle [^>]* cy="([\d.]+)"};
my ($tick_at, $tick) = $curve =~ m{class="grid" x1="0" x2="100%" y1="([\d.]+)"[^>]*><text [^>]*>(\d+)<}s;
my ($zero) = $curve =~ m{class="axis" x1="0" x2="100%" y1="([\d.]+)"};
my ($least) = $by_age =~ /^0: ([\d.]+) /;
cmp_ok(abs(($zero - $first) / ($zero - $tick_at) * $tick - $least), '<', 0.5, 'stands where its numbers say');

# Its cohorts, unfinished cells marked
my $by_cohort = sql(<<'END');
SELECT string_agg(format('%s %s %s', named(cohort), n, cells), E'\n' ORDER BY cohort)
FROM (SELECT cohort, max(n) AS n,
             string_agg(round(mean) || CASE WHEN complete THEN '' ELSE '*' END, ' ' ORDER BY age) AS cells
      FROM (SELECT cohort, age, complete, count(*) AS n, avg(brought) AS mean
            FROM brought GROUP BY cohort, age, complete) AS c
      GROUP BY cohort) AS r
END
my @cohorts;
my $heat = section($html, 'Revenue, cohort by cohort');
while ($heat =~ m{<tr><th scope="row">(\d[\d-]*)</th><td class="size">(\d+)</td>(.*?)</tr>}g)
{
	my ($cohort, $size, $cells) = ($1, $2, $3);
	my @cells;
	push @cells, $2 . ($1 eq 'open' ? '*' : '') while $cells =~ m{<td class="(\w+)" title="[^"]*">([-\d.]+)</td>}g;
	push @cohorts, "$cohort $size @cells";
}
is(lines_of(@cohorts), $by_cohort, 'revenue of the cohorts');
my ($cheap, $dear) = $heat =~ m{class="ramp">([\d.]+)<.*?>([\d.]+)</span>};
my $off = 0;
while ($heat =~ m{class="c(\d+)" title="[^"]*: ([\d.]+) each }g)
{
	my $shade = 100 * ($2 - $cheap) / ($dear - $cheap);
	$off++ if abs($1 - ($shade > 100 ? 100 : $shade)) > 0.6;
}
is($off, 0, 'each with the shade of its number');

# Revenue of new, retained and returning customers, the unfinished month marked
my $by_month = sql(<<'END');
SELECT string_agg(format('%s: %s from %s customer%s and %s purchase%s: %s new, %s retained, %s back after a pause%s',
                         named(month), shown(r), n, CASE WHEN n <> 1 THEN 's' END, p, CASE WHEN p <> 1 THEN 's' END,
                         shown(fresh), shown(r - fresh - back), shown(back),
                         CASE WHEN month = month_of('2024-08-01') THEN ', not over yet' END), E'\n' ORDER BY month)
FROM (SELECT month, sum(revenue) AS r, count(*) AS n, sum(purchases) AS p,
             coalesce(sum(revenue) FILTER (WHERE month = cohort), 0) AS fresh,
             coalesce(sum(revenue) FILTER (WHERE month > before + 1), 0) AS back
      FROM (SELECT *, lag(month) OVER (PARTITION BY customer_id ORDER BY month) AS before FROM paid) AS c
      GROUP BY month) AS m
END
my $bars = section($html, 'Whose revenue it is');
is(lines_of($bars =~ m{<title>([\d-]+: [^<]*)</title>}g),
	$by_month, 'revenue of new, retained and returning customers');
is(lines_of($bars =~ m{<g class="unfinished"><title>(.*?)</title>}g), ($by_month =~ /\n([^\n]*, not over yet)\z/)[0],
	'the last month is pale');
unlike($bars, qr/below the line/, 'nothing hangs below the line');

# Concentration
my $by_tenth = sql(<<'END');
SELECT string_agg(format('%s %s %s %s', n, shown(r), round(100 * r / total, 1), round(100 * upto / total, 1)),
                  E'\n' ORDER BY bin)
FROM (SELECT bin, count(*) AS n, sum(brought) AS r, sum(sum(brought)) OVER (ORDER BY bin) AS upto,
             sum(sum(brought)) OVER () AS total
      FROM (SELECT brought, (row_number() OVER (ORDER BY brought DESC) - 1) / 60 AS bin
            FROM (SELECT greatest(sum(revenue), 0) AS brought FROM paid GROUP BY customer_id) AS c) AS b
      GROUP BY bin) AS t
END
my $best = section($html, 'How much the best of them bring');
my @tenths;
push @tenths, "$2 $3 $1 $4"
  while $best =~ m{</i>([\d.]+)%</div></td><td>(\d+)</td><td>([\d.,]+)</td><td>[\d.,]+</td><td>([\d.]+)%</td>}g;
is(lines_of(@tenths), $by_tenth, 'what the best of them bring');
my $tiles = tiles($html);
is($tiles->{'The best tenth'}, ($by_tenth =~ /^\d+ \S+ (\S+)/)[0] . '%', 'the best tenth in a tile');
ok(!exists $tiles->{'The best hundredth'}, 'the best hundredth of 600 is left out');
my $half = sql(<<'END');
SELECT round(100.0 * min(place) FILTER (WHERE upto >= total / 2) / 600, 1) || '%|'
       || round(2 * sum((601 - place) * brought) / (600 * max(total)) - 601 / 600.0, 2)
FROM (SELECT brought, row_number() OVER w AS place, sum(brought) OVER (w ROWS UNBOUNDED PRECEDING) AS upto,
             sum(brought) OVER () AS total
      FROM (SELECT greatest(sum(revenue), 0) AS brought, customer_id FROM paid GROUP BY customer_id) AS c
      WINDOW w AS (ORDER BY brought DESC, customer_id)) AS l
END
is(join('|', @$tiles{ 'Half of the revenue', 'Gini coefficient' }),
	$half, 'half of the revenue, and the Gini coefficient');

# Whom to call, by name
my $calls = sql(<<'END');
CREATE TEMP TABLE c AS
	SELECT customer_id, rfm_summary(ordered_at, amount, '2024-08-10') AS s FROM orders
	WHERE customer_id IS NOT NULL AND ordered_at IS NOT NULL
	GROUP BY customer_id HAVING bool_or(coalesce(amount >= 0, true));
SELECT string_agg(format('%s %s %s %s %s %s %s%% %s', coalesce('&lt;' || md5(number::text) || '&gt;', 'no name'),
                         (s).last_day, (s).age - (s).recency, round(((s).recency / (s).frequency)::numeric),
                         (s).purchases, shown((s).revenue::numeric), round(100 * alive), shown(stake::numeric)),
                  E'\n' ORDER BY stake DESC)
FROM (SELECT customer_id, s, p_alive(m, s) AS alive, (1 - p_alive(m, s)) * clv(m, g, s, '1 year', 0.1) AS stake
      FROM c, (SELECT fit_mbgnbd((s).frequency, (s).recency, (s).age) AS m,
                      fit_gamma_gamma((s).frequency, (s).monetary_value) AS g FROM c) AS f
      WHERE (s).frequency >= 2 AND (s).age - (s).recency > (s).recency / (s).frequency) AS l
     LEFT JOIN people ON number = customer_id
WHERE stake > 0
END
my $cell = qr{<td>([^<]*)</td>};

sub called
{
	my $leaving = section($html, 'Who is about to leave');
	my @called;
	push @called, "$1 $2 $3 $4 $5 $6 $7 $8"
	  while $leaving =~ m{<tr><th scope="row">(.*?)</th>$cell$cell$cell$cell$cell$cell$cell</tr>}g;
	return lines_of(@called);
}
is(called(), lines_of((split /\n/, $calls)[ 0 .. 11 ]), 'whom to call, by name');
($rc, $html) = report('postgres', @shop, '-v', 'calls=140');
is(called(), lines_of((split /\n/, $calls)[ 0 .. 139 ]), 'and more of them');

($rc, $html, $messages) = report('postgres', '-v', 'as_of=2024-08-10', '-v', 'calls=3', '-v', 'amount=');
is("$rc $messages", '0 ', 'a report without amounts');
check_page($html, 'without amounts');
is(scalar(() = section($html, 'Who is about to leave') =~ m{<tr><th scope="row">\d+</th>}g), 3,
	'three of them, by number');
unlike($html, qr/revenue|brought/i, 'and no word of money');
($rc, $html) = report('postgres', @shop, '-v', 'calls=0');
unlike($html, qr/about to leave|&lt;/, 'or none, and nobody is named');

# Odd shops: name, rows, headlines of money, and a sentence or a number
my $each_time = 'generate_series(0, 4) d';
my @odd = (
	[   'no revenue',
		"c, date '2024-01-01' + d * c, 0 FROM generate_series(1, 150) c, $each_time",
		'What they are worth', qr/Left out: .*revenue by age, cohort and period, as there is none/ ],
	[ 'unknown amounts', "c, date '2024-01-01' + c, NULL FROM generate_series(1, 60) c", '', qr/Left out: who will/ ],
	[   'one customer',
		"1, date '2024-01-01' + 20 * d, 5 * d FROM $each_time",
		'What they are worth; What they have brought by then; Revenue, cohort by cohort; Whose revenue it is',
		qr/Left out: how much the best of them bring, which takes 10 customers/ ],
	[   'only refunds', "c, date '2024-01-01' + c, -c FROM generate_series(1, 20) c",
		'', qr{<p>There is no purchase, but 20 refunds, in odd\.</p>} ],
	[   'one month',
		"c, date '2024-01-01' + c, c FROM generate_series(1, 20) c",
		'What they are worth; Revenue, cohort by cohort; Whose revenue it is; How much the best of them bring',
		qr/Left out: .*what they have brought by then, as no month after a first one is over/ ],
	[   'three decimals',
		"c, date '2024-01-01' + d * c, 0.001 * c FROM generate_series(1, 30) c, $each_time",
		undef, qr{<span>Average purchase</span><b[^>]*>0\.016</b>.*<th scope="row">2024-01</th>.*>0\.\d+</td>}s ],
	[   'thirds',
		"c, date '2024-01-01' + d * c, c / 3.0 FROM generate_series(1, 30) c, $each_time",
		undef, qr{<span>Lifetime value</span><b[^>]*>25\.83<} ],
	[   'trillions, some paid back',
		"c, date '2024-01-01' + d * c, (1e12 + 0.01) * CASE d WHEN 3 THEN -1 ELSE 1 END
		 FROM generate_series(1, 30) c, $each_time",
		undef, qr{<span>Lifetime value</span><b[^>]*>3,000\.0bn<} ],
	[   'amounts of 25 digits',
		"c, date '2024-01-01' + d * c, 1e24 + 0.01 FROM generate_series(1, 30) c, $each_time",
		undef, qr{<span>Lifetime value</span><b[^>]*>5\.0e\+24<.*>1\.00e\+24<|in 10\^24}s ],
	[   'paid back more than bought',
		"c, date '2024-01-01' + d * c, CASE d WHEN 2 THEN -90 ELSE 10 END
		 FROM generate_series(1, 40) c, $each_time",
		'What they are worth; What they have brought by then; Revenue, cohort by cohort; Whose revenue it is',
		qr/Left out: how much the best of them bring, as nobody has brought anything/ ],
	[   'one large amount',
		"c, date '2024-01-01' + d * c, CASE c WHEN 1 THEN 123456789.12 ELSE 1 END
		 FROM generate_series(1, 30) c, $each_time",
		undef, qr/, cut off where it leaves the chart/ ],
	[ 'years', "c, date '1990-01-01' + d * 2900, 10 FROM generate_series(1, 30) c, $each_time", undef, qr/<h2>Whose/ ]);
for my $case (@odd)
{
	my ($name, $rows, $headlines, $sentence) = @$case;
	sql("DROP TABLE IF EXISTS odd; CREATE TABLE odd (customer_id, ordered_at, amount) AS SELECT $rows");
	for my $currency ('EUR ', '')
	{
		($rc, $html, $messages) = report('postgres', '-v', 'orders=odd', '-v', "currency=$currency");
		is("$rc $messages", '0 ', "$name: a report in '$currency'");
		check_page($html, $name);
	}
	like($html, $sentence, "$name: has its sentence");
	my $found = join '; ', grep { /worth|brought|revenue|best/i } split /; /, headlines($html);
	is($found, $headlines, "$name: the sections that there are data for") if defined $headlines;
}

# One customer has no interval
sql("DROP TABLE odd;
     CREATE TABLE odd (customer_id, ordered_at, amount) AS SELECT 1, date '2024-01-01' + 20 * d, 5 FROM $each_time");
($rc, $html) = report('postgres', '-v', 'orders=odd');
$curve = section($html, 'What they have brought by then');
like($curve, qr{<title>1: 15\.00 of 1 customer</title>}, 'the curve of one customer');
unlike($curve, qr/95%: /, 'has no interval');

# More was paid back than bought, by those who had come before: their bar hangs below
# the line, that of the others stands on it
sql(<<'END');
DROP TABLE odd;
CREATE TABLE odd (customer_id, ordered_at, amount) AS VALUES
	(1, date '2024-01-10', 100.0), (1, '2024-02-10', 20), (1, '2024-02-20', -80),
	(2, '2024-02-11', 30), (2, '2024-03-11', 40),
	(3, '2024-01-12', 10), (3, '2024-03-13', 15), (3, '2024-03-20', -40),
	(4, '2024-01-13', 50), (4, '2024-02-14', 5);
END
($rc, $html, $messages) = report('postgres', '-v', 'orders=odd', '-v', 'as_of=2024-04-01');
is("$rc $messages", '0 ', 'a report of a month below zero');
check_page($html, 'a month below zero');
$bars = section($html, 'Whose revenue it is');
like($bars, qr/<span>below the line: more paid back than bought</, 'which the legend says');
my ($line) = $bars =~ m{<line class="axis" x1="0" x2="100%" y1="([\d.]+)"};
my @height;
for my $month (
	[ '2024-01: 160.00 from 3 customers and 3 purchases: 160.00 new, 0.00 retained, 0.00 back', { new => 160 } ],
	[ '2024-02: -25.00 from 3 customers and 3 purchases: 30.00 new, -55.00 retained, 0.00 back',
		{ retained => -55, new => 30 } ],
	[ '2024-03: 15.00 from 2 customers and 2 purchases: 0.00 new, 40.00 retained, -25.00 back',
		{ retained => 40, resurrected => -25 } ])
{
	my ($title, $parts) = @$month;
	my ($drawn) = $bars =~ m{<title>\Q$title\E[^<]*</title>(.*?)</g>};
	my %box = map { $_->[0] => $_ }
	  map { [ /class="(\w+)" x="[^"]*" y="([\d.]+)" width="[^"]*" height="([\d.]+)"/ ] }
	  ($drawn // '') =~ m{<rect [^>]*>}g;
	is(join(' ', sort keys %box), join(' ', sort keys %$parts), "$title: its parts");
	for my $part (grep { $box{$_} } sort keys %$parts)
	{
		my (undef, $top, $height) = @{ $box{$part} };
		push @height, $height / abs $parts->{$part};
		my $foot = $parts->{$part} > 0 ? $top + $height : $top;
		cmp_ok(abs($foot - $line), '<', 0.2, "$part: stands on the line, or hangs from it");
	}
}
cmp_ok(abs($_ / $height[0] - 1), '<', 0.01, 'one unit is as high as another') for @height;
is(row_of($html, 'bought', 362), '160 -25 15', 'and the sums stand below');

$node->stop;
done_testing();

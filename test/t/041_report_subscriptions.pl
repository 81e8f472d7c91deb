# Contracts on the page of the report: each number of their sections against plain SQL
# over the days, periods that are not over or not decided, and odd contracts, of which
# each section has its numbers or a sentence says why it is left out.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::Bin;
use IPC::Run qw(run);
use PostgreSQL::Test::Utils;
use ReportTest;
use RetentionTest;
use Test::More;

my $node = start_report_server();
my ($rc, $html, $messages);
my $dated = qr{<title>([\d-]+: [^<]*)</title>};

# 200 customers with up to five contracts each, which overlap, adjoin, or have gaps of a
# day and more; free ones, discounts, terms of a year, and starts in the future
sql(<<'END');
CREATE FUNCTION noise(n bigint, stream bigint) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT
	RETURN ((hashint8extended(n, stream) & 4294967295) + 0.5) / 4294967296;
CREATE TABLE contracts AS
SELECT c AS client, (ARRAY['<a>', 'b', NULL, 'c'])[1 + floor(4 * noise(n, 1))::int] AS plan, started,
       CASE WHEN noise(n, 2) < 0.7 THEN started + floor(250 * noise(n, 3) ^ 2)::int END AS ended,
       CASE WHEN noise(n, 4) < 0.1 THEN 0 WHEN noise(n, 4) < 0.2 THEN -10 WHEN noise(n, 4) < 0.22 THEN NULL
            ELSE round((10 + 90 * noise(n, 5))::numeric, 2) END AS amount,
       CASE WHEN noise(n, 6) < 0.1 THEN interval '1 year' ELSE '1 month' END AS term
FROM (SELECT c, c * 100 + k AS n, date '2023-01-15' + (520 * noise(c, 7))::int
             + sum(CASE WHEN k > 0 THEN floor(130 * noise(c * 100 + k, 8) ^ 2)::int ELSE 0 END)
                   OVER (PARTITION BY c ORDER BY k)::int AS started
      FROM generate_series(1, 200) AS c, generate_series(0, floor(5 * noise(c, 9))::int) AS k) AS s;
INSERT INTO contracts
SELECT client, plan, ended + floor(9 * noise(client, 10))::int, NULL, amount, term FROM contracts
WHERE ended IS NOT NULL AND noise(client, 11) < 0.4;
INSERT INTO contracts VALUES (NULL, 'b', '2024-01-01', NULL, 5, '1 month'), (1000, 'b', NULL, NULL, 5, '1 month');

-- What each pays on each day, pauses of up to 5 days filled
CREATE TABLE monthly AS
SELECT client, plan, started, coalesce(ended, 'infinity') AS ended,
       CASE term WHEN '1 year' THEN round(amount / 12, 4) ELSE amount END AS amount
FROM contracts WHERE client IS NOT NULL AND started IS NOT NULL AND amount IS NOT NULL;
CREATE TABLE paid AS
SELECT client, day::date, sum(amount) AS mrr
FROM monthly, generate_series(started::timestamp, least(ended, '2024-08-03') - 1, '1 day') AS day
GROUP BY client, day HAVING sum(amount) > 0;
INSERT INTO paid
SELECT client, day + i, mrr
FROM (SELECT *, lead(day) OVER (PARTITION BY client ORDER BY day) - day - 1 AS gap FROM paid) AS g,
     generate_series(1, gap) AS i
WHERE gap BETWEEN 1 AND 5;

-- Month by month: before it and at its end
CREATE TABLE moves AS
SELECT m::date AS month, client,
       coalesce((SELECT mrr FROM paid WHERE paid.client = c.client AND day = m::date - 1), 0) AS m0,
       coalesce((SELECT mrr FROM paid WHERE paid.client = c.client
                 AND day = least((m + interval '1 month')::date - 1, '2024-08-02')), 0) AS m1,
       (SELECT min(day) >= m FROM paid WHERE paid.client = c.client) AS is_first,
       CASE WHEN m + interval '1 month' > '2024-08-03' THEN ', not over yet'
            WHEN m + interval '1 month 5 days' > '2024-08-03' THEN ', not decided yet' ELSE '' END AS mark
FROM (SELECT DISTINCT client FROM paid) AS c,
     generate_series((SELECT date_trunc('month', min(day)::timestamp) FROM paid), '2024-08-01', '1 month') AS m;

CREATE FUNCTION shown(v numeric) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN v < 0 THEN '-' ELSE '' END
	       || to_char(abs(v), CASE WHEN abs(v) < 10000 THEN 'FM99,990.00' ELSE 'FM99,999,990' END);
CREATE FUNCTION customers(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN n || CASE n WHEN 1 THEN ' customer' ELSE ' customers' END;
CREATE FUNCTION percent(part numeric, whole numeric, digits int DEFAULT 1) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN round(100 * part / nullif(whole, 0), digits) || '%';
END

my @money = ('-v', 'orders=', '-v', 'subscriptions=contracts', '-v', 'customer=client', '-v', 'as_of=2024-08-03');
my @firm = (@money, '-v', 'grace=5', '-v', 'plan=plan', '-v', 'monthly=monthly_amount(amount, term)');
($rc, $html, $messages) = report('postgres', @firm);
is("$rc $messages", '0 ', 'a report of contracts alone');
check_page($html, 'contracts');
is(headlines($html), 'What they pay per month; How much of it is kept; Who leaves, and what goes with them; '
	. 'How long customers stay; Plan by plan', 'has its sections');
unlike($html, qr/Left out|events of/, 'leaves nothing out, and has no word of orders');

# MRR and how it moved
my $by_month = sql(<<'END');
SELECT string_agg(format('%s: %s from %s at its end: %s new, %s back after a pause, %s expansion, '
                         '%s contraction, %s churned%s',
                         to_char(month, 'YYYY-MM'), shown(sum), customers(n), shown(fresh), shown(back), shown(grown),
                         shown(shrunk), shown(lost), mark), E'\n' ORDER BY month)
FROM (SELECT month, mark, sum(m1), count(*) FILTER (WHERE m1 > 0) AS n,
             coalesce(sum(m1) FILTER (WHERE m0 = 0 AND is_first), 0) AS fresh,
             coalesce(sum(m1) FILTER (WHERE m0 = 0 AND NOT is_first), 0) AS back,
             coalesce(sum(m1 - m0) FILTER (WHERE m0 > 0 AND m1 > m0), 0) AS grown,
             coalesce(sum(m0 - m1) FILTER (WHERE m1 > 0 AND m1 < m0), 0) AS shrunk,
             coalesce(sum(m0) FILTER (WHERE m1 = 0), 0) AS lost
      FROM moves GROUP BY month, mark) AS m
END
is(titles($html, 'What they pay per month', $dated), $by_month, 'MRR and its movements');
is(join("\n", section($html, 'What they pay per month') =~ m{<g class="unfinished"><title>(.*?)</title>}g),
	join("\n", (split /\n/, $by_month)[ -2, -1 ]), 'months that are not over, or not decided, are pale');
like($by_month, qr/, not decided yet\n[^\n]*, not over yet\z/, 'one of each');
is(tiles($html)->{MRR}, ($by_month =~ /2024-08: (\S+) /)[0], 'the MRR of the last day');

# The bars of gains stand on the line of 0, those of losses hang from it, to one scale
my $moves = section($html, 'What they pay per month');
my ($zero) = ($moves =~ m{<line class="axis" x1="0" x2="100%" y1="([\d.]+)"}g)[1];
my (@scale, %off);
my $count = 0;
while ($moves =~ m{<title>([^<]*)</title>((?:<rect [^>]*>)+)}g)
{
	my ($title, $rects) = ($1, $2);
	my %value;
	@value{ 'new', 'resurrected', 'retained', 'contraction', 'churned' } = map { tr/,//dr }
	  $title =~ /: ([\d.,]+) new, ([\d.,]+) back after a pause, ([\d.,]+) exp\w+, ([\d.,]+) con\w+, ([\d.,]+) churned/;
	my ($top, $foot) = ($zero, $zero);
	while ($rects =~ /class="(\w+)" x="[^"]*" y="([\d.]+)" width="[^"]*" height="([\d.]+)"/g)
	{
		my ($class, $y, $height) = ($1, $2, $3);
		my $is_loss = $class =~ /^c/;
		push @scale, $height / $value{$class} if $height > 10;
		$off{"$class of $title"} = 1 if abs($is_loss ? $y - $foot : $y + $height - $top) > 0.25;
		$is_loss ? ($foot = $y + $height) : ($top = $y);
		$count++;
	}
}
cmp_ok($count, '>', 40, 'bars of movements');
is(join('; ', sort keys %off), '', 'stand on each other');
is(scalar(grep { abs($_ / $scale[0] - 1) > 0.02 } @scale), 0, 'and one unit is as high everywhere');

# The line: as high as its numbers
my ($first_y, $last_y) = ($moves =~ m{<circle class="retained" cx="[^"]*" cy="([\d.]+)"}g)[ 0, -1 ];
my ($tick_y, $tick) = $moves =~ m{class="grid" x1="0" x2="100%" y1="([\d.]+)"[^>]*><text [^>]*>(\d+)k<};
my ($axis_y) = $moves =~ m{class="axis" x1="0" x2="100%" y1="([\d.]+)"};
my ($first, $last) = map { tr/,//dr } ($by_month =~ /: ([\d.,]+) from/g)[ 0, -1 ];
my $per_pixel = 1000 * $tick / ($axis_y - $tick_y);
cmp_ok(abs(($axis_y - $first_y) * $per_pixel - $first), '<', $per_pixel, 'the line begins where its number says');
cmp_ok(abs(($axis_y - $last_y) * $per_pixel - $last), '<', $per_pixel, 'and ends there');

# Net and gross retention within twelve months
my $kept = sql(<<'END');
SELECT string_agg(format('%s: %s net, %s gross, %s of %s kept, since %s', to_char(month, 'YYYY-MM'), percent(now, base),
                         percent(least, base), still, customers(n), since), E'\n' ORDER BY month)
FROM (SELECT month, since, count(*) AS n, count(now.mrr) AS still, sum(base.mrr) AS base, sum(now.mrr) AS now,
             sum(least(base.mrr, coalesce(now.mrr, 0))) AS least
      FROM (SELECT DISTINCT month, (month + interval '1 month' - interval '12 months')::date - 1 AS since,
                   (month + interval '1 month')::date - 1 AS until
            FROM moves WHERE mark = '') AS m
           JOIN paid AS base ON base.day = since
           LEFT JOIN paid AS now ON now.client = base.client AND now.day = until
      GROUP BY month, since) AS k
END
is(titles($html, 'How much of it is kept', $dated), $kept, 'net and gross retention within twelve months');
my ($net, $gross) = (split /\n/, $kept)[-1] =~ /: (\S+) net, (\S+) gross/;
is(join(' ', @{ tiles($html) }{ 'Net retention', 'Gross retention' }), "$net $gross", 'the last of them in tiles');
is(tiles($html)->{'In one month'}, sql(<<'END'), 'and that of the last decided month');
SELECT percent(sum(m1), sum(m0)) FROM moves WHERE month = '2024-06-01' AND m0 > 0
END
like(row_of($html, 'kept', 361), qr/^\d+( \d+)*$/, 'of how many customers, below the chart');

# Customers who left beside the revenue that was lost
my $churn = sql(<<'END');
SELECT string_agg(format('%s: %s of %s left%s%s', to_char(month, 'YYYY-MM'), gone, customers(n),
                         CASE WHEN n > 0 THEN format(', %s; %s of %s lost, %s', percent(gone, n), shown(lost),
                                                     shown(base), percent(lost, base)) END, mark), E'\n' ORDER BY month)
FROM (SELECT month, mark, count(*) FILTER (WHERE m0 > 0) AS n, count(*) FILTER (WHERE m0 > 0 AND m1 = 0) AS gone,
             sum(m0) AS base, sum(greatest(m0 - m1, 0)) AS lost
      FROM moves GROUP BY month, mark) AS m
END
is(titles($html, 'Who leaves, and what goes with them', $dated), $churn,
	'customers who left beside the revenue that was lost');
is(join(' ', @{ tiles($html) }{ 'Customer churn', 'Revenue churn' }), sql(<<'END'), 'their means over a year');
SELECT percent(count(*) FILTER (WHERE m0 > 0 AND m1 = 0), count(*) FILTER (WHERE m0 > 0), 2) || ' '
       || percent(sum(greatest(m0 - m1, 0)), sum(m0), 2)
FROM moves WHERE mark = '' AND month > '2023-06-01'
END

# How long customers stay: Kaplan and Meier over first stays
sql(<<'END');
CREATE TABLE stays AS
SELECT client, upto - first AS days, upto < date '2024-08-03' - 5 AS is_over
FROM (SELECT client, min(first) AS first, min(upto) AS upto
      FROM (SELECT client, min(day) OVER w AS first,
                   CASE WHEN lead(day) OVER (w ORDER BY day) IS DISTINCT FROM day + 1 THEN day + 1 END AS upto
            FROM paid WINDOW w AS (PARTITION BY client)) AS d
      GROUP BY client) AS s;
CREATE TABLE survival AS
SELECT days, exp(sum(ln(CASE WHEN n = d THEN NULL ELSE 1 - d::numeric / n END)) OVER (ORDER BY days)) AS share
FROM (SELECT days, (SELECT count(*) FROM stays AS o WHERE o.days >= s.days) AS n, count(*) FILTER (WHERE is_over) AS d
      FROM stays AS s GROUP BY days) AS t WHERE d > 0;
END
my $staying = sql(<<'END');
SELECT string_agg(round(100 * coalesce((SELECT min(share) FROM survival WHERE days <= CASE m WHEN 0 THEN 0
                                        ELSE ceil(m * 30.4375) + 1 END), 1)) || '%', ' ' ORDER BY m)
FROM generate_series(0, floor((SELECT max(days) FROM stays) / 30.4375)::int) AS m
END
is(row_of($html, 'stay', 311), $staying, 'how long customers stay');
my $over = sql(q{SELECT count(*) FILTER (WHERE is_over) || ' left at least once, ' ||
                        count(*) FILTER (WHERE NOT is_over) || ' never did' FROM stays});
like($html, qr/<small>\Q$over\E</, 'and how many of them have left');

# Plans
my $plans = sql(<<'END');
SELECT string_agg(format('%s %s%% %s %s %s %s', replace(replace(plan, '<', '&lt;'), '>', '&gt;'),
                         round(100 * now / total, 1), shown(now), n, shown(now / n), shown(before)),
                  E'\n' ORDER BY now DESC)
FROM (SELECT plan, sum(now) AS now, count(*) FILTER (WHERE now > 0) AS n, sum(before) AS before,
             sum(sum(now)) OVER () AS total
      FROM (SELECT plan, client,
                   greatest(0, sum(amount) FILTER (WHERE '2024-08-02' >= started AND '2024-08-02' < ended)) AS now,
                   greatest(0, sum(amount) FILTER (WHERE '2023-08-02' >= started AND '2023-08-02' < ended)) AS before
            FROM monthly WHERE plan IS NOT NULL GROUP BY plan, client) AS c
      GROUP BY plan) AS p
END
my $cell = qr{<td>([^<]*)</td>};
my $share = qr{<td class="share">.*?</i>([\d.]+%)</div></td>};
my @plans;
my $by_plan = section($html, 'Plan by plan');
push @plans, "$1 $2 $3 $4 $5 $6"
  while $by_plan =~ m{<tr><th scope="row">(.*?)</th>$share$cell$cell$cell$cell</tr>}g;
is(join("\n", @plans), $plans, 'plans');

# Without amounts customers are counted, a month of grace 0
($rc, $html, $messages) = report('postgres', @money, '-v', 'monthly=');
is("$rc $messages", '0 ', 'a report of contracts without amounts');
check_page($html, 'without amounts');
is(headlines($html), 'How many subscribe; Who leaves; How long customers stay', 'without amounts: its sections');
unlike($html =~ s{<style>.*?</style>}{}sr, qr/MRR|revenue|not decided/, 'and no word of money');
like($html, qr/What they cost per month is not known, so customers are counted\./, 'which the footer explains');
is(join(' | ', titles($html, 'How many subscribe', $dated) =~ /(\d+ customers?) at its end: /g),
	sql(<<'END'), 'customers by month');
SELECT string_agg(customers(n), ' | ' ORDER BY m)
FROM (SELECT m, count(DISTINCT client) AS n
      FROM generate_series(timestamp '2023-01-01', '2024-08-01', '1 month') AS m,
           LATERAL (SELECT least(m + interval '1 month' - interval '1 day', '2024-08-02') AS day) AS d
           JOIN contracts ON started <= day AND coalesce(ended, 'infinity') > day
      GROUP BY m) AS c
END

# Contracts beside orders; a survey beside contracts
sql(<<'END');
CREATE TABLE orders AS SELECT client, timestamp '2024-05-01' + client * interval '11 hours' AS ordered_at, 5 AS amount
FROM generate_series(1, 150) AS client;
CREATE TABLE survey_answers AS SELECT date '2024-03-01' AS answered_on, 9 AS score;
END
($rc, $html, $messages) = report('postgres', '-v', 'surveys=survey_answers', @firm[ 2 .. $#firm ]);
is("$rc $messages", '0 ', 'a report of contracts and orders');
check_page($html, 'contracts and orders');
like(headlines($html), qr/returns; What they pay per month; .*; Plan by plan; .*What they say; What they are worth;/,
	'has the sections of both');
is(titles($html, 'What they pay per month', $dated), $by_month, 'and the same MRR');
like($html, qr/150 events of .* contracts from contracts\. Of \d+ contracts the amount is not known/,
	'and the footer counts both');
($rc, $html, $messages) = report('postgres', '-v', 'surveys=survey_answers', @firm);
is("$rc $messages", '0 ', 'a report of contracts and a survey');
like(headlines($html), qr/Plan by plan; What they say\z/, 'has both');
($rc, $html, $messages) = report('postgres', '-v', 'orders=');
is("$rc $messages", '0 ', 'a report of nothing');
check_page($html, 'nothing');
like($html, qr/There are neither orders nor contracts/, 'says so');
sql('TRUNCATE orders');
($rc, $html, $messages) = report('postgres', @firm[ 2 .. $#firm ]);
is("$rc $messages", '0 ', 'a report of contracts, and of no orders yet');
check_page($html, 'no orders yet');
like($html, qr{<p>There is no row with a customer and a time in orders before 2024-08-03\.</p>.*<h2>What they pay}s,
	'says so, and has the contracts');

# By default the page is as of the last start that is not in the future
sql(<<'END');
CREATE TABLE later AS SELECT 1 AS client, date '2024-01-05' AS started, NULL::date AS ended, 7 AS monthly
UNION ALL VALUES (2, date '2024-02-10', NULL::date, 5), (3, '2999-01-01', NULL, 99);
END
($rc, $html, $messages) = report('postgres', @money[ 0, 1, 4, 5 ], '-v', 'subscriptions=later');
is("$rc $messages", '0 ', 'a report of a start that is to come');
like($html, qr/as of 2024-02-11:/, 'a start that is to come does not count');
is(tiles($html)->{MRR}, '12.00', 'nor what it will bring');

# Odd contracts: name, rows, headlines, and a sentence
my $months = 'generate_series(1, 50) c';
my $all = 'What they pay per month; How much of it is kept; Who leaves, and what goes with them; '
  . 'How long customers stay; Plan by plan';
my @odd = (
	[ 'no contracts', "1, date '2024-01-01', NULL::date, 5, 'a' WHERE false", '',
		qr{<p>There is no row with a customer and a start in odd\.</p>} ],
	[ 'one contract', "1, date '2024-01-10', NULL::date, 5, 'a'",
		'What they pay per month; How long customers stay; Plan by plan',
		qr/Left out: how much of it is kept, as no month that began with .*; who leaves, as no month has begun/ ],
	[ 'one contract that ended on its day', "1, date '2024-01-10', date '2024-01-10', 5, 'a'", '',
		qr/Nobody had paid for a contract of odd/ ],
	[ 'all ended', "c, date '2023-01-01' + c, date '2023-03-01' + 9 * c, 10, 'a' FROM $months",
		undef, qr/<title>2023-02: 500\.00 from/ ],
	[ 'all ended long ago', "c, date '1999-01-01' + c, date '1999-03-01' + c, 10, 'a' FROM $months",
		'What they pay per month; How much of it is kept; How long customers stay',
		qr/Left out: who leaves, as no month has begun with customers; plan by plan, as nobody pays for one now/,
		'2024-08-03' ],
	[ 'all free', "c, date '2023-01-01' + c, NULL::date, 0, 'a' FROM $months", '',
		qr{<p>Nobody had paid for a contract of odd before 2023-02-21\.</p>} ],
	[ 'discounts alone', "c, date '2023-01-01' + c, NULL::date, -5, 'a' FROM $months", '',
		qr{<p>Nobody had paid for a contract of odd before} ],
	[ 'starts in the future', "c, date '2999-01-01' + c, NULL::date, 5, 'a' FROM $months", '',
		qr{<p>No contract of odd had begun before \d{4}-} ],
	[ 'one month', "c, date '2023-01-01' + c, NULL::date, 5, 'a' FROM generate_series(1, 20) c",
		'What they pay per month; How long customers stay; Plan by plan', qr/2023-01: 100\.00 from 20 customers/ ],
	[ 'three decimals', "c, date '2023-01-01' + 9 * c, NULL::date, 0.001 * c, 'a' FROM $months", $all,
		qr{<span>MRR</span><b[^>]*>1\.28<.*<span>Per customer</span><b[^>]*>0\.026<}s ],
	[ 'trillions', "c, date '2023-01-01' + 9 * c, CASE WHEN c % 3 = 0 THEN date '2023-08-01' + 9 * c END, 1e12 + 0.01,
		'a' FROM $months", $all, qr{<span>MRR</span><b[^>]*>42\.0tn<} ],
	[ 'amounts of 25 digits', "c, date '2023-01-01' + 9 * c, NULL::date, 1e24 + 0.01, 'a' FROM $months", $all,
		qr{<span>MRR</span><b[^>]*>5\.0e\+25<} ],
	[ 'thirds', "c, date '2023-01-01' + 9 * c, NULL::date, c / 3.0, 'a' FROM $months", $all,
		qr{<span>MRR</span><b[^>]*>425\.00<} ],
	[ 'one large amount', "c, date '2023-01-01' + c, CASE WHEN c > 5 THEN date '2023-06-01' + c END,
		CASE c WHEN 1 THEN 123456789.12 ELSE 1 END, 'a' FROM $months", undef, qr/123\.5M/ ],
	[ 'contracts without a plan', "c, date '2023-01-01' + 9 * c, NULL::date, 5, NULL::text FROM $months", undef,
		qr/Left out: plan by plan, as no contract has one\./ ],
	[ 'a hundred plans', "c, date '2023-01-01' + c, NULL::date, c, '<' || c FROM generate_series(1, 100) c", undef,
		qr/The largest 36 of 100\..*<th scope="row">&lt;100</s ]);
for my $case (@odd)
{
	my ($name, $rows, $headlines, $sentence, $as_of) = @$case;
	sql("DROP TABLE IF EXISTS odd; CREATE TABLE odd (client, started, ended, monthly, plan) AS SELECT $rows");
	for my $period ('1 month', '7 days', '1 year')
	{
		($rc, $html, $messages) = report('postgres', @money[ 0, 1, 4, 5 ], '-v', 'subscriptions=odd', '-v', 'plan=plan',
			'-v', "period=$period", '-v', $period eq '1 month' ? 'currency=' : 'currency=EUR ',
			'-v', 'as_of=' . ($as_of // ''));
		is("$rc $messages", '0 ', "$name: a report by $period");
		check_page($html, $name);
		next if $period ne '1 month';
		like($html, $sentence, "$name: has its sentence");
		is(headlines($html), $headlines, "$name: the sections that there are data for") if defined $headlines;
	}
}

# Within the first year the retention of a month is shown
sql("DROP TABLE odd; CREATE TABLE odd (client, started, ended, monthly) AS
     SELECT c, date '2024-01-02', CASE WHEN c < 3 THEN date '2024-03-05' END, 10 FROM generate_series(1, 8) c");
($rc, $html, $messages) = report('postgres', @money, '-v', 'subscriptions=odd', '-v', 'as_of=2024-04-01');
is("$rc $messages", '0 ', 'a report of three months');
is(titles($html, 'How much of it is kept', $dated),
	"2024-02: 100.0% net, 100.0% gross, 8 of 8 customers kept, since 2024-01-31\n"
	. '2024-03: 75.0% net, 75.0% gross, 6 of 8 customers kept, since 2024-02-29', 'has what is kept of each month');
like($html, qr/who paid one month before the end of each month.*twelve months have not passed yet/, 'and says so');

# README's command
sql('ALTER TABLE odd RENAME TO firm_contracts; ALTER TABLE firm_contracts RENAME client TO customer_id;
     ALTER TABLE firm_contracts RENAME monthly TO price; ALTER TABLE firm_contracts ADD plan text');
my ($command) = slurp_file("$root/README.md") =~ /^(psql -X -d firm .*?-o .*?)\n```/ms;
ok($command, 'README has the command');
$command =~ s/-d firm /-d '@{[ $node->connstr('postgres') ]}' /;
$command =~ s/=contracts /=firm_contracts /;
$command =~ s{doc/examples}{$root/doc/examples};
my $dir = PostgreSQL::Test::Utils::tempdir_short();
ok(run([ 'sh', '-c', "cd '$dir' && $command" ], '2>', \$messages), 'which runs') or diag($messages);
is(($html = slurp_file("$dir/report.html")) =~ /<h2>What they pay per month</, 1, 'and makes the page');
is(tiles($html)->{'Per customer'}, '0.83', 'of prices by the year');

$node->stop;
done_testing();

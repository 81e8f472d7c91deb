# The page that doc/examples/report.sql writes: its numbers, its markup, its
# colours, what it does with text that looks like markup; and what the demo
# shows of it and where it puts it.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::Bin;
use IPC::Run qw(run);
use PostgreSQL::Test::Utils;
use ReportTest;
use RetentionTest;
use Test::More;

my $files = PostgreSQL::Test::Utils::tempdir_short();
my $node = start_report_server();

# The shop of four customers whose numbers are known, and a survey
sql(<<'END');
CREATE TABLE orders (customer_id text, ordered_at timestamp, amount numeric);
INSERT INTO orders VALUES
	('<script>a', '2024-01-05', 10), ('<script>a', '2024-02-03', 20), ('<script>a', '2024-03-03', 30),
	('b', '2024-01-31 23:30', 5), ('b', '2024-03-01 00:00', 5),
	('c', '2024-02-10', 1), ('c', '2024-02-11', 2), ('c', '2024-04-02', NULL),
	('d', '2024-03-31 23:30', 17), (NULL, '2024-03-05', 99), ('e', NULL, 99);
CREATE TABLE survey_answers (customer_id text, answered_on date, score integer);
INSERT INTO survey_answers
	SELECT 'a', date '2024-01-10', unnest(ARRAY[10, 9, 9, 8, 7, 6, 0, NULL])
	UNION ALL SELECT 'b', '2024-03-10', 10;
END
my ($rc, $html, $messages)
    = report('postgres', '-v', 'as_of=2024-04-15', '-v', 'surveys=survey_answers', '-v', 'currency=£');
is($rc, 0, 'a report is made');
is($messages, '', 'without any message');
check_page($html, 'report');
is( headlines($html),
	'How many come back; Cohort by cohort; Who comes, stays, goes and returns; What they say; What they are worth; '
	  . 'What they have brought by then; Revenue, cohort by cohort; Whose revenue it is',
	'it has all its sections');
is(heat_map($html), <<'END' =~ s/\n\z//r, 'the cohorts, unfinished cells marked, future ones empty');
2024-01 2 100 50 100 0*
2024-02 1 100 0 100* .
2024-03 1 100 0* . .
All 4 100 33 100 .
END
my $tiles = tiles($html);
is_deeply(
	{ map { $_ => $tiles->{$_} } 'Customers', 'Active', 'Retention', 'Churn', 'Repeat customers',
		'NPS', 'Lifetime value' },
	{ 'Customers' => '4', 'Active' => '3', 'Retention' => '50.0%', 'Churn' => '50.0%',
		'Repeat customers' => '75.0%', 'NPS' => '+25.0', 'Lifetime value' => '£22.50' },
	'the headline numbers, of the last complete month');
like($html, qr/<span>Customers<\/span><b>4<\/b><small>active on 2\.3 days each, on average</,
     'active days are those of one');
my $nps_interval
    = sql(q{SELECT to_char(lower, 'FMS990.0') || ' to ' || to_char(upper, 'FMS990.0') FROM nps_interval((4, 2, 2))});
my $score = qr{<span>NPS</span><b>\+25\.0</b><small>net promoter score, -100 to 100};
like($html, qr{$score \(95%: \Q$nps_interval\E\), of 8 answers<},
     'a score with its interval');
like($html,
     qr/<span>Retention<\/span><b>50\.0%<\/b><small>in 2024-03, of those of the month before \(95%: 9\.5 to 90\.5\)</,
	'with an interval');
like($html, qr/<title>1: 1 of 3, 33\.3% \(95%: 6\.1 to 79\.2\)</, 'a point of the curve, pooled over complete cells');
like($html, qr/<title>2024-01: 2 active, 2 new, 0 retained, 0 back after a pause, 0 churned</, 'the first bar');
like($html, qr/<title>2024-03: 3 active, 1 new, 1 retained, 1 back after a pause, 1 churned</, 'a bar of all states');
my $april = '2024-04: 1 active, 0 new, 0 retained, 1 back after a pause, 3 churned, not over yet';
like($html, qr/<g class="unfinished"><title>$april</,
	'an unfinished bar');
like($html, qr/<title>2024-01: \+14\.3 \(95%: -39\.6 to \+59\.6\), 3 promoters, 2 passives, 2 detractors</,
     'the score of a month');
is(row_of($html, 'nps', 232), 'Jan Feb Mar', 'the months of the survey');
is(row_of($html, 'nps', 268), '+14 +100', 'their scores, none without answers');
is(row_of($html, 'nps', 284) . ' to ' . row_of($html, 'nps', 298), '-40 -48 to +60 +98',
   'their intervals, also on paper');
is(row_of($html, 'nps', 316), '7 0 1', 'and their answers');
is(row_of($html, 'curve', 311), '33% 100%', 'the rates below the curve');
is(row_of($html, 'curve', 328), '3 2', 'of how many customers');
like($html, qr/<span>Average purchase<\/span><b>£10\.00</, 'the parts of the lifetime value');
like($html, qr/£90\.00 of revenue \/ 4 customers</, 'whose revenue leaves NULL amounts out');
my $events = '9 events of 4 customers on 9 customer-days, 2024-01-05 to 2024-04-02';
like($html, qr/As of 2024-04-15, .* $events, from orders; period 1 month\. 8 survey answers/,
	'the footer says what it was made of');
unlike($html, qr/script/i, 'no customer appears in it');

# With subscriptions: how long they last, and whether members come back
sql(<<'END');
CREATE TABLE subscriptions (customer_id text, started date, ended date);
INSERT INTO subscriptions VALUES
	('<script>a', '2024-01-10', NULL), ('b', '2024-01-31', '2024-02-10'), ('c', '2024-02-01', '2024-02-21'),
	('b', '2024-03-16', NULL), ('d', '2024-03-01', 'infinity'), ('c', '2024-04-20', NULL), ('e', '2024-03-16', NULL),
	(NULL, NULL, NULL);
END
my @club = ('-v', 'as_of=2024-04-15', '-v', 'subscriptions=subscriptions', '-v', 'members=<Club>');
($rc, my $stays, $messages) = report('postgres', @club);
is($rc, 0, 'a report with subscriptions is made');
is($messages, '', 'with subscriptions: without any message');
check_page($stays, 'subscriptions');
is( headlines($stays),
	'How many come back; Cohort by cohort; Who comes, stays, goes and returns; How many subscribe; Who leaves; '
	  . 'How long customers stay; &lt;Club&gt; against others; What they are worth; What they have brought by then; '
	  . 'Revenue, cohort by cohort; Whose revenue it is',
	'with subscriptions: four sections more');
is_deeply(
	{ map { $_ => tiles($stays)->{$_} } 'Ever subscribed', 'Median stay', 'Mean stay', '&lt;Club&gt;', 'Others',
	  'Difference' },
	{ 'Ever subscribed' => '5', 'Median stay' => 'not yet', 'Mean stay' => '2.1 months', '&lt;Club&gt;' => '100.0%',
		'Others' => '0.0%', 'Difference' => '+100.0 points' },
	'what they say');
like($stays, qr/2 left at least once, 3 never did.*in the first 96 days, what is later not counted \(error 0\.58\)/s,
     'with what was seen of the curve');
like($stays, qr{>1 of 1 came back<.*>0 of 1 came back<.*>95%: -\d}s, 'and the counts of a difference');
my $steps = '0,14 104.2,14 104.2,66.0 208.3,66.0 208.3,118.0 1000.0,118.0 1000.0,118.0';
like($stays, qr{<polyline class="line" points="\Q$steps\E"/>},
	'the curve goes down in steps, after 10 and 20 of 96 days, from 100% to 80% and 60%');
like($stays, qr{<tr><th scope="row">1</th><td>5</td><td>2</td><td>1</td><td>60\.0%</td>}, 'and has its numbers below');
like($stays, qr/6 contracts from subscriptions\./, 'which the footer counts');
unlike($stays, qr/class="mark"/, 'no median is marked');
sql(q{DELETE FROM subscriptions WHERE ended IS NULL; DELETE FROM subscriptions WHERE customer_id = 'd'});
($rc, $stays) = report('postgres', @club);
check_page($stays, 'ended subscriptions');
is(tiles($stays)->{'Median stay'}, '15.0 days', 'the median of two that ended after 10 and 20 days');
like($stays, qr{<line class="mark" x1="0" x2="75\.00%" y1="144"}, 'is marked');
is(tiles($stays)->{'Mean stay'}, '15.0 days', 'and so is their mean');
is(tiles($stays)->{'Difference'}, undef, 'nobody was a member, so there is nothing to compare');
sql(<<'END');
DELETE FROM subscriptions;
INSERT INTO subscriptions
SELECT m || ' ' || d, d, CASE WHEN m < 4 THEN d + make_interval(months => m) END
FROM generate_series(1, 4) m, unnest(ARRAY[date '2023-07-01', '2023-08-15', '2023-12-31', '2024-01-01']) d;
END
($rc, $stays) = report('postgres', @club);
check_page($stays, 'contracts of whole months');
is(row_of($stays, 'stay', 292), '0 1 2 3 4 5 6 7 8 9', 'contracts of whole months: the months');
is(row_of($stays, 'stay', 311), '100% 75% 50% 25% 25% 25% 25% 25% 25% 25%',
   'a month has ended on its last day, be it the 31st');
like($stays, qr{<tr><th scope="row">1</th><td>16</td><td>4</td>.*<tr><th scope="row">3</th><td>8</td><td>4</td>}s,
     'and has it in the numbers, too');
like($stays, qr/Contracts that follow each other are one stay; who comes back later does not count again\./,
	'they are customers, not contracts');
sql('DELETE FROM subscriptions');
($rc, $stays, $messages) = report('postgres', @club);
is($rc, 0, 'a report of no subscriptions') or diag($messages);
check_page($stays, 'no subscriptions');
unlike($stays, qr/subscribe<|Who leaves|How long|against others/, 'leaves the sections out');
like($stays, qr/Left out: .*contracts, as there is no row with a customer and a start in subscriptions\./, 'says why');
like($stays, qr/ 0 contracts from subscriptions\./, 'and says so');

# Bars stand where their numbers say: on top of each other, on the line
my ($bar) = $html =~ m{<g><title>2024-03: 3 active.*?</title>(.*?)</g>};
my %box
    = map { $_->[0] => $_ } map { [ /class="(\w+)" x="([\d.]+)%" y="([\d.]+)" width="([\d.]+)%" height="([\d.]+)"/ ] }
	$bar =~ m{<rect [^>]*>}g;
cmp_ok(abs($box{retained}[2] + $box{retained}[4] - $box{churned}[2]), '<', 0.3, 'churned hangs where retained stands');
my ($line) = $html =~ m{aria-labelledby="life-title.*?<line class="axis" x1="0" x2="100%" y1="([\d.]+)"}s;
cmp_ok(abs($line - $box{churned}[2]), '<', 0.3, 'and that is the line of 0');
cmp_ok(abs($box{new}[2] + 2 * $box{new}[4] - $box{retained}[2]), '<', 0.3,
       'new stands on resurrected, that on retained');
cmp_ok(abs($box{new}[4] - $box{churned}[4]), '<', 0.2, 'one customer is as high as another');

# Colours: text can be read on them, and they darken steadily, also in grey
sub luminance
{
	my @rgb = map { hex() / 255 } $_[0] =~ /\A([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})\z/;
	my @linear = map { $_ <= 0.04045 ? $_ / 12.92 : (($_ + 0.055) / 1.055)**2.4 } @rgb;
	return 0.2126 * $linear[0] + 0.7152 * $linear[1] + 0.0722 * $linear[2];
}
sub contrast
{
	my ($dark, $light) = sort { $a <=> $b } map { luminance(length == 3 ? s/(.)/$1$1/gr : $_) } @_;
	return ($light + 0.05) / ($dark + 0.05);
}
my @roots = map { +{ m{--(\w+): #(\w+);}g } } $html =~ m{:root \{(.*?)\}}sg;
my @colours = $html =~ /^(\.c\d+ \{.*)$/mg;
is(scalar @roots, 2, 'colours for light and dark screens');
is(scalar @colours, 2 * 101, 'shades from 0 to 100 of both');
for my $scheme ('light', 'dark')
{
	my ($worst, $steady, $before) = (21, 1);
	for (splice @colours, 0, 101)
	{
		my ($back, $text) = /background: #([0-9a-f]{6}); color: #([0-9a-f]{3});/ or die $_;
		my $contrast = contrast($back, $text);
		$worst = $contrast if $contrast < $worst;
		my $step = defined $before ? luminance($back) - $before : $scheme eq 'dark' ? 1 : -1;
		$steady = 0 if $scheme eq 'dark' ? $step <= 0 : $step >= 0;
		$before = luminance($back);
	}
	cmp_ok($worst, '>', 4.5, "$scheme: the contrast of a number and its cell");
	ok($steady, "$scheme: each shade differs from the one below in the same direction");
	my $colour = shift @roots;
	for my $pair ([ 'page', 'ink' ], [ 'page', 'soft' ], [ 'page', 'link' ], [ 'all', 'soft' ], [ 'open', 'soft' ],
	              [ 'hatch', 'soft' ])
	{
		cmp_ok(contrast(@$colour{@$pair}), '>', 4.5, "$scheme: text can be read: $pair->[1] on $pair->[0]");
	}
	for my $name ('most', 'lost', 'outline')
	{
		cmp_ok(contrast(@$colour{ 'page', $name }), '>', 3, "$scheme: shapes can be seen: $name");
	}
	cmp_ok(contrast(@$colour{@$_}), '>', 1.5, "$scheme: neighbours can be told apart: @$_")
	  for [ 'most', 'new' ], [ 'most', 'back' ], [ 'new', 'back' ], [ 'most', 'mild' ], [ 'mild', 'lost' ],
	  [ 'lost', 'less' ];
}
like($html, qr/^\@media screen and \(prefers-color-scheme: dark\)/m, 'paper is never dark');
unlike($html, qr/prefers-color-scheme: dark\)(?<!screen and \(prefers-color-scheme: dark\))/, 'nowhere');
unlike(($html =~ m{^(main \{.*\})$}m)[0], qr/min-width/, 'the page is as narrow as the screen');

# A report as of a day in the past is what was known then
my (undef, $past) = report('postgres', '-v', 'as_of=2024-03-01', '-v', 'surveys=survey_answers');
sql(<<'END');
CREATE DATABASE past TEMPLATE postgres;
\c past
DELETE FROM orders WHERE ordered_at >= '2024-03-01';
DELETE FROM survey_answers WHERE answered_on >= '2024-03-01';
END
my (undef, $then) = report('past', '-v', 'as_of=2024-03-01', '-v', 'surveys=survey_answers');
is($past, $then, 'what is later than as_of makes no difference');
is(heat_map($past), "2024-01 2 100 50\n2024-02 1 100 .\nAll 3 100 50", 'to the cohorts either');

# Another table: other names, other types, the extension in another schema
sql('CREATE DATABASE other');
$node->safe_psql('other', <<'END');
CREATE SCHEMA analytics;
CREATE EXTENSION retention SCHEMA analytics;
CREATE SCHEMA "the ""<i>shop";
CREATE TABLE "the ""<i>shop"."<b>&visits" ("User ID" uuid, "when" timestamptz, pages integer);
INSERT INTO "the ""<i>shop"."<b>&visits"
	SELECT md5(c::text)::uuid, timestamptz '2024-01-01 12:00+00' + make_interval(days => d), 1
	FROM (VALUES (1, 0), (1, 7), (1, 8), (2, 1), (2, 15), (3, 9)) AS v(c, d);
END
my @options = ('-v', 'orders="the ""<i>shop"."<b>&visits"', '-v', 'customer="User ID"', '-v', 'at="when"', '-v',
               'period=7 days');
($rc, $html, $messages) = report('other', @options,
	'-v', qq(title=<script>alert('1')</script> & "quotes" \x01 %s \\n :x), '-v', 'currency=<u>');
is($rc, 0, 'a report of other names, without amounts and surveys, the extension in another schema');
is($messages, '', 'without any message');
check_page($html, 'other names');
like($html, qr{<h1>&lt;script&gt;alert\('1'\)&lt;/script&gt; &amp; &quot;quotes&quot;   %s \\n :x</h1>},
     'the title is shown as it is');
like($html, qr/from &quot;the &quot;&quot;&lt;i&gt;shop&quot;\.&quot;&lt;b&gt;&amp;visits&quot;; period 7 days\./,
     'so is the table');
is(headlines($html), 'How many come back; Cohort by cohort; Who comes, stays, goes and returns',
   'only what there are data for');
is( heat_map($html),
	"2024-01-01 2 100 50 50*\n2024-01-08 1 100 0* .\nAll 3 100 50 .", 'cohorts of weeks, up to the day after the last');
ok(!exists tiles($html)->{'Lifetime value'}, 'no value without amounts');
($rc, $html) = report('other', @options, '-v', 'amount=pages * 2.5', '-v', 'currency=<u>');
is(tiles($html)->{'Lifetime value'}, '&lt;u&gt;5.00', 'an amount may be an expression');
is(tiles($html)->{'Average purchase'}, '&lt;u&gt;2.50', 'and its currency any text');
check_page($html, 'an expression');
($rc, $html, $messages) = report('other', @options[ 2 .. 5 ], '-v', 'amount=', '-v',
	'orders=(SELECT * FROM "the ""<i>shop"."<b>&visits" WHERE pages > 0) AS seen');
is($rc, 0, 'orders may be a query') or diag($messages);
check_page($html, 'a query');
is(heat_map($html), "2024-01 3 100*\nAll 3 .", 'and one unfinished month has a row, but no rate');
is(tiles($html)->{Customers}, '3', 'and its headline');

# Enough customers for segments, and for a model: each buys at a pace of his own
# and leaves after some purchases
$node->safe_psql('other', <<'END');
CREATE FUNCTION noise(n bigint, stream bigint) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT
	RETURN ((hashint8extended(n, stream) & 4294967295) + 0.5) / 4294967296;
CREATE TABLE purchases AS
SELECT c AS customer_id, date '2023-01-01' + floor(500 * noise(c, 1) + days)::int AS ordered_at,
       10 + 40 * noise(c * 100 + k, 5) AS amount
FROM (SELECT c, k,
             sum(CASE WHEN k > 0 THEN -25 * ln(noise(c * 100 + k, 2)) / -ln(noise(c, 3)) ELSE 0 END)
                 OVER (PARTITION BY c ORDER BY k) AS days
      FROM generate_series(1, 600) AS c,
           generate_series(0, least(50, floor(ln(noise(c, 4)) / ln(noise(c, 6)) * 2))::int) AS k) AS p
WHERE 500 * noise(c, 1) + days < 600;
END
($rc, $html, $messages) = report('other', '-v', 'orders=purchases');
is($rc, 0, 'a report of 600 customers') or diag($messages);
is($messages, '', 'of 600 customers: without any message');
check_page($html, '600 customers');
is(headlines($html),
   'How many come back; Cohort by cohort; Who comes, stays, goes and returns; What they are worth; What they have '
	 . 'brought by then; Revenue, cohort by cohort; Whose revenue it is; How much the best of them bring; '
	 . 'Who will come back; Does the model fit; How often they buy, and should; Who is about to leave',
	'of 600 customers: has five sections more');
my $interval = $node->safe_psql('other', <<'END');
SELECT format('%s to %s', round((m - e)::numeric, 2), round((m + e)::numeric, 2))
FROM (SELECT avg(v) AS m, 1.96 * stddev_samp(v) / sqrt(count(*)) AS e
      FROM (SELECT sum(amount) FROM purchases GROUP BY customer_id) AS s(v)) AS i;
END
is(scalar(() = $html =~ /\(95%: \Q$interval\E\)/g), 2, 'of 600 customers: where the lifetime value may lie');
my $expected = $node->safe_psql('other', <<'END');
SET search_path = analytics, public;
CREATE TEMP TABLE c AS
	SELECT rfm_summary(ordered_at, amount, (SELECT max(ordered_at) + 1 FROM purchases)) AS s
	FROM purchases GROUP BY customer_id;
SELECT round(sum(p_alive(m, s))), round(sum(expected_purchases(m, s, '90 days')))
FROM c, (SELECT fit_mbgnbd((s).frequency, (s).recency, (s).age) AS m FROM c) AS f;
END
is(join('|', @{ tiles($html) }{ 'Still customers', 'Expected purchases' }), $expected, 'what the model expects');
like(tiles($html)->{'Back-test'}, qr/^[-+]\d+\.\d%$/, 'and how well it did');
my %segment = $html =~ /<tr title="([a-z ]+): (\d+) of 600 customers, \d+\.\d% of the revenue"/g;
cmp_ok(scalar keys %segment, '>', 4, 'the segments');
my $total = 0;
$total += $_ for values %segment;
is($total, 600, 'and everybody is in one');
$node->safe_psql('other', 'DELETE FROM purchases WHERE customer_id > 99');
($rc, $html) = report('other', '-v', 'orders=purchases');
unlike($html, qr/<h2>Who will come back/, '99 customers are too few');
like($html, qr/Left out: who will come back, which takes 100 customers\./, 'which is said');

# A model that finds nothing says so
$node->safe_psql('other', q{
CREATE TABLE once AS
	SELECT c AS customer_id, date '2024-01-01' + c % 90 AS ordered_at, 5 AS amount FROM generate_series(1, 200) c});
($rc, $html, $messages) = report('other', '-v', 'orders=once');
is($rc, 0, 'a report of customers who never came back') or diag($messages);
is($messages, '', 'of customers who never came back: without any message');
check_page($html, 'never back');
like($html, qr/What comes next is left out: the purchase model \(MBG\/NBD\) found no parameters that fit best/,
     'says that there is no model');
unlike($html, qr/Expected purchases|expected purchases/, 'and shows none of its numbers');
$node->safe_psql('other',
                 q{INSERT INTO once SELECT customer_id, ordered_at + 7, 5 FROM once WHERE customer_id % 3 = 0});
$node->safe_psql('other',
                 q{INSERT INTO once SELECT customer_id, ordered_at + 21, 5 FROM once WHERE customer_id % 9 = 0});
($rc, $html, $messages) = report('other', '-v', 'orders=once');
is($rc, 0, 'a report of customers who all pay the same') or diag($messages);
check_page($html, 'same pay');
like($html, qr/is left out: /, 'says which model is missing');
ok(!exists tiles($html)->{'Expected revenue'}, 'and leaves its numbers out');

# The smallest reports
$node->safe_psql('other', 'CREATE TABLE visits (customer_id int, ordered_at date)');
($rc, $html, $messages) = report('other', '-v', 'orders=visits');
is($rc, 0, 'a report of an empty table') or diag($messages);
check_page($html, 'empty');
like($html, qr/<p>There is no row with a customer and a time in visits\.</, 'says that there is nothing');
is(headlines($html), '', 'and nothing else');
like($html, qr{<footer><p>0 events of 0 customers}, 'as of no day');
$node->safe_psql('other', q{INSERT INTO visits VALUES (1, '2024-02-29')});
($rc, $html, $messages) = report('other', '-v', 'orders=visits', '-v', 'as_of=2025-01-01', '-v', 'period=1 year');
is($rc, 0, 'a report of one row') or diag($messages);
check_page($html, 'one row');
is(heat_map($html), "2024 1 100\nAll 1 100", 'one cell');
($rc, $html, $messages) = report('other', '-v', 'orders=visits', '-v', 'as_of=2044-01-15', '-v', 'period=2 months');
is($rc, 0, 'a report of long ago') or diag($messages);
check_page($html, 'long ago');
like($html, qr/By periods of 2 months, as of 2044-01-15:/, 'its period has no name');
like($html, qr/<title>2043-11: 0 active, 0 new, 0 retained, 0 back after a pause, 0 churned</,
     'of bars without height');
($rc, $html, $messages) = report('other', '-v', 'orders=visits', '-v', 'as_of=2004-01-01');
is($rc, 0, 'a report of a time before') or diag($messages);
check_page($html, 'a time before');
like($html, qr/As of 2004-01-01, .* 0 events of 0 customers on 0 customer-days, from visits;/, 'counts nothing');
like($html, qr/There is no row with a customer and a time in visits before 2004-01-01\./, 'and says before when');
($rc, $html, $messages) = report('other', '-v', 'orders=visits');
is($rc, 0, 'a report of one row and no options') or diag($messages);
check_page($html, 'one row, no options');
like($html, qr/Left out: how many come back, as no month after a first one is over; who will/,
     'says what it leaves out');

# A refund is not a purchase: it lowers revenue, and nobody comes back with one
$node->safe_psql('other', <<'END');
CREATE TABLE refunds (customer_id text, ordered_at timestamp, amount numeric);
INSERT INTO refunds VALUES
	('a', '2024-01-05', 50), ('a', '2024-02-05', -50), ('b', '2024-01-06', 50), ('b', '2024-02-06', 30),
	('c', '2024-01-07', 50), ('c', '2024-02-07', 30), ('c', '2024-03-08', -30), ('d', '2024-01-09', 0),
	('d', '2024-02-09', NULL),
	('e', '2024-03-01', -5);
END
($rc, $html, $messages) = report('other', '-v', 'orders=refunds', '-v', 'as_of=2024-04-01');
is($rc, 0, 'a report with refunds') or diag($messages);
check_page($html, 'refunds');
is(heat_map($html), "2024-01 4 100 75 0\nAll 4 100 75 0", 'nobody comes back with a refund, but with a purchase of 0');
is(tiles($html)->{Customers}, '4', 'nor becomes a customer');
like($html, qr/7 events of 4 customers on 7 customer-days and 3 refunds/, 'the footer counts them apart');
is(tiles($html)->{'Average purchase'}, '18.57', 'they lower what a purchase brings');
is(tiles($html)->{'Lifetime value'}, '32.50', 'and what a customer is worth');
like($html, qr/<small>7 purchases</, 'and there are fewer of them');

# Whatever the types of the columns, the same page
my %same;
for my $types ([ 'date', 'numeric' ], [ 'timestamp', 'double precision' ], [ 'timestamptz', 'integer' ],
               [ 'timestamptz', 'money' ])
{
	my ($at, $amount) = @$types;
	$node->safe_psql('other', qq{
DROP TABLE IF EXISTS typed;
CREATE TABLE typed AS SELECT customer_id, ordered_at::$at, (5 * customer_id)::$amount AS amount FROM once});
	($rc, $html, $messages) = report('other', '-v', 'orders=typed');
	is("$rc $messages", '0 ', "a report of $at and $amount");
	$same{$html}++;
}
is(scalar keys %same, 1, 'they are the same');

# Amounts of any size fit their tiles
for my $case ([ 1e-2, '0.42' ], [ 1, '42.35' ], [ 1e3, '42,353' ], [ 1e6, '42.4M' ], [ 1e9, '42.4bn' ],
              [ 1e13, '423.5tn' ], [ 1e20, '4.2e+21' ])
{
	my ($factor, $value) = @$case;
	my $visits = "(SELECT customer_id, ordered_at, $factor * 4.235294 * 1e1 AS amount FROM visits) AS v";
	($rc, $html, $messages) = report('other', '-v', "orders=$visits");
	is($rc, 0, "a report of amounts x $factor") or diag($messages);
	check_page($html, "amounts x $factor");
	is(tiles($html)->{'Lifetime value'}, $value, "amounts x $factor: the lifetime value");
}

# README's command: yesterday's report stays until today's is whole
my ($command) = slurp_file("$root/README.md") =~ /^(psql -X -d shop .*?-o .*?)\n```/ms;
ok($command, 'README has the command');
$node->safe_psql('other', q{
CREATE TABLE survey_answers (score int, answered_on date);
CREATE TABLE subscriptions (customer_id int, started date, ended date);
CREATE TABLE customers (customer_id int, name text)});
$command =~ s/-d shop /-d '@{[ $node->connstr('other') ]}' /;
$command =~ s/orders=orders/orders=\$ORDERS/;
$command =~ s/ amount=amount/ amount=/;
$command =~ s{doc/examples}{$root/doc/examples};
mkdir "$files/daily";
append_to_file("$files/daily/report.html", "yesterday\n");
$ENV{ORDERS} = 'nowhere';
isnt(run([ 'sh', '-c', "cd '$files/daily' && $command" ], '2>', \$messages), 1, 'a report that cannot be made fails');
is(slurp_file("$files/daily/report.html"), "yesterday\n", 'and that of yesterday is still there');
$ENV{ORDERS} = 'visits';
ok(run([ 'sh', '-c', "cd '$files/daily' && $command" ], '2>', \$messages), 'one that can takes its place')
    or diag($messages);
like(slurp_file("$files/daily/report.html"), qr{<h1>Our shop</h1>.*</html>\n\z}s, 'whole');
is(join(' ', map { s{.*/}{}r } glob "$files/daily/*"), 'report.html', 'and nothing is left beside it');

# The largest: the latest rows, the first columns
$node->safe_psql('other',
                 q{INSERT INTO visits
                   SELECT c, date '2023-01-01' + c + d
                   FROM generate_series(1, 400) c, generate_series(0, c % 40) d});
($rc, $html, $messages)
    = report('other', '-v', 'orders=visits', '-v', 'period=1 day', '-v', 'bins=30', '-v', 'ages=12');
is($rc, 0, 'a report of many periods') or diag($messages);
check_page($html, 'many periods');
my @rows = split /\n/, heat_map($html);
is(scalar @rows, 31, 'the latest cohorts');
like($html, qr/The latest 30 of 400 cohorts\./, 'which is said');
is(scalar(() = $rows[0] =~ / /g), 14, 'the first ages');
is(scalar(() = $html =~ /<g(?: class="unfinished")?><title>\d{4}-\d\d-\d\d: /g), 30, 'the latest bars');

# What cannot be done fails
sql('CREATE DATABASE bare');
($rc, $html, $messages) = report('bare');
isnt($rc, 0, 'without the extension: fails');
like($messages, qr/hint: this database lacks the extension: CREATE EXTENSION retention/,
     'without the extension: says so');
($rc, $html, $messages) = report('postgres', '-v', 'customer=nobody');
isnt($rc, 0, 'a column that is not there: fails');
like($messages, qr/column "nobody" does not exist/, 'a column that is not there: says so');
($rc, $html, $messages) = report('postgres', '-v', 'period=1 month 1 day');
isnt($rc, 0, 'a period that is none: fails');

# The demo writes the page where it is told, and over nothing but its own
prepare_demos(PostgreSQL::Test::Utils::tempdir_short());

append_to_file("$files/orders.csv", "customer,time,amount\n1,2024-01-05,10\n1,2024-02-10,50\n2,2024-02-15,5\n");
append_to_file("$files/notes.html", "<html>not ours\n");
mkdir "$files/dir";
my @demo = ("ORDERS=$files/orders.csv");
for my $case (
	[ 'a file of somebody else', 'notes.html',
	  qr/notes\.html is there and not a report made by this demo: .*OUT=path/ ],
	[ 'a directory', 'dir', qr/dir is not a file/ ],
	[ 'a missing directory', 'nowhere/report.html', qr/nowhere\/report\.html cannot be written/ ])
{
	my ($name, $out_file, $message) = @$case;
	my ($status, $out, $err) = make_demo($files, @demo, "OUT=$out_file");
	isnt($status, 0, "$name: the demo fails");
	like($err, $message, "$name: and says why");
	is($out, '', "$name: before it does anything");
}
is(slurp_file("$files/notes.html"), "<html>not ours\n", 'and the file is as it was');
for my $time ('written', 'written again')
{
	my ($status, $out, $err) = make_demo($files, @demo, 'OUT=dir/my report.html');
	is($status, 0, "the page is $time") or diag($err);
	like($out, qr{: \S*\Q$files\E/dir/my report\.html$}m, 'where it was told');
	like($out, qr/^ cohort +size +\| +0 +\| +1 +\n.*\n 2024-01 +1 +\| 100 +\| 100\* *\n 2024-02 +1 +\| 100\* +\| *$/m,
		'the terminal shows the cohorts, unfinished cells marked');
	like($out, qr/^ 2024-02 +\| +2 +\| +1 +\| +1 +\| +0 +\| +0 +\| +0 +\| +- +\| +- *$/m, 'the lifecycle');
	like($out, qr/^ +0 +\| +1 +\| +1 +\| +100\.0 +\| +20\.7 +\| +100\.0 *$/m, 'and the curve');
	my $written = slurp_file("$files/dir/my report.html");
	check_page($written, 'demo');
	like($written, qr{<h1>Customer retention: orders\.csv</h1>}, 'with a title');
	is(heat_map($written), "2024-01 1 100 100*\n2024-02 1 100* .\nAll 2 100 .", 'and the numbers');
	is(join(' ', map { s{.*/}{}r } glob "'$files/dir/*'"), 'my report.html', 'and nothing beside it');
	is((stat "$files/dir/my report.html")[2] & 07777, 0666 & ~umask, 'for whom new files are');
	append_to_file("$files/dir/my report.html", '<!-- to be replaced -->');
	link "$files/dir/my report.html", "$files/yesterday.html" or die $! if $time eq 'written';
}
like(slurp_file("$files/yesterday.html"), qr{<!-- to be replaced -->\z},
     'the page of before was replaced in one step, not written into');
symlink 'dir/my report.html', "$files/link.html" or die $!;
my ($linked, $said, $complaint) = make_demo($files, @demo, 'OUT=link.html');
is($linked, 0, 'a link is followed') or diag($complaint);
ok(-l "$files/link.html", 'and stays one');
unlike(slurp_file("$files/dir/my report.html"), qr/to be replaced/, 'to the new page');

$node->stop;
done_testing();

# Events on the page of the report: each number of the funnel, of its periods, of returns
# and of what happened against plain SQL over the rows; periods that are not over; and odd
# tables, of which each section has its numbers or a sentence says why it is left out.
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

sub round
{
	return int($_[0] + 0.5);
}

# How a duration is written
sub duration
{
	my ($s) = @_;
	return 'at once' if $s == 0;
	return 'under 1 s' if $s < 0.5;
	return round($s) . ' s' if round($s) < 60;
	if (round($s) < 600)
	{
		my ($min, $sec) = (int(round($s) / 60), round($s) % 60);
		return "$min min" . ($sec ? " $sec s" : '');
	}
	my $min = round($s / 60);
	return "$min min" if $min < 60;
	return int($min / 60) . ' h' . ($min % 60 ? ' ' . $min % 60 . ' min' : '') if $min < 48 * 60;
	my $days = round($s / 8640) / 10;
	return $days == 1 ? '1 day' : "$days days";
}

# 300 people with up to 14 events at whole minutes, so that some are at once; twice, of
# nobody, without a time or a name, and after the day of the report
sql(<<'END');
CREATE FUNCTION noise(n bigint, stream bigint) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT
	RETURN ((hashint8extended(n, stream) & 4294967295) + 0.5) / 4294967296;
CREATE TABLE happened AS
SELECT p AS client, date_trunc('minute', timestamp '2024-01-03' + interval '1 day' * (212 * noise(p, 1)
           + CASE WHEN noise(n, 2) < 0.3 THEN 0 ELSE 12 * noise(n, 3) ^ 3 END)) AS happened_at,
       (ARRAY['visit', 'visit', 'visit', 'sign <up>', 'sign <up>', 'order', 'order', 'other'])
           [1 + floor(8 * noise(n, 4))::int] AS event
FROM generate_series(1, 300) AS p, generate_series(0, floor(14 * noise(p, 5))::int) AS k,
     LATERAL (SELECT p * 100 + k AS n) AS n;
INSERT INTO happened SELECT * FROM happened WHERE noise(client, 6) < 0.2;
INSERT INTO happened VALUES (NULL, '2024-03-01', 'visit'), (1, NULL, 'visit'), (1, '2024-03-01', NULL),
	(1, 'infinity', 'visit'), (2, '-infinity', 'order'), (3, '2024-12-24', 'visit');

-- Each attempt with the times of its steps: visit, sign up, order, order
CREATE TABLE known AS
SELECT DISTINCT client, happened_at AS at, event FROM happened
WHERE client IS NOT NULL AND isfinite(happened_at) AND event IS NOT NULL AND happened_at < '2024-08-03';
CREATE TABLE attempts AS
SELECT client, bin, ARRAY[t1, t2, t3, t4] AS t, num_nonnulls(t1, t2, t3, t4) AS depth,
       t1 + interval '5 days' <= '2024-08-03' AS is_known
FROM (SELECT client, at AS t1, date_trunc('week', at)::date AS bin FROM known WHERE event = 'visit') AS a,
     LATERAL (SELECT min(at) AS t2 FROM known AS k
              WHERE k.client = a.client AND event = 'sign <up>' AND at >= t1 AND at < t1 + interval '5 days') AS b,
     LATERAL (SELECT min(at) AS t3 FROM known AS k
              WHERE k.client = a.client AND event = 'order' AND at >= t2 AND at < t1 + interval '5 days') AS c,
     LATERAL (SELECT min(at) AS t4 FROM known AS k
              WHERE k.client = a.client AND event = 'order' AND at > t3 AND at < t1 + interval '5 days') AS d;

CREATE FUNCTION customers(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN n || CASE n WHEN 1 THEN ' customer' ELSE ' customers' END;
CREATE FUNCTION percent(part numeric, whole numeric) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN round(100 * part / nullif(whole, 0), 1) || '%';
-- Wilson's limits, side -1 or 1
CREATE FUNCTION wilson(k numeric, n numeric, side int) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN round(100 * (k + 1.920729 + side * 1.959964 * sqrt(k * (n - k) / nullif(n, 0) + 0.960365))
	             / (n + 3.841459), 1)::text;
CREATE FUNCTION ci(k numeric, n numeric) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN format('(95%%: %s to %s)', wilson(k, n, -1), wilson(k, n, 1));
END

my @app = ('-v', 'orders=', '-v', 'events=happened', '-v', 'customer=client',
	'-v', 'steps={visit,sign <up>,order,order}', '-v', 'within=5 days', '-v', 'period=7 days',
	'-v', 'as_of=2024-08-03');
my @returns = ('-v', 'starts=sign <up>', '-v', 'ages=9');
my $all = 'How far they get; How many finish, by week; How many return; Returns, cohort by cohort; What happened';

for my $attempt ('best', 'first')
{
	($rc, $html, $messages) = report('postgres', @app, @returns, '-v', "attempt=$attempt");
	is("$rc $messages", '0 ', "$attempt: a report of events alone");
	check_page($html, $attempt);
	is(headlines($html), $all, "$attempt: has its sections");
	unlike($html, qr/Left out/, "$attempt: leaves nothing out");

	# The attempt that counts, of each customer, and of each in a week
	my $rank = $attempt eq 'best' ? 'is_known DESC, depth DESC, t[1]' : 't[1]';
	sql(<<"END");
DROP TABLE IF EXISTS counted, counted_by_week;
CREATE TABLE counted AS SELECT * FROM (
	SELECT DISTINCT ON (client) * FROM attempts ORDER BY client, $rank) AS c WHERE is_known;
CREATE TABLE counted_by_week AS SELECT * FROM (
	SELECT DISTINCT ON (client@{[ $attempt eq 'best' ? ', bin' : '' ]}) * FROM attempts
	ORDER BY client@{[ $attempt eq 'best' ? ', bin' : '' ]}, $rank) AS c;
END
	my @steps = map { [ split /\|/ ] } split /\n/, sql(<<'END');
SELECT step, (ARRAY['visit', 'sign &lt;up&gt;', 'order', 'order'])[step], n, customers(n), percent(n, base),
       ci(n, base), wilson(n, base, -1), wilson(n, base, 1), percent(n, before), before - n, after, total
FROM (SELECT step, count(*) FILTER (WHERE depth >= step) AS n, count(*) AS base,
             count(*) FILTER (WHERE depth >= step - 1) AS before,
             extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY t[step] - t[step - 1])) AS after,
             extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY t[step] - t[1])) AS total
      FROM counted, generate_series(1, 4) AS step GROUP BY step) AS s
ORDER BY step
END
	my (@titles, @numbers, @below);
	for my $step (@steps)
	{
		my ($i, $name, $n, $customers, $rate, $ci, $lower, $upper, $of_before, $lost, $after, $total) = @$step;
		my ($took, $took_all) = $i > 1 ? map { duration($_) } $after, $total : ('', '');
		my $before = $i - 1;
		push @titles, "$i. $name: $customers, $rate of all" . ($i == 1 ? ''
			: " $ci, $of_before of step $before; median $took after it, $took_all after the start");
		push @numbers, join '|', $i, $name, $n, $rate,
		  $i == 1 ? ('') x 6 : ("$lower%", "$upper%", $of_before, $lost, $took, $took_all);
		push @below, "$of_before of step $before, after $took"
		  . ($i > 2 ? "; $took_all after the start" : '') if $i > 1;
	}
	is(titles($html, 'How far they get'), join("\n", @titles), "$attempt: the funnel");
	my $numbers = join "\n", map { s/\|+\z//r } @numbers;
	is(table_rows($html, 'How far they get') =~ s/\|+$//gmr, $numbers, "$attempt: and its table");
	my $chart = section($html, 'How far they get');
	is(join("\n", map { s/<[^>]+>//gr } $chart =~ m{<text class="soft" x="0"[^>]*>(.*?)</text>}g), join("\n", @below),
		"$attempt: the rates between the steps, and the times");
	is(join(' ', $chart =~ m{<text class="end" x="100%"[^>]*>([\d,]+)<}g), join(' ', map { $_->[2] } @steps),
		"$attempt: customers at the bars");
	is(join(' ', $chart =~ m{<text class="strong end" x="-12"[^>]*>(.*?)<}g), join(' ', map { $_->[4] } @steps),
		"$attempt: shares at the bars");
	my @widths = $chart =~ m{<rect class="retained" x="0" y="[\d.]+" width="([\d.]+)%"}g;
	is(scalar(grep { abs($widths[$_] - ($steps[$_][4] =~ /([\d.]+)/)[0]) > 0.06 } 0 .. 3), 0,
		"$attempt: bars as long as their shares");
	my $tiles = tiles($html);
	my ($worst) = sort { ($a->[8] =~ /(.*)%/)[0] <=> ($b->[8] =~ /(.*)%/)[0] } @steps[ 1 .. 3 ];
	is(join(', ', @$tiles{ 'Began', 'Finished', 'Conversion', 'Time to finish', 'Narrowest step' }),
		join(', ', $steps[0][2], $steps[3][2], $steps[3][4], duration($steps[3][11]), $worst->[8]), "$attempt: tiles");

	# By the week of the start
	sql(<<'END');
DROP TABLE IF EXISTS weeks;
CREATE TABLE weeks AS
SELECT w, step, w + 12 <= '2024-08-03' AS is_over, count(*) FILTER (WHERE is_known) AS base,
       count(*) FILTER (WHERE is_known AND depth >= step) AS n
FROM (SELECT w::date FROM (SELECT min(bin)::timestamp AS first, max(bin)::timestamp AS last FROM counted_by_week) AS s,
                          generate_series(first, last, '7 days') AS w) AS w
     LEFT JOIN counted_by_week ON bin = w, generate_series(1, 4) AS step
GROUP BY w, step;
END
	my $weeks = sql(<<'END');
SELECT string_agg(format('%s: %s%s of %s%s', w, CASE WHEN is_over THEN '' ELSE 'so far ' END, n, customers(base),
                         CASE WHEN NOT is_over THEN ', not over yet'
                              WHEN base > 0 THEN format(', %s %s', percent(n, base), ci(n, base)) END),
                  E'\n' ORDER BY w)
FROM weeks WHERE step = 4
END
	is(titles($html, 'How many finish, by week'), $weeks, "$attempt: by week");
	my @unfinished = grep { /not over yet/ } split /\n/, $weeks;
	is(join("\n", section($html, 'How many finish, by week') =~ m{<g class="unfinished"><title>(.*?)</title>}g),
		join("\n", @unfinished), "$attempt: weeks that are not over are pale");
	cmp_ok(scalar @unfinished, '>', 0, "$attempt: there are some");
	is(table_rows($html, 'How many finish, by week'), sql(<<'END'), "$attempt: and their table");
SELECT string_agg(format('%s|%s%s', w, base, rest), E'\n' ORDER BY w)
FROM (SELECT w, max(base) || CASE WHEN is_over THEN '' ELSE ', not over yet' END AS base,
             string_agg('|' || n || CASE WHEN is_over THEN coalesce(', ' || percent(n, base), '') ELSE ' so far' END,
                        '' ORDER BY step) FILTER (WHERE step > 1) AS rest
      FROM weeks GROUP BY w, is_over) AS r
END
	my @rates = $weeks =~ /, ([\d.]+)% \(95/g;
	my @shown = split ' ', row_of($html, 'attempts', 327);
	is(scalar(grep { my $rate = $_; !grep { $_ == $rate } @rates } @shown), 0, "$attempt: rates below the bars");
	cmp_ok(scalar @shown, '>', 10, "$attempt: of many weeks");
}

# Returns
sql(<<'END');
CREATE TABLE cells AS
SELECT cohort, age, is_over, count(*) AS n, count(*) FILTER (
           WHERE EXISTS (SELECT FROM known AS k WHERE k.client = s.client AND event = 'order' AND at::date >= day
                         AND date_trunc('week', at)::date = cohort + 7 * age)) AS back
FROM (SELECT client, min(at)::date AS day, date_trunc('week', min(at))::date AS cohort FROM known
      WHERE event = 'sign <up>' GROUP BY client) AS s,
     generate_series(0, 9) AS age, LATERAL (SELECT cohort + 7 * age + 7 <= '2024-08-03' AS is_over) AS o
WHERE cohort + 7 * age < '2024-08-03' GROUP BY cohort, age, is_over;
CREATE TABLE pooled AS SELECT age, sum(n) AS n, sum(back) AS back FROM cells WHERE is_over GROUP BY age;
CREATE FUNCTION share(k numeric, n numeric) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN k > 0 AND round(100 * k / n) = 0 THEN '&lt;1' ELSE round(100 * k / n)::text END;
END
is(heat_map(section($html, 'Returns, cohort by cohort'), 0), sql(<<'END'), 'returns by cohort, also in the first week');
SELECT string_agg(format('%s %s %s', cohort, n, cells), E'\n' ORDER BY cohort)
       || E'\nAll ' || sum(n) || ' ' || (SELECT string_agg(share(back, n), ' ' ORDER BY age) FROM pooled)
FROM (SELECT cohort, max(n) AS n,
             string_agg(share(back, n) || CASE WHEN is_over THEN '' ELSE '*' END, ' ' ORDER BY age)
             || repeat(' .', 10 - count(*)::int) AS cells
      FROM cells GROUP BY cohort) AS c
END
is(titles($html, 'How many return'), sql(<<'END'), 'and of all cohorts');
SELECT string_agg(format('%s: %s of %s, %s %s', age, back, n, percent(back, n), ci(back, n)), E'\n' ORDER BY age)
FROM pooled
END

# What happened
my $share = qr{<td class="share">.*?</i>([\d.]+%)</div></td>};
my $cell = qr{<td>([^<]*)</td>};
my @happened;
my $table = section($html, 'What happened');
push @happened, "$1 $2 $3 $4 $5" while $table =~ m{<tr><th scope="row">(.*?)</th>$share$cell$cell$cell</tr>}g;
is(join("\n", @happened), sql(<<'END'), 'events by name');
SELECT string_agg(format('%s %s %s %s %s', replace(replace(event, '<', '&lt;'), '>', '&gt;'), percent(n, total), n,
                         to_char(events, 'FM999,999'), round(events::numeric / n, 1)), E'\n' ORDER BY n DESC)
FROM (SELECT event, count(DISTINCT client) AS n, count(*) AS events,
             (SELECT count(DISTINCT client) FROM known) AS total
      FROM known GROUP BY event) AS e
END
my $counts = sql(q{SELECT to_char(count(*), 'FM9,999') || ' events of ' || customers(count(DISTINCT client))
                   FROM known});
like($html, qr/\Q$counts\E from happened; period 7 days\./, 'the footer counts them');

# Days and instants have the same funnel where all is at midnight, but for the words
sql(<<'END');
CREATE TABLE days AS SELECT DISTINCT client, happened_at::date AS happened_at, event FROM happened
WHERE isfinite(happened_at);
END
my @days = map { $_ eq 'events=happened' ? 'events=days' : $_ } @app, @returns;
my %of;
for my $type ('date', 'timestamp', 'timestamptz')
{
	sql("ALTER TABLE days ALTER happened_at TYPE $type");
	($rc, $html, $messages) = report('postgres', @days);
	is("$rc $messages", '0 ', "$type: a report");
	check_page($html, $type);
	$of{$type} = $html;
}
is($of{timestamptz}, $of{timestamp}, 'a page of timestamptz is that of timestamp');
(my $words = $of{timestamp}) =~ s/\bat once\b/same day/g;
$words =~ s{\b(\d+) h\b}{ $1 / 24 . ($1 == 24 ? ' day' : ' days') }ge;
is($of{date} =~ s/ class="long\w*"//gr, $words =~ s/ class="long\w*"//gr, 'and that of dates, but for hours');

# Odd tables: name, rows, options, headlines, and a sentence
my $five = 'generate_series(1, 5) c';
my $hours = "c, timestamp '2024-01-01' + i * interval '1 hour'";
my $han = "\x{e6}\x{bc}\x{a2}";
my @odd = (
	[ 'no rows', "1, timestamp '2024-01-01', 'a' WHERE false", [], '',
		qr{<p>There is no row with a customer, a time and the name of an event in odd before 2024-03-01\.</p>} ],
	[ 'rows of nobody', "NULL::int, timestamp '2024-01-01', 'a' FROM $five", [], '',
		qr/There is no row with a customer/ ],
	[ 'rows of later', "1, timestamp '2024-03-01', 'a' FROM $five", [], '', qr/There is no row with a customer/ ],
	[ 'one event', "1, timestamp '2024-01-01', 'a'", [],
		'How far they get; How many return; Returns, cohort by cohort; What happened',
		qr{Left out: how many finish by week, as nobody went beyond the first step in the latest 36 weeks\.} ],
	[ 'nobody began', "c, timestamp '2024-01-01', 'b' FROM $five", [], 'What happened',
		qr/Left out: how far customers get, as nobody has done the first step; who returns, as nobody has begun\./ ],
	[ 'nobody finished', "$hours, (ARRAY['a', 'b'])[i] FROM $five, generate_series(1, 2) i", [], undef,
		qr/<title>3\. c: 0 customers, 0\.0% of all \(95%: 0\.0 to 43\.4\), 0\.0% of step 2</ ],
	[ 'a step that follows one of nobody', "c, timestamp '2024-01-01', 'a' FROM $five", [], undef,
		qr/<title>3\. c: 0 customers, 0\.0% of all \([^)]*\)<.*>nobody reached the step before</s ],
	[ 'all unfinished', "c, timestamp '2024-02-27' + i * interval '1 hour', (ARRAY['a', 'b', 'c'])[i]
		FROM $five, generate_series(1, 3) i", [], 'What happened',
		qr/Left out: how far customers get, as no attempt has had its 7 days yet; who returns, as no week after/ ],
	[ 'the latest weeks unfinished', "c, timestamp '2022-01-01' + i * interval '780 days', 'a'
		FROM $five, generate_series(0, 1) i", [ 'within=500 days', 'bins=9' ], undef,
		qr/as nobody went beyond the first step in the latest 9 weeks/ ],
	[ 'all at once', "c, timestamp '2024-01-01', (ARRAY['a', 'b', 'c'])[i] FROM $five, generate_series(1, 3) i", [],
		$all, qr/<title>3\. c: 5 customers, 100\.0% of all .*; median at once after it, at once after the start</ ],
	[ 'one step', "c, timestamp '2024-01-01', 'a' FROM $five", [ 'steps={a}' ], undef,
		qr/Left out: how many finish by week, as there is one step alone\./ ],
	[ 'no steps', "c, timestamp '2024-01-01', 'a' FROM $five", ['steps='], 'What happened',
		qr/Left out: how far customers get, as no steps are named; who returns, as it is not named what with\./ ],
	[ 'names like markup', qq{c, timestamp '2024-01-01', E'<b>&"\\'' FROM $five}, [ q(steps={"<b>&\"'","<i>"}) ], undef,
		qr/<title>1\. &lt;b&gt;&amp;&quot;': 5 customers/ ],
	[ 'long names', "$hours, (ARRAY[repeat('w', 255), repeat('$han', 85), ' '])[i] FROM $five, generate_series(1, 3) i",
		[ 'steps={' . join(',', 'w' x 255, $han x 85, '" "') . '}' ], undef,
		qr/>w{16}\.\.\.<.*>(?:$han){12}\.\.\.<.*>no name</s ],
	[ '32 steps', "$hours, 's' || i FROM $five, generate_series(1, 32) i WHERE i <= 32 - c",
		[ 'steps={' . join(',', map { "s$_" } 1 .. 32) . '}' ], undef, qr/<title>32\. s32: 0 customers/ ],
	[ 'repeated steps', "c, timestamp '2024-01-01' + i * interval '1 day', 'a' FROM $five, generate_series(1, 2) i",
		[ 'steps={a,a,a}' ], undef,
		qr/<title>2\. a: 5 customers, 100\.0% .*; median 24 h after it, 24 h after the start</ ],
	[ 'many years of one', "1, timestamp '1999-01-01' + i * interval '30 days', (ARRAY['a', 'b', 'c'])[1 + i % 3]
		FROM generate_series(0, 300) i", ['within=99 days'], undef, qr/<title>3\. c: 1 customer, 100\.0% of all / ],
	[ 'customers of text', "'<i>' || c, timestamptz '2024-01-01', 'a' FROM $five", [], undef,
		qr/<title>1\. a: 5 customers/ ]);
for my $case (@odd)
{
	my ($name, $rows, $options, $headlines, $sentence) = @$case;
	sql("DROP TABLE IF EXISTS odd; CREATE TABLE odd (who, at, what) AS SELECT $rows");
	for my $period ('7 days', '1 month', '1 year')
	{
		($rc, $html, $messages) = report('postgres', map { ('-v', $_) } 'orders=', 'events=odd', 'person=who',
			'happened=at', 'event=what', 'steps={a,b,c}', "period=$period", 'as_of=2024-03-01', @$options);
		is("$rc $messages", '0 ', "$name: a report by $period");
		check_page($html, $name);
		next if $period ne '7 days';
		like($html, $sentence, "$name: has its sentence");
		is(headlines($html), $headlines, "$name: the sections that there are data for") if defined $headlines;
	}
}

# By default as of the last event that is not in the future; 7 days; from the first step to the last
sql(<<'END');
DROP TABLE odd;
CREATE TABLE odd AS SELECT 1 AS customer_id, timestamptz '2024-01-05 10:00' AS happened_at, 'a' AS event
UNION ALL VALUES (1, timestamptz '2024-01-05 13:25', 'b'), (2, '2024-01-20 09:00', 'a'), (3, '2999-01-01', 'a');
END
($rc, $html, $messages) = report('postgres', '-v', 'orders=', '-v', 'events=odd', '-v', 'steps={a,b}');
is("$rc $messages", '0 ', 'a report with no more options');
like($html, qr/By month, as of 2024-01-21:/, 'an event that is to come does not count');
like($html, qr/<title>2\. b: 1 customer, 100\.0% of all .*; median 3 h 25 min after it, 3 h 25 min after the start</,
	'nor one whose time is not over');
sql(q{DELETE FROM odd WHERE customer_id < 3});
($rc, $html, $messages) = report('postgres', '-v', 'orders=', '-v', 'events=odd', '-v', 'steps={a,b}');
is("$rc $messages", '0 ', 'a report of the future');
check_page($html, 'the future');
like($html, qr/There is no row with a customer, a time and the name of an event in odd before \d{4}-/, 'says so');

# Beside orders, of which the day is taken
sql(<<'END');
CREATE TABLE orders AS
SELECT client AS customer_id, timestamp '2024-05-01' + client * interval '11 hours' AS ordered_at, 5 AS amount
FROM generate_series(1, 150) AS client;
END
($rc, $html, $messages) = report('postgres', '-v', 'events=happened', '-v', 'person=client',
	'-v', 'steps={visit,order}');
is("$rc $messages", '0 ', 'a report of orders and events');
check_page($html, 'orders and events');
like(headlines($html), qr/Cohort by cohort; .*\Q@{[ $all =~ s{week}{month}r ]}\E; .*What they are worth/,
	'has the sections of both');
like($html, qr/150 events of .* from orders; .* events of .* from happened\./, 'and the footer counts both');
($rc, $html, $messages) = report('postgres', '-v', 'events=odd', '-v', 'steps={a}');
is("$rc $messages", '0 ', 'a report of orders, and of no events yet');
check_page($html, 'no events yet');
like($html, qr/Left out: .*events, as there is no row with a customer, a time and the name of an event in odd before/,
	'says so');

# Errors are those of the functions, and name what to pass
($rc, $html, $messages) = report('postgres', '-v', 'orders=', '-v', 'events=happened', '-v', 'person=client',
	'-v', 'steps={visit,order}', '-v', 'within=1 month');
isnt($rc, 0, 'a month is no time for an attempt');
like($messages, qr/within must not have months or years.*HINT/s, 'and the message says so');

# README's command
sql('CREATE TABLE events AS SELECT client AS user_id, happened_at AS at, event FROM happened');
my ($command) = slurp_file("$root/README.md") =~ /^(psql -X -d app .*?-o .*?)\n```/ms;
ok($command, 'README has the command');
$command =~ s/-d app /-d '@{[ $node->connstr('postgres') ]}' /;
$command =~ s{doc/examples}{$root/doc/examples};
my $dir = PostgreSQL::Test::Utils::tempdir_short();
ok(run([ 'sh', '-c', "cd '$dir' && $command" ], '2>', \$messages), 'which runs') or diag($messages);
is(($html = slurp_file("$dir/report.html")) =~ /<h2>How far they get</, 1, 'and makes the page');

$node->stop;
done_testing();

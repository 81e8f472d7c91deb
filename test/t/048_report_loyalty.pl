# Points on the page of the report, and whether the purchase model fits: each number of
# what was earned, spent and expired, of breakage, tiers and spending, and of the model's
# weeks and bars, against plain SQL over the rows; and odd ledgers, of which each section
# has its numbers or a sentence says why it is left out.
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

# 300 members who earn for a year, or until the end of the next month, or, of late, for ever;
# some of it is taken back when it has been spent.  400 more customers, and rows of nobody,
# without a time or points, of an infinite time, and after the day of the report.
sql(<<'END');
CREATE FUNCTION noise(n bigint, stream bigint) RETURNS double precision LANGUAGE sql IMMUTABLE STRICT
	RETURN ((hashint8extended(n, stream) & 4294967295) + 0.5) / 4294967296;
CREATE TABLE orders AS
SELECT c AS customer_id,
       date_trunc('minute', timestamp '2022-09-05' + interval '1 day' * (500 * noise(c, 1) + days)) AS ordered_at,
       round((10 + 50 * noise(n, 5))::numeric, 2) AS amount
FROM (SELECT c, c * 100 + k AS n,
             sum(CASE WHEN k > 0 THEN -25 * ln(noise(c * 100 + k, 2)) / -ln(noise(c, 3)) ELSE 0 END)
                 OVER (PARTITION BY c ORDER BY k) AS days
      FROM generate_series(1, 700) AS c,
           generate_series(0, least(50, floor(ln(noise(c, 4)) / ln(noise(c, 6)) * 2))::int) AS k) AS p
WHERE 500 * noise(c, 1) + days < 720;
CREATE TABLE ledger (member bigint, booked timestamp, got numeric, gone timestamp);
INSERT INTO ledger
SELECT customer_id, ordered_at,
       CASE WHEN noise(n, 7) < 0.02 THEN NULL WHEN noise(n, 7) < 0.9 THEN floor(amount) ELSE amount END,
       CASE WHEN noise(n, 8) < 0.1 AND ordered_at > '2023-12-01' THEN NULL
            WHEN noise(n, 8) < 0.15 AND ordered_at > '2023-12-01' THEN 'infinity'
            WHEN noise(n, 8) < 0.4 THEN date_trunc('month', ordered_at) + interval '2 months'
            WHEN noise(n, 8) < 0.42 THEN ordered_at - interval '1 day' ELSE ordered_at + interval '1 year' END
FROM (SELECT *, customer_id * 1000003 + extract(epoch FROM ordered_at)::bigint AS n FROM orders) AS o
WHERE customer_id <= 300;
INSERT INTO ledger
SELECT member, CASE WHEN noise(n, 9) < 0.5 THEN booked ELSE booked + noise(n, 10) * interval '60 days' END,
       -floor(got * (1 + 2 * noise(n, 11))::numeric), booked
FROM (SELECT *, member * 1000003 + extract(epoch FROM booked)::bigint AS n FROM ledger) AS l
WHERE noise(n, 12) < 0.3 AND got > 0;
INSERT INTO ledger VALUES (NULL, '2024-03-01', 9, NULL), (1, NULL, 9, NULL), (1, 'infinity', 9, NULL),
	(2, '-infinity', 9, NULL), (3, '2024-12-24', 9, NULL), (4, '2024-03-01', NULL, NULL), (5, '2024-03-01', 0, NULL);

-- What was spent is taken from the lots of the member, row by row
CREATE TABLE lots AS
SELECT row_number() OVER () AS id, member, booked AS at, coalesce(got, 0) AS points, 0::numeric AS used,
       CASE WHEN gone > '-infinity' AND gone < 'infinity' THEN gone END AS gone
FROM ledger WHERE member IS NOT NULL AND isfinite(booked) AND booked < '2024-08-03';
CREATE INDEX ON lots (member, at);
CREATE TABLE debts (member bigint, debt numeric);
DO $$
DECLARE who bigint; instant record; lot record; need numeric; taken numeric;
BEGIN
	FOR who IN SELECT DISTINCT member FROM lots LOOP
		need := 0;
		FOR instant IN SELECT at, sum(greatest(-points, 0)) AS spent FROM lots WHERE member = who
			GROUP BY at ORDER BY at LOOP
			need := need + instant.spent;
			FOR lot IN SELECT id, points - used AS rest FROM lots WHERE member = who AND at <= instant.at
				AND points > used AND (gone IS NULL OR gone > instant.at) ORDER BY gone NULLS LAST, at, points LOOP
				taken := least(need, lot.rest);
				UPDATE lots SET used = used + taken WHERE id = lot.id AND taken > 0;
				need := need - taken;
				EXIT WHEN need = 0;
			END LOOP;
		END LOOP;
		INSERT INTO debts VALUES (who, need);
	END LOOP;
END $$;
ALTER TABLE lots ADD expiry date, ADD expired boolean;
UPDATE lots SET expiry = CASE WHEN points > 0 THEN greatest(gone, at)::date END WHERE gone IS NOT NULL;
UPDATE lots SET expired = coalesce(expiry < '2024-08-03', false);

CREATE FUNCTION shown(v numeric) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN abs(v) < 100 THEN trim_scale(round(v, 2))::text ELSE to_char(round(v), 'FM999,999,990') END;
CREATE FUNCTION priced(v numeric) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN CASE WHEN v < 0 THEN '-' ELSE '' END
	       || to_char(abs(v), CASE WHEN abs(v) < 10000 THEN 'FM99,990.00' ELSE 'FM99,999,990' END);
CREATE FUNCTION percent(part numeric, whole numeric) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN round(100 * part / nullif(whole, 0), 1) || '%';
CREATE FUNCTION month(day timestamp) RETURNS text LANGUAGE sql IMMUTABLE RETURN to_char(day, 'YYYY-MM');

-- By month
CREATE TABLE moves AS
SELECT m, coalesce(sum(earned), 0) AS earned, coalesce(sum(redeemed), 0) AS redeemed,
       coalesce(sum(expired), 0) AS expired
FROM (SELECT generate_series(date_trunc('month', min(at)), '2024-08-01', '1 month') AS m FROM lots) AS months
     LEFT JOIN (SELECT month(at), greatest(points, 0) AS earned, greatest(-points, 0) AS redeemed, 0 AS expired
                FROM lots
                UNION ALL SELECT month(expiry), 0, 0, points - used FROM lots WHERE expired) AS v ON v.month = month(m)
GROUP BY m;
CREATE TABLE rolled AS
SELECT *, closing - earned + redeemed + expired AS opening
FROM (SELECT *, sum(earned - redeemed - expired) OVER (ORDER BY m) AS closing FROM moves) AS r;
END

my @shop = map { ('-v', $_) } 'as_of=2024-08-03', 'ledger=ledger', 'holder=member', 'booked=booked', 'points=got',
  'expires=gone', 'tiers={100,400}', 'tier_names={Basic,<i>&,"  "}';
my $all = 'Points; When points expire; What becomes of the points; Members by tier; What members spend, and others';
($rc, $html, $messages) = report('postgres', @shop);
is("$rc $messages", '0 ', 'a report of 300 members');
check_page($html, '300 members');
like(headlines($html), qr/; \Q$all\E; .*; Does the model fit; How often they buy, and should; /, 'has the sections');
unlike($html, qr/Left out/, 'leaves nothing out');
my $bookings = sql(q{SELECT to_char(count(*), 'FM9,999') || ' bookings of ' || count(DISTINCT member) FROM lots});
like($html, qr/ \Q$bookings\E members from ledger\./, 'the footer counts them');

# What was earned, spent, and expired
is(titles($html, 'Points'), sql(<<'END'), 'points by month');
SELECT string_agg(format('%s: %s earned, %s spent or taken back, %s expired; balance %s%s', month(m), shown(earned),
                         shown(redeemed), shown(expired), shown(closing),
                         CASE WHEN m = '2024-08-01' THEN ', not over yet' END),
                  E'\n' ORDER BY m)
FROM rolled
END
is(table_rows($html, 'Points'), sql(<<'END'), 'and their table');
SELECT string_agg(concat_ws('|', m::date, shown(opening), shown(earned), shown(redeemed), shown(expired),
                            shown(closing)), E'\n' ORDER BY m)
FROM rolled
END
cmp_ok(sql('SELECT count(*) FROM rolled WHERE expired > 0 AND redeemed > 0'), '>', 15, 'of many months');
cmp_ok(sql('SELECT count(*) FROM debts WHERE debt > 0'), '>', 10, 'with debts');

# Bars: pixels of a point by the highest line, of which the label is in thousands
my $chart = section($html, 'Points');
my ($zero) = $chart =~ m{class="axis" x1="0" x2="100%" y1="([\d.]+)"};
my ($line, $points, $thousands) =
  $chart =~ m{.*class="grid" x1="0" x2="100%" y1="([\d.]+)"[^>]*><text [^>]*>([\d.,]+)(k?)<}s;
my $scale = ($zero - $line) / (($points =~ tr/,//dr) * ($thousands ? 1000 : 1));
my @off;
while ($chart =~ m{<title>([\d-]+): ([\d,.]+) earned, ([\d,.]+) spent[^<]*?, ([\d,.]+) expired[^<]*</title>(.*?)</g>}g)
{
	my ($month, %is) = ($1, new => $2, retained => $3, churned => $4);
	my %box = map { $_->[0] => $_ }
	  map { [ /class="(\w+)".* y="([\d.]+)".* height="([\d.]+)"/ ] } $5 =~ m{<rect [^>]*>}g;
	for my $class (sort keys %is)
	{
		my $number = $is{$class} =~ tr/,//dr;
		my (undef, $top, $height) = @{ $box{$class} // [ $class, $zero, 0 ] };
		push @off, "$month $class" if abs($height - $number * $scale) > 0.2;
		push @off, "$month foot" if $class eq 'new' && abs($top + $height - $zero) > 0.2;
		push @off, "$month head" if $class eq 'retained' && abs($top - $zero) > 0.2;
	}
}
is("@off", '', 'bars are as high as their numbers, and stand on the line or hang from it');

my $tiles = tiles($html);
is(join('; ', @$tiles{ 'Outstanding', 'Owed by members', 'Expire in 30 days', 'Redeemed', 'Breakage', 'Members' }),
	sql(<<'END'), 'tiles');
SELECT concat_ws('; ', shown(sum(points - used) FILTER (WHERE points > 0 AND NOT expired)),
       shown((SELECT sum(debt) FROM debts)),
       shown(sum(points - used) FILTER (WHERE points > 0 AND NOT expired AND expiry < '2024-09-02')),
       percent(-sum(points) FILTER (WHERE points < 0), sum(points) FILTER (WHERE points > 0)),
       (SELECT percent(sum(expired), sum(earned))
        FROM (SELECT sum(points) AS earned, sum(points - used) FILTER (WHERE expired) AS expired
              FROM lots WHERE points > 0
              GROUP BY month(at) HAVING bool_and(expired) AND month(at) < '2024-08') AS known),
       count(DISTINCT member))
FROM lots
END
is(sql(<<'END'), 't', 'outstanding less debts is the last balance');
SELECT outstanding - debt = closing
FROM (SELECT sum(points - used) AS outstanding FROM lots WHERE points > 0 AND NOT expired) AS o,
     (SELECT sum(debt) AS debt FROM debts) AS d, rolled
WHERE m = '2024-08-01'
END

# When it expires
is(titles($html, 'When points expire'), sql(<<'END'), 'by month of expiry');
WITH rest AS (SELECT coalesce(month(expiry), 'never') AS name, sum(points - used) AS points FROM lots
              WHERE points > used AND NOT expired GROUP BY 1)
SELECT string_agg(format('%s: %s, %s of what is outstanding', name,
                         CASE points WHEN 1 THEN '1 point' ELSE shown(coalesce(points, 0)) || ' points' END,
                         percent(coalesce(points, 0), (SELECT sum(points) FROM rest))), E'\n' ORDER BY name)
FROM (SELECT month(generate_series('2024-08-01', max(name || '-01')::timestamp, '1 month')) AS name
      FROM rest WHERE name <> 'never' UNION ALL SELECT 'never') AS n LEFT JOIN rest USING (name)
END
($rc, $html) = report('postgres', @shop, '-v', 'bins=4');
is(titles($html, 'When points expire') =~ s/ points,.*//gmr, sql(<<'END'), 'or in few bars, with what is later');
SELECT string_agg(name || ': ' || shown(points), E'\n' ORDER BY name = 'never', name)
FROM (SELECT CASE WHEN expiry IS NULL THEN 'never' WHEN expiry >= '2024-12-01' THEN 'later'
                  ELSE month(expiry) END AS name,
             sum(points - used) AS points
      FROM lots WHERE points > used AND NOT expired GROUP BY 1) AS b
END
($rc, $html) = report('postgres', @shop);

# What has become of it
my $fate = sql(<<'END');
SELECT string_agg(format('%s: %s earned, %s spent, %s outstanding, %s expired%s', month, shown(earned), shown(used),
                         shown(earned - used - expired), shown(expired),
                         CASE WHEN known THEN ', breakage ' || percent(expired, earned) ELSE ', not known yet' END),
                  E'\n' ORDER BY month)
FROM (SELECT month(at) AS month, sum(points) AS earned, sum(used) AS used,
             coalesce(sum(points - used) FILTER (WHERE expired), 0) AS expired, bool_and(expired) AS known
      FROM lots WHERE points > 0 GROUP BY 1) AS f
END
is(titles($html, 'What becomes of the points'), $fate, 'what becomes of the points');
is(join("\n", section($html, 'What becomes of the points') =~ m{<g class="unfinished"><title>(.*?)</title>}g),
	join("\n", grep { /not known yet/ } split /\n/, $fate), 'months that are not known are pale');

# Tiers: the highest that was reached on a day of the last twelve months, with what had
# been earned in the twelve months up to it
sql(<<'END');
CREATE FUNCTION tier(who bigint, asked date) RETURNS int LANGUAGE sql STABLE AS $$
	SELECT coalesce(max(CASE WHEN earned >= 400 THEN 2 WHEN earned >= 100 THEN 1 ELSE 0 END), 0)
	FROM (SELECT DISTINCT at::date AS day FROM lots
	      WHERE member = who AND points > 0 AND at::date <= asked AND at::date > asked - interval '1 year') AS d,
	     LATERAL (SELECT sum(points) AS earned FROM lots
	              WHERE member = who AND points > 0 AND at::date <= day AND at::date > day - interval '1 year') AS e $$;
CREATE TABLE tiers AS
SELECT member, tier(member, '2024-08-02') AS now,
       CASE WHEN first <= '2023-08-02' THEN tier(member, '2023-08-02') END AS before,
       (SELECT sum(points - used) FROM lots AS l WHERE l.member = m.member AND points > 0 AND NOT expired) AS points,
       (SELECT sum(amount) FROM orders
        WHERE customer_id = member AND ordered_at >= '2023-08-03' AND ordered_at < '2024-08-03') AS paid
FROM (SELECT member, min(at)::date AS first FROM lots GROUP BY member) AS m;
END
is(table_rows($html, 'Members by tier'), sql(<<'END'), 'members by tier, with names like markup, and none');
SELECT string_agg(concat_ws('|', (ARRAY['Basic', '&lt;i&gt;&amp;', 'from 400'])[t + 1],
                            percent(members, (SELECT count(*) FROM tiers)), members, before, up, down, shown(points),
                            priced(paid / members)), E'\n' ORDER BY t DESC)
FROM (SELECT t, count(*) FILTER (WHERE now = t) AS members, count(*) FILTER (WHERE before = t) AS before,
             count(*) FILTER (WHERE now = t AND before < t) AS up,
             count(*) FILTER (WHERE now = t AND before > t) AS down,
             sum(points) FILTER (WHERE now = t) AS points, sum(paid) FILTER (WHERE now = t) AS paid
      FROM tiers, generate_series(0, 2) AS t GROUP BY t) AS v
END

# What members spend: Welch's interval, its quantile by three terms of the expansion in 1/df
my $spend = sql(<<'END');
WITH spent AS (
	SELECT customer_id, coalesce(sum(amount) FILTER (WHERE ordered_at >= '2024-05-05'), 0) AS spent,
	       EXISTS (SELECT FROM lots WHERE member = customer_id AND at < '2024-05-05') AS is_member
	FROM orders WHERE ordered_at >= '2023-05-05' AND ordered_at < '2024-08-03'
	GROUP BY customer_id HAVING bool_or(ordered_at < '2024-05-05')),
parts AS (
	SELECT is_member, count(*) AS n, avg(spent) AS mean, var_samp(spent) / count(*) AS v FROM spent GROUP BY is_member),
welch AS (
	SELECT m.n, o.n AS others, m.mean, o.mean AS other_mean, m.mean - o.mean AS lift, sqrt(m.v + o.v) AS se,
	       (m.v + o.v) ^ 2 / (m.v ^ 2 / (m.n - 1) + o.v ^ 2 / (o.n - 1)) AS df
	FROM parts AS m, parts AS o WHERE m.is_member AND NOT o.is_member)
SELECT concat_ws('|', priced(mean), priced(other_mean), n, others,
                 CASE WHEN lift > 0 THEN '+' ELSE '' END || priced(lift),
                 priced(lift - q * se), priced(lift + q * se), priced(lift * n))
FROM welch, LATERAL (SELECT 1.959963984540054 AS z) AS z,
     LATERAL (SELECT z + (z ^ 3 + z) / (4 * df) + (5 * z ^ 5 + 16 * z ^ 3 + 3 * z) / (96 * df ^ 2)
                     + (3 * z ^ 7 + 19 * z ^ 5 + 17 * z ^ 3 - 15 * z) / (384 * df ^ 3) AS q) AS t
END
my $members = section($html, 'What members spend, and others');
my $difference = qr{Difference</span><b[^>]*>(.*?)</b><small>95%: (\S+) to ([-\d.,]*\d)(?:, p [^;]*)?; of all members }
  . qr{together (\S+)</small>};
is(join('|', $members =~ m{Members</span><b[^>]*>(.*?)</b>}, $members =~ m{Others</span><b[^>]*>(.*?)</b>},
		$members =~ m{each, of ([\d,]+) customers}g, $members =~ $difference),
	$spend, 'what members spend, and others');
like($members, qr{<b>This is not what the programme brought\.</b>}, 'with the warning');

# The model: its weeks, the sums, and the day of the fit
is(sql(<<'END'), 't', 'the model can be fitted');
CREATE TABLE bought AS SELECT DISTINCT customer_id, ordered_at::date AS day FROM orders WHERE ordered_at < '2024-08-03';
CREATE TABLE begun AS SELECT min(day) AS first, customer_id FROM bought GROUP BY customer_id;
CREATE TABLE model AS
SELECT fit_mbgnbd(n, recency, age) AS m
FROM (SELECT count(*) - 1 AS n, max(day) - min(day) AS recency, date '2024-05-04' - min(day) AS age
      FROM bought WHERE day < '2024-05-05' GROUP BY customer_id) AS c;
CREATE TABLE weeks AS
SELECT week, upto = week + 7 AS is_over,
       (SELECT count(*) FROM bought JOIN begun USING (customer_id) WHERE day > first AND day < upto) AS came,
       (SELECT sum(expected_purchases(m, 0, 0, 0, make_interval(days => upto - 1 - first))) FROM begun, model
        WHERE first < upto) AS expected
FROM (SELECT min(first) AS first FROM begun) AS f,
     generate_series(date_trunc('week', first), '2024-08-02', '7 days') AS w,
     LATERAL (SELECT w::date AS week, least(w::date + 7, '2024-08-03') AS upto) AS u;
SELECT (m).converged FROM model;
END
my $weeks = sql(<<'END');
SELECT string_agg(format('%s: %s, %s expected; so far %s, %s expected%s', week, came - lag_came,
                         round((expected - lag_expected)::numeric, 1), to_char(came, 'FM9,990'),
                         to_char(round(expected::numeric), 'FM9,990'), CASE WHEN NOT is_over THEN ', not over yet' END),
                  E'\n' ORDER BY week)
FROM (SELECT *, lag(came, 1, 0) OVER w AS lag_came, lag(expected, 1, 0) OVER w AS lag_expected
      FROM weeks WINDOW w AS (ORDER BY week)) AS l
END
is(titles($html, 'Does the model fit'), $weeks, 'repeat purchases by week, and expected ones');
my $fit = section($html, 'Does the model fit');
my ($mark) = $fit =~ m{<line class="mark" x1="([\d.]+)%"};
my $days = sql(q{SELECT 100 * (date '2024-05-05' - min(week)) / 7.0 / count(*) FROM weeks});
cmp_ok(abs($mark - $days), '<', 0.02, 'with the day of the fit');
is(join('|', @$tiles{ 'Up to the fit', 'After the fit' }), sql(<<'END'), 'up to the fit, and after it');
SELECT concat_ws('|', to_char(100 * (expected / came - 1), 'FMSG990.0') || '%',
                 to_char(100 * ((all_expected - expected) / (all_came - came) - 1), 'FMSG990.0') || '%')
FROM (SELECT max(came)::numeric AS all_came, max(expected)::numeric AS all_expected FROM weeks) AS a,
     (SELECT count(*) AS came FROM bought JOIN begun USING (customer_id) WHERE day > first AND day < '2024-05-05') AS c,
     (SELECT sum(expected_purchases(m, 0, 0, 0, make_interval(days => date '2024-05-04' - first)))::numeric AS expected
      FROM begun, model WHERE first < '2024-05-05') AS e
END
my ($sums) = $fit =~ m{<polyline class="line" points="([^"]*)"/><polyline class="second dashes"};
my @y = map { 262 - (split /,/)[1] } split / /, $sums;
my @came = split /,/, sql('SELECT string_agg(came::text, $$,$$ ORDER BY week) FROM weeks');
is(scalar(grep { abs($y[$_] - $y[-1] * $came[$_] / $came[-1]) > 0.11 } 0 .. $#came), 0,
	'the line of the sums rises with them');

# How many bought how often, by the formula of the model: in p, pn is P(N = x), more is
# P(N >= x), rest is B(a, b + x) / B(a, b)
is(titles($html, 'How often they buy, and should'), sql(<<'END'), 'customers by repeat purchases');
WITH RECURSIVE t AS (
	SELECT (m).r, (m).alpha, (m).a, (m).b, (date '2024-05-04' - first)::float8 AS t
	FROM begun, model WHERE first < '2024-05-05'),
p AS (
	SELECT *, 0 AS x, (alpha / (alpha + t)) ^ r AS pn, 1::float8 AS more, 1::float8 AS rest FROM t
	UNION ALL
	SELECT r, alpha, a, b, t, x + 1, pn * (r + x) / (x + 1) * t / (alpha + t), more - pn, rest * (b + x) / (a + b + x)
	FROM p WHERE x < 6),
expected AS (
	SELECT x, sum(pn * rest * (b + x) / (a + b + x) + more * rest * a / (a + b + x)) AS e FROM p GROUP BY x),
actual AS (
	SELECT least(count(*) - 1, 7) AS x FROM bought WHERE day < '2024-05-05' GROUP BY customer_id)
SELECT string_agg(format('%s repeat purchase%s: %s customer%s, %s expected', CASE x WHEN 7 THEN '7+' ELSE x::text END,
                         CASE WHEN x <> 1 THEN 's' END, n, CASE WHEN n <> 1 THEN 's' END, round(e::numeric, 1)),
                  E'\n' ORDER BY x)
FROM (SELECT * FROM expected UNION ALL SELECT 7, (SELECT count(*) FROM actual) - (SELECT sum(e) FROM expected)) AS e,
     LATERAL (SELECT count(*) AS n FROM actual WHERE actual.x = e.x) AS a
END
is(row_of($html, 'often', 254), sql(<<'END'), 'and below the bars');
SELECT string_agg(n::text, ' ' ORDER BY x)
FROM (SELECT x, count(*) AS n
      FROM (SELECT least(count(*) - 1, 7) AS x FROM bought WHERE day < '2024-05-05' GROUP BY customer_id) AS c
      GROUP BY x) AS a
END

# Times of any type, where all is at midnight
sql('CREATE TABLE days AS SELECT member, booked::date AS booked, got, gone::date AS gone FROM ledger');
my @days = map { s/^ledger=ledger$/ledger=days/r } @shop;
my %of;
for my $type ('date', 'timestamp', 'timestamptz')
{
	sql("ALTER TABLE days ALTER booked TYPE $type, ALTER gone TYPE $type");
	($rc, $html, $messages) = report('postgres', '-v', 'orders=', @days);
	is("$rc $messages", '0 ', "$type: a report");
	check_page($html, $type);
	is(headlines($html), $all =~ s/; What members.*//r, "$type: has its sections");
	unlike($html, qr/paid/, "$type: and no word of money");
	$of{$type} = $html;
}
is($of{timestamptz}, $of{timestamp}, 'a page of timestamptz is that of timestamp');
is($of{date}, $of{timestamp}, 'and that of dates');

# Odd ledgers: name, rows, options, headlines, and a sentence
my $five = 'generate_series(1, 5) c';
my $new_year = "c, timestamp '2024-01-01'";
my @odd = (
	[ 'no rows', "1, timestamp '2024-01-01', 1, NULL::timestamp WHERE false", [], '',
		qr{<p>There is no row with a customer and a time in odd before 2024-03-01\.</p>} ],
	[ 'rows of nobody', "NULL::int, timestamp '2024-01-01', 1, NULL::timestamp FROM $five", [], '',
		qr/There is no row with a customer/ ],
	[ 'rows of later', "1, timestamp '2024-03-01', 1, NULL::timestamp FROM $five", [], '',
		qr/There is no row with a customer/ ],
	[ 'no points', "$new_year, nullif(c, c), NULL::timestamp FROM $five", [], '',
		qr{<p>No row has points in odd\.</p>} ],
	[ 'all debts', "c, timestamp '2024-01-01' + c * interval '9 days', -c, NULL::timestamp FROM $five", [],
		'Points; Members by tier',
		qr/as none are outstanding; what becomes of the points, as none have been earned\./ ],
	[ 'all spent', "$new_year, CASE i WHEN 1 THEN 5 ELSE -5 END, NULL::timestamp FROM $five, generate_series(1, 2) i",
		[], 'Points; What becomes of the points; Members by tier',
		qr/<title>2024-01: 25 earned, 25 spent, 0 outstanding, 0 expired, not known yet</ ],
	[ 'never expiring', "$new_year, c, NULL::timestamp FROM $five", [], $all =~ s/; What members.*//r,
		qr/<title>never: 15 points, 100\.0% of what is outstanding</ ],
	[ 'without a column of expiry', "$new_year, c, timestamp '2024-01-02' FROM $five", ['expires='], undef,
		qr/<title>never: 15 points, 100\.0% of what is outstanding</ ],
	[ 'all expired', "$new_year, c, timestamp '2024-01-01' FROM $five", [],
		'Points; What becomes of the points; Members by tier',
		qr/<title>2024-01: 15 earned, 0 spent, 0 outstanding, 15 expired, breakage 100\.0%</ ],
	[ 'gone before time began', "$new_year, c, timestamp '-infinity' FROM $five", [], undef,
		qr/<title>2024-01: 15 earned, 0 spent or taken back, 15 expired; balance 0</ ],
	[ 'gone at the end of time', "$new_year, c, timestamp '9999-12-31' FROM $five", [], undef,
		qr/<title>later: 15 points, 100\.0%/ ],
	[ 'gone today', "$new_year, c, timestamp '2024-03-01' FROM $five", [], undef,
		qr/<title>2024-03: 15 points, 100\.0%/ ],
	[ 'one row', "1, timestamp '2024-02-29', 1, timestamp '2024-12-31'", [], undef,
		qr/<title>2024-12: 1 point, 100\.0%/ ],
	[ 'fractions', "$new_year, 0.001 * c, timestamp '2024-12-31' FROM $five", [], undef,
		qr/<title>2024-01: 0\.02 earned/ ],
	[ 'billions', "$new_year, 1e12 * c, timestamp '2024-12-31' FROM $five", [], undef,
		qr/<title>2024-01: 15\.0tn earned/ ],
	[ 'many years', "c, timestamp '1999-01-01' + i * interval '91 days', 7,
		timestamp '1999-01-05' + i * interval '91 days'
		FROM $five, generate_series(0, 99) i", [], undef,
		qr/<title>2023-\d\d: 35 earned, 0 spent, 0 outstanding, 35 expired, breakage 100\.0%</ ],
	[ 'no tiers', "$new_year, c, NULL::timestamp FROM $five", ['tiers='],
		'Points; When points expire; What becomes of the points',
		qr/Left out: members by tier, as no levels are named\./ ],
	[ 'an empty tier', "$new_year, c, NULL::timestamp FROM $five", ['tiers={5,1000000}'], undef,
		qr{<th scope="row">from 1,000,000</th>.*?0\.0%.*<th scope="row">from 5</th>.*20\.0%}s ],
	[ 'members of text', "'<i>' || c, timestamptz '2024-01-01', c, NULL::timestamptz FROM $five", [], undef,
		qr/<title>never: 15 points/ ]);
for my $case (@odd)
{
	my ($name, $rows, $options, $headlines, $sentence) = @$case;
	sql("DROP TABLE IF EXISTS odd; CREATE TABLE odd (who, booked, points, expires) AS SELECT $rows");
	for my $period ('1 month', '7 days', '1 year')
	{
		($rc, $html, $messages) = report('postgres', map { ('-v', $_) } 'orders=', 'ledger=odd', 'holder=who',
			'booked=booked', 'tiers={2,4}', "period=$period", 'as_of=2024-03-01', @$options);
		is("$rc $messages", '0 ', "$name: a report by $period");
		check_page($html, "$name by $period");
		next if $period ne '1 month';
		like($html, $sentence, "$name: has its sentence");
		is(headlines($html), $headlines, "$name: the sections that there are data for") if defined $headlines;
	}
}

# By default as of the day after the last row that is not in the future
sql(<<'END');
DROP TABLE odd;
CREATE TABLE odd AS
SELECT 1 AS customer_id, timestamptz '2024-01-05 10:00' AS at, 5 AS points, timestamptz '2024-01-06' AS expires
UNION ALL VALUES (3, timestamptz '2999-01-01', 9, NULL::timestamptz);
END
($rc, $html, $messages) = report('postgres', '-v', 'orders=', '-v', 'ledger=odd');
is("$rc $messages", '0 ', 'a report with no more options');
like($html, qr/By month, as of 2024-01-06:.*<title>2024-01: 5 points, 100\.0%/s,
	'what expires that day is still there');

# Beside orders: nobody, or everybody, is a member
my @beside = ('-v', 'as_of=2024-08-03', '-v', 'ledger=odd');
sql(q{UPDATE odd SET at = '2024-08-01' WHERE customer_id = 1; DELETE FROM odd WHERE customer_id = 3});
($rc, $html, $messages) = report('postgres', @beside);
is("$rc $messages", '0 ', 'a report of a programme that has just begun');
check_page($html, 'just begun');
my $before = qr/what members spend, as of those who bought in the year before the last 90 days/;
like($html, qr/Left out: .*$before nobody was a member\./, 'has no spending to compare');
sql('INSERT INTO odd SELECT customer_id, min(ordered_at), 1 FROM orders GROUP BY 1');
($rc, $html, $messages) = report('postgres', @beside);
check_page($html, 'all members');
like($html, qr/Left out: .*$before all were members\./, 'nor where all are members');
sql('TRUNCATE odd');
($rc, $html, $messages) = report('postgres', @beside);
is("$rc $messages", '0 ', 'a report of orders, and of no points yet');
check_page($html, 'no points yet');
like($html, qr/Left out: .*points, as there is no row with a customer and a time in odd before 2024-08-03\./,
	'says so');

# A model is shown by months and years where weeks are too many, and without a day of
# the fit where none can be fitted to the days before
for my $case ([ 1200, qr/>a month</ ], [ 6000, qr/>a year</ ])
{
	my ($length, $sentence) = @$case;
	sql(<<"END");
DROP TABLE IF EXISTS slow;
CREATE TABLE slow AS
SELECT customer_id, timestamp '2024-08-02' - (timestamp '2024-08-02' - ordered_at) * $length / 720 AS ordered_at, amount
FROM orders WHERE ordered_at < '2024-08-02';
END
	($rc, $html, $messages) = report('postgres', '-v', 'as_of=2024-08-03', '-v', 'orders=slow');
	is("$rc $messages", '0 ', "a model of $length days");
	check_page($html, "$length days");
	like(section($html, 'Does the model fit'), $sentence, "$length days: in long periods");
}
sql(<<'END');
DROP TABLE slow;
CREATE TABLE slow AS
SELECT customer_id, ordered_at, amount FROM orders WHERE ordered_at >= '2024-05-05' AND ordered_at < '2024-08-03'
UNION ALL VALUES (1, timestamp '2023-01-01', 9);
END
($rc, $html, $messages) = report('postgres', '-v', 'as_of=2024-08-03', '-v', 'orders=slow');
is("$rc $messages", '0 ', 'customers who are all new');
check_page($html, 'all new');
unlike($html, qr/the day of the fit/, 'have no day of the fit');

# README's command
sql('ALTER TABLE ledger RENAME TO points; ALTER TABLE points RENAME member TO customer_id;
     ALTER TABLE points RENAME booked TO at; ALTER TABLE points RENAME got TO points;
     ALTER TABLE points RENAME gone TO expires');
my ($command) = slurp_file("$root/README.md") =~ /^(psql -X -d shop -v ledger=.*?-o .*?)\n```/ms;
ok($command, 'README has the command');
$command =~ s/-d shop /-d '@{[ $node->connstr('postgres') ]}' /;
$command =~ s{doc/examples}{$root/doc/examples};
my $dir = PostgreSQL::Test::Utils::tempdir_short();
ok(run([ 'sh', '-c', "cd '$dir' && $command" ], '2>', \$messages), 'which runs') or diag($messages);
like(slurp_file("$dir/report.html"), qr/<h2>Members by tier</, 'and makes the page');

$node->stop;
done_testing();

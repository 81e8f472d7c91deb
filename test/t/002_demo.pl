# The demo on a small real file: its numbers, its complaints, and that nothing
# is left of its server, also when it is interrupted.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::Bin;
use IPC::Run qw(run);
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;
use Time::HiRes qw(sleep);

my $files = PostgreSQL::Test::Utils::tempdir_short();
my $scratch = PostgreSQL::Test::Utils::tempdir_short();

# The demo's temporary files go where the test can look for them
prepare_demos($scratch);
$ENV{COLUMNS} = 80;			# of the terminal: not the file's

sub file
{
	my ($name, $content) = @_;
	open my $fh, '>:raw', "$files/$name" or die "$name: $!";
	print $fh $content;
	close $fh;
	return "$files/$name";
}

# Exit status, output and errors of a demo
sub demo
{
	return make_demo($files, @_);
}

sub leftovers
{
	return join ' ', glob "$scratch/retention.*";
}

# Gone, or only waiting for its parent to notice
sub has_stopped
{
	my ($pid) = @_;
	return 1 unless kill 0, $pid;
	open my $fh, '<', "/proc/$pid/stat" or return 0;
	return <$fh> =~ /\) Z /;
}

my @orders = (
	[ 'a', '2024-01-05', '10.00' ],
	[ 'b', '2024-01-20 08:15', '20' ],
	[ 'c', '2024-01-31 23:59:59', '30' ],
	[ 'c', '2024-02-01 00:00', '40' ],
	[ 'a', '2024-02-10', '50' ],
	[ 'd', '2024-02-15', '' ],
	[ '', '2024-02-16', '1' ]);

sub csv
{
	my ($header, $eol, @rows) = @_;
	return join '', map { "$_$eol" } $header, map { join ',', @$_ } @rows;
}

# A file as people have them
my ($rc, $out, $err) = demo('ORDERS=' . file('orders.csv', csv('customer_id,ordered_at,amount', "\n", @orders)));
is($rc, 0, 'the demo runs on a small file') or diag($err);
like($out, qr/^ +7 +\| +4 +\| 2024-01-05 \| 2024-02-16 *$/m, 'it counts orders and customers');
like($out, qr/^ 2024-02 \| +3 \| +2 \| +1 \| +1 \| +66\.7 \| +33\.3 *$/m, 'retention and churn of the month');
like($out, qr/^ +0\.66666666666666\d+ *$/m, 'retention as one number');
like($out, qr/^ +0\.5 \| +0\.5 \| +- *$/m, 'repeat purchase rates');
like($out, qr/^average_purchase_value +\| 25 *$/m, 'average purchase value, a missing amount adds nothing');
like($out, qr/^clv +\| 37\.5 *$/m, 'lifetime value');
like($out, qr/^ +0 \| +3 \| +20\.00 \| +8\.68 \| +31\.32 *$/m,
     'what customers have brought by the end of their first month');
like($out, qr/^ 2024-01 +3 +\| 20 +\| 50\* *$/m, 'and each cohort, so far');
like($out, qr/^ 2024-02 +\| +3 \| +90 \| +0 \| +0 \| +90 \| +0 \| f *$/m,
     'revenue of the customers of the month before');
like($out, qr/^ +3 \| +1 \| +70 \| +46\.7 \| +46\.7 *$/m, 'the best customer, who is a quarter of four');
like($out, qr/^    SELECT retention_rate\(customer_id, ordered_at,$/m, 'with the SQL that made them');
like($out, qr/^    SELECT \(clv_summary.* FROM orders \\gx$/m, 'and its psql commands');
like($out, qr/^ loyal +\| +1 \| +25\.0 \| +46\.7 \| +14 \| +2\.0 *$/m, 'the segments');
like($out, qr/^ MBG\/NBD +\| +4 \| f +\|/m, 'and that four customers are too few for a model');
like($out, qr/^ all +\| +3 \| +\d+ \| +1 \| +\d+ \| +50 *$/m, 'what came after the day up to which it was to know');
is($err, '', 'without a word of the server');
unlike($out, qr/Net promoter|club/, 'and nothing that the file does not tell');
is(leftovers(), '', 'nothing is left of its server');

# A refund is not a purchase
($rc, my $refunds, $err) = demo('ORDERS=' . file('refunds.csv', csv('customer_id,ordered_at,amount', "\n", @orders,
	[ 'b', '2024-02-11', '-20' ], [ 'c', '2024-03-05', '-40' ], [ 'f', '2024-02-12', '-1' ])));
is($rc, 0, 'the demo runs on orders with refunds') or diag($err);
like($refunds, qr/^ +7 \| +4 \| 2024-01-05 \| 2024-02-16 *$/m, 'refunds: are neither orders nor customers');
like($refunds, qr/^ 2024-02 \| +3 \| +2 \| +1 \| +1 \| +66\.7 \| +33\.3 *$/m, 'refunds: bring nobody back');
like($refunds, qr/^ +0\.5 \| +0\.5 \| +- *$/m, 'refunds: nor again');
like($refunds, qr/^revenue +\| 90 *$/m, 'refunds: lower revenue, but for those of somebody who never bought');

# The same as a spreadsheet exports it
my @more = map { [ 'x', qq("say ""hi"",\r\nplease"), @$_ ] } @orders;
(my $rc2, my $out2, $err) = demo('ORDERS=' . file('spreadsheet file.csv',
	"\xef\xbb\xbf" . csv('"Shop","Note, free","Customer ID","Order Date","Order Total"', "\r\n", @more)));
is($rc2, 0, 'byte order mark, CRLF, quotes, line breaks in values, more columns') or diag($err);
like($out2, qr/customer = Customer ID, time = Order Date, amount = Order Total/, 'it says which columns it took');
s/^Loading .*\n//m for $out, $out2;
is($out2, $out, 'and the report is the same');

# The shop has enough customers for a model, and it predicts
($rc, my $shop, $err) = demo('OUT=shop.html');
is($rc, 0, 'the demo of the shop') or diag($err);
like($shop, qr/^ MBG\/NBD +\| +20000 \| t +\|/m, 'how often its customers order can be learned');
like($shop, qr/^ Gamma-Gamma \| +1\d{4} \| t +\|/m, 'and what they spend');
my ($expected, $orders, $expected_revenue, $revenue)
    = $shop =~ /^ all +\| +1\d{4} \| +(\d+) \| +(\d+) \| +(\d+) \| +(\d+) *$/m;
cmp_ok(abs($expected / $orders - 1), '<', 0.1, 'it foretells the orders of the next quarter');
cmp_ok(abs($expected_revenue / $revenue - 1), '<', 0.2, 'and their revenue');
is(scalar(() = $shop =~ /^ +\d+ \| +\d+ \| +\d+ \| +\d+ \| +\d+ \| +\d+ \| +\d+ *$/mg), 10,
   'and names ten customers to call');

# Columns of unusual names, and integer customers
(my $number = csv('who,when,what', "\n", grep { $_->[0] ne '' } @orders)) =~ tr/abcd/1234/;
my $unusual = file('unusual.csv', $number =~ s/^.*\n/who;when;what\n/r =~ s/,/;/gr);
($rc, $out, $err) = demo("ORDERS=$unusual", 'COLUMNS=Who, when,what');
is($rc, 0, 'columns can be named, semicolons separate') or diag($err);
like($out, qr/^ 2024-02 \| +3 \| +2 \| +1 \| +1 \|/m, 'with the same numbers');

# A file larger than the buffer of a pipe
($rc, $out, $err) = demo('ORDERS=' . file('large.csv',
	csv('customer,time,amount', "\n",
	    map { [ $_ % 5000, sprintf('2024-%02d-01', 1 + $_ % 12), $_ % 100 ] } 1 .. 20000)));
is($rc, 0, 'a larger file') or diag($err);
like($out, qr/^ +20000 \| +5000 \| 2024-01-01 \| 2024-12-01 *$/m, 'is read to its end');

# The made-up shop
($rc, $out, $err) = demo();
is($rc, 0, 'the demo runs on its own shop') or diag($err);
like($out, qr/^ +12 \| +\d+ \| +\d+ \| +\d+ \| +3\d\.\d \| +3\d\.\d \| +3\d\.\d *$/m, 'with how long members stay');
my $lifetimes = qr/^ +median_months \| months_of_the_first_year \| std_error \| wrong *$/m;
like($out, qr/$lifetimes\n-.*\n +6\.\d \| +6\.\d\d \| +0\.\d\d \| +4\.\d *$/m,
	'the median and the mean');
like($out, qr/^ +members \| +others \|.*\n-.*\n +\d+ \| +\d+ \| +4\d\.\d \| +3\d\.\d \| +\d\.\d \|/m,
     'members and others');
like($out, qr/^ +voucher \| +none \|.*\n-.*\n +\d+ \| +\d+ \| +4\d\.\d \| +3\d\.\d \| +\d\.\d \|/m,
     'and a test by lot');
like($out, qr/^ +name +\| +last_day +\|.*\n-.*\n(?: [^|\n]+ \| 2025-\d\d-\d\d \|(?: +\d+ *\|?){5}\n){12}/m,
     'and whom to call, by name');
like($out, qr/^ 2025 Q4 \| +193666 \| +122833 \| +54659 \| +37872 \| +223968 *$/m, 'and the points of the club');
like($out, qr/^ 2024 Q4 +\|(?: +\d+ \|){3} +- \| +52\.6 *\n 2025 Q1 +\|(?: +\d+ \|){2} +- \| +\d+ \| +- *$/m,
	'of which the breakage is known when they have expired');
is((grep { length > 100 } split /\n/, $out), 0, 'no line is wider than a terminal');
my $page = slurp_file("$files/report.html");
like($page, qr{<h2>How long customers stay</h2>.*<h2>Club members against others</h2>}s, 'the page has them, too');
like($page, qr{<h2>Points</h2>.*<th scope="row">Gold</th>.*<h2>Does the model fit</h2>}s,
	'and points, tiers, and whether the model fits');
like($out, qr/^ 2025-11 \|(?: +\d+ \|){7} t *$/m, 'MRR of the made-up firm, and how it moved');
like($out, qr/^ 2025-12 \|(?: +\d+ \|){7} f *$/m, 'a month of it that is not over');
like($out, qr/^ +of_customers \| of_contracts *\n-.*\n +2\d\.\d \| +9\.\d *$/m,
	'its customers stay longer than its contracts last');
my $firm = slurp_file("$files/report-subscriptions.html");
is(join('; ', $firm =~ m{<h2>(.*?)</h2>}g), 'What they pay per month; How much of it is kept; '
	. 'Who leaves, and what goes with them; How long customers stay; Plan by plan', 'a page of it');
unlike($firm, qr/Left out/, 'which leaves nothing out');
for my $is ([ 'MRR', qr/6\d,\d{3}/ ], [ 'Net retention', qr/\d+\.\d%/ ], [ 'Median stay', qr/\d+\.\d <em>m/ ])
{
	like($firm, qr{<span>$is->[0]</span><b[^>]*>$is->[1]}, "with its $is->[0]");
}
like($out, qr/^ +4 \| order +\| +60\d \| +13\.\d \| +49\.\d \| 21:\d\d:\S+ *\| 41:\d\d:\S+ *$/m,
	'how far people get in an app');
like($out, qr/^ 2025-12-01 \| +\d+ \| +7\.\d \|.* t *\n 2025-12-08 \| +\d+ \| +- \|.* f *$/m,
	'weeks that are not over');
my $app = slurp_file("$files/report-events.html");
is(join('; ', $app =~ m{<h2>(.*?)</h2>}g),
	'How far they get; How many finish, by week; How many return; Returns, cohort by cohort; What happened',
	'a page of it');
unlike($app, qr/Left out/, 'which leaves nothing out');
like($app, qr{<span>Conversion</span><b[^>]*>13\.\d%<.*<span>Time to finish</span><b[^>]*>41 h \d+ min<}s,
	'with its funnel');
my $called = qr{<tr><th scope="row">\w+ [A-Z]\. [^<]+</th><td>2025-\d\d-\d\d</td>};
is(scalar(() = $page =~ m{$called}g), 12, 'and names twelve customers');
my %small = map { $_ => 1 } $page =~ m{<td class="(c\d+)" title="[^"]*: \d\.\d% \(}g;
cmp_ok(scalar keys %small, '>', 15, 'shares below 10% have shades of their own');

# The pictures of README and doc/ are of this page
mkdir "$files/images";
ok(run([ "$root/tools/pictures", "$files/report.html", "$files/images" ], '2>', \$err), 'pictures are drawn from it')
    or diag($err);
# The charts of doc/bi.md are drawn and compared by test/charts/run
my @charts = map { s{.*/}{}r } glob "$root/doc/images/chart-*";
my @pictures = grep { !/^chart-/ } map { s{.*/}{}r } glob "$root/doc/images/*";
is(join(' ', map { s{.*/}{}r } glob "$files/images/*"), "@pictures", 'all that the documentation has');
for my $picture (@pictures)
{
	ok(slurp_file("$files/images/$picture") eq slurp_file("$root/doc/images/$picture"),
		"doc/images/$picture is up to date (make demo OUT=/tmp/shop.html && tools/pictures /tmp/shop.html)");
}
my %shown = map { $_ => 1 } map { m{images/([\w-]+\.svg)}g } map { slurp_file($_) }
  "$root/README.md", glob "$root/doc/*.md";
is(join(' ', sort keys %shown), join(' ', sort @charts, @pictures), 'each is shown, and no other');

file('mine-subscriptions.html', "<html>mine\n");
file('yours-events.html', "<html>yours\n");

# What is wrong is said, and nothing is started or loaded
my @bad = (
	[ 'a missing file', [ 'ORDERS=nowhere.csv' ], qr/there is no file nowhere\.csv/ ],
	[ 'a page of somebody else', [ 'OUT=mine.html' ],
		qr/mine-subscriptions\.html is there and not a report made by this demo/ ],
	[ 'another page of somebody else', [ 'OUT=yours.html' ],
		qr/yours-events\.html is there and not a report made by this demo/ ],
	[ 'an empty file', [ 'ORDERS=' . file('empty.csv', '') ], qr/the file is empty/ ],
	[ 'unknown columns', [ "ORDERS=$unusual" ],
		qr/no column is recognised as customer, time, amount; the header has: "who", "when", "what"/ ],
	[ 'one unknown column', [ 'ORDERS=' . file('one.csv', "user_id,date,cost_centre\n") ],
		qr/no column is recognised as amount; the header has: "user_id", "date", "cost_centre"/ ],
	[ 'a column that is not there', [ "ORDERS=$unusual", 'COLUMNS=who,time,what' ],
		qr/there is no column time; the header has: "who", "when", "what"/ ],
	[ 'too few columns', [ "ORDERS=$unusual", 'COLUMNS=who' ], qr/COLUMNS must be three names/ ],
	[ 'a bad time',
	  [ 'ORDERS=' . file('time.csv', csv('customer,time,amount', "\n", @orders, [ 'e', '2024-02-30', 1 ])) ],
		qr/row 8 \(the header not counted\): "2024-02-30" is not a date or a time/ ],
	[ 'a time that is none', [ 'ORDERS=' . file('now.csv', csv('customer,time,amount', "\n", [ 'e', 'infinity', 1 ])) ],
		qr/row 1 .*"infinity" is not a date or a time/ ],
	[ 'days before months',
	  [ 'ORDERS=' . file('dmy.csv', csv('customer,time,amount', "\n", [ 'e', '31.01.2024', 1 ])) ],
		qr/row 1 .*"31\.01\.2024" is not .*\n.*PGDATESTYLE=DMY/ ],
	[ 'a bad amount',
	  [ 'ORDERS=' . file('amount.csv', csv('customer,time,amount', "\n", $orders[0], [ 'e', '2024-02-03', 'ten' ])) ],
		qr/row 2 \(the header not counted\): "ten" is not a number/ ],
	[ 'an amount that is no number',
	  [ 'ORDERS=' . file('nan.csv', csv('customer,time,amount', "\n", [ 'e', '2024-02-03', 'NaN' ])) ],
		qr/row 1 .*"NaN" is not a number/ ],
	[ 'a short row',
	  [ 'ORDERS=' . file('short.csv', csv('customer,time,amount', "\n", $orders[0], [ 'e', '2024-02-03' ])) ],
		qr/short\.csv, line 3: missing data for column "amount"/ ],
	[ 'another encoding',
	  [ 'ORDERS=' . file('latin.csv', csv('customer,time,amount', "\n", [ "Jos\xe9", '2024-02-03', '1' ])) ],
		qr/latin\.csv, line 2: .*\n.*UTF-8/ ],
	[ 'no rows', [ 'ORDERS=' . file('header.csv', "customer,time,amount\n") ],
	  qr/no row has both a customer and a time/ ]);
for my $case (@bad)
{
	my ($name, $args, $message) = @$case;
	($rc, $out, $err) = demo(@$args);
	isnt($rc, 0, "$name: fails");
	like($err, $message, "$name: says so");
	unlike($out, qr/Retention/, "$name: no report");
}
is(leftovers(), '', 'nothing is left of the servers that failed');

# A kept server can be looked into; nothing is half-loaded
my ($kept_rc, $kept, $kept_err) = demo('KEEP=1', "ORDERS=$files/amount.csv");
isnt($kept_rc, 0, 'a failed demo fails with KEEP, too');
my ($psql) = $kept =~ /^    (\S+psql .*)$/m;
my ($stop) = $kept =~ /^    (.*pg_ctl .*)$/m;
ok($psql, 'KEEP prints the psql command');
ok($stop, 'and how to stop the server');
is(`$psql -XAtc "SELECT count(*) FROM pg_class WHERE relname = 'orders'" 2>&1`, "0\n",
   'nothing of the bad file was loaded');
system("{ $stop; } >/dev/null 2>&1");
is(leftovers(), '', 'the printed command removes the server');

# Ctrl-C reaches every process of the foreground
my $pid = fork // die "fork: $!";
if ($pid == 0)
{
	setpgrp 0, 0;
	$SIG{INT} = 'DEFAULT';
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', "$files/interrupted.log";
	open STDERR, '>&', \*STDOUT;
	exec demo_command($files);
}
my $postmaster;
for (1 .. 600)
{
	my ($pidfile) = glob "$scratch/retention.*/data/postmaster.pid";
	if ($pidfile && -s $pidfile && glob "$scratch/retention.*/.s.PGSQL.*")
	{
		open my $fh, '<', $pidfile or next;
		chomp($postmaster = <$fh>);
		last;
	}
	sleep 0.1;
}
ok($postmaster, 'a demo to be interrupted has started its server');
sleep 0.5;
kill INT => -$pid;
waitpid $pid, 0;
isnt($?, 0, 'an interrupted demo fails');
is(leftovers(), '', 'nothing is left of its server');
ok($postmaster && has_stopped($postmaster), 'which has stopped');

done_testing();

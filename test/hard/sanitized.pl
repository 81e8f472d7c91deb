# The regression tests in a build with AddressSanitizer and UndefinedBehaviorSanitizer,
# in a private copy of the server: reads and writes beyond what was allocated, use after
# free, overflows, bad shifts, misaligned access.  The first report ends the server.  What
# the sanitizers do not see is one palloc within a block that runs into the next.
#
#     SANITIZED    these regression tests, such as "survey rate"; else all, and in the short
#                  form two, of which one changes with the seed
#
# Before them every function is called once, as Answers.pm has it.
use strict;
use warnings FATAL => 'all';
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../t";
use Answers;
use Hard;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Calls;
use ServerCopy;
use Test::More;

my $flags = '-g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all -fno-wrapv';

# A report of one of the two
my $report = qr/runtime error|(?:Address|UndefinedBehavior|Leak)Sanitizer/;

# The runtime libraries of the compiler; the test is skipped without them
sub runtimes
{
	my ($cc) = @_;
	my @found;

	for my $name (qw(libasan.so libubsan.so))
	{
		my $path = `'$cc' -print-file-name=$name 2>/dev/null`;
		chomp $path;
		plan skip_all => "$cc has no $name" unless $path =~ m{^/} && -e $path;
		push @found, $path;
	}
	return @found;
}

# The regression tests that are to be run, after setup, without which none runs
sub regression_tests
{
	my @all = grep { $_ ne 'setup' } map { split } text_of('test/schedule') =~ /^test: (.*)/mg;

	return split ' ', $ENV{SANITIZED} if $ENV{SANITIZED};
	return is_short() ? ('golden', pick(grep { -s "$root/test/sql/$_.sql" < 10_000 } @all)) : @all;
}

my $dir = own_dir();
my $server = copy_server($dir);
my @preload = (runtimes($server->{cc}), "$dir/no_gettext.so");
system("'$server->{cc}' -shared -fPIC -o '$preload[-1]' '$root/test/hard/no_gettext.c'") == 0
	or die 'no_gettext.c cannot be compiled';
my $level = is_short() ? '-O0' : '-O1';
ok($server->install_built($root, "PROFILE=$level $flags"), 'the extension is built with the sanitizers')
	or die 'no build';

my $node = start_hard('sanitized', install_path => $server->{install_path}, conf => 'fsync = off',
	env => { LD_PRELOAD => join(':', @preload), ASAN_OPTIONS => "detect_leaks=0:abort_on_error=1:log_path=$dir/report",
		UBSAN_OPTIONS => "print_stacktrace=1:halt_on_error=1:abort_on_error=1:log_path=$dir/report" });

my @answers;
eval {
	sql(facts_sql(amount(600, 10_000), amount(80, 1_300)) . parts_sql());
	sql(make_tables('public', 'public'));
	@answers = all_answers('public', 'public');
	1;
} or problem($@);

my @tests = regression_tests();
my $check = "$dir/check";
make_path($check);
my $status;
{
	local @ENV{qw(PGHOST PGPORT)} = ($node->host, $node->port);
	delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES TESTS PROVE_TESTS)};
	my $names = @tests < 20 ? "REGRESS='setup @tests'" : '';
	$status = system("make -s -C '$check' -f '$root/Makefile' PG_CONFIG='$server->{pg_config}' "
		. "installcheck TAP_TESTS= $names >'$dir/check.log' 2>&1");
}
diag(slurp_file("$dir/check.log")) if $status;
is($status, 0, 'the regression tests pass: ' . (@tests < 20 ? "@tests" : 'all'));

# Whatever a report is written to
my $reports = 0;
for my $file ($node->logfile, glob("$dir/report*"))
{
	my $text = slurp_file($file);
	next unless $text =~ $report;
	problem("$file: " . substr($text, $-[0] > 200 ? $-[0] - 200 : 0, 4000));
	$reports++;
}
problem('the server is lost') unless $node->psql('postgres', 'SELECT 1') == 0;
$node->stop('immediate', fail_ok => 1);

figure('functions called', scalar @answers);
figure('regression tests', scalar @tests);
figure('reports', $reports);
finish('sanitizers');

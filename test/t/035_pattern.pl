# The pattern of an aggregate in doc/pattern, from which others are begun: its
# four files build, and do what they say, beside the extension as it is.
use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $pattern = abs_path("$FindBin::Bin/../../doc/pattern");
my $pg_config = $ENV{PG_CONFIG} // 'pg_config';
my $headers = `'$pg_config' --includedir-server 2>/dev/null`;
chomp $headers;
plan skip_all => 'there are no compiler and headers'
  unless -f "$headers/postgres.h" && system('cc --version >/dev/null 2>&1') == 0;

my $dir = PostgreSQL::Test::Utils::tempdir();
my $strict = "-Wall -Wextra -Werror -isystem $headers";
my $log = `cd '$dir' && make -s -f '$pattern/Makefile' PG_CONFIG='$pg_config' PROFILE='$strict' 2>&1`;
is($?, 0, 'the pattern builds without warnings') or diag($log);
my ($library) = glob "$dir/pattern.{so,dylib}";

my $node = PostgreSQL::Test::Cluster->new('pattern');
$node->init(extra => [ '--locale=C', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "lc_messages = 'C'");
$node->start;

# The section of the script, as CREATE EXTENSION would run it
(my $section = slurp_file("$pattern/pattern.sql")) =~ s/MODULE_PATHNAME/$library/g;
$node->safe_psql('postgres', "CREATE EXTENSION retention; $section");

# The regression test, as pg_regress would run it
my ($out, $script) = ('', slurp_file("$pattern/test.sql"));
IPC::Run::run([ 'psql', '-Xaq', '-d', $node->connstr('postgres') ], '<', \$script, '>&', \$out);
is($out, slurp_file("$pattern/test.out"), 'its test gives the expected output');

$node->stop;
done_testing();

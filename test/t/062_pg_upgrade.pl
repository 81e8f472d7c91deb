# pg_upgrade of a database with a value of every stored type, from an older major
# version to the one that is tested.  RETENTION_OLD_BINDIR names the programs of
# the older one, which has the extension as well; tools/majors does that.
use strict;
use warnings FATAL => 'all';
use File::Basename qw(dirname);
use FindBin;
use lib $FindBin::Bin;
use Golden;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RetentionTest;
use Test::More;

my $old_bindir = $ENV{RETENTION_OLD_BINDIR};
plan skip_all => 'RETENTION_OLD_BINDIR names no older server' unless $old_bindir;
my $pg_config = $ENV{PG_CONFIG} || 'pg_config';
chomp(my $new_bindir = `'$pg_config' --bindir`);

my $old = PostgreSQL::Test::Cluster->new('old', install_path => dirname($old_bindir));
my $new = PostgreSQL::Test::Cluster->new('new');
cmp_ok($old->pg_version, '<', $new->pg_version, 'the old server is of an older major version');
$old->init;

# Since 18 a new cluster has checksums, and the two must agree
$new->init($new->pg_version >= 18 ? (extra => ['--no-data-checksums']) : ());
$_->append_conf('postgresql.conf', "jit = off\n") for $old, $new;

# Stored values, in a schema that the extension is not in, with indexes
$old->start;
$old->safe_psql('postgres', 'CREATE DATABASE shop');
$old->safe_psql('shop', 'CREATE SCHEMA retention; CREATE EXTENSION retention SCHEMA retention');
$old->safe_psql('shop', 'ALTER DATABASE shop SET search_path = "$user", public, retention');
store_golden($old, 'shop');
$old->safe_psql('shop', <<'END');
CREATE INDEX ON golden.activities (stored);
CREATE INDEX ON golden.keys USING hash (stored);
CREATE VIEW golden.seen AS
	SELECT name, c.* FROM golden.activities, cohort_table(stored, '1 month') c WHERE name <> 'far';
END
my $before = read_golden($old, 'shop');
my $seen = $old->safe_psql('shop', 'TABLE golden.seen');
like($before, qr/^1\.0\|many\|t$/m, 'values of every type are stored');
$old->stop;

chdir own_dir() or die;
command_ok([ 'pg_upgrade', '-b', $old_bindir, '-B', $new_bindir, '-d', $old->data_dir, '-D', $new->data_dir,
	'-s', $new->host, '-p', $old->port, '-P', $new->port ], 'pg_upgrade ends with success');

$new->start;
is($new->safe_psql('shop', q{SELECT extversion = retention_version() FROM pg_extension WHERE extname = 'retention'}),
	't', 'the new server has the extension');
is(read_golden($new, 'shop'), $before, 'stored values are read as before, and new ones are the same bytes');
is($new->safe_psql('shop', 'TABLE golden.seen'), $seen, 'a view that uses it works on');
is($new->safe_psql('shop', q{SET enable_seqscan = off;
SELECT (SELECT count(*) FROM golden.activities
	WHERE stored = (SELECT stored FROM golden.activities WHERE name = 'many')),
	(SELECT count(*) FROM golden.keys WHERE stored #=# '7')}), '1|1', 'and so do indexes');
$new->stop;

done_testing();

# ALTER EXTENSION retention UPDATE, tried with a made-up version 1.1: these very
# sources with another version and one more function.  It is installed in a
# private copy of the server's directories, so that the server stays as it is.
use strict;
use warnings FATAL => 'all';
use File::Path qw(make_path);
use FindBin;
use lib $FindBin::Bin;
use Golden;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RetentionTest;
use ServerCopy;
use Test::More;

my ($old) = text_of('retention.control') =~ /^default_version = '([\d.]+)'$/m;
my $new = '99.0';
my $dir = own_dir();

my $server = copy_server($dir);

# Makes an edit in a copied file, which must find something
sub edit
{
	my ($file, $what, $by) = @_;
	open my $in, '<', $file or die "$file: $!";
	my $text = do { local $/; <$in> };
	($text =~ s/$what/$by/) == 1 or die "nothing to edit in $file";
	open my $out, '>', $file or die "$file: $!";
	print $out $text;
	close $out or die "$file: $!";
	return;
}

# The made-up version: built from a copy of the sources
sub install_new
{
	my $tree = "$dir/tree";
	make_path($tree);
	system("cd '$root' && tar cf - Makefile retention.control sql src tools | (cd '$tree' && tar xf -)") == 0
		or die 'the sources cannot be copied';
	edit("$tree/retention.control", qr/^default_version = .*$/m, "default_version = '$new'");
	edit("$tree/src/base/retention.h", qr/^#define RETENTION_VERSION .*$/m, qq{#define RETENTION_VERSION "$new"});
	edit("$tree/src/base/module.c", qr/\z/, <<'END');
PG_FUNCTION_INFO_V1(made_up);
Datum
made_up(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(42);
}
END
	my $created = q{CREATE FUNCTION made_up() RETURNS integer AS 'MODULE_PATHNAME' }
		. "LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;\n";
	open my $script, '>', "$tree/sql/retention--$old--$new.sql" or die $!;
	print $script qq{\\echo Use "ALTER EXTENSION retention UPDATE" to load this file. \\quit\n}, $created;
	close $script;

	return $server->install_built($tree, 'COPT=-O0');
}

$server->install_present;
my $node = PostgreSQL::Test::Cluster->new('update', install_path => $server->{install_path});
$node->init;
$node->append_conf('postgresql.conf', "jit = off\n");
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE ROLE joe LOGIN;
CREATE DATABASE shop OWNER joe;
CREATE DATABASE later;
END
my @as_joe = (extra_params => [ '-U', 'joe' ]);
$node->safe_psql('shop', 'CREATE EXTENSION retention', @as_joe);
is($node->safe_psql('shop', 'SELECT retention_version()'), $old, "the server has version $old");
store_golden($node, 'shop');
$node->safe_psql('shop', q{CREATE VIEW golden.seen AS
	SELECT name, c.* FROM golden.activities, cohort_table(stored, '1 month') c WHERE name <> 'far'});
my $before = read_golden($node, 'shop');
my $seen = $node->safe_psql('shop', 'TABLE golden.seen');
like($before, qr/^1\.0\|many\|t$/m, 'values of every type are stored');

ok(install_new(), "the made-up version $new is built and installed");
$node->restart;
is($node->safe_psql('shop', q{SELECT retention_version(), extversion FROM pg_extension WHERE extname = 'retention'}),
	"$new|$old", 'a new library serves the objects of the old version');
is(read_golden($node, 'shop'), $before, 'and reads what was stored');
is($node->safe_psql('shop',
	q{SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'retention'}),
	"$old|$new", 'the catalog shows that there is a newer version');

my ($rc, $out, $err) = $node->psql('shop', q{ALTER EXTENSION retention UPDATE TO '99.1'}, @as_joe);
like($err, qr/extension "retention" has no update path from version "\Q$old\E" to version "99\.1"/,
	'a version that is not there is an error');
($rc, $out, $err) = $node->psql('shop', 'ALTER EXTENSION retention UPDATE', @as_joe);
is($rc, 0, 'who created the extension updates it, without being a superuser') or diag($err);
is($node->safe_psql('shop', q{SELECT extversion, made_up() FROM pg_extension WHERE extname = 'retention'}),
	"$new|42", 'it is of the new version, with the new function');
is(read_golden($node, 'shop'), $before, 'stored values are read as before, and new ones are the same bytes');
is($node->safe_psql('shop', 'TABLE golden.seen'), $seen, 'a view that uses it works on');
($rc, $out, $err) = $node->psql('shop', 'ALTER EXTENSION retention UPDATE', @as_joe);
like($err, qr/NOTICE: .*"\Q$new\E" of extension "retention" is already installed/, 'another update changes nothing');

$node->safe_psql('later', 'CREATE EXTENSION retention');
is($node->safe_psql('later', q{SELECT extversion, made_up() FROM pg_extension WHERE extname = 'retention'}),
	"$new|42", 'a new database gets the old script and the update');
$node->stop;

ok(!-e "$server->{sharedir}/extension/retention--$old--$new.sql", 'the server itself is as it was');

done_testing();

# One version, wherever it is written down; and every way to update to it ends
# with the very objects that a new installation has.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin;
use RetentionTest;
use Test::More;


# What the control file says is what all others say
my ($version) = text_of('retention.control') =~ /^default_version = '([\d.]+)'$/m;
ok(defined $version, 'the control file has a version');
my @meta = text_of('META.json') =~ /"version": "([\d.]+)"/g;
is_deeply(\@meta, [ "$version.0", "$version.0", '1.0.0' ], 'META.json: the version, twice, and that of its own format');
like(text_of('META.json'), qr{"file": "sql/retention--\Q$version\E\.sql"}, 'META.json names the script of the version');
ok(-f "$root/sql/retention--$version.sql", 'which is there');
like(text_of('CHANGELOG.md'), qr/^## \Q$version\E\b/m, 'CHANGELOG.md has a section of the version');
like(text_of('src/base/retention.h'), qr/^#define RETENTION_VERSION "\Q$version\E"$/m, 'the library is of the version');

my $node = start_server('versions', no_extension => 1);
is(sql('CREATE EXTENSION retention; SELECT retention_version()'), $version, 'and says so');

# The objects of the extension, with what they do and what is said of them
sub objects
{
	my ($database) = @_;

	return $node->safe_psql($database, q{
SELECT pg_describe_object(classid, objid, 0), obj_description(objid, classid::regclass::name),
	CASE WHEN classid = 'pg_proc'::regclass
	       THEN (SELECT row(p.prosrc, p.probin, p.prosqlbody IS NULL, p.provolatile, p.proisstrict, p.proparallel,
	                        p.procost, p.prorows,
			p.prosupport::text, p.proargnames, pg_get_expr(p.proargdefaults, 0), p.prorettype::regtype,
			p.proretset)::text
			FROM pg_proc p WHERE p.oid = objid)
		WHEN classid = 'pg_type'::regclass
		  THEN (SELECT row(t.typlen, t.typbyval, t.typalign, t.typstorage, t.typinput, t.typsend,
			ARRAY(SELECT attname || ' ' || format_type(atttypid, atttypmod) || ' '
			                 || coalesce(col_description(attrelid, attnum), '')
				FROM pg_attribute WHERE attrelid = t.typrelid AND attnum > 0 ORDER BY attnum))::text FROM pg_type t
				WHERE t.oid = objid) END,
	(SELECT row(a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggmtransfn, a.aggminvtransfn,
	            a.aggfinalmodify, a.aggtransspace, a.agginitval)::text
		FROM pg_aggregate a WHERE classid = 'pg_proc'::regclass AND a.aggfnoid = objid)
FROM pg_depend
WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'retention')
ORDER BY 1});
}
my $new = objects('postgres');
cmp_ok(scalar split(/\n/, $new), '>', 100, 'a new installation has its objects');

# From every version that can be updated; there is none before the first release,
# and a script retention--1.0--1.1.sql is taken as soon as it is there
my @from = split /\n/, sql(qq{
SELECT source
FROM pg_extension_update_paths('retention')
JOIN pg_available_extension_versions v ON v.name = 'retention' AND v.version = source
WHERE target = '$version' AND path IS NOT NULL ORDER BY source});
for my $from ($version, @from)
{
	(my $database = "from_$from") =~ s/\W/_/g;
	sql("CREATE DATABASE $database");
	$node->safe_psql($database,
	                 "CREATE EXTENSION retention VERSION '$from'; ALTER EXTENSION retention UPDATE TO '$version'");
	is(objects($database), $new, "updated from $from, it has the objects of a new installation");
}

# The comparison sees what an update script has forgotten
sql('CREATE DATABASE forgotten');
$node->safe_psql('forgotten', q{CREATE EXTENSION retention; COMMENT ON AGGREGATE nps(integer) IS 'another'});
isnt(objects('forgotten'), $new, 'a comment that differs is seen');

$node->stop;
done_testing();

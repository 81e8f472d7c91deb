# Hostile schemas: what another user has put where the extension is installed, or before
# it and before pg_catalog in the search_path, is never called, and changes no result.
# Objects are made for each name and operator that the script of the extension uses, with
# arguments that match a careless call better than those of the server; each of their
# functions fails with the word "caught".  And from the catalog: nothing of ours is
# LEAKPROOF or SECURITY DEFINER, has settings or a body that is looked up at run time;
# anyone can use all of it, and nobody but the owner can change it.
use strict;
use warnings FATAL => 'all';
use FindBin;
use lib $FindBin::Bin, "$FindBin::Bin/../t";
use Answers;
use Catalog;
use Hard;
use RetentionTest;
use Calls;
use Test::More;

my $node = start_hard('hostile', conf => "autovacuum = off\nfsync = off\ntimezone = 'Europe/Berlin'");
my $databases = 0;

# Runs SQL as a user; returns the exit status, output and errors
sub run_as
{
	my ($user, $database, $sql) = @_;

	return $node->psql($database, "SET client_min_messages = warning;\n$sql",
		extra_params => [ '-U', $user, '-v', 'VERBOSITY=verbose' ]);
}

sub must
{
	my ($user, $database, $sql) = @_;
	my ($status, $out, $error) = run_as($user, $database, $sql);

	die "$error in $sql" if $status;
	return $out;
}

# An installation that nobody has attacked, with its answers.  The database from which the
# others are made has its tables, with the values as text.
sub look_at_clean
{
	my $file = own_dir() . '/parts';

	chmod 0777, $file =~ s{/parts\z}{}r;
	sql('CREATE ROLE mallory LOGIN; CREATE ROLE victim LOGIN; CREATE ROLE joe LOGIN; CREATE DATABASE base;'
		. 'CREATE SCHEMA ext; ALTER EXTENSION retention SET SCHEMA ext; CREATE SCHEMA data;'
		. 'SET search_path = data, ext;' . facts_sql(600, 80) . parts_sql() . "COPY parts TO '$file'");
	# so that names of types stay without a schema
	sql('ALTER DATABASE postgres SET search_path = data, ext');
	sql(make_tables('ext', 'data'));
	my $columns = sql(q{SELECT string_agg(format('%I text', attname), ', ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = 'parts'::regclass AND attnum > 0});
	must('postgres', 'base', 'CREATE SCHEMA data; SET search_path = data; '
		. facts_sql(600, 80)
		. ";CREATE TABLE parts_text ($columns); COPY parts_text FROM '$file'");
	return all_answers('ext', 'data');
}

my @answers = look_at_clean();
my $view = 'CREATE VIEW data.answers AS ' . join "\nUNION ALL ",
	map { 'SELECT ' . quoted($_->{title}) . '::text AS title, (' . in_schemas($_->{query}, 'ext', 'data') . ') AS x' }
	@answers;
my %expected = map { $_->{title} => $_->{answer} } @answers;
my $parts = 'SET search_path = pg_catalog; CREATE TABLE data.parts AS SELECT '
	. sql(q{SELECT string_agg(format('%1$I::%2$s AS %1$I', attname,
			CASE WHEN typnamespace = 'pg_catalog'::regnamespace THEN '' ELSE 'ext.' END || typname), ', '
			ORDER BY attnum)
		FROM pg_attribute JOIN pg_type t ON t.oid = atttypid WHERE attrelid = 'parts'::regclass AND attnum > 0})
	. ' FROM data.parts_text; ' . make_tables('ext', 'data') . "; $view;"
	. 'GRANT USAGE ON SCHEMA data, ext TO PUBLIC; GRANT SELECT ON data.answers TO PUBLIC';

# What the server makes of the bodies, whatever schema they are in
my $bodies = q{SET search_path = pg_catalog;
	SELECT string_agg(md5(replace(pg_get_functiondef(p.oid), 'ext.', '')), ','
		ORDER BY p.oid::regprocedure::text COLLATE "C")
	FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
	WHERE p.prokind <> 'a' AND d.refclassid = 'pg_extension'::regclass};
my $clean_bodies = must('postgres', 'postgres', $bodies);

# Calls and operators of the script, and signatures that cannot be created twice
my $script = text_of('sql/retention--1.0.sql');
my @functions = functions();
my %our_names = map { $_->{name} => 1 } @functions;
my %core = map { $_ => 1 } split /\n/, sql(
	q{SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace});
my @core_names = do {
	my %used = map { $_ => 1 } grep { $core{$_} && !$our_names{$_} } $script =~ /\b([a-z]\w*) ?\(/g;
	sort keys %used;
};
my @names = (@core_names, sort keys %our_names);
my $signatures = join ', ', map { quoted("$_->{name}(" . join(',', @{ $_->{types} }) . ')') } @functions;

# SQL that fills a schema with overloads: some of those that there could be, chosen by the
# seed, and one for any type of each name
sub overloads
{
	my ($schema, $some) = @_;
	my $all = join ', ', map { quoted($_) } @names;
	my $own = join ', ', map { quoted($_) } sort keys %our_names;
	my $operators = is_short() ? 6 : 99;
	my $types = join ', ', map { quoted($_->{name}) } types();

	return qq{
SET search_path = $schema;
CREATE FUNCTION $schema.caught(what text) RETURNS text LANGUAGE plpgsql AS
	\$\$ BEGIN RAISE EXCEPTION 'caught % as %', what, current_user; END \$\$;
CREATE TYPE $schema.own AS (v text);
DO \$do\$
DECLARE
	kinds text[] := '{smallint,integer,bigint,real,double precision,numeric,text,date,interval,own}';
	own_body text := 'BEGIN PERFORM $schema.caught(%L); RETURN NULL; END';
	f record;
	a text;
BEGIN
	FOREACH a IN ARRAY '{smallint,integer,bigint,real,double precision,numeric,text,date,interval}'::text[] LOOP
		EXECUTE format('CREATE FUNCTION $schema.to_own(%s) RETURNS $schema.own LANGUAGE plpgsql AS %L', a,
			format(own_body, 'cast from ' || a));
		EXECUTE format('CREATE CAST (%s AS $schema.own) WITH FUNCTION $schema.to_own(%s) AS IMPLICIT', a, a);
	END LOOP;
	FOR f IN SELECT name, types FROM ((
			SELECT name, array_to_string(ARRAY[x, y, z], ',') AS types
			FROM unnest(ARRAY[$all]) name, unnest(kinds) x,
			     (SELECT unnest(kinds) UNION ALL SELECT NULL) y(y),
			     (SELECT unnest(kinds[:6]) UNION ALL SELECT NULL) z(z)
			WHERE y IS NOT NULL OR z IS NULL
			ORDER BY hashtextextended(concat_ws(',', name, x, y, z), @{[ seed() ]}) LIMIT $some)
			UNION ALL
			SELECT name, 'anyelement' FROM unnest(ARRAY[$all]) name) o
		WHERE name || '(' || types || ')' NOT IN (SELECT unnest(ARRAY[$signatures]))
	LOOP
		BEGIN
			EXECUTE format('CREATE FUNCTION $schema.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', f.name, f.types,
				CASE WHEN f.types = 'anyelement' THEN 'anyelement' WHEN f.types ~ '^[^,]*(int|real|double|numeric)'
				     THEN 'double precision' ELSE 'text' END, format(own_body, f.name || '(' || f.types || ')'));
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
	END LOOP;
	FOR f IN SELECT o, l, r, row_number() OVER () AS n, o ~ '^[<>=]+\$' AS test
		FROM unnest('{*,+,-,/,=,<>,<,>,<=,>=,||,\@>,<\@,&&,%,^}'::text[]) WITH ORDINALITY s(o, at),
		     unnest(kinds[:9]) WITH ORDINALITY x(l, left_at), unnest(kinds[:9]) WITH ORDINALITY y(r, right_at)
		WHERE greatest(at, left_at, right_at) <= $operators
	LOOP
		EXECUTE format('CREATE FUNCTION $schema.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', f.n, f.l, f.r,
			CASE WHEN f.test THEN 'boolean' ELSE f.l END, format(own_body, concat_ws(' ', f.l, f.o, f.r)));
		EXECUTE format('CREATE OPERATOR $schema.%s (FUNCTION = $schema.operator_%s, LEFTARG = %s, RIGHTARG = %s)',
			f.o, f.n, f.l, f.r);
	END LOOP;
	-- domains with the names of the server's types, tables with those of our functions
	FOR f IN SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b'
		AND typname !~ '^_' ORDER BY oid LIMIT 60
	LOOP
		EXECUTE format('CREATE DOMAIN $schema.%I AS pg_catalog.text CHECK ($schema.caught(''domain'') IS NULL)',
			f.typname);
	END LOOP;
	FOR f IN SELECT name FROM unnest(ARRAY[$own]) name
		WHERE name <> ALL (ARRAY[$types])
		ORDER BY name LIMIT 40
	LOOP
		EXECUTE format('CREATE TABLE $schema.%I (c integer DEFAULT length($schema.caught(''default'')))', f.name);
	END LOOP;
END \$do\$;
};
}

# A database in which mallory owns the schema ext and the victim may install
sub new_database
{
	my ($setup) = @_;
	my $name = 'd' . ++$databases;

	sql("CREATE DATABASE $name TEMPLATE base");
	must('postgres', $name, 'CREATE SCHEMA evil AUTHORIZATION mallory; CREATE SCHEMA ext AUTHORIZATION mallory;'
		. 'GRANT USAGE ON SCHEMA evil TO PUBLIC; GRANT ALL ON SCHEMA ext TO PUBLIC;'
		. "GRANT CREATE ON DATABASE $name TO victim");
	must('mallory', $name, $setup) if $setup;
	return $name;
}

my ($refused, $unaffected, $objects, $forbidden) = (0, 0, 0, 0);

# Compares what the view returns for a user with a search_path
sub compare
{
	my ($what, $database, $user, $path) = @_;
	my ($status, $out, $error) = run_as($user, $database, "SET search_path = $path; TABLE data.answers");

	return problem("$what: $error") if $status;
	for my $line (split /\n/, $out)
	{
		my ($title, $answer) = split /\|/, $line, 2;
		problem("$what, search_path $path: $title is $answer, not $expected{$title}") if $answer ne $expected{$title};
	}
	return;
}

# Installs into a database, in a session that has done something before: refused, which
# leaves nothing behind, or of no consequence
sub install
{
	my ($what, $database, $user, $before, @paths) = @_;
	my ($status, $out, $error) = run_as($user, $database, "$before; CREATE EXTENSION retention SCHEMA ext");

	problem("$what: $error") if $error =~ /caught|XX000/;
	if ($status)
	{
		$refused++;
		problem("$what: refused, but something is there")
			if must('postgres', $database, 'SELECT count(*) FROM pg_extension') ne 1;
		return 0;
	}
	problem("$what: the bodies differ") if must('postgres', $database, $bodies) ne $clean_bodies;
	must('postgres', $database, $parts);
	compare($what, $database, @$_) for @paths;
	$unaffected++;
	return 1;
}

my $some = amount(100, 20_000);
my @paths = ([ 'joe', 'evil, ext, pg_catalog' ], [ 'victim', 'ext, evil, pg_catalog, pg_temp' ],
	[ 'victim', 'pg_catalog' ]);
@paths = $paths[0] if is_short();

sub drop
{
	sql("DROP DATABASE $_[0]");
	return;
}

# Overloads in the schema itself, and in one that comes first
sub overloads_before
{
	my $database = new_database(overloads('ext', $some) . overloads('evil', $some));

	install('overloads in the schema', $database, 'victim', '', @paths)
		or problem('overloads in the schema: refused, so that nothing has been tried');
	$objects += must('postgres', $database,
		q{SELECT count(*) FROM pg_proc WHERE proowner = 'mallory'::regrole});
	# they do catch careless calls
	for my $call ('SELECT 1.5::double precision * 2::bigint', "SELECT $core_names[0](daterange '[,)')",
		'SELECT to_own(1)')
	{
		my (undef, undef, $error) = run_as('joe', $database, "SET search_path = evil, pg_catalog; $call");
		problem("$call is not caught: $error") unless $error =~ /caught/;
	}
	drop($database);
	return;
}

# After the installation, by somebody who may create in its schema
sub overloads_after
{
	my $database = new_database('');

	install('overloads afterwards', $database, 'postgres', 'SET search_path = evil, public', [ 'joe', 'pg_catalog' ]);
	must('mallory', $database, overloads('ext', $some));
	compare('overloads afterwards', $database, @$_) for @paths;
	$forbidden = privileges($database);
	drop($database);
	return;
}

# By a superuser, with the hostile schema and a hostile session before
sub hostile_sessions
{
	my $types = join '; ', map { "CREATE TEMP TABLE $_->{name} (x integer)" } types();
	my %sessions = (
		'hostile path' => 'SET search_path = evil, pg_catalog, public',
		'temporary tables' => $types,
		'temporary functions' => q{CREATE FUNCTION pg_temp.round(double precision, integer) RETURNS numeric LANGUAGE sql
			RETURN 1; SET search_path = pg_temp, pg_catalog},
		'temporary types' => 'CREATE DOMAIN pg_temp.date AS text; CREATE DOMAIN pg_temp.daterange AS integer',
		'strings' => 'SET standard_conforming_strings = off',
		'settings' => q{SET check_function_bodies = off; SET transform_null_equals = on; SET array_nulls = off;
			SET extra_float_digits = -15; SET datestyle = 'SQL, DMY'; SET intervalstyle = sql_standard;
			SET bytea_output = escape; SET quote_all_identifiers = on; SET timezone = 'Asia/Kathmandu';
			SET default_transaction_isolation = serializable; SET backslash_quote = on; SET xmloption = document});

	for my $name (is_short() ? pick(sort keys %sessions) : sort keys %sessions)
	{
		my $database = new_database(overloads('evil', $some));
		must('postgres', $database, 'GRANT TEMPORARY ON DATABASE ' . $database . ' TO PUBLIC');
		# not every server has all settings
		my ($cannot) = run_as('postgres', $database, $sessions{$name});
		install("session with $name", $database, 'postgres', $sessions{$name}, [ 'victim', 'evil, pg_catalog' ])
			or problem("session with $name: refused, so that nothing has been tried") unless $cannot;
		drop($database);
	}
	return;
}

# Statements that create something with a name of ours, before the extension does
sub taken_names
{
	my @taken;
	my $own = join '|', map { $_->{name} } types();

	for my $f (@functions)
	{
		next if "@{ $f->{types} }" =~ /\b(?:$own|internal|cstring|any)\b/;
		my $returns = "@{ $f->{types} }" =~ /anyelement/ ? 'anyelement' : 'text';
		push @taken, [ 'refused', "CREATE FUNCTION ext.$f->{name}(" . join(', ', @{ $f->{types} })
			. ") RETURNS $returns LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''caught''; END'" ];
	}
	for my $type (map { $_->{name} } types())
	{
		push @taken, map { [ 'refused', $_ ] } "CREATE TYPE ext.$type AS (x integer)",
			"CREATE DOMAIN ext.$type AS text", "CREATE TABLE ext.$type (x integer)",
			"CREATE TYPE ext.$type AS ENUM ('a')", "CREATE VIEW ext.$type AS SELECT 1 AS x";
		push @taken, [ 'any', "CREATE TYPE ext._$type AS (x integer)" ];
	}
	return @taken;
}

sub names_taken
{
	my @taken = taken_names();

	for (1 .. amount(4, scalar @taken))
	{
		my ($must, $statement) = @{ splice @taken, random_below(scalar @taken), 1 };
		my $database = new_database($statement);
		my $installed = install($statement, $database, pick('victim', 'postgres'), '', [ 'joe', 'pg_catalog' ]);
		problem("$statement: taken over") if $must eq 'refused' && $installed;
		drop($database);
		last unless @taken;
	}
	return;
}

# Rules for all objects of the extension
sub rules
{
	my $ours = q{FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
		AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass JOIN pg_language l ON l.oid = p.prolang WHERE};
	my %never = (
		'LEAKPROOF' => 'proleakproof', 'SECURITY DEFINER' => 'prosecdef', 'with settings' => 'proconfig IS NOT NULL',
		'with a body that is a string' => q{lanname NOT IN ('c', 'internal') AND prosqlbody IS NULL},
		'in another language' => q{lanname NOT IN ('c', 'internal', 'sql')},
		'with privileges of its own' => 'proacl IS NOT NULL',
		'that returns internal and takes none' =>
			q{'internal'::regtype = prorettype AND NOT 'internal'::regtype::oid = ANY (proargtypes::oid[])});

	for my $rule (sort keys %never)
	{
		my $found = sql("SELECT string_agg(p.oid::regprocedure::text, ', ') $ours $never{$rule}");
		problem("functions $rule: $found") if $found ne '';
	}
	my $relations = sql(q{SELECT string_agg(c.relname, ', ') FROM pg_class c JOIN pg_depend d ON d.objid = c.oid
		AND d.classid = 'pg_class'::regclass AND d.deptype = 'e' WHERE c.relkind <> 'c'});
	problem("relations: $relations") if $relations ne '';
	my $reads = sql(q{SELECT string_agg(p.oid::regprocedure::text, ', ') FROM pg_proc p JOIN pg_depend d
		ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_class'::regclass
		JOIN pg_class c ON c.oid = d.refobjid WHERE p.probin IS NOT NULL AND c.relkind <> 'c'});
	problem("functions that read tables: $reads") if $reads ne '';
	return;
}

# In a database where the extension is, nobody else can change or drop anything of it; that
# anyone can use it is seen in every other comparison
sub privileges
{
	my ($database) = @_;
	my @statements = ('DROP EXTENSION retention', 'ALTER EXTENSION retention SET SCHEMA data',
		q{ALTER EXTENSION retention UPDATE TO '1.0'}, 'ALTER EXTENSION retention DROP TYPE ext.customer_key',
		q{COMMENT ON EXTENSION retention IS ''},
		map({; "DROP TYPE ext.$_->{name} CASCADE", "ALTER TYPE ext.$_->{name} OWNER TO joe" } types()),
		map({;
			my $is = $_->{kind} eq 'a' ? 'AGGREGATE' : 'FUNCTION';
			my $name = "ext.$_->{name}(" . join(', ', map { of_ours($_) } @{ $_->{types} }) . ')';
			("DROP $is $name", "ALTER $is $name OWNER TO joe", "ALTER $is $name RENAME TO x",
				$is eq 'FUNCTION' ? "ALTER FUNCTION $name LEAKPROOF" : ());
		} @functions));
	for my $user ('joe', 'mallory')
	{
		my ($sql, @tried) = ('');
		for my $statement (@statements)
		{
			next if is_short() && random_below(20);
			push @tried, $statement;
			$sql .= "$statement;\n\\echo :SQLSTATE\n";
		}
		my ($status, $out) = $node->psql($database, "BEGIN;\\set ON_ERROR_ROLLBACK on\n$sql",
			on_error_stop => 0, extra_params => [ '-U', $user, '-v', 'ON_ERROR_ROLLBACK=on' ]);
		my @states = split /\n/, $out;
		for my $i (0 .. $#tried)
		{
			problem("$user: $tried[$i]: $states[$i]") unless $states[$i] eq '42501' || $states[$i] eq '2BP01';
		}
	}
	return scalar @statements;
}

my %of_ours;

sub of_ours
{
	my ($type) = @_;

	%of_ours = map { $_->{name} => 1 } types() unless %of_ours;
	return $of_ours{$type} ? "ext.$type" : $type;
}

rules();
overloads_before();
overloads_after();
hostile_sessions();
names_taken();
$node->stop;

figure('functions compared', scalar @answers);
figure('hostile functions', $objects);
figure('installations unaffected', $unaffected);
figure('installations refused', $refused);
figure('statements that only the owner may run', $forbidden);
finish('hostile schemas');

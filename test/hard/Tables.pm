# The tables of the random queries: the same rows in several schemas, in one after the
# other order, shuffled, in partitions, in a view of three tables, and with indexes.  A
# query finds one of them by search_path, and must not notice which.
package Tables;

use strict;
use warnings FATAL => 'all';
use Exporter qw(import);
use RetentionTest;

our @EXPORT = qw(make_tables @SCHEMAS @CUSTOMERS);

our @SCHEMAS = qw(heap shuffled hashed listed united indexed);

# What "c", the customer, is in the views facts_...: a column of base
our @CUSTOMERS = qw(int bigint text uuid numeric record key);
my %customer = (int => 'k::int', bigint => 'k - 500', text => "chr(97 + (k % 20)::int) || k",
	uuid => 'md5(k::text)::uuid', numeric => '(k / 4.0)', record => 'customer_key(row(k % 7, k::text))',
	key => 'k::customer_key');

# Rows: n of them, with customers of which there are so many, over so many days
sub base
{
	my ($seed, $n, $customers, $days, $amounts) = @_;
	my $amount = { whole => 'dice(i, 5, 300) - 40', cents => '(dice(i, 5, 30000) - 4000) / 100.0',
		fine => 'dice(i, 5, 1000000007) / 1048576.0 - 100', free => '0', refunds => '-dice(i, 5, 50)' }->{$amounts};

	return qq{
CREATE OR REPLACE FUNCTION dice(i bigint, series bigint, n bigint) RETURNS bigint IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(i, series + 1000 * $seed) & 9223372036854775807) % n;
CREATE SCHEMA heap;
CREATE TABLE heap.base AS
	SELECT i AS id, nullif(dice(i, 3, 6), 5) AS g, chr(65 + dice(i, 10, 3)::int) AS h,
		CASE WHEN dice(i, 11, 25) > 0 THEN dice(i, 1, $customers) END AS k, dice(i, 4, 60) AS o,
		CASE WHEN dice(i, 12, 25) > 0 THEN date '2023-12-15' + dice(i, 2, $days)::int END AS d,
		CASE dice(i, 13, 12) WHEN 0 THEN NULL WHEN 1 THEN 0 ELSE $amount END::float8 AS amount,
		CASE WHEN dice(i, 14, 15) > 0 THEN dice(i, 6, 11)::int END AS score,
		CASE WHEN dice(i, 15, 20) > 0 THEN dice(i, 7, 3) > 0 END AS was, dice(i, 8, 5) < 2 AS now
	FROM generate_series(1::bigint, $n) i;
ALTER TABLE heap.base ADD ts timestamp, ADD tz timestamptz, ADD active_d daterange, ADD active_ts tsrange,
	ADD active_tz tstzrange;
UPDATE heap.base SET ts = d + o * interval '71 minutes 1.5 seconds', tz = d + o * interval '1 hour',
	active_d = daterange(d, d + 40), active_ts = tsrange(d, d + 40), active_tz = tstzrange(d, d + 40);
CREATE TABLE heap.parts AS
	SELECT g, h, o % 4 AS b, retention_summary(was, now) AS retention, nps_summary(score) AS survey,
	       ces_summary(1 + score % 7) AS effort, customer_activity(k, d) AS activity, survival_curve(o, was) AS curve,
	       customer_purchases(k, d, (amount / 8)::numeric(12,3)) AS purchases,
	       customer_subscriptions(k, d, d + score, (amount / 8)::numeric(12,3)) AS subscriptions,
	       customer_events(k, d, score::text) AS events
	FROM heap.base GROUP BY g, h, b;
ALTER TABLE heap.parts ADD cells revenue_cells;
UPDATE heap.parts SET cells = (SELECT revenue_cells(p, '7 days', '2024-05-01') FROM (VALUES (purchases)) v(p));
};
}

# The other schemas
my $others = q{
CREATE SCHEMA shuffled; CREATE SCHEMA hashed; CREATE SCHEMA listed; CREATE SCHEMA united; CREATE SCHEMA indexed;
CREATE TABLE shuffled.base AS SELECT * FROM heap.base ORDER BY dice(id, 77, 1000000);
CREATE TABLE shuffled.parts (LIKE heap.parts);
ALTER TABLE shuffled.parts ALTER activity SET STORAGE EXTERNAL, ALTER purchases SET STORAGE EXTERNAL,
	ALTER events SET STORAGE EXTERNAL, ALTER curve SET STORAGE EXTERNAL;
INSERT INTO shuffled.parts SELECT * FROM heap.parts ORDER BY b DESC, h, g;
CREATE TABLE indexed.base AS SELECT * FROM heap.base ORDER BY id DESC;
CREATE INDEX ON indexed.base (g, h); CREATE INDEX ON indexed.base (k); CREATE UNIQUE INDEX ON indexed.base (id);
CREATE TABLE indexed.parts AS SELECT * FROM heap.parts;
CREATE INDEX ON indexed.parts (b);
CREATE TABLE hashed.base (LIKE heap.base) PARTITION BY HASH (k);
CREATE TABLE hashed.base0 PARTITION OF hashed.base FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE hashed.base1 PARTITION OF hashed.base FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE hashed.base2 PARTITION OF hashed.base FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO hashed.base SELECT * FROM heap.base;
CREATE TABLE hashed.parts (LIKE heap.parts) PARTITION BY LIST (b);
CREATE TABLE hashed.parts0 PARTITION OF hashed.parts FOR VALUES IN (0, 1);
CREATE TABLE hashed.parts1 PARTITION OF hashed.parts DEFAULT;
INSERT INTO hashed.parts SELECT * FROM heap.parts;
CREATE TABLE listed.base (LIKE heap.base) PARTITION BY LIST (g);
CREATE TABLE listed.base0 PARTITION OF listed.base FOR VALUES IN (0, 1, NULL);
CREATE TABLE listed.base1 PARTITION OF listed.base FOR VALUES IN (2, 3);
CREATE TABLE listed.base2 PARTITION OF listed.base DEFAULT;
INSERT INTO listed.base SELECT * FROM heap.base;
CREATE TABLE listed.parts (LIKE heap.parts) PARTITION BY LIST (g);
CREATE TABLE listed.parts0 PARTITION OF listed.parts FOR VALUES IN (0, 1, NULL);
CREATE TABLE listed.parts1 PARTITION OF listed.parts DEFAULT;
INSERT INTO listed.parts SELECT * FROM heap.parts;
CREATE TABLE united.base0 AS SELECT * FROM heap.base WHERE id % 3 = 0;
CREATE TABLE united.base1 AS SELECT * FROM heap.base WHERE id % 3 = 1;
CREATE TABLE united.base2 AS SELECT * FROM heap.base WHERE id % 3 = 2;
CREATE VIEW united.base AS TABLE united.base0 UNION ALL TABLE united.base1 UNION ALL TABLE united.base2;
CREATE TABLE united.parts0 AS SELECT * FROM heap.parts WHERE h = 'A';
CREATE TABLE united.parts1 AS SELECT * FROM heap.parts WHERE h <> 'A';
CREATE VIEW united.parts AS TABLE united.parts0 UNION ALL TABLE united.parts1;
};

# Makes all of them anew
sub make_tables
{
	my ($seed, @shape) = @_;
	my $drop = join ' ', map { "DROP SCHEMA IF EXISTS $_ CASCADE;" } @SCHEMAS;
	my $views = '';

	for my $schema (@SCHEMAS)
	{
		$views .= "CREATE VIEW $schema.facts_$_ AS SELECT $customer{$_} AS c, * FROM $schema.base;\n" for @CUSTOMERS;
	}
	sql("SET client_min_messages = error; $drop" . base($seed, @shape) . $others . $views . 'ANALYZE');
	return;
}

1;

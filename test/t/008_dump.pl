
# Dump and restore: plain and in parallel, extension and tables in schemas of
# their own; pg_basebackup of a server with an index.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $node = new_node('dump', init => [ allows_streaming => 1 ], conf => "autovacuum = off\n", extension => 0);
my $dir = $node->basedir;
my $order = "v OPERATOR(apart.<->) '[1,2,3]'";

$node->safe_psql('postgres', q{
	CREATE SCHEMA apart;
	CREATE SCHEMA data;
	CREATE EXTENSION hnsw SCHEMA apart;
	SET search_path = apart;
	CREATE TABLE data.items (id int PRIMARY KEY, v vector(3), w vector(3) DEFAULT '[0,0,1]');
	INSERT INTO data.items
	SELECT i, CASE WHEN i % 50 > 0 THEN ARRAY[sin(i), cos(i), i % 7]::vector END FROM generate_series(1, 1000) i;
	CREATE INDEX items_v ON data.items USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 40);
	CREATE INDEX items_w ON data.items USING hnsw (((v + w)::vector(3)) vector_cosine_ops) WHERE id % 2 = 0;
	CREATE TABLE data.parts (id int, v vector(3)) PARTITION BY RANGE (id);
	CREATE TABLE data.part_1 PARTITION OF data.parts FOR VALUES FROM (0) TO (500);
	CREATE TABLE data.part_2 PARTITION OF data.parts FOR VALUES FROM (500) TO (2000);
	INSERT INTO data.parts SELECT id, v FROM data.items;
	CREATE INDEX parts_v ON data.parts USING hnsw (v vector_ip_ops);
	CREATE MATERIALIZED VIEW data.nearest AS SELECT id, v FROM data.items ORDER BY v <-> '[1,1,1]' LIMIT 100;
	CREATE INDEX nearest_v ON data.nearest USING hnsw (v vector_l1_ops);
});

my $indexes = q{SELECT indexdef FROM pg_indexes WHERE schemaname = 'data' ORDER BY indexname};
my $rows = q{SET search_path = apart; SET enable_seqscan = off;
	SELECT id FROM data.items ORDER BY v <-> '[1,2,3]', id LIMIT 200};

foreach my $how ('plain', 'parallel')
{
	my $to = "restored_$how";

	$node->safe_psql('postgres', "CREATE DATABASE $to");
	if ($how eq 'plain')
	{
		$node->command_ok([ 'pg_dump', '-f', "$dir/plain.sql", $node->connstr('postgres') ], 'pg_dump');
		$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/plain.sql", '-d', $node->connstr($to) ], 'restore');
	}
	else
	{
		$node->command_ok([ 'pg_dump', '-Fd', '-j4', '-f', "$dir/dump", $node->connstr('postgres') ], 'pg_dump -Fd -j4');
		$node->command_ok([ 'pg_restore', '-j4', '--exit-on-error', '-d', $node->connstr($to), "$dir/dump" ], 'pg_restore -j4');
	}
	is($node->safe_psql($to, $indexes), $node->safe_psql('postgres', $indexes), "$how: the same indexes");
	is($node->safe_psql($to, $rows), $node->safe_psql('postgres', $rows), "$how: the same rows");
	foreach my $index (split /\n/, $node->safe_psql($to,
			q{SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			  JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'hnsw' AND c.relkind = 'i' ORDER BY 1}))
	{
		is($node->safe_psql($to, "SELECT * FROM apart.hnsw_check('$index')"), '', "$how: $index is sound");
	}
	every_row_once($node, 'data.items', $order, "$how: every row once", $to);
}

$node->backup('copy');
my $copy = ref($node)->can('new') ? ref($node)->new('copy') : ref($node)->get_new_node('copy');
$copy->init_from_backup($node, 'copy');
$copy->start;
is($copy->safe_psql('postgres', "SELECT * FROM apart.hnsw_check('data.items_v')"), '', 'base backup: sound');
every_row_once($copy, 'data.items', $order, 'base backup: every row once');

no_crash($node);
no_crash($copy);
$copy->stop;
$node->stop;
done_testing();

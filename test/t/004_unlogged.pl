
# Unlogged tables: after a crash table and index are empty and usable, after a
# clean stop they are as they were. Temporary tables.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $dims = 8;
my $order = "embedding <-> hnsw_test_vector($dims, 7)";
my $node = new_node('unlogged', conf => "autovacuum = off\n");

fill_table($node, 'items', 400, $dims);
$node->safe_psql('postgres', q{
	ALTER TABLE items SET UNLOGGED;
	CREATE INDEX ON items USING hnsw (embedding vector_l2_ops);
	CREATE UNLOGGED TABLE later (id int, embedding vector(8));
	CREATE INDEX ON later USING hnsw (embedding vector_l2_ops);
	INSERT INTO later SELECT * FROM items;
	DELETE FROM items WHERE id % 4 = 0;
	VACUUM items;
});
check_index($node, 'items_embedding_idx');
every_row_once($node, 'items', $order);

$node->restart;
every_row_once($node, 'items', $order, 'every row once after a clean restart');
is($node->safe_psql('postgres', 'SELECT count(*) FROM items'), '300', 'and they are all there');

for my $crash (1 .. 2)
{
	$node->stop('immediate');
	$node->start;
	foreach my $table ('items', 'later')
	{
		is($node->safe_psql('postgres', "SET enable_seqscan = off; SELECT id FROM $table ORDER BY $order"),
			'', "$table: empty after crash $crash");
		check_index($node, "${table}_embedding_idx", "$table: sound after crash $crash");
		fill_table($node, $table, 200, $dims);
		$node->safe_psql('postgres', "DELETE FROM $table WHERE id % 2 = 0; VACUUM $table");
		fill_table($node, $table, 100, $dims, 77);
		check_index($node, "${table}_embedding_idx", "$table: sound after crash $crash and writes");
		every_row_once($node, $table, $order, "$table: every row once after crash $crash and writes");
	}
}

# logged from now on: the rows outlive a crash
$node->safe_psql('postgres', 'ALTER TABLE items SET LOGGED');
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', 'SELECT count(*) FROM items'), '200', 'logged: the rows are there after a crash');
check_index($node, 'items_embedding_idx', 'logged: sound after a crash');
every_row_once($node, 'items', $order, 'logged: every row once after a crash');

is( $node->safe_psql('postgres', qq{
		CREATE TEMP TABLE t (id int, embedding vector(8)) ON COMMIT DELETE ROWS;
		CREATE INDEX i ON t USING hnsw (embedding vector_l2_ops);
		SET enable_seqscan = off;
		BEGIN;
		INSERT INTO t SELECT * FROM items;
		SELECT count(*) FROM (SELECT id FROM t ORDER BY $order) x;
		SELECT count(*) FROM hnsw_check('i');
		COMMIT;
		SELECT count(*) FROM (SELECT id FROM t ORDER BY $order) x;
		INSERT INTO t SELECT * FROM items;
		SELECT count(*) FROM hnsw_check('i');
	}),
	"200\n0\n0\n0", 'temporary table');

no_crash($node);
$node->stop;
done_testing();

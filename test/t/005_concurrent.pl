
# Inserts, updates, deletes, searches and vacuums at the same time, in small
# tables with many equal vectors and in records of several pages.  Afterwards, and
# in every snapshot on the way, the index returns every row once.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $node = new_node('concurrent', conf => "autovacuum = off\nmax_wal_size = 1GB\nshared_buffers = 32MB\n");

foreach my $case ([ 'small', 3, 0 ], [ 'medium', 64, 400 ], [ 'wide', 3000, 20 ])
{
	my ($table, $dims, $rows) = @$case;
	my $order = "embedding <-> hnsw_test_vector($dims, 7)";

	fill_table($node, $table, $rows, $dims);
	$node->safe_psql('postgres', "CREATE INDEX ON $table USING hnsw (embedding vector_l2_ops)");

	my $load = start_load($node, $table, $dims, 5, 5);
	my $scans = 0;
	my $differ = '';

	my $until = time() + 5;

	while (time() < $until)
	{
		my $query = "BEGIN ISOLATION LEVEL REPEATABLE READ;" . rows_differ($table, $order) . "COMMIT;";

		$differ .= $node->safe_psql('postgres', $query);
		$scans++;
	}
	my ($status, $out, $err) = finish($load);
	is($status, 0, "$table: the load ran") or diag $err;
	is($differ, '', "$table: every row once in each of $scans scans meanwhile");
	check_index($node, "${table}_embedding_idx", "$table is sound after the load");
	every_row_once($node, $table, $order, "$table: every row once after the load");
	$node->safe_psql('postgres', "VACUUM $table");
	check_index($node, "${table}_embedding_idx", "$table is sound after vacuum");
	every_row_once($node, $table, $order, "$table: every row once after vacuum");

	$node->safe_psql('postgres', "DELETE FROM $table; VACUUM $table");
	check_index($node, "${table}_embedding_idx", "$table is sound when empty");
	is($node->safe_psql('postgres', "SET enable_seqscan = off; SELECT id FROM $table ORDER BY $order"),
		'', "$table: no row when empty");
}

# rows with one vector, updated for ever: their chain of TIDs stays short
$node->safe_psql('postgres', q{
	CREATE TABLE equal (id int, n int DEFAULT 0, embedding vector(3));
	CREATE INDEX ON equal (n);
	CREATE INDEX ON equal USING hnsw (embedding vector_l2_ops);
	INSERT INTO equal SELECT i, 0, '[1,2,3]' FROM generate_series(1, 10) i;
});
my $round = "UPDATE equal SET n = n + 1;\n" x 4 . "VACUUM equal;\n";

$node->safe_psql('postgres', $round x 10);
my $size = "SELECT pg_relation_size('equal_embedding_idx')";
my $before = $node->safe_psql('postgres', $size);
$node->safe_psql('postgres', $round x 200);
is($node->safe_psql('postgres', $size), $before, 'equal: the index does not grow');
check_index($node, 'equal_embedding_idx', 'equal is sound');
every_row_once($node, 'equal', "embedding <-> '[1,2,3]'");

no_crash($node);
$node->stop;
done_testing();

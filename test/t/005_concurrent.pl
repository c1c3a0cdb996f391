
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

	my $load = start_load($node, $table, $dims, 4, 4);
	my $scans = 0;
	my $differ = '';

	my $until = time() + 4;

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

# A scan that is half done when vacuum frees the nodes on its way, and when new
# nodes take their place, still returns every row of its snapshot.
fill_table($node, 'paused', 2000, 16);
$node->safe_psql('postgres', 'CREATE TABLE source AS SELECT * FROM paused;
	CREATE INDEX ON paused USING hnsw (embedding vector_l2_ops) WITH (m = 4, ef_construction = 32)');
foreach my $keep (30, 7, 2)
{
	my $aside = 'psql -Xq -d "' . $node->connstr('postgres') . '"';

	$node->safe_psql('postgres', "DELETE FROM paused WHERE id > 2000 OR abs(id) % 100 >= $keep");
	is( $node->safe_psql('postgres', qq{
			SET enable_seqscan = off; SET enable_sort = off; SET hnsw.ef_search = 10;
			SET hnsw.max_scan_tuples = 1000000; SET hnsw.scan_mem_multiplier = 1000;
			BEGIN ISOLATION LEVEL REPEATABLE READ;
			DECLARE c CURSOR FOR SELECT id FROM paused ORDER BY embedding <-> hnsw_test_vector(16, 5);
			CREATE TEMP TABLE got (n int);
			MOVE 5 FROM c;
			\\! $aside -c "VACUUM paused" -c "INSERT INTO paused SELECT id + 10000, embedding FROM source"
			DO \$\$
			DECLARE
				cur refcursor := 'c';
				n int := 5;
			BEGIN
				LOOP
					MOVE NEXT FROM cur;
					EXIT WHEN NOT FOUND;
					n := n + 1;
				END LOOP;
				INSERT INTO got VALUES (n);
			END\$\$;
			SELECT n - (SELECT count(*) FROM paused) FROM got;
		}),
		'0', "paused: every row of the snapshot once, $keep % kept");
	check_index($node, 'paused_embedding_idx', "paused is sound, $keep % kept");
	every_row_once($node, 'paused', 'embedding <-> hnsw_test_vector(16, 5)');
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
$node->safe_psql('postgres', $round x 80);
is($node->safe_psql('postgres', $size), $before, 'equal: the index does not grow');
check_index($node, 'equal_embedding_idx', 'equal is sound');
every_row_once($node, 'equal', "embedding <-> '[1,2,3]'");

no_crash($node);
$node->stop;
done_testing();

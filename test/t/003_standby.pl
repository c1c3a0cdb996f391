
# A streaming standby: every record of the WAL makes the same bytes there
# (wal_consistency_checking), scans during replay return every row of their
# snapshot once, and caught up it gives the answers of the primary.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $dims = 16;
my $order = "embedding <-> hnsw_test_vector($dims, 7)";
my $primary = new_node('primary', init => [ allows_streaming => 1 ],
	conf => "autovacuum = off\nwal_consistency_checking = 'generic'\nmax_wal_size = 1GB\nshared_buffers = 16MB\n");

fill_table($primary, 'items', 500, $dims);
$primary->safe_psql('postgres', 'CREATE INDEX ON items USING hnsw (embedding vector_l2_ops) WITH (m = 8)');
$primary->backup('base');

# no conflicts: rows that a scan there still sees stay on the primary
my $standby = ref($primary)->can('get_new_node') && !ref($primary)->can('new')
  ? ref($primary)->get_new_node('standby') : ref($primary)->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nmax_standby_streaming_delay = -1\n");
$standby->start;

sub answers
{
	my ($node) = @_;
	my $queries = join('', map { "SELECT id FROM items ORDER BY embedding <-> hnsw_test_vector($dims, $_) LIMIT 20;\n" } 1 .. 25);

	return $node->safe_psql('postgres', "SET enable_seqscan = off; SET hnsw.ef_search = 10;\n$queries"
		  . "SELECT id FROM items ORDER BY $order;");
}

for my $cycle (1 .. 4)
{
	my $load = start_load($primary, 'items', $dims, 3, 3);
	my ($differ, $scans) = ('', 0);

	my $until = time() + 3;

	while (time() < $until)
	{
		$differ .= $standby->safe_psql('postgres',
			'BEGIN ISOLATION LEVEL REPEATABLE READ;' . rows_differ('items', $order) . 'COMMIT;');
		$scans++;
	}
	my ($status, $out, $err) = finish($load);
	is($status, 0, "cycle $cycle: the load ran") or diag $err;
	is($differ, '', "cycle $cycle: every row once in each of $scans scans during replay");

	$primary->safe_psql('postgres', "DELETE FROM items WHERE id % 3 = $cycle % 3; VACUUM items")
	  if $cycle % 2;
	fill_table($primary, 'items', 100, $dims, 1000 * $cycle);
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	is(answers($standby), answers($primary), "cycle $cycle: the same answers");
	check_index($standby, 'items_embedding_idx', "cycle $cycle: sound on the standby");
	check_index($primary, 'items_embedding_idx', "cycle $cycle: sound on the primary");
	every_row_once($standby, 'items', $order, "cycle $cycle: every row once on the standby");
}

# and it can take over
$primary->stop('immediate');
$standby->promote;
every_row_once($standby, 'items', $order, 'promoted: every row once');
$standby->safe_psql('postgres', "DELETE FROM items WHERE id % 2 = 0; VACUUM items");
fill_table($standby, 'items', 200, $dims, 5);
check_index($standby, 'items_embedding_idx', 'promoted: sound after writes');
every_row_once($standby, 'items', $order, 'promoted: every row once after writes');

no_crash($primary);
no_crash($standby);
$standby->stop;
done_testing();

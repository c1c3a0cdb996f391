
# Logical replication into a table with an index: initial copy, changes, columns
# that the publisher does not have, and updates while the subscriber is searched.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $dims = 12;
my $order = "embedding <-> hnsw_test_vector($dims, 7)";
my $publisher = new_node('publisher', init => [ allows_streaming => 'logical' ], conf => "autovacuum = off\n");
my $subscriber = new_node('subscriber', init => [ allows_streaming => 'logical' ], conf => "autovacuum = off\n");

my $connection = $publisher->connstr . ' dbname=postgres';

fill_table($publisher, 'items', 400, $dims);
$publisher->safe_psql('postgres', 'CREATE PUBLICATION p FOR TABLE items');

$subscriber->safe_psql('postgres', qq{
	CREATE TABLE items (id int PRIMARY KEY, extra vector(3) DEFAULT '[1,2,3]', embedding vector($dims));
	CREATE INDEX items_embedding_idx ON items USING hnsw (embedding vector_l2_ops);
	CREATE INDEX items_extra_idx ON items USING hnsw (extra vector_cosine_ops);
	CREATE SUBSCRIPTION s CONNECTION '$connection' PUBLICATION p;
});
$subscriber->wait_for_subscription_sync($publisher, 's') if $subscriber->can('wait_for_subscription_sync');
$subscriber->poll_query_until('postgres', 'SELECT count(*) = 400 FROM items') or die 'no initial copy';

sub same
{
	my ($when) = @_;
	my $rows = 'SELECT id, embedding FROM items ORDER BY id';

	$publisher->wait_for_catchup('s');
	is($subscriber->safe_psql('postgres', $rows), $publisher->safe_psql('postgres', $rows), "$when: the same rows");
	check_index($subscriber, 'items_embedding_idx', "$when: sound");
	check_index($subscriber, 'items_extra_idx', "$when: index of the extra column is sound");
	every_row_once($subscriber, 'items', $order, "$when: every row once");
	return;
}

same('initial copy');

fill_table($publisher, 'items', 300, $dims, 50);
$publisher->safe_psql('postgres', qq{
	UPDATE items SET embedding = hnsw_test_vector($dims, id % 20) WHERE id % 3 = 0;
	UPDATE items SET id = id + 10000 WHERE id % 7 = 0;
	DELETE FROM items WHERE id % 5 = 0;
	UPDATE items SET embedding = NULL WHERE id % 11 = 0;
});
same('changes');

$subscriber->safe_psql('postgres', 'VACUUM items');
same('vacuum of the subscriber');

my $load = start_load($publisher, 'items', $dims, 5, 2);
my $until = time() + 5;
my $differ = '';
my $scans = 0;
while (time() < $until)
{
	$differ .= $subscriber->safe_psql('postgres',
		'BEGIN ISOLATION LEVEL REPEATABLE READ;' . rows_differ('items', $order) . 'COMMIT;');
	$subscriber->safe_psql('postgres', 'VACUUM items') if $scans++ % 5 == 4;
}
my ($status, $out, $err) = finish($load);
is($status, 0, 'the load ran') or diag $err;
is($differ, '', "every row once in each of $scans scans during replication");
same('load');

no_crash($publisher);
no_crash($subscriber);
$subscriber->stop;
$publisher->stop;
done_testing();


# Every step of an insert and of a vacuum fails once, and the server crashes
# after some of them: the index is sound and returns every row once, then and
# when the next statement has taken up what was left.  Needs the debug points.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $dims = 8;
my $order = "v <-> hnsw_test_vector($dims, 7)";
my $node = new_node('steps', conf => "autovacuum = off\nrestart_after_crash = on\nmax_wal_size = 1GB\n");

plan skip_all => 'the library has no debug points' unless has_debug_points($node);

# Four to eight neighbors, many equal vectors, nulls: all kinds of pages, and
# several layers.
$node->safe_psql('postgres', qq{
	CREATE TABLE items (id serial, v vector($dims));
	CREATE INDEX items_v ON items USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 16);
	CREATE FUNCTION more(n int) RETURNS void LANGUAGE sql AS \$\$
		INSERT INTO items (v)
		SELECT CASE WHEN r < 0.05 THEN NULL WHEN r < 0.5 THEN hnsw_test_vector($dims, (r * 10)::int)
			   ELSE hnsw_test_vector($dims, (r * 1e8)::int) END
		FROM (SELECT random() AS r FROM generate_series(1, n)) x
	\$\$;
	-- an insert that stops at its nth step, until there is no nth; how often
	CREATE FUNCTION stop_inserts(x vector, most int) RETURNS int LANGUAGE plpgsql AS \$\$
	DECLARE
		n int := 0;
	BEGIN
		SET LOCAL hnsw.debug_action = error;
		WHILE n < most LOOP
			n := n + 1;
			BEGIN
				PERFORM set_config('hnsw.debug_point', '*:' || n, true);
				INSERT INTO items (v) VALUES (x);
				PERFORM set_config('hnsw.debug_point', '', true);
				RETURN n;
			EXCEPTION WHEN internal_error THEN
				PERFORM set_config('hnsw.debug_point', '', true);
				IF (SELECT count(*) FROM hnsw_check('items_v')) > 0 THEN
					RAISE 'step %: %', n, (SELECT problem FROM hnsw_check('items_v') LIMIT 1);
				END IF;
			END;
		END LOOP;
		RETURN n;
	END\$\$;
});

sub sound
{
	my ($when) = @_;

	check_index($node, 'items_v', "sound $when");
	every_row_once($node, 'items', $order, "every row once $when");
	return;
}

my $steps = 0;
foreach my $kind ([ 'into an empty index', "'[1,1,1,1,1,1,1,1]'" ], [ 'of an equal vector', "'[1,1,1,1,1,1,1,1]'" ],
	[ 'of another vector', "'[1,2,3,4,5,6,7,8]'" ], [ 'of null', 'NULL' ])
{
	my ($what, $row) = @$kind;

	$steps += $node->safe_psql('postgres', "SELECT stop_inserts($row, 200)");
	sound("after inserts $what that stopped");
	if ($what =~ /equal/)
	{
		# the inline TIDs are full, then the first chunk is
		$node->safe_psql('postgres', "INSERT INTO items (v) SELECT $row FROM generate_series(1, $_)"), $steps += $node->safe_psql('postgres',
			"SELECT stop_inserts($row, 200)") foreach (2, 30, 30);
		sound('after inserts of many equal vectors that stopped');
	}
}
$node->safe_psql('postgres', 'SELECT more(400)');
foreach my $n (1 .. 8)
{
	$steps += $node->safe_psql('postgres', "SELECT stop_inserts(hnsw_test_vector($dims, 1000 + $n), 300)");
}
sound('after inserts of new vectors that stopped');
$node->safe_psql('postgres', 'VACUUM items');
sound('after vacuum');
cmp_ok($steps, '>', 100, "inserts stopped at $steps steps");

# Vacuum stops at its first, second, fourth ... change or point, each time with
# new dead rows beside what the last one has left.
my ($stopped, $at, $output) = (0, 1, '');
while ($at < 40000)
{
	my ($status, $stdout, $stderr) = $node->psql('postgres', qq{
		DELETE FROM items WHERE id % 10 = $stopped % 10;
		SET hnsw.debug_action = error;
		SET hnsw.debug_point = '*:$at';
		VACUUM items;
	});
	$output = $node->safe_psql('postgres', "RESET hnsw.debug_point; SELECT problem FROM hnsw_check('items_v'); " . rows_differ('items', $order));
	is($output, '', "sound after a vacuum that stopped at step $at") if $output ne '' || $stopped % 10 == 0;
	last if $status == 0;
	$node->safe_psql('postgres', 'SELECT more(25)') if $stopped % 2;
	$stopped++;
	$at = int($at * 1.07) + 1;
}
cmp_ok($stopped, '>', 25, "vacuum stopped $stopped times");
$node->safe_psql('postgres', 'SELECT more(100); VACUUM items');
sound('after a vacuum to the end');

# The server crashes between two WAL records.
sub crash_at
{
	my ($point, $sql) = @_;

	my $before = crashes($node);
	my ($status) = $node->psql('postgres', "SET hnsw.debug_action = crash; SET hnsw.debug_point = '$point'; $sql");

	is_back($node, $before) if $status != 0;
	return $status != 0;
}

my $crashes = 0;
foreach my $point ((map { "*:$_" } 1, 2, 4, 7, 11, 16), 'extended', 'change:2', 'insert-linked', 'insert-entry',
	'chunk-created', 'aside-pushed')
{
	my $rows = $point =~ /aside/ ? 'INSERT INTO items (v) SELECT NULL FROM generate_series(1, 3000)'
	  : $point =~ /chunk/ ? "INSERT INTO items (v) SELECT '[1,1,1,1,1,1,1,1]' FROM generate_series(1, 90)" : 'SELECT more(200)';

	$crashes += crash_at($point, $rows);
	sound("after a crash of an insert at $point");
}
foreach my $point ((map { "*:$_" } 3, 30, 300), 'vacuum-swept', 'vacuum-marked', 'vacuum-barrier', 'vacuum-adopted:2', 'vacuum-moved',
	'vacuum-entry', 'vacuum-repairing:9', 'vacuum-repaired', 'chunk-emptied', 'chunk-unlinked', 'chunk-dropped')
{
	$node->safe_psql('postgres', "SELECT more(60); INSERT INTO items (v) SELECT '[1,1,1,1,1,1,1,1]' FROM generate_series(1, 150); "
		. 'DELETE FROM items WHERE random() < 0.6;');
	$crashes += crash_at($point, 'VACUUM items');
	sound("after a crash of vacuum at $point");
}
cmp_ok($crashes, '>', 18, "$crashes crashes");
$node->safe_psql('postgres', 'VACUUM items');
sound('after a vacuum to the end');

# Memory for a few records at a time: ranges begin in the middle of a page, of any kind.
foreach my $memory (1, 24, 100)
{
	$node->safe_psql('postgres', "SELECT more(300); DELETE FROM items WHERE random() < 0.5; SET hnsw.debug_memory = $memory; VACUUM items");
	sound("after a vacuum in $memory bytes");
}

no_crash($node, 9);
$node->stop;
done_testing();


# Two or more sessions between two steps of theirs: inserts, vacuum and scans,
# each stopped at a point of its own while the others go on.  Needs the debug
# points.  test/unit/test_schedules.c tries thousands of such orders by chance.
use strict;
use warnings;

use HnswTest;
use Test::More;

my $order = "v <-> '[5,5,5]'";
my $node = new_node('races', conf => "autovacuum = off\nmax_prepared_transactions = 4\nmax_connections = 40\n");

plan skip_all => 'the library has no debug points' unless has_debug_points($node);

$node->safe_psql('postgres', q{
	CREATE FUNCTION rows(a int, b int) RETURNS TABLE (id int, v vector(3)) LANGUAGE sql AS
		$$ SELECT i, format('[%s,%s,%s]', i % 50, i % 7, i % 11)::vector FROM generate_series(a, b) i $$;
});

# A table of its own for each case, with few neighbors and many layers.
my $table;

sub fresh
{
	my ($name, $rows, $with) = @_;

	$table = $name;
	$with //= 'm = 2, m0 = 4, ef_construction = 8';
	$node->safe_psql('postgres', "CREATE TABLE $table (id int, v vector(3));
		CREATE INDEX ${table}_v ON $table USING hnsw (v vector_l2_ops) WITH ($with);
		INSERT INTO $table SELECT * FROM rows(1, $rows)");
	return;
}

sub sql { return $node->safe_psql('postgres', $_[0]); }

sub ends
{
	my ($run, $what) = @_;
	my ($status, $out, $err) = finish($run);

	is($status, 0, "$table: $what ends") or diag $err;
	return $out;
}

sub sound
{
	my ($when) = @_;

	check_index($node, "${table}_v", "$table: sound $when");
	every_row_once($node, $table, $order, "$table: every row once $when");
	return;
}

# An insert has chosen neighbors that then die: at each of its points.
foreach my $point ('insert-searched', 'insert-created', 'insert-offered', 'insert-offered:2', 'insert-linked', 'insert-entry')
{
	(my $name = "n_$point") =~ s/\W/_/g;
	# few to begin with, in low layers, where the new node's layer shall be the highest
	my $highest = $point eq 'insert-entry';
	fresh($name, $highest ? 3 : 120);
	while ($highest && sql("SELECT value FROM hnsw_stats('${table}_v') WHERE name = 'layers'") > 4)
	{
		sql("DROP TABLE $table");
		fresh($name, 3);
	}
	sql("DELETE FROM $table WHERE id <> 60");
	my $insert = stop_at($node, $point, "INSERT INTO $table SELECT * FROM rows(1000, 1500)");
	my $vacuum = start_psql($node, "VACUUM $table");

	ok(waits_for_lock($node, "^VACUUM $table"), "$table: vacuum waits for the insert");
	go_on($insert);
	ends($insert, 'insert');
	ends($vacuum, 'vacuum');
	sound('after both');
	sql("VACUUM $table");
	sound('after vacuum');
}

# Vacuum is between two steps: inserts, among them new entry points, and deletes
# go on, and so do scans.
foreach my $point ('vacuum-swept', 'vacuum-marked', 'vacuum-barrier', 'vacuum-adopted', 'vacuum-moved', 'vacuum-entry',
	'vacuum-repairing', 'vacuum-repaired')
{
	foreach my $keep ('false', 'id % 3 = 0')
	{
		# nobody living has a dying parent or neighbor when all are dead
		next if $keep eq 'false' && $point =~ /adopted|repairing/;
		(my $name = "v_${point}_" . length($keep)) =~ s/\W/_/g;
		fresh($name, 150);
		sql("DELETE FROM $table WHERE NOT ($keep)");
		my $vacuum = stop_at($node, $point, "VACUUM $table");

		sql("INSERT INTO $table SELECT * FROM rows(1000, 1080); DELETE FROM $table WHERE id % 5 = 0;
			 UPDATE $table SET v = '[1,1,1]' WHERE id % 7 = 0");
		every_row_once($node, $table, $order, "$table: every row once in the middle");
		go_on($vacuum);
		ends($vacuum, 'vacuum');
		sound("after vacuum stopped at $point");
		sql("VACUUM $table");
		sound('after another vacuum');
	}
}

# A vacuum is cancelled between a new parent's edge and the child's; the new
# parent's own parent dies before the next vacuum: no mark of a tree edge stays.
fresh('adopted', 400, 'm = 2, m0 = 4, ef_construction = 8');
foreach my $n (1 .. 12)
{
	sql("DELETE FROM $table WHERE (id * 7919) % 13 = $n");
	my $vacuum = stop_at($node, 'vacuum-adopted:' . (1 + $n % 5), "VACUUM $table");

	sql("SELECT pg_cancel_backend($vacuum->{pid})");
	finish($vacuum);
	sql("DELETE FROM $table WHERE (id * 104729) % 11 = $n % 11; INSERT INTO $table SELECT * FROM rows($n * 1000, $n * 1000 + 40); VACUUM $table");
	check_index($node, "${table}_v", "$table: sound after cancelled vacuum $n");
}
sound('in the end');

# Vacuum waits, before it frees records, for inserts that may still know their ids.
fresh('ids', 100);
sql("DELETE FROM $table WHERE id > 50");
my $vacuum = stop_at($node, 'vacuum-repairing', "VACUUM $table");
my $insert = stop_at($node, 'insert-searched', "INSERT INTO $table SELECT * FROM rows(1000, 1000)");
go_on($vacuum);
ok(waits_for_lock($node, "^VACUUM $table"), "$table: vacuum waits before it frees records");
go_on($insert);
ends($insert, 'insert');
ends($vacuum, 'vacuum');
sound('after both');

# Two inserts link to the same full neighbors.
fresh('same', 60, 'm = 2, m0 = 4, ef_construction = 8');
my @inserts = map { stop_at($node, 'insert-created', "INSERT INTO $table VALUES (1000 + $_, '[5,5.0$_,5]')") } 1 .. 4;
go_on($_) foreach reverse @inserts;
ends($_, 'insert') foreach @inserts;
sound('after four inserts at one place');

# The first inserts into an empty index, all at once; and equal ones.
foreach my $vector ("'[1,1,1]'", "format('[%s,1,1]', 1 + :n)::vector")
{
	fresh($vector =~ /format/ ? 'firsts' : 'equals', 0);
	@inserts = map { my $n = $_; stop_at($node, 'insert-first', "INSERT INTO $table SELECT $n, " . $vector =~ s/:n/$n/r) } 1 .. 8;
	go_on($_) foreach @inserts;
	ends($_, 'first insert') foreach @inserts;
	is(sql("SELECT count(*) FROM $table"), '8', "$table: all are there");
	sound('after eight first inserts');
	is(sql("SELECT value FROM hnsw_stats('${table}_v') WHERE name = 'nodes pending'"), '0', "$table: nothing is left pending");
}

# Chunks and pages kept aside that an insert has made and not yet linked.
foreach my $case ([ 'chunk-created', "'[9.5,9.5,9.5]'", 0 ], [ 'aside-created', 'NULL', 0 ], [ 'aside-pushed', 'NULL', 0 ])
{
	my ($point, $value) = @$case;

	(my $name = "u_$point") =~ s/\W/_/g;
	fresh($name, 40);
	my $some = $value eq 'NULL' ? 0 : 3;
	sql("INSERT INTO $table SELECT 100 + i, $value FROM generate_series(1, $some) i; DELETE FROM $table WHERE id % 4 = 0");
	$insert = stop_at($node, $point, "INSERT INTO $table VALUES (500, $value)");
	$vacuum = start_psql($node, "VACUUM $table");
	ok(waits_for_lock($node, "^VACUUM $table"), "$table: vacuum waits for the insert");
	go_on($insert);
	ends($insert, 'insert');
	ends($vacuum, 'vacuum');
	sound('after both');
	# and the same, cancelled: vacuum frees what is left
	sql("DELETE FROM $table WHERE id IN (SELECT id FROM $table LIMIT 3)");
	my $all = $value eq 'NULL' ? 2000 : 40;
	$insert = stop_at($node, $point, "INSERT INTO $table SELECT 600, $value FROM generate_series(1, $all)");
	sql("SELECT pg_cancel_backend($insert->{pid})");
	finish($insert);
	sql("VACUUM $table");
	sound('after one that was cancelled, and vacuum');
}

# A scan is between its descent and the lowest layer, or between a node and the
# node's chunks, when what it has met is vacuumed and the slots are used again.
foreach my $point ('scan-seeded', 'scan-chunks', 'scan-chunks:2')
{
	(my $name = "s_$point") =~ s/\W/_/g;
	fresh($name, 1200);
	sql("INSERT INTO $table SELECT 5000 + i, '[5,5,5]' FROM generate_series(1, 200) i;
		 INSERT INTO $table SELECT 6000 + i, '[6,5,5]' FROM generate_series(1, 200) i;
		 DELETE FROM $table WHERE id % 3 > 0 AND id <> 5001 OR id BETWEEN 6001 AND 6200");
	my $expected = sql("SELECT count(*), sum(id) FROM $table");
	my $scan = stop_at($node, $point, "SET enable_seqscan = off; SET hnsw.ef_search = 5; SET hnsw.max_scan_tuples = 1000000;
		SELECT count(*), sum(id) FROM (SELECT id FROM $table ORDER BY $order LIMIT 1000000) x");

	sql("VACUUM $table; INSERT INTO $table SELECT * FROM rows(10000, 11000);
		 INSERT INTO $table SELECT 20000 + i, '[5,5,5]' FROM generate_series(1, 200) i");
	go_on($scan);
	like(ends($scan, 'scan'), qr/^\Q$expected\E$/m, "$table: the rows of the snapshot, each once");
	sound('after the scan');
}

# REINDEX CONCURRENTLY beside an insert that is half done, which it waits for.
fresh('busy', 100);
$insert = stop_at($node, 'insert-created', "INSERT INTO $table SELECT * FROM rows(1000, 1010)");
my $reindex = start_psql($node, "REINDEX INDEX CONCURRENTLY ${table}_v");
ok(waits_for_lock($node, '^REINDEX'), "$table: REINDEX waits for the insert");
go_on($insert);
ends($insert, 'insert');
ends($reindex, 'REINDEX');
sound('after REINDEX CONCURRENTLY');

# CREATE INDEX CONCURRENTLY beside inserts that began before it, while it waited for
# those, and when the index was there but not all of its rows.
fresh('concurrent', 200);
my $early = stop_at($node, 'insert-linked', "INSERT INTO $table SELECT * FROM rows(1000, 1010)");
my $create = start_psql($node, "CREATE INDEX CONCURRENTLY ${table}_w ON $table USING hnsw (v vector_l2_ops) WITH (m = 2, m0 = 4, ef_construction = 8)");
ok(waits_for_lock($node, '^CREATE INDEX CONCURRENTLY'), "$table: CREATE INDEX waits for an insert");
my $late = stop_at($node, 'insert-searched', "INSERT INTO $table SELECT * FROM rows(2000, 2010)");
go_on($early);
ends($early, 'the early insert');
ok( $node->poll_query_until('postgres',
		"SELECT count(*) > 0 FROM pg_stat_progress_create_index WHERE phase = 'waiting for writers before validation'"),
	"$table: and for a later one");
my $last = stop_at($node, 'insert-created', "INSERT INTO $table SELECT * FROM rows(3000, 3010)");
sql("INSERT INTO $table SELECT * FROM rows(4000, 4040); UPDATE $table SET v = '[2,2,2]' WHERE id % 9 = 0; DELETE FROM $table WHERE id % 10 = 0");
go_on($_), ends($_, 'insert') foreach $late, $last;
ends($create, 'CREATE INDEX');
sound('after CREATE INDEX CONCURRENTLY');
sql("DROP INDEX ${table}_v; ALTER INDEX ${table}_w RENAME TO ${table}_v; VACUUM $table");
sound('with the new index alone');
is(sql("SELECT count(*) FROM pg_index WHERE indexrelid = '${table}_v'::regclass AND indisvalid"), '1', "$table: the new index is valid");

# Subtransactions and prepared transactions leave what vacuum takes away.
fresh('nested', 60);
$insert = stop_at($node, 'insert-offered:5', "BEGIN; INSERT INTO $table SELECT * FROM rows(500, 505); SAVEPOINT a;
	INSERT INTO $table SELECT * FROM rows(600, 640); ROLLBACK TO a; INSERT INTO $table SELECT * FROM rows(700, 705); PREPARE TRANSACTION 'p'");
sql("DELETE FROM $table WHERE id < 30");
go_on($insert);
ends($insert, 'transaction');
sql("VACUUM $table");
sound('with a prepared transaction');
$node->restart;
sql("COMMIT PREPARED 'p'; VACUUM $table");
sound('after its commit');
is(sql("SELECT count(*) FROM $table WHERE id >= 500"), '12', "$table: rows of the savepoint are gone");

no_crash($node);
$node->stop;
done_testing();

-- VACUUM: what has gone is never returned, its room is used again
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

CREATE TABLE vacuumed (id int, v vector(4));
ALTER TABLE vacuumed SET (autovacuum_enabled = off);
CREATE INDEX vacuumed_v ON vacuumed USING hnsw (v vector_l2_ops);
-- as many layers as can be
CREATE INDEX vacuumed_small ON vacuumed USING hnsw (v vector_l1_ops) WITH (m = 2, ef_construction = 8);
SET hnsw.ef_search = 1000;

-- empty
VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');

-- nothing to do
INSERT INTO vacuumed SELECT i, vec(i, 4) FROM generate_series(1, 600) i;
VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');

-- a third of it
DELETE FROM vacuumed WHERE id % 3 = 0;
SELECT same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]''');
VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');
SELECT same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]'''), same_as_sort('vacuumed', 'v <+> ''[1,2,3,4]''');
VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');

-- rounds of replacing half of it: the index does not grow
CREATE PROCEDURE replace_half(round int) LANGUAGE sql AS $$
	DELETE FROM vacuumed WHERE id % 2 = round % 2;
	INSERT INTO vacuumed SELECT i * 2 + round % 2, vec(i + 1000 * round, 4) FROM generate_series(1, 300) i
$$;
CALL replace_half(1); VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');
CALL replace_half(2); VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');
CALL replace_half(3); VACUUM vacuumed;
SELECT pg_relation_size('vacuumed_v') AS size, pg_relation_size('vacuumed_small') AS size_small \gset
CALL replace_half(4); VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');
CALL replace_half(5); VACUUM vacuumed;
CALL replace_half(6); VACUUM vacuumed;
CALL replace_half(7); VACUUM vacuumed;
CALL replace_half(8); VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');
-- nodes differ in how many layers they have
SELECT pg_relation_size('vacuumed_v') <= :size * 1.1 AS kept_size,
	pg_relation_size('vacuumed_small') <= :size_small * 1.25 AS small_kept_size;
SELECT same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]'''), same_as_sort('vacuumed', 'v <+> ''[1,2,3,4]''');
SET hnsw.ef_search = 20;
SELECT recall_of('vacuumed', 'v <-> ''[1,2,3,4]''') >= 0.9 AS good;
SET hnsw.ef_search = 1000;

-- everything; then from the start
DELETE FROM vacuumed;
SELECT same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]''');
VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');
SELECT name, value FROM hnsw_stats('vacuumed_v') WHERE name = 'nodes';
SELECT same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]''');
INSERT INTO vacuumed SELECT i, vec(i, 4) FROM generate_series(1, 300) i;
SELECT sound('vacuumed_v'), sound('vacuumed_small');
SELECT same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]'''), same_as_sort('vacuumed', 'v <+> ''[1,2,3,4]''');

-- the entry point goes each time: the row whose node has the most layers is among
-- those that go when all but one do
DELETE FROM vacuumed WHERE id > 1;
VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');
INSERT INTO vacuumed SELECT i, vec(i, 4) FROM generate_series(2, 100) i;
DELETE FROM vacuumed WHERE id = 1;
VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');
SELECT same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]'''), same_as_sort('vacuumed', 'v <+> ''[1,2,3,4]''');

-- one after the other, down to none
DO $$ BEGIN FOR i IN 2 .. 97 LOOP DELETE FROM vacuumed WHERE id = i; END LOOP; END $$;
VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small');
DELETE FROM vacuumed WHERE id = 98;
VACUUM vacuumed;
DELETE FROM vacuumed WHERE id = 99;
VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small'), same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]''');
DELETE FROM vacuumed;
VACUUM vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small'), same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]''');

-- rows without a vector, in pages of their own
INSERT INTO vacuumed SELECT i, NULL FROM generate_series(1, 5000) i;
DELETE FROM vacuumed;
VACUUM vacuumed;
INSERT INTO vacuumed SELECT i, NULL FROM generate_series(1, 5000) i;
SELECT sound('vacuumed_v');
SELECT pg_relation_size('vacuumed_v') AS size \gset
DELETE FROM vacuumed;
VACUUM vacuumed;
INSERT INTO vacuumed SELECT i, NULL FROM generate_series(1, 5000) i;
DELETE FROM vacuumed WHERE id % 2 = 0;
VACUUM vacuumed;
INSERT INTO vacuumed SELECT i, NULL FROM generate_series(1, 2500) i;
SELECT sound('vacuumed_v');
SELECT pg_relation_size('vacuumed_v') - :size AS grown_by;
SELECT same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]''');

-- INDEX_CLEANUP off leaves dead entries, which scans pass over
INSERT INTO vacuumed SELECT i, vec(i, 4) FROM generate_series(5001, 5100) i;
DELETE FROM vacuumed WHERE v IS NULL OR id > 5050;
VACUUM (INDEX_CLEANUP off) vacuumed;
SELECT same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]''');
VACUUM (INDEX_CLEANUP on) vacuumed;
SELECT sound('vacuumed_v');
VACUUM FULL vacuumed;
SELECT sound('vacuumed_v');
SELECT same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]''');

-- parallel
SET min_parallel_index_scan_size = 0;
DELETE FROM vacuumed WHERE id % 2 = 0;
VACUUM (PARALLEL 2) vacuumed;
SELECT sound('vacuumed_v'), sound('vacuumed_small'), same_as_sort('vacuumed', 'v <-> ''[1,2,3,4]''');

DROP PROCEDURE replace_half;
DROP TABLE vacuumed;

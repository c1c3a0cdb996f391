-- many rows with one vector: they share a node, without a limit
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

CREATE TABLE copies (id int, v vector(3));
ALTER TABLE copies SET (autovacuum_enabled = off);
INSERT INTO copies SELECT i, '[1,2,3]' FROM generate_series(1, 10000) i;
CREATE INDEX copies_v ON copies USING hnsw (v vector_l2_ops);
SELECT sound('copies_v');
SELECT value AS nodes FROM hnsw_stats('copies_v') WHERE name = 'nodes';
SET enable_seqscan = off;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM copies ORDER BY v <-> '[3,2,1]') r;
SELECT count(*), count(DISTINCT id) FROM (SELECT id FROM copies ORDER BY v <-> '[3,2,1]' LIMIT 500) r;

-- the same by inserting, and others beside them
TRUNCATE copies;
INSERT INTO copies SELECT i, CASE WHEN i % 100 = 0 THEN vec(i, 3) ELSE '[1,2,3]' END FROM generate_series(1, 10000) i;
SELECT sound('copies_v');
SELECT same_as_sort('copies', 'v <-> ''[1,2,2]''');
SELECT count(*) FROM (SELECT v FROM copies WHERE v <> '[1,2,3]' ORDER BY v <-> '[-1,0,1]' LIMIT 50) r;

-- half of them go, then the rest
DELETE FROM copies WHERE id % 2 = 0;
SELECT same_as_sort('copies', 'v <-> ''[1,2,2]''');
VACUUM copies;
SELECT sound('copies_v');
SELECT same_as_sort('copies', 'v <-> ''[1,2,2]''');

-- room is used again: rounds of replacing them do not make the index larger
CREATE PROCEDURE replace_copies(round int) LANGUAGE sql AS $$
	DELETE FROM copies WHERE id % 5 = round % 5;
	INSERT INTO copies SELECT i * 5 + round % 5, '[1,2,3]' FROM generate_series(1, 1000) i
$$;
CALL replace_copies(1); VACUUM copies;
CALL replace_copies(2); VACUUM copies;
CALL replace_copies(3); VACUUM copies;
CALL replace_copies(4); VACUUM copies;
CALL replace_copies(5); VACUUM copies;
SELECT pg_relation_size('copies_v') AS size \gset
CALL replace_copies(6); VACUUM copies;
CALL replace_copies(7); VACUUM copies;
CALL replace_copies(8); VACUUM copies;
CALL replace_copies(9); VACUUM copies;
CALL replace_copies(10); VACUUM copies;
CALL replace_copies(11); VACUUM copies;
CALL replace_copies(12); VACUUM copies;
SELECT pg_relation_size('copies_v') - :size AS grown_by;
SELECT sound('copies_v');
SELECT same_as_sort('copies', 'v <-> ''[1,2,2]''');

DELETE FROM copies;
VACUUM copies;
SELECT sound('copies_v');
SELECT value AS nodes FROM hnsw_stats('copies_v') WHERE name = 'nodes';
INSERT INTO copies SELECT i, '[1,2,3]' FROM generate_series(1, 100) i;
SELECT sound('copies_v');
SELECT same_as_sort('copies', 'v <-> ''[1,2,2]''');

DROP PROCEDURE replace_copies;
DROP TABLE copies;

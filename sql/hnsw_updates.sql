-- UPDATE of other columns: the new row version finds its vector in the index
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

CREATE TABLE updated (id int, note text, v vector(8));
ALTER TABLE updated SET (autovacuum_enabled = off);
INSERT INTO updated SELECT i, '', vec(i, 8) FROM generate_series(1, 200) i;
INSERT INTO updated VALUES (201, '', NULL), (202, '', '[0,0,0,0,0,0,0,0]'), (203, '', NULL);
CREATE INDEX updated_v ON updated USING hnsw (v vector_cosine_ops);
-- no HOT: a column with an index of its own changes
CREATE INDEX updated_note ON updated (note);
SELECT pg_relation_size('updated_v') AS size,
	(SELECT value FROM hnsw_stats('updated_v') WHERE name = 'nodes') AS nodes \gset

UPDATE updated SET note = 'once';
SELECT sound('updated_v'), same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');
SELECT (SELECT value FROM hnsw_stats('updated_v') WHERE name = 'nodes') - :nodes AS more_nodes;
VACUUM updated;
UPDATE updated SET note = 'twice';
UPDATE updated SET note = note || ' or more';
VACUUM updated;
SELECT sound('updated_v'), same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');

-- many versions between two vacuums
DO $$ BEGIN FOR i IN 1 .. 20 LOOP UPDATE updated SET note = i; END LOOP; END $$;
SELECT sound('updated_v'), same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');
VACUUM updated;
SELECT pg_relation_size('updated_v') AS size \gset
SELECT sound('updated_v'), same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');
DO $$ BEGIN FOR i IN 1 .. 20 LOOP UPDATE updated SET note = 'again ' || i; END LOOP; END $$;
VACUUM updated;
DO $$ BEGIN FOR i IN 1 .. 20 LOOP UPDATE updated SET note = 'and again ' || i; END LOOP; END $$;
VACUUM updated;
SELECT pg_relation_size('updated_v') - :size AS grown_by,
	(SELECT value FROM hnsw_stats('updated_v') WHERE name = 'nodes') - :nodes AS more_nodes;
SELECT sound('updated_v'), same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');

-- some other vector, none, and one again
UPDATE updated SET v = vec(id + 1000, 8) WHERE id % 2 = 0;
UPDATE updated SET v = NULL WHERE id % 3 = 0;
SELECT sound('updated_v'), same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');
VACUUM updated;
UPDATE updated SET v = '[1,1,1,1,1,1,1,1]' WHERE v IS NULL;
SELECT sound('updated_v'), same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');
VACUUM updated;
SELECT sound('updated_v'), same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');

-- taken back
BEGIN;
UPDATE updated SET v = vec(id + 2000, 8);
SELECT same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');
ROLLBACK;
SELECT sound('updated_v'), same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');
VACUUM updated;
SELECT sound('updated_v'), same_as_sort('updated', 'v <=> ''[1,2,3,4,5,6,7,8]''');

DROP TABLE updated;

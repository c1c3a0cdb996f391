-- what an index refuses, and that it is none the worse for it
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all
\set SHOW_CONTEXT never

CREATE TABLE refused (id int, v vector(3), u vector);
CREATE INDEX refused_v ON refused USING hnsw (v vector_l2_ops);

-- dimensions: of the column, of the query, on an empty index too
INSERT INTO refused VALUES (1, '[1,2]');
INSERT INTO refused VALUES (1, '[1,2,3,4]');
SET enable_seqscan = off;
SELECT id FROM refused ORDER BY v <-> '[1,2]' LIMIT 1;
SELECT id FROM refused ORDER BY v <-> (SELECT '[1,2,3,4]'::vector) LIMIT 1;
INSERT INTO refused VALUES (1, '[1,2,3]');
SELECT id FROM refused ORDER BY v <-> '[1,2]' LIMIT 1;
SELECT id FROM refused ORDER BY v <-> '[1,2,3]' LIMIT 1;

-- values
INSERT INTO refused VALUES (2, '[1,2,NaN]');
INSERT INTO refused VALUES (2, '[1,2,Infinity]');
INSERT INTO refused VALUES (2, '[1,2,4e38]');
SELECT id FROM refused ORDER BY v <-> '[NaN,1,1]' LIMIT 1;

-- no dimensions
CREATE INDEX ON refused USING hnsw (u vector_l2_ops);
CREATE INDEX ON refused USING hnsw ((v + v) vector_l2_ops);
CREATE INDEX ON refused USING hnsw ((id::text) vector_l2_ops);

-- a statement of which the last row fails
INSERT INTO refused (id, v) SELECT i, CASE WHEN i < 100 THEN '[4,5,6]' ELSE '[4,5]' END::vector FROM generate_series(1, 100) i;
SELECT count(*) FROM (SELECT id FROM refused ORDER BY v <-> '[4,5,6]') r;
SELECT sound('refused_v');
VACUUM refused;
SELECT sound('refused_v'), same_as_sort('refused', 'v <-> ''[4,5,6]''');

-- the functions for looking inside
SELECT * FROM hnsw_check('refused');
SELECT * FROM hnsw_check('pg_class_oid_index');
SELECT * FROM hnsw_check(NULL);
SELECT * FROM hnsw_check(0);
SELECT * FROM hnsw_stats('refused');
SELECT * FROM hnsw_stats('pg_class_oid_index');
CREATE VIEW refused_view AS SELECT 1;
SELECT * FROM hnsw_check('refused_view');
DROP VIEW refused_view;

-- the access method's own functions
DO $$ BEGIN PERFORM hnswhandler(NULL); EXCEPTION WHEN others THEN RAISE NOTICE 'cannot be called'; END $$;
DO $$ BEGIN PERFORM hnsw_vector_l2_cell(NULL); EXCEPTION WHEN others THEN RAISE NOTICE 'cannot be called'; END $$;

-- operator classes that are not ours to run
CREATE OPERATOR CLASS refused_ops FOR TYPE vector USING hnsw AS OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops;
SELECT amvalidate(oid) FROM pg_opclass WHERE opcname = 'refused_ops';
CREATE INDEX ON refused USING hnsw (v refused_ops);
DROP OPERATOR FAMILY refused_ops USING hnsw;
CREATE OPERATOR CLASS refused_ops FOR TYPE vector USING hnsw AS OPERATOR 2 <-> (vector, vector) FOR ORDER BY float_ops;
CREATE OPERATOR CLASS refused_ops FOR TYPE vector USING hnsw AS OPERATOR 1 = (vector, vector);
SELECT amvalidate(oid) FROM pg_opclass WHERE opcname = 'refused_ops';
SELECT opcname, amvalidate(oid) FROM pg_opclass WHERE opcmethod = (SELECT oid FROM pg_am WHERE amname = 'hnsw')
	AND opcname <> 'refused_ops' ORDER BY 1;
DROP OPERATOR FAMILY IF EXISTS refused_ops USING hnsw;

-- an index that an interrupted CREATE INDEX CONCURRENTLY has left
INSERT INTO refused VALUES (200, '[1,2,3]', '[1]');
CREATE INDEX CONCURRENTLY refused_left ON refused USING hnsw ((u::vector(3)) vector_l2_ops);
SELECT indisvalid FROM pg_index WHERE indexrelid = 'refused_left'::regclass;
SELECT sound('refused_left');
DROP INDEX refused_left;

DROP TABLE refused;

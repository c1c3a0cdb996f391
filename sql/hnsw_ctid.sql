-- rows of an ordered scan are still rows of their table: ctid, FOR UPDATE,
-- UPDATE and DELETE by ctid, WHERE CURRENT OF
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

CREATE TABLE tasks (id int, state text DEFAULT 'open', v vector(2));
INSERT INTO tasks SELECT i, 'open', format('[%s,%s]', i, i % 3)::vector FROM generate_series(1, 100) i;
CREATE INDEX tasks_v ON tasks USING hnsw (v vector_l2_ops);
CREATE FUNCTION at_row(place tid) RETURNS int LANGUAGE sql AS 'SELECT id FROM tasks WHERE ctid = place';
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM tasks WHERE state = 'open' ORDER BY v <-> '[50.1,1]' LIMIT 3 FOR UPDATE SKIP LOCKED;

SELECT id, at_row(ctid) = id AS here, tableoid::regclass FROM tasks ORDER BY v <-> '[50.1,1]' LIMIT 7;

BEGIN;
SELECT id FROM tasks WHERE state = 'open' ORDER BY v <-> '[50.1,1]' LIMIT 3 FOR UPDATE SKIP LOCKED;
SELECT id FROM tasks WHERE xmax = pg_current_xact_id()::xid ORDER BY id;
COMMIT;

UPDATE tasks SET state = 'taken' WHERE ctid = ANY (ARRAY(
	SELECT ctid FROM tasks WHERE state = 'open' ORDER BY v <-> '[50.1,1]' LIMIT 3 FOR UPDATE))
	RETURNING id;
DELETE FROM tasks USING (SELECT ctid AS place FROM tasks WHERE state = 'open' ORDER BY v <-> '[50.1,1]' LIMIT 2) nearest
	WHERE tasks.ctid = nearest.place RETURNING id;
SELECT id, state FROM tasks ORDER BY v <-> '[50.1,1]' LIMIT 6;

BEGIN;
DECLARE nearest CURSOR FOR SELECT id FROM tasks ORDER BY v <-> '[20.1,1]' FOR UPDATE;
FETCH 2 FROM nearest;
UPDATE tasks SET state = 'current' WHERE CURRENT OF nearest RETURNING id;
CLOSE nearest;
COMMIT;
BEGIN;
DECLARE nearest CURSOR FOR SELECT id FROM tasks ORDER BY v <-> '[20.1,1]';
FETCH 3 FROM nearest;
DELETE FROM tasks WHERE CURRENT OF nearest RETURNING id;
COMMIT;
SELECT sound('tasks_v');

-- tuples that have moved along a HOT chain are found by its root
UPDATE tasks SET state = 'hot' WHERE id = 30;
UPDATE tasks SET state = 'hotter' WHERE id = 30;
SELECT id, state, at_row(ctid) = id AS here FROM tasks ORDER BY v <-> '[30,0]' LIMIT 1;

-- an indexed expression
CREATE INDEX tasks_expression ON tasks USING hnsw ((l2_normalize(v)::vector(2)) vector_ip_ops);
EXPLAIN (COSTS OFF) SELECT id FROM tasks ORDER BY l2_normalize(v)::vector(2) <#> '[2,1]' LIMIT 1;
SELECT id, at_row(ctid) = id AS here FROM tasks ORDER BY l2_normalize(v)::vector(2) <#> '[2,1]' LIMIT 1;
SELECT same_as_sort('tasks', 'l2_normalize(v)::vector(2) <#> ''[2,1]''');

DROP TABLE tasks;
DROP FUNCTION at_row;

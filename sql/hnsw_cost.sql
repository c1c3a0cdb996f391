-- what the planner makes of an index
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

CREATE TABLE planned (id int, v vector(64));
INSERT INTO planned SELECT i, vec(i, 64) FROM generate_series(1, 3000) i;
CREATE INDEX planned_v ON planned USING hnsw (v vector_l2_ops);
CREATE INDEX planned_id ON planned (id);
ANALYZE planned;
SELECT sound('planned_v');
CREATE FUNCTION uses(query text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN p ~ 'Index Scan using planned_v' THEN 'index' WHEN p ~ 'planned_id' THEN 'btree'
		WHEN p ~ 'Seq Scan' THEN 'table' ELSE p END FROM explained(query) p
$$;
SELECT vec(-1, 64) AS q \gset

-- ORDER BY and LIMIT
SELECT uses(format('SELECT id FROM planned ORDER BY v <-> %L LIMIT 10', :'q'));
SELECT uses(format('SELECT id FROM planned ORDER BY %L <-> v LIMIT 10', :'q'));
SELECT uses(format('SELECT id FROM planned ORDER BY v <-> %L LIMIT 100', :'q'));
SELECT uses('SELECT id FROM planned ORDER BY v <-> (SELECT v FROM planned WHERE id = 7) LIMIT 10');
SELECT uses(format('SELECT id, v <-> %1$L AS d FROM planned ORDER BY d LIMIT 10', :'q'));
SELECT uses(format('SELECT id FROM planned WHERE mod(id, 2) = 0 ORDER BY v <-> %L LIMIT 10', :'q'));

-- a few rows by another index, sorted
SELECT uses(format('SELECT id FROM planned WHERE id = 5 ORDER BY v <-> %L LIMIT 10', :'q'));
-- all rows, sorted
SELECT uses(format('SELECT id FROM planned ORDER BY v <-> %L', :'q'));

-- not without the right order, not even when everything else is disabled
SET enable_seqscan = off;
SET enable_sort = off;
SELECT uses('SELECT count(*) FROM planned');
SELECT uses('SELECT id FROM planned WHERE v IS NOT NULL');
SELECT uses(format('SELECT id FROM planned WHERE v <-> %L < 10', :'q'));
SELECT uses(format('SELECT id FROM planned WHERE v = %L', :'q'));
SELECT uses(format('SELECT id FROM planned ORDER BY v <=> %L LIMIT 10', :'q'));
SELECT uses(format('SELECT id FROM planned ORDER BY v <#> %L LIMIT 10', :'q'));
SELECT uses(format('SELECT id FROM planned ORDER BY v <-> %L DESC LIMIT 10', :'q'));
SELECT uses(format('SELECT id FROM planned ORDER BY -(v <-> %L) LIMIT 10', :'q'));
SELECT uses(format('SELECT id FROM planned ORDER BY l2_distance(v, %L) LIMIT 10', :'q'));
SELECT uses('SELECT id FROM planned ORDER BY v LIMIT 10');
-- but with it
SELECT uses(format('SELECT id FROM planned ORDER BY v <-> %L', :'q'));
RESET enable_sort;
RESET enable_seqscan;
SET enable_indexscan = off;
SELECT uses(format('SELECT id FROM planned ORDER BY v <-> %L LIMIT 10', :'q'));
RESET enable_indexscan;

-- rows that the budget would cut off are sorted
SET hnsw.max_scan_tuples = 50;
SET enable_seqscan = off;
SELECT uses(format('SELECT id FROM planned ORDER BY v <-> %L LIMIT 100', :'q'));
SELECT uses(format('SELECT id FROM planned ORDER BY v <-> %L LIMIT 10', :'q'));
SELECT uses(format('SELECT id FROM planned ORDER BY v <-> %L', :'q'));
SET hnsw.iterative_scan = off;
SELECT uses(format('SELECT id FROM planned ORDER BY v <-> %L', :'q'));
RESET hnsw.iterative_scan;
RESET hnsw.max_scan_tuples;
RESET enable_seqscan;

-- nothing known about the table yet
CREATE TABLE planned_new (id int, v vector(64));
CREATE INDEX planned_new_v ON planned_new USING hnsw (v vector_l2_ops);
SET enable_seqscan = off;
SELECT explained($$SELECT id FROM planned_new ORDER BY v <-> (SELECT v FROM planned LIMIT 1) LIMIT 10$$);
RESET enable_seqscan;

-- the plan shows the operator
SELECT explained($$SELECT id FROM planned p ORDER BY v <-> (SELECT v FROM planned WHERE id = 1) LIMIT 10$$);

-- a second key is not the index's business
SET enable_seqscan = off;
SELECT explained($$SELECT id FROM planned_new ORDER BY v <-> (SELECT v FROM planned WHERE id = 1), v <-> (SELECT v FROM planned WHERE id = 2) LIMIT 10$$) ~ 'Sort Key';
RESET enable_seqscan;

DROP FUNCTION uses;
DROP TABLE planned, planned_new;

-- INSERT into an index: as good as a build, taken back, in bulk
\set ECHO none
\i sql/include/index_helpers.sql
\set ECHO all

CREATE TABLE inserted (id int, v vector(6));
CREATE INDEX inserted_l2 ON inserted USING hnsw (v vector_l2_ops);
CREATE INDEX inserted_ip ON inserted USING hnsw (v vector_ip_ops);
CREATE INDEX inserted_cosine ON inserted USING hnsw (v vector_cosine_ops);
CREATE INDEX inserted_l1 ON inserted USING hnsw (v vector_l1_ops);
CREATE VIEW soundness AS SELECT i, sound(i)
	FROM unnest('{inserted_l2,inserted_ip,inserted_cosine,inserted_l1}'::regclass[]) i;

-- one by one
INSERT INTO inserted VALUES (1, '[1,2,3,4,5,6]');
SELECT * FROM soundness;
INSERT INTO inserted VALUES (2, '[1,2,3,4,5,7]');
INSERT INTO inserted VALUES (3, '[1,2,3,4,5,6]');
INSERT INTO inserted VALUES (4, NULL), (5, '[0,0,0,0,0,0]');
SELECT * FROM soundness;
SELECT op, same_as_sort('inserted', format('v %s ''[1,2,3,4,5,6]''', op)) FROM unnest('{<->,<#>,<=>,<+>}'::text[]) op;

-- many in a statement
INSERT INTO inserted SELECT i, vec(i, 6) FROM generate_series(6, 1000) i;
SELECT * FROM soundness;
SET hnsw.ef_search = 500;
SELECT op, same_as_sort('inserted', format('v %s ''[1,2,3,4,5,6]''', op)) FROM unnest('{<->,<#>,<=>,<+>}'::text[]) op;
RESET hnsw.ef_search;
SELECT op, avg(recall_of('inserted', format('v %s vec(%s, 6)', op, -q))) > 0.9 AS good
	FROM unnest('{<->,<=>,<+>}'::text[]) op, generate_series(1, 20) q GROUP BY op ORDER BY op;

-- each row finds itself
SELECT count(*) FROM inserted a, LATERAL (SELECT id FROM inserted b ORDER BY b.v <-> a.v LIMIT 2) n
	WHERE a.v IS NOT NULL AND n.id = a.id;

-- COPY, ON CONFLICT, RETURNING, a data-modifying CTE
COPY inserted FROM STDIN;
1001	[9,9,9,9,9,9]
1002	[9,9,9,9,9,8]
\.
ALTER TABLE inserted ADD PRIMARY KEY (id);
INSERT INTO inserted VALUES (1001, '[8,8,8,8,8,8]') ON CONFLICT (id) DO UPDATE SET v = excluded.v RETURNING id;
INSERT INTO inserted VALUES (1002, '[8,8,8,8,8,8]') ON CONFLICT DO NOTHING;
WITH moved AS (DELETE FROM inserted WHERE id > 1000 RETURNING *) INSERT INTO inserted SELECT id + 10, v FROM moved;
SELECT id FROM inserted ORDER BY v <-> '[9,9,9,9,9,9]' LIMIT 2;
SELECT * FROM soundness;

-- rows of the same statement and transaction, a savepoint, an error
BEGIN;
INSERT INTO inserted VALUES (2001, '[20,20,20,20,20,20]');
SAVEPOINT one;
INSERT INTO inserted VALUES (2002, '[20,20,20,20,20,21]');
SELECT id FROM inserted ORDER BY v <-> '[20,20,20,20,20,22]' LIMIT 2;
ROLLBACK TO one;
SELECT id FROM inserted ORDER BY v <-> '[20,20,20,20,20,22]' LIMIT 1;
INSERT INTO inserted VALUES (2003, '[1,2]');
ROLLBACK;
INSERT INTO inserted SELECT i, vec(i, 6) FROM generate_series(3001, 3100) i UNION ALL SELECT 1, NULL;
SELECT id > 3000 AS gone FROM inserted ORDER BY v <-> vec(3050, 6) LIMIT 1;
SELECT * FROM soundness;
VACUUM inserted;
SELECT * FROM soundness;
SELECT same_as_sort('inserted', 'v <=> ''[1,2,3,4,5,6]''', lim => 1);

-- TRUNCATE, also taken back
BEGIN;
TRUNCATE inserted;
INSERT INTO inserted VALUES (1, '[1,2,3,4,5,6]');
SELECT same_as_sort('inserted', 'v <-> ''[1,2,3,4,5,6]''');
ROLLBACK;
SELECT * FROM soundness;
TRUNCATE inserted;
SELECT * FROM soundness;
INSERT INTO inserted SELECT i, vec(i, 6) FROM generate_series(1, 50) i;
SELECT op, same_as_sort('inserted', format('v %s ''[1,2,3,4,5,6]''', op)) FROM unnest('{<->,<#>,<=>,<+>}'::text[]) op;

-- a table and index made, and filled, in one transaction
BEGIN;
CREATE TABLE inserted_new (id int, v vector(3));
CREATE INDEX inserted_new_v ON inserted_new USING hnsw (v vector_l2_ops);
INSERT INTO inserted_new SELECT i, vec(i, 3) FROM generate_series(1, 100) i;
SAVEPOINT one;
TRUNCATE inserted_new;
ROLLBACK TO one;
SELECT sound('inserted_new_v'), same_as_sort('inserted_new', 'v <-> ''[1,2,3]''');
COMMIT;
SELECT sound('inserted_new_v'), same_as_sort('inserted_new', 'v <-> ''[1,2,3]''');

DROP VIEW soundness;
DROP TABLE inserted, inserted_new;

\echo '-- a hundred random rows ask for their ten nearest: exactly, then through the index'
CREATE TEMP TABLE queries AS SELECT id, embedding FROM texts ORDER BY hashint4(id) LIMIT 100;
CREATE TEMP TABLE answers (plan text, query int, distance float8);
SET enable_indexscan = off;
\set ECHO none
SELECT clock_timestamp() AS start \gset
\set ECHO queries
INSERT INTO answers
SELECT 'exact', q.id, t.distance FROM queries q, LATERAL (
    SELECT embedding <=> q.embedding AS distance FROM texts ORDER BY embedding <=> q.embedding LIMIT 10) t;
\set ECHO none
SELECT round((extract(epoch FROM clock_timestamp() - :'start') * 10)::numeric, 2) AS exact_ms \gset
\set ECHO queries
RESET enable_indexscan;
\set ECHO none
SELECT clock_timestamp() AS start \gset
\set ECHO queries
INSERT INTO answers
SELECT 'index', q.id, t.distance FROM queries q, LATERAL (
    SELECT embedding <=> q.embedding AS distance FROM texts ORDER BY embedding <=> q.embedding LIMIT 10) t;
\set ECHO none
SELECT round((extract(epoch FROM clock_timestamp() - :'start') * 10)::numeric, 2) AS index_ms \gset
\set ECHO queries

\echo '-- found: no farther than the tenth of the exact answer, as many texts are twins; times: of one query'
SELECT round((count(*) FILTER (WHERE a.distance <= e.farthest + 1e-9) / 1000.0)::numeric, 3) AS "recall@10",
       :exact_ms AS exact_ms, :index_ms AS index_ms
FROM answers a
JOIN (SELECT query, max(distance) AS farthest FROM answers WHERE plan = 'exact' GROUP BY query) e USING (query)
WHERE a.plan = 'index';

\echo '-- like' :name', in section' :section', but not of its name: the scan goes on until there are enough'
SELECT t.name, left(t.description, 60) AS description,
       round((1 - (t.embedding <=> q.embedding))::numeric, 2) AS similarity
FROM (SELECT * FROM texts WHERE name = :'name' LIMIT 1) q, LATERAL (
    SELECT * FROM texts WHERE section = :'section' AND name NOT LIKE '%' || :'name' || '%'
    ORDER BY embedding <=> q.embedding LIMIT 8) t;

\echo '-- so does a LIMIT beyond hnsw.ef_search'
SHOW hnsw.ef_search;
SELECT count(*) FROM (
    SELECT id FROM texts
    ORDER BY embedding <=> (SELECT embedding FROM texts WHERE name = :'name' LIMIT 1) LIMIT 500) t;

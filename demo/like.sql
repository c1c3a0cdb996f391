\echo '-- what is like' :name'?'
SELECT t.name, left(t.description, 60) AS description,
       round((1 - (t.embedding <=> q.embedding))::numeric, 2) AS similarity
FROM (SELECT * FROM texts WHERE name = :'name' LIMIT 1) q, LATERAL (
    SELECT * FROM texts ORDER BY embedding <=> q.embedding LIMIT 8) t;

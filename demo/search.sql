\echo '-- the ten nearest, and how the server finds them'
EXPLAIN (ANALYZE, BUFFERS)
SELECT name, description FROM texts
ORDER BY embedding <=> (SELECT embedding FROM texts WHERE name = :'first' LIMIT 1) LIMIT 10;

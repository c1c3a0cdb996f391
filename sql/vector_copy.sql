-- type vector: COPY in text, CSV and binary format

CREATE TABLE copied (id int, v vector(3));
INSERT INTO copied VALUES (1, '[1,2,3]'), (2, NULL), (3, '[-0.1,3.4028235e38,1e-45]'), (4, '[0,-0,16777216]');
COPY copied TO STDOUT;
COPY copied TO STDOUT (FORMAT csv);

COPY copied FROM STDIN;
5	[4,5,6]
6	\N
7	 [ 1 , 2 , 3 ] 
\.
COPY copied FROM STDIN (FORMAT csv);
8,"[7,8,9]"
9,
\.
COPY copied FROM STDIN;
10	[1,2,3]
11	[1,2]
\.
COPY copied FROM STDIN;
12	[1,2,x]
\.
SELECT * FROM copied WHERE id > 4 ORDER BY id;

-- binary: out of one table and into another through a program
CREATE TABLE copied_binary (LIKE copied);
CREATE FUNCTION binary_round_trip() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	file text := format('/tmp/hnsw_vector_copy.%s', pg_backend_pid());
BEGIN
	EXECUTE format('COPY copied TO %L (FORMAT binary)', file);
	EXECUTE format('COPY copied_binary FROM %L (FORMAT binary)', file);
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', format('cat > /dev/null; rm -f %s', file));
END
$$;
SELECT binary_round_trip();
SELECT count(*), bool_and(a.v IS NOT DISTINCT FROM b.v AND a.v::text IS NOT DISTINCT FROM b.v::text) AS same
	FROM copied a FULL JOIN copied_binary b USING (id);

-- the wire format is fixed: int16 dimensions, int16 zero, float4 in network order
SELECT id, vector_send(v) FROM copied WHERE id < 5 ORDER BY id;

DROP FUNCTION binary_round_trip;
DROP TABLE copied, copied_binary;

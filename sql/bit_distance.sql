-- distances between bit strings

SELECT hamming_distance('111', '111'), hamming_distance('111', '110'), hamming_distance('111', '000'), hamming_distance(B'10110', B'01110'), hamming_distance('', '');
SELECT jaccard_distance('1111', '1111'), jaccard_distance('1111', '1110'), jaccard_distance('1111', '1100'), jaccard_distance('1111', '1000'), jaccard_distance('1111', '0000'),
	jaccard_distance('1100', '1000'), jaccard_distance('0000', '0000'), jaccard_distance('', '');
SELECT B'1010' <~> B'0110', B'1010' <%> B'0110', '1010'::bit(4) <~> '0110'::bit(4);
SELECT hamming_distance('111', '00');
SELECT jaccard_distance('111', '00');
SELECT B'' <~> B'1';
SELECT B'1' <~> NULL, jaccard_distance(NULL, B'1');
-- bit varying goes in by itself
SELECT B'101'::bit varying <~> B'111'::bit varying;

-- all lengths around the widths of registers agree with SQL's own arithmetic
CREATE FUNCTION random_bits(n int, share float8) RETURNS bit varying LANGUAGE sql VOLATILE AS
	'SELECT string_agg(CASE WHEN random() < share THEN ''1'' ELSE ''0'' END, '''')::bit varying FROM generate_series(1, n)';
CREATE FUNCTION ones(b bit varying) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT length(replace(b::text, ''0'', ''''))::float8';
WITH pairs AS MATERIALIZED (
	SELECT random_bits(n, 0.5) AS a, random_bits(n, share) AS b
	FROM unnest(ARRAY[1,2,7,8,9,31,32,33,63,64,65,100,127,128,129,255,256,257,511,512,513,1000,1023,1024,1025,4099]) n, unnest(ARRAY[0, 0.1, 0.5, 1]) share
)
SELECT count(*), bool_and(a <~> b = ones(a # b)) AS hamming,
	bool_and(a <%> b = CASE WHEN ones(a & b) = 0 THEN 1 ELSE 1 - ones(a & b) / ones(a | b) END) AS jaccard FROM pairs;
DROP FUNCTION random_bits, ones;
SELECT hamming_distance(repeat('10', 500000)::bit(1000000), repeat('01', 500000)::bit(1000000)), jaccard_distance(repeat('10', 500000)::bit(1000000), repeat('11', 500000)::bit(1000000));

-- with the signs of vectors
SELECT binary_quantize('[1,-1,1,0]'::vector) <~> binary_quantize('[1,1,-1,0]'::halfvec), binary_quantize('[1,-1,1]'::vector) <%> '101';
SELECT id FROM (VALUES (1, B'000'), (2, B'101'), (3, B'111')) t(id, b) ORDER BY b <~> '111', id;

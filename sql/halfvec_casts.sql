-- type halfvec: casts

SELECT ARRAY[1,2,3]::halfvec, ARRAY[1.5,2]::halfvec, '{1.5,2}'::real[]::halfvec, '{1.5,2}'::double precision[]::halfvec(2);
SELECT ARRAY[1,2,3]::halfvec(2);
SELECT '{65519,-65519,1e-8}'::real[]::halfvec, '{65519.99}'::numeric[]::halfvec;
SELECT '{65520}'::real[]::halfvec;
SELECT '{-65520}'::double precision[]::halfvec;
SELECT ARRAY[65520]::halfvec;
SELECT '{65520}'::numeric[]::halfvec;
SELECT '{1e300}'::double precision[]::halfvec;
SELECT '{NaN}'::real[]::halfvec;
SELECT '{}'::real[]::halfvec;
SELECT '{NULL}'::real[]::halfvec;
SELECT '{{1}}'::real[]::halfvec;
SELECT array_fill(1, ARRAY[16001])::halfvec;

-- vector: there by itself, back on assignment
SELECT '[1.23456,2]'::vector::halfvec, '[1,2]'::halfvec::vector, '[1,2]'::vector::halfvec(2), '[1,2]'::halfvec::vector(2);
SELECT '[1,2]'::vector::halfvec(3);
SELECT '[1,2]'::halfvec::vector(3);
SELECT '[65520]'::vector::halfvec;
SELECT '[3e38]'::vector::halfvec;
SELECT '[1,2]'::halfvec <-> '[1,4]'::vector, '[1,2]'::vector <=> '[2,4]'::halfvec;
SELECT pg_typeof('[1]'::vector + '[1]'::halfvec);

-- arrays, on assignment
SELECT '[0.1,-0]'::halfvec::real[], '[0.1,2]'::halfvec::double precision[];
CREATE TABLE assigned (h halfvec(2), v vector(2), r real[], d double precision[]);
INSERT INTO assigned VALUES (ARRAY[1,2], '[1,2]'::halfvec, '[1,2]'::halfvec, '[1,2]'::halfvec), ('[1,2]'::vector, ARRAY[1,2], NULL, NULL);
INSERT INTO assigned VALUES ('[1,2,3]'::vector);
SELECT * FROM assigned;
DROP TABLE assigned;
CREATE FUNCTION takes_reals(real[]) RETURNS text LANGUAGE sql AS 'SELECT $1::text';
SELECT takes_reals('[1]'::halfvec);
DROP FUNCTION takes_reals;
SELECT ARRAY[1,2,3] = ARRAY[1,2,3], ARRAY[1.5,2] < ARRAY[1.5,3];
SELECT '[1,2]'::halfvec = '[1,2]', '[1,2]'::halfvec = ARRAY[1,2]::halfvec;

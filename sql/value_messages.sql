-- what bad values are told, details included, and which of several errors comes first

-- where the text goes wrong
SELECT '1,2'::vector;
SELECT ''::halfvec;
SELECT ' (1)'::vector;
SELECT '[1]/1'::sparsevec;
SELECT '[1,2]x'::vector;
SELECT '[1] [2]'::halfvec;
SELECT '{1:1}/2 x'::sparsevec;
SELECT '{1:1}/2.5'::sparsevec;
SELECT '{1:1}'::sparsevec;
SELECT '{1:1},2'::sparsevec;
-- inside there is no detail
SELECT '[1,,2]'::vector;
SELECT '[1'::halfvec;
SELECT '{1:1,}/2'::sparsevec;
SELECT '{1}/2'::sparsevec;

-- a number is judged before what follows it
SELECT '[nanx]'::vector;
SELECT '[1,infinit]'::halfvec;
SELECT '[4e38x]'::vector;
SELECT '[70000 junk'::halfvec;
SELECT '{1:nan'::sparsevec;
SELECT '{1:4e38'::sparsevec;
-- too many, before what is wrong beyond the last one
SELECT ('[' || repeat('1,', 16000) || 'x')::vector;
SELECT ('[' || repeat('1,', 16000) || ']')::halfvec;
SELECT ('{' || repeat('1:0,', 16000) || '}')::sparsevec;
-- a coordinate that cannot be told from zero
SELECT '[1e-46]'::vector, '[1e-46]'::halfvec;
SELECT '{1:1e-46}/2'::sparsevec;
SELECT '{1:-1e-400}/2'::sparsevec;
SELECT '{1:1e-45}/2'::sparsevec, '{1:0e-400}/2'::sparsevec;

-- casts: the number of dimensions first, then the elements
SELECT '{NaN}'::real[]::vector(3);
SELECT '{NaN}'::real[]::halfvec(3);
SELECT '{NaN}'::real[]::sparsevec(3);
SELECT '{1e39}'::numeric[]::vector;
SELECT '{1e-60}'::numeric[]::halfvec;
SELECT '{1e39}'::numeric[]::sparsevec;
SELECT '{70000}'::numeric[]::halfvec;
SELECT '{NaN}'::numeric[]::vector;
SELECT '{0.1,16777217,-0.0}'::numeric[]::vector;

-- the first product out of range decides
SELECT '[3e38,1e-45]'::vector * '[3e38,1e-45]';
SELECT '[1e-45,3e38]'::vector * '[1e-45,3e38]';
SELECT '[60000,1e-7]'::halfvec * '[60000,1e-7]';

-- states of aggregates that nobody has made
SELECT vector_avg('{}');
SELECT vector_accum('{1,NULL}', '[1]');
SELECT halfvec_accum('{{1,2}}', '[1]');
SELECT halfvec_combine('{}', '{0}');
SELECT sparsevec_avg('{}');
SELECT vector_avg('{1}');
SELECT vector_avg(array_agg(i)) FROM generate_series(1, 16002) i;
SELECT halfvec_avg(array_agg(i)) FROM generate_series(1, 16002) i;
SELECT vector_accum('{1,2,3}', '[1]');

-- zeros that have a sign
SELECT '[0,0]'::vector <#> '[1,2]', '[0,1]'::halfvec <#> '[1,0]', '{}/2'::sparsevec <#> '{1:1}/2', inner_product('[0,0]'::vector, '[1,2]');
SELECT avg(v), sum(v) FROM (VALUES ('[-0]'::vector)) t(v);

-- a vector whose square is beyond a float has no cosine
SELECT '[3e38]'::vector <=> '[3e38]', '[1,0]'::vector <=> '[3e38,3e38]', '[1e19,1e19]'::vector <=> '[1,1]', '[2e19,0]'::vector <=> '[1,0]', '[1.8446743e19]'::vector <=> '[1]', '[1.8446745e19]'::vector <=> '[1]';
SELECT '{1:3e38}/1'::sparsevec <=> '{1:3e38}/1', '{1:1e19}/2'::sparsevec <=> '{1:1}/2', '[65504]'::halfvec <=> '[65504]', '[1e-45]'::vector <=> '[1e-40]';

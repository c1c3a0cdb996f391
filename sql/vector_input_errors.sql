-- type vector: bad text and bad wire messages

-- What the input function says, with its SQLSTATE.  From PostgreSQL 16 on the
-- errors must be soft, so there the answer comes without raising one.
CREATE FUNCTION input_error(input text, type text DEFAULT 'vector') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	IF current_setting('server_version_num')::int >= 160000 THEN
		EXECUTE 'SELECT sql_error_code || '': '' || message FROM pg_input_error_info($1, $2)'
			INTO result USING input, type;
		RETURN result;
	END IF;
	EXECUTE format('SELECT %L::%s', input, type);
	RETURN NULL;
EXCEPTION WHEN OTHERS THEN
	IF current_setting('server_version_num')::int >= 160000 THEN
		RETURN 'not soft: ' || sqlerrm;
	END IF;
	RETURN sqlstate || ': ' || sqlerrm;
END
$$;

SELECT quote_literal(i) AS input, input_error(i) AS error FROM unnest(ARRAY[
	'', ' ', '[', '[ ', ']', '[]', ' [ ] ', '[] x', '[,]', '[1', '[1,', '[1,]', '[,1]', '[1,,3]', '[1, ,3]',
	'1,2,3', '(1,2,3)', '{1,2,3}', '[1,2,3', '[1,2,3]9', '[1,2,3]]', '[[1,2,3]]', '[1 2]', '[1;2]',
	'[a]', '[1a]', '[a1]', '[1.2.3]', '[.]', '[-]', '[+]', '[e1]', '[1e]', '[1e+]', '[--1]', '[+-1]', '[- 1]', '[1e 5]',
	'[0x]', '["1"]', '[null]', '[1,NULL]', '[1_000]', E'[1\u00a0]', '[１]',
	'[NaN]', '[nan,1]', '[1,-NaN]', '[Infinity]', '[-Infinity]', '[inf]', '[1,-inf]', '[infinit]', '[nanx]',
	'[4e38]', '[4e38x]', '[1,-4e38,2]', '[1e39]', '[3.4028236e38]', '[1e400]', '[1e99999999999999999999]', '[-1e-99999999999999999999]',
	'[3.4028235677973367e38]', '[3.4028235677973366e38]'
]) AS i;

SELECT input_error('[1,2]', 'vector(3)'), input_error('[1,2,3]', 'vector(3)'), input_error('{"[1]","[1,2]"}', 'vector(1)[]');
SELECT input_error('[' || repeat('1,', 16000) || '1]'), input_error('[' || repeat('1,', 15999) || '1]');
-- too many and malformed: what comes first in the text
SELECT left(input_error('[' || repeat('1,', 16000) || ']'), 60), left(input_error('[' || repeat(',', 20000)), 50);

-- as a client sees it
SELECT '[1,2,3'::vector;
SELECT '[NaN]'::vector;
SELECT '[4e38,1]'::vector;

-- the input string stays as it was: constants of one statement share it
PREPARE p(text) AS SELECT $1::vector, $1;
EXECUTE p('[1,2, 3]');
DO $$
DECLARE
	i text := '[1 ,2]';
BEGIN
	RAISE NOTICE '% %', i::vector, i;
END
$$;

-- wire messages, read as the server reads a parameter: only through binary COPY
CREATE FUNCTION receive(message text, type text DEFAULT 'vector') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	body bytea := decode(replace(message, ' ', ''), 'hex');
	file bytea := '\x5047434f50590aff0d0a000000000000000000'::bytea || '\x0001'::bytea || int4send(length(body)) || body || '\xffff'::bytea;
	octal text;
	result text;
BEGIN
	SELECT string_agg(format('\0%s%s%s', b >> 6, (b >> 3) & 7, b & 7), '' ORDER BY i) INTO octal
		FROM (SELECT i, get_byte(file, i) AS b FROM generate_series(0, length(file) - 1) i) bytes;
	EXECUTE format('CREATE TEMP TABLE received (v %s)', type);
	EXECUTE format('COPY received FROM PROGRAM %L (FORMAT binary)', format('printf %%b ''%s''', octal));
	SELECT v::text INTO result FROM received;
	DROP TABLE received;
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ': ' || sqlerrm;
END
$$;

SELECT receive('0003 0000 3f800000 40000000 c0400000');
SELECT receive('0001 0000 80000000'), receive('0001 0000 00000001'), receive('0001 0000 7f7fffff');
SELECT message, receive(message) FROM unnest(ARRAY[
	'', '00', '0001', '0001 0000', '0001 0000 3f8000', '0002 0000 3f800000', '0001 0000 3f800000 3f800000',
	'0000 0000', 'ffff 0000', '8000 0000', '7fff 0000', '3e81 0000', '3e80 0000',
	'0001 0001 3f800000', '0001 ffff 3f800000',
	'0001 0000 7fc00000', '0001 0000 ffffffff', '0001 0000 7f800000', '0001 0000 ff800000'
]) AS message;
SELECT receive('0003 0000 3f800000 40000000 c0400000', 'vector(3)');
SELECT receive('0003 0000 3f800000 40000000 c0400000', 'vector(2)');
SELECT vector_send('[1,-2,0.5]'), vector_send('[-0]');

DROP FUNCTION input_error, receive;

// node-postgres with pgvector's types: text, and the binary format by hand.
import { once } from 'node:events';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { SparseVector } from 'pgvector';
import pgvector from 'pgvector/pg';
import { assert, distanceOf, end, ids, nearest, query, rows, singles, soundIndexes, test, usesIndex } from './data.mjs';

const client = new pg.Client();
const run = async (...args) => (await client.query(...args)).rows;

// the messages of recv and send: see the reference
const binary = {
	vector: (values) => {
		const bytes = Buffer.alloc(4 + 4 * values.length);
		bytes.writeInt16BE(values.length, 0);
		values.forEach((value, i) => bytes.writeFloatBE(value, 4 + 4 * i));
		return bytes;
	},
	vectorFrom: (bytes) => Array.from({ length: bytes.readInt16BE(0) }, (_, i) => bytes.readFloatBE(4 + 4 * i)),
	halfvecFrom: (bytes) => Array.from({ length: bytes.readInt16BE(0) }, (_, i) => {
		const half = bytes.readUInt16BE(4 + 2 * i);
		const [sign, exponent, fraction] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023];
		return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
	}),
	sparsevec: (dim, elements) => {
		const indices = Object.keys(elements).map(Number).sort((a, b) => a - b);
		const bytes = Buffer.alloc(12 + 8 * indices.length);
		[dim, indices.length, 0, ...indices.map((i) => i - 1)].forEach((value, i) => bytes.writeInt32BE(value, 4 * i));
		indices.forEach((index, i) => bytes.writeFloatBE(elements[index], 12 + 4 * (indices.length + i)));
		return bytes;
	},
	sparsevecFrom: (bytes) => {
		const nnz = bytes.readInt32BE(4);
		return [bytes.readInt32BE(0), Object.fromEntries(Array.from({ length: nnz }, (_, i) =>
			[bytes.readInt32BE(12 + 4 * i) + 1, bytes.readFloatBE(12 + 4 * (nnz + i))]))];
	},
};

await client.connect();
await client.query('CREATE EXTENSION IF NOT EXISTS vector');
await pgvector.registerTypes(client);
await client.query(`CREATE TABLE items (id int PRIMARY KEY, embedding vector(3), half halfvec(3), words sparsevec(1000), bits bit(3))`);

await test('insert, parameters as text', async () => {
	for (const { id, embedding } of rows) {
		await client.query('INSERT INTO items VALUES ($1, $2, $3, $4, $5)', [id, pgvector.toSql(embedding),
			pgvector.toSql(embedding.map((x) => Math.round(x * 64) / 64)),
			pgvector.toSql(new SparseVector({ 0: id, 999: 0.5 }, 1000)), (id % 8).toString(2).padStart(3, '0')]);
	}
	assert.equal((await run('SELECT count(*)::int AS n FROM items'))[0].n, rows.length);
});

await test('results as text, parsed by the types', async () => {
	const [row] = await run('SELECT * FROM items WHERE id = 7');
	assert.deepEqual(singles(row.embedding), rows[6].embedding);
	assert.deepEqual(row.half, rows[6].embedding.map((x) => Math.round(x * 64) / 64));
	assert.equal(row.words.dimensions, 1000);
	assert.deepEqual([row.words.indices, row.words.values], [[0, 999], [7, 0.5]]);
	assert.equal(row.bits, '111');
	assert.deepEqual(Object.keys((await run('SELECT NULL::vector AS v'))[0]), ['v']);
});

await test('CREATE INDEX on vector and halfvec', async () => {
	await client.query('CREATE INDEX items_l2 ON items USING hnsw (embedding vector_l2_ops) WITH (m = 16, ef_construction = 64)');
	await client.query('CREATE INDEX items_cosine ON items USING hnsw (embedding vector_cosine_ops)');
	await client.query('CREATE INDEX items_half ON items USING hnsw (half halfvec_l2_ops)');
	await soundIndexes(run, 'items_l2', 'items_cosine', 'items_half');
});

for (const [operator, index] of [['<->', 'items_l2'], ['<=>', 'items_cosine']]) {
	await test(`ORDER BY embedding ${operator} $1 LIMIT 5, with the index`, async () => {
		await usesIndex(run, `SELECT id FROM items ORDER BY embedding ${operator} '[0.25,0.5,0.75]' LIMIT 5`, index);
		const found = await run(`SELECT id, embedding ${operator} $1 AS distance FROM items ORDER BY embedding ${operator} $1 LIMIT 5`,
			[pgvector.toSql(query)]);
		assert.deepEqual(ids(found), nearest(operator));
		found.forEach((row) => assert.ok(Math.abs(row.distance - distanceOf(row.id, operator)) < 1e-6));
	});
}

await test('a prepared statement, many times', async () => {
	const statement = { name: 'near', text: 'SELECT id FROM items ORDER BY embedding <-> $1 LIMIT 1' };
	for (const { id, embedding } of rows.slice(0, 40)) {
		const [row] = await run({ ...statement, values: [pgvector.toSql(embedding)] });
		assert.equal(row.id, id);
	}
});

await test('parameters in binary format', async () => {
	const found = await run('SELECT id FROM items ORDER BY embedding <-> $1 LIMIT 5', [binary.vector(query)]);
	assert.deepEqual(ids(found), nearest('<->'));
	const [row] = await run('SELECT $1::sparsevec AS words', [binary.sparsevec(10, { 3: 1.5, 10: -2 })]);
	assert.deepEqual([row.words.indices, row.words.values], [[2, 9], [1.5, -2]]);
});

// COPY BINARY: header; of each row the number of columns, and of each column its
// length and bytes; -1. (The client makes text of all columns of a result.)
function* copied(bytes) {
	for (let at = 19; bytes.readInt16BE(at) !== -1;) {
		const row = [];
		let columns = bytes.readInt16BE(at);
		for (at += 2; columns > 0; columns--) {
			const length = bytes.readInt32BE(at);
			row.push(length < 0 ? null : bytes.subarray(at + 4, at + 4 + length));
			at += 4 + Math.max(length, 0);
		}
		yield row;
	}
}

await test('COPY BINARY out', async () => {
	const chunks = [];
	const stream = client.query(copyTo('COPY (SELECT embedding, half, words FROM items ORDER BY id) TO STDOUT (FORMAT binary)'));
	for await (const chunk of stream) chunks.push(chunk);
	const found = [...copied(Buffer.concat(chunks))];
	assert.equal(found.length, rows.length);
	found.forEach(([embedding, half, words], i) => {
		assert.deepEqual(binary.vectorFrom(embedding), rows[i].embedding);
		assert.deepEqual(binary.halfvecFrom(half).map((x) => Math.round(x * 64)), rows[i].embedding.map((x) => Math.round(x * 64) || 0));
		assert.deepEqual(binary.sparsevecFrom(words), [1000, { 1: i + 1, 1000: 0.5 }]);
	});
});

await test('COPY BINARY in', async () => {
	await client.query('CREATE TABLE copies (embedding vector(3), words sparsevec(1000))');
	const length = (bytes) => { const head = Buffer.alloc(4); head.writeInt32BE(bytes.length); return [head, bytes]; };
	const stream = client.query(copyFrom('COPY copies FROM STDIN (FORMAT binary)'));
	stream.write(Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1'));
	for (const { id, embedding } of rows) {
		stream.write(Buffer.concat([Buffer.from([0, 2]), ...length(binary.vector(embedding)), ...length(binary.sparsevec(1000, { 1: id, 1000: 0.5 }))]));
	}
	stream.end(Buffer.from([255, 255]));
	await once(stream, 'finish');
	assert.equal((await run('SELECT count(*)::int AS n FROM copies c JOIN items i USING (embedding, words)'))[0].n, rows.length);
});

await test('errors have the codes and messages that applications know', async () => {
	await assert.rejects(client.query('INSERT INTO items (id, embedding) VALUES (1000, $1)', ['[1,2]']),
		{ code: '22000', message: 'expected 3 dimensions, not 2' });
	await assert.rejects(client.query("SELECT '[1,'::vector"), { code: '22P02', message: 'invalid input syntax for type vector: "[1,"' });
	await assert.rejects(client.query('SELECT $1::vector', [Buffer.from([0, 3, 0, 0, 1])]), (error) => error.code.startsWith('22'));
	assert.equal((await run('SELECT 1 AS one'))[0].one, 1);
});

await test('SET LOCAL in a transaction', async () => {
	await client.query('BEGIN');
	await client.query('SET LOCAL hnsw.ef_search = 200');
	assert.deepEqual(ids(await run('SELECT id FROM items ORDER BY embedding <-> $1 LIMIT 150', [pgvector.toSql(query)])), nearest('<->', 150));
	await client.query('COMMIT');
	assert.equal((await run('SHOW hnsw.ef_search'))[0]['hnsw.ef_search'], '40');
});

await client.end();
end();

// knex with pgvector's column types and distances: migrations and queries.
import Knex from 'knex';
import 'pgvector/knex';
import { assert, distanceOf, end, ids, nearest, query, rows, soundIndexes, test, usesIndex } from './data.mjs';

const knex = Knex({ client: 'pg', connection: { host: process.env.PGHOST, user: process.env.PGUSER, database: process.env.PGDATABASE } });
const run = async (sql) => (await knex.raw(sql)).rows;

await test('a migration: extension, columns, indexes', async () => {
	await knex.schema.enableExtension('vector');
	await knex.schema.createTable('items', (table) => {
		table.increments('id');
		table.vector('embedding', { dimensions: 3 });
		table.halfvec('half', { dimensions: 3 });
		table.sparsevec('words', { dimensions: 1000 });
		table.bit('bits', { length: 3 });
		table.index(knex.raw('embedding vector_l2_ops'), 'items_l2', 'hnsw');
		table.index(knex.raw('half halfvec_cosine_ops'), 'items_half', 'hnsw');
	});
	assert.deepEqual((await run("SELECT indexdef FROM pg_indexes WHERE indexname = 'items_l2'"))[0].indexdef,
		'CREATE INDEX items_l2 ON public.items USING hnsw (embedding vector_l2_ops)');
});

await test('batch insert', async () => {
	await knex.batchInsert('items', rows.map(({ embedding }) => ({ embedding: JSON.stringify(embedding), half: JSON.stringify(embedding),
		words: '{1:1}/1000', bits: '101' })), 100);
	assert.equal(Number((await knex('items').count('id'))[0].count), rows.length);
	await soundIndexes(run, 'items_l2', 'items_half');
});

await test('ORDER BY l2Distance LIMIT 5, with the index', async () => {
	const found = () => knex('items').select('id').orderBy(knex.l2Distance('embedding', query)).limit(5);
	await usesIndex(run, found().toString(), 'items_l2');
	assert.deepEqual(ids(await found()), nearest('<->'));
});

await test('the other distances', async () => {
	for (const [operator, distance] of [['<#>', 'maxInnerProduct'], ['<=>', 'cosineDistance'], ['<+>', 'l1Distance']]) {
		assert.deepEqual(ids(await knex('items').select('id').orderBy(knex[distance]('embedding', query)).limit(5)), nearest(operator));
	}
	assert.equal((await knex('items').where({ id: 1 }).select({ d: knex.hammingDistance('bits', '011') }))[0].d, 2);
});

await test('a distance as a column and in WHERE', async () => {
	const near = await knex('items').select('id', knex.raw('embedding <-> ? AS distance', [JSON.stringify(query)]))
		.whereRaw('embedding <-> ? < 0.5', [JSON.stringify(query)]).orderBy('distance');
	assert.ok(near.length > 0);
	near.forEach((row) => assert.ok(Math.abs(row.distance - distanceOf(row.id, '<->')) < 1e-6));
});

await test('transaction, update, delete', async () => {
	await knex.transaction(async (trx) => {
		await trx('items').where({ id: 1 }).update({ embedding: JSON.stringify(query) });
		await trx('items').where({ id: 2 }).delete();
	});
	const [first] = await knex('items').select('id').orderBy(knex.l2Distance('embedding', query)).limit(1);
	assert.equal(first.id, 1);
	await soundIndexes(run, 'items_l2', 'items_half');
});

await test('dropped again', async () => {
	await knex.schema.dropTable('items');
	await knex.raw('DROP EXTENSION vector');
	assert.deepEqual(await run("SELECT 1 FROM pg_type WHERE typname = 'vector'"), []);
});

await knex.destroy();
end();

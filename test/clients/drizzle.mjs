// drizzle: a schema whose migration, made by drizzle-kit, has the index DDL.
import { createRequire } from 'node:module';
import { drizzle } from 'drizzle-orm/node-postgres';
import { cosineDistance, eq, hammingDistance, innerProduct, l1Distance, l2Distance, sql } from 'drizzle-orm';
import { bit, halfvec, index, integer, pgTable, sparsevec, vector } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { assert, end, ids, nearest, query, rows, singles, soundIndexes, test, usesIndex } from './data.mjs';

const { generateDrizzleJson, generateMigration } = createRequire(import.meta.url)('drizzle-kit/api');

const items = pgTable('items', {
	id: integer('id').primaryKey(),
	embedding: vector('embedding', { dimensions: 3 }),
	half: halfvec('half', { dimensions: 3 }),
	words: sparsevec('words', { dimensions: 1000 }),
	bits: bit('bits', { dimensions: 3 }),
}, (table) => [
	index('items_l2').using('hnsw', table.embedding.op('vector_l2_ops')),
	index('items_cosine').using('hnsw', table.embedding.op('vector_cosine_ops')).with({ m: 8, ef_construction: 48 }),
	index('items_half').using('hnsw', table.half.op('halfvec_l1_ops')),
]);

const pool = new pg.Pool({ max: 4 });
const db = drizzle(pool);
const run = async (text, values) => (await pool.query(text, values)).rows;

await test('the migration that drizzle-kit makes', async () => {
	await db.execute(sql`CREATE EXTENSION IF NOT EXISTS vector`);
	const statements = await generateMigration(generateDrizzleJson({}), generateDrizzleJson({ items }));
	assert.ok(statements.some((text) => /CREATE INDEX "items_cosine" ON "items" USING hnsw \("embedding" vector_cosine_ops\) WITH \(m=8,ef_construction=48\)/.test(text)),
		statements.join('\n'));
	for (const statement of statements) await db.execute(sql.raw(statement));
});

await test('insert and read back', async () => {
	await db.insert(items).values(rows.map(({ id, embedding }) => ({ id, embedding, half: [1, 2, 3], words: '{1:1,7:2}/1000', bits: '101' })));
	const [item] = await db.select().from(items).where(eq(items.id, 7));
	assert.deepEqual({ ...item, embedding: singles(item.embedding) }, { id: 7, embedding: rows[6].embedding, half: [1, 2, 3], words: '{1:1,7:2}/1000', bits: '101' });
	await soundIndexes(run, 'items_l2', 'items_cosine', 'items_half');
});

for (const [operator, distance, name] of [['<->', l2Distance, 'items_l2'], ['<=>', cosineDistance, 'items_cosine'],
	['<#>', innerProduct, null], ['<+>', l1Distance, null]]) {
	await test(`select in the order of ${distance.name}${name ? ', with the index' : ''}`, async () => {
		const found = db.select({ id: items.id }).from(items).orderBy(distance(items.embedding, query)).limit(5);
		assert.deepEqual(ids(await found), nearest(operator));
		const { sql: text, params } = found.toSQL();
		if (name) await usesIndex((explain) => run(explain, params), text, name);
	});
}

await test('bit distance, update, many clients at once', async () => {
	assert.equal((await db.select({ d: hammingDistance(items.bits, '011') }).from(items).limit(1))[0].d, 2);
	await Promise.all(rows.slice(0, 100).map(({ id, embedding }) => db.update(items).set({ embedding }).where(eq(items.id, id))));
	const found = await Promise.all(Array.from({ length: 20 }, () =>
		db.select({ id: items.id }).from(items).orderBy(l2Distance(items.embedding, query)).limit(5)));
	found.forEach((some) => assert.deepEqual(ids(some), nearest('<->')));
	await soundIndexes(run, 'items_l2', 'items_cosine', 'items_half');
});

await pool.end();
end();

// What the node clients share: rows, what the nearest of them are, and tests
// that print "ok NAME" or "not ok NAME: why".
import assert from 'node:assert/strict';

export { assert };

let failed = 0;

export async function test(name, body) {
	try {
		await body();
		console.log(`ok ${name}`);
	} catch (error) {
		failed++;
		console.log(`not ok ${name}: ${String(error.stack ?? error).replaceAll('\n', ' | ')}`);
	}
}

// the last call of a client's program; libraries may keep sockets open
export function end() {
	process.exit(failed ? 1 : 0);
}

// What comes back of numbers in single precision, as text or as bytes.
export function singles(values) {
	return values.map(Math.fround);
}

export const rows = Array.from({ length: 300 }, (_, i) => ({
	id: i + 1,
	embedding: singles([Math.sin(i), Math.cos(2 * i), (i % 7) / 8]),
}));

export const query = [0.25, 0.5, 0.75];

const metrics = {
	'<->': (a, b) => Math.hypot(...a.map((x, i) => x - b[i])),
	'<#>': (a, b) => -a.reduce((sum, x, i) => sum + x * b[i], 0),
	'<=>': (a, b) => 1 - a.reduce((sum, x, i) => sum + x * b[i], 0) / Math.hypot(...a) / Math.hypot(...b),
	'<+>': (a, b) => a.reduce((sum, x, i) => sum + Math.abs(x - b[i]), 0),
};

export function nearest(operator, limit = 5) {
	const distance = metrics[operator];

	return rows.map((row) => [distance(row.embedding, query), row.id])
		.sort((a, b) => a[0] - b[0]).slice(0, limit).map(([, id]) => id);
}

export function distanceOf(id, operator) {
	return metrics[operator](rows[id - 1].embedding, query);
}

export function ids(found) {
	return found.map((row) => Number(row.id));
}

// The plan of a query, given as what runs SQL and returns rows.
export async function usesIndex(run, sql, index) {
	const plan = (await run(`EXPLAIN ${sql}`)).map((row) => row['QUERY PLAN']).join('\n');

	assert.match(plan, new RegExp(`Index Scan using ${index} `));
}

export async function soundIndexes(run, ...names) {
	for (const name of names) {
		assert.deepEqual(await run(`SELECT * FROM hnsw_check('${name}')`), []);
	}
}

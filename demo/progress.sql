-- printed once a second while demo/index.sql runs
SELECT concat_ws(', ', phase,
    CASE WHEN tuples_total > 0
         THEN format('%s of %s tuples (%s %%)', tuples_done, tuples_total, 100 * tuples_done / tuples_total) END,
    CASE WHEN blocks_total > 0
         THEN format('%s of %s blocks (%s %%)', blocks_done, blocks_total, 100 * blocks_done / blocks_total) END)
FROM pg_stat_progress_create_index;

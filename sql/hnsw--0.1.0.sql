-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION hnsw" to load this file. \quit

-- ---------------------------------------------------------------------
-- the vector type
-- ---------------------------------------------------------------------

-- ---------------------------------------------------------------------
-- the access method
-- ---------------------------------------------------------------------

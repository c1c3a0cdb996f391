# hnsw: a vector type and an HNSW index access method for PostgreSQL
#
#   make && make install      build and install (PG_CONFIG=... picks a server)
#   make installcheck         regression and isolation tests, running server
#   make demo                 the main job on real input, on a private server
#   make check                every test there is, on private servers
#
# "demo" and "check" install what they need (as root) and work from a bare
# machine, so they must not depend on PGXS being there.

EXTENSION = hnsw
EXTVERSION = 0.1.0
MODULE_big = hnsw
DATA = sql/hnsw--$(EXTVERSION).sql
OBJS = $(sort $(patsubst %.c,%.o,$(wildcard src/*.c src/*/*.c)))

REGRESS = $(sort $(patsubst sql/%.sql,%,$(filter-out sql/hnsw--%,$(wildcard sql/*.sql))))
REGRESS_OPTS = --inputdir=. --load-extension=hnsw
ISOLATION = $(sort $(patsubst test/isolation/specs/%.spec,%,$(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=output_iso --load-extension=hnsw
TAP_TESTS = $(if $(wildcard test/t/*.pl),1)
PROVE_FLAGS += -I $(CURDIR)/test/perl

EXTRA_CLEAN = results output_iso tmp_check log regression.diffs regression.out test/unit/build bench/build

PG_CPPFLAGS = -I$(srcdir)/src -DHNSW_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Wshadow -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -fvisibility=hidden -fno-math-errno

.DEFAULT_GOAL := all

ifneq (,$(filter demo check unit lint bench soak check-only,$(MAKECMDGOALS)))

demo check unit lint bench soak:
	@bash $(CURDIR)/.ci/$@

.PHONY: demo check unit lint bench soak

else

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)

ifeq (,$(wildcard $(PGXS)))

all install installcheck clean:
	@major=$$($(PG_CONFIG) --version 2>/dev/null | sed -n 's/[^0-9]*\([0-9]*\).*/\1/p'); \
	echo "hnsw: the PostgreSQL server headers are missing (no pgxs.mk under '$(PGXS)')." >&2; \
	echo "Install postgresql-server-dev-$${major:-NN} (Debian, Ubuntu) or postgresql$${major:-NN}-devel (Red Hat)," >&2; \
	echo "or pass PG_CONFIG=/path/to/pg_config." >&2; exit 1

else

include $(PGXS)

src/distance/%.o: CFLAGS += -O3
# a header rebuilds everything: PGXS tracks no dependencies here
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h src/*/*.h) Makefile

endif
endif

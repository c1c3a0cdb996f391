# hnsw: a vector type and an HNSW index access method for PostgreSQL
#
#   make && make install      build and install (PG_CONFIG=... picks a server)
#   make install-vector-alias optional: "CREATE EXTENSION vector" makes it, too
#   make installcheck         regression and isolation tests, running server
#   make demo                 the main job on real input, on a private server
#   make check                every test there is, on private servers
#   make lint, make unit      parts of it: rules of the house; the core alone;
#   make check-clients        drivers and ORMs
#   make check-asan           the tests of a server, under sanitizers (not part of check)
#   make bench                figures (see bench/README.md)
#
# "demo" and "check" install what they need (as root) and work from a bare
# machine, so they must not depend on PGXS being there.

EXTENSION = hnsw
EXTVERSION = 0.1.0
MODULE_big = hnsw
DATA = $(sort $(wildcard sql/hnsw--*.sql))
OBJS = $(sort $(patsubst %.c,%.o,$(wildcard src/*.c src/*/*.c)))

REGRESS = $(sort $(patsubst sql/%.sql,%,$(filter-out sql/hnsw--%,$(wildcard sql/*.sql))))
REGRESS_OPTS = --inputdir=. --encoding=UTF8 --no-locale --load-extension=hnsw
ISOLATION = $(sort $(patsubst test/isolation/specs/%.spec,%,$(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --encoding=UTF8 --no-locale --outputdir=output_iso --load-extension=hnsw
# TAP tests start servers of their own: "make installcheck TAP_TESTS=1"
PROVE_TESTS = test/t/*.pl
PROVE_FLAGS = -I $(CURDIR)/test/perl

EXTRA_CLEAN = results output_iso tmp_check log regression.diffs regression.out test/unit/build test/fuzz/build bench/build

PG_CPPFLAGS = -I$(srcdir)/src -DHNSW_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Wshadow -Wno-unused-parameter -Wno-sign-compare \
	-Wno-missing-field-initializers -fvisibility=hidden -fno-math-errno

.DEFAULT_GOAL := all

CI_JOBS = demo check check-asan check-clients unit lint soak
ifneq (,$(filter $(CI_JOBS) bench,$(MAKECMDGOALS)))

$(CI_JOBS):
	@bash $(CURDIR)/.ci/$@

bench:
	@bash $(CURDIR)/bench/run

.PHONY: $(CI_JOBS) bench

else

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)

ifeq (,$(wildcard $(PGXS)))

all install installcheck clean install-vector-alias uninstall-vector-alias:
	@major=$$($(PG_CONFIG) --version 2>/dev/null | sed -n 's/[^0-9]*\([0-9]*\).*/\1/p'); \
	echo "hnsw: the PostgreSQL server headers are missing (no pgxs.mk under '$(PGXS)')." >&2; \
	echo "Install postgresql-server-dev-$${major:-NN} (Debian, Ubuntu) or postgresql$${major:-NN}-devel (Red Hat)," >&2; \
	echo "or pass PG_CONFIG=/path/to/pg_config." >&2; exit 1

else

include $(PGXS)

src/base/%.o src/distance/%.o src/code/%.o src/graph/%.o: CFLAGS += -O3
# "CREATE EXTENSION vector" for applications that know the extension by that name
install-vector-alias:
	@sh $(srcdir)/alias/vector.sh install '$(DESTDIR)$(datadir)/extension' $(addprefix $(srcdir)/,$(DATA))

uninstall-vector-alias:
	@sh $(srcdir)/alias/vector.sh uninstall '$(DESTDIR)$(datadir)/extension'

.PHONY: install-vector-alias uninstall-vector-alias

# a header rebuilds everything: PGXS tracks no dependencies here
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h src/*/*.h) Makefile

endif
endif

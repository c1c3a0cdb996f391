# shellcheck shell=bash disable=SC2034,SC2154
# bench/phases.sh: what bench/compare measures. Sourced after bench/lib.sh.
#
# A phase of a data set writes one file, bench/out/parts/PHASE-SET.csv, which
# appears when it is complete: that is how BENCH_RESUME knows what is there.
# The search phase writes the columns of vecbench's searches, the others a figure
# a line: phase,dataset,n,dim,metric,label,round,step,measure,value.
#
#   BENCH_EF=40             ef_search outside of the search phase
#   BENCH_WITH="a=1 b=2"    search: ours with these index options each, besides
#   BENCH_SECONDS=10        each run of the clients phase
#   BENCH_CLIENTS="1 2 4 8"
#   BENCH_WORKERS="0 N"     parallel workers of builds (N: processors less one)
#   BENCH_MEM_PERCENT="100 25 10"   maintenance_work_mem, of the index's size
#   BENCH_MEM_WORKERS       workers of those builds (the last of BENCH_WORKERS)
#   BENCH_MEM_ROUNDS=1      rounds of them
#   BENCH_HOLD=10           percent of the rows that the insert phase inserts
#   BENCH_UPDATE=500        rows that each step of the update phase updates
#   BENCH_TURNS=10          rounds of the vacuum phase that replace a fifth of the rows
#   BENCH_DROP=auto         how the cold phase empties the cache: caches, files
#   BENCH_COLD_QUERIES=50   queries with the cache dropped before each
#   BENCH_SCALE_ROWS="10000 30000 100000 200000 300000 1000000"
#   BENCH_SCALE_QUERIES=200, BENCH_SCALE_MEM=4GB (maintenance_work_mem)

all_phases='search clients cold build insert update vacuum scale'
long_header=phase,dataset,n,dim,metric,label,round,step,measure,value
rounds=${BENCH_ROUNDS:-3}
ef=${BENCH_EF:-40}
more_workers=$(($(nproc) > 1 ? $(nproc) - 1 : 1))
build_workers=${BENCH_WORKERS:-0 $more_workers}
mem_workers=${BENCH_MEM_WORKERS:-${build_workers##* }}

# choose_phases "NAME ...": sets $phases, in the order in which they are cheapest
choose_phases() {
	local name

	for name in $1; do
		[[ " $all_phases " == *" $name "* ]] || die "BENCH_PHASES: no phase $name (there are $all_phases)"
	done
	phases=''
	for name in $all_phases; do
		[[ " $1 " != *" $name "* ]] || phases="$phases${phases:+ }$name"
	done
}

# build_programs: those that the chosen phases run
build_programs() {
	bench_program vecbench
	vecbench=$work/bench/vecbench
	case " $phases " in *" search "* | *" build "*) bench_libraries ;; esac
	case " $phases " in
		*" scale "*)
			bench_program core
			core=$work/bench/core
			;;
	esac
}

# ---------------------------------------------------------------------------
# turns
# ---------------------------------------------------------------------------

# begin_set FOLDER OPTION... ("" = generator): nothing is loaded yet
begin_set() {
	set_option=$(data_option "$1")
	set_name=${1:+$(basename "$1")}
	[ -n "$set_name" ] || set_name=generated-${BENCH_GENERATE:-50000,128}
	set_name=${set_name//,/-}
	prepared='' loaded='' indexed='' inserted=''
	shift
	set_rows=$("$vecbench" "$set_option" "$@" --print-rows)
}

end_set() {
	[ -z "$prepared" ] || { drop_database hnsw; drop_database pgvector; }
}

# turn LABEL OPTION...: one turn of one side, its lines go to the part
turn() {
	local label=$1 extension=$1

	shift
	[ "$label" != pgvector ] || extension=vector
	"$vecbench" --db="$server dbname=$label" --extension="$extension" --label="$label" \
		"$set_option" --no-header "$@" >>"$part"
}

# both ROUND OPTION...: a turn of each side; who begins changes with the round
both() {
	local round=$1 order='hnsw pgvector' label

	shift
	[ $((round % 2)) = 1 ] || order='pgvector hnsw'
	for label in $order; do turn "$label" --round="$round" "$@"; done
}

prepare_databases() {
	[ -z "$prepared" ] || return 0
	make_database hnsw
	make_database pgvector
	prepared=1
}

# the table, and the index, that most phases share
have_table() {
	prepare_databases
	[ -n "$loaded" ] || both 1 --no-build --no-query "$@"
	loaded=1
}

have_index() {
	have_table "$@"
	[ -n "$indexed" ] || both 1 --no-load --no-query "$@"
	indexed=1
}

# run_phase PHASE OPTION...: unless its part is there already
run_phase() {
	local phase=$1 final

	shift
	final=$out/parts/$phase-$set_name.csv
	if [ -e "$final" ]; then
		say "$phase of $set_name: there already"
		return
	fi
	say "$phase of $set_name"
	part=$work/part.csv
	: >"$part"
	"phase_$phase" "$@"
	mv "$part" "$final"
}

# ---------------------------------------------------------------------------
# phases: each gets the options of the command line
# ---------------------------------------------------------------------------

# recall against speed, one connection; the libraries in memory beside it
phase_search() {
	local round with again=()

	prepare_databases
	for ((round = 1; round <= rounds; round++)); do
		both "$round" --passes=1 "${again[@]}" "$@"
		loaded=1 indexed=1 again=(--no-load --no-build)
	done
	for with in ${BENCH_WITH:-}; do
		turn hnsw "$@" --label="hnsw-$with" --no-load --with="$with" --passes="$rounds"
		indexed=''
	done
	peers "20,40,60,80,100,120,200" "$rounds" 1
}

# peers EFS PASSES THREADS: lines of the libraries that are installed
peers() {
	local peer

	for peer in "${libraries[@]}"; do
		"$peer" "$set_option" 16 64 "$1" 10 "$2" "$3" "$set_rows" >>"$part"
	done
}

# queries a second with several connections, and what they wait for
phase_clients() {
	local round clients

	have_index "$@"
	for ((round = 1; round <= rounds; round++)); do
		for clients in ${BENCH_CLIENTS:-1 2 4 8}; do
			both "$round" "$@" --what=clients --phase=clients --step="$clients clients" --no-load \
				--clients="$clients" --seconds="${BENCH_SECONDS:-10}" --ef="$ef"
		done
	done
}

# index_kb LABEL: size of the shared index, or of what the last build made
index_kb() {
	psql_server "$1" -c "SELECT pg_relation_size('vecbench_idx') / 1024"
}

# shared_buffers at a tenth of the index, the system's cache dropped
phase_cold() {
	local round label drop=(--drop="${BENCH_DROP:-auto}" --data-directory="$host_dir/data")

	have_index "$@"
	for ((round = 1; round <= rounds; round++)); do
		for label in hnsw pgvector; do
			restart_server "$(($(index_kb "$label") / 10 + 128))kB"
			turn "$label" "$@" --what=cold --phase=cold --step="dropped once" --round="$round" \
				--no-load --ef="$ef" "${drop[@]}"
			restart_server "$(($(index_kb "$label") / 10 + 128))kB"
			turn "$label" "$@" --what=cold --phase=cold --step="dropped each time" --round="$round" \
				--no-load --ef="$ef" "${drop[@]}" --drop-each --queries="${BENCH_COLD_QUERIES:-50}"
		done
	done
	restart_server
}

# build_step STEP ROUND LABEL OPTION...
build_step() {
	local step=$1 round=$2 label=$3

	shift 3
	turn "$label" "$@" --what=build --phase=build --step="$step" --round="$round" --no-load --ef="$ef"
}

# time, WAL, memory and recall of builds: in memory, then with less of it
phase_build() {
	local round label workers percent kb step

	have_table "$@"
	for ((round = 1; round <= rounds; round++)); do
		for workers in $build_workers; do
			for label in hnsw pgvector; do
				build_step "$workers workers" "$round" "$label" "$@" --workers="$workers"
			done
		done
	done
	build_of_peers
	restart_server 128MB
	for ((round = 1; round <= ${BENCH_MEM_ROUNDS:-1}; round++)); do
		for percent in ${BENCH_MEM_PERCENT:-100 25 10}; do
			for label in hnsw pgvector; do
				kb=$(part_value "$label" "$mem_workers workers" index_bytes)
				kb=$((kb * percent / 100 / 1024))
				# the server's own minimum
				[ "$kb" -ge 1024 ] || kb=1024
				step="$mem_workers workers 128MB buffers $percent % memory"
				build_step "$step" "$round" "$label" "$@" \
					--workers="$mem_workers" --mem="${kb}kB"
			done
		done
	done
	restart_server
	indexed=''
}

# part_value LABEL STEP MEASURE: the last one in the part that is being written
part_value() {
	awk -F, -v l="$1" -v s="$2" -v m="$3" '$6 == l && $8 == s && $9 == m {v = $10} END {printf "%.0f", v}' "$part"
}

# the libraries' builds, with as many threads as ours has processes
build_of_peers() {
	local lines=$part workers

	part=$work/peers.csv
	for workers in $build_workers; do
		: >"$part"
		peers "$ef" 0 "$((workers + 1))"
		awk -F, -v OFS=, -v step="$workers workers" -v ef="$ef" '{
			sub(/-c[0-9]+$/, "", $1)
			head = "build," $2 "," $3 "," $4 "," $5 "," $1 ",1," step
			print head, "build_s", $25
			print head, "index_bytes", $26
			print head, "recall_ef" ef, $12
		}' "$part" >>"$lines"
	done
	part=$lines
}

# The table of inserts and updates: without the last rows, with a key.
have_rows() {
	prepare_databases
	[ -z "$inserted" ] || return 0
	local slices=$((rounds * 4))
	slice=$((set_rows * ${BENCH_HOLD:-10} / 100 / slices / 100 * 100))
	[ "$slice" -ge 100 ] || slice=100
	start_rows=$((set_rows - slices * slice))
	[ "$start_rows" -ge 100 ] || die "too few rows for $slices times $slice inserts"
	own=(--table=vecrows --load-rows="$start_rows" --key --ef="$ef" --mem=2GB)
	both 1 "$@" "${own[@]}" --no-query
	inserted=1
}

# rows a second, WAL bytes a row: alone and by hundreds, one client and four
phase_insert() {
	local round label clients batch next step

	have_rows "$@"
	# or the side that was built first would log the images of its pages alone
	psql_server hnsw -c CHECKPOINT
	next=$start_rows
	for ((round = 1; round <= rounds; round++)); do
		for clients in 1 4; do
			for batch in 1 100; do
				step="$clients clients $batch a statement"
				both "$round" "$@" "${own[@]}" --what=insert --phase=insert --step="$step" --no-load \
					--first="$next" --count="$slice" --batch="$batch" --clients="$clients"
				next=$((next + slice))
			done
		done
	done
	# all rows are there now, so the data set's answers hold
	recall_step insert "after all inserts" "$@"
}

# recall_step PHASE STEP OPTION...: of the table of inserts, as a figure
recall_step() {
	local phase=$1 step=$2 lines=$part

	shift 2
	part=$work/recall.csv
	: >"$part"
	both 1 "$@" "${own[@]}" --no-load --no-build --passes=0
	awk -F, -v OFS=, -v phase="$phase" -v step="$step" \
		'{print phase, $2, $3, $4, $5, $1, 1, step, "recall_ef" $11, $12}' "$part" >>"$lines"
	part=$lines
}

# another column, with the index and in a copy of the table without it
phase_update() {
	local round label batch next=0 count=$((${BENCH_UPDATE:-500} / 100 * 100))

	have_rows "$@"
	for label in hnsw pgvector; do
		psql_server "$label" -c "DROP TABLE IF EXISTS vecbare" -c "CREATE TABLE vecbare AS TABLE vecrows" \
			-c "ALTER TABLE vecbare ADD PRIMARY KEY (id)" -c "VACUUM ANALYZE vecbare"
	done
	psql_server hnsw -c CHECKPOINT
	for ((round = 1; round <= rounds; round++)); do
		for batch in 1 100; do
			both "$round" "$@" "${own[@]}" --what=update --phase=update --step="$batch a statement" \
				--table=vecbare --no-load --first="$next" --count="$count" --batch="$batch"
			both "$round" "$@" "${own[@]}" --what=update --phase=update --step="$batch a statement with the index" \
				--no-load --first="$next" --count="$count" --batch="$batch"
			next=$((next + count))
		done
	done
}

# timed LABEL STATEMENT...: $took, in seconds; each statement for itself
timed() {
	local label=$1 start end statement options=()

	shift
	for statement; do options+=(-c "$statement"); done
	start=$(date +%s%N)
	psql_server "$label" "${options[@]}"
	end=$(date +%s%N)
	took=$(((end - start) / 1000000))
	took=$((took / 1000)).$(printf %03d $((took % 1000)))
}

# turn_figure LABEL STEP MEASURE VALUE
turn_figure() {
	printf 'vacuum,%s,%s,1,%s,%s,%s\n' "$set_head" "$1" "$2" "$3" "$4" >>"$part"
}

# state_of_index LABEL STEP OPTION...: recall, size, and for ours what hnsw_check says
state_of_index() {
	local label=$1 step=$2 lines=$part recall

	shift 2
	part=$work/turn.csv
	: >"$part"
	turn "$label" "$@" --table=vecturn --ef="$ef" --no-load --no-build --passes=0
	recall=$(cut -d, -f12 "$part")
	set_head=$(cut -d, -f2-5 "$part")
	part=$lines
	turn_figure "$label" "$step" "recall_ef$ef" "$recall"
	turn_figure "$label" "$step" index_mb "$(psql_server "$label" \
		-c "SELECT round(pg_relation_size('vecturn_idx') / 1048576.0, 1)")"
	[ "$label" != hnsw ] || turn_figure "$label" "$step" problems "$(psql_server "$label" \
		-c "SELECT count(*) FROM hnsw_check('vecturn_idx')")"
}

# Three tenths deleted: VACUUM beside REINDEX; then ours with a fifth of the rows
# replaced again and again, by rows with the same ids and vectors, so that the data
# set's answers hold.
phase_vacuum() {
	local label round

	prepare_databases
	for label in hnsw pgvector; do
		turn "$label" "$@" --table=vecturn --no-query
		psql_server "$label" -c "ALTER TABLE vecturn SET (autovacuum_enabled = off)" -c "DROP TABLE IF EXISTS vecspare" \
			-c "CREATE TABLE vecspare AS TABLE vecturn"
		state_of_index "$label" built "$@"
		psql_server "$label" -c "DELETE FROM vecturn WHERE id % 10 < 3" -c CHECKPOINT
		timed "$label" "SET maintenance_work_mem = '1GB'" "VACUUM vecturn"
		turn_figure "$label" "30 % deleted" vacuum_s "$took"
		timed "$label" "SET maintenance_work_mem = '1GB'" "SET max_parallel_maintenance_workers = 0" "REINDEX INDEX vecturn_idx"
		turn_figure "$label" "30 % deleted" reindex_s "$took"
	done
	psql_server hnsw -c "INSERT INTO vecturn SELECT * FROM vecspare WHERE id % 10 < 3" -c "REINDEX INDEX vecturn_idx" -c CHECKPOINT
	state_of_index hnsw "0 rounds of 20 %" "$@"
	for ((round = 1; round <= ${BENCH_TURNS:-10}; round++)); do
		psql_server hnsw -c "DELETE FROM vecturn WHERE id % 5 = $round % 5"
		timed hnsw "VACUUM vecturn"
		turn_figure hnsw "$round rounds of 20 %" vacuum_s "$took"
		timed hnsw "INSERT INTO vecturn SELECT * FROM vecspare WHERE id % 5 = $round % 5"
		turn_figure hnsw "$round rounds of 20 %" insert_s "$took"
		state_of_index hnsw "$round rounds of 20 %" "$@"
	done
	for label in hnsw pgvector; do psql_server "$label" -c "DROP TABLE vecturn, vecspare"; done
}

# cost of a query, and of a build, against the number of rows; the planner takes a
# small table's rows one by one, which is not what is asked here
phase_scale() {
	local rows lines=$part

	prepare_databases
	for rows in ${BENCH_SCALE_ROWS:-10000 30000 100000 200000 300000 1000000}; do
		[ "$rows" -le "$set_rows" ] || continue
		part=$work/scale.csv
		: >"$part"
		both 1 "$@" --set=enable_seqscan=off --table=vecscale --rows="$rows" --queries="${BENCH_SCALE_QUERIES:-200}" \
			--ef="$ef" --workers="$mem_workers" --mem="${BENCH_SCALE_MEM:-4GB}"
		# the columns of a search, a figure a line
		awk -F, -v OFS=, '{
			split("recall qps mean_us p50_us p99_us node_blocks index_blocks heap_blocks toast_blocks heap_rows", name, " ")
			head = "scale," $2 "," $3 "," $4 "," $5 "," $1 ",1," $3 " rows"
			for (i = 1; i in name; i++)
				print head, name[i], $(11 + i)
			print head, "build_s", $25
			print head, "bytes_per_vector", $27
		}' "$part" >>"$lines"
		visits_of_core "$rows" "$(head -n 1 "$part" | cut -d, -f2-5)" >>"$lines"
		part=$lines
	done
}

# visits_of_core ROWS "DATASET,N,DIM,METRIC": records visited, which no counter
# of a server tells; the same graph without one
visits_of_core() {
	"$core" "$set_option" 16 0 0 64 "$1" | awk -v OFS=, -v head="scale,$2,core,1,$1 rows" -v ef="$ef" '
		$1 == "ef" && $2 == ef {
			print head, "recall", $4
			print head, "visits_base", $6
			print head, "visits", $8
			print head, "heap_rows", $10
			print head, "mean_us", $12
		}'
}

# ---------------------------------------------------------------------------
# tables
# ---------------------------------------------------------------------------

# tell_phase PHASE: one CSV of all sets, its tables and plots
tell_phase() {
	local phase=$1 csv=$out/$1.csv

	case $phase in
		search) "$vecbench" --print-header ;;
		*) printf '%s\n' "$long_header" ;;
	esac >"$csv"
	cat "$out/parts/$phase"-*.csv >>"$csv"
	say "$phase"
	if [ "$phase" = search ]; then
		awk -f "$top/bench/summary.awk" -v merged="$out/compare.csv" -v ours=hnsw -v peer=pgvector "$csv"
		bash "$top/bench/plot" "$out/compare.csv" "$out"
	else
		awk -f "$top/bench/figures.awk" -v ours=hnsw -v peer=pgvector "$csv"
		bash "$top/bench/plot_lines" "$phase" "$csv" "$out"
	fi
}
